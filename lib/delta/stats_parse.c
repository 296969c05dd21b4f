/* SPDX-License-Identifier: MIT */
/* Reads the statistics of a file back into bounds of its columns. */
#include "delta/stats.h"

#include "delta/partition.h"
#include "json/doc.h"

#include <math.h>
#include <string.h>

#define MS_IN_US 1000
#define CUT_UNITS 32

/* The objects that describe one struct of the schema; any may be NULL. */
struct level {
	const struct json *min, *max, *nulls;
};

static const struct json *member(const struct json *obj, const char *name)
{
	return obj ? json_get(obj, name) : NULL;
}

/* A bound as a value of type T: dates, times and strings are JSON strings, the rest is taken as written. */
static bool parse_bound(struct delta_value *v, const struct type *t, const struct json *j)
{
	if (!j || j->type == JSON_NULL || j->type >= JSON_ARRAY)
		return false;
	const char *s = j->type == JSON_STRING ? j->str : j->raw;
	size_t n = j->type == JSON_STRING ? j->nstr : j->nraw;
	if (t->kind == TYPE_STRING) {
		*v = (struct delta_value){ .s = { s, n } };
		return j->type == JSON_STRING;
	}
	struct err e;
	if (t->kind == TYPE_BINARY || delta_value_parse(v, t, s, n, &e) || v->null)
		return false;
	return (t->kind != TYPE_FLOAT && t->kind != TYPE_DOUBLE) || isfinite(v->d);
}

/* A writer may have cut a string of so many units: then it is a bound but no value that occurs. */
static bool maybe_cut(const char *s, size_t n)
{
	size_t units = 0;
	for (size_t i = 0; i < n; i++)
		units += ((unsigned char)s[i] & 0xC0) != 0x80;
	return units >= CUT_UNITS / 2;
}

static bool keep(union stats_value *to, const struct delta_value *v)
{
	size_t n = stats_text_length(v->s.p, v->s.n, STATS_BYTES);
	memcpy(to->s.p, v->s.p, n);
	to->s.n = (uint32_t)n;
	return n < v->s.n;
}

static void take_strings(struct column_stats *s, const struct delta_value *min, const struct delta_value *max, bool has_max)
{
	s->has_minmax = true;
	s->min_cut = keep(&s->min, min) || maybe_cut(min->s.p, min->s.n);
	s->max.s.n = 0;
	s->max_cut = !has_max || keep(&s->max, max);
}

static void take_bounds(struct column_stats *s, const struct level *l, const char *name)
{
	struct delta_value min, max;
	const struct type *t = s->type;
	bool has_min = parse_bound(&min, t, member(l->min, name)), has_max = parse_bound(&max, t, member(l->max, name));
	if (t->kind == TYPE_STRING) {
		if (has_min)
			take_strings(s, &min, &max, has_max);
		return;
	}
	if (!has_min || !has_max)
		return;
	if (t->kind == TYPE_FLOAT || t->kind == TYPE_DOUBLE) {
		s->min.d = min.d;
		s->max.d = max.d;
	} else if (t->kind == TYPE_DECIMAL) {
		s->min.dec = min.dec;
		s->max.dec = max.dec;
	} else {
		s->min.i = min.i;
		s->max.i = max.i;
		if ((t->kind == TYPE_TIMESTAMP || t->kind == TYPE_TIMESTAMP_NTZ) && s->max.i <= INT64_MAX - MS_IN_US)
			s->max.i += MS_IN_US;
	}
	s->has_minmax = true;
}

static void take_leaf(struct column_stats *s, const struct level *l, const char *name, int64_t rows)
{
	int64_t nulls;
	const struct json *v = member(l->nulls, name);
	if (rows >= 0) {
		s->values = (uint64_t)rows;
		if (v && json_i64(v, &nulls) && nulls >= 0 && nulls <= rows)
			s->nulls = (uint64_t)nulls;
	}
	take_bounds(s, l, name);
}

static struct column_stats *unknown(struct column_stats *leaf, const struct type *t)
{
	if (t->kind != TYPE_STRUCT && t->kind != TYPE_LIST && t->kind != TYPE_MAP) {
		stats_init(leaf, t);
		leaf->nulls = DELTA_NULLS_UNKNOWN;
		return leaf + 1;
	}
	for (size_t i = 0; i < t->nfields; i++)
		leaf = unknown(leaf, &t->fields[i].type);
	return leaf;
}

static struct column_stats *take_struct(struct column_stats *leaf, const struct type *t, const struct level *l, int64_t rows)
{
	for (size_t i = 0; i < t->nfields; i++) {
		const struct field *f = &t->fields[i];
		struct column_stats *next = unknown(leaf, &f->type);
		if (f->type.kind == TYPE_STRUCT) {
			struct level below = { member(l->min, f->name), member(l->max, f->name), member(l->nulls, f->name) };
			take_struct(leaf, &f->type, &below, rows);
		} else if (f->type.kind != TYPE_LIST && f->type.kind != TYPE_MAP) {
			take_leaf(leaf, l, f->name, rows);
		}
		leaf = next;
	}
	return leaf;
}

int64_t delta_stats_rows(const char *text, size_t n, struct arena *scratch)
{
	struct json *root;
	int64_t rows;
	if (!text || json_parse(&root, scratch, text, n, NULL))
		return -1;
	const struct json *v = json_get(root, "numRecords");
	return v && json_i64(v, &rows) && rows >= 0 ? rows : -1;
}

void delta_stats_parse(struct delta_stats *st, struct column_stats *leaf, const struct type *type, const char *text,
		       size_t n, struct arena *scratch)
{
	struct json *root = NULL;
	struct err e;
	*st = (struct delta_stats){ -1, true };
	if (text && json_parse(&root, scratch, text, n, &e) != 0)
		root = NULL;
	if (!root || root->type != JSON_OBJECT) {
		unknown(leaf, type);
	} else {
		const struct json *rows = json_get(root, "numRecords"), *tight = json_get(root, "tightBounds");
		struct level l = { json_get(root, "minValues"), json_get(root, "maxValues"), json_get(root, "nullCount") };
		if (!rows || !json_i64(rows, &st->rows) || st->rows < 0)
			st->rows = -1;
		if (tight && !json_bool(tight, &st->tight))
			st->tight = false;
		take_struct(leaf, type, &l, st->rows);
	}
	arena_clear(scratch);
}
