/* SPDX-License-Identifier: MIT */
/* vader_int - what the parts of the VADER scorer share among themselves. */
#ifndef SM_TEXT_VADER_INT_H
#define SM_TEXT_VADER_INT_H

#include "text/vader.h"

#include <stdbool.h>

enum vader_flag {
	VF_LEXICON = 1,   /* has a valence */
	VF_UP = 2,        /* booster */
	VF_DOWN = 4,      /* dampener */
	VF_NEGATE = 8,
	VF_UPPER = 16     /* tokens only: all its letters are capitals */
};

/* Words that a rule names. 0 is any other word. */
enum vader_id {
	VW_NONE, VW_NO, VW_OR, VW_NOR, VW_BUT, VW_KIND, VW_OF, VW_SO, VW_THIS, VW_NEVER, VW_WITHOUT, VW_DOUBT, VW_LEAST,
	VW_AT, VW_VERY, VW_THE, VW_SHIT, VW_BOMB, VW_BAD, VW_ASS, VW_BUS, VW_STOP, VW_YEAH, VW_RIGHT, VW_DEATH,
	VW_KISS, VW_TO, VW_DIE, VW_FOR, VW_BEATING, VW_BROKEN, VW_HEART, VW_JUST, VW_ENOUGH, VW_SORT
};

struct vader_rule_word {
	const char *word;
	unsigned char flags, id;
};
extern const struct vader_rule_word vader_rule_words[];   /* ends with a NULL word */

/* The value of the idiom of these two or three (C not VW_NONE) words; false when they are none. */
bool vader_idiom(enum vader_edition edition, unsigned a, unsigned b, unsigned c, double *value);
/* "just enough", "kind of", "sort of": dampeners of two words. */
bool vader_dampener(unsigned a, unsigned b);

struct vader_word {
	uint64_t key[3];   /* the word's bytes, zero-padded */
	double valence;
	unsigned char len, flags, id;
};

struct vader_name {
	uint32_t off;
	uint16_t len;      /* 0: no emoji */
};

struct vader {
	enum vader_edition edition;
	struct vader_word *words;   /* [0] is no word */
	size_t nwords, wordcap;
	uint32_t *slots;            /* 16 bits of the hash, 16 of the word's number; 0 is free */
	uint32_t mask;
	uint16_t emoji_page[0x1100];   /* by code point >> 8; 0: none of its 256 is an emoji */
	struct vader_name (*emoji)[256];
	size_t npages, pagecap;
	struct buf names;
};

struct vader_token {
	const char *p;
	uint32_t n;
	uint16_t word;
	unsigned char flags, id;
};

static inline uint64_t vader_hash(const uint64_t k[3])
{
	unsigned __int128 m = (unsigned __int128)(k[0] ^ 0xa0761d6478bd642fu) * (k[1] ^ 0xe7037ed1a0b428dbu);
	uint64_t h = (uint64_t)m ^ (uint64_t)(m >> 64) ^ k[2] * 0x8ebc6af09c88c6e3u;
	return h ^ h >> 29;
}

/* The number of the word, 0 when there is none. */
static inline unsigned vader_find(const struct vader *v, const uint64_t k[3])
{
	uint64_t h = vader_hash(k);
	uint32_t tag = (uint32_t)(h >> 48);
	for (uint32_t i = (uint32_t)h & v->mask; v->slots[i]; i = (i + 1) & v->mask) {
		const struct vader_word *w = &v->words[v->slots[i] & 0xffff];
		if (v->slots[i] >> 16 == tag && w->key[0] == k[0] && w->key[1] == k[1] && w->key[2] == k[2])
			return v->slots[i] & 0xffff;
	}
	return 0;
}

static inline const struct vader_name *vader_emoji(const struct vader *v, uint32_t cp)
{
	unsigned page = cp < 0x110000 ? v->emoji_page[cp >> 8] : 0;
	const struct vader_name *name = &v->emoji[page][cp & 255];
	return name->len ? name : NULL;
}

/* The contrast rule: of VAL[0..N), what stands before token BUT counts half, what stands behind half as much again. */
void vader_but(struct vader_scratch *s, double *val, size_t n, size_t but);

#endif
