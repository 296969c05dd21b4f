/* SPDX-License-Identifier: MIT */
/* done - which files a stream has read, and how far (docs/sources.md, "Going on").
 *
 * A mark's cursor says how many lines of the file `files` in the checkpoint folder count, and how far the file being read is.
 * A line is a file that is done, appended and made durable before the mark that counts it:
 *	{"file":"a.ndjson","size":120,"mtime":1794182400000000,"crc":3735928559,"lines":3}
 * So a mark stays small however many files there are. Lines are never taken back: a run that goes on from an earlier
 * mark appends {"back":N}, and from there on the list is what it was at line N, and what follows.
 *
 * `crc` is the CRC-32 of the last 1,024 bytes before `size`. A file of lines that has grown since is read on from there;
 * any other change is an error (ERR_CONFLICT).
 *
 * Ownership: entries live as long as the list. Threads: one owner.
 */
#ifndef SM_SOURCE_DONE_H
#define SM_SOURCE_DONE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "json/doc.h"

#include <stdbool.h>
#include <stdint.h>

struct done_file {
	const char *file;
	uint64_t size;            /* bytes that were read */
	int64_t mtime_us;
	uint32_t crc;
	int64_t lines;            /* read so far; -1: not a plain file of lines */
};

struct done;
/* FOLDER NULL: nothing is kept. The list as of line COUNT is taken over. */
int done_open(struct done **d, const char *folder, uint64_t count, struct err *e);
void done_free(struct done *d);
uint64_t done_count(const struct done *d);   /* lines that a mark made now counts, after done_sync */
const struct done_file *done_find(const struct done *d, const char *file);  /* the newest entry; NULL: none */
void done_add(struct done *d, const struct done_file *f);
int done_sync(struct done *d, struct err *e);

/* Fill in size (when AT is UINT64_MAX; else it is AT), mtime and crc of FILE as it is now. */
int done_look(struct done_file *f, const char *file, uint64_t at, struct err *e);
/* Is FILE still what F says? 0: yes, and nothing was added; 1: it has grown; ERR_CONFLICT: it is another. */
int done_check(const struct done_file *f, struct err *e);

void done_put(struct buf *b, const struct done_file *f);          /* the members, without braces */
int done_get(struct done_file *f, struct arena *a, const struct json *v, struct err *e);

#endif
