/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "rate/shape_int.h"

#include <unistd.h>

/* --- opening --- */

static void set_up(struct shape *s, const struct shape_opts *o)
{
	s->o = o;
	s->gate = o->gate;
	s->queue_opts = o->queue;
	s->meter.start = clock_mono_ns();
	s->meter.adapts = o->gate.adapts;
	s->meter.has_watermark = o->late.judges;
	s->meter.watermark_us = WATERMARK_NONE;
	output_init(&s->out, STDOUT_FILENO, "standard output");
	s->direct = (struct direct){ .gate = &s->gate, .out = &s->out, .meter = &s->meter, .timed = o->timed,
		.unbuffered = o->unbuffered };
}

int shape_open(struct shape *s, const char *tool, const struct shape_opts *o, const char *on_error, struct err *e)
{
	*s = (struct shape){ 0 };
	set_up(s, o);
	int got = reject_open(&s->rejects, tool, on_error, e);
	if (got == 0)
		got = drops_open(&s->drops, tool, o->dropped, e);
	if (got == 0 && o->share)
		got = share_open(&s->share, o->share, &o->limits, e);
	if (got == 0 && o->weights)
		got = weights_read(&s->weights, o->weights, e);
	if (got == 0)
		got = late_open(&s->late, &o->late, s->drops, e);
	if (got == 0 && o->spill_dir)
		got = spill_open(&s->spill, o->spill_dir, &o->spill, e);
	s->gate.share = s->share;
	s->meter.drops = s->queue_opts.drops = s->drops;
	s->queue_opts.lanes.weights = s->weights;
	s->queue_opts.spill = s->spill;
	return got;
}

void shape_release(struct shape *s)
{
	queue_free(s->queue);
	weights_free(s->weights);
	share_close(s->share);
	late_release(&s->late);
	input_free(s->in);
	json_pick_free(s->pick);
	item_list_free(&s->items);
	trust_release(&s->trust);
	arena_release(&s->arena);
	buf_release(&s->text);
	buf_release(&s->key);
}

/* --- the input --- */

/* A bad line: WHY says what is wrong with it, or that it is not the line at all. */
static int refuse(struct shape *s, const struct json_record *rec, const char *file, uint64_t line, struct err *why,
		  struct err *e)
{
	if (why->code == ERR_DATA || why->code == ERR_UNSUPPORTED)
		err_at(why, file, line, why->col);
	/* What came before it passes, whatever becomes of it. The output keeps a failure until the next line. */
	direct_settle(&s->direct, e);
	int got = reject_record(s->rejects, rec->p, rec->n, why, e);
	if (got == 0)
		atomic_store(&s->meter.rejected, reject_count(s->rejects));
	return got;
}

static int do_line(struct shape *s, const struct json_record *rec, const struct block *b, struct err *e)
{
	struct err why;
	uint64_t line = b->line + rec->line;
	if (rec->is_mark) {
		meter_add(&s->meter.in_marks, 1);
		return shape_mark(s, rec, b->file, line, e);
	}
	meter_add(&s->meter.in_records, 1);
	why.file[0] = '\0';
	return shape_record(s, rec, &why) < 0 ? refuse(s, rec, b->file, line, &why, e) : 0;
}

static int do_block(struct shape *s, const struct block *b, struct err *e)
{
	struct json_record rec;
	struct err why = { 0 };
	int next, got = 0;
	meter_add(&s->meter.in_bytes, b->n);
	json_pick_block(s->pick, b->p, b->n);
	while (got == 0 && (next = json_pick_next(s->pick, &rec, &why)) != 0)
		got = next > 0 ? do_line(s, &rec, b, e) : refuse(s, &rec, b->file, b->line + why.line, &why, e);
	if (got != 0)
		return got;
	return s->o->queued ? shape_queue_hand_over(s, e) : direct_settle(&s->direct, e);
}

static int before_wait(void *arg, struct err *e)
{
	struct shape *s = arg;
	s->waited = true;
	int got = reject_flush(s->rejects, e);
	if (got != 0)
		return got;
	if (!s->o->queued)
		return direct_write(&s->direct, e);
	return s->queue ? queue_flush(s->queue, e) : 0;
}

/* No deadline, but a look now and then at whether the pump still works. */
static int64_t never(void *arg)
{
	(void)arg;
	return INT64_MAX;
}

static int read_all(struct shape *s, struct err *e)
{
	struct block b;
	int got;
	s->waited = true;
	if (!s->o->queued)
		gate_start(&s->gate);
	while ((got = input_block(s->in, &b, e)) != INPUT_END && got >= 0) {
		if (got == INPUT_TIMEOUT) {
			if (s->queue && (got = queue_failed(s->queue, e)) != 0)
				break;
			continue;
		}
		if (s->o->timed && !s->o->queued)
			gate_arrived(&s->gate, s->waited);
		s->waited = false;
		got = do_block(s, &b, e);
		if (got != 0)
			break;
	}
	return got;
}

/* --- the run --- */

static int open_outs(struct shape *s, struct err *e)
{
	if (!s->o->out)
		return 0;
	int got = outs_open(&s->outs, s->o->out, s->o->balance, e);
	s->meter.outs = s->outs;
	return got;
}

static int pick_fields(struct shape *s, struct err *e)
{
	const char *path[SHAPE_FIELDS] = {
		[SHAPE_TIME] = s->o->time, [SHAPE_KEY] = s->o->key, [SHAPE_ROUTE] = s->o->route
	};
	const char *picked[SHAPE_FIELDS];
	size_t n = 0;
	for (int i = 0; i < SHAPE_FIELDS; i++) {
		s->field[i] = path[i] ? (int)n : -1;
		if (path[i])
			picked[n++] = path[i];
	}
	return json_pick_new(&s->pick, picked, n, e);
}

static void open_input(struct shape *s, const char *const *files, size_t n)
{
	struct input_opts o = { .before_wait = before_wait, .arg = s };
	if (s->o->timed || s->o->queued)
		o.block = SHAPE_READ_AHEAD;
	if (s->o->queued)
		o.deadline = never;
	s->in = input_new(files, n, &o);
}

int shape_run(struct shape *s, const char *const *files, size_t n, struct err *e)
{
	int got = open_outs(s, e);
	if (got == 0)
		got = pick_fields(s, e);
	if (got != 0)
		return got;
	open_input(s, files, n);
	got = read_all(s, e);
	/* What an earlier run has spilled is passed on also when there is no input. */
	if (got == 0 && s->o->queued)
		got = shape_queue_start(s, NULL, e);
	return shape_queue_end(s, got, e);
}
