/* SPDX-License-Identifier: MIT */
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
	int r = f->metadata ? json_parse(&root, &scratch, f->metadata, strlen(f->metadata), e) : 0;
	if (r == 0 && root) {
		name = json_str(json_get(root, "delta.columnMapping.physicalName"));
		const struct json *v = json_get(root, "delta.columnMapping.id");
		if (v && !json_i64(v, &id))
			id = -1;
	}
	if (r == 0 && !name)
		r = err_set(e, ERR_DATA, "column '%s' has no delta.columnMapping.physicalName", f->name);
	if (r == 0 && by_id && id < 0)
		r = err_set(e, ERR_DATA, "column '%s' has no delta.columnMapping.id", f->name);
	if (r == 0) {
		f->nname = strlen(name);
		f->name = arena_strndup(a, name, f->nname);
		f->metadata = by_id ? arena_printf(a, "{\"parquet.field.id\":%lld}", (long long)id) : NULL;
	}
	arena_release(&scratch);
	return r;
}

static int map_type(struct type *t, struct arena *a, bool by_id, struct err *e)
{
	int r = 0;
	for (size_t i = 0; i < t->nfields && r == 0; i++) {
		if (t->kind == TYPE_STRUCT)
			r = map_field(&t->fields[i], a, by_id, e);
		if (r == 0)
			r = map_type(&t->fields[i].type, a, by_id, e);
	}
	return r;
}

int mapping_physical(struct delta_snapshot *sn, struct err *e)
{
	const struct delta_kv *kv = delta_map_get(&sn->metadata.configuration, "delta.columnMapping.mode");
	const char *mode = kv && kv->value ? kv->value : "none";
	schema_copy(&sn->physical, &sn->schema);
	sn->by_id = false;
	if (strcasecmp(mode, "none") == 0 || !delta_protocol_reads(&sn->protocol, "columnMapping"))
		return 0;
	sn->by_id = strcasecmp(mode, "id") == 0;
	if (!sn->by_id && strcasecmp(mode, "name") != 0)
		return err_set(e, ERR_UNSUPPORTED, "column mapping mode '%s' is unknown", mode);
	return map_type(&sn->physical.root, &sn->physical.arena, sn->by_id, e);
}
