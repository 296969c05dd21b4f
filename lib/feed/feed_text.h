/* SPDX-License-Identifier: MIT */
/* feed_text - the bytes of a feed as clean XML: UTF-8, without a document type, every reference a number.
 *
 * What is wrong with feeds in the field is mostly wrong before the first element is looked at, so it is mended here, in the
 * text: a wrong or missing name of the encoding, bytes that are not characters of it (U+FFFD), control characters,
 * &nbsp; and the other names of HTML, an ampersand or a less-than sign that means itself, attributes without quotes or
 * given twice, end tags that do not match (what is open inside of an element ends with it). The parser behind it never
 * sees a document type: no entity is ever expanded by it, nothing is ever loaded. Entities that a feed declares are put
 * in here when they are short texts; one that is made of others, or lies outside, is an error, and so is much growth by
 * them.
 *
 * Encoding (RFC 7303): a byte order mark, the charset of the content type, the XML declaration, UTF-8. Where the second and
 * the third disagree and one of them is UTF-8, the bytes decide. Labels are those of the WHATWG Encoding Standard.
 * Comments, processing instructions and all behind the root are left out; the number of lines stays.
 *
 * Failure: ERR_RETRY when the root does not end; ERR_DATA for what is not XML, or dangerous; ERR_UNSUPPORTED for an
 * encoding that we do not know.
 * Threads: pure functions. Cost: two passes over the text.
 */
#ifndef SM_FEED_FEED_TEXT_H
#define SM_FEED_FEED_TEXT_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FEED_MAX_GROWTH ((size_t)1 << 20)   /* what declared entities may add */
#define FEED_MAX_ENTITIES 256
#define FEED_MAX_ENTITY 256                 /* bytes of one */

/* Append the clean text. CONTENT_TYPE may be NULL. *MENDED: end tags did not match. */
int feed_text(struct buf *out, const char *body, size_t n, const char *content_type, bool *mended, struct err *e);
/* The first half of it: append the text in UTF-8. */
int feed_to_utf8(struct buf *out, const char *body, size_t n, const char *content_type, struct err *e);
/* The character of a name of HTML (nbsp), or 0. */
uint32_t feed_entity(const char *name, size_t n);

#endif
