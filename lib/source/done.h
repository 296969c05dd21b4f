/* SPDX-License-Identifier: MIT */
/* done - which files a stream has read, and how far (docs/files.md).
 *
 * A mark's cursor says how many lines of the file `files` in the checkpoint folder count, and how far the file being read
 * is. A line is what was read of a file, appended and made durable before the mark that counts it:
 *	{"file":"a.ndjson","size":120,"mtime":1794182400000000,"inode":7,"id":3,"head":"16 hex digits","n":120,"at":120,"crc":3735928559,"lines":3}
 * So a mark stays small however many files there are. Lines are never taken back: a run that goes on from an earlier
 * mark appends {"back":N}, and from there on the list is what it was at line N, and what follows.
 * A log of more than 8 MiB is written anew by a run that starts at its end, if that halves it: {"base":N,"kept":K}, then K lines that are
 * left of the first N. Of what a file was once 16 states stay, and older ones at growing distances.
 *
 * A file is what it holds: `head` is the XXH3 of the first `n` bytes of its stream (source/bytes), at most 1,024; `crc` the
 * CRC-32 of the at most 1,024 bytes before `at`, which is how much of the stream was read. Lines of one file share the
 * `id`; the last of them says how far it is. Lines from before there were heads have none: their `size` is what was read of
 * a file of lines, and `crc` stands before it, of the file as it is on disk (`old`).
 *
 * `cuts` are those of the line ends in the first KiB, written when the head has become another: a file that is truncated in place is known
 * by them.
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
	uint64_t size, inode;     /* of the file on disk when it was opened */
	int64_t mtime_us;
	bool old;                 /* written by an earlier version: see above */
	bool part;                /* there was more than what was read */
	uint64_t id;              /* the number of its first line; 0: it has none yet */
	uint64_t head, nhead;     /* the fingerprint of the beginning */
	uint64_t at;              /* bytes of the stream that were read */
	uint32_t crc;
	int64_t lines;            /* read so far; -1: not a file of lines */
	uint64_t place;           /* of lines: where to go on; before `at` inside of a page */
	uint64_t records;         /* of others: values to pass over */
	uint64_t sub;             /* items to pass over of the next value, a page */
	const char *cuts;         /* of lines: DONE_CUT hex digits for the beginning up to each line end in the first BYTES_HEAD bytes; NULL: not known */
};

#define DONE_CUT 6
/* Append the cuts of the N bytes at P. */
void done_cuts(struct buf *to, const void *p, size_t n);
/* That of the N bytes at P, at most BYTES_HEAD, and a line end. */
void done_last_cut(struct buf *to, const void *p, size_t n);

struct done;
/* FOLDER NULL: nothing is kept. The list as of line COUNT is taken over. */
int done_open(struct done **d, const char *folder, uint64_t count, struct err *e);
void done_free(struct done *d);
uint64_t done_count(const struct done *d);   /* lines that a mark made now counts, after done_sync */
void done_add(struct done *d, const struct done_file *f);
int done_sync(struct done *d, struct err *e);

const struct done_file *done_find(const struct done *d, const char *file);  /* the newest entry of that name; NULL: none */
/* The newest entries of their ids whose head is the beginning of the N bytes at P, and those that are old: one after the
 * other, NULL at the end. SUPERSEDED: those that are not the newest instead. AT begins as { 0 }. Entries move with
 * done_add. */
struct done_at {
	bool superseded;
	size_t old, length;
	uint32_t next;
};
const struct done_file *done_same(const struct done *d, const void *p, size_t n, struct done_at *at);

/* Newest entries of their ids whose first cut is that of CUTS: the one after F, NULL: the first. NULL at the end. */
const struct done_file *done_first(const struct done *d, const char *cuts, const struct done_file *f);

uint64_t done_head(const void *p, size_t n);
uint32_t done_crc(const void *p, size_t n);

void done_put(struct buf *b, const struct done_file *f);          /* the members but for cuts, without braces */
int done_get(struct done_file *f, struct arena *a, const struct json *v, struct err *e);

#endif
