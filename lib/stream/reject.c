/* SPDX-License-Identifier: MIT */
/* Counts bad records, or writes them with their reasons to a file. */
#include "stream/reject.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/near.h"
#include "base/utf8.h"
#include "io/input.h"
#include "json/doc.h"
#include "json/span.h"
#include "stream/linefile.h"

#include <stdio.h>
#include <string.h>

#define ID_SHOWN 80

enum reject_mode { MODE_STOP, MODE_SKIP, MODE_FILE };

struct reject {
	enum reject_mode mode;
	char *tool, *path;
	struct linefile *file; /* NULL: not opened yet */
	bool lost;             /* it could not be written */
	uint64_t count;
	bool too_long;
	struct metrics *metrics;
	struct buf line;       /* one for the file */
	struct buf place;      /* of the last mark; empty: there was none */
};

int reject_open(struct reject **rj, const char *tool, const char *value, struct err *e)
{
	enum reject_mode mode = MODE_STOP;
	const char *path = NULL;
	struct near near;
	if (value && strcmp(value, "skip") == 0) {
		mode = MODE_SKIP;
	} else if (value && strncmp(value, "reject=", 7) == 0 && value[7]) {
		mode = MODE_FILE;
		path = value + 7;
	} else if (value && strcmp(value, "stop") != 0) {
		return err_set(e, ERR_USAGE, "--on-error: '%s' is not one of " REJECT_ARG "%s", value,
			       near_of(&near, value, strcspn(value, "="), REJECT_ARG));
	}
	struct reject *r = mem_zalloc(sizeof *r);
	r->mode = mode;
	r->tool = mem_strdup(tool);
	r->path = path ? mem_strdup(path) : NULL;
	*rj = r;
	return 0;
}

void reject_metrics(struct reject *rj, struct metrics *m)
{
	rj->metrics = m;
}

void reject_long(struct reject *rj, bool on)
{
	rj->too_long = on;
}

/* A few words for all that can be wrong, so that they can be counted. */
static const char *reason(const struct reject *rj, const char *rec, size_t n, const struct err *why)
{
	if (rj->too_long)
		return "length";
	if (json_check(rec, n, NULL) != 0 || rec[strspn(rec, " \t")] != '{' || json_kind(rec, n) != JSON_KIND_RECORD)
		return "line";
	return why->code == ERR_UNSUPPORTED ? "unsupported" : "value";
}

bool reject_stops(const struct reject *rj)
{
	return rj->mode == MODE_STOP;
}

const char *reject_path(const struct reject *rj)
{
	return rj->path;
}

uint64_t reject_count(const struct reject *rj)
{
	return rj->count;
}

static void put_base64(struct buf *b, const char *s, size_t n)
{
	static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < n; i += 3) {
		size_t have = n - i < 3 ? n - i : 3;
		unsigned v = 0;
		for (size_t k = 0; k < 3; k++)
			v = v << 8 | (k < have ? (unsigned char)s[i + k] : 0);
		for (size_t k = 0; k < 4; k++)
			buf_putc(b, k <= have ? digit[v >> (18 - 6 * k) & 63] : '=');
	}
}

static void put_text(struct buf *b, const char *key, const char *s)
{
	buf_puts(b, key);
	if (utf8_valid(s, strlen(s)))
		json_put_cstr(b, s);
	else
		buf_puts(b, "null");
}

/* Is a line number of the file of little help? Then it is the record's id and the last mark that say where we are. */
static bool in_a_pipe(const struct err *why)
{
	return !why->file[0] || strcmp(why->file, INPUT_STDIN_NAME) == 0;
}

static void put_line(struct buf *b, const struct reject *rj, const char *rec, size_t n, const struct err *why)
{
	buf_clear(b);
	put_text(b, "{\"tool\":", rj->tool);
	if (why->file[0])
		put_text(b, ",\"file\":", why->file);
	json_put_place(b, why);
	if (rj->place.n && in_a_pipe(why)) {
		buf_puts(b, ",\"after\":");
		json_put_string(b, rj->place.p, rj->place.n);
	}
	put_text(b, ",\"error\":", why->msg);
	if (utf8_valid(rec, n)) {
		buf_puts(b, ",\"record\":");
		json_put_string(b, rec, n);
	} else {
		buf_puts(b, ",\"record_base64\":\"");
		put_base64(b, rec, n);
		buf_putc(b, '"');
	}
	buf_putc(b, '}');
}

void reject_mark(struct reject *rj, const struct mark *m)
{
	buf_clear(&rj->place);
	mark_place(m, &rj->place);
}

/* The record's `id`, as it is written but for the quotes; a record may be bad and still have one. What it is bad for may be
 * what its values would weigh, so none are built. */
static void put_id(struct buf *b, const char *rec, size_t n)
{
	const char *id;
	size_t nid;
	if (json_check(rec, n, NULL) != 0 || !json_member(rec, n, "id", &id, &nid) || strchr("{[tfn", *id))
		return;
	bool text = *id == '"';
	buf_puts(b, "id ");
	buf_put_cut(b, id + text, nid - 2u * text, ID_SHOWN);
}

/* "…: what is wrong (id x:123, after mark 57: b.ndjson, byte 81920)" */
static void add_place(const struct reject *rj, const char *rec, size_t n, struct err *e)
{
	struct buf b = BUF_INIT;
	if (!in_a_pipe(e))
		return;
	put_id(&b, rec, n);
	if (rj->place.n) {
		buf_puts(&b, b.n ? ", after " : "after ");
		buf_put(&b, rj->place.p, rj->place.n);
	}
	if (b.n) {
		struct err was = *e;
		err_set(e, was.code, "%.*s (%s)", (int)(sizeof was.msg - b.n - 8), was.msg, buf_cstr(&b));
		err_at(e, was.file, was.line, was.col);
	}
	buf_release(&b);
}

int reject_record(struct reject *rj, const char *rec, size_t n, const struct err *why, struct err *e)
{
	bool about_record = why->code == ERR_DATA || why->code == ERR_UNSUPPORTED;
	if (rj->mode == MODE_STOP || !about_record) {
		struct err stop = *why;
		if (about_record)
			add_place(rj, rec, n, &stop);
		if (e)
			*e = stop;
		return why->code;
	}
	rj->count++;
	if (rj->metrics)
		metrics_add_at(rj->metrics, METRIC_REJECTED, reason(rj, rec, n, why), NULL, 1);
	if (rj->mode == MODE_SKIP)
		return 0;
	bool first = !rj->file;
	int rc = first ? linefile_open(&rj->file, rj->path, e) : 0;
	if (rc == 0) {
		put_line(&rj->line, rj, rec, n, why);
		rc = linefile_put(rj->file, rj->line.p, rj->line.n, e);
	}
	/* A file that cannot be written to is better known at once. */
	if (rc == 0 && first)
		rc = linefile_write(rj->file, e);
	rj->lost = rj->lost || rc != 0;
	return rc;
}

int reject_flush(struct reject *rj, struct err *e)
{
	if (!rj)
		return 0;
	int rc = rj->file ? linefile_flush(rj->file, e) : 0;
	rj->lost = rj->lost || rc != 0;
	return rc;
}

int reject_close(struct reject *rj, struct err *e)
{
	if (!rj)
		return 0;
	int rc = linefile_close(rj->file, e);
	if (rc == 0 && rj->lost)
		rc = err_set(e, ERR_IO, "not all bad records are in %s", rj->path);
	if (rc == 0 && rj->count) {
		const char *s = rj->count == 1 ? "" : "s";
		unsigned long long c = rj->count;
		rc = rj->mode == MODE_FILE ? err_set(e, ERR_REJECTED, "%llu bad record%s kept in %s", c, s, rj->path)
					  : err_set(e, ERR_REJECTED, "%llu bad record%s skipped", c, s);
	}
	buf_release(&rj->line);
	buf_release(&rj->place);
	mem_free(rj->tool);
	mem_free(rj->path);
	mem_free(rj);
	return rc;
}
