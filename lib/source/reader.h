/* SPDX-License-Identifier: MIT */
/* reader - the records of one file (or archive), as events; for source/files alone.
 *
 * A block of input is turned into events at once: runs of good lines and single bad ones, each with the position
 * behind it. The bytes of an event live until the next reader_fill.
 */
#ifndef SM_SOURCE_READER_H
#define SM_SOURCE_READER_H

#include "source/bytes.h"
#include "source/files.h"
#include "source/map.h"

struct reader_pos {
	uint64_t records;         /* values taken from the file, good and bad */
	uint64_t offset;          /* plain files of lines: bytes */
	uint64_t line;            /* the same: lines */
	uint64_t sub;             /* items taken from the next value, a page */
};

struct reader_event {
	bool bad;
	bool held;                /* the bytes are at out.p + at (they may move while more are added) */
	size_t at, n;
	const char *p;
	uint64_t records;
	struct reader_pos pos;    /* behind it */
	struct err *why;          /* bad */
};

struct reader;
struct reader *reader_new(const struct files_opts *o, struct source_map *map, const struct scan_path *path);
void reader_free(struct reader *r);
/* FROM: what was read of it before, NULL: nothing; LINES: it is a plain file of lines, so that FROM has an offset. */
int reader_open(struct reader *r, const char *path, const struct reader_pos *from, bool lines, struct err *e);
/* Read on: 1: there may be events; 0: the file is over; negative: it cannot be read. */
int reader_fill(struct reader *r, struct err *e);
struct reader_event *reader_next(struct reader *r);     /* NULL: none left; fill again */
bool reader_lines(const struct reader *r);              /* it is a plain file of lines: offsets count */
struct reader_pos reader_end(const struct reader *r);   /* behind all that was read */

#endif
