// SPDX-License-Identifier: MIT
/* The panes: the posts of one slice of time, and what they add up to. */
#include "sketch/trend_int.h"

#include "base/hash.h"
#include "base/mem.h"

/* --- which pane holds a post --- */

static size_t id_home(const struct trend *t, const uint64_t id[2])
{
	return (size_t)(id[0] ^ id[1]) & (t->idcap - 1);
}

static struct id_slot *id_find(const struct trend *t, const uint64_t id[2])
{
	size_t i = id_home(t, id);
	while (t->id[i].used && (t->id[i].id[0] != id[0] || t->id[i].id[1] != id[1]))
		i = (i + 1) & (t->idcap - 1);
	return &t->id[i];
}

static void id_grow(struct trend *t)
{
	struct id_slot *old = t->id;
	size_t n = t->idcap;
	t->idcap = n ? n * 2 : 1024;
	t->id = mem_zalloc(t->idcap * sizeof *t->id);
	t->bytes += (t->idcap - n) * sizeof *t->id;
	for (size_t i = 0; i < n; i++)
		if (old[i].used)
			*id_find(t, old[i].id) = old[i];
	mem_free(old);
}

static void id_put(struct trend *t, const struct post *p, int64_t q, uint32_t post)
{
	if (t->nid * 3 >= t->idcap * 2)
		id_grow(t);
	struct id_slot *s = id_find(t, p->id);
	t->nid += !s->used;
	*s = (struct id_slot){ { p->id[0], p->id[1] }, q, post, true };
}

static void id_remove(struct trend *t, struct id_slot *s)
{
	size_t mask = t->idcap - 1, gap = (size_t)(s - t->id);
	s->used = false;
	t->nid--;
	for (size_t i = (gap + 1) & mask; t->id[i].used; i = (i + 1) & mask) {
		size_t home = id_home(t, t->id[i].id);
		if (((i - home) & mask) < ((i - gap) & mask))
			continue;
		t->id[gap] = t->id[i];
		t->id[i].used = false;
		gap = i;
	}
}

/* --- panes --- */

size_t trend_pane_at(const struct trend *t, int64_t q)
{
	size_t lo = 0, hi = t->npane;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (t->pane[mid]->q < q)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct pane *trend_pane(struct trend *t, int64_t q, bool make)
{
	size_t i = trend_pane_at(t, q);
	if (i < t->npane && t->pane[i]->q == q)
		return t->pane[i];
	if (!make)
		return NULL;
	MEM_GROW(t->pane, t->panecap, t->npane + 1);
	memmove(t->pane + i + 1, t->pane + i, (t->npane - i) * sizeof(struct pane *));
	t->npane++;
	struct pane *p = t->pane[i] = mem_zalloc(sizeof *p);
	p->q = q;
	t->bytes += sizeof *p;
	return p;
}

static size_t pane_cost(const struct pane *p)
{
	return sizeof *p + p->postcap * sizeof *p->post + p->topiccap * sizeof *p->topic + p->cellcap * sizeof *p->cell +
	       p->mapcap * sizeof *p->map;
}

static void map_grow(struct pane *p)
{
	uint32_t cap = p->mapcap ? p->mapcap * 2 : 64;
	mem_free(p->map);
	p->map = mem_zalloc(cap * sizeof *p->map);
	p->mapcap = cap;
	for (size_t c = 0; c < p->ncell; c++) {
		uint32_t i = (uint32_t)hash_u64(p->cell[c].topic) & (cap - 1);
		while (p->map[i])
			i = (i + 1) & (cap - 1);
		p->map[i] = (uint32_t)c + 1;
	}
}

static struct cell *cell_of(struct trend *t, struct pane *p, uint32_t topic)
{
	if ((p->ncell + 1) * 4 > (size_t)p->mapcap * 3)
		map_grow(p);
	uint32_t i = (uint32_t)hash_u64(topic) & (p->mapcap - 1);
	for (; p->map[i]; i = (i + 1) & (p->mapcap - 1))
		if (p->cell[p->map[i] - 1].topic == topic)
			return &p->cell[p->map[i] - 1];
	MEM_GROW(p->cell, p->cellcap, p->ncell + 1);
	p->cell[p->ncell] = (struct cell){ .topic = topic, .authors = DISTINCT_INIT };
	p->map[i] = (uint32_t)++p->ncell;
	t->topic[topic].cells++;
	return &p->cell[p->ncell - 1];
}

const struct cell *trend_pane_cell(const struct pane *p, uint32_t topic)
{
	if (!p->mapcap)
		return NULL;
	uint32_t i = (uint32_t)hash_u64(topic) & (p->mapcap - 1);
	for (; p->map[i]; i = (i + 1) & (p->mapcap - 1))
		if (p->cell[p->map[i] - 1].topic == topic)
			return &p->cell[p->map[i] - 1];
	return NULL;
}

void trend_pane_add(struct trend *t, struct pane *p, const struct post *post, const uint32_t *topic, size_t n)
{
	size_t before = pane_cost(p), held = 0;
	MEM_GROW(p->post, p->postcap, p->npost + 1);
	MEM_GROW(p->topic, p->topiccap, p->ntopic + n);
	struct post *to = &p->post[p->npost];
	*to = *post;
	to->first = (uint32_t)p->ntopic;
	to->n = (uint32_t)n;
	to->dead = false;
	if (n)
		memcpy(p->topic + p->ntopic, topic, n * sizeof *topic);
	if (post->has_id)
		id_put(t, post, p->q, (uint32_t)p->npost);
	p->npost++;
	p->ntopic += n;
	p->live++;
	for (size_t i = 0; i < n; i++) {
		struct cell *c = cell_of(t, p, topic[i]);
		held += distinct_bytes(&c->authors);
		c->count++;
		distinct_add(&c->authors, post->author);
		t->bytes += distinct_bytes(&c->authors);
	}
	t->bytes += pane_cost(p) - before - held;
}

bool trend_retract(struct trend *t, const uint64_t id[2])
{
	struct id_slot *s = t->idcap ? id_find(t, id) : NULL;
	if (!s || !s->used)
		return false;
	struct pane *p = trend_pane(t, s->q, false);
	struct post *post = &p->post[s->post];
	for (uint32_t i = 0; i < post->n; i++) {
		struct cell *c = cell_of(t, p, p->topic[post->first + i]);
		c->count--;
		distinct_remove(&c->authors, post->author);
	}
	post->dead = true;
	p->live--;
	id_remove(t, s);
	return true;
}

static void pane_free(struct trend *t, struct pane *p)
{
	for (size_t i = 0; i < p->npost; i++) {
		struct id_slot *s = p->post[i].has_id && !p->post[i].dead ? id_find(t, p->post[i].id) : NULL;
		if (s && s->used)
			id_remove(t, s);
	}
	for (size_t i = 0; i < p->ncell; i++) {
		t->bytes -= distinct_bytes(&p->cell[i].authors);
		t->topic[p->cell[i].topic].cells--;
		distinct_release(&p->cell[i].authors);
	}
	t->bytes -= pane_cost(p);
	mem_free(p->post);
	mem_free(p->topic);
	mem_free(p->cell);
	mem_free(p->map);
	mem_free(p);
}

void trend_pane_drop(struct trend *t, size_t i)
{
	pane_free(t, t->pane[i]);
	t->npane--;
	memmove(t->pane + i, t->pane + i + 1, (t->npane - i) * sizeof(struct pane *));
}
