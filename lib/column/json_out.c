/* SPDX-License-Identifier: MIT */
/* Walks the columns row by row and prints them as members of an object. */
#include "column/json_out.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "column/format.h"
#include "json/doc.h"

#include <string.h>

#define CHUNK ((size_t)512)      /* bytes of a string between two looks at the room left */
#define NAME_BLOCK ((size_t)16)  /* names are copied in blocks of so many bytes, whatever their length */

struct node {
	enum type_kind kind;
	enum json_out_form form;
	uint8_t scale;
	char *name;              /* `,"name":`, padded to whole blocks */
	size_t nname;
	char *constant;          /* the value's text for every row; NULL: none */
	size_t nconstant;
	struct node *child;
	size_t nchild;
};

struct json_out {
	struct node *field;
	size_t nfields;
	bool nulls, bare;
	struct buf head, tail;   /* `,"a":1` */
	struct format_time day;
	/* The buffer being written: P is where, END where its room ends. */
	struct buf *b;
	char *p, *end;
};

const char *json_out_form_name(enum json_out_form f)
{
	static const char *const name[] = { NULL, "whole", "ms", "us" };
	return name[f];
}

enum json_out_form json_out_form(const struct field *f)
{
	enum json_out_form form = JSON_FORM_PLAIN;
	struct arena a = ARENA_INIT;
	struct json *v;
	if (!f->metadata || !strstr(f->metadata, JSON_OUT_FORM_KEY))
		return form;
	if (json_parse(&v, &a, f->metadata, strlen(f->metadata), NULL) == 0) {
		const char *text = json_str(json_get(v, JSON_OUT_FORM_KEY));
		for (int i = JSON_FORM_WHOLE; text && i <= JSON_FORM_US; i++)
			if (strcmp(text, json_out_form_name((enum json_out_form)i)) == 0)
				form = (enum json_out_form)i;
	}
	arena_release(&a);
	return form;
}

/* Elements, keys and values have no metadata of their own: they take the form of the field that they are in. */
static void node_init(struct node *nd, const struct field *f, enum json_out_form inherited)
{
	struct buf b = BUF_INIT;
	nd->kind = f->type.kind;
	nd->scale = f->type.scale;
	nd->form = f->metadata ? json_out_form(f) : inherited;
	buf_putc(&b, ',');
	json_put_string(&b, f->name, f->nname);
	buf_putc(&b, ':');
	nd->nname = b.n;
	memset(buf_reserve(&b, NAME_BLOCK), 0, NAME_BLOCK);
	nd->name = b.p;
	nd->nchild = f->type.nfields;
	nd->child = mem_zalloc(nd->nchild * sizeof *nd->child);
	for (size_t i = 0; i < nd->nchild; i++)
		node_init(&nd->child[i], &f->type.fields[i], nd->kind == TYPE_STRUCT ? JSON_FORM_PLAIN : nd->form);
}

static void node_release(struct node *nd)
{
	for (size_t i = 0; i < nd->nchild; i++)
		node_release(&nd->child[i]);
	mem_free(nd->child);
	mem_free(nd->name);
	mem_free(nd->constant);
}

struct json_out *json_out_new(const struct type *type, const struct json_out_opts *opts)
{
	struct json_out *jo = mem_zalloc(sizeof *jo);
	jo->nulls = opts && opts->nulls;
	jo->bare = opts && opts->bare;
	jo->nfields = type->nfields;
	jo->field = mem_zalloc(type->nfields * sizeof *jo->field);
	for (size_t i = 0; i < type->nfields; i++)
		node_init(&jo->field[i], &type->fields[i], JSON_FORM_PLAIN);
	return jo;
}

void json_out_free(struct json_out *jo)
{
	if (!jo)
		return;
	for (size_t i = 0; i < jo->nfields; i++)
		node_release(&jo->field[i]);
	mem_free(jo->field);
	buf_release(&jo->head);
	buf_release(&jo->tail);
	mem_free(jo);
}

static void set_extra(struct buf *b, const char *s, size_t n)
{
	buf_clear(b);
	if (!n)
		return;
	buf_putc(b, ',');
	buf_put(b, s, n);
}

void json_out_extra(struct json_out *jo, const char *head, size_t nhead, const char *tail, size_t ntail)
{
	set_extra(&jo->head, head, head ? nhead : 0);
	set_extra(&jo->tail, tail, tail ? ntail : 0);
}

static void more_room(struct json_out *jo, size_t n)
{
	jo->b->n = (size_t)(jo->p - jo->b->p);
	jo->p = buf_reserve(jo->b, n);
	jo->end = jo->b->p + jo->b->cap;
}

static inline void room(struct json_out *jo, size_t n)
{
	if (__builtin_expect((size_t)(jo->end - jo->p) < n, 0))
		more_room(jo, n);
}

static void begin(struct json_out *jo, struct buf *b)
{
	jo->b = b;
	jo->p = buf_reserve(b, FORMAT_ROOM);
	jo->end = b->p + b->cap;
}

static void finish(struct json_out *jo)
{
	jo->b->n = (size_t)(jo->p - jo->b->p);
	jo->b = NULL;
}

static void put_raw(struct json_out *jo, const char *s, size_t n)
{
	room(jo, n);
	memcpy(jo->p, s, n);
	jo->p += n;
}

/* Names are short: a block or two, copied without asking for the length. */
static inline void put_name(struct json_out *jo, const struct node *nd)
{
	room(jo, nd->nname + NAME_BLOCK + FORMAT_ROOM);
	for (size_t at = 0; at < nd->nname; at += NAME_BLOCK)
		memcpy(jo->p + at, nd->name + at, NAME_BLOCK);
	jo->p += nd->nname;
}

static void put_chars(struct json_out *jo, const char *s, size_t n, unsigned *high)
{
	for (size_t k; n; s += k, n -= k) {
		k = n < CHUNK ? n : CHUNK;
		room(jo, 6 * k + FORMAT_ROOM);
		jo->p = format_chars(jo->p, s, k, high);
	}
}

/* Foreign files may hold what is no UTF-8: print it again, mended. */
static void put_mended(struct json_out *jo, size_t start, const char *s, size_t n)
{
	struct buf b = BUF_INIT;
	unsigned high = 0;
	utf8_repair(&b, s, n);
	memset(buf_reserve(&b, NAME_BLOCK), 0, NAME_BLOCK);
	jo->p = jo->b->p + start;
	put_chars(jo, b.p, b.n, &high);
	buf_release(&b);
}

static inline void put_text(struct json_out *jo, const struct column *c, size_t i)
{
	size_t n, start;
	const char *s = column_bytes(c, i, &n);
	unsigned high = 0;
	room(jo, FORMAT_ROOM);
	*jo->p++ = '"';
	start = (size_t)(jo->p - jo->b->p);
	put_chars(jo, s, n, &high);
	if (high && !utf8_valid(s, n))
		put_mended(jo, start, s, n);
	room(jo, 1);
	*jo->p++ = '"';
}

static void put_base64(struct json_out *jo, const struct column *c, size_t i)
{
	size_t n;
	const char *s = column_bytes(c, i, &n);
	room(jo, 4 * ((n + 2) / 3) + 2);
	jo->p = format_base64(jo->p, s, n);
}

static void put_word(struct json_out *jo, const char *s, size_t n)
{
	room(jo, FORMAT_ROOM);
	memcpy(jo->p, s, n);
	jo->p += n;
}

static void put_value(struct json_out *jo, const struct node *nd, const struct column *c, size_t i);

static void put_or_null(struct json_out *jo, const struct node *nd, const struct column *c, size_t i)
{
	if (column_is_null(c, i))
		put_word(jo, "null", 4);
	else
		put_value(jo, nd, c, i);
}

/* Members are written with a comma in front; the first one's becomes the brace. */
static void close_object(struct json_out *jo, size_t start)
{
	room(jo, 8);
	if ((size_t)(jo->p - jo->b->p) == start)
		*jo->p++ = '{';
	else
		jo->b->p[start] = '{';
	*jo->p++ = '}';
}

static inline void put_member(struct json_out *jo, const struct node *nd, const struct column *c, size_t i)
{
	if (c && !column_is_null(c, i)) {
		put_name(jo, nd);
		put_value(jo, nd, c, i);
	} else if (!c && nd->constant) {
		put_name(jo, nd);
		put_raw(jo, nd->constant, nd->nconstant);
	} else if (jo->nulls) {
		put_name(jo, nd);
		put_word(jo, "null", 4);
	}
}

static void put_struct(struct json_out *jo, const struct node *nd, const struct column *c, size_t i)
{
	size_t start = (size_t)(jo->p - jo->b->p);
	for (size_t k = 0; k < nd->nchild; k++)
		put_member(jo, &nd->child[k], &c->child[k], i);
	close_object(jo, start);
}

static void put_list(struct json_out *jo, const struct node *nd, const struct column *c, size_t i)
{
	put_word(jo, "[", 1);
	for (int32_t k = c->offsets[i]; k < c->offsets[i + 1]; k++) {
		if (k > c->offsets[i])
			put_word(jo, ",", 1);
		put_or_null(jo, &nd->child[0], &c->child[0], (size_t)k);
	}
	put_word(jo, "]", 1);
}

static void put_map(struct json_out *jo, const struct node *nd, const struct column *c, size_t i)
{
	bool object = nd->child[0].kind == TYPE_STRING;
	put_word(jo, object ? "{" : "[", 1);
	for (int32_t k = c->offsets[i]; k < c->offsets[i + 1]; k++) {
		if (k > c->offsets[i])
			put_word(jo, ",", 1);
		if (!object)
			put_word(jo, "{\"key\":", 7);
		put_or_null(jo, &nd->child[0], &c->child[0], (size_t)k);
		put_word(jo, object ? ":" : ",\"value\":", object ? 1 : 9);
		put_or_null(jo, &nd->child[1], &c->child[1], (size_t)k);
		if (!object)
			put_word(jo, "}", 1);
	}
	put_word(jo, object ? "}" : "]", 1);
}

static void put_value(struct json_out *jo, const struct node *nd, const struct column *c, size_t i)
{
	room(jo, FORMAT_ROOM);
	switch (nd->kind) {
	case TYPE_VOID: put_word(jo, "null", 4); break;
	case TYPE_BOOLEAN:
		if (bit_get(c->data, i))
			put_word(jo, "true", 4);
		else
			put_word(jo, "false", 5);
		break;
	case TYPE_BYTE: jo->p = format_i64(jo->p, ((const int8_t *)c->data)[i]); break;
	case TYPE_SHORT: jo->p = format_i64(jo->p, ((const int16_t *)c->data)[i]); break;
	case TYPE_INTEGER: jo->p = format_i64(jo->p, ((const int32_t *)c->data)[i]); break;
	case TYPE_LONG: jo->p = format_i64(jo->p, ((const int64_t *)c->data)[i]); break;
	case TYPE_FLOAT: jo->p = format_float(jo->p, ((const float *)c->data)[i], nd->form); break;
	case TYPE_DOUBLE: jo->p = format_double(jo->p, ((const double *)c->data)[i], nd->form); break;
	case TYPE_DECIMAL: jo->p = format_decimal(jo->p, column_decimal(c, i), nd->scale); break;
	case TYPE_STRING: put_text(jo, c, i); break;
	case TYPE_BINARY: put_base64(jo, c, i); break;
	case TYPE_DATE: jo->p = format_date(jo->p, &jo->day, ((const int32_t *)c->data)[i]); break;
	case TYPE_TIMESTAMP:
	case TYPE_TIMESTAMP_NTZ:
		jo->p = format_timestamp(jo->p, &jo->day, ((const int64_t *)c->data)[i], nd->form, nd->kind == TYPE_TIMESTAMP);
		break;
	case TYPE_STRUCT: put_struct(jo, nd, c, i); break;
	case TYPE_LIST: put_list(jo, nd, c, i); break;
	case TYPE_MAP: put_map(jo, nd, c, i); break;
	}
}

static void put_row(struct json_out *jo, const struct column *const *cols, size_t i)
{
	size_t start = (size_t)(jo->p - jo->b->p);
	if (jo->head.n)
		put_raw(jo, jo->head.p, jo->head.n);
	for (size_t k = 0; k < jo->nfields; k++)
		put_member(jo, &jo->field[k], cols[k], i);
	if (jo->tail.n)
		put_raw(jo, jo->tail.p, jo->tail.n);
	close_object(jo, start);
	if (!jo->bare)
		*jo->p++ = '\n';
}

void json_out_rows(struct json_out *jo, struct buf *b, const struct column *const *cols, const uint32_t *sel, size_t nsel)
{
	begin(jo, b);
	for (size_t i = 0; i < nsel; i++)
		put_row(jo, cols, sel ? sel[i] : i);
	finish(jo);
}

void json_out_one(struct json_out *jo, struct buf *b, const struct column *c, size_t i)
{
	begin(jo, b);
	put_or_null(jo, &jo->field[0], c, i);
	finish(jo);
}

/* Print one value through a throw-away plan. */
static void value_with_form(struct buf *b, const struct column *c, size_t i, enum json_out_form form)
{
	struct json_out jo = { 0 };
	struct node nd = { 0 };
	node_init(&nd, &(struct field){ .name = "", .type = *c->type }, form);
	begin(&jo, b);
	put_or_null(&jo, &nd, c, i);
	finish(&jo);
	node_release(&nd);
}

void json_out_value(struct buf *b, const struct column *c, size_t i)
{
	value_with_form(b, c, i, JSON_FORM_PLAIN);
}

void json_out_constant(struct json_out *jo, size_t i, const struct column *c)
{
	struct node *nd = &jo->field[i];
	struct buf b = BUF_INIT;
	mem_free(nd->constant);
	nd->constant = NULL;
	nd->nconstant = 0;
	if (!c || column_is_null(c, 0))
		return;
	value_with_form(&b, c, 0, nd->form);
	nd->constant = buf_detach(&b, &nd->nconstant);
}
