/* SPDX-License-Identifier: MIT */
/* Reading and printing marks: the one place that knows their members. */
#include "stream/mark.h"

#include "json/doc.h"

#include <string.h>

#define MARK_FORMAT 1
#define PLACE_SHOWN 120              /* bytes of a cursor, of a name in it */
#define PLACE_CURSOR ((size_t)64 << 10) /* larger ones are not looked into */

enum member { M_V, M_STREAM, M_FROM, M_SEQ, M_CURSOR, M_CK, M_END, M_TABLE, M_VERSION, M_RECOVERED,
	M_ALL, M_RECORDS, M_READ, M_ID, M_COMMIT, MEMBERS };
static const char *const member_name[MEMBERS] = { "v", "stream", "from", "seq", "cursor", "ck", "end", "table", "version",
	"recovered", "all", "records", "read", "id", "commit" };
static const char *const end_name[] = { "done", "quota", "signal", "error" };

static int bad(const struct json *v, const char *line, struct err *e, const char *what)
{
	err_set(e, ERR_DATA, "mark: \"%.64s\" %s", v->key, what);
	err_at(e, NULL, 0, (uint64_t)(v->raw - line) + 1);
	return ERR_DATA;
}

static bool get_text(const struct json *v, const char **to)
{
	const char *s = json_str(v);
	if (!s || !v->nstr || memchr(s, '\0', v->nstr))
		return false;
	*to = s;
	return true;
}

static bool get_count(const struct json *v, int64_t *to)
{
	return json_i64(v, to) && *to >= 0;
}

static bool get_end(const struct json *v, const char **to)
{
	const char *s = json_str(v);
	for (size_t i = 0; s && i < sizeof end_name / sizeof *end_name; i++)
		if (strcmp(s, end_name[i]) == 0) {
			*to = end_name[i];
			return true;
		}
	return false;
}

static bool get_read(const struct json *v, struct mark *m)
{
	const struct json *id = json_get(v, "id"), *version = json_get(v, "version"), *log = json_get(v, "log");
	return v->type == JSON_OBJECT && id && get_text(id, &m->read_id) && version && get_count(version, &m->read_version) &&
	       (!log || get_text(log, &m->read_log));
}

static bool get_commit(const struct json *v, struct mark *m)
{
	const struct json *version = json_get(v, "version"), *path = json_get(v, "path");
	return version && get_count(version, &m->commit) && (!path || get_text(path, &m->path));
}

static int take_member(struct mark *m, enum member k, const struct json *v, const char *line, struct err *e)
{
	int64_t format;
	switch (k) {
	case M_V:
		if (!json_i64(v, &format) || format < 1)
			return bad(v, line, e, "is not a format number");
		if (format == MARK_FORMAT)
			return 0;
		return err_set(e, ERR_UNSUPPORTED, "mark: format %lld is newer than this program supports (%d)",
			       (long long)format, MARK_FORMAT);
	case M_STREAM: return get_text(v, &m->stream) ? 0 : bad(v, line, e, "is not a name");
	case M_FROM: return get_count(v, &m->from) ? 0 : bad(v, line, e, "is not a non-negative integer");
	case M_SEQ: return get_count(v, &m->seq) ? 0 : bad(v, line, e, "is not a non-negative integer");
	case M_CURSOR:
		m->cursor = v->raw;
		m->ncursor = v->nraw;
		return 0;
	case M_CK: return get_text(v, &m->ck) && *m->ck == '/' ? 0 : bad(v, line, e, "is not an absolute path");
	case M_END: return get_end(v, &m->end) ? 0 : bad(v, line, e, "is not one of done|quota|signal|error");
	case M_TABLE: return get_text(v, &m->table) && *m->table == '/' ? 0 : bad(v, line, e, "is not an absolute path");
	case M_VERSION: return get_count(v, &m->version) ? 0 : bad(v, line, e, "is not a non-negative integer");
	case M_RECOVERED: return json_bool(v, &m->recovered) ? 0 : bad(v, line, e, "must be true or false");
	case M_ALL: return json_bool(v, &m->all) ? 0 : bad(v, line, e, "must be true or false");
	case M_RECORDS: return get_count(v, &m->records) ? 0 : bad(v, line, e, "is not a non-negative integer");
	case M_READ: return get_read(v, m) ? 0 : bad(v, line, e, "is not {\"id\":…,\"version\":…} of a table");
	case M_ID: return get_text(v, &m->id) ? 0 : bad(v, line, e, "is not a name");
	case M_COMMIT: return get_commit(v, m) ? 0 : bad(v, line, e, "is not a version with a path");
	default: return 0;
	}
}

static int take_members(struct mark *m, struct arena *a, const struct json *obj, const char *line, struct err *e)
{
	struct buf rest = BUF_INIT;
	unsigned seen = 0;
	int rc = 0;
	for (const struct json *v = obj->child; v && rc == 0; v = v->next) {
		int k = 0;
		while (k < MEMBERS && (strlen(member_name[k]) != v->nkey || memcmp(v->key, member_name[k], v->nkey) != 0))
			k++;
		if (k == MEMBERS) {
			if (rest.n)
				buf_putc(&rest, ',');
			json_put_string(&rest, v->key, v->nkey);
			buf_putc(&rest, ':');
			buf_put(&rest, v->raw, v->nraw);
		} else if (seen & 1u << k) {
			rc = bad(v, line, e, "is given twice");
		} else {
			seen |= 1u << k;
			rc = take_member(m, (enum member)k, v, line, e);
		}
	}
	if (rc == 0 && !(seen & 1u << M_V))
		rc = err_set(e, ERR_DATA, "mark: \"v\", the number of its format, is missing");
	if (rc == 0 && m->stream && (m->seq < 0 || m->from < 0))
		rc = err_set(e, ERR_DATA, "mark: a mark of a stream needs \"seq\" and \"from\"");
	if (rc == 0 && rest.n) {
		m->rest = arena_strndup(a, rest.p, rest.n);
		m->nrest = rest.n;
	}
	buf_release(&rest);
	return rc;
}

int mark_parse(struct mark *m, struct arena *a, const char *line, size_t n, struct err *e)
{
	struct json *root;
	*m = (struct mark)MARK_INIT;
	while (n && (line[n - 1] == '\n' || line[n - 1] == '\r'))
		n--;
	if (!mark_is(line, n))
		return err_set(e, ERR_DATA, "not a mark");
	/* The tree points into the text, and a mark outlives the block that it was read from. */
	const char *own = arena_strndup(a, line, n);
	int rc = json_parse(&root, a, own, n, e);
	if (rc != 0) {
		err_wrap(e, "mark");
		if (e)
			e->line = 0;
		return rc;
	}
	const struct json *obj = root->child;
	if (root->nchild != 1)
		return err_set(e, ERR_DATA, "mark: no other member is allowed beside \"$mark\"");
	if (obj->type != JSON_OBJECT)
		return bad(obj, own, e, "is not an object");
	return take_members(m, a, obj, own, e);
}

static void put_key(struct buf *b, enum member k)
{
	buf_putc(b, ',');
	json_put_cstr(b, member_name[k]);
	buf_putc(b, ':');
}

static void put_text(struct buf *b, enum member k, const char *s)
{
	if (!s)
		return;
	put_key(b, k);
	json_put_cstr(b, s);
}

static void put_count(struct buf *b, enum member k, int64_t v)
{
	if (v < 0)
		return;
	put_key(b, k);
	buf_i64(b, v);
}

void mark_put_read(struct buf *b, const char *id, int64_t version, const char *log)
{
	buf_puts(b, "{\"id\":");
	json_put_cstr(b, id);
	buf_printf(b, ",\"version\":%lld", (long long)version);
	if (log) {
		buf_puts(b, ",\"log\":");
		json_put_cstr(b, log);
	}
	buf_putc(b, '}');
}

void mark_put_commit(struct buf *b, int64_t version, const char *path)
{
	buf_printf(b, "{\"version\":%lld", (long long)version);
	if (path) {
		buf_puts(b, ",\"path\":");
		json_put_cstr(b, path);
	}
	buf_putc(b, '}');
}

void mark_print(const struct mark *m, struct buf *b)
{
	buf_puts(b, MARK_PREFIX "{\"v\":1");
	put_text(b, M_STREAM, m->stream);
	put_count(b, M_FROM, m->from);
	put_count(b, M_SEQ, m->seq);
	if (m->cursor) {
		put_key(b, M_CURSOR);
		buf_put(b, m->cursor, m->ncursor);
	}
	put_text(b, M_CK, m->ck);
	put_text(b, M_END, m->end);
	put_text(b, M_TABLE, m->table);
	put_count(b, M_VERSION, m->version);
	if (m->recovered)
		buf_puts(b, ",\"recovered\":true");
	if (m->all)
		buf_puts(b, ",\"all\":true");
	put_count(b, M_RECORDS, m->records);
	if (m->read_id) {
		put_key(b, M_READ);
		mark_put_read(b, m->read_id, m->read_version, m->read_log);
	}
	put_text(b, M_ID, m->id);
	if (m->commit >= 0) {
		put_key(b, M_COMMIT);
		mark_put_commit(b, m->commit, m->path);
	}
	if (m->rest) {
		buf_putc(b, ',');
		buf_put(b, m->rest, m->nrest);
	}
	buf_puts(b, "}}\n");
}

static void anew(const struct mark *m, struct buf *b, const char **line, size_t *n)
{
	buf_clear(b);
	mark_print(m, b);
	*line = b->p;
	*n = b->n - 1;
}

void mark_withhold(struct mark *m, struct buf *b, const char **line, size_t *n)
{
	if (!m->all)
		return;
	m->all = false;
	anew(m, b, line, n);
}

void mark_recount(struct mark *m, struct buf *b, const char **line, size_t *n, uint64_t in, uint64_t out)
{
	if (m->records < 0 || in == out)
		return;
	/* What was missing in front of us is missing behind us. */
	int64_t now = (int64_t)((uint64_t)m->records - in + out);
	m->all = m->all && now >= 0;
	m->records = now >= 0 ? now : -1;
	anew(m, b, line, n);
}

int mark_end_status(const char *end)
{
	if (!end || strcmp(end, "error") == 0)
		return err_status(ERR_IO);
	if (strcmp(end, "quota") == 0)
		return err_status(ERR_RETRY);
	return 0;
}

/* A cursor is its source's own affair; of those that we know, this is what people look for. */
static bool put_file(struct buf *b, const struct json *cursor)
{
	int64_t n;
	const struct json *at = json_get(cursor, "at"), *file = at ? json_get(at, "file") : NULL;
	if (!file || file->type != JSON_STRING)
		return false;
	buf_put_cut(b, file->str, file->nstr, PLACE_SHOWN);
	const struct json *size = json_get(at, "size"), *lines = json_get(at, "lines"), *records = json_get(at, "records");
	if (size && lines && json_i64(size, &n))
		buf_printf(b, ", byte %lld", (long long)n);
	else if (records && json_i64(records, &n))
		buf_printf(b, ", record %lld", (long long)n);
	return true;
}

void mark_place(const struct mark *m, struct buf *b)
{
	struct arena a = ARENA_INIT;
	struct json *cursor;
	buf_puts(b, "mark");
	if (m->seq >= 0)
		buf_printf(b, " %lld", (long long)m->seq);
	if (m->cursor && m->ncursor <= PLACE_CURSOR && json_parse(&cursor, &a, m->cursor, m->ncursor, NULL) == 0) {
		buf_puts(b, ": ");
		if (!put_file(b, cursor))
			buf_put_cut(b, m->cursor, m->ncursor, PLACE_SHOWN);
	}
	arena_release(&a);
}

void mark_tell(const struct mark *m, struct metrics *metrics)
{
	struct buf b = BUF_INIT;
	metrics_stream(metrics, m->stream);
	if (!m->cursor || !metrics_watched(metrics))
		return;
	mark_place(m, &b);
	metrics_place(metrics, buf_cstr(&b));
	buf_release(&b);
}
