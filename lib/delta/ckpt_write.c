/* SPDX-License-Identifier: MIT */
/* Writes a snapshot as a log checkpoint, and _last_checkpoint. */
#include "delta/checkpoint.h"

#include "base/mem.h"
#include "base/num.h"
#include "delta/ckpt_type.h"
#include "parquet/writer.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define ROWS 4096
#define INTERVAL 10
#define RETENTION_MS INT64_C(604800000)
#define LAST_CHECKPOINT DELTA_LOG_DIR "/_last_checkpoint"

struct ckpt {
	const struct delta_snapshot *sn;
	struct arena arena;        /* cleared with each batch */
	struct type type;
	struct batch batch;
	struct pq_writer *w;
	uint64_t rows, adds;
	int64_t oldest_tombstone;  /* those deleted before it are left out */
	struct arena types;
};

static struct column *child(struct column *c, const char *name)
{
	ptrdiff_t i = type_find(c->type, name, strlen(name), false);
	return i < 0 ? NULL : &c->child[i];
}

static void put_text(struct column *c, const char *name, const char *s, size_t n)
{
	struct column *to = child(c, name);
	if (!to)
		return;
	if (s)
		column_add_bytes(to, s, n);
	else
		column_add_null(to);
}

static void put_string(struct column *c, const char *name, const char *s)
{
	put_text(c, name, s, s ? strlen(s) : 0);
}

static void put_i64(struct column *c, const char *name, int64_t v)
{
	struct column *to = child(c, name);
	if (to)
		column_add_i64(to, v);
}

static void put_opt(struct column *c, const char *name, int64_t v)
{
	struct column *to = child(c, name);
	if (!to)
		return;
	if (v >= 0)
		column_add_i64(to, v);
	else
		column_add_null(to);
}

static void put_bool(struct column *c, const char *name, bool v)
{
	column_add_bool(child(c, name), v);
}

static void put_map(struct column *c, const char *name, const struct delta_map *m)
{
	struct column *to = child(c, name);
	for (size_t i = 0; i < m->n; i++) {
		column_add_bytes(&to->child[0], m->v[i].key, strlen(m->v[i].key));
		if (m->v[i].value)
			column_add_bytes(&to->child[1], m->v[i].value, m->v[i].nvalue);
		else
			column_add_null(&to->child[1]);
	}
	column_add_list(to);
}

static void put_names(struct column *c, const char *name, const struct delta_names *names)
{
	struct column *to = child(c, name);
	if (!names->given) {
		column_add_null(to);
		return;
	}
	for (size_t i = 0; i < names->n; i++)
		column_add_bytes(&to->child[0], names->v[i], strlen(names->v[i]));
	column_add_list(to);
}

/* Tags are kept as JSON text: an object of strings and nulls. */
static void put_tags(struct ckpt *k, struct column *c, const char *tags)
{
	struct json *root = NULL;
	struct column *to = child(c, "tags");
	struct err e;
	if (!tags || json_parse(&root, &k->arena, tags, strlen(tags), &e)) {
		column_add_null(to);
		return;
	}
	for (const struct json *v = root->child; v; v = v->next) {
		column_add_bytes(&to->child[0], v->key, v->nkey);
		if (v->type == JSON_STRING)
			column_add_bytes(&to->child[1], v->str, v->nstr);
		else if (v->type == JSON_NULL)
			column_add_null(&to->child[1]);
		else
			column_add_bytes(&to->child[1], v->raw, v->nraw);
	}
	column_add_list(to);
}

static void put_dv(struct column *c, const struct delta_dv *dv)
{
	struct column *to = child(c, "deletionVector");
	if (!to)
		return;
	if (!dv) {
		column_add_null(to);
		return;
	}
	column_add_struct(to);
	put_text(to, "storageType", &dv->storage, 1);
	put_string(to, "pathOrInlineDv", dv->path_or_inline);
	put_opt(to, "offset", dv->offset);
	put_i64(to, "sizeInBytes", dv->size);
	put_i64(to, "cardinality", dv->cardinality);
	put_opt(to, "maxRowIndex", dv->max_row);
}

static void put_add(struct ckpt *k, struct column *c, const struct delta_add *f)
{
	put_string(c, "path", f->raw_path);
	put_map(c, "partitionValues", &f->partition_values);
	put_i64(c, "size", f->size);
	put_i64(c, "modificationTime", f->modified_ms);
	put_bool(c, "dataChange", false); /* a checkpoint changes nothing */
	put_tags(k, c, f->tags);
	put_text(c, "stats", f->stats, f->nstats);
	put_dv(c, f->dv);
	put_opt(c, "baseRowId", f->base_row_id);
	put_opt(c, "defaultRowCommitVersion", f->default_row_commit_version);
	put_string(c, "clusteringProvider", f->clustering_provider);
}

static void put_remove(struct column *c, const struct delta_add *f)
{
	put_string(c, "path", f->raw_path);
	put_i64(c, "deletionTimestamp", f->deleted_ms);
	put_bool(c, "dataChange", false);
	put_bool(c, "extendedFileMetadata", f->extended);
	if (f->extended)
		put_map(c, "partitionValues", &f->partition_values);
	else
		column_add_null(child(c, "partitionValues"));
	put_opt(c, "size", f->extended ? f->size : -1);
	put_dv(c, f->dv);
	put_opt(c, "baseRowId", f->base_row_id);
	put_opt(c, "defaultRowCommitVersion", f->default_row_commit_version);
}

static void put_metadata(struct column *c, const struct delta_metadata *m)
{
	static const struct delta_map none = { NULL, 0 };
	static const struct delta_names no_names = { NULL, 0, true };
	struct column *format = child(c, "format");
	put_string(c, "id", m->id);
	put_string(c, "name", m->name);
	put_string(c, "description", m->description);
	column_add_struct(format);
	put_string(format, "provider", m->provider);
	put_map(format, "options", &none);
	put_text(c, "schemaString", m->schema_string, m->nschema_string);
	put_names(c, "partitionColumns", m->partition_columns.given ? &m->partition_columns : &no_names);
	put_map(c, "configuration", &m->configuration);
	put_opt(c, "createdTime", m->created_ms);
}

static void put_protocol(struct column *c, const struct delta_action *act)
{
	const struct delta_protocol *p = &act->protocol;
	put_i64(c, "minReaderVersion", p->min_reader);
	put_i64(c, "minWriterVersion", p->min_writer);
	put_names(c, "readerFeatures", &p->reader_features);
	put_names(c, "writerFeatures", &p->writer_features);
}

static const char *column_of(enum delta_kind kind)
{
	switch (kind) {
	case DELTA_TXN: return "txn";
	case DELTA_ADD: return "add";
	case DELTA_REMOVE: return "remove";
	case DELTA_METADATA: return "metaData";
	case DELTA_PROTOCOL: return "protocol";
	default: return "domainMetadata";
	}
}

static int flush(struct ckpt *k, struct err *e)
{
	const struct column *cols[8];
	for (size_t i = 0; i < k->batch.ncols; i++)
		cols[i] = &k->batch.col[i];
	int rc = k->batch.nrows ? pq_writer_append(k->w, cols, NULL, k->batch.nrows, e) : 0;
	batch_clear(&k->batch);
	arena_clear(&k->arena);
	return rc;
}

static int put_row(struct ckpt *k, const struct delta_action *act, struct err *e)
{
	ptrdiff_t at = type_find(&k->type, column_of(act->kind), strlen(column_of(act->kind)), false);
	struct column *c = &k->batch.col[at];
	for (size_t i = 0; i < k->batch.ncols; i++)
		if ((ptrdiff_t)i != at)
			column_add_null(&k->batch.col[i]);
	column_add_struct(c);
	switch (act->kind) {
	case DELTA_TXN:
		put_string(c, "appId", act->txn.app_id);
		put_i64(c, "version", act->txn.version);
		put_opt(c, "lastUpdated", act->txn.updated_ms);
		break;
	case DELTA_ADD: put_add(k, c, &act->add); break;
	case DELTA_REMOVE: put_remove(c, &act->add); break;
	case DELTA_METADATA: put_metadata(c, &act->metadata); break;
	case DELTA_PROTOCOL: put_protocol(c, act); break;
	default:
		put_string(c, "domain", act->domain.domain);
		put_string(c, "configuration", act->domain.configuration ? act->domain.configuration : "");
		put_bool(c, "removed", false);
	}
	k->batch.nrows++;
	k->rows++;
	return k->batch.nrows == ROWS ? flush(k, e) : 0;
}

static int put_files(struct ckpt *k, struct err *e)
{
	struct delta_iter it = DELTA_ITER_INIT;
	struct delta_action act;
	const struct delta_file *f;
	int rc = 0;
	while (rc == 0 && (f = delta_snapshot_next(k->sn, &it)) != NULL) {
		delta_file_add(k->sn, f, &act, &k->arena);
		k->adds++;
		rc = put_row(k, &act, e);
	}
	it.i = 0;
	while (rc == 0 && (f = delta_snapshot_next_tombstone(k->sn, &it)) != NULL) {
		if (f->deleted_ms < k->oldest_tombstone)
			continue;
		delta_file_remove(k->sn, f, f->deleted_ms, &act, &k->arena);
		rc = put_row(k, &act, e);
	}
	return rc;
}

static int put_all(struct ckpt *k, struct err *e)
{
	struct delta_action act = { .kind = DELTA_PROTOCOL, .protocol = k->sn->protocol };
	struct delta_iter it = DELTA_ITER_INIT;
	const struct delta_txn *t;
	const struct delta_domain *d;
	int rc = put_row(k, &act, e);
	if (rc == 0) {
		act = (struct delta_action){ .kind = DELTA_METADATA, .metadata = k->sn->metadata };
		rc = put_row(k, &act, e);
	}
	while (rc == 0 && (t = delta_snapshot_next_txn(k->sn, &it)) != NULL) {
		act = (struct delta_action){ .kind = DELTA_TXN, .txn = *t };
		rc = put_row(k, &act, e);
	}
	it.i = 0;
	while (rc == 0 && (d = delta_snapshot_next_domain(k->sn, &it)) != NULL) {
		act = (struct delta_action){ .kind = DELTA_DOMAIN, .domain = *d };
		rc = put_row(k, &act, e);
	}
	if (rc == 0)
		rc = put_files(k, e);
	return rc ? rc : flush(k, e);
}

/* Columns that no row of this table fills are left out. */
static unsigned parts_of(const struct delta_snapshot *sn)
{
	struct delta_iter it = DELTA_ITER_INIT;
	unsigned parts = CKPT_STATS;
	if (delta_snapshot_next_domain(sn, &it))
		parts |= CKPT_DOMAINS;
	for (int dead = 0; dead < 2; dead++) {
		const struct delta_file *f;
		it.i = 0;
		while ((f = dead ? delta_snapshot_next_tombstone(sn, &it) : delta_snapshot_next(sn, &it)) != NULL) {
			if (!f->more)
				continue;
			if (f->more->dv)
				parts |= CKPT_DV;
			if (f->more->base_row_id >= 0 || f->more->default_row_commit_version >= 0 || f->more->clustering_provider)
				parts |= CKPT_ROW_IDS;
		}
	}
	return parts;
}

/* `interval 1 week`, `7 days`: FALLBACK when it is missing or not understood. */
static int64_t interval_ms(const char *s, int64_t fallback)
{
	static const struct { const char *unit; int64_t ms; } units[] = { { "millisecond", 1 }, { "second", 1000 },
		{ "minute", 60000 }, { "hour", 3600000 }, { "day", 86400000 }, { "week", 604800000 } };
	int64_t n;
	if (!s)
		return fallback;
	if (strncasecmp(s, "interval ", 9) == 0)
		s += 9;
	size_t digits = strspn(s, "0123456789");
	const char *unit = s + digits + strspn(s + digits, " ");
	if (!num_i64(s, digits, &n) || n > 1000000)
		return fallback;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		size_t len = strlen(units[i].unit);
		if (strncasecmp(unit, units[i].unit, len) == 0 && (!unit[len] || strcasecmp(unit + len, "s") == 0))
			return n * units[i].ms;
	}
	return fallback;
}

static int put_last(const struct ckpt *k, uint64_t size, struct err *e)
{
	struct buf b = BUF_INIT;
	if (delta_last_checkpoint(k->sn->store) > k->sn->version)
		return 0; /* another writer is further on */
	buf_printf(&b, "{\"version\":%lld,\"size\":%llu,\"sizeInBytes\":%llu,\"numOfAddFiles\":%llu}",
		   (long long)k->sn->version, (unsigned long long)k->rows, (unsigned long long)size, (unsigned long long)k->adds);
	int rc = store_put(k->sn->store, LAST_CHECKPOINT, b.p, b.n, e);
	buf_release(&b);
	return rc;
}

int delta_checkpoint_write(const struct delta_snapshot *sn, int64_t now_ms, struct err *e)
{
	struct ckpt k = { .sn = sn, .arena = ARENA_INIT, .types = ARENA_INIT };
	struct pq_writer_opts o = { .codec = PQ_SNAPPY };
	struct store_out *out = NULL;
	uint64_t size = 0;
	char name[80];
	k.oldest_tombstone = now_ms - interval_ms(delta_property(sn, "delta.deletedFileRetentionDuration"), RETENTION_MS);
	snprintf(name, sizeof name, "%s/%020lld.checkpoint.parquet", DELTA_LOG_DIR, (long long)sn->version);
	ckpt_type(&k.type, parts_of(sn), &k.types);
	batch_init(&k.batch, &k.type);
	int rc = store_out_open_replace(&out, sn->store, name, e);
	struct pq_sink sink = { store_out_write, out };
	if (rc == 0)
		rc = pq_writer_new(&k.w, &k.type, &sink, &o, e);
	if (rc == 0)
		rc = put_all(&k, e);
	if (rc == 0)
		rc = pq_writer_finish(k.w, NULL, &size, e);
	pq_writer_free(k.w);
	if (rc == 0)
		rc = store_out_close(out, e);
	else
		store_out_abort(out);
	if (rc == 0)
		rc = put_last(&k, size, e);
	batch_release(&k.batch);
	arena_release(&k.arena);
	arena_release(&k.types);
	return rc;
}

bool delta_checkpoint_due(const struct delta_snapshot *sn, int64_t version)
{
	const char *text = delta_property(sn, "delta.checkpointInterval");
	int64_t every;
	if (!text || !num_i64(text, strlen(text), &every) || every < 1)
		every = INTERVAL;
	return version > 0 && version % every == 0;
}

int64_t delta_last_checkpoint(struct store *s)
{
	struct buf b = BUF_INIT;
	struct arena a = ARENA_INIT;
	struct json *root;
	struct err e;
	int64_t version = -1;
	if (store_get(s, LAST_CHECKPOINT, (size_t)16 << 20, &b, &e) == 0 && json_parse(&root, &a, b.p, b.n, &e) == 0) {
		const struct json *v = json_get(root, "version");
		if (!v || !json_i64(v, &version))
			version = -1;
	}
	arena_release(&a);
	buf_release(&b);
	return version;
}
