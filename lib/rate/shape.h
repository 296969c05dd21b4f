/* SPDX-License-Identifier: MIT */
/* shape - a stream of records, shaped: from an input, by way of the limits and perhaps a queue, to its outputs.
 *
 *	shape_open(&s, "smrate", &opts, on_error, &e);
 *	...                                              // s.meter is there: statistics may start
 *	got = shape_run(&s, files, n, &e);
 *	...                                              // what is to be closed, and said of it, is the caller's:
 *	outs_drain(s.outs), outs_close(s.outs), spill_close(s.spill), drops_close(s.drops), late_close(&s.late),
 *	reject_close(s.rejects), output_flush(&s.out)
 *	shape_release(&s);
 *
 * Without a queue all is done by the calling thread (shape/direct.h). With one the calling thread reads, and a pump
 * (rate/pump.h) writes; the queue begins with the first record or mark, since a spill must know of which stream it is.
 * Before a mark passes, what it vouches for and what does not pass is durable: rejects, late records, what was dropped
 * for being late, the watermark. What the queue drops, the pump sees to.
 *
 * Ownership: OPTS and its texts are borrowed and must outlive the shape, which must not move. Threads: one owner; its
 * meter is read from anywhere. Errors: ERR_DATA a bad record where rejects stop, records before a stream's first mark;
 * those of the parts.
 */
#ifndef SM_RATE_SHAPE_H
#define SM_RATE_SHAPE_H

#include "rate/pump.h"
#include "stream/pull.h"
#include "rate/direct.h"
#include "rate/settings.h"

enum shape_field { SHAPE_TIME, SHAPE_KEY, SHAPE_ROUTE, SHAPE_FIELDS };

struct shape {
	const struct shape_opts *o;
	void (*note)(const char *text);  /* something that people may want to know, no error; NULL: nobody does */

	struct pull *pull;
	int field[SHAPE_FIELDS];     /* where it is among the fields picked; -1: not asked for */
	bool hinted;                 /* what a misspelt --time was meant to be has been said */
	bool waited;                 /* for the block at hand */
	bool any_record, marked;     /* so far */
	struct buf text, key;

	struct gate gate;
	struct share *share;
	struct late late;
	const char *tool, *on_error;
	struct metrics *metrics;         /* set by the caller before shape_run; NULL */
	struct drops *drops;
	struct meter meter;
	struct output out;           /* standard output */
	struct direct direct;

	/* Where records go through a queue. */
	struct queue_opts queue_opts;
	struct weights *weights;
	struct spill *spill;
	struct queue *queue;         /* NULL: it has not begun */
	struct outs *outs;           /* NULL: standard output */
	struct pump pump;
	struct item_list items;      /* of the block at hand */
	uint64_t nitems;             /* bytes of them */
};

/* Opens all files but the outputs, and makes no thread. TOOL stands in the lines of rejects and drops; ON_ERROR as in
 * stream/reject.h. After a failure what is open is still to be closed. */
int shape_open(struct shape *s, const char *tool, const struct shape_opts *o, const char *on_error, struct err *e);
/* Opens the outputs, reads FILES (N 0: standard input) to their end; returns when all is passed on, or it cannot be. */
int shape_run(struct shape *s, const char *const *files, size_t n, struct err *e);
void shape_release(struct shape *s);

#endif
