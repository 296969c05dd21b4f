/* SPDX-License-Identifier: MIT */
#include "stream/reject.h"

#include "base/buf.h"
#include "base/mem.h"
#include "json/doc.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define FLUSH_AT ((size_t)64 << 10)

enum reject_mode { MODE_STOP, MODE_SKIP, MODE_FILE };

struct reject {
	enum reject_mode mode;
	char *tool, *path;
	int fd;                /* -1: not opened yet */
	bool dirty;            /* written since the last fsync */
	uint64_t count;
	struct buf buf;        /* whole lines that are not yet in the file */
};

int reject_open(struct reject **rj, const char *tool, const char *value, struct err *e)
{
	enum reject_mode mode = MODE_STOP;
	const char *path = NULL;
	if (value && strcmp(value, "skip") == 0) {
		mode = MODE_SKIP;
	} else if (value && strncmp(value, "reject=", 7) == 0 && value[7]) {
		mode = MODE_FILE;
		path = value + 7;
	} else if (value && strcmp(value, "stop") != 0) {
		return err_set(e, ERR_USAGE, "--on-error: '%s' is none of " REJECT_ARG, value);
	}
	struct reject *r = mem_zalloc(sizeof *r);
	r->mode = mode;
	r->tool = mem_strdup(tool);
	r->path = path ? mem_strdup(path) : NULL;
	r->fd = -1;
	*rj = r;
	return 0;
}

bool reject_stops(const struct reject *rj)
{
	return rj->mode == MODE_STOP;
}

uint64_t reject_count(const struct reject *rj)
{
	return rj->count;
}

static int write_out(struct reject *rj, struct err *e)
{
	if (rj->fd < 0)
		rj->fd = open(rj->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (rj->fd < 0)
		return err_sys(e, errno, "cannot open '%s'", rj->path);
	size_t done = 0;
	while (done < rj->buf.n) {
		ssize_t w = write(rj->fd, rj->buf.p + done, rj->buf.n - done);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return err_sys(e, errno, "cannot write '%s'", rj->path);
		done += (size_t)w;
	}
	buf_clear(&rj->buf);
	rj->dirty = true;
	return 0;
}

/* Is S the inside of a JSON string once it is escaped, that is, UTF-8? The parser knows. */
static bool is_utf8(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] >= 0x80) {
			struct buf b = BUF_INIT;
			struct arena a = ARENA_INIT;
			struct json *v;
			json_put_string(&b, s, n);
			bool ok = json_parse(&v, &a, b.p, b.n, NULL) == 0;
			arena_release(&a);
			buf_release(&b);
			return ok;
		}
	return true;
}

static void put_base64(struct buf *b, const char *s, size_t n)
{
	static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < n; i += 3) {
		size_t have = n - i < 3 ? n - i : 3;
		unsigned v = 0;
		for (size_t k = 0; k < 3; k++)
			v = v << 8 | (k < have ? (unsigned char)s[i + k] : 0);
		for (size_t k = 0; k < 4; k++)
			buf_putc(b, k <= have ? digit[v >> (18 - 6 * k) & 63] : '=');
	}
}

static void put_text(struct buf *b, const char *key, const char *s)
{
	buf_puts(b, key);
	if (is_utf8(s, strlen(s)))
		json_put_cstr(b, s);
	else
		buf_puts(b, "null");
}

static void put_line(struct reject *rj, const char *rec, size_t n, const struct err *why)
{
	struct buf *b = &rj->buf;
	put_text(b, "{\"tool\":", rj->tool);
	if (why->file[0])
		put_text(b, ",\"file\":", why->file);
	if (why->line)
		buf_printf(b, ",\"line\":%llu", (unsigned long long)why->line);
	if (why->col)
		buf_printf(b, ",\"column\":%llu", (unsigned long long)why->col);
	put_text(b, ",\"error\":", why->msg);
	if (is_utf8(rec, n)) {
		buf_puts(b, ",\"record\":");
		json_put_string(b, rec, n);
	} else {
		buf_puts(b, ",\"record_base64\":\"");
		put_base64(b, rec, n);
		buf_putc(b, '"');
	}
	buf_puts(b, "}\n");
}

int reject_record(struct reject *rj, const char *rec, size_t n, const struct err *why, struct err *e)
{
	if (rj->mode == MODE_STOP || (why->code != ERR_DATA && why->code != ERR_UNSUPPORTED)) {
		if (e)
			*e = *why;
		return why->code;
	}
	rj->count++;
	if (rj->mode == MODE_SKIP)
		return 0;
	put_line(rj, rec, n, why);
	return rj->buf.n >= FLUSH_AT || rj->fd < 0 ? write_out(rj, e) : 0;
}

int reject_flush(struct reject *rj, struct err *e)
{
	int r = rj->buf.n ? write_out(rj, e) : 0;
	if (r != 0 || !rj->dirty)
		return r;
	/* A pipe or a terminal cannot be made durable; that is no failure. */
	if (fdatasync(rj->fd) != 0 && errno != EINVAL && errno != EROFS && errno != ENOTSUP)
		return err_sys(e, errno, "cannot make '%s' durable", rj->path);
	rj->dirty = false;
	return 0;
}

int reject_close(struct reject *rj, struct err *e)
{
	if (!rj)
		return 0;
	int r = reject_flush(rj, e);
	if (rj->fd >= 0 && close(rj->fd) != 0 && r == 0)
		r = err_sys(e, errno, "cannot close '%s'", rj->path);
	if (r == 0 && rj->count) {
		const char *s = rj->count == 1 ? "" : "s";
		unsigned long long c = rj->count;
		r = rj->mode == MODE_FILE ? err_set(e, ERR_REJECTED, "%llu bad record%s kept in %s", c, s, rj->path)
					  : err_set(e, ERR_REJECTED, "%llu bad record%s skipped", c, s);
	}
	buf_release(&rj->buf);
	mem_free(rj->tool);
	mem_free(rj->path);
	mem_free(rj);
	return r;
}
