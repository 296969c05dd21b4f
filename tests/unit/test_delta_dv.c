/* SPDX-License-Identifier: MIT */
#include "base/mem.h"
#include "delta/dv.h"
#include "t.h"

#include <stdlib.h>
#include <zlib.h>

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
		T_INT(delta_dv_read(&rows, s, &dv, &e), 0);
		T_INT(rows.n, 6);
		for (size_t i = 0; i < rows.n && i < 6; i++)
			T_INT(rows.v[i], want[i]);
		uint32_t sel[16];
		T_INT(delta_rows_left(&rows, 2, 10, sel), 6);
		T_OK(sel[0] == 0 && sel[1] == 3 && sel[2] == 4 && sel[3] == 6 && sel[4] == 7 && sel[5] == 8);
		T_INT(delta_rows_left(&rows, 30, 3, sel), 3);
		delta_rows_release(&rows);
	}
	T_CASE("damage: another count, a cut text, foreign characters, sizes out of bounds") {
		struct delta_dv dv = inline_dv(spec, 44, 5);
		T_INT(delta_dv_read(&rows, s, &dv, &e), ERR_DATA);
		dv = inline_dv("^Bg9^0rr910000000000iXQKl0rr91", 44, 6);
		T_INT(delta_dv_read(&rows, s, &dv, &e), ERR_DATA);
		dv = inline_dv("wi5b\"", 4, 0);
		T_INT(delta_dv_read(&rows, s, &dv, &e), ERR_DATA);
		dv = inline_dv(spec, -1, 6);
		T_INT(delta_dv_read(&rows, s, &dv, &e), ERR_DATA);
		dv = inline_dv(spec, INT64_MAX, 6);
		T_INT(delta_dv_read(&rows, s, &dv, &e), ERR_DATA);
		dv = inline_dv(spec, 44, INT64_MAX);
		T_INT(delta_dv_read(&rows, s, &dv, &e), ERR_DATA);
		for (int64_t n = 0; n < 44; n++) {
			dv = inline_dv(spec, n, 6);
			T_INT(delta_dv_read(&rows, s, &dv, &e), ERR_DATA);
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
		T_INT(delta_dv_read(&rows, s, &dv, &e), 0);
		T_INT(rows.n, 5011);
		T_OK(rows.n == 5011 && rows.v[0] == 100 && rows.v[9] == 109 && rows.v[10] == 0x20000 && rows.v[5009] == 0x20000 + 4999);
		T_OK(rows.n == 5011 && rows.v[5010] == (UINT64_C(1) << 32) + 7);
		delta_rows_release(&rows);
	}
	T_CASE("a wrong checksum, a wrong size, a missing file") {
		file.p[200] ^= 1;
		T_INT(store_put(s, "ab/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin", file.p, file.n, &e), 0);
		T_INT(delta_dv_read(&rows, s, &dv, &e), ERR_DATA);
		dv.size--;
		T_INT(delta_dv_read(&rows, s, &dv, &e), ERR_DATA);
		dv.path_or_inline = "^-aqEH.-t@S}K{vb[*k^";
		T_INT(delta_dv_read(&rows, s, &dv, &e), ERR_NOT_FOUND);
		dv.path_or_inline = "short";
		T_INT(delta_dv_read(&rows, s, &dv, &e), ERR_DATA);
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
	store_free(s);
	snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
	if (system(cmd))
		return 1;
	return t_done();
}
