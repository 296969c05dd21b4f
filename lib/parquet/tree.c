/* SPDX-License-Identifier: MIT */
/* Reads the elements of a footer as a tree, and finds lists and maps in the shapes that writers give them. */
#include "parquet/tree.h"

struct raw {
	const struct pq_element *el;
	struct raw *child;
	size_t nchild, leaf, nleaves;
	uint8_t def, rep;
};

struct walk {
	struct tree *t;
	const struct pq_meta *m;
	struct arena *a;         /* of the reader */
	struct arena *types;     /* of the schema */
	size_t next;             /* element */
	struct buf path;
	struct err *e;
};

static int add_leaf(struct walk *w, struct raw *r)
{
	const struct pq_element *el = r->el;
	struct pq_leaf *l = &w->t->leaf[w->t->nleaves++];
	*l = (struct pq_leaf){ .el = el, .max_def = r->def, .max_rep = r->rep };
	l->path = arena_strndup(w->a, w->path.p, w->path.n);
	l->type = arena_zalloc(w->types, sizeof *l->type);
	if (el->physical < 0 || el->physical > PQ_FIXED)
		return err_set(w->e, ERR_DATA, "column %s has no physical type", l->path);
	if (el->physical == PQ_FIXED && (el->type_length < 0 || el->type_length > 1 << 20))
		return err_set(w->e, ERR_DATA, "column %s has a length of %d", l->path, el->type_length);
	leaf_type(el, l->type);
	return 0;
}

static int read_raw(struct walk *w, struct raw *r, unsigned depth, uint8_t def, uint8_t rep)
{
	if (w->next >= w->m->nelements || depth > TREE_DEPTH)
		return err_set(w->e, ERR_DATA, "the schema is damaged or too deep");
	const struct pq_element *el = r->el = &w->m->element[w->next++];
	size_t was = w->path.n;
	int rc = 0;
	r->def = (uint8_t)(def + (depth && el->repetition != PQ_REQUIRED));
	r->rep = (uint8_t)(rep + (depth && el->repetition == PQ_REPEATED));
	r->leaf = w->t->nleaves;
	if (depth && (el->repetition < 0 || el->repetition > PQ_REPEATED))
		return err_set(w->e, ERR_DATA, "column %.*s has no repetition type", (int)el->nname, el->name);
	if (el->nname && memchr(el->name, '\0', el->nname))
		return err_set(w->e, ERR_DATA, "a column's name contains NUL");
	if (depth) {
		buf_put(&w->path, ".", depth > 1);
		buf_put(&w->path, el->name, el->nname);
	}
	if (el->physical >= 0 && depth) {
		rc = add_leaf(w, r);
	} else {
		if (el->num_children < 0 || (size_t)el->num_children > w->m->nelements - w->next)
			return err_set(w->e, ERR_DATA, "the schema is damaged at %.*s", (int)el->nname, el->name);
		r->nchild = (size_t)el->num_children;
		r->child = arena_array(w->a, r->nchild, sizeof *r->child);
		for (size_t i = 0; i < r->nchild && rc == 0; i++)
			rc = read_raw(w, &r->child[i], depth + 1, r->def, r->rep);
	}
	w->path.n = was;
	r->nleaves = w->t->nleaves - r->leaf;
	return rc;
}

static void make_view(struct walk *w, const struct raw *r, bool element, uint8_t exist, struct pq_view *v);

static void set_children(struct walk *w, struct pq_view *v, enum type_kind kind, size_t n)
{
	v->type->kind = kind;
	v->nchild = v->type->nfields = n;
	v->child = arena_array(w->a, n, sizeof *v->child);
	v->type->fields = arena_array(w->types, n, sizeof *v->type->fields);
	for (size_t i = 0; i < n; i++)
		v->child[i].type = &v->type->fields[i].type;
}

static void name_field(struct walk *w, struct pq_view *v, size_t i, const char *name, size_t n)
{
	struct field *f = &v->type->fields[i];
	f->name = arena_strndup(w->types, name, n);
	f->nname = n;
	f->nullable = v->child[i].nullable;
	if (v->child[i].el->field_id >= 0)
		f->metadata = arena_printf(w->types, "{\"parquet.field.id\":%d}", v->child[i].el->field_id);
}

static bool ends_with(const struct pq_element *el, const char *list, size_t nlist)
{
	static const char tuple[] = "_tuple";
	size_t n = sizeof tuple - 1;
	return el->nname == nlist + n && memcmp(el->name, list, nlist) == 0 && memcmp(el->name + nlist, tuple, n) == 0;
}

/* Is the repeated child R of LIST itself the element? */
static bool is_element(const struct raw *r, const struct raw *list)
{
	if (r->el->physical >= 0 || r->nchild != 1)
		return true;
	if (r->child[0].el->repetition == PQ_REPEATED)
		return true;
	return (r->el->nname == 5 && memcmp(r->el->name, "array", 5) == 0) ||
	       ends_with(r->el, list->el->name, list->el->nname);
}

static void list_view(struct walk *w, const struct raw *el, bool element, uint8_t exist, struct pq_view *v)
{
	set_children(w, v, TYPE_LIST, 1);
	make_view(w, el, element, exist, &v->child[0]);
	name_field(w, v, 0, "element", 7);
}

static void map_view(struct walk *w, const struct raw *kv, struct pq_view *v)
{
	set_children(w, v, TYPE_MAP, 2);
	make_view(w, &kv->child[0], false, kv->def, &v->child[0]);
	make_view(w, &kv->child[1], false, kv->def, &v->child[1]);
	name_field(w, v, 0, "key", 3);
	name_field(w, v, 1, "value", 5);
}

/* A void element or key would leave a list without leaves that say how long it is; leaves always exist. */
static void group_view(struct walk *w, const struct raw *r, uint8_t exist, struct pq_view *v)
{
	const struct raw *in = r->nchild == 1 ? &r->child[0] : NULL;
	bool repeated = in && in->el->repetition == PQ_REPEATED;
	bool map = element_is(r->el, PQ_LOG_MAP, PQ_CONV_MAP) || r->el->converted == PQ_CONV_MAP_KEY_VALUE;
	if (repeated && map && in->el->physical < 0 && in->nchild == 2) {
		map_view(w, in, v);
	} else if (repeated && map && in->el->physical < 0 && in->nchild == 1) {
		list_view(w, &in->child[0], false, in->def, v);
	} else if (repeated && element_is(r->el, PQ_LOG_LIST, PQ_CONV_LIST)) {
		if (is_element(in, r))
			list_view(w, in, true, in->def, v);
		else
			list_view(w, &in->child[0], false, in->def, v);
	} else {
		set_children(w, v, TYPE_STRUCT, r->nchild);
		for (size_t i = 0; i < r->nchild; i++) {
			make_view(w, &r->child[i], false, exist, &v->child[i]);
			name_field(w, v, i, r->child[i].el->name, r->child[i].el->nname);
		}
	}
}

/* ELEMENT: R is repeated, and is looked at as one of its elements. */
static void make_view(struct walk *w, const struct raw *r, bool element, uint8_t exist, struct pq_view *v)
{
	v->el = r->el;
	v->leaf = r->leaf;
	v->nleaves = r->nleaves;
	v->def = r->def;
	v->rep = r->rep;
	v->exist = exist;
	v->nullable = r->el->repetition == PQ_OPTIONAL;
	if (r->el->repetition == PQ_REPEATED && !element) {
		v->def--;
		v->rep--;
		list_view(w, r, true, r->def, v);
	} else if (r->el->physical >= 0) {
		*v->type = *w->t->leaf[r->leaf].type;
	} else {
		group_view(w, r, exist, v);
	}
}

int tree_make(struct tree *t, const struct pq_meta *m, struct schema *schema, struct arena *a, struct err *e)
{
	struct walk w = { .t = t, .m = m, .a = a, .types = &schema->arena, .path = BUF_INIT, .e = e };
	struct raw root = { NULL };
	*t = (struct tree){ .leaf = arena_array(a, m->nelements, sizeof *t->leaf) };
	int rc = read_raw(&w, &root, 0, 0, 0);
	buf_release(&w.path);
	if (rc)
		return rc;
	if (w.next != m->nelements)
		return err_set(e, ERR_DATA, "the schema has elements without a parent");
	t->root.type = &schema->root;
	t->root.el = root.el;
	t->root.nleaves = root.nleaves;
	set_children(&w, &t->root, TYPE_STRUCT, root.nchild);
	for (size_t i = 0; i < root.nchild; i++) {
		make_view(&w, &root.child[i], false, 0, &t->root.child[i]);
		name_field(&w, &t->root, i, root.child[i].el->name, root.child[i].el->nname);
	}
	return 0;
}
