/* SPDX-License-Identifier: MIT */
/* number - floating point to text and back, exactly.
 *
 * Source: std::to_chars and std::from_chars of C++17 (Ryu, U. Adams 2018; fast_float,
 * D. Lemire 2021), behind C functions: the locale is never read.
 * Threads: pure functions. Cost: some 20 to 60 ns a number.
 */
#ifndef SM_JSON_NUMBER_H
#define SM_JSON_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define JSON_DOUBLE_TEXT 32

/* The shortest text that parses back to V, as a JSON number; no NUL. Whole numbers keep ".0",
 * below 1e17 and from 1e-5 on without an exponent ("100000.0", "1.5", "1e300", "1e-7").
 * V must be finite. TO has room for JSON_DOUBLE_TEXT bytes; returns the number written. */
size_t json_format_double(char *to, double v);
size_t json_format_float(char *to, float v);   /* shortest among floats: 0.1f is "0.1" */

/* P[0..N) is a number in JSON's grammar (checked by the caller; false when it is none at all).
 * Correctly rounded; too large is false, too small is a zero. */
bool json_parse_double(const char *p, size_t n, double *v);
bool json_parse_float(const char *p, size_t n, float *v);

/* Is the whole number DIGITS[0..N) (no sign, no leading zero) V's exact value, or its shortest digits filled up with
 * zeros, as others print large doubles? False: a 64-bit id, say, that V has rounded. V must be finite. */
bool json_double_keeps(const char *digits, size_t n, double v);
bool json_float_keeps(const char *digits, size_t n, float v);

#ifdef __cplusplus
}
#endif
#endif
