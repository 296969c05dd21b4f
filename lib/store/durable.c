/* SPDX-License-Identifier: MIT */
/* Files that are there whole or not at all, also after a power cut; folders that are known to be durable are remembered. */
#include "store/local.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/rand.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif
#include <stdio.h>

int store_write_all(const struct store *s, int fd, const void *p, size_t n, const char *path, struct err *e)
{
	const char *at = p;
	while (n) {
		int errnum = store_step(s, "write", path);
		ssize_t w = errnum ? -1 : write(fd, at, n);
		if (w < 0) {
			errnum = errnum ? errnum : errno;
			if (errnum == EINTR)
				continue;
			return err_sys(e, errnum, "cannot write %s", path);
		}
		at += w;
		n -= (size_t)w;
	}
	return 0;
}

int store_sync_close(const struct store *s, int fd, const char *path, struct err *e)
{
	int errnum = store_step(s, "fsync", path);
	if (!errnum && fsync(fd))
		errnum = errno;
	if (close(fd) && !errnum)
		errnum = errno;
	return errnum ? err_sys(e, errnum, "cannot sync %s", path) : 0;
}

/* The folder that holds PATH, to be freed. */
static char *parent_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	if (!slash || slash == path)
		return mem_strdup("/");
	return mem_strndup(path, (size_t)(slash - path));
}

/* FOREIGN: a folder that we did not make and may have no right to open. */
static int sync_dir(const struct store *s, const char *dir, bool foreign, struct err *e)
{
	int errnum = store_step(s, "fsyncdir", dir);
	if (errnum)
		return err_sys(e, errnum, "cannot sync folder %s", dir);
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		if (foreign && (errno == EACCES || errno == EPERM))
			return 0;
		return err_sys(e, errno, "cannot open folder %s", dir);
	}
	/* Some file systems have no fsync of folders and say EINVAL: their names are durable by other means. */
	if (fsync(fd) && errno != EINVAL && !(foreign && errno == EROFS))
		errnum = errno;
	close(fd);
	return errnum ? err_sys(e, errnum, "cannot sync folder %s", dir) : 0;
}

int store_sync_parent(const struct store *s, const char *path, struct err *e)
{
	char *dir = parent_of(path);
	int rc = sync_dir(s, dir, false, e);
	mem_free(dir);
	return rc;
}

int store_sync(struct store *s, const char *dir, struct err *e)
{
	char *path;
	int rc = store_full(s, dir, &path, e);
	if (rc)
		return rc;
	rc = sync_dir(s, path, false, e);
	mem_free(path);
	return rc;
}

/* Where DIR is, or would be, in the set. Called with the lock held. */
static char **durable_slot(struct store *s, const char *dir)
{
	size_t i = (size_t)hash_bytes(dir, strlen(dir), 0);
	for (;; i++) {
		char **slot = &s->durable[i & (s->durable_cap - 1)];
		if (!*slot || strcmp(*slot, dir) == 0)
			return slot;
	}
}

static bool durable_known(struct store *s, const char *dir)
{
	pthread_mutex_lock(&s->lock);
	bool known = s->durable_cap && *durable_slot(s, dir);
	pthread_mutex_unlock(&s->lock);
	return known;
}

static void durable_add(struct store *s, const char *dir)
{
	pthread_mutex_lock(&s->lock);
	if (2 * (s->ndurable + 1) > s->durable_cap) {
		char **old = s->durable;
		size_t n = s->durable_cap;
		s->durable_cap = n ? 2 * n : 16;
		s->durable = mem_zalloc(s->durable_cap * sizeof *s->durable);
		for (size_t i = 0; i < n; i++)
			if (old[i])
				*durable_slot(s, old[i]) = old[i];
		mem_free(old);
	}
	char **slot = durable_slot(s, dir);
	if (!*slot) {
		*slot = mem_strdup(dir);
		s->ndurable++;
	}
	pthread_mutex_unlock(&s->lock);
}

static bool below_root(const struct store *s, const char *dir)
{
	size_t n = strlen(s->root);
	return strncmp(dir, s->root, n) == 0 && (dir[n] == '/' || dir[n] == '\0');
}

/* A folder that is there already may be the work of another process that has not got round to the fsync: inside the
 * root every parent is made durable once, whoever made the folder. Above the root only what we make ourselves. */
static int store_durable_dir(struct store *s, const char *dir, struct err *e)
{
	if (strcmp(dir, "/") == 0 || durable_known(s, dir))
		return 0;
	char *parent = parent_of(dir);
	int errnum = store_step(s, "mkdir", dir), r = 0;
	bool made = !errnum && mkdir(dir, 0777) == 0;
	if (!made && !errnum)
		errnum = errno;
	if (!made && errnum == ENOENT) {
		r = store_durable_dir(s, parent, e);
		errnum = 0;
		if (r == 0 && mkdir(dir, 0777))
			errnum = errno;
		made = r == 0 && !errnum;
	} else if (!made && errnum == EEXIST && below_root(s, dir) && strcmp(dir, s->root) != 0) {
		r = store_durable_dir(s, parent, e);
	}
	if (r == 0 && !made && errnum != EEXIST) {
		/* mkdir of a folder that is there may be refused for lack of rights before it is found to exist. */
		struct stat st;
		if (stat(dir, &st) || !S_ISDIR(st.st_mode))
			r = err_sys(e, errnum, "cannot create folder %s", dir);
	}
	if (r == 0 && (made || below_root(s, dir)))
		r = sync_dir(s, parent, !made, e);
	if (r == 0)
		durable_add(s, dir);
	mem_free(parent);
	return r;
}

int store_durable_parent(struct store *s, const char *path, struct err *e)
{
	char *dir = parent_of(path);
	int rc = store_durable_dir(s, dir, e);
	mem_free(dir);
	return rc;
}

int store_mkdir(struct store *s, const char *dir, struct err *e)
{
	char *path;
	int rc = store_full(s, dir, &path, e);
	if (rc)
		return rc;
	rc = store_durable_dir(s, path, e);
	mem_free(path);
	return rc;
}

int store_temp(struct store *s, const char *path, char **temp, int *fd, struct err *e)
{
	char uuid[UUID_TEXT + 1];
	const char *slash = strrchr(path, '/');
	struct buf b = BUF_INIT;
	rand_uuid(uuid);
	buf_put(&b, path, (size_t)(slash - path) + 1);
	/* A long name plus the UUID may pass the file system's limit; the start of it says enough. */
	buf_printf(&b, ".%.150s.%s.tmp", slash + 1, uuid);
	*temp = buf_detach(&b, NULL);
	int errnum = store_step(s, "open", *temp);
	*fd = errnum ? -1 : open(*temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (*fd >= 0)
		return 0;
	errnum = errnum ? errnum : errno;
	err_sys(e, errnum, "cannot create %s", *temp);
	mem_free(*temp);
	*temp = NULL;
	return ERR_IO;
}

/* A temporary file beside PATH with the content, durable but for its name. */
static int write_temp(struct store *s, const char *path, const void *p, size_t n, char **temp, struct err *e)
{
	int fd, r = store_durable_parent(s, path, e);
	if (r == 0)
		r = store_temp(s, path, temp, &fd, e);
	if (r)
		return r;
	r = store_write_all(s, fd, p, n, *temp, e);
	if (r)
		close(fd);
	else
		r = store_sync_close(s, fd, *temp, e);
	if (r) {
		unlink(*temp);
		mem_free(*temp);
		*temp = NULL;
	}
	return r;
}

/* Give TEMP the name PATH, which must be free; TEMP is gone afterwards. Returns an errno. */
static int link_new(struct store *s, const char *temp, const char *path)
{
	struct stat st;
	int errnum = store_step(s, "link", path);
	if (errnum)
		goto out;
	if (link(temp, path) == 0)
		goto out;
	errnum = errno;
	/* Over NFS a link that was made may still be answered with an error: the count of names tells. */
	if (stat(temp, &st) == 0 && st.st_nlink == 2)
		errnum = 0;
	else if (errnum == EPERM || errnum == ENOSYS || errnum == EOPNOTSUPP || errnum == EMLINK)
		/* File systems without hard links. */
		errnum = renameat2(AT_FDCWD, temp, AT_FDCWD, path, RENAME_NOREPLACE) == 0 ? 0 : errno;
out:
	if (store_step(s, "unlink", temp) == 0)
		unlink(temp); /* a hidden file left behind harms nobody */
	return errnum;
}

/* Give TEMP the name PATH, whatever has it. Returns an errno. */
static int rename_over(struct store *s, const char *temp, const char *path)
{
	int errnum = store_step(s, "rename", path);
	if (!errnum && rename(temp, path))
		errnum = errno;
	if (errnum)
		unlink(temp);
	return errnum;
}

/* A file with the content, made durable under another name before it gets its own. */
static int put(struct store *s, const char *name, const void *p, size_t n, bool replace, struct err *e)
{
	char *path, *temp = NULL;
	int rc = store_full(s, name, &path, e);
	if (rc)
		return rc;
	rc = write_temp(s, path, p, n, &temp, e);
	if (rc == 0) {
		int errnum = replace ? rename_over(s, temp, path) : link_new(s, temp, path);
		if (errnum == EEXIST && !replace)
			rc = err_set(e, ERR_EXISTS, "%s already exists", path);
		else if (errnum)
			rc = err_sys(e, errnum, "cannot %s %s", replace ? "write" : "make", path);
	}
	if (rc == 0)
		rc = store_sync_parent(s, path, e);
	mem_free(temp);
	mem_free(path);
	return rc;
}

int store_put(struct store *s, const char *name, const void *p, size_t n, struct err *e)
{
	return put(s, name, p, n, true, e);
}

int store_put_if_absent(struct store *s, const char *name, const void *p, size_t n, struct err *e)
{
	return put(s, name, p, n, false, e);
}
