/* SPDX-License-Identifier: MIT */
/* Nodes as libjq prints what it was given: no white space, escapes the one way, of each number the text that post/fast_put
 * knows to stay. Members stay in their order; where two have one name, libjq's order is its own affair. */
#include "source/fast_parts.h"

#include "base/mem.h"
#include "json/doc.h"
#include "json/string.h"

#define MAX_MEMBERS 64     /* compared with each other */

static bool has_twins(const struct fast_node *o)
{
	const struct fast_node *member[MAX_MEMBERS], *end = o + o->span;
	size_t n = 0;
	for (const struct fast_node *c = o + 1; c < end; c += c->span) {
		if (n == MAX_MEMBERS)
			return true;
		for (size_t i = 0; i < n; i++)
			if (member[i]->nkey == c->nkey && memcmp(member[i]->key, c->key, c->nkey) == 0)
				return true;
		member[n++] = c;
	}
	return false;
}

static void put_text(struct fast_cut *c, const struct fast_node *v)
{
	if (!(v->flags & FAST_ESCAPES)) {
		buf_put(&c->text, v->p - 1, (size_t)v->n + 2); /* with its quotes */
		return;
	}
	char *decoded = arena_alloc(c->arena, (size_t)v->n + 8);
	json_put_string(&c->text, decoded, json_decode(decoded, v->p, v->n));
}

static bool put_node(struct fast_cut *c, const struct fast_node *v);

static bool put_inside(struct fast_cut *c, const struct fast_node *v)
{
	bool object = v->kind == FV_OBJECT;
	if (object && (v->flags & FAST_ODD || has_twins(v)))
		return false;
	buf_putc(&c->text, object ? '{' : '[');
	for (const struct fast_node *m = v + 1, *end = v + v->span; m < end; m += m->span) {
		if (m != v + 1)
			buf_putc(&c->text, ',');
		if (object) {
			buf_put(&c->text, m->key - 1, (size_t)m->nkey + 2);
			buf_putc(&c->text, ':');
		}
		if (!put_node(c, m))
			return false;
	}
	buf_putc(&c->text, object ? '}' : ']');
	return true;
}

/* The depth is that of the text, which was checked. */
static bool put_node(struct fast_cut *c, const struct fast_node *v)
{
	switch (v->kind) {
	case FV_NULL: buf_put(&c->text, "null", 4); return true;
	case FV_FALSE: buf_put(&c->text, "false", 5); return true;
	case FV_TRUE: buf_put(&c->text, "true", 4); return true;
	case FV_TEXT: put_text(c, v); return true;
	case FV_NUMBER:
		if (!fast_number_stays(v->p, v->n))
			return false;
		buf_put(&c->text, v->p, v->n);
		return true;
	default: return put_inside(c, v);
	}
}

int fast_cut_put(void *arg, struct fast_value v)
{
	struct fast_cut *c = arg;
	if (v.kind != FV_OBJECT && v.kind != FV_ARRAY)
		return -1;
	if (v.node == c->page)
		buf_put(&c->text, c->own, c->nown);
	else if (!put_node(c, v.node))
		return -1;
	MEM_GROW(c->end, c->cap, c->n + 1);
	c->end[c->n++] = c->text.n;
	return 0;
}
