/* SPDX-License-Identifier: MIT */
/* zone - what time it is somewhere, and when its next day begins, without TZ, tzset or the machine's zone files.
 *
 * Quotas of APIs end at midnight of the provider's zone; nothing else here uses local time. A zone is a rule in the
 * form of POSIX (IEEE 1003.1-2017, 8.3, TZ), `PST8PDT,M3.2.0,M11.1.0`: names of three letters and more, or <…>; offsets
 * as hh[:mm[:ss]], positive to the west; the days Mm.w.d, Jn and n; times from -167 to 167 hours (RFC 8536, 3.3.1). Or
 * it is one of the names that APIs use (America/Los_Angeles, Europe/London, UTC, …), which stands for the rule in force
 * since 2007 or later. There is no history: a time before that may be an hour off.
 *
 * Threads: pure functions. Cost: some divisions.
 */
#ifndef SM_BASE_ZONE_H
#define SM_BASE_ZONE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zone_day {
	char form;               /* 'M': month, week (5: the last), weekday (0: Sunday); 'J': 1 to 365, no 29 February; '0': 0 to 365 */
	int16_t month, week, day;
	int32_t time_s;          /* local time at which it changes */
};

struct zone {
	int32_t std_s, dst_s;    /* east of UTC */
	bool has_dst;
	struct zone_day start, end; /* of DST */
};

int zone_parse(struct zone *z, const char *s, size_t n, struct err *e); /* ERR_USAGE, with what is wrong */
/* Seconds east of UTC at that time: -28800 for the west coast's winter. */
int32_t zone_offset_s(const struct zone *z, int64_t utc_us);
/* The first time after UTC_US at which it is a later day there: midnight, or, where the clocks skip midnight, what they skip to. */
int64_t zone_next_midnight_us(const struct zone *z, int64_t utc_us);

#endif
