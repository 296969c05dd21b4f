/* SPDX-License-Identifier: MIT */
/* show - rows in the form that is asked for: the one manner of all tools that print rows (docs/output.md).
 *
 *	static struct show_opts so = SHOW_OPTS_INIT;          // SHOW_OPTIONS(so) in the option table
 *	if (show_init(&s, &so, &out, SHOW_TABLE, &e) < 0)     // SHOW_TABLE: what auto means on a terminal
 *		opt_usage("%s", e.msg);
 *	show_columns(&s, 3, "version\0mark.seq\0mark.cursor\0");
 *	while (…)
 *		rc = show_row(&s, line, n, &e);               // one JSON object, without its line end
 *	rc = show_end(&s, &e);
 *	show_release(&s);
 *
 * NDJSON and JSON pass a row's bytes on. For the other forms the row is parsed, and its members become cells: text without
 * quotes, nested values as JSON. Columns are those of show_columns, or the members of the first rows (up to SHOW_ROWS or
 * SHOW_BYTES, which are held back until then): a later row of CSV or TSV with another member is ERR_DATA, as its value would be
 * lost. A tool with a table of its own makes it with a grid (show/grid.h) and hands it to show_grid.
 *
 * What reaches a terminal is harmless: cells and pretty records go through base/term.h, everything else through the output.
 *
 * Ownership: OPTS' texts and OUT are borrowed. Threads: one owner. Failure: errors of writing stay in OUT.
 */
#ifndef SM_SHOW_SHOW_H
#define SM_SHOW_SHOW_H

#include "csv/csv.h"
#include "io/output.h"
#include "json/doc.h"
#include "show/grid.h"

#define SHOW_ROWS 1000
#define SHOW_BYTES ((size_t)1 << 20)
#define SHOW_MAX_COLUMNS 4096

enum show_form { SHOW_NDJSON, SHOW_JSON, SHOW_CSV, SHOW_TSV, SHOW_TABLE, SHOW_PRETTY };

struct show_opts {
	const char *output, *color;
	bool flatten, csv_bom;
};
#define SHOW_OPTS_INIT { .output = "auto", .color = "auto" }

/* The lines of an option table (cli/opt.h). */
#define SHOW_OPTIONS(o, terminal) \
	{ 'o', "output", OPT_ENUM, &(o).output, "auto|ndjson|json|csv|tsv|table|pretty", \
	  "the form of the output (default auto: " terminal " on a terminal, otherwise ndjson)", NULL }, \
	{ 0, "flatten", OPT_FLAG, &(o).flatten, NULL, "csv, tsv, table: a column per member of nested objects (author.id) instead of JSON", NULL }, \
	{ 0, "csv-bom", OPT_FLAG, &(o).csv_bom, NULL, "csv, tsv: begin with a byte order mark, by which spreadsheets recognise UTF-8", NULL }, \
	{ 0, "color", OPT_ENUM, &(o).color, "auto|always|never", "colors in table and pretty (default auto: on a terminal, unless NO_COLOR is set)", NULL }

struct show_column {
	struct show_part { const char *p; size_t n; } *part;
	size_t nparts;
	bool right, any;         /* all values so far are numbers; one was not null */
};

struct show {
	struct output *out;
	enum show_form form;
	bool flatten, bom, color, single;
	size_t width;            /* of the terminal; 0: nothing is cut */
	bool fixed, decided;     /* the columns were given; they are known */
	struct show_column *col;
	size_t ncols, cols_cap, guess;
	struct grid grid;
	uint64_t rows;
	struct buf held, line;   /* rows that are held back, with their line ends; scratch */
	size_t nheld;
	struct arena names, row;
};

/* ERR_USAGE: options that do not go together. */
int show_init(struct show *s, const struct show_opts *o, struct output *out, enum show_form on_terminal, struct err *e);
void show_release(struct show *s);
/* The columns: N paths with dots, each ended by a NUL. Without --flatten their first names make a column each. Members beyond
 * them are left out. */
void show_columns(struct show *s, size_t n, const char *paths);
void show_single(struct show *s);       /* it is one thing, not rows: JSON is that object, not an array */
/* Negative: ERR_DATA, and nothing of the row is printed. */
int show_row(struct show *s, const char *p, size_t n, struct err *e);
/* Whole lines, as show_row. */
int show_rows(struct show *s, const char *p, size_t n, struct err *e);
/* Nothing comes for a while: print the rows that are held back. */
int show_flush(struct show *s, struct err *e);
int show_end(struct show *s, struct err *e);
void show_grid(struct show *s, struct grid *g);
/* Lines of a table that a tool has laid out itself, cut to the terminal. They hold nothing that a terminal obeys. */
void show_text(struct show *s, const char *p, size_t n);

#endif
