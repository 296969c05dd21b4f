/* SPDX-License-Identifier: MIT */
/* parts - what the files of lib/show share. Private to it.
 *
 *	show.c     which form, rows one after the other
 *	columns.c  columns of rows, and their cells
 *	pretty.c   a record over several lines
 *	grid.c     aligned columns
 */
#ifndef SM_SHOW_PARTS_H
#define SM_SHOW_PARTS_H

#include "show/show.h"

/* Take in the columns of ROW that are not there yet. ERR_DATA: too many. */
int show_learn(struct show *s, const struct json *row, struct err *e);
/* Drop those that hold nothing but null where --flatten has columns below. */
void show_settle(struct show *s);
/* ERR_DATA: ROW has a value that no column holds. */
int show_known(struct show *s, const struct json *row, struct err *e);
void show_title(const struct show_column *c, struct buf *b);
/* The value of column C in ROW; NULL: none, or null. */
const struct json *show_cell(const struct show_column *c, const struct json *row);

/* V over as many lines as it needs, each of at most WIDTH columns where that can be; without the last line end. */
void show_pretty(struct buf *b, const struct json *v, size_t width, bool color);

#endif
