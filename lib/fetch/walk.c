/* SPDX-License-Identifier: MIT */
/* The steps of a walk, without any request: begun, through, raised; and its JSON. */
#include "fetch/walk.h"

#include "base/mem.h"
#include "fetch/order.h"

#include <string.h>

static void set(char **to, const char *s)
{
	char *copy = s ? mem_strdup(s) : NULL;
	mem_free(*to);
	*to = copy;
}

static void raise_text(char **to, const struct def_cursor *c, const char *s)
{
	if (s && (!*to || order_compare(c->cmp, s, *to) > 0))
		set(to, s);
}

void walk_begin(struct walk *w, const struct def_cursor *c)
{
	set(&w->pending, NULL);
	set(&w->page, NULL);
	w->pages = w->lap = 0;
	w->backwards = c->there && c->asc && c->first_desc && !w->committed;
}

bool walk_ascends(const struct walk *w, const struct def_cursor *c)
{
	return c->there && c->asc && !w->backwards;
}

static bool through(struct walk *w, const struct def_cursor *c)
{
	raise_text(&w->committed, c, w->pending);
	walk_begin(w, c);
	return true;
}

bool walk_step(struct walk *w, const struct def_cursor *c, const struct walk_page *p)
{
	bool more = p->next && *p->next;
	w->pages++;
	if (walk_ascends(w, c)) {
		bool moved = p->top && (!w->committed || order_compare(c->cmp, p->top, w->committed) > 0);
		raise_text(&w->committed, c, p->top);
		set(&w->page, NULL);
		/* A page that has nothing above the cursor would be asked for again and again. */
		return p->items == 0 || !moved ? through(w, c) : false;
	}
	raise_text(&w->pending, c, p->top);
	if (!more || p->all_older)
		return through(w, c);
	set(&w->page, p->next);
	return false;
}

bool walk_goes_round(struct walk *w, uint64_t state, bool new)
{
	if (w->lap && !new && state == w->mark)
		return true;
	if (!w->lap || new || ++w->steps == w->lap) {
		w->lap = w->lap && !new ? w->lap * 2 : 1;
		w->mark = state;
		w->steps = 0;
	}
	return false;
}

void walk_raise(struct walk *w, const struct def_cursor *c, const char *value)
{
	raise_text(&w->committed, c, value);
}

bool walk_is_new(const struct walk *w)
{
	return !w->committed && !w->pending && !w->page;
}

void walk_release(struct walk *w)
{
	set(&w->committed, NULL);
	set(&w->pending, NULL);
	set(&w->page, NULL);
}

static void put_text(struct buf *b, const char *name, const char *s)
{
	if (!s)
		return;
	if (b->n && b->p[b->n - 1] != '{')
		buf_putc(b, ',');
	json_put_cstr(b, name);
	buf_putc(b, ':');
	json_put_cstr(b, s);
}

void walk_put(const struct walk *w, struct buf *b)
{
	put_text(b, "committed", w->committed);
	put_text(b, "pending", w->pending);
	put_text(b, "page", w->page);
	if (w->pages) {
		if (b->n && b->p[b->n - 1] != '{')
			buf_putc(b, ',');
		buf_printf(b, "\"pages\":%llu", (unsigned long long)w->pages);
	}
}

static int get_text(char **to, const struct json *v, const char *name, struct err *e)
{
	const struct json *m = json_get(v, name);
	const char *s = json_str(m);
	if (m && (!s || memchr(s, '\0', m->nstr)))
		return err_set(e, ERR_DATA, "the cursor's \"%s\" is not a string", name);
	set(to, s);
	return 0;
}

int walk_get(struct walk *w, const struct json *v, struct err *e)
{
	int64_t pages = 0;
	const struct json *n = json_get(v, "pages");
	int rc = get_text(&w->committed, v, "committed", e);
	if (rc == 0)
		rc = get_text(&w->pending, v, "pending", e);
	if (rc == 0)
		rc = get_text(&w->page, v, "page", e);
	if (rc == 0 && n && (!json_i64(n, &pages) || pages < 0))
		rc = err_set(e, ERR_DATA, "the cursor's \"pages\" is not a count");
	w->pages = (uint64_t)pages;
	/* A walk that was going down goes on going down. */
	w->backwards = w->page && w->pending && !w->committed;
	return rc;
}
