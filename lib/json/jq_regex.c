/* SPDX-License-Identifier: MIT */
/* Can a regular expression match nothing? A look at its text: where it is not sure, it can. */
#include "json/jq_parts.h"

#include <string.h>

struct regex {
	const char *p, *end;
	unsigned depth;
};

static bool alternatives(struct regex *r);

/* Behind the `[`. */
static void skip_class(struct regex *r)
{
	unsigned depth = 1;
	if (r->p < r->end && *r->p == '^')
		r->p++;
	for (bool first = true; r->p < r->end && depth; first = false) {
		char c = *r->p++;
		if (c == '\\' && r->p < r->end)
			r->p++;
		else if (c == '[')
			depth++;
		else if (c == ']' && !first)
			depth--;
	}
}

/* Behind the `(`: up to its `)`, which is taken. */
static bool group(struct regex *r)
{
	bool looks = false;
	if (r->p + 1 < r->end && *r->p == '?') {
		char c = r->p[1], d = r->p + 2 < r->end ? r->p[2] : 0;
		looks = c == '=' || c == '!' || c == '#' || c == '(' || (c == '<' && (d == '=' || d == '!'));
		if (c == '<' && !looks)
			while (r->p < r->end && *r->p != '>')
				r->p++;
		/* (?i) and (?i:…) and (?:…) */
		while (r->p < r->end && *r->p != ':' && *r->p != ')' && *r->p != '>' && !looks)
			r->p++;
		if (r->p < r->end && *r->p != ')' && !looks)
			r->p++;
	}
	bool empty = alternatives(r);
	if (r->p < r->end)
		r->p++;
	return empty || looks;
}

/* One atom, without what repeats it: can it match nothing? */
static bool atom(struct regex *r)
{
	char c = *r->p++;
	switch (c) {
	case '(': return group(r);
	case '[': skip_class(r); return false;
	case '^':
	case '$': return true;
	case '\\':
		if (r->p == r->end)
			return true;
		c = *r->p++;
		/* Escapes that are known to stand for one character. */
		return !strchr("dDwWsShHtnrfaeNO.*+?()[]{}|^$/\\-\"'@#%&:;<>=!,~`_ ", c);
	default: return false;
	}
}

/* Up to the `|`, `)` or the end. */
static bool sequence(struct regex *r)
{
	bool empty = true;
	while (r->p < r->end && *r->p != '|' && *r->p != ')') {
		bool none = atom(r);
		for (; r->p < r->end && strchr("*?+{", *r->p) && *r->p; r->p++) {
			none = none || *r->p != '+';
			if (*r->p == '{')
				while (r->p + 1 < r->end && *r->p != '}')
					r->p++;
		}
		empty = empty && none;
	}
	return empty;
}

static bool alternatives(struct regex *r)
{
	if (++r->depth > 64) {
		r->p = r->end;
		return true;
	}
	bool empty = sequence(r);
	while (r->p < r->end && *r->p == '|') {
		r->p++;
		empty = sequence(r) || empty;
	}
	r->depth--;
	return empty;
}

bool jq_regex_nullable(const char *re, size_t n)
{
	struct regex r = { .p = re, .end = re + n };
	if (memmem(re, n, "(?x", 3) || memmem(re, n, "\\Q", 2))
		return true;
	bool empty = alternatives(&r);
	return empty || r.p < r.end;
}
