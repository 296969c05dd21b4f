/* SPDX-License-Identifier: MIT */
#include "base/mem.h"
#include "base/rand.h"
#include "delta/dv.h"
#include "t.h"

#include <stdlib.h>
#include <zlib.h>

#define ROWS (UINT64_C(1) << 33)   /* of the file, where it does not matter */

/* Is exactly WANT[0..N) taken out of the first ROWS rows, however they are asked for? */
static void same_rows(const struct delta_rows *rows, const uint64_t *want, size_t n, uint64_t most)
{
	static const size_t steps[] = { 1, 7, 1000, 1024, 100000 };
	uint32_t *sel = mem_array(NULL, 100000, sizeof *sel);
	for (size_t k = most > 1 << 20 ? 4 : 0; k < sizeof steps / sizeof *steps; k++) {
		size_t w = 0;
		for (uint64_t at = 0; at < most; at += steps[k]) {
			size_t left = delta_rows_left(rows, at, steps[k], sel), i = 0;
			for (uint64_t row = at; row < at + steps[k]; row++) {
				bool there = i < left && at + sel[i] == row;
				i += there;
				if (there != !(w < n && want[w] == row))
					T_FAIL("row %llu, asked %zu at a time", (unsigned long long)row, steps[k]);
				w += w < n && want[w] == row;
			}
			T_INT(i, left);
		}
	}
	mem_free(sel);
}

static struct delta_dv inline_dv(const char *text, int64_t size, int64_t rows)
{
	return (struct delta_dv){ .storage = 'i', .path_or_inline = text, .offset = -1, .size = size, .cardinality = rows,
		.max_row = -1, .id = text };
}

/* Rows 3, 4, 7, 11, 18, 29 in the portable form. (The example in PROTOCOL.md is in another layout, big-endian, which no
 * reader takes.) */
static const char spec[] = "^Bg9^0rr910000000000iXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L";

static void test_inline(struct store *s)
{
	struct delta_rows rows;
	struct err e;
	T_CASE("an inline vector") {
		static const uint64_t want[] = { 3, 4, 7, 11, 18, 29 };
		struct delta_dv dv = inline_dv(spec, 44, 6);
		T_INT(delta_dv_read(&rows, s, &dv, ROWS, &e), 0);
		T_INT(rows.n, 6);
		T_INT(rows.last, 29);
		same_rows(&rows, want, 6, 100);
		uint32_t sel[16];
		T_INT(delta_rows_left(&rows, 2, 10, sel), 6);
		T_OK(sel[0] == 0 && sel[1] == 3 && sel[2] == 4 && sel[3] == 6 && sel[4] == 7 && sel[5] == 8);
		T_INT(delta_rows_left(&rows, 30, 3, sel), 3);
		delta_rows_release(&rows);
	}
	T_CASE("damage: another count, a cut text, foreign characters, sizes out of bounds") {
		struct delta_dv dv = inline_dv(spec, 44, 5);
		T_INT(delta_dv_read(&rows, s, &dv, ROWS, &e), ERR_DATA);
		dv = inline_dv("^Bg9^0rr910000000000iXQKl0rr91", 44, 6);
		T_INT(delta_dv_read(&rows, s, &dv, ROWS, &e), ERR_DATA);
		dv = inline_dv("wi5b\"", 4, 0);
		T_INT(delta_dv_read(&rows, s, &dv, ROWS, &e), ERR_DATA);
		dv = inline_dv(spec, -1, 6);
		T_INT(delta_dv_read(&rows, s, &dv, ROWS, &e), ERR_DATA);
		dv = inline_dv(spec, INT64_MAX, 6);
		T_INT(delta_dv_read(&rows, s, &dv, ROWS, &e), ERR_DATA);
		dv = inline_dv(spec, 44, INT64_MAX);
		T_INT(delta_dv_read(&rows, s, &dv, 30, &e), ERR_DATA);
		dv = inline_dv(spec, 44, 6);
		T_INT(delta_dv_read(&rows, s, &dv, 30, &e), 0);
		delta_rows_release(&rows);
		T_INT(delta_dv_read(&rows, s, &dv, 29, &e), ERR_DATA); /* row 29 of 29 */
		T_OK(strstr(e.msg, "row 29 of a file of 29 rows") != NULL);
		T_INT(delta_dv_read(&rows, s, &dv, 5, &e), ERR_DATA);
		dv.storage = 'q';
		T_INT(delta_dv_read(&rows, s, &dv, ROWS, &e), ERR_UNSUPPORTED);
		dv = inline_dv(spec, 44, INT64_MAX);
		T_INT(delta_dv_read(&rows, s, &dv, ROWS, &e), ERR_DATA);
		for (int64_t n = 0; n < 44; n++) {
			dv = inline_dv(spec, n, 6);
			T_INT(delta_dv_read(&rows, s, &dv, ROWS, &e), ERR_DATA);
		}
	}
}

static void put_big32(struct buf *b, uint32_t v)
{
	char t[4] = { (char)(v >> 24), (char)(v >> 16), (char)(v >> 8), (char)v };
	buf_put(b, t, 4);
}

static void put_le16(struct buf *b, unsigned v)
{
	char t[2] = { (char)v, (char)(v >> 8) };
	buf_put(b, t, 2);
}

static void put_z85(struct buf *b, const uint8_t *p, size_t n)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
	for (size_t i = 0; i < n; i += 4) {
		size_t have = n - i < 4 ? n - i : 4;
		uint32_t v = 0;
		char t[5];
		for (size_t k = 0; k < have; k++)
			v = v << 8 | p[i + k];
		for (int k = 5; k-- > 0; v /= 85)
			t[k] = digits[v % 85];
		memset(t, '#', 4 - have);
		buf_put(b, t, 5);
	}
}

struct set {
	uint64_t row[70000];
	size_t n;
};

/* A vector of random rows: containers at ascending places, each an array, bits or runs. */
static void make_random(struct buf *b, struct rng *r, struct set *set)
{
	struct buf body = BUF_INIT, head = BUF_INIT;
	unsigned n = 1 + (unsigned)rng_below(r, 3), at = (unsigned)rng_below(r, 3), flags = 0;
	set->n = 0;
	for (unsigned c = 0; c < n; c++, at += 1 + (unsigned)rng_below(r, 2)) {
		size_t was = set->n, kind = rng_below(r, 3), most = kind == 0 ? 50 : kind == 1 ? 9000 : 20;
		uint64_t row = rng_below(r, 100);
		struct buf runs = BUF_INIT;
		unsigned nruns = 0;
		for (size_t k = 0; k < most || (kind == 1 && set->n - was <= 4096); k++) {
			uint64_t len = kind == 2 ? 1 + rng_below(r, 300) : 1;
			put_le16(&runs, (unsigned)row);
			put_le16(&runs, (unsigned)len - 1);
			nruns++;
			for (uint64_t i = 0; i < len; i++, row++) {
				set->row[set->n++] = (uint64_t)at << 16 | row;
				if (kind == 0)
					put_le16(&body, (unsigned)row);
			}
			row += kind == 1 ? rng_below(r, 10) : rng_below(r, 900);
			if (row > 0xFE00)
				break;
		}
		if (kind == 2) {
			flags |= 1u << c;
			put_le16(&body, nruns);
			buf_put(&body, runs.p, runs.n);
		} else if (kind == 1) {
			char bits[8192] = { 0 };
			for (size_t i = was; i < set->n; i++)
				bits[(set->row[i] & 0xFFFF) >> 3] |= (char)(1 << (set->row[i] & 7));
			buf_put(&body, bits, sizeof bits);
		}
		put_le16(&head, at);
		put_le16(&head, (unsigned)(set->n - was - 1));
		buf_release(&runs);
	}
	buf_le32(b, 1681511377u);
	buf_le64(b, 1);
	buf_le32(b, 0);
	buf_le32(b, 12347 | (n - 1) << 16);
	buf_putc(b, (char)flags);
	buf_put(b, head.p, head.n);
	buf_put(b, body.p, body.n);
	buf_release(&head);
	buf_release(&body);
}

/* Whatever is accepted takes out as many rows as it says, all of them in the file. */
static void consistent(const struct delta_rows *rows, uint64_t file_rows)
{
	uint32_t *sel = mem_array(NULL, file_rows, sizeof *sel);
	T_INT(delta_rows_left(rows, 0, file_rows, sel), file_rows - rows->n);
	mem_free(sel);
}

static void test_random(struct store *s)
{
	static struct set set;
	struct rng r;
	struct err e;
	rng_seed(&r, 8);
	T_CASE("300 random vectors, padded base 85, and what damage makes of them") {
		for (int round = 0; round < t_rounds(300); round++) {
			struct buf data = BUF_INIT, text = BUF_INIT;
			struct delta_rows rows;
			make_random(&data, &r, &set);
			put_z85(&text, (const uint8_t *)data.p, data.n);
			struct delta_dv dv = inline_dv(buf_cstr(&text), (int64_t)data.n, (int64_t)set.n);
			uint64_t most = set.row[set.n - 1] + 1;
			T_INT(delta_dv_read(&rows, s, &dv, most, &e), 0);
			T_INT(rows.n, set.n);
			T_INT(rows.last, most - 1);
			if (round < 40)
				same_rows(&rows, set.row, set.n, most + 10);
			consistent(&rows, most);
			delta_rows_release(&rows);
			T_INT(delta_dv_read(&rows, s, &dv, most - 1, &e), ERR_DATA);
			for (int flip = 0; flip < 20; flip++) {
				size_t i = rng_below(&r, data.n);
				char was = data.p[i];
				data.p[i] ^= (char)(1 << rng_below(&r, 8));
				buf_clear(&text);
				put_z85(&text, (const uint8_t *)data.p, data.n);
				dv.path_or_inline = buf_cstr(&text);
				if (delta_dv_read(&rows, s, &dv, most, &e) == 0) {
					consistent(&rows, most);
					delta_rows_release(&rows);
				}
				data.p[i] = was;
			}
			buf_release(&data);
			buf_release(&text);
		}
	}
	T_CASE("base 85 that cannot be") {
		struct delta_rows rows;
		struct delta_dv dv = inline_dv("####0", 1, 0);
		T_INT(delta_dv_read(&rows, s, &dv, ROWS, &e), ERR_DATA);
		dv = inline_dv("##zzz", 2, 0);
		T_INT(delta_dv_read(&rows, s, &dv, ROWS, &e), ERR_DATA);
	}
}

/* A file with one vector at offset 1: a run container, a bitmap container, and rows beyond 2^32. */
static void make_file(struct buf *file, struct buf *data)
{
	buf_le32(data, 1681511377u);
	buf_le64(data, 2);
	buf_le32(data, 0);
	buf_le32(data, 12347 | 1 << 16);         /* two containers, with runs */
	buf_putc(data, 1);                       /* the first is one */
	put_le16(data, 0);
	put_le16(data, 10 - 1);
	put_le16(data, 2);
	put_le16(data, 5000 - 1);
	put_le16(data, 1);
	put_le16(data, 100);
	put_le16(data, 10 - 1);
	for (int i = 0; i < 8192; i++)
		buf_putc(data, i < 625 ? (char)0xFF : 0);
	buf_le32(data, 1);                       /* the upper half: 2^32 + 7 */
	buf_le32(data, 12346);
	buf_le32(data, 1);
	put_le16(data, 0);
	put_le16(data, 0);
	buf_le32(data, 16);
	put_le16(data, 7);
	buf_putc(file, 1);
	put_big32(file, (uint32_t)data->n);
	buf_put(file, data->p, data->n);
	put_big32(file, (uint32_t)crc32(0, (const Bytef *)data->p, (uInt)data->n));
}

static void test_file(struct store *s)
{
	struct buf file = BUF_INIT, data = BUF_INIT;
	struct delta_rows rows;
	struct err e;
	make_file(&file, &data);
	struct delta_dv dv = { .storage = 'u', .path_or_inline = "ab^-aqEH.-t@S}K{vb[*k^", .offset = 1, .size = (int64_t)data.n,
		.cardinality = 10 + 5000 + 1, .max_row = -1, .id = "x" };
	T_CASE("a vector in a file: runs, bits, 64-bit rows") {
		T_INT(store_put(s, "ab/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin", file.p, file.n, &e), 0);
		T_INT(delta_dv_read(&rows, s, &dv, ROWS, &e), 0);
		T_INT(rows.n, 5011);
		T_INT(rows.last, (UINT64_C(1) << 32) + 7);
		uint64_t want[5010];
		for (unsigned i = 0; i < 5010; i++)
			want[i] = i < 10 ? 100 + i : 0x20000 + i - 10;
		same_rows(&rows, want, 5010, 400000);
		uint32_t sel[16];
		T_INT(delta_rows_left(&rows, (UINT64_C(1) << 32) + 5, 4, sel), 3);
		T_OK(sel[0] == 0 && sel[1] == 1 && sel[2] == 3);
		delta_rows_release(&rows);
	}
	T_CASE("a wrong checksum, a wrong size, a missing file") {
		file.p[200] ^= 1;
		T_INT(store_put(s, "ab/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin", file.p, file.n, &e), 0);
		T_INT(delta_dv_read(&rows, s, &dv, ROWS, &e), ERR_DATA);
		dv.size--;
		T_INT(delta_dv_read(&rows, s, &dv, ROWS, &e), ERR_DATA);
		dv.path_or_inline = "^-aqEH.-t@S}K{vb[*k^";
		T_INT(delta_dv_read(&rows, s, &dv, ROWS, &e), ERR_NOT_FOUND);
		dv.path_or_inline = "short";
		T_INT(delta_dv_read(&rows, s, &dv, ROWS, &e), ERR_DATA);
	}
	buf_release(&file);
	buf_release(&data);
}

int main(void)
{
	char dir[] = "/tmp/sm-dv-XXXXXX", cmd[64];
	struct store *s;
	struct err e;
	if (!mkdtemp(dir) || store_open(&s, dir, &e))
		return 1;
	test_inline(s);
	test_file(s);
	test_random(s);
	store_free(s);
	snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
	if (system(cmd))
		return 1;
	return t_done();
}
