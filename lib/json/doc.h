/* SPDX-License-Identifier: MIT */
/* doc - a small JSON document as a tree, for what is not on the hot path.
 *
 * Marks, log actions, definitions, schemas, settings. Every number keeps its text,
 * so a 64-bit id never passes through a double. Duplicate keys: the last one wins
 * in json_get; all stay in the tree. Depth is at most JSON_MAX_DEPTH.
 * Grammar: RFC 8259, UTF-8 checked, lone surrogates in \u escapes refused.
 *
 * Ownership: nodes and decoded strings live in the caller's arena; raw text points
 * into the input, which must outlive the tree.
 * Errors: ERR_DATA with line and byte column (line counts LF in the text).
 */
#ifndef SM_JSON_DOC_H
#define SM_JSON_DOC_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_MAX_DEPTH 128
#define JSON_MAX_NODES ((size_t)1 << 21)  /* 168 MB: a line of 16 MiB can hold eight million values */

enum json_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
	enum json_type type;
	const char *raw;       /* the value's own bytes in the input, quotes included */
	size_t nraw;
	const char *str;       /* JSON_STRING: decoded, NUL-terminated (may hold NULs inside) */
	size_t nstr;
	const char *key;       /* member of an object: decoded key, NUL-terminated */
	size_t nkey;
	struct json *child;    /* first element or member */
	struct json *next;     /* next sibling */
	size_t nchild;
};

/* Parse exactly one value (white space around it is fine), of at most JSON_MAX_NODES nodes. */
int json_parse(struct json **root, struct arena *a, const char *p, size_t n, struct err *e);
/* The same of any size, for a caller that has weighed the text (json/span.h). */
int json_parse_large(struct json **root, struct arena *a, const char *p, size_t n, struct err *e);
/* The same without a tree: is it JSON, and if not, where is it wrong? Needs no memory. */
int json_check(const char *p, size_t n, struct err *e);

const struct json *json_get(const struct json *obj, const char *key); /* NULL: not an object, or no such key */
bool json_i64(const struct json *v, int64_t *out);   /* a whole number that fits, exactly (1e3 and 1.0 are not) */
bool json_double(const struct json *v, double *out);
bool json_bool(const struct json *v, bool *out);
const char *json_str(const struct json *v);          /* NULL when not a string */

/* Writers: append to a buffer. */
void json_put_string(struct buf *b, const char *s, size_t n); /* quoted; only what must be escaped is; S must be UTF-8 */
void json_put_cstr(struct buf *b, const char *s);
void json_put_place(struct buf *b, const struct err *e);   /* ,"line":N,"column":N as far as E knows them */
void json_put_string_or_null(struct buf *b, const char *s, size_t n);   /* S NULL: null */
/* Shortest text that parses back to V ("1.5", "1e300", "0.1"); a whole number keeps ".0". Not for NaN or infinities. */
void json_put_double(struct buf *b, double v);
/* The canonical form for comparisons: keys sorted by bytes, null members left out,
 * of equal keys only the last, no white space, strings re-escaped the one way, numbers as written. */
void json_put_canonical(struct buf *b, const struct json *v);

/* near_hint for the PATH (a.b.c) of a field that the object P[0..N) lacks: the members where it goes astray. Parses P. */
struct near;
const char *json_hint(struct near *near, const char *p, size_t n, const char *path);

#endif
