/* SPDX-License-Identifier: MIT */
/* rle - the hybrid of run lengths and bit-packing that Parquet uses for levels, dictionary indices and booleans.
 *
 * Source: parquet-format Encodings.md, "Run Length Encoding / Bit-Packing Hybrid (RLE = 3)" and
 * "Bit-packed (Deprecated) (BIT_PACKED = 4)".
 *
 *	run        varint(count << 1), value in ceil(width / 8) bytes, little-endian
 *	literals   varint(groups << 1 | 1), groups of 8 values, width bits each, LSB first
 *
 * A run is started when a group of 8 holds one value only.
 * Padding: the decoders read up to 8 bytes behind the end of their input (the bytes are not used).
 * Threads: one owner. Cost: encode about 1 ns, decode about 0.5 ns a value.
 */
#ifndef SM_PARQUET_RLE_H
#define SM_PARQUET_RLE_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bits that hold the values 0..MAX. */
static inline unsigned rle_width(uint32_t max)
{
	return max ? 32 - (unsigned)__builtin_clz(max) : 0;
}

/* Encoder of levels, fed in pieces; WIDTH is at most 8. */
struct rle_enc {
	struct buf out;
	uint64_t run;        /* length of the open run, 0: literals */
	size_t lit_at;       /* where the header of the open literals is */
	uint8_t lit_groups;  /* 0: none open */
	uint8_t width, npend, run_value;
	uint8_t pend[8];
};

void rle_enc_init(struct rle_enc *r, unsigned width);
void rle_enc_release(struct rle_enc *r);
void rle_enc_put(struct rle_enc *r, const uint8_t *v, size_t n);
void rle_enc_put_run(struct rle_enc *r, uint8_t v, uint64_t n);
void rle_enc_finish(struct rle_enc *r);   /* out is complete; then rle_enc_clear for the next page */
void rle_enc_clear(struct rle_enc *r);

/* Indices of a dictionary, all at once; WIDTH is at most 16. */
void rle_put_u16(struct buf *out, const uint16_t *v, size_t n, unsigned width);

struct rle_dec {
	const uint8_t *p, *end;
	uint64_t run;        /* values left of the open run */
	uint64_t lit;        /* values left of the open literals */
	uint32_t value;
	unsigned width, bit; /* bit: offset into p of the next literal */
	bool msb;            /* the deprecated encoding: one stretch of literals, MSB first */
};

void rle_dec_init(struct rle_dec *d, const void *p, size_t n, unsigned width);
void rle_dec_init_msb(struct rle_dec *d, const void *p, size_t n, unsigned width);
/* Up to N values; fewer only at the end of the input or at a fault. */
size_t rle_dec_u8(struct rle_dec *d, uint8_t *to, size_t n);
size_t rle_dec_u32(struct rle_dec *d, uint32_t *to, size_t n);
/* When a run is open: its value and what is left of it; otherwise 0. */
uint64_t rle_dec_run(struct rle_dec *d, uint32_t *value);
static inline void rle_dec_take(struct rle_dec *d, uint64_t n) { d->run -= n; }

#endif
