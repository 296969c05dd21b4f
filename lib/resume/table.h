/* SPDX-License-Identifier: MIT */
/* table - how far a stream is in its table, and whether the table still holds what the checkpoint has recorded.
 *
 *	struct table t;
 *	table_look(&t, record, ck->stream, ck->path, &e);   // ERR_NOT_FOUND: no table there; ERR_CONFLICT: behind, or rolled back
 *	table_release(&t);
 *
 * The seq is the version of the table's txn with the stream as appId; 0: it has none. Whether the stream's last commit is
 * still in the table: delta/held.h. A record from before checkpoints kept that commit is taken as it is where the log no
 * longer tells.
 * Threads: one owner. Cost: a snapshot is opened.
 */
#ifndef SM_RESUME_TABLE_H
#define SM_RESUME_TABLE_H

#include "delta/held.h"
#include "stream/ck.h"

struct table {
	struct store *store;
	struct delta_snapshot *sn;
	struct arena arena;
	struct held held;
};

/* The newest version; ERR_NOT_FOUND: no table there. After an error there is nothing to be released. */
int table_open(struct table *t, const char *path, struct err *e);
void table_release(struct table *t);
/* table_open and table_check. */
int table_look(struct table *t, const struct ck_record *rec, const char *stream, const char *ck, struct err *e);
/* ERR_CONFLICT: the table is behind what REC says, or was rolled back. t->held.seq is known then too. */
int table_check(struct table *t, const struct ck_record *rec, const char *stream, const char *ck, struct err *e);

#endif
