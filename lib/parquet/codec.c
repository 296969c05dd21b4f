/* SPDX-License-Identifier: MIT */
/* Snappy, zstd, gzip and LZ4 behind one call, with their contexts kept for the next page. */
#include "parquet/codec.h"

#include "base/mem.h"
#include "parquet/meta.h"

#include <lz4.h>
#include <pthread.h>
#include <snappy-c.h>
#include <zlib.h>
#include <zstd.h>

#define SHELF 32u                      /* buffers and contexts kept for the next page */
#define SHELF_BUF ((size_t)1 << 20)    /* larger buffers are not kept */
#define ZSTD_LEVEL 1
#define GZIP_LEVEL 6

struct context {
	ZSTD_CCtx *zstd;
	z_stream *gzip;
	int gzip_level;
};

struct pq_codecs {
	pthread_mutex_t lock;
	struct context context[SHELF];
	struct buf buf[SHELF];
	unsigned ncontexts, nbufs;
};

static void context_release(struct context *c)
{
	ZSTD_freeCCtx(c->zstd);
	if (c->gzip)
		deflateEnd(c->gzip);
	mem_free(c->gzip);
}

struct pq_codecs *pq_codecs_new(void)
{
	struct pq_codecs *cs = mem_zalloc(sizeof *cs);
	pthread_mutex_init(&cs->lock, NULL);
	return cs;
}

void pq_codecs_free(struct pq_codecs *cs)
{
	if (!cs)
		return;
	for (unsigned i = 0; i < cs->ncontexts; i++)
		context_release(&cs->context[i]);
	for (unsigned i = 0; i < cs->nbufs; i++)
		buf_release(&cs->buf[i]);
	pthread_mutex_destroy(&cs->lock);
	mem_free(cs);
}

size_t pq_codecs_memory(struct pq_codecs *cs)
{
	size_t n = sizeof *cs;
	pthread_mutex_lock(&cs->lock);
	for (unsigned i = 0; i < cs->nbufs; i++)
		n += cs->buf[i].cap;
	for (unsigned i = 0; i < cs->ncontexts; i++)
		n += ZSTD_sizeof_CCtx(cs->context[i].zstd) + (cs->context[i].gzip ? 268u << 10 : 0);
	pthread_mutex_unlock(&cs->lock);
	return n;
}

struct buf pq_codecs_buf(struct pq_codecs *cs)
{
	struct buf b = BUF_INIT;
	pthread_mutex_lock(&cs->lock);
	if (cs->nbufs)
		b = cs->buf[--cs->nbufs];
	pthread_mutex_unlock(&cs->lock);
	return b;
}

void pq_codecs_put_buf(struct pq_codecs *cs, struct buf *b)
{
	b->n = 0;
	pthread_mutex_lock(&cs->lock);
	if (cs->nbufs < SHELF && b->cap && b->cap <= SHELF_BUF) {
		cs->buf[cs->nbufs++] = *b;
		*b = (struct buf)BUF_INIT;
	}
	pthread_mutex_unlock(&cs->lock);
	buf_release(b);
}

static struct context take_context(struct pq_codecs *cs)
{
	struct context c = { NULL };
	pthread_mutex_lock(&cs->lock);
	if (cs->ncontexts)
		c = cs->context[--cs->ncontexts];
	pthread_mutex_unlock(&cs->lock);
	return c;
}

static void put_context(struct pq_codecs *cs, struct context *c)
{
	bool kept = false;
	pthread_mutex_lock(&cs->lock);
	if (cs->ncontexts < SHELF) {
		cs->context[cs->ncontexts++] = *c;
		kept = true;
	}
	pthread_mutex_unlock(&cs->lock);
	if (!kept)
		context_release(c);
}

static const struct {
	const char *name, *extension;
	enum pq_codec codec;
} names[] = {
	{ "none", "", PQ_NONE }, { "uncompressed", "", PQ_NONE }, { "snappy", ".snappy", PQ_SNAPPY },
	{ "gzip", ".gz", PQ_GZIP }, { "zstd", ".zstd", PQ_ZSTD }, { "lz4", ".lz4", PQ_LZ4_RAW },
	{ "lz4_raw", ".lz4", PQ_LZ4_RAW },
};

bool pq_codec_by_name(const char *name, enum pq_codec *c)
{
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(names[i].name, name) == 0) {
			*c = names[i].codec;
			return true;
		}
	return false;
}

const char *pq_codec_extension(enum pq_codec c)
{
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (names[i].codec == c)
			return names[i].extension;
	return "";
}

int pq_file_codec(enum pq_codec codec)
{
	switch (codec) {
	case PQ_SNAPPY: return PQ_FILE_SNAPPY;
	case PQ_GZIP: return PQ_FILE_GZIP;
	case PQ_ZSTD: return PQ_FILE_ZSTD;
	case PQ_LZ4_RAW: return PQ_FILE_LZ4_RAW;
	default: return PQ_FILE_UNCOMPRESSED;
	}
}

static size_t pq_compress_bound(enum pq_codec codec, size_t n)
{
	switch (codec) {
	case PQ_SNAPPY: return snappy_max_compressed_length(n);
	case PQ_GZIP: return compressBound(n) + 32;
	case PQ_ZSTD: return ZSTD_compressBound(n);
	case PQ_LZ4_RAW: return n > LZ4_MAX_INPUT_SIZE ? 0 : (size_t)LZ4_compressBound((int)n);
	default: return n;
	}
}

static bool gzip_page(struct context *c, int level, const void *p, size_t n, char *to, size_t *room)
{
	if (c->gzip && c->gzip_level != level) {
		deflateEnd(c->gzip);
		mem_free(c->gzip);
		c->gzip = NULL;
	}
	if (!c->gzip) {
		c->gzip = mem_zalloc(sizeof *c->gzip);
		c->gzip_level = level;
		if (deflateInit2(c->gzip, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
			mem_oom(sizeof *c->gzip);
	}
	c->gzip->next_in = (Bytef *)(uintptr_t)p;
	c->gzip->avail_in = (uInt)n;
	c->gzip->next_out = (Bytef *)to;
	c->gzip->avail_out = (uInt)*room;
	bool ok = deflate(c->gzip, Z_FINISH) == Z_STREAM_END;
	*room -= c->gzip->avail_out;
	deflateReset(c->gzip);
	return ok;
}

static bool zstd_page(struct context *c, int level, const void *p, size_t n, char *to, size_t *room)
{
	if (!c->zstd && !(c->zstd = ZSTD_createCCtx()))
		mem_oom(1 << 20);
	size_t r = ZSTD_compressCCtx(c->zstd, to, *room, p, n, level);
	if (ZSTD_isError(r))
		return false;
	*room = r;
	return true;
}

int pq_compress(struct pq_codecs *cs, enum pq_codec codec, int level, const void *p, size_t n, struct buf *to,
		struct err *e)
{
	size_t room = pq_compress_bound(codec, n);
	char *out = buf_reserve(to, room);
	bool ok = true;
	if (codec == PQ_SNAPPY) {
		ok = snappy_compress(p, n, out, &room) == SNAPPY_OK;
	} else if (codec == PQ_LZ4_RAW) {
		int rc = room ? LZ4_compress_default(p, out, (int)n, (int)room) : 0;
		ok = rc > 0;
		room = (size_t)rc;
	} else if (codec == PQ_ZSTD || codec == PQ_GZIP) {
		struct context c = take_context(cs);
		if (codec == PQ_ZSTD)
			ok = zstd_page(&c, level ? level : ZSTD_LEVEL, p, n, out, &room);
		else
			ok = gzip_page(&c, level ? level : GZIP_LEVEL, p, n, out, &room);
		put_context(cs, &c);
	} else if (n) {
		memcpy(out, p, n);
	}
	if (!ok)
		return err_set(e, ERR_DATA, "a page of %zu bytes could not be compressed", n);
	to->n += room;
	return 0;
}
