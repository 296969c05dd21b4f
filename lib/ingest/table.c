/* SPDX-License-Identifier: MIT */
/* Reads what the table demands, merges schemas, and prints the metadata of a new or wider one. */
#include "ingest/table.h"

#include "base/clock.h"
#include "base/datadir.h"
#include "base/num.h"
#include "base/rand.h"
#include "delta/log.h"
#include "delta/partition.h"
#include "delta/protocol.h"
#include "delta/snapshot.h"
#include "delta/stats.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SCHEMA_FILE_MAX ((size_t)16 << 20)

void ingest_table_release(struct ingest_table *t)
{
	schema_release(&t->schema);
	by_release(&t->by);
	arena_release(&t->arena);
	store_free(t->store);
	*t = (struct ingest_table){ .version = -1 };
}

static void read_properties(struct ingest_table *t)
{
	const struct delta_kv *kv = delta_map_get(&t->metadata.configuration, "delta.dataSkippingNumIndexedCols");
	int64_t v;
	t->stats_limit = DELTA_STATS_LEAVES;
	if (kv && kv->value && num_i64(kv->value, kv->nvalue, &v) && v >= -1 && v <= INT32_MAX)
		t->stats_limit = (int)v;
}

/* Partition columns as the table has them; what --by says must agree. */
static int partition_columns(struct ingest_table *t, const struct delta_snapshot *sn, struct err *e)
{
	struct by own;
	int rc = 0;
	by_init(&own);
	for (size_t i = 0; i < sn->npart && rc == 0; i++)
		rc = by_add(&own, sn->part_field[i]->name, sn->part_field[i]->metadata, e);
	if (rc == 0 && t->by.n && !by_agrees(&t->by, &own)) {
		struct buf b = BUF_INIT;
		for (size_t i = 0; i < own.n; i++)
			buf_printf(&b, "%s%s%s%s", i ? "," : "", own.v[i].name, own.v[i].text ? "=" : "", own.v[i].text ? own.v[i].text : "");
		rc = err_set(e, ERR_CONFLICT, "--by differs from the table %s, which is partitioned by %.400s", store_root(t->store),
			    own.n ? buf_cstr(&b) : "nothing");
		buf_release(&b);
	}
	if (rc) {
		by_release(&own);
		return rc;
	}
	by_release(&t->by);
	t->by = own;
	return 0;
}

/* A new table in the folder of another one would lose its files there: vacuum removes what the log does not name, but for what is below a folder
 * whose name begins with `_` or a dot. */
static int check_nested(const struct ingest_table *t, struct err *e)
{
	struct buf up = BUF_INIT;
	struct stat st;
	int rc = 0;
	buf_puts(&up, store_root(t->store));
	for (char *slash; rc == 0 && (slash = strrchr(buf_cstr(&up), '/')) != NULL && slash[1] != '_' && slash[1] != '.' && slash != up.p;) {
		up.n = (size_t)(slash - up.p);
		buf_puts(&up, "/" DELTA_LOG_DIR);
		bool table = stat(buf_cstr(&up), &st) == 0 && S_ISDIR(st.st_mode);
		up.n = (size_t)(slash - up.p);
		if (table)
			rc = err_set(e, ERR_USAGE, "%s lies in the folder of table %s, whose vacuum would remove its files", store_root(t->store),
				     buf_cstr(&up));
	}
	buf_release(&up);
	return rc;
}

static int read_snapshot(struct ingest_table *t, struct err *e)
{
	struct delta_snapshot *sn;
	struct schema s;
	int rc = delta_snapshot_open(&sn, t->store, DELTA_NEWEST, 0, e);
	if (rc == ERR_NOT_FOUND)
		return check_nested(t, e);
	if (rc)
		return rc;
	rc = delta_protocol_check_write(&sn->protocol, &sn->metadata, &sn->schema, e);
	if (rc == 0 && !type_equal(&sn->schema.root, &sn->physical.root, false))
		rc = err_set(e, ERR_UNSUPPORTED, "table %s uses column mapping, which is not supported for writing", store_root(t->store));
	if (rc == 0) {
		t->version = sn->version;
		delta_protocol_copy(&t->protocol, &sn->protocol, &t->arena);
		delta_metadata_copy(&t->metadata, &sn->metadata, &t->arena);
		rc = partition_columns(t, sn, e);
	}
	if (rc == 0) {
		schema_copy(&s, &sn->schema);
		rc = ingest_table_set_schema(t, &s, e);
		t->told = true;
	}
	delta_snapshot_free(sn);
	return rc;
}

int ingest_table_open(struct ingest_table *t, const char *path, const char *by_text, struct err *e)
{
	*t = (struct ingest_table){ .version = -1, .stats_limit = DELTA_STATS_LEAVES };
	schema_init(&t->schema);
	by_init(&t->by);
	int rc = store_open(&t->store, path, e);
	if (rc == 0 && by_text)
		rc = by_parse(&t->by, by_text, e);
	if (rc == 0)
		rc = read_snapshot(t, e);
	if (rc)
		ingest_table_release(t);
	return rc;
}

static bool is_partition(const struct ingest_table *t, size_t column)
{
	for (size_t i = 0; i < t->by.n; i++)
		if (t->by.v[i].column == column)
			return true;
	return false;
}

static int data_columns(struct ingest_table *t, struct err *e)
{
	size_t n = t->schema.root.nfields;
	t->data = (struct type){ .kind = TYPE_STRUCT, .fields = arena_array(&t->schema.arena, n, sizeof *t->data.fields) };
	t->data_col = arena_array(&t->schema.arena, n, sizeof *t->data_col);
	for (size_t i = 0; i < n; i++) {
		if (is_partition(t, i) || t->schema.root.fields[i].type.kind == TYPE_VOID)
			continue;
		t->data_col[t->data.nfields] = i;
		t->data.fields[t->data.nfields++] = t->schema.root.fields[i];
	}
	if (!t->data.nfields)
		return err_set(e, ERR_USAGE, "every column is a partition column; a table needs at least one other column");
	return 0;
}

int ingest_table_set_schema(struct ingest_table *t, struct schema *s, struct err *e)
{
	struct buf b = BUF_INIT;
	schema_release(&t->schema);
	t->schema = *s;
	schema_init(s);
	t->has_schema = true;
	t->told = false;
	int rc = schema_check_names(&t->schema, e);
	if (rc == 0)
		rc = by_bind(&t->by, &t->schema, e);
	if (rc == 0)
		rc = data_columns(t, e);
	if (rc)
		return rc;
	read_properties(t);
	schema_to_delta(&t->schema, &b);
	t->metadata.schema_string = arena_strndup(&t->arena, b.p, b.n);
	t->metadata.nschema_string = b.n;
	buf_release(&b);
	return 0;
}

int ingest_schema_load(struct schema *s, const char *name, struct err *e)
{
	struct buf text = BUF_INIT, path = BUF_INIT;
	int rc;
	schema_init(s);
	buf_printf(&path, "schemas/%s.json", name);
	bool word = !strchr(name, '/') && !strchr(name, '.');
	rc = word ? data_read(&text, buf_cstr(&path), SCHEMA_FILE_MAX, NULL, e) : ERR_NOT_FOUND;
	if (rc == ERR_NOT_FOUND)
		rc = file_read(&text, name, SCHEMA_FILE_MAX, e);
	if (rc == 0) {
		rc = schema_from_file_text(s, text.p, text.n, e);
		if (rc == 0 && (rc = schema_check_names(s, e)))
			schema_release(s);
		if (rc)
			err_at(e, name, e->line, e->col);
	}
	buf_release(&text);
	buf_release(&path);
	return rc;
}

static int merge_type(struct type *t, const struct type *other, struct arena *a, struct buf *path, bool *wider, struct err *e);

static int merge_struct(struct type *t, const struct type *other, struct arena *a, struct buf *path, bool *wider, struct err *e)
{
	struct field *f = arena_array(a, t->nfields + other->nfields, sizeof *f);
	if (t->nfields)
		memcpy(f, t->fields, t->nfields * sizeof *f);
	t->fields = f;
	for (size_t i = 0, own = t->nfields; i < other->nfields; i++) {
		const struct field *o = &other->fields[i];
		struct type have = { .kind = TYPE_STRUCT, .fields = f, .nfields = own };
		ptrdiff_t at = type_find(&have, o->name, o->nname, false);
		size_t was = path->n;
		if (at < 0) {
			struct field *to = &f[t->nfields++];
			*to = *o;
			to->name = arena_strndup(a, o->name, o->nname);
			to->metadata = o->metadata ? arena_strdup(a, o->metadata) : NULL;
			to->nullable = true;   /* the rows that are there have none */
			type_copy(&to->type, &o->type, a);
			*wider = true;
			continue;
		}
		buf_printf(path, "%s%s", was ? "." : "", o->name);
		int rc = merge_type(&f[at].type, &o->type, a, path, wider, e);
		path->n = was;
		if (rc)
			return rc;
	}
	return 0;
}

static int merge_type(struct type *t, const struct type *other, struct arena *a, struct buf *path, bool *wider, struct err *e)
{
	if (t->kind != other->kind || (t->kind == TYPE_DECIMAL && (t->precision != other->precision || t->scale != other->scale))) {
		struct buf have = BUF_INIT, want = BUF_INIT;
		type_print(t, &have);
		type_print(other, &want);
		int rc = err_set(e, ERR_CONFLICT, "field '%.200s' has type %.100s in the table but %.100s in --schema", buf_cstr(path),
				buf_cstr(&have), buf_cstr(&want));
		buf_release(&have);
		buf_release(&want);
		return rc;
	}
	if (t->kind == TYPE_STRUCT)
		return merge_struct(t, other, a, path, wider, e);
	int rc = 0;
	for (size_t i = 0; i < t->nfields && rc == 0; i++) {
		size_t was = path->n;
		buf_printf(path, ".%s", t->fields[i].name);
		rc = merge_type(&t->fields[i].type, &other->fields[i].type, a, path, wider, e);
		path->n = was;
	}
	return rc;
}

int ingest_schema_merge(struct schema *merged, const struct schema *have, const struct schema *s, bool *wider, struct err *e)
{
	struct buf path = BUF_INIT;
	*wider = false;
	schema_copy(merged, have);
	int rc = merge_type(&merged->root, &s->root, &merged->arena, &path, wider, e);
	buf_release(&path);
	if (rc)
		schema_release(merged);
	return rc;
}

static void new_metadata(struct ingest_table *t)
{
	char id[UUID_TEXT + 1];
	rand_uuid(id);
	t->metadata.id = arena_strdup(&t->arena, id);
	t->metadata.provider = "parquet";
	t->metadata.created_ms = clock_now_us() / 1000;
	t->metadata.partition_columns.v = arena_array(&t->arena, t->by.n, sizeof *t->metadata.partition_columns.v);
	t->metadata.partition_columns.given = true;
	t->metadata.partition_columns.n = t->by.n;
	for (size_t i = 0; i < t->by.n; i++)
		t->metadata.partition_columns.v[i] = arena_strdup(&t->arena, t->by.v[i].name);
}

int ingest_table_print(struct ingest_table *t, struct buf *b, struct err *e)
{
	struct delta_action act = { 0 };
	if (t->told || !t->has_schema)
		return 0;
	if (t->version >= 0) {
		/* A wider schema may hold a type that the table's protocol lacks. */
		int rc = delta_protocol_check_write(&t->protocol, &t->metadata, &t->schema, e);
		if (rc)
			return rc;
	} else {
		if (!t->metadata.id)
			new_metadata(t);
		delta_protocol_for(&t->protocol, &t->schema, &t->arena);
		act.kind = DELTA_PROTOCOL;
		act.protocol = t->protocol;
		delta_action_print(&act, b);
	}
	act = (struct delta_action){ .kind = DELTA_METADATA, .metadata = t->metadata };
	delta_action_print(&act, b);
	t->told = true;
	return 0;
}
