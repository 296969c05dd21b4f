/* SPDX-License-Identifier: MIT */
/* snapshot - a table as of one version.
 *
 *	struct store *st; store_open(&st, "landing", &e);
 *	struct delta_snapshot *sn; delta_snapshot_open(&sn, st, DELTA_NEWEST, 0, &e);
 *	for (const struct delta_file *f; (f = delta_snapshot_next(sn, &it)); ) …
 *
 * The newest complete checkpoint at or before the version is read, then the commits after it, each of which must be there.
 * `_last_checkpoint` is only a hint: missing, stale or corrupt is fine, as is a checkpoint that cannot
 * be read while older commits exist.
 * The protocol is checked: a table that needs what we lack is ERR_UNSUPPORTED naming it.
 *
 * Ownership: a snapshot borrows its store and owns all else; what it hands out lives as long as it, and is not
 * moved by delta_snapshot_update except for the fields of the struct itself.
 * Threads: any number of readers; update needs the only one.
 * Cost: about 250 bytes a file without statistics, plus its path; statistics text is kept with DELTA_WITH_STATS only.
 */
#ifndef SM_DELTA_SNAPSHOT_H
#define SM_DELTA_SNAPSHOT_H

#include "column/stats.h"
#include "delta/actions.h"
#include "delta/partition.h"
#include "expr/expr.h"
#include "store/store.h"

#define DELTA_NEWEST ((int64_t)-1)

enum delta_open {
	DELTA_WITH_STATS = 1,       /* keep add.stats (pruning, checkpoints) */
	DELTA_ANY_PROTOCOL = 2      /* do not refuse features: for describe and history */
};

struct delta_file {
	const char *path;           /* decoded: the name for lib/store */
	const char *raw_path;       /* as the log has it */
	const struct delta_text *part; /* each partition column's value, as metadata.partition_columns */
	uint64_t size;
	int64_t modified_ms;
	int64_t deleted_ms;         /* tombstones */
	const char *stats;          /* NULL: none, or not kept */
	uint32_t nstats;
	bool live;                  /* in the table; false: a tombstone */
	bool data_change;
	bool extended;              /* tombstones: partition values and size are known */
	const struct delta_file_more *more; /* what most files lack, NULL: nothing */
};

struct delta_file_more {
	const struct delta_dv *dv;
	const char *tags, *clustering_provider;
	int64_t base_row_id, default_row_commit_version;
};

struct delta_snapshot_index;
struct delta_snapshot {
	struct store *store;
	int64_t version;
	unsigned flags;
	int64_t metadata_version;   /* the table's metaData is as old as this version, or older */
	struct delta_protocol protocol;
	struct delta_metadata metadata;
	struct schema schema;       /* the table's: logical names */
	struct schema physical;     /* the same tree with the names that files, partitionValues and stats use
	                             * (column mapping); in id mode fields carry parquet.field.id */
	bool by_id;                 /* column mapping mode id: pq_project(…, by_id) */
	const struct field **part_field; /* the partition columns in schema.root, as metadata.partition_columns */
	size_t npart;
	size_t nfiles;              /* live files */
	uint64_t bytes;             /* their sizes together */
	struct delta_snapshot_index *index;
};

/* VERSION may be DELTA_NEWEST. ERR_NOT_FOUND: no table, or not that version (the message says which there are). */
int delta_snapshot_open(struct delta_snapshot **sn, struct store *s, int64_t version, unsigned flags, struct err *e);
void delta_snapshot_free(struct delta_snapshot *sn);
/* Go on to the newest version (TO = DELTA_NEWEST) or to TO. On failure the snapshot must be freed. */
int delta_snapshot_update(struct delta_snapshot *sn, int64_t to, struct err *e);

struct delta_iter { size_t i; };
#define DELTA_ITER_INIT { 0 }
/* Live files in the order they came into the log; NULL at the end. */
const struct delta_file *delta_snapshot_next(const struct delta_snapshot *sn, struct delta_iter *it);
const struct delta_file *delta_snapshot_next_tombstone(const struct delta_snapshot *sn, struct delta_iter *it);
/* By decoded path and deletion vector id (NULL: none). *TOMBSTONE may be NULL. */
const struct delta_file *delta_snapshot_find(const struct delta_snapshot *sn, const char *path, const char *dv_id);
/* Does any entry, live or tombstone, with or without a deletion vector, name PATH? */
bool delta_snapshot_names(const struct delta_snapshot *sn, const char *path);
/* Is PATH in the table, with or without a deletion vector? */
bool delta_snapshot_has(const struct delta_snapshot *sn, const char *path);

bool delta_snapshot_txn(const struct delta_snapshot *sn, const char *app_id, int64_t *version);
const struct delta_txn *delta_snapshot_next_txn(const struct delta_snapshot *sn, struct delta_iter *it);
const struct delta_domain *delta_snapshot_next_domain(const struct delta_snapshot *sn, struct delta_iter *it);
const char *delta_property(const struct delta_snapshot *sn, const char *key); /* table property, NULL: not set */

/* F as an action again: its add, or the remove that takes it out at MS (a tombstone keeps its own time). Texts stay F's, the
 * rest is in A. */
void delta_file_add(const struct delta_snapshot *sn, const struct delta_file *f, struct delta_action *act, struct arena *a);
void delta_file_remove(const struct delta_snapshot *sn, const struct delta_file *f, int64_t ms, struct delta_action *act,
		       struct arena *a);

/* The typed value of partition column COL of F. */
int delta_file_value(const struct delta_snapshot *sn, const struct delta_file *f, size_t col, struct delta_value *v,
		     struct err *e);
/* What is known of every leaf of sn->schema.root in F, for expr_prune: LEAF and STATS have type_leaves(&schema.root) elements,
 * LEAF[i].stats points at STATS[i]. Partition columns are constant; see delta_stats_parse for the rest. Returns numRecords,
 * -1: unknown. Without DELTA_WITH_STATS only partition columns are known. */
int64_t delta_file_stats(const struct delta_snapshot *sn, const struct delta_file *f, struct expr_leaf *leaf,
			 struct column_stats *stats, struct arena *scratch);

#endif
