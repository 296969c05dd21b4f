/* SPDX-License-Identifier: MIT */
/* The place of a job: the bounds that it is read under, as it is written into a cursor and read from one. */
#include "fetch/fetch_int.h"

#include "base/clock.h"
#include "base/mem.h"
#include "fetch/order.h"

#include <string.h>

/* --- from when to when --- */

int64_t job_parts(const struct job *j)
{
	int64_t len = j->spec->split_ns / 1000, all = j->spec->until_us - j->spec->since_us;
	return len > 0 && all > 0 ? (all + len - 1) / len : 1;
}

void job_range(const struct job *j, int64_t *since_us, int64_t *until_us)
{
	const struct fetch_spec *s = j->spec;
	*since_us = s->since_us;
	*until_us = s->until_us;
	if (!s->split_ns)
		return;
	int64_t len = s->split_ns / 1000;
	*since_us = s->since_us + (int64_t)j->split * len;
	if (*since_us + len < *until_us)
		*until_us = *since_us + len;
}

void job_set_range(struct job *j, struct vars *v)
{
	struct buf b = BUF_INIT;
	int64_t since, until;
	job_range(j, &since, &until);
	if (since != INT64_MIN)
		order_put_time(&b, j->src->def->times, since);
	vars_set(v, "since", b.p ? b.p : "", b.n);
	buf_clear(&b);
	if (until != INT64_MAX)
		order_put_time(&b, j->src->def->times, until);
	vars_set(v, "until", b.p ? b.p : "", b.n);
	buf_release(&b);
}

/* --- its place --- */

static void member(struct buf *b, const char *name)
{
	if (b->p[b->n - 1] != '{')
		buf_putc(b, ',');
	buf_printf(b, "\"%s\":", name);
}

static void put_open(const struct job *j, struct buf *b)
{
	bool any = false;
	for (const struct task *t = j->tasks; t; t = t->next) {
		if (t->kind != TASK_VALUE)
			continue;
		if (!any) {
			member(b, "open");
			buf_putc(b, '{');
		} else {
			buf_putc(b, ',');
		}
		any = true;
		json_put_cstr(b, t->value);
		buf_puts(b, ":{");
		walk_put(&t->own, b);
		if (t->laters) {
			member(b, "later");
			buf_u64(b, t->laters);
		}
		buf_putc(b, '}');
	}
	if (any)
		buf_putc(b, '}');
}

static void put_time(struct buf *b, const char *name, int64_t us)
{
	member(b, name);
	buf_putc(b, '"');
	b->n += time_format(buf_reserve(b, 40), us, -1, true);
	buf_putc(b, '"');
}

static void put_typed(struct buf *b, const char *name, const char *text)
{
	if (!text)
		return;
	member(b, name);
	json_put_cstr(b, text);
}

static void put_bounds(const struct job *j, struct buf *b)
{
	char text[48];
	if (j->since_us != INT64_MIN)
		put_time(b, "since", j->since_us);
	if (j->spec->until_us != INT64_MAX)
		put_time(b, "until", j->spec->until_us);
	put_typed(b, "since_as", j->spec->since_as);
	put_typed(b, "until_as", j->spec->until_as);
	if (!j->spec->split_ns)
		return;
	text[duration_format(text, j->spec->split_ns)] = '\0';
	member(b, "part");
	buf_printf(b, "\"%s\"", text);
	if (j->split) {
		member(b, "split");
		buf_u64(b, j->split);
	}
}

void job_put_place(const struct job *j, struct buf *b)
{
	buf_putc(b, '{');
	walk_put(&j->walk, b);
	put_bounds(j, b);
	if (j->next_value) {
		member(b, "next");
		json_put_cstr(b, j->next_value);
	}
	if (!j->values)
		put_open(j, b);
	if (j->refilling) {
		member(b, "refill");
		buf_putc(b, '{');
		walk_put(&j->refill, b);
		buf_putc(b, '}');
	}
	if (j->done)
		put_time(b, "done", j->spec->until_us);
	buf_putc(b, '}');
}

static int open_value(struct job *j, const struct json *v, struct err *e)
{
	int64_t laters = 0;
	struct task *t = task_add(j, j->src, TASK_VALUE);
	t->value = mem_strdup(v->key);
	vars_set(&t->vars, j->src->def->each, v->key, v->nkey);
	if (json_i64(json_get(v, "later"), &laters) && laters > 0)
		t->laters = (uint64_t)laters;
	return walk_get(&t->own, v, e);
}

/* A member that is a time; OTHERWISE when it is not there. */
static int get_time(int64_t *us, const struct json *place, const char *name, int64_t otherwise, struct err *e)
{
	const struct json *v = json_get(place, name);
	enum time_zone zone;
	*us = otherwise;
	return !v || (json_str(v) && time_parse(v->str, v->nstr, us, &zone))
		   ? 0
		   : err_set(e, ERR_DATA, "the cursor's \"%s\" is not a time", name);
}

static void begin_anew(struct job *j)
{
	char *committed = j->walk.committed;
	j->walk.committed = NULL;
	walk_release(&j->walk);
	j->walk = (struct walk){ .committed = committed };
	j->split = 0;
}

static bool same_text(const struct json *place, const char *name, const char *typed)
{
	const struct json *v = json_get(place, name);
	return v ? typed && json_str(v) && strcmp(v->str, typed) == 0 : !typed;
}

/* The same words as in the run that began the walk mean what they meant then, until it is through: `--since -7d` in a cron line is
 * another time in every run. */
static void keep_bounds(struct job *j, const struct json *place, int64_t since, int64_t until, bool under_way)
{
	struct fetch_spec *s = &j->own;
	if (!under_way || (!s->since_as && !s->until_as) || !same_text(place, "since_as", s->since_as) || !same_text(place, "until_as", s->until_as))
		return;
	if (s->since_as)
		s->since_us = since;
	if (s->until_as)
		s->until_us = until;
	job_set_range(j, &j->vars);
}

/* The place was reached under bounds that may be others than those of this run. A page, or a part, belongs to its
 * bounds; what is committed says that all from --since up to there was read, and so says nothing to who wants what is
 * older. */
static int take_bounds(struct job *j, const struct json *place, struct err *e)
{
	const struct fetch_spec *s = j->spec;
	const struct json *part = json_get(place, "part"), *v = json_get(place, "split");
	int64_t since, until, done, part_ns = 0, split = 0;
	int rc = get_time(&since, place, "since", INT64_MIN, e);
	if (rc == 0)
		rc = get_time(&until, place, "until", INT64_MAX, e);
	if (rc == 0)
		rc = get_time(&done, place, "done", INT64_MIN, e);
	if (rc < 0)
		return rc;
	if (part && (!json_str(part) || !duration_parse(part->str, part->nstr, &part_ns)))
		return err_set(e, ERR_DATA, "the cursor's \"part\" is not a time");
	if (v && (!json_i64(v, &split) || split < 0))
		return err_set(e, ERR_DATA, "the cursor's \"split\" is not a count");
	keep_bounds(j, place, since, until, done == INT64_MIN && (j->walk.page || split > 0 || json_get(place, "open")));
	bool earlier = s->since_us < since,
	     same = until == s->until_us && part_ns == s->split_ns && (!part || since == s->since_us);
	j->split = (uint64_t)split;
	if (earlier || !same)
		begin_anew(j);
	if (earlier)
		walk_release(&j->walk);
	else
		j->since_us = since;
	if (j->split && j->split >= (uint64_t)job_parts(j))
		return err_set(e, ERR_DATA, "the cursor's \"split\" is out of range");
	j->done = !earlier && done != INT64_MIN && done == s->until_us;
	j->resumed = j->walk.page != NULL;
	return 0;
}

int job_place(struct job *j, const struct json *place, struct err *e)
{
	int rc = place->type == JSON_OBJECT ? 0 : err_set(e, ERR_DATA, "the cursor's place is not an object");
	if (rc == 0)
		rc = walk_get(&j->walk, place, e);
	const struct json *v, *open = json_get(place, "open"), *refill = json_get(place, "refill");
	if (rc == 0)
		rc = take_bounds(j, place, e);
	v = json_get(place, "next");
	if (rc == 0 && v && (!json_str(v) || memchr(v->str, '\0', v->nstr)))
		rc = err_set(e, ERR_DATA, "the cursor's \"next\" is not a string");
	if (rc == 0 && v)
		j->next_value = mem_strdup(v->str);
	if (rc == 0 && ((open && open->type != JSON_OBJECT) || (refill && refill->type != JSON_OBJECT)))
		rc = err_set(e, ERR_DATA, "the cursor's \"%s\" is not an object",
			     open && open->type != JSON_OBJECT ? "open" : "refill");
	for (v = rc == 0 && open && j->src->def->each ? open->child : NULL; v && rc == 0; v = v->next)
		rc = open_value(j, v, e);
	if (rc == 0 && refill) {
		j->refilling = true;
		rc = walk_get(&j->refill, refill, e);
	}
	return rc < 0 ? err_wrap(e, "%s", j->name) : 0;
}
