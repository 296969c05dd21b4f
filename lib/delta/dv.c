/* SPDX-License-Identifier: MIT */
/* Deletion vectors: read, checked once, and then looked up where they stand, so that a vector takes no more memory than its
 * bytes. CRoaring of Debian 12 (0.2.66) is no help: it has no 64-bit form and does not check what it is given. */
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
#define PART_MOST 131074          /* bytes of a container: 32,768 runs */
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

/* Containers of a roaring bitmap, which stand in the vector as it was read. */
enum { DV_ARRAY, DV_BITS, DV_RUNS };

static uint32_t le16(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

/* N ascending row numbers of 16 bits. */
static bool take_array(struct cursor *c, struct delta_rows_part *p, uint32_t n)
{
	*p = (struct delta_rows_part){ .p = take(c, (size_t)n * 2), .n = n, .kind = DV_ARRAY };
	for (uint32_t i = 1; i < n && !c->bad; i++)
		if (le16(p->p + 2 * i) <= le16(p->p + 2 * i - 2))
			return false;
	if (!c->bad)
		p->last = le16(p->p + 2 * n - 2);
	p->rows = n;
	return !c->bad;
}

/* N pairs of a row number and how many follow it; they ascend and do not touch each other's rows. */
static bool take_runs(struct cursor *c, struct delta_rows_part *p)
{
	uint32_t n = get16(c), next = 0;
	*p = (struct delta_rows_part){ .p = take(c, (size_t)n * 4), .n = n, .kind = DV_RUNS };
	for (uint32_t i = 0; i < n && !c->bad; i++) {
		uint32_t start = le16(p->p + 4 * i), last = start + le16(p->p + 4 * i + 2);
		if (start < next || last > 0xFFFF)
			return false;
		p->rows += last - start + 1;
		p->last = last;
		next = last + 1;
	}
	return !c->bad && n;
}

static bool take_bits(struct cursor *c, struct delta_rows_part *p)
{
	*p = (struct delta_rows_part){ .p = take(c, BITMAP_BYTES), .kind = DV_BITS };
	for (size_t i = 0; i < BITMAP_BYTES && !c->bad; i++) {
		p->rows += (uint32_t)__builtin_popcount(p->p[i]);
		if (p->p[i])
			p->last = (uint32_t)i * 8 + 31 - (uint32_t)__builtin_clz(p->p[i]);
	}
	return !c->bad && p->rows;
}

static void add_part(struct delta_rows *rows, const struct delta_rows_part *p, uint64_t at)
{
	MEM_GROW(rows->part, rows->cap, rows->nparts + 1);
	rows->part[rows->nparts] = *p;
	rows->part[rows->nparts++].at = at;
	rows->n += p->rows;
	rows->last = (at << 16) + p->last;
}

/* One 32-bit roaring bitmap in the portable form; HIGH is the upper half of its rows' numbers. */
static bool take_bitmap(struct cursor *c, struct delta_rows *rows, uint64_t high)
{
	uint32_t cookie = get32(c), n;
	const uint8_t *runs = NULL;
	if ((cookie & 0xFFFF) == COOKIE_RUNS) {
		n = (cookie >> 16) + 1;
		runs = take(c, (n + 7) / 8);
	} else if (cookie == COOKIE_PLAIN) {
		n = get32(c);
	} else {
		return false;
	}
	if (n > 0x10000 || c->bad)
		return false;
	struct cursor head = { c->p, c->end, false };
	take(c, (size_t)n * 4);
	if (!runs || n >= OFFSETS_FROM)
		take(c, (size_t)n * 4);
	for (uint32_t i = 0; i < n && !c->bad; i++) {
		struct delta_rows_part part;
		uint64_t at = high << 16 | get16(&head);
		uint32_t card = get16(&head) + 1;
		bool run = runs && runs[i >> 3] >> (i & 7) & 1;
		if (rows->nparts && rows->part[rows->nparts - 1].at >= at)
			return false;
		if (run ? !take_runs(c, &part) : card > ARRAY_MOST ? !take_bits(c, &part) : !take_array(c, &part, card))
			return false;
		add_part(rows, &part, at);
	}
	return !c->bad;
}

static int damaged(const struct delta_dv *dv, struct err *e, const char *what)
{
	return err_set(e, ERR_DATA, "deletion vector %s: %s", dv->id, what);
}

/* The vector in rows->bytes, of SIZE bytes from OFF on, for a file of FILE_ROWS rows. */
static int take_vector(struct delta_rows *rows, size_t off, const struct delta_dv *dv, uint64_t file_rows, struct err *e)
{
	const uint8_t *p = (const uint8_t *)rows->bytes.p + off;
	struct cursor c = { p, p + dv->size, false };
	if (get32(&c) != MAGIC)
		return damaged(dv, e, "it does not begin with the right magic number");
	uint64_t buckets = get64(&c);
	for (uint64_t i = 0; i < buckets; i++)
		if (!take_bitmap(&c, rows, get32(&c)))
			return damaged(dv, e, "it is damaged");
	if (c.bad)
		return damaged(dv, e, "it is damaged");
	if (rows->n != (uint64_t)dv->cardinality)
		return damaged(dv, e, "its number of rows differs from the log");
	if (rows->n && rows->last >= file_rows)
		return err_set(e, ERR_DATA, "deletion vector %s: it deletes row %llu of a file of %llu rows", dv->id,
			       (unsigned long long)rows->last, (unsigned long long)file_rows);
	return 0;
}

/* ZeroMQ's base 85 (RFC 32/Z85): five characters are four bytes, big-endian. Some writers pad: each `#` that the last five
 * begin with (a whole group cannot) stands for a byte that is not there. */
static bool z85_decode(const char *s, size_t n, struct buf *b)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
	if (n % 5)
		return false;
	for (size_t i = 0; i < n; i += 5) {
		uint64_t v = 0;
		size_t pad = i + 5 == n ? strspn(s + i, "#") : 0;
		if (pad > 3)
			return false;
		for (size_t k = pad; k < 5; k++) {
			const char *d = s[i + k] ? strchr(digits, s[i + k]) : NULL;
			if (!d)
				return false;
			v = v * 85 + (uint64_t)(d - digits);
		}
		if (v >> 8 * (4 - pad))
			return false;
		char t[4] = { (char)(v >> 24), (char)(v >> 16), (char)(v >> 8), (char)v };
		buf_put(b, t + pad, 4 - pad);
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
	int rc = 0;
	if (dv->storage == 'p') {
		rc = delta_path_decode(&path, &a, s, n, e);
		if (rc == 0)
			buf_puts(name, path);
	} else if (n < UUID_CHARS || !z85_decode(s + n - UUID_CHARS, UUID_CHARS, &id)) {
		rc = damaged(dv, e, "its file's name is not a UUID");
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
	return rc;
}

static uint32_t big32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* In a file: its size, the bitmap, its CRC-32. */
static int read_file(struct buf *data, struct store *s, const struct delta_dv *dv, struct err *e)
{
	struct buf name = BUF_INIT;
	struct store_file *f = NULL;
	size_t n = (size_t)dv->size;
	int rc = file_name(&name, dv, e);
	if (rc == 0)
		rc = store_file_open(&f, s, name.p, e);
	if (rc == 0) {
		buf_reserve(data, n + 8);
		rc = store_file_read(f, dv->offset > 0 ? (uint64_t)dv->offset : 0, data->p, n + 8, e);
	}
	const uint8_t *p = (const uint8_t *)data->p;
	if (rc == 0 && big32(p) != n)
		rc = damaged(dv, e, "its size differs from the log");
	if (rc == 0 && crc32(0, p + 4, (uInt)n) != big32(p + 4 + n))
		rc = damaged(dv, e, "its checksum is wrong");
	store_file_close(f);
	buf_release(&name);
	return rc;
}

/* What the containers of FILE_ROWS rows can take, in the most wasteful form that a writer may choose. */
static uint64_t most_bytes(uint64_t file_rows)
{
	return 64 + ((file_rows >> 16) + 1) * (PART_MOST + 32);
}

int delta_dv_read(struct delta_rows *rows, struct store *s, const struct delta_dv *dv, uint64_t file_rows, struct err *e)
{
	size_t off = 0;
	int rc = 0;
	*rows = (struct delta_rows){ 0 };
	if (dv->size < 0 || dv->size > MAX_BYTES || dv->cardinality < 0)
		return damaged(dv, e, "its size or its number of rows is out of range");
	if ((uint64_t)dv->cardinality > file_rows || (uint64_t)dv->size > most_bytes(file_rows))
		return err_set(e, ERR_DATA, "deletion vector %s: %lld rows in %lld bytes are too many for a file of %llu rows", dv->id,
			       (long long)dv->cardinality, (long long)dv->size, (unsigned long long)file_rows);
	if (dv->storage == 'u' || dv->storage == 'p') {
		rc = read_file(&rows->bytes, s, dv, e);
		off = 4;
	} else if (dv->storage != 'i') {
		rc = err_set(e, ERR_UNSUPPORTED, "deletion vector %s: unknown storage type", dv->id);
	} else if (!z85_decode(dv->path_or_inline, strlen(dv->path_or_inline), &rows->bytes) || rows->bytes.n < (size_t)dv->size) {
		rc = damaged(dv, e, "its inline text is damaged");
	}
	if (rc == 0)
		rc = take_vector(rows, off, dv, file_rows, e);
	if (rc)
		delta_rows_release(rows);
	return rc;
}

void delta_rows_release(struct delta_rows *rows)
{
	buf_release(&rows->bytes);
	mem_free(rows->part);
	*rows = (struct delta_rows){ 0 };
}

/* Index of the first element of P (of W bytes each) whose 16-bit row, less what follows it in a run, is not below ROW. */
static uint32_t first_from(const struct delta_rows_part *p, uint32_t row)
{
	uint32_t lo = 0, hi = p->n, w = p->kind == DV_RUNS ? 4 : 2;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2, last = le16(p->p + w * mid) + (w == 4 ? le16(p->p + 4 * mid + 2) : 0);
		if (last < row)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Rows [FROM, FROM + N) of one container P; the numbers that go to SEL begin with BASE. */
static size_t left_of(const struct delta_rows_part *p, uint32_t from, uint32_t n, uint32_t base, uint32_t *sel)
{
	size_t left = 0;
	uint32_t k = p->kind == DV_BITS ? 0 : first_from(p, from), w = p->kind == DV_RUNS ? 4 : 2;
	for (uint32_t row = from; row < from + n; row++) {
		bool gone;
		if (p->kind == DV_BITS) {
			gone = p->p[row >> 3] >> (row & 7) & 1;
		} else {
			uint32_t last = k < p->n ? le16(p->p + w * k) + (w == 4 ? le16(p->p + 4 * k + 2) : 0) : 0;
			gone = k < p->n && row >= le16(p->p + w * k);
			k += gone && row == last;
		}
		if (!gone)
			sel[left++] = base + row - from;
	}
	return left;
}

static int compare_places(const void *key, const void *part)
{
	const struct delta_rows_part *a = key, *b = part;
	return (a->at > b->at) - (a->at < b->at);
}

static const struct delta_rows_part *find_part(const struct delta_rows *rows, uint64_t at)
{
	const struct delta_rows_part key = { .at = at };
	return rows->nparts ? bsearch(&key, rows->part, rows->nparts, sizeof key, compare_places) : NULL;
}

size_t delta_rows_left(const struct delta_rows *rows, uint64_t first, size_t n, uint32_t *sel)
{
	static const struct delta_rows_part none = { .kind = DV_ARRAY };
	size_t left = 0;
	for (size_t done = 0; done < n;) {
		uint64_t row = first + done;
		uint32_t from = row & 0xFFFF, most = 0x10000 - from, many = n - done < most ? (uint32_t)(n - done) : most;
		const struct delta_rows_part *p = find_part(rows, row >> 16);
		left += left_of(p ? p : &none, from, many, (uint32_t)done, sel + left);
		done += many;
	}
	return left;
}
