/* SPDX-License-Identifier: MIT */
/* Picks the members of a feed and its items out of the tree and prints them as JSON. */
#include "feed/feed.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/num.h"
#include "json/doc.h"
#include "feed/feed_text.h"
#include "feed/feed_time.h"
#include "feed/feed_tree.h"

#include <libxml/parser.h>
#include <limits.h>
#include <string.h>
#include <strings.h>

struct feed {
	struct feed_tree tree;
	struct buf *out;
	const xmlNode *root, *channel;
	const xmlNode **item;
	size_t nitems, cap;
	bool mended;             /* end tags did not match: items may lie anywhere */
	struct err first;        /* fault */
};

/* --- JSON --- */

static void key(struct feed *f, const char *name)
{
	if (f->out->p[f->out->n - 1] != '{' && f->out->p[f->out->n - 1] != '[')
		buf_putc(f->out, ',');
	if (name)
		buf_printf(f->out, "\"%s\":", name);
}

static void put_string(struct feed *f, const char *name, const struct buf *b)
{
	key(f, name);
	if (b->n)
		json_put_string(f->out, b->p, b->n);
	else
		buf_puts(f->out, "null");
}

static void put_attr(struct feed *f, const char *name, const xmlNode *n, const char *attr)
{
	struct buf b = BUF_INIT;
	if (n)
		feed_attr(n, attr, &b);
	put_string(f, name, &b);
	buf_release(&b);
}

static void put_attr_number(struct feed *f, const char *name, const xmlNode *n, const char *attr)
{
	struct buf b = BUF_INIT;
	uint64_t v;
	feed_attr(n, attr, &b);
	key(f, name);
	if (b.n && num_u64(b.p, b.n, &v) && v <= INT64_MAX)
		buf_u64(f->out, v);
	else
		buf_puts(f->out, "null");
	buf_release(&b);
}

static void put_url_attr(struct feed *f, const char *name, const xmlNode *n, const char *attr)
{
	struct buf b = BUF_INIT;
	feed_attr(n, attr, &b);
	feed_resolve(&f->tree, n, &b);
	put_string(f, name, &b);
	buf_release(&b);
}

/* --- which element is what --- */

enum field {
	FIELD_ID, FIELD_TITLE, FIELD_LINK, FIELD_PUBLISHED, FIELD_UPDATED, FIELD_AUTHOR, FIELD_CREATOR, FIELD_SUMMARY, FIELD_CONTENT,
	FIELD_COMMENTS, FIELD_LANGUAGE, FIELD_N
};

/* In the order of preference within a field. */
static const struct rule {
	enum feed_space space;
	char local[16];
	enum field field;
} rules[] = {
	{ SPACE_HOME, "guid", FIELD_ID }, { SPACE_HOME, "id", FIELD_ID }, { SPACE_ATOM, "id", FIELD_ID }, { SPACE_DC, "identifier", FIELD_ID },
	{ SPACE_HOME, "title", FIELD_TITLE }, { SPACE_ATOM, "title", FIELD_TITLE }, { SPACE_DC, "title", FIELD_TITLE },
	{ SPACE_MEDIA, "title", FIELD_TITLE }, { SPACE_ITUNES, "title", FIELD_TITLE },
	{ SPACE_HOME, "link", FIELD_LINK },
	{ SPACE_HOME, "pubDate", FIELD_PUBLISHED }, { SPACE_HOME, "published", FIELD_PUBLISHED }, { SPACE_ATOM, "published", FIELD_PUBLISHED },
	{ SPACE_DCTERMS, "issued", FIELD_PUBLISHED }, { SPACE_DCTERMS, "created", FIELD_PUBLISHED }, { SPACE_DC, "date", FIELD_PUBLISHED },
	{ SPACE_HOME, "issued", FIELD_PUBLISHED }, { SPACE_HOME, "created", FIELD_PUBLISHED }, { SPACE_HOME, "pubdate", FIELD_PUBLISHED },
	{ SPACE_HOME, "updated", FIELD_UPDATED }, { SPACE_HOME, "lastBuildDate", FIELD_UPDATED }, { SPACE_ATOM, "updated", FIELD_UPDATED },
	{ SPACE_DCTERMS, "modified", FIELD_UPDATED }, { SPACE_HOME, "modified", FIELD_UPDATED },
	{ SPACE_HOME, "author", FIELD_AUTHOR }, { SPACE_ATOM, "author", FIELD_AUTHOR },
	{ SPACE_DC, "creator", FIELD_CREATOR }, { SPACE_DC, "author", FIELD_CREATOR }, { SPACE_ITUNES, "author", FIELD_CREATOR },
	{ SPACE_HOME, "summary", FIELD_SUMMARY }, { SPACE_HOME, "description", FIELD_SUMMARY }, { SPACE_ATOM, "summary", FIELD_SUMMARY },
	{ SPACE_DC, "description", FIELD_SUMMARY }, { SPACE_ITUNES, "summary", FIELD_SUMMARY }, { SPACE_ITUNES, "subtitle", FIELD_SUMMARY },
	{ SPACE_MEDIA, "description", FIELD_SUMMARY },
	{ SPACE_CONTENT, "encoded", FIELD_CONTENT }, { SPACE_HOME, "content", FIELD_CONTENT }, { SPACE_ATOM, "content", FIELD_CONTENT },
	{ SPACE_XHTML, "body", FIELD_CONTENT },
	{ SPACE_HOME, "comments", FIELD_COMMENTS },
	{ SPACE_DC, "language", FIELD_LANGUAGE }, { SPACE_HOME, "language", FIELD_LANGUAGE },
};

struct picked {
	const xmlNode *node[FIELD_N];
	size_t rule[FIELD_N];
};

static void pick(const struct feed *f, const xmlNode *in, struct picked *p)
{
	for (const xmlNode *c = in->children; c; c = c->next) {
		if (c->type != XML_ELEMENT_NODE)
			continue;
		/* What Media RSS groups belongs to the item. */
		if (feed_is(&f->tree, c, SPACE_MEDIA, "group"))
			pick(f, c, p);
		if (feed_empty(c))
			continue;
		const char *local = feed_local(c);
		enum feed_space space = feed_space(&f->tree, c);
		for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
			enum field k = rules[i].field;
			if (rules[i].space != space || strcmp(rules[i].local, local) != 0)
				continue;
			if (!p->node[k] || i < p->rule[k]) {
				p->node[k] = c;
				p->rule[k] = i;
			}
			break;
		}
	}
}

/* Atom's links of a kind, in Atom and in RSS: the next one behind AFTER (NULL: the first). */
static const xmlNode *next_link(const struct feed *f, const xmlNode *in, const xmlNode *after, const char *rel)
{
	for (const xmlNode *c = after ? after->next : in->children; c; c = c->next) {
		bool ours = feed_is(&f->tree, c, SPACE_ATOM, "link") || feed_is(&f->tree, c, SPACE_HOME, "link");
		struct buf b = BUF_INIT;
		if (!ours || !xmlHasProp(c, (const xmlChar *)"href"))
			continue;
		if (!feed_attr(c, "rel", &b))
			buf_puts(&b, "alternate");
		bool same = strcasecmp(buf_cstr(&b), rel) == 0;
		buf_release(&b);
		if (same)
			return c;
	}
	return NULL;
}

/* --- members --- */

static void put_time(struct feed *f, const char *name, const xmlNode *n)
{
	struct buf b = BUF_INIT;
	char text[40];
	int64_t us;
	key(f, name);
	if (n && feed_text_of(n, &b) && feed_time(b.p, b.n, &us)) {
		buf_putc(f->out, '"');
		size_t len = time_format(text, us, -1, true);
		buf_put(f->out, text, len);
		buf_putc(f->out, '"');
	} else {
		buf_puts(f->out, "null");
		if (b.n) {
			buf_printf(f->out, ",\"%s_raw\":", name);
			json_put_string(f->out, b.p, b.n);
		}
	}
	buf_release(&b);
}

static void link_of(const struct feed *f, const xmlNode *in, const struct picked *p, struct buf *b)
{
	const xmlNode *n = p->node[FIELD_LINK], *atom = next_link(f, in, NULL, "alternate");
	if (n && feed_text_of(n, b))
		feed_resolve(&f->tree, n, b);
	else if (atom && feed_attr(atom, "href", b))
		feed_resolve(&f->tree, atom, b);
}

static bool is_http(const struct buf *b)
{
	return (b->n > 7 && strncasecmp(b->p, "http://", 7) == 0) || (b->n > 8 && strncasecmp(b->p, "https://", 8) == 0);
}

/* Fills LINK as well when only a guid says where the item is. */
static bool id_of(const xmlNode *in, const struct picked *p, struct buf *id, struct buf *link)
{
	const xmlNode *n = p->node[FIELD_ID];
	struct buf b = BUF_INIT;
	xmlChar *about = n ? NULL : xmlGetProp(in, (const xmlChar *)"about");
	if (n) {
		feed_text_of(n, id);
	} else if (about) {
		buf_puts(id, (const char *)about);
		xmlFree(about);
	}
	if (!id->n) {
		buf_put(id, link->p, link->n);
		return id->n > 0;
	}
	bool same = id->n == link->n && memcmp(id->p, link->p, id->n) == 0;
	if (!n || strcmp(feed_local(n), "guid") != 0)
		return same;
	bool permalink = !feed_attr(n, "isPermaLink", &b) || strcasecmp(buf_cstr(&b), "false") != 0;
	permalink = permalink && is_http(id);
	if (permalink && !link->n)
		buf_put(link, id->p, id->n);
	buf_release(&b);
	return permalink || same;
}

struct person {
	struct buf name, uri, email;
};

static void trim_person(struct buf *b)
{
	size_t at = 0;
	while (b->n && strchr(" \t\r\n\"<>()", b->p[b->n - 1]))
		b->n--;
	while (at < b->n && strchr(" \t\r\n\"<>()", b->p[at]))
		at++;
	if (at)
		memmove(b->p, b->p + at, b->n - at);
	b->n -= at;
}

/* `me@example.org (My Name)`, `My Name <me@example.org>`, either alone. */
static void read_person(const struct buf *text, struct person *who)
{
	const char *end = text->p + text->n, *at = memchr(text->p, '@', text->n), *from = at, *to = at;
	if (!at || at == text->p || at + 1 == end) {
		buf_put(&who->name, text->p, text->n);
		return;
	}
	while (from > text->p && !strchr(" \t\r\n<(", from[-1]))
		from--;
	while (to < end && !strchr(" \t\r\n>)", *to))
		to++;
	/* @handle, or an address that is the name's last word. */
	if (from == at || (from > text->p && from[-1] != '<' && from[-1] != '(' && to == end)) {
		buf_put(&who->name, text->p, text->n);
		return;
	}
	buf_put(&who->email, from, (size_t)(to - from));
	buf_put(&who->name, text->p, (size_t)(from - text->p));
	buf_put(&who->name, to, (size_t)(end - to));
	trim_person(&who->name);
}

static void person_of(const struct feed *f, const xmlNode *n, struct person *who)
{
	struct buf text = BUF_INIT;
	bool parts = false;
	for (const xmlNode *c = n->children; c; c = c->next) {
		if (c->type != XML_ELEMENT_NODE)
			continue;
		const char *local = feed_local(c);
		struct buf *to = strcmp(local, "name") == 0 ? &who->name : strcmp(local, "uri") == 0 || strcmp(local, "url") == 0 ? &who->uri :
			strcmp(local, "email") == 0 ? &who->email : NULL;
		parts = true;
		if (!to || to->n)
			continue;
		feed_text_of(c, to);
		if (to == &who->uri)
			feed_resolve(&f->tree, c, to);
	}
	if (!parts && feed_text_of(n, &text))
		read_person(&text, who);
	buf_release(&text);
}

static void put_author(struct feed *f, const xmlNode *item, const struct picked *p)
{
	struct person who = { BUF_INIT, BUF_INIT, BUF_INIT };
	const xmlNode *n = p->node[FIELD_AUTHOR], *source = feed_child(&f->tree, item, SPACE_HOME, "source");
	if (!n && f->tree.kind == FEED_ATOM) {
		n = feed_child(&f->tree, source, SPACE_HOME, "author");
		n = n ? n : feed_child(&f->tree, f->channel, SPACE_HOME, "author");
	}
	if (n)
		person_of(f, n, &who);
	if (!who.name.n && p->node[FIELD_CREATOR])
		feed_text_of(p->node[FIELD_CREATOR], &who.name);
	key(f, "author");
	if (who.name.n || who.uri.n || who.email.n) {
		buf_putc(f->out, '{');
		put_string(f, "name", &who.name);
		put_string(f, "uri", &who.uri);
		put_string(f, "email", &who.email);
		buf_putc(f->out, '}');
	} else {
		buf_puts(f->out, "null");
	}
	buf_release(&who.name);
	buf_release(&who.uri);
	buf_release(&who.email);
}

static void put_html(struct feed *f, const char *name, const xmlNode *n)
{
	struct buf b = BUF_INIT;
	if (n)
		feed_html_of(&f->tree, n, &b);
	put_string(f, name, &b);
	buf_release(&b);
}

/* Has the text been printed already, between FROM and the end? Lists are short. */
static bool listed(const struct feed *f, size_t from, const struct buf *b)
{
	struct buf quoted = BUF_INIT;
	json_put_string(&quoted, b->p, b->n);
	bool found = f->out->n > from && memmem(f->out->p + from, f->out->n - from, quoted.p, quoted.n) != NULL;
	buf_release(&quoted);
	return found;
}

static void put_categories(struct feed *f, const xmlNode *item)
{
	key(f, "categories");
	buf_putc(f->out, '[');
	size_t from = f->out->n, n = 0;
	for (const xmlNode *c = item->children; c; c = c->next) {
		struct buf b = BUF_INIT;
		bool atom = feed_is(&f->tree, c, SPACE_ATOM, "category") || feed_is(&f->tree, c, SPACE_HOME, "category");
		if (atom && !feed_attr(c, "term", &b))
			feed_text_of(c, &b);
		else if (feed_is(&f->tree, c, SPACE_DC, "subject"))
			feed_text_of(c, &b);
		/* Beyond a thousand, nobody looks for doubles. */
		if (b.n && (n > 1000 || !listed(f, from, &b))) {
			put_string(f, NULL, &b);
			n++;
		}
		buf_release(&b);
	}
	buf_putc(f->out, ']');
}

static void put_enclosure(struct feed *f, const xmlNode *n, const char *url)
{
	key(f, NULL);
	buf_putc(f->out, '{');
	put_url_attr(f, "url", n, url);
	put_attr(f, "type", n, "type");
	put_attr_number(f, "length", n, "length");
	buf_putc(f->out, '}');
}

static void put_enclosures(struct feed *f, const xmlNode *item)
{
	key(f, "enclosures");
	buf_putc(f->out, '[');
	for (const xmlNode *c = item->children; c; c = c->next)
		if (feed_is(&f->tree, c, SPACE_HOME, "enclosure") && xmlHasProp(c, (const xmlChar *)"url"))
			put_enclosure(f, c, "url");
	for (const xmlNode *c = NULL; (c = next_link(f, item, c, "enclosure")) != NULL;)
		put_enclosure(f, c, "href");
	buf_putc(f->out, ']');
}

static void put_medium(struct feed *f, const xmlNode *n, bool thumbnail)
{
	struct buf type = BUF_INIT, alt = BUF_INIT;
	const xmlNode *about = feed_child(&f->tree, n, SPACE_MEDIA, "description");
	about = about ? about : feed_child(&f->tree, n, SPACE_MEDIA, "title");
	key(f, NULL);
	buf_putc(f->out, '{');
	put_url_attr(f, "url", n, feed_is(&f->tree, n, SPACE_ITUNES, "image") ? "href" : "url");
	if (!feed_attr(n, "type", &type) && !feed_attr(n, "medium", &type) && thumbnail)
		buf_puts(&type, "image");
	put_string(f, "type", &type);
	put_attr_number(f, "width", n, "width");
	put_attr_number(f, "height", n, "height");
	if (about)
		feed_text_of(about, &alt);
	put_string(f, "alt", &alt);
	if (thumbnail)
		buf_puts(f->out, ",\"thumbnail\":true");
	buf_putc(f->out, '}');
	buf_release(&type);
	buf_release(&alt);
}

/* Groups and contents hold thumbnails of their own. */
static void put_media_in(struct feed *f, const xmlNode *in, int depth)
{
	for (const xmlNode *c = in->children; c; c = c->next) {
		bool content = feed_is(&f->tree, c, SPACE_MEDIA, "content"), group = feed_is(&f->tree, c, SPACE_MEDIA, "group");
		if (content && xmlHasProp(c, (const xmlChar *)"url"))
			put_medium(f, c, false);
		else if (feed_is(&f->tree, c, SPACE_MEDIA, "thumbnail") && xmlHasProp(c, (const xmlChar *)"url"))
			put_medium(f, c, true);
		else if (feed_is(&f->tree, c, SPACE_ITUNES, "image") && xmlHasProp(c, (const xmlChar *)"href"))
			put_medium(f, c, true);
		if ((content || group) && depth < 2)
			put_media_in(f, c, depth + 1);
	}
}

static void put_item(struct feed *f, const xmlNode *item)
{
	struct picked p = { 0 };
	struct buf id = BUF_INIT, link = BUF_INIT, b = BUF_INIT;
	pick(f, item, &p);
	link_of(f, item, &p, &link);
	bool is_link = id_of(item, &p, &id, &link);
	key(f, NULL);
	buf_putc(f->out, '{');
	put_string(f, "id", &id);
	key(f, "id_is_link");
	buf_puts(f->out, is_link ? "true" : "false");
	if (p.node[FIELD_TITLE])
		feed_title_of(&f->tree, p.node[FIELD_TITLE], &b);
	put_string(f, "title", &b);
	put_string(f, "link", &link);
	put_time(f, "published", p.node[FIELD_PUBLISHED]);
	put_time(f, "updated", p.node[FIELD_UPDATED]);
	put_author(f, item, &p);
	put_html(f, "summary", p.node[FIELD_SUMMARY]);
	put_html(f, "content", p.node[FIELD_CONTENT]);
	put_categories(f, item);
	put_enclosures(f, item);
	key(f, "media");
	buf_putc(f->out, '[');
	put_media_in(f, item, 0);
	buf_putc(f->out, ']');
	const xmlNode *replies = p.node[FIELD_COMMENTS] ? NULL : next_link(f, item, NULL, "replies");
	buf_clear(&b);
	if (p.node[FIELD_COMMENTS] && feed_text_of(p.node[FIELD_COMMENTS], &b))
		feed_resolve(&f->tree, p.node[FIELD_COMMENTS], &b);
	else if (replies && feed_attr(replies, "href", &b))
		feed_resolve(&f->tree, replies, &b);
	put_string(f, "comments", &b);
	buf_clear(&b);
	if (!p.node[FIELD_LANGUAGE] || !feed_text_of(p.node[FIELD_LANGUAGE], &b))
		feed_language_of(item, &b);
	put_string(f, "language", &b);
	buf_putc(f->out, '}');
	buf_release(&id);
	buf_release(&link);
	buf_release(&b);
}

static void put_feed(struct feed *f)
{
	static const char *const formats[] = { [FEED_RSS] = "rss", [FEED_ATOM] = "atom", [FEED_RDF] = "rdf" };
	struct picked p = { 0 };
	struct buf b = BUF_INIT;
	pick(f, f->channel, &p);
	buf_printf(f->out, "{\"format\":\"%s\"", formats[f->tree.kind]);
	if (p.node[FIELD_TITLE])
		feed_title_of(&f->tree, p.node[FIELD_TITLE], &b);
	put_string(f, "title", &b);
	buf_clear(&b);
	link_of(f, f->channel, &p, &b);
	put_string(f, "link", &b);
	buf_clear(&b);
	if (!p.node[FIELD_LANGUAGE] || !feed_text_of(p.node[FIELD_LANGUAGE], &b))
		feed_language_of(f->channel, &b);
	put_string(f, "language", &b);
	put_time(f, "updated", p.node[FIELD_UPDATED] ? p.node[FIELD_UPDATED] : p.node[FIELD_PUBLISHED]);
	key(f, "items");
	buf_putc(f->out, '[');
	for (size_t i = 0; i < f->nitems; i++)
		put_item(f, f->item[i]);
	buf_puts(f->out, "]}");
	buf_release(&b);
}

/* --- finding the items --- */

static int add_items(struct feed *f, const xmlNode *in, struct err *e)
{
	const char *name = f->tree.kind == FEED_ATOM ? "entry" : "item";
	for (const xmlNode *c = in->children; c; c = c->next) {
		if (feed_is(&f->tree, c, SPACE_HOME, name)) {
			if (f->nitems == FEED_MAX_ITEMS)
				return err_set(e, ERR_DATA, "the feed has more than %d items", FEED_MAX_ITEMS);
			MEM_GROW(f->item, f->cap, f->nitems + 1);
			f->item[f->nitems++] = c;
		}
		/* An item whose end tag is missing has the next one inside. */
		int rc = f->mended && c->type == XML_ELEMENT_NODE ? add_items(f, c, e) : 0;
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int not_a_feed(const struct feed *f, struct err *e)
{
	const char *local = feed_local(f->root);
	if (strcasecmp(local, "html") == 0)
		return err_set(e, ERR_DATA, "not a feed: it is an HTML page");
	return err_set(e, ERR_DATA, "not a feed: its root is <%.60s>", local);
}

/* By the root; an RSS feed has a channel. */
static int recognise(struct feed *f, struct err *e)
{
	const char *local = feed_local(f->root);
	f->tree.kind = strcmp(local, "feed") == 0 ? FEED_ATOM : FEED_RSS;
	f->channel = f->root;
	if (f->tree.kind == FEED_ATOM)
		return feed_space(&f->tree, f->root) == SPACE_HOME ? 0 : not_a_feed(f, e);
	if (strcmp(local, "RDF") == 0)
		f->tree.kind = FEED_RDF;
	else if (strcmp(local, "rss") != 0)
		return not_a_feed(f, e);
	f->channel = feed_child(&f->tree, f->root, SPACE_HOME, "channel");
	if (!f->channel)
		return err_set(e, ERR_DATA, "not a feed: <%s> has no <channel>", local);
	return 0;
}

/* --- the document --- */

static void on_fault(void *arg, xmlErrorPtr x)
{
	xmlParserCtxtPtr ctxt = arg;
	struct feed *f = ctxt->_private;
	if (f->first.code || x->level < XML_ERR_FATAL)
		return;
	size_t n = x->message ? strcspn(x->message, "\n") : 0;
	err_set(&f->first, ERR_DATA, "the feed is damaged: %.*s", (int)(n < 300 ? n : 300), x->message ? x->message : "");
	err_at(&f->first, NULL, x->line > 0 ? (uint64_t)x->line : 0, 0);
}

static int read_tree(struct feed *f, const xmlDoc *doc, struct err *e)
{
	f->root = doc ? xmlDocGetRootElement(doc) : NULL;
	if (!f->root) {
		if (f->first.code)
			*e = f->first;
		else
			err_set(e, ERR_DATA, "not a feed: it has no elements");
		return e->code;
	}
	int rc = recognise(f, e);
	/* RSS 1.0 has its items beside the channel, and some others have too. */
	if (rc == 0 && (f->mended || f->channel == f->root))
		return add_items(f, f->root, e);
	if (rc == 0)
		rc = add_items(f, f->channel, e);
	return rc < 0 ? rc : add_items(f, f->root, e);
}

static int convert(struct feed *f, const struct buf *text, struct err *e)
{
	xmlParserCtxtPtr ctxt = xmlNewParserCtxt();
	if (!ctxt)
		mem_oom(sizeof *ctxt);
	ctxt->_private = f;
	ctxt->sax->serror = on_fault;
	xmlDocPtr doc = xmlCtxtReadMemory(ctxt, text->p, (int)text->n, NULL, "UTF-8",
		XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA | XML_PARSE_IGNORE_ENC);
	int rc = read_tree(f, doc, e);
	if (rc == 0)
		put_feed(f);
	xmlFreeDoc(doc);
	xmlFreeParserCtxt(ctxt);
	return rc;
}

int feed_to_json_at(struct buf *out, const char *body, size_t n, const char *content_type, const char *base, struct err *e)
{
	struct err none = { 0 };
	struct buf text = BUF_INIT;
	struct feed f = { .tree.base = base, .out = out };
	e = e ? e : &none;
	if (n > FEED_MAX_BODY)
		return err_set(e, ERR_DATA, "the feed is larger than %zu MiB", FEED_MAX_BODY >> 20);
	int rc = feed_text(&text, body, n, content_type, &f.mended, e);
	if (rc == 0 && text.n > INT_MAX)
		rc = err_set(e, ERR_DATA, "the feed is too large");
	if (rc == 0)
		rc = convert(&f, &text, e);
	mem_free(f.item);
	buf_release(&text);
	return rc;
}

int feed_to_json(struct buf *out, const char *body, size_t n, const char *content_type, struct err *e)
{
	return feed_to_json_at(out, body, n, content_type, NULL, e);
}
