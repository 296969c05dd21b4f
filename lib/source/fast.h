/* SPDX-License-Identifier: MIT */
/* fast - a definition's map without libjq: the same records, byte for byte, many times as fast (docs/sources.md).
 *
 *	struct fast *f = fast_new(program, names, nnames);
 *	fast_set(f, i, json, n);                       // the variable names[i], as often as it changes
 *	if (!fast_item(f, item, n, &given, &out, &made))
 *		…                                      // libjq does this item
 *
 * The program is compiled to a plan over the tokens of an item. A plan has no errors of its own: whenever jq would fail, the
 * record would break the schema, or it is not certain that libjq's text would be the same (1.0, 1e3, a member name with
 * escapes, …), the item is given back and libjq, and source/post, decide and say why. What a program does outside the subset
 * gives the item back as well when it is reached.
 *
 * How: one pass makes an array of nodes of the item's tokens, member names become numbers, what the program asks for of the
 * item itself is noted in passing. Values are 16 bytes; strings without escapes stay where they are. Nothing is allocated
 * for an item but from an arena that is emptied before the next.
 *
 * Ownership: all is the plan's own; the program's text is copied. Threads: one owner.
 * Cost: some 10 microseconds to compile; an item of 400 bytes takes well below one.
 * Source: the language is that of jq 1.6 (its parser.y, lexer.l, builtin.jq); what it means there is what counts.
 */
#ifndef SM_SOURCE_FAST_H
#define SM_SOURCE_FAST_H

#include "base/buf.h"
#include "json/pick.h"
#include "source/post.h"

struct fast;
/* PROGRAM must be one that libjq compiles, behind the functions of source/map.h; it sees NAMES as `$name` (null until fast_set).
 * Never NULL: fast_use tells whether the plan is of use. */
struct fast *fast_new(const char *program, const char *const *names, size_t nnames);
void fast_free(struct fast *f);                 /* NULL is fine */

enum fast_use {
	FAST_ALL,    /* all of the program is in the subset */
	FAST_PART,   /* items that reach another part are given back */
	FAST_NONE    /* every item would be */
};
enum fast_use fast_use(const struct fast *f);
/* What is outside, the first of it: `'reduce' (line 2, column 7 of the program)`. NULL: nothing. */
const char *fast_outside(const struct fast *f);

/* JSON is valid, and copied. */
void fast_set(struct fast *f, size_t i, const char *json, size_t n);

/* Read and check each record of PICK while it is being picked; fast_tokens then finds that done. */
void fast_follow(struct fast *f, struct json_pick *pick);
/* Append the records of the item whose tokens T are, a line each, and add to *MADE. False: nothing was appended, the item is libjq's. */
bool fast_tokens(struct fast *f, const struct json_tokens *t, const struct post_given *given, struct buf *out, uint64_t *made);
/* The same for any text, which is indexed and checked first. */
bool fast_item(struct fast *f, const char *item, size_t n, const struct post_given *given, struct buf *out, uint64_t *made);

/* For programs that cut a page into items: its items, the I-th of them at *P, as libjq would print them. False: it must. */
bool fast_cut(struct fast *f, const char *page, size_t n, size_t *nitems);
size_t fast_cut_item(const struct fast *f, size_t i, const char **p);   /* its length; until the next fast_cut */
/* Is the one output the page itself, as it stands? False: it is not, or not known. */
bool fast_whole(struct fast *f, const struct json_tokens *t);
/* Has the object no member NAME, for certain? */
bool fast_lacks(struct fast *f, const struct json_tokens *t, const char *name);

#endif
