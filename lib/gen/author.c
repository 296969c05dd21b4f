/* SPDX-License-Identifier: MIT */
/* The authors: an id, a handle and the ready "author" object of each. */
#include "gen/impl.h"

#include <string.h>

static const char base36[] = "0123456789abcdefghijklmnopqrstuvwxyz";
static const char base32[] = "234567abcdefghijklmnopqrstuvwxyz";
static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void put_digits(struct buf *b, uint64_t v, const char *digits, unsigned bits, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		buf_putc(b, digits[v & ((1u << bits) - 1)]);
		v = v >> bits ? v >> bits : hash_u64(v + n + i);
	}
}

static void put_base36(struct buf *b, uint64_t v)
{
	char t[16];
	size_t n = sizeof t;
	do
		t[--n] = base36[v % 36];
	while ((v /= 36) && n);
	buf_put(b, t + n, sizeof t - n);
}

static void put_lower(struct buf *b, const char *s)
{
	for (; *s; s++)
		buf_putc(b, (char)(*s >= 'A' && *s <= 'Z' ? *s + 32 : *s));
}

static void put_handle(struct buf *b, unsigned net, uint32_t a, const char *first, const char *last, struct draw *d)
{
	uint32_t round = a / (uint32_t)(gen_nfirst * gen_nlast);
	switch (draw_below(d, 4)) {
	case 0:
		put_lower(b, first);
		buf_putc(b, net == NET_BLUESKY ? '-' : '_');
		put_lower(b, last);
		break;
	case 1:
		put_lower(b, first);
		put_lower(b, last);
		break;
	default:
		buf_puts(b, first);
		buf_puts(b, last);
		buf_u64(b, 10 + draw_below(d, 90));
	}
	if (round)
		buf_u64(b, round + 1);
	if (net == NET_BLUESKY)
		buf_puts(b, ".bsky.example");
}

static void put_id(struct buf *b, unsigned net, uint32_t a, const char *handle, size_t n, uint64_t r)
{
	switch (net) {
	case NET_X:
	case NET_FACEBOOK:
		buf_puts(b, net == NET_X ? "x:u:" : "fb:u:");
		/* Accounts of recent years have ids beyond 2^53, which a double would round. */
		buf_u64(b, r & 1 ? 1000000000000000000u + (r >> 8) : 1000000 + (uint64_t)a * 977 + (r >> 60));
		break;
	case NET_MASTODON:
		buf_printf(b, "ap:https://%s/users/", gen_hosts[r & 7]);
		buf_put(b, handle, n);
		break;
	case NET_BLUESKY:
		buf_puts(b, "did:plc:");
		put_digits(b, r, base32, 5, 24);
		break;
	case NET_REDDIT:
		buf_puts(b, "reddit:t2_");
		put_base36(b, 60466176 + (uint64_t)a * 7919 + (r & 4095));
		break;
	case NET_YOUTUBE:
		buf_puts(b, "yt:UC");
		put_digits(b, r, base64, 6, 22);
		break;
	default:
		buf_puts(b, "hn:");
		buf_put(b, handle, n);
	}
}

static void put_name(struct buf *b, const char *first, const char *last, struct draw *d)
{
	uint32_t r = draw_below(d, 100);
	if (r < 6)
		buf_puts(b, ",\"name\":null");
	else if (r < 8)
		buf_puts(b, ",\"name\":\"\"");
	else if (r < 10)
		buf_printf(b, ",\"name\":\"%s \\\"%c\\\" %s\"", first, *last, last);
	else if (r < 18)
		buf_printf(b, ",\"name\":\"%s %s\"", first, gen_emoji[1][draw_below(d, 16)]);
	else if (r < 96)
		buf_printf(b, ",\"name\":\"%s %s\"", first, last);
}

static void put_object(struct gen *g, struct buf *b, unsigned net, uint32_t a, const char *first, const char *last,
		       struct draw *d)
{
	bool bench = g->o.profile == GEN_BENCH;
	if (!bench)
		put_name(b, first, last, d);
	if (bench || net == NET_X || net == NET_MASTODON || net == NET_BLUESKY) {
		uint64_t followers = draw_below(d, 1u << (4 + draw_below(d, 13)));
		if (a < 40)
			followers += (uint64_t)(40 - a) * (40 - a) * 5000;
		if (!bench && draw_chance(d, 40))
			buf_puts(b, ",\"followers\":null");
		else
			buf_printf(b, ",\"followers\":%llu", (unsigned long long)followers);
	}
	if (bench || net == NET_X || net == NET_FACEBOOK)
		buf_puts(b, a < 40 || draw_chance(d, 60) ? ",\"verified\":true" : ",\"verified\":false");
	if (!bench && (net == NET_MASTODON || net == NET_REDDIT))
		buf_puts(b, draw_chance(d, 40) ? ",\"bot\":true" : ",\"bot\":false");
	buf_putc(b, '}');
}

static void make_author(struct gen *g, struct buf *b, unsigned net, uint32_t a, struct author *to)
{
	struct draw d = { hash_u64(g->key + ((uint64_t)net << 40) + a) };
	uint32_t people = (uint32_t)(gen_nfirst * gen_nlast), who = (uint32_t)(((uint64_t)a * 1103 + 17 * net) % people);
	const char *first = gen_first[who % gen_nfirst], *last = gen_last[who / gen_nfirst];
	buf_clear(b);
	put_handle(b, net, a, first, last, &d);
	to->nhandle = (uint16_t)b->n;
	to->handle = arena_strndup(&g->mem, b->p, b->n);
	to->lang = (uint8_t)alias_draw(&g->lang, draw(&d));
	buf_clear(b);
	put_id(b, net, a, to->handle, to->nhandle, draw(&d));
	to->nid = (uint16_t)b->n;
	to->id = arena_strndup(&g->mem, b->p, b->n);
	buf_clear(b);
	buf_printf(b, "{\"id\":\"%s\",\"handle\":\"%s\"", to->id, to->handle);
	put_object(g, b, net, a, first, last, &d);
	to->nobject = (uint32_t)b->n;
	to->object = arena_strndup(&g->mem, b->p, b->n);
}

void gen_authors(struct gen *g)
{
	struct buf b = BUF_INIT;
	g->authors = arena_array(&g->mem, (size_t)g->nauthors * GEN_NETWORKS, sizeof *g->authors);
	for (unsigned net = 0; net < GEN_NETWORKS; net++)
		for (uint32_t a = 0; a < g->nauthors; a++)
			make_author(g, &b, net, a, &g->authors[(size_t)net * g->nauthors + a]);
	buf_release(&b);
}
