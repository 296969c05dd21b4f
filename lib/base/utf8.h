/* SPDX-License-Identifier: MIT */
/* utf8 - UTF-8 as RFC 3629 has it: no surrogates, nothing overlong, at most U+10FFFF.
 *
 * Nothing reads past the end; a byte that belongs to no character counts as one by itself.
 * Threads: safe. Cost: linear, utf8_valid 16 bytes a step through ASCII.
 */
#ifndef SM_BASE_UTF8_H
#define SM_BASE_UTF8_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTF8_BAD UINT32_MAX        /* what a byte that belongs to no character decodes to */

/* Decode one character of P[0..N), N > 0; *CP is it or UTF8_BAD. Returns its length in bytes. */
unsigned utf8_decode(const char *p, size_t n, uint32_t *cp);
/* Write CP (a scalar value) to TO, at most 4 bytes; returns the number of bytes. */
unsigned utf8_encode(char *to, uint32_t cp);
void utf8_put(struct buf *b, uint32_t cp);
bool utf8_valid(const char *p, size_t n);
/* Append P[0..N) with U+FFFD in place of every byte that belongs to no character. */
void utf8_repair(struct buf *b, const char *p, size_t n);
/* The number of code points of valid UTF-8. */
size_t utf8_length(const char *p, size_t n);

#endif
