/* SPDX-License-Identifier: MIT */
/* feed - RSS and Atom as one JSON object.
 *
 *	{"format":"rss|atom|rdf","title":…,"link":…,"language":…,"updated":…,"updated_raw":…,"items":[{
 *	  "id":…,"id_is_link":true,"title":…,"link":…,"published":…,"published_raw":…,"updated":…,"updated_raw":…,
 *	  "author":{"name":…,"uri":…,"email":…},"summary":…,"content":…,"categories":[…],
 *	  "enclosures":[{"url":…,"type":…,"length":…}],
 *	  "media":[{"url":…,"type":…,"width":…,"height":…,"alt":…,"thumbnail":true}],"comments":…,"language":…}]}
 *
 * Every member is always there, null or [] when the feed has nothing for it, but for updated_raw, published_raw (the text
 * of a time that could not be read; the time itself is null then) and thumbnail. Items come in the order of the document.
 *
 *	id          guid, Atom's id, rdf:about, dc:identifier, else the link. id_is_link: it is also where the item is to be found
 *	title       plain text, white space collapsed
 *	link        the first alternate one, made absolute by xml:base and BASE; so are all URLs
 *	times       RFC 3339 in UTC (source/feed_time.h says what is read)
 *	author      the first; an Atom entry without one has its source's or its feed's. null: none
 *	summary     HTML: description, Atom's summary (text escaped, XHTML printed as HTML), dc:, itunes:, media:description
 *	content     HTML: content:encoded, Atom's content when it is text or markup, xhtml:body
 *	categories  category, its term in Atom, dc:subject; none twice
 *	enclosures  enclosure, Atom's links with rel=enclosure
 *	media       media:content, with its description or title as alt; media:thumbnail and itunes:image with "thumbnail":true
 *	comments    comments, Atom's link rel=replies
 *
 * Read are RSS 0.9x, 1.0, 2.0, Atom 1.0 and 0.3, with the modules Dublin Core, Content, Atom in RSS, Media RSS and iTunes;
 * http://www.rssboard.org/rss-specification, RFC 4287. Minor faults are mended (source/feed_text.h), prefixes without a
 * declaration understood. An HTML page, JSON, or another document is ERR_DATA "not a feed", never a feed without items. A
 * body that ends before its root does is ERR_RETRY, for it was cut on its way. Faults that are not mended are ERR_DATA with
 * the line: no item is lost silently.
 *
 * Bounds: FEED_MAX_BODY, FEED_MAX_ITEMS, a depth of 256. Nothing is ever loaded, no entity expanded by libxml2.
 * Ownership: OUT is appended to; on an error nothing is. Threads: safe, any number at once.
 * Cost: some 25 ms a MB, and memory of about ten times the body.
 */
#ifndef SM_FEED_FEED_H
#define SM_FEED_FEED_H

#include "base/buf.h"
#include "base/err.h"

#include <stddef.h>

#define FEED_MAX_BODY ((size_t)32 << 20)
#define FEED_MAX_ITEMS 100000

/* CONTENT_TYPE: the header's value, for its charset; NULL: none. */
int feed_to_json(struct buf *out, const char *body, size_t n, const char *content_type, struct err *e);
/* BASE: the feed's own URL, for relative ones; NULL: none. */
int feed_to_json_at(struct buf *out, const char *body, size_t n, const char *content_type, const char *base, struct err *e);

#endif
