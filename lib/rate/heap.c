/* SPDX-License-Identifier: MIT */
/* Up, down, and out of the middle. */
#include "rate/heap.h"

#include "base/mem.h"

void heap_release(struct heap *h)
{
	mem_free(h->v);
	*h = (struct heap){ 0 };
}

static bool before(const struct heap_node *a, const struct heap_node *b)
{
	return a->rank != b->rank ? a->rank < b->rank : a->tie < b->tie;
}

static void put(struct heap *h, size_t i, struct heap_node *node)
{
	h->v[i] = node;
	node->at = i + 1;
}

static void up(struct heap *h, size_t i)
{
	struct heap_node *node = h->v[i];
	for (; i && before(node, h->v[(i - 1) / 2]); i = (i - 1) / 2)
		put(h, i, h->v[(i - 1) / 2]);
	put(h, i, node);
}

static void down(struct heap *h, size_t i)
{
	struct heap_node *node = h->v[i];
	for (;;) {
		size_t c = 2 * i + 1;
		if (c >= h->n)
			break;
		if (c + 1 < h->n && before(h->v[c + 1], h->v[c]))
			c++;
		if (!before(h->v[c], node))
			break;
		put(h, i, h->v[c]);
		i = c;
	}
	put(h, i, node);
}

void heap_add(struct heap *h, struct heap_node *node, int64_t rank, uint64_t tie)
{
	MEM_GROW(h->v, h->cap, h->n + 1);
	node->rank = rank;
	node->tie = tie;
	put(h, h->n++, node);
	up(h, h->n - 1);
}

void heap_move(struct heap *h, struct heap_node *node, int64_t rank)
{
	bool less = rank < node->rank;
	node->rank = rank;
	if (less)
		up(h, node->at - 1);
	else
		down(h, node->at - 1);
}

void heap_remove(struct heap *h, struct heap_node *node)
{
	size_t i = node->at - 1;
	struct heap_node *last = h->v[--h->n];
	node->at = 0;
	if (last == node)
		return;
	put(h, i, last);
	up(h, i);
	down(h, last->at - 1);
}
