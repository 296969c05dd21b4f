/* SPDX-License-Identifier: MIT */
/* Hash tables of the files, streams and domains that the actions so far leave. */
#include "delta/index.h"

#include "base/hash.h"
#include "base/mem.h"
#include "delta/mapping.h"
#include "delta/widening.h"

#include <stdlib.h>
#include <string.h>

#define MAX_FILES ((size_t)1 << 31)

struct delta_snapshot_index *index_new(void)
{
	return mem_zalloc(sizeof(struct delta_snapshot_index));
}

void index_free(struct delta_snapshot_index *ix)
{
	while (ix) {
		struct delta_snapshot_index *next = ix->retired;
		arena_release(&ix->arena);
		mem_free(ix->file);
		mem_free(ix->slot);
		mem_free(ix->tuple);
		mem_free(ix->txn);
		mem_free(ix->txn_hash);
		mem_free(ix->domain);
		mem_free(ix);
		ix = next;
	}
}

static uint64_t path_hash(const char *path)
{
	return hash_bytes(path, strlen(path), 0);
}

static const char *dv_id_of(const struct delta_file *f)
{
	return f->more && f->more->dv ? f->more->dv->id : NULL;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

struct index_entry *index_find(const struct delta_snapshot_index *ix, const char *path, const char *dv_id, bool any_dv)
{
	if (!ix->nslots)
		return NULL;
	for (size_t i = (size_t)path_hash(path);; i++) {
		uint32_t at = ix->slot[i & (ix->nslots - 1)];
		if (!at)
			return NULL;
		struct index_entry *en = ix->file[at - 1];
		if (strcmp(en->f.path, path) == 0 && (any_dv || same_text(dv_id_of(&en->f), dv_id)))
			return en;
	}
}

bool index_live(const struct delta_snapshot_index *ix, const char *path)
{
	for (size_t i = (size_t)path_hash(path); ix->nslots; i++) {
		uint32_t at = ix->slot[i & (ix->nslots - 1)];
		if (!at)
			break;
		const struct delta_file *f = &ix->file[at - 1]->f;
		if (f->live && strcmp(f->path, path) == 0)
			return true;
	}
	return false;
}

static void put_slot(struct delta_snapshot_index *ix, const char *path, uint32_t at)
{
	size_t i = (size_t)path_hash(path);
	while (ix->slot[i & (ix->nslots - 1)])
		i++;
	ix->slot[i & (ix->nslots - 1)] = at;
}

static void grow_slots(struct delta_snapshot_index *ix)
{
	if (2 * (ix->nfiles + 1) <= ix->nslots)
		return;
	mem_free(ix->slot);
	ix->nslots = ix->nslots ? 2 * ix->nslots : 64;
	ix->slot = mem_zalloc(ix->nslots * sizeof *ix->slot);
	for (size_t i = 0; i < ix->nfiles; i++)
		put_slot(ix, ix->file[i]->f.path, (uint32_t)i + 1);
}

static uint64_t map_hash(const struct delta_map *m)
{
	uint64_t h = m->n;
	for (size_t i = 0; i < m->n; i++) {
		h = hash_bytes(m->v[i].key, strlen(m->v[i].key), h);
		h = m->v[i].value ? hash_bytes(m->v[i].value, m->v[i].nvalue, h) : hash_u64(h + 1);
	}
	return h;
}

static bool map_equal(const struct delta_map *a, const struct delta_map *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		const struct delta_kv *x = &a->v[i], *y = &b->v[i];
		if (strcmp(x->key, y->key) != 0 || !x->value != !y->value || x->nvalue != y->nvalue ||
		    (x->value && memcmp(x->value, y->value, x->nvalue) != 0))
			return false;
	}
	return true;
}

static void grow_tuples(struct delta_snapshot_index *ix)
{
	if (2 * (ix->ntuples + 1) <= ix->tuple_slots)
		return;
	struct index_tuple **old = ix->tuple;
	size_t n = ix->tuple_slots;
	ix->tuple_slots = n ? 2 * n : 64;
	ix->tuple = mem_zalloc(ix->tuple_slots * sizeof *ix->tuple);
	for (size_t i = 0; i < n; i++) {
		if (!old[i])
			continue;
		size_t k = (size_t)old[i]->hash;
		while (ix->tuple[k & (ix->tuple_slots - 1)])
			k++;
		ix->tuple[k & (ix->tuple_slots - 1)] = old[i];
	}
	mem_free(old);
}

/* The one copy of M. */
static struct index_tuple *intern(struct delta_snapshot_index *ix, const struct delta_map *m)
{
	uint64_t h = map_hash(m);
	grow_tuples(ix);
	size_t k = (size_t)h;
	for (;; k++) {
		struct index_tuple *t = ix->tuple[k & (ix->tuple_slots - 1)];
		if (!t)
			break;
		if (t->hash == h && map_equal(&t->map, m))
			return t;
	}
	struct index_tuple *t = arena_zalloc(&ix->arena, sizeof *t);
	t->hash = h;
	t->map.n = m->n;
	t->map.v = arena_array(&ix->arena, m->n, sizeof *t->map.v);
	for (size_t i = 0; i < m->n; i++)
		t->map.v[i] = (struct delta_kv){ arena_strdup(&ix->arena, m->v[i].key),
			m->v[i].value ? arena_strndup(&ix->arena, m->v[i].value, m->v[i].nvalue) : NULL, m->v[i].nvalue };
	ix->tuple[k & (ix->tuple_slots - 1)] = t;
	ix->ntuples++;
	return t;
}

static struct index_entry *new_entry(struct delta_snapshot_index *ix, const struct delta_add *add)
{
	struct index_entry *en = arena_zalloc(&ix->arena, sizeof *en);
	en->f.path = arena_strdup(&ix->arena, add->path);
	en->f.raw_path = strcmp(add->path, add->raw_path) == 0 ? en->f.path : arena_strdup(&ix->arena, add->raw_path);
	grow_slots(ix);
	MEM_GROW(ix->file, ix->files_cap, ix->nfiles + 1);
	ix->file[ix->nfiles++] = en;
	put_slot(ix, en->f.path, (uint32_t)ix->nfiles);
	return en;
}

static const char *dup(struct arena *a, const char *s)
{
	return s ? arena_strdup(a, s) : NULL;
}

static const struct delta_file_more *more_of(struct arena *a, const struct delta_add *add)
{
	if (!add->dv && !add->tags && !add->clustering_provider && add->base_row_id < 0 && add->default_row_commit_version < 0)
		return NULL;
	struct delta_file_more *m = arena_zalloc(a, sizeof *m);
	m->tags = dup(a, add->tags);
	m->clustering_provider = dup(a, add->clustering_provider);
	m->base_row_id = add->base_row_id;
	m->default_row_commit_version = add->default_row_commit_version;
	if (add->dv) {
		struct delta_dv *dv = arena_alloc(a, sizeof *dv);
		*dv = *add->dv;
		dv->path_or_inline = dup(a, dv->path_or_inline);
		dv->id = dup(a, dv->id);
		m->dv = dv;
	}
	return m;
}

static void count(struct delta_snapshot *sn, const struct delta_file *f, bool in)
{
	if (in) {
		sn->nfiles++;
		sn->bytes += f->size;
	} else {
		sn->nfiles--;
		sn->bytes -= f->size;
	}
}

static int apply_file(struct delta_snapshot *sn, const struct delta_add *add, bool live, struct err *e)
{
	struct delta_snapshot_index *ix = sn->index;
	struct index_entry *en = index_find(ix, add->path, add->dv ? add->dv->id : NULL, false);
	bool had = en != NULL;
	if (ix->nfiles >= MAX_FILES)
		return err_set(e, ERR_DATA, "the table has too many files for one snapshot");
	if (!en)
		en = new_entry(ix, add);
	if (had && en->f.live)
		count(sn, &en->f, false);
	/* The remove of a known file keeps what its add said; only the remove itself says how it is printed again. */
	bool keep = had && !live;
	if (!keep || add->extended) {
		en->tuple = intern(ix, &add->partition_values);
		if (add->size >= 0)
			en->f.size = (uint64_t)add->size;
	}
	if (!keep)
		en->f.more = more_of(&ix->arena, add);
	if (live) {
		en->f.modified_ms = add->modified_ms;
		bool stats = add->stats && sn->flags & DELTA_WITH_STATS;
		en->f.nstats = stats ? (uint32_t)add->nstats : 0;
		en->f.stats = stats ? arena_strndup(&ix->arena, add->stats, add->nstats) : NULL;
	} else {
		en->f.stats = NULL;
		en->f.nstats = 0;
	}
	en->f.deleted_ms = live ? 0 : add->deleted_ms;
	en->f.extended = !live && add->extended;
	en->f.data_change = add->data_change;
	en->f.live = live;
	if (live)
		count(sn, &en->f, true);
	return 0;
}

static void apply_txn(struct delta_snapshot_index *ix, const struct delta_txn *t)
{
	uint64_t h = path_hash(t->app_id);
	for (size_t i = 0; i < ix->ntxns; i++) {
		if (ix->txn_hash[i] == h && strcmp(ix->txn[i].app_id, t->app_id) == 0) {
			ix->txn[i].version = t->version;
			ix->txn[i].updated_ms = t->updated_ms;
			return;
		}
	}
	MEM_GROW(ix->txn, ix->txns_cap, ix->ntxns + 1);
	MEM_GROW(ix->txn_hash, ix->txn_hashes_cap, ix->ntxns + 1);
	ix->txn_hash[ix->ntxns] = h;
	ix->txn[ix->ntxns++] = (struct delta_txn){ arena_strdup(&ix->arena, t->app_id), t->version, t->updated_ms };
}

static void apply_domain(struct delta_snapshot_index *ix, const struct delta_domain *d)
{
	size_t i = 0;
	while (i < ix->ndomains && strcmp(ix->domain[i].domain, d->domain) != 0)
		i++;
	if (i == ix->ndomains) {
		MEM_GROW(ix->domain, ix->domains_cap, i + 1);
		ix->domain[ix->ndomains++].domain = arena_strdup(&ix->arena, d->domain);
	}
	ix->domain[i].configuration = dup(&ix->arena, d->configuration);
	ix->domain[i].removed = d->removed;
}

int index_apply(struct delta_snapshot *sn, const struct delta_action *act, struct err *e)
{
	struct delta_snapshot_index *ix = sn->index;
	switch (act->kind) {
	case DELTA_PROTOCOL:
		delta_protocol_copy(&sn->protocol, &act->protocol, &ix->arena);
		ix->has_protocol = true;
		return 0;
	case DELTA_METADATA:
		delta_metadata_copy(&sn->metadata, &act->metadata, &ix->arena);
		ix->has_metadata = ix->new_metadata = true;
		sn->metadata_version = ix->at;
		return 0;
	case DELTA_ADD: return apply_file(sn, &act->add, true, e);
	case DELTA_REMOVE: return apply_file(sn, &act->add, false, e);
	case DELTA_TXN: apply_txn(ix, &act->txn); return 0;
	case DELTA_DOMAIN: apply_domain(ix, &act->domain); return 0;
	default: return 0;
	}
}

static int resolve_schema(struct delta_snapshot *sn, struct err *e)
{
	struct delta_snapshot_index *ix = sn->index;
	schema_release(&sn->schema);
	schema_release(&sn->physical);
	if (!sn->metadata.schema_string)
		return err_set(e, ERR_DATA, "the table's metaData has no schemaString");
	int rc = schema_from_delta(&sn->schema, sn->metadata.schema_string, sn->metadata.nschema_string, e);
	if (rc) {
		err_wrap(e, "the table's schema");
		return rc;
	}
	rc = mapping_physical(sn, e);
	if (rc == 0)
		rc = widening_check(&sn->schema.root, e);
	if (rc)
		return rc;
	sn->npart = sn->metadata.partition_columns.n;
	sn->part_field = arena_array(&ix->arena, sn->npart, sizeof *sn->part_field);
	for (size_t i = 0; i < sn->npart; i++) {
		const char *name = sn->metadata.partition_columns.v[i];
		sn->part_field[i] = schema_find(&sn->schema, name, strlen(name));
		if (!sn->part_field[i])
			return err_set(e, ERR_DATA, "the table is partitioned by '%s', which is not in its schema", name);
		if (!delta_partition_type_ok(&sn->part_field[i]->type))
			return err_set(e, ERR_DATA, "the partition column '%s' has a type that is not allowed", name);
	}
	return 0;
}

static void resolve_tuple(const struct delta_snapshot *sn, struct index_tuple *t)
{
	const char *lacks = NULL;
	size_t found = 0;
	t->part = arena_array(&sn->index->arena, sn->npart ? sn->npart : 1, sizeof *t->part);
	for (size_t i = 0; i < sn->npart; i++) {
		const char *name = sn->physical.root.fields[sn->part_field[i] - sn->schema.root.fields].name;
		t->part[i] = delta_map_text(&t->map, name);
		if (delta_map_part(&t->map, name))
			found++;
		else
			lacks = name;
	}
	t->lacks = found < t->map.n ? lacks : NULL;
}

int index_resolve(struct delta_snapshot *sn, struct err *e)
{
	struct delta_snapshot_index *ix = sn->index;
	if (!ix->has_protocol || !ix->has_metadata)
		return err_set(e, ERR_DATA, "the log of %s has no %s", store_root(sn->store),
			       ix->has_protocol ? "metaData" : "protocol");
	int rc = ix->new_metadata ? resolve_schema(sn, e) : 0;
	if (rc)
		return rc;
	for (size_t i = 0; i < ix->tuple_slots; i++)
		if (ix->tuple[i] && (ix->new_metadata || !ix->tuple[i]->part))
			resolve_tuple(sn, ix->tuple[i]);
	for (size_t i = 0; i < ix->nfiles; i++) {
		struct index_entry *en = ix->file[i];
		en->f.part = en->tuple->part;
		if (en->f.live && en->tuple->lacks)
			return err_set(e, ERR_DATA, "add of %s: its partitionValues have no value for the partition column '%s', but for what is not "
				       "a partition column", en->f.raw_path, en->tuple->lacks);
	}
	ix->new_metadata = false;
	return 0;
}
