/* SPDX-License-Identifier: MIT */
/* csv_out against json_out: the same rows, a cell is the member's text. */
#include "column/csv_out.h"
#include "column/json_out.h"
#include "json/doc.h"

#include "t.h"

#include <math.h>
#include <stdlib.h>

static struct arena arena = ARENA_INIT;
static unsigned seed = 11;

static struct type type_of(const char *text)
{
	struct type t;
	struct err e;
	if (type_parse(&t, &arena, text, strlen(text), &e))
		T_FAIL("%s: %s", text, e.msg);
	return t;
}

static void add_random(struct column *c)
{
	static const char *const words[] = { "", "a", " lead", "a,b", "\"q\"", "line\nend", "cr\r", "\xF0\x9F\x98\x80", "tab\there", "\\", "#x", "bad\377byte",
					     "fifteen bytes..", "sixteen bytes...", "seventeen bytes.,", "\xE6\x97\xA5\xE6\x9C\xAC, \"\xE8\xAA\x9E\"" };
	const char *w = words[(unsigned)rand_r(&seed) % (sizeof words / sizeof *words)];
	int64_t big = (int64_t)rand_r(&seed) * rand_r(&seed) * (rand_r(&seed) % 2 ? 1 : -1);
	if (rand_r(&seed) % 5 == 0) {
		column_add_null(c);
		return;
	}
	switch (c->type->kind) {
	case TYPE_VOID: column_add_null(c); break;
	case TYPE_BOOLEAN: column_add_bool(c, rand_r(&seed) & 1); break;
	case TYPE_BYTE: column_add_i64(c, (int8_t)big); break;
	case TYPE_SHORT: column_add_i64(c, (int16_t)big); break;
	case TYPE_INTEGER: column_add_i64(c, (int32_t)big); break;
	case TYPE_DATE: column_add_i64(c, (int32_t)(big % 200000)); break;
	case TYPE_LONG: column_add_i64(c, big); break;
	case TYPE_TIMESTAMP:
	case TYPE_TIMESTAMP_NTZ: column_add_i64(c, big % INT64_C(20000000000000000)); break;
	case TYPE_FLOAT:
	case TYPE_DOUBLE: column_add_double(c, rand_r(&seed) % 4 ? (double)big / 1024 : rand_r(&seed) % 2 ? NAN : -INFINITY); break;
	case TYPE_DECIMAL: column_add_decimal(c, (__int128)big * 1000); break;
	case TYPE_STRING:
	case TYPE_BINARY: column_add_bytes(c, w, strlen(w)); break;
	case TYPE_STRUCT:
		column_add_struct(c);
		for (size_t i = 0; i < c->nchild; i++)
			add_random(&c->child[i]);
		break;
	case TYPE_LIST:
		for (int n = rand_r(&seed) % 3; n > 0; n--)
			add_random(&c->child[0]);
		column_add_list(c);
		break;
	case TYPE_MAP:
		column_add_bytes(&c->child[0], "k\"", 2);
		add_random(&c->child[1]);
		column_add_list(c);
		break;
	}
}

/* What the cell of PATH (names with dots) is in ROW, as csv_put writes it. */
static void put_cell(struct buf *b, enum csv_style style, const struct json *row, const char *path)
{
	char name[32];
	for (const char *p = path, *end; row && *p; p = *end ? end + 1 : end) {
		end = strchrnul(p, '.');
		snprintf(name, sizeof name, "%.*s", (int)(end - p), p);
		row = json_get(row, name);
	}
	if (row && row->type != JSON_NULL)
		csv_put(b, style, row->type == JSON_STRING ? row->str : row->raw, row->type == JSON_STRING ? row->nstr : row->nraw);
}

#define ROWS 200
#define TYPE "struct<t:boolean,b:byte,s:short,i:int,l:long,f:float,d:double,e:decimal(38,3),x:string,y:binary,da:date,ts:timestamp," \
	     "tn:timestamp_ntz,o:struct<p:string,q:struct<r:long,u:array<string>>>,li:array<string>,m:map<string,string>>"
static const char *const whole[] = { "t", "b", "s", "i", "l", "f", "d", "e", "x", "y", "da", "ts", "tn", "o", "li", "m", NULL };
static const char *const flat[] = { "t", "b", "s", "i", "l", "f", "d", "e", "x", "y", "da", "ts", "tn", "o.p", "o.q.r", "o.q.u", "li", "m", NULL };

static void compare(const struct type *t, const struct batch *b, const uint32_t *sel, size_t nsel, enum csv_style style, bool flatten)
{
	const struct csv_out_opts opts = { .style = style, .flatten = flatten };
	struct csv_out *co = csv_out_new(t, &opts);
	struct json_out *jo = json_out_new(t, NULL);
	struct buf got = BUF_INIT, json = BUF_INIT, want = BUF_INIT;
	const struct column *cols[16];
	const char *const *names = flatten ? flat : whole;
	for (size_t i = 0; i < b->ncols; i++)
		cols[i] = &b->col[i];
	csv_out_head(co, &got, NULL);
	csv_out_rows(co, &got, cols, sel, nsel);
	json_out_rows(jo, &json, cols, sel, nsel);
	for (size_t k = 0; names[k]; k++)
		buf_printf(&want, "%s%c", names[k], names[k + 1] ? csv_delimiter(style) : '\n');
	const char *p = json.p;
	for (size_t i = 0; i < nsel; i++) {
		struct json *row;
		const char *nl = memchr(p, '\n', json.n - (size_t)(p - json.p));
		size_t from = want.n;
		T_INT(json_parse(&row, &arena, p, (size_t)(nl - p), NULL), 0);
		for (size_t k = 0; names[k]; k++) {
			if (k)
				buf_putc(&want, csv_delimiter(style));
			put_cell(&want, style, row, names[k]);
		}
		csv_end(&want, style, from);
		p = nl + 1;
	}
	size_t at = 0;
	while (at < got.n && at < want.n && got.p[at] == want.p[at])
		at++;
	if (at < got.n || at < want.n)
		T_FAIL("byte %zu: '%.40s', not '%.40s'", at, buf_cstr(&got) + at, buf_cstr(&want) + at);
	csv_out_free(co);
	json_out_free(jo);
	buf_release(&got);
	buf_release(&json);
	buf_release(&want);
}

static void every_kind(void)
{
	struct type t = type_of(TYPE);
	struct batch b;
	uint32_t all[ROWS], some[ROWS];
	size_t n = 0;
	batch_init(&b, &t);
	for (uint32_t i = 0; i < ROWS; i++) {
		for (size_t k = 0; k < b.ncols; k++)
			add_random(&b.col[k]);
		all[i] = i;
		if (i % 3 == 1)
			some[n++] = i;
	}
	for (int flatten = 0; flatten < 2; flatten++) {
		compare(&t, &b, all, ROWS, CSV_COMMA, flatten);
		compare(&t, &b, all, ROWS, CSV_TAB, flatten);
		compare(&t, &b, some, n, CSV_COMMA, flatten);
	}
	batch_release(&b);
}

/* Partition columns, tails of changes, a single null column. */
static void extras(void)
{
	struct type t = type_of("struct<p:string,v:string>"), one = type_of("struct<v:string>");
	const struct csv_out_opts opts = { .style = CSV_COMMA };
	struct batch b;
	struct buf out = BUF_INIT;
	batch_init(&b, &t);
	column_add_bytes(&b.col[0], "a,b", 3);
	column_add_bytes(&b.col[1], "x", 1);
	column_add_null(&b.col[1]);
	struct csv_out *co = csv_out_new(&t, &opts);
	csv_out_constant(co, 0, &b.col[0]);
	csv_out_tail(co, ",insert,7", 9);
	csv_out_head(co, &out, ",_change_type,_n");
	csv_out_rows(co, &out, (const struct column *[]){ NULL, &b.col[1] }, NULL, 2);
	T_STR(buf_cstr(&out), "p,v,_change_type,_n\n\"a,b\",x,insert,7\n\"a,b\",,insert,7\n");
	csv_out_free(co);
	buf_clear(&out);
	co = csv_out_new(&one, &opts);
	csv_out_rows(co, &out, (const struct column *[]){ &b.col[1] }, NULL, 2);
	T_STR(buf_cstr(&out), "x\n\"\"\n");
	csv_out_free(co);
	buf_release(&out);
	batch_release(&b);
}

int main(void)
{
	T_CASE("CSV and TSV hold what NDJSON holds, of every type, whole and flattened") every_kind();
	T_CASE("constants, tails, a column of nulls") extras();
	arena_release(&arena);
	return t_done();
}
