/* SPDX-License-Identifier: MIT */
/* The statistics of a chunk, as far as they can be trusted.
 *
 * min_value and max_value count when the file names the type's own order for the column. The older min and max were
 * compared as signed bytes by some writers: they count for signed numbers and booleans only.
 * Source: parquet.thrift, Statistics and ColumnOrder; PARQUET-251, PARQUET-1065. */
#include "parquet/assemble.h"
#include "parquet/file.h"

#include <math.h>

static bool is_text(enum type_kind k)
{
	return k == TYPE_STRING || k == TYPE_BINARY;
}

/* Which bytes to believe. */
static bool pick(const struct pq_reader *r, size_t leaf, const struct pq_statistics *s, struct pq_bytes *min,
		 struct pq_bytes *max)
{
	const struct pq_leaf *l = &r->tree.leaf[leaf];
	if (l->el->physical == PQ_INT96 || l->type->kind == TYPE_VOID)
		return false;
	if (s->min_value.p && s->max_value.p) {
		*min = s->min_value;
		*max = s->max_value;
		return leaf < r->meta.norders && r->meta.type_order[leaf];
	}
	*min = s->min;
	*max = s->max;
	bool is_unsigned = l->el->logical == PQ_LOG_INTEGER ? !l->el->is_signed :
			   l->el->converted >= PQ_CONV_UINT_8 && l->el->converted <= PQ_CONV_UINT_64;
	return min->p && max->p && l->el->physical != PQ_BYTE_ARRAY && l->el->physical != PQ_FIXED && !is_unsigned;
}

static void set_text(union stats_value *v, bool *cut, struct pq_bytes b)
{
	v->s.n = (uint32_t)stats_text_length(b.p, b.n, STATS_BYTES);
	memcpy(v->s.p, b.p, v->s.n);
	*cut = v->s.n < b.n;
}

/* One value through the same conversion that columns take. */
static bool set_value(const struct pq_leaf *l, struct pq_bytes b, union stats_value *v)
{
	struct batch one;
	struct field f = { .name = "", .type = *l->type };
	struct type row = { .kind = TYPE_STRUCT, .fields = &f, .nfields = 1 };
	struct vals in;
	vals_init(&in, decode_width(l->el->physical, l->el->type_length));
	if (in.width && in.width != b.n)
		return false;
	if (!vals_reserve(&in, 1, b.n))
		return false;
	memcpy(in.data, b.p, b.n);
	in.ndata = b.n;
	in.n = 1;
	if (!in.width)
		in.offsets[1] = (int32_t)b.n;
	batch_init(&one, &row);
	struct column *c = &one.col[0];
	bool ok = convert_values(l, &in, c, NULL) == 0;
	c->n = 1;
	if (ok && c->type->kind == TYPE_DECIMAL)
		v->dec = column_decimal(c, 0);
	else if (ok && (c->type->kind == TYPE_FLOAT || c->type->kind == TYPE_DOUBLE))
		v->d = column_double(c, 0);
	else if (ok && c->type->kind == TYPE_BOOLEAN)
		v->i = bit_get(c->data, 0);
	else if (ok)
		v->i = column_i64(c, 0);
	batch_release(&one);
	vals_release(&in);
	return ok;
}

static bool set_minmax(const struct pq_leaf *l, struct pq_bytes min, struct pq_bytes max, struct column_stats *s)
{
	if (is_text(l->type->kind)) {
		if (l->el->physical != PQ_BYTE_ARRAY)
			return false;
		set_text(&s->min, &s->min_cut, min);
		set_text(&s->max, &s->max_cut, max);
		return true;
	}
	if (!set_value(l, min, &s->min) || !set_value(l, max, &s->max))
		return false;
	if (l->type->kind != TYPE_FLOAT && l->type->kind != TYPE_DOUBLE)
		return true;
	s->min.d = s->min.d == 0 ? 0.0 : s->min.d;
	s->max.d = s->max.d == 0 ? 0.0 : s->max.d;
	return !isnan(s->min.d) && !isnan(s->max.d);
}

bool pq_group_stats(const struct pq_reader *r, size_t group, size_t leaf, struct column_stats *s)
{
	const struct pq_chunk_meta *c = &r->meta.group[group].chunk[leaf];
	const struct pq_leaf *l = &r->tree.leaf[leaf];
	struct pq_bytes min, max;
	stats_init(s, l->type);
	if (!c->there || c->encrypted || c->stats.null_count < 0 || c->num_values < c->stats.null_count)
		return false;
	s->values = (uint64_t)c->num_values;
	s->nulls = (uint64_t)c->stats.null_count;
	s->has_nan = l->type->kind == TYPE_FLOAT || l->type->kind == TYPE_DOUBLE;
	s->has_minmax = pick(r, leaf, &c->stats, &min, &max) && set_minmax(l, min, max, s);
	return true;
}
