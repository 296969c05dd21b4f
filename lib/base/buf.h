/* SPDX-License-Identifier: MIT */
/* buf - a growing byte buffer with a maximum.
 *
 *	struct buf b = BUF_INIT;
 *	buf_puts(&b, "id=");
 *	buf_u64(&b, 42);
 *	...
 *	buf_release(&b);
 *
 * The bytes are p[0..n); they are not NUL-terminated unless buf_cstr was called.
 * Growing beyond `max` (BUF_MAX when 0) is treated as out of memory: whoever
 * fills a buffer from input checks its bound first.
 * Ownership: the buffer owns p; buf_detach hands it to the caller (mem_free).
 * Cost: amortised O(1) a byte. Threads: one owner.
 */
#ifndef SM_BASE_BUF_H
#define SM_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
	char *p;
	size_t n, cap, max;
};

#define BUF_INIT { NULL, 0, 0, 0 }
#define BUF_MAX ((size_t)4 << 30)

void buf_release(struct buf *b);                     /* frees, and is empty again */
void buf_grow(struct buf *b, size_t extra);          /* slow path of buf_reserve */
char *buf_cstr(struct buf *b);                       /* adds a NUL behind (not counted), returns p */
char *buf_detach(struct buf *b, size_t *n);          /* NUL-terminated; N may be NULL */
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
void buf_put_cut(struct buf *b, const char *s, size_t n, size_t max); /* at most MAX bytes of UTF-8, whole characters */
void buf_u64(struct buf *b, uint64_t v);             /* decimal text */
void buf_i64(struct buf *b, int64_t v);
void buf_le32(struct buf *b, uint32_t v);            /* little-endian bytes */
void buf_le64(struct buf *b, uint64_t v);

void buf_drop(struct buf *b, size_t n);              /* the first N bytes go, the others move up */
static inline void buf_clear(struct buf *b) { b->n = 0; }

/* Make room for EXTRA more bytes and return where they go (at p + n). */
static inline char *buf_reserve(struct buf *b, size_t extra)
{
	if (b->cap - b->n < extra)
		buf_grow(b, extra);
	return b->p + b->n;
}

static inline void buf_put(struct buf *b, const void *s, size_t n)
{
	/* Nothing, from nowhere, into a buffer that does not exist yet. */
	if (!n)
		return;
	memcpy(buf_reserve(b, n), s, n);
	b->n += n;
}

static inline void buf_putc(struct buf *b, char c)
{
	*buf_reserve(b, 1) = c;
	b->n++;
}

static inline void buf_puts(struct buf *b, const char *s) { buf_put(b, s, strlen(s)); }

/* Write V in decimal to TO (room for 20 bytes); returns the number of bytes. */
size_t fmt_u64(char *to, uint64_t v);
size_t fmt_i64(char *to, int64_t v);

#endif
