/* SPDX-License-Identifier: MIT */
/* t - the smallest test harness that prints TAP.
 *
 *	int main(void) { T_CASE("parses a date") { int32_t d; T_OK(date_parse("1970-01-02", 10, &d)); T_INT(d, 1); } return t_done(); }
 *
 * A case fails when one of its checks fails; checks go on after a failure.
 */
#ifndef SM_TEST_T_H
#define SM_TEST_T_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int t_n, t_bad, t_case_bad;
static const char *t_name, *t_skip;

static inline void t_end(void)
{
	if (!t_name)
		return;
	if (t_skip)
		printf("ok %d - %s # skip %s\n", ++t_n, t_name, t_skip);
	else
		printf("%sok %d - %s\n", t_case_bad ? "not " : "", ++t_n, t_name);
	t_bad += t_case_bad != 0;
	t_name = t_skip = NULL;
	t_case_bad = 0;
	fflush(stdout);
}

static inline int t_begin(const char *name)
{
	t_end();
	t_name = name;
	return 1;
}

static inline int t_done(void)
{
	t_end();
	printf("1..%d\n", t_n);
	return t_bad != 0;
}

/* N rounds of a loop, and the step through a table of programs: a tenth of them under valgrind, which takes thirty times as long. */
static inline int t_rounds(int n)
{
	return getenv("SM_VALGRIND") ? (n + 9) / 10 : n;
}
static inline size_t t_step(void)
{
	return getenv("SM_VALGRIND") ? 10 : 1;
}

#define T_CASE(name) if (t_begin(name))
#define T_SKIP(why) (t_skip = (why))
#define T_FAIL(...) (t_case_bad = 1, printf("# %s:%d: ", __FILE__, __LINE__), printf(__VA_ARGS__), printf("\n"))
#define T_OK(x) do { if (!(x)) T_FAIL("%s", #x); } while (0)
#define T_INT(a, b) do { long long t_a = (long long)(a), t_b = (long long)(b); \
	if (t_a != t_b) T_FAIL("%s is %lld, not %lld", #a, t_a, t_b); } while (0)
#define T_DBL(a, b) do { double t_a = (a), t_b = (b); \
	if (memcmp(&t_a, &t_b, sizeof t_a)) T_FAIL("%s is %.17g, not %.17g", #a, t_a, t_b); } while (0)
#define T_STR(a, b) do { const char *t_a = (a), *t_b = (b); \
	if (!t_a || strcmp(t_a, t_b)) T_FAIL("%s is '%s', not '%s'", #a, t_a ? t_a : "(null)", t_b); } while (0)
#define T_MEM(a, na, b, nb) do { const char *t_a = (const char *)(a), *t_b = (const char *)(b); size_t t_na = (na), t_nb = (nb); \
	if (t_na != t_nb || memcmp(t_a, t_b, t_na)) T_FAIL("%s is '%.*s', not '%.*s'", #a, (int)t_na, t_a, (int)t_nb, t_b); } while (0)

#endif
