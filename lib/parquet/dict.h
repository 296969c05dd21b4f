/* SPDX-License-Identifier: MIT */
/* dict - the dictionary of a chunk while it is written.
 *
 * Values are kept once, PLAIN-encoded (so the dictionary page is ready), in a hash table with open addressing:
 * a slot is 16 bits of the hash over the index + 1. At most DICT_ENTRIES values.
 *
 * Memory: grows from nothing; dict_clear gives it back. Threads: one owner.
 * Cost: 5 to 10 ns a value that is there already.
 */
#ifndef SM_PARQUET_DICT_H
#define SM_PARQUET_DICT_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

#define DICT_ENTRIES 65535u

struct dict {
	uint32_t *slot;
	uint32_t bits;       /* 1 << bits slots; 0: none */
	uint32_t n;          /* entries */
	uint32_t width;      /* of a value: 4, 8, PQ_FIXED's; 0: strings */
	struct buf values;   /* PLAIN */
	uint32_t *at;        /* strings: where entry i begins in values */
	size_t at_cap;
	uint16_t *index;     /* of the values so far, of which nindex wait for a page */
	size_t nindex, index_cap;
};

void dict_init(struct dict *d, size_t width);
void dict_clear(struct dict *d);
size_t dict_memory(const struct dict *d);
/* Look up, adding what is new, N values; their indices go behind index[nindex]. Returns how many were taken:
 * fewer than N when the dictionary is full. V holds values of `width` bytes. */
size_t dict_put_fixed(struct dict *d, const void *v, size_t n);
/* One string; false: full. 16 bytes behind P must be readable. */
bool dict_put_bytes(struct dict *d, const char *p, size_t n);
void dict_reserve(struct dict *d, size_t n);   /* room for N more indices; before dict_put_bytes */
static inline const char *dict_entry(const struct dict *d, size_t i, size_t *n)
{
	uint32_t len;
	if (d->width) {
		*n = d->width;
		return d->values.p + i * d->width;
	}
	memcpy(&len, d->values.p + d->at[i], 4);
	*n = len;
	return d->values.p + d->at[i] + 4;
}

#endif
