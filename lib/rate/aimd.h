/* SPDX-License-Identifier: MIT */
/* aimd - a rate that follows what the reader takes: additive increase, multiplicative decrease.
 *
 * Every AIMD_TICK_NS the rate is looked at. Where the output was more than half full, or a write was held up for longer
 * than a tenth of the time, it becomes AIMD_DECREASE of what it was; where the rate itself was what held records back,
 * it grows by a two-hundredth of MAX (so from nothing to MAX in ten seconds). Where neither is the case (there was no
 * input) it stays: a rate that was never tried says nothing. At most one decrease in AIMD_HOLD_NS, since what was sent
 * before it takes its time to drain.
 *
 * Source: D. Chiu, R. Jain, "Analysis of the Increase and Decrease Algorithms for Congestion Avoidance", 1989; RFC 7661
 * for not growing while idle. Occupancy is FIONREAD over F_GETPIPE_SZ, both asked of the write end of a pipe (Linux).
 *
 * Ownership: plain values. Threads: one owner.
 */
#ifndef SM_RATE_AIMD_H
#define SM_RATE_AIMD_H

#include <stdbool.h>
#include <stdint.h>

#define AIMD_TICK_NS INT64_C(50000000)
#define AIMD_HOLD_NS INT64_C(200000000)
#define AIMD_DECREASE 0.8

struct aimd {
	double min, max, rate;   /* units a second */
	int64_t next, hold;      /* when to look, when to decrease again */
	int64_t blocked;         /* ns since the last look in which writes were held up */
	bool waited;             /* since the last look the rate held records back */
	double full;             /* the most that was seen since then, 0..1 */
	uint64_t ups, downs;
};

void aimd_init(struct aimd *a, double min, double max, int64_t now);
void aimd_waited(struct aimd *a);
/* A write ended: it took BLOCKED ns longer than a write does, and the output is FULL now (0 to 1; negative: unknown). */
void aimd_wrote(struct aimd *a, int64_t blocked, double full);
bool aimd_tick(struct aimd *a, int64_t now);     /* true: the rate has changed */

/* How full the pipe FD is, from 0 to 1; -1 when it is not a pipe. */
double pipe_fullness(int fd);

#endif
