/* SPDX-License-Identifier: MIT */
/* What people write: sentences of a mood about a topic, in their language, with
 * emoji, hashtags, mentions and links. */
#include "gen/impl.h"

#include "base/clock.h"
#include "base/mem.h"

#include <string.h>

/* Texts that break careless programs; one in 250 of a sample is one of these. */
static const char *const odd_texts[] = {
	"", " ", "null", "\\\"quoted\\\" and \\\\backslashed\\\\ C:\\\\temp\\\\new", "tab\\there, line\\nbreak, return\\r\\nend",
	"\\u0041\\u00e9\\u4e2d\\ud83d\\ude80 written as escapes", "5 < 7 && \\\"a\\\" > 'b' &amp; so on",
	"zero\\u200bwidth and right-to-left \\u202eabc\\u202c marks", "👨‍👩‍👧‍👦 🏳️‍🌈 🇵🇹 e\\u0301 ﷽ 𝕬𝖓", "a,b;c\\td=e {f} (g)",
	"1e400 -0 00123 9007199254740993 true", "\\/slashes\\/ \\b\\f", "ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ",
	"line separators \\u2028 and \\u2029", "#", "@", "$mark",
};
#define NODD (sizeof odd_texts / sizeof *odd_texts)

static uint32_t cut(struct arena *mem, const char *s, const struct piece **out)
{
	struct piece tmp[32] = { { NULL, 0, 0 } };
	uint32_t n = 0;
	while (*s && n < 32) {
		const char *open = strchr(s, '{');
		while (open && !(open[1] && open[2] == '}'))
			open = strchr(open + 1, '{');
		size_t len = open ? (size_t)(open - s) : strlen(s);
		tmp[n++] = (struct piece){ s, (uint32_t)len, open ? open[1] : '\0' };
		s += open ? len + 3 : len;
	}
	struct piece *p = arena_array(mem, n, sizeof *p);
	memcpy(p, tmp, n * sizeof *p);
	*out = p;
	return n;
}

void gen_sentences(struct gen *g)
{
	g->say = arena_array(&g->mem, gen_nlangs * GEN_MOODS, sizeof *g->say);
	for (size_t l = 0; l < gen_nlangs; l++) {
		for (int m = 0; m < GEN_MOODS; m++) {
			const char *const *text = gen_langs[l].sentences[m];
			struct sentences *to = &g->say[l * GEN_MOODS + (size_t)m];
			while (text[to->n])
				to->n++;
			to->v = arena_array(&g->mem, to->n, sizeof *to->v);
			for (uint32_t i = 0; i < to->n; i++)
				to->v[i].n = cut(&g->mem, text[i], &to->v[i].piece);
		}
	}
}

static inline char *put(char *p, const char *s, size_t n)
{
	memcpy(p, s, n);
	return p + n;
}

static char *put_str(char *p, const char *s)
{
	return put(p, s, strlen(s));
}

static void add_tag(struct content *c, const char *tag)
{
	for (uint32_t i = 0; i < c->ntags; i++)
		if (c->tags[i] == tag)
			return;
	if (c->ntags < 4)
		c->tags[c->ntags++] = tag;
}

static char *put_slot(const struct gen *g, const struct head *h, struct content *c, struct draw *d, char slot, char *p)
{
	const struct gen_topic *t = &gen_topics[c->topic];
	switch (slot) {
	case 't':
		return put_str(p, t->phrase);
	case 'h':
		add_tag(c, t->tag);
		*p++ = '#';
		return put_str(p, t->tag);
	case 'p':
		return put_str(p, gen_places[draw_below(d, (uint32_t)gen_nplaces)].name);
	case 'n':
		return p + fmt_u64(p, 2 + draw_below(d, 58));
	case 'd':
		return put_str(p, gen_weekdays[draw_below(d, 7)]);
	default:
		if (!c->mention)
			c->mention = 1 + alias_draw(&g->author, draw(d));
		const struct author *a = gen_author(g, h->net, c->mention - 1);
		*p++ = '@';
		return put(p, a->handle, a->nhandle);
	}
}

static char *put_sentence(const struct gen *g, const struct head *h, struct content *c, struct draw *d, char *p)
{
	const struct sentences *all = &g->say[c->lang * GEN_MOODS + c->mood];
	const struct sentence *s = &all->v[draw_below(d, all->n)];
	char *from = p;
	for (uint32_t i = 0; i < s->n; i++) {
		p = put(p, s->piece[i].p, s->piece[i].n);
		if (s->piece[i].slot)
			p = put_slot(g, h, c, d, s->piece[i].slot, p);
	}
	if (*from >= 'a' && *from <= 'z')
		*from = (char)(*from - 32);
	return p;
}

static uint8_t pick_mood(struct draw *d, int bias)
{
	static const unsigned good[5] = { 60, 180, 330, 520, 680 };
	uint32_t r = draw_below(d, 1000);
	if (r < good[bias + 2])
		return GEN_GOOD;
	return r < good[bias + 2] + good[2 - bias] ? GEN_BAD : GEN_NEUTRAL;
}

static char *put_extras(const struct gen *g, struct content *c, struct draw *d, char *p)
{
	uint32_t r = draw_below(d, 1000);
	if (r < 300) {
		for (uint32_t n = r < 60 ? 1 + r % 3 : 1; n; n--) {
			*p++ = ' ';
			p = put_str(p, gen_emoji[c->mood][draw_below(d, 16)]);
		}
	}
	if (r % 20 < 11 && !c->ntags) {
		add_tag(c, gen_topics[c->topic].tag);
		p = put(p, " #", 2);
		p = put_str(p, gen_topics[c->topic].tag);
	}
	if (r % 20 < 3) {
		const char *tag = gen_topics[alias_draw(&g->topic, draw(d))].tag;
		uint32_t n = c->ntags;
		add_tag(c, tag);
		if (c->ntags > n) {
			p = put(p, " #", 2);
			p = put_str(p, tag);
		}
	}
	return p;
}

void gen_content(const struct gen *g, const struct head *h, struct content *c)
{
	struct draw d = { h->key ^ 0x74657874u };
	int64_t burst = gen_burst_topic(g, h->us, draw_below(&d, 1000));
	c->topic = burst >= 0 ? (uint32_t)burst : alias_draw(&g->topic, draw(&d));
	c->lang = draw_chance(&d, 920) ? gen_author(g, h->net, h->author)->lang : (uint8_t)alias_draw(&g->lang, draw(&d));
	c->mood = pick_mood(&d, gen_topics[c->topic].mood);
	c->ntags = c->mention = 0;
	uint32_t r = draw_below(&d, 1000);
	if (g->o.profile == GEN_SAMPLE && r < 4) {
		const char *odd = odd_texts[draw_below(&d, NODD)];
		c->ntext = strlen(odd);
		memcpy(c->text, odd, c->ntext);
		return;
	}
	bool bench = g->o.profile == GEN_BENCH;
	uint32_t n = r < (bench ? 860 : 450) ? 1 : r < (bench ? 980 : 850) ? 2 : r < 995 ? 3 : 8;
	char *p = c->text;
	for (uint32_t i = 0; i < n; i++) {
		if (i)
			*p++ = ' ';
		p = put_sentence(g, h, c, &d, p);
	}
	p = put_extras(g, c, &d, p);
	c->ntext = (size_t)(p - c->text);
}
