/* SPDX-License-Identifier: MIT */
/* CSV and TSV in a reader: records under a header to objects, and where a later run goes on. */
#include "source/reader_parts.h"

#include "stream/record.h"

#include <string.h>

/* The record of N bytes at P was made the object behind FROM in `out`. */
static void take_object_of(struct source_reader *r, const char *p, size_t n, size_t from)
{
	struct json_record rec;
	struct err why;
	size_t made = r->out.n - from;
	int rc = made > r->max_record ? err_set(&why, ERR_DATA, "the record is longer than %zu bytes", r->max_record) :
		 source_reader_as_they_are(r) ? record_check(r->out.p + from, made, &why) : 0;
	if (rc == 0 && source_reader_as_they_are(r)) {
		buf_putc(&r->out, '\n');
		source_reader_held(r, from, 1);
		return;
	}
	buf_clear(&r->line);
	buf_put(&r->line, r->out.p + from, made);
	buf_putc(&r->line, '\n');
	memset(buf_reserve(&r->line, READER_PADDING), 0, READER_PADDING);
	r->out.n = from;
	if (rc == 0) {
		json_pick_block(r->pick, r->line.p, r->line.n);
		rc = json_pick_next(r->pick, &rec, &why);
	}
	if (rc > 0) {
		source_reader_object(r, rec.p, rec.n, false);
	} else if (rc < 0) {
		err_at(&why, NULL, r->item_line, 1);
		source_reader_bad(r, p, n, &why);
	}
}

#define MADE_MAX ((size_t)4 << 20)   /* a short record under a long header makes a lot of text */

/* Whole records of what was read. UNDECIDED: the last one may go on. */
static void take_csv(struct source_reader *r, bool undecided)
{
	struct source_csv_record rec;
	struct err why;
	int rc = 1;
	r->block = r->start;
	r->block_at = r->pos.offset;
	while (rc && r->start < r->end && r->out.n < MADE_MAX) {
		const char *p = r->buf + r->start;
		size_t from = r->out.n;
		rc = source_csv_take(r->csv, p, r->end - r->start, r->at_end && !undecided, &rec, &r->out, &why);
		if (!rc)
			break;
		r->before = r->pos;
		r->item_line = r->pos.line + 1;
		r->item_col = 1;
		r->pos.line += rec.lines;
		r->pos.offset += rec.used;
		r->start += rec.used;
		r->pos.records += !rec.blank && (rc < 0 || !rec.head);
		bool seen = r->pos.records <= r->resume.records;
		if (rc < 0) {
			err_at(&why, NULL, r->item_line + why.line - 1, why.col);
			if (rec.head) { /* nothing can be read without it */
				r->at_end = true;
				r->start = r->end;
			}
			if (!seen)
				source_reader_bad(r, p, rec.length, &why);
		} else if (rec.blank || rec.head || seen) {
			r->out.n = from;
		} else {
			take_object_of(r, p, rec.length, from);
		}
	}
	r->nblock = r->start - r->block;
}

/* Read the header although the place to go on lies behind it. Does it not, we begin anew. */
static int find_header(struct source_reader *r, struct err *e)
{
	struct source_csv_record rec;
	struct err why;
	size_t at = 0;
	int rc = 0;
	while (rc >= 0 && !source_csv_headed(r->csv) && !r->at_end && r->end <= r->max_record) {
		if ((rc = source_reader_more(r, e)) < 0)
			return rc;
		at = source_reader_bom(r);
		while (at < r->end && !source_csv_headed(r->csv) &&
		       (rc = source_csv_take(r->csv, r->buf + at, r->end - at, r->at_end, &rec, &r->out, &why)) > 0)
			at += rec.used;
	}
	if (!source_csv_headed(r->csv) || at > r->resume.offset) {
		source_csv_start(r->csv, r->csv_style);
		r->seek = false;
	}
	return 0;
}

/* How CSV begins: a header, a byte order mark. */
int source_reader_begin_csv(struct source_reader *r, struct err *e)
{
	int rc = r->seek ? find_header(r, e) : 0;
	while (rc == 0 && !r->seek && r->end < 3 && !r->at_end)
		rc = source_reader_more(r, e);
	if (rc == 0 && r->seek)
		rc = source_reader_seek(r, e);
	else if (rc == 0)
		source_reader_skip_bom(r);
	return rc;
}

/* Read until there is a whole record, then take what is there. A last record without a line end may go on, where a later run
 * would see that: a packed file has an end of its own. */
int source_reader_fill_csv(struct source_reader *r, struct err *e)
{
	struct bytes_file f = bytes_file(r->bytes);
	bool undecided = r->lines && r->o->folder && !f.packed;
	for (;;) {
		take_csv(r, undecided);
		if (r->nblock || (r->at_end && r->start == r->end))
			return 0;
		if (r->at_end) {
			r->unfinished = r->pos.line + 1;
			r->start = r->end;
			return 0;
		}
		if (r->end - r->start > r->max_record) {
			err_set(e, ERR_DATA, "the record is longer than %zu bytes; is a quote not closed?", r->max_record);
			return err_at(e, r->member.shown, r->pos.line + 1, 1);
		}
		int rc = source_reader_more(r, e);
		if (rc < 0)
			return rc;
	}
}
