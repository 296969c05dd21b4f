/* SPDX-License-Identifier: MIT */
/* `plain` of source/map, on bytes. There it is a chain of split and join, one entity after the other; no entity's character is
 * part of another entity but `&`, which comes last, so that one pass does the same. */
#include "source/fast_parts.h"

struct swap {
	const char *from, *to;
	uint8_t nfrom, nto;
};
#define SWAP(from, to) { from, to, sizeof from - 1, sizeof to - 1 }

static const struct swap entities[] = { SWAP("&lt;", "<"), SWAP("&gt;", ">"), SWAP("&quot;", "\""), SWAP("&#39;", "'"),
	SWAP("&#x27;", "'"), SWAP("&#x2F;", "/"), SWAP("&nbsp;", "\xC2\xA0"), SWAP("&amp;", "&") };
/* Every swap begins with FIRST and makes the text shorter. */
static size_t swap_all(char *s, size_t n, char first, const struct swap *swaps, size_t nswaps)
{
	const char *at = memchr(s, first, n), *end = s + n;
	if (!at)
		return n;
	char *to = s + (at - s);
	while (at < end) {
		const struct swap *w = swaps + nswaps;
		if (*at == first)
			for (w = swaps; w < swaps + nswaps; w++)
				if ((size_t)(end - at) >= w->nfrom && memcmp(at, w->from, w->nfrom) == 0)
					break;
		if (w == swaps + nswaps) {
			*to++ = *at++;
			continue;
		}
		memcpy(to, w->to, w->nto);
		to += w->nto;
		at += w->nfrom;
	}
	return (size_t)(to - s);
}

size_t fast_text_plain(char *s, size_t n)
{
	return swap_all(s, n, '&', entities, sizeof entities / sizeof *entities);
}
