/* SPDX-License-Identifier: MIT */
/* Writes a secret where the next run looks for it. */
#include "base/fd.h"
#include "secret/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The folders of PATH, those that are missing for the owner alone. The last one is narrowed: names are nobody's business either. */
static int make_folders(char *path, struct err *e)
{
	char *last = strrchr(path, '/');
	for (char *p = path + 1; (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		int rc = mkdir(path, 0700) < 0 && errno != EEXIST ? err_sys(e, errno, "cannot create the folder %s", path) : 0;
		if (rc == 0 && p == last && chmod(path, 0700) < 0)
			rc = err_sys(e, errno, "cannot set the mode of %s", path);
		*p = '/';
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int write_file(const char *path, const char *value, size_t n, struct err *e)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_sys(e, errno, "cannot create %s", path);
	int fault = fd_write_all(fd, value, n);
	if (!fault && fsync(fd) < 0)
		fault = errno;
	int rc = fault ? err_sys(e, fault, "cannot write %s", path) : 0;
	if (close(fd) < 0 && rc == 0)
		rc = err_sys(e, errno, "cannot write %s", path);
	return rc;
}

static int sync_folder(const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd < 0 || fsync(fd) < 0 ? err_sys(e, errno, "cannot sync the folder %s", path) : 0;
	if (fd >= 0)
		close(fd);
	return rc;
}

int secret_store(const char *path, const char *value, size_t n, struct err *e)
{
	struct buf own = BUF_INIT, temp = BUF_INIT;
	buf_puts(&own, path);
	buf_cstr(&own);
	int rc = make_folders(own.p, e);
	char *last = strrchr(own.p, '/');
	buf_printf(&temp, "%.*s/.%s.%ld", (int)(last - own.p), own.p, last + 1, (long)getpid());
	if (rc == 0)
		rc = write_file(buf_cstr(&temp), value, n, e);
	if (rc == 0 && rename(buf_cstr(&temp), path) < 0)
		rc = err_sys(e, errno, "cannot create %s", path);
	if (rc < 0)
		unlink(buf_cstr(&temp));
	*last = '\0';
	if (rc == 0)
		rc = sync_folder(own.p, e);
	buf_release(&own);
	buf_release(&temp);
	return rc;
}
