/* SPDX-License-Identifier: MIT */
/* jq - a user's jq program over JSON values, with ids kept (docs/smjq.md).
 *
 *	struct json_jq *q;
 *	json_jq_new(&q, ".id, .text", NULL, &e);
 *	json_jq_start(q, rec, n, &e);
 *	while ((r = json_jq_next(q, &out, &e)) > 0)          // appends one output, compact JSON, no line end
 *		...
 *
 * libjq 1.6 holds every number in a double, so a 64-bit id loses its last digits even under `.`. Here a whole number that a double
 * cannot hold or would print otherwise is remembered by its text: it is given to libjq as the nearest double that
 * no other such number of the same value has (their order is kept), and wherever that double comes out, the text is printed. The
 * same holds for such numbers in the program and in its variables, and for tostring, tojson, join, @text, @json, @csv, @tsv
 * and the like. Arithmetic on such a number is double arithmetic, as in jq.
 * An output equal to the input, with its members in the same order, is the input's own bytes. A fraction keeps its text (1.50)
 * where the record has one text only for that value; whole numbers are printed plainly (1.0 as 1, as in jq), computed numbers with
 * the fewest digits that give the same double.
 *
 * Differences from jq: `input`, `inputs` and `halt` are errors; no ~/.jq and no modules are loaded.
 * The program sees the environment (env, $ENV): a tool that holds secrets calls clearenv() first.
 *
 * Ownership: the program owns all; the record of json_jq_start must live until its last json_jq_next.
 * Errors: ERR_USAGE for a program that does not compile; ERR_DATA for a record that is no JSON or on which the program
 * fails. Threads: one owner; json_jq_new hides HOME from libjq for a moment, so no other thread may ask for
 * it then. Cost: compiling takes about 20 ms (libjq compiles its own library each time);
 * a record costs a few microseconds and more.
 */
#ifndef SM_JSON_JQ_H
#define SM_JSON_JQ_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_jq_var {
	const char *name;          /* without the `$` */
	const char *json;          /* raw JSON; NULL: null, to be set by json_jq_set */
	size_t n;
};
struct json_jq_vars {
	const struct json_jq_var *v;
	size_t n;
};

struct json_jq;
/* VARS may be NULL. PROGRAM sees each as `$name`; they stay the same until json_jq_set. */
int json_jq_new(struct json_jq **q, const char *program, const struct json_jq_vars *vars, struct err *e);
void json_jq_free(struct json_jq *q);           /* NULL is fine */
/* Give variable I (as in VARS) another value from the next json_jq_start on. JSON is copied. */
int json_jq_set(struct json_jq *q, size_t i, const char *json, size_t n, struct err *e);
int json_jq_start(struct json_jq *q, const char *json, size_t n, struct err *e);
/* 1: one more output was appended; 0: there are no more; negative: the program failed on this input. */
int json_jq_next(struct json_jq *q, struct buf *out, struct err *e);
/* About the output that json_jq_next gave last. */
bool json_jq_unchanged(const struct json_jq *q);  /* it is the input's own bytes */
bool json_jq_is_string(const struct json_jq *q);
bool json_jq_is_false(const struct json_jq *q);   /* null or false: what select() drops */
void json_jq_string(const struct json_jq *q, struct buf *out); /* its decoded text, when it is a string (jq -r) */

#endif
