/* SPDX-License-Identifier: MIT */
/* near - which of the known names a mistyped one was meant to be.
 *
 *	struct near near = near_to(typed, strlen(typed));
 *	for (…)
 *		near_name(&near, known[i], strlen(known[i]));
 *	err_set(e, ERR_USAGE, "unknown thing '%s'%s", typed, near_hint(&near, "", ""));    // , did you mean 'thing'?
 *
 * A name is near when at most a third of the typed bytes (one at least) would have to change: inserted, left out, replaced,
 * or two neighbours exchanged (Damerau and Levenshtein, in the form that edits no part twice), the case of ASCII letters
 * aside; or when what was typed, three bytes or more, is how it begins. The nearest is suggested, two that are as near
 * both, more than two none. Nothing is ever taken for what it only resembles.
 *
 * Ownership: the names given stay the caller's and must live until the hint is made. Names above NEAR_MOST bytes are never near.
 * Failure: none. Threads: one owner. Cost: NEAR_MOST² steps a name at most; meant for messages.
 */
#ifndef SM_BASE_NEAR_H
#define SM_BASE_NEAR_H

#include <stddef.h>

#define NEAR_MOST 64

struct near {
	const char *typed;
	size_t ntyped;
	unsigned best;            /* the distance of the names found */
	size_t found;             /* how many names are as near as that */
	const char *name[2];
	size_t nname[2];
	char hint[3 * NEAR_MOST + 64];
};

struct near near_to(const char *typed, size_t n);
void near_name(struct near *s, const char *name, size_t n);
/* ", did you mean 'BEFORE name AFTER'?", or "". Belongs to S. */
const char *near_hint(struct near *s, const char *before, const char *after);
/* All in one for "a|b:N|c=FILE": from '=' or ':' on is how a name is written, no part of it. */
const char *near_of(struct near *s, const char *typed, size_t n, const char *list);
/* How many edits make one of the other; more than NEAR_MOST when one of them is longer than that. */
unsigned near_distance(const char *a, size_t na, const char *b, size_t nb);

#endif
