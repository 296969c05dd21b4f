/* SPDX-License-Identifier: MIT */
/* A record for reading: a member a line; what is nested stays on its line where that has room. Still JSON. */
#include "show/parts.h"

#include "base/term.h"

#define INDENT 2

struct pretty {
	struct buf *b;
	size_t width;
	bool color;
};

static void put(const struct pretty *w, const char *color, const char *p, size_t n)
{
	if (w->color && color)
		buf_puts(w->b, color);
	term_show(w->b, p, n, "");
	if (w->color && color)
		buf_puts(w->b, TERM_PLAIN);
}

static void new_line(const struct pretty *w, size_t indent)
{
	buf_putc(w->b, '\n');
	for (size_t i = 0; i < indent; i++)
		buf_putc(w->b, ' ');
}

/* Returns the bytes that the key takes on its line. */
static size_t put_key(const struct pretty *w, const struct json *v)
{
	struct buf key = BUF_INIT;
	json_put_string(&key, v->key, v->nkey);
	size_t n = key.n + 2;
	put(w, TERM_KEY, key.p, key.n);
	buf_puts(w->b, ": ");
	buf_release(&key);
	return n;
}

static void put_scalar(const struct pretty *w, const struct json *v)
{
	put(w, v->type == JSON_STRING ? TERM_TEXT : v->type == JSON_NULL ? TERM_FAINT : TERM_VALUE, v->raw, v->nraw);
}

/* AT: where on its line V begins. */
static void put_value(const struct pretty *w, const struct json *v, size_t indent, size_t at, bool open)
{
	if (v->type != JSON_ARRAY && v->type != JSON_OBJECT) {
		put_scalar(w, v);
		return;
	}
	bool object = v->type == JSON_OBJECT;
	/* A comma and a colon take a blank each. */
	bool broken = v->child && (open || at + v->nraw + 2 * v->nchild > w->width);
	buf_putc(w->b, object ? '{' : '[');
	for (const struct json *m = v->child; m; m = m->next) {
		size_t from = indent + INDENT;
		if (broken)
			new_line(w, from);
		if (object)
			from += put_key(w, m);
		put_value(w, m, indent + INDENT, broken ? from : 0, false);
		if (m->next)
			buf_puts(w->b, broken ? "," : ", ");
	}
	if (broken)
		new_line(w, indent);
	buf_putc(w->b, object ? '}' : ']');
}

void show_pretty(struct buf *b, const struct json *v, size_t width, bool color)
{
	const struct pretty w = { b, width, color };
	put_value(&w, v, 0, 0, true);
}
