/* SPDX-License-Identifier: MIT */
/* read - records of CSV and TSV, field by field.
 *
 * CSV: RFC 4180; lines end in LF or CRLF. A quote that does not begin a field is a character like others, as most readers
 * have it. TSV: as csv/csv.h writes it; any other backslash is one.
 *
 * Ownership: a record owns its array of fields, which point into the text. Threads: safe. Cost: linear; a record that is not
 * whole yet is looked at again from its beginning.
 */
#ifndef SM_CSV_READ_H
#define SM_CSV_READ_H

#include "csv/csv.h"

#include <stdint.h>

struct csv_field {
	const char *p;
	size_t n;                /* as it stands, without its quotes */
	bool quoted, escaped;    /* ESCAPED: csv_value changes it */
};

struct csv_record {
	struct csv_field *field;
	size_t n, cap;
	size_t used, length;     /* bytes with the line end, and without */
	uint64_t lines;          /* line ends in them */
	size_t at;               /* of what is wrong */
};

enum csv_read_result { CSV_MORE = 0, CSV_RECORD = 1, CSV_BAD = -1 };
/* The record that P[0..N) begins with. WHOLE: nothing comes behind it. CSV_BAD: WHAT is wrong at R->at; used and length tell what
 * to pass over. */
int csv_read(struct csv_record *r, enum csv_style style, const char *p, size_t n, bool whole, const char **what);
void csv_record_release(struct csv_record *r);
/* Append the value of F. */
void csv_value(struct buf *b, enum csv_style style, const struct csv_field *f);

#endif
