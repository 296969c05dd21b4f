/* SPDX-License-Identifier: MIT */
/* The way with a queue: what the reading thread does. */
#include "rate/shape_int.h"

#include <stdio.h>

static void note_removed(const struct shape *s)
{
	struct buf b = BUF_INIT;
	if (!s->note)
		return;
	buf_printf(&b, "records that an earlier run spilled in %s are discarded: the stream's source sends them again", s->o->spill_dir);
	s->note(buf_cstr(&b));
	buf_release(&b);
}

int shape_queue_start(struct shape *s, const char *stream, struct err *e)
{
	bool removed = false;
	if (s->queue)
		return 0;
	int got = s->spill ? spill_begin(s->spill, stream, &removed, e) : 0;
	if (got != 0)
		return got;
	if (removed)
		note_removed(s);
	s->queue = queue_new(&s->queue_opts);
	atomic_store(&s->meter.queue, s->queue);
	s->pump = (struct pump){ .queue = s->queue, .gate = &s->gate, .out = s->outs ? NULL : &s->out, .outs = s->outs,
		.drops = s->drops, .meter = &s->meter, .unbuffered = s->o->unbuffered };
	return pump_start(&s->pump, e);
}

int shape_queue_hand_over(struct shape *s, struct err *e)
{
	s->nitems = 0;
	return s->items.head ? queue_put(s->queue, &s->items, e) : 0;
}

int shape_queue_record(struct shape *s, const char *p, size_t n, int64_t us, uint64_t route, struct err *e)
{
	struct item *it = item_new(p, n, s->key.p, s->key.n);
	it->event_us = us;
	it->route = route;
	item_append(&s->items, it);
	s->nitems += n;
	return s->nitems >= SHAPE_READ_AHEAD ? shape_queue_hand_over(s, e) : 0;
}

int shape_queue_mark(struct shape *s, const char *p, size_t n, struct err *e)
{
	struct item *it = item_new(p, n, NULL, 0);
	it->mark = true;
	item_append(&s->items, it);
	return shape_queue_hand_over(s, e);
}

int shape_queue_end(struct shape *s, int got, struct err *e)
{
	struct err late;
	if (!s->queue)
		return got;
	int left = shape_queue_hand_over(s, &late);
	if (got == 0 && left != 0) {
		*e = late;
		got = left;
	}
	queue_close(s->queue);
	if (pump_join(&s->pump, &late) != 0) {
		*e = late;
		got = late.code;
	}
	return got;
}
