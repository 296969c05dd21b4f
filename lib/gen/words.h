/* SPDX-License-Identifier: MIT */
/* words - what generated posts are made of: topics, sentences, names, places.
 *
 * Every string is already the inside of a JSON string (escapes included), in UTF-8.
 * Slots in a sentence: {t} the topic as a phrase, {h} its hashtag, {p} a place,
 * {n} a number, {d} a weekday (English), {m} a mention. All sentences are our own.
 * Threads: constant data.
 */
#ifndef SM_GEN_WORDS_H
#define SM_GEN_WORDS_H

#include <stddef.h>
#include <stdint.h>

enum gen_mood { GEN_NEUTRAL, GEN_GOOD, GEN_BAD, GEN_MOODS };

struct gen_topic {
	const char *phrase, *tag;
	int mood;           /* -2 mostly complaints .. 2 mostly praise */
	unsigned weight;    /* share of the daily talk; 0: only in bursts */
	const char *group;  /* a community about it */
};
extern const struct gen_topic gen_topics[];
extern const size_t gen_ntopics;

struct gen_lang {
	const char *code;
	unsigned weight;
	const char *const *sentences[GEN_MOODS]; /* each ends with NULL */
};
extern const struct gen_lang gen_langs[];
extern const size_t gen_nlangs;

struct gen_place {
	const char *name, *country, *lat, *lon;
};
extern const struct gen_place gen_places[];
extern const size_t gen_nplaces;

extern const char *const gen_weekdays[7];
extern const char *const gen_emoji[GEN_MOODS][16];   /* 16 each */
extern const char *const gen_first[];
extern const size_t gen_nfirst;
extern const char *const gen_last[];
extern const size_t gen_nlast;
extern const char *const gen_hosts[8];
extern const char *const gen_sites[8];

#endif
