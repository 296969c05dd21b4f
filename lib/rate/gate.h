/* SPDX-License-Identifier: MIT */
/* gate - when may the next record pass, all of the limits taken together: a shaper, event time, a quota that is shared,
 * a rate that adapts.
 *
 *	gate_start(&g);
 *	due = gate_due(&g, bytes, event_us, &due, &e);
 *	if (due > g.now)
 *		gate_wait(&g, due);                    // after what went before is written
 *
 * Records that are due within GATE_GRAIN_NS are let go together: at 100,000/s nobody can sleep for each.
 * How long a write took is told to gate_wrote: time in which the reader took nothing is lost to the shaper, and is the
 * signal of an adapting rate.
 *
 * Ownership: SHARE is borrowed, all else plain values. Threads: one owner. Cost: rate/gcra.h.
 */
#ifndef SM_RATE_GATE_H
#define SM_RATE_GATE_H

#include "base/err.h"
#include "rate/aimd.h"
#include "rate/gcra.h"
#include "rate/pace.h"
#include "rate/share.h"

#define GATE_GRAIN_NS INT64_C(2000000)
#define GATE_STALL_NS INT64_C(3000000)   /* a write that takes longer was not let through by the reader */

struct gate {
	struct shaper shaper;
	struct pace pace;
	struct aimd aimd;
	struct share *share;         /* NULL: none */
	bool shaped, paced, adapts;
	int64_t now;                 /* when the clock was last looked at: what is due by then passes */
	int64_t waited, blocked;     /* ns in all: for a due time, for the reader */
};

void gate_start(struct gate *g);
void gate_look(struct gate *g);                      /* at the clock */
void gate_arrived(struct gate *g, bool waited);      /* input has come; WAITED: there was none before */
int gate_due(struct gate *g, uint64_t bytes, int64_t event_us, int64_t *due, struct err *e);
void gate_wait(struct gate *g, int64_t due);
/* A write of what was let go has taken from START until now; FD says how full the reader is (-1: do not ask). Returns
 * by how much what is due has moved. */
int64_t gate_wrote(struct gate *g, int64_t start, int fd);

#endif
