// SPDX-License-Identifier: MIT
/* The topics: kind and key, how they are written, and the authors they had in the past. */
#include "sketch/trend_int.h"

#include "base/hash.h"
#include "base/mem.h"

#include <math.h>

#define SEED 0x7472656e64u
#define FORGET 1e-3          /* authors a window; below, a topic's past cannot raise what is expected above 1 */

static uint32_t hash_of(unsigned kind, const char *key, size_t n)
{
	return (uint32_t)(hash_bytes(key, n, SEED + kind) >> 32);
}

static uint32_t *slot_of(const struct trend *t, const struct trend_topic *k, uint32_t hash)
{
	size_t mask = t->tmapcap - 1, i = hash & mask;
	for (; t->tmap[i]; i = (i + 1) & mask) {
		const struct topic *p = &t->topic[t->tmap[i] - 1];
		if (p->hash == hash && p->kind == k->kind && p->nkey == k->nkey && memcmp(p->key, k->key, k->nkey) == 0)
			break;
	}
	return &t->tmap[i];
}

static void rehash(struct trend *t, size_t cap)
{
	t->bytes += (cap - t->tmapcap) * sizeof *t->tmap;
	if (cap != t->tmapcap)
		t->tmap = mem_array(t->tmap, cap, sizeof *t->tmap);
	memset(t->tmap, 0, cap * sizeof *t->tmap);
	t->tmapcap = cap;
	for (size_t i = 0; i < t->ntopic; i++) {
		size_t at = t->topic[i].hash & (cap - 1);
		if (!t->topic[i].key)
			continue;
		while (t->tmap[at])
			at = (at + 1) & (cap - 1);
		t->tmap[at] = (uint32_t)i + 1;
	}
}

static size_t cost(const struct topic *p)
{
	size_t n = sizeof *p + p->nkey + 16 + p->nforms * sizeof *p->forms;
	for (unsigned i = 0; i < p->nforms; i++)
		n += p->forms[i].n + 16;
	return n;
}

static void count_form(struct topic *p, const char *form, uint32_t n)
{
	for (unsigned i = 0; i < p->nforms; i++)
		if (p->forms[i].n == n && memcmp(p->forms[i].p, form, n) == 0) {
			p->forms[i].count++;
			return;
		}
	if (p->nforms == MAX_FORMS)
		return;
	p->forms = mem_array(p->forms, p->nforms + 1u, sizeof *p->forms);
	p->forms[p->nforms++] = (struct form){ mem_strndup(form, n), n, 1 };
}

uint32_t trend_topic(struct trend *t, const struct trend_topic *k)
{
	if (!t->tmapcap || t->tlive * 4 >= t->tmapcap * 3)
		rehash(t, t->tmapcap ? t->tmapcap * 2 : 1024);
	uint32_t hash = hash_of(k->kind, k->key, k->nkey), *slot = slot_of(t, k, hash);
	if (!*slot) {
		uint32_t i;
		if (t->nfree) {
			i = t->tfree[--t->nfree];
		} else {
			MEM_GROW(t->topic, t->topiccap, t->ntopic + 1);
			i = (uint32_t)t->ntopic++;
		}
		t->topic[i] = (struct topic){ .key = mem_strndup(k->key, k->nkey), .nkey = k->nkey, .hash = hash,
					     .kind = (unsigned char)k->kind };
		t->bytes += cost(&t->topic[i]);
		t->tlive++;
		*slot = i + 1;
	}
	struct topic *p = &t->topic[*slot - 1];
	t->bytes -= cost(p);
	count_form(p, k->form, k->nform);
	t->bytes += cost(p);
	return *slot - 1;
}

const struct form *trend_topic_form(const struct topic *p)
{
	const struct form *best = NULL;
	for (unsigned i = 0; i < p->nforms; i++) {
		const struct form *f = &p->forms[i];
		size_t n = best && best->n < f->n ? best->n : f->n;
		int order = best ? memcmp(f->p, best->p, n) : 0;
		if (!best || f->count > best->count ||
		    (f->count == best->count && (order < 0 || (order == 0 && f->n < best->n))))
			best = f;
	}
	return best;
}

static void release(struct topic *p)
{
	for (unsigned i = 0; i < p->nforms; i++)
		mem_free(p->forms[i].p);
	mem_free(p->forms);
	mem_free(p->key);
	*p = (struct topic){ .key = NULL };
}

void trend_topic_sweep(struct trend *t)
{
	size_t gone = 0;
	for (size_t i = 0; i < t->ntopic; i++) {
		struct topic *p = &t->topic[i];
		if (!p->key || p->cells)
			continue;
		if (t->has_base && (double)t->m * p->num * pow(t->decay, (double)(t->base - p->last)) / t->den >= FORGET)
			continue;
		t->bytes -= cost(p);
		release(p);
		MEM_GROW(t->tfree, t->freecap, t->nfree + 1);
		t->tfree[t->nfree++] = (uint32_t)i;
		t->tlive--;
		gone++;
	}
	if (gone)
		rehash(t, t->tmapcap);
	t->swept = t->tlive;
}

void trend_topic_release(struct trend *t)
{
	for (size_t i = 0; i < t->ntopic; i++)
		release(&t->topic[i]);
	mem_free(t->topic);
	mem_free(t->tmap);
	mem_free(t->tfree);
}
