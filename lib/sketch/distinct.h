/* SPDX-License-Identifier: MIT */
/* distinct - how many different things: an exact set of hashes, from DISTINCT_EXACT on a HyperLogLog.
 *
 * The exact set counts how often each hash was put in, so that it can be taken out again. The sketch
 * forgets that: 2^12 registers of 6 bits, kept in a byte each, standard error 1.04/sqrt(4096) = 1.6 %; its estimate is
 * the improved raw estimator of O. Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (2017), good
 * from 0 up to 2^50 without a correction table. Merging gives what one set of all would have given.
 *
 * The hash has no secret, so that sketches of several runs and machines can be merged. Who chooses his names can put 4096
 * of them in one place of an exact set, where each costs at most that many steps, and can spoil the estimate of what he
 * writes about; he could as well use that many names.
 *
 * Hashes must be well mixed 64-bit values (sketch/murmur.h). Ownership: distinct_release. Threads: one owner.
 * Memory: 16 bytes a slot, slots a power of two at most 3/4 full; 4 KiB as a sketch.
 */
#ifndef SM_SKETCH_DISTINCT_H
#define SM_SKETCH_DISTINCT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISTINCT_EXACT 4096
#define DISTINCT_P 12
#define DISTINCT_REGS (1u << DISTINCT_P)

struct distinct_slot {
	uint64_t hash;
	uint64_t times;      /* 0: free */
};

struct distinct {
	struct distinct_slot *slot;   /* NULL while empty, and when it is a sketch */
	unsigned char *regs;          /* NULL: exact */
	uint32_t n, cap;
};

#define DISTINCT_INIT { NULL, NULL, 0, 0 }

void distinct_add(struct distinct *d, uint64_t hash);
void distinct_remove(struct distinct *d, uint64_t hash);   /* one time; a sketch stays as it is */
/* D becomes the union. It stays exact if both are, whatever its size. */
void distinct_merge(struct distinct *d, const struct distinct *from);
uint64_t distinct_count(const struct distinct *d);
static inline bool distinct_is_exact(const struct distinct *d) { return d->regs == NULL; }
size_t distinct_bytes(const struct distinct *d);           /* on the heap */
void distinct_clear(struct distinct *d);                   /* empty, exact; keeps its slots */
void distinct_release(struct distinct *d);

#endif
