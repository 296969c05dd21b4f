/* SPDX-License-Identifier: MIT */
/* A queue of blocks between the thread that puts and the one that writes, the middle of it in a file when it is long. */
#include "io/spool.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/term.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Blocks of the file begin at whole pages, so that each can be given back whole. */
#define PAGE 4096u

/* Where a block is. SPILLING: it is being written to the file, by the thread that put it. */
enum where { IN_MEMORY, SPILLING, ON_DISK };

struct block {
	struct block *next;
	enum where where;
	size_t n, cap;
	char *p;                 /* NULL on disk */
	uint64_t at;             /* in the file */
};

struct spool {
	int fd;
	const char *name;
	size_t mem_max;
	uint64_t disk_max;
	bool regular;            /* the output is a file: it takes writes of any size */
	void (*before_write)(void);
	bool terminal;           /* what a terminal would obey is shown (base/term.h) */
	int file;                /* where blocks are spilled to; -1: none */
	int wake;                /* an eventfd: interrupts the writer's poll */
	pthread_t writer;
	bool started;

	pthread_mutex_t lock;    /* guards all below, not the bytes of a block that the writer or a spilling thread has */
	pthread_cond_t work, room, idle, spilt;
	struct block *head, *tail; /* the last one is open for more while it is in memory */
	bool stop, failed;
	bool no_holes;           /* the file system cannot take back what was read */
	bool file_full;          /* until all is written */
	uint64_t pending, disk_end;
	struct spool_stats st;
	struct err err;
};

/* --- the file --- */

static int open_file(struct spool *s, const char *dir, struct err *e)
{
	const char *tmp = getenv("TMPDIR");
	struct buf path = BUF_INIT;
	dir = dir ? dir : tmp && *tmp ? tmp : "/tmp";
	s->file = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (s->file < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
		buf_printf(&path, "%s/smtools-spool-XXXXXX", dir);
		s->file = mkostemp(buf_cstr(&path), O_CLOEXEC);
		if (s->file >= 0)
			unlink(path.p);
	}
	buf_release(&path);
	return s->file < 0 ? err_sys(e, errno, "cannot create a spill file in '%s'", dir) : 0;
}

static bool write_file(int fd, const char *p, size_t n, uint64_t at)
{
	while (n) {
		ssize_t w = pwrite(fd, p, n, (off_t)at);
		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return false;
		p += w;
		n -= (size_t)w;
		at += (uint64_t)w;
	}
	return true;
}

static bool can_spill(const struct spool *s, size_t n)
{
	uint64_t used = s->no_holes ? s->disk_end : s->st.on_disk;
	return s->file >= 0 && !s->file_full && n <= s->disk_max && used <= s->disk_max - n;
}

/* Write a full block to the file. The lock is held on entry and on return, but not while the disk is at work. */
static void spill(struct spool *s, struct block *b)
{
	b->where = SPILLING;
	b->at = s->disk_end;
	s->disk_end += (b->n + PAGE - 1) / PAGE * PAGE;
	s->st.on_disk += b->n;
	pthread_mutex_unlock(&s->lock);
	bool ok = write_file(s->file, b->p, b->n, b->at);
	pthread_mutex_lock(&s->lock);
	if (ok) {
		s->st.in_memory -= b->n;
		s->st.spilled += b->n;
		b->where = ON_DISK;
		mem_free(b->p);
		b->p = NULL;
	} else {
		/* It stays in memory, and no more is let in until the file has been emptied. */
		s->st.on_disk -= b->n;
		s->st.disk_full = s->file_full = true;
		b->where = IN_MEMORY;
		b->cap = b->n;
	}
	pthread_cond_broadcast(&s->spilt);
}

/* A block of the file has been written out. */
static void give_back(struct spool *s, const struct block *b)
{
	s->st.on_disk -= b->n;
	if (s->st.on_disk == 0) {
		/* Nobody is writing to it now: what is being spilled counts already. */
		s->disk_end = 0;
		(void)!ftruncate(s->file, 0);
	} else if (!s->no_holes && fallocate(s->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)b->at,
		(off_t)((b->n + PAGE - 1) / PAGE * PAGE)) < 0) {
		s->no_holes = true;
	}
}

/* --- the writing thread --- */

static void fail(struct spool *s, int errnum, const char *what)
{
	pthread_mutex_lock(&s->lock);
	if (!s->failed)
		err_sys(&s->err, errnum, "%s%s", s->name, what);
	s->failed = true;
	pthread_cond_broadcast(&s->room);
	pthread_cond_broadcast(&s->idle);
	pthread_mutex_unlock(&s->lock);
}

/* Wait until a write of PIPE_BUF bytes would not block; false: we are to stop. */
static bool wait_writable(struct spool *s)
{
	for (;;) {
		struct pollfd p[2] = { { .fd = s->fd, .events = POLLOUT }, { .fd = s->wake, .events = POLLIN } };
		if (poll(p, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			return true;
		}
		if (p[1].revents)
			return false;
		/* A broken pipe as well: the write finds out. */
		if (p[0].revents)
			return true;
	}
}

static bool write_out(struct spool *s, const char *p, size_t n)
{
	size_t most = s->regular ? (size_t)1 << 20 : PIPE_BUF;
	while (n) {
		if (!wait_writable(s))
			return false;
		if (s->before_write)
			s->before_write();
		ssize_t w = write(s->fd, p, n < most ? n : most);
		if (w < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (w < 0) {
			fail(s, errno, "");
			return false;
		}
		p += w;
		n -= (size_t)w;
		pthread_mutex_lock(&s->lock);
		s->st.written += (uint64_t)w;
		s->pending -= (uint64_t)w;
		pthread_mutex_unlock(&s->lock);
	}
	return true;
}

static bool read_file(struct spool *s, const struct block *b, struct buf *to)
{
	size_t got = 0;
	buf_clear(to);
	buf_reserve(to, b->n);
	while (got < b->n) {
		ssize_t r = pread(s->file, to->p + got, b->n - got, (off_t)(b->at + got));
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0) {
			fail(s, r < 0 ? errno : EIO, ": cannot read spilled data back");
			return false;
		}
		got += (size_t)r;
	}
	return true;
}

/* The oldest block, out of the queue; NULL: we are to stop. */
static struct block *take_block(struct spool *s)
{
	struct block *b;
	pthread_mutex_lock(&s->lock);
	while (!s->stop && (!s->head || s->head->where == SPILLING))
		pthread_cond_wait(s->head ? &s->spilt : &s->work, &s->lock);
	b = s->stop ? NULL : s->head;
	if (b) {
		s->head = b->next;
		if (!s->head)
			s->tail = NULL;
	}
	pthread_mutex_unlock(&s->lock);
	return b;
}

static void done_with(struct spool *s, struct block *b)
{
	pthread_mutex_lock(&s->lock);
	if (b->where == ON_DISK)
		give_back(s, b);
	else
		s->st.in_memory -= b->n;
	pthread_cond_broadcast(&s->room);
	if (s->pending == 0) {
		s->file_full = false;
		pthread_cond_broadcast(&s->idle);
	}
	pthread_mutex_unlock(&s->lock);
	mem_free(b->p);
	mem_free(b);
}

static void *writer_main(void *arg)
{
	struct spool *s = arg;
	struct buf back = BUF_INIT;
	struct block *b;
	bool ok = true;
	while (ok && (b = take_block(s)) != NULL) {
		if (b->where == ON_DISK)
			ok = read_file(s, b, &back) && write_out(s, back.p, b->n);
		else
			ok = write_out(s, b->p, b->n);
		done_with(s, b);
		/* A line of many megabytes need not be kept room for. */
		if (back.cap > 4 * SPOOL_BLOCK)
			buf_release(&back);
	}
	buf_release(&back);
	return NULL;
}

/* Every signal belongs to the other threads, but SIGPIPE and those that a fault of this one brings. */
static int start(struct spool *s, struct err *e)
{
	static const int ours[] = { SIGPIPE, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
	sigset_t set, old;
	sigfillset(&set);
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		sigdelset(&set, ours[i]);
	pthread_sigmask(SIG_SETMASK, &set, &old);
	int rc = pthread_create(&s->writer, NULL, writer_main, s);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	s->started = rc == 0;
	return rc ? err_sys(e, rc, "cannot start a thread") : 0;
}

/* --- for the caller --- */

int spool_new(struct spool **out, int fd, const char *name, size_t mem_max, const char *dir, uint64_t disk_max, void (*before_write)(void),
	      struct err *e)
{
	struct spool *s = mem_zalloc(sizeof *s);
	pthread_condattr_t mono;
	struct stat st;
	int rc = 0;
	*out = NULL;
	s->fd = fd;
	s->name = name;
	s->mem_max = mem_max < 2 * SPOOL_BLOCK ? 2 * SPOOL_BLOCK : mem_max;
	s->disk_max = disk_max;
	s->before_write = before_write;
	s->terminal = isatty(fd) != 0;
	s->regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	s->file = -1;
	pthread_condattr_init(&mono);
	pthread_condattr_setclock(&mono, CLOCK_MONOTONIC);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->work, NULL);
	pthread_cond_init(&s->room, NULL);
	pthread_cond_init(&s->spilt, NULL);
	pthread_cond_init(&s->idle, &mono);
	pthread_condattr_destroy(&mono);
	s->wake = eventfd(0, EFD_CLOEXEC);
	if (s->wake < 0)
		rc = err_sys(e, errno, "cannot create an eventfd");
	if (rc == 0 && disk_max)
		rc = open_file(s, dir, e);
	if (rc == 0)
		rc = start(s, e);
	if (rc < 0)
		spool_free(s);
	else
		*out = s;
	return rc;
}

void spool_free(struct spool *s)
{
	if (!s)
		return;
	if (s->started) {
		pthread_mutex_lock(&s->lock);
		s->stop = true;
		pthread_cond_broadcast(&s->work);
		pthread_cond_broadcast(&s->spilt);
		pthread_mutex_unlock(&s->lock);
		(void)!write(s->wake, &(uint64_t){ 1 }, sizeof(uint64_t));
		pthread_join(s->writer, NULL);
	}
	for (struct block *b = s->head, *next; b; b = next) {
		next = b->next;
		mem_free(b->p);
		mem_free(b);
	}
	if (s->wake >= 0)
		close(s->wake);
	if (s->file >= 0)
		close(s->file);
	pthread_cond_destroy(&s->work);
	pthread_cond_destroy(&s->room);
	pthread_cond_destroy(&s->spilt);
	pthread_cond_destroy(&s->idle);
	pthread_mutex_destroy(&s->lock);
	mem_free(s);
}

static int report(const struct spool *s, struct err *e)
{
	return s->failed ? err_copy(e, &s->err) : 0;
}

/* With an empty queue anything fits, however long. */
static bool fits(const struct spool *s, size_t n)
{
	size_t open = s->tail && s->tail->where == IN_MEMORY ? s->tail->n : 0;
	return s->pending == 0 || (n <= s->mem_max && s->st.in_memory <= s->mem_max - n) || can_spill(s, open + n);
}

static void append(struct spool *s, const void *p, size_t n)
{
	struct block *b = s->tail;
	if (!b || b->where != IN_MEMORY || b->cap - b->n < n) {
		b = mem_zalloc(sizeof *b);
		b->cap = n > SPOOL_BLOCK ? n : SPOOL_BLOCK;
		b->p = mem_alloc(b->cap);
		if (s->tail)
			s->tail->next = b;
		else
			s->head = b;
		s->tail = b;
	}
	memcpy(b->p + b->n, p, n);
	b->n += n;
	s->pending += n;
	s->st.in_memory += n;
}

int spool_put(struct spool *s, const void *p, size_t n, struct err *e)
{
	struct buf shown = BUF_INIT;
	if (s->terminal) {
		term_show(&shown, p, n, "\n\t");
		p = shown.p;
		n = shown.n;
	}
	pthread_mutex_lock(&s->lock);
	if (n && !s->failed && !fits(s, n)) {
		int64_t from = clock_mono_ns();
		while (!s->failed && !fits(s, n))
			pthread_cond_wait(&s->room, &s->lock);
		s->st.waited_ns += clock_mono_ns() - from;
	}
	if (n && !s->failed) {
		struct block *before = s->tail;
		append(s, p, n);
		pthread_cond_signal(&s->work);
		/* The newest full block goes to the file; the oldest are needed first. */
		struct block *full = before && before != s->tail ? before : s->tail->n >= SPOOL_BLOCK ? s->tail : NULL;
		if (full && s->st.in_memory > s->mem_max && full->where == IN_MEMORY && can_spill(s, full->n))
			spill(s, full);
	}
	int rc = report(s, e);
	pthread_mutex_unlock(&s->lock);
	buf_release(&shown);
	return rc;
}

uint64_t spool_pending(struct spool *s)
{
	pthread_mutex_lock(&s->lock);
	uint64_t n = s->pending;
	pthread_mutex_unlock(&s->lock);
	return n;
}

int spool_flush(struct spool *s, int64_t deadline_ns, struct err *e)
{
	int64_t ns = deadline_ns > 0 ? deadline_ns : 0;
	struct timespec t = { ns / NS_PER_SEC, ns % NS_PER_SEC };
	bool late = false;
	pthread_mutex_lock(&s->lock);
	while (s->pending && !s->failed && !late)
		if (deadline_ns == INT64_MAX)
			pthread_cond_wait(&s->idle, &s->lock);
		else
			late = pthread_cond_timedwait(&s->idle, &s->lock, &t) != 0;
	int rc = report(s, e);
	if (rc == 0 && s->pending)
		rc = err_set(e, ERR_RETRY, "%s: %llu bytes are not yet written", s->name, (unsigned long long)s->pending);
	pthread_mutex_unlock(&s->lock);
	return rc;
}

void spool_stats(struct spool *s, struct spool_stats *st)
{
	pthread_mutex_lock(&s->lock);
	*st = s->st;
	st->file_size = s->disk_end;
	pthread_mutex_unlock(&s->lock);
}
