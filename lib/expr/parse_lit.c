/* SPDX-License-Identifier: MIT */
/* Parses literals: numbers with suffixes, typed strings, intervals. */
#include "expr/parse.h"

#include "base/num.h"

#include <strings.h>

int parse_literal(struct parser *p, size_t at, struct type type, struct node **out)
{
	parser_make(p, OP_LITERAL, at, NULL, out);
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
	x->type = sql_type_of(kind);
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
		x->type = sql_type_decimal(precision, scale);
		return 0;
	}
	struct type t = sql_type_of(TYPE_DOUBLE);
	if ((kind == TYPE_DOUBLE || kind == TYPE_FLOAT) &&
	    cast_string((struct str){ s, n }, &t, &x->value, &p->x->arena)) {
		x->type = sql_type_of(kind);
		if (kind == TYPE_FLOAT)
			x->value.d = (float)x->value.d;
		return 0;
	}
	return expr_error(p->e, x, "'%s' is not a number of at most 38 digits", x->name);
}

int parse_number(struct parser *p, bool negative, size_t at, struct node **out)
{
	parse_literal(p, at, sql_type_of(TYPE_VOID), out);
	(*out)->name = arena_printf(&p->x->arena, "%s%s", negative ? "-" : "", p->t.s);
	(*out)->nname = p->t.ns + negative;
	int rc = number_value(p, *out);
	return rc ? rc : parser_advance(p);
}

int parse_string(struct parser *p, struct node **out)
{
	parse_literal(p, p->t.at, sql_type_of(TYPE_STRING), out);
	(*out)->value.s = (struct str){ p->t.s, p->t.ns };
	return parser_advance(p);
}

static int hex_literal(struct parser *p, struct node *x)
{
	size_t n = p->t.ns;
	char *to = arena_alloc(&p->x->arena, n / 2 + 1);
	for (size_t i = 0; i < n; i++) {
		char c = p->t.s[i];
		int v = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
		if (v < 0 || n % 2)
			return parser_expected(p, "an even number of hexadecimal digits");
		to[i / 2] = (char)(i % 2 ? to[i / 2] | v : v << 4);
	}
	x->value.s = (struct str){ to, n / 2 };
	return parser_advance(p);
}

/* DATE '…', TIMESTAMP '…', X'…': NAME is stepped over, a string is next */
int parse_typed_literal(struct parser *p, struct type type, size_t at, struct node **out)
{
	parse_literal(p, at, type, out);
	if (type.kind == TYPE_BINARY)
		return hex_literal(p, *out);
	if (!cast_string((struct str){ p->t.s, p->t.ns }, &type, &(*out)->value, &p->x->arena))
		return expr_error_at(p->e, p->t.at, "'%.60s' is not a valid %s", p->t.s, sql_type_text(&type, &p->x->arena));
	return parser_advance(p);
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
int parse_interval(struct parser *p, size_t at, struct node **out)
{
	parser_make(p, OP_INTERVAL, at, NULL, out);
	do {
		bool minus = parser_at_op(p, "-");
		int64_t count;
		int rc = minus ? parser_advance(p) : 0;
		if (rc)
			return rc;
		if ((p->t.kind != T_NUMBER && p->t.kind != T_STRING) || !num_i64(p->t.s, p->t.ns, &count))
			return parser_expected(p, "a whole number of years, days, hours, …");
		if ((rc = parser_advance(p)))
			return rc;
		if (p->t.kind != T_NAME || !interval_unit(&(*out)->interval, p->t.s, p->t.ns, minus ? -count : count))
			return parser_expected(p, "a unit of time: years, quarters, months, weeks, days, hours, minutes, seconds");
		if ((rc = parser_advance(p)))
			return rc;
	} while (p->t.kind == T_NUMBER || p->t.kind == T_STRING);
	return 0;
}

