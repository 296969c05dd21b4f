/* SPDX-License-Identifier: MIT */
/* Copies start and end tags, with their attributes mended. */
#include "feed/feed_clean.h"

#include "base/ascii.h"

#include <string.h>

/* Attributes of one tag whose names are kept, so that none comes twice; more are left out. */
#define MAX_ATTRS 64

static bool same(struct feed_name a, struct feed_name b)
{
	return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

static void skip_space(struct feed_clean *c)
{
	for (; c->p < c->end && ascii_space(*c->p); c->p++)
		if (*c->p == '\n')
			buf_putc(c->out, '\n');
}

static struct feed_name read_name(struct feed_clean *c)
{
	struct feed_name n = { c->p, 0 };
	while (c->p < c->end && feed_name_char(*c->p))
		c->p++;
	n.n = (size_t)(c->p - n.p);
	return n;
}

/* The value up to TO, in double quotes whatever it had before. */
static int put_value(struct feed_clean *c, const char *to)
{
	int rc = 0;
	while (rc == 0 && c->p < to) {
		const char *at = c->p;
		while (at < to && *at != '&' && *at != '<' && *at != '"')
			at++;
		feed_copy(c, at);
		if (at == to)
			break;
		if (*at == '&') {
			rc = feed_reference(c);
		} else {
			buf_puts(c->out, *at == '<' ? "&lt;" : "&quot;");
			c->p++;
		}
	}
	return rc;
}

/* Behind the name: = and the value, in quotes of either kind or in none, or nothing. WANTED false: it is left out. */
static int attribute_value(struct feed_clean *c, bool wanted)
{
	size_t mark;
	int rc = 0;
	skip_space(c);
	mark = c->out->n;
	buf_puts(c->out, "=\"");
	if (c->p < c->end && *c->p == '=') {
		c->p++;
		while (c->p < c->end && ascii_space(*c->p))
			c->p++;
		const char *to = c->p, *past;
		if (c->p < c->end && (*c->p == '"' || *c->p == '\'')) {
			const char *close = memchr(c->p + 1, *c->p, (size_t)(c->end - c->p - 1));
			c->p++;
			to = close ? close : c->end;
			past = close ? close + 1 : c->end;
		} else {
			while (to < c->end && !ascii_space(*to) && *to != '>')
				to++;
			past = to;
		}
		rc = put_value(c, to);
		c->p = past;
	}
	buf_putc(c->out, '"');
	if (!wanted)
		c->out->n = mark;
	return rc;
}

static int attribute(struct feed_clean *c, struct feed_name *seen, size_t *nseen)
{
	struct feed_name n = read_name(c);
	bool wanted = n.n && feed_name_start(*n.p) && *nseen < MAX_ATTRS;
	if (!n.n) {
		c->p++;
		return 0;
	}
	for (size_t i = 0; i < *nseen; i++)
		wanted &= !same(seen[i], n);
	if (wanted) {
		seen[(*nseen)++] = n;
		buf_putc(c->out, ' ');
		buf_put(c->out, n.p, n.n);
	}
	return attribute_value(c, wanted);
}

int feed_start_tag(struct feed_clean *c)
{
	struct feed_name seen[MAX_ATTRS];
	size_t nseen = 0;
	int rc = 0;
	buf_putc(c->out, *c->p++);
	struct feed_name n = read_name(c);
	buf_put(c->out, n.p, n.n);
	for (skip_space(c); rc == 0 && c->p < c->end && *c->p != '>' && *c->p != '<'; skip_space(c)) {
		if (*c->p == '/' && c->end - c->p > 1 && c->p[1] == '>')
			break;
		rc = attribute(c, seen, &nseen);
	}
	if (rc < 0 || c->p == c->end)
		return rc;
	if (*c->p == '/') {
		c->p += 2;
		buf_puts(c->out, "/>");
		c->done = c->depth == 0;
		return 0;
	}
	/* <b <i>: the next tag ends this one. */
	c->p += *c->p == '>';
	buf_putc(c->out, '>');
	if (c->depth == FEED_MAX_DEPTH)
		return feed_fault(c, "elements are nested too deeply", NULL, 0);
	c->open[c->depth++] = n;
	return 0;
}

int feed_end_tag(struct feed_clean *c)
{
	c->p += 2;
	struct feed_name n = read_name(c);
	while (c->p < c->end && *c->p != '>' && *c->p != '<') {
		if (*c->p == '\n')
			buf_putc(c->out, '\n');
		c->p++;
	}
	if (c->p == c->end)
		return 0;
	c->p += *c->p == '>';
	size_t at = c->depth;
	while (at && !same(c->open[at - 1], n))
		at--;
	/* What was never opened, is not closed; what still is open inside, ends here. */
	c->mended |= at != c->depth;
	while (at && c->depth >= at) {
		const struct feed_name *last = &c->open[--c->depth];
		buf_puts(c->out, "</");
		buf_put(c->out, last->p, last->n);
		buf_putc(c->out, '>');
	}
	c->done = at == 1;
	return 0;
}
