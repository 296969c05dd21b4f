/* SPDX-License-Identifier: MIT */
/* Prints the statistics of a file, texts and numbers cut as Spark cuts them. */
#include "delta/stats.h"

#include "base/clock.h"
#include "delta/partition.h"
#include "json/doc.h"
#include "json/number.h"

#include <math.h>
#include <string.h>

#define PREFIX_UNITS 32
#define FIRST_TIME INT64_C(-62135596800000000)   /* 0001-01-01T00:00:00Z */
#define LAST_TIME INT64_C(253402300799999999)    /* 9999-12-31T23:59:59.999999Z */
#define FIRST_DATE (-719162)
#define LAST_DATE 2932896

/* Bytes and UTF-16 units of the character at S. */
static size_t character(const char *s, size_t n, size_t *units)
{
	unsigned char c = (unsigned char)*s;
	size_t k = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
	*units = k == 4 ? 2 : 1;
	return k < n ? k : n;
}

/* Bytes of the first 32 units; a pair that straddles the end is taken in. UNITS: how many units that are. */
static size_t prefix(const char *s, size_t n, size_t *units)
{
	size_t i = 0, u = 0, k;
	while (i < n && u < PREFIX_UNITS) {
		i += character(s + i, n - i, &k);
		u += k;
	}
	*units = u;
	return i;
}

void delta_stats_min_string(struct buf *b, const char *s, size_t n)
{
	size_t units;
	buf_put(b, s, prefix(s, n, &units));
}

static bool is_last_character(const char *s, size_t n)
{
	return n >= 4 && memcmp(s, "\xF4\x8F\xBF\xBF", 4) == 0;
}

bool delta_stats_max_string(struct buf *b, const char *s, size_t n, bool cut)
{
	size_t units, i = prefix(s, n, &units);
	while (units <= 2 * PREFIX_UNITS) {
		if (i >= n) {
			if (cut)
				return false;
			buf_put(b, s, n);
			return true;
		}
		if (!is_last_character(s + i, n - i)) {
			buf_put(b, s, i);
			if ((unsigned char)s[i] < 0x7F)
				buf_putc(b, 0x7F);
			else
				buf_put(b, "\xF4\x8F\xBF\xBF", 4);
			return true;
		}
		i += 4;
		units += 2;
	}
	return false;
}

/* One of the three nested objects. */
enum part { PART_MIN, PART_MAX, PART_NULLS };

struct printer {
	struct buf *b;
	const struct column_stats *stats;
	const uint64_t *list_nulls;
	enum part part;
	int left;           /* columns still to be described, -1: no limit */
};

static bool put_double(struct buf *b, const struct column_stats *s, bool max)
{
	double v = max ? s->max.d : s->min.d;
	char t[JSON_DOUBLE_TEXT];
	/* NaN is above everything for Spark: with one in the file there is no maximum to state. */
	if (!isfinite(v) || (max && s->has_nan))
		return false;
	buf_put(b, t, s->type->kind == TYPE_FLOAT ? json_format_float(t, (float)v) : json_format_double(t, v));
	return true;
}

static bool put_string(struct buf *b, const struct column_stats *s, bool max)
{
	struct buf t = BUF_INIT;
	bool ok = true;
	if (max)
		ok = delta_stats_max_string(&t, s->max.s.p, s->max.s.n, s->max_cut);
	else
		delta_stats_min_string(&t, s->min.s.p, s->min.s.n);
	if (ok)
		json_put_string(b, t.p, t.n);
	buf_release(&t);
	return ok;
}

static bool put_time(struct buf *b, int64_t us, bool zoned)
{
	char t[48];
	if (us < FIRST_TIME || us > LAST_TIME)
		return false;
	buf_putc(b, '"');
	buf_put(b, t, time_format(t, time_floor_div(us, 1000) * 1000, 3, zoned));
	buf_putc(b, '"');
	return true;
}

static bool put_date(struct buf *b, int64_t days)
{
	char t[24];
	if (days < FIRST_DATE || days > LAST_DATE)
		return false;
	buf_putc(b, '"');
	buf_put(b, t, date_format(t, (int32_t)days));
	buf_putc(b, '"');
	return true;
}

/* Append min or max; false when there is nothing that may be said. */
static bool put_bound(struct buf *b, const struct column_stats *s, bool max)
{
	const union stats_value *v = max ? &s->max : &s->min;
	struct delta_value dec = { .dec = v->dec };
	if (!s->has_minmax)
		return false;
	switch (s->type->kind) {
	case TYPE_BYTE:
	case TYPE_SHORT:
	case TYPE_INTEGER:
	case TYPE_LONG: buf_i64(b, v->i); return true;
	case TYPE_FLOAT:
	case TYPE_DOUBLE: return put_double(b, s, max);
	case TYPE_DECIMAL: delta_value_print(&dec, s->type, b); return true;
	case TYPE_DATE: return put_date(b, v->i);
	case TYPE_TIMESTAMP: return put_time(b, v->i, true);
	case TYPE_TIMESTAMP_NTZ: return put_time(b, v->i, false);
	case TYPE_STRING: return put_string(b, s, max);
	default: return false;
	}
}

static void put_struct(struct printer *p, const struct type *t);

/* The value of one field; false: nothing to say. Moves on in the statistics. */
static bool put_value(struct printer *p, const struct type *t)
{
	struct buf *b = p->b;
	if (t->kind == TYPE_STRUCT) {
		size_t before = b->n;
		put_struct(p, t);
		return b->n - before > 2; /* more than {} */
	}
	bool count = p->left != 0;
	if (p->left > 0)
		p->left--;
	if (t->kind == TYPE_LIST || t->kind == TYPE_MAP) {
		uint64_t nulls = p->list_nulls ? *p->list_nulls++ : 0;
		p->stats += type_leaves(t);
		if (!count || !p->list_nulls || p->part != PART_NULLS)
			return false;
		buf_u64(b, nulls);
		return true;
	}
	const struct column_stats *s = p->stats++;
	if (!count || t->kind == TYPE_VOID)
		return false;
	if (p->part != PART_NULLS)
		return put_bound(b, s, p->part == PART_MAX);
	buf_u64(b, s->nulls);
	return true;
}

static void put_struct(struct printer *p, const struct type *t)
{
	struct buf *b = p->b;
	bool any = false;
	buf_putc(b, '{');
	for (size_t i = 0; i < t->nfields; i++) {
		size_t before = b->n;
		if (any)
			buf_putc(b, ',');
		json_put_string(b, t->fields[i].name, t->fields[i].nname);
		buf_putc(b, ':');
		if (put_value(p, &t->fields[i].type))
			any = true;
		else
			b->n = before;
	}
	buf_putc(b, '}');
}

void delta_stats_print(struct buf *b, const struct type *type, uint64_t rows, const struct column_stats *stats,
		       const uint64_t *list_nulls, int limit)
{
	static const char *const key[] = { ",\"minValues\":", ",\"maxValues\":", ",\"nullCount\":" };
	buf_puts(b, "{\"numRecords\":");
	buf_u64(b, rows);
	for (enum part part = PART_MIN; part <= PART_NULLS; part++) {
		struct printer p = { b, stats, list_nulls, part, limit < 0 ? -1 : limit };
		buf_puts(b, key[part]);
		put_struct(&p, type);
	}
	buf_putc(b, '}');
}
