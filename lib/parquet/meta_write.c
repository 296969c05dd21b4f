/* SPDX-License-Identifier: MIT */
/* Writes the footer and the page headers. */
#include "parquet/meta.h"

#include "parquet/thrift.h"

static void put_i32(struct buf *b, int *last, int id, int64_t v)
{
	thrift_put_int(b, last, id, THRIFT_I32, v);
}

static void put_i64(struct buf *b, int *last, int id, int64_t v)
{
	thrift_put_int(b, last, id, THRIFT_I64, v);
}

static void put_page_body(struct buf *b, const struct pq_page *h)
{
	int last = 0;
	put_i32(b, &last, 1, h->values);
	put_i32(b, &last, 2, h->encoding);
	if (h->type == PQ_DATA_PAGE) {
		put_i32(b, &last, 3, PQ_RLE);
		put_i32(b, &last, 4, PQ_RLE);
	}
	thrift_put_stop(b);
}

void pq_page_write(struct buf *b, const struct pq_page *h)
{
	int last = 0;
	put_i32(b, &last, 1, h->type);
	put_i32(b, &last, 2, h->uncompressed);
	put_i32(b, &last, 3, h->compressed);
	if (h->has_crc)
		put_i32(b, &last, 4, (int32_t)h->crc);
	thrift_put_field(b, &last, h->type == PQ_DATA_PAGE ? 5 : 7, THRIFT_STRUCT);
	put_page_body(b, h);
	thrift_put_stop(b);
}

static void put_unit(struct buf *b, int *last, int id, int unit)
{
	int inner = 0;
	thrift_put_field(b, last, id, THRIFT_STRUCT);
	thrift_put_field(b, &inner, unit, THRIFT_STRUCT);
	thrift_put_stop(b);
	thrift_put_stop(b);
}

/* The member of the union LogicalType that EL names, with its own fields. */
static void put_logical(struct buf *b, const struct pq_element *el)
{
	int last = 0, in = 0;
	thrift_put_field(b, &last, el->logical, THRIFT_STRUCT);
	switch (el->logical) {
	case PQ_LOG_DECIMAL:
		put_i32(b, &in, 1, el->scale);
		put_i32(b, &in, 2, el->precision);
		break;
	case PQ_LOG_TIME:
	case PQ_LOG_TIMESTAMP:
		thrift_put_bool(b, &in, 1, el->utc);
		put_unit(b, &in, 2, el->unit);
		break;
	case PQ_LOG_INTEGER:
		thrift_put_int(b, &in, 1, THRIFT_I8, el->bits);
		thrift_put_bool(b, &in, 2, el->is_signed);
		break;
	default:
		break;
	}
	thrift_put_stop(b);
	thrift_put_stop(b);
}

static void put_if(struct buf *b, int *last, int id, int v)
{
	if (v >= 0)
		put_i32(b, last, id, v);
}

void pq_element_write(struct buf *b, const struct pq_element *el)
{
	int last = 0;
	put_if(b, &last, 1, el->physical);
	put_if(b, &last, 2, el->physical == PQ_FIXED ? el->type_length : -1);
	put_if(b, &last, 3, el->repetition);
	thrift_put_bytes(b, &last, 4, el->name, el->nname);
	put_if(b, &last, 5, el->physical < 0 ? el->num_children : -1);
	put_if(b, &last, 6, el->converted);
	put_if(b, &last, 7, el->converted == PQ_CONV_DECIMAL ? el->scale : -1);
	put_if(b, &last, 8, el->converted == PQ_CONV_DECIMAL ? el->precision : -1);
	put_if(b, &last, 9, el->field_id);
	if (el->logical > 0) {
		thrift_put_field(b, &last, 10, THRIFT_STRUCT);
		put_logical(b, el);
	}
	thrift_put_stop(b);
}

static void put_statistics(struct buf *b, const struct pq_statistics *s)
{
	int last = 0;
	if (s->null_count >= 0)
		put_i64(b, &last, 3, s->null_count);
	if (s->max_value.p) {
		thrift_put_bytes(b, &last, 5, s->max_value.p, s->max_value.n);
		thrift_put_bytes(b, &last, 6, s->min_value.p, s->min_value.n);
		thrift_put_bool(b, &last, 7, s->max_exact > 0);
		thrift_put_bool(b, &last, 8, s->min_exact > 0);
	}
	thrift_put_stop(b);
}

static void put_encoding_stat(struct buf *b, int page, int encoding, uint32_t count)
{
	int last = 0;
	put_i32(b, &last, 1, page);
	put_i32(b, &last, 2, encoding);
	put_i32(b, &last, 3, count);
	thrift_put_stop(b);
}

static void put_encodings(struct buf *b, int *last, const struct pq_chunk_out *c)
{
	thrift_put_list(b, last, 2, THRIFT_I32, c->dictionary ? 3 : 2);
	thrift_put_varint(b, PQ_PLAIN * 2);   /* zigzag */
	thrift_put_varint(b, PQ_RLE * 2);
	if (c->dictionary)
		thrift_put_varint(b, PQ_RLE_DICTIONARY * 2);
}

static void put_encoding_stats(struct buf *b, int *last, const struct pq_chunk_out *c)
{
	bool has_dict = c->dict_offset != 0;
	thrift_put_list(b, last, 13, THRIFT_STRUCT, (size_t)has_dict + (c->dict_pages > 0) + (c->plain_pages > 0));
	if (has_dict)
		put_encoding_stat(b, PQ_DICTIONARY_PAGE, PQ_PLAIN, 1);
	if (c->dict_pages)
		put_encoding_stat(b, PQ_DATA_PAGE, PQ_RLE_DICTIONARY, c->dict_pages);
	if (c->plain_pages)
		put_encoding_stat(b, PQ_DATA_PAGE, PQ_PLAIN, c->plain_pages);
}

static void put_chunk_body(struct buf *b, const struct pq_chunk_out *c)
{
	int last = 0;
	put_i32(b, &last, 1, c->physical);
	put_encodings(b, &last, c);
	thrift_put_list(b, &last, 3, THRIFT_BINARY, c->npath);
	for (size_t i = 0; i < c->npath; i++) {
		thrift_put_varint(b, c->path[i].n);
		buf_put(b, c->path[i].p, c->path[i].n);
	}
	put_i32(b, &last, 4, c->codec);
	put_i64(b, &last, 5, c->num_values);
	put_i64(b, &last, 6, c->uncompressed);
	put_i64(b, &last, 7, c->compressed);
	put_i64(b, &last, 9, c->data_offset);
	if (c->dict_offset)
		put_i64(b, &last, 11, c->dict_offset);
	thrift_put_field(b, &last, 12, THRIFT_STRUCT);
	put_statistics(b, &c->stats);
	put_encoding_stats(b, &last, c);
	thrift_put_stop(b);
}

void pq_chunk_write(struct buf *b, const struct pq_chunk_out *c)
{
	int last = 0;
	put_i64(b, &last, 2, 0);
	thrift_put_field(b, &last, 3, THRIFT_STRUCT);
	put_chunk_body(b, c);
	thrift_put_stop(b);
}
