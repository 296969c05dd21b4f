/* SPDX-License-Identifier: MIT */
/* Decides where a stream goes on, and writes its journal. */
#include "resume/resume.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/mem.h"
#include "stream/ck.h"
#include "stream/journal.h"
#include "stream/mark.h"
#include "resume/table.h"

#include <string.h>

/* A long run prunes as it goes: when so many lines were added since the last time. */
#define PRUNE_EVERY 512

struct resume {
	struct ck *ck;             /* NULL: --marks */
	struct journal *journal;
	struct arena arena;
	int64_t from, next;
	const char *cursor;        /* NULL: from the start */
	size_t ncursor;
	size_t pruned_at;          /* lines in the journal after it was pruned last */
	int64_t last_ns;           /* when the last mark was made */
	bool ended, whole;
	uint64_t records;          /* that were given, where whole */
	char *read_id, *read_log;  /* NULL: no table is read; nothing more is known of the version */
	int64_t read_version;
};

/* What the checkpoint has recorded of this generation; seq 0 when nothing. */
static int read_record(const struct ck *ck, struct arena *a, struct ck_record *rec, struct err *e)
{
	int rc = ck_record_read(ck, a, rec, e);
	if (rc == ERR_NOT_FOUND || (rc == 0 && strcmp(rec->stream, ck->stream) != 0)) {
		*rec = (struct ck_record)CK_RECORD_INIT;
		return 0;
	}
	return rc;
}

/* The seq that this run goes on from: the table's word counts, because its txn stands in the very commit that
 * holds the data; the checkpoint may have died before it heard of it. */
static int decide_from(struct resume *rs, const struct ck_record *rec, struct err *e)
{
	struct table t;
	rs->from = rec->seq;
	if (!rec->table)
		return 0;
	int rc = table_look(&t, rec, rs->ck->stream, rs->ck->path, e);
	if (rc == ERR_NOT_FOUND)
		return err_set(e, ERR_CONFLICT, "checkpoint %s has recorded seq %lld of table %s, but there is no table",
			       rs->ck->path, (long long)rec->seq, rec->table);
	if (rc != 0)
		return rc;
	rs->from = t.held.seq;
	table_release(&t);
	return 0;
}

static int find_cursor(struct resume *rs, const struct ck_record *rec, struct err *e)
{
	struct journal_entry en;
	if (rs->from == 0)
		return 0;
	int rc = journal_find(rs->ck, rs->ck->generation, rs->from, &rs->arena, &en, e);
	if (rc == ERR_NOT_FOUND)
		return err_set(e, ERR_CONFLICT, "%s is at seq %lld of stream %s, which is not in the journal of checkpoint %s",
			       rec->table ? rec->table : "the checkpoint", (long long)rs->from, rs->ck->stream, rs->ck->path);
	if (rc != 0)
		return rc;
	if (en.ncursor != 4 || memcmp(en.cursor, "null", 4) != 0) {
		rs->cursor = en.cursor;
		rs->ncursor = en.ncursor;
	}
	return 0;
}

static int open_checkpoint(struct resume *rs, const char *path, struct err *e)
{
	struct ck_record rec;
	int rc = ck_open(&rs->ck, path, CK_LOCK | CK_CREATE, e);
	if (rc == 0)
		rc = journal_open(&rs->journal, rs->ck, e);
	if (rc == 0)
		rc = read_record(rs->ck, &rs->arena, &rec, e);
	if (rc == 0)
		rc = decide_from(rs, &rec, e);
	if (rc == 0)
		rc = find_cursor(rs, &rec, e);
	if (rc == 0)
		rc = journal_prune(rs->journal, rs->ck->generation, rec.seq, e);
	if (rc != 0)
		return rc;
	rs->next = journal_last(rs->journal) + 1;
	rs->pruned_at = journal_lines(rs->journal);
	return 0;
}

int resume_open(struct resume **out, const char *ck, struct err *e)
{
	struct resume *rs = mem_zalloc(sizeof *rs);
	int rc = ck ? open_checkpoint(rs, ck, e) : 0;
	if (rc != 0) {
		resume_close(rs);
		return rc;
	}
	if (!ck)
		rs->next = 1;
	rs->last_ns = clock_mono_ns();
	*out = rs;
	return 0;
}

void resume_close(struct resume *rs)
{
	if (!rs)
		return;
	journal_close(rs->journal);
	ck_close(rs->ck);
	mem_free(rs->read_id);
	mem_free(rs->read_log);
	arena_release(&rs->arena);
	mem_free(rs);
}

const char *resume_stream(const struct resume *rs)
{
	return rs->ck ? rs->ck->stream : NULL;
}

int64_t resume_from(const struct resume *rs)
{
	return rs->from;
}

const char *resume_cursor(const struct resume *rs, size_t *n)
{
	*n = rs->ncursor;
	return rs->cursor;
}

bool resume_due(const struct resume *rs)
{
	return clock_mono_ns() - rs->last_ns >= RESUME_EVERY_NS;
}

void resume_whole(struct resume *rs, uint64_t records)
{
	rs->whole = true;
	rs->records = records;
}

void resume_read(struct resume *rs, const char *id, int64_t version, const char *log)
{
	mem_free(rs->read_id);
	mem_free(rs->read_log);
	rs->read_id = mem_strdup(id);
	rs->read_log = log ? mem_strdup(log) : NULL;
	rs->read_version = version;
}

/* Marks that were recorded while this run went on need their cursors no longer. */
static int prune_now_and_then(struct resume *rs, struct err *e)
{
	struct arena a = ARENA_INIT;
	struct ck_record rec;
	int rc = 0;
	if (journal_lines(rs->journal) < rs->pruned_at + PRUNE_EVERY)
		return 0;
	rc = read_record(rs->ck, &a, &rec, e);
	if (rc == 0 && rec.seq > 0)
		rc = journal_prune(rs->journal, rs->ck->generation, rec.seq, e);
	rs->pruned_at = journal_lines(rs->journal);
	arena_release(&a);
	return rc;
}

/* Is the closing mark END this run's word that it gave everything? */
static bool gave_all(const struct resume *rs, const char *end)
{
	return rs->whole && rs->from == 0 && end && strcmp(end, "done") == 0;
}

static int journal_it(struct resume *rs, const char *cursor, size_t n, const char *end, struct err *e)
{
	struct journal_entry en = { .seq = rs->next, .from = rs->from, .generation = rs->ck->generation,
		.at_us = clock_now_us(), .cursor = cursor, .ncursor = n, .end = end, .all = gave_all(rs, end) };
	int rc = prune_now_and_then(rs, e);
	return rc != 0 ? rc : journal_append(rs->journal, &en, e);
}

int resume_recorded(struct resume *rs, struct arena *a, const char **cursor, size_t *n, struct err *e)
{
	struct journal_entry en;
	struct ck_record rec;
	*cursor = NULL;
	int rc = rs->ck ? read_record(rs->ck, a, &rec, e) : 0;
	if (rc != 0 || !rs->ck || rec.seq <= 0)
		return rc;
	rc = journal_find(rs->ck, rs->ck->generation, rec.seq, a, &en, e);
	if (rc == 0) {
		*cursor = en.cursor;
		*n = en.ncursor;
	}
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

int resume_mark(struct resume *rs, const char *cursor, size_t n, const char *end, struct buf *line, struct err *e)
{
	struct mark m = MARK_INIT;
	if (!cursor) {
		cursor = "null";
		n = 4;
	}
	if (rs->ended)
		return err_set(e, ERR_DATA, "a mark after the closing mark");
	if (rs->ck) {
		int rc = journal_it(rs, cursor, n, end, e);
		if (rc != 0)
			return rc;
		m.stream = rs->ck->stream;
		m.from = rs->from;
		m.ck = rs->ck->path;
	}
	m.seq = rs->next++;
	m.cursor = cursor;
	m.ncursor = n;
	m.end = end;
	m.all = gave_all(rs, end);
	m.records = m.all ? (int64_t)rs->records : -1;
	m.read_id = rs->read_id;
	m.read_version = rs->read_version;
	m.read_log = rs->read_log;
	mark_print(&m, line);
	rs->last_ns = clock_mono_ns();
	rs->ended = end != NULL;
	return 0;
}

int resume_failed(struct resume *rs, struct buf *line, struct err *e)
{
	struct mark m = MARK_INIT;
	if (rs)
		return resume_mark(rs, rs->cursor, rs->ncursor, "error", line, e);
	m.seq = 1;
	m.cursor = "null";
	m.ncursor = 4;
	m.end = "error";
	mark_print(&m, line);
	return 0;
}
