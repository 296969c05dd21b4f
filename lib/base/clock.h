/* SPDX-License-Identifier: MIT */
/* clock - time: clocks, RFC 3339, civil dates, durations.
 *
 * A time is int64 microseconds since 1970-01-01T00:00:00Z (proleptic Gregorian,
 * no leap seconds), a date int32 days since 1970-01-01, a duration int64
 * nanoseconds. There is no local time: TZ is never read.
 * Sources: RFC 3339; H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".
 * The clocks can be replaced for tests (clock_set); set before threads start.
 */
#ifndef SM_BASE_CLOCK_H
#define SM_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define US_PER_SEC INT64_C(1000000)
#define US_PER_DAY INT64_C(86400000000)
#define NS_PER_SEC INT64_C(1000000000)

int64_t clock_now_us(void);       /* wall clock */
int64_t clock_mono_ns(void);      /* monotonic */
/* Sleep until the monotonic clock shows DEADLINE; returns false when a signal came first. */
bool clock_sleep_until(int64_t deadline_ns);
struct clock_source {
	int64_t (*now_us)(void);
	int64_t (*mono_ns)(void);
	bool (*sleep_until)(int64_t deadline_ns);
};
void clock_set(const struct clock_source *s); /* NULL: the real ones */

int64_t date_from_civil(int64_t y, unsigned m, unsigned d);   /* days since the epoch */
void date_to_civil(int64_t days, int64_t *y, unsigned *m, unsigned *d);
unsigned date_days_in_month(int64_t y, unsigned m);
/* YYYY-MM-DD, real dates only, whole input. Years 0001 to 9999, here and in time_parse: what SQL engines can read. */
bool date_parse(const char *s, size_t n, int32_t *days);
size_t date_format(char *to, int32_t days);                  /* at most 16 bytes, no NUL */

#define TIME_MIN_US INT64_C(-62135596800000000)  /* 0001-01-01T00:00:00Z */
#define TIME_MAX_US INT64_C(253402300799999999)  /* 9999-12-31T23:59:59.999999Z */

enum time_zone { ZONE_NONE, ZONE_UTC, ZONE_OFFSET };
/* RFC 3339 date-time: `T`, `t` or a space between, fraction of 1 to 9 digits (cut to
 * microseconds), then `Z`, `z`, +hh:mm, -hh:mm or (zone = ZONE_NONE) nothing.
 * US is in UTC (as written, without a zone). False unless all N bytes are one time, in years 0001 to 9999 of UTC. */
bool time_parse(const char *s, size_t n, int64_t *us, enum time_zone *zone);
/* YYYY-MM-DDTHH:MM:SS[.fraction]Z; FRACTION digits 0, 3 or 6; -1: as few of 0, 3, 6 as keep the value.
 * ZONE false leaves out the Z. At most 40 bytes, no NUL; returns the number of bytes. */
size_t time_format(char *to, int64_t us, int fraction, bool zone);
/* floor division: the day that holds US, also before 1970. */
static inline int64_t time_floor_div(int64_t a, int64_t b)
{
	int64_t q = a / b;
	return q - (a % b < 0);
}

/* `250ms 10s 5m 1h 7d 2w`, whole numbers or decimals, one unit or several (`1h30m`); `0`. */
bool duration_parse(const char *s, size_t n, int64_t *ns);
size_t duration_format(char *to, int64_t ns);                 /* shortest exact form, at most 40 bytes */

#endif
