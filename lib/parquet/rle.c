/* SPDX-License-Identifier: MIT */
/* Runs and bit-packed groups of eight, written and read. */
#include "parquet/rle.h"

#define LIT_GROUPS_MAX 63   /* so that the header of literals is one byte */

void rle_enc_init(struct rle_enc *r, unsigned width)
{
	*r = (struct rle_enc){ .out = BUF_INIT, .width = (uint8_t)width };
}

void rle_enc_release(struct rle_enc *r)
{
	buf_release(&r->out);
}

void rle_enc_clear(struct rle_enc *r)
{
	r->out.n = 0;
	r->run = 0;
	r->npend = r->lit_groups = 0;
}

static void put_varint(struct buf *b, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		buf_putc(b, (char)(v | 0x80));
	buf_putc(b, (char)v);
}

static void close_run(struct rle_enc *r)
{
	put_varint(&r->out, r->run << 1);
	if (r->width)
		buf_putc(&r->out, (char)r->run_value);
	r->run = 0;
}

static void put_group(struct rle_enc *r)
{
	uint64_t bits = 0;
	for (unsigned i = 0; i < 8; i++)
		bits |= (uint64_t)r->pend[i] << (i * r->width);
	if (!r->lit_groups) {
		r->lit_at = r->out.n;
		buf_putc(&r->out, 0);
	}
	memcpy(buf_reserve(&r->out, 8), &bits, 8);
	r->out.n += r->width;
	r->out.p[r->lit_at] = (char)(++r->lit_groups << 1 | 1);
	if (r->lit_groups == LIT_GROUPS_MAX)
		r->lit_groups = 0;
	r->npend = 0;
}

/* Eight values wait: a run begins, or they are literals. */
static void full_group(struct rle_enc *r)
{
	uint64_t g;
	memcpy(&g, r->pend, 8);
	if (g != r->pend[0] * 0x0101010101010101u) {
		put_group(r);
		return;
	}
	r->run = 8;
	r->run_value = r->pend[0];
	r->npend = r->lit_groups = 0;
}

void rle_enc_put_run(struct rle_enc *r, uint8_t v, uint64_t n)
{
	while (n) {
		if (r->run && r->run_value == v) {
			r->run += n;
			return;
		}
		if (r->run)
			close_run(r);
		if (!r->npend && n >= 8) {
			r->lit_groups = 0;
			r->run_value = v;
			r->run = n;
			return;
		}
		r->pend[r->npend++] = v;
		n--;
		if (r->npend == 8)
			full_group(r);
	}
}

void rle_enc_put(struct rle_enc *r, const uint8_t *v, size_t n)
{
	size_t i = 0;
	while (i < n) {
		if (r->run) {
			size_t from = i;
			while (i < n && v[i] == r->run_value)
				i++;
			r->run += i - from;
			if (i == n)
				return;
			close_run(r);
		}
		size_t take = 8u - r->npend < n - i ? 8u - r->npend : n - i;
		memcpy(r->pend + r->npend, v + i, take);
		r->npend = (uint8_t)(r->npend + take);
		i += take;
		if (r->npend == 8)
			full_group(r);
	}
}

void rle_enc_finish(struct rle_enc *r)
{
	if (r->run)
		close_run(r);
	if (r->npend) {
		memset(r->pend + r->npend, 0, 8u - r->npend);
		put_group(r);
	}
	r->lit_groups = 0;
}

static bool same8(const uint16_t *v)
{
	uint64_t a, b, first = v[0] * 0x0001000100010001u;
	memcpy(&a, v, 8);
	memcpy(&b, v + 4, 8);
	return ((a ^ first) | (b ^ first)) == 0;
}

static char *pack8(char *to, const uint16_t *v, unsigned width)
{
	unsigned __int128 bits = 0;
	for (unsigned i = 0; i < 8; i++)
		bits |= (unsigned __int128)v[i] << (i * width);
	memcpy(to, &bits, 16);
	return to + width;
}

/* The groups of 8 from V on that are no run, N of them at most. */
static size_t literal_groups(const uint16_t *v, size_t n)
{
	size_t g = 0;
	while (g < n && !same8(v + g * 8))
		g++;
	return g;
}

void rle_put_u16(struct buf *out, const uint16_t *v, size_t n, unsigned width)
{
	size_t i = 0;
	while (i < n) {
		size_t groups = literal_groups(v + i, (n - i) / 8);
		if (groups) {
			put_varint(out, groups << 1 | 1);
			char *to = buf_reserve(out, groups * width + 16);
			for (size_t g = 0; g < groups; g++)
				to = pack8(to, v + i + g * 8, width);
			out->n += groups * width;
			i += groups * 8;
			continue;
		}
		size_t run = 1;
		while (i + run < n && v[i + run] == v[i])
			run++;
		if (run >= 8 || i + run == n) {
			put_varint(out, run << 1);
			memcpy(buf_reserve(out, 2), v + i, 2);
			out->n += (width + 7) / 8;
			i += run;
			continue;
		}
		uint16_t tail[8] = { 0 };
		memcpy(tail, v + i, (n - i) * sizeof *v);
		put_varint(out, 1 << 1 | 1);
		pack8(buf_reserve(out, 16), tail, width);
		out->n += width;
		i = n;
	}
}

void rle_dec_init(struct rle_dec *d, const void *p, size_t n, unsigned width)
{
	*d = (struct rle_dec){ .p = p, .end = (const uint8_t *)p + n, .width = width };
}

void rle_dec_init_msb(struct rle_dec *d, const void *p, size_t n, unsigned width)
{
	rle_dec_init(d, p, n, width);
	d->msb = true;
	d->lit = width ? (uint64_t)n * 8 / width : UINT64_MAX;
}

static bool get_varint(struct rle_dec *d, uint64_t *v)
{
	*v = 0;
	for (unsigned shift = 0; shift < 35 && d->p < d->end; shift += 7) {
		uint8_t b = *d->p++;
		*v |= (uint64_t)(b & 0x7F) << shift;
		if (!(b & 0x80))
			return true;
	}
	return false;
}

static bool next_run(struct rle_dec *d)
{
	uint64_t h;
	if (d->msb)
		return false;
	while (get_varint(d, &h)) {
		size_t left = (size_t)(d->end - d->p), bytes = (d->width + 7) / 8;
		if (h & 1) {
			uint64_t have = d->width ? (uint64_t)left * 8 / d->width : UINT64_MAX;
			d->lit = (h >> 1) * 8 < have ? (h >> 1) * 8 : have;  /* some writers cut the last group */
		} else if (left >= bytes) {
			d->run = h >> 1;
			d->value = 0;
			memcpy(&d->value, d->p, bytes);
			d->p += bytes;
			if (d->width < 32 && d->value >> d->width)
				return false;
		} else {
			return false;
		}
		if (d->run || d->lit)
			return true;
	}
	return false;
}

uint64_t rle_dec_run(struct rle_dec *d, uint32_t *value)
{
	if (!d->run && !d->lit && !next_run(d))
		return 0;
	*value = d->value;
	return d->run;
}

static inline uint64_t load64(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, 8);
	return v;
}

static inline uint32_t literal(const struct rle_dec *d, size_t bit, uint32_t mask)
{
	const uint8_t *p = d->p + (bit >> 3);
	unsigned off = bit & 7;
	if (d->msb)
		return (uint32_t)(__builtin_bswap64(load64(p)) >> (64 - off - d->width)) & mask;
	return (uint32_t)(load64(p) >> off) & mask;
}

/* p moves along so that `bit` stays small. */
static void advance(struct rle_dec *d, size_t n)
{
	size_t bit = d->bit + n * d->width;
	d->lit -= n;
	if (d->lit) {
		d->p += bit >> 3;
		d->bit = bit & 7;
	} else {
		d->p += (bit + 7) >> 3;
		d->bit = 0;
	}
}

#define DEFINE_GET(name, type) \
size_t name(struct rle_dec *d, type *to, size_t n) \
{ \
	size_t done = 0; \
	uint32_t mask = d->width < 32 ? (1u << d->width) - 1 : UINT32_MAX; \
	while (done < n) { \
		if (!d->run && !d->lit && !next_run(d)) \
			break; \
		size_t take = n - done; \
		if (d->run) { \
			take = d->run < take ? (size_t)d->run : take; \
			for (size_t i = 0; i < take; i++) \
				to[done + i] = (type)d->value; \
			d->run -= take; \
		} else { \
			take = d->lit < take ? (size_t)d->lit : take; \
			if (d->width) { \
				for (size_t i = 0, bit = d->bit; i < take; i++, bit += d->width) \
					to[done + i] = (type)literal(d, bit, mask); \
			} else { \
				memset(to + done, 0, take * sizeof *to); \
			} \
			advance(d, take); \
		} \
		done += take; \
	} \
	return done; \
}

DEFINE_GET(rle_dec_u8, uint8_t)
DEFINE_GET(rle_dec_u32, uint32_t)
