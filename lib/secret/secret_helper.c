/* SPDX-License-Identifier: MIT */
/* Runs the helper program of a secret and reads what it prints. */
#include "secret/secret_int.h"

#include "base/clock.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define POLL_MS 100
#define REAP_MS 5

struct child {
	pid_t pid;
	int out;                 /* what it prints; -1: closed */
	int64_t deadline;
};

static int start(struct child *c, const char *helper, const char *name, struct err *e)
{
	char *argv[] = { (char *)helper, (char *)name, NULL };
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	sigset_t none;
	int p[2];
	if (pipe2(p, O_CLOEXEC) < 0)
		return err_sys(e, errno, "secret '%s': cannot create a pipe", name);
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addopen(&fa, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&fa, p[1], STDOUT_FILENO);
	/* It stays in our process group: a pass phrase may have to be typed, and Ctrl-C must reach it. */
	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	int rc = posix_spawnp(&c->pid, helper, &fa, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&fa);
	close(p[1]);
	if (rc) {
		close(p[0]);
		return err_sys(e, rc, "secret '%s': cannot run the helper '%s'", name, helper);
	}
	c->out = p[0];
	c->deadline = clock_mono_ns() + SECRET_HELPER_S * NS_PER_SEC;
	return 0;
}

/* 1: ended or printed too much, 0: time is up, or negative. */
static int read_out(struct child *c, struct secret_raw *raw, struct err *e)
{
	while (raw->n < SECRET_RAW) {
		struct pollfd p = { .fd = c->out, .events = POLLIN };
		if (clock_mono_ns() >= c->deadline)
			return 0;
		if (poll(&p, 1, POLL_MS) <= 0)
			continue;
		ssize_t n = fd_read(c->out, raw->p + raw->n, SECRET_RAW - raw->n);
		if (n < 0)
			return err_sys(e, errno, "cannot read the helper's output");
		if (n == 0)
			break;
		raw->n += (size_t)n;
	}
	return 1;
}

/* Wait for its end, not beyond the deadline. */
static bool reap(struct child *c, int *status)
{
	for (;;) {
		pid_t r = waitpid(c->pid, status, WNOHANG);
		if (r == c->pid)
			return true;
		if (r < 0 && errno != EINTR) {
			/* Who ignores SIGCHLD is not told how a child ended. */
			*status = 0;
			return true;
		}
		if (clock_mono_ns() >= c->deadline)
			return false;
		nanosleep(&(struct timespec){ .tv_nsec = REAP_MS * 1000000L }, NULL);
	}
}

static int judge(const char *helper, const char *name, int status, struct err *e)
{
	if (WIFSIGNALED(status))
		return err_set(e, ERR_IO, "secret '%s': the helper '%s' was killed by signal %d", name, helper, WTERMSIG(status));
	if (WEXITSTATUS(status))
		return err_set(e, ERR_IO, "secret '%s': the helper '%s' exited with status %d", name, helper, WEXITSTATUS(status));
	return 0;
}

int secret_from_helper(const char *helper, const char *name, struct secret_raw *raw, struct err *e)
{
	struct child c;
	int status = 0, rc = start(&c, helper, name, e);
	if (rc < 0)
		return rc;
	raw->n = 0;
	rc = read_out(&c, raw, e);
	/* With its output closed, a helper that prints for ever dies of SIGPIPE. */
	close(c.out);
	if (rc < 0)
		err_wrap(e, "secret '%s' from the helper '%s'", name, helper);
	bool ended = rc > 0 && reap(&c, &status);
	if (!ended) {
		kill(c.pid, SIGKILL);
		while (waitpid(c.pid, &status, 0) < 0 && errno == EINTR)
			;
		if (rc >= 0)
			rc = err_set(e, ERR_IO, "secret '%s': the helper '%s' took longer than %d s", name, helper, SECRET_HELPER_S);
		return rc;
	}
	if (raw->n == SECRET_RAW)
		return 0;
	return judge(helper, name, status, e);
}
