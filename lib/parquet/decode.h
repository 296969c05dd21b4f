/* SPDX-License-Identifier: MIT */
/* decode - the encodings of a page's values, as streams.
 *
 * Source: parquet-format Encodings.md. Each reads only what it is asked for, so memory does not depend on what a
 * page claims to hold. PLAIN and dictionaries are made for speed.
 * Padding: VALS_PAD bytes behind the page's end must be readable.
 * Failure: fewer values than asked for, or false. Threads: one owner.
 */
#ifndef SM_PARQUET_DECODE_H
#define SM_PARQUET_DECODE_H

#include "base/err.h"
#include "parquet/meta.h"
#include "parquet/rle.h"
#include "parquet/vals.h"

/* DELTA_BINARY_PACKED: blocks of miniblocks of zigzag deltas. */
struct delta_dec {
	const uint8_t *p, *end;
	uint64_t left;               /* values not yet given, the first included */
	uint64_t last, min_delta;    /* arithmetic wraps, as the format says */
	uint32_t miniblocks, per_mini;
	uint32_t mini, mini_left;    /* the open miniblock's number and values left */
	const uint8_t *widths;       /* of the open block */
	uint64_t bit;
	bool first, bad;
};

bool pq_delta_init(struct delta_dec *d, const uint8_t *p, const uint8_t *end);

struct decoder {
	bool full;                   /* reading stopped at `most` */
	size_t most;                 /* bytes of text that is repeated; VALS_MOST unless it is set after decoder_init */
	int encoding;
	int physical;
	size_t width;                /* of a decoded value */
	const uint8_t *p, *end;
	unsigned bit;                /* PLAIN booleans */
	size_t stride, at;           /* BYTE_STREAM_SPLIT: values in the page, the next */
	struct rle_dec rle;
	struct delta_dec delta, prefix;
	const struct vals *dict;
	struct vals last;            /* DELTA_BYTE_ARRAY: the value before */
};

/* Bytes of a decoded value: booleans 1, BYTE_ARRAY 0. */
size_t decode_width(int physical, int type_length);
/* P[0..N) are the page's values; DICT (NULL: there is none) outlives the decoder. */
int decoder_init(struct decoder *d, int encoding, int physical, size_t width, const uint8_t *p, size_t n,
		 const struct vals *dict, struct err *e);
void decoder_release(struct decoder *d);
/* Append N values to V; returns how many there were. */
size_t decoder_read(struct decoder *d, struct vals *v, size_t n);

/* By encoding, called by the above. */
size_t plain_read(struct decoder *d, struct vals *v, size_t n);
size_t dictionary_read(struct decoder *d, struct vals *v, size_t n);
bool pq_delta_bytes_init(struct decoder *d);
size_t pq_delta_read(struct decoder *d, struct vals *v, size_t n);
size_t pq_delta_length_read(struct decoder *d, struct vals *v, size_t n);
size_t pq_delta_bytes_read(struct decoder *d, struct vals *v, size_t n);
size_t split_read(struct decoder *d, struct vals *v, size_t n);

#endif
