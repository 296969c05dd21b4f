/* SPDX-License-Identifier: MIT */
/* lib/gen: the same posts for the same numbers, whatever else was made; edits and deletions of posts that were there. */
#include "gen/gen.h"
#include "json/doc.h"
#include "t.h"

#include <stdlib.h>

static const struct gen_opts usual = { .count = 3000, .seed = 1, .start_us = GEN_START, .span_us = INT64_C(14) * 86400 * 1000000,
	.bursts = 7, .edits = 1.5, .deletes = 0.7 };

static struct buf make(struct gen_opts o)
{
	struct buf b = BUF_INIT;
	struct gen *g;
	struct err e;
	if (gen_new(&g, &o, &e)) {
		T_FAIL("%s", e.msg);
		return b;
	}
	while (gen_next(g, &b))
		;
	gen_free(g);
	return b;
}

static bool same(const struct buf *a, const struct buf *b)
{
	return a->n == b->n && memcmp(a->p, b->p, a->n) == 0;
}

static void test_bytes(void)
{
	T_CASE("the same options give the same bytes; another seed, start or number others")
	{
		struct buf one = make(usual), again = make(usual);
		T_OK(one.n > 0 && same(&one, &again));
		for (int i = 0; i < 4; i++) {
			struct gen_opts o = usual;
			o.seed += i == 0;
			o.start_us += i == 1;
			o.count -= i == 2;
			o.profile = i == 3 ? GEN_BENCH : GEN_SAMPLE;
			struct buf other = make(o);
			T_OK(!same(&one, &other));
			buf_release(&other);
		}
		buf_release(&one);
		buf_release(&again);
	}
	T_CASE("as many lines as were asked for, for each profile; none for 0")
	{
		for (uint64_t n = 0; n < 40; n += 13)
			for (int p = 0; p < 2; p++) {
				struct gen_opts o = usual;
				uint64_t lines = 0;
				o.count = n;
				o.profile = p ? GEN_BENCH : GEN_SAMPLE;
				struct buf b = make(o);
				for (size_t i = 0; i < b.n; i++)
					lines += b.p[i] == '\n';
				T_INT(lines, n);
				buf_release(&b);
			}
	}
	T_CASE("what cannot be is refused by name")
	{
		static const struct { const char *networks, *langs; double edits, deletes; const char *part; } bad[] = {
			{ "x,usenet", NULL, 0, 0, "usenet" }, { "x=-1", NULL, 0, 0, "x" }, { NULL, "xx", 0, 0, "xx" },
			{ NULL, NULL, 101, 0, "edits" }, { NULL, NULL, -1, 0, "edits" }, { NULL, NULL, 60, 60, "" } };
		for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
			struct gen_opts o = usual;
			struct gen *g = NULL;
			struct err e = { 0 };
			o.networks = bad[i].networks;
			o.langs = bad[i].langs;
			o.edits = bad[i].edits;
			o.deletes = bad[i].deletes;
			int r = gen_new(&g, &o, &e);
			if (r == 0 || !strstr(e.msg, bad[i].part))
				T_FAIL("%zu: %d, %s", i, r, e.msg);
			if (r == 0)
				gen_free(g);
		}
	}
}

struct seen {
	char id[64], created[40];
};

static const char *text_of(const struct json *root, const char *key)
{
	const char *s = json_str(json_get(root, key));
	return s ? s : "";
}

static const struct seen *find(const struct seen *v, size_t n, const char *id)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(v[i].id, id) == 0)
			return &v[i];
	return NULL;
}

static void test_posts(void)
{
	struct gen_opts o = usual;
	struct arena a = ARENA_INIT;
	struct seen *seen = calloc(o.count, sizeof *seen);
	size_t n = 0, edits = 0, deletes = 0;
	o.edits = 10;
	o.deletes = 5;
	o.networks = "x=2,reddit";
	struct buf b = make(o);
	T_CASE("every line is JSON; edits keep id and time of a post that came before, deletions name one; ids are unique otherwise")
	{
		for (const char *p = b.p, *end = b.p + b.n; p < end; ) {
			const char *nl = memchr(p, '\n', (size_t)(end - p));
			struct json *root;
			struct err e;
			arena_clear(&a);
			if (json_parse(&root, &a, p, (size_t)(nl - p), &e)) {
				T_FAIL("%s", e.msg);
				break;
			}
			const char *id = text_of(root, "id"), *op = text_of(root, "op"), *created = text_of(root, "created_at");
			const char *network = text_of(root, "network");
			T_OK(strcmp(network, "x") == 0 || strcmp(network, "reddit") == 0);
			const struct seen *was = find(seen, n, id);
			if (strcmp(op, "delete") == 0) {
				deletes++;
				T_OK(was != NULL);
			} else if (json_get(root, "edited_at")) {
				edits++;
				T_OK(was && strcmp(was->created, created) == 0);
			} else {
				T_OK(!was && *id);
				snprintf(seen[n].id, sizeof seen[n].id, "%s", id);
				snprintf(seen[n++].created, sizeof seen->created, "%s", created);
			}
			p = nl + 1;
		}
		T_OK(edits > 200 && edits < 400);
		T_OK(deletes > 100 && deletes < 200);
	}
	buf_release(&b);
	arena_release(&a);
	free(seen);
}

int main(void)
{
	test_bytes();
	test_posts();
	return t_done();
}
