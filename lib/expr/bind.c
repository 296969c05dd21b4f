/* SPDX-License-Identifier: MIT */
/* From the tree as parsed to the tree that is evaluated: names become columns, operators get types,
 * casts are put in where Spark puts them, calls on literals are computed. */
#include "expr/node.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/near.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static int bind_node(struct bind *b, const struct node *x, struct node **out);

struct node *bind_new(struct bind *b, const struct node *at, enum op op, struct type type, struct node **arg,
		      size_t narg)
{
	struct node *x = arena_zalloc(&b->q->arena, sizeof *x);
	bool constant = op != OP_COLUMN;
	x->op = (uint8_t)op;
	x->type = type;
	x->kind = (uint8_t)sql_type_vkind(&type);
	x->at = at->at;
	x->id = b->q->nnodes++;
	x->leaf = -1;
	x->narg = narg;
	x->arg = arena_array(&b->q->arena, narg + 1, sizeof *x->arg);
	for (size_t i = 0; i < narg; i++) {
		x->arg[i] = arg[i];
		constant = constant && arg[i]->flags & NODE_CONST;
	}
	x->flags = constant ? NODE_CONST : 0;
	return x;
}

struct node *bind_literal(struct bind *b, const struct node *at, struct type type, struct value v)
{
	struct node *x = bind_new(b, at, OP_LITERAL, type, NULL, 0);
	x->value = v;
	return x;
}

static struct node *fold(struct bind *b, struct node *x)
{
	struct fn_ctx c = { .arena = &b->q->arena, .q = b->q };
	struct value *a = arena_array(&b->q->arena, x->narg + 1, sizeof *a), out = { .null = false };
	bool null = false;
	for (size_t i = 0; i < x->narg; i++) {
		if (x->arg[i]->op != OP_LITERAL)
			return x;
		a[i] = x->arg[i]->value;
		null = null || a[i].null;
	}
	if (null && !(x->flags & NODE_NULLS))
		out.null = true;
	else
		x->fn(&c, x, a, &out);
	return bind_literal(b, x, x->type, out);
}

struct node *bind_call(struct bind *b, const struct node *at, scalar_fn *fn, struct type type, struct node **arg,
		       size_t narg, unsigned flags, uint32_t unit)
{
	struct node *x = bind_new(b, at, OP_CALL, type, arg, narg);
	x->fn = fn;
	x->flags |= (uint16_t)flags;
	x->unit = unit;
	x->interval = at->interval;
	return flags & NODE_IMPURE ? x : fold(b, x);
}

int bind_type_error(struct bind *b, const struct node *at, const char *what, const struct type *l, const struct type *r)
{
	struct arena *a = &b->q->arena;
	return expr_error(b->e, at, "%s does not take %s and %s", what, sql_type_text(l, a), sql_type_text(r, a));
}

int bind_cast(struct bind *b, struct node *from, struct type to, struct node **out)
{
	const struct type *f = &from->type;
	if (f->kind == to.kind && f->precision == to.precision && f->scale == to.scale) {
		*out = from;
		return 0;
	}
	if (f->kind == TYPE_VOID) {
		*out = bind_literal(b, from, to, (struct value){ .null = true });
		return 0;
	}
	if (!cast_possible(f, &to))
		return expr_error(b->e, from, "%s cannot be cast to %s", sql_type_text(f, &b->q->arena),
				  sql_type_text(&to, &b->q->arena));
	unsigned flags = (cast_is_monotone(f, &to) ? NODE_MONOTONE : 0) | (cast_never_fails(f, &to) ? 0 : NODE_FAILS);
	*out = bind_call(b, from, cast_value, to, &from, 1, flags, 0);
	return 0;
}

int bind_bool(struct bind *b, struct node *x, const char *what, struct node **out)
{
	if (x->type.kind == TYPE_VOID)
		return bind_cast(b, x, sql_type_of(TYPE_BOOLEAN), out);
	if (x->type.kind != TYPE_BOOLEAN)
		return expr_error(b->e, x, "%s needs a boolean, not %s", what, sql_type_text(&x->type, &b->q->arena));
	*out = x;
	return 0;
}

/* names */

static int unknown_name(struct bind *b, const struct node *x, const struct type *t, const char *of)
{
	struct near near;
	return expr_error(b->e, x, "no %s '%s'%s", of, x->name, type_near(t, x->name, x->nname, &near));
}

/* exact first, then ignoring case when that is one */
static int find_field(struct bind *b, const struct node *x, const struct type *t, const char *of, uint32_t *field)
{
	size_t found = 0;
	for (size_t i = 0; i < t->nfields; i++) {
		const struct field *f = &t->fields[i];
		if (f->nname == x->nname && !memcmp(f->name, x->name, x->nname)) {
			*field = (uint32_t)i;
			return 0;
		}
	}
	for (size_t i = 0; i < t->nfields; i++)
		if (t->fields[i].nname == x->nname && !strncasecmp(t->fields[i].name, x->name, x->nname)) {
			*field = (uint32_t)i;
			found++;
		}
	if (found > 1)
		return expr_error(b->e, x, "'%s' matches several %ss that differ only in case; use the exact spelling",
				  x->name, of);
	return found ? 0 : unknown_name(b, x, t, of);
}

static uint32_t leaves_of(const struct type *t)
{
	uint32_t n = 0;
	if (sql_type_vkind(t) != V_REF)
		return 1;
	for (size_t i = 0; i < t->nfields; i++)
		n += leaves_of(&t->fields[i].type);
	return n;
}

static uint32_t leaves_before(const struct type *t, uint32_t field)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < field; i++)
		n += leaves_of(&t->fields[i].type);
	return n;
}

static int bind_field_of(struct bind *b, const struct node *x, struct node *base, struct node **out)
{
	uint32_t field;
	if (base->type.kind != TYPE_STRUCT)
		return expr_error(b->e, x, "'.%s' needs a struct, not %s", x->name,
				  sql_type_text(&base->type, &b->q->arena));
	int rc = find_field(b, x, &base->type, "field", &field);
	if (rc)
		return rc;
	*out = bind_new(b, x, OP_FIELD, base->type.fields[field].type, &base, 1);
	(*out)->field = field;
	if (base->leaf >= 0)
		(*out)->leaf = base->leaf + (int32_t)leaves_before(&base->type, field);
	return 0;
}

/* a, a.b, a.b.c; PATH gets the field indexes */
static int bind_ref(struct bind *b, const struct node *x, uint32_t *path, size_t *n, struct node **out)
{
	int rc;
	if (x->op == OP_NAME) {
		uint32_t field;
		if ((rc = find_field(b, x, b->q->type, "column", &field)))
			return rc;
		*out = bind_new(b, x, OP_COLUMN, b->q->type->fields[field].type, NULL, 0);
		(*out)->field = field;
		(*out)->leaf = (int32_t)leaves_before(b->q->type, field);
	} else {
		struct node *base;
		if ((rc = bind_ref(b, x->arg[0], path, n, &base)) || (rc = bind_field_of(b, x, base, out)))
			return rc;
	}
	path[(*n)++] = (*out)->field;
	return 0;
}

static void add_path(struct expr_bound *q, const uint32_t *path, size_t n)
{
	for (size_t i = 0; i < q->npaths; i++)
		if (q->paths[i].n == n && !memcmp(q->paths[i].field, path, n * sizeof *path))
			return;
	uint32_t *own = arena_array(&q->arena, n, sizeof *own);
	memcpy(own, path, n * sizeof *path);
	MEM_GROW(q->paths, q->cap_paths, q->npaths + 1);
	q->paths[q->npaths++] = (struct expr_path){ own, n };
}

static int bind_name(struct bind *b, const struct node *x, struct node **out)
{
	const struct node *root = x;
	uint32_t path[EXPR_MAX_DEPTH + 1];
	size_t n = 0;
	int rc;
	while (root->op == OP_FIELD)
		root = root->arg[0];
	if (root->op == OP_NAME) {
		if (!(rc = bind_ref(b, x, path, &n, out)))
			add_path(b->q, path, n);
		return rc;
	}
	struct node *base;
	if ((rc = bind_node(b, x->arg[0], &base)))
		return rc;
	return bind_field_of(b, x, base, out);
}

static int bind_index(struct bind *b, const struct node *x, struct node **out)
{
	struct node *arg[2];
	int rc;
	if ((rc = bind_node(b, x->arg[0], &arg[0])) || (rc = bind_node(b, x->arg[1], &arg[1])))
		return rc;
	const struct type *t = &arg[0]->type;
	if (t->kind == TYPE_LIST) {
		if (!sql_type_is_integral(&arg[1]->type))
			return bind_type_error(b, x, "[ ]", t, &arg[1]->type);
		*out = bind_new(b, x, OP_INDEX, t->fields[0].type, arg, 2);
	} else if (t->kind == TYPE_MAP) {
		if ((rc = bind_cast(b, arg[1], t->fields[0].type, &arg[1])))
			return rc;
		*out = bind_new(b, x, OP_KEY, t->fields[1].type, arg, 2);
	} else {
		return bind_type_error(b, x, "[ ]", t, &arg[1]->type);
	}
	return 0;
}

/* predicates */

static int bind_logic(struct bind *b, const struct node *x, struct node **out)
{
	struct node **arg = arena_array(&b->q->arena, x->narg, sizeof *arg);
	const char *what = x->op == OP_AND ? "AND" : x->op == OP_OR ? "OR" : "NOT";
	int rc;
	for (size_t i = 0; i < x->narg; i++)
		if ((rc = bind_node(b, x->arg[i], &arg[i])) || (rc = bind_bool(b, arg[i], what, &arg[i])))
			return rc;
	*out = bind_new(b, x, (enum op)x->op, sql_type_of(TYPE_BOOLEAN), arg, x->narg);
	return 0;
}

static struct node *negated(struct bind *b, const struct node *x, struct node *v)
{
	return x->flags & NODE_NOT ? bind_new(b, x, OP_NOT, sql_type_of(TYPE_BOOLEAN), &v, 1) : v;
}

static int bind_is(struct bind *b, const struct node *x, struct node **out)
{
	struct node *v;
	int rc = bind_node(b, x->arg[0], &v);
	if (!rc && x->op != OP_IS_NULL)
		rc = bind_bool(b, v, "IS TRUE or FALSE", &v);
	if (!rc)
		*out = negated(b, x, bind_new(b, x, (enum op)x->op, sql_type_of(TYPE_BOOLEAN), &v, 1));
	return rc;
}

/* What LEFT is compared with. A name that nobody knows beside text was most likely meant to be text: the shell takes quotes away. */
static int bind_compared(struct bind *b, const struct node *x, const struct node *left, struct node **out)
{
	int rc = bind_node(b, x, out);
	if (rc && x->op == OP_NAME && left->type.kind == TYPE_STRING && b->e) {
		size_t n = strlen(b->e->msg);
		snprintf(b->e->msg + n, sizeof b->e->msg - n, " (text is written in quotes: '%.100s')", x->name);
	}
	return rc;
}

static int bind_binary(struct bind *b, const struct node *x, struct node **l, struct node **r)
{
	int rc = bind_node(b, x->arg[0], l);
	return rc ? rc : bind_compared(b, x->arg[1], *l, r);
}

static int bind_comparison(struct bind *b, const struct node *x, struct node **out)
{
	struct node *l, *r;
	int rc = bind_binary(b, x, &l, &r);
	return rc ? rc : bind_compare(b, x, (enum op)x->op, l, r, out);
}

static int bind_distinct(struct bind *b, const struct node *x, struct node **out)
{
	struct node *l, *r;
	int rc;
	if ((rc = bind_binary(b, x, &l, &r)) || (rc = bind_compare(b, x, OP_SAME, l, r, out)))
		return rc;
	if (!(x->flags & NODE_NOT))
		*out = bind_new(b, x, OP_NOT, sql_type_of(TYPE_BOOLEAN), out, 1);
	return 0;
}

static int bind_between(struct bind *b, const struct node *x, struct node **out)
{
	struct node *v, *lo, *hi, *both[2];
	int rc;
	if ((rc = bind_node(b, x->arg[0], &v)) || (rc = bind_compared(b, x->arg[1], v, &lo)) ||
	    (rc = bind_compared(b, x->arg[2], v, &hi)) || (rc = bind_compare(b, x, OP_GE, v, lo, &both[0])) ||
	    (rc = bind_compare(b, x, OP_LE, v, hi, &both[1])))
		return rc;
	*out = negated(b, x, bind_new(b, x, OP_AND, sql_type_of(TYPE_BOOLEAN), both, 2));
	return 0;
}

static int cmp_kind(const void *x, const void *y, void *kind)
{
	return value_cmp(*(enum vkind *)kind, x, y);
}

/* The list as a sorted set, when every comparison is of V itself with a literal of one scale */
static bool as_set(struct bind *b, struct node *in, struct node *v, struct node *const *eq, size_t n)
{
	enum vkind kind = (enum vkind)v->kind;
	struct value *set = arena_array(&b->q->arena, n, sizeof *set);
	size_t k = 0;
	for (size_t i = 0; i < n; i++) {
		const struct node *lit = eq[i]->arg[1];
		if (eq[i]->arg[0] != v || lit->op != OP_LITERAL || kind == V_BOOL || lit->type.scale != v->type.scale)
			return false;
		if (lit->value.null)
			in->flags |= NODE_HAS_NULL;
		else
			set[k++] = lit->value;
	}
	if (k)
		qsort_r(set, k, sizeof *set, cmp_kind, &kind);
	in->set = set;
	in->nset = k;
	return true;
}

static int bind_in(struct bind *b, const struct node *x, struct node **out)
{
	struct node *v, *item, **eq = arena_array(&b->q->arena, x->narg, sizeof *eq);
	int rc = bind_node(b, x->arg[0], &v);
	if (rc)
		return rc;
	for (size_t i = 1; i < x->narg; i++)
		if ((rc = bind_compared(b, x->arg[i], v, &item)) || (rc = bind_compare(b, item, OP_EQ, v, item, &eq[i - 1])))
			return rc;
	struct node *in = bind_new(b, x, OP_IN, sql_type_of(TYPE_BOOLEAN), &v, 1);
	if (!as_set(b, in, v, eq, x->narg - 1))
		in = bind_new(b, x, OP_OR, sql_type_of(TYPE_BOOLEAN), eq, x->narg - 1);
	*out = negated(b, x, in);
	return 0;
}

static int bind_like_node(struct bind *b, const struct node *x, struct node **out)
{
	struct node *arg[3];
	for (size_t i = 0; i < x->narg; i++) {
		int rc = bind_node(b, x->arg[i], &arg[i]);
		if (rc)
			return rc;
	}
	int rc = bind_like(b, x, (enum op)x->op, arg, x->narg, out);
	if (!rc)
		*out = negated(b, x, *out);
	return rc;
}

/* CASE: conditions, values and ELSE; the values get one type */
static int bind_case(struct bind *b, const struct node *x, struct node **out)
{
	bool operand = x->flags & NODE_OPERAND;
	size_t first = operand, pairs = (x->narg - first) / 2, n = 2 * pairs + 1;
	struct node *v = NULL, **arg = arena_array(&b->q->arena, n, sizeof *arg);
	struct node **values = arena_array(&b->q->arena, pairs + 1, sizeof *values);
	int rc = operand ? bind_node(b, x->arg[0], &v) : 0;
	for (size_t i = 0; i < pairs && !rc; i++) {
		if ((rc = bind_node(b, x->arg[first + 2 * i], &arg[2 * i])) ||
		    (rc = bind_node(b, x->arg[first + 2 * i + 1], &values[i])))
			return rc;
		rc = operand ? bind_compare(b, arg[2 * i], OP_EQ, v, arg[2 * i], &arg[2 * i])
			     : bind_bool(b, arg[2 * i], "WHEN", &arg[2 * i]);
	}
	if (rc)
		return rc;
	if (x->flags & NODE_ELSE) {
		if ((rc = bind_node(b, x->arg[x->narg - 1], &values[pairs])))
			return rc;
	} else {
		values[pairs] = bind_literal(b, x, sql_type_of(TYPE_VOID), (struct value){ .null = true });
	}
	if ((rc = bind_common(b, x, values, pairs + 1, "CASE")))
		return rc;
	for (size_t i = 0; i < pairs; i++)
		arg[2 * i + 1] = values[i];
	arg[n - 1] = values[pairs];
	*out = bind_new(b, x, OP_CASE, values[0]->type, arg, n);
	return 0;
}

static int bind_args(struct bind *b, const struct node *x, struct node **out)
{
	struct node **arg = arena_array(&b->q->arena, x->narg + 1, sizeof *arg);
	for (size_t i = 0; i < x->narg; i++) {
		int rc = bind_node(b, x->arg[i], &arg[i]);
		if (rc)
			return rc;
	}
	return func_bind(b, x, arg, x->narg, out);
}

static int bind_interval(struct bind *b, const struct node *x, struct node **out)
{
	*out = bind_new(b, x, OP_INTERVAL, sql_type_of(TYPE_VOID), NULL, 0);
	(*out)->interval = x->interval;
	return 0;
}

static int bind_operand(struct bind *b, const struct node *x, struct node **out)
{
	return x->op == OP_INTERVAL ? bind_interval(b, x, out) : bind_node(b, x, out);
}

static int bind_arith_node(struct bind *b, const struct node *x, struct node **out)
{
	struct node *l, *r;
	int rc;
	if ((rc = bind_operand(b, x->arg[0], &l)) || (rc = bind_operand(b, x->arg[1], &r)))
		return rc;
	return bind_arith(b, x, (enum op)x->op, l, r, out);
}

static int bind_node(struct bind *b, const struct node *x, struct node **out)
{
	struct node *v;
	int rc;
	if (b->q->nnodes > 1000000)
		return expr_error(b->e, x, "more than 1000000 operations");
	switch ((enum op)x->op) {
	case OP_LITERAL:
		*out = bind_literal(b, x, x->type, x->value);
		return 0;
	case OP_NAME:
	case OP_FIELD:
		return bind_name(b, x, out);
	case OP_INDEX:
		return bind_index(b, x, out);
	case OP_NOT:
	case OP_AND:
	case OP_OR:
		return bind_logic(b, x, out);
	case OP_IS_NULL:
	case OP_IS_TRUE:
	case OP_IS_FALSE:
		return bind_is(b, x, out);
	case OP_DISTINCT:
		return bind_distinct(b, x, out);
	case OP_BETWEEN:
		return bind_between(b, x, out);
	case OP_IN:
		return bind_in(b, x, out);
	case OP_LIKE:
	case OP_ILIKE:
	case OP_RLIKE:
		return bind_like_node(b, x, out);
	case OP_CASE:
		return bind_case(b, x, out);
	case OP_CAST:
		return (rc = bind_node(b, x->arg[0], &v)) ? rc : bind_cast(b, v, x->type, out);
	case OP_NEG:
		return (rc = bind_node(b, x->arg[0], &v)) ? rc : bind_negate(b, x, v, out);
	case OP_FUNC:
	case OP_CONCAT:
		return bind_args(b, x, out);
	case OP_INTERVAL:
		return expr_error(b->e, x, "an INTERVAL can only be added to or subtracted from a date or a timestamp");
	case OP_ADD:
	case OP_SUB:
	case OP_MUL:
	case OP_DIV:
	case OP_IDIV:
	case OP_MOD:
		return bind_arith_node(b, x, out);
	default:
		return bind_comparison(b, x, out);
	}
}

int expr_bind(struct expr_bound **out, const struct expr *x, const struct type *type, enum expr_want want,
	      struct err *e)
{
	struct expr_bound *q = mem_zalloc(sizeof *q);
	struct bind b = { q, x, e };
	*out = NULL;
	q->type = type;
	q->now = clock_now_us();
	int rc = bind_node(&b, x->root, &q->root);
	if (!rc && want == EXPR_PREDICATE)
		rc = bind_bool(&b, q->root, "a condition", &q->root);
	if (rc) {
		expr_bound_free(q);
		return rc;
	}
	*out = q;
	return 0;
}

void expr_bound_free(struct expr_bound *q)
{
	if (!q)
		return;
	mem_free(q->paths);
	arena_release(&q->arena);
	mem_free(q);
}

const struct type *expr_type(const struct expr_bound *q) { return &q->root->type; }

size_t expr_paths(const struct expr_bound *q, const struct expr_path **paths)
{
	*paths = q->paths;
	return q->npaths;
}

bool expr_only_uses(const struct expr_bound *q, const uint32_t *fields, size_t n)
{
	for (size_t i = 0; i < q->npaths; i++) {
		bool found = false;
		for (size_t k = 0; k < n; k++)
			found = found || q->paths[i].field[0] == fields[k];
		if (!found)
			return false;
	}
	return true;
}

bool expr_is_column(const struct expr_bound *q)
{
	return (q->root->op == OP_COLUMN || q->root->op == OP_FIELD) && q->root->leaf >= 0;
}
