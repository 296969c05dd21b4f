/* SPDX-License-Identifier: MIT */
/* Compiles the expressions of a definition and asks them about an answer. */
#include "source/ask.h"

#include "base/mem.h"
#include "json/span.h"
#include "source/program.h"

#include <string.h>

/* A program, or a plain path of member names that is followed in a tree. */
struct question {
	const char *name, *text;
	bool path;
	size_t nth;                  /* in `jq`, unless it is a path */
	const struct json *found;    /* path: what is to be handed out */
};

struct ask {
	struct question q[NASK];
	struct json_jq *jq;          /* all that are no paths; NULL: there are none */
	struct arena arena;          /* of the tree that paths are followed in */
	uint64_t limit;              /* bytes of values; 0: none */
};

/* `.a.b`: names of letters, digits and _ alone. */
static bool is_path(const char *s)
{
	static const char ok[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
	while (*s == '.') {
		size_t n = strspn(s + 1, ok);
		if (!n || (s[1] >= '0' && s[1] <= '9'))
			return false;
		s += n + 1;
	}
	return *s == '\0';
}

static int compile(struct ask *a, const struct source_def *def, struct err *e)
{
	struct program p[NASK];
	size_t n = 0, which;
	for (struct question *q = a->q; q < a->q + NASK; q++) {
		q->path = q->text && q->text[0] && is_path(q->text);
		if (!q->text || q->path)
			continue;
		q->nth = n;
		p[n++] = (struct program){ PROGRAM_ANSWERS, q->name, q->text };
	}
	int rc = n ? program_new_set(&a->jq, p, n, def->shipped, &which, e) : 0;
	if (rc == 0)
		return 0;
	e->code = ERR_DATA;
	return err_at(e, def->file, 0, 0);
}

int ask_new(struct ask **out, const struct source_def *def, struct err *e)
{
	struct ask *a = mem_zalloc(sizeof *a);
	const struct question all[NASK] = {
		[ASK_OUTCOME] = { .name = "outcome", .text = def->outcome },
		[ASK_RATE] = { .name = "rate", .text = def->rate },
		[ASK_NEXT] = { .name = "next", .text = def->next == NEXT_LINK ? NULL : def->next_expr },
		[ASK_CURSOR] = { .name = "cursor.value", .text = def->cursor.value },
		[ASK_DEDUP] = { .name = "dedup", .text = def->dedup },
		[ASK_VALUES] = { .name = "list.values", .text = def->list_values },
		[ASK_TOKEN] = { .name = "login.token", .text = def->auth.token },
		[ASK_LIFETIME] = { .name = "login.lifetime", .text = def->auth.lifetime },
		[ASK_RULES] = { .name = "rules.values", .text = def->rules.values },
		[ASK_ADD] = { .name = "rules.add", .text = def->rules.add.body_jq },
		[ASK_REMOVE] = { .name = "rules.remove", .text = def->rules.remove.body_jq },
	};
	memcpy(a->q, all, sizeof all);
	int rc = compile(a, def, e);
	if (rc < 0) {
		ask_free(a);
		return rc;
	}
	*out = a;
	return 0;
}

void ask_free(struct ask *a)
{
	if (!a)
		return;
	json_jq_free(a->jq);
	arena_release(&a->arena);
	mem_free(a);
}

void ask_limit(struct ask *a, uint64_t bytes)
{
	a->limit = bytes;
	if (a->jq)
		json_jq_limit(a->jq, bytes);
}

bool ask_has(const struct ask *a, enum ask_what what)
{
	return a->q[what].text != NULL;
}

bool ask_finds(const struct ask *a, enum ask_what what)
{
	return !a->q[what].text || a->q[what].path;
}

static int failed(const struct question *q, struct err *e)
{
	err_wrap(e, "'%s'", q->name);
	e->code = ERR_DATA;
	return ERR_DATA;
}

static int set_vars(struct json_jq *jq, const struct source_about *about, struct err *e)
{
	char num[24];
	int rc =
	    json_jq_set(jq, PROGRAM_H, about->headers ? about->headers : "{}", about->headers ? about->nheaders : 2, e);
	if (rc == 0)
		rc = json_jq_set(jq, PROGRAM_STATUS, num, fmt_i64(num, about->status), e);
	if (rc == 0)
		rc = json_jq_set(jq, PROGRAM_V, about->vars, about->nvars, e);
	if (rc == 0)
		rc = json_jq_set(jq, PROGRAM_NOW, num, fmt_i64(num, about->now_s), e);
	if (rc == 0)
		rc = json_jq_set(jq, PROGRAM_PAGE, num, fmt_u64(num, about->page), e);
	if (rc == 0)
		rc = json_jq_set(jq, PROGRAM_LINK, about->link ? about->link : "null", about->link ? about->nlink : 4, e);
	return rc;
}

/* jq gives null for a member of null and an error for one of anything else that is no object. */
static int follow(struct ask *a, struct question *q, const char *json, size_t n, struct err *e)
{
	struct json *v;
	arena_clear(&a->arena);
	for (const char *s = q->text; *s == '.'; s += strcspn(s + 1, ".") + 1) {
		char *key = arena_strndup(&a->arena, s + 1, strcspn(s + 1, "."));
		size_t blank = 0;
		while (blank < n && strchr(" \t\r\n", json[blank]))
			blank++;
		json += blank;
		n -= blank;
		if (n >= 4 && memcmp(json, "null", 4) == 0)
			break;
		if (!n || *json != '{')
			return err_set(e, ERR_DATA, "cannot take member \"%s\" of a value that is not an object", key);
		if (!json_member(json, n, key, &json, &n)) {
			json = "null";
			n = 4;
		}
	}
	int rc = json_fits(json, n, a->limit, e);
	if (rc == 0)
		rc = json_parse_large(&v, &a->arena, json, n, e);
	q->found = rc < 0 ? NULL : v;
	return rc;
}

int ask_start(struct ask *a, enum ask_what what, const struct source_about *about, const char *json, size_t n,
	      struct err *e)
{
	struct question *q = &a->q[what];
	q->found = NULL;
	int rc = q->path ? follow(a, q, json, n, e) : set_vars(a->jq, about, e);
	if (rc == 0 && !q->path) {
		json_jq_choose(a->jq, q->nth);
		rc = json_jq_start(a->jq, json, n, e);
	}
	return rc < 0 ? failed(q, e) : 0;
}

int ask_next(struct ask *a, enum ask_what what, struct buf *b, bool *nothing, struct err *e)
{
	struct question *q = &a->q[what];
	buf_clear(b);
	if (q->path) {
		const struct json *v = q->found;
		q->found = NULL;
		if (!v)
			return 0;
		if (v->type == JSON_STRING)
			buf_put(b, v->str, v->nstr);
		else
			buf_put(b, v->raw, v->nraw);
		*nothing = v->type == JSON_NULL || v->type == JSON_FALSE || (v->type == JSON_STRING && !v->nstr);
		return 1;
	}
	int rc = json_jq_next(a->jq, b, e);
	if (rc < 0)
		return failed(q, e);
	if (rc == 0)
		return 0;
	*nothing = json_jq_is_false(a->jq);
	if (json_jq_is_string(a->jq)) {
		buf_clear(b);
		json_jq_string(a->jq, b);
		*nothing = b->n == 0;
	}
	return 1;
}

int ask_one(struct ask *a, enum ask_what what, const struct source_about *about, const char *json, size_t n,
	    struct buf *b, struct err *e)
{
	bool nothing = true;
	int rc = ask_start(a, what, about, json, n, e);
	if (rc == 0)
		rc = ask_next(a, what, b, &nothing, e);
	if (!a->q[what].path)
		json_jq_forget(a->jq);
	if (rc <= 0 || nothing)
		buf_clear(b);
	return rc > 0 && nothing ? 0 : rc;
}
