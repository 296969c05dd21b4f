/* SPDX-License-Identifier: MIT */
/* expr - the SQL expressions of Delta tables: parsed, bound to a schema, evaluated, pruned by.
 *
 *	struct expr *x;              // the text as a tree
 *	struct expr_bound *q;        // names resolved, types checked, constants folded
 *	expr_parse(&x, text, n, &e);
 *	expr_bind(&q, x, &schema.root, EXPR_PREDICATE, &e);
 *	struct expr_eval *ev = expr_eval_new(q);        // scratch space, one a thread
 *	nsel = expr_filter(ev, &batch, sel);            // rows for which it is true
 *	if (!(expr_prune(ev, leaves, rows) & EXPR_MAY_TRUE)) ...  // no row of this file can match
 *
 * The language is Spark SQL's expression grammar and meaning (docs/sql.md has the list). Where
 * Spark's ANSI mode would stop with an error (overflow, division by zero, a failing cast) the
 * value is NULL, as in Spark's try_ functions. Names match ignoring case, an exact match first.
 * Strings compare by bytes. There is no local time: the session's zone is UTC.
 *
 * Ownership: a bound expression keeps what it needs of the tree and of the type; both must outlive it.
 * Threads: struct expr and struct expr_bound are immutable once made; struct expr_eval has one owner.
 * Errors: ERR_USAGE with the byte column in the expression, in the message.
 * Bounds: 1 MiB of text, EXPR_MAX_DEPTH levels (chains of AND and OR count as one).
 * Source: Apache Spark 4.0, SqlBaseParser.g4 and the SQL reference.
 */
#ifndef SM_EXPR_EXPR_H
#define SM_EXPR_EXPR_H

#include "column/batch.h"
#include "column/stats.h"

#define EXPR_MAX_TEXT ((size_t)1 << 20)
#define EXPR_MAX_DEPTH 200

struct expr;
int expr_parse(struct expr **x, const char *text, size_t n, struct err *e);
void expr_free(struct expr *x);                       /* NULL is fine */
/* The canonical text: keywords in capitals, functions in small letters, only the parentheses
 * that are needed, strings in single quotes. Parses back to the same tree. */
void expr_print(const struct expr *x, struct buf *b);

enum expr_want {
	EXPR_ANY,             /* a value of any type */
	EXPR_PREDICATE        /* a boolean, or an error that names the type */
};

struct expr_bound;
/* TYPE is a struct. An unknown name is an error that offers the nearest one. */
int expr_bind(struct expr_bound **q, const struct expr *x, const struct type *type, enum expr_want want,
	      struct err *e);
void expr_bound_free(struct expr_bound *q);           /* NULL is fine */
const struct type *expr_type(const struct expr_bound *q);

/* A column that is read, as field indexes from the root of the bound type. It ends at the first list or map. */
struct expr_path {
	const uint32_t *field;
	size_t n;
};
size_t expr_paths(const struct expr_bound *q, const struct expr_path **paths);
/* True when it is just a column, or a field of one: its only path. */
bool expr_is_column(const struct expr_bound *q);
/* True when no column is read but those FIELDS of the root (partition columns, say). */
bool expr_only_uses(const struct expr_bound *q, const uint32_t *fields, size_t n);

struct expr_eval;
struct expr_eval *expr_eval_new(const struct expr_bound *q);
void expr_eval_free(struct expr_eval *ev);            /* NULL is fine */
/* SEL (room for b->nrows) gets the rows for which a predicate is true, in order; returns how many. */
size_t expr_filter(struct expr_eval *ev, const struct batch *b, uint32_t *sel);
/* Append the value of each row of B to OUT, whose type is expr_type(q). Not for nested types. */
void expr_values(struct expr_eval *ev, const struct batch *b, struct column *out);

/* What is known of one leaf of the bound type (leaves depth first, as in column/stats.h) in a file or a row group. */
struct expr_leaf {
	const struct column_stats *stats; /* NULL: nothing. min and max are used when has_minmax: bounds, not
	                                   * necessarily values that occur; max_cut as in column/stats.h */
	bool nulls_known;                 /* stats->values and stats->nulls are right */
	bool constant;                    /* every row has the value stats->min (has_minmax), or every row is null
	                                   * (!has_minmax): a partition column */
};

enum expr_may {
	EXPR_MAY_FALSE = 1,
	EXPR_MAY_NULL = 2,
	EXPR_MAY_TRUE = 4,
	EXPR_MAY_ALL = 7
};
/* Which outcomes the predicate can have on rows of which LEAVES is known: a set that holds at least all
 * that occur. Without EXPR_MAY_TRUE the file can be skipped; EXPR_MAY_TRUE alone means all rows match.
 * LEAVES has one entry a leaf of the bound type; floating-point columns may hold NaN whatever the statistics say. */
unsigned expr_prune(struct expr_eval *ev, const struct expr_leaf *leaves);

#endif
