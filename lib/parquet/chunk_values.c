/* SPDX-License-Identifier: MIT */
/* Puts a batch's values into a chunk: plain, or as indices of its dictionary while that pays. */
#include "parquet/chunk.h"

#include "parquet/vals.h"

#define DICT_BYTES ((size_t)1 << 20)
#define SAMPLE_AGAIN 128u    /* the look at a chunk when the one before was PLAIN */
#define BLOCK_MIN 16u

static const char no_data[64];

static inline size_t row_at(const uint32_t *rows, size_t start, size_t i)
{
	return rows ? rows[i] : start + i;
}

#define GATHER(name, from, to_type) \
static void name(to_type *to, const from *v, const uint32_t *rows, size_t start, size_t n) \
{ \
	if (rows) \
		for (size_t i = 0; i < n; i++) \
			to[i] = (to_type)v[rows[i]]; \
	else \
		for (size_t i = 0; i < n; i++) \
			to[i] = (to_type)v[start + i]; \
}

GATHER(gather_i8, int8_t, int32_t)
GATHER(gather_i16, int16_t, int32_t)
GATHER(gather_32, uint32_t, uint32_t)
GATHER(gather_64, uint64_t, uint64_t)

/* False when a value does not fit WIDTH bytes. */
static bool gather_decimal(char *to, const __int128 *v, size_t width, bool big_endian, const uint32_t *rows,
			   size_t start, size_t n)
{
	bool fits = true;
	for (size_t i = 0; i < n; i++, to += width) {
		__int128 d = v[row_at(rows, start, i)], top = d >> (width * 8 - 1);
		fits &= top == 0 || top == -1;
		if (!big_endian) {
			memcpy(to, &d, width);
			continue;
		}
		for (size_t k = width; k-- > 0; d >>= 8)
			to[k] = (char)d;
	}
	return fits;
}

/* N values as PLAIN bytes. */
static bool gather(const struct chunk *c, const struct column *col, const uint32_t *rows, size_t start, size_t n,
		   void *to)
{
	switch (col->type->kind) {
	case TYPE_BYTE:
		gather_i8(to, col->data, rows, start, n);
		return true;
	case TYPE_SHORT:
		gather_i16(to, col->data, rows, start, n);
		return true;
	case TYPE_DECIMAL:
		return gather_decimal(to, col->data, c->width, c->physical == PQ_FIXED, rows, start, n);
	default:
		if (c->width == 4)
			gather_32(to, col->data, rows, start, n);
		else
			gather_64(to, col->data, rows, start, n);
		return true;
	}
}

static void bounds_fixed(struct bounds *b, const char *v, size_t width, size_t n)
{
	for (size_t i = 0; i < n; i++, v += width) {
		__int128 d = (signed char)v[0];
		for (size_t k = 1; k < width; k++)
			d = (__int128)((unsigned __int128)d << 8 | (unsigned char)v[k]);
		bounds_decimal(b, d);
	}
}

static void take_bounds(struct chunk *c, const void *v, size_t n)
{
	switch (c->physical) {
	case PQ_INT32: bounds_i32(&c->bounds, v, n); break;
	case PQ_INT64: bounds_i64(&c->bounds, v, n); break;
	case PQ_FLOAT: bounds_float(&c->bounds, v, n); break;
	case PQ_DOUBLE: bounds_double(&c->bounds, v, n); break;
	default: bounds_fixed(&c->bounds, v, c->width, n);
	}
}

void chunk_dict_bounds(struct chunk *c)
{
	struct dict *d = &c->dict;
	if (c->width) {
		take_bounds(c, d->values.p, d->n);
		return;
	}
	buf_reserve(&d->values, 8);   /* the prefix of the last value is read whole */
	for (size_t i = 0, n; i < d->n; i++) {
		const char *p = dict_entry(d, i, &n);
		bounds_bytes(&c->bounds, p, n);
	}
}

size_t chunk_body_room(const struct chunk *c, size_t n)
{
	size_t most = CHUNK_BLOCK, each = c->width ? c->width : 1;
	if (c->mode == CHUNK_SAMPLE) {
		size_t have = c->dict.nindex, upto = have < CHUNK_EARLY ? CHUNK_EARLY : c->sample;
		most = upto > have && upto - have < most ? upto - have : most;
	}
	if (c->mode == CHUNK_PLAIN) {
		size_t used = chunk_page_bytes(c), left = c->env->page_bytes > used ? c->env->page_bytes - used : 0;
		if (c->physical == PQ_BYTE_ARRAY)
			each = 4 + (size_t)(c->seen_values ? c->seen_bytes / c->seen_values : 32);
		most = left / each < most ? left / each : most;
		most = most < BLOCK_MIN ? BLOCK_MIN : most;
	}
	return n < most ? n : most;
}


static void plain_booleans(struct chunk *c, const struct column *col, const uint32_t *rows, size_t start, size_t n)
{
	size_t at = c->page_values, bytes = (at + n + 7) / 8, have = chunk_page_bytes(c);
	int32_t lo = 1, hi = 0;
	chunk_open_values(c);
	char *to = buf_reserve(&c->values, bytes - have);
	memset(to, 0, bytes - have);
	c->values.n += bytes - have;
	uint8_t *bits = (uint8_t *)c->values.p + CHUNK_HEAD;
	for (size_t i = 0; i < n; i++) {
		bool v = bit_get(col->data, row_at(rows, start, i));
		bits[(at + i) >> 3] |= (uint8_t)(v << ((at + i) & 7));
		lo = v < lo ? v : lo;
		hi = v > hi ? v : hi;
	}
	bounds_i32(&c->bounds, (const int32_t[]){ lo, hi }, n ? 2 : 0);
}

static inline char *put_text(char *to, const char *p, uint32_t n)
{
	memcpy(to, &n, 4);
	vals_copy(to + 4, p, n);
	return to + 4 + n;
}

static void plain_text(struct chunk *c, const struct column *col, const uint32_t *rows, size_t start, size_t n)
{
	const char *data = col->data ? col->data : no_data;
	const int32_t *at = col->offsets;
	size_t total = 0;
	if (rows)
		for (size_t i = 0; i < n; i++)
			total += (size_t)(at[rows[i] + 1] - at[rows[i]]);
	else
		total = (size_t)(at[start + n] - at[start]);
	chunk_open_values(c);
	char *to = buf_reserve(&c->values, total + n * 4 + 64);
	for (size_t i = 0; i < n; i++) {
		size_t r = row_at(rows, start, i);
		uint32_t len = (uint32_t)(at[r + 1] - at[r]);
		bounds_bytes(&c->bounds, data + at[r], len);
		to = put_text(to, data + at[r], len);
	}
	c->values.n += total + n * 4;
	c->seen_bytes += total;
	c->seen_values += n;
}

static int plain_values(struct chunk *c, const struct column *col, const uint32_t *rows, size_t start, size_t n,
			struct err *e)
{
	bool ok = true;
	if (c->physical == PQ_BOOLEAN) {
		plain_booleans(c, col, rows, start, n);
	} else if (c->physical == PQ_BYTE_ARRAY) {
		plain_text(c, col, rows, start, n);
	} else {
		chunk_open_values(c);
		char *to = buf_reserve(&c->values, n * c->width);
		ok = gather(c, col, rows, start, n, to);
		take_bounds(c, to, n);
		c->values.n += n * c->width;
	}
	c->page_values += (uint32_t)n;
	return ok ? 0 : err_set(e, ERR_DATA, "a decimal is out of the range of its type");
}

/* The values that wait as indices become PLAIN ones of the open page; their dictionary is dropped, or closed when
 * earlier pages use it. */
static int to_plain(struct chunk *c, struct err *e)
{
	struct dict *d = &c->dict;
	int rc = 0;
	chunk_open_values(c);
	for (size_t i = 0, n; i < d->nindex; i++) {
		const char *p = dict_entry(d, d->index[i], &n);
		if (!c->width)
			buf_le32(&c->values, (uint32_t)n);
		buf_put(&c->values, p, n);
		c->seen_bytes += n;
	}
	c->seen_values += d->nindex;
	c->page_values += (uint32_t)d->nindex;
	c->mode = CHUNK_PLAIN;
	if (c->dict_pages) {
		rc = chunk_end_dict(c, e);
	} else {
		chunk_dict_bounds(c);
		dict_clear(d);
	}
	return rc;
}

/* Does the dictionary make these values clearly smaller? The bytes that compression would find anyway count half. */
static bool dict_pays(const struct chunk *c)
{
	const struct dict *d = &c->dict;
	size_t plain = 0, n = d->nindex;
	if (!n)
		return false;
	if (c->width)
		plain = n * c->width;
	for (size_t i = 0, len; !c->width && i < n; i++) {
		dict_entry(d, d->index[i], &len);
		plain += len + 4;
	}
	size_t packed = d->values.n + (n * rle_width(d->n) + 7) / 8;
	return packed + packed / 4 <= plain;
}

int chunk_settle(struct chunk *c, struct err *e)
{
	if (dict_pays(c)) {
		c->mode = CHUNK_DICT;
		c->sample = CHUNK_BLOCK;
		return 0;
	}
	c->sample = SAMPLE_AGAIN;
	return to_plain(c, e);
}

static size_t dict_texts(struct chunk *c, const struct column *col, const uint32_t *rows, size_t start, size_t n)
{
	const char *data = col->data ? col->data : no_data;
	dict_reserve(&c->dict, n);
	for (size_t i = 0; i < n; i++) {
		size_t r = row_at(rows, start, i);
		if (!dict_put_bytes(&c->dict, data + col->offsets[r], (size_t)(col->offsets[r + 1] - col->offsets[r])))
			return i;
	}
	return n;
}

static int dict_values(struct chunk *c, const struct column *col, const uint32_t *rows, size_t start, size_t n,
		       struct err *e)
{
	size_t done;
	if (c->physical == PQ_BYTE_ARRAY) {
		done = dict_texts(c, col, rows, start, n);
	} else {
		char v[CHUNK_BLOCK * 16];
		if (!gather(c, col, rows, start, n, v))
			return err_set(e, ERR_DATA, "a decimal is out of the range of its type");
		done = dict_put_fixed(&c->dict, v, n);
	}
	if (done == n && c->dict.values.n <= DICT_BYTES)
		return 0;
	int rc = to_plain(c, e);
	if (rc || done == n)
		return rc;
	return plain_values(c, col, rows ? rows + done : NULL, start + done, n - done, e);
}

int chunk_values(struct chunk *c, const struct column *col, const uint32_t *rows, size_t start, size_t n,
		 struct err *e)
{
	if (!n)
		return 0;
	if (c->mode == CHUNK_PLAIN)
		return plain_values(c, col, rows, start, n, e);
	return dict_values(c, col, rows, start, n, e);
}
