/* SPDX-License-Identifier: MIT */
/* Gathers the actions between two marks. */
#include "base/mem.h"
#include "commit/committer.h"
#include "delta/stats.h"

#include <string.h>

#define MAX_ACTIONS ((size_t)20000000)

void group_clear(struct group *g)
{
	arena_clear(&g->arena);
	g->adds.n = g->removes.n = g->ntxns = g->nmetadata = g->nactions = 0;
	g->has_protocol = false;
}

void group_release(struct group *g)
{
	arena_release(&g->arena);
	mem_free(g->adds.v);
	mem_free(g->removes.v);
	mem_free(g->txns);
	memset(g, 0, sizeof *g);
}

static void add_file(struct group *g, struct group_files *to, const struct delta_add *add, const char *line, size_t n)
{
	MEM_GROW(to->v, to->cap, to->n + 1);
	struct group_file *f = &to->v[to->n++];
	*f = (struct group_file){ .add = *add, .line = arena_strndup(&g->arena, line, n), .nline = n };
	f->rows = delta_stats_rows(add->stats, add->nstats, &g->arena);
}

static bool names_hold(const struct delta_names *all, const struct delta_names *some)
{
	for (size_t i = 0; i < some->n; i++)
		if (!delta_names_have(all, some->v[i]))
			return false;
	return true;
}

/* A commit has one protocol: of several the newest, which must ask for all that those before it asked for. */
static int take_protocol(struct group *g, const struct delta_protocol *p, struct err *e)
{
	const struct delta_protocol *had = &g->protocol;
	if (g->has_protocol && (p->min_reader < had->min_reader || p->min_writer < had->min_writer ||
				!names_hold(&p->reader_features, &had->reader_features) ||
				!names_hold(&p->writer_features, &had->writer_features)))
		return err_set(e, ERR_DATA, "a second protocol before the mark requires less than the first");
	g->protocol = *p;
	g->has_protocol = true;
	return 0;
}

int group_add_line(struct group *g, const char *line, size_t n, struct err *e)
{
	struct delta_action act;
	int rc = delta_action_parse(&act, &g->arena, line, n, e);
	if (rc)
		return rc;
	if (++g->nactions > MAX_ACTIONS)
		return err_set(e, ERR_DATA, "more than %zu actions without a mark", MAX_ACTIONS);
	switch (act.kind) {
	case DELTA_ADD: add_file(g, &g->adds, &act.add, line, n); return 0;
	case DELTA_REMOVE: add_file(g, &g->removes, &act.add, line, n); return 0;
	case DELTA_TXN:
		MEM_GROW(g->txns, g->txns_cap, g->ntxns + 1);
		g->txns[g->ntxns++] = act.txn;
		return 0;
	case DELTA_METADATA:
		g->metadata = act.metadata; /* the newest: fit_take_metadata says whether it may follow another */
		g->nmetadata++;
		return 0;
	case DELTA_PROTOCOL: return take_protocol(g, &act.protocol, e);
	case DELTA_COMMIT_INFO:
		g->nactions--;
		return 0; /* smcommit writes its own */
	default: return err_set(e, ERR_DATA, "smcommit commits only add, remove, metaData, protocol and txn actions");
	}
}
