/* SPDX-License-Identifier: MIT */
/* replay - the rows of a Delta table as NDJSON: a version, the changes between versions, or what comes next.
 *
 *	replay_open(&r, "landing", &opts, &e);
 *	while ((rc = replay_next(r, &piece, &e)) > 0)
 *		… write piece.p[0..piece.n), whole lines …
 *
 * Files are chosen by partition values and statistics, row groups by Parquet's statistics; of those only the
 * columns are decoded that the output or the condition need. The order is that of the files in the log, and of the
 * rows in the file; with several threads it is the same.
 *
 * Changes: for each version, the rows of the files that it removed, then of those that it added (actions with
 * dataChange only; where only a file's deletion vector changed, the rows by which the two differ), each with
 * `_change_type` "delete" or "insert", `_commit_version`, `_commit_timestamp`. A row that a writer
 * carried over from a removed file to a new one appears as both.
 *
 * Memory: text that waits for its turn, at most `memory` bytes; and of each thread at most four times that for pages and
 * dictionaries, the same for the values of a record in libjq, and for a row that little in the file stands for. More is an
 * error.
 * Ownership: a piece lives until the next call. Threads: one owner; it starts its own.
 * Failure: after an error only replay_free.
 */
#ifndef SM_REPLAY_REPLAY_H
#define SM_REPLAY_REPLAY_H

#include "base/err.h"
#include "csv/csv.h"
#include "metrics/metrics.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPLAY_NEWEST ((int64_t)-1)
#define REPLAY_MEMORY ((uint64_t)64 << 20)
#define REPLAY_TIME_COLUMN "created_at"

struct replay_opts {
	int64_t version;             /* REPLAY_NEWEST or one; ignored with as_of or changes */
	bool as_of;
	int64_t as_of_us;            /* the newest version at or before */
	bool changes;
	int64_t first, last;         /* versions, both included; LAST may be REPLAY_NEWEST */
	const char *select;          /* `a, b.c`; NULL: all columns */
	const char *where;           /* SQL, NULL: all rows */
	const char *jq;              /* a program run on every record that is left */
	const char *time_column;     /* event time; NULL: created_at */
	bool has_since, has_until;
	int64_t since_us, until_us;  /* of event time: since <= t < until */
	bool by_time;                /* pieces tell the event time of their records; files go by their earliest,
	                              * the rows of a piece by time (docs/replay.md) */
	bool count_only;             /* no text: pieces just count */
	bool nulls;                  /* print members that are null */
	enum csv_style csv;          /* pieces are records of CSV or TSV, without a head; not with jq. CSV_NONE: NDJSON */
	bool flatten;                /* with csv: a column for each member of structs */
	unsigned threads;            /* 0: 1 */
	struct metrics *metrics;     /* hears which version is read; NULL: nobody */
	uint64_t memory;             /* 0: REPLAY_MEMORY */
};

struct replay_record {
	size_t end;                  /* of its text in the piece */
	int64_t us;                  /* event time; INT64_MIN: it has none */
};

struct replay_bad {                  /* a row that gives no record: the program of --jq fails on it, or its record
	                              * would begin as a mark does (stream/record.h) */
	size_t at;                   /* bytes of the piece that come before it */
	uint64_t before;             /* records of the piece that come before it */
	size_t record, n;            /* its text in the piece's `bad_text` */
	struct err why;              /* the file, and the row's number in it */
};

struct replay_piece {
	const char *p;
	size_t n;
	uint64_t records;            /* lines; rows with count_only */
	const struct replay_record *record; /* by_time only: one a line */
	const struct replay_bad *bad;
	size_t nbad;
	const char *bad_text;
};

struct replay_counts {
	int64_t version;             /* of the snapshot, or the last of the changes */
	uint64_t files, files_read, groups, groups_read; /* groups: of the files read */
	uint64_t rows, rows_matched; /* rows: decoded */
	uint64_t waiting_files, waiting_bytes; /* chosen, and not yet opened */
};

struct replay;
int replay_open(struct replay **r, const char *table, const struct replay_opts *o, struct err *e);
void replay_free(struct replay *r);     /* NULL is fine */
/* 1: a piece; 0: that is all; negative: an error. */
int replay_next(struct replay *r, struct replay_piece *p, struct err *e);
/* After the end: 1 when the table has gone on, and replay_next goes on with the rows of its new versions (as changes
 * when opts.changes, otherwise the added rows as they are: a version that removed rows is then ERR_CONFLICT); 0: not yet. */
int replay_more(struct replay *r, struct err *e);
/* The id in the metaData of the table; lives as long as the replay, up to the next replay_more. */
const char *replay_table_id(const struct replay *r);
/* The hash of the commit of the version that replay_count gives (delta/log.h), as long; NULL: its commit is gone. */
const char *replay_table_log(struct replay *r);
/* Append the line with the names of the columns of opts.csv. */
void replay_head(const struct replay *r, struct buf *b);
void replay_count(const struct replay *r, struct replay_counts *c);

#endif
