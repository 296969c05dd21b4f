/* SPDX-License-Identifier: MIT */
/* The PLAIN encoding, BYTE_STREAM_SPLIT, and dictionary pages, read. */
#include "parquet/decode.h"

#define LARGE_PAGE ((size_t)4 << 20)

static size_t plain_booleans(struct decoder *d, struct vals *v, size_t n)
{
	uint64_t have = (uint64_t)(d->end - d->p) * 8 - d->bit;
	n = have < n ? (size_t)have : n;
	if (!vals_reserve(v, n, n))
		return 0;
	uint8_t *to = v->data + v->ndata;
	for (size_t i = 0; i < n; i++) {
		size_t bit = d->bit + i;
		to[i] = d->p[bit >> 3] >> (bit & 7) & 1;
	}
	d->p += (d->bit + n) >> 3;
	d->bit = (d->bit + n) & 7;
	v->n += n;
	v->ndata += n;
	return n;
}

static size_t plain_fixed(struct decoder *d, struct vals *v, size_t n)
{
	size_t have = d->width ? (size_t)(d->end - d->p) / d->width : 0;
	n = have < n ? have : n;
	if (!vals_reserve(v, n, n * d->width))
		return 0;
	memcpy(v->data + v->ndata, d->p, n * d->width);
	d->p += n * d->width;
	v->n += n;
	v->ndata += n * d->width;
	return n;
}

/* Bytes that the next N values have, each with its length in front. */
static size_t plain_total(const uint8_t *p, const uint8_t *end, size_t n)
{
	const uint8_t *start = p;
	for (size_t i = 0; i < n && end - p >= 4; i++) {
		uint32_t len;
		memcpy(&len, p, 4);
		if (len > (size_t)(end - p) - 4)
			break;
		p += 4 + (size_t)len;
	}
	return (size_t)(p - start);
}

/* All that the page still holds is the most that N values can need: one reservation for all of them. Where a page is large
 * they are looked at first. */
static size_t plain_bytes(struct decoder *d, struct vals *v, size_t n)
{
	const uint8_t *p = d->p;
	size_t left = (size_t)(d->end - p);
	n = n < left / 4 ? n : left / 4;
	if (!vals_reserve(v, n, left > LARGE_PAGE ? plain_total(p, d->end, n) : left - n * 4))
		return 0;
	size_t i = 0;
	for (; i < n; i++) {
		uint32_t len;
		if (d->end - p < 4)
			break;
		memcpy(&len, p, 4);
		if (len > (size_t)(d->end - p) - 4)
			break;
		vals_put(v, p + 4, len);
		p += 4 + (size_t)len;
	}
	d->p = p;
	return i;
}

size_t plain_read(struct decoder *d, struct vals *v, size_t n)
{
	if (d->physical == PQ_BOOLEAN)
		return plain_booleans(d, v, n);
	return d->physical == PQ_BYTE_ARRAY ? plain_bytes(d, v, n) : plain_fixed(d, v, n);
}

size_t split_read(struct decoder *d, struct vals *v, size_t n)
{
	size_t have = d->stride - d->at, w = d->width;
	n = have < n ? have : n;
	if (!vals_reserve(v, n, n * w))
		return 0;
	uint8_t *to = v->data + v->ndata;
	for (size_t k = 0; k < w; k++) {
		const uint8_t *from = d->p + k * d->stride + d->at;
		for (size_t i = 0; i < n; i++)
			to[i * w + k] = from[i];
	}
	d->at += n;
	v->n += n;
	v->ndata += n * w;
	return n;
}

#define BLOCK 1024u

#define GATHER(type) do { \
	const type *from = (const type *)(const void *)dict->data; \
	type *to = (type *)(void *)(v->data + v->ndata); \
	for (size_t i = 0; i < n; i++) \
		to[i] = from[index[i]]; \
} while (0)

static bool take_fixed(const struct vals *dict, struct vals *v, const uint32_t *index, size_t n)
{
	size_t w = dict->width;
	if (!vals_reserve(v, n, n * w))
		return false;
	if (w == 8)
		GATHER(uint64_t);
	else if (w == 4)
		GATHER(uint32_t);
	else
		for (size_t i = 0; i < n; i++)
			memcpy(v->data + v->ndata + i * w, dict->data + index[i] * w, w);
	v->n += n;
	v->ndata += n * w;
	return true;
}

static bool take_bytes(struct decoder *d, struct vals *v, const uint32_t *index, size_t n)
{
	const struct vals *dict = d->dict;
	size_t bytes = 0;
	for (size_t i = 0; i < n; i++)
		bytes += (size_t)(dict->offsets[index[i] + 1] - dict->offsets[index[i]]);
	d->full = v->ndata + bytes > d->most;
	if (d->full || !vals_reserve(v, n, bytes))
		return false;
	for (size_t i = 0; i < n; i++) {
		int32_t at = dict->offsets[index[i]];
		vals_put(v, dict->data + at, (size_t)(dict->offsets[index[i] + 1] - at));
	}
	return true;
}

size_t dictionary_read(struct decoder *d, struct vals *v, size_t n)
{
	uint32_t index[BLOCK], most;
	size_t done = 0;
	/* A chunk of nothing but nulls may name a dictionary that is not there. */
	while (d->dict && done < n) {
		size_t want = n - done < BLOCK ? n - done : BLOCK, k = rle_dec_u32(&d->rle, index, want);
		most = 0;
		for (size_t i = 0; i < k; i++)
			most = index[i] > most ? index[i] : most;
		if (!k || most >= d->dict->n)
			break;
		if (!(d->dict->width ? take_fixed(d->dict, v, index, k) : take_bytes(d, v, index, k)))
			break;
		done += k;
	}
	return done;
}
