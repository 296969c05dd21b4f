/* SPDX-License-Identifier: MIT */
/* Looks lines of the journal up while its source appends to it, and now and then replaces it by a shorter one. */
#include "base/fd.h"
#include "base/mem.h"
#include "stream/journal_int.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define CHUNK ((size_t)64 << 10)

static void forget(struct journal_look *l)
{
	if (l->path && l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	buf_clear(&l->text);
	l->done = 0;
	l->first = l->last = 0;
}

void journal_look_release(struct journal_look *l)
{
	forget(l);
	mem_free(l->path);
	buf_release(&l->text);
	arena_release(&l->arena);
	*l = (struct journal_look){ 0 };
}

/* From the beginning: the file that bears the name now. */
static int reopen(struct journal_look *l, struct err *e)
{
	forget(l);
	l->fd = open(l->path, O_RDONLY | O_CLOEXEC);
	if (l->fd >= 0)
		return 0;
	int code = errno;
	err_sys(e, code, "cannot open '%s'", l->path);
	if (code == ENOENT && e)
		e->code = ERR_NOT_FOUND;
	return code == ENOENT ? ERR_NOT_FOUND : ERR_IO;
}

/* More of the file behind what is there: 1; 0: that is all. */
static int fill(struct journal_look *l, struct err *e)
{
	buf_drop(&l->text, l->done);
	l->done = 0;
	if (l->text.n > JOURNAL_MAX)
		return err_set(e, ERR_DATA, "'%s': a line is too long", l->path);
	ssize_t n = fd_read(l->fd, buf_reserve(&l->text, CHUNK), CHUNK);
	if (n < 0)
		return err_sys(e, errno, "cannot read '%s'", l->path);
	l->text.n += (size_t)n;
	return n > 0;
}

/* The next whole line to l->en: 1; 0: there is none yet. A last line that is not one was never a mark. */
static int next_line(struct journal_look *l, struct err *e)
{
	size_t from = 0;
	for (;;) {
		const char *p = l->text.p + l->done;
		size_t n = l->text.n - l->done;
		const char *lf = n > from ? memchr(p + from, '\n', n - from) : NULL;
		if (!lf) {
			int rc = fill(l, e);
			if (rc <= 0)
				return rc;
			from = n;
			continue;
		}
		arena_clear(&l->arena);
		if (!journal_parse(&l->arena, p, (size_t)(lf - p), &l->en))
			return 0;
		l->done += (size_t)(lf + 1 - p);
		l->first = l->first ? l->first : l->en.seq;
		l->last = l->en.seq;
		return 1;
	}
}

int journal_look(struct journal_look *l, const char *ck, int64_t seq, enum journal_seen *seen, struct err *e)
{
	int rc = 1;
	bool fresh = !l->path;
	if (fresh) {
		struct buf path = BUF_INIT;
		buf_printf(&path, "%s/" JOURNAL_NAME, ck);
		l->path = buf_detach(&path, NULL);
		l->fd = -1;
	}
	for (;;) {
		if (l->fd < 0 || seq < l->last) {
			if ((rc = reopen(l, e)) != 0)
				return rc;
			fresh = true;
		}
		rc = 1;
		while (l->last < seq && (rc = next_line(l, e)) == 1)
			;
		if (rc < 0)
			return rc;
		if (l->last == seq || fresh)
			break;
		/* It may have been pruned: what is open is then the one before. */
		forget(l);
	}
	*seen = l->last == seq && seq > 0 ? JOURNAL_HAS : seq < l->first ? JOURNAL_PRUNED : JOURNAL_UNKNOWN;
	return 0;
}
