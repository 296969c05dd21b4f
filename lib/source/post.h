/* SPDX-License-Identifier: MIT */
/* post - make a smpost/1 record of what a source definition's map gave (docs/sources.md).
 *
 * The map may leave out what can be known: `network` (the definition's), `op` (upsert), `kind` (post), `created_date` (the
 * UTC date of created_at), `observed_at`. Times may come in any form that the networks use; they leave as RFC 3339 in UTC.
 * Nulls, and lists and structs with nothing in them, are left out. Fields come out in the order of the schema.
 * A field that smpost/1 does not know, a wrong type, or a missing required field is an ERR_DATA that names it.
 *
 * Threads: pure functions.
 */
#ifndef SM_SOURCE_POST_H
#define SM_SOURCE_POST_H

#include "base/buf.h"
#include "base/err.h"
#include "json/doc.h"

struct post_given {
	const char *network;
	int64_t observed_us;
	const char *raw;          /* goes into the field `raw`; NULL: none */
	size_t nraw;
};

/* Append the record as one line, without line end. */
int post_put(struct buf *b, const struct json *mapped, const struct post_given *given, struct err *e);

/* Is it a field of smpost/1 that holds one value, no list and no struct? */
bool post_is_field(const char *name);

/* RFC 3339; the same with +hhmm; `Sun Aug 31 00:29:15 +0000 2014`; seconds since 1970 as digits with or without a fraction. */
bool post_time(const char *s, size_t n, int64_t *us);

#endif
