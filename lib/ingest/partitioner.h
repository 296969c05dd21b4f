/* SPDX-License-Identifier: MIT */
/* partitioner - NDJSON to the data files of a table, and the actions and marks that say so (docs/table-format.md).
 *
 * Records are read into batches, sorted by partition, and written as Parquet. What is printed are lines of the
 * Delta log (protocol, metaData, add) and marks, nothing else. A line is printed only when what it names is durable.
 *
 * Marks: those of the input are passed on behind the actions of everything that came before them, with the table and the
 * version that was written against; one may be swallowed when a later one covers it. At a mark, files are closed when
 * `every` has gone by since the last time, at the first mark and at one that ends the stream. Input without marks gets one
 * of its own at its end, if it was read to the end without an error. A stop (a signal) or an error: files that no printed
 * mark covers, and were not announced, are removed.
 *
 * Threads: one owner; pages are compressed by a pool of its own.
 */
#ifndef SM_INGEST_PARTITIONER_H
#define SM_INGEST_PARTITIONER_H

#include "column/infer.h"
#include "stream/reject.h"
#include "io/output.h"
#include "metrics/metrics.h"
#include "parquet/writer.h"

#define PARTITION_MEMORY ((size_t)192 << 20)
#define PARTITION_MEMORY_MIN ((size_t)32 << 20)
#define PARTITION_TARGET ((uint64_t)128 << 20)
#define PARTITION_EVERY_NS (INT64_C(60) * 1000000000)

struct partition_opts {
	const char *table;            /* path */
	const char *by;               /* --by, or NULL */
	const char *schema;           /* --schema, or NULL */
	bool merge_schema;
	uint64_t target_bytes;        /* 0: PARTITION_TARGET */
	uint64_t max_rows;            /* a file's; 0: none */
	size_t memory;                /* of the whole process, about; 0: PARTITION_MEMORY */
	int64_t every_ns;             /* 0: PARTITION_EVERY_NS between marks, else never */
	enum pq_codec codec;
	int level;
	unsigned threads;             /* 0 or 1: one */
	size_t row_group_rows;        /* 0: the writer's default */
	uint64_t sample_rows;         /* 0: SAMPLE_ROWS */
	size_t max_open;              /* files at once; 0: no bound */
	const char *const *paths;     /* input; none: standard input */
	size_t npaths;
	struct reject *rejects;
	struct output *out;
	struct metrics *metrics;      /* NULL: nobody counts */
	bool (*stopped)(void);        /* a signal came; may be NULL */
	infer_note_fn *note;          /* what people should know; may be NULL */
	void *arg;                    /* of note */
};

struct partition_result {
	uint64_t records, files, rows, bytes;  /* taken in; announced */
	bool stopped;                 /* by a signal */
};

/* 0, or an error: what was printed before stays good. */
int partition_run(const struct partition_opts *o, struct partition_result *result, struct err *e);

#endif
