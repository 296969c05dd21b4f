/* SPDX-License-Identifier: MIT */
/* entity - hashtags, mentions, links and words in the text of a post.
 *
 * The networks disagree about what a tag or a mention is, hence dialects:
 *   twitter   tags of letters, marks, digits and _ with at least one letter or mark, behind # or U+FF03;
 *             mentions of 1 to 20 of [A-Za-z0-9_]. After the rules of twitter-text 3.1.
 *   bluesky   tags run to the next white space, less punctuation at the end; mentions are domain names.
 *   mastodon  tags of letters, marks, letter-like and decimal numbers and _, behind white space, with _ · U+30FB U+200C between
 *             them (Mastodon's HASHTAG_NAME_PAT); mentions @user and @user@host.
 * Links begin with http:// or https:// and name a host with a dot; trailing punctuation and closing
 * brackets that were not opened are not theirs. What is inside a link is neither tag, mention nor word.
 * Words follow UAX #29 for scripts that write spaces (a word: letters, marks, digits, _, and ' . · between
 * letters, . , between digits); Han and Hiragana give pairs of neighbouring characters, all-Hiragana pairs are left out.
 *
 * Character properties are those of libutf8proc. Threads: safe. Cost: linear in the text.
 */
#ifndef SM_TEXT_ENTITY_H
#define SM_TEXT_ENTITY_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

enum entity_kind { ENTITY_TAG, ENTITY_MENTION, ENTITY_LINK, ENTITY_WORD, ENTITY_KINDS };
enum entity_dialect { DIALECT_TWITTER, DIALECT_BLUESKY, DIALECT_MASTODON };

#define ENTITY_MAX 2048   /* bytes; what is longer is not an entity */

/* Called for each entity in the order of the text; P[0..N) lies in the text, without the sign (# or @) before it. */
typedef void entity_fn(void *arg, enum entity_kind kind, const char *p, size_t n);

/* KINDS is a set of 1 << ENTITY_…. TEXT is UTF-8. */
void entity_extract(const char *text, size_t n, enum entity_dialect d, unsigned kinds, entity_fn *fn, void *arg);

/* What entities are compared by: NFKC_Casefold; for links the URL with scheme and host in lower case, without
 * default port, fragment, utm_* and click ids. Appends to B; an empty key means that the entity counts for nothing. */
void entity_key(struct buf *b, enum entity_kind kind, const char *p, size_t n);

const char *entity_name(enum entity_kind kind);                      /* "tag" "mention" "link" "word" */
bool entity_by_name(const char *s, size_t n, enum entity_kind *kind);   /* singular or plural */
enum entity_dialect entity_dialect_of(const char *network, size_t n);   /* twitter's unless it is known better */
bool entity_dialect_by_name(const char *s, enum entity_dialect *d);

/* Words that say nothing about a topic, of LANG (en de es fr it nl pt, "pt-BR" is pt; any other: en). KEY is a key.
 * The table is built once, immutable and may be shared. */
struct stopwords;
struct stopwords *stopwords_new(void);
void stopwords_free(struct stopwords *s);
bool stopwords_has(const struct stopwords *s, const char *lang, size_t nlang, const char *key, size_t n);

#endif
