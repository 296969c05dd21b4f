/* SPDX-License-Identifier: MIT */
/* json_in_value - inside json_in: scalars from text, inline for the reader's loop.
 *
 * Each reads at S, where at least 64 bytes may be read and a character that belongs to no
 * number ends every number.
 */
#ifndef SM_COLUMN_JSON_IN_VALUE_H
#define SM_COLUMN_JSON_IN_VALUE_H

#include "base/clock.h"
#include "column/json_in_plan.h"
#include "json/number.h"

static inline uint64_t jin_load(const char *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof v);
	return v;
}

/* The value of eight digits 0 to 9, the first one in the lowest byte (J. Mula). */
static inline uint32_t jin_eight(uint64_t x)
{
	x = x * 10 + (x >> 8);
	return (uint32_t)(((x & UINT64_C(0x000000FF000000FF)) * UINT64_C(0x000F424000000064) +
			   ((x >> 16) & UINT64_C(0x000000FF000000FF)) * UINT64_C(0x0000271000000001)) >> 32);
}

/* Add the digits at S to *V (modulo 2^64); returns what follows them. Up to seven digits cost no branch that
 * depends on how many there are. */
static inline const char *jin_digits(const char *s, uint64_t *v)
{
	static const uint32_t ten[] = { 1, 10, 100, 1000, 10000, 100000, 1000000, 10000000 };
	for (uint64_t r = *v;; s += 8) {
		uint64_t x = jin_load(s) ^ UINT64_C(0x3030303030303030);
		/* The lowest byte that is not a digit has a bit set here; what is above it may be spoilt by a carry. */
		uint64_t other = (x | (x + UINT64_C(0x0606060606060606))) & UINT64_C(0xF0F0F0F0F0F0F0F0);
		if (other) {
			unsigned n = (unsigned)__builtin_ctzll(other) / 8;
			*v = r * ten[n] + jin_eight(x << (56 - 8 * n) << 8);
			return s + n;
		}
		r = r * 100000000 + jin_eight(x);
	}
}

/* A whole number in [MIN, MAX]: true, and the text behind it is fit to end a number. */
static inline bool jin_integer(const char *s, int64_t min, int64_t max, int64_t *v)
{
	bool minus = *s == '-';
	uint64_t u = 0;
	const char *d = s + minus, *end = jin_digits(d, &u);
	if (end == d || end - d > 19 || (*d == '0' && end - d > 1) || !json_is(*end, JSON_C_END))
		return false;
	/* 19 digits fit a uint64_t. */
	if (u > (minus ? -(uint64_t)min : (uint64_t)max))
		return false;
	*v = minus ? (int64_t)-u : (int64_t)u;
	return true;
}

/* Exact when the digits fit 2^53 and the power of ten is exact (W. Clinger 1990); the library rounds the rest. */
static inline bool jin_double(const char *s, double *v)
{
	static const double ten[] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
		1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
	const char *end = json_walk_number(s), *d = s + (*s == '-'), *p;
	uint64_t u = 0;
	ptrdiff_t fraction = 0;
	if (!end)
		return false;
	p = jin_digits(d, &u);
	ptrdiff_t digits = p - d;
	if (*p == '.') {
		const char *from = ++p;
		p = jin_digits(p, &u);
		fraction = p - from;
	}
	if (p != end || digits + fraction > 19 || u > (UINT64_C(1) << 53) || fraction > 22)
		return json_parse_double(s, (size_t)(end - s), v) &&
			(d + digits != end || json_double_keeps(d, (size_t)digits, *v));
	*v = (double)u / ten[fraction];
	if (*s == '-')
		*v = -*v;
	return true;
}

static inline bool jin_float(const char *s, float *v)
{
	const char *end = json_walk_number(s), *d = s + (*s == '-');
	if (!end || !json_parse_float(s, (size_t)(end - s), v))
		return false;
	return json_walk_digits(d) != end || json_float_keeps(d, (size_t)(end - d), *v);
}

/* "NaN", "Infinity" and "-Infinity", as columns are printed. */
static inline bool jin_special(const char *s, size_t n, double *v)
{
	if (n == 3 && memcmp(s, "NaN", 3) == 0)
		*v = __builtin_nan("");
	else if (n == 8 && memcmp(s, "Infinity", 8) == 0)
		*v = __builtin_inf();
	else if (n == 9 && memcmp(s, "-Infinity", 9) == 0)
		*v = -__builtin_inf();
	else
		return false;
	return true;
}

static inline int jin_two(uint64_t digits, int at)
{
	return (int)(digits >> (8 * at) & 15) * 10 + (int)(digits >> (8 * at + 8) & 15);
}

/* Do the bytes of X, the text xor its pattern, fit: 0 to 9 where ADD is 6, exactly 0 where it is 15? */
static inline bool jin_fits(uint64_t x, uint64_t add)
{
	return ((x | (x + add)) & UINT64_C(0xF0F0F0F0F0F0F0F0)) == 0;
}

/* The day of "YYYY-MM-DD"; the last one that this column had is remembered. */
static inline bool jin_day(struct jin_node *f, const char *s, int64_t *day)
{
	uint64_t a = jin_load(s), b = jin_load(s + 8) & 0xFFFF;
	if (a == f->day_text[0] && b == f->day_text[1]) {
		*day = f->day;
		return true;
	}
	int32_t d;
	if (!date_parse(s, 10, &d))
		return false;
	f->day_text[0] = a;
	f->day_text[1] = b;
	*day = f->day = d;
	return true;
}

/* `YYYY-MM-DDTHH:MM:SS`, up to six digits of a fraction, and Z (ZONE) or nothing; what else RFC 3339 allows
 * goes the slow way. */
static inline bool jin_time(struct jin_node *f, const char *s, size_t n, bool zone, int64_t *us)
{
	int64_t day, fraction = 0;
	enum time_zone z;
	if (n < 19 + (size_t)zone)
		goto slow;
	uint64_t x = jin_load(s + 11) ^ UINT64_C(0x30303A30303A3030);  /* HH:MM:SS */
	if (!jin_fits(x, UINT64_C(0x06060F06060F0606)) || s[10] != 'T' || (zone && s[n - 1] != 'Z'))
		goto slow;
	int hour = jin_two(x, 0), minute = jin_two(x, 3), second = jin_two(x, 6);
	if (hour > 23 || minute > 59 || second > 59)
		goto slow;
	size_t digits = n - 19 - zone;
	if (digits) {
		static const int32_t scale[] = { 1000000, 100000, 10000, 1000, 100, 10, 1 };
		uint64_t u = 0;
		if (s[19] != '.' || digits < 2 || digits > 7 || jin_digits(s + 20, &u) != s + 19 + digits)
			goto slow;
		fraction = (int64_t)u * scale[digits - 1];
	}
	if (!jin_day(f, s, &day))
		return false;
	*us = day * US_PER_DAY + (int64_t)(hour * 3600 + minute * 60 + second) * US_PER_SEC + fraction;
	return true;
slow:
	return time_parse(s, n, us, &z) && (z == ZONE_NONE) == !zone;
}

#endif
