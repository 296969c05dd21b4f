/* SPDX-License-Identifier: MIT */
/* parse - what the two halves of the parser share. Private to lib/expr. */
#ifndef SM_EXPR_PARSE_H
#define SM_EXPR_PARSE_H

#include "expr/lex.h"

struct parser {
	struct expr *x;
	struct lexer lex;
	struct token t;
	unsigned depth;
	struct err *e;
};

struct nodes { /* a growing list of arguments */
	struct node **v;
	size_t n, cap;
};

/* parse.c */
int parser_advance(struct parser *p);
bool parser_at_op(const struct parser *p, const char *op);
int parser_expected(struct parser *p, const char *what); /* "expected WHAT, found …" */
int parser_make(struct parser *p, enum op op, size_t at, const struct nodes *args, struct node **out);

/* parse_lit.c: each stands on, or just behind, what its name says */
int parse_literal(struct parser *p, size_t at, struct type type, struct node **out);
int parse_number(struct parser *p, bool negative, size_t at, struct node **out);
int parse_string(struct parser *p, struct node **out);
int parse_typed_literal(struct parser *p, struct type type, size_t at, struct node **out); /* on the string */
int parse_interval(struct parser *p, size_t at, struct node **out);

#endif
