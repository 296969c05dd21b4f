/* SPDX-License-Identifier: MIT */
/* A state machine over JSON that stops at the ends of items, wherever the input is cut. */
#include "source/scan.h"

#include "base/arena.h"
#include "base/mem.h"
#include "json/doc.h"

#include <string.h>

#define MAX_DEPTH 1024
#define PADDING 64
#define KEY_MAX 255

enum state {
	VALUE,          /* a value must come */
	VALUE_OR_END,   /* just behind '[' */
	KEY,            /* behind a comma in an object */
	KEY_OR_END,     /* just behind '{' */
	COLON,
	NEXT,           /* behind a value: a comma or the end; at the top: another value or the end */
	STRING, ESCAPE, SCALAR,
	FAILED
};

struct scan {
	struct scan_opts o;
	enum state state;
	bool key;                       /* the string is a key */
	uint32_t depth;                 /* open containers */
	uint64_t object[MAX_DEPTH / 64]; /* bit d: container d (from 0) is an object */
	uint64_t off, line, line_off;   /* of the next byte; of its line's first */
	uint64_t col0;                  /* added to the column in the first line */

	const char *chunk;              /* the bytes being fed: chunk[0] is at offset chunk_off */
	uint64_t chunk_off;

	struct buf item;                /* the item being read */
	const char *item_from;          /* what of the chunk belongs to it and is not yet in the buffer */
	bool in_item;
	uint32_t item_depth;
	uint64_t item_line, item_col;
	bool item_element;

	struct buf page;                /* the object at the top, without the elements given away */
	const char *page_from;
	bool in_page;
	bool found;                     /* it had something at PATH */
	uint64_t page_line, page_col;

	uint32_t hot;                   /* depth inside the array whose elements are items; 0: in none */
	bool hot_any;                   /* the array has given an element */
	uint32_t matched;               /* keys of PATH that lead here */
	char keybuf[KEY_MAX + 1];
	size_t nkey;
};

struct scan *scan_new(const struct scan_opts *o)
{
	struct scan *s = mem_zalloc(sizeof *s);
	s->o = *o;
	s->state = NEXT;
	s->line = o->line ? o->line : 1;
	s->col0 = o->col ? o->col - 1 : 0;
	return s;
}

void scan_free(struct scan *s)
{
	if (!s)
		return;
	buf_release(&s->item);
	buf_release(&s->page);
	mem_free(s);
}

static uint64_t column(const struct scan *s, const char *p)
{
	uint64_t first = s->line == (s->o.line ? s->o.line : 1) ? s->col0 : 0;
	return s->chunk_off + (uint64_t)(p - s->chunk) - s->line_off + 1 + first;
}

static int fail(struct scan *s, const char *p, struct err *e, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	err_setv(e, ERR_DATA, fmt, ap);
	va_end(ap);
	s->state = FAILED;
	return err_at(e, NULL, s->line, column(s, p));
}

/* Bring what belongs to the item or the page from the chunk to its buffer, up to P. */
static void keep(struct buf *b, const char **from, const char *p)
{
	if (*from && p > *from)
		buf_put(b, *from, (size_t)(p - *from));
	*from = NULL;
}

static int check_size(struct scan *s, const char *p, struct err *e)
{
	size_t n = s->in_item ? s->item.n + (size_t)(s->item_from ? p - s->item_from : 0)
			      : s->page.n + (size_t)(s->page_from ? p - s->page_from : 0);
	if (n <= s->o.max_item)
		return 0;
	err_set(e, ERR_DATA, "a record is longer than %zu bytes", s->o.max_item);
	s->state = FAILED;
	return err_at(e, NULL, s->in_item ? s->item_line : s->page_line, s->in_item ? s->item_col : s->page_col);
}

static int give(struct scan *s, struct buf *b, bool element, uint64_t line, uint64_t col, struct err *e)
{
	buf_reserve(b, PADDING);
	memset(b->p + b->n, 0, PADDING);
	struct scan_item it = { .p = b->p, .n = b->n, .broken = line != s->line, .element = element, .line = line, .col = col };
	int rc = s->o.fn ? s->o.fn(s->o.arg, &it, e) : 0;
	buf_clear(b);
	if (rc < 0)
		s->state = FAILED;
	return rc;
}

static bool is_object(const struct scan *s)
{
	uint32_t d = s->depth - 1;
	return s->object[d / 64] >> (d % 64) & 1;
}

static void begin_item(struct scan *s, const char *p, bool element)
{
	s->in_item = true;
	s->item_from = p;
	s->item_depth = s->depth;
	s->item_line = s->line;
	s->item_col = column(s, p);
	s->item_element = element;
}

/* Does the array that opens at P give its elements away? */
static bool opens_hot(const struct scan *s, char c)
{
	if (c != '[' || s->in_item)
		return false;
	return s->depth == 0 || (s->o.path && s->o.path->n && s->matched == s->o.path->n && s->depth == s->matched);
}

/* A value's first byte is at P. */
static int begin_value(struct scan *s, const char *p, struct err *e)
{
	if (s->in_item)
		return 0;
	if (s->hot && s->depth == s->hot) {
		if (!s->hot_any && s->in_page)
			buf_puts(&s->page, "null");
		s->hot_any = true;
		begin_item(s, p, s->in_page);
	} else if (s->depth == 0 && *p == '{') {
		s->in_page = true;
		s->found = false;
		s->matched = 0;
		s->page_from = p;
		s->page_line = s->line;
		s->page_col = column(s, p);
	} else if (s->depth == 0 && *p != '[') {
		begin_item(s, p, false);
	} else if (s->depth && s->matched == s->depth && s->o.path && s->matched == s->o.path->n && *p != '[') {
		if (!s->o.path->optional)
			return fail(s, p, e, "'%s' is not an array", s->o.path->key[s->matched - 1]);
		s->found = true;
	}
	return 0;
}

static int check_rest(struct scan *s, struct err *e)
{
	struct err why;
	int rc = json_check(s->page.p, s->page.n, &why);
	if (rc == 0)
		return 0;
	err_set(e, why.code, "%s (outside of the records of the object that begins here)", why.msg);
	return err_at(e, NULL, s->page_line, s->page_col);
}

/* The object at the top is complete. */
static int end_page(struct scan *s, struct err *e)
{
	s->in_page = false;
	if (s->found) {
		int rc = check_rest(s, e);
		buf_clear(&s->page);
		if (rc < 0)
			s->state = FAILED;
		return rc;
	}
	if (s->o.strict && s->o.path && s->o.path->n && !s->o.path->optional) {
		err_set(e, ERR_DATA, "the object has no '%s'", s->o.path->key[s->o.path->n - 1]);
		s->state = FAILED;
		return err_at(e, NULL, s->page_line, s->page_col);
	}
	return give(s, &s->page, false, s->page_line, s->page_col, e);
}

/* A value ended just before P, and S->depth is that of what holds it. */
static int end_value(struct scan *s, const char *p, struct err *e)
{
	int rc;
	s->state = NEXT;
	if (s->in_item) {
		if (s->depth != s->item_depth)
			return 0;
		keep(&s->item, &s->item_from, p);
		s->in_item = false;
		if (s->item.n > s->o.max_item) {
			s->in_item = true;
			return check_size(s, p, e);
		}
		return give(s, &s->item, s->item_element, s->item_line, s->item_col, e);
	}
	if (s->depth && s->matched == s->depth)
		s->matched--;
	if (s->depth == 0 && s->in_page) {
		keep(&s->page, &s->page_from, p);
		if (s->page.n > s->o.max_item)
			return check_size(s, p, e);
		rc = end_page(s, e);
		return rc;
	}
	return 0;
}

static int open_container(struct scan *s, const char *p, struct err *e)
{
	bool hot = opens_hot(s, *p);
	if (s->depth == MAX_DEPTH)
		return fail(s, p, e, "nested deeper than %d levels", MAX_DEPTH);
	uint64_t bit = UINT64_C(1) << (s->depth % 64);
	if (*p == '{')
		s->object[s->depth / 64] |= bit;
	else
		s->object[s->depth / 64] &= ~bit;
	s->depth++;
	s->state = *p == '{' ? KEY_OR_END : VALUE_OR_END;
	if (hot) {
		s->hot = s->depth;
		s->hot_any = false;
		s->found = true;
		keep(&s->page, &s->page_from, p + 1);
	}
	return 0;
}

static int close_container(struct scan *s, const char *p, struct err *e)
{
	bool object = is_object(s);
	if (object != (*p == '}'))
		return fail(s, p, e, "unexpected '%c', expected '%c'", *p, object ? '}' : ']');
	if (s->hot == s->depth && !s->in_item) {
		s->hot = 0;
		if (s->in_page)
			s->page_from = p;
	}
	s->depth--;
	return end_value(s, p + 1, e);
}

static int at_value(struct scan *s, const char *p, struct err *e)
{
	unsigned char c = (unsigned char)*p;
	bool scalar = (c >= '0' && c <= '9') || c == '-' || (c >= 'a' && c <= 'z');
	if (c != '{' && c != '[' && c != '"' && !scalar)
		return c >= 0x20 && c < 0x7f ? fail(s, p, e, "unexpected '%c', expected a value", c)
					     : fail(s, p, e, "unexpected byte 0x%02x, expected a value", c);
	int rc = begin_value(s, p, e);
	if (rc < 0)
		return rc;
	if (c == '{' || c == '[')
		return open_container(s, p, e);
	s->key = false;
	s->state = c == '"' ? STRING : SCALAR;
	return 0;
}

/* Keys matter on the way to PATH alone. */
static bool key_matters(const struct scan *s)
{
	return s->in_page && !s->in_item && !s->hot && s->o.path && s->depth <= s->o.path->n && s->matched == s->depth - 1;
}

static void end_key(struct scan *s)
{
	s->state = COLON;
	if (key_matters(s) && s->nkey <= KEY_MAX) {
		const char *want = s->o.path->key[s->depth - 1];
		if (strlen(want) == s->nkey && memcmp(want, s->keybuf, s->nkey) == 0)
			s->matched = s->depth;
	}
}

static int begin_key(struct scan *s, const char *p, struct err *e)
{
	if (*p != '"')
		return fail(s, p, e, "unexpected '%c', expected a key", (unsigned char)*p < 0x7f && *p > 0x1f ? *p : '?');
	s->key = true;
	s->nkey = 0;
	s->state = STRING;
	return 0;
}

static int at_next(struct scan *s, const char *p, struct err *e)
{
	if (s->depth == 0)
		return at_value(s, p, e);
	if (*p == ']' || *p == '}')
		return close_container(s, p, e);
	if (*p != ',')
		return fail(s, p, e, "unexpected '%c', expected ',' or '%c'", (unsigned char)*p < 0x7f && *p > 0x1f ? *p : '?',
			    is_object(s) ? '}' : ']');
	s->state = is_object(s) ? KEY : VALUE;
	return 0;
}

/* One byte outside of strings and scalars that is no white space. */
static int at_token(struct scan *s, const char *p, struct err *e)
{
	switch (s->state) {
	case VALUE_OR_END:
		return *p == ']' ? close_container(s, p, e) : at_value(s, p, e);
	case VALUE:
		return at_value(s, p, e);
	case KEY_OR_END:
		return *p == '}' ? close_container(s, p, e) : begin_key(s, p, e);
	case KEY:
		return begin_key(s, p, e);
	case COLON:
		if (*p != ':')
			return fail(s, p, e, "unexpected '%c', expected ':'", (unsigned char)*p < 0x7f && *p > 0x1f ? *p : '?');
		s->state = VALUE;
		return 0;
	default:
		return at_next(s, p, e);
	}
}

/* Bytes of a string from P; returns where to go on, NULL after an error. */
static const char *in_string(struct scan *s, const char *p, const char *end, struct err *e)
{
	const char *from = p;
	if (s->state == ESCAPE) {
		s->state = STRING;
		p++;
	}
	while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20)
		p++;
	if (s->key && key_matters(s)) {
		size_t n = (size_t)(p - from);
		if (s->nkey + n <= KEY_MAX)
			memcpy(s->keybuf + s->nkey, from, n);
		s->nkey += n;
	}
	if (p == end)
		return p;
	if (*p == '\\') {
		s->nkey += s->key ? KEY_MAX + 1 : 0;    /* a key with an escape is none of ours */
		s->state = ESCAPE;
		return p + 1;
	}
	if (*p != '"') {
		fail(s, p, e, *p == '\n' ? "a string does not end on its line" : "a control character in a string");
		return NULL;
	}
	if (s->key)
		end_key(s);
	else if (end_value(s, p + 1, e) < 0)
		return NULL;
	return p + 1;
}

static const char *in_scalar(struct scan *s, const char *p, const char *end, struct err *e)
{
	while (p < end && ((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') || *p == 'E' || *p == '+' || *p == '-' || *p == '.'))
		p++;
	if (p < end && end_value(s, p, e) < 0)
		return NULL;
	return p;
}

static const char *in_between(struct scan *s, const char *p, const char *end, struct err *e)
{
	for (; p < end; p++) {
		if (*p == ' ' || *p == '\t' || *p == '\r')
			continue;
		if (*p != '\n')
			break;
		s->line++;
		s->line_off = s->chunk_off + (uint64_t)(p - s->chunk) + 1;
	}
	if (p == end)
		return p;
	return at_token(s, p, e) < 0 ? NULL : p + 1;
}

int scan_feed(struct scan *s, const char *p, size_t n, struct err *e)
{
	const char *end = p + n;
	s->chunk = p;
	s->chunk_off = s->off;
	s->item_from = s->in_item ? p : NULL;
	s->page_from = s->in_page && !s->hot ? p : NULL;
	while (p < end) {
		if (s->state == STRING || s->state == ESCAPE)
			p = in_string(s, p, end, e);
		else if (s->state == SCALAR)
			p = in_scalar(s, p, end, e);
		else
			p = in_between(s, p, end, e);
		if (!p)
			break;
	}
	int rc = p ? check_size(s, end, e) : e->code;
	keep(&s->item, &s->item_from, end);
	keep(&s->page, &s->page_from, end);
	s->off += n;
	return rc;
}

int scan_finish(struct scan *s, struct err *e)
{
	s->chunk = "";
	s->chunk_off = s->off;
	if (s->state == SCALAR && s->depth == 0) {
		int rc = end_value(s, s->chunk, e);
		if (rc < 0)
			return rc;
	}
	if (s->state == NEXT && s->depth == 0)
		return 0;
	bool page = s->in_page && !s->in_item;
	uint64_t line = page ? s->page_line : s->item_line;
	if (s->in_item || s->in_page)
		return fail(s, s->chunk, e, "the text ends inside a value that begins on line %llu", (unsigned long long)line);
	return fail(s, s->chunk, e, "the text ends inside an array");
}

const char *scan_pending(const struct scan *s, size_t *n)
{
	const struct buf *b = s->in_item ? &s->item : &s->page;
	*n = b->n;
	return b->p;
}

size_t scan_compact(char *p, size_t n)
{
	size_t to = 0;
	bool string = false;
	for (size_t i = 0; i < n; i++) {
		char c = p[i];
		if (!string && (c == ' ' || c == '\t' || c == '\r' || c == '\n'))
			continue;
		p[to++] = c;
		if (string && c == '\\' && i + 1 < n)
			p[to++] = p[++i];
		else if (c == '"')
			string = !string;
	}
	return to;
}
