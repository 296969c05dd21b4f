/* SPDX-License-Identifier: MIT */
/* Messages on standard error, and the statuses and signals that go with them. */
#include "cli/diag.h"

#include "base/fd.h"
#include "base/mem.h"
#include "base/term.h"
#include "base/utf8.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "json/doc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *tool_name = "smtools";
static bool json_errors, quiet;
static struct err failure;            /* what diag_fail has said last */
static volatile sig_atomic_t caught;

static void out_of_memory(size_t wanted)
{
	char text[128];
	int n = snprintf(text, sizeof text, "%s: out of memory (cannot allocate %zu bytes)\n", tool_name, wanted);
	fd_write_all(STDERR_FILENO, text, (size_t)n);
	_exit(4);
}

/* A closed standard stream must not become the next file that is opened. */
static void guard_descriptor(int fd, int flags)
{
	if (fcntl(fd, F_GETFD) >= 0)
		return;
	int null = open("/dev/null", flags);
	if (null >= 0 && null != fd) {
		dup2(null, fd);
		close(null);
	}
}

void diag_init(const char *tool)
{
	tool_name = tool;
	signal(SIGPIPE, SIG_DFL);
	mem_set_oom(out_of_memory);
	guard_descriptor(STDIN_FILENO, O_WRONLY);
	guard_descriptor(STDERR_FILENO, O_WRONLY);
	if (fcntl(STDOUT_FILENO, F_GETFD) < 0) {
		struct err e;
		err_sys(&e, errno, "standard output");
		exit(diag_fail(&e));
	}
}

void diag_set_json(bool on)
{
	json_errors = on;
}

bool diag_json(void)
{
	return json_errors;
}

void diag_set_quiet(bool on)
{
	quiet = on;
}

static void json_member(struct buf *b, const char *key, const char *value)
{
	struct buf fine = BUF_INIT, text = BUF_INIT;
	utf8_repair(&fine, value, strlen(value));
	json_put_string(&text, fine.n ? fine.p : "", fine.n);
	buf_printf(b, ",\"%s\":", key);
	term_show(b, text.p, text.n, "");
	buf_release(&fine);
	buf_release(&text);
}

static void put_json(struct buf *b, const char *level, const struct err *e)
{
	buf_puts(b, "{\"tool\":");
	json_put_cstr(b, tool_name);
	json_member(b, "level", level);
	if (e->file[0])
		json_member(b, "file", e->file);
	json_put_place(b, e);
	json_member(b, level[0] == 'n' ? "note" : level[0] == 'w' ? "warning" : "error", e->msg);
	buf_puts(b, "}\n");
}

/* A line break in a name would forge a line of the log. */
static void put_shown(struct buf *b, const char *s)
{
	term_show(b, s, strlen(s), "");
}

static void put_text(struct buf *b, const char *level, const struct err *e)
{
	buf_printf(b, "%s: ", tool_name);
	if (e->file[0]) {
		put_shown(b, e->file);
		if (e->line)
			buf_printf(b, ":%llu", (unsigned long long)e->line);
		if (e->line && e->col)
			buf_printf(b, ":%llu", (unsigned long long)e->col);
		buf_puts(b, ": ");
	}
	if (level[0] == 'w')
		buf_puts(b, "warning: ");
	put_shown(b, e->msg);
	buf_putc(b, '\n');
}

static void put(const char *level, const struct err *e)
{
	struct buf b = BUF_INIT;
	(json_errors ? put_json : put_text)(&b, level, e);
	progress_hide();
	fd_write_all(STDERR_FILENO, b.p, b.n);
	buf_release(&b);
}

void diag_error(const struct err *e)
{
	put("error", e);
}

void diag_warn(const struct err *e)
{
	if (!quiet)
		put("warning", e);
}

void diag_note(const char *fmt, ...)
{
	struct err e;
	va_list ap;
	if (quiet)
		return;
	va_start(ap, fmt);
	err_setv(&e, 0, fmt, ap);
	va_end(ap);
	put("note", &e);
}

int diag_fail(const struct err *e)
{
	failure = *e;
	diag_error(e);
	return err_status(e->code);
}

int diag_worse(int status, int code, const struct err *e)
{
	if (code == ERR_REJECTED)
		diag_warn(e);
	else if (code)
		diag_fail(e);
	return status || !code ? status : err_status(code);
}

int diag_finish(struct output *out, int status)
{
	struct err e;
	progress_hide();
	/* close(2) is where some file systems report a failed write. */
	if (output_close(out, &e) == 0)
		return status;
	return failure.code == e.code && strcmp(failure.msg, e.msg) == 0 ? err_status(e.code) : diag_fail(&e);
}

bool diag_plain(void)
{
	return quiet || json_errors;
}

static void on_signal(int sig)
{
	caught = sig;
}

/* What whoever started us has us ignore stays ignored, as it does in any program of the shell. */
static void catch_signal(int sig)
{
	struct sigaction sa = { .sa_handler = on_signal }, was;
	if (sigaction(sig, NULL, &was) == 0 && was.sa_handler == SIG_IGN)
		return;
	sigemptyset(&sa.sa_mask);
	/* A second signal of the kind ends the process: nobody shall have to reach for kill -9. */
	sa.sa_flags = (int)SA_RESETHAND;
	sigaction(sig, &sa, NULL);
}

void diag_catch_signals(void)
{
	catch_signal(SIGTERM);
	catch_signal(SIGINT);
	report_leave_signals();
}

int diag_signal(void)
{
	return caught;
}
