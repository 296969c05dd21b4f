/* SPDX-License-Identifier: MIT */
/* Finds, reads and extends definitions. */
#include "base/datadir.h"
#include "base/mem.h"
#include "base/near.h"
#include "source/def_int.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct source_def *new_def(void)
{
	struct source_def *d = mem_zalloc(sizeof *d);
	d->summary = d->about = d->setup.help = "";
	def_limit_defaults(d);
	return d;
}

/* What V names, to be parsed over; NULL when it can't be had. */
static struct source_def *parent(struct def_load *l, const struct json *v)
{
	struct source_def *d = NULL;
	struct err e;
	if (l->depth == DEF_MAX_EXTENDS) {
		def_fault(l, v, "'extends' forms a loop or is deeper than %d definitions", DEF_MAX_EXTENDS);
		return NULL;
	}
	int rc = def_load_noting(&d, v->str, l, l->faults, l->check, &e);
	l->first = l->faults->n;
	if (rc == ERR_NOT_FOUND)
		def_fault(l, v, "extends '%s', which does not exist", v->str);
	else if (rc < 0)
		def_fault(l, v, "extends '%s': %s", v->str, e.msg);
	return d;
}

/* The definition over the one that it extends. */
static void take(struct def_load *l, const struct json *root)
{
	const struct json *v = json_get(root, "extends");
	l->extends = v != NULL;
	if (v && v->type == JSON_STRING)
		l->d = parent(l, v);
	l->partial = v && (!l->d || l->faults->n);
	if (!l->d)
		l->d = new_def();
	l->d->file = arena_strdup(&l->d->arena, l->file);
	def_take(l, root);
	if (l->check)
		def_compile(l);
	def_faults_place(l->faults, l->first, l->text);
}

/* Never NULL. It is whole when no fault was noted. */
static struct source_def *parse(const char *text, size_t n, const char *file, const struct def_load *child, struct def_faults *f,
				bool check)
{
	struct def_load l = { .faults = f, .file = file, .child = child, .depth = child ? child->depth + 1 : 0, .check = check,
		.first = f->n };
	struct json *root;
	struct err e;
	l.text = arena_strndup(&l.scratch, text, n);
	if (json_parse(&root, &l.scratch, l.text, n, &e) < 0) {
		def_fault(&l, &(struct json){ .raw = l.text }, "%s", e.msg);
		f->v[l.first].line = e.line;
		f->v[l.first].col = e.col;
	} else if (root->type != JSON_OBJECT) {
		def_fault(&l, root, "a definition must be an object");
		def_faults_place(f, l.first, l.text);
	} else {
		take(&l, root);
		l.d->shipped = (!l.extends || l.d->shipped) && def_shipped(text, n);
	}
	arena_release(&l.scratch);
	mem_free(l.expr);
	return l.d ? l.d : new_def();
}

static int finish(struct source_def **out, struct source_def *d, struct def_faults *f, struct err *e)
{
	int rc = def_faults_first(f, e);
	if (rc == 0)
		*out = d;
	else
		source_def_free(d);
	def_faults_release(f);
	return rc;
}

int source_def_parse(struct source_def **d, const char *text, size_t n, const char *file, struct err *e)
{
	struct def_faults f = { 0 };
	return finish(d, parse(text, n, file, NULL, &f, false), &f, e);
}

static bool is_path(const char *name)
{
	size_t n = strlen(name);
	return strchr(name, '/') || (n > 5 && strcmp(name + n - 5, ".json") == 0);
}

/* Say which one was meant, or which there are. */
static int not_found(const char *name, struct err *e)
{
	struct arena a = ARENA_INIT;
	struct buf b = BUF_INIT;
	struct near near = near_to(name, strlen(name));
	const char **names;
	size_t n = 0;
	if (source_def_list(&names, &n, &a, NULL) < 0)
		n = 0;
	for (size_t i = 0; i < n; i++) {
		buf_printf(&b, "%s%s", i ? ", " : "", names[i]);
		near_name(&near, names[i], strlen(names[i]));
	}
	const char *hint = near_hint(&near, "", "");
	if (*hint)
		err_set(e, ERR_NOT_FOUND, "no source definition '%s'%s", name, hint);
	else
		err_set(e, ERR_NOT_FOUND, "no source definition '%s' (available: %.*s)", name, (int)b.n, b.p ? b.p : "");
	buf_release(&b);
	arena_release(&a);
	return ERR_NOT_FOUND;
}

/* Is FILE one of those that are being read? */
static bool goes_round(const struct def_load *l, const char *file)
{
	for (; l; l = l->child)
		if (strcmp(l->file, file) == 0)
			return true;
	return false;
}

int def_load_noting(struct source_def **d, const char *name, const struct def_load *child, struct def_faults *f, bool check,
		    struct err *e)
{
	struct buf text = BUF_INIT, path = BUF_INIT, file = BUF_INIT;
	int rc;
	if (is_path(name)) {
		buf_puts(&path, name);
		rc = file_read(&text, name, DEF_MAX_TEXT, e);
	} else {
		buf_printf(&file, "sources/%s.json", name);
		rc = data_read(&text, buf_cstr(&file), DEF_MAX_TEXT, &path, e);
		if (rc == ERR_NOT_FOUND)
			rc = not_found(name, e);
	}
	if (rc == 0 && goes_round(child, buf_cstr(&path)))
		rc = err_set(e, ERR_DATA, "it forms a loop");
	if (rc == 0)
		*d = parse(text.p ? text.p : "", text.n, buf_cstr(&path), child, f, check);
	buf_release(&text);
	buf_release(&path);
	buf_release(&file);
	return rc;
}

int source_def_load(struct source_def **out, const char *name, struct err *e)
{
	struct def_faults f = { 0 };
	struct source_def *d;
	int rc = def_load_noting(&d, name, NULL, &f, false, e);
	return rc < 0 ? rc : finish(out, d, &f, e);
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
	int rc = data_path(&path, "sources", e);
	DIR *dir = rc == 0 ? opendir(buf_cstr(&path)) : NULL;
	if (rc == 0 && !dir)
		rc = err_sys(e, errno, "cannot open %s", path.p);
	while (dir) {
		errno = 0;
		struct dirent *en = readdir(dir);
		if (!en) {
			rc = errno ? err_sys(e, errno, "cannot read %s", path.p) : 0;
			break;
		}
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

const struct def_var *source_def_var(const struct source_def *d, const char *name)
{
	size_t i = 0;
	while (i < d->nvars && strcmp(d->var[i].name, name) != 0)
		i++;
	return i < d->nvars ? &d->var[i] : NULL;
}

const struct def_secret *source_def_secret(const struct source_def *d, const char *local)
{
	size_t i = 0;
	while (i < d->nsecrets && strcmp(d->secret[i].local, local) != 0)
		i++;
	return i < d->nsecrets ? &d->secret[i] : NULL;
}
