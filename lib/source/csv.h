/* SPDX-License-Identifier: MIT */
/* csv - records of CSV and TSV files as JSON objects; for source/reader alone.
 *
 * The first record of a file is its header, whose names become the members; a column without a name is columnN. Values are
 * text, an empty field without quotes is null. TYPES may say otherwise:
 *	NAME=TYPE[,NAME=TYPE]…    text integer number boolean json; a name with a comma, = or a backtick stands in backticks
 *
 * Ownership: TYPES is borrowed while source_csv_new runs. Threads: one owner. Cost: nothing is allocated per record.
 */
#ifndef SM_SOURCE_CSV_H
#define SM_SOURCE_CSV_H

#include "base/err.h"
#include "csv/read.h"

enum source_format { SOURCE_BY_NAME, SOURCE_JSON, SOURCE_CSV, SOURCE_TSV };
/* What a file or member of that name holds: posts.csv, posts.tsv.gz, posts.csv.1; everything else is JSON. */
enum source_format source_format_of(const char *name);

struct source_csv;
int source_csv_new(struct source_csv **c, const char *types, struct err *e);   /* TYPES NULL: all text. ERR_USAGE */
void source_csv_free(struct source_csv *c);      /* NULL is fine */
/* Another file begins. */
void source_csv_start(struct source_csv *c, enum csv_style style);

struct source_csv_record {
	size_t used, length;     /* bytes with the line end, and without */
	uint64_t lines;
	bool blank, head;        /* nothing, or the header: no record */
};
/* The record that P[0..N) begins with, as an object to OUT, without a line end. 1; 0: it is not whole yet (WHOLE: nothing comes
 * behind); ERR_DATA: WHY with the line, counted from 1 at P, and the column. */
int source_csv_take(struct source_csv *c, const char *p, size_t n, bool whole, struct source_csv_record *r, struct buf *out, struct err *why);
bool source_csv_headed(const struct source_csv *c); /* the header has been taken */

#endif
