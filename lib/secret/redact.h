/* SPDX-License-Identifier: MIT */
/* redact - texts without the secrets: every known value is replaced by ***, whatever it is dressed in.
 *
 * By value, not by place: logs, errors, `raw` and state pass through here before anybody else sees them. Found are
 *
 *	raw          as it is
 *	escaped      any of its characters, none or all, as %XX (either case, also %25XX and deeper), '+' for a space,
 *	             \" \\ \/ \uXXXX (also inside a string inside a string), \xXX, &amp; &quot; &#34; &#x22;
 *	base64       at any of the three alignments, so also inside a longer text that was encoded; both alphabets, and
 *	             its characters escaped as above. The characters before and behind that hold some bits of it go as well.
 *	hex          either case
 *
 * For basic authentication the pair "user:password" is to be added as a value of its own (secrets_add): its base64 is
 * covered at once, and at the third alignment the password's own pattern may miss a little at the ends.
 *
 * A secret of fewer than REDACT_MIN bytes would blank half of every text: it is replaced where it stands alone (no letter
 * or digit beside it) and raw, and nowhere else. Not found: a part of a secret, a secret cut by line breaks, compression.
 * Occurrences that overlap become one ***.
 *
 * Threads: any number may redact while no thread adds. Failure: none.
 * Cost: a text without any: about 1 ms a MiB or less (Wu and Manber, "A Fast Algorithm for Multi-Pattern Searching", 1994,
 * with blocks of two bytes, over the unescaped forms, and a look at each escape); up to 10 ms when it has escapes that could
 * belong to a secret.
 */
#ifndef SM_SECRET_REDACT_H
#define SM_SECRET_REDACT_H

#include "base/buf.h"
#include "base/err.h"
#include "secret/secret.h"

#include <stdbool.h>
#include <stddef.h>

#define REDACT_MIN 4

/* S may be NULL: nothing is known. Returns the number of places. */
size_t redact(const struct secrets *s, struct buf *b);
bool redact_has(const struct secrets *s, const char *p, size_t n);
/* The message and the file name; a secret that the message's bound has cut is found as well. */
void redact_err(const struct secrets *s, struct err *e);

/* The patterns; secrets keep theirs. */
struct redact_set *redact_set_new(void);
void redact_set_free(struct redact_set *r);          /* wipes; NULL is fine */
void redact_set_add(struct redact_set *r, const char *value, size_t n);

#endif
