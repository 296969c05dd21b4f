/* SPDX-License-Identifier: MIT */
/* Appending to the segments of a spill, reading them, and the offset behind which they are removed. */
#include "rate/spill.h"

#include "base/clock.h"
#include "base/fd.h"
#include "rate/spill_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define WRITE_AT ((size_t)64 << 10)
#define READ_AT ((size_t)256 << 10)
#define SYNC_NS NS_PER_SEC

/* --- appending --- */

/* The new segment's file with its header, durable. A full disk is no error: then there is none. */
static int make_segment(struct spill *s, uint64_t number, const struct buf *head, struct err *e)
{
	struct buf path = BUF_INIT;
	int code = spill_fault(s, "open", spill_path(s, number, &path));
	s->out = code ? -1 : open(path.p, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	code = code ? code : s->out < 0 ? errno : 0;
	if (code == 0 && (code = spill_fault(s, "write", path.p)) == 0) {
		ssize_t w = pwrite(s->out, head->p, head->n, 0);
		code = w < 0 ? errno : (size_t)w < head->n ? ENOSPC : 0;
	}
	if (code == 0 && (code = spill_fault(s, "fsync", path.p)) == 0)
		code = fsync(s->out) != 0 || fsync(s->dir) != 0 ? errno : 0;
	if (code != 0 && s->out >= 0) {
		close(s->out);
		unlink(path.p);
		s->out = -1;
	}
	buf_release(&path);
	s->disk_full = code == ENOSPC || code == EDQUOT;
	return code == 0 || s->disk_full ? 0 : spill_sys(s, code, "cannot create it", number, e);
}

static int new_segment(struct spill *s, struct err *e)
{
	struct buf head = BUF_INIT;
	uint64_t number = s->next;
	bool owned = s->owned;
	/* Whose records these are is known before there are any. */
	int rc = owned ? 0 : spill_put_owner(s, &owned, e);
	if (rc != 0 || !owned) {
		s->disk_full = rc == 0;
		return rc;
	}
	buf_puts(&head, "SMSPILL1");
	buf_le64(&head, number);
	rc = make_segment(s, number, &head, e);
	if (rc == 0 && s->out >= 0) {
		MEM_GROW(s->seg, s->cap, s->nseg + 1);
		s->seg[s->nseg++] = (struct spill_segment){ number, SPILL_HEADER, false };
		s->st.held += SPILL_HEADER;
		s->next = number + 1;
		if (s->nseg == 1 && s->done_segment < number) {
			s->done_segment = s->at_segment = number;
			s->done = s->at = SPILL_HEADER;
		}
	}
	buf_release(&head);
	return rc;
}

static int sync_out(struct spill *s, struct err *e)
{
	struct spill_segment *g = &s->seg[s->nseg - 1];
	if (!s->dirty)
		return 0;
	int code = spill_fault(s, "fsync", "segment");
	if (code || fdatasync(s->out) != 0)
		return spill_sys(s, code ? code : errno, "cannot sync it", g->number, e);
	s->dirty = false;
	s->synced = clock_mono_ns();
	return 0;
}

static int seal(struct spill *s, struct err *e)
{
	int rc = sync_out(s, e);
	close(s->out);
	s->out = -1;
	return rc;
}

/* Bring the pending frames into the file. A full disk is no error: they stay where they are. */
static int write_pending(struct spill *s, struct err *e)
{
	if (!s->pending.n)
		return 0;
	if (s->out < 0) {
		int rc = new_segment(s, e);
		if (rc != 0 || s->out < 0)
			return rc;
	}
	struct spill_segment *g = &s->seg[s->nseg - 1];
	size_t done = 0;
	while (done < s->pending.n) {
		int code = spill_fault(s, "write", "segment");
		ssize_t w = code ? -1 : pwrite(s->out, s->pending.p + done, s->pending.n - done, (off_t)(g->size + done));
		code = code ? code : w < 0 ? errno : 0;
		if (code == EINTR)
			continue;
		if (code == ENOSPC || code == EDQUOT) {
			s->disk_full = true;
			return 0;
		}
		if (w < 0)
			return spill_sys(s, code, "cannot write", g->number, e);
		done += (size_t)w;
	}
	g->size += done;
	s->st.held += done;
	s->dirty = true;
	s->disk_full = false;
	buf_clear(&s->pending);
	return g->size >= s->o.segment ? seal(s, e) : 0;
}

int spill_append(struct spill *s, const struct item *it, struct err *e)
{
	struct spill_frame f = { .mark = it->mark, .event_us = it->event_us, .route = it->route, .key = item_key(it), .nkey = it->nkey,
		.line = it->text, .n = it->n - 1 };
	uint64_t size = f.nkey + f.n + 32, held = s->st.held + s->pending.n;
	if (s->disk_full) {
		int rc = write_pending(s, e);
		if (rc != 0)
			return rc;
		if (s->disk_full)
			return SPILL_FULL;
	}
	if (s->o.max && held && held + size > s->o.max && !(spill_empty(s) && !s->first))
		return SPILL_FULL;
	spill_put_frame(&s->pending, &f);
	s->st.appended++;
	return s->pending.n >= WRITE_AT ? write_pending(s, e) : 0;
}

int spill_flush(struct spill *s, struct err *e)
{
	int rc = write_pending(s, e);
	if (rc == 0 && s->out >= 0 && s->dirty && clock_mono_ns() - s->synced >= SYNC_NS)
		rc = sync_out(s, e);
	return rc;
}

/* --- reading --- */

static struct item *item_of(const struct spill_frame *f)
{
	struct item *it = item_new(f->line, f->n, f->key, f->nkey);
	it->mark = f->mark;
	it->event_us = f->event_us;
	it->route = f->route;
	return it;
}

static struct spill_chunk *new_chunk(struct spill *s)
{
	struct spill_chunk *c = mem_zalloc(sizeof *c);
	if (s->last)
		s->last->next = c;
	else
		s->first = c;
	s->last = c;
	return c;
}

static size_t take_frames(struct spill *s, struct spill_chunk *c, const char *p, size_t n, bool old, struct item_list *to)
{
	struct spill_frame f;
	size_t at = 0, len;
	while ((len = spill_parse_frame(p + at, n - at, &f)) != 0) {
		at += len;
		s->st.read++;
		if (old && f.mark)
			continue;
		struct item *it = item_of(&f);
		it->chunk = c;
		c->open++;
		item_append(to, it);
	}
	return at;
}

static int open_in(struct spill *s, uint64_t number, struct err *e)
{
	struct buf path = BUF_INIT;
	if (s->in >= 0 && s->in_number == number)
		return 0;
	if (s->in >= 0)
		close(s->in);
	s->in = open(spill_path(s, number, &path), O_RDONLY | O_CLOEXEC);
	s->in_number = number;
	buf_release(&path);
	return s->in >= 0 ? 0 : spill_sys(s, errno, "cannot open", number, e);
}

/* Frames of G from s->at on, WANT bytes or one frame. What is damaged is passed over, up to the segment's end. */
static int read_segment(struct spill *s, const struct spill_segment *g, uint64_t want, struct item_list *to, struct err *e)
{
	int rc = open_in(s, g->number, e);
	for (uint64_t size = want; rc == 0; size *= 8) {
		uint64_t left = g->size - s->at, n = left < size ? left : size;
		buf_clear(&s->buf);
		char *p = buf_reserve(&s->buf, n + 1);
		ssize_t got = fd_pread_all(s->in, p, n, (off_t)s->at);
		if (got < 0)
			return spill_sys(s, errno, "cannot read", g->number, e);
		size_t have = (size_t)got;
		struct spill_chunk *c = new_chunk(s);
		size_t used = take_frames(s, c, p, have, g->old, to);
		bool last = n == left || have < n;
		if (used < have && last) {
			s->st.damaged += left - used;
			used = left;
		} else if (have < n) {
			s->st.damaged += left - have;
			used = left;
		}
		s->at += used;
		c->segment = g->number;
		c->end = s->at;
		if (used)
			break;
	}
	return rc;
}

static const struct spill_segment *find(const struct spill *s, uint64_t number)
{
	for (size_t i = 0; i < s->nseg; i++)
		if (s->seg[i].number >= number)
			return &s->seg[i];
	return NULL;
}

static int read_segments(struct spill *s, struct item_list *to, uint64_t max, struct err *e)
{
	uint64_t want = max < READ_AT ? max : READ_AT;
	for (;;) {
		const struct spill_segment *g = find(s, s->at_segment);
		if (g && g->number > s->at_segment) {
			s->at_segment = g->number;
			s->at = SPILL_HEADER;
		}
		if (g && s->at < g->size) {
			int rc = read_segment(s, g, want ? want : 1, to, e);
			if (rc != 0 || to->head)
				return rc;
			continue;
		}
		const struct spill_segment *next = g ? find(s, g->number + 1) : NULL;
		if (!next)
			return 0;
		s->at_segment = next->number;
		s->at = SPILL_HEADER;
	}
}

int spill_read(struct spill *s, struct item_list *to, uint64_t max, struct err *e)
{
	int rc = read_segments(s, to, max, e);
	if (rc != 0 || to->head || !s->pending.n)
		return rc;
	/* More than may be in memory, and be lost with it, goes through a file. */
	if (s->pending.n > max) {
		rc = write_pending(s, e);
		if (rc != 0 || !s->pending.n)
			return rc == 0 ? read_segments(s, to, max, e) : rc;
	}
	/* What is not yet in a file need not go there: the offset stays, since a killed process loses it as it loses all in memory. */
	struct spill_chunk *c = new_chunk(s);
	take_frames(s, c, s->pending.p, s->pending.n, false, to);
	c->segment = s->at_segment;
	c->end = s->at;
	buf_clear(&s->pending);
	s->disk_full = false;
	return 0;
}

bool spill_empty(const struct spill *s)
{
	const struct spill_segment *g = s->nseg ? &s->seg[s->nseg - 1] : NULL;
	return !s->pending.n && (!g || g->number < s->at_segment || (g->number == s->at_segment && s->at >= g->size));
}

/* --- the offset --- */

void spill_done(struct spill *s, struct spill_chunk *c)
{
	if (c)
		c->open--;
	while (s->first && !s->first->open) {
		c = s->first;
		if (c->segment > s->done_segment || (c->segment == s->done_segment && c->end > s->done)) {
			s->done_segment = c->segment;
			s->done = c->end;
		}
		s->first = c->next;
		if (!s->first)
			s->last = NULL;
		mem_free(c);
	}
}

/* How many segments are behind the offset. The last one counts when nothing is left at all. */
static size_t behind(const struct spill *s)
{
	uint64_t number = s->done_segment, at = s->done;
	size_t n = 0;
	for (; n < s->nseg; n++) {
		const struct spill_segment *g = &s->seg[n];
		if (g->number > number || (g->number == number && at < g->size) || (n + 1 == s->nseg && !spill_empty(s)))
			break;
		/* A segment that is behind leads to the start of the next, which may hold nothing itself. */
		if (n + 1 < s->nseg && g->number == number) {
			number = g[1].number;
			at = SPILL_HEADER;
		}
	}
	return n;
}

/* With marks nobody will ever look at the offset: what is in the folder comes again from the source. */
static bool moved(const struct spill *s)
{
	return !s->stream && s->nseg && (s->done_segment != s->kept_segment || s->done != s->kept) &&
	       clock_mono_ns() - s->kept_at >= SYNC_NS;
}

bool spill_settles(const struct spill *s)
{
	return behind(s) > 0 || moved(s);
}

int spill_settle(struct spill *s, struct err *e)
{
	size_t n = behind(s);
	bool kept;
	if (!n)
		return moved(s) ? spill_put_offset(s, &kept, e) : 0;
	uint64_t next = s->seg[n - 1].number + 1;
	if (n == s->nseg && s->out >= 0) {
		close(s->out);
		s->out = -1;
		s->dirty = false;
	}
	if (s->done_segment < next) {
		s->done_segment = next;
		s->done = SPILL_HEADER;
	}
	if (s->at_segment < next) {
		s->at_segment = next;
		s->at = SPILL_HEADER;
	}
	int rc = spill_put_offset(s, &kept, e);
	/* On a full disk the segments go first, and make room for the offset. All in them is done: an offset in a segment that is gone
	 * leads to the next one that is there. */
	if (rc == 0)
		rc = spill_drop_segments(s, n, e);
	return rc == 0 && !kept ? spill_put_offset(s, &kept, e) : rc;
}

void spill_stats(const struct spill *s, struct spill_stats *st)
{
	*st = s->st;
	st->segments = s->nseg;
	st->used = true;
	st->held += s->pending.n;
	st->disk_full = s->disk_full;
}

/* --- closing --- */

static int leave(struct spill *s, struct err *e)
{
	int rc = write_pending(s, e);
	if (rc == 0 && s->out >= 0)
		rc = sync_out(s, e);
	if (rc == 0)
		rc = spill_settle(s, e);
	if (rc != 0)
		return rc;
	bool kept;
	if (s->nseg)
		return s->done_segment != s->kept_segment || s->done != s->kept ? spill_put_offset(s, &kept, e) : 0;
	/* Nothing is left: nothing tells of it. */
	rc = store_delete(s->store, SPILL_OFFSET, e);
	if (rc == 0 || rc == ERR_NOT_FOUND)
		rc = store_delete(s->store, SPILL_OWNER, e);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

int spill_close(struct spill *s, struct err *e)
{
	if (!s)
		return 0;
	int rc = s->begun ? leave(s, e) : 0;
	for (struct spill_chunk *c = s->first, *next; c; c = next) {
		next = c->next;
		mem_free(c);
	}
	if (s->out >= 0)
		close(s->out);
	if (s->in >= 0)
		close(s->in);
	if (s->dir >= 0)
		close(s->dir);
	if (s->lock >= 0)
		close(s->lock);
	store_free(s->store);
	buf_release(&s->pending);
	buf_release(&s->buf);
	mem_free(s->stream);
	mem_free(s->seg);
	mem_free(s);
	return rc;
}
