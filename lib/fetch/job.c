/* SPDX-License-Identifier: MIT */
/* A job: what it is, what comes next, what becomes of it after an answer. */
#include "fetch/sink.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/near.h"

#include <string.h>

/* --- what a job is --- */

static const char *given(const struct fetch_spec *s, const char *name)
{
	const char *value = "";
	for (size_t i = 0; i < s->nvars; i++)
		if (strcmp(s->var[i].name, name) == 0)
			value = s->var[i].value;
	return value;
}

int job_no_variable(const struct source_def *d, const char *name, int code, struct err *e)
{
	struct near near = near_to(name, strlen(name));
	for (size_t i = 0; i < d->nvars; i++)
		near_name(&near, d->var[i].name, strlen(d->var[i].name));
	return err_set(e, code, "'%s' has no variable '%s' (see smfetch describe %s)%s", d->name, name, d->name, near_hint(&near, "", ""));
}

int job_check(const struct source_def *d, const struct fetch_spec *s, struct err *e)
{
	for (size_t i = 0; i < s->nvars; i++)
		if (!source_def_var(d, s->var[i].name))
			return job_no_variable(d, s->var[i].name, ERR_USAGE, e);
	for (size_t i = 0; i < d->nvars; i++) {
		const struct def_var *v = &d->var[i];
		if (*given(s, v->name) || v->value || (d->each && strcmp(d->each, v->name) == 0 && (s->values || d->has_list)))
			continue;
		return err_set(e, ERR_USAGE, "'%s' needs %s=…%s%s", d->name, v->name, *v->help ? ": " : "", v->help);
	}
	if (s->values && !d->each)
		return err_set(e, ERR_USAGE, "'%s' does not take values from standard input: it has no `each`", d->name);
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
	j->own = *s;
	j->spec = &j->own;
	j->since_us = s->since_us;
	j->idle = true;
	int rc = fetch_source(f, s->source, &j->src, e);
	if (rc < 0)
		return rc;
	set_vars(j);
	job_set_range(j, &j->vars);
	j->name = make_name(j);
	if ((rc = job_check(j->src->def, s, e)) < 0 || (rc = find_budget(j, e)) < 0)
		return rc;
	if (s->split_ns && (s->since_us == INT64_MIN || s->until_us == INT64_MAX))
		return err_set(e, ERR_USAGE, "split needs both since and until");
	if (j->src->def->transport != TRANSPORT_HTTP)
		return stream_new(&j->stream, j, e);
	return s->values ? values_new(&j->values, j, f->o->values_fd, e) : 0;
}

void job_release(struct job *j)
{
	while (j->tasks)
		task_drop(j->tasks);
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

/* --- its life --- */

void job_end(struct job *j, enum job_end end, const struct err *why)
{
	if (j->end != JOB_RUNS)
		return;
	task_end_job(j, end, why);
	if (j->stream)
		stream_stop(j->stream);
}

/* Did the walk that is through begin behind --until? Only then it has seen all of it. */
static bool is_over(const struct job *j, int64_t now)
{
	return !j->resumed && j->spec->until_us <= clock_now_us() - (now - j->began_ns) / 1000;
}

/* The walk, the list, the part is through: what comes now? */
static void walk_done(struct job *j)
{
	const struct fetch_spec *s = j->spec;
	int64_t now = clock_mono_ns();
	j->idle = true;
	if (s->split_ns && j->split + 1 < (uint64_t)job_parts(j)) {
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
	struct task *t = task_add(j, j->src, TASK_WALK);
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
	struct task *t = task_add(j, j->src, TASK_LIST);
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
		sink_sayf(j->f, SAY_VERBOSE, j, "items that do not exist yet are left for the next run");
		j->idle = true;
		job_end(j, JOB_DONE, NULL);
		return 0;
	}
	walk_done(j);
	return 0;
}

int job_advance(struct job *j, int64_t now, struct err *e)
{
	if (sink_may(j->f, j) == 0) {
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

/* --- requests and answers --- */

/* A task has nothing more, or nothing at all. */
static void finish(struct task *t)
{
	struct job *j = t->job;
	enum task_kind kind = t->kind;
	struct err e;
	task_drop(t);
	if (kind == TASK_REFILL) {
		j->refilling = false;
		walk_raise(&j->walk, &j->src->def->cursor, j->refill.committed);
		stream_refilled(j->stream);
	}
	if (kind == TASK_LIST)
		j->listing = false;
	if (kind == TASK_WALK)
		walk_done(j);
	if (sink_point(j->f, &e) < 0)
		sink_fatal(j->f, &e);
}

static void apply(struct task *t, const struct outcome *o)
{
	if (o->kind == OUTCOME_ENDS)
		job_end(t->job, o->end, o->err.code ? &o->err : NULL);
	else if (o->kind == OUTCOME_DONE)
		finish(t);
}

static void on_answer(void *task, const struct http_answer *a)
{
	struct task *t = task;
	struct outcome o = { .kind = OUTCOME_GOES_ON };
	task_came(t);
	fetch_count_answer(t->job->f, t->src, a, false);
	answer_take(t, a, &o);
	apply(t, &o);
}

int job_send(struct job *j, int64_t now, struct err *e)
{
	for (struct task *t = j->tasks; t; t = t->next) {
		struct outcome o = { .kind = OUTCOME_GOES_ON };
		bool ready = !t->transfer && (t->waits ? login_ready(t->login) : t->due_ns <= now);
		if (t->waits && !ready)
			task_await_login(t, now, &o);
		int rc = ready ? task_send(t, now, on_answer, &o, e) : 1;
		if (rc <= 0)
			return rc < 0 ? rc : 1;
		apply(t, &o);
		if (j->end != JOB_RUNS)
			return 0;
	}
	return 0;
}
