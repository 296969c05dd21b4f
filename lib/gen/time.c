/* SPDX-License-Identifier: MIT */
/* When posts happen: intensity by the hour of the day and the day of the week, and bursts. */
#include "gen/impl.h"

#include "base/clock.h"
#include "base/mem.h"

#define MAX_BUCKETS 40000
#define PEAK 800        /* of 1000 posts, at the height of a burst */
#define MINUTE (60 * US_PER_SEC)

static const unsigned char by_hour[24] = { 46, 36, 30, 26, 26, 30, 40, 54, 66, 74, 78, 82, 88, 90, 88, 86, 88, 94, 100, 104,
	104, 96, 80, 62 };

/* The share (of 1000) of the talk that a burst takes at time US: up within a fifth of it, then slowly down. */
static unsigned burst_share(const struct burst *b, int64_t us)
{
	if (us < b->from || us >= b->to)
		return 0;
	int64_t len = b->to - b->from, at = us - b->from, peak = len / 5 ? len / 5 : 1;
	return at < peak ? (unsigned)(PEAK * at / peak) : (unsigned)(PEAK * (len - at) / (len - peak));
}

static uint64_t intensity(const struct gen *g, int64_t us)
{
	int64_t day = time_floor_div(us, US_PER_DAY);
	unsigned hour = (unsigned)((us - day * US_PER_DAY) / (60 * MINUTE));
	unsigned weekday = (unsigned)(((day % 7) + 7) % 7);     /* 0 is Thursday */
	uint64_t w = by_hour[hour] * (weekday == 2 || weekday == 3 ? 115u : 100u);
	unsigned extra = 0;
	for (uint32_t i = 0; i < g->nbursts; i++)
		extra += burst_share(&g->bursts[i], us);
	return w * (1000 + 3 * extra);
}

/* One burst ends up in each equal part of the span, the last one in its last hours. */
static void place_bursts(struct gen *g)
{
	uint32_t first = 0, n = (uint32_t)g->o.bursts;
	while (gen_topics[first].weight)
		first++;
	uint32_t pool = (uint32_t)gen_ntopics - first;
	struct draw d = { hash_u64(g->key ^ 0x6275727374u) };
	g->bursts = arena_array(&g->mem, n ? n : 1, sizeof *g->bursts);
	g->nbursts = n;
	uint32_t shift = draw_below(&d, pool);
	for (uint32_t i = 0; i < n; i++) {
		struct burst *b = &g->bursts[i];
		int64_t part = g->o.span_us / n, len = (180 + draw_below(&d, 300)) * MINUTE;
		if (len > part)
			len = part;
		int64_t slack = part - len;
		if (i == n - 1 && part > US_PER_DAY)
			slack = part - US_PER_DAY / 2 + (int64_t)draw_below(&d, 180) * MINUTE;
		else
			slack = (int64_t)((unsigned __int128)draw(&d) * (uint64_t)(slack + 1) >> 64);
		b->from = g->o.start_us + part * i + slack;
		b->to = b->from + len;
		b->topic = first + (shift + i * 5) % pool;
	}
}

void gen_schedule(struct gen *g)
{
	place_bursts(g);
	g->bucket_us = 5 * MINUTE;
	while (g->o.span_us / g->bucket_us >= MAX_BUCKETS)
		g->bucket_us *= 2;
	g->nbuckets = (uint32_t)((g->o.span_us + g->bucket_us - 1) / g->bucket_us);
	g->cum = arena_array(&g->mem, g->nbuckets, sizeof *g->cum);
	uint64_t sum = 0;
	for (uint32_t i = 0; i < g->nbuckets; i++) {
		int64_t from = (int64_t)i * g->bucket_us, left = g->o.span_us - from;
		uint64_t w = intensity(g, g->o.start_us + from + g->bucket_us / 2);
		if (left < g->bucket_us)
			w = (uint64_t)((unsigned __int128)w * (uint64_t)left / (uint64_t)g->bucket_us);
		g->cum[i] = sum += w ? w : 1;
	}
	g->step = (double)sum / (2 * (double)g->o.count);
}

/* The time at the quantile (2i + 1) / 2n of the intensity. Each statement rounds once, so
 * that a compiler which fuses multiplications and additions changes nothing. */
int64_t gen_time(const struct gen *g, uint64_t i)
{
	double at = (double)(2 * i + 1) * g->step;
	uint64_t whole = (uint64_t)at;
	uint32_t lo = 0, hi = g->nbuckets - 1;
	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;
		if (g->cum[mid] > whole)
			hi = mid;
		else
			lo = mid + 1;
	}
	uint64_t below = lo ? g->cum[lo - 1] : 0;
	int64_t from = (int64_t)lo * g->bucket_us, len = g->bucket_us;
	if (len > g->o.span_us - from)
		len = g->o.span_us - from;
	double part = at - (double)below;
	part /= (double)(g->cum[lo] - below);
	part *= (double)len;
	return g->o.start_us + from + ((int64_t)part < len ? (int64_t)part : len - 1);
}

int64_t gen_burst_topic(const struct gen *g, int64_t us, uint32_t permille)
{
	if (!g->nbursts)
		return -1;
	int64_t k = (us - g->o.start_us) / (g->o.span_us / g->nbursts);
	if (us < g->o.start_us || k >= g->nbursts)
		return -1;
	const struct burst *b = &g->bursts[k];
	return permille < burst_share(b, us) ? (int64_t)b->topic : -1;
}
