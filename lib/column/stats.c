/* SPDX-License-Identifier: MIT */
/* Takes minimum, maximum and null count over the leaves of a batch; texts are cut at whole characters. */
#include "column/stats.h"

#include <math.h>
#include <string.h>

size_t type_leaves(const struct type *t)
{
	size_t n = 0;
	if (t->kind != TYPE_STRUCT && t->kind != TYPE_LIST && t->kind != TYPE_MAP)
		return 1;
	for (size_t i = 0; i < t->nfields; i++)
		n += type_leaves(&t->fields[i].type);
	return n;
}

void stats_init(struct column_stats *s, const struct type *leaf)
{
	s->type = leaf;
	s->values = s->nulls = 0;
	s->has_minmax = s->has_nan = s->min_cut = s->max_cut = false;
	memset(&s->min, 0, sizeof s->min);
	memset(&s->max, 0, sizeof s->max);
}

static size_t whole_characters(const char *p, size_t n)
{
	while (n > 0 && ((unsigned char)p[n] & 0xC0) == 0x80)
		n--;
	return n;
}

int stats_text_compare(const char *a, size_t na, bool a_cut, const char *b, size_t nb, bool b_cut)
{
	int c = memcmp(a, b, na < nb ? na : nb);
	if (c || na == nb)
		return c ? c : a_cut - b_cut;
	if (na < nb)
		return a_cut ? 0 : -1;
	return b_cut ? 0 : 1;
}

size_t stats_text_length(const char *p, size_t n, size_t most)
{
	if (n <= most)
		return n;
	size_t k = whole_characters(p, most);
	return k + 4 > most ? k : most;   /* no UTF-8: cut anywhere */
}

static void keep(union stats_value *v, bool *cut, const char *p, size_t n, bool was_cut)
{
	size_t k = stats_text_length(p, n, STATS_BYTES);
	memcpy(v->s.p, p, k);
	v->s.n = (uint32_t)k;
	*cut = was_cut || k < n;
}

static void take_bytes(struct column_stats *s, const char *p, size_t n, bool cut_min, bool cut_max, bool lo, bool hi)
{
	if (lo && (!s->has_minmax || stats_text_compare(p, n, cut_min, s->min.s.p, s->min.s.n, s->min_cut) < 0))
		keep(&s->min, &s->min_cut, p, n, cut_min);
	if (hi && (!s->has_minmax || stats_text_compare(p, n, cut_max, s->max.s.p, s->max.s.n, s->max_cut) > 0))
		keep(&s->max, &s->max_cut, p, n, cut_max);
}

static void take_i64(struct column_stats *s, int64_t lo, int64_t hi)
{
	if (!s->has_minmax || lo < s->min.i)
		s->min.i = lo;
	if (!s->has_minmax || hi > s->max.i)
		s->max.i = hi;
	s->has_minmax = true;
}

static void take_double(struct column_stats *s, double lo, double hi)
{
	if (!s->has_minmax || lo < s->min.d)
		s->min.d = lo == 0 ? 0.0 : lo;
	if (!s->has_minmax || hi > s->max.d)
		s->max.d = hi == 0 ? 0.0 : hi;
	s->has_minmax = true;
}

static void take_decimal(struct column_stats *s, __int128 lo, __int128 hi)
{
	if (!s->has_minmax || lo < s->min.dec)
		s->min.dec = lo;
	if (!s->has_minmax || hi > s->max.dec)
		s->max.dec = hi;
	s->has_minmax = true;
}

static void take_row(struct column_stats *s, const struct column *c, size_t i)
{
	size_t n;
	const char *p;
	double d;
	switch (c->type->kind) {
	case TYPE_BOOLEAN:
		take_i64(s, bit_get(c->data, i), bit_get(c->data, i));
		break;
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
		d = column_double(c, i);
		if (isnan(d))
			s->has_nan = true;
		else
			take_double(s, d, d);
		break;
	case TYPE_DECIMAL:
		take_decimal(s, column_decimal(c, i), column_decimal(c, i));
		break;
	case TYPE_STRING:
	case TYPE_BINARY:
		p = column_bytes(c, i, &n);
		take_bytes(s, p ? p : "", n, false, false, true, true);
		s->has_minmax = true;
		break;
	case TYPE_VOID:
	case TYPE_STRUCT:
	case TYPE_LIST:
	case TYPE_MAP:
		break;
	default:
		take_i64(s, column_i64(c, i), column_i64(c, i));
	}
}

void stats_update(struct column_stats *s, const struct column *c, const uint32_t *sel, size_t n)
{
	s->values += n;
	for (size_t k = 0; k < n; k++) {
		size_t i = sel ? sel[k] : k;
		if (c->type->kind == TYPE_VOID || column_is_null(c, i))
			s->nulls++;
		else
			take_row(s, c, i);
	}
}

void stats_merge(struct column_stats *into, const struct column_stats *from)
{
	into->values += from->values;
	into->nulls += from->nulls;
	into->has_nan |= from->has_nan;
	if (!from->has_minmax)
		return;
	switch (into->type->kind) {
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
		take_double(into, from->min.d, from->max.d);
		break;
	case TYPE_DECIMAL:
		take_decimal(into, from->min.dec, from->max.dec);
		break;
	case TYPE_STRING:
	case TYPE_BINARY:
		take_bytes(into, from->min.s.p, from->min.s.n, from->min_cut, from->max_cut, true, false);
		take_bytes(into, from->max.s.p, from->max.s.n, from->min_cut, from->max_cut, false, true);
		into->has_minmax = true;
		break;
	default:
		take_i64(into, from->min.i, from->max.i);
	}
}
