/* SPDX-License-Identifier: MIT */
/* stats - statistics while a tool runs: --stats fd:N|FILE, --stats-every, and SIGUSR1.
 *
 * A thread of its own waits for the time and for the signal, so lines come also while the tool is held up in a write.
 * With SIGUSR1 a line goes to standard error. Call run_stats_start before any other thread is made: it blocks SIGUSR1 in
 * the calling one. Threads: PRINT is called from that thread, one call at a time.
 */
#ifndef SM_CLI_STATS_H
#define SM_CLI_STATS_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* Append a line, '\n' included. LAST: it is the closing one. */
typedef void stats_print_fn(void *arg, bool last, struct buf *b);

struct stats;
/* DEST NULL: SIGUSR1 only. EVERY 0: only at the end. ERR_USAGE, ERR_IO. */
int run_stats_start(struct stats **s, const char *dest, int64_t every_ns, stats_print_fn *print, void *arg, struct err *e);
/* Print the last line to DEST, end the thread, free. ERR_IO: lines could not be written. NULL is fine. */
int run_stats_stop(struct stats *s, struct err *e);

#endif
