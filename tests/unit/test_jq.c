/* SPDX-License-Identifier: MIT */
#include "json/jq.h"
#include "t.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* All outputs of PROGRAM on JSON, one a line; an error as `error: …`. */
static void run_vars(const char *program, const struct json_jq_vars *vars, const char *json, const char *want)
{
	struct json_jq *q = NULL;
	struct buf out = BUF_INIT;
	struct err e = { 0 };
	int r = json_jq_new(&q, program, vars, &e);
	if (r == 0)
		r = json_jq_start(q, json, strlen(json), &e);
	while (r == 0 && (r = json_jq_next(q, &out, &e)) > 0) {
		buf_putc(&out, '\n');
		r = 0;
		if (json_jq_is_false(q))
			buf_puts(&out, "(false)\n");
	}
	if (r < 0)
		buf_printf(&out, "error %d: %s\n", r, e.msg);
	buf_cstr(&out);
	if (out.n != strlen(want) || memcmp(out.p, want, out.n) != 0)
		T_FAIL("%s on %s gave\n# %s, not\n# %s", program, json, buf_cstr(&out), want);
	json_jq_free(q);
	buf_release(&out);
}

static void run(const char *program, const char *json, const char *want)
{
	run_vars(program, NULL, json, want);
}

/* WANT NULL: an error; `any`: whatever, but the program goes on. Twice, as a run may spoil the next. */
static void survive(const char *program, const char *json, const char *want)
{
	struct json_jq *q;
	struct buf out = BUF_INIT;
	struct err e = { 0 };
	if (json_jq_new(&q, program, NULL, &e) < 0) {
		T_FAIL("%s: %s", program, e.msg);
		return;
	}
	for (int i = 0; i < 2; i++) {
		buf_clear(&out);
		int r = json_jq_start(q, json, strlen(json), &e);
		while (r == 0 && (r = json_jq_next(q, &out, &e)) > 0) {
			buf_putc(&out, '\n');
			r = 0;
			if (json_jq_is_false(q))
				buf_puts(&out, "(false)\n");
		}
		buf_cstr(&out);
		if (want && strcmp(want, "any") == 0)
			continue;
		if (want ? r != 0 || strcmp(out.p, want) != 0 : r != ERR_DATA)
			T_FAIL("%s on %s gave\n# %s, %s not\n# %s", program, json, buf_cstr(&out), r ? e.msg : "", want ? want : "an error");
	}
	json_jq_free(q);
	buf_release(&out);
}

#define ID1 "675127116845989889"
#define ID2 "675127116845989890"

static void test_numbers(void)
{
	T_CASE("jq: a record that passes unchanged keeps its bytes")
	{
		run(".", "{\"id\": " ID1 ", \"x\":1.0, \"y\":1e3,\"a\":1,\"a\":2}", "{\"id\": " ID1 ", \"x\":1.0, \"y\":1e3,\"a\":1,\"a\":2}\n");
		run("select(.x > 1), .", " {\"x\": 2 } ", "{\"x\": 2 }\n{\"x\": 2 }\n");
		run(".x |= .", "{\"x\": 1.50, \"id\": " ID1 "}", "{\"x\": 1.50, \"id\": " ID1 "}\n");
		run(".x |= . + 1", "{\"x\": 1.50, \"id\": " ID1 "}", "{\"x\":2.5,\"id\":" ID1 "}\n");
		run("{b,a}", "{\"a\": 1, \"b\": 2}", "{\"b\":2,\"a\":1}\n");
	}
	T_CASE("jq: ids survive what moves them about")
	{
		run(".id, {id}, [.id]", "{\"id\":" ID1 "}", ID1 "\n{\"id\":" ID1 "}\n[" ID1 "]\n");
		run(".id", "{\"id\":-9223372036854775808}", "-9223372036854775808\n");
		run("-.id", "{\"id\":" ID1 "}", "-" ID1 "\n");
		run(".[]", "[18446744073709551615,18446744073709551616,9007199254740993,9007199254740992]",
		    "18446744073709551615\n18446744073709551616\n9007199254740993\n9007199254740992\n");
		run("to_entries[0].value", "{\"id\":123456789012345678901234567890}", "123456789012345678901234567890\n");
	}
	T_CASE("jq: ids that share a double stay apart, in order")
	{
		run("sort, unique, max, (.[0] == .[1])", "[" ID2 "," ID1 "," ID2 "]",
		    "[" ID1 "," ID2 "," ID2 "]\n[" ID1 "," ID2 "]\n" ID2 "\nfalse\n(false)\n");
		run("[.[] | select(. == " ID1 ")]", "[" ID2 "," ID1 "]", "[" ID1 "]\n");
		run("[.[] | select(. == -" ID1 ")]", "[-" ID2 ",-" ID1 "]", "[-" ID1 "]\n");
		run("group_by(.id) | length", "[{\"id\":" ID1 "},{\"id\":" ID2 "},{\"id\":675127116845989888}]", "3\n");
		run("." , "[" ID1 "]", "[" ID1 "]\n");
	}
	T_CASE("jq: ids as text")
	{
		run("\"\\(.id)\", (.id|tostring), tojson, ([.id,\"x\"]|join(\"-\"))", "{\"id\":" ID1 ",\"k\":[true,{\"a\":-" ID2 "}]}",
		    "\"" ID1 "\"\n\"" ID1 "\"\n\"{\\\"id\\\":" ID1 ",\\\"k\\\":[true,{\\\"a\\\":-" ID2 "}]}\"\n\"" ID1 "-x\"\n");
		run("@text, @json", ID1, "\"" ID1 "\"\n\"" ID1 "\"\n");
		run("@csv, @tsv, @sh", "[" ID1 ",\"a b\",null,true]",
		    "\"" ID1 ",\\\"a b\\\",,true\"\n\"" ID1 "\\ta b\\t\\ttrue\"\n\"" ID1 " 'a b' null true\"\n");
		run("@uri \"/p/\\(.id)?q=\\(.q)\"", "{\"id\":" ID1 ",\"q\":\"a b\"}", "\"/p/" ID1 "?q=a%20b\"\n");
		run("@html, @base64", ID1, "\"" ID1 "\"\n\"Njc1MTI3MTE2ODQ1OTg5ODg5\"\n");
		run("\"\\(\"x\\(.id)\")y\"", "{\"id\":" ID1 "}", "\"x" ID1 "y\"\n");
		run("tostring, tojson, ([1,null,\"a\",true]|join(\",\"))", "{\"a\":[1,2.5]}",
		    "\"{\\\"a\\\":[1,2.5]}\"\n\"{\\\"a\\\":[1,2.5]}\"\n\"1,,a,true\"\n");
	}
	T_CASE("jq: other numbers print as they were, or with the fewest digits")
	{
		run(".[1:]", "[0,1.50,0.1,1e400,-0.0,1E-7,100,1e3,5e-324]", "[1.50,0.1,1e400,-0,1E-7,100,1000,5e-324]\n");
		run("[.[0] + 0, .[1] / 3, .[0] * 1e300 * 1e300]", "[0.1,1,2]", "[0.1,0.3333333333333333,1.7976931348623157e308]\n");
		run("[.[0], .[1], 1]", "[1.50,1.5,7]", "[1.5,1.5,1]\n");
		run("9007199254740991, 1e16, 123456789012345678", "null", "9007199254740991\n10000000000000000\n123456789012345678\n");
	}
}

static void test_calculation(void)
{
	T_CASE("jq: calculation is that of doubles and never gives another id")
	{
		run(".b + 2", "{\"a\":9007199254740993,\"b\":9007199254740992}", "9007199254740994\n");
		run(".b + 0, .a + 0, -(.a), .a - .b, .a / 1, .a * 1, [.a, 0] == [.b, 0]", "{\"a\":9007199254740993,\"b\":9007199254740992}",
		    "9007199254740992\n9007199254740992\n-9007199254740993\n0\n9007199254740992\n9007199254740992\nfalse\n(false)\n");
		run("[.[] - 675127116845989889], add, (map(floor) | unique), (.[0] % 10), (.[0] | length), ([.[] | pow(.; 1)] | unique)",
		    "[" ID1 "," ID2 "]", "[0,0]\n1.3502542336919798e18\n[6.751271168459899e17]\n8\n" ID1 "\n[6.751271168459899e17]\n");
		run("add, (map(. + 1) | add)", "[" ID1 "]", ID1 "\n6.751271168459899e17\n");
		run("3e15 * 4, 1e16 + 1, (1e16 | tostring), 1e16 == 10000000000000000, ([1e300, .] | max), . < 1e17", "9007199254740993",
		    "12000000000000000\n10000000000000000\n\"10000000000000000\"\ntrue\n1e300\ntrue\n");
		run("[.a, .b, .a, .c] | sort, group_by(.) , (map(. == 9007199254740992)), index(9007199254740993)",
		    "{\"a\":9007199254740993,\"b\":9007199254740992,\"c\":9007199254740994}",
		    "[9007199254740992,9007199254740993,9007199254740993,9007199254740994]\n"
		    "[[9007199254740992],[9007199254740993,9007199254740993],[9007199254740994]]\n[false,true,false,false]\n0\n");
		run("[range(.; . + 2)]", "9007199254740993", "error -3: jq: a range from 9007199254740993 is beyond the exact integers\n");
		run("[limit(3; range(5; .))], [range(0; 6; 2)], (infinite > .), (1.7976931348623157e308 > .)", "9007199254740993",
		    "[5,6,7]\n[0,2,4]\ntrue\ntrue\n");
		run("(INDEX(.[]; .)|keys), (.[0]|@json, @sh \"x \\(.)\")", "[" ID1 "]", "[\"" ID1 "\"]\n\"" ID1 "\"\n\"x " ID1 "\"\n");
		run("\"\\(.)\", (. + 1 | tostring)", ID1, "\"" ID1 "\"\n\"675127116845989900\"\n");
		run(". * 2, 9007199254740993 * 2", "4", "8\n18014398509481984\n");
	}
	T_CASE("jq: numbers from text keep their digits, or are an error")
	{
		run("(.s | tonumber), (.s | tonumber) == .id", "{\"s\":\"9007199254740993\",\"id\":9007199254740993}", "9007199254740993\ntrue\n");
		run("(.s | tonumber) == .id", "{\"s\":\"9007199254740993\",\"id\":9007199254740993,\"j\":9007199254740992}", "true\n");
		run("tonumber, (\" -00\" + . | tonumber), (.[:17] + \"7\" | tonumber)", "\"" ID1 "\"",
		    ID1 "\n-" ID1 "\nerror -3: jq: tonumber: a constructed integer has more digits than jq keeps\n");
		run("split(\"/\") | last | tonumber", "\"/posts/" ID1 "\"", ID1 "\n");
		run("keys[0] | tonumber", "{\"" ID1 "\":1}", ID1 "\n");
		run("fromjson, (fromjson | .b | fromjson)", "\"{\\\"a\\\":" ID1 ",\\\"b\\\":\\\"[" ID2 "]\\\"}\"",
		    "{\"a\":" ID1 ",\"b\":\"[" ID2 "]\"}\n[" ID2 "]\n");
		run("[.[] | tonumber]", "[\"1\",\"1.5\",\" 12 \",\"1e3\",7,\"1e300\"]", "[1,1.5,12,1000,7,1e300]\n");
		run("tonumber", "\"nan\"", "error -3: jq: nan cannot be parsed as a number\n");
		run("(.+\"0000000000000\") | tonumber", "\"1234567890\"",
		    "error -3: jq: tonumber: a constructed integer has more digits than jq keeps\n");
		run("(.+\"0000000000000\") | tonumber", "\"1024\"", "10240000000000000\n");
	}
}

/* On each of these libjq 1.6 aborts, crashes or never ends. */
static void test_abort(void)
{
	static const struct { const char *program, *json, *want; } cases[] = {
		{ "todate", "1e300", NULL }, { "todate", "-1e19", NULL }, { "todateiso8601", "1e17", NULL }, { "strftime(\"%Y\")", "1e300", NULL },
		{ "strflocaltime(\"%Y\")", "1e300", NULL }, { "strftime(1)", "0", NULL }, { "strftime(null)", "0", NULL },
		{ "strflocaltime([])", "0", NULL }, { "[nan | todate]", "0", NULL }, { "strftime(\"x\" * 2000000)", "0", NULL }, { "gmtime", "1e300", NULL },
		{ "mktime", "[1e300,1,1,1,1,1,1,1]", NULL }, { "localtime", "-1e300", NULL }, { "strftime(\"%Y\")", "[1e300,0,1,0,0,0,0,0]", NULL },
		{ "todate", "1425599621", "\"2015-03-05T23:53:41Z\"\n" }, { "gmtime | mktime", "1425599621", "1425599621\n" },
		{ "implode", "[55296]", NULL }, { "implode", "[1114112]", NULL }, { "implode", "[-1]", NULL }, { "implode", "[\"a\"]", NULL },
		{ "implode", "[1e300]", NULL }, { "implode", "[233,97]", "\"\303\251a\"\n" }, { ".[nan:]", "[1,2]", NULL }, { ".[:(\"nan\" | tonumber)]", "[1,2]", NULL },
		{ ".[(.[0] | log):]", "[-1,2]", NULL }, { ".[1:], .[:-1], .[-1:]", "[1,2]", "[2]\n[1]\n[2]\n" }, { "del(.[nan:])", "[1]", NULL },
		{ "getpath([{\"start\": nan}])", "[1]", NULL }, { "setpath([{\"start\": nan}]; [])", "[1]", NULL }, { "delpaths([[{\"start\": nan}]])", "[1]", NULL },
		{ "nan | truncate_stream([[0], 1])", "[1]", NULL }, { ".[.n] = 1", "{\"n\":2147483647}", NULL }, { ".a[.n] = 1", "{\"n\":2147483647}", NULL },
		{ ".n as $n | .a[$n] |= 1", "{\"n\":2147483647}", NULL }, { "setpath([\"a\", .n]; 1)", "{\"n\":1e9}", NULL },
		{ "[fromstream([[.n], 1], [[.n]])]", "{\"n\":1e9}", NULL }, { ".n as $n | .a[$n] += 1", "{\"n\":2}", "{\"n\":2,\"a\":[null,null,1]}\n" },
		{ "index(\"\"), rindex(\"\"), indices(\"\")", "\"abc\"", "null\n(false)\nnull\n(false)\n[]\n" }, { "index(\"c\")", "\"abc\"", "2\n" },
		{ "[match(\"\"; \"g\").offset], [scan(\"x*\")]", "\"\303\251x\"", "[0,1]\n[\"\",\"x\"]\n" },
		{ "[splits(\"\")], split(\"\"; \"g\")", "\"\303\251x\"", "[\"\",\"\303\251\",\"x\"]\n[\"\",\"\303\251\",\"x\"]\n" },
		{ "[match(\"(?=b)|\\\\b\"; \"gx\").offset]", "\"\303\251 b\"", "[0,1,2]\n" },
		{ "gsub(\"x*\"; \"-\"), gsub(\"^\"; \">\"), sub(\"\"; \"-\"; \"g\"), gsub(\"x*$\"; \"\")", "\"a\303\251xb\"",
		  "\"-a-\303\251--b\"\n\">a\303\251xb\"\n\"-a-\303\251-x-b\"\n\"a\303\251xb\"\n" },
		{ "gsub(\"(?<c>[a-z])\"; \"<\\(.c)>\")", "\"a\303\251b\"", "\"<a>\303\251<b>\"\n" },
		{ ".[0] % .[1]", "[-9223372036854775808,-1]", "0\n" }, { ".[0] % .[1]", "[-1e19,-1]", "0\n" }, { ". % 0", "1", NULL }, { "-7 % 3", "1", "-1\n" },
		{ "\"ab\" * .", "2e9", NULL }, { "\"ab\" * ., . * \"ab\"", "2", "\"abab\"\n\"abab\"\n" }, { "jn(.; 1)", "2147483647", NULL }, { "yn(.; 1)", "1e300", NULL },
		{ "@base64d", "\"=\"", "\"\"\n" }, { "@base64d", "\"QUJDR\"", NULL }, { "@base64d", "\"\\u00ff\"", NULL },
		{ "ltrimstr(\"a\")", "\"ab\"", "\"b\"\n" },
		{ "input_filename", "1", NULL }, { "debug", "1", NULL }, { "stderr", "1", NULL }, { "halt_error", "1", NULL }, { "halt_error(1)", "1", NULL },
		{ "[inputs]", "1", NULL }, { "get_search_list", "1", NULL }, { "\"a\" | modulemeta", "1", NULL }, { "input_line_number", "1", NULL },
		{ "reduce range(1000000) as $i (0; [.]) | length", "1", "1\n" }, { "[limit(300000; recurse([.]))] | length", "1", "300000\n" },
		{ "reduce range(300000) as $i ({}; {a: .}) | tojson | length > 0", "1", "true\n" },
		{ "def f: if . == 0 then [] else . - 1 | [f] end; f | length", "100000", "1\n" },
		{ "(reduce range(300000) as $i (0; [.])) as $a | (reduce range(300000) as $i (0; [.])) as $b | $a == $b | type", "1", "any" },
		{ "[range(300000) | 0] as $p | setpath($p; 1) | length", "1", "any" },
	};
	const size_t n = sizeof cases / sizeof *cases;
	T_CASE("jq: what ends libjq is an error of the record, and the next one is read")
	/* libjq compiles each program anew, for minutes under valgrind; there some of them do, without the deep ones at the end. */
	for (size_t i = 0; i < n; i += getenv("SM_VALGRIND") ? 4 : 1)
		if (!getenv("SM_VALGRIND") || i + 6 < n)
			survive(cases[i].program, cases[i].json, cases[i].want);
	T_CASE("jq: modules are refused")
	{
		static const char *const programs[] = { "import \"a\" as a; .", " # c\n include \"a\"; .", "module {}; .", "import \"a\" as $a; ." };
		for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
			struct json_jq *q;
			struct err e = { 0 };
			T_INT(json_jq_new(&q, programs[i], NULL, &e), ERR_USAGE);
			T_OK(strstr(e.msg, "no modules"));
		}
		run("{import: .a} | .import, {module: 1}.module", "{\"a\":1}", "1\n1\n");
	}
}

static void test_programs(void)
{
	T_CASE("jq: empty programs, comments, definitions only")
	{
		run("", "{\"a\":1}", "{\"a\":1}\n");
		run("# nothing", "{\"a\":1}", "{\"a\":1}\n");
		run("def f: 1;", "{\"a\":1}", "{\"a\":1}\n");
		run(".a # \"\\(", "{\"a\":1}", "1\n");
		run("\"\\(.a)\" # c", "{\"a\":1}", "\"1\"\n");
		run("def tostring: \"mine\"; .a | tostring", "{\"a\":1}", "\"mine\"\n");
		run("empty", "1", "");
		run(".a,.b", "{\"a\":null,\"b\":false}", "null\n(false)\nfalse\n(false)\n");
	}
	T_CASE("jq: programs that do not compile say why and where")
	{
		run(".[", "1", "error -2: jq: syntax error, unexpected $end (line 1 of the program)\n");
		run(".a\n| foo", "1", "error -2: jq: foo/0 is not defined (line 2 of the program)\n");
		run("\"\\(.a)\" | foo", "1", "error -2: jq: foo/0 is not defined (line 1 of the program)\n");
		run(".a |", "1", "error -2: jq: syntax error, unexpected $end (line 1 of the program)\n");
	}
	T_CASE("jq: errors at run time, and what is not for a stream")
	{
		run(".a.b", "{\"a\":1}", "error -3: jq: Cannot index number with string \"b\"\n");
		run("1, error(\"no\"), 2", "null", "1\nerror -3: jq: no\n");
		run("error({a:" ID1 "})", "null", "error -3: jq: error {\"a\":" ID1 "}\n");
		run("input", "1", "error -3: jq: input and inputs are not for a stream: the program sees one record at a time\n");
		run("halt", "1", "error -3: jq: halt is not for a stream: the program sees one record at a time\n");
		run("reduce range(200) as $i (.; [.])", "1", "error -3: jq: the result is nested more than 128 levels deep\n");
	}
	T_CASE("jq: after an error the next record is read as ever")
	{
		struct json_jq *q;
		struct buf out = BUF_INIT;
		struct err e;
		T_INT(json_jq_new(&q, ".a.b, 7", NULL, &e), 0);
		for (int i = 0; i < 3; i++) {
			T_INT(json_jq_start(q, "{\"a\":1}", 7, &e), 0);
			T_INT(json_jq_next(q, &out, &e), ERR_DATA);
			T_INT(json_jq_next(q, &out, &e), 0);
			T_INT(json_jq_start(q, "{\"a\":", 5, &e), ERR_DATA);
			T_INT(json_jq_start(q, "{\"a\":{\"b\":\"x\\u0000\"}}", 21, &e), 0);
			buf_clear(&out);
			T_INT(json_jq_next(q, &out, &e), 1);
			T_OK(json_jq_is_string(q) && !json_jq_unchanged(q));
			T_MEM(out.p, out.n, "\"x\\u0000\"", 9);
			buf_clear(&out);
			json_jq_string(q, &out);
			T_MEM(out.p, out.n, "x\0", 2);
		}
		json_jq_free(q);
		buf_release(&out);
	}
}

static void test_surroundings(void)
{
	T_CASE("jq: variables, fixed and set anew, ids in them too")
	{
		struct json_jq_var v[] = { { "h", "{\"reset\":" ID1 "}", 28 }, { "s", NULL, 0 } };
		struct json_jq_vars vars = { v, 2 };
		run_vars("[.a, $h.reset, $s, ($h.reset == .b)]", &vars, "{\"a\":" ID2 ",\"b\":" ID1 "}", "[" ID2 "," ID1 ",null,true]\n");
		run_vars(".", &vars, "{\"a\": 1}", "{\"a\": 1}\n");
		struct json_jq *q;
		struct buf out = BUF_INIT;
		struct err e;
		T_INT(json_jq_new(&q, "$s", &vars, &e), 0);
		T_INT(json_jq_set(q, 1, "[" ID1 "]", 20, &e), 0);
		T_INT(json_jq_start(q, "1", 1, &e), 0);
		T_INT(json_jq_next(q, &out, &e), 1);
		T_MEM(out.p, out.n, "[" ID1 "]", 20);
		T_INT(json_jq_set(q, 1, "{", 1, &e), ERR_DATA);
		json_jq_free(q);
		buf_release(&out);
		v[0].name = "1x";
		run_vars(".", &vars, "1", "error -2: jq: '1x' is not a valid variable name\n");
		v[0].name = "ok";
		v[0].json = "{";
		v[0].n = 1;
		run_vars(".", &vars, "1", "error -3: jq: value of $ok: the JSON text ends inside a value\n");
	}
	T_CASE("jq: the environment is seen, ~/.jq is not")
	{
		char dir[] = "/tmp/sm-jq-XXXXXX", path[64];
		T_OK(mkdtemp(dir) != NULL);
		snprintf(path, sizeof path, "%s/.jq", dir);
		FILE *f = fopen(path, "w");
		if (f) {
			fputs("def from_home: 1;", f);
			fclose(f);
		}
		setenv("HOME", dir, 1);
		setenv("SM_TEST", "seen", 1);
		run("from_home", "1", "error -2: jq: from_home/0 is not defined (line 1 of the program)\n");
		T_STR(getenv("HOME"), dir);
		run("env.SM_TEST, $ENV.SM_TEST, ($ENV.HOME == env.HOME)", "1", "\"seen\"\n\"seen\"\ntrue\n");
		run("import \"a\" as a; .", "1", "error -2: jq: import is not for a stream: no modules are loaded\n");
		unlink(path);
		rmdir(dir);
	}
}

int main(void)
{
	test_numbers();
	test_calculation();
	test_abort();
	test_programs();
	test_surroundings();
	return t_done();
}
