/* SPDX-License-Identifier: MIT */
#include "stream/linefile.h"

#include "base/buf.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

#define WRITE_AT ((size_t)64 << 10)

struct linefile {
	int fd;
	char *path;
	bool dirty;              /* written since the last fdatasync */
	struct buf buf;          /* whole lines */
};

int linefile_open(struct linefile **out, const char *path, struct err *e)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (fd < 0) {
		err_sys(e, errno, "cannot open");
		return err_at(e, path, 0, 0);
	}
	struct linefile *f = mem_zalloc(sizeof *f);
	f->fd = fd;
	f->path = mem_strdup(path);
	*out = f;
	return 0;
}

static int write_out(struct linefile *f, struct err *e)
{
	size_t done = 0;
	while (done < f->buf.n) {
		ssize_t w = write(f->fd, f->buf.p + done, f->buf.n - done);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0) {
			err_sys(e, errno, "cannot write");
			buf_clear(&f->buf);
			return err_at(e, f->path, 0, 0);
		}
		done += (size_t)w;
	}
	buf_clear(&f->buf);
	f->dirty = true;
	return 0;
}

int linefile_put(struct linefile *f, const char *line, size_t n, struct err *e)
{
	buf_put(&f->buf, line, n);
	buf_putc(&f->buf, '\n');
	return f->buf.n >= WRITE_AT ? write_out(f, e) : 0;
}

int linefile_flush(struct linefile *f, struct err *e)
{
	int r = f->buf.n ? write_out(f, e) : 0;
	if (r != 0 || !f->dirty)
		return r;
	/* A pipe or a terminal cannot be made durable; that is no failure. */
	if (fdatasync(f->fd) != 0 && errno != EINVAL && errno != EROFS && errno != ENOTSUP) {
		err_sys(e, errno, "cannot make it durable");
		return err_at(e, f->path, 0, 0);
	}
	f->dirty = false;
	return 0;
}

int linefile_close(struct linefile *f, struct err *e)
{
	if (!f)
		return 0;
	int r = linefile_flush(f, e);
	if (close(f->fd) != 0 && r == 0) {
		err_sys(e, errno, "cannot close");
		r = err_at(e, f->path, 0, 0);
	}
	buf_release(&f->buf);
	mem_free(f->path);
	mem_free(f);
	return r;
}
