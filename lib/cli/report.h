/* SPDX-License-Identifier: MIT */
/* report - what a tool tells machines while it runs: --metrics, --stats, SIGUSR1 (docs/metrics.md).
 *
 *	opt_parse(…);                                     // starts it; nothing else is to be done
 *	report_stdout(&out);                              // who counts gets the registry: report_metrics()
 *	report_collect(fill, arg);                        // counts that are kept elsewhere are put in before each writing
 *	…
 *	report_collect(NULL, NULL);                       // before they go away
 *
 * The same thread draws the progress line (cli/progress.h).
 *
 * A thread of its own writes, so that files come also while the tool is held up: the metrics file by rename(2), at most every
 * REPORT_EVERY and at the end, the lines of --stats when they are due and at the end. It is there only where one of the options
 * is given, or the tool asked for SIGUSR1. The end is exit(3), a SIGTERM, SIGINT or SIGHUP that the tool leaves alone, or a
 * SIGPIPE: these signals are the thread's then, which writes and dies of them.
 *
 * A metrics file that cannot be written is a warning, once, and changes nothing else; lines of --stats that are lost are an
 * error (status 4).
 *
 * One a process, which is why this is not a room of lib without globals. Threads: the main one; the registry from any.
 */
#ifndef SM_CLI_REPORT_H
#define SM_CLI_REPORT_H

#include "base/buf.h"
#include "io/output.h"
#include "metrics/metrics.h"

#include <stdbool.h>
#include <stdint.h>

#define REPORT_EVERY_NS (INT64_C(10) * 1000000000)

extern struct report_options {
	const char *metrics, *name, *stats;
	int64_t stats_every;
	bool stats_every_given;
} report_options;

/* The registry of this process; there from opt_parse on. */
struct metrics *report_metrics(void);
/* output_init for standard output: O counts, and takes the progress line away before it writes to a terminal. */
void report_stdout(struct output *o);
/* For opt_parse: takes what the options say. A mistake in them is one of usage. */
void report_start(const char *tool);
/* The thread is wanted for SIGUSR1 alone, too. Call before opt_parse. */
void report_on_usr1(void);
/* FILL is called before each writing, from the thread or at the end; NULL: once more now, and never again. */
void report_collect(void (*fill)(void *arg, struct metrics *m), void *arg);
/* The same for members of its own in the line of --stats: `,"name":value`… */
void report_members(void (*put)(void *arg, bool last, struct buf *b), void *arg);
/* Somebody looks something up: that is no run of a job, and none is counted. */
void report_nothing(void);
/* SIGTERM and SIGINT are the caller's from now on (cli/diag.h). */
void report_leave_signals(void);
/* End as SIG's default action does, once everything is written. */
_Noreturn void report_die(int sig);

#endif
