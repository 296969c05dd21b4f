/* SPDX-License-Identifier: MIT */
/* The run of smpartition: sample, schema, table, then block after block into files. */
#include "ingest/partitioner.h"

#include "base/clock.h"
#include "base/mem.h"
#include "ingest/run.h"

#include <string.h>
#include <sys/stat.h>

static bool stopped(const struct run *x)
{
	return x->o->stopped && x->o->stopped();
}

/* A bad line: stop, or keep it among the rejects. NUMBER counts from the block's first line. */
static int bad_line(struct run *x, const struct json_in_line *l, struct err *why, struct err *e)
{
	err_at(why, x->block.file, x->block.line + l->line, why->col);
	return reject_record(x->o->rejects, l->p, l->n, why, e);
}

/* The line has a field that the table lacks, and --merge-schema was given: look at the rest of the block, widen, and read
 * on from the line with the wider schema. *BAD: the field cannot be added, WHY says why. */
static int widen(struct run *x, const struct json_in_line *l, bool *bad, struct err *why, struct err *e)
{
	struct infer *in = infer_new();
	struct schema wide;
	bool wider = false;
	size_t left = x->block.n - (size_t)(l->p - x->block.p);
	infer_line(in, l->p, l->n);
	int rc = infer_widen(in, &x->table.schema, &wide, &wider, NULL, NULL, why);
	infer_free(in);
	*bad = rc < 0 || !wider;
	if (rc == 0 && !wider)
		err_set(why, ERR_DATA, "field '%s' is not in the schema and cannot be added to it", l->field);
	if (rc == 0)
		schema_release(&wide);
	if (*bad)
		return 0;
	/* The line is a good one. Now look at the others as well, whose faults must not be blamed on it. */
	in = infer_new();
	infer_lenient(in);
	sample_lines(in, l->p, left, x->o->sample_rows ? x->o->sample_rows : SAMPLE_ROWS);
	rc = infer_widen(in, &x->table.schema, &wide, &wider, x->o->note, x->o->arg, e);
	infer_free(in);
	if (rc)
		return rc;
	struct block rest = { .p = l->p, .n = left, .file = x->block.file, .line = x->block.line + l->line };
	rc = run_set_schema(x, &wide, e);
	schema_release(&wide);
	if (rc)
		return rc;
	x->block = rest;
	json_in_block(x->in, rest.p, rest.n);
	return 0;
}

static int on_unknown(struct run *x, const struct json_in_line *l, struct err *why, struct err *e)
{
	bool bad;
	struct json_in_line line = *l;
	int rc = widen(x, l, &bad, why, e);
	return rc == 0 && bad ? bad_line(x, &line, why, e) : rc;
}

static int read_block(struct run *x, struct err *e)
{
	struct json_in_line l;
	struct err why;
	int rc = 0;
	json_in_block(x->in, x->block.p, x->block.n);
	x->largest_block = x->block.n > x->largest_block ? x->block.n : x->largest_block;
	while (rc == 0) {
		struct batch *b = &x->now->batch;
		size_t before = b->nrows;
		enum json_in_event ev = json_in_next(x->in, b, RUN_ROWS, x->memory / 16, &l, &why);
		x->since += b->nrows - before;
		switch (ev) {
		case JSON_IN_END:
			return run_evaluate(x, e);
		case JSON_IN_FULL:
			rc = run_dispatch(x, e);
			break;
		case JSON_IN_MARK:
			rc = run_evaluate(x, e);
			if (rc == 0)
				rc = run_mark(x, l.p, l.n, l.line, e);
			break;
		case JSON_IN_BAD:
			rc = bad_line(x, &l, &why, e);
			break;
		case JSON_IN_UNKNOWN:
			rc = run_evaluate(x, e);
			if (rc == 0)
				rc = on_unknown(x, &l, &why, e);
			break;
		}
	}
	return rc;
}

/* Marks that come before the first record need no schema, and must not wait for one. The block that is left
 * begins with a record; its size may be 0. */
static int pass_leading_marks(struct run *x, struct err *e)
{
	struct block *b = &x->block;
	while (b->n) {
		const char *eol = memchr(b->p, '\n', b->n);
		size_t n = eol ? (size_t)(eol - b->p) : b->n, all = n + (eol != NULL);
		size_t text = n && b->p[n - 1] == '\r' ? n - 1 : n;
		if (text && !mark_is(b->p, text))
			return 0;
		int rc = text ? run_mark(x, b->p, text, 0, e) : 0;
		if (rc)
			return rc;
		b->p += all;
		b->n -= all;
		b->line++;
	}
	return 0;
}

/* No line of the sample was a record: each is a bad one. */
static int reject_sample(struct run *x, struct err *e)
{
	struct type none = { .kind = TYPE_STRUCT };
	struct batch batch;
	const struct json_in_opts opts = { .unknown = JSON_IN_UNKNOWN_IGNORE };
	struct json_in *in = json_in_new(&none, &opts);
	struct json_in_line l;
	struct err why;
	int rc = 0;
	batch_init(&batch, &none);
	while (rc == 0 && sample_next(&x->sample, &x->block)) {
		enum json_in_event ev;
		json_in_block(in, x->block.p, x->block.n);
		while (rc == 0 && (ev = json_in_next(in, &batch, RUN_ROWS, 0, &l, &why)) != JSON_IN_END) {
			if (ev == JSON_IN_BAD)
				rc = bad_line(x, &l, &why, e);
			else if (ev == JSON_IN_MARK)
				rc = run_mark(x, l.p, l.n, l.line, e);
			else
				batch_clear(&batch);
		}
	}
	batch_release(&batch);
	json_in_free(in);
	return rc;
}

/* The next block; a line that is too long is a bad one, of which the rejects get the beginning. */
static int take_input(struct run *x, struct err *e)
{
	for (;;) {
		size_t n;
		run_count(x);
		int rc = input_block(x->input, &x->block, e);
		const char *line = rc == ERR_DATA ? input_long(x->input, &n) : NULL;
		if (!line)
			return rc;
		struct err why = *e;
		reject_long(x->o->rejects, true);
		rc = reject_record(x->o->rejects, line, n, &why, e);
		reject_long(x->o->rejects, false);
		if (rc < 0)
			return rc;
	}
}

/* Read the input until there is enough to choose a schema from, or it ends, or time is up. */
static int fill_sample(struct run *x, struct err *e)
{
	x->sampling = true;
	for (bool enough = false; !enough && !stopped(x);) {
		int rc = take_input(x, e);
		if (rc < 0)
			return rc;
		if (rc == INPUT_END) {
			x->eof = true;
			break;
		}
		enough = clock_mono_ns() >= run_deadline(x);
		if (rc == INPUT_TIMEOUT)
			continue;
		if (!infer_records(x->sample.infer)) {
			rc = pass_leading_marks(x, e);
			if (rc)
				return rc;
		}
		if (x->block.n)
			enough = sample_add(&x->sample, &x->block) || enough;
	}
	x->sampling = false;
	return 0;
}

/* A schema from the first records. When there are none, the table stays without. */
static int infer_schema(struct run *x, struct err *e)
{
	struct schema s;
	for (;;) {
		sample_init(&x->sample, x->o->sample_rows);
		int rc = fill_sample(x, e);
		if (rc || stopped(x))
			return rc;
		if (infer_records(x->sample.infer))
			break;
		rc = reject_sample(x, e);
		if (rc || x->eof)
			return rc;
		sample_release(&x->sample);
	}
	int rc = infer_finish(x->sample.infer, &s, x->o->note, x->o->arg, e);
	if (rc && !reject_stops(x->o->rejects)) {
		sample_lenient(&x->sample);
		rc = infer_finish(x->sample.infer, &s, x->o->note, x->o->arg, e);
	}
	if (rc == 0)
		rc = run_set_schema(x, &s, e);
	return rc;
}

/* --schema beside a table that is there: it must agree, and may add with --merge-schema. */
static int merge_given(struct run *x, struct schema *s, struct err *e)
{
	struct schema merged;
	bool wider;
	int rc = ingest_schema_merge(&merged, &x->table.schema, s, &wider, e);
	schema_release(s);
	if (rc)
		return rc;
	if (wider && !x->o->merge_schema) {
		schema_release(&merged);
		return err_set(e, ERR_CONFLICT, "%s has fields that the table %s does not have; --merge-schema adds them", x->o->schema,
			       store_root(x->table.store));
	}
	rc = run_set_schema(x, wider ? &merged : NULL, e);
	schema_release(&merged);
	return rc;
}

static int choose_schema(struct run *x, struct err *e)
{
	struct schema s;
	if (x->o->schema) {
		int rc = ingest_schema_load(&s, x->o->schema, e);
		if (rc)
			return rc;
		if (x->table.has_schema)
			return merge_given(x, &s, e);
		rc = run_set_schema(x, &s, e);
		schema_release(&s);
		return rc;
	}
	return x->table.has_schema ? run_set_schema(x, NULL, e) : infer_schema(x, e);
}

static int next_block(struct run *x, struct err *e)
{
	if (sample_next(&x->sample, &x->block))
		return INPUT_OK;
	x->sample.bytes = 0;
	return x->eof ? INPUT_END : take_input(x, e);
}

static int read_all(struct run *x, struct err *e)
{
	int rc = choose_schema(x, e);
	while (rc == 0 && !stopped(x)) {
		rc = next_block(x, e);
		if (rc == INPUT_END)
			return run_end(x, e);
		if (rc == INPUT_OK)
			rc = read_block(x, e);
		else if (rc == INPUT_TIMEOUT)
			rc = 0;
		if (rc == 0)
			rc = run_tick(x, e);
	}
	if (rc)
		return rc;
	/* Stopped: what a mark covers is good, the rest is removed. */
	x->result->stopped = true;
	return x->marked && x->waits && x->since == 0 ? run_cut(x, e) : 0;
}

/* Files, all of them: what a pipe gives (/dev/stdin, a FIFO, bash's <(…)) may have been cut short by whoever writes into it. */
static bool named_files(const struct partition_opts *o)
{
	struct stat st;
	for (size_t i = 0; i < o->npaths; i++)
		if (strcmp(o->paths[i], "-") == 0 || stat(o->paths[i], &st) != 0 || !S_ISREG(st.st_mode))
			return false;
	return o->npaths > 0;
}

int partition_run(const struct partition_opts *o, struct partition_result *result, struct err *e)
{
	struct run x = { .o = o, .result = result, .last_cut = clock_mono_ns() };
	const struct input_opts in = { .deadline = run_deadline, .arg = &x, .metrics = o->metrics };
	*result = (struct partition_result){ 0 };
	x.memory = o->memory ? o->memory : PARTITION_MEMORY;
	x.pool = pool_new(o->threads);
	x.waiters = pool_new(RUN_WAITERS);
	x.named = named_files(o);
	x.input = input_new(o->paths, o->npaths, &in);
	scatter_init(&x.scatter);
	int rc = ingest_table_open(&x.table, o->table, o->by, e);
	if (rc == 0)
		metrics_label(o->metrics, METRICS_LABEL_TABLE, store_root(x.table.store));
	if (rc == 0)
		rc = read_all(&x, e);
	run_release_schema(&x);
	ingest_table_release(&x.table);
	sample_release(&x.sample);
	scatter_release(&x.scatter);
	arena_release(&x.arena);
	trust_release(&x.trust);
	input_free(x.input);
	pool_free(x.pool);
	pool_free(x.waiters);
	/* Only lines whose files are durable were put there. */
	struct err flush;
	int f = output_flush(o->out, &flush);
	if (rc == 0 && f) {
		*e = flush;
		rc = f;
	}
	return rc;
}
