/* SPDX-License-Identifier: MIT */
/* What is known of a column in one file: its statistics, or the partition value as both bounds. */
#include "delta/snapshot.h"

#include "delta/stats.h"

#include <string.h>

static void set_value(struct column_stats *s, const struct delta_value *v)
{
	switch (s->type->kind) {
	case TYPE_FLOAT:
	case TYPE_DOUBLE: s->min.d = s->max.d = v->d; break;
	case TYPE_DECIMAL: s->min.dec = s->max.dec = v->dec; break;
	case TYPE_STRING:
	case TYPE_BINARY:
		s->min.s.n = s->max.s.n = (uint32_t)v->s.n;
		memcpy(s->min.s.p, v->s.p, v->s.n);
		memcpy(s->max.s.p, v->s.p, v->s.n);
		break;
	default: s->min.i = s->max.i = v->i; break;
	}
}

/* What a partition column's value says of every row. */
static void set_constant(struct expr_leaf *leaf, struct column_stats *s, const struct delta_value *v, int64_t rows)
{
	bool text = s->type->kind == TYPE_STRING || s->type->kind == TYPE_BINARY;
	*leaf = (struct expr_leaf){ 0 };
	if (!v->null && text && v->s.n > STATS_BYTES)
		return; /* too long to be held: nothing is known */
	stats_init(s, s->type);
	s->values = rows > 0 ? (uint64_t)rows : 1;
	s->nulls = v->null ? s->values : 0;
	s->has_minmax = !v->null;
	if (!v->null)
		set_value(s, v);
	*leaf = (struct expr_leaf){ s, true, true };
}

int64_t delta_file_stats(const struct delta_snapshot *sn, const struct delta_file *f, struct expr_leaf *leaf,
			 struct column_stats *stats, struct arena *scratch)
{
	struct delta_stats st;
	size_t n = type_leaves(&sn->schema.root), at = 0;
	delta_stats_parse(&st, stats, &sn->physical.root, f->stats, f->nstats, scratch);
	for (size_t i = 0; i < n; i++) {
		leaf[i] = (struct expr_leaf){ &stats[i], st.rows >= 0 && stats[i].nulls != DELTA_NULLS_UNKNOWN, false };
		if (!leaf[i].nulls_known)
			stats[i].nulls = 0;
	}
	for (size_t i = 0; i < sn->schema.root.nfields; i++) {
		const struct field *field = &sn->schema.root.fields[i];
		for (size_t k = 0; k < sn->npart; k++) {
			struct delta_value v;
			struct err e;
			if (sn->part_field[k] == field && delta_file_value(sn, f, k, &v, &e) == 0)
				set_constant(&leaf[at], &stats[at], &v, st.rows);
		}
		at += type_leaves(&field->type);
	}
	return st.rows;
}
