/* SPDX-License-Identifier: MIT */
/* Columns that grow: room, nulls, values, and what they take in memory. */
#include "column/batch.h"

#include "base/mem.h"

#include <string.h>

#define PAD ((size_t)64)
#define LIMIT ((size_t)INT32_MAX)

size_t type_width(const struct type *t)
{
	switch (t->kind) {
	case TYPE_BYTE: return 1;
	case TYPE_SHORT: return 2;
	case TYPE_INTEGER:
	case TYPE_DATE:
	case TYPE_FLOAT: return 4;
	case TYPE_LONG:
	case TYPE_DOUBLE:
	case TYPE_TIMESTAMP:
	case TYPE_TIMESTAMP_NTZ: return 8;
	case TYPE_DECIMAL: return 16;
	default: return 0;
	}
}

static bool has_offsets(const struct type *t)
{
	return t->kind == TYPE_STRING || t->kind == TYPE_BINARY || t->kind == TYPE_LIST || t->kind == TYPE_MAP;
}

/* Room for NEED bytes, USED of them to be kept, and the padding that readers rely on. */
static void *grow_bytes(void *p, size_t used, size_t *cap, size_t need)
{
	if (need <= *cap)
		return p;
	size_t want = *cap + *cap / 2;
	if (want < need)
		want = need;
	want = (want + 63) & ~(size_t)63;
	char *q = mem_realloc(p, want + PAD);
	memset(q + used, 0, want + PAD - used);
	*cap = want;
	return q;
}

static void grow_offsets(struct column *c, size_t need)
{
	size_t cap = c->offsets_cap * sizeof(int32_t), used = c->offsets_cap ? (c->n + 1) * sizeof(int32_t) : 0;
	c->offsets = grow_bytes(c->offsets, used, &cap, need * sizeof(int32_t));
	c->offsets_cap = cap / sizeof(int32_t);
}

static void column_init(struct column *c, const struct type *t)
{
	*c = (struct column){ .type = t, .nchild = t->nfields };
	if (has_offsets(t))
		grow_offsets(c, 1);
	if (!t->nfields)
		return;
	c->child = mem_zalloc(t->nfields * sizeof *c->child);
	for (size_t i = 0; i < t->nfields; i++)
		column_init(&c->child[i], &t->fields[i].type);
}

static void column_clear(struct column *c)
{
	c->n = c->nulls = c->ndata = 0;
	c->valid = NULL;
	if (c->offsets)
		c->offsets[0] = 0;
	for (size_t i = 0; i < c->nchild; i++)
		column_clear(&c->child[i]);
}

static void column_release(struct column *c)
{
	for (size_t i = 0; i < c->nchild; i++)
		column_release(&c->child[i]);
	mem_free(c->child);
	mem_free(c->valid_buf);
	mem_free(c->data);
	mem_free(c->offsets);
}

static size_t column_memory(const struct column *c)
{
	size_t n = c->nchild * sizeof *c->child;
	n += c->valid_cap ? c->valid_cap + PAD : 0;
	n += c->data_cap ? c->data_cap + PAD : 0;
	n += c->offsets_cap ? c->offsets_cap * sizeof(int32_t) + PAD : 0;
	for (size_t i = 0; i < c->nchild; i++)
		n += column_memory(&c->child[i]);
	return n;
}

void batch_init(struct batch *b, const struct type *type)
{
	*b = (struct batch){ .type = type, .ncols = type->nfields };
	b->col = mem_zalloc(type->nfields * sizeof *b->col);
	for (size_t i = 0; i < type->nfields; i++)
		column_init(&b->col[i], &type->fields[i].type);
}

void batch_clear(struct batch *b)
{
	b->nrows = 0;
	for (size_t i = 0; i < b->ncols; i++)
		column_clear(&b->col[i]);
}

void batch_release(struct batch *b)
{
	for (size_t i = 0; i < b->ncols; i++)
		column_release(&b->col[i]);
	mem_free(b->col);
	*b = (struct batch){ 0 };
}

size_t batch_memory(const struct batch *b)
{
	size_t n = b->ncols * sizeof *b->col;
	for (size_t i = 0; i < b->ncols; i++)
		n += column_memory(&b->col[i]);
	return n;
}

/* The checks of sizes come first: what is beyond the format's int32 is out of memory. */
void column_reserve(struct column *c, size_t rows, size_t bytes)
{
	size_t n, nbytes;
	if (!mem_add(c->n, rows, &n) || n > LIMIT || !mem_add(c->ndata, bytes, &nbytes) || nbytes > LIMIT)
		mem_oom(rows > bytes ? rows : bytes);
	size_t bits = (n + 7) / 8;
	if (bits > c->valid_cap) {
		c->valid_buf = grow_bytes(c->valid_buf, c->valid ? (c->n + 7) / 8 : 0, &c->valid_cap, bits);
		if (c->valid)
			c->valid = c->valid_buf;
	}
	if (c->offsets && n + 1 > c->offsets_cap)
		grow_offsets(c, n + 1);
	size_t width = type_width(c->type);
	if (c->type->kind == TYPE_BOOLEAN)
		c->data = grow_bytes(c->data, (c->n + 7) / 8, &c->data_cap, bits);
	else if (width)
		c->data = grow_bytes(c->data, c->n * width, &c->data_cap, n * width);
	else if (c->type->kind == TYPE_STRING || c->type->kind == TYPE_BINARY)
		c->data = grow_bytes(c->data, c->ndata, &c->data_cap, nbytes ? nbytes : 1);
	if (c->type->kind == TYPE_STRUCT)
		for (size_t i = 0; i < c->nchild; i++)
			column_reserve(&c->child[i], rows, 0);
}

void column_need_valid(struct column *c)
{
	if (c->valid)
		return;
	if (!c->valid_buf)
		column_reserve(c, 1, 0);
	c->valid = c->valid_buf;
	memset(c->valid, 0xFF, c->n / 8);
	if (c->n % 8)
		c->valid[c->n / 8] = (uint8_t)((1u << (c->n % 8)) - 1);
}

static inline void room(struct column *c, size_t bytes)
{
	column_reserve(c, 1, bytes);
}

/* The row's value is in place: count it as present. */
static inline void row_done(struct column *c)
{
	if (c->valid)
		bit_set(c->valid, c->n);
	c->n++;
}

/* Zeroes or an empty range in row n; children of a struct get a row as well. */
static void put_zero(struct column *c, bool null_children)
{
	size_t width = type_width(c->type);
	if (width)
		memset((char *)c->data + c->n * width, 0, width);
	else if (c->type->kind == TYPE_BOOLEAN)
		bit_clear(c->data, c->n);
	else if (c->offsets)
		c->offsets[c->n + 1] = c->offsets[c->n];
	for (size_t i = 0; c->type->kind == TYPE_STRUCT && i < c->nchild; i++) {
		if (null_children)
			column_add_null(&c->child[i]);
		else
			column_add_default(&c->child[i]);
	}
}

void column_add_null(struct column *c)
{
	room(c, 0);
	column_need_valid(c);
	put_zero(c, true);
	bit_clear(c->valid, c->n);
	c->nulls++;
	c->n++;
}

void column_add_default(struct column *c)
{
	if (c->type->kind == TYPE_VOID) {
		column_add_null(c);
		return;
	}
	room(c, 0);
	put_zero(c, false);
	row_done(c);
}

void column_add_bool(struct column *c, bool v)
{
	room(c, 0);
	if (v)
		bit_set(c->data, c->n);
	else
		bit_clear(c->data, c->n);
	row_done(c);
}

void column_add_i64(struct column *c, int64_t v)
{
	room(c, 0);
	switch (type_width(c->type)) {
	case 1: ((int8_t *)c->data)[c->n] = (int8_t)v; break;
	case 2: ((int16_t *)c->data)[c->n] = (int16_t)v; break;
	case 4: ((int32_t *)c->data)[c->n] = (int32_t)v; break;
	default: ((int64_t *)c->data)[c->n] = v; break;
	}
	row_done(c);
}

void column_add_double(struct column *c, double v)
{
	room(c, 0);
	if (c->type->kind == TYPE_FLOAT)
		((float *)c->data)[c->n] = (float)v;
	else
		((double *)c->data)[c->n] = v;
	row_done(c);
}

void column_add_decimal(struct column *c, __int128 v)
{
	room(c, 0);
	memcpy((char *)c->data + c->n * sizeof v, &v, sizeof v);
	row_done(c);
}

void column_add_bytes(struct column *c, const void *p, size_t n)
{
	room(c, n);
	if (n)
		memcpy((char *)c->data + c->ndata, p, n);
	c->ndata += n;
	c->offsets[c->n + 1] = (int32_t)c->ndata;
	row_done(c);
}

void column_add_struct(struct column *c)
{
	room(c, 0);
	row_done(c);
}

void column_add_list(struct column *c)
{
	room(c, 0);
	c->offsets[c->n + 1] = (int32_t)c->child[0].n;
	row_done(c);
}

int64_t column_i64(const struct column *c, size_t i)
{
	switch (type_width(c->type)) {
	case 1: return ((const int8_t *)c->data)[i];
	case 2: return ((const int16_t *)c->data)[i];
	case 4: return ((const int32_t *)c->data)[i];
	default: return ((const int64_t *)c->data)[i];
	}
}

double column_double(const struct column *c, size_t i)
{
	return c->type->kind == TYPE_FLOAT ? (double)((const float *)c->data)[i] : ((const double *)c->data)[i];
}

__int128 column_decimal(const struct column *c, size_t i)
{
	__int128 v;
	memcpy(&v, (const char *)c->data + i * sizeof v, sizeof v);
	return v;
}
