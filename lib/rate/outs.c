/* SPDX-License-Identifier: MIT */
/* A thread and a buffer for each output, and the rule that picks one for a record. */
#include "rate/outs.h"

#include "base/ascii.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/term.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_NS INT64_C(1000000)     /* how long what a pipe holds is believed */

struct one {
	struct outs *all;
	pthread_t thread;
	pthread_cond_t came;
	bool running;
	int given;               /* the number in fd:N, -1: it was another form */
	int fd, pipe_size;       /* 0: no pipe */
	bool small;              /* a write may block, so it is a small one, made when poll says that it does not */
	bool terminal;           /* what a terminal would obey is shown */
	char *name;
	struct buf in, work;     /* to be written: given by the owner, taken by the thread */
	size_t done;             /* of work */
	bool closed;             /* its reader is gone; `work` from the first record that was not written whole, and `in`, are left */
	int64_t looked;
	size_t held;             /* in the pipe, then, and what was given since */
	struct outs_stats st;
};

struct outs {
	pthread_mutex_t lock;
	pthread_cond_t room;     /* something was written, or failed */
	enum outs_balance balance;
	size_t n, turn;
	bool stop, marks, failed;
	int wake;                /* readable when threads are to give up */
	struct err err;
	struct one one[OUTS_MAX];
};

/* --- a thread for each --- */

/* No thread waits for its reader any longer. */
static void give_up(struct outs *all)
{
	uint64_t one = 1;
	all->failed = true;
	if (all->wake >= 0 && write(all->wake, &one, sizeof one) < 0)
		return;
}

static void fail(struct one *o, int code)
{
	struct outs *all = o->all;
	if (code == EPIPE) {
		o->closed = o->st.closed = true;
		if (all->balance == OUTS_LEAST && !all->marks)
			return;
	}
	if (!all->failed)
		err_sys(&all->err, code, "output '%s'", o->name);
	give_up(all);
}

/* `work` as far as it was written in whole records; a record of which a part went out counts as not written. */
static void keep_unwritten(struct one *o)
{
	const char *lf = o->done ? memrchr(o->work.p, '\n', o->done) : NULL;
	size_t whole = lf ? (size_t)(lf + 1 - o->work.p) : 0;
	memmove(o->work.p, o->work.p + whole, o->work.n - whole);
	o->work.n -= whole;
	o->done = 0;
}

/* Wait until the output takes something, or until nobody waits for it any more. */
static void await(const struct one *o)
{
	struct pollfd p[2] = { { .fd = o->fd, .events = POLLOUT }, { .fd = o->all->wake, .events = POLLIN } };
	poll(p, 2, -1);
}

/* Write a part of what is at P; the lock is not held. The errno, 0: *DONE bytes were written. */
static int write_some(const struct one *o, const char *p, size_t n, size_t *done)
{
	if (o->small) {
		/* When poll says so, a pipe has room for this much. */
		await(o);
		n = n < PIPE_BUF ? n : PIPE_BUF;
	}
	ssize_t w = write(o->fd, p, n < OUTS_BUFFER ? n : OUTS_BUFFER);
	*done = w > 0 ? (size_t)w : 0;
	if (w >= 0 || errno == EINTR)
		return 0;
	if (errno != EAGAIN)
		return errno;
	await(o);
	return 0;
}

static void write_work(struct one *o)
{
	struct outs *all = o->all;
	while (o->done < o->work.n && !o->closed && !all->failed) {
		const char *p = o->work.p + o->done;
		size_t n = o->work.n - o->done, done;
		pthread_mutex_unlock(&all->lock);
		int code = write_some(o, p, n, &done);
		uint64_t lines = ascii_lines(p, done);
		pthread_mutex_lock(&all->lock);
		o->done += done;
		o->st.bytes += done;
		o->st.lines += lines;
		if (code)
			fail(o, code);
		pthread_cond_broadcast(&all->room);
	}
	if (o->closed || all->failed)
		keep_unwritten(o);
	else
		buf_clear(&o->work);
	o->done = 0;
}

static void *run(void *arg)
{
	struct one *o = arg;
	struct outs *all = o->all;
	pthread_mutex_lock(&all->lock);
	while (!o->closed && !all->failed) {
		while (!o->in.n && !all->stop && !all->failed)
			pthread_cond_wait(&o->came, &all->lock);
		if (!o->in.n || all->failed)
			break;
		struct buf t = o->work;
		o->work = o->in;
		o->in = t;
		write_work(o);
		pthread_cond_broadcast(&all->room);
	}
	pthread_mutex_unlock(&all->lock);
	return NULL;
}

/* --- opening --- */

/* A thread must be able to give up on a reader that takes nothing. A descriptor may be shared with others, who would be
 * surprised if it did not block any more; so a pipe is opened once more, for us alone. Where that cannot be done small
 * writes are made when poll allows them. */
static int set_up(struct one *o, struct err *e)
{
	char path[48];
	struct stat st;
	if (fstat(o->fd, &st) != 0)
		return err_sys(e, errno, "output '%s'", o->name);
	o->terminal = isatty(o->fd) != 0;
	o->small = !S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode) && (!S_ISCHR(st.st_mode) || o->terminal);
	if (!o->pipe_size)
		return 0;
	snprintf(path, sizeof path, "/proc/self/fd/%d", o->fd);
	int own = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (own < 0)
		return 0;
	close(o->fd);
	o->fd = own;
	o->small = false;
	return 0;
}

static int open_one(struct outs *all, const char *name, size_t n, struct err *e)
{
	uint64_t fd;
	if (!n)
		return err_set(e, ERR_USAGE, "--out: an output without a name");
	if (all->n == OUTS_MAX)
		return err_set(e, ERR_USAGE, "--out must be at most %d outputs", OUTS_MAX);
	struct one *o = &all->one[all->n++];
	o->all = all;
	o->name = mem_strndup(name, n);
	o->st.name = o->name;
	o->fd = o->given = -1;
	pthread_cond_init(&o->came, NULL);
	if (n > 3 && memcmp(name, "fd:", 3) == 0) {
		if (!num_u64(name + 3, n - 3, &fd) || fd > INT32_MAX)
			return err_set(e, ERR_USAGE, "--out: '%s' is not a file descriptor", o->name);
		o->given = (int)fd;
		for (size_t i = 0; i + 1 < all->n; i++)
			if (all->one[i].given == o->given)
				return err_set(e, ERR_USAGE, "--out: '%s' is given twice", o->name);
		o->fd = fcntl(o->given, F_DUPFD_CLOEXEC, 3);
	} else if (strcmp(o->name, "-") == 0) {
		o->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	} else {
		o->fd = open(o->name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	}
	if (o->fd < 0)
		return err_sys(e, errno, "output '%s'", o->name);
	int size = fcntl(o->fd, F_GETPIPE_SZ);
	o->pipe_size = size > 0 ? size : 0;
	return set_up(o, e);
}

static int start(struct outs *all, struct err *e)
{
	for (size_t i = 0; i < all->n; i++) {
		int code = pthread_create(&all->one[i].thread, NULL, run, &all->one[i]);
		if (code)
			return err_sys(e, code, "cannot start a thread");
		all->one[i].running = true;
	}
	return 0;
}

int outs_open(struct outs **out, const char *list, enum outs_balance balance, struct err *e)
{
	struct outs *all = mem_zalloc(sizeof *all);
	int rc = 0;
	all->balance = balance;
	all->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (all->wake < 0)
		rc = err_sys(e, errno, "cannot create an event descriptor");
	pthread_mutex_init(&all->lock, NULL);
	pthread_cond_init(&all->room, NULL);
	for (const char *p = list; rc == 0; p++) {
		size_t n = strcspn(p, ",");
		rc = open_one(all, p, n, e);
		p += n;
		if (!*p)
			break;
	}
	if (rc == 0)
		rc = start(all, e);
	if (rc != 0) {
		all->failed = true;
		all->err = *e;
		outs_close(all, NULL);
		return rc;
	}
	*out = all;
	return 0;
}

size_t outs_count(const struct outs *o)
{
	return o->n;
}

/* --- giving --- */

static bool has_room(const struct one *o, size_t n)
{
	return !o->closed && (!o->in.n || o->in.n + n <= OUTS_BUFFER);
}

static double fullness(struct one *o, int64_t now)
{
	if (o->pipe_size && now - o->looked >= LOOK_NS) {
		int held;
		o->held = ioctl(o->fd, FIONREAD, &held) == 0 && held > 0 ? (size_t)held : 0;
		o->looked = now;
	}
	return (double)(o->in.n + o->work.n - o->done + o->held) / (double)(2 * OUTS_BUFFER + (size_t)o->pipe_size);
}

static struct one *least(struct outs *all, size_t n)
{
	struct one *best = NULL;
	double best_full = 0;
	int64_t now = clock_mono_ns();
	size_t at = 0;
	for (size_t k = 0; k < all->n; k++) {
		size_t i = (all->turn + k) % all->n;
		struct one *o = &all->one[i];
		if (!has_room(o, n))
			continue;
		double full = fullness(o, now);
		if (!best || full < best_full) {
			best = o;
			best_full = full;
			at = i;
		}
	}
	if (best)
		all->turn = at + 1;
	return best;
}

static void give(struct one *o, const char *p, size_t n)
{
	bool idle = !o->in.n;
	if (o->terminal)
		term_show(&o->in, p, n, "\n\t");
	else
		buf_put(&o->in, p, n);
	if (idle)
		pthread_cond_signal(&o->came);
}

static int failure(const struct outs *all, struct err *e)
{
	return all->failed ? err_copy(e, &all->err) : 0;
}

static bool any_open(const struct outs *all)
{
	for (size_t i = 0; i < all->n; i++)
		if (!all->one[i].closed)
			return true;
	return false;
}

static int place(struct outs *all, uint64_t route, const char *p, size_t n, struct err *e)
{
	for (;;) {
		struct one *o = &all->one[route % all->n];
		int rc = failure(all, e);
		if (rc != 0)
			return rc;
		if (!any_open(all))
			return err_set(e, ERR_IO, OUTS_ALL_CLOSED);
		if (all->balance == OUTS_LEAST)
			o = least(all, n);
		else if (!has_room(o, n))
			o = NULL;
		if (o) {
			give(o, p, n);
			return 0;
		}
		pthread_cond_wait(&all->room, &all->lock);
	}
}

/* What a closed output has not written goes to the others. */
static int rescue(struct outs *all, struct err *e)
{
	int rc = 0;
	for (size_t i = 0; i < all->n && rc == 0 && all->balance == OUTS_LEAST; i++) {
		struct one *o = &all->one[i];
		if (!o->closed || !(o->work.n + o->in.n))
			continue;
		struct buf left = BUF_INIT;
		buf_put(&left, o->work.p, o->work.n);
		buf_put(&left, o->in.p, o->in.n);
		buf_clear(&o->work);
		buf_clear(&o->in);
		for (size_t at = 0; at < left.n && rc == 0;) {
			const char *lf = memchr(left.p + at, '\n', left.n - at);
			size_t n = (size_t)(lf + 1 - (left.p + at));
			rc = place(all, 0, left.p + at, n, e);
			at += n;
		}
		buf_release(&left);
	}
	return rc;
}

int outs_record(struct outs *all, uint64_t route, const char *line, size_t n, struct err *e)
{
	pthread_mutex_lock(&all->lock);
	int rc = rescue(all, e);
	if (rc == 0)
		rc = place(all, route, line, n, e);
	pthread_mutex_unlock(&all->lock);
	return rc;
}

int outs_mark(struct outs *all, const char *line, size_t n, struct err *e)
{
	pthread_mutex_lock(&all->lock);
	all->marks = true;
	int rc = failure(all, e);
	for (size_t i = 0; i < all->n && rc == 0; i++) {
		struct one *o = &all->one[i];
		while (!has_room(o, n) && !o->closed && !all->failed)
			pthread_cond_wait(&all->room, &all->lock);
		rc = failure(all, e);
		if (rc == 0 && o->closed)
			rc = err_sys(e, EPIPE, "output '%s'", o->name);
		if (rc == 0)
			give(o, line, n);
	}
	pthread_mutex_unlock(&all->lock);
	return rc;
}

static bool unwritten(const struct outs *all)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->one[i].in.n + all->one[i].work.n)
			return true;
	return false;
}

int outs_drain(struct outs *all, struct err *e)
{
	pthread_mutex_lock(&all->lock);
	int rc = rescue(all, e);
	while ((rc = rc ? rc : failure(all, e)) == 0 && unwritten(all)) {
		pthread_cond_wait(&all->room, &all->lock);
		rc = rescue(all, e);
	}
	pthread_mutex_unlock(&all->lock);
	return rc;
}

void outs_stats(struct outs *all, size_t i, struct outs_stats *st)
{
	pthread_mutex_lock(&all->lock);
	*st = all->one[i].st;
	pthread_mutex_unlock(&all->lock);
}

size_t outs_closed(struct outs *all)
{
	size_t n = 0;
	pthread_mutex_lock(&all->lock);
	for (size_t i = 0; i < all->n; i++)
		n += all->one[i].closed;
	pthread_mutex_unlock(&all->lock);
	return n;
}

int outs_close(struct outs *all, struct err *e)
{
	if (!all)
		return 0;
	int rc = outs_drain(all, e);
	pthread_mutex_lock(&all->lock);
	all->stop = true;
	if (rc != 0)
		give_up(all);
	for (size_t i = 0; i < all->n; i++)
		pthread_cond_signal(&all->one[i].came);
	pthread_mutex_unlock(&all->lock);
	for (size_t i = 0; i < all->n; i++) {
		struct one *o = &all->one[i];
		if (o->running)
			pthread_join(o->thread, NULL);
		if (o->fd >= 0 && close(o->fd) != 0 && rc == 0 && !o->closed)
			rc = err_sys(e, errno, "output '%s'", o->name);
		pthread_cond_destroy(&o->came);
		buf_release(&o->in);
		buf_release(&o->work);
		mem_free(o->name);
	}
	if (all->wake >= 0)
		close(all->wake);
	pthread_mutex_destroy(&all->lock);
	pthread_cond_destroy(&all->room);
	mem_free(all);
	return rc;
}
