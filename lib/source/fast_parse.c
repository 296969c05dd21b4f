/* SPDX-License-Identifier: MIT */
/* The program as a tree. All of jq's grammar is read, so that what is outside the subset can be stepped over and named. The
 * program compiles (libjq has said so): what is looked for here is its meaning, not its faults. */
#include "source/fast_parts.h"

#include "json/string.h"

#include <stdlib.h>

#define MAX_DEPTH 1000

enum token { T_END, T_FIELD, T_NAME, T_NUMBER, T_QUOTE, T_FORMAT, T_OP, T_BAD };

struct parse {
	const char *start, *p;     /* p: behind the token */
	enum token type;
	const char *text;          /* the token; FIELD: without its dot */
	size_t n;
	struct arena *arena;
	unsigned depth;
	bool failed, deep;         /* deep: that is why */
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static size_t name_length(const char *s)
{
	size_t n = 0;
	if (is_letter(*s))
		while (is_letter(s[n]) || is_digit(s[n]))
			n++;
	return n;
}

/* A comment that ends with a backslash goes on in the next line for some versions of jq: not for us to know. */
static void skip_space(struct parse *ps)
{
	for (;;) {
		ps->p += strspn(ps->p, " \t\r\n");
		if (*ps->p != '#')
			return;
		size_t n = strcspn(ps->p, "\n");
		size_t cr = n > 1 && ps->p[n - 1] == '\r';
		if (ps->p[n - 1 - cr] == '\\')
			ps->failed = true;
		ps->p += n;
	}
}

static size_t number_length(const char *s)
{
	size_t n = 0;
	while (is_digit(s[n]) || s[n] == '.')
		n++;
	if (s[n] == 'e' || s[n] == 'E') {
		size_t sign = s[n + 1] == '+' || s[n + 1] == '-';
		if (is_digit(s[n + 1 + sign]))
			for (n += 1 + sign; is_digit(s[n]);)
				n++;
	}
	return n;
}

static size_t name_token(const char *s)
{
	size_t n = name_length(s);
	while (s[n] == ':' && s[n + 1] == ':' && name_length(s + n + 2))
		n += 2 + name_length(s + n + 2);
	return n;
}

static size_t operator_length(const char *s)
{
	static const char *const ops[] = { "?//=", "?//", "//=", "!=", "==", "<=", ">=", "|=", "+=", "-=", "*=", "/=", "%=", "//", ".." };
	for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
		if (strncmp(s, ops[i], strlen(ops[i])) == 0)
			return strlen(ops[i]);
	return strchr(".?=;,:|+-*/%$<>()[]{}", *s) ? 1 : 0;
}

static void advance(struct parse *ps)
{
	skip_space(ps);
	const char *s = ps->p;
	ps->text = s;
	ps->n = 1;
	if (ps->failed || !*s) {
		ps->type = ps->failed ? T_BAD : T_END;
		ps->n = 0;
	} else if (*s == '.' && name_length(s + 1)) {
		ps->type = T_FIELD;
		ps->text = s + 1;
		ps->n = name_length(s + 1);
		ps->p = s + 1 + ps->n;
		return;
	} else if (is_digit(*s) || (*s == '.' && is_digit(s[1]))) {
		ps->type = T_NUMBER;
		ps->n = number_length(s);
	} else if (is_letter(*s)) {
		ps->type = T_NAME;
		ps->n = name_token(s);
	} else if (*s == '"') {
		ps->type = T_QUOTE;
	} else if (*s == '@') {
		ps->type = T_FORMAT;
		ps->n = 1 + name_length(s + 1);
	} else {
		ps->n = operator_length(s);
		ps->type = ps->n ? T_OP : T_BAD;
	}
	ps->p = s + ps->n;
}

static bool at_op(const struct parse *ps, const char *op)
{
	return ps->type == T_OP && ps->n == strlen(op) && memcmp(ps->text, op, ps->n) == 0;
}

static bool at_word(const struct parse *ps, const char *word)
{
	return ps->type == T_NAME && ps->n == strlen(word) && memcmp(ps->text, word, ps->n) == 0;
}

static bool take_op(struct parse *ps, const char *op)
{
	if (!at_op(ps, op))
		return false;
	advance(ps);
	return true;
}

static bool take_word(struct parse *ps, const char *word)
{
	if (!at_word(ps, word))
		return false;
	advance(ps);
	return true;
}

static void expect_op(struct parse *ps, const char *op)
{
	if (!take_op(ps, op))
		ps->failed = true;
}

static void expect_word(struct parse *ps, const char *word)
{
	if (!take_word(ps, word))
		ps->failed = true;
}

static bool enter(struct parse *ps)
{
	if (!ps->failed && ++ps->depth > MAX_DEPTH)
		ps->failed = ps->deep = true;
	return !ps->failed;
}

static struct fast_syn *node_at(struct parse *ps, enum fast_syntax kind, const char *at)
{
	struct fast_syn *s = arena_zalloc(ps->arena, sizeof *s);
	s->kind = kind;
	s->at = at;
	return s;
}

static struct fast_syn *node(struct parse *ps, enum fast_syntax kind)
{
	return node_at(ps, kind, ps->text);
}

static struct fast_syn *outside(struct parse *ps, const char *at, const char *what)
{
	struct fast_syn *s = node_at(ps, SYN_OUTSIDE, at);
	s->text = what;
	s->n = strlen(what);
	return s;
}

static struct fast_syn *pipe_(struct parse *ps);
static struct fast_syn *operand(struct parse *ps);
static struct fast_syn *term(struct parse *ps);

/* --- texts --- */

/* One stretch of text without `\(`, decoded. Bytes that are not as in JSON are outside: jq has its own way with them. */
static struct fast_syn *text_part(struct parse *ps, const char *s, size_t n)
{
	struct fast_syn *t = node_at(ps, SYN_TEXT, s);
	const char *bad;
	bool fine = json_check_escapes(s, n, &bad) == JSON_FINE;
	for (size_t i = 0; i < n; i++)
		fine = fine && (unsigned char)s[i] >= 0x20;
	if (!fine)
		return outside(ps, s, "this text");
	char *to = arena_alloc(ps->arena, n + 16);
	t->n = json_decode(to, s, n);
	memset(to + t->n, 0, 8);
	t->text = to;
	return t;
}

/* The token is the opening quote. */
static struct fast_syn *text(struct parse *ps)
{
	struct fast_syn *joined = node(ps, SYN_JOINED), **last = &joined->a;
	unsigned parts = 0;
	for (;;) {
		const char *s = ps->p;
		while (*ps->p && *ps->p != '"' && !(ps->p[0] == '\\' && ps->p[1] == '('))
			ps->p += *ps->p == '\\' && ps->p[1] ? 2 : 1;
		if (!*ps->p) {
			ps->failed = true;
			return joined;
		}
		*last = text_part(ps, s, (size_t)(ps->p - s));
		last = &(*last)->next;
		parts++;
		if (*ps->p == '"')
			break;
		ps->p += 2;
		advance(ps);
		*last = pipe_(ps);
		last = &(*last)->next;
		if (!at_op(ps, ")") || ps->failed) {
			ps->failed = true;
			return joined;
		}
	}
	ps->p++;
	advance(ps);
	return parts == 1 ? joined->a : joined;
}

static struct fast_syn *format(struct parse *ps)
{
	struct fast_syn *s = outside(ps, ps->text, arena_strndup(ps->arena, ps->text, ps->n));
	advance(ps);
	if (ps->type == T_QUOTE)
		text(ps);
	return s;
}

/* --- objects --- */

static bool is_keyword(const struct parse *ps)
{
	static const char *const words[] = { "def", "module", "import", "include", "if", "then", "else", "elif", "reduce", "foreach",
		"end", "and", "or", "as", "try", "catch", "label", "__loc__" };
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (at_word(ps, words[i]))
			return true;
	return false;
}

/* What may stand behind a colon: terms, piped. */
static struct fast_syn *pair_value(struct parse *ps)
{
	const char *at = ps->text;
	bool minus = take_op(ps, "-");
	struct fast_syn *s = term(ps);
	if (minus)
		s = outside(ps, at, "arithmetic");
	if (!at_op(ps, "|"))
		return s;
	struct fast_syn *both = node(ps, SYN_PIPE);
	advance(ps);
	both->a = s;
	both->b = pair_value(ps);
	return both;
}

static struct fast_syn *named(struct parse *ps, enum fast_syntax kind, const char *name, size_t n)
{
	struct fast_syn *s = node(ps, kind);
	char *to = arena_zalloc(ps->arena, n + 8);
	memcpy(to, name, n);
	s->text = to;
	s->n = n;
	return s;
}

static struct fast_syn *variable(struct parse *ps)
{
	const char *at = ps->text;
	struct fast_syn *s;
	advance(ps);
	if (at_word(ps, "__loc__")) {
		s = outside(ps, at, "$__loc__");
	} else {
		s = named(ps, SYN_VAR, ps->text, ps->n);
		s->at = at;
		ps->failed |= ps->type != T_NAME;
	}
	advance(ps);
	return s;
}

static struct fast_syn *pair(struct parse *ps)
{
	struct fast_syn *pair = node(ps, SYN_PAIR), *name, *dot;
	if (at_op(ps, "(")) {
		advance(ps);
		pair->b = pipe_(ps);
		expect_op(ps, ")");
		expect_op(ps, ":");
		pair->a = pair_value(ps);
		return pair;
	}
	if (at_op(ps, "$")) {
		pair->a = variable(ps);
		pair->text = pair->a->text;
		pair->n = pair->a->n;
		return pair;
	}
	bool keyword = is_keyword(ps);
	if (ps->type == T_QUOTE) {
		name = text(ps);
	} else if (ps->type == T_FORMAT) {
		name = format(ps);
	} else {
		name = named(ps, SYN_TEXT, ps->text, ps->n);
		ps->failed |= ps->type != T_NAME;
		advance(ps);
	}
	if (name->kind == SYN_TEXT) {
		pair->text = name->text;
		pair->n = name->n;
	} else {
		pair->b = name;
	}
	if (take_op(ps, ":")) {
		pair->a = pair_value(ps);
		return pair;
	}
	/* {name}: its value is the member of that name. */
	dot = node(ps, SYN_DOT);
	pair->a = node(ps, SYN_FIELD);
	pair->a->a = dot;
	pair->a->text = pair->text;
	pair->a->n = pair->n;
	if (keyword || !pair->text)
		pair->a = outside(ps, ps->text, "this name without a value");
	return pair;
}

static struct fast_syn *object(struct parse *ps)
{
	struct fast_syn *o = node(ps, SYN_OBJECT), **last = &o->a;
	advance(ps);
	while (!ps->failed && !at_op(ps, "}")) {
		*last = pair(ps);
		last = &(*last)->next;
		if (!at_op(ps, "}"))
			expect_op(ps, ",");
	}
	expect_op(ps, "}");
	return o;
}

/* --- terms --- */

static struct fast_syn *field(struct parse *ps, struct fast_syn *of, const char *at, const struct fast_syn *name)
{
	struct fast_syn *s = node_at(ps, SYN_FIELD, at);
	s->a = of;
	if (name->kind != SYN_TEXT)
		return outside(ps, at, "a name that is computed");
	s->text = name->text;
	s->n = name->n;
	return s;
}

/* Behind '[': an index, a slice, or nothing. */
static struct fast_syn *brackets(struct parse *ps, struct fast_syn *of, const char *at)
{
	struct fast_syn *s = node_at(ps, SYN_EACH, at);
	s->a = of;
	if (take_op(ps, "]"))
		return s;
	s->kind = SYN_INDEX;
	if (!at_op(ps, ":"))
		s->b = pipe_(ps);
	if (take_op(ps, ":")) {
		s->kind = SYN_SLICE;
		if (!at_op(ps, "]"))
			s->c = pipe_(ps);
	}
	expect_op(ps, "]");
	return s;
}

static struct fast_syn *suffixes(struct parse *ps, struct fast_syn *s)
{
	for (;;) {
		const char *at = ps->text;
		if (ps->failed)
			return s;
		if (ps->type == T_FIELD) {
			struct fast_syn *f = node_at(ps, SYN_FIELD, at);
			struct fast_syn *name = named(ps, SYN_TEXT, ps->text, ps->n);
			f->a = s;
			f->text = name->text;
			f->n = name->n;
			s = f;
			advance(ps);
		} else if (at_op(ps, ".")) {
			advance(ps);
			if (ps->type == T_QUOTE) {
				s = field(ps, s, at, text(ps));
			} else {
				expect_op(ps, "[");
				s = brackets(ps, s, at);
			}
		} else if (take_op(ps, "[")) {
			s = brackets(ps, s, at);
		} else {
			return s;
		}
		if (at_op(ps, "?") && (s->kind == SYN_FIELD || s->kind == SYN_INDEX || s->kind == SYN_SLICE || s->kind == SYN_EACH)) {
			s->opt = true;
			advance(ps);
		}
	}
}

/* A name: a function, perhaps with arguments. */
static struct fast_syn *call(struct parse *ps)
{
	struct fast_syn *s = named(ps, SYN_CALL, ps->text, ps->n), **last = &s->a;
	advance(ps);
	if (!take_op(ps, "("))
		return s;
	do {
		*last = pipe_(ps);
		last = &(*last)->next;
	} while (!ps->failed && take_op(ps, ";"));
	expect_op(ps, ")");
	return s;
}

static struct fast_syn *if_(struct parse *ps)
{
	struct fast_syn *s = node(ps, SYN_IF);
	if (!enter(ps))
		return s;
	advance(ps);
	s->a = pipe_(ps);
	expect_word(ps, "then");
	s->b = pipe_(ps);
	if (at_word(ps, "elif")) {
		s->c = if_(ps); /* it takes the `end` */
		ps->depth--;
		return s;
	}
	ps->depth--;
	if (take_word(ps, "else"))
		s->c = pipe_(ps);
	else
		s->c = outside(ps, ps->text, "'if' without 'else'");
	expect_word(ps, "end");
	return s;
}

/* $name, or brackets with patterns in them: NULL. */
static struct fast_syn *pattern(struct parse *ps)
{
	if (at_op(ps, "$"))
		return variable(ps);
	if (at_op(ps, "["))
		term(ps);
	else if (at_op(ps, "{"))
		object(ps);
	else
		ps->failed = true;
	return NULL;
}

/* reduce T as $x (A; B), foreach … */
static struct fast_syn *fold(struct parse *ps)
{
	struct fast_syn *s = outside(ps, ps->text, at_word(ps, "reduce") ? "'reduce'" : "'foreach'");
	advance(ps);
	term(ps);
	expect_word(ps, "as");
	pattern(ps);
	expect_op(ps, "(");
	do
		pipe_(ps);
	while (!ps->failed && take_op(ps, ";"));
	expect_op(ps, ")");
	return s;
}

/* Errors of what is tried give the item to libjq, so that nothing is left to do for `try`. */
static struct fast_syn *try_(struct parse *ps)
{
	advance(ps);
	struct fast_syn *s = operand(ps);
	if (take_word(ps, "catch"))
		operand(ps);
	return s;
}

static struct fast_syn *label(struct parse *ps)
{
	struct fast_syn *s = outside(ps, ps->text, "'label'");
	advance(ps);
	variable(ps);
	expect_op(ps, "|");
	pipe_(ps);
	return s;
}

static struct fast_syn *def(struct parse *ps)
{
	struct fast_syn *s;
	advance(ps);
	s = named(ps, SYN_DEF, ps->text, ps->n);
	struct fast_syn **last = &s->a;
	advance(ps);
	if (take_op(ps, "(")) {
		do {
			bool value = take_op(ps, "$");
			*last = named(ps, SYN_PARAM, ps->text, ps->n);
			(*last)->opt = value;
			ps->failed |= ps->type != T_NAME;
			last = &(*last)->next;
			advance(ps);
		} while (!ps->failed && take_op(ps, ";"));
		expect_op(ps, ")");
	}
	expect_op(ps, ":");
	s->b = pipe_(ps);
	expect_op(ps, ";");
	s->c = pipe_(ps);
	return s;
}

static struct fast_syn *array(struct parse *ps)
{
	struct fast_syn *s = node(ps, SYN_ARRAY);
	advance(ps);
	if (!at_op(ps, "]"))
		s->a = pipe_(ps);
	expect_op(ps, "]");
	return s;
}

static struct fast_syn *dot(struct parse *ps)
{
	const char *at = ps->text;
	struct fast_syn *s = node(ps, SYN_DOT);
	advance(ps);
	if (ps->type == T_QUOTE) {
		s = field(ps, s, at, text(ps));
		if (take_op(ps, "?"))
			s->opt = true;
	}
	return s;
}

static struct fast_syn *number(struct parse *ps)
{
	struct fast_syn *s = named(ps, SYN_NUMBER, ps->text, ps->n);
	advance(ps);
	return s;
}

static struct fast_syn *parenthesis(struct parse *ps)
{
	advance(ps);
	struct fast_syn *s = pipe_(ps);
	expect_op(ps, ")");
	return s;
}

static struct fast_syn *primary(struct parse *ps)
{
	struct fast_syn *s;
	switch (ps->type) {
	case T_FIELD:
		return node(ps, SYN_DOT); /* suffixes take the name */
	case T_NUMBER:
		return number(ps);
	case T_QUOTE:
		return text(ps);
	case T_FORMAT:
		return format(ps);
	case T_NAME:
		if (at_word(ps, "if"))
			return if_(ps);
		if (at_word(ps, "reduce") || at_word(ps, "foreach"))
			return fold(ps);
		if (at_word(ps, "break")) {
			s = outside(ps, ps->text, "'break'");
			advance(ps);
			variable(ps);
			return s;
		}
		return call(ps);
	default:
		break;
	}
	if (at_op(ps, "."))
		return dot(ps);
	if (at_op(ps, ".."))
		s = outside(ps, ps->text, "'..'");
	else if (at_op(ps, "("))
		return parenthesis(ps);
	else if (at_op(ps, "["))
		return array(ps);
	else if (at_op(ps, "{"))
		return object(ps);
	else if (at_op(ps, "$"))
		return variable(ps);
	else
		s = NULL;
	ps->failed |= !s;
	s = s ? s : outside(ps, ps->text, "this");
	advance(ps);
	return s;
}

static struct fast_syn *term(struct parse *ps)
{
	if (!enter(ps))
		return outside(ps, ps->text, "this");
	struct fast_syn *s = suffixes(ps, primary(ps));
	ps->depth--;
	return s;
}

/* --- operators --- */

static struct fast_syn *bind(struct parse *ps, struct fast_syn *source)
{
	struct fast_syn *s = node(ps, SYN_AS), *name;
	const char *at = ps->text;
	advance(ps);
	name = pattern(ps);
	bool plain = name && name->kind == SYN_VAR;
	while (at_op(ps, "?//")) {
		advance(ps);
		pattern(ps);
		plain = false;
	}
	expect_op(ps, "|");
	s->a = source;
	s->b = pipe_(ps);
	if (!plain)
		return outside(ps, at, "'as' with a pattern");
	s->text = name->text;
	s->n = name->n;
	return s;
}

static struct fast_syn *operand(struct parse *ps)
{
	struct fast_syn *s;
	const char *at = ps->text;
	if (!enter(ps))
		return outside(ps, at, "this");
	if (at_op(ps, "-")) {
		advance(ps);
		s = operand(ps);
		if (s->kind == SYN_NUMBER) {
			s->text = arena_printf(ps->arena, "-%s", s->text);
			s->n++;
		} else {
			s = outside(ps, at, "arithmetic");
		}
	} else if (at_word(ps, "try")) {
		s = try_(ps);
	} else if (at_word(ps, "label")) {
		s = label(ps);
	} else if (at_word(ps, "def")) {
		s = def(ps);
	} else {
		s = term(ps);
	}
	if (at_word(ps, "as"))
		s = bind(ps, s);
	while (take_op(ps, "?"))
		;
	ps->depth--;
	return s;
}

enum level { L_COMMA, L_ALT, L_ASSIGN, L_OR, L_AND, L_COMPARE, L_ADD, L_TIMES, L_NONE };

static const struct binary {
	const char *op;
	enum level level;
	enum fast_syntax kind;
	enum fast_compare compare;
} binaries[] = {
	{ ",", L_COMMA, SYN_COMMA, 0 }, { "//", L_ALT, SYN_ALT, 0 }, { "=", L_ASSIGN, SYN_SET, 0 }, { "|=", L_ASSIGN, SYN_UPDATE, 0 },
	{ "+=", L_ASSIGN, SYN_OUTSIDE, 0 }, { "-=", L_ASSIGN, SYN_OUTSIDE, 0 }, { "*=", L_ASSIGN, SYN_OUTSIDE, 0 },
	{ "/=", L_ASSIGN, SYN_OUTSIDE, 0 }, { "%=", L_ASSIGN, SYN_OUTSIDE, 0 }, { "//=", L_ASSIGN, SYN_OUTSIDE, 0 },
	{ "==", L_COMPARE, SYN_COMPARE, FAST_EQ }, { "!=", L_COMPARE, SYN_COMPARE, FAST_NE }, { "<", L_COMPARE, SYN_COMPARE, FAST_LT },
	{ "<=", L_COMPARE, SYN_COMPARE, FAST_LE }, { ">", L_COMPARE, SYN_COMPARE, FAST_GT }, { ">=", L_COMPARE, SYN_COMPARE, FAST_GE },
	{ "+", L_ADD, SYN_ADD, 0 }, { "-", L_ADD, SYN_OUTSIDE, 0 }, { "*", L_TIMES, SYN_OUTSIDE, 0 }, { "/", L_TIMES, SYN_OUTSIDE, 0 },
	{ "%", L_TIMES, SYN_OUTSIDE, 0 },
};
static const struct binary or_ = { "or", L_OR, SYN_OR, 0 }, and_ = { "and", L_AND, SYN_AND, 0 };

static const struct binary *operator(const struct parse *ps)
{
	for (size_t i = 0; i < sizeof binaries / sizeof *binaries; i++)
		if (at_op(ps, binaries[i].op))
			return &binaries[i];
	return at_word(ps, "or") ? &or_ : at_word(ps, "and") ? &and_ : NULL;
}

/* Operators that bind as LOWEST does, or tighter. `//` goes to the right, those of assignment and comparison go nowhere. */
static struct fast_syn *binary(struct parse *ps, enum level lowest)
{
	struct fast_syn *left = operand(ps);
	const struct binary *b;
	while (!ps->failed && (b = operator(ps)) != NULL && b->level >= lowest) {
		struct fast_syn *s = node(ps, b->kind);
		const char *at = ps->text;
		advance(ps);
		s->a = left;
		s->b = binary(ps, b->level == L_ALT ? L_ALT : b->level + 1);
		s->compare = b->compare;
		left = b->kind == SYN_OUTSIDE ? outside(ps, at, b->level == L_ASSIGN ? "this assignment" : "arithmetic") : s;
	}
	return left;
}

static struct fast_syn *pipe_(struct parse *ps)
{
	if (!enter(ps))
		return outside(ps, ps->text, "this");
	struct fast_syn *s = binary(ps, L_COMMA);
	if (at_op(ps, "|")) {
		struct fast_syn *both = node(ps, SYN_PIPE);
		advance(ps);
		both->a = s;
		both->b = pipe_(ps);
		s = both;
	}
	ps->depth--;
	return s;
}

struct fast_syn *fast_parse(const char *program, struct arena *a, struct fast_syn *what)
{
	struct parse ps = { .start = program, .p = program, .arena = a };
	advance(&ps);
	struct fast_syn *s = pipe_(&ps);
	if (ps.type == T_END && !ps.failed)
		return s;
	*what = *outside(&ps, ps.text, ps.deep ? "nesting as deep as this" : "what stands here");
	return NULL;
}
