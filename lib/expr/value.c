/* SPDX-License-Identifier: MIT */
/* Exact decimals up to 38 digits, doubles in Spark's order, and their text. */
#include "expr/node.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef unsigned __int128 u128;

__int128 dec_pow10(int n)
{
	__int128 p = 1;
	while (n-- > 0)
		p *= 10;
	return p;
}

static u128 magnitude(__int128 v) { return v < 0 ? -(u128)v : (u128)v; }

bool dec_fits(__int128 v, int precision) { return magnitude(v) < (u128)dec_pow10(precision); }

/* A and B scaled alike; what overflows on the way up is the larger by magnitude */
int dec_cmp(__int128 a, int sa, __int128 b, int sb)
{
	__int128 t;
	if (sa < sb) {
		if (__builtin_mul_overflow(a, dec_pow10(sb - sa), &t))
			return a < 0 ? -1 : 1;
		a = t;
	} else if (sb < sa) {
		if (__builtin_mul_overflow(b, dec_pow10(sa - sb), &t))
			return b < 0 ? 1 : -1;
		b = t;
	}
	return (a > b) - (a < b);
}

/* half away from zero */
static __int128 div_round(__int128 v, __int128 by)
{
	__int128 q = v / by, r = v % by;
	if (magnitude(r) >= magnitude(by) - magnitude(r))
		q += (v < 0) == (by < 0) ? 1 : -1;
	return q;
}

bool dec_rescale(__int128 v, int from, int to, __int128 *out)
{
	if (to >= from)
		return to - from <= 38 ? !__builtin_mul_overflow(v, dec_pow10(to - from), out) : v == 0;
	*out = from - to > 38 ? 0 : div_round(v, dec_pow10(from - to));
	return true;
}

struct u256 {
	u128 hi, lo;
};

static struct u256 mul_wide(u128 a, u128 b)
{
	const u128 low = UINT64_MAX;
	u128 p0 = (a & low) * (b & low), p1 = (a >> 64) * (b & low), p2 = (a & low) * (b >> 64), p3 = (a >> 64) * (b >> 64);
	u128 mid = (p0 >> 64) + (p1 & low) + (p2 & low);
	return (struct u256){ p3 + (p1 >> 64) + (p2 >> 64) + (mid >> 64), mid << 64 | (p0 & low) };
}

/* N / D to the nearest, half up, D < 2^127; false when it does not fit */
static bool div_wide(struct u256 n, u128 d, u128 *q)
{
	u128 r = 0, quo = 0;
	for (int i = 255; i >= 0; i--) {
		r = r << 1 | ((i >= 128 ? n.hi >> (i - 128) : n.lo >> i) & 1);
		if (quo >> 127)
			return false;
		quo <<= 1;
		if (r >= d) {
			r -= d;
			quo |= 1;
		}
	}
	if (r >= d - r)
		quo++;
	*q = quo;
	return !(quo >> 127);
}

static __int128 with_sign(u128 v, bool negative) { return negative ? -(__int128)v : (__int128)v; }

bool dec_mul(__int128 a, __int128 b, int drop, __int128 *out)
{
	u128 q;
	if (!drop && !__builtin_mul_overflow(a, b, out))
		return true;
	if (drop < 0 || drop > 38 || !div_wide(mul_wide(magnitude(a), magnitude(b)), (u128)dec_pow10(drop), &q))
		return false;
	*out = with_sign(q, (a < 0) != (b < 0));
	return true;
}

/* a * 10^shift may need more than 256 bits only beyond shift 38: then in two steps */
bool dec_div(__int128 a, __int128 b, int shift, __int128 *out)
{
	u128 q;
	if (shift < 0) {
		__int128 t;
		if (shift < -38 || __builtin_mul_overflow(b, dec_pow10(-shift), &t))
			return false;
		b = t;
		shift = 0;
	}
	if (shift > 38 || !div_wide(mul_wide(magnitude(a), (u128)dec_pow10(shift)), magnitude(b), &q))
		return false;
	*out = with_sign(q, (a < 0) != (b < 0));
	return true;
}

/* through text, so that the nearest double is found whatever the size */
double dec_double(__int128 v, int scale)
{
	char text[64];
	size_t i = sizeof text;
	u128 m = magnitude(v);
	if (m < (u128)1 << 53 && scale <= 22) /* both exact: one rounding */
		return (v < 0 ? -1.0 : 1.0) * (double)(uint64_t)m / (double)dec_pow10(scale);
	i -= 8;
	snprintf(text + i, 8, "e-%d", scale);
	do {
		text[--i] = (char)('0' + (int)(m % 10));
		m /= 10;
	} while (m);
	if (v < 0)
		text[--i] = '-';
	return strtod(text + i, NULL);
}

/* [+-] digits [. digits] [e [+-] digits]; a scale below 0 becomes 0 */
bool dec_parse(const char *p, size_t n, __int128 *v, int *precision, int *scale)
{
	size_t i = n && (*p == '-' || *p == '+');
	bool negative = i && *p == '-', point = false, any = false;
	__int128 m = 0;
	int digits = 0, frac = 0, exp = 0;
	for (; i < n; i++) {
		if (p[i] == '.' && !point) {
			point = true;
			continue;
		}
		if (p[i] < '0' || p[i] > '9')
			break;
		any = true;
		if (digits == 38 && point && p[i] == '0') /* zeroes at the end of a fraction cost nothing */
			continue;
		if (digits == 38)
			return false;
		m = m * 10 + (p[i] - '0');
		digits += digits || p[i] != '0';
		frac += point;
	}
	if (i < n && any && (p[i] | 32) == 'e') {
		bool minus = ++i < n && p[i] == '-';
		i += minus || (i < n && p[i] == '+');
		if (i == n)
			return false;
		for (; i < n && p[i] >= '0' && p[i] <= '9'; i++)
			exp = exp > 1000 ? exp : exp * 10 + (p[i] - '0');
		frac -= minus ? -exp : exp;
	}
	if (!any || i < n)
		return false;
	for (; frac < 0; frac++, digits += digits != 0)
		if (m && (digits >= 38 || __builtin_mul_overflow(m, (__int128)10, &m)))
			return false;
	if (frac > 38)
		return false;
	*v = negative ? -m : m;
	*precision = digits > frac ? digits : frac ? frac : 1;
	*scale = frac;
	return *precision <= 38;
}

/* NaN is the largest, and equal to itself. */
static int dbl_cmp(double a, double b)
{
	if (a != a || b != b)
		return (a != a) - (b != b);
	return (a > b) - (a < b);
}

int value_cmp(enum vkind k, const struct value *a, const struct value *b)
{
	switch (k) {
	case V_DBL:
		return dbl_cmp(a->d, b->d);
	case V_DEC:
		return (a->dec > b->dec) - (a->dec < b->dec);
	case V_STR:
		return str_cmp(a->s, b->s);
	default:
		return (a->i > b->i) - (a->i < b->i);
	}
}

/* shortest digits that read back, as Double.toString lays them out since JDK 19 */
size_t dbl_text(char to[64], double v, bool single)
{
	char d[40], out[64];
	size_t n = 0;
	if (v != v || v == INFINITY || v == -INFINITY) {
		const char *s = v != v ? "NaN" : v > 0 ? "Infinity" : "-Infinity";
		memcpy(to, s, strlen(s));
		return strlen(s);
	}
	for (int digits = 0; digits <= 17; digits++) {
		snprintf(d, sizeof d, "%.*e", digits, v);
		if (single ? strtof(d, NULL) == (float)v : strtod(d, NULL) == v)
			break;
	}
	char *mark = strchr(d, 'e');
	int exp = (int)strtol(mark + 1, NULL, 10);
	char digit[24];
	int nd = 0;
	for (char *c = d; c < mark; c++)
		if (*c >= '0' && *c <= '9')
			digit[nd++] = *c;
	while (nd > 1 && digit[nd - 1] == '0')
		nd--;
	if (d[0] == '-')
		out[n++] = '-';
	bool plain = v == 0 || (exp >= -3 && exp < 7);
	int whole = plain ? exp : 0;  /* position of the point behind the first digit */
	if (whole < 0) {
		out[n++] = '0';
		out[n++] = '.';
		for (int k = -1; k > whole; k--)
			out[n++] = '0';
		for (int k = 0; k < nd; k++)
			out[n++] = digit[k];
	} else {
		for (int k = 0; k <= whole; k++)
			out[n++] = k < nd ? digit[k] : '0';
		out[n++] = '.';
		for (int k = whole + 1; k < nd; k++)
			out[n++] = digit[k];
		if (nd <= whole + 1)
			out[n++] = '0';
	}
	if (!plain)
		n += (size_t)snprintf(out + n, sizeof out - n, "E%d", exp);
	memcpy(to, out, n);
	return n;
}
