/* SPDX-License-Identifier: MIT */
/* Which files of a snapshot are read: those that can hold a match, in the order of the log. */
#include "replay/parts.h"

#include "base/mem.h"

#include <stdlib.h>

void replay_plan_init(struct replay_plan *p, const struct project *pr)
{
	memset(p, 0, sizeof *p);
	p->stats = mem_array(NULL, pr->schema_leaves + 1, sizeof *p->stats);
	p->leaf = mem_array(NULL, pr->schema_leaves + 1, sizeof *p->leaf);
	p->work_leaf = mem_array(NULL, pr->nleaves + 1, sizeof *p->work_leaf);
	if (pr->bound_where)
		p->eval = expr_eval_new(pr->bound_where);
}

void replay_plan_release(struct replay_plan *p)
{
	mem_free(p->stats);
	mem_free(p->leaf);
	mem_free(p->work_leaf);
	mem_free(p->unit);
	expr_eval_free(p->eval);
	arena_release(&p->arena);
	arena_release(&p->scratch);
}

void replay_plan_clear(struct replay_plan *p)
{
	p->n = 0;
	p->bytes = 0;
	arena_clear(&p->arena);
}

/* the earliest event time in a file, when it is a column with statistics */
static int64_t earliest(const struct replay_plan *p, const struct project *pr)
{
	const struct expr_path *path;
	if (!pr->bound_time || expr_paths(pr->bound_time, &path) != 1)
		return INT64_MIN;
	const struct type *t = &pr->work;
	size_t leaf = 0;
	for (size_t i = 0; i < path->n; i++) {
		if (t->kind != TYPE_STRUCT)
			return INT64_MIN;
		for (uint32_t k = 0; k < path->field[i]; k++)
			leaf += type_leaves(&t->fields[k].type);
		t = &t->fields[path->field[i]].type;
	}
	const struct column_stats *s = p->work_leaf[leaf].stats;
	if (!s || !s->has_minmax)
		return INT64_MIN;
	if (t->kind == TYPE_DATE)
		return s->min.i * US_PER_DAY;
	return t->kind == TYPE_TIMESTAMP || t->kind == TYPE_TIMESTAMP_NTZ ? s->min.i : INT64_MIN;
}

int replay_plan_add(struct replay_plan *p, const struct project *pr, const struct delta_snapshot *sn, const struct unit *u, struct err *e)
{
	struct unit *to;
	unsigned may = EXPR_MAY_TRUE;
	(void)e;
	p->files++;
	MEM_GROW(p->unit, p->cap, p->n + 1);
	to = &p->unit[p->n];
	*to = *u;
	to->min_us = INT64_MIN;
	if (p->eval || pr->bound_time) {
		delta_file_stats(sn, &u->file, p->leaf, p->stats, &p->scratch);
		for (size_t i = 0; i < pr->nleaves; i++)
			p->work_leaf[i] = p->leaf[pr->leaf[i]];
		to->min_us = earliest(p, pr);
	}
	if (p->eval)
		may = expr_prune(p->eval, p->work_leaf);
	to->all_rows = may == EXPR_MAY_TRUE;
	if (may & EXPR_MAY_TRUE) {
		p->n++;
		p->bytes += u->file.size;
	}
	return 0;
}

static int by_time(const void *a, const void *b)
{
	const struct unit *x = a, *y = b;
	if (x->min_us != y->min_us)
		return x->min_us < y->min_us ? -1 : 1;
	return strcmp(x->file.path, y->file.path);
}

void replay_plan_sort_by_time(struct replay_plan *p)
{
	if (p->n)
		qsort(p->unit, p->n, sizeof *p->unit, by_time);
}

int replay_plan_snapshot(struct replay_plan *p, const struct project *pr, const struct delta_snapshot *sn, const struct replay_opts *o,
		  struct err *e)
{
	struct delta_iter it = DELTA_ITER_INIT;
	const struct delta_file *f;
	int rc = 0;
	while (rc == 0 && (f = delta_snapshot_next(sn, &it))) {
		struct unit u = { .file = *f, .minus = f->more ? f->more->dv : NULL };
		rc = replay_plan_add(p, pr, sn, &u, e);
	}
	if (rc == 0 && o->by_time)
		replay_plan_sort_by_time(p);
	return rc;
}
