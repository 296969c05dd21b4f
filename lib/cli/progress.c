/* SPDX-License-Identifier: MIT */
/* The line that moves, and how it is taken away. */
#include "cli/progress.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/term.h"
#include "cli/diag.h"
#include "text/width.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CLEAR "\r\033[K"

static void progress_clear(struct progress *p);

static void clear_line(void *arg)
{
	progress_clear(arg);
}

void progress_init(struct progress *p)
{
	*p = (struct progress){ .on = diag_live() && !isatty(STDOUT_FILENO) };
	/* What is done at once needs no line. */
	p->drawn_ns = p->on ? clock_mono_ns() : 0;
	if (p->on)
		diag_set_line(clear_line, p);
}

bool progress_on(const struct progress *p)
{
	return p->on;
}

bool progress_due(const struct progress *p)
{
	return p->on && clock_mono_ns() - p->drawn_ns >= PROGRESS_EVERY_MS * INT64_C(1000000);
}

/* Another job has the terminal. (Where it is not our terminal, tcgetpgrp fails, and nobody minds.) */
static bool in_background(void)
{
	pid_t front = tcgetpgrp(STDERR_FILENO);
	return front > 0 && front != getpgrp();
}

void progress_show(struct progress *p, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;
	if (!progress_due(p) || in_background())
		return;
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	buf_clear(&p->line);
	buf_puts(&p->line, CLEAR);
	/* The last column stays free: some terminals wrap when it is filled. */
	text_cut(&p->line, text.n ? text.p : "", text.n, term_columns(STDERR_FILENO) - 1);
	fd_write_all(STDERR_FILENO, p->line.p, p->line.n);
	p->shown = true;
	p->drawn_ns = clock_mono_ns();
	buf_release(&text);
}

static void progress_clear(struct progress *p)
{
	if (!p->shown)
		return;
	buf_clear(&p->line);
	buf_puts(&p->line, CLEAR);
	fd_write_all(STDERR_FILENO, p->line.p, p->line.n);
	p->shown = false;
}

void progress_end(struct progress *p)
{
	progress_clear(p);
	if (p->on)
		diag_set_line(NULL, NULL);
	p->on = false;
	buf_release(&p->line);
}

/* --- texts --- */

const char *progress_count(char *to, uint64_t n)
{
	static const char units[] = "kMGTPE";
	uint64_t unit = 1000;
	size_t i = 0;
	if (n < 1000) {
		snprintf(to, PROGRESS_TEXT, "%u", (unsigned)n);
		return to;
	}
	while (units[i + 1] && n / unit >= 1000) {
		unit *= 1000;
		i++;
	}
	if (n / unit >= 100)
		snprintf(to, PROGRESS_TEXT, "%u%c", (unsigned)(n / unit), units[i]);
	else
		snprintf(to, PROGRESS_TEXT, "%u.%u%c", (unsigned)(n / unit), (unsigned)(n % unit / (unit / 10)), units[i]);
	return to;
}

const char *progress_rate(char *to, double per_second)
{
	if (!(per_second > 0)) {
		snprintf(to, PROGRESS_TEXT, "0/s");
	} else if (per_second < 9.95) {
		snprintf(to, PROGRESS_TEXT, "%.1f/s", per_second);
	} else if (per_second < 999.5) {
		snprintf(to, PROGRESS_TEXT, "%.0f/s", per_second);
	} else if (per_second < 1e6 - 0.5) {
		unsigned n = (unsigned)(per_second + 0.5);
		snprintf(to, PROGRESS_TEXT, "%u,%03u/s", n / 1000, n % 1000);
	} else {
		progress_count(to, per_second < 1e19 ? (uint64_t)per_second : UINT64_MAX);
		size_t n = strlen(to);
		snprintf(to + n, PROGRESS_TEXT - n, "/s");
	}
	return to;
}

const char *progress_duration(char *to, int64_t ns)
{
	int64_t s = ns > 0 ? ns / NS_PER_SEC : 0;
	if (s < 60)
		snprintf(to, PROGRESS_TEXT, "%ds", (int)s);
	else if (s < 3600)
		snprintf(to, PROGRESS_TEXT, "%dm%02ds", (int)(s / 60), (int)(s % 60));
	else if (s < 86400)
		snprintf(to, PROGRESS_TEXT, "%dh%02dm", (int)(s / 3600), (int)(s / 60 % 60));
	else
		snprintf(to, PROGRESS_TEXT, "%lldd%02dh", (long long)(s / 86400), (int)(s / 3600 % 24));
	return to;
}
