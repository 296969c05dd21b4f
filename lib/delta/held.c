/* SPDX-License-Identifier: MIT */
/* Whether a table holds a stream's last commit: the walk through the log, and what each commit does to the content. */
#include "delta/held.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/num.h"
#include "delta/log.h"

#include <string.h>
#include <strings.h>

#define ZONES_US (INT64_C(14) * 3600 * 1000000)   /* local time is at most so far from UTC */

/* What is read of one commit. */
struct note {
	struct arena *a;
	held_own_fn *own;
	void *arg;
	int64_t version;
	bool removes;              /* with dataChange */
	const char *added;         /* the first file that it adds with dataChange */
	const char *app_id;        /* of a txn that is the stream's own */
	int64_t seq;
	const struct json *info;   /* NULL: no commitInfo */
};

static int take(void *arg, const struct delta_action *act, uint64_t line, struct err *e)
{
	struct note *n = arg;
	(void)line;
	(void)e;
	switch (act->kind) {
	case DELTA_ADD:
		if (!n->added && act->add.data_change)
			n->added = act->add.path;
		break;
	case DELTA_REMOVE:
		n->removes = n->removes || act->add.data_change;
		break;
	case DELTA_TXN:
		if (n->own && n->own(n->arg, act->txn.app_id)) {
			n->app_id = act->txn.app_id;
			n->seq = act->txn.version;
		}
		break;
	case DELTA_COMMIT_INFO:
		n->info = act->info;
		break;
	default:
		break;
	}
	return 0;
}

/* ERR_NOT_FOUND: the commit is gone. Texts live until the note's arena is cleared. */
static int read_note(const struct delta_snapshot *sn, int64_t version, struct note *n, struct err *e)
{
	struct note fresh = { .a = n->a, .own = n->own, .arg = n->arg, .version = version };
	*n = fresh;
	arena_clear(n->a);
	return delta_log_read(sn->store, version, n->a, take, n, e);
}

/* A member of operationParameters as text; NULL: it has none, or an empty one. Writers put values into text, or do not. */
static const char *parameter(const struct note *n, const char *key)
{
	const struct json *v = json_get(json_get(n->info, "operationParameters"), key);
	if (!v || v->type == JSON_NULL)
		return NULL;
	const char *s = json_str(v);
	if (!s)
		s = arena_strndup(n->a, v->raw, v->nraw);
	return *s && strcmp(s, "null") != 0 && strcmp(s, "[]") != 0 ? s : NULL;
}

static const char *operation(const struct note *n)
{
	return json_str(json_get(n->info, "operation"));
}

/* Rows that somebody changed or removed on purpose: what else the table held, it holds. */
static bool is_edit(const struct note *n, const char *op)
{
	static const char *const edits[] = { "DELETE", "UPDATE", "MERGE", "TRUNCATE", "ERASE" };
	for (size_t i = 0; i < sizeof edits / sizeof *edits; i++)
		if (strcmp(op, edits[i]) == 0)
			return true;
	const char *dynamic = parameter(n, "isDynamicPartitionOverwrite");
	return parameter(n, "predicate") || (dynamic && strcasecmp(dynamic, "true") == 0);
}

static bool same_files(const struct delta_snapshot *a, const struct delta_snapshot *b)
{
	struct delta_iter it = DELTA_ITER_INIT;
	const struct delta_file *f;
	if (a->nfiles != b->nfiles)
		return false;
	while ((f = delta_snapshot_next(a, &it)) != NULL) {
		const struct delta_file *g = delta_snapshot_find(b, f->path, f->more && f->more->dv ? f->more->dv->id : NULL);
		if (!g || !g->live)
			return false;
	}
	return true;
}

/* The version from FIRST to LAST that has the same files as version AT, or the one given in *FOUND when none has. */
static void same_version(const struct delta_snapshot *sn, int64_t at, int64_t first, int64_t last, int64_t *found)
{
	struct delta_snapshot *after = NULL, *before = NULL;
	struct err e;
	if (delta_snapshot_open(&after, sn->store, at, DELTA_ANY_PROTOCOL, &e) != 0)
		return;
	int rc = delta_snapshot_open(&before, sn->store, first, DELTA_ANY_PROTOCOL, &e);
	for (int64_t v = first; rc == 0 && v <= last; v++) {
		rc = delta_snapshot_update(before, v, &e);
		if (rc == 0 && same_files(before, after))
			*found = v;
	}
	delta_snapshot_free(before);
	delta_snapshot_free(after);
}

static int64_t version_at(const struct delta_snapshot *sn, int64_t us, int64_t below)
{
	struct err e;
	int64_t v;
	if (delta_version_at(sn->store, us, &v, &e) != 0)
		return -1;
	return v < below ? v : below - 1;
}

/* RESTORE to a time. delta-rs writes milliseconds; Spark text in its session's zone, which nobody else knows: of the versions
 * that it may mean, the one whose files the commit has brought back. */
static int64_t named_by_time(const struct delta_snapshot *sn, const struct note *n, const char *text)
{
	enum time_zone zone;
	int64_t us, ms;
	if (num_i64(text, strlen(text), &ms) && ms < INT64_MAX / 1000)
		return version_at(sn, ms * 1000, n->version);
	if (!time_parse(text, strlen(text), &us, &zone))
		return -1;
	int64_t v = version_at(sn, us, n->version);
	if (zone != ZONE_NONE)
		return v;
	int64_t first = version_at(sn, us - ZONES_US, n->version), last = version_at(sn, us + ZONES_US, n->version);
	if (first < last)
		same_version(sn, n->version, first < 0 ? 0 : first, last, &v);
	return v;
}

static int64_t restored_to(const struct delta_snapshot *sn, const struct note *n)
{
	const char *version = parameter(n, "version"), *time = parameter(n, "timestamp");
	int64_t v;
	if (version)
		return num_i64(version, strlen(version), &v) && v < n->version ? v : -1;
	if (!time)
		time = parameter(n, "datetime");
	return time ? named_by_time(sn, n, time) : -1;
}

/* The version that a whole overwrite has read, when it was of this very table; -1: it was not. */
static int64_t has_read(const struct delta_snapshot *sn, const struct note *n)
{
	const struct json *read = json_get(n->info, "read");
	int64_t v;
	if (!read)
		read = json_get(json_get(n->info, "mark"), "read");
	const char *id = json_str(json_get(read, "id"));
	if (!id || strcmp(id, sn->metadata.id) != 0 || !json_i64(json_get(read, "version"), &v))
		return -1;
	return v >= 0 && v < n->version && delta_log_may_be(sn->store, v, json_str(json_get(read, "log"))) ? v : -1;
}

/* The version that this commit's content comes from; -1: it holds nothing of what was there before. */
static int64_t comes_from(const struct delta_snapshot *sn, const struct note *n)
{
	const char *op = operation(n);
	if (op && strcmp(op, "RESTORE") == 0)
		return restored_to(sn, n);
	if (!n->removes || (op && is_edit(n, op)))
		return n->version - 1;
	return has_read(sn, n);
}

struct walk {
	const struct delta_snapshot *sn;
	const struct held_last *last;
	struct arena *keep;        /* for what is handed out */
	struct note note;
	struct held *h;
};

/* From the newest version down to the commit, along the content. */
static int descend(struct walk *w, struct err *e)
{
	struct held *h = w->h;
	bool old = h->version == w->last->version;
	int64_t v = w->sn->version;
	h->verdict = HELD_WHOLE;
	while (v != h->version && !(old && v == w->last->looked)) {
		h->by = v;
		int rc = read_note(w->sn, v, &w->note, e);
		if (rc == ERR_NOT_FOUND) {
			h->verdict = HELD_GONE;
			return 0;
		}
		if (rc)
			return rc;
		h->to = comes_from(w->sn, &w->note);
		if (h->to < h->version) {
			const char *op = operation(&w->note);
			h->operation = op ? arena_strdup(w->keep, op) : NULL;
			h->verdict = HELD_NOT;
			return 0;
		}
		v = h->to;
	}
	return 0;
}

/* Was the stream's last commit noted, or that it has none? A checkpoint of an older version knows seq and version alone. */
static bool noted(const struct held_last *last)
{
	return last->version >= 0 || (last->id && last->looked >= 0);
}

/* The stream's newest commit that added files, back to version DOWN_TO. */
static int seek(struct walk *w, int64_t down_to, struct err *e)
{
	struct held *h = w->h;
	for (int64_t v = w->sn->version; v >= down_to; v--) {
		int rc = read_note(w->sn, v, &w->note, e);
		if (rc == ERR_NOT_FOUND) {
			h->verdict = noted(w->last) ? HELD_GONE : HELD_UNKNOWN;
			h->by = v;
			return 0;
		}
		if (rc)
			return rc;
		if (w->note.app_id && w->note.added) {
			h->version = v;
			h->path = arena_strdup(w->keep, w->note.added);
			return 0;
		}
	}
	return 0;
}

static bool is_stream(void *arg, const char *app_id)
{
	return strcmp(arg, app_id) == 0;
}

static bool in_table(const struct walk *w)
{
	return w->h->path && delta_snapshot_has(w->sn, w->h->path);
}

static int look(struct walk *w, struct err *e)
{
	const struct held_last *last = w->last;
	struct held *h = w->h;
	if (h->seq == 0 && last->version < 0)
		return 0;
	/* Commits of the stream that nobody has noted are newer than what was looked at. */
	if (!noted(last) || h->seq != last->seq) {
		int64_t seen = last->looked > last->version ? last->looked : last->version;
		int rc = seek(w, noted(last) ? seen + 1 : 0, e);
		if (rc || h->verdict != HELD_WHOLE)
			return rc;
	}
	if (h->version < 0 || in_table(w))
		return 0;
	return descend(w, e);
}

int held_look(const struct delta_snapshot *sn, const char *stream, const struct held_last *last, struct arena *a, struct held *h,
	      struct err *e)
{
	struct arena scratch = ARENA_INIT;
	char *name = mem_strdup(stream);
	struct walk w = { sn, last, a, { .a = &scratch, .own = is_stream, .arg = name }, h };
	*h = (struct held){ .version = last->version, .path = last->path, .by = -1, .to = -1, .newest = sn->version };
	if (!delta_snapshot_txn(sn, stream, &h->seq))
		h->seq = 0;
	int rc = 0;
	if (last->id && strcmp(last->id, sn->metadata.id) != 0)
		h->verdict = HELD_OTHER;
	else
		rc = look(&w, e);
	arena_release(&scratch);
	mem_free(name);
	return rc;
}

/* What can be done about it. */
static int ways_out(const char *ck, struct err *e, const char *what)
{
	const char *name = ck ? ck : "CK";
	return err_set(e, ERR_CONFLICT, "%s (restore the table again; or `smcheckpoint accept %s` continues without the lost rows; or "
		       "`smcheckpoint rewind %s --table` reads them again)", what, name, name);
}

int held_error(const struct held *h, const struct delta_snapshot *sn, const char *stream, const struct held_last *last,
	       const char *ck, struct err *e)
{
	struct buf b = BUF_INIT;
	const char *table = store_root(sn->store);
	switch (h->verdict) {
	case HELD_OTHER:
		buf_printf(&b, "the table %s is not the one that stream %s wrote to: its id is %s, not %s", table, stream,
			   sn->metadata.id, last->id);
		break;
	case HELD_NOT:
		buf_printf(&b, "the table %s was rolled back: version %lld", table, (long long)h->by);
		if (h->operation)
			buf_printf(&b, " (%s)", h->operation);
		if (h->to >= 0)
			buf_printf(&b, " went back to version %lld, which", (long long)h->to);
		buf_printf(&b, " does not hold version %lld, the last commit of stream %s", (long long)h->version, stream);
		break;
	case HELD_UNKNOWN:
		buf_printf(&b, "the log of %s reaches back only to version %lld, which is after the last commit of stream %s: whether "
			   "version %lld still holds it is unknown", table, (long long)h->by + 1, stream, (long long)h->newest);
		break;
	default:
		buf_printf(&b, "version %lld is missing in the log of %s: whether version %lld still holds version %lld, the last commit of "
			   "stream %s, is unknown", (long long)h->by, table, (long long)h->newest, (long long)h->version, stream);
	}
	int rc = ways_out(ck, e, buf_cstr(&b));
	buf_release(&b);
	return rc;
}

static void keep_commit(const struct note *n, struct arena *a, struct held_commit *c)
{
	const struct json *cursor = json_get(json_get(n->info, "mark"), "cursor");
	c->version = n->version;
	c->app_id = arena_strdup(a, n->app_id);
	c->path = n->added ? arena_strdup(a, n->added) : NULL;
	c->seq = n->seq;
	if (cursor) {
		c->cursor = arena_strndup(a, cursor->raw, cursor->nraw);
		c->ncursor = cursor->nraw;
	}
}

/* A walk that jumps to VERSION does not pass the commit behind it. Where that begins a generation, it changed no row: what it says of the
 * stream's place (of rows that were given up by `accept`, for one) is true of VERSION as well. */
static int begins_behind(const struct delta_snapshot *sn, int64_t version, struct note *n, bool *begins, struct err *e)
{
	int rc = read_note(sn, version + 1, n, e);
	const char *op = rc == 0 ? operation(n) : NULL;
	*begins = op && strcmp(op, HELD_REWIND) == 0 && n->app_id && !n->removes && !n->added;
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

int held_find(const struct delta_snapshot *sn, held_own_fn *own, void *arg, struct arena *a, struct held_commit *c, struct err *e)
{
	struct arena scratch = ARENA_INIT;
	struct note n = { .a = &scratch, .own = own, .arg = arg };
	int64_t v = sn->version;
	int rc = 0;
	*c = (struct held_commit){ .version = -1 };
	while (v >= 0 && (rc = read_note(sn, v, &n, e)) == 0 && !n.app_id) {
		int64_t from = comes_from(sn, &n);
		bool begins = false;
		if (from >= 0 && from != v - 1)
			rc = begins_behind(sn, from, &n, &begins, e);
		if (rc != 0 || begins)
			break;
		v = from;
	}
	if (v >= 0 && rc == 0)
		keep_commit(&n, a, c);
	c->gone = rc == ERR_NOT_FOUND;
	arena_release(&scratch);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}
