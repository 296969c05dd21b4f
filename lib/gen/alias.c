/* SPDX-License-Identifier: MIT */
/* Alias tables after M. Vose, "A Linear Algorithm for Generating Random Numbers with a
 * Given Distribution" (1991). Only +, -, * and / on doubles, which IEEE 754 rounds the
 * same way everywhere. */
#include "gen/impl.h"

#include "base/mem.h"

void alias_init(struct alias *a, struct arena *mem, const double *weight, uint32_t n)
{
	double sum = 0;
	for (uint32_t i = 0; i < n; i++)
		sum += weight[i];
	double *p = mem_array(NULL, n, sizeof *p);
	uint32_t *small = mem_array(NULL, n, sizeof *small), *large = mem_array(NULL, n, sizeof *large), ns = 0, nl = 0;
	a->n = n;
	a->cut = arena_array(mem, n, sizeof *a->cut);
	a->other = arena_array(mem, n, sizeof *a->other);
	for (uint32_t i = 0; i < n; i++) {
		p[i] = weight[i] * n / sum;
		a->cut[i] = UINT32_MAX;
		a->other[i] = i;
		if (p[i] < 1)
			small[ns++] = i;
		else
			large[nl++] = i;
	}
	while (ns && nl) {
		uint32_t s = small[--ns], l = large[--nl];
		a->cut[s] = (uint32_t)(p[s] * 4294967295.0);
		a->other[s] = l;
		p[l] = p[l] + p[s] - 1;
		if (p[l] < 1)
			small[ns++] = l;
		else
			large[nl++] = l;
	}
	mem_free(p);
	mem_free(small);
	mem_free(large);
}
