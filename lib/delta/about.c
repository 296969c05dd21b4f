/* SPDX-License-Identifier: MIT */
/* What a table, its commits and its files are, as JSON. */
#include "delta/about.h"

#include "base/clock.h"
#include "delta/log.h"
#include "delta/stats.h"

static void put_time(struct buf *b, int64_t ms)
{
	char t[48];
	size_t n = time_format(t, ms * 1000, 3, true);
	buf_putc(b, '"');
	buf_put(b, t, n);
	buf_putc(b, '"');
}

static void put_string(struct buf *b, const char *key, const char *s)
{
	if (!s)
		return;
	buf_printf(b, ",\"%s\":", key);
	json_put_cstr(b, s);
}

/* Members of a commitInfo that go on under a name of ours, as they are. */
static void put_member(struct buf *b, const char *key, const struct json *info, const char *name)
{
	const struct json *v = info ? json_get(info, name) : NULL;
	if (!v || v->type == JSON_NULL)
		return;
	buf_printf(b, ",\"%s\":", key);
	buf_put(b, v->raw, v->nraw);
}

void about_commit(struct buf *b, int64_t version, int64_t time_ms, const struct json *info)
{
	buf_printf(b, "{\"version\":%lld,\"timestamp\":", (long long)version);
	put_time(b, time_ms);
	put_member(b, "operation", info, "operation");
	put_member(b, "parameters", info, "operationParameters");
	put_member(b, "metrics", info, "operationMetrics");
	put_member(b, "read_version", info, "readVersion");
	put_member(b, "blind_append", info, "isBlindAppend");
	put_member(b, "isolation_level", info, "isolationLevel");
	put_member(b, "engine", info, "engineInfo");
	put_member(b, "user_metadata", info, "userMetadata");
	put_member(b, "txn_id", info, "txnId");
	put_member(b, "mark", info, "mark");
	buf_putc(b, '}');
}

static void put_partition(struct buf *b, const struct delta_snapshot *sn, const struct delta_file *f)
{
	buf_putc(b, '{');
	for (size_t i = 0; i < sn->npart; i++) {
		if (i)
			buf_putc(b, ',');
		json_put_cstr(b, sn->part_field[i]->name);
		buf_putc(b, ':');
		json_put_string_or_null(b, f->part[i].p, f->part[i].n);
	}
	buf_putc(b, '}');
}

void about_file(struct buf *b, const struct delta_snapshot *sn, const struct delta_file *f, struct arena *a)
{
	struct json *stats;
	struct err e;
	buf_puts(b, "{\"path\":");
	json_put_cstr(b, f->path);
	buf_printf(b, ",\"size\":%llu,\"modified\":", (unsigned long long)f->size);
	put_time(b, f->modified_ms);
	buf_puts(b, ",\"partition\":");
	put_partition(b, sn, f);
	int64_t rows = delta_stats_rows(f->stats, f->nstats, a);
	if (rows >= 0)
		buf_printf(b, ",\"rows\":%lld", (long long)rows);
	if (f->stats && json_parse(&stats, a, f->stats, f->nstats, &e) == 0 && stats->type == JSON_OBJECT) {
		buf_puts(b, ",\"stats\":");
		size_t from = b->n;
		buf_put(b, f->stats, f->nstats);
		for (size_t i = from; i < b->n; i++) /* white space between members may hold line breaks */
			if (b->p[i] == '\n' || b->p[i] == '\r')
				b->p[i] = ' ';
	}
	if (f->more && f->more->dv)
		buf_printf(b, ",\"deleted_rows\":%lld", (long long)f->more->dv->cardinality);
	buf_putc(b, '}');
}

void about_version(const struct delta_snapshot *sn, struct metrics *m)
{
	struct buf name = BUF_INIT;
	int64_t ms;
	if (!sn || !metrics_watched(m))
		return;
	metrics_label(m, METRICS_LABEL_TABLE, store_root(sn->store));
	metrics_set(m, METRIC_TABLE_VERSION, sn->version);
	metrics_set(m, METRIC_TABLE_FILES, (int64_t)sn->nfiles);
	metrics_set(m, METRIC_TABLE_BYTES, (int64_t)sn->bytes);
	delta_commit_name(&name, sn->version);
	if (store_stat(sn->store, buf_cstr(&name), NULL, &ms, NULL) == 0)
		metrics_set(m, METRIC_TABLE_COMMITTED, ms * 1000);
	buf_release(&name);
}

/* Commits that no checkpoint spares a reader. */
static int64_t since_checkpoint(const struct delta_snapshot *sn)
{
	struct delta_log l;
	int64_t newest = -1;
	delta_log_init(&l);
	if (delta_log_list(&l, sn->store, NULL) == 0)
		for (size_t i = 0; i < l.ncheckpoints; i++)
			if (l.checkpoints[i].version <= sn->version)
				newest = l.checkpoints[i].version;
	delta_log_release(&l);
	return sn->version - newest;
}

void about_metrics(const struct delta_snapshot *sn, struct metrics *m)
{
	struct delta_iter it = DELTA_ITER_INIT, old = DELTA_ITER_INIT;
	const struct delta_file *f;
	int64_t small = 0, tombstones = 0;
	if (!sn || !metrics_watched(m))
		return;
	while ((f = delta_snapshot_next(sn, &it)) != NULL)
		small += f->size < ABOUT_SMALL_FILE;
	while (delta_snapshot_next_tombstone(sn, &old))
		tombstones++;
	about_version(sn, m);
	metrics_set(m, METRIC_TABLE_SMALL, small);
	metrics_set(m, METRIC_TABLE_TOMBSTONES, tombstones);
	metrics_set(m, METRIC_TABLE_UNCHECKED, since_checkpoint(sn));
}

struct about_totals about_totals(const struct delta_snapshot *sn)
{
	struct about_totals t = { 0, 0 };
	struct arena a = ARENA_INIT;
	struct delta_iter it = DELTA_ITER_INIT;
	const struct delta_file *f;
	while ((f = delta_snapshot_next(sn, &it)) != NULL) {
		int64_t rows = delta_stats_rows(f->stats, f->nstats, &a);
		if (rows < 0 || t.rows < 0 || __builtin_add_overflow(t.rows, rows, &t.rows))
			t.rows = -1;
		if (f->more && f->more->dv)
			t.deleted += f->more->dv->cardinality;
		arena_clear(&a);
	}
	if (t.rows >= 0)
		t.rows -= t.deleted;
	arena_release(&a);
	return t;
}

static void put_names(struct buf *b, const char *key, const struct delta_names *names)
{
	buf_printf(b, "\"%s\":[", key);
	for (size_t i = 0; i < names->n; i++) {
		if (i)
			buf_putc(b, ',');
		json_put_cstr(b, names->v[i]);
	}
	buf_putc(b, ']');
}

static void put_protocol(struct buf *b, const struct delta_protocol *p)
{
	buf_printf(b, ",\"protocol\":{\"min_reader_version\":%d,\"min_writer_version\":%d", p->min_reader, p->min_writer);
	if (p->reader_features.given) {
		buf_putc(b, ',');
		put_names(b, "reader_features", &p->reader_features);
	}
	if (p->writer_features.given) {
		buf_putc(b, ',');
		put_names(b, "writer_features", &p->writer_features);
	}
	buf_putc(b, '}');
}

static void put_maps(struct buf *b, const struct delta_snapshot *sn)
{
	struct delta_iter it = DELTA_ITER_INIT;
	const struct delta_txn *t;
	bool any = false;
	buf_puts(b, ",\"properties\":{");
	for (size_t i = 0; i < sn->metadata.configuration.n; i++) {
		const struct delta_kv *kv = &sn->metadata.configuration.v[i];
		if (i)
			buf_putc(b, ',');
		json_put_cstr(b, kv->key);
		buf_putc(b, ':');
		json_put_string_or_null(b, kv->value, kv->nvalue);
	}
	buf_puts(b, "},\"txns\":{");
	while ((t = delta_snapshot_next_txn(sn, &it)) != NULL) {
		if (any)
			buf_putc(b, ',');
		json_put_cstr(b, t->app_id);
		buf_printf(b, ":%lld", (long long)t->version);
		any = true;
	}
	buf_putc(b, '}');
}

void about_table(struct buf *b, const struct delta_snapshot *sn)
{
	struct about_totals t = about_totals(sn);
	buf_puts(b, "{\"table\":");
	json_put_cstr(b, store_root(sn->store));
	buf_printf(b, ",\"version\":%lld", (long long)sn->version);
	put_string(b, "id", sn->metadata.id);
	put_string(b, "name", sn->metadata.name);
	put_string(b, "description", sn->metadata.description);
	if (sn->metadata.created_ms >= 0) {
		buf_puts(b, ",\"created\":");
		put_time(b, sn->metadata.created_ms);
	}
	buf_printf(b, ",\"num_files\":%zu,\"bytes\":%llu", sn->nfiles, (unsigned long long)sn->bytes);
	if (t.rows >= 0)
		buf_printf(b, ",\"num_rows\":%lld", (long long)t.rows);
	if (t.deleted)
		buf_printf(b, ",\"deleted_rows\":%lld", (long long)t.deleted);
	buf_putc(b, ',');
	put_names(b, "partition_columns", &sn->metadata.partition_columns);
	buf_puts(b, ",\"schema\":");
	schema_to_delta(&sn->schema, b);
	put_protocol(b, &sn->protocol);
	put_maps(b, sn);
	buf_putc(b, '}');
}
