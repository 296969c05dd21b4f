/* SPDX-License-Identifier: MIT */
/* Asks on standard error, reads standard input. */
#include "cli/prompt.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#define SIGNALS 4

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
	caught = sig;
}

bool prompt_terminal(void)
{
	return isatty(STDIN_FILENO) == 1;
}

static int read_line(char *line, size_t most, size_t *n, struct err *e)
{
	for (*n = 0;;) {
		ssize_t got = read(STDIN_FILENO, line + *n, 1);
		if (got < 0 && errno == EINTR && !caught)
			continue;
		if (got < 0 && !caught)
			return err_sys(e, errno, "cannot read standard input");
		if (caught || got == 0 || line[*n] == '\n')
			break;
		if (++*n > most)
			return err_set(e, ERR_DATA, "the answer is longer than %zu bytes", most);
	}
	if (*n && line[*n - 1] == '\r')
		--*n;
	return 0;
}

static int read_hidden(char *line, size_t most, size_t *n, struct err *e)
{
	static const int signals[SIGNALS] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction old[SIGNALS], act = { .sa_handler = on_signal };
	struct termios was, now;
	if (tcgetattr(STDIN_FILENO, &was) < 0)
		return err_sys(e, errno, "cannot hide what is typed");
	for (size_t i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &act, &old[i]);
	now = was;
	now.c_lflag = (now.c_lflag & ~(tcflag_t)ECHO) | ECHONL;
	int rc = tcsetattr(STDIN_FILENO, TCSAFLUSH, &now) < 0 ? err_sys(e, errno, "cannot hide what is typed") : read_line(line, most, n, e);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
	for (size_t i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &old[i], NULL);
	if (caught)
		raise(caught);
	return rc;
}

int prompt_line(const char *question, bool hidden, char *line, size_t most, size_t *n, struct err *e)
{
	bool asks = prompt_terminal();
	if (asks)
		fprintf(stderr, "%s", question);
	return asks && hidden ? read_hidden(line, most, n, e) : read_line(line, most, n, e);
}
