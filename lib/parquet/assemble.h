/* SPDX-License-Identifier: MIT */
/* assemble - decoded leaves to columns: the inside of a projection.
 *
 * Source: the Dremel paper (see shred.h), section 4.2, in the form of one pass a column.
 * Threads: a projection is immutable once made; what a scan fills is the scan's.
 */
#ifndef SM_PARQUET_ASSEMBLE_H
#define SM_PARQUET_ASSEMBLE_H

#include "parquet/leaf.h"

struct proj {
	const struct type *want;
	const char *name;
	const struct pq_view *view;  /* NULL: not in the file, all null */
	struct proj *child;          /* one a child of want */
	size_t nchild;
	size_t lev;                  /* the leaf (of the projection) whose levels tell about this node */
};

struct proj_leaf {
	size_t leaf;                 /* in the file */
	bool levels_only;
};

struct pq_projection {
	struct arena arena;
	struct proj root;
	struct proj_leaf *leaf;
	size_t nleaves, cap;
};

/* Fill C (cleared) with N slots of P. LEAF are the projection's leaves, read. ERR_DATA: they disagree. */
int assemble(const struct proj *p, struct leaf_reader *leaf, struct column *c, size_t n, struct err *e);

/* convert.c: can a leaf be read as WANT? And its values, without nulls, into C's data and offsets. */
bool convert_fits(const struct pq_leaf *leaf, const struct type *want);
int convert_values(const struct pq_leaf *leaf, struct vals *v, struct column *c, struct err *e);

#endif
