/* SPDX-License-Identifier: MIT */
#include "flow/spill.h"

#include "base/clock.h"
#include "base/num.h"
#include "json/doc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FORMAT 1
#define OWNER "SPILL"
#define OFFSET "offset"
#define SMALL_FILE ((size_t)1 << 20)
#define WRITE_AT ((size_t)64 << 10)
#define READ_AT ((size_t)256 << 10)
#define SEGMENT_MOST ((uint64_t)16 << 20)
#define SEGMENT_LEAST ((uint64_t)64 << 10)
#define SYNC_NS NS_PER_SEC
#define DIGITS 20

struct segment {
	uint64_t number, size;   /* bytes in the file */
	bool old;                /* of an earlier run: its marks mean nothing any more */
};

struct spill_chunk {
	uint64_t segment, end;   /* where the offset is when all its items are done */
	size_t open;
	struct spill_chunk *next;
};

struct spill {
	struct spill_opts o;
	struct store *store;
	int lock;
	char *stream;            /* of what is in the folder */
	bool owned;              /* DIR/SPILL is there and says so */
	bool leftover, begun;
	struct segment *seg;     /* seg[0..nseg), in order */
	size_t nseg, cap;
	uint64_t next;           /* number of the next segment */
	int out;                 /* the last segment, being appended to; -1: none */
	struct buf pending;      /* frames that are not yet in it */
	uint64_t npending;
	int64_t synced;          /* when it last was */
	bool dirty, disk_full;
	int in;                  /* segment in_number, being read; -1: none */
	uint64_t in_number;
	uint64_t at_segment, at; /* what is read next */
	uint64_t done_segment, done; /* everything before is done */
	uint64_t kept_segment, kept; /* the same, as DIR/offset has it */
	int64_t kept_at;
	struct spill_chunk *first, *last;
	struct buf buf;
	struct spill_stats st;
};

static int fault(const struct spill *s, const char *step, const char *path)
{
	return s->o.fault ? s->o.fault(s->o.fault_arg, step, path) : 0;
}

static char *path_of(const struct spill *s, uint64_t number, struct buf *b)
{
	char name[DIGITS + 8];
	size_t n = fmt_u64(name, number);
	char digits[DIGITS + 5];
	memset(digits, '0', DIGITS);
	memcpy(digits + DIGITS - n, name, n);
	memcpy(digits + DIGITS, ".seg", 5);
	if (s)
		store_path(s->store, digits, b);
	else
		buf_puts(b, digits);
	return buf_cstr(b);
}

static int sys(const struct spill *s, int code, const char *what, uint64_t number, struct err *e)
{
	struct buf b = BUF_INIT;
	err_sys(e, code, "%s", what);
	err_at(e, path_of(s, number, &b), 0, 0);
	buf_release(&b);
	return ERR_IO;
}

/* --- the small files --- */

static int put_offset(struct spill *s, struct err *e)
{
	struct buf b = BUF_INIT;
	buf_printf(&b, "{\"v\":%d,\"segment\":%llu,\"offset\":%llu}\n", FORMAT, (unsigned long long)s->done_segment,
		   (unsigned long long)s->done);
	int r = store_put(s->store, OFFSET, b.p, b.n, e);
	buf_release(&b);
	if (r == 0) {
		s->kept_segment = s->done_segment;
		s->kept = s->done;
		s->kept_at = clock_mono_ns();
	}
	return r;
}

static int put_owner(struct spill *s, struct err *e)
{
	struct buf b = BUF_INIT;
	buf_printf(&b, "{\"v\":%d,\"stream\":", FORMAT);
	if (s->stream)
		json_put_cstr(&b, s->stream);
	else
		buf_puts(&b, "null");
	buf_puts(&b, "}\n");
	int r = store_put(s->store, OWNER, b.p, b.n, e);
	buf_release(&b);
	s->owned = r == 0;
	return r;
}

/* An offset that cannot be read costs nothing but records that come again. */
static int get_offset(struct spill *s, struct err *e)
{
	struct buf b = BUF_INIT;
	struct arena a = ARENA_INIT;
	struct json *v;
	int64_t segment, at;
	int r = store_get(s->store, OFFSET, SMALL_FILE, &b, e);
	if (r == 0 && json_parse(&v, &a, b.p ? b.p : "", b.n, NULL) == 0 && json_i64(json_get(v, "segment"), &segment) &&
	    json_i64(json_get(v, "offset"), &at) && segment >= 0 && at >= 0) {
		s->done_segment = s->kept_segment = (uint64_t)segment;
		s->done = s->kept = (uint64_t)at;
	}
	arena_release(&a);
	buf_release(&b);
	return r == ERR_NOT_FOUND || r == ERR_DATA ? 0 : r;
}

static int get_owner(struct spill *s, struct err *e)
{
	struct buf b = BUF_INIT, path = BUF_INIT;
	struct arena a = ARENA_INIT;
	struct json *v;
	int64_t format;
	int r = store_get(s->store, OWNER, SMALL_FILE, &b, e);
	if (r == 0) {
		store_path(s->store, OWNER, &path);
		r = json_parse(&v, &a, b.p ? b.p : "", b.n, e);
		const struct json *stream = r == 0 ? json_get(v, "stream") : NULL;
		if (r == 0 && (!json_i64(json_get(v, "v"), &format) || !stream))
			r = err_set(e, ERR_DATA, "this says nothing about a spill");
		else if (r == 0 && format != FORMAT)
			r = err_set(e, ERR_UNSUPPORTED, "format %lld is not known to this program (it knows %d)", (long long)format, FORMAT);
		if (r != 0)
			err_at(e, buf_cstr(&path), e->line, e->col);
		else if (json_str(stream))
			s->stream = mem_strdup(json_str(stream));
		s->owned = true;
	} else if (r == ERR_NOT_FOUND) {
		r = 0;
	}
	arena_release(&a);
	buf_release(&b);
	buf_release(&path);
	return r;
}

/* --- opening --- */

static int take_lock(struct spill *s, struct err *e)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct buf path = BUF_INIT;
	int r = 0;
	store_path(s->store, "lock", &path);
	s->lock = open(buf_cstr(&path), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (s->lock < 0)
		r = err_sys(e, errno, "cannot open '%s'", path.p);
	else if (fcntl(s->lock, F_OFD_SETLK, &l) != 0)
		r = errno == EAGAIN || errno == EACCES ? err_set(e, ERR_CONFLICT, "another process uses the spill in '%s'", store_root(s->store))
						       : err_sys(e, errno, "cannot lock '%s'", path.p);
	buf_release(&path);
	return r;
}

static int list_one(void *arg, const struct store_entry *en, struct err *e)
{
	struct spill *s = arg;
	uint64_t number;
	(void)e;
	if (en->dir || strlen(en->name) != DIGITS + 4 || strcmp(en->name + DIGITS, ".seg") != 0 || !num_u64(en->name, DIGITS, &number))
		return 0;
	MEM_GROW(s->seg, s->cap, s->nseg + 1);
	s->seg[s->nseg++] = (struct segment){ number, en->size, true };
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const struct segment *x = a, *y = b;
	return (x->number > y->number) - (x->number < y->number);
}

static int delete_segment(struct spill *s, uint64_t number, struct err *e)
{
	struct buf b = BUF_INIT;
	int r = store_delete(s->store, path_of(NULL, number, &b), e);
	buf_release(&b);
	return r == ERR_NOT_FOUND ? 0 : r;
}

/* The first N segments go. */
static int drop_segments(struct spill *s, size_t n, struct err *e)
{
	int r = 0;
	size_t i = 0;
	for (; i < n && r == 0; i++) {
		r = delete_segment(s, s->seg[i].number, e);
		if (r == 0)
			s->st.held -= s->seg[i].size;
	}
	size_t gone = r == 0 ? n : i - 1;
	if (gone)
		memmove(s->seg, s->seg + gone, (s->nseg - gone) * sizeof *s->seg);
	s->nseg -= gone;
	if (gone)
		s->disk_full = false;
	return r;
}

/* The last segment may end in the middle of a frame: cut it off. */
static int cut_tail(struct spill *s, struct err *e)
{
	struct segment *g = &s->seg[s->nseg - 1];
	struct buf path = BUF_INIT, text = BUF_INIT;
	int r = store_get(s->store, path_of(NULL, g->number, &path), SIZE_MAX / 4, &text, e);
	if (r == 0) {
		size_t good = spill_check_segment(text.p ? text.p : "", text.n, g->number);
		s->st.torn = text.n - good;
		if (good == text.n) {
			g->size = good;
		} else if (good <= SPILL_HEADER) {
			r = delete_segment(s, g->number, e);
			s->nseg--;
		} else {
			buf_clear(&path);
			path_of(s, g->number, &path);
			int code = fault(s, "truncate", path.p);
			if (code || truncate(path.p, (off_t)good) != 0)
				r = sys(s, code ? code : errno, "cannot cut the torn end off", g->number, e);
			g->size = good;
		}
	}
	buf_release(&path);
	buf_release(&text);
	return r;
}

static int recover(struct spill *s, struct err *e)
{
	size_t behind = 0;
	int r = store_list(s->store, "", list_one, s, e);
	if (r == 0 && s->nseg)
		qsort(s->seg, s->nseg, sizeof *s->seg, by_number);
	if (r == 0)
		r = get_offset(s, e);
	s->next = s->nseg ? s->seg[s->nseg - 1].number + 1 : 0;
	s->next = s->next > s->done_segment ? s->next : s->done_segment + 1;
	if (r == 0 && s->nseg)
		r = cut_tail(s, e);
	while (r == 0 && behind < s->nseg &&
	       (s->seg[behind].number < s->done_segment || (s->seg[behind].number == s->done_segment && s->seg[behind].size <= s->done)))
		behind++;
	for (size_t i = 0; i < s->nseg; i++)
		s->st.held += s->seg[i].size;
	if (r == 0)
		r = drop_segments(s, behind, e);
	s->leftover = s->nseg > 0;
	if (s->nseg && s->done_segment < s->seg[0].number) {
		s->done_segment = s->seg[0].number;
		s->done = SPILL_HEADER;
	}
	if (s->done < SPILL_HEADER)
		s->done = SPILL_HEADER;
	s->at_segment = s->done_segment;
	s->at = s->done;
	return r;
}

int spill_open(struct spill **out, const char *dir, const struct spill_opts *o, struct err *e)
{
	struct spill *s = mem_zalloc(sizeof *s);
	s->o = *o;
	s->lock = s->out = s->in = -1;
	if (!s->o.segment) {
		uint64_t part = o->max ? o->max / 8 : SEGMENT_MOST;
		s->o.segment = part > SEGMENT_MOST ? SEGMENT_MOST : part < SEGMENT_LEAST ? SEGMENT_LEAST : part;
	}
	int r = store_open(&s->store, dir, e);
	if (r == 0 && o->fault)
		store_set_fault(s->store, o->fault, o->fault_arg);
	if (r == 0)
		r = store_mkdir(s->store, "", e);
	if (r == 0)
		r = take_lock(s, e);
	if (r == 0)
		r = get_owner(s, e);
	if (r == 0)
		r = recover(s, e);
	if (r != 0) {
		s->owned = false;
		s->nseg = 0;
		s->begun = false;
		spill_close(s, NULL);
		return r;
	}
	*out = s;
	return 0;
}

bool spill_leftover(const struct spill *s, const char **stream)
{
	*stream = s->stream;
	return s->leftover;
}

/* Without the generation: what an earlier generation spilled comes again as well. */
static size_t base_of(const char *stream)
{
	return strcspn(stream, ".");
}

int spill_begin(struct spill *s, const char *stream, bool *removed, struct err *e)
{
	bool same = stream && s->stream ? base_of(stream) == base_of(s->stream) && strncmp(stream, s->stream, base_of(stream)) == 0
					: !stream && !s->stream;
	int r = 0;
	if (removed)
		*removed = false;
	if (s->leftover && !same)
		return err_set(e, ERR_CONFLICT, "'%s' holds spilled records of %s%s, and this is %s%s: let such a run empty it, or remove it",
			       store_root(s->store), s->stream ? "stream " : "a stream without a checkpoint", s->stream ? s->stream : "",
			       stream ? "stream " : "a stream without a checkpoint", stream ? stream : "");
	if (s->leftover && stream) {
		r = drop_segments(s, s->nseg, e);
		s->done_segment = s->at_segment = s->next;
		s->done = s->at = SPILL_HEADER;
		s->leftover = false;
		if (removed)
			*removed = true;
	}
	if (!s->leftover) {
		bool changed = stream ? !s->stream || strcmp(stream, s->stream) != 0 : s->stream != NULL;
		mem_free(s->stream);
		s->stream = stream ? mem_strdup(stream) : NULL;
		if (changed)
			s->owned = false;
	}
	s->begun = r == 0;
	return r;
}

/* --- appending --- */

static int new_segment(struct spill *s, struct err *e)
{
	struct buf path = BUF_INIT, head = BUF_INIT;
	uint64_t number = s->next;
	/* Whose records these are is known before there are any. */
	int r = s->owned ? 0 : put_owner(s, e);
	buf_puts(&head, "SMSPILL1");
	buf_le64(&head, number);
	if (r == 0)
		r = store_put(s->store, path_of(NULL, number, &path), head.p, head.n, e);
	if (r == 0) {
		buf_clear(&path);
		s->out = open(path_of(s, number, &path), O_WRONLY | O_CLOEXEC);
		if (s->out < 0)
			r = sys(s, errno, "cannot open", number, e);
	}
	if (r == 0) {
		MEM_GROW(s->seg, s->cap, s->nseg + 1);
		s->seg[s->nseg++] = (struct segment){ number, SPILL_HEADER, false };
		s->st.held += SPILL_HEADER;
		s->next = number + 1;
		if (s->nseg == 1 && s->done_segment < number) {
			s->done_segment = s->at_segment = number;
			s->done = s->at = SPILL_HEADER;
		}
	}
	buf_release(&path);
	buf_release(&head);
	return r;
}

static int sync_out(struct spill *s, struct err *e)
{
	struct segment *g = &s->seg[s->nseg - 1];
	if (!s->dirty)
		return 0;
	int code = fault(s, "fsync", "segment");
	if (code || fdatasync(s->out) != 0)
		return sys(s, code ? code : errno, "cannot make it durable", g->number, e);
	s->dirty = false;
	s->synced = clock_mono_ns();
	return 0;
}

static int seal(struct spill *s, struct err *e)
{
	int r = sync_out(s, e);
	close(s->out);
	s->out = -1;
	return r;
}

/* Bring the pending frames into the file. A full disk is no error: they stay where they are. */
static int write_pending(struct spill *s, struct err *e)
{
	if (!s->pending.n)
		return 0;
	if (s->out < 0) {
		int r = new_segment(s, e);
		if (r != 0)
			return r;
	}
	struct segment *g = &s->seg[s->nseg - 1];
	size_t done = 0;
	while (done < s->pending.n) {
		int code = fault(s, "write", "segment");
		ssize_t w = code ? -1 : pwrite(s->out, s->pending.p + done, s->pending.n - done, (off_t)(g->size + done));
		code = code ? code : w < 0 ? errno : 0;
		if (code == EINTR)
			continue;
		if (code == ENOSPC || code == EDQUOT) {
			s->disk_full = true;
			return 0;
		}
		if (w < 0)
			return sys(s, code, "cannot write", g->number, e);
		done += (size_t)w;
	}
	g->size += done;
	s->st.held += done;
	s->dirty = true;
	s->disk_full = false;
	buf_clear(&s->pending);
	s->npending = 0;
	return g->size >= s->o.segment ? seal(s, e) : 0;
}

int spill_append(struct spill *s, const struct item *it, struct err *e)
{
	struct spill_frame f = { .mark = it->mark, .event_us = it->event_us, .route = it->route, .key = item_key(it), .nkey = it->nkey,
		.line = it->text, .n = it->n - 1 };
	uint64_t size = f.nkey + f.n + 32, held = s->st.held + s->pending.n;
	if (s->disk_full) {
		int r = write_pending(s, e);
		if (r != 0)
			return r;
		if (s->disk_full)
			return SPILL_FULL;
	}
	if (s->o.max && held && held + size > s->o.max && !(spill_empty(s) && !s->first))
		return SPILL_FULL;
	spill_put_frame(&s->pending, &f);
	s->npending++;
	s->st.appended++;
	return s->pending.n >= WRITE_AT ? write_pending(s, e) : 0;
}

int spill_flush(struct spill *s, struct err *e)
{
	int r = write_pending(s, e);
	if (r == 0 && s->out >= 0 && s->dirty && clock_mono_ns() - s->synced >= SYNC_NS)
		r = sync_out(s, e);
	return r;
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
	s->in = open(path_of(s, number, &path), O_RDONLY | O_CLOEXEC);
	s->in_number = number;
	buf_release(&path);
	return s->in >= 0 ? 0 : sys(s, errno, "cannot open", number, e);
}

/* Frames of G from s->at on, WANT bytes or one frame. What is damaged is passed over, up to the segment's end. */
static int read_segment(struct spill *s, const struct segment *g, uint64_t want, struct item_list *to, struct err *e)
{
	int r = open_in(s, g->number, e);
	for (uint64_t size = want; r == 0; size *= 8) {
		uint64_t left = g->size - s->at, n = left < size ? left : size;
		size_t have = 0;
		buf_clear(&s->buf);
		char *p = buf_reserve(&s->buf, n + 1);
		while (have < n) {
			ssize_t got = pread(s->in, p + have, n - have, (off_t)(s->at + have));
			if (got < 0 && errno == EINTR)
				continue;
			if (got < 0)
				return sys(s, errno, "cannot read", g->number, e);
			if (got == 0)
				break;
			have += (size_t)got;
		}
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
	return r;
}

static const struct segment *find(const struct spill *s, uint64_t number)
{
	for (size_t i = 0; i < s->nseg; i++)
		if (s->seg[i].number >= number)
			return &s->seg[i];
	return NULL;
}

int spill_read(struct spill *s, struct item_list *to, uint64_t max, struct err *e)
{
	uint64_t want = max < READ_AT ? max : READ_AT;
	for (;;) {
		const struct segment *g = find(s, s->at_segment);
		if (g && g->number > s->at_segment) {
			s->at_segment = g->number;
			s->at = SPILL_HEADER;
		}
		if (g && s->at < g->size) {
			int r = read_segment(s, g, want ? want : 1, to, e);
			if (r != 0 || to->head)
				return r;
			continue;
		}
		const struct segment *next = g ? find(s, g->number + 1) : NULL;
		if (!next)
			break;
		s->at_segment = next->number;
		s->at = SPILL_HEADER;
	}
	/* What is not yet in a file need not go there: the offset stays, since a killed process loses it as it loses all in memory. */
	if (!s->pending.n)
		return 0;
	struct spill_chunk *c = new_chunk(s);
	take_frames(s, c, s->pending.p, s->pending.n, false, to);
	c->segment = s->at_segment;
	c->end = s->at;
	buf_clear(&s->pending);
	s->npending = 0;
	return 0;
}

bool spill_empty(const struct spill *s)
{
	const struct segment *g = s->nseg ? &s->seg[s->nseg - 1] : NULL;
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
		const struct segment *g = &s->seg[n];
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
	if (!n)
		return moved(s) ? put_offset(s, e) : 0;
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
	int r = put_offset(s, e);
	return r == 0 ? drop_segments(s, n, e) : r;
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
	int r = write_pending(s, e);
	if (r == 0 && s->out >= 0)
		r = sync_out(s, e);
	if (r == 0)
		r = spill_settle(s, e);
	if (r != 0)
		return r;
	if (s->nseg)
		return s->done_segment != s->kept_segment || s->done != s->kept ? put_offset(s, e) : 0;
	/* Nothing is left: nothing tells of it. */
	r = store_delete(s->store, OFFSET, e);
	if (r == 0 || r == ERR_NOT_FOUND)
		r = store_delete(s->store, OWNER, e);
	return r == ERR_NOT_FOUND ? 0 : r;
}

int spill_close(struct spill *s, struct err *e)
{
	if (!s)
		return 0;
	int r = s->begun ? leave(s, e) : 0;
	for (struct spill_chunk *c = s->first, *next; c; c = next) {
		next = c->next;
		mem_free(c);
	}
	if (s->out >= 0)
		close(s->out);
	if (s->in >= 0)
		close(s->in);
	if (s->lock >= 0)
		close(s->lock);
	store_free(s->store);
	buf_release(&s->pending);
	buf_release(&s->buf);
	mem_free(s->stream);
	mem_free(s->seg);
	mem_free(s);
	return r;
}
