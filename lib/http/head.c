/* SPDX-License-Identifier: MIT */
/* Takes status and header lines apart and checks them. */
#include "http/head.h"

#include "base/ascii.h"
#include "base/mem.h"

void http_head_init(struct http_head *h)
{
	*h = (struct http_head){ .text = BUF_INIT };
}

void http_head_release(struct http_head *h)
{
	buf_release(&h->text);
	mem_free(h->field);
	mem_free(h->list);
	http_head_init(h);
}

void http_head_reset(struct http_head *h)
{
	h->state = HEAD_STATUS;
	h->status = 0;
	h->n = h->seen = 0;
	buf_clear(&h->text);
}

bool http_is_token(const char *s, size_t n)
{
	static const char more[] = "!#$%&'*+-.^_`|~";
	for (size_t i = 0; i < n; i++)
		if (!((s[i] >= '0' && s[i] <= '9') || (ascii_lower(s[i]) >= 'a' && ascii_lower(s[i]) <= 'z') || (s[i] && strchr(more, s[i]))))
			return false;
	return n > 0;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

/* Take white space off both ends. */
static const char *trim(const char *p, size_t *n)
{
	while (*n && is_space(p[*n - 1]))
		--*n;
	while (*n && is_space(*p)) {
		p++;
		--*n;
	}
	return p;
}

/* `HTTP/1.1 200 OK`, `HTTP/2 200`. */
static enum head_step status_line(struct http_head *h, const char *p, size_t n)
{
	const char *sp = n > 5 && !memcmp(p, "HTTP/", 5) ? memchr(p, ' ', n) : NULL;
	size_t left = sp ? n - (size_t)(sp - p) - 1 : 0;
	long status = 0;
	if (left < 3 || (left > 3 && sp[4] != ' '))
		return HEAD_BAD;
	for (int i = 1; i <= 3; i++) {
		if (sp[i] < '0' || sp[i] > '9')
			return HEAD_BAD;
		status = status * 10 + (sp[i] - '0');
	}
	if (status < 100)
		return HEAD_BAD;
	h->status = status;
	h->state = HEAD_FIELDS;
	return HEAD_MORE;
}

/* A line that goes on from the field before: its NUL makes way. */
static void unfold(struct http_head *h, const char *p, size_t n)
{
	p = trim(p, &n);
	if (!h->n || !n)
		return;
	h->text.n--;
	if (h->text.n > h->field[h->n - 1].value)
		buf_putc(&h->text, ' ');
	buf_put(&h->text, p, n);
	buf_putc(&h->text, '\0');
}

static enum head_step field_line(struct http_head *h, const char *p, size_t n)
{
	const char *colon = memchr(p, ':', n);
	size_t nname = colon ? (size_t)(colon - p) : 0, nvalue = n - nname - (colon != NULL);
	const char *name = trim(p, &nname), *value = trim(p + n - nvalue, &nvalue);
	if (!http_is_token(name, nname))
		return HEAD_MORE;
	if (h->n == HEAD_MAX_FIELDS)
		return HEAD_TOO_LONG;
	MEM_GROW(h->field, h->cap, h->n + 1);
	struct head_field *f = &h->field[h->n++];
	f->name = (uint32_t)h->text.n;
	for (size_t i = 0; i < nname; i++)
		buf_putc(&h->text, ascii_lower(name[i]));
	buf_putc(&h->text, '\0');
	f->value = (uint32_t)h->text.n;
	buf_put(&h->text, value, nvalue);
	buf_putc(&h->text, '\0');
	return HEAD_MORE;
}

static enum head_step last_line(struct http_head *h)
{
	if (h->status < 200 && !(h->upgrade && h->status == 101)) {
		http_head_reset(h);
		return HEAD_MORE;
	}
	MEM_GROW(h->list, h->ncap, h->n);
	for (size_t i = 0; i < h->n; i++)
		h->list[i] = (struct http_header){ h->text.p + h->field[i].name, h->text.p + h->field[i].value };
	h->state = HEAD_DONE;
	return HEAD_END;
}

enum head_step http_head_line(struct http_head *h, const char *p, size_t n)
{
	if (h->state == HEAD_DONE)
		return HEAD_MORE;
	if (n && p[n - 1] == '\n')
		n--;
	if (n && p[n - 1] == '\r')
		n--;
	if (n > HEAD_MAX_BYTES || (h->seen += n + 1) > HEAD_MAX_BYTES)
		return HEAD_TOO_LONG;
	if (n && memchr(p, '\0', n))
		return HEAD_BAD;
	if (h->state == HEAD_STATUS)
		return status_line(h, p, n);
	if (!n)
		return last_line(h);
	if (is_space(*p)) {
		unfold(h, p, n);
		return HEAD_MORE;
	}
	return field_line(h, p, n);
}
