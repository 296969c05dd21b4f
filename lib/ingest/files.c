/* SPDX-License-Identifier: MIT */
/* Opens, fills, closes and announces the data files; the largest goes first when memory is short. */
#include "ingest/files.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/rand.h"
#include "delta/partition.h"
#include "delta/stats.h"

#include <stdio.h>
#include <string.h>

#define BUCKETS_MIN ((size_t)64)
#define CLOSE_AT_ONCE ((size_t)32)
#define DIRS_MAX ((size_t)3000)       /* bytes of all folders of a file together: a path has 4,096 */

struct file {
	struct file *chain;           /* next in its bucket */
	struct file *prev, *next;     /* open files, oldest first */
	uint64_t hash;
	char *key;
	size_t nkey;
	struct arena arena;           /* path, partition values */
	const char *path;             /* decoded, relative to the table */
	struct delta_map values;
	struct store_out *out;
	struct pq_writer *writer;
	size_t memory;                /* as it was counted in files.memory */
	uint64_t *list_nulls;
};

struct files {
	const struct ingest_table *table;
	struct files_opts opts;
	struct file **bucket;
	size_t nbuckets, nopen, memory;
	struct file *first, *last;
	size_t nlists;                /* lists and maps that have a null count */
	size_t nleaves;
	uint64_t serial;
	struct buf announced;
	struct files_totals totals;
};

/* Lists and maps that are not within others, depth first. */
static size_t count_lists(const struct type *t)
{
	size_t n = 0;
	for (size_t i = 0; i < t->nfields; i++) {
		const struct type *f = &t->fields[i].type;
		n += f->kind == TYPE_LIST || f->kind == TYPE_MAP ? 1 : f->kind == TYPE_STRUCT ? count_lists(f) : 0;
	}
	return n;
}

struct files *files_new(const struct ingest_table *t, const struct files_opts *opts)
{
	struct files *fs = mem_zalloc(sizeof *fs);
	fs->table = t;
	fs->opts = *opts;
	fs->nbuckets = BUCKETS_MIN;
	fs->bucket = mem_zalloc(fs->nbuckets * sizeof *fs->bucket);
	fs->nlists = count_lists(&t->data);
	fs->nleaves = type_leaves(&t->data);
	return fs;
}

static void unlink_file(struct files *fs, struct file *f)
{
	struct file **at = &fs->bucket[f->hash & (fs->nbuckets - 1)];
	while (*at != f)
		at = &(*at)->chain;
	*at = f->chain;
	*(f->prev ? &f->prev->next : &fs->first) = f->next;
	*(f->next ? &f->next->prev : &fs->last) = f->prev;
	fs->memory -= f->memory;
	atomic_fetch_sub(fs->opts.total, f->memory);
	fs->nopen--;
}

/* Free what is left of F, which is not in the set (any more). */
static void free_file(struct file *f)
{
	pq_writer_free(f->writer);
	store_out_abort(f->out);
	arena_release(&f->arena);
	mem_free(f->list_nulls);
	mem_free(f->key);
	mem_free(f);
}

static void files_abort_all(struct files *fs)
{
	while (fs->first) {
		struct file *f = fs->first;
		unlink_file(fs, f);
		free_file(f);
	}
}

void files_free(struct files *fs)
{
	if (!fs)
		return;
	files_abort_all(fs);
	buf_release(&fs->announced);
	mem_free(fs->bucket);
	mem_free(fs);
}

struct buf *files_announced(struct files *fs)
{
	return &fs->announced;
}

const struct files_totals *files_totals(const struct files *fs)
{
	return &fs->totals;
}

static void link_file(struct files *fs, struct file *f)
{
	if (fs->nopen >= fs->nbuckets) {
		size_t n = fs->nbuckets * 2;
		mem_free(fs->bucket);
		fs->bucket = mem_zalloc(n * sizeof *fs->bucket);
		fs->nbuckets = n;
		for (struct file *g = fs->first; g; g = g->next) {
			struct file **at = &fs->bucket[g->hash & (n - 1)];
			g->chain = *at;
			*at = g;
		}
	}
	struct file **at = &fs->bucket[f->hash & (fs->nbuckets - 1)];
	f->chain = *at;
	*at = f;
	f->prev = fs->last;
	*(fs->last ? &fs->last->next : &fs->first) = f;
	fs->last = f;
	fs->nopen++;
}

/* Partition values and, from them, the folder. */
static void set_values(struct file *f, const struct ingest_table *t, const struct files_key *key, struct buf *path)
{
	struct buf text = BUF_INIT;
	size_t share = t->by.n ? DIRS_MAX / t->by.n : 0, max = share > DELTA_DIR_MAX ? DELTA_DIR_MAX : share;
	f->values.v = arena_array(&f->arena, t->by.n, sizeof *f->values.v);
	f->values.n = t->by.n;
	for (size_t i = 0; i < t->by.n; i++) {
		struct delta_value v;
		struct delta_kv *kv = &f->values.v[i];
		buf_clear(&text);
		delta_value_of(&v, key->value[i], key->row);
		if (!v.null)
			delta_value_print(&v, key->value[i]->type, &text);
		kv->key = t->by.v[i].name;
		kv->value = text.n ? arena_strndup(&f->arena, text.p, text.n) : NULL;
		kv->nvalue = text.n;
		delta_partition_dir(path, kv->key, kv->value, kv->nvalue, max > 32 ? max : 32);
		buf_putc(path, '/');
	}
	buf_release(&text);
}

static int open_file(struct files *fs, const struct files_key *key, struct file **to, struct err *e)
{
	struct file *f = mem_zalloc(sizeof *f);
	struct buf path = BUF_INIT;
	char uuid[UUID_TEXT + 1];
	f->hash = key->hash;
	f->key = mem_dup(key->p, key->n);
	f->nkey = key->n;
	f->list_nulls = mem_zalloc(fs->nlists * sizeof *f->list_nulls);
	set_values(f, fs->table, key, &path);
	rand_uuid(uuid);
	buf_printf(&path, "part-%05llu-%s-c000%s.parquet", (unsigned long long)((fs->serial++ * fs->opts.sets + fs->opts.set) % 100000), uuid,
		   pq_codec_extension(fs->opts.codec));
	f->path = arena_strndup(&f->arena, path.p, path.n);
	buf_release(&path);
	int rc = store_out_open(&f->out, fs->table->store, f->path, e);
	if (rc == 0) {
		const struct pq_sink sink = { store_out_write, f->out };
		const struct pq_writer_opts o = { .codec = fs->opts.codec, .level = fs->opts.level, .pool = fs->opts.pool,
			.row_group_rows = fs->opts.row_group_rows, .codecs = fs->opts.codecs };
		rc = pq_writer_new(&f->writer, &fs->table->data, &sink, &o, e);
	} else {
		f->out = NULL;
	}
	if (rc) {
		free_file(f);
		return rc;
	}
	link_file(fs, f);
	*to = f;
	return 0;
}

static void announce(struct files *fs, struct file *f, const struct column_stats *stats, uint64_t rows, uint64_t size)
{
	struct buf text = BUF_INIT;
	delta_stats_print(&text, &fs->table->data, rows, stats, f->list_nulls, fs->table->stats_limit);
	struct delta_action act = { .kind = DELTA_ADD, .add = { .path = f->path, .partition_values = f->values,
		.size = (int64_t)size, .modified_ms = clock_now_us() / 1000, .data_change = true, .stats = text.p, .nstats = text.n,
		.base_row_id = -1, .default_row_commit_version = -1 } };
	delta_action_print(&act, &fs->announced);
	buf_release(&text);
	fs->totals.files++;
	fs->totals.rows += rows;
	fs->totals.bytes += size;
}

/* The store names its files itself; the writer, which has its own complaints, does not know them. */
static int name_file(const struct file *f, int rc, struct err *e)
{
	return rc == ERR_IO ? rc : err_wrap(e, "%s", f->path);
}

/* One file on its way to being closed. */
struct closing {
	struct file *file;
	struct column_stats *stats;
	uint64_t size, rows;
	int result;
	struct err err;
};

/* The last pages and the footer: a job of the pool, which touches nothing but the file. */
static void finish_file(void *arg)
{
	struct closing *c = arg;
	c->rows = pq_writer_rows(c->file->writer);
	c->result = pq_writer_finish(c->file->writer, c->stats, &c->size, &c->err);
	if (c->result)
		name_file(c->file, c->result, &c->err);
}

/* Make it durable: mostly waiting. */
static void sync_file(void *arg)
{
	struct closing *c = arg;
	struct store_out *out = c->file->out;
	if (c->result)
		return;
	c->file->out = NULL;
	c->result = store_out_close(out, &c->err);
}

/* Announce the file, or, when FAILED (another one could not be closed), remove it. It is gone afterwards. */
static int end_file(struct files *fs, struct closing *c, bool failed, struct err *e)
{
	struct file *f = c->file;
	int rc = c->result;
	if (rc && !failed)
		*e = c->err;
	if (rc == 0 && !failed)
		announce(fs, f, c->stats, c->rows, c->size);
	else if (rc == 0)
		store_delete(fs->table->store, f->path, NULL);
	mem_free(c->stats);
	free_file(f);
	return rc;
}

/* Close the N oldest files, or the one that is ONLY; several at once when there are threads. */
static int close_some(struct files *fs, struct file *only, size_t n, struct err *e)
{
	struct closing *c = mem_zalloc(n * sizeof *c);
	struct pool_group finish = POOL_GROUP_INIT, sync = POOL_GROUP_INIT;
	int rc = 0;
	for (size_t i = 0; i < n; i++) {
		c[i].file = only ? only : fs->first;
		c[i].stats = mem_zalloc(fs->nleaves * sizeof *c[i].stats);
		unlink_file(fs, c[i].file);
		if (n > 1)
			pool_submit(fs->opts.pool, &finish, finish_file, &c[i]);
		else
			finish_file(&c[i]);
	}
	pool_wait(fs->opts.pool, &finish);
	for (size_t i = 0; i < n; i++)
		pool_submit(n > 1 ? fs->opts.waiters : NULL, &sync, sync_file, &c[i]);
	pool_wait(fs->opts.waiters, &sync);
	for (size_t i = 0; i < n; i++) {
		int one = end_file(fs, &c[i], rc != 0, e);
		rc = rc ? rc : one;
	}
	mem_free(c);
	return rc;
}

static int close_file(struct files *fs, struct file *f, struct err *e)
{
	return close_some(fs, f, 1, e);
}

int files_close_all(struct files *fs, struct err *e)
{
	int rc = 0;
	while (fs->first && rc == 0)
		rc = close_some(fs, NULL, fs->nopen < CLOSE_AT_ONCE ? fs->nopen : CLOSE_AT_ONCE, e);
	return rc;
}

static struct file *find_file(const struct files *fs, const struct files_key *key)
{
	struct file *f = fs->bucket[key->hash & (fs->nbuckets - 1)];
	while (f && (f->hash != key->hash || f->nkey != key->n || memcmp(f->key, key->p, key->n) != 0))
		f = f->chain;
	return f;
}

/* Nulls of lists and maps: the writer's own statistics are those of the leaves below. A list in a null struct is null. */
static void count_nulls(const struct column *c, const uint32_t *sel, size_t nsel, uint64_t **at)
{
	if (c->type->kind == TYPE_STRUCT) {
		for (size_t i = 0; i < c->nchild; i++)
			count_nulls(&c->child[i], sel, nsel, at);
	} else if (c->type->kind == TYPE_LIST || c->type->kind == TYPE_MAP) {
		for (size_t i = 0; i < nsel && c->nulls; i++)
			**at += column_is_null(c, sel[i]);
		++*at;
	}
}

static void recount(struct files *fs, struct file *f)
{
	size_t now = pq_writer_memory(f->writer) + sizeof *f + f->nkey + f->arena.total;
	fs->memory += now - f->memory;
	atomic_fetch_add(fs->opts.total, now - f->memory);
	f->memory = now;
}

static int append_some(struct files *fs, struct file *f, const struct column *const *cols, const uint32_t *sel, size_t n,
		       struct err *e)
{
	uint64_t *at = f->list_nulls;
	for (size_t i = 0; i < fs->table->data.nfields; i++)
		count_nulls(cols[i], sel, n, &at);
	int rc = pq_writer_append(f->writer, cols, sel, n, e);
	if (rc)
		return name_file(f, rc, e);
	recount(fs, f);
	bool full = (fs->opts.max_rows && pq_writer_rows(f->writer) >= fs->opts.max_rows) ||
		    (fs->opts.target_bytes && pq_writer_size(f->writer) >= fs->opts.target_bytes);
	return full ? close_file(fs, f, e) : 0;
}

static struct file *largest(const struct files *fs)
{
	struct file *best = fs->first;
	for (struct file *f = fs->first; f; f = f->next)
		if (f->memory > best->memory)
			best = f;
	return best;
}

int files_append(struct files *fs, const struct files_key *key, const struct column *const *cols, const uint32_t *sel,
		 size_t nsel, struct err *e)
{
	int rc = 0;
	for (size_t at = 0, n; at < nsel && rc == 0; at += n) {
		struct file *f = find_file(fs, key);
		n = nsel - at;
		if (!f) {
			if (fs->opts.max_open && fs->nopen >= fs->opts.max_open)
				rc = close_file(fs, largest(fs), e);
			if (rc == 0)
				rc = open_file(fs, key, &f, e);
			if (rc)
				break;
		}
		uint64_t rows = pq_writer_rows(f->writer);
		if (fs->opts.max_rows && n > fs->opts.max_rows - rows)
			n = (size_t)(fs->opts.max_rows - rows);
		rc = append_some(fs, f, cols, sel + at, n, e);
	}
	return rc;
}

/* Gives up down to seven eighths of the bound, so that the next row does not come to the same. */
int files_limit(struct files *fs, size_t extra, struct err *e)
{
	size_t shelf = pq_codecs_memory(fs->opts.codecs);
	size_t bound = fs->opts.memory > extra + shelf ? fs->opts.memory - extra - shelf : 0;
	size_t low = bound - bound / 8, share = low / fs->opts.sets;
	int rc = 0;
	if (atomic_load(fs->opts.total) <= bound)
		return 0;
	while (rc == 0 && fs->nopen && fs->memory > share && atomic_load(fs->opts.total) > low) {
		struct file *f = largest(fs);
		size_t was = f->memory;
		rc = pq_writer_flush_group(f->writer, e);
		if (rc)
			return name_file(f, rc, e);
		recount(fs, f);
		if (f->memory > was / 2)
			rc = close_file(fs, f, e);
	}
	return rc;
}
