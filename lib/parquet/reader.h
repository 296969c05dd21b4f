/* SPDX-License-Identifier: MIT */
/* reader - Parquet files to column batches, whoever wrote them.
 *
 * Source: apache/parquet-format 2.x. Encodings: PLAIN, PLAIN_DICTIONARY, RLE_DICTIONARY, RLE, BIT_PACKED,
 * DELTA_BINARY_PACKED, DELTA_LENGTH_BYTE_ARRAY, DELTA_BYTE_ARRAY, BYTE_STREAM_SPLIT; pages V1 and V2;
 * snappy, gzip, zstd, brotli, lz4_raw and the older Hadoop lz4, uncompressed. INT96 timestamps become microseconds
 * (days x 86,400e6 + ns / 1000). Lists in 3-level and legacy 2-level form, maps likewise.
 *
 * A file's bytes are not trusted: every length is bounded by what is there, nesting by a limit;
 * a damaged file is ERR_DATA that names file, row group and column, never a crash.
 *
 * Threads: after pq_open a reader is immutable; several threads may read different row groups
 * when the source's read is thread-safe (pread is).
 */
#ifndef SM_PARQUET_READER_H
#define SM_PARQUET_READER_H

#include "column/stats.h"

struct pq_source {
	/* Read exactly N bytes at OFF; thread-safe. */
	int (*read)(void *arg, uint64_t off, void *to, size_t n, struct err *e);
	uint64_t size;
	void *arg;
	const char *name;   /* for messages; borrowed for the reader's life */
	/* What the footer may take, the pages and dictionaries of one scan together, and a row of text or lists that few bytes of the file stand
	 * for; 0: PQ_MEMORY. More is an error of its own (ERR_UNSUPPORTED, but for the row). */
	size_t most;
	const char *flag;   /* the option that sets it, for that message; NULL: none does */
};
#define PQ_MEMORY ((size_t)256 << 20)

struct pq_reader;
int pq_open(struct pq_reader **r, const struct pq_source *src, struct err *e);
void pq_free(struct pq_reader *r);
const struct schema *pq_schema(const struct pq_reader *r);  /* the file's schema as types of ours */
size_t pq_groups(const struct pq_reader *r);
uint64_t pq_group_rows(const struct pq_reader *r, size_t group);
uint64_t pq_rows(const struct pq_reader *r);
/* Statistics of leaf LEAF (index in pq_schema, depth first) in GROUP; false when the file has none that can be trusted. */
bool pq_group_stats(const struct pq_reader *r, size_t group, size_t leaf, struct column_stats *s);

/* How the columns that the caller needs are found in this file: by name (exact, then ignoring case
 * when that is unique), at every level; by `parquet.field.id` in field metadata when BY_ID. What the
 * file lacks reads as null. Widening: integers to wider integers and to double, float to double, decimal to a
 * wider decimal, date to timestamp_ntz; anything else is ERR_DATA naming the column. */
struct pq_projection;
int pq_project(struct pq_projection **p, const struct pq_reader *r, const struct type *want, bool by_id, struct err *e);
void pq_projection_free(struct pq_projection *p);

/* Read rows [FIRST, FIRST + N) of GROUP into B (batch_init'ed with WANT; cleared first). N may be the whole group,
 * but the batch holds 2^31 - 1 rows and bytes a column at most. Each call starts at the group's beginning and passes
 * over whole pages: to go through a large group in steps, use a scan. */
int pq_read(const struct pq_reader *r, const struct pq_projection *p, size_t group, uint64_t first, uint64_t n,
	    struct batch *b, struct err *e);

/* What several scans hold together. TAKE is told of memory before it is taken (BY bytes), where it may wait for that of others, and of
 * memory that was given back (BY negative). Never at a time when the scan holds a lock. */
struct pq_pool {
	void (*take)(void *arg, int64_t by);
	void *arg;
};
/* A scan reads a group from front to back, each page once. It borrows R, P and POOL (NULL: it is alone). Threads: one owner. */
struct pq_scan;
int pq_scan_new(struct pq_scan **s, const struct pq_reader *r, const struct pq_projection *p, size_t group, const struct pq_pool *pool,
		struct err *e);
void pq_scan_free(struct pq_scan *s);
/* Up to N rows into B (cleared first); b->nrows tells how many, 0 at the end of the group. Fewer come where their values have
 * more than about 8 MiB: a megabyte that stands in a dictionary once may be meant 200,000 times. */
int pq_scan_next(struct pq_scan *s, uint64_t n, struct batch *b, struct err *e);

#endif
