/* SPDX-License-Identifier: MIT */
/* The tree as a plan. Functions are put in place where they are called, so that a plan has neither names nor calls; each
 * variable has a slot of its own. What the plan cannot do becomes OP_BACK: an item that gets there is libjq's.
 *
 * An expression with at most one output is evaluated by a plain call (fast_eval); only those with `many` need a callback for
 * each (fast_each). Where jq would combine the outputs of several operands, we are outside. */
#include "source/fast_parts.h"

#define MAX_EXPRS 20000
#define MAX_DEPTH 2000
#define MAX_BUSY 4         /* f(f(f(.))) is no recursion */
#define MAX_PATH 8
#define MAX_MEMBERS 1000

enum scope_kind { SCOPE_VAR, SCOPE_DEF, SCOPE_PARAM };
struct scope {
	const struct scope *up;
	enum scope_kind kind;
	const char *name;
	size_t n;
	unsigned arity;
	uint32_t slot;             /* VAR */
	struct fast_syn *syn;      /* DEF; PARAM: the argument */
	const struct scope *args;  /* PARAM: where the argument's names are looked up */
};

static struct fast_expr *plan(struct fast_planner *p, struct fast_syn *s, const struct scope *sc);

static struct fast_expr *expr(struct fast_planner *p, enum fast_op op)
{
	struct fast_expr *x = arena_zalloc(p->arena, sizeof *x);
	x->op = op;
	p->nexprs++;
	return x;
}

static struct fast_expr *back(struct fast_planner *p)
{
	struct fast_expr *x = expr(p, OP_BACK);
	x->back = true;
	return x;
}

static struct fast_expr *outside(struct fast_planner *p, const struct fast_syn *s, const char *why)
{
	if (!p->outside) {
		p->outside = s;
		p->why = why;
	}
	return back(p);
}

static struct fast_expr *constant(struct fast_planner *p, struct fast_value v)
{
	struct fast_expr *x = expr(p, OP_CONST);
	x->value = v;
	return x;
}

static bool is_clean(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == '"' || s[i] == '\\')
			return false;
	return true;
}

static struct fast_value text_value(const char *s, size_t n)
{
	return (struct fast_value){ FV_TEXT, is_clean(s, n) ? FAST_CLEAN : 0, (uint32_t)n, { s } };
}

static struct fast_expr *op2(struct fast_planner *p, enum fast_op op, struct fast_expr *a, struct fast_expr *b)
{
	struct fast_expr *x = expr(p, op);
	x->a = a;
	x->b = b;
	x->many = a->many || (b && b->many);
	x->back = a->back || (b && b->back);
	return x;
}

/* X on each output of BASE, when there may be more than one. */
static struct fast_expr *on(struct fast_planner *p, struct fast_expr *base, struct fast_expr *x)
{
	if (!base->many) {
		x->a = base;
		x->back |= base->back;
		return x;
	}
	x->a = expr(p, OP_DOT);
	return op2(p, OP_PIPE, base, x);
}

/* --- members, elements --- */

static struct fast_expr *path(struct fast_planner *p, struct fast_expr *base, uint16_t key)
{
	struct fast_expr *x = expr(p, OP_PATH);
	uint16_t *keys = arena_array(p->arena, MAX_PATH, sizeof *keys);
	x->a = base;
	if (base->op == OP_PATH) {
		memcpy(keys, base->keys, base->n * sizeof *keys);
		x->a = base->a;
		x->n = base->n;
	}
	keys[x->n++] = key;
	x->keys = keys;
	return x;
}

static struct fast_expr *field(struct fast_planner *p, struct fast_expr *base, const char *name, size_t n, bool opt)
{
	uint16_t key = fast_key_add(p->keys, name, n);
	bool plain = base->op == OP_DOT || base->op == OP_LOCAL || base->op == OP_GLOBAL || (base->op == OP_PATH && base->n < MAX_PATH);
	if (plain && !opt)
		return path(p, base, key);
	struct fast_expr *x = expr(p, OP_GET);
	x->key = key;
	x->opt = opt;
	return on(p, base, x);
}

static struct fast_expr *plan_index(struct fast_planner *p, struct fast_syn *s, const struct scope *sc)
{
	struct fast_expr *base = plan(p, s->a, sc), *key = plan(p, s->b, sc);
	if (key->op == OP_CONST && key->value.kind == FV_TEXT)
		return field(p, base, key->value.p, key->value.n, s->opt);
	if (key->many || (base->many && key->op != OP_CONST))
		return outside(p, s, "an index with several outputs");
	struct fast_expr *x = expr(p, OP_LOOKUP);
	x->b = key;
	x->opt = s->opt;
	x->back = key->back;
	return on(p, base, x);
}

static bool slice_end(const struct fast_expr *x, int64_t *to)
{
	return x->op == OP_CONST && fast_i64(x->value, to) && *to > -INT32_MAX && *to < INT32_MAX;
}

static struct fast_expr *plan_slice(struct fast_planner *p, struct fast_syn *s, const struct scope *sc)
{
	struct fast_expr *x = expr(p, OP_SLICE), *base = plan(p, s->a, sc);
	x->to = INT32_MAX;
	x->opt = s->opt;
	if ((s->b && !slice_end(plan(p, s->b, sc), &x->from)) || (s->c && !slice_end(plan(p, s->c, sc), &x->to)))
		return outside(p, s, "a slice whose ends are not plain numbers");
	return on(p, base, x);
}

static struct fast_expr *each(struct fast_planner *p, struct fast_expr *base, bool opt)
{
	struct fast_expr *x = expr(p, OP_EACH);
	x->opt = opt;
	x->a = base;
	x->many = true;
	x->back = base->back;
	return x;
}

static struct fast_expr *list(struct fast_planner *p, struct fast_expr *of)
{
	struct fast_expr *x = expr(p, OP_LIST);
	x->a = of;
	x->back = of && of->back && !of->many;
	return x;
}

/* --- texts, objects --- */

static struct fast_expr *plan_number(struct fast_planner *p, struct fast_syn *s)
{
	struct fast_value v = { FV_NUMBER, 0, (uint32_t)s->n, { s->text } };
	int64_t i;
	if (s->n > 16 || !fast_i64(v, &i) || (s->n > 1 && s->text[s->text[0] == '-'] == '0'))
		return outside(p, s, "a number that is not whole, or longer than 15 digits");
	return constant(p, v);
}

static struct fast_expr *plan_joined(struct fast_planner *p, struct fast_syn *s, const struct scope *sc)
{
	struct fast_expr *x = expr(p, OP_JOINED);
	size_t n = 0;
	for (struct fast_syn *c = s->a; c; c = c->next)
		n++;
	x->v = arena_array(p->arena, n, sizeof *x->v);
	for (struct fast_syn *c = s->a; c; c = c->next) {
		struct fast_expr *v = x->v[x->n++] = plan(p, c, sc);
		if (v->many)
			return outside(p, c, "an operand with several outputs");
		x->back |= v->back;
	}
	return x;
}

/* The name of a member: as it stands, or a constant in parentheses. */
static bool pair_key(struct fast_planner *p, struct fast_syn *pair, const struct scope *sc, uint16_t *key)
{
	const char *s = pair->text;
	size_t n = pair->n;
	if (pair->b) {
		struct fast_expr *x = plan(p, pair->b, sc);
		if (x->op != OP_CONST || x->value.kind != FV_TEXT)
			return false;
		s = x->value.p;
		n = x->value.n;
	}
	*key = fast_key_add(p->keys, s, n);
	return true;
}

static struct fast_expr *plan_object(struct fast_planner *p, struct fast_syn *s, const struct scope *sc)
{
	struct fast_expr *x = expr(p, OP_MAKE);
	size_t n = 0;
	for (struct fast_syn *c = s->a; c; c = c->next)
		n++;
	if (n > MAX_MEMBERS)
		return outside(p, s, "an object of this size");
	uint16_t *keys = arena_array(p->arena, n + 1, sizeof *keys);
	x->v = arena_array(p->arena, n + 1, sizeof *x->v);
	x->keys = keys;
	for (struct fast_syn *c = s->a; c; c = c->next) {
		uint16_t key;
		if (!pair_key(p, c, sc, &key))
			return outside(p, c, "a member's name that is computed");
		struct fast_expr *v = plan(p, c->a, sc);
		if (v->many)
			return outside(p, c->a, "a member's value with several outputs");
		for (uint32_t i = 0; i < x->n; i++)
			if (keys[i] == key)
				return outside(p, c, "two members with the same name");
		keys[x->n] = key;
		x->v[x->n++] = v;
		x->back |= v->back;
	}
	return x;
}

/* `.a = …` and `.a |= …`, on an object that the program has made. */
static struct fast_expr *plan_set(struct fast_planner *p, struct fast_syn *s, const struct scope *sc)
{
	struct fast_expr *x = expr(p, OP_SET);
	if (s->a->kind != SYN_FIELD || s->a->opt || s->a->a->kind != SYN_DOT)
		return outside(p, s, "an assignment to anything but '.name'");
	x->key = fast_key_add(p->keys, s->a->text, s->a->n);
	struct fast_expr *value = plan(p, s->b, sc);
	if (value->many)
		return outside(p, s->b, "a value with several outputs");
	x->a = value;
	if (s->kind == SYN_UPDATE)
		x->a = op2(p, OP_PIPE, path(p, expr(p, OP_DOT), x->key), value);
	x->back = value->back;
	return x;
}

/* --- names --- */

static bool named(const struct scope *sc, const struct fast_syn *s)
{
	return sc->n == s->n && memcmp(sc->name, s->text, s->n) == 0;
}

static struct fast_expr *plan_var(struct fast_planner *p, struct fast_syn *s, const struct scope *sc)
{
	struct fast_expr *x;
	for (; sc; sc = sc->up) {
		if (sc->kind != SCOPE_VAR || !named(sc, s))
			continue;
		x = expr(p, OP_LOCAL);
		x->n = sc->slot;
		return x;
	}
	for (uint32_t i = 0; i < p->nnames; i++) {
		if (strlen(p->names[i]) != s->n || memcmp(p->names[i], s->text, s->n) != 0)
			continue;
		x = expr(p, OP_GLOBAL);
		x->n = i;
		return x;
	}
	return outside(p, s, "the variable");
}

static struct scope *scope(struct fast_planner *p, const struct scope *up, enum scope_kind kind, const struct fast_syn *name)
{
	struct scope *sc = arena_zalloc(p->arena, sizeof *sc);
	sc->up = up;
	sc->kind = kind;
	sc->name = name->text;
	sc->n = name->n;
	return sc;
}

static struct fast_expr *plan_as(struct fast_planner *p, struct fast_syn *s, const struct scope *sc)
{
	struct scope *inner = scope(p, sc, SCOPE_VAR, s);
	struct fast_expr *source = plan(p, s->a, sc);
	inner->slot = p->nlocals++;
	struct fast_expr *x = op2(p, OP_BIND, source, plan(p, s->b, inner));
	x->n = inner->slot;
	return x;
}

static unsigned count(const struct fast_syn *s)
{
	unsigned n = 0;
	for (; s; s = s->next)
		n++;
	return n;
}

static struct fast_expr *plan_def(struct fast_planner *p, struct fast_syn *s, const struct scope *sc)
{
	struct scope *inner = scope(p, sc, SCOPE_DEF, s);
	inner->syn = s;
	inner->arity = count(s->a);
	return plan(p, s->c, inner);
}

/* The function of scope DEF, put in place of the call S. A parameter `$a` is a variable and, as `a`, a filter. */
static struct fast_expr *put_in_place(struct fast_planner *p, const struct fast_syn *s, const struct scope *sc, const struct scope *def)
{
	struct fast_expr *outer = NULL, *inner = NULL, *x;
	const struct scope *body = def;
	if (def->syn->busy == MAX_BUSY)
		return outside(p, s, "a function that calls itself");
	def->syn->busy++;
	struct fast_syn *arg = s->a;
	for (struct fast_syn *param = def->syn->a; param; param = param->next, arg = arg->next) {
		struct scope *filter = scope(p, body, SCOPE_PARAM, param);
		filter->syn = arg;
		filter->args = sc;
		body = filter;
		if (!param->opt)
			continue;
		struct scope *var = scope(p, body, SCOPE_VAR, param);
		body = var;
		x = expr(p, OP_BIND);
		x->n = var->slot = p->nlocals++;
		x->a = plan(p, arg, sc);
		if (inner)
			inner->b = x;
		else
			outer = x;
		inner = x;
	}
	struct fast_expr *result = plan(p, def->syn->b, body);
	def->syn->busy--;
	if (!outer)
		return result;
	inner->b = result;
	bool many = result->many, gives_back = result->back;
	for (x = outer;; x = x->b) {
		many |= x->a->many;
		gives_back |= x->a->back;
		if (x == inner)
			break;
	}
	for (x = outer;; x = x->b) {
		x->many = many;
		x->back = gives_back;
		if (x == inner)
			return outer;
	}
}

/* --- functions --- */

static bool is(const struct fast_syn *s, const char *name, unsigned arity)
{
	return s->n == strlen(name) && memcmp(s->text, name, s->n) == 0 && count(s->a) == arity;
}

static struct fast_expr *element(struct fast_planner *p, const char *i)
{
	struct fast_expr *x = expr(p, OP_LOOKUP);
	x->a = expr(p, OP_DOT);
	x->b = constant(p, (struct fast_value){ FV_NUMBER, 0, (uint32_t)strlen(i), { i } });
	return x;
}

static struct fast_expr *kinds(struct fast_planner *p, uint32_t mask)
{
	struct fast_expr *x = expr(p, OP_KINDS);
	x->n = mask;
	return x;
}

#define BIT(kind) (1u << (kind))
#define ARRAYS (BIT(FV_ARRAY) | BIT(FV_LIST))
#define OBJECTS (BIT(FV_OBJECT) | BIT(FV_MADE))
#define BOOLEANS (BIT(FV_TRUE) | BIT(FV_FALSE))
#define SCALARS (BOOLEANS | BIT(FV_NULL) | BIT(FV_NUMBER) | BIT(FV_TEXT))

/* What needs no function of its own; NULL: it is none of these. */
static struct fast_expr *plan_word(struct fast_planner *p, struct fast_syn *s)
{
	static const struct {
		const char *name;
		uint32_t mask;
	} by_kind[] = {
		{ "strings", BIT(FV_TEXT) }, { "numbers", BIT(FV_NUMBER) }, { "nulls", BIT(FV_NULL) }, { "booleans", BOOLEANS },
		{ "arrays", ARRAYS }, { "objects", OBJECTS }, { "scalars", SCALARS }, { "iterables", ARRAYS | OBJECTS },
		{ "values", (SCALARS & ~BIT(FV_NULL)) | ARRAYS | OBJECTS },
	};
	static const struct {
		const char *name;
		enum fast_kind kind;
	} constants[] = { { "empty", FV_NONE }, { "null", FV_NULL }, { "false", FV_FALSE }, { "true", FV_TRUE } };
	for (size_t i = 0; i < sizeof by_kind / sizeof *by_kind; i++)
		if (is(s, by_kind[i].name, 0))
			return kinds(p, by_kind[i].mask);
	for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
		if (is(s, constants[i].name, 0))
			return constant(p, fast_plain(constants[i].kind));
	if (is(s, "error", 0) || is(s, "error", 1))
		return back(p);
	if (is(s, "first", 0) || is(s, "last", 0))
		return element(p, s->text[0] == 'f' ? "0" : "-1");
	return NULL;
}

/* any, any(f), any(g; f), and all. */
static bool is_quantifier(const struct fast_syn *s, const char *name)
{
	return is(s, name, 0) || is(s, name, 1) || is(s, name, 2);
}

static struct fast_expr *plan_quantifier(struct fast_planner *p, struct fast_syn *s, const struct scope *sc, enum fast_op op)
{
	struct fast_syn *condition = s->a && s->a->next ? s->a->next : s->a;
	struct fast_expr *of = s->a && s->a->next ? plan(p, s->a, sc) : each(p, expr(p, OP_DOT), false);
	struct fast_expr *asked = condition ? plan(p, condition, sc) : NULL, *x = expr(p, op);
	x->a = asked ? op2(p, OP_PIPE, of, asked) : of;
	x->back = of->back;
	return asked && asked->many ? outside(p, condition, "a condition with several outputs") : x;
}

static struct fast_expr *plan_filter(struct fast_planner *p, struct fast_syn *s, const struct scope *sc)
{
	struct fast_expr *x, *arg;
	if (is(s, "map", 1))
		return list(p, op2(p, OP_PIPE, each(p, expr(p, OP_DOT), false), plan(p, s->a, sc)));
	if (is(s, "first", 1)) {
		x = expr(p, OP_FIRST);
		x->a = plan(p, s->a, sc);
		return x;
	}
	if (is_quantifier(s, "any") || is_quantifier(s, "all"))
		return plan_quantifier(p, s, sc, s->text[1] == 'n' ? OP_ANY : OP_ALL);
	if (is(s, "select", 1)) {
		x = expr(p, OP_SELECT);
		x->a = plan(p, s->a, sc);
		x->back = x->a->back;
		return x->a->many ? outside(p, s->a, "a condition with several outputs") : x;
	}
	const struct fast_function *f = fast_function(s->text, s->n, count(s->a));
	if (!f)
		return outside(p, s, "the function");
	x = expr(p, OP_CALL);
	x->call = f->call;
	if (s->a) {
		arg = x->a = plan(p, s->a, sc);
		x->back = arg->back;
		if (arg->many)
			return outside(p, s->a, "an argument with several outputs");
	}
	return x;
}

static struct fast_expr *plan_call(struct fast_planner *p, struct fast_syn *s, const struct scope *sc)
{
	unsigned arity = count(s->a);
	for (const struct scope *at = sc; at; at = at->up) {
		if (at->kind == SCOPE_DEF && named(at, s) && at->arity == arity)
			return put_in_place(p, s, sc, at);
		if (at->kind == SCOPE_PARAM && named(at, s) && arity == 0)
			return plan(p, at->syn, at->args);
	}
	struct fast_expr *x = plan_word(p, s);
	return x ? x : plan_filter(p, s, sc);
}

/* --- all --- */

static struct fast_expr *plan_operator(struct fast_planner *p, struct fast_syn *s, const struct scope *sc, enum fast_op op)
{
	struct fast_expr *a = plan(p, s->a, sc), *b = plan(p, s->b, sc);
	if (a->many || b->many)
		return outside(p, a->many ? s->a : s->b, "an operand with several outputs");
	struct fast_expr *x = op2(p, op, a, b);
	if (op == OP_AND || op == OP_OR)
		x->back = a->back;
	x->compare = s->compare;
	return x;
}

static struct fast_expr *plan_if(struct fast_planner *p, struct fast_syn *s, const struct scope *sc)
{
	struct fast_expr *x = expr(p, OP_IF);
	x->a = plan(p, s->a, sc);
	x->b = plan(p, s->b, sc);
	x->c = plan(p, s->c, sc);
	x->many = x->b->many || x->c->many;
	x->back = x->a->back || (x->b->back && x->c->back);
	return x->a->many ? outside(p, s->a, "a condition with several outputs") : x;
}

static struct fast_expr *plan_alt(struct fast_planner *p, struct fast_syn *s, const struct scope *sc)
{
	struct fast_expr *a = plan(p, s->a, sc), *x = op2(p, OP_ALT, a, plan(p, s->b, sc));
	x->back = a->back;
	return x;
}

static struct fast_expr *plan_one(struct fast_planner *p, struct fast_syn *s, const struct scope *sc)
{
	struct fast_expr *a;
	switch (s->kind) {
	case SYN_DOT: return expr(p, OP_DOT);
	case SYN_FIELD: return field(p, plan(p, s->a, sc), s->text, s->n, s->opt);
	case SYN_INDEX: return plan_index(p, s, sc);
	case SYN_SLICE: return plan_slice(p, s, sc);
	case SYN_EACH: return each(p, plan(p, s->a, sc), s->opt);
	case SYN_TEXT: return constant(p, text_value(s->text, s->n));
	case SYN_NUMBER: return plan_number(p, s);
	case SYN_JOINED: return plan_joined(p, s, sc);
	case SYN_VAR: return plan_var(p, s, sc);
	case SYN_CALL: return plan_call(p, s, sc);
	case SYN_ARRAY: return list(p, s->a ? plan(p, s->a, sc) : NULL);
	case SYN_OBJECT: return plan_object(p, s, sc);
	case SYN_PIPE:
		a = plan(p, s->a, sc);
		return op2(p, OP_PIPE, a, plan(p, s->b, sc));
	case SYN_COMMA:
		a = plan(p, s->a, sc);
		a = op2(p, OP_COMMA, a, plan(p, s->b, sc));
		a->many = true;
		return a;
	case SYN_ALT: return plan_alt(p, s, sc);
	case SYN_AND: return plan_operator(p, s, sc, OP_AND);
	case SYN_OR: return plan_operator(p, s, sc, OP_OR);
	case SYN_COMPARE: return plan_operator(p, s, sc, OP_COMPARE);
	case SYN_ADD: return plan_operator(p, s, sc, OP_ADD);
	case SYN_MINUS: return plan_operator(p, s, sc, OP_MINUS);
	case SYN_IF: return plan_if(p, s, sc);
	case SYN_AS: return plan_as(p, s, sc);
	case SYN_DEF: return plan_def(p, s, sc);
	case SYN_SET:
	case SYN_UPDATE: return plan_set(p, s, sc);
	default: return outside(p, s, NULL);
	}
}

static struct fast_expr *plan(struct fast_planner *p, struct fast_syn *s, const struct scope *sc)
{
	if (p->nexprs > MAX_EXPRS || p->depth == MAX_DEPTH)
		return outside(p, s, "a program of this size");
	p->depth++;
	struct fast_expr *x = plan_one(p, s, sc);
	p->depth--;
	return x;
}

struct fast_expr *fast_plan(struct fast_planner *p, struct fast_syn *program)
{
	return plan(p, program, NULL);
}
