/* SPDX-License-Identifier: MIT */
/* An expression back to its canonical text. */
#include "expr/lex.h"

#include "base/clock.h"
#include "column/type_text.h"

/* how tightly an operator binds: see parse.c */
enum level { L_OR = 1, L_AND, L_NOT, L_PREDICATE, L_COMPARE, L_ADD, L_MUL, L_UNARY, L_POSTFIX };

static void print_node(const struct node *x, int outer, struct buf *b);

static int level_of(const struct node *x)
{
	switch ((enum op)x->op) {
	case OP_OR:
		return L_OR;
	case OP_AND:
		return L_AND;
	case OP_NOT:
		return L_NOT;
	case OP_IN:
	case OP_BETWEEN:
	case OP_LIKE:
	case OP_ILIKE:
	case OP_RLIKE:
	case OP_IS_NULL:
	case OP_IS_TRUE:
	case OP_IS_FALSE:
	case OP_DISTINCT:
		return L_PREDICATE;
	case OP_EQ:
	case OP_NE:
	case OP_LT:
	case OP_LE:
	case OP_GT:
	case OP_GE:
	case OP_SAME:
		return L_COMPARE;
	case OP_ADD:
	case OP_SUB:
	case OP_CONCAT:
		return L_ADD;
	case OP_MUL:
	case OP_DIV:
	case OP_IDIV:
	case OP_MOD:
		return L_MUL;
	case OP_NEG:
		return L_UNARY;
	case OP_LITERAL: /* a sign is an operator to what stands before it */
		return x->name && x->name[0] == '-' ? L_UNARY : L_POSTFIX;
	default:
		return L_POSTFIX;
	}
}

static void print_string(struct buf *b, struct str s)
{
	buf_putc(b, '\'');
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (c == '\'')
			buf_puts(b, "''");
		else if (c == '\\' && i + 1 < s.n && (s.p[i + 1] == '%' || s.p[i + 1] == '_'))
			buf_putc(b, c); /* read back as it is */
		else if (c == '\\')
			buf_puts(b, "\\\\");
		else if (c == '\n')
			buf_puts(b, "\\n");
		else if (c == '\r')
			buf_puts(b, "\\r");
		else if (c == '\t')
			buf_puts(b, "\\t");
		else if (c == 0)
			buf_puts(b, "\\0");
		else
			buf_putc(b, c);
	}
	buf_putc(b, '\'');
}

static void print_name(const struct node *x, struct buf *b)
{
	bool plain = x->nname && !(x->name[0] >= '0' && x->name[0] <= '9') && !word_is_reserved(x->name);
	for (size_t i = 0; i < x->nname; i++) {
		char c = x->name[i];
		plain = plain && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_');
	}
	if (plain) {
		buf_put(b, x->name, x->nname);
		return;
	}
	type_put_quoted(b, x->name, x->nname);
}

static void print_literal(const struct node *x, struct buf *b)
{
	char t[48];
	if (x->value.null) {
		buf_puts(b, "NULL");
	} else if (x->name) {
		for (size_t i = 0; i < x->nname; i++)
			buf_putc(b, (char)(x->name[i] >= 'a' && x->name[i] <= 'z' ? x->name[i] - 32 : x->name[i]));
	} else if (x->type.kind == TYPE_BOOLEAN) {
		buf_puts(b, x->value.i ? "TRUE" : "FALSE");
	} else if (x->type.kind == TYPE_STRING) {
		print_string(b, x->value.s);
	} else if (x->type.kind == TYPE_BINARY) {
		buf_puts(b, "X'");
		for (size_t i = 0; i < x->value.s.n; i++)
			buf_printf(b, "%02X", (unsigned char)x->value.s.p[i]);
		buf_putc(b, '\'');
	} else if (x->type.kind == TYPE_DATE) {
		buf_printf(b, "DATE '%.*s'", (int)date_format(t, (int32_t)x->value.i), t);
	} else {
		bool zone = x->type.kind == TYPE_TIMESTAMP;
		size_t n = time_format(t, x->value.i, -1, zone);
		buf_printf(b, "%s '%.*s'", zone ? "TIMESTAMP" : "TIMESTAMP_NTZ", (int)n, t);
	}
}

static void print_list(struct node *const *arg, size_t n, struct buf *b)
{
	buf_putc(b, '(');
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_puts(b, ", ");
		print_node(arg[i], 0, b);
	}
	buf_putc(b, ')');
}

static void print_interval(const struct interval *v, struct buf *b)
{
	const struct { const char *unit; int64_t n; } part[] = { { "MONTHS", v->months }, { "DAYS", v->days },
		{ "SECONDS", v->us / 1000000 }, { "MICROSECONDS", v->us % 1000000 } };
	bool any = false;
	buf_puts(b, "INTERVAL");
	for (size_t i = 0; i < 4; i++)
		if (part[i].n) {
			if (part[i].n < 0 && any) /* a sign is read before the first count only */
				buf_printf(b, " '%lld' %s", (long long)part[i].n, part[i].unit);
			else
				buf_printf(b, " %lld %s", (long long)part[i].n, part[i].unit);
			any = true;
		}
	if (!any)
		buf_puts(b, " 0 DAYS");
}

static void print_binary(const struct node *x, const char *op, int level, struct buf *b)
{
	print_node(x->arg[0], level, b);
	buf_printf(b, " %s ", op);
	print_node(x->arg[1], level + 1, b);
}

static void print_chain(const struct node *x, const char *op, int level, struct buf *b)
{
	for (size_t i = 0; i < x->narg; i++) {
		if (i)
			buf_printf(b, " %s ", op);
		print_node(x->arg[i], level + 1, b);
	}
}

static void print_case(const struct node *x, struct buf *b)
{
	bool operand = x->flags & NODE_OPERAND;
	size_t end = x->narg - (x->flags & NODE_ELSE ? 1 : 0);
	buf_puts(b, "CASE");
	if (operand) {
		buf_putc(b, ' ');
		print_node(x->arg[0], 0, b);
	}
	for (size_t i = operand; i < end; i += 2) {
		buf_puts(b, " WHEN ");
		print_node(x->arg[i], 0, b);
		buf_puts(b, " THEN ");
		print_node(x->arg[i + 1], 0, b);
	}
	if (x->flags & NODE_ELSE) {
		buf_puts(b, " ELSE ");
		print_node(x->arg[end], 0, b);
	}
	buf_puts(b, " END");
}

static void print_predicate(const struct node *x, struct buf *b)
{
	const char *not = x->flags & NODE_NOT ? "NOT " : "";
	print_node(x->arg[0], L_PREDICATE, b);
	switch ((enum op)x->op) {
	case OP_IN:
		buf_printf(b, " %sIN ", not);
		print_list(x->arg + 1, x->narg - 1, b);
		break;
	case OP_BETWEEN:
		buf_printf(b, " %sBETWEEN ", not);
		print_node(x->arg[1], L_ADD, b);
		buf_puts(b, " AND ");
		print_node(x->arg[2], L_ADD, b);
		break;
	case OP_IS_NULL:
	case OP_IS_TRUE:
	case OP_IS_FALSE:
		buf_printf(b, " IS %s%s", not, x->op == OP_IS_NULL ? "NULL" : x->op == OP_IS_TRUE ? "TRUE" : "FALSE");
		break;
	case OP_DISTINCT:
		buf_printf(b, " IS %sDISTINCT FROM ", not);
		print_node(x->arg[1], L_ADD, b);
		break;
	default:
		buf_printf(b, " %s%s ", not, x->op == OP_LIKE ? "LIKE" : x->op == OP_ILIKE ? "ILIKE" : "RLIKE");
		print_node(x->arg[1], L_ADD, b);
		if (x->narg > 2) {
			buf_puts(b, " ESCAPE ");
			print_node(x->arg[2], L_ADD, b);
		}
	}
}

static void print_call(const struct node *x, struct buf *b)
{
	for (size_t i = 0; i < x->nname; i++)
		buf_putc(b, (char)(x->name[i] >= 'A' && x->name[i] <= 'Z' ? x->name[i] + 32 : x->name[i]));
	print_list(x->arg, x->narg, b);
}

/* `1.a` would be read as a number */
static int base_level(const struct node *x)
{
	return x->op == OP_LITERAL || x->op == OP_INTERVAL ? L_POSTFIX + 1 : L_POSTFIX;
}

static void print_bare(const struct node *x, int level, struct buf *b)
{
	static const char *const ops[] = { [OP_EQ] = "=", [OP_NE] = "<>", [OP_LT] = "<", [OP_LE] = "<=", [OP_GT] = ">",
		[OP_GE] = ">=", [OP_SAME] = "<=>", [OP_ADD] = "+", [OP_SUB] = "-", [OP_MUL] = "*", [OP_DIV] = "/",
		[OP_IDIV] = "DIV", [OP_MOD] = "%", [OP_CONCAT] = "||" };
	switch ((enum op)x->op) {
	case OP_LITERAL:
		print_literal(x, b);
		return;
	case OP_NAME:
		print_name(x, b);
		return;
	case OP_FIELD:
		print_node(x->arg[0], base_level(x->arg[0]), b);
		buf_putc(b, '.');
		print_name(x, b);
		return;
	case OP_INDEX:
		print_node(x->arg[0], base_level(x->arg[0]), b);
		buf_putc(b, '[');
		print_node(x->arg[1], 0, b);
		buf_putc(b, ']');
		return;
	case OP_NOT:
		buf_puts(b, "NOT ");
		print_node(x->arg[0], L_NOT, b);
		return;
	case OP_AND:
	case OP_OR:
		print_chain(x, x->op == OP_AND ? "AND" : "OR", level, b);
		return;
	case OP_CASE:
		print_case(x, b);
		return;
	case OP_CAST:
		buf_puts(b, "CAST(");
		print_node(x->arg[0], 0, b);
		buf_puts(b, " AS ");
		sql_type_print_sql(&x->type, b);
		buf_putc(b, ')');
		return;
	case OP_FUNC:
		print_call(x, b);
		return;
	case OP_INTERVAL:
		print_interval(&x->interval, b);
		return;
	case OP_NEG: /* a number behind it would become one with the sign */
		buf_puts(b, "- ");
		print_node(x->arg[0], x->arg[0]->op == OP_LITERAL ? L_POSTFIX + 1 : L_UNARY, b);
		return;
	default:
		if (level == L_PREDICATE)
			print_predicate(x, b);
		else
			print_binary(x, ops[x->op], level, b);
	}
}

static void print_node(const struct node *x, int outer, struct buf *b)
{
	int level = level_of(x);
	bool parens = level < outer;
	if (parens)
		buf_putc(b, '(');
	print_bare(x, level, b);
	if (parens)
		buf_putc(b, ')');
}

void expr_print(const struct expr *x, struct buf *b) { print_node(x->root, 0, b); }
