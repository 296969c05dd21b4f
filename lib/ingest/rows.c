/* SPDX-License-Identifier: MIT */
/* From the batch to the files. */
#include "ingest/run.h"

#include "base/hash.h"
#include "base/mem.h"

#include <string.h>

/* Memory that is neither batches nor writers: blocks of input and their index, stacks, libraries, what malloc wastes. */
#define FIXED_MEMORY ((size_t)32 << 20)

#define PRINT_BYTES ((size_t)1 << 20) /* of actions that wait for a mark to be printed with */

static void collect_totals(struct run *x, const struct files_totals *t)
{
	x->result->files += t->files;
	x->result->rows += t->rows;
	x->result->bytes += t->bytes;
	metrics_set(x->o->metrics, METRIC_FILES_WRITTEN, (int64_t)x->result->files);
	metrics_set(x->o->metrics, METRIC_ROWS_WRITTEN, (int64_t)x->result->rows);
	metrics_set(x->o->metrics, METRIC_FILE_BYTES_WRITTEN, (int64_t)x->result->bytes);
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
	for (unsigned i = 0; i < x->nsets; i++) {
		collect_totals(x, files_totals(x->set[i]));
		files_free(x->set[i]);
	}
	x->nsets = 0;
	pq_codecs_free(x->codecs);
	x->codecs = NULL;
	json_in_free(x->in);
	x->in = NULL;
	release_rows(&x->rows[0]);
	release_rows(&x->rows[1]);
	x->unclosed = false;
}

/* With several threads there are more sets than threads, so that none waits long for the last. */
static void init_sets(struct run *x)
{
	const struct partition_opts *o = x->o;
	unsigned threads = pool_threads(x->pool);
	x->nsets = threads == 1 || x->table.by.n == 0 ? 1 : threads * 4 < RUN_SETS ? threads * 4 : RUN_SETS;
	x->codecs = pq_codecs_new();
	struct files_opts f = { .target_bytes = o->target_bytes ? o->target_bytes : PARTITION_TARGET, .max_rows = o->max_rows,
		.memory = x->memory, .total = &x->total, .sets = x->nsets, .codec = o->codec, .level = o->level,
		.row_group_rows = o->row_group_rows, .pool = x->pool, .waiters = x->waiters, .codecs = x->codecs };
	f.max_open = o->max_open ? o->max_open / x->nsets + (o->max_open < x->nsets) : 0;
	for (f.set = 0; f.set < x->nsets; f.set++) {
		x->set[f.set] = files_new(&x->table, &f);
		x->job[f.set] = (struct run_job){ .run = x, .set = f.set };
	}
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
	int rc = 0;
	if (x->nsets) {
		rc = run_dispatch(x, e);
		if (rc == 0)
			rc = run_close(x, e);
		run_release_schema(x);
	}
	if (rc == 0 && s)
		rc = ingest_table_set_schema(&x->table, s, e);
	if (rc)
		return rc;
	init_computed(x);
	init_rows(x, &x->rows[0]);
	init_rows(x, &x->rows[1]);
	x->now = &x->rows[0];
	const struct json_in_opts in = { .unknown = o->merge_schema ? JSON_IN_UNKNOWN_REPORT : JSON_IN_UNKNOWN_BAD,
		.rows = x->table.by.ncomputed > 0 || x->table.by.judged };
	x->in = json_in_new(&x->table.schema.root, &in);
	init_sets(x);
	return 0;
}

bool run_holds(const struct run *x)
{
	return x->nsets && (x->now->batch.nrows > 0 || x->unclosed);
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
	if ((!by->ncomputed && !by->judged) || w->evaluated == w->batch.nrows)
		return 0;
	x->e = e;
	for (size_t i = 0; i < by->n; i++)
		if (by->v[i].func != BY_COLUMN)
			by_compute(&by->v[i], &w->batch, w->evaluated, w->batch.nrows, &w->computed.col[k++], bad_row, x);
	for (size_t i = 0; i < by->n && by->judged; i++)
		by_judge(&x->table.schema.root.fields[by->v[i].column], w->part[i], w->evaluated, w->batch.nrows, bad_row, x);
	w->evaluated = w->computed.nrows = w->batch.nrows;
	return x->fault;
}

static size_t held(const struct run *x)
{
	/* Long lines: in the input's buffer, which grows by halves, and behind the reader's. */
	size_t n = FIXED_MEMORY + scatter_memory(&x->scatter) + x->sample.bytes + 2 * x->largest_block;
	for (int i = 0; i < 2; i++)
		n += batch_memory(&x->rows[i].batch) + batch_memory(&x->rows[i].computed);
	return n;
}

/* Which set a partition belongs to: by a hash without a secret, so that a run can be repeated. */
static unsigned set_of(const struct run *x, const char *key, size_t n)
{
	return x->nsets == 1 ? 0 : (unsigned)(hash_stable(key, n, 0) % x->nsets);
}

static void job(void *arg)
{
	struct run_job *j = arg;
	struct run *x = j->run;
	const struct scatter *s = &x->scatter;
	struct files *fs = x->set[j->set];
	int rc = 0;
	for (size_t i = 0, mine = 0; i < s->ngroups && rc == 0; i++) {
		const struct scatter_group *g = &s->group[i];
		const struct files_key key = { .hash = g->hash, .p = scatter_key(s, g), .n = g->nkey, .value = x->sent->part, .row = g->first };
		if (set_of(x, key.p, key.n) != j->set)
			continue;
		rc = files_append(fs, &key, x->sent->data, scatter_sel(s, g), g->n, &j->err);
		if (rc == 0 && mine++ % 32 == 31)
			rc = files_limit(fs, x->held, &j->err);
	}
	j->result = rc ? rc : files_limit(fs, x->held, &j->err);
}

/* What was announced goes to the output; before the first file, what the table has to tell. */
static int announce(struct run *x, struct err *e)
{
	int rc = 0;
	for (unsigned i = 0; i < x->nsets && rc == 0; i++) {
		struct buf *b = files_announced(x->set[i]);
		if (!b->n)
			continue;
		rc = ingest_table_print(&x->table, &x->o->out->buf, e);
		if (rc == 0)
			buf_put(&x->o->out->buf, b->p, b->n);
		if (b->cap > x->memory / 32)
			buf_release(b);
		buf_clear(b);
	}
	/* The values of partitions may be long, and files many. */
	return rc == 0 && x->o->out->buf.n >= PRINT_BYTES ? output_flush(x->o->out, e) : rc;
}

/* One record that takes much more than a batch should: what it took goes back, and the next is not read beside it. */
static bool huge(const struct run *x, const struct run_rows *w)
{
	return w->batch.nrows == 1 && batch_memory(&w->batch) > x->memory / 4;
}

/* Ready for the next rows. */
static void empty_rows(struct run *x, struct run_rows *w)
{
	if (huge(x, w)) {
		release_rows(w);
		init_rows(x, w);
		return;
	}
	batch_clear(&w->batch);
	batch_clear(&w->computed);
	if (w->ndropped)
		memset(w->dropped, 0, RUN_ROWS / 8 + 1);
	w->evaluated = w->ndropped = 0;
}

static int run_wait(struct run *x, struct err *e)
{
	pool_wait(x->pool, &x->group);
	int rc = announce(x, e);
	for (unsigned i = 0; i < x->nsets && rc == 0; i++) {
		rc = x->job[i].result;
		if (rc)
			*e = x->job[i].err;
	}
	if (!x->sent)
		return rc;
	empty_rows(x, x->sent);
	x->sent = NULL;
	return rc;
}

int run_close(struct run *x, struct err *e)
{
	int rc = run_wait(x, e);
	for (unsigned i = 0; i < x->nsets && rc == 0; i++)
		rc = files_close_all(x->set[i], e);
	x->unclosed = false;
	struct err ignored;
	int a = announce(x, rc ? &ignored : e);
	return rc ? rc : a;
}

/* With those of the batch that is being filled. */
void run_count(struct run *x)
{
	uint64_t pending = x->now ? x->now->batch.nrows - x->now->ndropped : 0;
	metrics_set(x->o->metrics, METRIC_RECORDS_IN, (int64_t)(x->result->records + pending + reject_count(x->o->rejects)));
}

int run_dispatch(struct run *x, struct err *e)
{
	if (!x->nsets)
		return 0;
	int rc = run_evaluate(x, e);
	if (rc == 0)
		rc = run_wait(x, e);
	struct run_rows *w = x->now;
	if (rc || !w->batch.nrows)
		return rc;
	scatter_rows(&x->scatter, w->part, x->table.by.n, w->batch.nrows, w->ndropped ? w->dropped : NULL);
	x->result->records += w->batch.nrows - w->ndropped;
	x->unclosed = true;
	x->held = held(x);
	x->sent = w;
	/* One thread needs one batch: its job is done when pool_submit returns. */
	bool beside = pool_threads(x->pool) > 1 && !huge(x, w);
	if (beside)
		x->now = w == &x->rows[0] ? &x->rows[1] : &x->rows[0];
	for (unsigned i = 0; i < x->nsets; i++)
		pool_submit(x->pool, &x->group, job, &x->job[i]);
	return beside ? 0 : run_wait(x, e);
}
