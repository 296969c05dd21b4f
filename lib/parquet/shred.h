/* SPDX-License-Identifier: MIT */
/* shred - columns to repetition and definition levels.
 *
 * Source: S. Melnik et al., "Dremel: Interactive Analysis of Web-Scale Datasets", VLDB 2010, section 4.1, and
 * parquet-format LogicalTypes.md for the shape of lists and maps. A leaf's definition level counts the optional
 * and repeated ancestors (itself included) that are there; its repetition level tells which of the repeated ones
 * began a new element.
 *
 *	a: list<int>        rows [1,2], [], null       rep 0 1 0 0   def 3 3 1 0   (def 2: the element is null)
 */
#ifndef SM_PARQUET_SHRED_H
#define SM_PARQUET_SHRED_H

#include "parquet/chunk.h"

/* A field of the schema, as the writer sees it. */
struct shred_node {
	const struct field *field;   /* the root has none */
	const struct type *type;
	const char *name;            /* in the file */
	bool nullable;
	uint8_t def, rep;            /* levels when this is there; rep: of its elements for a LIST or MAP */
	struct shred_node *child;
	size_t nchild;               /* without what Parquet cannot hold (VOID) */
	size_t *source;              /* STRUCT: child i is column source[i] */
	struct chunk *chunk;         /* a leaf's */
};

/* N rows of COL, ROWS[i] or START + i, into the chunks below NODE. */
int shred_put(const struct shred_node *node, const struct column *col, const uint32_t *rows, size_t start, size_t n,
	      struct err *e);

#endif
