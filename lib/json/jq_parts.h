/* SPDX-License-Identifier: MIT */
/* jq_parts - what json/jq.c is made of: numbers that a double would spoil, and the program's text. Private to lib/json. */
#ifndef SM_JSON_JQ_PARTS_H
#define SM_JSON_JQ_PARTS_H

#include "base/buf.h"
#include "base/err.h"
#include "json/doc.h"

#include <stdbool.h>
#include <stddef.h>

/* Numbers of one run, by their text. "Big" ones are whole numbers of 16 digits or more: each magnitude gets a double of
 * its own, the nearest that is free, in their order. "Odd" ones are fractions and numbers with an exponent, which have many
 * texts for one value. */
struct jq_literal {
	const char *text;        /* big: without the sign */
	size_t n;
	double d;
};
struct jq_literals {
	struct jq_literal *v;
	size_t n, cap;
};
struct jq_numbers {
	struct jq_literals big, odd;
};

void jq_numbers_clear(struct jq_numbers *nums);
void jq_numbers_release(struct jq_numbers *nums);
/* Note every such number in the tree, whose text must outlive NUMS. */
void jq_numbers_collect(struct jq_numbers *nums, const struct json *v);
/* After the last collect: give each its double. */
void jq_numbers_settle(struct jq_numbers *nums);
double jq_numbers_value(const struct jq_numbers *nums, const char *text, size_t n);
void jq_numbers_print(const struct jq_numbers *nums, struct buf *b, double d);

/* What a look over the program's text gives. */
struct jq_text {
	struct buf program;      /* with big literals as $__n0, $__n1 …, and $ENV as env */
	const char *literal[64]; /* those literals, in the text given */
	size_t nliteral[64];
	size_t n;
	bool prints;             /* it may turn numbers into strings */
	bool empty;              /* nothing but space and comments */
	bool open_def;           /* it ends behind a definition: the main program is missing, which means `.` */
};
/* ERR_USAGE: too many big literals. */
int jq_text_scan(struct jq_text *t, const char *program, struct err *e);
void jq_text_release(struct jq_text *t);
/* Definitions that print big numbers as $__lits says, in front of the program. */
extern const char jq_text_prelude[];

#endif
