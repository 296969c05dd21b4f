/* SPDX-License-Identifier: MIT */
/* Replays a checkpoint and the commits behind it into an index, and answers from that. */
#include "delta/snapshot.h"

#include "base/clock.h"
#include "base/mem.h"
#include "delta/checkpoint.h"
#include "delta/index.h"
#include "delta/log.h"
#include "delta/protocol.h"

#include <string.h>

#define RELIST_AFTER_NS (600 * NS_PER_SEC)
#define LIST_ATTEMPTS 3

static void reset(struct delta_snapshot *sn)
{
	struct delta_snapshot_index *old = sn->index;
	sn->index = index_new();
	sn->index->retired = old;
	sn->nfiles = 0;
	sn->bytes = 0;
	sn->version = -1;
}

static int take_action(void *arg, const struct delta_action *act, uint64_t line, struct err *e)
{
	(void)line;
	return index_apply(arg, act, e);
}

static int replay(struct delta_snapshot *sn, int64_t first, int64_t last, struct err *e)
{
	int rc = 0;
	for (int64_t v = first; v <= last && rc == 0; v++) {
		sn->index->at = v;
		rc = delta_log_read(sn->store, v, NULL, take_action, sn, e);
	}
	return rc;
}

/* From checkpoint C (NULL: from version 0) and the commits behind it. */
static int load_from(struct delta_snapshot *sn, const struct delta_log_checkpoint *c, int64_t version, struct err *e)
{
	int rc = 0;
	reset(sn);
	sn->index->at = c ? c->version : 0;
	if (c)
		rc = delta_checkpoint_read(sn->store, c, sn->flags, take_action, sn, e);
	if (rc == 0)
		rc = replay(sn, c ? c->version + 1 : 0, version, e);
	return rc;
}

static int not_there(const struct delta_log *l, const struct store *store, int64_t version, struct err *e)
{
	int64_t newest = delta_log_newest(l);
	if (version == newest)
		return delta_log_check(l, store, e);
	if (version > newest)
		return err_set(e, ERR_NOT_FOUND, "the table has no version %lld; its newest is %lld", (long long)version,
			       (long long)newest);
	int64_t oldest = l->ncommits && l->commits[0].version == 0 ? 0 : newest;
	for (size_t i = l->ncheckpoints; i-- > 0 && oldest; )
		if (delta_log_contiguous(l, l->checkpoints[i].version + 1, newest))
			oldest = l->checkpoints[i].version;
	return err_set(e, ERR_NOT_FOUND, "version %lld can no longer be read: earlier commits are missing "
		       "(the oldest readable version is %lld)", (long long)version, (long long)oldest);
}

/* Newest checkpoint first; one that is damaged gives way to an older one, and in the end to the commits alone. */
static int load(struct delta_snapshot *sn, const struct delta_log *l, int64_t version, bool *vanished, struct err *e)
{
	struct err first = { 0 };
	bool tried = false;
	for (size_t i = l->ncheckpoints + 1; i-- > 0; ) {
		const struct delta_log_checkpoint *c = i ? &l->checkpoints[i - 1] : NULL;
		if (c && c->version > version)
			continue;
		if (!delta_log_contiguous(l, c ? c->version + 1 : 0, version))
			continue;
		int rc = load_from(sn, c, version, e);
		if (rc == 0)
			return 0;
		/* A file that the listing showed is gone: look again, and in the end this is damage, never "no table". */
		if (rc == ERR_NOT_FOUND)
			*vanished = true;
		if (!c || (rc != ERR_DATA && rc != ERR_NOT_FOUND)) {
			if (tried && e)
				*e = first;
			return tried ? first.code : rc;
		}
		if (!tried && e)
			first = *e;
		tried = true;
	}
	if (tried) {
		if (e)
			*e = first;
		return first.code;
	}
	return not_there(l, sn->store, version, e);
}

static int settle(struct delta_snapshot *sn, struct err *e)
{
	int rc = 0;
	if (sn->index->has_protocol && !(sn->flags & DELTA_ANY_PROTOCOL))
		rc = delta_protocol_check_read(&sn->protocol, e);
	if (rc == 0)
		rc = index_resolve(sn, e);
	if (rc && e && !e->file[0])
		err_at(e, store_root(sn->store), 0, 0);
	return rc;
}

/* A listing is no snapshot of the folder: a commit may be made, or cleaned away, while it runs. So look again before
 * a gap is believed. */
static int load_listed(struct delta_snapshot *sn, int64_t version, struct err *e)
{
	struct delta_log l;
	bool again = true, vanished = false;
	int rc = 0;
	for (int i = 0; i < LIST_ATTEMPTS && again; i++) {
		vanished = false;
		delta_log_init(&l);
		rc = delta_log_list(&l, sn->store, e);
		int64_t want = version == DELTA_NEWEST ? delta_log_newest(&l) : version;
		if (rc == 0)
			rc = load(sn, &l, want, &vanished, e);
		again = (rc == ERR_NOT_FOUND || rc == ERR_IO) && l.trace && want <= delta_log_newest(&l);
		delta_log_release(&l);
		if (rc == 0) {
			sn->version = want;
			sn->index->read_ns = clock_mono_ns();
		}
	}
	if (rc == ERR_NOT_FOUND && vanished) {
		rc = ERR_IO;
		if (e)
			e->code = ERR_IO;
	}
	return rc;
}

int delta_snapshot_open(struct delta_snapshot **out, struct store *s, int64_t version, unsigned flags, struct err *e)
{
	struct delta_snapshot *sn = mem_zalloc(sizeof *sn);
	sn->store = s;
	sn->flags = flags;
	sn->version = -1;
	schema_init(&sn->schema);
	schema_init(&sn->physical);
	int rc = load_listed(sn, version, e);
	if (rc == 0)
		rc = settle(sn, e);
	else if (e && rc != ERR_NOT_FOUND && !e->file[0])
		err_at(e, store_root(s), 0, 0);
	if (rc) {
		delta_snapshot_free(sn);
		return rc;
	}
	*out = sn;
	return 0;
}

void delta_snapshot_free(struct delta_snapshot *sn)
{
	if (!sn)
		return;
	index_free(sn->index);
	schema_release(&sn->schema);
	schema_release(&sn->physical);
	mem_free(sn);
}

int delta_snapshot_update(struct delta_snapshot *sn, int64_t to, struct err *e)
{
	bool moved = true;
	int rc = 0;
	while (rc == 0 && (to == DELTA_NEWEST || sn->version < to)) {
		rc = delta_log_moved(sn->store, sn->version, &moved, e);
		if (rc || !moved)
			break;
		rc = replay(sn, sn->version + 1, sn->version + 1, e);
		sn->version++;
		sn->index->read_ns = clock_mono_ns();
	}
	/* No next commit: this is the newest version, or the log was cleaned up since we last looked. */
	if (rc == 0 && !moved && (to != DELTA_NEWEST || clock_mono_ns() - sn->index->read_ns > RELIST_AFTER_NS)) {
		struct delta_log l;
		delta_log_init(&l);
		rc = delta_log_list(&l, sn->store, e);
		bool behind = rc == 0 && delta_log_newest(&l) > sn->version;
		delta_log_release(&l);
		if (rc == 0 && (behind || to != DELTA_NEWEST))
			rc = load_listed(sn, to, e);
		sn->index->read_ns = clock_mono_ns();
	}
	return rc ? rc : settle(sn, e);
}

const struct delta_file *delta_snapshot_next(const struct delta_snapshot *sn, struct delta_iter *it)
{
	const struct delta_snapshot_index *ix = sn->index;
	while (it->i < ix->nfiles) {
		const struct delta_file *f = &ix->file[it->i++]->f;
		if (f->live)
			return f;
	}
	return NULL;
}

const struct delta_file *delta_snapshot_next_tombstone(const struct delta_snapshot *sn, struct delta_iter *it)
{
	const struct delta_snapshot_index *ix = sn->index;
	while (it->i < ix->nfiles) {
		const struct delta_file *f = &ix->file[it->i++]->f;
		if (!f->live)
			return f;
	}
	return NULL;
}

const struct delta_file *delta_snapshot_find(const struct delta_snapshot *sn, const char *path, const char *dv_id)
{
	const struct index_entry *en = index_find(sn->index, path, dv_id, false);
	return en ? &en->f : NULL;
}

bool delta_snapshot_names(const struct delta_snapshot *sn, const char *path)
{
	return index_find(sn->index, path, NULL, true) != NULL;
}

bool delta_snapshot_has(const struct delta_snapshot *sn, const char *path)
{
	return index_live(sn->index, path);
}

bool delta_snapshot_txn(const struct delta_snapshot *sn, const char *app_id, int64_t *version)
{
	const struct delta_snapshot_index *ix = sn->index;
	for (size_t i = 0; i < ix->ntxns; i++) {
		if (strcmp(ix->txn[i].app_id, app_id) == 0) {
			*version = ix->txn[i].version;
			return true;
		}
	}
	return false;
}

const struct delta_txn *delta_snapshot_next_txn(const struct delta_snapshot *sn, struct delta_iter *it)
{
	return it->i < sn->index->ntxns ? &sn->index->txn[it->i++] : NULL;
}

const struct delta_domain *delta_snapshot_next_domain(const struct delta_snapshot *sn, struct delta_iter *it)
{
	while (it->i < sn->index->ndomains) {
		const struct delta_domain *d = &sn->index->domain[it->i++];
		if (!d->removed)
			return d;
	}
	return NULL;
}

const char *delta_property(const struct delta_snapshot *sn, const char *key)
{
	const struct delta_kv *kv = delta_map_get(&sn->metadata.configuration, key);
	return kv ? kv->value : NULL;
}

int delta_file_value(const struct delta_snapshot *sn, const struct delta_file *f, size_t col, struct delta_value *v,
		     struct err *e)
{
	int rc = delta_value_parse(v, &sn->part_field[col]->type, f->part[col].p, f->part[col].n, e);
	if (rc)
		err_wrap(e, "%s: partition column '%s'", f->path, sn->part_field[col]->name);
	return rc;
}

static void file_action(const struct delta_snapshot *sn, const struct delta_file *f, struct delta_add *add, struct arena *a)
{
	add->path = f->path;
	add->raw_path = f->raw_path;
	add->size = (int64_t)f->size;
	add->modified_ms = f->modified_ms;
	add->stats = f->stats;
	add->nstats = f->nstats;
	add->partition_values.n = sn->npart;
	add->partition_values.v = arena_array(a, sn->npart ? sn->npart : 1, sizeof *add->partition_values.v);
	for (size_t i = 0; i < sn->npart; i++) {
		size_t at = (size_t)(sn->part_field[i] - sn->schema.root.fields);
		add->partition_values.v[i] = (struct delta_kv){ sn->physical.root.fields[at].name, f->part[i].p, f->part[i].n };
	}
	if (f->more) {
		add->dv = f->more->dv;
		add->tags = f->more->tags;
		add->clustering_provider = f->more->clustering_provider;
		add->base_row_id = f->more->base_row_id;
		add->default_row_commit_version = f->more->default_row_commit_version;
	}
}

void delta_file_add(const struct delta_snapshot *sn, const struct delta_file *f, struct delta_action *act, struct arena *a)
{
	*act = (struct delta_action){ .kind = DELTA_ADD, .add = DELTA_ADD_INIT };
	file_action(sn, f, &act->add, a);
	act->add.data_change = f->data_change;
}

void delta_file_remove(const struct delta_snapshot *sn, const struct delta_file *f, int64_t ms, struct delta_action *act,
		       struct arena *a)
{
	*act = (struct delta_action){ .kind = DELTA_REMOVE, .add = DELTA_ADD_INIT };
	file_action(sn, f, &act->add, a);
	act->add.extended = f->live || f->extended;
	act->add.data_change = f->live || f->data_change;
	act->add.deleted_ms = f->live ? ms : f->deleted_ms;
	act->add.stats = NULL;
	act->add.tags = NULL;
}
