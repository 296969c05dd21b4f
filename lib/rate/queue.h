/* SPDX-License-Identifier: MIT */
/* queue - between a thread that reads and one that writes: bounded lanes (rate/lanes.h), and what happens when they are
 * full.
 *
 *	reader   queue_put, queue_close
 *	writer   queue_take, queue_wait, queue_done, queue_settle; queue_fail when it cannot go on
 *
 * When a record does not fit:
 *	QUEUE_BLOCK   the reader waits
 *	QUEUE_NEW     a record that came last is dropped, QUEUE_OLD one that came first: with keys one of the key that has most waiting
 *	QUEUE_SAMPLE  from the moment the queue is half full until it is down to a quarter, each record is kept with the probability P (by a hash of
 *	              its bytes, so that the same record is always kept or always dropped); one that finds it full is dropped
 *	QUEUE_SPILL   it goes to disk, and all that come behind it, until the disk has been read again; the reader waits when the disk is full
 * A mark is never dropped and never passes anything. When marks alone hold a MiB, the reader waits.
 *
 * Ownership: the queue owns items from put to take; after that the writer does, until queue_done, which frees them.
 * Threads: one reader, one writer, as above; queue_stats from anywhere. Cost: a lock a call, lists of items a call.
 */
#ifndef SM_RATE_QUEUE_H
#define SM_RATE_QUEUE_H

#include "rate/drops.h"
#include "rate/lanes.h"
#include "rate/spill.h"

enum queue_full { QUEUE_BLOCK, QUEUE_NEW, QUEUE_OLD, QUEUE_SAMPLE, QUEUE_SPILL };

struct queue_opts {
	struct lanes_opts lanes;
	uint64_t max_records, max_bytes;   /* 0: not bounded by it; one of them is set */
	enum queue_full full;
	double sample;                     /* P */
	struct spill *spill;               /* of QUEUE_SPILL; borrowed */
	struct drops *drops;               /* borrowed */
};

struct queue_stats {
	struct lanes_size size;
	uint64_t most_records, most_bytes; /* that were waiting at once in memory */
	struct spill_stats spill;
	bool spilling;
};

enum queue_result { QUEUE_END = 0, QUEUE_OK = 1, QUEUE_NONE = 2 };

struct queue;
struct queue *queue_new(const struct queue_opts *o);
void queue_free(struct queue *q);                          /* NULL is fine */

/* Take the items over, in order; waits when it must. Fails with the writer's error when the writer has failed. */
int queue_put(struct queue *q, struct item_list *items, struct err *e);
int queue_flush(struct queue *q, struct err *e);           /* what was spilled so far is in its files */
void queue_close(struct queue *q);                         /* nothing more comes */
int queue_failed(struct queue *q, struct err *e);          /* 0, or the writer's error */

/* Up to MAX items that may pass at NOW, onto TO. QUEUE_NONE: *DUE is when one may, INT64_MAX: when something comes. */
int queue_take(struct queue *q, size_t max, struct item_list *to, int64_t now, int64_t *due, struct err *e);
void queue_wait(struct queue *q, int64_t until);           /* until something came, or until then */
void queue_done(struct queue *q, struct item_list *items); /* they have been written */
bool queue_settles(struct queue *q);
int queue_settle(struct queue *q, struct err *e);
void queue_fail(struct queue *q, const struct err *e);

void queue_stats(struct queue *q, struct queue_stats *st);

#endif
