/* SPDX-License-Identifier: MIT */
/* pqgen - random columns of any type, for the tests of the Parquet codec. Same seed, same columns. */
#ifndef SM_TEST_PQGEN_H
#define SM_TEST_PQGEN_H

#include "base/rand.h"
#include "column/batch.h"

#include <math.h>
#include <stdlib.h>

struct pqgen {
	struct rng rng;
	unsigned nulls;    /* one in so many is null; 0: none, 1: all */
	unsigned distinct; /* values come from so many; 0: any */
	unsigned length;   /* strings are shorter */
};

static uint64_t pqgen_raw(struct pqgen *g)
{
	uint64_t v = rng_next(&g->rng);
	if (!g->distinct)
		return v;
	struct rng r;
	rng_seed(&r, v % g->distinct);
	return rng_next(&r);
}

static void pqgen_text(struct pqgen *g, struct column *c)
{
	static const char *const piece[] = { "a", "be", "cat", "d\"", "\\", " ", "é", "日本", "😀", "\n", "zz", "https://x.y/" };
	char s[4096];
	size_t n = 0, want = pqgen_raw(g) % (g->length ? g->length : 1);
	struct rng r;
	rng_seed(&r, pqgen_raw(g));
	while (n < want && n < sizeof s - 16) {
		const char *p = piece[rng_below(&r, sizeof piece / sizeof piece[0])];
		size_t k = strlen(p);
		memcpy(s + n, p, k);
		n += k;
	}
	column_add_bytes(c, s, n);
}

static void pqgen_decimal(struct pqgen *g, struct column *c)
{
	unsigned __int128 most = 1, v = (unsigned __int128)pqgen_raw(g) << 64 | pqgen_raw(g);
	for (unsigned i = 0; i < c->type->precision; i++)
		most *= 10;
	__int128 d = (__int128)(v % most);
	column_add_decimal(c, pqgen_raw(g) & 1 ? -d : d);
}

static double pqgen_real(struct pqgen *g)
{
	static const double odd[] = { 0.0, -0.0, 1.5, -1e300, 5e-324, 0.1 };
	uint64_t v = pqgen_raw(g);
	return v % 4 ? (double)(int64_t)v / 1024 : odd[v / 4 % 6];
}

static void pqgen_value(struct pqgen *g, struct column *c, bool nullable)
{
	const struct type *t = c->type;
	if (t->kind == TYPE_VOID || (nullable && g->nulls && rng_below(&g->rng, g->nulls) == 0)) {
		column_add_null(c);
		return;
	}
	int64_t v = (int64_t)pqgen_raw(g);
	switch (t->kind) {
	case TYPE_BOOLEAN: column_add_bool(c, v & 1); break;
	case TYPE_BYTE: column_add_i64(c, (int8_t)v); break;
	case TYPE_SHORT: column_add_i64(c, (int16_t)v); break;
	case TYPE_INTEGER: column_add_i64(c, (int32_t)v); break;
	case TYPE_LONG: column_add_i64(c, v); break;
	case TYPE_DATE: column_add_i64(c, v % 700000); break;
	case TYPE_TIMESTAMP:
	case TYPE_TIMESTAMP_NTZ: column_add_i64(c, v % 60000000000000000); break;
	case TYPE_FLOAT: column_add_double(c, (float)(pqgen_real(g) / 1e10)); break;
	case TYPE_DOUBLE: column_add_double(c, pqgen_real(g)); break;
	case TYPE_DECIMAL: pqgen_decimal(g, c); break;
	case TYPE_STRING:
	case TYPE_BINARY: pqgen_text(g, c); break;
	case TYPE_STRUCT:
		column_add_struct(c);
		for (size_t i = 0; i < c->nchild; i++)
			pqgen_value(g, &c->child[i], t->fields[i].nullable);
		break;
	default:
		for (uint64_t n = rng_below(&g->rng, 4); n; n--)
			for (size_t i = 0; i < c->nchild; i++)
				pqgen_value(g, &c->child[i], t->kind == TYPE_LIST || i ? t->fields[i].nullable : false);
		column_add_list(c);
	}
}

static void pqgen_rows(struct pqgen *g, struct batch *b, size_t n)
{
	for (size_t r = 0; r < n; r++)
		for (size_t i = 0; i < b->ncols; i++)
			pqgen_value(g, &b->col[i], b->type->fields[i].nullable);
	b->nrows += n;
}

#endif
