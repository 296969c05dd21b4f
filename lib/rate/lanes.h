/* SPDX-License-Identifier: MIT */
/* lanes - records waiting by key: whose turn is it.
 *
 * Each key has a lane, first in first out. Of the lanes that may send now, the next is
 *	without `fair`  the one whose first record came first;
 *	with `fair`     found by deficit round robin: a lane that has its turn gets a quantum for its weight and sends while that lasts.
 * A limit for each key (GCRA, see rate/gcra.h) keeps a lane back until its next record conforms; up to SHAPER_LATE_NS
 * in which it was not served for other reasons are made up for, so in any time W at most rate x (W + SHAPER_LATE_NS) +
 * burst records of a key pass.
 *
 * Marks cut time into epochs: a mark is handed out when no record that came before it is left, and no record that came
 * behind it is handed out sooner. Fair shares are therefore those of the records between two marks.
 *
 * Bounded: there are at most max_keys lanes. A key that waits for nothing, and whose limit is as if it were new, is
 * forgotten when its place is needed, the one idle for longest first. Where none is, further keys share one more lane
 * and one limit: none of them gets more than its own limit, and none is held up for ever.
 *
 * Source: M. Shreedhar, G. Varghese, "Efficient Fair Queuing Using Deficit Round-Robin", SIGCOMM 1995; dropping from
 * the longest queue: B. Suter and others, "Buffer Management Schemes for Supporting TCP in Gigabit Routers", IEEE JSAC
 * 17(6), 1999.
 *
 * Ownership: lanes own the items in them. Threads: one owner. Cost: O(log keys) a record, O(1) with `fair` and no
 * limit.
 */
#ifndef SM_RATE_LANES_H
#define SM_RATE_LANES_H

#include "rate/gcra.h"
#include "rate/item.h"
#include "rate/keys.h"
#include "rate/weights.h"

struct lanes_opts {
	bool keyed;                      /* otherwise there is one lane */
	bool fair;
	bool by_bytes;                   /* shares are counted in bytes, not in records */
	bool limited;                    /* each key by COUNT records in PER_NS, TAU the tolerance */
	double count;
	int64_t per_ns, tau;
	size_t max_keys;
	const struct weights *weights;   /* borrowed; NULL: all alike */
};

struct lanes;
struct lanes *lanes_new(const struct lanes_opts *o);
void lanes_free(struct lanes *l);
/* A record or a mark; the lanes own it from now on. Sets its seq, epoch and arrival. */
void lanes_put(struct lanes *l, struct item *it, int64_t now);
/* The next item, the caller's from now on. NULL: none may pass at NOW; *DUE is when one may, INT64_MAX when there is none. */
struct item *lanes_take(struct lanes *l, int64_t now, int64_t *due);
/* Take a record out to be dropped, from the lane that has most waiting for its weight: its oldest, or its newest. NULL: there is none. */
struct item *lanes_drop(struct lanes *l, bool oldest, int64_t now);

struct lanes_size {
	uint64_t records, bytes, marks, mark_bytes;   /* waiting; bytes as item_size counts */
	size_t keys;                                  /* remembered */
	uint64_t shared;                              /* records that came when all max_keys were taken */
};
const struct lanes_size *lanes_size(const struct lanes *l);

#endif
