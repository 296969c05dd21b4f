/* SPDX-License-Identifier: MIT */
#include "column/json_in.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/rand.h"
#include "json/doc.h"
#include "json/index.h"
#include "json/number.h"
#include "t.h"

#include <math.h>
#include <stdlib.h>

/* ---- a batch as text, and its invariants ---- */

static void print_value(struct buf *out, const struct column *c, size_t i);

static void print_children(struct buf *out, const struct column *c, size_t i)
{
	buf_putc(out, c->type->kind == TYPE_LIST ? '[' : '{');
	if (c->type->kind == TYPE_STRUCT) {
		for (size_t k = 0; k < c->nchild; k++) {
			buf_puts(out, k ? "," : "");
			print_value(out, &c->child[k], i);
		}
	} else {
		for (int32_t k = c->offsets[i]; k < c->offsets[i + 1]; k++) {
			buf_puts(out, k > c->offsets[i] ? "," : "");
			print_value(out, &c->child[0], (size_t)k);
			if (c->type->kind == TYPE_MAP) {
				buf_putc(out, ':');
				print_value(out, &c->child[1], (size_t)k);
			}
		}
	}
	buf_putc(out, c->type->kind == TYPE_LIST ? ']' : '}');
}

static void print_decimal(struct buf *out, __int128 v)
{
	char digits[48];
	size_t n = 0;
	unsigned __int128 u = v < 0 ? -(unsigned __int128)v : (unsigned __int128)v;
	do
		digits[n++] = (char)('0' + (int)(u % 10));
	while (u /= 10);
	if (v < 0)
		buf_putc(out, '-');
	while (n)
		buf_putc(out, digits[--n]);
}

static void print_value(struct buf *out, const struct column *c, size_t i)
{
	size_t n;
	if (column_is_null(c, i)) {
		buf_puts(out, "null");
		return;
	}
	switch (c->type->kind) {
	case TYPE_BOOLEAN:
		buf_puts(out, bit_get(c->data, i) ? "true" : "false");
		break;
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
		if (isfinite(column_double(c, i)))
			json_put_double(out, column_double(c, i));
		else
			buf_puts(out, isnan(column_double(c, i)) ? "NaN" : column_double(c, i) > 0 ? "Inf" : "-Inf");
		break;
	case TYPE_DECIMAL:
		print_decimal(out, column_decimal(c, i));
		break;
	case TYPE_STRING: {
		const char *s = column_bytes(c, i, &n);
		json_put_string(out, s, n);
		break;
	}
	case TYPE_BINARY: {
		const char *s = column_bytes(c, i, &n);
		buf_putc(out, 'x');
		for (size_t k = 0; k < n; k++)
			buf_printf(out, "%02x", (unsigned char)s[k]);
		break;
	}
	case TYPE_STRUCT:
	case TYPE_LIST:
	case TYPE_MAP:
		print_children(out, c, i);
		break;
	default:
		buf_i64(out, column_i64(c, i));
	}
}

static void check_column(const struct column *c, size_t n)
{
	size_t nulls = 0;
	if (c->n != n)
		T_FAIL("a column of kind %d has %zu rows, not %zu", (int)c->type->kind, c->n, n);
	for (size_t i = 0; i < n; i++)
		nulls += column_is_null(c, i);
	T_INT(c->nulls, nulls);
	if (c->offsets) {
		T_INT(c->offsets[0], 0);
		for (size_t i = 0; i < n; i++)
			if (c->offsets[i] > c->offsets[i + 1])
				T_FAIL("offsets go back in row %zu", i);
	}
	if (c->type->kind == TYPE_STRING || c->type->kind == TYPE_BINARY)
		T_INT(c->offsets[n], c->ndata);
	for (size_t i = 0; i < c->nchild; i++)
		check_column(&c->child[i], c->type->kind == TYPE_STRUCT ? n : (size_t)c->offsets[n]);
}

static void print_rows(struct buf *out, const struct batch *b)
{
	for (size_t i = 0; i < b->ncols; i++)
		check_column(&b->col[i], b->nrows);
	for (size_t r = 0; r < b->nrows; r++) {
		for (size_t i = 0; i < b->ncols; i++) {
			buf_puts(out, i ? " " : "");
			print_value(out, &b->col[i], r);
		}
		buf_putc(out, '\n');
	}
}

/* ---- running the reader ---- */

struct setup {
	struct schema schema;
	struct json_in *in;
	struct batch batch;
	struct buf out;
	size_t max_rows;
};

static void set_up(struct setup *s, const char *type, enum json_in_unknown unknown, const char *required)
{
	struct err e = { 0 };
	struct json_in_opts opts = { .unknown = unknown, .rows = true };
	*s = (struct setup){ .max_rows = 1000 };
	schema_init(&s->schema);
	if (type_parse(&s->schema.root, &s->schema.arena, type, strlen(type), &e))
		T_FAIL("%s: %s", type, e.msg);
	for (size_t i = 0; i < s->schema.root.nfields; i++)
		if (required && strcmp(s->schema.root.fields[i].name, required) == 0)
			s->schema.root.fields[i].nullable = false;
	s->in = json_in_new(&s->schema.root, &opts);
	batch_init(&s->batch, &s->schema.root);
}

static void tear_down(struct setup *s)
{
	json_in_free(s->in);
	batch_release(&s->batch);
	schema_release(&s->schema);
	buf_release(&s->out);
}

static void feed(struct setup *s, const char *text, size_t n)
{
	char *p = malloc(n + JSON_PADDING);
	struct json_in_line l;
	struct err e = { 0 };
	enum json_in_event ev;
	memcpy(p, text, n);
	memset(p + n, '"', JSON_PADDING);
	json_in_block(s->in, p, n);
	while ((ev = json_in_next(s->in, &s->batch, s->max_rows, 0, &l, &e)) != JSON_IN_END) {
		print_rows(&s->out, &s->batch);
		batch_clear(&s->batch);
		if (ev == JSON_IN_BAD)
			buf_printf(&s->out, "!%d:%d %s\n", (int)e.line, (int)e.col, e.msg);
		else if (ev == JSON_IN_MARK)
			buf_printf(&s->out, "mark %d %.*s\n", (int)l.line, (int)l.n, l.p);
		else if (ev == JSON_IN_UNKNOWN)
			buf_printf(&s->out, "unknown %d %s %.*s\n", (int)l.line, l.field, (int)l.nvalue, l.value);
	}
	print_rows(&s->out, &s->batch);
	batch_clear(&s->batch);
	free(p);
}

static void reads_as(const char *type, enum json_in_unknown unknown, const char *required, const char *text, const char *want)
{
	struct setup s;
	set_up(&s, type, unknown, required);
	feed(&s, text, strlen(text));
	T_STR(buf_cstr(&s.out), want);
	tear_down(&s);
}

static void reads(const char *type, const char *text, const char *want)
{
	reads_as(type, JSON_IN_UNKNOWN_BAD, NULL, text, want);
}

/* One value for the one column `a`: what it becomes, or "bad". */
static void value(const char *type, const char *json, const char *want)
{
	struct setup s;
	struct buf t = BUF_INIT, line = BUF_INIT, expect = BUF_INIT;
	buf_printf(&t, "struct<a:%s>", type);
	buf_printf(&line, "{\"a\":%s}\n", json);
	if (strcmp(want, "bad") == 0)
		buf_printf(&expect, "!0:6 field 'a': %s does not fit type %s\n", json, type);
	else
		buf_printf(&expect, "%s\n", want);
	set_up(&s, buf_cstr(&t), JSON_IN_UNKNOWN_BAD, NULL);
	feed(&s, line.p, line.n);
	T_STR(buf_cstr(&s.out), buf_cstr(&expect));
	tear_down(&s);
	buf_release(&t);
	buf_release(&line);
	buf_release(&expect);
}

static void whole_numbers(void)
{
	value("byte", "-128", "-128");
	value("byte", "128", "bad");
	value("short", "32767", "32767");
	value("short", "-32769", "bad");
	value("integer", "-2147483648", "-2147483648");
	value("integer", "2147483648", "bad");
	value("long", "9223372036854775807", "9223372036854775807");
	value("long", "-9223372036854775808", "-9223372036854775808");
	value("long", "9223372036854775808", "bad");
	value("long", "-9223372036854775809", "bad");
	value("long", "18446744073709551616", "bad");
	value("long", "100000000000000000000000000000000000000000", "bad");
	value("long", "1234567", "1234567");
	value("long", "12345678", "12345678");
	value("long", "1234567890123456789", "1234567890123456789");
	value("long", "-0", "0");
	value("long", "1.0", "bad");
	value("long", "1e3", "bad");
	value("long", "\"1\"", "bad");
	value("long", "true", "bad");
	value("long", "[1]", "bad");
}

static void floating(void)
{
	value("double", "1", "1.0");
	value("double", "-0.0", "-0.0");
	value("double", "0.1", "0.1");
	value("double", "123456789.125", "123456789.125");
	value("double", "9007199254740993", "bad");
	value("double", "-499961179804950529", "bad");
	value("double", "9007199254740992", "9007199254740992.0");
	value("double", "72057594037927936", "72057594037927936.0");
	value("double", "72057594037927940", "72057594037927936.0");
	value("double", "1152921504606847000", "1.152921504606847e18");
	value("double", "-1000000000000000019884624838656", "-1e30");
	value("double", "1000000000000000000000000000000", "1e30");
	value("double", "1000000000000000000000000000001", "bad");
	value("double", "9007199254740993.0", "9007199254740992.0");
	value("double", "1.7976931348623157e308", "1.7976931348623157e308");
	value("double", "1e309", "bad");
	value("double", "1e-400", "0.0");
	value("double", "2.2250738585072011e-308", "2.225073858507201e-308");
	value("double", "0.000000000000000000000000000001", "1e-30");
	value("double", "\"NaN\"", "NaN");
	value("double", "\"Infinity\"", "Inf");
	value("double", "\"-Infinity\"", "-Inf");
	value("double", "\"nan\"", "bad");
	value("double", "\"1\"", "bad");
	value("float", "16777217", "bad");
	value("float", "16777218", "16777218.0");
	value("float", "0", "0.0");
	value("float", "-7", "-7.0");
	value("float", "3.5e38", "bad");
	value("float", "\"-Infinity\"", "-Inf");
}

static void decimals(void)
{
	value("decimal(5,2)", "1.5", "150");
	value("decimal(5,2)", "-999.99", "-99999");
	value("decimal(5,2)", "1000", "bad");
	value("decimal(5,2)", "1.005", "bad");
	value("decimal(5,2)", "1.50000000000000000000000000000000000000000000000", "150");
	value("decimal(5,2)", "\"12.30\"", "1230");
	value("decimal(5,2)", "\"x\"", "bad");
	value("decimal(5,2)", "\"\"", "bad");
	value("decimal(5,2)", "\"1.\"", "bad");
	value("decimal(5,2)", "\"01\"", "bad");
	value("decimal(5,2)", "1e2", "10000");
	value("decimal(5,2)", "12E-2", "12");
	value("decimal(5,2)", "1e-3", "bad");
	value("decimal(5,2)", "1e999999999999", "bad");
	value("decimal(5,2)", "0e999999999999", "0");
	value("decimal(5,2)", "0.00000000000000000000000000000000000000000000000000", "0");
	value("decimal(38,0)", "99999999999999999999999999999999999999", "99999999999999999999999999999999999999");
	value("decimal(38,0)", "-99999999999999999999999999999999999999", "-99999999999999999999999999999999999999");
	value("decimal(38,0)", "100000000000000000000000000000000000000", "bad");
	value("decimal(38,38)", "0.00000000000000000000000000000000000001", "1");
	value("decimal(20,0)", "18446744073709551616", "18446744073709551616");
}

static void strings(void)
{
	value("string", "\"\"", "\"\"");
	value("string", "\"caf\\u00e9 \\ud83d\\ude00\\n\"", "\"caf\xC3\xA9 \xF0\x9F\x98\x80\\n\"");
	value("string", "\"a string that is longer than one step of the copy, and then some more of it\"",
	      "\"a string that is longer than one step of the copy, and then some more of it\"");
	value("string", "1", "bad");
	value("string", "{}", "bad");
	value("boolean", "true", "true");
	value("boolean", "false", "false");
	value("boolean", "\"true\"", "bad");
	value("boolean", "0", "bad");
	value("binary", "\"\"", "x");
	value("binary", "\"AA==\"", "x00");
	value("binary", "\"+/8=\"", "xfbff");
	value("binary", "\"+\\/8=\"", "xfbff");
	value("binary", "\"aGVsbG8h\"", "x68656c6c6f21");
	value("binary", "\"AA\"", "bad");
	value("binary", "\"AB==\"", "bad");
	value("binary", "\"====\"", "bad");
	value("binary", "\"A===\"", "bad");
	value("binary", "\"AA=A\"", "bad");
	value("binary", "\"AA-_\"", "bad");
	value("void", "null", "null");
	value("void", "1", "bad");
}

static void times(void)
{
	value("date", "\"1970-01-02\"", "1");
	value("date", "\"1970\\u002d01-02\"", "1");
	value("date", "\"1969-12-31\"", "-1");
	value("date", "\"2000-02-30\"", "bad");
	value("date", "\"1970-1-2\"", "bad");
	value("date", "\"1970-01-02T00:00:00Z\"", "bad");
	value("date", "1", "bad");
	value("timestamp", "\"2014-08-14T16:50:00Z\"", "1408035000000000");
	value("timestamp", "\"2014-08-14T16:50:00.5Z\"", "1408035000500000");
	value("timestamp", "\"2014-08-14T16:50:00.123456Z\"", "1408035000123456");
	value("timestamp", "\"2014-08-14T16:50:00.123456789Z\"", "1408035000123456");
	value("timestamp", "\"2014-08-14t16:50:00z\"", "1408035000000000");
	value("timestamp", "\"2014-08-14 18:50:00+02:00\"", "1408035000000000");
	value("timestamp", "\"1969-12-31T23:59:59.999999Z\"", "-1");
	value("timestamp", "\"2014-08-14T16:50:00\"", "bad");
	value("timestamp", "\"2014-08-14T16:50:00.Z\"", "bad");
	value("timestamp", "\"2014-08-14T24:00:00Z\"", "bad");
	value("timestamp", "\"2014-02-30T00:00:00Z\"", "bad");
	value("timestamp", "\"2014-08-14T16:5x:00Z\"", "bad");
	value("timestamp", "\"Z\"", "bad");
	value("timestamp", "1408035000", "bad");
	value("timestamp_ntz", "\"2014-08-14T16:50:00\"", "1408035000000000");
	value("timestamp_ntz", "\"2014-08-14T16:50:00.25\"", "1408035000250000");
	value("timestamp_ntz", "\"2014-08-14T16:50:00Z\"", "bad");
	value("timestamp_ntz", "\"2014-08-14T16:50:00+00:00\"", "bad");
}

static void nested(void)
{
	value("array<long>", "[]", "[]");
	value("array<long>", "[1, null ,3]", "[1,null,3]");
	value("array<long>", "{}", "bad");
	value("array<array<string>>", "[[],[\"x\"],null]", "[[],[\"x\"],null]");
	value("array<struct<x:long,y:string>>", "[{\"x\":1},{\"y\":\"b\",\"x\":2},null,{}]",
	      "[{1,null},{2,\"b\"},null,{null,null}]");
	value("map<string,long>", "{\"a\":1, \"b\" : null}", "{\"a\":1,\"b\":null}");
	value("map<string,long>", "{}", "{}");
	value("map<string,long>", "[{\"key\":\"a\",\"value\":1},{\"value\":2,\"key\":\"b\"}]", "{\"a\":1,\"b\":2}");
	value("map<long,string>", "[{\"key\":1,\"value\":\"x\"},{\"key\":2}]", "{1:\"x\",2:null}");
	value("map<long,string>", "{\"1\":\"x\"}", "bad");
	value("struct<x:struct<y:long>>", "{\"x\":{\"y\":1}}", "{{1}}");
	value("struct<x:long>", "[]", "bad");
	reads("struct<a:map<string,long>>", "{\"a\":{\"k\":1,\"\\u006b\":2}}\n{\"a\":[{\"value\":1}]}\n{\"a\":[3]}\n",
	      "!0:6 a key is given twice in the map 'a'\n"
	      "!1:7 field 'a.key' is missing, but must not be null\n"
	      "!2:7 field 'a': 3 does not fit type map<string,long>\n");
	reads("struct<a:array<struct<n:long>>,b:struct<c:struct<d:byte>>>",
	      "{\"a\":[{\"n\":1},{\"n\":\"x\"}]}\n{\"b\":{\"c\":{\"d\":300}}}\n",
	      "!0:20 field 'a.element.n': \"x\" does not fit type long\n!1:16 field 'b.c.d': 300 does not fit type byte\n");
}

static void big_map(size_t n, bool repeat)
{
	struct buf b = BUF_INIT;
	struct setup s;
	set_up(&s, "struct<m:map<string,integer>>", JSON_IN_UNKNOWN_BAD, NULL);
	buf_puts(&b, "{\"m\":{");
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%s\"k%zu\":%zu", i ? "," : "", i, i);
	buf_puts(&b, repeat ? ",\"k3\":0}}\n" : "}}\n");
	feed(&s, b.p, b.n);
	T_OK((s.out.n > 0 && *s.out.p == '!') == repeat);
	tear_down(&s);
	buf_release(&b);
}

/* ---- records ---- */

#define POST "struct<id:string,n:long,tags:array<string>,author:struct<id:string,m:map<string,long>>,ok:boolean,x:double>"

static void key_order(void)
{
	reads("struct<a:long,bb:long,a_name_of_sixteen:long,a_name_of_sixteen_and_more:long,`q\"uote`:long>",
	      "{\"a\":1,\"bb\":2,\"a_name_of_sixteen\":3,\"a_name_of_sixteen_and_more\":4,\"q\\\"uote\":5}\n"
	      "{\"q\\\"uote\":5,\"a_name_of_sixteen_and_more\":4,\"a_name_of_sixteen\":3,\"bb\":2,\"a\":1}\n"
	      "{}\n"
	      "{\"\\u0061\":1}\n"
	      "{\"a_name_of_sixteen\":3,\"a\":1}\n"
	      "{\"A\":1}\n"
	      "{\"a_name_of_sixteen_and_mora\":1}\n",
	      "1 2 3 4 5\n1 2 3 4 5\nnull null null null null\n1 null null null null\n1 null 3 null null\n"
	      "!5:2 field 'A' is not in the schema\n!6:2 field 'a_name_of_sixteen_and_mora' is not in the schema\n");
}

static void roll_back(void)
{
	reads(POST,
	      "{\"id\":\"1\",\"n\":1,\"tags\":[\"a\",\"b\"],\"author\":{\"id\":\"u\",\"m\":{\"k\":1}},\"ok\":true,\"x\":1}\n"
	      "{\"id\":\"2\",\"n\":2,\"tags\":[\"c\",null],\"author\":{\"id\":null,\"m\":{\"k\":2,\"l\":\"bad\"}},\"ok\":true,\"x\":1}\n"
	      "{\"id\":null,\"n\":null,\"tags\":[\"c\",5],\"author\":null}\n"
	      "{\"id\":\"3\",\"n\":3,\"tags\":[\"d\"],\"author\":{\"m\":{}},\"ok\":false,\"x\":1x}\n"
	      "{\"id\":\"4\",\"n\":4,\"id\":\"5\"}\n"
	      "{\"id\":\"6\",\"tags\":[],\"ok\":false}\n",
	      "\"1\" 1 [\"a\",\"b\"] {\"u\",{\"k\":1}} true 1.0\n"
	      "!1:70 field 'author.m.value': \"bad\" does not fit type long\n"
	      "!2:33 field 'tags.element': 5 does not fit type string\n"
	      "!3:64 malformed number\n"
	      "!4:17 field 'id' is given twice\n"
	      "\"6\" null [] null false null\n");
}

static void required(void)
{
	reads_as("struct<a:long,b:long>", JSON_IN_UNKNOWN_BAD, "a", "{\"a\":1}\n{\"b\":1}\n {\"a\":null}\n",
		 "1 null\n!1:1 field 'a' is missing, but must not be null\n!2:7 field 'a' is null, but must not be\n");
}

static void unknown_fields(void)
{
	const char *type = "struct<a:long,s:struct<x:long>>";
	const char *text = "{\"a\":1}\n{\"a\":2,\"z\":[1,{\"q\":2}]}\n{\"s\":{\"\\u0079\":\"v\"},\"a\":3}\n{\"z\":[1,}\n";
	reads(type, text,
	      "1 null\n!1:8 field 'z' is not in the schema\n!2:7 field 's.y' is not in the schema\n!3:9 expected a JSON value\n");
	reads(type, "{\"a\":1,\"z\":null,\"s\":{\"y\":null}}\n{\"z\":nul}\n", "1 {null}\n!1:6 unknown word (only true, false and null are JSON)\n");
	reads_as(type, JSON_IN_UNKNOWN_IGNORE, NULL, text, "1 null\n2 null\n3 {null}\n!3:9 expected a JSON value\n");
	reads_as(type, JSON_IN_UNKNOWN_REPORT, NULL, text,
		 "1 null\nunknown 1 z [1,{\"q\":2}]\nunknown 2 s.y \"v\"\n!3:9 expected a JSON value\n");
}

static void marks(void)
{
	reads("struct<a:long>", "{\"a\":1}\r\n\r\n{\"$mark\":{\"v\":1}}\r\n{\"$mark\":\n{\"a\":2}\n{\"$mark\" :1}\n",
	      "1\nmark 2 {\"$mark\":{\"v\":1}}\nmark 3 {\"$mark\":\n2\n!5:1 a record must not begin with the member $mark, which is reserved for marks\n");
	reads("struct<a:long>", "{\"a\":1}\n{\"a\":\"x}\n{\"$mark\":1}\n{\"a\":2}\n",
	      "1\n!1:6 string without a closing quote\nmark 2 {\"$mark\":1}\n2\n");
}

/* The same rows, however the text is cut into blocks and batches. */
static void boundaries(void)
{
	struct buf text = BUF_INIT;
	struct setup want;
	for (int i = 0; i < 300; i++)
		buf_printf(&text, "{\"id\":\"%d\\t%*s\",\"n\":%s,\"tags\":[%s],\"author\":{\"id\":\"%d\",\"m\":{\"k\":%d}}%s}\n", i, i % 70, "",
			   i % 3 ? "7" : "null", i % 4 ? "\"x\",\"yy\"" : "", i, i, i % 5 ? ",\"ok\":true,\"x\":0.5" : "");
	set_up(&want, POST, JSON_IN_UNKNOWN_BAD, NULL);
	feed(&want, text.p, text.n);
	T_OK(want.out.n > 300 && !memchr(want.out.p, '!', want.out.n));
	for (size_t step = 1; step < 40; step += 3) {
		struct setup s;
		size_t at = 0;
		set_up(&s, POST, JSON_IN_UNKNOWN_BAD, NULL);
		s.max_rows = step;
		while (at < text.n) {
			size_t end = at;
			for (size_t k = 0; k < step && end < text.n; k++)
				end = (size_t)((char *)memchr(text.p + end, '\n', text.n - end) - text.p) + 1;
			feed(&s, text.p + at, end - at);
			at = end;
		}
		T_MEM(s.out.p, s.out.n, want.out.p, want.out.n);
		tear_down(&s);
	}
	tear_down(&want);
	buf_release(&text);
}

/* Many rows into one batch: every buffer grows more than once, bad lines in between. */
static void growth(void)
{
	struct setup s;
	struct buf text = BUF_INIT;
	struct json_in_line l;
	struct err e;
	size_t bad = 0, n, first, rows = 50000;
	set_up(&s, "struct<i:long,s:string,b:boolean,l:array<struct<x:integer,y:boolean>>,d:date>", JSON_IN_UNKNOWN_BAD, NULL);
	for (size_t i = 0; i < rows; i++)
		buf_printf(&text, "{\"i\":%zu,\"s\":\"%zu\",\"b\":%s,\"l\":[{\"x\":%zu},{\"y\":true}],\"d\":\"2020-01-%02zu\"%s}\n", i, i,
			   i % 7 ? "true" : "null", i, i % 31 + 1, i % 1000 == 5 ? ",\"q\":1" : "");
	buf_reserve(&text, JSON_PADDING);
	json_in_block(s.in, text.p, text.n);
	for (enum json_in_event ev; (ev = json_in_next(s.in, &s.batch, 1u << 30, 0, &l, &e)) != JSON_IN_END;) {
		T_INT(ev, JSON_IN_BAD);
		T_INT(e.line % 1000, 5);
		bad++;
	}
	T_INT(bad, rows / 1000);
	T_INT(s.batch.nrows, rows - bad);
	for (size_t i = 0; i < s.batch.ncols; i++)
		check_column(&s.batch.col[i], s.batch.nrows);
	const struct json_in_row *row = json_in_rows(s.in, &n, &first);
	T_INT(n, s.batch.nrows);
	T_INT(first, 0);
	for (size_t i = 0; i < n; i++) {
		int64_t v = column_i64(&s.batch.col[0], i);
		if ((uint64_t)v != row[i].line || strtoll(row[i].p + 5, NULL, 10) != v || row[i].p[row[i].n] != '\n')
			T_FAIL("row %zu holds %lld", i, (long long)v);
		if (column_i64(&s.batch.col[3].child[0].child[0], 2 * i) != v)
			T_FAIL("row %zu: the list holds another value", i);
	}
	tear_down(&s);
	buf_release(&text);
}

static void full_and_rows(void)
{
	struct setup s;
	struct json_in_line l;
	struct err e;
	size_t n, first;
	char text[512] = "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n{\"a\":4}\n{\"a\":5}\n";
	set_up(&s, "struct<a:long>", JSON_IN_UNKNOWN_BAD, NULL);
	json_in_block(s.in, text, 40);
	T_INT(json_in_next(s.in, &s.batch, 2, 0, &l, &e), JSON_IN_FULL);
	T_INT(s.batch.nrows, 2);
	T_INT(json_in_next(s.in, &s.batch, 2, 0, &l, &e), JSON_IN_FULL);
	T_INT(json_in_next(s.in, &s.batch, 3, 0, &l, &e), JSON_IN_FULL);
	T_INT(s.batch.nrows, 3);
	json_in_rows(s.in, &n, &first);
	T_OK(n == 3 && first == 0);
	batch_clear(&s.batch);
	T_INT(json_in_next(s.in, &s.batch, 100, 10, &l, &e), JSON_IN_FULL);
	T_INT(s.batch.nrows, 1);
	T_INT(column_i64(&s.batch.col[0], 0), 4);
	T_OK(json_in_rows(s.in, &n, &first)->p == text + 24 && n == 1 && first == 0);
	T_INT(json_in_next(s.in, &s.batch, 100, 0, &l, &e), JSON_IN_END);
	json_in_block(s.in, text, 8);
	T_INT(json_in_next(s.in, &s.batch, 100, 0, &l, &e), JSON_IN_END);
	T_INT(s.batch.nrows, 3);
	json_in_rows(s.in, &n, &first);
	T_OK(n == 1 && first == 2);
	tear_down(&s);
}

static void long_line(void)
{
	size_t n = (size_t)16 << 20;
	struct buf b = BUF_INIT;
	struct setup s;
	struct json_in_line l;
	struct err e;
	set_up(&s, "struct<s:string,a:long>", JSON_IN_UNKNOWN_BAD, NULL);
	buf_puts(&b, "{\"s\":\"");
	memset(buf_reserve(&b, n), 'x', n);
	b.n += n;
	buf_puts(&b, "\\n\",\"a\":1}\n{\"a\":2}\n");
	buf_reserve(&b, JSON_PADDING);
	json_in_block(s.in, b.p, b.n);
	T_INT(json_in_next(s.in, &s.batch, 100, 0, &l, &e), JSON_IN_END);
	T_INT(s.batch.nrows, 2);
	T_INT(s.batch.col[0].ndata, n + 1);
	T_INT(column_i64(&s.batch.col[1], 1), 2);
	tear_down(&s);
	buf_release(&b);
}

struct sample {
	double d;
	float f;
	int64_t i, us;
	int32_t day;
	bool special;
};

static void random_sample(struct rng *r, struct sample *s)
{
	uint64_t bits = rng_next(r);
	uint32_t half = (uint32_t)rng_next(r);
	memcpy(&s->d, &bits, sizeof s->d);
	memcpy(&s->f, &half, sizeof s->f);
	if (rng_below(r, 3) == 0)
		s->d = (double)(int64_t)rng_below(r, 1u << 30) / (rng_below(r, 2) ? 1000 : 64);
	if (rng_below(r, 3) == 0)
		s->f = (float)rng_below(r, 10000) / 100;
	s->special = !isfinite(s->d) || !isfinite(s->f);
	s->i = (int64_t)(rng_next(r) >> rng_below(r, 64)) * (rng_below(r, 2) ? 1 : -1);
	s->us = (int64_t)rng_below(r, 253402300800u) * 1000000 + (rng_below(r, 2) ? (int64_t)rng_below(r, 1000000) : 0) -
		(int64_t)rng_below(r, 62135596800) * 1000000;
	s->day = (int32_t)time_floor_div(s->us, US_PER_DAY);
}

/* Random values of every width, printed as text, must be in the columns to the last bit. */
static void random_values(void)
{
	enum { ROWS = 20000 };
	struct sample *want = mem_array(NULL, ROWS, sizeof *want);
	struct buf text = BUF_INIT;
	struct json_in_line l;
	struct err e;
	struct setup s;
	struct rng r;
	rng_seed(&r, 7);
	for (size_t i = 0; i < ROWS; i++) {
		char time[40], day[16], f[JSON_DOUBLE_TEXT];
		do
			random_sample(&r, &want[i]);
		while (want[i].special);
		buf_puts(&text, "{\"d\":");
		json_put_double(&text, want[i].d);
		buf_printf(&text, ",\"f\":%.*s,\"i\":%lld,", (int)json_format_float(f, want[i].f), f, (long long)want[i].i);
		size_t nt = time_format(time, want[i].us, -1, true), nd = date_format(day, want[i].day);
		buf_printf(&text, "\"t\":\"%.*s\",\"u\":\"%.*s\",\"y\":\"%.*s\"}\n", (int)nt, time, (int)nt - 1, time, (int)nd, day);
	}
	memset(buf_reserve(&text, JSON_PADDING), '9', JSON_PADDING);
	set_up(&s, "struct<d:double,f:float,i:long,t:timestamp,u:timestamp_ntz,y:date>", JSON_IN_UNKNOWN_BAD, NULL);
	json_in_block(s.in, text.p, text.n);
	T_INT(json_in_next(s.in, &s.batch, ROWS + 1, 0, &l, &e), JSON_IN_END);
	T_INT(s.batch.nrows, ROWS);
	const struct column *c = s.batch.col;
	for (size_t i = 0; i < s.batch.nrows; i++) {
		T_DBL(column_double(&c[0], i), want[i].d);
		T_DBL(column_double(&c[1], i), (double)want[i].f);
		T_INT(column_i64(&c[2], i), want[i].i);
		T_INT(column_i64(&c[3], i), want[i].us);
		T_INT(column_i64(&c[4], i), want[i].us);
		T_INT(column_i64(&c[5], i), want[i].day);
	}
	tear_down(&s);
	buf_release(&text);
	mem_free(want);
}

/* ---- against the document parser ---- */

static bool twice(const struct json *v)
{
	for (const struct json *c = v->child; c; c = c->next) {
		if (twice(c))
			return true;
		for (const struct json *d = c->next; d && c->key; d = d->next)
			if (d->nkey == c->nkey && memcmp(d->key, c->key, d->nkey) == 0)
				return true;
	}
	return false;
}

static bool same_string(const struct column *c, const struct json *v)
{
	size_t n;
	if (!v || v->type == JSON_NULL)
		return column_is_null(c, 0);
	const char *s = column_bytes(c, 0, &n);
	return v->type == JSON_STRING && !column_is_null(c, 0) && n == v->nstr && memcmp(s, v->str, n) == 0;
}

static bool same_long(const struct column *c, const struct json *v)
{
	int64_t i;
	if (!v || v->type == JSON_NULL)
		return column_is_null(c, 0);
	return json_i64(v, &i) && !column_is_null(c, 0) && column_i64(c, 0) == i;
}

static bool same_double(const struct column *c, const struct json *v)
{
	double d;
	if (!v || v->type == JSON_NULL)
		return column_is_null(c, 0);
	return json_double(v, &d) && !column_is_null(c, 0) && column_double(c, 0) == d;
}

static bool agree(struct setup *s, const char *line, size_t n)
{
	struct arena a = ARENA_INIT;
	struct json *v;
	struct json_in_line l;
	struct err e = { 0 }, d = { 0 };
	struct buf b = BUF_INIT;
	buf_put(&b, line, n);
	buf_putc(&b, '\n');
	char *p = malloc(b.n + JSON_PADDING);
	memcpy(p, b.p, b.n);
	memset(p + b.n, '}', JSON_PADDING);
	batch_clear(&s->batch);
	json_in_block(s->in, p, b.n);
	enum json_in_event ev = json_in_next(s->in, &s->batch, 10, 0, &l, &e);
	bool json = json_parse(&v, &a, line, n, &d) == 0, same;
	if (ev == JSON_IN_BAD)
		same = !json || v->type != JSON_OBJECT || twice(v) || strstr(e.msg, "does not fit");
	else if (s->batch.nrows == 0)
		same = strspn(buf_cstr(&b), " \t\r\n") == b.n;
	else
		same = json && v->type == JSON_OBJECT && same_string(&s->batch.col[0], json_get(v, "s")) &&
			same_long(&s->batch.col[1], json_get(v, "n")) && same_double(&s->batch.col[2], json_get(v, "d"));
	for (size_t i = 0; i < s->batch.ncols; i++)
		check_column(&s->batch.col[i], s->batch.nrows);
	if (!same)
		T_FAIL("event %d (%s), document %d (%s): %.*s", (int)ev, e.msg, json, d.msg, (int)n, line);
	free(p);
	buf_release(&b);
	arena_release(&a);
	return same;
}

static void differential(void)
{
	static const char seed[] = "{\"s\":\"caf\\u00e9 \\\\ \\\" x\",\"n\":-1234567890123, \"d\":12.5e-3,\"l\":[1,null,{\"q\":[]}],"
		"\"z\":\"\xF0\x9F\x98\x80\",\"o\":{\"t\":\"2014-08-14T16:50:00Z\",\"m\":{\"k\":true}}}";
	static const char alphabet[] = "{}[]:,\"\\ \t0123456789-+.eEtrufalsn/bDd\x01\x7F\x80\xC3\xA9\xED\xF0\xFF";
	struct rng r;
	struct setup s;
	size_t good = 0, bad = 0;
	set_up(&s, "struct<s:string,n:long,d:double,o:struct<t:timestamp,m:map<string,boolean>>>", JSON_IN_UNKNOWN_IGNORE, NULL);
	rng_seed(&r, 20141408);
	for (int i = 0; i < 40000 && bad < 5; i++) {
		char t[256];
		size_t n = sizeof seed - 1;
		memcpy(t, seed, n);
		for (uint64_t k = rng_below(&r, 3); k > 0; k--) {
			size_t at = rng_below(&r, n);
			if (rng_below(&r, 2)) {
				memmove(t + at, t + at + 1, n - at - 1);
				n--;
			} else {
				t[at] = alphabet[rng_below(&r, sizeof alphabet - 1)];
			}
		}
		bad += !agree(&s, t, n);
		good += s.batch.nrows;
	}
	T_OK(good > 10000 && good < 35000);
	tear_down(&s);
}

int main(void)
{
	T_CASE("whole numbers")
		whole_numbers();
	T_CASE("floating point")
		floating();
	T_CASE("decimals")
		decimals();
	T_CASE("strings, booleans, binary, void")
		strings();
	T_CASE("dates and times")
		times();
	T_CASE("lists, maps, structs")
		nested();
	T_CASE("maps with many keys")
	{
		big_map(8, false);
		big_map(8, true);
		big_map(5000, false);
		big_map(5000, true);
	}
	T_CASE("keys in any order, of any length, with escapes")
		key_order();
	T_CASE("a bad record leaves no trace")
		roll_back();
	T_CASE("what must not be null")
		required();
	T_CASE("fields without a column")
		unknown_fields();
	T_CASE("marks are handed out, not parsed")
		marks();
	T_CASE("blocks and batches of every size")
		boundaries();
	T_CASE("50,000 rows in one batch")
		growth();
	T_CASE("limits of a batch, and where its rows came from")
		full_and_rows();
	T_CASE("a line of 16 MiB")
		long_line();
	T_CASE("20,000 random rows come back to the last bit")
		random_values();
	T_CASE("reader and document agree on 40,000 mutated lines")
		differential();
	return t_done();
}
