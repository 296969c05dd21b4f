/* SPDX-License-Identifier: MIT */
#include "source/files.h"

#include "base/mem.h"
#include "source/done.h"
#include "source/path.h"
#include "source/reader.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

struct source_files {
	struct source_files_opts o;
	struct arena arena;
	struct source_map *map;
	struct scan_path path;
	struct source_reader *reader;
	struct done *done;
	struct path_list list;
	size_t next;
	const char *current;          /* the open file; NULL: none */
	bool kept;                    /* its name goes into the list of those done: a regular file */
	bool started;                 /* something of it was handed out */
	struct source_reader_pos pos;        /* behind what was handed out and taken */
	struct source_reader_pos bad_pos;    /* behind the bad record handed out last */
	bool bad_open;                /* it was, and the caller has not come back yet */
	bool bad_file;                /* it was the whole rest of the file */
	const char *first;            /* where the cursor stands: comes before all others */
	bool first_lines;
	struct source_reader_pos first_pos;
};

static int damaged_cursor(struct err *e)
{
	return err_set(e, ERR_CONFLICT, "the checkpoint's cursor is none of smfetch files: another source made it");
}

static int64_t number_or_0(const struct json *v)
{
	int64_t i;
	return json_i64(v, &i) && i > 0 ? i : 0;
}

/* The cursor's "at": the file in which the stream stands. */
static int take_at(struct source_files *f, const struct json *at, struct err *e)
{
	struct done_file file;
	if (done_get(&file, &f->arena, at, e) < 0)
		return damaged_cursor(e);
	bool is_stdin = strcmp(file.file, "-") == 0;
	f->first = file.file;
	f->first_lines = file.lines >= 0;
	f->first_pos = (struct source_reader_pos){ .records = (uint64_t)number_or_0(json_get(at, "records")), .offset = file.size,
		.line = file.lines >= 0 ? (uint64_t)file.lines : 0, .sub = (uint64_t)number_or_0(json_get(at, "sub")) };
	size_t i = 0;
	while (i < f->list.n && strcmp(f->list.v[i], file.file) != 0)
		i++;
	if (i == f->list.n) {
		err_set(e, ERR_CONFLICT, "the stream stands in this file, but the command line does not name it");
		return err_at(e, file.file, 0, 0);
	}
	int rc = is_stdin ? 0 : done_check(&file, e);
	return rc < 0 ? rc : 0;
}

static int take_cursor(struct source_files *f, struct err *e)
{
	struct json *c;
	int64_t v, done = 0;
	int rc = 0;
	if (f->o.cursor && !(f->o.ncursor == 4 && memcmp(f->o.cursor, "null", 4) == 0)) {
		if (json_parse(&c, &f->arena, f->o.cursor, f->o.ncursor, e) < 0 || !json_i64(json_get(c, "v"), &v) || v != 1 ||
		    !json_i64(json_get(c, "done"), &done) || done < 0)
			return damaged_cursor(e);
		const struct json *at = json_get(c, "at");
		rc = at ? take_at(f, at, e) : 0;
	}
	return rc < 0 ? rc : done_open(&f->done, f->o.folder, (uint64_t)done, e);
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
			err_set(e, ERR_DATA, "its name is no UTF-8: it cannot stand in a mark");
			rc = err_at(e, f->list.v[i], 0, 0);
		}
		arena_release(&a);
	}
	buf_release(&b);
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
		rc = source_map_by(f->map, o->map_by, e);
	if (rc < 0)
		return rc;
	f->reader = source_reader_new(&f->o, f->map, path);
	rc = path_expand(&f->list, &f->arena, o->paths, o->npaths, o->include, e);
	if (rc == 0 && o->marks)
		rc = check_names(f, e);
	return rc < 0 ? rc : take_cursor(f, e);
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

static int open_file(struct source_files *f, const char *path, const struct source_reader_pos *from, bool lines, struct err *e)
{
	struct stat st;
	int rc = source_reader_open(f->reader, path, from, lines, e);
	if (rc < 0 && rc != ERR_DATA)
		return rc;
	f->current = path;
	f->kept = strcmp(path, "-") != 0;
	if (f->kept && stat(path, &st) < 0) {
		err_sys(e, errno, "cannot look at it");
		return err_at(e, path, 0, 0);
	}
	f->kept = f->kept && S_ISREG(st.st_mode);
	f->started = from != NULL;
	f->pos = from ? *from : (struct source_reader_pos){ 0 };
	return rc < 0 ? rc : 1;
}

/* Open the next file that is not done yet: 1, 0 when there is none. */
static int next_file(struct source_files *f, struct err *e)
{
	if (f->first) {
		const char *path = f->first;
		f->first = NULL;
		return open_file(f, path, &f->first_pos, f->first_lines, e);
	}
	while (f->next < f->list.n) {
		const char *path = f->list.v[f->next++];
		const struct done_file *old = f->o.folder ? done_find(f->done, path) : NULL;
		if (!old)
			return open_file(f, path, NULL, false, e);
		int rc = done_check(old, e);
		if (rc < 0)
			return rc;
		if (rc > 0) {
			struct source_reader_pos from = { .offset = old->size, .line = (uint64_t)old->lines };
			return open_file(f, path, &from, true, e);
		}
	}
	return 0;
}

/* What is known of the open file when POS was reached; the whole of it for all but files of lines. */
static int look(const struct source_files *f, const struct source_reader_pos *pos, struct done_file *to, struct err *e)
{
	*to = (struct done_file){ .file = f->current, .lines = -1 };
	bool lines = source_reader_lines(f->reader);
	if (f->kept) {
		int rc = done_look(to, f->current, lines ? pos->offset : UINT64_MAX, e);
		if (rc < 0)
			return rc;
	}
	to->lines = lines ? (int64_t)pos->line : -1;
	return 0;
}

static int end_file(struct source_files *f, struct source_files_batch *b, struct err *e)
{
	struct done_file d;
	struct source_reader_pos end = source_reader_end(f->reader);
	if (f->kept && f->o.folder) {
		int rc = look(f, &end, &d, e);
		if (rc < 0)
			return rc;
		done_add(f->done, &d);
	}
	f->current = NULL;
	b->file_end = true;
	return FILES_RECORDS;
}

static int give(struct source_files *f, const struct source_reader_event *ev, struct source_files_batch *b, struct err *e)
{
	b->p = ev->p;
	b->n = ev->n;
	b->records = ev->records;
	f->started = true;
	if (!ev->bad) {
		f->pos = ev->pos;
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

int source_files_next(struct source_files *f, struct source_files_batch *b, struct err *e)
{
	*b = (struct source_files_batch){ .p = "" };
	if (f->bad_open) {
		f->bad_open = false;
		f->pos = f->bad_pos;
		if (f->bad_file)
			return end_file(f, b, e);
	}
	for (;;) {
		int rc = f->current ? 1 : next_file(f, e);
		if (rc == 0 || (rc < 0 && rc != ERR_DATA))
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
	struct done_file at;
	int rc = done_sync(f->done, e);
	if (rc < 0)
		return rc;
	buf_printf(to, "{\"v\":1,\"done\":%llu", (unsigned long long)done_count(f->done));
	const char *file = f->current ? f->current : f->first;
	if (f->current && f->started) {
		if ((rc = look(f, &f->pos, &at, e)) < 0)
			return rc;
	} else if (!f->current && f->first) {
		/* Nothing was read in this run: the cursor is the one that came. */
		buf_clear(to);
		buf_put(to, f->o.cursor, f->o.ncursor);
		return 0;
	} else {
		file = NULL;
	}
	if (file) {
		buf_puts(to, ",\"at\":{");
		done_put(to, &at);
		buf_printf(to, ",\"records\":%llu", (unsigned long long)f->pos.records);
		if (f->pos.sub)
			buf_printf(to, ",\"sub\":%llu", (unsigned long long)f->pos.sub);
		buf_putc(to, '}');
	}
	buf_putc(to, '}');
	return 0;
}
