/* SPDX-License-Identifier: MIT */
/* The program as a tree. All of jq's grammar is read, so that what is outside the subset can be stepped over and named. The
 * program compiles (libjq has said so): what is looked for here is its meaning, not its faults. */
#include "source/fast_parts.h"

#include "json/string.h"
#include "source/fast_lex.h"

#define MAX_DEPTH 1000

static bool enter(struct fast_lex *ps)
{
	if (!ps->failed && ++ps->depth > MAX_DEPTH)
		ps->failed = ps->deep = true;
	return !ps->failed;
}

static struct fast_syn *node_at(struct fast_lex *ps, enum fast_syntax kind, const char *at)
{
	struct fast_syn *s = arena_zalloc(ps->arena, sizeof *s);
	s->kind = kind;
	s->at = at;
	return s;
}

static struct fast_syn *node(struct fast_lex *ps, enum fast_syntax kind)
{
	return node_at(ps, kind, ps->text);
}

static struct fast_syn *outside(struct fast_lex *ps, const char *at, const char *what)
{
	struct fast_syn *s = node_at(ps, SYN_OUTSIDE, at);
	s->text = what;
	s->n = strlen(what);
	return s;
}

static struct fast_syn *pipe_(struct fast_lex *ps);
static struct fast_syn *operand(struct fast_lex *ps);
static struct fast_syn *term(struct fast_lex *ps);

/* --- texts --- */

/* One stretch of text without `\(`, decoded. Bytes that are not as in JSON are outside: jq has its own way with them. */
static struct fast_syn *text_part(struct fast_lex *ps, const char *s, size_t n)
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
static struct fast_syn *text(struct fast_lex *ps)
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
		fast_lex_next(ps);
		*last = pipe_(ps);
		last = &(*last)->next;
		if (!fast_lex_is(ps, ")") || ps->failed) {
			ps->failed = true;
			return joined;
		}
	}
	ps->p++;
	fast_lex_next(ps);
	return parts == 1 ? joined->a : joined;
}

static struct fast_syn *format(struct fast_lex *ps)
{
	struct fast_syn *s = outside(ps, ps->text, arena_strndup(ps->arena, ps->text, ps->n));
	fast_lex_next(ps);
	if (ps->type == LEX_QUOTE)
		text(ps);
	return s;
}

/* --- objects --- */

static bool is_keyword(const struct fast_lex *ps)
{
	static const char *const words[] = { "def", "module", "import", "include", "if", "then", "else", "elif", "reduce", "foreach",
		"end", "and", "or", "as", "try", "catch", "label", "__loc__" };
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (fast_lex_is_word(ps, words[i]))
			return true;
	return false;
}

/* What may stand behind a colon: terms, piped. */
static struct fast_syn *pair_value(struct fast_lex *ps)
{
	const char *at = ps->text;
	bool minus = fast_lex_take(ps, "-");
	struct fast_syn *s = term(ps);
	if (minus)
		s = outside(ps, at, "arithmetic");
	if (!fast_lex_is(ps, "|"))
		return s;
	struct fast_syn *both = node(ps, SYN_PIPE);
	fast_lex_next(ps);
	both->a = s;
	both->b = pair_value(ps);
	return both;
}

static struct fast_syn *named(struct fast_lex *ps, enum fast_syntax kind, const char *name, size_t n)
{
	struct fast_syn *s = node(ps, kind);
	char *to = arena_zalloc(ps->arena, n + 8);
	memcpy(to, name, n);
	s->text = to;
	s->n = n;
	return s;
}

static struct fast_syn *variable(struct fast_lex *ps)
{
	const char *at = ps->text;
	struct fast_syn *s;
	fast_lex_next(ps);
	if (fast_lex_is_word(ps, "__loc__")) {
		s = outside(ps, at, "$__loc__");
	} else {
		s = named(ps, SYN_VAR, ps->text, ps->n);
		s->at = at;
		ps->failed |= ps->type != LEX_NAME;
	}
	fast_lex_next(ps);
	return s;
}

static struct fast_syn *pair(struct fast_lex *ps)
{
	struct fast_syn *pair = node(ps, SYN_PAIR), *name, *dot;
	if (fast_lex_is(ps, "(")) {
		fast_lex_next(ps);
		pair->b = pipe_(ps);
		fast_lex_expect(ps, ")");
		fast_lex_expect(ps, ":");
		pair->a = pair_value(ps);
		return pair;
	}
	if (fast_lex_is(ps, "$")) {
		pair->a = variable(ps);
		pair->text = pair->a->text;
		pair->n = pair->a->n;
		return pair;
	}
	bool keyword = is_keyword(ps);
	if (ps->type == LEX_QUOTE) {
		name = text(ps);
	} else if (ps->type == LEX_FORMAT) {
		name = format(ps);
	} else {
		name = named(ps, SYN_TEXT, ps->text, ps->n);
		ps->failed |= ps->type != LEX_NAME;
		fast_lex_next(ps);
	}
	if (name->kind == SYN_TEXT) {
		pair->text = name->text;
		pair->n = name->n;
	} else {
		pair->b = name;
	}
	if (fast_lex_take(ps, ":")) {
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

static struct fast_syn *object(struct fast_lex *ps)
{
	struct fast_syn *o = node(ps, SYN_OBJECT), **last = &o->a;
	fast_lex_next(ps);
	while (!ps->failed && !fast_lex_is(ps, "}")) {
		*last = pair(ps);
		last = &(*last)->next;
		if (!fast_lex_is(ps, "}"))
			fast_lex_expect(ps, ",");
	}
	fast_lex_expect(ps, "}");
	return o;
}

/* --- terms --- */

static struct fast_syn *field(struct fast_lex *ps, struct fast_syn *of, const char *at, const struct fast_syn *name)
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
static struct fast_syn *brackets(struct fast_lex *ps, struct fast_syn *of, const char *at)
{
	struct fast_syn *s = node_at(ps, SYN_EACH, at);
	s->a = of;
	if (fast_lex_take(ps, "]"))
		return s;
	s->kind = SYN_INDEX;
	if (!fast_lex_is(ps, ":"))
		s->b = pipe_(ps);
	if (fast_lex_take(ps, ":")) {
		s->kind = SYN_SLICE;
		if (!fast_lex_is(ps, "]"))
			s->c = pipe_(ps);
	}
	fast_lex_expect(ps, "]");
	return s;
}

static struct fast_syn *suffixes(struct fast_lex *ps, struct fast_syn *s)
{
	for (;;) {
		const char *at = ps->text;
		if (ps->failed)
			return s;
		if (ps->type == LEX_FIELD) {
			struct fast_syn *f = node_at(ps, SYN_FIELD, at);
			struct fast_syn *name = named(ps, SYN_TEXT, ps->text, ps->n);
			f->a = s;
			f->text = name->text;
			f->n = name->n;
			s = f;
			fast_lex_next(ps);
		} else if (fast_lex_is(ps, ".")) {
			fast_lex_next(ps);
			if (ps->type == LEX_QUOTE) {
				s = field(ps, s, at, text(ps));
			} else {
				fast_lex_expect(ps, "[");
				s = brackets(ps, s, at);
			}
		} else if (fast_lex_take(ps, "[")) {
			s = brackets(ps, s, at);
		} else {
			return s;
		}
		if (fast_lex_is(ps, "?") && (s->kind == SYN_FIELD || s->kind == SYN_INDEX || s->kind == SYN_SLICE || s->kind == SYN_EACH)) {
			s->opt = true;
			fast_lex_next(ps);
		}
	}
}

/* A name: a function, perhaps with arguments. */
static struct fast_syn *call(struct fast_lex *ps)
{
	struct fast_syn *s = named(ps, SYN_CALL, ps->text, ps->n), **last = &s->a;
	fast_lex_next(ps);
	if (!fast_lex_take(ps, "("))
		return s;
	do {
		*last = pipe_(ps);
		last = &(*last)->next;
	} while (!ps->failed && fast_lex_take(ps, ";"));
	fast_lex_expect(ps, ")");
	return s;
}

static struct fast_syn *if_(struct fast_lex *ps)
{
	struct fast_syn *s = node(ps, SYN_IF);
	if (!enter(ps))
		return s;
	fast_lex_next(ps);
	s->a = pipe_(ps);
	fast_lex_expect_word(ps, "then");
	s->b = pipe_(ps);
	if (fast_lex_is_word(ps, "elif")) {
		s->c = if_(ps); /* it takes the `end` */
		ps->depth--;
		return s;
	}
	ps->depth--;
	if (fast_lex_take_word(ps, "else"))
		s->c = pipe_(ps);
	else
		s->c = outside(ps, ps->text, "'if' without 'else'");
	fast_lex_expect_word(ps, "end");
	return s;
}

/* $name, or brackets with patterns in them: NULL. */
static struct fast_syn *pattern(struct fast_lex *ps)
{
	if (fast_lex_is(ps, "$"))
		return variable(ps);
	if (fast_lex_is(ps, "["))
		term(ps);
	else if (fast_lex_is(ps, "{"))
		object(ps);
	else
		ps->failed = true;
	return NULL;
}

/* reduce T as $x (A; B), foreach … */
static struct fast_syn *fold(struct fast_lex *ps)
{
	struct fast_syn *s = outside(ps, ps->text, fast_lex_is_word(ps, "reduce") ? "'reduce'" : "'foreach'");
	fast_lex_next(ps);
	term(ps);
	fast_lex_expect_word(ps, "as");
	pattern(ps);
	fast_lex_expect(ps, "(");
	do
		pipe_(ps);
	while (!ps->failed && fast_lex_take(ps, ";"));
	fast_lex_expect(ps, ")");
	return s;
}

/* Errors of what is tried give the item to libjq, so that nothing is left to do for `try`. */
static struct fast_syn *try_(struct fast_lex *ps)
{
	fast_lex_next(ps);
	struct fast_syn *s = operand(ps);
	if (fast_lex_take_word(ps, "catch"))
		operand(ps);
	return s;
}

static struct fast_syn *label(struct fast_lex *ps)
{
	struct fast_syn *s = outside(ps, ps->text, "'label'");
	fast_lex_next(ps);
	variable(ps);
	fast_lex_expect(ps, "|");
	pipe_(ps);
	return s;
}

static struct fast_syn *def(struct fast_lex *ps)
{
	struct fast_syn *s;
	fast_lex_next(ps);
	s = named(ps, SYN_DEF, ps->text, ps->n);
	struct fast_syn **last = &s->a;
	fast_lex_next(ps);
	if (fast_lex_take(ps, "(")) {
		do {
			bool value = fast_lex_take(ps, "$");
			*last = named(ps, SYN_PARAM, ps->text, ps->n);
			(*last)->opt = value;
			ps->failed |= ps->type != LEX_NAME;
			last = &(*last)->next;
			fast_lex_next(ps);
		} while (!ps->failed && fast_lex_take(ps, ";"));
		fast_lex_expect(ps, ")");
	}
	fast_lex_expect(ps, ":");
	s->b = pipe_(ps);
	fast_lex_expect(ps, ";");
	s->c = pipe_(ps);
	return s;
}

static struct fast_syn *array(struct fast_lex *ps)
{
	struct fast_syn *s = node(ps, SYN_ARRAY);
	fast_lex_next(ps);
	if (!fast_lex_is(ps, "]"))
		s->a = pipe_(ps);
	fast_lex_expect(ps, "]");
	return s;
}

static struct fast_syn *dot(struct fast_lex *ps)
{
	const char *at = ps->text;
	struct fast_syn *s = node(ps, SYN_DOT);
	fast_lex_next(ps);
	if (ps->type == LEX_QUOTE) {
		s = field(ps, s, at, text(ps));
		if (fast_lex_take(ps, "?"))
			s->opt = true;
	}
	return s;
}

static struct fast_syn *number(struct fast_lex *ps)
{
	struct fast_syn *s = named(ps, SYN_NUMBER, ps->text, ps->n);
	fast_lex_next(ps);
	return s;
}

static struct fast_syn *parenthesis(struct fast_lex *ps)
{
	fast_lex_next(ps);
	struct fast_syn *s = pipe_(ps);
	fast_lex_expect(ps, ")");
	return s;
}

static struct fast_syn *primary(struct fast_lex *ps)
{
	struct fast_syn *s;
	switch (ps->type) {
	case LEX_FIELD:
		return node(ps, SYN_DOT); /* suffixes take the name */
	case LEX_NUMBER:
		return number(ps);
	case LEX_QUOTE:
		return text(ps);
	case LEX_FORMAT:
		return format(ps);
	case LEX_NAME:
		if (fast_lex_is_word(ps, "if"))
			return if_(ps);
		if (fast_lex_is_word(ps, "reduce") || fast_lex_is_word(ps, "foreach"))
			return fold(ps);
		if (fast_lex_is_word(ps, "break")) {
			s = outside(ps, ps->text, "'break'");
			fast_lex_next(ps);
			variable(ps);
			return s;
		}
		return call(ps);
	default:
		break;
	}
	if (fast_lex_is(ps, "."))
		return dot(ps);
	if (fast_lex_is(ps, ".."))
		s = outside(ps, ps->text, "'..'");
	else if (fast_lex_is(ps, "("))
		return parenthesis(ps);
	else if (fast_lex_is(ps, "["))
		return array(ps);
	else if (fast_lex_is(ps, "{"))
		return object(ps);
	else if (fast_lex_is(ps, "$"))
		return variable(ps);
	else
		s = NULL;
	ps->failed |= !s;
	s = s ? s : outside(ps, ps->text, "this");
	fast_lex_next(ps);
	return s;
}

static struct fast_syn *term(struct fast_lex *ps)
{
	if (!enter(ps))
		return outside(ps, ps->text, "this");
	struct fast_syn *s = suffixes(ps, primary(ps));
	ps->depth--;
	return s;
}

/* --- operators --- */

static struct fast_syn *bind(struct fast_lex *ps, struct fast_syn *source)
{
	struct fast_syn *s = node(ps, SYN_AS), *name;
	const char *at = ps->text;
	fast_lex_next(ps);
	name = pattern(ps);
	bool plain = name && name->kind == SYN_VAR;
	while (fast_lex_is(ps, "?//")) {
		fast_lex_next(ps);
		pattern(ps);
		plain = false;
	}
	fast_lex_expect(ps, "|");
	s->a = source;
	s->b = pipe_(ps);
	if (!plain)
		return outside(ps, at, "'as' with a pattern");
	s->text = name->text;
	s->n = name->n;
	return s;
}

static struct fast_syn *operand(struct fast_lex *ps)
{
	struct fast_syn *s;
	const char *at = ps->text;
	if (!enter(ps))
		return outside(ps, at, "this");
	if (fast_lex_is(ps, "-")) {
		fast_lex_next(ps);
		s = operand(ps);
		if (s->kind == SYN_NUMBER) {
			s->text = arena_printf(ps->arena, "-%s", s->text);
			s->n++;
		} else {
			s = outside(ps, at, "arithmetic");
		}
	} else if (fast_lex_is_word(ps, "try")) {
		s = try_(ps);
	} else if (fast_lex_is_word(ps, "label")) {
		s = label(ps);
	} else if (fast_lex_is_word(ps, "def")) {
		s = def(ps);
	} else {
		s = term(ps);
	}
	if (fast_lex_is_word(ps, "as"))
		s = bind(ps, s);
	while (fast_lex_take(ps, "?"))
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
	{ "+", L_ADD, SYN_ADD, 0 }, { "-", L_ADD, SYN_MINUS, 0 }, { "*", L_TIMES, SYN_OUTSIDE, 0 }, { "/", L_TIMES, SYN_OUTSIDE, 0 },
	{ "%", L_TIMES, SYN_OUTSIDE, 0 },
};
static const struct binary or_ = { "or", L_OR, SYN_OR, 0 }, and_ = { "and", L_AND, SYN_AND, 0 };

static const struct binary *operator(const struct fast_lex *ps)
{
	for (size_t i = 0; i < sizeof binaries / sizeof *binaries; i++)
		if (fast_lex_is(ps, binaries[i].op))
			return &binaries[i];
	return fast_lex_is_word(ps, "or") ? &or_ : fast_lex_is_word(ps, "and") ? &and_ : NULL;
}

/* Operators that bind as LOWEST does, or tighter. `//` goes to the right, those of assignment and comparison go nowhere. */
static struct fast_syn *binary(struct fast_lex *ps, enum level lowest)
{
	struct fast_syn *left = operand(ps);
	const struct binary *b;
	while (!ps->failed && (b = operator(ps)) != NULL && b->level >= lowest) {
		struct fast_syn *s = node(ps, b->kind);
		const char *at = ps->text;
		fast_lex_next(ps);
		s->a = left;
		s->b = binary(ps, b->level == L_ALT ? L_ALT : b->level + 1);
		s->compare = b->compare;
		left = b->kind == SYN_OUTSIDE ? outside(ps, at, b->level == L_ASSIGN ? "this assignment" : "arithmetic") : s;
	}
	return left;
}

static struct fast_syn *pipe_(struct fast_lex *ps)
{
	if (!enter(ps))
		return outside(ps, ps->text, "this");
	struct fast_syn *s = binary(ps, L_COMMA);
	if (fast_lex_is(ps, "|")) {
		struct fast_syn *both = node(ps, SYN_PIPE);
		fast_lex_next(ps);
		both->a = s;
		both->b = pipe_(ps);
		s = both;
	}
	ps->depth--;
	return s;
}

struct fast_syn *fast_parse(const char *program, struct arena *a, struct fast_syn *what)
{
	struct fast_lex ps = { .p = program, .arena = a };
	fast_lex_next(&ps);
	struct fast_syn *s = pipe_(&ps);
	if (ps.type == LEX_END && !ps.failed)
		return s;
	*what = *outside(&ps, ps.text, ps.deep ? "nesting of this depth" : "this syntax");
	return NULL;
}
