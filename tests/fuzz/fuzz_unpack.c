/* SPDX-License-Identifier: MIT */
/* A packed stream gives the same bytes, and the same end, however it comes: at once or in pieces. What is called sure was given out. */
#include "base/buf.h"
#include "io/unpack.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

struct feed {
	const uint8_t *p;
	size_t n, step;
};

static ssize_t feed(void *arg, const void **p, struct err *e)
{
	struct feed *f = arg;
	size_t n = f->n < f->step ? f->n : f->step;
	(void)e;
	*p = f->p;
	f->p += n;
	f->n -= n;
	return (ssize_t)n;
}

static int run(const uint8_t *data, size_t size, size_t step, struct buf *out)
{
	struct feed f = { data, size, step };
	struct unpack *u = unpack_new(unpack_kind(data, size), feed, &f);
	struct err e;
	const char *p;
	size_t n;
	int r;
	while ((r = unpack_next(u, &p, &n, &e)) > 0 && out->n < 4 << 20)
		buf_put(out, p, n);
	check(unpack_sure(u) <= out->n && (r || unpack_sure(u) == out->n) && unpack_over(u) == (r == 0));
	unpack_free(u);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf a = BUF_INIT, b = BUF_INIT;
	if (size < 2 || unpack_kind(data + 1, size - 1) == UNPACK_NONE)
		return 0;
	int r = run(data + 1, size - 1, size, &a), s = run(data + 1, size - 1, data[0] % 16 + 1, &b);
	/* Of a damaged one, how much comes before the fault is found depends on the pieces. */
	check(r > 0 || s > 0 || (r == s && (r < 0 || (a.n == b.n && (!a.n || memcmp(a.p, b.p, a.n) == 0)))));
	buf_release(&a);
	buf_release(&b);
	return 0;
}
