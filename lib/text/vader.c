// SPDX-License-Identifier: MIT
/* The scorer: emoji become words, the text is split, every word of the lexicon is weighed by its neighbours,
 * the values are added up. The order of the floating-point operations is the reference's: it decides
 * the last digit. */
#include "text/vader_int.h"

#include "base/mem.h"
#include "text/unicode.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef __clang__
#pragma STDC FP_CONTRACT OFF   /* gcc: off by -std=c17 */
#endif

#define BOOST 0.293
#define CAPS 0.733
#define NEGATED (-0.74)

struct ctx {
	const struct vader *v;
	struct vader_token *tok;
	const struct vader_block *block;
	const char *text, *low;
	size_t n;
	bool caps;              /* some, but not all words are in capitals */
	size_t but;             /* the first "but", SIZE_MAX: none */
	size_t bangs, questions;
	bool high, apos;        /* bytes beyond ASCII, apostrophes anywhere in the text */
	const struct vader_trace *trace;
};

static bool is_ascii(const char *p, size_t n)
{
	uint64_t any = 0, w;
	for (; n >= 8; n -= 8, p += 8) {
		memcpy(&w, p, 8);
		any |= w;
	}
	w = 0;
	memcpy(&w, p, n);
	return !((any | w) & 0x8080808080808080u);
}

/* Copy TEXT to the scratch, a name in place of each emoji: with a space before it unless one is there. */
static void expand(const struct vader *v, struct buf *to, const char *text, size_t n)
{
	size_t run = 0;
	buf_clear(to);
	buf_reserve(to, n + VADER_PAD);
	for (size_t i = is_ascii(text, n) ? n : 0; i < n;) {
		uint32_t cp;
		if (!((unsigned char)text[i] & 0x80)) {
			i++;
			continue;
		}
		unsigned len = utf8_decode(text + i, n - i, &cp);
		const struct vader_name *name = vader_emoji(v, cp);
		if (name) {
			buf_put(to, text + run, i - run);
			if (to->n && to->p[to->n - 1] != ' ')
				buf_putc(to, ' ');
			buf_put(to, v->names.p + name->off, name->len);
			run = i + len;
		}
		i += len;
	}
	buf_put(to, text + run, n - run);
	memset(buf_reserve(to, VADER_PAD), ' ', VADER_PAD);
}

/* The number of the word of N <= VADER_MAX_WORD lower-case bytes at P, with as many readable bytes. */
static inline unsigned find(const struct vader *v, const char *p, size_t n)
{
	static const uint64_t first[VADER_MAX_WORD + 17] = {
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0xff, 0xffff, 0xffffff, 0xffffffff, 0xffffffffffu, 0xffffffffffffu, 0xffffffffffffffu,
		UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX,
		UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX,
	};
	uint64_t k[3];
	memcpy(k, p, sizeof k);
	k[0] &= first[n + 16];
	k[1] &= first[n + 8];
	k[2] &= first[n];
	return vader_find(v, k);
}

/* Python's lower() makes the ASCII letter k of U+212A KELVIN SIGN, and of no other character beyond ASCII an ASCII one. */
static unsigned find_kelvin(const struct vader *v, const char *p, size_t n)
{
	char word[VADER_MAX_WORD];   /* P is in lower case */
	size_t len = 0;
	for (size_t i = 0; i < n; len++) {
		bool kelvin = n - i >= 3 && memcmp(p + i, "\xe2\x84\xaa", 3) == 0;
		if (len == sizeof word || (!kelvin && (unsigned char)p[i] >= 0x80))
			return 0;
		word[len] = kelvin ? 'k' : p[i];
		i += kelvin ? 3 : 1;
	}
	memset(word + len, 0, sizeof word - len);
	return find(v, word, len);
}

static bool upper_case(const char *p, size_t n)
{
	bool upper = false;
	for (size_t i = 0; i < n;) {
		uint32_t cp;
		i += utf8_decode(p + i, n - i, &cp);
		enum unicode_case c = unicode_case(cp);
		if (c == UNICODE_LOWER)
			return false;
		upper |= c == UNICODE_UPPER;
	}
	return upper;
}

static bool has_nt(const char *p, size_t n)
{
	for (size_t i = 0; i + 3 <= n; i++)
		if (p[i] == 'n' && p[i + 1] == '\'' && p[i + 2] == 't')
			return true;
	return false;
}

static bool is_punct(const struct ctx *c, size_t at)
{
	return c->block[at >> 6].punct >> (at & 63) & 1;
}

static void finish_token(const struct ctx *c, struct vader_token *t, size_t a, size_t n, unsigned word, bool capitals, bool apos)
{
	const struct vader_word *w = &c->v->words[word];
	unsigned flags = w->flags | (capitals ? VF_UPPER : 0);
	if (__builtin_expect(apos, 0) && has_nt(c->low + a, n))
		flags |= VF_NEGATE;
	*t = (struct vader_token){ c->text + a, (uint32_t)n, (uint16_t)word, (unsigned char)flags, w->id };
}

/* Words that are long or hold bytes beyond ASCII. */
static void slow_token(const struct ctx *c, struct vader_token *t, size_t a, size_t b)
{
	size_t p = a, q = b;
	while (p < q && is_punct(c, p))
		p++;
	while (p < q && is_punct(c, q - 1))
		q--;
	size_t left = q - p;
	if ((left <= 8 ? utf8_length(c->text + p, left) : left) > 2) {
		a = p;
		b = q;
	}
	unsigned word = b - a <= 3 * VADER_MAX_WORD ? find_kelvin(c->v, c->low + a, b - a) : 0;
	finish_token(c, t, a, b - a, word, upper_case(c->text + a, b - a), true);
}

/* Cut the punctuation off both ends, unless two letters or fewer would be left, and look the word up. Written
 * without branches: each would be guessed wrong too often. */
static inline void make_token(const struct ctx *c, struct vader_token *t, size_t a, size_t b)
{
	const struct vader_block *x = &c->block[a >> 6];
	size_t n = b - a;
	uint64_t mask = UINT64_MAX >> ((64 - n) & 63);
	if (__builtin_expect(n > 64 || (c->high && vader_bits(x[0].high, x[1].high, a, mask)), 0)) {
		slow_token(c, t, a, b);
		return;
	}
	uint64_t rest = ~vader_bits(x[0].punct, x[1].punct, a, mask) & mask;
	bool capitals = !vader_bits(x[0].lower, x[1].lower, a, mask) && vader_bits(x[0].upper, x[1].upper, a, mask);
	bool apos = c->apos && vader_bits(x[0].apos, x[1].apos, a, mask);
	size_t first = (unsigned)__builtin_ctzll(rest | UINT64_C(1) << 63), last = 64 - (unsigned)__builtin_clzll(rest | 1);
	size_t cut = (size_t)0 - (size_t)(last > first + 2);   /* all ones: cut */
	a += first & cut;
	n = ((last - first) & cut) | (n & ~cut);
	unsigned word = n <= VADER_MAX_WORD ? find(c->v, c->low + a, n) : 0;
	finish_token(c, t, a, n, word, capitals, apos);
}

static void split(struct ctx *c, struct vader_scratch *s)
{
	struct vader_scan scan;
	size_t ncaps = 0;
	vader_scan(s, &scan);
	c->n = scan.nwords;
	c->bangs = scan.bangs;
	c->questions = scan.questions;
	c->high = scan.high;
	c->apos = scan.apos;
	c->block = s->block;
	c->text = s->text.p;
	c->low = s->low.p;
	c->tok = MEM_GROW(s->tok, s->tokcap, c->n);
	for (size_t i = 0; i < c->n; i++) {
		struct vader_token *t = &c->tok[i];
		make_token(c, t, scan.edge[2 * i], scan.edge[2 * i + 1]);
		ncaps += (t->flags & VF_UPPER) != 0;
		if (t->id == VW_BUT && c->but == SIZE_MAX)
			c->but = i;
	}
	c->caps = ncaps > 0 && ncaps < c->n;
}

static inline void step(const struct ctx *c, size_t i, const char *rule, double value)
{
	if (__builtin_expect(c->trace != NULL, 0))
		c->trace->step(c->trace->arg, i, c->tok[i].p, c->tok[i].n, rule, value);
}

static double boost(const struct ctx *c, const struct vader_token *p, unsigned k, double v)
{
	double s = p->flags & VF_UP ? BOOST : -BOOST;
	if (v < 0)
		s *= -1;
	if (p->flags & VF_UPPER && c->caps)
		s = v > 0 ? s + CAPS : s - CAPS;
	if (k == 1 && s != 0)
		s *= 0.95;
	if (k == 2 && s != 0)
		s *= 0.9;
	return v + s;
}

static bool so_or_this(const struct vader_token *t)
{
	return t->id == VW_SO || t->id == VW_THIS;
}

/* Negation by the word K + 1 places before token T. */
static double negation(const struct ctx *c, const struct vader_token *t, unsigned k, double v)
{
	size_t i = (size_t)(t - c->tok);
	if (k == 1 && t[-2].id == VW_NEVER && so_or_this(t - 1)) {
		step(c, i, "never so", v * 1.25);
		return v * 1.25;
	}
	/* The reference's `and` binds before its `or`: "so" or "this" right before is enough. */
	if (k == 2 && ((t[-3].id == VW_NEVER && so_or_this(t - 2)) || so_or_this(t - 1))) {
		step(c, i, "never so, three words", v * 1.25);
		return v * 1.25;
	}
	if (k == 1 && t[-2].id == VW_WITHOUT && t[-1].id == VW_DOUBT)
		return v;
	if (k == 2 && t[-3].id == VW_WITHOUT && (t[-2].id == VW_DOUBT || t[-1].id == VW_DOUBT))
		return v;
	if (!(t[-1 - (int)k].flags & VF_NEGATE))
		return v;
	step(c, i, "negation", v * NEGATED);
	return v * NEGATED;
}

static bool idiom(const struct ctx *c, const struct vader_token *t, unsigned len, double *v)
{
	if (len == 2)
		return vader_idiom(c->v->edition, t[0].id, t[1].id, VW_NONE, v);
	return t[2].id && vader_idiom(c->v->edition, t[0].id, t[1].id, t[2].id, v);
}

static double idioms(const struct ctx *c, const struct vader_token *t, double v)
{
	size_t i = (size_t)(t - c->tok);
	bool any = idiom(c, t - 1, 2, &v) || idiom(c, t - 2, 3, &v) || idiom(c, t - 2, 2, &v) || idiom(c, t - 3, 3, &v) ||
		   idiom(c, t - 3, 2, &v);
	if (i + 1 < c->n)
		any |= idiom(c, t, 2, &v);
	if (i + 2 < c->n)
		any |= idiom(c, t, 3, &v);
	if (any)
		step(c, i, "idiom", v);
	for (int at = -3; at <= -2; at++) {
		if (!vader_dampener(t[at].id, t[at + 1].id))
			continue;
		v += -BOOST;
		step(c, i, "dampener of two words", v);
	}
	return v;
}

static double own_valence(const struct ctx *c, const struct vader_token *t, size_t i)
{
	double base = c->v->words[t->word].valence, v = base;
	step(c, i, "lexicon", v);
	if (t->id == VW_NO && i + 1 < c->n && t[1].flags & VF_LEXICON) {
		v = 0.0;
		step(c, i, "no before a word of the lexicon", v);
	}
	if ((i > 0 && t[-1].id == VW_NO) || (i > 1 && t[-2].id == VW_NO) ||
	    (i > 2 && t[-3].id == VW_NO && (t[-1].id == VW_OR || t[-1].id == VW_NOR))) {
		v = base * NEGATED;
		step(c, i, "after no", v);
	}
	if (t->flags & VF_UPPER && c->caps) {
		v = v > 0 ? v + CAPS : v - CAPS;
		step(c, i, "capitals", v);
	}
	return v;
}

static double valence(const struct ctx *c, size_t i)
{
	const struct vader_token *t = c->tok + i;
	double v = own_valence(c, t, i);
	for (unsigned k = 0; k < 3 && i > k; k++) {
		const struct vader_token *p = t - 1 - k;
		if (p->flags & VF_LEXICON)
			continue;
		if (p->flags & (VF_UP | VF_DOWN)) {
			v = boost(c, p, k, v);
			step(c, i, p->flags & VF_UP ? "booster" : "dampener", v);
		}
		v = negation(c, t, k, v);
		if (k == 2)
			v = idioms(c, t, v);
	}
	if (i > 0 && t[-1].id == VW_LEAST && !(t[-1].flags & VF_LEXICON) &&
	    (i == 1 || (t[-2].id != VW_AT && t[-2].id != VW_VERY))) {
		v *= NEGATED;
		step(c, i, "least", v);
	}
	return v;
}

/* X of -1..1 rounded to DIGITS (3 or 4) decimals as Python's round does: exactly, ties to even. */
static double round_to(double x, int digits)
{
	double scale = digits == 3 ? 1e3 : 1e4, y = fabs(x) * scale, whole = (double)(long)y, part = y - whole;
	if (fabs(part - 0.5) > 1e-9)
		return copysign((part > 0.5 ? whole + 1 : whole) / scale, x);
	char s[64];
	snprintf(s, sizeof s, "%.*f", digits, x);
	return strtod(s, NULL);
}

static double emphasis(const struct ctx *c)
{
	double bang = (double)(c->bangs > 4 ? 4 : c->bangs) * 0.292, question = 0;
	if (c->questions > 1)
		question = c->questions <= 3 ? (double)c->questions * 0.18 : 0.96;
	return bang + question;
}

/* AT[0..NAT) are the tokens that were scored; all others count as neutral. */
static void add_up(const struct ctx *c, const double *val, const uint32_t *at, size_t nat, struct vader_scores *out)
{
	double sum = 0, pos = 0, neg = 0, amp = emphasis(c);
	size_t neu = c->n;
	for (size_t i = 0; i < nat; i++) {
		double v = val[at[i]];
		sum += v;
		if (v > 0)
			pos += v + 1;
		if (v < 0)
			neg += v - 1;
		neu -= v != 0;
	}
	if (c->trace)
		c->trace->step(c->trace->arg, c->n, NULL, 0, "sum", sum);
	if (sum > 0)
		sum += amp;
	else if (sum < 0)
		sum -= amp;
	if (c->trace && amp > 0)
		c->trace->step(c->trace->arg, c->n, NULL, 0, "punctuation", sum);
	double compound = sum / sqrt(sum * sum + 15);
	compound = compound < -1.0 ? -1.0 : compound > 1.0 ? 1.0 : compound;
	if (pos > fabs(neg))
		pos += amp;
	else if (pos < fabs(neg))
		neg -= amp;
	double total = pos + fabs(neg) + (double)neu;
	out->compound = round_to(compound, 4);
	out->pos = round_to(fabs(pos / total), 3);
	out->neg = round_to(fabs(neg / total), 3);
	out->neu = round_to(fabs((double)neu / total), 3);
}

void vader_explain(const struct vader *v, struct vader_scratch *s, const char *text, size_t n, struct vader_scores *out,
		   const struct vader_trace *trace)
{
	struct ctx c = { .v = v, .but = SIZE_MAX, .trace = trace };
	*out = (struct vader_scores){ 0, 0, 0, 0 };
	expand(v, &s->text, text, n);
	split(&c, s);
	if (c.n == 0)
		return;
	double *val = MEM_GROW(s->val, s->valcap, c.n);
	uint32_t *at = s->edge;   /* no longer needed, and twice as long */
	size_t nat = 0;
	memset(val, 0, c.n * sizeof *val);
	for (size_t i = 0; i < c.n; i++) {
		at[nat] = (uint32_t)i;
		nat += (c.tok[i].flags & (VF_LEXICON | VF_UP | VF_DOWN)) == VF_LEXICON;
	}
	for (size_t i = 0; i < nat; i++) {
		const struct vader_token *t = &c.tok[at[i]];
		if (t->id != VW_KIND || at[i] + 1 == c.n || t[1].id != VW_OF)
			val[at[i]] = valence(&c, at[i]);
	}
	if (c.but != SIZE_MAX) {
		vader_but(s, val, c.n, c.but);
		for (size_t i = 0; trace && i < c.n; i++)
			if (val[i] != 0)
				step(&c, i, i < c.but ? "before but" : "after but", val[i]);
	}
	add_up(&c, val, at, nat, out);
}

void vader_score(const struct vader *v, struct vader_scratch *s, const char *text, size_t n, struct vader_scores *out)
{
	vader_explain(v, s, text, n, out, NULL);
}

void vader_scratch_release(struct vader_scratch *s)
{
	buf_release(&s->text);
	buf_release(&s->low);
	mem_free(s->block);
	mem_free(s->tok);
	mem_free(s->val);
	mem_free(s->edge);
	mem_free(s->work);
	*s = (struct vader_scratch)VADER_SCRATCH_INIT;
}

const char *vader_label(double compound)
{
	return compound >= 0.05 ? "positive" : compound <= -0.05 ? "negative" : "neutral";
}

/* V of -1..1 is a whole number of 1/10000, as round_to gives it: the shortest text, with at least one decimal. */
static void put_number(struct buf *b, double v)
{
	unsigned k = (unsigned)(fabs(v) * 1e4 + 0.5), n = 6;
	char *to = buf_reserve(b, 8);
	if (signbit(v)) {
		*to++ = '-';
		b->n++;
	}
	to[0] = (char)('0' + k / 10000);
	to[1] = '.';
	to[2] = (char)('0' + k / 1000 % 10);
	to[3] = (char)('0' + k / 100 % 10);
	to[4] = (char)('0' + k / 10 % 10);
	to[5] = (char)('0' + k % 10);
	while (n > 3 && to[n - 1] == '0')
		n--;
	b->n += n;
}

void vader_put(struct buf *b, const struct vader_scores *s)
{
	buf_reserve(b, 128);
	buf_puts(b, "{\"compound\":");
	put_number(b, s->compound);
	buf_puts(b, ",\"pos\":");
	put_number(b, s->pos);
	buf_puts(b, ",\"neu\":");
	put_number(b, s->neu);
	buf_puts(b, ",\"neg\":");
	put_number(b, s->neg);
	buf_puts(b, ",\"label\":\"");
	buf_puts(b, vader_label(s->compound));
	buf_puts(b, "\"}");
}
