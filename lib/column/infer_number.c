/* SPDX-License-Identifier: MIT */
/* Finds the smallest number type that gives every sampled text back as it was. */
#include "column/infer_number.h"

#include "base/num.h"
#include "column/format.h"
#include "json/number.h"

#include <stdio.h>
#include <string.h>

/* A number as sign, digits without zeros at either end, and the power of ten of its last digit. */
struct plain {
	bool minus;
	char digit[400];
	size_t n;
	int64_t exponent;
};

static bool read_exponent(const char *s, const char *end, int64_t *v)
{
	bool minus = s < end && *s == '-';
	if (s < end && (*s == '+' || *s == '-'))
		s++;
	uint64_t u;
	while (s + 1 < end && *s == '0')
		s++;
	if (!num_u64(s, (size_t)(end - s), &u) || u > 1000000)
		return false;
	*v = minus ? -(int64_t)u : (int64_t)u;
	return true;
}

/* False: longer than any number that a type of ours holds. */
static bool to_plain(struct plain *p, const char *s, size_t n)
{
	const char *end = s + n;
	bool point = false;
	*p = (struct plain){ 0 };
	if (s < end && *s == '-') {
		p->minus = true;
		s++;
	}
	for (; s < end && *s != 'e' && *s != 'E'; s++) {
		if (*s == '.') {
			point = true;
			continue;
		}
		p->exponent -= point;
		if (*s == '0' && !p->n)
			continue;
		if (p->n == sizeof p->digit)
			return false;
		p->digit[p->n++] = *s;
	}
	int64_t e = 0;
	if (s < end && !read_exponent(s + 1, end, &e))
		return false;
	p->exponent += e;
	while (p->n && p->digit[p->n - 1] == '0') {
		p->n--;
		p->exponent++;
	}
	if (!p->n)
		p->exponent = 0;
	return true;
}

bool number_equal(const char *a, size_t na, const char *b, size_t nb)
{
	struct plain x, y;
	if (!to_plain(&x, a, na) || !to_plain(&y, b, nb))
		return false;
	return x.n == y.n && x.exponent == y.exponent && memcmp(x.digit, y.digit, x.n) == 0 && x.minus == y.minus;
}

static void try_double(struct infer_number *x, const char *s, size_t n)
{
	double v;
	char text[FORMAT_ROOM];
	if (!json_parse_double(s, n, &v)) {
		x->no_double = x->no_whole = x->loses_double = true;
		return;
	}
	size_t plain = (size_t)(format_double(text, v, JSON_FORM_PLAIN) - text);
	if (plain != n || memcmp(text, s, n) != 0)
		x->no_double = true;
	if (!number_equal(text, plain, s, n))
		x->loses_double = true;
	size_t whole = (size_t)(format_double(text, v, JSON_FORM_WHOLE) - text);
	if (whole != n || memcmp(text, s, n) != 0)
		x->no_whole = true;
}

/* Decimals print all digits of their scale, no exponent, and know no -0. */
static void try_decimal(struct infer_number *x, const char *s, size_t n)
{
	struct plain p;
	if (memchr(s, 'e', n) || memchr(s, 'E', n) || !to_plain(&p, s, n) || (p.minus && !p.n)) {
		x->no_decimal = true;
		x->loses_decimal |= !to_plain(&p, s, n) || (p.minus && !p.n) || p.exponent < -38 || p.exponent > 38;
		if (x->loses_decimal)
			return;
		unsigned fraction = p.exponent < 0 ? (unsigned)-p.exponent : 0;
		int64_t whole = (int64_t)p.n + p.exponent;
		if (fraction > x->fraction)
			x->fraction = fraction;
		if (whole > (int64_t)x->whole)
			x->whole = whole > 100 ? 100 : (unsigned)whole;
		return;
	}
	const char *point = memchr(s, '.', n);
	size_t minus = *s == '-', whole = (point ? (size_t)(point - s) : n) - minus;
	size_t fraction = point ? n - minus - whole - 1 : 0;
	if (x->any && fraction != x->fraction)
		x->no_decimal = true;
	if (fraction > x->fraction)
		x->fraction = fraction > 100 ? 100 : (unsigned)fraction;
	if (whole > x->whole)
		x->whole = whole > 100 ? 100 : (unsigned)whole;
}

void infer_number_add(struct infer_number *x, const char *s, size_t n)
{
	int64_t i;
	bool lost = x->loses_double;
	if (!num_i64(s, n, &i) || (i == 0 && *s == '-'))
		x->no_long = true;
	try_double(x, s, n);
	try_decimal(x, s, n);
	if (x->loses_double && !lost)
		snprintf(x->odd, sizeof x->odd, "%.*s", (int)(n > sizeof x->odd - 1 ? sizeof x->odd - 1 : n), s);
	x->any = true;
}

/* Room for values larger than the sampled ones: 18 digits are eight bytes, 38 the most there is. */
static bool decimal_type(const struct infer_number *x, struct type *t)
{
	if (x->whole + x->fraction > 38)
		return false;
	t->kind = TYPE_DECIMAL;
	t->precision = x->whole + x->fraction <= 14 ? 18 : 38;
	t->scale = (uint8_t)x->fraction;
	return true;
}

bool infer_number_type(const struct infer_number *x, struct type *t, enum json_out_form *form, bool *exact)
{
	*t = (struct type){ .kind = TYPE_LONG };
	*form = JSON_FORM_PLAIN;
	*exact = true;
	if (!x->no_long)
		return true;
	t->kind = TYPE_DOUBLE;
	if (!x->no_double)
		return true;
	if (!x->no_whole) {
		*form = JSON_FORM_WHOLE;
		return true;
	}
	if (!x->no_decimal && decimal_type(x, t))
		return true;
	*exact = false;
	t->kind = TYPE_DOUBLE;
	if (!x->loses_double)
		return true;
	return !x->loses_decimal && decimal_type(x, t);
}
