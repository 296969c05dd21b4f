// SPDX-License-Identifier: MIT
/* Reading the lexicon file into the scorer's tables. */
#include "text/vader_int.h"

#include "base/datadir.h"
#include "base/mem.h"
#include "text/unicode.h"

#include <math.h>
#include <stdlib.h>

#define MAX_WORDS 60000   /* numbers of words are 16 bits */

static void rehash(struct vader *v, uint32_t size)
{
	mem_free(v->slots);
	v->slots = mem_zalloc(size * sizeof *v->slots);
	v->mask = size - 1;
	for (size_t w = 1; w < v->nwords; w++) {
		uint64_t h = vader_hash(v->words[w].key);
		uint32_t i = (uint32_t)h & v->mask;
		while (v->slots[i])
			i = (i + 1) & v->mask;
		v->slots[i] = (uint32_t)(h >> 48) << 16 | (uint32_t)w;
	}
}

/* The word's entry, made when it is not there; N is at most VADER_MAX_WORD. */
static struct vader_word *intern(struct vader *v, const char *p, size_t n)
{
	uint64_t k[3] = { 0, 0, 0 };
	memcpy(k, p, n);
	unsigned w = vader_find(v, k);
	if (w)
		return &v->words[w];
	MEM_GROW(v->words, v->wordcap, v->nwords + 1);
	w = (unsigned)v->nwords++;
	v->words[w] = (struct vader_word){ { k[0], k[1], k[2] }, 0, (unsigned char)n, 0, 0 };
	if (v->nwords * 2 > v->mask) {
		rehash(v, (v->mask + 1) * 2);
	} else {
		uint64_t h = vader_hash(k);
		uint32_t i = (uint32_t)h & v->mask;
		while (v->slots[i])
			i = (i + 1) & v->mask;
		v->slots[i] = (uint32_t)(h >> 48) << 16 | w;
	}
	return &v->words[w];
}

static int add_word(struct vader *v, const char *key, size_t nkey, const char *val, size_t nval, struct err *e)
{
	char num[32], *end;
	if (nkey == 0 || nkey > VADER_MAX_WORD)
		return err_set(e, ERR_DATA, "a lexicon word has 1 to %d bytes, not %zu", VADER_MAX_WORD, nkey);
	if (v->nwords >= MAX_WORDS)
		return err_set(e, ERR_DATA, "more than %d words in the lexicon", MAX_WORDS);
	if (nval == 0 || nval >= sizeof num)
		return err_set(e, ERR_DATA, "the valence of '%.*s' is no number", (int)nkey, key);
	memcpy(num, val, nval);
	num[nval] = '\0';
	double d = strtod(num, &end);
	if (*end || !isfinite(d) || fabs(d) > 100)
		return err_set(e, ERR_DATA, "the valence of '%.*s' is no number from -100 to 100: %s", (int)nkey, key, num);
	struct vader_word *w = intern(v, key, nkey);
	w->valence = d;
	w->flags |= VF_LEXICON;
	return 0;
}

static int add_emoji(struct vader *v, const char *key, size_t nkey, const char *name, size_t n, struct err *e)
{
	uint32_t cp = 0;
	for (size_t i = 0; i < nkey; i++) {
		char c = key[i];
		int d = c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
		if (d < 0 || nkey > 6)
			return err_set(e, ERR_DATA, "'%.*s' is no code point in capital hex", (int)nkey, key);
		cp = cp << 4 | (uint32_t)d;
	}
	if (nkey == 0 || cp < 0x80 || cp > 0x10ffff)
		return err_set(e, ERR_DATA, "'%.*s' is no code point beyond ASCII", (int)nkey, key);
	if (n == 0 || n > 255 || name[n - 1] == ' ')
		return err_set(e, ERR_DATA, "the name of emoji %.*s is empty, too long or ends in a space", (int)nkey, key);
	unsigned page = v->emoji_page[cp >> 8];
	if (!page) {
		MEM_GROW(v->emoji, v->pagecap, v->npages + 1);
		page = v->emoji_page[cp >> 8] = (uint16_t)v->npages++;
		memset(v->emoji[page], 0, sizeof v->emoji[page]);
	}
	v->emoji[page][cp & 255] = (struct vader_name){ (uint32_t)v->names.n, (uint16_t)n };
	buf_put(&v->names, name, n);
	return 0;
}

static int add_line(struct vader *v, const char *p, size_t n, struct err *e)
{
	if (n && p[n - 1] == '\r')
		n--;
	if (n == 0 || *p == '#')
		return 0;
	const char *key = p + 2, *end = p + n;
	const char *tab = n > 2 && p[1] == '\t' ? memchr(key, '\t', n - 2) : NULL;
	if (!tab || (*p != 'w' && *p != 'e'))
		return err_set(e, ERR_DATA, "not 'w WORD VALENCE' nor 'e CODE-POINT NAME', separated by tabs");
	size_t nkey = (size_t)(tab - key), nval = (size_t)(end - tab - 1);
	return *p == 'w' ? add_word(v, key, nkey, tab + 1, nval, e) : add_emoji(v, key, nkey, tab + 1, nval, e);
}

int vader_new(struct vader **vp, const char *text, size_t n, enum vader_edition edition, struct err *e)
{
	struct vader *v = mem_zalloc(sizeof *v);
	uint64_t line = 0;
	int r = 0;
	*vp = NULL;
	v->edition = edition;
	MEM_GROW(v->words, v->wordcap, 8192);
	v->words[0] = (struct vader_word){ .len = 0 };
	v->nwords = 1;
	rehash(v, 1 << 14);
	MEM_GROW(v->emoji, v->pagecap, 16);
	memset(v->emoji[0], 0, sizeof v->emoji[0]);
	v->npages = 1;
	for (const struct vader_rule_word *w = vader_rule_words; w->word; w++) {
		struct vader_word *to = intern(v, w->word, strlen(w->word));
		to->flags |= w->flags;
		to->id = w->id;
	}
	for (const char *p = text, *end = text + n; p < end && !r;) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		line++;
		r = add_line(v, p, (size_t)((nl ? nl : end) - p), e);
		p = nl ? nl + 1 : end;
	}
	if (r) {
		err_at(e, NULL, line, 0);
		vader_free(v);
		return r;
	}
	*vp = v;
	return 0;
}

int vader_open(struct vader **v, enum vader_edition edition, struct err *e)
{
	struct buf text = BUF_INIT, path = BUF_INIT;
	*v = NULL;
	int r = share_read(&text, VADER_LEXICON, VADER_MAX_LEXICON, &path, e);
	if (!r) {
		r = vader_new(v, text.p, text.n, edition, e);
		if (r)
			err_at(e, path.p, e ? e->line : 0, 0);
	}
	buf_release(&text);
	buf_release(&path);
	return r;
}

void vader_free(struct vader *v)
{
	if (!v)
		return;
	mem_free(v->words);
	mem_free(v->slots);
	mem_free(v->emoji);
	buf_release(&v->names);
	mem_free(v);
}
