/* SPDX-License-Identifier: MIT */
/* Values of `each` from standard input. */
#include "fetch/sink.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "stream/mark.h"
#include "http/ws_frame.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define MAX_LINE ((size_t)1 << 20)
#define CHUNK ((size_t)64 << 10)

/* Lines of standard input: values, and marks, which wait until all that came before them is through. */
struct values {
	struct job *job;
	int fd;
	bool at_end;
	struct buf in;
	size_t at;                   /* what is in front of it was taken */
	uint64_t line;
};

int values_new(struct values **out, struct job *j, int fd, struct err *e)
{
	struct values *v = mem_zalloc(sizeof *v);
	for (size_t i = 0; i < j->f->njobs; i++)
		if (j->f->job[i].values) {
			mem_free(v);
			return err_set(e, ERR_USAGE, "two jobs take values from standard input");
		}
	v->job = j;
	v->fd = fd;
	*out = v;
	return 0;
}

void values_free(struct values *v)
{
	if (!v)
		return;
	buf_release(&v->in);
	mem_free(v);
}

static uint64_t busy(const struct job *j)
{
	uint64_t n = 0;
	for (const struct task *t = j->tasks; t; t = t->next)
		n++;
	return n;
}

bool values_over(const struct values *v)
{
	return v->at_end && v->at == v->in.n;
}

bool values_wants(const struct values *v)
{
	return !v->at_end && !memchr(v->in.p ? v->in.p + v->at : "", '\n', v->in.n - v->at) &&
	       busy(v->job) < v->job->src->def->parallel;
}

static bool can_read(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	return poll(&p, 1, 0) > 0;
}

static int read_more(struct values *v, struct err *e)
{
	buf_drop(&v->in, v->at);
	v->at = 0;
	if (v->in.n > MAX_LINE)
		return err_set(e, ERR_DATA, "line %llu of standard input is longer than %zu bytes",
			       (unsigned long long)v->line + 1, MAX_LINE);
	ssize_t n = read(v->fd, buf_reserve(&v->in, CHUNK), CHUNK);
	if (n < 0 && errno != EINTR && errno != EAGAIN)
		return err_sys(e, errno, "standard input");
	if (n == 0) {
		v->at_end = true;
		if (v->in.n && v->in.p[v->in.n - 1] != '\n')
			buf_putc(&v->in, '\n');
	}
	v->in.n += n > 0 ? (size_t)n : 0;
	return 0;
}

/* An object sets several variables, anything else the one that `each` names. */
static int set_value(struct values *v, struct task *t, const char *p, size_t n, struct err *e)
{
	const struct source_def *d = v->job->src->def;
	struct arena a = ARENA_INIT;
	struct json *root;
	int rc = 0;
	if (n && (*p == '{' || *p == '"') && (rc = json_parse(&root, &a, p, n, e)) == 0 && root->type == JSON_OBJECT) {
		for (const struct json *m = root->child; m && rc == 0; m = m->next) {
			if (!source_def_var(d, m->key))
				rc = job_no_variable(d, m->key, ERR_DATA, e);
			else if (m->type == JSON_STRING && memchr(m->str, '\0', m->nstr))
				rc = err_set(e, ERR_DATA, "variable '%s' contains NUL", m->key);
			else if (m->type == JSON_STRING)
				vars_set(&t->vars, m->key, m->str, m->nstr);
			else if (m->type == JSON_NUMBER)
				vars_set(&t->vars, m->key, m->raw, m->nraw);
			else
				rc = err_set(e, ERR_DATA, "variable '%s' must be a string or a number", m->key);
		}
	} else if (rc == 0) {
		const char *text = n && *p == '"' ? root->str : p;
		size_t len = text == p ? n : root->nstr;
		if (!utf8_valid(text, len) || memchr(text, '\0', len))
			rc = err_set(e, ERR_DATA, "a value must be UTF-8 without NUL");
		else
			vars_set(&t->vars, d->each, text, len);
	}
	if (rc == 0 && !*vars_get(&t->vars, d->each))
		rc = err_set(e, ERR_DATA, "no %s", d->each);
	arena_release(&a);
	return rc;
}

static int begin(struct values *v, const char *p, size_t n, struct err *e)
{
	struct task *t = task_add(v->job, v->job->src, TASK_VALUE);
	struct err why;
	job_set_range(v->job, &t->vars);
	int rc = set_value(v, t, p, n, &why);
	if (rc == 0) {
		t->value = mem_strdup(vars_get(&t->vars, v->job->src->def->each));
		return 0;
	}
	task_drop(t);
	err_at(&why, "<stdin>", v->line, why.col ? why.col : 1);
	return sink_bad(v->job->f, p, n, &why, e);
}

/* One line. 1: it has to wait. */
static int take(struct values *v, const char *p, size_t n, struct err *e)
{
	bool mark = mark_is(p, n);
	if (mark ? v->job->tasks != NULL : busy(v->job) >= v->job->src->def->parallel)
		return 1;
	v->line++;
	if (mark)
		return v->job->f->o->pass(v->job->f->o->arg, p, n, e);
	if (n && p[n - 1] == '\r')
		n--;
	return n ? begin(v, p, n, e) : 0;
}

int values_advance(struct values *v, struct err *e)
{
	int rc = 0;
	while (rc == 0) {
		const char *p = v->in.p ? v->in.p + v->at : "";
		const char *nl = memchr(p, '\n', v->in.n - v->at);
		if (!nl) {
			if (!values_wants(v) || !can_read(v->fd))
				return 0;
			rc = read_more(v, e);
			continue;
		}
		size_t n = (size_t)(nl - p);
		rc = take(v, p, n, e);
		if (rc == 0)
			v->at += n + 1;
	}
	return rc < 0 ? rc : 0;
}
