/* SPDX-License-Identifier: MIT */
#include "fetch/fetch_int.h"

#include "base/clock.h"
#include "base/mem.h"
#include "fetch/order.h"

#include <string.h>

/* --- what a job is --- */

static int check_vars(const struct job *j, const struct fetch_spec *s, struct err *e)
{
	const struct source_def *d = j->src->def;
	for (size_t i = 0; i < s->nvars; i++)
		if (!source_def_var(d, s->var[i].name))
			return err_set(e, ERR_USAGE, "'%s' has no variable '%s' (see smfetch --describe %s)", d->name,
				       s->var[i].name, d->name);
	for (size_t i = 0; i < d->nvars; i++) {
		bool given = *vars_get(&j->vars, d->var[i].name);
		if (given || d->var[i].value ||
		    (d->each && strcmp(d->each, d->var[i].name) == 0 && (s->values || d->has_list)))
			continue;
		return err_set(e, ERR_USAGE, "'%s' needs %s=…%s%s", d->name, d->var[i].name,
			       *d->var[i].help ? ": " : "", d->var[i].help);
	}
	if (s->values && !d->each)
		return err_set(e, ERR_USAGE,
			       "'%s' takes no values from standard input: none of its variables is for `each`",
			       d->name);
	return 0;
}

static void set_vars(struct job *j)
{
	const struct source_def *d = j->src->def;
	for (size_t i = 0; i < d->nvars; i++)
		vars_set(&j->vars, d->var[i].name, d->var[i].value ? d->var[i].value : "",
			 d->var[i].value ? strlen(d->var[i].value) : 0);
	for (size_t i = 0; i < j->spec->nvars; i++)
		vars_set(&j->vars, j->spec->var[i].name, j->spec->var[i].value, strlen(j->spec->var[i].value));
}

/* The source and the variables that were given, sorted by name. */
static char *make_name(const struct job *j)
{
	struct buf b = BUF_INIT;
	const struct fetch_spec *s = j->spec;
	const char *last = "";
	if (s->name)
		return mem_strdup(s->name);
	buf_puts(&b, j->src->def->name);
	for (size_t n = 0; n < s->nvars; n++) {
		const struct fetch_var *least = NULL;
		for (size_t i = 0; i < s->nvars; i++)
			if (strcmp(s->var[i].name, last) > 0 && (!least || strcmp(s->var[i].name, least->name) < 0))
				least = &s->var[i];
		if (!least)
			break;
		buf_printf(&b, " %s=%s", least->name, vars_get(&j->vars, least->name));
		last = least->name;
	}
	return buf_detach(&b, NULL);
}

static int find_budget(struct job *j, struct err *e)
{
	struct buf name = BUF_INIT;
	vars_expand(&name, &j->src->def->budget, &j->vars);
	if (!name.n)
		buf_puts(&name, j->src->def->name);
	int rc = budgets_get(j->f->budgets, buf_cstr(&name), j->src->def, &j->budget, e);
	buf_release(&name);
	return rc;
}

int job_init(struct job *j, struct fetch *f, const struct fetch_spec *s, struct err *e)
{
	j->f = f;
	j->spec = s;
	j->since_us = s->since_us;
	j->idle = true;
	int rc = fetch_source(f, s->source, &j->src, e);
	if (rc < 0)
		return rc;
	set_vars(j);
	job_set_range(j, &j->vars);
	j->name = make_name(j);
	if ((rc = check_vars(j, s, e)) < 0 || (rc = find_budget(j, e)) < 0)
		return rc;
	if (s->split_ns && (s->since_us == INT64_MIN || s->until_us == INT64_MAX))
		return err_set(e, ERR_USAGE, "a backfill in parts needs both ends: --since and --until");
	if (j->src->def->transport != TRANSPORT_HTTP)
		return stream_new(&j->stream, j, e);
	return s->values ? values_new(&j->values, j, f->o->values_fd, e) : 0;
}

void job_release(struct job *j)
{
	while (j->tasks)
		job_drop_task(j, j->tasks);
	stream_free(j->stream);
	values_free(j->values);
	walk_release(&j->walk);
	walk_release(&j->refill);
	vars_release(&j->vars);
	ask_free(j->list_ask);
	mem_free(j->list_last);
	buf_release(&j->list_body);
	buf_release(&j->about_vars);
	mem_free(j->next_value);
	mem_free(j->name);
}

/* --- from when to when --- */

static int64_t parts_of(const struct job *j)
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

/* --- tasks --- */

struct task *job_add_task(struct job *j, struct source *src, enum task_kind kind)
{
	struct task *t = mem_zalloc(sizeof *t), **end = &j->tasks;
	t->job = j;
	t->src = src;
	t->kind = kind;
	t->walk = kind == TASK_WALK ? &j->walk : kind == TASK_REFILL ? &j->refill : &t->own;
	t->budget = j->budget;
	t->request = (struct request)REQUEST_INIT;
	vars_copy(&t->vars, &j->vars);
	if (kind == TASK_VALUE)
		walk_begin(&t->own, task_cursor(t));
	while (*end)
		end = &(*end)->next;
	*end = t;
	return t;
}

void job_drop_task(struct job *j, struct task *t)
{
	struct task **p = &j->tasks;
	while (*p && *p != t)
		p = &(*p)->next;
	if (*p)
		*p = t->next;
	task_free(t);
}

/* --- its life --- */

void job_end(struct job *j, enum job_end end, const struct err *why)
{
	if (j->end != JOB_RUNS)
		return;
	j->end = end;
	if (why)
		j->err = *why;
	/* They stay, so that the place knows of the values that are not through. */
	for (struct task *t = j->tasks; t; t = t->next)
		task_stop(t);
	if (j->stream)
		stream_stop(j->stream);
	/* That of a single job is the run's own error, which is said in the end. */
	if (end == JOB_FAILED && j->f->njobs > 1)
		fetch_say(j->f, SAY_ERROR, j, &j->err);
	else if (end == JOB_QUOTA)
		fetch_say(j->f, SAY_NOTE, j, &j->err);
}

/* Did the walk that is through begin behind --until? Only then it has seen all of it. */
static bool is_over(const struct job *j, int64_t now)
{
	return !j->resumed && j->spec->until_us <= clock_now_us() - (now - j->began_ns) / 1000;
}

/* The walk, the list, the part is through: what comes now? */
void job_walk_done(struct job *j)
{
	const struct fetch_spec *s = j->spec;
	int64_t now = clock_mono_ns();
	j->idle = true;
	if (s->split_ns && j->split + 1 < (uint64_t)parts_of(j)) {
		j->split++;
		walk_release(&j->walk);
		j->walk = (struct walk){ 0 };
		j->resumed = false;
		j->due_ns = now;
		return;
	}
	if (s->until_us != INT64_MAX && !s->values) {
		j->done = is_over(j, now);
		/* What was posted since that walk began may be wanted, too. */
		if (j->resumed && !s->every_ns) {
			j->resumed = false;
			j->due_ns = now;
			return;
		}
	}
	j->resumed = false;
	if (s->every_ns && !j->done) {
		j->due_ns = j->began_ns + s->every_ns > now ? j->began_ns + s->every_ns : now;
		return;
	}
	job_end(j, JOB_DONE, NULL);
}

bool job_has_list(const struct job *j)
{
	return j->src->def->has_list && !*vars_get(&j->vars, j->src->def->each);
}

static void begin_walk(struct job *j)
{
	struct task *t = job_add_task(j, j->src, TASK_WALK);
	job_set_range(j, &t->vars);
	if (!j->walk.page)
		walk_begin(&j->walk, &j->src->def->cursor);
}

static void begin(struct job *j, int64_t now)
{
	j->idle = false;
	j->began_ns = now;
	if (!job_has_list(j)) {
		begin_walk(j);
		return;
	}
	j->listing = true;
	struct task *t = job_add_task(j, j->src, TASK_LIST);
	job_set_range(j, &t->vars);
}

static bool only_later(const struct job *j)
{
	for (const struct task *t = j->tasks; t; t = t->next)
		if (!t->later)
			return false;
	return true;
}

/* A list is through when its values are. What is not there yet may be left to the next run, if there is one. */
static int advance_list(struct job *j, struct err *e)
{
	int rc = list_more(j, e);
	if (rc < 0 || j->listing || !only_later(j))
		return rc;
	/* A bounded one would be done for good. */
	if (j->tasks && (j->spec->until_us != INT64_MAX || (!j->spec->every_ns && !j->f->o->resumes)))
		return 0;
	if (j->tasks && !j->spec->every_ns) {
		fetch_sayf(j->f, SAY_VERBOSE, j, "what is not there yet is left to the next run");
		j->idle = true;
		job_end(j, JOB_DONE, NULL);
		return 0;
	}
	job_walk_done(j);
	return 0;
}

int job_advance(struct job *j, int64_t now, struct err *e)
{
	if (fetch_may(j->f, j) == 0) {
		job_end(j, JOB_DONE, NULL);
		return 0;
	}
	if (j->stream)
		return stream_advance(j->stream, now, e);
	if (j->values) {
		int rc = values_advance(j->values, e);
		if (rc == 0 && values_over(j->values) && !j->tasks)
			job_end(j, JOB_DONE, NULL);
		return rc;
	}
	if (j->done) {
		job_end(j, JOB_DONE, NULL);
		return 0;
	}
	if (j->idle) {
		if (j->due_ns <= now)
			begin(j, now);
		return 0;
	}
	return job_has_list(j) ? advance_list(j, e) : 0;
}

int64_t job_due(const struct job *j)
{
	return j->stream ? stream_due(j->stream) : j->idle && !j->values ? j->due_ns : NEVER;
}

int64_t job_request_due(const struct job *j)
{
	int64_t due = NEVER;
	for (const struct task *t = j->tasks; t; t = t->next) {
		int64_t at = t->transfer             ? NEVER
			     : !t->waits             ? t->due_ns
			     : login_ready(t->login) ? 0
						     : login_due(t->login);
		if (at < due)
			due = at;
	}
	return due;
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

static void put_bounds(const struct job *j, struct buf *b)
{
	char text[48];
	if (j->since_us != INT64_MIN)
		put_time(b, "since", j->since_us);
	if (j->spec->until_us != INT64_MAX)
		put_time(b, "until", j->spec->until_us);
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
	struct task *t = job_add_task(j, j->src, TASK_VALUE);
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
		   : err_set(e, ERR_DATA, "the cursor's \"%s\" is no time", name);
}

static void begin_anew(struct job *j)
{
	char *committed = j->walk.committed;
	j->walk.committed = NULL;
	walk_release(&j->walk);
	j->walk = (struct walk){ .committed = committed };
	j->split = 0;
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
		return err_set(e, ERR_DATA, "the cursor's \"part\" is no time");
	if (v && (!json_i64(v, &split) || split < 0))
		return err_set(e, ERR_DATA, "the cursor's \"split\" is no count");
	bool earlier = s->since_us < since,
	     same = until == s->until_us && part_ns == s->split_ns && (!part || since == s->since_us);
	j->split = (uint64_t)split;
	if (earlier || !same)
		begin_anew(j);
	if (earlier)
		walk_release(&j->walk);
	else
		j->since_us = since;
	if (j->split && j->split >= (uint64_t)parts_of(j))
		return err_set(e, ERR_DATA, "the cursor's \"split\" is no part of the whole");
	j->done = !earlier && done != INT64_MIN && done == s->until_us;
	j->resumed = j->walk.page != NULL;
	return 0;
}

int job_place(struct job *j, const struct json *place, struct err *e)
{
	int rc = place->type == JSON_OBJECT ? 0 : err_set(e, ERR_DATA, "the cursor's place is no object");
	if (rc == 0)
		rc = walk_get(&j->walk, place, e);
	const struct json *v, *open = json_get(place, "open"), *refill = json_get(place, "refill");
	if (rc == 0)
		rc = take_bounds(j, place, e);
	v = json_get(place, "next");
	if (rc == 0 && v && (!json_str(v) || memchr(v->str, '\0', v->nstr)))
		rc = err_set(e, ERR_DATA, "the cursor's \"next\" is no text");
	if (rc == 0 && v)
		j->next_value = mem_strdup(v->str);
	if (rc == 0 && ((open && open->type != JSON_OBJECT) || (refill && refill->type != JSON_OBJECT)))
		rc = err_set(e, ERR_DATA, "the cursor's \"%s\" is no object",
			     open && open->type != JSON_OBJECT ? "open" : "refill");
	for (v = rc == 0 && open && j->src->def->each ? open->child : NULL; v && rc == 0; v = v->next)
		rc = open_value(j, v, e);
	if (rc == 0 && refill) {
		j->refilling = true;
		rc = walk_get(&j->refill, refill, e);
	}
	return rc < 0 ? err_wrap(e, "%s", j->name) : 0;
}
