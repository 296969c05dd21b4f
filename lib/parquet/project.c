/* SPDX-License-Identifier: MIT */
/* Finds the wanted columns in a file's schema, by id or by name. */
#include "base/mem.h"
#include "parquet/assemble.h"
#include "parquet/file.h"
#include "parquet/plan.h"

struct walk {
	struct pq_projection *p;
	const struct pq_reader *r;
	bool by_id;
	struct buf path;
	struct err *e;
};

static const struct pq_view *find_id(const struct pq_view *v, int id)
{
	for (size_t i = 0; i < v->nchild; i++)
		if (v->child[i].el->field_id == id)
			return &v->child[i];
	return NULL;
}

/* *FOUND is NULL where the file does not have the field, which then is null. Two that fit are not for us to choose from. */
static int find_field(const struct walk *w, const struct pq_view *v, const struct field *f, const struct pq_view **found)
{
	int id = w->by_id ? field_parquet_id(f) : -1;
	*found = id >= 0 ? find_id(v, id) : NULL;
	if (id >= 0)
		return 0;
	for (size_t i = 0; i < v->nchild; i++)
		if (v->child[i].el->nname == f->nname && memcmp(v->child[i].el->name, f->name, f->nname) == 0)
			return (*found = &v->child[i]), 0;
	for (size_t i = 0; i < v->nchild; i++) {
		const struct pq_element *el = v->child[i].el;
		if (!schema_same_name(el->name, el->nname, f->name, f->nname))
			continue;
		if (*found)
			return err_set(w->e, ERR_DATA, "column %s: the file has both '%.*s' and '%.*s'", f->name, (int)(*found)->el->nname,
				       (*found)->el->name, (int)el->nname, el->name);
		*found = &v->child[i];
	}
	return 0;
}

static int mismatch(struct walk *w, const struct pq_view *v, const struct type *want)
{
	struct buf b = BUF_INIT;
	type_print(v->type, &b);
	buf_puts(&b, " in the file cannot be read as ");
	type_print(want, &b);
	int rc = err_set(w->e, ERR_DATA, "column %.*s: %.*s", (int)w->path.n, w->path.p, (int)b.n, b.p);
	buf_release(&b);
	return rc;
}

static size_t use_leaf(struct walk *w, size_t leaf, bool levels_only)
{
	struct pq_projection *p = w->p;
	MEM_GROW(p->leaf, p->cap, p->nleaves + 1);
	p->leaf[p->nleaves] = (struct proj_leaf){ leaf, levels_only };
	return p->nleaves++;
}

static bool is_group(const struct type *t)
{
	return t->kind == TYPE_STRUCT || t->kind == TYPE_LIST || t->kind == TYPE_MAP;
}

static int walk(struct walk *w, struct proj *p, const struct pq_view *v);

static int walk_children(struct walk *w, struct proj *p, const struct pq_view *v)
{
	const struct type *t = p->want;
	int rc = 0;
	p->nchild = t->nfields;
	p->child = arena_array(&w->p->arena, t->nfields, sizeof *p->child);
	for (size_t i = 0; i < t->nfields && rc == 0; i++) {
		const struct field *f = &t->fields[i];
		size_t was = w->path.n;
		const struct pq_view *c = &v->child[i];
		if (t->kind == TYPE_STRUCT)
			rc = find_field(w, v, f, &c);
		if (was)
			buf_putc(&w->path, '.');
		buf_put(&w->path, f->name, f->nname);
		p->child[i].want = &f->type;
		if (rc == 0)
			rc = walk(w, &p->child[i], c);
		w->path.n = was;
	}
	return rc;
}

/* What has no leaf at all, or no values, is as good as missing. */
static int walk(struct walk *w, struct proj *p, const struct pq_view *v)
{
	const struct type *t = p->want;
	size_t first = w->p->nleaves;
	if (!v || !v->nleaves || t->kind == TYPE_VOID || v->type->kind == TYPE_VOID)
		return 0;
	p->view = v;
	if (!is_group(t)) {
		if (is_group(v->type) || !convert_fits(&w->r->tree.leaf[v->leaf], t))
			return mismatch(w, v, t);
		p->lev = use_leaf(w, v->leaf, false);
		return 0;
	}
	if (v->type->kind != t->kind)
		return mismatch(w, v, t);
	int rc = walk_children(w, p, v);
	if (rc == 0 && w->p->nleaves == first)
		use_leaf(w, v->leaf, true);
	p->lev = first;
	return rc;
}

int pq_project(struct pq_projection **out, const struct pq_reader *r, const struct type *want, bool by_id,
	       struct err *e)
{
	struct pq_projection *p = mem_zalloc(sizeof *p);
	struct walk w = { .p = p, .r = r, .by_id = by_id, .path = BUF_INIT, .e = e };
	p->arena = (struct arena)ARENA_INIT;
	p->root.want = want;
	int rc = walk_children(&w, &p->root, &r->tree.root);
	buf_release(&w.path);
	*out = p;
	if (rc) {
		err_at(e, r->src.name, 0, 0);
		pq_projection_free(p);
		*out = NULL;
	}
	return rc;
}

void pq_projection_free(struct pq_projection *p)
{
	if (!p)
		return;
	arena_release(&p->arena);
	mem_free(p->leaf);
	mem_free(p);
}
