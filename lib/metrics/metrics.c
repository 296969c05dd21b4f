/* SPDX-License-Identifier: MIT */
/* The registry's values: who counts puts them in, series of labels are made as they come. */
#include "metrics/metrics.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "metrics/parts.h"

#include <string.h>

const struct metric_def metrics_def[METRIC_COUNT] = {
#define X(id, name, kind, unit, tools, label, second, help) \
	[METRIC_##id] = { name, METRIC_##kind, METRIC_##unit, tools, { label, second }, help },
	METRICS(X)
#undef X
};

static const char *const tool_name[METRICS_TOOL_COUNT] = {
#define X(bit, name) [METRICS_##bit] = name,
	METRICS_TOOLS(X)
#undef X
};

const char *const metrics_label_name[METRICS_LABELS] = { "tool", "name", "source", "table" };

const int64_t metrics_bucket_ns[METRICS_BUCKETS] = { 5000000, 10000000, 25000000, 50000000, 100000000, 250000000, 500000000, 1000000000,
	2500000000, 5000000000, 10000000000, 30000000000, 60000000000 };

int metrics_tool_of(const char *name)
{
	for (int i = 0; i < METRICS_TOOL_COUNT; i++)
		if (strcmp(tool_name[i], name) == 0)
			return i;
	return -1;
}

struct metrics *metrics_new(const char *tool)
{
	int which = metrics_tool_of(tool);
	if (which < 0)
		return NULL;
	struct metrics *m = mem_zalloc(sizeof *m);
	m->tool = (enum metrics_tool)which;
	pthread_mutex_init(&m->lock, NULL);
	for (int i = 0; i < METRIC_COUNT; i++) {
		m->before[i] = metrics_def[i].kind == METRIC_GAUGE ? METRICS_UNSET : 0;
		atomic_init(&m->v[i], m->before[i]);
		if (metrics_def[i].kind == METRIC_HISTOGRAM && metrics_gives(m, (enum metric)i))
			m->histogram[i] = mem_zalloc(sizeof *m->histogram[i]);
	}
	metrics_label(m, METRICS_LABEL_TOOL, tool);
	return m;
}

void metrics_free(struct metrics *m)
{
	if (!m)
		return;
	for (int i = 0; i < METRIC_COUNT; i++) {
		for (size_t k = 0; k < m->used[i]; k++) {
			mem_free(m->series[i][k].label[0]);
			mem_free(m->series[i][k].label[1]);
		}
		mem_free(m->series[i]);
		mem_free(m->histogram[i]);
	}
	for (int i = 0; i < METRICS_LABELS; i++) {
		mem_free(m->label[i]);
		mem_free(m->old[i]);
	}
	mem_free(m->stream);
	mem_free(m->place);
	pthread_mutex_destroy(&m->lock);
	mem_free(m);
}

void metrics_watch(struct metrics *m)
{
	m->watched = true;
}

bool metrics_watched(const struct metrics *m)
{
	return m && m->watched;
}

void metrics_add(struct metrics *m, enum metric id, int64_t n)
{
	int64_t unset = METRICS_UNSET;
	if (!m)
		return;
	if (atomic_load_explicit(&m->v[id], memory_order_relaxed) == METRICS_UNSET)
		atomic_compare_exchange_strong_explicit(&m->v[id], &unset, 0, memory_order_relaxed, memory_order_relaxed);
	atomic_fetch_add_explicit(&m->v[id], n, memory_order_relaxed);
}

void metrics_set(struct metrics *m, enum metric id, int64_t v)
{
	if (m)
		atomic_store_explicit(&m->v[id], v, memory_order_relaxed);
}

void metrics_max(struct metrics *m, enum metric id, int64_t v)
{
	int64_t was = m ? atomic_load_explicit(&m->v[id], memory_order_relaxed) : v;
	while (was < v && !atomic_compare_exchange_weak_explicit(&m->v[id], &was, v, memory_order_relaxed, memory_order_relaxed))
		;
}

int64_t metrics_get(const struct metrics *m, enum metric id)
{
	return m ? atomic_load_explicit(&m->v[id], memory_order_relaxed) : METRICS_UNSET;
}

/* --- series --- */

static char *copy_label(const char *s)
{
	struct buf b = BUF_INIT, cut = BUF_INIT;
	utf8_repair(&b, s, strlen(s));
	buf_put_cut(&cut, b.n ? b.p : "", b.n, METRICS_LABEL_MAX);
	buf_release(&b);
	return buf_detach(&cut, NULL);
}

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static struct metrics_series *find_series(struct metrics *m, enum metric id, const char *label, const char *second)
{
	for (size_t i = 0; i < m->used[id]; i++)
		if (same(m->series[id][i].label[0], label) && same(m->series[id][i].label[1], second))
			return &m->series[id][i];
	return NULL;
}

struct metrics_series *metrics_series_at(struct metrics *m, enum metric id, const char *label, const char *second)
{
	const struct metric_def *d = &metrics_def[id];
	size_t n = m->used[id];
	char *own[2] = { copy_label(label), d->label[1] ? copy_label(second ? second : "") : NULL };
	struct metrics_series *s = find_series(m, id, own[0], own[1]);
	if (!s && n >= METRICS_SERIES) {
		for (int i = 0; i < 2 && own[i]; i++) {
			mem_free(own[i]);
			own[i] = mem_strdup(METRICS_OTHER);
		}
		s = find_series(m, id, own[0], own[1]);
	}
	if (s) {
		mem_free(own[0]);
		mem_free(own[1]);
		return s;
	}
	if (!m->series[id])
		m->series[id] = mem_zalloc((METRICS_SERIES + 1) * sizeof *s);
	s = &m->series[id][n];
	memcpy(s->label, own, sizeof own);
	s->before = d->kind == METRIC_GAUGE ? METRICS_UNSET : 0;
	atomic_init(&s->v, s->before);
	atomic_store_explicit(&m->used[id], n + 1, memory_order_release);
	return s;
}

void metrics_add_at(struct metrics *m, enum metric id, const char *label, const char *second, int64_t n)
{
	if (!m)
		return;
	pthread_mutex_lock(&m->lock);
	atomic_fetch_add_explicit(&metrics_series_at(m, id, label, second)->v, n, memory_order_relaxed);
	pthread_mutex_unlock(&m->lock);
}

void metrics_set_at(struct metrics *m, enum metric id, const char *label, const char *second, int64_t v)
{
	if (!m)
		return;
	pthread_mutex_lock(&m->lock);
	atomic_store_explicit(&metrics_series_at(m, id, label, second)->v, v, memory_order_relaxed);
	pthread_mutex_unlock(&m->lock);
}

void metrics_observe(struct metrics *m, enum metric id, int64_t ns)
{
	struct metrics_histogram *h = m ? m->histogram[id] : NULL;
	size_t i = 0;
	if (!h)
		return;
	while (i < METRICS_BUCKETS && ns > metrics_bucket_ns[i])
		i++;
	atomic_fetch_add_explicit(&h->count[i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&h->sum_ns, ns, memory_order_relaxed);
}

/* --- waits --- */

void metrics_wait(struct metrics *m, enum metrics_way way, int n)
{
	if (m)
		atomic_fetch_add_explicit(&m->waiting[way], n, memory_order_relaxed);
}

void metrics_sample(struct metrics *m, int64_t ns)
{
	static const char *const name[METRICS_WAYS] = { "upstream", "downstream" };
	for (int i = 0; m && i < METRICS_WAYS; i++)
		metrics_add_at(m, METRIC_BLOCKED, name[i], NULL, atomic_load_explicit(&m->waiting[i], memory_order_relaxed) > 0 ? ns : 0);
}

bool metrics_waiting(const struct metrics *m, enum metrics_way way)
{
	return m && atomic_load_explicit(&m->waiting[way], memory_order_relaxed) > 0;
}

/* --- labels --- */

void metrics_label(struct metrics *m, enum metrics_label which, const char *value)
{
	if (!m || !value)
		return;
	pthread_mutex_lock(&m->lock);
	if (!m->label[which])
		m->label[which] = copy_label(value);
	pthread_mutex_unlock(&m->lock);
}

void metrics_stream(struct metrics *m, const char *id)
{
	if (!m || !id)
		return;
	pthread_mutex_lock(&m->lock);
	if (!m->stream) {
		m->stream = copy_label(id);
		/* Its generation (stream/ck.h) is none of the name. */
		char *dot = strrchr(m->stream, '.');
		if (dot && dot > m->stream && dot[1] && dot[1 + strspn(dot + 1, "0123456789")] == '\0')
			*dot = '\0';
	}
	pthread_mutex_unlock(&m->lock);
}

void metrics_place(struct metrics *m, const char *text)
{
	if (!m || !text)
		return;
	char *copy = copy_label(text);
	pthread_mutex_lock(&m->lock);
	mem_free(m->place);
	m->place = copy;
	pthread_mutex_unlock(&m->lock);
}

void metrics_put_place(struct metrics *m, struct buf *b)
{
	if (!m)
		return;
	pthread_mutex_lock(&m->lock);
	buf_puts(b, m->place ? m->place : "");
	pthread_mutex_unlock(&m->lock);
}

bool metrics_name(struct metrics *m, struct buf *b)
{
	pthread_mutex_lock(&m->lock);
	const char *name = m->label[METRICS_LABEL_NAME] ? m->label[METRICS_LABEL_NAME] : m->stream;
	if (name)
		buf_puts(b, name);
	pthread_mutex_unlock(&m->lock);
	return name != NULL;
}

void metrics_end(struct metrics *m, int status, int64_t now_us)
{
	char text[16];
	text[fmt_i64(text, status)] = '\0';
	metrics_add_at(m, METRIC_RUNS, text, NULL, 1);
	metrics_set(m, METRIC_RUN_STATUS, status);
	if (status == 0 || status == 1)
		metrics_set(m, METRIC_LAST_SUCCESS, now_us);
}
