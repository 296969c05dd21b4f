/* SPDX-License-Identifier: MIT */
/* The functions: one line each in a table. */
#include "expr/fn.h"

#include "base/near.h"

#include <strings.h>

typedef int func_binder(struct bind *b, const struct node *at, struct node **arg, size_t narg, struct node **out);

struct func {
	const char *name;
	uint8_t min, max;
	/* a letter an argument, the last one for the rest: s string, S string or binary, i int, n number, d date,
	 * t timestamp, - left to the binder */
	const char *args;
	char result;             /* b boolean, i int, l bigint, s string, d date, t timestamp, = the first argument's */
	scalar_fn *fn;
	uint16_t flags;
	uint32_t unit;
	func_binder *bind;       /* instead of fn: when the types need thought */
};

#define MANY 255

static int bind_coalesce(struct bind *b, const struct node *at, struct node **arg, size_t narg, struct node **out)
{
	int rc = bind_common(b, at, arg, narg, "coalesce");
	if (!rc)
		*out = bind_new(b, at, OP_COALESCE, arg[0]->type, arg, narg);
	return rc;
}

static int bind_nullif(struct bind *b, const struct node *at, struct node **arg, size_t narg, struct node **out)
{
	struct node *c[3] = { NULL, NULL, arg[0] };
	(void)narg;
	int rc = bind_compare(b, at, OP_EQ, arg[0], arg[1], &c[0]);
	if (rc || (rc = bind_cast(b, arg[0], arg[0]->type.kind == TYPE_VOID ? sql_type_of(TYPE_BOOLEAN) : arg[0]->type, &c[2])))
		return rc;
	c[1] = bind_literal(b, at, c[2]->type, (struct value){ .null = true });
	*out = bind_new(b, at, OP_CASE, c[2]->type, c, 3);
	return 0;
}

static int bind_if(struct bind *b, const struct node *at, struct node **arg, size_t narg, struct node **out)
{
	int rc = bind_bool(b, arg[0], "if", &arg[0]);
	if (rc || (rc = bind_common(b, at, arg + 1, 2, "if")))
		return rc;
	*out = bind_new(b, at, OP_CASE, arg[1]->type, arg, narg);
	return 0;
}

static int bind_isnull(struct bind *b, const struct node *at, struct node **arg, size_t narg, struct node **out)
{
	*out = bind_new(b, at, OP_IS_NULL, sql_type_of(TYPE_BOOLEAN), arg, narg);
	return 0;
}

static int bind_isnotnull(struct bind *b, const struct node *at, struct node **arg, size_t narg, struct node **out)
{
	bind_isnull(b, at, arg, narg, out);
	*out = bind_new(b, at, OP_NOT, sql_type_of(TYPE_BOOLEAN), out, 1);
	return 0;
}

static int bind_greatest(struct bind *b, const struct node *at, struct node **arg, size_t narg, struct node **out)
{
	int rc = bind_common(b, at, arg, narg, at->name);
	if (!rc)
		*out = bind_call(b, at, fn_most, arg[0]->type, arg, narg, NODE_NULLS,
				 !strcasecmp(at->name, "least"));
	return rc;
}

static int wants_number(struct bind *b, const struct node *at, struct node **x)
{
	if ((*x)->type.kind == TYPE_STRING || (*x)->type.kind == TYPE_VOID)
		return bind_cast(b, *x, sql_type_of(TYPE_DOUBLE), x);
	if (!sql_type_is_numeric(&(*x)->type))
		return expr_error(b->e, at, "%s needs a number, not %s", at->name,
				  sql_type_text(&(*x)->type, &b->q->arena));
	return 0;
}

static int bind_round(struct bind *b, const struct node *at, struct node **arg, size_t narg, struct node **out)
{
	int rc = wants_number(b, at, &arg[0]);
	int64_t digits = 0;
	if (rc)
		return rc;
	if (narg > 1) {
		if ((rc = bind_cast(b, arg[1], sql_type_of(TYPE_INTEGER), &arg[1])))
			return rc;
		if (arg[1]->op != OP_LITERAL || arg[1]->value.null)
			return expr_error(b->e, arg[1], "round needs a constant number of digits");
		digits = arg[1]->value.i;
	}
	struct type t = arg[0]->type;
	if (t.kind == TYPE_DECIMAL) { /* one digit more before the point, for 9.9 to become 10 */
		int scale = digits < 0 ? 0 : digits < t.scale ? (int)digits : t.scale;
		int whole = t.precision - t.scale + 1;
		if (digits < 0 && -digits >= whole)
			whole = -digits < 37 ? (int)-digits + 1 : 38;
		t = sql_type_decimal(whole + scale, scale);
	} else if (sql_type_is_integral(&t) && t.kind != TYPE_LONG) {
		t = sql_type_of(TYPE_INTEGER);
	}
	*out = bind_call(b, at, fn_round, t, arg, narg, NODE_FAILS | (narg == 1 ? NODE_MONOTONE : 0), 0);
	return 0;
}

static int bind_floor(struct bind *b, const struct node *at, struct node **arg, size_t narg, struct node **out)
{
	int rc = wants_number(b, at, &arg[0]);
	struct type t = arg[0]->type;
	if (rc)
		return rc;
	if (sql_type_is_integral(&t))
		return bind_cast(b, arg[0], sql_type_of(TYPE_LONG), out);
	t = t.kind == TYPE_DECIMAL ? sql_type_decimal(t.precision - t.scale + 1, 0) : sql_type_of(TYPE_LONG);
	*out = bind_call(b, at, fn_floor, t, arg, narg, NODE_FAILS | NODE_MONOTONE, strncasecmp(at->name, "ceil", 4) == 0);
	return 0;
}

/* the unit of date_trunc and trunc, which must be known now */
static int unit_arg(struct bind *b, const struct node *at, const struct node *x, bool date, enum part *part)
{
	if (x->op != OP_LITERAL || x->type.kind != TYPE_STRING || x->value.null ||
	    !part_by_name(x->value.s.p, x->value.s.n, date, part))
		return expr_error(b->e, x, "%s needs one of 'year', 'quarter', 'month', 'week'%s in quotes", at->name,
				  date ? "" : ", 'day', 'hour', 'minute', 'second', 'millisecond', 'microsecond'");
	return 0;
}

static int bind_date_trunc(struct bind *b, const struct node *at, struct node **arg, size_t narg, struct node **out)
{
	enum part part;
	(void)narg;
	int rc = unit_arg(b, at, arg[0], false, &part);
	if (rc || (rc = bind_cast(b, arg[1], sql_type_of(TYPE_TIMESTAMP), &arg[1])))
		return rc;
	*out = bind_call(b, at, fn_date_trunc, arg[1]->type, &arg[1], 1, NODE_FAILS | NODE_MONOTONE, part);
	return 0;
}

static int bind_trunc(struct bind *b, const struct node *at, struct node **arg, size_t narg, struct node **out)
{
	enum part part;
	(void)narg;
	int rc = unit_arg(b, at, arg[1], true, &part);
	if (rc || (rc = bind_cast(b, arg[0], sql_type_of(TYPE_DATE), &arg[0])))
		return rc;
	*out = bind_call(b, at, fn_trunc, arg[0]->type, arg, 1, NODE_FAILS | NODE_MONOTONE, part);
	return 0;
}

static int bind_now(struct bind *b, const struct node *at, struct node **arg, size_t narg, struct node **out)
{
	struct node *now = bind_literal(b, at, sql_type_of(TYPE_TIMESTAMP), (struct value){ .i = b->q->now });
	(void)arg;
	(void)narg;
	*out = now;
	return strcasecmp(at->name, "current_date") ? 0 : bind_cast(b, now, sql_type_of(TYPE_DATE), out);
}

static int bind_size(struct bind *b, const struct node *at, struct node **arg, size_t narg, struct node **out)
{
	if (arg[0]->type.kind != TYPE_LIST && arg[0]->type.kind != TYPE_MAP)
		return expr_error(b->e, at, "%s needs an array or a map, not %s", at->name,
				  sql_type_text(&arg[0]->type, &b->q->arena));
	*out = bind_new(b, at, OP_SIZE, sql_type_of(TYPE_INTEGER), arg, narg);
	return 0;
}

/* array_contains(list, value): the value meets the element's type as in a comparison */
static int bind_has(struct bind *b, const struct node *at, struct node **arg, size_t narg, struct node **out)
{
	if (arg[0]->type.kind != TYPE_LIST)
		return expr_error(b->e, at, "%s needs an array, not %s", at->name,
				  sql_type_text(&arg[0]->type, &b->q->arena));
	struct type element = arg[0]->type.fields[0].type;
	struct node *probe = bind_new(b, at, OP_COLUMN, element, NULL, 0), *eq, *v[2];
	int rc = bind_compare(b, at, OP_EQ, probe, arg[1], &eq);
	if (rc)
		return rc;
	v[0] = arg[0];
	v[1] = eq->arg[1];
	if (eq->arg[0] != probe || (eq->arg[0]->kind == V_DEC && eq->arg[1]->type.scale != element.scale)) {
		if ((rc = bind_cast(b, arg[1], element, &v[1])))
			return rc;
	}
	*out = bind_new(b, at, OP_HAS, sql_type_of(TYPE_BOOLEAN), v, narg);
	return 0;
}

static int bind_like_call(struct bind *b, const struct node *at, struct node **arg, size_t narg, struct node **out)
{
	enum op op = !strcasecmp(at->name, "like") ? OP_LIKE : !strcasecmp(at->name, "ilike") ? OP_ILIKE : OP_RLIKE;
	if (op == OP_RLIKE && narg == 3)
		return expr_error(b->e, at, "%s takes 2 arguments", at->name);
	return bind_like(b, at, op, arg, narg, out);
}

static const struct func funcs[] = {
	{ "abs", 1, 1, "n", '=', fn_abs, NODE_FAILS, 0, NULL },
	{ "add_months", 2, 2, "di", 'd', fn_add_months, NODE_FAILS, 0, NULL },
	{ "array_contains", 2, 2, "-", 0, NULL, 0, 0, bind_has },
	{ "cardinality", 1, 1, "-", 0, NULL, 0, 0, bind_size },
	{ "ceil", 1, 1, "-", 0, NULL, 0, 0, bind_floor },
	{ "ceiling", 1, 1, "-", 0, NULL, 0, 0, bind_floor },
	{ "char_length", 1, 1, "S", 'i', fn_length, 0, 0, NULL },
	{ "character_length", 1, 1, "S", 'i', fn_length, 0, 0, NULL },
	{ "coalesce", 1, MANY, "-", 0, NULL, 0, 0, bind_coalesce },
	{ "concat", 1, MANY, "s", 's', fn_concat, 0, 0, NULL },
	{ "contains", 2, 2, "s", 'b', fn_contains, 0, 0, NULL },
	{ "current_date", 0, 0, "", 0, NULL, 0, 0, bind_now },
	{ "current_timestamp", 0, 0, "", 0, NULL, 0, 0, bind_now },
	{ "date_add", 2, 2, "di", 'd', fn_date_add, NODE_FAILS, 0, NULL },
	{ "date_diff", 2, 2, "d", 'i', fn_datediff, NODE_FAILS, 0, NULL },
	{ "date_sub", 2, 2, "di", 'd', fn_date_add, NODE_FAILS, 1, NULL },
	{ "date_trunc", 2, 2, "-", 0, NULL, 0, 0, bind_date_trunc },
	{ "dateadd", 2, 2, "di", 'd', fn_date_add, NODE_FAILS, 0, NULL },
	{ "datediff", 2, 2, "d", 'i', fn_datediff, NODE_FAILS, 0, NULL },
	{ "day", 1, 1, "d", 'i', fn_date_part, 0, PART_DAY, NULL },
	{ "dayofmonth", 1, 1, "d", 'i', fn_date_part, 0, PART_DAY, NULL },
	{ "dayofweek", 1, 1, "d", 'i', fn_date_part, 0, PART_DOW, NULL },
	{ "dayofyear", 1, 1, "d", 'i', fn_date_part, 0, PART_DOY, NULL },
	{ "endswith", 2, 2, "s", 'b', fn_endswith, 0, 0, NULL },
	{ "floor", 1, 1, "-", 0, NULL, 0, 0, bind_floor },
	{ "greatest", 2, MANY, "-", 0, NULL, 0, 0, bind_greatest },
	{ "hour", 1, 1, "t", 'i', fn_time_part, 0, PART_HOUR, NULL },
	{ "if", 3, 3, "-", 0, NULL, 0, 0, bind_if },
	{ "ifnull", 2, 2, "-", 0, NULL, 0, 0, bind_coalesce },
	{ "ilike", 2, 3, "-", 0, NULL, 0, 0, bind_like_call },
	{ "isnotnull", 1, 1, "-", 0, NULL, 0, 0, bind_isnotnull },
	{ "isnull", 1, 1, "-", 0, NULL, 0, 0, bind_isnull },
	{ "last_day", 1, 1, "d", 'd', fn_last_day, NODE_FAILS | NODE_MONOTONE, 0, NULL },
	{ "lcase", 1, 1, "s", 's', fn_case, NODE_IMPURE, 0, NULL },
	{ "least", 2, MANY, "-", 0, NULL, 0, 0, bind_greatest },
	{ "len", 1, 1, "S", 'i', fn_length, 0, 0, NULL },
	{ "length", 1, 1, "S", 'i', fn_length, 0, 0, NULL },
	{ "like", 2, 3, "-", 0, NULL, 0, 0, bind_like_call },
	{ "lower", 1, 1, "s", 's', fn_case, NODE_IMPURE, 0, NULL },
	{ "ltrim", 1, 1, "s", 's', fn_trim, 0, TRIM_LEFT, NULL },
	{ "minute", 1, 1, "t", 'i', fn_time_part, 0, PART_MINUTE, NULL },
	{ "month", 1, 1, "d", 'i', fn_date_part, 0, PART_MONTH, NULL },
	{ "now", 0, 0, "", 0, NULL, 0, 0, bind_now },
	{ "nullif", 2, 2, "-", 0, NULL, 0, 0, bind_nullif },
	{ "nvl", 2, 2, "-", 0, NULL, 0, 0, bind_coalesce },
	{ "octet_length", 1, 1, "S", 'i', fn_bytes_length, 0, 0, NULL },
	{ "quarter", 1, 1, "d", 'i', fn_date_part, 0, PART_QUARTER, NULL },
	{ "regexp", 2, 2, "-", 0, NULL, 0, 0, bind_like_call },
	{ "regexp_like", 2, 2, "-", 0, NULL, 0, 0, bind_like_call },
	{ "replace", 2, 3, "s", 's', fn_replace, NODE_FAILS, 0, NULL },
	{ "rlike", 2, 2, "-", 0, NULL, 0, 0, bind_like_call },
	{ "round", 1, 2, "-", 0, NULL, 0, 0, bind_round },
	{ "rtrim", 1, 1, "s", 's', fn_trim, 0, TRIM_RIGHT, NULL },
	{ "second", 1, 1, "t", 'i', fn_time_part, 0, PART_SECOND, NULL },
	{ "size", 1, 1, "-", 0, NULL, 0, 0, bind_size },
	{ "startswith", 2, 2, "s", 'b', fn_startswith, 0, 0, NULL },
	{ "substr", 2, 3, "Sii", '=', fn_substring, 0, 0, NULL },
	{ "substring", 2, 3, "Sii", '=', fn_substring, 0, 0, NULL },
	{ "to_date", 1, 1, "d", '=', NULL, 0, 0, NULL },
	{ "to_timestamp", 1, 1, "t", '=', NULL, 0, 0, NULL },
	{ "trim", 1, 1, "s", 's', fn_trim, 0, TRIM_LEFT | TRIM_RIGHT, NULL },
	{ "trunc", 2, 2, "-", 0, NULL, 0, 0, bind_trunc },
	{ "ucase", 1, 1, "s", 's', fn_case, NODE_IMPURE, 1, NULL },
	{ "unix_timestamp", 1, 1, "t", 'l', fn_unix_seconds, NODE_MONOTONE, 0, NULL },
	{ "upper", 1, 1, "s", 's', fn_case, NODE_IMPURE, 1, NULL },
	{ "weekday", 1, 1, "d", 'i', fn_date_part, 0, PART_WEEKDAY, NULL },
	{ "year", 1, 1, "d", 'i', fn_date_part, NODE_MONOTONE, PART_YEAR, NULL },
};

static const struct func concat_op = { "||", 2, 2, "s", 's', fn_concat, 0, 0, NULL };

static int unknown(struct bind *b, const struct node *call)
{
	struct near near = near_to(call->name, call->nname);
	for (size_t i = 0; i < sizeof funcs / sizeof *funcs; i++)
		near_name(&near, funcs[i].name, strlen(funcs[i].name));
	return expr_error(b->e, call, "no function '%s'%s", call->name, near_hint(&near, "", ""));
}

static int coerce_arg(struct bind *b, const struct node *call, const char *name, char letter, struct node **x)
{
	const struct type *t = &(*x)->type;
	struct type to;
	switch (letter) {
	case 'n':
		if (sql_type_is_numeric(t))
			return 0;
		to = sql_type_of(TYPE_DOUBLE);
		break;
	case 'i':
		if (!sql_type_is_integral(t) && t->kind != TYPE_VOID)
			return expr_error(b->e, *x, "%s needs a whole number, not %s", name,
					  sql_type_text(t, &b->q->arena));
		to = sql_type_of(TYPE_INTEGER);
		break;
	case 'd':
	case 't':
		if (t->kind != TYPE_STRING && t->kind != TYPE_DATE && !sql_type_is_time(t) && t->kind != TYPE_VOID)
			return expr_error(b->e, *x, "%s needs a %s, not %s", name,
					  letter == 'd' ? "date" : "timestamp", sql_type_text(t, &b->q->arena));
		to = letter == 'd' ? sql_type_of(TYPE_DATE) : t->kind == TYPE_TIMESTAMP_NTZ ? *t : sql_type_of(TYPE_TIMESTAMP);
		break;
	default:
		if (sql_type_vkind(t) == V_STR && (letter == 'S' || t->kind == TYPE_STRING))
			return 0;
		to = sql_type_of(TYPE_STRING);
	}
	(void)call;
	return bind_cast(b, *x, to, x);
}

static int bind_func(struct bind *b, const struct node *call, const struct func *f, struct node **arg, size_t narg,
		     struct node **out)
{
	if (narg < f->min || narg > f->max)
		return expr_error(b->e, call, "%s takes %s%d argument%s, not %zu", f->name,
				  f->max == f->min ? "" : f->max == MANY ? "at least " : "up to ",
				  f->max == MANY ? f->min : f->max, (f->max == MANY ? f->min : f->max) == 1 ? "" : "s", narg);
	if (f->bind)
		return f->bind(b, call, arg, narg, out);
	size_t letters = strlen(f->args);
	for (size_t i = 0; i < narg; i++) {
		int rc = coerce_arg(b, call, f->name, f->args[i < letters ? i : letters - 1], &arg[i]);
		if (rc)
			return rc;
	}
	if (!f->fn) { /* a cast was all */
		*out = arg[0];
		return 0;
	}
	static const struct { char c; enum type_kind kind; } results[] = { { 'b', TYPE_BOOLEAN }, { 'i', TYPE_INTEGER },
		{ 'l', TYPE_LONG }, { 's', TYPE_STRING }, { 'd', TYPE_DATE }, { 't', TYPE_TIMESTAMP } };
	struct type to = arg[0]->type;
	for (size_t i = 0; i < sizeof results / sizeof *results; i++)
		if (results[i].c == f->result)
			to = sql_type_of(results[i].kind);
	*out = bind_call(b, call, f->fn, to, arg, narg, f->flags, f->unit);
	return 0;
}

int func_bind(struct bind *b, const struct node *call, struct node **arg, size_t narg, struct node **out)
{
	struct type type;
	if (call->op == OP_CONCAT)
		return bind_func(b, call, &concat_op, arg, narg, out);
	for (size_t i = 0; i < sizeof funcs / sizeof *funcs; i++)
		if (!strcasecmp(funcs[i].name, call->name))
			return bind_func(b, call, &funcs[i], arg, narg, out);
	if (narg == 1 && sql_type_by_name(&type, call->name, call->nname) && type.kind != TYPE_VOID)
		return bind_cast(b, arg[0], type, out); /* int(x), date(x), string(x) … */
	return unknown(b, call);
}

int bind_like(struct bind *b, const struct node *at, enum op op, struct node **arg, size_t narg, struct node **out)
{
	unsigned flags = 0;
	uint32_t escape = '\\';
	for (size_t i = 0; i < narg; i++) {
		int rc = coerce_arg(b, at, "LIKE", 's', &arg[i]);
		if (rc)
			return rc;
	}
	if (narg == 3) {
		if (arg[2]->op != OP_LITERAL || arg[2]->value.null || arg[2]->value.s.n != 1)
			return expr_error(b->e, arg[2], "ESCAPE needs one ASCII character");
		escape = (unsigned char)arg[2]->value.s.p[0];
	}
	const struct node *pat = arg[1];
	bool known = pat->op == OP_LITERAL && !pat->value.null;
	if (op == OP_RLIKE) {
		const char *why;
		flags = NODE_IMPURE;
		if (pat->op != OP_LITERAL)
			return expr_error(b->e, pat, "RLIKE needs a constant pattern");
		struct matcher *m = known ? regex_compile(pat->value.s.p, pat->value.s.n, &why) : NULL;
		if (known && !m)
			return expr_error(b->e, pat, "the regular expression cannot be used: %s", why);
		regex_free(m);
	} else if (known && !like_check(pat->value.s.p, pat->value.s.n, (int)escape)) {
		return expr_error(b->e, pat, "in a LIKE pattern the escape character must be followed by %%, _ or itself");
	}
	if (op == OP_ILIKE)
		flags = NODE_IMPURE;
	*out = bind_call(b, at, op == OP_LIKE ? fn_like : op == OP_ILIKE ? fn_ilike : fn_rlike, sql_type_of(TYPE_BOOLEAN), arg, 2,
			 flags, escape);
	return 0;
}
