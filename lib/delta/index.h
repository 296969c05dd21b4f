/* SPDX-License-Identifier: MIT */
/* index - the state that a replay of the log builds up: private to lib/delta.
 *
 * Files are found by a hash of their decoded path (several entries may share a path, with different deletion vectors).
 * Partition values are kept once for all files that have the same; their order is settled by index_resolve, as a
 * checkpoint may name files before the table's partition columns.
 */
#ifndef SM_DELTA_INDEX_H
#define SM_DELTA_INDEX_H

#include "delta/snapshot.h"

struct index_tuple {
	uint64_t hash;
	struct delta_map map;       /* as the log has it */
	struct delta_text *part;    /* in the order of the table's partition columns */
	const char *lacks;          /* a partition column that it has no value for, while it has values for what is none; NULL: none */
};

struct index_entry {
	struct delta_file f;
	struct index_tuple *tuple;
};

struct delta_snapshot_index {
	struct arena arena;
	struct index_entry **file;  /* in the order of the log */
	size_t nfiles, files_cap;
	uint32_t *slot;             /* open-addressed: index in file + 1, 0 is free */
	size_t nslots;              /* a power of two */
	struct index_tuple **tuple; /* open-addressed, NULL is free */
	size_t ntuples, tuple_slots;
	struct delta_txn *txn;
	uint64_t *txn_hash;
	size_t ntxns, txns_cap, txn_hashes_cap;
	struct delta_domain *domain;
	size_t ndomains, domains_cap;
	int64_t at;                 /* the version being read */
	bool has_protocol, has_metadata, new_metadata;
	int64_t read_ns;            /* monotonic time of the last look at the log's folder */
	struct delta_snapshot_index *retired; /* of before a reload: what was handed out lives on */
};

struct delta_snapshot_index *index_new(void);
void index_free(struct delta_snapshot_index *ix);
/* Take ACT into SN's state. */
int index_apply(struct delta_snapshot *sn, const struct delta_action *act, struct err *e);
/* Settle what depends on metaData: schema, partition columns, the order of partition values, counts. */
int index_resolve(struct delta_snapshot *sn, struct err *e);
bool index_live(const struct delta_snapshot_index *ix, const char *path); /* with any deletion vector */
struct index_entry *index_find(const struct delta_snapshot_index *ix, const char *path, const char *dv_id, bool any_dv);

#endif
