/* SPDX-License-Identifier: MIT */
/* csv_out - column batches to CSV or TSV, straight into a buffer (docs/output.md).
 *
 *	struct csv_out *co = csv_out_new(type, &opts);
 *	csv_out_head(co, &b);
 *	csv_out_rows(co, &b, cols, NULL, n);
 *
 * Values are written as json_out writes them, without quotes; lists, maps and structs are JSON, or structs are flattened into a
 * column for each member, however deep. The counterpart of column/json_out.h, which see for constants.
 *
 * Ownership: TYPE, the columns and constants are borrowed; the caller owns the buffer. Threads: one owner.
 */
#ifndef SM_COLUMN_CSV_OUT_H
#define SM_COLUMN_CSV_OUT_H

#include "column/batch.h"
#include "csv/csv.h"

struct csv_out_opts {
	enum csv_style style;
	bool flatten, nulls;     /* NULLS: of members in JSON */
};

struct csv_out;
struct csv_out *csv_out_new(const struct type *type, const struct csv_out_opts *opts); /* TYPE_STRUCT */
void csv_out_free(struct csv_out *co);                   /* NULL is fine */
/* The line with the names of the columns, and those of TAIL, fields already; NULL: none. */
void csv_out_head(const struct csv_out *co, struct buf *b, const char *tail);
/* Fields that every row gets behind its own, until it is set again; borrowed. NULL: none. */
void csv_out_tail(struct csv_out *co, const char *tail, size_t n);
/* Print field I of every row as row 0 of C, which is not kept. Then pass NULL in cols[I]. */
void csv_out_constant(struct csv_out *co, size_t i, const struct column *c);
void csv_out_rows(struct csv_out *co, struct buf *b, const struct column *const *cols, const uint32_t *sel, size_t nsel);

#endif
