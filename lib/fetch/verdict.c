/* SPDX-License-Identifier: MIT */
/* What an answer means, as one table for all who ask. */
#include "fetch/verdict.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

static const struct { const char *word; enum verdict_kind kind; } words[] = {
	{ "ok", VERDICT_OK }, { "retry", VERDICT_RETRY }, { "rate_limited", VERDICT_LIMIT }, { "quota", VERDICT_QUOTA },
	{ "auth", VERDICT_AUTH }, { "skip", VERDICT_SKIP }, { "wait:", VERDICT_WAIT }, { "later:", VERDICT_LATER },
	{ "shrink:", VERDICT_SHRINK }, { "cursor_expired", VERDICT_EXPIRED }, { "error:", VERDICT_ERROR } };

const char *verdict_name(enum verdict_kind k)
{
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (words[i].kind == k)
			return words[i].word;
	return k == VERDICT_REDIRECT ? "a redirect" : k == VERDICT_EMPTY ? "an empty response" : "no new items";
}

/* S seconds, as a word says them; what is no time is one second. */
static int64_t seconds(const char *s)
{
	double d = strtod(s, NULL);
	return (int64_t)((d > 0 && d < 1e8 ? d : 1) * 1e9);
}

static enum verdict_kind by_status(long s)
{
	if (s == 204)
		return VERDICT_EMPTY;
	if (s / 100 == 2)
		return VERDICT_OK;
	if (s == 304)
		return VERDICT_SAME;
	if (s / 100 == 3)
		return VERDICT_REDIRECT;
	if (s == 429)
		return VERDICT_LIMIT;
	if (s == 401)
		return VERDICT_AUTH;
	return s == 408 || s == 425 || s >= 500 ? VERDICT_RETRY : VERDICT_ERROR;
}

static void by_word(struct verdict *v, const char *word)
{
	v->kind = VERDICT_ERROR;
	v->unknown = true;
	v->text = word;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		size_t n = strlen(words[i].word);
		bool takes = words[i].word[n - 1] == ':';
		if (takes ? strncmp(word, words[i].word, n) != 0 : strcmp(word, words[i].word) != 0)
			continue;
		v->kind = words[i].kind;
		v->unknown = false;
		v->text = takes ? word + n : NULL;
		if (v->kind == VERDICT_WAIT || v->kind == VERDICT_LATER)
			v->wait_ns = seconds(v->text);
		return;
	}
}

static void by_failure(struct verdict *v, enum http_failure f)
{
	v->kind = VERDICT_RETRY;
	switch (f) {
	case HTTP_TLS:
	case HTTP_TOO_LONG:
	case HTTP_HEADERS: v->kind = VERDICT_ERROR; break;
	case HTTP_ENCODING: v->cause = CAUSE_BODY; break;
	case HTTP_SILENT:
	case HTTP_TIMEOUT: v->cause = CAUSE_SILENCE; break;
	default: v->cause = CAUSE_NET;
	}
}

struct verdict verdict_of(const struct verdict_facts *f)
{
	struct verdict v = { .kind = VERDICT_ERROR, .cause = CAUSE_HTTP5XX, .wait_ns = -1 };
	if (f->failure != HTTP_OK) {
		by_failure(&v, f->failure);
		return v;
	}
	if (f->word && *f->word)
		by_word(&v, f->word);
	else
		v.kind = by_status(f->status);
	long s = f->status;
	v.absent = v.kind == VERDICT_ERROR ? !v.unknown && (s == 400 || s == 404 || s == 405 || s == 406 || s == 501)
					   : v.kind == VERDICT_RETRY && s == 501 && !(f->word && *f->word);
	if (v.kind == VERDICT_RETRY)
		v.wait_ns = f->retry_after_ns;
	if (v.kind == VERDICT_LIMIT)
		v.wait_ns = f->limit_ns >= 0 && f->limit_ns < NS_PER_SEC ? NS_PER_SEC : f->limit_ns;
	if (v.kind == VERDICT_LIMIT || v.kind == VERDICT_WAIT)
		v.cause = CAUSE_RATE;
	return v;
}
