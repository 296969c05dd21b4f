/* SPDX-License-Identifier: MIT */
/* json_out - column batches to NDJSON, straight into a buffer.
 *
 *	struct json_out *jo = json_out_new(type, NULL);
 *	json_out_rows(jo, &out->buf, cols, NULL, n);
 *
 * How a value is written (docs/table-format.md, "How rows are printed"):
 *	integers                whole numbers in decimal
 *	FLOAT DOUBLE            the shortest text that parses back to the value; NaN and the infinities as the
 *	                        strings "NaN", "Infinity", "-Infinity"
 *	DECIMAL                 a number with exactly its scale's digits
 *	DATE                    "YYYY-MM-DD"
 *	TIMESTAMP               "YYYY-MM-DDTHH:MM:SS[.fff[fff]]Z", as few of 0, 3, 6 digits as keep the value
 *	TIMESTAMP_NTZ           the same without Z
 *	STRING                  UTF-8, only what must be is escaped; bytes that are not UTF-8 become U+FFFD
 *	BINARY                  base64 with padding
 *	LIST                    an array, nulls within it kept
 *	MAP                     an object when keys are strings, else [{"key":…,"value":…},…]
 *	STRUCT                  an object; null members are left out unless `nulls`
 * A field's metadata may change its form (json_out_form): inference notes there how its sample was written.
 *
 * Ownership: TYPE, the columns and constants' texts are borrowed; the caller owns the buffer.
 * Threads: one owner (it keeps the text of the last day). Cost: above 1.5 GB/s of text for posts on one core.
 */
#ifndef SM_COLUMN_JSON_OUT_H
#define SM_COLUMN_JSON_OUT_H

#include "column/batch.h"

struct json_out_opts {
	bool nulls;       /* print null members as null */
	bool bare;        /* rows are not ended by '\n' */
};

struct json_out;
struct json_out *json_out_new(const struct type *type, const struct json_out_opts *opts); /* TYPE_STRUCT; OPTS may be NULL */
void json_out_free(struct json_out *jo);                  /* NULL is fine */
/* Members that every row gets before (HEAD) and behind (TAIL) its own: `"a":1,"b":"x"`, without
 * outer commas; copied. NULL: none. Holds until it is set again. */
void json_out_extra(struct json_out *jo, const char *head, size_t nhead, const char *tail, size_t ntail);
/* Print field I of every row as row 0 of C (partition values); C is not kept. Then pass NULL in cols[I]. C = NULL ends that. */
void json_out_constant(struct json_out *jo, size_t i, const struct column *c);
/* Append rows SEL[0..NSEL) (NULL: the first NSEL). COLS[i] belongs to type->fields[i]; NULL: its constant,
 * or null in every row. */
void json_out_rows(struct json_out *jo, struct buf *b, const struct column *const *cols, const uint32_t *sel, size_t nsel);
/* Append row I of C, which belongs to the first field, by the plan for it; null is null. */
void json_out_one(struct json_out *jo, struct buf *b, const struct column *c, size_t i);
/* Append one value of C as JSON (keys of groups, messages); null is null. Slow. */
void json_out_value(struct buf *b, const struct column *c, size_t i);

/* Forms in a field's metadata, under JSON_OUT_FORM_KEY. */
#define JSON_OUT_FORM_KEY "smtools.form"
enum json_out_form {
	JSON_FORM_PLAIN,     /* as above */
	JSON_FORM_WHOLE,     /* "whole": a double without a fraction prints as 5, not 5.0 */
	JSON_FORM_MS,        /* "ms": timestamps with at least three digits of fraction */
	JSON_FORM_US         /* "us": timestamps with six digits */
};
const char *json_out_form_name(enum json_out_form f);     /* NULL for JSON_FORM_PLAIN */
enum json_out_form json_out_form(const struct field *f);

#endif
