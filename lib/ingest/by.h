/* SPDX-License-Identifier: MIT */
/* by - what a table is partitioned by: columns, or functions of a column.
 *
 *	--by network,created_date          columns of the records
 *	--by 'date=day(created_at)'        a column that is computed, and added to the table
 *
 *	year(c)          integer  2017
 *	month(c)         string   2017-03
 *	day(c)           date     2017-03-05
 *	hour(c)          string   2017-03-05T14
 *	truncate(c,N)    the first N characters of a string; an integer rounded down to a multiple of N
 *	identity(c)      the value itself, under another name
 *
 * year to hour take timestamps, dates (not hour) and strings that hold an RFC 3339 time or a date; all in UTC. C may lie in
 * structs (author.created_at). A null gives a null. The expression is kept in the column's metadata ("smtools.by"), so the
 * next run computes it again without being told. A record that brings a value of its own for a computed column is bad
 * unless the two are equal.
 *
 * Ownership: texts live in the struct's arena. Threads: one owner.
 */
#ifndef SM_INGEST_BY_H
#define SM_INGEST_BY_H

#include "column/batch.h"

#define BY_KEY "smtools.by"

enum by_func { BY_COLUMN, BY_IDENTITY, BY_YEAR, BY_MONTH, BY_DAY, BY_HOUR, BY_TRUNCATE };

struct by_item {
	const char *name;        /* of the partition column */
	enum by_func func;
	const char *source;      /* path of the argument; NULL: BY_COLUMN */
	int64_t width;           /* BY_TRUNCATE */
	const char *text;        /* "day(created_at)"; NULL: BY_COLUMN */
	size_t column;           /* by_bind: its index in the schema's root */
	size_t path[32], npath;  /* by_bind: the way to the argument */
};

struct by {
	struct arena arena;
	struct by_item *v;
	size_t n;
	size_t ncomputed;
	bool judged;             /* by_bind: some value may be one that Delta cannot hold */
};

void by_init(struct by *b);
void by_release(struct by *b);
/* Parse `--by`. ERR_USAGE says what is wrong with it. */
int by_parse(struct by *b, const char *text, struct err *e);
/* Add partition column NAME of an existing table, computed when METADATA (may be NULL) says so. */
int by_add(struct by *b, const char *name, const char *metadata, struct err *e);
/* Find columns and arguments in S; a computed column that S lacks is appended to it. ERR_USAGE: no such column, or
 * one that cannot partition a table; types that the function does not take. */
int by_bind(struct by *b, struct schema *s, struct err *e);
/* Do A (what the user asked for) and B (what the table has) mean the same? A plain name agrees with a computed column. */
bool by_agrees(const struct by *a, const struct by *b);

/* Append the values of IT for rows [FROM, TO) of BATCH to OUT (of the column's type). FAULT is called for a row whose
 * value cannot be computed, or that brings another value of its own; the row gets a null then. */
typedef void by_fault_fn(void *arg, size_t row, const char *why);
void by_compute(const struct by_item *it, const struct batch *batch, size_t from, size_t to, struct column *out,
		by_fault_fn *fault, void *arg);
/* FAULT is called for the rows whose value in C, a partition column that is F, cannot stand in a log. */
void by_judge(const struct field *f, const struct column *c, size_t from, size_t to, by_fault_fn *fault, void *arg);

#endif
