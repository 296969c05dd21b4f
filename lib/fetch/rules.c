/* SPDX-License-Identifier: MIT */
/* The rules of filtered streams. */
#include "fetch/sink.h"

#include "base/clock.h"
#include "base/mem.h"
#include "fetch/backoff.h"
#include "fetch/says.h"
#include "json/span.h"

#include <string.h>

enum stage { STAGE_LIST, STAGE_REMOVE, STAGE_ADD, STAGE_READY };

/* Make the server's rules those that were asked for: list them, remove what is too many, add what is missing. */
struct rules {
	struct job *job;
	enum stage stage;
	struct buf remove, add;      /* JSON arrays of rules */
	struct buf about_vars;
	uint64_t tries;
	int64_t due_ns;
	struct request request;
	struct http_transfer *transfer;
	struct err err;
};

int rules_new(struct rules **out, struct job *j, struct err *e)
{
	if (!j->src->def->rules.there)
		return err_set(e, ERR_USAGE, "'%s' has no rules to set", j->src->def->name);
	struct rules *r = mem_zalloc(sizeof *r);
	r->job = j;
	r->request = (struct request)REQUEST_INIT;
	*out = r;
	return 0;
}

void rules_free(struct rules *r)
{
	if (!r)
		return;
	if (r->transfer) {
		http_cancel(r->transfer);
		r->job->f->under_way--;
	}
	request_release(&r->request);
	buf_release(&r->remove);
	buf_release(&r->add);
	buf_release(&r->about_vars);
	mem_free(r);
}

static bool same(const struct fetch_rule *w, const struct json *have)
{
	const char *value = json_str(json_get(have, "value")), *tag = json_str(json_get(have, "tag"));
	return value && strcmp(value, w->value) == 0 && strcmp(tag ? tag : "", w->tag ? w->tag : "") == 0;
}

static bool is_wanted(const struct job *j, const struct json *have)
{
	for (size_t i = 0; i < j->spec->nrules; i++)
		if (same(&j->spec->rule[i], have))
			return true;
	return false;
}

static void open_element(struct buf *b)
{
	buf_putc(b, b->n ? ',' : '[');
}

/* What is there and not wanted goes; what is wanted and not there comes. */
static int compare(struct rules *r, const struct source_about *about, const char *body, size_t n, struct err *e)
{
	struct job *j = r->job;
	struct ask *ask = j->src->ask;
	struct arena a = ARENA_INIT;
	struct buf value = BUF_INIT;
	bool nothing, *there = mem_zalloc(j->spec->nrules + 1);
	int rc = ask_start(ask, ASK_RULES, about, body, n, e);
	while (rc == 0 && (rc = ask_next(ask, ASK_RULES, &value, &nothing, e)) > 0) {
		struct json *v;
		char *text = arena_strndup(&a, value.p, value.n);
		if ((rc = json_parse(&v, &a, text, value.n, e)) < 0)
			break;
		for (size_t i = 0; i < j->spec->nrules; i++)
			there[i] |= same(&j->spec->rule[i], v);
		if (!is_wanted(j, v)) {
			open_element(&r->remove);
			buf_put(&r->remove, value.p, value.n);
		}
	}
	for (size_t i = 0; i < j->spec->nrules; i++) {
		if (there[i])
			continue;
		open_element(&r->add);
		buf_puts(&r->add, "{\"value\":");
		json_put_cstr(&r->add, j->spec->rule[i].value);
		if (j->spec->rule[i].tag) {
			buf_puts(&r->add, ",\"tag\":");
			json_put_cstr(&r->add, j->spec->rule[i].tag);
		}
		buf_putc(&r->add, '}');
	}
	if (r->remove.n)
		buf_putc(&r->remove, ']');
	if (r->add.n)
		buf_putc(&r->add, ']');
	buf_release(&value);
	arena_release(&a);
	mem_free(there);
	return rc < 0 ? rc : 0;
}

static void next_stage(struct rules *r)
{
	r->tries = 0;
	r->stage++;
	if (r->stage == STAGE_REMOVE && !r->remove.n)
		r->stage++;
	if (r->stage == STAGE_ADD && !r->add.n)
		r->stage++;
}

static struct source_about about_of(struct rules *r, long status)
{
	buf_clear(&r->about_vars);
	vars_json(&r->job->vars, &r->about_vars);
	return (struct source_about){ .status = status, .vars = r->about_vars.p, .nvars = r->about_vars.n,
		.now_s = time_floor_div(clock_now_us(), US_PER_SEC) };
}

/* An answer with status 2xx may still say that a rule was not taken. */
static void take_answer(struct rules *r, const struct http_answer *a)
{
	struct source_about about = about_of(r, a->status);
	char words[320];
	struct arena arena = ARENA_INIT;
	struct json *v;
	int rc = 0;
	if (json_fits(a->body, a->nbody, ANSWER_VALUES(r->job->f->o->max_answer), &r->err) < 0)
		rc = ERR_DATA;
	else if (json_parse_large(&v, &arena, a->body, a->nbody, &r->err) < 0)
		err_set(&r->err, ERR_IO, "rules: the response is not valid JSON");
	else if (r->stage == STAGE_LIST)
		rc = compare(r, &about, a->body, a->nbody, &r->err);
	else if (json_get(v, "errors")) {
		says_words(a->body, a->nbody, words, sizeof words);
		err_set(&r->err, ERR_IO, "a rule was rejected%s", words);
	}
	arena_release(&arena);
	if (!r->err.code && rc == 0)
		next_stage(r);
}

static void on_done(void *arg, const struct http_answer *a)
{
	struct rules *r = arg;
	const struct source_def *d = r->job->src->def;
	char words[320];
	r->transfer = NULL;
	r->job->f->under_way--;
	fetch_count_answer(r->job->f, r->job->src, a, false);
	struct verdict v = says_status(a);
	bool passing = v.kind == VERDICT_RETRY || v.kind == VERDICT_LIMIT;
	r->err = (struct err){ 0 };
	if (v.kind == VERDICT_OK) {
		take_answer(r, a);
	} else if (passing && ++r->tries < d->tries) {
		fetch_count_retry(r->job->f, v.cause);
		r->due_ns = clock_mono_ns() +
			    (v.wait_ns >= 0 ? v.wait_ns
					    : backoff_delay(&d->retry[v.cause], r->tries, d->jitter, &r->job->f->rng));
	} else if (a->failure != HTTP_OK) {
		err_set(&r->err, ERR_IO, "rules: %s", a->why);
	} else {
		says_words(a->body, a->nbody, words, sizeof words);
		err_set(&r->err, ERR_IO, "rules: the API responded with status %ld%s", a->status, words);
	}
	request_clear(&r->request);
}

static int body_of(struct rules *r, struct err *e)
{
	struct source_about about = about_of(r, 200);
	const struct buf *in = r->stage == STAGE_REMOVE ? &r->remove : &r->add;
	struct buf body = BUF_INIT;
	int rc =
	    ask_one(r->job->src->ask, r->stage == STAGE_REMOVE ? ASK_REMOVE : ASK_ADD, &about, in->p, in->n, &body, e);
	if (rc > 0) {
		buf_put(&r->request.body, body.p, body.n);
		r->request.has_body = true;
		request_header(&r->request, "Content-Type", "application/json");
	}
	buf_release(&body);
	return rc == 0 ? err_set(e, ERR_DATA, "'rules': the body's expression returned nothing") : rc < 0 ? rc : 0;
}

static int send_it(struct rules *r, const char *token, struct err *e)
{
	struct fetch *f = r->job->f;
	const struct source_def *d = r->job->src->def;
	const struct def_request *q = r->stage == STAGE_LIST     ? &d->rules.list
				      : r->stage == STAGE_REMOVE ? &d->rules.remove
								 : &d->rules.add;
	struct request_way w = fetch_way(f, r->job->src);
	w.token = token;
	int rc = request_build(&r->request, &w, q, &r->job->vars, e);
	if (rc == 0 && r->stage != STAGE_LIST)
		rc = body_of(r, e);
	if (rc == 0)
		rc = request_sign(&r->request, &w, &r->job->vars, e);
	if (rc < 0)
		return rc;
	sink_sayf(f, SAY_VERBOSE, r->job, "rules: %s",
		   r->stage == STAGE_LIST     ? "list"
		   : r->stage == STAGE_REMOVE ? "remove"
					      : "add");
	struct http_request h = {.method = r->request.method     ? r->request.method
					   : r->request.has_body ? "POST"
								 : "GET",
				 .url = buf_cstr(&r->request.url),
				 .headers = r->request.header,
				 .nheaders = r->request.nheaders,
				 .body = r->request.has_body ? buf_cstr(&r->request.body) : NULL,
				 .nbody = r->request.body.n,
				 .silence_ns = 30 * NS_PER_SEC,
				 .max_body = r->job->f->o->max_answer,
				 .done = on_done,
				 .arg = r};
	rc = http_send(f->http, &h, &r->transfer, e);
	if (rc == 0)
		f->under_way++;
	return rc;
}

int rules_advance(struct rules *r, const char *token, struct err *e)
{
	if (r->err.code) {
		*e = r->err;
		return e->code;
	}
	if (r->stage == STAGE_READY)
		return 0;
	if (!r->transfer && r->due_ns <= clock_mono_ns()) {
		int rc = send_it(r, token, e);
		if (rc < 0)
			return rc;
	}
	return 1;
}
