/* SPDX-License-Identifier: MIT */
/* Any bytes as a feed: what comes out is one JSON object with items, or nothing and an error. The first byte chooses the
 * content type. */
#include "base/arena.h"
#include "json/doc.h"
#include "feed/feed.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct buf *out)
{
	struct arena a = ARENA_INIT;
	struct json *v;
	if (json_parse(&v, &a, out->p, out->n, NULL) != 0)
		abort();
	const struct json *items = json_get(v, "items");
	if (!items || items->type != JSON_ARRAY || memchr(out->p, '\n', out->n))
		abort();
	arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = { NULL, "text/xml", "text/xml; charset=utf-8", "text/xml; charset=iso-8859-1", "a/b;charset=\"shift_jis\"",
		"text/xml;charset=utf-16" };
	struct buf out = BUF_INIT;
	struct err e = { 0 };
	if (!size)
		return 0;
	int rc = feed_to_json_at(&out, (const char *)data + 1, size - 1, types[*data % 6], *data & 8 ? "http://h.example/a/b?c" : NULL, &e);
	if (rc == 0)
		check(&out);
	else if (out.n || !e.msg[0] || rc != e.code)
		abort();
	buf_release(&out);
	return 0;
}
