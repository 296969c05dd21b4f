/* SPDX-License-Identifier: MIT */
#include "resume/table.h"

#include "delta/snapshot.h"
#include "store/store.h"

int table_seq(const char *table, const char *stream, int64_t *seq, struct err *e)
{
	struct store *s = NULL;
	struct delta_snapshot *sn = NULL;
	*seq = 0;
	int r = store_open(&s, table, e);
	/* Only the txn is read, so features that the rows need do not matter. */
	if (r == 0)
		r = delta_snapshot_open(&sn, s, DELTA_NEWEST, DELTA_ANY_PROTOCOL, e);
	if (r == 0 && !delta_snapshot_txn(sn, stream, seq))
		*seq = 0;
	if (sn)
		delta_snapshot_free(sn);
	store_free(s);
	return r;
}
