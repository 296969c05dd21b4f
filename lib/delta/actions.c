/* SPDX-License-Identifier: MIT */
/* Reads a line of the log into the struct of its action. */
#include "delta/actions.h"

#include "base/mem.h"
#include "delta/partition.h"

#include <string.h>

#define ADD_MAX_VALUE (INT64_C(1) << 62)

static const char *const kind_name[] = { [DELTA_PROTOCOL] = "protocol", [DELTA_METADATA] = "metaData", [DELTA_ADD] = "add",
	[DELTA_REMOVE] = "remove", [DELTA_TXN] = "txn", [DELTA_COMMIT_INFO] = "commitInfo", [DELTA_DOMAIN] = "domainMetadata",
	[DELTA_CDC] = "cdc", [DELTA_SIDECAR] = "sidecar", [DELTA_CHECKPOINT_METADATA] = "checkpointMetadata" };
#define KINDS (sizeof kind_name / sizeof *kind_name)

/* What a parse works on: the object's name for messages, the arena, the error. */
struct from {
	const char *what;
	const struct json *obj;
	struct arena *a;
	struct err *e;
};

static int wrong(const struct from *f, const char *key, const char *want)
{
	return err_set(f->e, ERR_DATA, "%s.%s %s", f->what, key, want);
}

/* Names are C strings; only values (partition values, properties, texts) may hold anything. */
static bool has_nul(const char *s, size_t n)
{
	return memchr(s, '\0', n) != NULL;
}

/* The member, NULL when it is missing or null. */
static const struct json *member(const struct from *f, const char *key)
{
	const struct json *v = json_get(f->obj, key);
	return v && v->type == JSON_NULL ? NULL : v;
}

static int get_string(const struct from *f, const char *key, bool required, const char **to)
{
	const struct json *v = member(f, key);
	*to = NULL;
	if (!v)
		return required ? wrong(f, key, "is missing") : 0;
	*to = json_str(v);
	if (!*to)
		return wrong(f, key, "is not a string");
	return has_nul(*to, v->nstr) ? wrong(f, key, "contains NUL") : 0;
}

static int get_i64(const struct from *f, const char *key, bool required, int64_t absent, int64_t *to)
{
	const struct json *v = member(f, key);
	*to = absent;
	if (!v)
		return required ? wrong(f, key, "is missing") : 0;
	return json_i64(v, to) ? 0 : wrong(f, key, "is not a whole number");
}

static int get_bool(const struct from *f, const char *key, bool absent, bool *to)
{
	const struct json *v = member(f, key);
	*to = absent;
	return !v || json_bool(v, to) ? 0 : wrong(f, key, "must be true or false");
}

static int get_raw_object(const struct from *f, const char *key, const char **to)
{
	const struct json *v = member(f, key);
	*to = NULL;
	if (!v)
		return 0;
	if (v->type != JSON_OBJECT)
		return wrong(f, key, "is not an object");
	*to = arena_strndup(f->a, v->raw, v->nraw);
	return 0;
}

static int get_names(const struct from *f, const char *key, struct delta_names *to)
{
	const struct json *v = member(f, key);
	*to = (struct delta_names){ 0 };
	if (!v)
		return 0;
	if (v->type != JSON_ARRAY)
		return wrong(f, key, "is not a list");
	*to = (struct delta_names){ .given = true, .v = arena_array(f->a, v->nchild, sizeof *to->v) };
	for (const struct json *c = v->child; c; c = c->next) {
		const char *s = json_str(c);
		if (!s)
			return wrong(f, key, "contains a value that is not a string");
		if (has_nul(s, c->nstr))
			return wrong(f, key, "contains NUL");
		to->v[to->n++] = s;
	}
	return 0;
}

/* An object of strings and nulls. Numbers and booleans, which some writers leave unquoted, are taken as their text. */
static int get_map(const struct from *f, const char *key, struct delta_map *to)
{
	const struct json *v = member(f, key);
	*to = (struct delta_map){ 0 };
	if (!v)
		return 0;
	if (v->type != JSON_OBJECT)
		return wrong(f, key, "is not an object");
	to->v = arena_array(f->a, v->nchild, sizeof *to->v);
	for (const struct json *c = v->child; c; c = c->next) {
		struct delta_kv *kv = &to->v[to->n++];
		kv->key = c->key;
		if (has_nul(c->key, c->nkey))
			return wrong(f, key, "has a key that contains NUL");
		if (c->type == JSON_STRING) {
			kv->value = c->str;
			kv->nvalue = c->nstr;
		} else if (c->type == JSON_NUMBER || c->type == JSON_TRUE || c->type == JSON_FALSE) {
			kv->value = arena_strndup(f->a, c->raw, c->nraw);
			kv->nvalue = c->nraw;
		} else if (c->type != JSON_NULL) {
			return wrong(f, key, "contains a value that is not a string");
		}
	}
	return 0;
}

static int get_path(const struct from *f, const char *key, const char **raw, const char **path)
{
	int rc = get_string(f, key, true, raw);
	if (rc == 0)
		rc = delta_path_decode(path, f->a, *raw, strlen(*raw), f->e);
	if (rc && *raw)
		err_wrap(f->e, "%s.%s", f->what, key);
	return rc;
}

static int parse_protocol(struct delta_protocol *p, const struct from *f)
{
	int64_t reader, writer;
	int rc = get_i64(f, "minReaderVersion", true, 0, &reader);
	if (rc == 0)
		rc = get_i64(f, "minWriterVersion", true, 0, &writer);
	if (rc == 0)
		rc = get_names(f, "readerFeatures", &p->reader_features);
	if (rc == 0)
		rc = get_names(f, "writerFeatures", &p->writer_features);
	if (rc)
		return rc;
	if (reader < 0 || reader > INT32_MAX || writer < 0 || writer > INT32_MAX)
		return wrong(f, "minReaderVersion", "or minWriterVersion is out of range");
	p->min_reader = (int32_t)reader;
	p->min_writer = (int32_t)writer;
	return 0;
}

static int parse_metadata(struct delta_metadata *m, const struct from *f)
{
	const struct json *fmt = member(f, "format"), *schema = member(f, "schemaString");
	int rc = get_string(f, "id", false, &m->id);
	if (rc == 0)
		rc = get_string(f, "name", false, &m->name);
	if (rc == 0)
		rc = get_string(f, "description", false, &m->description);
	if (rc == 0)
		rc = get_string(f, "schemaString", false, &m->schema_string);
	if (rc == 0)
		rc = get_names(f, "partitionColumns", &m->partition_columns);
	if (rc == 0)
		rc = get_map(f, "configuration", &m->configuration);
	if (rc == 0)
		rc = get_i64(f, "createdTime", false, -1, &m->created_ms);
	if (rc)
		return rc;
	m->nschema_string = schema ? schema->nstr : 0;
	m->provider = fmt ? json_str(json_get(fmt, "provider")) : NULL;
	if (!m->provider)
		m->provider = "parquet";
	if (!m->id)
		m->id = "";
	return 0;
}

static int parse_dv(const struct delta_dv **out, const struct from *f)
{
	const struct json *v = member(f, "deletionVector");
	const char *storage;
	*out = NULL;
	if (!v)
		return 0;
	if (v->type != JSON_OBJECT)
		return wrong(f, "deletionVector", "is not an object");
	struct from g = { "deletionVector", v, f->a, f->e };
	struct delta_dv *dv = arena_zalloc(f->a, sizeof *dv);
	int rc = get_string(&g, "storageType", true, &storage);
	if (rc == 0)
		rc = get_string(&g, "pathOrInlineDv", true, &dv->path_or_inline);
	if (rc == 0)
		rc = get_i64(&g, "offset", false, -1, &dv->offset);
	if (rc == 0)
		rc = get_i64(&g, "sizeInBytes", true, 0, &dv->size);
	if (rc == 0)
		rc = get_i64(&g, "cardinality", true, 0, &dv->cardinality);
	if (rc == 0)
		rc = get_i64(&g, "maxRowIndex", false, -1, &dv->max_row);
	if (rc)
		return rc;
	if (strlen(storage) != 1 || !strchr("uip", *storage))
		return err_set(f->e, ERR_UNSUPPORTED, "unknown deletionVector.storageType '%s'", storage);
	dv->storage = *storage;
	dv->id = dv->offset < 0 ? arena_printf(f->a, "%c%s", dv->storage, dv->path_or_inline)
				: arena_printf(f->a, "%c%s@%lld", dv->storage, dv->path_or_inline, (long long)dv->offset);
	*out = dv;
	return 0;
}

static int parse_stats(struct delta_add *add, const struct from *f)
{
	const struct json *v = member(f, "stats");
	if (!v)
		return 0;
	if (v->type == JSON_OBJECT) { /* not what the protocol says, but seen */
		add->stats = arena_strndup(f->a, v->raw, v->nraw);
		add->nstats = v->nraw;
		return 0;
	}
	if (v->type != JSON_STRING)
		return wrong(f, "stats", "is not a string");
	if (v->nstr == 0 || strcmp(v->str, "null") == 0)
		return 0;
	add->stats = v->str;
	add->nstats = v->nstr;
	return 0;
}

/* add, remove and cdc have most of their members in common. */
static int parse_file(struct delta_add *add, const struct from *f, enum delta_kind kind)
{
	int rc = get_path(f, "path", &add->raw_path, &add->path);
	if (rc == 0)
		rc = get_map(f, "partitionValues", &add->partition_values);
	if (rc == 0)
		rc = get_i64(f, "size", kind == DELTA_ADD, -1, &add->size);
	if (rc == 0)
		rc = get_i64(f, "modificationTime", false, 0, &add->modified_ms);
	if (rc == 0)
		rc = get_i64(f, "deletionTimestamp", false, 0, &add->deleted_ms);
	if (rc == 0)
		rc = get_bool(f, "dataChange", kind != DELTA_CDC, &add->data_change);
	if (rc == 0)
		rc = get_bool(f, "extendedFileMetadata", false, &add->extended);
	if (rc == 0 && kind == DELTA_ADD)
		rc = parse_stats(add, f);
	if (rc == 0)
		rc = get_raw_object(f, "tags", &add->tags);
	if (rc == 0)
		rc = parse_dv(&add->dv, f);
	if (rc == 0)
		rc = get_i64(f, "baseRowId", false, -1, &add->base_row_id);
	if (rc == 0)
		rc = get_i64(f, "defaultRowCommitVersion", false, -1, &add->default_row_commit_version);
	if (rc == 0)
		rc = get_string(f, "clusteringProvider", false, &add->clustering_provider);
	if (rc == 0 && (add->size < -1 || add->size > ADD_MAX_VALUE || (kind == DELTA_ADD && add->size < 0)))
		rc = wrong(f, "size", "is out of range");
	return rc;
}

static int parse_txn(struct delta_txn *t, const struct from *f)
{
	int rc = get_string(f, "appId", true, &t->app_id);
	if (rc == 0)
		rc = get_i64(f, "version", true, 0, &t->version);
	return rc ? rc : get_i64(f, "lastUpdated", false, -1, &t->updated_ms);
}

static int parse_domain(struct delta_domain *d, const struct from *f)
{
	int rc = get_string(f, "domain", true, &d->domain);
	if (rc == 0)
		rc = get_string(f, "configuration", false, &d->configuration);
	return rc ? rc : get_bool(f, "removed", false, &d->removed);
}

static int parse_sidecar(struct delta_action *act, const struct from *f)
{
	const char *raw;
	int rc = get_path(f, "path", &raw, &act->sidecar.path);
	return rc ? rc : get_i64(f, "sizeInBytes", false, -1, &act->sidecar.size);
}

static enum delta_kind kind_of(const struct json *v)
{
	for (size_t k = 1; k < KINDS; k++)
		if (strcmp(v->key, kind_name[k]) == 0)
			return (enum delta_kind)k;
	return DELTA_UNKNOWN;
}

static int parse_kind(struct delta_action *act, const struct from *f)
{
	switch (act->kind) {
	case DELTA_PROTOCOL: return parse_protocol(&act->protocol, f);
	case DELTA_METADATA: return parse_metadata(&act->metadata, f);
	case DELTA_ADD:
	case DELTA_REMOVE:
	case DELTA_CDC: return parse_file(&act->add, f, act->kind);
	case DELTA_TXN: return parse_txn(&act->txn, f);
	case DELTA_DOMAIN: return parse_domain(&act->domain, f);
	case DELTA_SIDECAR: return parse_sidecar(act, f);
	case DELTA_COMMIT_INFO: act->info = f->obj; return 0;
	default: return 0;
	}
}

int delta_action_parse(struct delta_action *act, struct arena *a, const char *line, size_t n, struct err *e)
{
	struct json *root;
	memset(act, 0, sizeof *act);
	int rc = json_parse(&root, a, arena_strndup(a, line, n), n, e);
	if (rc)
		return rc;
	if (root->type != JSON_OBJECT)
		return err_set(e, ERR_DATA, "a line of a log must be a JSON object");
	/* One action a line; a null member stands for an action that is not there. */
	for (const struct json *v = root->child; v; v = v->next) {
		enum delta_kind kind = v->type == JSON_NULL ? DELTA_UNKNOWN : kind_of(v);
		if (kind == DELTA_UNKNOWN)
			continue;
		if (act->kind != DELTA_UNKNOWN)
			return err_set(e, ERR_DATA, "two actions on one line: %s and %s", kind_name[act->kind], v->key);
		if (v->type != JSON_OBJECT)
			return err_set(e, ERR_DATA, "%s is not an object", v->key);
		struct from f = { kind_name[kind], v, a, e };
		act->kind = kind;
		rc = parse_kind(act, &f);
		if (rc)
			return rc;
	}
	return 0;
}

bool delta_action_is(const char *line, size_t n)
{
	size_t i = 0;
	while (i < n && (line[i] == ' ' || line[i] == '\t'))
		i++;
	if (i == n || line[i++] != '{')
		return false;
	while (i < n && (line[i] == ' ' || line[i] == '\t'))
		i++;
	if (i == n || line[i++] != '"')
		return false;
	for (size_t k = 1; k < KINDS; k++) {
		size_t len = strlen(kind_name[k]);
		if (n - i > len && memcmp(line + i, kind_name[k], len) == 0 && line[i + len] == '"')
			return true;
	}
	return false;
}

const struct delta_kv *delta_map_get(const struct delta_map *m, const char *key)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->v[i].key, key) == 0)
			return &m->v[i];
	return NULL;
}

const struct delta_kv *delta_map_part(const struct delta_map *m, const char *key)
{
	const struct delta_kv *kv = delta_map_get(m, key);
	if (kv)
		return kv;
	for (size_t i = 0; i < m->n; i++) {
		if (!schema_same_name(m->v[i].key, strlen(m->v[i].key), key, strlen(key)))
			continue;
		if (kv)
			return NULL;
		kv = &m->v[i];
	}
	return kv;
}

struct delta_text delta_map_text(const struct delta_map *m, const char *key)
{
	const struct delta_kv *kv = delta_map_part(m, key);
	return kv && kv->nvalue ? (struct delta_text){ kv->value, kv->nvalue } : (struct delta_text){ NULL, 0 };
}

static const char *dup(struct arena *a, const char *s)
{
	return s ? arena_strdup(a, s) : NULL;
}

bool delta_names_have(const struct delta_names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->v[i], name) == 0)
			return true;
	return false;
}

static void names_copy(struct delta_names *to, const struct delta_names *from, struct arena *a)
{
	*to = *from;
	to->v = from->n ? arena_array(a, from->n, sizeof *to->v) : NULL;
	for (size_t i = 0; i < from->n; i++)
		to->v[i] = arena_strdup(a, from->v[i]);
}

void delta_protocol_copy(struct delta_protocol *to, const struct delta_protocol *from, struct arena *a)
{
	*to = *from;
	names_copy(&to->reader_features, &from->reader_features, a);
	names_copy(&to->writer_features, &from->writer_features, a);
}

void delta_metadata_copy(struct delta_metadata *to, const struct delta_metadata *from, struct arena *a)
{
	*to = *from;
	to->id = dup(a, from->id);
	to->name = dup(a, from->name);
	to->description = dup(a, from->description);
	to->provider = dup(a, from->provider);
	to->schema_string = from->schema_string ? arena_strndup(a, from->schema_string, from->nschema_string) : NULL;
	names_copy(&to->partition_columns, &from->partition_columns, a);
	to->configuration.v = from->configuration.n ? arena_array(a, from->configuration.n, sizeof *to->configuration.v) : NULL;
	for (size_t i = 0; i < from->configuration.n; i++) {
		const struct delta_kv *kv = &from->configuration.v[i];
		to->configuration.v[i] = (struct delta_kv){ arena_strdup(a, kv->key),
			kv->value ? arena_strndup(a, kv->value, kv->nvalue) : NULL, kv->nvalue };
	}
}
