/* SPDX-License-Identifier: MIT */
/* unicode - UTF-8 and the few properties that the sentiment rules need.
 *
 * Text is UTF-8; a broken sequence never reads past the end: its first byte counts as one
 * character without properties. Case follows Unicode 14.0.0 (unicode_case.c, made by
 * make-unicode.py), white space is that of Python's str.split: 29 code points.
 * Threads: safe, constant tables.
 */
#ifndef SM_TEXT_UNICODE_H
#define SM_TEXT_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UNICODE_BAD UINT32_MAX     /* what a broken sequence decodes to */

extern const unsigned unicode_case_npages;
extern const unsigned char unicode_case_index[];
extern const unsigned char unicode_case_page[][64];

enum unicode_case { UNICODE_CASELESS, UNICODE_LOWER /* or titlecase */, UNICODE_UPPER };

static inline enum unicode_case unicode_case(uint32_t cp)
{
	uint32_t page = cp >> 8;
	if (page >= unicode_case_npages)
		return UNICODE_CASELESS;
	return unicode_case_page[unicode_case_index[page]][cp >> 2 & 63] >> (cp & 3) * 2 & 3;
}

/* Decode one character of P[0..N), N > 0; *CP is it or UNICODE_BAD. Returns its length in bytes. */
unsigned unicode_decode(const char *p, size_t n, uint32_t *cp);
/* Write CP (a scalar value) to TO, at most 4 bytes; returns the number of bytes. */
unsigned unicode_encode(char *to, uint32_t cp);
bool unicode_space(uint32_t cp);
/* The number of code points of valid UTF-8. */
size_t unicode_length(const char *p, size_t n);

#endif
