/* SPDX-License-Identifier: MIT */
/* held - does a table still hold what a stream has committed to it?
 *
 * A RESTORE takes rows away and leaves the stream's txn in force, so the txn cannot tell. What is asked for is the stream's
 * last commit that added files. It is held when one of its files is in the snapshot. Otherwise the log is walked from the
 * newest version down to that commit, along the versions that each commit's content comes from:
 *
 *	removes nothing with dataChange, or an edit     the version before (DELETE, UPDATE, MERGE, TRUNCATE, ERASE, an
 *	                                                overwrite with a predicate or of dynamic partitions)
 *	RESTORE                                         the version it names; a time is looked up in the log
 *	a whole overwrite that has `read` this table    the version that was read
 *	anything else that removes with dataChange      none: the commit is not held
 *
 * Another id of the table's metaData is another table.
 *
 * Ownership: texts in a result live in the caller's arena, or are those of the question. Threads: those of the snapshot.
 * Cost: a hash look-up while the file is in the snapshot. A walk reads the commits behind `looked` once (a stream whose
 * last commit is not known: back to that commit).
 */
#ifndef SM_DELTA_HELD_H
#define SM_DELTA_HELD_H

#include "delta/snapshot.h"

/* What somebody has noted of a stream. */
struct held_last {
	const char *id;             /* of the table's metaData; NULL: not known */
	int64_t version;            /* the stream's last commit that added files; -1: not known */
	const char *path;           /* a file that it added, decoded; NULL: not known */
	int64_t looked;             /* the version up to which that commit was known to be held; -1: not known */
	int64_t seq;                /* the table's txn for the stream then */
};
#define HELD_LAST_INIT { .version = -1, .looked = -1, .seq = -1 }

enum held_verdict {
	HELD_WHOLE,                 /* held, or there is nothing yet to be held */
	HELD_UNKNOWN,               /* no commit was noted, and the log does not reach back to one */
	HELD_NOT,                   /* rolled back by version `by` */
	HELD_GONE,                  /* commit `by`, which the walk needs, is gone */
	HELD_OTHER                  /* another table */
};

struct held {
	enum held_verdict verdict;
	int64_t seq;                /* the table's txn for the stream; 0: none */
	int64_t version;            /* the stream's last commit that added files; -1: none, or not known */
	const char *path;           /* a file of it */
	int64_t by, to;             /* to: the version that `by` went back to; -1: none */
	const char *operation;      /* of `by`; NULL: it names none */
	int64_t newest;
};

/* SN is the newest version. Errors are those of reading the log; a verdict is none. */
int held_look(const struct delta_snapshot *sn, const char *stream, const struct held_last *last, struct arena *a, struct held *h,
	      struct err *e);
/* ERR_CONFLICT in words, for a verdict other than HELD_WHOLE. CK may be NULL. */
int held_error(const struct held *h, const struct delta_snapshot *sn, const char *stream, const struct held_last *last,
	       const char *ck, struct err *e);

#define HELD_REWIND "REWIND"    /* operation of the commit with which a generation of a stream begins; it changes no row */

/* The newest commit whose content version VERSION of SN's table still has and whose txn has an appId for which OWN is true. */
struct held_commit {
	int64_t version;            /* -1: none */
	bool gone;                  /* none, because a commit on the way there is gone */
	const char *app_id, *path;  /* path: a file that it added; NULL: it added none */
	int64_t seq;
	const char *cursor;         /* raw, of the mark's copy in commitInfo; NULL: there is none */
	size_t ncursor;
};
typedef bool held_own_fn(void *arg, const char *app_id);
int held_find(const struct delta_snapshot *sn, held_own_fn *own, void *arg, struct arena *a, struct held_commit *c, struct err *e);

#endif
