// SPDX-License-Identifier: MIT
/* Looks for data files in SM_SHARE, beside the program, and where they were installed. */
#include "base/datadir.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const beside[] = { "../share/smtools", "../share", "../../share" };

/* The executable's folder, or "" when /proc does not tell. */
static size_t exe_dir(char *to, size_t cap)
{
	ssize_t n = readlink("/proc/self/exe", to, cap - 1);
	if (n <= 0 || (size_t)n >= cap - 1)
		return 0;
	while (n > 0 && to[n - 1] != '/')
		n--;
	to[n] = '\0';
	return (size_t)n;
}

/* 1, 0, or negative. */
static int is_there(struct buf *b, struct err *e)
{
	struct stat st;
	if (stat(buf_cstr(b), &st) == 0)
		return 1;
	return errno == ENOENT ? 0 : err_sys(e, errno, "cannot access %s", b->p);
}

int data_path(struct buf *b, const char *name, struct err *e)
{
	char dir[PATH_MAX];
	const char *set = getenv("SM_SHARE");
	buf_clear(b);
	if (set && *set) {
		buf_printf(b, "%s/%s", set, name);
		int is = is_there(b, e);
		if (is)
			return is < 0 ? is : 0;
		return err_set(e, ERR_NOT_FOUND, "no data file %s in %s (SM_SHARE)", name, set);
	}
	size_t n = exe_dir(dir, sizeof dir);
	for (size_t i = 0; n && i < sizeof beside / sizeof *beside; i++) {
		buf_clear(b);
		buf_printf(b, "%s%s/%s", dir, beside[i], name);
		int is = is_there(b, e);
		if (is)
			return is < 0 ? is : 0;
	}
	buf_clear(b);
	buf_printf(b, "%s/%s", SM_DATADIR, name);
	int is = is_there(b, e);
	if (is)
		return is < 0 ? is : 0;
	return err_set(e, ERR_NOT_FOUND,
		       "no data file %s beside the program (../share) or in %s: set SM_SHARE to its folder", name,
		       SM_DATADIR);
}

static int read_fd(int fd, struct buf *b, size_t max, struct err *e)
{
	for (;;) {
		char *to = buf_reserve(b, 64 << 10);
		ssize_t r = fd_read(fd, to, 64 << 10);
		if (r < 0)
			return err_sys(e, errno, "cannot read");
		if (r == 0)
			return 0;
		b->n += (size_t)r;
		if (b->n > max)
			return err_set(e, ERR_DATA, "larger than %zu bytes", max);
	}
}

int file_read(struct buf *b, const char *path, size_t max, struct err *e)
{
	buf_clear(b);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc = fd < 0 ? err_sys(e, errno, "cannot open") : read_fd(fd, b, max, e);
	if (rc)
		err_at(e, path, 0, 0);
	if (fd >= 0)
		close(fd);
	return rc;
}

int data_read(struct buf *b, const char *name, size_t max, struct buf *path, struct err *e)
{
	struct buf own = BUF_INIT;
	if (!path)
		path = &own;
	int rc = data_path(path, name, e);
	if (!rc)
		rc = file_read(b, path->p, max, e);
	buf_release(&own);
	return rc;
}
