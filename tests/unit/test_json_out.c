/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "base/mem.h"
#include "base/rand.h"
#include "column/format.h"
#include "column/json_out.h"
#include "json/doc.h"
#include "json/number.h"
#include "t.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

static struct arena arena = ARENA_INIT;

static struct type sql_type_of(const char *text)
{
	struct type t;
	struct err e;
	if (type_parse(&t, &arena, text, strlen(text), &e))
		T_FAIL("%s: %s", text, e.msg);
	return t;
}

static const struct column *const *cols_of(const struct batch *b)
{
	static const struct column *cols[16];
	for (size_t i = 0; i < b->ncols; i++)
		cols[i] = &b->col[i];
	return cols;
}

/* One column, one row: what is printed. */
static void check_i64(const char *type, int64_t v, const char *want)
{
	char text[40];
	snprintf(text, sizeof text, "struct<a:%s>", type);
	struct type t = sql_type_of(text);
	struct batch b;
	struct buf out = BUF_INIT;
	batch_init(&b, &t);
	column_add_i64(&b.col[0], v);
	json_out_value(&out, &b.col[0], 0);
	T_MEM(out.p, out.n, want, strlen(want));
	buf_release(&out);
	batch_release(&b);
}

static void check_double(double v, const char *want)
{
	char to[FORMAT_ROOM];
	size_t n = (size_t)(format_double(to, v, JSON_FORM_PLAIN) - to);
	T_MEM(to, n, want, strlen(want));
}

static void check_decimal(__int128 v, unsigned scale, const char *want)
{
	char to[FORMAT_ROOM];
	size_t n = (size_t)(format_decimal(to, v, scale) - to);
	T_MEM(to, n, want, strlen(want));
}

static void check_string(const char *s, size_t n, const char *want)
{
	struct type t = sql_type_of("struct<a:string>");
	struct batch b;
	struct buf out = BUF_INIT;
	batch_init(&b, &t);
	column_add_bytes(&b.col[0], s, n);
	column_add_bytes(&b.col[0], "\"next\"\x01", 7);   /* must not leak into the one before */
	json_out_value(&out, &b.col[0], 0);
	T_MEM(out.p, out.n, want, strlen(want));
	buf_release(&out);
	batch_release(&b);
}

static void check_base64(const char *s, const char *want)
{
	char to[64];
	size_t n = (size_t)(format_base64(to, s, strlen(s)) - to);
	T_MEM(to, n, want, strlen(want));
}

static void test_rows(void)
{
	struct type t = sql_type_of("struct<id:long,s:string,st:struct<x:int,y:struct<z:boolean>>,l:array<string>,"
				"m:map<string,long>,k:map<int,string>,d:decimal(10,2)>");
	struct batch b;
	batch_init(&b, &t);
	column_add_i64(&b.col[0], INT64_C(1816403820923064321));
	column_add_bytes(&b.col[1], "a\n", 2);
	column_add_struct(&b.col[2]);
	column_add_i64(&b.col[2].child[0], -7);
	column_add_struct(&b.col[2].child[1]);
	column_add_bool(&b.col[2].child[1].child[0], true);
	column_add_bytes(&b.col[3].child[0], "p", 1);
	column_add_null(&b.col[3].child[0]);
	column_add_list(&b.col[3]);
	column_add_bytes(&b.col[4].child[0], "k\"", 2);
	column_add_i64(&b.col[4].child[1], 1);
	column_add_list(&b.col[4]);
	column_add_i64(&b.col[5].child[0], 5);
	column_add_null(&b.col[5].child[1]);
	column_add_list(&b.col[5]);
	column_add_decimal(&b.col[6], -5);
	for (size_t i = 0; i < b.ncols; i++)
		column_add_null(&b.col[i]);
	for (size_t i = 0; i < b.ncols; i++)
		column_add_default(&b.col[i]);
	const char *first = "{\"id\":1816403820923064321,\"s\":\"a\\n\",\"st\":{\"x\":-7,\"y\":{\"z\":true}},\"l\":[\"p\",null],"
			    "\"m\":{\"k\\\"\":1},\"k\":[{\"key\":5,\"value\":null}],\"d\":-0.05}\n";
	const char *third = "{\"id\":0,\"s\":\"\",\"st\":{\"x\":0,\"y\":{\"z\":false}},\"l\":[],\"m\":{},\"k\":[],\"d\":0.00}\n";
	struct buf out = BUF_INIT, want = BUF_INIT;
	struct json_out *jo = json_out_new(&t, NULL);
	json_out_rows(jo, &out, cols_of(&b), NULL, 3);
	buf_printf(&want, "%s{}\n%s", first, third);
	T_MEM(out.p, out.n, want.p, want.n);
	buf_clear(&out);
	buf_clear(&want);
	json_out_rows(jo, &out, cols_of(&b), (const uint32_t[]){ 2, 1, 0, 1 }, 4);
	buf_printf(&want, "%s{}\n%s{}\n", third, first);
	T_MEM(out.p, out.n, want.p, want.n);
	buf_clear(&out);
	json_out_free(jo);
	jo = json_out_new(&t, &(struct json_out_opts){ .nulls = true, .bare = true });
	json_out_rows(jo, &out, cols_of(&b), (const uint32_t[]){ 1 }, 1);
	const char *nulls = "{\"id\":null,\"s\":null,\"st\":null,\"l\":null,\"m\":null,\"k\":null,\"d\":null}";
	T_MEM(out.p, out.n, nulls, strlen(nulls));
	json_out_free(jo);
	buf_release(&out);
	buf_release(&want);
	batch_release(&b);
}

static void test_extra(void)
{
	struct type t = sql_type_of("struct<a:long,day:date>");
	struct batch b;
	struct buf out = BUF_INIT;
	batch_init(&b, &t);
	column_add_i64(&b.col[0], 1);
	column_add_null(&b.col[0]);
	column_add_i64(&b.col[1], 19000);
	struct json_out *jo = json_out_new(&t, NULL);
	json_out_constant(jo, 1, &b.col[1]);
	json_out_extra(jo, "\"_v\":3", 6, "\"_c\":\"insert\",\"n\":0", 19);
	const struct column *cols[] = { &b.col[0], NULL };
	json_out_rows(jo, &out, cols, NULL, 2);
	const char *want = "{\"_v\":3,\"a\":1,\"day\":\"2022-01-08\",\"_c\":\"insert\",\"n\":0}\n"
			   "{\"_v\":3,\"day\":\"2022-01-08\",\"_c\":\"insert\",\"n\":0}\n";
	T_MEM(out.p, out.n, want, strlen(want));
	buf_clear(&out);
	json_out_extra(jo, NULL, 0, "\"z\":1", 5);
	json_out_constant(jo, 1, NULL);
	json_out_rows(jo, &out, cols, NULL, 2);
	T_MEM(out.p, out.n, "{\"a\":1,\"z\":1}\n{\"z\":1}\n", 22);
	json_out_free(jo);
	buf_release(&out);
	batch_release(&b);
}

static void test_forms(void)
{
	struct schema s;
	struct err e;
	const char *text = "{\"type\":\"struct\",\"fields\":["
		"{\"name\":\"w\",\"type\":\"double\",\"nullable\":true,\"metadata\":{\"smtools.form\":\"whole\"}},"
		"{\"name\":\"ms\",\"type\":\"timestamp\",\"nullable\":true,\"metadata\":{\"comment\":\"x\",\"smtools.form\":\"ms\"}},"
		"{\"name\":\"us\",\"type\":\"timestamp_ntz\",\"nullable\":true,\"metadata\":{\"smtools.form\":\"us\"}},"
		"{\"name\":\"l\",\"type\":{\"type\":\"array\",\"elementType\":\"double\",\"containsNull\":true},\"nullable\":true,"
		"\"metadata\":{\"smtools.form\":\"whole\"}},"
		"{\"name\":\"o\",\"type\":\"double\",\"nullable\":true,\"metadata\":{\"smtools.form\":\"other\"}}]}";
	T_INT(schema_from_delta(&s, text, strlen(text), &e), 0);
	struct batch b;
	struct buf out = BUF_INIT;
	batch_init(&b, &s.root);
	column_add_double(&b.col[0], 5);
	column_add_i64(&b.col[1], INT64_C(1600000000000000));
	column_add_i64(&b.col[2], INT64_C(1600000000120000));
	column_add_double(&b.col[3].child[0], -75);
	column_add_double(&b.col[3].child[0], 1.5);
	column_add_list(&b.col[3]);
	column_add_double(&b.col[4], 5);
	struct json_out *jo = json_out_new(&s.root, NULL);
	json_out_rows(jo, &out, cols_of(&b), NULL, 1);
	const char *want = "{\"w\":5,\"ms\":\"2020-09-13T12:26:40.000Z\",\"us\":\"2020-09-13T12:26:40.120000\",\"l\":[-75,1.5],\"o\":5.0}\n";
	T_MEM(out.p, out.n, want, strlen(want));
	json_out_free(jo);
	buf_release(&out);
	batch_release(&b);
	schema_release(&s);
}

/* Any double with few decimals, and any bits at all, must parse back to the very same value. */
static void test_double_round_trip(void)
{
	struct rng r;
	rng_seed(&r, 7);
	for (int i = 0; i < 400000; i++) {
		double v, back;
		char text[FORMAT_ROOM + 1];
		uint64_t bits = rng_next(&r);
		if (i % 2)
			v = (double)(int64_t)(bits >> 20) / pow(10, (double)(bits % 12));
		else
			memcpy(&v, &bits, sizeof v);
		if (!isfinite(v))
			continue;
		*format_double(text, v, i % 3 ? JSON_FORM_PLAIN : JSON_FORM_WHOLE) = '\0';
		back = strtod(text, NULL);
		if (memcmp(&back, &v, sizeof v) != 0)
			T_FAIL("%.17g printed as %s", v, text);
		if (i % 3) {
			char ref[JSON_DOUBLE_TEXT + 1];
			ref[json_format_double(ref, v)] = '\0';
			if (strlen(ref) < strlen(text))
				T_FAIL("%s is shorter than %s", ref, text);
		}
	}
}

static void test_ints(void)
{
	struct rng r;
	rng_seed(&r, 3);
	char text[FORMAT_ROOM], want[32];
	uint64_t ten = 1;
	for (int i = 0; i < 200000; i++) {
		int64_t v = (int64_t)(rng_next(&r) >> (i % 64)) * (i & 64 ? -1 : 1);
		if (i < 20) {
			v = (int64_t)ten;
			ten = i < 18 ? ten * 10 : ten;
		} else if (i < 40) {
			v = (int64_t)--ten;
			ten = ten / 10 + 1;
		}
		size_t n = (size_t)(format_i64(text, v) - text);
		if (n != (size_t)snprintf(want, sizeof want, "%lld", (long long)v) || memcmp(text, want, n) != 0)
			T_FAIL("%s printed as %.*s", want, (int)n, text);
	}
}

static void test_times(void)
{
	struct rng r;
	struct format_time day = { 0 };
	rng_seed(&r, 5);
	for (int i = 0; i < 100000; i++) {
		int64_t us = (int64_t)(rng_next(&r) >> 9) - (INT64_C(1) << 53);
		if (i % 3 == 0)
			us -= us % 1000;
		char a[FORMAT_ROOM], b[64];
		size_t n = (size_t)(format_timestamp(a, &day, us, JSON_FORM_PLAIN, true) - a), m = time_format(b, us, -1, true);
		if (n != m + 2 || memcmp(a + 1, b, m) != 0)
			T_FAIL("%.*s is not %.*s", (int)n, a, (int)m, b);
	}
}

/* Random strings out and back through the parser of trees. */
static void test_string_round_trip(void)
{
	struct rng r;
	struct type t = sql_type_of("struct<a:string>");
	rng_seed(&r, 11);
	for (int i = 0; i < 3000; i++) {
		struct batch b;
		struct buf s = BUF_INIT, out = BUF_INIT;
		struct arena a = ARENA_INIT;
		struct json *v;
		struct err e;
		size_t n = (size_t)rng_below(&r, i % 50 == 0 ? 3000 : 60);
		while (s.n < n) {
			static const char *const odd[] = { "\"", "\\", "\n", "\x01", "\x1f", "é", "漢", "😀", "\x7f", "/", "\t\r\b\f" };
			if (rng_below(&r, 4) == 0)
				buf_puts(&s, odd[rng_below(&r, 11)]);
			else
				buf_putc(&s, (char)('a' + rng_below(&r, 26)));
		}
		batch_init(&b, &t);
		column_add_bytes(&b.col[0], s.p, s.n);
		json_out_value(&out, &b.col[0], 0);
		if (json_parse(&v, &a, out.p, out.n, &e) != 0)
			T_FAIL("%s: %.*s", e.msg, (int)out.n, out.p);
		else
			T_MEM(v->str, v->nstr, s.p ? s.p : "", s.n);
		arena_release(&a);
		buf_release(&s);
		buf_release(&out);
		batch_release(&b);
	}
}

int main(void)
{
	T_CASE("whole numbers, dates and times")
	{
		check_i64("byte", -128, "-128");
		check_i64("short", 32767, "32767");
		check_i64("int", INT32_MIN, "-2147483648");
		check_i64("long", INT64_MIN, "-9223372036854775808");
		check_i64("long", INT64_MAX, "9223372036854775807");
		check_i64("long", 0, "0");
		check_i64("date", -1, "\"1969-12-31\"");
		check_i64("date", 3000000, "\"+10183-09-21\"");
		check_i64("timestamp", -1, "\"1969-12-31T23:59:59.999999Z\"");
		check_i64("timestamp", 1000, "\"1970-01-01T00:00:00.001Z\"");
		check_i64("timestamp_ntz", 0, "\"1970-01-01T00:00:00\"");
		test_ints();
		test_times();
	}
	T_CASE("floating point: shortest, and back to the same bits")
	{
		check_double(0, "0.0");
		check_double(-0.0, "-0.0");
		check_double(5, "5.0");
		check_double(0.1, "0.1");
		check_double(-12.345678, "-12.345678");
		check_double(NAN, "\"NaN\"");
		check_double(INFINITY, "\"Infinity\"");
		check_double(-INFINITY, "\"-Infinity\"");
		test_double_round_trip();
		char text[FORMAT_ROOM + 1];
		*format_float(text, 0.1f, JSON_FORM_PLAIN) = '\0';
		T_STR(text, "0.1");
		*format_float(text, 16777216.0f, JSON_FORM_WHOLE) = '\0';
		T_STR(text, "16777216");
	}
	T_CASE("decimals keep their scale")
	{
		__int128 big = 1;
		for (int i = 0; i < 38; i++)
			big *= 10;
		check_decimal(0, 0, "0");
		check_decimal(0, 3, "0.000");
		check_decimal(-5, 2, "-0.05");
		check_decimal(150, 2, "1.50");
		check_decimal(big - 1, 0, "99999999999999999999999999999999999999");
		check_decimal(1 - big, 38, "-0.99999999999999999999999999999999999999");
		check_decimal((__int128)UINT64_MAX + 1, 1, "1844674407370955161.6");
	}
	T_CASE("strings: escapes at every place, the next row's bytes kept out")
	{
		check_string("", 0, "\"\"");
		check_string("a\"b\\c/d\n\t\x01\x1f\x7f", 12, "\"a\\\"b\\\\c/d\\n\\t\\u0001\\u001f\x7f\"");
		check_string("a\0b", 3, "\"a\\u0000b\"");
		check_string("0123456789abcde\"", 16, "\"0123456789abcde\\\"\"");
		check_string("0123456789abcdef", 16, "\"0123456789abcdef\"");
		check_string("\b\f\r", 3, "\"\\b\\f\\r\"");
		test_string_round_trip();
	}
	T_CASE("strings: what is no UTF-8 becomes U+FFFD")
	{
		check_string("a\xff" "b", 3, "\"a\xEF\xBF\xBD" "b\"");
		check_string("\xED\xA0\x80", 3, "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
		check_string("\xC0\x80", 2, "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
		check_string("\xF4\x90\x80\x80", 4, "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
		check_string("\xE2\x82", 2, "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
		check_string("\xE2\x82\xAC", 3, "\"\xE2\x82\xAC\"");
		check_string("\xF0\x9F\x98\x80", 4, "\"\xF0\x9F\x98\x80\"");
		check_string("\n\xff\"", 3, "\"\\n\xEF\xBF\xBD\\\"\"");
	}
	T_CASE("base64 with padding")
	{
		check_base64("", "\"\"");
		check_base64("f", "\"Zg==\"");
		check_base64("fo", "\"Zm8=\"");
		check_base64("foobar", "\"Zm9vYmFy\"");
		check_base64("\xff\xfe\xfd", "\"//79\"");
	}
	T_CASE("rows: nested, chosen, nulls left out or printed")
		test_rows();
	T_CASE("members before and behind, constants")
		test_extra();
	T_CASE("forms from a field's metadata")
		test_forms();
	arena_release(&arena);
	return t_done();
}
