/* SPDX-License-Identifier: MIT */
#include "source/done.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define TAIL 1024
#define MAX_LOG ((uint64_t)1 << 30)

/* A line of the log. Where an earlier run went on from a line that is not the last, `{"back":L}` says so: from there on
 * the list is that of line L and what follows. So every list that a mark has ever counted can still be read: the mark may be in the
 * table before its checkpoint hears of it, while another run has gone on from an earlier one. */
struct line {
	struct done_file file;
	size_t head;             /* newest entry in the list as of this line, as index + 1; 0: none */
	size_t before;           /* of an entry: the one before it in its list */
};

struct done {
	struct arena arena;
	int fd;                      /* -1: nothing is kept */
	const char *path;
	struct done_file *v;
	size_t n, cap;
	uint32_t *slot;              /* hash table of index + 1 */
	size_t nslots;
	uint64_t lines;              /* in the log, and those in `unwritten` */
	struct buf unwritten;
};

static void index_entry(struct done *d, size_t i)
{
	const char *file = d->v[i].file;
	size_t at = hash_bytes(file, strlen(file), 1) & (d->nslots - 1);
	while (d->slot[at] && strcmp(d->v[d->slot[at] - 1].file, file) != 0)
		at = (at + 1) & (d->nslots - 1);
	d->slot[at] = (uint32_t)i + 1;
}

static void remember(struct done *d, const struct done_file *f)
{
	MEM_GROW(d->v, d->cap, d->n + 1);
	d->v[d->n++] = *f;
	if (d->n * 2 > d->nslots) {
		mem_free(d->slot);
		d->nslots = d->nslots ? d->nslots * 2 : 64;
		d->slot = mem_zalloc(d->nslots * sizeof *d->slot);
		for (size_t i = 0; i < d->n; i++)
			index_entry(d, i);
	} else {
		index_entry(d, d->n - 1);
	}
}

static int damaged(const struct done *d, uint64_t line, struct err *e, const char *why)
{
	err_set(e, ERR_CONFLICT, "%s", why);
	return err_at(e, d->path, line, 0);
}

static int parse_line(struct done *d, const char *p, size_t n, struct line *l, const struct line *lines, size_t i, struct err *e)
{
	struct json *v;
	int64_t back;
	size_t head = i ? lines[i - 1].head : 0;
	*l = (struct line){ .head = head };
	int rc = json_parse(&v, &d->arena, p, n, e);
	if (rc < 0)
		return rc;
	if (json_i64(json_get(v, "back"), &back)) {
		if (back < 0 || (uint64_t)back > i)
			return err_set(e, ERR_DATA, "goes back to a line that is not there");
		l->head = back ? lines[back - 1].head : 0;
		return 0;
	}
	l->before = head;
	l->head = i + 1;
	return done_get(&l->file, &d->arena, v, e);
}

/* Take over the list as of line COUNT. */
static void take_list(struct done *d, const struct line *lines, size_t count)
{
	size_t n = 0, head = count ? lines[count - 1].head : 0;
	size_t *order = mem_array(NULL, count + 1, sizeof *order);
	for (; head; head = lines[head - 1].before)
		order[n++] = head - 1;
	while (n)
		remember(d, &lines[order[--n]].file);
	mem_free(order);
}

/* A last line that is not whole was never counted by a mark: cut it off. */
static int cut(struct done *d, size_t at, size_t n, struct err *e)
{
	if (at < n && ftruncate(d->fd, (off_t)at) < 0) {
		err_sys(e, errno, "cannot cut");
		return err_at(e, d->path, 0, 0);
	}
	return lseek(d->fd, (off_t)at, SEEK_SET) < 0 ? err_sys(e, errno, "%s", d->path) : 0;
}

static int load(struct done *d, const char *p, size_t n, uint64_t count, struct err *e)
{
	struct line *lines = NULL, *l;
	size_t at = 0, i = 0, cap = 0;
	int rc = 0;
	for (const char *nl; at < n && (nl = memchr(p + at, '\n', n - at)); at = (size_t)(nl - p) + 1, i++) {
		MEM_GROW(lines, cap, i + 1);
		l = &lines[i];
		if (parse_line(d, p + at, (size_t)(nl - p) - at, l, lines, i, e) == 0)
			continue;
		if (i < count || (size_t)(nl - p) + 1 < n)
			rc = damaged(d, i + 1, e, "is damaged");
		break;
	}
	if (rc == 0 && i < count)
		rc = damaged(d, 0, e, "has fewer lines than the checkpoint counts: it was cut or replaced");
	if (rc == 0)
		rc = cut(d, at, n, e);
	if (rc == 0) {
		take_list(d, lines, (size_t)count);
		d->lines = i;
		if (i > count) {
			buf_printf(&d->unwritten, "{\"back\":%llu}\n", (unsigned long long)count);
			d->lines++;
		}
	}
	mem_free(lines);
	return rc;
}

static int read_log(struct done *d, uint64_t count, struct err *e)
{
	struct stat st;
	if (fstat(d->fd, &st) < 0 || (uint64_t)st.st_size > MAX_LOG)
		return damaged(d, 0, e, "is no list of files");
	size_t n = 0, size = (size_t)st.st_size;
	char *p = arena_alloc(&d->arena, size + 1);
	while (n < size) {
		ssize_t r = read(d->fd, p + n, size - n);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0) {
			err_sys(e, errno, "cannot read");
			return err_at(e, d->path, 0, 0);
		}
		if (r == 0)
			break;
		n += (size_t)r;
	}
	return load(d, p, n, count, e);
}

int done_open(struct done **out, const char *folder, uint64_t count, struct err *e)
{
	struct done *d = mem_zalloc(sizeof *d);
	int rc = 0;
	d->fd = -1;
	if (folder) {
		d->path = arena_printf(&d->arena, "%s/files", folder);
		d->fd = open(d->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
		if (d->fd < 0) {
			err_sys(e, errno, "cannot open");
			rc = err_at(e, d->path, 0, 0);
		} else {
			rc = read_log(d, count, e);
		}
	}
	if (rc < 0) {
		done_free(d);
		return rc;
	}
	*out = d;
	return 0;
}

void done_free(struct done *d)
{
	if (!d)
		return;
	if (d->fd >= 0)
		close(d->fd);
	mem_free(d->v);
	mem_free(d->slot);
	buf_release(&d->unwritten);
	arena_release(&d->arena);
	mem_free(d);
}

uint64_t done_count(const struct done *d)
{
	return d->lines;
}

const struct done_file *done_find(const struct done *d, const char *file)
{
	if (!d->nslots)
		return NULL;
	size_t at = hash_bytes(file, strlen(file), 1) & (d->nslots - 1);
	for (; d->slot[at]; at = (at + 1) & (d->nslots - 1))
		if (strcmp(d->v[d->slot[at] - 1].file, file) == 0)
			return &d->v[d->slot[at] - 1];
	return NULL;
}

void done_add(struct done *d, const struct done_file *f)
{
	struct done_file copy = *f;
	copy.file = arena_strdup(&d->arena, f->file);
	remember(d, &copy);
	d->lines++;
	if (d->fd < 0)
		return;
	buf_putc(&d->unwritten, '{');
	done_put(&d->unwritten, f);
	buf_puts(&d->unwritten, "}\n");
}

int done_sync(struct done *d, struct err *e)
{
	size_t at = 0;
	if (!d->unwritten.n)
		return 0;
	while (at < d->unwritten.n) {
		ssize_t r = write(d->fd, d->unwritten.p + at, d->unwritten.n - at);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return err_sys(e, errno, "cannot write %s", d->path);
		at += (size_t)r;
	}
	buf_clear(&d->unwritten);
	return fdatasync(d->fd) < 0 ? err_sys(e, errno, "cannot write %s", d->path) : 0;
}

static int tail_crc(int fd, uint64_t at, uint32_t *crc)
{
	unsigned char t[TAIL];
	size_t want = at < TAIL ? (size_t)at : TAIL, n = 0;
	while (n < want) {
		ssize_t r = pread(fd, t + n, want - n, (off_t)(at - want + n));
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return r < 0 ? errno : EIO;
		n += (size_t)r;
	}
	*crc = (uint32_t)crc32(0, t, (uInt)n);
	return 0;
}

int done_look(struct done_file *f, const char *file, uint64_t at, struct err *e)
{
	struct stat st;
	int fd = open(file, O_RDONLY | O_CLOEXEC), why = 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		why = errno;
	if (!why) {
		f->file = file;
		f->size = at == UINT64_MAX ? (uint64_t)st.st_size : at;
		f->mtime_us = (int64_t)st.st_mtim.tv_sec * US_PER_SEC + st.st_mtim.tv_nsec / 1000;
		f->crc = 0;
		why = S_ISREG(st.st_mode) ? tail_crc(fd, f->size, &f->crc) : 0;
	}
	if (fd >= 0)
		close(fd);
	if (!why)
		return 0;
	err_sys(e, why, "cannot read");
	return err_at(e, file, 0, 0);
}

static int changed(const struct done_file *f, struct err *e, const char *how)
{
	err_set(e, ERR_CONFLICT, "%s since this stream read it: give it a new name, or begin anew with another checkpoint", how);
	return err_at(e, f->file, 0, 0);
}

int done_check(const struct done_file *f, struct err *e)
{
	struct done_file now;
	struct stat st;
	if (stat(f->file, &st) < 0) {
		err_sys(e, errno, "cannot open");
		return err_at(e, f->file, 0, 0);
	}
	if (!S_ISREG(st.st_mode))
		return 0;
	uint64_t size = (uint64_t)st.st_size;
	if (size < f->size)
		return changed(f, e, "has shrunk");
	if (size > f->size && f->lines < 0)
		return changed(f, e, "has changed");
	int64_t mtime = (int64_t)st.st_mtim.tv_sec * US_PER_SEC + st.st_mtim.tv_nsec / 1000;
	if (size == f->size && mtime == f->mtime_us)
		return 0;
	int rc = done_look(&now, f->file, f->size, e);
	if (rc < 0)
		return rc;
	if (now.crc != f->crc)
		return changed(f, e, "has changed");
	return size > f->size;
}

void done_put(struct buf *b, const struct done_file *f)
{
	buf_puts(b, "\"file\":");
	json_put_cstr(b, f->file);
	buf_printf(b, ",\"size\":%llu,\"mtime\":%lld,\"crc\":%lu", (unsigned long long)f->size, (long long)f->mtime_us,
		   (unsigned long)f->crc);
	if (f->lines >= 0)
		buf_printf(b, ",\"lines\":%lld", (long long)f->lines);
}

int done_get(struct done_file *f, struct arena *a, const struct json *v, struct err *e)
{
	const struct json *name = json_get(v, "file"), *lines = json_get(v, "lines");
	int64_t size, crc;
	f->lines = -1;
	if (!name || !json_str(name) || !json_i64(json_get(v, "size"), &size) || size < 0 ||
	    !json_i64(json_get(v, "mtime"), &f->mtime_us) || !json_i64(json_get(v, "crc"), &crc) || crc < 0 || crc > UINT32_MAX ||
	    (lines && !json_i64(lines, &f->lines)))
		return err_set(e, ERR_DATA, "no entry of a file");
	f->file = arena_strndup(a, name->str, name->nstr);
	f->size = (uint64_t)size;
	f->crc = (uint32_t)crc;
	return 0;
}
