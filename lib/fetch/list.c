/* SPDX-License-Identifier: MIT */
/* Values of `each` that an API lists. */
#include "fetch/fetch_int.h"

#include "base/clock.h"
#include "base/mem.h"
#include "fetch/order.h"

#include <string.h>

#define MAX_TASKS 4096       /* of a job: those that wait for what is not there yet are bounded by it */

/* The body is kept: its values are asked for as they are needed, which may be never for millions of them. */
int list_read(struct job *j, const struct source_about *about, const char *body, size_t n, struct err *e)
{
	buf_clear(&j->list_body);
	buf_put(&j->list_body, body, n);
	buf_clear(&j->about_vars);
	buf_put(&j->about_vars, about->vars, about->nvars);
	j->list_about = *about;
	j->list_about.headers = j->list_about.link = NULL;
	j->list_about.vars = j->about_vars.p;
	mem_free(j->list_last);
	j->list_last = NULL;
	int rc = j->list_ask ? 0 : ask_new(&j->list_ask, j->src->def, e);
	return rc < 0 ? rc : ask_start(j->list_ask, ASK_VALUES, &j->list_about, j->list_body.p, j->list_body.n, e);
}

static bool is_open(const struct job *j, const char *value)
{
	for (const struct task *t = j->tasks; t; t = t->next)
		if (t->kind == TASK_VALUE && strcmp(t->value, value) == 0)
			return true;
	return false;
}

/* The place is the last that was begun: what comes behind it and is below it would be taken for read. */
static int in_order(struct job *j, const char *value, struct err *e)
{
	const struct def_cursor *c = &j->src->def->cursor;
	if (!c->there)
		return 0;
	if (j->list_last && order_compare(c->cmp, value, j->list_last) < 0)
		return err_set(e, ERR_IO, "'list.values' are not in order: '%.60s' comes after '%.60s'", value,
			       j->list_last);
	mem_free(j->list_last);
	j->list_last = mem_strdup(value);
	return 0;
}

/* Is it behind the place that was reached? Without a cursor every value is. */
static bool is_new(const struct job *j, const char *value)
{
	const struct def_cursor *c = &j->src->def->cursor;
	return !c->there || !j->next_value || order_compare(c->cmp, value, j->next_value) > 0;
}

static int begin_value(struct job *j, const struct buf *value, struct err *e)
{
	const struct def_cursor *c = &j->src->def->cursor;
	char *text = mem_strndup(value->p, value->n);
	if (strlen(text) != value->n || (c->there && !order_valid(c->cmp, text, value->n))) {
		err_set(e, ERR_DATA, "'list.values' returned '%.60s', which the cursor cannot compare", text);
		mem_free(text);
		return e->code;
	}
	/* It goes into marks and on disk. */
	int rc = redact_has(j->f->o->secrets, text, value->n) ? err_set(e, ERR_IO, "'list.values' returned a credential")
							      : in_order(j, text, e);
	if (rc < 0) {
		mem_free(text);
		return rc;
	}
	if (is_open(j, text) || !is_new(j, text)) {
		mem_free(text);
		return 0;
	}
	struct task *t = task_add(j, j->src, TASK_VALUE);
	t->value = text;
	vars_set(&t->vars, j->src->def->each, text, value->n);
	job_set_range(j, &t->vars);
	if (c->there) {
		mem_free(j->next_value);
		j->next_value = mem_strdup(text);
	}
	return 0;
}

static bool may_begin(const struct job *j)
{
	uint64_t busy = 0, all = 0;
	for (const struct task *t = j->tasks; t; t = t->next, all++)
		busy += !t->later;
	return busy < j->src->def->parallel && all < MAX_TASKS;
}

int list_more(struct job *j, struct err *e)
{
	struct buf value = BUF_INIT;
	bool nothing;
	int rc = 1;
	while (j->listing && j->list_body.n && may_begin(j)) {
		rc = ask_next(j->list_ask, ASK_VALUES, &value, &nothing, e);
		if (rc <= 0) {
			j->listing = false;
			buf_clear(&j->list_body);
			break;
		}
		if (!nothing && (rc = begin_value(j, &value, e)) < 0)
			break;
	}
	buf_release(&value);
	return rc < 0 ? rc : 0;
}
