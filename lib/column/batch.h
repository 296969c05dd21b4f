/* SPDX-License-Identifier: MIT */
/* batch - rows as columns, in Arrow's memory layout.
 *
 * Source: Apache Arrow columnar format 1.x. Bitmaps are LSB first; `valid` is NULL
 * when nothing is null. A child of a struct has as many rows as the struct (its slots
 * under a null parent exist, with any value and valid bit cleared). List: n + 1 offsets into child[0];
 * map: n + 1 offsets into child[0] (keys) and child[1] (values) alike.
 *
 *	kind                            data
 *	BOOLEAN                         bitmap
 *	BYTE SHORT INTEGER DATE         int8_t int16_t int32_t int32_t
 *	LONG TIMESTAMP TIMESTAMP_NTZ    int64_t
 *	FLOAT DOUBLE                    float double
 *	DECIMAL                         16-byte two's complement little-endian (__int128), unscaled
 *	STRING BINARY                   bytes; n + 1 offsets
 *	STRUCT LIST MAP VOID            none
 *
 * Ownership: a batch owns its columns and their buffers; batch_clear keeps the memory for
 * the next rows. All buffers have 64 readable bytes behind their end.
 * Limits: 2^31 - 1 rows and bytes a column (int32 offsets); builders treat more as out of memory.
 * Threads: one writer, or any number of readers.
 */
#ifndef SM_COLUMN_BATCH_H
#define SM_COLUMN_BATCH_H

#include "column/schema.h"

struct column {
	const struct type *type;   /* borrowed from the schema */
	size_t n, nulls;           /* rows (slots), how many are null */
	uint8_t *valid;            /* bitmap or NULL; capacity valid_cap bytes */
	void *data;                /* see the table; capacity data_cap bytes */
	size_t ndata;              /* STRING, BINARY: bytes in data */
	int32_t *offsets;          /* n + 1; capacity offsets_cap elements */
	size_t valid_cap, data_cap, offsets_cap;
	uint8_t *valid_buf;        /* the allocation behind `valid`, kept while valid is NULL */
	struct column *child;      /* STRUCT: one a field; LIST 1; MAP 2 */
	size_t nchild;
};

struct batch {
	const struct type *type;   /* TYPE_STRUCT, borrowed; col[i] belongs to type->fields[i] */
	size_t nrows, ncols;
	struct column *col;
};

void batch_init(struct batch *b, const struct type *type);
void batch_clear(struct batch *b);
void batch_release(struct batch *b);
size_t batch_memory(const struct batch *b);   /* bytes allocated */
size_t type_width(const struct type *t);      /* bytes of a fixed-width value; 0 for BOOLEAN and variable ones */

static inline bool bit_get(const uint8_t *bits, size_t i) { return bits[i >> 3] >> (i & 7) & 1; }
static inline void bit_set(uint8_t *bits, size_t i) { bits[i >> 3] |= (uint8_t)(1u << (i & 7)); }
static inline void bit_clear(uint8_t *bits, size_t i) { bits[i >> 3] &= (uint8_t)~(1u << (i & 7)); }
static inline bool column_is_null(const struct column *c, size_t i) { return c->valid && !bit_get(c->valid, i); }

/* Builders, one value at a time (generic and checked; the JSON reader has its own fast path). */
void column_reserve(struct column *c, size_t rows, size_t bytes); /* room for so many more, in `valid_buf` too; a
                                                       struct's children get the rows as well, a list's do not */
void column_need_valid(struct column *c);            /* make `valid` a bitmap (all n rows present so far) */
void column_add_null(struct column *c);              /* struct: null in every child too */
void column_add_bool(struct column *c, bool v);
void column_add_i64(struct column *c, int64_t v);    /* BYTE..LONG, DATE, TIMESTAMP*: the caller has checked the range */
void column_add_double(struct column *c, double v);  /* FLOAT, DOUBLE */
void column_add_decimal(struct column *c, __int128 v);
void column_add_bytes(struct column *c, const void *p, size_t n);
void column_add_struct(struct column *c);            /* a struct that is there; then add one value to each child */
void column_add_list(struct column *c);              /* LIST, MAP: closes a row whose elements are already in child[] */
void column_add_default(struct column *c);           /* zero, "" or empty */
/* Append rows SEL[0..NSEL) of FROM (same type) to TO; SEL NULL: the first NSEL rows. */
void column_append(struct column *to, const struct column *from, const uint32_t *sel, size_t nsel);

int64_t column_i64(const struct column *c, size_t i);   /* any integer, date or timestamp kind */
double column_double(const struct column *c, size_t i); /* FLOAT, DOUBLE */
__int128 column_decimal(const struct column *c, size_t i);
static inline const char *column_bytes(const struct column *c, size_t i, size_t *n)
{
	*n = (size_t)(c->offsets[i + 1] - c->offsets[i]);
	return (const char *)c->data + c->offsets[i];
}

#endif
