/* SPDX-License-Identifier: MIT */
/* keys - what is remembered about each key: a table from bytes to slots, with the slots in the order of a rank.
 *
 * The caller's slot begins with a struct keys_slot; what is behind it is zeroed when the key is added. The slot with
 * the lowest rank can be had at once, which is how a table of bounded size finds the one to forget. Ties go to the
 * older key, so what is forgotten depends on nothing but the calls (the hash of a key is seeded at random and decides
 * nothing).
 *
 * Ownership: the table owns slots and copies of keys. Threads: one owner. Cost: O(1) to find, O(log n) to add, to rank,
 * to remove.
 */
#ifndef SM_RATE_KEYS_H
#define SM_RATE_KEYS_H

#include "base/buf.h"
#include "rate/heap.h"
#include "json/pick.h"

struct keys_slot {
	struct heap_node rank;
	uint64_t hash;
	struct keys_slot *next;  /* of the same bucket */
	char *key;
	size_t nkey;
};

struct keys {
	struct heap heap;
	struct keys_slot **bucket;
	size_t nbucket, slot_size;
	uint64_t seed, births;
};

void keys_init(struct keys *k, size_t slot_size);
void keys_release(struct keys *k);
static inline size_t keys_count(const struct keys *k) { return k->heap.n; }
void *keys_find(const struct keys *k, const char *key, size_t n);       /* NULL: not there */
void *keys_add(struct keys *k, const char *key, size_t n, int64_t rank); /* must not be there */
void keys_rank(struct keys *k, void *slot, int64_t rank);
void *keys_first(const struct keys *k);                                 /* the lowest rank; NULL: empty */
void keys_remove(struct keys *k, void *slot);                           /* frees the slot */

#define KEY_TEXT_MAX 256
/* The key that a field of a record is, in B (cleared first): a string as '"' and its decoded bytes, anything else as it
 * is written; a missing field is null. What is longer than KEY_TEXT_MAX is cut and ends in a hash of the
 * whole. */
void key_of_field(struct buf *b, const struct json_field *f);

#endif
