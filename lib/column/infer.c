/* SPDX-License-Identifier: MIT */
#include "column/infer.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "column/infer_number.h"
#include "column/type_text.h"
#include "json/doc.h"

#include <stdio.h>
#include <string.h>

enum kind { KIND_BOOLEAN, KIND_NUMBER, KIND_STRING, KIND_LIST, KIND_OBJECT, KINDS };

struct node {
	const char *name;
	size_t nname;
	uint64_t hash;
	uint64_t count[KINDS];
	uint64_t first[KINDS];          /* number of the record that had the kind first, from 1 */
	struct infer_number number;
	bool no_date, no_time[3];       /* strings that do not print back as a date, a time in each form */
	struct node *element;
	struct node **member;           /* in the order they came */
	size_t nmember, cap;
};

struct infer {
	struct arena arena, line;
	struct node root;
	uint64_t records;
	size_t fields;
	struct node *crowded;           /* where the limit was passed */
	bool too_deep;
};

struct infer *infer_new(void)
{
	return mem_zalloc(sizeof(struct infer));
}

static void free_members(struct node *nd)
{
	for (size_t i = 0; i < nd->nmember; i++)
		free_members(nd->member[i]);
	if (nd->element)
		free_members(nd->element);
	mem_free(nd->member);
}

void infer_free(struct infer *in)
{
	if (!in)
		return;
	free_members(&in->root);
	arena_release(&in->arena);
	arena_release(&in->line);
	mem_free(in);
}

uint64_t infer_records(const struct infer *in)
{
	return in->records;
}

/* Keys mostly come in the order of the record before: GUESS is where to look first. NULL: the limit is reached. */
static struct node *member(struct infer *in, struct node *nd, const struct json *v, size_t *guess)
{
	uint64_t h = hash_bytes(v->key, v->nkey, 0);
	for (size_t k = 0; k < nd->nmember; k++) {
		size_t i = *guess + k < nd->nmember ? *guess + k : *guess + k - nd->nmember;
		struct node *m = nd->member[i];
		if (m->hash != h || m->nname != v->nkey || memcmp(m->name, v->key, v->nkey) != 0)
			continue;
		*guess = i + 1 < nd->nmember ? i + 1 : 0;
		return m;
	}
	if (in->fields == INFER_FIELDS) {
		in->crowded = in->crowded ? in->crowded : nd;
		return NULL;
	}
	in->fields++;
	struct node *m = arena_zalloc(&in->arena, sizeof *m);
	m->name = arena_strndup(&in->arena, v->key, v->nkey);
	m->nname = v->nkey;
	m->hash = h;
	MEM_GROW(nd->member, nd->cap, nd->nmember + 1);
	nd->member[nd->nmember++] = m;
	*guess = 0;
	return m;
}

static void add_string(struct node *nd, const char *s, size_t n)
{
	int32_t days;
	int64_t us;
	enum time_zone zone;
	char text[64];
	if (!nd->no_date && (n != 10 || !date_parse(s, n, &days)))
		nd->no_date = true;
	if (nd->no_time[0] && nd->no_time[1] && nd->no_time[2])
		return;
	bool ok = n >= 20 && n <= 27 && s[n - 1] == 'Z' && time_parse(s, n, &us, &zone);
	static const int digits[3] = { -1, 3, 6 };
	for (int i = 0; i < 3; i++) {
		size_t k = ok ? time_format(text, us, digits[i], true) : 0;
		/* "At least three digits" prints six where the value needs them. */
		if (i == 1 && ok && us % 1000 != 0)
			k = time_format(text, us, 6, true);
		if (!ok || k != n || memcmp(text, s, n) != 0)
			nd->no_time[i] = true;
	}
}

static void add(struct infer *in, struct node *nd, const struct json *v, int depth);

static void add_object(struct infer *in, struct node *nd, const struct json *v, int depth)
{
	size_t guess = 0;
	for (const struct json *m = v->child; m; m = m->next) {
		struct node *to = member(in, nd, m, &guess);
		if (to)
			add(in, to, m, depth + 1);
	}
}

static void add(struct infer *in, struct node *nd, const struct json *v, int depth)
{
	static const enum kind kind_of[] = { [JSON_FALSE] = KIND_BOOLEAN, [JSON_TRUE] = KIND_BOOLEAN, [JSON_NUMBER] = KIND_NUMBER,
		[JSON_STRING] = KIND_STRING, [JSON_ARRAY] = KIND_LIST, [JSON_OBJECT] = KIND_OBJECT };
	if (v->type == JSON_NULL)
		return;
	if (depth > TYPE_MAX_DEPTH) {
		in->too_deep = true;
		return;
	}
	enum kind k = kind_of[v->type];
	if (!nd->count[k]++)
		nd->first[k] = in->records;
	if (v->type == JSON_NUMBER)
		infer_number_add(&nd->number, v->raw, v->nraw);
	else if (v->type == JSON_STRING)
		add_string(nd, v->str, v->nstr);
	else if (v->type == JSON_OBJECT)
		add_object(in, nd, v, depth);
	else if (v->type == JSON_ARRAY) {
		if (!nd->element) {
			nd->element = arena_zalloc(&in->arena, sizeof *nd->element);
			nd->element->name = "element";
			nd->element->nname = 7;
		}
		for (const struct json *x = v->child; x; x = x->next)
			add(in, nd->element, x, depth + 1);
	}
}

bool infer_line(struct infer *in, const char *p, size_t n)
{
	struct json *v;
	arena_clear(&in->line);
	if (json_parse(&v, &in->line, p, n, NULL) || v->type != JSON_OBJECT)
		return false;
	in->records++;
	add_object(in, &in->root, v, 0);
	return true;
}

struct finish {
	struct arena *a;
	infer_note_fn *note;
	void *arg;
	struct err *e;
	struct buf path;
};

static void tell(struct finish *x, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void tell(struct finish *x, const char *fmt, ...)
{
	struct buf b = BUF_INIT;
	va_list ap;
	if (!x->note)
		return;
	buf_printf(&b, "field '%.*s': ", (int)(x->path.n > 300 ? 300 : x->path.n), x->path.p);
	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	x->note(x->arg, buf_cstr(&b));
	buf_release(&b);
}

/* The kind that most of the values have; of two, the one that came first. KINDS: there were only nulls. */
static enum kind main_kind(struct finish *x, const struct node *nd)
{
	static const char *const name[] = { "booleans", "numbers", "strings", "lists", "objects" };
	enum kind best = KINDS, other = KINDS;
	for (enum kind k = 0; k < KINDS; k++)
		if (nd->count[k] && (best == KINDS || nd->count[k] > nd->count[best] ||
				     (nd->count[k] == nd->count[best] && nd->first[k] < nd->first[best])))
			best = k;
	for (enum kind k = 0; k < KINDS; k++)
		if (k != best && nd->count[k] && (other == KINDS || nd->first[k] < nd->first[other]))
			other = k;
	if (other != KINDS)
		tell(x, "%s (%llu) and %s (first in record %llu) are mixed: it is taken for %s, the others are bad records", name[best],
		     (unsigned long long)nd->count[best], name[other], (unsigned long long)nd->first[other], name[best]);
	return best;
}

static int number_type(struct finish *x, const struct node *nd, struct type *t, enum json_out_form *form)
{
	bool exact;
	if (!infer_number_type(&nd->number, t, form, &exact))
		return err_set(x->e, ERR_DATA, "field '%.*s': no type holds all its numbers exactly (%s): name one with --schema",
			       (int)(x->path.n > 300 ? 300 : x->path.n), x->path.p, nd->number.odd);
	if (!exact) {
		struct buf b = BUF_INIT;
		type_print(t, &b);
		tell(x, "its numbers are written in several ways: taken for %s, which keeps their values", buf_cstr(&b));
		buf_release(&b);
	}
	return 0;
}

static void string_type(const struct node *nd, struct type *t, enum json_out_form *form)
{
	static const enum json_out_form forms[] = { JSON_FORM_PLAIN, JSON_FORM_MS, JSON_FORM_US };
	t->kind = nd->no_date ? TYPE_STRING : TYPE_DATE;
	for (int i = 0; i < 3 && t->kind == TYPE_STRING; i++)
		if (!nd->no_time[i]) {
			t->kind = TYPE_TIMESTAMP;
			*form = forms[i];
		}
}

/* 1: there is a type; 0: nothing but nulls. FORM is that of the field, shared by the elements of a list. */
static int node_type(struct finish *x, const struct node *nd, struct type *t, enum json_out_form *form);

static int fields(struct finish *x, const struct node *nd, struct type *t)
{
	t->kind = TYPE_STRUCT;
	t->fields = arena_array(x->a, nd->nmember, sizeof *t->fields);
	for (size_t i = 0; i < nd->nmember; i++) {
		const struct node *m = nd->member[i];
		struct field *f = &t->fields[t->nfields];
		enum json_out_form form = JSON_FORM_PLAIN;
		size_t was = x->path.n;
		if (was)
			buf_putc(&x->path, '.');
		buf_put(&x->path, m->name, m->nname);
		int r = node_type(x, m, &f->type, &form);
		if (r == 0)
			tell(x, "null in every sampled record: left out");
		x->path.n = was;
		if (r < 0)
			return r;
		if (r == 0)
			continue;
		f->name = arena_strndup(x->a, m->name, m->nname);
		f->nname = m->nname;
		f->nullable = true;
		if (form != JSON_FORM_PLAIN)
			f->metadata = arena_printf(x->a, "{\"" JSON_OUT_FORM_KEY "\":\"%s\"}", json_out_form_name(form));
		t->nfields++;
	}
	return 1;
}

/* Delta and Parquet have no struct without fields; an object that was always empty is a map, which can be empty. */
static int object_type(struct finish *x, const struct node *nd, struct type *t)
{
	int r = fields(x, nd, t);
	if (r < 0 || t->nfields)
		return r;
	t->kind = TYPE_MAP;
	type_set_children(t, x->a, "key", "value");
	t->fields[0].type.kind = t->fields[1].type.kind = TYPE_STRING;
	return 1;
}

static int list_type(struct finish *x, const struct node *nd, struct type *t, enum json_out_form *form)
{
	size_t was = x->path.n;
	t->kind = TYPE_LIST;
	type_set_children(t, x->a, "element", NULL);
	buf_puts(&x->path, ".element");
	int r = node_type(x, nd->element, &t->fields[0].type, form);
	if (r == 0)
		t->fields[0].type.kind = TYPE_STRING;
	x->path.n = was;
	return r < 0 ? r : 1;
}

static int node_type(struct finish *x, const struct node *nd, struct type *t, enum json_out_form *form)
{
	int r = 1;
	*t = (struct type){ 0 };
	switch (main_kind(x, nd)) {
	case KIND_BOOLEAN: t->kind = TYPE_BOOLEAN; break;
	case KIND_NUMBER: r = number_type(x, nd, t, form) ? ERR_DATA : 1; break;
	case KIND_STRING: string_type(nd, t, form); break;
	case KIND_LIST: r = list_type(x, nd, t, form); break;
	case KIND_OBJECT: r = object_type(x, nd, t); break;
	case KINDS: r = 0; break;
	}
	return r;
}

int infer_finish(const struct infer *in, struct schema *s, infer_note_fn *note, void *arg, struct err *e)
{
	schema_init(s);
	if (in->crowded)
		return err_set(e, ERR_DATA, "more than %d different fields, the last in '%s': name a type with --schema, map<string,…> say",
			       INFER_FIELDS, in->crowded->name ? in->crowded->name : "the record");
	if (in->too_deep)
		return err_set(e, ERR_DATA, "records are nested deeper than %d levels", TYPE_MAX_DEPTH);
	struct finish x = { .a = &s->arena, .note = note, .arg = arg, .e = e };
	int r = fields(&x, &in->root, &s->root);
	buf_release(&x.path);
	if (r > 0)
		r = schema_check_names(s, e);
	if (!r && !s->root.nfields)
		r = err_set(e, ERR_DATA, in->records ? "the sampled records have no fields" : "there is no record to infer a schema from");
	if (r)
		schema_release(s);
	return r;
}
