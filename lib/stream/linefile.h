/* SPDX-License-Identifier: MIT */
/* linefile - a file that lines are appended to, durably when asked.
 *
 * Lines are written whole, so that several tools may append to one file.
 * Ownership: PATH is copied. Threads: one owner. Errors: ERR_IO naming the file; after one the lines in memory are
 * lost.
 */
#ifndef SM_FLOW_LINEFILE_H
#define SM_FLOW_LINEFILE_H

#include "base/err.h"

#include <stddef.h>

struct linefile;
int linefile_open(struct linefile **f, const char *path, struct err *e);
int linefile_put(struct linefile *f, const char *line, size_t n, struct err *e);  /* LINE has no '\n' */
int linefile_flush(struct linefile *f, struct err *e);                            /* in the file, and durable */
int linefile_close(struct linefile *f, struct err *e);                            /* flushes; NULL is fine */

#endif
