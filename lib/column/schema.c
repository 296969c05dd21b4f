/* SPDX-License-Identifier: MIT */
/* Types copied, compared, searched, and names checked. */
#include "column/schema.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/near.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void schema_init(struct schema *s)
{
	*s = (struct schema){ .arena = ARENA_INIT, .root = { .kind = TYPE_STRUCT } };
}

void schema_release(struct schema *s)
{
	arena_release(&s->arena);
	schema_init(s);
}

void type_copy(struct type *to, const struct type *from, struct arena *a)
{
	*to = *from;
	to->fields = NULL;
	if (from->nfields)
		to->fields = arena_array(a, from->nfields, sizeof *to->fields);
	for (size_t i = 0; i < from->nfields; i++) {
		const struct field *f = &from->fields[i];
		struct field *t = &to->fields[i];
		*t = *f;
		t->name = arena_strndup(a, f->name, f->nname);
		t->metadata = f->metadata ? arena_strdup(a, f->metadata) : NULL;
		type_copy(&t->type, &f->type, a);
	}
}

void schema_copy(struct schema *to, const struct schema *from)
{
	schema_init(to);
	type_copy(&to->root, &from->root, &to->arena);
}

bool type_equal(const struct type *a, const struct type *b, bool compare_nullable)
{
	if (a->kind != b->kind || a->nfields != b->nfields)
		return false;
	if (a->kind == TYPE_DECIMAL && (a->precision != b->precision || a->scale != b->scale))
		return false;
	for (size_t i = 0; i < a->nfields; i++) {
		const struct field *f = &a->fields[i], *g = &b->fields[i];
		if (a->kind == TYPE_STRUCT && (f->nname != g->nname || memcmp(f->name, g->name, f->nname) != 0))
			return false;
		if (compare_nullable && f->nullable != g->nullable)
			return false;
		if (!type_equal(&f->type, &g->type, compare_nullable))
			return false;
	}
	return true;
}

/* The lower-case form of one character for names: ASCII, Latin-1, Greek and Cyrillic capitals, the
 * letters whose simple mappings are a fixed distance; all in two bytes of UTF-8. */
static unsigned lower_two(unsigned c)
{
	if ((c >= 0xC0 && c <= 0xDE && c != 0xD7) || (c >= 0x391 && c <= 0x3A9) || (c >= 0x410 && c <= 0x42F))
		return c + 32;
	if (c >= 0x400 && c <= 0x40F)
		return c + 80;
	if ((c >= 0x100 && c <= 0x137 && c != 0x130) || (c >= 0x14A && c <= 0x177) || (c >= 0x460 && c <= 0x481))
		return c | 1;
	return c;
}

/* Take one character off the front, lower-cased. Anything but one or two bytes stays as it is. */
static unsigned next_lower(const char *s, size_t n, size_t *i)
{
	unsigned c = (unsigned char)s[(*i)++];
	if (c < 0x80)
		return c >= 'A' && c <= 'Z' ? c + 32 : c;
	if ((c & 0xE0) == 0xC0 && *i < n)
		return lower_two((c & 0x1F) << 6 | ((unsigned char)s[(*i)++] & 0x3F));
	return c | 0x80000000u;
}

bool schema_same_name(const char *a, size_t na, const char *b, size_t nb)
{
	size_t i = 0, j = 0;
	while (i < na && j < nb)
		if (next_lower(a, na, &i) != next_lower(b, nb, &j))
			return false;
	return i == na && j == nb;
}

static uint64_t hash_ignoring_case(const char *s, size_t n)
{
	uint64_t h = 0;
	for (size_t i = 0; i < n;)
		h = hash_u64(h + next_lower(s, n, &i) + 1);
	return h;
}

const char *type_near(const struct type *t, const char *name, size_t n, struct near *near)
{
	*near = near_to(name, n);
	for (size_t i = 0; i < t->nfields; i++)
		near_name(near, t->fields[i].name, t->fields[i].nname);
	return near_hint(near, "", "");
}

ptrdiff_t type_find(const struct type *t, const char *name, size_t n, bool ignore_case)
{
	for (size_t i = 0; i < t->nfields; i++) {
		const struct field *f = &t->fields[i];
		if (ignore_case ? schema_same_name(f->name, f->nname, name, n)
				: f->nname == n && memcmp(f->name, name, n) == 0)
			return (ptrdiff_t)i;
	}
	return -1;
}

const struct field *schema_find(const struct schema *s, const char *name, size_t n)
{
	ptrdiff_t i = type_find(&s->root, name, n, false);
	return i < 0 ? NULL : &s->root.fields[i];
}

struct path {
	const struct path *up;
	const struct field *f;
};

static void path_print(const struct path *p, struct buf *b)
{
	if (p->up) {
		path_print(p->up, b);
		buf_putc(b, '.');
	}
	buf_put(b, p->f->name, p->f->nname);
}

static int bad_name(const struct path *at, struct err *e, const char *why)
{
	struct buf b = BUF_INIT;
	path_print(at, &b);
	int rc = err_set(e, ERR_DATA, "field '%.*s': %s", (int)(b.n > 300 ? 300 : b.n), b.p ? b.p : "", why);
	buf_release(&b);
	return rc;
}

static int check_one(const struct path *at, struct err *e)
{
	const struct field *f = at->f;
	if (!f->nname)
		return bad_name(at, e, "a field's name must not be empty");
	for (size_t i = 0; i < f->nname; i++)
		if (!f->name[i] || strchr(" ,;{}()\n\t=", f->name[i]))
			return bad_name(at, e, "a name must not contain a space, tab, line feed, NUL or any of ,;{}()=");
	return 0;
}

struct name_key {
	uint64_t hash;
	size_t i;
};

static int by_hash(const void *x, const void *y)
{
	const struct name_key *a = x, *b = y;
	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return a->i < b->i ? -1 : a->i > b->i;
}

/* Two fields of one struct whose names are equal but for case. */
static int check_twins(const struct type *t, const struct path *up, struct err *e)
{
	struct name_key *k = mem_array(NULL, t->nfields, sizeof *k);
	int rc = 0;
	for (size_t i = 0; i < t->nfields; i++)
		k[i] = (struct name_key){ hash_ignoring_case(t->fields[i].name, t->fields[i].nname), i };
	qsort(k, t->nfields, sizeof *k, by_hash);
	for (size_t i = 1; i < t->nfields && !rc; i++) {
		const struct field *f = &t->fields[k[i - 1].i], *g = &t->fields[k[i].i];
		if (k[i].hash != k[i - 1].hash || !schema_same_name(f->name, f->nname, g->name, g->nname))
			continue;
		char why[200];
		if (f->nname == g->nname && memcmp(f->name, g->name, f->nname) == 0)
			snprintf(why, sizeof why, "the name is given twice");
		else
			snprintf(why, sizeof why, "differs only in case from '%.*s'", (int)(f->nname > 120 ? 120 : f->nname),
				 f->name);
		rc = bad_name(&(struct path){ up, g }, e, why);
	}
	mem_free(k);
	return rc;
}

static int check_type(const struct type *t, const struct path *up, struct err *e)
{
	int rc = t->kind == TYPE_STRUCT ? check_twins(t, up, e) : 0;
	for (size_t i = 0; i < t->nfields && !rc; i++) {
		struct path at = { up, &t->fields[i] };
		if (t->kind == TYPE_STRUCT)
			rc = check_one(&at, e);
		if (!rc)
			rc = check_type(&t->fields[i].type, &at, e);
	}
	return rc;
}

int schema_check_names(const struct schema *s, struct err *e)
{
	return check_type(&s->root, NULL, e);
}
