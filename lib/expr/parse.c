/* SPDX-License-Identifier: MIT */
/* Recursive descent after Spark's grammar. Precedence, loosest first: OR; AND; NOT; the predicates
 * (IN, BETWEEN, LIKE, IS); comparisons; + - ||; * / % DIV; signs; :: [] and dots. */
#include "expr/parse.h"

#include "base/mem.h"
#include "base/num.h"

#include <strings.h>

static int parse_or(struct parser *p, struct node **out);
static int parse_primary(struct parser *p, struct node **out);
static int parse_unary(struct parser *p, struct node **out);
static int parse_additive(struct parser *p, struct node **out);
static int parse_comparison(struct parser *p, struct node **out);
static int parse_postfix(struct parser *p, struct node **x);

int parser_advance(struct parser *p) { return lex_next(&p->lex, &p->t, p->e); }

bool parser_at_op(const struct parser *p, const char *op) { return p->t.kind == T_OP && !strcmp(p->t.s, op); }

static bool parser_at_word(const struct parser *p, const char *w) { return p->t.kind == T_NAME && !strcasecmp(p->t.s, w); }

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

int parser_expected(struct parser *p, const char *what)
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
	return parser_at_op(p, op) ? parser_advance(p) : parser_expected(p, what);
}

static int expect_word(struct parser *p, const char *w, const char *what)
{
	return parser_at_word(p, w) ? parser_advance(p) : parser_expected(p, what);
}

/* If the token is the word W, step over it. 1, 0 or negative. */
static int accept_word(struct parser *p, const char *w)
{
	if (!parser_at_word(p, w))
		return 0;
	int rc = parser_advance(p);
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

int parser_make(struct parser *p, enum op op, size_t at, const struct nodes *args, struct node **out)
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
	return parser_make(p, op, at, &l, out);
}

static int make2(struct parser *p, enum op op, size_t at, struct node *a, struct node *b, struct node **out)
{
	struct nodes l = { NULL, 0, 0 };
	push(p, &l, a);
	push(p, &l, b);
	return parser_make(p, op, at, &l, out);
}

static int enter(struct parser *p)
{
	return ++p->depth > EXPR_MAX_DEPTH
		       ? expr_error_at(p->e, p->t.at, "nested more than %d levels deep", EXPR_MAX_DEPTH)
		       : 0;
}

/* types, CAST, CASE, calls */

static int parse_type(struct parser *p, struct type *type)
{
	if (p->t.kind != T_NAME || !sql_type_by_name(type, p->t.s, p->t.ns))
		return parser_expected(p, "a type (boolean, tinyint, smallint, int, bigint, float, double, decimal(p,s), "
				   "string, binary, date, timestamp, timestamp_ntz)");
	int rc = parser_advance(p);
	if (rc || type->kind != TYPE_DECIMAL || !parser_at_op(p, "("))
		return rc;
	uint64_t v[2] = { 10, 0 };
	for (int i = 0; i < 2; i++) {
		if ((rc = parser_advance(p)))
			return rc;
		if (p->t.kind != T_NUMBER || !num_u64(p->t.s, p->t.ns, &v[i]) || v[i] > 38 || (i ? v[1] > v[0] : !v[0]))
			return parser_expected(p, "a precision of 1 to 38 and a scale no larger");
		if ((rc = parser_advance(p)))
			return rc;
		if (!parser_at_op(p, ","))
			break;
	}
	*type = sql_type_decimal((int)v[0], (int)v[1]);
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
	if (!parser_at_word(p, "when")) {
		flags |= NODE_OPERAND;
		if ((rc = parse_or(p, &x)) || (rc = push(p, &l, x)))
			return rc;
	}
	do {
		if ((rc = expect_word(p, "when", "WHEN")) || (rc = parse_or(p, &x)) || (rc = push(p, &l, x)) ||
		    (rc = expect_word(p, "then", "THEN")) || (rc = parse_or(p, &x)) || (rc = push(p, &l, x)))
			return rc;
	} while (parser_at_word(p, "when"));
	if ((rc = accept_word(p, "else")) < 0)
		return rc;
	if (rc) {
		flags |= NODE_ELSE;
		if ((rc = parse_or(p, &x)) || (rc = push(p, &l, x)))
			return rc;
	}
	if ((rc = expect_word(p, "end", "WHEN, ELSE or END")) || (rc = parser_make(p, OP_CASE, at, &l, out)))
		return rc;
	(*out)->flags = (uint16_t)flags;
	return 0;
}

/* `(` a, b, … `)`: the opening parenthesis is the token */
static int parse_list(struct parser *p, struct nodes *l, bool may_be_empty)
{
	struct node *x;
	int rc = parser_advance(p);
	if (rc)
		return rc;
	if (may_be_empty && parser_at_op(p, ")"))
		return parser_advance(p);
	for (;;) {
		if ((rc = parse_or(p, &x)) || (rc = push(p, l, x)))
			return rc;
		if (!parser_at_op(p, ","))
			return expect_op(p, ")", "',' or ')'");
		if ((rc = parser_advance(p)))
			return rc;
	}
}

static int parse_call(struct parser *p, const struct token *name, struct node **out)
{
	struct nodes l = { NULL, 0, 0 };
	int rc = parse_list(p, &l, true);
	if (rc || (rc = parser_make(p, OP_FUNC, name->at, &l, out)))
		return rc;
	(*out)->name = name->s;
	(*out)->nname = name->ns;
	return 0;
}

static int parse_word_literal(struct parser *p, struct node **out)
{
	bool null = parser_at_word(p, "null");
	parse_literal(p, p->t.at, sql_type_of(null ? TYPE_VOID : TYPE_BOOLEAN), out);
	(*out)->value.i = parser_at_word(p, "true");
	(*out)->value.null = null;
	return parser_advance(p);
}

/* a plain word: literal, keyword, function or column */
static int parse_word(struct parser *p, struct node **out)
{
	struct token t = p->t;
	struct type type;
	if (parser_at_word(p, "null") || parser_at_word(p, "true") || parser_at_word(p, "false"))
		return parse_word_literal(p, out);
	int rc = parser_advance(p);
	if (rc)
		return rc;
	bool call = parser_at_op(p, "(") && (!strcasecmp(t.s, "like") || !strcasecmp(t.s, "ilike") ||
				      !strcasecmp(t.s, "rlike") || !strcasecmp(t.s, "regexp"));
	if (word_is_reserved(t.s) && strcasecmp(t.s, "case") && strcasecmp(t.s, "cast") && !call) {
		p->t = t;
		return parser_expected(p, "a value (a name that is also a keyword goes in backticks)");
	}
	if (!strcasecmp(t.s, "case"))
		return parse_case(p, t.at, out);
	if (!strcasecmp(t.s, "cast") || (!strcasecmp(t.s, "try_cast") && parser_at_op(p, "(")))
		return parse_cast(p, t.at, out);
	if (p->t.kind == T_STRING && !strcasecmp(t.s, "x"))
		return parse_typed_literal(p, sql_type_of(TYPE_BINARY), t.at, out);
	if (p->t.kind == T_STRING && sql_type_by_name(&type, t.s, t.ns) && (type.kind == TYPE_DATE || sql_type_is_time(&type)))
		return parse_typed_literal(p, type, t.at, out);
	if (!strcasecmp(t.s, "interval") && (p->t.kind == T_NUMBER || p->t.kind == T_STRING || parser_at_op(p, "-")))
		return parse_interval(p, t.at, out);
	if (parser_at_op(p, "("))
		return parse_call(p, &t, out);
	rc = parser_make(p, OP_NAME, t.at, NULL, out);
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
		if (parser_at_op(p, ".")) {
			if ((rc = parser_advance(p)))
				return rc;
			if (p->t.kind != T_NAME && p->t.kind != T_QUOTED_NAME)
				return parser_expected(p, "the name of a field");
			if ((rc = make1(p, OP_FIELD, p->t.at, *x, x)))
				return rc;
			(*x)->name = p->t.s;
			(*x)->nname = p->t.ns;
			rc = parser_advance(p);
		} else if (parser_at_op(p, "[")) {
			if ((rc = parser_advance(p)) || (rc = parse_or(p, &i)) || (rc = expect_op(p, "]", "']'")))
				return rc;
			rc = make2(p, OP_INDEX, at, *x, i, x);
		} else if (parser_at_op(p, "::")) {
			struct type type;
			if ((rc = parser_advance(p)) || (rc = parse_type(p, &type)) || (rc = make1(p, OP_CAST, at, *x, x)))
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
		parser_make(p, OP_NAME, p->t.at, NULL, out);
		(*out)->name = p->t.s;
		(*out)->nname = p->t.ns;
		rc = parser_advance(p);
	} else if (parser_at_op(p, "(")) {
		if (!(rc = parser_advance(p)) && !(rc = parse_or(p, out)))
			rc = expect_op(p, ")", "')'");
	} else {
		rc = parser_expected(p, "a value");
	}
	p->depth--;
	return rc ? rc : parse_postfix(p, out);
}

/* operators, tightest first */

static int parse_unary(struct parser *p, struct node **out)
{
	size_t at = p->t.at;
	bool minus = parser_at_op(p, "-");
	if (!minus && !parser_at_op(p, "+"))
		return parse_primary(p, out);
	int rc = enter(p);
	if (rc || (rc = parser_advance(p)))
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
		if (parser_at_op(p, names[i]) || (names[i][0] >= 'a' && parser_at_word(p, names[i]))) {
			*op = ops[i];
			return 1;
		}
	return 0;
}

/* Operators of one level, from the left: OPERAND (op OPERAND)… */
static int parse_level(struct parser *p, const char *const *names, const enum op *ops, size_t nops,
		       int (*operand)(struct parser *p, struct node **out), struct node **out)
{
	enum op op;
	int rc = operand(p, out);
	while (!rc && binary_op(p, names, ops, nops, &op)) {
		struct node *r;
		size_t at = p->t.at;
		if ((rc = parser_advance(p)) || (rc = operand(p, &r)))
			return rc;
		rc = make2(p, op, at, *out, r, out);
	}
	return rc;
}

static int parse_multiplicative(struct parser *p, struct node **out)
{
	static const char *const names[] = { "*", "/", "%", "div" };
	static const enum op ops[] = { OP_MUL, OP_DIV, OP_MOD, OP_IDIV };
	return parse_level(p, names, ops, 4, parse_unary, out);
}

static int parse_additive(struct parser *p, struct node **out)
{
	static const char *const names[] = { "+", "-", "||" };
	static const enum op ops[] = { OP_ADD, OP_SUB, OP_CONCAT };
	return parse_level(p, names, ops, 3, parse_multiplicative, out);
}

static int parse_comparison(struct parser *p, struct node **out)
{
	static const char *const names[] = { "=", "==", "<=>", "<>", "!=", "<", "<=", ">", ">=" };
	static const enum op ops[] = { OP_EQ, OP_EQ, OP_SAME, OP_NE, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE };
	return parse_level(p, names, ops, 9, parse_additive, out);
}

static int parse_is(struct parser *p, size_t at, struct node **x)
{
	enum op op;
	struct node *r;
	int rc = accept_word(p, "not");
	bool negated = rc > 0;
	if (rc < 0)
		return rc;
	if (parser_at_word(p, "null") || parser_at_word(p, "unknown"))
		op = OP_IS_NULL;
	else if (parser_at_word(p, "true"))
		op = OP_IS_TRUE;
	else if (parser_at_word(p, "false"))
		op = OP_IS_FALSE;
	else if (parser_at_word(p, "distinct"))
		op = OP_DISTINCT;
	else
		return parser_expected(p, "NULL, TRUE, FALSE or DISTINCT FROM");
	if ((rc = parser_advance(p)))
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
	if (!parser_at_op(p, "("))
		return parser_expected(p, "'(' and a list of values");
	int rc = parse_list(p, &l, false);
	return rc ? rc : parser_make(p, OP_IN, at, &l, x);
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
	return parser_make(p, OP_BETWEEN, at, &l, x);
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
			return parser_expected(p, "one character in quotes");
		struct node *escape;
		if ((rc = parse_string(p, &escape)))
			return rc;
		push(p, &l, escape);
	}
	return parser_make(p, op, at, &l, x);
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
		if (parser_at_word(p, "in"))
			rc = (rc = parser_advance(p)) ? rc : parse_in(p, at, x);
		else if (parser_at_word(p, "between"))
			rc = (rc = parser_advance(p)) ? rc : parse_between(p, at, x);
		else if (parser_at_word(p, "like"))
			rc = (rc = parser_advance(p)) ? rc : parse_like(p, OP_LIKE, at, x);
		else if (parser_at_word(p, "ilike"))
			rc = (rc = parser_advance(p)) ? rc : parse_like(p, OP_ILIKE, at, x);
		else if (parser_at_word(p, "rlike") || parser_at_word(p, "regexp"))
			rc = (rc = parser_advance(p)) ? rc : parse_like(p, OP_RLIKE, at, x);
		else
			return negated ? parser_expected(p, "IN, BETWEEN, LIKE, ILIKE or RLIKE") : 0;
		if (!rc && negated)
			(*x)->flags |= NODE_NOT;
	}
	return rc;
}

static int parse_not(struct parser *p, struct node **out)
{
	size_t at = p->t.at;
	if (!parser_at_word(p, "not") && !parser_at_op(p, "!"))
		return parse_predicate(p, out);
	int rc = enter(p);
	if (rc || (rc = parser_advance(p)) || (rc = parse_not(p, out)))
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
	if (rc || !parser_at_word(p, word))
		return rc;
	push(p, &l, *out);
	while ((rc = accept_word(p, word)) > 0)
		if ((rc = next(p, out)) || (rc = push(p, &l, *out)))
			return rc;
	return rc ? rc : parser_make(p, op, at, &l, out);
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
		return err_set(e, ERR_USAGE, "the expression is longer than %zu bytes", EXPR_MAX_TEXT);
	}
	x->text = arena_strndup(&x->arena, text, n);
	x->n = n;
	p.lex = (struct lexer){ &x->arena, x->text, n, 0 };
	if (!(rc = parser_advance(&p)) && !(rc = parse_or(&p, &x->root)) && p.t.kind != T_END)
		rc = parser_expected(&p, "an operator or the end of the expression");
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
