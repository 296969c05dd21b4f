/* SPDX-License-Identifier: MIT */
/* Puts in front of an expression what all expressions have. */
#include "source/program.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "text/html.h"

#include <string.h>

/* Split and join, because gsub is slow in jq 1.6. All of it on one line: jq's messages count lines. */
static const struct { const char *name, *text; } prelude[] = {
	{ "plain", "def plain: def swap(a; b): split(a) | join(b); if . == null then null else swap(\"&lt;\"; \"<\") | swap(\"&gt;\"; \">\")"
		   " | swap(\"&quot;\"; \"\\\"\") | swap(\"&#39;\"; \"'\") | swap(\"&#x27;\"; \"'\") | swap(\"&#x2F;\"; \"/\")"
		   " | swap(\"&nbsp;\"; \"\\u00a0\") | swap(\"&amp;\"; \"&\") end; " },
	{ "striphtml", "def striphtml: if . == null then null elif type == \"string\" then __rewrite else error(\"striphtml needs a string\") end; " },
	{ "some", "def some: if . == null or . == \"\" or . == [] or . == {} then null else . end; " } };

/* What is not used is left out: libjq takes its time for each definition. */
static void put(struct buf *b, const char *text)
{
	for (size_t i = 0; i < sizeof prelude / sizeof *prelude; i++)
		if (strstr(text, prelude[i].name))
			buf_puts(b, prelude[i].text);
	buf_puts(b, text);
}

static const char *own_var(enum program_of of)
{
	return of == PROGRAM_ITEMS ? "c" : of == PROGRAM_ANSWERS ? "link" : NULL;
}

/* The variables that all have, and OWN when there is one. */
static int compile(struct json_jq **q, const char *const *text, size_t n, const char *own, bool later, size_t *which, struct err *e)
{
	char now[24];
	size_t nnow = fmt_i64(now, time_floor_div(clock_now_us(), US_PER_SEC));
	const struct json_jq_var v[PROGRAM_VARS] = { { "h", "{}", 2 }, { "status", "200", 3 }, { "v", "{}", 2 }, { "now", now, nnow },
		{ "page", "0", 1 }, { own, NULL, 0 } };
	struct json_jq_vars vars = { v, own ? PROGRAM_VARS : PROGRAM_COMMON };
	int rc = which ? json_jq_new_set(q, text, n, &vars, later, which, e) : json_jq_new(q, *text, &vars, e);
	if (rc == 0)
		json_jq_rewrite(*q, html_text);
	return rc;
}

int program_new(struct json_jq **q, enum program_of of, const char *text, struct err *e)
{
	struct buf b = BUF_INIT;
	put(&b, text);
	const char *whole = buf_cstr(&b);
	int rc = compile(q, &whole, 1, own_var(of), false, NULL, e);
	buf_release(&b);
	return rc;
}

static bool uses(const char *text, const char *var)
{
	for (const char *p = text; (p = strchr(p, '$')) != NULL;) {
		p += 1 + strspn(p + 1, " \t\r\n");
		if (strncmp(p, var, strlen(var)) == 0)
			return true;
	}
	return false;
}

/* Together they would all see a variable of one kind: whoever seems to use another's is compiled alone once. */
static int check_vars(const struct program *p, const char *own, struct err *e)
{
	const char *mine = own_var(p->of);
	struct json_jq *q;
	if (!own || (mine && strcmp(own, mine) == 0) || !uses(p->text, own))
		return 0;
	int rc = program_new(&q, p->of, p->text, e);
	if (rc == 0)
		json_jq_free(q);
	return rc;
}

int program_new_set(struct json_jq **q, const struct program *p, size_t n, bool later, size_t *which, struct err *e)
{
	struct buf *b = mem_zalloc(n * sizeof *b);
	const char **text = mem_zalloc(n * sizeof *text), *own = NULL;
	int rc = 0;
	for (size_t i = 0; i < n; i++) {
		put(&b[i], p[i].text);
		text[i] = buf_cstr(&b[i]);
		own = own_var(p[i].of) ? own_var(p[i].of) : own;
	}
	for (size_t i = 0; i < n && rc == 0 && !later; i++)
		rc = check_vars(&p[*which = i], own, e);
	if (rc == 0)
		rc = compile(q, text, n, own, later, which, e);
	if (rc != 0)
		err_wrap(e, "'%s'", p[*which].name);
	for (size_t i = 0; i < n; i++)
		buf_release(&b[i]);
	mem_free(b);
	mem_free(text);
	return rc;
}
