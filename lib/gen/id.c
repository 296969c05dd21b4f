/* SPDX-License-Identifier: MIT */
/* Ids as the networks make them, each unique because the post's number is in it. */
#include "gen/impl.h"

#include "base/clock.h"

#include <string.h>

/* The first millisecond of X's ids ("snowflakes": 41 bits of time, 22 bits below). */
#define X_EPOCH_MS INT64_C(1288834974657)

static const char base32[] = "234567abcdefghijklmnopqrstuvwxyz";
static const char base36[] = "0123456789abcdefghijklmnopqrstuvwxyz";
static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static inline size_t put(char *to, const char *s, size_t n)
{
	memcpy(to, s, n);
	return n;
}

static size_t put_bits(char *to, uint64_t v, const char *digits, unsigned bits, unsigned n)
{
	for (unsigned i = n; i--; v >>= bits)
		to[i] = digits[v & ((1u << bits) - 1)];
	return n;
}

static size_t put_base36(char *to, uint64_t v)
{
	char t[16];
	size_t n = sizeof t;
	do
		t[--n] = base36[v % 36];
	while (v /= 36);
	return put(to, t + n, sizeof t - n);
}

/* A did repository's record key: microseconds and a clock number, in sortable base 32. */
static uint64_t tid(const struct head *h)
{
	return (uint64_t)h->us << 10 | (h->i & 1023);
}

size_t gen_native_id(const struct gen *g, const struct head *h, char *to)
{
	const struct author *a = gen_author(g, h->net, h->author);
	int64_t ms = time_floor_div(h->us, 1000);
	size_t n = 0;
	switch (h->net) {
	case NET_X:
		return fmt_u64(to, (uint64_t)(ms - X_EPOCH_MS) << 22 | (h->i & 0x3FFFFF));
	case NET_FACEBOOK:
		n = fmt_u64(to, 100000000000000u + h->author);
		to[n++] = '_';
		return n + fmt_u64(to + n, (g->key >> 54) * 100000000000u + h->i * 7 + 1);
	case NET_MASTODON:
		return fmt_u64(to, (uint64_t)ms << 16 | (h->i & 0xFFFF));
	case NET_BLUESKY:
		n = put(to, "at://", 5);
		n += put(to + n, a->id, a->nid);
		n += put(to + n, "/app.bsky.feed.post/", 20);
		return n + put_bits(to + n, tid(h), base32, 5, 13);
	case NET_REDDIT:
		n = put(to, h->kind == KIND_POST ? "t3_" : "t1_", 3);
		return n + put_base36(to + n, 101559956668416u + (g->key >> 44 << 20) + h->i);
	case NET_YOUTUBE:
		n = put(to, "Ug", 2);
		n += put_bits(to + n, hash_u64(h->i + g->key), base64, 6, 11);
		return n + put_bits(to + n, h->key, base64, 6, 11);
	default:
		return fmt_u64(to, 45000000 + (g->key >> 44) + h->i);
	}
}

size_t gen_id(const struct gen *g, const struct head *h, char *to)
{
	static const char *const prefix[GEN_NETWORKS] = { "x:", "fb:", "", "", "reddit:", "yt:", "hn:" };
	if (h->net == NET_MASTODON) {
		const struct author *a = gen_author(g, h->net, h->author);
		size_t n = put(to, a->id, a->nid);
		n += put(to + n, "/statuses/", 10);
		return n + gen_native_id(g, h, to + n);
	}
	size_t n = put(to, prefix[h->net], strlen(prefix[h->net]));
	return n + gen_native_id(g, h, to + n);
}

size_t gen_url(const struct gen *g, const struct head *h, char *to)
{
	static const char *const base[GEN_NETWORKS] = { "https://x.com/i/web/status/", "https://www.facebook.com/", "",
		"https://bsky.app/profile/", "https://www.reddit.com/comments/", "https://www.youtube.com/watch?v=demo&lc=",
		"https://news.ycombinator.com/item?id=" };
	size_t n = put(to, base[h->net], strlen(base[h->net]));
	if (h->net == NET_MASTODON) {
		n = gen_id(g, h, to) - 3;       /* without "ap:" */
		memmove(to, to + 3, n);
		return n;
	}
	return n + gen_native_id(g, h, to + n);
}
