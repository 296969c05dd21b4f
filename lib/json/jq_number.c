/* SPDX-License-Identifier: MIT */
#include "base/mem.h"
#include "base/num.h"
#include "json/jq_parts.h"
#include "json/number.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BIG_DIGITS 16   /* 10^15 is below 2^53: what is shorter is exact */

void jq_numbers_clear(struct jq_numbers *nums)
{
	nums->big.n = nums->odd.n = 0;
}

void jq_numbers_release(struct jq_numbers *nums)
{
	mem_free(nums->big.v);
	mem_free(nums->odd.v);
}

static void add(struct jq_literals *l, const char *text, size_t n, double d)
{
	MEM_GROW(l->v, l->cap, l->n + 1);
	l->v[l->n++] = (struct jq_literal){ text, n, d };
}

static bool is_whole(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] < '0' || p[i] > '9')
			return false;
	return true;
}

static bool is_big(const char *digits, size_t n)
{
	return n >= BIG_DIGITS && is_whole(digits, n);
}

static double to_double(const char *p, size_t n)
{
	double d;
	if (json_parse_double(p, n, &d))
		return d;
	return *p == '-' ? -DBL_MAX : DBL_MAX;
}

/* jq's way with whole numbers (no ".0"), the shortest text for the rest. */
static void print_plain(struct buf *b, double d)
{
	if (isnan(d)) {
		buf_puts(b, "null");
		return;
	}
	if (isinf(d))
		d = copysign(DBL_MAX, d);
	char *to = buf_reserve(b, JSON_DOUBLE_TEXT);
	size_t n = json_format_double(to, d);
	if (n > 2 && to[n - 1] == '0' && to[n - 2] == '.')
		n -= 2;
	b->n += n;
}

static void collect_number(struct jq_numbers *nums, const char *p, size_t n)
{
	size_t minus = *p == '-';
	if (is_big(p + minus, n - minus)) {
		add(&nums->big, p + minus, n - minus, 0);
		return;
	}
	/* Short whole numbers, the most of all, print as they are. */
	if (n < BIG_DIGITS && is_whole(p + minus, n - minus))
		return;
	double d = to_double(p, n);
	if (d != floor(d) || fabs(d) >= 0x1p53)
		add(&nums->odd, p, n, d);
}

void jq_numbers_collect(struct jq_numbers *nums, const struct json *v)
{
	if (v->type == JSON_NUMBER)
		collect_number(nums, v->raw, v->nraw);
	for (const struct json *c = v->child; c; c = c->next)
		jq_numbers_collect(nums, c);
}

static int compare_text(const struct jq_literal *a, const char *text, size_t n)
{
	if (a->n != n)
		return a->n < n ? -1 : 1;
	return memcmp(a->text, text, n);
}

static int by_magnitude(const void *a, const void *b)
{
	const struct jq_literal *y = b;
	return compare_text(a, y->text, y->n);
}

static int by_value(const void *a, const void *b)
{
	const struct jq_literal *x = a, *y = b;
	return x->d < y->d ? -1 : x->d > y->d;
}

static void settle_big(struct jq_literals *l)
{
	size_t n = 0;
	qsort(l->v, l->n, sizeof *l->v, by_magnitude);
	for (size_t i = 0; i < l->n; i++)
		if (n == 0 || compare_text(&l->v[n - 1], l->v[i].text, l->v[i].n) != 0)
			l->v[n++] = l->v[i];
	l->n = n;
	for (size_t i = 0; i < n; i++) {
		l->v[i].d = to_double(l->v[i].text, l->v[i].n);
		if (i && l->v[i].d <= l->v[i - 1].d)
			l->v[i].d = nextafter(l->v[i - 1].d, INFINITY);
	}
	/* At the top of the doubles there is no room above; go back down. */
	double limit = INFINITY;
	for (size_t i = n; i-- > 0 && l->v[i].d >= limit;)
		l->v[i].d = limit = nextafter(limit, 0);
}

void jq_numbers_settle(struct jq_numbers *nums)
{
	if (nums->big.n)
		settle_big(&nums->big);
	struct jq_literals *odd = &nums->odd;
	if (odd->n > 1)
		qsort(odd->v, odd->n, sizeof *odd->v, by_value);
}

double jq_numbers_value(const struct jq_numbers *nums, const char *text, size_t n)
{
	size_t minus = *text == '-';
	if (!is_big(text + minus, n - minus))
		return to_double(text, n);
	size_t lo = 0, hi = nums->big.n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = compare_text(&nums->big.v[mid], text + minus, n - minus);
		if (c == 0)
			return minus ? -nums->big.v[mid].d : nums->big.v[mid].d;
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return to_double(text, n);
}

/* First literal with the value D; NULL: none. */
static const struct jq_literal *find(const struct jq_literals *l, double d)
{
	size_t lo = 0, hi = l->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (l->v[mid].d < d)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < l->n && l->v[lo].d == d ? &l->v[lo] : NULL;
}

void jq_numbers_print(const struct jq_numbers *nums, struct buf *b, double d)
{
	const struct jq_literal *l = nums->big.n ? find(&nums->big, fabs(d)) : NULL;
	if (l) {
		if (d < 0)
			buf_putc(b, '-');
		buf_put(b, l->text, l->n);
		return;
	}
	l = nums->odd.n ? find(&nums->odd, d) : NULL;
	/* Two texts for one value: neither can be told from the other any more. */
	for (const struct jq_literal *o = l; l && o < nums->odd.v + nums->odd.n && o->d == d; o++)
		if (compare_text(l, o->text, o->n) != 0)
			l = NULL;
	if (l)
		buf_put(b, l->text, l->n);
	else
		print_plain(b, d);
}
