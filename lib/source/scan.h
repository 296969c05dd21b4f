/* SPDX-License-Identifier: MIT */
/* scan - cut a stream of JSON text into items as it comes, without holding it.
 *
 * The text is any number of JSON values one behind the other, on one line or on many. Items are
 *	the elements of an array at the top,
 *	the elements of the array at PATH in an object at the top (`.statuses[]` of an API's answer),
 *	else the value at the top itself.
 * An object that has something at PATH gives the elements alone; the rest of it is checked and dropped. One that has not is
 * an item itself, or an error when `strict`.
 *
 * A push-down automaton checks brackets, commas, colons, keys and line breaks byte by byte; numbers, words, escapes and
 * UTF-8 inside an item are left to whoever parses the item (the rest of a page is parsed here). So the memory used is one
 * item or the rest of one page, whatever the size of the array, at most `max_item`.
 *
 * Ownership: an item's bytes live until the callback returns. Threads: one owner.
 * Errors: ERR_DATA with line and byte column in the whole stream; the scanner can't go on after one. Cost: about 0.5 GB/s.
 */
#ifndef SM_SOURCE_SCAN_H
#define SM_SOURCE_SCAN_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scan_path {
	const char **key;         /* member names from the top object to the array */
	size_t n;
	bool optional;            /* `.a[]?`: null or another type there is no error */
};

struct scan_item {
	const char *p;            /* one JSON value as it stands, INPUT_PADDING bytes readable behind it */
	size_t n;
	bool broken;              /* it runs over several lines: scan_compact makes it one */
	bool element;             /* of the array at PATH */
	uint64_t line, col;       /* of its first byte, from 1 */
};

typedef int scan_fn(void *arg, const struct scan_item *item, struct err *e);

struct scan_opts {
	const struct scan_path *path;     /* NULL: none */
	bool strict;
	size_t max_item;
	scan_fn *fn;
	void *arg;
	uint64_t line, col;               /* where the text begins; 0: 1 */
};

struct scan;
struct scan *scan_new(const struct scan_opts *o);
void scan_free(struct scan *s);                     /* NULL is fine */
int scan_feed(struct scan *s, const char *p, size_t n, struct err *e); /* an error of the callback ends it as well */
int scan_finish(struct scan *s, struct err *e);     /* the text is over */
/* The bytes of the item (or page) that is being read: what a broken text leaves behind. */
const char *scan_pending(const struct scan *s, size_t *n);

/* Take out the white space between tokens; returns the new length. */
size_t scan_compact(char *p, size_t n);

/* Is the text that begins with P[0..N) one object a line, or a document? WHOLE: there is no more than these bytes. */
enum scan_shape { SCAN_UNSURE, SCAN_LINES, SCAN_DOCUMENT };
enum scan_shape scan_shape(const char *p, size_t n, bool whole);

/* What a file of another kind that begins like this is called, of those that are found among files of posts; NULL. */
const char *scan_other_kind(const char *p, size_t n);

/* May the N bytes at P be the beginning of a line with an object, whose writer goes on? Zeros at the end are room for it. */
bool scan_begins_line(const char *p, size_t n);

/* What lists the valid JSON P[0..N) holds, at any depth. */
enum scan_lists { SCAN_NO_LIST, SCAN_EMPTY_LISTS, SCAN_FULL_LIST };
enum scan_lists scan_lists(const char *p, size_t n);

/* `.a.b[]`, `.[]`, `."odd name"[]?`: false when EXPR is not such a path (then it is a program for jq). KEYS and text
 * come from the arena. */
struct arena;
bool scan_path_parse(struct scan_path *path, struct arena *a, const char *expr);

#endif
