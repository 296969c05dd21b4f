/* SPDX-License-Identifier: MIT */
/* feed_time - the times that feeds have.
 *
 * RFC 3339 and the shorter forms of W3C's "Date and Time Formats" (a year, a month, a day, no seconds); RFC 822 as it is
 * met: day name or none, two-digit years (RFC 2822, 4.3: 50 to 99 are 19xx), no seconds, names of zones, a comment in
 * brackets; asctime(3) and RFC 850. A time without a zone is taken as UTC. An ambiguous zone (IST) makes the time a bad
 * one.
 * Threads: pure functions.
 */
#ifndef SM_FEED_FEED_TIME_H
#define SM_FEED_FEED_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The whole input, white space around it is fine. */
bool feed_time(const char *s, size_t n, int64_t *us);

#endif
