/* SPDX-License-Identifier: MIT */
/* Row groups and the footer, put together from the chunks of the columns. */
#include "parquet/writer.h"

#include "base/mem.h"
#include "parquet/plan.h"
#include "parquet/thrift.h"

#define PAGE_BYTES ((size_t)64 << 10)
#define GROUP_ROWS ((size_t)16 << 10)
#define SINK_BYTES ((size_t)256 << 10)  /* small writes are gathered up to this */

struct pq_writer {
	const struct type *type;
	struct pq_sink sink;
	struct chunk_env env;
	struct pq_codecs *own_codecs;
	struct arena arena;
	struct plan plan;
	size_t row_group_rows, group_rows, ngroups;
	uint64_t rows, offset;        /* offset: bytes given to the sink, or waiting in `gather` */
	struct buf gather, groups;    /* groups: finished RowGroup structs */
	const char **metadata;
	size_t nmetadata;             /* pairs */
};

static void copy_metadata(struct pq_writer *w, const char *const *kv)
{
	size_t n = 0;
	while (kv && kv[n])
		n++;
	w->nmetadata = n / 2;
	w->metadata = arena_array(&w->arena, n + 1, sizeof *w->metadata);
	for (size_t i = 0; i < n; i++)
		w->metadata[i] = arena_strdup(&w->arena, kv[i]);
}

static void gather(struct pq_writer *w, const void *p, size_t n)
{
	buf_put(&w->gather, p, n);
	w->offset += n;
}

int pq_writer_new(struct pq_writer **out, const struct type *type, const struct pq_sink *sink,
		  const struct pq_writer_opts *opts, struct err *e)
{
	static const struct pq_writer_opts none;
	const struct pq_writer_opts *o = opts ? opts : &none;
	struct pq_writer *w = mem_zalloc(sizeof *w);
	w->type = type;
	w->sink = *sink;
	w->row_group_rows = o->row_group_rows ? o->row_group_rows : GROUP_ROWS;
	if (w->row_group_rows > INT32_MAX)
		w->row_group_rows = INT32_MAX;
	if (!o->codecs)
		w->own_codecs = pq_codecs_new();
	w->env.codecs = o->codecs ? o->codecs : w->own_codecs;
	w->env.pool = o->pool;
	w->env.codec = o->codec;
	w->env.level = o->level;
	w->env.page_bytes = o->page_bytes ? o->page_bytes : PAGE_BYTES;
	if (w->env.page_bytes > (size_t)256 << 20)
		w->env.page_bytes = (size_t)256 << 20;
	w->env.no_dictionary = o->no_dictionary;
	copy_metadata(w, o->metadata);
	int rc = pq_plan_make(&w->plan, type, &w->arena, e);
	for (size_t i = 0; i < w->plan.nchunks; i++)
		chunk_init(&w->plan.chunk[i], &w->env);
	gather(w, "PAR1", 4);
	*out = w;
	if (rc) {
		pq_writer_free(w);
		*out = NULL;
	}
	return rc;
}

void pq_writer_free(struct pq_writer *w)
{
	if (!w)
		return;
	pool_wait(w->env.pool, &w->env.jobs);
	for (size_t i = 0; i < w->plan.nchunks; i++)
		chunk_release(&w->plan.chunk[i]);
	pq_codecs_free(w->own_codecs);
	buf_release(&w->gather);
	buf_release(&w->groups);
	arena_release(&w->arena);
	mem_free(w);
}

static int sink_flush(struct pq_writer *w, struct err *e)
{
	int rc = w->gather.n ? w->sink.write(w->sink.arg, w->gather.p, w->gather.n, e) : 0;
	w->gather.n = 0;
	return rc;
}

static int sink_put(struct pq_writer *w, const struct buf *b, struct err *e)
{
	int rc = 0;
	if (w->gather.n + b->n < SINK_BYTES) {
		gather(w, b->p, b->n);
		return 0;
	}
	rc = sink_flush(w, e);
	if (rc == 0 && b->n < SINK_BYTES / 2) {
		gather(w, b->p, b->n);
		return 0;
	}
	if (rc == 0)
		rc = w->sink.write(w->sink.arg, b->p, b->n, e);
	w->offset += b->n;
	return rc;
}

static int put_rows(struct pq_writer *w, const struct column *const *cols, const uint32_t *sel, size_t start, size_t n,
		    struct err *e)
{
	const struct shred_node *root = &w->plan.root;
	int rc = 0;
	for (size_t i = 0; i < root->nchild && rc == 0; i++) {
		rc = shred_put(&root->child[i], cols[root->source[i]], sel ? sel + start : NULL, sel ? 0 : start, n, e);
		if (rc)
			err_wrap(e, "column %s", root->child[i].name);
	}
	return rc;
}

int pq_writer_append(struct pq_writer *w, const struct column *const *cols, const uint32_t *sel, size_t nsel,
		     struct err *e)
{
	int rc = 0;
	for (size_t at = 0, n; at < nsel && rc == 0; at += n) {
		n = w->row_group_rows - w->group_rows;
		n = n < nsel - at ? n : nsel - at;
		rc = put_rows(w, cols, sel, at, n, e);
		w->group_rows += n;
		w->rows += n;
		if (rc == 0 && w->group_rows == w->row_group_rows)
			rc = pq_writer_flush_group(w, e);
	}
	return rc;
}

/* The chunk's statistics go into those of the file. */
static void add_stats(struct chunk *c)
{
	struct column_stats s;
	stats_init(&s, c->type);
	s.values = c->entries;
	s.nulls = c->nulls;
	bounds_to_stats(&c->bounds, &s);
	if (c->file_stats) {
		stats_merge(c->file_stats, &s);
		return;
	}
	c->file_stats = mem_dup(&s, sizeof s);
}

static int write_chunk(struct pq_writer *w, struct chunk *c, struct buf *columns, struct err *e)
{
	struct bounds_plain room;
	struct pq_chunk_out out = { .path = c->path, .npath = c->npath, .physical = c->physical,
		.codec = pq_file_codec(w->env.codec), .dictionary = c->has_dict, .num_values = (int64_t)c->entries,
		.uncompressed = (int64_t)c->uncompressed, .compressed = (int64_t)(c->dict_page.n + c->out.n),
		.dict_pages = c->dict_pages, .plain_pages = c->plain_pages };
	int rc = 0;
	if (c->has_dict) {
		out.dict_offset = (int64_t)w->offset;
		rc = sink_put(w, &c->dict_page, e);
	}
	out.data_offset = (int64_t)w->offset;
	if (rc == 0)
		rc = sink_put(w, &c->out, e);
	out.stats.null_count = (int64_t)c->nulls;
	bounds_to_file(&c->bounds, c->physical, c->physical == PQ_BOOLEAN ? 1 : c->width, &room, &out.stats);
	pq_chunk_write(columns, &out);
	add_stats(c);
	return rc;
}

static void write_group(struct pq_writer *w, const struct buf *columns, uint64_t uncompressed, uint64_t start)
{
	int last = 0;
	thrift_put_list(&w->groups, &last, 1, THRIFT_STRUCT, w->plan.nchunks);
	buf_put(&w->groups, columns->p, columns->n);
	thrift_put_int(&w->groups, &last, 2, THRIFT_I64, (int64_t)uncompressed);
	thrift_put_int(&w->groups, &last, 3, THRIFT_I64, (int64_t)w->group_rows);
	thrift_put_int(&w->groups, &last, 5, THRIFT_I64, (int64_t)start);
	thrift_put_int(&w->groups, &last, 6, THRIFT_I64, (int64_t)(w->offset - start));
	if (w->ngroups <= INT16_MAX)
		thrift_put_int(&w->groups, &last, 7, THRIFT_I16, (int64_t)w->ngroups);
	thrift_put_stop(&w->groups);
	w->ngroups++;
}

int pq_writer_flush_group(struct pq_writer *w, struct err *e)
{
	struct plan *p = &w->plan;
	struct buf columns = BUF_INIT;
	uint64_t start = w->offset, uncompressed = 0;
	int rc = 0;
	if (!w->group_rows)
		return 0;
	for (size_t i = 0; i < p->nchunks && rc == 0; i++)
		rc = chunk_finish(&p->chunk[i], e);
	pool_wait(w->env.pool, &w->env.jobs);
	for (size_t i = 0; i < p->nchunks && rc == 0; i++) {
		rc = chunk_collect(&p->chunk[i], e);
		if (rc == 0)
			rc = write_chunk(w, &p->chunk[i], &columns, e);
		uncompressed += p->chunk[i].uncompressed;
		chunk_next_group(&p->chunk[i]);
	}
	if (rc == 0) {
		write_group(w, &columns, uncompressed, start);
		rc = sink_flush(w, e);
	}
	buf_release(&w->gather);
	buf_release(&columns);
	w->group_rows = 0;
	return rc;
}

size_t pq_writer_memory(const struct pq_writer *w)
{
	size_t n = sizeof *w + w->arena.total + w->gather.cap + w->groups.cap + atomic_load(&w->env.in_flight);
	for (size_t i = 0; i < w->plan.nchunks; i++)
		n += chunk_memory(&w->plan.chunk[i]);
	return n + (w->own_codecs ? pq_codecs_memory(w->own_codecs) : 0);
}

uint64_t pq_writer_rows(const struct pq_writer *w)
{
	return w->rows;
}

uint64_t pq_writer_size(const struct pq_writer *w)
{
	uint64_t n = w->offset + w->groups.n + atomic_load(&w->env.in_flight) / 2;
	for (size_t i = 0; i < w->plan.nchunks; i++)
		n += chunk_size(&w->plan.chunk[i]);
	return n;
}

static void put_metadata(const struct pq_writer *w, struct buf *b, int *last)
{
	if (!w->nmetadata)
		return;
	thrift_put_list(b, last, 5, THRIFT_STRUCT, w->nmetadata);
	for (size_t i = 0; i < w->nmetadata; i++) {
		int in = 0;
		const char *k = w->metadata[i * 2], *v = w->metadata[i * 2 + 1];
		thrift_put_bytes(b, &in, 1, k, strlen(k));
		thrift_put_bytes(b, &in, 2, v, strlen(v));
		thrift_put_stop(b);
	}
}

static void put_footer(const struct pq_writer *w, struct buf *b)
{
	static const char by[] = "smtools version " SM_VERSION;
	struct buf elements = BUF_INIT;
	size_t n = pq_plan_elements(&w->plan, &elements);
	int last = 0;
	thrift_put_int(b, &last, 1, THRIFT_I32, 1);
	thrift_put_list(b, &last, 2, THRIFT_STRUCT, n);
	buf_put(b, elements.p, elements.n);
	thrift_put_int(b, &last, 3, THRIFT_I64, (int64_t)w->rows);
	thrift_put_list(b, &last, 4, THRIFT_STRUCT, w->ngroups);
	buf_put(b, w->groups.p, w->groups.n);
	put_metadata(w, b, &last);
	thrift_put_bytes(b, &last, 6, by, sizeof by - 1);
	thrift_put_list(b, &last, 7, THRIFT_STRUCT, w->plan.nchunks);
	for (size_t i = 0; i < w->plan.nchunks; i++) {
		int in = 0;
		thrift_put_field(b, &in, 1, THRIFT_STRUCT);
		thrift_put_stop(b);
		thrift_put_stop(b);
	}
	thrift_put_stop(b);
	buf_release(&elements);
}

/* STATS has one for each leaf of the type; those that are not in the file are null in every row. */
static void file_stats(const struct pq_writer *w, const struct type *t, struct column_stats *stats, size_t *leaf)
{
	if (t->kind == TYPE_STRUCT || t->kind == TYPE_LIST || t->kind == TYPE_MAP) {
		for (size_t i = 0; i < t->nfields; i++)
			file_stats(w, &t->fields[i].type, stats, leaf);
		return;
	}
	const struct chunk *c = w->plan.leaf[*leaf];
	stats_init(&stats[*leaf], t);
	if (c && c->file_stats)
		stats[*leaf] = *c->file_stats;
	else if (!c)
		stats[*leaf].values = stats[*leaf].nulls = w->rows;
	++*leaf;
}

int pq_writer_finish(struct pq_writer *w, struct column_stats *stats, uint64_t *file_size, struct err *e)
{
	struct buf footer = BUF_INIT;
	size_t leaf = 0;
	int rc = pq_writer_flush_group(w, e);
	put_footer(w, &footer);
	if (footer.n > INT32_MAX)
		rc = err_set(e, ERR_DATA, "a footer of %zu bytes is more than Parquet can hold", footer.n);
	buf_le32(&footer, (uint32_t)footer.n);
	buf_puts(&footer, "PAR1");
	if (rc == 0)
		rc = sink_put(w, &footer, e);
	if (rc == 0)
		rc = sink_flush(w, e);
	if (rc == 0 && stats)
		file_stats(w, w->type, stats, &leaf);
	if (rc == 0 && file_size)
		*file_size = w->offset;
	buf_release(&footer);
	return rc;
}
