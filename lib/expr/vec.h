/* SPDX-License-Identifier: MIT */
/* vec - the values of one node for a chunk of rows. Private to lib/expr. */
#ifndef SM_EXPR_VEC_H
#define SM_EXPR_VEC_H

#include "expr/fn.h"

#define EXPR_CHUNK 1024

struct vec {
	union {                  /* by the node's kind; may point into a column */
		void *p;
		uint8_t *b;      /* V_BOOL: B_FALSE, B_NULL, B_TRUE */
		int64_t *i;
		double *d;
		__int128 *dec;
		struct str *s;
	};
	uint8_t *null;           /* a byte a row; NULL: none is null (V_BOOL has its own) */
	bool constant;           /* one value, at [0], stands for all rows */
	bool prepared;
	/* V_REF */
	const struct column *col;
	const struct column *column; /* col, when row[i] is the i-th row of the chunk in it */
	int64_t *row;            /* -1: null */
	void *buf;
	uint8_t *nullbuf;
	uint64_t stamp;
};

/* compare.c: X's comparison of N rows of L and R, to three-valued bytes */
void vec_compare(const struct node *x, const struct vec *l, const struct vec *r, uint8_t *out, size_t n);

#endif
