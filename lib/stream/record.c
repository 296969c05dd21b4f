/* SPDX-License-Identifier: MIT */
/* No record goes out that its reader would take for a mark. */
#include "stream/record.h"

#include "json/fault.h"

#include <string.h>

int record_refuse(struct err *e)
{
	return err_set(e, ERR_DATA, "%s", json_fault_text(JSON_FAULT_RESERVED));
}

int record_put(struct buf *b, const char *line, size_t n, struct err *e)
{
	int r = record_check(line, n, e);
	if (r < 0)
		return r;
	buf_put(b, line, n);
	buf_putc(b, '\n');
	return 0;
}

size_t record_good(const char *p, size_t n, uint64_t *records)
{
	const char *at = p, *end = p + n;
	uint64_t lines = 0;
	while (at < end) {
		const char *nl = memchr(at, '\n', (size_t)(end - at));
		const char *stop = nl ? nl : end;
		if (json_kind(at, (size_t)(stop - at)) != JSON_KIND_RECORD)
			break;
		lines++;
		at = nl ? nl + 1 : end;
	}
	if (records)
		*records = lines;
	return (size_t)(at - p);
}
