/* SPDX-License-Identifier: MIT */
/* walk - the grammar of JSON over the tokens of an index (json/index.h).
 *
 * The walk takes the tokens one by one; what is between two of them is checked too, so that a line
 * is either valid as a whole or refused. Inline here is what the hot loops of pick and json_in
 * need; they say only that a line is bad, json_line_error finds out where and why.
 *
 * Threads: pure functions. Source: RFC 8259.
 */
#ifndef SM_JSON_WALK_H
#define SM_JSON_WALK_H

#include "json/lines.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "digits are taken eight at a time, the first in the lowest byte");

enum { JSON_C_DIGIT = 1, JSON_C_SPACE = 2, JSON_C_END = 4 }; /* END: may stand behind a number or a word */
extern const uint8_t json_class[256];

static inline bool json_is(char c, int class)
{
	return json_class[(unsigned char)c] & class;
}

struct json_walk {
	const char *p;           /* what tokens count from */
	const uint64_t *slash;   /* bitmap of backslashes; NULL: there are none in this line */
};

static inline struct json_walk json_walk_line(const struct json_lines *ls, const struct json_line *l)
{
	return (struct json_walk){ l->base, l->slash ? ls->slash : NULL };
}

/* Is a bit in [A, B) set? */
static inline bool json_bits_any(const uint64_t *bits, uint32_t a, uint32_t b)
{
	uint32_t wa = a >> 6, wb = b >> 6;
	uint64_t from = ~UINT64_C(0) << (a & 63), below = ~(~UINT64_C(0) << (b & 63));
	if (wa == wb)
		return bits[wa] & from & below;
	if (bits[wa] & from)
		return true;
	while (++wa < wb)
		if (bits[wa])
			return true;
	return bits[wb] & below;
}

/* The closing quote of the string that opens at token T: what lies between it and the next token is white
 * space, so it is found from behind. */
static inline uint32_t json_walk_quote(const struct json_walk *w, const uint32_t *t)
{
	uint32_t e = t[1] - 1;
	while (w->p[e] != '"')
		e--;
	return e;
}

static inline bool json_walk_escaped(const struct json_walk *w, uint32_t a, uint32_t b)
{
	return w->slash && json_bits_any(w->slash, a, b);
}

/* Eight digits at S? (J. Mula, D. Lemire, "Quickly parsing eight digits".) */
static inline bool json_eight_digits(uint64_t v)
{
	return ((v & UINT64_C(0xF0F0F0F0F0F0F0F0)) | ((v + UINT64_C(0x0606060606060606)) & UINT64_C(0xF0F0F0F0F0F0F0F0)) >> 4) ==
	       UINT64_C(0x3333333333333333);
}

static inline const char *json_walk_digits(const char *s)
{
	for (;; s += 8) {
		uint64_t v;
		memcpy(&v, s, sizeof v);
		if (!json_eight_digits(v))
			break;
	}
	while (json_is(*s, JSON_C_DIGIT))
		s++;
	return s;
}

/* The end of the number at S, NULL when it is malformed. */
static inline const char *json_walk_number(const char *s)
{
	s += *s == '-';
	if (*s == '0')
		s++;
	else if (!json_is(*s, JSON_C_DIGIT))
		return NULL;
	else
		while (json_is(*++s, JSON_C_DIGIT))
			;
	if (json_is(*s, JSON_C_END))
		return s;
	if (*s == '.') {
		if (!json_is(*++s, JSON_C_DIGIT))
			return NULL;
		s = json_walk_digits(s);
	}
	if ((*s | 0x20) == 'e') {
		s++;
		s += *s == '-' || *s == '+';
		if (!json_is(*s, JSON_C_DIGIT))
			return NULL;
		s = json_walk_digits(s);
	}
	return json_is(*s, JSON_C_END) ? s : NULL;
}

/* The end of the word at S (true, false, null), NULL when it is another. */
static inline const char *json_walk_word(const char *s)
{
	uint32_t v;
	size_t n = *s == 'f' ? 5 : 4;
	memcpy(&v, n == 5 ? s + 1 : s, sizeof v);
	if (!(*s == 't' && memcmp(&v, "true", 4) == 0) && !(*s == 'n' && memcmp(&v, "null", 4) == 0) &&
	    !(*s == 'f' && memcmp(&v, "alse", 4) == 0))
		return NULL;
	return json_is(s[n], JSON_C_END) ? s + n : NULL;
}

/* Validate the value at token T, which DEPTH containers enclose. Returns the token behind it, NULL when it is
 * malformed; *END is where its bytes end. */
const uint32_t *json_walk_value(const struct json_walk *w, const uint32_t *t, unsigned depth, const char **end);
/* Are the escapes between A and B right? */
bool json_walk_escapes(const struct json_walk *w, uint32_t a, uint32_t b);

static inline bool json_walk_string(const struct json_walk *w, const uint32_t *t, uint32_t *quote)
{
	*quote = json_walk_quote(w, t);
	return !json_walk_escaped(w, *t + 1, *quote) || json_walk_escapes(w, *t + 1, *quote);
}

/* The same as json_walk_value, with strings inline. */
static inline const uint32_t *json_walk_any(const struct json_walk *w, const uint32_t *t, unsigned depth, const char **end)
{
	uint32_t quote;
	if (w->p[*t] != '"')
		return json_walk_value(w, t, depth, end);
	if (!json_walk_string(w, t, &quote))
		return NULL;
	*end = w->p + quote + 1;
	return t + 1;
}

#endif
