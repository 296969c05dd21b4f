/* SPDX-License-Identifier: MIT */
/* Numbers, times, base64 and escaped text, written at a raw pointer; room has been made before. */
#include "column/format.h"

#include "base/clock.h"
#include "json/number.h"

#include <math.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

static const char pairs[200] =
	"00010203040506070809101112131415161718192021222324"
	"25262728293031323334353637383940414243444546474849"
	"50515253545556575859606162636465666768697071727374"
	"75767778798081828384858687888990919293949596979899";

static inline void put2(char *to, unsigned v)
{
	memcpy(to, pairs + v * 2, 2);
}

static inline unsigned count_digits(uint64_t v)
{
	static const uint64_t ten[] = { 0, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000,
		UINT64_C(10000000000), UINT64_C(100000000000), UINT64_C(1000000000000), UINT64_C(10000000000000),
		UINT64_C(100000000000000), UINT64_C(1000000000000000), UINT64_C(10000000000000000),
		UINT64_C(100000000000000000), UINT64_C(1000000000000000000), UINT64_C(10000000000000000000) };
	unsigned guess = (unsigned)(64 - __builtin_clzll(v | 1)) * 1233 >> 12;  /* log10(2) = 1233 / 4096 */
	return guess + (v >= ten[guess]);
}

static char *put_u64(char *to, uint64_t v)
{
	unsigned n = count_digits(v);
	char *end = to + n, *p = end;
	while (v >= 100) {
		p -= 2;
		put2(p, (unsigned)(v % 100));
		v /= 100;
	}
	if (v >= 10)
		put2(to, (unsigned)v);
	else
		*to = (char)('0' + v);
	return end;
}

char *format_i64(char *to, int64_t v)
{
	if (v < 0) {
		*to++ = '-';
		return put_u64(to, -(uint64_t)v);
	}
	return put_u64(to, (uint64_t)v);
}

static inline void set_day(struct format_time *day, int32_t days)
{
	if (day->set && day->days == days)
		return;
	day->n = (uint8_t)date_format(day->text, days);
	day->days = days;
	day->set = true;
}

/* Copies 16 bytes whatever the length: a day's text has at most so many, and the caller has room. */
char *format_date(char *to, struct format_time *day, int32_t days)
{
	set_day(day, days);
	*to++ = '"';
	memcpy(to, day->text, 16);
	to += day->n;
	*to++ = '"';
	return to;
}

static char *put_fraction(char *to, unsigned us, enum json_out_form form)
{
	if (us == 0 && form != JSON_FORM_MS && form != JSON_FORM_US)
		return to;
	*to++ = '.';
	unsigned ms = us / 1000, rest = us % 1000;
	*to++ = (char)('0' + ms / 100);
	put2(to, ms % 100);
	to += 2;
	if (rest == 0 && form != JSON_FORM_US)
		return to;
	*to++ = (char)('0' + rest / 100);
	put2(to, rest % 100);
	return to + 2;
}

char *format_timestamp(char *to, struct format_time *day, int64_t us, enum json_out_form form, bool zone)
{
	int64_t days = time_floor_div(us, US_PER_DAY);
	uint64_t rest = (uint64_t)(us - days * US_PER_DAY);
	unsigned sec = (unsigned)(rest / 1000000), frac = (unsigned)(rest % 1000000), min = sec / 60;
	set_day(day, (int32_t)days);
	*to++ = '"';
	memcpy(to, day->text, 16);
	to += day->n;
	*to++ = 'T';
	put2(to, min / 60);
	to[2] = ':';
	put2(to + 3, min % 60);
	to[5] = ':';
	put2(to + 6, sec % 60);
	to = put_fraction(to + 8, frac, form);
	if (zone)
		*to++ = 'Z';
	*to++ = '"';
	return to;
}

static char *put_special(char *to, double v)
{
	const char *text = isnan(v) ? "\"NaN\"" : v > 0 ? "\"Infinity\"" : "\"-Infinity\"";
	size_t n = strlen(text);
	memcpy(to, text, n);
	return to + n;
}

static char *drop_zero(char *start, char *end, enum json_out_form form)
{
	if (form == JSON_FORM_WHOLE && end - start > 2 && end[-1] == '0' && end[-2] == '.')
		return end - 2;
	return end;
}

/* A double with few decimals (a price, a place on the map, a score) is m / 10^k with m below 2^53. That
 * division is rounded correctly, so where it gives the value back, its text does too; the smallest k is the shortest. */
char *format_double(char *to, double v, enum json_out_form form)
{
	static const double ten[] = { 1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8 };
	if (!isfinite(v))
		return put_special(to, v);
	double a = fabs(v);
	for (unsigned k = 1; a < 1e7 && a >= 1e-3 && k < 9; k++) {
		uint64_t m = (uint64_t)(a * ten[k] + 0.5), p = (uint64_t)ten[k];
		if ((double)m / ten[k] != a)
			continue;
		char *start = to;
		if (v < 0)
			*to++ = '-';
		to = put_u64(to, m / p);
		*to = '.';
		uint64_t f = m % p;
		for (unsigned i = k; i > 0; i--, f /= 10)
			to[i] = (char)('0' + f % 10);
		return drop_zero(start, to + 1 + k, form);
	}
	return drop_zero(to, to + json_format_double(to, v), form);
}

char *format_float(char *to, float v, enum json_out_form form)
{
	if (!isfinite(v))
		return put_special(to, (double)v);
	return drop_zero(to, to + json_format_float(to, v), form);
}

char *format_decimal(char *to, __int128 v, unsigned scale)
{
	char digits[48];
	unsigned n = 0;
	unsigned __int128 u = v < 0 ? -(unsigned __int128)v : (unsigned __int128)v;
	if (v < 0)
		*to++ = '-';
	while (u >> 64) {
		digits[n++] = (char)('0' + (unsigned)(u % 10));
		u /= 10;
	}
	for (uint64_t low = (uint64_t)u; low; low /= 10)
		digits[n++] = (char)('0' + low % 10);
	while (n <= scale)
		digits[n++] = '0';
	while (n > scale)
		*to++ = digits[--n];
	if (scale)
		*to++ = '.';
	while (n)
		*to++ = digits[--n];
	return to;
}

char *format_base64(char *to, const void *data, size_t n)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = data;
	*to++ = '"';
	for (; n >= 3; n -= 3, p += 3, to += 4) {
		unsigned v = (unsigned)p[0] << 16 | (unsigned)p[1] << 8 | p[2];
		to[0] = set[v >> 18];
		to[1] = set[v >> 12 & 63];
		to[2] = set[v >> 6 & 63];
		to[3] = set[v & 63];
	}
	if (n) {
		unsigned v = (unsigned)p[0] << 16 | (n == 2 ? (unsigned)p[1] << 8 : 0);
		to[0] = set[v >> 18];
		to[1] = set[v >> 12 & 63];
		to[2] = n == 2 ? set[v >> 6 & 63] : '=';
		to[3] = '=';
		to += 4;
	}
	*to++ = '"';
	return to;
}

static char *put_escape(char *to, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	/* Of the control characters these have short forms: 8 b, 9 t, 10 n, 12 f, 13 r. */
	static const char shorts[33] = "........btn.fr..................";
	*to++ = '\\';
	if (c >= 0x20) {
		*to++ = (char)c;
	} else if (shorts[c] != '.') {
		*to++ = shorts[c];
	} else {
		memcpy(to, "u00", 3);
		to[3] = hex[c >> 4];
		to[4] = hex[c & 15];
		to += 5;
	}
	return to;
}

#ifdef __SSE2__
/* A bit for each of 16 bytes that must be escaped: below 0x20 (max(c, 0x1F) == 0x1F), '"' or '\\'. */
static inline unsigned escapes16(__m128i v)
{
	__m128i low = _mm_cmpeq_epi8(_mm_max_epu8(v, _mm_set1_epi8(0x1F)), _mm_set1_epi8(0x1F));
	__m128i quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"')), slash = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));
	return (unsigned)_mm_movemask_epi8(_mm_or_si128(low, _mm_or_si128(quote, slash)));
}

static inline unsigned copy16(char *to, const char *s, unsigned *high)
{
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)s);
	_mm_storeu_si128((__m128i *)(void *)to, v);
	*high |= (unsigned)_mm_movemask_epi8(v);
	return escapes16(v);
}
#else
/* Eight bytes at a time, with the zero-byte tests of Hacker's Delight, section 6-1; the lowest bit set is exact. */
static inline unsigned copy16(char *to, const char *s, unsigned *high_seen)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;
	unsigned mask = 0;
	memcpy(to, s, 16);
	for (unsigned half = 0; half < 2; half++) {
		uint64_t w;
		memcpy(&w, s + half * 8, 8);
		*high_seen |= (w & high) != 0;
		uint64_t q = w ^ ones * '"', b = w ^ ones * '\\';
		uint64_t hit = ((w - ones * 0x20) & ~w & high) | ((q - ones) & ~q & high) | ((b - ones) & ~b & high);
		if (hit && !mask)
			mask = 1u << ((unsigned)__builtin_ctzll(hit) / 8 + half * 8);
	}
	return mask;
}
#endif

char *format_chars(char *to, const char *s, size_t n, unsigned *high)
{
	const char *end = s + n;
	unsigned seen = 0;
	while (s < end) {
		unsigned mask = copy16(to, s, &seen);
		size_t left = (size_t)(end - s), run = mask ? (size_t)__builtin_ctz(mask) : 16;
		if (run >= left) {
			to += left;
			break;
		}
		to += run;
		s += run;
		if (mask)
			to = put_escape(to, (unsigned char)*s++);
	}
	*high |= seen;
	return to;
}
