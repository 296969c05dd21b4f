/* SPDX-License-Identifier: MIT */
#include "base/mem.h"
#include "column/batch.h"
#include "t.h"

static struct arena arena = ARENA_INIT;

static struct type sql_type_of(const char *text)
{
	struct type t;
	struct err e;
	if (type_parse(&t, &arena, text, strlen(text), &e))
		T_FAIL("%s: %s", text, e.msg);
	return t;
}

static void check_str(const struct column *c, size_t i, const char *want)
{
	size_t n;
	const char *p = column_bytes(c, i, &n);
	T_MEM(p, n, want, strlen(want));
}

/* Row i: k = i, or null for each 5th; s = "s<i>", b = i odd, l = i % 4 strings, m = {"k":i}. */
static void fill(struct batch *b, int rows)
{
	for (int i = 0; i < rows; i++) {
		char text[20];
		size_t n = (size_t)snprintf(text, sizeof text, "s%d", i);
		if (i % 5 == 0)
			column_add_null(&b->col[0]);
		else
			column_add_i64(&b->col[0], i);
		column_add_bytes(&b->col[1], text, n);
		column_add_bool(&b->col[2], i & 1);
		for (int j = 0; j < i % 4 && i % 7 != 3; j++)
			column_add_bytes(&b->col[3].child[0], text, n);
		if (i % 7 == 3)
			column_add_null(&b->col[3]);
		else
			column_add_list(&b->col[3]);
		column_add_bytes(&b->col[4].child[0], "k", 1);
		column_add_i64(&b->col[4].child[1], i);
		column_add_list(&b->col[4]);
		if (i % 3) {
			column_add_struct(&b->col[5]);
			column_add_double(&b->col[5].child[0], i / 2.0);
			column_add_decimal(&b->col[5].child[1], (__int128)i << 70);
		} else {
			column_add_null(&b->col[5]);
		}
		b->nrows++;
	}
}

static void check_row(const struct batch *b, size_t at, int i)
{
	char text[20];
	snprintf(text, sizeof text, "s%d", i);
	T_INT(column_is_null(&b->col[0], at), i % 5 == 0);
	if (i % 5)
		T_INT(column_i64(&b->col[0], at), i);
	check_str(&b->col[1], at, text);
	T_INT(bit_get(b->col[2].data, at), i & 1);
	const struct column *l = &b->col[3], *m = &b->col[4], *s = &b->col[5];
	T_INT(column_is_null(l, at), i % 7 == 3);
	if (i % 7 != 3) {
		T_INT(l->offsets[at + 1] - l->offsets[at], i % 4);
		for (int32_t j = l->offsets[at]; j < l->offsets[at + 1]; j++)
			check_str(&l->child[0], (size_t)j, text);
	}
	T_INT(m->offsets[at + 1] - m->offsets[at], 1);
	T_INT(column_i64(&m->child[1], (size_t)m->offsets[at]), i);
	T_INT(column_is_null(s, at), i % 3 == 0);
	T_INT(column_is_null(&s->child[0], at), i % 3 == 0);
	if (i % 3) {
		T_DBL(column_double(&s->child[0], at), i / 2.0);
		T_OK(column_decimal(&s->child[1], at) == (__int128)i << 70);
	}
}

int main(void)
{
	struct type t = sql_type_of("struct<k:int,s:string,b:boolean,l:array<string>,m:map<string,long>,"
				"st:struct<d:double,x:decimal(38,3)>>");
	T_CASE("builders: what goes in comes out, over growth")
	{
		struct batch b;
		batch_init(&b, &t);
		fill(&b, 1000);
		for (int i = 0; i < 1000; i++)
			check_row(&b, (size_t)i, i);
		T_INT(b.col[0].nulls, 200);
		T_INT(b.col[5].child[0].n, 1000);
		T_OK(b.col[1].valid == NULL);
		size_t mem = batch_memory(&b);
		batch_clear(&b);
		T_INT(b.col[0].n, 0);
		T_OK(b.col[0].valid == NULL);
		fill(&b, 1000);
		T_INT(batch_memory(&b), mem);
		check_row(&b, 999, 999);
		batch_release(&b);
	}
	T_CASE("append: all rows, chosen rows, onto what is there")
	{
		struct batch b, c;
		batch_init(&b, &t);
		batch_init(&c, &t);
		fill(&b, 300);
		static const uint32_t sel[] = { 299, 0, 5, 5, 3, 17, 10, 64, 63, 128 };
		for (size_t i = 0; i < b.ncols; i++) {
			column_append(&c.col[i], &b.col[i], NULL, 77);
			column_append(&c.col[i], &b.col[i], sel, 10);
			column_append(&c.col[i], &b.col[i], sel, 0);
			column_append(&c.col[i], &b.col[i], NULL, 300);
			T_INT(c.col[i].n, 387);
		}
		for (int i = 0; i < 77; i++)
			check_row(&c, (size_t)i, i);
		for (int i = 0; i < 10; i++)
			check_row(&c, (size_t)(77 + i), (int)sel[i]);
		for (int i = 0; i < 300; i++)
			check_row(&c, (size_t)(87 + i), i);
		T_INT(c.col[0].nulls, 16 + 4 + 60);
		batch_release(&b);
		batch_release(&c);
	}
	T_CASE("nulls: a late first null leaves the rows before it present")
	{
		struct type s = sql_type_of("struct<a:long>");
		for (int at = 0; at < 20; at++) {
			struct batch b;
			batch_init(&b, &s);
			for (int i = 0; i < 20; i++)
				if (i == at)
					column_add_null(&b.col[0]);
				else
					column_add_i64(&b.col[0], i);
			for (int i = 0; i < 20; i++)
				T_INT(column_is_null(&b.col[0], (size_t)i), i == at);
			batch_release(&b);
		}
	}
	T_CASE("defaults: zero, empty, false; the children of a struct too")
	{
		struct type s = sql_type_of("struct<a:struct<x:date,y:string,z:array<int>,b:boolean,f:float>>");
		struct batch b;
		batch_init(&b, &s);
		column_add_default(&b.col[0]);
		struct column *x = b.col[0].child;
		T_OK(!column_is_null(&b.col[0], 0));
		T_INT(column_i64(&x[0], 0), 0);
		check_str(&x[1], 0, "");
		T_INT(x[2].offsets[1], 0);
		T_INT(bit_get(x[3].data, 0), 0);
		T_DBL(column_double(&x[4], 0), 0.0);
		batch_release(&b);
	}
	arena_release(&arena);
	return t_done();
}
