/* SPDX-License-Identifier: MIT */
/* CSV and TSV of any bytes: every object is JSON, each record is inside of the text, and a text that comes in two pieces gives the same
 * objects. The first byte chooses the style, the second where the text is cut. */
#include "base/buf.h"
#include "json/doc.h"
#include "source/csv.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Objects of P[0..N), as far as records are whole; returns the bytes used. */
static size_t take(struct source_csv *c, const char *p, size_t n, bool whole, struct buf *out)
{
	struct source_csv_record r;
	struct err why;
	size_t at = 0;
	int rc;
	while (at < n && (rc = source_csv_take(c, p + at, n - at, whole, &r, out, &why)) != 0) {
		if (!r.used || r.used > n - at || r.length > r.used)
			abort();
		if (rc > 0 && !r.blank && !r.head)
			buf_putc(out, '\n');
		if (rc < 0 && (!why.line || why.code != ERR_DATA))
			abort();
		at += r.used;
	}
	if (whole && at != n)
		abort();
	return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct source_csv *c = NULL;
	struct buf one = BUF_INIT, two = BUF_INIT;
	struct err e;
	if (size < 2 || source_csv_new(&c, NULL, &e) < 0)
		return 0;
	enum csv_style style = data[0] & 1 ? CSV_TAB : CSV_COMMA;
	const char *p = (const char *)data + 2;
	size_t n = size - 2, cut = n ? data[1] % (n + 1) : 0;
	source_csv_start(c, style);
	take(c, p, n, true, &one);
	source_csv_start(c, style);
	size_t used = take(c, p, cut, false, &two);
	take(c, p + used, n - used, true, &two);
	if (one.n != two.n || (one.n && memcmp(one.p, two.p, one.n) != 0))
		abort();
	for (size_t i = 0; i < one.n;) {
		const char *nl = memchr(one.p + i, '\n', one.n - i);
		if (!nl || json_check(one.p + i, (size_t)(nl - one.p) - i, &e) < 0)
			abort();
		i = (size_t)(nl - one.p) + 1;
	}
	buf_release(&one);
	buf_release(&two);
	source_csv_free(c);
	return 0;
}
