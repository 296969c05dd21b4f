/* SPDX-License-Identifier: MIT */
/* head - the status line and the header fields of a response, gathered line by line. Private to lib/http.
 *
 * Names are put in lower case, values lose the white space around them, a folded line is joined to the one before by a
 * space.
 * A response below 200 is forgotten when its last line has come; lines behind the last response's (trailers) are
 * passed over.
 * A line that is not a field, by its name too, is skipped. Bounded: HEAD_MAX_BYTES, HEAD_MAX_FIELDS.
 * Ownership: the head owns its text and its list, which lives until the next line, the next reset or the release.
 * Threads: one owner. Source: RFC 9112, 4 and 5.
 */
#ifndef SM_HTTP_HEAD_H
#define SM_HTTP_HEAD_H

#include "base/buf.h"
#include "http/http.h"

#include <stdint.h>

/* libcurl ends a connection at 300 KB, as if it had broken. */
#define HEAD_MAX_BYTES ((size_t)256 << 10)
#define HEAD_MAX_FIELDS 1000

enum head_state { HEAD_STATUS, HEAD_FIELDS, HEAD_DONE };
enum head_step {
	HEAD_BAD = -2,           /* no status line, or a NUL */
	HEAD_TOO_LONG = -1,
	HEAD_MORE = 0,
	HEAD_END = 1             /* this was the last line: the list is there */
};

struct http_head {
	enum head_state state;
	bool upgrade;                      /* a 101 is the last response too */
	long status;
	struct buf text;                   /* names and values, each with a NUL behind */
	struct head_field { uint32_t name, value; } *field;
	size_t n, cap, ncap;               /* fields; room in FIELD, in LIST */
	size_t seen;                       /* bytes of lines since the reset */
	struct http_header *list;          /* N of them, made at the end */
};

void http_head_init(struct http_head *h);
void http_head_release(struct http_head *h);
void http_head_reset(struct http_head *h);
/* One line, with its line end or without. */
enum head_step http_head_line(struct http_head *h, const char *p, size_t n);
/* Is this a token (RFC 9110, 5.6.2): a name, a method? */
bool http_is_token(const char *s, size_t n);

#endif
