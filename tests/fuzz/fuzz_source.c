/* SPDX-License-Identifier: MIT */
/* Any text through the scanner of documents: the pieces in which it comes make no difference; where the document parser
 * sees an array, the items are its elements. And the text as a definition, as a path, as what a map gave. */
#include "base/arena.h"
#include "base/mem.h"
#include "source/def.h"
#include "source/post.h"
#include "source/scan.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	struct buf text;
	size_t n;
};

static void check(bool ok)
{
	if (!ok)
		abort();
}

static int note(void *arg, const struct scan_item *it, struct err *e)
{
	struct seen *s = arg;
	(void)e;
	buf_printf(&s->text, "%llu:%llu:%d:%d:", (unsigned long long)it->line, (unsigned long long)it->col, it->broken, it->element);
	buf_put(&s->text, it->p, it->n);
	s->n++;
	return 0;
}

static int scan(struct seen *s, const struct scan_path *path, const char *p, size_t n, size_t step)
{
	struct err e = { 0 };
	struct scan *sc = scan_new(&(struct scan_opts){ .path = path, .max_item = 1000, .fn = note, .arg = s });
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < n; i += step) {
		size_t len = n - i < step ? n - i : step;
		char *chunk = mem_dup(p + i, len);
		rc = scan_feed(sc, chunk, len, &e);
		mem_free(chunk);
	}
	if (rc == 0)
		rc = scan_finish(sc, &e);
	/* Where a size was passed depends on the pieces only in what else is wrong further on. */
	if (rc < 0 && !strstr(e.msg, "longer"))
		buf_printf(&s->text, "!%llu:%llu:%s", (unsigned long long)e.line, (unsigned long long)e.col, e.msg);
	scan_free(sc);
	return rc;
}

static void check_elements(const char *p, size_t n, const struct seen *s)
{
	struct arena a = ARENA_INIT;
	struct json *v;
	if (json_parse(&v, &a, p, n, NULL) == 0)
		check(s->n == (v->type == JSON_ARRAY ? v->nchild : 1));
	arena_release(&a);
}

static void as_definition(const char *p, size_t n)
{
	struct arena a = ARENA_INIT;
	struct source_def *d;
	struct json *v;
	struct buf b = BUF_INIT;
	int64_t us;
	if (!memmem(p, n, "extends", 7) && source_def_parse(&d, p, n, "fuzz", NULL) == 0)
		source_def_free(d);
	if (json_parse(&v, &a, p, n, NULL) == 0 && post_put(&b, v, &(struct post_given){ "x", 0, p, 0 }, NULL) == 0) {
		struct json *w;
		check(json_parse(&w, &a, b.p, b.n, NULL) == 0 && json_get(w, "created_date"));
	}
	post_time(p, n, &us);
	buf_release(&b);
	arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct arena a = ARENA_INIT;
	struct scan_path path, given;
	if (size < 2 || size > 900)
		return 0;
	size_t step = 1 + data[0] % 16;
	text++;
	size--;
	scan_path_parse(&path, &a, ".a.b[]");
	for (int i = 0; i < 2; i++) {
		struct seen whole = { BUF_INIT, 0 }, parts = { BUF_INIT, 0 };
		int rc = scan(&whole, i ? &path : NULL, text, size, size);
		check(scan(&parts, i ? &path : NULL, text, size, step) == rc);
		check(whole.n == parts.n && whole.text.n == parts.text.n &&
		      (!whole.text.n || memcmp(whole.text.p, parts.text.p, whole.text.n) == 0));
		if (i == 0 && rc == 0)
			check_elements(text, size, &whole);
		buf_release(&whole.text);
		buf_release(&parts.text);
	}
	enum scan_shape shape = scan_shape(text, size, true);
	check(shape != SCAN_UNSURE);
	char *expr = arena_strndup(&a, text, size);
	if (scan_path_parse(&given, &a, expr))
		check(given.n < 17);
	char *copy = mem_dup(text, size);
	check(scan_compact(copy, size) <= size);
	mem_free(copy);
	as_definition(text, size);
	arena_release(&a);
	return 0;
}
