/* SPDX-License-Identifier: MIT */
/* linefile - a file that JSON lines are appended to, durably when asked.
 *
 * Lines are written whole, under a lock (flock), so that several tools may append to one file at once. A full disk or a
 * power cut can tear the last line. Whoever writes next mends it first: a tail that is a whole JSON value gets its line
 * end, one that only begins as an object, or is all NUL, is cut off, and any other text, which we cannot have written,
 * stays and gets its line end. So the file is NDJSON again, and a torn line is never glued to the next. What was cut off
 * was not durable, so no mark vouched for it.
 *
 * Ownership: PATH is copied. Threads: one owner. Errors: ERR_IO naming the file; after one the lines in memory are lost,
 * those in the file are whole. What is not a regular file (a pipe, a terminal) is written to as it is.
 * Durable: the file's data, and at the first flush its name in its folder.
 */
#ifndef SM_STREAM_LINEFILE_H
#define SM_STREAM_LINEFILE_H

#include "base/err.h"

#include <stddef.h>

struct linefile;
int linefile_open(struct linefile **f, const char *path, struct err *e);
int linefile_put(struct linefile *f, const char *line, size_t n, struct err *e);  /* LINE has no '\n' */
int linefile_write(struct linefile *f, struct err *e);                            /* in the file */
int linefile_flush(struct linefile *f, struct err *e);                            /* in the file, and durable */
int linefile_close(struct linefile *f, struct err *e);                            /* flushes; NULL is fine */

#endif
