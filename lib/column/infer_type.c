/* SPDX-License-Identifier: MIT */
/* From what was seen of each field to its type. */
#include "column/infer_tree.h"

#include "column/type_text.h"

#include <string.h>
#include <strings.h>

struct finish {
	struct arena *a;
	infer_note_fn *note;
	void *arg;
	struct err *e;
	struct buf path;
	bool lenient;
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
static enum infer_kind main_kind(struct finish *x, const struct infer_node *nd)
{
	static const char *const name[] = { "booleans", "numbers", "strings", "lists", "objects" };
	enum infer_kind best = KINDS, other = KINDS;
	for (enum infer_kind k = 0; k < KINDS; k++)
		if (nd->count[k] && (best == KINDS || nd->count[k] > nd->count[best] ||
				     (nd->count[k] == nd->count[best] && nd->first[k] < nd->first[best])))
			best = k;
	for (enum infer_kind k = 0; k < KINDS; k++)
		if (k != best && nd->count[k] && (other == KINDS || nd->first[k] < nd->first[other]))
			other = k;
	if (other != KINDS)
		tell(x, "%s (%llu) and %s (first in record %llu) are mixed: using %s, the others are bad records", name[best],
		     (unsigned long long)nd->count[best], name[other], (unsigned long long)nd->first[other], name[best]);
	return best;
}

static int number_type(struct finish *x, const struct infer_node *nd, struct type *t, enum json_out_form *form)
{
	bool exact;
	bool held = infer_number_type(&nd->number, t, form, &exact);
	if (!held && !x->lenient)
		return err_set(x->e, ERR_DATA, "field '%.*s': no type holds all its numbers exactly (%s): choose one with --schema",
			       (int)(x->path.n > 300 ? 300 : x->path.n), x->path.p, nd->number.odd);
	if (!held) {
		*t = (struct type){ .kind = TYPE_DOUBLE };
		tell(x, "no type holds all its numbers exactly (%s): using double, other values are bad records", nd->number.odd);
	} else if (!exact) {
		struct buf b = BUF_INIT;
		type_print(t, &b);
		tell(x, "its numbers are written in several ways: using %s, which keeps their values", buf_cstr(&b));
		buf_release(&b);
	}
	return 0;
}

static void string_type(const struct infer_node *nd, struct type *t, enum json_out_form *form)
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
static int node_type(struct finish *x, const struct infer_node *nd, struct type *t, enum json_out_form *form);

static uint64_t seen(const struct infer_node *nd)
{
	uint64_t n = 0;
	for (enum infer_kind k = 0; k < KINDS; k++)
		n += nd->count[k];
	return n;
}

/* Does another member have M's name but for case, and more values (of two with as many the first one stays)? */
static bool outdone(const struct infer_node *nd, size_t i)
{
	const struct infer_node *m = nd->member[i];
	for (size_t k = 0; k < nd->nmember; k++) {
		const struct infer_node *o = nd->member[k];
		if (k == i || o->nname != m->nname || strncasecmp(o->name, m->name, m->nname) != 0)
			continue;
		if (seen(o) > seen(m) || (seen(o) == seen(m) && k < i))
			return true;
	}
	return false;
}

static int fields(struct finish *x, const struct infer_node *nd, struct type *t)
{
	t->kind = TYPE_STRUCT;
	t->fields = arena_array(x->a, nd->nmember, sizeof *t->fields);
	for (size_t i = 0; i < nd->nmember; i++) {
		const struct infer_node *m = nd->member[i];
		struct field *f = &t->fields[t->nfields];
		enum json_out_form form = JSON_FORM_PLAIN;
		size_t was = x->path.n;
		if (x->lenient && outdone(nd, i))
			continue;
		if (was)
			buf_putc(&x->path, '.');
		buf_put(&x->path, m->name, m->nname);
		int rc = node_type(x, m, &f->type, &form);
		if (rc == 0)
			tell(x, "null in every sampled record: left out");
		x->path.n = was;
		if (rc < 0)
			return rc;
		if (rc == 0)
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
static int object_type(struct finish *x, const struct infer_node *nd, struct type *t)
{
	int rc = fields(x, nd, t);
	if (rc < 0 || t->nfields)
		return rc;
	t->kind = TYPE_MAP;
	type_set_children(t, x->a, "key", "value");
	t->fields[0].type.kind = t->fields[1].type.kind = TYPE_STRING;
	return 1;
}

static int list_type(struct finish *x, const struct infer_node *nd, struct type *t, enum json_out_form *form)
{
	size_t was = x->path.n;
	t->kind = TYPE_LIST;
	type_set_children(t, x->a, "element", NULL);
	buf_puts(&x->path, ".element");
	int rc = node_type(x, nd->element, &t->fields[0].type, form);
	if (rc == 0)
		t->fields[0].type.kind = TYPE_STRING;
	x->path.n = was;
	return rc < 0 ? rc : 1;
}

static int node_type(struct finish *x, const struct infer_node *nd, struct type *t, enum json_out_form *form)
{
	int rc = 1;
	*t = (struct type){ 0 };
	switch (main_kind(x, nd)) {
	case KIND_BOOLEAN: t->kind = TYPE_BOOLEAN; break;
	case KIND_NUMBER: rc = number_type(x, nd, t, form) ? ERR_DATA : 1; break;
	case KIND_STRING: string_type(nd, t, form); break;
	case KIND_LIST: rc = list_type(x, nd, t, form); break;
	case KIND_OBJECT: rc = object_type(x, nd, t); break;
	case KINDS: rc = 0; break;
	}
	return rc;
}

static int check_limits(const struct infer *in, struct err *e)
{
	if (in->crowded && !in->lenient)
		return err_set(e, ERR_DATA, "more than %d different fields, the last in '%s': choose a type with --schema, such as map<string,…>",
			       INFER_FIELDS, in->crowded->name ? in->crowded->name : "the record");
	if (in->too_deep)
		return err_set(e, ERR_DATA, "records are nested deeper than %d levels", TYPE_MAX_DEPTH);
	return 0;
}

static int make(const struct infer *in, struct schema *s, infer_note_fn *note, void *arg, struct err *e)
{
	schema_init(s);
	int rc = check_limits(in, e);
	struct finish x = { .a = &s->arena, .note = note, .arg = arg, .e = e, .lenient = in->lenient };
	if (!rc)
		rc = fields(&x, &in->root, &s->root);
	buf_release(&x.path);
	return rc > 0 ? schema_check_names(s, e) : rc;
}

bool infer_makes(const struct infer *in)
{
	struct schema s;
	bool good = make(in, &s, NULL, NULL, NULL) == 0;
	schema_release(&s);
	return good;
}

int infer_finish(const struct infer *in, struct schema *s, infer_note_fn *note, void *arg, struct err *e)
{
	int rc = make(in, s, note, arg, e);
	if (!rc && !s->root.nfields)
		rc = err_set(e, ERR_DATA, in->records ? "the sampled records have no fields" : "no record to infer a schema from");
	if (rc)
		schema_release(s);
	return rc;
}

static int widen_type(struct finish *x, const struct infer_node *nd, struct type *t, bool *wider);

/* T is ours already, its fields too: append what ND has and it lacks, and look into the others. */
static int widen_struct(struct finish *x, const struct infer_node *nd, struct type *t, bool *wider)
{
	struct type more = { 0 };
	int rc = 0;
	struct infer_node fresh = *nd;
	fresh.member = arena_array(x->a, nd->nmember, sizeof *fresh.member);
	fresh.nmember = 0;
	for (size_t i = 0; i < nd->nmember && rc >= 0; i++) {
		struct infer_node *m = nd->member[i];
		ptrdiff_t at = type_find(t, m->name, m->nname, false);
		size_t was = x->path.n;
		if (at < 0 && x->lenient && type_find(t, m->name, m->nname, true) >= 0)
			continue;
		if (at < 0) {
			fresh.member[fresh.nmember++] = m;
			continue;
		}
		if (was)
			buf_putc(&x->path, '.');
		buf_put(&x->path, m->name, m->nname);
		rc = widen_type(x, m, &t->fields[at].type, wider);
		x->path.n = was;
	}
	if (rc >= 0)
		rc = fields(x, &fresh, &more);
	if (rc < 0 || !more.nfields)
		return rc;
	struct field *all = arena_array(x->a, t->nfields + more.nfields, sizeof *all);
	if (t->nfields)
		memcpy(all, t->fields, t->nfields * sizeof *all);
	memcpy(all + t->nfields, more.fields, more.nfields * sizeof *all);
	t->fields = all;
	t->nfields += more.nfields;
	*wider = true;
	return 1;
}

static int widen_type(struct finish *x, const struct infer_node *nd, struct type *t, bool *wider)
{
	if (t->kind == TYPE_STRUCT && (nd->count[KIND_OBJECT] || nd->nmember))
		return widen_struct(x, nd, t, wider);
	if (t->kind == TYPE_LIST && nd->element) {
		size_t was = x->path.n;
		buf_puts(&x->path, ".element");
		int rc = widen_type(x, nd->element, &t->fields[0].type, wider);
		x->path.n = was;
		return rc;
	}
	return 1;
}

int infer_widen(const struct infer *in, const struct schema *have, struct schema *s, bool *wider, infer_note_fn *note,
		void *arg, struct err *e)
{
	schema_copy(s, have);
	*wider = false;
	int rc = check_limits(in, e);
	struct finish x = { .a = &s->arena, .note = note, .arg = arg, .e = e, .lenient = in->lenient };
	if (!rc)
		rc = widen_type(&x, &in->root, &s->root, wider);
	buf_release(&x.path);
	if (rc > 0)
		rc = schema_check_names(s, e);
	if (rc)
		schema_release(s);
	return rc;
}
