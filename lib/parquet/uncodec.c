/* SPDX-License-Identifier: MIT */
/* What pages are unpacked with: every codec that the format names but LZO, which nobody writes. */
#include "base/mem.h"
#include "parquet/codec.h"
#include "parquet/meta.h"

#include <brotli/decode.h>
#include <lz4.h>
#include <snappy-c.h>
#include <zlib.h>
#include <zstd.h>

void pq_unzip_release(struct pq_unzip *u)
{
	ZSTD_freeDCtx(u->zstd);
	u->zstd = NULL;
}

bool pq_codec_supported(int file_codec)
{
	return file_codec >= 0 && file_codec <= PQ_FILE_LZ4_RAW && file_codec != PQ_FILE_LZO;
}

/* The most that a byte can stand for: snappy copies 64 bytes by 3, lz4 adds 255 a byte, deflate 1032,
 * a zstd block of 4 bytes can repeat one byte 128 KiB long; brotli is held to the same. */
bool pq_decompress_plausible(int file_codec, size_t n, size_t size)
{
	size_t ratio, most;
	switch (file_codec) {
	case PQ_FILE_UNCOMPRESSED: return n == size;
	case PQ_FILE_SNAPPY: ratio = 32; break;
	case PQ_FILE_LZ4:
	case PQ_FILE_LZ4_RAW: ratio = 256; break;
	case PQ_FILE_GZIP: ratio = 1040; break;
	default: ratio = (size_t)1 << 16;
	}
	return !mem_mul(n, ratio, &most) || size <= most || size <= 64;
}

/* A page may be several gzip members one after the other. */
static bool gunzip(const void *p, size_t n, void *to, size_t size)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)p, .avail_in = (uInt)n, .next_out = to, .avail_out = (uInt)size };
	if (inflateInit2(&z, 15 + 32) != Z_OK)
		return false;
	int rc = Z_OK;
	while (rc == Z_OK && z.avail_in) {
		rc = inflate(&z, Z_FINISH);
		if (rc == Z_STREAM_END && z.avail_in && z.avail_out)
			rc = inflateReset(&z);
		else if (rc == Z_OK)
			rc = Z_BUF_ERROR;
	}
	inflateEnd(&z);
	return rc == Z_STREAM_END && !z.avail_out;
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Hadoop's framing: blocks of { size, { packed size, packed bytes }... }, sizes big-endian. */
static bool hadoop_lz4(const uint8_t *p, size_t n, char *to, size_t size)
{
	size_t done = 0;
	while (n >= 8) {
		size_t want = be32(p);
		p += 4, n -= 4;
		if (want > size - done)
			return false;
		while (want) {
			if (n < 4 || be32(p) > n - 4)
				return false;
			size_t packed = be32(p);
			int rc = LZ4_decompress_safe((const char *)p + 4, to + done, (int)packed, (int)want);
			if (rc <= 0)
				return false;
			p += 4 + packed, n -= 4 + packed;
			done += (size_t)rc;
			want -= (size_t)rc;
		}
	}
	return !n && done == size;
}

static bool raw_lz4(const void *p, size_t n, void *to, size_t size)
{
	return LZ4_decompress_safe(p, to, (int)n, (int)size) == (int)size;
}

static bool unzstd(struct pq_unzip *u, const void *p, size_t n, void *to, size_t size)
{
	if (!u->zstd && !(u->zstd = ZSTD_createDCtx()))
		mem_oom(1 << 18);
	return ZSTD_decompressDCtx(u->zstd, to, size, p, n) == size;
}

static bool unsnappy(const void *p, size_t n, void *to, size_t size)
{
	size_t len;
	return snappy_uncompressed_length(p, n, &len) == SNAPPY_OK && len == size &&
	       snappy_uncompress(p, n, to, &len) == SNAPPY_OK && len == size;
}

int pq_decompress(struct pq_unzip *u, int file_codec, const void *p, size_t n, void *to, size_t size, struct err *e)
{
	bool ok;
	size_t len = size;
	if (n > INT32_MAX || size > INT32_MAX)
		return err_set(e, ERR_DATA, "a page of %zu bytes", size);
	switch (file_codec) {
	case PQ_FILE_UNCOMPRESSED:
		ok = n == size;
		if (ok && n)
			memcpy(to, p, n);
		break;
	case PQ_FILE_BROTLI:
		ok = BrotliDecoderDecompress(n, p, &len, to) == BROTLI_DECODER_RESULT_SUCCESS && len == size;
		break;
	case PQ_FILE_SNAPPY: ok = unsnappy(p, n, to, size); break;
	case PQ_FILE_GZIP: ok = gunzip(p, n, to, size); break;
	case PQ_FILE_ZSTD: ok = unzstd(u, p, n, to, size); break;
	case PQ_FILE_LZ4_RAW: ok = raw_lz4(p, n, to, size); break;
	case PQ_FILE_LZ4: ok = hadoop_lz4(p, n, to, size) || raw_lz4(p, n, to, size); break;
	default: return err_set(e, ERR_UNSUPPORTED, "%s compression is not supported", pq_file_codec_name(file_codec));
	}
	if (!ok)
		return err_set(e, ERR_DATA, "damaged %s data in a page", pq_file_codec_name(file_codec));
	return 0;
}
