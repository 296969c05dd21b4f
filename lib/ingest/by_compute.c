/* SPDX-License-Identifier: MIT */
/* Values of computed partition columns. */
#include "ingest/by.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "delta/partition.h"

#include <stdio.h>
#include <string.h>

/* The instant of row I, in microseconds, from whatever the column holds. False: a string that is no time. */
static bool instant(const struct column *c, size_t i, int64_t *us)
{
	size_t n;
	int32_t days;
	switch (c->type->kind) {
	case TYPE_DATE:
		*us = column_i64(c, i) * US_PER_DAY;
		return true;
	case TYPE_STRING: {
		const char *s = column_bytes(c, i, &n);
		if (time_parse(s, n, us, NULL))
			return true;
		if (!date_parse(s, n, &days))
			return false;
		*us = days * US_PER_DAY;
		return true;
	}
	default:
		*us = column_i64(c, i);
		return true;
	}
}

static void add_time(const struct by_item *it, int64_t us, struct column *out)
{
	int64_t days = time_floor_div(us, US_PER_DAY), y;
	unsigned m, d;
	char text[64];
	int n;
	switch (it->func) {
	case BY_DAY:
		column_add_i64(out, days);
		return;
	case BY_YEAR:
		date_to_civil(days, &y, &m, &d);
		column_add_i64(out, y);
		return;
	case BY_MONTH:
		date_to_civil(days, &y, &m, &d);
		n = snprintf(text, sizeof text, "%04lld-%02u", (long long)y, m);
		break;
	default:
		date_to_civil(days, &y, &m, &d);
		n = snprintf(text, sizeof text, "%04lld-%02u-%02uT%02u", (long long)y, m, d,
			     (unsigned)((us - days * US_PER_DAY) / (3600 * US_PER_SEC)));
		break;
	}
	column_add_bytes(out, text, (size_t)n);
}

/* The bytes of the first W characters. */
static size_t prefix(const char *s, size_t n, int64_t w)
{
	size_t i = 0;
	while (i < n && w-- > 0)
		for (i++; i < n && ((unsigned char)s[i] & 0xC0) == 0x80; i++)
			;
	return i;
}

static void add_truncated(const struct by_item *it, const struct column *c, size_t i, struct column *out)
{
	size_t n;
	if (c->type->kind == TYPE_STRING) {
		const char *s = column_bytes(c, i, &n);
		column_add_bytes(out, s, prefix(s, n, it->width));
		return;
	}
	int64_t v = column_i64(c, i), down = 0;
	/* The lowest numbers may have no multiple below them in the type: then the value itself stands. */
	bool fits = !__builtin_mul_overflow(time_floor_div(v, it->width), it->width, &down);
	if (type_width(c->type) < 8)
		fits = fits && down >= -(INT64_C(1) << (type_width(c->type) * 8 - 1));
	column_add_i64(out, fits ? down : v);
}

static bool same(const struct column *a, size_t i, const struct column *b, size_t j)
{
	size_t n, m;
	switch (a->type->kind) {
	case TYPE_STRING:
	case TYPE_BINARY: {
		const char *s = column_bytes(a, i, &n), *t = column_bytes(b, j, &m);
		return n == m && memcmp(s, t, n) == 0;
	}
	case TYPE_BOOLEAN: return bit_get(a->data, i) == bit_get(b->data, j);
	case TYPE_FLOAT:
	case TYPE_DOUBLE: return column_double(a, i) == column_double(b, j);
	case TYPE_DECIMAL: return column_decimal(a, i) == column_decimal(b, j);
	default: return column_i64(a, i) == column_i64(b, j);
	}
}

/* The argument's column; *GONE: a struct above it is null in row I, so it is too. */
static const struct column *argument(const struct by_item *it, const struct batch *b, size_t i, bool *gone)
{
	const struct column *c = &b->col[it->path[0]];
	*gone = column_is_null(c, i);
	for (size_t k = 1; k < it->npath; k++) {
		c = &c->child[it->path[k]];
		*gone = *gone || column_is_null(c, i);
	}
	return c;
}

void by_compute(const struct by_item *it, const struct batch *batch, size_t from, size_t to, struct column *out,
		by_fault_fn *fault, void *arg)
{
	const struct column *given = &batch->col[it->column];
	char why[300];
	for (size_t i = from; i < to; i++) {
		bool gone;
		const struct column *c = argument(it, batch, i, &gone);
		int64_t us = 0;
		if (gone) {
			column_add_null(out);
		} else if (it->func == BY_IDENTITY) {
			column_append(out, c, (const uint32_t[]){ (uint32_t)i }, 1);
		} else if (it->func == BY_TRUNCATE) {
			add_truncated(it, c, i, out);
		} else if (instant(c, i, &us)) {
			add_time(it, us, out);
		} else {
			size_t n;
			const char *s = column_bytes(c, i, &n);
			snprintf(why, sizeof why, "field '%.60s': '%.*s' is not a time, so %.60s cannot be computed", it->source,
				 (int)(n > 40 ? 40 : n), s, it->name);
			column_add_null(out);
			fault(arg, i, why);
			continue;
		}
		if (!column_is_null(given, i) && (column_is_null(out, i) || !same(given, i, out, i))) {
			snprintf(why, sizeof why, "field '%.60s' is computed as %.100s, but the record has another value", it->name,
				 it->text);
			fault(arg, i, why);
		}
	}
}

void by_judge(const struct field *f, const struct column *c, size_t from, size_t to, by_fault_fn *fault, void *arg)
{
	char why[300];
	for (size_t i = from; i < to; i++) {
		struct delta_value v;
		delta_value_of(&v, c, i);
		if (v.null && !f->nullable)
			snprintf(why, sizeof why, "field '%.200s': an empty partition value is null, which is not allowed", f->name);
		else if (!v.null && c->type->kind == TYPE_BINARY && !utf8_valid(v.s.p, v.s.n))
			snprintf(why, sizeof why, "field '%.200s': a partition value must be UTF-8", f->name);
		else
			continue;
		fault(arg, i, why);
	}
}
