/* SPDX-License-Identifier: MIT */
/* Files of a table that are read by ranges or written from one end to the other. */
#include "store/local.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

struct store_file {
	struct store *s;
	int fd;
	uint64_t size;
	char *path;
};

int store_file_open(struct store_file **out, struct store *s, const char *name, struct err *e)
{
	struct stat st;
	char *path;
	int rc = store_full(s, name, &path, e);
	if (rc)
		return rc;
	int errnum = store_step(s, "open", path);
	int fd = errnum ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO is refused, not waited for */
	if (fd < 0 && !errnum)
		errnum = errno;
	if (!errnum && fstat(fd, &st))
		errnum = errno;
	bool other = !errnum && !S_ISREG(st.st_mode);
	if (errnum || other) {
		rc = other	     ? err_set(e, ERR_IO, "%s is not a regular file", path)
		    : errnum == ENOENT ? err_set(e, ERR_NOT_FOUND, "%s does not exist", path)
				       : err_sys(e, errnum, "cannot open %s", path);
		if (fd >= 0)
			close(fd);
		mem_free(path);
		return rc;
	}
	struct store_file *f = mem_zalloc(sizeof *f);
	*f = (struct store_file){ s, fd, (uint64_t)st.st_size, path };
	*out = f;
	return 0;
}

uint64_t store_file_size(const struct store_file *f)
{
	return f->size;
}

const char *store_file_name(const struct store_file *f)
{
	return f->path;
}

int store_file_read(void *arg, uint64_t off, void *to, size_t n, struct err *e)
{
	const struct store_file *f = arg;
	char *at = to;
	while (n) {
		int errnum = store_step(f->s, "read", f->path);
		ssize_t r = errnum ? -1 : pread(f->fd, at, n, (off_t)off);
		if (r < 0) {
			errnum = errnum ? errnum : errno;
			if (errnum == EINTR)
				continue;
			return err_sys(e, errnum, "cannot read %s", f->path);
		}
		if (r == 0)
			return err_set(e, ERR_DATA, "%s ends at byte %llu, %zu bytes expected there", f->path,
				       (unsigned long long)off, n);
		at += r;
		off += (uint64_t)r;
		n -= (size_t)r;
	}
	return 0;
}

void store_file_close(struct store_file *f)
{
	if (!f)
		return;
	close(f->fd);
	mem_free(f->path);
	mem_free(f);
}

struct store_out {
	struct store *s;
	int fd;
	uint64_t size;
	char *path, *temp; /* temp: what is written to when PATH is to be replaced; NULL: PATH itself */
};

static struct store_out *out_new(struct store *s, int fd, char *path, char *temp)
{
	struct store_out *o = mem_zalloc(sizeof *o);
	*o = (struct store_out){ s, fd, 0, path, temp };
	return o;
}

int store_out_open(struct store_out **o, struct store *s, const char *name, struct err *e)
{
	char *path;
	int rc = store_full(s, name, &path, e);
	if (rc)
		return rc;
	rc = store_durable_parent(s, path, e);
	if (rc == 0) {
		int errnum = store_step(s, "open", path);
		int fd = errnum ? -1 : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (fd >= 0) {
			*o = out_new(s, fd, path, NULL);
			return 0;
		}
		errnum = errnum ? errnum : errno;
		rc = errnum == EEXIST ? err_set(e, ERR_EXISTS, "%s already exists", path)
				     : err_sys(e, errnum, "cannot create %s", path);
	}
	mem_free(path);
	return rc;
}

int store_out_open_replace(struct store_out **o, struct store *s, const char *name, struct err *e)
{
	char *path, *temp;
	int fd, r = store_full(s, name, &path, e);
	if (r)
		return r;
	r = store_durable_parent(s, path, e);
	if (r == 0)
		r = store_temp(s, path, &temp, &fd, e);
	if (r) {
		mem_free(path);
		return r;
	}
	*o = out_new(s, fd, path, temp);
	return 0;
}

int store_out_write(void *arg, const void *p, size_t n, struct err *e)
{
	struct store_out *o = arg;
	int rc = store_write_all(o->s, o->fd, p, n, o->temp ? o->temp : o->path, e);
	if (rc == 0)
		o->size += n;
	return rc;
}

uint64_t store_out_size(const struct store_out *o)
{
	return o->size;
}

static void out_free(struct store_out *o)
{
	mem_free(o->temp);
	mem_free(o->path);
	mem_free(o);
}

int store_out_close(struct store_out *o, struct err *e)
{
	const char *made = o->temp ? o->temp : o->path;
	int rc = store_sync_close(o->s, o->fd, made, e);
	if (rc == 0 && o->temp) {
		int errnum = store_step(o->s, "rename", o->path);
		if (!errnum && rename(o->temp, o->path))
			errnum = errno;
		if (errnum)
			rc = err_sys(e, errnum, "cannot write %s", o->path);
	}
	if (rc)
		unlink(made);
	else
		rc = store_sync_parent(o->s, o->path, e);
	out_free(o);
	return rc;
}

void store_out_abort(struct store_out *o)
{
	if (!o)
		return;
	close(o->fd);
	unlink(o->temp ? o->temp : o->path);
	out_free(o);
}
