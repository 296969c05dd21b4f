/* SPDX-License-Identifier: MIT */
/* Turns a file's bytes into events: records, pages, bad ones, the end. */
#include "source/reader_parts.h"

#include "base/clock.h"
#include "base/mem.h"
#include "stream/record.h"

#include <string.h>

#define BLOCK ((size_t)1 << 20)
#define FEED ((size_t)256 << 10)

struct source_reader *source_reader_new(const struct source_files_opts *o, struct source_map *map, const struct scan_path *path)
{
	struct source_reader *r = mem_zalloc(sizeof *r);
	r->o = o;
	r->map = map;
	r->path = path;
	r->max_record = o->max_record ? o->max_record : (size_t)16 << 20;
	r->max_batch = o->max_batch ? o->max_batch : UINT64_MAX;
	json_pick_new(&r->pick, NULL, 0, NULL);
	if (map)
		source_map_follow(map, r->pick);
	return r;
}

static void close_file(struct source_reader *r)
{
	scan_free(r->scan);
	bytes_free(r->bytes);
	r->scan = NULL;
	r->bytes = NULL;
}

void source_reader_free(struct source_reader *r)
{
	if (!r)
		return;
	close_file(r);
	json_pick_free(r->pick);
	source_csv_free(r->csv);
	mem_free(r->buf);
	mem_free(r->event);
	buf_release(&r->out);
	buf_release(&r->line);
	arena_release(&r->errors);
	mem_free(r);
}

static enum source_format format_of(const struct source_reader *r, const char *name)
{
	return r->o->format != SOURCE_BY_NAME ? r->o->format : name ? source_format_of(name) : SOURCE_JSON;
}

int source_reader_open(struct source_reader *r, struct bytes *b, const struct source_reader_pos *from, bool lines, struct err *e)
{
	struct bytes_file f = bytes_file(b);
	close_file(r);
	r->bytes = b;
	r->in_member = false;
	r->unfinished = r->block_at = 0;
	r->ntail = r->nblock = 0;
	r->lines = false;
	r->nevents = r->at_event = 0;
	r->pos = r->before = r->resume = (struct source_reader_pos){ 0 };
	if (from)
		r->resume = *from;
	r->seek = from && lines && from->offset;
	/* Somebody may have looked at it, to find out which it is. What is plain is not read up to an offset, but CSV has a header. */
	bool ahead = r->seek && format_of(r, bytes_path(b)) == SOURCE_JSON && (!f.packed || bytes_at(b) <= from->offset);
	return !f.regular || ahead || !bytes_at(b) ? 0 : bytes_rewind(b, e);
}

const struct err *source_reader_barren(const struct source_reader *r)
{
	return r->barren.msg[0] && !r->fruitful ? &r->barren : NULL;
}

struct bytes *source_reader_bytes(const struct source_reader *r)
{
	return r->bytes;
}

uint64_t source_reader_unfinished(const struct source_reader *r)
{
	return r->unfinished;
}

size_t source_reader_tail(const struct source_reader *r, uint64_t offset, unsigned char to[BYTES_HEAD])
{
	size_t in = offset > r->block_at ? (size_t)(offset - r->block_at) : 0;
	in = in < r->nblock ? in : r->nblock;
	size_t n = in < BYTES_HEAD ? in : BYTES_HEAD, before = r->ntail < BYTES_HEAD - n ? r->ntail : BYTES_HEAD - n;
	memcpy(to, r->tail + r->ntail - before, before);
	if (n) /* an archive in which nothing is read has no buffer */
		memcpy(to + before, r->buf + r->block + in - n, n);
	return before + n;
}

bool source_reader_sure(const struct source_reader *r, const struct source_reader_pos *pos)
{
	return !r->bytes || bytes_sure(r->bytes, r->lines ? pos->offset : bytes_at(r->bytes));
}

bool source_reader_any(const struct source_reader *r)
{
	return r->any;
}

int source_reader_settle(struct source_reader *r, struct err *e)
{
	return r->bytes ? bytes_settle(r->bytes, e) : 0;
}

bool source_reader_lines(const struct source_reader *r)
{
	return r->lines;
}

struct source_reader_pos source_reader_end(const struct source_reader *r)
{
	return r->pos;
}

struct source_reader_event *source_reader_next(struct source_reader *r)
{
	if (r->at_event == r->nevents)
		return NULL;
	struct source_reader_event *ev = &r->event[r->at_event++];
	if (ev->held)
		ev->p = r->out.p + ev->at;
	return ev;
}

/* Behind the items handled so far. */
static struct source_reader_pos position(const struct source_reader *r)
{
	struct source_reader_pos pos = r->in_page ? r->before : r->pos;
	pos.sub = r->in_page ? r->sub : 0;
	return pos;
}

static struct source_reader_event *add_event(struct source_reader *r)
{
	MEM_GROW(r->event, r->cap_events, r->nevents + 1);
	struct source_reader_event *ev = &r->event[r->nevents++];
	*ev = (struct source_reader_event){ .pos = position(r) };
	return ev;
}

void source_reader_bad(struct source_reader *r, const char *p, size_t n, const struct err *why)
{
	struct source_reader_event *ev = add_event(r);
	ev->bad = ev->held = true;
	ev->at = r->out.n;
	ev->n = n;
	buf_put(&r->out, p, n);
	ev->why = arena_alloc(&r->errors, sizeof *ev->why);
	*ev->why = *why;
	if (ev->why->code != ERR_UNSUPPORTED)
		ev->why->code = ERR_DATA;
	if (!ev->why->file[0])
		err_at(ev->why, r->member.shown, ev->why->line, ev->why->col);
}

/* What was appended to `out` since FROM is COUNT records; it joins the event before when that one ends there. */
void source_reader_held(struct source_reader *r, size_t from, uint64_t count)
{
	struct source_reader_event *last = r->nevents ? &r->event[r->nevents - 1] : NULL;
	if (last && last->held && !last->bad && last->at + last->n == from && last->records + count <= r->max_batch) {
		last->n = r->out.n - last->at;
		last->records += count;
		last->pos = position(r);
		return;
	}
	struct source_reader_event *ev = add_event(r);
	ev->held = true;
	ev->at = from;
	ev->n = r->out.n - from;
	ev->records = count;
}

/* --- what becomes of one valid JSON object --- */

/* WHY is about IT, of the value being worked on: its own place, or its number in the page. */
static void add_bad_item(struct source_reader *r, const struct scan_item *it, struct err *why)
{
	bool made = r->map && source_map_pages(r->map);      /* by a program, so that its place in the page is not known */
	if (r->in_page && made)
		err_wrap(why, "item %llu of the page", (unsigned long long)r->sub);
	bool placed = r->in_page && !made && it->line;
	err_at(why, NULL, placed ? it->line : r->item_line, placed ? it->col : r->item_col);
	source_reader_bad(r, it->p, it->n, why);
}

static int put_item(void *arg, const struct scan_item *it, struct err *e)
{
	struct source_reader *r = arg;
	size_t from = r->out.n;
	uint64_t made = 0;
	struct err why;
	(void)e;
	/* Items of this page that were handed out before the stream was resumed. */
	if (r->in_page && ++r->sub <= r->resume.sub && r->before.records == r->resume.records)
		return 0;
	if (!it->n || *it->p != '{') {
		err_set(&why, ERR_DATA, "a record must be an object");
		add_bad_item(r, it, &why);
		return 0;
	}
	if (r->map && source_map_maps(r->map)) {
		struct json_tokens tokens = json_pick_tokens(r->pick);
		int rc = r->whole ? source_map_tokens(r->map, &tokens, it->p, it->n, r->observed, &r->out, &made, &why)
				  : source_map_item(r->map, it->p, it->n, r->observed, &r->out, &made, &why);
		if (rc < 0) {
			add_bad_item(r, it, &why);
			return 0;
		}
	} else {
		buf_put(&r->out, it->p, it->n);
		if (it->broken)
			r->out.n = from + scan_compact(r->out.p + from, it->n);
		buf_putc(&r->out, '\n');
		made = 1;
	}
	if (record_good(r->out.p + from, r->out.n - from, NULL) < r->out.n - from) {
		r->out.n = from;
		record_refuse(&why);
		add_bad_item(r, it, &why);
		return 0;
	}
	if (r->out.n > from)
		source_reader_held(r, from, made);
	return 0;
}

/* Nothing came of a page. Where its lists are empty that is as it should be. */
static void note_barren(struct source_reader *r, const struct scan_item *it)
{
	enum scan_lists lists = scan_lists(it->p, it->n);
	if (lists == SCAN_EMPTY_LISTS || r->barren.code == ERR_REJECTED || (lists == SCAN_NO_LIST && r->barren.msg[0]))
		return;
	err_set(&r->barren, lists == SCAN_FULL_LIST ? ERR_REJECTED : ERR_NONE, "'%s' finds no record, here or anywhere else", r->o->records);
	err_at(&r->barren, r->member.shown, r->item_line, r->item_col);
}

static int cut_page(struct source_reader *r, const struct scan_item *it, struct err *e)
{
	if (r->map && source_map_pages(r->map)) {
		int rc = source_map_page(r->map, it->p, it->n, put_item, r, e);
		if (rc == 0 && !r->sub && !r->fruitful && r->o->records)
			note_barren(r, it);
		return rc;
	}
	struct scan *s = scan_new(&(struct scan_opts){ .path = r->path, .strict = r->o->records != NULL,
		.max_item = r->max_record, .fn = put_item, .arg = r, .line = r->item_line, .col = r->item_col });
	int rc = scan_feed(s, it->p, it->n, e);
	if (rc == 0)
		rc = scan_finish(s, e);
	scan_free(s);
	return rc;
}

/* May the value be taken for its one item, without a look by libjq or the scanner? */
static bool is_whole(struct source_reader *r)
{
	struct json_tokens tokens = json_pick_tokens(r->pick);
	if (!r->in_page)
		return true;
	return r->map && source_map_maps(r->map) && !(r->path && r->o->records) && source_map_whole(r->map, r->path, &tokens);
}

/* P[0..N) is one valid object in one line, perhaps with space around it, which pick gave last: cut it when it is a page. */
void source_reader_object(struct source_reader *r, const char *p, size_t n, bool element)
{
	struct scan_item it = { .p = p, .n = n, .element = element };
	struct err why;
	while (*it.p != '{') {
		it.p++;
		it.n--;
	}
	while (it.p[it.n - 1] != '}')
		it.n--;
	r->sub = 0;
	r->in_page = (r->map && source_map_pages(r->map)) || (r->path && r->path->n && !element);
	r->whole = is_whole(r);
	int rc = r->whole ? put_item(r, &it, &why) : cut_page(r, &it, &why);
	r->in_page = false;
	r->fruitful = r->fruitful || r->sub;
	if (rc < 0) {
		err_at(&why, NULL, why.line ? why.line : r->item_line, why.line ? why.col : r->item_col);
		source_reader_bad(r, p, n, &why);
	}
}

/* --- files of lines --- */

struct run {
	const char *p;
	size_t n;
	uint64_t records;
};

static void end_run(struct source_reader *r, struct run *run, const struct source_reader_pos *pos)
{
	if (run->records) {
		struct source_reader_event *ev = add_event(r);
		ev->p = run->p;
		ev->n = run->n;
		ev->records = run->records;
		ev->pos = *pos;
	}
	run->records = run->n = 0;
}

/* The line at REC is good: into the run, or cut and mapped. */
static void take_line(struct source_reader *r, struct run *run, const struct json_record *rec)
{
	if (rec->is_mark || r->pos.records <= r->resume.records) {
		end_run(r, run, &r->before);
		return;
	}
	if (!source_reader_as_they_are(r)) {
		r->item_line = r->pos.line;
		r->item_col = 1;
		source_reader_object(r, rec->p, rec->n, false);
		return;
	}
	if (rec->p[rec->n] == '\r') {
		end_run(r, run, &r->before);
		size_t from = r->out.n;
		buf_put(&r->out, rec->p, rec->n);
		buf_putc(&r->out, '\n');
		source_reader_held(r, from, 1);
		return;
	}
	if (run->records && (run->p + run->n != rec->p || run->records == r->max_batch))
		end_run(r, run, &r->before);
	if (!run->records)
		run->p = rec->p;
	run->n = (size_t)(rec->p - run->p) + rec->n + 1;
	run->records++;
}

static uint64_t count_lines(const char *p, size_t n)
{
	uint64_t lines = 0;
	for (const char *end = p + n; p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
		lines++;
	return lines;
}

/* What stands before the next block; the last one may leave the buffer. */
static void end_block(struct source_reader *r)
{
	unsigned char tail[BYTES_HEAD];
	if (!r->nblock)
		return;
	r->ntail = source_reader_tail(r, r->block_at + r->nblock, tail);
	memcpy(r->tail, tail, r->ntail);
	r->block_at += r->nblock;
	r->nblock = 0;
}

/* BUF[START..STOP) are whole lines; OFFSET, LINE: of its first byte, lines before it. ADDED: the last feed is not the file's. */
static void take_lines(struct source_reader *r, size_t stop, bool added)
{
	const char *base = r->buf + r->start;
	struct source_reader_pos first = r->pos;
	struct run run = { NULL, 0, 0 };
	struct json_record rec;
	struct err why;
	int rc;
	r->block = r->start;
	r->block_at = first.offset;
	r->nblock = stop - r->start - added;
	json_pick_block(r->pick, base, stop - r->start);
	while ((rc = json_pick_next(r->pick, &rec, &why)) != 0) {
		r->before = r->pos;
		uint64_t in_block = rc < 0 ? why.line : rec.line;
		size_t to = (size_t)(rec.p - base) + rec.n;
		to += (base[to] == '\r') + 1u;
		r->pos.records++;
		r->pos.line = first.line + in_block + 1;
		r->pos.offset = first.offset + to - (added && base + to == r->buf + stop);
		if (rc > 0 && rec.n > r->max_record) {
			err_set(&why, ERR_DATA, "line is longer than %zu bytes", r->max_record);
			why.col = 1;
			rc = ERR_DATA;
		}
		if (rc > 0) {
			take_line(r, &run, &rec);
		} else {
			end_run(r, &run, &r->before);
			if (r->pos.records > r->resume.records) {
				err_at(&why, NULL, first.line + in_block + 1, why.col);
				source_reader_bad(r, rec.p, rec.n, &why);
			}
		}
	}
	end_run(r, &run, &r->pos);
	r->pos.line = first.line + count_lines(base, stop - r->start) - added;
	r->pos.offset = first.offset + (stop - r->start) - added;
	r->start = stop;
}

/* --- documents --- */

static int document_item(void *arg, const struct scan_item *it, struct err *e)
{
	struct source_reader *r = arg;
	struct json_record rec;
	struct err why;
	r->before = r->pos;
	if (++r->pos.records <= r->resume.records)
		return 0;
	(void)e;
	buf_clear(&r->line);
	buf_put(&r->line, it->p, it->n);
	if (it->broken)
		r->line.n = scan_compact(r->line.p, r->line.n);
	buf_putc(&r->line, '\n');
	memset(buf_reserve(&r->line, READER_PADDING), 0, READER_PADDING);
	r->item_line = it->line;
	r->item_col = it->col;
	json_pick_block(r->pick, r->line.p, r->line.n);
	int rc = json_pick_next(r->pick, &rec, &why);
	if (rc > 0)
		source_reader_object(r, rec.p, rec.n, it->element);
	if (rc >= 0)
		return 0;
	/* Where the fault stands in the text as it is. */
	struct err exact;
	if (it->broken && json_check(it->p, it->n, &exact) < 0 && exact.line) {
		err_at(&exact, NULL, it->line + exact.line - 1, exact.line == 1 ? it->col + exact.col - 1 : exact.col);
	} else {
		exact = why;
		err_at(&exact, NULL, it->line, it->broken ? it->col : it->col + (why.col ? why.col - 1 : 0));
	}
	source_reader_bad(r, r->line.p, r->line.n - 1, &exact);
	return 0;
}

static void document_fault(struct source_reader *r, struct err *why)
{
	size_t n;
	const char *p = scan_pending(r->scan, &n);
	r->pos.records++;
	r->at_end = true;
	r->start = r->end;
	if (r->pos.records > r->resume.records)
		source_reader_bad(r, p ? p : "", n, why);
}

static void take_document(struct source_reader *r)
{
	struct err why;
	if (!r->scan)
		r->scan = scan_new(&(struct scan_opts){ .path = r->path, .strict = r->o->records != NULL,
			.max_item = r->max_record, .fn = document_item, .arg = r });
	size_t n = r->end - r->start < FEED ? r->end - r->start : FEED;
	int rc = n ? scan_feed(r->scan, r->buf + r->start, n, &why) : 0;
	r->start += n;
	if (rc == 0 && r->at_end && r->start == r->end)
		rc = scan_finish(r->scan, &why);
	if (rc < 0)
		document_fault(r, &why);
}

/* --- reading --- */

static void make_room(struct source_reader *r, size_t want)
{
	size_t have = r->end - r->start;
	if (have && r->start)
		memmove(r->buf, r->buf + r->start, have);
	r->start = 0;
	r->end = have;
	if (r->cap < have + want + READER_PADDING + 1) {
		r->cap = have + want + READER_PADDING + 1;
		r->cap += r->cap / 2;
		r->buf = mem_realloc(r->buf, r->cap);
	}
}

/* One read; sets at_end. */
int source_reader_more(struct source_reader *r, struct err *e)
{
	if (r->cap - r->end < BLOCK / 4 + READER_PADDING + 1 || r->start == r->end)
		make_room(r, BLOCK);
	ssize_t n = bytes_read(r->bytes, r->buf + r->end, r->cap - r->end - READER_PADDING - 1, e);
	if (n < 0)
		return (int)n;
	r->end += (size_t)n;
	r->at_end = n == 0;
	return 0;
}

void source_reader_skip_bom(struct source_reader *r)
{
	size_t n = source_reader_bom(r);
	if (!n)
		return;
	r->start += n;
	r->pos.offset += n;
	memcpy(r->tail, CSV_BOM, r->ntail = n);
}

/* Go on at the offset where the file was left. */
int source_reader_seek(struct source_reader *r, struct err *e)
{
	size_t offset = (size_t)r->resume.offset;
	if (r->start == r->end || bytes_at(r->bytes) < r->resume.offset) {
		int rc = bytes_skip(r->bytes, r->resume.offset, e);
		if (rc < 0)
			return rc;
		const unsigned char *tail = bytes_tail(r->bytes, &r->ntail);
		memcpy(r->tail, tail, r->ntail);
		r->start = r->end = 0;
	} else {                        /* the header was read, and all in front of that place with it */
		r->ntail = offset < BYTES_HEAD ? offset : BYTES_HEAD;
		memcpy(r->tail, r->buf + offset - r->ntail, r->ntail);
		r->start = offset;
	}
	r->pos = r->resume;
	r->pos.sub = 0;
	return 0;
}

/* Read until the shape of the member is known. */
static int find_shape(struct source_reader *r, struct err *e)
{
	enum scan_shape shape = SCAN_LINES;
	const char *other = NULL;
	int rc = 0;
	if (r->csv_style || r->seek) {  /* it was a file of lines when it was read before */
		rc = r->csv_style ? source_reader_begin_csv(r, e) : source_reader_seek(r, e);
		if (rc < 0)
			return rc;
		other = r->seek ? NULL : scan_other_kind(r->buf + r->start, r->end - r->start);
	} else {
		do {
			if ((rc = source_reader_more(r, e)) < 0)
				return rc;
			shape = scan_shape(r->buf + r->start, r->end - r->start, r->at_end);
		} while (shape == SCAN_UNSURE && !r->at_end);
		other = scan_other_kind(r->buf + r->start, r->end - r->start);
		source_reader_skip_bom(r);
	}
	if (other) {
		err_set(e, ERR_DATA, "is %s, not %s", other, r->csv_style ? "CSV" : "JSON");
		return err_at(e, r->member.shown, 0, 0);
	}
	r->known = true;
	r->document = shape == SCAN_DOCUMENT;
	struct bytes_file f = bytes_file(r->bytes);
	r->lines = !r->document && f.regular && !f.archive;
	return 0;
}

static int open_member(struct source_reader *r, struct err *e)
{
	int rc = bytes_next(r->bytes, &r->member, e);
	if (rc <= 0)
		return rc;
	r->in_member = r->any = true;
	r->known = r->at_end = false;
	r->start = r->end = 0;
	r->pos.line = r->pos.offset = 0;
	enum source_format format = format_of(r, r->member.name ? r->member.name : r->member.shown);
	r->csv_style = format == SOURCE_CSV ? CSV_COMMA : format == SOURCE_TSV ? CSV_TAB : CSV_NONE;
	if (r->csv_style && !r->csv && (rc = source_csv_new(&r->csv, r->o->csv_types, e)) < 0)
		return rc;
	if (r->csv_style)
		source_csv_start(r->csv, r->csv_style);
	r->observed = r->o->observed_us != INT64_MIN ? r->o->observed_us
		      : r->member.mtime_us	     ? r->member.mtime_us
						     : clock_now_us();
	scan_free(r->scan);
	r->scan = NULL;
	return 1;
}

static int too_long(struct source_reader *r, struct err *e)
{
	err_set(e, ERR_DATA, "line is longer than %zu bytes", r->max_record);
	return err_at(e, r->member.shown, r->pos.line + 1, 1);
}

/* Is what is left, the last line, no object yet, but the beginning of one? A whole object can't become another. */
static bool is_unfinished(struct source_reader *r)
{
	struct json_record rec;
	struct err why;
	memset(r->buf + r->end, 0, READER_PADDING);
	json_pick_block(r->pick, r->buf + r->start, r->end - r->start);
	return json_pick_next(r->pick, &rec, &why) < 0 && scan_begins_line(r->buf + r->start, r->end - r->start - 1);
}

/* Read until there is a whole line, then take what is there. */
static int fill_lines(struct source_reader *r, struct err *e)
{
	const char *nl = NULL;
	size_t seen = r->start;
	for (;;) {
		nl = r->end > seen ? memrchr(r->buf + seen, '\n', r->end - seen) : NULL;
		if (nl || r->at_end)
			break;
		if (r->end - r->start > r->max_record)
			return too_long(r, e);
		size_t have = r->end - r->start;
		int rc = source_reader_more(r, e);
		if (rc < 0)
			return rc;
		seen = r->start + have;
	}
	bool added = false;
	if (!nl && r->end > r->start) {
		r->buf[r->end++] = '\n';
		added = true;
		if (r->lines && r->o->folder && is_unfinished(r)) {
			r->unfinished = r->pos.line + 1;
			r->start = r->end;
			return 0;
		}
	}
	size_t stop = nl ? (size_t)(nl - r->buf) + 1 : r->end;
	if (stop == r->start)
		return 0;
	take_lines(r, stop, added);
	return 0;
}

static int fill_document(struct source_reader *r, struct err *e)
{
	if (r->start == r->end && !r->at_end) {
		int rc = source_reader_more(r, e);
		if (rc < 0)
			return rc;
	}
	take_document(r);
	return 0;
}

int source_reader_fill(struct source_reader *r, struct err *e)
{
	int rc;
	r->nevents = r->at_event = 0;
	end_block(r);
	buf_clear(&r->out);
	arena_clear(&r->errors);
	if (r->in_member && r->known && r->at_end && r->start == r->end) {
		r->in_member = false;
		if (r->member.name) {
			add_event(r);           /* without records: a mark may stand here */
			return 1;
		}
	}
	if (!r->in_member && (rc = open_member(r, e)) <= 0)
		return rc;
	if (!r->known && (rc = find_shape(r, e)) < 0)
		return rc;
	rc = r->csv_style ? source_reader_fill_csv(r, e) : r->document ? fill_document(r, e) : fill_lines(r, e);
	return rc < 0 ? rc : 1;
}
