/* SPDX-License-Identifier: MIT */
/* run - the state of one partitioner, shared by its parts. Not for others. */
#ifndef SM_INGEST_RUN_H
#define SM_INGEST_RUN_H

#include "column/json_in.h"
#include "stream/mark.h"
#include "stream/trust.h"
#include "ingest/files.h"
#include "ingest/partitioner.h"
#include "ingest/sample.h"
#include "ingest/scatter.h"
#include "io/input.h"

#define RUN_ROWS ((size_t)16384)          /* of a batch */
#define RUN_SETS 16
#define RUN_WAITERS 8                     /* files that are made durable side by side */

/* A batch, and what is known of its rows. */
struct run_rows {
	struct batch batch, computed;
	size_t evaluated;             /* rows whose computed columns are there, and whose partition values are judged */
	uint8_t *dropped;             /* bitmap of rows that turned out to be bad; NULL: none */
	size_t ndropped;
	const struct column **data, **part; /* the columns of the files, the partition columns */
};

struct run;
struct run_job {                      /* the sent rows of one set */
	struct run *run;
	unsigned set;
	int result;
	struct err err;
};

struct run {
	const struct partition_opts *o;
	struct partition_result *result;
	struct input *input;
	struct block block;           /* the one being read */
	size_t largest_block;
	bool eof, sampling;
	struct sample sample;
	struct ingest_table table;
	struct pool *pool, *waiters;
	size_t memory;

	/* Things that depend on the schema. */
	struct json_in *in;
	struct type computed_type;    /* of the computed partition columns */
	struct run_rows rows[2], *now; /* NOW is being filled; the other one may be on its way to the files */
	struct files *set[RUN_SETS];  /* the partitions are spread over them */
	unsigned nsets;               /* 0: there is no schema yet */
	struct pq_codecs *codecs;
	atomic_size_t total;          /* memory of all files */
	bool unclosed;                /* rows went to files since they were closed last */

	/* The rows on their way, in a job a set: the files and what is sent are theirs until run_wait. */
	struct run_rows *sent;
	struct pool_group group;
	struct scatter scatter;
	size_t held;                  /* memory outside the files, when the jobs were made */
	struct run_job job[RUN_SETS];

	/* Marks. */
	struct arena arena;           /* of the mark that waits */
	struct mark mark;             /* the last that was read */
	struct trust trust;
	bool trusted;                 /* its checkpoint is its stream's */
	bool waits;                   /* it is not passed yet */
	bool marked, ended;           /* there was one; one said `end` */
	bool named;                   /* the input is files that were named, no pipes */
	uint64_t since;               /* records since the last that was read */
	int64_t last_cut;             /* monotonic time */
	int fault;                    /* an error inside a call-back */
	struct err *e;
};

/* rows.c */
int run_set_schema(struct run *x, struct schema *s, struct err *e);  /* takes S; closes what is open under the old one */
void run_release_schema(struct run *x);
int run_evaluate(struct run *x, struct err *e);   /* computed columns of the rows that came since */
int run_dispatch(struct run *x, struct err *e);   /* the batch goes to the files, while another is filled */
void run_count(struct run *x);                     /* for metrics: the records so far */
int run_close(struct run *x, struct err *e);      /* waits, closes all files, announces them */
bool run_holds(const struct run *x);              /* rows in the batch or files open */

/* marks.c */
int run_mark(struct run *x, const char *line, size_t n, uint64_t number, struct err *e);
int run_cut(struct run *x, struct err *e);        /* close, announce, pass the mark that waits */
int64_t run_deadline(void *arg);
int run_tick(struct run *x, struct err *e);       /* is it time to cut? */
int run_end(struct run *x, struct err *e);        /* the input was read to its end */

#endif
