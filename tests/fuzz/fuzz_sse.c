/* SPDX-License-Identifier: MIT */
/* An event stream gives the same events, and the same end, however its bytes are cut up. The first byte says how. */
#include "http/sse.h"

#include <stdbool.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static int note(void *arg, const struct sse_event *ev, struct err *e)
{
	struct buf *b = arg;
	(void)e;
	check(ev->data[ev->ndata] == '\0' && *ev->type);
	buf_puts(b, ev->type);
	buf_putc(b, '\0');
	buf_puts(b, ev->id);
	buf_putc(b, '\0');
	buf_u64(b, ev->ndata);
	buf_put(b, ev->data, ev->ndata);
	/* One that stops. */
	return ev->ndata == 3 && !memcmp(ev->data, "end", 3) ? ERR_RETRY : 0;
}

static int feed(struct buf *b, const char *p, size_t n, size_t step)
{
	struct sse *s = sse_new(64, note, b);
	int r = 0;
	for (size_t i = 0; i < n && !r; i += step)
		r = sse_feed(s, p + i, n - i < step ? n - i : step, NULL);
	buf_i64(b, sse_retry_ms(s));
	sse_free(s);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf a = BUF_INIT, b = BUF_INIT;
	if (size < 1)
		return 0;
	int r = feed(&a, (const char *)data + 1, size - 1, size);
	check(feed(&b, (const char *)data + 1, size - 1, data[0] % 16 + 1) == r);
	check(a.n == b.n && !memcmp(a.p, b.p, a.n));
	buf_release(&a);
	buf_release(&b);
	return 0;
}
