/* SPDX-License-Identifier: MIT */
/* Reads names, numbers, strings with escapes, and operators. */
#include "expr/lex.h"

#include "base/ascii.h"
#include "base/mem.h"
#include "base/utf8.h"

static bool is_name_start(char c)
{
	return ascii_letter(c) || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_name(char c) { return is_name_start(c) || ascii_digit(c) || c == '$'; }

/* \uXXXX or \UXXXXXXXX at P; the number of bytes used, 0: it is none */
static size_t unicode_escape(struct buf *b, const char *p, size_t n)
{
	size_t digits = p[0] == 'u' ? 4 : 8;
	uint32_t c = 0;
	if (n < digits + 1)
		return 0;
	for (size_t i = 1; i <= digits; i++) {
		int v = ascii_hex(p[i]);
		if (v < 0 || c > 0x10ffff)
			return 0;
		c = c << 4 | (uint32_t)v;
	}
	if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	utf8_put(b, c);
	return digits + 1;
}

/* A string literal's inside (between the quotes) to its value. */
static const char *lex_unescape(struct arena *a, const char *p, size_t n, char quote, size_t *out)
{
	static const char from[] = "0btnrZ", to[] = "\0\b\t\n\r\x1a";
	struct buf b = BUF_INIT;
	for (size_t i = 0; i < n; i++) {
		if (p[i] == quote) { /* doubled */
			buf_putc(&b, p[i++]);
			continue;
		}
		if (p[i] != '\\' || i + 1 == n) {
			buf_putc(&b, p[i]);
			continue;
		}
		char c = p[++i];
		const char *f = c ? strchr(from, c) : NULL;
		size_t used = c == 'u' || c == 'U' ? unicode_escape(&b, p + i, n - i) : 0;
		if (used) {
			i += used - 1;
		} else if (f) {
			buf_putc(&b, to[f - from]);
		} else {
			if (c == '%' || c == '_') /* kept for LIKE */
				buf_putc(&b, '\\');
			buf_putc(&b, c);
		}
	}
	*out = b.n;
	const char *s = arena_strndup(a, b.p ? b.p : "", b.n);
	buf_release(&b);
	return s;
}

static int lex_string(struct lexer *l, struct token *t, bool raw, struct err *e)
{
	char quote = l->text[l->pos];
	size_t start = ++l->pos;
	for (;; l->pos++) {
		if (l->pos >= l->n)
			return expr_error_at(e, t->at, "the string that begins here is not closed");
		char c = l->text[l->pos];
		if (c == '\\' && !raw && l->pos + 1 < l->n) {
			l->pos++;
		} else if (c == quote) {
			if (raw || l->pos + 1 >= l->n || l->text[l->pos + 1] != quote)
				break;
			l->pos++;
		}
	}
	t->kind = T_STRING;
	if (raw) {
		t->ns = l->pos - start;
		t->s = arena_strndup(l->arena, l->text + start, t->ns);
	} else {
		t->s = lex_unescape(l->arena, l->text + start, l->pos - start, quote, &t->ns);
	}
	l->pos++;
	return 0;
}

static int lex_quoted_name(struct lexer *l, struct token *t, struct err *e)
{
	struct buf b = BUF_INIT;
	for (l->pos++;; l->pos++) {
		if (l->pos >= l->n) {
			buf_release(&b);
			return expr_error_at(e, t->at, "the name that begins here is not closed by a backtick");
		}
		if (l->text[l->pos] == '`') {
			if (l->pos + 1 >= l->n || l->text[l->pos + 1] != '`')
				break;
			l->pos++;
		}
		buf_putc(&b, l->text[l->pos]);
	}
	l->pos++;
	t->kind = T_QUOTED_NAME;
	t->ns = b.n;
	t->s = arena_strndup(l->arena, b.p ? b.p : "", b.n);
	buf_release(&b);
	return t->ns ? 0 : expr_error_at(e, t->at, "an empty name");
}

/* digits [. digits] [e digits] [L S Y D F BD]: the grammar of the whole is checked where it is converted */
static void lex_number(struct lexer *l, struct token *t)
{
	const char *p = l->text;
	size_t i = l->pos;
	while (i < l->n && ascii_digit(p[i]))
		i++;
	if (i < l->n && p[i] == '.')
		for (i++; i < l->n && ascii_digit(p[i]); i++)
			;
	if (i < l->n && (p[i] | 32) == 'e') {
		size_t k = i + 1;
		if (k < l->n && (p[k] == '+' || p[k] == '-'))
			k++;
		if (k < l->n && ascii_digit(p[k]))
			for (i = k; i < l->n && ascii_digit(p[i]); i++)
				;
	}
	while (i < l->n && is_name(p[i]))
		i++;
	t->kind = T_NUMBER;
	t->ns = i - l->pos;
	t->s = arena_strndup(l->arena, p + l->pos, t->ns);
	l->pos = i;
}

static size_t op_length(const char *p, size_t n)
{
	static const char *const ops[] = { "<=>", "<>", "!=", "<=", ">=", "==", "||", "::" };
	for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
		size_t k = strlen(ops[i]);
		if (n >= k && !memcmp(p, ops[i], k))
			return k;
	}
	return strchr("=<>+-*/%(),.[]!:", *p) && *p ? 1 : 0;
}

/* white space, `-- …` to the end of the line */
static void skip_space(struct lexer *l)
{
	for (; l->pos < l->n; l->pos++) {
		char c = l->text[l->pos];
		if (c == '-' && l->pos + 1 < l->n && l->text[l->pos + 1] == '-')
			while (l->pos + 1 < l->n && l->text[l->pos + 1] != '\n')
				l->pos++;
		else if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
			return;
	}
}

int lex_next(struct lexer *l, struct token *t, struct err *e)
{
	skip_space(l);
	*t = (struct token){ .kind = T_END, .at = l->pos, .s = "" };
	if (l->pos >= l->n)
		return 0;
	const char *p = l->text + l->pos;
	size_t left = l->n - l->pos;
	int rc = 0;
	if (*p == '\'' || *p == '"') {
		rc = lex_string(l, t, false, e);
	} else if ((*p | 32) == 'r' && left > 1 && (p[1] == '\'' || p[1] == '"')) {
		l->pos++;
		rc = lex_string(l, t, true, e);
	} else if (*p == '`') {
		rc = lex_quoted_name(l, t, e);
	} else if (ascii_digit(*p) || (*p == '.' && left > 1 && ascii_digit(p[1]))) {
		lex_number(l, t);
	} else if (is_name_start(*p)) {
		while (l->pos < l->n && is_name(l->text[l->pos]))
			l->pos++;
		t->kind = T_NAME;
		t->ns = (size_t)(l->text + l->pos - p);
		t->s = arena_strndup(l->arena, p, t->ns);
	} else {
		t->ns = op_length(p, left);
		if (!t->ns)
			return expr_error_at(e, t->at, "unexpected character '%.*s'",
					     (*p & 0x80) || *p < 32 ? 0 : 1, p);
		t->kind = T_OP;
		t->s = arena_strndup(l->arena, p, t->ns);
		l->pos += t->ns;
	}
	t->n = l->pos - t->at;
	return rc;
}
