/* SPDX-License-Identifier: MIT */
/* sink - what leaves the engine: messages, records, points. The lowest of the engine's files; it calls none of them.
 *
 * Ownership: nothing is kept. Threads: one owner. Private to lib/fetch.
 */
#ifndef SM_FETCH_SINK_H
#define SM_FETCH_SINK_H

#include "fetch/fetch_int.h"

void sink_say(struct fetch *f, enum fetch_say level, const struct job *j, const struct err *what);
void sink_sayf(struct fetch *f, enum fetch_say level, const struct job *j, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* WHY is the cause of a wait that begins: for fetch_status, until sink_well. */
void sink_wait(struct fetch *f, const char *why);
void sink_well(struct fetch *f);
/* Hand out a page that was taken to be right, and note that the place has moved. */
int sink_page(struct fetch *f, struct job *j, struct page *p, struct err *e);
int sink_point(struct fetch *f, struct err *e);
/* A bad item, or a page that is one. 0: it is taken care of. */
int sink_bad(struct fetch *f, const char *item, size_t n, const struct err *why, struct err *e);
void sink_fatal(struct fetch *f, const struct err *e);
uint64_t sink_may(const struct fetch *f, const struct job *j);      /* records that may still be given out */

#endif
