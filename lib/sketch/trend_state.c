// SPDX-License-Identifier: MIT
/* The state as bytes, little-endian (docs/trends.md): header, topics by kind and key, panes by time, a hash of it all.
 * What the panes add up to is not stored: the posts are counted again. */
#include "sketch/trend_int.h"

#include "base/mem.h"
#include "sketch/murmur.h"

#include <math.h>
#include <stdlib.h>

#define MAGIC 0x31725473u   /* "sTr1" */
#define VERSION 1

static void put_double(struct buf *b, double v)
{
	uint64_t bits;
	memcpy(&bits, &v, sizeof bits);
	buf_le64(b, bits);
}

static void put_bytes(struct buf *b, const char *p, uint32_t n)
{
	buf_le32(b, n);
	buf_put(b, p, n);
}

static void put_header(const struct trend *t, struct buf *b)
{
	const struct trend_stats *s = &t->stats;
	const uint64_t words[] = {
		(uint64_t)t->o.window_us, (uint64_t)t->o.slide_us, (uint64_t)t->o.delay_us, (uint64_t)t->o.half_life_us,
		t->started, (uint64_t)t->max_us, (uint64_t)t->closed, t->has_base, (uint64_t)t->base,
		s->posts, s->late, s->too_late, s->replaced, s->retracted, s->unknown, s->windows,
		t->swept,
	};
	buf_le32(b, MAGIC);
	buf_le32(b, VERSION);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		buf_le64(b, words[i]);
	put_double(b, t->den);
}

struct ordered {
	const struct topic *topic;
	uint32_t number;
};

static int by_name(const void *pa, const void *pb)
{
	const struct topic *a = ((const struct ordered *)pa)->topic, *b = ((const struct ordered *)pb)->topic;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return mem_compare(a->key, a->nkey, b->key, b->nkey);
}

static int by_form(const void *pa, const void *pb)
{
	const struct form *a = pa, *b = pb;
	return mem_compare(a->p, a->n, b->p, b->n);
}

/* Writes the topics; ORDINAL[number] becomes a topic's place in the file. */
static void put_topics(const struct trend *t, struct buf *b, uint32_t *ordinal)
{
	struct ordered *all = mem_array(NULL, t->ntopic + 1, sizeof *all);
	struct form forms[MAX_FORMS];
	size_t n = 0;
	for (size_t i = 0; i < t->ntopic; i++)
		if (t->topic[i].key)
			all[n++] = (struct ordered){ &t->topic[i], (uint32_t)i };
	if (n)
		qsort(all, n, sizeof *all, by_name);
	buf_le64(b, n);
	for (size_t i = 0; i < n; i++) {
		const struct topic *p = all[i].topic;
		ordinal[all[i].number] = (uint32_t)i;
		buf_putc(b, (char)p->kind);
		put_bytes(b, p->key, p->nkey);
		put_double(b, p->num);
		buf_le64(b, (uint64_t)p->last);
		buf_putc(b, (char)p->nforms);
		memcpy(forms, p->forms, p->nforms * sizeof *forms);
		qsort(forms, p->nforms, sizeof *forms, by_form);
		for (unsigned k = 0; k < p->nforms; k++) {
			put_bytes(b, forms[k].p, forms[k].n);
			buf_le64(b, forms[k].count);
		}
	}
	mem_free(all);
}

static void put_pane(const struct pane *p, struct buf *b, const uint32_t *ordinal)
{
	buf_le64(b, (uint64_t)p->q);
	buf_le64(b, p->live);
	for (size_t i = 0; i < p->npost; i++) {
		const struct post *x = &p->post[i];
		if (x->dead)
			continue;
		buf_putc(b, (char)x->has_id);
		buf_le64(b, x->id[0]);
		buf_le64(b, x->id[1]);
		buf_le64(b, x->author);
		buf_le32(b, x->n);
		for (uint32_t k = 0; k < x->n; k++)
			buf_le32(b, ordinal[p->topic[x->first + k]]);
	}
}

void trend_save(const struct trend *t, struct buf *b)
{
	size_t from = b->n;
	uint64_t hash[2];
	uint32_t *ordinal = mem_array(NULL, t->ntopic + 1, sizeof *ordinal);
	put_header(t, b);
	put_topics(t, b, ordinal);
	buf_le64(b, t->npane);
	for (size_t i = 0; i < t->npane; i++)
		put_pane(t->pane[i], b, ordinal);
	murmur3_128(b->p + from, b->n - from, MURMUR_SEED, hash);
	buf_le64(b, hash[0]);
	mem_free(ordinal);
}

/* --- reading --- */

struct reader {
	const unsigned char *p;
	size_t left;
	bool bad;
};

static uint64_t get(struct reader *r, unsigned n)
{
	uint64_t v = 0;
	if (r->left < n) {
		r->bad = true;
		r->left = 0;
		return 0;
	}
	for (unsigned i = 0; i < n; i++)
		v |= (uint64_t)r->p[i] << 8 * i;
	r->p += n;
	r->left -= n;
	return v;
}

static double get_double(struct reader *r)
{
	uint64_t bits = get(r, 8);
	double v;
	memcpy(&v, &bits, sizeof v);
	r->bad |= !isfinite(v) || v < 0;
	return v;
}

static const char *get_bytes(struct reader *r, uint32_t *n)
{
	*n = (uint32_t)get(r, 4);
	if (*n > r->left) {
		r->bad = true;
		*n = 0;
		return "";
	}
	const char *p = (const char *)r->p;
	r->p += *n;
	r->left -= *n;
	return p;
}

static int get_header(struct trend *t, struct reader *r, struct err *e)
{
	struct trend_stats *s = &t->stats;
	if (get(r, 4) != MAGIC)
		return err_set(e, ERR_DATA, "not a state of smtrend");
	if (get(r, 4) != VERSION)
		return err_set(e, ERR_UNSUPPORTED, "the state is of another version of smtrend");
	const int64_t opts[] = { t->o.window_us, t->o.slide_us, t->o.delay_us, t->o.half_life_us };
	bool same = true;
	for (size_t i = 0; i < sizeof opts / sizeof *opts; i++)
		same &= (int64_t)get(r, 8) == opts[i];
	if (!same)
		return err_set(e, ERR_CONFLICT, "the state was saved with another window, slide, watermark or half-life");
	t->started = get(r, 8) != 0;
	t->max_us = (int64_t)get(r, 8);
	t->closed = (int64_t)get(r, 8);
	t->has_base = get(r, 8) != 0;
	t->base = (int64_t)get(r, 8);
	uint64_t *const counts[] = { &s->posts, &s->late, &s->too_late, &s->replaced, &s->retracted, &s->unknown, &s->windows,
				    &t->swept };
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
		*counts[i] = get(r, 8);
	t->den = get_double(r);
	r->bad |= t->max_us < TREND_TIME_MIN || t->max_us > TREND_TIME_MAX;
	return 0;
}

static void get_topics(struct trend *t, struct reader *r)
{
	uint64_t n = get(r, 8);
	for (uint64_t i = 0; i < n && !r->bad; i++) {
		struct trend_topic k = { .kind = (unsigned)get(r, 1) };
		k.key = get_bytes(r, &k.nkey);
		double num = get_double(r);
		int64_t last = (int64_t)get(r, 8);
		unsigned nforms = (unsigned)get(r, 1);
		if (r->bad || k.kind >= TREND_KINDS || nforms == 0 || nforms > MAX_FORMS) {
			r->bad = true;
			return;
		}
		for (unsigned f = 0; f < nforms && !r->bad; f++) {
			k.form = get_bytes(r, &k.nform);
			uint64_t count = get(r, 8);
			uint32_t x = trend_topic(t, &k);
			struct topic *p = &t->topic[x];
			r->bad |= p->nforms != f + 1;
			p->forms[p->nforms - 1].count = count;
			p->num = num;
			p->last = last;
		}
		r->bad |= t->ntopic != i + 1;
	}
}

static void get_pane(struct trend *t, struct reader *r)
{
	int64_t q = (int64_t)get(r, 8);
	uint64_t n = get(r, 8);
	if (r->bad || (t->npane && t->pane[t->npane - 1]->q >= q)) {
		r->bad = true;
		return;
	}
	struct pane *p = trend_pane(t, q, true);
	for (uint64_t i = 0; i < n && !r->bad; i++) {
		struct post x = { .has_id = get(r, 1) != 0 };
		x.id[0] = get(r, 8);
		x.id[1] = get(r, 8);
		x.author = get(r, 8);
		uint32_t k = (uint32_t)get(r, 4);
		if (r->bad || k > r->left / 4) {
			r->bad = true;
			return;
		}
		uint32_t *topic = MEM_GROW(t->some, t->somecap, k);
		for (uint32_t j = 0; j < k; j++) {
			topic[j] = (uint32_t)get(r, 4);
			if (topic[j] >= t->ntopic) {
				r->bad = true;
				return;
			}
		}
		trend_pane_add(t, p, &x, topic, k);
	}
}

int trend_load(struct trend *t, const void *data, size_t n, struct err *e)
{
	uint64_t hash[2];
	struct reader r = { data, n >= 8 ? n - 8 : 0, n < 8 };
	int code = get_header(t, &r, e);
	if (code)
		return code;
	murmur3_128(data, n - 8, MURMUR_SEED, hash);
	struct reader tail = { (const unsigned char *)data + n - 8, 8, false };
	if (r.bad || get(&tail, 8) != hash[0])
		return err_set(e, ERR_DATA, "the state of smtrend is damaged");
	get_topics(t, &r);
	uint64_t npanes = get(&r, 8);
	for (uint64_t i = 0; i < npanes && !r.bad; i++)
		get_pane(t, &r);
	if (r.bad || r.left)
		return err_set(e, ERR_DATA, "the state of smtrend is damaged");
	return 0;
}
