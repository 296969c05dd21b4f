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

#define PAD 32            /* readable bytes behind the text; the first is a space, a sentinel */
#define BOOST 0.293
#define CAPS 0.733
#define NEGATED (-0.74)

struct ctx {
	const struct vader *v;
	struct vader_token *tok;
	size_t n;
	bool caps;              /* some, but not all words are in capitals */
	size_t but;             /* the first "but", SIZE_MAX: none */
	size_t bangs, questions;
	const struct vader_trace *trace;
};

enum { SPACE = 1, HIGH = 2, PUNCT = 4, LOWER = 8, UPPER = 16, APOS = 32, BANG = 64 };

static const unsigned char cls[256] = {
	['\t' ... '\r'] = SPACE, [0x1c ... ' '] = SPACE, [0x80 ... 0xff] = HIGH, ['a' ... 'z'] = LOWER,
	['A' ... 'Z'] = UPPER, ['!'] = PUNCT | BANG, ['"' ... '&'] = PUNCT, ['\''] = PUNCT | APOS,
	['(' ... '/'] = PUNCT, [':' ... '>'] = PUNCT, ['?'] = PUNCT | BANG, ['@'] = PUNCT, ['[' ... '`'] = PUNCT,
	['{' ... '~'] = PUNCT,
};

static inline unsigned class_of(char c)
{
	return cls[(unsigned char)c];
}

/* The length of the white-space character beyond ASCII at P, 0 when it is something else. */
static unsigned high_space(const char *p)
{
	unsigned char c = (unsigned char)*p;
	uint32_t cp;
	if (c != 0xc2 && (c < 0xe1 || c > 0xe3))
		return 0;
	unsigned n = unicode_decode(p, 4, &cp);
	return unicode_space(cp) ? n : 0;
}

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
	buf_reserve(to, n + PAD);
	for (size_t i = is_ascii(text, n) ? n : 0; i < n;) {
		uint32_t cp;
		if (!((unsigned char)text[i] & 0x80)) {
			i++;
			continue;
		}
		unsigned len = unicode_decode(text + i, n - i, &cp);
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
	char *end = buf_reserve(to, PAD);
	memset(end, 0, PAD);
	*end = ' ';
}

static inline uint64_t lower8(uint64_t w)
{
	const uint64_t ones = 0x0101010101010101u;
	uint64_t low = w & ones * 0x7f;
	uint64_t upper = (low + ones * (0x80 - 'A')) & ~(low + ones * (0x7f - 'Z')) & ~w & ones * 0x80;
	return w | upper >> 2;
}

static inline unsigned find(const struct vader *v, const char *p, size_t n)
{
	static const uint64_t mask[] = { 0, 0xff, 0xffff, 0xffffff, 0xffffffff, 0xffffffffffu, 0xffffffffffffu,
					 0xffffffffffffffu, UINT64_MAX };
	uint64_t k[3];
	memcpy(k, p, sizeof k);
	k[0] = lower8(k[0] & mask[n < 8 ? n : 8]);
	k[1] = n <= 8 ? 0 : lower8(k[1] & mask[n < 16 ? n - 8 : 8]);
	k[2] = n <= 16 ? 0 : lower8(k[2] & mask[n - 16]);
	return vader_find(v, k);
}

/* Python's lower() makes the ASCII letter k of U+212A KELVIN SIGN, and of no other character beyond ASCII an ASCII one. */
static unsigned find_kelvin(const struct vader *v, const char *p, size_t n)
{
	char word[VADER_MAX_WORD];
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
		i += unicode_decode(p + i, n - i, &cp);
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
		if ((p[i] | 32) == 'n' && p[i + 1] == '\'' && (p[i + 2] | 32) == 't')
			return true;
	return false;
}

static inline void make_token(struct ctx *c, struct vader_token *t, const char *a, const char *b, unsigned seen)
{
	const char *p = a, *q = b;
	if (seen & BANG)
		for (const char *x = a; x < b; x++) {
			c->bangs += *x == '!';
			c->questions += *x == '?';
		}
	if (seen & PUNCT) {
		while (p < q && class_of(*p) & PUNCT)
			p++;
		while (p < q && class_of(q[-1]) & PUNCT)
			q--;
		size_t left = (size_t)(q - p);
		if ((seen & HIGH && left <= 8 ? unicode_length(p, left) : left) <= 2) {
			p = a;
			q = b;
		}
	}
	size_t n = (size_t)(q - p);
	unsigned word = 0;
	bool upper;
	if (!(seen & HIGH)) {
		upper = (seen & (LOWER | UPPER)) == UPPER;
		if (n <= VADER_MAX_WORD)
			word = find(c->v, p, n);
	} else {
		upper = upper_case(p, n);
		if (n <= 3 * VADER_MAX_WORD)
			word = find_kelvin(c->v, p, n);
	}
	const struct vader_word *w = &c->v->words[word];
	*t = (struct vader_token){ p, (uint32_t)n, (uint16_t)word, w->flags, w->id };
	if (upper)
		t->flags |= VF_UPPER;
	if (seen & APOS && has_nt(p, n))
		t->flags |= VF_NEGATE;
}

static void split(struct ctx *c, struct vader_scratch *s)
{
	const char *p = s->text.p, *end = p + s->text.n;
	size_t n = 0, ncaps = 0;
	for (;;) {
		for (unsigned k = 1; p < end && (class_of(*p) & SPACE || (k = high_space(p)));) {
			p += k;
			k = 1;
		}
		if (p >= end)
			break;
		const char *start = p;
		unsigned seen = 0, k;
		while (!((k = class_of(*p)) & (SPACE | HIGH)) || (k & HIGH && !high_space(p))) {
			seen |= k;
			p++;
		}
		MEM_GROW(s->tok, s->tokcap, n + 1);
		struct vader_token *t = &s->tok[n];
		make_token(c, t, start, p, seen);
		ncaps += (t->flags & VF_UPPER) != 0;
		if (t->id == VW_BUT && c->but == SIZE_MAX)
			c->but = n;
		n++;
	}
	c->tok = s->tok;
	c->n = n;
	c->caps = ncaps > 0 && ncaps < n;
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

/* X rounded to DIGITS (3 or 4) decimals as Python's round does: exactly, ties to even. */
static double round_to(double x, int digits)
{
	double scale = digits == 3 ? 1e3 : 1e4, y = fabs(x) * scale, whole = floor(y), part = y - whole;
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

static void add_up(const struct ctx *c, const double *val, struct vader_scores *out)
{
	double sum = 0, pos = 0, neg = 0, amp = emphasis(c);
	size_t neu = 0;
	for (size_t i = 0; i < c->n; i++) {
		sum += val[i];
		if (val[i] > 0)
			pos += val[i] + 1;
		else if (val[i] < 0)
			neg += val[i] - 1;
		else
			neu++;
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
	for (size_t i = 0; i < c.n; i++) {
		const struct vader_token *t = c.tok + i;
		bool scored = t->flags & VF_LEXICON && !(t->flags & (VF_UP | VF_DOWN)) &&
			      !(t->id == VW_KIND && i + 1 < c.n && t[1].id == VW_OF);
		val[i] = scored ? valence(&c, i) : 0;
	}
	if (c.but != SIZE_MAX) {
		vader_but(s, val, c.n, c.but);
		for (size_t i = 0; trace && i < c.n; i++)
			if (val[i] != 0)
				step(&c, i, i < c.but ? "before but" : "after but", val[i]);
	}
	add_up(&c, val, out);
}

void vader_score(const struct vader *v, struct vader_scratch *s, const char *text, size_t n, struct vader_scores *out)
{
	vader_explain(v, s, text, n, out, NULL);
}

void vader_scratch_release(struct vader_scratch *s)
{
	buf_release(&s->text);
	mem_free(s->tok);
	mem_free(s->val);
	mem_free(s->work);
	*s = (struct vader_scratch)VADER_SCRATCH_INIT;
}

const char *vader_label(double compound)
{
	return compound >= 0.05 ? "positive" : compound <= -0.05 ? "negative" : "neutral";
}

/* V is a whole number of 10^-DIGITS, as round_to gives it; the shortest text, with at least one decimal. */
static void put_number(struct buf *b, double v, int digits)
{
	long scale = digits == 3 ? 1000 : 10000;
	long k = lround(fabs(v) * (double)scale);
	if (signbit(v))
		buf_putc(b, '-');
	buf_putc(b, (char)('0' + k / scale));
	buf_putc(b, '.');
	k %= scale;
	do {
		scale /= 10;
		buf_putc(b, (char)('0' + k / scale));
		k %= scale;
	} while (k);
}

void vader_put(struct buf *b, const struct vader_scores *s)
{
	buf_puts(b, "{\"compound\":");
	put_number(b, s->compound, 4);
	buf_puts(b, ",\"pos\":");
	put_number(b, s->pos, 3);
	buf_puts(b, ",\"neu\":");
	put_number(b, s->neu, 3);
	buf_puts(b, ",\"neg\":");
	put_number(b, s->neg, 3);
	buf_puts(b, ",\"label\":\"");
	buf_puts(b, vader_label(s->compound));
	buf_puts(b, "\"}");
}
