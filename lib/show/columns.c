/* SPDX-License-Identifier: MIT */
/* The columns of rows: given, or learnt from the rows; and the cell of each in a row. */
#include "show/parts.h"

#include "base/mem.h"

#include <string.h>

#define MAX_PARTS 16              /* what is nested deeper stays JSON */

static bool same_path(const struct show_column *c, const struct show_part *part, size_t n)
{
	if (c->nparts != n)
		return false;
	while (n-- > 0) /* paths differ at their end */
		if (c->part[n].n != part[n].n || memcmp(c->part[n].p, part[n].p, part[n].n) != 0)
			return false;
	return true;
}

/* Rows have their members in the same order: the column behind the last one is a good guess. */
static struct show_column *find(struct show *s, const struct show_part *part, size_t n)
{
	for (size_t k = 0; k < s->ncols; k++) {
		size_t i = s->guess + k < s->ncols ? s->guess + k : s->guess + k - s->ncols;
		if (same_path(&s->col[i], part, n)) {
			s->guess = i + 1 < s->ncols ? i + 1 : 0;
			return &s->col[i];
		}
	}
	return NULL;
}

static struct show_column *add(struct show *s, const struct show_part *part, size_t n)
{
	struct show_part *copy = arena_array(&s->names, n, sizeof *copy);
	for (size_t i = 0; i < n; i++)
		copy[i] = (struct show_part){ arena_strndup(&s->names, part[i].p, part[i].n), part[i].n };
	MEM_GROW(s->col, s->cols_cap, s->ncols + 1);
	s->col[s->ncols] = (struct show_column){ .part = copy, .nparts = n, .right = true };
	return &s->col[s->ncols++];
}

void show_columns(struct show *s, size_t n, const char *paths)
{
	s->fixed = true;
	for (; n; n--, paths += strlen(paths) + 1) {
		struct show_part part[MAX_PARTS];
		size_t parts = 0;
		for (const char *p = paths, *end; *p && parts < MAX_PARTS; p = *end ? end + 1 : end) {
			end = strchrnul(p, '.');
			part[parts++] = (struct show_part){ p, (size_t)(end - p) };
			if (!s->flatten)
				break;
		}
		if (!find(s, part, parts))
			add(s, part, parts);
	}
}

/* --- a walk over the values of a row that make columns --- */

struct walk {
	struct show *s;
	struct show_part part[MAX_PARTS];
	bool learn;
	struct err *e;
};

static int unknown(struct walk *w, size_t depth)
{
	struct show_column c = { .part = w->part, .nparts = depth };
	struct buf name = BUF_INIT;
	show_title(&c, &name);
	err_set(w->e, ERR_DATA, "member %s is not among the columns, which the first rows gave", buf_cstr(&name));
	buf_release(&name);
	return ERR_DATA;
}

static int take(struct walk *w, const struct json *v, size_t depth)
{
	struct show_column *c = find(w->s, w->part, depth);
	if (!c && w->s->fixed)
		return 0;
	if (!c && !w->learn)
		return v->type == JSON_NULL ? 0 : unknown(w, depth);
	if (!c && w->s->ncols == SHOW_MAX_COLUMNS)
		return err_set(w->e, ERR_UNSUPPORTED, "the rows have more than %d columns", SHOW_MAX_COLUMNS);
	if (!c)
		c = add(w->s, w->part, depth);
	c->any |= v->type != JSON_NULL;
	c->right &= v->type == JSON_NULL || v->type == JSON_NUMBER;
	return 0;
}

static int members(struct walk *w, const struct json *obj, size_t depth)
{
	int rc = 0;
	for (const struct json *v = obj->child; v && rc == 0; v = v->next) {
		w->part[depth] = (struct show_part){ v->key, v->nkey };
		if (w->s->flatten && v->type == JSON_OBJECT && v->child && depth + 1 < MAX_PARTS)
			rc = members(w, v, depth + 1);
		else
			rc = take(w, v, depth + 1);
	}
	return rc;
}

int show_learn(struct show *s, const struct json *row, struct err *e)
{
	struct walk w = { .s = s, .learn = true, .e = e };
	return members(&w, row, 0);
}

int show_known(struct show *s, const struct json *row, struct err *e)
{
	struct walk w = { .s = s, .e = e };
	return members(&w, row, 0);
}

static bool has_below(const struct show *s, const struct show_column *c)
{
	for (size_t i = 0; i < s->ncols; i++)
		if (s->col[i].nparts > c->nparts && same_path(c, s->col[i].part, c->nparts))
			return true;
	return false;
}

void show_settle(struct show *s)
{
	size_t n = 0;
	for (size_t i = 0; i < s->ncols; i++)
		if (s->fixed || s->col[i].any || !has_below(s, &s->col[i]))
			s->col[n++] = s->col[i];
	s->ncols = n;
	s->guess = 0;
}

void show_title(const struct show_column *c, struct buf *b)
{
	for (size_t i = 0; i < c->nparts; i++)
		csv_name(b, c->part[i].p, c->part[i].n, i == 0, i + 1 == c->nparts);
}

const struct json *show_cell(const struct show_column *c, const struct json *row)
{
	const struct json *at = row;
	for (size_t i = 0; i < c->nparts && at; i++) {
		const struct json *found = NULL;
		for (const struct json *v = at->type == JSON_OBJECT ? at->child : NULL; v; v = v->next)
			if (v->nkey == c->part[i].n && memcmp(v->key, c->part[i].p, v->nkey) == 0)
				found = v;
		at = found;
	}
	return at && at->type != JSON_NULL ? at : NULL;
}
