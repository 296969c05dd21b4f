/* SPDX-License-Identifier: MIT */
/* One row group to text: decode a thousand rows, drop those that are deleted or do not match, print the rest. */
#include "replay/parts.h"

#include "base/mem.h"
#include "stream/record.h"

#include <stdlib.h>

#define SLICE_BYTES ((size_t)64 << 10) /* text a piece when nobody else waits: it stays in the cache until it is written */
#define RESULT_MAX ((size_t)64 << 20)

int reader_init(struct reader *r, struct feed *f, const struct project *p, const struct replay_opts *o, struct err *e)
{
	struct json_out_opts jo = { .nulls = o->nulls };
	memset(r, 0, sizeof *r);
	r->feed = f;
	r->project = p;
	r->opts = o;
	r->slice = 64;
	r->guarded = type_find(&p->out, "$mark", 5, false) >= 0;
	if (o->csv != CSV_NONE)
		r->csv = csv_out_new(&p->out, &(struct csv_out_opts){ .style = o->csv, .flatten = o->flatten, .nulls = o->nulls });
	r->out = json_out_new(&p->out, &jo);
	batch_init(&r->batch, &p->read);
	r->work = mem_array(NULL, p->work.nfields + 1, sizeof *r->work);
	r->cols = mem_array(NULL, p->work.nfields + 1, sizeof *r->cols);
	r->sel = mem_array(NULL, PIECE_ROWS, sizeof *r->sel);
	r->tmp = mem_array(NULL, PIECE_ROWS, sizeof *r->tmp);
	if (p->bound_where)
		r->where = expr_eval_new(p->bound_where);
	if (p->bound_time) {
		r->time = expr_eval_new(p->bound_time);
		r->times = mem_array(NULL, PIECE_ROWS, sizeof *r->times);
	}
	int rc = o->jq ? json_jq_new(&r->jq, o->jq, NULL, e) : 0;
	if (rc == 0 && o->jq)
		json_jq_limit(r->jq, f->most);
	return rc;
}

void reader_release(struct reader *r)
{
	reader_stop(r);
	json_out_free(r->out);
	csv_out_free(r->csv);
	json_jq_free(r->jq);
	expr_eval_free(r->where);
	expr_eval_free(r->time);
	batch_release(&r->batch);
	mem_free(r->work);
	mem_free(r->cols);
	mem_free(r->sel);
	mem_free(r->tmp);
	mem_free(r->times);
	buf_release(&r->line);
	buf_release(&r->result);
}

void replay_text_release(struct text *t)
{
	buf_release(&t->buf);
	mem_free(t->record);
	mem_free(t->bad);
	buf_release(&t->bad_text);
	memset(t, 0, sizeof *t);
}

int reader_start(struct reader *r, const struct claim *c, struct err *e)
{
	const struct project *p = r->project;
	const struct unit *u = c->source->unit;
	size_t part = 0;
	r->claim = *c;
	r->claimed = true;
	r->row = c->first_row;
	r->nsel = r->at = 0;
	if (r->csv)
		csv_out_tail(r->csv, u->tail, u->ntail);
	json_out_extra(r->out, NULL, 0, u->tail, u->ntail);
	for (size_t i = 0; i < p->work.nfields; i++) {
		if (p->part[i] == NOT_PART)
			continue;
		r->work[i] = c->source->part.col[part++];
		if (i < p->out.nfields && r->csv)
			csv_out_constant(r->csv, i, &r->work[i]);
		else if (i < p->out.nfields)
			json_out_constant(r->out, i, &r->work[i]);
	}
	return pq_scan_new(&r->scan, c->source->reader, c->source->projection, c->group, r->pool, e);
}

void reader_stop(struct reader *r)
{
	pq_scan_free(r->scan);
	r->scan = NULL;
	/* One of many readers does not keep what its largest row took. */
	if (r->pool && batch_memory(&r->batch) > KEPT_BYTES) {
		batch_release(&r->batch);
		batch_init(&r->batch, &r->project->read);
	}
	if (r->claimed)
		replay_feed_release(r->feed, &r->claim);
	r->claimed = false;
}

/* --- which rows --- */

/* A and B sorted, to A; returns how many are in both (WITHIN) or in A alone */
static size_t combine(uint32_t *a, size_t na, const uint32_t *b, size_t nb, bool within)
{
	size_t n = 0, k = 0;
	for (size_t i = 0; i < na; i++) {
		while (k < nb && b[k] < a[i])
			k++;
		if ((k < nb && b[k] == a[i]) == within)
			a[n++] = a[i];
	}
	return n;
}

static void select_rows(struct reader *r)
{
	const struct source *s = r->claim.source;
	size_t n = r->batch.nrows;
	if (s->unit->minus) {
		r->nsel = delta_rows_left(&s->minus, r->row, n, r->sel);
	} else {
		for (size_t i = 0; i < n; i++)
			r->sel[i] = (uint32_t)i;
		r->nsel = n;
	}
	if (s->unit->only) { /* rows left by that vector are not wanted */
		size_t left = delta_rows_left(&s->only, r->row, n, r->tmp);
		r->nsel = combine(r->sel, r->nsel, r->tmp, left, false);
	}
	if (r->where && !s->unit->all_rows && r->nsel) {
		struct batch b = { .type = &r->project->work, .nrows = n, .ncols = r->project->work.nfields, .col = r->work };
		if (r->nsel == n) {
			r->nsel = expr_filter(r->where, &b, r->sel);
		} else {
			size_t match = expr_filter(r->where, &b, r->tmp);
			r->nsel = combine(r->sel, r->nsel, r->tmp, match, true);
		}
	}
}

struct timed {
	int64_t us;
	uint32_t row;
};

static int by_time(const void *a, const void *b)
{
	const struct timed *x = a, *y = b;
	int by_us = (x->us > y->us) - (x->us < y->us);
	return by_us ? by_us : (x->row > y->row) - (x->row < y->row);
}

/* the rows in the order of their event time, those without one first */
static void sort_rows(struct reader *r)
{
	struct timed *t = mem_array(NULL, r->nsel + 1, sizeof *t);
	struct field f = { .name = "t", .nname = 1, .type = { .kind = TYPE_TIMESTAMP }, .nullable = true };
	struct type type = { .kind = TYPE_STRUCT, .fields = &f, .nfields = 1 };
	struct batch in = { .type = &r->project->work, .nrows = r->batch.nrows, .ncols = r->project->work.nfields, .col = r->work };
	struct batch times;
	f.type = *expr_type(r->project->bound_time);
	batch_init(&times, &type);
	expr_values(r->time, &in, &times.col[0]);
	for (size_t i = 0; i < r->nsel; i++) {
		uint32_t row = r->sel[i];
		t[i] = (struct timed){ column_is_null(&times.col[0], row) ? INT64_MIN : column_i64(&times.col[0], row), row };
	}
	if (r->nsel)
		qsort(t, r->nsel, sizeof *t, by_time);
	for (size_t i = 0; i < r->nsel; i++) {
		r->sel[i] = t[i].row;
		r->times[i] = t[i].us;
	}
	batch_release(&times);
	mem_free(t);
}

/* The next rows of the group: 1, 0 at its end. */
static int next_batch(struct reader *r, struct err *e)
{
	const struct project *p = r->project;
	int rc = pq_scan_next(r->scan, PIECE_ROWS, &r->batch, e);
	if (rc)
		return rc;
	if (!r->batch.nrows)
		return 0;
	for (size_t i = 0; i < p->work.nfields; i++) {
		bool part = p->part[i] != NOT_PART;
		if (!part)
			r->work[i] = r->batch.col[p->column[i]];
		r->cols[i] = part ? NULL : &r->work[i];
	}
	select_rows(r);
	if (r->time)
		sort_rows(r);
	atomic_fetch_add_explicit(&r->rows, r->batch.nrows, memory_order_relaxed);
	atomic_fetch_add_explicit(&r->matched, r->nsel, memory_order_relaxed);
	r->row += r->batch.nrows;
	r->at = 0;
	return 1;
}

/* --- text --- */

static void note_record(struct reader *r, struct text *t, int64_t us)
{
	t->records++;
	if (!r->time)
		return;
	MEM_GROW(t->record, t->cap, t->nrecords + 1);
	t->record[t->nrecords++] = (struct replay_record){ t->buf.n, us };
}

/* LINE gives no record: set it aside. What WHY blames is the program or the record, never the run. */
static void add_bad(struct reader *r, struct text *t, const char *line, size_t n, uint64_t row, const struct err *why)
{
	MEM_GROW(t->bad, t->bad_cap, t->nbad + 1);
	struct replay_bad *bad = &t->bad[t->nbad++];
	*bad = (struct replay_bad){ .at = t->buf.n, .before = t->records, .record = t->bad_text.n, .n = n, .why = *why };
	err_at(&bad->why, r->claim.source->unit->file.path, row + 1, 0);
	buf_put(&t->bad_text, line, n);
}

/* All results of the program for the record in r->line, or none. */
static int run_jq(struct reader *r, struct text *t, int64_t us, struct err *why)
{
	size_t was = t->buf.n, records = t->nrecords;
	uint64_t count = t->records;
	int rc = json_jq_start(r->jq, r->line.p, r->line.n - 1, why);
	while (rc == 0) {
		size_t from = t->buf.n;
		int got = json_jq_next(r->jq, &t->buf, why);
		if (got == 0)
			return 0;
		if (got > 0 && t->buf.n - from > RESULT_MAX)
			got = err_set(why, ERR_DATA, "the result exceeds 64 MiB");
		if (got > 0)
			got = record_check(t->buf.p + from, t->buf.n - from, why);
		rc = got;
		buf_putc(&t->buf, '\n');
		note_record(r, t, us);
	}
	t->buf.n = was;
	t->nrecords = records;
	t->records = count;
	return err_wrap(why, "--jq");
}

/* Row I of those that are left, as a record of its own. */
static int print_one(struct reader *r, struct text *t, size_t i, struct err *e)
{
	int64_t us = r->time ? r->times[i] : 0;
	struct err why;
	buf_clear(&r->line);
	json_out_rows(r->out, &r->line, r->cols, &r->sel[i], 1);
	int rc;
	if (r->jq)
		rc = run_jq(r, t, us, &why);
	else if ((rc = record_put(&t->buf, r->line.p, r->line.n - 1, &why)) == 0)
		note_record(r, t, us);
	if (rc == ERR_DATA || rc == ERR_UNSUPPORTED) {
		add_bad(r, t, r->line.p, r->line.n - 1, r->row - r->batch.nrows + r->sel[i], &why);
		return 0;
	}
	if (rc < 0)
		*e = why;
	return rc;
}

/* N rows of the selection as CSV: no reader of NDJSON takes them for marks. */
static void print_csv(struct reader *r, struct text *t, size_t n)
{
	for (size_t i = 0; r->time && i < n; i++) {
		csv_out_rows(r->csv, &t->buf, r->cols, &r->sel[r->at + i], 1);
		note_record(r, t, r->times[r->at + i]);
	}
	if (r->time)
		return;
	csv_out_rows(r->csv, &t->buf, r->cols, &r->sel[r->at], n);
	t->records += n;
}

/* N rows of the selection, one by one */
static int print_singly(struct reader *r, struct text *t, size_t n, struct err *e)
{
	int rc = 0;
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = print_one(r, t, r->at + i, e);
	return rc;
}

static int print_rows(struct reader *r, struct text *t, size_t n, struct err *e)
{
	int rc = 0;
	if (r->opts->count_only) {
		t->records += n;
	} else if (r->csv) {
		print_csv(r, t, n);
	} else if (r->jq || r->time || r->guarded) {
		rc = print_singly(r, t, n, e);
	} else {
		json_out_rows(r->out, &t->buf, r->cols, &r->sel[r->at], n);
		t->records += n;
	}
	r->at += n;
	return rc;
}

int reader_piece(struct reader *r, struct text *t, bool sliced, struct err *e)
{
	buf_clear(&t->buf);
	buf_clear(&t->bad_text);
	t->records = t->nrecords = t->nbad = 0;
	while (!t->records && !t->nbad) {
		if (r->at == r->nsel) {
			int rc = next_batch(r, e);
			if (rc <= 0)
				return rc;
		}
		size_t n = r->nsel - r->at;
		if (sliced && n > r->slice)
			n = r->slice;
		int rc = n ? print_rows(r, t, n, e) : 0;
		if (rc)
			return rc;
		if (t->buf.n && t->records) {
			size_t rows = SLICE_BYTES / (t->buf.n / t->records + 1);
			r->slice = rows < 1 ? 1 : rows > PIECE_ROWS ? PIECE_ROWS : rows;
		}
	}
	return 1;
}
