// SPDX-License-Identifier: MIT
/* base/near: distances against a plain recursive definition, and which names are suggested. */
#include "base/near.h"

#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The definition, written out: the last bytes are the same, replaced, inserted, left out, or exchanged. */
static unsigned plain(const char *a, size_t na, const char *b, size_t nb)
{
	unsigned d, x;
	if (!na || !nb)
		return (unsigned)(na + nb);
	d = plain(a, na - 1, b, nb - 1) + (a[na - 1] != b[nb - 1]);
	if ((x = plain(a, na - 1, b, nb) + 1) < d)
		d = x;
	if ((x = plain(a, na, b, nb - 1) + 1) < d)
		d = x;
	if (na > 1 && nb > 1 && a[na - 1] == b[nb - 2] && a[na - 2] == b[nb - 1] && (x = plain(a, na - 2, b, nb - 2) + 1) < d)
		d = x;
	return d;
}

static void like_the_definition(void)
{
	uint32_t seed = 7;
	for (int i = 0; i < 3000; i++) {
		char w[2][8];
		size_t n[2];
		for (int k = 0; k < 2; k++) {
			seed = seed * 1664525u + 1013904223u;
			n[k] = (seed >> 24) % 6;
			for (size_t j = 0; j < n[k]; j++) {
				seed = seed * 1664525u + 1013904223u;
				w[k][j] = (char)('a' + (seed >> 24) % 3);
			}
		}
		unsigned got = near_distance(w[0], n[0], w[1], n[1]), want = plain(w[0], n[0], w[1], n[1]);
		if (got != want)
			T_FAIL("%.*s and %.*s: %u, not %u", (int)n[0], w[0], (int)n[1], w[1], got, want);
	}
}

static void long_names(void)
{
	char a[200];
	memset(a, 'a', sizeof a);
	T_INT(near_distance(a, NEAR_MOST, a, NEAR_MOST - 3), 3);
	T_OK(near_distance(a, NEAR_MOST + 1, a, NEAR_MOST + 1) > NEAR_MOST);
	struct near near = near_to(a, sizeof a);
	near_name(&near, a, sizeof a - 1);
	near_name(&near, "", 0);
	T_STR(near_hint(&near, "", ""), "");
}

static void hints(void)
{
	static const struct {
		const char *typed, *list, *hint;
	} cases[] = {
		{ "verison", "version|verbose", ", did you mean 'version'?" },
		{ "vers", "version|verbose", ", did you mean 'version'?" },    /* how it begins */
		{ "ver", "version|verbose", ", did you mean 'version' or 'verbose'?" },
		{ "ver", "version|verbose|very-long", "" },                     /* too many */
		{ "ve", "version|verbose", "" },
		{ "OUTPUT", "output", ", did you mean 'output'?" },
		{ "output", "output", "" },                                     /* something else was wrong */
		{ "as", "is|an|map", ", did you mean 'is' or 'an'?" },
		{ "x", "y|z", "" },
		{ "xx", "x", ", did you mean 'x'?" },
		{ "samples", "block|sample:P|spill:DIR[:MAX]", ", did you mean 'sample:P'?" },
		{ "rejct", "stop|skip|reject=FILE", ", did you mean 'reject=FILE'?" },
		{ "a|b", "a|b|ab", ", did you mean 'ab'?" },
		{ "zurück", "zuruck", ", did you mean 'zuruck'?" },
		{ "limit", "limit|limits|limit", ", did you mean 'limits'?" },
		{ "quite", "quiet|quiet|quote", ", did you mean 'quiet' or 'quote'?" },
		{ "", "a|b", "" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct near near;
		T_STR(near_of(&near, cases[i].typed, strlen(cases[i].typed), cases[i].list), cases[i].hint);
	}
	struct near near = near_to("sinc", 4);
	near_name(&near, "since", 5);
	T_STR(near_hint(&near, "--", "="), ", did you mean '--since='?");
}

int main(void)
{
	T_CASE("distances are those of the definition") like_the_definition();
	T_CASE("long names and none") long_names();
	T_CASE("which names are suggested") hints();
	return t_done();
}
