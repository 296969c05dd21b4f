/* SPDX-License-Identifier: MIT */
/* Cuts the stream into lines, the lines into fields, the fields into events. */
#include "http/sse.h"

#include "base/mem.h"
#include "base/num.h"

#include <stdbool.h>

struct sse {
	size_t max;
	sse_fn *fn;
	void *arg;
	struct buf line;            /* the start of a line whose end has not come */
	struct buf data, type, id;  /* of the event under way; the id stays */
	int64_t retry_ms;
	bool begun;                 /* the first line is behind us: no byte order mark any more */
	bool after_cr;              /* a LF now belongs to the CR before */
};

struct sse *sse_new(size_t max, sse_fn *fn, void *arg)
{
	struct sse *s = mem_zalloc(sizeof *s);
	s->max = max;
	s->fn = fn;
	s->arg = arg;
	s->retry_ms = -1;
	return s;
}

void sse_free(struct sse *s)
{
	if (!s)
		return;
	buf_release(&s->line);
	buf_release(&s->data);
	buf_release(&s->type);
	buf_release(&s->id);
	mem_free(s);
}

int64_t sse_retry_ms(const struct sse *s)
{
	return s->retry_ms;
}

/* An empty line: the event, if it has data, is whole. */
static int dispatch(struct sse *s, struct err *e)
{
	int rc = 0;
	if (s->data.n) {
		struct sse_event ev = { .type = s->type.n ? buf_cstr(&s->type) : "message", .data = s->data.p,
			.ndata = s->data.n - 1, .id = buf_cstr(&s->id) };
		/* The LF behind the last line makes way for a NUL. */
		s->data.p[ev.ndata] = '\0';
		rc = s->fn(s->arg, &ev, e);
	}
	buf_clear(&s->data);
	buf_clear(&s->type);
	return rc;
}

static void set(struct buf *b, const char *p, size_t n)
{
	buf_clear(b);
	buf_put(b, p, n);
}

static bool is_field(const char *p, size_t n, const char *name)
{
	return n == strlen(name) && !memcmp(p, name, n);
}

static int field(struct sse *s, const char *p, size_t n, struct err *e)
{
	const char *colon = memchr(p, ':', n);
	size_t nname = colon ? (size_t)(colon - p) : n, nvalue = colon ? n - nname - 1 : 0;
	const char *value = p + n - nvalue;
	uint64_t ms;
	if (nvalue && *value == ' ') {
		value++;
		nvalue--;
	}
	if (is_field(p, nname, "data")) {
		/* The LF behind each line counts, so that a million empty ones are not free. */
		if (nvalue >= s->max - s->data.n)
			return err_set(e, ERR_DATA, "an event is longer than %zu bytes", s->max);
		buf_put(&s->data, value, nvalue);
		buf_putc(&s->data, '\n');
	} else if (is_field(p, nname, "event")) {
		if (!nvalue || !memchr(value, '\0', nvalue))
			set(&s->type, value, nvalue);
	} else if (is_field(p, nname, "id")) {
		if (!nvalue || !memchr(value, '\0', nvalue))
			set(&s->id, value, nvalue);
	} else if (is_field(p, nname, "retry")) {
		if (num_u64(value, nvalue, &ms) && ms <= INT64_MAX)
			s->retry_ms = (int64_t)ms;
	}
	return 0;
}

static int whole_line(struct sse *s, const char *p, size_t n, struct err *e)
{
	if (!s->begun && n >= 3 && !memcmp(p, "\xEF\xBB\xBF", 3)) {
		p += 3;
		n -= 3;
	}
	s->begun = true;
	if (!n)
		return dispatch(s, e);
	return field(s, p, n, e);
}

static const char *line_end(const char *p, const char *end)
{
	while (p < end && *p != '\n' && *p != '\r')
		p++;
	return p;
}

int sse_feed(struct sse *s, const char *p, size_t n, struct err *e)
{
	const char *end = p + n;
	int rc = 0;
	while (p < end && !rc) {
		if (s->after_cr && *p == '\n')
			p++;
		if (s->after_cr) {
			s->after_cr = false;
			continue;
		}
		const char *eol = line_end(p, end);
		size_t k = (size_t)(eol - p);
		if (k > s->max - s->line.n)
			return err_set(e, ERR_DATA, "a line is longer than %zu bytes", s->max);
		if (eol == end || s->line.n) {
			buf_put(&s->line, p, k);
			if (eol == end)
				break;
			p = s->line.p;
			k = s->line.n;
		}
		s->after_cr = *eol == '\r';
		rc = whole_line(s, p, k, e);
		buf_clear(&s->line);
		p = eol + 1;
	}
	return rc;
}
