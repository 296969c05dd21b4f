/* SPDX-License-Identifier: MIT */
/* page - from an answer's body (or a stream's message) to records that were not given out before.
 *
 *	page_begin(p, &about);
 *	page_body(p, body, n, &e);            // or page_item for each message of a stream
 *	… p->out.p[0..n): whole lines, p->fresh of them …
 *	page_accept(p);                       // they were given out: their keys are known from now on
 *
 * Records outside of [since, until) by `created_at`, and those whose key is known, are left out but counted.
 * A page is all or nothing: on an error nothing of it counts, but for items that the caller's `bad` takes.
 *
 * Ownership: borrows the definition's programs. `out` lives until the next page_begin. Threads: one owner.
 */
#ifndef SM_FETCH_PAGE_H
#define SM_FETCH_PAGE_H

#include "fetch/seen.h"
#include "source/ask.h"
#include "source/map.h"

struct page_opts {
	const struct source_def *def;
	struct ask *ask;
	struct source_map *map;      /* NULL: items are records as they are */
	struct seen *seen;
	uint64_t max_value;          /* bytes that an item may take in libjq; 0: no bound */
	/* A bad item: 0: it is taken care of, go on; negative: stop, E is filled. */
	int (*bad)(void *arg, const char *item, size_t n, const struct err *why, struct err *e);
	void *arg;
};

struct page {
	struct page_opts o;
	struct source_about about;
	int64_t since_us, until_us;  /* INT64_MIN, INT64_MAX: no bound */
	const char *floor;           /* cursor value at or below which everything is old; NULL: none */
	uint64_t limit;              /* at most so many records, the rest is left out; UINT64_MAX: all */
	/* what came of it */
	struct buf out;
	uint64_t items, records, fresh, repeated, outside, older;   /* older: below since or at or below FLOOR */
	int64_t newest_us;           /* the latest created_at among the fresh ones; INT64_MIN: none has one */
	uint64_t sum;                /* over the keys of its records: the same page again has the same */
	bool full;                   /* LIMIT was reached */
	bool stopped;                /* by a bad item */
	char *top;                   /* greatest cursor value of what is not behind `until`; NULL: none */
	/* inside */
	struct json_pick *pick;
	struct buf made, key, value;
	uint64_t *hash;              /* of the keys on this page, in order */
	size_t nhashes, cap;
	uint64_t *slot;              /* the same as a set; 0: free */
	size_t nslots;
	const char *cursor_value;    /* of the item at hand */
};

int page_new(struct page **p, const struct page_opts *o, struct err *e);
void page_free(struct page *p);                  /* NULL is fine */
void page_begin(struct page *p, const struct source_about *about);
int page_body(struct page *p, const char *body, size_t n, struct err *e);
void page_accept(struct page *p);
/* All that came is older than what is wanted, and something came. */
static inline bool page_all_older(const struct page *p) { return p->records && p->older == p->records; }

#endif
