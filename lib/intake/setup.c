/* SPDX-License-Identifier: MIT */
/* Takes secrets from somebody, tries them, keeps them. */
#include "intake/setup.h"

#include "base/clock.h"
#include "base/mem.h"
#include "cli/diag.h"
#include "cli/opt.h"
#include "cli/prompt.h"
#include "secret/locked.h"
#include "secret/redact.h"
#include "source/def.h"

#include <string.h>
#include <unistd.h>

#define LINE_ROOM (SECRET_MAX + 4)      /* a value that is too long is told as such */

struct item {
	const struct def_secret *what;
	struct buf place;
	char *line;                  /* locked, LINE_ROOM */
	size_t n;                    /* 0: it was left out */
};

struct setup {
	const struct setup_opts *o;
	struct source_def *def;
	struct item *item;
	struct secrets *secrets;
	struct err why;              /* what the check came to */
	bool failed;
};

/* --- asking --- */

/* 1: yes */
static int agreed(const struct item *it, struct err *e)
{
	char answer[256];
	struct buf q = BUF_INIT;
	size_t n = 0;
	if (!prompt_terminal())
		return err_set(e, ERR_CONFLICT, "the secret '%s' is stored already, in %s: --force overwrites it", it->what->name, it->place.p);
	buf_printf(&q, "%s is stored already, in %s. Overwrite it? [y/N] ", it->what->name, it->place.p);
	int rc = prompt_line(buf_cstr(&q), false, answer, sizeof answer - 1, &n, e);
	buf_release(&q);
	return rc < 0 ? rc : n && (*answer == 'y' || *answer == 'Y');
}

static int ask(struct setup *s, struct item *it, struct err *e)
{
	struct buf q = BUF_INIT;
	int rc = s->o->force || access(buf_cstr(&it->place), F_OK) < 0 ? 1 : agreed(it, e);
	if (rc <= 0)
		return rc < 0 ? rc : err_set(e, ERR_REJECTED, "nothing was changed");
	it->line = locked_alloc(LINE_ROOM);
	buf_printf(&q, "%s%s%s (it will not be shown%s): ", it->what->name, *it->what->help ? ", " : "", it->what->help,
		   it->what->optional ? ", and may be left out" : "");
	rc = prompt_line(buf_cstr(&q), true, it->line, LINE_ROOM - 1, &it->n, e);
	buf_release(&q);
	if (rc < 0 || (!it->n && it->what->optional))
		return rc;
	if (!it->n)
		return err_set(e, ERR_DATA, "no secret '%s' was given", it->what->name);
	return secrets_put(s->secrets, it->what->name, it->line, it->n, e);
}

static int explain(const struct source_def *d, struct err *e)
{
	struct output out;
	struct buf b = BUF_INIT;
	buf_printf(&b, "%s: %s\n\n", d->name, d->summary);
	if (*d->setup.help)
		buf_printf(&b, "%s%s", d->setup.help, d->setup.help[strlen(d->setup.help) - 1] == '\n' ? "" : "\n");
	else
		buf_puts(&b, d->about);
	if (d->setup.url)
		buf_printf(&b, "%s\n", d->setup.url);
	buf_putc(&b, '\n');
	output_init(&out, STDOUT_FILENO, "standard output");
	out.for_people = true;
	output_put(&out, b.p, b.n);
	buf_release(&b);
	return diag_finish(&out, 0) ? err_set(e, ERR_IO, "what is needed could not be said") : 0;
}

/* --- trying --- */

static int no_out(void *arg, const char *p, size_t n, uint64_t records, struct err *e)
{
	(void)arg, (void)p, (void)n, (void)records, (void)e;
	return 0;
}

static int no_point(void *arg, struct err *e)
{
	(void)arg, (void)e;
	return 0;
}

static int no_bad(void *arg, const char *item, size_t n, const struct err *why, struct err *e)
{
	(void)arg, (void)item, (void)n, (void)why, (void)e;
	return 0;
}

static int no_idle(void *arg, int64_t next_ns, struct err *e)
{
	(void)arg, (void)next_ns, (void)e;
	return 0;
}

static bool no_stop(void *arg)
{
	(void)arg;
	return false;
}

/* The first failure is the one that counts. */
static void on_say(void *arg, enum fetch_say level, const struct err *what)
{
	struct setup *s = arg;
	if (level != SAY_ERROR || s->failed)
		return;
	s->failed = true;
	s->why = *what;
}

static int try(struct setup *s, struct err *e)
{
	struct fetch_opts o = { .spec = &s->o->spec, .nspecs = 1, .secrets = s->secrets, .http = s->o->http, .endpoint = s->o->endpoint,
		.check = true, .dedup = 1, .parallel = 1, .max_wait_ns = 10 * NS_PER_SEC, .max_answer = (size_t)1 << 20,
		.max_record = (size_t)1 << 20, .out = no_out, .point = no_point, .bad = no_bad, .say = on_say, .idle = no_idle,
		.stop = no_stop, .arg = s };
	struct fetch *f = NULL;
	int rc = fetch_new(&f, &o, e);
	if (rc == 0)
		rc = fetch_run(f, e);
	fetch_free(f);
	if (s->failed)
		*e = s->why;
	else if (rc == FETCH_QUOTA)
		err_set(e, ERR_RETRY, "a limit is used up: the secrets could not be tried");
	else
		return rc < 0 ? rc : 0;
	return e->code < 0 ? e->code : ERR_IO;
}

/* --- keeping --- */

static int keep(struct setup *s, struct err *e)
{
	for (size_t i = 0; i < s->def->nsecrets; i++) {
		struct item *it = &s->item[i];
		if (!it->n)
			continue;
		int rc = secret_store(buf_cstr(&it->place), it->line, it->n, e);
		if (rc < 0)
			return rc;
		diag_note("%s is stored in %s", it->what->name, it->place.p);
	}
	return 0;
}

static int check(struct setup *s, struct err *e)
{
	if (!s->def->setup.has_check) {
		diag_note("'%s' does not say how to try its secrets: they are stored as they are", s->def->name);
		return 0;
	}
	secrets_seal(s->secrets);
	s->o->clear_environment();
	int rc = try(s, e);
	redact_err(s->secrets, e);
	if (rc < 0)
		return err_wrap(e, "nothing was stored");
	diag_note("%s accepts %s", s->def->network, s->def->nsecrets > 1 ? "them" : "it");
	return 0;
}

static int run(struct setup *s, struct err *e)
{
	int rc = secrets_harden(e);
	if (rc == 0)
		rc = secrets_new(&s->secrets, NULL, 0, NULL, e);
	for (size_t i = 0; rc == 0 && i < s->def->nsecrets; i++) {
		s->item[i].what = &s->def->secret[i];
		rc = secret_place(s->def->secret[i].name, &s->item[i].place, e);
	}
	if (rc == 0)
		rc = explain(s->def, e);
	for (size_t i = 0; rc == 0 && i < s->def->nsecrets; i++)
		rc = ask(s, &s->item[i], e);
	bool any = false;
	for (size_t i = 0; i < s->def->nsecrets; i++)
		any = any || s->item[i].n;
	if (rc == 0 && !any)
		return err_set(e, ERR_REJECTED, "nothing was given, and nothing was changed");
	if (rc == 0)
		rc = check(s, e);
	return rc == 0 ? keep(s, e) : rc;
}

int intake_setup(const struct setup_opts *o)
{
	struct setup s = { .o = o };
	struct err e = { 0 };
	int rc = source_def_load(&s.def, o->spec.source, &e);
	if (rc == ERR_NOT_FOUND)
		opt_usage("%s", e.msg);
	if (rc == 0 && !s.def->nsecrets) {
		diag_note("'%s' needs no secret", s.def->name);
		source_def_free(s.def);
		return 0;
	}
	if (rc == 0) {
		s.item = mem_zalloc(s.def->nsecrets * sizeof *s.item);
		rc = run(&s, &e);
	}
	for (size_t i = 0; s.item && i < s.def->nsecrets; i++) {
		locked_free(s.item[i].line, LINE_ROOM);
		buf_release(&s.item[i].place);
	}
	mem_free(s.item);
	secrets_free(s.secrets);
	source_def_free(s.def);
	if (rc == ERR_USAGE || rc == ERR_NOT_FOUND)
		opt_usage("%s", e.msg);
	return rc < 0 ? diag_fail(&e) : 0;
}
