/* SPDX-License-Identifier: MIT */
/* A file is a pile of streams: what is on disk, and what each layer of packing holds. The topmost is given out, or read by libarchive. */
#include "source/bytes.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "io/unpack.h"
#include "source/members.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK ((size_t)256 << 10)
#define MAGIC 512                 /* bytes that tell a tar */
/* Bytes of a 7z that say where its directory is, and so change when members are appended. */
#define SEVEN_FROM 8
#define SEVEN_TO 32
#define LAYERS 4                  /* of packing */

struct block {
	const char *p;
	size_t n;
};

struct bytes {
	struct bytes_opts o;
	int fd;
	struct stat st;
	bool regular;
	const char *path;             /* for messages */
	int64_t mtime_us;
	struct stream {
		struct bytes *b;
		struct unpack *unpack;        /* of the stream below; NULL: it is the file */
		unsigned char head[BYTES_HEAD];
		size_t nhead, head_at;        /* read to find out what it is; given on up to there */
		struct block rest;            /* behind the head, of the same block */
	} stream[LAYERS + 1];
	size_t top;
	char *in;                     /* CHUNK bytes of the file */
	uint64_t at;                  /* bytes of the topmost that were given on */
	unsigned char tail[BYTES_HEAD];
	size_t ntail;
	enum members_form form;
	unsigned char marked[BYTES_HEAD];     /* of a 7z: its first bytes but for what an appended member changes */
	bool opened;                  /* the one member of what is no archive was given */
	struct members *members;
	struct unpack *inner;         /* a packed member */
	bool in_member;               /* of an archive, and there is more of it */
	struct block from_archive, from_inner;    /* what came and is not yet given on */
	char shown[sizeof ((struct err *)0)->file];
	char name[sizeof ((struct err *)0)->file];
};

/* May the stream that begins with these bytes turn out to be more than plain text once more is known? */
static bool may_be_more(const unsigned char *p, size_t n)
{
	if (n >= MAGIC)
		return false;
	bool skippable = n && (*p & 0xf0) == 0x50 && (n == 1 || p[1] == 0x2a);     /* io/unpack */
	return !n || skippable || memchr("\x1f\x28\xfd" "B\x04P7", *p, 7) != NULL || memchr(p, 0, n) != NULL;
}

static int wait_readable(struct bytes *b, struct err *e)
{
	struct pollfd p = { .fd = b->fd, .events = POLLIN };
	if (b->regular || !b->o.before_wait)
		return 0;
	while (poll(&p, 1, 0) == 0) {
		int rc = b->o.before_wait(b->o.arg, e);
		if (rc < 0)
			return rc;
		metrics_wait(b->o.metrics, METRICS_UPSTREAM, 1);
		rc = poll(&p, 1, BYTES_IDLE_MS);
		metrics_wait(b->o.metrics, METRICS_UPSTREAM, -1);
		if (rc > 0)
			break;
	}
	return 0;
}

static int unreadable(const struct bytes *b, struct err *e)
{
	err_sys(e, errno, "cannot read");
	return err_at(e, b->path, 0, 0);
}

static ssize_t read_fd(struct bytes *b, void *to, size_t n, struct err *e)
{
	ssize_t r = wait_readable(b, e);
	if (r < 0)
		return r;
	r = fd_read(b->fd, to, n);
	metrics_add(b->o.metrics, METRIC_INPUT_READ, r > 0 ? r : 0);
	return r < 0 ? unreadable(b, e) : r;
}

/* The next bytes of stream number I: 1, 0 at the end, or negative. */
static int stream_next(struct stream *s, struct block *k, struct err *e)
{
	struct bytes *b = s->b;
	if (s->head_at < s->nhead) {
		*k = (struct block){ (const char *)s->head + s->head_at, s->nhead - s->head_at };
		s->head_at = s->nhead;
		return 1;
	}
	if (s->rest.n) {
		*k = s->rest;
		s->rest.n = 0;
		return 1;
	}
	if (s->unpack) {
		int r = unpack_next(s->unpack, &k->p, &k->n, e);
		return r < 0 && !e->file[0] ? err_at(e, b->path, 0, 0) : r;
	}
	if (!b->in)
		b->in = mem_alloc(CHUNK);
	ssize_t r = read_fd(b, b->in, CHUNK, e);
	*k = (struct block){ b->in, r > 0 ? (size_t)r : 0 };
	return r < 0 ? (int)r : r > 0;
}

static ssize_t unpack_read(void *arg, const void **p, struct err *e)
{
	struct block k;
	int rc = stream_next(arg, &k, e);
	*p = k.p;
	return rc > 0 ? (ssize_t)k.n : rc;
}

/* Read the first bytes of the topmost stream: of a regular file as many as there are, else what tells what it is. */
static int read_head(struct bytes *b, struct err *e)
{
	struct stream *s = &b->stream[b->top];
	while (s->nhead < BYTES_HEAD && (b->regular || may_be_more(s->head, s->nhead))) {
		struct block k;
		size_t at = s->head_at;
		s->head_at = s->nhead;            /* stream_next goes on behind it */
		int rc = stream_next(s, &k, e);
		s->head_at = at;
		if (rc <= 0)
			return rc;
		size_t n = k.n < BYTES_HEAD - s->nhead ? k.n : BYTES_HEAD - s->nhead;
		memcpy(s->head + s->nhead, k.p, n);
		s->nhead += n;
		s->rest = (struct block){ k.p + n, k.n - n };
	}
	return 0;
}

static int sniff(struct bytes *b, struct err *e)
{
	b->stream[0].b = b;
	for (;;) {
		struct stream *s = &b->stream[b->top];
		int rc = read_head(b, e);
		if (rc < 0)
			return rc;
		enum unpack_kind kind = unpack_kind(s->head, s->nhead);
		if (kind == UNPACK_NONE || b->top == LAYERS)
			break;
		b->stream[++b->top] = (struct stream){ .b = b, .unpack = unpack_new(kind, unpack_read, s) };
	}
	const struct stream *s = &b->stream[b->top];
	b->form = members_form(s->head, s->nhead);
	if (b->form == MEMBERS_7Z) {
		memcpy(b->marked, s->head, s->nhead);
		memset(b->marked + SEVEN_FROM, 0, SEVEN_TO - SEVEN_FROM);
	}
	return 0;
}

/* The last bytes that were given on are N at P. */
static void pass(struct bytes *b, const char *p, size_t n)
{
	struct stream *s = &b->stream[b->top];
	/* A file that has grown since its first bytes were looked at. */
	if (b->at == s->nhead && s->nhead < BYTES_HEAD && b->form == MEMBERS_NONE) {
		size_t k = n < BYTES_HEAD - s->nhead ? n : BYTES_HEAD - s->nhead;
		memcpy(s->head + s->nhead, p, k);
		s->nhead += k;
		s->head_at = s->nhead;
	}
	b->at += n;
	if (n >= BYTES_HEAD) {
		memcpy(b->tail, p + n - BYTES_HEAD, BYTES_HEAD);
		b->ntail = BYTES_HEAD;
		return;
	}
	size_t keep = b->ntail < BYTES_HEAD - n ? b->ntail : BYTES_HEAD - n;
	memmove(b->tail, b->tail + b->ntail - keep, keep);
	memcpy(b->tail + keep, p, n);
	b->ntail = keep + n;
}

/* The archive's next bytes. */
static int members_read(void *arg, const char **p, size_t *n, struct err *e)
{
	struct bytes *b = arg;
	struct block k;
	int rc = stream_next(&b->stream[b->top], &k, e);
	if (rc > 0)
		pass(b, k.p, k.n);
	*p = k.p;
	*n = k.n;
	return rc;
}

static int64_t members_seek(void *arg, int64_t offset, int whence)
{
	struct bytes *b = arg;
	b->stream[0].head_at = b->stream[0].nhead;
	b->stream[0].rest.n = 0;
	return lseek(b->fd, offset, whence);
}

/* Libarchive may jump about in a file that is not packed. */
static int open_members(struct bytes *b, struct err *e)
{
	bool jump = b->regular && !b->top;
	struct members_source src = { members_read, jump ? members_seek : NULL, b, b->fd, (uint64_t)b->st.st_size };
	if (jump && members_seek(b, 0, SEEK_SET) < 0)
		src.seek = NULL;
	return members_open(&b->members, b->form, &src, e);
}

static int open_fd(struct bytes *b, const char *path, bool is_stdin, struct err *e)
{
	b->fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (b->fd < 0 || fstat(b->fd, &b->st) < 0) {
		int why = errno;
		err_sys(e, why, "cannot open");
		if (why == ENOENT)
			e->code = ERR_NOT_FOUND;
		return err_at(e, b->path, 0, 0);
	}
	b->regular = S_ISREG(b->st.st_mode);
	if (!is_stdin)
		b->mtime_us = (int64_t)b->st.st_mtim.tv_sec * US_PER_SEC + b->st.st_mtim.tv_nsec / 1000;
	if (b->regular)
		posix_fadvise(b->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return 0;
}

int bytes_open(struct bytes **out, const char *path, const struct bytes_opts *o, struct err *e)
{
	struct bytes *b = mem_zalloc(sizeof *b);
	bool is_stdin = strcmp(path, "-") == 0;
	if (o)
		b->o = *o;
	b->path = is_stdin ? "<stdin>" : path;
	snprintf(b->shown, sizeof b->shown, "%s", b->path);
	int rc = open_fd(b, path, is_stdin, e);
	if (rc == 0)
		rc = sniff(b, e);
	if (rc) {
		bytes_free(b);
		return rc;
	}
	*out = b;
	return 0;
}

static void close_streams(struct bytes *b)
{
	unpack_free(b->inner);
	b->inner = NULL;
	members_free(b->members);
	b->members = NULL;
	for (size_t i = 0; i <= b->top; i++)
		unpack_free(b->stream[i].unpack);
	memset(b->stream, 0, sizeof b->stream);
	b->top = 0;
}

void bytes_free(struct bytes *b)
{
	if (!b)
		return;
	close_streams(b);
	if (b->fd > STDIN_FILENO)
		close(b->fd);
	mem_free(b->in);
	mem_free(b);
}

static bool wanted(const struct bytes *b, const char *name)
{
	const char *base = name;
	for (const char *p = name; *p; p++) {
		if (*p == '.' && (p == name || p[-1] == '/') && p[1] && p[1] != '/' && !(p[1] == '.' && (!p[2] || p[2] == '/')))
			return false;
		if (*p == '/' && p[1])
			base = p + 1;
	}
	if (strncmp(name, "__MACOSX/", 9) == 0)
		return false;
	return !b->o.include || fnmatch(b->o.include, base, 0) == 0;
}

/* The next block of the archive's member: 1, 0 at the end, negative. */
static int next_block(struct bytes *b, struct block *k, struct err *e)
{
	int rc = members_block(b->members, &k->p, &k->n, e);
	return rc < 0 && !e->file[0] ? err_at(e, b->shown, 0, 0) : rc;
}

static ssize_t inner_read(void *arg, const void **data, struct err *e)
{
	struct bytes *b = arg;
	struct block *k = &b->from_archive;
	int rc = k->n ? 1 : next_block(b, k, e);
	if (rc <= 0)
		return rc;
	size_t n = k->n;
	*data = k->p;
	k->n = 0;
	return (ssize_t)n;
}

/* Look at the first bytes of a member; unpack it when it is packed itself. */
static int open_member(struct bytes *b, struct err *e)
{
	int rc = next_block(b, &b->from_archive, e);
	b->in_member = rc > 0;
	enum unpack_kind kind = unpack_kind(b->from_archive.p, b->from_archive.n);
	if (rc > 0 && kind != UNPACK_NONE)
		b->inner = unpack_new(kind, inner_read, b);
	return rc;
}

/* Behind an archive's last member: what is left of the stream counts for its checksum. */
static int drain(struct bytes *b, struct err *e)
{
	struct block k;
	int rc;
	while (b->top && (rc = stream_next(&b->stream[b->top], &k, e)) != 0) {
		if (rc < 0)
			return rc;
		pass(b, k.p, k.n);
	}
	return 0;
}

static int next_member(struct bytes *b, struct bytes_member *m, struct err *e)
{
	struct members_entry entry;
	int rc = b->members ? 0 : open_members(b, e);
	unpack_free(b->inner);
	b->inner = NULL;
	b->in_member = false;
	b->from_archive.n = b->from_inner.n = 0;
	snprintf(b->shown, sizeof b->shown, "%s", b->path);
	while (rc >= 0 && (rc = members_next(b->members, &entry, e)) > 0) {
		snprintf(b->name, sizeof b->name, "%s", entry.name);
		if (entry.file && wanted(b, b->name))
			break;
	}
	if (rc <= 0)
		return rc == 0 ? drain(b, e) : e->file[0] ? rc : err_at(e, b->shown, 0, 0);
	m->name = b->name;
	m->mtime_us = entry.mtime_us ? entry.mtime_us : m->mtime_us;
	int n = snprintf(b->shown, sizeof b->shown, "%s:%s", b->path, b->name);
	if (n < 0)
		b->shown[0] = '\0';
	rc = open_member(b, e);
	return rc < 0 ? rc : 1;
}

int bytes_next(struct bytes *b, struct bytes_member *m, struct err *e)
{
	*m = (struct bytes_member){ .shown = b->shown, .mtime_us = b->mtime_us };
	if (b->form != MEMBERS_NONE)
		return next_member(b, m, e);
	if (b->opened)
		return 0;
	b->opened = true;
	return 1;
}

static ssize_t take(struct block *k, void *to, size_t n)
{
	size_t have = k->n < n ? k->n : n;
	memcpy(to, k->p, have);
	k->p += have;
	k->n -= have;
	return (ssize_t)have;
}

ssize_t bytes_stream(struct bytes *b, void *to, size_t n, struct err *e)
{
	struct stream *s = &b->stream[b->top];
	ssize_t got;
	if (!b->top && s->head_at == s->nhead && !s->rest.n && !b->from_inner.n) {
		got = read_fd(b, to, n, e);           /* plain: without a copy */
	} else {
		if (!b->from_inner.n) {
			int rc = stream_next(s, &b->from_inner, e);
			if (rc <= 0)
				return rc;
		}
		got = take(&b->from_inner, to, n);
	}
	if (got > 0)
		pass(b, to, (size_t)got);
	return got;
}

static ssize_t read_member(struct bytes *b, void *to, size_t n, struct err *e)
{
	if (b->form == MEMBERS_NONE)
		return bytes_stream(b, to, n, e);
	/* Block by block: archive_read_data would wait until N bytes are there. */
	struct block *k = b->inner ? &b->from_inner : &b->from_archive;
	if (!k->n && b->in_member) {
		int rc = b->inner ? unpack_next(b->inner, &k->p, &k->n, e) : next_block(b, k, e);
		b->in_member = rc != 0;
		if (rc < 0)
			return e->file[0] ? rc : err_at(e, b->shown, 0, 0);
	}
	return k->n ? take(k, to, n) : 0;
}

ssize_t bytes_read(struct bytes *b, void *to, size_t n, struct err *e)
{
	ssize_t got = read_member(b, to, n, e);
	metrics_add(b->o.metrics, METRIC_BYTES_IN, got > 0 ? got : 0);
	return got;
}

const char *bytes_path(const struct bytes *b)
{
	return b->path;
}

struct bytes_file bytes_file(const struct bytes *b)
{
	const struct stream *s = &b->stream[b->top];
	return (struct bytes_file){ .regular = b->regular && b->fd != STDIN_FILENO, .packed = b->top > 0, .archive = b->form != MEMBERS_NONE,
		.size = (uint64_t)b->st.st_size, .inode = (uint64_t)b->st.st_ino, .mtime_us = b->mtime_us,
		.head = b->form == MEMBERS_7Z ? b->marked : s->head, .old_head = b->form == MEMBERS_7Z ? s->head : NULL, .nhead = s->nhead };
}

int bytes_rewind(struct bytes *b, struct err *e)
{
	close_streams(b);
	b->at = b->ntail = 0;
	b->opened = b->in_member = false;
	b->from_archive.n = b->from_inner.n = 0;
	if (lseek(b->fd, 0, SEEK_SET) < 0) {
		err_sys(e, errno, "cannot seek back");
		return err_at(e, b->path, 0, 0);
	}
	return sniff(b, e);
}

/* What is plain: the bytes in front of OFFSET are read as the tail, and the next read begins there. */
static int seek_plain(struct bytes *b, uint64_t offset, struct err *e)
{
	struct stream *s = &b->stream[0];
	size_t n = offset < BYTES_HEAD ? (size_t)offset : BYTES_HEAD;
	ssize_t got = pread(b->fd, b->tail, n, (off_t)(offset - n));
	if (got < 0 || lseek(b->fd, (off_t)offset, SEEK_SET) < 0) {
		err_sys(e, errno, "cannot seek to byte %llu", (unsigned long long)offset);
		return err_at(e, b->path, 0, 0);
	}
	b->at = offset;
	b->ntail = n;
	s->head_at = s->nhead;
	s->rest.n = b->from_inner.n = 0;
	return (size_t)got == n ? 0 : ERR_DATA;
}

int bytes_skip(struct bytes *b, uint64_t offset, struct err *e)
{
	char drop[16 << 10];
	int rc = 0;
	if (b->regular && !b->top)
		rc = seek_plain(b, offset, e);
	while (rc == 0 && b->at < offset) {
		size_t n = offset - b->at < sizeof drop ? (size_t)(offset - b->at) : sizeof drop;
		ssize_t got = bytes_stream(b, drop, n, e);
		if (got < 0)
			return (int)got;
		rc = got ? 0 : ERR_DATA;
	}
	if (rc != ERR_DATA)
		return rc;
	err_set(e, ERR_DATA, "ends before byte %llu", (unsigned long long)offset);
	return err_at(e, b->path, 0, 0);
}

static bool all_zeros(const char *p, size_t n)
{
	return !n || (!*p && memcmp(p, p + 1, n - 1) == 0);
}

/* Does K, which comes behind AT in the stream, hold more of it? -1: that depends on what comes next. Behind a zip's directory another zip
 * may follow: that is not passed over as a copy of the first. */
static int is_more(const struct bytes *b, const struct block *k, uint64_t at)
{
	const struct stream *s = &b->stream[b->top];
	uint64_t end;
	switch (b->form) {
	case MEMBERS_NONE: return 1;
	case MEMBERS_TAR: return all_zeros(k->p, k->n) ? -1 : 1;
	case MEMBERS_ZIP: return memmem(k->p, k->n, "PK\3\4", 4) ? 1 : -1;
	default: return members_7z_directory(s->head, s->nhead, &end) > at || (!b->top && end != (uint64_t)b->st.st_size);
	}
}

int bytes_more(struct bytes *b, struct err *e)
{
	char look[4096];
	int rc, more;
	/* What came behind the members of a tar counted, before there was members_at. */
	if (b->form == MEMBERS_TAR && b->ntail == BYTES_HEAD && all_zeros((const char *)b->tail, b->ntail))
		return 1;
	if (!b->regular || b->top) {
		struct stream *s = &b->stream[b->top];
		for (;;) {
			rc = b->from_inner.n ? 1 : stream_next(s, &b->from_inner, e);
			if (rc <= 0 || (more = is_more(b, &b->from_inner, b->at)) >= 0)
				return rc <= 0 ? rc : more;
			pass(b, b->from_inner.p, b->from_inner.n);
			b->from_inner.n = 0;
		}
	}
	/* A sign may lie across two reads. */
	for (uint64_t at = b->at;; at += sizeof look - 3) {
		ssize_t n = fd_pread_all(b->fd, look, sizeof look, (off_t)at);
		struct block k = { look, n > 0 ? (size_t)n : 0 };
		if (n <= 0)
			return n < 0 ? unreadable(b, e) : 0;
		if ((more = is_more(b, &k, b->at)) >= 0)
			return more;
		if ((size_t)n < sizeof look)
			return 0;
	}
}

int bytes_peek(struct bytes *b, uint64_t offset, void *to, size_t n, struct err *e)
{
	ssize_t r = fd_pread_all(b->fd, to, n, (off_t)offset);
	return r < 0 ? unreadable(b, e) : (size_t)r == n;
}

int bytes_check(struct bytes *b, struct err *e)
{
	unsigned char now[BYTES_HEAD];
	const struct stream *s = &b->stream[0];
	struct stat st;
	int rc = 0;
	if (!b->regular)
		return 0;
	if (fstat(b->fd, &st) < 0) {
		err_sys(e, errno, "cannot access it");
		return err_at(e, b->path, 0, 0);
	}
	/* Cut to less than what was read: that was read before, so it is sound. */
	if (!b->top && b->form == MEMBERS_NONE && (uint64_t)st.st_size < b->at)
		return 0;
	rc = bytes_peek(b, 0, now, s->nhead, e);
	if (rc < 0 || (rc > 0 && memcmp(now, s->head, s->nhead) == 0))
		return rc < 0 ? rc : 0;
	err_set(e, ERR_IO, "was truncated and rewritten while it was being read: records since the last mark do not count");
	return err_at(e, b->path, 0, 0);
}

uint64_t bytes_at(const struct bytes *b)
{
	return b->members ? members_at(b->members) : b->at;
}

const unsigned char *bytes_tail(struct bytes *b, size_t *n)
{
	uint64_t at = bytes_at(b);
	const unsigned char *tail = b->tail;
	*n = b->ntail;
	if (b->members)
		tail = members_tail(b->members, n);
	if (b->form != MEMBERS_7Z || at - *n >= sizeof b->marked)
		return tail;
	/* The part of the head is as that is shown. */
	if (tail != b->tail)
		memcpy(b->tail, tail, *n);
	for (size_t i = 0; i < *n; i++)
		if (at - *n + i >= SEVEN_FROM && at - *n + i < SEVEN_TO)
			b->tail[i] = 0;
	return b->tail;
}

const char *bytes_doubt(const struct bytes *b)
{
	return b->members ? members_doubt(b->members) : NULL;
}

bool bytes_sure(const struct bytes *b, uint64_t at)
{
	if (b->form != MEMBERS_NONE) {
		if (b->in_member && (b->inner || b->form != MEMBERS_TAR))
			return false;
		at = b->at;
	}
	/* A layer inside a layer: only the end of the lowest says that its bytes were right. */
	for (size_t i = 1; i < b->top; i++)
		if (!unpack_over(b->stream[i].unpack))
			return false;
	return !b->top || at <= unpack_sure(b->stream[b->top].unpack);
}

int bytes_settle(struct bytes *b, struct err *e)
{
	char drop[16 << 10];
	ssize_t n = 1;
	while (b->form != MEMBERS_NONE && b->in_member && n)
		if ((n = bytes_read(b, drop, sizeof drop, e)) < 0)
			return (int)n;
	return drain(b, e);
}
