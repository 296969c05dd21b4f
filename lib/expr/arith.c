/* SPDX-License-Identifier: MIT */
/* + - * / % DIV and the sign. Result types as Spark's DecimalPrecision; overflow and division by zero are NULL. */
#include "expr/node.h"

#include "base/clock.h"

#include <math.h>

static bool in_range(const struct node *x, int64_t v)
{
	switch (x->type.kind) {
	case TYPE_BYTE:
		return v >= INT8_MIN && v <= INT8_MAX;
	case TYPE_SHORT:
		return v >= INT16_MIN && v <= INT16_MAX;
	case TYPE_INTEGER:
		return v >= INT32_MIN && v <= INT32_MAX;
	default:
		return true;
	}
}

static void int_op(struct fn_ctx *c, const struct node *x, const struct value *a, struct value *out)
{
	bool bad = false;
	(void)c;
	switch ((enum op)x->unit) {
	case OP_ADD:
		bad = __builtin_add_overflow(a[0].i, a[1].i, &out->i);
		break;
	case OP_SUB:
		bad = __builtin_sub_overflow(a[0].i, a[1].i, &out->i);
		break;
	case OP_MUL:
		bad = __builtin_mul_overflow(a[0].i, a[1].i, &out->i);
		break;
	default: /* OP_MOD, OP_IDIV */
		bad = a[1].i == 0 || (a[1].i == -1 && a[0].i == INT64_MIN && x->unit == OP_IDIV);
		if (!bad)
			out->i = a[1].i == -1 ? (x->unit == OP_MOD ? 0 : -a[0].i)
					      : (x->unit == OP_MOD ? a[0].i % a[1].i : a[0].i / a[1].i);
	}
	out->null = bad || !in_range(x, out->i);
}

static void double_op(struct fn_ctx *c, const struct node *x, const struct value *a, struct value *out)
{
	(void)c;
	switch ((enum op)x->unit) {
	case OP_ADD:
		out->d = a[0].d + a[1].d;
		break;
	case OP_SUB:
		out->d = a[0].d - a[1].d;
		break;
	case OP_MUL:
		out->d = a[0].d * a[1].d;
		break;
	case OP_DIV:
		out->null = a[1].d == 0;
		out->d = out->null ? 0 : a[0].d / a[1].d;
		break;
	default:
		out->null = a[1].d == 0;
		out->d = out->null ? 0 : fmod(a[0].d, a[1].d);
	}
	if (x->type.kind == TYPE_FLOAT)
		out->d = (float)out->d;
}

static bool decimal_op_value(const struct node *x, const struct value *a, __int128 *out)
{
	int s1 = x->arg[0]->type.scale, s2 = x->arg[1]->type.scale, most = s1 > s2 ? s1 : s2, to = x->type.scale;
	__int128 l, r, v;
	if (x->unit == OP_MUL)
		return dec_mul(a[0].dec, a[1].dec, s1 + s2 - to, out);
	if (x->unit == OP_DIV)
		return a[1].dec != 0 && dec_div(a[0].dec, a[1].dec, to - s1 + s2, out);
	if (!dec_rescale(a[0].dec, s1, most, &l) || !dec_rescale(a[1].dec, s2, most, &r))
		return false;
	if (x->unit == OP_ADD) {
		if (__builtin_add_overflow(l, r, &v))
			return false;
	} else if (x->unit == OP_SUB) {
		if (__builtin_sub_overflow(l, r, &v))
			return false;
	} else {
		if (r == 0)
			return false;
		v = l % r;
	}
	return dec_rescale(v, most, to, out);
}

static void decimal_op(struct fn_ctx *c, const struct node *x, const struct value *a, struct value *out)
{
	(void)c;
	out->null = !decimal_op_value(x, a, &out->dec) || !dec_fits(out->dec, x->type.precision);
}

static void decimal_idiv(struct fn_ctx *c, const struct node *x, const struct value *a, struct value *out)
{
	int s1 = x->arg[0]->type.scale, s2 = x->arg[1]->type.scale, most = s1 > s2 ? s1 : s2;
	__int128 l, r;
	(void)c;
	out->null = a[1].dec == 0 || !dec_rescale(a[0].dec, s1, most, &l) || !dec_rescale(a[1].dec, s2, most, &r);
	if (out->null)
		return;
	l /= r;
	out->null = l > INT64_MAX || l < INT64_MIN;
	out->i = (int64_t)l;
}

/* the type of a decimal operation: Spark's table */
static struct type decimal_result(enum op op, const struct type *l, const struct type *r)
{
	int p1 = l->precision, s1 = l->scale, p2 = r->precision, s2 = r->scale, s = s1 > s2 ? s1 : s2;
	int w1 = p1 - s1, w2 = p2 - s2;
	switch (op) {
	case OP_MUL:
		return sql_type_decimal(p1 + p2 + 1, s1 + s2);
	case OP_DIV:
		s = s1 + p2 + 1 > 6 ? s1 + p2 + 1 : 6;
		return sql_type_decimal(w1 + s2 + s, s);
	case OP_MOD:
		return sql_type_decimal((w1 < w2 ? w1 : w2) + s ? (w1 < w2 ? w1 : w2) + s : 1, s);
	default:
		return sql_type_decimal((w1 > w2 ? w1 : w2) + s + 1, s);
	}
}

/* a whole literal is as wide as its digits, not as its type */
static struct type decimal_type_of(const struct node *x)
{
	if (x->op != OP_LITERAL || !sql_type_is_integral(&x->type) || x->value.null)
		return sql_type_as_decimal(&x->type);
	char text[24];
	size_t n = fmt_i64(text, x->value.i);
	return sql_type_decimal((int)n - (x->value.i < 0), 0);
}

static int as_decimals(struct bind *b, struct node **arg)
{
	for (int i = 0; i < 2; i++) {
		int rc = bind_cast(b, arg[i], decimal_type_of(arg[i]), &arg[i]);
		if (rc)
			return rc;
	}
	return 0;
}

static int as_doubles(struct bind *b, struct node **arg, struct type to)
{
	int rc = bind_cast(b, arg[0], to, &arg[0]);
	return rc ? rc : bind_cast(b, arg[1], to, &arg[1]);
}

/* both numeric */
static int bind_numbers(struct bind *b, const struct node *at, enum op op, struct node **arg, struct node **out)
{
	const struct type *l = &arg[0]->type, *r = &arg[1]->type;
	bool dbl = sql_type_vkind(l) == V_DBL || sql_type_vkind(r) == V_DBL, dec = l->kind == TYPE_DECIMAL || r->kind == TYPE_DECIMAL;
	struct type to;
	int rc;
	if (dbl && op == OP_IDIV)
		return bind_type_error(b, at, "DIV", l, r);
	if (dbl || (!dec && op == OP_DIV)) {
		bool single = dbl && !dec && op != OP_DIV && l->kind != TYPE_DOUBLE && r->kind != TYPE_DOUBLE;
		to = sql_type_of(single ? TYPE_FLOAT : TYPE_DOUBLE);
		if ((rc = as_doubles(b, arg, to)))
			return rc;
		*out = bind_call(b, at, double_op, to, arg, 2, NODE_FAILS, op);
	} else if (dec) {
		if ((rc = as_decimals(b, arg)))
			return rc;
		to = op == OP_IDIV ? sql_type_of(TYPE_LONG) : decimal_result(op, &arg[0]->type, &arg[1]->type);
		*out = bind_call(b, at, op == OP_IDIV ? decimal_idiv : decimal_op, to, arg, 2, NODE_FAILS, op);
	} else {
		to = op == OP_IDIV ? sql_type_of(TYPE_LONG) : l->kind > r->kind ? *l : *r;
		*out = bind_call(b, at, int_op, to, arg, 2, NODE_FAILS, op);
	}
	return 0;
}

/* date and time */

static void date_plus_days(struct fn_ctx *c, const struct node *x, const struct value *a, struct value *out)
{
	(void)c;
	int64_t days = x->unit == OP_SUB ? -a[1].i : a[1].i;
	out->null = a[1].i == INT64_MIN || __builtin_add_overflow(a[0].i, days, &out->i) || out->i > INT32_MAX ||
		    out->i < INT32_MIN;
}

static void time_plus(struct fn_ctx *c, const struct node *x, const struct value *a, struct value *out)
{
	(void)c;
	out->i = a[0].i;
	out->null = !fn_time_add(&x->interval, x->unit == OP_SUB ? -1 : 1, &out->i);
}

static void date_plus(struct fn_ctx *c, const struct node *x, const struct value *a, struct value *out)
{
	(void)c;
	out->null = __builtin_mul_overflow(a[0].i, US_PER_DAY, &out->i) ||
		    !fn_time_add(&x->interval, x->unit == OP_SUB ? -1 : 1, &out->i);
	out->i = time_floor_div(out->i, US_PER_DAY);
}

static int plus_interval(struct bind *b, const struct node *at, enum op op, struct node *l, struct node *iv,
			 struct node **out)
{
	struct node where = *at;
	struct type to = l->type;
	int rc = 0;
	where.interval = iv->interval;
	if (to.kind == TYPE_STRING || to.kind == TYPE_VOID || (to.kind == TYPE_DATE && iv->interval.us)) {
		to = sql_type_of(TYPE_TIMESTAMP);
		rc = bind_cast(b, l, to, &l);
	}
	if (rc)
		return rc;
	if (to.kind != TYPE_DATE && !sql_type_is_time(&to))
		return expr_error(b->e, at, "an INTERVAL cannot be added to %s", sql_type_text(&to, &b->q->arena));
	/* months are clipped to the month's end, so that times within the last days may change places */
	bool monotone = to.kind == TYPE_DATE || !iv->interval.months;
	*out = bind_call(b, &where, to.kind == TYPE_DATE ? date_plus : time_plus, to, &l, 1,
			 NODE_FAILS | (monotone ? NODE_MONOTONE : 0), op);
	return 0;
}

/* text becomes a double, NULL takes the other's type */
static int number_operand(struct bind *b, struct node **x, const struct type *other)
{
	if ((*x)->type.kind == TYPE_STRING)
		return bind_cast(b, *x, sql_type_of(TYPE_DOUBLE), x);
	if ((*x)->type.kind == TYPE_VOID)
		return bind_cast(b, *x, sql_type_is_numeric(other) ? *other : sql_type_of(TYPE_INTEGER), x);
	return 0;
}

int bind_arith(struct bind *b, const struct node *at, enum op op, struct node *l, struct node *r, struct node **out)
{
	struct node *arg[2] = { l, r };
	bool sum = op == OP_ADD || op == OP_SUB;
	static const char *const names[] = { "+", "-", "*", "/", "DIV", "%" };
	int rc;
	if (sum && r->op == OP_INTERVAL && l->op != OP_INTERVAL)
		return plus_interval(b, at, op, l, r, out);
	if (op == OP_ADD && l->op == OP_INTERVAL && r->op != OP_INTERVAL)
		return plus_interval(b, at, op, r, l, out);
	if (l->op == OP_INTERVAL || r->op == OP_INTERVAL)
		return expr_error(b->e, at, "an INTERVAL can only be added to or subtracted from a date or a timestamp");
	if (sum && l->type.kind == TYPE_DATE && sql_type_is_integral(&r->type)) {
		*out = bind_call(b, at, date_plus_days, l->type, arg, 2, NODE_FAILS, op);
		return 0;
	}
	if (op == OP_SUB && l->type.kind == TYPE_DATE && r->type.kind == TYPE_DATE)
		return expr_error(b->e, at, "a date minus a date is an interval; use datediff(end, start)");
	if ((rc = number_operand(b, &arg[0], &r->type)) || (rc = number_operand(b, &arg[1], &arg[0]->type)))
		return rc;
	if (!sql_type_is_numeric(&arg[0]->type) || !sql_type_is_numeric(&arg[1]->type))
		return bind_type_error(b, at, names[op - OP_ADD], &l->type, &r->type);
	return bind_numbers(b, at, op, arg, out);
}

static void negate(struct fn_ctx *c, const struct node *x, const struct value *a, struct value *out)
{
	(void)c;
	if (x->kind == V_DBL)
		out->d = -a[0].d;
	else if (x->kind == V_DEC)
		out->dec = -a[0].dec;
	else
		out->null = __builtin_sub_overflow((int64_t)0, a[0].i, &out->i) || !in_range(x, out->i);
}

int bind_negate(struct bind *b, const struct node *at, struct node *v, struct node **out)
{
	int rc = number_operand(b, &v, &v->type);
	if (rc)
		return rc;
	if (!sql_type_is_numeric(&v->type))
		return expr_error(b->e, at, "- needs a number, not %s", sql_type_text(&v->type, &b->q->arena));
	*out = bind_call(b, at, negate, v->type, &v, 1, NODE_FAILS, 0);
	return 0;
}
