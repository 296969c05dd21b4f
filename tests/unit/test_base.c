/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "base/clock.h"
#include "base/num.h"
#include "base/pool.h"
#include "base/hash.h"
#include "base/rand.h"
#include "t.h"

#include <stdatomic.h>
#include <stdlib.h>

static void add_one(void *arg)
{
	atomic_fetch_add((atomic_int *)arg, 1);
}

static void check_time(const char *text, int64_t want, const char *back)
{
	int64_t us;
	char out[64];
	if (!time_parse(text, strlen(text), &us, NULL)) {
		T_FAIL("%s was refused", text);
		return;
	}
	T_INT(us, want);
	T_MEM(out, time_format(out, us, -1, true), back, strlen(back));
}

#define NCHOSEN 2000

static uint64_t word(const char *p)
{
	uint64_t v;
	memcpy(&v, p, 8);
	return v;
}

/* Texts of 32 letters, digits and signs whose stable hash is one value: the third word is fixed, the fourth undoes the first two. */
static void choose(char (*to)[32])
{
	struct rng r;
	rng_seed(&r, 1);
	for (size_t n = 0; n < NCHOSEN;) {
		for (int i = 0; i < 16; i++)
			to[n][i] = (char)('a' + (int)rng_below(&r, 26));
		memcpy(to[n] + 16, "abcdefgh", 8);
		uint64_t h = hash_fold(word(to[n]) ^ 0xe7037ed1a0b428dbu, word(to[n] + 8) ^ 0xa0761d6478bd642fu) ^ 0x5a6b7c8d4e3f2a1bu;
		memcpy(to[n] + 24, &h, 8);
		size_t i = 24;
		while (i < 32 && to[n][i] > ' ' && to[n][i] < 127)
			i++;
		n += i == 32;
	}
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

static size_t different(char (*keys)[32], uint64_t (*fn)(const void *p, size_t n, uint64_t key), uint64_t mask)
{
	static uint64_t h[NCHOSEN];
	size_t n = 1;
	for (size_t i = 0; i < NCHOSEN; i++)
		h[i] = fn(keys[i], 32, 0) & mask;
	qsort(h, NCHOSEN, sizeof *h, by_number);
	for (size_t i = 1; i < NCHOSEN; i++)
		n += h[i] != h[i - 1];
	return n;
}

static void test_hash(void)
{
	T_CASE("hash: keys chosen to collide do so without the secret only")
	{
		static char keys[NCHOSEN][32];
		choose(keys);
		T_INT(different(keys, hash_stable, UINT64_MAX), 1);
		T_INT(different(keys, hash_bytes, UINT64_MAX), NCHOSEN);
		T_OK(different(keys, hash_bytes, 0xFFFF) > NCHOSEN * 9 / 10);
		/* A word that is the public constant multiplies by zero. */
		char zero[2][40] = { "0123456789abcdef", "fedcba9876543210" };
		for (int i = 0; i < 2; i++)
			memcpy(zero[i] + 16, "\xdb\x28\xb4\xa0\xd1\x7e\x03\xe7same length and end", 24);
		T_OK(hash_stable(zero[0], 40, 0) == hash_stable(zero[1], 40, 0));
		T_OK(hash_bytes(zero[0], 40, 0) != hash_bytes(zero[1], 40, 0));
	}
	T_CASE("hash: the stable one has the values that names on disk are made of")
	{
		T_INT(hash_stable("", 0, 0), 4808886099364463827);
		T_INT(hash_stable("day=2026-01-01", 14, 0), 62814143116712953);
		T_INT(hash_stable("a text of more than thirty-two bytes", 36, 7), 5945851528474994579);
	}
}

int main(void)
{
	test_hash();
	T_CASE("times: RFC 3339 in, the same instant out")
	{
		check_time("1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z");
		check_time("1969-12-31T23:59:59.999999Z", -1, "1969-12-31T23:59:59.999999Z");
		check_time("2000-02-29 12:00:00.5+02:00", INT64_C(951818400500000), "2000-02-29T10:00:00.500Z");
		check_time("0001-01-01T00:30:00+00:30", INT64_C(-62135596800000000), "0001-01-01T00:00:00Z");
		check_time("9999-12-31T23:59:59.999999Z", INT64_C(253402300799999999), "9999-12-31T23:59:59.999999Z");
		check_time("0001-01-01T00:00:00Z", INT64_C(-62135596800000000), "0001-01-01T00:00:00Z");
	}
	T_CASE("times: what is no time is refused")
	{
		static const char *const bad[] = { "", "2000-02-30T00:00:00Z", "2000-01-01T24:00:00Z", "2000-01-01T00:00:00.Z",
			"0000-12-31T23:59:59Z", "0001-01-01T00:30:00+01:00", "9999-12-31T23:30:00-01:00", "9999-12-31T23:59:60Z",
			"2000-01-01T00:00:00+2:00", "2000-01-01T00:00:00Zx", "2001-02-29T00:00:00Z", "2000-01-01" };
		int64_t us;
		for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
			if (time_parse(bad[i], strlen(bad[i]), &us, NULL))
				T_FAIL("'%s' was taken", bad[i]);
	}
	T_CASE("dates: every day of 8,000 years there and back")
	{
		for (int64_t d = date_from_civil(-2000, 1, 1), end = date_from_civil(6000, 1, 1); d < end; d++) {
			int64_t y;
			unsigned m, day;
			date_to_civil(d, &y, &m, &day);
			if (date_from_civil(y, m, day) != d)
				T_FAIL("day %lld", (long long)d);
		}
	}
	T_CASE("durations, sizes, rates")
	{
		int64_t ns;
		uint64_t size;
		double count;
		T_OK(duration_parse("1h30m", 5, &ns));
		T_INT(ns, 5400 * NS_PER_SEC);
		T_OK(duration_parse("0.25s", 5, &ns));
		T_INT(ns, 250000000);
		T_OK(!duration_parse("10", 2, &ns));
		T_OK(!duration_parse("10y", 3, &ns));
		T_OK(num_size("128MiB", 6, &size));
		T_INT(size, 128 << 20);
		T_OK(!num_size("12X", 3, &size));
		T_OK(num_rate("300/15m", 7, &count, &ns));
		T_DBL(count, 300);
		T_INT(ns, 900 * NS_PER_SEC);
		T_OK(num_rate("50/s", 4, &count, &ns));
		T_INT(ns, NS_PER_SEC);
		T_OK(!num_rate("0/s", 3, &count, &ns));
	}
	T_CASE("whole numbers at their limits")
	{
		int64_t i;
		uint64_t u;
		char out[24];
		T_OK(num_i64("-9223372036854775808", 20, &i));
		T_OK(i == INT64_MIN);
		T_MEM(out, fmt_i64(out, INT64_MIN), "-9223372036854775808", 20);
		T_OK(!num_i64("9223372036854775808", 19, &i));
		T_OK(num_u64("18446744073709551615", 20, &u));
		T_MEM(out, fmt_u64(out, u), "18446744073709551615", 20);
		T_OK(!num_u64("18446744073709551616", 20, &u));
	}
	T_CASE("pool: every job runs once, with and without threads")
	{
		for (unsigned threads = 1; threads <= 4; threads++) {
			atomic_int n = 0;
			struct pool *p = pool_new(threads);
			struct pool_group g = POOL_GROUP_INIT;
			for (int i = 0; i < 1000; i++)
				pool_submit(p, &g, add_one, &n);
			pool_wait(p, &g);
			T_INT(n, 1000);
			pool_free(p);
		}
	}
	T_CASE("rng: the same seed gives the same sequence")
	{
		struct rng a, b;
		rng_seed(&a, 42);
		rng_seed(&b, 42);
		for (int i = 0; i < 100; i++)
			T_OK(rng_next(&a) == rng_next(&b));
		for (int i = 0; i < 1000; i++)
			T_OK(rng_below(&a, 7) < 7);
	}
	return t_done();
}
