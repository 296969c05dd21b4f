/* SPDX-License-Identifier: MIT */
/* Steps from page to page of a column chunk and gives rows, or skips them. */
#include "parquet/leaf.h"

#include "base/mem.h"

#define SLACK 128   /* old writers leave the dictionary's header out of the chunk's size */

int leaf_open(struct leaf_reader *l, const struct pq_source *src, struct leaf_room *room, const struct pq_leaf *leaf,
	      const struct pq_chunk_meta *meta, bool levels_only, struct err *e)
{
	uint64_t start = meta->data_offset > 0 ? (uint64_t)meta->data_offset : 0;
	memset(l, 0, sizeof *l);
	vals_init(&l->out, decode_width(leaf->el->physical, leaf->el->type_length));
	vals_init(&l->dict, l->out.width);
	l->src = src;
	l->room = room;
	l->leaf = leaf;
	l->meta = meta;
	l->levels_only = levels_only;
	l->all_def = true;
	if (meta->encrypted)
		return err_set(e, ERR_UNSUPPORTED, "the column is encrypted");
	if (!meta->there || meta->data_offset < 4 || meta->compressed < 0 || meta->num_values < 0)
		return err_set(e, ERR_DATA, "the column chunk's metadata is damaged");
	if (meta->file_path.p && meta->file_path.n)
		return err_set(e, ERR_UNSUPPORTED, "the column chunk is in another file");
	if (!pq_codec_supported(meta->codec))
		return err_set(e, ERR_UNSUPPORTED, "%s compression is not supported", pq_file_codec_name(meta->codec));
	if (meta->physical != leaf->el->physical)
		return err_set(e, ERR_DATA, "the column chunk's physical type is not the schema's");
	if (leaf->el->physical == PQ_FIXED && !leaf->el->type_length)
		return err_set(e, ERR_UNSUPPORTED, "values of zero bytes");
	if (meta->dict_offset >= 4 && (uint64_t)meta->dict_offset < start)
		start = (uint64_t)meta->dict_offset;
	if (start >= src->size)
		return err_set(e, ERR_DATA, "the column chunk is beyond the end of the file");
	l->pos = start;
	l->end = src->size;
	if ((uint64_t)meta->compressed < src->size - start - SLACK && src->size - start > SLACK)
		l->end = start + (uint64_t)meta->compressed + SLACK;
	l->chunk_left = meta->num_values;
	return 0;
}

void leaf_release(struct leaf_reader *l)
{
	mem_free(l->win);
	mem_free(l->body);
	mem_free(l->def_out);
	mem_free(l->rep_out);
	vals_release(&l->dict);
	vals_release(&l->out);
	decoder_release(&l->values);
	pq_unzip_release(&l->unzip);
}

void leaf_clear(struct leaf_reader *l)
{
	l->n = 0;
	l->all_def = true;
	vals_clear(&l->out);
}

static int values(struct leaf_reader *l, size_t n, struct err *e)
{
	if (l->levels_only || !n)
		return 0;
	size_t done = decoder_read(&l->values, &l->out, n);
	if (l->values.last.ndata > l->longest)
		l->longest = l->values.last.ndata;
	if (done == n)
		return 0;
	if (l->values.full)
		return err_set(e, ERR_DATA, "more than %zu MiB of text in one row or a few rows", l->values.most >> 20);
	return err_set(e, ERR_DATA, "damaged values in a page (%s)", pq_encoding_name(l->values.encoding));
}

static void need_levels(struct leaf_reader *l, size_t n)
{
	MEM_GROW(l->def_out, l->def_cap, l->n + n);
	if (l->leaf->max_rep)
		MEM_GROW(l->rep_out, l->rep_cap, l->n + n);
	if (l->all_def) {
		memset(l->def_out, l->leaf->max_def, l->n);
		l->all_def = false;
	}
}

static size_t count_full(const uint8_t *def, size_t n, uint8_t max)
{
	size_t k = 0;
	for (size_t i = 0; i < n; i++)
		k += def[i] == max;
	return k;
}

static int bad_levels(struct err *e)
{
	return err_set(e, ERR_DATA, "damaged levels in a page");
}

/* Up to N entries of a column without lists; each is a row. */
static int flat_entries(struct leaf_reader *l, size_t n, struct err *e)
{
	uint8_t max = l->leaf->max_def;
	uint32_t level = 0;
	size_t full = n;
	if (max && l->all_def && rle_dec_run(&l->def, &level) >= n && level == max) {
		rle_dec_take(&l->def, n);
	} else if (max) {
		need_levels(l, n);
		uint8_t *to = l->def_out + l->n;
		if (rle_dec_u8(&l->def, to, n) != n)
			return bad_levels(e);
		for (size_t i = 0; i < n; i++)
			if (to[i] > max)
				return bad_levels(e);
		full = count_full(to, n, max);
	}
	l->n += n;
	l->entries_left -= (int64_t)n;
	return values(l, full, e);
}

static int fill_pending(struct leaf_reader *l, struct err *e)
{
	size_t n = l->entries_left < LEAF_PENDING ? (size_t)l->entries_left : LEAF_PENDING;
	if (rle_dec_u8(&l->rep, l->pend_rep, n) != n)
		return bad_levels(e);
	if (!l->leaf->max_def)
		memset(l->pend_def, 0, n);
	else if (rle_dec_u8(&l->def, l->pend_def, n) != n)
		return bad_levels(e);
	for (size_t i = 0; i < n; i++)
		if (l->pend_rep[i] > l->leaf->max_rep || l->pend_def[i] > l->leaf->max_def)
			return bad_levels(e);
	if (!l->started && l->pend_rep[0])
		return bad_levels(e);
	l->started = true;
	l->pend_at = 0;
	l->pend_n = n;
	return 0;
}

/* Take the pending entries that belong to the open record and the next *ROWS ones. */
static int take_pending(struct leaf_reader *l, uint64_t *rows, bool *done, struct err *e)
{
	size_t i = l->pend_at;
	for (; i < l->pend_n; i++) {
		if (l->pend_rep[i])
			continue;
		if (!*rows) {
			*done = true;
			break;
		}
		--*rows;
	}
	size_t n = i - l->pend_at;
	if (l->n + n > l->room->most / LEAF_ENTRY)
		return err_set(e, ERR_DATA, "more than %zu list elements in one row or a few rows", l->room->most / LEAF_ENTRY);
	need_levels(l, n);
	memcpy(l->def_out + l->n, l->pend_def + l->pend_at, n);
	memcpy(l->rep_out + l->n, l->pend_rep + l->pend_at, n);
	size_t full = count_full(l->def_out + l->n, n, l->leaf->max_def);
	l->n += n;
	l->pend_at = i;
	l->entries_left -= (int64_t)n;
	return values(l, full, e);
}

static int nested_rows(struct leaf_reader *l, uint64_t rows, struct err *e)
{
	bool done = false;
	uint64_t none = 0;
	int rc = 0;
	while (!done && rc == 0) {
		if (l->pend_at == l->pend_n) {
			if (!l->entries_left && l->chunk_left <= 0 && !rows)
				break;
			if (!l->entries_left)
				rc = pq_page_next(l, &none, e);
			if (rc == 0)
				rc = fill_pending(l, e);
			if (rc)
				break;
		}
		rc = take_pending(l, &rows, &done, e);
	}
	return rc;
}

int leaf_read(struct leaf_reader *l, uint64_t rows, struct err *e)
{
	uint64_t none = 0;
	int rc = 0;
	if (rows > INT32_MAX - l->n)
		return err_set(e, ERR_DATA, "more than 2^31 rows at once");
	if (l->leaf->max_rep && rows) {
		size_t had = l->n;
		rc = nested_rows(l, rows, e);
		l->per_row = (l->n - had) / rows + 1;
		return rc;
	}
	while (rows && rc == 0) {
		if (!l->entries_left)
			rc = pq_page_next(l, &none, e);
		if (rc)
			break;
		uint64_t n = rows < (uint64_t)l->entries_left ? rows : (uint64_t)l->entries_left;
		rc = flat_entries(l, (size_t)n, e);
		rows -= n;
	}
	return rc;
}

int leaf_skip(struct leaf_reader *l, uint64_t rows, struct err *e)
{
	int rc = 0;
	while (rows && rc == 0) {
		if (!l->entries_left) {
			rc = pq_page_next(l, &rows, e);
			if (rc || !rows)
				break;
		}
		uint64_t n = rows < LEAF_PENDING ? rows : LEAF_PENDING;
		if (!l->leaf->max_rep && n > (uint64_t)l->entries_left)
			n = (uint64_t)l->entries_left;
		leaf_clear(l);
		rc = leaf_read(l, n, e);
		rows -= n;
	}
	leaf_clear(l);
	return rc;
}

#define STEP_BYTES ((size_t)4 << 20)
#define STEP_ENTRIES ((size_t)1 << 20)
#define STEP_FIRST 64u

uint64_t leaf_step(const struct leaf_reader *l, uint64_t rows)
{
	uint64_t step = l->room->most / 64 < STEP_BYTES ? l->room->most / 64 : STEP_BYTES;
	uint64_t most = UINT64_MAX, fit = l->longest ? step / l->longest : most;
	if (l->leaf->max_rep)
		most = l->per_row ? STEP_ENTRIES / l->per_row : STEP_FIRST;
	if (l->leaf->el->physical == PQ_BYTE_ARRAY && !l->win)
		fit = 1; /* what it will be is not known yet */
	most = fit < most ? fit : most;
	most = most ? most : 1;
	return rows < most ? rows : most;
}

size_t leaf_bytes(const struct leaf_reader *l)
{
	return l->out.ndata + 2 * l->n;
}
