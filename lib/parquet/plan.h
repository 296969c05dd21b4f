/* SPDX-License-Identifier: MIT */
/* plan - a schema of ours as a schema of Parquet's.
 *
 * Source: parquet-format LogicalTypes.md; what Spark writes (ParquetSchemaConverter with
 * spark.sql.parquet.writeLegacyFormat=false). VOID columns are left out, as Spark leaves them out.
 */
#ifndef SM_PARQUET_PLAN_H
#define SM_PARQUET_PLAN_H

#include "parquet/shred.h"

#define PLAN_DEPTH 60

struct plan {
	struct shred_node root;
	struct chunk *chunk;        /* one a leaf that is written */
	size_t nchunks;
	struct chunk **leaf;        /* type_leaves() of them; NULL: left out */
	size_t nleaves;
};

/* Everything lives in A. ERR_DATA: nothing to write, or nested too deeply. */
int pq_plan_make(struct plan *p, const struct type *type, struct arena *a, struct err *e);
/* The SchemaElements, the root first; returns how many. */
size_t pq_plan_elements(const struct plan *p, struct buf *b);
/* `parquet.field.id` in a field's metadata, -1 when there is none. */
int field_parquet_id(const struct field *f);

#endif
