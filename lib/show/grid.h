/* SPDX-License-Identifier: MIT */
/* grid - rows of text in aligned columns, for people.
 *
 *	struct grid g; grid_init(&g, 3, "version\0time\0>files\0");     // '>' : aligned to the right
 *	grid_cell(&g, "7", 1); … three times a row …
 *	grid_print(&g, &b, columns, color); grid_release(&g);
 *
 * Widths are those of a terminal. What a terminal would obey is shown (base/term.h); line ends and tabs are spaces. The last
 * column is not padded. Rows that are added after grid_print come without the heads and in the same columns.
 *
 * Too wide for a terminal: the widest columns that are aligned to the left give way first, with an ellipsis; numbers stay
 * whole as long as there is room. Threads: one owner. Cost: all cells since the last grid_print are held.
 */
#ifndef SM_SHOW_GRID_H
#define SM_SHOW_GRID_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

struct grid_column {
	bool right;
	size_t width, shown;    /* of the widest cell; of the column as it is printed */
};

struct grid {
	size_t ncols, ncells, cells_cap;
	bool headed, printed;   /* the first row is the heads; they have been printed */
	struct grid_column *col;
	struct buf text;
	size_t *end;            /* of each cell in text */
};

void grid_init(struct grid *g, size_t ncols, const char *heads); /* NCOLS names, each ended by a NUL; NULL: the first row has them */
void grid_right(struct grid *g, size_t col);
void grid_cell(struct grid *g, const char *s, size_t n);
void grid_printf(struct grid *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* To B what has been added; COLUMNS of the terminal, 0: nothing is cut. COLOR: the heads are set off. */
void grid_print(struct grid *g, struct buf *b, size_t columns, bool color);
void grid_release(struct grid *g);

/* Append a line outside a grid: LABEL as it is, what FMT makes as a cell shows it. */
void grid_pair(struct buf *b, const char *label, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
