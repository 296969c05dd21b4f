/* SPDX-License-Identifier: MIT */
/* One request at a time: a walk, a list, a value, a refill. */
#include "fetch/sink.h"

#include "base/clock.h"
#include "base/mem.h"
#include "fetch/backoff.h"
#include "fetch/order.h"
#include "http/url.h"

#include <string.h>

#define CONNECT_NS (30 * NS_PER_SEC)
#define SILENCE_NS (60 * NS_PER_SEC)
#define TIMEOUT_NS (600 * NS_PER_SEC)

static void task_stop(struct task *t)
{
	if (!t->transfer)
		return;
	http_cancel(t->transfer);
	t->transfer = NULL;
	t->job->f->under_way--;
	budget_done(t->budget, t->ticket, t->src->def->cost);
}

static void free_task(struct task *t)
{
	task_stop(t);
	walk_release(&t->own);
	vars_release(&t->vars);
	request_release(&t->request);
	mem_free(t->value);
	mem_free(t->redirect);
	mem_free(t->asked);
	mem_free(t);
}

struct task *task_add(struct job *j, struct fetch_source *src, enum task_kind kind)
{
	struct task *t = mem_zalloc(sizeof *t), **end = &j->tasks;
	t->job = j;
	t->src = src;
	t->kind = kind;
	t->walk = kind == TASK_WALK ? &j->walk : kind == TASK_REFILL ? &j->refill : &t->own;
	t->budget = j->budget;
	t->request = (struct request)REQUEST_INIT;
	vars_copy(&t->vars, &j->vars);
	if (kind == TASK_VALUE)
		walk_begin(&t->own, task_cursor(t));
	while (*end)
		end = &(*end)->next;
	*end = t;
	return t;
}

void task_drop(struct task *t)
{
	struct task **p = &t->job->tasks;
	while (*p && *p != t)
		p = &(*p)->next;
	if (*p)
		*p = t->next;
	free_task(t);
}

void task_end_job(struct job *j, enum job_end end, const struct err *why)
{
	if (j->end != JOB_RUNS)
		return;
	j->end = end;
	if (why)
		j->err = *why;
	for (struct task *t = j->tasks; t; t = t->next)
		task_stop(t);
	/* That of a single job is the run's own error, which is said in the end. */
	if (end == JOB_FAILED && j->f->njobs > 1)
		sink_say(j->f, SAY_ERROR, j, &j->err);
	else if (end == JOB_QUOTA)
		sink_say(j->f, SAY_NOTE, j, &j->err);
}

const struct def_cursor *task_cursor(const struct task *t)
{
	static const struct def_cursor none = { .there = false };
	return t->kind == TASK_VALUE && t->src->def->has_list ? &none : &t->src->def->cursor;
}

/* ${cursor}: where the walk begins, less the overlap, as the API wants it. */
static void set_cursor(struct task *t)
{
	const struct def_cursor *c = task_cursor(t);
	struct buf less = BUF_INIT, text = BUF_INIT;
	if (t->kind == TASK_LIST && t->job->next_value) {
		buf_puts(&text, t->job->next_value);
	} else if (t->walk->committed && !t->no_cursor) {
		order_less_overlap(&less, c, t->walk->committed);
		order_put(&text, c->cmp, c->as, buf_cstr(&less));
	}
	vars_set(&t->vars, "cursor", text.p ? text.p : "", text.n);
	buf_release(&less);
	buf_release(&text);
}

static bool by_address(const struct source_def *d)
{
	return d->next == NEXT_URL || d->next == NEXT_LINK;
}

static int build(struct task *t, struct request_way *w, struct err *e)
{
	const struct source_def *d = t->src->def;
	const char *page = t->kind == TASK_LIST ? NULL : t->walk->page;
	const struct def_request *q = t->kind == TASK_LIST ? &d->list : &d->request;
	set_cursor(t);
	if (t->redirect)
		return request_follow(&t->request, w, q, &t->vars, t->redirect, e);
	if (page && by_address(d))
		return request_follow(&t->request, w, q, &t->vars, page, e);
	int rc = request_build(&t->request, w, q, &t->vars, e);
	if (rc == 0 && page)
		url_add_param(&t->request.url, d->next_param, page, strlen(page));
	return rc;
}

int task_build(struct task *t, struct err *e)
{
	struct request_way w = fetch_way(t->job->f, t->src);
	int rc = build(t, &w, e);
	return rc == 0 ? request_allowed(&w, &t->vars, buf_cstr(&t->request.url), e) : rc;
}

void task_came(struct task *t)
{
	t->transfer = NULL;
	t->job->f->under_way--;
	t->job->f->changed = true;
	budget_done(t->budget, t->ticket, t->src->def->cost);
	request_clear(&t->request);
}

/* It was not sent, and is not to be now. */
static void take_back(struct task *t)
{
	http_cancel(t->transfer);
	t->transfer = NULL;
	t->job->f->under_way--;
	t->job->f->requests--;
	t->job->requests--;
	budget_return(t->budget, t->ticket, t->src->def->cost);
	request_clear(&t->request);
	t->due_ns = 0;
}

void task_hold(struct fetch *f, const struct budget *b)
{
	for (size_t i = 0; i < f->njobs; i++)
		for (struct task *t = f->job[i].tasks; t; t = t->next)
			if (t->budget == b && t->transfer && http_unsent(t->transfer))
				take_back(t);
}

/* What the budget, or an answer, makes us wait for longer than --max-wait ends the job; one that goes on for ever
 * waits. A limit keeps its place for later; a failure is one, WHY. */
static void put_off(struct task *t, int64_t now, int64_t ns, bool limit, const char *why, struct outcome *o)
{
	struct job *j = t->job;
	char text[48];
	t->due_ns = now + ns;
	t->limited = limit;
	if (j->spec->every_ns || j->stream || ns <= j->f->o->max_wait_ns)
		return;
	text[duration_format(text, (ns + NS_PER_SEC - 1) / NS_PER_SEC * NS_PER_SEC)] = '\0';
	o->kind = OUTCOME_ENDS;
	o->end = limit ? JOB_QUOTA : JOB_FAILED;
	if (limit)
		err_set(&o->err, ERR_RETRY, "the limit of '%s' is used up for another %s: the place is kept, try again then",
			budget_name(t->budget), text);
	else
		err_set(&o->err, ERR_IO, "%s: the next try would be in %s, later than --max-wait allows", why, text);
}

void task_await_login(struct task *t, int64_t now, struct outcome *o)
{
	int64_t due = login_due(t->login);
	if (due != NEVER && due > now)
		put_off(t, now, due - now, login_cause(t->login) == CAUSE_RATE, "the login failed", o);
}

static void log_request(struct task *t)
{
	struct buf b = BUF_INIT;
	url_show(&b, buf_cstr(&t->request.url));
	sink_sayf(t->job->f, SAY_VERBOSE, t->job, "%s %s",
		   t->request.method     ? t->request.method
		   : t->request.has_body ? "POST"
					 : "GET",
		   buf_cstr(&b));
	buf_release(&b);
}

/* A place that leads where nothing is sent was kept by an older release, or under other hosts: the walk begins anew. */
static int build_place(struct task *t, struct request_way *w, struct err *e)
{
	int rc = build(t, w, e);
	if (rc != ERR_IO || t->redirect || t->kind == TASK_LIST || !t->walk->page || !by_address(t->src->def))
		return rc;
	err_wrap(e, "restarting from the first page");
	sink_say(t->job->f, SAY_WARNING, t->job, e);
	walk_begin(t->walk, task_cursor(t));
	return build(t, w, e);
}

static int send_it(struct task *t, struct request_way *w, task_done_fn *done, struct err *e)
{
	struct fetch *f = t->job->f;
	struct request *r = &t->request;
	int rc = build_place(t, w, e);
	if (rc < 0)
		return rc;
	log_request(t);
	mem_free(t->asked);
	t->asked = mem_strndup(r->url.p, r->url.n);
	rc = request_sign(r, w, &t->vars, e);
	if (rc < 0)
		return rc;
	struct http_request q = { .connect_ns = CONNECT_NS, .silence_ns = SILENCE_NS, .timeout_ns = TIMEOUT_NS,
		.max_body = f->o->max_answer, .done = done, .arg = t };
	request_http(r, &q);
	rc = http_send(f->http, &q, &t->transfer, e);
	if (rc < 0)
		return rc;
	f->under_way++;
	f->requests++;
	t->job->requests++;
	return 0;
}

int task_send(struct task *t, int64_t now, task_done_fn *done, struct outcome *o, struct err *e)
{
	struct request_way w = fetch_way(t->job->f, t->src);
	if (!t->login)
		t->login = login_of(t->job->f, t->src, &t->vars);
	if (t->login) {
		int rc = login_token(t->login, &w.token, &t->serial, e);
		if (rc < 0)
			return rc;
		t->waits = !w.token;
		if (t->waits)
			return 1;
	}
	int64_t ns = budget_take(t->budget, t->src->def->cost, &t->ticket);
	if (ns > 0) {
		put_off(t, now, ns, true, "", o);
		return 1;
	}
	t->later = t->limited = false;
	int rc = send_it(t, &w, done, e);
	if (rc < 0)
		budget_done(t->budget, t->ticket, t->src->def->cost);
	return rc;
}

void task_retry(struct task *t, enum def_cause cause, const char *why, int64_t at_least_ns, struct outcome *o)
{
	const struct source_def *d = t->src->def;
	struct fetch *f = t->job->f;
	bool limit = cause == CAUSE_RATE;
	char text[48];
	t->tries++;
	if (t->tries >= d->tries) {
		/* A limit that is still reached is one that is used up. */
		o->kind = OUTCOME_ENDS;
		o->end = limit ? JOB_QUOTA : JOB_FAILED;
		err_set(&o->err, limit ? ERR_RETRY : ERR_IO, "%s: giving up after %llu tries", why,
			(unsigned long long)t->tries);
		return;
	}
	fetch_count_retry(f, cause);
	int64_t ns = backoff_delay(&d->retry[cause], t->tries, d->jitter, &f->rng);
	if (at_least_ns >= 0)
		ns = at_least_ns + (int64_t)((double)(limit ? NS_PER_SEC : 0) * d->jitter * rng_unit(&f->rng));
	text[duration_format(text, ns / 1000000 * 1000000)] = '\0';
	sink_sayf(f, SAY_VERBOSE, t->job, "%s: retrying in %s", why, text);
	sink_wait(f, why);
	if (limit) {
		budget_block(t->budget, ns);
		task_hold(f, t->budget);
	}
	put_off(t, clock_mono_ns(), ns, limit, why, o);
}
