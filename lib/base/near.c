/* SPDX-License-Identifier: MIT */
/* The distance of names, row by row: of the whole table only the last three rows are kept. */
#include "base/near.h"

#include "base/ascii.h"

#include <stdio.h>
#include <string.h>

static bool same(char a, char b)
{
	return ascii_lower(a) == ascii_lower(b);
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

unsigned near_distance(const char *a, size_t na, const char *b, size_t nb)
{
	unsigned char rows[3][NEAR_MOST + 1], *two = rows[0], *one = rows[1], *now = rows[2];
	if (na > NEAR_MOST || nb > NEAR_MOST)
		return NEAR_MOST + 1;
	for (size_t j = 0; j <= nb; j++)
		now[j] = (unsigned char)j;
	for (size_t i = 1; i <= na; i++) {
		unsigned char *last = two;
		two = one;
		one = now;
		now = last;
		now[0] = (unsigned char)i;
		for (size_t j = 1; j <= nb; j++) {
			unsigned d = least(one[j - 1] + !same(a[i - 1], b[j - 1]), least(one[j], now[j - 1]) + 1u);
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
				d = least(d, two[j - 2] + 1u);
			now[j] = (unsigned char)d;
		}
	}
	return now[nb];
}

struct near near_to(const char *typed, size_t n)
{
	return (struct near){ .typed = typed, .ntyped = n, .best = n / 3 > 1 ? (unsigned)(n / 3) : 1 };
}

static bool begins(const struct near *s, const char *name, size_t n)
{
	size_t i = 0;
	while (i < s->ntyped && i < n && same(s->typed[i], name[i]))
		i++;
	return i == s->ntyped && i >= 3;
}

/* NAME[0..N) counts, NAME[0..SHOWN) is what the hint says. */
static void consider(struct near *s, const char *name, size_t n, size_t shown)
{
	unsigned far = s->ntyped / 3 > 1 ? (unsigned)(s->ntyped / 3) : 1, d = near_distance(s->typed, s->ntyped, name, n);
	if (!n || n > NEAR_MOST || s->ntyped > NEAR_MOST)
		return;
	if (d > far && begins(s, name, n))
		d = far;
	/* What leaves nothing of the typed name is no help, and the name itself none either: something else was wrong. */
	if (d > s->best || d >= s->ntyped || (n == s->ntyped && memcmp(s->typed, name, n) == 0))
		return;
	for (size_t i = 0; d == s->best && i < s->found && i < 2; i++)
		if (s->nname[i] == shown && memcmp(s->name[i], name, shown) == 0)
			return;
	if (d < s->best)
		s->found = 0;
	s->best = d;
	if (s->found < 2) {
		s->name[s->found] = name;
		s->nname[s->found] = shown;
	}
	s->found++;
}

void near_name(struct near *s, const char *name, size_t n)
{
	consider(s, name, n, n);
}

static void near_names(struct near *s, const char *list)
{
	for (size_t n; *list; list += n + (list[n] != '\0')) {
		n = strcspn(list, "|");
		consider(s, list, strcspn(list, "|=:"), n);
	}
}

const char *near_hint(struct near *s, const char *before, const char *after)
{
	*s->hint = '\0';
	if (s->found == 1)
		snprintf(s->hint, sizeof s->hint, ", did you mean '%s%.*s%s'?", before, (int)s->nname[0], s->name[0], after);
	else if (s->found == 2)
		snprintf(s->hint, sizeof s->hint, ", did you mean '%s%.*s%s' or '%s%.*s%s'?", before, (int)s->nname[0], s->name[0], after,
			 before, (int)s->nname[1], s->name[1], after);
	return s->hint;
}

const char *near_of(struct near *s, const char *typed, size_t n, const char *list)
{
	*s = near_to(typed, n);
	near_names(s, list);
	return near_hint(s, "", "");
}
