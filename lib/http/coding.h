/* SPDX-License-Identifier: MIT */
/* coding - a body's Content-Encoding taken off, and whether it came whole.
 *
 * libcurl unpacks too, but tells nobody when a packed body ends before its own end: half a page would pass for all of it.
 * io/unpack reads where it likes and waits; a body is pushed, as it comes, and a stream's pieces must come out at once.
 * Source: RFC 9110, 8.4.1 (gzip, x-gzip, deflate; what servers call deflate is zlib's format or the bare one).
 *
 * Ownership: coding_new makes it, coding_free ends it. Threads: one owner. Memory: some 60 KiB. Cost: zlib's.
 */
#ifndef SM_HTTP_CODING_H
#define SM_HTTP_CODING_H

#include <stdbool.h>
#include <stddef.h>

#define CODING_ACCEPT "gzip, deflate"    /* the Accept-Encoding */

struct coding;
/* NAME is the Content-Encoding, NULL or "identity": *C is NULL, the body is as it comes. False: not one of ours. */
bool coding_new(struct coding **c, const char *name);
void coding_free(struct coding *c);      /* NULL is fine */
/* Unpack P[0..N), a piece at a time to SINK, which says false to stop. False: it did, or the bytes are damaged (coding_why). */
bool coding_feed(struct coding *c, const char *p, size_t n, bool (*sink)(void *arg, const char *p, size_t n), void *arg);
/* What is wrong with the bytes; NULL: nothing, but it was the sink that stopped. */
const char *coding_why(const struct coding *c);
bool coding_begun(const struct coding *c);  /* has a byte come? */
/* Has the packed body come to its own end? */
bool coding_ended(const struct coding *c);

#endif
