/* SPDX-License-Identifier: MIT */
/* chunk - one leaf column of a row group while it is written: levels, values, pages.
 *
 * A chunk begins with a dictionary. After `sample` values a look at it decides (after CHUNK_EARLY when they all differ): it
 * is kept when it makes the chunk clearly smaller, otherwise its values become the first PLAIN ones. A dictionary that
 * overflows later stays for the pages that are done, and the rest is PLAIN.
 *
 * A page is compressed when it is full, by a job of the pool if there is one. The job owns the page's body until it
 * has run; the results wait in order until the group is written.
 *
 * Threads: one owner; the jobs touch only their own struct and the atomic counter of bytes in flight.
 */
#ifndef SM_PARQUET_CHUNK_H
#define SM_PARQUET_CHUNK_H

#include "parquet/bounds.h"
#include "parquet/codec.h"
#include "parquet/dict.h"
#include "parquet/rle.h"

#include <stdatomic.h>

#define CHUNK_BLOCK 1024u   /* values handled at once: their scratch lives on the stack */
#define CHUNK_EARLY 128u    /* so many values without one that comes twice: no dictionary */

/* What the chunks of one file share. */
struct chunk_env {
	struct pq_codecs *codecs;
	struct pool *pool;
	struct pool_group jobs;
	enum pq_codec codec;
	int level;
	size_t page_bytes;
	bool no_dictionary;
	atomic_size_t in_flight;  /* bytes held by jobs and their results */
};

enum chunk_mode { CHUNK_SAMPLE, CHUNK_DICT, CHUNK_PLAIN };

struct page_job;
struct chunk {
	struct chunk_env *env;
	const struct type *type;    /* of the leaf */
	const struct pq_bytes *path;
	size_t npath;
	uint8_t physical, max_def, max_rep, mode;
	bool required;              /* no null may come */
	uint32_t width;             /* bytes of a fixed value; 0: strings, booleans */
	uint32_t sample;            /* how many values to look at */

	/* the open page */
	struct rle_enc def, rep;
	struct buf values;          /* PLAIN, behind HEAD bytes of room for the levels */
	uint32_t page_entries, page_values;
	struct dict dict;
	struct bounds bounds;

	/* the open chunk */
	uint64_t entries, nulls, seen_bytes, seen_values; /* seen: since the file began, for an estimate of width */
	uint64_t uncompressed;      /* page headers included */
	uint32_t dict_pages, plain_pages;
	bool has_dict;              /* a dictionary page is there */
	struct buf dict_page, out;  /* finished pages, headers included */
	struct page_job *first, *last;

	struct column_stats *file_stats; /* NULL until the first group is done */
};

void chunk_init(struct chunk *c, struct chunk_env *env);  /* after its first block of fields is set */
void chunk_release(struct chunk *c);
size_t chunk_memory(const struct chunk *c);               /* without what jobs hold */
size_t chunk_size(const struct chunk *c);                 /* bytes in the file if it ended now, about */

/* N rows of COL without children, nullable or not: rows[0..n), or START... when ROWS is NULL. */
int chunk_put_flat(struct chunk *c, const struct column *col, const uint32_t *rows, size_t start, size_t n,
		   struct err *e);
/* N entries with their levels, of which NROWS have a value in ROWS. All belong to whole records. */
int chunk_put_levels(struct chunk *c, const struct column *col, const uint8_t *def, const uint8_t *rep, size_t n,
		     const uint32_t *rows, size_t nrows, struct err *e);
int chunk_finish(struct chunk *c, struct err *e);         /* closes the last page; jobs may still run */
int chunk_collect(struct chunk *c, struct err *e);        /* after all jobs: everything is in dict_page and out */
void chunk_next_group(struct chunk *c);

/* chunk_values.c: N <= CHUNK_BLOCK values into the open page. */
int chunk_values(struct chunk *c, const struct column *col, const uint32_t *rows, size_t start, size_t n,
		 struct err *e);
int chunk_settle(struct chunk *c, struct err *e);         /* end of the look: dictionary or PLAIN */
size_t chunk_body_room(const struct chunk *c, size_t n);  /* how many of N values should go into the open page */
int chunk_end_dict(struct chunk *c, struct err *e);       /* the dictionary is complete: makes its page */
void chunk_dict_bounds(struct chunk *c);                  /* takes the dictionary's values into the bounds */

#define CHUNK_HEAD 32u
static inline void chunk_open_values(struct chunk *c)
{
	if (c->values.n < CHUNK_HEAD) {
		buf_reserve(&c->values, CHUNK_HEAD);
		c->values.n = CHUNK_HEAD;
	}
}

static inline size_t chunk_page_bytes(const struct chunk *c)
{
	return c->values.n > CHUNK_HEAD ? c->values.n - CHUNK_HEAD : 0;
}

#endif
