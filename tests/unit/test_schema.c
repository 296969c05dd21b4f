/* SPDX-License-Identifier: MIT */
#include "column/schema.h"
#include "json/doc.h"
#include "t.h"

static void check_type(const char *text, const char *back)
{
	struct arena a = ARENA_INIT;
	struct buf b = BUF_INIT;
	struct type t;
	struct err e = { 0 };
	if (type_parse(&t, &a, text, strlen(text), &e)) {
		T_FAIL("%s: %s", text, e.msg);
	} else {
		type_print(&t, &b);
		T_MEM(b.p, b.n, back, strlen(back));
		struct type u, v;
		T_INT(type_parse(&u, &a, b.p, b.n, &e), 0);
		T_OK(type_equal(&t, &u, true));
		type_copy(&v, &u, &a);
		T_OK(type_equal(&u, &v, true));
	}
	buf_release(&b);
	arena_release(&a);
}

static void check_bad_type(const char *text, int code, const char *part)
{
	struct arena a = ARENA_INIT;
	struct type t;
	struct err e = { 0 };
	T_INT(type_parse(&t, &a, text, strlen(text), &e), code);
	if (!strstr(e.msg, part))
		T_FAIL("'%s' does not say '%s'", e.msg, part);
	arena_release(&a);
}

static void check_schema(int (*from)(struct schema *, const char *, size_t, struct err *), const char *text, int code,
			 const char *part)
{
	struct schema s;
	struct err e = { 0 };
	T_INT(from(&s, text, strlen(text), &e), code);
	if (code && !strstr(e.msg, part))
		T_FAIL("'%s' does not say '%s'", e.msg, part);
	schema_release(&s);
}

static void check_names(const char *type, const char *part)
{
	struct schema s;
	struct err e = { 0 };
	schema_init(&s);
	T_INT(type_parse(&s.root, &s.arena, type, strlen(type), &e), 0);
	int r = schema_check_names(&s, &e);
	T_INT(r, part ? ERR_DATA : 0);
	if (part && !strstr(e.msg, part))
		T_FAIL("'%s' does not say '%s'", e.msg, part);
	schema_release(&s);
}

#define DEEP4(x) x x x x

int main(void)
{
	T_CASE("types in the short form, there and back")
	{
		check_type("string", "string");
		check_type("BIGINT", "long");
		check_type(" int ", "integer");
		check_type("decimal(38,38)", "decimal(38,38)");
		check_type("decimal( 5 )", "decimal(5,0)");
		check_type("numeric", "decimal(10,0)");
		check_type("struct<>", "struct<>");
		check_type("array<struct<a:int, `b c`: map<string,array<date>>>>",
			   "array<struct<a:integer,`b c`:map<string,array<date>>>>");
		check_type("struct<```a`:binary,é:timestamp_ntz>", "struct<```a`:binary,é:timestamp_ntz>");
	}
	T_CASE("types that are none are refused, with the place")
	{
		check_bad_type("", ERR_DATA, "expected a type at character 1");
		check_bad_type("strin", ERR_UNSUPPORTED, "'strin'");
		check_bad_type("variant", ERR_UNSUPPORTED, "'variant'");
		check_bad_type("set<int>", ERR_UNSUPPORTED, "'set<");
		check_bad_type("decimal(39,0)", ERR_DATA, "decimal(39,0)");
		check_bad_type("decimal(3,4)", ERR_DATA, "decimal(3,4)");
		check_bad_type("decimal(,)", ERR_DATA, "decimal(,)");
		check_bad_type("decimal(3", ERR_DATA, "')'");
		check_bad_type("array<int", ERR_DATA, "'>'");
		check_bad_type("map<int>", ERR_DATA, "','");
		check_bad_type("struct<a>", ERR_DATA, "':'");
		check_bad_type("struct<a:int,>", ERR_DATA, "a field's name");
		check_bad_type("struct<`a:int>", ERR_DATA, "':'");
		check_bad_type("int int", ERR_DATA, "the end");
		check_bad_type(DEEP4(DEEP4(DEEP4("array<"))), ERR_DATA, "deeper");
	}
	T_CASE("Delta's JSON: in and out, metadata word for word")
	{
		const char *text = "{\"type\":\"struct\",\"fields\":["
			"{\"name\":\"a\",\"type\":\"long\",\"nullable\":false,\"metadata\":{\"delta.columnMapping.id\": 1, \"x\":[1,{}]}},"
			"{\"name\":\"b \\u00e9\",\"type\":{\"type\":\"array\",\"elementType\":{\"type\":\"struct\",\"fields\":["
			"{\"name\":\"c\",\"type\":\"decimal(20,3)\",\"nullable\":true,\"metadata\":{}}]},\"containsNull\":false},"
			"\"nullable\":true,\"metadata\":{}},"
			"{\"name\":\"m\",\"type\":{\"type\":\"map\",\"keyType\":\"string\",\"valueType\":\"date\",\"valueContainsNull\":false},"
			"\"nullable\":true,\"metadata\":{}}]}";
		struct schema s, copy;
		struct err e = { 0 };
		struct buf b = BUF_INIT, want = BUF_INIT;
		T_INT(schema_from_delta(&s, text, strlen(text), &e), 0);
		T_STR(e.msg, "");
		schema_copy(&copy, &s);
		schema_release(&s);
		schema_to_delta(&copy, &b);
		const char *u = strstr(text, "\\u00e9");
		buf_put(&want, text, (size_t)(u - text));
		buf_puts(&want, "é");
		buf_puts(&want, u + 6);
		T_MEM(b.p, b.n, want.p, want.n);
		T_OK(schema_find(&copy, "a", 1) && !schema_find(&copy, "A", 1));
		T_INT(type_find(&copy.root, "A", 1, true), 0);
		T_INT(type_find(&copy.root, "B É", 4, true), 1);
		T_OK(!copy.root.fields[2].type.fields[1].nullable);
		schema_release(&copy);
		buf_release(&b);
		buf_release(&want);
	}
	T_CASE("Delta's JSON: faults name the field")
	{
		check_schema(schema_from_delta, "{", ERR_DATA, "schema");
		check_schema(schema_from_delta, "\"long\"", ERR_DATA, "struct");
		check_schema(schema_from_delta, "{\"type\":\"struct\"}", ERR_DATA, "fields");
		check_schema(schema_from_delta, "{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":{\"type\":\"array\",\"elementType\":"
			     "{\"type\":\"struct\",\"fields\":[{\"name\":\"v\",\"type\":\"variant\"}]}}}]}", ERR_UNSUPPORTED, "'a.element.v'");
		check_schema(schema_from_delta, "{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":{\"type\":\"udt\"}}]}",
			     ERR_UNSUPPORTED, "field 'a': type 'udt'");
		check_schema(schema_from_delta, "{\"type\":\"struct\",\"fields\":[{\"name\":\"a\"}]}", ERR_DATA, "'a'");
		check_schema(schema_from_delta, "{\"type\":\"struct\",\"fields\":[{\"type\":\"long\"}]}", ERR_DATA, "'name'");
		check_schema(schema_from_delta, "{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":\"long\",\"nullable\":1}]}",
			     ERR_DATA, "'a'");
		check_schema(schema_from_delta, "{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":{\"type\":\"map\",\"keyType\":\"string\"}}]}",
			     ERR_DATA, "valueType");
	}
	T_CASE("the short file form")
	{
		const char *text = "{\"smpost\":1,\"fields\":[[\"id\",\"string\",false],[\"op\",\"string\",false,\"upsert or delete\"],"
				   "[\"g\",\"struct<a:long>\",\"a \\\"comment\\\"\"],[\"x\",\"int\"]]}";
		struct schema s;
		struct err e = { 0 };
		T_INT(schema_from_file_text(&s, text, strlen(text), &e), 0);
		T_STR(e.msg, "");
		T_INT(s.root.nfields, 4);
		T_OK(!s.root.fields[0].nullable && !s.root.fields[1].nullable && s.root.fields[2].nullable && s.root.fields[3].nullable);
		T_OK(s.root.fields[0].metadata == NULL);
		T_STR(s.root.fields[2].metadata, "{\"comment\":\"a \\\"comment\\\"\"}");
		schema_release(&s);
		check_schema(schema_from_file_text, "{\"fields\":[[\"a\",\"struct<b:foo>\"]]}", ERR_UNSUPPORTED, "'a'");
		check_schema(schema_from_file_text, "{\"fields\":[[\"a\"]]}", ERR_DATA, "name");
		check_schema(schema_from_file_text, "{\"fields\":[[\"a\",\"int\",true,\"c\",1]]}", ERR_DATA, "nothing else");
		check_schema(schema_from_file_text, "{}", ERR_DATA, "neither");
		check_schema(schema_from_file_text, "{\"type\":\"struct\",\"fields\":[]}", 0, "");
	}
	T_CASE("names: empty, forbidden, twice, twins but for case; nested ones too")
	{
		check_names("struct<a:int,b:struct<c:int>>", NULL);
		check_names("struct<a.b:int,`a-b`:int>", NULL);
		check_names("struct<`a b`:int>", "'a b'");
		check_names("struct<x:struct<`y=`:int>>", "'x.y='");
		check_names("struct<x:array<struct<`(`:int>>>", "'x.element.('");
		check_names("struct<a:int,b:int,a:int>", "twice");
		check_names("struct<userId:int,b:int,userid:int>", "only in case from 'userId'");
		check_names("struct<b:struct<É:int,é:int>>", "'b.é'");
		check_names("struct<b:map<string,struct<Ж:int,ж:int>>>", "differs only in case");
	}
	return t_done();
}
