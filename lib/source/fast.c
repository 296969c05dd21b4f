/* SPDX-License-Identifier: MIT */
/* Runs a compiled map over an item's tokens; what it cannot do is left to libjq. */
#include "source/fast.h"

#include "base/mem.h"
#include "source/fast_parts.h"

#include <string.h>

#define MAX_PROGRAM ((size_t)128 << 10)

struct global {
	struct fast_doc doc;
	struct buf text;           /* what its nodes point into */
};

struct fast {
	struct arena arena;        /* the plan */
	struct arena item_arena;
	struct fast_keys keys;
	struct fast_expr *plan;    /* NULL: no plan at all */
	char *outside;
	struct fast_run run;
	struct fast_doc item;
	const uint32_t *followed;  /* `item` holds the record with this first token, as pick gave it last */
	struct global *global;
	size_t nglobals;
	struct fast_put put;
	struct fast_cut cut;
	struct json_pick *pick;    /* of fast_item and fast_set */
	struct buf line;
};

/* What is outside, with its place: the text of a function or variable itself, else what the parser or the planner calls it. */
static void note_outside(struct fast *f, const char *program, const struct fast_syn *s, const char *why)
{
	const char *line = program;
	unsigned lines = 1;
	for (const char *p = program; p < s->at; p++) {
		if (*p == '\n') {
			lines++;
			line = p + 1;
		}
	}
	struct buf b = BUF_INIT;
	bool names = s->kind == SYN_CALL || s->kind == SYN_VAR;
	buf_puts(&b, why ? why : s->text);
	if (names)
		buf_printf(&b, " '%s%.*s'", s->kind == SYN_VAR ? "$" : "", (int)s->n, s->text);
	buf_printf(&b, " (line %u, column %zu of the program)", lines, (size_t)(s->at - line) + 1);
	f->outside = arena_strndup(&f->arena, b.p, b.n);
	buf_release(&b);
}

static void compile(struct fast *f, const char *program, const char *const *names, size_t nnames)
{
	struct fast_syn what = { .kind = SYN_OUTSIDE, .at = program, .text = "a program of this length" }, *syn = NULL;
	struct fast_planner p = { .arena = &f->arena, .keys = &f->keys, .names = names, .nnames = nnames };
	program = arena_strdup(&f->arena, program);
	what.at = program;
	f->keys.arena = &f->arena;
	if (strlen(program) <= MAX_PROGRAM)
		syn = fast_parse(program, &f->arena, &what);
	if (!syn) {
		note_outside(f, program, &what, NULL);
		return;
	}
	f->plan = fast_plan(&p, syn);
	if (p.outside)
		note_outside(f, program, p.outside, p.why);
	f->run.local = arena_array(&f->arena, p.nlocals + 1, sizeof *f->run.local);
}

struct fast *fast_new(const char *program, const char *const *names, size_t nnames)
{
	struct fast *f = mem_zalloc(sizeof *f);
	json_pick_new(&f->pick, NULL, 0, NULL);
	f->nglobals = nnames;
	f->global = arena_array(&f->arena, nnames + 1, sizeof *f->global);
	f->run.global = arena_array(&f->arena, nnames + 1, sizeof *f->run.global);
	for (size_t i = 0; i < nnames; i++)
		f->run.global[i] = fast_plain(FV_NULL);
	compile(f, program, names, nnames);
	if (!f->plan)
		return f;
	fast_put_init(&f->put, &f->keys, &f->arena);
	fast_keys_done(&f->keys);
	f->item.nslots = f->keys.n + 1;
	f->item.slot = arena_array(&f->arena, f->item.nslots, sizeof *f->item.slot);
	f->run.arena = f->put.arena = f->cut.arena = &f->item_arena;
	f->run.keys = &f->keys;
	f->run.item = &f->item;
	return f;
}

void fast_free(struct fast *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->nglobals; i++) {
		mem_free(f->global[i].doc.v);
		buf_release(&f->global[i].text);
	}
	mem_free(f->item.v);
	json_pick_free(f->pick);
	buf_release(&f->line);
	buf_release(&f->cut.text);
	mem_free(f->cut.end);
	buf_release(&f->put.network_json);
	arena_release(&f->item_arena);
	arena_release(&f->arena);
	mem_free(f);
}

enum fast_use fast_use(const struct fast *f)
{
	if (!f->plan || f->plan->back)
		return FAST_NONE;
	return f->outside ? FAST_PART : FAST_ALL;
}

const char *fast_outside(const struct fast *f)
{
	return f->outside;
}

/* B is one line, an object: its tokens, or false when it is no JSON. */
static bool index_line(struct fast *f, struct buf *b, struct json_tokens *t)
{
	struct json_record rec;
	buf_putc(b, '\n');
	memset(buf_reserve(b, JSON_PADDING), 0, JSON_PADDING);
	json_pick_block(f->pick, b->p, b->n);
	if (json_pick_next(f->pick, &rec, NULL) <= 0)
		return false;
	*t = json_pick_tokens(f->pick);
	return rec.n == b->n - 1;
}

void fast_set(struct fast *f, size_t i, const char *json, size_t n)
{
	struct global *g = &f->global[i];
	struct json_tokens t;
	if (!f->plan)
		return;
	buf_clear(&g->text);
	buf_puts(&g->text, "{\"v\":");
	size_t from = g->text.n;
	buf_put(&g->text, json, n);
	for (size_t k = from; k < g->text.n; k++)
		if (g->text.p[k] == '\n' || g->text.p[k] == '\r')
			g->text.p[k] = ' ';
	buf_putc(&g->text, '}');
	f->run.global[i] = fast_plain(FV_BACK);
	const char *end;
	if (!index_line(f, &g->text, &t) || !fast_doc_read(&g->doc, &f->keys, &t, &end))
		return;
	f->run.global[i] = fast_of_node(g->doc.v + 1);
}

static const uint32_t *follow(void *arg, const struct json_tokens *t, const char **end)
{
	struct fast *f = arg;
	const uint32_t *next = fast_doc_read(&f->item, &f->keys, t, end);
	f->followed = next ? t->tok : NULL;
	return next;
}

void fast_follow(struct fast *f, struct json_pick *pick)
{
	if (f->plan)
		json_pick_walk(pick, follow, f);
}

static bool read_item(struct fast *f, const struct json_tokens *t)
{
	const char *end;
	if (f->followed && f->followed == t->tok)
		return true;
	f->followed = NULL;
	return fast_doc_read(&f->item, &f->keys, t, &end) != NULL;
}

bool fast_tokens(struct fast *f, const struct json_tokens *t, const struct post_given *given, struct buf *out, uint64_t *made)
{
	size_t start = out->n;
	if (!f->plan || !read_item(f, t))
		return false;
	arena_clear(&f->item_arena);
	f->put.out = out;
	f->put.given = given;
	f->put.made = 0;
	if (fast_each(&f->run, f->plan, fast_of_node(f->item.v), fast_put_record, &f->put) < 0) {
		out->n = start;
		return false;
	}
	*made += f->put.made;
	return true;
}

static int only_whole(void *arg, struct fast_value v)
{
	struct fast *f = arg;
	bool whole = v.kind == FV_OBJECT && v.node == f->item.v && !f->put.made;
	f->put.made++;
	return whole ? 0 : -1;
}

bool fast_whole(struct fast *f, const struct json_tokens *t)
{
	if (!f->plan || !read_item(f, t))
		return false;
	arena_clear(&f->item_arena);
	f->put.made = 0;
	return fast_each(&f->run, f->plan, fast_of_node(f->item.v), only_whole, f) == 0 && f->put.made == 1;
}

bool fast_lacks(struct fast *f, const struct json_tokens *t, const char *name)
{
	size_t n = strlen(name);
	if (!f->plan || !read_item(f, t))
		return false;
	const struct fast_node *root = f->item.v;
	if (root->flags & FAST_ODD)
		return false;
	for (const struct fast_node *c = root + 1, *end = root + root->span; c < end; c += c->span)
		if (c->nkey == n && memcmp(c->key, name, n) == 0)
			return false;
	return true;
}

bool fast_item(struct fast *f, const char *item, size_t n, const struct post_given *given, struct buf *out, uint64_t *made)
{
	struct json_tokens t;
	if (!f->plan || n > JSON_INDEX_MAX - JSON_PADDING)
		return false;
	f->followed = NULL;
	buf_clear(&f->line);
	buf_put(&f->line, item, n);
	return index_line(f, &f->line, &t) && fast_tokens(f, &t, given, out, made);
}

bool fast_cut(struct fast *f, const char *page, size_t n, size_t *nitems)
{
	struct json_tokens t;
	if (!f->plan || n > JSON_INDEX_MAX - JSON_PADDING)
		return false;
	f->followed = NULL;
	buf_clear(&f->line);
	buf_put(&f->line, page, n);
	if (!index_line(f, &f->line, &t) || !read_item(f, &t))
		return false;
	arena_clear(&f->item_arena);
	buf_clear(&f->cut.text);
	f->cut.n = 0;
	f->cut.page = f->item.v;
	f->cut.own = t.base + *t.tok;
	f->cut.nown = (size_t)(f->line.p + f->line.n - 1 - f->cut.own);
	while (f->cut.own[f->cut.nown - 1] != '}')
		f->cut.nown--;
	if (fast_each(&f->run, f->plan, fast_of_node(f->item.v), fast_cut_put, &f->cut) < 0)
		return false;
	*nitems = f->cut.n;
	return true;
}

size_t fast_cut_item(const struct fast *f, size_t i, const char **p)
{
	size_t from = i ? f->cut.end[i - 1] : 0;
	*p = f->cut.text.p + from;
	return f->cut.end[i] - from;
}
