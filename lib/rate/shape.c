/* SPDX-License-Identifier: MIT */
/* Opens everything, reads the input block by block, and closes in the right order. */
#include "base/clock.h"
#include "rate/shape_int.h"

#include <unistd.h>

/* --- opening --- */

static void set_up(struct shape *s, const struct shape_opts *o)
{
	s->o = o;
	s->gate = o->gate;
	s->queue_opts = o->queue;
	s->meter.adapts = o->gate.adapts;
	s->meter.has_watermark = o->late.judges;
	s->meter.watermark_us = s->meter.newest_us = WATERMARK_NONE;
	output_init(&s->out, STDOUT_FILENO, "standard output");
	s->direct = (struct direct){ .gate = &s->gate, .out = &s->out, .meter = &s->meter, .timed = o->timed,
		.unbuffered = o->unbuffered };
}

int shape_open(struct shape *s, const char *tool, const struct shape_opts *o, const char *on_error, struct err *e)
{
	*s = (struct shape){ 0 };
	set_up(s, o);
	s->tool = tool;
	s->on_error = on_error;
	int got = drops_open(&s->drops, tool, o->dropped, e);
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
	item_list_free(&s->items);
	buf_release(&s->text);
	buf_release(&s->key);
}

/* --- the input --- */

/* What came before a bad line passes, whatever becomes of it. The output keeps a failure until the next line. */
static void before_reject(void *arg)
{
	struct shape *s = arg;
	struct err e;
	atomic_store(&s->meter.rejected, pull_rejected(s->pull));
	direct_settle(&s->direct, &e);
}

static int do_record(struct shape *s, struct err *e)
{
	struct err why;
	meter_add(&s->meter.in_records, 1);
	why.file[0] = '\0';
	return shape_record(s, &s->pull->rec, &why) < 0 ? pull_bad(s->pull, &why, e) : 0;
}

static void begin_block(struct shape *s)
{
	if (s->o->timed && !s->o->queued)
		gate_arrived(&s->gate, s->waited);
	s->waited = false;
	meter_add(&s->meter.in_bytes, s->pull->block.n);
}

static int end_block(struct shape *s, struct err *e)
{
	atomic_store(&s->meter.rejected, pull_rejected(s->pull));
	return s->o->queued ? shape_queue_hand_over(s, e) : direct_settle(&s->direct, e);
}

static int do_event(struct shape *s, int event, struct err *e)
{
	switch (event) {
	case PULL_RECORD: return do_record(s, e);
	case PULL_MARK:
		meter_add(&s->meter.in_marks, 1);
		return shape_mark(s, e);
	case PULL_BLOCK:
		begin_block(s);
		return 0;
	case PULL_BLOCK_END: return end_block(s, e);
	default: return s->queue ? queue_failed(s->queue, e) : 0; /* PULL_TIMEOUT */
	}
}

static int before_wait(void *arg, struct err *e)
{
	struct shape *s = arg;
	s->waited = true;
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
	int got;
	s->waited = true;
	if (!s->o->queued)
		gate_start(&s->gate);
	while ((got = pull_next(s->pull, e)) > 0 && (got = do_event(s, got, e)) == 0)
		;
	if (got < 0)
		before_reject(s);
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

static int open_input(struct shape *s, const char *const *files, size_t n, struct err *e)
{
	const char *path[SHAPE_FIELDS] = {
		[SHAPE_TIME] = s->o->time, [SHAPE_KEY] = s->o->key, [SHAPE_ROUTE] = s->o->route
	};
	const char *picked[SHAPE_FIELDS];
	struct pull_opts o = { .tool = s->tool, .on_error = s->on_error, .fields = picked, .blocks = true,
		.before_reject = before_reject, .metrics = s->metrics, .input = { .before_wait = before_wait, .arg = s } };
	for (int i = 0; i < SHAPE_FIELDS; i++) {
		s->field[i] = path[i] ? (int)o.nfields : -1;
		if (!path[i])
			continue;
		if (i != SHAPE_TIME) /* a record without its time is a bad one as it is */
			o.named |= UINT32_C(1) << o.nfields;
		picked[o.nfields++] = path[i];
	}
	if (s->o->timed || s->o->queued)
		o.input.block = SHAPE_READ_AHEAD;
	if (s->o->queued)
		o.input.deadline = never;
	return pull_open(&s->pull, files, n, &o, e);
}

int shape_run(struct shape *s, const char *const *files, size_t n, struct err *e)
{
	int got = open_input(s, files, n, e);
	if (got == 0)
		got = open_outs(s, e);
	if (got == 0)
		got = read_all(s, e);
	/* What an earlier run has spilled is passed on also when there is no input. */
	if (got == 0 && s->o->queued)
		got = shape_queue_start(s, NULL, e);
	return shape_queue_end(s, got, e);
}
