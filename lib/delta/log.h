/* SPDX-License-Identifier: MIT */
/* log - the files of _delta_log: which there are, and the actions in one.
 *
 * Source: Delta PROTOCOL.md, "Delta Log Entries", "Checkpoints". Unknown names, log compaction files, checksums
 * and temporary files are passed over.
 * A commit that is empty, or whose last line is torn, is an error that names the file and line.
 */
#ifndef SM_DELTA_LOG_H
#define SM_DELTA_LOG_H

#include "delta/actions.h"
#include "store/store.h"

#define DELTA_LOG_DIR "_delta_log"
#define DELTA_COMMIT_MAX ((size_t)2 << 30)   /* bytes of one commit file */

struct delta_log_commit {
	int64_t version, mtime_ms;
	uint64_t size;
};
struct delta_log_checkpoint {
	int64_t version;
	uint32_t parts;             /* 1: classic, single; more: multi-part; 0: V2, named by UUID */
	const char **names;         /* max(parts, 1) names in _delta_log */
};
struct delta_log {
	struct arena arena;
	struct delta_log_commit *commits;          /* by version */
	size_t ncommits, commits_cap;
	struct delta_log_checkpoint *checkpoints;  /* complete ones, by version, then classic before V2 */
	size_t ncheckpoints, checkpoints_cap;
	const char *trace;          /* a file that only a table leaves, be it a checksum or part of a checkpoint; NULL: none */
};

void delta_log_init(struct delta_log *l);
void delta_log_release(struct delta_log *l);
/* ERR_NOT_FOUND: no table there (no commit and no checkpoint, nor a trace of one). ERR_IO: traces of a table, but neither. */
int delta_log_list(struct delta_log *l, struct store *s, struct err *e);
int64_t delta_log_newest(const struct delta_log *l);
const struct delta_log_commit *delta_log_find(const struct delta_log *l, int64_t version); /* NULL: not there */
bool delta_log_contiguous(const struct delta_log *l, int64_t first, int64_t last); /* are commits FIRST to LAST all there? */
/* ERR_IO naming the version that is missing, when neither version 0 nor a checkpoint leads to the newest version. Nobody may
 * take that for "no table": a writer would create version 0 again below the remaining commits. */
int delta_log_check(const struct delta_log *l, const struct store *s, struct err *e);
/* Is the newest version still V? (one stat call for V + 1) */
int delta_log_moved(struct store *s, int64_t version, bool *moved, struct err *e);

/* What tells VERSION of this table from the same version of a copy that has gone another way: a hash of its commit file, which holds names that
 * nobody else draws. Copies of one log agree. ERR_NOT_FOUND: log clean-up has removed the file. */
#define DELTA_LOG_HASH 16                               /* hexadecimal digits, without the NUL */
int delta_log_hash(struct store *s, int64_t version, char hex[DELTA_LOG_HASH + 1], struct err *e);
/* Does VERSION of this table have HASH? Only a commit that is there and differs says no: NULL, and one that is gone, may be the same. */
bool delta_log_may_be(struct store *s, int64_t version, const char *hash);

void delta_commit_name(struct buf *b, int64_t version);   /* _delta_log/00000000000000000007.json */

/* Called for each action in a commit or JSON checkpoint, in order; LINE from 1. Not 0 ends the reading and is returned.
 * The action and its texts live until the function returns, unless KEEP was an arena of the caller's. */
typedef int delta_action_fn(void *arg, const struct delta_action *act, uint64_t line, struct err *e);
int delta_log_read(struct store *s, int64_t version, struct arena *keep, delta_action_fn *fn, void *arg, struct err *e);
int delta_log_read_file(struct store *s, const char *name, struct arena *keep, delta_action_fn *fn, void *arg,
			struct err *e);

/* Time travel. The time of a commit is its inCommitTimestamp where the table has them, else its file's mtime made monotone
 * (at least 1 ms after the version before). TIME_MS[i] belongs to l->commits[i]; FROM_ICT: the first version with one, -1
 * none. */
int delta_log_times(const struct delta_log *l, struct store *s, int64_t **time_ms, struct err *e);
/* The newest version at or before US. ERR_NOT_FOUND names the earliest time when US is before it. */
int delta_version_at(struct store *s, int64_t us, int64_t *version, struct err *e);

#endif
