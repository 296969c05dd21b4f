/* SPDX-License-Identifier: MIT */
/* Prints what source definitions are, and what is wrong with one. */
#include "intake/about.h"

#include "cli/diag.h"
#include "cli/opt.h"
#include "cli/report.h"
#include "json/doc.h"
#include "source/def_print.h"

#include <unistd.h>

/* Rows are printed in the form of --output; COLUMNS: those of CSV. */
static void start(struct show *sh, const struct show_opts *so, struct output *out, size_t n, const char *names)
{
	struct err e;
	report_stdout(out);
	out->for_people = true;
	if (show_init(sh, so, out, SHOW_TABLE, &e) < 0)
		opt_usage("%s", e.msg);
	show_columns(sh, n, names);
}

static void put_member(struct buf *b, const char *name, const char *value)
{
	buf_printf(b, "%c\"%s\":", b->n ? ',' : '{', name);
	json_put_cstr(b, value);
}

static int list_row(struct show *sh, const char *name, struct buf *b, struct err *e)
{
	struct source_def *d;
	if (source_def_load(&d, name, e) < 0)
		return diag_fail(e);
	buf_clear(b);
	put_member(b, "name", name);
	put_member(b, "network", d->network);
	put_member(b, "summary", d->summary);
	buf_printf(b, ",\"files\":%s}", d->api ? "false" : "true");
	source_def_free(d);
	return show_row(sh, b->p, b->n, e) < 0 ? diag_fail(e) : 0;
}

static int list_sources(const struct show_opts *so)
{
	struct output out;
	struct show sh;
	struct arena a = ARENA_INIT;
	struct buf b = BUF_INIT;
	struct err e;
	const char **names;
	size_t n;
	int status = 0;
	start(&sh, so, &out, 4, "name\0network\0summary\0files\0");
	if (source_def_list(&names, &n, &a, &e) < 0)
		return diag_fail(&e);
	for (size_t i = 0; i < n; i++) {
		int one = list_row(&sh, names[i], &b, &e);
		status = one ? one : status;
	}
	if (show_end(&sh, &e) < 0)
		status = diag_fail(&e);
	show_release(&sh);
	buf_release(&b);
	arena_release(&a);
	return diag_finish(&out, status);
}

static int load(const char *name, struct source_def **d, struct err *e)
{
	int rc = source_def_load(d, name, e);
	if (rc == ERR_NOT_FOUND)
		opt_usage("%s", e->msg);
	return rc;
}

static int list_variables(const struct show_opts *so, const char *name)
{
	struct output out;
	struct show sh;
	struct source_def *d;
	struct buf b = BUF_INIT;
	struct err e;
	int rc = load(name, &d, &e);
	if (rc < 0)
		return diag_fail(&e);
	start(&sh, so, &out, 4, "name\0required\0default\0help\0");
	for (size_t i = 0; i < d->nvars && rc == 0; i++) {
		const struct def_var *v = &d->var[i];
		buf_clear(&b);
		put_member(&b, "name", v->name);
		buf_printf(&b, ",\"required\":%s", v->value ? "false" : "true");
		if (v->value)
			put_member(&b, "default", v->value);
		put_member(&b, "help", v->help);
		buf_putc(&b, '}');
		rc = show_row(&sh, b.p, b.n, &e);
	}
	if (rc == 0)
		rc = show_end(&sh, &e);
	show_release(&sh);
	buf_release(&b);
	source_def_free(d);
	return diag_finish(&out, rc < 0 ? diag_fail(&e) : 0);
}

int intake_list(const struct show_opts *so, const char *source)
{
	return source ? list_variables(so, source) : list_sources(so);
}

int intake_describe(const char *name)
{
	struct output out;
	struct source_def *d;
	struct err e;
	int rc = load(name, &d, &e);
	if (rc < 0)
		return diag_fail(&e);
	report_stdout(&out);
	out.for_people = true;
	source_def_describe(d, name, &out.buf);
	source_def_free(d);
	return diag_finish(&out, 0);
}

static void print_fault(void *arg, const struct err *why)
{
	*(bool *)arg = true;
	diag_error(why);
}

int intake_check(const char *file)
{
	struct output out;
	bool printed = false;
	struct err e;
	int rc = source_def_check(file, print_fault, &printed, &e);
	if (rc == ERR_NOT_FOUND)
		opt_usage("%s", e.msg);
	if (rc < 0)
		return printed ? err_status(rc) : diag_fail(&e);
	report_stdout(&out);
	out.for_people = true;
	buf_printf(&out.buf, "%s: ok\n", file);
	return diag_finish(&out, 0);
}
