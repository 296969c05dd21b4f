/* SPDX-License-Identifier: MIT */
/* Builds the nodes of a plan and finds the column of a key. */
#include "column/json_in_plan.h"

#include "base/hash.h"
#include "base/mem.h"
#include "json/string.h"

#include <assert.h>

static uint64_t load8(const char *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof v);
	return v;
}

static void plan_key(struct jin_node *f, const char *name, size_t n)
{
	char text[16] = { 0 }, mask[16] = { 0 };
	f->name = name;
	f->nname = n;
	f->word[0] = 1;   /* with a mask of zero: matches nothing */
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)name[i] < 0x20 || name[i] == '"' || name[i] == '\\')
			return;
	for (size_t i = 0; i <= n && i < 16; i++) {
		text[i] = i < n ? name[i] : '"';
		mask[i] = (char)0xFF;
	}
	for (size_t i = 0; i < 2; i++) {
		f->word[i] = load8(text + 8 * i);
		f->mask[i] = load8(mask + 8 * i);
	}
}

static void plan_table(struct json_in *in, struct jin_node *f)
{
	size_t size = 8;
	while (size < 2 * f->nchild)
		size *= 2;
	f->table = arena_array(&in->arena, size, sizeof *f->table);
	f->table_mask = size - 1;
	for (size_t i = 0; i < f->nchild; i++) {
		size_t at = hash_bytes(f->child[i].name, f->child[i].nname, 0) & f->table_mask;
		while (f->table[at])
			at = (at + 1) & f->table_mask;
		f->table[at] = (uint32_t)i + 1;
	}
}

static void plan_node(struct json_in *in, struct jin_node *f, const struct type *type)
{
	f->kind = type->kind;
	f->type = type;
	f->width = (uint8_t)type_width(type);
	f->nchild = type->nfields;
	f->child = arena_array(&in->arena, f->nchild + 1, sizeof *f->child);
	for (size_t i = 0; i < f->nchild; i++) {
		const struct field *field = &type->fields[i];
		struct jin_node *c = &f->child[i];
		plan_node(in, c, &field->type);
		plan_key(c, field->name, field->nname);
		c->nullable = field->nullable && !(f->kind == TYPE_MAP && i == 0);
		c->parent = f;
	}
	/* The last child is a guess that never comes true. */
	f->child[f->nchild].word[0] = 1;
	f->child[f->nchild].next = &f->child[f->nchild];
	f->first = f->nchild ? &f->child[0] : &f->child[f->nchild];
	for (size_t i = 0; i < f->nchild; i++)
		f->child[i].next = &f->child[i + 1];
	plan_table(in, f);
}

void jin_plan(struct json_in *in, const struct type *root)
{
	assert(root->kind == TYPE_STRUCT);
	plan_node(in, &in->root, root);
}

static void bind(struct jin_node *f, struct column *c)
{
	f->c = c;
	f->reserved = c->n;
	for (size_t i = 0; i < f->nchild; i++)
		bind(&f->child[i], &c->child[i]);
}

void jin_bind(struct json_in *in, struct batch *b)
{
	assert(b->ncols == in->root.nchild);
	for (size_t i = 0; i < b->ncols; i++)
		bind(&in->root.child[i], &b->col[i]);
	in->root.reserved = b->nrows;
}

struct jin_node *jin_find(struct json_in *in, const struct jin_node *o, uint32_t a, uint32_t b)
{
	const char *s = in->walk.p + a;
	size_t n = b - a;
	if (json_walk_escaped(&in->walk, a, b)) {
		buf_clear(&in->text);
		in->text.n = json_decode(buf_reserve(&in->text, n), s, n);
		s = in->text.p;
		n = in->text.n;
	}
	for (size_t at = hash_bytes(s, n, 0) & o->table_mask; o->table[at]; at = (at + 1) & o->table_mask) {
		struct jin_node *f = &o->child[o->table[at] - 1];
		if (f->nname == n && memcmp(f->name, s, n) == 0)
			return f;
	}
	return NULL;
}

void jin_path(struct json_in *in, const struct jin_node *f)
{
	if (f->parent && f->parent->parent) {
		jin_path(in, f->parent);
		buf_putc(&in->path, '.');
	} else {
		buf_clear(&in->path);
	}
	buf_put(&in->path, f->name, f->nname);
}

void jin_truncate(struct column *c, size_t n)
{
	switch (c->type->kind) {
	case TYPE_STRUCT:
		for (size_t i = 0; i < c->nchild; i++)
			jin_truncate(&c->child[i], n);
		break;
	case TYPE_LIST:
	case TYPE_MAP:
		for (size_t i = 0; i < c->nchild; i++)
			jin_truncate(&c->child[i], (size_t)c->offsets[n]);
		break;
	case TYPE_STRING:
	case TYPE_BINARY:
		c->ndata = (size_t)c->offsets[n];
		break;
	default:
		break;
	}
	for (; c->n > n; c->n--)
		c->nulls -= column_is_null(c, c->n - 1);
	if (!c->nulls)
		c->valid = NULL;
}

static const char *key_bytes(const struct column *c, size_t i, size_t *n)
{
	if (c->type->kind == TYPE_STRING || c->type->kind == TYPE_BINARY)
		return column_bytes(c, i, n);
	*n = type_width(c->type);
	return (const char *)c->data + i * *n;
}

static bool same_key(const struct column *c, size_t i, size_t j)
{
	size_t n, m;
	const char *a = key_bytes(c, i, &n), *b = key_bytes(c, j, &m);
	return n == m && memcmp(a, b, n) == 0;
}

bool jin_map_repeats(struct json_in *in, const struct column *key, size_t from)
{
	size_t n = key->n - from, size = 64;
	if (key->type->kind == TYPE_BOOLEAN)
		return n > 2 || (n == 2 && bit_get(key->data, from) == bit_get(key->data, from + 1));
	if (key->type->kind == TYPE_STRUCT || key->type->kind == TYPE_LIST || key->type->kind == TYPE_MAP)
		return false;
	if (n <= 8) {
		for (size_t i = from; i < key->n; i++)
			for (size_t j = from; j < i; j++)
				if (same_key(key, i, j))
					return true;
		return false;
	}
	while (size < 2 * n)
		size *= 2;
	MEM_GROW(in->set, in->set_cap, size);
	memset(in->set, 0, size * sizeof *in->set);
	for (size_t i = from; i < key->n; i++) {
		size_t len, at;
		const char *s = key_bytes(key, i, &len);
		for (at = hash_bytes(s, len, 0) & (size - 1); in->set[at]; at = (at + 1) & (size - 1))
			if (same_key(key, i, from + in->set[at] - 1))
				return true;
		in->set[at] = (uint32_t)(i - from) + 1;
	}
	return false;
}
