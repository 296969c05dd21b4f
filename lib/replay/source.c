/* SPDX-License-Identifier: MIT */
/* A unit's Parquet file, and which of its row groups can hold a match. Row groups are handed out one by one, in order,
 * to whoever asks next; the file is closed when the last of its groups has been read. */
#include "replay/parts.h"

#include "base/mem.h"

#include <strings.h>

static void source_free(struct source *s)
{
	if (!s)
		return;
	pq_projection_free(s->projection);
	pq_free(s->reader);
	store_file_close(s->file);
	delta_rows_release(&s->minus);
	delta_rows_release(&s->only);
	batch_release(&s->part);
	mem_free(s->part_field);
	mem_free(s->stats);
	mem_free(s->leaf);
	mem_free(s);
}

/* --- the values of partition columns --- */

static int fill_parts(struct source *s, const struct feed *f, struct err *e)
{
	const struct project *pr = f->project;
	size_t n = 0;
	s->part_field = mem_array(NULL, pr->work.nfields + 1, sizeof *s->part_field);
	for (size_t i = 0; i < pr->work.nfields; i++)
		if (pr->part[i] != NOT_PART)
			s->part_field[n++] = pr->work.fields[i];
	s->part_type = (struct type){ .kind = TYPE_STRUCT, .fields = s->part_field, .nfields = n };
	batch_init(&s->part, &s->part_type);
	n = 0;
	for (size_t i = 0; i < pr->work.nfields; i++) {
		struct delta_value v;
		if (pr->part[i] == NOT_PART)
			continue;
		int rc = delta_file_value(f->snapshot, &s->unit->file, pr->part[i], &v, e);
		if (rc)
			return rc;
		for (size_t k = 0; k < (f->eval || pr->bound_time ? PIECE_ROWS : 1); k++)
			delta_value_append(&v, &s->part.col[n]);
		n++;
	}
	return 0;
}

/* --- statistics of row groups --- */

static bool is_group(const struct type *t)
{
	return t->kind == TYPE_STRUCT || t->kind == TYPE_LIST || t->kind == TYPE_MAP;
}

/* The field called F in T, as the projection finds it; LEAF moves to its first leaf. */
static const struct field *find_field(const struct type *t, const struct field *f, size_t *leaf)
{
	const struct field *found = NULL;
	size_t at = *leaf, found_at = 0;
	for (size_t i = 0; i < t->nfields; at += type_leaves(&t->fields[i++].type))
		if (t->fields[i].nname == f->nname && !memcmp(t->fields[i].name, f->name, f->nname)) {
			*leaf = at;
			return &t->fields[i];
		}
	at = *leaf;
	for (size_t i = 0; i < t->nfields; at += type_leaves(&t->fields[i++].type))
		if (t->fields[i].nname == f->nname && !strncasecmp(t->fields[i].name, f->name, f->nname)) {
			if (found)
				return NULL;
			found = &t->fields[i];
			found_at = at;
		}
	if (found)
		*leaf = found_at;
	return found;
}

/* Do values of the file's type compare as those of the table's type do? */
static bool same_values(const struct type *file, const struct type *table)
{
	bool ints = file->kind >= TYPE_BYTE && file->kind <= TYPE_LONG, intt = table->kind >= TYPE_BYTE && table->kind <= TYPE_LONG;
	return (file->kind == table->kind && file->scale == table->scale) || (ints && intt);
}

/* The leaves below field F of READ, found in T whose first leaf is LEAF of the file; MAP gets one more a leaf, SIZE_MAX: not there */
static void match_field(const struct type *t, size_t leaf, const struct field *f, size_t *map, size_t *n)
{
	size_t leaves = type_leaves(&f->type);
	const struct field *in = t ? find_field(t, f, &leaf) : NULL;
	if (in && in->type.kind == TYPE_STRUCT && f->type.kind == TYPE_STRUCT) {
		for (size_t i = 0; i < f->type.nfields; i++)
			match_field(&in->type, leaf, &f->type.fields[i], map, n);
		return;
	}
	if (in && !is_group(&in->type) && !is_group(&f->type) && same_values(&in->type, &f->type)) {
		map[(*n)++] = leaf;
		return;
	}
	for (size_t i = 0; i < leaves; i++)
		map[(*n)++] = SIZE_MAX;
}

/* Can group G hold a match? The statistics of partition columns were set when the file was opened. */
static bool group_can_match(const struct feed *f, struct source *s, size_t g)
{
	const struct project *pr = f->project;
	const struct type *file = &pq_schema(s->reader)->root;
	size_t *map = mem_array(NULL, pr->nleaves + 1, sizeof *map), n = 0, at = 0;
	struct column_stats *stats = mem_array(NULL, pr->nleaves + 1, sizeof *stats);
	for (size_t i = 0; i < pr->work.nfields; i++) {
		if (pr->part[i] == NOT_PART)
			match_field(file, 0, &pr->read.fields[pr->column[i]], map, &n);
		else
			map[n++] = SIZE_MAX - 1;
	}
	for (; at < n; at++) {
		if (map[at] == SIZE_MAX - 1)
			continue;
		s->leaf[at] = (struct expr_leaf){ 0 };
		if (map[at] != SIZE_MAX && pq_group_stats(s->reader, g, map[at], &stats[at]))
			s->leaf[at] = (struct expr_leaf){ &stats[at], true, false };
	}
	unsigned may = expr_prune(f->eval, s->leaf);
	mem_free(map);
	mem_free(stats);
	return may & EXPR_MAY_TRUE;
}

/* --- opening --- */

/* what the log says of partition columns, in the order of WORK's leaves */
static void part_stats(struct source *s, const struct feed *f)
{
	const struct project *pr = f->project;
	struct column_stats *all = mem_array(NULL, pr->schema_leaves + 1, sizeof *all);
	struct expr_leaf *leaf = mem_array(NULL, pr->schema_leaves + 1, sizeof *leaf);
	struct arena scratch = ARENA_INIT;
	size_t at = 0;
	delta_file_stats(f->snapshot, &s->unit->file, leaf, all, &scratch);
	s->stats = mem_array(NULL, pr->nleaves + 1, sizeof *s->stats);
	s->leaf = mem_array(NULL, pr->nleaves + 1, sizeof *s->leaf);
	memset(s->leaf, 0, (pr->nleaves + 1) * sizeof *s->leaf);
	for (size_t i = 0; i < pr->work.nfields; i++) {
		const struct expr_leaf *from = &leaf[pr->leaf[at]];
		if (pr->part[i] != NOT_PART && from->stats) {
			s->stats[at] = *from->stats;
			s->leaf[at] = *from;
			s->leaf[at].stats = &s->stats[at];
		}
		at += type_leaves(&pr->work.fields[i].type);
	}
	mem_free(all);
	mem_free(leaf);
	arena_release(&scratch);
}

static int read_vectors(struct source *s, struct store *st, struct err *e)
{
	uint64_t rows = pq_rows(s->reader);
	int rc = s->unit->minus ? delta_dv_read(&s->minus, st, s->unit->minus, rows, e) : 0;
	if (rc == 0 && s->unit->only)
		rc = delta_dv_read(&s->only, st, s->unit->only, rows, e);
	return rc ? err_at(e, e->file[0] ? NULL : s->unit->file.path, 0, 0) : 0;
}

static int source_open(struct source **out, struct feed *f, const struct unit *u, struct err *e)
{
	struct source *s = mem_zalloc(sizeof *s);
	struct store *st = f->snapshot->store;
	s->unit = u;
	s->refs = 1;
	*out = NULL;
	int rc = store_file_open(&s->file, st, u->file.path, e);
	if (rc == 0) {
		struct pq_source src = { store_file_read, store_file_size(s->file), s->file, store_file_name(s->file),
			.most = f->most, .flag = "--memory" };
		rc = pq_open(&s->reader, &src, e);
	}
	if (rc == 0)
		rc = pq_project(&s->projection, s->reader, &f->project->read, f->snapshot->by_id, e);
	if (rc == 0)
		rc = read_vectors(s, st, e);
	if (rc == 0)
		rc = fill_parts(s, f, e);
	if (rc) {
		source_free(s);
		return rc;
	}
	if (f->eval)
		part_stats(s, f);
	*out = s;
	return 0;
}

/* --- handing out --- */

static void unref(struct source *s)
{
	if (s && --s->refs == 0)
		source_free(s);
}

/* the next group of the open file that can match; false: there is none */
static bool next_group(struct feed *f, struct claim *c)
{
	struct source *s = f->open;
	while (s->next_group < pq_groups(s->reader)) {
		size_t g = s->next_group++;
		uint64_t first = s->first_row, rows = pq_group_rows(s->reader, g);
		s->first_row += rows;
		f->counts.groups++;
		if (!rows || (f->eval && !s->unit->all_rows && !f->snapshot->by_id && !group_can_match(f, s, g)))
			continue;
		f->counts.groups_read++;
		*c = (struct claim){ s, g, first };
		s->refs++;
		return true;
	}
	return false;
}

static int claim_locked(struct feed *f, struct claim *c, struct err *e)
{
	for (;;) {
		if (f->open && next_group(f, c))
			return 1;
		unref(f->open);
		f->open = NULL;
		if (f->next_unit >= f->plan->n)
			return 0;
		f->bytes += f->plan->unit[f->next_unit].file.size;
		int rc = source_open(&f->open, f, &f->plan->unit[f->next_unit++], e);
		if (rc)
			return rc;
		f->counts.files_read++;
	}
}

int replay_feed_claim(struct feed *f, struct claim *c, struct err *e)
{
	pthread_mutex_lock(&f->lock);
	int rc = claim_locked(f, c, e);
	pthread_mutex_unlock(&f->lock);
	return rc;
}

void replay_feed_release(struct feed *f, struct claim *c)
{
	pthread_mutex_lock(&f->lock);
	unref(c->source);
	pthread_mutex_unlock(&f->lock);
	c->source = NULL;
}
