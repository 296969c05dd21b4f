/* SPDX-License-Identifier: MIT */
/* Raises the rate a step at a time, and cuts it when the pipe was full or a write had to wait. */
#include "rate/aimd.h"

#include <fcntl.h>
#include <sys/ioctl.h>

#define STEPS 200

void aimd_init(struct aimd *a, double min, double max, int64_t now)
{
	*a = (struct aimd){ .min = min, .max = max, .rate = min, .next = now + AIMD_TICK_NS };
}

void aimd_waited(struct aimd *a)
{
	a->waited = true;
}

void aimd_wrote(struct aimd *a, int64_t blocked, double full)
{
	a->blocked += blocked;
	a->full = full > a->full ? full : a->full;
}

bool aimd_tick(struct aimd *a, int64_t now)
{
	if (now < a->next)
		return false;
	double was = a->rate;
	int64_t span = now - a->next + AIMD_TICK_NS;
	if (a->full > 0.5 || a->blocked > span / 10) {
		if (now >= a->hold) {
			a->rate *= AIMD_DECREASE;
			a->hold = now + AIMD_HOLD_NS;
			a->downs++;
		}
	} else if (a->waited) {
		a->rate += a->max / STEPS;
		a->ups++;
	}
	a->rate = a->rate < a->min ? a->min : a->rate > a->max ? a->max : a->rate;
	a->next = now + AIMD_TICK_NS;
	a->blocked = 0;
	a->full = 0;
	a->waited = false;
	return a->rate != was;
}

double pipe_fullness(int fd)
{
	int held, size = fcntl(fd, F_GETPIPE_SZ);
	if (size <= 0 || ioctl(fd, FIONREAD, &held) < 0 || held < 0)
		return -1;
	return held < size ? (double)held / size : 1;
}
