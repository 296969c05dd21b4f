/* SPDX-License-Identifier: MIT */
/* table - the table that records go to: what it is, or what it will be.
 *
 * A table that is there gives schema, partition columns and properties; it is refused when its protocol asks a writer for
 * what we lack. For a new one they come from --schema or from inference, and --by.
 *
 * Ownership: the struct owns everything in it. Threads: one owner.
 */
#ifndef SM_INGEST_TABLE_H
#define SM_INGEST_TABLE_H

#include "delta/actions.h"
#include "ingest/by.h"
#include "store/store.h"

struct ingest_table {
	struct store *store;
	int64_t version;              /* of the snapshot; -1: there is no table yet */
	bool has_schema;
	bool told;                    /* protocol and metaData need not be printed (any more) */
	struct schema schema;         /* all columns, computed ones too */
	struct by by;
	struct type data;             /* the columns of the data files: no partition columns, no VOID ones */
	size_t *data_col;             /* data.fields[i] is schema.root.fields[data_col[i]] */
	int stats_limit;              /* leading columns with statistics (delta.dataSkippingNumIndexedCols) */
	struct arena arena;           /* for what follows */
	struct delta_protocol protocol;
	struct delta_metadata metadata;
};

/* Look at the table at PATH. BY_TEXT: --by, or NULL. Failure leaves T released. */
int ingest_table_open(struct ingest_table *t, const char *path, const char *by_text, struct err *e);
void ingest_table_release(struct ingest_table *t);
/* Give the table the schema S (taken over, emptied), the first one or a wider one: binds --by, checks names and types. */
int ingest_table_set_schema(struct ingest_table *t, struct schema *s, struct err *e);
/* The schema of --schema: a file, or the name of one that comes with the tools ("smpost"). */
int ingest_schema_load(struct schema *s, const char *name, struct err *e);
/* What S adds to HAVE: MERGED is HAVE with new fields behind; *WIDER when there were any. ERR_CONFLICT names
 * a field that has another type in S. */
int ingest_schema_merge(struct schema *merged, const struct schema *have, const struct schema *s, bool *wider, struct err *e);
/* Append protocol (for a new table) and metaData as lines, unless told; then it is told. */
int ingest_table_print(struct ingest_table *t, struct buf *b, struct err *e);

#endif
