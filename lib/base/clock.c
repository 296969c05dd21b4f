/* SPDX-License-Identifier: MIT */
/* The clocks that tests may replace, and times, dates and durations to text and back. */
#include "base/clock.h"

#include "base/buf.h"

#include <errno.h>
#include <string.h>
#include <time.h>

static int64_t real_now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * US_PER_SEC + t.tv_nsec / 1000;
}

static int64_t real_mono_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * NS_PER_SEC + t.tv_nsec;
}

static bool real_sleep_until(int64_t deadline_ns)
{
	struct timespec t = { deadline_ns / NS_PER_SEC, deadline_ns % NS_PER_SEC };
	return clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != EINTR;
}

static const struct clock_source real_clock = { real_now_us, real_mono_ns, real_sleep_until };
static const struct clock_source *source = &real_clock;

void clock_set(const struct clock_source *s)
{
	source = s ? s : &real_clock;
}

int64_t clock_now_us(void)
{
	return source->now_us();
}

int64_t clock_mono_ns(void)
{
	return source->mono_ns();
}

bool clock_sleep_until(int64_t deadline_ns)
{
	return source->sleep_until(deadline_ns);
}

int64_t date_from_civil(int64_t y, unsigned m, unsigned d)
{
	y -= m <= 2;
	int64_t era = time_floor_div(y, 400);
	unsigned yoe = (unsigned)(y - era * 400);
	unsigned doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
	return era * 146097 + (int64_t)doe - 719468;
}

void date_to_civil(int64_t days, int64_t *y, unsigned *m, unsigned *d)
{
	days += 719468;
	int64_t era = time_floor_div(days, 146097);
	unsigned doe = (unsigned)(days - era * 146097);
	unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	unsigned mp = (5 * doy + 2) / 153;
	*d = doy - (153 * mp + 2) / 5 + 1;
	*m = mp < 10 ? mp + 3 : mp - 9;
	*y = (int64_t)yoe + era * 400 + (*m <= 2);
}

unsigned date_days_in_month(int64_t y, unsigned m)
{
	static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
	return days[m - 1] + (m == 2 && leap);
}

/* Read exactly N digits at S. */
static bool digits(const char *s, size_t n, unsigned *v)
{
	*v = 0;
	for (size_t i = 0; i < n; i++) {
		unsigned c = (unsigned char)s[i] - '0';
		if (c > 9)
			return false;
		*v = *v * 10 + c;
	}
	return true;
}

bool date_parse(const char *s, size_t n, int32_t *days)
{
	unsigned y, m, d;
	if (n != 10 || s[4] != '-' || s[7] != '-' || !digits(s, 4, &y) || !digits(s + 5, 2, &m) ||
	    !digits(s + 8, 2, &d))
		return false;
	if (y < 1 || m < 1 || m > 12 || d < 1 || d > date_days_in_month(y, m))
		return false;
	*days = (int32_t)date_from_civil(y, m, d);
	return true;
}

static char *put2(char *to, unsigned v)
{
	to[0] = (char)('0' + v / 10 % 10);
	to[1] = (char)('0' + v % 10);
	return to + 2;
}

size_t date_format(char *to, int32_t days)
{
	int64_t y;
	unsigned m, d;
	char *p = to;
	date_to_civil(days, &y, &m, &d);
	if (y < 0) {
		*p++ = '-';
		y = -y;
	} else if (y > 9999) {
		*p++ = '+';
	}
	if (y < 10000) {
		p = put2(p, (unsigned)y / 100);
		p = put2(p, (unsigned)y % 100);
	} else {
		p += fmt_u64(p, (uint64_t)y);
	}
	*p++ = '-';
	p = put2(p, m);
	*p++ = '-';
	p = put2(p, d);
	return (size_t)(p - to);
}

/* The fraction behind the seconds: 1 to 9 digits after a dot. */
static bool parse_fraction(const char **s, const char *end, int64_t *us)
{
	const char *p = *s + 1;
	int64_t v = 0;
	int n = 0;
	for (; p < end && *p >= '0' && *p <= '9'; p++, n++)
		if (n < 6)
			v = v * 10 + (*p - '0');
	if (n == 0 || n > 9)
		return false;
	for (int i = n; i < 6; i++)
		v *= 10;
	*us = v;
	*s = p;
	return true;
}

static bool parse_zone(const char *p, const char *end, int64_t *offset_us, enum time_zone *zone)
{
	unsigned h, m;
	*offset_us = 0;
	if (p == end) {
		*zone = ZONE_NONE;
		return true;
	}
	if (end - p == 1 && (*p == 'Z' || *p == 'z')) {
		*zone = ZONE_UTC;
		return true;
	}
	if (end - p != 6 || (*p != '+' && *p != '-') || p[3] != ':' || !digits(p + 1, 2, &h) ||
	    !digits(p + 4, 2, &m) || h > 23 || m > 59)
		return false;
	*offset_us = (int64_t)(h * 60 + m) * 60 * US_PER_SEC * (*p == '-' ? -1 : 1);
	*zone = ZONE_OFFSET;
	return true;
}

bool time_parse(const char *s, size_t n, int64_t *us, enum time_zone *zone)
{
	unsigned h, m, sec;
	int32_t days;
	int64_t frac = 0, offset;
	enum time_zone z;
	if (n < 19 || !date_parse(s, 10, &days) || (s[10] != 'T' && s[10] != 't' && s[10] != ' ') ||
	    s[13] != ':' || s[16] != ':' || !digits(s + 11, 2, &h) || !digits(s + 14, 2, &m) ||
	    !digits(s + 17, 2, &sec) || h > 23 || m > 59 || sec > 60)
		return false;
	const char *p = s + 19, *end = s + n;
	if (p < end && *p == '.' && !parse_fraction(&p, end, &frac))
		return false;
	if (!parse_zone(p, end, &offset, &z))
		return false;
	if (sec == 60 && (h != 23 || m != 59) && offset == 0)
		return false;
	*us = (int64_t)days * US_PER_DAY + (int64_t)(h * 3600 + m * 60 + sec) * US_PER_SEC + frac - offset;
	if (zone)
		*zone = z;
	return *us >= TIME_MIN_US && *us <= TIME_MAX_US;
}

size_t time_format(char *to, int64_t us, int fraction, bool zone)
{
	int64_t days = time_floor_div(us, US_PER_DAY), rest = us - days * US_PER_DAY;
	unsigned sec = (unsigned)(rest / US_PER_SEC), micro = (unsigned)(rest % US_PER_SEC);
	char *p = to + date_format(to, (int32_t)days);
	*p++ = 'T';
	p = put2(p, sec / 3600);
	*p++ = ':';
	p = put2(p, sec / 60 % 60);
	*p++ = ':';
	p = put2(p, sec % 60);
	if (fraction < 0)
		fraction = micro == 0 ? 0 : micro % 1000 == 0 ? 3 : 6;
	if (fraction) {
		*p++ = '.';
		p = put2(p, micro / 10000);
		*p++ = (char)('0' + micro / 1000 % 10);
		if (fraction > 3) {
			*p++ = (char)('0' + micro / 100 % 10);
			p = put2(p, micro % 100);
		}
	}
	if (zone)
		*p++ = 'Z';
	return (size_t)(p - to);
}

static const struct {
	const char *name;
	int64_t ns;
} units[] = {
	{ "w", 7 * 86400 * NS_PER_SEC }, { "d", 86400 * NS_PER_SEC }, { "h", 3600 * NS_PER_SEC },
	{ "m", 60 * NS_PER_SEC }, { "s", NS_PER_SEC }, { "ms", 1000000 }, { "us", 1000 }, { "ns", 1 },
};

/* The unit at S (as many letters as there are), 0 when there is none of that name. */
static int64_t unit_at(const char **s, const char *end)
{
	const char *p = *s;
	while (p < end && *p >= 'a' && *p <= 'z')
		p++;
	size_t n = (size_t)(p - *s);
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (strlen(units[i].name) == n && memcmp(units[i].name, *s, n) == 0) {
			*s = p;
			return units[i].ns;
		}
	return 0;
}

bool duration_parse(const char *s, size_t n, int64_t *ns)
{
	const char *end = s + n;
	int64_t sum = 0;
	if (n == 1 && *s == '0') {
		*ns = 0;
		return true;
	}
	if (!n)
		return false;
	while (s < end) {
		double v = 0, scale = 1;
		const char *from = s;
		int64_t whole = 0;
		for (; s < end && *s >= '0' && *s <= '9'; s++)
			if (__builtin_mul_overflow(whole, 10, &whole) || __builtin_add_overflow(whole, *s - '0', &whole))
				return false;
		if (s == from)
			return false;
		if (s < end && *s == '.')
			for (s++; s < end && *s >= '0' && *s <= '9'; s++)
				v += (*s - '0') * (scale /= 10);
		int64_t unit = unit_at(&s, end), part;
		if (!unit || __builtin_mul_overflow(whole, unit, &part) ||
		    __builtin_add_overflow(part, (int64_t)(v * (double)unit + 0.5), &part) ||
		    __builtin_add_overflow(sum, part, &sum))
			return false;
	}
	*ns = sum;
	return true;
}

size_t duration_format(char *to, int64_t ns)
{
	char *p = to;
	if (ns < 0) {
		*p++ = '-';
		ns = -ns;
	}
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (ns % units[i].ns == 0 && ns >= units[i].ns) {
			p += fmt_u64(p, (uint64_t)(ns / units[i].ns));
			size_t n = strlen(units[i].name);
			memcpy(p, units[i].name, n);
			return (size_t)(p + n - to);
		}
	*p++ = '0';
	*p++ = 's';
	return (size_t)(p - to);
}
