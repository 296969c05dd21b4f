/* SPDX-License-Identifier: MIT */
/* span - questions about a JSON text that need no tree: what it would weigh as one, where a member is, which elements spoil it.
 *
 * A page of an API is looked at with these before anything builds values from it: a few bytes of text can make a hundred of
 * memory each.
 *
 * Ownership: spans point into the text. Threads: pure functions. Cost: about 1 GB/s; json_fits of a short text costs
 * nothing.
 */
#ifndef SM_JSON_SPAN_H
#define SM_JSON_SPAN_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that the text takes as a tree (json/doc.h) and as values of libjq (json/jq.h) together; as they are
 * measured, within a third. The text need not be valid. */
uint64_t json_weigh(const char *p, size_t n);
/* ERR_DATA when it would take more than LIMIT bytes; LIMIT 0: there is none. */
int json_fits(const char *p, size_t n, uint64_t limit, struct err *e);

/* Behind the value at P; for valid JSON. */
const char *json_skip(const char *p, const char *end);
/* The next element of an array of valid JSON; *AT begins behind its '['. False: there are no more. */
bool json_element(const char **at, const char *end, const char **value, size_t *nvalue);
/* The value of member KEY of the object that P[0..N) is (valid JSON); of several the last. False: no object, or no such
 * member. A key that is written with escapes is not found. */
bool json_member(const char *p, size_t n, const char *key, const char **value, size_t *nvalue);

/* Take out the elements of the outermost arrays that are not JSON (a lone surrogate, bytes that are not UTF-8, NaN, a
 * control character in a string): what is left goes to OUT, each that was taken out to FN, which may stop by a negative
 * value. ERR_DATA: the text is wrong outside of them, or its brackets do not match; *CUT: it ends too early. */
typedef int json_sift_fn(void *arg, const char *element, size_t n, const struct err *why, struct err *e);
int json_sift(struct buf *out, const char *p, size_t n, json_sift_fn *fn, void *arg, bool *cut, struct err *e);

#endif
