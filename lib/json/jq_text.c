/* SPDX-License-Identifier: MIT */
#include "json/jq_parts.h"

#include <string.h>

#define BIG_DIGITS 16
#define MAX_NESTING 64

/* Where a number becomes text, libjq prints its double. With $__lits, an object from that text to the number's own, the
 * definitions below print the latter. Behind a definition its name means the new one, so the old one is kept first. */
const char jq_text_prelude[] =
	"def __tojson: tojson; def __tostring: tostring; def __format(f): format(f); def __join($x): join($x);"
	"def __lit: ($__lits[__tojson] // __tojson);"
	"def __json: if type == \"number\" then __lit"
	" elif type == \"array\" then \"[\" + (map(__json) | __join(\",\")) + \"]\""
	" elif type == \"object\" then \"{\" + ([to_entries[] | (.key | __tojson) + \":\" + (.value | __json)] | __join(\",\")) + \"}\""
	" else __tojson end;"
	"def tojson: if $__lits == null then __tojson else __json end;"
	"def tostring: if $__lits == null then __tostring elif type == \"string\" then . else __json end;"
	"def join($x): if $__lits == null then __join($x) else"
	" [.[] | if type == \"number\" then __lit else . end] | __join($x) end;"
	"def __cells($f): [.[] | if type == \"number\" then __lit else [.] | __format($f) end];"
	"def format(f): f as $f | if $__lits == null then __format($f)"
	" elif $f == \"text\" then tostring elif $f == \"json\" then tojson"
	" elif type == \"array\" and $f == \"csv\" then __cells($f) | __join(\",\")"
	" elif type == \"array\" and $f == \"tsv\" then __cells($f) | __join(\"\\t\")"
	" elif type == \"array\" and $f == \"sh\" then __cells($f) | __join(\" \")"
	" elif type == \"number\" and $f == \"sh\" then __lit"
	" elif type == \"number\" or type == \"array\" or type == \"object\" then tostring | __format($f)"
	" else __format($f) end;";

struct scan {
	const char *p;
	struct jq_text *t;
	unsigned parens[MAX_NESTING];  /* open parentheses in each \( … ) we are in */
	unsigned depth;
	char last;                     /* last character that is no space or comment */
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c);
}

static void copy(struct scan *s, size_t n)
{
	buf_put(&s->t->program, s->p, n);
	s->p += n;
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
		s->parens[s->depth++] = 0;
		s->t->prints = true;
		return 0;
	}
	if (*s->p)
		copy(s, 1);
	return 0;
}

static int scan_number(struct scan *s, struct err *e)
{
	struct jq_text *t = s->t;
	const char *p = s->p;
	bool whole = true;
	for (; is_digit(*p) || *p == '.'; p++)
		whole = whole && *p != '.';
	if ((*p == 'e' || *p == 'E') && (is_digit(p[1]) || ((p[1] == '+' || p[1] == '-') && is_digit(p[2])))) {
		whole = false;
		for (p += 2; is_digit(*p); p++)
			;
	}
	size_t n = (size_t)(p - s->p);
	if (!whole || n < BIG_DIGITS || *s->p == '0') {
		copy(s, n);
		return 0;
	}
	if (t->n == sizeof t->literal / sizeof *t->literal)
		return err_set(e, ERR_USAGE, "jq: more than %zu numbers of %d digits or more", t->n, BIG_DIGITS);
	t->literal[t->n] = s->p;
	t->nliteral[t->n] = n;
	buf_printf(&t->program, "$__n%zu", t->n);
	t->n++;
	s->p = p;
	return 0;
}

static void scan_word(struct scan *s)
{
	static const char *const printing[] = { "tostring", "tojson", "join", "format" };
	const char *p = s->p;
	while (is_name(*p) || (p[0] == ':' && p[1] == ':'))
		p += *p == ':' ? 2 : 1;
	size_t n = (size_t)(p - s->p);
	for (size_t i = 0; i < sizeof printing / sizeof *printing; i++)
		if (n == strlen(printing[i]) && memcmp(s->p, printing[i], n) == 0)
			s->t->prints = true;
	copy(s, n);
}

/* $ENV is bound while the program is compiled, when HOME is hidden from libjq; env is read when it runs. */
static void scan_variable(struct scan *s)
{
	if (memcmp(s->p, "$ENV", strnlen(s->p, 4)) == 0 && strlen(s->p) >= 4 && !is_name(s->p[4])) {
		buf_puts(&s->t->program, "env");
		s->p += 4;
		return;
	}
	copy(s, 1);
	scan_word(s);
}

static int scan_paren(struct scan *s, struct err *e)
{
	bool open = *s->p == '(';
	copy(s, 1);
	if (!s->depth)
		return 0;
	if (open) {
		s->parens[s->depth - 1]++;
	} else if (s->parens[s->depth - 1]) {
		s->parens[s->depth - 1]--;
	} else {
		s->depth--;
		return scan_string(s, e);
	}
	return 0;
}

static int scan_one(struct scan *s, struct err *e)
{
	char c = *s->p;
	if (c == '#') {
		copy(s, strcspn(s->p, "\n"));
		return 0;
	}
	if (!strchr(" \t\r\n", c))
		s->last = c;
	if (c == '"') {
		copy(s, 1);
		return scan_string(s, e);
	}
	if (is_digit(c) || (c == '.' && is_digit(s->p[1])))
		return scan_number(s, e);
	if (c == '$') {
		scan_variable(s);
	} else if (is_name(c)) {
		scan_word(s);
	} else if (c == '.' && is_name(s->p[1])) {
		/* A field: its name is no function. */
		size_t n = 1;
		while (is_name(s->p[n]))
			n++;
		copy(s, n);
	} else if (c == '(' || c == ')') {
		return scan_paren(s, e);
	} else {
		s->t->prints = s->t->prints || c == '@';
		copy(s, 1);
	}
	return 0;
}

int jq_text_scan(struct jq_text *t, const char *program, struct err *e)
{
	struct scan s = { .p = program, .t = t };
	int r = 0;
	while (r == 0 && *s.p)
		r = scan_one(&s, e);
	t->empty = !s.last;
	t->open_def = s.last == ';';
	return r;
}

void jq_text_release(struct jq_text *t)
{
	buf_release(&t->program);
}
