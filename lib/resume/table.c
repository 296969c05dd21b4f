/* SPDX-License-Identifier: MIT */
/* What the table says of a stream, held against what its checkpoint says. */
#include "resume/table.h"

int table_open(struct table *t, const char *path, struct err *e)
{
	*t = (struct table){ .arena = ARENA_INIT };
	int rc = store_open(&t->store, path, e);
	/* Only names of files and the txn are read, so features that the rows need do not matter. */
	if (rc == 0)
		rc = delta_snapshot_open(&t->sn, t->store, DELTA_NEWEST, DELTA_ANY_PROTOCOL, e);
	if (rc != 0)
		table_release(t);
	return rc;
}

void table_release(struct table *t)
{
	delta_snapshot_free(t->sn);
	store_free(t->store);
	arena_release(&t->arena);
	*t = (struct table){ .arena = ARENA_INIT };
}

/* REC as what is asked of the table. */
static struct held_last table_last(const struct ck_record *rec)
{
	return (struct held_last){ .id = rec->id, .version = rec->commit, .path = rec->path, .looked = rec->version, .seq = rec->seq };
}

int table_check(struct table *t, const struct ck_record *rec, const char *stream, const char *ck, struct err *e)
{
	struct held_last last = table_last(rec);
	int64_t seq;
	if (!delta_snapshot_txn(t->sn, stream, &seq))
		seq = 0;
	/* Behind comes first: that the stream's commits are not there needs no search. */
	if (seq < rec->seq) {
		t->held.seq = seq;
		return err_set(e, ERR_CONFLICT,
			       "table %s holds stream %s up to seq %lld, but checkpoint %s has recorded seq %lld: the table was restored or "
			       "replaced without its checkpoint (`smcheckpoint accept %s` continues without the lost rows, `smcheckpoint rewind %s "
			       "--table` reads them again)",
			       rec->table, stream, (long long)seq, ck, (long long)rec->seq, ck, ck);
	}
	int rc = held_look(t->sn, stream, &last, &t->arena, &t->held, e);
	if (rc != 0 || t->held.verdict == HELD_WHOLE || (t->held.verdict == HELD_UNKNOWN && rec->commit < 0))
		return rc;
	return held_error(&t->held, t->sn, stream, &last, ck, e);
}

int table_look(struct table *t, const struct ck_record *rec, const char *stream, const char *ck, struct err *e)
{
	int rc = table_open(t, rec->table, e);
	if (rc == 0)
		rc = table_check(t, rec, stream, ck, e);
	if (rc != 0)
		table_release(t);
	return rc;
}
