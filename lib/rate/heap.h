/* SPDX-License-Identifier: MIT */
/* heap - who is first: a binary heap whose members know where they are in it, so that they can leave or change rank.
 *
 *	struct lane { struct heap_node ready; … };
 *	heap_add(&h, &lane->ready, due, seq);
 *	struct heap_node *n = heap_first(&h);           // lowest rank, then lowest tie; NULL: empty
 *	struct lane *lane = HEAP_OF(n, struct lane, ready);
 *
 * With ties that differ the order depends on nothing but the ranks and ties.
 * Ownership: nodes are the caller's; the heap owns its array. Threads: one owner. Cost: O(log n) a change.
 */
#ifndef SM_RATE_HEAP_H
#define SM_RATE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_node {
	int64_t rank;
	uint64_t tie;
	size_t at;               /* 1 + index in the heap; 0: in none */
};

struct heap {
	struct heap_node **v;
	size_t n, cap;
};

#define HEAP_OF(node, type, member) ((type *)(void *)((char *)(node) - offsetof(type, member)))

void heap_release(struct heap *h);               /* the array, not the nodes */
void heap_add(struct heap *h, struct heap_node *node, int64_t rank, uint64_t tie); /* NODE is in no heap */
void heap_move(struct heap *h, struct heap_node *node, int64_t rank);
void heap_remove(struct heap *h, struct heap_node *node);
static inline bool heap_has(const struct heap_node *node) { return node->at != 0; }
static inline struct heap_node *heap_first(const struct heap *h) { return h->n ? h->v[0] : NULL; }

#endif
