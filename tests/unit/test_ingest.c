/* SPDX-License-Identifier: MIT */
#include "base/mem.h"
#include "base/rand.h"
#include "column/json_in.h"
#include "column/json_out.h"
#include "ingest/by.h"
#include "ingest/sample.h"
#include "ingest/scatter.h"
#include "ingest/table.h"
#include "t.h"

#include <stdlib.h>

static void check_parse(const char *text, const char *want)
{
	struct by b;
	struct err e = { 0 };
	struct buf out = BUF_INIT;
	if (by_parse(&b, text, &e)) {
		T_FAIL("%s: %s", text, e.msg);
		return;
	}
	for (size_t i = 0; i < b.n; i++)
		buf_printf(&out, "%s%s%s%s", i ? ";" : "", b.v[i].name, b.v[i].text ? "=" : "", b.v[i].text ? b.v[i].text : "");
	T_STR(buf_cstr(&out), want);
	buf_release(&out);
	by_release(&b);
}

static void check_bad_parse(const char *text, const char *part)
{
	struct by b;
	struct err e = { 0 };
	T_INT(by_parse(&b, text, &e), ERR_USAGE);
	if (!strstr(e.msg, part))
		T_FAIL("'%s' does not say '%s'", e.msg, part);
}

static void check_bind(const char *by, const char *type, const char *want, const char *part)
{
	struct by b;
	struct schema s;
	struct err e = { 0 };
	struct buf out = BUF_INIT;
	schema_init(&s);
	T_INT(type_parse(&s.root, &s.arena, type, strlen(type), &e), 0);
	T_INT(by_parse(&b, by, &e), 0);
	int r = by_bind(&b, &s, &e);
	if (want) {
		T_STR(e.msg, "");
		type_print(&s.root, &out);
		T_STR(buf_cstr(&out), want);
		/* Once more, as a table that has the column already. */
		T_INT(by_bind(&b, &s, &e), 0);
	} else {
		T_INT(r, ERR_USAGE);
		if (!strstr(e.msg, part))
			T_FAIL("'%s' does not say '%s'", e.msg, part);
	}
	buf_release(&out);
	by_release(&b);
	schema_release(&s);
}

static struct buf faults = BUF_INIT;

static void on_fault(void *arg, size_t row, const char *why)
{
	(void)arg;
	buf_printf(&faults, "%zu: %s\n", row, why);
}

/* One record in, the value of the first computed column as JSON. */
static void check_value(const char *by, const char *type, const char *line, const char *want)
{
	struct by b;
	struct schema s;
	struct err e = { 0 };
	struct batch rows, out;
	struct json_in_line l;
	struct buf text = BUF_INIT, block = BUF_INIT;
	schema_init(&s);
	T_INT(type_parse(&s.root, &s.arena, type, strlen(type), &e), 0);
	T_INT(by_parse(&b, by, &e), 0);
	T_INT(by_bind(&b, &s, &e), 0);
	T_STR(e.msg, "");
	struct field f = s.root.fields[b.v[0].column];
	const struct type one = { .kind = TYPE_STRUCT, .fields = &f, .nfields = 1 };
	batch_init(&rows, &s.root);
	batch_init(&out, &one);
	struct json_in *in = json_in_new(&s.root, NULL);
	buf_printf(&block, "%s\n", line);
	memset(buf_reserve(&block, 64), 0, 64);
	json_in_block(in, block.p, block.n);
	if (json_in_next(in, &rows, 10, 0, &l, &e) != JSON_IN_END || rows.nrows != 1)
		T_FAIL("%s: %s", line, e.msg);
	buf_clear(&faults);
	by_compute(&b.v[0], &rows, 0, 1, &out.col[0], on_fault, NULL);
	if (faults.n)
		T_OK(strstr(buf_cstr(&faults), want) != NULL);
	else {
		json_out_value(&text, &out.col[0], 0);
		T_MEM(text.p, text.n, want, strlen(want));
	}
	json_in_free(in);
	batch_release(&rows);
	batch_release(&out);
	buf_release(&text);
	buf_release(&block);
	by_release(&b);
	schema_release(&s);
}

static void test_compute(void)
{
	check_value("d=day(t)", "struct<t:timestamp>", "{\"t\":\"1969-12-31T23:59:59.999999Z\"}", "\"1969-12-31\"");
	check_value("d=day(t)", "struct<t:timestamp>", "{\"t\":\"2026-01-01T00:30:00+01:00\"}", "\"2025-12-31\"");
	check_value("d=year(t)", "struct<t:timestamp_ntz>", "{\"t\":\"2024-02-29T12:00:00\"}", "2024");
	check_value("d=month(t)", "struct<t:date>", "{\"t\":\"2024-02-29\"}", "\"2024-02\"");
	check_value("d=hour(t)", "struct<t:timestamp>", "{\"t\":\"2024-02-29T07:59:59Z\"}", "\"2024-02-29T07\"");
	check_value("d=day(t)", "struct<t:string>", "{\"t\":\"2024-02-29T23:00:00-02:00\"}", "\"2024-03-01\"");
	check_value("d=day(t)", "struct<t:string>", "{\"t\":\"2024-02-29\"}", "\"2024-02-29\"");
	check_value("d=day(t)", "struct<t:string>", "{\"t\":\"soon\"}", "'soon' is not a time");
	check_value("d=day(t)", "struct<t:string>", "{}", "null");
	check_value("d=day(a.t)", "struct<a:struct<x:int,t:date>>", "{\"a\":{\"t\":\"2024-02-29\"}}", "\"2024-02-29\"");
	check_value("d=day(a.t)", "struct<a:struct<x:int,t:date>>", "{}", "null");
	check_value("d=day(a.t)", "struct<`a.t`:date,a:struct<t:date>>", "{\"a.t\":\"2024-02-29\"}", "\"2024-02-29\"");
	check_value("p=truncate(s,2)", "struct<s:string>", "{\"s\":\"\u00e9\u6f22x\"}", "\"\u00e9\u6f22\"");
	check_value("p=truncate(s,9)", "struct<s:string>", "{\"s\":\"ab\"}", "\"ab\"");
	check_value("p=truncate(n,10)", "struct<n:long>", "{\"n\":-1}", "-10");
	check_value("p=truncate(n,10)", "struct<n:long>", "{\"n\":19}", "10");
	check_value("p=truncate(n,1000)", "struct<n:byte>", "{\"n\":-5}", "-5");
	check_value("p=truncate(n,3)", "struct<n:long>", "{\"n\":-9223372036854775808}", "-9223372036854775808");
	check_value("p=identity(s)", "struct<s:boolean>", "{\"s\":true}", "true");
	check_value("p=identity(s)", "struct<s:string>", "{\"s\":\"x\",\"p\":\"x\"}", "\"x\"");
	check_value("p=identity(s)", "struct<s:string>", "{\"s\":\"x\",\"p\":\"y\"}", "but the record has another value");
	check_value("d=day(t)", "struct<t:date>", "{\"d\":\"2024-02-29\"}", "but the record has another value");
}

/* Random keys: every row is in the group of its values, groups differ, order is kept. */
static void test_scatter(unsigned distinct, size_t n)
{
	struct arena a = ARENA_INIT;
	struct type t;
	struct err e;
	struct rng r;
	struct batch b;
	struct scatter s;
	const char *text = "struct<s:string,d:date,b:boolean,x:decimal(20,2)>";
	T_INT(type_parse(&t, &a, text, strlen(text), &e), 0);
	batch_init(&b, &t);
	rng_seed(&r, distinct);
	uint8_t *dropped = mem_zalloc(n / 8 + 1);
	for (size_t i = 0; i < n; i++) {
		unsigned k = (unsigned)rng_below(&r, distinct);
		char key[32];
		size_t nkey = (size_t)snprintf(key, sizeof key, "%u", k / 8);
		if (k & 1)
			column_add_null(&b.col[0]);
		else
			column_add_bytes(&b.col[0], key, k == 2 ? 0 : nkey);
		column_add_i64(&b.col[1], k & 2 ? 7 : (int64_t)(k / 8));
		column_add_bool(&b.col[2], k & 4);
		column_add_decimal(&b.col[3], k);
		if (rng_below(&r, 10) == 0)
			bit_set(dropped, i);
	}
	const struct column *col[4] = { &b.col[0], &b.col[1], &b.col[2], &b.col[3] };
	scatter_init(&s);
	for (int round = 0; round < 2; round++) {
		scatter_rows(&s, col, 4, n, dropped);
		size_t seen = 0;
		uint8_t *once = mem_zalloc(distinct);
		for (size_t g = 0; g < s.ngroups; g++) {
			const uint32_t *sel = scatter_sel(&s, &s.group[g]);
			__int128 k = column_decimal(&b.col[3], sel[0]);
			T_OK(!once[k]);
			once[k] = 1;
			for (size_t i = 0; i < s.group[g].n; i++, seen++)
				if (column_decimal(&b.col[3], sel[i]) != k || bit_get(dropped, sel[i]) || (i && sel[i] <= sel[i - 1]))
					T_FAIL("row %u is in the wrong group", sel[i]);
		}
		for (size_t i = 0; i < n; i++)
			seen += bit_get(dropped, i);
		T_INT(seen, n);
		mem_free(once);
	}
	scatter_rows(&s, NULL, 0, n, NULL);
	T_INT(s.ngroups, n > 0);
	mem_free(dropped);
	scatter_release(&s);
	batch_release(&b);
	arena_release(&a);
}

static void check_merge(const char *have, const char *other, const char *want, bool wider, const char *part)
{
	struct schema h, o, m;
	struct err e = { 0 };
	struct buf b = BUF_INIT;
	bool w;
	schema_init(&h);
	schema_init(&o);
	T_INT(type_parse(&h.root, &h.arena, have, strlen(have), &e), 0);
	T_INT(type_parse(&o.root, &o.arena, other, strlen(other), &e), 0);
	int r = ingest_schema_merge(&m, &h, &o, &w, &e);
	T_INT(r, want ? 0 : ERR_CONFLICT);
	if (want && r == 0) {
		type_print(&m.root, &b);
		T_STR(buf_cstr(&b), want);
		T_INT(w, wider);
		schema_release(&m);
	} else if (!strstr(e.msg, part)) {
		T_FAIL("'%s' does not say '%s'", e.msg, part);
	}
	buf_release(&b);
	schema_release(&h);
	schema_release(&o);
}

static void test_sample(void)
{
	struct sample s;
	struct block b;
	char text[600];
	sample_init(&s, 5);
	snprintf(text, sizeof text, "{\"a\":1}\n{\"$mark\":{\"v\":1}}\n\n{\"a\":2}\n");
	T_OK(!sample_add(&s, &(struct block){ .p = text, .n = strlen(text), .file = "f", .line = 1 }));
	T_INT(infer_records(s.infer), 2);
	memset(text, 'x', strlen(text));
	snprintf(text, sizeof text, "{\"a\":3}\n{\"a\":4}\n{\"a\":5}\n{\"a\":6}\n");
	T_OK(sample_add(&s, &(struct block){ .p = text, .n = strlen(text), .file = "f", .line = 5 }));
	T_INT(infer_records(s.infer), 5);
	T_OK(sample_next(&s, &b));
	T_MEM(b.p, b.n, "{\"a\":1}\n{\"$mark\":{\"v\":1}}\n\n{\"a\":2}\n", 35);
	T_INT(b.line, 1);
	T_OK(sample_next(&s, &b));
	T_INT(b.line, 5);
	T_OK(!sample_next(&s, &b));
	T_OK(!sample_next(&s, &b));
	sample_release(&s);
}

int main(void)
{
	T_CASE("--by: names and functions")
	{
		check_parse("network,created_date", "network;created_date");
		check_parse(" a , d = day( t ) ", "a;d=day(t)");
		check_parse("p=truncate(s, 3),h=hour(a.b)", "p=truncate(s,3);h=hour(a.b)");
		check_parse("x=identity(c)", "x=identity(c)");
	}
	T_CASE("--by: what is wrong is said")
	{
		check_bad_parse("", "name");
		check_bad_parse("a,,b", "name");
		check_bad_parse("a,a", "'a' is given twice");
		check_bad_parse("day(t)", "NAME=day(t)");
		check_bad_parse("d=", "function");
		check_bad_parse("d=week(t)", "'week(t)' is not one of the functions year(c)");
		check_bad_parse("week(t)", "'week(t)' is not one of the functions year(c)");
		check_bad_parse("d=day(", "not one of");
		check_bad_parse("d=day()", "does not name a column");
		check_bad_parse("p=truncate(s)", "truncate needs");
		check_bad_parse("p=truncate(s,0)", "truncate needs");
	}
	T_CASE("--by: columns are found, computed ones added")
	{
		check_bind("a", "struct<a:int>", "struct<a:integer>", NULL);
		check_bind("d=day(t),y=year(t)", "struct<t:timestamp>", "struct<t:timestamp,d:date,y:integer>", NULL);
		check_bind("p=truncate(s,1)", "struct<s:string,p:string>", "struct<s:string,p:string>", NULL);
		check_bind("z", "struct<a:int,b:int>", NULL, "the columns are a, b");
		check_bind("a", "struct<a:array<int>>", NULL, "type array");
		check_bind("d=day(n)", "struct<n:long>", NULL, "type long");
		check_bind("h=hour(n)", "struct<n:date>", NULL, "type date");
		check_bind("d=day(q)", "struct<n:date>", NULL, "no column 'q'");
		check_bind("d=day(n.m)", "struct<n:date>", NULL, "no column 'n.m'");
		check_bind("d=day(t)", "struct<t:timestamp,d:string>", NULL, "already exists with type string");
		check_bind("d=identity(d)", "struct<d:date>", NULL, "from itself");
	}
	T_CASE("computed columns")
		test_compute();
	T_CASE("scatter: rows by partition")
	{
		test_scatter(1, 100);
		test_scatter(16, 5000);
		test_scatter(3000, 16384);
		test_scatter(5, 0);
	}
	T_CASE("--schema beside a table: agree, widen, or conflict")
	{
		check_merge("struct<a:int,b:string>", "struct<b:string>", "struct<a:integer,b:string>", false, NULL);
		check_merge("struct<a:struct<x:int>>", "struct<c:date,a:struct<y:int>>", "struct<a:struct<x:integer,y:integer>,c:date>", true, NULL);
		check_merge("struct<l:array<struct<x:int>>>", "struct<l:array<struct<x:int,y:map<string,long>>>>",
			    "struct<l:array<struct<x:integer,y:map<string,long>>>>", true, NULL);
		check_merge("struct<a:struct<x:int>>", "struct<a:struct<x:long>>", NULL, false, "'a.x' has type integer in the table but long");
		check_merge("struct<a:decimal(10,2)>", "struct<a:decimal(10,3)>", NULL, false, "'a'");
	}
	T_CASE("sample: blocks are kept and given again")
		test_sample();
	buf_release(&faults);
	return t_done();
}
