// SPDX-License-Identifier: MIT
/* VADER's contrast rule, in linear memory and n log n time.
 *
 * The reference walks over its list of values while it changes it, and looks each value up by
 * list.index(), the FIRST EQUAL one: which of two equal values is halved or raised depends on all
 * changes before. A text of few values is replayed as written. For many, the positions of each value
 * sit in a heap of their own (skew heaps: Sleator and Tarjan 1986, "Self-adjusting heaps"), found by
 * the value in a hash table: the first equal one is the heap's least position. Zeros do not change
 * and are left out.
 */
#include "text/vader_int.h"

#include "base/hash.h"
#include "base/mem.h"

#define FEW 48
#define NIL UINT32_MAX

static double weigh(double v, size_t at, size_t but)
{
	return at < but ? v * 0.5 : at > but ? v * 1.5 : v;
}

static void few(double *val, const uint32_t *nz, size_t m, size_t but)
{
	for (size_t j = 0; j < m; j++) {
		double v = val[nz[j]];
		size_t i = 0;
		while (val[nz[i]] != v)
			i++;
		val[nz[i]] = weigh(v, nz[i], but);
	}
}

struct heaps {
	uint32_t *left, *right;   /* a node is a number in nz */
	uint32_t *root;           /* by slot */
	double *key;              /* by slot; 0: free, for no zero gets in */
	uint32_t mask;
};

static uint32_t *heap_of(struct heaps *h, double v)
{
	uint64_t bits;
	memcpy(&bits, &v, sizeof bits);
	uint32_t i = (uint32_t)hash_again(bits) & h->mask;
	while (h->key[i] != 0 && h->key[i] != v)
		i = (i + 1) & h->mask;
	if (h->key[i] == 0)
		h->root[i] = NIL;
	h->key[i] = v;
	return &h->root[i];
}

static uint32_t merge(struct heaps *h, uint32_t a, uint32_t b)
{
	uint32_t root = NIL, *slot = &root;
	while (a != NIL && b != NIL) {
		if (b < a) {
			uint32_t t = a;
			a = b;
			b = t;
		}
		uint32_t right = h->right[a];
		*slot = a;
		h->right[a] = h->left[a];
		slot = &h->left[a];
		a = right;
	}
	*slot = a != NIL ? a : b;
	return root;
}

static void put(struct heaps *h, double v, uint32_t node)
{
	if (v == 0)
		return;
	uint32_t *root = heap_of(h, v);
	h->left[node] = h->right[node] = NIL;
	*root = merge(h, *root, node);
}

static void many(double *val, const uint32_t *nz, uint32_t m, size_t but)
{
	uint32_t size = 64;
	while (size < 4 * (size_t)m)   /* at most 2m values ever appear */
		size *= 2;
	struct heaps h = {
		.left = mem_array(NULL, m, sizeof *h.left),
		.right = mem_array(NULL, m, sizeof *h.right),
		.root = mem_array(NULL, size, sizeof *h.root),
		.key = mem_zalloc(size * sizeof *h.key),
		.mask = size - 1,
	};
	for (uint32_t j = 0; j < m; j++)
		put(&h, val[nz[j]], j);
	for (uint32_t j = 0; j < m; j++) {
		double v = val[nz[j]];
		if (v == 0)
			continue;
		uint32_t *root = heap_of(&h, v), i = *root;
		double w = weigh(v, nz[i], but);
		if (w == v)
			continue;
		*root = merge(&h, h.left[i], h.right[i]);
		val[nz[i]] = w;
		put(&h, w, i);
	}
	mem_free(h.left);
	mem_free(h.right);
	mem_free(h.root);
	mem_free(h.key);
}

void vader_but(struct vader_scratch *s, double *val, size_t n, size_t but)
{
	uint32_t *nz = MEM_GROW(s->work, s->workcap, n);
	uint32_t m = 0;
	for (size_t i = 0; i < n; i++)
		if (val[i] != 0)
			nz[m++] = (uint32_t)i;
	if (m <= FEW)
		few(val, nz, m, but);
	else
		many(val, nz, m, but);
}
