/* SPDX-License-Identifier: MIT */
#include "delta/dv.h"

#include "base/mem.h"
#include "delta/partition.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define MAGIC 1681511377u
#define COOKIE_RUNS 12347u
#define COOKIE_PLAIN 12346u
#define OFFSETS_FROM 4           /* containers from which a bitmap with runs has offsets */
#define ARRAY_MOST 4096
#define BITMAP_BYTES 8192
#define MAX_BYTES ((int64_t)1 << 30)
#define MAX_ROWS (INT64_C(1) << 31)
#define UUID_CHARS 20

/* Bounds-checked little-endian reading. */
struct cursor {
	const uint8_t *p, *end;
	bool bad;
};

static const uint8_t *take(struct cursor *c, size_t n)
{
	static const uint8_t zero[8];
	if ((size_t)(c->end - c->p) < n) {
		c->bad = true;
		c->p = c->end;
		return n <= sizeof zero ? zero : NULL;
	}
	const uint8_t *p = c->p;
	c->p += n;
	return p;
}

static uint32_t get16(struct cursor *c)
{
	const uint8_t *p = take(c, 2);
	return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t get32(struct cursor *c)
{
	uint32_t low = get16(c);
	return low | get16(c) << 16;
}

static uint64_t get64(struct cursor *c)
{
	uint64_t low = get32(c);
	return low | (uint64_t)get32(c) << 32;
}

static void add_row(struct delta_rows *rows, uint64_t row)
{
	MEM_GROW(rows->v, rows->cap, rows->n + 1);
	rows->v[rows->n++] = row;
}

static void read_runs(struct cursor *c, struct delta_rows *rows, uint64_t base, size_t most)
{
	for (uint32_t n = get16(c); n > 0 && !c->bad; n--) {
		uint32_t start = get16(c), length = get16(c);
		if (start + length > 0xFFFF || rows->n + length + 1 > most)
			c->bad = true;
		for (uint32_t i = 0; i <= length && !c->bad; i++)
			add_row(rows, base + start + i);
	}
}

static void read_bits(struct cursor *c, struct delta_rows *rows, uint64_t base)
{
	const uint8_t *p = take(c, BITMAP_BYTES);
	for (uint32_t i = 0; p && i < BITMAP_BYTES * 8; i++)
		if (p[i >> 3] >> (i & 7) & 1)
			add_row(rows, base + i);
}

/* One 32-bit roaring bitmap in the portable form; BASE is added to its values. */
static void read_bitmap(struct cursor *c, struct delta_rows *rows, uint64_t base, size_t most)
{
	uint32_t cookie = get32(c), n;
	const uint8_t *runs = NULL;
	if ((cookie & 0xFFFF) == COOKIE_RUNS) {
		n = (cookie >> 16) + 1;
		runs = take(c, (n + 7) / 8);
	} else if (cookie == COOKIE_PLAIN) {
		n = get32(c);
	} else {
		c->bad = true;
		return;
	}
	if (n > 0x10000)
		c->bad = true;
	struct cursor head = { c->p, c->end, false };
	if (!c->bad)
		take(c, (size_t)n * 4);
	if (!c->bad && (!runs || n >= OFFSETS_FROM))
		take(c, (size_t)n * 4);
	for (uint32_t i = 0; i < n && !c->bad; i++) {
		uint64_t at = base + ((uint64_t)get16(&head) << 16);
		uint32_t card = get16(&head) + 1;
		if (rows->n + card > most)
			c->bad = true;
		else if (runs && runs[i >> 3] >> (i & 7) & 1)
			read_runs(c, rows, at, most);
		else if (card > ARRAY_MOST)
			read_bits(c, rows, at);
		else
			for (uint32_t k = 0; k < card && !c->bad; k++)
				add_row(rows, at + get16(c));
	}
}

static int damaged(const struct delta_dv *dv, struct err *e, const char *what)
{
	return err_set(e, ERR_DATA, "deletion vector %s: %s", dv->id, what);
}

static int read_array(struct delta_rows *rows, const uint8_t *p, size_t n, const struct delta_dv *dv, struct err *e)
{
	struct cursor c = { p, p + n, false };
	if (get32(&c) != MAGIC)
		return damaged(dv, e, "it does not begin as one");
	uint64_t buckets = get64(&c);
	for (uint64_t i = 0; i < buckets && !c.bad; i++)
		read_bitmap(&c, rows, (uint64_t)get32(&c) << 32, (size_t)dv->cardinality);
	if (c.bad)
		return damaged(dv, e, "it is damaged");
	if (rows->n != (size_t)dv->cardinality)
		return damaged(dv, e, "the number of its rows is not that of the log");
	for (size_t i = 1; i < rows->n; i++)
		if (rows->v[i] <= rows->v[i - 1])
			return damaged(dv, e, "its rows are out of order");
	return 0;
}

/* ZeroMQ's base 85 (RFC 32/Z85): five characters are four bytes, big-endian. */
static bool z85_decode(const char *s, size_t n, struct buf *b)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
	if (n % 5)
		return false;
	for (size_t i = 0; i < n; i += 5) {
		uint64_t v = 0;
		for (size_t k = 0; k < 5; k++) {
			const char *d = s[i + k] ? strchr(digits, s[i + k]) : NULL;
			if (!d)
				return false;
			v = v * 85 + (uint64_t)(d - digits);
		}
		if (v > UINT32_MAX)
			return false;
		char t[4] = { (char)(v >> 24), (char)(v >> 16), (char)(v >> 8), (char)v };
		buf_put(b, t, 4);
	}
	return true;
}

/* The file of storage types u (prefix and UUID in base 85) and p (a path). */
static int file_name(struct buf *name, const struct delta_dv *dv, struct err *e)
{
	struct arena a = ARENA_INIT;
	struct buf id = BUF_INIT;
	const char *s = dv->path_or_inline, *path;
	size_t n = strlen(s);
	int r = 0;
	if (dv->storage == 'p') {
		r = delta_path_decode(&path, &a, s, n, e);
		if (r == 0)
			buf_puts(name, path);
	} else if (n < UUID_CHARS || !z85_decode(s + n - UUID_CHARS, UUID_CHARS, &id)) {
		r = damaged(dv, e, "its file's name is no UUID");
	} else {
		const uint8_t *u = (const uint8_t *)id.p;
		if (n > UUID_CHARS) {
			buf_put(name, s, n - UUID_CHARS);
			buf_putc(name, '/');
		}
		buf_puts(name, "deletion_vector_");
		for (int i = 0; i < 16; i++)
			buf_printf(name, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", u[i]);
		buf_puts(name, ".bin");
	}
	buf_cstr(name);
	buf_release(&id);
	arena_release(&a);
	return r;
}

static uint32_t big32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* In a file: its size, the bitmap, its CRC-32. */
static int read_file(struct delta_rows *rows, struct store *s, const struct delta_dv *dv, struct err *e)
{
	struct buf name = BUF_INIT, data = BUF_INIT;
	struct store_file *f = NULL;
	size_t n = (size_t)dv->size;
	int r = file_name(&name, dv, e);
	if (r == 0)
		r = store_file_open(&f, s, name.p, e);
	if (r == 0) {
		buf_reserve(&data, n + 8);
		r = store_file_read(f, dv->offset > 0 ? (uint64_t)dv->offset : 0, data.p, n + 8, e);
	}
	const uint8_t *p = (const uint8_t *)data.p;
	if (r == 0 && big32(p) != n)
		r = damaged(dv, e, "its size is not that of the log");
	if (r == 0 && crc32(0, p + 4, (uInt)n) != big32(p + 4 + n))
		r = damaged(dv, e, "its checksum is wrong");
	if (r == 0)
		r = read_array(rows, p + 4, n, dv, e);
	store_file_close(f);
	buf_release(&data);
	buf_release(&name);
	return r;
}

int delta_dv_read(struct delta_rows *rows, struct store *s, const struct delta_dv *dv, struct err *e)
{
	struct buf data = BUF_INIT;
	int r;
	*rows = (struct delta_rows){ 0 };
	if (dv->size < 0 || dv->size > MAX_BYTES || dv->cardinality < 0 || dv->cardinality > MAX_ROWS)
		return damaged(dv, e, "its size or its number of rows is out of bounds");
	if (dv->storage != 'i') {
		r = read_file(rows, s, dv, e);
	} else if (!z85_decode(dv->path_or_inline, strlen(dv->path_or_inline), &data) || data.n < (size_t)dv->size) {
		r = damaged(dv, e, "its inline text is damaged");
	} else {
		r = read_array(rows, (const uint8_t *)data.p, (size_t)dv->size, dv, e);
	}
	buf_release(&data);
	if (r)
		delta_rows_release(rows);
	return r;
}

void delta_rows_release(struct delta_rows *rows)
{
	mem_free(rows->v);
	*rows = (struct delta_rows){ 0 };
}

size_t delta_rows_left(const struct delta_rows *rows, uint64_t first, size_t n, uint32_t *sel)
{
	size_t lo = 0, hi = rows->n, left = 0;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (rows->v[mid] < first)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (size_t i = 0; i < n; i++) {
		if (lo < rows->n && rows->v[lo] == first + i)
			lo++;
		else
			sel[left++] = (uint32_t)i;
	}
	return left;
}
