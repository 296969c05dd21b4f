/* SPDX-License-Identifier: MIT */
/* An item's tokens as nodes, in their order. What is in here is valid JSON, so nothing is checked. */
#include "source/fast_parts.h"

#include "base/mem.h"
#include "json/doc.h"

uint16_t fast_key_add(struct fast_keys *k, const char *s, size_t n)
{
	char *copy = arena_zalloc(k->arena, n + 8);
	if (n)
		memcpy(copy, s, n);
	if (k->slot) {
		uint16_t id = fast_key_find(k, copy, (uint32_t)n);
		if (id)
			return id;
	}
	assert(k->n < UINT16_MAX);
	if (!k->slot || 4 * (k->n + 1) > k->mask) {
		struct fast_key *old = k->slot;
		uint32_t nold = old ? k->mask + 1 : 0, size = nold ? 2 * nold : 256;
		k->slot = arena_array(k->arena, size, sizeof *k->slot);
		k->mask = size - 1;
		for (uint32_t i = 0; i < nold; i++) {
			uint32_t h = fast_key_hash(old[i].head, old[i].n);
			if (!old[i].text)
				continue;
			while (k->slot[h & k->mask].text)
				h++;
			k->slot[h & k->mask] = old[i];
		}
	}
	uint64_t head = fast_key_head(copy, (uint32_t)n);
	uint32_t h = fast_key_hash(head, (uint32_t)n);
	while (k->slot[h & k->mask].text)
		h++;
	k->slot[h & k->mask] = (struct fast_key){ head, copy, (uint32_t)n, (uint16_t)++k->n };
	return (uint16_t)k->n;
}

void fast_keys_done(struct fast_keys *k)
{
	k->key = arena_array(k->arena, (size_t)k->n + 1, sizeof *k->key);
	for (uint32_t i = 0; i <= k->mask; i++)
		if (k->slot[i].text)
			k->key[k->slot[i].id] = k->slot[i];
}

struct reading {
	const char *p;
	const uint64_t *slash;
	const struct fast_keys *keys;
	struct fast_node *v;
	uint16_t *guess;
	unsigned nguess;           /* members seen */
	const char *key;           /* of the next node */
	uint32_t nkey;
	uint16_t id;
};

/* At a member's name; behind it stand its colon and its value. */
static inline void read_key(struct reading *r, const uint32_t *t, struct fast_node *object)
{
	uint32_t s = *t + 1, e = t[1] - 1;
	while (r->p[e] != '"')
		e--;
	r->key = r->p + s;
	r->nkey = e - s;
	r->id = 0;
	if (r->slash && json_bits_any(r->slash, s, e)) {
		object->flags |= FAST_ODD;
		return;
	}
	uint16_t *guess = &r->guess[r->nguess++ % FAST_GUESSES];
	if (!*guess || !fast_key_is(&r->keys->key[*guess], fast_key_head(r->key, r->nkey), r->key, r->nkey))
		*guess = fast_key_find(r->keys, r->key, r->nkey);
	r->id = *guess;
}

/* A text, a number or a word; the one token's value ends before the next one. */
static inline void read_scalar(const struct reading *r, const uint32_t *t, struct fast_node *v)
{
	const char *p = r->p;
	uint32_t s = *t, e = t[1];
	v->flags = 0;
	switch (p[s]) {
	case '"':
		e--;
		while (p[e] != '"')
			e--;
		s++;
		v->kind = FV_TEXT;
		v->flags = r->slash && json_bits_any(r->slash, s, e) ? FAST_ESCAPES : FAST_CLEAN;
		break;
	case 't': v->kind = FV_TRUE; break;
	case 'f': v->kind = FV_FALSE; break;
	case 'n': v->kind = FV_NULL; break;
	default:
		while (json_is(p[e - 1], JSON_C_SPACE))
			e--;
		v->kind = FV_NUMBER;
	}
	v->p = p + s;
	v->n = e - s;
	v->span = 1;
}

static void grow(struct fast_doc *d, struct reading *r)
{
	d->cap = d->cap ? 2 * d->cap : 64;
	r->v = d->v = mem_array(d->v, d->cap, sizeof *d->v);
}

void fast_doc_read(struct fast_doc *d, const struct fast_keys *keys, const struct json_tokens *tokens)
{
	struct reading r = { .p = tokens->base, .slash = tokens->slash, .keys = keys, .v = d->v, .guess = d->guess };
	const uint32_t *t = tokens->tok;
	uint32_t open[JSON_MAX_DEPTH], n = 0;
	unsigned depth = 0;
	if (d->slot)
		memset(d->slot, 0, d->nslots * sizeof *d->slot);
	for (;;) {
		if (n == d->cap)
			grow(d, &r);
		struct fast_node *v = &r.v[n];
		char c = r.p[*t];
		v->key = r.key;
		v->nkey = r.nkey;
		v->id = r.id;
		if (c == '{' || c == '[') {
			v->kind = c == '{' ? FV_OBJECT : FV_ARRAY;
			v->flags = 0;
			open[depth++] = n++;
			t++;
		} else {
			read_scalar(&r, t, v);
			n++;
			t++;
		}
		/* Close what ends here. The comma's place is a bracket's, when the bracket was opened just now. */
		while (r.p[*t] == '}' || r.p[*t] == ']') {
			uint32_t at = open[--depth];
			r.v[at].span = n - at;
			if (!depth)
				return;
			t++;
		}
		if (r.p[*t] == ',')
			t++;
		struct fast_node *in = &r.v[open[depth - 1]];
		r.id = 0;
		if (in->kind == FV_OBJECT) {
			read_key(&r, t, in);
			t += 2;
			if (depth == 1 && d->slot)
				d->slot[r.id] = n;
		}
	}
}
