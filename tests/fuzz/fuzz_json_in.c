/* SPDX-License-Identifier: MIT */
/* Any text through the NDJSON reader: the columns stay consistent, a line that is no JSON object is bad, and
 * what is taken does not depend on the size of the batches; rows that are printed and read again print alike. */
#include "column/json_in.h"
#include "column/json_out.h"
#include "json/doc.h"
#include "json/index.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char sql_type_text[] = "struct<a:string,b:long,c:double,d:boolean,e:array<string>,f:struct<a:integer,b:array<array<byte>>>,"
	"g:map<string,long>,h:map<long,string>,i:date,j:timestamp,k:timestamp_ntz,l:decimal(20,3),m:binary,n:float,o:void>";

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void check_column(const struct column *c, size_t n)
{
	size_t nulls = 0;
	check(c->n == n);
	for (size_t i = 0; i < n; i++)
		nulls += column_is_null(c, i);
	check(nulls == c->nulls);
	for (size_t i = 0; c->offsets && i < n; i++)
		check(c->offsets[i] <= c->offsets[i + 1]);
	if (c->type->kind == TYPE_STRING || c->type->kind == TYPE_BINARY)
		check((size_t)c->offsets[n] == c->ndata);
	for (size_t i = 0; i < c->nchild; i++)
		check_column(&c->child[i], c->type->kind == TYPE_STRUCT ? n : (size_t)c->offsets[n]);
}

/* Print the rows of P[0..N), bad lines left out, onto OUT. */
static size_t print(const struct type *root, const char *p, size_t n, struct buf *out)
{
	struct json_in_opts opts = { .unknown = JSON_IN_UNKNOWN_IGNORE };
	struct json_in *in = json_in_new(root, &opts);
	struct json_out *jo = json_out_new(root, NULL);
	struct json_in_line l;
	struct err e = { 0 };
	struct batch b;
	size_t bad = 0;
	const struct column *cols[32];
	check(root->nfields <= sizeof cols / sizeof *cols);
	batch_init(&b, root);
	json_in_block(in, p, n);
	for (enum json_in_event ev; (ev = json_in_next(in, &b, 1000000, 0, &l, &e)) != JSON_IN_END;)
		bad += ev == JSON_IN_BAD;
	for (size_t i = 0; i < b.ncols; i++)
		cols[i] = &b.col[i];
	json_out_rows(jo, out, cols, NULL, b.nrows);
	batch_release(&b);
	json_out_free(jo);
	json_in_free(in);
	return bad;
}

static void round_trip(const struct type *root, const char *p, size_t n)
{
	struct buf once = BUF_INIT, twice = BUF_INIT;
	print(root, p, n, &once);
	memset(buf_reserve(&once, JSON_PADDING), 'x', JSON_PADDING);
	check(print(root, once.p, once.n, &twice) == 0);
	check(once.n == twice.n && (once.n == 0 || memcmp(once.p, twice.p, once.n) == 0));
	buf_release(&once);
	buf_release(&twice);
}

/* Read P[0..N) in batches of MAX_ROWS; returns rows, bad lines, marks. */
static void run(const struct type *root, enum json_in_unknown unknown, const char *p, size_t n, size_t max_rows, size_t got[3])
{
	struct json_in_opts opts = { .unknown = unknown, .rows = true };
	struct json_in *in = json_in_new(root, &opts);
	struct json_in_line l;
	struct err e = { 0 };
	struct batch b;
	enum json_in_event ev;
	batch_init(&b, root);
	json_in_block(in, p, n);
	do {
		ev = json_in_next(in, &b, max_rows, 0, &l, &e);
		for (size_t i = 0; i < b.ncols; i++)
			check_column(&b.col[i], b.nrows);
		size_t nrow, first;
		const struct json_in_row *row = json_in_rows(in, &nrow, &first);
		for (size_t i = 0; i < nrow; i++)
			check(json_check(row[i].p, row[i].n, NULL) == 0);
		if (ev == JSON_IN_FULL || ev == JSON_IN_END) {
			got[0] += b.nrows;
			batch_clear(&b);
		}
		got[1] += ev == JSON_IN_BAD;
		got[2] += ev == JSON_IN_MARK || ev == JSON_IN_UNKNOWN;
	} while (ev != JSON_IN_END);
	batch_release(&b);
	json_in_free(in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct schema s;
	size_t one[3] = { 0 }, many[3] = { 0 }, reported[3] = { 0 };
	char *p = malloc(size + 1 + JSON_PADDING);
	if (size)
		memcpy(p, data, size);
	p[size] = '\n';
	memset(p + size + 1, '"', JSON_PADDING);
	schema_init(&s);
	check(type_parse(&s.root, &s.arena, sql_type_text, sizeof sql_type_text - 1, NULL) == 0);
	run(&s.root, JSON_IN_UNKNOWN_IGNORE, p, size + 1, 1, one);
	run(&s.root, JSON_IN_UNKNOWN_IGNORE, p, size + 1, 1000, many);
	check(memcmp(one, many, sizeof one) == 0);
	run(&s.root, JSON_IN_UNKNOWN_REPORT, p, size + 1, 3, reported);
	check(reported[0] + reported[1] + reported[2] == one[0] + one[1] + one[2]);
	round_trip(&s.root, p, size + 1);
	schema_release(&s);
	free(p);
	return 0;
}
