// SPDX-License-Identifier: MIT
/* Closing windows: counts over the panes, authors united, the score against the past. */
#include "sketch/trend_int.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

#define PRIOR 8.0      /* r: how much the number of authors varies anyway */
#define LEAST 1.0      /* beta: nothing is expected to have fewer authors */

struct sum {
	uint32_t topic;
	uint64_t count, authors;   /* authors: of the panes, added up: an upper bound */
};

static double score(double o, double e)
{
	if (o <= e)
		return 0;
	double d = o * log(o / e) - (o + PRIOR) * log((o + PRIOR) / (e + PRIOR));
	return d > 0 ? sqrt(2 * d) : 0;
}

static double rounded(double x)
{
	return floor(x * 1e6 + 0.5) / 1e6;
}

static double expected(const struct trend *t, const struct topic *p)
{
	if (!t->has_base)
		return LEAST;
	double e = (double)t->m * p->num * pow(t->decay, (double)(t->base - p->last)) / t->den;
	return e > LEAST ? e : LEAST;
}

/* Every topic of the panes [FROM, TO) of the window; the caller frees *SUMS. */
static size_t add_up(struct trend *t, size_t from, size_t to, struct sum **sums)
{
	uint32_t *slot = mem_zalloc((t->ntopic + 1) * sizeof *slot);
	struct sum *s = NULL;
	size_t n = 0, cap = 0;
	for (size_t i = from; i < to; i++)
		for (size_t k = 0; k < t->pane[i]->ncell; k++) {
			const struct cell *c = &t->pane[i]->cell[k];
			if (!c->count)
				continue;
			if (!slot[c->topic]) {
				MEM_GROW(s, cap, n + 1);
				s[n] = (struct sum){ .topic = c->topic };
				slot[c->topic] = (uint32_t)++n;
			}
			struct sum *x = &s[slot[c->topic] - 1];
			x->count += c->count;
			x->authors += distinct_count(&c->authors);
		}
	mem_free(slot);
	*sums = s;
	return n;
}

/* The different authors of a topic in the panes [FROM, TO). */
static uint64_t unite(const struct trend *t, uint32_t topic, size_t from, size_t to, struct distinct *all, bool *exact)
{
	const struct cell *only = NULL;
	bool many = false;
	for (size_t i = from; i < to; i++) {
		const struct cell *c = trend_pane_cell(t->pane[i], topic);
		if (!c || !c->count)
			continue;
		if (only && !many) {
			distinct_clear(all);
			distinct_merge(all, &only->authors);
			many = true;
		}
		if (many)
			distinct_merge(all, &c->authors);
		only = c;
	}
	const struct distinct *d = many ? all : &only->authors;
	*exact = distinct_is_exact(d);
	return distinct_count(d);
}

static int by_key(const struct trend_row *a, const struct trend_row *b)
{
	size_t n = a->nkey < b->nkey ? a->nkey : b->nkey;
	int order = memcmp(a->key, b->key, n);
	return order ? order : (a->nkey > b->nkey) - (a->nkey < b->nkey);
}

static int by_authors(const struct trend_row *a, const struct trend_row *b)
{
	return a->authors != b->authors ? (a->authors < b->authors ? 1 : -1) : by_key(a, b);
}

static int by_score(const void *pa, const void *pb)
{
	const struct trend_row *a = pa, *b = pb;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return a->score != b->score ? (a->score < b->score ? 1 : -1) : by_authors(a, b);
}

static int by_count(const void *pa, const void *pb)
{
	const struct trend_row *a = pa, *b = pb;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return a->count != b->count ? (a->count < b->count ? 1 : -1) : by_authors(a, b);
}

/* Keep the first `top` rows of each kind, and number them. */
static size_t rank(const struct trend *t, struct trend_row *row, size_t n)
{
	size_t kept = 0;
	unsigned at = 0;
	for (size_t i = 0; i < n; i++) {
		at = i && row[i].kind == row[i - 1].kind ? at + 1 : 1;
		if (t->o.top && at > t->o.top)
			continue;
		row[kept] = row[i];
		row[kept++].rank = at;
	}
	return kept;
}

static size_t make_rows(struct trend *t, size_t from, size_t to, struct trend_row **rows)
{
	struct distinct all = DISTINCT_INIT;
	struct sum *sums;
	size_t nsums = add_up(t, from, to, &sums), n = 0;
	struct trend_row *row = mem_array(NULL, nsums + 1, sizeof *row);
	for (size_t i = 0; i < nsums; i++) {
		const struct topic *p = &t->topic[sums[i].topic];
		if (sums[i].count < t->o.min_count || sums[i].authors < t->o.min_authors)
			continue;
		const struct form *f = trend_topic_form(p);
		struct trend_row r = { .kind = p->kind, .key = p->key, .nkey = p->nkey, .form = f->p, .nform = f->n,
				       .count = sums[i].count };
		r.authors = unite(t, sums[i].topic, from, to, &all, &r.authors_exact);
		double e = expected(t, p);
		r.score = rounded(score((double)r.authors, e));
		r.expected = rounded(e);
		if (r.authors < t->o.min_authors || (t->o.order == TREND_BY_SCORE && r.score < t->o.min_score))
			continue;
		row[n++] = r;
	}
	if (n)
		qsort(row, n, sizeof *row, t->o.order == TREND_BY_SCORE ? by_score : by_count);
	mem_free(sums);
	distinct_release(&all);
	*rows = row;
	return rank(t, row, n);
}

/* The baseline moves on to pane UPTO, through panes without posts. */
static void base_skip(struct trend *t, int64_t upto)
{
	if (!t->has_base || upto <= t->base)
		return;
	double past = pow(t->decay, (double)(upto - t->base));
	t->den = t->den * past + (1 - past) / (1 - t->decay);
	t->base = upto;
}

/* Pane Q leaves the windows and becomes part of the past. */
static void base_add(struct trend *t, int64_t q)
{
	size_t i = trend_pane_at(t, q);
	struct pane *p = i < t->npane && t->pane[i]->q == q ? t->pane[i] : NULL;
	if (!p) {
		base_skip(t, q);
		return;
	}
	base_skip(t, q - 1);
	t->den = t->has_base ? t->den * t->decay + 1 : 1;
	t->has_base = true;
	t->base = q;
	for (size_t c = 0; c < p->ncell; c++) {
		struct topic *x = &t->topic[p->cell[c].topic];
		x->num = x->num * pow(t->decay, (double)(q - x->last)) + (double)distinct_count(&p->cell[c].authors);
		x->last = q;
	}
	trend_pane_drop(t, i);
}

static int emit(struct trend *t, int64_t last, size_t from, size_t to, bool open, struct err *e)
{
	struct trend_window w = { .start_us = (last - t->m + 1) * t->o.slide_us, .end_us = (last + 1) * t->o.slide_us };
	struct trend_row *rows;
	w.open = open && w.end_us > t->max_us - t->o.delay_us;
	for (size_t i = from; i < to; i++)
		w.posts += t->pane[i]->live;
	w.n = make_rows(t, from, to, &rows);
	w.row = rows;
	t->stats.windows++;
	int rc = t->emit(t->arg, &w, e);
	mem_free(rows);
	return rc;
}

int trend_close(struct trend *t, int64_t upto, bool open, struct err *e)
{
	int rc = 0;
	if (upto <= t->closed)
		return 0;
	while (t->closed < upto && !rc) {
		int64_t last = t->closed + 1;
		size_t from = trend_pane_at(t, last - t->m + 1), to = trend_pane_at(t, last + 1);
		if (from == to) {
			/* no post in this window: go on to the first one that has any */
			int64_t next = from < t->npane && t->pane[from]->q <= upto ? t->pane[from]->q : upto + 1;
			base_skip(t, next - t->m);
			t->closed = next - 1;
			continue;
		}
		rc = emit(t, last, from, to, open, e);
		base_add(t, last - t->m + 1);
		t->closed = last;
	}
	if (t->tlive >= 2 * t->swept + 1024)
		trend_topic_sweep(t);
	return rc;
}
