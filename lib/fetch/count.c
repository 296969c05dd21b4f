/* SPDX-License-Identifier: MIT */
/* What the registry hears of requests, retries, waits, quotas and jobs. */
#include "fetch/fetch_int.h"

#include "base/clock.h"
#include "metrics/metrics.h"

#include <stdio.h>
#include <string.h>

#define STATE_NS (2 * NS_PER_SEC)    /* between two looks at all budgets */

void fetch_count_begin(struct fetch *f)
{
	bool one = f->njobs > 0;
	for (size_t i = 1; i < f->njobs; i++)
		one = one && f->job[i].src == f->job[0].src;
	if (one)
		metrics_label(f->o->metrics, METRICS_LABEL_SOURCE, f->job[0].src->def->name);
}

void fetch_count_answer(struct fetch *f, const struct fetch_source *src, const struct http_answer *a, bool stream)
{
	static const char *const failures[] = { [HTTP_CONNECT] = "connect", [HTTP_TLS] = "tls", [HTTP_CUT] = "cut", [HTTP_SILENT] = "silent",
		[HTTP_TIMEOUT] = "timeout", [HTTP_TOO_LONG] = "length", [HTTP_HEADERS] = "headers", [HTTP_ENCODING] = "encoding",
		[HTTP_PROTOCOL] = "protocol" };
	struct metrics *m = f->o->metrics;
	char status[24];
	snprintf(status, sizeof status, "%ld", a->status);
	metrics_add_at(m, METRIC_REQUESTS, src->def->name, a->failure == HTTP_OK ? status : failures[a->failure], 1);
	if (stream)
		return;
	metrics_add(m, METRIC_BYTES_IN, (int64_t)a->nbody);
	if (a->sent_ns > 0)
		metrics_observe(m, METRIC_REQUEST_DURATION, a->ended_ns - a->sent_ns);
}

void fetch_count_retry(struct fetch *f, enum def_cause cause)
{
	static const char *const causes[NCAUSES] = { [CAUSE_NET] = "connection", [CAUSE_SILENCE] = "silence", [CAUSE_HTTP5XX] = "server",
		[CAUSE_BODY] = "body", [CAUSE_RATE] = "limit" };
	metrics_add_at(f->o->metrics, METRIC_RETRIES, causes[cause], NULL, 1);
}

const char *fetch_waits_for(const struct fetch *f, int64_t now)
{
	const char *why = NULL;
	if (f->under_way || !metrics_watched(f->o->metrics))
		return NULL;
	for (size_t i = 0; i < f->njobs; i++) {
		const struct job *j = &f->job[i];
		if (j->end != JOB_RUNS)
			continue;
		if (j->stream && stream_is_open(j->stream))
			return NULL;
		why = why ? why : j->stream ? "failure" : "schedule";
		for (const struct task *t = j->tasks; t; t = t->next)
			if (t->due_ns > now && (t->limited || strcmp(why, "schedule") == 0))
				why = t->limited ? "limit" : t->tries ? "failure" : "schedule";
	}
	return why;
}

void fetch_count_wait(struct fetch *f, const char *why, int64_t since_ns)
{
	if (why)
		metrics_add_at(f->o->metrics, METRIC_WAIT, why, NULL, clock_mono_ns() - since_ns);
}

void fetch_count_state(struct fetch *f, int64_t now, bool last)
{
	struct metrics *m = f->o->metrics;
	uint64_t running = 0, open = 0;
	if (!metrics_watched(m) || (now < f->counted_ns && !last))
		return;
	f->counted_ns = now + STATE_NS;
	for (size_t i = 0; i < f->njobs; i++) {
		const struct job *j = &f->job[i];
		double left, reset_s;
		running += j->end == JOB_RUNS;
		open += j->stream && stream_is_open(j->stream);
		if (i && f->job[i - 1].budget == j->budget)
			continue;
		budget_left(j->budget, &left, &reset_s);
		if (left >= 0)
			metrics_set_at(m, METRIC_QUOTA, budget_name(j->budget), NULL, (int64_t)left);
		if (reset_s >= 0)
			metrics_set_at(m, METRIC_QUOTA_RESET, budget_name(j->budget), NULL, clock_now_us() + (int64_t)(reset_s * 1e6));
	}
	metrics_set(m, METRIC_JOBS_RUNNING, (int64_t)running);
	metrics_set(m, METRIC_STREAMS_OPEN, last ? 0 : (int64_t)open);
}
