/* SPDX-License-Identifier: MIT */
/* Connections that stay: lines, event streams, websockets. What breaks is opened anew, what a break left out is read by the
 * refill. */
#include "fetch/sink.h"

#include "base/clock.h"
#include "base/mem.h"
#include "fetch/backoff.h"
#include "fetch/order.h"
#include "fetch/says.h"
#include "http/sse.h"
#include "http/url.h"
#include "json/span.h"
#include "source/post.h"

#include <stdio.h>
#include <string.h>

#define GAP_US (60 * US_PER_SEC)     /* a stream that begins so much later than was asked has a gap */
#define STEADY_NS (5 * NS_PER_SEC)   /* a connection that held so long was no failed try */
#define LOOK_NS (NS_PER_SEC / 100)   /* how often rules are looked at while they are set */
#define SLICE_NS (NS_PER_SEC / 200)  /* so long messages are worked on before the network is looked at again */
/* Bytes of messages that were read and not yet worked on; beyond it reading waits. */
#define BACKLOG_MAX ((size_t)64 << 20)

/* Messages are read as they come and worked on in slices: a server drops a client that reads too slowly, and an
 * expression may be slow. In the backlog each has its length in front; length 0 stands for a connection that was
 * opened. */

struct stream {
	struct job *job;
	struct fetch_source *src;          /* the definition in use: the job's, or its fallback */
	struct fetch_source *refill;       /* NULL: none */
	struct budget *refill_budget;
	struct rules *rules;
	struct login *login;         /* NULL: none is needed */
	struct vars vars;
	struct request request;
	struct http_transfer *transfer;
	struct ws *ws;
	struct sse *sse;
	struct buf line, backlog;
	size_t taken;                /* bytes of the backlog that were worked on */
	bool open, connecting, fresh;        /* fresh: no message of this connection was worked on yet */
	bool refused_token;
	uint64_t ticket, serial, tries;
	int64_t due_ns, broke_ns, opened_ns;
	char *asked, *live;          /* cursor that was asked for; greatest value seen while a gap is being filled */
	bool gap; /* another one came while one was being filled, behind GAP_FROM (NULL: behind what is being read) */
	char *gap_from;
	struct buf about_vars;
	struct source_about about;
};

static int on_event(void *arg, const struct sse_event *ev, struct err *e);

/* --- begin and end --- */

static int find_refill(struct stream *s, struct err *e)
{
	const char *name = s->job->src->def->refill;
	struct buf budget = BUF_INIT;
	if (!name)
		return 0;
	int rc = fetch_source(s->job->f, name, &s->refill, e);
	if (rc < 0)
		return err_wrap(e, "refill");
	vars_expand(&budget, &s->refill->def->budget, &s->job->vars);
	if (!budget.n)
		buf_puts(&budget, s->refill->def->name);
	rc = budgets_get(s->job->f->budgets, buf_cstr(&budget), s->refill->def, &s->refill_budget, e);
	buf_release(&budget);
	return rc;
}

int stream_new(struct stream **out, struct job *j, struct err *e)
{
	struct stream *s = mem_zalloc(sizeof *s);
	s->job = j;
	s->src = j->src;
	s->request = (struct request)REQUEST_INIT;
	*out = s;
	int rc = find_refill(s, e);
	if (rc == 0 && j->spec->has_rules)
		rc = rules_new(&s->rules, j, e);
	return rc;
}

static void hang_up(struct stream *s)
{
	http_cancel(s->transfer);
	ws_close(s->ws);
	s->transfer = NULL;
	s->ws = NULL;
	if (s->connecting)
		budget_done(s->job->budget, s->ticket, s->src->def->cost);
	s->open = s->connecting = false;
	buf_clear(&s->line);
}

void stream_free(struct stream *s)
{
	if (!s)
		return;
	hang_up(s);
	sse_free(s->sse);
	rules_free(s->rules);
	vars_release(&s->vars);
	request_release(&s->request);
	buf_release(&s->line);
	buf_release(&s->backlog);
	buf_release(&s->about_vars);
	mem_free(s->asked);
	mem_free(s->live);
	mem_free(s->gap_from);
	mem_free(s);
}

/* --- what breaks --- */

/* Open it anew after a pause. */
static void again(struct stream *s, enum def_cause cause, const char *why, int64_t at_least_ns)
{
	const struct source_def *d = s->src->def;
	struct job *j = s->job;
	struct err e;
	char text[48];
	int64_t now = clock_mono_ns();
	if (s->open)
		s->broke_ns = now;
	if (s->open && now - s->opened_ns >= STEADY_NS)
		s->tries = 0;
	hang_up(s);
	if (++s->tries >= d->tries) {
		err_set(&e, ERR_IO, "%s: giving up after %llu tries", why, (unsigned long long)s->tries);
		task_end_job(j, JOB_FAILED, &e);
		return;
	}
	fetch_count_retry(j->f, cause);
	int64_t ns = at_least_ns >= 0 ? at_least_ns : backoff_delay(&d->retry[cause], s->tries, d->jitter, &j->f->rng);
	s->due_ns = now + ns;
	text[duration_format(text, ns / 1000000 * 1000000)] = '\0';
	sink_sayf(j->f, SAY_VERBOSE, j, "the stream broke (%s): reconnecting in %s", why, text);
	sink_wait(j->f, why);
}

static void failed(struct stream *s, int code, const char *what, const char *words)
{
	struct err e;
	err_set(&e, code, "%s%s", what, words);
	hang_up(s);
	task_end_job(s->job, JOB_FAILED, &e);
}

static void quota(struct stream *s)
{
	struct budget *b = s->job->budget;
	struct err e;
	hang_up(s);
	budget_exhaust(b);
	err_set(&e, ERR_RETRY, "the quota of '%s' is used up: the place is kept", budget_name(b));
	task_end_job(s->job, JOB_QUOTA, &e);
}

static bool take_fallback(struct stream *s, long status)
{
	const char *name = s->src->def->fallback;
	struct fetch_source *other;
	struct err e;
	if (!name || fetch_source(s->job->f, name, &other, &e) < 0 || other->def->transport == TRANSPORT_HTTP)
		return false;
	sink_sayf(s->job->f, SAY_VERBOSE, s->job, "no such stream (status %ld): falling back to '%s'", status, name);
	hang_up(s);
	s->src = other;
	s->due_ns = 0;
	return true;
}

static void for_good(struct stream *s, const struct http_answer *a, const struct verdict *v, const char *words)
{
	bool told = v->kind == VERDICT_ERROR && v->text && !v->unknown;
	char what[160];
	if (v->unknown)
		snprintf(what, sizeof what, "'outcome' returned '%.100s', which is not an outcome", v->text);
	else if (v->kind == VERDICT_ERROR || v->kind == VERDICT_AUTH || v->kind == VERDICT_OK)
		snprintf(what, sizeof what, "the API responded with status %ld", a->status);
	else
		snprintf(what, sizeof what, "the API responded with status %ld: %s is not possible for a stream", a->status, verdict_name(v->kind));
	failed(s, v->unknown ? ERR_DATA : ERR_IO, told ? v->text : what, v->text ? "" : words);
}

static void judge(struct stream *s, const struct http_answer *a, const struct verdict *v, const char *words)
{
	char why[48];
	snprintf(why, sizeof why, "status %ld", a->status);
	if (v->absent && take_fallback(s, a->status))
		return;
	switch (v->kind) {
	case VERDICT_QUOTA: quota(s); break;
	case VERDICT_RETRY:
	case VERDICT_LIMIT:
	case VERDICT_WAIT: again(s, v->cause, why, v->wait_ns); break;
	case VERDICT_AUTH:
		if (s->login && !s->refused_token && login_refuse(s->login, s->serial)) {
			s->refused_token = true;
			again(s, CAUSE_NET, why, 0);
			break;
		}
		for_good(s, a, v, words);
		break;
	default: for_good(s, a, v, words);
	}
}

/* The connection was answered, but not with a stream. */
static void refused(struct stream *s, const struct http_answer *a)
{
	struct buf headers = BUF_INIT, word = BUF_INIT;
	struct verdict v;
	char words[320];
	struct err e;
	bool json = a->nbody && json_check(a->body, a->nbody, NULL) == 0 && json_fits(a->body, a->nbody, ANSWER_VALUES(0), NULL) == 0;
	const char *body = json ? a->body : "null";
	size_t n = json ? a->nbody : 4;
	http_headers_json(a, &headers);
	s->about.headers = headers.p;
	s->about.nheaders = headers.n;
	s->about.status = a->status;
	says_words(body, n, words, sizeof words);
	if (says_verdict(&v, s->src->ask, s->job->budget, &s->about, a, body, n, &word, &e) < 0)
		failed(s, e.code, e.msg, "");
	else
		judge(s, a, &v, words);
	s->about.headers = NULL;
	buf_release(&headers);
	buf_release(&word);
}

/* --- what comes --- */

/* A stream that was asked from somewhere and begins much later has left something out, without a word. */
static void look_for_gap(struct stream *s, const char *first)
{
	const struct def_cursor *c = &s->src->def->cursor;
	int64_t asked, got;
	if (!s->asked || c->cmp != CMP_TIME || !post_time(s->asked, strlen(s->asked), &asked) ||
	    !post_time(first, strlen(first), &got) || got - asked < GAP_US)
		return;
	sink_sayf(s->job->f, SAY_WARNING, s->job,
		   "the stream starts at %s, but %s was requested: posts in between may be missing", first, s->asked);
}

static void move_on(struct stream *s, const char *top)
{
	struct job *j = s->job;
	const struct def_cursor *c = &s->src->def->cursor;
	/* It goes into marks and on disk. */
	if (!top || redact_has(j->f->o->secrets, top, strlen(top)))
		return;
	if (s->fresh)
		look_for_gap(s, top);
	s->fresh = false;
	if (!j->refilling) {
		walk_raise(&j->walk, c, top);
		return;
	}
	if (!s->live || order_compare(c->cmp, top, s->live) > 0) {
		mem_free(s->live);
		s->live = mem_strdup(top);
	}
}

static void start_refill(struct stream *s);

void stream_refilled(struct stream *s)
{
	const char *up_to = s->gap ? s->gap_from : s->live;
	bool gap = s->gap;
	if (up_to)
		walk_raise(&s->job->walk, &s->src->def->cursor, up_to);
	mem_free(s->gap_from);
	s->gap_from = NULL;
	s->gap = false;
	if (gap) {
		start_refill(s);
		return;
	}
	mem_free(s->live);
	s->live = NULL;
}

/* 0: go on; 1: the connection is of no more use (it was dealt with). */
static int message(struct stream *s, const char *p, size_t n)
{
	struct job *j = s->job;
	struct fetch *f = j->f;
	struct page *page = s->src->page;
	struct err e;
	int rc = 0;
	if (s->src->mapped_for != s)
		rc = source_map_about(s->src->map, &s->about, &e);
	s->src->mapped_for = rc < 0 ? NULL : s;
	page_begin(page, &s->about);
	job_range(j, &page->since_us, &page->until_us);
	page->floor = NULL;
	page->limit = sink_may(f, j);
	if (rc == 0)
		rc = page_body(page, p, n, &e);
	/* What is no JSON at all is a bad record like any other. */
	if (rc < 0 && !page->stopped && json_check(p, n, NULL) < 0) {
		struct err why = e;
		why.code = ERR_DATA;
		rc = sink_bad(f, p, n, &why, &e);
		page->stopped = rc < 0;
	}
	if (rc < 0 && page->stopped) {
		hang_up(s);
		task_end_job(j, JOB_FAILED, &e);
		return 1;
	}
	if (rc < 0) {
		sink_say(f, SAY_WARNING, j, &e);
		again(s, CAUSE_NET, "an error message", -1);
		return 1;
	}
	s->tries = 0;
	s->refused_token = false;
	rc = sink_page(f, j, page, &e);
	/* What was left out for max_records comes with this message again. */
	if (rc == 0 && !page->full)
		move_on(s, page->top);
	if (rc == 0)
		rc = sink_point(f, &e);
	if (rc < 0) {
		sink_fatal(f, &e);
		hang_up(s);
		return 1;
	}
	if (sink_may(f, j) > 0)
		return 0;
	hang_up(s);
	task_end_job(j, JOB_DONE, NULL);
	return 1;
}

/* Work on one message of the backlog. 1: it ended the connection. */
static int pop(struct stream *s)
{
	uint32_t n;
	memcpy(&n, s->backlog.p + s->taken, sizeof n);
	size_t at = s->taken + sizeof n;
	s->taken = at + n;
	if (n == 0)
		s->fresh = true;
	int rc = n ? message(s, s->backlog.p + at, n) : 0;
	if (s->taken == s->backlog.n) {
		s->taken = s->backlog.n = 0;
	} else if (s->taken > BACKLOG_MAX / 8) {
		memmove(s->backlog.p, s->backlog.p + s->taken, s->backlog.n - s->taken);
		s->backlog.n -= s->taken;
		s->taken = 0;
	}
	return rc;
}

/* 1: the backlog was full and a message in it ended the connection. */
static int push(struct stream *s, const char *p, size_t n)
{
	uint32_t len = (uint32_t)n;
	int rc = 0;
	buf_put(&s->backlog, &len, sizeof len);
	buf_put(&s->backlog, p, n);
	while (rc == 0 && s->backlog.n - s->taken > BACKLOG_MAX)
		rc = pop(s);
	return rc;
}

static int on_event(void *arg, const struct sse_event *ev, struct err *e)
{
	struct stream *s = arg;
	struct buf b = BUF_INIT;
	(void)e;
	buf_puts(&b, "{\"event\":");
	json_put_cstr(&b, ev->type);
	buf_puts(&b, ",\"data\":");
	if (ev->ndata && json_check(ev->data, ev->ndata, NULL) == 0)
		buf_put(&b, ev->data, ev->ndata);
	else
		json_put_string(&b, ev->data, ev->ndata);
	buf_puts(&b, ",\"id\":");
	json_put_cstr(&b, ev->id);
	buf_putc(&b, '}');
	b.n = scan_compact(b.p, b.n);
	int rc = push(s, b.p, b.n);
	buf_release(&b);
	return rc;
}

static bool blank(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != '\r' && p[i] != ' ' && p[i] != '\t')
			return false;
	return true;
}

/* Lines of a chunk; the rest of it waits for more. */
static int take_lines(struct stream *s, const char *p, size_t n)
{
	const char *nl;
	while (n && (nl = memchr(p, '\n', n)) != NULL) {
		size_t len = (size_t)(nl - p);
		int rc = 0;
		if (s->line.n) {
			struct buf whole = s->line;
			buf_put(&whole, p, len);
			s->line = (struct buf)BUF_INIT;
			rc = blank(whole.p, whole.n) ? 0 : push(s, whole.p, whole.n);
			buf_release(&whole);
		} else if (!blank(p, len)) {
			rc = push(s, p, len);
		}
		if (rc)
			return rc;
		p = nl + 1;
		n -= len + 1;
	}
	if (s->line.n + n > s->job->f->o->max_record) {
		again(s, CAUSE_NET, "the line is too long", -1);
		return 1;
	}
	buf_put(&s->line, p, n);
	return 0;
}

/* When a callback has hung up already, the transfer is cancelled: nothing more is to be done with it. */
static int on_data(void *arg, const char *p, size_t n)
{
	struct stream *s = arg;
	struct err e;
	metrics_add(s->job->f->o->metrics, METRIC_BYTES_IN, (int64_t)n);
	if (s->src->def->transport == TRANSPORT_LINES)
		return take_lines(s, p, n);
	int rc = sse_feed(s->sse, p, n, &e);
	if (rc < 0)
		again(s, CAUSE_NET, e.msg, -1);
	return rc != 0;
}

/* Another definition with the same variables may have some more. */
static void set_defaults(struct vars *vars, const struct source_def *d)
{
	for (size_t i = 0; i < d->nvars; i++) {
		const struct def_var *v = &d->var[i];
		if (!*vars_get(vars, v->name) && v->value)
			vars_set(vars, v->name, v->value, strlen(v->value));
	}
}

static void start_refill(struct stream *s)
{
	struct job *j = s->job;
	for (struct task *t = j->tasks; t; t = t->next)
		if (t->kind == TASK_REFILL)
			return;
	if (!s->refill || (!j->refilling && !j->walk.committed))
		return;
	if (!j->refilling) {
		walk_release(&j->refill);
		j->refill = (struct walk){ .committed = mem_strdup(j->walk.committed) };
		j->refilling = true;
	}
	struct task *t = task_add(j, s->refill, TASK_REFILL);
	t->budget = s->refill_budget;
	set_defaults(&t->vars, s->refill->def);
	if (!j->refill.page)
		walk_begin(&j->refill, &s->refill->def->cursor);
	sink_sayf(j->f, SAY_VERBOSE, j, "reading what was posted since with '%s'", s->refill->def->name);
}

static void opened(struct stream *s)
{
	struct job *j = s->job;
	s->open = true;
	s->connecting = false;
	push(s, NULL, 0);
	budget_done(j->budget, s->ticket, s->src->def->cost);
	sink_sayf(j->f, SAY_VERBOSE, j, "the stream is open");
	sink_well(j->f);
	if (s->broke_ns && !s->refill && !s->asked)
		sink_sayf(j->f, SAY_WARNING, j,
			   "a gap: the stream was down for %lld s, and posts of that time are not available",
			   (long long)((clock_mono_ns() - s->broke_ns) / NS_PER_SEC));
	s->broke_ns = 0;
	s->opened_ns = clock_mono_ns();
	/* The walk under way, or that of an earlier run, began before this break: it does not see all of it. */
	if (j->refilling && s->refill && !s->gap) {
		s->gap = true;
		s->gap_from = s->live ? mem_strdup(s->live) : NULL;
	}
	start_refill(s);
}

static int on_head(void *arg, const struct http_answer *a)
{
	struct stream *s = arg;
	struct budget_signal signal;
	struct err e;
	if (a->status / 100 != 2)
		return 0;
	fetch_count_answer(s->job->f, s->src, a, true);
	/* What it says of limits holds for the next connect. */
	struct buf headers = BUF_INIT;
	http_headers_json(a, &headers);
	struct source_about about = s->about;
	about.headers = headers.p;
	about.nheaders = headers.n;
	if (http_date_us(a) != INT64_MIN)
		about.now_s = time_floor_div(http_date_us(a), US_PER_SEC);
	if (says_limits(s->src->ask, s->job->budget, &about, "null", 4, &signal, &e) < 0)
		sink_say(s->job->f, SAY_WARNING, s->job, &e);
	buf_release(&headers);
	opened(s);
	return 0;
}

static void over(struct stream *s, const struct http_answer *a)
{
	struct verdict v = says_status(a);
	if (!s->open)
		fetch_count_answer(s->job->f, s->src, a, true);
	/* A handshake that was answered with something else. */
	bool answered = a->failure == HTTP_OK || (a->failure == HTTP_PROTOCOL && a->status);
	/* 0: a close frame. */
	if (a->failure == HTTP_OK && (a->status / 100 == 2 || a->status == 101 || !a->status))
		again(s, CAUSE_NET, "closed by the server", -1);
	else if (answered)
		refused(s, a);
	else if (v.kind == VERDICT_RETRY)
		again(s, v.cause, a->why, -1);
	else
		failed(s, ERR_IO, a->why, "");
}

static void on_done(void *arg, const struct http_answer *a)
{
	struct stream *s = arg;
	s->transfer = NULL;
	over(s, a);
}

static void on_ws_open(void *arg)
{
	struct stream *s = arg;
	fetch_count_answer(s->job->f, s->src, &(struct http_answer){ .status = 101 }, true);
	opened(arg);
}

static int on_ws_message(void *arg, const char *p, size_t n, bool binary)
{
	struct stream *s = arg;
	/* One that holds no JSON is a bad record. */
	metrics_add(s->job->f->o->metrics, METRIC_BYTES_IN, (int64_t)n);
	(void)binary;
	while (n && (p[n - 1] == '\n' || p[n - 1] == '\r'))
		n--;
	return n ? push(s, p, n) : 0;
}

static void on_ws_closed(void *arg, const struct http_answer *a, unsigned code)
{
	struct stream *s = arg;
	s->ws = NULL;
	(void)code;
	over(s, a);
}

/* --- connecting --- */

static void set_cursor(struct stream *s)
{
	const struct def_cursor *c = &s->src->def->cursor;
	struct buf less = BUF_INIT, text = BUF_INIT;
	mem_free(s->asked);
	s->asked = NULL;
	int64_t since = s->job->spec->since_us;
	if (s->job->walk.committed) {
		order_less_overlap(&less, c, s->job->walk.committed);
	} else if (since != INT64_MIN && c->cmp == CMP_TIME) {
		/* A stream that can be asked from a time on is asked from --since on. */
		order_put_time(&less, AS_TEXT, since);
	}
	if (less.n) {
		order_put(&text, c->cmp, c->as, buf_cstr(&less));
		vars_set(&s->vars, "cursor", text.p, text.n);
	}
	/* Only a definition that sends it asks for a place. */
	const struct def_request *q = &s->src->def->request;
	for (size_t i = 0; i < q->nquery && less.n; i++)
		for (size_t k = 0; k < q->query[i].value.nparts; k++) {
			const struct def_part *p = &q->query[i].value.part[k];
			if (p->var && p->n == 6 && memcmp(p->text, "cursor", 6) == 0 && !s->asked)
				s->asked = mem_strdup(buf_cstr(&less));
		}
	buf_release(&less);
	buf_release(&text);
}

static int set_about(struct stream *s, struct err *e)
{
	buf_clear(&s->about_vars);
	vars_json(&s->vars, &s->about_vars);
	s->about = (struct source_about){ .status = 200, .vars = s->about_vars.p, .nvars = s->about_vars.n,
		.now_s = time_floor_div(clock_now_us(), US_PER_SEC) };
	s->src->mapped_for = s;
	return source_map_about(s->src->map, &s->about, e);
}

static int open_it(struct stream *s, struct request_way *w, struct err *e)
{
	struct request *r = &s->request;
	const struct source_def *d = s->src->def;
	struct buf shown = BUF_INIT;
	int rc = request_build(r, w, &d->request, &s->vars, e);
	if (rc < 0)
		return rc;
	url_show(&shown, buf_cstr(&r->url));
	sink_sayf(s->job->f, SAY_VERBOSE, s->job, "opening %s", buf_cstr(&shown));
	buf_release(&shown);
	if ((rc = request_sign(r, w, &s->vars, e)) < 0)
		return rc;
	s->job->f->requests++;
	s->job->requests++;
	s->connecting = true;
	if (d->transport == TRANSPORT_WS) {
		struct ws_opts o = {.url = buf_cstr(&r->url),
				    .headers = r->header,
				    .nheaders = r->nheaders,
				    .silence_ns = d->heartbeat_ns,
				    .max_message = s->job->f->o->max_record,
				    .open = on_ws_open,
				    .message = on_ws_message,
				    .closed = on_ws_closed,
				    .arg = s};
		rc = ws_open(&s->ws, s->job->f->http, &o, e);
	} else {
		if (d->transport == TRANSPORT_SSE) {
			/* Here, and not when the stream breaks: then it may be the parser that has called. */
			sse_free(s->sse);
			s->sse = sse_new(s->job->f->o->max_record, on_event, s);
			request_header(r, "Accept", "text/event-stream");
		}
		struct http_request q = { .silence_ns = d->heartbeat_ns, .head = on_head, .data = on_data, .done = on_done, .arg = s };
		request_http(r, &q);
		rc = http_send(s->job->f->http, &q, &s->transfer, e);
	}
	request_clear(r);
	if (rc < 0)
		s->connecting = false;
	return rc;
}

int stream_work(struct stream *s, int64_t until_ns)
{
	int rc = 0;
	while (rc == 0 && s->backlog.n && s->job->end == JOB_RUNS && !s->job->f->fatal.code &&
	       clock_mono_ns() < until_ns)
		rc = pop(s);
	return rc;
}

int stream_advance(struct stream *s, int64_t now, struct err *e)
{
	struct job *j = s->job;
	struct request_way w = fetch_way(j->f, s->src);
	int rc = stream_work(s, now + SLICE_NS);
	if (rc || s->open || s->connecting || s->due_ns > now || j->end != JOB_RUNS)
		return 0;
	s->login = login_of(j->f, s->src, &j->vars);
	if (s->login) {
		rc = login_token(s->login, &w.token, &s->serial, e);
		if (rc < 0 || !w.token) {
			s->due_ns = now + LOOK_NS;
			return rc;
		}
	}
	if (s->rules && (rc = rules_advance(s->rules, w.token, e)) != 0) {
		s->due_ns = now + LOOK_NS;
		return rc < 0 ? rc : 0;
	}
	int64_t ns = budget_take(j->budget, s->src->def->cost, &s->ticket);
	if (ns > 0) {
		s->due_ns = now + ns;
		return 0;
	}
	vars_copy(&s->vars, &j->vars);
	if (s->src != j->src)
		set_defaults(&s->vars, s->src->def);
	set_cursor(s);
	rc = set_about(s, e);
	return rc == 0 ? open_it(s, &w, e) : rc;
}

void stream_stop(struct stream *s)
{
	hang_up(s);
}

bool stream_is_open(const struct stream *s)
{
	return s->open || s->connecting || s->backlog.n;
}

int64_t stream_due(const struct stream *s)
{
	if (s->backlog.n)
		return 0;
	return s->open || s->connecting ? NEVER : s->due_ns;
}
