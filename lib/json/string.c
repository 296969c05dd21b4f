/* SPDX-License-Identifier: MIT */
/* Checks, decodes and writes escapes. */
#include "json/string.h"

#include "base/utf8.h"
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
	case JSON_FAULT_BEHIND: return "unexpected text after the JSON value";
	case JSON_FAULT_LITERAL: return "unknown word (only true, false and null are JSON)";
	case JSON_FAULT_NUMBER: return "malformed number";
	case JSON_FAULT_OPEN_STRING: return "string without a closing quote";
	case JSON_FAULT_CONTROL: return "control character in a string (it must be escaped)";
	case JSON_FAULT_ESCAPE: return "unknown escape in a string";
	case JSON_FAULT_HEX: return "\\u must be followed by four hexadecimal digits";
	case JSON_FAULT_SURROGATE: return "half of a surrogate pair in a string";
	case JSON_FAULT_UTF8: return "the text is not UTF-8";
	case JSON_FAULT_DEPTH: return "nested too deeply";
	case JSON_FAULT_NODES: return "more than two million values";
	case JSON_FAULT_OBJECT: return "expected a JSON object";
	case JSON_FAULT_RESERVED: return "a record must not begin with the member $mark, which is reserved for marks";
	}
	return "malformed JSON";
}

/* Hexadecimal digits plus one; 0: no digit. */
static const uint8_t hex_digit[256] = {
	['0'] = 1, ['1'] = 2, ['2'] = 3, ['3'] = 4, ['4'] = 5, ['5'] = 6, ['6'] = 7, ['7'] = 8,
	['8'] = 9, ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
	['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

/* What stands behind a backslash, and what it means; 0: no escape. */
static const uint8_t simple_escape[256] = {
	['"'] = '"', ['\\'] = '\\', ['/'] = '/', ['b'] = '\b', ['f'] = '\f', ['n'] = '\n', ['r'] = '\r', ['t'] = '\t',
};

/* The value of four hexadecimal digits; negative when one is none. */
static int32_t hex4(const char *s)
{
	const unsigned char *u = (const unsigned char *)s;
	return (hex_digit[u[0]] - 1) * 4096 | (hex_digit[u[1]] - 1) * 256 | (hex_digit[u[2]] - 1) * 16 | (hex_digit[u[3]] - 1);
}

/* The escape at S (a backslash) as a code point in *C, its length in *USED. */
static inline enum json_fault read_escape(const char *s, const char *end, int32_t *c, size_t *used)
{
	char k = end - s > 1 ? s[1] : '\0';
	*used = 2;
	*c = simple_escape[(unsigned char)k];
	if (*c)
		return JSON_FINE;
	if (k != 'u')
		return JSON_FAULT_ESCAPE;
	*c = end - s >= 6 ? hex4(s + 2) : -1;
	if (*c < 0)
		return JSON_FAULT_HEX;
	*used = 6;
	if (*c < 0xD800 || *c > 0xDFFF)
		return JSON_FINE;
	if (*c > 0xDBFF || end - s < 12 || s[6] != '\\' || s[7] != 'u')
		return JSON_FAULT_SURROGATE;
	int32_t low = hex4(s + 8);
	if (low < 0xDC00 || low > 0xDFFF)
		return JSON_FAULT_SURROGATE;
	*c = 0x10000 + (*c - 0xD800) * 0x400 + (low - 0xDC00);
	*used = 12;
	return JSON_FINE;
}

enum json_fault json_check_escapes(const char *s, size_t n, const char **at)
{
	const char *end = s + n;
	while (s < end && (*s == '\\' || (s = memchr(s, '\\', (size_t)(end - s))))) {
		int32_t c;
		size_t used;
		enum json_fault f = read_escape(s, end, &c, &used);
		if (f) {
			*at = s;
			return f;
		}
		s += used;
	}
	return JSON_FINE;
}

/* Copy what is before the next backslash, eight bytes a step. What is written never overtakes what is read, so
 * that the whole steps stay within N bytes. */
static inline const char *copy_run(char **to, const char *s, const char *end)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	for (; end - s >= 8; s += 8, *to += 8) {
		uint64_t w, x;
		memcpy(&w, s, 8);
		memcpy(*to, &w, 8);
		x = w ^ ones * '\\';
		x = (x - ones) & ~x & ones << 7;
		if (x) {
			unsigned k = (unsigned)__builtin_ctzll(x) / 8;
			*to += k;
			return s + k;
		}
	}
	while (s < end && *s != '\\')
		*(*to)++ = *s++;
	return s;
}

bool json_decode_checked(char *to, const char *s, size_t n, size_t *written)
{
	char *start = to;
	const char *end = s + n;
	while (s < end) {
		if (*s != '\\') {
			s = copy_run(&to, s, end);
			continue;
		}
		int32_t c;
		size_t used;
		if (read_escape(s, end, &c, &used))
			return false;
		to += utf8_encode(to, (uint32_t)c);
		s += used;
	}
	*written = (size_t)(to - start);
	return true;
}

size_t json_decode(char *to, const char *s, size_t n)
{
	size_t written = 0;
	json_decode_checked(to, s, n, &written);
	return written;
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

void json_put_string_or_null(struct buf *b, const char *s, size_t n)
{
	if (s)
		json_put_string(b, s, n);
	else
		buf_puts(b, "null");
}

void json_put_place(struct buf *b, const struct err *e)
{
	if (e->line)
		buf_printf(b, ",\"line\":%llu", (unsigned long long)e->line);
	if (e->col)
		buf_printf(b, ",\"column\":%llu", (unsigned long long)e->col);
}
