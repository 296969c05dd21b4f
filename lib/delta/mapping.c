/* SPDX-License-Identifier: MIT */
/* Renames the fields of a schema to those that the files use. */
#include "delta/mapping.h"

#include "delta/protocol.h"

#include <string.h>
#include <strings.h>

static int map_field(struct field *f, struct arena *a, bool by_id, struct err *e)
{
	struct arena scratch = ARENA_INIT;
	struct json *root = NULL;
	const char *name = NULL;
	int64_t id = -1;
	int rc = f->metadata ? json_parse(&root, &scratch, f->metadata, strlen(f->metadata), e) : 0;
	if (rc == 0 && root) {
		name = json_str(json_get(root, "delta.columnMapping.physicalName"));
		const struct json *v = json_get(root, "delta.columnMapping.id");
		if (v && !json_i64(v, &id))
			id = -1;
	}
	if (rc == 0 && !name)
		rc = err_set(e, ERR_DATA, "column '%s' has no delta.columnMapping.physicalName", f->name);
	if (rc == 0 && by_id && id < 0)
		rc = err_set(e, ERR_DATA, "column '%s' has no delta.columnMapping.id", f->name);
	if (rc == 0) {
		f->nname = strlen(name);
		f->name = arena_strndup(a, name, f->nname);
		f->metadata = by_id ? arena_printf(a, "{\"parquet.field.id\":%lld}", (long long)id) : NULL;
	}
	arena_release(&scratch);
	return rc;
}

static int map_type(struct type *t, struct arena *a, bool by_id, struct err *e)
{
	int rc = 0;
	for (size_t i = 0; i < t->nfields && rc == 0; i++) {
		if (t->kind == TYPE_STRUCT)
			rc = map_field(&t->fields[i], a, by_id, e);
		if (rc == 0)
			rc = map_type(&t->fields[i].type, a, by_id, e);
	}
	return rc;
}

/* Do the two trees call a field differently? */
static bool renamed(const struct type *a, const struct type *b)
{
	for (size_t i = 0; i < a->nfields; i++)
		if (strcmp(a->fields[i].name, b->fields[i].name) != 0 || renamed(&a->fields[i].type, &b->fields[i].type))
			return true;
	return false;
}

/* The protocol does not have the feature, but the table has a mode: that is right when the names are the same anyway. Any other
 * reading would be a guess, at columns of nothing. */
static int unmapped(struct delta_snapshot *sn, const char *mode, struct err *e)
{
	struct schema names;
	schema_copy(&names, &sn->schema);
	int rc = map_type(&names.root, &names.arena, false, NULL) == 0 && renamed(&names.root, &sn->schema.root)
			? err_set(e, ERR_UNSUPPORTED, "the table uses column mapping (delta.columnMapping.mode %s), but its protocol does not "
				  "have the feature columnMapping", mode) : 0;
	schema_release(&names);
	return rc;
}

int mapping_physical(struct delta_snapshot *sn, struct err *e)
{
	const struct delta_kv *kv = delta_map_get(&sn->metadata.configuration, "delta.columnMapping.mode");
	const char *mode = kv && kv->value ? kv->value : "none";
	schema_copy(&sn->physical, &sn->schema);
	sn->by_id = false;
	if (strcasecmp(mode, "none") == 0)
		return 0;
	/* Writers have followed the mode when they name the feature, if only for writers (as Spark reads it). */
	if (!delta_protocol_reads(&sn->protocol, "columnMapping") && !delta_protocol_writes(&sn->protocol, "columnMapping"))
		return unmapped(sn, mode, e);
	sn->by_id = strcasecmp(mode, "id") == 0;
	if (!sn->by_id && strcasecmp(mode, "name") != 0)
		return err_set(e, ERR_UNSUPPORTED, "unknown column mapping mode '%s'", mode);
	return map_type(&sn->physical.root, &sn->physical.arena, sn->by_id, e);
}
