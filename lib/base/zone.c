/* SPDX-License-Identifier: MIT */
/* POSIX rules of time zones (TZ strings): read, and asked for an offset or the next midnight. */
#include "base/zone.h"

#include "base/ascii.h"
#include "base/clock.h"

#include <string.h>

#define DAY_S 86400
#define MAX_OFFSET_H 24
#define MAX_TIME_H 167
/* Years 1 to 9999, about: beyond, the arithmetic of dates is nobody's affair. */
#define MIN_US (-INT64_C(62135596800) * US_PER_SEC)
#define MAX_US (INT64_C(253402300799) * US_PER_SEC)

/* --- parsing --- */

struct text {
	const char *p, *end;
};

static bool take(struct text *t, char c)
{
	if (t->p == t->end || *t->p != c)
		return false;
	t->p++;
	return true;
}

/* A number of one to three digits, MIN to MAX. */
static bool number(struct text *t, int min, int max, int16_t *to)
{
	int v = 0;
	const char *from = t->p;
	while (t->p < t->end && t->p - from < 3 && ascii_digit(*t->p))
		v = v * 10 + (*t->p++ - '0');
	*to = (int16_t)v;
	return t->p > from && v >= min && v <= max;
}

static bool name(struct text *t)
{
	const char *from = t->p;
	if (take(t, '<')) {
		while (t->p < t->end && (ascii_letter(*t->p) || ascii_digit(*t->p) || *t->p == '+' || *t->p == '-'))
			t->p++;
		return t->p - from > 3 && take(t, '>');
	}
	while (t->p < t->end && ascii_letter(*t->p))
		t->p++;
	return t->p - from >= 3;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static bool clock_time(struct text *t, int max_hours, int32_t *s)
{
	int16_t h, m = 0, sec = 0;
	bool minus = take(t, '-');
	if (!minus)
		take(t, '+');
	if (!number(t, 0, max_hours, &h))
		return false;
	if (take(t, ':') && (!number(t, 0, 59, &m) || (take(t, ':') && !number(t, 0, 59, &sec))))
		return false;
	*s = h * 3600 + m * 60 + sec;
	if (minus)
		*s = -*s;
	return true;
}

static bool change_day(struct text *t, struct zone_day *d)
{
	*d = (struct zone_day){ .form = '0', .time_s = 2 * 3600 };
	if (take(t, 'M')) {
		d->form = 'M';
		if (!number(t, 1, 12, &d->month) || !take(t, '.') || !number(t, 1, 5, &d->week) || !take(t, '.') || !number(t, 0, 6, &d->day))
			return false;
	} else if (take(t, 'J')) {
		d->form = 'J';
		if (!number(t, 1, 365, &d->day))
			return false;
	} else if (!number(t, 0, 365, &d->day)) {
		return false;
	}
	return !take(t, '/') || clock_time(t, MAX_TIME_H, &d->time_s);
}

/* What is wrong, or NULL. */
static const char *parse_rule(struct zone *z, struct text t)
{
	*z = (struct zone){ 0 };
	if (!name(&t))
		return "a name of three letters or more is missing";
	if (!clock_time(&t, MAX_OFFSET_H, &z->std_s))
		return "the offset from UTC is missing or wrong";
	z->std_s = -z->std_s;
	if (t.p == t.end)
		return NULL;
	z->has_dst = true;
	z->dst_s = z->std_s + 3600;
	if (!name(&t))
		return "the name of summer time is wrong";
	if (t.p < t.end && *t.p != ',') {
		if (!clock_time(&t, MAX_OFFSET_H, &z->dst_s))
			return "the offset of summer time is wrong";
		z->dst_s = -z->dst_s;
	}
	if (!take(&t, ',') || !change_day(&t, &z->start))
		return "the start of summer time is missing or wrong (M3.2.0)";
	if (!take(&t, ',') || !change_day(&t, &z->end))
		return "the end of summer time is missing or wrong (M11.1.0)";
	return t.p == t.end ? NULL : "extra text after the rule";
}

static const char *rule_of_name(const char *s, size_t n)
{
	static const char *const known[][2] = {
		{ "UTC", "UTC0" }, { "Etc/UTC", "UTC0" }, { "GMT", "GMT0" }, { "Etc/GMT", "GMT0" }, { "Z", "UTC0" },
		{ "America/Los_Angeles", "PST8PDT,M3.2.0,M11.1.0" }, { "US/Pacific", "PST8PDT,M3.2.0,M11.1.0" },
		{ "America/Denver", "MST7MDT,M3.2.0,M11.1.0" }, { "America/Phoenix", "MST7" }, { "America/Chicago", "CST6CDT,M3.2.0,M11.1.0" },
		{ "America/New_York", "EST5EDT,M3.2.0,M11.1.0" }, { "US/Eastern", "EST5EDT,M3.2.0,M11.1.0" }, { "America/Sao_Paulo", "<-03>3" },
		{ "Europe/London", "GMT0BST,M3.5.0/1,M10.5.0" }, { "Europe/Dublin", "IST-1GMT0,M10.5.0,M3.5.0/1" },
		{ "Europe/Paris", "CET-1CEST,M3.5.0,M10.5.0/3" }, { "Europe/Berlin", "CET-1CEST,M3.5.0,M10.5.0/3" },
		{ "Europe/Amsterdam", "CET-1CEST,M3.5.0,M10.5.0/3" }, { "Europe/Moscow", "MSK-3" }, { "Asia/Kolkata", "IST-5:30" },
		{ "Asia/Singapore", "<+08>-8" }, { "Asia/Shanghai", "CST-8" }, { "Asia/Tokyo", "JST-9" }, { "Asia/Seoul", "KST-9" },
		{ "Australia/Sydney", "AEST-10AEDT,M10.1.0,M4.1.0/3" },
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (n == strlen(known[i][0]) && memcmp(s, known[i][0], n) == 0)
			return known[i][1];
	return NULL;
}

int zone_parse(struct zone *z, const char *s, size_t n, struct err *e)
{
	const char *rule = rule_of_name(s, n);
	struct text t = { s, s + n };
	if (rule)
		t = (struct text){ rule, rule + strlen(rule) };
	const char *why = parse_rule(z, t);
	if (!why)
		return 0;
	int shown = (int)(n < 60 ? n : 60);
	if (memchr(s, '/', n) && !memchr(s, ',', n))
		return err_set(e, ERR_USAGE, "unknown time zone '%.*s'; give its rule, such as PST8PDT,M3.2.0,M11.1.0", shown, s);
	return err_set(e, ERR_USAGE, "zone '%.*s': %s", shown, s, why);
}

/* --- arithmetic --- */

/* Local time of the change in that year, in seconds since 1970 as if it were UTC. */
static int64_t change_local_s(const struct zone_day *d, int64_t year)
{
	int64_t day = date_from_civil(year, 1, 1);
	if (d->form == '0') {
		day += d->day;
	} else if (d->form == 'J') {
		bool leap = date_days_in_month(year, 2) == 29;
		day += d->day - 1 + (leap && d->day >= 60);
	} else {
		int64_t first = date_from_civil(year, (unsigned)d->month, 1);
		/* 1970-01-01 was a Thursday. */
		int64_t weekday = first + 4 - 7 * time_floor_div(first + 4, 7);
		day = first + (d->day - weekday + 7) % 7 + 7 * (d->week - 1);
		if (day >= first + date_days_in_month(year, (unsigned)d->month))
			day -= 7;
	}
	return day * DAY_S + d->time_s;
}

static int64_t clamp(int64_t us)
{
	return us < MIN_US ? MIN_US : us > MAX_US ? MAX_US : us;
}

static int32_t offset_at(const struct zone *z, int64_t utc_s)
{
	int64_t year, latest = INT64_MIN;
	unsigned m, d;
	bool dst = false;
	if (!z->has_dst)
		return z->std_s;
	/* The last change before counts; with changes near New Year it may be another year's than one would think. */
	date_to_civil(time_floor_div(utc_s, DAY_S), &year, &m, &d);
	for (int64_t y = year - 1; y <= year + 1; y++) {
		int64_t end = change_local_s(&z->end, y) - z->dst_s, start = change_local_s(&z->start, y) - z->std_s;
		if (end <= utc_s && end > latest) {
			latest = end;
			dst = false;
		}
		/* Summer time that begins when it ends is for ever (RFC 8536, 3.3.1). */
		if (start <= utc_s && start >= latest) {
			latest = start;
			dst = true;
		}
	}
	return dst ? z->dst_s : z->std_s;
}

int32_t zone_offset_s(const struct zone *z, int64_t utc_us)
{
	return offset_at(z, time_floor_div(clamp(utc_us), US_PER_SEC));
}

int64_t zone_next_midnight_us(const struct zone *z, int64_t utc_us)
{
	int64_t s = time_floor_div(clamp(utc_us), US_PER_SEC);
	int64_t midnight = (time_floor_div(s + offset_at(z, s), DAY_S) + 1) * DAY_S;
	int64_t other = z->has_dst ? z->dst_s : z->std_s;
	int64_t early = midnight - (z->std_s > other ? z->std_s : other), late = midnight - (z->std_s > other ? other : z->std_s);
	/* The offset then is not the one now, maybe: the earlier of the two is right when the new day has come by it. */
	bool there = early > s && early + offset_at(z, early) >= midnight;
	return (there ? early : late) * US_PER_SEC;
}
