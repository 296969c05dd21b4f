/* SPDX-License-Identifier: MIT */
/* A hash table from values to indices. */
#include "parquet/dict.h"

#include "base/hash.h"
#include "base/mem.h"

#define FIRST_BITS 6

void dict_init(struct dict *d, size_t width)
{
	*d = (struct dict){ .width = (uint32_t)width, .values = BUF_INIT };
}

void dict_clear(struct dict *d)
{
	mem_free(d->slot);
	mem_free(d->at);
	mem_free(d->index);
	buf_release(&d->values);
	dict_init(d, d->width);
}

size_t dict_memory(const struct dict *d)
{
	return (d->bits ? sizeof *d->slot << d->bits : 0) + d->values.cap + d->at_cap * sizeof *d->at +
	       d->index_cap * sizeof *d->index;
}

static inline uint64_t load64(const char *p)
{
	uint64_t v;
	memcpy(&v, p, 8);
	return v;
}

/* The first 16 bytes of a string, zeros behind its end. Reads 16 bytes. */
struct head {
	uint64_t a, b;
};

static inline struct head head_of(const char *p, size_t n)
{
	struct head h = { load64(p), load64(p + 8) };
	if (n < 8)
		h.a = n ? h.a & (UINT64_MAX >> (64 - n * 8)) : 0;
	if (n < 16)
		h.b = n > 8 ? h.b & (UINT64_MAX >> (128 - n * 8)) : 0;
	return h;
}

/* Strings up to 16 bytes, most of those that repeat, without a call. */
static inline uint64_t hash_text(const char *p, size_t n, struct head h)
{
	if (n > 16)
		return hash_bytes(p, n, 0);
	return hash_fold(h.a ^ hash_secret.a, h.b ^ hash_secret.b ^ n);
}

static inline uint64_t hash_fixed(const char *p, size_t width)
{
	if (width == 8)
		return hash_fold(load64(p) ^ hash_secret.a, hash_secret.b);
	if (width == 4) {
		uint32_t v;
		memcpy(&v, p, 4);
		return hash_fold(v ^ hash_secret.a, hash_secret.b);
	}
	return hash_bytes(p, width, 1);
}

static uint64_t hash_entry(const struct dict *d, size_t i)
{
	size_t n;
	const char *p = dict_entry(d, i, &n);
	return d->width ? hash_fixed(p, n) : hash_text(p, n, head_of(p, n));
}

static inline uint32_t slot_of(uint64_t hash, uint32_t entry)
{
	return (uint32_t)(hash >> 48) << 16 | (entry + 1);
}

static void grow(struct dict *d)
{
	uint32_t bits = d->bits ? d->bits + 2 : FIRST_BITS, mask = (1u << bits) - 1;
	if (bits > 18)
		bits = 18, mask = (1u << 18) - 1;
	mem_free(d->slot);
	d->slot = mem_zalloc(sizeof *d->slot << bits);
	d->bits = bits;
	for (uint32_t i = 0; i < d->n; i++) {
		uint64_t h = hash_entry(d, i);
		uint32_t at = (uint32_t)h & mask;
		while (d->slot[at])
			at = (at + 1) & mask;
		d->slot[at] = slot_of(h, i);
	}
}

/* A new value may come: keep the table at most half full. */
static inline void room(struct dict *d)
{
	if (!d->bits || (d->n >= 1u << (d->bits - 1) && d->bits < 18))
		grow(d);
}

void dict_reserve(struct dict *d, size_t n)
{
	MEM_GROW(d->index, d->index_cap, d->nindex + n);
}

static inline bool same_fixed(const char *a, const char *b, size_t width)
{
	if (width == 8)
		return load64(a) == load64(b);
	return memcmp(a, b, width) == 0;
}

static inline bool put_fixed(struct dict *d, const char *v, size_t width)
{
	uint64_t h = hash_fixed(v, width);
	uint32_t mask = (1u << d->bits) - 1, at = (uint32_t)h & mask, tag = (uint32_t)(h >> 48), s;
	for (; (s = d->slot[at]); at = (at + 1) & mask)
		if (s >> 16 == tag && same_fixed(d->values.p + ((s & 0xFFFF) - 1) * width, v, width)) {
			d->index[d->nindex++] = (uint16_t)((s & 0xFFFF) - 1);
			return true;
		}
	if (d->n == DICT_ENTRIES)
		return false;
	d->slot[at] = slot_of(h, d->n);
	d->index[d->nindex++] = (uint16_t)d->n++;
	buf_put(&d->values, v, width);
	return true;
}

size_t dict_put_fixed(struct dict *d, const void *v, size_t n)
{
	const char *p = v;
	dict_reserve(d, n);
	for (size_t i = 0; i < n; i++) {
		room(d);
		bool ok = d->width == 8 ? put_fixed(d, p + i * 8, 8) :
			  d->width == 4 ? put_fixed(d, p + i * 4, 4) : put_fixed(d, p + i * d->width, d->width);
		if (!ok)
			return i;
	}
	return n;
}

static inline bool same_text(const struct dict *d, uint32_t entry, const char *p, size_t n, struct head h)
{
	const char *q = d->values.p + d->at[entry];
	uint32_t len;
	memcpy(&len, q, 4);
	if (len != n)
		return false;
	struct head g = head_of(q + 4, n);
	return g.a == h.a && g.b == h.b && (n <= 16 || memcmp(q + 20, p + 16, n - 16) == 0);
}

static void add_text(struct dict *d, const char *p, size_t n)
{
	MEM_GROW(d->at, d->at_cap, (size_t)d->n + 1);
	d->at[d->n++] = (uint32_t)d->values.n;
	buf_reserve(&d->values, 4 + n + 16);   /* heads are read whole */
	buf_le32(&d->values, (uint32_t)n);
	buf_put(&d->values, p, n);
}

bool dict_put_bytes(struct dict *d, const char *p, size_t n)
{
	room(d);
	struct head head = head_of(p, n);
	uint64_t h = hash_text(p, n, head);
	uint32_t mask = (1u << d->bits) - 1, at = (uint32_t)h & mask, tag = (uint32_t)(h >> 48), s;
	for (; (s = d->slot[at]); at = (at + 1) & mask)
		if (s >> 16 == tag && same_text(d, (s & 0xFFFF) - 1, p, n, head)) {
			d->index[d->nindex++] = (uint16_t)((s & 0xFFFF) - 1);
			return true;
		}
	if (d->n == DICT_ENTRIES)
		return false;
	d->slot[at] = slot_of(h, d->n);
	d->index[d->nindex++] = (uint16_t)d->n;
	add_text(d, p, n);
	return true;
}
