/* SPDX-License-Identifier: MIT */
/* Any text through the scanner of documents: the pieces in which it comes make no difference; where the document parser
 * sees an array, the items are its elements. And the text as a path, as what a map gave; as a definition, which is sound
 * when it loads. */
#include "base/arena.h"
#include "base/mem.h"
#include "source/def.h"
#include "source/def_print.h"
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

static void check_text(const struct source_def *d, const struct def_text *t)
{
	for (size_t i = 0; i < t->nparts; i++) {
		const struct def_part *p = &t->part[i];
		check(p->n && strlen(p->text) == p->n);
		check(!p->var || source_def_var(d, p->text) || !strcmp(p->text, "cursor") || !strcmp(p->text, "since") ||
		      !strcmp(p->text, "until"));
	}
}

static void check_request(const struct source_def *d, const struct def_request *r)
{
	check_text(d, &r->url);
	check_text(d, &r->body_text);
	for (size_t i = 0; i < r->nquery; i++)
		check_text(d, &r->query[i].value);
	for (size_t i = 0; i < r->nheader; i++)
		check_text(d, &r->header[i].value);
	check((r->body != NULL) == (r->body_kind == BODY_JSON) && (r->body_jq != NULL) == (r->body_kind == BODY_JQ));
}

/* What is loaded is sound. */
static void check_definition(const struct source_def *d)
{
	struct buf b = BUF_INIT;
	check(d->name && d->network && d->summary && d->about && (d->map || d->api) && d->file);
	check(d->parallel >= 1 && d->cost >= 1 && d->tries >= 1 && d->soft_pct <= d->hard_pct && d->nstrip >= 1);
	check(!d->api || (d->nhosts && d->request.url.nparts));
	check(!d->each || source_def_var(d, d->each));
	check((d->next == NEXT_NONE) == !d->next_expr && (d->next == NEXT_TOKEN) == (d->next_param != NULL));
	check(!d->cursor.there || !d->cursor.field != !d->cursor.value);
	for (size_t i = 0; i < 2; i++)
		check(!d->auth.secret[i] || source_def_secret(d, d->auth.secret[i]));
	for (size_t i = 0; i < d->auth.nfields; i++)
		check(!d->auth.field[i].secret || source_def_secret(d, d->auth.field[i].secret));
	for (size_t i = 0; i < d->nlimits; i++)
		check(d->limit[i].count >= d->cost && d->limit[i].per_ns > 0);
	for (size_t i = 0; i < NCAUSES; i++)
		check(d->retry[i].from_ns >= 0 && d->retry[i].from_ns <= d->retry[i].to_ns);
	for (size_t i = 0; i < d->nhosts; i++)
		check_text(d, &d->host[i]);
	check_text(d, &d->budget);
	check_request(d, &d->request);
	check_request(d, &d->list);
	check_request(d, &d->auth.request);
	source_def_describe(d, "t", &b);
	for (size_t i = 0; i < b.n; i++)
		check((unsigned char)b.p[i] >= ' ' || b.p[i] == '\n' || b.p[i] == '\t');
	buf_release(&b);
}

static void as_definition(const char *p, size_t n)
{
	struct source_def *d;
	struct err e = { 0 };
	if (memmem(p, n, "extends", 7))
		return;
	int rc = source_def_parse(&d, p, n, "fuzz", &e);
	if (rc == 0) {
		check_definition(d);
		source_def_free(d);
	} else {
		check(rc == ERR_DATA && e.line >= 1 && e.col >= 1 && *e.msg && !strcmp(e.file, "fuzz"));
	}
}

static void as_record(const char *p, size_t n)
{
	struct arena a = ARENA_INIT;
	struct json *v;
	struct buf b = BUF_INIT;
	int64_t us;
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
	if (size < 2)
		return 0;
	size_t step = 1 + data[0] % 16;
	text++;
	size--;
	as_definition(text, size);
	if (size > 900)
		return 0;
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
	as_record(text, size);
	arena_release(&a);
	return 0;
}
