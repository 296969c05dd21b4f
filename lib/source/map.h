/* SPDX-License-Identifier: MIT */
/* map - what a source definition does with an answer: cut it into items, make a record of each.
 *
 * The expressions see $h (response headers, lower case), $status, $v (variables), $now (seconds since 1970), $page (pages
 * read before) and, in `map`, $c (what `context` gave for the page). For files $h and $v are {}, $status is 200, $page 0.
 * These functions are there for them besides jq's own:
 *	plain       text with the entities &amp; &lt; &gt; &quot; &#39; as characters
 *	striphtml   the text of HTML as a browser shows it (text/html.h)
 *	some        null for null, "", [] and {}: `.title|some`
 *
 * Where the map only moves, renames and defaults fields, items do not go through libjq (source/fast.h); what comes out is
 * the same to the byte.
 *
 * Ownership: the map borrows the definition. Threads: one owner. Cost: some 40 ms to compile (source/program.h), for a definition that
 * ships not before libjq is needed; an item takes some 60 microseconds in libjq, less than one otherwise.
 */
#ifndef SM_SOURCE_MAP_H
#define SM_SOURCE_MAP_H

#include "base/buf.h"
#include "json/pick.h"
#include "source/ask.h"
#include "source/def.h"

struct source_map;
/* DEF NULL: items are records as they are. RECORDS, when not NULL, stands for the definition's. It is a program for jq; a
 * path that the scanner follows is no business of ours. */
int source_map_new(struct source_map **m, const struct source_def *def, const char *records, bool raw, struct err *e);
void source_map_free(struct source_map *m);     /* NULL is fine */
/* Set $h, $status, $v, $now and $page from now on. */
int source_map_about(struct source_map *m, const struct source_about *about, struct err *e);
/* How items are mapped. AUTO is what a new map does: without libjq what can be. */
enum source_map_by { SOURCE_MAP_AUTO, SOURCE_MAP_JQ, SOURCE_MAP_FAST };
/* JQ: everything by libjq. FAST: ERR_USAGE unless the whole program can be done without it, naming what cannot. */
int source_map_by(struct source_map *m, enum source_map_by by, struct err *e);
/* `fast`, `partly fast`, `jq`; and what is outside of the subset, with its place, NULL when nothing is. */
const char *source_map_way(const struct source_map *m);
const char *source_map_reason(const struct source_map *m);
/* No value that would take more than BYTES goes into libjq (ERR_DATA); 0, as it is at first: no bound. */
void source_map_limit(struct source_map *m, uint64_t bytes);
bool source_map_pages(const struct source_map *m);  /* there is a program that cuts pages */
bool source_map_maps(const struct source_map *m);
/* Is the page with these tokens, when PATH or `records` cuts it, one item, its own bytes? False: cut it and see. */
bool source_map_whole(struct source_map *m, const struct scan_path *path, const struct json_tokens *t);
/* Cut PAGE: FN gets each item. The context is made from the page as well. */
int source_map_page(struct source_map *m, const char *page, size_t n, scan_fn *fn, void *arg, struct err *e);
/* Append a line for each record that the item makes; *MADE counts them. On an error nothing is appended. */
int source_map_item(struct source_map *m, const char *item, size_t n, int64_t observed_us, struct buf *out, uint64_t *made,
		    struct err *e);
/* PICK's records are mapped as soon as they are picked, if at all: this saves a walk over them. */
void source_map_follow(struct source_map *m, struct json_pick *pick);
/* The same for an item whose tokens are known. */
int source_map_tokens(struct source_map *m, const struct json_tokens *t, const char *item, size_t n, int64_t observed_us,
		      struct buf *out, uint64_t *made, struct err *e);

#endif
