/* SPDX-License-Identifier: MIT */
/* Pages of a chunk: their headers, check sums, decompression, and where levels and values are in them. */
#include "base/mem.h"
#include "parquet/file.h"
#include "parquet/leaf.h"

#include <zlib.h>

#define HEADER_FIRST ((size_t)512)
#define HEADER_MAX ((size_t)16 << 20)   /* a header with statistics of long strings */

/* A buffer of HAD bytes becomes one of NOW. What a page says that it holds is a number in its header. */
static int take_room(struct leaf_reader *l, size_t had, size_t now, struct err *e)
{
	struct leaf_room *r = l->room;
	size_t used = r->used - had + now;
	if (now > had && used > r->most)
		return pq_too_much(l->src, "pages take", e);
	if (r->pool && now != had)
		r->pool->take(r->pool->arg, (int64_t)now - (int64_t)had);
	r->used = used;
	return 0;
}

/* Make the N bytes at pos available (fewer at the end of the chunk); returns how many are. */
static int window(struct leaf_reader *l, size_t n, size_t *have, struct err *e)
{
	uint64_t left = l->end - l->pos;
	size_t want = left < n ? (size_t)left : n, keep = 0;
	*have = want;
	if (l->pos >= l->win_at && l->pos + want <= l->win_at + l->win_n)
		return 0;
	if (l->pos >= l->win_at && l->pos < l->win_at + l->win_n) {
		keep = (size_t)(l->win_at + l->win_n - l->pos);
		memmove(l->win, l->win + (l->pos - l->win_at), keep);
	}
	size_t size = want > l->room->window ? want : l->room->window;
	if (size > left)
		size = (size_t)left;
	if (size > l->win_cap || !l->win) {
		int rc = take_room(l, l->win_cap, size, e);
		if (rc)
			return rc;
		l->win_cap = size;
		l->win = mem_realloc(l->win, size + VALS_PAD);
	}
	l->win_at = l->pos;
	l->win_n = keep;
	int rc = l->src->read(l->src->arg, l->pos + keep, l->win + keep, size - keep, e);
	if (rc == 0)
		l->win_n = size;
	memset(l->win + size, 0, VALS_PAD);
	return rc;
}

static const uint8_t *here(const struct leaf_reader *l)
{
	return l->win + (l->pos - l->win_at);
}

static int read_header(struct leaf_reader *l, struct pq_page *h, struct err *e)
{
	for (size_t want = HEADER_FIRST, have; ; want *= 4) {
		int rc = window(l, want, &have, e);
		if (rc)
			return rc;
		ptrdiff_t n = pq_page_read(h, here(l), have);
		if (n > 0) {
			l->pos += (uint64_t)n;
			break;
		}
		if (n < 0 || have < want || want > HEADER_MAX)
			return err_set(e, ERR_DATA, "damaged page header at byte %llu", (unsigned long long)l->pos);
	}
	if ((uint64_t)h->compressed > l->end - l->pos)
		return err_set(e, ERR_DATA, "a page at byte %llu is longer than its column chunk",
			       (unsigned long long)l->pos);
	return 0;
}

static int check_crc(const struct pq_page *h, const uint8_t *p, struct err *e)
{
	if (!h->has_crc || (uint32_t)crc32(0, p, (uInt)h->compressed) == h->crc)
		return 0;
	return err_set(e, ERR_DATA, "a page's checksum is wrong");
}

/* The page's bytes from SKIP on, decompressed; levels of V2 stand in front and are never compressed. */
static int unpack(struct leaf_reader *l, const struct pq_page *h, size_t skip, const uint8_t **p, size_t *n,
		  struct err *e)
{
	size_t packed = (size_t)h->compressed - skip, size = (size_t)h->uncompressed - skip;
	const uint8_t *from = here(l) + skip;
	if (l->meta->codec == PQ_FILE_UNCOMPRESSED || !h->is_compressed || !packed) {
		*p = from;
		*n = packed;
		return 0;
	}
	if (!pq_decompress_plausible(l->meta->codec, packed, size))
		return err_set(e, ERR_DATA, "a page of %zu bytes claims to hold %zu", packed, size);
	if (size > l->body_cap || !l->body) {
		int rc = take_room(l, l->body_cap, size, e);
		if (rc)
			return rc;
		mem_free(l->body);
		l->body = mem_alloc(size + VALS_PAD);
		l->body_cap = size;
	}
	*p = l->body;
	*n = size;
	int rc = pq_decompress(&l->unzip, l->meta->codec, from, packed, l->body, size, e);
	memset(l->body + size, 0, VALS_PAD);
	return rc;
}

/* Levels in a V1 page; returns how many bytes they took, or -1. */
static ptrdiff_t levels_v1(struct rle_dec *d, int encoding, unsigned max, int64_t values, const uint8_t *p, size_t n)
{
	uint32_t len;
	if (!max)
		return 0;
	if (encoding == PQ_BIT_PACKED) {
		uint64_t bytes = ((uint64_t)values * rle_width(max) + 7) / 8;
		if (bytes > n)
			return -1;
		rle_dec_init_msb(d, p, (size_t)bytes, rle_width(max));
		return (ptrdiff_t)bytes;
	}
	if (encoding != PQ_RLE || n < 4)
		return -1;
	memcpy(&len, p, 4);
	if (len > n - 4)
		return -1;
	rle_dec_init(d, p + 4, len, rle_width(max));
	return 4 + (ptrdiff_t)len;
}

static int start_values(struct leaf_reader *l, const struct pq_page *h, const uint8_t *p, size_t n, struct err *e)
{
	l->entries_left = h->values;
	if (l->levels_only)
		return 0;
	int rc = decoder_init(&l->values, h->encoding, l->leaf->el->physical, l->out.width, p, n,
			      l->has_dict ? &l->dict : NULL, e);
	l->values.most = l->room->most;
	return rc;
}

static int start_v1(struct leaf_reader *l, const struct pq_page *h, struct err *e)
{
	const uint8_t *p;
	size_t n;
	int rc = unpack(l, h, 0, &p, &n, e);
	if (rc)
		return rc;
	ptrdiff_t k = levels_v1(&l->rep, h->rep_encoding, l->leaf->max_rep, h->values, p, n);
	if (k >= 0) {
		p += k;
		n -= (size_t)k;
		k = levels_v1(&l->def, h->def_encoding, l->leaf->max_def, h->values, p, n);
	}
	if (k < 0)
		return err_set(e, ERR_DATA, "damaged levels in a page");
	return start_values(l, h, p + k, n - (size_t)k, e);
}

static int start_v2(struct leaf_reader *l, const struct pq_page *h, struct err *e)
{
	const uint8_t *p = here(l);
	size_t n;
	if (h->rep_bytes < 0 || h->def_bytes < 0 || h->rep_bytes > h->compressed ||
	    h->def_bytes > h->compressed - h->rep_bytes || h->rep_bytes + h->def_bytes > h->uncompressed)
		return err_set(e, ERR_DATA, "damaged levels in a page");
	size_t rep = (size_t)h->rep_bytes, def = (size_t)h->def_bytes;
	rle_dec_init(&l->rep, p, rep, rle_width(l->leaf->max_rep));
	rle_dec_init(&l->def, p + rep, def, rle_width(l->leaf->max_def));
	int rc = unpack(l, h, rep + def, &p, &n, e);
	return rc ? rc : start_values(l, h, p, n, e);
}

static int load_dictionary(struct leaf_reader *l, const struct pq_page *h, struct err *e)
{
	const uint8_t *p;
	size_t n;
	if (l->levels_only)
		return 0;
	if (l->has_dict)
		return err_set(e, ERR_DATA, "a second dictionary in a column chunk");
	if (h->encoding != PQ_PLAIN && h->encoding != PQ_PLAIN_DICTIONARY)
		return err_set(e, ERR_DATA, "a dictionary in %s", pq_encoding_name(h->encoding));
	int rc = unpack(l, h, 0, &p, &n, e);
	if (rc == 0) /* texts have an offset for four bytes of length */
		rc = take_room(l, 0, n, e);
	if (rc == 0)
		rc = decoder_init(&l->values, PQ_PLAIN, l->leaf->el->physical, l->out.width, p, n, NULL, e);
	if (rc)
		return rc;
	if (!vals_reserve(&l->dict, 0, 0) ||
	    decoder_read(&l->values, &l->dict, (size_t)h->values) != (size_t)h->values)
		return err_set(e, ERR_DATA, "damaged dictionary");
	l->has_dict = true;
	for (size_t i = 0; !l->dict.width && i < l->dict.n; i++) {
		size_t len = (size_t)(l->dict.offsets[i + 1] - l->dict.offsets[i]);
		l->longest = len > l->longest ? len : l->longest;
	}
	return 0;
}

/* How many rows the page has, when its header tells. */
static bool page_rows(const struct leaf_reader *l, const struct pq_page *h, uint64_t *rows)
{
	if (!l->leaf->max_rep)
		*rows = (uint64_t)h->values;
	else if (h->type == PQ_DATA_PAGE_V2 && h->rows >= 0)
		*rows = (uint64_t)h->rows;
	else
		return false;
	return true;
}

/* Open the next page with values. Whole pages among the next *SKIP_ROWS are passed over, and taken off it. */
int pq_page_next(struct leaf_reader *l, uint64_t *skip_rows, struct err *e)
{
	struct pq_page h;
	uint64_t rows;
	size_t have;
	bool opened = false;
	while (!opened) {
		if (l->chunk_left <= 0 || l->pos >= l->end)
			return err_set(e, ERR_DATA, "the column chunk ends before its row group does");
		int rc = read_header(l, &h, e);
		if (rc)
			return rc;
		bool data = h.type == PQ_DATA_PAGE || h.type == PQ_DATA_PAGE_V2;
		if (data && h.values > l->chunk_left)
			return err_set(e, ERR_DATA, "a page holds more values than its column chunk");
		if (data)
			l->chunk_left -= h.values;
		if (data && page_rows(l, &h, &rows) && rows <= *skip_rows && h.values) {
			*skip_rows -= rows;
			l->pos += (uint64_t)h.compressed;
			if (!*skip_rows)
				return 0;
			continue;
		}
		rc = window(l, (size_t)h.compressed, &have, e);
		if (rc == 0 && (data || h.type == PQ_DICTIONARY_PAGE))
			rc = check_crc(&h, here(l), e);
		if (rc == 0 && h.type == PQ_DICTIONARY_PAGE)
			rc = load_dictionary(l, &h, e);
		else if (rc == 0 && data && h.values)
			rc = h.type == PQ_DATA_PAGE ? start_v1(l, &h, e) : start_v2(l, &h, e);
		if (rc)
			return rc;
		opened = data && h.values;
		l->pos += (uint64_t)h.compressed;
	}
	return 0;
}
