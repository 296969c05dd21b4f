/* SPDX-License-Identifier: MIT */
/* Any lines may stand in a log: each is an error or an action that prints to a line which parses to the same line again;
 * a snapshot made of them can be asked for everything it knows, and its values print to text that parses back. */
#include "base/mem.h"
#include "delta/dv.h"
#include "delta/index.h"
#include "delta/protocol.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_LINES 64
#define MAX_INPUT 65536

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void round_trip(const struct delta_action *act)
{
	struct arena a = ARENA_INIT;
	struct buf once = BUF_INIT, twice = BUF_INIT;
	struct delta_action again;
	struct err e;
	delta_action_print(act, &once);
	if (once.n && act->kind != DELTA_SIDECAR && act->kind != DELTA_CHECKPOINT_METADATA) {
		check(delta_action_is(once.p, once.n));
		check(delta_action_parse(&again, &a, once.p, once.n - 1, &e) == 0);
		check(again.kind == act->kind);
		delta_action_print(&again, &twice);
		check(once.n == twice.n && memcmp(once.p, twice.p, once.n) == 0);
	}
	buf_release(&once);
	buf_release(&twice);
	arena_release(&a);
}

static void values(const struct delta_snapshot *sn, const struct delta_file *f)
{
	struct buf b = BUF_INIT;
	struct err e;
	for (size_t i = 0; i < sn->npart; i++) {
		struct delta_value v, w;
		const struct type *t = &sn->part_field[i]->type;
		if (delta_file_value(sn, f, i, &v, &e) || v.null)
			continue;
		buf_clear(&b);
		delta_value_print(&v, t, &b);
		check(delta_value_parse(&w, t, b.p, b.n, &e) == 0 && !w.null);
	}
	buf_release(&b);
}

static void ask(struct delta_snapshot *sn)
{
	struct delta_iter it = DELTA_ITER_INIT;
	struct arena scratch = ARENA_INIT;
	const struct delta_file *f;
	size_t n = type_leaves(&sn->schema.root), live = 0;
	struct expr_leaf *leaf = mem_array(NULL, n + 1, sizeof *leaf);
	struct column_stats *stats = mem_array(NULL, n + 1, sizeof *stats);
	while ((f = delta_snapshot_next(sn, &it)) != NULL) {
		const char *dv = f->more && f->more->dv ? f->more->dv->id : NULL;
		check(delta_snapshot_find(sn, f->path, dv) == f && delta_snapshot_names(sn, f->path));
		delta_file_stats(sn, f, leaf, stats, &scratch);
		values(sn, f);
		live++;
	}
	check(live == sn->nfiles);
	mem_free(leaf);
	mem_free(stats);
	arena_release(&scratch);
}

static void take(struct delta_snapshot *sn, struct arena *a, const char *p, size_t n)
{
	struct delta_action act;
	struct err e;
	if (delta_action_parse(&act, a, p, n, &e))
		return;
	round_trip(&act);
	if ((act.kind == DELTA_ADD || act.kind == DELTA_REMOVE) && act.add.dv && act.add.dv->storage == 'i') {
		struct delta_rows rows;
		if (delta_dv_read(&rows, sn->store, act.add.dv, 1 << 20, &e) == 0) {
			static uint32_t sel[1 << 16];
			uint64_t left = 0;
			for (uint64_t at = 0; at < 1 << 20; at += 1 << 16)
				left += delta_rows_left(&rows, at, 1 << 16, sel);
			check(left == (1 << 20) - rows.n);
			delta_rows_release(&rows);
		}
	}
	check(index_apply(sn, &act, &e) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct store *store;
	struct delta_snapshot sn = { .flags = DELTA_WITH_STATS };
	struct arena a = ARENA_INIT;
	struct err e;
	const char *p = (const char *)data, *end = p + size;
	if (size > MAX_INPUT || (!store && store_open(&store, "/nonexistent", &e)))
		return 0;
	sn.store = store;
	sn.index = index_new();
	schema_init(&sn.schema);
	schema_init(&sn.physical);
	for (int i = 0; p < end && i < MAX_LINES; i++) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		take(&sn, &a, p, (size_t)((nl ? nl : end) - p));
		p = nl ? nl + 1 : end;
	}
	if (index_resolve(&sn, &e) == 0) {
		ask(&sn);
		delta_protocol_check_read(&sn.protocol, &e);
		delta_protocol_check_write(&sn.protocol, &sn.metadata, &sn.schema, &e);
	}
	index_free(sn.index);
	schema_release(&sn.schema);
	schema_release(&sn.physical);
	arena_release(&a);
	return 0;
}
