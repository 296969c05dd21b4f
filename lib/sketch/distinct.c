// SPDX-License-Identifier: MIT
/* A small set of hashes that turns into HyperLogLog registers, and Ertl's estimate of their number. */
#include "sketch/distinct.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

#define FIRST_CAP 4

static void sketch_add(unsigned char *regs, uint64_t hash)
{
	uint32_t i = (uint32_t)(hash >> (64 - DISTINCT_P));
	uint64_t rest = hash << DISTINCT_P;
	unsigned char rank = (unsigned char)(rest ? __builtin_clzll(rest) + 1 : 64 - DISTINCT_P + 1);
	if (regs[i] < rank)
		regs[i] = rank;
}

static struct distinct_slot *find(struct distinct_slot *slot, uint32_t cap, uint64_t hash)
{
	uint32_t i = (uint32_t)hash & (cap - 1);
	while (slot[i].times && slot[i].hash != hash)
		i = (i + 1) & (cap - 1);
	return &slot[i];
}

static void resize(struct distinct *d, uint32_t cap)
{
	struct distinct_slot *slot = mem_zalloc(cap * sizeof *slot);
	for (uint32_t i = 0; i < d->cap; i++)
		if (d->slot[i].times)
			*find(slot, cap, d->slot[i].hash) = d->slot[i];
	mem_free(d->slot);
	d->slot = slot;
	d->cap = cap;
}

static void to_sketch(struct distinct *d)
{
	d->regs = mem_zalloc(DISTINCT_REGS);
	for (uint32_t i = 0; i < d->cap; i++)
		if (d->slot[i].times)
			sketch_add(d->regs, d->slot[i].hash);
	mem_free(d->slot);
	d->slot = NULL;
	d->n = d->cap = 0;
}

static void put(struct distinct *d, uint64_t hash, uint64_t times)
{
	if (d->n >= d->cap / 4 * 3)
		resize(d, d->cap ? d->cap * 2 : FIRST_CAP);
	struct distinct_slot *s = find(d->slot, d->cap, hash);
	d->n += s->times == 0;
	s->hash = hash;
	s->times += times;
}

void distinct_add(struct distinct *d, uint64_t hash)
{
	if (!d->regs) {
		put(d, hash, 1);
		if (d->n <= DISTINCT_EXACT)
			return;
		to_sketch(d);
	}
	sketch_add(d->regs, hash);
}

void distinct_remove(struct distinct *d, uint64_t hash)
{
	if (d->regs || !d->cap)
		return;
	struct distinct_slot *s = find(d->slot, d->cap, hash);
	if (!s->times || --s->times)
		return;
	d->n--;
	/* Close the gap: move back what could not be found over it. */
	uint32_t mask = d->cap - 1, gap = (uint32_t)(s - d->slot);
	for (uint32_t i = (gap + 1) & mask; d->slot[i].times; i = (i + 1) & mask) {
		uint32_t home = (uint32_t)d->slot[i].hash & mask;
		if (((i - home) & mask) < ((i - gap) & mask))
			continue;
		d->slot[gap] = d->slot[i];
		d->slot[i].times = 0;
		gap = i;
	}
}

void distinct_merge(struct distinct *d, const struct distinct *from)
{
	if (from->regs && !d->regs)
		to_sketch(d);
	if (from->regs)
		for (uint32_t i = 0; i < DISTINCT_REGS; i++)
			d->regs[i] = d->regs[i] < from->regs[i] ? from->regs[i] : d->regs[i];
	for (uint32_t i = 0; i < from->cap; i++) {
		if (!from->slot[i].times)
			continue;
		if (d->regs)
			sketch_add(d->regs, from->slot[i].hash);
		else
			put(d, from->slot[i].hash, from->slot[i].times);
	}
}

/* Ertl's sigma and tau: the expected share of registers at 0 and at the highest rank. */
static double sigma(double x)
{
	double y = 1, z = x, before;
	if (x == 1)
		return INFINITY;
	do {
		x *= x;
		before = z;
		z += x * y;
		y += y;
	} while (z != before);
	return z;
}

static double tau(double x)
{
	double y = 1, z = 1 - x, before;
	if (x == 0 || x == 1)
		return 0;
	do {
		x = sqrt(x);
		before = z;
		y *= 0.5;
		z -= (1 - x) * (1 - x) * y;
	} while (z != before);
	return z / 3;
}

uint64_t distinct_count(const struct distinct *d)
{
	const unsigned q = 64 - DISTINCT_P;
	const double m = DISTINCT_REGS;
	unsigned times[64 - DISTINCT_P + 2] = { 0 };
	if (!d->regs)
		return d->n;
	for (uint32_t i = 0; i < DISTINCT_REGS; i++)
		times[d->regs[i]]++;
	double z = m * tau(1 - times[q + 1] / m);
	for (unsigned k = q; k >= 1; k--)
		z = 0.5 * (z + times[k]);
	z += m * sigma(times[0] / m);
	return (uint64_t)(m / (2 * log(2)) * m / z + 0.5);
}

size_t distinct_bytes(const struct distinct *d)
{
	return d->regs ? DISTINCT_REGS : d->cap * sizeof *d->slot;
}

void distinct_clear(struct distinct *d)
{
	mem_free(d->regs);
	d->regs = NULL;
	d->n = 0;
	if (d->cap)
		memset(d->slot, 0, d->cap * sizeof *d->slot);
}

void distinct_release(struct distinct *d)
{
	mem_free(d->regs);
	mem_free(d->slot);
	*d = (struct distinct)DISTINCT_INIT;
}
