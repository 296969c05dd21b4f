/* SPDX-License-Identifier: MIT */
/* feed_tree - looking into the tree of a feed: names, texts, HTML, URLs. For feed/feed.c.
 *
 * An element is known by the class of its name space and its local name. A prefix that was never declared counts as the one
 * that it usually stands for.
 * Ownership: texts are appended to the caller's buffers. Threads: one tree, one owner.
 */
#ifndef SM_FEED_FEED_TREE_H
#define SM_FEED_FEED_TREE_H

#include "base/buf.h"

#include <libxml/tree.h>
#include <stdbool.h>

enum feed_kind { FEED_RSS, FEED_ATOM, FEED_RDF };

enum feed_space {
	SPACE_HOME,              /* the format's own, or none */
	SPACE_ATOM,              /* inside RSS */
	SPACE_DC, SPACE_DCTERMS, SPACE_CONTENT, SPACE_MEDIA, SPACE_ITUNES, SPACE_XHTML, SPACE_RDF, SPACE_OTHER
};

struct feed_tree {
	enum feed_kind kind;
	const char *base;        /* NULL: none */
};

enum feed_space feed_space(const struct feed_tree *t, const xmlNode *n);
const char *feed_local(const xmlNode *n);                     /* the name without a prefix */
bool feed_is(const struct feed_tree *t, const xmlNode *n, enum feed_space space, const char *local);
xmlNode *feed_child(const struct feed_tree *t, const xmlNode *n, enum feed_space space, const char *local); /* the first */
bool feed_empty(const xmlNode *n);                            /* no text but white space, no element */

/* What is appended has no white space around it. False: there is nothing. */
bool feed_attr(const xmlNode *n, const char *name, struct buf *b);    /* without a name space */
bool feed_text_of(const xmlNode *n, struct buf *b);                   /* all text below */
bool feed_title_of(const struct feed_tree *t, const xmlNode *n, struct buf *b); /* plain text, white space collapsed */
bool feed_html_of(const struct feed_tree *t, const xmlNode *n, struct buf *b);  /* as HTML, by the type that Atom gives it */
bool feed_language_of(const xmlNode *n, struct buf *b);               /* xml:lang, of N or what it is in */
/* Make the URL-reference in B absolute, as it stands at N. */
void feed_resolve(const struct feed_tree *t, const xmlNode *n, struct buf *b);

#endif
