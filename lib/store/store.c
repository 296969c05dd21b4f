/* SPDX-License-Identifier: MIT */
/* A table's folder: paths kept below it, listing, and the hook by which tests make steps fail. */
#include "store/store.h"

#include "base/mem.h"
#include "store/local.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int store_step(const struct store *s, const char *step, const char *path)
{
	return s->fault ? s->fault(s->fault_arg, step, path) : 0;
}

void store_set_fault(struct store *s, store_fault_fn *fn, void *arg)
{
	s->fault = fn;
	s->fault_arg = arg;
}

/* Drop doubled slashes and "." parts, in place. ".." stays: only the kernel knows what it means behind a link. */
static void tidy(char *path)
{
	char *to = path;
	for (const char *p = path; *p; ) {
		while (*p == '/')
			p++;
		const char *end = p;
		while (*end && *end != '/')
			end++;
		if (end > p && !(end - p == 1 && *p == '.')) {
			*to++ = '/';
			memmove(to, p, (size_t)(end - p));
			to += end - p;
		}
		p = end;
	}
	if (to == path)
		*to++ = '/';
	*to = '\0';
}

/* One name for one folder: links are followed as far as the path is there. */
static void follow(char **path)
{
	char *p = *path;
	for (size_t n = strlen(p); n > 1; n--) {
		if (p[n] != '/' && p[n] != '\0')
			continue;
		char kept = p[n];
		p[n] = '\0';
		char *real = realpath(p, NULL);
		p[n] = kept;
		if (!real)
			continue;
		struct buf b = BUF_INIT;
		if (strcmp(real, "/") != 0)
			buf_puts(&b, real);
		buf_puts(&b, p + n);
		free(real);
		mem_free(p);
		*path = b.n ? buf_detach(&b, NULL) : mem_strdup("/");
		return;
	}
}

int store_open(struct store **out, const char *url, struct err *e)
{
	const char *path = url;
	struct buf b = BUF_INIT;
	char cwd[4096];
	if (strncmp(url, "file://", 7) == 0)
		path = url + 7;
	else if (strncmp(url, "file:/", 6) == 0)
		path = url + 5;
	else if (strstr(url, "://"))
		return err_set(e, ERR_UNSUPPORTED, "unsupported kind of address: %s", url);
	if (!*path)
		return err_set(e, ERR_USAGE, "the name of the table's folder is empty");
	if (*path != '/') {
		if (!getcwd(cwd, sizeof cwd))
			return err_sys(e, errno, "cannot get the working folder");
		buf_puts(&b, cwd);
		buf_putc(&b, '/');
	}
	buf_puts(&b, path);
	struct store *s = mem_zalloc(sizeof *s);
	s->root = buf_detach(&b, NULL);
	tidy(s->root);
	follow(&s->root);
	pthread_mutex_init(&s->lock, NULL);
	*out = s;
	return 0;
}

void store_free(struct store *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->durable_cap; i++)
		mem_free(s->durable[i]);
	mem_free(s->durable);
	pthread_mutex_destroy(&s->lock);
	mem_free(s->root);
	mem_free(s);
}

bool store_same(const char *a, const char *b)
{
	struct stat x, y;
	return strcmp(a, b) == 0 || (stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino);
}

const char *store_root(const struct store *s)
{
	return s->root;
}

void store_path(const struct store *s, const char *name, struct buf *b)
{
	if (*name != '/') {
		buf_puts(b, s->root);
		if (*name && b->p[b->n - 1] != '/')
			buf_putc(b, '/');
	}
	buf_puts(b, name);
}

static bool has_dotdot(const char *name)
{
	for (const char *p = name; *p; ) {
		size_t n = strcspn(p, "/");
		if (n == 2 && p[0] == '.' && p[1] == '.')
			return true;
		p += n;
		p += *p == '/';
	}
	return false;
}

int store_full(const struct store *s, const char *name, char **path, struct err *e)
{
	struct buf b = BUF_INIT;
	if (has_dotdot(name))
		return err_set(e, ERR_DATA, "a file name with '..' is refused: %s", name);
	store_path(s, name, &b);
	*path = buf_detach(&b, NULL);
	return 0;
}

static int64_t store_mtime_ms(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000;
}

static int list_entry(DIR *d, const char *name, const char *path, store_list_fn *fn, void *arg, struct err *e)
{
	struct stat st;
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	if (fstatat(dirfd(d), name, &st, 0)) {
		if (errno == ENOENT || errno == ELOOP)
			return 0; /* gone since, or a link to nowhere */
		return err_sys(e, errno, "cannot access %s/%s", path, name);
	}
	struct store_entry entry = { name, 0, store_mtime_ms(&st), S_ISDIR(st.st_mode) };
	if (!entry.dir)
		entry.size = (uint64_t)st.st_size;
	return fn(arg, &entry, e);
}

int store_list(struct store *s, const char *dir, store_list_fn *fn, void *arg, struct err *e)
{
	char *path;
	int rc = store_full(s, dir, &path, e);
	if (rc)
		return rc;
	DIR *d = opendir(path);
	if (!d && errno != ENOENT)
		rc = err_sys(e, errno, "cannot list %s", path);
	while (d && rc == 0) {
		errno = store_step(s, "list", path);
		struct dirent *de = errno ? NULL : readdir(d);
		if (!de) {
			if (errno)
				rc = err_sys(e, errno, "cannot list %s", path);
			break;
		}
		rc = list_entry(d, de->d_name, path, fn, arg, e);
	}
	if (d)
		closedir(d);
	mem_free(path);
	return rc;
}

int store_stat(struct store *s, const char *name, uint64_t *size, int64_t *mtime_ms, struct err *e)
{
	struct stat st;
	char *path;
	int rc = store_full(s, name, &path, e);
	if (rc)
		return rc;
	int errnum = store_step(s, "stat", path);
	if (!errnum && stat(path, &st))
		errnum = errno;
	if (errnum == ENOENT)
		rc = err_set(e, ERR_NOT_FOUND, "%s does not exist", path);
	else if (errnum)
		rc = err_sys(e, errnum, "cannot access %s", path);
	else if (!S_ISREG(st.st_mode))
		rc = err_set(e, ERR_IO, "%s is not a regular file", path);
	if (rc == 0 && size)
		*size = (uint64_t)st.st_size;
	if (rc == 0 && mtime_ms)
		*mtime_ms = store_mtime_ms(&st);
	mem_free(path);
	return rc;
}

int store_delete(struct store *s, const char *name, struct err *e)
{
	char *path;
	int rc = store_full(s, name, &path, e);
	if (rc)
		return rc;
	int errnum = store_step(s, "unlink", path);
	if (!errnum && unlink(path))
		errnum = errno;
	if (errnum == ENOENT)
		rc = err_set(e, ERR_NOT_FOUND, "%s does not exist", path);
	else if (errnum)
		rc = err_sys(e, errnum, "cannot remove %s", path);
	mem_free(path);
	return rc;
}

int store_get(struct store *s, const char *name, size_t max, struct buf *b, struct err *e)
{
	struct store_file *f;
	int rc = store_file_open(&f, s, name, e);
	if (rc)
		return rc;
	uint64_t size = store_file_size(f);
	if (size > max)
		rc = err_set(e, ERR_DATA, "%s has %llu bytes; at most %zu allowed", store_file_name(f),
			    (unsigned long long)size, max);
	if (rc == 0) {
		buf_reserve(b, (size_t)size + 1);
		rc = store_file_read(f, 0, b->p + b->n, (size_t)size, e);
	}
	if (rc == 0)
		b->n += (size_t)size;
	store_file_close(f);
	return rc;
}
