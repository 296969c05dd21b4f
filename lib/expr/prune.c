/* SPDX-License-Identifier: MIT */
/* Can a row of this file match? Every node gets the set of values that it can take, as bounds, from
 * the bounds of the columns; comparisons turn bounds into sets of outcomes; AND, OR and NOT work on those.
 * What is not understood can be anything, so that no row is lost:
 *   - a function carries bounds over when it never falls as its argument rises (year, casts to wider types),
 *     or when all its arguments are known exactly (partition columns);
 *   - floats may be NaN, which is above every bound, whatever the statistics say;
 *   - a maximum that was cut is moved up past everything that begins with it.
 */
#include "expr/vec.h"

#include "base/mem.h"

struct range {
	uint64_t stamp;
	unsigned may;            /* V_BOOL: a set of enum expr_may */
	bool may_null, may_value, may_nan, has_lo, has_hi;
	struct value lo, hi;
};

static const struct range *range_of(struct expr_eval *ev, const struct node *x, const struct expr_leaf *leaves);

static struct range anything(void)
{
	return (struct range){ .may = EXPR_MAY_ALL, .may_null = true, .may_value = true, .may_nan = true };
}

static struct range only(enum vkind kind, const struct value *v)
{
	struct range r = { .may = v->null ? EXPR_MAY_NULL : v->i ? EXPR_MAY_TRUE : EXPR_MAY_FALSE, .may_null = v->null,
			   .may_value = !v->null };
	if (kind == V_BOOL || v->null)
		return r;
	if (kind == V_DBL && v->d != v->d) {
		r.may_nan = true;
		return r;
	}
	r.has_lo = r.has_hi = true;
	r.lo = r.hi = *v;
	return r;
}

/* Is there just one value? */
static bool known(enum vkind kind, const struct range *r, struct value *v)
{
	if (kind == V_BOOL) {
		v->null = r->may == EXPR_MAY_NULL;
		v->i = r->may == EXPR_MAY_TRUE;
		return r->may == EXPR_MAY_NULL || r->may == EXPR_MAY_TRUE || r->may == EXPR_MAY_FALSE;
	}
	v->null = r->may_null && !r->may_value;
	if (v->null)
		return true;
	if (r->may_null || r->may_nan || !r->has_lo || !r->has_hi || value_cmp(kind, &r->lo, &r->hi))
		return false;
	*v = r->lo;
	return kind != V_DBL || v->d != 0; /* the sign of a zero is not known */
}

/* the least string above all that begin with S; false: there is none */
static bool after_prefix(struct arena *a, struct str *s)
{
	while (s->n && (unsigned char)s->p[s->n - 1] == 0xff)
		s->n--;
	if (!s->n)
		return false;
	char *up = arena_strndup(a, s->p, s->n);
	up[s->n - 1] = (char)((unsigned char)up[s->n - 1] + 1);
	s->p = up;
	return true;
}

static struct value stat_value(enum vkind kind, const union stats_value *v)
{
	struct value out = { .null = false };
	if (kind == V_DBL)
		out.d = v->d;
	else if (kind == V_DEC)
		out.dec = v->dec;
	else if (kind == V_STR)
		out.s = (struct str){ v->s.p, v->s.n };
	else
		out.i = v->i;
	return out;
}

static struct range of_leaf(struct expr_eval *ev, const struct node *x, const struct expr_leaf *leaf)
{
	const struct column_stats *s = leaf->stats;
	enum vkind kind = (enum vkind)x->kind;
	struct range r = anything();
	if (!s)
		return r;
	if (leaf->constant) {
		struct value v = { .null = true };
		if (s->has_minmax)
			v = stat_value(kind, &s->min);
		return only(kind, &v);
	}
	if (leaf->nulls_known) {
		r.may_null = s->nulls > 0;
		r.may_value = s->nulls < s->values;
	}
	if (kind == V_BOOL) {
		r.may = (r.may_null ? EXPR_MAY_NULL : 0) | (r.may_value ? EXPR_MAY_TRUE | EXPR_MAY_FALSE : 0);
		if (s->has_minmax && s->min.i == s->max.i)
			r.may &= ~(unsigned)(s->min.i ? EXPR_MAY_FALSE : EXPR_MAY_TRUE);
		return r;
	}
	r.may_nan = kind == V_DBL && r.may_value;
	if (!s->has_minmax || !r.may_value)
		return r;
	r.lo = stat_value(kind, &s->min);
	r.hi = stat_value(kind, &s->max);
	r.has_lo = kind != V_DBL || r.lo.d == r.lo.d;
	r.has_hi = kind != V_DBL || r.hi.d == r.hi.d;
	if (kind == V_STR && s->max_cut)
		r.has_hi = after_prefix(&ev->arena, &r.hi.s);
	return r;
}

static unsigned negate(unsigned may)
{
	return (may & EXPR_MAY_NULL) | (may & EXPR_MAY_TRUE ? EXPR_MAY_FALSE : 0) |
	       (may & EXPR_MAY_FALSE ? EXPR_MAY_TRUE : 0);
}

/* the outcomes of L AND R, whatever the rows have in common */
static unsigned both(unsigned l, unsigned r)
{
	unsigned may = 0;
	if ((l | r) & EXPR_MAY_FALSE)
		may |= EXPR_MAY_FALSE;
	if (l & r & EXPR_MAY_TRUE)
		may |= EXPR_MAY_TRUE;
	if ((l & EXPR_MAY_NULL && r & (EXPR_MAY_NULL | EXPR_MAY_TRUE)) || (r & EXPR_MAY_NULL && l & EXPR_MAY_TRUE))
		may |= EXPR_MAY_NULL;
	return may;
}

static struct range of_logic(struct expr_eval *ev, const struct node *x, const struct expr_leaf *leaves)
{
	struct range r = { .may = x->op == OP_AND ? EXPR_MAY_TRUE : EXPR_MAY_FALSE };
	for (size_t i = 0; i < x->narg; i++) {
		unsigned may = range_of(ev, x->arg[i], leaves)->may;
		r.may = x->op == OP_AND ? both(r.may, may) : negate(both(negate(r.may), negate(may)));
	}
	return r;
}

/* a boolean's outcomes as a range of 0 and 1 */
static struct range as_values(const struct node *x, const struct range *r)
{
	struct range v = *r;
	if (x->kind != V_BOOL)
		return v;
	v.may_null = r->may & EXPR_MAY_NULL;
	v.may_value = r->may & (EXPR_MAY_TRUE | EXPR_MAY_FALSE);
	v.may_nan = false;
	v.has_lo = v.has_hi = true;
	v.lo = (struct value){ .i = !(r->may & EXPR_MAY_FALSE) };
	v.hi = (struct value){ .i = (r->may & EXPR_MAY_TRUE) != 0 };
	return v;
}

struct order {
	bool lt, eq, gt;
};

static int cmp(const struct node *l, const struct value *a, const struct node *r, const struct value *b)
{
	if (l->kind == V_DEC)
		return dec_cmp(a->dec, l->type.scale, b->dec, r->type.scale);
	return value_cmp((enum vkind)l->kind, a, b);
}

/* how a value of L can stand to a value of R; both may have one */
static struct order order_of(const struct node *nl, const struct range *l, const struct node *nr, const struct range *r)
{
	struct order o;
	bool below = !l->has_lo || !r->has_hi, above = !l->has_hi || !r->has_lo;
	int lo_hi = below ? -1 : cmp(nl, &l->lo, nr, &r->hi), hi_lo = above ? 1 : cmp(nl, &l->hi, nr, &r->lo);
	o.lt = lo_hi < 0 || r->may_nan;
	o.gt = hi_lo > 0 || l->may_nan;
	o.eq = (lo_hi <= 0 && hi_lo >= 0) || (l->may_nan && r->may_nan);
	return o;
}

static unsigned outcome(bool yes, bool no)
{
	return (yes ? EXPR_MAY_TRUE : 0) | (no ? EXPR_MAY_FALSE : 0);
}

static unsigned compare(enum op op, struct order o)
{
	switch (op) {
	case OP_EQ:
	case OP_SAME:
		return outcome(o.eq, o.lt || o.gt);
	case OP_NE:
		return outcome(o.lt || o.gt, o.eq);
	case OP_LT:
		return outcome(o.lt, o.eq || o.gt);
	case OP_LE:
		return outcome(o.lt || o.eq, o.gt);
	case OP_GT:
		return outcome(o.gt, o.eq || o.lt);
	default:
		return outcome(o.gt || o.eq, o.lt);
	}
}

static struct range of_compare(struct expr_eval *ev, const struct node *x, const struct expr_leaf *leaves)
{
	const struct node *nl = x->arg[0], *nr = x->arg[1];
	struct range l = as_values(nl, range_of(ev, nl, leaves)), r = as_values(nr, range_of(ev, nr, leaves)), out = { 0 };
	if (l.may_value && r.may_value)
		out.may = compare((enum op)x->op, order_of(nl, &l, nr, &r));
	if (x->op != OP_SAME)
		out.may |= l.may_null || r.may_null ? EXPR_MAY_NULL : 0;
	else
		out.may |= outcome(l.may_null && r.may_null,
				   (l.may_null && r.may_value) || (r.may_null && l.may_value));
	return out;
}

static struct range of_is(struct expr_eval *ev, const struct node *x, const struct expr_leaf *leaves)
{
	const struct range *r = range_of(ev, x->arg[0], leaves);
	struct range out = { 0 };
	unsigned want = x->op == OP_IS_NULL ? EXPR_MAY_NULL : x->op == OP_IS_TRUE ? EXPR_MAY_TRUE : EXPR_MAY_FALSE;
	if (x->arg[0]->kind == V_BOOL)
		out.may = outcome(r->may & want, r->may & ~want);
	else
		out.may = outcome(r->may_null, r->may_value);
	return out;
}

static struct range of_in(struct expr_eval *ev, const struct node *x, const struct expr_leaf *leaves)
{
	const struct range *v = range_of(ev, x->arg[0], leaves);
	struct range out = { .may = v->may_null || (x->flags & NODE_HAS_NULL && v->may_value) ? EXPR_MAY_NULL : 0 };
	bool yes = false, no = true;
	for (size_t i = 0; i < x->nset && v->may_value; i++) {
		struct range item = only((enum vkind)x->arg[0]->kind, &x->set[i]);
		struct order o = order_of(x->arg[0], v, x->arg[0], &item);
		yes = yes || o.eq;
		no = no && (o.lt || o.gt);
	}
	if (v->may_value)
		out.may |= outcome(yes, no && !(x->flags & NODE_HAS_NULL));
	return out;
}

static void widen(enum vkind kind, struct range *to, const struct range *r)
{
	to->may |= r->may;
	to->may_null = to->may_null || r->may_null;
	if (r->may_value && kind != V_BOOL) {
		bool had = to->may_value;
		to->has_lo = r->has_lo && (!had || to->has_lo);
		to->has_hi = r->has_hi && (!had || to->has_hi);
		if (to->has_lo && (!had || value_cmp(kind, &r->lo, &to->lo) < 0))
			to->lo = r->lo;
		if (to->has_hi && (!had || value_cmp(kind, &r->hi, &to->hi) > 0))
			to->hi = r->hi;
		to->may_nan = to->may_nan || r->may_nan;
	}
	to->may_value = to->may_value || r->may_value;
}

static struct range of_case(struct expr_eval *ev, const struct node *x, const struct expr_leaf *leaves)
{
	struct range out = { 0 };
	for (size_t i = 0; i < x->narg; i += 2) {
		bool last = i + 1 == x->narg;
		unsigned when = last ? EXPR_MAY_TRUE : range_of(ev, x->arg[i], leaves)->may;
		if (when & EXPR_MAY_TRUE)
			widen((enum vkind)x->kind, &out, range_of(ev, x->arg[last ? i : i + 1], leaves));
		if (when == EXPR_MAY_TRUE)
			break;
	}
	return out;
}

static struct range of_coalesce(struct expr_eval *ev, const struct node *x, const struct expr_leaf *leaves)
{
	struct range out = { 0 };
	for (size_t i = 0; i < x->narg; i++) {
		const struct range *r = range_of(ev, x->arg[i], leaves);
		bool null = x->kind == V_BOOL ? r->may & EXPR_MAY_NULL : r->may_null;
		widen((enum vkind)x->kind, &out, r);
		if (i + 1 < x->narg || !null) {
			out.may &= ~(unsigned)EXPR_MAY_NULL;
			out.may_null = false;
		}
		if (!null)
			break;
	}
	return out;
}

/* s LIKE 'abc%', startswith(s, 'abc') */
static struct range of_prefix(struct expr_eval *ev, const struct node *x, const struct range *v, const struct str pat)
{
	struct buf b = BUF_INIT;
	bool whole = false, just_prefix = true;
	struct range out = { .may = v->may_null ? EXPR_MAY_NULL : 0 };
	if (x->fn == fn_like)
		just_prefix = like_prefix(pat.p, pat.n, (int)x->unit, &b, &whole);
	else
		buf_put(&b, pat.p, pat.n);
	struct str p = { arena_strndup(&ev->arena, b.p ? b.p : "", b.n), b.n };
	buf_release(&b);
	if (!v->may_value)
		return out;
	bool above = false, below = false, inside = v->has_lo && v->has_hi;
	if (v->has_lo) { /* is all of it above everything that begins with P? */
		struct str lo = { v->lo.s.p, v->lo.s.n < p.n ? v->lo.s.n : p.n };
		above = whole ? str_cmp(v->lo.s, p) > 0 : str_cmp(lo, p) > 0;
		inside = inside && str_cmp(lo, p) == 0;
	}
	if (v->has_hi) {
		struct str hi = { v->hi.s.p, v->hi.s.n < p.n ? v->hi.s.n : p.n };
		below = str_cmp(v->hi.s, p) < 0;
		inside = inside && str_cmp(hi, p) == 0;
	}
	out.may |= outcome(!above && !below, !(just_prefix && inside));
	return out;
}

static struct range of_monotone(struct expr_eval *ev, const struct node *x, const struct range *v)
{
	struct range out = anything();
	struct value lo = { .null = false }, hi = { .null = false };
	out.may_value = v->may_value;
	out.may_null = v->may_null || x->flags & NODE_FAILS;
	out.may_nan = x->kind == V_DBL && v->may_nan;
	if (v->may_nan && x->kind != V_DBL)
		out.may_null = true;
	if (v->has_lo)
		x->fn(&ev->ctx, x, &v->lo, &lo);
	if (v->has_hi)
		x->fn(&ev->ctx, x, &v->hi, &hi);
	out.has_lo = v->has_lo && !lo.null;
	out.has_hi = v->has_hi && !hi.null;
	out.lo = lo;
	out.hi = hi;
	return out;
}

static struct range of_call(struct expr_eval *ev, const struct node *x, const struct expr_leaf *leaves)
{
	struct value *a = arena_array(&ev->arena, x->narg, sizeof *a), out = { .null = false };
	bool all = true, null = false;
	for (size_t i = 0; i < x->narg; i++)
		range_of(ev, x->arg[i], leaves);
	for (size_t i = 0; i < x->narg && all; i++) {
		all = x->arg[i]->kind != V_REF && known((enum vkind)x->arg[i]->kind, &ev->range[x->arg[i]->id], &a[i]);
		null = null || (all && a[i].null);
	}
	if (all) {
		out.null = null && !(x->flags & NODE_NULLS);
		if (!out.null)
			x->fn(&ev->ctx, x, a, &out);
		return only((enum vkind)x->kind, &out);
	}
	const struct range *v = &ev->range[x->arg[0]->id];
	if (x->narg == 1 && x->flags & NODE_MONOTONE && x->kind != V_BOOL && x->kind != V_STR)
		return of_monotone(ev, x, v);
	if ((x->fn == fn_like || x->fn == fn_startswith) && x->arg[1]->op == OP_LITERAL && !x->arg[1]->value.null)
		return of_prefix(ev, x, v, x->arg[1]->value.s);
	return anything();
}

static struct range compute(struct expr_eval *ev, const struct node *x, const struct expr_leaf *leaves)
{
	struct range r;
	switch ((enum op)x->op) {
	case OP_LITERAL:
		return only((enum vkind)x->kind, &x->value);
	case OP_COLUMN:
	case OP_FIELD:
		return x->leaf >= 0 && x->kind != V_REF ? of_leaf(ev, x, &leaves[x->leaf]) : anything();
	case OP_AND:
	case OP_OR:
		return of_logic(ev, x, leaves);
	case OP_NOT:
		r = *range_of(ev, x->arg[0], leaves);
		r.may = negate(r.may);
		return r;
	case OP_IS_NULL:
	case OP_IS_TRUE:
	case OP_IS_FALSE:
		return of_is(ev, x, leaves);
	case OP_IN:
		return of_in(ev, x, leaves);
	case OP_CASE:
		return of_case(ev, x, leaves);
	case OP_COALESCE:
		return of_coalesce(ev, x, leaves);
	case OP_CALL:
		return of_call(ev, x, leaves);
	case OP_EQ:
	case OP_NE:
	case OP_LT:
	case OP_LE:
	case OP_GT:
	case OP_GE:
	case OP_SAME:
		return of_compare(ev, x, leaves);
	default:
		return anything();
	}
}

static const struct range *range_of(struct expr_eval *ev, const struct node *x, const struct expr_leaf *leaves)
{
	struct range *r = &ev->range[x->id];
	if (r->stamp != ev->stamp) {
		*r = compute(ev, x, leaves);
		r->stamp = ev->stamp;
	}
	return r;
}

unsigned expr_prune(struct expr_eval *ev, const struct expr_leaf *leaves)
{
	if (!ev->range) {
		ev->range = mem_array(NULL, ev->q->nnodes, sizeof *ev->range);
		memset(ev->range, 0, ev->q->nnodes * sizeof *ev->range);
	}
	ev->stamp++;
	arena_clear(&ev->arena);
	return range_of(ev, ev->q->root, leaves)->may;
}
