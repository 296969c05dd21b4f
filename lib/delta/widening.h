/* SPDX-License-Identifier: MIT */
/* widening - changes of a column's type that a table has gone through (Delta PROTOCOL.md, "Type Widening").
 *
 * The files of before keep the narrower type, and the reader widens it. A change that the protocol does not list is refused:
 * what its values mean is not known. Threads: safe.
 */
#ifndef SM_DELTA_WIDENING_H
#define SM_DELTA_WIDENING_H

#include "column/schema.h"

/* ERR_UNSUPPORTED naming the column and the change. */
int widening_check(const struct type *t, struct err *e);

#endif
