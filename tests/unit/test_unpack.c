/* SPDX-License-Identifier: MIT */
/* Every format, with every bit of it turned over, cut anywhere, doubled, and with something behind it: what comes out is what went
 * in, or an error; and nothing that a checksum has not confirmed is called sure. */
#include "base/buf.h"
#include "io/unpack.h"
#include "t.h"

#include <archive.h>
#include <archive_entry.h>
#include <zlib.h>
#include <zstd.h>

static struct buf text;

struct feed {
	const char *p;
	size_t n, step;
};

static ssize_t feed(void *arg, const void **p, struct err *e)
{
	struct feed *f = arg;
	size_t n = f->n < f->step ? f->n : f->step;
	(void)e;
	*p = f->p;
	f->p += n;
	f->n -= n;
	return (ssize_t)n;
}

static void pack_gzip(struct buf *to)
{
	z_stream z = { 0 };
	deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
	z.next_in = (void *)text.p;
	z.avail_in = (uInt)text.n;
	z.avail_out = (uInt)deflateBound(&z, text.n);
	z.next_out = (void *)buf_reserve(to, z.avail_out);
	T_INT(deflate(&z, Z_FINISH), Z_STREAM_END);
	to->n += z.total_out;
	deflateEnd(&z);
}

static void pack_zstd(struct buf *to)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	size_t cap = ZSTD_compressBound(text.n);
	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	size_t n = ZSTD_compress2(c, buf_reserve(to, cap), cap, text.p, text.n);
	T_OK(!ZSTD_isError(n));
	to->n += n;
	ZSTD_freeCCtx(c);
}

static void pack_archive(struct buf *to, int (*filter)(struct archive *))
{
	struct archive *a = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	size_t used = 0, cap = text.n + 4096;
	filter(a);
	archive_write_set_format_raw(a);
	archive_write_set_bytes_per_block(a, 0);
	archive_write_open_memory(a, buf_reserve(to, cap), cap, &used);
	archive_entry_set_pathname(entry, "x");
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_write_header(a, entry);
	archive_write_data(a, text.p, text.n);
	archive_entry_free(entry);
	archive_write_close(a);
	archive_write_free(a);
	to->n += used;
}

static void pack(enum unpack_kind kind, struct buf *to)
{
	buf_clear(to);
	switch (kind) {
	case UNPACK_GZIP: pack_gzip(to); break;
	case UNPACK_ZSTD: pack_zstd(to); break;
	case UNPACK_XZ: pack_archive(to, archive_write_add_filter_xz); break;
	case UNPACK_BZIP2: pack_archive(to, archive_write_add_filter_bzip2); break;
	default: pack_archive(to, archive_write_add_filter_lz4); break;
	}
}

/* Unpack N bytes that come STEP by STEP: 0 when it went well. What is called sure must be the beginning of TIMES texts. */
static int run(enum unpack_kind kind, const char *p, size_t n, size_t step, unsigned times, struct buf *out)
{
	struct feed f = { p, n, step };
	struct unpack *u = unpack_new(kind, feed, &f);
	struct err e;
	const char *q;
	size_t got;
	int r;
	buf_clear(out);
	while ((r = unpack_next(u, &q, &got, &e)) > 0) {
		T_OK(got > 0);
		buf_put(out, q, got);
	}
	T_OK(unpack_sure(u) <= out->n && (r < 0 || unpack_sure(u) == out->n));
	T_OK(r == 0 || (r == ERR_DATA && e.msg[0]));
	for (size_t i = 0; i < unpack_sure(u); i += text.n)
		if (i / text.n >= times || unpack_sure(u) - i < text.n || memcmp(out->p + i, text.p, text.n) != 0)
			T_FAIL("kind %d: other bytes are called sure", kind);
	T_INT(unpack_next(u, &q, &got, &e), r);
	unpack_free(u);
	return r;
}

static bool same(const struct buf *out, unsigned times)
{
	bool ok = out->n == text.n * times;
	for (unsigned i = 0; ok && i < times; i++)
		ok = memcmp(out->p + i * text.n, text.p, text.n) == 0;
	return ok;
}

static void test_kind(enum unpack_kind kind, const char *name)
{
	struct buf p = BUF_INIT, out = BUF_INIT;
	pack(kind, &p);
	T_CASE(name) {
		T_INT(unpack_kind(p.p, p.n), kind);
		for (size_t step = 1; step < 5000; step = step * 3 + 1) {
			T_INT(run(kind, p.p, p.n, step, 1, &out), 0);
			T_OK(same(&out, 1));
		}
	}
	T_CASE("one bit turned over: the same bytes, or an error") {
		for (size_t i = 0; i < p.n; i++)
			for (int bit = 0; bit < 8; bit += i < 64 || i + 64 > p.n ? 1 : 5) {
				p.p[i] ^= (char)(1 << bit);
				if (unpack_kind(p.p, p.n) == kind && run(kind, p.p, p.n, 4096, 1, &out) == 0 && !same(&out, 1))
					T_FAIL("%s: byte %zu, bit %d: %zu other bytes", name, i, bit, out.n);
				p.p[i] ^= (char)(1 << bit);
			}
	}
	T_CASE("cut anywhere: an error") {
		for (size_t n = UNPACK_MAGIC; n < p.n; n += n < 64 || n + 64 > p.n ? 1 : 7)
			if (run(kind, p.p, n, 4096, 1, &out) == 0)
				T_FAIL("%s: %zu of %zu bytes are taken for all", name, n, p.n);
	}
	T_CASE("two streams, one behind the other; garbage behind the last") {
		size_t n = p.n;
		buf_put(&p, "garbage", 7);
		T_INT(run(kind, p.p, p.n, 4096, 1, &out), ERR_DATA);
		p.n = n;
		buf_put(&p, p.p, n);
		T_INT(run(kind, p.p, p.n, 1000, 2, &out), 0);
		T_OK(same(&out, 2));
		T_INT(run(kind, p.p, p.n - 1, 1000, 2, &out), ERR_DATA);
		T_OK(out.n >= text.n);
	}
	buf_release(&p);
	buf_release(&out);
}

/* Frames to be skipped, in front of and between others, as pzstd writes them. */
static void test_skippable(void)
{
	static const enum unpack_kind kinds[] = { UNPACK_ZSTD, UNPACK_LZ4 };
	for (size_t k = 0; k < 2; k++)
		T_CASE(k ? "lz4 behind frames to be skipped" : "zstd behind frames to be skipped") {
			for (unsigned size = 0; size < 9; size += 4) {
				struct buf p = BUF_INIT, out = BUF_INIT, one = BUF_INIT;
				pack(kinds[k], &one);
				for (int times = 0; times < 2; times++) {
					buf_put(&p, (char[]){ (char)(0x50 + size), 0x2a, 0x4d, 0x18, (char)size, 0, 0, 0 }, 8);
					buf_put(&p, "skipped!", size);
					buf_put(&p, one.p, one.n);
				}
				T_INT(unpack_kind(p.p, p.n), kinds[k]);
				for (size_t step = 1; step < 5000; step = step * 7 + 1) {
					T_INT(run(kinds[k], p.p, p.n, step, 2, &out), 0);
					T_OK(same(&out, 2));
				}
				buf_release(&p);
				buf_release(&out);
				buf_release(&one);
			}
		}
	T_CASE("a frame to be skipped that is longer than what is looked at is zstd's; its magic alone is enough, three bytes are not") {
		T_INT(unpack_kind("\x51\x2a\x4d\x18\x00\x10\0\0abc", 11), UNPACK_ZSTD);
		T_INT(unpack_kind("\x51\x2a\x4d\x18", 4), UNPACK_ZSTD);
		T_INT(unpack_kind("\x51\x2a\x4d", 3), UNPACK_NONE);
		T_INT(unpack_kind("[*M\x19", 4), UNPACK_NONE);
	}
}

static void test_gzip(void)
{
	struct buf p = BUF_INIT, out = BUF_INIT;
	pack(UNPACK_GZIP, &p);
	size_t n = p.n;
	T_CASE("gzip: zeros behind it, and between two members, are padding") {
		for (int i = 0; i < 700; i++)
			buf_putc(&p, '\0');
		T_INT(run(UNPACK_GZIP, p.p, p.n, 100, 1, &out), 0);
		T_OK(same(&out, 1));
		buf_put(&p, p.p, n);
		T_INT(run(UNPACK_GZIP, p.p, p.n, 100, 2, &out), 0);
		T_OK(same(&out, 2));
	}
	T_CASE("gzip: the first member is sure when the second is damaged") {
		struct feed f;
		struct err e;
		const char *q;
		size_t got;
		p.n = n;
		buf_put(&p, p.p, n);
		p.p[2 * n - 5] ^= 1;
		f = (struct feed){ p.p, p.n, 4096 };
		struct unpack *u = unpack_new(UNPACK_GZIP, feed, &f);
		int r;
		while ((r = unpack_next(u, &q, &got, &e)) > 0)
			;
		T_INT(r, ERR_DATA);
		T_OK(strstr(e.msg, "checksum") != NULL);
		T_INT(unpack_sure(u), text.n);
		unpack_free(u);
	}
	buf_release(&p);
	buf_release(&out);
}

int main(void)
{
	for (int i = 0; i < 120; i++)
		buf_printf(&text, "{\"id\":\"%d\",\"text\":\"lorem ipsum %d dolor\"}\n", i, i * 7919 % 65536);
	test_kind(UNPACK_GZIP, "gzip");
	test_kind(UNPACK_ZSTD, "zstd");
	test_kind(UNPACK_XZ, "xz");
	test_kind(UNPACK_BZIP2, "bzip2");
	test_kind(UNPACK_LZ4, "lz4");
	test_skippable();
	test_gzip();
	buf_release(&text);
	return t_done();
}
