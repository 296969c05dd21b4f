/* SPDX-License-Identifier: MIT */
/* about - a table, its commits and its files as one JSON object each, as smtable prints them.
 *
 * Each call appends to B, without a line feed. Threads: safe, for a snapshot that nobody changes. Cost: about_totals parses
 * the statistics of every file.
 */
#ifndef SM_DELTA_ABOUT_H
#define SM_DELTA_ABOUT_H

#include "delta/snapshot.h"
#include "metrics/metrics.h"

struct about_totals {
	int64_t rows;           /* without the deleted ones; -1: some file does not say */
	int64_t deleted;        /* by deletion vectors */
};

#define ABOUT_SMALL_FILE (UINT64_C(16) << 20)

/* What the registry tells of the table: its name, and the state at SN (NULL: nothing). */
void about_version(const struct delta_snapshot *sn, struct metrics *m);
/* The same, and what a walk over all files and over the log shows. */
void about_metrics(const struct delta_snapshot *sn, struct metrics *m);
struct about_totals about_totals(const struct delta_snapshot *sn);
void about_table(struct buf *b, const struct delta_snapshot *sn);
/* A commit, whose commitInfo is INFO; NULL: it has none. */
void about_commit(struct buf *b, int64_t version, int64_t time_ms, const struct json *info);
/* F with its statistics; A holds what they are parsed into. */
void about_file(struct buf *b, const struct delta_snapshot *sn, const struct delta_file *f, struct arena *a);

#endif
