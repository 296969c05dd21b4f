/* SPDX-License-Identifier: MIT */
/* What smfetch is made of: the scanner of documents, the shape of files, times and records of posts, definitions, what is done. */
#include "base/arena.h"
#include "base/mem.h"
#include "source/def.h"
#include "source/done.h"
#include "source/path.h"
#include "source/post.h"
#include "source/scan.h"

#include "t.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Items as text: `line:col[e|v]bytes|`, and how it ended. */
static int note(void *arg, const struct scan_item *it, struct err *e)
{
	struct buf *b = arg;
	(void)e;
	buf_printf(b, "%llu:%llu%c", (unsigned long long)it->line, (unsigned long long)it->col, it->element ? 'e' : 'v');
	size_t from = b->n;
	buf_put(b, it->p, it->n);
	if (it->broken)
		b->n = from + scan_compact(b->p + from, it->n);
	buf_putc(b, '|');
	return 0;
}

static const char *scan_text(struct buf *b, const char *text, const char *path, bool strict, size_t max, size_t step)
{
	struct arena a = ARENA_INIT;
	struct scan_path p;
	struct err e;
	size_t n = strlen(text);
	buf_clear(b);
	if (path && !scan_path_parse(&p, &a, path))
		return "no path";
	struct scan *s = scan_new(&(struct scan_opts){ .path = path ? &p : NULL, .strict = strict, .max_item = max, .fn = note, .arg = b });
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < n; i += step) {
		/* A copy of its own, so that a read beyond it is seen. */
		size_t len = n - i < step ? n - i : step;
		char *chunk = mem_dup(text + i, len);
		rc = scan_feed(s, chunk, len, &e);
		mem_free(chunk);
	}
	if (rc == 0)
		rc = scan_finish(s, &e);
	if (rc < 0)
		buf_printf(b, "!%llu:%llu", (unsigned long long)e.line, (unsigned long long)e.col);
	scan_free(s);
	arena_release(&a);
	return buf_cstr(b);
}

static void check_scan(const char *text, const char *path, bool strict, const char *want)
{
	struct buf b = BUF_INIT;
	for (size_t step = 1; step <= strlen(text) + 1; step++) {
		const char *got = scan_text(&b, text, path, strict, 1000, step);
		if (strcmp(got, want))
			T_FAIL("'%s' in steps of %zu gives '%s', not '%s'", text, step, got, want);
	}
	buf_release(&b);
}

static void test_begins_line(void)
{
	T_CASE("what may become a line with an object, and what never will") {
		static const char *const may[] = { "", " ", "{", "{\"", "{\"a\":", "{\"a\":tr", "{\"a\":\"x\\", " {\"a\":[{\"b\":1", "\0\0", "{\"a\"\0\0" };
		static const size_t nmay[] = { 0, 1, 1, 2, 5, 7, 8, 12, 2, 6 };
		static const char *const never[] = { "PAR1", "1", "[", "\"a", "null", "{]", "{\"a\" 1", "{\"a\":\1", "}", "{} x", "\0{", "{\"a\":\"\0x", "\xef" };
		static const size_t nnever[] = { 4, 1, 1, 2, 4, 2, 6, 6, 1, 4, 2, 8, 1 };
		for (size_t i = 0; i < sizeof may / sizeof *may; i++)
			if (!scan_begins_line(may[i], nmay[i]))
				T_FAIL("'%s' is refused", may[i]);
		for (size_t i = 0; i < sizeof never / sizeof *never; i++)
			if (scan_begins_line(never[i], nnever[i]))
				T_FAIL("'%s' is waited for", never[i]);
	}
}

static void test_scan(void)
{
	T_CASE("items of arrays and values at the top, in pieces of any size") {
		check_scan("[{\"a\":1},{\"b\":[2,{}]} ]", NULL, false, "1:2v{\"a\":1}|1:10v{\"b\":[2,{}]}|");
		check_scan(" {\"a\":1}\n{\"b\":2}", NULL, false, "1:2v{\"a\":1}|2:1v{\"b\":2}|");
		check_scan("[]\n[ ]", NULL, false, "");
		check_scan("", NULL, false, "");
		check_scan("[\n {\"a\" :\n\t\"x \\\" y\" } ]", NULL, false, "2:2v{\"a\":\"x \\\" y\"}|");
		check_scan("[1,\"s\",null]", NULL, false, "1:2v1|1:4v\"s\"|1:8vnull|");
		check_scan("7 8", NULL, false, "1:1v7|1:3v8|");
		check_scan("[[1],[2]]", NULL, false, "1:2v[1]|1:6v[2]|");
	}
	T_CASE("items at a path; what has none is an item itself, or an error") {
		check_scan("{\"m\":{\"s\":[9]},\"s\":[{\"a\":1},{\"a\":2}],\"n\":0}", ".s[]", false, "1:21e{\"a\":1}|1:29e{\"a\":2}|");
		check_scan("{\"a\":{\"x\":1,\"b\":[{}]},\"b\":[1]}", ".a.b[]", false, "1:18e{}|");
		check_scan("{\"id\":1}{\"s\":[]}", ".s[]", false, "1:1v{\"id\":1}|");
		check_scan("{\"id\":1}", ".s[]", true, "!1:1");
		check_scan("{\"id\":1}", ".s[]?", true, "1:1v{\"id\":1}|");
		check_scan("{\"s\":null}", ".s[]", false, "!1:6");
		check_scan("{\"s\":null}", ".s[]?", false, "");
		check_scan("{\"s\":[1],\"s\":[2]}", ".s[]", false, "1:7e1|1:15e2|");
		check_scan("[{\"s\":[1]}]", ".s[]", false, "1:2v{\"s\":[1]}|");
		check_scan("{\"a\":[{\"b\":[1]}]}", ".a.b[]", false, "1:1v{\"a\":[{\"b\":[1]}]}|");
		check_scan("{\"x\":tru,\"s\":[{}]}", ".s[]", false, "1:15e{}|!1:1");
	}
	T_CASE("faults with their place") {
		check_scan("[{\"a\":1}\n,\n]", NULL, false, "1:2v{\"a\":1}|!3:1");
		check_scan("[{\"a\" 1}]", NULL, false, "!1:7");
		check_scan("{\"a\":1]", NULL, false, "!1:7");
		check_scan("[{},", NULL, false, "1:2v{}|!1:5");
		check_scan("{\"a\":\"x\ny\"}", NULL, false, "!1:8");
		check_scan("[} ", NULL, false, "!1:2");
		check_scan("{,}", NULL, false, "!1:2");
		check_scan("{\"a\":1,}", NULL, false, "!1:8");
		check_scan("]", NULL, false, "!1:1");
	}
	T_CASE("an item that is too long ends it, wherever the pieces end") {
		struct buf b = BUF_INIT;
		for (size_t step = 1; step < 40; step++) {
			T_STR(scan_text(&b, "[{\"a\":1},{\"a\":\"0123456789\"},{}]", NULL, false, 12, step), "1:2v{\"a\":1}|!1:10");
			T_STR(scan_text(&b, "{\"s\":[1,22],\"t\":\"0123456789\"}", ".s[]", false, 20, step), "1:7e1|1:9e22|!1:1");
		}
		buf_release(&b);
	}
	T_CASE("deep nesting ends with an error") {
		char deep[3001];
		struct buf b = BUF_INIT;
		memset(deep, '[', 3000);
		deep[3000] = '\0';
		T_STR(scan_text(&b, deep, NULL, false, 100000, 4000), "!1:1025");
		buf_release(&b);
	}
}

static enum scan_shape shape(const char *s, bool whole)
{
	return scan_shape(s, strlen(s), whole);
}

static void test_shape(void)
{
	T_CASE("lines or a document: the beginning tells") {
		T_INT(shape("{\"a\":1}\n{\"b\":2}\n", false), SCAN_LINES);
		T_INT(shape("\n\n {\"a\":1}\n", false), SCAN_LINES);
		T_INT(shape("{\"a\":1}", true), SCAN_LINES);
		T_INT(shape("{\"a\":1", false), SCAN_UNSURE);
		T_INT(shape("", false), SCAN_UNSURE);
		T_INT(shape("", true), SCAN_LINES);
		T_INT(shape("{bad\n{\"a\":1}\n", false), SCAN_LINES);
		T_INT(shape("{\"a\":\"cut\n{\"a\":1}\n", false), SCAN_LINES);
		T_INT(shape("{\"a\":1,\n{\"a\":1}\n", false), SCAN_LINES);
		T_INT(shape("{\n", false), SCAN_UNSURE);
		T_INT(shape("{\n  \"a\": 1", false), SCAN_DOCUMENT);
		T_INT(shape("{\"a\": [\n 1]}", true), SCAN_DOCUMENT);
		T_INT(shape("  [", false), SCAN_DOCUMENT);
		T_INT(shape("\xEF\xBB\xBF[", false), SCAN_DOCUMENT);
		T_INT(shape("text", false), SCAN_LINES);
	}
	T_CASE("paths that are followed, and programs that are not") {
		struct arena a = ARENA_INIT;
		struct scan_path p;
		T_OK(scan_path_parse(&p, &a, ".a.b_1[]") && p.n == 2 && !p.optional && !strcmp(p.key[1], "b_1"));
		T_OK(scan_path_parse(&p, &a, " .\"x y\"[]? ") && p.n == 1 && p.optional && !strcmp(p.key[0], "x y"));
		T_OK(scan_path_parse(&p, &a, ".[]") && p.n == 0);
		static const char *const programs[] = { "", ".", ".a", "a[]", ".a[].b", ".a[0]", ".a[]|.b", ".1[]", ".\"\\n\"[]", ".a[]?x" };
		for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
			T_OK(!scan_path_parse(&p, &a, programs[i]));
		arena_release(&a);
	}
}

static int64_t time_of(const char *s)
{
	int64_t us = -1;
	return post_time(s, strlen(s), &us) ? us : -1;
}

static const char *post_of(struct buf *b, const char *text)
{
	struct arena a = ARENA_INIT;
	struct json *v;
	struct err e = { 0 };
	buf_clear(b);
	if (json_parse(&v, &a, text, strlen(text), &e) == 0)
		post_put(b, v, &(struct post_given){ "x", 0, NULL, 0 }, &e);
	if (e.code)
		buf_printf(b, "!%s", e.msg);
	arena_release(&a);
	return buf_cstr(b);
}

static void test_post(void)
{
	T_CASE("times in the forms of the networks") {
		T_INT(time_of("Sun Aug 31 00:29:15 +0000 2014"), INT64_C(1409444955000000));
		T_INT(time_of("Sun Aug 31 00:29:15 -0130 2014"), INT64_C(1409450355000000));
		T_INT(time_of("2014-08-31T00:29:15Z"), INT64_C(1409444955000000));
		T_INT(time_of("2014-08-31T00:29:15.123456Z"), INT64_C(1409444955123456));
		T_INT(time_of("2014-08-31T02:29:15+0200"), INT64_C(1409444955000000));
		T_INT(time_of("2014-08-31T02:29:15+02:00"), INT64_C(1409444955000000));
		T_INT(time_of("1409444955"), INT64_C(1409444955000000));
		T_INT(time_of("1409444955.0625"), INT64_C(1409444955062500));
		static const char *const bad[] = { "", "yesterday", "2014-08-31T00:29:15", "Sun Foo 31 00:29:15 +0000 2014",
			"Sun Aug 32 00:29:15 +0000 2014", "1e9", "1409444955x", "2014-08-31", "99999999999999" };
		for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
			T_INT(time_of(bad[i]), -1);
	}
	T_CASE("what a map gave becomes a record in the schema's order; what is empty goes") {
		struct buf b = BUF_INIT;
		T_STR(post_of(&b, "{\"text\":\"\",\"tags\":[],\"place\":{\"lat\":null},\"author\":{\"bot\":false,\"id\":\"a\"},\"created_at\":0,"
				  "\"native_id\":\"1\",\"id\":\"x:1\",\"refs\":[null,{\"id\":\"r\"}]}"),
		      "{\"id\":\"x:1\",\"network\":\"x\",\"native_id\":\"1\",\"op\":\"upsert\",\"kind\":\"post\",\"created_at\":\"1970-01-01T00:00:00Z\","
		      "\"created_date\":\"1970-01-01\",\"observed_at\":\"1970-01-01T00:00:00Z\",\"author\":{\"id\":\"a\",\"bot\":false},\"text\":\"\","
		      "\"refs\":[{\"id\":\"r\"}]}");
		T_STR(post_of(&b, "{\"id\":\"1\",\"native_id\":\"1\"}"), "!field 'created_at' is missing");
		T_STR(post_of(&b, "{\"id\":null,\"native_id\":\"1\"}"), "!field 'id' is missing");
		T_STR(post_of(&b, "{\"id\":1}"), "!field 'id' must be a string");
		T_STR(post_of(&b, "{\"id\":\"1\",\"foo\":1}"), "!smpost/1 has no field 'foo'");
		T_STR(post_of(&b, "{\"id\":\"1\",\"native_id\":\"1\",\"op\":\"no\"}"), "!field 'op' must be upsert|delete");
		T_STR(post_of(&b, "{\"id\":\"1\",\"native_id\":\"1\",\"created_at\":0,\"author\":{\"x\":1}}"), "!smpost/1 has no field 'author.x'");
		T_STR(post_of(&b, "{\"id\":\"1\",\"native_id\":\"1\",\"created_at\":0,\"metrics\":{\"likes\":1.5}}"),
		      "!field 'metrics.likes' must be a whole number");
		T_STR(post_of(&b, "[]"), "!the map did not return an object");
		buf_release(&b);
	}
}

static void test_def(void)
{
	T_CASE("a definition: its parts, and the place of a mistake") {
		struct source_def *d;
		struct err e;
		static const char good[] = "{\"smsource\":1,\"name\":\"n\",\"network\":\"w\",\"records\":\".a[]\",\"map\":[\"{\",\"}\"],\"hosts\":[\"h\"],\"request\":{\"url\":\"https://h/\"}}";
		T_INT(source_def_parse(&d, good, sizeof good - 1, "f", &e), 0);
		T_STR(d->map, "{\n}\n");
		T_OK(d->is_path && d->path.n == 1 && d->api);
		source_def_free(d);
		static const char bad[] = "{\"smsource\":1,\n\"name\":\"n\",\n  \"nme\":1}";
		T_INT(source_def_parse(&d, bad, sizeof bad - 1, "f", &e), ERR_DATA);
		T_INT(e.line, 3);
		T_STR(e.file, "f");
	}
}

static void put_file(const char *path, const char *text, bool append)
{
	int fd = open(path, O_WRONLY | O_CREAT | (append ? O_APPEND : O_TRUNC), 0600);
	T_OK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void test_done(void)
{
	char dir[] = "/tmp/smdoneXXXXXX", path[64];
	struct done *d;
	struct done_file f;
	struct err e;
	T_OK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof path, "%s/a", dir);
	T_CASE("what is done is found again, as of any mark: what came behind it does not count") {
		put_file(path, "line one\nline two\n", false);
		T_INT(done_open(&d, dir, 0, &e), 0);
		for (int i = 0; i < 100; i++) {
			char name[16];
			snprintf(name, sizeof name, "f%d", i);
			done_add(d, &(struct done_file){ .file = name, .size = (uint64_t)i, .lines = -1 });
		}
		f = (struct done_file){ .file = path, .size = 18, .lines = 2 };
		done_add(d, &f);
		T_INT(done_sync(d, &e), 0);
		done_free(d);
		T_INT(done_open(&d, dir, 101, &e), 0);
		T_INT(done_count(d), 101);
		T_OK(done_find(d, "f57") && done_find(d, "f57")->size == 57 && done_find(d, path)->lines == 2 && !done_find(d, "f100"));
		done_free(d);
		T_INT(done_open(&d, dir, 50, &e), 0);
		T_OK(done_find(d, "f49") && !done_find(d, "f57"));
		done_free(d);
		T_INT(done_open(&d, dir, 102, &e), ERR_CONFLICT);
	}
	T_CASE("a run that goes on from an earlier mark leaves the later ones whole") {
		T_INT(done_open(&d, dir, 50, &e), 0);
		done_add(d, &(struct done_file){ .file = "other", .size = 7, .lines = -1 });
		T_INT(done_count(d), 103); /* 101, the line that goes back, and this */
		T_INT(done_sync(d, &e), 0);
		done_free(d);
		T_INT(done_open(&d, dir, 101, &e), 0); /* an earlier run's mark was in the table after all */
		T_OK(done_find(d, "f99") && !done_find(d, "other"));
		done_add(d, &(struct done_file){ .file = "more", .size = 8, .lines = -1 });
		T_INT(done_sync(d, &e), 0);
		T_INT(done_count(d), 105);
		done_free(d);
		T_INT(done_open(&d, dir, 105, &e), 0);
		T_OK(done_find(d, "f99") && done_find(d, "more") && !done_find(d, "other"));
		done_free(d);
		T_INT(done_open(&d, dir, 103, &e), 0);
		T_OK(done_find(d, "f49") && !done_find(d, "f50") && done_find(d, "other") && !done_find(d, "more"));
		done_free(d);
		T_INT(done_open(&d, dir, 0, &e), 0);
		T_OK(!done_find(d, "f0"));
		done_free(d);
	}
	T_CASE("a torn end was never counted: it is cut off; damage before it is an error") {
		char files[64];
		snprintf(files, sizeof files, "%s/files", dir);
		put_file(files, "{\"file\":\"torn", true);
		T_INT(done_open(&d, dir, 105, &e), 0);
		done_add(d, &(struct done_file){ .file = "behind", .size = 9, .lines = -1 });
		T_INT(done_sync(d, &e), 0);
		T_INT(done_count(d), 106);
		done_free(d);
		put_file(files, "{\"back\":7000}\n", true);
		T_INT(done_open(&d, dir, 106, &e), 0);
		done_free(d);
		put_file(files, "junk\n{\"back\":1}\n", true);
		T_INT(done_open(&d, dir, 106, &e), ERR_CONFLICT);
	}
	snprintf(path, sizeof path, "%s/files", dir);
	unlink(path);
	T_CASE("a long list is written anew: the numbers go on, the newest states are there, an earlier mark is refused") {
		struct done_file grow = { .file = "grow", .id = 1, .lines = 1, .nhead = 9, .head = 77, .cuts = "00000a" }, *g = &grow;
		struct stat st;
		enum { STATES = 70000 };
		T_INT(done_open(&d, dir, 0, &e), 0);
		for (int i = 1; i <= STATES; i++) {
			g->size = g->at = g->place = (uint64_t)i;
			g->crc = (uint32_t)i;
			done_add(d, g);
			if (i % 1000 == 0)
				done_add(d, &(struct done_file){ .file = i % 2000 ? "odd" : "even", .lines = -1, .nhead = 3, .head = (uint64_t)i, .at = 3 });
		}
		uint64_t count = done_count(d);
		T_INT(done_sync(d, &e), 0);
		done_free(d);
		T_OK(stat(path, &st) == 0 && st.st_size > 8 << 20);
		/* Not while there are lines behind the mark. */
		T_INT(done_open(&d, dir, count - 1, &e), 0);
		done_free(d);
		T_OK(stat(path, &st) == 0 && st.st_size > 8 << 20);
		for (int again = 0; again < 3; again++) {
			T_INT(done_open(&d, dir, count, &e), 0);
			T_OK(stat(path, &st) == 0 && st.st_size < 100000);
			T_INT(done_count(d), count);
			const struct done_file *now = done_find(d, "grow");
			T_OK(now && now->at == STATES && now->id == 1 && now->cuts && strcmp(now->cuts, "00000a") == 0);
			T_OK(done_find(d, "even") && done_find(d, "odd") && done_find(d, "even")->head == 70000);
			done_free(d);
		}
		T_INT(done_open(&d, dir, count - 1, &e), ERR_CONFLICT);
		T_INT(done_open(&d, dir, count + 1, &e), ERR_CONFLICT);
		/* It goes on as any other, and back. */
		T_INT(done_open(&d, dir, count, &e), 0);
		g->at = STATES + 1;
		done_add(d, g);
		done_add(d, &(struct done_file){ .file = "new", .lines = -1, .nhead = 3, .head = 5, .at = 3 });
		T_INT(done_sync(d, &e), 0);
		T_INT(done_count(d), count + 2);
		T_INT(done_find(d, "new")->id, count + 2);
		done_free(d);
		T_INT(done_open(&d, dir, count + 1, &e), 0);
		T_OK(done_find(d, "grow")->at == STATES + 1 && !done_find(d, "new"));
		done_add(d, &(struct done_file){ .file = "other", .lines = -1, .nhead = 3, .head = 6, .at = 3 });
		T_INT(done_sync(d, &e), 0);
		done_free(d);
		put_file(path, "{\"file\":\"torn", true);
		T_INT(done_open(&d, dir, count + 4, &e), 0);
		T_OK(done_find(d, "other") && !done_find(d, "new") && done_find(d, "other")->id == count + 4);
		done_free(d);
		T_INT(done_open(&d, dir, count, &e), 0);
		T_OK(done_find(d, "grow")->at == STATES && !done_find(d, "other"));
		done_free(d);
		unlink(path);
	}
	T_CASE("by the beginning: the newest of each file that may be it, those of earlier versions too; the same after a reload") {
		static const char text[] = "{\"id\":1}\n{\"id\":2}\n";
		size_t n = sizeof text - 1;
		T_INT(done_open(&d, dir, 0, &e), 0);
		/* Two of one beginning, one of a shorter one, one of another, and many states of the first. */
		for (uint64_t i = 1; i <= 300; i++)
			done_add(d, &(struct done_file){ .file = "first", .id = 1, .head = done_head(text, n), .nhead = n, .at = n + i, .lines = 2 });
		done_add(d, &(struct done_file){ .file = "second", .head = done_head(text, n), .nhead = n, .at = n, .lines = 2 });
		done_add(d, &(struct done_file){ .file = "short", .head = done_head(text, 9), .nhead = 9, .at = 9, .lines = 1 });
		done_add(d, &(struct done_file){ .file = "other", .head = done_head("x", 1), .nhead = 1, .at = 1, .lines = 1 });
		put_file(path, "", true);
		for (int round = 0; round < 2; round++) {
			struct done_at at = { 0 };
			const struct done_file *g;
			unsigned seen = 0;
			while ((g = done_same(d, text, n, &at)))
				seen += !strcmp(g->file, "first") ? g->at == n + 300 : !strcmp(g->file, "second") ? 10 : !strcmp(g->file, "short") ? 100 : 1000;
			T_INT(seen, 111);
			at = (struct done_at){ 0 };
			g = done_same(d, text, 12, &at);
			T_OK(g && !strcmp(g->file, "short") && !done_same(d, text, 12, &at));
			T_OK(done_find(d, "second")->id == 301 && done_find(d, "first")->at == n + 300);
			uint64_t count = done_count(d);
			T_INT(done_sync(d, &e), 0);
			done_free(d);
			T_INT(done_open(&d, dir, count, &e), 0);
		}
		done_free(d);
		put_file(path, "{\"file\":\"old\",\"size\":9,\"mtime\":1,\"crc\":2,\"lines\":1}\n{\"file\":\"old\",\"size\":18,\"mtime\":1,\"crc\":2,\"lines\":2}\n", false);
		T_INT(done_open(&d, dir, 2, &e), 0);
		struct done_at at = { 0 };
		const struct done_file *g = done_same(d, text, n, &at);
		T_OK(g && g->old && g->id == 1 && g->at == 18 && g->lines == 2 && !done_same(d, text, n, &at));
		done_free(d);
		put_file(path, "{\"file\":\"a\",\"size\":9,\"mtime\":1,\"id\":2,\"head\":\"00000000000000ff\",\"n\":9,\"at\":9,\"crc\":2}\n", false);
		T_INT(done_open(&d, dir, 1, &e), ERR_CONFLICT);      /* an id that is not there yet */
	}
	unlink(path);
	snprintf(path, sizeof path, "%s/a", dir);
	unlink(path);
	T_OK(rmdir(dir) == 0);
}

int main(void)
{
	test_begins_line();
	test_scan();
	test_shape();
	test_post();
	test_def();
	test_done();
	return t_done();
}
