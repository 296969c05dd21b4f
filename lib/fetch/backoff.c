/* SPDX-License-Identifier: MIT */
/* Linear and exponential pauses with a random part. */
#include "fetch/backoff.h"

int64_t backoff_delay(const struct def_backoff *b, uint64_t nth, double jitter, struct rng *r)
{
	double d = (double)b->from_ns;
	if (!nth)
		nth = 1;
	if (b->doubles)
		for (uint64_t i = 1; i < nth && d < (double)b->to_ns; i++)
			d *= 2;
	else
		d *= (double)nth;
	if (d > (double)b->to_ns)
		d = (double)b->to_ns;
	return (int64_t)(d * (1 + jitter * rng_unit(r)));
}
