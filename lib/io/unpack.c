/* SPDX-License-Identifier: MIT */
/* Unpacking, with every checksum looked at: one loop over the members of a stream, one small decoder a format. */
#include "io/unpack.h"

#include "base/mem.h"

#include <bzlib.h>
#include <limits.h>
#include <lz4frame.h>
#include <lzma.h>
#include <stdbool.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define OUT ((size_t)256 << 10)
/* What an xz stream may ask for: its largest preset takes 65 MiB. */
#define XZ_MEMORY ((uint64_t)256 << 20)

#define SKIPPABLE 8          /* bytes of the header of such a frame of zstd or lz4 */

struct unpack {
	const struct format *format;
	unpack_read_fn *fn;
	void *arg;
	const unsigned char *in;     /* read and not yet used */
	size_t nin;
	char *out;
	uint64_t given, sure;
	bool in_member, fed;         /* a member is open; something of it was used */
	bool over;                   /* the stream has ended, well or with FAILED */
	struct err failed;
	z_stream gzip;
	ZSTD_DStream *zstd;
	lzma_stream xz;
	bz_stream bzip2;
	LZ4F_dctx *lz4;
};

/* What a step came to. */
enum step { STEP_ON, STEP_END, STEP_BAD };

struct format {
	enum unpack_kind kind;
	const char *name;
	unsigned char nmagic, magic[UNPACK_MAGIC];
	/* Get ready for a (first or further) member. */
	void (*begin)(struct unpack *u);
	/* Unpack from in[0..nin) to out[0..*n); sets *n to what came of it, and *WHY when it is bad. */
	enum step (*step)(struct unpack *u, size_t *n, const char **why);
	void (*release)(struct unpack *u);
};

static void used(struct unpack *u, size_t n)
{
	u->in += n;
	u->nin -= n;
	u->fed = u->fed || n;
}

/* --- gzip --- */

static void gzip_begin(struct unpack *u)
{
	if (u->gzip.state)
		inflateReset(&u->gzip);
	else if (inflateInit2(&u->gzip, 16 + MAX_WBITS) != Z_OK)
		mem_oom(OUT);
}

static enum step gzip_step(struct unpack *u, size_t *n, const char **why)
{
	z_stream *z = &u->gzip;
	size_t given = u->nin < UINT_MAX ? u->nin : UINT_MAX;
	z->next_in = (void *)(uintptr_t)u->in;
	z->avail_in = (uInt)given;
	z->next_out = (void *)u->out;
	z->avail_out = (uInt)*n;
	int rc = inflate(z, Z_NO_FLUSH);
	used(u, given - z->avail_in);
	*n -= z->avail_out;
	if (rc == Z_MEM_ERROR)
		mem_oom(OUT);
	if (rc == Z_OK || rc == Z_BUF_ERROR)
		return STEP_ON;
	bool sum = z->msg && (!strcmp(z->msg, "incorrect data check") || !strcmp(z->msg, "incorrect length check"));
	*why = sum ? "its checksum is wrong" : z->msg;
	return rc == Z_STREAM_END ? STEP_END : STEP_BAD;
}

static void gzip_release(struct unpack *u)
{
	inflateEnd(&u->gzip);
}

/* --- zstd --- */

static void zstd_begin(struct unpack *u)
{
	if (!u->zstd)
		u->zstd = ZSTD_createDStream();
	if (!u->zstd || ZSTD_isError(ZSTD_initDStream(u->zstd)))
		mem_oom(OUT);
}

static enum step zstd_step(struct unpack *u, size_t *n, const char **why)
{
	ZSTD_inBuffer in = { u->in, u->nin, 0 };
	ZSTD_outBuffer out = { u->out, *n, 0 };
	size_t r = ZSTD_decompressStream(u->zstd, &out, &in);
	used(u, in.pos);
	*n = out.pos;
	if (!ZSTD_isError(r))
		return r == 0 ? STEP_END : STEP_ON;
	*why = ZSTD_getErrorName(r);
	return STEP_BAD;
}

static void zstd_release(struct unpack *u)
{
	ZSTD_freeDStream(u->zstd);
}

/* --- xz --- */

static void xz_begin(struct unpack *u)
{
	if (lzma_stream_decoder(&u->xz, XZ_MEMORY, LZMA_TELL_UNSUPPORTED_CHECK) != LZMA_OK)
		mem_oom(OUT);
}

static enum step xz_step(struct unpack *u, size_t *n, const char **why)
{
	lzma_stream *x = &u->xz;
	x->next_in = u->in;
	x->avail_in = u->nin;
	x->next_out = (void *)u->out;
	x->avail_out = *n;
	lzma_ret r = lzma_code(x, LZMA_RUN);
	used(u, u->nin - x->avail_in);
	*n -= x->avail_out;
	switch (r) {
	case LZMA_OK:
	case LZMA_BUF_ERROR: return STEP_ON;
	case LZMA_STREAM_END: return STEP_END;
	case LZMA_MEM_ERROR: mem_oom(OUT);
	case LZMA_MEMLIMIT_ERROR: *why = "it needs more than 256 MiB of memory"; break;
	case LZMA_UNSUPPORTED_CHECK: *why = "its checksum type is not supported"; break;
	case LZMA_OPTIONS_ERROR: *why = "it needs unsupported options"; break;
	default: break;
	}
	return STEP_BAD;
}

static void xz_release(struct unpack *u)
{
	lzma_end(&u->xz);
}

/* --- bzip2 --- */

static void bzip2_begin(struct unpack *u)
{
	if (u->bzip2.state)
		BZ2_bzDecompressEnd(&u->bzip2);
	u->bzip2 = (bz_stream){ 0 };
	if (BZ2_bzDecompressInit(&u->bzip2, 0, 0) != BZ_OK)
		mem_oom(OUT);
}

static enum step bzip2_step(struct unpack *u, size_t *n, const char **why)
{
	bz_stream *z = &u->bzip2;
	size_t given = u->nin < UINT_MAX ? u->nin : UINT_MAX;
	z->next_in = (char *)(uintptr_t)u->in;
	z->avail_in = (unsigned)given;
	z->next_out = u->out;
	z->avail_out = (unsigned)*n;
	int rc = BZ2_bzDecompress(z);
	used(u, given - z->avail_in);
	*n -= z->avail_out;
	if (rc == BZ_MEM_ERROR)
		mem_oom(OUT);
	*why = rc == BZ_DATA_ERROR ? "wrong checksum or damaged data" : NULL;
	return rc == BZ_OK ? STEP_ON : rc == BZ_STREAM_END ? STEP_END : STEP_BAD;
}

static void bzip2_release(struct unpack *u)
{
	if (u->bzip2.state)
		BZ2_bzDecompressEnd(&u->bzip2);
}

/* --- lz4 --- */

static void lz4_begin(struct unpack *u)
{
	if (!u->lz4 && LZ4F_isError(LZ4F_createDecompressionContext(&u->lz4, LZ4F_VERSION)))
		mem_oom(OUT);
	LZ4F_resetDecompressionContext(u->lz4);
}

static enum step lz4_step(struct unpack *u, size_t *n, const char **why)
{
	size_t in = u->nin;
	size_t r = LZ4F_decompress(u->lz4, u->out, n, u->in, &in, NULL);
	if (LZ4F_isError(r)) {
		*why = LZ4F_getErrorName(r);
		return STEP_BAD;
	}
	used(u, in);
	return r == 0 ? STEP_END : STEP_ON;
}

static void lz4_release(struct unpack *u)
{
	LZ4F_freeDecompressionContext(u->lz4);
}

static const struct format formats[] = {
	{ UNPACK_GZIP, "gzip", 2, { 0x1f, 0x8b }, gzip_begin, gzip_step, gzip_release },
	{ UNPACK_ZSTD, "zstd", 4, { 0x28, 0xb5, 0x2f, 0xfd }, zstd_begin, zstd_step, zstd_release },
	{ UNPACK_XZ, "xz", 6, { 0xfd, '7', 'z', 'X', 'Z', 0 }, xz_begin, xz_step, xz_release },
	{ UNPACK_BZIP2, "bzip2", 3, { 'B', 'Z', 'h' }, bzip2_begin, bzip2_step, bzip2_release },
	{ UNPACK_LZ4, "lz4", 4, { 0x04, 0x22, 0x4d, 0x18 }, lz4_begin, lz4_step, lz4_release },
};

/* --- members --- */

/* Frames to be skipped may come first; zstd and lz4 share their magic, so what they are in front of tells. Pzstd begins with one. */
static bool skippable(const unsigned char *p, size_t n)
{
	return n >= 4 && (p[0] & 0xf0) == 0x50 && memcmp(p + 1, "\x2a\x4d\x18", 3) == 0;
}

enum unpack_kind unpack_kind(const void *data, size_t n)
{
	const unsigned char *p = data;
	bool skipped = skippable(p, n);
	while (skippable(p, n)) {
		uint64_t size = n < SKIPPABLE ? n : SKIPPABLE + ((uint64_t)p[4] | (uint64_t)p[5] << 8 | (uint64_t)p[6] << 16 | (uint64_t)p[7] << 24);
		size = size < n ? size : n;
		p += size;
		n -= (size_t)size;
	}
	if (skipped && n < 4)
		return UNPACK_ZSTD;
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (n >= formats[i].nmagic && memcmp(p, formats[i].magic, formats[i].nmagic) == 0)
			return formats[i].kind;
	return skipped ? UNPACK_ZSTD : UNPACK_NONE;
}

struct unpack *unpack_new(enum unpack_kind kind, unpack_read_fn *fn, void *arg)
{
	struct unpack *u = mem_zalloc(sizeof *u);
	const struct format *f = formats;
	while (f->kind != kind)
		f++;
	u->format = f;
	u->fn = fn;
	u->arg = arg;
	u->out = mem_alloc(OUT);
	u->xz = (lzma_stream)LZMA_STREAM_INIT;
	return u;
}

void unpack_free(struct unpack *u)
{
	if (!u)
		return;
	u->format->release(u);
	mem_free(u->out);
	mem_free(u);
}

/* Read on when nothing is left: 1, 0 at the end, or negative. */
static int refill(struct unpack *u, struct err *e)
{
	const void *p;
	if (u->nin)
		return 1;
	ssize_t n = u->fn(u->arg, &p, e);
	if (n <= 0)
		return (int)n;
	u->in = p;
	u->nin = (size_t)n;
	return 1;
}

/* Between two members: 1 when another begins, 0 at the end, or negative. Zeros there are padding. */
static int next_member(struct unpack *u, struct err *e)
{
	int rc;
	while ((rc = refill(u, e)) > 0 && !*u->in)
		used(u, 1);
	if (rc <= 0)
		return rc;
	u->format->begin(u);
	u->in_member = true;
	u->fed = false;
	return 1;
}

static int bad(const struct unpack *u, const char *why, struct err *e)
{
	if (u->sure && u->sure == u->given)
		return err_set(e, ERR_DATA, "cannot decompress: garbage after the %s data (%s)", u->format->name, why ? why : "no header");
	return err_set(e, ERR_DATA, "cannot decompress: the %s data is damaged%s%s", u->format->name, why ? ": " : "", why ? why : "");
}

static int next(struct unpack *u, const char **p, size_t *n, struct err *e)
{
	for (;;) {
		const char *why = NULL;
		int rc = u->in_member ? 1 : next_member(u, e);
		if (rc <= 0)
			return rc;
		size_t had = u->nin;
		*n = OUT;
		/* Without input first: what fitted into no block before may still be inside. */
		enum step s = u->fed || u->nin ? u->format->step(u, n, &why) : STEP_ON;
		if (s == STEP_BAD)
			return bad(u, why, e);
		u->given += *n;
		if (s == STEP_END) {
			u->in_member = false;
			u->sure = u->given;
		}
		*p = u->out;
		if (*n)
			return 1;
		if (s == STEP_END || u->nin < had)
			continue;
		if (u->nin)
			return bad(u, NULL, e);
		rc = refill(u, e);
		if (rc == 0)
			return err_set(e, ERR_DATA, "cannot decompress: the %s data ends early", u->format->name);
		if (rc < 0)
			return rc;
	}
}

int unpack_next(struct unpack *u, const char **p, size_t *n, struct err *e)
{
	if (u->over) {
		*e = u->failed;
		return u->failed.code;
	}
	int rc = next(u, p, n, e);
	u->over = rc <= 0;
	u->failed.code = 0;
	if (rc < 0)
		u->failed = *e;
	return rc;
}

uint64_t unpack_sure(const struct unpack *u)
{
	return u->sure;
}

bool unpack_over(const struct unpack *u)
{
	return u->over && !u->failed.code;
}
