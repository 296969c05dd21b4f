/* SPDX-License-Identifier: MIT */
/* ask - the expressions of a definition about an answer: what it means, what comes next, what limits it tells.
 *
 *	ask_start(a, ASK_NEXT, &about, body, n, &e);
 *	while ((r = ask_next(a, ASK_NEXT, &value, &nothing, &e)) > 0) …
 *
 * Values come as text: a string as it is, all else as compact JSON. null, false and "" are handed out like others, with
 **NOTHING set.
 *
 * One question at a time: ask_start ends the one before.
 *
 * Ownership: borrows the definition; the input must live until the last ask_next. Threads: one owner.
 * Errors: ERR_DATA when an expression fails, naming it. Cost: some 30 ms to compile all expressions (source/program.h), for a
 * definition that ships when the first is asked; a plain
 * path (`.meta.next_token`) costs none and is followed without jq.
 */
#ifndef SM_SOURCE_ASK_H
#define SM_SOURCE_ASK_H

#include "base/buf.h"
#include "source/def.h"

enum ask_what {
	ASK_OUTCOME,
	ASK_RATE,
	ASK_NEXT,
	ASK_CURSOR,
	ASK_DEDUP,
	ASK_VALUES,
	ASK_TOKEN,
	ASK_LIFETIME,
	ASK_RULES,
	ASK_ADD,
	ASK_REMOVE,
	NASK
};

/* What an expression sees beside its input. */
struct source_about {
	const char *headers;        /* a JSON object; NULL: {} */
	size_t nheaders;
	long status;
	const char *vars;           /* a JSON object */
	size_t nvars;
	int64_t now_s;              /* seconds since 1970 */
	uint64_t page;
	const char *link;           /* where the Link header leads with rel=next, a JSON string; NULL: null */
	size_t nlink;
};

struct ask;
int ask_new(struct ask **a, const struct source_def *def, struct err *e);
void ask_free(struct ask *a);                    /* NULL is fine */
/* What the values of an answer may take, about (json/span.h); 0, until it is set: there is no limit. */
void ask_limit(struct ask *a, uint64_t bytes);
bool ask_has(const struct ask *a, enum ask_what what);
/* It needs no libjq, whatever the size of its input: there is no such expression, or it is a plain path. */
bool ask_finds(const struct ask *a, enum ask_what what);
int ask_start(struct ask *a, enum ask_what what, const struct source_about *about, const char *json, size_t n,
	      struct err *e);
/* 1: a value was put into B (cleared first); *NOTHING: it is null, false or "". 0: no more. */
int ask_next(struct ask *a, enum ask_what what, struct buf *b, bool *nothing, struct err *e);
/* The first value, 0 when there is none or it is nothing. */
int ask_one(struct ask *a, enum ask_what what, const struct source_about *about, const char *json, size_t n,
	    struct buf *b, struct err *e);

#endif
