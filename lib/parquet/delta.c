/* SPDX-License-Identifier: MIT */
/* The DELTA encodings. Source: parquet-format Encodings.md; D. Lemire and L. Boytsov, "Decoding billions of integers
 * per second through vectorization", 2012, for the packing of deltas. */
#include "parquet/decode.h"

static bool get_varint(const uint8_t **p, const uint8_t *end, uint64_t *v)
{
	*v = 0;
	for (unsigned shift = 0; shift < 70 && *p < end; shift += 7) {
		uint8_t b = *(*p)++;
		if (shift < 64)
			*v |= (uint64_t)(b & 0x7F) << shift;
		if (!(b & 0x80))
			return true;
	}
	return false;
}

static uint64_t unzigzag(uint64_t v)
{
	return (v >> 1) ^ -(v & 1);
}

bool pq_delta_init(struct delta_dec *d, const uint8_t *p, const uint8_t *end)
{
	uint64_t block, minis, count, first;
	*d = (struct delta_dec){ .p = p, .end = end, .first = true };
	if (!get_varint(&d->p, end, &block) || !get_varint(&d->p, end, &minis) || !get_varint(&d->p, end, &count) ||
	    !get_varint(&d->p, end, &first))
		return false;
	if (!minis || minis > 4096 || !block || block > 1u << 20 || block % minis || block / minis % 8 || count > INT32_MAX)
		return false;
	d->miniblocks = (uint32_t)minis;
	d->per_mini = (uint32_t)(block / minis);
	d->left = count;
	d->last = unzigzag(first);
	d->mini = d->miniblocks;
	return true;
}

static bool fault(struct delta_dec *d)
{
	d->bad = true;
	return false;
}

/* Opens the next miniblock, and the next block when the last one is used up. */
static bool next_mini(struct delta_dec *d)
{
	if (d->mini < d->miniblocks)
		d->p += (size_t)d->widths[d->mini] * d->per_mini / 8;
	if (++d->mini >= d->miniblocks) {
		uint64_t min;
		if (!get_varint(&d->p, d->end, &min) || (size_t)(d->end - d->p) < d->miniblocks)
			return fault(d);
		d->min_delta = unzigzag(min);
		d->widths = d->p;
		d->p += d->miniblocks;
		d->mini = 0;
	}
	unsigned width = d->widths[d->mini];
	if (width > 64 || (size_t)(d->end - d->p) < ((size_t)width * d->per_mini + 7) / 8)
		return fault(d);
	d->mini_left = d->per_mini;
	d->bit = 0;
	return true;
}

static uint64_t get_bits(const uint8_t *p, uint64_t bit, unsigned width)
{
	unsigned __int128 v;
	if (!width)
		return 0;
	memcpy(&v, p + (bit >> 3), sizeof v);
	return (uint64_t)(v >> (bit & 7)) & (UINT64_MAX >> (64 - width));
}

static size_t pq_delta_get(struct delta_dec *d, int64_t *to, size_t n)
{
	size_t i = 0;
	if (d->bad)
		return 0;
	n = d->left < n ? (size_t)d->left : n;
	if (n && d->first) {
		to[i++] = (int64_t)d->last;
		d->first = false;
	}
	while (i < n) {
		if (!d->mini_left && !next_mini(d))
			break;
		unsigned width = d->widths[d->mini];
		size_t k = n - i < d->mini_left ? n - i : d->mini_left;
		for (size_t j = 0; j < k; j++, d->bit += width) {
			d->last += d->min_delta + get_bits(d->p, d->bit, width);
			to[i++] = (int64_t)d->last;
		}
		d->mini_left -= (uint32_t)k;
	}
	d->left -= i;
	return i;
}

/* Where the stream ends; reads all of it. NULL when it is damaged. */
static const uint8_t *pq_delta_end(const struct delta_dec *from)
{
	struct delta_dec d = *from;
	int64_t scratch[256];
	while (d.left)
		if (!pq_delta_get(&d, scratch, 256))
			return NULL;
	if (d.mini < d.miniblocks && d.widths) {
		d.p += (size_t)d.widths[d.mini] * d.per_mini / 8;
		/* Miniblocks behind the last value are not stored. */
	}
	return d.p <= d.end ? d.p : NULL;
}

size_t pq_delta_read(struct decoder *d, struct vals *v, size_t n)
{
	int64_t block[256];
	size_t done = 0;
	n = d->delta.left < n ? (size_t)d->delta.left : n;
	while (done < n) {
		size_t k = pq_delta_get(&d->delta, block, n - done < 256 ? n - done : 256);
		if (!k || !vals_reserve(v, k, k * v->width))
			break;
		uint8_t *to = v->data + v->ndata;
		if (v->width == 8)
			memcpy(to, block, k * 8);
		for (size_t i = 0; v->width == 4 && i < k; i++) {
			int32_t x = (int32_t)block[i];
			memcpy(to + i * 4, &x, 4);
		}
		v->n += k;
		v->ndata += k * v->width;
		done += k;
	}
	return done;
}

/* LENGTH: lengths, bytes. DELTA_BYTE_ARRAY: lengths of prefixes, lengths of suffixes, bytes of suffixes. */
bool pq_delta_bytes_init(struct decoder *d)
{
	const uint8_t *p = d->p;
	vals_release(&d->last);
	vals_init(&d->last, 0);
	if (d->encoding == PQ_DELTA_BYTE_ARRAY) {
		if (!pq_delta_init(&d->prefix, p, d->end) || !(p = pq_delta_end(&d->prefix)))
			return false;
	}
	if (!pq_delta_init(&d->delta, p, d->end) || !(p = pq_delta_end(&d->delta)))
		return false;
	d->p = p;
	return true;
}

size_t pq_delta_length_read(struct decoder *d, struct vals *v, size_t n)
{
	int64_t len[256];
	size_t done = 0;
	while (done < n) {
		size_t k = pq_delta_get(&d->delta, len, n - done < 256 ? n - done : 256);
		if (!k)
			break;
		for (size_t i = 0; i < k; i++, done++) {
			if (len[i] < 0 || len[i] > d->end - d->p || !vals_reserve(v, 1, (size_t)len[i]))
				return done;
			vals_put(v, d->p, (size_t)len[i]);
			d->p += len[i];
		}
	}
	return done;
}

/* One value: PREFIX bytes of the one before, then SUFFIX bytes of the page. */
static bool put_joined(struct decoder *d, struct vals *v, int64_t prefix, int64_t suffix)
{
	struct vals *last = &d->last;
	if (prefix < 0 || suffix < 0 || (uint64_t)prefix > last->ndata || suffix > d->end - d->p)
		return false;
	size_t n = (size_t)prefix + (size_t)suffix;
	if (v->width && n != v->width)
		return false;
	last->ndata = (size_t)prefix;
	d->full = v->ndata + n > d->most;
	if (d->full || !vals_reserve(last, 1, (size_t)suffix) || !vals_reserve(v, 1, n))
		return false;
	memcpy(last->data + prefix, d->p, (size_t)suffix);
	last->ndata = n;
	d->p += suffix;
	if (!v->width) {
		vals_put(v, last->data, n);
		return true;
	}
	memcpy(v->data + v->ndata, last->data, n);
	v->n++;
	v->ndata += n;
	return true;
}

size_t pq_delta_bytes_read(struct decoder *d, struct vals *v, size_t n)
{
	int64_t prefix[256], suffix[256];
	size_t done = 0;
	while (done < n) {
		size_t want = n - done < 256 ? n - done : 256, k = pq_delta_get(&d->prefix, prefix, want);
		if (!k || pq_delta_get(&d->delta, suffix, k) != k)
			break;
		for (size_t i = 0; i < k; i++, done++)
			if (!put_joined(d, v, prefix[i], suffix[i]))
				return done;
	}
	return done;
}
