/* SPDX-License-Identifier: MIT */
/* An item's tokens as nodes, in their order; the grammar is checked as json/walk does it. */
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
	struct json_walk w;
	const struct fast_keys *keys;
	struct fast_node *v;
	uint16_t *guess;
	unsigned nguess;           /* members seen */
	const char *key;           /* of the next node */
	uint32_t nkey;
	uint16_t id;
};

/* At a member's name: the token of its value, or NULL. */
static inline const uint32_t *read_key(struct reading *r, const uint32_t *t, struct fast_node *object)
{
	const char *p = r->w.p;
	uint32_t s = *t + 1, e;
	if (p[*t] != '"' || p[t[1]] != ':')
		return NULL;
	e = json_walk_quote(&r->w, t);
	r->key = p + s;
	r->nkey = e - s;
	r->id = 0;
	if (json_walk_escaped(&r->w, s, e)) {
		object->flags |= FAST_ODD;
		return json_walk_escapes(&r->w, s, e) ? t + 2 : NULL;
	}
	uint16_t *guess = &r->guess[r->nguess++ % FAST_GUESSES];
	if (!*guess || !fast_key_is(&r->keys->key[*guess], fast_key_head(r->key, r->nkey), r->key, r->nkey))
		*guess = fast_key_find(r->keys, r->key, r->nkey);
	r->id = *guess;
	return t + 2;
}

/* A text, a number or a word: where it ends, or NULL. */
static inline const char *read_scalar(const struct reading *r, const uint32_t *t, struct fast_node *v)
{
	const char *p = r->w.p, *end;
	uint32_t s = *t, e;
	v->flags = 0;
	v->span = 1;
	switch (p[s]) {
	case '"':
		e = json_walk_quote(&r->w, t);
		s++;
		v->kind = FV_TEXT;
		v->flags = FAST_CLEAN;
		v->p = p + s;
		v->n = e - s;
		if (json_walk_escaped(&r->w, s, e)) {
			v->flags = FAST_ESCAPES;
			if (!json_walk_escapes(&r->w, s, e))
				return NULL;
		}
		return p + e + 1;
	case 't': v->kind = FV_TRUE; break;
	case 'f': v->kind = FV_FALSE; break;
	case 'n': v->kind = FV_NULL; break;
	default:
		v->kind = FV_NUMBER;
		if (!(end = json_walk_number(p + s)))
			return NULL;
		v->p = p + s;
		v->n = (uint32_t)(end - v->p);
		return end;
	}
	return json_walk_word(p + s);
}

static void grow(struct fast_doc *d, struct reading *r)
{
	d->cap = d->cap ? 2 * d->cap : 64;
	r->v = d->v = mem_array(d->v, d->cap, sizeof *d->v);
}

const uint32_t *fast_doc_read(struct fast_doc *d, const struct fast_keys *keys, const struct json_tokens *tokens, const char **end)
{
	struct reading r = { .w = { tokens->base, tokens->slash }, .keys = keys, .v = d->v, .guess = d->guess };
	const uint32_t *t = tokens->tok;
	const char *p = r.w.p;
	uint32_t open[JSON_MAX_DEPTH], n = 0;
	unsigned depth = 0;
	if (d->slot)
		memset(d->slot, 0, d->nslots * sizeof *d->slot);
	for (;;) {
		if (n == d->cap)
			grow(d, &r);
		struct fast_node *v = &r.v[n];
		char c = p[*t];
		v->key = r.key;
		v->nkey = r.nkey;
		v->id = r.id;
		if (c != '{' && c != '[') {
			if (!(*end = read_scalar(&r, t++, v)))
				return NULL;
			n++;
		} else {
			if (depth == JSON_MAX_DEPTH)
				return NULL;
			v->kind = c == '{' ? FV_OBJECT : FV_ARRAY;
			v->flags = 0;
			open[depth++] = n++;
			t++;
			if (p[*t] != c + 2)
				goto member;
		}
		/* A value is complete, or the bracket that completes one is at T: close what it closes. */
		while (depth && p[*t] == (r.v[open[depth - 1]].kind == FV_OBJECT ? '}' : ']')) {
			uint32_t at = open[--depth];
			r.v[at].span = n - at;
			*end = p + *t++ + 1;
		}
		if (!depth)
			return t;
		if (p[*t++] != ',')
			return NULL;
	member:
		r.id = 0;
		if (r.v[open[depth - 1]].kind != FV_OBJECT)
			continue;
		if (!(t = read_key(&r, t, &r.v[open[depth - 1]])))
			return NULL;
		if (depth == 1 && d->slot)
			d->slot[r.id] = n;
	}
}
