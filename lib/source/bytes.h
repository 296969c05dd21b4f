/* SPDX-License-Identifier: MIT */
/* bytes - the bytes of a file, decompressed, member by member when it is an archive.
 *
 *	struct bytes *b;
 *	bytes_open(&b, path, NULL, &e);
 *	while ((r = bytes_next(b, &m, &e)) > 0)
 *		while ((n = bytes_read(b, to, sizeof to, &e)) > 0)
 *			...
 *
 * What a file is, its first bytes tell, not its name: gzip, zstd, xz, bzip2 and lz4 are unpacked (io/unpack); tar (packed
 * or not), zip and 7z give their members in the order in which they are stored; a member that is itself packed is unpacked
 * as well (many archives of posts are tars of such files). All else is read as it is. Folders, links and hidden members (a
 * name that begins with a dot, __MACOSX) are left out. What archives are, and where they end: source/members.h.
 *
 * "The stream" is the file once it is unpacked, in front of what an archive makes of it: its bytes are the same before and
 * after somebody compresses the file. Offsets are offsets in it.
 *
 * Checksums: those of packed files, of zip and 7z are looked at; a wrong one is ERR_DATA. What they cover is given out
 * before: bytes_sure says whether it has been confirmed.
 *
 * Ownership: a member's name lives until the next bytes_next. Threads: one owner.
 * Failure: ERR_IO, ERR_NOT_FOUND when there is no such file, ERR_DATA for damaged files; the error names the file, or
 * file:member.
 */
#ifndef SM_SOURCE_BYTES_H
#define SM_SOURCE_BYTES_H

#include "base/err.h"
#include "metrics/metrics.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define BYTES_IDLE_MS 200
#define BYTES_HEAD 1024          /* what is looked at to tell what a file is, and which */

struct bytes_opts {
	/* Called before a read of a pipe or terminal that would wait (flush your output), and again
	 * every BYTES_IDLE_MS while nothing comes. A negative code ends the read with that error. */
	int (*before_wait)(void *arg, struct err *e);
	void *arg;
	struct metrics *metrics;  /* bytes_read counts there, and who waits; may be NULL */
	const char *include;      /* members that match this pattern alone (fnmatch on the last part); NULL: all */
};

struct bytes_member {
	const char *name;         /* in the archive; NULL: the file is not an archive */
	const char *shown;        /* file, or file:member, for messages */
	int64_t mtime_us;         /* when it was last changed: the member, else the file; 0: not known */
};

/* The open file, as its descriptor told when it was opened. */
struct bytes_file {
	bool regular;             /* and not standard input */
	bool packed, archive;
	uint64_t size, inode;
	int64_t mtime_us;
	const unsigned char *head;        /* the first bytes of the stream; of a 7z without where its directory is */
	const unsigned char *old_head;    /* of a 7z: with it, as earlier versions had it; else NULL */
	size_t nhead;                     /* fewer than BYTES_HEAD: there are no more (regular files) */
};

struct bytes;
int bytes_open(struct bytes **b, const char *path, const struct bytes_opts *o, struct err *e); /* "-": standard input */
void bytes_free(struct bytes *b);                       /* NULL is fine */
int bytes_next(struct bytes *b, struct bytes_member *m, struct err *e);  /* 1, 0 at the end, or negative */
ssize_t bytes_read(struct bytes *b, void *to, size_t n, struct err *e);  /* 0 at the end of the member, or negative */

struct bytes_file bytes_file(const struct bytes *b);
const char *bytes_path(const struct bytes *b);
/* The stream itself, as if the file were no archive. Not to be mixed with bytes_next; go back before. */
ssize_t bytes_stream(struct bytes *b, void *to, size_t n, struct err *e);
/* Regular files: to the stream's beginning. */
int bytes_rewind(struct bytes *b, struct err *e);
/* Pass over the stream up to OFFSET, which lies ahead: ERR_DATA when it ends before. What is plain is not read. */
int bytes_skip(struct bytes *b, uint64_t offset, struct err *e);
/* Is there more of the stream, of an archive more members? 1, 0, or negative. */
int bytes_more(struct bytes *b, struct err *e);
/* Bytes of the stream that were given on; once members of an archive were read, members_at. */
uint64_t bytes_at(const struct bytes *b);
/* The last of them, at most BYTES_HEAD. */
const unsigned char *bytes_tail(struct bytes *b, size_t *n);
const char *bytes_doubt(const struct bytes *b);         /* at the end: why this may not be all of the file; NULL */
/* N bytes of the file as it is on disk: 1, 0 when they are not there, or negative. */
int bytes_peek(struct bytes *b, uint64_t offset, void *to, size_t n, struct err *e);
/* Was the file truncated and rewritten since it was opened? What was read of it may be a mixture then: ERR_IO. */
int bytes_check(struct bytes *b, struct err *e);
/* Is what was given out confirmed, as far as there is something to confirm it? Of packed files that are no archives up to the
 * stream's offset AT, of archives the members so far. */
bool bytes_sure(const struct bytes *b, uint64_t at);
/* Read what is needed to know that, without giving it out: 0 or the error. */
int bytes_settle(struct bytes *b, struct err *e);

#endif
