/* SPDX-License-Identifier: MIT */
/* Draws records one by one, and now and then an edit, a deletion or a repost of an earlier one. */
#include "gen/impl.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/near.h"
#include "base/num.h"

#include <string.h>

#define AUTHORS 4096u
#define MAX_AUTHORS 1000000u
#define LOOK_BACK 4000u         /* how far back edits, deletions and answers reach */
#define TRIES 24

const char *const gen_network_names[GEN_NETWORKS] = { "x", "facebook", "mastodon", "bluesky", "reddit", "youtube",
	"hackernews" };
static const double network_weight[2][GEN_NETWORKS] = {
	[GEN_SAMPLE] = { 34, 14, 14, 13, 12, 8, 5 },
	[GEN_BENCH] = { 60, 14, 4, 4, 10, 5, 3 },
};

/* Networks where an edit keeps the id; X gives an edited post a new one. */
#define KEEPS_ID (1u << NET_FACEBOOK | 1u << NET_MASTODON | 1u << NET_REDDIT | 1u << NET_YOUTUBE)

/* Shares of post, reply, comment, repost, quote, of 1000. */
static const uint16_t kinds[GEN_NETWORKS][5] = {
	{ 560, 220, 0, 150, 70 }, { 550, 0, 450, 0, 0 }, { 560, 280, 0, 160, 0 }, { 560, 250, 0, 120, 70 },
	{ 350, 0, 650, 0, 0 }, { 0, 0, 1000, 0, 0 }, { 200, 0, 800, 0, 0 },
};

static void gen_head(const struct gen *g, uint64_t i, struct head *h)
{
	struct draw d = { hash_u64(g->key + i * 0xd1342543de82ef95u) };
	h->i = i;
	h->key = d.s;
	uint64_t r = draw(&d);
	uint32_t op = (uint32_t)r, kind = (uint32_t)((r >> 32) * 1000 >> 32), k = 0;
	h->op = op < g->edits ? OP_EDIT : op - g->edits < g->deletes ? OP_DELETE : OP_POST;
	h->net = (uint8_t)alias_draw(&g->net, draw(&d));
	while (kind >= kinds[h->net][k])
		kind -= kinds[h->net][k++];
	h->kind = (uint8_t)k;
	h->author = alias_draw(&g->author, draw(&d));
}

static void gen_when(const struct gen *g, struct head *h)
{
	struct draw d = { h->key ^ 0x7768656eu };
	uint32_t r = draw_below(&d, 1000);
	int64_t late = draw_below(&d, r < 15 ? 600000000u : r < 80 ? 30000000u : 3000000u);
	h->now = gen_time(g, h->i);
	h->us = h->now - late < g->o.start_us ? g->o.start_us : h->now - late;
}

/* An earlier original that H may speak of: one to edit or delete (the two never meet in
 * one post: each takes those of its own parity), or one of the same network to answer. */
static bool find_earlier(const struct gen *g, const struct head *h, struct head *to)
{
	struct draw d = { h->key ^ 0x66696e64u };
	uint64_t reach = h->i < LOOK_BACK ? h->i : LOOK_BACK;
	for (int t = 0; reach && t < TRIES; t++) {
		gen_head(g, h->i - 1 - draw_below(&d, (uint32_t)reach), to);
		if (to->op != OP_POST || to->kind == KIND_REPOST)
			continue;
		bool fits = h->op == OP_EDIT	 ? (KEEPS_ID >> to->net & 1) && !(to->key & 1)
			    : h->op == OP_DELETE ? to->key & 1
						 : to->net == h->net;
		if (fits) {
			gen_when(g, to);
			return true;
		}
	}
	return false;
}

static void next_change(struct gen *g, const struct head *h, const struct head *earlier, struct buf *b)
{
	struct head changed = *earlier, about;
	bool answers = earlier->kind != KIND_POST && find_earlier(g, earlier, &about);
	changed.op = h->op;
	changed.now = h->now;
	gen_record(g, &changed, answers ? &about : NULL, b);
}

bool gen_next(struct gen *g, struct buf *b)
{
	struct head h, earlier;
	if (g->next == g->o.count)
		return false;
	gen_head(g, g->next++, &h);
	gen_when(g, &h);
	if (h.op != OP_POST) {
		if (find_earlier(g, &h, &earlier)) {
			next_change(g, &h, &earlier, b);
			return true;
		}
		h.op = OP_POST;
	}
	bool needs = h.kind == KIND_REPOST || (h.kind != KIND_POST && g->o.profile == GEN_SAMPLE);
	bool answers = needs && find_earlier(g, &h, &earlier);
	gen_record(g, &h, answers ? &earlier : NULL, b);
	return true;
}

/* "x=3,reddit" over NAMES: the weight given, the usual one without; those not named get 0. */
static int parse_weights(const char *what, const char *list, const char *const *names, size_t n, const double *usual,
			 double *weight, struct err *e)
{
	memset(weight, 0, n * sizeof *weight);
	while (*list) {
		size_t len = strcspn(list, ","), name = strcspn(list, ",="), i = 0;
		uint64_t w = 0;
		while (i < n && (strlen(names[i]) != name || memcmp(names[i], list, name) != 0))
			i++;
		struct near near = near_to(list, name);
		for (size_t k = 0; i == n && k < n; k++)
			near_name(&near, names[k], strlen(names[k]));
		if (i == n)
			return err_set(e, ERR_USAGE, "unknown %s '%.*s'%s", what, (int)name, list, near_hint(&near, "", ""));
		if (name < len && (!num_u64(list + name + 1, len - name - 1, &w) || !w || w > 1000000))
			return err_set(e, ERR_USAGE, "weight of %s '%.*s' must be a whole number from 1 to 1000000",
				       what, (int)len, list);
		weight[i] = name < len ? (double)w : usual[i];
		list += len + (list[len] == ',');
	}
	for (size_t i = 0; i < n; i++)
		if (weight[i] > 0)
			return 0;
	return err_set(e, ERR_USAGE, "no %s given", what);
}

static int set_networks(struct gen *g, struct err *e)
{
	double w[GEN_NETWORKS];
	const double *usual = network_weight[g->o.profile];
	memcpy(w, usual, sizeof w);
	int rc = g->o.networks ? parse_weights("network", g->o.networks, gen_network_names, GEN_NETWORKS, usual, w, e) : 0;
	if (!rc)
		alias_init(&g->net, &g->mem, w, GEN_NETWORKS);
	return rc;
}

static int set_langs(struct gen *g, struct err *e)
{
	const char **names = arena_array(&g->mem, gen_nlangs, sizeof *names);
	double *usual = arena_array(&g->mem, gen_nlangs, sizeof *usual), *w = arena_array(&g->mem, gen_nlangs, sizeof *w);
	for (size_t i = 0; i < gen_nlangs; i++) {
		names[i] = gen_langs[i].code;
		w[i] = usual[i] = gen_langs[i].weight;
	}
	int rc = g->o.langs ? parse_weights("language", g->o.langs, names, gen_nlangs, usual, w, e) : 0;
	if (!rc)
		alias_init(&g->lang, &g->mem, w, (uint32_t)gen_nlangs);
	return rc;
}

static void set_topics_and_authors(struct gen *g)
{
	double *w = arena_array(&g->mem, gen_ntopics, sizeof *w);
	for (size_t i = 0; i < gen_ntopics; i++)
		w[i] = gen_topics[i].weight;
	alias_init(&g->topic, &g->mem, w, (uint32_t)gen_ntopics);
	w = mem_array(NULL, g->nauthors, sizeof *w);
	for (uint32_t i = 0; i < g->nauthors; i++)
		w[i] = 1.0 / (i + 3);
	alias_init(&g->author, &g->mem, w, g->nauthors);
	mem_free(w);
}

static int check(const struct gen_opts *o, struct err *e)
{
	/* Year 1 to 9999: what RFC 3339 can say. X's ids start in 2010. */
	if (o->start_us < INT64_C(1293840000000000) || o->start_us > INT64_C(3000000000000000))
		return err_set(e, ERR_USAGE, "the start must be from 2011-01-01 to 2065-01-24");
	if (o->span_us < US_PER_SEC || o->span_us > 3660 * US_PER_DAY)
		return err_set(e, ERR_USAGE, "the span must be from 1s to 3660d");
	if (o->count >= UINT64_C(1) << 40)
		return err_set(e, ERR_USAGE, "the number of posts must be at most %llu", (1ull << 40) - 1);
	if (o->authors > MAX_AUTHORS)
		return err_set(e, ERR_USAGE, "the number of authors must be at most %u per network", MAX_AUTHORS);
	if (o->bursts > GEN_MAX_BURSTS)
		return err_set(e, ERR_USAGE, "the number of bursts must be at most %d", GEN_MAX_BURSTS);
	if (!(o->edits >= 0 && o->deletes >= 0 && o->edits + o->deletes <= 50))
		return err_set(e, ERR_USAGE, "edits and deletions together must be from 0 to 50 percent");
	return 0;
}

int gen_new(struct gen **out, const struct gen_opts *o, struct err *e)
{
	int rc = check(o, e);
	if (rc)
		return rc;
	struct gen *g = mem_zalloc(sizeof *g);
	g->o = *o;
	g->key = hash_u64(o->seed + 0x736d67656eu);
	g->nauthors = o->authors ? (uint32_t)o->authors : AUTHORS;
	g->edits = (uint32_t)(o->edits * 42949672.96);
	g->deletes = (uint32_t)(o->deletes * 42949672.96);
	if ((rc = set_networks(g, e)) || (rc = set_langs(g, e))) {
		gen_free(g);
		return rc;
	}
	set_topics_and_authors(g);
	gen_authors(g);
	gen_sentences(g);
	gen_schedule(g);
	*out = g;
	return 0;
}

void gen_free(struct gen *g)
{
	if (!g)
		return;
	arena_release(&g->mem);
	mem_free(g);
}
