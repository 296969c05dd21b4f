/* SPDX-License-Identifier: MIT */
/* Raises and lowers the bounds of a chunk, by physical type, and cuts long texts. */
#include "parquet/bounds.h"

#include "base/mem.h"

#include <math.h>

#define FILE_TEXT 64   /* longer bounds of strings are cut in the file, and marked as not exact */

void bounds_clear(struct bounds *b)
{
	b->has = b->has_nan = false;
	b->min_prefix = UINT64_MAX;
	b->max_prefix = 0;
}

void bounds_release(struct bounds *b)
{
	mem_free(b->min_text.p);
	mem_free(b->max_text.p);
	b->min_text = b->max_text = (struct bounds_text){ NULL };
}

size_t bounds_memory(const struct bounds *b)
{
	return (size_t)b->min_text.cap + b->max_text.cap;
}

#define DEFINE_INT(name, type) \
void name(struct bounds *b, const type *v, size_t n) \
{ \
	if (!n) \
		return; \
	type lo = v[0], hi = v[0]; \
	for (size_t i = 1; i < n; i++) { \
		lo = v[i] < lo ? v[i] : lo; \
		hi = v[i] > hi ? v[i] : hi; \
	} \
	b->min.i = b->has && b->min.i < lo ? b->min.i : lo; \
	b->max.i = b->has && b->max.i > hi ? b->max.i : hi; \
	b->has = true; \
}

DEFINE_INT(bounds_i32, int32_t)
DEFINE_INT(bounds_i64, int64_t)

#define DEFINE_REAL(name, type) \
void name(struct bounds *b, const type *v, size_t n) \
{ \
	double lo = b->has ? b->min.d : INFINITY, hi = b->has ? b->max.d : -INFINITY; \
	bool nan = false, any = b->has; \
	for (size_t i = 0; i < n; i++) { \
		nan |= v[i] != v[i]; \
		any |= v[i] == v[i]; \
		lo = (double)v[i] < lo ? (double)v[i] : lo; \
		hi = (double)v[i] > hi ? (double)v[i] : hi; \
	} \
	b->has_nan |= nan; \
	b->has = any; \
	b->min.d = lo; \
	b->max.d = hi; \
}

DEFINE_REAL(bounds_float, float)
DEFINE_REAL(bounds_double, double)

void bounds_decimal(struct bounds *b, __int128 v)
{
	if (!b->has)
		b->min.dec = b->max.dec = v;
	else if (v < b->min.dec)
		b->min.dec = v;
	else if (v > b->max.dec)
		b->max.dec = v;
	b->has = true;
}

static uint64_t keep(struct bounds_text *t, const char *p, size_t n)
{
	size_t k = stats_text_length(p, n, STATS_BYTES);
	if (k > t->cap || !t->p) {
		t->cap = (uint16_t)(k < 8 ? 16 : k + k / 4);
		t->p = mem_realloc(t->p, t->cap);
	}
	memcpy(t->p, p, k);
	t->n = (uint16_t)k;
	t->cut = k < n;
	char first[8] = { 0 };
	memcpy(first, p, k < 8 ? k : 8);
	return bounds_prefix(first, k);
}

void bounds_text_slow(struct bounds *b, const char *p, size_t n, uint64_t prefix)
{
	const struct bounds_text *lo = &b->min_text, *hi = &b->max_text;
	if (!b->has || (prefix <= b->min_prefix && stats_text_compare(p, n, false, lo->p, lo->n, lo->cut) < 0))
		b->min_prefix = keep(&b->min_text, p, n);
	if (!b->has || (prefix >= b->max_prefix && stats_text_compare(p, n, false, hi->p, hi->n, hi->cut) > 0))
		b->max_prefix = keep(&b->max_text, p, n);
	b->has = true;
}

static void text_to_stats(const struct bounds_text *t, union stats_value *v, bool *cut)
{
	memcpy(v->s.p, t->p, t->n);
	v->s.n = t->n;
	*cut = t->cut;
}

void bounds_to_stats(const struct bounds *b, struct column_stats *s)
{
	s->has_nan = b->has_nan;
	s->has_minmax = b->has;
	if (!b->has)
		return;
	switch (s->type->kind) {
	case TYPE_STRING:
	case TYPE_BINARY:
		text_to_stats(&b->min_text, &s->min, &s->min_cut);
		text_to_stats(&b->max_text, &s->max, &s->max_cut);
		break;
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
		s->min.d = b->min.d == 0 ? 0.0 : b->min.d;
		s->max.d = b->max.d == 0 ? 0.0 : b->max.d;
		break;
	case TYPE_DECIMAL:
		s->min.dec = BOUNDS_WIDE(s->type) ? b->min.dec : b->min.i;
		s->max.dec = BOUNDS_WIDE(s->type) ? b->max.dec : b->max.i;
		break;
	default:
		s->min.i = b->min.i;
		s->max.i = b->max.i;
	}
}

/* The shortest text of the same length that sorts behind everything that begins with P[0..N): its last
 * character raised by one. For UTF-8 this keeps to characters below U+10FFFF; false when there is none. */
static bool raise_last(char *p, size_t *n)
{
	while (*n) {
		unsigned char *last = (unsigned char *)p + *n - 1;
		if (*last < 0x7F) {
			++*last;
			return true;
		}
		size_t k = *n;
		while (k > 1 && ((unsigned char)p[k - 1] & 0xC0) == 0x80)
			k--;
		/* The last byte of a longer character can be raised while it stays a continuation byte. */
		if (k < *n && *last < 0xBF) {
			++*last;
			return true;
		}
		*n = k - 1;
	}
	return false;
}

static void text_to_file(const struct bounds *b, struct bounds_plain *room, struct pq_statistics *out)
{
	const struct bounds_text *lo = &b->min_text, *hi = &b->max_text;
	size_t nlo = stats_text_length(lo->p, lo->n, FILE_TEXT), nhi = stats_text_length(hi->p, hi->n, FILE_TEXT);
	bool exact = nhi == hi->n && !hi->cut;
	memcpy(room->min, lo->p, nlo);
	memcpy(room->max, hi->p, nhi);
	if (!exact && !raise_last(room->max, &nhi))
		return;
	out->min_value = (struct pq_bytes){ room->min, nlo };
	out->max_value = (struct pq_bytes){ room->max, nhi };
	out->min_exact = nlo == lo->n && !lo->cut;
	out->max_exact = exact;
}

static void put_be(char *to, __int128 v, size_t width)
{
	for (size_t i = width; i-- > 0; v >>= 8)
		to[i] = (char)v;
}

static void number_to_file(const struct bounds *b, int physical, size_t width, bool max, char *to)
{
	int64_t i = max ? b->max.i : b->min.i;
	double d = max ? b->max.d : b->min.d;
	float f;
	if (physical == PQ_FIXED) {
		put_be(to, max ? b->max.dec : b->min.dec, width);
		return;
	}
	/* A zero bound covers both zeros. */
	if (d == 0)
		d = max ? 0.0 : -0.0;
	switch (physical) {
	case PQ_FLOAT:
		f = (float)d;
		memcpy(to, &f, 4);
		break;
	case PQ_DOUBLE:
		memcpy(to, &d, 8);
		break;
	default:
		memcpy(to, &i, 8);
	}
}

void bounds_to_file(const struct bounds *b, int physical, size_t width, struct bounds_plain *room,
		    struct pq_statistics *out)
{
	out->min = out->max = out->min_value = out->max_value = (struct pq_bytes){ NULL };
	if (!b->has)
		return;
	if (physical == PQ_BYTE_ARRAY) {
		text_to_file(b, room, out);
		return;
	}
	number_to_file(b, physical, width, false, room->min);
	number_to_file(b, physical, width, true, room->max);
	out->min_value = (struct pq_bytes){ room->min, width };
	out->max_value = (struct pq_bytes){ room->max, width };
	out->min_exact = out->max_exact = 1;
}
