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

static int64_t now_ns = 1000 * NS_PER_SEC;

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

static struct metrics *m;

/* MS later, as the thread would see it. */
static void tick(int ms)
{
	pass(ms);
	progress_tick(now_ns);
}

static void start(const char *tool)
{
	m = metrics_new(tool);
	progress_start(tool, m, now_ns);
}

static void run_plain(void)
{
	start("smjq");
	progress_say("too early");
	tick(1900);
	progress_say("one %d", 1);
	tick(100);
	progress_say("too soon");
	tick(100);
	progress_say("two");
	tick(100);
	diag_note("a note");
	diag_note("and another");
	progress_say("three");
	tick(200);
	progress_end();
	diag_note("the end");
}

static void run_finish(void)
{
	struct output out;
	output_init(&out, STDOUT_FILENO, "standard output");
	start("smjq");
	progress_say("line");
	tick(2000);
	diag_finish(&out, 0);
}

static void run_wide(void)
{
	start("smjq");
	progress_say("a\033\n\xC3\xA9" "e\xCC\x81\xE6\x97\xA5\xE6\x9C\xAC\xFFxyz");
	tick(2000);
	progress_end();
}

static void run_quiet(void)
{
	diag_set_quiet(true);
	run_plain();
}

static void run_json(void)
{
	diag_set_json(true);
	run_plain();
}

/* Half of a file in five seconds. */
static void run_files(void)
{
	start("smsentiment");
	metrics_set(m, METRIC_INPUT_SIZE, 4000000);
	for (int i = 1; i <= 10; i++) {
		metrics_set(m, METRIC_INPUT_READ, i * 200000);
		metrics_set(m, METRIC_RECORDS_IN, i * 500);
		tick(i < 10 ? 10 : 5000);
	}
	progress_end();
}

static void run_total(void)
{
	start("smgen");
	progress_total(1000);
	progress_tick(now_ns);
	metrics_set(m, METRIC_RECORDS_OUT, 250);
	tick(2500);
	progress_end();
}

static void run_more(void)
{
	start("smcommit");
	metrics_set(m, METRIC_RECORDS_IN, 7);
	metrics_set(m, METRIC_BYTES_IN, 2100);
	metrics_set(m, METRIC_COMMITS, 3);
	metrics_set(m, METRIC_TABLE_VERSION, 41);
	metrics_place(m, "mark 9: b.ndjson, byte 81920");
	metrics_wait(m, METRICS_UPSTREAM, 1);
	progress_tick(now_ns);
	tick(10);
	tick(7000);
	metrics_wait(m, METRICS_UPSTREAM, -1);
	tick(7000);
	progress_end();
}

static void run_table(void)
{
	start("smreplay");
	progress_tick(now_ns);
	metrics_set(m, METRIC_RECORDS_IN, 4000);
	metrics_set(m, METRIC_FILES_READ, 5);
	metrics_set(m, METRIC_BACKLOG_FILES, 15);
	tick(4000);
	progress_end();
}

static void run_nothing(void)
{
	start("smtable");
	tick(65000);
	progress_end();
}

/* Standard output is the terminal, too. */
static void run_between(void)
{
	start("smcommit");
	progress_say("hidden");
	tick(3000);
	progress_printing();
	metrics_set(m, METRIC_BYTES_OUT, 10);
	tick(200);
	progress_say("hidden still");
	tick(900);
	progress_say("shown");
	tick(100);
	progress_hide();
	progress_end();
}

static void test_line(void)
{
	char got[2000];
	T_CASE("five times a second, and out of the way of messages") {
		on_terminal(run_plain, 80, "xterm", false, got, sizeof got);
		T_STR(got, "\r\033[Ksmjq: one 1\r\033[Ksmjq: two\r\033[Ksmtest: a note\nsmtest: and another\n"
		      "\r\033[Ksmjq: three\r\033[Ksmtest: the end\n");
	}
	T_CASE("gone when the tool is done") {
		on_terminal(run_finish, 80, "xterm", false, got, sizeof got);
		T_STR(got, "\r\033[Ksmjq: line\r\033[K");
	}
	T_CASE("cut to the width, without control characters") {
		on_terminal(run_wide, 80, "xterm", false, got, sizeof got);
		T_STR(got, "\r\033[Ksmjq: a\\u001b\\u000a\xC3\xA9" "e\xCC\x81\xE6\x97\xA5\xE6\x9C\xAC\\xffxyz\r\033[K");
		on_terminal(run_wide, 15, "xterm", false, got, sizeof got);
		T_STR(got, "\r\033[Ksmjq: a\\u001b\xE2\x80\xA6\r\033[K");
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
		T_OK(strstr(got, "the end") && !strchr(got, '\r'));
		on_terminal(run_plain, 80, "xterm", true, got, sizeof got);
		T_STR(got, "smtest: a note\nsmtest: and another\nsmtest: the end\n");
	}
	T_CASE("not into a file, not in the middle of a pipe") {
		int keep = dup(STDERR_FILENO), out = dup(STDOUT_FILENO), null = open("/dev/null", O_WRONLY), ends[2];
		dup2(null, STDERR_FILENO);
		T_OK(!progress_start("smjq", NULL, 0) && !progress_due());
		dup2(keep, STDERR_FILENO);
		fflush(stdout);
		T_INT(pipe(ends), 0);
		dup2(ends[1], STDOUT_FILENO);
		bool any = progress_start("smjq", NULL, 0);
		dup2(out, STDOUT_FILENO);
		T_OK(!any);
		close(ends[0]);
		close(ends[1]);
		close(keep);
		close(out);
		close(null);
	}
}

static void test_what(void)
{
	char got[2000];
	T_CASE("how far it is in its files, how fast, how long it will take") {
		on_terminal(run_files, 80, "xterm", false, got, sizeof got);
		T_STR(got, "\r\033[Ksmsentiment: 5.0k records, 886/s, 2.0MB of 4.0MB (50%), 5s left\r\033[K");
	}
	T_CASE("of how many") {
		on_terminal(run_total, 80, "xterm", false, got, sizeof got);
		T_STR(got, "\r\033[Ksmgen: 250 of 1.0k records, 100/s (25%), 7s left\r\033[K");
	}
	T_CASE("what a tool counts besides; that it waits, while it does") {
		on_terminal(run_more, 160, "xterm", false, got, sizeof got);
		T_STR(got, "\r\033[Ksmcommit: 7 actions, 0/s, 2.1kB read, 3 commits, version 41, waiting for input, 7s, mark 9: b.ndjson, byte 81920"
		      "\r\033[Ksmcommit: 7 actions, 0/s, 2.1kB read, 3 commits, version 41, mark 9: b.ndjson, byte 81920\r\033[K");
	}
	T_CASE("a table: how many of its files") {
		on_terminal(run_table, 80, "xterm", false, got, sizeof got);
		T_STR(got, "\r\033[Ksmreplay: 4.0k rows, 1,000/s, 5 of 20 files (25%), 12s left\r\033[K");
	}
	T_CASE("nothing counted: the time that it takes") {
		on_terminal(run_nothing, 80, "xterm", false, got, sizeof got);
		T_STR(got, "\r\033[Ksmtable: 1m05s\r\033[K");
	}
	T_CASE("where records go to the terminal: only while none come") {
		on_terminal(run_between, 80, "xterm", true, got, sizeof got);
		T_STR(got, "\r\033[Ksmcommit: shown\r\033[K");
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
	test_what();
	test_texts();
	return t_done();
}
