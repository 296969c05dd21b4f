/* SPDX-License-Identifier: MIT */
/* A ring of hashes in memory, and the files in which it lives between runs. */
#include "fetch/seen.h"

#include "base/fd.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/num.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#define ENTRY 8
#define PREFIX "seen-"
#define GROWN 8                      /* x max entries: the file gives way to a new one */

/* The ring holds the newest `max` additions; a hash is known while its newest addition is in the ring. */
struct seen {
	size_t max;
	uint64_t *ring;
	uint64_t added;              /* additions in all; the next goes to ring[added % max] */
	uint64_t *hash;              /* open addressing; 0: free */
	uint64_t *at;                /* number of its newest addition */
	size_t nslots, used;
	char *folder;
	int fd;                      /* -1: in memory alone */
	int64_t file, oldest;        /* its number; that of the oldest that is kept */
	uint64_t entries;            /* in the file, those unwritten included */
	struct buf unwritten;
};

static size_t slot_of(const struct seen *s, uint64_t h)
{
	size_t i = hash_again(h) & (s->nslots - 1);
	while (s->hash[i] && s->hash[i] != h)
		i = (i + 1) & (s->nslots - 1);
	return i;
}

static bool live(const struct seen *s, size_t slot)
{
	return s->hash[slot] && s->added - s->at[slot] < s->max;
}

/* Make room, and drop what has left the ring. */
static void rebuild(struct seen *s)
{
	uint64_t *hash = s->hash, *at = s->at;
	size_t n = s->nslots, alive = 0;
	for (size_t i = 0; i < n; i++)
		alive += live(s, i);
	size_t want = 1024;
	while (want < alive * 4)
		want *= 2;
	s->nslots = want;
	s->hash = mem_zalloc(want * sizeof *s->hash);
	s->at = mem_zalloc(want * sizeof *s->at);
	s->used = 0;
	for (size_t i = 0; i < n; i++) {
		if (!hash[i] || s->added - at[i] >= s->max)
			continue;
		size_t to = slot_of(s, hash[i]);
		s->hash[to] = hash[i];
		s->at[to] = at[i];
		s->used++;
	}
	mem_free(hash);
	mem_free(at);
}

static bool add_hash(struct seen *s, uint64_t h)
{
	if (s->used * 2 >= s->nslots)
		rebuild(s);
	size_t i = slot_of(s, h);
	bool known = live(s, i);
	if (!s->hash[i])
		s->used++;
	s->hash[i] = h;
	s->at[i] = ++s->added;
	s->ring[(s->added - 1) % s->max] = h;
	return known;
}

/* 0 marks a free slot. */
uint64_t seen_hash(const void *key, size_t n)
{
	uint64_t h = XXH3_64bits(key, n);
	return h ? h : 1;
}

bool seen_has(const struct seen *s, uint64_t hash)
{
	return s->max && s->nslots && live(s, slot_of(s, hash));
}

bool seen_keeps(const struct seen *s)
{
	return s->max > 0;
}

bool seen_add(struct seen *s, uint64_t h)
{
	if (!s->max)
		return false;
	bool known = add_hash(s, h);
	if (s->fd >= 0) {
		buf_le64(&s->unwritten, h);
		s->entries++;
	}
	return known;
}

static char *path_of(const struct seen *s, int64_t file)
{
	struct buf b = BUF_INIT;
	buf_printf(&b, "%s/" PREFIX "%lld", s->folder, (long long)file);
	return buf_detach(&b, NULL);
}

static int failed(const char *path, int errnum, const char *what, struct err *e)
{
	err_sys(e, errnum, "%s", what);
	return err_at(e, path, 0, 0);
}

static bool number_of(const char *name, int64_t *file)
{
	size_t n = strlen(PREFIX);
	return strncmp(name, PREFIX, n) == 0 && num_i64(name + n, strlen(name + n), file) && *file > 0;
}

static uint64_t le64(const unsigned char *p)
{
	uint64_t v = 0;
	for (int i = 7; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

/* Take over the first COUNT entries of the file. *LENGTH: all that it has. */
static int load(struct seen *s, int64_t file, uint64_t count, uint64_t *length, struct err *e)
{
	unsigned char block[4096];
	char *path = path_of(s, file);
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;
	struct stat st;
	ssize_t n = 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		rc = err_set(e, ERR_CONFLICT, "%s does not exist, but the checkpoint's cursor refers to it", path);
	else if ((uint64_t)st.st_size / ENTRY < count)
		rc = err_set(e, ERR_CONFLICT, "%s has %lld entries, but the checkpoint's cursor counts %llu", path,
			     (long long)st.st_size / ENTRY, (unsigned long long)count);
	else
		*length = st.st_size % ENTRY ? UINT64_MAX
					     : (uint64_t)st.st_size / ENTRY; /* a torn tail: nobody goes on in it */
	/* What is older than the ring is of no use. */
	uint64_t i = count > 2 * s->max ? count - 2 * s->max : 0;
	while (rc == 0 && i < count && (n = pread(fd, block, sizeof block, (off_t)(i * ENTRY))) > 0)
		for (ssize_t at = 0; at + ENTRY <= n && i < count; at += ENTRY, i++)
			add_hash(s, le64(block + at));
	if (rc == 0 && i < count)
		rc = failed(path, n < 0 ? errno : EIO, "cannot read", e);
	if (fd >= 0)
		close(fd);
	mem_free(path);
	return rc;
}

static int flush(struct seen *s, struct err *e)
{
	int code = fd_write_all(s->fd, s->unwritten.p, s->unwritten.n);
	if (code)
		return failed(s->folder, code, "cannot write the file of keys", e);
	buf_clear(&s->unwritten);
	return fdatasync(s->fd) < 0 ? failed(s->folder, errno, "cannot sync the file of keys", e) : 0;
}

static int open_file(struct seen *s, int64_t file, int flags, struct err *e)
{
	char *path = path_of(s, file);
	s->fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | flags, 0666);
	int rc = s->fd < 0 ? failed(path, errno, "cannot open", e) : 0;
	s->file = file;
	mem_free(path);
	return rc;
}

static int sync_folder(const struct seen *s, struct err *e)
{
	int fd = open(s->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	if (fd < 0 || fsync(fd) < 0)
		rc = failed(s->folder, errno, "cannot sync", e);
	if (fd >= 0)
		close(fd);
	return rc;
}

/* A file of its own for this run, with what is known. */
static int start_file(struct seen *s, int64_t file, struct err *e)
{
	int rc = open_file(s, file, O_CREAT | O_EXCL, e);
	uint64_t n = s->added < s->max ? s->added : s->max;
	s->entries = n;
	if (!s->oldest)
		s->oldest = file;
	for (uint64_t i = 0; i < n; i++)
		buf_le64(&s->unwritten, s->ring[(s->added - n + i) % s->max]);
	if (rc == 0)
		rc = flush(s, e);
	return rc == 0 ? sync_folder(s, e) : rc;
}

/* The highest number in the folder; files below KEEP are removed. */
static int look_around(const struct seen *s, int64_t keep, int64_t *highest, struct err *e)
{
	DIR *d = opendir(s->folder);
	int64_t n;
	*highest = 0;
	for (;;) {
		errno = d ? 0 : errno;
		struct dirent *en = d ? readdir(d) : NULL;
		if (!en)
			break;
		if (!number_of(en->d_name, &n))
			continue;
		if (n > *highest)
			*highest = n;
		if (n < keep)
			unlinkat(dirfd(d), en->d_name, 0);
	}
	int rc = errno ? err_sys(e, errno, "cannot list %s", s->folder) : 0;
	if (d)
		closedir(d);
	return rc;
}

static int open_folder(struct seen *s, const struct json *from, struct err *e)
{
	int64_t file = 0, count = 0;
	uint64_t length = 0;
	const char *name = from ? json_str(json_get(from, "file")) : NULL;
	if (from && (!name || !number_of(name, &file) || !json_i64(json_get(from, "n"), &count) || count < 0))
		return err_set(e, ERR_DATA, "the cursor's \"seen\" is damaged");
	int rc = file ? load(s, file, (uint64_t)count, &length, e) : 0;
	if (rc < 0)
		return rc;
	int64_t highest;
	if ((rc = look_around(s, file, &highest, e)) < 0)
		return rc;
	s->oldest = file;
	if (file && highest == file && length == (uint64_t)count && length < GROWN * s->max) {
		s->entries = length;
		return open_file(s, file, 0, e);
	}
	return start_file(s, highest + 1, e);
}

int seen_open(struct seen **out, size_t max, const char *folder, const struct json *from, struct err *e)
{
	struct seen *s = mem_zalloc(sizeof *s);
	int rc = 0;
	s->max = max;
	s->fd = -1;
	s->ring = max ? mem_array(NULL, max, sizeof *s->ring) : NULL;
	if (max && folder) {
		s->folder = mem_strdup(folder);
		rc = open_folder(s, from, e);
	}
	if (rc < 0) {
		seen_free(s);
		return rc;
	}
	*out = s;
	return 0;
}

void seen_free(struct seen *s)
{
	if (!s)
		return;
	if (s->fd >= 0)
		close(s->fd);
	buf_release(&s->unwritten);
	mem_free(s->ring);
	mem_free(s->hash);
	mem_free(s->at);
	mem_free(s->folder);
	mem_free(s);
}

int seen_sync(struct seen *s, struct err *e)
{
	if (s->fd < 0 || !s->unwritten.n)
		return 0;
	if (s->entries < GROWN * s->max)
		return flush(s, e);
	/* What is unwritten is in the ring as well. */
	buf_clear(&s->unwritten);
	close(s->fd);
	s->fd = -1;
	return start_file(s, s->file + 1, e);
}

bool seen_has_old(const struct seen *s)
{
	return s->fd >= 0 && s->oldest < s->file;
}

void seen_forget(struct seen *s, const struct json *recorded)
{
	int64_t file;
	const char *name = json_str(json_get(recorded, "file"));
	if (!name || !number_of(name, &file) || file > s->file)
		return;
	int64_t highest;
	if (look_around(s, file, &highest, NULL) == 0)
		s->oldest = file;
}

bool seen_ref(const struct seen *s, struct buf *b)
{
	if (s->fd < 0)
		return false;
	buf_printf(b, "{\"file\":\"" PREFIX "%lld\",\"n\":%llu}", (long long)s->file, (unsigned long long)s->entries);
	return true;
}
