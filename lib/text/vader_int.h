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

/* The value of the idiom of these two or three (C not VW_NONE) words; false when they are not an idiom. */
bool vader_idiom(enum vader_edition edition, unsigned a, unsigned b, unsigned c, double *value);
/* "just enough", "kind of", "sort of": dampeners of two words. */
bool vader_dampener(unsigned a, unsigned b);

struct vader_word {
	uint64_t key[3];   /* the word's bytes, zero-padded */
	double valence;
	unsigned char flags, id;
};

struct vader_name {
	uint32_t off;
	uint16_t len;      /* 0: no emoji */
};

struct vader {
	enum vader_edition edition;
	struct vader_word *words;   /* [0] is not a word */
	size_t nwords, wordcap;
	/* A perfect hash (F.C. Botelho et al. 2009, "hash, displace, and compress"): every word has a slot of its own,
	 * found by its bucket's displacement. Looking up takes no loop and no branch that can be guessed wrong. */
	uint16_t *disp;             /* by bucket */
	uint32_t *slots;            /* 16 bits of the hash, 16 of the word's number; 0 is free */
	uint32_t mask, bmask;
	uint64_t seed;
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

static inline uint64_t vader_hash(const uint64_t k[3], uint64_t seed)
{
	unsigned __int128 m = (unsigned __int128)(k[0] ^ seed) * (k[1] ^ 0xe7037ed1a0b428dbu);
	uint64_t h = ((uint64_t)m ^ (uint64_t)(m >> 64) ^ k[2] * 0x8ebc6af09c88c6e3u) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 29;
}

static inline uint32_t vader_slot(uint64_t h, uint32_t disp)
{
	return (uint32_t)(h >> 14) + disp * ((uint32_t)(h >> 31) | 1);
}

/* The number of the word, 0 when there is none. */
static inline unsigned vader_find(const struct vader *v, const uint64_t k[3])
{
	uint64_t h = vader_hash(k, v->seed);
	uint32_t slot = v->slots[vader_slot(h, v->disp[h & v->bmask]) & v->mask];
	/* masks instead of conditions: whether a word is in the lexicon cannot be guessed */
	uint32_t w = slot & 0xffff & -(uint32_t)(slot >> 16 == h >> 48);
	const struct vader_word *x = &v->words[w];
	uint64_t differs = (x->key[0] ^ k[0]) | (x->key[1] ^ k[1]) | (x->key[2] ^ k[2]);
	return w & -(uint32_t)(differs == 0);
}

static inline const struct vader_name *vader_emoji(const struct vader *v, uint32_t cp)
{
	unsigned page = cp < 0x110000 ? v->emoji_page[cp >> 8] : 0;
	const struct vader_name *name = &v->emoji[page][cp & 255];
	return name->len ? name : NULL;
}

/* 64 bytes of the text, one bit a byte. */
struct vader_block {
	uint64_t upper, lower, punct, apos, high;   /* ASCII letters and signs; high: bytes beyond ASCII */
};

struct vader_scan {
	const uint32_t *edge;      /* word i is text[edge[2i] .. edge[2i + 1]) */
	size_t nwords;
	size_t bangs, questions;   /* '!' and '?' in the text */
	bool high, apos;           /* are there any in the text? */
};

/* The scratch's text is followed by spaces up to the end of its last block of 64, and by as many readable bytes. */
#define VADER_PAD 128

/* Fill the scratch's blocks, edges and lower-case text. The text is padded and less than 4 GiB. */
void vader_scan(struct vader_scratch *s, struct vader_scan *scan);

/* Of the bits from AT on, the first N <= 64, for bit maps LO and HI of a block and the next one. */
static inline uint64_t vader_bits(uint64_t lo, uint64_t hi, size_t at, uint64_t mask)
{
	unsigned shift = (unsigned)at & 63;
	return (lo >> shift | hi << 1 << (63 - shift)) & mask;
}

/* The contrast rule: of VAL[0..N), what stands before token BUT counts half, what stands behind half as much again. */
void vader_but(struct vader_scratch *s, double *val, size_t n, size_t but);

#endif
