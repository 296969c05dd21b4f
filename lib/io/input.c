/* SPDX-License-Identifier: MIT */
/* Reads files one after another, unpacks them, and cuts at line ends. */
#include "io/input.h"

#include "base/ascii.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "io/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PACKED_CHUNK ((size_t)64 << 10)
#define POLL_SLICE_NS (NS_PER_SEC / 2)

struct input {
	const char *const *paths;
	size_t npaths, next;
	struct input_opts opts;

	int fd;                  /* -1: no file is open */
	const char *name;
	struct unpack *packed;   /* not NULL: the file is compressed */
	char *packed_in;         /* PACKED_CHUNK bytes from the file */
	size_t packed_have;      /* sniffed bytes not yet unpacked */
	bool at_end;             /* of the open file */
	bool first_read, regular;
	bool skip;               /* up to the next line's end: a line that is too long */

	char *buf;
	size_t cap, start, end;  /* buf[start..end) has been read and not been handed out */
	size_t given;            /* length of the block handed out last: buf[start - given..start) */
	uint64_t line;

	struct block block;      /* for input_line */
	size_t block_at;
};

/* How much there is to be read, if all of it are files. */
static void tell_size(const struct input *in)
{
	int64_t size = 0;
	struct stat st;
	for (size_t i = 0; i < in->npaths; i++) {
		bool is_stdin = strcmp(in->paths[i], "-") == 0;
		if ((is_stdin ? fstat(STDIN_FILENO, &st) : stat(in->paths[i], &st)) < 0 || !S_ISREG(st.st_mode))
			return;
		off_t at = is_stdin ? lseek(STDIN_FILENO, 0, SEEK_CUR) : 0;
		size += st.st_size - (at > 0 && at < st.st_size ? at : 0);
	}
	metrics_set(in->opts.metrics, METRIC_INPUT_SIZE, size);
}

struct input *input_new(const char *const *paths, size_t n, const struct input_opts *opts)
{
	static const char *const only_stdin[] = { "-" };
	struct input *in = mem_zalloc(sizeof *in);
	in->paths = n ? paths : only_stdin;
	in->npaths = n ? n : 1;
	if (opts)
		in->opts = *opts;
	if (!in->opts.block)
		in->opts.block = INPUT_BLOCK;
	if (!in->opts.max_line)
		in->opts.max_line = INPUT_MAX_LINE;
	in->fd = -1;
	if (metrics_watched(in->opts.metrics))
		tell_size(in);
	return in;
}

static void close_file(struct input *in)
{
	unpack_free(in->packed);
	in->packed = NULL;
	if (in->fd > STDIN_FILENO)
		close(in->fd);
	in->fd = -1;
}

void input_free(struct input *in)
{
	if (!in)
		return;
	close_file(in);
	mem_free(in->packed_in);
	mem_free(in->buf);
	mem_free(in);
}

static int wait_long(struct input *in, struct err *e)
{
	struct pollfd p = { .fd = in->fd, .events = POLLIN };
	for (;;) {
		int ms = -1;
		if (in->opts.deadline) {
			int64_t left = in->opts.deadline(in->opts.arg) - clock_mono_ns();
			if (left <= 0)
				return INPUT_TIMEOUT;
			ms = (int)((left < POLL_SLICE_NS ? left : POLL_SLICE_NS) / 1000000) + 1;
		}
		int rc = poll(&p, 1, ms);
		if (rc > 0)
			return INPUT_OK;
		if (rc < 0 && errno != EINTR) {
			err_sys(e, errno, "cannot wait for input");
			return err_at(e, in->name, 0, 0);
		}
		if (in->opts.deadline)
			return INPUT_TIMEOUT;
	}
}

/* Wait until the file can be read. INPUT_OK, INPUT_TIMEOUT or an error. */
static int wait_readable(struct input *in, struct err *e)
{
	struct pollfd p = { .fd = in->fd, .events = POLLIN };
	if (poll(&p, 1, 0) != 0)
		return INPUT_OK;
	if (in->opts.before_wait) {
		int rc = in->opts.before_wait(in->opts.arg, e);
		if (rc < 0)
			return rc;
	}
	metrics_wait(in->opts.metrics, METRICS_UPSTREAM, 1);
	int rc = wait_long(in, e);
	metrics_wait(in->opts.metrics, METRICS_UPSTREAM, -1);
	return rc;
}

/* read(2) with its errors told. The number of bytes, 0 at the end, or negative. */
static ssize_t read_some(struct input *in, char *to, size_t n, struct err *e)
{
	ssize_t r = fd_read(in->fd, to, n);
	if (r < 0) {
		err_sys(e, errno, "cannot read");
		return err_at(e, in->name, 0, 0);
	}
	if (in->regular)
		metrics_add(in->opts.metrics, METRIC_INPUT_READ, r);
	return r;
}

static ssize_t packed_read(void *arg, const void **data, struct err *e)
{
	struct input *in = arg;
	int w;
	*data = in->packed_in;
	if (in->packed_have) {
		size_t n = in->packed_have;
		in->packed_have = 0;
		return (ssize_t)n;
	}
	/* Unpacking cannot be left in the middle, so a time-out waits on. */
	while ((w = wait_readable(in, e)) == INPUT_TIMEOUT)
		;
	return w < 0 ? w : read_some(in, in->packed_in, PACKED_CHUNK, e);
}

static void open_packed(struct input *in, enum unpack_kind kind, const char *head, size_t n)
{
	if (!in->packed_in)
		in->packed_in = mem_alloc(PACKED_CHUNK);
	memcpy(in->packed_in, head, n);
	in->packed_have = n;
	in->packed = unpack_new(kind, packed_read, in);
}

static bool may_be_packed(unsigned char first)
{
	return first == 0x1f || first == 0x28 || first == 0xfd || first == 'B' || first == 0x04 || ((first & 0xf0) == 0x50 && first != '[');
}

/* Open the next named file. INPUT_OK, INPUT_END when none is left, or an error. */
static int open_next(struct input *in, struct err *e)
{
	struct stat st;
	if (in->next == in->npaths)
		return INPUT_END;
	const char *path = in->paths[in->next++];
	bool is_stdin = strcmp(path, "-") == 0;
	in->name = is_stdin ? INPUT_STDIN_NAME : path;
	in->fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (in->fd < 0) {
		err_sys(e, errno, "cannot open");
		return err_at(e, in->name, 0, 0);
	}
	int why = fstat(in->fd, &st) < 0 ? errno : S_ISDIR(st.st_mode) ? EISDIR : 0;
	if (why) {
		close_file(in);
		if (why == EISDIR)
			err_set(e, ERR_IO, "is a directory");
		else
			err_sys(e, why, "cannot open");
		return err_at(e, in->name, 0, 0);
	}
	in->regular = S_ISREG(st.st_mode);
	if (in->regular)
		posix_fadvise(in->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	in->at_end = false;
	in->first_read = true;
	in->line = 1;
	in->start = in->end = in->given = 0;
	return INPUT_OK;
}

/* Make room for at least `block` bytes behind buf[start..end), moving it to the front. */
static void make_room(struct input *in)
{
	size_t have = in->end - in->start, want = have + in->opts.block + INPUT_PADDING + 1;
	if (in->start && have)
		memmove(in->buf, in->buf + in->start, have);
	in->start = 0;
	in->end = have;
	if (in->cap < want) {
		in->cap = want + want / 2;
		in->buf = mem_realloc(in->buf, in->cap);
	}
}

/* Append bytes of a compressed file; sets at_end. */
static int fill_packed(struct input *in, struct err *e)
{
	const char *p;
	size_t n;
	int rc = unpack_next(in->packed, &p, &n, e);
	if (rc <= 0) {
		in->at_end = rc == 0;
		if (rc < 0 && !e->file[0])
			err_at(e, in->name, 0, 0);
		return rc < 0 ? rc : INPUT_OK;
	}
	size_t need = in->end + n + INPUT_PADDING + 1;
	if (in->cap < need) {
		in->cap = need + need / 2;
		in->buf = mem_realloc(in->buf, in->cap);
	}
	memcpy(in->buf + in->end, p, n);
	in->end += n;
	return INPUT_OK;
}

/* After the first bytes of a file: unpack a compressed one, skip a byte order mark. */
static int sniff(struct input *in, struct err *e)
{
	while (in->end < UNPACK_MAGIC && may_be_packed((unsigned char)in->buf[0]) && !in->at_end) {
		ssize_t r = read_some(in, in->buf + in->end, UNPACK_MAGIC - in->end, e);
		if (r < 0)
			return (int)r;
		in->end += (size_t)r;
		in->at_end = r == 0;
	}
	enum unpack_kind kind = unpack_kind(in->buf, in->end);
	if (kind != UNPACK_NONE) {
		size_t n = in->end < PACKED_CHUNK ? in->end : PACKED_CHUNK;
		in->at_end = false;
		in->end = 0;
		open_packed(in, kind, in->buf, n);
	} else if (in->end >= 3 && memcmp(in->buf, "\xEF\xBB\xBF", 3) == 0) {
		in->start = 3;
	}
	return 0;
}

/* Append what can be read, waiting only when WAIT is set. INPUT_TIMEOUT: nothing came. */
static int fill(struct input *in, bool wait, struct err *e)
{
	if (in->packed)
		return wait || in->regular ? fill_packed(in, e) : INPUT_TIMEOUT;
	if (wait) {
		int r = wait_readable(in, e);
		if (r != INPUT_OK)
			return r;
	} else {
		struct pollfd p = { .fd = in->fd, .events = POLLIN };
		if (poll(&p, 1, 0) == 0)
			return INPUT_TIMEOUT;
	}
	size_t room = in->cap - in->end - INPUT_PADDING - 1;
	if (room > PACKED_CHUNK && in->first_read)
		room = PACKED_CHUNK;
	ssize_t r = read_some(in, in->buf + in->end, room, e);
	if (r < 0)
		return (int)r;
	in->end += (size_t)r;
	in->at_end = r == 0;
	if (in->first_read && r > 0) {
		in->first_read = false;
		int s = sniff(in, e);
		if (s < 0)
			return s;
	}
	return INPUT_OK;
}

static int too_long(struct input *in, struct err *e)
{
	err_set(e, ERR_DATA, "line is longer than %zu bytes", in->opts.max_line);
	return err_at(e, in->name, in->line, 1);
}

static int long_line(struct input *in, struct err *e)
{
	in->skip = true;
	return too_long(in, e);
}

const char *input_long(const struct input *in, size_t *n)
{
	size_t have = in->end - in->start;
	*n = have < INPUT_LONG_KEPT ? have : INPUT_LONG_KEPT;
	return in->skip ? in->buf + in->start : NULL;
}

/* Where the whole lines of buf[start..stop) end that are not too long; start when the first is. */
static size_t short_lines(const struct input *in, size_t stop)
{
	size_t at = in->start;
	if (stop - at <= in->opts.max_line)
		return stop;
	while (at < stop) {
		const char *nl = memchr(in->buf + at, '\n', stop - at);
		size_t next = (size_t)(nl - in->buf) + 1;
		if (next - at > in->opts.max_line + 1)
			break;
		at = next;
	}
	return at;
}

/* Hand out buf[start..stop), or what stands before a line that is too long. */
static int give(struct input *in, size_t stop, struct block *b, struct err *e)
{
	stop = short_lines(in, stop);
	if (stop == in->start)
		return long_line(in, e);
	b->p = in->buf + in->start;
	b->n = stop - in->start;
	b->file = in->name;
	b->line = in->line;
	in->given = b->n;
	in->start = stop;
	metrics_add(in->opts.metrics, METRIC_BYTES_IN, (int64_t)b->n);
	return INPUT_OK;
}

/* Read until buf[start..end) holds a line's end, then go on while more is there without
 * waiting and the block is not full. Sets *STOP behind the last line's end. */
static int gather(struct input *in, size_t *stop, struct err *e)
{
	size_t seen = in->start;
	*stop = 0;
	while (!in->at_end) {
		if (*stop && in->end - in->start >= in->opts.block)
			break;
		size_t had = in->start;
		if (in->cap - in->end < in->opts.block / 4 + INPUT_PADDING + 2) {
			make_room(in);
			seen -= had;
			*stop -= *stop ? had : 0;
		}
		size_t before = in->end;
		int rc = fill(in, *stop == 0, e);
		if (rc == INPUT_TIMEOUT && *stop)
			break;
		if (rc != INPUT_OK)
			return rc;
		if (in->end < before || seen < in->start)
			seen = in->start;
		const char *nl = memrchr(in->buf + seen, '\n', in->end - seen);
		seen = in->end;
		if (nl)
			*stop = (size_t)(nl - in->buf) + 1;
		else if (!*stop && in->end - in->start > in->opts.max_line)
			return long_line(in, e);
	}
	return INPUT_OK;
}

/* Read to the end of the line that was too long. */
static int skip_line(struct input *in, struct err *e)
{
	while (in->skip) {
		const char *nl = memchr(in->buf + in->start, '\n', in->end - in->start);
		in->start = nl ? (size_t)(nl - in->buf) + 1 : in->end;
		in->skip = !nl && !in->at_end;
		if (nl)
			in->line++;
		if (!in->skip)
			break;
		make_room(in);
		int rc = fill(in, true, e);
		if (rc != INPUT_OK)
			return rc;
	}
	return INPUT_OK;
}

static int next_from_file(struct input *in, struct block *b, struct err *e)
{
	size_t stop;
	if (in->given) {
		in->line += ascii_lines(in->buf + in->start - in->given, in->given);
		in->given = 0;
	}
	int rc = skip_line(in, e);
	if (rc != INPUT_OK)
		return rc;
	make_room(in);
	/* Whole lines are there already when the block before ended early, at a line that is too long. */
	const char *nl = memrchr(in->buf + in->start, '\n', in->end - in->start);
	if (nl)
		return give(in, (size_t)(nl - in->buf) + 1, b, e);
	rc = gather(in, &stop, e);
	if (rc != INPUT_OK)
		return rc;
	if (!stop && in->end > in->start) {
		if (in->end - in->start > in->opts.max_line)
			return long_line(in, e);
		in->buf[in->end++] = '\n';
		stop = in->end;
	}
	return stop ? give(in, stop, b, e) : INPUT_END;
}

int input_block(struct input *in, struct block *b, struct err *e)
{
	for (;;) {
		if (in->fd < 0) {
			int rc = open_next(in, e);
			if (rc != INPUT_OK)
				return rc;
		}
		int rc = next_from_file(in, b, e);
		if (rc != INPUT_END) {
			if (rc == INPUT_OK)
				memset(in->buf + in->end, 0, INPUT_PADDING);
			return rc;
		}
		close_file(in);
	}
}

static bool is_blank(const char *p, size_t n)
{
	while (n && (*p == ' ' || *p == '\t' || *p == '\r')) {
		p++;
		n--;
	}
	return n == 0;
}

int input_line(struct input *in, struct line *l, struct err *e)
{
	for (;;) {
		while (in->block_at < in->block.n) {
			const char *p = in->block.p + in->block_at;
			const char *nl = memchr(p, '\n', in->block.n - in->block_at);
			size_t n = (size_t)(nl - p);
			in->block_at += n + 1;
			*l = (struct line){ p, n && p[n - 1] == '\r' ? n - 1 : n, in->block.file, in->block.line++ };
			if (!is_blank(l->p, l->n))
				return l->n > in->opts.max_line ? too_long(in, e) : INPUT_OK;
		}
		in->block_at = in->block.n = 0;
		int rc = input_block(in, &in->block, e);
		if (rc != INPUT_OK)
			return rc;
	}
}
