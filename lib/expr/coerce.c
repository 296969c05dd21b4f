/* SPDX-License-Identifier: MIT */
/* Which types meet, and as what. Source: Spark's TypeCoercion and AnsiTypeCoercion. A text literal takes the
 * type of what it is compared with, or is an error; a text column is cast row by row. */
#include "expr/node.h"

#include <assert.h>

static bool is_text(const struct type *t) { return t->kind == TYPE_STRING || t->kind == TYPE_BINARY; }

/* Values that compare as they are held, whatever the exact types */
static bool alike(const struct type *l, const struct type *r)
{
	if (sql_type_is_integral(l) || sql_type_is_time(l))
		return sql_type_is_integral(l) ? sql_type_is_integral(r) : sql_type_is_time(r);
	if (is_text(l))
		return is_text(r);
	if (sql_type_vkind(l) == V_DBL)
		return sql_type_vkind(r) == V_DBL;
	return l->kind == r->kind && sql_type_vkind(l) != V_REF;
}

/* '2.5' beside a number: what kind of number is it? False: none */
static bool text_as_number(struct bind *b, struct node **s, const struct type *other)
{
	struct value v = { .null = false };
	struct str t = (*s)->value.s;
	struct type type = sql_type_of(sql_type_vkind(other) == V_DBL ? TYPE_DOUBLE : TYPE_LONG);
	int precision, scale;
	if (!cast_string(t, &type, &v, &b->q->arena)) {
		while (t.n && *t.p == ' ')
			t.p++, t.n--;
		while (t.n && t.p[t.n - 1] == ' ')
			t.n--;
		if (type.kind == TYPE_DOUBLE || !dec_parse(t.p, t.n, &v.dec, &precision, &scale))
			return false;
		type = sql_type_decimal(precision, scale);
	}
	*s = bind_literal(b, *s, type, v);
	return true;
}

/* A text S meets OTHER, which is none */
static int text_meets(struct bind *b, struct node **s, const struct type *other)
{
	struct node *text = *s;
	struct type to = *other;
	if (text->op != OP_LITERAL || text->value.null) {
		if (sql_type_is_numeric(other))
			to = sql_type_of(sql_type_is_integral(other) ? TYPE_LONG : TYPE_DOUBLE);
		return bind_cast(b, text, to, s);
	}
	if (sql_type_is_numeric(other)) {
		if (text_as_number(b, s, other))
			return 0;
	} else {
		int rc = bind_cast(b, text, to, s);
		if (rc || !(*s)->value.null)
			return rc;
	}
	return expr_error(b->e, text, "'%.60s' is not a valid %s, the type that it is compared with",
			  text->value.s.p, sql_type_text(other, &b->q->arena));
}

/* Make L and R comparable; 1: they are not */
static int meet(struct bind *b, struct node **l, struct node **r)
{
	const struct type *tl = &(*l)->type, *tr = &(*r)->type;
	if (tl->kind == TYPE_VOID && tr->kind == TYPE_VOID) {
		int rc = bind_cast(b, *l, sql_type_of(TYPE_BOOLEAN), l);
		return rc ? rc : bind_cast(b, *r, sql_type_of(TYPE_BOOLEAN), r);
	}
	if (tl->kind == TYPE_VOID || tr->kind == TYPE_VOID) {
		if (sql_type_vkind(tl) == V_REF || sql_type_vkind(tr) == V_REF)
			return 1;
		return tl->kind == TYPE_VOID ? bind_cast(b, *l, *tr, l) : bind_cast(b, *r, *tl, r);
	}
	if (alike(tl, tr))
		return 0;
	if (tl->kind == TYPE_STRING || tr->kind == TYPE_STRING) { /* the text becomes a number of some kind: those meet */
		if (sql_type_vkind(tl) == V_REF || sql_type_vkind(tr) == V_REF)
			return 1;
		int rc = tl->kind == TYPE_STRING ? text_meets(b, l, tr) : text_meets(b, r, tl);
		return rc ? rc : meet(b, l, r);
	}
	if (sql_type_is_numeric(tl) && sql_type_is_numeric(tr)) {
		bool dbl = sql_type_vkind(tl) == V_DBL || sql_type_vkind(tr) == V_DBL;
		struct type to = dbl ? sql_type_of(TYPE_DOUBLE) : sql_type_decimal(20, 0);
		int rc = sql_type_is_integral(tl) || (dbl && sql_type_vkind(tl) != V_DBL) ? bind_cast(b, *l, to, l) : 0;
		if (!rc && (sql_type_is_integral(tr) || (dbl && sql_type_vkind(tr) != V_DBL)))
			rc = bind_cast(b, *r, to, r);
		return rc;
	}
	if (tl->kind == TYPE_DATE && sql_type_is_time(tr))
		return bind_cast(b, *l, *tr, l);
	if (tr->kind == TYPE_DATE && sql_type_is_time(tl))
		return bind_cast(b, *r, *tl, r);
	return 1;
}

int bind_compare(struct bind *b, const struct node *at, enum op op, struct node *l, struct node *r, struct node **out)
{
	struct node *arg[2] = { l, r };
	bool known = l->op == OP_LITERAL;
	int rc = meet(b, &arg[0], &arg[1]);
	if (rc > 0)
		return bind_type_error(b, at, "a comparison", &l->type, &r->type);
	if (rc)
		return rc;
	if (arg[0]->kind == V_DEC && arg[0]->type.scale != arg[1]->type.scale) { /* a literal takes the column's scale */
		struct node *lit = arg[known ? 0 : 1], *col = arg[known ? 1 : 0];
		__int128 v, back;
		if (lit->op == OP_LITERAL && !lit->value.null &&
		    dec_rescale(lit->value.dec, lit->type.scale, col->type.scale, &v) &&
		    dec_rescale(v, col->type.scale, lit->type.scale, &back) && back == lit->value.dec)
			arg[known ? 0 : 1] = bind_literal(b, lit, sql_type_decimal(38, col->type.scale),
							  (struct value){ .dec = v });
	}
	assert(arg[0]->kind == arg[1]->kind);
	*out = bind_new(b, at, op, sql_type_of(TYPE_BOOLEAN), arg, 2);
	return 0;
}

/* The type that holds both; false: none does */
static bool wider(const struct type *l, const struct type *r, struct type *to)
{
	if (l->kind == TYPE_VOID || r->kind == TYPE_VOID) {
		*to = l->kind == TYPE_VOID ? *r : *l;
		return true;
	}
	if (sql_type_vkind(l) == V_REF || sql_type_vkind(r) == V_REF)
		return false;
	if (l->kind == r->kind && l->kind != TYPE_DECIMAL) {
		*to = *l;
	} else if (sql_type_is_integral(l) && sql_type_is_integral(r)) {
		*to = l->kind > r->kind ? *l : *r;
	} else if (sql_type_is_numeric(l) && sql_type_is_numeric(r)) {
		struct type a = sql_type_as_decimal(l), c = sql_type_as_decimal(r);
		int scale = a.scale > c.scale ? a.scale : c.scale;
		int whole = a.precision - a.scale > c.precision - c.scale ? a.precision - a.scale : c.precision - c.scale;
		bool dbl = sql_type_vkind(l) == V_DBL || sql_type_vkind(r) == V_DBL;
		*to = dbl ? sql_type_of(TYPE_DOUBLE) : sql_type_decimal(whole + scale, scale);
	} else if (is_text(l) || is_text(r)) {
		*to = sql_type_of(TYPE_STRING);
	} else if ((l->kind == TYPE_DATE || sql_type_is_time(l)) && (r->kind == TYPE_DATE || sql_type_is_time(r))) {
		*to = l->kind == TYPE_DATE ? *r : r->kind == TYPE_DATE ? *l : sql_type_of(TYPE_TIMESTAMP);
	} else {
		return false;
	}
	return true;
}

int bind_common(struct bind *b, const struct node *at, struct node **arg, size_t narg, const char *what)
{
	struct type to = sql_type_of(TYPE_VOID);
	for (size_t i = 0; i < narg; i++) {
		struct type was = to;
		if (!wider(&was, &arg[i]->type, &to))
			return bind_type_error(b, at, what, &was, &arg[i]->type);
	}
	if (to.kind == TYPE_VOID)
		to = sql_type_of(TYPE_BOOLEAN);
	if (sql_type_vkind(&to) == V_REF)
		return expr_error(b->e, at, "%s does not take %s", what, sql_type_text(&to, &b->q->arena));
	for (size_t i = 0; i < narg; i++) {
		int rc = bind_cast(b, arg[i], to, &arg[i]);
		if (rc)
			return rc;
	}
	return 0;
}
