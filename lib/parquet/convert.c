/* SPDX-License-Identifier: MIT */
/* Values as the file has them to values as the column wants them, where both can hold the same. */
#include "base/clock.h"
#include "parquet/assemble.h"

#define BLOCK 1024u
#define JULIAN_EPOCH 2440588   /* 1970-01-01 as a Julian day number */

static bool is_int(enum type_kind k)
{
	return k == TYPE_BYTE || k == TYPE_SHORT || k == TYPE_INTEGER || k == TYPE_LONG;
}

static bool is_text(enum type_kind k)
{
	return k == TYPE_STRING || k == TYPE_BINARY;
}

static bool is_timestamp(enum type_kind k)
{
	return k == TYPE_TIMESTAMP || k == TYPE_TIMESTAMP_NTZ;
}

static bool fits_decimal(const struct type *src, const struct type *want)
{
	int digits = src->precision - src->scale;
	if (is_int(src->kind))
		digits = src->kind == TYPE_LONG ? 19 : src->kind == TYPE_INTEGER ? 10 : src->kind == TYPE_SHORT ? 5 : 3;
	else if (src->kind != TYPE_DECIMAL)
		return false;
	return want->precision - want->scale >= digits && want->scale >= src->scale;
}

/* An INT32 without annotation may hold bytes or shorts: the values are checked. */
static bool bare_int32(const struct pq_leaf *leaf)
{
	return leaf->el->physical == PQ_INT32 && leaf->el->converted < 0 && leaf->el->logical < 0;
}

bool convert_fits(const struct pq_leaf *leaf, const struct type *want)
{
	const struct type *src = leaf->type;
	switch (want->kind) {
	case TYPE_BYTE:
	case TYPE_SHORT: return (is_int(src->kind) && src->kind <= want->kind) || bare_int32(leaf);
	case TYPE_INTEGER:
	case TYPE_LONG: return is_int(src->kind) && src->kind <= want->kind;
	case TYPE_DOUBLE:
		return src->kind == TYPE_DOUBLE || src->kind == TYPE_FLOAT || (is_int(src->kind) && src->kind != TYPE_LONG);
	case TYPE_DECIMAL: return fits_decimal(src, want);
	case TYPE_STRING:
	case TYPE_BINARY: return is_text(src->kind);
	case TYPE_TIMESTAMP: return is_timestamp(src->kind);
	case TYPE_TIMESTAMP_NTZ: return is_timestamp(src->kind) || src->kind == TYPE_DATE;
	default: return src->kind == want->kind;
	}
}

static bool is_unsigned(const struct pq_element *el)
{
	if (el->logical == PQ_LOG_INTEGER)
		return !el->is_signed;
	return el->logical < 0 && el->converted >= PQ_CONV_UINT_8 && el->converted <= PQ_CONV_UINT_64;
}

/* How many microseconds a stored unit is: 1000 for ms, 1, -1000 for ns; 1 for what is no time. */
static int unit_of(const struct pq_element *el)
{
	if (el->logical == PQ_LOG_TIME || el->logical == PQ_LOG_TIMESTAMP)
		return el->unit == PQ_MILLIS ? 1000 : el->unit == PQ_NANOS ? -1000 : 1;
	if (el->logical < 0 && (el->converted == PQ_CONV_TIME_MILLIS || el->converted == PQ_CONV_TIMESTAMP_MILLIS))
		return 1000;
	return 1;
}

static int64_t int96(const uint8_t *p)
{
	uint64_t ns;
	uint32_t day;
	memcpy(&ns, p, 8);
	memcpy(&day, p + 8, 4);
	int64_t us = (int64_t)ns / 1000;
	return (int64_t)((uint64_t)((int64_t)(int32_t)day - JULIAN_EPOCH) * (uint64_t)US_PER_DAY + (uint64_t)us);
}

/* Values FROM... as int64, times in microseconds. False: out of range. */
static bool load_ints(const struct pq_element *el, const struct vals *v, size_t from, size_t n, int64_t *to)
{
	const uint8_t *p = v->data + from * v->width;
	bool plus = is_unsigned(el), ok = true;
	int unit = unit_of(el);
	for (size_t i = 0; i < n; i++, p += v->width) {
		uint32_t u;
		if (v->width == 4) {
			memcpy(&u, p, 4);
			to[i] = plus ? (int64_t)u : (int32_t)u;
		} else if (v->width == 8) {
			memcpy(&to[i], p, 8);
		} else {
			to[i] = int96(p);
		}
	}
	for (size_t i = 0; unit == 1000 && i < n; i++)
		ok &= !__builtin_mul_overflow(to[i], 1000, &to[i]);
	for (size_t i = 0; unit == -1000 && i < n; i++)
		to[i] = time_floor_div(to[i], 1000);
	return ok;
}

#define NARROW(type) do { \
	type *out = (type *)c->data + at; \
	for (size_t i = 0; i < n; i++) { \
		out[i] = (type)v[i]; \
		ok &= out[i] == v[i]; \
	} \
} while (0)

static bool store_ints(struct column *c, size_t at, const int64_t *v, size_t n, bool days)
{
	bool ok = true;
	int64_t *wide = (int64_t *)c->data + at;
	switch (c->type->kind) {
	case TYPE_BYTE: NARROW(int8_t); break;
	case TYPE_SHORT: NARROW(int16_t); break;
	case TYPE_INTEGER:
	case TYPE_DATE: NARROW(int32_t); break;
	case TYPE_DOUBLE:
		for (size_t i = 0; i < n; i++)
			((double *)c->data)[at + i] = (double)v[i];
		break;
	default:
		memcpy(wide, v, n * sizeof *v);
		for (size_t i = 0; days && i < n; i++)
			ok &= !__builtin_mul_overflow(v[i], US_PER_DAY, &wide[i]);
	}
	return ok;
}

/* A big-endian number of N bytes; false when it needs more than 16. */
static bool big_endian(const uint8_t *p, size_t n, __int128 *to)
{
	unsigned __int128 v = n && p[0] & 0x80 ? ~(unsigned __int128)0 : 0;
	uint8_t fill = (uint8_t)v;
	for (; n > 16; n--, p++)
		if (*p != fill)
			return false;
	bool ok = n < 16 || (p[0] & 0x80) == (fill & 0x80);
	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[i];
	*to = (__int128)v;
	return ok;
}

static bool load_decimal(const struct pq_element *el, const struct vals *v, size_t i, __int128 *to)
{
	int64_t small;
	uint64_t u;
	if (el->physical == PQ_BYTE_ARRAY)
		return big_endian(v->data + v->offsets[i], (size_t)(v->offsets[i + 1] - v->offsets[i]), to);
	if (el->physical == PQ_FIXED)
		return big_endian(v->data + i * v->width, v->width, to);
	if (el->physical == PQ_INT64 && is_unsigned(el)) {
		memcpy(&u, v->data + i * 8, 8);
		*to = (__int128)u;
		return true;
	}
	bool ok = load_ints(el, v, i, 1, &small);
	*to = small;
	return ok;
}

static bool convert_decimals(const struct pq_leaf *leaf, const struct vals *v, struct column *c)
{
	__int128 *to = c->data, factor = 1;
	bool ok = true;
	for (int s = leaf->type->kind == TYPE_DECIMAL ? leaf->type->scale : 0; s < c->type->scale; s++)
		factor *= 10;
	for (size_t i = 0; i < v->n; i++) {
		ok &= load_decimal(leaf->el, v, i, &to[i]);
		ok &= !__builtin_mul_overflow(to[i], factor, &to[i]);
	}
	return ok;
}

static float half_float(const uint8_t *p)
{
	unsigned bits = p[0] | (unsigned)p[1] << 8, exp = bits >> 10 & 31, frac = bits & 1023;
	uint32_t u = exp == 31 ? 0x7F800000u | frac << 13 : (exp + 112) << 23 | frac << 13;
	float f = (float)frac / 16777216.0f;   /* a subnormal one: frac * 2^-24 */
	if (exp != 0)
		memcpy(&f, &u, 4);
	return bits & 0x8000 ? -f : f;
}

static void convert_reals(const struct pq_leaf *leaf, const struct vals *v, struct column *c)
{
	for (size_t i = 0; i < v->n; i++) {
		float f;
		const uint8_t *p = v->data + i * v->width;
		if (leaf->el->physical == PQ_FIXED)
			f = half_float(p);
		else
			memcpy(&f, p, 4);
		if (c->type->kind == TYPE_DOUBLE)
			((double *)c->data)[i] = (double)f;
		else
			((float *)c->data)[i] = f;
	}
}

static size_t uuid_text(char *to, const uint8_t *p)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;
	for (size_t i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			to[n++] = '-';
		to[n++] = hex[p[i] >> 4];
		to[n++] = hex[p[i] & 15];
	}
	return n;
}

/* Values of fixed length as strings or binary. */
static int convert_fixed(const struct pq_leaf *leaf, const struct vals *v, struct column *c, struct err *e)
{
	bool uuid = leaf->el->logical == PQ_LOG_UUID && v->width == 16 && c->type->kind == TYPE_STRING;
	size_t each = uuid ? 36 : v->width;
	if (v->n * each > INT32_MAX)
		return err_set(e, ERR_DATA, "more than 2 GiB of values at once: read fewer rows");
	column_reserve(c, v->n, v->n * each);
	char *to = c->data;
	for (size_t i = 0; i < v->n; i++, to += each) {
		if (uuid)
			uuid_text(to, v->data + i * 16);
		else
			memcpy(to, v->data + i * each, each);
		c->offsets[i + 1] = (int32_t)((i + 1) * each);
	}
	c->ndata = v->n * each;
	return 0;
}

static void swap_data(struct vals *v, struct column *c)
{
	void *data = c->data;
	int32_t *offsets = c->offsets;
	size_t cap = c->data_cap, offsets_cap = c->offsets_cap;
	c->data = v->data;
	c->data_cap = v->cap;
	v->data = data;
	v->cap = cap;
	if (v->width)
		return;
	c->offsets = v->offsets;
	c->offsets_cap = v->offsets_cap;
	c->ndata = v->ndata;
	v->offsets = offsets;
	v->offsets_cap = offsets_cap;
}

/* The stored bytes are the column's bytes. */
static bool same_bytes(const struct pq_leaf *leaf, const struct type *want)
{
	const struct pq_element *el = leaf->el;
	switch (want->kind) {
	case TYPE_INTEGER: return el->physical == PQ_INT32 && !is_unsigned(el);
	case TYPE_DATE: return true;
	case TYPE_LONG: return el->physical == PQ_INT64 && unit_of(el) == 1;
	case TYPE_TIMESTAMP:
	case TYPE_TIMESTAMP_NTZ: return el->physical == PQ_INT64 && unit_of(el) == 1;
	case TYPE_FLOAT: return el->physical == PQ_FLOAT;
	case TYPE_DOUBLE: return el->physical == PQ_DOUBLE;
	case TYPE_STRING:
	case TYPE_BINARY: return el->physical == PQ_BYTE_ARRAY;
	default: return false;
	}
}

static bool convert_ints(const struct pq_leaf *leaf, const struct vals *v, struct column *c)
{
	int64_t block[BLOCK];
	bool ok = true, days = leaf->type->kind == TYPE_DATE && c->type->kind == TYPE_TIMESTAMP_NTZ;
	for (size_t i = 0, n; i < v->n; i += n) {
		n = v->n - i < BLOCK ? v->n - i : BLOCK;
		ok &= load_ints(leaf->el, v, i, n, block);
		ok &= store_ints(c, i, block, n, days);
	}
	return ok;
}

static void convert_booleans(const struct vals *v, struct column *c)
{
	uint8_t *bits = c->data;
	if (v->n)
		memset(bits, 0, (v->n + 7) / 8);
	for (size_t i = 0; i < v->n; i++)
		bits[i >> 3] |= (uint8_t)((v->data[i] & 1) << (i & 7));
}

int convert_values(const struct pq_leaf *leaf, struct vals *v, struct column *c, struct err *e)
{
	bool ok = true;
	if (v->n && same_bytes(leaf, c->type)) {
		swap_data(v, c);
		return 0;
	}
	if (leaf->el->physical == PQ_FIXED && is_text(c->type->kind))
		return convert_fixed(leaf, v, c, e);
	column_reserve(c, v->n, 0);
	if (c->type->kind == TYPE_BOOLEAN)
		convert_booleans(v, c);
	else if (c->type->kind == TYPE_DECIMAL)
		ok = convert_decimals(leaf, v, c);
	else if (leaf->type->kind == TYPE_FLOAT)
		convert_reals(leaf, v, c);
	else if (v->n)
		ok = convert_ints(leaf, v, c);
	return ok ? 0 : err_set(e, ERR_DATA, "a value is out of the range of its type");
}
