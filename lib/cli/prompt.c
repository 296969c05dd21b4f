/* SPDX-License-Identifier: MIT */
/* Asks on standard error, reads standard input. */
#include "cli/prompt.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
	caught = sig;
}

bool prompt_terminal(void)
{
	return isatty(STDIN_FILENO) == 1;
}

/* OPEN: the signals that are let through while it waits, and only then, so that none comes between a look at `caught` and the
 * wait; NULL: as it is. */
static int read_line(char *line, size_t most, size_t *n, const sigset_t *open, struct err *e)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	for (*n = 0;;) {
		ssize_t got = ppoll(&p, 1, NULL, open) < 0 ? -1 : read(STDIN_FILENO, line + *n, 1);
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

/* What ends the program: it is to find the terminal as it was. One that is ignored stays so. */
static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
#define ENDS (sizeof ends / sizeof *ends)

struct signals {
	struct sigaction old[ENDS];
	sigset_t mask, open;
};

static void hold_signals(struct signals *s)
{
	struct sigaction act = { .sa_handler = on_signal };
	sigset_t set;
	sigemptyset(&set);
	for (size_t i = 0; i < ENDS; i++)
		sigaddset(&set, ends[i]);
	sigaddset(&set, SIGTSTP);            /* only afterwards: nobody would hide what is typed after it */
	pthread_sigmask(SIG_BLOCK, &set, &s->mask);
	s->open = s->mask;
	sigaddset(&s->open, SIGTSTP);
	for (size_t i = 0; i < ENDS; i++) {
		sigdelset(&s->open, ends[i]);
		sigaction(ends[i], NULL, &s->old[i]);
		if (s->old[i].sa_handler != SIG_IGN)
			sigaction(ends[i], &act, NULL);
	}
}

/* And the one that came ends it now, whichever thread takes it. */
static void release_signals(const struct signals *s)
{
	bool ended = false;
	pthread_sigmask(SIG_SETMASK, &s->mask, NULL);
	for (size_t i = 0; i < ENDS; i++) {
		ended = ended || (caught == ends[i] && s->old[i].sa_handler == SIG_DFL);
		sigaction(ends[i], &s->old[i], NULL);
	}
	if (caught)
		kill(getpid(), caught);
	while (ended)
		pause();
}

static int read_hidden(char *line, size_t most, size_t *n, struct err *e)
{
	struct termios was, now;
	struct signals s;
	if (tcgetattr(STDIN_FILENO, &was) < 0)
		return err_sys(e, errno, "cannot hide what is typed");
	hold_signals(&s);
	now = was;
	now.c_lflag = (now.c_lflag & ~(tcflag_t)ECHO) | ECHONL;
	int rc = tcsetattr(STDIN_FILENO, TCSAFLUSH, &now) < 0 ? err_sys(e, errno, "cannot hide what is typed")
							   : read_line(line, most, n, &s.open, e);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
	release_signals(&s);
	return rc;
}

int prompt_line(const char *question, bool hidden, char *line, size_t most, size_t *n, struct err *e)
{
	bool asks = prompt_terminal();
	if (asks)
		fprintf(stderr, "%s", question);
	return asks && hidden ? read_hidden(line, most, n, e) : read_line(line, most, n, NULL, e);
}
