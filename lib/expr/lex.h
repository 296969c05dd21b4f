/* SPDX-License-Identifier: MIT */
/* lex - SQL text to tokens, one at a time. Private to lib/expr. */
#ifndef SM_EXPR_LEX_H
#define SM_EXPR_LEX_H

#include "expr/node.h"

enum tok {
	T_END, T_NAME, T_QUOTED_NAME, T_NUMBER, T_STRING, T_OP
};

struct token {
	enum tok kind;
	size_t at, n;            /* where in the text */
	const char *s;           /* NAME: the name; STRING: its value; NUMBER, OP: the text; NUL-terminated */
	size_t ns;
};

struct lexer {
	struct arena *arena;
	const char *text;
	size_t n, pos;
};

int lex_next(struct lexer *l, struct token *t, struct err *e);

#endif
