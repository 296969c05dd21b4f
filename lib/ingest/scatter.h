/* SPDX-License-Identifier: MIT */
/* scatter - the rows of a batch, sorted by partition.
 *
 * A row's key is the raw bytes of its partition columns, null and the empty string alike; rows that follow one another
 * mostly share it. The rows of a partition become one selection vector, in the order they came: no row is copied.
 * Threads: one owner. Cost: a few bytes compared a row, about 20 ns where the partition changes.
 */
#ifndef SM_INGEST_SCATTER_H
#define SM_INGEST_SCATTER_H

#include "column/batch.h"

struct scatter_group {
	uint64_t hash;
	size_t key, nkey;          /* in scatter.keys */
	size_t first;              /* a row that has the values */
	size_t start, n;           /* in scatter.sel */
};

struct scatter {
	uint64_t seed;             /* of the hash: keys come from input */
	struct buf keys;
	struct scatter_group *group;
	size_t ngroups, group_cap;
	uint32_t *slot;            /* hash table: group number + 1 */
	size_t nslots;
	uint32_t *of_row;          /* the group of each row, SCATTER_NONE: dropped */
	uint32_t *sel;
	size_t rows_cap, sel_cap;
};
#define SCATTER_NONE UINT32_MAX

void scatter_init(struct scatter *s);
void scatter_release(struct scatter *s);
/* Sort rows 0..N) by the NCOLS partition columns COL; those with their bit set in DROPPED (may be NULL) are left out. */
void scatter_rows(struct scatter *s, const struct column *const *col, size_t ncols, size_t n, const uint8_t *dropped);
static inline const char *scatter_key(const struct scatter *s, const struct scatter_group *g) { return s->keys.p + g->key; }
static inline const uint32_t *scatter_sel(const struct scatter *s, const struct scatter_group *g) { return s->sel + g->start; }
size_t scatter_memory(const struct scatter *s);

#endif
