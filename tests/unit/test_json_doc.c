/* SPDX-License-Identifier: MIT */
#include "json/doc.h"
#include "json/number.h"
#include "t.h"

#include <math.h>
#include <stdlib.h>

static struct arena arena = ARENA_INIT;

static struct json *parse(const char *s, size_t n)
{
	struct json *v;
	struct err e = { 0 };
	return json_parse(&v, &arena, s, n, &e) ? NULL : v;
}

static void refused(const char *s, size_t n, uint64_t line, uint64_t col, const char *msg)
{
	struct json *v;
	struct err e = { 0 };
	int r = json_parse(&v, &arena, s, n, &e), c = json_check(s, n, NULL);
	if (r != ERR_DATA || c != ERR_DATA)
		T_FAIL("'%.*s' gave %d and %d", (int)n, s, r, c);
	else if (e.line != line || e.col != col || !strstr(e.msg, msg))
		T_FAIL("'%.*s': %d:%d: %s", (int)n, s, (int)e.line, (int)e.col, e.msg);
}

#define REFUSED(s, line, col, msg) refused((s), sizeof(s) - 1, line, col, msg)

static void string_is(const char *text, const char *want, size_t n)
{
	struct json *v = parse(text, strlen(text));
	if (!v || v->type != JSON_STRING)
		T_FAIL("%s is refused", text);
	else
		T_MEM(v->str, v->nstr, want, n);
}

static void double_is(double v, const char *want)
{
	struct buf b = BUF_INIT;
	double back = 0;
	json_put_double(&b, v);
	T_MEM(b.p, b.n, want, strlen(want));
	T_OK(json_parse_double(b.p, b.n, &back));
	T_DBL(back, v);
	buf_release(&b);
}

static void canonical(const char *text, const char *want)
{
	struct buf b = BUF_INIT;
	struct json *v = parse(text, strlen(text));
	T_OK(v != NULL);
	if (v)
		json_put_canonical(&b, v);
	T_MEM(b.p, b.n, want, strlen(want));
	buf_release(&b);
}

static void nesting(size_t depth, bool fine)
{
	char *s = malloc(2 * depth);
	memset(s, '[', depth);
	memset(s + depth, ']', depth);
	T_INT(json_check(s, 2 * depth, NULL), fine ? 0 : ERR_DATA);
	free(s);
}

static void accessors(void)
{
	static const char text[] = " {\"id\":9223372036854775807,\"low\":-9223372036854775808,\"big\":9223372036854775808,"
		"\"e\":1e3,\"f\":1.0,\"t\":true,\"s\":\"x\",\"a\":[1,2,3],\"o\":{},\"k\":1,\"k\":2}\r\n";
	struct json *v = parse(text, sizeof text - 1);
	int64_t i;
	double d;
	bool t;
	T_OK(v && v->nchild == 11);
	T_OK(json_i64(json_get(v, "id"), &i) && i == INT64_MAX);
	T_OK(json_i64(json_get(v, "low"), &i) && i == INT64_MIN);
	T_OK(!json_i64(json_get(v, "big"), &i));
	T_MEM(json_get(v, "big")->raw, json_get(v, "big")->nraw, "9223372036854775808", 19);
	T_OK(!json_i64(json_get(v, "e"), &i) && json_double(json_get(v, "e"), &d) && d == 1000);
	T_OK(!json_i64(json_get(v, "f"), &i));
	T_OK(!json_i64(json_get(v, "s"), &i) && !json_double(json_get(v, "s"), &d) && !json_bool(json_get(v, "s"), &t));
	T_OK(json_bool(json_get(v, "t"), &t) && t);
	T_STR(json_str(json_get(v, "s")), "x");
	T_INT(json_get(v, "a")->nchild, 3);
	T_INT(json_get(v, "o")->nchild, 0);
	T_OK(json_i64(json_get(v, "k"), &i) && i == 2);
	T_OK(!json_get(v, "none") && !json_get(json_get(v, "a"), "x") && !json_get(NULL, "x"));
	T_OK(!json_i64(NULL, &i) && !json_str(NULL));
}

int main(void)
{
	T_CASE("values and what is read from them")
		accessors();
	T_CASE("every escape")
	{
		string_is("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8);
		string_is("\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\\u0000\"", "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\0", 11);
		string_is("\"\\uD800\\uDC00\\uDBFF\\uDFFF\"", "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF", 8);
		string_is("\"\x7F\"", "\x7F", 1);
	}
	T_CASE("wrong strings are refused at their byte")
	{
		REFUSED("\"abc", 1, 1, "closing quote");
		REFUSED("\"abc\\\"", 1, 1, "closing quote");
		REFUSED("{\"a\":\"\\x\"}", 1, 7, "escape");
		REFUSED("\"\\u12g4\"", 1, 2, "hexadecimal");
		REFUSED("\"\\u12\"", 1, 2, "hexadecimal");
		REFUSED("\"a\\ud800\"", 1, 3, "surrogate");
		REFUSED("\"\\ud800\\u0041\"", 1, 2, "surrogate");
		REFUSED("\"\\ud800\\n\"", 1, 2, "surrogate");
		REFUSED("\"\\udc00\"", 1, 2, "surrogate");
		REFUSED("\"a\tb\"", 1, 3, "control");
		REFUSED("\"a\nb\"", 1, 3, "control");
		REFUSED("\"a\0b\"", 1, 3, "control");
	}
	T_CASE("wrong UTF-8 is refused")
	{
		REFUSED("\"\x80\"", 1, 2, "UTF-8");
		REFUSED("\"\xC0\x80\"", 1, 2, "UTF-8");
		REFUSED("\"\xC1\xBF\"", 1, 2, "UTF-8");
		REFUSED("\"\xE0\x9F\xBF\"", 1, 2, "UTF-8");
		REFUSED("\"\xED\xA0\x80\"", 1, 2, "UTF-8");
		REFUSED("\"\xF0\x8F\xBF\xBF\"", 1, 2, "UTF-8");
		REFUSED("\"\xF4\x90\x80\x80\"", 1, 2, "UTF-8");
		REFUSED("\"\xF5\x80\x80\x80\"", 1, 2, "UTF-8");
		REFUSED("\"\xE2\x82\"", 1, 2, "UTF-8");
		REFUSED("\"\xE2\x82", 1, 2, "UTF-8");
	}
	T_CASE("numbers: the grammar")
	{
		static const char *const good[] = { "0", "-0", "10", "1.5", "-1.5e10", "1E+5", "1e-5", "0.0", "1e400", "0e0" };
		static const char *const bad[] = { "-", "+1", "01", "-01", "1.", ".5", "1e", "1e+", "1.e1", "0x1", "1_0", "NaN",
			"Infinity", "-Infinity", "--1", "1.5.5", "1a", "1-", "1e5.5" };
		for (size_t i = 0; i < sizeof good / sizeof *good; i++)
			if (!parse(good[i], strlen(good[i])))
				T_FAIL("%s", good[i]);
		for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
			if (parse(bad[i], strlen(bad[i])))
				T_FAIL("%s was taken", bad[i]);
	}
	T_CASE("structure: the line and the byte of the fault")
	{
		REFUSED("", 1, 1, "ends");
		REFUSED(" \n ", 2, 2, "ends");
		REFUSED("{\"a\":1", 1, 7, "ends");
		REFUSED("[1,", 1, 4, "ends");
		REFUSED("[1,]", 1, 4, "expected a JSON value");
		REFUSED("{\"a\":1,}", 1, 8, "member name");
		REFUSED("{a:1}", 1, 2, "member name");
		REFUSED("{\"a\" 1}", 1, 6, "':'");
		REFUSED("{\"a\":1\n \"b\":2}", 2, 2, "','");
		REFUSED("[1 2]", 1, 4, "']'");
		REFUSED("[1}", 1, 3, "']'");
		REFUSED("1 2", 1, 3, "after the JSON value");
		REFUSED("{} x", 1, 4, "after the JSON value");
		REFUSED("tru", 1, 1, "word");
		REFUSED("truex", 1, 5, "after the JSON value");
		REFUSED("[nulL]", 1, 2, "word");
		REFUSED("\xEF\xBB\xBF{}", 1, 1, "value");
		REFUSED("{}\0", 1, 3, "after the JSON value");
	}
	T_CASE("depth is bounded")
	{
		nesting(JSON_MAX_DEPTH, true);
		nesting(JSON_MAX_DEPTH + 1, false);
		nesting(1000000, false);
	}
	T_CASE("so is the number of values, in a tree")
	{
		struct arena own = ARENA_INIT;
		struct json *v;
		struct err e;
		size_t n = JSON_MAX_NODES + 1;
		for (int object = 0; object < 2; object++) {
			struct buf b = BUF_INIT;
			buf_putc(&b, object ? '{' : '[');
			for (size_t i = 0; i < n; i++)
				buf_puts(&b, object ? i ? ",\"\":0" : "\"\":0" : i ? ",0" : "0");
			buf_putc(&b, object ? '}' : ']');
			T_INT(json_parse(&v, &own, b.p, b.n, &e), ERR_DATA);
			T_STR(e.msg, "more than two million values");
			arena_clear(&own);
			T_INT(json_check(b.p, b.n, &e), 0);
			T_INT(json_parse_large(&v, &own, b.p, b.n, &e), 0);
			T_INT(v->nchild, n);
			arena_clear(&own);
			/* One less is fine. */
			memset(b.p + b.n - (object ? 6 : 3), ' ', object ? 5 : 2);
			T_INT(json_parse(&v, &own, b.p, b.n, &e), 0);
			T_INT(v->nchild, n - 1);
			arena_clear(&own);
			buf_release(&b);
		}
		arena_release(&own);
	}
	T_CASE("doubles: the shortest text")
	{
		double_is(0, "0.0");
		double_is(-0.0, "-0.0");
		double_is(1.5, "1.5");
		double_is(0.1, "0.1");
		double_is(100000, "100000.0");
		double_is(9007199254740993.0, "9007199254740992.0");
		double_is(1e300, "1e300");
		double_is(-2.5e-7, "-2.5e-7");
		double_is(1e17, "1e17");
		double_is(5e-324, "5e-324");
		double_is(1.7976931348623157e308, "1.7976931348623157e308");
		char f[JSON_DOUBLE_TEXT];
		T_MEM(f, json_format_float(f, 0.1f), "0.1", 3);
		T_MEM(f, json_format_float(f, 3.4028235e38f), "3.4028235e38", 12);
	}
	T_CASE("doubles: too large is refused, too small is zero")
	{
		double d = 1;
		T_OK(!json_parse_double("1e400", 5, &d) && !json_parse_double("-1e309", 6, &d));
		T_OK(!json_parse_double("x", 1, &d) && !json_parse_double("1x", 2, &d) && !json_parse_double("", 0, &d));
		T_OK(json_parse_double("-1e-400", 7, &d) && d == 0 && signbit(d));
		T_OK(json_parse_double("0.000001e-330", 13, &d) && d == 0 && !signbit(d));
		T_OK(json_parse_double("0e99999999999999999999", 22, &d) && d == 0);
		T_OK(json_parse_double("0.0e-99999999999999999999", 25, &d) && d == 0);
		T_OK(json_parse_double("1e-99999999999999999999", 23, &d) && d == 0);
		T_OK(!json_parse_double("1e99999999999999999999", 22, &d));
		T_OK(!json_parse_double("100000e305", 10, &d));
		T_OK(json_parse_double("0.00001e310", 11, &d) && d == 1e305);
	}
	T_CASE("the canonical form")
	{
		canonical(" { \"b\" : [ 1 , null , {\"z\":null} ], \"a\":1.50, \"\":\"\\u0041\\/\\n\\u001f\" } ",
			  "{\"\":\"A/\\n\\u001f\",\"a\":1.50,\"b\":[1,null,{}]}");
		canonical("{\"k\":1,\"ka\":2,\"k\":3,\"K\":null}", "{\"k\":3,\"ka\":2}");
		canonical("{\"k\":1,\"k\":null}", "{}");
	}
	T_CASE("strings are escaped only where they must be")
	{
		struct buf b = BUF_INIT;
		json_put_string(&b, "\0\x1f\"\\/\b\f\n\r\t\x7f\xC3\xA9 and a long plain tail", 35);
		const char *want = "\"\\u0000\\u001f\\\"\\\\/\\b\\f\\n\\r\\t\x7f\xC3\xA9 and a long plain tail\"";
		T_MEM(b.p, b.n, want, strlen(want));
		buf_release(&b);
	}
	arena_release(&arena);
	return t_done();
}
