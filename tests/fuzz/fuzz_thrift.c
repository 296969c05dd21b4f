/* SPDX-License-Identifier: MIT */
/* Any bytes as a footer and as a page header: no crash, bounded memory, and a header that was read is read the same
 * again from the bytes that it says it took. */
#include "parquet/meta.h"
#include "parquet/thrift.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void header(const uint8_t *data, size_t size)
{
	struct pq_page a, b;
	ptrdiff_t n = pq_page_read(&a, data, size);
	if (n <= 0)
		return;
	if ((size_t)n > size || pq_page_read(&b, data, (size_t)n) != n || a.type != b.type || a.values != b.values ||
	    a.compressed != b.compressed)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pq_meta m;
	struct thrift t;
	struct thrift_field f = THRIFT_FIELD_INIT;
	pq_meta_read(&m, data, size, (size_t)1 << 30, NULL);
	pq_meta_release(&m);
	header(data, size);
	thrift_init(&t, data, size);
	while (thrift_next(&t, &f))
		thrift_skip(&t, f.type);
	return 0;
}
