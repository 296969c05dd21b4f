/* SPDX-License-Identifier: MIT */
/* Maps without libjq: each program over each item, as libjq does it; and what is outside of the subset, and where. */
#include "base/mem.h"
#include "source/fast.h"
#include "source/map.h"

#include "t.h"

#include <stdarg.h>
#include <stdlib.h>

/* libjq 1.6 forgets some memory, in compiling and in running: not what we look for. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libjq.so";
}

static const char *const names[] = { "h", "status", "v", "now", "c" };
static const char *const globals[] = { "{}", "200", "{}", NULL, NULL };

/* An item by libjq: the records, or `!` and the message. */
static void by_jq(struct source_map *m, const char *item, size_t n, struct buf *to)
{
	struct err e;
	uint64_t made = 0;
	buf_clear(to);
	if (source_map_item(m, item, n, INT64_C(1790000000123456), to, &made, &e) < 0)
		buf_printf(to, "!%s", e.msg);
}

static struct source_def *definition(const char *program)
{
	struct buf b = BUF_INIT;
	struct source_def *d = NULL;
	struct err e;
	buf_puts(&b, "{\"smsource\":1,\"name\":\"t\",\"network\":\"n\\\"et\",\"map\":");
	json_put_cstr(&b, program);
	buf_puts(&b, "}");
	if (source_def_parse(&d, b.p, b.n, "test", &e) < 0)
		T_FAIL("%s: %s", program, e.msg);
	buf_release(&b);
	return d;
}

struct fast_case {
	const char *program;
	struct source_def *def;
	struct source_map *map;
	struct fast *fast;
	bool raw;
	struct buf want, got;
	unsigned done;             /* items that libjq need not do */
};

static bool open_case(struct fast_case *c, const char *program, bool raw)
{
	struct err e;
	*c = (struct fast_case){ .program = program, .raw = raw };
	c->def = definition(program);
	if (!c->def || source_map_new(&c->map, c->def, NULL, raw, &e) < 0) {
		T_FAIL("%s: %s", program, c->def ? e.msg : "no definition");
		return false;
	}
	source_map_by(c->map, SOURCE_MAP_JQ, &e);
	c->fast = fast_new(c->def->map, names, 5);
	for (size_t i = 0; i < 5; i++)
		if (globals[i])
			fast_set(c->fast, i, globals[i], strlen(globals[i]));
	return true;
}

static void close_case(struct fast_case *c)
{
	fast_free(c->fast);
	source_map_free(c->map);
	source_def_free(c->def);
	buf_release(&c->want);
	buf_release(&c->got);
}

static void check_item(struct fast_case *c, const char *item)
{
	size_t n = strlen(item);
	char *copy = mem_dup(item, n ? n : 1); /* a read beyond it is seen */
	struct post_given given = { c->def->network, INT64_C(1790000000123456), c->raw ? copy : NULL, n };
	uint64_t made = 0;
	buf_clear(&c->got);
	buf_puts(&c->got, "before");
	bool done = fast_item(c->fast, copy, n, &given, &c->got, &made);
	if (!done && (c->got.n != 6 || made))
		T_FAIL("%s on %s: left something behind", c->program, item);
	if (done) {
		c->done++;
		by_jq(c->map, copy, n, &c->want);
		if (c->want.n != c->got.n - 6 || memcmp(c->want.p ? c->want.p : "", c->got.p + 6, c->want.n) != 0)
			T_FAIL("%s\n# on %s\n# gives '%s'\n# not   '%s'", c->program, item, buf_cstr(&c->got) + 6, buf_cstr(&c->want));
	}
	mem_free(copy);
}

#define ID1 "675127116845989889"
static const char *const values[] = {
	"null", "true", "false", "0", "-0", "7", "-7", "1.5", "1.50", "1.0", "0.25", "0.05", "1e3", "1E-7", "123456789012345", ID1,
	"-" ID1, "9223372036854775807", "9223372036854775808", "18446744073709551616", "123456789012345678901234567890", "48.8566",
	"1786000000", "1786000000.0", "1786000000.250", "1786000000.25", "1786000000.0000001", "12345678.12345678", "1234567.12345678",
	"\"\"", "\"x\"", "\"#tag\"", "\"a b c\"", "\"7\"", "\"007\"", "\"-5\"", "\"-0\"", "\"1.0\"", "\" 7\"", "\"" ID1 "\"", "\"reply\"",
	"\"x\\u0000y\"", "\"\\u0041\\\"\\\\\\/\\n\\t\\u001f\"", "\"\\ud83d\\ude00 \\u00e9\"", "\"\xC3\xA9\xF0\x9F\x98\x80#\"",
	"\"2026-11-10T00:00:00Z\"", "\"2026-11-10T00:00:00.000Z\"", "\"2026-11-10T00:00:00.120Z\"", "\"2026-11-10T00:00:00.123456Z\"",
	"\"2026-11-10T00:00:00.123000Z\"", "\"2026-02-29T00:00:00Z\"", "\"2024-02-29T23:59:59Z\"", "\"2024-02-29T23:59:60Z\"",
	"\"2024-12-31T24:00:00Z\"", "\"0999-01-01T00:00:00Z\"", "\"2026-11-10t00:00:00z\"", "\"2026-11-10 01:00:00+01:00\"",
	"\"2026-11-10T00:30:00+0100\"", "\"Sun Aug 31 00:29:15 +0000 2014\"", "\"2026\\u002d11-10T00:00:00Z\"", "\"2026-11-10\"",
	"\"2026-13-10T00:00:00Z\"", "\"20x6-11-10T00:00:00Z\"", "\"2026-11-10T00:00:00.1:0Z\"", "\"1786000000\"",
	"\"<p>a &amp;amp; b<br>c</p><p>d &lt;e&gt; &quot;&#39;&#x27;&#x2F;&nbsp;&unknown; <a href=\\\"x\\\">l</a><br/><br />e</p>\"",
	"\"\\u003cp\\u003eHi\\u003c/p\\u003e\"", "\"<<a>b>c< d\"", "\"a>b\"", "\"<\"", "\">\"", "\"<a <br> b>c\"", "\"\\n\\nx\"", "\"<p><p>\"",
	"\"&\"", "\"&lt\"", "\"a/b//c/\"", "\"/\"", "\"//\"", "\"yes/no\"",
	"[]", "[ ]", "{}", "{ }", "[null]", "[null,\"a\",null]", "[\"a\",\"b\",\"a\",\"\"]", "[1,2]", "[\"a\",1]", "[[\"a\"],[]]", "[{}]",
	"[{\"name\":\"t1\",\"id\":\"1\"},{\"name\":null},{\"name\":\"#t2\",\"type\":\"user\",\"id\":null}]", "[{\"name\":\"a\"},7]",
	"{\"name\":\"n\",\"id\":\"i\"}", "{\"name\":\"n\",\"n\\u0061me\":\"odd\"}", "{\"name\":\"first\",\"name\":\"second\",\"id\":1,\"id\":null}",
	"{\"a\":{\"b\":{\"c\":{\"d\":\"deep\"}}},\"x\":\"y\"}", "{\"a\":null}", "{\"b\":[{\"c\":\"one\"},{\"c\":\"two\"}]}",
	"{ \"id\" : \"i\" , \"handle\" : null , \"followers\" : 5 , \"verified\" : false }", "{\"likes\":1.0}", "{\"likes\":5,\"score\":\"x\"}",
	"{\"lat\":1.50,\"lon\":2}", "{\"lat\":1e1,\"lon\":-0.5}", "{\"c\":\"x\",\"b\":{\"c\":\"y\"}}",
};

/* VALUE as each of the members that the programs look at. */
static void check_program(const char *program, bool raw)
{
	static const char *const forms[] = {
		"{\"id\":\"1\",\"native_id\":\"1\",\"created_at\":1790000000,\"x\":%s}",
		"{\"x\":%s,\"y\":%s,\"id\":\"\\u0031\",\"t\":\"2026-11-10T00:00:00Z\"}",
		"{\"x\":{\"a\":%s,\"b\":[%s,{\"c\":%s}]},\"a\":%s,\"y\":null}",
		" { \"x\" : [ { \"name\" : %s } , %s ] , \"y\" : %s ,\"a\":{\"b\":%s,\"name\":%s,\"id\":\"z\"}} ",
		"{\"id\":%s,\"native_id\":\"n\",\"created_at\":%s,\"text\":%s,\"x\":1}",
		"{\"x\":%s,\"x\":%s,\"\\u0078\":1}",
		"{\"id\":\"1\",\"native_id\":\"2\",\"created_at\":%s,\"text\":%s,\"edited_at\":null}",
	};
	struct fast_case c;
	if (open_case(&c, program, raw)) {
		if (fast_use(c.fast) != FAST_ALL)
			T_FAIL("%s: %s is outside", program, fast_outside(c.fast));
		for (size_t f = 0; f < sizeof forms / sizeof *forms; f++)
			for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
				struct buf b = BUF_INIT;
				const char *v = values[i], *w = values[(i * 7 + f) % (sizeof values / sizeof *values)];
				for (const char *s = forms[f], *to; *s; s = to) {
					to = strstr(s, "%s");
					buf_put(&b, s, to ? (size_t)(to - s) : strlen(s));
					if (to)
						buf_puts(&b, b.n % 2 ? v : i % 2 ? v : w);
					to = to ? to + 2 : s + strlen(s);
				}
				check_item(&c, buf_cstr(&b));
				buf_release(&b);
			}
		if (!c.done)
			T_FAIL("%s: libjq did everything", program);
	}
	close_case(&c);
}

/* E as the text, a number, a truth, tags, an author, media, …: `form` in the item says which. */
static void check_expression(const char *e)
{
	static const char *const forms[] = { "text: (%s)", "metrics: { likes: (%s) }", "sensitive: (%s)", "tags: (%s)", "author: (%s)",
		"tags: [ %s ]", "media: [ %s ]", "edited_at: (%s)", "place: { lat: (%s) }", "created_date: (%s)", "kind: (%s)",
		"text: (if %s then \"then\" else \"else\" end)", "text: ([ %s ] | length | tostring)" };
	static const char *const items[] = { "{\"x\":%1$s,\"y\":\"yy\",\"form\":%2$zu}", "{\"form\":%2$zu,\"y\":%1$s,\"x\":[%1$s,%1$s]}",
		"{\"a\":{\"b\":%1$s,\"c\":\"k\"},\"x\":{\"name\":%1$s},\"form\":%2$zu}" };
	const size_t nforms = sizeof forms / sizeof *forms, nvalues = sizeof values / sizeof *values;
	struct buf b = BUF_INIT;
	struct fast_case c;
	for (size_t i = 0; i < nforms; i++) {
		const char *at = strstr(forms[i], "%s");
		buf_printf(&b, "%s .form == %zu then { id: \"i\", native_id: \"n\", created_at: 1790000000, %.*s%s%s }\n", i ? "elif" : "if", i,
			   (int)(at - forms[i]), forms[i], e, at + 2);
	}
	buf_puts(&b, "else empty end");
	if (open_case(&c, buf_cstr(&b), false)) {
		for (size_t i = 0; i < nforms; i++)
			for (size_t k = 0; k < nvalues; k++)
				for (size_t f = 0; f < 3; f++) {
					char item[2000];
					if (f && (k + i + f) % 4)
						continue;
					snprintf(item, sizeof item, items[f], values[k], i);
					check_item(&c, item);
				}
		if (!c.done || fast_use(c.fast) == FAST_NONE)
			T_FAIL("%s: libjq did everything", e);
	}
	close_case(&c);
	buf_release(&b);
}

static void test_programs(void)
{
	T_CASE("whole maps give what libjq gives, or give the item back") {
		check_program("{id, native_id, created_at, text}", false);
		check_program(".", true);
		check_program("{id: \"a\", native_id: .id, created_at: .t, text: .x, html: .y}", true);
		check_program("# c\n{\"id\": (\"x:\" + .id), \"native_id\": .[\"id\"], created_at: (.created_at // .t), tags: [.x[]?.name?]}", false);
		check_program("{id: \"i\", native_id: \"n\", created_at: .x, edited_at: .y, text: (.x | strings)}", false);
		check_program("(.x // .) as $s | {id: \"i\", native_id: \"n\", created_at: 0, author: $s, media: [.a[]? | {type: .name}]}", false);
		check_program("if .x == null then empty elif .x then {id: \"i\", native_id: \"n\", created_at: 1} else "
			      "{id: \"e\", native_id: \"n\", created_at: 2} end", false);
		check_program(".x[]? | select(.name) | {id: \"i\", native_id: \"n\", created_at: 0, title: .name}", false);
		check_program("{id: \"i\", native_id: \"n\", created_at: 0}, {id: \"j\", native_id: .id, created_at: 1, text: .x}", false);
		check_program("def p: if . == null then null else \"p:\" + . end; def q($a; f): {id: $a, native_id: a, text: (f | p)}; "
			      "q(.id // \"i\"; .x) + {created_at: 5}", false);
		check_program("{id: \"i\", native_id: \"n\", created_at: 0, tags: .x, prior_ids: [.x[]? | tostring]}", false);
		check_program("{id: \"i\", native_id: \"n\", created_at: 0, text: .x} | .native_id = .id | .text |= (. // \"none\")", false);
		check_program("{id: \"i\", native_id: \"n\", created_at: 0, text: \"\\(.x) and \\(.y)\", url: $v.none, lang: ($status | tostring)}", false);
	}
}

static void test_expressions(void)
{
	T_CASE("paths, defaults, conditions") {
		static const char *const e[] = { ".x", ".x.name", ".x?.name?", ".a.b", ".a.b.c.d", ".x // \"d\"", ".x // empty", ".x // .y // 7",
			".x.a // .y", "[.x[]?]", ".x[]?", ".x[0]", ".x[-1]", ".x[1].name", ".x[0]?", "if .x then .y else null end",
			"if .x == \"x\" then 1 elif .x == 7 then 2 elif .y != null then .y else empty end", "(.x | not)", ".x and .y", ".x or .y",
			".x == .y", ".x != .y", ".x < \"b\"", ".x >= 5", ".x == []", ".x == {}", ".x > .y", "[.x, .y]", "[.x[]? | select(. != null)]",
			".x | .name?", "(.x, .y)", "first(.x[]?)", "first(.x, .y)", "(.x[]? // \"none\")", "[.x[]? // empty]", ".x as $q | .y | . == $q",
			"[.x[]? as $e | $e, .y]", ".[\"x\"]", ".\"x\"", ".[.y]", "{yy: \"dynamic\"}[.y]", "(try .x.name catch \"c\")", "-5", "null // 1" };
		for (size_t i = 0; i < sizeof e / sizeof *e; i += t_step())
			check_expression(e[i]);
	}
	T_CASE("functions and operators") {
		static const char *const e[] = { ".x | plain", ".x | striphtml", ".x | some", ".x | tostring", ".x | tonumber", ".x | type",
			".x | length", ".x | first", ".x | last", ".x | unique", ".x | ascii_downcase", ".x | ascii_upcase", ".x | strings",
			".x | objects", ".x | values", ".x | scalars", ".x | startswith(\"x\")", ".x | endswith(\"#\")", ".x | ltrimstr(\"#\")",
			".x | rtrimstr(\"y\")", ".x | contains(\"<\")", ".x | contains(\"\")", ".x | split(\"/\")", ".x | split(\"/\") | last",
			".x | join(\", \")", ".x | map(.name)", ".x | map(tostring) | join(\"-\")", ".x | index(\"a\")", ".x | has(\"name\")",
			".x[1:]", ".x[:3]", ".x[2:4]", ".x[3:2]", "[.x[1:][]?]", "[.x, .y, 1, \"z\"][1:3]", "[.x][1:]", "[.x | split(\"/\")[1:][]]",
			".x[-2:]", ".x[:-1]", ".x[-3:-1]", ".x[1:-1]", ".x[-1:1]", "[.x, .y, 1, \"z\"][-3:-1]", "[.x] - [.y]", "[.x[]?] - [.y, \"x\", \"a\", 7]",
			"[.x, .y, null, true, 1] - [.x]", ".x - .y", ".x | any", ".x | all", "[.x[]?] | any(. == \"x\")", "any(.x[]?; . == 7)", "all(.x[]?; .name)",
			"any(.x, .y; . == \"yy\" or . == 7)", "all(.x, .y; empty)", "any(.x | .[]?.name, .y; . == null)", "[.x] | all",
			"\"a\" + .x", ".x + .y", ".x + null", "null + .x", ".x + \"b\" + .y", "[.x] + [.y]",
			"([.x[]?] + [.y] | unique)", "{name: .x} + {id: \"i\"}", "{name: .x, id: .y} + {name: .y}", "{id: .x} | .name = .id",
			"{id: .x} | .id |= (. // \"none\")", "\"<\\(.x)>\"", "\"\\(.x // 0)\"", "$status", "$v", "$v.x", "$h.x // .x", "$c", "true", "{}", "[]",
			"[.x, .y | select(. == \"x\" or . == 7)]", "[.x[]? | if type == \"object\" then .name else . end]" };
		for (size_t i = 0; i < sizeof e / sizeof *e; i += t_step())
			check_expression(e[i]);
	}
	T_CASE("precedence") {
		static const char *const e[] = { ".x // .y | not", ".x, .y // 1", ".x == .y and .x != null or false", ".x // .y == \"yy\"",
			"\"a\" + .y == \"ayy\"", ".x as $q | $q // .y, $q", "1, .x as $q | $q", "[.x // .y, 1]", "{name: .x | .name?, id: .y}",
			"def f: .x; def g: f // .y; g", "def f(g): g | g; f(.x?)", "def f($q): $q, q; f(.y)", "def f(g): def h: g; h; f(.x)",
			"def plain: \"own\"; .x | plain", "def x: 1; def f: x; def x: 2; f, x" };
		for (size_t i = 0; i < sizeof e / sizeof *e; i += t_step())
			check_expression(e[i]);
	}
}

static void check_outside(const char *program, enum fast_use use, const char *want)
{
	struct fast *f = fast_new(program, names, 5);
	const char *got = fast_outside(f);
	if (fast_use(f) != use || !got != !want || (want && strcmp(got, want) != 0))
		T_FAIL("%.200s: use %d, outside %s", program, fast_use(f), got ? got : "nothing");
	fast_free(f);
}

static void test_outside(void)
{
	T_CASE("what is outside of the subset is named, with its place") {
		check_outside("{id}", FAST_ALL, NULL);
		check_outside("{id: (.x | floor)}", FAST_NONE, "the function 'floor' (line 1, column 12 of the program)");
		check_outside("if .x then {id}\nelse {id: (.x * 2)} end", FAST_PART, "arithmetic (line 2, column 15 of the program)");
		check_outside("# c\n reduce .x as $a (0; .) | {id}", FAST_NONE, "'reduce' (line 2, column 2 of the program)");
		check_outside("foreach .x[] as [$a] (0; .; .)", FAST_NONE, "'foreach' (line 1, column 1 of the program)");
		check_outside("$ENV.x", FAST_NONE, "the variable '$ENV' (line 1, column 1 of the program)");
		check_outside("{id: @base64 \"x\\(.y)\"}", FAST_NONE, "@base64 (line 1, column 6 of the program)");
		check_outside(". as {a: $x, b: [$y]} | {id: $x}", FAST_NONE, "'as' with a pattern (line 1, column 3 of the program)");
		check_outside(".x += 1", FAST_NONE, "this assignment (line 1, column 4 of the program)");
		check_outside(".. | {id}", FAST_NONE, "'..' (line 1, column 1 of the program)");
		check_outside("def f: f; f", FAST_NONE, "a function that calls itself 'f' (line 1, column 8 of the program)");
		check_outside("{(.a): 1}", FAST_NONE, "a member's name that is computed (line 1, column 2 of the program)");
		check_outside("{id: .x[]}", FAST_NONE, "a member's value with several outputs (line 1, column 8 of the program)");
		check_outside("{id: 1.5}", FAST_NONE,
			      "a number that is not whole, or longer than 15 digits (line 1, column 6 of the program)");
		check_outside("def unused: reduce .x as $a (0; .); {id}", FAST_ALL, NULL);
		check_outside("error(\"x\")", FAST_NONE, NULL);
		check_outside("label $f | {id}, break $f", FAST_NONE, "'label' (line 1, column 1 of the program)");
		check_outside("{id: (.a | test(\"x\"))}", FAST_NONE, "the function 'test' (line 1, column 12 of the program)");
	}
	T_CASE("programs without end, and nesting without end") {
		struct buf b = BUF_INIT;
		for (int i = 0; i < 3000; i++)
			buf_puts(&b, "if . then ");
		check_outside(buf_cstr(&b), FAST_NONE, "nesting of this depth (line 1, column 2494 of the program)");
		buf_clear(&b);
		for (int i = 0; i < 40000; i++)
			buf_puts(&b, ".a.a");
		check_outside(buf_cstr(&b), FAST_NONE, "a program of this length (line 1, column 1 of the program)");
		buf_clear(&b);
		buf_puts(&b, "def f0: .;");
		for (int i = 1; i < 60; i++)
			buf_printf(&b, "def f%d: f%d | f%d;", i, i - 1, i - 1);
		buf_puts(&b, "f59");
		struct fast *f = fast_new(buf_cstr(&b), NULL, 0);
		T_OK(strstr(fast_outside(f), "a program of this size") != NULL);
		fast_free(f);
		buf_release(&b);
	}
}

/* An item of the definition that ships needs no libjq. */
__attribute__((format(printf, 2, 3))) static void check_stays(const char *name, const char *fmt, ...)
{
	char path[80], item[2000];
	struct source_def *d = NULL;
	struct buf out = BUF_INIT;
	struct err e;
	uint64_t made = 0;
	struct post_given given = { "n", 0, NULL, 0 };
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(item, sizeof item, fmt, ap);
	va_end(ap);
	snprintf(path, sizeof path, "share/sources/%s.json", name);
	if (source_def_load(&d, path, &e) != 0)
		T_FAIL("%s", e.msg);
	struct fast *f = fast_new(d->map, names, 5);
	fast_set(f, 2, "{\"host\":\"h.example\"}", 20);
	if (!fast_item(f, item, (size_t)n, &given, &out, &made) || made != 1)
		T_FAIL("libjq's, or no record: %s", item);
	fast_free(f);
	source_def_free(d);
	buf_release(&out);
}

static void test_map(void)
{
	T_CASE("a map tells its way, and is told") {
		struct fast_case c;
		struct err e;
		T_OK(open_case(&c, "if .x then {id: (.x | floor)} else {id} end", false));
		T_INT(source_map_by(c.map, SOURCE_MAP_AUTO, &e), 0);
		T_STR(source_map_way(c.map), "partly fast");
		T_OK(strstr(source_map_reason(c.map), "'floor'") != NULL);
		T_INT(source_map_by(c.map, SOURCE_MAP_FAST, &e), ERR_USAGE);
		T_STR(e.msg, "t: 'map' needs libjq: the function 'floor' (line 1, column 23 of the program)");
		T_INT(source_map_by(c.map, SOURCE_MAP_JQ, &e), 0);
		T_STR(source_map_way(c.map), "jq");
		close_case(&c);
		T_OK(open_case(&c, "{id, native_id: .id, created_at: $now, text: $c.t[.k].n}", false));
		T_INT(source_map_by(c.map, SOURCE_MAP_FAST, &e), 0);
		T_STR(source_map_way(c.map), "fast");
		T_OK(!source_map_reason(c.map));
		close_case(&c);
	}
	T_CASE("statuses of every ordinary kind stay out of libjq by the definition that ships") {
		static const char author[] = "\"account\":{\"acct\":\"a\",\"uri\":\"https://h.example/u/a\",\"display_name\":\"\",\"followers_count\":3,\"bot\":false}";
		static const char *const kinds[] = { "\"content\":\"\"", "\"content\":\"<p>plain &amp; <b>bold</b></p>\",\"tags\":[{\"name\":\"x\"}]",
			"\"content\":\"<a href=\\\"https://h.example/tags/x\\\" class=\\\"mention hashtag\\\">#x</a> <a href=\\\"https://e.example/?a&amp;b\\\">e</a>\"",
			"\"content\":\"<a href=\\\"https://e.example/\\\">e</a>\",\"card\":{\"url\":\"https://e.example/\"}",
			"\"content\":null,\"card\":{\"url\":\"https://e.example/\"},\"media_attachments\":[{\"type\":\"image\",\"url\":null,\"remote_url\":\"https://e.example/i\",\"meta\":{\"original\":{\"width\":3,\"height\":2}}}]",
			"\"content\":\"\",\"in_reply_to_id\":\"116000000000000000\",\"mentions\":[{\"url\":\"https://h.example/u/b\",\"acct\":\"b\"}]",
			"\"content\":\"\",\"reblog\":{\"uri\":\"https://h.example/2\",\"content\":\"<p>two</p>\",\"url\":null}",
			"\"content\":\"\",\"quote\":{\"state\":\"accepted\",\"quoted_status\":{\"uri\":\"https://h.example/3\"}}",
			"\"content\":\"\",\"quote\":{\"state\":\"pending\",\"quoted_status\":null}" };
		static const char status[] = "{\"id\":\"1\",\"uri\":\"https://h.example/1\",\"created_at\":\"2026-11-21T19:15:33.415Z\",";
		for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
			check_stays("mastodon", "%s%s,%s}", status, author, kinds[i]);
	}
	T_CASE("so do posts of Bluesky, as a stream brings them and as a search does") {
		static const char *const records[] = { "\"text\":\"\"", "\"text\":\"x\",\"langs\":[\"en\",\"de\"],\"tags\":[\"a\",\"b\"]",
			"\"text\":\"#a e.example\",\"tags\":[\"a\",\"b\"],\"facets\":[{\"features\":[{\"tag\":\"a\"}]},{\"features\":[{\"uri\":\"https://e.example/\"},{\"did\":\"did:plc:b\"}]}]",
			"\"text\":\"\",\"reply\":{\"root\":{\"uri\":\"at://did:plc:a/app.bsky.feed.post/3kabc\"},\"parent\":{\"uri\":\"at://did:plc:a/app.bsky.feed.post/3kabd\"}}",
			"\"text\":\"\",\"embed\":{\"$type\":\"app.bsky.embed.record\",\"record\":{\"uri\":\"at://did:plc:a/app.bsky.feed.post/3kabc\"}}",
			"\"text\":\"\",\"embed\":{\"$type\":\"app.bsky.embed.external\",\"external\":{\"uri\":\"https://e.example/\"}}",
			"\"text\":\"\",\"embed\":{\"$type\":\"app.bsky.embed.images\",\"images\":[{\"alt\":\"\",\"aspectRatio\":{\"width\":3,\"height\":2}}]}",
			"\"text\":\"\",\"labels\":{\"values\":[{\"val\":\"!warn\"},{\"val\":\"porn\"}]}" };
		for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
			check_stays("bluesky", "{\"did\":\"did:plc:a\",\"time_us\":1725911162329308,\"kind\":\"commit\",\"commit\":{\"operation\":\"%s\",\"collection\":"
				    "\"app.bsky.feed.post\",\"rkey\":\"3kabe\",\"record\":{\"createdAt\":\"2024-09-09T19:46:02.102Z\",%s}}}",
				    i ? "create" : "update", records[i]);
			check_stays("bluesky", "{\"uri\":\"at://did:plc:a/app.bsky.feed.post/3kabe\",\"author\":{\"did\":\"did:plc:a\",\"handle\":\"a.example\"},"
				    "\"indexedAt\":\"2024-09-09T19:46:03Z\",\"likeCount\":3,\"record\":{\"createdAt\":\"2024-09-09T19:46:02.102Z\",%s}}", records[i]);
		}
	}
	T_CASE("variables are what they were set to last") {
		struct fast *f = fast_new("{id: $c.a[.k].n, native_id: ($v | tostring), created_at: $status}", names, 5);
		struct buf b = BUF_INIT;
		uint64_t made = 0;
		struct post_given given = { "n", 0, NULL, 0 };
		static const char set[] = "{\"a\":\n{\"x\":{\"n\":\"ex\"},\"y z\":{\"n\":\"\\u0041\"}}}";
		fast_set(f, 1, "5", 1);
		fast_set(f, 2, ID1, sizeof ID1 - 1);
		fast_set(f, 4, set, sizeof set - 1);
		T_OK(fast_item(f, "{\"k\":\"x\"}", 9, &given, &b, &made));
		T_OK(fast_item(f, "{\"k\":\"y z\"}", 11, &given, &b, &made));
		T_OK(!fast_item(f, "{\"k\":null}", 10, &given, &b, &made));
		T_OK(!fast_item(f, "{\"k\":7", 6, &given, &b, &made));
		T_OK(!fast_item(f, "[]", 2, &given, &b, &made));
		T_OK(!fast_item(f, "", 0, &given, &b, &made));
		fast_set(f, 4, "null", 4);
		T_OK(!fast_item(f, "{\"k\":\"x\"}", 9, &given, &b, &made));
		T_INT(made, 2);
		T_STR(buf_cstr(&b), "{\"id\":\"ex\",\"network\":\"n\",\"native_id\":\"" ID1 "\",\"op\":\"upsert\",\"kind\":\"post\","
				    "\"created_at\":\"1970-01-01T00:00:05Z\",\"created_date\":\"1970-01-01\",\"observed_at\":\"1970-01-01T00:00:00Z\"}\n"
				    "{\"id\":\"A\",\"network\":\"n\",\"native_id\":\"" ID1 "\",\"op\":\"upsert\",\"kind\":\"post\","
				    "\"created_at\":\"1970-01-01T00:00:05Z\",\"created_date\":\"1970-01-01\",\"observed_at\":\"1970-01-01T00:00:00Z\"}\n");
		fast_free(f);
		buf_release(&b);
	}
}

/* Each of the records that PICK gives of TEXT, as `line:` and its bytes, or `line!column`. */
static const char *picked(struct json_pick *pick, const char *text, struct buf *to)
{
	struct buf block = BUF_INIT;
	struct json_record rec;
	struct err e;
	int rc;
	buf_puts(&block, text);
	memset(buf_reserve(&block, JSON_PADDING), 0, JSON_PADDING);
	buf_clear(to);
	json_pick_block(pick, block.p, block.n);
	while ((rc = json_pick_next(pick, &rec, &e)) != 0) {
		if (rc > 0)
			buf_printf(to, "%d:%.*s|", (int)rec.line, (int)rec.n, rec.p);
		else
			buf_printf(to, "%d!%d|", (int)e.line, (int)e.col);
	}
	buf_release(&block);
	return buf_cstr(to);
}

static void test_follow(void)
{
	T_CASE("a plan that reads while lines are picked refuses what pick refuses") {
		static const char *const texts[] = { "{}\n", " {\"a\" : [ 1 , { } ,[]] }\r\n\n{\"b\":\"\\u0041\"}\n", "{\"a\":1\n,\"b\":2}\n{}\n", "{\"a\":}\n{}\n",
			"{\"a\"}\n", "{\"a\":1,}\n", "{,}\n", "{\"a\":1 2}\n", "{\"a\":01}\n", "{\"a\":1.}\n", "{\"a\":-}\n", "{\"a\":tru}\n", "{\"a\":truex}\n",
			"{\"a\":\"\\x\"}\n", "{\"\\ud800\":1}\n", "{\"a\":[1,]}\n", "{\"a\":[1}\n", "{\"a\":{]}\n", "{\"a\":\"x}\n{\"b\":1}\n", "{}{}\n", "[{}]\n", "7\n",
			"{1:2}\n", "{\"a\":\"b\":1}\n", "{\"a\" \"b\"}\n", "{\"a\":1}x\n", "{\n}\n", "{\"a\":[\n]}\n", "{\"a\n\":1}\n" };
		struct json_pick *plain, *followed;
		struct fast *f = fast_new("{id: .a}", NULL, 0);
		struct buf a = BUF_INIT, b = BUF_INIT;
		json_pick_new(&plain, NULL, 0, NULL);
		json_pick_new(&followed, NULL, 0, NULL);
		fast_follow(f, followed);
		for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
			T_STR(picked(followed, texts[i], &a), picked(plain, texts[i], &b));
		for (int depth = 125; depth < 131; depth++) {
			char deep[600];
			snprintf(deep, sizeof deep, "{\"a\":%.*s1%.*s}\n", depth, "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
				 "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", depth,
				 "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"
				 "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
			T_STR(picked(followed, deep, &a), picked(plain, deep, &b));
		}
		json_pick_free(plain);
		json_pick_free(followed);
		fast_free(f);
		buf_release(&a);
		buf_release(&b);
	}
}

int main(void)
{
	test_programs();
	test_expressions();
	test_outside();
	test_map();
	test_follow();
	return t_done();
}
