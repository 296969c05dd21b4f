/* SPDX-License-Identifier: MIT */
/* item - a line on its way through a queue: a record or a mark, with what was found out about it when it was read.
 *
 * Ownership: an item is one allocation; whoever holds it frees it (item_free) or hands it on.
 */
#ifndef SM_RATE_ITEM_H
#define SM_RATE_ITEM_H

#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct spill_chunk;

struct item {
	struct item *next, *prev;
	uint64_t seq;               /* order of arrival */
	uint64_t epoch;             /* number of marks before it */
	int64_t arrived;            /* monotonic ns */
	int64_t event_us;           /* event time, where it is asked for */
	uint64_t route;             /* hash that picks an output */
	struct spill_chunk *chunk;  /* it was read from the spill, and this is told when it has been written; or NULL */
	bool mark;
	uint32_t n, nkey;
	char text[];                /* the line with its '\n', then the key */
};

#define ITEM_OVERHEAD 64            /* bytes of memory that a queue counts for a record, beside its line */

static inline struct item *item_new(const char *line, size_t n, const char *key, size_t nkey)
{
	struct item *it = mem_alloc(sizeof *it + n + 1 + nkey);
	memset(it, 0, sizeof *it);
	it->n = (uint32_t)(n + 1);
	it->nkey = (uint32_t)nkey;
	memcpy(it->text, line, n);
	it->text[n] = '\n';
	if (nkey)
		memcpy(it->text + n + 1, key, nkey);
	return it;
}
static inline const char *item_key(const struct item *it) { return it->text + it->n; }
static inline uint64_t item_size(const struct item *it) { return (uint64_t)it->n + it->nkey + ITEM_OVERHEAD; }
static inline void item_free(struct item *it) { mem_free(it); }

struct item_list {
	struct item *head, *tail;
};

static inline void item_append(struct item_list *l, struct item *it)
{
	it->next = NULL;
	it->prev = l->tail;
	if (l->tail)
		l->tail->next = it;
	else
		l->head = it;
	l->tail = it;
}

static inline void item_unlink(struct item_list *l, struct item *it)
{
	*(it->prev ? &it->prev->next : &l->head) = it->next;
	*(it->next ? &it->next->prev : &l->tail) = it->prev;
	it->next = it->prev = NULL;
}

static inline struct item *item_pop(struct item_list *l)
{
	struct item *it = l->head;
	if (it)
		item_unlink(l, it);
	return it;
}

static inline void item_list_free(struct item_list *l)
{
	struct item *it;
	while ((it = item_pop(l)) != NULL)
		item_free(it);
}

#endif
