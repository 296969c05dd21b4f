/* SPDX-License-Identifier: MIT */
/* Makes the change of one commit out of a group: what is created, added, removed and said about it. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/rand.h"
#include "commit/committer.h"
#include "delta/log.h"
#include "delta/protocol.h"

#include <stdlib.h>
#include <string.h>

int build_check_seq(struct build_job *job, const struct delta_snapshot *sn, struct err *e)
{
	struct committer *c = job->c;
	int64_t expected = c->last_seq >= 0 ? c->last_seq : c->from, seq = 0;
	if (!c->stream)
		return 0;
	if (!sn || !delta_snapshot_txn(sn, c->stream, &seq))
		seq = 0;
	job->table_seq = seq;
	/* Who made the stream's last commit may have died, or failed, before its name was durable; what we say of it now is
	 * recorded as safe. */
	if (seq > 0 && !c->synced && store_sync(c->store, DELTA_LOG_DIR, e))
		return e ? e->code : ERR_IO;
	c->synced = c->synced || seq > 0;
	if (seq < expected)
		return err_set(e, ERR_CONFLICT, "the table %s is behind its checkpoint: it has stream %s up to %lld, the checkpoint up to "
			       "%lld (was the table restored or replaced?)", store_root(c->store), c->stream,
			       (long long)seq, (long long)expected);
	int rc = whole_check(c, sn, seq > expected, e);
	if (rc || seq == expected)
		return rc;
	job->ahead = true;
	return err_set(e, ERR_RETRY, "the table %s already has stream %s up to %lld, beyond %lld, from which this run resumed: "
		       "nothing was committed; run the same line again", store_root(c->store), c->stream, (long long)seq, (long long)expected);
}

/* What one attempt works on. */
struct build {
	struct build_job *job;
	struct committer *c;
	const struct delta_snapshot *sn;
	struct delta_change *out;
	struct delta_metadata metadata;  /* that the table has after this commit */
	struct schema schema;            /* parsed from it */
	struct where *where;
	struct delta_text *text;         /* scratch: one a partition column */
	uint64_t removed_bytes;
	int64_t now_ms;
};

static void put_action(struct build *b, const struct delta_action *act)
{
	delta_action_print(act, &b->out->actions);
}

/* A new table: its protocol and metaData come with the actions. */
static int build_create(struct build *b, struct err *e)
{
	struct group *g = &b->c->group;
	struct delta_action act = { .kind = DELTA_PROTOCOL };
	if (!g->nmetadata)
		return err_set(e, ERR_DATA, "there is no table at %s and no metaData in the input to create it from",
			       store_root(b->c->store));
	b->metadata = g->metadata;
	int rc = schema_from_delta(&b->schema, b->metadata.schema_string, b->metadata.nschema_string, e);
	if (rc) {
		err_wrap(e, "metaData.schemaString");
		return rc;
	}
	if (g->has_protocol)
		act.protocol = g->protocol;
	else
		delta_protocol_for(&act.protocol, &b->schema, &b->job->arena);
	rc = delta_protocol_check_write(&act.protocol, &b->metadata, &b->schema, e);
	if (rc)
		return rc;
	put_action(b, &act);
	if (!*b->metadata.id) {
		char *id = arena_alloc(&b->job->arena, UUID_TEXT + 1);
		rand_uuid(id);
		b->metadata.id = id;
	}
	act = (struct delta_action){ .kind = DELTA_METADATA, .metadata = b->metadata };
	put_action(b, &act);
	return 0;
}

/* Features that our protocol asks for must be in force in the table. */
static int check_protocol(const struct build *b, struct err *e)
{
	const struct group *g = &b->c->group;
	for (size_t i = 0; g->has_protocol && i < g->protocol.reader_features.n; i++)
		if (!delta_protocol_reads(&b->sn->protocol, g->protocol.reader_features.v[i]))
			return err_set(e, ERR_CONFLICT, "the files need the feature '%s', which the table %s does not have",
				       g->protocol.reader_features.v[i], store_root(b->c->store));
	return 0;
}

static int build_metadata(struct build *b, struct err *e)
{
	struct committer *c = b->c;
	bool changed = false;
	int rc;
	schema_init(&b->schema);
	if (!b->sn)
		return build_create(b, e);
	b->metadata = b->sn->metadata;
	rc = check_protocol(b, e);
	if (rc == 0)
		rc = c->group.nmetadata ? fit_metadata(c, b->sn, &b->metadata, &changed, &b->job->arena, e)
					  : fit_unchanged(c, b->sn, b->job->m->version, e);
	if (rc == 0)
		rc = schema_from_delta(&b->schema, b->metadata.schema_string, b->metadata.nschema_string, e);
	if (rc == 0 && changed) {
		struct delta_action act = { .kind = DELTA_METADATA, .metadata = b->metadata };
		put_action(b, &act);
		b->out->blind_append = false;
	}
	return rc;
}

static int bad_add(const struct group_file *f, struct err *e)
{
	err_wrap(e, "add of %s", f->add.raw_path);
	return e ? e->code : ERR_DATA;
}

/* The partition values of an add, in the table's order, in b->text; they must be whole and of their columns' types. */
static int partition_text(struct build *b, const struct delta_add *add, struct err *e)
{
	const struct delta_names *cols = &b->metadata.partition_columns;
	const struct delta_map *m = &add->partition_values;
	for (size_t i = 0; i < cols->n; i++) {
		struct delta_value v;
		const struct field *f = schema_find(&b->schema, cols->v[i], strlen(cols->v[i]));
		if (!f)
			return err_set(e, ERR_DATA, "the partition column '%s' is not in the schema", cols->v[i]);
		if (!delta_map_get(m, cols->v[i]))
			return err_set(e, ERR_DATA, "partitionValues has no value for '%s'", cols->v[i]);
		b->text[i] = delta_map_text(m, cols->v[i]);
		int rc = delta_value_parse(&v, &f->type, b->text[i].p, b->text[i].n, e);
		if (rc) {
			err_wrap(e, "partition column '%s'", cols->v[i]);
			return rc;
		}
		if (v.null && !f->nullable)
			return err_set(e, ERR_DATA, "partition column '%s' must not be null", cols->v[i]);
	}
	if (m->n != cols->n)
		return err_set(e, ERR_DATA, "partitionValues has %zu columns, the table is partitioned by %zu", m->n, cols->n);
	return 0;
}

static int check_exists(struct build *b, struct group_file *f, struct err *e)
{
	uint64_t size;
	if (f->checked)
		return 0;
	int rc = store_stat(b->c->store, f->add.path, &size, NULL, e);
	if (rc == ERR_NOT_FOUND)
		return err_set(e, ERR_DATA, "the file does not exist");
	if (rc)
		return rc;
	if (size != (uint64_t)f->add.size)
		return err_set(e, ERR_DATA, "the file has %llu bytes; the action says %lld", (unsigned long long)size,
			       (long long)f->add.size);
	f->checked = true;
	return 0;
}

static int compare_paths(const void *a, const void *b)
{
	const struct group_file *const *x = a, *const *y = b;
	int rc = strcmp((*x)->add.path, (*y)->add.path);
	return rc ? rc : (*x > *y) - (*x < *y);
}

/* The group's adds by path; of several with one path the first counts. */
static struct group_file **adds_by_path(struct build *b, size_t *n)
{
	struct group *g = &b->c->group;
	struct group_file **v = arena_array(&b->job->arena, g->adds.n ? g->adds.n : 1, sizeof *v);
	for (size_t i = 0; i < g->adds.n; i++)
		v[i] = &g->adds.v[i];
	qsort(v, g->adds.n, sizeof *v, compare_paths);
	size_t k = 0;
	for (size_t i = 0; i < g->adds.n; i++)
		if (k == 0 || strcmp(v[k - 1]->add.path, v[i]->add.path) != 0)
			v[k++] = v[i];
	*n = k;
	return v;
}

static int build_add(struct build *b, struct group_file *f, struct err *e)
{
	struct build_job *job = b->job;
	const struct delta_file *have = b->sn ? delta_snapshot_find(b->sn, f->add.path, NULL) : NULL;
	bool match = true;
	if (have && have->live)
		return 0; /* an earlier commit has it: adding it again would say that it is new */
	if (f->add.dv)
		return err_set(e, ERR_DATA, "an add with a deletion vector");
	if (b->sn && delta_snapshot_names(b->sn, f->add.path))
		return err_set(e, ERR_CONFLICT, "the file was in the table and has since been removed");
	int rc = partition_text(b, &f->add, e);
	if (rc == 0)
		rc = check_exists(b, f, e);
	if (rc == 0 && b->where)
		rc = where_matches(b->where, b->text, &match, e);
	if (rc)
		return rc;
	if (!match)
		return err_set(e, ERR_DATA, "the partition values do not satisfy --replace-where");
	buf_put(&b->out->actions, f->line, f->nline);
	buf_putc(&b->out->actions, '\n');
	if (!job->files++)
		job->first_added = f->add.path;
	job->bytes += (uint64_t)f->add.size;
	if (f->rows >= 0)
		job->rows += (uint64_t)f->rows;
	else
		job->rows_known = false;
	return 0;
}

static int build_adds(struct build *b, struct err *e)
{
	size_t n;
	struct group_file **v = adds_by_path(b, &n);
	for (size_t i = 0; i < n; i++) {
		int rc = build_add(b, v[i], e);
		if (rc)
			return bad_add(v[i], e);
	}
	return 0;
}

static void remove_file(struct build *b, const struct delta_file *f)
{
	struct delta_action act;
	delta_file_remove(b->sn, f, b->now_ms, &act, &b->job->arena);
	put_action(b, &act);
	delta_change_remove(b->out, f->path);
	b->job->removed++;
	b->removed_bytes += f->size;
}

static bool group_adds(struct group_file **v, size_t n, const char *path)
{
	struct group_file key = { .add.path = path };
	size_t lo = 0, hi = n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int rc = strcmp(key.add.path, v[mid]->add.path);
		if (rc == 0)
			return true;
		if (rc < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return false;
}

/* Overwrite: every file that the predicate (or nothing) selects goes, but for those that come with this commit. */
static int build_replace(struct build *b, struct err *e)
{
	struct delta_iter it = DELTA_ITER_INIT;
	const struct delta_file *f;
	size_t n;
	struct group_file **v = adds_by_path(b, &n);
	while ((f = delta_snapshot_next(b->sn, &it)) != NULL) {
		bool match = true;
		int rc = b->where ? where_matches(b->where, f->part, &match, e) : 0;
		if (rc)
			return rc;
		if (match && !group_adds(v, n, f->path))
			remove_file(b, f);
	}
	return 0;
}

static int build_removes(struct build *b, struct err *e)
{
	struct group *g = &b->c->group;
	for (size_t i = 0; i < g->removes.n; i++) {
		const struct delta_add *rm = &g->removes.v[i].add;
		const struct delta_file *f = b->sn ? delta_snapshot_find(b->sn, rm->path, rm->dv ? rm->dv->id : NULL) : NULL;
		if (!f || !f->live)
			return err_set(e, ERR_CONFLICT, "remove of %s: the file is not in the table", rm->raw_path);
		remove_file(b, f);
		b->out->blind_append = false;
	}
	return 0;
}

static void put_member(struct buf *b, const char *key, const char *text, size_t n)
{
	if (b->n)
		buf_putc(b, ',');
	json_put_cstr(b, key);
	buf_putc(b, ':');
	json_put_string(b, text, n);
}

static void put_count(struct buf *b, const char *key, uint64_t v)
{
	char t[20];
	put_member(b, key, t, fmt_u64(t, v));
}

static void describe_mode(struct build *b)
{
	const struct committer *c = b->c;
	struct buf *p = &b->out->parameters, cols = BUF_INIT;
	bool replace = c->opts.overwrite && !c->replaced;
	put_member(p, "mode", replace ? "Overwrite" : "Append", replace ? 9 : 6);
	buf_putc(&cols, '[');
	for (size_t i = 0; i < b->metadata.partition_columns.n; i++) {
		if (i)
			buf_putc(&cols, ',');
		json_put_cstr(&cols, b->metadata.partition_columns.v[i]);
	}
	buf_putc(&cols, ']');
	put_member(p, "partitionBy", cols.p, cols.n);
	if (replace && c->opts.replace_where)
		put_member(p, "predicate", c->opts.replace_where, strlen(c->opts.replace_where));
	buf_release(&cols);
}

/* commitInfo: what people see in the history. */
static void describe(struct build *b)
{
	const struct committer *c = b->c;
	struct build_job *job = b->job;
	struct delta_change *out = b->out;
	struct buf mark = BUF_INIT;
	bool streaming = c->stream && !c->opts.overwrite;
	out->operation = job->operation = streaming ? "STREAMING UPDATE" : "WRITE";
	if (streaming) {
		put_member(&out->parameters, "outputMode", "Append", 6);
		put_member(&out->parameters, "queryId", c->stream, strlen(c->stream));
		put_count(&out->parameters, "epochId", (uint64_t)job->m->seq);
	} else {
		describe_mode(b);
	}
	put_count(&out->metrics, "numFiles", job->files);
	if (job->rows_known)
		put_count(&out->metrics, "numOutputRows", job->rows);
	put_count(&out->metrics, "numOutputBytes", job->bytes);
	if (job->removed) {
		put_count(&out->metrics, "numRemovedFiles", job->removed);
		put_count(&out->metrics, "numRemovedBytes", b->removed_bytes);
	}
	mark_print(job->m, &mark);
	buf_puts(&out->info, ",\"mark\":");
	/* {"$mark":{…}}\n without its wrapping */
	buf_put(&out->info, mark.p + MARK_PREFIX_LEN, mark.n - MARK_PREFIX_LEN - 2);
	buf_release(&mark);
	if (c->read_id) {
		buf_puts(&out->info, ",\"read\":");
		mark_put_read(&out->info, c->read_id, c->read_version, c->read_log);
	}
}

static void build_txns(struct build *b)
{
	const struct committer *c = b->c;
	struct delta_action act = { .kind = DELTA_TXN };
	for (size_t i = 0; i < c->group.ntxns; i++) {
		act.txn = c->group.txns[i];
		put_action(b, &act);
	}
	if (!c->stream)
		return;
	act.txn = (struct delta_txn){ c->stream, b->job->m->seq, b->now_ms };
	put_action(b, &act);
	whole_fence(c, b->sn, b->job->m->seq, b->now_ms, &b->out->actions);
}

static int reads_file(void *arg, const struct delta_snapshot *sn, const struct delta_add *add, bool *reads, struct err *e)
{
	struct committer *c = arg;
	struct where *w;
	*reads = true;
	int rc = where_new(&w, c->where, &sn->schema, &sn->metadata.partition_columns, e);
	if (rc)
		return rc;
	struct delta_text *text = mem_array(NULL, sn->npart ? sn->npart : 1, sizeof *text);
	for (size_t i = 0; i < sn->npart; i++)
		text[i] = delta_map_text(&add->partition_values, sn->metadata.partition_columns.v[i]);
	rc = where_matches(w, text, reads, e);
	mem_free(text);
	where_free(w);
	return rc;
}

static int build_all(struct build *b, struct err *e)
{
	struct committer *c = b->c;
	bool replace = c->opts.overwrite && !c->replaced;
	int rc = build_metadata(b, e);
	if (rc)
		return rc;
	b->job->id = arena_strdup(&b->job->arena, b->metadata.id);
	size_t npart = b->metadata.partition_columns.n;
	b->text = arena_array(&b->job->arena, npart ? npart : 1, sizeof *b->text);
	if (replace && c->where) {
		rc = where_new(&b->where, c->where, &b->schema, &b->metadata.partition_columns, e);
		if (rc)
			return rc;
	}
	if (replace) {
		b->out->blind_append = false;
		b->out->reads_all = !c->where;
		b->out->reads_file = c->where ? reads_file : NULL;
		b->out->reads_arg = c;
		rc = b->sn ? build_replace(b, e) : 0;
	}
	if (rc == 0)
		rc = build_removes(b, e);
	if (rc == 0)
		rc = build_adds(b, e);
	if (rc == 0)
		build_txns(b);
	return rc;
}

int build_change(void *arg, const struct delta_snapshot *sn, struct delta_change *out, struct err *e)
{
	struct build_job *job = arg;
	struct build b = { .job = job, .c = job->c, .sn = sn, .out = out, .now_ms = clock_now_us() / 1000 };
	arena_clear(&job->arena);
	job->first_added = NULL;
	job->files = job->removed = job->rows = job->bytes = 0;
	job->rows_known = true;
	out->blind_append = true;
	int rc = out->probe ? 0 : build_check_seq(job, sn, e);
	if (rc == 0)
		rc = read_check_append(job->c, sn, e);
	if (rc == 0)
		rc = build_all(&b, e);
	if (rc == 0)
		describe(&b);
	/* Without a stream nothing needs to be remembered of actions that the table has already. */
	if (rc == 0 && out->actions.n == 0)
		rc = DELTA_NOTHING;
	where_free(b.where);
	schema_release(&b.schema);
	return rc;
}
