/* SPDX-License-Identifier: MIT */
/* What inference promises: with the schema that it chose, and when it had nothing to say against it, every sampled record
 * is read, and prints back with the same canonical form. */
#include "column/infer.h"
#include "column/json_in.h"
#include "column/json_out.h"
#include "json/doc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void note(void *arg, const char *text)
{
	/* A field that is left out, because it is always null, loses nothing. */
	if (!strstr(text, "left out"))
		*(bool *)arg = true;
}

static void canonical(struct buf *b, const char *p, size_t n)
{
	struct arena a = ARENA_INIT;
	struct json *v;
	if (json_parse(&v, &a, p, n, NULL))
		abort();
	json_put_canonical(b, v);
	arena_release(&a);
}

static void compare(const char *p, size_t n, struct json_out *jo, const struct batch *b)
{
	const struct column *cols[64];
	struct buf out = BUF_INIT, x = BUF_INIT, y = BUF_INIT;
	if (b->ncols > 64)
		return;
	for (size_t i = 0; i < b->ncols; i++)
		cols[i] = &b->col[i];
	json_out_rows(jo, &out, cols, NULL, 1);
	canonical(&x, p, n);
	canonical(&y, out.p, out.n);
	if (x.n != y.n || memcmp(x.p, y.p, x.n) != 0) {
		fprintf(stderr, "in:  %.*s\nout: %.*s\n", (int)x.n, x.p, (int)y.n, y.p);
		abort();
	}
	buf_release(&out);
	buf_release(&x);
	buf_release(&y);
}

static void read_back(const struct schema *s, const char *p, size_t n)
{
	struct json_in *in = json_in_new(&s->root, NULL);
	struct json_out *jo = json_out_new(&s->root, NULL);
	struct batch b;
	struct json_in_line l;
	struct err e;
	batch_init(&b, &s->root);
	for (const char *end = p + n, *eol; p < end; p = eol + 1) {
		eol = memchr(p, '\n', (size_t)(end - p));
		json_in_block(in, p, (size_t)(eol + 1 - p));
		enum json_in_event ev = json_in_next(in, &b, 10, 0, &l, &e);
		/* Other bad lines than these are no business of inference. */
		struct infer *one = infer_new();
		if (ev == JSON_IN_BAD && infer_line(one, p, (size_t)(eol - p)) && !strstr(e.msg, "twice")) {
			fprintf(stderr, "%s\n", e.msg);
			abort();
		}
		infer_free(one);
		if (ev == JSON_IN_END && b.nrows)
			compare(p, (size_t)(eol - p), jo, &b);
		batch_clear(&b);
	}
	batch_release(&b);
	json_in_free(in);
	json_out_free(jo);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf text = BUF_INIT;
	struct infer *in = infer_new();
	struct schema s;
	bool said = false;
	buf_put(&text, data, size);
	buf_putc(&text, '\n');
	memset(buf_reserve(&text, 64), 0, 64);
	for (const char *p = text.p, *end = p + text.n, *eol; p < end; p = eol + 1) {
		eol = memchr(p, '\n', (size_t)(end - p));
		infer_line(in, p, (size_t)(eol - p));
	}
	if (infer_finish(in, &s, note, &said, NULL) == 0) {
		if (!said)
			read_back(&s, text.p, text.n);
		schema_release(&s);
	}
	infer_free(in);
	buf_release(&text);
	return 0;
}
