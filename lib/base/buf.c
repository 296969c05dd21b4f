/* SPDX-License-Identifier: MIT */
/* The slow paths of a buffer: growth up to its maximum, formatted text, numbers. */
#include "base/buf.h"

#include "base/mem.h"

#include <stdio.h>

void buf_release(struct buf *b)
{
	size_t max = b->max;
	mem_free(b->p);
	*b = (struct buf)BUF_INIT;
	b->max = max;
}

void buf_grow(struct buf *b, size_t extra)
{
	size_t max = b->max ? b->max : BUF_MAX, need;
	if (!mem_add(b->n, extra, &need) || need > max)
		mem_oom(extra);
	size_t cap = b->cap < 64 ? 64 : b->cap + b->cap / 2;
	if (cap < need)
		cap = need;
	if (cap > max)
		cap = max;
	b->p = mem_realloc(b->p, cap);
	b->cap = cap;
}

char *buf_cstr(struct buf *b)
{
	*buf_reserve(b, 1) = '\0';
	return b->p;
}

char *buf_detach(struct buf *b, size_t *n)
{
	char *p = buf_cstr(b);
	if (n)
		*n = b->n;
	b->p = NULL;
	b->n = b->cap = 0;
	return p;
}

void buf_put_cut(struct buf *b, const char *s, size_t n, size_t max)
{
	size_t keep = n < max ? n : max;
	while (keep && keep < n && ((unsigned char)s[keep] & 0xC0) == 0x80)
		keep--;
	buf_put(b, s, keep);
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	va_copy(again, ap);
	size_t room = b->cap - b->n;
	int n = vsnprintf(b->p ? b->p + b->n : NULL, room, fmt, ap);
	if (n > 0 && (size_t)n >= room) {
		buf_reserve(b, (size_t)n + 1);
		vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
	}
	if (n > 0)
		b->n += (size_t)n;
	va_end(again);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

static const char digit_pairs[201] =
	"00010203040506070809101112131415161718192021222324"
	"25262728293031323334353637383940414243444546474849"
	"50515253545556575859606162636465666768697071727374"
	"75767778798081828384858687888990919293949596979899";

size_t fmt_u64(char *to, uint64_t v)
{
	char tmp[20];
	size_t i = sizeof tmp;
	while (v >= 100) {
		unsigned two = (unsigned)(v % 100) * 2;
		v /= 100;
		tmp[--i] = digit_pairs[two + 1];
		tmp[--i] = digit_pairs[two];
	}
	if (v >= 10) {
		tmp[--i] = digit_pairs[v * 2 + 1];
		tmp[--i] = digit_pairs[v * 2];
	} else {
		tmp[--i] = (char)('0' + v);
	}
	memcpy(to, tmp + i, sizeof tmp - i);
	return sizeof tmp - i;
}

size_t fmt_i64(char *to, int64_t v)
{
	if (v >= 0)
		return fmt_u64(to, (uint64_t)v);
	*to = '-';
	return 1 + fmt_u64(to + 1, -(uint64_t)v);
}

void buf_drop(struct buf *b, size_t n)
{
	if (!n)
		return;
	memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
}

void buf_u64(struct buf *b, uint64_t v)
{
	b->n += fmt_u64(buf_reserve(b, 20), v);
}

void buf_i64(struct buf *b, int64_t v)
{
	b->n += fmt_i64(buf_reserve(b, 20), v);
}

void buf_le32(struct buf *b, uint32_t v)
{
	unsigned char t[4] = { (unsigned char)v, (unsigned char)(v >> 8),
		(unsigned char)(v >> 16), (unsigned char)(v >> 24) };
	buf_put(b, t, sizeof t);
}

void buf_le64(struct buf *b, uint64_t v)
{
	buf_le32(b, (uint32_t)v);
	buf_le32(b, (uint32_t)(v >> 32));
}
