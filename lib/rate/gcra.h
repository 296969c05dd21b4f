/* SPDX-License-Identifier: MIT */
/* gcra - when may the next one pass: the generic cell rate algorithm, and a shaper made of two.
 *
 * Source: ITU-T I.371, annex A (virtual scheduling). One number is kept, the theoretical arrival time TAT:
 *
 *	ready  = max(arrival, TAT - tau)        tau is the tolerance, (burst - 1) x T
 *	TAT    = max(ready, TAT) + cost x T     T is the time of one unit
 *
 * Times are absolute (clock_mono_ns): how late a sleeper wakes does not move the next deadline, so the rate has no drift.
 * Fractions of a nanosecond are carried from one to the next, so it has none at 3,000,000/s either.
 *
 * The shaper asks that a records limit and a bytes limit both conform. It tells idleness from lateness: time in which there
 * was nothing to pass, or in which the reader did not take it, is lost; time in which the machine was late is made up for,
 * up to SHAPER_LATE_NS. So in any time W at most rate x (W + SHAPER_LATE_NS) + burst records pass.
 *
 * Ownership: plain values. Threads: one owner. Cost: some 5 ns a record.
 */
#ifndef SM_RATE_GCRA_H
#define SM_RATE_GCRA_H

#include <stdbool.h>
#include <stdint.h>

struct gcra {
	int64_t tat;
	int64_t tau;
	double unit;     /* T in nanoseconds */
	double carry;    /* of TAT, in [0, 1) ns */
};

/* COUNT units in PER_NS nanoseconds, TAU the tolerance. */
void gcra_init(struct gcra *g, double count, int64_t per_ns, int64_t tau);
/* The tolerance that lets BURST units of such a rate pass at once. */
int64_t gcra_burst(double count, int64_t per_ns, double burst);
int64_t gcra_ready(const struct gcra *g, int64_t arrival);
/* Let COST units pass at AT, which must not be before gcra_ready. */
void gcra_take(struct gcra *g, int64_t at, double cost);

#define SHAPER_LATE_NS INT64_C(100000000)
#define SHAPER_JITTER_NS INT64_C(20000000)  /* a shorter wait for input is not idleness */

struct shaper {
	bool records, bytes;          /* which limits there are */
	struct gcra by_record, by_byte;
	int64_t arrival;              /* records have been waiting since then, as far as that counts */
	int64_t last;                 /* when the last one was due */
};
/* Set the limits in S before; NOW is the time at which the first record may pass. */
void shaper_start(struct shaper *s, int64_t now);
/* More input has come at NOW; WAITED: there was none before. */
void shaper_arrived(struct shaper *s, int64_t now, bool waited);
/* Time has gone by to NOW: what is later than SHAPER_LATE_NS is not made up for. */
void shaper_woke(struct shaper *s, int64_t now);
/* The output was blocked for STALL ns: everything moves by so much. */
void shaper_stalled(struct shaper *s, int64_t stall);
/* When a record of N bytes is due, in order; it counts as passed then. */
int64_t shaper_due(struct shaper *s, uint64_t n);

#endif
