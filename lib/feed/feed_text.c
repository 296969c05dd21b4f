/* SPDX-License-Identifier: MIT */
/* Cleans text, entities and declarations, so that libxml2 sees nothing that it could expand. */
#include "feed/feed_text.h"

#include "base/ascii.h"
#include "feed/feed_clean.h"

#include <libxml/HTMLparser.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define MAX_NAME 64

static bool starts(const struct feed_clean *c, const char *text)
{
	size_t n = strlen(text);
	return (size_t)(c->end - c->p) >= n && strncasecmp(c->p, text, n) == 0;
}

int feed_fault(struct feed_clean *c, const char *what, const char *name, size_t n)
{
	uint64_t line = 1;
	for (const char *p = c->from; p < c->p; p++)
		line += *p == '\n';
	if (name)
		err_set(c->e, ERR_DATA, "entity '%.*s' %s", (int)(n < MAX_NAME ? n : MAX_NAME), name, what);
	else
		err_set(c->e, ERR_DATA, "%s", what);
	return err_at(c->e, NULL, line, 0);
}

uint32_t feed_entity(const char *name, size_t n)
{
	char z[16];
	if (n == 0 || n >= sizeof z)
		return 0;
	if (n == 4 && memcmp(name, "apos", 4) == 0)
		return '\'';
	memcpy(z, name, n);
	z[n] = '\0';
	const htmlEntityDesc *d = htmlEntityLookup((const xmlChar *)z);
	return d ? d->value : 0;
}

/* --- copying --- */

/* Bytes up to TO as they are, without what XML 1.0 has no place for. */
void feed_copy(struct feed_clean *c, const char *to)
{
	while (c->p < to) {
		const char *from = c->p;
		while (c->p < to && ((unsigned char)*c->p >= 0x20 || ascii_space(*c->p)) && *c->p != '\xEF')
			c->p++;
		buf_put(c->out, from, (size_t)(c->p - from));
		if (c->p == to)
			break;
		/* U+FFFE and U+FFFF are no characters; all else that begins with EF is. */
		if (*c->p == '\xEF' && !(to - c->p >= 3 && c->p[1] == '\xBF' && ((unsigned char)c->p[2] & 0xFE) == 0xBE))
			buf_putc(c->out, *c->p);
		else if (*c->p == '\xEF')
			c->p += 2;
		c->p++;
	}
}

/* Past TO, of which only the line ends stay. */
static void leave_out(struct feed_clean *c, const char *to)
{
	for (; c->p < to; c->p++)
		if (*c->p == '\n')
			buf_putc(c->out, '\n');
}

static const char *behind(const struct feed_clean *c, size_t from, const char *text)
{
	size_t n = strlen(text), left = (size_t)(c->end - c->p);
	const char *at = left > from ? memmem(c->p + from, left - from, text, n) : NULL;
	return at ? at + n : c->end;
}

/* --- document type --- */

/* Past a text in quotes; C->P stands on the first of them. */
static void skip_quoted(struct feed_clean *c)
{
	const char *close = memchr(c->p + 1, *c->p, (size_t)(c->end - c->p - 1));
	c->p = close ? close + 1 : c->end;
}

static void skip_space(struct feed_clean *c)
{
	while (c->p < c->end && ascii_space(*c->p))
		c->p++;
}

/* Up to and with the > that ends a declaration. */
static void skip_declaration(struct feed_clean *c)
{
	while (c->p < c->end && *c->p != '>')
		if (*c->p == '"' || *c->p == '\'')
			skip_quoted(c);
		else
			c->p++;
	c->p += c->p < c->end;
}

/* Characters and their numbers, nothing that leads on. */
static bool is_flat(const char *p, size_t n)
{
	static const char *const fine[] = { "&#", "&amp;", "&lt;", "&gt;", "&quot;", "&apos;" };
	const char *end = p + n;
	while ((p = memchr(p, '&', (size_t)(end - p))) != NULL) {
		bool ok = false;
		for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
			ok |= (size_t)(end - p) >= strlen(fine[i]) && memcmp(p, fine[i], strlen(fine[i])) == 0;
		if (!ok)
			return false;
		p++;
	}
	return true;
}

static int declare(struct feed_clean *c, const char *name, size_t n)
{
	struct feed_entity en = { .name = name, .nname = n };
	en.outside = *c->p != '"' && *c->p != '\'';
	if (!en.outside) {
		en.value = c->p + 1;
		skip_quoted(c);
		en.nvalue = (size_t)(c->p - en.value) - (c->p > en.value);
		if (en.nvalue > FEED_MAX_ENTITY)
			return feed_fault(c, "is too long", name, n);
		if (!is_flat(en.value, en.nvalue))
			return feed_fault(c, "refers to other entities", name, n);
	}
	if (c->nentities == FEED_MAX_ENTITIES)
		return feed_fault(c, "exceeds the allowed number of entities", name, n);
	c->entity[c->nentities++] = en;
	return 0;
}

/* <!ENTITY name "value">, or with SYSTEM or PUBLIC; <!ENTITY % …> is for document types alone. */
static int entity_declaration(struct feed_clean *c)
{
	int rc = 0;
	c->p += strlen("<!ENTITY");
	skip_space(c);
	const char *name = c->p;
	while (c->p < c->end && feed_name_char(*c->p))
		c->p++;
	size_t n = (size_t)(c->p - name);
	skip_space(c);
	if (n && c->p < c->end)
		rc = declare(c, name, n);
	skip_declaration(c);
	return rc;
}

static int inner_declarations(struct feed_clean *c)
{
	int rc = 0;
	while (rc == 0 && c->p < c->end && *c->p != ']')
		if (starts(c, "<!--"))
			c->p = behind(c, 4, "-->");
		else if (starts(c, "<!ENTITY"))
			rc = entity_declaration(c);
		else if (*c->p == '<')
			skip_declaration(c);
		else
			c->p++;
	return rc;
}

static int document_type(struct feed_clean *c)
{
	const char *from = c->p;
	int rc = 0;
	c->p += strlen("<!DOCTYPE");
	skip_space(c);
	if (starts(c, "html"))
		return feed_fault(c, "not a feed: it is an HTML page", NULL, 0);
	while (rc == 0 && c->p < c->end && *c->p != '>')
		if (*c->p == '[') {
			c->p++;
			rc = inner_declarations(c);
		} else if (*c->p == '"' || *c->p == '\'') {
			skip_quoted(c);
		} else {
			c->p++;
		}
	if (rc < 0)
		return rc;
	const char *to = c->p + (c->p < c->end);
	c->p = from;
	leave_out(c, to);
	return 0;
}

/* --- references --- */

/* &#146; is a control character, and meant as the quotation mark that it is in Windows-1252. */
static uint32_t meant(uint32_t v)
{
	static const uint16_t high[32] = {
		0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D, 0x017D, 0x8F,
		0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D, 0x017E, 0x0178,
	};
	if (v >= 0x80 && v < 0xA0)
		return high[v - 0x80];
	bool fine = v == 9 || v == 10 || v == 13 || (v >= 0x20 && v < 0xD800) || (v >= 0xE000 && v < 0xFFFE) || (v >= 0x10000 && v < 0x110000);
	return fine ? v : 0xFFFD;
}

/* &#10; or &#xA; at P: past it, or NULL when it is none. */
static const char *numeric(const char *p, const char *end, uint32_t *v)
{
	p += 2;
	bool hex = p < end && (*p == 'x' || *p == 'X');
	const char *from = p += hex;
	*v = 0;
	for (; p < end; p++) {
		unsigned char l = (unsigned char)(*p | 0x20);
		int d = *p >= '0' && *p <= '9' ? *p - '0' : hex && l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
		if (d < 0)
			break;
		if (*v < 0x110000)
			*v = *v * (hex ? 16 : 10) + (uint32_t)d;
	}
	return p > from && p < end && *p == ';' ? p + 1 : NULL;
}

static int named(struct feed_clean *c, const char *name, size_t n)
{
	static const char *const own[] = { "amp", "lt", "gt", "quot", "apos" };
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (n == strlen(own[i]) && memcmp(name, own[i], n) == 0) {
			buf_printf(c->out, "&%s;", own[i]);
			return 1;
		}
	for (size_t i = 0; i < c->nentities; i++) {
		const struct feed_entity *en = &c->entity[i];
		if (en->nname != n || memcmp(en->name, name, n) != 0)
			continue;
		if (en->outside)
			return feed_fault(c, "is external; external entities are not loaded", name, n);
		c->grown += en->nvalue;
		if (c->grown > FEED_MAX_GROWTH)
			return feed_fault(c, "and others expand to too much text", name, n);
		buf_put(c->out, en->value, en->nvalue);
		return 1;
	}
	uint32_t v = feed_entity(name, n);
	if (v)
		buf_printf(c->out, "&#%u;", (unsigned)v);
	return v != 0;
}

int feed_reference(struct feed_clean *c)
{
	uint32_t v;
	const char *p = c->p + 1;
	if (p < c->end && *p == '#') {
		const char *past = numeric(c->p, c->end, &v);
		if (past) {
			buf_printf(c->out, "&#%u;", (unsigned)meant(v));
			c->p = past;
			return 0;
		}
	}
	while (p < c->end && p - c->p <= MAX_NAME && feed_name_char(*p))
		p++;
	if (p < c->end && *p == ';' && p > c->p + 1) {
		int rc = named(c, c->p + 1, (size_t)(p - c->p - 1));
		if (rc < 0)
			return rc;
		if (rc > 0) {
			c->p = p + 1;
			return 0;
		}
	}
	buf_puts(c->out, "&amp;");
	c->p++;
	return 0;
}

/* --- markup --- */

static int markup(struct feed_clean *c)
{
	if (starts(c, "<![CDATA["))
		(c->depth ? feed_copy : leave_out)(c, behind(c, 9, "]]>"));
	else if (starts(c, "<!--"))
		leave_out(c, behind(c, 4, "-->"));
	else if (starts(c, "<?"))
		leave_out(c, behind(c, 2, "?>"));
	else if (starts(c, "<!DOCTYPE"))
		return document_type(c);
	else if (c->end - c->p > 1 && feed_name_start(c->p[1]))
		return feed_start_tag(c);
	else if (c->end - c->p > 2 && c->p[1] == '/' && feed_name_start(c->p[2]))
		return feed_end_tag(c);
	else {
		if (c->depth)
			buf_puts(c->out, "&lt;");
		c->p++;
	}
	return 0;
}

/* Text up to TO. Outside of the root there is none, and inside, ]]> would be a fault. */
static void characters(struct feed_clean *c, const char *to)
{
	const char *cd;
	if (!c->depth) {
		leave_out(c, to);
		return;
	}
	while ((cd = memmem(c->p, (size_t)(to - c->p), "]]>", 3)) != NULL) {
		feed_copy(c, cd + 2);
		buf_puts(c->out, "&gt;");
		c->p++;
	}
	feed_copy(c, to);
}

static int clean_all(struct feed_clean *c)
{
	int rc = 0;
	while (rc == 0 && c->p < c->end && !c->done) {
		const char *to = c->p;
		while (to < c->end && *to != '<' && *to != '&')
			to++;
		characters(c, to);
		if (to < c->end && *to == '<')
			rc = markup(c);
		else if (to < c->end && c->depth)
			rc = feed_reference(c);
		else if (to < c->end)
			c->p++;
	}
	return rc;
}

/* What comes for a feed is often something else: then say what. */
static int check_start(const struct buf *text, struct err *e)
{
	size_t i = 0;
	while (i < text->n && ascii_space(text->p[i]))
		i++;
	if (i == text->n)
		return err_set(e, ERR_DATA, "not a feed: the body is empty");
	const char *p = text->p + i;
	size_t left = text->n - i;
	if (*p == '{' || *p == '[')
		return err_set(e, ERR_DATA, "not a feed: it looks like JSON");
	if (*p != '<')
		return err_set(e, ERR_DATA, "not a feed: it does not begin with XML");
	if (left > 5 && strncasecmp(p, "<html", 5) == 0)
		return err_set(e, ERR_DATA, "not a feed: it is an HTML page");
	return 0;
}

/* The text is over, the root is not. */
static int no_end(struct feed_clean *c)
{
	static const char *const roots[] = { "rss", "feed", "RDF" };
	if (!c->depth)
		return err_set(c->e, ERR_DATA, "not a feed: it has no elements");
	const char *name = c->open[0].p, *colon = memchr(name, ':', c->open[0].n), *local = colon ? colon + 1 : name;
	size_t n = c->open[0].n - (size_t)(local - name);
	for (size_t i = 0; i < sizeof roots / sizeof *roots; i++)
		if (n == strlen(roots[i]) && memcmp(local, roots[i], n) == 0)
			return err_set(c->e, ERR_RETRY, "the feed is truncated: <%s> is not closed", roots[i]);
	return err_set(c->e, ERR_DATA, "not a feed: its root is <%.*s>", (int)(n < MAX_NAME ? n : MAX_NAME), local);
}

int feed_text(struct buf *out, const char *body, size_t n, const char *content_type, bool *mended, struct err *e)
{
	struct buf text = BUF_INIT;
	struct feed_entity entity[FEED_MAX_ENTITIES];
	int rc = feed_to_utf8(&text, body, n, content_type, e);
	if (rc == 0)
		rc = check_start(&text, e);
	if (rc == 0) {
		struct feed_clean c = { .out = out, .from = text.p, .p = text.p, .end = text.p + text.n, .entity = entity, .e = e };
		rc = clean_all(&c);
		*mended = c.mended;
		if (rc == 0 && !c.done)
			rc = no_end(&c);
	}
	buf_release(&text);
	return rc;
}
