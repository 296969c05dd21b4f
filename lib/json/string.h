/* SPDX-License-Identifier: MIT */
/* string - escapes of JSON strings (RFC 8259, section 7).
 * Threads: pure functions. Cost: one pass; runs without escapes are copied whole.
 */
#ifndef SM_JSON_STRING_H
#define SM_JSON_STRING_H

#include "json/fault.h"

#include <stdbool.h>
#include <stddef.h>

/* Decode S[0..N), the inside of a string that has been validated, to TO (room for N bytes;
 * a decoded string is never longer). Returns the number of bytes written. TO and S must not overlap. */
size_t json_decode(char *to, const char *s, size_t n);

/* The same for a string whose escapes have not been looked at; false when one is wrong. */
bool json_decode_checked(char *to, const char *s, size_t n, size_t *written);

/* Are all the escapes in S[0..N), the inside of a string, right? Lone surrogates are not.
 * On a fault, *AT is the byte at which the wrong escape starts. */
enum json_fault json_check_escapes(const char *s, size_t n, const char **at);

#endif
