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
		run("halt", "1", "error -2: jq: halt is not for a stream\n");
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
		run_vars(".", &vars, "1", "error -2: jq: '1x' is no name for a variable\n");
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
		run("import \"a\" as a; .", "1", "error -2: jq: module not found: a\n");
		unlink(path);
		rmdir(dir);
	}
}

int main(void)
{
	test_numbers();
	test_programs();
	test_surroundings();
	return t_done();
}
