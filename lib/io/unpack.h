/* SPDX-License-Identifier: MIT */
/* unpack - the bytes of a packed stream (gzip, zstd, xz, bzip2, lz4), checked against the checksums that it carries.
 *
 *	struct unpack *u = unpack_new(unpack_kind(head, nhead), read_on, arg);
 *	while ((r = unpack_next(u, &p, &n, &e)) > 0)
 *		use p[0..n); bytes up to unpack_sure(u) are known to be right
 *
 * A stream may hold several members (gzip), frames (zstd, lz4) or streams (xz, bzip2), one behind the other. Zeros between
 * and behind them are padding; anything else there is an error, as is a stream that ends early or whose checksum is wrong.
 * What a checksum covers is given out before it is reached: unpack_sure says up to where members are over, and so verified.
 * A zstd, lz4 or xz member that was made without a checksum has nothing to be verified by but its own structure.
 *
 * Ownership: a block lives until the next call. Threads: one owner. Errors: ERR_DATA, or what the reader fails with.
 * Memory: 0.25 MiB and the window that the stream asks for (zstd: at most 128 MiB; xz: 256 MiB). Cost: that of the
 * libraries, about 0.4 GB/s of text for gzip.
 * Source: RFC 1952 (gzip), RFC 8878 (zstd), the .xz file format, the LZ4 frame format.
 */
#ifndef SM_IO_UNPACK_H
#define SM_IO_UNPACK_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define UNPACK_MAGIC 6       /* bytes that tell what a stream is */

enum unpack_kind { UNPACK_NONE, UNPACK_GZIP, UNPACK_ZSTD, UNPACK_XZ, UNPACK_BZIP2, UNPACK_LZ4 };
/* What the first N bytes say. Behind frames to be skipped (RFC 8878, 3.1.2) that are longer it is taken for zstd. */
enum unpack_kind unpack_kind(const void *p, size_t n);

/* The next bytes of the packed stream: *P and their number, 0 at the end, or negative. They live until the next call. */
typedef ssize_t unpack_read_fn(void *arg, const void **p, struct err *e);

struct unpack;
struct unpack *unpack_new(enum unpack_kind kind, unpack_read_fn *fn, void *arg);
void unpack_free(struct unpack *u);                     /* NULL is fine */
/* 1 and the next bytes (at least one), 0 at the end, or negative. */
int unpack_next(struct unpack *u, const char **p, size_t *n, struct err *e);
uint64_t unpack_sure(const struct unpack *u);           /* unpacked bytes from the start whose checksum was right */
bool unpack_over(const struct unpack *u);               /* the stream has ended, and all was right */

#endif
