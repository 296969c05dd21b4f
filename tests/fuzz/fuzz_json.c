/* SPDX-License-Identifier: MIT */
/* The walk over simdjson's index and the document parser must agree about every line of any input,
 * and on the column of a fault; printing a document canonically must give a document with the same canonical form. */
#include "base/arena.h"
#include "json/pick.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static bool blank(const char *p, size_t n)
{
	while (n && strchr(" \t\r", *p) && *p) {
		p++;
		n--;
	}
	return n == 0;
}

static void round_trip(const struct json *v, struct arena *a)
{
	struct buf once = BUF_INIT, twice = BUF_INIT;
	struct json *w;
	json_put_canonical(&once, v);
	check(json_parse(&w, a, once.p, once.n, NULL) == 0);
	json_put_canonical(&twice, w);
	check(once.n == twice.n && memcmp(once.p, twice.p, once.n) == 0);
	buf_release(&once);
	buf_release(&twice);
}

/* What the picker says about the line, against the document parser. */
static void compare(const char *p, size_t n, int r, const struct json_record *rec, const struct err *e)
{
	struct arena a = ARENA_INIT;
	struct json *v;
	struct err d = { 0 };
	bool object = json_parse(&v, &a, p, n, &d) == 0 && v->type == JSON_OBJECT;
	check(rec->p == p && rec->n == n && object == (r > 0));
	if (d.code)
		check(d.col == e->col);
	if (object) {
		const struct json *f = json_get(v, "a");
		check((f != NULL) == (rec->field[0].p != NULL));
		check(!f || (f->raw == rec->field[0].p && f->nraw == rec->field[0].n && f->type == rec->field[0].type));
		const struct json *g = json_get(f, "b");
		check((g != NULL) == (rec->field[1].p != NULL) && (!g || g->raw == rec->field[1].p));
		round_trip(v, &a);
	}
	arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_pick *pk;
	struct json_record rec;
	struct err e = { 0 };
	char *p = malloc(size + 1 + JSON_PADDING);
	if (size)
		memcpy(p, data, size);
	p[size] = '\n';
	memset(p + size + 1, '}', JSON_PADDING);
	check(json_pick_new(&pk, (const char *[]){ "a", "a.b" }, 2, NULL) == 0);
	json_pick_block(pk, p, size + 1);
	uint64_t line = 0;
	for (char *s = p, *lf; s < p + size + 1; s = lf + 1, line++) {
		lf = memchr(s, '\n', (size_t)(p + size + 1 - s));
		size_t n = (size_t)(lf - s);
		n -= n && s[n - 1] == '\r';
		if (blank(s, n))
			continue;
		int r = json_pick_next(pk, &rec, &e);
		check(r != 0 && (r > 0 ? rec.line : e.line) == line);
		compare(s, n, r, &rec, &e);
	}
	check(json_pick_next(pk, &rec, &e) == 0);
	json_pick_free(pk);
	free(p);
	return 0;
}
