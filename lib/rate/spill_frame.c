/* SPDX-License-Identifier: MIT */
/* Segments and frames as bytes: rate/spill.h has the layout. */
#include "rate/spill.h"

#include <zlib.h>

#define MAGIC "SMSPILL1"
#define MAGIC_LEN 8
#define BODY_HEAD 21
#define BODY_MAX ((size_t)64 << 20)

static uint64_t le(const char *p, size_t n)
{
	uint64_t v = 0;
	for (size_t i = n; i-- > 0;)
		v = v << 8 | (unsigned char)p[i];
	return v;
}

static uint32_t checksum(const char *length, const char *body, size_t n)
{
	uLong c = crc32(0, (const Bytef *)length, 4);
	return (uint32_t)crc32(c, (const Bytef *)body, (uInt)n);
}

size_t spill_parse_frame(const char *p, size_t n, struct spill_frame *f)
{
	if (n < 8)
		return 0;
	size_t len = le(p, 4);
	const char *body = p + 8;
	if (len < BODY_HEAD || len > BODY_MAX || len > n - 8 || checksum(p, body, len) != le(p + 4, 4))
		return 0;
	size_t nkey = le(body + 17, 4);
	if ((unsigned char)*body > 1 || nkey > len - BODY_HEAD)
		return 0;
	*f = (struct spill_frame){ .mark = *body == 1, .event_us = (int64_t)le(body + 1, 8), .route = le(body + 9, 8),
		.key = body + BODY_HEAD, .nkey = nkey, .line = body + BODY_HEAD + nkey, .n = len - BODY_HEAD - nkey };
	return len + 8;
}

void spill_put_frame(struct buf *b, const struct spill_frame *f)
{
	size_t at = b->n, len = BODY_HEAD + f->nkey + f->n;
	buf_le32(b, (uint32_t)len);
	buf_le32(b, 0);
	buf_putc(b, f->mark ? 1 : 0);
	buf_le64(b, (uint64_t)f->event_us);
	buf_le64(b, f->route);
	buf_le32(b, (uint32_t)f->nkey);
	buf_put(b, f->key, f->nkey);
	buf_put(b, f->line, f->n);
	uint32_t crc = checksum(b->p + at, b->p + at + 8, len);
	for (size_t i = 0; i < 4; i++)
		b->p[at + 4 + i] = (char)(crc >> 8 * i);
}

size_t spill_check_segment(const char *p, size_t n, uint64_t number)
{
	struct spill_frame f;
	size_t at = SPILL_HEADER, len;
	if (n < SPILL_HEADER || memcmp(p, MAGIC, MAGIC_LEN) != 0 || le(p + MAGIC_LEN, 8) != number)
		return 0;
	while ((len = spill_parse_frame(p + at, n - at, &f)) != 0)
		at += len;
	return at;
}
