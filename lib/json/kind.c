/* SPDX-License-Identifier: MIT */
/* Lines whose first bytes are not those of most records: is the first member's name that of marks? */
#include "json/kind.h"

#include "base/ascii.h"

#include <string.h>

/* Behind the character C at P, plain or as \u00XX; NULL: it is another one. */
static const char *skip_char(const char *p, const char *end, char c)
{
	if (p < end && *p == c)
		return p + 1;
	if (end - p < 6 || memcmp(p, "\\u00", 4) != 0)
		return NULL;
	int high = ascii_hex(p[4]), low = ascii_hex(p[5]);
	return high >= 0 && low >= 0 && high * 16 + low == c ? p + 6 : NULL;
}

enum json_kind json_kind_slow(const char *p, size_t n)
{
	const char *end = p + n;
	if (n >= JSON_MARK_LEN && memcmp(p, JSON_MARK, JSON_MARK_LEN) == 0)
		return JSON_KIND_MARK;
	p = ascii_skip_space(p, end);
	if (p == end || *p++ != '{')
		return JSON_KIND_RECORD;
	p = ascii_skip_space(p, end);
	if (p == end || *p++ != '"')
		return JSON_KIND_RECORD;
	for (const char *name = "$mark"; *name; name++)
		if (!(p = skip_char(p, end, *name)))
			return JSON_KIND_RECORD;
	return p < end && *p == '"' ? JSON_KIND_RESERVED : JSON_KIND_RECORD;
}
