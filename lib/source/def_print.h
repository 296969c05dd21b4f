/* SPDX-License-Identifier: MIT */
/* def_print - a source definition for people: what it is for, what it needs, how it behaves.
 *
 * Ownership: appends to the caller's buffer. Control characters of a definition, line feeds and tabs apart, become `?`, so
 * that a foreign definition does nothing to a terminal. Threads: pure.
 */
#ifndef SM_SOURCE_DEF_PRINT_H
#define SM_SOURCE_DEF_PRINT_H

#include "base/buf.h"
#include "source/def.h"

/* AS is how the definition is called on the command line: its name, or its file. */
/* A line: how much may be asked for in which time. */
void source_def_limits(const struct source_def *d, struct buf *b);
void source_def_describe(const struct source_def *d, const char *as, struct buf *b);

#endif
