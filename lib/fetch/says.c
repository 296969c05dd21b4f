/* SPDX-License-Identifier: MIT */
/* Limits, waits and words of answers, for pages, streams and rules alike. */
#include "fetch/says.h"

#include "base/clock.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define WORDS_MAX ((size_t)64 << 10) /* a longer body is no message of an error */

static double number(const struct json *v)
{
	double d;
	return v && json_double(v, &d) ? d : NAN;
}

static void read_signal(struct budget_signal *s, const struct json *v, int64_t now_s)
{
	double reset = number(json_get(v, "reset"));
	s->limit = number(json_get(v, "limit"));
	s->remaining = number(json_get(v, "remaining"));
	s->reset_s = isnan(reset) ? NAN : reset - (double)now_s;
	s->wait_s = number(json_get(v, "wait"));
	s->used_pct = number(json_get(v, "used_pct"));
}

int says_limits(struct ask *ask, struct budget *b, const struct source_about *about, const char *body, size_t n,
		struct budget_signal *last, struct err *e)
{
	struct arena a = ARENA_INIT;
	struct buf value = BUF_INIT;
	bool nothing;
	*last = (struct budget_signal)BUDGET_SIGNAL_NONE;
	int rc = ask_has(ask, ASK_RATE) ? ask_start(ask, ASK_RATE, about, body, n, e) : 1;
	while (rc == 0 && (rc = ask_next(ask, ASK_RATE, &value, &nothing, e)) > 0) {
		struct json *v;
		rc = 0;
		if (nothing || json_parse(&v, &a, value.p, value.n, NULL) < 0 || v->type != JSON_OBJECT)
			continue;
		read_signal(last, v, about->now_s);
		budget_signal(b, last);
		arena_clear(&a);
	}
	arena_release(&a);
	buf_release(&value);
	return rc < 0 ? rc : 0;
}

static int64_t retry_after(const struct http_answer *a)
{
	int64_t after = http_retry_after(a);
	return after >= 0 ? after * NS_PER_SEC : -1;
}

/* How long a limit wants us to wait; -1: it does not say. */
static int64_t limit_wait(const struct http_answer *a, const struct budget_signal *s)
{
	int64_t after = retry_after(a);
	if (after >= 0)
		return after;
	if (!isnan(s->wait_s) && s->wait_s > 0)
		return (int64_t)(fmin(s->wait_s, 1e8) * 1e9);
	/* Dates are cut to whole seconds: one more is on the safe side. */
	if (!isnan(s->reset_s) && s->reset_s > 0)
		return (int64_t)(fmin(s->reset_s, 1e8) * 1e9) + NS_PER_SEC;
	return -1;
}

struct verdict says_status(const struct http_answer *a)
{
	int64_t after = a->failure == HTTP_OK ? retry_after(a) : -1;
	return verdict_of(&(struct verdict_facts){
	    .failure = a->failure, .status = a->status, .retry_after_ns = after, .limit_ns = after });
}

int says_verdict(struct verdict *v, struct ask *ask, struct budget *b, const struct source_about *about,
		 const struct http_answer *a, const char *body, size_t n, struct buf *word, struct err *e)
{
	struct budget_signal signal;
	int rc = says_limits(ask, b, about, body, n, &signal, e);
	if (rc == 0 && ask_has(ask, ASK_OUTCOME))
		rc = ask_one(ask, ASK_OUTCOME, about, body, n, word, e);
	if (rc < 0)
		return rc;
	*v = verdict_of(&(struct verdict_facts){ .status = a->status, .retry_after_ns = retry_after(a),
	    .limit_ns = limit_wait(a, &signal), .word = word->n ? buf_cstr(word) : NULL });
	return 0;
}

void says_words(const char *body, size_t n, char *to, size_t size)
{
	static const char *const where[] = {"message", "error_description", "error_message", "detail", "title", "error",
					    "reason"};
	struct arena a = ARENA_INIT;
	struct json *v;
	to[0] = '\0';
	if (n && n <= WORDS_MAX && json_parse(&v, &a, body, n, NULL) == 0) {
		const struct json *error = json_get(v, "error"), *list = json_get(v, "errors"), *in = v;
		if (error && error->type == JSON_OBJECT)
			in = error;
		else if (list && list->type == JSON_ARRAY && list->child && !json_get(v, "detail"))
			in = list->child;
		for (size_t i = 0; i < sizeof where / sizeof *where && !to[0]; i++)
			if (json_str(json_get(in, where[i])))
				snprintf(to, size, ": %.300s", json_str(json_get(in, where[i])));
	}
	arena_release(&a);
}

/* A member that stands beside errors and is no data. */
static bool tells_of_errors(const struct json *m)
{
	static const char *const names[] = {"errors", "error", "message", "status", "code", "title", "detail", "type",
					    "extensions"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(m->key, names[i]) == 0)
			return true;
	return m->type == JSON_NULL;
}

bool says_errors_alone(const char *body, size_t n)
{
	struct arena a = ARENA_INIT;
	struct json *v;
	bool alone = false;
	if (n > WORDS_MAX || !memmem(body, n, "\"errors\"", 8) || json_parse(&v, &a, body, n, NULL) < 0) {
		arena_release(&a);
		return false;
	}
	const struct json *list = json_get(v, "errors");
	alone = list && list->nchild;
	for (const struct json *m = alone ? v->child : NULL; m && alone; m = m->next)
		alone = tells_of_errors(m);
	arena_release(&a);
	return alone;
}
