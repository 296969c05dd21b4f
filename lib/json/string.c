/* SPDX-License-Identifier: MIT */
#include "json/string.h"

#include "json/doc.h"

#include <stdint.h>
#include <string.h>

const char *json_fault_text(enum json_fault f)
{
	switch (f) {
	case JSON_FINE: return "no fault";
	case JSON_FAULT_END: return "the JSON text ends inside a value";
	case JSON_FAULT_VALUE: return "expected a JSON value";
	case JSON_FAULT_NAME: return "expected a member name in double quotes";
	case JSON_FAULT_COLON: return "expected ':' after a member name";
	case JSON_FAULT_MEMBER: return "expected ',' or '}' in an object";
	case JSON_FAULT_ELEMENT: return "expected ',' or ']' in an array";
	case JSON_FAULT_BEHIND: return "unexpected text behind the JSON value";
	case JSON_FAULT_LITERAL: return "unknown word (only true, false and null are JSON)";
	case JSON_FAULT_NUMBER: return "malformed number";
	case JSON_FAULT_OPEN_STRING: return "string without a closing quote";
	case JSON_FAULT_CONTROL: return "control character in a string (it must be escaped)";
	case JSON_FAULT_ESCAPE: return "unknown escape in a string";
	case JSON_FAULT_HEX: return "\\u must be followed by four hexadecimal digits";
	case JSON_FAULT_SURROGATE: return "half of a surrogate pair in a string";
	case JSON_FAULT_UTF8: return "the text is not UTF-8";
	case JSON_FAULT_DEPTH: return "nested too deeply";
	case JSON_FAULT_OBJECT: return "expected a JSON object";
	}
	return "malformed JSON";
}

/* The value of four hexadecimal digits, or -1. */
static int32_t hex4(const char *s)
{
	int32_t v = 0;
	for (int i = 0; i < 4; i++) {
		unsigned char c = (unsigned char)s[i];
		unsigned d = c - '0';
		if (d > 9) {
			d = (c | 0x20u) - 'a' + 10u;
			if (d < 10 || d > 15)
				return -1;
		}
		v = v << 4 | (int32_t)d;
	}
	return v;
}

static enum json_fault check_unicode(const char *s, size_t n, size_t *used)
{
	int32_t u = n >= 6 ? hex4(s + 2) : -1;
	if (u < 0)
		return JSON_FAULT_HEX;
	*used = 6;
	if (u < 0xD800 || u > 0xDFFF)
		return JSON_FINE;
	if (u > 0xDBFF || n < 12 || s[6] != '\\' || s[7] != 'u')
		return JSON_FAULT_SURROGATE;
	int32_t low = hex4(s + 8);
	if (low < 0xDC00 || low > 0xDFFF)
		return JSON_FAULT_SURROGATE;
	*used = 12;
	return JSON_FINE;
}

enum json_fault json_check_escapes(const char *s, size_t n, const char **at)
{
	const char *end = s + n;
	while (s < end && (s = memchr(s, '\\', (size_t)(end - s)))) {
		enum json_fault f = JSON_FINE;
		size_t used = 2;
		char c = end - s > 1 ? s[1] : '\0';
		if (c == 'u')
			f = check_unicode(s, (size_t)(end - s), &used);
		else if (!c || !strchr("\"\\/bfnrt", c))
			f = JSON_FAULT_ESCAPE;
		if (f) {
			*at = s;
			return f;
		}
		s += used;
	}
	return JSON_FINE;
}

static char *put_utf8(char *to, int32_t c)
{
	if (c < 0x80) {
		*to++ = (char)c;
	} else if (c < 0x800) {
		*to++ = (char)(0xC0 | c >> 6);
		*to++ = (char)(0x80 | (c & 0x3F));
	} else if (c < 0x10000) {
		*to++ = (char)(0xE0 | c >> 12);
		*to++ = (char)(0x80 | (c >> 6 & 0x3F));
		*to++ = (char)(0x80 | (c & 0x3F));
	} else {
		*to++ = (char)(0xF0 | c >> 18);
		*to++ = (char)(0x80 | (c >> 12 & 0x3F));
		*to++ = (char)(0x80 | (c >> 6 & 0x3F));
		*to++ = (char)(0x80 | (c & 0x3F));
	}
	return to;
}

static char simple_escape(char c)
{
	switch (c) {
	case 'b': return '\b';
	case 'f': return '\f';
	case 'n': return '\n';
	case 'r': return '\r';
	case 't': return '\t';
	default: return c;
	}
}

size_t json_decode(char *to, const char *s, size_t n)
{
	char *start = to;
	const char *end = s + n;
	while (s < end) {
		const char *slash = memchr(s, '\\', (size_t)(end - s));
		size_t run = (size_t)((slash ? slash : end) - s);
		memcpy(to, s, run);
		to += run;
		s += run;
		if (!slash)
			break;
		if (s[1] != 'u') {
			*to++ = simple_escape(s[1]);
			s += 2;
			continue;
		}
		int32_t c = hex4(s + 2);
		s += 6;
		if (c >= 0xD800 && c <= 0xDBFF) {
			c = 0x10000 + ((c - 0xD800) << 10) + (hex4(s + 2) - 0xDC00);
			s += 6;
		}
		to = put_utf8(to, c);
	}
	return (size_t)(to - start);
}

/* The first byte of S[0..N) that must be escaped, or N. Eight bytes a step; the tests for
 * "below 0x20", '"' and '\\' are those of H. S. Warren, Hacker's Delight, section 6-1. */
static size_t plain_run(const char *s, size_t n)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;
	size_t i = 0;
	for (; i + 8 <= n; i += 8) {
		uint64_t w;
		memcpy(&w, s + i, 8);
		uint64_t q = w ^ ones * '"', b = w ^ ones * '\\';
		if (((w - ones * 0x20) & ~w & high) | ((q - ones) & ~q & high) | ((b - ones) & ~b & high))
			break;
	}
	for (; i < n; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == '"' || s[i] == '\\')
			break;
	return i;
}

void json_put_string(struct buf *b, const char *s, size_t n)
{
	static const char hex[] = "0123456789abcdef";
	buf_putc(b, '"');
	for (;;) {
		size_t run = plain_run(s, n);
		buf_put(b, s, run);
		s += run;
		n -= run;
		if (!n)
			break;
		unsigned char c = (unsigned char)*s;
		const char *names = "\"\"\\\\\bb\ff\nn\rr\tt", *e = NULL;
		for (const char *k = names; *k && !e; k += 2)
			if ((unsigned char)*k == c)
				e = k + 1;
		char text[6] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };
		if (e)
			text[1] = *e;
		buf_put(b, text, e ? 2 : 6);
		s++;
		n--;
	}
	buf_putc(b, '"');
}

void json_put_cstr(struct buf *b, const char *s)
{
	json_put_string(b, s, strlen(s));
}
