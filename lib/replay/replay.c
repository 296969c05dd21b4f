/* SPDX-License-Identifier: MIT */
/* Plans which files are read in which order, and hands their rows out. */
#include "replay/parts.h"

#include "base/mem.h"
#include "delta/about.h"
#include "delta/log.h"

struct replay {
	char hash[DELTA_LOG_HASH + 1]; /* of the commit of version `hashed` - 1; "": it is gone */
	int64_t hashed;
	struct replay_opts opts;     /* texts borrowed from the caller */
	struct store *store;
	struct delta_snapshot *snapshot;
	struct project project;
	struct replay_plan plan;
	struct feed feed;
	struct ring *ring;           /* several threads */
	struct reader reader;        /* one thread */
	bool reader_ready, reading;
	struct text text;
	int64_t version;             /* up to which all has been planned */
	uint64_t rows, matched;      /* of readers that are gone */
};

static int check_names(const struct project *p, struct err *e)
{
	static const char *const names[] = { "_change_type", "_commit_version", "_commit_timestamp" };
	for (size_t i = 0; i < 3; i++)
		if (type_find(&p->out, names[i], strlen(names[i]), true) >= 0)
			return err_set(e, ERR_USAGE, "the table has a column %s, whose name changes use themselves; use --select to leave it out",
				       names[i]);
	return 0;
}

static int open_snapshot(struct replay *r, struct err *e)
{
	struct replay_opts *o = &r->opts;
	int64_t version = o->changes ? o->last : o->version;
	int rc = 0;
	if (o->as_of && !o->changes)
		rc = delta_version_at(r->store, o->as_of_us, &version, e);
	bool stats = o->where || o->has_since || o->has_until || o->by_time;
	if (rc == 0)
		rc = delta_snapshot_open(&r->snapshot, r->store, version, stats ? DELTA_WITH_STATS : 0, e);
	if (rc)
		return rc;
	r->version = r->snapshot->version;
	if (o->changes && o->first > r->version)
		return err_set(e, ERR_NOT_FOUND, "version %lld does not exist yet; the newest is %lld", (long long)o->first,
			       (long long)r->version);
	return 0;
}

static int start_readers(struct replay *r, struct err *e)
{
	r->feed.next_unit = 0;
	r->feed.bytes = 0;
	about_version(r->snapshot, r->opts.metrics);
	if (r->opts.threads > 1)
		return ring_new(&r->ring, &r->feed, &r->project, &r->opts, e);
	if (r->reader_ready)
		return 0;
	r->reader_ready = true;
	return reader_init(&r->reader, &r->feed, &r->project, &r->opts, e);
}

static int make_plan(struct replay *r, struct err *e)
{
	struct replay_opts *o = &r->opts;
	replay_plan_init(&r->plan, &r->project);
	if (o->changes)
		return replay_plan_changes(&r->plan, &r->project, r->snapshot, o->first, r->version, true, e);
	return replay_plan_snapshot(&r->plan, &r->project, r->snapshot, o, e);
}

int replay_open(struct replay **out, const char *table, const struct replay_opts *o, struct err *e)
{
	struct replay *r = mem_zalloc(sizeof *r);
	*out = NULL;
	r->opts = *o;
	if (!r->opts.memory)
		r->opts.memory = REPLAY_MEMORY;
	r->feed.most = 4 * (size_t)r->opts.memory;
	pthread_mutex_init(&r->feed.lock, NULL);
	int rc = store_open(&r->store, table, e);
	if (rc == 0)
		rc = open_snapshot(r, e);
	if (rc == 0)
		rc = project_make(&r->project, r->snapshot, o, e);
	if (rc == 0 && o->changes)
		rc = check_names(&r->project, e);
	if (rc == 0)
		rc = make_plan(r, e);
	if (rc == 0) {
		r->feed.project = &r->project;
		r->feed.snapshot = r->snapshot;
		r->feed.plan = &r->plan;
		if (r->project.bound_where)
			r->feed.eval = expr_eval_new(r->project.bound_where);
		rc = start_readers(r, e);
	}
	if (rc) {
		replay_free(r);
		return rc;
	}
	*out = r;
	return 0;
}

void replay_free(struct replay *r)
{
	if (!r)
		return;
	ring_free(r->ring);
	if (r->reader_ready)
		reader_release(&r->reader);
	if (r->feed.open)
		replay_feed_release(&r->feed, &(struct claim){ .source = r->feed.open });
	expr_eval_free(r->feed.eval);
	pthread_mutex_destroy(&r->feed.lock);
	replay_plan_release(&r->plan);
	project_release(&r->project);
	delta_snapshot_free(r->snapshot);
	store_free(r->store);
	replay_text_release(&r->text);
	mem_free(r);
}

/* one thread: the caller's */
static int next_here(struct replay *r, struct err *e)
{
	for (;;) {
		if (!r->reading) {
			struct claim c;
			int rc = replay_feed_claim(&r->feed, &c, e);
			if (rc <= 0)
				return rc;
			rc = reader_start(&r->reader, &c, e);
			if (rc)
				return rc;
			r->reading = true;
		}
		int rc = reader_piece(&r->reader, &r->text, true, e);
		if (rc)
			return rc;
		reader_stop(&r->reader);
		r->reading = false;
	}
}

int replay_next(struct replay *r, struct replay_piece *p, struct err *e)
{
	const struct text *t = &r->text;
	int rc = r->ring ? ring_next(r->ring, &t, e) : r->opts.threads > 1 ? 0 : next_here(r, e);
	if (rc <= 0)
		return rc;
	*p = (struct replay_piece){ t->buf.p, t->buf.n, t->records, r->project.bound_time ? t->record : NULL,
		t->bad, t->nbad, t->bad_text.p };
	return 1;
}

/* Add up what readers did before they go. */
static void tally(struct replay *r, uint64_t *rows, uint64_t *matched)
{
	*rows = r->rows + r->reader.rows;
	*matched = r->matched + r->reader.matched;
	if (r->ring)
		ring_tally(r->ring, rows, matched);
}

int replay_more(struct replay *r, struct err *e)
{
	bool moved;
	int rc = delta_log_moved(r->store, r->version, &moved, e);
	if (rc || !moved)
		return rc;
	int64_t was = r->version;
	uint64_t rows, matched;
	const char *schema = r->snapshot->metadata.schema_string;
	rc = delta_snapshot_update(r->snapshot, DELTA_NEWEST, e);
	if (rc)
		return rc;
	if (schema != r->snapshot->metadata.schema_string && strcmp(schema, r->snapshot->metadata.schema_string))
		return err_set(e, ERR_CONFLICT, "the table's schema changed after version %lld; start again to continue with the new one",
			       (long long)was);
	tally(r, &rows, &matched);
	ring_free(r->ring);
	r->ring = NULL;
	r->rows = rows - r->reader.rows;
	r->matched = matched - r->reader.matched;
	replay_plan_clear(&r->plan);
	rc = replay_plan_changes(&r->plan, &r->project, r->snapshot, was + 1, r->snapshot->version, r->opts.changes, e);
	if (rc)
		return rc;
	r->version = r->snapshot->version;
	if (r->opts.by_time)
		replay_plan_sort_by_time(&r->plan);
	rc = start_readers(r, e);
	return rc ? rc : 1;
}

const char *replay_table_id(const struct replay *r)
{
	return r->snapshot->metadata.id;
}

const char *replay_table_log(struct replay *r)
{
	if (r->hashed != r->version + 1 && delta_log_hash(r->snapshot->store, r->version, r->hash, NULL) != 0)
		r->hash[0] = '\0';
	r->hashed = r->version + 1;
	return r->hash[0] ? r->hash : NULL;
}

void replay_head(const struct replay *r, struct buf *b)
{
	const struct csv_out_opts co = { .style = r->opts.csv, .flatten = r->opts.flatten };
	struct csv_out *head = csv_out_new(&r->project.out, &co);
	csv_out_head(head, b, !r->opts.changes ? NULL : r->opts.csv == CSV_TAB ? "\t_change_type\t_commit_version\t_commit_timestamp" :
										 ",_change_type,_commit_version,_commit_timestamp");
	csv_out_free(head);
}

void replay_count(const struct replay *r, struct replay_counts *c)
{
	struct feed *f = (struct feed *)&r->feed;
	pthread_mutex_lock(&f->lock);
	*c = f->counts;
	c->waiting_files = r->plan.n - f->next_unit;
	c->waiting_bytes = r->plan.bytes - f->bytes;
	pthread_mutex_unlock(&f->lock);
	c->version = r->version;
	c->files = r->plan.files;
	tally((struct replay *)r, &c->rows, &c->rows_matched);
}
