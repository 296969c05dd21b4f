/* SPDX-License-Identifier: MIT */
/* reader - the records of one file (or archive), as events; for source/files alone.
 *
 * A block of input is turned into events at once: runs of good lines and single bad ones, each with the position
 * behind it. The bytes of an event live until the next source_reader_fill.
 */
#ifndef SM_SOURCE_READER_H
#define SM_SOURCE_READER_H

#include "source/bytes.h"
#include "source/files.h"
#include "source/map.h"

struct source_reader_pos {
	uint64_t records;         /* values taken from the file, good and bad */
	uint64_t offset;          /* files of lines: bytes of the stream */
	uint64_t line;            /* the same: lines */
	uint64_t sub;             /* items taken from the next value, a page */
};

struct source_reader_event {
	bool bad;
	bool held;                /* the bytes are at out.p + at (they may move while more are added) */
	size_t at, n;
	const char *p;
	uint64_t records;
	struct source_reader_pos pos;    /* behind it */
	struct err *why;          /* bad */
};

struct source_reader;
struct source_reader *source_reader_new(const struct source_files_opts *o, struct source_map *map, const struct scan_path *path);
void source_reader_free(struct source_reader *r);
/* B is taken, and freed whatever happens. FROM: what was read of it before, NULL: nothing; LINES: it is a file of lines, so that FROM has an
 * offset. */
int source_reader_open(struct source_reader *r, struct bytes *b, const struct source_reader_pos *from, bool lines, struct err *e);
/* Read on: 1: there may be events; 0: the file is over; negative: it cannot be read. */
int source_reader_fill(struct source_reader *r, struct err *e);
struct source_reader_event *source_reader_next(struct source_reader *r);     /* NULL: none left; fill again */
bool source_reader_lines(const struct source_reader *r);              /* it is a file of lines: offsets count */
struct source_reader_pos source_reader_end(const struct source_reader *r);   /* behind all that was read */
struct bytes *source_reader_bytes(const struct source_reader *r);
/* Of files of lines: the at most BYTES_HEAD bytes before OFFSET, which is that of the event that came last, or the end. */
size_t source_reader_tail(const struct source_reader *r, uint64_t offset, unsigned char to[BYTES_HEAD]);
/* Behind the file's end: the number of its last line, which has no end yet and was left unread; 0: there is none. */
uint64_t source_reader_unfinished(const struct source_reader *r);

/* The user's `records` is a program that found nothing in any page so far, and one held something: where. ERR_REJECTED: that was a list which is
 * not empty. */
const struct err *source_reader_barren(const struct source_reader *r);

/* May a mark stand behind POS: is what was read confirmed by its checksums? */
bool source_reader_sure(const struct source_reader *r, const struct source_reader_pos *pos);
bool source_reader_any(const struct source_reader *r);   /* has a file, or a member of an archive, been opened? */
/* Read on, without records, until that is known: 0 or the error. Nothing can be read afterwards. */
int source_reader_settle(struct source_reader *r, struct err *e);

#endif
