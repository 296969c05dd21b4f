/* SPDX-License-Identifier: MIT */
/* Reads a log checkpoint of any kind (classic, parts, V2) into actions. */
#include "delta/checkpoint.h"

#include "base/mem.h"
#include "delta/ckpt_type.h"
#include "parquet/reader.h"

#include <string.h>

#define ROWS 4096
#define SIDECAR_DIR DELTA_LOG_DIR "/_sidecars/"
#define MAX_SIDECARS 100000

/* One Parquet file being read. */
struct reading {
	struct arena arena;        /* cleared after each row */
	struct type type;
	struct batch batch;
	delta_action_fn *fn;
	void *arg;
	const char *name;
};

/* The values of one row of one action's struct. */
struct row {
	struct reading *rd;
	const struct column *c;
	size_t i;
};

static const struct column *child(const struct row *r, const char *name)
{
	ptrdiff_t k = type_find(r->c->type, name, strlen(name), false);
	return k < 0 || column_is_null(&r->c->child[k], r->i) ? NULL : &r->c->child[k];
}

static const char *text_at(struct arena *a, const struct column *c, size_t i, size_t *n)
{
	const char *p = column_bytes(c, i, n);
	return arena_strndup(a, p, *n);
}

static const char *get_text(const struct row *r, const char *name, size_t *n)
{
	const struct column *c = child(r, name);
	*n = 0;
	return c ? text_at(&r->rd->arena, c, r->i, n) : NULL;
}

static const char *get_string(const struct row *r, const char *name)
{
	size_t n;
	return get_text(r, name, &n);
}

static int64_t get_i64(const struct row *r, const char *name, int64_t absent)
{
	const struct column *c = child(r, name);
	return c ? column_i64(c, r->i) : absent;
}

static bool get_bool(const struct row *r, const char *name, bool absent)
{
	const struct column *c = child(r, name);
	return c ? bit_get(c->data, r->i) : absent;
}

static struct delta_map get_map(const struct row *r, const char *name)
{
	const struct column *c = child(r, name);
	struct delta_map m = { NULL, 0 };
	if (!c)
		return m;
	size_t from = (size_t)c->offsets[r->i], to = (size_t)c->offsets[r->i + 1], n;
	m.v = arena_array(&r->rd->arena, to - from + 1, sizeof *m.v);
	for (size_t i = from; i < to; i++) {
		struct delta_kv *kv = &m.v[m.n++];
		kv->key = text_at(&r->rd->arena, &c->child[0], i, &n);
		if (!column_is_null(&c->child[1], i))
			kv->value = text_at(&r->rd->arena, &c->child[1], i, &kv->nvalue);
	}
	return m;
}

static struct delta_names get_names(const struct row *r, const char *name)
{
	const struct column *c = child(r, name);
	struct delta_names names = { NULL, 0, c != NULL };
	if (!c)
		return names;
	size_t from = (size_t)c->offsets[r->i], to = (size_t)c->offsets[r->i + 1], n;
	names.v = arena_array(&r->rd->arena, to - from + 1, sizeof *names.v);
	for (size_t i = from; i < to; i++)
		if (!column_is_null(&c->child[0], i))
			names.v[names.n++] = text_at(&r->rd->arena, &c->child[0], i, &n);
	return names;
}

static int missing(const struct row *r, const char *what, struct err *e)
{
	return err_set(e, ERR_DATA, "checkpoint %s: a row without %s", r->rd->name, what);
}

static int get_path(const struct row *r, const char **raw, const char **path, struct err *e)
{
	*raw = get_string(r, "path");
	if (!*raw)
		return missing(r, "a path", e);
	int k = delta_path_decode(path, &r->rd->arena, *raw, strlen(*raw), e);
	if (k)
		err_wrap(e, "checkpoint %s", r->rd->name);
	return k;
}

/* A vector that is not understood must not become none: its rows would be back. */
static int get_dv(const struct row *r, const struct delta_dv **out, struct err *e)
{
	struct arena *a = &r->rd->arena;
	const struct column *c = child(r, "deletionVector");
	struct row d = { r->rd, c, r->i };
	*out = NULL;
	if (!c)
		return 0;
	const char *storage = get_string(&d, "storageType"), *path = get_string(&d, "pathOrInlineDv");
	if (!storage || !path)
		return missing(r, storage ? "deletionVector.pathOrInlineDv" : "deletionVector.storageType", e);
	if (strlen(storage) != 1 || !strchr("uip", *storage))
		return err_set(e, ERR_UNSUPPORTED, "checkpoint %s: unknown deletionVector.storageType '%s'", r->rd->name, storage);
	struct delta_dv *dv = arena_zalloc(a, sizeof *dv);
	*dv = (struct delta_dv){ .storage = *storage, .path_or_inline = path, .offset = get_i64(&d, "offset", -1),
		.size = get_i64(&d, "sizeInBytes", 0), .cardinality = get_i64(&d, "cardinality", 0),
		.max_row = get_i64(&d, "maxRowIndex", -1) };
	dv->id = dv->offset < 0 ? arena_printf(a, "%c%s", dv->storage, path)
				: arena_printf(a, "%c%s@%lld", dv->storage, path, (long long)dv->offset);
	*out = dv;
	return 0;
}

static const char *get_tags(const struct row *r)
{
	struct delta_map m = get_map(r, "tags");
	struct buf b = BUF_INIT;
	if (!m.v)
		return NULL;
	buf_putc(&b, '{');
	for (size_t i = 0; i < m.n; i++) {
		if (i)
			buf_putc(&b, ',');
		json_put_cstr(&b, m.v[i].key);
		buf_putc(&b, ':');
		if (m.v[i].value)
			json_put_string(&b, m.v[i].value, m.v[i].nvalue);
		else
			buf_puts(&b, "null");
	}
	buf_putc(&b, '}');
	const char *text = arena_strndup(&r->rd->arena, b.p, b.n);
	buf_release(&b);
	return text;
}

static int take_file(const struct row *r, struct delta_action *act, struct err *e)
{
	struct delta_add *f = &act->add;
	*f = (struct delta_add)DELTA_ADD_INIT;
	int k = get_path(r, &f->raw_path, &f->path, e);
	if (k == 0)
		k = get_dv(r, &f->dv, e);
	if (k)
		return k;
	f->partition_values = get_map(r, "partitionValues");
	f->size = get_i64(r, "size", -1);
	f->data_change = get_bool(r, "dataChange", true);
	f->base_row_id = get_i64(r, "baseRowId", -1);
	f->default_row_commit_version = get_i64(r, "defaultRowCommitVersion", -1);
	if (act->kind == DELTA_REMOVE) {
		f->deleted_ms = get_i64(r, "deletionTimestamp", 0);
		f->extended = get_bool(r, "extendedFileMetadata", false);
		return 0;
	}
	if (f->size < 0)
		return missing(r, "a size", e);
	f->modified_ms = get_i64(r, "modificationTime", 0);
	f->tags = get_tags(r);
	f->stats = get_text(r, "stats", &f->nstats);
	if (f->stats && (f->nstats == 0 || strcmp(f->stats, "null") == 0))
		f->stats = NULL;
	f->clustering_provider = get_string(r, "clusteringProvider");
	return 0;
}

static void take_metadata(const struct row *r, struct delta_metadata *m)
{
	const struct column *format = child(r, "format");
	struct row f = { r->rd, format, r->i };
	m->id = get_string(r, "id");
	m->name = get_string(r, "name");
	m->description = get_string(r, "description");
	m->provider = format ? get_string(&f, "provider") : NULL;
	m->schema_string = get_text(r, "schemaString", &m->nschema_string);
	m->partition_columns = get_names(r, "partitionColumns");
	m->configuration = get_map(r, "configuration");
	m->created_ms = get_i64(r, "createdTime", -1);
	if (!m->id)
		m->id = "";
	if (!m->provider)
		m->provider = "parquet";
}

static int take_protocol(const struct row *r, struct delta_protocol *p, struct err *e)
{
	p->min_reader = (int32_t)get_i64(r, "minReaderVersion", -1);
	p->min_writer = (int32_t)get_i64(r, "minWriterVersion", -1);
	p->reader_features = get_names(r, "readerFeatures");
	p->writer_features = get_names(r, "writerFeatures");
	return p->min_reader < 0 || p->min_writer < 0 ? missing(r, "protocol versions", e) : 0;
}

static int take_action(const struct row *r, struct delta_action *act, struct err *e)
{
	switch (act->kind) {
	case DELTA_ADD:
	case DELTA_REMOVE: return take_file(r, act, e);
	case DELTA_METADATA: take_metadata(r, &act->metadata); return 0;
	case DELTA_PROTOCOL: return take_protocol(r, &act->protocol, e);
	case DELTA_TXN:
		act->txn = (struct delta_txn){ get_string(r, "appId"), get_i64(r, "version", -1), get_i64(r, "lastUpdated", -1) };
		return act->txn.app_id ? 0 : missing(r, "txn.appId", e);
	case DELTA_DOMAIN:
		act->domain = (struct delta_domain){ get_string(r, "domain"), get_string(r, "configuration"),
			get_bool(r, "removed", false) };
		return act->domain.domain ? 0 : missing(r, "domainMetadata.domain", e);
	default: {
		const char *raw;
		act->sidecar.size = get_i64(r, "sizeInBytes", -1);
		return get_path(r, &raw, &act->sidecar.path, e);
	}
	}
}

static enum delta_kind kind_of(const char *column)
{
	static const struct { const char *name; enum delta_kind kind; } kinds[] = { { "txn", DELTA_TXN }, { "add", DELTA_ADD },
		{ "remove", DELTA_REMOVE }, { "metaData", DELTA_METADATA }, { "protocol", DELTA_PROTOCOL },
		{ "domainMetadata", DELTA_DOMAIN }, { "sidecar", DELTA_SIDECAR } };
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(kinds[i].name, column) == 0)
			return kinds[i].kind;
	return DELTA_UNKNOWN;
}

static int take_rows(struct reading *rd, uint64_t first, struct err *e)
{
	const struct batch *b = &rd->batch;
	for (size_t i = 0; i < b->nrows; i++) {
		for (size_t k = 0; k < b->ncols; k++) {
			if (column_is_null(&b->col[k], i))
				continue;
			struct row r = { rd, &b->col[k], i };
			struct delta_action act = { .kind = kind_of(b->type->fields[k].name) };
			int x = take_action(&r, &act, e);
			if (x == 0)
				x = rd->fn(rd->arg, &act, first + i + 1, e);
			if (x)
				return x;
		}
		arena_clear(&rd->arena);
	}
	return 0;
}

static int read_groups(struct reading *rd, const struct pq_reader *pq, const struct pq_projection *p, struct err *e)
{
	uint64_t done = 0;
	int rc = 0;
	for (size_t g = 0; g < pq_groups(pq) && rc == 0; g++) {
		uint64_t rows = pq_group_rows(pq, g);
		for (uint64_t at = 0; at < rows && rc == 0; at += ROWS) {
			uint64_t n = rows - at < ROWS ? rows - at : ROWS;
			batch_clear(&rd->batch);
			rc = pq_read(pq, p, g, at, n, &rd->batch, e);
			if (rc == 0)
				rc = take_rows(rd, done + at, e);
		}
		done += rows;
	}
	return rc;
}

/* Only what the file has is asked for: a part may lack whole columns, and the rest would be decoded as nulls. */
static int read_parquet(struct store *s, const char *name, unsigned parts, delta_action_fn *fn, void *arg, struct err *e)
{
	struct reading rd = { .arena = ARENA_INIT, .fn = fn, .arg = arg, .name = name };
	struct arena types = ARENA_INIT;
	struct store_file *f = NULL;
	struct pq_reader *pq = NULL;
	struct pq_projection *p = NULL;
	int rc = store_file_open(&f, s, name, e);
	if (rc)
		return rc;
	struct pq_source src = { store_file_read, store_file_size(f), f, store_file_name(f) };
	ckpt_type(&rd.type, parts, &types);
	batch_init(&rd.batch, &rd.type);
	rc = pq_open(&pq, &src, e);
	if (rc == 0)
		rc = pq_project(&p, pq, &rd.type, false, e);
	if (rc == 0)
		rc = read_groups(&rd, pq, p, e);
	pq_projection_free(p);
	pq_free(pq);
	batch_release(&rd.batch);
	store_file_close(f);
	arena_release(&rd.arena);
	arena_release(&types);
	return rc;
}

/* The main file of a checkpoint: its own actions go on, its sidecars are noted. One with a classic name may have some too. */
struct v2 {
	delta_action_fn *fn;
	void *arg;
	struct arena arena;
	const char **sidecar;
	size_t n, cap;
};

static int take_v2(void *arg, const struct delta_action *act, uint64_t line, struct err *e)
{
	struct v2 *v = arg;
	if (act->kind != DELTA_SIDECAR)
		return v->fn(v->arg, act, line, e);
	if (v->n >= MAX_SIDECARS)
		return err_set(e, ERR_DATA, "more than %d sidecars", MAX_SIDECARS);
	const char *path = act->sidecar.path;
	/* A bare name is in _delta_log/_sidecars; a longer path counts from the table's root. */
	MEM_GROW(v->sidecar, v->cap, v->n + 1);
	v->sidecar[v->n++] = strchr(path, '/') ? arena_strdup(&v->arena, path) : arena_printf(&v->arena, "%s%s", SIDECAR_DIR, path);
	return 0;
}

static int read_main(struct store *s, const char *name, unsigned parts, delta_action_fn *fn, void *arg, struct err *e)
{
	struct v2 v = { .fn = fn, .arg = arg, .arena = ARENA_INIT };
	size_t n = strlen(name);
	bool json = n > 5 && strcmp(name + n - 5, ".json") == 0;
	int rc = json ? delta_log_read_file(s, name, NULL, take_v2, &v, e)
		     : read_parquet(s, name, parts | CKPT_SIDECARS, take_v2, &v, e);
	for (size_t i = 0; i < v.n && rc == 0; i++)
		rc = read_parquet(s, v.sidecar[i], parts, fn, arg, e);
	mem_free(v.sidecar);
	arena_release(&v.arena);
	return rc;
}

int delta_checkpoint_read(struct store *s, const struct delta_log_checkpoint *c, unsigned flags, delta_action_fn *fn,
			  void *arg, struct err *e)
{
	unsigned parts = CKPT_DV | CKPT_ROW_IDS | CKPT_DOMAINS | (flags & DELTA_WITH_STATS ? CKPT_STATS : 0);
	struct buf name = BUF_INIT;
	int rc = 0;
	for (uint32_t i = 0; i < (c->parts ? c->parts : 1) && rc == 0; i++) {
		buf_clear(&name);
		buf_printf(&name, "%s/%s", DELTA_LOG_DIR, c->names[i]);
		rc = read_main(s, buf_cstr(&name), parts, fn, arg, e);
	}
	buf_release(&name);
	return rc;
}
