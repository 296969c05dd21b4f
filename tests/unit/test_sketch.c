// SPDX-License-Identifier: MIT
#include "base/clock.h"
#include "base/hash.h"
#include "base/rand.h"
#include "sketch/distinct.h"
#include "sketch/murmur.h"
#include "sketch/trend.h"
#include "t.h"

#include <math.h>
#include <stdlib.h>

#define MIN (60 * US_PER_SEC)

static uint64_t hash_of(uint64_t i)
{
	uint64_t h[2];
	murmur3_128(&i, sizeof i, MURMUR_SEED, h);
	return h[0];
}

static void check_murmur(void)
{
	/* the values of the reference implementation (smhasher's MurmurHash3_x64_128) */
	uint64_t h[2];
	murmur3_128("", 0, 0, h);
	T_OK(h[0] == 0 && h[1] == 0);
	murmur3_128("hello", 5, 0, h);
	T_OK(h[0] == 0xcbd8a7b341bd9b02u && h[1] == 0x5b1e906a48ae1d19u);
	murmur3_128("The quick brown fox jumps over the lazy dog", 43, 0, h);
	T_OK(h[0] == 0xe34bbc7bbc071b6cu && h[1] == 0x7a433ca9c49a9347u);
}

static void check_distinct(void)
{
	struct distinct a = DISTINCT_INIT, b = DISTINCT_INIT;
	for (uint64_t i = 0; i < 3000; i++) {
		distinct_add(&a, hash_of(i));
		distinct_add(&a, hash_of(i));
	}
	T_INT(distinct_count(&a), 3000);
	for (uint64_t i = 0; i < 3000; i++)
		distinct_remove(&a, hash_of(i));
	T_INT(distinct_count(&a), 3000);
	for (uint64_t i = 0; i < 2990; i++)
		distinct_remove(&a, hash_of(i));
	T_INT(distinct_count(&a), 10);
	distinct_remove(&a, hash_of(5));
	T_INT(distinct_count(&a), 10);
	for (uint64_t i = 2995; i < 3005; i++)
		distinct_add(&b, hash_of(i));
	distinct_merge(&a, &b);
	T_INT(distinct_count(&a), 15);
	T_OK(distinct_is_exact(&a));
	distinct_release(&a);
	distinct_release(&b);
}

/* The estimate stays within 4 standard errors, at sizes over the whole range, and merging equals one set. */
static void check_estimate(void)
{
	static const uint64_t sizes[] = { 5000, 10000, 50000, 300000, 1000000 };
	uint64_t next = 0;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct distinct one = DISTINCT_INIT, odd = DISTINCT_INIT, even = DISTINCT_INIT;
		for (uint64_t k = 0; k < sizes[i]; k++, next++) {
			distinct_add(&one, hash_of(next));
			distinct_add(k & 1 ? &odd : &even, hash_of(next));
		}
		T_OK(!distinct_is_exact(&one));
		double err = fabs((double)distinct_count(&one) / (double)sizes[i] - 1);
		if (err > 4 * 1.04 / 64)
			T_FAIL("%d estimated as %d", (int)sizes[i], (int)distinct_count(&one));
		distinct_merge(&odd, &even);
		if (!distinct_is_exact(&odd))
			T_INT(distinct_count(&odd), distinct_count(&one));
		distinct_release(&one);
		distinct_release(&odd);
		distinct_release(&even);
	}
}

struct seen {
	struct buf text;
	int windows;
};

static int note(void *arg, const struct trend_window *w, struct err *e)
{
	struct seen *s = arg;
	(void)e;
	s->windows++;
	buf_printf(&s->text, "[%lld-%lld %llu%s]", (long long)(w->start_us / MIN), (long long)(w->end_us / MIN),
		   (unsigned long long)w->posts, w->open ? " open" : "");
	for (size_t i = 0; i < w->n; i++) {
		const struct trend_row *r = &w->row[i];
		buf_printf(&s->text, " %u:%.*s(%.*s)=%llu/%llu,%.6g,%.6g", r->rank, (int)r->nkey, r->key, (int)r->nform, r->form,
			   (unsigned long long)r->count, (unsigned long long)r->authors, r->score, r->expected);
	}
	buf_putc(&s->text, '\n');
	return 0;
}

static const struct trend_opts plain = {
	.window_us = 20 * MIN, .slide_us = 10 * MIN, .half_life_us = 600 * MIN, .order = TREND_BY_COUNT,
	.min_count = 1, .min_authors = 1, .memory = 64 << 20
};

static int say(struct trend *t, int64_t minute, uint64_t id, uint64_t author, const char *form, struct err *e)
{
	char key[64];
	size_t n = strlen(form);
	for (size_t i = 0; i < n; i++)
		key[i] = (char)(form[i] | 0x20);
	const struct trend_topic k = { .kind = 0, .key = key, .nkey = (uint32_t)n, .form = form, .nform = (uint32_t)n };
	const struct trend_post p = { .time_us = minute * MIN, .has_id = id != 0, .id = { hash_of(id), id }, .author = hash_of(author),
				      .topic = &k, .n = n ? 1 : 0 };
	return trend_post(t, &p, e);
}

static void retract(struct trend *t, int64_t minute, uint64_t id)
{
	const struct trend_post p = { .time_us = minute * MIN, .has_id = true, .deleted = true, .id = { hash_of(id), id } };
	T_INT(trend_post(t, &p, NULL), 0);
}

static void check_windows(void)
{
	struct seen s = { .text = BUF_INIT };
	struct trend *t = trend_new(&plain, note, &s);
	say(t, 0, 1, 1, "Cats", NULL);
	say(t, 5, 2, 2, "CATS", NULL);
	say(t, 9, 3, 2, "CATS", NULL);
	say(t, 12, 4, 3, "dogs", NULL);
	say(t, 31, 5, 1, "cats", NULL);    /* closes the windows that end at 10, 20 and 30 */
	say(t, 5, 6, 9, "cats", NULL);     /* too late for all */
	say(t, 25, 7, 9, "cats", NULL);    /* in time for the window 20-40 */
	T_INT(trend_finish(t, NULL), 0);
	T_STR(buf_cstr(&s.text), "[-10-10 3] 1:cats(CATS)=3/2,0.815707,1\n"
				 "[0-20 4] 1:cats(CATS)=3/2,0.815707,1 2:dogs(dogs)=1/1,0,1\n"
				 "[10-30 1] 1:dogs(dogs)=1/1,0,1\n"
				 "[20-40 2 open] 1:cats(CATS)=2/2,0.007323,1.98845\n");
	T_INT(trend_stats(t)->late, 2);
	T_INT(trend_stats(t)->too_late, 1);
	T_INT(trend_stats(t)->posts, 7);
	trend_free(t);
	buf_release(&s.text);
}

static void check_retract(void)
{
	struct seen s = { .text = BUF_INIT };
	struct trend *t = trend_new(&plain, note, &s);
	say(t, 1, 1, 1, "a", NULL);
	say(t, 2, 2, 2, "a", NULL);
	say(t, 3, 3, 2, "a", NULL);
	say(t, 3, 2, 2, "b", NULL);      /* an edit: post 2 now names b */
	retract(t, 4, 1);
	retract(t, 4, 77);
	T_INT(trend_finish(t, NULL), 0);
	T_STR(buf_cstr(&s.text), "[-10-10 2 open] 1:a(a)=1/1,0,1 2:b(b)=1/1,0,1\n");
	T_INT(trend_stats(t)->replaced, 1);
	T_INT(trend_stats(t)->retracted, 1);
	T_INT(trend_stats(t)->unknown, 1);
	trend_free(t);
	buf_release(&s.text);
}

/* A mixed stream: two hours, 40 topics, some posts out of order, edited and deleted. */
static int stream(struct trend *t, uint64_t from, uint64_t to)
{
	char form[32];
	for (uint64_t i = from; i < to; i++) {
		uint64_t r = hash_u64(i);
		int64_t minute = (int64_t)(i / 50) - (int64_t)(r % 7);
		snprintf(form, sizeof form, "%c%llu", r & 1 ? 'T' : 't', (unsigned long long)(r >> 8) % (i / 50 > 60 ? 5 : 40));
		uint64_t id = r % 50 == 3 && i > 100 ? i - 40 : i + 1;
		if (r % 97 == 5) {
			retract(t, minute, i - 20);
			continue;
		}
		int code = say(t, minute, id, (r >> 20) % 300, form, NULL);
		if (code)
			return code;
	}
	return 0;
}

static void check_state(void)
{
	struct seen all = { .text = BUF_INIT }, part = { .text = BUF_INIT };
	struct trend_opts o = plain;
	struct buf saved = BUF_INIT, again = BUF_INIT;
	struct err e = { 0 };
	o.delay_us = 3 * MIN;
	struct trend *one = trend_new(&o, note, &all), *first = trend_new(&o, note, &part), *second = trend_new(&o, note, &part);
	T_INT(stream(one, 1, 6000), 0);
	T_INT(trend_finish(one, NULL), 0);
	T_INT(stream(first, 1, 3333), 0);
	trend_save(first, &saved);
	T_INT(trend_load(second, saved.p, saved.n, &e), 0);
	trend_save(second, &again);
	T_MEM(again.p, again.n, saved.p, saved.n);
	T_INT(stream(second, 3333, 6000), 0);
	T_INT(trend_finish(second, NULL), 0);
	T_OK(all.windows > 10);
	T_STR(buf_cstr(&part.text), buf_cstr(&all.text));
	trend_free(one);
	trend_free(first);
	trend_free(second);
	/* whatever is damaged is noticed, and other options are refused */
	for (size_t i = 0; i < saved.n; i += i < 300 ? 1 : 97) {
		struct trend *t = trend_new(&o, note, &part);
		saved.p[i] ^= 0x10;
		T_OK(trend_load(t, saved.p, saved.n, &e) < 0);
		saved.p[i] ^= 0x10;
		trend_free(t);
		t = trend_new(&o, note, &part);
		T_OK(trend_load(t, saved.p, i, &e) < 0);
		trend_free(t);
	}
	o.half_life_us++;
	struct trend *t = trend_new(&o, note, &part);
	T_INT(trend_load(t, saved.p, saved.n, &e), ERR_CONFLICT);
	trend_free(t);
	buf_release(&saved);
	buf_release(&again);
	buf_release(&all.text);
	buf_release(&part.text);
}

static void check_memory(void)
{
	struct seen s = { .text = BUF_INIT };
	struct trend_opts o = plain;
	struct err e = { 0 };
	char form[32];
	int r = 0;
	o.memory = 1 << 20;
	struct trend *t = trend_new(&o, note, &s);
	for (uint64_t i = 1; i < 100000 && !r; i++) {
		snprintf(form, sizeof form, "topic%llu", (unsigned long long)i);
		r = say(t, 1, i, i, form, &e);
	}
	T_INT(r, ERR_UNSUPPORTED);
	T_OK(strstr(e.msg, "--memory") != NULL);
	trend_free(t);
	/* but a stream as long as you like in small windows */
	t = trend_new(&o, note, &s);
	for (uint64_t i = 1; i < 200000 && !r; i++) {
		snprintf(form, sizeof form, "topic%llu", (unsigned long long)i);
		T_INT(say(t, (int64_t)(i / 10), i, i, form, &e), 0);
	}
	T_OK(trend_memory(t) < o.memory);
	trend_free(t);
	buf_release(&s.text);
}

/* What bursts comes before what is always there, and spam of one author does not count. */
static void check_score(void)
{
	struct seen s = { .text = BUF_INIT };
	struct trend_opts o = plain;
	uint64_t id = 1;
	o.order = TREND_BY_SCORE;
	o.min_authors = 5;
	o.min_score = 3;
	struct trend *t = trend_new(&o, note, &s);
	for (int64_t m = 0; m < 600; m++) {
		for (uint64_t k = 0; k < 10; k++)
			say(t, m, id++, (uint64_t)m * 10 + k, "steady", NULL);
		if (m >= 570 && m < 590)
			for (uint64_t k = 0; k < 3; k++)
				say(t, m, id++, (uint64_t)m * 10 + k, "Burst", NULL);
		for (uint64_t k = 0; m >= 570 && k < 50; k++)
			say(t, m, id++, 7, "spam", NULL);
		if (m == 569)
			buf_clear(&s.text);
	}
	const char *last = strstr(buf_cstr(&s.text), "[570-590");
	T_OK(last && strncmp(last, "[570-590 1260] 1:burst(Burst)=60/60,", 36) == 0);
	T_OK(strstr(s.text.p, "steady") == NULL && strstr(s.text.p, "spam") == NULL);
	trend_free(t);
	buf_release(&s.text);
}

static void check_gaps(void)
{
	struct seen s = { .text = BUF_INIT };
	struct trend *t = trend_new(&plain, note, &s);
	say(t, -700000000, 1, 1, "old", NULL);   /* the year 639 */
	say(t, 0, 2, 1, "now", NULL);
	say(t, 700000000, 3, 1, "then", NULL);   /* a jump over 140 million windows must not take time */
	T_INT(trend_finish(t, NULL), 0);
	T_INT(s.windows, 5);
	const struct trend_post bad = { .time_us = INT64_MAX };
	T_INT(trend_post(t, &bad, NULL), ERR_DATA);
	trend_free(t);
	buf_release(&s.text);
}

int main(void)
{
	T_CASE("MurmurHash3 gives the published values") check_murmur();
	T_CASE("small sets are exact and can be taken from") check_distinct();
	T_CASE("large sets are estimated within their bound, merged or not") check_estimate();
	T_CASE("windows slide, late posts count where they still can") check_windows();
	T_CASE("edits replace, deletions retract") check_retract();
	T_CASE("bursts come first, spam of one author does not") check_score();
	T_CASE("a state saved and loaded goes on as if nothing had happened") check_state();
	T_CASE("the memory bound is kept and said") check_memory();
	T_CASE("gaps of centuries take no time") check_gaps();
	return t_done();
}
