/* SPDX-License-Identifier: MIT */
/* sse - events out of a text/event-stream, as they come.
 *
 * Lines end in LF, CR or CRLF; a byte order mark at the start is passed over; `data` lines of an event are joined by
 * LF; `event`, `id` (kept until another comes; like a type, one with a NUL is ignored) and `retry` are understood; a
 * line that begins with a colon is a comment and shows that the connection lives. An event without data is none. What
 * is not ended by an empty line when the stream breaks is dropped.
 * Ownership: an event lives during the call. Errors: ERR_DATA for a line or an event longer than `max`.
 * Threads: one owner. Source: WHATWG HTML, 9.2 "Server-sent events".
 */
#ifndef SM_HTTP_SSE_H
#define SM_HTTP_SSE_H

#include "base/buf.h"
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct sse_event {
	const char *type;         /* "message" when none was given */
	const char *data;
	size_t ndata;
	const char *id;           /* the last one seen; "" */
};
struct sse;
/* What FN returns other than 0 ends sse_feed and is returned. */
typedef int sse_fn(void *arg, const struct sse_event *ev, struct err *e);
struct sse *sse_new(size_t max, sse_fn *fn, void *arg);
void sse_free(struct sse *s);                     /* NULL is fine */
int sse_feed(struct sse *s, const char *p, size_t n, struct err *e);
int64_t sse_retry_ms(const struct sse *s);        /* what the server asked for; -1: nothing */

#endif
