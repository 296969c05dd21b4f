/* SPDX-License-Identifier: MIT */
/* Any bytes as a Parquet file: it is refused, or its rows are read; what is read is written and read back the same.
 * The first byte chooses how: in steps, in part, or with another type than the file's. */
#include "base/mem.h"
#include "column/json_out.h"
#include "parquet/reader.h"
#include "parquet/writer.h"

#include <stdlib.h>

#define ROWS 3000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
	const uint8_t *p;
	size_t n;
};

static int source(void *arg, uint64_t off, void *to, size_t n, struct err *e)
{
	const struct bytes *b = arg;
	if (off > b->n || n > b->n - off)
		return err_set(e, ERR_IO, "read beyond the end");
	if (n)
		memcpy(to, b->p + off, n);
	return 0;
}

static int sink(void *arg, const void *p, size_t n, struct err *e)
{
	(void)e;
	buf_put(arg, p, n);
	return 0;
}

static void print(const struct batch *b, struct buf *out)
{
	const struct column **c = mem_array(NULL, b->ncols, sizeof *c);
	struct json_out *jo = json_out_new(b->type, &(struct json_out_opts){ .nulls = true });
	for (size_t i = 0; i < b->ncols; i++)
		c[i] = &b->col[i];
	json_out_rows(jo, out, c, NULL, b->nrows);
	json_out_free(jo);
	mem_free(c);
}

/* Rows of every group as WANT (NULL: the file's type), a step at a time, at most ROWS in all; false: refused. */
static bool read_rows(struct bytes *file, const struct type *want, unsigned how, struct buf *out)
{
	struct pq_source src = { source, file->n, file, "fuzz" };
	struct pq_reader *r = NULL;
	struct pq_projection *p = NULL;
	struct column_stats stats;
	struct batch b = { 0 };
	uint64_t left = ROWS, n;
	bool ok = pq_open(&r, &src, NULL) == 0;
	if (ok && !want)
		want = &pq_schema(r)->root;
	ok = ok && pq_project(&p, r, want, false, NULL) == 0;
	if (ok)
		batch_init(&b, want);
	for (size_t g = 0; ok && g < pq_groups(r); g++) {
		size_t leaves = type_leaves(&pq_schema(r)->root);
		for (size_t i = 0; i < leaves && i < 20; i++)
			pq_group_stats(r, g, i, &stats);
		uint64_t rows = pq_group_rows(r, g), first = rows && how & 2 ? how % rows : 0, step = how & 1 ? 7 : ROWS;
		for (uint64_t at = first; ok && at < rows && left; at += n) {
			n = rows - at < step ? rows - at : step;
			n = n < left ? n : left;
			left -= n;
			ok = pq_read(r, p, g, at, n, &b, NULL) == 0;
			if (ok)
				print(&b, out);
		}
	}
	batch_release(&b);
	pq_projection_free(p);
	pq_free(r);
	return ok;
}

/* What was read (one group, plain) is written and read again. */
static void again(struct bytes *file)
{
	struct pq_source src = { source, file->n, file, "fuzz" };
	struct pq_reader *r = NULL;
	struct pq_projection *p = NULL;
	struct pq_writer *w = NULL;
	struct batch b;
	struct buf one = BUF_INIT, two = BUF_INIT, bytes = BUF_INIT;
	struct pq_sink to = { sink, &bytes };
	struct pq_writer_opts o = { .codec = PQ_SNAPPY, .page_bytes = 100 };
	if (pq_open(&r, &src, NULL) || !pq_groups(r)) {
		pq_free(r);
		return;
	}
	const struct type *t = &pq_schema(r)->root;
	uint64_t n = pq_group_rows(r, 0) < ROWS ? pq_group_rows(r, 0) : ROWS;
	batch_init(&b, t);
	if (pq_project(&p, r, t, false, NULL) == 0 && pq_read(r, p, 0, 0, n, &b, NULL) == 0 &&
	    pq_writer_new(&w, t, &to, &o, NULL) == 0) {
		const struct column **c = mem_array(NULL, b.ncols, sizeof *c);
		for (size_t i = 0; i < b.ncols; i++)
			c[i] = &b.col[i];
		print(&b, &one);
		if (pq_writer_append(w, c, NULL, b.nrows, NULL) == 0 && pq_writer_finish(w, NULL, NULL, NULL) == 0) {
			struct bytes copy = { (const uint8_t *)bytes.p, bytes.n };
			if (!read_rows(&copy, t, 0, &two) || one.n != two.n || (one.n && memcmp(one.p, two.p, one.n)))
				abort();
		}
		mem_free(c);
	}
	batch_release(&b);
	pq_writer_free(w);
	pq_projection_free(p);
	pq_free(r);
	buf_release(&one);
	buf_release(&two);
	buf_release(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf out = BUF_INIT;
	if (!size)
		return 0;
	struct bytes file = { data + 1, size - 1 };
	read_rows(&file, NULL, data[0], &out);
	buf_release(&out);
	again(&file);
	return 0;
}
