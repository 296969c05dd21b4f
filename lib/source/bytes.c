/* SPDX-License-Identifier: MIT */
#include "source/bytes.h"

#include "base/clock.h"
#include "base/mem.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK ((size_t)256 << 10)
#define SNIFF 512                 /* a tar header */

enum form { FORM_PLAIN, FORM_PACKED, FORM_ARCHIVE };

struct bytes {
	struct bytes_opts o;
	int fd;
	bool regular;
	enum form form;
	const char *path;             /* for messages */
	int64_t mtime_us;
	unsigned char head[SNIFF];    /* read to find out what this is, not yet given on */
	size_t nhead, head_at;
	bool opened;                  /* the one member of FORM_PLAIN was given */
	struct archive *outer;        /* FORM_PACKED, FORM_ARCHIVE */
	struct archive *inner;        /* a packed member */
	char *outer_in;
	struct block {
		const char *p;
		size_t n;
	} from_outer, from_inner;     /* what libarchive gave and is not yet given on */
	char shown[sizeof ((struct err *)0)->file];
	char name[sizeof ((struct err *)0)->file];
	struct err failed;            /* of a read below libarchive */
};

bool bytes_packed(const void *data, size_t n)
{
	static const struct {
		unsigned char n, magic[6];
	} known[] = {
		{ 2, { 0x1f, 0x8b } }, { 4, { 0x28, 0xb5, 0x2f, 0xfd } }, { 6, { 0xfd, '7', 'z', 'X', 'Z', 0 } },
		{ 3, { 'B', 'Z', 'h' } }, { 4, { 0x04, 0x22, 0x4d, 0x18 } },
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (n >= known[i].n && memcmp(data, known[i].magic, known[i].n) == 0)
			return true;
	return false;
}

static enum form form_of(const unsigned char *p, size_t n)
{
	if (bytes_packed(p, n))
		return FORM_PACKED;
	if (n >= 4 && (memcmp(p, "PK\3\4", 4) == 0 || memcmp(p, "PK\5\6", 4) == 0))
		return FORM_ARCHIVE;
	if (n >= 6 && memcmp(p, "7z\xBC\xAF\x27\x1C", 6) == 0)
		return FORM_ARCHIVE;
	if (n >= 262 && memcmp(p + 257, "ustar", 5) == 0)
		return FORM_ARCHIVE;
	return FORM_PLAIN;
}

/* May the stream that begins with these bytes turn out to be more than plain text once more is known? */
static bool may_be_more(const unsigned char *p, size_t n)
{
	if (n >= SNIFF)
		return false;
	return memchr("\x1f\x28\xfd" "B\x04P7", *p, 7) != NULL || memchr(p, 0, n) != NULL;
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
		if (poll(&p, 1, BYTES_IDLE_MS) > 0)
			break;
	}
	return 0;
}

static ssize_t read_fd(struct bytes *b, void *to, size_t n, struct err *e)
{
	ssize_t r = wait_readable(b, e);
	if (r < 0)
		return r;
	do
		r = read(b->fd, to, n);
	while (r < 0 && errno == EINTR);
	if (r < 0) {
		err_sys(e, errno, "cannot read");
		return err_at(e, b->path, 0, 0);
	}
	return r;
}

static int sniff(struct bytes *b, struct err *e)
{
	do {
		ssize_t r = read_fd(b, b->head + b->nhead, SNIFF - b->nhead, e);
		if (r < 0)
			return (int)r;
		if (r == 0)
			break;
		b->nhead += (size_t)r;
	} while (may_be_more(b->head, b->nhead));
	b->form = form_of(b->head, b->nhead);
	return 0;
}

static la_ssize_t outer_read(struct archive *a, void *arg, const void **data)
{
	struct bytes *b = arg;
	*data = b->outer_in;
	if (b->head_at < b->nhead) {
		size_t n = b->nhead - b->head_at;
		memcpy(b->outer_in, b->head + b->head_at, n);
		b->head_at = b->nhead;
		return (la_ssize_t)n;
	}
	ssize_t r = read_fd(b, b->outer_in, CHUNK, &b->failed);
	if (r < 0)
		archive_set_error(a, EIO, "%s", b->failed.msg);
	return r < 0 ? ARCHIVE_FATAL : r;
}

static la_int64_t outer_seek(struct archive *a, void *arg, la_int64_t offset, int whence)
{
	struct bytes *b = arg;
	(void)a;
	b->head_at = b->nhead;
	off_t at = lseek(b->fd, offset, whence);
	return at < 0 ? ARCHIVE_FATAL : at;
}

static int archive_fault(struct bytes *b, struct archive *a, struct err *e)
{
	if (b->failed.code) {
		*e = b->failed;
		return e->code;
	}
	const char *why = archive_error_string(a);
	err_set(e, ERR_DATA, "cannot unpack: %s", why ? why : "damaged data");
	return err_at(e, b->shown, 0, 0);
}

static void support(struct archive *a, bool members)
{
	archive_read_support_filter_gzip(a);
	archive_read_support_filter_zstd(a);
	archive_read_support_filter_xz(a);
	archive_read_support_filter_bzip2(a);
	archive_read_support_filter_lz4(a);
	if (members) {
		archive_read_support_format_tar(a);
		archive_read_support_format_zip(a);
		archive_read_support_format_7zip(a);
	}
	archive_read_support_format_raw(a);
	archive_read_support_format_empty(a);
}

static int open_outer(struct bytes *b, struct err *e)
{
	b->outer = archive_read_new();
	if (!b->outer)
		mem_oom(CHUNK);
	b->outer_in = mem_alloc(CHUNK);
	support(b->outer, true);
	archive_read_set_callback_data(b->outer, b);
	archive_read_set_read_callback(b->outer, outer_read);
	if (b->regular) {
		/* The seeking reader of zip starts over from the file's end. */
		archive_read_set_seek_callback(b->outer, outer_seek);
		if (lseek(b->fd, 0, SEEK_SET) == 0)
			b->head_at = b->nhead;
	}
	return archive_read_open1(b->outer) == ARCHIVE_OK ? 0 : archive_fault(b, b->outer, e);
}

int bytes_open(struct bytes **out, const char *path, const struct bytes_opts *o, struct err *e)
{
	struct bytes *b = mem_zalloc(sizeof *b);
	struct stat st;
	bool is_stdin = strcmp(path, "-") == 0;
	if (o)
		b->o = *o;
	b->path = is_stdin ? "<stdin>" : path;
	snprintf(b->shown, sizeof b->shown, "%s", b->path);
	b->fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	int rc = 0;
	if (b->fd < 0) {
		err_sys(e, errno, "cannot open");
		rc = err_at(e, b->path, 0, 0);
	} else if (fstat(b->fd, &st) == 0) {
		b->regular = S_ISREG(st.st_mode);
		if (!is_stdin)
			b->mtime_us = (int64_t)st.st_mtim.tv_sec * US_PER_SEC + st.st_mtim.tv_nsec / 1000;
		if (b->regular)
			posix_fadvise(b->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	}
	if (rc == 0)
		rc = sniff(b, e);
	if (rc == 0 && b->form != FORM_PLAIN)
		rc = open_outer(b, e);
	if (rc) {
		bytes_free(b);
		return rc;
	}
	*out = b;
	return 0;
}

static void close_inner(struct bytes *b)
{
	if (b->inner)
		archive_read_free(b->inner);
	b->inner = NULL;
}

void bytes_free(struct bytes *b)
{
	if (!b)
		return;
	close_inner(b);
	if (b->outer)
		archive_read_free(b->outer);
	if (b->fd > STDIN_FILENO)
		close(b->fd);
	mem_free(b->outer_in);
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

/* The next block of A: 1, 0 at the end, negative. */
static int next_block(struct bytes *b, struct archive *a, struct block *k, struct err *e)
{
	for (;;) {
		la_int64_t offset;
		const void *p;
		k->n = 0;
		int r = archive_read_data_block(a, &p, &k->n, &offset);
		k->p = p;
		if ((r == ARCHIVE_OK || r == ARCHIVE_WARN) && !k->n)
			continue;
		if (r == ARCHIVE_OK || r == ARCHIVE_WARN)
			return 1;
		k->n = 0;
		return r == ARCHIVE_EOF ? 0 : archive_fault(b, a, e);
	}
}

static la_ssize_t inner_read(struct archive *a, void *arg, const void **data)
{
	struct bytes *b = arg;
	struct block *k = &b->from_outer;
	if (!k->n) {
		int r = next_block(b, b->outer, k, &b->failed);
		if (r < 0)
			archive_set_error(a, EIO, "%s", b->failed.msg);
		if (r <= 0)
			return r < 0 ? ARCHIVE_FATAL : 0;
	}
	size_t n = k->n;
	*data = k->p;
	k->n = 0;
	return (la_ssize_t)n;
}

/* Look at the first bytes of a member; unpack it when it is packed itself. */
static int open_member(struct bytes *b, struct err *e)
{
	struct archive_entry *entry;
	int r = next_block(b, b->outer, &b->from_outer, e);
	if (r <= 0 || !bytes_packed(b->from_outer.p, b->from_outer.n))
		return r;
	b->inner = archive_read_new();
	if (!b->inner)
		mem_oom(CHUNK);
	support(b->inner, false);
	if (archive_read_open(b->inner, b, NULL, inner_read, NULL) != ARCHIVE_OK)
		return archive_fault(b, b->inner, e);
	r = archive_read_next_header(b->inner, &entry);
	if (r != ARCHIVE_OK && r != ARCHIVE_WARN && r != ARCHIVE_EOF)
		return archive_fault(b, b->inner, e);
	return 0;
}

static int next_member(struct bytes *b, struct bytes_member *m, struct err *e)
{
	struct archive_entry *entry;
	close_inner(b);
	b->from_outer.n = b->from_inner.n = 0;
	for (;;) {
		snprintf(b->shown, sizeof b->shown, "%s", b->path);
		int r = archive_read_next_header(b->outer, &entry);
		if (r == ARCHIVE_EOF)
			return 0;
		if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
			return archive_fault(b, b->outer, e);
		if ((archive_format(b->outer) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_RAW)
			break;
		const char *name = archive_entry_pathname_utf8(entry);
		name = name ? name : archive_entry_pathname(entry);
		snprintf(b->name, sizeof b->name, "%s", name ? name : "(unnamed)");
		if (archive_entry_filetype(entry) != AE_IFREG || !wanted(b, b->name))
			continue;
		m->name = b->name;
		if (archive_entry_mtime_is_set(entry))
			m->mtime_us = (int64_t)archive_entry_mtime(entry) * US_PER_SEC;
		int n = snprintf(b->shown, sizeof b->shown, "%s:%s", b->path, b->name);
		if (n < 0)
			b->shown[0] = '\0';
		break;
	}
	int r = open_member(b, e);
	return r < 0 ? r : 1;
}

int bytes_next(struct bytes *b, struct bytes_member *m, struct err *e)
{
	*m = (struct bytes_member){ .shown = b->shown, .mtime_us = b->mtime_us };
	if (b->form != FORM_PLAIN)
		return next_member(b, m, e);
	if (b->opened)
		return 0;
	b->opened = true;
	m->plain = b->regular && b->fd != STDIN_FILENO;
	return 1;
}

ssize_t bytes_read(struct bytes *b, void *to, size_t n, struct err *e)
{
	if (b->form == FORM_PLAIN) {
		if (b->head_at == b->nhead)
			return read_fd(b, to, n, e);
		size_t have = b->nhead - b->head_at;
		have = have < n ? have : n;
		memcpy(to, b->head + b->head_at, have);
		b->head_at += have;
		return (ssize_t)have;
	}
	/* Block by block: archive_read_data would wait until N bytes are there. */
	struct block *k = b->inner ? &b->from_inner : &b->from_outer;
	if (!k->n) {
		int r = next_block(b, b->inner ? b->inner : b->outer, k, e);
		if (r <= 0)
			return r;
	}
	size_t have = k->n < n ? k->n : n;
	memcpy(to, k->p, have);
	k->p += have;
	k->n -= have;
	return (ssize_t)have;
}

int bytes_seek(struct bytes *b, uint64_t offset, struct err *e)
{
	if (lseek(b->fd, (off_t)offset, SEEK_SET) < 0) {
		err_sys(e, errno, "cannot go to byte %llu", (unsigned long long)offset);
		return err_at(e, b->path, 0, 0);
	}
	b->head_at = b->nhead;
	return 0;
}
