/* SPDX-License-Identifier: MIT */
/* Walks each record once and notes where the fields are that were asked for. */
#include "json/pick.h"

#include "base/mem.h"
#include "json/kind.h"
#include "json/string.h"
#include "json/walk.h"

#include <assert.h>

/* The paths as a tree of names; the root has none. */
struct node {
	const char *name;
	size_t nname;
	uint64_t lengths;        /* bit min(length, 63) for each child's name */
	ptrdiff_t field;         /* the first path that ends here, or -1 */
	struct node *child, *next;
};

struct json_pick {
	struct json_lines lines;
	struct json_walk walk;
	const uint32_t *tok;     /* the first one of the record given last */
	json_pick_walk_fn *fn;   /* NULL: we walk ourselves */
	void *arg;
	struct arena arena;
	struct node root;
	size_t n;
	struct json_field *field;
	size_t *same;            /* for each path, the first one that is equal to it */
	struct buf key;          /* a decoded name */
};

static uint64_t length_bit(size_t n)
{
	return UINT64_C(1) << (n < 63 ? n : 63);
}

static struct node *add_node(struct json_pick *pk, struct node *in, const char *name, size_t n)
{
	for (struct node *c = in->child; c; c = c->next)
		if (c->nname == n && memcmp(c->name, name, n) == 0)
			return c;
	struct node *c = arena_zalloc(&pk->arena, sizeof *c);
	c->name = arena_strndup(&pk->arena, name, n);
	c->nname = n;
	c->field = -1;
	c->next = in->child;
	in->child = c;
	in->lengths |= length_bit(n);
	return c;
}

/* Split off the first name of *PATH, between dots or in backticks. */
static bool next_name(const char **path, const char **name, size_t *n)
{
	const char *s = *path;
	if (*s == '`') {
		const char *close = strchr(++s, '`');
		if (!close || (close[1] && close[1] != '.'))
			return false;
		*name = s;
		*n = (size_t)(close - s);
		s = close + 1;
	} else {
		*name = s;
		*n = strcspn(s, ".`");
		s += *n;
		if (*n == 0 || *s == '`')
			return false;
	}
	if (*s == '.' && !s[1])
		return false;
	*path = s + (*s == '.');
	return true;
}

static int add_path(struct json_pick *pk, const char *path, size_t i, struct err *e)
{
	struct node *at = &pk->root;
	const char *rest = path, *name;
	size_t n;
	do {
		if (!next_name(&rest, &name, &n))
			return err_set(e, ERR_USAGE, "malformed field path '%s'", path);
		at = add_node(pk, at, name, n);
	} while (*rest);
	if (at->field < 0)
		at->field = (ptrdiff_t)i;
	pk->same[i] = (size_t)at->field;
	return 0;
}

int json_pick_new(struct json_pick **out, const char *const *paths, size_t n, struct err *e)
{
	struct json_pick *pk = mem_zalloc(sizeof *pk);
	json_lines_init(&pk->lines);
	pk->root.field = -1;
	pk->n = n;
	pk->field = arena_array(&pk->arena, n + 1, sizeof *pk->field);
	pk->same = arena_array(&pk->arena, n + 1, sizeof *pk->same);
	for (size_t i = 0; i < n; i++)
		if (add_path(pk, paths[i], i, e)) {
			json_pick_free(pk);
			*out = NULL;
			return ERR_USAGE;
		}
	*out = pk;
	return 0;
}

void json_pick_free(struct json_pick *pk)
{
	if (!pk)
		return;
	json_lines_release(&pk->lines);
	arena_release(&pk->arena);
	buf_release(&pk->key);
	mem_free(pk);
}

void json_pick_block(struct json_pick *pk, const char *p, size_t n)
{
	json_lines_block(&pk->lines, p, n);
}

static const struct node *find_child(struct json_pick *pk, const struct node *in, const char *s, size_t n, bool escaped)
{
	if (escaped) {
		buf_clear(&pk->key);
		pk->key.n = json_decode(buf_reserve(&pk->key, n), s, n);
		s = pk->key.p;
		n = pk->key.n;
	}
	if (!(in->lengths & length_bit(n)))
		return NULL;
	for (const struct node *c = in->child; c; c = c->next)
		if (c->nname == n && memcmp(c->name, s, n) == 0)
			return c;
	return NULL;
}

static void forget(struct json_pick *pk, const struct node *in)
{
	for (const struct node *c = in->child; c; c = c->next) {
		if (c->field >= 0)
			pk->field[c->field] = (struct json_field){ JSON_NULL, NULL, 0 };
		forget(pk, c);
	}
}

static enum json_type type_of(char c)
{
	switch (c) {
	case '{': return JSON_OBJECT;
	case '[': return JSON_ARRAY;
	case '"': return JSON_STRING;
	case 't': return JSON_TRUE;
	case 'f': return JSON_FALSE;
	case 'n': return JSON_NULL;
	default: return JSON_NUMBER;
	}
}

static const uint32_t *walk_object(struct json_pick *pk, const struct node *in, const uint32_t *t, unsigned depth,
				   const char **end);

static const uint32_t *walk_wanted(struct json_pick *pk, const struct node *c, const uint32_t *t, unsigned depth)
{
	const char *s = pk->walk.p + *t, *end;
	if (c->child) {
		forget(pk, c);
		t = *s == '{' ? walk_object(pk, c, t, depth, &end) : json_walk_any(&pk->walk, t, depth, &end);
	} else {
		t = json_walk_any(&pk->walk, t, depth, &end);
	}
	if (t && c->field >= 0)
		pk->field[c->field] = (struct json_field){ type_of(*s), s, (size_t)(end - s) };
	return t;
}

/* At '{'. The depth is that of the paths at most, so is the stack's. */
static const uint32_t *walk_object(struct json_pick *pk, const struct node *in, const uint32_t *t, unsigned depth,
				   const char **end)
{
	const struct json_walk w = pk->walk;
	if (depth++ >= JSON_MAX_DEPTH)
		return NULL;
	if (w.p[*++t] == '}') {
		*end = w.p + *t + 1;
		return t + 1;
	}
	for (;; t++) {
		uint32_t quote, s = *t + 1;
		if (w.p[*t] != '"' || w.p[t[1]] != ':')
			return NULL;
		if (!json_walk_string(&w, t, &quote))
			return NULL;
		bool escaped = json_walk_escaped(&w, s, quote);
		const struct node *c = find_child(pk, in, w.p + s, quote - s, escaped);
		t += 2;
		t = c ? walk_wanted(pk, c, t, depth) : json_walk_any(&w, t, depth, end);
		if (!t)
			return NULL;
		if (w.p[*t] != ',')
			break;
	}
	if (w.p[*t] != '}')
		return NULL;
	*end = w.p + *t + 1;
	return t + 1;
}

int json_pick_next(struct json_pick *pk, struct json_record *rec, struct err *e)
{
	struct json_line l;
	const char *end;
	if (!json_lines_next(&pk->lines, &l))
		return 0;
	rec->p = l.base + l.start;
	rec->n = l.end - l.start;
	rec->line = l.number;
	rec->field = pk->field;
	enum json_kind kind = json_kind(rec->p, rec->n);
	rec->is_mark = kind == JSON_KIND_MARK;
	for (size_t i = 0; i < pk->n; i++)
		pk->field[i].p = NULL;
	pk->walk = json_walk_line(&pk->lines, &l);
	if (!l.tok || l.base[*l.tok] != '{' || kind == JSON_KIND_RESERVED)
		return json_line_error(&l, e);
	pk->tok = l.tok;
	struct json_tokens tokens = { pk->walk.p, l.tok, pk->walk.slash };
	const uint32_t *t = pk->fn ? pk->fn(pk->arg, &tokens, &end) : walk_object(pk, &pk->root, l.tok, 0, &end);
	if (!t || end > rec->p + rec->n || *t < l.end)
		return json_line_error(&l, e);
	pk->lines.tok = t;
	for (size_t i = 0; i < pk->n; i++)
		if (pk->same[i] != i)
			pk->field[i] = pk->field[pk->same[i]];
	return 1;
}

void json_pick_walk(struct json_pick *pk, json_pick_walk_fn *fn, void *arg)
{
	assert(!pk->n);
	pk->fn = fn;
	pk->arg = arg;
}

struct json_tokens json_pick_tokens(const struct json_pick *pk)
{
	return (struct json_tokens){ pk->walk.p, pk->tok, pk->walk.slash };
}
