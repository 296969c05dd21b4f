/* SPDX-License-Identifier: MIT */
/* An open hash table, with a heap that says which slot goes first when there are too many. */
#include "rate/keys.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/rand.h"

#define KEY_HASH_SEED 0x6b65792e74657874u
#define KEY_HASH_TEXT 16

void keys_init(struct keys *k, size_t slot_size)
{
	*k = (struct keys){ .slot_size = slot_size };
	rand_system(&k->seed, sizeof k->seed);
}

static void free_slot(struct keys_slot *s)
{
	mem_free(s->key);
	mem_free(s);
}

void keys_release(struct keys *k)
{
	for (size_t i = 0; i < k->heap.n; i++)
		free_slot(HEAP_OF(k->heap.v[i], struct keys_slot, rank));
	heap_release(&k->heap);
	mem_free(k->bucket);
	k->bucket = NULL;
	k->nbucket = 0;
}

static struct keys_slot **bucket_of(const struct keys *k, uint64_t hash)
{
	return &k->bucket[hash & (k->nbucket - 1)];
}

static void grow(struct keys *k)
{
	size_t n = k->nbucket ? k->nbucket * 2 : 64;
	mem_free(k->bucket);
	k->bucket = mem_zalloc(n * sizeof *k->bucket);
	k->nbucket = n;
	for (size_t i = 0; i < k->heap.n; i++) {
		struct keys_slot *s = HEAP_OF(k->heap.v[i], struct keys_slot, rank), **b = bucket_of(k, s->hash);
		s->next = *b;
		*b = s;
	}
}

void *keys_find(const struct keys *k, const char *key, size_t n)
{
	if (!k->nbucket)
		return NULL;
	uint64_t hash = hash_bytes(key, n, k->seed);
	for (struct keys_slot *s = *bucket_of(k, hash); s; s = s->next)
		if (s->hash == hash && s->nkey == n && memcmp(s->key, key, n) == 0)
			return s;
	return NULL;
}

void *keys_add(struct keys *k, const char *key, size_t n, int64_t rank)
{
	if (k->heap.n >= k->nbucket)
		grow(k);
	struct keys_slot *s = mem_zalloc(k->slot_size);
	s->hash = hash_bytes(key, n, k->seed);
	s->key = mem_strndup(key, n);
	s->nkey = n;
	struct keys_slot **b = bucket_of(k, s->hash);
	s->next = *b;
	*b = s;
	heap_add(&k->heap, &s->rank, rank, k->births++);
	return s;
}

void keys_rank(struct keys *k, void *slot, int64_t rank)
{
	struct keys_slot *s = slot;
	if (s->rank.rank != rank)
		heap_move(&k->heap, &s->rank, rank);
}

void *keys_first(const struct keys *k)
{
	struct heap_node *n = heap_first(&k->heap);
	return n ? HEAP_OF(n, struct keys_slot, rank) : NULL;
}

void keys_remove(struct keys *k, void *slot)
{
	struct keys_slot *s = slot, **b = bucket_of(k, s->hash);
	while (*b != s)
		b = &(*b)->next;
	*b = s->next;
	heap_remove(&k->heap, &s->rank);
	free_slot(s);
}

void key_of_field(struct buf *b, const struct json_field *f)
{
	buf_clear(b);
	if (!f->p) {
		buf_puts(b, "null");
	} else if (f->type == JSON_STRING) {
		buf_putc(b, '"');
		json_unescape(b, f->p, f->n);
	} else {
		buf_put(b, f->p, f->n);
	}
	if (b->n <= KEY_TEXT_MAX)
		return;
	uint64_t hash = hash_stable(b->p, b->n, KEY_HASH_SEED);
	b->n = KEY_TEXT_MAX - KEY_HASH_TEXT;
	buf_printf(b, "%016llx", (unsigned long long)hash);
}
