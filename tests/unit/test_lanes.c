/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "base/rand.h"
#include "rate/lanes.h"
#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SEC NS_PER_SEC
#define MS INT64_C(1000000)
#define START (INT64_C(86400) * 400 * SEC)

static struct item *record(const char *key, size_t n)
{
	char line[64];
	memset(line, 'x', sizeof line);
	return item_new(line, n, key, strlen(key));
}

static void put(struct lanes *l, const char *key, int64_t now)
{
	lanes_put(l, record(key, 9), now);
}

static void put_mark(struct lanes *l)
{
	struct item *it = record("", 5);
	it->mark = true;
	lanes_put(l, it, START);
}

/* The keys of the next N items, a letter each; '|' is a mark, '.' that none may pass. */
static const char *taken(struct lanes *l, size_t n, int64_t now)
{
	static char text[4096];
	size_t i = 0;
	int64_t due;
	for (; i < n; i++) {
		struct item *it = lanes_take(l, now, &due);
		text[i] = '.';
		if (it)
			text[i] = it->mark ? '|' : *item_key(it);
		if (it)
			item_free(it);
	}
	text[i] = '\0';
	return text;
}

static void test_heap(void)
{
	T_CASE("heap: lowest first under any changes")
	{
		enum { N = 300 };
		static struct heap_node node[N];
		struct heap h = { 0 };
		struct rng r;
		rng_seed(&r, 5);
		for (int round = 0; round < 20000; round++) {
			size_t i = (size_t)rng_below(&r, N);
			int64_t rank = (int64_t)rng_below(&r, 50);
			if (!heap_has(&node[i]))
				heap_add(&h, &node[i], rank, i);
			else if (rng_below(&r, 2))
				heap_move(&h, &node[i], rank);
			else
				heap_remove(&h, &node[i]);
			const struct heap_node *least = NULL;
			size_t n = 0;
			for (size_t k = 0; k < N; k++)
				if (heap_has(&node[k])) {
					n++;
					if (!least || node[k].rank < least->rank || (node[k].rank == least->rank && node[k].tie < least->tie))
						least = &node[k];
				}
			if (heap_first(&h) != least || h.n != n) {
				T_FAIL("round %d", round);
				break;
			}
		}
		heap_release(&h);
	}
}

static void test_order(void)
{
	T_CASE("lanes: one lane is first in first out, marks stay in their places")
	{
		struct lanes *l = lanes_new(&(struct lanes_opts){ .max_keys = 10 });
		put(l, "a", START);
		put(l, "b", START);
		put_mark(l);
		put_mark(l);
		put(l, "c", START);
		T_STR(taken(l, 6, START), "ab||c.");
		put_mark(l);
		T_STR(taken(l, 2, START), "|.");
		lanes_free(l);
	}
	T_CASE("lanes: with keys and no limit the order of arrival stays")
	{
		struct lanes *l = lanes_new(&(struct lanes_opts){ .keyed = true, .max_keys = 2 });
		for (const char *p = "abcabdddca"; *p; p++)
			put(l, (char[]){ *p, 0 }, START);
		T_STR(taken(l, 11, START), "abcabdddca.");
		T_INT(lanes_size(l)->records, 0);
		T_INT(lanes_size(l)->bytes, 0);
		lanes_free(l);
	}
	T_CASE("lanes: turns do not cross marks")
	{
		struct lanes *l = lanes_new(&(struct lanes_opts){ .keyed = true, .fair = true, .max_keys = 10 });
		for (const char *p = "aaab|bbba"; *p; p++)
			if (*p == '|')
				put_mark(l);
			else
				put(l, (char[]){ *p, 0 }, START);
		T_STR(taken(l, 10, START), "abaa|babb.");
		lanes_free(l);
	}
	T_CASE("lanes: many marks wait")
	{
		struct lanes *l = lanes_new(&(struct lanes_opts){ .keyed = true, .fair = true, .max_keys = 10 });
		for (int i = 0; i < 5000; i++) {
			put(l, i & 1 ? "a" : "b", START);
			put_mark(l);
			if (i % 3 == 0)
				T_INT(*taken(l, 1, START) != '.', 1);
		}
		char want = 0;
		for (int i = 0; i < 8333; i++) {
			char c = *taken(l, 1, START);
			if ((c == '|') == (want == '|'))
				T_FAIL("%d: %c", i, c);
			want = c;
		}
		T_STR(taken(l, 1, START), ".");
		lanes_free(l);
	}
}

static void test_fair(void)
{
	T_CASE("drr: a loud key does not keep a quiet one waiting")
	{
		struct lanes *l = lanes_new(&(struct lanes_opts){ .keyed = true, .fair = true, .max_keys = 10 });
		for (int i = 0; i < 1000; i++)
			put(l, "l", START);
		T_STR(taken(l, 3, START), "lll");
		put(l, "q", START);
		put(l, "q", START);
		T_STR(taken(l, 4, START), "qlql");
		lanes_free(l);
	}
	T_CASE("drr: shares are those of the weights, order stays within a key")
	{
		struct weights *w;
		struct err e;
		char path[] = "/tmp/sm-weights-XXXXXX";
		int fd = mkstemp(path);
		const char *text = "{\"key\":\"a\",\"weight\":3}\n\n{\"key\":7,\"weight\":1.5}\n{\"weight\":0.5}\n";
		T_OK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
		close(fd);
		T_INT(weights_read(&w, path, &e), 0);
		unlink(path);
		T_DBL(weights_of(w, "\"a", 2), 3);
		T_DBL(weights_of(w, "7", 1), 1.5);
		T_DBL(weights_of(w, "\"7", 2), 0.5);
		T_DBL(weights_least(w), 0.5);
		struct lanes *l = lanes_new(&(struct lanes_opts){ .keyed = true, .fair = true, .max_keys = 10, .weights = w });
		int count[3] = { 0 };
		for (int i = 0; i < 1000; i++) {
			put(l, "\"a", START);
			put(l, "7", START);
			put(l, "x", START);
		}
		uint64_t last[3] = { 0 };
		for (int i = 0; i < 1000; i++) {
			int64_t due;
			struct item *it = lanes_take(l, START, &due);
			int k = *item_key(it) == '"' ? 0 : *item_key(it) == '7' ? 1 : 2;
			T_OK(!count[k] || it->seq > last[k]);
			last[k] = it->seq;
			count[k]++;
			item_free(it);
		}
		T_INT(count[0], 600);
		T_INT(count[1], 300);
		T_INT(count[2], 100);
		lanes_free(l);
		weights_free(w);
	}
	T_CASE("drr: by bytes, a key of long records gets as many bytes, not as many records")
	{
		struct lanes *l = lanes_new(&(struct lanes_opts){ .keyed = true, .fair = true, .by_bytes = true, .max_keys = 10 });
		uint64_t bytes[2] = { 0 };
		for (int i = 0; i < 200000; i++) {
			lanes_put(l, record("s", 9), START);
			if (i < 40000)
				lanes_put(l, record("b", 59), START);
		}
		for (int i = 0; i < 60000; i++) {
			int64_t due;
			struct item *it = lanes_take(l, START, &due);
			bytes[*item_key(it) == 'b'] += it->n;
			item_free(it);
		}
		T_OK(bytes[0] > bytes[1] ? bytes[0] - bytes[1] <= 2 * 16384 : bytes[1] - bytes[0] <= 2 * 16384);
		lanes_free(l);
	}
}

static struct lanes *limited(double rate, double burst, size_t max_keys, bool fair)
{
	return lanes_new(&(struct lanes_opts){ .keyed = true, .fair = fair, .limited = true, .count = rate, .per_ns = SEC,
		.tau = gcra_burst(rate, SEC, burst), .max_keys = max_keys });
}

static void test_limits(void)
{
	int64_t due;
	T_CASE("per key: a key over its rate waits, others pass")
	{
		struct lanes *l = limited(10, 1, 10, false);
		for (const char *p = "aaabc"; *p; p++)
			put(l, (char[]){ *p, 0 }, START);
		T_STR(taken(l, 4, START), "abc.");
		T_OK(!lanes_take(l, START, &due));
		T_INT(due - START, 100 * MS);
		T_STR(taken(l, 2, START + 100 * MS), "a.");
		T_STR(taken(l, 1, START + 199 * MS), ".");
		T_STR(taken(l, 2, START + 200 * MS), "a.");
		T_OK(!lanes_take(l, START + 900 * MS, &due) && due == INT64_MAX);
		lanes_free(l);
	}
	T_CASE("per key: a burst, and in no window more than rate x (window + 100 ms) + burst")
	{
		struct lanes *l = limited(100, 5, 10, true);
		struct rng r;
		static int64_t at[2][20000];
		int n[2] = { 0 };
		int64_t now = START;
		rng_seed(&r, 3);
		for (int i = 0; i < 40000 && n[0] < 20000 && n[1] < 20000; i++) {
			now += (int64_t)rng_below(&r, 6 * 1000000);
			if (rng_below(&r, 400) == 0)
				now += SEC / 2;
			for (uint64_t k = rng_below(&r, 3); k-- > 0;)
				put(l, rng_below(&r, 2) ? "a" : "b", now);
			struct item *it = lanes_take(l, now, &due);
			if (it) {
				int k = *item_key(it) == 'b';
				at[k][n[k]++] = now;
				item_free(it);
			}
		}
		for (int k = 0; k < 2; k++)
			for (int w = 1; w <= 300; w += 13)
				for (int i = 0; i + w < n[k]; i++)
					if ((double)(w + 1) > 100 * ((double)(at[k][i + w] - at[k][i]) / SEC + 0.1) + 5 + 1e-6)
						T_FAIL("key %d: %d records in %lld ns", k, w + 1, (long long)(at[k][i + w] - at[k][i]));
		T_OK(n[0] > 1000 && n[1] > 1000);
		lanes_free(l);
	}
	T_CASE("per key: idle keys are forgotten, busy ones are not; further keys share one limit")
	{
		struct lanes *l = limited(10, 1, 2, false);
		put(l, "a", START);
		put(l, "b", START);
		T_STR(taken(l, 2, START), "ab");
		/* Both places are taken for 100 ms. */
		for (const char *p = "cdc"; *p; p++)
			put(l, (char[]){ *p, 0 }, START + MS);
		T_INT(lanes_size(l)->shared, 3);
		T_STR(taken(l, 2, START + MS), "c.");
		T_STR(taken(l, 2, START + 101 * MS), "d.");
		/* a is idle now, but some of c's own records may be in the shared lane. */
		put(l, "c", START + 150 * MS);
		T_INT(lanes_size(l)->shared, 4);
		T_STR(taken(l, 3, START + 201 * MS), "c..");
		T_STR(taken(l, 3, START + 301 * MS), "c..");
		/* Now c gets a place of its own, and has not forgotten that it passed at 301. */
		put(l, "c", START + 302 * MS);
		T_INT(lanes_size(l)->shared, 4);
		T_INT(lanes_size(l)->keys, 2);
		T_STR(taken(l, 1, START + 400 * MS), ".");
		T_STR(taken(l, 2, START + 401 * MS), "c.");
		lanes_free(l);
	}
	T_CASE("per key: a million keys need no more than their bound")
	{
		struct lanes *l = limited(1000000, 1, 100, false);
		char key[16];
		for (int i = 0; i < 1000000; i++) {
			snprintf(key, sizeof key, "%d", i);
			put(l, key, START + i * 1000);
			struct item *it = lanes_take(l, START + i * 1000, &due);
			if (!it) {
				T_FAIL("%d", i);
				break;
			}
			item_free(it);
			T_OK(lanes_size(l)->keys <= 100);
		}
		T_INT(lanes_size(l)->shared, 0);
		lanes_free(l);
	}
}

static void test_drops(void)
{
	int64_t due;
	T_CASE("drop: the oldest or the newest of one lane, never a mark")
	{
		struct lanes *l = lanes_new(&(struct lanes_opts){ .max_keys = 1 });
		for (const char *p = "ab|cd"; *p; p++)
			if (*p == '|')
				put_mark(l);
			else
				put(l, (char[]){ *p, 0 }, START);
		struct item *it = lanes_drop(l, true, START);
		T_INT(*item_key(it), 'a');
		item_free(it);
		it = lanes_drop(l, false, START);
		T_INT(*item_key(it), 'd');
		item_free(it);
		it = lanes_drop(l, true, START);
		T_INT(*item_key(it), 'b');
		item_free(it);
		T_STR(taken(l, 3, START), "|c.");
		T_OK(!lanes_drop(l, true, START));
		lanes_free(l);
	}
	T_CASE("drop: the key that has most waiting pays, whatever it is doing")
	{
		struct lanes *l = limited(10, 1, 10, true);
		for (const char *p = "qlllll|lq"; *p; p++)
			if (*p == '|')
				put_mark(l);
			else
				put(l, (char[]){ *p, 0 }, START);
		for (int i = 0; i < 4; i++) {
			struct item *it = lanes_drop(l, i & 1, START);
			T_INT(*item_key(it), 'l');
			item_free(it);
		}
		T_STR(taken(l, 3, START), "ql.");
		T_STR(taken(l, 4, START + SEC), "l|q.");
		lanes_free(l);
	}
	T_CASE("lanes: anything at random loses nothing, keeps each key's order, and lets no mark be passed")
	{
		struct rng r;
		rng_seed(&r, 11);
		for (int round = 0; round < 60; round++) {
			struct lanes *l = round & 1 ? limited(50000, 3, 1 + round % 7, round & 2) :
				lanes_new(&(struct lanes_opts){ .keyed = round % 3 != 0, .fair = round & 2, .by_bytes = round & 4, .max_keys = 1 + (size_t)round % 5 });
			uint64_t in = 0, out = 0, last_seq[8] = { 0 }, epoch = 0;
			bool any[8] = { false };
			int64_t now = START;
			for (int i = 0; i < 4000 || in != out; i++) {
				now += (int64_t)rng_below(&r, 30000);
				uint64_t what = rng_below(&r, 20);
				struct item *it = NULL;
				if (what < 9 && i < 4000) {
					char key[2] = { (char)('a' + rng_below(&r, 8)), 0 };
					lanes_put(l, record(key, 1 + rng_below(&r, 60)), now);
					in++;
				} else if (what == 9 && i < 4000) {
					put_mark(l);
					in++;
				} else if (what == 10 && (it = lanes_drop(l, rng_below(&r, 2), now)) != NULL) {
					out++;
					item_free(it);
				} else if ((it = lanes_take(l, now, &due)) != NULL) {
					int k = it->mark ? 0 : *item_key(it) - 'a';
					T_OK(it->epoch == epoch);
					T_OK(it->mark || !any[k] || it->seq > last_seq[k]);
					if (!it->mark) {
						any[k] = true;
						last_seq[k] = it->seq;
					}
					epoch += it->mark;
					out++;
					item_free(it);
				}
				if (i > 400000) {
					T_FAIL("round %d does not end", round);
					break;
				}
			}
			T_INT(lanes_size(l)->records + lanes_size(l)->marks + lanes_size(l)->bytes + lanes_size(l)->mark_bytes, 0);
			lanes_free(l);
		}
	}
}

int main(void)
{
	test_heap();
	test_order();
	test_fair();
	test_limits();
	test_drops();
	return t_done();
}
