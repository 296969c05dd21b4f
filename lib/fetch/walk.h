/* SPDX-License-Identifier: MIT */
/* walk - how far a source has been read: the part of a job that a mark's cursor holds.
 *
 * Newest first: `committed` is what an earlier walk came down from; `pending`, the greatest value of this one, takes
 * its place when the walk is through; `page` leads to the next page, empty: the first. Oldest first: `committed` moves
 * with each page. These are pure functions on that state: what is asked for and what comes back, others do.
 *
 * Ownership: a walk owns its texts. Threads: one owner.
 */
#ifndef SM_FETCH_WALK_H
#define SM_FETCH_WALK_H

#include "base/buf.h"
#include "source/def.h"

#include <stdbool.h>
#include <stdint.h>

struct walk {
	char *committed, *pending, *page;    /* NULL: none */
	uint64_t pages;              /* of this walk, read so far */
	bool backwards;              /* of an ascending source: it began without a cursor, so it goes down once */
	/* Does it go round? Known to this run alone. */
	uint64_t mark, steps, lap;   /* a state that was passed; steps since; when a later one takes its place */
};

struct walk_page {               /* what a page has shown */
	const char *top;             /* greatest cursor value; NULL */
	const char *next;            /* token or address of the next page; NULL or "": none */
	uint64_t items;
	bool all_older;              /* all of it was read before, or is too old */
};

/* Begin a walk at its first page. What the one before left half read is read again. */
void walk_begin(struct walk *w, const struct def_cursor *c);
/* Does this walk go forward by ${cursor}, page by page? */
bool walk_ascends(const struct walk *w, const struct def_cursor *c);
/* A page was given out. True: the walk is through. */
bool walk_step(struct walk *w, const struct def_cursor *c, const struct walk_page *p);
/* A page leads on, in STATE (a hash of where to and of what came), NEW: with something new. True: the same states come
 * again and again with nothing new, however many they are (R. Brent, "An improved Monte Carlo factorization algorithm"). */
bool walk_goes_round(struct walk *w, uint64_t state, bool new);
/* Take over what another walk has read: the greater committed value. */
void walk_raise(struct walk *w, const struct def_cursor *c, const char *value);
bool walk_is_new(const struct walk *w);          /* nothing was read yet */
void walk_release(struct walk *w);
/* Append the members, without braces: "committed":"…","page":"…"; nothing for a new walk. */
void walk_put(const struct walk *w, struct buf *b);
int walk_get(struct walk *w, const struct json *v, struct err *e);

#endif
