/* SPDX-License-Identifier: MIT */
/* commit - one atomic change of a table: put-if-absent of the next version, rebased after a lost race.
 *
 * Sources: Delta PROTOCOL.md, "Delta Log Entries"; Spark's ConflictChecker for what conflicts (docs/commit.md has the
 * table).
 *
 * Each attempt calls BUILD on the snapshot it is made against; what it appends goes into the commit behind our commitInfo.
 * The attempt is a put-if-absent of version + 1. When another writer was first, each winning commit is checked against what
 * this change depends on, the snapshot moves on, and after a jittered pause the next attempt is made. A put whose outcome
 * is not known is settled by reading the file back and comparing commitInfo.txnId. A commit that is there but could not be
 * made durable is ERR_IO, whose message says that it is there; who comes next finds it.
 */
#ifndef SM_DELTA_COMMIT_H
#define SM_DELTA_COMMIT_H

#include "delta/snapshot.h"

struct delta_change {
	const char *operation;      /* "WRITE", "STREAMING UPDATE", "CREATE TABLE" … */
	struct buf parameters;      /* members of operationParameters: `"mode":"Append",…` (values are JSON strings) */
	struct buf metrics;         /* members of operationMetrics, likewise */
	struct buf info;            /* further members of commitInfo, each with a comma in front */
	struct buf actions;         /* lines, each with its '\n' */
	uint64_t files_added, files_removed, rows_added, bytes_added, bytes_removed;
	/* What the change depends on (conflict rules). */
	bool blind_append;          /* read nothing of the table but its schema */
	bool reads_all;             /* e.g. a full overwrite: any data-changing add conflicts */
	bool data_change;           /* false: only rearranges (OPTIMIZE): concurrent appends do not conflict */
	/* Does a file that a winner added belong to what was read (replace-where)? NULL with !reads_all: nothing read. */
	int (*reads_file)(void *arg, const struct delta_snapshot *sn, const struct delta_add *add, bool *reads, struct err *e);
	void *reads_arg;
	bool probe;                 /* set for BUILD: SN is the base; this is to learn what the change depends on, and is not put */
	const char **removes;       /* decoded paths that we remove */
	size_t nremoves, removes_cap;
};

#define DELTA_CHANGE_INIT { .data_change = true }
void delta_change_remove(struct delta_change *c, const char *path); /* note that PATH (borrowed) is removed */

/* Fill C (cleared before) for SN; SN is NULL when there is no table yet: the change must then hold protocol and metaData.
 * It is called for each attempt, so whoever adds a txn tests the snapshot's txn in it (a compare-and-swap).
 * Return 0 to try, DELTA_NOTHING when nothing is to be committed any more, or an error to give up with. */
#define DELTA_NOTHING 1
typedef int delta_build_fn(void *arg, const struct delta_snapshot *sn, struct delta_change *c, struct err *e);

struct delta_commit_opts {
	unsigned attempts;          /* 0: 100 */
	int64_t retry_for_ns;       /* give up after so long; 0: 60 s */
	uint64_t seed;              /* of the jitter; 0: the system's randomness */
	bool no_checkpoint;
	/* The version that the change was made of, when that is not the newest: every commit behind it is checked as one that was first. */
	bool has_base;
	int64_t base;
	/* A checkpoint that failed does not fail the commit: this hears of it. May be NULL. */
	void (*warn)(void *arg, const struct err *e);
	void *arg;
};

struct delta_committed {
	int64_t version;            /* -1: nothing was committed */
	int64_t timestamp_ms;
	unsigned attempts;
	bool checkpoint;            /* one was written behind it */
};

/* *SN is the snapshot to start from (NULL: no table, or let the function look) and in the end that of the version committed
 * (owned by the caller). ERR_CONFLICT: a winner's change rules ours out; ERR_RETRY: the attempts are used up. */
int delta_commit(struct delta_snapshot **sn, struct store *s, delta_build_fn *build, void *arg,
		 const struct delta_commit_opts *opts, struct delta_committed *done, struct err *e);

#endif
