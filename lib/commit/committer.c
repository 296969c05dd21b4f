/* SPDX-License-Identifier: MIT */
/* Reads the lines of the pipe and decides at each mark what is committed and what is passed on. */
#include "commit/committer.h"

#include "base/clock.h"
#include "base/mem.h"
#include "delta/about.h"

#include <string.h>

int committer_new(struct committer **out, const struct commit_opts *opts, struct err *e)
{
	struct committer *c = mem_zalloc(sizeof *c);
	int rc = 0;
	c->opts = *opts;
	c->from = c->last_seq = -1;
	c->last_commit_ns = clock_mono_ns();
	schema_init(&c->producer.schema);
	c->whole.last = (struct held_last)HELD_LAST_INIT;
	if (opts->replace_where)
		rc = expr_parse(&c->where, opts->replace_where, strlen(opts->replace_where), e);
	if (rc)
		err_wrap(e, "--replace-where");
	if (rc == 0 && opts->table)
		rc = store_open(&c->store, opts->table, e);
	if (rc) {
		committer_free(c);
		return rc;
	}
	*out = c;
	return 0;
}

void committer_free(struct committer *c)
{
	if (!c)
		return;
	about_metrics(c->sn, c->opts.metrics);
	group_release(&c->group);
	producer_release(&c->producer);
	whole_release(&c->whole);
	expr_free(c->where);
	delta_snapshot_free(c->sn);
	store_free(c->store);
	trust_release(&c->trust);
	mem_free(c->read_id);
	mem_free(c->read_log);
	mem_free(c->closing);
	mem_free(c->stream);
	mem_free(c->cursor);
	mem_free(c->end);
	mem_free(c);
}

static int take_table(struct committer *c, const struct mark *m, struct err *e)
{
	if (!m->table && c->group.nactions)
		return err_set(e, ERR_DATA, "the mark that closes these actions names no table: smpartition did not write them");
	if (!m->table)
		return c->store ? 0 : err_set(e, ERR_USAGE, "missing operand: TABLE (the mark does not name a table)");
	if (!c->store)
		return store_open(&c->store, m->table, e);
	if (!store_same(m->table, store_root(c->store)))
		return err_set(e, ERR_CONFLICT, "the mark is for table %s, not for %s", m->table, store_root(c->store));
	return 0;
}

static int take_stream(struct committer *c, const struct mark *m, struct err *e)
{
	if (!c->opened) {
		c->stream = m->stream ? mem_strdup(m->stream) : NULL;
		c->cursor = m->cursor ? mem_strndup(m->cursor, m->ncursor) : NULL;
		c->from = m->from;
		c->opened = true;
		whole_open(&c->whole, m);
		return 0;
	}
	if (!m->stream != !c->stream || (m->stream && strcmp(m->stream, c->stream) != 0))
		return err_set(e, ERR_DATA, "a mark of stream %s in a pipe of stream %s: a pipe carries only one stream",
			       m->stream ? m->stream : "(none)", c->stream ? c->stream : "(none)");
	if (m->from != c->from)
		return err_set(e, ERR_DATA, "this mark says that the stream resumed from %lld, the marks before it say from %lld", (long long)m->from,
			       (long long)c->from);
	return 0;
}

static int refresh(struct committer *c, struct err *e)
{
	int rc;
	if (c->sn) {
		rc = delta_snapshot_update(c->sn, DELTA_NEWEST, e);
		if (rc) {
			delta_snapshot_free(c->sn);
			c->sn = NULL;
		}
		return rc;
	}
	rc = delta_snapshot_open(&c->sn, c->store, DELTA_NEWEST, 0, e);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

/* The table knows better than the source: tell those behind us, who keep the checkpoint. */
static void put_recovered(struct committer *c, const struct mark *m, int64_t seq, struct buf *out)
{
	struct mark r = *m;
	r.seq = seq;
	r.cursor = NULL; /* that of SEQ stands in the journal */
	r.end = NULL;
	r.table = store_root(c->store);
	whole_tell(c, &r);
	r.recovered = true;
	mark_print(&r, out);
}

static void put_mark(struct committer *c, const struct mark *m, int64_t seq, struct buf *out)
{
	struct mark p = *m;
	if (c->stream)
		p.seq = seq;
	/* A table that is not there yet must not become what a checkpoint is held against. */
	p.table = c->sn ? store_root(c->store) : NULL;
	p.version = c->sn ? c->sn->version : -1;
	p.id = p.path = NULL; /* ours to say, whatever came */
	p.commit = -1;
	if (c->sn)
		whole_tell(c, &p);
	mark_print(&p, out);
}

static void put_commit(struct committer *c, const struct build_job *job, const struct delta_committed *done, struct buf *out)
{
	char t[48];
	size_t n = time_format(t, done->timestamp_ms * 1000, 3, true);
	buf_puts(out, "{\"commit\":{\"table\":");
	json_put_cstr(out, store_root(c->store));
	buf_printf(out, ",\"version\":%lld,\"timestamp\":\"%.*s\",\"operation\":", (long long)done->version, (int)n, t);
	json_put_cstr(out, job->operation);
	buf_printf(out, ",\"num_files\":%llu", (unsigned long long)job->files);
	if (job->rows_known)
		buf_printf(out, ",\"num_rows\":%llu", (unsigned long long)job->rows);
	buf_printf(out, ",\"bytes\":%llu,\"num_removed\":%llu", (unsigned long long)job->bytes, (unsigned long long)job->removed);
	if (c->stream) {
		buf_puts(out, ",\"stream\":");
		json_put_cstr(out, c->stream);
		buf_printf(out, ",\"seq\":%lld", (long long)job->m->seq);
	}
	buf_printf(out, ",\"attempts\":%u,\"checkpoint\":%s}}\n", done->attempts, done->checkpoint ? "true" : "false");
}

static void remember(struct committer *c, const struct mark *m)
{
	c->last_seq = c->stream ? m->seq : -1;
	c->last_commit_ns = clock_mono_ns();
	c->replaced = true;
	if (m->cursor) {
		mem_free(c->cursor);
		c->cursor = mem_strndup(m->cursor, m->ncursor);
	}
	group_clear(&c->group);
}

static void count_commit(struct committer *c, const struct build_job *job, const struct delta_committed *done, int rc, int64_t ns)
{
	struct metrics *m = c->opts.metrics;
	if (rc == 0 && done->version < 0)
		return;
	metrics_observe(m, METRIC_COMMIT_DURATION, ns);
	metrics_add(m, METRIC_CONFLICTS, (int64_t)done->attempts - (rc == 0 || job->ahead));
	if (rc)
		return;
	metrics_add(m, METRIC_COMMITS, 1);
	metrics_add(m, METRIC_FILES_ADDED, (int64_t)job->files);
	metrics_add(m, METRIC_FILES_REMOVED, (int64_t)job->removed);
	metrics_add(m, METRIC_ROWS_ADDED, job->rows_known ? (int64_t)job->rows : 0);
	metrics_add(m, METRIC_FILE_BYTES_ADDED, (int64_t)job->bytes);
}

static int commit_group(struct committer *c, const struct mark *m, struct buf *out, struct err *e)
{
	struct build_job job = { .c = c, .m = m };
	struct delta_committed done = { 0 };
	struct delta_commit_opts o = { .attempts = c->opts.attempts, .retry_for_ns = c->opts.retry_for_ns, .warn = c->opts.warn,
		.arg = c->opts.arg };
	int rc = c->opts.overwrite ? refresh(c, e) : 0;
	o.base = replace_base(c, m);
	o.has_base = o.base >= 0;
	bool own = o.has_base && read_is_sink(c, c->sn);
	int64_t began = clock_mono_ns();
	if (rc == 0) {
		rc = delta_commit(&c->sn, c->store, build_change, &job, &o, &done, e);
		count_commit(c, &job, &done, rc, clock_mono_ns() - began);
	}
	if (rc == ERR_CONFLICT && own)
		err_wrap(e, "the input was read from version %lld", (long long)o.base);
	if (rc && job.ahead)
		put_recovered(c, m, job.table_seq, out);
	if (rc == 0 && done.version >= 0)
		put_commit(c, &job, &done, out);
	if (rc == 0) {
		if (done.version >= 0)
			whole_committed(c, &job, done.version);
		remember(c, m);
		struct err again;
		if (!c->sn && refresh(c, &again)) /* the commit stands; what went wrong behind it was told */
			c->sn = NULL;
		put_mark(c, m, m->seq, out);
	}
	arena_release(&job.arena);
	return rc;
}

static bool cursor_moved(const struct committer *c, const struct mark *m)
{
	if (!m->cursor)
		return false;
	return !c->cursor || strlen(c->cursor) != m->ncursor || memcmp(c->cursor, m->cursor, m->ncursor) != 0;
}

/* A mark without actions. Its seq must not run ahead of the table's, or the cursor that the table still needs is
 * pruned; a cursor that moved is made lasting when the stream ends, and now and then. */
static int pass_mark(struct committer *c, const struct mark *m, struct buf *out, struct err *e)
{
	struct build_job job = { .c = c, .m = m };
	int rc = refresh(c, e);
	if (rc == 0)
		rc = build_check_seq(&job, c->sn, e);
	if (rc == 0)
		rc = read_check_append(c, c->sn, e);
	if (rc) {
		if (job.ahead)
			put_recovered(c, m, job.table_seq, out);
		return rc;
	}
	bool due = m->end || clock_mono_ns() - c->last_commit_ns >= COMMIT_TXN_EVERY_NS;
	if (c->stream && c->sn && due && m->seq > job.table_seq && cursor_moved(c, m))
		return commit_group(c, m, out, e);
	put_mark(c, m, job.table_seq, out);
	return 0;
}

static int check_seq(const struct committer *c, const struct mark *m, struct err *e)
{
	int64_t least = c->last_seq >= 0 ? c->last_seq : c->from;
	if (!c->stream || m->seq > least)
		return 0;
	return err_set(e, ERR_DATA, "a mark with seq %lld closes actions after seq %lld: seqs must increase",
		       (long long)m->seq, (long long)least);
}

/* An overwrite is one commit, however many marks the stream has: they wait for its end, which must be a good one. */
static int overwrite_mark(struct committer *c, const struct mark *m, bool first, struct buf *out, struct err *e)
{
	if (m->end) {
		int rc = check_seq(c, m, e);
		return rc ? rc : replace_allowed(c, m, e);
	}
	if (!first)
		return 0; /* marks are cumulative */
	struct build_job job = { .c = c, .m = m };
	int rc = refresh(c, e);
	if (rc == 0)
		rc = build_check_seq(&job, c->sn, e);
	if (rc == 0)
		put_mark(c, m, job.table_seq, out);
	else if (job.ahead)
		put_recovered(c, m, job.table_seq, out);
	return rc;
}

static int take_mark(struct committer *c, const struct mark *m, struct buf *out, struct err *e)
{
	bool first = !c->opened, trusted;
	int rc = trust_mark(&c->trust, m, &trusted, e);
	if (rc == 0)
		rc = read_take(c, m, e);
	if (rc == 0)
		rc = take_table(c, m, e);
	if (rc == 0)
		rc = take_stream(c, m, e);
	if (rc)
		return rc;
	mark_tell(m, c->opts.metrics);
	if (m->end) {
		c->ended = true;
		mem_free(c->end);
		c->end = mem_strdup(m->end);
	}
	if (c->opts.overwrite)
		return overwrite_mark(c, m, first, out, e);
	/* A stream goes on behind what it has committed; without one the input is given again, and its rows would come twice. */
	if (!c->stream && m->end && strcmp(m->end, "error") == 0)
		return err_set(e, ERR_IO, "the source ended with an error: %zu actions after its last mark were not committed",
			       c->group.nactions);
	if (c->group.nactions == 0)
		return pass_mark(c, m, out, e);
	rc = check_seq(c, m, e);
	return rc ? rc : commit_group(c, m, out, e);
}

static int take_action(struct committer *c, const char *line, size_t n, struct err *e)
{
	size_t had = c->group.nmetadata;
	metrics_add(c->opts.metrics, METRIC_RECORDS_IN, 1);
	int rc = group_add_line(&c->group, line, n, e);
	return rc == 0 && c->group.nmetadata > had ? fit_take_metadata(c, &c->group.metadata, had > 0, e) : rc;
}

int committer_line(struct committer *c, const char *line, size_t n, struct buf *out, struct err *e)
{
	if (c->ended)
		return err_set(e, ERR_DATA, "a line after the closing mark");
	if (mark_is(line, n)) {
		struct arena a = ARENA_INIT;
		struct mark m;
		int rc = mark_parse(&m, &a, line, n, e);
		if (rc == 0)
			rc = take_mark(c, &m, out, e);
		if (rc == 0 && m.end && c->opts.overwrite)
			c->closing = mem_strndup(line, n);
		arena_release(&a);
		return rc;
	}
	if (delta_action_is(line, n))
		return take_action(c, line, n, e);
	return err_set(e, ERR_DATA, "neither an action nor a mark (use smpartition to turn records into actions)");
}

/* Two inputs one behind the other (xargs, cat) end twice: only now is it known that this was the whole. */
static int replace(struct committer *c, struct buf *out, struct err *e)
{
	struct arena a = ARENA_INIT;
	struct mark m;
	int rc = mark_parse(&m, &a, c->closing, strlen(c->closing), e);
	if (rc == 0)
		rc = commit_group(c, &m, out, e);
	arena_release(&a);
	return rc;
}

int committer_end(struct committer *c, struct buf *out, struct err *e)
{
	if (c->closing)
		return replace(c, out, e);
	if (c->ended)
		return 0;
	if (c->group.nactions)
		return err_set(e, ERR_IO, "the input ended without a closing mark: %zu actions were not committed",
			       c->group.nactions);
	return err_set(e, ERR_IO, "the input ended without a closing mark");
}
