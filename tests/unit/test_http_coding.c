/* SPDX-License-Identifier: MIT */
#include "http/coding.h"

#include "base/buf.h"
#include "base/mem.h"
#include "t.h"

#include <stdlib.h>
#include <zlib.h>

static struct buf packed, plain, got;

static bool keep(void *arg, const char *p, size_t n)
{
	(void)arg;
	buf_put(&got, p, n);
	return true;
}

/* PLAIN in the format of BITS (zlib's windowBits), appended to PACKED. */
static void pack(int bits)
{
	z_stream z = { 0 };
	deflateInit2(&z, 6, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY);
	size_t most = deflateBound(&z, plain.n);
	z.next_in = (unsigned char *)plain.p;
	z.avail_in = (unsigned)plain.n;
	z.next_out = (unsigned char *)buf_reserve(&packed, most);
	z.avail_out = (unsigned)most;
	T_INT(deflate(&z, Z_FINISH), Z_STREAM_END);
	packed.n += most - z.avail_out;
	deflateEnd(&z);
}

/* The first N bytes of PACKED, STEP at a time: 1 whole, 0 cut, -1 damaged. */
static int unpack(const char *name, size_t n, size_t step)
{
	struct coding *c;
	bool fine = true;
	buf_clear(&got);
	if (!coding_new(&c, name) || !c)
		return -2;
	for (size_t at = 0; at < n && fine; at += step)
		fine = coding_feed(c, packed.p + at, n - at < step ? n - at : step, keep, NULL);
	T_OK(fine == !coding_why(c));
	int is = !fine ? -1 : coding_ended(c);
	coding_free(c);
	return is;
}

static bool same(size_t times)
{
	bool is = got.n == times * plain.n;
	for (size_t i = 0; is && i < times; i++)
		is = memcmp(got.p + i * plain.n, plain.p, plain.n) == 0;
	return is;
}

static void test_formats(void)
{
	static const struct { const char *name; int bits; } format[] = {
		{ "gzip", 31 }, { "X-GZIP", 31 }, { "deflate", 15 }, { "Deflate", -15 } };
	for (size_t i = 0; i < sizeof format / sizeof *format; i++) {
		buf_clear(&packed);
		pack(format[i].bits);
		T_INT(unpack(format[i].name, packed.n, packed.n), 1);
		T_OK(same(1));
		T_INT(unpack(format[i].name, packed.n, 1), 1);
		T_OK(same(1));
		/* Every cut is seen. */
		for (size_t n = 0; n < packed.n; n += n < 40 || packed.n - n < 40 ? 1 : 97)
			T_INT(unpack(format[i].name, n, 1000), 0);
	}
}

int main(void)
{
	struct coding *c;
	for (int i = 0; i < 4000; i++)
		buf_printf(&plain, "{\"id\":%d,\"x\":%d}\n", i, i * 7919 % 1000);
	T_CASE("each format, whole, by the byte, cut anywhere") { test_formats(); }
	T_CASE("members of gzip in sequence, and padding") {
		buf_clear(&packed);
		pack(31);
		size_t one = packed.n;
		pack(31);
		T_INT(unpack("gzip", packed.n, 7), 1);
		T_OK(same(2));
		T_INT(unpack("gzip", packed.n - 1, 1000), 0);
		T_INT(unpack("gzip", one, 1000), 1);
		T_INT(unpack("gzip", one + 3, 1000), 0);
		buf_put(&packed, "\0\0\0", 3);
		T_INT(unpack("gzip", packed.n, 5), 1);
		T_OK(same(2));
	}
	T_CASE("garbage, before or behind") {
		buf_clear(&packed);
		pack(31);
		buf_puts(&packed, "garbage");
		T_INT(unpack("gzip", packed.n, packed.n), -1);
		buf_clear(&packed);
		buf_puts(&packed, "this is not packed at all");
		T_INT(unpack("gzip", packed.n, packed.n), -1);
		T_INT(unpack("deflate", packed.n, packed.n), -1);
		buf_clear(&packed);
		pack(31);
		packed.p[packed.n / 2] ^= 0x40;
		T_INT(unpack("gzip", packed.n, packed.n), -1);
	}
	T_CASE("names") {
		T_OK(coding_new(&c, NULL) && !c);
		T_OK(coding_new(&c, "") && !c);
		T_OK(coding_new(&c, "identity") && !c);
		T_OK(!coding_new(&c, "br"));
		T_OK(!coding_new(&c, "gzip, gzip"));
		T_OK(!coding_new(&c, "zstd"));
	}
	buf_release(&packed);
	buf_release(&plain);
	buf_release(&got);
	return t_done();
}
