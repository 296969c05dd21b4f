/* SPDX-License-Identifier: MIT */
/* index - where the tokens of JSON text are: simdjson's stage 1 behind a C header.
 *
 * Source: G. Langdale, D. Lemire, "Parsing Gigabytes of JSON per Second", VLDB Journal 28(6), 2019;
 * the kernel (AVX-512, AVX2, …) is chosen at run time by simdjson.
 * A token is a structural character ({ } [ ] : ,), an opening quote, or the first byte of a
 * number or a word; closing quotes are none. Strings are known to be closed, free of control characters
 * and UTF-8 (as is all else) when the index was made; nothing else is checked.
 *
 * Ownership: the index owns the tokens, which live until the next run. Threads: one owner.
 * Failure: only bad text; out of memory ends the process. Cost: some 5 GB/s.
 */
#ifndef SM_JSON_INDEX_H
#define SM_JSON_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define JSON_PADDING 64                    /* bytes that must be readable behind a block of lines */
#define JSON_INDEX_MAX ((size_t)1 << 30)   /* bytes indexed at once */

struct json_index;
struct json_index *json_index_new(void);
void json_index_free(struct json_index *x);
/* Index P[0..N), N >= 1, P[N - 1] a line feed. True: TOK[0..*NTOK) are the offsets of the tokens, and three
 * more entries behind them hold N - 1: a walk that always looks at a token before it takes the next one
 * stops at that line feed. False: a string is open at the end or has a control character, or this is not UTF-8,
 * or more than JSON_INDEX_MAX bytes. */
bool json_index_run(struct json_index *x, const char *p, size_t n, const uint32_t **tok, size_t *ntok);

#ifdef __cplusplus
}
#endif
#endif
