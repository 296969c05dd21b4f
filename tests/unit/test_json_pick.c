/* SPDX-License-Identifier: MIT */
#include "base/arena.h"
#include "base/mem.h"
#include "base/rand.h"
#include "json/pick.h"
#include "t.h"

#include <stdlib.h>

/* A block on the heap with just the padding that is promised, so that a sanitizer sees every byte too far. */
static char *block_of(const char *s, size_t n)
{
	char *p = malloc(n + JSON_PADDING);
	memcpy(p, s, n);
	memset(p + n, '}', JSON_PADDING);
	return p;
}

/* Run the picker over TEXT; what it finds, one line each: `N:field|field|` or `N:!COL`. */
static void run(struct buf *out, const char *const *paths, size_t npaths, const char *text, size_t n)
{
	struct json_pick *pk;
	struct json_record rec;
	struct err e = { 0 };
	char *p = block_of(text, n);
	int r;
	buf_clear(out);
	if (json_pick_new(&pk, paths, npaths, &e)) {
		T_FAIL("%s", e.msg);
		free(p);
		return;
	}
	json_pick_block(pk, p, n);
	while ((r = json_pick_next(pk, &rec, &e)) != 0) {
		if (r < 0) {
			buf_printf(out, "%llu:!%llu\n", (unsigned long long)e.line, (unsigned long long)e.col);
			continue;
		}
		buf_printf(out, "%llu:", (unsigned long long)rec.line);
		for (size_t i = 0; i < npaths; i++) {
			if (rec.field[i].p)
				buf_put(out, rec.field[i].p, rec.field[i].n);
			buf_putc(out, '|');
		}
		buf_putc(out, '\n');
	}
	json_pick_free(pk);
	free(p);
}

static void picks(const char *path, const char *text, const char *want)
{
	struct buf out = BUF_INIT;
	run(&out, &path, 1, text, strlen(text));
	T_STR(buf_cstr(&out), want);
	buf_release(&out);
}

static void splices(const char *line, const char *want)
{
	struct buf b = BUF_INIT;
	json_splice(&b, line, strlen(line), "k", "[1]", 3);
	T_STR(buf_cstr(&b), want);
	T_INT(json_check(b.p, b.n, NULL), 0);
	buf_release(&b);
}

static void bad_path(const char *path)
{
	struct json_pick *pk;
	struct err e = { 0 };
	T_INT(json_pick_new(&pk, &path, 1, &e), ERR_USAGE);
	T_OK(pk == NULL && strstr(e.msg, "path"));
}

/* The picker and the document parser must agree about this one line, and on the place of its fault. */
static bool agree(struct json_pick *pk, const char *line, size_t n)
{
	struct err e = { 0 }, d = { 0 };
	struct json_record rec;
	struct arena a = ARENA_INIT;
	struct json *v;
	struct buf b = BUF_INIT;
	buf_put(&b, line, n);
	buf_putc(&b, '\n');
	char *p = block_of(b.p, b.n);
	json_pick_block(pk, p, b.n);
	int r = json_pick_next(pk, &rec, &e);
	size_t trimmed = n - (n && line[n - 1] == '\r');
	int want = json_parse(&v, &a, line, trimmed, &d) ? -1 : v->type == JSON_OBJECT ? 1 : -1;
	bool blank = strspn(buf_cstr(&b), " \t\r\n") == n + 1;
	bool same = blank ? r == 0 : (r < 0) == (want < 0) && (r > 0 || !d.code || e.col == d.col);
	if (same && r > 0)
		same = rec.p == p && json_pick_next(pk, &rec, &e) == 0;
	if (!same)
		T_FAIL("walk %d, document %d, columns %d %d: %.*s", r, want, (int)e.col, (int)d.col, (int)n, line);
	free(p);
	buf_release(&b);
	arena_release(&a);
	return same;
}

static const char *const seeds[] = {
	"{\"id\":\"x:1\",\"n\":[1,-2.5e+10,0.001,1E5],\"t\":true,\"f\":false,\"z\":null,\"o\":{\"a\":{\"b\":[[],{}]}}}",
	"{\"text\":\"caf\\u00e9 \\ud83d\\ude00 \\\"q\\\" \\\\ \\/ \\b\\f\\n\\r\\t\", \"url\": \"https://example.org/a\"}",
	" { \"a\" : 1 , \"b\" : [ 1 , 2 , { \"c\" : \"d\" } ] , \"u\" : \"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\" } \r",
	"{\"a.b\":{\"c\":1234567890123456789,\"d\":0},\"a\":{\"b\":1},\"a\":{}}",
	"{}",
};

static void mutate(struct rng *r, char *s, size_t *n, size_t cap)
{
	static const char alphabet[] = "{}[]:,\"\\ \t0123456789-+.eEtrufalsn/bDd\x01\x7F\x80\xC3\xA9\xED\xF0\xFF";
	for (uint64_t k = 1 + rng_below(r, 3); k > 0; k--) {
		size_t at = *n ? rng_below(r, *n) : 0;
		char c = alphabet[rng_below(r, sizeof alphabet - 1)];
		switch (rng_below(r, 4)) {
		case 0:
			if (*n)
				s[at] = c;
			break;
		case 1:
			if (*n + 1 < cap) {
				memmove(s + at + 1, s + at, *n - at);
				s[at] = c;
				++*n;
			}
			break;
		case 2:
			if (*n) {
				memmove(s + at, s + at + 1, *n - at - 1);
				--*n;
			}
			break;
		default:
			if (*n > 8 && at + 8 < *n)
				memmove(s + at, s + at + 4, 4);
		}
	}
}

static void differential(void)
{
	struct rng r;
	struct json_pick *pk;
	const char *const paths[] = { "a.b.c", "n", "text" };
	T_OK(json_pick_new(&pk, paths, 3, NULL) == 0);
	rng_seed(&r, 20170814);
	int bad = 0;
	for (int i = 0; i < 40000 && bad < 5; i++) {
		char s[512];
		const char *seed = seeds[rng_below(&r, sizeof seeds / sizeof *seeds)];
		size_t n = strlen(seed);
		memcpy(s, seed, n);
		mutate(&r, s, &n, sizeof s);
		bad += !agree(pk, s, n);
	}
	json_pick_free(pk);
}

/* N lines of growing length, the last B of them bad: what comes out must not depend on where chunks end. */
static void long_block(size_t lines, size_t bad_every, size_t pad)
{
	struct buf b = BUF_INIT;
	struct json_pick *pk;
	struct json_record rec;
	struct err e;
	size_t seen = 0, bad = 0, want_bad = 0;
	int r;
	for (size_t i = 0; i < lines; i++) {
		bool wrong = bad_every && i % bad_every == 1;
		buf_printf(&b, "{\"i\":%zu,\"s\":\"%*s\"%s\n", i, (int)((i * 37) % pad), "", wrong ? (i & 2 ? ",\"open:1}" : "]") : "}");
		want_bad += wrong;
	}
	char *p = block_of(b.p, b.n);
	json_pick_new(&pk, (const char *[]){ "i" }, 1, NULL);
	json_pick_block(pk, p, b.n);
	while ((r = json_pick_next(pk, &rec, &e)) != 0) {
		size_t at = seen + bad;
		if (r < 0) {
			bad++;
			if (e.line != at || at % bad_every != 1)
				T_FAIL("line %zu is bad: %s", (size_t)e.line, e.msg);
			continue;
		}
		seen++;
		if (rec.line != at || strtoull(rec.field[0].p, NULL, 10) != at)
			T_FAIL("line %zu gives %.*s", at, (int)rec.field[0].n, rec.field[0].p);
	}
	T_INT(bad, want_bad);
	T_INT(seen, lines - want_bad);
	json_pick_free(pk);
	free(p);
	buf_release(&b);
}

static void huge_line(void)
{
	size_t n = (size_t)16 << 20;
	struct buf b = BUF_INIT, out = BUF_INIT;
	buf_puts(&b, "{\"a\":1}\n{\"s\":\"");
	memset(buf_reserve(&b, n), 'x', n);
	b.n += n;
	buf_puts(&b, "\",\"a\":2}\n{\"a\":3}\n");
	run(&out, (const char *[]){ "a" }, 1, b.p, b.n);
	T_STR(buf_cstr(&out), "0:1|\n1:2|\n2:3|\n");
	buf_release(&b);
	buf_release(&out);
}

int main(void)
{
	T_CASE("fields are found wherever they are")
	{
		picks("a", "{\"a\":1}\n{\"b\":2}\n{\"b\":{\"a\":1},\"a\":\"x\"}\n", "0:1|\n1:|\n2:\"x\"|\n");
		picks("a.b", "{\"a\":{\"b\":[1, 2]}}\n{\"a\":1}\n{\"a\":{\"c\":{\"b\":1}}}\n{\"a.b\":1}\n", "0:[1, 2]|\n1:|\n2:|\n3:|\n");
		picks("`a.b`.c", "{\"a.b\":{\"c\":null}}\n", "0:null|\n");
		picks("a", "{ \"a\" : {\"x\":[]} , \"b\":1}\n", "0:{\"x\":[]}|\n");
		picks("a", "{\"\\u0061\":true}\n", "0:true|\n");
	}
	T_CASE("of equal keys the last counts")
	{
		picks("a", "{\"a\":1,\"a\":2}\n", "0:2|\n");
		picks("a.b", "{\"a\":{\"b\":1},\"a\":{}}\n{\"a\":{\"b\":1},\"a\":2}\n", "0:|\n1:|\n");
	}
	T_CASE("the same path twice, and a path into another")
	{
		struct buf out = BUF_INIT;
		const char *const paths[] = { "a.b", "a", "a.b", "c" };
		const char *text = "{\"a\":{\"b\":1}}\n";
		run(&out, paths, 4, text, strlen(text));
		T_STR(buf_cstr(&out), "0:1|{\"b\":1}|1||\n");
		buf_release(&out);
	}
	T_CASE("paths that are none")
	{
		bad_path("");
		bad_path("a.");
		bad_path(".a");
		bad_path("a..b");
		bad_path("`a");
		bad_path("`a`b");
	}
	T_CASE("blank lines, CRLF, a block of nothing")
	{
		picks("a", "\n\r\n  \t\n{\"a\":1}\r\n\n", "3:1|\n");
		picks("a", "\n", "");
		picks("a", "", "");
	}
	T_CASE("a bad line is bad alone, wherever its fault")
	{
		picks("a", "{\"a\":1}\n{\"a\":\"x}\n{\"a\":2}\n", "0:1|\n1:!6\n2:2|\n");
		picks("a", "{\"a\":1}\n{\"b\":\"\x80\"}\n{\"a\":2}\n", "0:1|\n1:!7\n2:2|\n");
		picks("a", "{\"a\":1}\n{\"b\":\"\t\"}\n{\"a\":2}\n", "0:1|\n1:!7\n2:2|\n");
		picks("a", "{\"a\":1}\n{\"b\":\n{\"a\":2}\n", "0:1|\n1:!6\n2:2|\n");
		picks("a", "{\"a\":\n1}\n", "0:!6\n1:!2\n");
		picks("a", "{\"a\":1} {\"a\":2}\n[1]\n1\n\"s\"\n}\n", "0:!9\n1:!1\n2:!1\n3:!1\n4:!1\n");
		picks("a", "{\"b\":01,\"a\":1}\n{\"b\":{\"c\":tru},\"a\":1}\n", "0:!7\n1:!11\n");
		picks("a", "\xEF\xBB\xBF{\"a\":1}\n{\"a\":2}\n", "0:!1\n1:2|\n");
		picks("a", "{\"a\":\"\\\"}\n{\"a\":\"\\\\\"}\n", "0:!6\n1:\"\\\\\"|\n");
	}
	T_CASE("marks are told from records")
	{
		struct json_pick *pk;
		struct json_record rec;
		const char *text = "{\"$mark\":{\"v\":1}}\n{\"$mark \":1}\n{ \"$mark\":1}\n";
		char *p = block_of(text, strlen(text));
		json_pick_new(&pk, NULL, 0, NULL);
		json_pick_block(pk, p, strlen(text));
		T_OK(json_pick_next(pk, &rec, NULL) == 1 && rec.is_mark);
		T_OK(json_pick_next(pk, &rec, NULL) == 1 && !rec.is_mark);
		T_OK(json_pick_next(pk, &rec, NULL) < 0 && rec.n == 12);
		T_OK(json_pick_next(pk, &rec, NULL) == 0);
		json_pick_free(pk);
		free(p);
	}
	T_CASE("blocks of every small size")
	{
		for (size_t pad = 1; pad < 200; pad++)
			long_block(4, 0, pad);
	}
	T_CASE("large blocks, with and without bad lines")
	{
		long_block(20000, 0, 100);
		long_block(20000, 7, 100);
		long_block(20000, 4001, 300);
	}
	T_CASE("a line of 16 MiB")
		huge_line();
	T_CASE("walk and document agree on 40,000 mutated lines")
		differential();
	T_CASE("splicing")
	{
		splices("{}", "{\"k\":[1]}");
		splices("{ }", "{ \"k\":[1]}");
		splices("{\"a\":1}", "{\"a\":1,\"k\":[1]}");
		splices("{\"a\":{}} \t", "{\"a\":{},\"k\":[1]} \t");
		splices(" { \"a\" : \"{\" } ", " { \"a\" : \"{\" ,\"k\":[1]} ");
	}
	T_CASE("unescaping")
	{
		struct buf b = BUF_INIT;
		json_unescape(&b, "\"a\\n\\ud83d\\ude00\"", 17);
		T_MEM(b.p, b.n, "a\n\xF0\x9F\x98\x80", 6);
		buf_clear(&b);
		json_unescape(&b, "\"\"", 2);
		T_INT(b.n, 0);
		buf_release(&b);
	}
	return t_done();
}
