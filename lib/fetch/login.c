/* SPDX-License-Identifier: MIT */
/* Sessions: a token is asked for, kept, and asked for anew. */
#include "fetch/sink.h"

#include "base/clock.h"
#include "base/mem.h"
#include "fetch/backoff.h"
#include "fetch/says.h"
#include "fetch/token_file.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#define EARLY_NS (60 * NS_PER_SEC)   /* so long before its end a token is got anew */
#define TIMEOUT_NS (60 * NS_PER_SEC)
#define SILENCE_NS (30 * NS_PER_SEC)

/* A session: one for all jobs of a definition that log in at the same place under the same name. */
struct login {
	struct login *next;
	char *key;                   /* all that the login sends but for secrets */
	struct fetch *f;
	struct fetch_source *src;
	char *token;                 /* NULL: none */
	uint64_t serial;             /* of the token; 0: none was ever had */
	int64_t ends_ns;             /* NEVER: not known */
	int64_t due_ns;              /* not before */
	uint64_t tries;
	enum def_cause cause;        /* of the last failure */
	struct vars vars;
	struct request request;
	struct http_transfer *transfer;
	struct err err;              /* it failed for good */
};

static void make_key(struct buf *b, const struct def_auth *a, const struct vars *v)
{
	vars_expand(b, &a->request.url, v);
	for (size_t i = 0; i < a->request.nheader; i++) {
		buf_putc(b, '\n');
		vars_expand(b, &a->request.header[i].value, v);
	}
	for (size_t i = 0; i < a->nfields; i++) {
		buf_putc(b, '\n');
		if (!a->field[i].secret)
			vars_expand(b, &a->field[i].value, v);
	}
}

struct login *login_of(struct fetch *f, struct fetch_source *src, const struct vars *v)
{
	struct buf key = BUF_INIT;
	struct login *l = src->logins;
	if (src->def->auth.kind != AUTH_LOGIN)
		return NULL;
	make_key(&key, &src->def->auth, v);
	while (l && strcmp(l->key, buf_cstr(&key)) != 0)
		l = l->next;
	if (!l) {
		l = mem_zalloc(sizeof *l);
		l->key = mem_strdup(buf_cstr(&key));
		l->f = f;
		l->src = src;
		l->request = (struct request)REQUEST_INIT;
		vars_copy(&l->vars, v);
		l->next = src->logins;
		src->logins = l;
	}
	buf_release(&key);
	return l;
}

static void forget(struct login *l)
{
	if (l->token)
		explicit_bzero(l->token, strlen(l->token));
	mem_free(l->token);
	l->token = NULL;
}

void login_free_all(struct login *l)
{
	for (struct login *next; l; l = next) {
		next = l->next;
		http_cancel(l->transfer);
		forget(l);
		vars_release(&l->vars);
		request_release(&l->request);
		mem_free(l->key);
		mem_free(l);
	}
}

static void take_token(struct login *l, const char *token, size_t n, double lifetime_s)
{
	forget(l);
	l->token = mem_strndup(token, n);
	l->serial++;
	l->tries = 0;
	int64_t life = lifetime_s > 0 && lifetime_s < 1e8 ? (int64_t)(lifetime_s * 1e9) : 0;
	int64_t early = life > 2 * EARLY_NS ? EARLY_NS : life / 10;
	l->ends_ns = life ? clock_mono_ns() + life - early : NEVER;
	secrets_add(l->f->o->secrets, token, n);
}

static void failed(struct login *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void failed(struct login *l, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	err_setv(&l->err, ERR_IO, fmt, ap);
	va_end(ap);
	err_wrap(&l->err, "login of '%s'", l->src->def->name);
}

static void again(struct login *l, enum def_cause cause, const char *why, int64_t at_least_ns)
{
	const struct source_def *d = l->src->def;
	l->cause = cause;
	if (++l->tries >= d->tries) {
		failed(l, "%s: giving up after %llu tries", why, (unsigned long long)l->tries);
		return;
	}
	fetch_count_retry(l->f, cause);
	int64_t ns = at_least_ns >= 0 ? at_least_ns : backoff_delay(&d->retry[cause], l->tries, d->jitter, &l->f->rng);
	l->due_ns = clock_mono_ns() + ns;
	sink_wait(l->f, why);
	sink_sayf(l->f, SAY_VERBOSE, NULL, "login of '%s': %s: retrying in %lld s", d->name, why,
		   (long long)(ns / NS_PER_SEC));
}

static void read_answer(struct login *l, const struct http_answer *a)
{
	struct buf token = BUF_INIT, life = BUF_INIT, vars = BUF_INIT;
	struct source_about about = { .status = a->status, .now_s = time_floor_div(clock_now_us(), US_PER_SEC) };
	struct err e;
	vars_json(&l->vars, &vars);
	about.vars = vars.p;
	about.nvars = vars.n;
	int rc = json_check(a->body, a->nbody, &e);
	if (rc < 0) {
		again(l, CAUSE_BODY, "the response is not valid JSON", -1);
	} else if ((rc = ask_one(l->src->ask, ASK_TOKEN, &about, a->body, a->nbody, &token, &e)) <= 0 || !token.n ||
		   memchr(token.p, '\0', token.n) || memchr(token.p, '\n', token.n) || memchr(token.p, '\r', token.n)) {
		failed(l, "the response has no token");
	} else {
		if (ask_has(l->src->ask, ASK_LIFETIME))
			ask_one(l->src->ask, ASK_LIFETIME, &about, a->body, a->nbody, &life, &e);
		double s = life.n ? strtod(buf_cstr(&life), NULL) : 0;
		take_token(l, token.p, token.n, s);
		token_file_save(l->f->o->token_cache, l->src->def->name, &l->request, token.p, token.n, s);
	}
	if (token.p)
		explicit_bzero(token.p, token.cap);
	buf_release(&token);
	buf_release(&life);
	buf_release(&vars);
}

static void on_done(void *arg, const struct http_answer *a)
{
	struct login *l = arg;
	char why[48], words[320];
	l->transfer = NULL;
	l->f->under_way--;
	fetch_count_answer(l->f, l->src, a, false);
	struct verdict v = says_status(a);
	snprintf(why, sizeof why, "status %ld", a->status);
	says_words(a->body ? a->body : "", a->nbody, words, sizeof words);
	switch (v.kind) {
	case VERDICT_OK: read_answer(l, a); break;
	case VERDICT_RETRY:
	case VERDICT_LIMIT: again(l, v.cause, a->failure == HTTP_OK ? why : a->why, v.wait_ns); break;
	default:
		if (a->failure != HTTP_OK)
			failed(l, "%s", a->why);
		else
			failed(l, "refused (status %ld)%s", a->status, words);
	}
	request_clear(&l->request);
}

static int ask_for_token(struct login *l, struct err *e)
{
	const struct fetch_opts *o = l->f->o;
	struct request_way w = fetch_way(l->f, l->src);
	struct request *r = &l->request;
	struct buf kept = BUF_INIT;
	double life;
	int rc = request_login(r, &w, &l->vars, e);
	if (rc < 0)
		return rc;
	if (!l->serial && token_file_load(o->token_cache, l->src->def->name, r, &kept, &life)) {
		take_token(l, kept.p, kept.n, life);
		explicit_bzero(kept.p, kept.cap);
		buf_release(&kept);
		request_clear(r);
		return 0;
	}
	sink_sayf(l->f, SAY_VERBOSE, NULL, "login of '%s'", l->src->def->name);
	struct http_request q = {.method = r->method,
				 .url = buf_cstr(&r->url),
				 .headers = r->header,
				 .nheaders = r->nheaders,
				 .body = buf_cstr(&r->body),
				 .nbody = r->body.n,
				 .silence_ns = SILENCE_NS,
				 .timeout_ns = TIMEOUT_NS,
				 .max_body = 1 << 20,
				 .done = on_done,
				 .arg = l};
	rc = http_send(l->f->http, &q, &l->transfer, e);
	if (rc == 0)
		l->f->under_way++;
	return rc;
}

int login_token(struct login *l, const char **token, uint64_t *serial, struct err *e)
{
	int64_t now = clock_mono_ns();
	*token = NULL;
	if (l->err.code) {
		*e = l->err;
		return e->code;
	}
	if (l->token && now >= l->ends_ns)
		forget(l);
	if (!l->token && !l->transfer && now >= l->due_ns) {
		int rc = ask_for_token(l, e);
		if (rc < 0)
			return rc;
	}
	*token = l->token;
	*serial = l->serial;
	return 0;
}

bool login_refuse(struct login *l, uint64_t serial)
{
	/* If it is another already, a task before this one has seen it. */
	if (serial == l->serial)
		forget(l);
	return !l->err.code;
}

bool login_ready(const struct login *l)
{
	return l->token || l->err.code || (!l->transfer && l->due_ns <= clock_mono_ns());
}

int64_t login_due(const struct login *l)
{
	return !l->token && !l->transfer && !l->err.code ? l->due_ns : NEVER;
}

enum def_cause login_cause(const struct login *l)
{
	return l->cause;
}
