/* SPDX-License-Identifier: MIT */
/* backoff - how long to wait before the next try.
 *
 * `exp:FROM:TO`: FROM, twice that, four times, at most TO. `lin:STEP:TO`: STEP, 2 STEP, 3 STEP, at most TO. Up to
 * JITTER of it is added at random, so that many who failed together do not come again together. Threads: pure.
 */
#ifndef SM_FETCH_BACKOFF_H
#define SM_FETCH_BACKOFF_H

#include "base/rand.h"
#include "source/def.h"

/* NTH: 1 for the first time that it failed. Nanoseconds. */
int64_t backoff_delay(const struct def_backoff *b, uint64_t nth, double jitter, struct rng *r);

#endif
