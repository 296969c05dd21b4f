/* SPDX-License-Identifier: MIT */
/* Prints an action as a line of the log. */
#include "delta/actions.h"

#include "delta/partition.h"

#include <string.h>

static void put_key(struct buf *b, const char *key)
{
	if (b->p[b->n - 1] != '{')
		buf_putc(b, ',');
	buf_putc(b, '"');
	buf_puts(b, key);
	buf_puts(b, "\":");
}

static void put_text(struct buf *b, const char *key, const char *s, size_t n)
{
	if (!s)
		return;
	put_key(b, key);
	json_put_string(b, s, n);
}

static void put_string(struct buf *b, const char *key, const char *s)
{
	if (s)
		put_text(b, key, s, strlen(s));
}

static void put_i64(struct buf *b, const char *key, int64_t v)
{
	put_key(b, key);
	buf_i64(b, v);
}

static void put_bool(struct buf *b, const char *key, bool v)
{
	put_key(b, key);
	buf_puts(b, v ? "true" : "false");
}

static void put_names(struct buf *b, const char *key, const struct delta_names *names)
{
	if (!names->given)
		return;
	put_key(b, key);
	buf_putc(b, '[');
	for (size_t i = 0; i < names->n; i++) {
		if (i)
			buf_putc(b, ',');
		json_put_cstr(b, names->v[i]);
	}
	buf_putc(b, ']');
}

static void put_map(struct buf *b, const char *key, const struct delta_map *m)
{
	put_key(b, key);
	buf_putc(b, '{');
	for (size_t i = 0; i < m->n; i++) {
		if (i)
			buf_putc(b, ',');
		json_put_cstr(b, m->v[i].key);
		buf_putc(b, ':');
		json_put_string_or_null(b, m->v[i].value, m->v[i].nvalue);
	}
	buf_putc(b, '}');
}

static void put_path(struct buf *b, const struct delta_add *f)
{
	put_key(b, "path");
	if (f->raw_path) {
		json_put_cstr(b, f->raw_path);
		return;
	}
	struct buf t = BUF_INIT;
	delta_path_encode(&t, f->path, strlen(f->path));
	json_put_string(b, t.p, t.n);
	buf_release(&t);
}

static void put_dv(struct buf *b, const struct delta_dv *dv)
{
	char storage[2] = { dv->storage, '\0' };
	put_key(b, "deletionVector");
	buf_putc(b, '{');
	put_string(b, "storageType", storage);
	put_string(b, "pathOrInlineDv", dv->path_or_inline);
	if (dv->offset >= 0)
		put_i64(b, "offset", dv->offset);
	put_i64(b, "sizeInBytes", dv->size);
	put_i64(b, "cardinality", dv->cardinality);
	if (dv->max_row >= 0)
		put_i64(b, "maxRowIndex", dv->max_row);
	buf_putc(b, '}');
}

static void put_more(struct buf *b, const struct delta_add *f)
{
	if (f->tags) {
		put_key(b, "tags");
		buf_puts(b, f->tags);
	}
	if (f->dv)
		put_dv(b, f->dv);
	if (f->base_row_id >= 0)
		put_i64(b, "baseRowId", f->base_row_id);
	if (f->default_row_commit_version >= 0)
		put_i64(b, "defaultRowCommitVersion", f->default_row_commit_version);
}

static void put_add(struct buf *b, const struct delta_add *f)
{
	put_path(b, f);
	put_map(b, "partitionValues", &f->partition_values);
	put_i64(b, "size", f->size);
	put_i64(b, "modificationTime", f->modified_ms);
	put_bool(b, "dataChange", f->data_change);
	put_text(b, "stats", f->stats, f->nstats);
	put_more(b, f);
	put_string(b, "clusteringProvider", f->clustering_provider);
}

static void put_remove(struct buf *b, const struct delta_add *f)
{
	put_path(b, f);
	put_i64(b, "deletionTimestamp", f->deleted_ms);
	put_bool(b, "dataChange", f->data_change);
	if (f->extended) {
		put_bool(b, "extendedFileMetadata", true);
		put_map(b, "partitionValues", &f->partition_values);
		if (f->size >= 0)
			put_i64(b, "size", f->size);
	}
	put_more(b, f);
}

static void put_protocol(struct buf *b, const struct delta_protocol *p)
{
	put_i64(b, "minReaderVersion", p->min_reader);
	put_i64(b, "minWriterVersion", p->min_writer);
	put_names(b, "readerFeatures", &p->reader_features);
	put_names(b, "writerFeatures", &p->writer_features);
}

static void put_metadata(struct buf *b, const struct delta_metadata *m)
{
	static const struct delta_names none = { NULL, 0, true };
	put_string(b, "id", m->id);
	put_string(b, "name", m->name);
	put_string(b, "description", m->description);
	put_key(b, "format");
	buf_puts(b, "{\"provider\":");
	json_put_cstr(b, m->provider ? m->provider : "parquet");
	buf_puts(b, ",\"options\":{}}");
	put_text(b, "schemaString", m->schema_string, m->nschema_string);
	put_names(b, "partitionColumns", m->partition_columns.given ? &m->partition_columns : &none);
	put_map(b, "configuration", &m->configuration);
	if (m->created_ms >= 0)
		put_i64(b, "createdTime", m->created_ms);
}

static void put_txn(struct buf *b, const struct delta_txn *t)
{
	put_string(b, "appId", t->app_id);
	put_i64(b, "version", t->version);
	if (t->updated_ms >= 0)
		put_i64(b, "lastUpdated", t->updated_ms);
}

static void put_domain(struct buf *b, const struct delta_domain *d)
{
	put_string(b, "domain", d->domain);
	put_string(b, "configuration", d->configuration ? d->configuration : "");
	put_bool(b, "removed", d->removed);
}

void delta_action_print(const struct delta_action *act, struct buf *b)
{
	switch (act->kind) {
	case DELTA_PROTOCOL: buf_puts(b, "{\"protocol\":{"); put_protocol(b, &act->protocol); break;
	case DELTA_METADATA: buf_puts(b, "{\"metaData\":{"); put_metadata(b, &act->metadata); break;
	case DELTA_ADD: buf_puts(b, "{\"add\":{"); put_add(b, &act->add); break;
	case DELTA_REMOVE: buf_puts(b, "{\"remove\":{"); put_remove(b, &act->add); break;
	case DELTA_CDC: buf_puts(b, "{\"cdc\":{"); put_add(b, &act->add); break;
	case DELTA_TXN: buf_puts(b, "{\"txn\":{"); put_txn(b, &act->txn); break;
	case DELTA_DOMAIN: buf_puts(b, "{\"domainMetadata\":{"); put_domain(b, &act->domain); break;
	case DELTA_COMMIT_INFO:
		buf_puts(b, "{\"commitInfo\":");
		buf_put(b, act->info->raw, act->info->nraw);
		buf_puts(b, "}\n");
		return;
	default: return;
	}
	buf_puts(b, "}}\n");
}
