/* SPDX-License-Identifier: MIT */
/* width - text in columns on a terminal: widths of libutf8proc, nothing that a terminal would obey.
 * Threads: safe. Cost: linear; text_cut allocates. */
#ifndef SM_TEXT_WIDTH_H
#define SM_TEXT_WIDTH_H

#include "base/buf.h"

/* Columns that P[0..N) takes; wide characters take two, marks none. */
size_t text_width(const char *p, size_t n);
/* Append P[0..N), cut with an ellipsis to COLUMNS at most; returns how many it takes. What a terminal would obey is shown
 * (base/term.h). */
size_t text_cut(struct buf *b, const char *p, size_t n, size_t columns);
/* The same, filled up with spaces to exactly COLUMNS. */
void text_fit(struct buf *b, const char *p, size_t n, size_t columns);
/* Append a bar of SHARE (0..1) of COLUMNS, in eighths of a block. */
void text_bar(struct buf *b, double share, unsigned columns);

#endif
