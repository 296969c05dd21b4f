/* SPDX-License-Identifier: MIT */
/* drops - records that are left out on purpose: counted by reason, and kept in a file when there is one.
 *
 * FILE is opened for appending and gets a line for each:
 *	{"tool":"smrate","reason":"drop-new","record":"the line as it came"}
 * What was dropped before a mark is durable in FILE before the mark is passed (drops_flush).
 *
 * Ownership: PATH is copied. Threads: any, there is a lock inside.
 */
#ifndef SM_RATE_DROPS_H
#define SM_RATE_DROPS_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

enum drop_reason { DROP_NEW, DROP_OLD, DROP_SAMPLE, DROP_LATE, DROP_REASONS };
extern const char *const drop_reason_name[DROP_REASONS];   /* as in FILE and in the statistics */

struct drops;
int drops_open(struct drops **d, const char *tool, const char *path, struct err *e); /* PATH NULL: only counted */
/* LINE has no '\n'. */
int drops_add(struct drops *d, enum drop_reason why, const char *line, size_t n, struct err *e);
uint64_t drops_count(struct drops *d, enum drop_reason why);
int drops_flush(struct drops *d, struct err *e);
int drops_close(struct drops *d, struct err *e);           /* flushes and frees; NULL is fine */

#endif
