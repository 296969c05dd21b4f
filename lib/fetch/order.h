/* SPDX-License-Identifier: MIT */
/* order - the values by which a source says how far it is: comparing them, and writing them as the API needs them.
 *
 * A value is text: an id, a number, a time. `lenlex` compares ids of digits (or of letters that count alike) without
 * making numbers of them: the longer is the greater, else the bytes decide. `time` compares instants, however they are
 * written.
 *
 * Threads: pure functions.
 */
#ifndef SM_FETCH_ORDER_H
#define SM_FETCH_ORDER_H

#include "base/buf.h"
#include "source/def.h"

/* Is it a value of that kind at all (a number, a time)? */
bool order_valid(enum def_cmp cmp, const char *s, size_t n);
/* Below, at, above 0. Both must be valid. */
int order_compare(enum def_cmp cmp, const char *a, const char *b);
/* Append VALUE less the cursor's overlap, in its own form: comparable with others by order_compare. */
void order_less_overlap(struct buf *b, const struct def_cursor *c, const char *value);
/* Append VALUE as AS says; what is not a time stays as it is. */
void order_put(struct buf *b, enum def_cmp cmp, enum def_as as, const char *value);
void order_put_time(struct buf *b, enum def_as as, int64_t us);

#endif
