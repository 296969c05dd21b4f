/* SPDX-License-Identifier: MIT */
#include "fetch/fetch_int.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/num.h"
#include "fetch/order.h"
#include "http/url.h"
#include "feed/feed.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_REDIRECTS 5
#define MAX_LATERS 100
#define FORGIVE_NS (10 * NS_PER_SEC)    /* a limit that makes us wait so long is no failed try */

/* An answer while it is looked at. */
struct answer {
	struct task *t;
	const struct http_answer *a;
	struct buf headers, vars, link, feed, verdict;
	struct source_about about;
	const char *body;            /* as the expressions see it: JSON, "null" when it is none */
	size_t nbody;
	bool whole;                  /* it is what the definition's format says */
	bool foreign;                /* it never will be: no feed at all */
	struct err broken;           /* why not */
	struct budget_signal signal;
};

/* --- what it says of limits --- */

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

int answer_signals(struct source *src, struct budget *b, const struct source_about *about, const char *body, size_t n,
		   struct budget_signal *last, struct err *e)
{
	struct arena a = ARENA_INIT;
	struct buf value = BUF_INIT;
	bool nothing;
	*last = (struct budget_signal)BUDGET_SIGNAL_NONE;
	int rc = ask_has(src->ask, ASK_RATE) ? ask_start(src->ask, ASK_RATE, about, body, n, e) : 1;
	while (rc == 0 && (rc = ask_next(src->ask, ASK_RATE, &value, &nothing, e)) > 0) {
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

int64_t answer_wait(const struct http_answer *a, const struct budget_signal *s)
{
	int64_t after = http_retry_after(a);
	if (after >= 0)
		return after * NS_PER_SEC;
	if (!isnan(s->wait_s) && s->wait_s > 0)
		return (int64_t)(fmin(s->wait_s, 1e8) * 1e9);
	/* Dates are cut to whole seconds: one more is on the safe side. */
	if (!isnan(s->reset_s) && s->reset_s > 0)
		return (int64_t)(fmin(s->reset_s, 1e8) * 1e9) + NS_PER_SEC;
	return -1;
}

/* --- what it is --- */

/* Lines are looked at one by one later; only the last can have been cut short. */
static bool last_line_is_whole(const char *p, size_t n, struct err *e)
{
	const char *nl = n ? memrchr(p, '\n', n) : NULL;
	const char *last = nl ? nl + 1 : p;
	return last == p + n || json_check(last, (size_t)(p + n - last), e) == 0;
}

static void look_at_body(struct answer *x)
{
	const struct source_def *d = x->t->src->def;
	const struct http_answer *a = x->a;
	x->body = a->nbody ? a->body : "null";
	x->nbody = a->nbody ? a->nbody : 4;
	if (d->format == FORMAT_FEED && x->t->kind != TASK_LIST && a->status / 100 == 2) {
		int rc = feed_to_json_at(&x->feed, a->body, a->nbody, http_header(a, "content-type"), x->t->asked,
					 &x->broken);
		x->whole = rc == 0;
		x->foreign = rc < 0 && rc != ERR_RETRY;
		x->body = x->feed.p;
		x->nbody = x->feed.n;
	} else if (d->format == FORMAT_NDJSON && x->t->kind != TASK_LIST) {
		x->whole = last_line_is_whole(a->body, a->nbody, &x->broken);
		return;
	} else {
		x->whole = a->nbody && json_check(a->body, a->nbody, &x->broken) == 0;
		if (!a->nbody)
			err_set(&x->broken, ERR_DATA, "it is empty");
	}
	if (!x->whole) {
		x->body = "null";
		x->nbody = 4;
	}
}

static void look(struct answer *x)
{
	struct buf link = BUF_INIT;
	int64_t date = http_date_us(x->a);
	http_headers_json(x->a, &x->headers);
	vars_json(&x->t->vars, &x->vars);
	x->about = (struct source_about){.headers = x->headers.p,
					 .nheaders = x->headers.n,
					 .status = x->a->status,
					 .vars = x->vars.p,
					 .nvars = x->vars.n,
					 .now_s = time_floor_div(date != INT64_MIN ? date : clock_now_us(), US_PER_SEC),
					 .page = x->t->walk->pages};
	if (http_link(x->a, "next", x->t->asked, &link)) {
		json_put_string(&x->link, link.p, link.n);
		/* Bytes that are no UTF-8 lead nowhere. */
		bool good = json_check(x->link.p, x->link.n, NULL) == 0;
		x->about.link = good ? x->link.p : NULL;
		x->about.nlink = x->link.n;
	}
	buf_release(&link);
	look_at_body(x);
}

/* --- what becomes of the task --- */

static void failed(struct task *t, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void failed(struct task *t, int code, const char *fmt, ...)
{
	struct err e;
	va_list ap;
	va_start(ap, fmt);
	err_setv(&e, code, fmt, ap);
	va_end(ap);
	job_end(t->job, JOB_FAILED, &e);
}

/* It has nothing more, or nothing at all. */
static void task_done(struct task *t)
{
	struct job *j = t->job;
	enum task_kind kind = t->kind;
	struct err e;
	job_drop_task(j, t);
	if (kind == TASK_REFILL) {
		j->refilling = false;
		walk_raise(&j->walk, &j->src->def->cursor, j->refill.committed);
		stream_refilled(j->stream);
	}
	if (kind == TASK_LIST)
		j->listing = false;
	if (kind == TASK_WALK)
		job_walk_done(j);
	if (fetch_point(j->f, &e) < 0)
		fetch_fatal(j->f, &e);
}

/* The next request goes where the definition says. */
static void leave_redirect(struct task *t)
{
	t->redirects = 0;
	mem_free(t->redirect);
	t->redirect = NULL;
}

static void reset_tries(struct task *t)
{
	t->tries = 0;
	t->relogged = false;
	leave_redirect(t);
}

/* Where the next page is, "" when this was the last. */
static int next_page(struct answer *x, struct buf *next, struct err *e)
{
	const struct source_def *d = x->t->src->def;
	struct buf found = BUF_INIT;
	int rc = 0;
	if (d->next == NEXT_NONE)
		return 0;
	if (d->next == NEXT_LINK) {
		http_link(x->a, d->next_expr, x->t->asked, &found);
	} else {
		rc = ask_one(x->t->src->ask, ASK_NEXT, &x->about, x->body, x->nbody, &found, e);
	}
	if (rc >= 0 && found.n && d->next != NEXT_TOKEN) {
		struct buf b = BUF_INIT;
		for (size_t i = 0; i < d->nstrip; i++) {
			buf_clear(&b);
			url_drop_param(&b, buf_cstr(&found), d->strip[i]);
			buf_clear(&found);
			buf_put(&found, b.p, b.n);
		}
		buf_release(&b);
	}
	/* It goes into marks and on disk. */
	if (rc >= 0 && found.n && redact_has(x->t->job->f->o->secrets, found.p, found.n))
		rc = err_set(e, ERR_DATA, "the address of the next page holds a credential");
	if (rc >= 0 && memchr(found.p ? found.p : "", '\0', found.n))
		rc = err_set(e, ERR_DATA, "the next page's token holds a NUL");
	if (rc >= 0)
		buf_put(next, found.p, found.n);
	buf_release(&found);
	return rc < 0 ? rc : 0;
}

static int read_page(struct answer *x, struct err *e)
{
	struct task *t = x->t;
	struct page *p = t->src->page;
	struct buf floor = BUF_INIT;
	const struct def_cursor *c = task_cursor(t);
	page_begin(p, &x->about);
	job_range(t->job, &p->since_us, &p->until_us);
	p->limit = fetch_may(t->job->f, t->job);
	p->floor = NULL;
	if (t->walk->committed && c->there && !walk_ascends(t->walk, c)) {
		order_less_overlap(&floor, c, t->walk->committed);
		p->floor = buf_cstr(&floor);
	}
	t->src->mapped_for = NULL;
	int rc = source_map_about(t->src->map, &x->about, e);
	if (rc == 0)
		rc = page_body(p, x->nbody ? x->body : "", x->nbody, e);
	/* An answer that cannot be cut into items is the API's fault, a bad item is one of the data. */
	if (rc == ERR_DATA && !p->stopped)
		rc = e->code = ERR_IO;
	/* It goes into marks and on disk. */
	if (rc == 0 && p->top && redact_has(t->job->f->o->secrets, p->top, strlen(p->top)))
		rc = err_set(e, ERR_IO, "a value of the cursor holds a credential");
	p->floor = NULL;
	buf_release(&floor);
	return rc;
}

/* Such a walk would never end. A token that stays the same may still lead on: then something new comes. */
static bool leads_to_itself(const struct task *t, const struct page *p, const char *next)
{
	return t->walk->page && strcmp(t->walk->page, next) == 0 && p->items && !p->fresh && !p->full;
}

static int hand_out(struct answer *x, struct err *e)
{
	struct task *t = x->t;
	struct job *j = t->job;
	struct fetch *f = j->f;
	struct page *p = t->src->page;
	struct buf next = BUF_INIT;
	int rc = next_page(x, &next, e);
	if (rc == 0 && next.n && leads_to_itself(t, p, buf_cstr(&next)))
		rc = err_set(e, ERR_IO, "the next page of a page is the page itself");
	if (rc < 0) {
		buf_release(&next);
		return rc;
	}
	fetch_sayf(f, SAY_VERBOSE, j, "%llu items, %llu new records%s", (unsigned long long)p->items,
		   (unsigned long long)p->fresh, next.n ? "" : ", no page behind it");
	struct err why;
	if (fetch_emit(f, j, p, &why) < 0) {
		fetch_fatal(f, &why);
		buf_release(&next);
		return 0;
	}
	bool full = p->full;
	struct walk_page wp = { .top = p->top, .next = next.n ? buf_cstr(&next) : NULL, .items = p->items,
		.all_older = page_all_older(p) && task_cursor(t)->there };
	/* What was left out for --max-records is on this page still. */
	bool through = full ? false : walk_step(t->walk, task_cursor(t), &wp);
	/* One that goes forward has its place from this page. */
	if (walk_ascends(t->walk, task_cursor(t)))
		t->no_cursor = false;
	buf_release(&next);
	reset_tries(t);
	t->due_ns = 0;
	if (through && t->kind != TASK_LIST) {
		task_done(t);
		return 0;
	}
	if (fetch_point(f, &why) < 0)
		fetch_fatal(f, &why);
	return 0;
}

static void take_page(struct answer *x)
{
	struct task *t = x->t;
	struct err e;
	if (x->foreign) {
		failed(t, ERR_IO, "%s", x->broken.msg);
		return;
	}
	if (!x->whole) {
		char why[200];
		snprintf(why, sizeof why, "a broken body (%.150s)", x->broken.msg);
		task_retry(t, CAUSE_BODY, why, -1);
		return;
	}
	if (t->kind == TASK_LIST) {
		struct job *j = t->job;
		int rc = list_take(j, &x->about, x->body, x->nbody, &e);
		if (rc < 0)
			job_end(j, JOB_FAILED, &e);
		else
			job_drop_task(j, t);
		return;
	}
	int rc = read_page(x, &e);
	if (rc == 0)
		rc = hand_out(x, &e);
	if (rc < 0)
		job_end(t->job, JOB_FAILED, &e);
}

/* --- verdicts --- */

static void rate_limited(struct answer *x)
{
	char why[64];
	snprintf(why, sizeof why, "the limit is reached (status %ld)", x->a->status);
	/* The limit is nobody's failure: it is waited for as often as it takes, unless the wait itself is too long. */
	int64_t ns = answer_wait(x->a, &x->signal);
	if (ns >= FORGIVE_NS && x->t->tries)
		x->t->tries--;
	if (ns >= 0 && ns < NS_PER_SEC)
		ns = NS_PER_SEC;
	task_retry(x->t, CAUSE_RATE, why, ns);
}

static void quota(struct answer *x)
{
	struct err e;
	budget_exhaust(x->t->budget);
	err_set(&e, ERR_RETRY, "the quota of '%s' is used up: the place is kept", budget_name(x->t->budget));
	job_end(x->t->job, JOB_QUOTA, &e);
}

static void refused(struct answer *x)
{
	struct task *t = x->t;
	if (t->login && !t->relogged && login_refuse(t->login, t->serial)) {
		t->relogged = true;
		t->due_ns = 0;
		fetch_sayf(t->job->f, SAY_VERBOSE, t->job, "the token was not taken: logging in anew");
		return;
	}
	struct buf names = BUF_INIT;
	for (size_t i = 0; i < t->src->def->nsecrets; i++)
		buf_printf(&names, "%s%s", i ? ", " : ": secret ", t->src->def->secret[i].name);
	failed(t, ERR_IO, "the token or password is missing or was not taken (status %ld)%s", x->a->status, buf_cstr(&names));
	buf_release(&names);
}

static void skip(struct task *t)
{
	walk_begin(t->walk, task_cursor(t));
	task_done(t);
}

static void expired(struct answer *x)
{
	struct task *t = x->t;
	bool first = !t->walk->page;
	if (t->no_cursor && first) {
		failed(t, ERR_IO, "the API refuses the place even at the first page (status %ld)", x->a->status);
		return;
	}
	if (++t->restarts >= t->src->def->tries) {
		failed(t, ERR_IO,
		       "the place has expired for the API (status %ld): given up after %llu walks that began anew",
		       x->a->status, (unsigned long long)t->restarts);
		return;
	}
	leave_redirect(t);
	/* The walk begins anew at the top; what was given out is known. At the first page it is ${cursor} that is too
	 * old. */
	walk_begin(t->walk, task_cursor(t));
	t->no_cursor = first;
	t->due_ns = 0;
	fetch_sayf(t->job->f, SAY_WARNING, t->job,
		   first ? "the place is too old for the API: what was posted meanwhile may be missing"
			 : "the next page's token has expired: the walk begins anew");
}

static void shrink(struct answer *x, const char *var)
{
	struct task *t = x->t;
	char text[24];
	uint64_t n;
	const char *value = vars_get(&t->vars, var);
	if (!num_u64(value, strlen(value), &n) || n <= 1) {
		failed(t, ERR_IO, "the API wants less at once than %s=%s", var, value);
		return;
	}
	vars_set(&t->vars, var, text, fmt_u64(text, n / 2));
	leave_redirect(t);
	fetch_sayf(t->job->f, SAY_VERBOSE, t->job, "asking for %llu at once", (unsigned long long)n / 2);
	task_retry(t, CAUSE_HTTP5XX, "the page was too large", 0);
}

static void later(struct answer *x, double s)
{
	struct task *t = x->t;
	t->laters++;
	if (t->laters > MAX_LATERS) {
		fetch_sayf(t->job->f, SAY_WARNING, t->job, "%s is not there after %d tries: left out",
			   t->value ? t->value : "it", MAX_LATERS);
		task_done(t);
		return;
	}
	t->later = true;
	t->due_ns = clock_mono_ns() + (int64_t)(s * 1e9);
}

static void redirected(struct answer *x)
{
	struct task *t = x->t;
	if (!x->a->location) {
		failed(t, ERR_IO, "status %ld without a place to go", x->a->status);
		return;
	}
	if (++t->redirects > MAX_REDIRECTS) {
		failed(t, ERR_IO, "sent from one address to the next more than %d times", MAX_REDIRECTS);
		return;
	}
	mem_free(t->redirect);
	t->redirect = mem_strdup(x->a->location);
	t->due_ns = 0;
}

void answer_words(const char *body, size_t n, char *to, size_t size)
{
	static const char *const where[] = {"message", "error_description", "error_message", "detail", "title", "error",
					    "reason"};
	struct arena a = ARENA_INIT;
	struct json *v;
	to[0] = '\0';
	if (n && json_parse(&v, &a, body, n, NULL) == 0) {
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

static void error_status(struct answer *x)
{
	char words[320];
	answer_words(x->body, x->nbody, words, sizeof words);
	failed(x->t, ERR_IO, "the API answers with status %ld%s", x->a->status, words);
}

static void by_status(struct answer *x)
{
	long s = x->a->status;
	char why[48];
	snprintf(why, sizeof why, "status %ld", s);
	if (s / 100 == 2)
		take_page(x);
	else if (s / 100 == 3 && s != 304)
		redirected(x);
	else if (s == 304)
		task_done(x->t);
	else if (s == 429)
		rate_limited(x);
	else if (s == 401)
		refused(x);
	else if (s == 408 || s == 425 || s >= 500)
		task_retry(x->t, CAUSE_HTTP5XX, why,
			   http_retry_after(x->a) >= 0 ? http_retry_after(x->a) * NS_PER_SEC : -1);
	else
		error_status(x);
}

double answer_seconds(const char *verdict)
{
	const char *s = strchr(verdict, ':');
	double d = s ? strtod(s + 1, NULL) : 0;
	return d > 0 && d < 1e8 ? d : 1;
}

static void judge(struct answer *x)
{
	const char *v = x->verdict.n ? buf_cstr(&x->verdict) : "";
	char why[64];
	snprintf(why, sizeof why, "status %ld", x->a->status);
	if (!*v)
		by_status(x);
	else if (strcmp(v, "ok") == 0)
		take_page(x);
	else if (strcmp(v, "retry") == 0)
		task_retry(x->t, CAUSE_HTTP5XX, why,
			   http_retry_after(x->a) >= 0 ? http_retry_after(x->a) * NS_PER_SEC : -1);
	else if (strcmp(v, "rate_limited") == 0)
		rate_limited(x);
	else if (strcmp(v, "quota") == 0)
		quota(x);
	else if (strcmp(v, "auth") == 0)
		refused(x);
	else if (strcmp(v, "skip") == 0)
		skip(x->t);
	else if (strncmp(v, "wait:", 5) == 0)
		task_retry(x->t, CAUSE_RATE, why, (int64_t)(answer_seconds(v) * 1e9));
	else if (strncmp(v, "later:", 6) == 0)
		later(x, answer_seconds(v));
	else if (strncmp(v, "shrink:", 7) == 0)
		shrink(x, v + 7);
	else if (strcmp(v, "cursor_expired") == 0)
		expired(x);
	else if (strncmp(v, "error:", 6) == 0)
		failed(x->t, ERR_IO, "%s", v + 6);
	else
		failed(x->t, ERR_DATA, "'outcome' gave '%.100s', which means nothing", v);
}

static void transport_failed(struct task *t, const struct http_answer *a)
{
	switch (a->failure) {
	case HTTP_TLS:
		failed(t, ERR_IO, "%s", a->why);
		break;
	case HTTP_TOO_LONG:
		failed(t, ERR_IO, "%s (--max-answer)", a->why);
		break;
	case HTTP_ENCODING:
		task_retry(t, CAUSE_BODY, a->why, -1);
		break;
	case HTTP_SILENT:
	case HTTP_TIMEOUT:
		task_retry(t, CAUSE_SILENCE, a->why, -1);
		break;
	default:
		task_retry(t, CAUSE_NET, a->why, -1);
	}
}

static void release(struct answer *x)
{
	buf_release(&x->headers);
	buf_release(&x->vars);
	buf_release(&x->link);
	buf_release(&x->feed);
	buf_release(&x->verdict);
}

void answer_take(struct task *t, const struct http_answer *a)
{
	struct answer x = { .t = t, .a = a };
	struct err e;
	if (a->failure != HTTP_OK) {
		transport_failed(t, a);
		return;
	}
	look(&x);
	int rc = answer_signals(t->src, t->budget, &x.about, x.body, x.nbody, &x.signal, &e);
	if (rc == 0 && ask_has(t->src->ask, ASK_OUTCOME))
		rc = ask_one(t->src->ask, ASK_OUTCOME, &x.about, x.body, x.nbody, &x.verdict, &e);
	if (rc >= 0)
		judge(&x);
	else
		job_end(t->job, JOB_FAILED, &e);
	release(&x);
}
