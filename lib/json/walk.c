/* SPDX-License-Identifier: MIT */
/* Checks one value after another, and calls back at names and values. */
#include "json/walk.h"

#include "json/doc.h"
#include "json/string.h"

const uint8_t json_class[256] = {
	['0'] = JSON_C_DIGIT, ['1'] = JSON_C_DIGIT, ['2'] = JSON_C_DIGIT, ['3'] = JSON_C_DIGIT, ['4'] = JSON_C_DIGIT,
	['5'] = JSON_C_DIGIT, ['6'] = JSON_C_DIGIT, ['7'] = JSON_C_DIGIT, ['8'] = JSON_C_DIGIT, ['9'] = JSON_C_DIGIT,
	[' '] = JSON_C_SPACE | JSON_C_END, ['\t'] = JSON_C_SPACE | JSON_C_END,
	['\n'] = JSON_C_SPACE | JSON_C_END, ['\r'] = JSON_C_SPACE | JSON_C_END,
	[','] = JSON_C_END, [']'] = JSON_C_END, ['}'] = JSON_C_END,
};

bool json_walk_escapes(const struct json_walk *w, uint32_t a, uint32_t b)
{
	const char *at;
	return json_check_escapes(w->p + a, b - a, &at) == JSON_FINE;
}

/* A number, a word or a string at T; the end of its bytes, or NULL. */
static const char *scalar(const struct json_walk *w, const uint32_t *t)
{
	const char *s = w->p + *t;
	uint32_t quote;
	switch (*s) {
	case '"': return json_walk_string(w, t, &quote) ? w->p + quote + 1 : NULL;
	case 't': case 'f': case 'n': return json_walk_word(s);
	default: return json_walk_number(s);
	}
}

/* At a member's name: the token of its value, or NULL. */
static const uint32_t *name(const struct json_walk *w, const uint32_t *t)
{
	uint32_t quote;
	if (w->p[*t] != '"' || !json_walk_string(w, t, &quote) || w->p[t[1]] != ':')
		return NULL;
	return t + 2;
}

const uint32_t *json_walk_value(const struct json_walk *w, const uint32_t *t, unsigned depth, const char **end)
{
	const char *p = w->p;
	bool object[JSON_MAX_DEPTH];
	unsigned open = 0;
	for (;;) {
		char c = p[*t];
		if (c == '{' || c == '[') {
			if (depth + open >= JSON_MAX_DEPTH)
				return NULL;
			object[open++] = c == '{';
			t++;
			if (p[*t] != c + 2) {
				if (c == '{' && !(t = name(w, t)))
					return NULL;
				continue;
			}
		} else if ((*end = scalar(w, t++)) == NULL) {
			return NULL;
		}
		/* A value is complete, or the bracket that completes one is at T: close what it closes. */
		while (open && p[*t] == (object[open - 1] ? '}' : ']')) {
			*end = p + *t++ + 1;
			open--;
		}
		if (!open)
			return t;
		if (p[*t] != ',')
			return NULL;
		t++;
		if (object[open - 1] && !(t = name(w, t)))
			return NULL;
	}
}
