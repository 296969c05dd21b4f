/* SPDX-License-Identifier: MIT */
/* Cuts a jq program into tokens. */
#include "source/fast_lex.h"

#include "base/ascii.h"

#include <string.h>

static bool is_letter(char c)
{
	return ascii_letter(c) || c == '_';
}

static size_t name_length(const char *s)
{
	size_t n = 0;
	if (is_letter(*s))
		while (is_letter(s[n]) || ascii_digit(s[n]))
			n++;
	return n;
}

/* A comment that ends with a backslash goes on in the next line for some versions of jq: not for us to know. */
static void skip_space(struct fast_lex *ps)
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
	while (ascii_digit(s[n]) || s[n] == '.')
		n++;
	if (s[n] == 'e' || s[n] == 'E') {
		size_t sign = s[n + 1] == '+' || s[n + 1] == '-';
		if (ascii_digit(s[n + 1 + sign]))
			for (n += 1 + sign; ascii_digit(s[n]);)
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

void fast_lex_next(struct fast_lex *ps)
{
	skip_space(ps);
	const char *s = ps->p;
	ps->text = s;
	ps->n = 1;
	if (ps->failed || !*s) {
		ps->type = ps->failed ? LEX_BAD : LEX_END;
		ps->n = 0;
	} else if (*s == '.' && name_length(s + 1)) {
		ps->type = LEX_FIELD;
		ps->text = s + 1;
		ps->n = name_length(s + 1);
		ps->p = s + 1 + ps->n;
		return;
	} else if (ascii_digit(*s) || (*s == '.' && ascii_digit(s[1]))) {
		ps->type = LEX_NUMBER;
		ps->n = number_length(s);
	} else if (is_letter(*s)) {
		ps->type = LEX_NAME;
		ps->n = name_token(s);
	} else if (*s == '"') {
		ps->type = LEX_QUOTE;
	} else if (*s == '@') {
		ps->type = LEX_FORMAT;
		ps->n = 1 + name_length(s + 1);
	} else {
		ps->n = operator_length(s);
		ps->type = ps->n ? LEX_OP : LEX_BAD;
	}
	ps->p = s + ps->n;
}

bool fast_lex_is(const struct fast_lex *ps, const char *op)
{
	return ps->type == LEX_OP && ps->n == strlen(op) && memcmp(ps->text, op, ps->n) == 0;
}

bool fast_lex_is_word(const struct fast_lex *ps, const char *word)
{
	return ps->type == LEX_NAME && ps->n == strlen(word) && memcmp(ps->text, word, ps->n) == 0;
}

bool fast_lex_take(struct fast_lex *ps, const char *op)
{
	if (!fast_lex_is(ps, op))
		return false;
	fast_lex_next(ps);
	return true;
}

bool fast_lex_take_word(struct fast_lex *ps, const char *word)
{
	if (!fast_lex_is_word(ps, word))
		return false;
	fast_lex_next(ps);
	return true;
}

void fast_lex_expect(struct fast_lex *ps, const char *op)
{
	if (!fast_lex_take(ps, op))
		ps->failed = true;
}

void fast_lex_expect_word(struct fast_lex *ps, const char *word)
{
	if (!fast_lex_take_word(ps, word))
		ps->failed = true;
}
