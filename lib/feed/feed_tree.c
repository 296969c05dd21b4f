/* SPDX-License-Identifier: MIT */
/* Asks the parsed tree for texts, titles, HTML and addresses. */
#include "feed/feed_tree.h"

#include "base/ascii.h"
#include "base/utf8.h"
#include "feed/feed_text.h"

#include <curl/curl.h>
#include <string.h>
#include <strings.h>

#define MAX_BASES 16

/* --- names --- */

/* The ends of the URIs differ from feed to feed: http or https, with and without the last slash. */
static bool same_uri(const char *uri, const char *known)
{
	const char *at = strstr(uri, "//");
	size_t n = strlen(at ? at + 2 : uri);
	uri = at ? at + 2 : uri;
	while (n && (uri[n - 1] == '/' || uri[n - 1] == '#'))
		n--;
	return n == strlen(known) && strncasecmp(uri, known, n) == 0;
}

static enum feed_space space_of_uri(const char *uri, bool *home_of_rss)
{
	static const struct {
		const char *uri;
		enum feed_space space;
	} known[] = {
		{ "www.w3.org/2005/Atom", SPACE_ATOM }, { "purl.org/atom/ns", SPACE_ATOM }, { "purl.org/dc/elements/1.1", SPACE_DC },
		{ "purl.org/dc/elements/1.0", SPACE_DC }, { "purl.org/dc/terms", SPACE_DCTERMS },
		{ "purl.org/rss/1.0/modules/content", SPACE_CONTENT }, { "search.yahoo.com/mrss", SPACE_MEDIA },
		{ "www.itunes.com/dtds/podcast-1.0.dtd", SPACE_ITUNES }, { "www.w3.org/1999/xhtml", SPACE_XHTML },
		{ "www.w3.org/1999/02/22-rdf-syntax-ns", SPACE_RDF },
	};
	static const char *const rss[] = { "purl.org/rss/1.0", "my.netscape.com/rdf/simple/0.9", "channel.netscape.com/rdf/simple/0.9",
		"purl.org/net/rss1.1", "backend.userland.com/rss", "backend.userland.com/rss2", "backend.userland.com/rss091",
		"blogs.law.harvard.edu/tech/rss" };
	*home_of_rss = false;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (same_uri(uri, known[i].uri))
			return known[i].space;
	for (size_t i = 0; i < sizeof rss / sizeof *rss; i++)
		*home_of_rss |= same_uri(uri, rss[i]);
	return SPACE_OTHER;
}

static enum feed_space space_of_prefix(const char *name, size_t n)
{
	static const struct {
		char prefix[8];
		enum feed_space space;
	} known[] = {
		{ "atom", SPACE_ATOM }, { "dc", SPACE_DC }, { "dcterms", SPACE_DCTERMS }, { "content", SPACE_CONTENT }, { "media", SPACE_MEDIA },
		{ "itunes", SPACE_ITUNES }, { "xhtml", SPACE_XHTML }, { "rdf", SPACE_RDF }, { "rss", SPACE_HOME },
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (n == strlen(known[i].prefix) && strncmp(name, known[i].prefix, n) == 0)
			return known[i].space;
	return SPACE_OTHER;
}

enum feed_space feed_space(const struct feed_tree *t, const xmlNode *n)
{
	const char *name = (const char *)n->name, *colon = strchr(name, ':');
	bool rss;
	if (!n->ns)
		return colon ? space_of_prefix(name, (size_t)(colon - name)) : SPACE_HOME;
	enum feed_space s = space_of_uri((const char *)n->ns->href, &rss);
	if (t->kind == FEED_ATOM ? s == SPACE_ATOM : rss)
		return SPACE_HOME;
	/* A whole RSS feed in some name space of its own. */
	if (s == SPACE_OTHER && t->kind == FEED_RSS && !n->ns->prefix)
		return SPACE_HOME;
	return s;
}

const char *feed_local(const xmlNode *n)
{
	const char *name = (const char *)n->name, *colon = n->ns ? NULL : strchr(name, ':');
	return colon ? colon + 1 : name;
}

bool feed_is(const struct feed_tree *t, const xmlNode *n, enum feed_space space, const char *local)
{
	return n->type == XML_ELEMENT_NODE && strcmp(feed_local(n), local) == 0 && feed_space(t, n) == space;
}

xmlNode *feed_child(const struct feed_tree *t, const xmlNode *n, enum feed_space space, const char *local)
{
	for (xmlNode *c = n ? n->children : NULL; c; c = c->next)
		if (feed_is(t, c, space, local))
			return c;
	return NULL;
}

static bool is_text(const xmlNode *n)
{
	return (n->type == XML_TEXT_NODE || n->type == XML_CDATA_SECTION_NODE) && n->content;
}

bool feed_empty(const xmlNode *n)
{
	for (const xmlNode *c = n->children; c; c = c->next) {
		if (c->type == XML_ELEMENT_NODE)
			return false;
		for (const char *p = is_text(c) ? (const char *)c->content : ""; *p; p++)
			if (!ascii_space(*p))
				return false;
	}
	return true;
}

/* --- texts --- */

static bool trim(struct buf *b, size_t from)
{
	size_t at = from;
	while (b->n > from && ascii_space(b->p[b->n - 1]))
		b->n--;
	while (at < b->n && ascii_space(b->p[at]))
		at++;
	if (at > from)
		memmove(b->p + from, b->p + at, b->n - at);
	b->n -= at - from;
	return b->n > from;
}

bool feed_attr(const xmlNode *n, const char *name, struct buf *b)
{
	size_t from = b->n;
	xmlChar *v = xmlGetNoNsProp(n, (const xmlChar *)name);
	if (!v)
		return false;
	buf_puts(b, (const char *)v);
	xmlFree(v);
	return trim(b, from);
}

static void put_text(const xmlNode *n, struct buf *b)
{
	for (const xmlNode *c = n->children; c; c = c->next)
		if (is_text(c))
			buf_puts(b, (const char *)c->content);
		else if (c->type == XML_ELEMENT_NODE)
			put_text(c, b);
}

bool feed_text_of(const xmlNode *n, struct buf *b)
{
	size_t from = b->n;
	put_text(n, b);
	return trim(b, from);
}

static void collapse(struct buf *b, size_t from)
{
	size_t to = from;
	for (size_t i = from; i < b->n; i++)
		if (!ascii_space(b->p[i]))
			b->p[to++] = b->p[i];
		else if (to > from && b->p[to - 1] != ' ')
			b->p[to++] = ' ';
	b->n = to;
}

/* --- HTML --- */

static void put_escaped(struct buf *b, const char *s, size_t n, bool attribute)
{
	for (const char *end = s + n; s < end; s++)
		switch (*s) {
		case '&': buf_puts(b, "&amp;"); break;
		case '<': buf_puts(b, "&lt;"); break;
		case '>': buf_puts(b, "&gt;"); break;
		case '"': buf_puts(b, attribute ? "&quot;" : "\""); break;
		default: buf_putc(b, *s);
		}
}

static bool is_void(const char *name)
{
	static const char *const names[] = { "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcasecmp(name, names[i]) == 0)
			return true;
	return false;
}

/* What is in N as HTML: no name spaces, no prefixes. */
static void put_inner(const xmlNode *n, struct buf *b)
{
	for (const xmlNode *c = n->children; c; c = c->next) {
		if (is_text(c))
			put_escaped(b, (const char *)c->content, strlen((const char *)c->content), false);
		if (c->type != XML_ELEMENT_NODE)
			continue;
		const char *name = feed_local(c);
		buf_printf(b, "<%s", name);
		for (const xmlAttr *a = c->properties; a; a = a->next) {
			xmlChar *v = xmlNodeListGetString(c->doc, a->children, 1);
			buf_printf(b, " %s=\"", (const char *)a->name);
			put_escaped(b, v ? (const char *)v : "", v ? strlen((const char *)v) : 0, true);
			buf_putc(b, '"');
			xmlFree(v);
		}
		buf_putc(b, '>');
		/* A <br> that was never closed ends with its parent. */
		put_inner(c, b);
		if (!is_void(name))
			buf_printf(b, "</%s>", name);
	}
}

static const xmlNode *only_element(const xmlNode *n)
{
	const xmlNode *found = NULL;
	for (const xmlNode *c = n->children; c; c = c->next)
		if (c->type == XML_ELEMENT_NODE) {
			if (found)
				return NULL;
			found = c;
		}
	return found;
}

static bool has_element(const xmlNode *n)
{
	for (const xmlNode *c = n->children; c; c = c->next)
		if (c->type == XML_ELEMENT_NODE)
			return true;
	return false;
}

enum form { FORM_TEXT, FORM_HTML, FORM_MARKUP, FORM_BINARY };

static bool ends_in(const char *s, size_t n, const char *tail)
{
	size_t m = strlen(tail);
	return n >= m && strncasecmp(s + n - m, tail, m) == 0;
}

/* RFC 4287, 3.1.1 and 4.1.3.1; Media RSS has types as well; all else is HTML, as a text. */
static enum form form_of(const struct feed_tree *t, const xmlNode *n)
{
	struct buf type = BUF_INIT;
	enum feed_space space = feed_space(t, n);
	bool atom = space == SPACE_ATOM || (space == SPACE_HOME && t->kind == FEED_ATOM), plain = atom || space == SPACE_MEDIA;
	enum form f = FORM_HTML;
	if (has_element(n)) {
		f = FORM_MARKUP;
	} else if (plain && !feed_attr(n, "type", &type)) {
		f = FORM_TEXT;
	} else if (plain) {
		const char *s = buf_cstr(&type);
		if (strcasecmp(s, "html") == 0 || strcasecmp(s, "text/html") == 0)
			f = FORM_HTML;
		else if (strcasecmp(s, "xhtml") == 0 || ends_in(s, type.n, "+xml") || ends_in(s, type.n, "/xml"))
			f = FORM_MARKUP;
		else
			f = strchr(s, '/') && strncasecmp(s, "text/", 5) != 0 ? FORM_BINARY : FORM_TEXT;
	}
	buf_release(&type);
	return f;
}

bool feed_html_of(const struct feed_tree *t, const xmlNode *n, struct buf *b)
{
	struct buf text = BUF_INIT;
	size_t from = b->n;
	switch (form_of(t, n)) {
	case FORM_BINARY:
		break;
	case FORM_HTML:
		put_text(n, b);
		break;
	case FORM_TEXT:
		put_text(n, &text);
		if (text.n)
			put_escaped(b, text.p, text.n, false);
		break;
	case FORM_MARKUP: {
		/* The div around XHTML is none of it. */
		const xmlNode *div = only_element(n);
		put_inner(div && strcmp(feed_local(div), "div") == 0 ? div : n, b);
	}
	}
	buf_release(&text);
	return trim(b, from);
}

/* Without tags, references resolved. */
static void put_plain(struct buf *b, const char *p, size_t n)
{
	const char *end = p + n;
	while (p < end) {
		const char *close = *p == '<' && end - p > 1 && !ascii_space(p[1]) ? memchr(p, '>', (size_t)(end - p)) : NULL;
		const char *semi = *p == '&' ? memchr(p, ';', (size_t)(end - p < 16 ? end - p : 16)) : NULL;
		uint32_t c = 0;
		if (semi && p[1] == '#') {
			bool hex = p[2] == 'x' || p[2] == 'X';
			for (const char *d = p + 2 + hex; d < semi && c < 0x110000; d++) {
				const char *digits = "0123456789abcdef", *at = strchr(digits, *d | 0x20);
				if (!at || !*at || (!hex && at - digits > 9)) {
					c = 0;
					break;
				}
				c = c * (hex ? 16 : 10) + (uint32_t)(at - digits);
			}
		} else if (semi) {
			c = feed_entity(p + 1, (size_t)(semi - p - 1));
		}
		if (close) {
			p = close + 1;
		} else if (c && c < 0x110000 && c >> 11 != 0xD800 >> 11) {
			utf8_put(b, c);
			p = semi + 1;
		} else {
			buf_putc(b, *p++);
		}
	}
}

bool feed_title_of(const struct feed_tree *t, const xmlNode *n, struct buf *b)
{
	struct buf text = BUF_INIT;
	size_t from = b->n;
	enum feed_space space = feed_space(t, n);
	bool atom = space == SPACE_ATOM || (space == SPACE_HOME && t->kind == FEED_ATOM);
	if (atom && form_of(t, n) == FORM_HTML) {
		put_text(n, &text);
		if (text.n)
			put_plain(b, text.p, text.n);
	} else {
		put_text(n, b);
	}
	collapse(b, from);
	buf_release(&text);
	return trim(b, from);
}

/* --- what is inherited --- */

bool feed_language_of(const xmlNode *n, struct buf *b)
{
	size_t from = b->n;
	xmlChar *v = xmlNodeGetLang(n);
	if (!v)
		return false;
	buf_puts(b, (const char *)v);
	xmlFree(v);
	return trim(b, from);
}

static bool has_scheme(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-");
	return n && s[n] == ':' && ((*s | 0x20) >= 'a' && (*s | 0x20) <= 'z');
}

/* REF against what U holds. */
static bool against(CURLU *u, const char *ref)
{
	return curl_url_set(u, CURLUPART_URL, ref, CURLU_NON_SUPPORT_SCHEME | CURLU_URLENCODE) == CURLUE_OK;
}

void feed_resolve(const struct feed_tree *t, const xmlNode *n, struct buf *b)
{
	xmlChar *base[MAX_BASES];
	size_t nbases = 0;
	char *whole = NULL;
	if (!b->n || has_scheme(buf_cstr(b)))
		return;
	for (; n && n->type == XML_ELEMENT_NODE && nbases < MAX_BASES; n = n->parent)
		if ((base[nbases] = xmlGetNsProp(n, (const xmlChar *)"base", XML_XML_NAMESPACE)) != NULL)
			nbases++;
	CURLU *u = curl_url();
	bool ok = u && t->base && against(u, t->base);
	for (size_t i = nbases; i-- > 0;) {
		if (u && (ok || has_scheme((char *)base[i])) && against(u, (char *)base[i]))
			ok = true;
		xmlFree(base[i]);
	}
	if (ok && against(u, buf_cstr(b)) && curl_url_get(u, CURLUPART_URL, &whole, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK) {
		buf_clear(b);
		buf_puts(b, whole);
		curl_free(whole);
	}
	curl_url_cleanup(u);
}
