/* SPDX-License-Identifier: MIT */
/* codec - compression of pages.
 *
 * Contexts and page buffers are expensive to make and are needed by one page at a time, so writers share them:
 * a struct pq_codecs lends them out. One for all writers of a process is right.
 *
 * Threads: all calls are safe on a shared pq_codecs.
 */
#ifndef SM_PARQUET_CODEC_H
#define SM_PARQUET_CODEC_H

#include "base/buf.h"
#include "base/err.h"
#include "parquet/writer.h"

#include <stdint.h>

int pq_file_codec(enum pq_codec codec);   /* its number in parquet.thrift */
/* Compress P[0..N) to the end of TO. LEVEL as in struct pq_writer_opts. */
int pq_compress(struct pq_codecs *cs, enum pq_codec codec, int level, const void *p, size_t n, struct buf *to,
		struct err *e);
/* Decompression keeps a context between pages too; one owner, zero to start with. */
struct pq_unzip {
	void *zstd;
};
void pq_unzip_release(struct pq_unzip *u);
/* Decompress exactly SIZE bytes into TO. FILE_CODEC is enum pq_file_codec. ERR_DATA, or ERR_UNSUPPORTED that names
 * the codec. */
int pq_decompress(struct pq_unzip *u, int file_codec, const void *p, size_t n, void *to, size_t size,
		  struct err *e);
bool pq_codec_supported(int file_codec);
/* Can N bytes of FILE_CODEC hold SIZE bytes? Asked before memory is allocated for them. */
bool pq_decompress_plausible(int file_codec, size_t n, size_t size);

/* A page buffer from the shelf (empty, some capacity), and back. */
struct buf pq_codecs_buf(struct pq_codecs *cs);
void pq_codecs_put_buf(struct pq_codecs *cs, struct buf *b);

#endif
