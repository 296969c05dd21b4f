/* SPDX-License-Identifier: MIT */
/* csv, show: fields, forms, columns, tables, pretty records. */
#include "csv/csv.h"
#include "show/show.h"

#include "t.h"

#include <fcntl.h>
#include <unistd.h>

/* --- fields --- */

static void field(enum csv_style style, const char *s, size_t n, const char *want)
{
	struct buf b = BUF_INIT;
	csv_put(&b, style, s, n);
	T_STR(buf_cstr(&b), want);
	buf_release(&b);
}
#define COMMA(s, want) field(CSV_COMMA, s, sizeof(s) - 1, want)
#define TAB(s, want) field(CSV_TAB, s, sizeof(s) - 1, want)

/* A reader of RFC 4180, apart from the code: the next field from *P on; true: the record ends behind it. */
static bool read_field(const char **p, const char *end, struct buf *b, bool *quoted)
{
	buf_clear(b);
	*quoted = *p < end && **p == '"';
	if (*quoted) {
		for (++*p; *p < end; ++*p) {
			if (**p == '"' && (*p + 1 == end || (*p)[1] != '"'))
				break;
			if (**p == '"')
				++*p;
			buf_putc(b, **p);
		}
		++*p;
	}
	while (*p < end && **p != ',' && **p != '\n')
		buf_putc(b, *(*p)++);
	bool last = *p == end || **p == '\n';
	if (*p < end)
		++*p;
	return last;
}

#define FIELDS 5
/* Random records of the characters that matter: what is written is read, and csv_records counts them. */
static void round_trip(void)
{
	static const char alphabet[] = "\",\n\r\t #a\\.0-=";
	unsigned seed = 7;
	struct buf out = BUF_INIT, in = BUF_INIT;
	for (int round = 0; round < t_rounds(2000); round++) {
		char text[FIELDS][40];
		int len[FIELDS];
		buf_clear(&out);
		for (int k = 0; k < FIELDS; k++) {
			len[k] = (int)(rand_r(&seed) % 41) - 1;
			for (int i = 0; i < len[k]; i++)
				text[k][i] = alphabet[(unsigned)rand_r(&seed) % (sizeof alphabet - 1)];
			if (k)
				buf_putc(&out, ',');
			csv_put(&out, CSV_COMMA, len[k] < 0 ? NULL : text[k], len[k] < 0 ? 0 : (size_t)len[k]);
		}
		csv_end(&out, CSV_COMMA, 0);
		size_t one = out.n;
		buf_puts(&out, "x,\"y\n\"\nz\n");
		T_INT(csv_records(CSV_COMMA, out.p, out.n, 1), one);
		T_INT(csv_records(CSV_COMMA, out.p, out.n, 2), out.n - 2);
		const char *p = out.p;
		for (int k = 0; k < FIELDS; k++) {
			bool quoted, last = read_field(&p, out.p + one, &in, &quoted);
			T_OK(last == (k + 1 == FIELDS));
			T_OK(len[k] >= 0 || !quoted);
			T_INT(in.n, len[k] < 0 ? 0 : (size_t)len[k]);
			T_OK(len[k] <= 0 || memcmp(in.p, text[k], (size_t)len[k]) == 0);
			T_OK(len[k] != 0 || quoted);
		}
	}
	buf_release(&out);
	buf_release(&in);
}

/* --- forms --- */

struct want {
	const char *output, *columns;
	size_t ncolumns;
	bool flatten, bom, color;
	size_t width;
};

/* What is printed of ROWS, lines of NDJSON; NULL when a row is refused, E has it. */
static char *shown(const struct want *w, const char *rows, struct err *e)
{
	struct show_opts o = { .output = w->output, .color = w->color ? "always" : "never", .flatten = w->flatten, .csv_bom = w->bom };
	struct output out;
	struct show s;
	static char text[1 << 16];
	FILE *f = tmpfile();
	output_init(&out, dup(fileno(f)), "test");
	T_INT(show_init(&s, &o, &out, SHOW_TABLE, e), 0);
	s.width = w->width;
	if (w->columns)
		show_columns(&s, w->ncolumns, w->columns);
	int rc = show_rows(&s, rows, strlen(rows), e);
	if (rc == 0)
		rc = show_end(&s, e);
	show_release(&s);
	T_INT(output_close(&out, NULL), 0);
	rewind(f);
	text[fread(text, 1, sizeof text - 1, f)] = '\0';
	fclose(f);
	return rc ? NULL : text;
}

static void forms(const char *output, const char *rows, const char *want)
{
	struct err e = { 0 };
	const char *got = shown(&(struct want){ .output = output }, rows, &e);
	T_STR(got ? got : e.msg, want);
}
static void flat(const char *output, const char *rows, const char *want)
{
	struct err e = { 0 };
	const char *got = shown(&(struct want){ .output = output, .flatten = true }, rows, &e);
	T_STR(got ? got : e.msg, want);
}
static void wide(size_t width, const char *rows, const char *want)
{
	struct err e = { 0 };
	const char *got = shown(&(struct want){ .output = "table", .width = width }, rows, &e);
	T_STR(got ? got : e.msg, want);
}

static void given_columns(void)
{
	struct err e = { 0 };
	struct want w = { .output = "csv", .columns = "a\0b.c\0b.d\0z\0", .ncolumns = 4 };
	T_STR(shown(&w, "", &e), "a,b,z\n");
	T_STR(shown(&w, "{\"b\":{\"d\":1},\"a\":\"\",\"other\":2}\n", &e), "a,b,z\n\"\",\"{\"\"d\"\":1}\",\n");
	w.flatten = w.bom = true;
	T_STR(shown(&w, "{\"b\":{\"d\":1},\"z\":null}\n", &e), "\xEF\xBB\xBF" "a,b.c,b.d,z\n,,1,\n");
}

/* After the first rows a new member has no column. */
static void late_member(void)
{
	struct buf rows = BUF_INIT;
	struct err e = { 0 };
	for (int i = 0; i < SHOW_ROWS; i++)
		buf_printf(&rows, "{\"a\":%d}\n", i);
	buf_puts(&rows, "{\"a\":1,\"b\":null}\n");
	T_OK(shown(&(struct want){ .output = "csv" }, buf_cstr(&rows), &e) != NULL);
	buf_puts(&rows, "{\"a\":1,\"b\":{\"c\":0}}\n");
	T_OK(shown(&(struct want){ .output = "csv" }, buf_cstr(&rows), &e) == NULL);
	T_INT(e.code, ERR_DATA);
	T_OK(strstr(e.msg, "member b is not among the columns") != NULL);
	T_OK(shown(&(struct want){ .output = "tsv", .flatten = true }, buf_cstr(&rows), &e) == NULL);
	T_OK(strstr(e.msg, "member b.c is") != NULL);
	T_OK(shown(&(struct want){ .output = "table" }, buf_cstr(&rows), &e) != NULL);
	buf_release(&rows);
}

static void usage(void)
{
	static const struct { const char *output; bool flatten, bom, bad; } cases[] = {
		{ "ndjson", true, false, true }, { "json", true, false, true }, { "pretty", true, false, true }, { "table", true, false, false },
		{ "csv", true, true, false }, { "tsv", true, true, false }, { "ndjson", false, true, true }, { "table", false, true, true },
		{ "auto", true, false, true },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct show_opts o = { .output = cases[i].output, .color = "auto", .flatten = cases[i].flatten, .csv_bom = cases[i].bom };
		struct output out;
		struct show s;
		struct err e = { 0 };
		output_init(&out, open("/dev/null", O_WRONLY), "test");
		int rc = show_init(&s, &o, &out, SHOW_TABLE, &e);
		T_OK((rc == ERR_USAGE) == cases[i].bad && (rc == 0) == !cases[i].bad);
		show_release(&s);
		output_close(&out, NULL);
	}
}

int main(void)
{
	T_CASE("CSV: quotes where a reader needs them, and only there") {
		COMMA("a", "a"); COMMA("a b", "a b"); COMMA("0012", "0012"); COMMA("\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80"); COMMA("it's", "it's");
		COMMA("a,b", "\"a,b\""); COMMA("say \"hi\"", "\"say \"\"hi\"\"\""); COMMA("\"", "\"\"\"\""); COMMA("a\nb", "\"a\nb\""); COMMA("a\rb", "\"a\rb\"");
		COMMA(" a", "\" a\""); COMMA("a ", "\"a \""); COMMA("#a", "\"#a\""); COMMA("a#", "a#"); COMMA("", "\"\""); COMMA("a;b\tc", "a;b\tc");
		COMMA("0123456789abcdef,", "\"0123456789abcdef,\""); COMMA("0123456789abcde,", "\"0123456789abcde,\"");
		field(CSV_COMMA, NULL, 0, "");
	}
	T_CASE("TSV: one line, one field, whatever is in it") {
		TAB("a\tb\nc\rd\\e", "a\\tb\\nc\\rd\\\\e"); TAB("\"a,b\"", "\"a,b\""); TAB("", ""); TAB("\\", "\\\\"); TAB(" a ", " a ");
		TAB("0123456789abcdef0123456789abcdef\t", "0123456789abcdef0123456789abcdef\\t");
	}
	T_CASE("CSV: random records come back") round_trip();
	T_CASE("NDJSON and JSON keep the bytes of a row") {
		forms("ndjson", "{\"a\": 1.50}\n{}\n", "{\"a\": 1.50}\n{}\n");
		forms("json", "{\"a\": 1.50}\n{}\n", "[\n{\"a\": 1.50},\n{}\n]\n");
		forms("json", "", "[]\n"); forms("ndjson", "", ""); forms("auto", "{\"a\":1}\n", "{\"a\":1}\n");
	}
	T_CASE("CSV of rows: columns from all of the first rows, null and empty text, nested values") {
		forms("csv", "{\"a\":1,\"b\":\"\"}\n{\"c\":true,\"a\":null}\n", "a,b,c\n1,\"\",\n,,true\n");
		forms("csv", "{\"id\":675127116845989888,\"o\":{\"x\":[1,\"y\"]}}\n", "id,o\n675127116845989888,\"{\"\"x\"\":[1,\"\"y\"\"]}\"\n");
		forms("csv", "{\"a\":\"x\\ny \\\"q\\\" \\u00e9\"}\n", "a\n\"x\ny \"\"q\"\" \xC3\xA9\"\n");
		forms("csv", "{\"a\":null}\n{\"a\":1}\n", "a\n\"\"\n1\n"); forms("csv", "", ""); forms("csv", "{\"a\":1,\"a\":2}\n", "a\n2\n");
		forms("csv", "{\"a.b\":1,\"a\":{\"b\":2}}\n", "a.b,a\n1,\"{\"\"b\"\":2}\"\n");
		forms("tsv", "{\"a\":\"x\\ty\",\"b\":null,\"c\":{\"d\":\"\\n\"}}\n", "a\tb\tc\nx\\ty\t\t{\"d\":\"\\\\n\"}\n");
		forms("csv", "{\"a\\u0000b\":1,\"a\":2}\n", "a"); /* the text ends at the NUL here */
	}
	T_CASE("--flatten: a column a member, names with dots in backticks") {
		flat("csv", "{\"a\":{\"b\":{\"c\":1},\"d\":[{}]},\"e\":{}}\n", "a.b.c,a.d,e\n1,[{}],{}\n");
		flat("csv", "{\"a\":null}\n{\"a\":{\"b\":1}}\n{\"a\":3}\n", "a,a.b\n,\n,1\n3,\n");
		flat("csv", "{\"a\":null}\n{\"a\":{\"b\":1}}\n", "a.b\n\"\"\n1\n");
		flat("csv", "{\"a\":{\"b.c\":1,\"d`e\":2},\"f.g\":3}\n", "a.`b.c`,a.`d``e`,f.g\n1,2,3\n");
	}
	T_CASE("columns that are given") given_columns();
	T_CASE("a member that comes too late for the header is an error, not lost") late_member();
	T_CASE("options without an effect are usage errors") usage();
	T_CASE("tables: width, numbers to the right, no line ends in cells") {
		forms("table", "{\"name\":\"日本\",\"n\":5}\n{\"name\":\"e\xcc\x81\",\"n\":123}\n", "name    n\n日本    5\ne\xcc\x81     123\n");
		forms("table", "{\"a\":\"x\\ny\\tz\\u001b[2J\",\"b\":true}\n", "a               b\nx y z\\u001b[2J  true\n");
		forms("table", "{\"a\":null,\"b\":\"x\"}\n", "a  b\n   x\n"); forms("table", "", "");
	}
	T_CASE("tables on a terminal: cut to its width, numbers last") {
		wide(30, "{\"n\":1234567890,\"t\":\"0123456789012345678901234567890\",\"u\":\"ab\"}\n",
		     "         n  t               u\n1234567890  0123456789012…  ab\n");
		wide(12, "{\"n\":1234567890,\"t\":\"0123456789\"}\n", "         n …\n1234567890 …\n");
		wide(20, "{\"l\":\"https://example.org/a/long/one\",\"m\":\"日本日本日本日本\"}\n", "l          m\nhttps://…  日本日本…\n");
		wide(80, "{\"l\":\"https://example.org/\"}\n", "l\nhttps://example.org/\n");
	}
	T_CASE("pretty: a member a line, what is short stays together; it is still the same JSON") {
		forms("pretty", "{\"a\":1,\"b\":[1,2,{\"c\":null}],\"d\":{}}\n", "{\n  \"a\": 1,\n  \"b\": [1, 2, {\"c\": null}],\n  \"d\": {}\n}\n");
		forms("pretty", "{}\n", "{}\n");
		struct err e = { 0 };
		T_STR(shown(&(struct want){ .output = "pretty", .width = 12 }, "{\"b\":[\"0123456789\",{\"c\":\"0123\"}]}\n", &e),
		      "{\n  \"b\": [\n    \"0123456789\",\n    {\n      \"c\": \"0123\"\n    }\n  ]\n}\n");
		T_STR(shown(&(struct want){ .output = "pretty", .color = true }, "{\"a\":\"x\\u001b\xC2\x9B\"}\n", &e),
		      "{\n  \033[1;34m\"a\"\033[0m: \033[32m\"x\\u001b\\u009b\"\033[0m\n}\n");
		T_STR(shown(&(struct want){ .output = "table", .color = true }, "{\"a\":\"\\u001b[1m\"}\n", &e), "\033[1ma\033[0m\n\\u001b[1m\n");
	}
	return t_done();
}
