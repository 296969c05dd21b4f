/* SPDX-License-Identifier: MIT */
/* What a check looks at besides: do the expressions compile, are the definitions there that are named. */
#include "base/mem.h"
#include "source/def_int.h"
#include "source/program.h"

#include <stdlib.h>
#include <string.h>

/* The string of an expression's array in which line LINE of the program stands; the expression itself when it is one string. */
static const struct json *line_of(const struct json *v, long line)
{
	const struct json *last = v;
	for (const struct json *s = v->type == JSON_ARRAY ? v->child : NULL; s; s = s->next) {
		last = s;
		for (size_t i = 0; i < s->nstr; i++)
			line -= s->str[i] == '\n';
		if (--line <= 0)
			break;
	}
	return last;
}

/* Cut " (line N of the program)" off a message; 0: it has none. */
static long cut_line(char *msg)
{
	char *p = strstr(msg, " (line "), *last = NULL;
	for (; p; p = strstr(p + 1, " (line "))
		last = p;
	if (!last || strcmp(last + strcspn(last, "0123456789") + strspn(last + 7, "0123456789"), " of the program)") != 0)
		return 0;
	*last = '\0';
	return strtol(last + 7, NULL, 10);
}

static enum program_of kind(const struct def_expr *x)
{
	return strcmp(x->what, "map") == 0 ? PROGRAM_ITEMS
	       : strcmp(x->what, "records") == 0 || strcmp(x->what, "context") == 0 ? PROGRAM_PAGES : PROGRAM_ANSWERS;
}

static void compile(struct def_load *l, const struct def_expr *x)
{
	struct json_jq *q;
	struct err e;
	if (program_new(&q, kind(x), x->program, &e) == 0)
		json_jq_free(q);
	else if (x->at->type == JSON_ARRAY || !strchr(x->program, '\n'))
		def_fault(l, line_of(x->at, cut_line(e.msg)), "'%s': %s", x->what, e.msg);
	else
		def_fault(l, x->at, "'%s': %s", x->what, e.msg);
}

/* Do those about answers, or the others, compile together? */
static bool sound(const struct def_load *l, bool answers)
{
	struct program *p = mem_zalloc((l->nexprs + 1) * sizeof *p);
	struct json_jq *q = NULL;
	size_t n = 0, which;
	for (size_t i = 0; i < l->nexprs; i++)
		if ((kind(&l->expr[i]) == PROGRAM_ANSWERS) == answers)
			p[n++] = (struct program){ kind(&l->expr[i]), l->expr[i].what, l->expr[i].program };
	bool good = !n || program_new_set(&q, p, n, false, &which, NULL) == 0;
	json_jq_free(q);
	mem_free(p);
	return good;
}

/* Together first, which is quick; where that fails, each says what is wrong with it. */
void def_compile(struct def_load *l)
{
	for (int answers = 0; answers < 2; answers++) {
		bool good = sound(l, answers);
		for (size_t i = 0; i < l->nexprs && !good; i++)
			if ((kind(&l->expr[i]) == PROGRAM_ANSWERS) == answers)
				compile(l, &l->expr[i]);
	}
}

/* --- definitions that are named --- */

struct chain {
	const char *file;
	const struct chain *up;
};

static int follow(const struct chain *up, const char *name, unsigned depth, struct err *e);

static int follow_both(const struct source_def *d, const struct chain *up, unsigned depth, struct err *e)
{
	struct chain here = { d->file, up };
	int rc = d->refill ? follow(&here, d->refill, depth, e) : 0;
	return rc == 0 && d->fallback ? follow(&here, d->fallback, depth, e) : rc;
}

static int follow(const struct chain *up, const char *name, unsigned depth, struct err *e)
{
	struct source_def *d;
	int rc = source_def_load(&d, name, e);
	if (rc < 0)
		return rc;
	for (const struct chain *c = up; c; c = c->up)
		if (strcmp(c->file, d->file) == 0)
			rc = err_set(e, ERR_DATA, "it forms a loop");
	if (rc == 0 && depth == DEF_MAX_EXTENDS)
		rc = err_set(e, ERR_DATA, "it is deeper than %d definitions", DEF_MAX_EXTENDS);
	if (rc == 0)
		rc = follow_both(d, up, depth + 1, e);
	source_def_free(d);
	return rc;
}

/* It runs with our variables, so it may not want others. */
static void check_named(struct def_load *l, const struct json *v, const char *what, const struct source_def *d)
{
	if (!d->api)
		def_fault(l, v, "'%s': '%s' fetches nothing: it has no 'request'", what, v->str);
	for (size_t i = 0; !l->partial && i < d->nvars; i++)
		if (!d->var[i].value && !source_def_var(l->d, d->var[i].name))
			def_fault(l, v, "'%s': '%s' needs a variable '%s', which is not declared here", what, v->str, d->var[i].name);
}

void def_named(struct def_load *l, const struct json *v, const char *what)
{
	struct chain here = { l->file, NULL };
	struct source_def *d;
	struct err e;
	int rc = source_def_load(&d, v->str, &e);
	if (rc == 0) {
		check_named(l, v, what, d);
		rc = strcmp(d->file, l->file) == 0 ? err_set(&e, ERR_DATA, "it forms a loop") : follow_both(d, &here, 0, &e);
		source_def_free(d);
	}
	if (rc < 0 && *e.file && e.line)
		def_fault(l, v, "'%s': '%s': %s:%llu:%llu: %s", what, v->str, e.file, (unsigned long long)e.line,
			  (unsigned long long)e.col, e.msg);
	else if (rc < 0)
		def_fault(l, v, "'%s': '%s': %s", what, v->str, e.msg);
}

int source_def_check(const char *name, source_def_fault_fn *fn, void *arg, struct err *e)
{
	struct def_faults f = { 0 };
	struct source_def *d = NULL;
	struct err why;
	int rc = def_load_noting(&d, name, NULL, &f, true, e);
	source_def_free(d);
	for (size_t i = 0; i < f.n; i++) {
		def_fault_err(&f.v[i], &why);
		fn(arg, &why);
	}
	if (rc == 0)
		rc = def_faults_first(&f, e);
	def_faults_release(&f);
	return rc;
}
