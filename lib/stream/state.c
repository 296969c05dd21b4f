/* SPDX-License-Identifier: MIT */
/* Writes, reads and prunes the files of a tool's state. */
#include "stream/state.h"

#include "base/mem.h"
#include "base/num.h"
#include "stream/ck.h"

#include <string.h>

struct state {
	struct ck *ck;
	char *dir;               /* state/TOOL */
};

static bool good_name(const char *s)
{
	static const char ok[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	return *s && strspn(s, ok) == strlen(s);
}

int state_open(struct state **out, const char *ck, const char *tool, struct err *e)
{
	struct ck *c;
	if (!good_name(tool))
		return err_set(e, ERR_USAGE, "'%s' is not a valid name for the state of a tool", tool);
	int rc = ck_open(&c, ck, 0, e);
	if (rc != 0)
		return rc;
	struct buf dir = BUF_INIT;
	buf_printf(&dir, "state/%s", tool);
	struct state *st = mem_zalloc(sizeof *st);
	st->ck = c;
	st->dir = buf_detach(&dir, NULL);
	*out = st;
	return 0;
}

void state_close(struct state *st)
{
	if (!st)
		return;
	ck_close(st->ck);
	mem_free(st->dir);
	mem_free(st);
}

static char *file_name(const struct state *st, int64_t seq, struct buf *b)
{
	buf_printf(b, "%s/%lld", st->dir, (long long)seq);
	return buf_cstr(b);
}

int state_write(struct state *st, int64_t seq, const void *p, size_t n, struct err *e)
{
	struct buf name = BUF_INIT;
	int rc = store_put(st->ck->store, file_name(st, seq, &name), p, n, e);
	buf_release(&name);
	return rc;
}

int state_read(struct state *st, int64_t seq, size_t max, struct buf *b, struct err *e)
{
	struct buf name = BUF_INIT;
	int rc = store_get(st->ck->store, file_name(st, seq, &name), max, b, e);
	buf_release(&name);
	return rc;
}

struct old {
	uint64_t below;
	uint64_t *v;
	size_t n, cap;
};

bool state_entry(const struct store_entry *entry, int64_t *seq)
{
	uint64_t n;
	if (entry->dir || !num_u64(entry->name, strlen(entry->name), &n) || n > INT64_MAX)
		return false;
	*seq = (int64_t)n;
	return true;
}

/* Removing while listing would leave it open what the listing still shows. */
static int collect(void *arg, const struct store_entry *entry, struct err *e)
{
	struct old *o = arg;
	int64_t seq;
	(void)e;
	if (!state_entry(entry, &seq) || (uint64_t)seq >= o->below)
		return 0;
	MEM_GROW(o->v, o->cap, o->n + 1);
	o->v[o->n++] = (uint64_t)seq;
	return 0;
}

int state_prune(struct state *st, struct err *e)
{
	struct arena a = ARENA_INIT;
	struct buf name = BUF_INIT;
	struct ck_record rec;
	struct old o = { 0 };
	int rc = ck_record_read(st->ck, &a, &rec, e);
	if (rc == 0 && strcmp(rec.stream, st->ck->stream) == 0) {
		o.below = (uint64_t)rec.seq;
		rc = store_list(st->ck->store, st->dir, collect, &o, e);
	}
	for (size_t i = 0; i < o.n && rc == 0; i++) {
		buf_clear(&name);
		rc = store_delete(st->ck->store, file_name(st, (int64_t)o.v[i], &name), e);
		rc = rc == ERR_NOT_FOUND ? 0 : rc;
	}
	mem_free(o.v);
	buf_release(&name);
	arena_release(&a);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}
