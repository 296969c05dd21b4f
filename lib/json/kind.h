/* SPDX-License-Identifier: MIT */
/* kind - what a line of the pipe is, told by its first bytes. Decided here and nowhere else (docs/pipe.md).
 *
 * A mark is a line that begins with the nine bytes of JSON_MARK. The name in it is reserved in any spelling: a line whose
 * first member is $mark, but written with spaces or escapes, is no mark, and no record either, since the next program that
 * prints it would turn it into a mark.
 *
 * Ownership: none. Failure: none. Threads: any. Cost: three compares for a line that begins as records do.
 */
#ifndef SM_JSON_KIND_H
#define SM_JSON_KIND_H

#include <stdbool.h>
#include <stddef.h>

#define JSON_MARK "{\"$mark\":"
#define JSON_MARK_LEN 9

enum json_kind {
	JSON_KIND_RECORD,         /* or no JSON at all */
	JSON_KIND_MARK,
	JSON_KIND_RESERVED        /* neither: the name of marks in another spelling */
};

enum json_kind json_kind_slow(const char *p, size_t n);

static inline enum json_kind json_kind(const char *p, size_t n)
{
	if (n > 2 && p[0] == '{' && p[1] == '"' && p[2] != '$' && p[2] != '\\')
		return JSON_KIND_RECORD;
	return json_kind_slow(p, n);
}

#endif
