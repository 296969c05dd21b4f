/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "rate/gcra.h"
#include "rate/pace.h"
#include "t.h"

#define SEC NS_PER_SEC
#define MS INT64_C(1000000)
#define START (INT64_C(86400) * 400 * SEC)   /* a machine that has been up for a year */

static struct shaper by_record(double count, int64_t per, double burst)
{
	struct shaper s = { .records = true };
	gcra_init(&s.by_record, count, per, gcra_burst(count, per, burst));
	shaper_start(&s, START);
	return s;
}

/* When the Nth record of a source that always has one is due, seen from the start. */
static int64_t nth(struct shaper *s, int64_t n)
{
	int64_t due = 0;
	for (int64_t i = 0; i < n; i++)
		due = shaper_due(s, 1);
	return due - START;
}

static void test_rates(void)
{
	T_CASE("gcra: no drift, at any rate")
	{
		struct shaper s = by_record(10, SEC, 1);
		T_INT(nth(&s, 101), 10 * SEC);
		s = by_record(100000, SEC, 1);
		T_INT(nth(&s, 1000001), 10 * SEC);
		s = by_record(300, 900 * SEC, 1);
		T_INT(nth(&s, 301), 900 * SEC);
		/* 333.33… ns: the fraction is carried. */
		s = by_record(3000000, SEC, 1);
		int64_t at = nth(&s, 30000001) - 10 * SEC;
		T_OK(at >= -1000 && at <= 1000);
		s = by_record(2.5, SEC, 1);
		T_INT(nth(&s, 26), 10 * SEC);
	}
	T_CASE("gcra: bytes, and both limits at once")
	{
		struct shaper s = { .bytes = true };
		gcra_init(&s.by_byte, 1000, SEC, 0);
		shaper_start(&s, START);
		T_INT(shaper_due(&s, 500) - START, 0);
		T_INT(shaper_due(&s, 250) - START, SEC / 2);
		T_INT(shaper_due(&s, 1) - START, SEC * 3 / 4);
		s = by_record(2, SEC, 1);
		s.bytes = true;
		gcra_init(&s.by_byte, 1000, SEC, 0);
		T_INT(shaper_due(&s, 2000) - START, 0);
		T_INT(shaper_due(&s, 1) - START, 2 * SEC);
		T_INT(shaper_due(&s, 1) - START, 2 * SEC + SEC / 2);
	}
	T_CASE("gcra: a burst passes at once, once; after a pause again")
	{
		struct shaper s = by_record(10, SEC, 5);
		T_INT(nth(&s, 5), 0);
		T_INT(shaper_due(&s, 1) - START, SEC / 10);
		T_INT(shaper_due(&s, 1) - START, SEC / 5);
		shaper_arrived(&s, START + 20 * SEC, true);
		T_INT(nth(&s, 5), 20 * SEC);
		T_INT(shaper_due(&s, 1) - START, 20 * SEC + SEC / 10);
	}
	T_CASE("gcra: in no window does more pass than rate x window + burst")
	{
		struct shaper s = by_record(100, SEC, 7);
		static int64_t due[3000];
		int64_t now = START;
		for (int i = 0; i < 3000; i++) {
			/* A source that comes and goes. */
			if (i % 97 == 0) {
				now += (i % 5) * SEC / 3;
				now = now > due[i ? i - 1 : 0] ? now : due[i ? i - 1 : 0];
				shaper_arrived(&s, now, true);
			}
			due[i] = shaper_due(&s, 1);
		}
		for (int i = 1; i < 3000; i++)
			T_OK(due[i] >= due[i - 1]);
		for (int i = 0; i + 200 < 3000; i++)
			if (due[i + 200] - due[i] < 193 * (SEC / 100) - SHAPER_LATE_NS)
				T_FAIL("%d: 200 more in %lld ns", i, (long long)(due[i + 200] - due[i]));
	}
	T_CASE("gcra: very low rates and very large costs do not wrap around")
	{
		struct shaper s = by_record(1, INT64_C(86400) * 365 * 200 * SEC, 1);
		T_INT(nth(&s, 1), 0);
		T_OK(nth(&s, 1) > 0);
		T_OK(nth(&s, 5) > 0);
		s = (struct shaper){ .bytes = true };
		gcra_init(&s.by_byte, 1, INT64_C(3600) * SEC, 0);
		shaper_start(&s, START);
		shaper_due(&s, UINT64_MAX);
		T_OK(shaper_due(&s, UINT64_MAX) > START);
	}
}

static void test_lateness(void)
{
	T_CASE("shaper: idle time is lost, late time is made up for")
	{
		struct shaper s = by_record(1000, SEC, 1);
		T_INT(nth(&s, 11), 10 * MS);
		/* Woken 50 ms late with records waiting: the next are due in the past. */
		shaper_woke(&s, START + 60 * MS);
		T_INT(shaper_due(&s, 1) - START, 11 * MS);
		/* A second late: 100 ms of it count. */
		shaper_woke(&s, START + SEC);
		T_INT(shaper_due(&s, 1) - START, 900 * MS);
		/* A short wait for input is no pause, a long one is. */
		T_INT(nth(&s, 100), SEC);
		shaper_arrived(&s, START + SEC + 10 * MS, true);
		T_INT(shaper_due(&s, 1) - START, SEC + MS);
		shaper_arrived(&s, START + SEC + 50 * MS, true);
		T_INT(shaper_due(&s, 1) - START, SEC + 50 * MS);
		/* There was no wait: the records had been there, and it was this process that came late. */
		shaper_arrived(&s, START + SEC + 90 * MS, false);
		T_INT(shaper_due(&s, 1) - START, SEC + 51 * MS);
	}
	T_CASE("shaper: a reader that took nothing gets no flood afterwards")
	{
		struct shaper s = by_record(1000, SEC, 1);
		T_INT(nth(&s, 11), 10 * MS);
		shaper_stalled(&s, 80 * MS);
		T_INT(shaper_due(&s, 1) - START, 90 * MS);
		T_INT(shaper_due(&s, 1) - START, 91 * MS);
	}
}

static void test_pace(void)
{
	struct pace p;
	double x;
	T_CASE("pace: event time at N times its speed, without drift")
	{
		pace_init(&p, 60, 0);
		T_INT(pace_due(&p, 1000 * US_PER_SEC, START), START);
		T_INT(pace_due(&p, 1060 * US_PER_SEC, START + 5 * SEC) - START, SEC);
		/* Older ones pass at once and do not move the time. */
		T_INT(pace_due(&p, 1010 * US_PER_SEC, START + 5 * SEC) - START, SEC);
		T_INT(pace_due(&p, 1120 * US_PER_SEC, START + 5 * SEC) - START, 2 * SEC);
		pace_init(&p, 7, 0);
		for (int64_t i = 0; i <= 7000000; i++)
			pace_due(&p, i, START);
		T_OK(p.due - START - SEC <= 1 && p.due - START - SEC >= -1);
	}
	T_CASE("pace: long gaps are cut short")
	{
		pace_init(&p, 1, SEC);
		pace_due(&p, 0, START);
		T_INT(pace_due(&p, US_PER_DAY, START) - START, SEC);
		T_INT(pace_due(&p, US_PER_DAY + US_PER_SEC / 2, START) - START, SEC + SEC / 2);
		pace_init(&p, 1e-9, 0);
		pace_due(&p, INT64_MIN, START);
		T_OK(pace_due(&p, INT64_MAX, START) > START);
		T_OK(pace_due(&p, INT64_MAX, START) > START);
	}
	T_CASE("pace: speeds")
	{
		T_OK(pace_parse_speed("max", &x) && x == 0);
		T_OK(pace_parse_speed("10x", &x) && x == 10);
		T_OK(pace_parse_speed("0.5", &x) && x == 0.5);
		T_OK(!pace_parse_speed("", &x) && !pace_parse_speed("x", &x) && !pace_parse_speed("-1", &x) &&
		     !pace_parse_speed("0", &x) && !pace_parse_speed("1e3", &x) && !pace_parse_speed("10xx", &x));
	}
}

int main(void)
{
	test_rates();
	test_lateness();
	test_pace();
	return t_done();
}
