/* SPDX-License-Identifier: MIT */
/* vals - decoded values of one leaf, without its nulls: what the decoders fill.
 *
 * Fixed width (booleans: a byte each), or offsets and bytes. Buffers are made as those of struct column are
 * (VALS_PAD bytes behind the capacity), so that they can change places with them.
 * Ownership: vals_release frees. Threads: one owner.
 */
#ifndef SM_PARQUET_VALS_H
#define SM_PARQUET_VALS_H

#include "base/mem.h"

#include <string.h>

#define VALS_PAD ((size_t)64)
#define VALS_MOST ((size_t)256 << 20) /* bytes of text that is repeated from a dictionary or from the value before */

struct vals {
	size_t width;        /* 0: bytes */
	size_t n;
	uint8_t *data;
	size_t ndata, cap;   /* bytes */
	int32_t *offsets;    /* n + 1 when width is 0 */
	size_t offsets_cap;
};

static inline void vals_init(struct vals *v, size_t width)
{
	*v = (struct vals){ .width = width };
}

static inline void vals_release(struct vals *v)
{
	mem_free(v->data);
	mem_free(v->offsets);
	vals_init(v, v->width);
}

static inline void vals_clear(struct vals *v)
{
	v->n = v->ndata = 0;
}

/* Room for N more values of BYTES bytes in all (fixed: N x width). False beyond int32 offsets. */
bool vals_reserve(struct vals *v, size_t n, size_t bytes);

/* memcpy of mostly short texts, in steps of 16 bytes: both sides have VALS_PAD bytes of room behind their end. */
static inline void vals_copy(void *dest, const void *src, size_t n)
{
	char *to = dest;
	const char *p = src;
	if (n <= 16) {
		memcpy(to, p, 16);
	} else if (n <= 48) {
		memcpy(to, p, 16);
		memcpy(to + 16, p + 16, 16);
		memcpy(to + 32, p + 32, 16);
	} else {
		memcpy(to, p, n);
	}
}

/* Append N bytes as one value; P has VALS_PAD bytes of room. After vals_reserve. */
static inline void vals_put(struct vals *v, const uint8_t *p, size_t n)
{
	vals_copy(v->data + v->ndata, p, n);
	v->ndata += n;
	v->offsets[++v->n] = (int32_t)v->ndata;
}

#endif
