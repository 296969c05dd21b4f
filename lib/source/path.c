/* SPDX-License-Identifier: MIT */
/* Walks the operands of smfetch files. */
#include "source/path.h"

#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_LEVELS 64

static void add(struct path_list *to, const char *path)
{
	MEM_GROW(to->v, to->cap, to->n + 1);
	to->v[to->n++] = path;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int read_names(struct path_list *names, struct arena *a, const char *folder, struct err *e)
{
	DIR *dir = opendir(folder);
	if (!dir) {
		err_sys(e, errno, "cannot open");
		return err_at(e, folder, 0, 0);
	}
	for (;;) {
		errno = 0;
		struct dirent *en = readdir(dir);
		if (!en)
			break;
		if (en->d_name[0] != '.')
			add(names, arena_strdup(a, en->d_name));
	}
	int rc = 0;
	if (errno) {
		err_sys(e, errno, "cannot read");
		rc = err_at(e, folder, 0, 0);
	}
	closedir(dir);
	if (names->n)
		qsort(names->v, names->n, sizeof *names->v, by_name);
	return rc;
}

/* An archive's members are matched, not its own name. */
static bool is_archive_name(const char *name)
{
	static const char *const ends[] = { ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst", ".zip", ".7z" };
	size_t n = strlen(name);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		size_t m = strlen(ends[i]);
		if (n > m && strcmp(name + n - m, ends[i]) == 0)
			return true;
	}
	return false;
}

static void find_own(struct path_list *to)
{
	struct stat st;
	for (size_t i = 0; i < sizeof to->own / sizeof *to->own; i++)
		if (to->own[i] && stat(to->own[i], &st) == 0) {
			to->own_id[i][0] = (uint64_t)st.st_dev;
			to->own_id[i][1] = (uint64_t)st.st_ino;
		}
}

static bool is_own(struct path_list *to, const char *path, const struct stat *st)
{
	for (size_t i = 0; i < sizeof to->own / sizeof *to->own; i++)
		if (to->own_id[i][1] && to->own_id[i][0] == (uint64_t)st->st_dev && to->own_id[i][1] == (uint64_t)st->st_ino) {
			to->found = to->found ? to->found : path;
			return true;
		}
	return false;
}

static int walk(struct path_list *to, struct arena *a, const char *folder, const char *include, unsigned level, struct err *e)
{
	struct path_list names = { 0 };
	struct stat st;
	if (level == MAX_LEVELS) {
		err_set(e, ERR_DATA, "folders nested deeper than %d levels", MAX_LEVELS);
		return err_at(e, folder, 0, 0);
	}
	int rc = read_names(&names, a, folder, e);
	size_t n = strlen(folder);
	const char *slash = n && folder[n - 1] == '/' ? "" : "/";
	for (size_t i = 0; rc == 0 && i < names.n; i++) {
		const char *path = arena_printf(a, "%s%s%s", folder, slash, names.v[i]);
		/* Gone since it was listed, or a link to nowhere. All else is told: what lies there would be passed over. */
		int why = lstat(path, &st) < 0 ? errno : 0;
		bool link = !why && S_ISLNK(st.st_mode);
		if (link)
			why = stat(path, &st) < 0 ? errno : 0;
		if (why == ENOENT) {
			if (link && !to->dangling)
				to->dangling = path;
			continue;
		}
		if (why) {
			err_sys(e, why, "cannot access it");
			rc = err_at(e, path, 0, 0);
		} else if (is_own(to, path, &st))
			continue;
		else if (S_ISDIR(st.st_mode) && !link)
			rc = walk(to, a, path, include, level + 1, e);
		else if (S_ISREG(st.st_mode)) {
			if (!include || is_archive_name(names.v[i]) || fnmatch(include, names.v[i], 0) == 0)
				add(to, path);
			else
				to->unlike++;
		}
	}
	mem_free(names.v);
	return rc;
}

int path_expand(struct path_list *to, struct arena *a, const char *const *operands, size_t n, const char *include,
		struct err *e)
{
	struct stat st;
	find_own(to);
	if (!n)
		add(to, "-");
	for (size_t i = 0; i < n; i++) {
		const char *path = arena_strdup(a, operands[i]);
		if (strcmp(path, "-") == 0) {
			add(to, path);
			continue;
		}
		if (stat(path, &st) < 0) {
			err_sys(e, errno, "cannot open");
			return err_at(e, path, 0, 0);
		}
		if (is_own(to, path, &st)) {
			err_set(e, ERR_USAGE, "belongs to this run (--resume, --on-error), so it cannot be its input");
			return err_at(e, path, 0, 0);
		}
		if (!S_ISDIR(st.st_mode)) {
			add(to, path);
			continue;
		}
		int rc = walk(to, a, path, include, 0, e);
		if (rc < 0)
			return rc;
	}
	return 0;
}
