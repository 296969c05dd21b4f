/* SPDX-License-Identifier: MIT */
/* Opens the stream of a page's encoding and reads values from it. */
#include "parquet/decode.h"

/* What is new is zeroed: readers of text look at the padding, too. */
static void *grow(void *p, size_t *cap, size_t need)
{
	if (need <= *cap && p)
		return p;
	size_t want = *cap + *cap / 2, had = p ? *cap + VALS_PAD : 0;
	want = want < need ? need : want;
	want = (want + 63) & ~(size_t)63;
	*cap = want;
	char *q = mem_realloc(p, want + VALS_PAD);
	memset(q + had, 0, want + VALS_PAD - had);
	return q;
}

bool vals_reserve(struct vals *v, size_t n, size_t bytes)
{
	size_t most = v->width ? (size_t)INT32_MAX * 16 : INT32_MAX;
	if (n > INT32_MAX - v->n || bytes > most - v->ndata)
		return false;
	v->data = grow(v->data, &v->cap, v->ndata + bytes);
	if (v->width)
		return true;
	size_t cap = v->offsets_cap * sizeof *v->offsets;
	bool first = !v->offsets;
	v->offsets = grow(v->offsets, &cap, (v->n + n + 1) * sizeof *v->offsets);
	v->offsets_cap = cap / sizeof *v->offsets;
	if (first || !v->n)
		v->offsets[0] = 0;
	return true;
}

size_t decode_width(int physical, int type_length)
{
	switch (physical) {
	case PQ_BOOLEAN: return 1;
	case PQ_INT32:
	case PQ_FLOAT: return 4;
	case PQ_INT64:
	case PQ_DOUBLE: return 8;
	case PQ_INT96: return 12;
	case PQ_FIXED: return (size_t)type_length;
	default: return 0;
	}
}

static bool encoding_fits(int encoding, int physical)
{
	switch (encoding) {
	case PQ_PLAIN:
	case PQ_PLAIN_DICTIONARY:
	case PQ_RLE_DICTIONARY: return true;
	case PQ_RLE: return physical == PQ_BOOLEAN;
	case PQ_DELTA_BINARY_PACKED: return physical == PQ_INT32 || physical == PQ_INT64;
	case PQ_DELTA_LENGTH_BYTE_ARRAY: return physical == PQ_BYTE_ARRAY;
	case PQ_DELTA_BYTE_ARRAY: return physical == PQ_BYTE_ARRAY || physical == PQ_FIXED;
	case PQ_BYTE_STREAM_SPLIT: return physical != PQ_BYTE_ARRAY && physical != PQ_BOOLEAN;
	default: return false;
	}
}

/* RLE booleans have their length in front. */
static bool rle_booleans(struct decoder *d)
{
	uint32_t n;
	if (d->end - d->p < 4)
		return false;
	memcpy(&n, d->p, 4);
	if (n > (size_t)(d->end - d->p) - 4)
		return false;
	rle_dec_init(&d->rle, d->p + 4, n, 1);
	return true;
}

/* One byte says how wide the indices are. No bytes at all: every value is null. */
static bool dictionary_init(struct decoder *d)
{
	if (d->p == d->end) {
		rle_dec_init(&d->rle, d->p, 0, 0);
		return true;
	}
	if (*d->p > 32)
		return false;
	rle_dec_init(&d->rle, d->p + 1, (size_t)(d->end - d->p) - 1, *d->p);
	return true;
}

int decoder_init(struct decoder *d, int encoding, int physical, size_t width, const uint8_t *p, size_t n,
		 const struct vals *dict, struct err *e)
{
	bool ok = true;
	if (!encoding_fits(encoding, physical))
		return err_set(e, ERR_UNSUPPORTED, "values of physical type %d in %s are not supported", physical,
			       pq_encoding_name(encoding));
	struct vals last = d->last;
	*d = (struct decoder){ .encoding = encoding, .physical = physical, .width = width, .p = p, .end = p + n,
		.dict = dict, .last = last, .most = VALS_MOST };
	switch (encoding) {
	case PQ_PLAIN_DICTIONARY:
	case PQ_RLE_DICTIONARY:
		ok = dictionary_init(d);
		break;
	case PQ_RLE: ok = rle_booleans(d); break;
	case PQ_DELTA_BINARY_PACKED: ok = !n || pq_delta_init(&d->delta, p, d->end); break;
	case PQ_DELTA_LENGTH_BYTE_ARRAY:
	case PQ_DELTA_BYTE_ARRAY: ok = !n || pq_delta_bytes_init(d); break;
	case PQ_BYTE_STREAM_SPLIT:
		ok = width > 0 && n % width == 0;
		d->stride = width ? n / width : 0;
		break;
	default: break;
	}
	return ok ? 0 : err_set(e, ERR_DATA, "damaged %s data in a page", pq_encoding_name(encoding));
}

void decoder_release(struct decoder *d)
{
	vals_release(&d->last);
}

static size_t rle_read(struct decoder *d, struct vals *v, size_t n)
{
	if (!vals_reserve(v, n, n))
		return 0;
	size_t k = rle_dec_u8(&d->rle, v->data + v->ndata, n);
	v->n += k;
	v->ndata += k;
	return k;
}

size_t decoder_read(struct decoder *d, struct vals *v, size_t n)
{
	switch (d->encoding) {
	case PQ_PLAIN: return plain_read(d, v, n);
	case PQ_PLAIN_DICTIONARY:
	case PQ_RLE_DICTIONARY: return dictionary_read(d, v, n);
	case PQ_RLE: return rle_read(d, v, n);
	case PQ_DELTA_BINARY_PACKED: return pq_delta_read(d, v, n);
	case PQ_DELTA_LENGTH_BYTE_ARRAY: return pq_delta_length_read(d, v, n);
	case PQ_DELTA_BYTE_ARRAY: return pq_delta_bytes_read(d, v, n);
	default: return split_read(d, v, n);
	}
}
