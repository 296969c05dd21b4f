/* SPDX-License-Identifier: MIT */
/* commit - from a pipe of actions and marks to commits of a table: what smcommit does (docs/commit.md).
 *
 *	struct committer *c; committer_new(&c, &opts, &e);
 *	while (a line) committer_line(c, p, n, &out, &e);   // lines for the next tool are appended to OUT
 *	committer_end(c, &out, &e);
 *
 * Actions are gathered until a mark closes them; they are then one transaction, whose txn is the mark's stream and seq. On
 * the snapshot of every attempt the table's txn must equal what the stream resumed from or what this committer committed
 * last. ERR_CONFLICT: the table is behind, another writer's change rules ours out, or the files do not fit the table;
 * ERR_RETRY: the table is ahead, and OUT holds the mark that says so; ERR_DATA: bad input (the caller adds file and line).
 * After an error only committer_free.
 *
 * Threads: one owner. Memory: the actions between two marks.
 */
#ifndef SM_COMMIT_COMMIT_H
#define SM_COMMIT_COMMIT_H

#include "base/buf.h"
#include "base/err.h"
#include "metrics/metrics.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COMMIT_TXN_EVERY_NS (INT64_C(600) * 1000000000)  /* a moved cursor without actions is made lasting so often */

struct commit_opts {
	const char *table;          /* NULL: the marks name it */
	bool overwrite;             /* replace what is there, all or by replace_where */
	const char *replace_where;  /* a predicate on partition columns; NULL: everything */
	bool vouch;                 /* the user's word that the input is whole, where the marks do not give it */
	bool merge_schema;          /* a metaData that widens the table's is committed */
	bool overwrite_schema;      /* with overwrite and no replace_where: the metaData replaces the table's */
	unsigned attempts;          /* 0: the default of delta/commit.h */
	int64_t retry_for_ns;
	struct metrics *metrics;    /* NULL: nobody counts */
	/* Hears of what went wrong without failing the commit. */
	void (*warn)(void *arg, const struct err *e);
	void *arg;
};

struct committer;
int committer_new(struct committer **c, const struct commit_opts *opts, struct err *e);
void committer_free(struct committer *c);    /* NULL is fine */
/* One line (without its end). */
int committer_line(struct committer *c, const char *line, size_t n, struct buf *out, struct err *e);
/* The input has ended: ERR_IO when no mark said so, or when actions are left that none has closed. What replaces is committed here,
 * once nothing follows its closing mark. */
int committer_end(struct committer *c, struct buf *out, struct err *e);

#endif
