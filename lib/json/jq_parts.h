/* SPDX-License-Identifier: MIT */
/* jq_parts - what json/jq.c is made of. Private to lib/json.
 *
 *	jq_number   whole numbers that a double cannot hold, as doubles of their own
 *	jq_text     the user's program, with its long numbers taken out
 *	jq_defs     definitions in front of it, in place of jq's own that abort, hang or lose digits
 *	jq_call     what those definitions call in C
 *	jq_regex    can a regular expression match nothing?
 *	jq_stack    a stack for values of any depth
 */
#ifndef SM_JSON_JQ_PARTS_H
#define SM_JSON_JQ_PARTS_H

#include "base/buf.h"
#include "base/err.h"
#include "json/doc.h"
#include "json/jq.h"

#include <jq.h>
#include <stdbool.h>
#include <stddef.h>

#define JQ_BIG_DIGITS 16   /* 10^15 is below 2^53: what is shorter is exact */
#define JQ_EXACT 0x1p53    /* below it every whole number has a double of its own */

/* --- numbers ---
 *
 * The numbers of one run are the doubles and, between them, the whole numbers of the record, the variables and the program
 * that no double holds. libjq knows doubles only, so all of them are coded as doubles, in their order: a double moves up by
 * the number of such whole numbers below it, each of which takes a place that became free. Code and number stand for each
 * other one to one, so `==`, `<`, sort, group_by and all that compares is exact, whatever else the record holds; nothing
 * below 2^53 moves. What calculates (jq_defs has the list) decodes to the nearest double first and codes its result, so it
 * gives what jq gives, and never the code of another number. */
struct jq_literal {
	const char *text;        /* of whole numbers: without the sign */
	size_t n;
	double d;                /* of a gap: the double below it; otherwise its value */
};
struct jq_literals {
	struct jq_literal *v;
	size_t n, cap;
};
struct jq_numbers {
	struct jq_literals whole;  /* until they are settled */
	struct jq_literals gap;    /* whole numbers that no double holds, rising */
	struct jq_literals exact;  /* whole numbers of 16 digits or more that are doubles */
	struct jq_literals odd;    /* fractions and numbers with an exponent, which have many texts for one value */
};

void jq_numbers_clear(struct jq_numbers *nums);
void jq_numbers_release(struct jq_numbers *nums);
/* Note every such number in the tree, whose text must outlive NUMS; with TEXTS, the long runs of digits in its strings as well. */
void jq_numbers_collect(struct jq_numbers *nums, const struct json *v, bool texts);
/* After the last collect. */
void jq_numbers_settle(struct jq_numbers *nums);
/* Are there whole numbers to be kept? Otherwise code and double are the same. */
bool jq_numbers_any(const struct jq_numbers *nums);
/* The code of a number's text, of a double; NaN: it has none (a whole number that is not in NUMS, the very top of the doubles). */
double jq_numbers_value(const struct jq_numbers *nums, const char *text, size_t n);
double jq_numbers_code(const struct jq_numbers *nums, double d);
/* The number's text, NULL when it is a double without one; *D is the nearest double in any case. */
const struct jq_literal *jq_numbers_decode(const struct jq_numbers *nums, double code, double *d);
void jq_numbers_print(const struct jq_numbers *nums, struct buf *b, double code);
/* Has S a run of JQ_BIG_DIGITS digits? */
bool jq_long_digits(const char *s, size_t n);

/* --- the program's text --- */

struct jq_text {
	struct buf program;      /* with $ENV as env, bounds of slices checked; long numbers as $__n0, $__n1 … */
	struct buf consts;       /* `5 as $__k0|`: numbers that libjq would calculate with while it compiles */
	char *literal[64];       /* the long numbers, as JSON */
	size_t n;
	bool assigns, far;       /* it has an assignment; an index that it does not name itself */
	bool kept;               /* one of them is a whole number of 16 digits or more */
	bool empty;              /* nothing but space and comments */
	bool open_def;           /* it ends behind a definition: the main program is missing, which means `.` */
	bool stray;              /* a bracket closes that none has opened */
};
/* WIDE: the text for runs with numbers to be kept, otherwise numbers are left as they are. ERR_USAGE: too many long numbers, an import. */
int jq_text_scan(struct jq_text *t, const char *program, bool wide, struct err *e);
void jq_text_release(struct jq_text *t);
/* Is WORD one of the words of the text, wherever? */
bool jq_text_has(const char *text, const char *word);

/* The definitions that the program needs, on one line, to stand in front of it. WIDE as above. */
void jq_defs_put(struct buf *b, struct jq_text *t, bool wide);
/* Can it nest values without a bound? */
bool jq_defs_deep(const char *text);

/* --- calls --- */

enum jq_op { JQ_PLUS, JQ_MINUS, JQ_TIMES, JQ_DIVIDE, JQ_MOD, JQ_DECODE, JQ_CODE, JQ_TOSTRING, JQ_TONUMBER, JQ_FROMJSON, JQ_IMPLODE, JQ_PATH, JQ_NULLABLE, JQ_REWRITE };
/* ARGS is [op, argument…]; it is taken. FN as json_jq_rewrite has it, or NULL. */
jv jq_call(const struct jq_numbers *nums, json_jq_rewrite_fn *fn, jv args);
/* Invalid: a number that has no code. */
/* V as text; SCALAR prints what is neither array nor object, keys too. Takes nothing. False: nested too deeply for anybody to read it
 * again. */
typedef void jq_scalar_fn(const struct jq_numbers *nums, struct buf *b, jv v);
bool jq_print(const struct jq_numbers *nums, struct buf *b, jv v, unsigned depth, jq_scalar_fn *scalar);
jv jq_build(const struct jq_numbers *nums, const struct json *v);
bool jq_regex_nullable(const char *re, size_t n);

/* --- stack --- */

struct jq_stack;
/* NULL: no memory for it. */
struct jq_stack *jq_stack_new(void);
void jq_stack_free(struct jq_stack *s);
/* Run FN(ARG) on it. S NULL: on ours. */
void jq_stack_run(struct jq_stack *s, void (*fn)(void *arg), void *arg);

#endif
