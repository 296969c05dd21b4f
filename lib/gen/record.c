/* SPDX-License-Identifier: MIT */
/* One post as a line of JSON. */
#include "gen/impl.h"

#include "base/clock.h"

#include <string.h>

#define ROOM 32768      /* more than the longest line: text 2 KiB, html at most five times that */

static const char *const kind_names[] = { "post", "reply", "comment", "repost", "quote" };

static inline char *put(char *p, const char *s, size_t n)
{
	memcpy(p, s, n);
	return p + n;
}
#define LIT(p, s) put((p), (s), sizeof(s) - 1)

static inline char *put_str(char *p, const char *s)
{
	return put(p, s, strlen(s));
}

static char *put_time(char *p, int64_t us)
{
	*p++ = '"';
	p += time_format(p, us, -1, true);
	*p++ = '"';
	return p;
}

/* What the network tells: milliseconds or whole seconds. */
static int64_t created_at(const struct head *h)
{
	int64_t step = h->net == NET_MASTODON || h->net == NET_BLUESKY ? 1000 : US_PER_SEC;
	return time_floor_div(h->us, step) * step;
}

static char *put_identity(const struct gen *g, const struct head *h, char *p)
{
	p = LIT(p, "{\"id\":\"");
	p += gen_id(g, h, p);
	p = LIT(p, "\",\"network\":\"");
	p = put_str(p, gen_network_names[h->net]);
	p = LIT(p, "\",\"native_id\":\"");
	p += gen_native_id(g, h, p);
	p = h->op == OP_DELETE ? LIT(p, "\",\"op\":\"delete\",\"kind\":\"") : LIT(p, "\",\"op\":\"upsert\",\"kind\":\"");
	p = put_str(p, kind_names[h->kind]);
	p = LIT(p, "\",\"created_at\":");
	int64_t us = created_at(h);
	p = put_time(p, us);
	p = LIT(p, ",\"created_date\":\"");
	p += date_format(p, (int32_t)time_floor_div(us, US_PER_DAY));
	*p++ = '"';
	if (g->o.profile == GEN_SAMPLE && h->net == NET_BLUESKY) {
		p = LIT(p, ",\"indexed_at\":");
		p = put_time(p, h->us + 180000);
	}
	if (h->op == OP_EDIT) {
		p = LIT(p, ",\"edited_at\":");
		p = put_time(p, h->now / 1000 * 1000);
	}
	p = LIT(p, ",\"observed_at\":");
	return put_time(p, (h->now + 731000) / 1000 * 1000);
}

/* Counts with a long tail: below 2^k for an even k. */
static uint32_t tail(struct draw *d, uint32_t most_bits)
{
	return draw_below(d, 1u << draw_below(d, most_bits + 1));
}

static char *put_count(char *p, const char *name, uint64_t v)
{
	p = put_str(p, name);
	return p + fmt_u64(p, v);
}

static char *put_metrics(const struct gen *g, const struct head *h, struct draw *d, char *p)
{
	uint32_t likes = tail(d, 13), replies = tail(d, 6), reposts = tail(d, 9);
	bool bench = g->o.profile == GEN_BENCH;
	if (!bench && draw_chance(d, 50))
		return draw_chance(d, 500) ? LIT(p, ",\"metrics\":null") : p;
	if (!bench && (h->net == NET_REDDIT || h->net == NET_HN)) {
		p = put_count(p, ",\"metrics\":{\"score\":", likes);
		p = h->kind == KIND_POST ? put_count(p, ",\"replies\":", replies) : p;
		return LIT(p, "}");
	}
	p = put_count(p, ",\"metrics\":{\"likes\":", likes);
	p = put_count(p, ",\"replies\":", replies);
	if (bench || h->net != NET_YOUTUBE)
		p = put_count(p, ",\"reposts\":", reposts);
	if (!bench && h->net == NET_X) {
		p = put_count(p, ",\"quotes\":", reposts / 7);
		p = draw_chance(d, 100) ? LIT(p, ",\"views\":null") : put_count(p, ",\"views\":", likes * UINT64_C(37) + reposts);
	}
	return LIT(p, "}");
}

static char *put_tags(const struct content *c, bool always, char *p)
{
	if (!always && !c->ntags)
		return p;
	p = LIT(p, ",\"tags\":[");
	for (uint32_t i = 0; i < c->ntags; i++) {
		p = i ? LIT(p, ",\"") : LIT(p, "\"");
		p = put_str(p, c->tags[i]);
		*p++ = '"';
	}
	*p++ = ']';
	return p;
}

static char *put_text(const struct head *h, const struct content *c, char *p)
{
	p = LIT(p, ",\"text\":\"");
	p = put(p, c->text, c->ntext);
	if (h->op == OP_EDIT)
		p = LIT(p, " (edited)");
	*p++ = '"';
	return p;
}

static char *put_html(const struct head *h, const struct content *c, char *p)
{
	p = LIT(p, ",\"html\":\"<p>");
	for (size_t i = 0; i < c->ntext; i++) {
		char ch = c->text[i];
		if (ch == '&')
			p = LIT(p, "&amp;");
		else if (ch == '<')
			p = LIT(p, "&lt;");
		else if (ch == '>')
			p = LIT(p, "&gt;");
		else
			*p++ = ch;
	}
	p = h->op == OP_EDIT ? LIT(p, " (edited)") : p;
	return LIT(p, "</p>\"");
}

/* Title, text, html, language, address: what is said. */
static char *put_body(const struct gen *g, const struct head *h, const struct content *c, struct draw *d, char *p)
{
	if (h->net == NET_REDDIT) {
		p = LIT(p, ",\"group\":\"");
		p = put_str(p, gen_topics[c->topic].group);
		*p++ = '"';
	}
	if (h->kind == KIND_POST && (h->net == NET_REDDIT || h->net == NET_HN)) {
		p = LIT(p, ",\"title\":\"About ");
		p = put_str(p, gen_topics[c->topic].phrase);
		p = LIT(p, "\"");
	}
	if (h->kind == KIND_POST && h->net == NET_HN)
		p = LIT(p, ",\"text\":null");
	else
		p = put_text(h, c, p);
	if (h->net == NET_MASTODON || (h->net == NET_HN && h->kind != KIND_POST))
		p = put_html(h, c, p);
	p = LIT(p, ",\"lang\":\"");
	p = draw_chance(d, 30) ? LIT(p - 1, "null") : LIT(put_str(p, gen_langs[c->lang].code), "\"");
	p = LIT(p, ",\"url\":\"");
	p += gen_url(g, h, p);
	*p++ = '"';
	return p;
}

static char *put_relations(const struct gen *g, const struct head *h, const struct head *about, struct draw *d, char *p)
{
	static const char *const names[] = { "", "reply_to", "reply_to", "repost_of", "quote_of" };
	if (about) {
		p = LIT(p, ",\"thread_id\":\"");
		p += gen_id(g, about, p);
		p = LIT(p, "\",\"refs\":[{\"type\":\"");
		p = put_str(p, names[h->kind]);
		p = LIT(p, "\",\"id\":\"");
		p += gen_id(g, about, p);
		p = LIT(p, "\"}]");
	} else if (h->net == NET_YOUTUBE) {
		p = LIT(p, ",\"thread_id\":\"yt:v:demo\",\"refs\":[]");
	}
	if (h->net == NET_X && draw_chance(d, 20)) {
		struct head before = *h;
		before.us -= 60 * US_PER_SEC;
		p = LIT(p, ",\"prior_ids\":[\"");
		p += gen_id(g, &before, p);
		p = LIT(p, "\"]");
	}
	return p;
}

static char *put_links(struct draw *d, const char *name, char *p)
{
	p = put_str(p, name);
	p = put_str(p, gen_sites[draw_below(d, 8)]);
	p += fmt_u64(p, 1000 + tail(d, 20));
	*p++ = '"';
	return p;
}

static char *put_media(struct draw *d, char *p)
{
	uint32_t r = draw_below(d, 4);
	p = LIT(p, ",\"media\":[{\"type\":\"");
	p = r ? LIT(p, "photo\"") : LIT(p, "video\"");
	p = r ? put_links(d, ",\"url\":\"", p) : LIT(p, ",\"url\":null");
	p = r == 1 ? LIT(p, ",\"alt\":\"\"") : r == 2 ? LIT(p, ",\"alt\":\"a street in the rain\"") : p;
	p = put_count(p, ",\"width\":", 320 + 16 * draw_below(d, 100));
	p = put_count(p, ",\"height\":", 240 + 16 * draw_below(d, 60));
	return LIT(p, "}]");
}

static char *put_place(struct draw *d, char *p)
{
	const struct gen_place *at = &gen_places[draw_below(d, (uint32_t)gen_nplaces)];
	p = LIT(p, ",\"place\":{\"name\":\"");
	p = put_str(p, at->name);
	p = LIT(p, "\",\"country\":\"");
	p = put_str(p, at->country);
	if (draw_chance(d, 250))
		return LIT(p, "\",\"lat\":null,\"lon\":null}");
	p = LIT(p, "\",\"lat\":");
	p = put_str(p, at->lat);
	p = LIT(p, ",\"lon\":");
	p = put_str(p, at->lon);
	return LIT(p, "}");
}

static char *put_rest(const struct gen *g, const struct head *h, const struct content *c, struct draw *d, char *p)
{
	p = put_tags(c, draw_chance(d, 300), p);
	if (c->mention) {
		const struct author *a = gen_author(g, h->net, c->mention - 1);
		p = LIT(p, ",\"mentions\":[{\"id\":\"");
		p = put(p, a->id, a->nid);
		p = LIT(p, "\",\"handle\":\"");
		p = put(p, a->handle, a->nhandle);
		p = LIT(p, "\"}]");
	}
	uint32_t r = draw_below(d, 1000);
	if (r < 140) {
		p = put_links(d, ",\"links\":[\"", p);
		p = r < 20 ? put_links(d, ",\"", p) : p;
		*p++ = ']';
	}
	if (r % 100 < 12)
		p = put_media(d, p);
	if (r % 50 < 3)
		p = put_place(d, p);
	else if (r % 50 < 5)
		p = LIT(p, ",\"place\":null");
	if (h->net == NET_MASTODON || r % 10 == 7)
		p = r % 40 == 7 ? LIT(p, ",\"sensitive\":true") : LIT(p, ",\"sensitive\":false");
	return p;
}

void gen_record(struct gen *g, const struct head *h, const struct head *about, struct buf *b)
{
	struct content *c = &g->scratch;
	struct draw d = { h->key ^ 0x626f6479u };
	char *p = buf_reserve(b, ROOM);
	p = put_identity(g, h, p);
	if (h->op == OP_DELETE) {
		p = LIT(p, "}\n");
		b->n = (size_t)(p - b->p);
		return;
	}
	gen_content(g, about && h->kind == KIND_REPOST ? about : h, c);
	const struct author *a = gen_author(g, h->net, h->author);
	p = LIT(p, ",\"author\":");
	if (g->o.profile == GEN_SAMPLE) {
		p = draw_chance(&d, 15) ? LIT(p, "null") : put(p, a->object, a->nobject);
		p = put_body(g, h, c, &d, p);
		p = put_relations(g, h, about, &d, p);
		p = put_metrics(g, h, &d, p);
		p = put_rest(g, h, c, &d, p);
	} else {
		p = put(p, a->object, a->nobject);
		p = put_text(h, c, p);
		p = LIT(p, ",\"lang\":\"");
		p = draw_chance(&d, 30) ? LIT(p - 1, "null") : LIT(put_str(p, gen_langs[c->lang].code), "\"");
		p = put_metrics(g, h, &d, p);
		p = put_tags(c, true, p);
	}
	p = LIT(p, "}\n");
	b->n = (size_t)(p - b->p);
}
