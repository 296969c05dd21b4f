/* SPDX-License-Identifier: MIT */
/* files - the data files that are being written, one a partition, within bounds of size, memory and number.
 *
 * A file is opened when its partition gets its first row, under its final name, which nobody has been told; when it is
 * closed it is durable, and the `add` action that names it is announced: files_announced hands it out. A file that is not
 * announced is removed.
 *
 * Bounds: a file is closed when it reaches target_bytes or max_rows; when all writers together hold more than `memory`,
 * the largest gives up its row group, or is closed when that does not help; no more than max_open are open.
 *
 * Partitions may be spread over several sets, so that several threads work at once; they share one bound of memory,
 * to which each keeps its part when it is reached.
 *
 * Ownership: store, table, pool, codecs and the total are borrowed. Threads: one owner a set (pages are compressed by the
 * pool).
 */
#ifndef SM_INGEST_FILES_H
#define SM_INGEST_FILES_H

#include "base/pool.h"
#include "ingest/table.h"
#include "parquet/writer.h"

#include <stdatomic.h>

struct files_opts {
	uint64_t target_bytes;        /* 0: none */
	uint64_t max_rows;            /* 0: none */
	size_t memory;                /* of all sets that share `total` */
	atomic_size_t *total;         /* what they hold together */
	unsigned sets, set;           /* how many there are, and which one this is */
	size_t max_open;              /* of this one; 0: no bound */
	enum pq_codec codec;
	int level;
	size_t row_group_rows;
	struct pool *pool;            /* may be NULL */
	struct pool *waiters;         /* threads that wait for the disk; may be NULL */
	struct pq_codecs *codecs;     /* shared */
};

struct files;
/* T's schema must not change while files are open. */
struct files *files_new(const struct ingest_table *t, const struct files_opts *opts);
void files_free(struct files *fs);            /* removes what is still open; NULL is fine */

/* The partition that a row belongs to. */
struct files_key {
	uint64_t hash;
	const char *p;                /* bytes that are equal for equal partition values only */
	size_t n;
	const struct column *const *value; /* the partition columns … */
	size_t row;                   /* … and a row that has the values */
};
/* Append rows SEL[0..NSEL) of COLS (as t->data.fields) to KEY's file. */
int files_append(struct files *fs, const struct files_key *key, const struct column *const *cols, const uint32_t *sel,
		 size_t nsel, struct err *e);
/* Keep to the bound of memory, less EXTRA bytes that the caller holds. */
int files_limit(struct files *fs, size_t extra, struct err *e);
int files_close_all(struct files *fs, struct err *e);  /* all durable and announced, in the order they were opened */

/* The add actions since it was asked last, as lines; the caller takes them out (buf_clear). */
struct buf *files_announced(struct files *fs);

struct files_totals {
	uint64_t files, rows, bytes;  /* announced */
};
const struct files_totals *files_totals(const struct files *fs);

#endif
