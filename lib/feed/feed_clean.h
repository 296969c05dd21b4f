/* SPDX-License-Identifier: MIT */
/* feed_clean - the state of feed/feed_text.c's pass over a text, which feed/feed_tags.c shares.
 * Ownership: names and values point into the text. Threads: one owner.
 */
#ifndef SM_FEED_FEED_CLEAN_H
#define SM_FEED_FEED_CLEAN_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

#define FEED_MAX_DEPTH 200           /* libxml2's own bound is 256 */

struct feed_entity {
	const char *name, *value;
	size_t nname, nvalue;
	bool outside;
};

struct feed_name {
	const char *p;
	size_t n;
};

struct feed_clean {
	struct buf *out;
	const char *from, *p, *end;  /* the text, how far it is done, its end */
	struct feed_entity *entity;  /* FEED_MAX_ENTITIES of them */
	size_t nentities, grown;
	struct feed_name open[FEED_MAX_DEPTH];
	size_t depth;
	bool done;                   /* the root has ended */
	bool mended;                 /* end tags were added or left out */
	struct err *e;
};

static inline bool feed_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' || (c & 0x80);
}

static inline bool feed_name_char(char c)
{
	return feed_name_start(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

/* ERR_DATA at the line of C->P; NAME: of an entity, or NULL. */
int feed_fault(struct feed_clean *c, const char *what, const char *name, size_t n);
/* Copy up to TO, without control characters; C->P is TO then. */
void feed_copy(struct feed_clean *c, const char *to);
/* The reference at C->P, an ampersand: written as a number, or as &amp;. */
int feed_reference(struct feed_clean *c);
/* The tag at C->P, written as XML requires. */
int feed_start_tag(struct feed_clean *c);
int feed_end_tag(struct feed_clean *c);

#endif
