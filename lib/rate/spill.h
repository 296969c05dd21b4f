/* SPDX-License-Identifier: MIT */
/* spill - a queue on disk for what does not fit into memory (docs/rate.md describes the folder).
 *
 *	DIR/SPILL          {"v":1,"stream":…}: whose records these are, null for a stream without a checkpoint
 *	DIR/lock           held by the running process
 *	DIR/offset         {"v":1,"segment":N,"offset":M}: everything before has been written to the output
 *	DIR/N.seg          segments, N in 20 digits, appended to, never changed
 *
 * A segment: "SMSPILL1", N (8 bytes), then frames: length of the body (4), CRC-32 of length and body (4), body. A body:
 * kind (1: 0 a record, 1 a mark), event time (8), route (8), length of the key (4), key, line. All little-endian.
 *
 * What an item says it is done with (spill_done) moves the offset on. When a segment is behind the offset, the offset is
 * made durable first and the segment removed then; on a full disk the other way round. So a process that is killed anywhere
 * leaves every record that is in a segment and was not written to the output; of those that were written in the last second
 * some come again. A torn tail is cut off when the folder is opened; damage elsewhere costs the rest of that segment and is
 * counted. Neither keeps a program from starting.
 *
 * What was appended is in the file after spill_flush (a killed process loses it no more), and survives a power cut a
 * second later.
 *
 * Ownership: spill_close frees all; items are the caller's. Threads: one owner (rate/queue.h locks).
 * Errors: ERR_IO; ERR_CONFLICT another process uses the folder, or it holds records of another stream; ERR_UNSUPPORTED
 * a newer format.
 */
#ifndef SM_RATE_SPILL_H
#define SM_RATE_SPILL_H

#include "base/err.h"
#include "rate/item.h"
#include "store/store.h"

struct spill_opts {
	uint64_t max;            /* bytes on disk; 0: no bound */
	uint64_t segment;        /* bytes of a segment; 0: a sensible size for MAX */
	store_fault_fn *fault;   /* tests only, as store_set_fault */
	void *fault_arg;
};

struct spill_stats {
	uint64_t appended, read; /* items of this run */
	uint64_t held;           /* bytes in the segments */
	uint64_t segments;
	uint64_t torn;           /* bytes cut off a tail when the folder was opened */
	uint64_t damaged;        /* bytes passed over in the middle */
	bool used;               /* there is a spill at all */
	bool disk_full;
};

struct spill;
struct spill_chunk;
int spill_open(struct spill **s, const char *dir, const struct spill_opts *o, struct err *e);
/* Are there records of an earlier run? *STREAM is theirs, NULL: one without a checkpoint. */
bool spill_leftover(const struct spill *s, const char **stream);
/* Before the first append or read: STREAM is that of the marks, NULL when they have none or there are none. Left-over
 * records of the same stream (of any generation) are removed, since they come again from its source; those of a stream
 * without a checkpoint stay in front, to be read; any other pair is ERR_CONFLICT. *REMOVED (may be NULL): some were. */
int spill_begin(struct spill *s, const char *stream, bool *removed, struct err *e);
/* 0: appended, or SPILL_FULL: there is no room, and nothing was done. */
enum { SPILL_FULL = 1 };
int spill_append(struct spill *s, const struct item *it, struct err *e);
int spill_flush(struct spill *s, struct err *e);
/* Append items, some MAX bytes of them, at least one, to TO, each with its chunk; none are left when none are. Marks of
 * an earlier run are left out. What is taken before it was in a file (MAX bytes at most) is lost with the process. */
int spill_read(struct spill *s, struct item_list *to, uint64_t max, struct err *e);
bool spill_empty(const struct spill *s);                 /* everything appended was read */
void spill_done(struct spill *s, struct spill_chunk *c); /* one item of C is written; C NULL is fine */
bool spill_settles(const struct spill *s);               /* would spill_settle do something? */
/* Move the durable offset on, remove what is behind it. */
int spill_settle(struct spill *s, struct err *e);
void spill_stats(const struct spill *s, struct spill_stats *st);
/* Everything was read and done: the folder is left without segments. Otherwise the offset is made durable. NULL is fine. */
int spill_close(struct spill *s, struct err *e);

/* The reader of frames, for tests: the number of bytes of the frame at P[0..N), 0 when it is not whole or not right. */
struct spill_frame {
	bool mark;
	int64_t event_us;
	uint64_t route;
	const char *key, *line;
	size_t nkey, n;
};
size_t spill_parse_frame(const char *p, size_t n, struct spill_frame *f);
void spill_put_frame(struct buf *b, const struct spill_frame *f);
#define SPILL_HEADER 16
/* Where the whole frames of a segment end, 0 when its header is not that of segment NUMBER. */
size_t spill_check_segment(const char *p, size_t n, uint64_t number);

#endif
