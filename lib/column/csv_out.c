/* SPDX-License-Identifier: MIT */
/* Walks the columns row by row; each column of the output is a leaf: a path through structs to a value. */
#include "column/csv_out.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "column/format.h"

#include <string.h>

#define MAX_DEPTH 16                 /* structs below this stay JSON */

struct leaf {
	enum type_kind kind;
	enum json_out_form form;
	uint8_t scale, depth;        /* DEPTH: structs on the way */
	uint32_t top, path[MAX_DEPTH]; /* the field of the row, then members */
	struct json_out *json;       /* lists, maps, structs */
	struct field field;          /* what JSON prints */
	char *constant;              /* text of every row; NULL: none */
	size_t nconstant;
	struct buf name;
};

struct csv_out {
	enum csv_style style;
	bool nulls;
	struct leaf *leaf;
	size_t nleaves, cap;
	size_t room;                 /* for the fixed-size values and delimiters of a row */
	const char *tail;
	size_t ntail;
	struct format_time day;
	struct buf text;             /* scratch for JSON */
};

struct plan {
	struct csv_out *co;
	const struct field *at[MAX_DEPTH + 1];
	uint32_t path[MAX_DEPTH + 1];
	bool flatten;
};

static void add_leaf(struct plan *p, size_t n)
{
	struct csv_out *co = p->co;
	const struct field *f = p->at[n - 1];
	MEM_GROW(co->leaf, co->cap, co->nleaves + 1);
	struct leaf *l = &co->leaf[co->nleaves++];
	*l = (struct leaf){ .kind = f->type.kind, .form = json_out_form(f), .scale = f->type.scale, .depth = (uint8_t)(n - 1), .top = p->path[0],
			    .field = *f };
	for (size_t i = 0; i < n; i++)
		csv_name(&l->name, p->at[i]->name, p->at[i]->nname, i == 0, i + 1 == n);
	for (size_t i = 1; i < n; i++)
		l->path[i - 1] = p->path[i];
}

static void add_leaves(struct plan *p, const struct field *f, uint32_t index, size_t depth)
{
	p->at[depth] = f;
	p->path[depth] = index;
	if (!p->flatten || f->type.kind != TYPE_STRUCT || !f->type.nfields || depth == MAX_DEPTH) {
		add_leaf(p, depth + 1);
		return;
	}
	for (size_t i = 0; i < f->type.nfields; i++)
		add_leaves(p, &f->type.fields[i], (uint32_t)i, depth + 1);
}

struct csv_out *csv_out_new(const struct type *type, const struct csv_out_opts *opts)
{
	struct csv_out *co = mem_zalloc(sizeof *co);
	struct plan p = { .co = co, .flatten = opts->flatten };
	const struct json_out_opts jo = { .nulls = opts->nulls, .bare = true };
	co->style = opts->style;
	for (size_t i = 0; i < type->nfields; i++)
		add_leaves(&p, &type->fields[i], (uint32_t)i, 0);
	co->room = co->nleaves * (FORMAT_ROOM + 1) + FORMAT_ROOM;
	for (size_t i = 0; i < co->nleaves; i++) { /* their places are final now */
		struct leaf *l = &co->leaf[i];
		struct type one = { .kind = TYPE_STRUCT, .fields = &l->field, .nfields = 1 };
		if (l->kind == TYPE_LIST || l->kind == TYPE_MAP || l->kind == TYPE_STRUCT)
			l->json = json_out_new(&one, &jo);
	}
	return co;
}

void csv_out_free(struct csv_out *co)
{
	if (!co)
		return;
	for (size_t i = 0; i < co->nleaves; i++) {
		json_out_free(co->leaf[i].json);
		mem_free(co->leaf[i].constant);
		buf_release(&co->leaf[i].name);
	}
	mem_free(co->leaf);
	buf_release(&co->text);
	mem_free(co);
}

void csv_out_head(const struct csv_out *co, struct buf *b, const char *tail)
{
	for (size_t i = 0; i < co->nleaves; i++) {
		if (i)
			buf_putc(b, csv_delimiter(co->style));
		csv_put(b, co->style, co->leaf[i].name.n ? co->leaf[i].name.p : "", co->leaf[i].name.n);
	}
	if (tail)
		buf_puts(b, tail);
	buf_putc(b, '\n');
}

void csv_out_tail(struct csv_out *co, const char *tail, size_t n)
{
	co->tail = tail;
	co->ntail = n;
}

/* Values are written at TO, where ROOM bytes are left; each call returns the end, with as much room behind it. */
static char *more_room(const struct csv_out *co, struct buf *b, char *to, size_t n)
{
	b->n = (size_t)(to - b->p);
	return buf_reserve(b, n + co->room);
}

static char *put_text(struct csv_out *co, struct buf *b, char *to, const char *s, size_t n)
{
	to = more_room(co, b, to, CSV_ROOM(n));
	if (csv_put_padded(b, co->style, n ? s : "", n) && /* a column of empty texts may have no bytes at all */ !utf8_valid(s, n)) {
		b->n = (size_t)(to - b->p);
		buf_clear(&co->text); /* foreign files may hold what is no UTF-8 */
		utf8_repair(&co->text, s, n);
		buf_reserve(b, CSV_ROOM(co->text.n) + co->room);
		csv_put(b, co->style, co->text.p, co->text.n);
	}
	return b->p + b->n;
}

/* Lists, maps, structs. */
static char *put_json(struct csv_out *co, const struct leaf *l, struct buf *b, char *to, const struct column *c, size_t i)
{
	buf_clear(&co->text);
	json_out_one(l->json, &co->text, c, i);
	memset(buf_reserve(&co->text, CSV_PADDING), 0, CSV_PADDING);
	more_room(co, b, to, CSV_ROOM(co->text.n));
	csv_put_padded(b, co->style, co->text.p, co->text.n);
	return b->p + b->n;
}

/* TEXT up to END to TO, without the quotes that json_out needs. */
static inline char *unquoted(char *to, const char *text, const char *end)
{
	bool quoted = *text == '"';
	memcpy(to, text + quoted, FORMAT_ROOM / 2);
	return to + (end - text) - (quoted ? 2 : 0);
}

static char *put_base64(struct csv_out *co, struct buf *b, char *to, const struct column *c, size_t i)
{
	size_t n;
	const char *s = column_bytes(c, i, &n);
	if (!n)
		return put_text(co, b, to, s, n);
	to = more_room(co, b, to, 4 * ((n + 2) / 3) + 2);
	n = (size_t)(format_base64(to, s, n) - to) - 2;
	memmove(to, to + 1, n);
	return to + n;
}

static char *put_value(struct csv_out *co, const struct leaf *l, struct buf *b, char *to, const struct column *c, size_t i)
{
	char text[FORMAT_ROOM];
	const char *s;
	size_t n;
	switch (l->kind) {
	case TYPE_VOID: break;
	case TYPE_STRING: s = column_bytes(c, i, &n); return put_text(co, b, to, s, n);
	case TYPE_BINARY: return put_base64(co, b, to, c, i);
	case TYPE_STRUCT:
	case TYPE_LIST:
	case TYPE_MAP: return put_json(co, l, b, to, c, i);
	case TYPE_BOOLEAN: memcpy(to, bit_get(c->data, i) ? "true" : "false", 5); return to + (bit_get(c->data, i) ? 4 : 5);
	case TYPE_BYTE: return format_i64(to, ((const int8_t *)c->data)[i]);
	case TYPE_SHORT: return format_i64(to, ((const int16_t *)c->data)[i]);
	case TYPE_INTEGER: return format_i64(to, ((const int32_t *)c->data)[i]);
	case TYPE_LONG: return format_i64(to, ((const int64_t *)c->data)[i]);
	case TYPE_FLOAT: return unquoted(to, text, format_float(text, ((const float *)c->data)[i], l->form));
	case TYPE_DOUBLE: return unquoted(to, text, format_double(text, ((const double *)c->data)[i], l->form));
	case TYPE_DECIMAL: return format_decimal(to, column_decimal(c, i), l->scale);
	case TYPE_DATE: return unquoted(to, text, format_date(text, &co->day, ((const int32_t *)c->data)[i]));
	case TYPE_TIMESTAMP:
	case TYPE_TIMESTAMP_NTZ:
		return unquoted(to, text, format_timestamp(text, &co->day, ((const int64_t *)c->data)[i], l->form, l->kind == TYPE_TIMESTAMP));
	}
	return to;
}

static inline char *put_leaf(struct csv_out *co, const struct leaf *l, struct buf *b, char *to, const struct column *c, size_t i)
{
	for (unsigned k = 0; k < l->depth; k++) {
		if (column_is_null(c, i))
			return to;
		c = &c->child[l->path[k]];
	}
	return column_is_null(c, i) ? to : put_value(co, l, b, to, c, i);
}

static char *put_constant(const struct csv_out *co, const struct leaf *l, struct buf *b, char *to)
{
	if (!l->nconstant)
		return to;
	to = more_room(co, b, to, l->nconstant);
	memcpy(to, l->constant, l->nconstant);
	return to + l->nconstant;
}

void csv_out_constant(struct csv_out *co, size_t i, const struct column *c)
{
	for (size_t k = 0; k < co->nleaves; k++) {
		struct leaf *l = &co->leaf[k];
		struct buf b = BUF_INIT;
		if (l->top != i || l->depth)
			continue;
		mem_free(l->constant);
		l->constant = NULL;
		l->nconstant = 0;
		if (!c || column_is_null(c, 0))
			continue;
		b.n = (size_t)(put_value(co, l, &b, buf_reserve(&b, co->room), c, 0) - b.p);
		l->constant = buf_detach(&b, &l->nconstant);
	}
}

void csv_out_rows(struct csv_out *co, struct buf *b, const struct column *const *cols, const uint32_t *sel, size_t nsel)
{
	char delimiter = csv_delimiter(co->style);
	for (size_t i = 0; i < nsel; i++) {
		size_t from = b->n, row = sel ? sel[i] : i;
		char *to = buf_reserve(b, co->room);
		for (size_t k = 0; k < co->nleaves; k++) {
			const struct leaf *l = &co->leaf[k];
			const struct column *c = cols[l->top];
			if (k)
				*to++ = delimiter;
			to = c ? put_leaf(co, l, b, to, c, row) : put_constant(co, l, b, to);
		}
		b->n = (size_t)(to - b->p);
		if (co->tail)
			buf_put(b, co->tail, co->ntail);
		csv_end(b, co->style, from);
	}
}
