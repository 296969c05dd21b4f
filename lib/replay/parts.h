/* SPDX-License-Identifier: MIT */
/* parts - what the files of lib/replay share. Private to it.
 *
 *	project.c  which columns are read, and in what shape
 *	plan.c     which files (units), for a snapshot
 *	change.c   the same for the changes of versions
 *	source.c   a unit's Parquet file, opened; which row groups
 *	reader.c   a row group to text, piece by piece
 *	ring.c     several readers at once, one order
 *	replay.c   the calls of replay.h
 */
#ifndef SM_REPLAY_PARTS_H
#define SM_REPLAY_PARTS_H

#include "base/clock.h" /* before time.h, which has a ZONE_UTC of its own */
#include "column/csv_out.h"
#include "column/json_out.h"
#include "delta/dv.h"
#include "delta/snapshot.h"
#include "expr/expr.h"
#include "json/jq.h"
#include "parquet/reader.h"
#include "replay/replay.h"

#include <pthread.h>
#include <stdatomic.h>

/* --- project.c --- */

/* The columns in use, three times: WORK has them all with the table's names, those of the output first;
 * OUT is the head of WORK that is printed; READ is WORK without partition columns, with the files' names. */
struct project {
	struct arena arena;
	struct schema logical, physical; /* the table's, kept while the snapshot moves on */
	struct type work, out, read;
	uint32_t *field;             /* WORK's fields: index in the table's schema */
	uint32_t *part;              /* WORK's fields: partition column, or NOT_PART */
	uint32_t *column;            /* WORK's fields: index in READ, when no partition column */
	uint32_t *leaf;              /* WORK's leaves: index among the schema's leaves */
	size_t nleaves, schema_leaves;
	struct expr *where, *time;   /* NULL: none */
	struct expr_bound *bound_where, *bound_time; /* to WORK */
	enum csv_style csv;          /* how tails of units are written */
};
#define NOT_PART UINT32_MAX
int project_make(struct project *p, const struct delta_snapshot *sn, const struct replay_opts *o, struct err *e);
void project_release(struct project *p);

/* --- units --- */

struct unit {                        /* a file to read */
	struct delta_file file;      /* texts live in the plan's arena or the snapshot */
	const struct delta_dv *minus; /* rows that are not there, NULL: none */
	const struct delta_dv *only; /* changes: of what is left, only rows in this one */
	bool all_rows;               /* the condition holds for every row: it need not be asked */
	int64_t min_us;              /* by_time: earliest event time, INT64_MIN: unknown */
	const char *tail;            /* changes: members, or fields, behind each record's own */
	size_t ntail;
};

struct replay_plan {
	struct arena arena;          /* texts of units */
	struct unit *unit;
	size_t n, cap;
	struct column_stats *stats;  /* scratch for pruning */
	struct expr_leaf *leaf, *work_leaf;
	struct arena scratch;
	struct expr_eval *eval;
	uint64_t files;              /* looked at */
	uint64_t bytes;              /* of the units */
};
void replay_plan_init(struct replay_plan *p, const struct project *pr);
void replay_plan_release(struct replay_plan *p);
void replay_plan_clear(struct replay_plan *p);
/* Take in FILE when it can hold a match. */
int replay_plan_add(struct replay_plan *p, const struct project *pr, const struct delta_snapshot *sn, const struct unit *u, struct err *e);
void replay_plan_sort_by_time(struct replay_plan *p);
int replay_plan_snapshot(struct replay_plan *p, const struct project *pr, const struct delta_snapshot *sn, const struct replay_opts *o,
		  struct err *e);
/* Versions FIRST to LAST. TAGGED: with _change_type and so on; otherwise added rows only, and removed ones are an error. */
int replay_plan_changes(struct replay_plan *p, const struct project *pr, const struct delta_snapshot *sn, int64_t first, int64_t last,
		 bool tagged, struct err *e);

/* --- source.c --- */

#define PIECE_ROWS ((size_t)1024)
#define KEPT_BYTES ((size_t)16 << 20)  /* buffers of so much are kept for the next rows; larger ones are freed where there are many */

struct source {                      /* a unit's file, opened; shared by the readers of its groups */
	const struct unit *unit;
	struct store_file *file;
	struct pq_reader *reader;
	struct pq_projection *projection;
	struct delta_rows minus, only;
	struct batch part;           /* partition columns of WORK, PIECE_ROWS rows each */
	struct type part_type;
	struct field *part_field;
	uint64_t first_row;          /* of the next group to be claimed */
	size_t next_group;
	struct column_stats *stats;  /* of partition columns, for pruning groups */
	struct expr_leaf *leaf;
	unsigned refs;               /* guarded by the lock of struct feed */
};

struct feed {                        /* hands out row groups, in order */
	pthread_mutex_t lock;
	const struct project *project;
	const struct delta_snapshot *snapshot;
	const struct replay_plan *plan;
	struct expr_eval *eval;      /* for row groups; NULL: no condition */
	size_t most;                 /* what a reader's pages may take, or the values of a record in libjq */
	size_t next_unit;
	uint64_t bytes;              /* of the units that were opened */
	struct source *open;
	struct replay_counts counts;
};

struct claim {
	struct source *source;
	size_t group;
	uint64_t first_row;          /* of the group in the file */
};
/* 1: C is to be read and released; 0: no more; negative: an error. */
int replay_feed_claim(struct feed *f, struct claim *c, struct err *e);
void replay_feed_release(struct feed *f, struct claim *c);

/* --- reader.c --- */

struct text {                        /* a piece being made */
	struct buf buf;
	uint64_t records;
	struct replay_record *record;
	size_t nrecords, cap;
	struct replay_bad *bad;
	size_t nbad, bad_cap;
	struct buf bad_text;
};

struct reader {                      /* one a thread */
	struct feed *feed;
	const struct project *project;
	const struct replay_opts *opts;
	struct json_out *out;
	struct csv_out *csv;         /* in its place; NULL: NDJSON */
	struct json_jq *jq;
	struct expr_eval *where, *time;
	struct claim claim;
	bool claimed;
	struct pq_scan *scan;
	const struct pq_pool *pool;  /* of the pages of all readers; NULL: there is one */
	uint64_t row;                /* next row in the file */
	struct batch batch;          /* of READ */
	struct column *work;         /* columns of WORK, borrowed from batch and source */
	const struct column **cols;  /* of OUT */
	uint32_t *sel, *tmp;
	size_t nsel, at;             /* rows of the batch that are left, how many are printed */
	size_t slice;                /* rows a piece */
	bool guarded;                /* its rows may look like marks: the table has such a column */
	int64_t *times;              /* of the rows in sel */
	struct batch time_batch;
	struct buf line, result;
	_Atomic uint64_t rows, matched; /* others look while it works */
};
int reader_init(struct reader *r, struct feed *f, const struct project *p, const struct replay_opts *o, struct err *e);
void reader_release(struct reader *r);
/* Take a claim and print it to its end: 1: T holds a piece (SLICED: of about 64 KiB, otherwise a batch); 0: the claim is done. */
int reader_start(struct reader *r, const struct claim *c, struct err *e);
int reader_piece(struct reader *r, struct text *t, bool sliced, struct err *e);
void reader_stop(struct reader *r);
void replay_text_release(struct text *t);

/* --- ring.c --- */

struct ring;
int ring_new(struct ring **ring, struct feed *f, const struct project *p, const struct replay_opts *o, struct err *e);
void ring_free(struct ring *ring);
int ring_next(struct ring *ring, const struct text **t, struct err *e);
void ring_tally(struct ring *ring, uint64_t *rows, uint64_t *matched); /* adds what its readers did; so far */

#endif
