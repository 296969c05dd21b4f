/* SPDX-License-Identifier: MIT */
/* Checks the values of a definition, and names each fault with its place. */
#include "base/mem.h"
#include "base/near.h"
#include "source/def_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool def_fault(struct def_load *l, const struct json *at, const char *fmt, ...)
{
	struct def_faults *f = l->faults;
	struct err e;
	va_list ap;
	if (f->n - l->first >= DEF_MAX_FAULTS)
		return false;
	va_start(ap, fmt);
	err_setv(&e, ERR_DATA, fmt, ap);
	va_end(ap);
	MEM_GROW(f->v, f->cap, f->n + 1);
	f->v[f->n] = (struct def_fault){ .code = ERR_DATA, .file = arena_strdup(&f->arena, l->file),
		.msg = arena_strdup(&f->arena, e.msg), .at = at->raw, .seq = f->n };
	f->n++;
	return false;
}

static int by_place(const void *a, const void *b)
{
	const struct def_fault *x = a, *y = b;
	if (x->whole != y->whole)
		return x->whole ? 1 : -1;
	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

void def_faults_place(struct def_faults *f, size_t from, const char *text)
{
	const char *line_start = text, *p = text, *root = text + strspn(text, " \t\r\n");
	uint64_t line = 1;
	if (f->n == from)
		return;
	for (size_t i = from; i < f->n; i++)
		f->v[i].whole = f->v[i].at == root;
	qsort(f->v + from, f->n - from, sizeof *f->v, by_place);
	for (size_t i = from; i < f->n; i++) {
		if (f->v[i].whole && p > root) {
			line = 1;
			p = line_start = text;
		}
		for (; p < f->v[i].at; p++) {
			if (*p == '\n') {
				line++;
				line_start = p + 1;
			}
		}
		f->v[i].line = line;
		f->v[i].col = (uint64_t)(p - line_start) + 1;
	}
}

void def_fault_err(const struct def_fault *f, struct err *e)
{
	err_set(e, f->code, "%s", f->msg);
	err_at(e, f->file, f->line, f->col);
}

int def_faults_first(const struct def_faults *f, struct err *e)
{
	if (!f->n)
		return 0;
	if (e)
		def_fault_err(&f->v[0], e);
	return f->v[0].code;
}

void def_faults_release(struct def_faults *f)
{
	arena_release(&f->arena);
	mem_free(f->v);
}

const char *def_path(struct def_load *l, const char *in, const char *key)
{
	return *in ? arena_printf(&l->scratch, "%s.%s", in, key) : key;
}

static int type_bit(const struct json *v)
{
	switch (v->type) {
	case JSON_STRING:
		return DEF_STR;
	case JSON_NUMBER:
		return DEF_NUM;
	case JSON_OBJECT:
		return DEF_OBJ;
	case JSON_ARRAY:
		return DEF_ARR;
	case JSON_NULL:
		return DEF_NULL;
	default:
		return DEF_BOOL;
	}
}

bool def_type(struct def_load *l, const struct json *v, int types, const char *what)
{
	static const char *const names[] = { "a text", "a number", "an object", "an array", "null" };
	char want[80] = "";
	if (types & type_bit(v))
		return true;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		size_t n = strlen(want);
		if (types & 1 << i)
			snprintf(want + n, sizeof want - n, "%s%s", n ? " or " : "", names[i]);
	}
	return def_fault(l, v, "'%s' has the wrong type: it must be %s", what, want);
}

static bool unknown_key(struct def_load *l, const struct json *v, const char *in, const struct def_key *keys, size_t n)
{
	struct near near = near_to(v->key, strlen(v->key));
	for (size_t i = 0; i < n; i++)
		near_name(&near, keys[i].name, strlen(keys[i].name));
	const char *hint = near_hint(&near, "", "");
	return *in ? def_fault(l, v, "unknown key '%s' in '%s'%s", v->key, in, hint) : def_fault(l, v, "unknown key '%s'%s", v->key, hint);
}

bool def_members(struct def_load *l, const struct json *obj, const char *in, const struct def_key *keys, size_t n,
		 const struct json **to)
{
	bool ok = true;
	memset(to, 0, n * sizeof *to);
	for (const struct json *v = obj->child; v; v = v->next) {
		size_t i = 0;
		while (i < n && strcmp(keys[i].name, v->key) != 0)
			i++;
		if (i == n)
			ok = unknown_key(l, v, in, keys, n);
		else if (to[i])
			ok = def_fault(l, v, "'%s' is given twice", def_path(l, in, v->key));
		else
			to[i] = v;
	}
	for (size_t i = 0; i < n; i++) {
		if (to[i] && !def_type(l, to[i], keys[i].types, def_path(l, in, keys[i].name))) {
			to[i] = NULL;
			ok = false;
		}
	}
	return ok;
}

bool def_distinct(struct def_load *l, const struct json *obj, const char *what, bool any_case)
{
	bool ok = true;
	if (obj->nchild > DEF_MAX_LIST)
		return def_fault(l, obj, "'%s' has more than %d members", what, DEF_MAX_LIST);
	for (const struct json *v = obj->child; v; v = v->next) {
		const struct json *w = obj->child;
		if (!v->nkey)
			ok = def_fault(l, v, "a name in '%s' is empty", what);
		while (w != v && (any_case ? strcasecmp(w->key, v->key) : strcmp(w->key, v->key)) != 0)
			w = w->next;
		if (w != v)
			ok = def_fault(l, v, "'%s.%s' is given twice", what, v->key);
	}
	return ok;
}

const char *def_string(struct def_load *l, const struct json *v)
{
	return arena_strndup(&l->d->arena, v->str, v->nstr);
}

bool def_line(struct def_load *l, const struct json *v, const char *what, const char **to)
{
	if (!v->nstr)
		return def_fault(l, v, "'%s' is empty", what);
	for (size_t i = 0; i < v->nstr; i++)
		if ((unsigned char)v->str[i] < 0x20 || v->str[i] == 0x7f)
			return def_fault(l, v, "'%s' contains a control character", what);
	*to = def_string(l, v);
	return true;
}

bool def_lines(struct def_load *l, const struct json *v, const char *what, const char **to)
{
	struct buf b = BUF_INIT;
	bool ok = true;
	if (v->type == JSON_STRING) {
		*to = def_string(l, v);
		return true;
	}
	for (const struct json *s = v->child; s; s = s->next) {
		if (s->type != JSON_STRING) {
			ok = def_fault(l, s, "'%s' must be an array of strings, the parts of one text", what);
			continue;
		}
		buf_put(&b, s->str, s->nstr);
		buf_putc(&b, '\n');
	}
	*to = arena_strndup(&l->d->arena, b.p ? b.p : "", b.n);
	buf_release(&b);
	return ok;
}

bool def_expr(struct def_load *l, const struct json *v, const char *what, const char **to)
{
	if (!def_lines(l, v, what, to))
		return false;
	if (!(*to)[strspn(*to, " \t\r\n")])
		return def_fault(l, v, "'%s' is empty", what);
	if (!l->check)
		return true;
	MEM_GROW(l->expr, l->cap, l->nexprs + 1);
	l->expr[l->nexprs++] = (struct def_expr){ arena_strdup(&l->scratch, what), *to, v };
	return true;
}

bool def_number(struct def_load *l, const struct json *v, const char *what, double min, double max, double *to)
{
	double d;
	if (!json_double(v, &d) || !(d >= min && d <= max))
		return def_fault(l, v, "'%s' must be a number from %g to %.15g", what, min, max);
	*to = d;
	return true;
}

bool def_whole(struct def_load *l, const struct json *v, const char *what, uint64_t min, uint64_t max, uint64_t *to)
{
	int64_t i;
	if (!json_i64(v, &i) || i < 0 || (uint64_t)i < min || (uint64_t)i > max)
		return def_fault(l, v, "'%s' must be a whole number from %llu to %llu", what, (unsigned long long)min,
				 (unsigned long long)max);
	*to = (uint64_t)i;
	return true;
}

bool def_word(struct def_load *l, const struct json *v, const char *what, const char *words, int *to)
{
	int i = 0;
	for (const char *w = words; *w; i++) {
		size_t n = strcspn(w, "|");
		if (n == v->nstr && memcmp(w, v->str, n) == 0) {
			*to = i;
			return true;
		}
		w += n + (w[n] != '\0');
	}
	return def_fault(l, v, "'%s' must be one of %s", what, words);
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool def_is_name(const char *s)
{
	if (!is_letter(*s))
		return false;
	while (is_letter(*s) || (*s >= '0' && *s <= '9'))
		s++;
	return !*s;
}

bool def_variable(struct def_load *l, const struct json *v, const char *name, size_t n)
{
	static const char *const given[] = { "cursor", "since", "until" };
	const char *s = arena_strndup(&l->scratch, name, n);
	for (size_t i = 0; i < sizeof given / sizeof *given; i++)
		if (strcmp(given[i], s) == 0)
			return true;
	if (l->partial || source_def_var(l->d, s))
		return true;
	return def_fault(l, v, "no variable '%s' in 'vars'", s);
}

/* The parts of the text; with PART NULL they are counted. False: a `${` that no name and no `}` follows. */
static bool split(const char *s, size_t n, struct def_part *part, size_t *count)
{
	const char *end = s + n, *from = s;
	size_t k = 0;
	for (const char *p = s;; p++) {
		bool var = p + 1 < end && p[0] == '$' && p[1] == '{';
		if ((var || p == end) && p > from) {
			if (part)
				part[k] = (struct def_part){ from, (size_t)(p - from), false };
			k++;
		}
		if (p == end)
			break;
		if (!var)
			continue;
		const char *name = p + 2, *q = name;
		while (q < end && (is_letter(*q) || (q > name && *q >= '0' && *q <= '9')))
			q++;
		if (q == name || q == end || *q != '}')
			return false;
		if (part)
			part[k] = (struct def_part){ name, (size_t)(q - name), true };
		k++;
		p = q;
		from = q + 1;
	}
	*count = k;
	return true;
}

bool def_text(struct def_load *l, const struct json *v, const char *what, struct def_text *to)
{
	size_t n;
	bool ok = true;
	if (!split(v->str, v->nstr, NULL, &n))
		return def_fault(l, v, "'%s': '${' must be followed by a variable's name and '}'", what);
	struct def_part *part = arena_array(&l->d->arena, n ? n : 1, sizeof *part);
	split(v->str, v->nstr, part, &n);
	for (size_t i = 0; i < n; i++) {
		part[i].text = arena_strndup(&l->d->arena, part[i].text, part[i].n);
		if (part[i].var && !def_variable(l, v, part[i].text, part[i].n))
			ok = false;
	}
	*to = (struct def_text){ part, n };
	return ok;
}
