/* SPDX-License-Identifier: MIT */
/* From the batch to the files. */
#include "ingest/run.h"

#include "base/mem.h"

#include <string.h>

/* Memory that is neither batches nor writers: blocks of input and their index, the stacks, the tables. */
#define FIXED_MEMORY ((size_t)20 << 20)

static void collect_totals(struct run *x)
{
	if (!x->files)
		return;
	const struct files_totals *t = files_totals(x->files);
	x->result->files += t->files;
	x->result->rows += t->rows;
	x->result->bytes += t->bytes;
}

static void release_rows(struct run_rows *w)
{
	if (!w->batch.type)
		return;
	batch_release(&w->batch);
	batch_release(&w->computed);
	mem_free(w->dropped);
	mem_free(w->data);
	mem_free(w->part);
	*w = (struct run_rows){ 0 };
}

void run_release_schema(struct run *x)
{
	pool_wait(x->pool, &x->group);
	collect_totals(x);
	json_in_free(x->in);
	x->in = NULL;
	release_rows(&x->rows[0]);
	release_rows(&x->rows[1]);
	files_free(x->files);
	x->files = NULL;
	x->unclosed = false;
}

static void init_computed(struct run *x)
{
	struct ingest_table *t = &x->table;
	size_t n = 0;
	x->computed_type = (struct type){ .kind = TYPE_STRUCT };
	x->computed_type.fields = arena_array(&t->schema.arena, t->by.ncomputed, sizeof *x->computed_type.fields);
	for (size_t i = 0; i < t->by.n; i++)
		if (t->by.v[i].func != BY_COLUMN)
			x->computed_type.fields[n++] = t->schema.root.fields[t->by.v[i].column];
	x->computed_type.nfields = n;
}

static void init_rows(struct run *x, struct run_rows *w)
{
	struct ingest_table *t = &x->table;
	size_t k = 0;
	batch_init(&w->batch, &t->schema.root);
	batch_init(&w->computed, &x->computed_type);
	w->data = mem_array(NULL, t->data.nfields, sizeof *w->data);
	w->part = mem_array(NULL, t->by.n, sizeof *w->part);
	for (size_t i = 0; i < t->data.nfields; i++)
		w->data[i] = &w->batch.col[t->data_col[i]];
	for (size_t i = 0; i < t->by.n; i++)
		w->part[i] = t->by.v[i].func == BY_COLUMN ? &w->batch.col[t->by.v[i].column] : &w->computed.col[k++];
}

int run_set_schema(struct run *x, struct schema *s, struct err *e)
{
	const struct partition_opts *o = x->o;
	int r = 0;
	if (x->files) {
		r = run_dispatch(x, e);
		if (r == 0)
			r = run_wait(x, e);
		if (r == 0)
			r = files_close_all(x->files, e);
		run_release_schema(x);
	}
	if (r == 0 && s)
		r = ingest_table_set_schema(&x->table, s, e);
	if (r)
		return r;
	init_computed(x);
	init_rows(x, &x->rows[0]);
	init_rows(x, &x->rows[1]);
	x->now = &x->rows[0];
	const struct json_in_opts in = { .unknown = o->merge_schema ? JSON_IN_UNKNOWN_REPORT : JSON_IN_UNKNOWN_BAD,
		.rows = x->table.by.ncomputed > 0 };
	x->in = json_in_new(&x->table.schema.root, &in);
	const struct files_opts f = { .target_bytes = o->target_bytes ? o->target_bytes : PARTITION_TARGET, .max_rows = o->max_rows,
		.memory = x->memory, .max_open = o->max_open, .codec = o->codec, .level = o->level,
		.row_group_rows = o->row_group_rows, .pool = x->pool, .announce = &o->out->buf };
	x->files = files_new(&x->table, &f);
	return 0;
}

bool run_holds(const struct run *x)
{
	return x->files && (x->now->batch.nrows > 0 || x->unclosed);
}

/* A row whose partition cannot be computed is as bad as one that cannot be read. */
static void bad_row(void *arg, size_t row, const char *text)
{
	struct run *x = arg;
	struct run_rows *w = x->now;
	struct err why;
	size_t n, first;
	const struct json_in_row *rows = json_in_rows(x->in, &n, &first);
	if (!w->dropped)
		w->dropped = mem_zalloc(RUN_ROWS / 8 + 1);
	if (x->fault || row < first || row - first >= n || bit_get(w->dropped, row))
		return;
	const struct json_in_row *l = &rows[row - first];
	bit_set(w->dropped, row);
	w->ndropped++;
	err_set(&why, ERR_DATA, "%s", text);
	err_at(&why, x->block.file, x->block.line + l->line, 0);
	x->fault = reject_record(x->o->rejects, l->p, l->n, &why, x->e);
}

int run_evaluate(struct run *x, struct err *e)
{
	const struct by *by = &x->table.by;
	struct run_rows *w = x->now;
	size_t k = 0;
	if (!by->ncomputed || w->evaluated == w->batch.nrows)
		return 0;
	x->e = e;
	for (size_t i = 0; i < by->n; i++)
		if (by->v[i].func != BY_COLUMN)
			by_compute(&by->v[i], &w->batch, w->evaluated, w->batch.nrows, &w->computed.col[k++], bad_row, x);
	w->evaluated = w->computed.nrows = w->batch.nrows;
	return x->fault;
}

static size_t held(const struct run *x)
{
	size_t n = FIXED_MEMORY + scatter_memory(&x->scatter) + x->sample.bytes;
	for (int i = 0; i < 2; i++)
		n += batch_memory(&x->rows[i].batch) + batch_memory(&x->rows[i].computed);
	return n;
}

static int to_files(struct run *x, struct run_rows *w, struct err *e)
{
	struct scatter *s = &x->scatter;
	int r = 0;
	scatter_rows(s, w->part, x->table.by.n, w->batch.nrows, w->ndropped ? w->dropped : NULL);
	for (size_t i = 0; i < s->ngroups && r == 0; i++) {
		const struct scatter_group *g = &s->group[i];
		const struct files_key key = { .hash = g->hash, .p = scatter_key(s, g), .n = g->nkey, .value = w->part, .row = g->first };
		r = files_append(x->files, &key, w->data, scatter_sel(s, g), g->n, e);
		if (r == 0 && i % 64 == 63)
			r = files_limit(x->files, x->held, e);
	}
	return r ? r : files_limit(x->files, x->held, e);
}

static void job(void *arg)
{
	struct run *x = arg;
	struct run_rows *w = x->sent;
	x->job_result = to_files(x, w, &x->job_err);
	batch_clear(&w->batch);
	batch_clear(&w->computed);
	if (w->ndropped)
		memset(w->dropped, 0, RUN_ROWS / 8 + 1);
	w->evaluated = w->ndropped = 0;
}

int run_wait(struct run *x, struct err *e)
{
	pool_wait(x->pool, &x->group);
	if (x->job_result)
		*e = x->job_err;
	return x->job_result;
}

int run_dispatch(struct run *x, struct err *e)
{
	if (!x->files)
		return 0;
	int r = run_evaluate(x, e);
	if (r == 0)
		r = run_wait(x, e);
	if (r || !x->now->batch.nrows)
		return r;
	x->result->records += x->now->batch.nrows - x->now->ndropped;
	x->unclosed = true;
	x->held = held(x);
	x->sent = x->now;
	/* One thread needs one batch: the job is done when pool_submit returns. */
	if (pool_threads(x->pool) > 1)
		x->now = x->now == &x->rows[0] ? &x->rows[1] : &x->rows[0];
	pool_submit(x->pool, &x->group, job, x);
	return pool_threads(x->pool) > 1 ? 0 : run_wait(x, e);
}
