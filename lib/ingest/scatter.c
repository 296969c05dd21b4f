/* SPDX-License-Identifier: MIT */
/* Finds the group of each row by its key and makes a selection vector of each group. */
#include "ingest/scatter.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/rand.h"

#include <string.h>

#define SLOTS_MIN ((size_t)256)

void scatter_init(struct scatter *s)
{
	*s = (struct scatter){ .nslots = SLOTS_MIN };
	rand_system(&s->seed, sizeof s->seed);
	s->slot = mem_zalloc(s->nslots * sizeof *s->slot);
}

void scatter_release(struct scatter *s)
{
	buf_release(&s->keys);
	mem_free(s->group);
	mem_free(s->slot);
	mem_free(s->of_row);
	mem_free(s->sel);
	*s = (struct scatter){ 0 };
}

size_t scatter_memory(const struct scatter *s)
{
	return s->keys.cap + s->group_cap * sizeof *s->group + s->nslots * sizeof *s->slot +
	       (s->rows_cap + s->sel_cap) * sizeof(uint32_t);
}

/* Append the key of row I to the keys: for each column 0 for null, or 1 and the value (with its length where it varies). */
static size_t put_key(struct scatter *s, const struct column *const *col, size_t ncols, size_t i)
{
	size_t start = s->keys.n;
	for (size_t k = 0; k < ncols; k++) {
		const struct column *c = col[k];
		size_t n = type_width(c->type);
		const char *p = (const char *)c->data + i * n, *there = "\1";
		char bit;
		if (c->type->kind == TYPE_STRING || c->type->kind == TYPE_BINARY)
			p = column_bytes(c, i, &n);
		if (column_is_null(c, i) || (c->offsets && n == 0)) {
			buf_put(&s->keys, "", 1);
			continue;
		}
		if (c->type->kind == TYPE_BOOLEAN) {
			bit = (char)bit_get(c->data, i);
			p = &bit;
			n = 1;
		}
		buf_put(&s->keys, there, 1);
		if (c->offsets)
			buf_le32(&s->keys, (uint32_t)n);
		buf_put(&s->keys, p, n);
	}
	return s->keys.n - start;
}

static void more_slots(struct scatter *s)
{
	mem_free(s->slot);
	s->nslots *= 2;
	s->slot = mem_zalloc(s->nslots * sizeof *s->slot);
	for (size_t g = 0; g < s->ngroups; g++) {
		size_t at = s->group[g].hash & (s->nslots - 1);
		while (s->slot[at])
			at = (at + 1) & (s->nslots - 1);
		s->slot[at] = (uint32_t)g + 1;
	}
}

/* The group of the key at the end of the keys, which stays there only when the group is new. */
static uint32_t find_group(struct scatter *s, size_t nkey, size_t row)
{
	size_t start = s->keys.n - nkey;
	const char *key = s->keys.p + start;
	uint64_t h = hash_bytes(key, nkey, s->seed);
	size_t at = h & (s->nslots - 1);
	for (; s->slot[at]; at = (at + 1) & (s->nslots - 1)) {
		const struct scatter_group *g = &s->group[s->slot[at] - 1];
		if (g->hash == h && g->nkey == nkey && memcmp(s->keys.p + g->key, key, nkey) == 0) {
			s->keys.n = start;
			return s->slot[at] - 1;
		}
	}
	MEM_GROW(s->group, s->group_cap, s->ngroups + 1);
	s->group[s->ngroups] = (struct scatter_group){ .hash = h, .key = start, .nkey = nkey, .first = row };
	s->slot[at] = (uint32_t)++s->ngroups;
	if (s->ngroups * 2 > s->nslots)
		more_slots(s);
	return (uint32_t)s->ngroups - 1;
}

static void clear(struct scatter *s, size_t n)
{
	buf_clear(&s->keys);
	buf_reserve(&s->keys, 1);   /* keys may be empty, but are somewhere */
	s->ngroups = 0;
	memset(s->slot, 0, s->nslots * sizeof *s->slot);
	MEM_GROW(s->of_row, s->rows_cap, n);
	MEM_GROW(s->sel, s->sel_cap, n);
}

void scatter_rows(struct scatter *s, const struct column *const *col, size_t ncols, size_t n, const uint8_t *dropped)
{
	uint32_t last = SCATTER_NONE;
	clear(s, n);
	for (size_t i = 0; i < n; i++) {
		if (dropped && bit_get(dropped, i)) {
			s->of_row[i] = SCATTER_NONE;
			continue;
		}
		size_t nkey = put_key(s, col, ncols, i);
		if (last != SCATTER_NONE && s->group[last].nkey == nkey &&
		    memcmp(s->keys.p + s->group[last].key, s->keys.p + s->keys.n - nkey, nkey) == 0)
			s->keys.n -= nkey;
		else
			last = find_group(s, nkey, i);
		s->of_row[i] = last;
		s->group[last].n++;
	}
	size_t start = 0;
	for (size_t g = 0; g < s->ngroups; g++) {
		s->group[g].start = start;
		start += s->group[g].n;
		s->group[g].n = 0;
	}
	for (size_t i = 0; i < n; i++) {
		if (s->of_row[i] == SCATTER_NONE)
			continue;
		struct scatter_group *g = &s->group[s->of_row[i]];
		s->sel[g->start + g->n++] = (uint32_t)i;
	}
}
