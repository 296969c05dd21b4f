/* SPDX-License-Identifier: MIT */
/* weights - how large a share each key has: --weights FILE.
 *
 * NDJSON, a line a key; the line without a key is for all the others (1 when there is none):
 *	{"key":"mastodon","weight":3}
 *	{"weight":0.5}
 * A key is compared as rate/keys.h makes it of a field, so 7 and "7" are two. Weights are from 0.01 to 100.
 *
 * Ownership: the table owns all. Threads: safe to share once it is read. Errors: ERR_IO, ERR_DATA with file and line.
 */
#ifndef SM_RATE_WEIGHTS_H
#define SM_RATE_WEIGHTS_H

#include "base/err.h"

#include <stddef.h>

struct weights;
int weights_read(struct weights **w, const char *path, struct err *e);
void weights_free(struct weights *w);                                     /* NULL is fine */
double weights_of(const struct weights *w, const char *key, size_t n);    /* NULL W: 1; NULL KEY: that of all the others */
double weights_least(const struct weights *w);

#endif
