/* SPDX-License-Identifier: MIT */
/* bytes - the bytes of a file, decompressed, member by member when it is an archive.
 *
 *	struct bytes *b;
 *	bytes_open(&b, path, NULL, &e);
 *	while ((r = bytes_next(b, &m, &e)) > 0)
 *		while ((n = bytes_read(b, to, sizeof to, &e)) > 0)
 *			...
 *
 * What a file is, its first bytes tell, not its name: gzip, zstd, xz, bzip2 and lz4 are unpacked; tar (packed or not), zip
 * and 7z give their members in the order in which they are stored; a member that is itself gzip, zstd, xz, bzip2 or lz4 is
 * unpacked as well (many archives of posts are tars of such files). All else is read as it is. Folders, links and hidden
 * members (a name that begins with a dot, __MACOSX) are left out.
 *
 * Ownership: a member's name lives until the next bytes_next. Threads: one owner.
 * Failure: ERR_IO, ERR_DATA for damaged archives; the error names the file, or file:member.
 */
#ifndef SM_SOURCE_BYTES_H
#define SM_SOURCE_BYTES_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define BYTES_IDLE_MS 200

struct bytes_opts {
	/* Called before a read of a pipe or terminal that would wait (flush your output), and again
	 * every BYTES_IDLE_MS while nothing comes. A negative code ends the read with that error. */
	int (*before_wait)(void *arg, struct err *e);
	void *arg;
	const char *include;      /* members that match this pattern alone (fnmatch on the last part); NULL: all */
};

struct bytes_member {
	const char *name;         /* in the archive; NULL: the file is none */
	const char *shown;        /* file, or file:member, for messages */
	int64_t mtime_us;         /* when it was last changed: the member, else the file; 0: not known */
	bool plain;               /* bytes_seek works */
};

struct bytes;
int bytes_open(struct bytes **b, const char *path, const struct bytes_opts *o, struct err *e); /* "-": standard input */
void bytes_free(struct bytes *b);                       /* NULL is fine */
int bytes_next(struct bytes *b, struct bytes_member *m, struct err *e);  /* 1, 0 at the end, or negative */
ssize_t bytes_read(struct bytes *b, void *to, size_t n, struct err *e);  /* 0 at the end of the member, or negative */
int bytes_seek(struct bytes *b, uint64_t offset, struct err *e);         /* before the first bytes_read of a plain file */
/* Do the first N bytes of a stream say that it is packed (gzip, zstd, xz, bzip2, lz4)? */
bool bytes_packed(const void *p, size_t n);

#endif
