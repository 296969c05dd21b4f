/* SPDX-License-Identifier: MIT */
#include "base/rand.h"
#include "rate/aimd.h"
#include "rate/watermark.h"
#include "t.h"

#include <fcntl.h>
#include <unistd.h>

#define S INT64_C(1000000)

static bool see(struct watermark *w, const char *key, int64_t s)
{
	return watermark_see(w, key, strlen(key), s * S);
}

static void test_late(void)
{
	struct watermark w;
	T_CASE("watermark: late is what is behind the highest time less the delay, seen before the record")
	{
		watermark_init(&w, 10 * S, 0, 10);
		T_OK(!see(&w, "", 100));
		T_INT(w.at_us, 90 * S);
		T_OK(!see(&w, "", 90));
		T_OK(see(&w, "", 89));
		T_OK(!see(&w, "", 200));
		T_OK(see(&w, "", 189));
		T_OK(!see(&w, "", 190));
		T_INT(w.at_us, 190 * S);
		watermark_release(&w);
	}
	T_CASE("watermark: the key that is furthest behind decides; it never goes back")
	{
		watermark_init(&w, 10 * S, 0, 10);
		T_OK(!see(&w, "a", 1000));
		T_INT(w.at_us, 990 * S);
		/* A new key that is behind is late itself and holds the watermark where it is. */
		T_OK(see(&w, "b", 100));
		T_INT(w.at_us, 990 * S);
		T_OK(!see(&w, "a", 2000));
		T_INT(w.at_us, 990 * S);
		T_OK(!see(&w, "b", 1500));
		T_INT(w.at_us, 1490 * S);
		watermark_release(&w);
	}
	T_CASE("watermark: an idle key is left out until it sends again")
	{
		watermark_init(&w, 10 * S, 60 * S, 10);
		see(&w, "a", 1000);
		see(&w, "b", 1000);
		see(&w, "a", 1060);
		T_INT(w.at_us, 990 * S);
		see(&w, "a", 1061);
		T_INT(w.at_us, 1051 * S);
		T_OK(see(&w, "b", 1050));
		T_OK(!see(&w, "b", 1052));
		see(&w, "a", 1100);
		T_INT(w.at_us, 1051 * S);
		watermark_release(&w);
	}
	T_CASE("watermark: of too many keys the one furthest behind is left out, of equals the older")
	{
		watermark_init(&w, 0, 0, 2);
		see(&w, "a", 10);
		see(&w, "b", 20);
		T_INT(w.at_us, 10 * S);
		see(&w, "c", 30);
		T_INT(w.at_us, 20 * S);
		T_INT(keys_count(&w.keys), 2);
		see(&w, "d", 20);
		T_OK(!keys_find(&w.keys, "b", 1) && keys_find(&w.keys, "d", 1));
		watermark_release(&w);
	}
	T_CASE("watermark: the ends of time do not wrap around")
	{
		watermark_init(&w, INT64_MAX, 1, 2);
		T_OK(!watermark_see(&w, "", 0, INT64_MIN));
		T_OK(!watermark_see(&w, "", 0, INT64_MAX));
		T_OK(!watermark_see(&w, "", 0, 0));
		watermark_release(&w);
	}
}

static void test_state(void)
{
	struct watermark a, b;
	struct buf s = BUF_INIT;
	struct err e;
	struct rng r;
	T_CASE("watermark: stopped anywhere and resumed, it judges as if it had not been")
	{
		for (uint64_t seed = 0; seed < 40; seed++) {
			rng_seed(&r, seed);
			watermark_init(&a, 5 * S, seed & 1 ? 30 * S : 0, 3 + seed % 4);
			watermark_init(&b, 5 * S, seed & 1 ? 30 * S : 0, 3 + seed % 4);
			for (int i = 0; i < 500; i++) {
				char key[2] = { (char)('a' + rng_below(&r, 8)), 0 };
				int64_t at = i / 4 + (int64_t)rng_below(&r, 12);
				if (rng_below(&r, 9) == 0) {
					buf_clear(&s);
					watermark_save(&b, &s);
					watermark_release(&b);
					watermark_init(&b, 5 * S, seed & 1 ? 30 * S : 0, 3 + seed % 4);
					if (watermark_load(&b, s.p, s.n, &e) != 0)
						T_FAIL("%s", e.msg);
				}
				if (see(&a, key, at) != see(&b, key, at) || a.at_us != b.at_us)
					T_FAIL("seed %d, record %d", (int)seed, i);
			}
			watermark_release(&a);
			watermark_release(&b);
		}
	}
	T_CASE("watermark: a damaged state, one of other settings, a newer one")
	{
		watermark_init(&a, 5 * S, 0, 10);
		see(&a, "key", 7);
		buf_clear(&s);
		watermark_save(&a, &s);
		for (size_t i = 0; i <= s.n; i++) {
			watermark_init(&b, 5 * S, 0, 10);
			int got = watermark_load(&b, s.p, i, &e);
			T_OK(i == s.n ? got == 0 : got == ERR_DATA);
			watermark_release(&b);
		}
		for (size_t i = 0; i < s.n; i++) {
			watermark_init(&b, 5 * S, 0, 10);
			s.p[i] ^= 4;
			int got = watermark_load(&b, s.p, s.n, &e);
			T_OK(got == ERR_DATA || got == ERR_UNSUPPORTED);
			s.p[i] ^= 4;
			watermark_release(&b);
		}
		watermark_init(&b, 6 * S, 0, 10);
		T_INT(watermark_load(&b, s.p, s.n, &e), ERR_CONFLICT);
		watermark_release(&a);
		watermark_release(&b);
	}
	buf_release(&s);
}

static void test_aimd(void)
{
	struct aimd a;
	int64_t now = 1000 * AIMD_TICK_NS;
	T_CASE("aimd: up while the rate is what holds back, not while there is nothing to send, down when the reader is")
	{
		aimd_init(&a, 10, 1000, now);
		T_OK(!aimd_tick(&a, now));
		T_OK(!aimd_tick(&a, now += AIMD_TICK_NS));
		T_DBL(a.rate, 10);
		aimd_waited(&a);
		T_OK(aimd_tick(&a, now += AIMD_TICK_NS));
		T_DBL(a.rate, 15);
		for (int i = 0; i < 1000; i++) {
			aimd_waited(&a);
			aimd_tick(&a, now += AIMD_TICK_NS);
		}
		T_DBL(a.rate, 1000);
		aimd_wrote(&a, 0, 0.6);
		T_OK(aimd_tick(&a, now += AIMD_TICK_NS));
		T_DBL(a.rate, 800);
		/* What was sent takes its time to drain. */
		aimd_wrote(&a, 0, 0.9);
		T_OK(!aimd_tick(&a, now += AIMD_TICK_NS));
		aimd_wrote(&a, AIMD_TICK_NS / 2, -1);
		T_OK(aimd_tick(&a, now += AIMD_HOLD_NS));
		T_DBL(a.rate, 640);
		for (int i = 0; i < 1000; i++) {
			aimd_wrote(&a, AIMD_TICK_NS, 1);
			aimd_tick(&a, now += AIMD_HOLD_NS);
		}
		T_DBL(a.rate, 10);
	}
	T_CASE("aimd: how full a pipe is")
	{
		int p[2];
		char zero[4096] = { 0 };
		T_OK(pipe(p) == 0);
		int size = fcntl(p[1], F_GETPIPE_SZ);
		T_DBL(pipe_fullness(p[1]), 0);
		for (int i = 0; i < size / 4096 / 2; i++)
			T_OK(write(p[1], zero, sizeof zero) == sizeof zero);
		T_DBL(pipe_fullness(p[1]), 0.5);
		close(p[0]);
		close(p[1]);
		T_DBL(pipe_fullness(p[1]), -1);
	}
}

int main(void)
{
	test_late();
	test_state();
	test_aimd();
	return t_done();
}
