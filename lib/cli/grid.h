/* SPDX-License-Identifier: MIT */
/* grid - rows of text in aligned columns, for people.
 *
 *	struct grid g; grid_init(&g, 3, "version\0time\0>files\0");     // '>' : aligned to the right
 *	grid_cell(&g, "7", 1); … three times a row …
 *	grid_print(&g, &out->buf); grid_release(&g);
 *
 * Widths are those of a terminal. What a terminal would obey is shown (base/term.h). The last column is not padded.
 */
#ifndef SM_CLI_GRID_H
#define SM_CLI_GRID_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

#define GRID_COLUMNS 12

struct grid {
	size_t ncols, ncells, cells_cap;
	bool right[GRID_COLUMNS];
	size_t width[GRID_COLUMNS];
	struct buf text;
	size_t *end;            /* of each cell in text */
};

void grid_init(struct grid *g, size_t ncols, const char *heads); /* NCOLS names, each ended by a NUL */
void grid_cell(struct grid *g, const char *s, size_t n);
void grid_printf(struct grid *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void grid_print(const struct grid *g, struct buf *b);
void grid_release(struct grid *g);

/* Append a line outside a grid: LABEL as it is, what FMT makes as a cell shows it. */
void grid_pair(struct buf *b, const char *label, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
