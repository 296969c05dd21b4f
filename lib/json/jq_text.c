/* SPDX-License-Identifier: MIT */
/* A look over a jq program's text, token by token: what libjq must not see as it stands is written in another way. */
#include "base/ascii.h"
#include "base/mem.h"
#include "json/jq_parts.h"
#include "json/number.h"

#include <string.h>

#define MAX_NESTING 64
#define MAX_BRACKETS 256

struct scan {
	const char *p;
	struct jq_text *t;
	bool wide;
	unsigned parens[MAX_NESTING];    /* open parentheses in each \( … ) we are in */
	unsigned depth;
	struct bracket {
		char open;
		bool filled;                 /* something stands behind it, or behind its colon */
		bool slice;                  /* it has had its colon */
		unsigned defs;               /* definitions inside whose colon has not come */
	} bracket[MAX_BRACKETS];         /* ( [ { around us */
	unsigned nbracket;
	unsigned nconst;
	const char *word;                /* the last one that is no field */
	size_t nword;
	char last;                       /* last character that is no space or comment */
};

static bool is_name(char c)
{
	return ascii_letter(c) || ascii_digit(c) || c == '_';
}

static void copy(struct scan *s, size_t n)
{
	buf_put(&s->t->program, s->p, n);
	s->p += n;
}

static int too_deep(struct err *e)
{
	return err_set(e, ERR_USAGE, "jq: the program is nested more than %d levels deep", MAX_BRACKETS);
}

/* Behind an opening quote, or behind the `)` that ends an interpolation: up to the closing quote or the next `\(`. */
static int scan_string(struct scan *s, struct err *e)
{
	while (*s->p && *s->p != '"') {
		if (*s->p != '\\' || !s->p[1]) {
			copy(s, 1);
			continue;
		}
		bool inner = s->p[1] == '(';
		copy(s, 2);
		if (!inner)
			continue;
		if (s->depth == MAX_NESTING)
			return err_set(e, ERR_USAGE, "jq: strings are nested too deeply");
		if (s->nbracket == MAX_BRACKETS)
			return too_deep(e);
		s->bracket[s->nbracket++] = (struct bracket){ .open = '"' };
		s->parens[s->depth++] = 0;
		s->last = '(';
		return 0;
	}
	if (*s->p)
		copy(s, 1);
	s->last = '"';
	return 0;
}

/* --- numbers --- */

static const char *number_end(const char *p)
{
	while (ascii_digit(*p) || *p == '.')
		p++;
	if ((*p == 'e' || *p == 'E') && (ascii_digit(p[1]) || ((p[1] == '+' || p[1] == '-') && ascii_digit(p[2]))))
		for (p += 2; ascii_digit(*p); p++)
			;
	return p;
}

static int keep_number(struct scan *s, const char *text, size_t n, struct err *e)
{
	struct jq_text *t = s->t;
	if (t->n == sizeof t->literal / sizeof *t->literal)
		return err_set(e, ERR_USAGE, "jq: more than %zu numbers of %d digits or more", t->n, JQ_BIG_DIGITS);
	buf_printf(&t->program, "$__n%zu", t->n);
	t->literal[t->n++] = mem_strndup(text, n);
	return 0;
}

/* libjq calculates with constants while it compiles, with no code of ours: not with these. */
static bool may_fold(const struct scan *s, const char *behind)
{
	for (;; behind++) {
		if (*behind == '#')
			behind += strcspn(behind, "\n");
		if (!*behind || !strchr(" \t\r\n", *behind))
			break;
	}
	return (s->last && strchr("+-*/%(", s->last)) || (*behind && strchr("+-*/%)", *behind));
}

static int scan_number(struct scan *s, struct err *e)
{
	const char *from = s->p, *end = number_end(from);
	size_t n = (size_t)(end - from), zeros = strspn(from, "0");
	double d;
	bool folds = s->wide && may_fold(s, end);
	s->last = '0';
	s->p = end;
	if (zeros + strspn(from + zeros, "0123456789") == n && n - zeros >= JQ_BIG_DIGITS) {
		s->t->kept = true;
		return keep_number(s, from + zeros, n - zeros, e);
	}
	/* jq knows 5. and .5, JSON does not: it is spelled anew. */
	if (s->wide && json_parse_double(from, n, &d) && d >= JQ_EXACT) {
		char text[JSON_DOUBLE_TEXT];
		size_t ntext = json_format_double(text, d);
		return keep_number(s, text, ntext - (text[ntext - 1] == '0' && text[ntext - 2] == '.' ? 2 : 0), e);
	}
	if (!folds) {
		buf_put(&s->t->program, from, n);
		return 0;
	}
	buf_put(&s->t->consts, from, n);
	buf_printf(&s->t->consts, " as $__k%u|", s->nconst);
	buf_printf(&s->t->program, "$__k%u", s->nconst++);
	return 0;
}

/* --- words --- */

static int scan_word(struct scan *s, struct err *e)
{
	const char *p = s->p;
	while (is_name(*p) || (p[0] == ':' && p[1] == ':'))
		p += *p == ':' ? 2 : 1;
	size_t n = (size_t)(p - s->p);
	/* They are known at the top of a program only. */
	if (!s->last && ((n == 6 && (memcmp(s->p, "import", 6) == 0 || memcmp(s->p, "module", 6) == 0)) ||
			 (n == 7 && memcmp(s->p, "include", 7) == 0)))
		return err_set(e, ERR_USAGE, "jq: %.*s is not for a stream: no modules are loaded", (int)n, s->p);
	if (s->nbracket && n == 3 && memcmp(s->p, "def", 3) == 0)
		s->bracket[s->nbracket - 1].defs++;
	s->word = s->p;
	s->nword = n;
	copy(s, n);
	s->last = 'a';
	return 0;
}

/* $ENV is bound while the program is compiled, when HOME is hidden from libjq; env is read when it runs. */
static int scan_variable(struct scan *s, struct err *e)
{
	if (strncmp(s->p, "$ENV", 4) == 0 && !is_name(s->p[4])) {
		buf_puts(&s->t->program, "env");
		s->p += 4;
		s->last = 'a';
		return 0;
	}
	copy(s, 1);
	s->last = '$';
	return is_name(*s->p) ? scan_word(s, e) : 0;
}

/* --- brackets --- */

/* Does this bracket ask for an element, and for one that the program does not name? Unsure is yes. */
static bool far_index(const struct scan *s)
{
	static const char *const words[] = { "then", "else", "elif", "if", "and", "or", "as", "reduce", "foreach", "try", "catch" };
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (s->last == 'a' && s->nword == strlen(words[i]) && memcmp(s->word, words[i], s->nword) == 0)
			return false;
	const char *p = s->p + 1;
	p += strspn(p, " \t\r\n");
	size_t digits = strspn(p, "0123456789");
	return s->last && strchr(".a$)]}\"?", s->last) && !(digits && digits < 7 && strchr("]: ", p[digits])) && !strchr("]\"", *p);
}

static int open_bracket(struct scan *s, struct err *e)
{
	if (s->nbracket == MAX_BRACKETS)
		return too_deep(e);
	s->t->far = s->t->far || (*s->p == '[' && far_index(s));
	s->bracket[s->nbracket++] = (struct bracket){ .open = *s->p };
	if (s->depth && *s->p == '(')
		s->parens[s->depth - 1]++;
	s->last = *s->p;
	copy(s, 1);
	return 0;
}

/* A bound of a slice that is no number aborts libjq. */
static void check_bound(struct scan *s, const struct bracket *b)
{
	if (b->filled)
		buf_puts(&s->t->program, "|__bound");
}

static int close_bracket(struct scan *s, struct err *e)
{
	bool paren = *s->p == ')';
	if (paren && s->depth && !s->parens[s->depth - 1]) {
		s->depth--;
		s->nbracket -= s->nbracket > 0;
		copy(s, 1);
		return scan_string(s, e);
	}
	if (paren && s->depth)
		s->parens[s->depth - 1]--;
	s->t->stray |= !s->nbracket;
	if (s->nbracket) {
		const struct bracket *b = &s->bracket[--s->nbracket];
		if (b->open == '[' && b->slice)
			check_bound(s, b);
	}
	if (s->nbracket)
		s->bracket[s->nbracket - 1].filled = true;
	s->last = *s->p;
	copy(s, 1);
	return 0;
}

static void colon(struct scan *s)
{
	struct bracket *b = s->nbracket ? &s->bracket[s->nbracket - 1] : NULL;
	if (b && b->defs) {
		b->defs--;
	} else if (b && b->open == '[') {
		check_bound(s, b);
		b->slice = true;
		b->filled = false;
	}
	s->last = ':';
	copy(s, 1);
}

static int scan_one(struct scan *s, struct err *e)
{
	char c = *s->p;
	if (c == '#') {
		copy(s, strcspn(s->p, "\n"));
		return 0;
	}
	if (strchr(" \t\r\n", c)) {
		copy(s, 1);
		return 0;
	}
	if (c == ':') {
		colon(s);
		return 0;
	}
	if (strchr("([{", c))
		return open_bracket(s, e);
	if (strchr(")]}", c))
		return close_bracket(s, e);
	if (s->nbracket)
		s->bracket[s->nbracket - 1].filled = true;
	if (c == '"') {
		copy(s, 1);
		return scan_string(s, e);
	}
	if (ascii_digit(c) || (c == '.' && ascii_digit(s->p[1])))
		return scan_number(s, e);
	if (c == '$')
		return scan_variable(s, e);
	if (is_name(c))
		return scan_word(s, e);
	size_t n = 1;
	/* A field: its name is no function. */
	if (c == '.' && is_name(s->p[1]))
		while (is_name(s->p[n]))
			n++;
	s->nword = 0;
	s->last = n > 1 ? 'a' : c;
	s->t->assigns = s->t->assigns || (c == '=' && s->p[1] != '=' && !(s->t->program.n && strchr("=!<>", s->t->program.p[s->t->program.n - 1])));
	copy(s, n);
	return 0;
}

int jq_text_scan(struct jq_text *t, const char *program, bool wide, struct err *e)
{
	struct scan s = { .p = program, .t = t, .wide = wide };
	int rc = 0;
	while (rc == 0 && *s.p)
		rc = scan_one(&s, e);
	t->empty = !s.last;
	t->open_def = s.last == ';';
	return rc;
}

void jq_text_release(struct jq_text *t)
{
	for (size_t i = 0; i < t->n; i++)
		mem_free(t->literal[i]);
	buf_release(&t->program);
	buf_release(&t->consts);
}

bool jq_text_has(const char *text, const char *word)
{
	size_t n = strlen(word);
	for (const char *p = text; (p = strstr(p, word)) != NULL; p += n)
		if ((p == text || !is_name(p[-1]) || !is_name(*word)) && (!is_name(p[n]) || !is_name(word[n - 1])))
			return true;
	return false;
}
