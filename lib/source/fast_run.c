/* SPDX-License-Identifier: MIT */
/* A plan over an item. Whatever jq would evaluate is evaluated here as well, at least as much of it, so that an error of
 * jq's never goes unseen: it is FV_BACK here. */
#include "source/fast_parts.h"

#include "base/mem.h"
#include "base/num.h"
#include "json/string.h"

#define MAX_SEARCH 4096    /* members looked at by name */

static struct fast_value nothing(void)
{
	return fast_plain(FV_NONE);
}

static struct fast_value give_back(void)
{
	return fast_plain(FV_BACK);
}

/* --- values --- */

bool fast_i64(struct fast_value v, int64_t *i)
{
	return v.kind == FV_NUMBER && v.n <= 15 + (v.p[0] == '-') && num_i64(v.p, v.n, i);
}

struct fast_value fast_decoded(struct fast_run *r, struct fast_value v)
{
	if (!(v.flags & FAST_ESCAPES))
		return v;
	char *to = arena_alloc(r->arena, v.n + 8);
	v.n = (uint32_t)json_decode(to, v.p, v.n);
	v.p = to;
	v.flags = 0;
	return v;
}

bool fast_elements(struct fast_elements *e, struct fast_value v)
{
	*e = (struct fast_elements){ NULL, NULL, NULL, 0 };
	if (v.kind == FV_ARRAY) {
		e->at = v.node + 1;
		e->end = v.node + v.node->span;
	} else if (v.kind == FV_LIST) {
		e->list = v.list;
	} else {
		return false;
	}
	return true;
}

void fast_append(struct fast_run *r, struct fast_list *l, struct fast_value v)
{
	if (l->n == l->cap) {
		struct fast_value *old = l->v;
		l->cap = l->cap ? 2 * l->cap : 4;
		l->v = arena_alloc(r->arena, l->cap * sizeof *l->v);
		if (l->n)
			memcpy(l->v, old, l->n * sizeof *l->v);
	}
	l->v[l->n++] = v;
}

struct fast_value fast_list_value(struct fast_run *r, struct fast_list l)
{
	struct fast_list *to = arena_alloc(r->arena, sizeof *to);
	*to = l;
	return (struct fast_value){ .kind = FV_LIST, .list = to };
}

/* What jq's order of types tells apart; arrays and objects that are made are of the same type as those of the item. */
static int type_of(struct fast_value v)
{
	return v.kind == FV_LIST ? FV_ARRAY : v.kind == FV_MADE ? FV_OBJECT : v.kind;
}

static int same_text(struct fast_run *r, struct fast_value a, struct fast_value b)
{
	a = fast_decoded(r, a);
	b = fast_decoded(r, b);
	return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

/* -1: not known. Of duplicate members, only whether there are any is certain. */
static int is_empty(struct fast_value v)
{
	switch (v.kind) {
	case FV_LIST: return v.list->n == 0;
	case FV_MADE: return v.made->n == 0;
	default: return v.node->span == 1;
	}
}

int fast_same(struct fast_run *r, struct fast_value a, struct fast_value b)
{
	int64_t i, j;
	if (type_of(a) != type_of(b))
		return 0;
	switch (type_of(a)) {
	case FV_TEXT:
		return same_text(r, a, b);
	case FV_NUMBER:
		return fast_i64(a, &i) && fast_i64(b, &j) ? i == j : -1;
	case FV_ARRAY:
	case FV_OBJECT:
		if (is_empty(a) != is_empty(b))
			return 0;
		return is_empty(a) ? 1 : -1;
	default:
		return 1;
	}
}

/* --- members and elements --- */

/* Of several members of one name the last counts. */
static struct fast_value of_object(const struct fast_run *r, const struct fast_node *o, uint16_t key)
{
	const struct fast_node *found = NULL;
	if (o->flags & FAST_ODD)
		return give_back();
	if (o == r->item->v) {
		uint32_t i = r->item->slot[key];
		return i ? fast_of_node(o + i) : fast_plain(FV_NULL);
	}
	for (const struct fast_node *c = o + 1, *end = o + o->span; c < end; c += c->span)
		if (c->id == key)
			found = c;
	return found ? fast_of_node(found) : fast_plain(FV_NULL);
}

static struct fast_value fast_get(const struct fast_run *r, struct fast_value v, uint16_t key, bool opt)
{
	switch (v.kind) {
	case FV_OBJECT:
		return of_object(r, v.node, key);
	case FV_MADE:
		for (uint32_t i = 0; i < v.made->n; i++)
			if (v.made->m[i].key == key)
				return v.made->m[i].v;
		return fast_plain(FV_NULL);
	case FV_NULL:
		return v;
	default:
		return opt ? nothing() : give_back();
	}
}

static struct fast_value member_by_text(struct fast_run *r, struct fast_value v, struct fast_value key)
{
	const struct fast_node *found = NULL;
	uint32_t seen = 0;
	key = fast_decoded(r, key);
	if (v.kind == FV_MADE) {
		char *padded = arena_zalloc(r->arena, (size_t)key.n + 8);
		memcpy(padded, key.p, key.n);
		uint16_t id = fast_key_find(r->keys, padded, key.n);
		return id ? fast_get(r, v, id, false) : fast_plain(FV_NULL);
	}
	if (v.node->flags & FAST_ODD)
		return give_back();
	for (const struct fast_node *c = v.node + 1, *end = v.node + v.node->span; c < end; c += c->span) {
		if (++seen > MAX_SEARCH)
			return give_back();
		if (c->nkey == key.n && memcmp(c->key, key.p, key.n) == 0)
			found = c;
	}
	return found ? fast_of_node(found) : fast_plain(FV_NULL);
}

static struct fast_value element(struct fast_value v, int64_t i)
{
	struct fast_elements e;
	struct fast_value at;
	if (v.kind == FV_LIST) {
		i += i < 0 ? v.list->n : 0;
		return i >= 0 && i < v.list->n ? v.list->v[i] : fast_plain(FV_NULL);
	}
	if (i < 0) {
		int64_t n = 0;
		for (fast_elements(&e, v); fast_next(&e, &at);)
			n++;
		i += n;
	}
	for (fast_elements(&e, v); i >= 0 && fast_next(&e, &at); i--)
		if (i == 0)
			return at;
	return fast_plain(FV_NULL);
}

static struct fast_value fast_eval(struct fast_run *r, const struct fast_expr *x, struct fast_value in);

static struct fast_value lookup(struct fast_run *r, const struct fast_expr *x, struct fast_value in)
{
	struct fast_value v = fast_eval(r, x->a, in), key = fast_eval(r, x->b, in);
	int64_t i;
	if (v.kind == FV_BACK || key.kind == FV_BACK)
		return give_back();
	if (fast_gone(v) || fast_gone(key))
		return nothing();
	if (key.kind == FV_TEXT && (v.kind == FV_OBJECT || v.kind == FV_MADE))
		return member_by_text(r, v, key);
	if (fast_i64(key, &i) && (v.kind == FV_ARRAY || v.kind == FV_LIST))
		return i > -INT32_MAX && i < INT32_MAX ? element(v, i) : give_back();
	if (v.kind == FV_NULL && (key.kind == FV_TEXT || fast_i64(key, &i)))
		return v;
	return give_back();
}

/* Behind COUNT characters from P on. */
static const char *characters(const char *p, const char *end, int64_t count)
{
	for (; count > 0 && p < end; count--) {
		unsigned char c = (unsigned char)*p;
		p += c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
	}
	return p;
}

/* A slice's ends, as jq has them, in what is N long. */
static void slice_ends(const struct fast_expr *x, int64_t n, int64_t *from, int64_t *to)
{
	*from = x->from < 0 ? x->from + n : x->from;
	*to = x->to < 0 ? x->to + n : x->to;
	*from = *from < 0 ? 0 : *from;
	*to = *to < *from ? *from : *to;
}

static struct fast_value slice_elements(struct fast_run *r, const struct fast_expr *x, struct fast_value of)
{
	struct fast_list l = { 0, 0, NULL };
	struct fast_elements e;
	struct fast_value v;
	int64_t n = 0, from, to;
	for (fast_elements(&e, of); (x->from < 0 || x->to < 0) && fast_next(&e, &v);)
		n++;
	slice_ends(x, n, &from, &to);
	fast_elements(&e, of);
	for (int64_t i = 0; i < to && fast_next(&e, &v); i++)
		if (i >= from)
			fast_append(r, &l, v);
	return fast_list_value(r, l);
}

static struct fast_value slice_text(struct fast_run *r, const struct fast_expr *x, struct fast_value v)
{
	v = fast_decoded(r, v);
	const char *end = v.p + v.n;
	int64_t n = 0, from, to;
	for (const char *p = v.p; (x->from < 0 || x->to < 0) && p < end; p = characters(p, end, 1))
		n++;
	slice_ends(x, n, &from, &to);
	const char *begin = characters(v.p, end, from);
	v.n = (uint32_t)(characters(begin, end, to - from) - begin);
	v.p = begin;
	return v;
}

static struct fast_value slice(struct fast_run *r, const struct fast_expr *x, struct fast_value in)
{
	struct fast_value v = fast_eval(r, x->a, in);
	switch (v.kind) {
	case FV_NONE:
	case FV_BACK:
	case FV_NULL: return v;
	case FV_TEXT: return slice_text(r, x, v);
	case FV_ARRAY:
	case FV_LIST: return slice_elements(r, x, v);
	default: return give_back();
	}
}

/* --- operators --- */

static struct fast_value joined_texts(struct fast_run *r, struct fast_value a, struct fast_value b)
{
	if (!(a.flags & b.flags & FAST_CLEAN)) {
		a = fast_decoded(r, a);
		b = fast_decoded(r, b);
	}
	size_t n = (size_t)a.n + b.n;
	if (n > FAST_TEXT_MAX)
		return give_back();
	char *to = arena_alloc(r->arena, n + 8);
	memcpy(to, a.p, a.n);
	memcpy(to + a.n, b.p, b.n);
	return (struct fast_value){ FV_TEXT, a.flags & b.flags & FAST_CLEAN, (uint32_t)n, { to } };
}

static struct fast_value joined_arrays(struct fast_run *r, struct fast_value a, struct fast_value b)
{
	struct fast_list l = { 0, 0, NULL };
	struct fast_elements e;
	struct fast_value v;
	for (fast_elements(&e, a); fast_next(&e, &v);)
		fast_append(r, &l, v);
	for (fast_elements(&e, b); fast_next(&e, &v);)
		fast_append(r, &l, v);
	return fast_list_value(r, l);
}

static struct fast_made *new_object(struct fast_run *r, size_t n)
{
	struct fast_made *o = arena_alloc(r->arena, sizeof *o + n * sizeof *o->m);
	o->keys = NULL;
	o->n = 0;
	return o;
}

static void set_member(struct fast_made *o, uint16_t key, struct fast_value v)
{
	uint32_t i = 0;
	while (i < o->n && o->m[i].key != key)
		i++;
	o->m[i] = (struct fast_member){ v, key };
	o->n += i == o->n;
}

static struct fast_value joined_objects(struct fast_run *r, const struct fast_made *a, const struct fast_made *b)
{
	struct fast_made *o = new_object(r, (size_t)a->n + b->n);
	memcpy(o->m, a->m, a->n * sizeof *a->m);
	o->n = a->n;
	for (uint32_t i = 0; i < b->n; i++)
		set_member(o, b->m[i].key, b->m[i].v);
	return (struct fast_value){ .kind = FV_MADE, .made = o };
}

static struct fast_value add(struct fast_run *r, struct fast_value a, struct fast_value b)
{
	if (a.kind == FV_NULL)
		return b;
	if (b.kind == FV_NULL)
		return a;
	if (a.kind == FV_TEXT && b.kind == FV_TEXT)
		return joined_texts(r, a, b);
	if (type_of(a) == FV_ARRAY && type_of(b) == FV_ARRAY)
		return joined_arrays(r, a, b);
	if (a.kind == FV_MADE && b.kind == FV_MADE)
		return joined_objects(r, a.made, b.made);
	return give_back();
}

/* What of A is not in B. */
static struct fast_value minus(struct fast_run *r, struct fast_value a, struct fast_value b)
{
	struct fast_list l = { 0, 0, NULL };
	struct fast_elements of, in;
	struct fast_value v, w;
	if (!fast_elements(&of, a) || !fast_elements(&in, b))
		return give_back();
	while (fast_next(&of, &v)) {
		int same = 0;
		for (fast_elements(&in, b); same == 0 && fast_next(&in, &w);)
			same = fast_same(r, v, w);
		if (same < 0)
			return give_back();
		if (same == 0)
			fast_append(r, &l, v);
	}
	return fast_list_value(r, l);
}

/* -2: not known. */
static int order(struct fast_run *r, struct fast_value a, struct fast_value b)
{
	int64_t i, j;
	if (a.kind == FV_NUMBER && b.kind == FV_NUMBER)
		return fast_i64(a, &i) && fast_i64(b, &j) ? (i > j) - (i < j) : -2;
	if (a.kind != FV_TEXT || b.kind != FV_TEXT)
		return -2;
	a = fast_decoded(r, a);
	b = fast_decoded(r, b);
	int c = mem_compare(a.p, a.n, b.p, b.n);
	return (c > 0) - (c < 0);
}

static struct fast_value compare(struct fast_run *r, const struct fast_expr *x, struct fast_value a, struct fast_value b)
{
	if (x->compare == FAST_EQ || x->compare == FAST_NE) {
		int same = fast_same(r, a, b);
		return same < 0 ? give_back() : fast_bool(same == (x->compare == FAST_EQ));
	}
	int c = order(r, a, b);
	if (c == -2)
		return give_back();
	switch (x->compare) {
	case FAST_LT: return fast_bool(c < 0);
	case FAST_LE: return fast_bool(c <= 0);
	case FAST_GT: return fast_bool(c > 0);
	default: return fast_bool(c >= 0);
	}
}

static struct fast_value operate(struct fast_run *r, const struct fast_expr *x, struct fast_value in)
{
	struct fast_value a = fast_eval(r, x->a, in), b = fast_eval(r, x->b, in);
	if (a.kind == FV_BACK || b.kind == FV_BACK)
		return give_back();
	if (fast_gone(a) || fast_gone(b))
		return nothing();
	return x->op == OP_ADD ? add(r, a, b) : x->op == OP_MINUS ? minus(r, a, b) : compare(r, x, a, b);
}

static struct fast_value both(struct fast_run *r, const struct fast_expr *x, struct fast_value in)
{
	struct fast_value v = fast_eval(r, x->a, in);
	if (fast_gone(v))
		return v;
	if (fast_truth(v) == (x->op == OP_OR))
		return fast_bool(x->op == OP_OR);
	v = fast_eval(r, x->b, in);
	return fast_gone(v) ? v : fast_bool(fast_truth(v));
}

/* --- what is made --- */

static inline struct fast_value path(struct fast_run *r, const struct fast_expr *x, struct fast_value in)
{
	struct fast_value v = x->a->op == OP_DOT ? in : fast_eval(r, x->a, in);
	uint32_t i = 0;
	if (v.kind == FV_OBJECT && v.node == r->item->v && !(v.flags & FAST_ODD)) {
		uint32_t at = r->item->slot[x->keys[i++]];
		v = at ? fast_of_node(r->item->v + at) : fast_plain(FV_NULL);
	}
	for (; i < x->n && v.kind != FV_NULL && v.kind != FV_BACK; i++)
		v = fast_get(r, v, x->keys[i], false);
	return v;
}

static struct fast_value make(struct fast_run *r, const struct fast_expr *x, struct fast_value in)
{
	struct fast_made *o = new_object(r, x->n);
	bool none = false;
	for (uint32_t i = 0; i < x->n; i++) {
		const struct fast_expr *of = x->v[i];
		struct fast_value v = of->op == OP_PATH ? path(r, of, in) : fast_eval(r, of, in);
		if (v.kind == FV_BACK)
			return v;
		none |= v.kind == FV_NONE;
		o->m[i] = (struct fast_member){ v, x->keys[i] };
	}
	o->n = x->n;
	o->keys = x->keys;
	return none ? nothing() : (struct fast_value){ .kind = FV_MADE, .made = o };
}

static struct fast_value set(struct fast_run *r, const struct fast_expr *x, struct fast_value in)
{
	struct fast_value v = fast_eval(r, x->a, in);
	if (fast_gone(v) || in.kind != FV_MADE)
		return give_back();
	struct fast_made *o = new_object(r, (size_t)in.made->n + 1);
	memcpy(o->m, in.made->m, in.made->n * sizeof *o->m);
	o->n = in.made->n;
	set_member(o, x->key, v);
	return (struct fast_value){ .kind = FV_MADE, .made = o };
}

static struct fast_value joined(struct fast_run *r, const struct fast_expr *x, struct fast_value in)
{
	struct fast_value all = { FV_TEXT, FAST_CLEAN, 0, { "" } };
	bool none = false;
	for (uint32_t i = 0; i < x->n; i++) {
		struct fast_value v = fast_eval(r, x->v[i], in);
		none |= v.kind == FV_NONE;
		v = v.kind == FV_NONE ? v : fast_tostring(r, v);
		if (v.kind == FV_BACK)
			return v;
		if (v.kind == FV_TEXT && v.n && (all = joined_texts(r, all, v)).kind == FV_BACK)
			return all;
	}
	return none ? nothing() : all;
}

struct collecting {
	struct fast_run *r;
	struct fast_list l;
};

static int collect(void *arg, struct fast_value v)
{
	struct collecting *c = arg;
	fast_append(c->r, &c->l, v);
	return 0;
}

static struct fast_value list(struct fast_run *r, const struct fast_expr *x, struct fast_value in)
{
	struct collecting c = { r, { 0, 0, NULL } };
	if (x->a && fast_each(r, x->a, in, collect, &c) < 0)
		return give_back();
	return fast_list_value(r, c.l);
}

static int take_first(void *arg, struct fast_value v)
{
	*(struct fast_value *)arg = v;
	return 1;
}

static struct fast_value first(struct fast_run *r, const struct fast_expr *x, struct fast_value in)
{
	struct fast_value v = nothing();
	return fast_each(r, x->a, in, take_first, &v) < 0 ? give_back() : v;
}

struct seen {
	bool yes, no;
};

static int note_truth(void *arg, struct fast_value v)
{
	struct seen *seen = arg;
	*(fast_truth(v) ? &seen->yes : &seen->no) = true;
	return 0;
}

/* All are looked at: what fails behind the one that decides fails in jq 1.6, in later ones it does not. */
static struct fast_value quantified(struct fast_run *r, const struct fast_expr *x, struct fast_value in)
{
	struct seen seen = { false, false };
	if (fast_each(r, x->a, in, note_truth, &seen) < 0)
		return give_back();
	return fast_bool(x->op == OP_ANY ? seen.yes : !seen.no);
}

static struct fast_value call(struct fast_run *r, const struct fast_expr *x, struct fast_value in)
{
	struct fast_value arg = x->a ? fast_eval(r, x->a, in) : fast_plain(FV_NULL);
	return fast_gone(arg) ? arg : x->call(r, in, arg);
}

/* At most one output: FV_NONE is none. */
static struct fast_value fast_eval(struct fast_run *r, const struct fast_expr *x, struct fast_value in)
{
	struct fast_value v;
	switch (x->op) {
	case OP_DOT: return in;
	case OP_CONST: return x->value;
	case OP_LOCAL: return r->local[x->n];
	case OP_GLOBAL: return r->global[x->n];
	case OP_PATH: return path(r, x, in);
	case OP_GET:
		v = fast_eval(r, x->a, in);
		return fast_gone(v) ? v : fast_get(r, v, x->key, x->opt);
	case OP_LOOKUP: return lookup(r, x, in);
	case OP_SLICE: return slice(r, x, in);
	case OP_JOINED: return joined(r, x, in);
	case OP_LIST: return list(r, x, in);
	case OP_MAKE: return make(r, x, in);
	case OP_PIPE:
		v = fast_eval(r, x->a, in);
		return fast_gone(v) ? v : fast_eval(r, x->b, v);
	case OP_ALT:
		v = fast_eval(r, x->a, in);
		return v.kind == FV_BACK || (v.kind != FV_NONE && fast_truth(v)) ? v : fast_eval(r, x->b, in);
	case OP_AND:
	case OP_OR: return both(r, x, in);
	case OP_COMPARE:
	case OP_ADD:
	case OP_MINUS: return operate(r, x, in);
	case OP_IF:
		v = fast_eval(r, x->a, in);
		return fast_gone(v) ? v : fast_eval(r, fast_truth(v) ? x->b : x->c, in);
	case OP_BIND:
		v = fast_eval(r, x->a, in);
		if (fast_gone(v))
			return v;
		r->local[x->n] = v;
		return fast_eval(r, x->b, in);
	case OP_SET: return set(r, x, in);
	case OP_FIRST: return first(r, x, in);
	case OP_ANY:
	case OP_ALL: return quantified(r, x, in);
	case OP_SELECT:
		v = fast_eval(r, x->a, in);
		return fast_gone(v) ? v : fast_truth(v) ? in : nothing();
	case OP_KINDS: return x->n >> in.kind & 1 ? in : nothing();
	case OP_CALL: return call(r, x, in);
	case OP_COMMA:
	case OP_EACH:
	case OP_BACK: break;
	}
	return give_back();
}

/* --- several outputs --- */

struct outer {
	struct fast_run *r;
	const struct fast_expr *x;
	struct fast_value in;
	fast_emit_fn *fn;
	void *arg;
	bool found;
};

static int elements(struct outer *o, struct fast_value v)
{
	struct fast_elements e;
	struct fast_value c;
	int rc = 0;
	/* The values of an object would come in libjq's order. */
	if (!fast_elements(&e, v))
		return o->x->opt && v.kind != FV_OBJECT && v.kind != FV_MADE ? 0 : -1;
	while (rc == 0 && fast_next(&e, &c))
		rc = o->fn(o->arg, c);
	return rc;
}

static int then_elements(void *arg, struct fast_value v)
{
	return elements(arg, v);
}

static int then_pipe(void *arg, struct fast_value v)
{
	struct outer *o = arg;
	return fast_each(o->r, o->x->b, v, o->fn, o->arg);
}

static int then_bind(void *arg, struct fast_value v)
{
	struct outer *o = arg;
	o->r->local[o->x->n] = v;
	return fast_each(o->r, o->x->b, o->in, o->fn, o->arg);
}

static int then_true(void *arg, struct fast_value v)
{
	struct outer *o = arg;
	if (!fast_truth(v))
		return 0;
	o->found = true;
	return o->fn(o->arg, v);
}

int fast_each(struct fast_run *r, const struct fast_expr *x, struct fast_value in, fast_emit_fn *fn, void *arg)
{
	struct outer o = { r, x, in, fn, arg, false };
	struct fast_value v;
	int rc;
	if (!x->many) {
		v = fast_eval(r, x, in);
		return v.kind == FV_BACK ? -1 : v.kind == FV_NONE ? 0 : fn(arg, v);
	}
	switch (x->op) {
	case OP_EACH: return fast_each(r, x->a, in, then_elements, &o);
	case OP_PIPE: return fast_each(r, x->a, in, then_pipe, &o);
	case OP_BIND: return fast_each(r, x->a, in, then_bind, &o);
	case OP_COMMA:
		rc = fast_each(r, x->a, in, fn, arg);
		return rc ? rc : fast_each(r, x->b, in, fn, arg);
	case OP_ALT:
		rc = fast_each(r, x->a, in, then_true, &o);
		return rc || o.found ? rc : fast_each(r, x->b, in, fn, arg);
	case OP_IF:
		v = fast_eval(r, x->a, in);
		if (fast_gone(v))
			return v.kind == FV_BACK ? -1 : 0;
		return fast_each(r, fast_truth(v) ? x->b : x->c, in, fn, arg);
	default: return -1;
	}
}
