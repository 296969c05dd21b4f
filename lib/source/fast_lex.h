/* SPDX-License-Identifier: MIT */
/* fast_lex - the tokens of a jq program, one at a time, and where the parser stands. Private to lib/source. */
#ifndef SM_SOURCE_FAST_LEX_H
#define SM_SOURCE_FAST_LEX_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

enum fast_token { LEX_END, LEX_FIELD, LEX_NAME, LEX_NUMBER, LEX_QUOTE, LEX_FORMAT, LEX_OP, LEX_BAD };

struct fast_lex {
	const char *p;             /* behind the token */
	enum fast_token type;
	const char *text;          /* the token; FIELD: without its dot */
	size_t n;
	struct arena *arena;
	unsigned depth;
	bool failed, deep;         /* deep: that is why */
};

void fast_lex_next(struct fast_lex *ps);
/* Is the token this operator, this word? `take` continues when it is, `expect` fails when it is not. */
bool fast_lex_is(const struct fast_lex *ps, const char *op);
bool fast_lex_is_word(const struct fast_lex *ps, const char *word);
bool fast_lex_take(struct fast_lex *ps, const char *op);
bool fast_lex_take_word(struct fast_lex *ps, const char *word);
void fast_lex_expect(struct fast_lex *ps, const char *op);
void fast_lex_expect_word(struct fast_lex *ps, const char *word);

#endif
