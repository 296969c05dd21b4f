/* SPDX-License-Identifier: MIT */
/* Puts in front of an expression what all expressions have. */
#include "source/program.h"

#include "base/buf.h"
#include "base/clock.h"
#include "text/html.h"

#include <string.h>

/* Split and join, because gsub is slow in jq 1.6. All of it on one line: jq's messages count lines. */
static const struct { const char *name, *text; } prelude[] = {
	{ "plain", "def plain: def swap(a; b): split(a) | join(b); if . == null then null else swap(\"&lt;\"; \"<\") | swap(\"&gt;\"; \">\")"
		   " | swap(\"&quot;\"; \"\\\"\") | swap(\"&#39;\"; \"'\") | swap(\"&#x27;\"; \"'\") | swap(\"&#x2F;\"; \"/\")"
		   " | swap(\"&nbsp;\"; \"\\u00a0\") | swap(\"&amp;\"; \"&\") end; " },
	{ "striphtml", "def striphtml: if . == null then null elif type == \"string\" then __rewrite else error(\"striphtml needs a string\") end; " },
	{ "some", "def some: if . == null or . == \"\" or . == [] or . == {} then null else . end; " } };

int program_new(struct json_jq **q, enum program_of of, const char *text, struct err *e)
{
	char now[24];
	size_t nnow = fmt_i64(now, time_floor_div(clock_now_us(), US_PER_SEC));
	const struct json_jq_var v[PROGRAM_VARS] = { { "h", "{}", 2 }, { "status", "200", 3 }, { "v", "{}", 2 }, { "now", now, nnow },
		{ "page", "0", 1 }, { of == PROGRAM_ITEMS ? "c" : "link", NULL, 0 } };
	struct json_jq_vars vars = { v, of == PROGRAM_PAGES ? PROGRAM_COMMON : PROGRAM_VARS };
	struct buf b = BUF_INIT;
	/* What is not used is left out: libjq takes its time for each definition. */
	for (size_t i = 0; i < sizeof prelude / sizeof *prelude; i++)
		if (strstr(text, prelude[i].name))
			buf_puts(&b, prelude[i].text);
	buf_puts(&b, text);
	int rc = json_jq_new(q, buf_cstr(&b), &vars, e);
	buf_release(&b);
	if (rc == 0)
		json_jq_rewrite(*q, html_text);
	return rc;
}
