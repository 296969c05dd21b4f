/* SPDX-License-Identifier: MIT */
/* Any bytes as a text: scores within their bounds, entities inside the text, keys that are their own keys;
 * as a lexicon, and as a saved state of smtrend, with a right hash behind it: refused or loaded, never a crash. */
#include "sketch/murmur.h"
#include "sketch/trend.h"
#include "text/entity.h"
#include "text/vader.h"
#include "text/width.h"

#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char lexicon[] = "w\tgood\t1.9\nw\tbad\t-2.5\nw\tno\t-1.2\nw\tkind\t2.4\nw\t:)\t2\nw\theart\t3.2\nw\tshit\t-2.6\n"
			      "e\t1F600\tgrinning face\ne\tA9\tcopyright good\n";

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void step(void *arg, size_t i, const char *p, size_t n, const char *rule, double value)
{
	(void)arg, (void)i, (void)p, (void)n, (void)rule;
	check(isfinite(value));
}

static void sentiment(const char *text, size_t n)
{
	static struct vader *v;
	static struct vader_scratch scratch;
	struct vader_scores a, b;
	struct vader_trace trace = { step, NULL };
	struct err e;
	if (!v)
		check(!vader_new(&v, lexicon, sizeof lexicon - 1, VADER_HEAD, &e));
	vader_score(v, &scratch, text, n, &a);
	vader_explain(v, &scratch, text, n, &b, &trace);
	check(memcmp(&a, &b, sizeof a) == 0);
	check(a.compound >= -1 && a.compound <= 1 && a.pos >= 0 && a.pos <= 1 && a.neg >= 0 && a.neg <= 1 && a.neu >= 0 && a.neu <= 1);
	check(fabs(a.pos + a.neu + a.neg - 1) < 0.0021 || a.pos + a.neu + a.neg == 0);
}

/* As a lexicon: refused, or good for scoring. */
static void lexicon_file(const char *text, size_t n)
{
	struct vader *v;
	struct vader_scratch scratch = VADER_SCRATCH_INIT;
	struct vader_scores got;
	struct err e;
	if (vader_new(&v, text, n, VADER_3_3_2, &e))
		return;
	vader_score(v, &scratch, text, n, &got);
	vader_scratch_release(&scratch);
	vader_free(v);
}

struct span {
	const char *p;
	size_t n;
};

static void entity(void *arg, enum entity_kind kind, const char *p, size_t n)
{
	struct span *s = arg;
	struct buf key = BUF_INIT, again = BUF_INIT;
	check(n > 0 && p >= s->p && p + n <= s->p + s->n);
	entity_key(&key, kind, p, n);
	entity_key(&again, kind, key.p, key.n);
	check(kind == ENTITY_LINK || (again.n == key.n && (key.n == 0 || memcmp(again.p, key.p, key.n) == 0)));
	buf_clear(&again);
	text_fit(&again, p, n, 12);
	check(text_width(again.p, again.n) == 12);
	buf_release(&key);
	buf_release(&again);
}

static int none(void *arg, const struct trend_window *w, struct err *e)
{
	(void)arg, (void)w, (void)e;
	return 0;
}

static void state(const uint8_t *data, size_t size)
{
	const struct trend_opts o = { .window_us = 2, .slide_us = 1, .half_life_us = 10, .memory = 1 << 20 };
	struct buf b = BUF_INIT, again = BUF_INIT;
	struct trend *t = trend_new(&o, none, NULL);
	uint64_t hash[2];
	struct err e;
	trend_save(t, &b);
	b.n = 8 + 32;   /* magic, version and options stay */
	buf_put(&b, data, size);
	murmur3_128(b.p, b.n, MURMUR_SEED, hash);
	buf_le64(&b, hash[0]);
	if (!trend_load(t, b.p, b.n, &e))
		trend_save(t, &again);
	trend_free(t);
	buf_release(&b);
	buf_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size && data[0] == 1) {
		state(data + 1, size - 1);
		return 0;
	}
	if (size && data[0] == 2) {
		lexicon_file((const char *)data + 1, size - 1);
		return 0;
	}
	char *text = malloc(size ? size : 1);   /* no byte more than the text */
	if (!text)
		return 0;
	memcpy(text, data, size);
	struct span s = { text, size };
	sentiment(text, size);
	for (int d = DIALECT_TWITTER; d <= DIALECT_MASTODON; d++)
		entity_extract(text, size, (enum entity_dialect)d, 15, entity, &s);
	free(text);
	return 0;
}
