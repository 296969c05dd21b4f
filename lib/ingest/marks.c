/* SPDX-License-Identifier: MIT */
/* When files are closed, and what is printed then. */
#include "ingest/run.h"

#include "base/clock.h"

#include <string.h>

static int64_t every(const struct run *x)
{
	if (x->o->every_ns)
		return x->o->every_ns;
	return x->marked ? PARTITION_EVERY_NS : 0;
}

static bool due(const struct run *x)
{
	int64_t ns = every(x);
	return ns && clock_mono_ns() - x->last_cut >= ns;
}

static void print_mark(struct run *x, struct mark *m)
{
	m->table = store_root(x->table.store);
	m->version = x->table.version;
	if (m->version >= 0)
		metrics_set(x->o->metrics, METRIC_TABLE_VERSION, m->version);
	/* A mark that anybody may have printed gives nobody's word; nor is all there when a record was left out here. */
	m->all = m->all && !reject_count(x->o->rejects);
	mark_print(m, &x->o->out->buf);
}

/* A table without rows is made too, when its stream is at the end. */
static int print_head(struct run *x, struct err *e)
{
	return x->ended ? ingest_table_print(&x->table, &x->o->out->buf, e) : 0;
}

int run_cut(struct run *x, struct err *e)
{
	int64_t began = clock_mono_ns();
	int rc = run_dispatch(x, e);
	if (rc == 0)
		rc = run_close(x, e);
	metrics_observe(x->o->metrics, METRIC_CLOSE_DURATION, clock_mono_ns() - began);
	if (rc == 0)
		rc = print_head(x, e);
	if (rc == 0)
		rc = reject_flush(x->o->rejects, e);
	if (rc)
		return rc;
	if (x->waits) {
		x->mark.all = x->mark.all && x->trusted;
		print_mark(x, &x->mark);
		x->waits = false;
	}
	x->last_cut = clock_mono_ns();
	return output_flush(x->o->out, e);
}

int run_mark(struct run *x, const char *line, size_t n, uint64_t number, struct err *e)
{
	bool first = !x->marked;
	arena_clear(&x->arena);
	int rc = mark_parse(&x->mark, &x->arena, line, n, e);
	if (rc == 0)
		rc = trust_mark(&x->trust, &x->mark, &x->trusted, e);
	if (rc == 0) {
		reject_mark(x->o->rejects, &x->mark);
		mark_tell(&x->mark, x->o->metrics);
	}
	if (rc) {
		err_at(e, x->block.file, x->block.line + number, e->col);
		return rc;
	}
	if (first && x->since) {
		err_set(e, ERR_DATA, "%llu records before the first mark: the stream's opening mark is missing", (unsigned long long)x->since);
		return err_at(e, x->block.file, x->block.line + number, 0);
	}
	if (x->ended) {
		err_set(e, ERR_DATA, "a mark after the closing mark: a pipe carries only one stream");
		return err_at(e, x->block.file, x->block.line + number, 0);
	}
	x->marked = x->waits = true;
	x->since = 0;
	x->ended = x->mark.end != NULL;
	/* The closing mark waits for the end of the input, or what follows it would be lost behind a commit. */
	return !x->ended && (first || due(x)) ? run_cut(x, e) : 0;
}

/* Files can be closed for a mark only when no record has come since; for a closing one at the end of the input alone. */
static bool cuttable(const struct run *x)
{
	return x->marked ? x->waits && x->since == 0 && !x->ended : run_holds(x);
}

/* While the input is silent. */
int64_t run_deadline(void *arg)
{
	const struct run *x = arg;
	int64_t ns = every(x);
	bool able = cuttable(x);
	if (x->sampling) {
		able = infer_records(x->sample.infer) > 0;
		ns = ns ? ns : PARTITION_EVERY_NS;
	}
	return able && ns ? x->last_cut + ns : INT64_MAX;
}

int run_tick(struct run *x, struct err *e)
{
	return cuttable(x) && due(x) ? run_cut(x, e) : 0;
}

int run_end(struct run *x, struct err *e)
{
	if (x->marked && !x->ended) {
		if (x->waits && x->since == 0)
			return run_cut(x, e);
		if (x->since == 0)
			return 0;
		return err_set(e, ERR_IO, "the input ended without a closing mark: %llu records after its last mark were left out",
			       (unsigned long long)x->since);
	}
	if (x->marked && x->since)
		return err_set(e, ERR_DATA, "%llu records after the closing mark", (unsigned long long)x->since);
	if (x->marked)
		return run_cut(x, e);
	x->ended = true;
	int rc = run_cut(x, e);
	if (rc)
		return rc;
	struct mark own = MARK_INIT;
	own.end = "done";
	own.all = x->named;
	own.records = x->named ? (int64_t)x->result->records : -1;
	print_mark(x, &own);
	return output_flush(x->o->out, e);
}
