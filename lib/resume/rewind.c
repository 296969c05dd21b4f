/* SPDX-License-Identifier: MIT */
/* Begin a stream's next generation, at the start or where its table is; or take the table as it is. */
#include "resume/rewind.h"

#include "base/clock.h"
#include "base/num.h"
#include "delta/commit.h"
#include "delta/held.h"
#include "resume/table.h"
#include "stream/journal.h"
#include "stream/mark.h"

#include <string.h>

#define STATE_MAX ((size_t)1 << 30)

/* One of these acts. */
struct act {
	struct rewound *w;
	struct ck *ck;
	struct journal *journal;
	struct ck_record rec;      /* stream NULL: nothing was recorded of this generation */
	struct table t;
	bool has_table;
};

static int begin(struct act *a, struct rewound *w, const char *path, struct err *e)
{
	*a = (struct act){ .w = w };
	*w = (struct rewound){ .arena = ARENA_INIT, .version = -1 };
	int rc = ck_open(&a->ck, path, CK_LOCK, e);
	if (rc == 0)
		rc = ck_record_read(a->ck, &w->arena, &a->rec, e);
	if (rc == ERR_NOT_FOUND && a->ck)
		rc = 0;
	if (rc == 0 && a->rec.stream && strcmp(a->rec.stream, a->ck->stream) != 0)
		a->rec = (struct ck_record)CK_RECORD_INIT;
	w->table = a->rec.table;
	return rc;
}

static int finish(struct act *a, int r)
{
	if (r == 0) {
		a->w->ck = arena_strdup(&a->w->arena, a->ck->path);
		a->w->stream = arena_strdup(&a->w->arena, a->ck->stream);
	}
	if (a->has_table)
		table_release(&a->t);
	journal_close(a->journal);
	ck_close(a->ck);
	if (r != 0)
		rewind_release(a->w);
	return r;
}

void rewind_release(struct rewound *w)
{
	arena_release(&w->arena);
	*w = (struct rewound){ .arena = ARENA_INIT, .version = -1 };
}

static int open_table(struct act *a, struct err *e)
{
	if (!a->rec.table)
		return err_set(e, ERR_CONFLICT, "checkpoint %s has recorded no table of stream %s", a->ck->path, a->ck->stream);
	int rc = table_open(&a->t, a->rec.table, e);
	a->has_table = rc == 0;
	return rc == ERR_NOT_FOUND ? err_set(e, ERR_CONFLICT, "checkpoint %s has recorded table %s, but there is no table", a->ck->path,
					    a->rec.table) : rc;
}

static int next_generation(struct act *a, struct err *e)
{
	a->w->new_generation = true;
	return ck_next_generation(a->ck, e);
}

int rewind_start(struct rewound *w, const char *ck, struct err *e)
{
	struct act a;
	int rc = begin(&a, w, ck, e);
	if (rc == 0)
		rc = next_generation(&a, e);
	return finish(&a, rc);
}

/* The commit that begins a generation in the middle. */
struct fence {
	const char *old, *new;     /* names of the stream */
	int64_t had, seq;          /* the table's txn of the old, the seq of the new */
	const struct journal_entry *en;
	char *id;                  /* of the stream, whatever its generation */
	int64_t version;           /* that the stream's last held commit must have; -1: it is not asked for */
};

static bool any_generation(void *arg, const char *app_id)
{
	size_t n = strlen(arg);
	return strncmp(app_id, arg, n) == 0 && (app_id[n] == '\0' || app_id[n] == '.');
}

static int64_t txn_of(const struct delta_snapshot *sn, const char *stream)
{
	int64_t seq;
	return delta_snapshot_txn(sn, stream, &seq) ? seq : 0;
}

/* The table must be as it was when the place was looked up. */
static int unchanged(const struct fence *f, const struct delta_snapshot *sn, struct err *e)
{
	struct arena a = ARENA_INIT;
	struct held_commit c = { .version = f->version };
	int rc = f->version >= 0 ? held_find(sn, any_generation, f->id, &a, &c, e) : 0;
	arena_release(&a);
	if (rc == 0 && (c.version != f->version || txn_of(sn, f->old) != f->had))
		rc = err_set(e, ERR_RETRY, "the table %s was changed in the meantime: try again", store_root(sn->store));
	return rc;
}

static int build_fence(void *arg, const struct delta_snapshot *sn, struct delta_change *c, struct err *e)
{
	const struct fence *f = arg;
	if (!sn)
		return err_set(e, ERR_CONFLICT, "the table does not exist");
	int rc = unchanged(f, sn, e);
	if (rc != 0)
		return rc;
	struct mark m = MARK_INIT;
	struct buf mark = BUF_INIT;
	int64_t ms = clock_now_us() / 1000;
	struct delta_action of_new = { .kind = DELTA_TXN, .txn = { f->new, f->seq, ms } },
			    of_old = { .kind = DELTA_TXN, .txn = { f->old, f->seq, ms } };
	c->operation = HELD_REWIND;
	c->blind_append = true;
	if (f->en->cursor)
		delta_action_print(&of_new, &c->actions);
	delta_action_print(&of_old, &c->actions);
	m.stream = f->new;
	m.from = 0;
	m.seq = f->seq;
	m.cursor = f->en->cursor ? f->en->cursor : "null";
	m.ncursor = f->en->cursor ? f->en->ncursor : 4;
	mark_print(&m, &mark);
	buf_puts(&c->info, ",\"mark\":");
	buf_put(&c->info, mark.p + MARK_PREFIX_LEN, mark.n - MARK_PREFIX_LEN - 2);
	buf_release(&mark);
	return 0;
}

struct states {
	struct ck *ck;
	int64_t from, to;
};

/* A tool's state of the old seq is that of the new one. One that is gone is the tool's own affair: it says so. */
static int copy_state(void *arg, const struct store_entry *entry, struct err *e)
{
	const struct states *s = arg;
	struct buf old = BUF_INIT, new = BUF_INIT, text = BUF_INIT;
	if (!entry->dir)
		return 0;
	buf_printf(&old, "state/%s/%lld", entry->name, (long long)s->from);
	buf_printf(&new, "state/%s/%lld", entry->name, (long long)s->to);
	int rc = store_get(s->ck->store, buf_cstr(&old), STATE_MAX, &text, e);
	if (rc == 0)
		rc = store_put(s->ck->store, buf_cstr(&new), text.p ? text.p : "", text.n, e);
	buf_release(&old);
	buf_release(&new);
	buf_release(&text);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

/* Begin the next generation behind the seq FROM with its CURSOR, NULL: from the start. CHECK: the last held commit must still be version
 * CHECK then; -1: any. What the generation counts as its last commit is the fence: a RESTORE to before it would bring back
 * rows that are read again. */
static int begin_at(struct act *a, int64_t from, const char *cursor, size_t ncursor, int64_t check, struct err *e)
{
	struct ck *ck = a->ck;
	struct delta_committed done;
	int rc = journal_open(&a->journal, ck, e);
	if (rc != 0)
		return rc;
	/* A checkpoint that was copied back knows less than the table: a seq is never used twice, and no txn is set back. */
	int64_t had = txn_of(a->t.sn, ck->stream), last = journal_last(a->journal);
	int64_t seq = (had > last ? had : last) + 1;
	struct journal_entry en = { .seq = seq, .generation = ck->generation + 1, .at_us = clock_now_us(), .cursor = cursor,
		.ncursor = ncursor };
	struct states st = { ck, from, seq };
	const char *old = arena_strdup(&a->w->arena, ck->stream);
	const char *new = arena_printf(&a->w->arena, "%s.%lld", ck->id, (long long)ck->generation + 1);
	struct fence f = { old, new, had, seq, &en, ck->id, check };
	if (cursor)
		rc = journal_append(a->journal, &en, e);
	if (rc == 0 && cursor)
		rc = store_list(ck->store, "state", copy_state, &st, e);
	if (rc == 0)
		rc = delta_commit(&a->t.sn, a->t.store, build_fence, &f, NULL, &done, e);
	if (rc == 0 && !a->t.sn)
		rc = delta_snapshot_open(&a->t.sn, a->t.store, done.version, DELTA_ANY_PROTOCOL, e);
	if (rc == 0)
		rc = next_generation(a, e);
	if (rc != 0)
		return rc;
	a->w->seq = cursor ? seq : 0;
	struct ck_record rec = { .stream = ck->stream, .table = a->rec.table, .seq = a->w->seq, .version = done.version,
		.id = a->t.sn->metadata.id, .commit = done.version };
	return ck_record_put(ck, &rec, e);
}

int rewind_to_table(struct rewound *w, const char *path, struct err *e)
{
	struct held_commit c;
	struct act a;
	int rc = begin(&a, w, path, e);
	if (rc == 0)
		rc = open_table(&a, e);
	if (rc == 0)
		rc = held_find(a.t.sn, any_generation, a.ck->id, &w->arena, &c, e);
	if (rc != 0)
		return finish(&a, rc);
	/* A null cursor is the start, be it of the first generation or of one that was rewound to it. */
	bool start = c.version < 0 || !c.cursor || (c.ncursor == 4 && memcmp(c.cursor, "null", 4) == 0);
	w->gone = c.gone || (c.version >= 0 && !c.cursor);
	w->version = start ? -1 : c.version;
	rc = begin_at(&a, c.seq, start ? NULL : c.cursor, c.ncursor, c.version, e);
	return finish(&a, rc);
}

/* Continue behind SEQ. It is a generation of its own, whose first commit says so in the table too: CK/table alone would forget it with the
 * next commit, and a later rewind would read again what was accepted. */
static int accept_at(struct act *a, int64_t seq, struct err *e)
{
	struct journal_entry en = { .cursor = NULL };
	struct held_commit c;
	int rc = seq > 0 ? journal_find(a->ck, a->ck->generation, seq, &a->w->arena, &en, e) : 0;
	/* The commit of one who died before CK heard of it. */
	if (rc == ERR_NOT_FOUND && held_find(a->t.sn, any_generation, a->ck->id, &a->w->arena, &c, e) == 0 && c.seq == seq && c.cursor) {
		en.cursor = c.cursor;
		en.ncursor = c.ncursor;
		rc = 0;
	}
	if (rc == ERR_NOT_FOUND)
		return err_set(e, ERR_CONFLICT, "the journal of checkpoint %s has no seq %lld: it is not known where to continue (`smcheckpoint "
			       "rewind %s --table` asks the table)", a->ck->path, (long long)seq, a->ck->path);
	return rc != 0 ? rc : begin_at(a, seq, en.cursor, en.ncursor, -1, e);
}

int rewind_accept(struct rewound *w, const char *path, struct err *e)
{
	struct act a;
	int rc = begin(&a, w, path, e);
	if (rc == 0)
		rc = open_table(&a, e);
	if (rc != 0)
		return finish(&a, rc);
	int64_t had = txn_of(a.t.sn, a.ck->stream);
	rc = table_check(&a.t, &a.rec, a.ck->stream, a.ck->path, e);
	w->nothing = rc == 0 && a.rec.id;
	w->version = a.t.sn->version;
	w->seq = had;
	/* The table may not even be at the recorded seq: its cursor is still the journal's. */
	if (!w->nothing && (rc == 0 || rc == ERR_CONFLICT)) {
		rc = accept_at(&a, had < a.rec.seq ? a.rec.seq : had, e);
		w->version = rc == 0 ? a.t.sn->version : -1;
	}
	return finish(&a, rc);
}
