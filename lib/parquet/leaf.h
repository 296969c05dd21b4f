/* SPDX-License-Identifier: MIT */
/* leaf - one column chunk being read: its pages, levels and values, from the first row to the last.
 *
 * Rows come in order; whole pages that are not wanted are passed over without being decompressed.
 * Memory: one page and its compressed bytes, and the dictionary, as far as the room goes; and what was asked for.
 * Threads: one owner; the source may be shared.
 */
#ifndef SM_PARQUET_LEAF_H
#define SM_PARQUET_LEAF_H

#include "parquet/codec.h"
#include "parquet/decode.h"
#include "parquet/reader.h"
#include "parquet/tree.h"

#define LEAF_PENDING 1024u
#define LEAF_ENTRY ((size_t)16)            /* what an element of a list takes, about, nulls too */

/* What the chunks of a scan hold together: compressed and decompressed pages, dictionaries. */
struct leaf_room {
	size_t used, most;
	size_t window;                /* bytes read at once */
	const struct pq_pool *pool;   /* NULL: nobody else counts */
};

struct leaf_reader {
	const struct pq_source *src;
	struct leaf_room *room;
	const struct pq_leaf *leaf;
	const struct pq_chunk_meta *meta;
	bool levels_only;             /* values are not wanted */

	/* the window: bytes [win_at, win_at + win_n) of the file */
	uint8_t *win;
	size_t win_n, win_cap;
	uint64_t win_at, pos, end;    /* pos: what comes next, end: of the chunk */
	struct pq_unzip unzip;

	/* the open page */
	uint8_t *body;                /* decompressed, when it had to be */
	size_t body_cap;
	int64_t entries_left;         /* levels (or values) not yet read in the page */
	int64_t chunk_left;           /* ... and in the pages after it */
	struct rle_dec def, rep;
	struct decoder values;
	struct vals dict;
	bool has_dict, started;
	size_t per_row;               /* entries that a row of the last read had, about */
	size_t longest;               /* value that the dictionary, or a page of joined strings so far, can give again and again */

	/* entries read ahead, to find where a record ends; only when max_rep > 0 */
	uint8_t pend_def[LEAF_PENDING], pend_rep[LEAF_PENDING];
	size_t pend_at, pend_n;

	/* what was read: entries with levels, values without nulls */
	size_t n;
	uint8_t *def_out, *rep_out;   /* def_out counts only unless all_def; rep_out only when max_rep > 0 */
	size_t def_cap, rep_cap;
	bool all_def;                 /* every entry has the highest level; def_out is not filled */
	struct vals out;
};

/* The source and the room are borrowed. */
int leaf_open(struct leaf_reader *l, const struct pq_source *src, struct leaf_room *room, const struct pq_leaf *leaf,
	      const struct pq_chunk_meta *meta, bool levels_only, struct err *e);
void leaf_release(struct leaf_reader *l);
void leaf_clear(struct leaf_reader *l);   /* forgets what was read, keeps the place */
int leaf_read(struct leaf_reader *l, uint64_t rows, struct err *e);  /* appends */
int leaf_skip(struct leaf_reader *l, uint64_t rows, struct err *e);  /* clears */
/* How many of the next ROWS can be read without holding much more than the pages do: few bytes of a file may stand for many. */
uint64_t leaf_step(const struct leaf_reader *l, uint64_t rows);
size_t leaf_bytes(const struct leaf_reader *l);                      /* of what was read and not cleared */

/* page.c */
int pq_page_next(struct leaf_reader *l, uint64_t *skip_rows, struct err *e);

#endif
