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

void run_release_schema(struct run *x)
{
	collect_totals(x);
	json_in_free(x->in);
	x->in = NULL;
	if (x->batch.type)
		batch_release(&x->batch);
	if (x->computed.type)
		batch_release(&x->computed);
	files_free(x->files);
	x->files = NULL;
	mem_free(x->dropped);
	x->dropped = NULL;
	mem_free(x->data);
	mem_free(x->part);
	x->data = x->part = NULL;
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
	batch_init(&x->computed, &x->computed_type);
	x->evaluated = x->ndropped = 0;
}

static void init_columns(struct run *x)
{
	struct ingest_table *t = &x->table;
	size_t k = 0;
	batch_init(&x->batch, &t->schema.root);
	init_computed(x);
	x->data = mem_array(NULL, t->data.nfields, sizeof *x->data);
	x->part = mem_array(NULL, t->by.n, sizeof *x->part);
	for (size_t i = 0; i < t->data.nfields; i++)
		x->data[i] = &x->batch.col[t->data_col[i]];
	for (size_t i = 0; i < t->by.n; i++)
		x->part[i] = t->by.v[i].func == BY_COLUMN ? &x->batch.col[t->by.v[i].column] : &x->computed.col[k++];
}

int run_set_schema(struct run *x, struct schema *s, struct err *e)
{
	const struct partition_opts *o = x->o;
	int r = 0;
	if (x->files) {
		r = run_dispatch(x, e);
		if (r == 0)
			r = files_close_all(x->files, e);
		run_release_schema(x);
	}
	if (r == 0 && s)
		r = ingest_table_set_schema(&x->table, s, e);
	if (r)
		return r;
	init_columns(x);
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
	return x->files && (x->batch.nrows > 0 || files_open(x->files) > 0);
}

/* A row whose partition cannot be computed is as bad as one that cannot be read. */
static void bad_row(void *arg, size_t row, const char *text)
{
	struct run *x = arg;
	struct err why;
	size_t n, first;
	const struct json_in_row *rows = json_in_rows(x->in, &n, &first);
	if (!x->dropped)
		x->dropped = mem_zalloc(RUN_ROWS / 8 + 1);
	if (x->fault || row < first || row - first >= n || bit_get(x->dropped, row))
		return;
	const struct json_in_row *l = &rows[row - first];
	bit_set(x->dropped, row);
	x->ndropped++;
	err_set(&why, ERR_DATA, "%s", text);
	err_at(&why, x->block.file, x->block.line + l->line, 0);
	x->fault = reject_record(x->o->rejects, l->p, l->n, &why, x->e);
}

int run_evaluate(struct run *x, struct err *e)
{
	const struct by *by = &x->table.by;
	size_t k = 0;
	if (!by->ncomputed || x->evaluated == x->batch.nrows)
		return 0;
	x->e = e;
	for (size_t i = 0; i < by->n; i++)
		if (by->v[i].func != BY_COLUMN)
			by_compute(&by->v[i], &x->batch, x->evaluated, x->batch.nrows, &x->computed.col[k++], bad_row, x);
	x->evaluated = x->computed.nrows = x->batch.nrows;
	return x->fault;
}

static size_t held(const struct run *x)
{
	return FIXED_MEMORY + batch_memory(&x->batch) + batch_memory(&x->computed) + scatter_memory(&x->scatter) + x->sample.bytes;
}

int run_dispatch(struct run *x, struct err *e)
{
	struct scatter *s = &x->scatter;
	if (!x->files || !x->batch.nrows)
		return 0;
	int r = run_evaluate(x, e);
	if (r)
		return r;
	scatter_rows(s, x->part, x->table.by.n, x->batch.nrows, x->ndropped ? x->dropped : NULL);
	for (size_t i = 0; i < s->ngroups && r == 0; i++) {
		const struct scatter_group *g = &s->group[i];
		const struct files_key key = { .hash = g->hash, .p = scatter_key(s, g), .n = g->nkey, .value = x->part, .row = g->first };
		r = files_append(x->files, &key, x->data, scatter_sel(s, g), g->n, e);
		if (r == 0 && i % 64 == 63)
			r = files_limit(x->files, held(x), e);
	}
	if (r == 0)
		r = files_limit(x->files, held(x), e);
	x->result->records += x->batch.nrows - x->ndropped;
	batch_clear(&x->batch);
	batch_clear(&x->computed);
	if (x->ndropped)
		memset(x->dropped, 0, RUN_ROWS / 8 + 1);
	x->evaluated = x->ndropped = 0;
	return r;
}
