/* SPDX-License-Identifier: MIT */
/* Theoretical arrival times, for one limit and for a pair of them. */
#include "rate/gcra.h"

#include <math.h>

#define FOR_EVER (INT64_MAX / 4)   /* sums of two stay in range */

static int64_t max64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

void gcra_init(struct gcra *g, double count, int64_t per_ns, int64_t tau)
{
	*g = (struct gcra){ .tat = INT64_MIN / 4, .tau = tau, .unit = (double)per_ns / count };
}

int64_t gcra_burst(double count, int64_t per_ns, double burst)
{
	double tau = burst > 1 ? (burst - 1) * ((double)per_ns / count) : 0;
	return tau < (double)FOR_EVER ? (int64_t)tau : FOR_EVER;
}

int64_t gcra_ready(const struct gcra *g, int64_t arrival)
{
	return max64(arrival, g->tat - g->tau);
}

void gcra_take(struct gcra *g, int64_t at, double cost)
{
	if (at > g->tat) {
		g->tat = at;
		g->carry = 0;
	}
	double exact = cost * g->unit + g->carry, whole = floor(exact);
	if (whole >= (double)FOR_EVER || g->tat >= FOR_EVER) {
		g->tat = FOR_EVER;
		return;
	}
	g->tat += (int64_t)whole;
	g->carry = exact - whole;
}

void shaper_start(struct shaper *s, int64_t now)
{
	s->arrival = s->last = now;
}

void shaper_arrived(struct shaper *s, int64_t now, bool waited)
{
	int64_t due = s->last;
	if (s->records)
		due = max64(due, s->by_record.tat - s->by_record.tau);
	if (s->bytes)
		due = max64(due, s->by_byte.tat - s->by_byte.tau);
	if (waited && now > due + SHAPER_JITTER_NS)
		s->arrival = max64(s->arrival, now);
	shaper_woke(s, now);
}

void shaper_woke(struct shaper *s, int64_t now)
{
	s->arrival = max64(s->arrival, now - SHAPER_LATE_NS);
}

void shaper_stalled(struct shaper *s, int64_t stall)
{
	s->arrival = max64(s->arrival, s->last + stall);
}

int64_t shaper_due(struct shaper *s, uint64_t n)
{
	int64_t at = s->arrival;
	if (s->records)
		at = gcra_ready(&s->by_record, at);
	if (s->bytes)
		at = gcra_ready(&s->by_byte, at);
	if (s->records)
		gcra_take(&s->by_record, at, 1);
	if (s->bytes)
		gcra_take(&s->by_byte, at, (double)n);
	s->last = max64(s->last, at);
	return at;
}
