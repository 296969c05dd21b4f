/* SPDX-License-Identifier: MIT */
/* unicode - the few properties that the sentiment rules need.
 *
 * Case follows Unicode 14.0.0 (unicode_case.c, made by
 * make-unicode.py), white space is that of Python's str.split: 29 code points.
 * Threads: safe, constant tables.
 */
#ifndef SM_TEXT_UNICODE_H
#define SM_TEXT_UNICODE_H

#include "base/utf8.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

bool unicode_space(uint32_t cp);

#endif
