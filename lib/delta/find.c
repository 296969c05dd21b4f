/* SPDX-License-Identifier: MIT */
/* Walks folders for tables. */
#include "delta/find.h"

#include "base/buf.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct walk {
	delta_found_fn *fn;
	void *arg;
	struct buf path;
	unsigned deep;
};

static bool is_folder(struct walk *w, const char *name, bool follow)
{
	size_t n = w->path.n;
	struct stat st;
	buf_printf(&w->path, "/%s", name);
	const char *path = buf_cstr(&w->path);
	bool is = (follow ? stat(path, &st) : lstat(path, &st)) == 0 && S_ISDIR(st.st_mode);
	w->path.n = n;
	buf_cstr(&w->path);
	return is;
}

static int wanted(const struct dirent *de)
{
	return de->d_name[0] != '.' && (de->d_type == DT_DIR || de->d_type == DT_UNKNOWN);
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int walk(struct walk *w, struct err *e)
{
	struct dirent **names;
	size_t len = w->path.n;
	if (is_folder(w, "_delta_log", true))
		return w->fn(w->arg, buf_cstr(&w->path), e);
	if (w->deep == DELTA_FIND_DEEP)
		return err_set(e, ERR_IO, "'%s' is too deep: tables are looked for in %d levels of folders", buf_cstr(&w->path), DELTA_FIND_DEEP);
	int n = scandir(buf_cstr(&w->path), &names, wanted, by_bytes), rc = 0;
	if (n < 0)
		return err_sys(e, errno, "cannot open '%s'", buf_cstr(&w->path));
	w->deep++;
	for (int i = 0; i < n; i++) {
		if (rc == 0 && is_folder(w, names[i]->d_name, false)) {
			buf_printf(&w->path, "/%s", names[i]->d_name);
			rc = walk(w, e);
			w->path.n = len;
		}
		free(names[i]);
	}
	w->deep--;
	free(names);
	return rc;
}

int delta_find(const char *dir, delta_found_fn *fn, void *arg, struct err *e)
{
	struct walk w = { .fn = fn, .arg = arg, .path = BUF_INIT };
	size_t n = strlen(dir);
	while (n > 1 && dir[n - 1] == '/')
		n--;
	buf_put(&w.path, dir, n);
	int rc = walk(&w, e);
	buf_release(&w.path);
	return rc;
}
