/* SPDX-License-Identifier: MIT */
/* `plain` and `striphtml` of source/map, on bytes. There they are chains of split and join, one entity after the other; no
 * entity's character is part of another entity but `&`, which comes last, so that one pass does the same. */
#include "source/fast_parts.h"

struct swap {
	const char *from, *to;
	uint8_t nfrom, nto;
};
#define SWAP(from, to) { from, to, sizeof from - 1, sizeof to - 1 }

static const struct swap entities[] = { SWAP("&lt;", "<"), SWAP("&gt;", ">"), SWAP("&quot;", "\""), SWAP("&#39;", "'"),
	SWAP("&#x27;", "'"), SWAP("&#x2F;", "/"), SWAP("&nbsp;", "\xC2\xA0"), SWAP("&amp;", "&") };
static const struct swap breaks[] = { SWAP("<br>", "\n"), SWAP("<br/>", "\n"), SWAP("<br />", "\n"), SWAP("</p><p>", "\n\n"),
	SWAP("<p>", "\n\n") };

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

/* From a `<` up to the first `>` before the next `<`, or up to that when there is none. */
static size_t drop_tags(char *s, size_t n)
{
	const char *at = memchr(s, '<', n), *end = s + n;
	if (!at)
		return n;
	char *to = s + (at - s);
	while (at < end) {
		const char *next = memchr(at + 1, '<', (size_t)(end - at) - 1), *close;
		next = next ? next : end;
		close = memchr(at, '>', (size_t)(next - at));
		at = close ? close + 1 : next;
		memmove(to, at, (size_t)(next - at));
		to += next - at;
		at = next;
	}
	return (size_t)(to - s);
}

size_t fast_text_strip(char *s, size_t n)
{
	n = swap_all(s, n, '<', breaks, sizeof breaks / sizeof *breaks);
	n = fast_text_plain(s, drop_tags(s, n));
	if (n < 2 || s[0] != '\n' || s[1] != '\n')
		return n;
	memmove(s, s + 2, n - 2);
	return n - 2;
}
