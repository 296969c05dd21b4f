// SPDX-License-Identifier: MIT
/* Adds posts to the windows they fall into, closes windows, and ranks what is in them. */
#include "sketch/trend_int.h"

#include "base/clock.h"
#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

struct trend *trend_new(const struct trend_opts *o, trend_fn *emit, void *arg)
{
	struct trend *t = mem_zalloc(sizeof *t);
	t->o = *o;
	t->emit = emit;
	t->arg = arg;
	t->m = o->window_us / o->slide_us;
	t->decay = exp2(-(double)o->slide_us / (double)o->half_life_us);
	return t;
}

void trend_free(struct trend *t)
{
	if (!t)
		return;
	while (t->npane)
		trend_pane_drop(t, t->npane - 1);
	trend_topic_release(t);
	mem_free(t->pane);
	mem_free(t->id);
	mem_free(t->some);
	mem_free(t);
}

const struct trend_stats *trend_stats(const struct trend *t)
{
	return &t->stats;
}

size_t trend_memory(const struct trend *t)
{
	return t->bytes;
}

struct trend_now trend_now(const struct trend *t)
{
	return (struct trend_now){ t->started, t->max_us, t->max_us - t->o.delay_us, t->npane, t->tlive };
}

/* The last window that the watermark has passed. */
static int64_t passed(const struct trend *t)
{
	return time_floor_div(t->max_us - t->o.delay_us, t->o.slide_us) - 1;
}

static int too_much(const struct trend *t, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED,
		       "the open windows need more than the %llu MiB of --memory: allow more, or shorten the window or the watermark's "
		       "delay",
		       (unsigned long long)(t->o.memory >> 20));
}

static int by_number(const void *pa, const void *pb)
{
	uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;
	return (a > b) - (a < b);
}

static int add(struct trend *t, const struct trend_post *p, int64_t q, struct err *e)
{
	struct pane *pane = trend_pane(t, q, true);
	if (pane->npost >= UINT32_MAX - 1 || p->n >= UINT32_MAX - pane->ntopic)
		return too_much(t, e);
	uint32_t *topic = MEM_GROW(t->some, t->somecap, p->n);
	size_t kept = 0;
	for (size_t i = 0; i < p->n; i++)
		topic[i] = trend_topic(t, &p->topic[i]);
	if (p->n > 1)
		qsort(topic, p->n, sizeof *topic, by_number);
	for (size_t i = 0; i < p->n; i++)
		if (i == 0 || topic[i] != topic[kept - 1])
			topic[kept++] = topic[i];
	const struct post post = { .id = { p->id[0], p->id[1] }, .author = p->author, .has_id = p->has_id };
	trend_pane_add(t, pane, &post, topic, kept);
	return 0;
}

int trend_post(struct trend *t, const struct trend_post *p, struct err *e)
{
	if (p->time_us < TREND_TIME_MIN || p->time_us > TREND_TIME_MAX)
		return err_set(e, ERR_DATA, "a time outside of the years 1 to 9999");
	int64_t q = time_floor_div(p->time_us, t->o.slide_us);
	t->stats.posts++;
	if (!t->started) {
		t->started = true;
		t->max_us = p->time_us;
		t->closed = passed(t);
	}
	bool held = p->has_id && trend_retract(t, p->id);
	if (p->deleted) {
		t->stats.retracted += held;
		t->stats.unknown += !held;
	} else {
		t->stats.replaced += held;
		t->stats.late += q <= t->closed;
		t->stats.too_late += q + t->m - 1 <= t->closed;
		if (q + t->m - 1 > t->closed) {
			int rc = add(t, p, q, e);
			if (rc)
				return rc;
		}
	}
	if (p->time_us > t->max_us)
		t->max_us = p->time_us;
	if (passed(t) > t->closed) {
		int rc = trend_close(t, passed(t), false, e);
		if (rc)
			return rc;
	}
	return t->bytes > t->o.memory ? too_much(t, e) : 0;
}

int trend_finish(struct trend *t, struct err *e)
{
	return t->npane ? trend_close(t, t->pane[t->npane - 1]->q, true, e) : 0;
}
