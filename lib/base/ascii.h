/* SPDX-License-Identifier: MIT */
/* ascii - what kind of character a byte is, whatever the locale; bytes from 0x80 on are of none of these kinds.
 *
 * Threads: safe. Cost: a few comparisons.
 */
#ifndef SM_BASE_ASCII_H
#define SM_BASE_ASCII_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static inline bool ascii_digit(char c) { return c >= '0' && c <= '9'; }
static inline char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }
static inline bool ascii_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
/* What JSON, XML and mail take for white space. */
static inline bool ascii_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

static inline const char *ascii_skip_space(const char *p, const char *end)
{
	while (p < end && ascii_space(*p))
		p++;
	return p;
}

static inline size_t ascii_lines(const char *p, size_t n)   /* line feeds in P[0..N) */
{
	size_t lines = 0;
	for (const char *end = p + n; p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
		lines++;
	return lines;
}

/* The value of a hexadecimal digit; -1: not a hexadecimal digit. */
static inline int ascii_hex(char c)
{
	if (ascii_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Are S[0..N) and WORD the same but for the case of letters? */
static inline bool ascii_same(const char *s, size_t n, const char *word)
{
	size_t i = 0;
	while (i < n && word[i] && ascii_lower(s[i]) == ascii_lower(word[i]))
		i++;
	return i == n && !word[i];
}

#endif
