/* SPDX-License-Identifier: MIT */
/* width - text in columns on a terminal: widths of libutf8proc, nothing that a terminal would obey.
 * Threads: safe. Cost: linear. */
#ifndef SM_TEXT_WIDTH_H
#define SM_TEXT_WIDTH_H

#include "base/buf.h"

/* Columns that P[0..N) takes; wide characters take two, marks none. */
size_t text_width(const char *p, size_t n);
/* Append P[0..N) in exactly COLUMNS: cut with an ellipsis or filled up with spaces. Control
 * characters and those that turn the direction of writing become '?'. */
void text_fit(struct buf *b, const char *p, size_t n, size_t columns);
/* Append a bar of SHARE (0..1) of COLUMNS, in eighths of a block. */
void text_bar(struct buf *b, double share, unsigned columns);

#endif
