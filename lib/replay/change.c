/* SPDX-License-Identifier: MIT */
/* The rows that versions added and removed, from the add and remove actions of their commits. */
#include "replay/parts.h"

#include "base/mem.h"
#include "delta/log.h"

struct commit {                      /* the actions of one version */
	struct arena arena;
	struct delta_add *add, *remove;
	size_t nadd, nremove, add_cap, remove_cap;
};

struct changes {
	struct replay_plan *plan;
	const struct project *project;
	const struct delta_snapshot *snapshot;
	int64_t version, time_ms;
	bool tagged;
	struct commit commit;        /* the version being read */
	struct delta_snapshot *before; /* of the version before, where a remove says too little; NULL: not needed yet */
};

static int take_action(void *arg, const struct delta_action *act, uint64_t line, struct err *e)
{
	struct commit *c = arg;
	(void)line;
	(void)e;
	if (act->kind == DELTA_ADD && act->add.data_change) {
		MEM_GROW(c->add, c->add_cap, c->nadd + 1);
		c->add[c->nadd++] = act->add;
	} else if (act->kind == DELTA_REMOVE && act->add.data_change) {
		MEM_GROW(c->remove, c->remove_cap, c->nremove + 1);
		c->remove[c->nremove++] = act->add;
	}
	return 0;
}

static const char *physical_name(const struct delta_snapshot *sn, size_t part)
{
	return sn->physical.root.fields[sn->part_field[part] - sn->schema.root.fields].name;
}

static const struct delta_dv *copy_dv(struct arena *a, const struct delta_dv *dv)
{
	if (!dv)
		return NULL;
	struct delta_dv *to = arena_alloc(a, sizeof *to);
	*to = *dv;
	to->path_or_inline = arena_strdup(a, dv->path_or_inline);
	to->id = arena_strdup(a, dv->id);
	return to;
}

/* an action's file, its texts in the plan's arena */
static void file_of(struct changes *c, const struct delta_add *add, struct delta_file *f)
{
	struct arena *a = &c->plan->arena;
	size_t n = c->snapshot->npart;
	struct delta_text *part = arena_array(a, n + 1, sizeof *part);
	for (size_t i = 0; i < n; i++) {
		part[i] = delta_map_text(&add->partition_values, physical_name(c->snapshot, i));
		part[i].p = part[i].p ? arena_strndup(a, part[i].p, part[i].n) : NULL;
	}
	*f = (struct delta_file){ .path = arena_strdup(a, add->path), .part = part,
				  .size = add->size < 0 ? 0 : (uint64_t)add->size, .live = true, .data_change = true };
	if (add->stats) {
		f->stats = arena_strndup(a, add->stats, add->nstats);
		f->nstats = (uint32_t)add->nstats;
	}
}

static void tag(struct changes *c, struct unit *u, const char *type)
{
	char t[48];
	size_t n = time_format(t, c->time_ms * 1000, 3, true);
	if (!c->tagged)
		return;
	const char *fmt = c->project->csv == CSV_NONE ? "\"_change_type\":\"%s\",\"_commit_version\":%lld,\"_commit_timestamp\":\"%.*s\"" :
			  c->project->csv == CSV_TAB ? "\t%s\t%lld\t%.*s" : ",%s,%lld,%.*s";
	u->tail = arena_printf(&c->plan->arena, fmt, type, (long long)c->version, (int)n, t);
	u->ntail = strlen(u->tail);
}

/* the same path among the adds: only its deletion vector changed */
static const struct delta_add *same_path(const struct delta_add *v, size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(v[i].path, path))
			return &v[i];
	return NULL;
}

static int add_unit(struct changes *c, const struct delta_add *add, const struct delta_dv *only, const char *type,
		    struct err *e)
{
	struct unit u = { .minus = copy_dv(&c->plan->arena, add->dv), .only = copy_dv(&c->plan->arena, only) };
	file_of(c, add, &u.file);
	tag(c, &u, type);
	return replay_plan_add(c->plan, c->project, c->snapshot, &u, e);
}

/* the snapshot of the version before */
static int open_before(struct changes *c, struct err *e)
{
	if (!c->before)
		return delta_snapshot_open(&c->before, c->snapshot->store, c->version - 1, 0, e);
	return c->before->version == c->version - 1 ? 0 : delta_snapshot_update(c->before, c->version - 1, e);
}

/* A remove may leave out the partition values of its file: those are what the add said. */
static int add_values(struct changes *c, struct delta_add *r, struct err *e)
{
	struct arena *a = &c->plan->arena;
	if (!c->snapshot->npart || r->partition_values.n)
		return 0;
	int rc = c->version ? open_before(c, e) : 0;
	const struct delta_file *f =
		rc == 0 && c->before ? delta_snapshot_find(c->before, r->path, r->dv ? r->dv->id : NULL) : NULL;
	if (rc)
		return rc;
	if (!f || !f->live)
		return err_set(e, ERR_DATA, "version %lld removes %s, which was not in the table", (long long)c->version, r->path);
	struct delta_kv *kv = arena_array(a, c->before->npart + 1, sizeof *kv);
	for (size_t i = 0; i < c->before->npart; i++)
		kv[i] = (struct delta_kv){ physical_name(c->before, i), f->part[i].p, f->part[i].n };
	r->partition_values = (struct delta_map){ kv, c->before->npart };
	return 0;
}

static int plan_removed(struct changes *c, const struct delta_add *r, struct err *e)
{
	struct delta_add from = *r;
	const struct delta_add *again = same_path(c->commit.add, c->commit.nadd, r->path);
	int rc = add_values(c, &from, e);
	if (rc)
		return rc;
	if (!again)
		return add_unit(c, &from, NULL, "delete", e);
	/* those that only the new vector has */
	return again->dv ? add_unit(c, &from, again->dv, "delete", e) : 0;
}

static int plan_added(struct changes *c, const struct delta_add *a, struct err *e)
{
	const struct delta_add *was = same_path(c->commit.remove, c->commit.nremove, a->path);
	if (!was)
		return add_unit(c, a, NULL, "insert", e);
	return was->dv ? add_unit(c, a, was->dv, "insert", e) : 0;
}

static int plan_commit(struct changes *c, struct err *e)
{
	struct commit *k = &c->commit;
	int rc = 0;
	if (!c->tagged && k->nremove)
		return err_set(e, ERR_CONFLICT,
			       "version %lld removed rows; --starting-version %lld shows them as changes",
			       (long long)c->version, (long long)c->version);
	for (size_t i = 0; i < k->nremove && rc == 0; i++)
		rc = plan_removed(c, &k->remove[i], e);
	for (size_t i = 0; i < k->nadd && rc == 0; i++)
		rc = plan_added(c, &k->add[i], e);
	return rc;
}

static int plan_version(struct changes *c, struct err *e)
{
	struct commit *k = &c->commit;
	k->nadd = k->nremove = 0;
	arena_clear(&k->arena);
	int rc = delta_log_read(c->snapshot->store, c->version, &k->arena, take_action, k, e);
	if (rc == ERR_NOT_FOUND)
		rc = err_set(e, ERR_NOT_FOUND, "version %lld is no longer in the log", (long long)c->version);
	if (rc == 0)
		rc = plan_commit(c, e);
	return rc;
}

int replay_plan_changes(struct replay_plan *p, const struct project *pr, const struct delta_snapshot *sn, int64_t first, int64_t last,
		 bool tagged, struct err *e)
{
	struct changes c = { .plan = p, .project = pr, .snapshot = sn, .tagged = tagged };
	struct delta_log log;
	int64_t *times = NULL;
	delta_log_init(&log);
	int rc = delta_log_list(&log, sn->store, e);
	if (rc == 0)
		rc = delta_log_times(&log, sn->store, &times, e);
	for (int64_t v = first; v <= last && rc == 0; v++) {
		const struct delta_log_commit *k = delta_log_find(&log, v);
		if (!k) {
			rc = err_set(e, ERR_NOT_FOUND, "version %lld is not in the log, which begins with %lld", (long long)v,
				     log.ncommits ? (long long)log.commits[0].version : -1LL);
			break;
		}
		c.version = v;
		c.time_ms = times[k - log.commits];
		rc = plan_version(&c, e);
	}
	mem_free(times);
	mem_free(c.commit.add);
	mem_free(c.commit.remove);
	arena_release(&c.commit.arena);
	delta_snapshot_free(c.before);
	delta_log_release(&log);
	return rc;
}
