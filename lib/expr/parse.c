/* SPDX-License-Identifier: MIT */
/* Recursive descent after Spark's grammar. Precedence, loosest first: OR; AND; NOT; the predicates
 * (IN, BETWEEN, LIKE, IS); comparisons; + - ||; * / % DIV; signs; :: [] and dots. */
#include "expr/lex.h"

#include "base/mem.h"
#include "base/num.h"

#include <strings.h>

struct parser {
	struct expr *x;
	struct lexer lex;
	struct token t;
	unsigned depth;
	struct err *e;
};

struct nodes { /* a growing list of arguments */
	struct node **v;
	size_t n, cap;
};

static int parse_or(struct parser *p, struct node **out);
static int parse_primary(struct parser *p, struct node **out);
static int parse_unary(struct parser *p, struct node **out);
static int parse_additive(struct parser *p, struct node **out);
static int parse_comparison(struct parser *p, struct node **out);
static int parse_postfix(struct parser *p, struct node **x);

static int advance(struct parser *p) { return lex_next(&p->lex, &p->t, p->e); }

static bool is_op(const struct parser *p, const char *op) { return p->t.kind == T_OP && !strcmp(p->t.s, op); }

static bool is_word(const struct parser *p, const char *w) { return p->t.kind == T_NAME && !strcasecmp(p->t.s, w); }

static const char *const reserved[] = { "and", "or", "not", "in", "is", "null", "like", "ilike", "rlike", "regexp",
	"between", "case", "when", "then", "else", "end", "cast", "true", "false", "escape", "div", "distinct", "from",
	"as" };

bool word_is_reserved(const char *s)
{
	for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
		if (!strcasecmp(reserved[i], s))
			return true;
	return false;
}

static int expected(struct parser *p, const char *what)
{
	if (p->t.kind == T_END)
		return expr_error_at(p->e, p->t.at, "expected %s, but the expression ends here", what);
	int n = p->t.n > 40 ? 40 : (int)p->t.n;
	while (n > 0 && n < (int)p->t.n && (p->lex.text[p->t.at + (size_t)n] & 0xc0) == 0x80)
		n--;
	return expr_error_at(p->e, p->t.at, "expected %s, found '%.*s'", what, n, p->lex.text + p->t.at);
}

static int expect_op(struct parser *p, const char *op, const char *what)
{
	return is_op(p, op) ? advance(p) : expected(p, what);
}

static int expect_word(struct parser *p, const char *w, const char *what)
{
	return is_word(p, w) ? advance(p) : expected(p, what);
}

/* If the token is the word W, step over it. 1, 0 or negative. */
static int accept_word(struct parser *p, const char *w)
{
	if (!is_word(p, w))
		return 0;
	int rc = advance(p);
	return rc < 0 ? rc : 1;
}

static int push(struct parser *p, struct nodes *l, struct node *x)
{
	if (l->n >= 100000)
		return expr_error(p->e, x, "more than 100000 items in a list");
	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 4;
		struct node **v = arena_array(&p->x->arena, cap, sizeof *v);
		if (l->n)
			memcpy(v, l->v, l->n * sizeof *v);
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = x;
	return 0;
}

static int make(struct parser *p, enum op op, size_t at, const struct nodes *args, struct node **out)
{
	struct node *x = arena_zalloc(&p->x->arena, sizeof *x);
	unsigned depth = 0;
	x->op = (uint8_t)op;
	x->at = (uint32_t)at;
	if (args) {
		x->arg = args->v;
		x->narg = args->n;
	}
	for (size_t i = 0; i < x->narg; i++)
		if (x->arg[i]->depth > depth)
			depth = x->arg[i]->depth;
	x->depth = (uint16_t)(depth + 1);
	if (x->depth > EXPR_MAX_DEPTH)
		return expr_error_at(p->e, at, "nested more than %d levels deep", EXPR_MAX_DEPTH);
	*out = x;
	return 0;
}

static int make1(struct parser *p, enum op op, size_t at, struct node *a, struct node **out)
{
	struct nodes l = { NULL, 0, 0 };
	push(p, &l, a);
	return make(p, op, at, &l, out);
}

static int make2(struct parser *p, enum op op, size_t at, struct node *a, struct node *b, struct node **out)
{
	struct nodes l = { NULL, 0, 0 };
	push(p, &l, a);
	push(p, &l, b);
	return make(p, op, at, &l, out);
}

static int enter(struct parser *p)
{
	return ++p->depth > EXPR_MAX_DEPTH
		       ? expr_error_at(p->e, p->t.at, "nested more than %d levels deep", EXPR_MAX_DEPTH)
		       : 0;
}

/* literals */

static int literal(struct parser *p, size_t at, struct type type, struct node **out)
{
	make(p, OP_LITERAL, at, NULL, out);
	(*out)->type = type;
	return 0;
}

/* the suffix of a number: L S Y D F BD; its length */
static size_t number_suffix(const char *s, size_t n, enum type_kind *kind)
{
	static const struct { const char *s; enum type_kind kind; } suffix[] = {
		{ "bd", TYPE_DECIMAL }, { "l", TYPE_LONG },  { "s", TYPE_SHORT },
		{ "y", TYPE_BYTE },	{ "d", TYPE_DOUBLE }, { "f", TYPE_FLOAT },
	};
	for (size_t i = 0; i < sizeof suffix / sizeof *suffix; i++) {
		size_t k = strlen(suffix[i].s);
		if (n > k && !strcasecmp(s + n - k, suffix[i].s)) {
			*kind = suffix[i].kind;
			return k;
		}
	}
	*kind = TYPE_VOID;
	return 0;
}

static int whole_number(struct parser *p, struct node *x, const char *s, size_t n, enum type_kind kind)
{
	static const int64_t min[] = { INT8_MIN, INT16_MIN, INT32_MIN, INT64_MIN };
	static const int64_t max[] = { INT8_MAX, INT16_MAX, INT32_MAX, INT64_MAX };
	int64_t v;
	bool fits = num_i64(s, n, &v);
	if (kind == TYPE_VOID && fits)
		kind = v >= INT32_MIN && v <= INT32_MAX ? TYPE_INTEGER : TYPE_LONG;
	if (kind == TYPE_VOID)
		return 1;
	if (!fits || v < min[kind - TYPE_BYTE] || v > max[kind - TYPE_BYTE])
		return expr_error(p->e, x, "the number %s does not fit its type", x->name);
	x->type = type_of(kind);
	x->value.i = v;
	return 0;
}

/* TEXT is the number with its sign */
static int number_value(struct parser *p, struct node *x)
{
	const char *s = x->name;
	enum type_kind kind;
	size_t n = x->nname - number_suffix(s, x->nname, &kind);
	bool point = memchr(s, '.', n), exponent = memchr(s, 'e', n) || memchr(s, 'E', n);
	if (!point && !exponent && (kind == TYPE_VOID || (kind >= TYPE_BYTE && kind <= TYPE_LONG))) {
		int rc = whole_number(p, x, s, n, kind);
		if (rc <= 0)
			return rc;
		kind = TYPE_DECIMAL;
	}
	if (kind == TYPE_VOID)
		kind = exponent ? TYPE_DOUBLE : TYPE_DECIMAL;
	int precision, scale;
	if (kind == TYPE_DECIMAL && dec_parse(s, n, &x->value.dec, &precision, &scale)) {
		x->type = type_decimal(precision, scale);
		return 0;
	}
	struct type t = type_of(TYPE_DOUBLE);
	if ((kind == TYPE_DOUBLE || kind == TYPE_FLOAT) &&
	    cast_string((struct str){ s, n }, &t, &x->value, &p->x->arena)) {
		x->type = type_of(kind);
		if (kind == TYPE_FLOAT)
			x->value.d = (float)x->value.d;
		return 0;
	}
	return expr_error(p->e, x, "'%s' is no number, or has more than 38 digits", x->name);
}

static int parse_number(struct parser *p, bool negative, size_t at, struct node **out)
{
	literal(p, at, type_of(TYPE_VOID), out);
	(*out)->name = arena_printf(&p->x->arena, "%s%s", negative ? "-" : "", p->t.s);
	(*out)->nname = p->t.ns + negative;
	int rc = number_value(p, *out);
	return rc ? rc : advance(p);
}

static int parse_string(struct parser *p, struct node **out)
{
	literal(p, p->t.at, type_of(TYPE_STRING), out);
	(*out)->value.s = (struct str){ p->t.s, p->t.ns };
	return advance(p);
}

static int hex_literal(struct parser *p, struct node *x)
{
	size_t n = p->t.ns;
	char *to = arena_alloc(&p->x->arena, n / 2 + 1);
	for (size_t i = 0; i < n; i++) {
		char c = p->t.s[i];
		int v = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
		if (v < 0 || n % 2)
			return expected(p, "an even number of hexadecimal digits");
		to[i / 2] = (char)(i % 2 ? to[i / 2] | v : v << 4);
	}
	x->value.s = (struct str){ to, n / 2 };
	return advance(p);
}

/* DATE '…', TIMESTAMP '…', X'…': NAME is stepped over, a string is next */
static int typed_literal(struct parser *p, struct type type, size_t at, struct node **out)
{
	literal(p, at, type, out);
	if (type.kind == TYPE_BINARY)
		return hex_literal(p, *out);
	if (!cast_string((struct str){ p->t.s, p->t.ns }, &type, &(*out)->value, &p->x->arena))
		return expr_error_at(p->e, p->t.at, "'%.60s' is no %s", p->t.s, type_text(&type, &p->x->arena));
	return advance(p);
}

static bool interval_unit(struct interval *v, const char *s, size_t n, int64_t count)
{
	static const struct { const char *name; int months, days; int64_t us; } units[] = {
		{ "year", 12, 0, 0 }, { "quarter", 3, 0, 0 }, { "month", 1, 0, 0 }, { "week", 0, 7, 0 },
		{ "day", 0, 1, 0 }, { "hour", 0, 0, INT64_C(3600000000) }, { "minute", 0, 0, 60000000 },
		{ "second", 0, 0, 1000000 }, { "millisecond", 0, 0, 1000 }, { "microsecond", 0, 0, 1 },
	};
	if (n > 1 && (s[n - 1] | 32) == 's')
		n--;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (strlen(units[i].name) == n && !strncasecmp(units[i].name, s, n)) {
			int64_t us;
			if (count > 1000000000 || count < -1000000000 ||
			    __builtin_mul_overflow(units[i].us, count, &us) || __builtin_add_overflow(v->us, us, &v->us))
				return false;
			v->months += units[i].months * count;
			v->days += units[i].days * count;
			return v->months < INT32_MAX && v->months > INT32_MIN && v->days < INT32_MAX && v->days > INT32_MIN;
		}
	return false;
}

/* INTERVAL 7 DAYS, INTERVAL '7' DAY, INTERVAL 1 YEAR 2 MONTHS: the word is stepped over */
static int parse_interval(struct parser *p, size_t at, struct node **out)
{
	make(p, OP_INTERVAL, at, NULL, out);
	do {
		bool minus = is_op(p, "-");
		int64_t count;
		int rc = minus ? advance(p) : 0;
		if (rc)
			return rc;
		if ((p->t.kind != T_NUMBER && p->t.kind != T_STRING) || !num_i64(p->t.s, p->t.ns, &count))
			return expected(p, "a whole number of years, days, hours, …");
		if ((rc = advance(p)))
			return rc;
		if (p->t.kind != T_NAME || !interval_unit(&(*out)->interval, p->t.s, p->t.ns, minus ? -count : count))
			return expected(p, "a unit of time: years, quarters, months, weeks, days, hours, minutes, seconds");
		if ((rc = advance(p)))
			return rc;
	} while (p->t.kind == T_NUMBER || p->t.kind == T_STRING);
	return 0;
}

/* types, CAST, CASE, calls */

static int parse_type(struct parser *p, struct type *type)
{
	if (p->t.kind != T_NAME || !type_by_name(type, p->t.s, p->t.ns))
		return expected(p, "a type (boolean, tinyint, smallint, int, bigint, float, double, decimal(p,s), "
				   "string, binary, date, timestamp, timestamp_ntz)");
	int rc = advance(p);
	if (rc || type->kind != TYPE_DECIMAL || !is_op(p, "("))
		return rc;
	uint64_t v[2] = { 10, 0 };
	for (int i = 0; i < 2; i++) {
		if ((rc = advance(p)))
			return rc;
		if (p->t.kind != T_NUMBER || !num_u64(p->t.s, p->t.ns, &v[i]) || v[i] > 38 || (i ? v[1] > v[0] : !v[0]))
			return expected(p, "a precision of 1 to 38 and a scale no larger");
		if ((rc = advance(p)))
			return rc;
		if (!is_op(p, ","))
			break;
	}
	*type = type_decimal((int)v[0], (int)v[1]);
	return expect_op(p, ")", "')'");
}

static int parse_cast(struct parser *p, size_t at, struct node **out)
{
	struct node *v;
	struct type type;
	int rc;
	if ((rc = expect_op(p, "(", "'('")) || (rc = parse_or(p, &v)) || (rc = expect_word(p, "as", "AS")) ||
	    (rc = parse_type(p, &type)) || (rc = expect_op(p, ")", "')'")) || (rc = make1(p, OP_CAST, at, v, out)))
		return rc;
	(*out)->type = type;
	return 0;
}

static int parse_case(struct parser *p, size_t at, struct node **out)
{
	struct nodes l = { NULL, 0, 0 };
	unsigned flags = 0;
	struct node *x;
	int rc = 0;
	if (!is_word(p, "when")) {
		flags |= NODE_OPERAND;
		if ((rc = parse_or(p, &x)) || (rc = push(p, &l, x)))
			return rc;
	}
	do {
		if ((rc = expect_word(p, "when", "WHEN")) || (rc = parse_or(p, &x)) || (rc = push(p, &l, x)) ||
		    (rc = expect_word(p, "then", "THEN")) || (rc = parse_or(p, &x)) || (rc = push(p, &l, x)))
			return rc;
	} while (is_word(p, "when"));
	if ((rc = accept_word(p, "else")) < 0)
		return rc;
	if (rc) {
		flags |= NODE_ELSE;
		if ((rc = parse_or(p, &x)) || (rc = push(p, &l, x)))
			return rc;
	}
	if ((rc = expect_word(p, "end", "WHEN, ELSE or END")) || (rc = make(p, OP_CASE, at, &l, out)))
		return rc;
	(*out)->flags = (uint16_t)flags;
	return 0;
}

/* `(` a, b, … `)`: the opening parenthesis is the token */
static int parse_list(struct parser *p, struct nodes *l, bool may_be_empty)
{
	struct node *x;
	int rc = advance(p);
	if (rc)
		return rc;
	if (may_be_empty && is_op(p, ")"))
		return advance(p);
	for (;;) {
		if ((rc = parse_or(p, &x)) || (rc = push(p, l, x)))
			return rc;
		if (!is_op(p, ","))
			return expect_op(p, ")", "',' or ')'");
		if ((rc = advance(p)))
			return rc;
	}
}

static int parse_call(struct parser *p, const struct token *name, struct node **out)
{
	struct nodes l = { NULL, 0, 0 };
	int rc = parse_list(p, &l, true);
	if (rc || (rc = make(p, OP_FUNC, name->at, &l, out)))
		return rc;
	(*out)->name = name->s;
	(*out)->nname = name->ns;
	return 0;
}

static int parse_word_literal(struct parser *p, struct node **out)
{
	bool null = is_word(p, "null");
	literal(p, p->t.at, type_of(null ? TYPE_VOID : TYPE_BOOLEAN), out);
	(*out)->value.i = is_word(p, "true");
	(*out)->value.null = null;
	return advance(p);
}

/* a plain word: literal, keyword, function or column */
static int parse_word(struct parser *p, struct node **out)
{
	struct token t = p->t;
	struct type type;
	if (is_word(p, "null") || is_word(p, "true") || is_word(p, "false"))
		return parse_word_literal(p, out);
	int rc = advance(p);
	if (rc)
		return rc;
	bool call = is_op(p, "(") && (!strcasecmp(t.s, "like") || !strcasecmp(t.s, "ilike") ||
				      !strcasecmp(t.s, "rlike") || !strcasecmp(t.s, "regexp"));
	if (word_is_reserved(t.s) && strcasecmp(t.s, "case") && strcasecmp(t.s, "cast") && !call) {
		p->t = t;
		return expected(p, "a value (a name that is also a keyword goes in backticks)");
	}
	if (!strcasecmp(t.s, "case"))
		return parse_case(p, t.at, out);
	if (!strcasecmp(t.s, "cast") || (!strcasecmp(t.s, "try_cast") && is_op(p, "(")))
		return parse_cast(p, t.at, out);
	if (p->t.kind == T_STRING && !strcasecmp(t.s, "x"))
		return typed_literal(p, type_of(TYPE_BINARY), t.at, out);
	if (p->t.kind == T_STRING && type_by_name(&type, t.s, t.ns) && (type.kind == TYPE_DATE || type_is_time(&type)))
		return typed_literal(p, type, t.at, out);
	if (!strcasecmp(t.s, "interval") && (p->t.kind == T_NUMBER || p->t.kind == T_STRING || is_op(p, "-")))
		return parse_interval(p, t.at, out);
	if (is_op(p, "("))
		return parse_call(p, &t, out);
	rc = make(p, OP_NAME, t.at, NULL, out);
	(*out)->name = t.s;
	(*out)->nname = t.ns;
	return rc;
}

/* .field [index] ::type */
static int parse_postfix(struct parser *p, struct node **x)
{
	int rc = 0;
	while (!rc) {
		struct node *i;
		size_t at = p->t.at;
		if (is_op(p, ".")) {
			if ((rc = advance(p)))
				return rc;
			if (p->t.kind != T_NAME && p->t.kind != T_QUOTED_NAME)
				return expected(p, "the name of a field");
			if ((rc = make1(p, OP_FIELD, p->t.at, *x, x)))
				return rc;
			(*x)->name = p->t.s;
			(*x)->nname = p->t.ns;
			rc = advance(p);
		} else if (is_op(p, "[")) {
			if ((rc = advance(p)) || (rc = parse_or(p, &i)) || (rc = expect_op(p, "]", "']'")))
				return rc;
			rc = make2(p, OP_INDEX, at, *x, i, x);
		} else if (is_op(p, "::")) {
			struct type type;
			if ((rc = advance(p)) || (rc = parse_type(p, &type)) || (rc = make1(p, OP_CAST, at, *x, x)))
				return rc;
			(*x)->type = type;
		} else {
			return 0;
		}
	}
	return rc;
}

static int parse_primary(struct parser *p, struct node **out)
{
	int rc = enter(p);
	if (rc)
		return rc;
	if (p->t.kind == T_NUMBER) {
		rc = parse_number(p, false, p->t.at, out);
	} else if (p->t.kind == T_STRING) {
		rc = parse_string(p, out);
	} else if (p->t.kind == T_NAME) {
		rc = parse_word(p, out);
	} else if (p->t.kind == T_QUOTED_NAME) {
		make(p, OP_NAME, p->t.at, NULL, out);
		(*out)->name = p->t.s;
		(*out)->nname = p->t.ns;
		rc = advance(p);
	} else if (is_op(p, "(")) {
		if (!(rc = advance(p)) && !(rc = parse_or(p, out)))
			rc = expect_op(p, ")", "')'");
	} else {
		rc = expected(p, "a value");
	}
	p->depth--;
	return rc ? rc : parse_postfix(p, out);
}

/* operators, tightest first */

static int parse_unary(struct parser *p, struct node **out)
{
	size_t at = p->t.at;
	bool minus = is_op(p, "-");
	if (!minus && !is_op(p, "+"))
		return parse_primary(p, out);
	int rc = enter(p);
	if (rc || (rc = advance(p)))
		return rc;
	if (minus && p->t.kind == T_NUMBER)
		rc = (rc = parse_number(p, true, at, out)) ? rc : parse_postfix(p, out);
	else if (!(rc = parse_unary(p, out)) && minus)
		rc = make1(p, OP_NEG, at, *out, out);
	p->depth--;
	return rc;
}

static int binary_op(const struct parser *p, const char *const *names, const enum op *ops, size_t n, enum op *op)
{
	for (size_t i = 0; i < n; i++)
		if (is_op(p, names[i]) || (names[i][0] >= 'a' && is_word(p, names[i]))) {
			*op = ops[i];
			return 1;
		}
	return 0;
}

static int parse_multiplicative(struct parser *p, struct node **out)
{
	static const char *const names[] = { "*", "/", "%", "div" };
	static const enum op ops[] = { OP_MUL, OP_DIV, OP_MOD, OP_IDIV };
	enum op op;
	int rc = parse_unary(p, out);
	while (!rc && binary_op(p, names, ops, 4, &op)) {
		struct node *r;
		size_t at = p->t.at;
		if ((rc = advance(p)) || (rc = parse_unary(p, &r)))
			return rc;
		rc = make2(p, op, at, *out, r, out);
	}
	return rc;
}

static int parse_additive(struct parser *p, struct node **out)
{
	static const char *const names[] = { "+", "-", "||" };
	static const enum op ops[] = { OP_ADD, OP_SUB, OP_CONCAT };
	enum op op;
	int rc = parse_multiplicative(p, out);
	while (!rc && binary_op(p, names, ops, 3, &op)) {
		struct node *r;
		size_t at = p->t.at;
		if ((rc = advance(p)) || (rc = parse_multiplicative(p, &r)))
			return rc;
		rc = make2(p, op, at, *out, r, out);
	}
	return rc;
}

static int parse_comparison(struct parser *p, struct node **out)
{
	static const char *const names[] = { "=", "==", "<=>", "<>", "!=", "<", "<=", ">", ">=" };
	static const enum op ops[] = { OP_EQ, OP_EQ, OP_SAME, OP_NE, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE };
	enum op op;
	int rc = parse_additive(p, out);
	while (!rc && binary_op(p, names, ops, 9, &op)) {
		struct node *r;
		size_t at = p->t.at;
		if ((rc = advance(p)) || (rc = parse_additive(p, &r)))
			return rc;
		rc = make2(p, op, at, *out, r, out);
	}
	return rc;
}

static int parse_is(struct parser *p, size_t at, struct node **x)
{
	enum op op;
	struct node *r;
	int rc = accept_word(p, "not");
	bool negated = rc > 0;
	if (rc < 0)
		return rc;
	if (is_word(p, "null") || is_word(p, "unknown"))
		op = OP_IS_NULL;
	else if (is_word(p, "true"))
		op = OP_IS_TRUE;
	else if (is_word(p, "false"))
		op = OP_IS_FALSE;
	else if (is_word(p, "distinct"))
		op = OP_DISTINCT;
	else
		return expected(p, "NULL, TRUE, FALSE or DISTINCT FROM");
	if ((rc = advance(p)))
		return rc;
	if (op != OP_DISTINCT)
		rc = make1(p, op, at, *x, x);
	else if (!(rc = expect_word(p, "from", "FROM")) && !(rc = parse_additive(p, &r)))
		rc = make2(p, op, at, *x, r, x);
	if (!rc && negated)
		(*x)->flags |= NODE_NOT;
	return rc;
}

static int parse_in(struct parser *p, size_t at, struct node **x)
{
	struct nodes l = { NULL, 0, 0 };
	push(p, &l, *x);
	if (!is_op(p, "("))
		return expected(p, "'(' and a list of values");
	int rc = parse_list(p, &l, false);
	return rc ? rc : make(p, OP_IN, at, &l, x);
}

static int parse_between(struct parser *p, size_t at, struct node **x)
{
	struct nodes l = { NULL, 0, 0 };
	struct node *lo, *hi;
	int rc;
	if ((rc = parse_additive(p, &lo)) || (rc = expect_word(p, "and", "AND")) || (rc = parse_additive(p, &hi)))
		return rc;
	push(p, &l, *x);
	push(p, &l, lo);
	push(p, &l, hi);
	return make(p, OP_BETWEEN, at, &l, x);
}

static int parse_like(struct parser *p, enum op op, size_t at, struct node **x)
{
	struct nodes l = { NULL, 0, 0 };
	struct node *pattern;
	int rc = parse_additive(p, &pattern);
	if (rc)
		return rc;
	push(p, &l, *x);
	push(p, &l, pattern);
	if (op != OP_RLIKE && (rc = accept_word(p, "escape"))) {
		if (rc < 0)
			return rc;
		if (p->t.kind != T_STRING || p->t.ns != 1)
			return expected(p, "one character in quotes");
		struct node *escape;
		if ((rc = parse_string(p, &escape)))
			return rc;
		push(p, &l, escape);
	}
	return make(p, op, at, &l, x);
}

static int parse_predicate(struct parser *p, struct node **x)
{
	int rc = parse_comparison(p, x);
	while (!rc) {
		size_t at = p->t.at;
		if ((rc = accept_word(p, "is")) < 0)
			return rc;
		if (rc) {
			if ((rc = parse_is(p, at, x)))
				return rc;
			continue;
		}
		int negated = accept_word(p, "not");
		if (negated < 0)
			return negated;
		if (is_word(p, "in"))
			rc = (rc = advance(p)) ? rc : parse_in(p, at, x);
		else if (is_word(p, "between"))
			rc = (rc = advance(p)) ? rc : parse_between(p, at, x);
		else if (is_word(p, "like"))
			rc = (rc = advance(p)) ? rc : parse_like(p, OP_LIKE, at, x);
		else if (is_word(p, "ilike"))
			rc = (rc = advance(p)) ? rc : parse_like(p, OP_ILIKE, at, x);
		else if (is_word(p, "rlike") || is_word(p, "regexp"))
			rc = (rc = advance(p)) ? rc : parse_like(p, OP_RLIKE, at, x);
		else
			return negated ? expected(p, "IN, BETWEEN, LIKE, ILIKE or RLIKE") : 0;
		if (!rc && negated)
			(*x)->flags |= NODE_NOT;
	}
	return rc;
}

static int parse_not(struct parser *p, struct node **out)
{
	size_t at = p->t.at;
	if (!is_word(p, "not") && !is_op(p, "!"))
		return parse_predicate(p, out);
	int rc = enter(p);
	if (rc || (rc = advance(p)) || (rc = parse_not(p, out)))
		return rc;
	p->depth--;
	return make1(p, OP_NOT, at, *out, out);
}

static int parse_chain(struct parser *p, const char *word, enum op op, int (*next)(struct parser *, struct node **),
		       struct node **out)
{
	struct nodes l = { NULL, 0, 0 };
	size_t at = p->t.at;
	int rc = next(p, out);
	if (rc || !is_word(p, word))
		return rc;
	push(p, &l, *out);
	while ((rc = accept_word(p, word)) > 0)
		if ((rc = next(p, out)) || (rc = push(p, &l, *out)))
			return rc;
	return rc ? rc : make(p, op, at, &l, out);
}

static int parse_and(struct parser *p, struct node **out) { return parse_chain(p, "and", OP_AND, parse_not, out); }

static int parse_or(struct parser *p, struct node **out)
{
	int rc = enter(p);
	if (!rc)
		rc = parse_chain(p, "or", OP_OR, parse_and, out);
	p->depth--;
	return rc;
}

int expr_parse(struct expr **out, const char *text, size_t n, struct err *e)
{
	struct expr *x = mem_zalloc(sizeof *x);
	struct parser p = { .x = x, .e = e };
	int rc;
	*out = NULL;
	if (n > EXPR_MAX_TEXT) {
		mem_free(x);
		return err_set(e, ERR_USAGE, "an expression of more than %zu bytes", EXPR_MAX_TEXT);
	}
	x->text = arena_strndup(&x->arena, text, n);
	x->n = n;
	p.lex = (struct lexer){ &x->arena, x->text, n, 0 };
	if (!(rc = advance(&p)) && !(rc = parse_or(&p, &x->root)) && p.t.kind != T_END)
		rc = expected(&p, "an operator or the end of the expression");
	if (rc) {
		expr_free(x);
		return rc;
	}
	*out = x;
	return 0;
}

void expr_free(struct expr *x)
{
	if (!x)
		return;
	arena_release(&x->arena);
	mem_free(x);
}
