/* SPDX-License-Identifier: MIT */
/* Any text as a condition: no crash, what is printed parses to the same, pruning foresees what happens. */
#include "column/json_in.h"
#include "expr/expr.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char sql_type_text[] = "struct<a:integer,b:long,d:double,s:string,t:timestamp,dt:date,dec:decimal(6,2),k:boolean,"
				"st:struct<x:integer,y:struct<z:string>>,l:array<integer>,m:map<string,long>,bin:binary>";
static const char rows[] =
	"{\"a\":1,\"b\":9007199254740993,\"d\":1.5,\"s\":\"h\\u00e9llo\",\"t\":\"2024-02-29T01:02:03.000004Z\",\"dt\":\"2024-02-29\","
	"\"dec\":1.25,\"k\":true,\"st\":{\"x\":1,\"y\":{\"z\":\"q\"}},\"l\":[1,null],\"m\":{\"k\":2},\"bin\":\"AP8=\"}\n"
	"{}\n{\"d\":\"NaN\",\"s\":\"\",\"k\":false,\"st\":{},\"l\":[],\"m\":{}}\n";

static void check(bool ok)
{
	if (!ok)
		abort();
}

static struct schema schema;
static struct batch batch;
static struct column_stats stats[16];
static struct expr_leaf leaves[16];

static size_t leaf_stats(const struct column *c, size_t leaf, bool nested)
{
	if (c->type->kind == TYPE_STRUCT || c->type->kind == TYPE_LIST || c->type->kind == TYPE_MAP) {
		for (size_t i = 0; i < c->nchild; i++)
			leaf = leaf_stats(&c->child[i], leaf, nested || c->type->kind != TYPE_STRUCT);
		return leaf;
	}
	stats_init(&stats[leaf], c->type);
	if (!nested) {
		stats_update(&stats[leaf], c, NULL, c->n);
		leaves[leaf] = (struct expr_leaf){ &stats[leaf], true, false };
	}
	return leaf + 1;
}

static void set_up(void)
{
	static char text[sizeof rows + 64];
	struct json_in_line line;
	struct err e;
	size_t leaf = 0;
	schema_init(&schema);
	check(!type_parse(&schema.root, &schema.arena, sql_type_text, strlen(sql_type_text), &e));
	batch_init(&batch, &schema.root);
	struct json_in *in = json_in_new(&schema.root, NULL);
	memcpy(text, rows, sizeof rows);
	json_in_block(in, text, sizeof rows - 1);
	check(json_in_next(in, &batch, 100, 0, &line, &e) == JSON_IN_END);
	json_in_free(in);
	for (size_t i = 0; i < batch.ncols; i++)
		leaf = leaf_stats(&batch.col[i], leaf, false);
}

static void evaluate(const struct expr *x)
{
	struct expr_bound *q;
	struct err e;
	if (expr_bind(&q, x, &schema.root, EXPR_PREDICATE, &e)) {
		check(e.code == ERR_USAGE && *e.msg);
		return;
	}
	struct expr_eval *ev = expr_eval_new(q);
	uint32_t sel[3];
	size_t n = expr_filter(ev, &batch, sel);
	check(n <= 3);
	unsigned may = expr_prune(ev, leaves);
	check(!n || may & EXPR_MAY_TRUE);
	check(n == 3 || may & (EXPR_MAY_FALSE | EXPR_MAY_NULL));
	expr_eval_free(ev);
	expr_bound_free(q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct expr *x, *y;
	struct buf a = BUF_INIT, b = BUF_INIT;
	struct err e;
	if (!batch.nrows)
		set_up();
	if (expr_parse(&x, (const char *)data, size, &e)) {
		check(e.code == ERR_USAGE && *e.msg);
		return 0;
	}
	expr_print(x, &a);
	if (a.n <= EXPR_MAX_TEXT) {
		check(!expr_parse(&y, a.p, a.n, &e));
		expr_print(y, &b);
		check(a.n == b.n && !memcmp(a.p, b.p, a.n));
		expr_free(y);
	}
	evaluate(x);
	buf_release(&a);
	buf_release(&b);
	expr_free(x);
	return 0;
}
