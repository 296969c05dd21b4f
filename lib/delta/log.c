/* SPDX-License-Identifier: MIT */
/* Lists the log's commits and checkpoints, and reads a commit line by line. */
#include "delta/log.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/num.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION_DIGITS 20
#define PART_DIGITS 10
#define CHECKPOINT_MAX_PARTS 100000

void delta_log_init(struct delta_log *l)
{
	*l = (struct delta_log){ .arena = ARENA_INIT };
}

void delta_log_release(struct delta_log *l)
{
	mem_free(l->commits);
	mem_free(l->checkpoints);
	arena_release(&l->arena);
	delta_log_init(l);
}

void delta_commit_name(struct buf *b, int64_t version)
{
	buf_printf(b, "%s/%0*lld.json", DELTA_LOG_DIR, VERSION_DIGITS, (long long)version);
}

/* N digits at *S, which moves on. */
static bool digits(const char **s, int n, int64_t *v)
{
	for (int i = 0; i < n; i++)
		if (!isdigit((unsigned char)(*s)[i]))
			return false;
	if (!num_i64(*s, (size_t)n, v))
		return false;
	*s += n;
	return true;
}

static bool is_uuid(const char *s)
{
	for (int i = 0; i < 36; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23 ? s[i] != '-' : !isxdigit((unsigned char)s[i]))
			return false;
	return true;
}

/* One file that is or belongs to a checkpoint; multi-part ones are put together later. */
struct part {
	int64_t version;
	uint32_t part, parts;
	const char *name;
};

struct listing {
	struct delta_log *l;
	struct part *v;
	size_t n, cap;
};

static void add_part(struct listing *ls, int64_t version, uint32_t part, uint32_t parts, const char *name)
{
	MEM_GROW(ls->v, ls->cap, ls->n + 1);
	ls->v[ls->n++] = (struct part){ version, part, parts, arena_strdup(&ls->l->arena, name) };
}

/* .checkpoint.parquet, .checkpoint.0000000001.0000000002.parquet, .checkpoint.UUID.parquet|json */
static void take_checkpoint(struct listing *ls, int64_t version, const char *name, const char *s)
{
	int64_t part, parts;
	if (strcmp(s, "parquet") == 0) {
		add_part(ls, version, 1, 1, name);
	} else if (is_uuid(s) && (strcmp(s + 36, ".parquet") == 0 || strcmp(s + 36, ".json") == 0)) {
		add_part(ls, version, 0, 0, name);
	} else if (digits(&s, PART_DIGITS, &part) && *s++ == '.' && digits(&s, PART_DIGITS, &parts) && strcmp(s, ".parquet") == 0 &&
		   part >= 1 && part <= parts && parts <= CHECKPOINT_MAX_PARTS) {
		add_part(ls, version, (uint32_t)part, (uint32_t)parts, name);
	}
}

static int take_entry(void *arg, const struct store_entry *entry, struct err *e)
{
	struct listing *ls = arg;
	struct delta_log *l = ls->l;
	const char *s = entry->name;
	int64_t version;
	(void)e;
	if (entry->dir || (!digits(&s, VERSION_DIGITS, &version) && strcmp(s, "_last_checkpoint") != 0))
		return 0;
	if (!l->trace)
		l->trace = arena_strdup(&l->arena, entry->name);
	if (strcmp(s, ".json") == 0) {
		MEM_GROW(l->commits, l->commits_cap, l->ncommits + 1);
		l->commits[l->ncommits++] = (struct delta_log_commit){ version, entry->mtime_ms, entry->size };
	} else if (strncmp(s, ".checkpoint.", 12) == 0) {
		take_checkpoint(ls, version, entry->name, s + 12);
	}
	return 0;
}

static int compare_commits(const void *a, const void *b)
{
	const struct delta_log_commit *x = a, *y = b;
	return (x->version > y->version) - (x->version < y->version);
}

/* Single files first, then multi-part by the number of parts, V2 last. */
static int compare_parts(const void *a, const void *b)
{
	const struct part *x = a, *y = b;
	if (x->version != y->version)
		return x->version < y->version ? -1 : 1;
	uint32_t p = x->parts ? x->parts : UINT32_MAX, q = y->parts ? y->parts : UINT32_MAX;
	if (p != q)
		return p < q ? -1 : 1;
	if (x->part != y->part)
		return x->part < y->part ? -1 : 1;
	return strcmp(x->name, y->name);
}

static void keep_checkpoint(struct delta_log *l, const struct part *p, size_t n)
{
	struct delta_log_checkpoint c = { p->version, p->parts, arena_array(&l->arena, n, sizeof *c.names) };
	for (size_t i = 0; i < n; i++)
		c.names[i] = p[i].name;
	MEM_GROW(l->checkpoints, l->checkpoints_cap, l->ncheckpoints + 1);
	l->checkpoints[l->ncheckpoints++] = c;
}

static void assemble(struct listing *ls)
{
	if (ls->n)
		qsort(ls->v, ls->n, sizeof *ls->v, compare_parts);
	for (size_t i = 0; i < ls->n; ) {
		const struct part *p = &ls->v[i];
		size_t n = 1;
		while (p->parts && i + n < ls->n && p[n].version == p->version && p[n].parts == p->parts)
			n++;
		if (p->parts == 0 || n == p->parts)
			keep_checkpoint(ls->l, p, n);
		i += n;
	}
}

int delta_log_list(struct delta_log *l, struct store *s, struct err *e)
{
	struct listing ls = { .l = l };
	l->ncommits = l->ncheckpoints = 0;
	l->trace = NULL;
	int rc = store_list(s, DELTA_LOG_DIR, take_entry, &ls, e);
	if (rc == 0) {
		if (l->ncommits)
			qsort(l->commits, l->ncommits, sizeof *l->commits, compare_commits);
		assemble(&ls);
		if (l->ncommits == 0 && l->ncheckpoints == 0 && l->trace)
			rc = err_set(e, ERR_IO, "the log of %s has lost its commits: there is %s, but no commit and no complete checkpoint",
				    store_root(s), l->trace);
		else if (l->ncommits == 0 && l->ncheckpoints == 0)
			rc = err_set(e, ERR_NOT_FOUND, "%s is not a Delta table: no commit in %s", store_root(s), DELTA_LOG_DIR);
	}
	mem_free(ls.v);
	return rc;
}

int64_t delta_log_newest(const struct delta_log *l)
{
	int64_t v = l->ncommits ? l->commits[l->ncommits - 1].version : -1;
	if (l->ncheckpoints && l->checkpoints[l->ncheckpoints - 1].version > v)
		v = l->checkpoints[l->ncheckpoints - 1].version;
	return v;
}

const struct delta_log_commit *delta_log_find(const struct delta_log *l, int64_t version)
{
	struct delta_log_commit key = { .version = version };
	return l->ncommits ? bsearch(&key, l->commits, l->ncommits, sizeof *l->commits, compare_commits) : NULL;
}

bool delta_log_contiguous(const struct delta_log *l, int64_t first, int64_t last)
{
	if (first > last)
		return true;
	const struct delta_log_commit *c = delta_log_find(l, first);
	return c && (size_t)(last - first) < (size_t)(l->commits + l->ncommits - c) && c[last - first].version == last;
}

int delta_log_check(const struct delta_log *l, const struct store *s, struct err *e)
{
	int64_t newest = delta_log_newest(l), missing = newest;
	bool whole = delta_log_contiguous(l, 0, newest);
	for (size_t i = l->ncheckpoints; i-- > 0 && !whole; )
		whole = delta_log_contiguous(l, l->checkpoints[i].version + 1, newest);
	if (whole)
		return 0;
	while (missing >= 0 && delta_log_find(l, missing))
		missing--;
	return err_set(e, ERR_IO, "the log of %s has a gap: version %lld is missing, and no checkpoint covers it (the newest "
		       "version is %lld)", store_root(s), (long long)missing, (long long)newest);
}

int delta_log_moved(struct store *s, int64_t version, bool *moved, struct err *e)
{
	struct buf name = BUF_INIT;
	delta_commit_name(&name, version + 1);
	int rc = store_stat(s, buf_cstr(&name), NULL, NULL, e);
	buf_release(&name);
	*moved = rc == 0;
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

int delta_log_hash(struct store *s, int64_t version, char hex[DELTA_LOG_HASH + 1], struct err *e)
{
	struct buf name = BUF_INIT, text = BUF_INIT;
	delta_commit_name(&name, version);
	int rc = store_get(s, buf_cstr(&name), DELTA_COMMIT_MAX, &text, e);
	if (rc == 0)
		snprintf(hex, DELTA_LOG_HASH + 1, "%016llx", (unsigned long long)hash_stable(text.p ? text.p : "", text.n, 0));
	buf_release(&name);
	buf_release(&text);
	return rc;
}

bool delta_log_may_be(struct store *s, int64_t version, const char *hash)
{
	char own[DELTA_LOG_HASH + 1];
	return !hash || delta_log_hash(s, version, own, NULL) != 0 || strcmp(own, hash) == 0;
}

/* One line of NAME. The file, the line and the column go into the error. */
static int read_line(struct store *s, const char *name, struct arena *a, const char *p, size_t n, uint64_t line,
		     delta_action_fn *fn, void *arg, struct err *e)
{
	struct delta_action act;
	int rc = delta_action_parse(&act, a, p, n, e);
	if (rc) {
		struct buf b = BUF_INIT;
		store_path(s, name, &b);
		err_at(e, buf_cstr(&b), line, e ? e->col : 0);
		buf_release(&b);
		return rc;
	}
	return act.kind == DELTA_UNKNOWN ? 0 : fn(arg, &act, line, e);
}

int delta_log_read_file(struct store *s, const char *name, struct arena *keep, delta_action_fn *fn, void *arg, struct err *e)
{
	struct buf text = BUF_INIT, path = BUF_INIT;
	struct arena own = ARENA_INIT, *a = keep ? keep : &own;
	uint64_t line = 0;
	bool any = false;
	store_path(s, name, &path);
	int rc = store_get(s, name, DELTA_COMMIT_MAX, &text, e);
	const char *p = text.p, *end = text.p + text.n;
	while (rc == 0 && p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((nl ? nl : end) - p);
		size_t blank = 0;
		line++;
		while (blank < n && isspace((unsigned char)p[blank]))
			blank++;
		if (blank < n) {
			any = true;
			rc = read_line(s, name, a, p, n, line, fn, arg, e);
			if (!keep)
				arena_clear(&own);
		}
		p = nl ? nl + 1 : end;
	}
	if (rc == 0 && !any) {
		err_set(e, ERR_DATA, "the commit is empty: it was torn or never written (a power cut?)");
		rc = err_at(e, buf_cstr(&path), 0, 0);
		rc = ERR_DATA;
	}
	arena_release(&own);
	buf_release(&text);
	buf_release(&path);
	return rc;
}

int delta_log_read(struct store *s, int64_t version, struct arena *keep, delta_action_fn *fn, void *arg, struct err *e)
{
	struct buf name = BUF_INIT;
	delta_commit_name(&name, version);
	int rc = delta_log_read_file(s, buf_cstr(&name), keep, fn, arg, e);
	buf_release(&name);
	return rc;
}
