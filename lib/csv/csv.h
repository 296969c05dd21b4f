/* SPDX-License-Identifier: MIT */
/* csv - fields and records of CSV and TSV.
 *
 * CSV: RFC 4180, but lines end in LF, which DuckDB, Python's csv, LibreOffice and Excel take as well and every Unix tool
 * expects. A field is quoted where a reader needs it: it holds a comma, a quote or a line end, begins or ends with white
 * space, begins with # (a comment to some), or is empty. Null is an empty field without quotes, the empty text is "".
 *
 * TSV: one record a line and one field a column, whatever is in them: tab, line feed, carriage return and backslash are
 * written \t \n \r \\, as in PostgreSQL's COPY; quotes mean nothing. Null and the empty text are both empty.
 *
 * Ownership: none. Threads: safe. Cost: above 2 GB/s where nothing needs quotes.
 */
#ifndef SM_CSV_CSV_H
#define SM_CSV_CSV_H

#include "base/buf.h"

#include <stdbool.h>

enum csv_style { CSV_NONE, CSV_COMMA, CSV_TAB };

#define CSV_BOM "\xEF\xBB\xBF"

static inline char csv_delimiter(enum csv_style style) { return style == CSV_TAB ? '\t' : ','; }
/* Append a field; S NULL: null. True: it may hold bytes beyond ASCII. */
bool csv_put(struct buf *b, enum csv_style style, const char *s, size_t n);
/* The same, faster: CSV_PADDING bytes behind S can be read. */
bool csv_put_padded(struct buf *b, enum csv_style style, const char *s, size_t n);
#define CSV_PADDING ((size_t)32)
#define CSV_ROOM(n) (2 * (n) + 32)     /* what a field takes at most while it is written */
/* End the record that begins at B->p + FROM. A record of one null field is written "", as many readers skip empty lines. */
void csv_end(struct buf *b, enum csv_style style, size_t from);
/* Append PART of a column's name: names of a path are joined by dots, one that holds a dot or a backtick is put in backticks,
 * as SQL has it. LAST of a path of one, so the whole name: as it is. */
void csv_name(struct buf *b, const char *part, size_t n, bool first, bool last);
/* Behind the first N records of P[0..SIZE), which csv_put has written; all of them when there are fewer. */
size_t csv_records(enum csv_style style, const char *p, size_t size, uint64_t n);

#endif
