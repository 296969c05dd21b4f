/* SPDX-License-Identifier: MIT */
/* checkpoint - the state of the log in one Parquet file, so that readers need not replay it.
 *
 * Source: Delta PROTOCOL.md, "Checkpoints". Written: the classic form (one file, N.checkpoint.parquet), with txn, add,
 * remove, metaData, protocol and domainMetadata; then _last_checkpoint. Read: classic, multi-part, V2 (JSON or Parquet with
 * sidecars). Each file appears whole or not at all, so a crash leaves the table readable.
 */
#ifndef SM_DELTA_CHECKPOINT_H
#define SM_DELTA_CHECKPOINT_H

#include "delta/log.h"
#include "delta/snapshot.h"

/* Write the checkpoint of SN, which must have been opened with DELTA_WITH_STATS. Tombstones older than the table's
 * delta.deletedFileRetentionDuration (a week by default) at NOW_MS are left out. */
int delta_checkpoint_write(const struct delta_snapshot *sn, int64_t now_ms, struct err *e);
/* Is one due behind VERSION (delta.checkpointInterval, 10 by default)? */
bool delta_checkpoint_due(const struct delta_snapshot *sn, int64_t version);

/* Every action in a checkpoint, as delta_log_read gives those of a commit; LINE is the row. */
int delta_checkpoint_read(struct store *s, const struct delta_log_checkpoint *c, unsigned flags, delta_action_fn *fn,
			  void *arg, struct err *e);
/* Version that _last_checkpoint names; -1 when it is missing or unreadable. */
int64_t delta_last_checkpoint(struct store *s);

#endif
