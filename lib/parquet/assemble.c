/* SPDX-License-Identifier: MIT */
/* Puts leaves together to structs, lists and maps, by their levels. */
#include "parquet/assemble.h"

static int disagree(struct err *e)
{
	return err_set(e, ERR_DATA, "the columns of one group have different shapes");
}

static void no_rows(struct column *c, size_t n)
{
	c->n = n;
	c->nulls = n;
	c->valid = n ? c->valid_buf : NULL;
	if (n)
		memset(c->valid, 0, (n + 7) / 8);
}

/* N nulls, whatever the type. */
static void all_null(struct column *c, size_t n)
{
	column_reserve(c, n, 0);
	size_t width = type_width(c->type);
	if (c->data && (width || c->type->kind == TYPE_BOOLEAN))
		memset(c->data, 0, width ? n * width : (n + 7) / 8);
	if (c->offsets)
		memset(c->offsets, 0, (n + 1) * sizeof *c->offsets);
	no_rows(c, n);
	for (size_t i = 0; i < c->nchild; i++)
		all_null(&c->child[i], c->type->kind == TYPE_STRUCT ? n : 0);
}

static inline uint8_t def_at(const struct leaf_reader *l, size_t i)
{
	return l->all_def ? l->leaf->max_def : l->def_out[i];
}

static inline uint8_t rep_at(const struct leaf_reader *l, size_t i)
{
	return l->leaf->max_rep ? l->rep_out[i] : 0;
}

/* Validity of the N slots of view V, told by leaf L; false when L has another number of slots. Slots are entries
 * that begin an element of V's innermost list. */
static bool slots(const struct pq_view *v, const struct leaf_reader *l, struct column *c, size_t n)
{
	size_t k = 0, live = 0;
	c->n = n;
	c->nulls = 0;
	c->valid = NULL;
	if (l->all_def && !l->leaf->max_rep)
		return l->n == n;
	if (n)
		memset(c->valid_buf, 0, (n + 7) / 8);
	for (size_t i = 0; i < l->n; i++) {
		uint8_t def = def_at(l, i);
		if (def < v->exist || rep_at(l, i) > v->rep)
			continue;
		if (k == n)
			return false;
		bool there = def >= v->def;
		c->valid_buf[k >> 3] |= (uint8_t)(there << (k & 7));
		live += there;
		k++;
	}
	c->nulls = n - live;
	c->valid = c->nulls ? c->valid_buf : NULL;
	return k == n;
}

/* Eight levels at a time, for columns without lists: every entry is a slot. */
static void flat_slots(const struct leaf_reader *l, struct column *c, size_t n)
{
	uint8_t max = l->leaf->max_def;
	size_t live = 0;
	for (size_t i = 0; i < n; i += 8) {
		unsigned byte = 0, m = n - i < 8 ? (unsigned)(n - i) : 8;
		for (unsigned b = 0; b < m; b++)
			byte |= (unsigned)(l->def_out[i + b] == max) << b;
		c->valid_buf[i >> 3] = (uint8_t)byte;
		live += (unsigned)__builtin_popcount(byte);
	}
	c->n = n;
	c->nulls = n - live;
	c->valid = c->nulls ? c->valid_buf : NULL;
}

#define SPREAD(type) do { \
	type *p = c->data; \
	for (size_t i = n; i-- > 0; ) \
		p[i] = bit_get(c->valid, i) ? p[--k] : 0; \
} while (0)

/* The K values at the front of C go to the N slots that are valid. */
static void spread(struct column *c, size_t n, size_t k)
{
	switch (type_width(c->type)) {
	case 1: SPREAD(uint8_t); return;
	case 2: SPREAD(uint16_t); return;
	case 4: SPREAD(uint32_t); return;
	case 8: SPREAD(uint64_t); return;
	case 16: SPREAD(unsigned __int128); return;
	default: break;
	}
	if (c->offsets) {
		int32_t *o = c->offsets;
		o[n] = o[k];
		for (size_t i = n; i-- > 0; )
			o[i] = bit_get(c->valid, i) ? o[--k] : o[i + 1];
		return;
	}
	uint8_t *bits = c->data;
	for (size_t i = n; i-- > 0; ) {
		bool v = bit_get(c->valid, i) && bit_get(bits, --k);
		if (v)
			bit_set(bits, i);
		else
			bit_clear(bits, i);
	}
}

static int leaf_column(const struct proj *p, struct leaf_reader *l, struct column *c, size_t n, struct err *e)
{
	const struct pq_view *v = p->view;
	size_t k = l->out.n;
	int rc = convert_values(l->leaf, &l->out, c, e);
	if (rc)
		return rc;
	/* Grow to all slots; what is there is kept by pretending that it is complete. */
	c->n = k;
	column_reserve(c, n > k ? n - k : 0, 0);
	if (!k && c->offsets)
		c->offsets[0] = 0;
	if (!l->all_def && !l->leaf->max_rep && l->n == n)
		flat_slots(l, c, n);
	else if (!slots(v, l, c, n))
		return disagree(e);
	if (c->nulls + k != n)
		return disagree(e);
	if (c->nulls)
		spread(c, n, k);
	return 0;
}

/* Offsets of a list's N slots; the element's slots are the last of them. */
static bool offsets_of(const struct pq_view *v, const struct leaf_reader *l, struct column *c, size_t n)
{
	size_t k = 0;
	c->offsets[0] = 0;
	for (size_t i = 0; i < l->n; i++) {
		uint8_t def = def_at(l, i), rep = rep_at(l, i);
		if (def < v->exist)
			continue;
		if (rep <= v->rep) {
			if (k == n)
				return false;
			k++;
			c->offsets[k] = c->offsets[k - 1];
		}
		if (!k)
			return false;
		if (def > v->def && rep <= v->rep + 1)
			c->offsets[k]++;
	}
	return k == n;
}

static int group_column(const struct proj *p, struct leaf_reader *leaf, struct column *c, size_t n, struct err *e)
{
	const struct leaf_reader *l = &leaf[p->lev];
	size_t inner = n;
	column_reserve(c, n, 0);
	if (!slots(p->view, l, c, n))
		return disagree(e);
	if (c->type->kind != TYPE_STRUCT) {
		if (!offsets_of(p->view, l, c, n))
			return disagree(e);
		inner = (size_t)c->offsets[n];
	}
	for (size_t i = 0; i < p->nchild; i++) {
		int rc = assemble(&p->child[i], leaf, &c->child[i], inner, e);
		if (rc)
			return rc;
	}
	return 0;
}

int assemble(const struct proj *p, struct leaf_reader *leaf, struct column *c, size_t n, struct err *e)
{
	if (!p->view) {
		all_null(c, n);
		return 0;
	}
	if (p->nchild)
		return group_column(p, leaf, c, n, e);
	int rc = leaf_column(p, &leaf[p->lev], c, n, e);
	return rc ? err_wrap(e, "column %s", leaf[p->lev].leaf->path) : 0;
}
