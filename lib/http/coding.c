/* SPDX-License-Identifier: MIT */
/* Unpacks bodies by zlib, and knows whether they came to their end. */
#include "http/coding.h"

#include "base/ascii.h"
#include "base/mem.h"

#include <stdint.h>
#include <string.h>
#include <zlib.h>

#define PIECE 16384

struct coding {
	z_stream z;
	bool deflate, begun, ended;
	const char *why;
};

bool coding_new(struct coding **c, const char *name)
{
	size_t n = name ? strlen(name) : 0;
	*c = NULL;
	if (!n || ascii_same(name, n, "identity"))
		return true;
	bool gzip = ascii_same(name, n, "gzip") || ascii_same(name, n, "x-gzip");
	if (!gzip && !ascii_same(name, n, "deflate"))
		return false;
	*c = mem_zalloc(sizeof **c);
	(*c)->deflate = !gzip;
	return true;
}

void coding_free(struct coding *c)
{
	if (c && c->begun)
		inflateEnd(&c->z);
	mem_free(c);
}

/* The format is told by the first byte: zlib's header begins with the method, 8. */
static bool begin(struct coding *c, unsigned char first)
{
	int bits = !c->deflate ? 16 + MAX_WBITS : (first & 0x0F) == Z_DEFLATED ? MAX_WBITS : -MAX_WBITS;
	c->begun = inflateInit2(&c->z, bits) == Z_OK;
	if (!c->begun)
		c->why = "zlib cannot begin";
	return c->begun;
}

/* Behind the end: another member of gzip, or padding. */
static bool again(struct coding *c)
{
	while (c->z.avail_in && *c->z.next_in == 0) {
		c->z.next_in++;
		c->z.avail_in--;
	}
	if (!c->z.avail_in)
		return true;
	if (c->deflate || *c->z.next_in != 0x1F || inflateReset(&c->z) != Z_OK) {
		c->why = "there is garbage after its end";
		return false;
	}
	c->ended = false;
	return true;
}

bool coding_feed(struct coding *c, const char *p, size_t n, bool (*sink)(void *arg, const char *p, size_t n), void *arg)
{
	unsigned char out[PIECE];
	if (c->why || (n && !c->begun && !begin(c, (unsigned char)*p)))
		return false;
	c->z.next_in = (unsigned char *)(uintptr_t)p;
	c->z.avail_in = (unsigned)n;
	do {
		if (c->ended && !again(c))
			return false;
		if (c->ended)
			return true;
		c->z.next_out = out;
		c->z.avail_out = sizeof out;
		int rc = inflate(&c->z, Z_SYNC_FLUSH);
		if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR) {
			c->why = c->z.msg ? c->z.msg : "it is damaged";
			return false;
		}
		size_t made = sizeof out - c->z.avail_out;
		if (made && !sink(arg, (const char *)out, made))
			return false;
		c->ended = rc == Z_STREAM_END;
	} while (c->z.avail_in || c->z.avail_out == 0);
	return true;
}

const char *coding_why(const struct coding *c)
{
	return c->why;
}

bool coding_ended(const struct coding *c)
{
	return c->ended;
}

bool coding_begun(const struct coding *c)
{
	return c->begun;
}
