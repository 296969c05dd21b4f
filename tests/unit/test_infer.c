/* SPDX-License-Identifier: MIT */
#include "base/mem.h"
#include "column/batch.h"
#include "column/infer.h"
#include "column/infer_number.h"
#include "t.h"

static struct buf notes = BUF_INIT;

static void keep_note(void *arg, const char *text)
{
	(void)arg;
	buf_puts(&notes, text);
	buf_putc(&notes, '\n');
}

/* LINES are parted by '\n'. WANT: the short form of the type, with {form} behind fields that have one; or NULL and
 * PART of the error. */
static struct infer *sample(const char *lines)
{
	struct infer *in = infer_new();
	for (const char *p = lines, *q; *p; p = *q ? q + 1 : q) {
		q = strchrnul(p, '\n');
		infer_line(in, p, (size_t)(q - p));
	}
	return in;
}

static void print_forms(const struct type *t, struct buf *b)
{
	for (size_t i = 0; i < t->nfields; i++) {
		if (t->kind == TYPE_STRUCT && json_out_form(&t->fields[i]))
			buf_printf(b, " %s=%s", t->fields[i].name, json_out_form_name(json_out_form(&t->fields[i])));
		print_forms(&t->fields[i].type, b);
	}
}

static void check(const char *lines, const char *want)
{
	struct infer *in = sample(lines);
	struct schema s;
	struct err e = { 0 };
	struct buf b = BUF_INIT;
	buf_clear(&notes);
	if (infer_finish(in, &s, keep_note, NULL, &e)) {
		T_FAIL("%s: %s", lines, e.msg);
	} else {
		type_print(&s.root, &b);
		print_forms(&s.root, &b);
		if (b.n < 8 || strcmp(buf_cstr(&b), want) != 0)
			T_FAIL("%s: %s, not %s", lines, buf_cstr(&b), want);
		schema_release(&s);
	}
	buf_release(&b);
	infer_free(in);
}

static void check_bad(const char *lines, const char *part)
{
	struct infer *in = sample(lines);
	struct schema s;
	struct err e = { 0 };
	T_INT(infer_finish(in, &s, NULL, NULL, &e), ERR_DATA);
	if (!strstr(e.msg, part))
		T_FAIL("'%s' does not say '%s'", e.msg, part);
	infer_free(in);
}

static void check_note(const char *part)
{
	if (!notes.n || !strstr(buf_cstr(&notes), part))
		T_FAIL("'%s' does not say '%s'", notes.n ? buf_cstr(&notes) : "", part);
}

static void check_widen(const char *have, const char *lines, const char *want)
{
	struct infer *in = sample(lines);
	struct schema h, s;
	struct err e = { 0 };
	struct buf b = BUF_INIT;
	bool wider;
	schema_init(&h);
	T_INT(type_parse(&h.root, &h.arena, have, strlen(have), &e), 0);
	if (infer_widen(in, &h, &s, &wider, NULL, NULL, &e)) {
		T_FAIL("%s: %s", lines, e.msg);
	} else {
		type_print(&s.root, &b);
		T_STR(buf_cstr(&b), want);
		T_INT(wider, !type_equal(&h.root, &s.root, true));
		schema_release(&s);
	}
	schema_release(&h);
	buf_release(&b);
	infer_free(in);
}

static void check_number_pair(const char *a, const char *b, bool want)
{
	if (number_equal(a, strlen(a), b, strlen(b)) != want)
		T_FAIL("%s and %s", a, b);
}

static void test_numbers(void)
{
	check("{\"a\":1}\n{\"a\":-9223372036854775808}\n{\"a\":9223372036854775807}", "struct<a:long>");
	check("{\"a\":1.5}\n{\"a\":-0.25}\n{\"a\":1e300}", "struct<a:double>");
	check("{\"a\":1.5}\n{\"a\":3.0}", "struct<a:double>");
	check("{\"a\":1.5}\n{\"a\":3}", "struct<a:double> a=whole");
	check("{\"l\":[1.5,3]}", "struct<l:array<double>> l=whole");
	check("{\"a\":1.50}\n{\"a\":2.25}", "struct<a:decimal(18,2)>");
	check("{\"a\":18446744073709551616}\n{\"a\":5}", "struct<a:decimal(38,0)>");
	check("{\"a\":12345678901234567890.50}\n{\"a\":0.01}", "struct<a:decimal(38,2)>");
	T_INT(notes.n, 0);
	check("{\"a\":1.50}\n{\"a\":2.5}", "struct<a:double>");
	check_note("'a'");
	check("{\"a\":1e2}\n{\"a\":2E2}", "struct<a:double>");
	check("{\"a\":0.1234567890123456789}\n{\"a\":2.5}", "struct<a:decimal(38,19)>");
	check_note("several ways");
	check("{\"a\":-0}", "struct<a:double> a=whole");
	check_bad("{\"a\":1e400}", "1e400");
	check_bad("{\"x\":{\"a\":0.1234567890123456789}}\n{\"x\":{\"a\":1e39}}", "field 'x.a'");
	check_bad("{\"a\":123456789012345678901234567890123456789}", "--schema");
	check_number_pair("1.50", "1.5", true);
	check_number_pair("1e2", "100", true);
	check_number_pair("-0", "0", false);
	check_number_pair("0.001", "1E-3", true);
	check_number_pair("1", "2", false);
	check_number_pair("10", "1", false);
	check_number_pair("0e9", "0", true);
}

static void test_strings(void)
{
	check("{\"a\":\"2020-01-01\"}\n{\"a\":\"1999-12-31\"}", "struct<a:date>");
	check("{\"a\":\"2020-01-01\"}\n{\"a\":\"2020-13-31\"}", "struct<a:string>");
	check("{\"a\":\"2020-01-01\"}\n{\"a\":\"2020-01-01T00:00:00Z\"}", "struct<a:string>");
	check("{\"a\":\"2020-01-01T00:00:00Z\"}\n{\"a\":\"2020-01-01T00:00:00.123Z\"}", "struct<a:timestamp>");
	check("{\"a\":\"2020-01-01T00:00:00.000Z\"}\n{\"a\":\"2020-01-01T00:00:00.123Z\"}", "struct<a:timestamp> a=ms");
	check("{\"a\":\"2020-01-01T00:00:00.000000Z\"}\n{\"a\":\"2020-01-01T00:00:00.123000Z\"}", "struct<a:timestamp> a=us");
	check("{\"a\":\"2020-01-01T00:00:00.000Z\"}\n{\"a\":\"2020-01-01T00:00:00Z\"}", "struct<a:string>");
	check("{\"a\":\"2020-01-01T00:00:00.1Z\"}", "struct<a:string>");
	check("{\"a\":\"2020-01-01T00:00:00+00:00\"}", "struct<a:string>");
	check("{\"a\":\"2020-01-01T00:00:00\"}", "struct<a:string>");
	check("{\"a\":\"2020-01-01 00:00:00Z\"}", "struct<a:string>");
	check("{\"a\":\"2020-01-01T00:00:60Z\"}", "struct<a:string>");
	check("{\"a\":\"2020-01-01T00:00:00.123456789Z\"}", "struct<a:string>");
	check("{\"a\":\"\"}\n{\"a\":\"2020-01-01\"}", "struct<a:string>");
	check("{\"a\":\"123\"}", "struct<a:string>");
	check("{\"a\":\"true\"}", "struct<a:string>");
	check("{\"l\":[\"2020-01-01T00:00:00.000Z\"]}", "struct<l:array<timestamp>> l=ms");
}

int main(void)
{
	T_CASE("numbers: a type that prints each as it was")
		test_numbers();
	T_CASE("strings: dates and UTC times only in the form that comes back")
		test_strings();
	T_CASE("nested: structs, lists, lists of structs")
	{
		check("{\"a\":{\"b\":true},\"l\":[[1],[]]}\n{\"a\":{\"c\":\"x\"}}", "struct<a:struct<b:boolean,c:string>,l:array<array<long>>>");
		check("{\"l\":[{\"x\":1},{\"y\":2.5}]}", "struct<l:array<struct<x:long,y:double>>>");
	}
	T_CASE("nothing but nulls: left out; empty objects: maps; empty lists: of strings")
	{
		check("{\"a\":null,\"b\":1}\n{\"a\":null}", "struct<b:long>");
		check_note("field 'a': null in every sampled record");
		check("{\"a\":{},\"b\":1}", "struct<a:map<string,string>,b:long>");
		check("{\"a\":{\"x\":null}}", "struct<a:map<string,string>>");
		check("{\"a\":{\"x\":{}}}", "struct<a:struct<x:map<string,string>>>");
		check("{\"a\":{}}\n{\"a\":{\"y\":1}}", "struct<a:struct<y:long>>");
		check("{\"a\":[],\"b\":[null]}", "struct<a:array<string>,b:array<string>>");
		check("{\"a\":[{}]}", "struct<a:array<map<string,string>>>");
		check_bad("{}\n{}", "no fields");
		check_bad("", "no record");
		check_bad("{\"a\":null}", "no fields");
	}
	T_CASE("mixed kinds: the most frequent one, and it is said")
	{
		check("{\"a\":false}\n{\"a\":1.5}\n{\"a\":2.5}", "struct<a:double>");
		check_note("booleans (first in record 1)");
		check("{\"a\":\"x\"}\n{\"a\":1}", "struct<a:string>");
		check("{\"a\":{\"x\":[\"s\",1,2]}}", "struct<a:struct<x:array<long>>>");
		check_note("field 'a.x.element'");
	}
	T_CASE("names: forbidden ones and twins are errors that name them")
	{
		check_bad("{\"a b\":1}", "'a b'");
		check_bad("{\"\":1}", "empty");
		check_bad("{\"x\":{\"Id\":1,\"id\":2}}", "field 'x.id'");
		check_bad("{\"Id\":1}\n{\"id\":2}", "differs only in case");
		check("{\"a b\":null,\"c\":1}", "struct<c:long>");
	}
	T_CASE("bounds: depth and number of fields")
	{
		static const char open[] = "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", close[] = "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]";
		char deep[400];
		snprintf(deep, sizeof deep, "{\"a\":%s%s}", open, close);
		check_bad(deep, "deeper");
		struct buf b = BUF_INIT;
		for (int i = 0; i < 5000; i++)
			buf_printf(&b, "{\"m\":{\"k%d\":1}}\n", i);
		check_bad(buf_cstr(&b), "more than 4096 different fields, the last in 'm'");
		buf_release(&b);
	}
	T_CASE("lines that are no objects do not count")
	{
		struct infer *in = sample("[1]\n{\"a\":1}\n{\"a\":\nnull\n");
		T_INT(infer_records(in), 1);
		infer_free(in);
	}
	T_CASE("widening: new fields at the end of their struct, old types untouched")
	{
		check_widen("struct<a:string,s:struct<x:int>>", "{\"a\":1,\"s\":{\"y\":2,\"x\":\"z\"},\"b\":true}",
			    "struct<a:string,s:struct<x:integer,y:long>,b:boolean>");
		check_widen("struct<l:array<struct<x:int>>>", "{\"l\":[{\"y\":\"u\"}]}", "struct<l:array<struct<x:integer,y:string>>>");
		check_widen("struct<a:int>", "{\"a\":1,\"n\":null}", "struct<a:integer>");
		check_widen("struct<m:map<string,int>>", "{\"m\":{\"k\":1}}", "struct<m:map<string,integer>>");
		struct infer *in = sample("{\"A\":1}");
		struct schema h, s;
		struct err e = { 0 };
		bool wider;
		schema_init(&h);
		T_INT(type_parse(&h.root, &h.arena, "struct<a:int>", 13, &e), 0);
		T_INT(infer_widen(in, &h, &s, &wider, NULL, NULL, &e), ERR_DATA);
		T_OK(strstr(e.msg, "only in case") != NULL);
		schema_release(&h);
		infer_free(in);
	}
	buf_release(&notes);
	return t_done();
}
