/* SPDX-License-Identifier: MIT */
/* bounds - minimum and maximum of a chunk while it is written, small enough for tens of thousands of open chunks.
 *
 * The order is Parquet's TypeDefinedOrder: signed for numbers, bytes unsigned for strings. NaN is left out and
 * noted. Strings are kept up to STATS_BYTES, cut on a character; what is kept is then a prefix of the real bound.
 * Source: parquet.thrift, ColumnOrder and Statistics.
 * Ownership: the strings belong to the bounds. Threads: one owner.
 */
#ifndef SM_PARQUET_BOUNDS_H
#define SM_PARQUET_BOUNDS_H

#include "column/stats.h"
#include "parquet/meta.h"

/* Decimals of up to 18 digits are kept as int64, wider ones as int128. */
#define BOUNDS_WIDE(type) ((type)->kind == TYPE_DECIMAL && (type)->precision > 18)

struct bounds_text {
	char *p;
	uint16_t n, cap;
	bool cut;
};

struct bounds {
	bool has, has_nan;
	union { int64_t i; double d; __int128 dec; } min, max;
	uint64_t min_prefix, max_prefix;  /* the first 8 bytes, big-endian: most values are settled by one compare */
	struct bounds_text min_text, max_text;
};

void bounds_clear(struct bounds *b);      /* keeps the memory */
void bounds_release(struct bounds *b);
size_t bounds_memory(const struct bounds *b);
void bounds_i32(struct bounds *b, const int32_t *v, size_t n);
void bounds_i64(struct bounds *b, const int64_t *v, size_t n);
void bounds_float(struct bounds *b, const float *v, size_t n);
void bounds_double(struct bounds *b, const double *v, size_t n);
void bounds_decimal(struct bounds *b, __int128 v);
void bounds_text_slow(struct bounds *b, const char *p, size_t n, uint64_t prefix);

/* The first 8 bytes of a string as a number that sorts like them. The 8 bytes at P must be readable. */
static inline uint64_t bounds_prefix(const char *p, size_t n)
{
	uint64_t v;
	memcpy(&v, p, 8);
	v = __builtin_bswap64(v);
	return n >= 8 ? v : n ? v & ~(UINT64_MAX >> (n * 8)) : 0;
}

static inline void bounds_bytes(struct bounds *b, const char *p, size_t n)
{
	uint64_t v = bounds_prefix(p, n);
	if (v <= b->min_prefix || v >= b->max_prefix)
		bounds_text_slow(b, p, n, v);
}

/* As public statistics of a LEAF type (min and max only). */
void bounds_to_stats(const struct bounds *b, struct column_stats *s);

/* The bounds as the file spells them: PHYSICAL of WIDTH bytes (PQ_FIXED). */
struct bounds_plain {
	char min[STATS_BYTES + 8], max[STATS_BYTES + 8];
};
void bounds_to_file(const struct bounds *b, int physical, size_t width, struct bounds_plain *room,
		    struct pq_statistics *out);

#endif
