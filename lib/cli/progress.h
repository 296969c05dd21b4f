/* SPDX-License-Identifier: MIT */
/* progress - one line on standard error that says how far a tool is, for people who wait (docs/metrics.md).
 *
 * Every tool has it: the thread of cli/report.h draws it from the registry of metrics, from the second second on, so that a tool
 * that is held up shows it too. A tool that knows more says it with progress_say.
 *
 * It is there only when standard error is a terminal (not a dumb one), without --quiet and --errors=json, and while the tool is
 * in the foreground. In a pipe all tools have the same terminal: the one whose standard output is no pipe draws. Where standard
 * output is the terminal too, the line is shown only while nothing is printed, and only by tools that write with
 * cli/report.h's report_stdout.
 * It is redrawn at most five times a second, cut to the width of the terminal, and taken away before anything else is printed,
 * so that messages and records stand on lines of their own. What a terminal would obey is shown (base/term.h).
 *
 * One a process. Threads: any. Cost: none while nothing is drawn.
 */
#ifndef SM_CLI_PROGRESS_H
#define SM_CLI_PROGRESS_H

#include "metrics/metrics.h"

#include <stdbool.h>
#include <stdint.h>

#define PROGRESS_TEXT 32               /* room for any of the texts below */

/* For cli/report.c. False: nothing will ever be drawn. */
bool progress_start(const char *tool, struct metrics *m, int64_t now_ns);
void progress_tick(int64_t now_ns);    /* ten times a second */
void progress_end(void);               /* and take it away */
void progress_printing(void);          /* standard output may be a terminal: progress_hide is called before each write to it */

/* Take the line away; it comes again with a later tick. */
void progress_hide(void);
/* Records, rows, whatever the tool counts: N of them are wanted in all. */
void progress_total(uint64_t n);
/* Is a text of the tool's own worth making? Then say it, instead of the one from the registry. At most five times a second. */
bool progress_due(void);
void progress_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Texts, NUL-terminated; TO has room for PROGRESS_TEXT bytes. Returned is TO. */
const char *progress_count(char *to, uint64_t n);          /* 999 1.2k 12.3k 123k 1.2M, cut, not rounded */
const char *progress_rate(char *to, double per_second);    /* 0.5/s 12/s 1,234/s 1.2M/s */
const char *progress_duration(char *to, int64_t ns);       /* 12s 4m12s 1h04m 3d05h */

#endif
