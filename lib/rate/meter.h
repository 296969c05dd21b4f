/* SPDX-License-Identifier: MIT */
/* meter - what smrate has counted, and how it is printed: members of a line of JSON (docs/rate.md lists them).
 *
 * Counters are set by the threads that do the work and read by the one that prints; each alone is right, all together
 * are those of some moments close to each other.
 * Ownership: everything pointed at is borrowed. Threads: see above.
 */
#ifndef SM_RATE_METER_H
#define SM_RATE_METER_H

#include "base/buf.h"
#include "metrics/metrics.h"
#include "rate/drops.h"
#include "rate/gate.h"
#include "rate/outs.h"
#include "rate/queue.h"

#include <stdatomic.h>

struct meter {
	_Atomic uint64_t in_records, in_bytes, in_marks, out_records, out_bytes, out_marks, rejected, late;
	_Atomic int64_t waited, blocked, watermark_us, newest_us;
	_Atomic double rate;
	bool adapts, has_watermark;
	struct drops *drops;
	_Atomic(struct queue *) queue;       /* NULL: none (yet) */
	struct outs *outs;                   /* NULL: standard output alone */
};

static inline void meter_add(_Atomic uint64_t *c, uint64_t n)
{
	atomic_store_explicit(c, atomic_load_explicit(c, memory_order_relaxed) + n, memory_order_relaxed);
}
void meter_gate(struct meter *m, const struct gate *g);   /* by the gate's thread */
void meter_print(struct meter *m, struct buf *b);         /* appends the members */
void meter_fill(struct meter *m, struct metrics *to);

#endif
