/* SPDX-License-Identifier: MIT */
/* Appending lines to a file that others append to as well, and that may have been torn. */
#include "stream/linefile.h"

#include "base/buf.h"
#include "base/mem.h"
#include "json/doc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRITE_AT ((size_t)64 << 10)
#define LOOK_BACK ((off_t)64 << 10)
#define TAIL_MAX ((off_t)256 << 20)  /* longer lines are not ours */

struct linefile {
	int fd;
	char *path;
	bool regular;            /* it can be mended */
	bool named;              /* its name is durable */
	bool dirty;              /* written since the last fdatasync */
	struct buf buf;          /* whole lines */
};

static int sys(const struct linefile *f, int code, const char *what, struct err *e)
{
	err_sys(e, code, "%s", what);
	return err_at(e, f->path, 0, 0);
}

int linefile_open(struct linefile **out, const char *path, struct err *e)
{
	struct stat st;
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0666);
	if (fd < 0) {
		err_sys(e, errno, "cannot open");
		return err_at(e, path, 0, 0);
	}
	/* To mend it one must read it; of a FIFO that would make a reader of us. */
	int both = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? open(path, O_RDWR | O_APPEND | O_CLOEXEC) : -1;
	if (both >= 0)
		close(fd);
	struct linefile *f = mem_zalloc(sizeof *f);
	f->regular = both >= 0;
	f->fd = f->regular ? both : fd;
	f->path = mem_strdup(path);
	*out = f;
	return 0;
}

static int read_at(const struct linefile *f, char *to, size_t n, off_t at, struct err *e)
{
	for (size_t have = 0; have < n;) {
		ssize_t r = pread(f->fd, to + have, n - have, at + (off_t)have);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return sys(f, r < 0 ? errno : EIO, "cannot read its last line", e);
		have += (size_t)r;
	}
	return 0;
}

/* What is behind the last line end of a file of SIZE bytes. */
static int read_tail(const struct linefile *f, off_t size, struct buf *tail, off_t *at, struct err *e)
{
	off_t want = LOOK_BACK;
	for (;; want *= 8) {
		off_t n = size < want ? size : want;
		buf_clear(tail);
		int rc = read_at(f, buf_reserve(tail, (size_t)n), (size_t)n, size - n, e);
		if (rc != 0)
			return rc;
		const char *nl = memrchr(tail->p, '\n', (size_t)n);
		*at = nl ? size - n + (nl - tail->p) + 1 : size - n;
		if (!nl && n < size && want < TAIL_MAX)
			continue;
		tail->n = (size_t)(size - *at);
		if (nl)
			memmove(tail->p, nl + 1, tail->n);
		return 0;
	}
}

/* How much of the tail is to stay. */
static size_t whole(struct buf *tail)
{
	size_t n = tail->n;
	while (n && tail->p[n - 1] == '\0')
		n--;
	if (n && tail->p[0] == '{' && json_check(tail->p, n, NULL) != 0)
		n = 0;
	return n;
}

/* Locked. The file ends with a line end, or is empty. */
static int mend(struct linefile *f, struct err *e)
{
	struct buf tail = BUF_INIT;
	struct stat st;
	char last;
	off_t at;
	if (!f->regular)
		return 0;
	if (fstat(f->fd, &st) != 0)
		return sys(f, errno, "cannot access it", e);
	if (st.st_size == 0)
		return 0;
	int rc = read_at(f, &last, 1, st.st_size - 1, e);
	if (rc != 0 || last == '\n')
		return rc;
	rc = read_tail(f, st.st_size, &tail, &at, e);
	if (rc == 0) {
		size_t keep = whole(&tail);
		if (keep < tail.n && ftruncate(f->fd, at + (off_t)keep) != 0)
			rc = sys(f, errno, "cannot truncate its torn last line", e);
		if (rc == 0 && keep && write(f->fd, "\n", 1) != 1)
			rc = sys(f, errno ? errno : EIO, "cannot end its last line", e);
	}
	buf_release(&tail);
	return rc;
}

static int append(struct linefile *f, struct err *e)
{
	int rc = mend(f, e);
	for (size_t done = 0; rc == 0 && done < f->buf.n;) {
		ssize_t w = write(f->fd, f->buf.p + done, f->buf.n - done);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0) {
			rc = sys(f, errno, "cannot write", e);
			struct err second;
			mend(f, &second); /* the lines that are whole stay */
			break;
		}
		done += (size_t)w;
	}
	return rc;
}

int linefile_write(struct linefile *f, struct err *e)
{
	if (!f->buf.n)
		return 0;
	/* Where there are no locks (some network file systems) O_APPEND must do. */
	while (f->regular && flock(f->fd, LOCK_EX) != 0 && errno == EINTR)
		;
	int rc = append(f, e);
	if (f->regular)
		flock(f->fd, LOCK_UN);
	buf_clear(&f->buf);
	f->dirty = true;
	return rc;
}

int linefile_put(struct linefile *f, const char *line, size_t n, struct err *e)
{
	buf_put(&f->buf, line, n);
	buf_putc(&f->buf, '\n');
	return f->buf.n >= WRITE_AT ? linefile_write(f, e) : 0;
}

/* A file that is new is not there after a power cut until its folder is durable. */
static int sync_name(struct linefile *f, struct err *e)
{
	if (f->named || !f->regular)
		return 0;
	char *folder = mem_strdup(f->path), *slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder] = '\0';
	int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	mem_free(folder);
	/* A folder that may be searched but not read cannot be made durable by us. */
	if (fd < 0 && errno == EACCES)
		return 0;
	if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL && errno != EROFS && errno != ENOTSUP))
		r = sys(f, errno, "cannot sync its folder", e);
	if (fd >= 0)
		close(fd);
	f->named = r == 0;
	return r;
}

int linefile_flush(struct linefile *f, struct err *e)
{
	int rc = linefile_write(f, e);
	if (rc != 0 || !f->dirty)
		return rc;
	/* A pipe or a terminal cannot be made durable; that is no failure. */
	if (fdatasync(f->fd) != 0 && errno != EINVAL && errno != EROFS && errno != ENOTSUP)
		return sys(f, errno, "cannot sync it", e);
	rc = sync_name(f, e);
	f->dirty = rc != 0;
	return rc;
}

int linefile_close(struct linefile *f, struct err *e)
{
	if (!f)
		return 0;
	int rc = linefile_flush(f, e);
	if (close(f->fd) != 0 && rc == 0)
		rc = sys(f, errno, "cannot close", e);
	buf_release(&f->buf);
	mem_free(f->path);
	mem_free(f);
	return rc;
}
