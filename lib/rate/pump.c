/* SPDX-License-Identifier: MIT */
/* Takes from the queue, waits at the gate, writes. */
#include "rate/pump.h"

#include "stream/mark.h"

#define BATCH 64u

/* What was let go reaches the reader. Returns in *STALL by how much what is due has moved. */
static int write_out(struct pump *p, int64_t *stall)
{
	int rc = 0;
	if (p->out && p->out->buf.n) {
		int64_t start = clock_mono_ns();
		rc = output_flush(p->out, &p->err);
		*stall += gate_wrote(p->gate, start, p->out->fd);
	}
	meter_gate(p->meter, p->gate);
	if (rc != 0)
		return rc;
	/* What an output has in its buffer is not written; the spill must not forget it. */
	if (p->outs && p->spilled)
		rc = outs_drain(p->outs, &p->err);
	p->spilled = false;
	queue_done(p->queue, &p->written);
	p->nwritten = 0;
	if (rc == 0 && queue_settles(p->queue))
		rc = queue_settle(p->queue, &p->err);
	return rc;
}

/* Has a record been left out so far? One of several outputs gets a part of them. */
static bool left_out(struct pump *p)
{
	struct queue_stats st;
	for (int i = 0; i < DROP_REASONS; i++)
		if (drops_count(p->drops, (enum drop_reason)i))
			return true;
	queue_stats(p->queue, &st);
	return st.spill.damaged || (p->outs && outs_count(p->outs) > 1);
}

/* A mark does not say `all` any more when a record in front of it was left out, be it while the mark was waiting. */
static struct item *without_all(struct item *it)
{
	struct arena a = ARENA_INIT;
	struct buf b = BUF_INIT;
	struct mark m;
	const char *line = it->text;
	size_t n = it->n - 1;
	if (mark_parse(&m, &a, line, n, NULL) == 0 && m.all) {
		mark_withhold(&m, &b, &line, &n);
		struct item *other = item_new(line, n, NULL, 0);
		other->mark = true;
		other->chunk = it->chunk;
		item_free(it);
		it = other;
	}
	buf_release(&b);
	arena_release(&a);
	return it;
}

static int emit(struct pump *p, struct item *it)
{
	int64_t start, stall = 0;
	int rc = 0;
	bool mark = it->mark;
	if (mark && left_out(p))
		it = without_all(it);
	uint64_t n = it->n;
	if (mark && (rc = drops_flush(p->drops, &p->err)) != 0) {
		item_free(it);
		return rc;
	}
	if (p->outs) {
		start = clock_mono_ns();
		rc = mark ? outs_mark(p->outs, it->text, n, &p->err) : outs_record(p->outs, it->route, it->text, n, &p->err);
		gate_wrote(p->gate, start, -1);
	} else {
		output_put(p->out, it->text, n);
	}
	meter_add(mark ? &p->meter->out_marks : &p->meter->out_records, 1);
	meter_add(&p->meter->out_bytes, n);
	p->spilled = p->spilled || it->chunk;
	item_append(&p->written, it);
	p->nwritten += n;
	if (rc == 0 && (p->nwritten >= OUTPUT_BLOCK || p->unbuffered))
		rc = write_out(p, &stall);
	return rc;
}

static int pass(struct pump *p, struct item *it)
{
	struct gate *g = p->gate;
	int64_t due, stall = 0;
	int rc = 0;
	if (!it->mark && (g->shaped || g->paced)) {
		rc = gate_due(g, it->n, it->event_us, &due, &p->err);
		if (rc == 0 && due > g->now) {
			rc = write_out(p, &stall);
			if (rc == 0)
				gate_wait(g, due + stall);
		}
	}
	if (rc == 0)
		return emit(p, it);
	item_free(it);
	return rc;
}

static int run(struct pump *p)
{
	struct gate *g = p->gate;
	size_t batch = g->shaped || g->paced ? 1 : BATCH;
	int64_t due, stall = 0;
	int rc;
	for (;;) {
		struct item_list got = { 0 };
		struct item *it;
		gate_look(g);
		rc = queue_take(p->queue, batch, &got, g->now, &due, &p->err);
		if (rc < 0)
			return rc;
		if (rc != QUEUE_OK) {
			bool end = rc == QUEUE_END;
			rc = write_out(p, &stall);
			if (rc != 0)
				return rc;
			if (end)
				break;
			queue_wait(p->queue, due);
			gate_arrived(g, true);
			continue;
		}
		while (rc >= 0 && (it = item_pop(&got)) != NULL)
			rc = pass(p, it);
		item_list_free(&got);
		if (rc < 0)
			return rc;
	}
	return p->outs ? outs_drain(p->outs, &p->err) : 0;
}

static void *thread(void *arg)
{
	struct pump *p = arg;
	if (run(p) != 0)
		queue_fail(p->queue, &p->err);
	return NULL;
}

int pump_start(struct pump *p, struct err *e)
{
	gate_start(p->gate);
	int code = pthread_create(&p->thread, NULL, thread, p);
	if (code)
		return err_sys(e, code, "cannot start a thread");
	p->running = true;
	return 0;
}

int pump_join(struct pump *p, struct err *e)
{
	if (!p->running)
		return 0;
	pthread_join(p->thread, NULL);
	p->running = false;
	item_list_free(&p->written);
	if (p->err.code)
		*e = p->err;
	return p->err.code;
}
