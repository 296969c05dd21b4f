/* SPDX-License-Identifier: MIT */
/* Reads, appends to, and prunes the journal. */
#include "stream/journal_int.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "json/doc.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>


struct journal {
	const struct ck *ck;
	struct buf path;         /* NUL-terminated */
	int fd;
	size_t size;             /* of the whole lines */
	size_t lines;
	int64_t last;
	bool broken;             /* a write failed: what is on disk is not known */
};

static int damaged(const struct ck *ck, uint64_t line, struct err *e, const char *what)
{
	struct buf path = BUF_INIT;
	store_path(ck->store, JOURNAL_NAME, &path);
	err_set(e, ERR_DATA, "%s", what);
	err_at(e, buf_cstr(&path), line, 0);
	buf_release(&path);
	return ERR_DATA;
}

bool journal_parse(struct arena *a, const char *p, size_t n, struct journal_entry *en)
{
	struct json *root;
	if (json_parse(&root, a, p, n, NULL) != 0)
		return false;
	const struct json *cursor = json_get(root, "cursor"), *end = json_get(root, "end"), *at = json_get(root, "at");
	const char *t = json_str(at);
	en->at_us = 0;
	if (t)
		time_parse(t, at->nstr, &en->at_us, NULL);
	en->end = json_str(end);
	if (!cursor || (end && !en->end))
		return false;
	en->cursor = cursor->raw;
	en->ncursor = cursor->nraw;
	en->all = json_get(root, "all") != NULL;
	return json_i64(json_get(root, "seq"), &en->seq) && en->seq > 0 && json_i64(json_get(root, "from"), &en->from) &&
	       en->from >= 0 && json_i64(json_get(root, "gen"), &en->generation) && en->generation > 0;
}

/* Call FN (may be NULL) for each whole line in TEXT; *GOOD is where the last of them ends. */
static int walk(const struct ck *ck, const struct buf *text, size_t *good, journal_fn *fn, void *arg, struct err *e)
{
	struct arena a = ARENA_INIT;
	int64_t last = 0;
	uint64_t line = 0;
	int rc = 0;
	*good = 0;
	while (rc == 0 && *good < text->n) {
		const char *p = text->p + *good, *lf = memchr(p, '\n', text->n - *good);
		struct journal_entry en;
		line++;
		arena_clear(&a);
		if (!lf)
			break;
		if (!journal_parse(&a, p, (size_t)(lf - p), &en)) {
			/* The last line may be torn even though it ends in LF: blocks reach the disk in any order. */
			if (lf + 1 < text->p + text->n)
				rc = damaged(ck, line, e, "damaged line in the middle of the journal");
			break;
		}
		if (en.seq <= last) {
			rc = damaged(ck, line, e, "the seq is not greater than the one before");
			break;
		}
		last = en.seq;
		*good += (size_t)(lf + 1 - p);
		if (fn)
			rc = fn(arg, &en, e);
	}
	arena_release(&a);
	return rc;
}

static int load(const struct ck *ck, struct buf *text, struct err *e)
{
	int rc = store_get(ck->store, JOURNAL_NAME, JOURNAL_MAX, text, e);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

int journal_read(const struct ck *ck, journal_fn *fn, void *arg, struct err *e)
{
	struct buf text = BUF_INIT;
	size_t good;
	int rc = load(ck, &text, e);
	if (rc == 0)
		rc = walk(ck, &text, &good, fn, arg, e);
	buf_release(&text);
	return rc;
}

struct find {
	int64_t generation, seq;
	struct arena *a;
	struct journal_entry *en;
};

static int match(void *arg, const struct journal_entry *en, struct err *e)
{
	struct find *f = arg;
	(void)e;
	if (en->generation != f->generation || en->seq != f->seq)
		return 0;
	*f->en = *en;
	f->en->cursor = arena_strndup(f->a, en->cursor, en->ncursor);
	f->en->end = en->end ? arena_strdup(f->a, en->end) : NULL;
	return 1;
}

int journal_find(const struct ck *ck, int64_t generation, int64_t seq, struct arena *a, struct journal_entry *en,
		 struct err *e)
{
	struct find f = { generation, seq, a, en };
	int rc = journal_read(ck, match, &f, e);
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "the journal of %s has no seq %lld", ck->path, (long long)seq);
	return rc == 1 ? 0 : rc;
}

static int count(void *arg, const struct journal_entry *en, struct err *e)
{
	struct journal *j = arg;
	(void)e;
	j->last = en->seq;
	j->lines++;
	return 0;
}

static int open_append(struct journal *j, struct err *e)
{
	j->fd = open(j->path.p, O_WRONLY | O_APPEND | O_CLOEXEC);
	return j->fd >= 0 ? 0 : err_sys(e, errno, "cannot open '%s'", j->path.p);
}

/* A new file through the store, so that its name is durable before the first line is. */
static int make_if_absent(const struct ck *ck, struct err *e)
{
	int rc = store_stat(ck->store, JOURNAL_NAME, NULL, NULL, e);
	return rc == ERR_NOT_FOUND ? store_put_if_absent(ck->store, JOURNAL_NAME, "", 0, e) : rc;
}

static int cut_tail(struct journal *j, size_t size, struct err *e)
{
	if (size == j->size)
		return 0;
	if (ftruncate(j->fd, (off_t)j->size) != 0 || fsync(j->fd) != 0)
		return err_sys(e, errno, "cannot truncate the torn end of '%s'", j->path.p);
	return 0;
}

int journal_open(struct journal **out, const struct ck *ck, struct err *e)
{
	struct journal *j = mem_zalloc(sizeof *j);
	struct buf text = BUF_INIT;
	j->ck = ck;
	j->fd = -1;
	store_path(ck->store, JOURNAL_NAME, &j->path);
	buf_cstr(&j->path);
	int rc = load(ck, &text, e);
	if (rc == 0)
		rc = walk(ck, &text, &j->size, count, j, e);
	if (rc == 0)
		rc = make_if_absent(ck, e);
	if (rc == 0)
		rc = open_append(j, e);
	if (rc == 0)
		rc = cut_tail(j, text.n, e);
	buf_release(&text);
	if (rc != 0) {
		journal_close(j);
		return rc;
	}
	*out = j;
	return 0;
}

void journal_close(struct journal *j)
{
	if (!j)
		return;
	if (j->fd >= 0)
		close(j->fd);
	buf_release(&j->path);
	mem_free(j);
}

int64_t journal_last(const struct journal *j)
{
	return j->last;
}

size_t journal_lines(const struct journal *j)
{
	return j->lines;
}

static void print_entry(struct buf *b, const struct journal_entry *en)
{
	char at[40];
	buf_printf(b, "{\"seq\":%lld,\"from\":%lld,\"gen\":%lld,\"at\":", (long long)en->seq, (long long)en->from,
		   (long long)en->generation);
	json_put_string(b, at, time_format(at, en->at_us, -1, true));
	buf_puts(b, ",\"cursor\":");
	if (en->cursor)
		buf_put(b, en->cursor, en->ncursor);
	else
		buf_puts(b, "null");
	if (en->end) {
		buf_puts(b, ",\"end\":");
		json_put_cstr(b, en->end);
	}
	if (en->all)
		buf_puts(b, ",\"all\":true");
	buf_puts(b, "}\n");
}

int journal_append(struct journal *j, const struct journal_entry *en, struct err *e)
{
	struct buf b = BUF_INIT;
	size_t done = 0;
	int rc = 0;
	if (j->broken)
		return err_set(e, ERR_IO, "an earlier write to '%s' failed", j->path.p);
	print_entry(&b, en);
	if (en->seq <= j->last || memchr(b.p, '\n', b.n - 1)) {
		rc = err_set(e, ERR_DATA, "'%s': a line needs a greater seq and a cursor on one line", j->path.p);
		goto out;
	}
	while (rc == 0 && done < b.n) {
		ssize_t w = write(j->fd, b.p + done, b.n - done);
		if (w >= 0)
			done += (size_t)w;
		else if (errno != EINTR)
			rc = err_sys(e, errno, "cannot write '%s'", j->path.p);
	}
	if (rc == 0 && fdatasync(j->fd) != 0)
		rc = err_sys(e, errno, "cannot sync '%s'", j->path.p);
	if (rc != 0) {
		/* Part of a line may stand there: take it back if that works. The next owner cuts it off in any case. */
		j->broken = true;
		if (ftruncate(j->fd, (off_t)j->size) != 0)
			err_wrap(e, "a torn line is left");
		goto out;
	}
	j->size += b.n;
	j->lines++;
	j->last = en->seq;
out:
	buf_release(&b);
	return rc;
}

struct prune {
	int64_t generation, below, last;
	size_t lines;
	struct buf kept;
};

static int keep(void *arg, const struct journal_entry *en, struct err *e)
{
	struct prune *p = arg;
	(void)e;
	if (en->seq != p->last && (en->generation != p->generation || en->seq < p->below))
		return 0;
	print_entry(&p->kept, en);
	p->lines++;
	return 0;
}

int journal_prune(struct journal *j, int64_t generation, int64_t below, struct err *e)
{
	struct prune p = { generation, below, j->last, 0, BUF_INIT };
	if (j->broken)
		return err_set(e, ERR_IO, "an earlier write to '%s' failed", j->path.p);
	int rc = journal_read(j->ck, keep, &p, e);
	if (rc != 0 || p.lines == j->lines)
		goto out;
	rc = store_put(j->ck->store, JOURNAL_NAME, p.kept.p ? p.kept.p : "", p.kept.n, e);
	if (rc != 0)
		goto out;
	/* The descriptor still holds the file that was replaced. */
	close(j->fd);
	j->fd = -1;
	j->size = p.kept.n;
	j->lines = p.lines;
	rc = open_append(j, e);
	j->broken = rc != 0;
out:
	buf_release(&p.kept);
	return rc;
}
