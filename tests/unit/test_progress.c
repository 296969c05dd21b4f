/* SPDX-License-Identifier: MIT */
/* The progress line on a pseudo terminal, and the texts that go into it. */
#include "base/clock.h"
#include "cli/diag.h"
#include "cli/progress.h"

#include "t.h"

#include <fcntl.h>
#include <pty.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static int64_t now_ns;

static int64_t fake_mono(void)
{
	return now_ns;
}

static void pass(int ms)
{
	now_ns += ms * INT64_C(1000000);
}

/* Run FN in a child whose standard error is a terminal of so many columns; what it printed is in GOT. */
static void on_terminal(void (*fn)(void), unsigned short cols, const char *term, bool out_too, char *got, size_t cap)
{
	int master, slave;
	size_t n = 0;
	if (openpty(&master, &slave, NULL, NULL, &(struct winsize){ .ws_row = 24, .ws_col = cols }) < 0) {
		T_FAIL("no pseudo terminal");
		return;
	}
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		struct termios t;
		tcgetattr(slave, &t);
		t.c_oflag &= ~(tcflag_t)OPOST;
		tcsetattr(slave, TCSANOW, &t);
		dup2(slave, STDERR_FILENO);
		dup2(out_too ? slave : open("/dev/null", O_WRONLY), STDOUT_FILENO);
		close(master);
		close(slave);
		setenv("TERM", term, 1);
		clock_set(&(struct clock_source){ .mono_ns = fake_mono });
		diag_init("smtest");
		fn();
		_exit(0);
	}
	close(slave);
	for (ssize_t r; n + 1 < cap && (r = read(master, got + n, cap - 1 - n)) > 0;)
		n += (size_t)r;
	got[n] = '\0';
	close(master);
	waitpid(pid, NULL, 0);
}

static void run_plain(void)
{
	struct progress p;
	progress_init(&p);
	progress_show(&p, "too early");
	pass(200);
	progress_show(&p, "one %d", 1);
	pass(199);
	progress_show(&p, "too soon");
	pass(1);
	progress_show(&p, "two");
	diag_note("a note");
	diag_note("and another");
	pass(200);
	progress_show(&p, "three");
	progress_end(&p);
	diag_note("the end");
}

static void run_finish(void)
{
	struct progress p;
	struct output out;
	output_init(&out, STDOUT_FILENO, "standard output");
	progress_init(&p);
	pass(200);
	progress_show(&p, "line");
	diag_finish(&out, 0);
}

static void run_wide(void)
{
	struct progress p;
	progress_init(&p);
	pass(200);
	progress_show(&p, "a\033\n\xC3\xA9" "e\xCC\x81\xE6\x97\xA5\xE6\x9C\xAC\xFFxyz");
	progress_end(&p);
}

static void run_quiet(void)
{
	diag_set_quiet(true);
	run_plain();
}

static void run_json(void)
{
	struct progress p;
	diag_set_json(true);
	progress_init(&p);
	pass(200);
	progress_show(&p, "x");
	progress_end(&p);
}

static void test_line(void)
{
	char got[2000];
	T_CASE("five times a second, and out of the way of messages") {
		on_terminal(run_plain, 80, "xterm", false, got, sizeof got);
		T_STR(got, "\r\033[Kone 1\r\033[Ktwo\r\033[Ksmtest: a note\nsmtest: and another\n\r\033[Kthree\r\033[Ksmtest: the end\n");
	}
	T_CASE("gone when the tool is done") {
		on_terminal(run_finish, 80, "xterm", false, got, sizeof got);
		T_STR(got, "\r\033[Kline\r\033[K");
	}
	T_CASE("cut to the width, without control characters") {
		on_terminal(run_wide, 80, "xterm", false, got, sizeof got);
		T_STR(got, "\r\033[Ka\\u001b\\u000a\xC3\xA9" "e\xCC\x81\xE6\x97\xA5\xE6\x9C\xAC\\xffxyz\r\033[K");
		on_terminal(run_wide, 9, "xterm", false, got, sizeof got);
		T_STR(got, "\r\033[Ka\\u001b\xE2\x80\xA6\r\033[K");
		on_terminal(run_wide, 0, "xterm", false, got, sizeof got);
		T_OK(strstr(got, "xyz") != NULL);
	}
	T_CASE("not on a dumb terminal, not when quiet, not for machines, not between records") {
		on_terminal(run_plain, 80, "dumb", false, got, sizeof got);
		T_STR(got, "smtest: a note\nsmtest: and another\nsmtest: the end\n");
		on_terminal(run_plain, 80, "", false, got, sizeof got);
		T_STR(got, "smtest: a note\nsmtest: and another\nsmtest: the end\n");
		on_terminal(run_quiet, 80, "xterm", false, got, sizeof got);
		T_STR(got, "");
		on_terminal(run_json, 80, "xterm", false, got, sizeof got);
		T_STR(got, "");
		on_terminal(run_plain, 80, "xterm", true, got, sizeof got);
		T_STR(got, "smtest: a note\nsmtest: and another\nsmtest: the end\n");
	}
	T_CASE("not into a file") {
		struct progress p;
		int keep = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY);
		dup2(null, STDERR_FILENO);
		progress_init(&p);
		dup2(keep, STDERR_FILENO);
		T_OK(!progress_on(&p) && !progress_due(&p));
		progress_show(&p, "x");
		progress_end(&p);
		close(keep);
		close(null);
	}
}

static void test_texts(void)
{
	char to[PROGRESS_TEXT];
	T_CASE("counts") {
		T_STR(progress_count(to, 0), "0");
		T_STR(progress_count(to, 999), "999");
		T_STR(progress_count(to, 1000), "1.0k");
		T_STR(progress_count(to, 12345), "12.3k");
		T_STR(progress_count(to, 123456), "123k");
		T_STR(progress_count(to, 999999), "999k");
		T_STR(progress_count(to, 1299999), "1.2M");
		T_STR(progress_count(to, UINT64_MAX), "18.4E");
	}
	T_CASE("rates") {
		T_STR(progress_rate(to, 0), "0/s");
		T_STR(progress_rate(to, -1), "0/s");
		T_STR(progress_rate(to, 0.5), "0.5/s");
		T_STR(progress_rate(to, 9.99), "10/s");
		T_STR(progress_rate(to, 12.3), "12/s");
		T_STR(progress_rate(to, 999.6), "1,000/s");
		T_STR(progress_rate(to, 1234), "1,234/s");
		T_STR(progress_rate(to, 999999.7), "999k/s");
		T_STR(progress_rate(to, 1234567), "1.2M/s");
		T_STR(progress_rate(to, 1e300), "18.4E/s");
	}
	T_CASE("durations") {
		T_STR(progress_duration(to, -1), "0s");
		T_STR(progress_duration(to, 59 * NS_PER_SEC + 1), "59s");
		T_STR(progress_duration(to, 252 * NS_PER_SEC), "4m12s");
		T_STR(progress_duration(to, 3840 * NS_PER_SEC), "1h04m");
		T_STR(progress_duration(to, 277300 * NS_PER_SEC), "3d05h");
		T_OK(strlen(progress_duration(to, INT64_MAX)) < PROGRESS_TEXT);
	}
}

int main(void)
{
	test_line();
	test_texts();
	return t_done();
}
