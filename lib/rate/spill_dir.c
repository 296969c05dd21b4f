/* SPDX-License-Identifier: MIT */
/* The folder of a spill: its small files, opening it after whatever happened to the process before, whose it is. */
#include "base/clock.h"
#include "base/num.h"
#include "rate/spill_parts.h"
#include "json/doc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define FORMAT 1
#define SMALL_FILE ((size_t)1 << 20)
#define SEGMENT_MOST ((uint64_t)16 << 20)
#define SEGMENT_LEAST ((uint64_t)64 << 10)
#define DIGITS 20

int spill_fault(const struct spill *s, const char *step, const char *path)
{
	return s->o.fault ? s->o.fault(s->o.fault_arg, step, path) : 0;
}

char *spill_path(const struct spill *s, uint64_t number, struct buf *b)
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

int spill_sys(const struct spill *s, int code, const char *what, uint64_t number, struct err *e)
{
	struct buf b = BUF_INIT;
	err_sys(e, code, "%s", what);
	err_at(e, spill_path(s, number, &b), 0, 0);
	buf_release(&b);
	return ERR_IO;
}

/* --- the small files --- */

static int put_small(struct spill *s, const char *name, const struct buf *b, bool *kept, struct err *e)
{
	struct err why = { 0 };
	int rc = store_put(s->store, name, b->p, b->n, &why);
	*kept = rc == 0;
	if (rc == 0 || (rc == ERR_IO && (why.errnum == ENOSPC || why.errnum == EDQUOT)))
		return 0;
	*e = why;
	return rc;
}

int spill_put_offset(struct spill *s, bool *kept, struct err *e)
{
	struct buf b = BUF_INIT;
	buf_printf(&b, "{\"v\":%d,\"segment\":%llu,\"offset\":%llu}\n", FORMAT, (unsigned long long)s->done_segment,
		   (unsigned long long)s->done);
	int rc = put_small(s, SPILL_OFFSET, &b, kept, e);
	buf_release(&b);
	if (*kept) {
		s->kept_segment = s->done_segment;
		s->kept = s->done;
	}
	s->kept_at = clock_mono_ns();
	return rc;
}

int spill_put_owner(struct spill *s, bool *kept, struct err *e)
{
	struct buf b = BUF_INIT;
	buf_printf(&b, "{\"v\":%d,\"stream\":", FORMAT);
	if (s->stream)
		json_put_cstr(&b, s->stream);
	else
		buf_puts(&b, "null");
	buf_puts(&b, "}\n");
	int rc = put_small(s, SPILL_OWNER, &b, kept, e);
	buf_release(&b);
	s->owned = *kept;
	return rc;
}

/* An offset that cannot be read costs nothing but records that come again. */
static int get_offset(struct spill *s, struct err *e)
{
	struct buf b = BUF_INIT;
	struct arena a = ARENA_INIT;
	struct json *v;
	int64_t segment, at;
	int rc = store_get(s->store, SPILL_OFFSET, SMALL_FILE, &b, e);
	if (rc == 0 && json_parse(&v, &a, b.p ? b.p : "", b.n, NULL) == 0 && json_i64(json_get(v, "segment"), &segment) &&
	    json_i64(json_get(v, "offset"), &at) && segment >= 0 && at >= 0) {
		s->done_segment = s->kept_segment = (uint64_t)segment;
		s->done = s->kept = (uint64_t)at;
	}
	arena_release(&a);
	buf_release(&b);
	return rc == ERR_NOT_FOUND || rc == ERR_DATA ? 0 : rc;
}

static int get_owner(struct spill *s, struct err *e)
{
	struct buf b = BUF_INIT, path = BUF_INIT;
	struct arena a = ARENA_INIT;
	struct json *v;
	int64_t format;
	int rc = store_get(s->store, SPILL_OWNER, SMALL_FILE, &b, e);
	if (rc == 0) {
		store_path(s->store, SPILL_OWNER, &path);
		rc = json_parse(&v, &a, b.p ? b.p : "", b.n, e);
		const struct json *stream = rc == 0 ? json_get(v, "stream") : NULL;
		if (rc == 0 && (!json_i64(json_get(v, "v"), &format) || !stream))
			rc = err_set(e, ERR_DATA, "not a description of a spill");
		else if (rc == 0 && format != FORMAT)
			rc = err_set(e, ERR_UNSUPPORTED, "format %lld is not supported (this program supports %d)", (long long)format, FORMAT);
		if (rc != 0)
			err_at(e, buf_cstr(&path), e->line, e->col);
		else if (json_str(stream))
			s->stream = mem_strdup(json_str(stream));
		s->owned = true;
	} else if (rc == ERR_NOT_FOUND) {
		rc = 0;
	}
	arena_release(&a);
	buf_release(&b);
	buf_release(&path);
	return rc;
}

/* --- opening --- */

static int take_lock(struct spill *s, struct err *e)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct buf path = BUF_INIT;
	int rc = 0;
	s->dir = open(store_root(s->store), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir < 0)
		return err_sys(e, errno, "cannot open '%s'", store_root(s->store));
	store_path(s->store, "lock", &path);
	s->lock = open(buf_cstr(&path), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (s->lock < 0)
		rc = err_sys(e, errno, "cannot open '%s'", path.p);
	else if (fcntl(s->lock, F_OFD_SETLK, &l) != 0)
		rc = errno == EAGAIN || errno == EACCES ? err_set(e, ERR_CONFLICT, "the spill in '%s' is in use by another process", store_root(s->store))
						       : err_sys(e, errno, "cannot lock '%s'", path.p);
	buf_release(&path);
	return rc;
}

static int list_one(void *arg, const struct store_entry *en, struct err *e)
{
	struct spill *s = arg;
	uint64_t number;
	(void)e;
	if (en->dir || strlen(en->name) != DIGITS + 4 || strcmp(en->name + DIGITS, ".seg") != 0 || !num_u64(en->name, DIGITS, &number))
		return 0;
	MEM_GROW(s->seg, s->cap, s->nseg + 1);
	s->seg[s->nseg++] = (struct spill_segment){ number, en->size, true };
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const struct spill_segment *x = a, *y = b;
	return (x->number > y->number) - (x->number < y->number);
}

static int delete_segment(struct spill *s, uint64_t number, struct err *e)
{
	struct buf b = BUF_INIT;
	int rc = store_delete(s->store, spill_path(NULL, number, &b), e);
	buf_release(&b);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

int spill_drop_segments(struct spill *s, size_t n, struct err *e)
{
	int rc = 0;
	size_t i = 0;
	for (; i < n && rc == 0; i++) {
		/* A file that is open keeps its place on the disk. */
		if (s->in >= 0 && s->in_number == s->seg[i].number) {
			close(s->in);
			s->in = -1;
		}
		rc = delete_segment(s, s->seg[i].number, e);
		if (rc == 0)
			s->st.held -= s->seg[i].size;
	}
	size_t gone = rc == 0 ? n : i - 1;
	if (gone)
		memmove(s->seg, s->seg + gone, (s->nseg - gone) * sizeof *s->seg);
	s->nseg -= gone;
	if (gone)
		s->disk_full = false;
	return rc;
}

/* The last segment may end in the middle of a frame: cut it off. */
static int cut_tail(struct spill *s, struct err *e)
{
	struct spill_segment *g = &s->seg[s->nseg - 1];
	struct buf path = BUF_INIT, text = BUF_INIT;
	int rc = store_get(s->store, spill_path(NULL, g->number, &path), SIZE_MAX / 4, &text, e);
	if (rc == 0) {
		size_t good = spill_check_segment(text.p ? text.p : "", text.n, g->number);
		s->st.torn = text.n - good;
		if (good == text.n) {
			g->size = good;
		} else if (good <= SPILL_HEADER) {
			rc = delete_segment(s, g->number, e);
			s->nseg--;
		} else {
			buf_clear(&path);
			spill_path(s, g->number, &path);
			int code = spill_fault(s, "truncate", path.p);
			if (code || truncate(path.p, (off_t)good) != 0)
				rc = spill_sys(s, code ? code : errno, "cannot truncate its torn end", g->number, e);
			g->size = good;
		}
	}
	buf_release(&path);
	buf_release(&text);
	return rc;
}

static int recover(struct spill *s, struct err *e)
{
	size_t behind = 0;
	int rc = store_list(s->store, "", list_one, s, e);
	if (rc == 0 && s->nseg)
		qsort(s->seg, s->nseg, sizeof *s->seg, by_number);
	if (rc == 0)
		rc = get_offset(s, e);
	s->next = s->nseg ? s->seg[s->nseg - 1].number + 1 : 0;
	s->next = s->next > s->done_segment ? s->next : s->done_segment + 1;
	if (rc == 0 && s->nseg)
		rc = cut_tail(s, e);
	while (rc == 0 && behind < s->nseg &&
	       (s->seg[behind].number < s->done_segment || (s->seg[behind].number == s->done_segment && s->seg[behind].size <= s->done)))
		behind++;
	for (size_t i = 0; i < s->nseg; i++)
		s->st.held += s->seg[i].size;
	if (rc == 0)
		rc = spill_drop_segments(s, behind, e);
	s->leftover = s->nseg > 0;
	if (s->nseg && s->done_segment < s->seg[0].number) {
		s->done_segment = s->seg[0].number;
		s->done = SPILL_HEADER;
	}
	if (s->done < SPILL_HEADER)
		s->done = SPILL_HEADER;
	s->at_segment = s->done_segment;
	s->at = s->done;
	return rc;
}

int spill_open(struct spill **out, const char *dir, const struct spill_opts *o, struct err *e)
{
	struct spill *s = mem_zalloc(sizeof *s);
	s->o = *o;
	s->lock = s->dir = s->out = s->in = -1;
	if (!s->o.segment) {
		uint64_t part = o->max ? o->max / 8 : SEGMENT_MOST;
		s->o.segment = part > SEGMENT_MOST ? SEGMENT_MOST : part < SEGMENT_LEAST ? SEGMENT_LEAST : part;
	}
	int rc = store_open(&s->store, dir, e);
	if (rc == 0 && o->fault)
		store_set_fault(s->store, o->fault, o->fault_arg);
	if (rc == 0)
		rc = store_mkdir(s->store, "", e);
	if (rc == 0)
		rc = take_lock(s, e);
	if (rc == 0)
		rc = get_owner(s, e);
	if (rc == 0)
		rc = recover(s, e);
	if (rc != 0) {
		s->owned = false;
		s->nseg = 0;
		s->begun = false;
		spill_close(s, NULL);
		return rc;
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
	int rc = 0;
	if (removed)
		*removed = false;
	if (s->leftover && !same)
		return err_set(e, ERR_CONFLICT, "'%s' holds spilled records of %s%s, but this is %s%s: run that stream again to empty it, or remove it",
			       store_root(s->store), s->stream ? "stream " : "a stream without a checkpoint", s->stream ? s->stream : "",
			       stream ? "stream " : "a stream without a checkpoint", stream ? stream : "");
	if (s->leftover && stream) {
		rc = spill_drop_segments(s, s->nseg, e);
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
	s->begun = rc == 0;
	return rc;
}
