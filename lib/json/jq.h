/* SPDX-License-Identifier: MIT */
/* jq - a user's jq program over JSON values, with ids kept (docs/smjq.md).
 *
 *	struct json_jq *q;
 *	json_jq_new(&q, ".id, .text", NULL, &e);
 *	json_jq_start(q, rec, n, &e);
 *	while ((r = json_jq_next(q, &out, &e)) > 0)          // appends one output, compact JSON, no line end
 *		...
 *
 * libjq 1.6 holds every number in a double, so a 64-bit id loses its last digits even under `.`. Here whole numbers of 16
 * digits or more keep their digits wherever they are moved, compared, sorted, printed or read (tonumber, fromjson). What
 * calculates takes the nearest double and gives what jq gives. A whole number that a program puts together from pieces of
 * text, and that no double holds, is an error: no program gets a number that is not in its input, its text, or what doubles
 * make of them. (How: jq_parts.h.) An output equal to the input, with its members in the same order, is the input's own
 * bytes. A fraction keeps its text (1.50) where the record has one text only for that value; whole numbers are printed
 * plainly (1.0 as 1, as in jq), computed numbers with the fewest digits that give the same double.
 *
 * On what libjq 1.6 aborts, crashes or never ends, the program fails: times out of range, a slice from NaN on, an index of
 * two thousand million in a path, implode of what is no character, % of the least number by -1, empty matches in gsub and
 * in texts that are not ASCII, indices of "". Values may be nested as deeply as memory allows while the program runs; a
 * result has at most JSON_MAX_DEPTH levels. A record whose values would take more than a limit (json/span.h) is refused
 * before any is built. What a program builds from one takes what memory it takes.
 *
 * Differences from jq: input, inputs, debug, stderr, halt, halt_error, input_filename, input_line_number, get_search_list,
 * get_jq_origin, get_prog_origin and modulemeta are errors; import, include and module do not compile; no ~/.jq is loaded.
 * The program sees the environment (env, $ENV): a tool that holds secrets calls clearenv() first.
 *
 * Ownership: the program owns all; the record of json_jq_start must live until its last json_jq_next.
 * Errors: ERR_USAGE for a program that does not compile; ERR_DATA for a record that is not JSON or on which the program
 * fails. Threads: one owner; json_jq_new hides HOME from libjq for a moment if there is a ~/.jq, so no other thread may ask
 * for it then. Cost: compiling takes about 20 ms (libjq 1.6 compiles its own library each time), and once more when the first
 * record with a long whole number comes; a record costs a few microseconds and more, with such numbers another one for each
 * calculation.
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

#define JSON_JQ_VALUES ((uint64_t)256 << 20)    /* sixteen times the longest record */

struct json_jq;
/* VARS may be NULL. PROGRAM sees each as `$name`; they stay the same until json_jq_set. */
int json_jq_new(struct json_jq **q, const char *program, const struct json_jq_vars *vars, struct err *e);
/* N programs, compiled together: that takes little longer than one, while N times one takes N times as long. They do not run at the
 * same time: json_jq_choose says which one the next json_jq_start means (the first until then). On an error *WHICH is the
 * first that does not compile. LATER: they are known to compile, so that they do not until one is started, if ever; should they
 * not, json_jq_start says so, with ERR_USAGE. */
int json_jq_new_set(struct json_jq **q, const char *const *program, size_t n, const struct json_jq_vars *vars, bool later,
		    size_t *which, struct err *e);
void json_jq_choose(struct json_jq *q, size_t i);
void json_jq_free(struct json_jq *q);           /* NULL is fine */
/* What the values of a record may take, about; 0: there is no limit. JSON_JQ_VALUES until it is set. */
void json_jq_limit(struct json_jq *q, uint64_t bytes);
/* What `__rewrite` in the program makes of a text, S[0..N): at most N bytes, to TO. Returns their number. Without one it fails. */
typedef size_t json_jq_rewrite_fn(char *to, const char *s, size_t n);
void json_jq_rewrite(struct json_jq *q, json_jq_rewrite_fn *fn);
/* Give variable I (as in VARS) another value from the next json_jq_start on. JSON is copied. */
int json_jq_set(struct json_jq *q, size_t i, const char *json, size_t n, struct err *e);
int json_jq_start(struct json_jq *q, const char *json, size_t n, struct err *e);
/* 1: one more output was appended; 0: there are no more; negative: the program failed on this input. */
int json_jq_next(struct json_jq *q, struct buf *out, struct err *e);
/* No more of this record is wanted: a large one gives its memory back, which it holds until the next otherwise. What was given
 * out last cannot be asked about any more. */
void json_jq_forget(struct json_jq *q);
/* About the output that json_jq_next gave last. */
bool json_jq_unchanged(const struct json_jq *q);  /* it is the input's own bytes */
bool json_jq_is_string(const struct json_jq *q);
bool json_jq_is_false(const struct json_jq *q);   /* null or false: what select() drops */
void json_jq_string(const struct json_jq *q, struct buf *out); /* its decoded text, when it is a string (jq -r) */

#endif
