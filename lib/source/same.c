/* SPDX-License-Identifier: MIT */
/* Known files that begin like the one at hand are candidates; the bytes in front of the place up to which each was read decide. */
#include "source/same.h"

#include "base/clock.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CHUNK ((size_t)64 << 10)
#define MAX_TRIED 64              /* files with the same first line that are looked at */

struct candidate {
	struct done_file f;
	bool named;               /* the name was this file's when it was read last */
	bool hit;                 /* the bytes before `at` are the same */
	bool shorter;             /* there are not so many */
	bool more;                /* hit: there are more behind it */
};

struct candidates {
	struct candidate *v;
	size_t n, cap;
};

/* The file at hand. */
struct subject {
	const struct same *s;
	const char *path;
	struct bytes *b;
	struct bytes_file file;
	const struct done_file *own;  /* what was read of its name last */
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

static bool begins_like(const struct bytes_file *file, const struct done_file *f)
{
	return f->nhead <= file->nhead && (done_head(file->head, f->nhead) == f->head ||
	                                   (file->old_head && done_head(file->old_head, f->nhead) == f->head));
}

/* The newest states of files that begin like this one; or, with OLDER, those that they had, of which more was read than AFTER. What a name was once
 * does not count where it means another file since. */
static void collect(const struct subject *j, bool older, uint64_t after, struct candidates *c)
{
	const unsigned char *head[] = { j->file.head, j->file.old_head };
	const struct done_file *f;
	c->n = 0;
	for (size_t i = 0; i < 2 && head[i]; i++) {
		struct done_at at = { .superseded = older, .old = i ? SIZE_MAX : 0 };
		while ((f = done_same(j->s->done, head[i], j->file.nhead, &at))) {
			if (older && f->at <= after)
				continue;
			MEM_GROW(c->v, c->cap, c->n + 1);
			bool named = j->own && j->own->id == f->id && (!older || j->own->inode == j->file.inode);
			c->v[c->n++] = (struct candidate){ .f = *f, .named = named };
		}
	}
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

static bool same_content(const struct done_file *f, const struct done_file *g)
{
	return !f->old && !g->old && f->at == g->at && f->nhead == g->nhead && f->head == g->head && f->crc == g->crc;
}

/* Does PATH hold what F tells of, or did it when we last looked? 1, 0 or negative. */
static int holds(const struct same *s, const char *path, const struct done_file *f, struct err *e)
{
	const struct done_file *known = done_find(s->done, path);
	struct stat st;
	struct bytes *b;
	if (strcmp(path, "-") == 0 || stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;                 /* what is wrong with it is told when its turn comes */
	if (known && same_unchanged(known, &st) && (known->id == f->id || same_content(known, f)))
		return 1;
	if (known && same_unchanged(known, &st) && !f->old && known->at < f->at)
		return 0;
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

/* The file, other than this one, that holds what F tells of: 1 and *TWIN, 0, or negative. It is looked for where it was seen last, and, with ALL,
 * in all files of this run. */
static int find_twin(const struct subject *j, const struct done_file *f, bool all, const char **twin, struct err *e)
{
	int rc = strcmp(f->file, j->path) == 0 ? 0 : holds(j->s, f->file, f, e);
	*twin = rc > 0 ? f->file : NULL;
	for (size_t i = 0; all && rc == 0 && i < j->s->list->n; i++) {
		const char *other = j->s->list->v[i];
		rc = strcmp(other, j->path) == 0 ? 0 : holds(j->s, other, f, e);
		if (rc > 0)
			*twin = other;
	}
	return rc;
}

/* What a text is made of that was compared. */
struct extent {
	uint64_t n, lines, end;   /* bytes, lines, the end of the last line */
	bool broken;              /* it could not be read to its end */
};

/* Is all that the file holds, as far as it can be read, the beginning of TWIN? */
static int is_beginning(const struct subject *j, const char *twin, struct extent *x, struct err *e)
{
	struct bytes *t;
	char *mine = mem_alloc(2 * CHUNK), *its = mine + CHUNK;
	int rc = bytes_rewind(j->b, e);
	if (rc == 0)
		rc = bytes_open(&t, twin, j->s->opts, e);
	*x = (struct extent){ 0 };
	if (rc < 0) {
		mem_free(mine);
		return rc == ERR_DATA ? 0 : rc;
	}
	for (rc = 1; rc == 1;) {
		ssize_t n = bytes_stream(j->b, mine, CHUNK, e), got = 0;
		x->broken = n == ERR_DATA;
		if (n <= 0) {
			rc = n == 0 || n == ERR_DATA ? 2 : (int)n;
			break;
		}
		for (ssize_t r = 1; got < n && r > 0; got += r > 0 ? r : 0)
			r = bytes_stream(t, its + got, (size_t)(n - got), e);
		rc = got == n && memcmp(mine, its, (size_t)n) == 0;
		for (const char *p = mine; (p = memchr(p, '\n', (size_t)(mine + n - p))); p++, x->lines++)
			x->end = x->n + (uint64_t)(p - mine) + 1;
		x->n += (uint64_t)n;
	}
	bytes_free(t);
	mem_free(mine);
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

/* This file as of AT, behind LINES lines: 0 or negative. */
static int state_at(const struct subject *j, uint64_t at, uint64_t lines, struct done_file *to, struct err *e)
{
	size_t n;
	int rc = bytes_rewind(j->b, e);
	if (rc == 0)
		rc = bytes_skip(j->b, at, e);
	if (rc < 0)
		return rc;
	const unsigned char *tail = bytes_tail(j->b, &n);
	*to = (struct done_file){ .file = j->path, .at = at, .place = at, .lines = (int64_t)lines, .crc = done_crc(tail, n) };
	to->nhead = at < j->file.nhead ? at : j->file.nhead;
	to->head = done_head(j->file.head, to->nhead);
	return 0;
}

/* K is what this file holds, or begins with. NAMED: the one of its name, when that is another and it holds that as well. */
static int take(const struct subject *j, const struct candidate *k, bool older, const struct candidate *named, struct same_found *to,
		struct err *e)
{
	to->known = k->f;
	if (k->named && !older)
		return goes_on(k) ? SAME_ON : SAME_DONE;
	int rc = find_twin(j, &k->f, false, &to->twin, e);
	if (rc < 0)
		return rc;
	/* One that was renamed keeps its id, a copy gets one. */
	if (named)
		to->known.id = named->f.id;
	else if (rc > 0 || older)
		to->known.id = 0;
	if (!goes_on(k)) {
		to->note = to->twin ? SAME_COPY : SAME_QUIET;
		return SAME_DONE;
	}
	to->note = to->twin && !named && !older ? SAME_GROWN : SAME_QUIET;
	return SAME_ON;
}

/* Is it the beginning of a file that is there and was read at least as far? As judge. TORN: its last line lacks nothing but its end. */
static int judge_beginning(const struct subject *j, const struct done_file *k, bool all, bool torn, struct same_found *to, struct err *e)
{
	struct extent x;
	int rc = find_twin(j, k, all, &to->twin, e);
	if (rc > 0)
		rc = is_beginning(j, to->twin, &x, e);
	if (rc <= 0) {
		to->twin = NULL;
		return rc < 0 ? rc : SAME_NEW;
	}
	to->known = *k;
	to->note = SAME_UNFINISHED;
	if (x.broken || k->lines < 0 || (!x.end && !torn))
		return SAME_LEFT;
	to->note = SAME_BEGINNING;
	rc = state_at(j, torn ? x.n : x.end, x.lines, &to->known, e);
	return rc < 0 ? rc : SAME_DONE;
}

/* What fits into the first bytes can be compared line by line with what was read. */
struct first_lines {
	struct buf cuts;          /* of its line ends, and, when it is all there, of its end */
	size_t lines;             /* with an end of their own */
	bool whole;               /* all of the file */
};

static void cut_lines(const struct subject *j, struct first_lines *l)
{
	const char *p = (const char *)j->file.head;
	size_t n = j->file.nhead;
	*l = (struct first_lines){ .cuts = BUF_INIT, .whole = n < BYTES_HEAD };
	done_cuts(&l->cuts, p, n);
	l->lines = l->cuts.n / DONE_CUT;
	if (l->whole && n && p[n - 1] != '\n')
		done_last_cut(&l->cuts, p, n);
}

/* Is all of it the beginning of a file that is there? As judge. */
static int judge_first_lines(const struct subject *j, struct first_lines *l, struct same_found *to, struct err *e)
{
	const char *cuts = buf_cstr(&l->cuts);
	const struct done_file *f = NULL;
	unsigned tried = 0;
	int rc = SAME_NEW;
	while (l->whole && *cuts && rc == SAME_NEW && tried++ < MAX_TRIED && (f = done_first(j->s->done, cuts, f)))
		if (f->at >= j->file.nhead && strncmp(f->cuts, cuts, l->cuts.n) == 0)
			rc = judge_beginning(j, f, false, l->cuts.n / DONE_CUT > l->lines, to, e);
	return rc;
}

/* What was read of this very file, seen by its inode, under its name or another. */
static const struct done_file *find_inode(const struct subject *j, const char *cuts)
{
	const struct done_file *f = j->own;
	unsigned tried = 0;
	if (f && f->cuts && f->inode == j->file.inode)
		return f;
	for (f = NULL; *cuts && tried++ < MAX_TRIED && (f = done_first(j->s->done, cuts, f));)
		if (f->inode == j->file.inode)
			return f;
	return NULL;
}

/* Was the file truncated in place? Then the lines that it still begins with were read. As judge. */
static int judge_truncated(const struct subject *j, struct first_lines *l, struct same_found *to, struct err *e)
{
	const char *cuts = buf_cstr(&l->cuts), *head = (const char *)j->file.head, *twin, *end = head;
	const struct done_file *own = find_inode(j, cuts);
	size_t m = 0;
	if (!own || own->lines < 0)
		return SAME_NEW;
	while (cuts[m] && strncmp(cuts + m, own->cuts + m, DONE_CUT) == 0)
		m += DONE_CUT;
	m /= DONE_CUT;
	bool torn = m > l->lines, whole = l->whole && m == l->cuts.n / DONE_CUT;
	if (!m)
		return SAME_NEW;
	for (size_t i = torn; i < m; i++)
		end = (const char *)memchr(end, '\n', j->file.nhead - (size_t)(end - head)) + 1;
	int rc = whole ? 0 : find_twin(j, own, true, &twin, e);
	if (rc != 0)
		return rc < 0 ? rc : SAME_NEW;      /* its content is elsewhere: it was rotated away, and this is another */
	to->note = whole ? SAME_TRUNCATED : SAME_REWRITTEN;
	rc = state_at(j, torn ? j->file.nhead : (uint64_t)(end - head), m - torn, &to->known, e);
	return rc < 0 ? rc : whole ? SAME_DONE : SAME_ON;
}

/* The furthest that it holds; of several the one of its name, or one that was not read from another file that is there. */
static int furthest(const struct subject *j, const struct candidates *c, const struct candidate **best, struct err *e)
{
	const char *twin;
	int rc;
	*best = NULL;
	for (size_t i = c->n; i-- > 0 && (!*best || c->v[i].f.at == (*best)->f.at);) {
		const struct candidate *k = &c->v[i];
		if (!k->hit || (*best && (*best)->named))
			continue;
		if (!*best || k->named)
			*best = k;
		else if ((rc = find_twin(j, &k->f, false, &twin, e)) < 0)
			return rc;
		else if (rc == 0)
			*best = k;
	}
	return 0;
}

/* Nothing that was read is all of it. */
static int judge_rest(const struct subject *j, const struct candidates *now, const struct candidate *best, const struct candidate *once,
		      struct same_found *to, struct err *e)
{
	const struct candidate *named = NULL;
	const char *twin;
	struct first_lines lines;
	int rc = SAME_NEW;
	for (size_t i = 0; i < now->n && rc == SAME_NEW; i++) {
		const struct candidate *k = &now->v[i];
		named = k->named ? k : named;
		if (k->shorter && !k->f.old)
			rc = judge_beginning(j, &k->f, k->named, false, to, e);
	}
	cut_lines(j, &lines);
	if (rc == SAME_NEW)
		rc = judge_first_lines(j, &lines, to, e);
	if (rc == SAME_DONE && named && named->hit)
		to->known.id = named->f.id;
	/* A single line that another file consisted of once, long ago perhaps, may be all that the two have in common. */
	bool trusted = once && (once->f.nhead == BYTES_HEAD || once->f.lines > 1 || once->named || (named && named->hit));
	const struct candidate *far = trusted ? once : best;
	if (rc == SAME_NEW && !named && (rc = judge_truncated(j, &lines, to, e)) == SAME_ON && far && far->f.at >= to->known.at)
		rc = SAME_NEW;
	if (rc == SAME_NEW && far) {
		rc = take(j, far, trusted, named && named->hit ? named : NULL, to, e);
	} else if (rc == SAME_NEW && named) {
		rc = find_twin(j, &named->f, true, &twin, e);
		rc = rc == 0 ? changed(j->path, named->shorter ? "has shrunk" : "has changed", e) : rc < 0 ? rc : SAME_NEW;
	}
	buf_release(&lines.cuts);
	return rc;
}

static int judge(const struct subject *j, struct candidates *now, struct candidates *before, struct same_found *to, struct err *e)
{
	const struct candidate *best = NULL, *once = NULL, *named = NULL;
	collect(j, false, 0, now);
	int rc = measure(now, j->b, e);
	if (rc == 0)
		rc = furthest(j, now, &best, e);
	for (size_t i = 0; i < now->n; i++)
		named = now->v[i].named && now->v[i].hit ? &now->v[i] : named;
	if (rc < 0)
		return rc;
	if (best && !goes_on(best))
		return take(j, best, false, named, to, e);
	collect(j, true, best ? best->f.at : 0, before);
	if (before->n && ((rc = bytes_rewind(j->b, e)) < 0 || (rc = measure(before, j->b, e)) < 0 || (rc = furthest(j, before, &once, e)) < 0))
		return rc;
	if (once && !goes_on(once))
		return take(j, once, true, named, to, e);
	return judge_rest(j, now, best, once, to, e);
}

int same_judge(const struct same *s, const char *path, struct bytes *b, struct same_found *to, struct err *e)
{
	struct subject j = { s, path, b, bytes_file(b), done_find(s->done, path) };
	struct candidates now = { NULL, 0, 0 }, before = now;
	*to = (struct same_found){ .note = SAME_QUIET };
	int rc = judge(&j, &now, &before, to, e);
	mem_free(now.v);
	mem_free(before.v);
	return rc;
}
