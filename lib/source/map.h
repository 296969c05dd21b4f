/* SPDX-License-Identifier: MIT */
/* map - what a source definition does with an answer: cut it into items, make a record of each.
 *
 * The expressions see $h (response headers, lower case), $status, $v (variables), $now (seconds since 1970), $page and, in `map`,
 * $c (what `context` gave for the page). For files $h and $v are {} and $status is 200. These functions are there for
 * them besides jq's own:
 *	plain       text with the entities &amp; &lt; &gt; &quot; &#39; as characters
 *	striphtml   the text of HTML: tags dropped, <br> and paragraphs as line breaks, entities as characters
 *	some        null for null, "", [] and {}: `.title|some`
 *
 * Ownership: the map borrows the definition. Threads: one owner. Cost: some 20 ms to compile each expression.
 */
#ifndef SM_SOURCE_MAP_H
#define SM_SOURCE_MAP_H

#include "base/buf.h"
#include "source/ask.h"
#include "source/def.h"

struct source_map;
/* DEF NULL: items are records as they are. RECORDS, when not NULL, stands for the definition's. It is a program for jq; a
 * path that the scanner follows is no business of ours. */
int source_map_new(struct source_map **m, const struct source_def *def, const char *records, bool raw, struct err *e);
void source_map_free(struct source_map *m);     /* NULL is fine */
/* Set $h, $status, $v, $now and $page from now on. */
int source_map_about(struct source_map *m, const struct source_about *about, struct err *e);
bool source_map_pages(const struct source_map *m);  /* there is a program that cuts pages */
bool source_map_maps(const struct source_map *m);
/* Cut PAGE: FN gets each item. The context is made from the page as well. */
int source_map_page(struct source_map *m, const char *page, size_t n, scan_fn *fn, void *arg, struct err *e);
/* Append a line for each record that the item makes; *MADE counts them. On an error nothing is appended. */
int source_map_item(struct source_map *m, const char *item, size_t n, int64_t observed_us, struct buf *out, uint64_t *made,
		    struct err *e);

#endif
