/* SPDX-License-Identifier: MIT */
/* Any text as the metrics that an earlier run has left: it is taken, or refused in words and nothing of it used. What was taken is
 * printed as a text that is taken again and printed the same. The first byte says for which tool. */
#include "base/mem.h"
#include "metrics/metrics.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static struct metrics *make(uint8_t how)
{
	static const char *const tool[] = { "smjq", "smcommit", "smfetch", "smpartition" };
	struct metrics *m = metrics_new(tool[how & 3]);
	metrics_label(m, METRICS_LABEL_NAME, "s");
	return m;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf one = BUF_INIT, two = BUF_INIT;
	struct err e = { 0 };
	if (size < 1)
		return 0;
	struct metrics *m = make(data[0]), *again = make(data[0]);
	char *p = mem_dup(data + 1, size - 1);
	metrics_put_text(m, &two);
	int rc = metrics_load(m, p, size - 1, &e);
	metrics_put_text(m, &one);
	if (rc == 0) {
		buf_clear(&two);
		check(metrics_load(again, one.p ? one.p : "", one.n, &e) == 0 || !one.n);
		metrics_put_text(again, &two);
		metrics_end(m, 75, 1);
	} else {
		check(e.code == ERR_DATA && *e.msg);
	}
	check(one.n == two.n && (!one.n || memcmp(one.p, two.p, one.n) == 0));
	mem_free(p);
	metrics_free(m);
	metrics_free(again);
	buf_release(&one);
	buf_release(&two);
	return 0;
}
