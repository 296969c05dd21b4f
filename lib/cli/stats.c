/* SPDX-License-Identifier: MIT */
/* The thread that prints statistics when the time or SIGUSR1 comes. */
#include "cli/stats.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/num.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

struct stats {
	pthread_t thread;
	int fd;                  /* -1: none */
	char *dest;
	int64_t every;
	stats_print_fn *print;
	void *arg;
	atomic_bool stop;
	struct buf line;
	struct err err;
};

static void print(struct stats *s, int fd, bool last)
{
	buf_clear(&s->line);
	s->print(s->arg, last, &s->line);
	int code = fd_write_all(fd, s->line.p, s->line.n);
	if (code && fd == s->fd) {
		err_sys(&s->err, code, "statistics to '%s'", s->dest);
		s->fd = -1;
	}
}

static void *run(void *arg)
{
	struct stats *s = arg;
	sigset_t usr1, pipe;
	int64_t next = clock_mono_ns() + s->every;
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	/* A reader of statistics that goes away ends no pipeline. */
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, NULL);
	for (;;) {
		int64_t left = next - clock_mono_ns();
		bool timed = s->every && s->fd >= 0;
		left = left > 0 ? left : 0;
		struct timespec t = { left / NS_PER_SEC, left % NS_PER_SEC };
		int sig = timed ? sigtimedwait(&usr1, NULL, &t) : sigwaitinfo(&usr1, NULL);
		if (atomic_load(&s->stop))
			break;
		if (sig == SIGUSR1)
			print(s, STDERR_FILENO, false);
		if (timed && clock_mono_ns() >= next) {
			print(s, s->fd, false);
			next += s->every;
		}
	}
	if (s->fd >= 0)
		print(s, s->fd, true);
	return NULL;
}

static int open_dest(struct stats *s, const char *dest, struct err *e)
{
	uint64_t fd;
	if (strncmp(dest, "fd:", 3) == 0) {
		if (!num_u64(dest + 3, strlen(dest + 3), &fd) || fd > INT32_MAX)
			return err_set(e, ERR_USAGE, "--stats: '%s' is not a file descriptor", dest);
		s->fd = fcntl((int)fd, F_DUPFD_CLOEXEC, 3);
	} else {
		s->fd = open(dest, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	}
	return s->fd >= 0 ? 0 : err_sys(e, errno, "statistics to '%s'", dest);
}

static void release(struct stats *s)
{
	mem_free(s->dest);
	buf_release(&s->line);
	mem_free(s);
}

int run_stats_start(struct stats **out, const char *dest, int64_t every, stats_print_fn *fn, void *arg, struct err *e)
{
	struct stats *s = mem_zalloc(sizeof *s);
	sigset_t usr1;
	s->fd = -1;
	s->every = every;
	s->print = fn;
	s->arg = arg;
	s->dest = mem_strdup(dest ? dest : "");
	int rc = dest ? open_dest(s, dest, e) : 0;
	if (rc == 0) {
		sigemptyset(&usr1);
		sigaddset(&usr1, SIGUSR1);
		pthread_sigmask(SIG_BLOCK, &usr1, NULL);
		int code = pthread_create(&s->thread, NULL, run, s);
		if (code)
			rc = err_sys(e, code, "cannot start a thread");
	}
	if (rc != 0) {
		if (s->fd >= 0)
			close(s->fd);
		release(s);
		return rc;
	}
	*out = s;
	return 0;
}

int run_stats_stop(struct stats *s, struct err *e)
{
	if (!s)
		return 0;
	atomic_store(&s->stop, true);
	pthread_kill(s->thread, SIGUSR1);
	pthread_join(s->thread, NULL);
	if (s->fd >= 0 && close(s->fd) != 0)
		err_sys(&s->err, errno, "statistics to '%s'", s->dest);
	int rc = s->err.code;
	if (rc != 0)
		*e = s->err;
	release(s);
	return rc;
}
