// SPDX-License-Identifier: MIT
/* Reading the lexicon file into the scorer's tables. */
#include "text/vader_int.h"

#include "base/datadir.h"
#include "base/hash.h"
#include "base/mem.h"
#include "text/unicode.h"

#include <math.h>
#include <stdlib.h>

#define MAX_WORDS 60000   /* numbers of words are 16 bits */
#define GATHER_SLOTS (1u << 17)

/* While the words are gathered they are in a plain open hash: number of the word, 0 is free. */
struct gather {
	struct vader *v;
	uint16_t *slots;
	uint32_t mask;
};

static uint16_t *gather_slot(const struct gather *g, const uint64_t k[3])
{
	uint32_t i = (uint32_t)vader_hash(k, g->v->seed) & g->mask;
	while (g->slots[i] && memcmp(g->v->words[g->slots[i]].key, k, sizeof g->v->words->key))
		i = (i + 1) & g->mask;
	return &g->slots[i];
}

/* The word's entry, made when it is not there; N is at most VADER_MAX_WORD. */
static struct vader_word *intern(struct gather *g, const char *p, size_t n)
{
	struct vader *v = g->v;
	uint64_t k[3] = { 0, 0, 0 };
	memcpy(k, p, n);
	uint16_t *slot = gather_slot(g, k);
	if (!*slot) {
		MEM_GROW(v->words, v->wordcap, v->nwords + 1);
		*slot = (uint16_t)v->nwords++;
		v->words[*slot] = (struct vader_word){ .key = { k[0], k[1], k[2] } };
	}
	return &v->words[*slot];
}

static int add_word(struct gather *g, const char *key, size_t nkey, const char *val, size_t nval, struct err *e)
{
	char num[32], *end;
	if (nkey == 0 || nkey > VADER_MAX_WORD)
		return err_set(e, ERR_DATA, "a lexicon word has 1 to %d bytes, not %zu", VADER_MAX_WORD, nkey);
	if (memchr(key, 0, nkey))
		return err_set(e, ERR_DATA, "a lexicon word with a NUL byte");
	if (g->v->nwords >= MAX_WORDS)
		return err_set(e, ERR_DATA, "more than %d words in the lexicon", MAX_WORDS);
	if (nval == 0 || nval >= sizeof num)
		return err_set(e, ERR_DATA, "the valence of '%.*s' is not a number", (int)nkey, key);
	memcpy(num, val, nval);
	num[nval] = '\0';
	double d = strtod(num, &end);
	if (*end || !isfinite(d) || fabs(d) > 100)
		return err_set(e, ERR_DATA, "the valence of '%.*s' is not a number from -100 to 100: %s", (int)nkey, key, num);
	struct vader_word *w = intern(g, key, nkey);
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
			return err_set(e, ERR_DATA, "'%.*s' is not a code point in capital hex", (int)nkey, key);
		cp = cp << 4 | (uint32_t)d;
	}
	if (nkey == 0 || cp < 0x80 || cp > 0x10ffff)
		return err_set(e, ERR_DATA, "'%.*s' is not a code point beyond ASCII", (int)nkey, key);
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

static int add_line(struct gather *g, const char *p, size_t n, struct err *e)
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
	return *p == 'w' ? add_word(g, key, nkey, tab + 1, nval, e) : add_emoji(g->v, key, nkey, tab + 1, nval, e);
}

/* Find a displacement that gives every word of the bucket a free slot. */
static bool place(struct vader *v, const uint16_t *word, size_t n, uint16_t *disp)
{
	for (uint32_t d = 0; d <= UINT16_MAX; d++) {
		size_t i;
		for (i = 0; i < n; i++) {
			uint64_t h = vader_hash(v->words[word[i]].key, v->seed);
			uint32_t *slot = &v->slots[vader_slot(h, d) & v->mask];
			if (*slot)
				break;
			*slot = (uint32_t)(h >> 48) << 16 | word[i];
		}
		if (i == n) {
			*disp = (uint16_t)d;
			return true;
		}
		while (i-- > 0)
			v->slots[vader_slot(vader_hash(v->words[word[i]].key, v->seed), d) & v->mask] = 0;
	}
	return false;
}

#define MAX_BUCKET 64

/* One try with v->seed: the words by bucket, the fullest buckets first. */
static bool build(struct vader *v)
{
	size_t nbuckets = (size_t)v->bmask + 1;
	uint32_t *start = mem_zalloc((nbuckets + 1) * sizeof *start);
	uint16_t *word = mem_array(NULL, v->nwords, sizeof *word);
	bool ok = true;
	memset(v->slots, 0, ((size_t)v->mask + 1) * sizeof *v->slots);
	for (size_t w = 1; w < v->nwords; w++)
		start[(vader_hash(v->words[w].key, v->seed) & v->bmask) + 1]++;
	for (size_t i = 0; i < nbuckets; i++)
		start[i + 1] += start[i];
	for (size_t w = v->nwords - 1; w >= 1; w--)   /* from each bucket's end to its start */
		word[--start[(vader_hash(v->words[w].key, v->seed) & v->bmask) + 1]] = (uint16_t)w;
	/* now start[i + 1] is where bucket i begins, and start[i + 2] where it ends */
	for (size_t size = MAX_BUCKET; ok && size > 0; size--) {
		for (size_t i = 0; ok && i < nbuckets; i++) {
			size_t from = start[i + 1], to = i + 2 <= nbuckets ? start[i + 2] : v->nwords - 1;
			if (to - from > MAX_BUCKET)
				ok = false;
			else if (to - from == size)
				ok = place(v, word + from, size, &v->disp[i]);
		}
	}
	mem_free(start);
	mem_free(word);
	return ok;
}

static int perfect(struct vader *v, struct err *e)
{
	size_t size = 1 << 14;
	while (size < 2 * v->nwords)
		size *= 2;
	v->mask = (uint32_t)size - 1;
	v->bmask = (uint32_t)(size / 4) - 1;
	v->slots = mem_array(NULL, size, sizeof *v->slots);
	v->disp = mem_zalloc(size / 4 * sizeof *v->disp);
	for (int tries = 0; tries < 16; tries++) {
		if (build(v))
			return 0;
		v->seed = hash_u64(v->seed);
	}
	return err_set(e, ERR_UNSUPPORTED, "the words of the lexicon cannot be hashed");
}

static int read_lines(struct vader *v, const char *text, size_t n, struct err *e)
{
	struct gather g = { v, mem_zalloc(GATHER_SLOTS * sizeof *g.slots), GATHER_SLOTS - 1 };
	uint64_t line = 0;
	int rc = 0;
	for (const struct vader_rule_word *w = vader_rule_words; w->word; w++) {
		struct vader_word *to = intern(&g, w->word, strlen(w->word));
		to->flags |= w->flags;
		to->id = w->id;
	}
	for (const char *p = text, *end = text + n; p < end && !rc;) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		line++;
		rc = add_line(&g, p, (size_t)((nl ? nl : end) - p), e);
		p = nl ? nl + 1 : end;
	}
	if (rc)
		err_at(e, NULL, line, 0);
	mem_free(g.slots);
	return rc;
}

int vader_new(struct vader **vp, const char *text, size_t n, enum vader_edition edition, struct err *e)
{
	struct vader *v = mem_zalloc(sizeof *v);
	*vp = NULL;
	v->edition = edition;
	v->seed = 0xa0761d6478bd642fu;
	MEM_GROW(v->words, v->wordcap, 8192);
	v->words[0] = (struct vader_word){ .id = VW_NONE };
	v->nwords = 1;
	MEM_GROW(v->emoji, v->pagecap, 16);
	memset(v->emoji[0], 0, sizeof v->emoji[0]);
	v->npages = 1;
	int rc = read_lines(v, text, n, e);
	if (!rc)
		rc = perfect(v, e);
	if (rc) {
		vader_free(v);
		return rc;
	}
	*vp = v;
	return 0;
}

int vader_open(struct vader **v, enum vader_edition edition, struct err *e)
{
	struct buf text = BUF_INIT, path = BUF_INIT;
	*v = NULL;
	int rc = data_read(&text, VADER_LEXICON, VADER_MAX_LEXICON, &path, e);
	if (!rc) {
		rc = vader_new(v, text.p, text.n, edition, e);
		if (rc)
			err_at(e, path.p, e ? e->line : 0, 0);
	}
	buf_release(&text);
	buf_release(&path);
	return rc;
}

void vader_free(struct vader *v)
{
	if (!v)
		return;
	mem_free(v->words);
	mem_free(v->slots);
	mem_free(v->disp);
	mem_free(v->emoji);
	buf_release(&v->names);
	mem_free(v);
}
