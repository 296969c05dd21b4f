/* SPDX-License-Identifier: MIT */
/* pace - event time at N times its speed: when is the record of that event time due.
 *
 * The first record is due at once. From then on the highest event time so far stands for the time that went by: a record
 * that is older than that is due at once too. Deadlines are absolute, so there is no drift. No pause is longer than
 * GAP_MAX; what a longer one leaves out is left out for good.
 *
 *	pace_init(&p, speed, max_gap);
 *	clock_sleep_until(pace_due(&p, event_us, clock_mono_ns()));
 *
 * Ownership: plain values. Threads: one owner.
 */
#ifndef SM_RATE_PACE_H
#define SM_RATE_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pace {
	double speed;        /* event seconds a second; 0: as fast as can be */
	int64_t max_gap;     /* real nanoseconds; 0: no bound */
	bool started;
	int64_t newest_us;   /* event time */
	int64_t due;         /* of the newest, monotonic clock */
	double carry;
};

/* `10x`, `10`, `0.5x`, `max`. False for anything else. */
bool pace_parse_speed(const char *s, double *speed);
void pace_init(struct pace *p, double speed, int64_t max_gap);
int64_t pace_due(struct pace *p, int64_t event_us, int64_t now_ns);

#endif
