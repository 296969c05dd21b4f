/* SPDX-License-Identifier: MIT */
/* Takes the items of a body, maps them, leaves out those that are known, and notes how far it came. */
#include "fetch/page.h"

#include "base/clock.h"
#include "base/mem.h"
#include "fetch/order.h"
#include "io/input.h"
#include "json/pick.h"
#include "json/span.h"
#include "source/post.h"
#include "stream/record.h"

#include <string.h>

enum { F_ID, F_OP, F_EDITED, F_CREATED, F_CURSOR, NFIELDS };

int page_new(struct page **out, const struct page_opts *o, struct err *e)
{
	const char *paths[NFIELDS] = {"id", "op", "edited_at", "created_at",
				      o->def->cursor.field ? o->def->cursor.field : "id"};
	struct page *p = mem_zalloc(sizeof *p);
	p->o = *o;
	p->since_us = INT64_MIN;
	p->until_us = INT64_MAX;
	p->limit = UINT64_MAX;
	int rc = json_pick_new(&p->pick, paths, NFIELDS, e);
	if (rc < 0) {
		page_free(p);
		return rc;
	}
	*out = p;
	return 0;
}

void page_free(struct page *p)
{
	if (!p)
		return;
	json_pick_free(p->pick);
	buf_release(&p->out);
	buf_release(&p->made);
	buf_release(&p->key);
	mem_free(p->hash);
	mem_free(p->slot);
	buf_release(&p->value);
	mem_free(p->top);
	mem_free(p);
}

void page_begin(struct page *p, const struct source_about *about)
{
	p->about = *about;
	buf_clear(&p->out);
	p->nhashes = 0;
	if (p->slot)
		memset(p->slot, 0, p->nslots * sizeof *p->slot);
	p->sum = 0;
	p->items = p->records = p->fresh = p->repeated = p->outside = p->older = 0;
	p->newest_us = INT64_MIN;
	p->full = p->stopped = false;
	mem_free(p->top);
	p->top = NULL;
}

/* The text of a field: a string decoded, a number as it stands. */
static bool field_text(struct buf *b, const struct json_field *f)
{
	buf_clear(b);
	if (!f->p || f->type == JSON_NULL)
		return false;
	if (f->type == JSON_STRING)
		json_unescape(b, f->p, f->n);
	else
		buf_put(b, f->p, f->n);
	return b->n && !memchr(b->p, '\0', b->n);
}

/* What tells the record from others: id, operation and last edit, or what the definition says; the whole line where
 * there is no id. */
static void make_key(struct page *p, const struct json_record *rec, const char *dedup, size_t ndedup)
{
	static const int parts[] = { F_ID, F_OP, F_EDITED };
	buf_clear(&p->key);
	buf_puts(&p->key, p->o.def->network);
	buf_putc(&p->key, '\n');
	if (dedup) {
		buf_put(&p->key, dedup, ndedup);
		return;
	}
	if (!rec->field[F_ID].p) {
		buf_put(&p->key, rec->p, rec->n);
		return;
	}
	for (size_t i = 0; i < 3; i++) {
		if (rec->field[parts[i]].p)
			buf_put(&p->key, rec->field[parts[i]].p, rec->field[parts[i]].n);
		buf_putc(&p->key, '\n');
	}
}

static void raise_top(struct page *p, const char *value)
{
	const struct def_cursor *c = &p->o.def->cursor;
	if (p->top && order_compare(c->cmp, value, p->top) <= 0)
		return;
	char *copy = mem_strdup(value);
	mem_free(p->top);
	p->top = copy;
}

/* LATE: it is behind `until`, so it is still to be read by whoever asks for it. */
static void note_cursor(struct page *p, const struct json_record *rec, bool late, bool *old)
{
	const struct def_cursor *c = &p->o.def->cursor;
	const char *value = p->cursor_value;
	if (!c->there)
		return;
	if (!value && c->field && field_text(&p->value, &rec->field[F_CURSOR]))
		value = buf_cstr(&p->value);
	if (!value || !order_valid(c->cmp, value, strlen(value)))
		return;
	if (!late)
		raise_top(p, value);
	*old |= p->floor && order_compare(c->cmp, value, p->floor) <= 0;
}

static bool bounds(struct page *p, const struct json_record *rec, bool *late, bool *old)
{
	int64_t us;
	if (p->since_us == INT64_MIN && p->until_us == INT64_MAX)
		return true;
	if (!field_text(&p->value, &rec->field[F_CREATED]) || !post_time(p->value.p, p->value.n, &us))
		return true;
	*old |= us < p->since_us;
	*late = us >= p->until_us;
	return us >= p->since_us && us < p->until_us;
}

static bool put_slot(struct page *p, uint64_t h)
{
	size_t i = h & (p->nslots - 1);
	while (p->slot[i] && p->slot[i] != h)
		i = (i + 1) & (p->nslots - 1);
	bool known = p->slot[i] == h;
	p->slot[i] = h;
	return known;
}

/* A record that stands on the page twice is given out once. */
static bool on_page_already(struct page *p, uint64_t h)
{
	if ((p->nhashes + 1) * 2 > p->nslots) {
		mem_free(p->slot);
		p->nslots = p->nslots ? p->nslots * 2 : 256;
		p->slot = mem_zalloc(p->nslots * sizeof *p->slot);
		for (size_t i = 0; i < p->nhashes; i++)
			put_slot(p, p->hash[i]);
	}
	bool known = put_slot(p, h);
	MEM_GROW(p->hash, p->cap, p->nhashes + 1);
	p->hash[p->nhashes++] = h;
	return known;
}

static bool known(struct page *p, const struct json_record *rec, const char *dedup, size_t ndedup)
{
	make_key(p, rec, dedup, ndedup);
	uint64_t h = seen_hash(p->key.p, p->key.n);
	p->sum += h;
	if (!seen_keeps(p->o.seen))
		return false;
	bool before = seen_has(p->o.seen, h);
	return on_page_already(p, h) || before;
}

static void note_time(struct page *p, const struct json_record *rec)
{
	int64_t us;
	if (field_text(&p->value, &rec->field[F_CREATED]) && post_time(p->value.p, p->value.n, &us) && us > p->newest_us)
		p->newest_us = us;
}

static void take(struct page *p, const struct json_record *rec, const char *dedup, size_t ndedup)
{
	bool old = false, late = false;
	p->records++;
	bool inside = bounds(p, rec, &late, &old);
	note_cursor(p, rec, late, &old);
	p->older += old;
	if (!inside) {
		p->outside++;
	} else if (p->fresh >= p->limit) {
		p->full = true;
	} else if (known(p, rec, dedup, ndedup)) {
		p->repeated++;
	} else {
		note_time(p, rec);
		buf_put(&p->out, rec->p, rec->n);
		buf_putc(&p->out, '\n');
		p->fresh++;
	}
}

/* The lines that the map has made of an item. */
static int take_lines(struct page *p, const char *dedup, size_t ndedup, struct err *e)
{
	struct json_record rec;
	int rc;
	memset(buf_reserve(&p->made, INPUT_PADDING), 0, INPUT_PADDING);
	json_pick_block(p->pick, p->made.p, p->made.n);
	while ((rc = json_pick_next(p->pick, &rec, e)) > 0) {
		if ((rc = record_check(rec.p, rec.n, e)) < 0)
			return rc;
		take(p, &rec, dedup, ndedup);
	}
	return rc;
}

static int ask_item(struct page *p, enum ask_what what, const char *item, size_t n, struct buf *to, struct err *e)
{
	buf_clear(to);
	return ask_has(p->o.ask, what) ? ask_one(p->o.ask, what, &p->about, item, n, to, e) : 0;
}

static int do_item(struct page *p, const char *item, size_t n, struct err *e)
{
	struct buf dedup = BUF_INIT, cursor = BUF_INIT;
	uint64_t made = 0;
	int64_t now = clock_now_us();
	buf_clear(&p->made);
	int rc = json_fits(item, n, p->o.max_value, e);
	if (rc >= 0)
		rc = ask_item(p, ASK_CURSOR, item, n, &cursor, e);
	p->cursor_value = rc > 0 && cursor.n ? buf_cstr(&cursor) : NULL;
	if (rc >= 0)
		rc = ask_item(p, ASK_DEDUP, item, n, &dedup, e);
	if (rc >= 0 && source_map_maps(p->o.map)) {
		rc = source_map_item(p->o.map, item, n, now, &p->made, &made, e);
	} else if (rc >= 0) {
		buf_put(&p->made, item, n);
		p->made.n = scan_compact(p->made.p, n);
		buf_putc(&p->made, '\n');
	}
	if (rc >= 0)
		rc = take_lines(p, dedup.n ? dedup.p : NULL, dedup.n, e);
	/* Nothing came of it, which is as good as read. */
	if (rc >= 0 && !p->made.n && p->cursor_value && p->until_us == INT64_MAX && p->o.def->cursor.there &&
	    order_valid(p->o.def->cursor.cmp, p->cursor_value, strlen(p->cursor_value)))
		raise_top(p, p->cursor_value);
	p->cursor_value = NULL;
	buf_release(&dedup);
	buf_release(&cursor);
	return rc < 0 ? rc : 0;
}

/* LINE, COL: where it stands in the response, 0: not known. */
static int page_item(struct page *p, const char *item, size_t n, uint64_t line, uint64_t col, struct err *e)
{
	struct err why;
	p->items++;
	int rc = do_item(p, item, n, &why);
	if (rc == ERR_DATA || rc == ERR_UNSUPPORTED) {
		unsigned long long number = (unsigned long long)p->items;
		if (line)
			err_wrap(&why, "item %llu of the response, at %llu:%llu", number, (unsigned long long)line, (unsigned long long)col);
		else
			err_wrap(&why, "item %llu of the response", number);
		rc = p->o.bad(p->o.arg, item, n, &why, e);
		p->stopped = rc < 0;
		return rc;
	}
	if (rc < 0 && e)
		*e = why;
	return rc;
}

static int on_item(void *arg, const struct scan_item *it, struct err *e)
{
	return page_item(arg, it->p, it->n, it->line, it->col, e);
}

/* Cut the text by the path, or into the values that stand in it. */
static int scan_text(struct page *p, const char *text, size_t n, struct err *e)
{
	struct scan_opts so = {.path = p->o.def->is_path ? &p->o.def->path : NULL,
			       .strict = p->o.def->is_path,
			       .max_item = n + 1,
			       .fn = on_item,
			       .arg = p};
	struct scan *s = scan_new(&so);
	int rc = scan_feed(s, text, n, e);
	if (rc == 0)
		rc = scan_finish(s, e);
	scan_free(s);
	return rc;
}

static int on_page(void *arg, const struct scan_item *it, struct err *e)
{
	struct page *p = arg;
	return p->o.def->is_path ? scan_text(p, it->p, it->n, e) : page_item(p, it->p, it->n, 0, 0, e);
}

int page_body(struct page *p, const char *body, size_t n, struct err *e)
{
	if (!source_map_pages(p->o.map))
		return scan_text(p, body, n, e);
	return source_map_page(p->o.map, body, n, on_page, p, e);
}

void page_accept(struct page *p)
{
	for (size_t i = 0; i < p->nhashes; i++)
		seen_add(p->o.seen, p->hash[i]);
	p->nhashes = 0;
}
