/* SPDX-License-Identifier: MIT */
/* Known files that begin like the one at hand are candidates; the bytes in front of the place up to which each was read decide. */
#include "source/same.h"

#include "base/clock.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CHUNK ((size_t)64 << 10)

struct candidate {
	struct done_file f;
	bool named;               /* the name was this file's when it was read last */
	bool own;                 /* what was read of the name last; under another one it was read further since */
	bool hit;                 /* the bytes before `at` are the same */
	bool shorter;             /* there are not so many */
	bool more;                /* hit: there are more behind it */
};

struct candidates {
	struct candidate *v;
	size_t n, cap;
};

bool same_unchanged(const struct done_file *f, const struct stat *st)
{
	return !f->old && !f->part && S_ISREG(st->st_mode) && f->size == (uint64_t)st->st_size && f->inode == (uint64_t)st->st_ino &&
	       f->mtime_us == (int64_t)st->st_mtim.tv_sec * US_PER_SEC + st->st_mtim.tv_nsec / 1000;
}

static int by_offset(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	return x->f.at < y->f.at ? -1 : x->f.at > y->f.at;
}

static void add(struct candidates *c, const struct done_file *f, const struct done_file *named, bool own)
{
	MEM_GROW(c->v, c->cap, c->n + 1);
	c->v[c->n++] = (struct candidate){ .f = *f, .named = named && named->id == f->id, .own = own };
}

static bool begins_like(const struct bytes_file *file, const struct done_file *f)
{
	return f->nhead <= file->nhead && (done_head(file->head, f->nhead) == f->head ||
	                                   (file->old_head && done_head(file->old_head, f->nhead) == f->head));
}

/* The newest state of each file that begins like this one, and the state of its own name; or, with OLDER, the others. */
static void collect(const struct same *s, const char *path, const struct bytes_file *file, bool older, struct candidates *c)
{
	struct done_at at = { .superseded = older }, again = at;
	const struct done_file *f, *own = done_find(s->done, path);
	c->n = 0;
	while ((f = done_same(s->done, file->head, file->nhead, &at)))
		add(c, f, own, false);
	while (file->old_head && (f = done_same(s->done, file->old_head, file->nhead, &again)))
		if (!f->old)
			add(c, f, own, false);
	if (own && !older && !own->old && !done_newest(s->done, own) && begins_like(file, own))
		add(c, own, own, true);
	if (c->n)
		qsort(c->v, c->n, sizeof *c->v, by_offset);
}

/* An entry without a head: the file on disk is compared. Of what was packed, or no file of lines, the offset in the stream was not kept. */
static int measure_old(struct candidate *k, struct bytes *b, const struct bytes_file *file, struct err *e)
{
	unsigned char tail[BYTES_HEAD];
	uint64_t size = k->f.size;
	size_t n = size < sizeof tail ? (size_t)size : sizeof tail;
	if (k->f.lines >= 0 ? file->size < size : file->size != size)
		return 0;
	int rc = bytes_peek(b, size - n, tail, n, e);
	if (rc <= 0 || done_crc(tail, n) != k->f.crc)
		return rc < 0 ? rc : 0;
	k->hit = true;
	k->more = file->size > size;
	k->f.at = size;
	if (k->f.lines >= 0 || k->f.part || !file->packed)
		return 1;
	rc = bytes_rewind(b, e);
	if (rc == 0)
		rc = bytes_settle(b, e);
	k->f.at = bytes_at(b);
	return rc < 0 && rc != ERR_DATA ? rc : 1;
}

/* One candidate after the other, as they lie in the stream. A stream that is damaged or cut ends there. */
static int measure(struct candidates *c, struct bytes *b, struct err *e)
{
	struct bytes_file file = bytes_file(b);
	bool ended = false;
	for (size_t i = 0; i < c->n; i++) {
		struct candidate *k = &c->v[i];
		int rc = k->f.old ? measure_old(k, b, &file, e) : 0;
		if (rc < 0)
			return rc;
		if (rc > 0) {
			/* It may stand anywhere now. */
			rc = bytes_rewind(b, e);
			if (rc < 0)
				return rc;
			continue;
		}
		rc = ended ? ERR_DATA : bytes_skip(b, k->f.at, e);
		if (rc < 0 && rc != ERR_DATA)
			return rc;
		k->shorter = ended = rc == ERR_DATA;
		if (ended)
			continue;
		size_t n;
		const unsigned char *tail = bytes_tail(b, &n);
		k->hit = done_crc(tail, n) == k->f.crc && (!k->f.old || !file.packed || k->f.lines >= 0);
		rc = k->hit ? bytes_more(b, e) : 0;
		if (rc < 0 && rc != ERR_DATA)
			return rc;
		k->more = rc != 0;
		/* How many of its values had been read was not kept. */
		if (k->f.old && k->f.lines < 0 && k->more)
			k->hit = false;
	}
	return 0;
}

/* Is PATH the file that F tells of, or was it that when we last looked? 1, 0 or negative. */
static int is(const struct same *s, const char *path, const struct done_file *f, struct err *e)
{
	const struct done_file *known = done_find(s->done, path);
	struct stat st;
	struct bytes *b;
	if (strcmp(path, "-") == 0 || stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;                 /* what is wrong with it is told when its turn comes */
	if (known && same_unchanged(known, &st))
		return known->id == f->id;
	struct err why;
	if (bytes_open(&b, path, s->opts, &why) < 0)
		return 0;
	struct bytes_file file = bytes_file(b);
	struct candidate one = { .f = *f };
	struct candidates c = { &one, 1, 1 };
	int rc = f->old || begins_like(&file, f) ? measure(&c, b, e) : 0;
	bytes_free(b);
	return rc < 0 ? rc : one.hit;
}

/* The file, other than PATH, that F tells of: 1 and *TWIN, 0, or negative. It is looked for where it was seen last, and, with ALL, in
 * all files of this run. */
static int find_twin(const struct same *s, const char *path, const struct done_file *f, bool all, const char **twin, struct err *e)
{
	int rc = strcmp(f->file, path) == 0 ? 0 : is(s, f->file, f, e);
	*twin = rc > 0 ? f->file : NULL;
	for (size_t i = 0; all && rc == 0 && i < s->list->n; i++) {
		const char *other = s->list->v[i];
		rc = strcmp(other, path) == 0 ? 0 : is(s, other, f, e);
		if (rc > 0)
			*twin = other;
	}
	return rc;
}

/* Is all that B holds, as far as it can be read, the beginning of TWIN? */
static int is_beginning(const struct same *s, struct bytes *b, const char *twin, struct err *e)
{
	struct bytes *t;
	char *x = mem_alloc(2 * CHUNK), *y = x + CHUNK;
	int rc = bytes_rewind(b, e);
	if (rc == 0)
		rc = bytes_open(&t, twin, s->opts, e);
	if (rc < 0) {
		mem_free(x);
		return rc == ERR_DATA ? 0 : rc;
	}
	for (rc = 1; rc == 1;) {
		ssize_t n = bytes_stream(b, x, CHUNK, e), got = 0;
		if (n <= 0) {
			rc = n == 0 || n == ERR_DATA ? 2 : (int)n;
			break;
		}
		for (ssize_t r = 1; got < n && r > 0; got += r > 0 ? r : 0)
			r = bytes_stream(t, y + got, (size_t)(n - got), e);
		rc = got == n && memcmp(x, y, (size_t)n) == 0;
	}
	bytes_free(t);
	mem_free(x);
	return rc < 0 ? rc : rc == 2;
}

static int changed(const char *path, const char *how, struct err *e)
{
	err_set(e, ERR_CONFLICT, "%s since this stream read it: rename it, or start over with another checkpoint", how);
	return err_at(e, path, 0, 0);
}

static bool goes_on(const struct candidate *k)
{
	return k->more || (k->f.part && (k->f.lines < 0 || k->f.sub));
}

/* B holds what was read of BEST. */
static int judge_hit(const struct same *s, const char *path, const struct candidate *best, struct done_file *known, const char **twin,
		     struct err *e)
{
	*known = best->f;
	if (best->named)
		return goes_on(best) ? SAME_ON : SAME_DONE;
	int rc = find_twin(s, path, &best->f, false, twin, e);
	if (rc < 0)
		return rc;
	if (!goes_on(best))
		return SAME_DONE;
	/* Two files: one that goes on where the other ends. Below a KiB that may be all that they have in common. */
	if (*twin && best->f.nhead < BYTES_HEAD)
		return SAME_NEW;
	if (*twin)
		known->id = 0;
	return SAME_ON;
}

/* Is B the beginning of a file that is there and of which more was read? 1 and *KNOWN, 0, or negative. */
static int judge_copy(const struct same *s, const char *path, struct bytes *b, const struct candidates *c, struct done_file *known,
		      const char **twin, struct err *e)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < c->n; i++) {
		const struct candidate *k = &c->v[i];
		if (!k->shorter || k->own || k->f.old)
			continue;
		rc = find_twin(s, path, &k->f, k->named, twin, e);
		if (rc > 0)
			rc = is_beginning(s, b, *twin, e);
		*known = k->f;
	}
	if (rc <= 0)
		*twin = NULL;
	return rc;
}

/* No file that was read ends where B does, or before: neither is it the one of its name, unless that is found elsewhere. Is it one as it was once? */
static int judge_others(const struct same *s, const char *path, struct bytes *b, struct candidates *c, struct done_file *known,
			const char **twin, struct err *e)
{
	struct bytes_file file = bytes_file(b);
	int rc = 0;
	for (size_t i = 0; i < c->n; i++) {
		const struct candidate *k = &c->v[i];
		if (!k->named || k->own)
			continue;
		rc = find_twin(s, path, &k->f, true, twin, e);
		*twin = NULL;
		if (rc <= 0)
			return rc < 0 ? rc : changed(path, k->shorter ? "has shrunk" : "has changed", e);
	}
	collect(s, path, &file, true, c);
	rc = c->n ? bytes_rewind(b, e) : 0;
	if (rc == 0)
		rc = measure(c, b, e);
	if (rc < 0)
		return rc;
	for (size_t i = c->n; i-- > 0;)
		if (c->v[i].hit && c->v[i].f.nhead == BYTES_HEAD) {
			*known = c->v[i].f;
			known->id = 0;
			return goes_on(&c->v[i]) ? SAME_ON : SAME_DONE;
		}
	return SAME_NEW;
}

static int judge(const struct same *s, const char *path, struct bytes *b, struct candidates *c, struct done_file *known, const char **twin,
		 struct err *e)
{
	const struct candidate *best = NULL, *own = NULL;
	int rc = measure(c, b, e);
	if (rc < 0)
		return rc;
	/* They come in the order of their offsets. */
	for (size_t i = 0; i < c->n; i++) {
		const struct candidate *k = &c->v[i];
		if (k->hit && k->own)
			own = k;
		else if (k->hit && (!best || k->f.at > best->f.at || k->named))
			best = k;
	}
	if (best && (best->named || !goes_on(best)))
		return judge_hit(s, path, best, known, twin, e);
	rc = judge_copy(s, path, b, c, known, twin, e);
	if (rc != 0)
		return rc < 0 ? rc : SAME_LEFT;
	if (best)
		return judge_hit(s, path, best, known, twin, e);
	if (!own)
		return judge_others(s, path, b, c, known, twin, e);
	*known = own->f;
	known->id = 0;
	return goes_on(own) ? SAME_ON : SAME_DONE;
}

int same_judge(const struct same *s, const char *path, struct bytes *b, struct done_file *known, const char **twin, struct err *e)
{
	struct bytes_file file = bytes_file(b);
	struct candidates c = { NULL, 0, 0 };
	*twin = NULL;
	collect(s, path, &file, false, &c);
	int rc = c.n ? judge(s, path, b, &c, known, twin, e) : SAME_NEW;
	mem_free(c.v);
	return rc;
}
