/* SPDX-License-Identifier: MIT */
/* One record, cut into fields. */
#include "csv/read.h"

#include "base/mem.h"

struct cursor {
	struct csv_record *r;
	enum csv_style style;
	const char *p;
	size_t n, i;
	bool whole;
	const char *what;
};

static void add(struct cursor *c, size_t from, size_t to, bool quoted, bool escaped)
{
	struct csv_record *r = c->r;
	MEM_GROW(r->field, r->cap, r->n + 1);
	r->field[r->n++] = (struct csv_field){ c->p + from, to - from, quoted, escaped };
}

/* At I: does a line end there, or the text? *LEN: bytes of the line end. */
static bool ends(const struct cursor *c, size_t i, size_t *len)
{
	*len = 0;
	if (i == c->n)
		return c->whole;
	if (c->p[i] == '\n')
		*len = 1;
	else if (c->p[i] == '\r' && i + 1 < c->n && c->p[i + 1] == '\n')
		*len = 2;
	else if (c->p[i] == '\r' && i + 1 == c->n && c->whole)
		*len = 1;
	return *len != 0;
}

static int bad(struct cursor *c, size_t at, const char *what)
{
	const char *nl = at < c->n ? memchr(c->p + at, '\n', c->n - at) : NULL;
	if (!nl && !c->whole)
		return CSV_MORE;
	c->what = what;
	c->r->at = at;
	c->i = nl ? (size_t)(nl - c->p) : c->n;
	return CSV_BAD;
}

/* I is behind the opening quote. */
static int quoted(struct cursor *c)
{
	size_t from = c->i, len;
	bool doubled = false;
	for (;;) {
		const char *q = memchr(c->p + c->i, '"', c->n - c->i);
		if (!q && !c->whole)
			return CSV_MORE;
		if (!q) {
			c->i = c->n;
			c->what = "the quote that begins this field is not closed";
			c->r->at = from - 1;
			return CSV_BAD;
		}
		c->i = (size_t)(q - c->p) + 1;
		if (c->i == c->n || *(q + 1) != '"')
			break;
		doubled = true;
		c->i++;
	}
	if (c->i == c->n && !c->whole)
		return CSV_MORE;
	add(c, from, c->i - 1, true, doubled);
	if (ends(c, c->i, &len) || c->p[c->i] == ',')
		return CSV_RECORD;
	return c->p[c->i] == '\r' && c->i + 1 == c->n ? CSV_MORE : bad(c, c->i, "text follows a closing quote");
}

static int unquoted(struct cursor *c)
{
	size_t from = c->i, to;
	char delimiter = csv_delimiter(c->style);
	bool escaped = false;
	while (c->i < c->n && c->p[c->i] != delimiter && c->p[c->i] != '\n')
		escaped |= c->p[c->i++] == '\\';
	if (c->i == c->n && !c->whole)
		return CSV_MORE;
	to = c->i;
	if (to > from && c->p[to - 1] == '\r' && (c->i == c->n || c->p[c->i] == '\n'))
		c->i = --to;
	add(c, from, to, false, escaped && c->style == CSV_TAB);
	return CSV_RECORD;
}

int csv_read(struct csv_record *r, enum csv_style style, const char *p, size_t n, bool whole, const char **what)
{
	struct cursor c = { .r = r, .style = style, .p = p, .n = n, .whole = whole };
	int rc;
	size_t len = 0;
	r->n = 0;
	for (;;) {
		bool quote = c.i < n && p[c.i] == '"' && style == CSV_COMMA;
		c.i += quote;
		rc = quote ? quoted(&c) : unquoted(&c);
		if (rc != CSV_RECORD || ends(&c, c.i, &len))
			break;
		c.i++;
	}
	if (rc == CSV_MORE)
		return rc;
	ends(&c, c.i, &len);
	r->length = c.i;
	r->used = c.i + len;
	r->lines = 0;
	for (size_t i = 0; i < r->used; i++)
		r->lines += p[i] == '\n';
	*what = c.what;
	return rc;
}

void csv_record_release(struct csv_record *r)
{
	mem_free(r->field);
	*r = (struct csv_record){ 0 };
}

void csv_value(struct buf *b, enum csv_style style, const struct csv_field *f)
{
	if (!f->escaped) {
		buf_put(b, f->p, f->n);
		return;
	}
	for (size_t i = 0; i < f->n; i++) {
		char c = f->p[i], next = i + 1 < f->n ? f->p[i + 1] : '\0';
		if (style == CSV_COMMA && c == '"') {
			i++;
		} else if (style == CSV_TAB && c == '\\' && next && strchr("tnr\\", next)) {
			c = next == 't' ? '\t' : next == 'n' ? '\n' : next == 'r' ? '\r' : '\\';
			i++;
		}
		buf_putc(b, c);
	}
}
