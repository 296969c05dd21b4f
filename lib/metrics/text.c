/* SPDX-License-Identifier: MIT */
/* Prints the registry: Prometheus' text, NDJSON members, the list for the documents. */
#include "metrics/metrics.h"

#include "metrics/parts.h"

#include <stdlib.h>
#include <string.h>

static const char *const kind_name[] = { "counter", "gauge", "histogram" };
static const char *const unit_name[] = { "", "bytes", "seconds", "Unix time" };

/* As a label's value, without quotes. */
static void escape(struct buf *b, const char *value)
{
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			buf_putc(b, '\\');
		if (*value == '\n')
			buf_puts(b, "\\n");
		else
			buf_putc(b, *value);
	}
}

/* Exactly, and as short as that goes. */
static void put_value(struct buf *b, enum metric_unit unit, int64_t v)
{
	char text[24];
	int digits = unit == METRIC_SECONDS ? 9 : unit == METRIC_TIME ? 6 : 0;
	uint64_t of = digits == 9 ? 1000000000 : digits == 6 ? 1000000 : 1, abs = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	if (v < 0)
		buf_putc(b, '-');
	buf_u64(b, abs / of);
	if (abs % of == 0)
		return;
	size_t n = fmt_u64(text, abs % of + of);     /* a 1 in front keeps the zeros */
	while (text[n - 1] == '0')
		n--;
	buf_putc(b, '.');
	buf_put(b, text + 1, n - 1);
}

/* Of this run and those before; false: there is none. */
static bool whole(const struct metric_def *d, int64_t v, int64_t before, int64_t *to)
{
	*to = d->kind == METRIC_GAUGE ? (v != METRICS_UNSET ? v : before) : (int64_t)((uint64_t)v + (uint64_t)before);
	return *to != METRICS_UNSET;
}

/* --- text --- */

static void put_labels(struct buf *b, const struct metrics *m)
{
	for (int i = 0; i < METRICS_LABELS; i++) {
		const char *v = m->label[i] ? m->label[i] : m->old[i];
		if (!v)
			continue;
		buf_printf(b, "%s%s=\"", i ? "," : "{", metrics_label_name[i]);
		escape(b, v);
		buf_putc(b, '"');
	}
}

static void put_head(struct buf *b, const struct metric_def *d)
{
	buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", d->name, d->help, d->name, kind_name[d->kind]);
}

static void put_series(struct buf *b, const struct metrics *m, enum metric id)
{
	const struct metric_def *d = &metrics_def[id];
	bool any = false;
	for (size_t i = 0; i < m->used[id]; i++) {
		const struct metrics_series *s = &m->series[id][i];
		int64_t v;
		if (!whole(d, s->v, s->before, &v))
			continue;
		if (!any)
			put_head(b, d);
		any = true;
		buf_puts(b, d->name);
		put_labels(b, m);
		for (int k = 0; k < 2 && d->label[k]; k++) {
			buf_printf(b, ",%s=\"", d->label[k]);
			escape(b, s->label[k]);
			buf_putc(b, '"');
		}
		buf_puts(b, "} ");
		put_value(b, d->unit, v);
		buf_putc(b, '\n');
	}
}

static void put_sample(struct buf *b, const struct metrics *m, const char *name, const char *suffix, enum metric_unit unit, int64_t v)
{
	buf_printf(b, "%s%s", name, suffix);
	put_labels(b, m);
	buf_puts(b, "} ");
	put_value(b, unit, v);
	buf_putc(b, '\n');
}

static void put_histogram(struct buf *b, const struct metrics *m, enum metric id)
{
	const struct metric_def *d = &metrics_def[id];
	const struct metrics_histogram *h = m->histogram[id];
	int64_t n = 0;
	put_head(b, d);
	for (size_t i = 0; i <= METRICS_BUCKETS; i++) {
		n += h->count[i] + h->count_before[i];
		buf_printf(b, "%s_bucket", d->name);
		put_labels(b, m);
		buf_puts(b, ",le=\"");
		if (i < METRICS_BUCKETS)
			put_value(b, METRIC_SECONDS, metrics_bucket_ns[i]);
		else
			buf_puts(b, "+Inf");
		buf_puts(b, "\"} ");
		put_value(b, METRIC_PLAIN, n);
		buf_putc(b, '\n');
	}
	put_sample(b, m, d->name, "_sum", METRIC_SECONDS, h->sum_ns + h->sum_before);
	put_sample(b, m, d->name, "_count", METRIC_PLAIN, n);
}

void metrics_put_text(struct metrics *m, struct buf *b)
{
	pthread_mutex_lock(&m->lock);
	for (int i = 0; i < METRIC_COUNT; i++) {
		const struct metric_def *d = &metrics_def[i];
		int64_t v;
		if (!metrics_gives(m, (enum metric)i))
			continue;
		if (m->histogram[i]) {
			put_histogram(b, m, (enum metric)i);
		} else if (d->label[0]) {
			put_series(b, m, (enum metric)i);
		} else if (whole(d, m->v[i], m->before[i], &v)) {
			put_head(b, d);
			put_sample(b, m, d->name, "", d->unit, v);
		}
	}
	pthread_mutex_unlock(&m->lock);
}

/* --- NDJSON --- */

static void put_json(struct buf *b, const char *s)
{
	buf_putc(b, '"');
	for (; *s; s++) {
		if ((unsigned char)*s < 0x20)
			buf_printf(b, "\\u%04x", *s);
		else if (*s == '"' || *s == '\\')
			buf_printf(b, "\\%c", *s);
		else
			buf_putc(b, *s);
	}
	buf_putc(b, '"');
}

static void put_stats_series(struct buf *b, const struct metrics *m, enum metric id)
{
	const struct metric_def *d = &metrics_def[id];
	bool any = false;
	for (size_t i = 0; i < m->used[id]; i++) {
		const struct metrics_series *s = &m->series[id][i];
		if (s->v == METRICS_UNSET || (d->kind == METRIC_COUNTER && s->v == 0))
			continue;
		if (!any)
			buf_printf(b, ",\"%s\":{", d->name);
		else
			buf_putc(b, ',');
		any = true;
		if (!d->label[1]) {
			put_json(b, s->label[0]);
		} else {
			struct buf both = BUF_INIT;
			buf_printf(&both, "%s %s", s->label[0], s->label[1]);
			put_json(b, buf_cstr(&both));
			buf_release(&both);
		}
		buf_putc(b, ':');
		put_value(b, d->unit, s->v);
	}
	if (any)
		buf_putc(b, '}');
}

void metrics_put_stats(struct metrics *m, struct buf *b)
{
	pthread_mutex_lock(&m->lock);
	for (int i = 0; i < METRIC_COUNT; i++) {
		const struct metric_def *d = &metrics_def[i];
		const struct metrics_histogram *h = m->histogram[i];
		int64_t n = 0;
		if (!metrics_gives(m, (enum metric)i))
			continue;
		if (h) {
			for (size_t k = 0; k <= METRICS_BUCKETS; k++)
				n += h->count[k];
			buf_printf(b, ",\"%s\":{\"count\":%lld,\"sum\":", d->name, (long long)n);
			put_value(b, METRIC_SECONDS, h->sum_ns);
			buf_putc(b, '}');
		} else if (d->label[0]) {
			put_stats_series(b, m, (enum metric)i);
		} else if (m->v[i] != METRICS_UNSET) {
			buf_printf(b, ",\"%s\":", d->name);
			put_value(b, d->unit, m->v[i]);
		}
	}
	pthread_mutex_unlock(&m->lock);
}

/* --- the list --- */

void metrics_put_list(const char *tool, struct buf *b)
{
	int which = metrics_tool_of(tool);
	for (int i = 0; i < METRIC_COUNT && which >= 0; i++) {
		const struct metric_def *d = &metrics_def[i];
		if (!(d->tools >> which & 1))
			continue;
		buf_printf(b, "%s\t%s\t%s\t%s%s%s\t%s\n", d->name, kind_name[d->kind], unit_name[d->unit], d->label[0] ? d->label[0] : "",
			   d->label[1] ? "," : "", d->label[1] ? d->label[1] : "", d->help);
	}
}
