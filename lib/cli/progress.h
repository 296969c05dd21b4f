/* SPDX-License-Identifier: MIT */
/* progress - one line on standard error that says how far a tool is, for people who wait.
 *
 *	struct progress p;
 *	progress_init(&p);
 *	while (…)
 *		progress_show(&p, "%s records, %s", count, rate);
 *	progress_end(&p);
 *
 * It is there only when standard error is a terminal (not a dumb one) and standard output is not, without --quiet and
 * --errors=json, and while the tool is in the foreground. It is redrawn at most five times a second, cut to the width
 * of the terminal, and taken away before diag prints anything and by diag_finish, so that messages stand on lines of
 * their own. What a terminal would obey is shown (base/term.h).
 *
 * One line a process: diag holds a pointer to it until progress_end. Threads: the one that prints.
 * Cost: a look at the clock when it is not time yet; nothing when off.
 */
#ifndef SM_CLI_PROGRESS_H
#define SM_CLI_PROGRESS_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

#define PROGRESS_EVERY_MS 200
#define PROGRESS_TEXT 32               /* room for any of the texts below */

struct progress {
	bool on, shown;
	int64_t drawn_ns;
	struct buf line;
};

void progress_init(struct progress *p);
bool progress_on(const struct progress *p);
/* Worth making a text for? True once in PROGRESS_EVERY_MS. */
bool progress_due(const struct progress *p);
void progress_show(struct progress *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void progress_end(struct progress *p);

/* Texts, NUL-terminated; TO has room for PROGRESS_TEXT bytes. Returned is TO. */
const char *progress_count(char *to, uint64_t n);          /* 999 1.2k 12.3k 123k 1.2M, cut, not rounded */
const char *progress_rate(char *to, double per_second);    /* 0.5/s 12/s 1,234/s 1.2M/s */
const char *progress_duration(char *to, int64_t ns);       /* 12s 4m12s 1h04m 3d05h */

#endif
