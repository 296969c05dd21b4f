/* SPDX-License-Identifier: MIT */
/* The loop of the reader: a record at a time into the columns, rolled back when it is bad. */
#include "column/json_in.h"

#include "base/mem.h"
#include "column/json_in_plan.h"
#include "json/doc.h"
#include "json/kind.h"
#include "json/string.h"

#define MAX_TEXT ((size_t)1 << 30)

struct json_in *json_in_new(const struct type *root, const struct json_in_opts *opts)
{
	struct json_in *in = mem_zalloc(sizeof *in);
	if (opts)
		in->opts = *opts;
	json_lines_init(&in->lines);
	jin_plan(in, root);
	return in;
}

void json_in_free(struct json_in *in)
{
	if (!in)
		return;
	json_lines_release(&in->lines);
	arena_release(&in->arena);
	buf_release(&in->text);
	buf_release(&in->path);
	mem_free(in->set);
	mem_free(in->row);
	mem_free(in);
}

void json_in_block(struct json_in *in, const char *p, size_t n)
{
	json_lines_block(&in->lines, p, n);
	in->pending = false;
	in->nrow = 0;
}

const struct json_in_row *json_in_rows(const struct json_in *in, size_t *n, size_t *first)
{
	*n = in->nrow;
	*first = in->row_first;
	return in->row;
}

static void reserve_rows(struct json_in *in, struct batch *b)
{
	for (size_t i = 0; i < b->ncols; i++)
		column_reserve(&b->col[i], JIN_STEP, 0);
	in->root.reserved = b->nrows + JIN_STEP;
}

static void roll_back(struct batch *b)
{
	for (size_t i = 0; i < b->ncols; i++)
		jin_truncate(&b->col[i], b->nrows);
}

/* The value at token T as far as a message shows it, to TEXT. */
static void value_text(const struct json_in *in, const uint32_t *t, char *text, size_t cap)
{
	const char *end, *s = in->walk.p + *t;
	if (!json_walk_value(&in->walk, t, 0, &end))
		end = s + 1;
	size_t n = (size_t)(end - s), keep = cap - 4;
	if (n <= keep) {
		memcpy(text, s, n);
		text[n] = '\0';
		return;
	}
	while (keep && ((unsigned char)s[keep] & 0xC0) == 0x80)
		keep--;
	memcpy(text, s, keep);
	memcpy(text + keep, "\xE2\x80\xA6", 4);
}

static void unknown_path(struct json_in *in, const uint32_t *t)
{
	uint32_t quote = json_walk_quote(&in->walk, t);
	size_t n = quote - *t - 1;
	buf_clear(&in->path);
	if (in->bad->parent) {
		jin_path(in, in->bad);
		buf_putc(&in->path, '.');
	}
	in->path.n += json_decode(buf_reserve(&in->path, n + 1), in->walk.p + *t + 1, n);
}

/* Say what is wrong with the record: its grammar first, then what does not fit the columns. */
static int describe(struct json_in *in, const struct json_line *l, struct err *e)
{
	struct buf type = BUF_INIT;
	char value[64];
	if (in->fault == JIN_SYNTAX || json_check(l->base + l->start, l->end - l->start, NULL))
		return json_line_error(l, e);
	if (in->fault == JIN_UNKNOWN)
		unknown_path(in, in->bad_tok);
	else
		jin_path(in, in->bad);
	const char *path = buf_cstr(&in->path);
	switch (in->fault) {
	case JIN_NULL:
		err_set(e, ERR_DATA, "field '%s' is null, but must not be", path);
		break;
	case JIN_MISSING:
		err_set(e, ERR_DATA, "field '%s' is missing, but must not be null", path);
		break;
	case JIN_TWICE:
		err_set(e, ERR_DATA, "field '%s' is given twice", path);
		break;
	case JIN_MAP_TWICE:
		err_set(e, ERR_DATA, "a key is given twice in the map '%s'", path);
		break;
	case JIN_UNKNOWN:
		err_set(e, ERR_DATA, "field '%s' is not in the schema", path);
		break;
	default:
		type_print(in->bad->type, &type);
		value_text(in, in->bad_tok, value, sizeof value);
		err_set(e, ERR_DATA, "field '%s': %s does not fit type %.*s", path, value, (int)(type.n < 200 ? type.n : 200), type.p);
		buf_release(&type);
	}
	err_at(e, NULL, l->number, (uint64_t)(*in->bad_tok - l->start) + 1);
	return ERR_DATA;
}

/* One record into the batch's columns; false when it is bad. */
static bool read_record(struct json_in *in, struct batch *b, const struct json_line *l, enum json_kind kind)
{
	in->fault = JIN_SYNTAX;
	if (!l->tok || l->base[*l->tok] != '{' || kind == JSON_KIND_RESERVED)
		return false;
	in->walk = json_walk_line(&in->lines, l);
	const uint32_t *t = jin_object(in, &in->root, l->tok, 0, b->nrows);
	if (!t)
		return false;
	if (t[-1] >= l->end || *t < l->end) {
		in->fault = JIN_SYNTAX;
		return false;
	}
	in->lines.tok = t;
	return true;
}

static void keep_row(struct json_in *in, const struct batch *b, const struct json_line *l)
{
	if (b->nrows == 0 || in->nrow == 0) {
		in->nrow = 0;
		in->row_first = b->nrows;
	}
	MEM_GROW(in->row, in->row_cap, in->nrow + 1);
	in->row[in->nrow++] = (struct json_in_row){ l->base + l->start, l->end - l->start, l->number };
}

static void fill_line(struct json_in_line *out, const struct json_line *l)
{
	*out = (struct json_in_line){ .p = l->base + l->start, .n = l->end - l->start, .line = l->number };
}

static enum json_in_event report(struct json_in *in, struct json_in_line *out, const struct json_line *l, struct err *e)
{
	fill_line(out, l);
	describe(in, l, e);
	if (in->fault != JIN_UNKNOWN || in->opts.unknown != JSON_IN_UNKNOWN_REPORT)
		return JSON_IN_BAD;
	const char *end;
	if (!json_walk_value(&in->walk, in->bad_tok + 2, 0, &end))
		return JSON_IN_BAD;
	out->field = in->path.p;
	out->value = in->walk.p + in->bad_tok[2];
	out->nvalue = (size_t)(end - out->value);
	return JSON_IN_UNKNOWN;
}

enum json_in_event json_in_next(struct json_in *in, struct batch *b, size_t max_rows, size_t max_bytes,
				struct json_in_line *out, struct err *e)
{
	struct json_line *l = &in->line;
	if (!max_bytes || max_bytes > MAX_TEXT)
		max_bytes = MAX_TEXT;
	if (!b->nrows)
		in->taken = 0;
	jin_bind(in, b);
	for (;; in->pending = false) {
		if (!in->pending && !json_lines_next(&in->lines, l))
			return JSON_IN_END;
		size_t n = l->end - l->start;
		enum json_kind kind = json_kind(l->base + l->start, n);
		bool mark = kind == JSON_KIND_MARK;
		in->pending = !mark && b->nrows && (b->nrows >= max_rows || in->taken + n > max_bytes);
		if (in->pending)
			return JSON_IN_FULL;
		if (mark) {
			fill_line(out, l);
			return JSON_IN_MARK;
		}
		if (b->nrows == in->root.reserved)
			reserve_rows(in, b);
		if (!read_record(in, b, l, kind)) {
			roll_back(b);
			return report(in, out, l, e);
		}
		if (in->opts.rows)
			keep_row(in, b, l);
		in->taken += n;
		b->nrows++;
	}
}
