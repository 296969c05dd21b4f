/* SPDX-License-Identifier: MIT */
/* Reads jobs from words and from the lines of a file, with their mistakes named. */
#include "fetch/jobs.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/near.h"
#include "base/when.h"
#include "io/input.h"
#include "json/doc.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define MAX_FILE ((size_t)64 << 20)

void jobs_release(struct jobs *j)
{
	mem_free(j->v);
	mem_free(j->rule);
	arena_release(&j->arena);
}

static struct fetch_spec *add(struct jobs *j, const struct fetch_spec *others)
{
	MEM_GROW(j->v, j->cap, j->n + 1);
	struct fetch_spec *s = &j->v[j->n++];
	*s = *others;
	s->rule = j->rule;
	s->nrules = j->nrules;
	return s;
}

int jobs_add(struct jobs *j, const struct fetch_spec *others, const char *source, const char *const *operands, size_t n,
	     struct err *e)
{
	struct fetch_spec *s = add(j, others);
	struct fetch_var *v = arena_array(&j->arena, n + 1, sizeof *v);
	s->source = source;
	for (size_t i = 0; i < n; i++) {
		const char *eq = strchr(operands[i], '=');
		if (strcmp(operands[i], "-") == 0) {
			s->values = true;
			continue;
		}
		if (!eq || eq == operands[i])
			return err_set(e, ERR_USAGE, "'%s' is not NAME=VALUE", operands[i]);
		const char *name = arena_strndup(&j->arena, operands[i], (size_t)(eq - operands[i]));
		for (size_t k = 0; k < s->nvars; k++)
			if (strcmp(v[k].name, name) == 0)
				return err_set(e, ERR_USAGE, "'%s' is given twice", name);
		v[s->nvars++] = (struct fetch_var){ name, eq + 1 };
	}
	s->var = v;
	return 0;
}

static void add_rule(struct jobs *j, const char *value, const char *tag)
{
	MEM_GROW(j->rule, j->rules_cap, j->nrules + 1);
	j->rule[j->nrules++] = (struct fetch_rule){ value, tag };
}

void jobs_add_rule(struct jobs *j, const char *text)
{
	static const char ok[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	size_t n = strspn(text, ok);
	if (n && text[n] == '=')
		add_rule(j, text + n + 1, arena_strndup(&j->arena, text, n));
	else
		add_rule(j, text, NULL);
}

int jobs_read_rules(struct jobs *j, const char *file, struct err *e)
{
	struct input *in = input_new(&file, 1, NULL);
	struct line l;
	int rc;
	while ((rc = input_line(in, &l, e)) == INPUT_OK) {
		struct json *v;
		char *text = arena_strndup(&j->arena, l.p, l.n);
		if (*text != '{') {
			jobs_add_rule(j, text);
			continue;
		}
		if ((rc = json_parse(&v, &j->arena, text, l.n, e)) < 0 || !json_str(json_get(v, "value"))) {
			if (rc == 0)
				rc = err_set(e, ERR_DATA, "a rule needs a \"value\"");
			rc = err_at(e, l.file, l.line, e->col ? e->col : 1);
			break;
		}
		add_rule(j, json_str(json_get(v, "value")), json_str(json_get(v, "tag")));
	}
	input_free(in);
	return rc < 0 ? rc : 0;
}

/* --- jobs file --- */

struct reading {
	struct jobs *j;
	const char *file, *text;
};

/* *FROM (may be NULL): where that line begins. */
static uint64_t line_of(const struct reading *r, const struct json *at, const char **from)
{
	uint64_t line = 1;
	if (from)
		*from = r->text;
	for (const char *p = r->text; p < at->raw; p++) {
		if (*p != '\n')
			continue;
		line++;
		if (from)
			*from = p + 1;
	}
	return line;
}

static int fault(const struct reading *r, const struct json *at, struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
static int fault(const struct reading *r, const struct json *at, struct err *e, const char *fmt, ...)
{
	const char *from;
	va_list ap;
	va_start(ap, fmt);
	err_setv(e, ERR_DATA, fmt, ap);
	va_end(ap);
	uint64_t line = line_of(r, at, &from);
	return err_at(e, r->file, line, (uint64_t)(at->raw - from) + 1);
}

static int take_vars(const struct reading *r, struct fetch_spec *s, const struct json *v, struct err *e)
{
	if (v->type != JSON_OBJECT)
		return fault(r, v, e, "\"vars\" must be an object");
	struct fetch_var *var = arena_array(&r->j->arena, v->nchild + 1, sizeof *var);
	for (const struct json *m = v->child; m; m = m->next) {
		if (m->type != JSON_STRING && m->type != JSON_NUMBER)
			return fault(r, m, e, "variable '%s' must be a string or a number", m->key);
		if (m->type == JSON_STRING && memchr(m->str, '\0', m->nstr))
			return fault(r, m, e, "variable '%s' contains NUL", m->key);
		var[s->nvars++] = (struct fetch_var){ m->key,
			m->type == JSON_STRING ? m->str : arena_strndup(&r->j->arena, m->raw, m->nraw) };
	}
	s->var = var;
	return 0;
}

static int take_rules(const struct reading *r, struct fetch_spec *s, const struct json *v, struct err *e)
{
	if (v->type != JSON_ARRAY)
		return fault(r, v, e, "\"rules\" must be an array");
	struct fetch_rule *rule = arena_array(&r->j->arena, v->nchild + 1, sizeof *rule);
	s->has_rules = true;
	s->nrules = 0;
	s->rule = rule;
	for (const struct json *m = v->child; m; m = m->next) {
		const char *value = m->type == JSON_STRING ? m->str : json_str(json_get(m, "value"));
		if (!value)
			return fault(r, m, e, "a rule must be a string, or an object with \"value\" and \"tag\"");
		rule[s->nrules++] =
		    (struct fetch_rule){value, m->type == JSON_STRING ? NULL : json_str(json_get(m, "tag"))};
	}
	return 0;
}

static int take_time(const struct reading *r, int64_t *us, const char **as, const struct json *v, struct err *e)
{
	const char *s = json_str(v);
	*as = s && when_relative(s, v->nstr) ? s : NULL;
	return s && when_parse(us, s, v->nstr, NULL, clock_now_us()) ? 0 : fault(r, v, e, "\"%s\" must be a time such as 2026-01-31T12:00:00Z, 2026-01-31 12:00 (UTC), or 7d ago", v->key);
}

static int take_duration(const struct reading *r, int64_t *ns, const struct json *v, struct err *e)
{
	const char *s = json_str(v);
	return s && duration_parse(s, v->nstr, ns) && *ns > 0
		   ? 0
		   : fault(r, v, e, "\"%s\" must be a duration such as \"5m\"", v->key);
}

static int take_count(const struct reading *r, uint64_t *n, const struct json *v, struct err *e)
{
	int64_t i;
	if (!json_i64(v, &i) || i <= 0)
		return fault(r, v, e, "\"%s\" must be greater than 0", v->key);
	*n = (uint64_t)i;
	return 0;
}

static int take_member(const struct reading *r, struct fetch_spec *s, const struct json *v, struct err *e)
{
	const char *k = v->key;
	if (strcmp(k, "source") == 0 || strcmp(k, "name") == 0) {
		if (!json_str(v) || !v->nstr || memchr(v->str, '\0', v->nstr))
			return fault(r, v, e, "\"%s\" must be a string", k);
		*(*k == 's' ? &s->source : &s->name) = v->str;
		return 0;
	}
	if (strcmp(k, "vars") == 0)
		return take_vars(r, s, v, e);
	if (strcmp(k, "rules") == 0)
		return take_rules(r, s, v, e);
	if (strcmp(k, "since") == 0)
		return take_time(r, &s->since_us, &s->since_as, v, e);
	if (strcmp(k, "until") == 0)
		return take_time(r, &s->until_us, &s->until_as, v, e);
	if (strcmp(k, "split") == 0)
		return take_duration(r, &s->split_ns, v, e);
	if (strcmp(k, "every") == 0)
		return take_duration(r, &s->every_ns, v, e);
	if (strcmp(k, "max_records") == 0)
		return take_count(r, &s->max_records, v, e);
	if (strcmp(k, "max_requests") == 0)
		return take_count(r, &s->max_requests, v, e);
	struct near near;
	return fault(r, v, e, "unknown member '%s'%s", k,
		     near_of(&near, k, strlen(k), "source|name|vars|rules|since|until|split|every|max_records|max_requests"));
}

static int take_job(const struct reading *r, const struct fetch_spec *others, const struct json *v, struct err *e)
{
	struct fetch_spec *s = add(r->j, others);
	s->file = arena_strdup(&r->j->arena, r->file);
	s->line = line_of(r, v, NULL);
	int rc = v->type == JSON_OBJECT ? 0 : fault(r, v, e, "a job must be an object");
	for (const struct json *m = v->child; m && rc == 0; m = m->next)
		rc = take_member(r, s, m, e);
	if (rc == 0 && !s->source)
		rc = fault(r, v, e, "a job needs a \"source\"");
	return rc;
}

static int read_all(struct buf *b, const char *file, struct err *e)
{
	bool in = strcmp(file, "-") == 0;
	int fd = in ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
	ssize_t n = 1;
	if (fd < 0) {
		err_sys(e, errno, "cannot open");
		return err_at(e, file, 0, 0);
	}
	while (n > 0 && b->n <= MAX_FILE) {
		n = fd_read(fd, buf_reserve(b, 65536), 65536);
		b->n += n > 0 ? (size_t)n : 0;
	}
	int rc = n < 0             ? err_sys(e, errno, "cannot read")
		 : b->n > MAX_FILE ? err_set(e, ERR_DATA, "larger than 64 MiB: not a jobs file")
				   : 0;
	if (!in)
		close(fd);
	return rc < 0 ? err_at(e, file, 0, 0) : 0;
}

/* A line at a time, but for an array, which may run over many. */
static int read_jobs(struct reading *r, const struct fetch_spec *others, const char *p, size_t n, struct err *e)
{
	struct json *v;
	size_t blank = strspn(p, " \t\r\n");
	uint64_t line = 1;
	int rc = 0;
	r->text = p;
	if (p[blank] == '[') {
		if ((rc = json_parse(&v, &r->j->arena, p, n, e)) < 0)
			return err_at(e, r->file, e->line, e->col);
		for (const struct json *m = v->child; m && rc == 0; m = m->next)
			rc = take_job(r, others, m, e);
		return rc;
	}
	for (const char *end = p + n; p < end && rc == 0; line++) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((nl ? nl : end) - p);
		if (strspn(p, " \t\r") < len) {
			if ((rc = json_parse(&v, &r->j->arena, p, len, e)) < 0)
				err_at(e, r->file, line, e->col);
			else
				rc = take_job(r, others, v, e);
		}
		p += len + 1;
	}
	return rc;
}

int jobs_read(struct jobs *j, const struct fetch_spec *others, const char *file, struct err *e)
{
	struct buf b = BUF_INIT;
	struct reading r = { .j = j, .file = strcmp(file, "-") == 0 ? INPUT_STDIN_NAME : file };
	int rc = read_all(&b, file, e);
	if (rc == 0) {
		const char *text = arena_strndup(&j->arena, b.p ? b.p : "", b.n);
		rc = read_jobs(&r, others, text, b.n, e);
	}
	if (rc == 0 && !j->n) {
		err_set(e, ERR_DATA, "it has no jobs");
		rc = err_at(e, r.file, 0, 0);
	}
	buf_release(&b);
	return rc;
}
