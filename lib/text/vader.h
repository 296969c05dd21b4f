/* SPDX-License-Identifier: MIT */
/* vader - the sentiment of a short text, number for number as VADER gives it.
 *
 * Source: C.J. Hutto, E.E. Gilbert, "VADER: A Parsimonious Rule-based Model for Sentiment Analysis of
 * Social Media Text", ICWSM 2014, and the reference implementation, the PyPI package
 * vaderSentiment 3.3.2 under Python 3.11 (naive summation, Unicode 14). All four scores are equal to
 * the reference's, -0.0 included, its oddities too (docs/sentiment.md lists them).
 * The valences and emoji names are data (share/lexicon/vader.tsv), the rules' word lists are in vader_rules.c.
 *
 * Cost: linear in the text (n log n only for the values of a text with "but"), no allocation once the scratch
 * has grown. Threads: a struct vader is immutable and may be shared, a scratch belongs to one thread.
 */
#ifndef SM_TEXT_VADER_H
#define SM_TEXT_VADER_H

#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

/* The repository's head knows one idiom more than the released package ("broken heart") and weighs
 * another differently ("beating heart"); nothing else in the two differs. */
enum vader_edition { VADER_3_3_2, VADER_HEAD };

#define VADER_LEXICON "lexicon/vader.tsv"
#define VADER_MAX_WORD 24             /* bytes of a lexicon key */
#define VADER_MAX_LEXICON ((size_t)32 << 20)

struct vader;
/* Build from the text of a lexicon file (docs/sentiment.md has its format); TEXT is not kept.
 * ERR_DATA with the line for what is malformed. */
int vader_new(struct vader **v, const char *text, size_t n, enum vader_edition edition, struct err *e);
/* The same from the file that ships (base/datadir.h says where it is looked for). */
int vader_open(struct vader **v, enum vader_edition edition, struct err *e);
void vader_free(struct vader *v);     /* NULL is fine */

/* Memory that is used again from text to text. */
struct vader_scratch {
	struct buf text, low;         /* the text after emoji became words; the same in lower case */
	struct vader_block *block;
	struct vader_token *tok;
	double *val;
	uint32_t *edge, *work;
	size_t blockcap, tokcap, valcap, edgecap, workcap;
};
#define VADER_SCRATCH_INIT { .text = BUF_INIT }
void vader_scratch_release(struct vader_scratch *s);

struct vader_scores {
	double compound;              /* -1..1, rounded to 4 decimals */
	double pos, neu, neg;         /* shares, rounded to 3 decimals */
};

/* TEXT is UTF-8. Cannot fail. */
void vader_score(const struct vader *v, struct vader_scratch *s, const char *text, size_t n, struct vader_scores *out);

/* The same, and tell about every step: STEP is called for token number I (its text P[0..N)) with the rule that
 * touched it and the valence after it. The last calls have P = NULL: the sum, then the punctuation's part. */
struct vader_trace {
	void (*step)(void *arg, size_t i, const char *p, size_t n, const char *rule, double value);
	void *arg;
};
void vader_explain(const struct vader *v, struct vader_scratch *s, const char *text, size_t n, struct vader_scores *out,
		   const struct vader_trace *t);

/* "positive" from 0.05, "negative" to -0.05, else "neutral": the thresholds that the authors recommend. */
const char *vader_label(double compound);
/* Append {"compound":…,"pos":…,"neu":…,"neg":…,"label":"…"}, numbers as Python prints them. */
void vader_put(struct buf *b, const struct vader_scores *s);

#endif
