/* SPDX-License-Identifier: MIT */
/* Reads the footer and the page headers, and refuses what does not add up. */
#include "parquet/meta.h"

#include "parquet/thrift.h"

static const char *const encoding_names[] = { "PLAIN", "GROUP_VAR_INT", "PLAIN_DICTIONARY", "RLE", "BIT_PACKED",
	"DELTA_BINARY_PACKED", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY", "RLE_DICTIONARY", "BYTE_STREAM_SPLIT" };
static const char *const codec_names[] = { "uncompressed", "snappy", "gzip", "lzo", "brotli", "lz4", "zstd", "lz4_raw" };

const char *pq_encoding_name(int encoding)
{
	bool known = encoding >= 0 && (size_t)encoding < sizeof encoding_names / sizeof encoding_names[0];
	return known ? encoding_names[encoding] : "an unknown encoding";
}

const char *pq_file_codec_name(int codec)
{
	bool known = codec >= 0 && (size_t)codec < sizeof codec_names / sizeof codec_names[0];
	return known ? codec_names[codec] : "an unknown";
}

/* An int32 field; what does not fit is a fault. */
static int get_int(struct thrift *t, const struct thrift_field *f)
{
	int64_t v = thrift_int(t, f);
	if (v < INT32_MIN || v > INT32_MAX) {
		t->bad = true;
		return -1;
	}
	return (int)v;
}

/* Some of fastparquet's files have a boolean here: is the column optional? */
static int get_repetition(struct thrift *t, const struct thrift_field *f)
{
	if (f->type == THRIFT_TRUE || f->type == THRIFT_FALSE)
		return thrift_bool(t, f) ? PQ_OPTIONAL : PQ_REQUIRED;
	return get_int(t, f);
}

static struct pq_bytes get_bytes(struct thrift *t, const struct thrift_field *f)
{
	struct pq_bytes b;
	b.p = thrift_bytes(t, f, &b.n);
	return b;
}

static void read_unit(struct thrift *t, const struct thrift_field *f, struct pq_element *el)
{
	struct thrift_field u = THRIFT_FIELD_INIT;
	if (!thrift_enter(t, f))
		return;
	while (thrift_next(t, &u)) {
		el->unit = u.id;
		thrift_skip(t, u.type);
	}
	thrift_leave(t);
}

/* The member of LogicalType that EL->logical names. */
static void read_logical_body(struct thrift *t, struct pq_element *el)
{
	struct thrift_field f = THRIFT_FIELD_INIT;
	bool time = el->logical == PQ_LOG_TIME || el->logical == PQ_LOG_TIMESTAMP;
	while (thrift_next(t, &f)) {
		if (el->logical == PQ_LOG_DECIMAL && f.id == 1)
			el->scale = get_int(t, &f);
		else if (el->logical == PQ_LOG_DECIMAL && f.id == 2)
			el->precision = get_int(t, &f);
		else if (time && f.id == 1)
			el->utc = thrift_bool(t, &f);
		else if (time && f.id == 2)
			read_unit(t, &f, el);
		else if (el->logical == PQ_LOG_INTEGER && f.id == 1)
			el->bits = get_int(t, &f);
		else if (el->logical == PQ_LOG_INTEGER && f.id == 2)
			el->is_signed = thrift_bool(t, &f);
		else
			thrift_skip(t, f.type);
	}
}

static void read_logical(struct thrift *t, const struct thrift_field *f, struct pq_element *el)
{
	struct thrift_field u = THRIFT_FIELD_INIT;
	if (!thrift_enter(t, f))
		return;
	while (thrift_next(t, &u)) {
		el->logical = u.id <= PQ_LOG_GEOGRAPHY ? u.id : 0;
		if (thrift_enter(t, &u)) {
			read_logical_body(t, el);
			thrift_leave(t);
		}
	}
	thrift_leave(t);
}

static void read_element(struct thrift *t, struct pq_element *el)
{
	struct thrift_field f = THRIFT_FIELD_INIT;
	*el = (struct pq_element){ .name = "", .physical = -1, .repetition = -1, .converted = -1, .scale = 0,
		.field_id = -1, .logical = -1 };
	while (thrift_next(t, &f)) {
		switch (f.id) {
		case 1: el->physical = get_int(t, &f); break;
		case 2: el->type_length = get_int(t, &f); break;
		case 3: el->repetition = get_repetition(t, &f); break;
		case 4: el->name = thrift_bytes(t, &f, &el->nname); break;
		case 5: el->num_children = get_int(t, &f); break;
		case 6: el->converted = get_int(t, &f); break;
		case 7: el->scale = get_int(t, &f); break;
		case 8: el->precision = get_int(t, &f); break;
		case 9: el->field_id = get_int(t, &f); break;
		case 10: read_logical(t, &f, el); break;
		default: thrift_skip(t, f.type);
		}
	}
}

static void read_statistics(struct thrift *t, const struct thrift_field *sf, struct pq_statistics *s)
{
	struct thrift_field f = THRIFT_FIELD_INIT;
	if (!thrift_enter(t, sf))
		return;
	while (thrift_next(t, &f)) {
		switch (f.id) {
		case 1: s->max = get_bytes(t, &f); break;
		case 2: s->min = get_bytes(t, &f); break;
		case 3: s->null_count = thrift_int(t, &f); break;
		case 5: s->max_value = get_bytes(t, &f); break;
		case 6: s->min_value = get_bytes(t, &f); break;
		case 7: s->max_exact = thrift_bool(t, &f); break;
		case 8: s->min_exact = thrift_bool(t, &f); break;
		default: thrift_skip(t, f.type);
		}
	}
	thrift_leave(t);
}

static void read_chunk_body(struct thrift *t, const struct thrift_field *cf, struct pq_chunk_meta *c)
{
	struct thrift_field f = THRIFT_FIELD_INIT;
	if (!thrift_enter(t, cf))
		return;
	c->there = true;
	while (thrift_next(t, &f)) {
		switch (f.id) {
		case 1: c->physical = get_int(t, &f); break;
		case 4: c->codec = get_int(t, &f); break;
		case 5: c->num_values = thrift_int(t, &f); break;
		case 6: c->uncompressed = thrift_int(t, &f); break;
		case 7: c->compressed = thrift_int(t, &f); break;
		case 9: c->data_offset = thrift_int(t, &f); break;
		case 11: c->dict_offset = thrift_int(t, &f); break;
		case 12: read_statistics(t, &f, &c->stats); break;
		default: thrift_skip(t, f.type);
		}
	}
	thrift_leave(t);
}

static void read_chunk(struct thrift *t, struct pq_chunk_meta *c)
{
	struct thrift_field f = THRIFT_FIELD_INIT;
	*c = (struct pq_chunk_meta){ .physical = -1, .data_offset = -1, .dict_offset = -1 };
	c->stats.null_count = c->stats.max_exact = c->stats.min_exact = -1;
	while (thrift_next(t, &f)) {
		switch (f.id) {
		case 1: c->file_path = get_bytes(t, &f); break;
		case 3: read_chunk_body(t, &f, c); break;
		case 8:
			c->encrypted = true;
			thrift_skip(t, f.type);
			break;
		default: thrift_skip(t, f.type);
		}
	}
}

#define ELEMENT_TREE 6      /* an element again, about, as a leaf, a view and a type of the schema */

/* N elements of SIZE, SHADOWS times; none, and the footer is not read on, where they are more than it may take. */
static void *elements(struct thrift *t, struct pq_meta *m, size_t n, size_t size, size_t shadows)
{
	if (t->bad || n > (m->most - m->taken) / (size * shadows)) {
		m->too_much = m->too_much || !t->bad;
		t->bad = true;
		n = 0;
	}
	m->taken += n * size * shadows;
	return arena_array(&m->arena, n, size);
}

static void read_group(struct thrift *t, struct pq_group_meta *g, struct pq_meta *m)
{
	struct thrift_field f = THRIFT_FIELD_INIT;
	int elem;
	*g = (struct pq_group_meta){ .rows = -1 };
	while (thrift_next(t, &f)) {
		if (f.id == 1) {
			g->nchunks = thrift_list(t, &f, &elem);
			if (g->nchunks && elem != THRIFT_STRUCT)
				t->bad = true;
			g->chunk = elements(t, m, g->nchunks, sizeof *g->chunk, 1);
			for (size_t i = 0; i < g->nchunks && !t->bad; i++)
				read_chunk(t, &g->chunk[i]);
		} else if (f.id == 3) {
			g->rows = thrift_int(t, &f);
		} else {
			thrift_skip(t, f.type);
		}
	}
}

static void read_pairs(struct thrift *t, size_t n, struct pq_meta *m)
{
	m->kv = elements(t, m, n, 2 * sizeof *m->kv, 1);
	for (size_t i = 0; i < n && !t->bad; i++) {
		struct thrift_field f = THRIFT_FIELD_INIT;
		while (thrift_next(t, &f)) {
			if (f.id == 1 || f.id == 2)
				m->kv[i * 2 + (size_t)f.id - 1] = get_bytes(t, &f);
			else
				thrift_skip(t, f.type);
		}
	}
	m->nkv = n;
}

static void read_orders(struct thrift *t, size_t n, struct pq_meta *m)
{
	m->type_order = arena_zalloc(&m->arena, n ? n : 1);
	m->norders = n;
	for (size_t i = 0; i < n && !t->bad; i++) {
		struct thrift_field f = THRIFT_FIELD_INIT;
		while (thrift_next(t, &f)) {
			m->type_order[i] = f.id == 1;
			thrift_skip(t, f.type);
		}
	}
}

static void read_lists(struct thrift *t, const struct thrift_field *f, struct pq_meta *m)
{
	int elem;
	size_t n = thrift_list(t, f, &elem);
	if (n && elem != THRIFT_STRUCT)
		t->bad = true;
	if (t->bad)
		return;
	if (f->id == 2) {
		m->element = elements(t, m, n, sizeof *m->element, ELEMENT_TREE);
		m->nelements = t->bad ? 0 : n;
		for (size_t i = 0; i < n && !t->bad; i++)
			read_element(t, &m->element[i]);
	} else if (f->id == 4) {
		m->group = elements(t, m, n, sizeof *m->group, 1);
		m->ngroups = t->bad ? 0 : n;
		for (size_t i = 0; i < n && !t->bad; i++)
			read_group(t, &m->group[i], m);
	} else if (f->id == 5) {
		read_pairs(t, n, m);
	} else {
		read_orders(t, n, m);
	}
}

int pq_meta_read(struct pq_meta *m, const void *p, size_t n, size_t most, struct err *e)
{
	struct thrift t;
	struct thrift_field f = THRIFT_FIELD_INIT;
	*m = (struct pq_meta){ .arena = ARENA_INIT, .rows = -1, .most = most };
	thrift_init(&t, p, n);
	while (thrift_next(&t, &f)) {
		switch (f.id) {
		case 2:
		case 4:
		case 5:
		case 7: read_lists(&t, &f, m); break;
		case 3: m->rows = thrift_int(&t, &f); break;
		case 6: m->created_by = get_bytes(&t, &f); break;
		case 8:
			m->encrypted = true;
			thrift_skip(&t, f.type);
			break;
		default: thrift_skip(&t, f.type);
		}
	}
	if (m->too_much)
		return err_set(e, ERR_UNSUPPORTED, "the footer is too large");
	return t.bad ? err_set(e, ERR_DATA, "damaged footer") : 0;
}

void pq_meta_release(struct pq_meta *m)
{
	arena_release(&m->arena);
}

static void read_page_body(struct thrift *t, const struct thrift_field *pf, struct pq_page *h)
{
	struct thrift_field f = THRIFT_FIELD_INIT;
	bool v2 = pf->id == 8, data = pf->id == 5;
	if (!thrift_enter(t, pf))
		return;
	while (thrift_next(t, &f)) {
		if (f.id == 1)
			h->values = thrift_int(t, &f);
		else if (f.id == (v2 ? 4 : 2))
			h->encoding = get_int(t, &f);
		else if (data && f.id == 3)
			h->def_encoding = get_int(t, &f);
		else if (data && f.id == 4)
			h->rep_encoding = get_int(t, &f);
		else if (v2 && f.id == 3)
			h->rows = thrift_int(t, &f);
		else if (v2 && f.id == 5)
			h->def_bytes = thrift_int(t, &f);
		else if (v2 && f.id == 6)
			h->rep_bytes = thrift_int(t, &f);
		else if (v2 && f.id == 7)
			h->is_compressed = thrift_bool(t, &f);
		else
			thrift_skip(t, f.type);
	}
	thrift_leave(t);
}

ptrdiff_t pq_page_read(struct pq_page *h, const void *p, size_t n)
{
	struct thrift t;
	struct thrift_field f = THRIFT_FIELD_INIT;
	static const int body_of[] = { 5, 6, 7, 8 };
	int body = 0;
	*h = (struct pq_page){ .type = -1, .uncompressed = -1, .compressed = -1, .encoding = -1, .values = -1,
		.rows = -1, .is_compressed = true, .def_encoding = PQ_RLE, .rep_encoding = PQ_RLE };
	thrift_init(&t, p, n);
	while (thrift_next(&t, &f)) {
		switch (f.id) {
		case 1: h->type = get_int(&t, &f); break;
		case 2: h->uncompressed = get_int(&t, &f); break;
		case 3: h->compressed = get_int(&t, &f); break;
		case 4:
			h->crc = (uint32_t)thrift_int(&t, &f);
			h->has_crc = true;
			break;
		case 5:
		case 7:
		case 8:
			body = f.id;
			read_page_body(&t, &f, h);
			break;
		default: thrift_skip(&t, f.type);
		}
	}
	if (t.bad)
		return t.cut ? 0 : ERR_DATA;
	if (h->type < 0 || h->uncompressed < 0 || h->compressed < 0)
		return ERR_DATA;
	if (h->type <= PQ_DATA_PAGE_V2 && h->type != PQ_INDEX_PAGE &&
	    (body != body_of[h->type] || h->values < 0 || h->values > INT32_MAX || h->encoding < 0))
		return ERR_DATA;
	return t.p - (const uint8_t *)p;
}
