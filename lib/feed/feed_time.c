/* SPDX-License-Identifier: MIT */
/* Reads RFC 822 and W3C times, and the forms that are seen in their place. */
#include "feed/feed_time.h"

#include "base/ascii.h"
#include "base/clock.h"

#include <string.h>
#include <strings.h>

#define MAX_TEXT 128
#define US_PER_MIN (60 * US_PER_SEC)

/* A time as it is put together. -1: not there yet. */
struct parts {
	int64_t year;
	int day, month;
	int64_t clock_us;        /* since midnight */
	int zone_min;
	bool zone;
};

/* All N characters as a number; at most nine. */
static bool number(const char *s, size_t n, int *v)
{
	*v = 0;
	if (n == 0 || n > 9)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!ascii_digit(s[i]))
			return false;
		*v = *v * 10 + (s[i] - '0');
	}
	return true;
}

/* hh:mm, hh:mm:ss, hh:mm:ss.fff */
static bool clock_part(const char *s, size_t n, int64_t *us)
{
	int part[3] = { 0, 0, 0 }, k = 0;
	size_t i = 0;
	int64_t fraction = 0;
	for (; k < 3; k++) {
		size_t from = i;
		while (i < n && ascii_digit(s[i]))
			i++;
		if (i - from > 2 || !number(s + from, i - from, &part[k]))
			return false;
		if (i == n || s[i] != ':')
			break;
		i++;
	}
	if (k == 0 || k == 3)
		return false;
	if (k == 2 && i < n && s[i] == '.') {
		int64_t unit = 100000;
		for (i++; i < n && ascii_digit(s[i]); i++, unit /= 10)
			fraction += unit * (s[i] - '0');
	}
	/* 60: a leap second, which is the next minute's first here. */
	if (i != n || part[0] > 23 || part[1] > 59 || part[2] > 60)
		return false;
	*us = ((part[0] * 60 + part[1]) * INT64_C(60) + part[2]) * US_PER_SEC + fraction;
	return true;
}

/* +hhmm, +hh:mm, +hh */
static bool offset_part(const char *s, size_t n, int *min)
{
	int h, m = 0;
	bool colon = n == 6 && s[3] == ':';
	if ((n != 3 && n != 5 && !colon) || (*s != '+' && *s != '-') || !number(s + 1, 2, &h))
		return false;
	if (n > 3 && !number(s + n - 2, 2, &m))
		return false;
	if (h > 23 || m > 59)
		return false;
	*min = (h * 60 + m) * (*s == '-' ? -1 : 1);
	return true;
}

static int month_part(const char *s, size_t n)
{
	static const char *const full[] = { "january", "february", "march", "april", "may", "june", "july", "august", "september",
		"october", "november", "december" };
	/* From three letters on: Sep, Sept, September. */
	for (int i = 0; n >= 3 && i < 12; i++)
		if (n <= strlen(full[i]) && strncasecmp(s, full[i], n) == 0)
			return i + 1;
	return 0;
}

static bool is_weekday(const char *s, size_t n)
{
	static const char *const full[] = { "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday" };
	for (int i = 0; n >= 2 && i < 7; i++)
		if (n <= strlen(full[i]) && strncasecmp(s, full[i], n) == 0)
			return true;
	return false;
}

static bool zone_part(const char *s, size_t n, int *min)
{
	static const struct {
		char name[5];
		short min;
	} zones[] = {
		{ "UT", 0 }, { "GMT", 0 }, { "UTC", 0 }, { "WET", 0 }, { "EST", -300 }, { "EDT", -240 }, { "CST", -360 }, { "CDT", -300 },
		{ "MST", -420 }, { "MDT", -360 }, { "PST", -480 }, { "PDT", -420 }, { "AKST", -540 }, { "AKDT", -480 }, { "HST", -600 },
		{ "AST", -240 }, { "ADT", -180 }, { "NST", -210 }, { "NDT", -150 }, { "BRT", -180 }, { "WEST", 60 }, { "BST", 60 },
		{ "CET", 60 }, { "MET", 60 }, { "CEST", 120 }, { "MEST", 120 }, { "EET", 120 }, { "EEST", 180 }, { "MSK", 180 }, { "SAST", 120 },
		{ "HKT", 480 }, { "SGT", 480 }, { "AWST", 480 }, { "JST", 540 }, { "KST", 540 }, { "ACST", 570 }, { "AEST", 600 },
		{ "AEDT", 660 }, { "NZST", 720 }, { "NZDT", 780 },
	};
	/* The military letters were defined with the wrong sign; RFC 2822 has them all as "not known", which is UTC. */
	if (n == 1 && ascii_letter(*s) && *s != 'J' && *s != 'j') {
		*min = 0;
		return true;
	}
	for (size_t i = 0; i < sizeof zones / sizeof *zones; i++)
		if (n == strlen(zones[i].name) && strncasecmp(s, zones[i].name, n) == 0) {
			*min = zones[i].min;
			return true;
		}
	/* GMT+0100, UTC+2:00 */
	if (n > 3 && (strncasecmp(s, "GMT", 3) == 0 || strncasecmp(s, "UTC", 3) == 0))
		return offset_part(s + 3, n - 3, min);
	return false;
}

static bool year_part(const char *s, size_t n, int64_t *year)
{
	int v;
	if (n < 2 || n > 4 || !number(s, n, &v))
		return false;
	*year = n == 2 ? v + (v < 50 ? 2000 : 1900) : n == 3 ? v + 1900 : v;
	return *year >= 1;
}

/* One word of an RFC 822 date. Day and year are told apart by their order. */
static bool take(struct parts *p, const char *s, size_t n)
{
	int month;
	if (ascii_digit(*s) && memchr(s, ':', n))
		return p->clock_us < 0 && clock_part(s, n, &p->clock_us);
	if (ascii_digit(*s) && p->day < 0)
		return n <= 2 && number(s, n, &p->day);
	if (ascii_digit(*s))
		return p->year < 0 && year_part(s, n, &p->year);
	/* Behind the clock a word is the zone; a second one (GMT (Coordinated Universal Time)) says it again. */
	if (p->clock_us >= 0 && (*s == '+' || *s == '-')) {
		p->zone = true;
		return offset_part(s, n, &p->zone_min);
	}
	if (p->clock_us >= 0 && !p->zone && zone_part(s, n, &p->zone_min))
		return p->zone = true;
	if (p->month < 0 && (month = month_part(s, n)) != 0) {
		p->month = month;
		return true;
	}
	return p->clock_us < 0 && p->day < 0 && is_weekday(s, n);
}

/* The end of the word at S. A hyphen parts the words of 06-Nov-94, but begins a zone. */
static size_t word_length(const struct parts *p, const char *s, size_t n)
{
	size_t i = 1;
	while (i < n && !ascii_space(s[i]) && s[i] != ',' && s[i] != '(' && (s[i] != '-' || p->clock_us >= 0))
		i++;
	return i;
}

static bool rfc822(const char *s, size_t n, struct parts *p)
{
	for (size_t i = 0; i < n;) {
		if (ascii_space(s[i]) || s[i] == ',' || (s[i] == '-' && p->clock_us < 0)) {
			i++;
		} else if (s[i] == '(') {
			const char *close = memchr(s + i, ')', n - i);
			if (!close)
				return false;
			i = (size_t)(close - s) + 1;
		} else {
			/* `Sat,` and `Sat.` */
			size_t len = word_length(p, s + i, n - i), word = len;
			if (word > 1 && s[i + word - 1] == '.')
				word--;
			if (!take(p, s + i, word))
				return false;
			i += len;
		}
	}
	return p->day > 0 && p->month > 0 && p->year > 0;
}

/* YYYY, YYYY-MM, YYYY-MM-DD, and with Thh:mm[:ss[.f]] and a zone behind it. */
static bool w3c(const char *s, size_t n, struct parts *p)
{
	int y;
	size_t i;
	if (n < 4 || !number(s, 4, &y))
		return false;
	*p = (struct parts){ y, 1, 1, 0, 0, false };
	if (n == 4)
		return y > 0;
	if (n < 7 || s[4] != '-' || !number(s + 5, 2, &p->month))
		return false;
	if (n == 7)
		return true;
	if (n < 10 || s[7] != '-' || !number(s + 8, 2, &p->day))
		return false;
	if (n == 10)
		return true;
	if (s[10] != 'T' && s[10] != 't' && s[10] != ' ')
		return false;
	for (i = 11; i < n && (ascii_digit(s[i]) || s[i] == ':' || s[i] == '.'); i++)
		;
	if (!clock_part(s + 11, i - 11, &p->clock_us))
		return false;
	while (i < n && ascii_space(s[i]))
		i++;
	return i == n || offset_part(s + i, n - i, &p->zone_min) || zone_part(s + i, n - i, &p->zone_min);
}

bool feed_time(const char *s, size_t n, int64_t *us)
{
	struct parts p = { -1, -1, -1, -1, 0, false };
	while (n && ascii_space(*s))
		s++, n--;
	while (n && ascii_space(s[n - 1]))
		n--;
	if (n == 0 || n > MAX_TEXT)
		return false;
	if (!w3c(s, n, &p)) {
		p = (struct parts){ -1, -1, -1, -1, 0, false };
		if (!rfc822(s, n, &p))
			return false;
	}
	if (p.year < 1 || p.month < 1 || p.month > 12 || p.day < 1 || (unsigned)p.day > date_days_in_month(p.year, (unsigned)p.month))
		return false;
	*us = date_from_civil(p.year, (unsigned)p.month, (unsigned)p.day) * US_PER_DAY;
	*us += (p.clock_us > 0 ? p.clock_us : 0) - p.zone_min * US_PER_MIN;
	return true;
}
