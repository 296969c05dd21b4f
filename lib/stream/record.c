/* SPDX-License-Identifier: MIT */
/* No record goes out that its reader would take for a mark; times in records. */
#include "stream/record.h"

#include "base/clock.h"
#include "json/fault.h"

#include <string.h>

int record_refuse(struct err *e)
{
	return err_set(e, ERR_DATA, "%s", json_fault_text(JSON_FAULT_RESERVED));
}

int record_put(struct buf *b, const char *line, size_t n, struct err *e)
{
	int rc = record_check(line, n, e);
	if (rc < 0)
		return rc;
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

#define VALUE_SHOWN 80

int record_bad_field(const struct json_record *rec, const struct json_field *f, const char *name, const char *what, struct err *why)
{
	struct buf b = BUF_INIT;
	buf_put_cut(&b, f->p, f->n, VALUE_SHOWN);
	err_set(why, ERR_DATA, "field %s %s: %s%s", name, what, buf_cstr(&b), b.n < f->n ? "\xE2\x80\xA6" : "");
	buf_release(&b);
	return err_at(why, NULL, 0, (uint64_t)(f->p - rec->p) + 1);
}

int record_time(const struct json_record *rec, const struct json_field *f, const char *name, struct buf *scratch, int64_t *us,
		struct err *why)
{
	if (!f->p || f->type == JSON_NULL)
		return 0;
	const char *text = f->p + 1;
	size_t n = f->n - 2;
	if (f->type == JSON_STRING && memchr(text, '\\', n)) {
		buf_clear(scratch);
		json_unescape(scratch, f->p, f->n);
		text = scratch->p ? scratch->p : "";
		n = scratch->n;
	}
	if (f->type != JSON_STRING || !time_parse(text, n, us, NULL))
		return record_bad_field(rec, f, name, "is not an RFC 3339 time in the years 1 to 9999", why);
	return 1;
}
