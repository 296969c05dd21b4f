/* SPDX-License-Identifier: MIT */
/* diag - what a tool says to people: errors, warnings, the end of the program.
 *
 * Errors go to standard error as `smX: FILE:LINE:COL: message`, or with --errors=json as
 * {"tool":…,"level":"error","file":…,"line":…,"column":…,"error":…}, one a line.
 */
#ifndef SM_CLI_DIAG_H
#define SM_CLI_DIAG_H

#include "base/err.h"
#include "io/output.h"

#include <stdbool.h>

/* First thing in main: the tool's name, SIGPIPE to its default, stdout checked to be open,
 * out-of-memory hook, SIGTERM and SIGINT left at their default. */
void diag_init(const char *tool);
void diag_set_json(bool on);              /* --errors=json */
bool diag_json(void);
void diag_set_quiet(bool on);             /* no warnings, no notes */
void diag_error(const struct err *e);
void diag_warn(const struct err *e);      /* unless quiet */
void diag_note(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* "smX: …" on stderr unless quiet */
/* Print E and give its exit status. */
int diag_fail(const struct err *e);
/* What the end of something gave: 0: nothing to say; ERR_REJECTED: E is a warning; else an error. Returns STATUS, or when that is 0
 * the status of CODE. */
int diag_worse(int status, int code, const struct err *e);
/* Flush standard output; a failure is printed, unless diag_fail has done that, and turns STATUS into 4. Returns the status to exit with. */
int diag_finish(struct output *out, int status);
bool diag_plain(void);                    /* --quiet or --errors=json: nothing but messages on standard error */

/* SIGTERM and SIGINT set a flag instead of ending the process (for tools that must end with a mark). One that was ignored when the
 * process began stays so: the rest of a pipe can be kept alive until its source has closed the stream (docs/operations.md). */
void diag_catch_signals(void);
int diag_signal(void);                    /* the signal that came, 0: none */

#endif
