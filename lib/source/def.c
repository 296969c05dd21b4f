/* SPDX-License-Identifier: MIT */
#include "source/def.h"

#include "base/datadir.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TEXT ((size_t)1 << 20)
#define MAX_EXTENDS 4

/* What a member may be. */
enum { STR = 1, NUM = 2, OBJ = 4, ARR = 8, NUL = 16, EXPR = STR | ARR };

static const struct {
	const char *key;
	int types;
} members[] = {
	{ "smsource", NUM }, { "name", STR }, { "summary", STR }, { "network", STR }, { "extends", STR }, { "vars", OBJ },
	{ "each", STR }, { "parallel", NUM }, { "secrets", OBJ }, { "hosts", ARR }, { "auth", OBJ }, { "request", OBJ },
	{ "transport", STR }, { "heartbeat", NUM }, { "records", EXPR }, { "context", EXPR }, { "next", OBJ }, { "cursor", OBJ },
	{ "rate", EXPR }, { "outcome", EXPR }, { "pace", STR | ARR | OBJ }, { "cost", NUM }, { "retry", OBJ }, { "map", EXPR },
};
#define NMEMBERS (sizeof members / sizeof *members)

struct loading {
	struct source_def *d;
	const char *text;
	const struct json *member[NMEMBERS];
	unsigned depth;             /* of extends */
};

static int fault(const struct loading *l, const struct json *at, struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
static int fault(const struct loading *l, const struct json *at, struct err *e, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	err_setv(e, ERR_DATA, fmt, ap);
	va_end(ap);
	uint64_t line = 1;
	const char *from = l->text;
	for (const char *p = l->text; p < at->raw; p++) {
		if (*p == '\n') {
			line++;
			from = p + 1;
		}
	}
	return err_at(e, l->d->file, line, (uint64_t)(at->raw - from) + 1);
}

static int type_bit(const struct json *v)
{
	switch (v->type) {
	case JSON_STRING:
		return STR;
	case JSON_NUMBER:
		return NUM;
	case JSON_OBJECT:
		return OBJ;
	case JSON_ARRAY:
		return ARR;
	default:
		return NUL;
	}
}

static const struct json *member(const struct loading *l, const char *key)
{
	for (size_t i = 0; i < NMEMBERS; i++)
		if (strcmp(members[i].key, key) == 0)
			return l->member[i];
	return NULL;
}

static int take_members(struct loading *l, const struct json *root, struct err *e)
{
	for (const struct json *v = root->child; v; v = v->next) {
		size_t i = 0;
		while (i < NMEMBERS && strcmp(members[i].key, v->key) != 0)
			i++;
		if (i == NMEMBERS)
			return fault(l, v, e, "unknown key '%s'", v->key);
		if (l->member[i])
			return fault(l, v, e, "'%s' stands twice", v->key);
		if (!(members[i].types & type_bit(v)))
			return fault(l, v, e, "'%s' has the wrong type", v->key);
		l->member[i] = v;
	}
	return 0;
}

/* The text of an expression: a string, or strings joined by line feeds. Inherited ones stay. */
static int expression(struct loading *l, const char *key, const char **to, struct err *e)
{
	const struct json *v = member(l, key);
	struct buf b = BUF_INIT;
	if (!v)
		return 0;
	if (v->type == JSON_STRING) {
		*to = arena_strndup(&l->d->arena, v->str, v->nstr);
		return 0;
	}
	for (const struct json *s = v->child; s; s = s->next) {
		if (s->type != JSON_STRING) {
			buf_release(&b);
			return fault(l, s, e, "'%s' is an array of strings, all of them parts of one expression", key);
		}
		buf_put(&b, s->str, s->nstr);
		buf_putc(&b, '\n');
	}
	*to = arena_strndup(&l->d->arena, b.p ? b.p : "", b.n);
	buf_release(&b);
	return 0;
}

static const char *string(struct loading *l, const char *key, const char *inherited)
{
	const struct json *v = member(l, key);
	return v ? arena_strndup(&l->d->arena, v->str, v->nstr) : inherited;
}

static int load(struct source_def **d, const char *name, unsigned depth, struct err *e);

static int inherit(struct loading *l, struct err *e)
{
	const struct json *v = member(l, "extends");
	struct source_def *from, *d = l->d;
	if (!v)
		return 0;
	if (l->depth == MAX_EXTENDS)
		return fault(l, v, e, "'extends' goes round, or over more than %d definitions", MAX_EXTENDS);
	int rc = load(&from, v->str, l->depth + 1, e);
	if (rc == ERR_NOT_FOUND)
		return fault(l, v, e, "extends '%s', which is not there", v->str);
	if (rc < 0)
		return rc;
	d->network = from->network ? arena_strdup(&d->arena, from->network) : NULL;
	d->records = from->records ? arena_strdup(&d->arena, from->records) : NULL;
	d->context = from->context ? arena_strdup(&d->arena, from->context) : NULL;
	d->map = from->map ? arena_strdup(&d->arena, from->map) : NULL;
	d->api = from->api;
	source_def_free(from);
	return 0;
}

static int take(struct loading *l, const struct json *root, struct err *e)
{
	struct source_def *d = l->d;
	int64_t version;
	int rc = root->type == JSON_OBJECT ? take_members(l, root, e) : fault(l, root, e, "a definition is an object");
	if (rc < 0)
		return rc;
	const struct json *v = member(l, "smsource");
	if (!v)
		return fault(l, root, e, "'smsource' is missing: it says which format this is (1)");
	if (!json_i64(v, &version) || version != 1)
		return fault(l, v, e, "'smsource' is not 1: this definition is made for another release");
	if (!member(l, "name"))
		return fault(l, root, e, "'name' is missing");
	if ((rc = inherit(l, e)) < 0)
		return rc;
	d->name = string(l, "name", NULL);
	d->network = string(l, "network", d->network);
	d->summary = string(l, "summary", "");
	d->api |= member(l, "request") != NULL;
	if ((rc = expression(l, "records", &d->records, e)) < 0 || (rc = expression(l, "context", &d->context, e)) < 0 ||
	    (rc = expression(l, "map", &d->map, e)) < 0)
		return rc;
	if (!d->network)
		return fault(l, root, e, "'network' is missing");
	if (!d->map)
		return fault(l, root, e, "'map' is missing: it makes the record of an item");
	d->is_path = d->records && scan_path_parse(&d->path, &d->arena, d->records);
	return 0;
}

static int parse(struct source_def **out, const char *text, size_t n, const char *file, unsigned depth, struct err *e)
{
	struct source_def *d = mem_zalloc(sizeof *d);
	struct loading l = { .d = d, .depth = depth };
	struct json *root;
	d->file = arena_strdup(&d->arena, file);
	char *copy = arena_strndup(&d->arena, text, n);
	l.text = copy;
	struct err why = { 0 };
	int rc = json_parse(&root, &d->arena, copy, n, &why);
	if (rc < 0)
		err_at(&why, d->file, why.line, why.col);
	else
		rc = take(&l, root, &why);
	if (rc < 0) {
		if (e)
			*e = why;
		source_def_free(d);
		return rc;
	}
	*out = d;
	return 0;
}

int source_def_parse(struct source_def **d, const char *text, size_t n, const char *file, struct err *e)
{
	return parse(d, text, n, file, 0, e);
}

static bool is_path(const char *name)
{
	size_t n = strlen(name);
	return strchr(name, '/') || (n > 5 && strcmp(name + n - 5, ".json") == 0);
}

static int read_file(struct buf *b, const char *path, struct err *e)
{
	FILE *f = fopen(path, "re");
	if (!f) {
		err_sys(e, errno, "cannot open");
		return err_at(e, path, 0, 0);
	}
	size_t n = fread(buf_reserve(b, MAX_TEXT + 1), 1, MAX_TEXT + 1, f);
	b->n = n;
	int rc = 0;
	if (ferror(f))
		rc = err_sys(e, errno, "cannot read");
	else if (n > MAX_TEXT)
		rc = err_set(e, ERR_DATA, "longer than %zu bytes: no source definition", MAX_TEXT);
	fclose(f);
	return rc < 0 ? err_at(e, path, 0, 0) : 0;
}

/* Say which definitions there are. */
static int not_found(const char *name, struct err *e)
{
	struct arena a = ARENA_INIT;
	struct buf b = BUF_INIT;
	const char **names;
	size_t n;
	if (source_def_list(&names, &n, &a, NULL) == 0)
		for (size_t i = 0; i < n; i++)
			buf_printf(&b, "%s%s", i ? ", " : "", names[i]);
	err_set(e, ERR_NOT_FOUND, "no source definition '%s' (there are: %.*s)", name, (int)b.n, b.p ? b.p : "");
	buf_release(&b);
	arena_release(&a);
	return ERR_NOT_FOUND;
}

static int load(struct source_def **d, const char *name, unsigned depth, struct err *e)
{
	struct buf text = BUF_INIT, path = BUF_INIT, file = BUF_INIT;
	int rc;
	if (is_path(name)) {
		buf_puts(&path, name);
		rc = read_file(&text, name, e);
	} else {
		buf_printf(&file, "sources/%s.json", name);
		rc = share_read(&text, buf_cstr(&file), MAX_TEXT, &path, e);
		if (rc == ERR_NOT_FOUND)
			rc = not_found(name, e);
	}
	if (rc == 0)
		rc = parse(d, text.p ? text.p : "", text.n, buf_cstr(&path), depth, e);
	buf_release(&text);
	buf_release(&path);
	buf_release(&file);
	return rc;
}

int source_def_load(struct source_def **d, const char *name, struct err *e)
{
	return load(d, name, 0, e);
}

void source_def_free(struct source_def *d)
{
	if (!d)
		return;
	arena_release(&d->arena);
	mem_free(d);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int source_def_list(const char ***names, size_t *n, struct arena *a, struct err *e)
{
	struct buf path = BUF_INIT;
	const char **v = NULL;
	size_t cap = 0, count = 0;
	int rc = share_path(&path, "sources", e);
	DIR *dir = rc == 0 ? opendir(buf_cstr(&path)) : NULL;
	if (rc == 0 && !dir)
		rc = err_sys(e, errno, "cannot open %s", path.p);
	for (struct dirent *en; dir && (en = readdir(dir)) != NULL;) {
		size_t len = strlen(en->d_name);
		if (len <= 5 || en->d_name[0] == '.' || strcmp(en->d_name + len - 5, ".json") != 0)
			continue;
		MEM_GROW(v, cap, count + 1);
		v[count++] = arena_strndup(a, en->d_name, len - 5);
	}
	if (dir)
		closedir(dir);
	if (count)
		qsort(v, count, sizeof *v, by_name);
	*names = arena_array(a, count ? count : 1, sizeof **names);
	if (count)
		memcpy(*names, v, count * sizeof *v);
	*n = count;
	mem_free(v);
	buf_release(&path);
	return rc;
}
