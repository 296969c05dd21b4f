/* SPDX-License-Identifier: MIT */
/* What an answer means for its task: the definition's `rate` and `outcome`, then status and body. What becomes of the job
 * is told upwards, in an outcome. */
#include "fetch/sink.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/num.h"
#include "feed/feed.h"
#include "fetch/order.h"
#include "fetch/says.h"
#include "http/url.h"
#include "json/span.h"

#include <stdio.h>
#include <string.h>

#define MAX_REDIRECTS 5
#define MAX_LATERS 10
#define SAME_BROKEN 3
#define MAX_NEXT ((size_t)16 << 10)     /* bytes of a token or an address: it goes into every mark */
#define FORGIVE_NS (10 * NS_PER_SEC)    /* a limit that makes us wait so long is no failed try */

/* An answer while it is looked at. */
struct answer {
	struct task *t;
	const struct http_answer *a;
	struct outcome *o;
	struct verdict v;
	struct buf headers, vars, link, feed, word, sifted;
	struct source_about about;
	const char *body;            /* as the expressions see it: JSON, "null" when it is none */
	size_t nbody;
	const char *data;            /* as it is cut into items */
	size_t ndata;
	bool whole;                  /* it is what the definition's format says */
	bool final;                  /* and never will be: no feed at all, too much for libjq */
	struct err broken;           /* why not */
};

/* --- what it is --- */

static bool lines(const struct answer *x)
{
	return x->t->src->def->format == FORMAT_NDJSON && x->t->kind != TASK_LIST;
}

/* Lines are looked at one by one later; only the last can have been cut short. */
static bool last_line_is_whole(const char *p, size_t n, struct err *e)
{
	const char *nl = n ? memrchr(p, '\n', n) : NULL;
	const char *last = nl ? nl + 1 : p;
	return last == p + n || json_check(last, (size_t)(p + n - last), e) == 0;
}

/* Whole JSON whose values would take too much is none for the expressions; a page may still be cut by a path. */
static void look_at_json(struct answer *x)
{
	const struct source_def *d = x->t->src->def;
	const char *p = x->data;
	size_t n = x->ndata;
	x->whole = n && json_check(p, n, &x->broken) == 0;
	if (!n)
		err_set(&x->broken, ERR_DATA, "it is empty");
	if (!x->whole)
		return;
	if (json_fits(p, n, ANSWER_VALUES(x->t->job->f->o->max_answer), &x->broken) == 0) {
		x->body = p;
		x->nbody = n;
	} else if (x->t->kind == TASK_LIST || !d->is_path || d->context || !ask_finds(x->t->src->ask, ASK_NEXT)) {
		err_wrap(&x->broken, "--max-answer");
		x->final = true;
	}
}

static void look_at_body(struct answer *x)
{
	const struct source_def *d = x->t->src->def;
	const struct http_answer *a = x->a;
	x->body = "null";
	x->nbody = 4;
	x->data = a->body;
	x->ndata = a->nbody;
	if (d->format == FORMAT_FEED && x->t->kind != TASK_LIST) {
		if (a->status / 100 != 2)
			return;
		int rc = feed_to_json_at(&x->feed, a->body, a->nbody, http_header(a, "content-type"), x->t->asked,
					 &x->broken);
		x->whole = rc == 0;
		x->final = rc < 0 ? rc != ERR_RETRY : json_fits(x->feed.p, x->feed.n, ANSWER_VALUES(x->t->job->f->o->max_answer), &x->broken) < 0;
		if (x->whole) {
			x->body = x->data = x->feed.p;
			x->nbody = x->ndata = x->feed.n;
		}
		return;
	}
	/* RFC 8259, 8.1: nobody may write it, anybody may pass over it. */
	if (x->ndata >= 3 && memcmp(x->data, "\xEF\xBB\xBF", 3) == 0) {
		x->data += 3;
		x->ndata -= 3;
	}
	if (lines(x))
		x->whole = last_line_is_whole(x->data, x->ndata, &x->broken);
	else
		look_at_json(x);
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

static void failed(struct answer *x, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void failed(struct answer *x, int code, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	err_setv(&x->o->err, code, fmt, ap);
	va_end(ap);
	x->o->kind = OUTCOME_ENDS;
	x->o->end = JOB_FAILED;
}

static void failed_by(struct answer *x, const struct err *e)
{
	x->o->kind = OUTCOME_ENDS;
	x->o->end = JOB_FAILED;
	x->o->err = *e;
}

static void done(struct answer *x)
{
	x->o->kind = OUTCOME_DONE;
}

static void retry(struct answer *x, enum def_cause cause, const char *why, int64_t at_least_ns)
{
	task_retry(x->t, cause, why, at_least_ns, x->o);
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
	t->tries = t->nbroken = 0;
	t->relogged = false;
	leave_redirect(t);
}

/* It goes into marks and on disk, and is asked for by every later run: so it must be one that may be. */
static int check_next(const struct task *t, struct buf *next, struct err *e)
{
	const struct fetch_opts *o = t->job->f->o;
	struct request_way w = fetch_way(t->job->f, t->src);
	if (next->n > MAX_NEXT)
		return err_set(e, ERR_IO, "the next page's token or address has %zu bytes; at most %zu allowed", next->n, MAX_NEXT);
	if (memchr(next->p, '\0', next->n))
		return err_set(e, ERR_DATA, "the next page's token contains NUL");
	if (redact_has(o->secrets, next->p, next->n))
		return err_set(e, ERR_DATA, "the next page's address contains a credential");
	if (w.def->next == NEXT_TOKEN)
		return 0;
	int rc = request_allowed(&w, &t->vars, buf_cstr(next), e);
	return rc < 0 ? err_wrap(e, "the next page") : 0;
}

/* Where the next page is, "" when this was the last. */
static int next_page(struct answer *x, struct buf *next, struct err *e)
{
	const struct source_def *d = x->t->src->def;
	struct buf b = BUF_INIT;
	int rc = 0;
	/* A walk that goes forward begins its next page at the cursor. */
	if (d->next == NEXT_NONE || walk_ascends(x->t->walk, task_cursor(x->t)))
		return 0;
	if (d->next == NEXT_LINK)
		http_link(x->a, d->next_expr, x->t->asked, next);
	else
		rc = ask_one(x->t->src->ask, ASK_NEXT, &x->about, ask_finds(x->t->src->ask, ASK_NEXT) ? x->data : x->body,
			     ask_finds(x->t->src->ask, ASK_NEXT) ? x->ndata : x->nbody, next, e);
	for (size_t i = 0; rc >= 0 && next->n && d->next != NEXT_TOKEN && i < d->nstrip; i++) {
		buf_clear(&b);
		url_drop_param(&b, buf_cstr(next), d->strip[i]);
		buf_clear(next);
		buf_put(next, b.p, b.n);
	}
	buf_release(&b);
	return rc < 0 ? rc : next->n ? check_next(x->t, next, e) : 0;
}

static int read_page(struct answer *x, struct err *e)
{
	struct task *t = x->t;
	struct page *p = t->src->page;
	struct buf floor = BUF_INIT;
	const struct def_cursor *c = task_cursor(t);
	page_begin(p, &x->about);
	job_range(t->job, &p->since_us, &p->until_us);
	p->limit = sink_may(t->job->f, t->job);
	p->floor = NULL;
	if (t->walk->committed && c->there && !walk_ascends(t->walk, c)) {
		order_less_overlap(&floor, c, t->walk->committed);
		p->floor = buf_cstr(&floor);
	}
	t->src->mapped_for = NULL;
	int rc = source_map_about(t->src->map, &x->about, e);
	if (rc == 0)
		rc = page_body(p, x->ndata ? x->data : "", x->ndata, e);
	/* An answer that cannot be cut into items is the API's fault, a bad item is one of the data. */
	if (rc == ERR_DATA && !p->stopped)
		rc = e->code = ERR_IO;
	/* It goes into marks and on disk. */
	if (rc == 0 && p->top && redact_has(t->job->f->o->secrets, p->top, strlen(p->top)))
		rc = err_set(e, ERR_IO, "a value of the cursor contains a credential");
	p->floor = NULL;
	buf_release(&floor);
	return rc;
}

/* An empty page that leads to itself is the last; pages that lead round with nothing new would never end. */
static int look_for_circle(struct task *t, const struct page *p, struct buf *next, struct err *e)
{
	uint64_t state = seen_hash(next->p, next->n);
	if (t->walk->page && strcmp(t->walk->page, buf_cstr(next)) == 0 && !p->items) {
		buf_clear(next);
		return 0;
	}
	/* Where keys are not kept, what is new is told by the page as a whole. */
	bool keeps = seen_keeps(t->job->f->seen);
	if (!keeps)
		state = state * 31 + p->sum;
	if (!walk_goes_round(t->walk, state, p->full || (keeps && p->fresh)))
		return 0;
	return err_set(e, ERR_IO, "the next pages form a loop without new records");
}

/* The page at hand, which leads to NEXT ("": nowhere), is out; what now? */
static void step(struct answer *x, struct buf *next)
{
	struct task *t = x->t;
	struct page *p = t->src->page;
	struct err why;
	struct walk_page wp = { .top = p->top, .next = next->n ? buf_cstr(next) : NULL, .items = p->items,
		.all_older = page_all_older(p) && task_cursor(t)->there };
	/* What was left out for --max-records is on this page still. */
	bool through = p->full ? false : walk_step(t->walk, task_cursor(t), &wp);
	/* One that goes forward has its place from this page. */
	if (walk_ascends(t->walk, task_cursor(t)))
		t->no_cursor = false;
	reset_tries(t);
	t->due_ns = 0;
	if (through)
		done(x);
	else if (sink_point(t->job->f, &why) < 0)
		sink_fatal(t->job->f, &why);
}

static int hand_out(struct answer *x, struct err *e)
{
	struct task *t = x->t;
	struct job *j = t->job;
	struct page *p = t->src->page;
	struct buf next = BUF_INIT;
	struct err why;
	int rc = x->v.kind == VERDICT_EMPTY ? 0 : next_page(x, &next, e);
	if (rc == 0 && next.n)
		rc = look_for_circle(t, p, &next, e);
	if (rc == 0) {
		sink_sayf(j->f, SAY_VERBOSE, j, "%llu items, %llu new records%s", (unsigned long long)p->items,
			  (unsigned long long)p->fresh, next.n ? "" : ", last page");
		if (sink_page(j->f, j, p, &why) < 0)
			sink_fatal(j->f, &why);
		else
			step(x, &next);
	}
	buf_release(&next);
	return rc;
}

/* A page that nobody can ever read counts as a bad record: it is set aside whole, and the walk goes on without it, which for
 * want of a next page is to its end. */
static void set_aside(struct answer *x)
{
	struct task *t = x->t;
	struct err why = x->broken, e;
	if (why.line)
		err_wrap(&why, "unreadable page, at %llu:%llu", (unsigned long long)why.line, (unsigned long long)why.col);
	else
		err_wrap(&why, "unreadable page");
	why.code = ERR_DATA;
	if (sink_bad(t->job->f, x->a->body, x->a->nbody, &why, &e) < 0) {
		failed(x, ERR_IO, "%s", why.msg);
		return;
	}
	sink_say(t->job->f, SAY_WARNING, t->job, &why);
	page_begin(t->src->page, &x->about);
	x->v.kind = VERDICT_EMPTY;
	if (hand_out(x, &e) < 0)
		failed_by(x, &e);
}

static int drop_element(void *arg, const char *p, size_t n, const struct err *why, struct err *e)
{
	(void)arg, (void)p, (void)n, (void)why, (void)e;
	return 0;
}

/* P is in the response. */
static int on_bad_element(void *arg, const char *p, size_t n, const struct err *why, struct err *e)
{
	struct answer *x = arg;
	struct err placed = *why;
	err_wrap(&placed, "the element at byte %llu of the response", (unsigned long long)(p - x->data) + 1);
	return sink_bad(x->t->job->f, p, n, &placed, e);
}

/* Everything but its bad elements, each of which is a bad record. 1: it can be read now; 0: never; negative: we stop. */
static int sift(struct answer *x, bool *cut, struct err *e)
{
	const struct source_def *d = x->t->src->def;
	*cut = false;
	if (lines(x)) {
		*cut = x->a->unended;
		if (*cut)
			return 0;
		const char *nl = memrchr(x->data, '\n', x->ndata);
		size_t whole = nl ? (size_t)(nl + 1 - x->data) : 0;
		int rc = on_bad_element(x, x->data + whole, x->ndata - whole, &x->broken, e);
		x->ndata = whole;
		return rc < 0 ? rc : 1;
	}
	*cut = d->format != FORMAT_JSON || !x->ndata || !strchr("{[", x->data[strspn(x->data, " \t\r\n")]);
	if (*cut)
		return 0;
	/* First see whether there is a page behind it: what is reported is not taken back. */
	int rc = json_sift(&x->sifted, x->data, x->ndata, drop_element, NULL, cut, &x->broken);
	if (rc < 0)
		return 0;
	if ((rc = json_sift(&x->sifted, x->data, x->ndata, on_bad_element, x, cut, e)) < 0)
		return rc;
	x->data = x->sifted.p;
	x->ndata = x->sifted.n;
	look_at_json(x);
	return x->whole && !x->final ? 1 : 0;
}

static void take_whole(struct answer *x);

/* A body that was broken on the way is another one the next time; one that comes again and again as it was is what the API
 * says, and so is one that there will be no further try for. */
static void broken(struct answer *x)
{
	struct task *t = x->t;
	uint64_t hash = seen_hash(x->a->body, x->a->nbody);
	char why[200];
	struct err e;
	bool cut = true;
	int rc = 0;
	snprintf(why, sizeof why, "an invalid body (%.150s)", x->broken.msg);
	t->nbroken = t->nbroken && t->broken == hash ? t->nbroken + 1 : 1;
	t->broken = hash;
	if (t->nbroken < SAME_BROKEN || t->kind == TASK_LIST) {
		retry(x, CAUSE_BODY, why, -1);
		if (x->o->kind != OUTCOME_ENDS || t->kind == TASK_LIST)
			return;
	}
	struct outcome over = *x->o;
	x->o->kind = OUTCOME_GOES_ON;
	rc = sift(x, &cut, &e);
	if (rc > 0)
		take_whole(x);
	else if (rc < 0)
		failed_by(x, &e);
	else if (!cut)
		set_aside(x);
	else if (over.kind == OUTCOME_ENDS)
		*x->o = over;
	else
		retry(x, CAUSE_BODY, why, -1);
}

static void take_list(struct answer *x)
{
	struct err e;
	int rc = list_read(x->t->job, &x->about, x->body, x->nbody, &e);
	if (rc < 0)
		failed_by(x, &e);
	else
		task_drop(x->t);
}

static void take_whole(struct answer *x)
{
	struct err e;
	int rc = read_page(x, &e);
	if (rc == 0)
		rc = hand_out(x, &e);
	if (rc < 0)
		failed_by(x, &e);
}

/* There is nothing, and nothing behind it. */
static void take_nothing(struct answer *x)
{
	struct err e;
	x->v.kind = VERDICT_EMPTY;
	if (x->t->kind == TASK_LIST) {
		done(x);
		return;
	}
	page_begin(x->t->src->page, &x->about);
	if (hand_out(x, &e) < 0)
		failed_by(x, &e);
}

static void take_page(struct answer *x)
{
	bool plain = x->t->src->def->format != FORMAT_FEED && x->t->kind != TASK_LIST;
	char words[320];
	if (x->a->status == 204 && !x->a->nbody)
		take_nothing(x);
	else if (x->final && !plain)
		failed(x, ERR_IO, "%s", x->broken.msg);
	else if (x->final)
		set_aside(x);
	else if (!x->whole)
		broken(x);
	else if (!x->word.n && x->nbody > 4 && says_errors_alone(x->body, x->nbody)) {
		says_words(x->body, x->nbody, words, sizeof words);
		failed(x, ERR_IO, "the response contains only errors%s", words);
	} else if (x->t->kind == TASK_LIST)
		take_list(x);
	else
		take_whole(x);
}

/* --- verdicts --- */

static void quota(struct answer *x)
{
	struct budget *b = x->t->budget;
	budget_exhaust(b);
	task_hold(x->t->job->f, b);
	x->o->kind = OUTCOME_ENDS;
	x->o->end = JOB_QUOTA;
	err_set(&x->o->err, ERR_RETRY, "the quota of '%s' is used up: the place is kept", budget_name(b));
}

static void refused(struct answer *x)
{
	struct task *t = x->t;
	if (t->login && !t->relogged && login_refuse(t->login, t->serial)) {
		t->relogged = true;
		t->due_ns = 0;
		sink_sayf(t->job->f, SAY_VERBOSE, t->job, "the token was rejected: logging in again");
		return;
	}
	struct buf names = BUF_INIT;
	char words[320];
	says_words(x->body, x->nbody, words, sizeof words);
	for (size_t i = 0; i < t->src->def->nsecrets; i++)
		buf_printf(&names, "%s%s", i ? ", " : ": secret ", t->src->def->secret[i].name);
	failed(x, ERR_IO, "the token or password is missing or was rejected (status %ld)%s%s", x->a->status, buf_cstr(&names), words);
	buf_release(&names);
}

static void expired(struct answer *x)
{
	struct task *t = x->t;
	bool first = !t->walk->page;
	if (t->no_cursor && first) {
		failed(x, ERR_IO, "the API rejects even the first page (status %ld)", x->a->status);
		return;
	}
	if (++t->restarts >= t->src->def->tries) {
		failed(x, ERR_IO,
		       "the next page's token has expired (status %ld): giving up after %llu restarts",
		       x->a->status, (unsigned long long)t->restarts);
		return;
	}
	leave_redirect(t);
	/* The walk begins anew at the top; what was given out is known. At the first page it is ${cursor} that is too
	 * old. */
	walk_begin(t->walk, task_cursor(t));
	t->no_cursor = first;
	t->due_ns = 0;
	sink_sayf(t->job->f, SAY_WARNING, t->job,
		  first ? "the API no longer accepts a start this old: posts since then may be missing"
			: "the next page's token has expired: restarting from the first page");
}

static void shrink(struct answer *x, const char *var)
{
	struct task *t = x->t;
	char text[24];
	uint64_t n;
	const char *value = vars_get(&t->vars, var);
	if (!num_u64(value, strlen(value), &n) || n <= 1) {
		failed(x, ERR_IO, "the API rejects even %s=%s as too large", var, value);
		return;
	}
	vars_set(&t->vars, var, text, fmt_u64(text, n / 2));
	leave_redirect(t);
	sink_sayf(t->job->f, SAY_VERBOSE, t->job, "requesting %llu per page", (unsigned long long)n / 2);
	retry(x, CAUSE_HTTP5XX, "the page was too large", 0);
}

/* Each try waits longer than the one before; one that never comes is left out in the end. */
static void later(struct answer *x)
{
	struct task *t = x->t;
	t->laters++;
	if (t->laters > MAX_LATERS) {
		sink_sayf(t->job->f, SAY_WARNING, t->job, "%s still does not exist after %d tries: skipped",
			  t->value ? t->value : "it", MAX_LATERS);
		done(x);
		return;
	}
	t->later = true;
	t->due_ns = clock_mono_ns() + x->v.wait_ns * (int64_t)t->laters;
}

static void redirected(struct answer *x)
{
	struct task *t = x->t;
	if (!x->a->location) {
		failed(x, ERR_IO, "status %ld without a location", x->a->status);
		return;
	}
	if (++t->redirects > MAX_REDIRECTS) {
		failed(x, ERR_IO, "more than %d redirects", MAX_REDIRECTS);
		return;
	}
	if (strlen(x->a->location) > MAX_NEXT) {
		failed(x, ERR_IO, "redirected to an address of more than %zu bytes", MAX_NEXT);
		return;
	}
	mem_free(t->redirect);
	t->redirect = mem_strdup(x->a->location);
	t->due_ns = 0;
}

static void for_good(struct answer *x)
{
	char words[320];
	says_words(x->body, x->nbody, words, sizeof words);
	if (x->v.unknown)
		failed(x, ERR_DATA, "'outcome' returned '%.100s', which is not an outcome", x->v.text);
	else if (x->v.text)
		failed(x, ERR_IO, "%s", x->v.text);
	else
		failed(x, ERR_IO, "the API responded with status %ld%s", x->a->status, words);
}

static void wait_for(struct answer *x, const char *why)
{
	/* The limit is nobody's failure: it is waited for as often as it takes, unless the wait itself is too long. */
	if (x->v.kind == VERDICT_LIMIT && x->v.wait_ns >= FORGIVE_NS && x->t->tries)
		x->t->tries--;
	retry(x, x->v.cause, why, x->v.wait_ns);
}

static void judge(struct answer *x)
{
	char why[64];
	snprintf(why, sizeof why, x->v.kind == VERDICT_LIMIT ? "rate limited (status %ld)" : "status %ld", x->a->status);
	/* Whoever asks for a part, or for what is newer, may have it; but it is not all. */
	x->t->job->f->less |= x->a->status == 206 || x->a->status == 304 || (lines(x) && x->a->unended);
	switch (x->v.kind) {
	case VERDICT_OK: take_page(x); break;
	case VERDICT_EMPTY: take_nothing(x); break;
	case VERDICT_SAME: done(x); break;
	case VERDICT_REDIRECT: redirected(x); break;
	case VERDICT_RETRY:
	case VERDICT_LIMIT:
	case VERDICT_WAIT: wait_for(x, why); break;
	case VERDICT_QUOTA: quota(x); break;
	case VERDICT_AUTH: refused(x); break;
	case VERDICT_SKIP:
		walk_begin(x->t->walk, task_cursor(x->t));
		done(x);
		break;
	case VERDICT_LATER: later(x); break;
	case VERDICT_SHRINK: shrink(x, x->v.text); break;
	case VERDICT_EXPIRED: expired(x); break;
	case VERDICT_ERROR: for_good(x); break;
	}
}

static void transport_failed(struct answer *x)
{
	const struct http_answer *a = x->a;
	x->v = says_status(a);
	if (x->v.kind == VERDICT_RETRY)
		retry(x, x->v.cause, a->why, -1);
	else
		failed(x, ERR_IO, a->failure == HTTP_TOO_LONG ? "%s (--max-answer)" : "%s", a->why);
}

static void release(struct answer *x)
{
	buf_release(&x->headers);
	buf_release(&x->vars);
	buf_release(&x->link);
	buf_release(&x->feed);
	buf_release(&x->word);
	buf_release(&x->sifted);
}

void answer_take(struct task *t, const struct http_answer *a, struct outcome *o)
{
	struct answer x = { .t = t, .a = a, .o = o };
	struct err e;
	if (a->failure != HTTP_OK) {
		transport_failed(&x);
		return;
	}
	look(&x);
	int rc = says_verdict(&x.v, t->src->ask, t->budget, &x.about, a, x.body, x.nbody, &x.word, &e);
	if (rc >= 0)
		judge(&x);
	else
		failed_by(&x, &e);
	release(&x);
}
