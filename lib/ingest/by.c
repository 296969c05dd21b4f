/* SPDX-License-Identifier: MIT */
/* Parses --by and binds it to a schema: sources, result types, metadata. */
#include "ingest/by.h"

#include "base/near.h"
#include "base/num.h"
#include "column/type_text.h"
#include "delta/partition.h"
#include "json/doc.h"

#include <stdio.h>
#include <string.h>

static const char *const func_name[] = { [BY_IDENTITY] = "identity", [BY_YEAR] = "year", [BY_MONTH] = "month", [BY_DAY] = "day",
	[BY_HOUR] = "hour", [BY_TRUNCATE] = "truncate" };
#define FUNCS "year(c), month(c), day(c), hour(c), truncate(c,N), identity(c)"

void by_init(struct by *b)
{
	*b = (struct by){ .arena = ARENA_INIT };
}

void by_release(struct by *b)
{
	arena_release(&b->arena);
	by_init(b);
}

static struct by_item *new_item(struct by *b)
{
	struct by_item *v = arena_array(&b->arena, b->n + 1, sizeof *v);
	if (b->n)
		memcpy(v, b->v, b->n * sizeof *v);
	b->v = v;
	return &v[b->n++];
}

static const char *trimmed(const char *s, size_t *n)
{
	while (*n && *s == ' ') {
		s++;
		--*n;
	}
	while (*n && s[*n - 1] == ' ')
		--*n;
	return s;
}

static int find_func(const char *s, size_t n)
{
	int f = BY_IDENTITY;
	while (f <= BY_TRUNCATE && (strlen(func_name[f]) != n || memcmp(func_name[f], s, n) != 0))
		f++;
	return f;
}

/* S[0..N) calls what its first NAME bytes name. */
static int no_func(const char *s, size_t n, size_t name, struct err *e)
{
	struct near near = near_to(s, name);
	for (int f = BY_IDENTITY; f <= BY_TRUNCATE; f++)
		near_name(&near, func_name[f], strlen(func_name[f]));
	return err_set(e, ERR_USAGE, "'%.*s' is not one of the functions " FUNCS "%s", (int)n, s, near_hint(&near, "", ""));
}

/* `func(source)` or `truncate(source,N)`. */
static int parse_call(struct by *b, struct by_item *it, const char *s, size_t n, struct err *e)
{
	const char *open = memchr(s, '(', n);
	size_t name = open ? (size_t)(open - s) : 0;
	int f = find_func(s, name);
	if (!open || s[n - 1] != ')' || f > BY_TRUNCATE)
		return no_func(s, n, name, e);
	const char *arg = open + 1, *comma = f == BY_TRUNCATE ? memrchr(arg, ',', (size_t)(s + n - 1 - arg)) : NULL;
	size_t narg = (size_t)((comma ? comma : s + n - 1) - arg);
	arg = trimmed(arg, &narg);
	it->func = (enum by_func)f;
	if (f == BY_TRUNCATE) {
		size_t nw = comma ? (size_t)(s + n - 1 - comma - 1) : 0;
		const char *w = comma ? trimmed(comma + 1, &nw) : "";
		if (!num_i64(w, nw, &it->width) || it->width < 1 || it->width > INT32_MAX)
			return err_set(e, ERR_USAGE, "'%.*s': truncate needs a column and a whole number of at least 1", (int)n, s);
	}
	if (!narg)
		return err_set(e, ERR_USAGE, "'%.*s' does not name a column", (int)n, s);
	it->source = arena_strndup(&b->arena, arg, narg);
	if (f == BY_TRUNCATE)
		it->text = arena_printf(&b->arena, "truncate(%s,%lld)", it->source, (long long)it->width);
	else
		it->text = arena_printf(&b->arena, "%s(%s)", func_name[f], it->source);
	b->ncomputed++;
	return 0;
}

static int parse_item(struct by *b, const char *s, size_t n, struct err *e)
{
	s = trimmed(s, &n);
	const char *eq = memchr(s, '=', n);
	size_t nname = eq ? (size_t)(eq - s) : n;
	const char *name = trimmed(s, &nname);
	const char *open = eq ? NULL : memchr(name, '(', nname);
	if (open && find_func(name, (size_t)(open - name)) > BY_TRUNCATE)
		return no_func(s, n, (size_t)(open - name), e);
	if (!nname || open)
		return err_set(e, ERR_USAGE, "'%.*s' needs a name for its column: NAME=%.*s", (int)n, s, (int)n, s);
	for (size_t i = 0; i < b->n; i++)
		if (strlen(b->v[i].name) == nname && memcmp(b->v[i].name, name, nname) == 0)
			return err_set(e, ERR_USAGE, "column '%.*s' is given twice", (int)nname, name);
	struct by_item *it = new_item(b);
	it->name = arena_strndup(&b->arena, name, nname);
	if (!eq)
		return 0;
	size_t rest = (size_t)(s + n - eq - 1);
	const char *call = trimmed(eq + 1, &rest);
	if (!rest)
		return err_set(e, ERR_USAGE, "'%.*s' needs a function after the '='", (int)n, s);
	return parse_call(b, it, call, rest, e);
}

int by_parse(struct by *b, const char *text, struct err *e)
{
	by_init(b);
	for (const char *p = text;; p++) {
		const char *start = p;
		for (int depth = 0; *p && (*p != ',' || depth); p++)
			depth += (*p == '(') - (*p == ')');
		int rc = parse_item(b, start, (size_t)(p - start), e);
		if (rc) {
			by_release(b);
			return rc;
		}
		if (!*p)
			return 0;
	}
}

int by_add(struct by *b, const char *name, const char *metadata, struct err *e)
{
	struct json *v;
	struct arena tmp = ARENA_INIT;
	struct by_item *it = new_item(b);
	int rc = 0;
	it->name = arena_strdup(&b->arena, name);
	if (metadata && json_parse(&v, &tmp, metadata, strlen(metadata), NULL) == 0) {
		const char *text = json_str(json_get(v, BY_KEY));
		if (text && *text)
			rc = parse_call(b, it, text, strlen(text), e);
		if (rc)
			err_wrap(e, "column '%s'", name);
	}
	arena_release(&tmp);
	return rc;
}

bool by_agrees(const struct by *a, const struct by *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		if (strcmp(a->v[i].name, b->v[i].name) != 0)
			return false;
		if (a->v[i].text && (!b->v[i].text || strcmp(a->v[i].text, b->v[i].text) != 0))
			return false;
	}
	return true;
}

/* The names that a message may offer instead. */
static void column_names(const struct type *t, char *to, size_t cap)
{
	size_t n = 0;
	for (size_t i = 0; i < t->nfields && n + t->fields[i].nname + 8 < cap; i++)
		n += (size_t)snprintf(to + n, cap - n, "%s%s", i ? ", " : "", t->fields[i].name);
	to[n] = '\0';
}

/* A name that holds a dot itself is tried whole first. */
static const struct type *find_source(struct by_item *it, const struct schema *s)
{
	const struct type *t = &s->root;
	const char *p = it->source;
	it->npath = 0;
	for (;;) {
		size_t n = strlen(p);
		ptrdiff_t i = t->kind == TYPE_STRUCT ? type_find(t, p, n, false) : -1;
		if (i < 0 && t->kind == TYPE_STRUCT) {
			n = strcspn(p, ".");
			i = type_find(t, p, n, false);
		}
		if (i < 0 || it->npath == sizeof it->path / sizeof *it->path)
			return NULL;
		it->path[it->npath++] = (size_t)i;
		t = &t->fields[i].type;
		p += n;
		if (!*p)
			return t;
		p++;
	}
}

static bool takes(const struct by_item *it, const struct type *t)
{
	switch (it->func) {
	case BY_IDENTITY: return delta_partition_type_ok(t);
	case BY_TRUNCATE: return t->kind == TYPE_STRING || (t->kind >= TYPE_BYTE && t->kind <= TYPE_LONG);
	case BY_HOUR: return t->kind == TYPE_TIMESTAMP || t->kind == TYPE_TIMESTAMP_NTZ || t->kind == TYPE_STRING;
	default: return t->kind == TYPE_TIMESTAMP || t->kind == TYPE_TIMESTAMP_NTZ || t->kind == TYPE_STRING || t->kind == TYPE_DATE;
	}
}

static struct type result_type(const struct by_item *it, const struct type *source)
{
	switch (it->func) {
	case BY_YEAR: return (struct type){ .kind = TYPE_INTEGER };
	case BY_DAY: return (struct type){ .kind = TYPE_DATE };
	case BY_MONTH:
	case BY_HOUR: return (struct type){ .kind = TYPE_STRING };
	default: return *source;
	}
}

static void append_field(struct schema *s, const struct by_item *it, const struct type *t)
{
	struct field *f = arena_array(&s->arena, s->root.nfields + 1, sizeof *f);
	if (s->root.nfields)
		memcpy(f, s->root.fields, s->root.nfields * sizeof *f);
	struct buf b = BUF_INIT;
	buf_puts(&b, "{\"" BY_KEY "\":");
	json_put_cstr(&b, it->text);
	buf_putc(&b, '}');
	f[s->root.nfields] = (struct field){ .name = arena_strdup(&s->arena, it->name), .nname = strlen(it->name), .nullable = true,
		.metadata = arena_strndup(&s->arena, b.p, b.n) };
	type_copy(&f[s->root.nfields].type, t, &s->arena);
	buf_release(&b);
	s->root.fields = f;
	s->root.nfields++;
}

static int bind_computed(struct by_item *it, struct schema *s, struct err *e)
{
	const struct type *source = find_source(it, s);
	struct buf b = BUF_INIT;
	struct near near;
	if (!source)
		return err_set(e, ERR_USAGE, "%s=%s: there is no column '%s'%s", it->name, it->text, it->source,
			       type_near(&s->root, it->source, strlen(it->source), &near));
	if (!takes(it, source)) {
		type_print(source, &b);
		int rc = err_set(e, ERR_USAGE, "%s=%s: %s does not take a column of type %.200s", it->name, it->text, func_name[it->func],
				buf_cstr(&b));
		buf_release(&b);
		return rc;
	}
	struct type t = result_type(it, source);
	ptrdiff_t i = type_find(&s->root, it->name, strlen(it->name), false);
	if (i < 0) {
		append_field(s, it, &t);
		i = (ptrdiff_t)s->root.nfields - 1;
	}
	it->column = (size_t)i;
	if (it->npath == 1 && it->path[0] == it->column)
		return err_set(e, ERR_USAGE, "%s=%s: a column cannot be computed from itself; give it another name", it->name, it->text);
	if (type_equal(&s->root.fields[i].type, &t, false))
		return 0;
	type_print(&s->root.fields[i].type, &b);
	int rc = err_set(e, ERR_USAGE, "%s=%s: the column already exists with type %.200s", it->name, it->text, buf_cstr(&b));
	buf_release(&b);
	return rc;
}

/* Delta has no empty text (it is null) and no bytes but UTF-8 in a partition value. A computed value may be null. */
static bool judged(const struct field *f)
{
	return !f->nullable || f->type.kind == TYPE_BINARY;
}

int by_bind(struct by *b, struct schema *s, struct err *e)
{
	char names[300];
	b->judged = false;
	for (size_t i = 0; i < b->n; i++) {
		struct by_item *it = &b->v[i];
		if (it->func != BY_COLUMN) {
			int rc = bind_computed(it, s, e);
			if (rc)
				return rc;
			b->judged = b->judged || judged(&s->root.fields[it->column]);
			continue;
		}
		ptrdiff_t at = type_find(&s->root, it->name, strlen(it->name), false);
		if (at < 0) {
			struct near near;
			const char *hint = type_near(&s->root, it->name, strlen(it->name), &near);
			column_names(&s->root, names, sizeof names);
			return err_set(e, ERR_USAGE, "--by %s: no such column%s%s", it->name, *hint ? hint : "; the columns are ", *hint ? "" : names);
		}
		it->column = (size_t)at;
		if (!delta_partition_type_ok(&s->root.fields[at].type))
			return err_set(e, ERR_USAGE, "--by %s: a column of type %s cannot be a partition column", it->name,
				       type_kind_name(s->root.fields[at].type.kind));
		b->judged = b->judged || judged(&s->root.fields[at]);
	}
	return 0;
}
