/* SPDX-License-Identifier: MIT */
/* One file after the other: which to read, and from where; what the cursor says of the one that is open. */
#include "source/files.h"

#include "base/mem.h"
#include "source/done.h"
#include "source/path.h"
#include "source/reader.h"
#include "source/same.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define VALUES UINT64_C(16)          /* times the longest record: what libjq is given of one may take */

struct source_files {
	struct source_files_opts o;
	struct bytes_opts bytes;
	struct arena arena;
	struct source_map *map;
	struct scan_path path;
	struct source_reader *reader;
	struct done *done;
	struct same same;
	struct path_list list;
	size_t next;
	const char *current;          /* the open file; NULL: none */
	struct done_file now;         /* what is known of it, but for how far it was read */
	struct done_file known;       /* what was read of it before this run, when nothing has been since */
	bool unmoved;                 /* there is that */
	bool kept;                    /* it goes into the list of those done: a regular file */
	bool started;                 /* something of it was handed out */
	struct source_reader_pos pos;        /* behind what was handed out and taken */
	struct source_reader_pos bad_pos;    /* behind the bad record handed out last */
	unsigned char tail[BYTES_HEAD], bad_tail[BYTES_HEAD];     /* of files of lines: what stands before these */
	int64_t passed;               /* bytes of the files before `next` */
	size_t ntail, nbad_tail;
	bool bad_open;                /* it was, and the caller has not come back yet */
	bool bad_file;                /* it was the whole rest of the file */
	/* The file in which the stream stands. It comes first, under the name that it had. */
	struct done_file from;
	bool has_from, met;           /* there is one; it was found */
	bool first_done;
};

static int damaged_cursor(struct err *e)
{
	return err_set(e, ERR_CONFLICT, "the checkpoint's cursor is not one of smfetch files: it belongs to another source");
}

static bool is_listed(const struct source_files *f, const char *path)
{
	for (size_t i = 0; i < f->list.n; i++)
		if (strcmp(f->list.v[i], path) == 0)
			return true;
	return false;
}

/* The cursor's "at": the file in which the stream stands. */
static int take_at(struct source_files *f, const struct json *at, struct err *e)
{
	struct stat st;
	if (done_get(&f->from, &f->arena, at, e) < 0)
		return damaged_cursor(e);
	const char *path = f->from.file;
	f->has_from = f->from.part = true;
	if (!is_listed(f, path) && (strcmp(path, "-") == 0 || stat(path, &st) == 0)) {
		err_set(e, ERR_CONFLICT, "the stream is in the middle of this file, but the command line does not name it");
		return err_at(e, path, 0, 0);
	}
	return 0;
}

static int take_cursor(struct source_files *f, struct err *e)
{
	struct json *c;
	int64_t v, done = 0;
	int rc = 0;
	if (f->o.cursor && !(f->o.ncursor == 4 && memcmp(f->o.cursor, "null", 4) == 0)) {
		if (json_parse(&c, &f->arena, f->o.cursor, f->o.ncursor, e) < 0 || !json_i64(json_get(c, "v"), &v) || v < 1 || v > 2 ||
		    !json_i64(json_get(c, "done"), &done) || done < 0)
			return damaged_cursor(e);
		const struct json *at = json_get(c, "at");
		rc = at ? take_at(f, at, e) : 0;
	}
	if (rc == 0)
		rc = done_open(&f->done, f->o.folder, (uint64_t)done, e);
	if (rc < 0)
		return rc;
	/* One of the known files from now on, whatever its name is. */
	if (f->has_from && (f->from.old ? f->from.size : f->from.at) && strcmp(f->from.file, "-") != 0) {
		done_add(f->done, &f->from);
		f->from = *done_find(f->done, f->from.file);
	}
	f->same = (struct same){ f->done, &f->list, &f->bytes };
	return 0;
}

/* A name that is no UTF-8 cannot stand in a mark. */
static int check_names(struct source_files *f, struct err *e)
{
	struct buf b = BUF_INIT;
	struct json *v;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < f->list.n; i++) {
		struct arena a = ARENA_INIT;
		buf_clear(&b);
		json_put_cstr(&b, f->list.v[i]);
		if (json_parse(&v, &a, b.p, b.n, NULL) < 0) {
			err_set(e, ERR_DATA, "its name is not UTF-8, so it cannot be in a mark");
			rc = err_at(e, f->list.v[i], 0, 0);
		}
		arena_release(&a);
	}
	buf_release(&b);
	return rc;
}

static void note(const struct source_files *f, const char *file, uint64_t line, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
static void note(const struct source_files *f, const char *file, uint64_t line, const char *fmt, ...)
{
	struct err what;
	va_list ap;
	if (!f->o.note)
		return;
	va_start(ap, fmt);
	err_setv(&what, ERR_NONE, fmt, ap);
	va_end(ap);
	err_at(&what, file, line, 0);
	f->o.note(f->o.arg, &what, true);
}

/* What lies in the folders and is not read. */
static void tell_unread(const struct source_files *f)
{
	if (f->list.dangling)
		note(f, f->list.dangling, 0, "a link to a file that does not exist; skipped");
	if (f->list.found && f->o.note) {
		struct err what;
		err_set(&what, ERR_NONE, "belongs to this run (--resume, --on-error): not read");
		err_at(&what, f->list.found, 0, 0);
		f->o.note(f->o.arg, &what, false);
	}
	if (!f->list.n && f->list.unlike)
		note(f, "", 0, "--include '%s' matches none of %zu files", f->o.include, f->list.unlike);
}

static int check_types(const char *types, struct err *e)
{
	struct source_csv *c = NULL;
	int rc = source_csv_new(&c, types, e);
	source_csv_free(c);
	return rc;
}

static int set_up(struct source_files *f, struct err *e)
{
	const struct source_files_opts *o = &f->o;
	const struct scan_path *path = NULL;
	if (o->records)
		path = scan_path_parse(&f->path, &f->arena, o->records) ? &f->path : NULL;
	else if (o->def && o->def->is_path)
		path = &o->def->path;
	int rc = source_map_new(&f->map, o->def, o->records, o->raw, e);
	if (rc == 0)
		source_map_limit(f->map, VALUES * o->max_record);
	if (rc == 0)
		rc = source_map_by(f->map, o->map_by, e);
	if (rc == 0 && o->csv_types)
		rc = check_types(o->csv_types, e);
	if (rc < 0)
		return rc;
	f->reader = source_reader_new(&f->o, f->map, path);
	f->bytes = (struct bytes_opts){ .before_wait = o->before_wait, .arg = o->arg, .metrics = o->metrics, .include = o->include };
	f->list.own[0] = o->folder;
	f->list.own[1] = o->rejects;
	rc = path_expand(&f->list, &f->arena, o->paths, o->npaths, o->include, e);
	if (rc == 0 && o->marks)
		rc = check_names(f, e);
	if (rc == 0)
		tell_unread(f);
	return rc < 0 ? rc : take_cursor(f, e);
}

static int64_t size_of(const char *path)
{
	struct stat st;
	bool is_stdin = strcmp(path, "-") == 0;
	return (is_stdin ? fstat(STDIN_FILENO, &st) : stat(path, &st)) == 0 && S_ISREG(st.st_mode) ? st.st_size : -1;
}

/* How much there is to be read, if all of it are files. */
static void tell_size(const struct source_files *f)
{
	int64_t all = 0, size = 0;
	for (size_t i = 0; i < f->list.n && size >= 0; i++, all += size > 0 ? size : 0)
		size = size_of(f->list.v[i]);
	if (size >= 0)
		metrics_set(f->o.metrics, METRIC_INPUT_SIZE, all);
}

/* What lies before the next file is read, or was before. */
static const char *pass_file(struct source_files *f)
{
	const char *path = f->list.v[f->next++];
	metrics_set(f->o.metrics, METRIC_INPUT_READ, f->passed);
	int64_t size = metrics_watched(f->o.metrics) ? size_of(path) : 0;
	f->passed += size > 0 ? size : 0;
	return path;
}

int source_files_open(struct source_files **out, const struct source_files_opts *o, struct err *e)
{
	struct source_files *f = mem_zalloc(sizeof *f);
	f->o = *o;
	int rc = set_up(f, e);
	if (rc < 0) {
		source_files_free(f);
		return rc;
	}
	if (metrics_watched(o->metrics))
		tell_size(f);
	*out = f;
	return 0;
}

void source_files_free(struct source_files *f)
{
	if (!f)
		return;
	source_reader_free(f->reader);
	source_map_free(f->map);
	done_free(f->done);
	mem_free(f->list.v);
	arena_release(&f->arena);
	mem_free(f);
}

/* Read B, which is PATH, behind what KNOWN says of it; NULL: from the start. */
static int open_file(struct source_files *f, const char *path, struct bytes *b, const struct done_file *known, struct err *e)
{
	struct bytes_file file = bytes_file(b);
	struct source_reader_pos from = { 0 };
	bool lines = known && known->lines >= 0;
	if (known)
		from = (struct source_reader_pos){ .records = lines ? 0 : known->records, .offset = lines ? known->place : 0,
			.line = lines ? (uint64_t)known->lines : 0, .sub = known->sub };
	f->current = path;
	f->kept = file.regular;
	f->started = known != NULL;
	f->now = (struct done_file){ .file = path, .size = file.size, .inode = file.inode, .mtime_us = file.mtime_us, .id = known ? known->id : 0,
		.lines = -1 };
	f->ntail = f->nbad_tail = 0;
	f->bad_file = false;
	f->unmoved = known != NULL;
	f->known = known ? *known : (struct done_file){ 0 };
	f->pos = from;
	int rc = source_reader_open(f->reader, b, known ? &from : NULL, lines, e);
	return rc < 0 ? rc : 1;
}

/* What F does not yet know of B: the line ends at its beginning. */
static void add_done(struct source_files *f, struct done_file *d, const struct bytes *b)
{
	struct bytes_file file = bytes_file(b);
	struct buf cuts = BUF_INIT;
	if (d->lines >= 0) {
		done_cuts(&cuts, file.head, d->nhead);
		d->cuts = buf_cstr(&cuts);
	}
	done_add(f->done, d);
	buf_release(&cuts);
}

static void tell(const struct source_files *f, const char *path, const struct same_found *is)
{
	long long lines = (long long)is->known.lines;
	switch (is->note) {
	case SAME_QUIET: break;
	case SAME_COPY: note(f, path, 0, "has the same content as %s, which was read: skipped", is->twin); break;
	case SAME_GROWN: note(f, path, 0, "begins with all that was read of %s: read from there on", is->twin); break;
	case SAME_BEGINNING: note(f, path, 0, "is the beginning of %s, which was read: skipped", is->twin); break;
	case SAME_UNFINISHED:
		note(f, path, 0, "is shorter than %s, which begins the same: an unfinished copy? left for the next run", is->twin);
		break;
	case SAME_TRUNCATED: note(f, path, 0, "was truncated: what is left of it was read before"); break;
	case SAME_REWRITTEN: note(f, path, 0, "was truncated and written to: its first %lld lines were read before, skipped", lines); break;
	}
}

/* PATH, open as B, was read already, perhaps under another name: that is remembered with what the disk says of it. */
static int pass_over(struct source_files *f, const char *path, struct bytes *b, struct done_file d, struct err *e)
{
	struct bytes_file file = bytes_file(b);
	int rc = 0;
	if (d.old) {                      /* an entry of an earlier version: now that it is at hand, it gets a head; its tail was that of the file on disk */
		size_t n;
		if ((rc = bytes_rewind(b, e)) < 0 || (rc = bytes_skip(b, d.at, e)) < 0)
			return rc;
		const unsigned char *tail = bytes_tail(b, &n);
		d.crc = done_crc(tail, n);
		d.old = false;
		file = bytes_file(b);
		d.nhead = d.at < file.nhead ? d.at : file.nhead;
		d.head = done_head(file.head, d.nhead);
	}
	d.file = path;
	d.size = file.size;
	d.inode = file.inode;
	d.mtime_us = file.mtime_us;
	d.part = false;
	add_done(f, &d, b);
	return 0;
}

/* Find out which file PATH is: 1 when it is open now, 0 when there is nothing to read, or negative. B is taken. */
static int judge(struct source_files *f, const char *path, struct bytes *b, struct err *e)
{
	struct same_found is;
	int rc = same_judge(&f->same, path, b, &is, e);
	if (rc >= 0)
		tell(f, path, &is);
	if (rc == SAME_ON || rc == SAME_DONE)
		f->met = f->met || (is.known.id && is.known.id == f->from.id);
	if (rc == SAME_NEW || rc == SAME_ON)
		return open_file(f, path, b, rc == SAME_ON ? &is.known : NULL, e);
	if (rc == SAME_DONE)
		rc = pass_over(f, path, b, is.known, e);
	bytes_free(b);
	return rc < 0 ? rc : 0;
}

/* Tools that pack A write A.gz beside it, and remove A at the end. */
static bool is_being_packed(const char *path)
{
	char from[PATH_MAX];
	struct stat st;
	const char *dot = strrchr(path, '.');
	int n = snprintf(from, sizeof from, "%.*s", dot ? (int)(dot - path) : 0, path);
	return dot && n > 0 && n < (int)sizeof from && stat(from, &st) == 0 && S_ISREG(st.st_mode);
}

/* Open PATH unless nothing of it is to be read: 1, 0, or negative; ERR_DATA: it is damaged, and current. */
static int try_file(struct source_files *f, const char *path, struct err *e)
{
	struct stat st;
	struct bytes *b;
	const struct done_file *old = f->o.folder ? done_find(f->done, path) : NULL;
	bool is_stdin = strcmp(path, "-") == 0;
	int why = is_stdin || stat(path, &st) == 0 ? 0 : errno;
	if (why && why != ENOENT) {
		err_sys(e, why, "cannot access it");
		return err_at(e, path, 0, 0);
	}
	if (old && !why && same_unchanged(old, &st)) {
		f->met = f->met || old->id == f->from.id;
		return 0;
	}
	int rc = bytes_open(&b, path, &f->bytes, e);
	if (rc == ERR_NOT_FOUND && f->o.folder) {
		note(f, path, 0, "has disappeared since the folder was read");
		return 0;
	}
	if (rc == ERR_NOT_FOUND)
		rc = e->code = ERR_IO;
	if (rc == ERR_DATA && f->o.folder && is_being_packed(path)) {
		note(f, path, 0, "is truncated, and the uncompressed file still exists: left for the next run");
		return 0;
	}
	if (rc == ERR_DATA) {
		f->current = path;
		f->kept = f->started = false;
		f->pos = (struct source_reader_pos){ 0 };
	}
	if (rc < 0)
		return rc;
	struct bytes_file file = bytes_file(b);
	if (f->o.folder && file.regular)
		return judge(f, path, b, e);
	/* What is no file is passed over by count. */
	bool from = f->has_from && !f->met && (is_stdin || !file.regular) && strcmp(path, f->from.file) == 0;
	f->met = f->met || from;
	return open_file(f, path, b, from ? &f->from : NULL, e);
}

/* Open the next file that is not done yet: 1, 0 when there is none. */
static int next_file(struct source_files *f, struct err *e)
{
	const char *first = f->has_from && is_listed(f, f->from.file) ? f->from.file : NULL;
	int rc = 0;
	if (first && !f->first_done) {
		f->first_done = true;
		rc = try_file(f, first, e);
	}
	while (rc == 0 && f->next < f->list.n) {
		const char *path = pass_file(f);
		if (!first || strcmp(path, first) != 0)
			rc = try_file(f, path, e);
	}
	if (rc == 0 && f->has_from && !f->met) {
		note(f, f->from.file, 0, "the file in which the stream was has disappeared: the rest of it is not read");
		f->met = true;
	}
	return rc;
}

/* What is known of the open file when POS was reached. TAIL: of files of lines, what stands before it. */
static int look(const struct source_files *f, const struct source_reader_pos *pos, const unsigned char *tail, size_t ntail,
		struct done_file *to, struct err *e)
{
	struct bytes *b = source_reader_bytes(f->reader);
	*to = f->now;
	to->records = pos->records;
	to->sub = pos->sub;
	if (!f->kept) {
		to->old = true;           /* what is no file has no head */
		return 0;
	}
	int rc = bytes_check(b, e);
	if (rc < 0)
		return rc;
	struct bytes_file file = bytes_file(b);
	if (source_reader_lines(f->reader)) {
		to->lines = (int64_t)pos->line;
		to->records = 0;
		to->at = to->place = pos->offset;
	}
	/* Inside of a page the place may be the very beginning, which tells nothing. */
	if (to->lines < 0 || to->sub) {
		tail = bytes_tail(b, &ntail);
		to->at = bytes_at(b);
	}
	to->crc = done_crc(tail, ntail);
	to->nhead = to->at < file.nhead ? to->at : file.nhead;
	to->head = done_head(file.head, to->nhead);
	return 0;
}

static int end_file(struct source_files *f, struct source_files_batch *b, struct err *e)
{
	struct done_file d;
	unsigned char tail[BYTES_HEAD];
	struct source_reader_pos end = source_reader_end(f->reader);
	if (f->kept && f->o.folder) {
		size_t n = source_reader_tail(f->reader, end.offset, tail);
		int rc = look(f, &end, tail, n, &d, e);
		if (rc < 0)
			return rc;
		if (d.at)
			add_done(f, &d, source_reader_bytes(f->reader));
		if (source_reader_unfinished(f->reader))
			note(f, f->current, source_reader_unfinished(f->reader), "the last line is incomplete: left for the next run");
	}
	const char *doubt = f->bad_file ? NULL : bytes_doubt(source_reader_bytes(f->reader));
	if (doubt)
		note(f, strcmp(f->current, "-") == 0 ? "<stdin>" : f->current, 0, "%s", doubt);
	f->current = NULL;
	b->file_end = true;
	return FILES_RECORDS;
}

/* Everything up to POS was taken. */
static void take_pos(struct source_files *f, const struct source_reader_pos *pos)
{
	f->pos = *pos;
	f->unmoved = false;
	f->ntail = f->nbad_tail;
	memcpy(f->tail, f->bad_tail, f->ntail);
}

static int give(struct source_files *f, const struct source_reader_event *ev, struct source_files_batch *b, struct err *e)
{
	b->p = ev->p;
	b->n = ev->n;
	b->records = ev->records;
	f->started = true;
	if (f->kept && source_reader_lines(f->reader))
		f->nbad_tail = source_reader_tail(f->reader, ev->pos.offset, f->bad_tail);
	if (!ev->bad) {
		take_pos(f, &ev->pos);
		return FILES_RECORDS;
	}
	f->bad_open = true;
	f->bad_file = false;
	f->bad_pos = ev->pos;
	*e = *ev->why;
	return FILES_BAD;
}

/* A damaged archive, a line without end: the rest of the file is one bad record. */
static int give_rest(struct source_files *f)
{
	f->bad_open = f->bad_file = true;
	f->bad_pos = source_reader_end(f->reader);
	return FILES_BAD;
}

static int end_all(struct source_files *f)
{
	const struct err *barren = source_reader_barren(f->reader);
	if (barren && f->o.note)
		f->o.note(f->o.arg, barren, true);
	return FILES_END;
}

int source_files_next(struct source_files *f, struct source_files_batch *b, struct err *e)
{
	*b = (struct source_files_batch){ .p = "" };
	if (f->bad_open) {
		f->bad_open = false;
		if (f->bad_file)
			return end_file(f, b, e);
		take_pos(f, &f->bad_pos);
	}
	for (;;) {
		int rc = f->current ? 1 : next_file(f, e);
		if (rc == 0)
			return end_all(f);
		if (rc < 0 && rc != ERR_DATA)
			return rc;
		if (rc == ERR_DATA)
			return give_rest(f);
		const struct source_reader_event *ev = source_reader_next(f->reader);
		if (ev)
			return give(f, ev, b, e);
		rc = source_reader_fill(f->reader, e);
		if (rc == 0)
			return end_file(f, b, e);
		if (rc == ERR_DATA)
			return give_rest(f);
		if (rc < 0)
			return rc;
	}
}

bool source_files_any(const struct source_files *f)
{
	return source_reader_any(f->reader);
}

bool source_files_sure(const struct source_files *f)
{
	return !f->current || source_reader_sure(f->reader, &f->pos);
}

int source_files_settle(struct source_files *f, struct err *e)
{
	return source_files_sure(f) ? 0 : source_reader_settle(f->reader, e);
}

int source_files_cursor(struct source_files *f, struct buf *to, struct err *e)
{
	struct done_file at = f->from;
	bool open = f->current && f->started;
	int rc = 0;
	if (open && f->unmoved)
		at = f->known;
	else if (open)
		rc = look(f, &f->pos, f->tail, f->ntail, &at, e);
	open = open && (at.at || at.old);         /* else nothing of it was taken */
	if (rc == 0)
		rc = done_sync(f->done, e);
	if (rc < 0)
		return rc;
	buf_printf(to, "{\"v\":2,\"done\":%llu", (unsigned long long)done_count(f->done));
	/* Before it was come to, the stream still stands where the cursor said that came. */
	if (open || (f->has_from && !f->met)) {
		at.part = false;
		buf_puts(to, ",\"at\":{");
		done_put(to, &at);
		buf_putc(to, '}');
	}
	buf_putc(to, '}');
	return 0;
}
