/* SPDX-License-Identifier: MIT */
/* writer - column batches to a Parquet file.
 *
 * Source: apache/parquet-format 2.x (parquet.thrift, Encodings.md, LogicalTypes.md).
 * Types as Spark writes them: BYTE and SHORT as INT32 with their logical type, TIMESTAMP as INT64
 * micros UTC, DECIMAL as INT32, INT64 or FIXED_LEN_BYTE_ARRAY by precision, lists in the 3-level
 * form `list.element`, maps as `key_value`.
 * Pages: V1, about `page_bytes` before compression. A chunk is dictionary-encoded when a look at its
 * first values says that it pays; PLAIN otherwise, or from where the dictionary overflows.
 * Min, max and null counts in the chunk's statistics; page index not written.
 *
 * Bounded memory: pages are compressed as they fill; a row group's chunks are kept (compressed)
 * until the group is written, at `row_group_rows` rows or when the caller flushes.
 * With a pool, pages are encoded and compressed by its threads.
 *
 * Durability is the caller's: the writer only writes to its sink.
 * Errors: the sink's, or ERR_DATA for a value that Parquet cannot hold. After an error only pq_writer_free.
 */
#ifndef SM_PARQUET_WRITER_H
#define SM_PARQUET_WRITER_H

#include "base/pool.h"
#include "column/stats.h"

enum pq_codec { PQ_NONE, PQ_SNAPPY, PQ_GZIP, PQ_ZSTD, PQ_LZ4_RAW };
bool pq_codec_by_name(const char *name, enum pq_codec *c);   /* none|uncompressed snappy gzip zstd lz4 */
const char *pq_codec_extension(enum pq_codec c);             /* ".snappy" …, "" for none: part-…<ext>.parquet */

/* What writers share: compression contexts and page buffers that are lent to one page at a time. A process that
 * keeps many writers open makes one and names it in all their options; it must outlive them. Thread-safe. */
struct pq_codecs;
struct pq_codecs *pq_codecs_new(void);
void pq_codecs_free(struct pq_codecs *cs);
size_t pq_codecs_memory(struct pq_codecs *cs); /* bytes on the shelf, not lent out */

struct pq_sink {
	int (*write)(void *arg, const void *p, size_t n, struct err *e);
	void *arg;
};

struct pq_writer_opts {
	enum pq_codec codec;
	int level;                 /* zstd, gzip; 0: 1 for zstd, 6 for gzip */
	size_t page_bytes;         /* 0: 64 KiB */
	size_t row_group_rows;     /* 0: 16,384 */
	bool no_dictionary;
	struct pool *pool;         /* NULL: the caller's thread */
	struct pq_codecs *codecs;  /* NULL: the writer's own */
	const char *const *metadata; /* key, value, …, NULL: key-value metadata of the footer */
};

struct pq_writer;
/* TYPE (a struct) is borrowed for the writer's life. */
int pq_writer_new(struct pq_writer **w, const struct type *type, const struct pq_sink *sink,
		  const struct pq_writer_opts *opts, struct err *e);
/* Append rows SEL[0..NSEL) (SEL NULL: the first NSEL rows). COLS[i] is the column of type->fields[i].
 * The columns may be changed as soon as this returns. */
int pq_writer_append(struct pq_writer *w, const struct column *const *cols, const uint32_t *sel, size_t nsel,
		     struct err *e);
int pq_writer_flush_group(struct pq_writer *w, struct err *e);  /* ends the open row group */
size_t pq_writer_memory(const struct pq_writer *w);              /* bytes held now */
uint64_t pq_writer_rows(const struct pq_writer *w);
uint64_t pq_writer_size(const struct pq_writer *w);              /* file size so far, open pages estimated */
/* Writes the footer. STATS (type_leaves(type) of them, may be NULL) are those of the whole file. */
int pq_writer_finish(struct pq_writer *w, struct column_stats *stats, uint64_t *file_size, struct err *e);
void pq_writer_free(struct pq_writer *w);

#endif
