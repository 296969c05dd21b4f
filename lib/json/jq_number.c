/* SPDX-License-Identifier: MIT */
/* Numbers of one run of a jq program, and the doubles that stand for them in libjq (jq_parts.h). */
#include "base/ascii.h"
#include "base/mem.h"
#include "base/num.h"
#include "json/jq_parts.h"
#include "json/number.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHOLE_MOST 300   /* digits; longer ones, which doubles reach no more, are kept by their text alone */

void jq_numbers_clear(struct jq_numbers *nums)
{
	nums->whole.n = nums->gap.n = nums->exact.n = nums->odd.n = 0;
}

void jq_numbers_release(struct jq_numbers *nums)
{
	mem_free(nums->whole.v);
	mem_free(nums->gap.v);
	mem_free(nums->exact.v);
	mem_free(nums->odd.v);
}

bool jq_numbers_any(const struct jq_numbers *nums)
{
	return nums->gap.n || nums->exact.n;
}

static void add(struct jq_literals *l, const char *text, size_t n, double d)
{
	MEM_GROW(l->v, l->cap, l->n + 1);
	l->v[l->n++] = (struct jq_literal){ text, n, d };
}

static bool is_whole(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!ascii_digit(p[i]))
			return false;
	return true;
}

static bool is_kept(const char *digits, size_t n)
{
	return n >= JQ_BIG_DIGITS && n <= WHOLE_MOST && is_whole(digits, n);
}

static double to_double(const char *p, size_t n)
{
	double d;
	if (json_parse_double(p, n, &d))
		return d;
	return *p == '-' ? -DBL_MAX : DBL_MAX;
}

/* --- collect --- */

static void collect_number(struct jq_numbers *nums, const char *p, size_t n)
{
	size_t minus = *p == '-';
	/* Short whole numbers, the most of all, print as they are. */
	if (n < JQ_BIG_DIGITS && is_whole(p + minus, n - minus))
		return;
	if (is_kept(p + minus, n - minus)) {
		add(&nums->whole, p + minus, n - minus, 0);
		return;
	}
	double d = to_double(p, n);
	if (d != floor(d) || fabs(d) >= JQ_EXACT)
		add(&nums->odd, p, n, d);
}

/* The next run of digits in S behind [*AT, *AT + *LEN) that is long enough. */
static bool next_run(const char *s, size_t n, size_t *at, size_t *len)
{
	for (size_t i = *at + *len; i + JQ_BIG_DIGITS <= n;) {
		/* A run that begins in the next sixteen bytes has its digits up to here. */
		size_t from = i + JQ_BIG_DIGITS - 1, end = from;
		if (!ascii_digit(s[from])) {
			i += JQ_BIG_DIGITS;
			continue;
		}
		while (from > i && ascii_digit(s[from - 1]))
			from--;
		while (end < n && ascii_digit(s[end]))
			end++;
		if (end - from >= JQ_BIG_DIGITS) {
			*at = from;
			*len = end - from;
			return true;
		}
		i = end;
	}
	return false;
}

bool jq_long_digits(const char *s, size_t n)
{
	size_t at = 0, len = 0;
	return next_run(s, n, &at, &len);
}

static void collect_text(struct jq_numbers *nums, const char *s, size_t n)
{
	size_t at = 0, len = 0;
	while (next_run(s, n, &at, &len)) {
		size_t zeros = 0;
		while (zeros < len && s[at + zeros] == '0')
			zeros++;
		if (is_kept(s + at + zeros, len - zeros))
			add(&nums->whole, s + at + zeros, len - zeros, 0);
	}
}

void jq_numbers_collect(struct jq_numbers *nums, const struct json *v, bool texts)
{
	if (v->type == JSON_NUMBER)
		collect_number(nums, v->raw, v->nraw);
	if (texts && v->type == JSON_STRING)
		collect_text(nums, v->str, v->nstr);
	if (texts && v->key)
		collect_text(nums, v->key, v->nkey);
	for (const struct json *c = v->child; c; c = c->next)
		jq_numbers_collect(nums, c, texts);
}

/* --- settle --- */

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

/* How the whole number TEXT stands to the whole number D: less than 0, 0, more than 0. */
static int compare_double(const char *text, size_t n, double d)
{
	char exact[WHOLE_MOST + 32];
	int len = snprintf(exact, sizeof exact, "%.0f", d);
	struct jq_literal a = { text, n, 0 };
	return compare_text(&a, exact, (size_t)len);
}

static void settle_whole(struct jq_numbers *nums)
{
	struct jq_literals *w = &nums->whole;
	qsort(w->v, w->n, sizeof *w->v, by_magnitude);
	for (size_t i = 0; i < w->n; i++) {
		const struct jq_literal *l = &w->v[i];
		if (i && compare_text(&w->v[i - 1], l->text, l->n) == 0)
			continue;
		double d = to_double(l->text, l->n);
		int c = compare_double(l->text, l->n, d);
		add(c == 0 ? &nums->exact : &nums->gap, l->text, l->n, c < 0 ? nextafter(d, 0) : d);
	}
}

void jq_numbers_settle(struct jq_numbers *nums)
{
	if (nums->whole.n)
		settle_whole(nums);
	if (nums->odd.n > 1)
		qsort(nums->odd.v, nums->odd.n, sizeof *nums->odd.v, by_value);
}

/* --- code and decode --- */

static uint64_t to_bits(double d)
{
	uint64_t u;
	memcpy(&u, &d, sizeof u);
	return u;
}

static double from_bits(uint64_t u)
{
	double d;
	memcpy(&d, &u, sizeof d);
	return d;
}

/* How many entries have a value below D (they rise). */
static size_t below(const struct jq_literals *l, double d)
{
	size_t lo = 0, hi = l->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (l->v[mid].d < d)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* NaN when that many places up there is no double. The largest one, which stands for all that is too large, does not move. */
static double moved(double d, uint64_t places)
{
	uint64_t u = to_bits(d) + places;
	return d == DBL_MAX ? d : u < to_bits(DBL_MAX) ? from_bits(u) : NAN;
}

double jq_numbers_code(const struct jq_numbers *nums, double d)
{
	double m = fabs(d);
	if (!nums->gap.n || !(m >= JQ_EXACT) || isinf(m))
		return d;
	return copysign(moved(m, below(&nums->gap, m)), d);
}

/* The place of TEXT among those of L; L->n: it has none. */
static size_t place(const struct jq_literals *l, const char *text, size_t n)
{
	size_t lo = 0, hi = l->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = compare_text(&l->v[mid], text, n);
		if (c == 0)
			return mid;
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return l->n;
}

double jq_numbers_value(const struct jq_numbers *nums, const char *text, size_t n)
{
	size_t minus = *text == '-';
	const char *digits = text + minus;
	size_t ndigits = n - minus;
	if (!is_kept(digits, ndigits))
		return jq_numbers_code(nums, to_double(text, n));
	size_t i = place(&nums->gap, digits, ndigits);
	double d;
	if (i < nums->gap.n) {
		d = moved(nums->gap.v[i].d, i + 1);
	} else {
		d = to_double(digits, ndigits);
		d = compare_double(digits, ndigits, d) == 0 ? jq_numbers_code(nums, d) : NAN;
	}
	return minus ? -d : d;
}

/* An entry of value D; NULL: none. */
static const struct jq_literal *find(const struct jq_literals *l, double d)
{
	size_t i = below(l, d);
	return i < l->n && l->v[i].d == d ? &l->v[i] : NULL;
}

const struct jq_literal *jq_numbers_decode(const struct jq_numbers *nums, double code, double *d)
{
	double m = fabs(code);
	*d = code;
	if (!(m >= JQ_EXACT) || m >= DBL_MAX)
		return NULL;
	/* Of gap I the code is that of its double and I + 1 more. */
	size_t lo = 0, hi = nums->gap.n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		uint64_t u = to_bits(nums->gap.v[mid].d) + mid + 1;
		if (u == to_bits(m)) {
			*d = copysign(to_double(nums->gap.v[mid].text, nums->gap.v[mid].n), code);
			return &nums->gap.v[mid];
		}
		if (u < to_bits(m))
			lo = mid + 1;
		else
			hi = mid;
	}
	m = from_bits(to_bits(m) - lo);
	*d = copysign(m, code);
	return find(&nums->exact, m);
}

/* --- print --- */

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

void jq_numbers_print(const struct jq_numbers *nums, struct buf *b, double code)
{
	double d;
	const struct jq_literal *l = jq_numbers_decode(nums, code, &d);
	if (l) {
		if (d < 0)
			buf_putc(b, '-');
		buf_put(b, l->text, l->n);
		return;
	}
	if (isinf(d) && nums->odd.n)
		d = copysign(DBL_MAX, d);
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
