/* SPDX-License-Identifier: MIT */
/* The rarer kinds of value: binary and decimal. */
#include "column/json_in_plan.h"

static int base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Padded base64 to a new row of C. The bits behind the last byte must be zero, so that one value has one text. */
bool jin_binary(struct column *c, const char *s, size_t n)
{
	size_t pad = 0;
	if (n % 4)
		return false;
	if (n)
		pad = s[n - 1] != '=' ? 0 : s[n - 2] != '=' ? 1 : 2;
	column_reserve(c, 1, n / 4 * 3);
	unsigned char *to = (unsigned char *)c->data + c->ndata;
	uint32_t v = 0;
	for (size_t i = 0; i < n; i++) {
		int d = i + pad >= n ? 0 : base64_digit(s[i]);
		if (d < 0)
			return false;
		v = v << 6 | (uint32_t)d;
		if (i % 4 == 3) {
			*to++ = (unsigned char)(v >> 16);
			*to++ = (unsigned char)(v >> 8);
			*to++ = (unsigned char)v;
		}
	}
	for (size_t i = 1; i <= pad; i++)
		if (to[-(ptrdiff_t)i])
			return false;
	c->ndata += n / 4 * 3 - pad;
	c->offsets[c->n + 1] = (int32_t)c->ndata;
	if (c->valid)
		bit_set(c->valid, c->n);
	c->n++;
	return true;
}

struct decimal {
	unsigned __int128 v;
	unsigned used;           /* digits of v */
	int64_t zeros;           /* behind the digits of v, not in it yet */
	int64_t exponent;        /* the value is v x 10^(zeros + exponent) */
	bool minus;
};

/* Take digits, at most 38 that count: zeros at the end do not, so that a long text of a short value fits. */
static bool decimal_digits(const char **s, const char *end, struct decimal *d, bool fraction)
{
	const char *from = *s;
	for (; *s < end && **s >= '0' && **s <= '9'; ++*s) {
		d->exponent -= fraction;
		d->zeros++;
		if (**s == '0')
			continue;
		for (; d->v && d->zeros; d->zeros--) {
			if (++d->used > 38)
				return false;
			d->v *= 10;
		}
		if (!d->v)
			d->used = 1;
		d->zeros = 0;
		d->v += (unsigned)(**s - '0');
	}
	return *s > from;
}

static bool decimal_exponent(const char **s, const char *end, int64_t *exponent)
{
	if (*s == end || (**s != 'e' && **s != 'E'))
		return true;
	++*s;
	bool minus = *s < end && **s == '-';
	if (*s < end && (**s == '-' || **s == '+'))
		++*s;
	const char *from = *s;
	int64_t v = 0;
	for (; *s < end && **s >= '0' && **s <= '9'; ++*s)
		if (v < 1000000000)
			v = v * 10 + (**s - '0');
	*exponent += minus ? -v : v;
	return *s > from;
}

/* The text of a number, in JSON's grammar, exactly as a decimal of TYPE's precision and scale. */
bool jin_decimal(const char *s, size_t n, const struct type *type, __int128 *out)
{
	const char *end = s + n;
	struct decimal d = { 0 };
	if (s < end && *s == '-') {
		d.minus = true;
		s++;
	}
	if (end - s > 1 && s[0] == '0' && s[1] >= '0' && s[1] <= '9')
		return false;
	if (!decimal_digits(&s, end, &d, false))
		return false;
	if (s < end && *s == '.') {
		s++;
		if (!decimal_digits(&s, end, &d, true))
			return false;
	}
	if (!decimal_exponent(&s, end, &d.exponent) || s != end)
		return false;
	if (!d.v) {
		*out = 0;
		return true;
	}
	int64_t shift = d.exponent + d.zeros + type->scale;
	if (shift < 0 || shift > 38)
		return false;
	unsigned __int128 limit = 1;
	for (unsigned i = 0; i < type->precision; i++)
		limit *= 10;
	for (; shift > 0; shift--) {
		if (d.v >= limit)
			return false;
		d.v *= 10;
	}
	if (d.v >= limit)
		return false;
	*out = d.minus ? -(__int128)d.v : (__int128)d.v;
	return true;
}
