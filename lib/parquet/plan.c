/* SPDX-License-Identifier: MIT */
/* Makes leaves with their levels of a schema's fields, and the elements of the footer. */
#include "parquet/plan.h"

#include "base/num.h"

struct walk {
	struct plan *p;
	struct arena *a;
	struct pq_bytes path[PLAN_DEPTH * 2 + 2];
	size_t depth;
	size_t chunks, leaves;
	struct err *e;
};

int field_parquet_id(const struct field *f)
{
	static const char key[] = "\"parquet.field.id\"";
	const char *s = f->metadata ? strstr(f->metadata, key) : NULL;
	uint64_t v;
	if (!s || (s > f->metadata && s[-1] == '\\'))
		return -1;
	s += sizeof key - 1;
	s += strspn(s, " \t\r\n");
	if (*s++ != ':')
		return -1;
	s += strspn(s, " \t\r\n");
	return num_u64(s, strspn(s, "0123456789"), &v) && v <= INT32_MAX ? (int)v : -1;
}

static bool is_nested(const struct type *t)
{
	return t->kind == TYPE_STRUCT || t->kind == TYPE_LIST || t->kind == TYPE_MAP;
}

/* Does T have a leaf that Parquet can hold? A map needs both sides. */
static bool holds(const struct type *t)
{
	bool any = false, all = true;
	if (!is_nested(t))
		return t->kind != TYPE_VOID;
	for (size_t i = 0; i < t->nfields; i++) {
		bool one = holds(&t->fields[i].type);
		any |= one;
		all &= one;
	}
	return t->kind == TYPE_STRUCT ? any : all;
}

static size_t decimal_width(unsigned precision)
{
	static const uint8_t width[39] = { 0, 1, 1, 2, 2, 3, 3, 4, 4, 4, 5, 5, 6, 6, 6, 7, 7, 8, 8, 9, 9, 9, 10, 10,
		11, 11, 11, 12, 12, 13, 13, 13, 14, 14, 15, 15, 16, 16, 16 };
	if (precision <= 9)
		return 4;
	return precision <= 18 ? 8 : width[precision < 39 ? precision : 38];
}

static void physical_type(const struct type *t, struct chunk *c)
{
	switch (t->kind) {
	case TYPE_BOOLEAN: c->physical = PQ_BOOLEAN; break;
	case TYPE_FLOAT: c->physical = PQ_FLOAT, c->width = 4; break;
	case TYPE_DOUBLE: c->physical = PQ_DOUBLE, c->width = 8; break;
	case TYPE_STRING:
	case TYPE_BINARY: c->physical = PQ_BYTE_ARRAY; break;
	case TYPE_LONG:
	case TYPE_TIMESTAMP:
	case TYPE_TIMESTAMP_NTZ: c->physical = PQ_INT64, c->width = 8; break;
	case TYPE_DECIMAL:
		c->width = (uint32_t)decimal_width(t->precision);
		c->physical = t->precision <= 9 ? PQ_INT32 : t->precision <= 18 ? PQ_INT64 : PQ_FIXED;
		break;
	default: c->physical = PQ_INT32, c->width = 4;
	}
}

static void add_leaf(struct walk *w, struct shred_node *n)
{
	struct chunk *c = n->chunk = &w->p->chunk[w->chunks++];
	w->p->leaf[w->leaves++] = c;
	c->type = n->type;
	c->npath = w->depth;
	struct pq_bytes *path = arena_array(w->a, w->depth, sizeof *path);
	memcpy(path, w->path, w->depth * sizeof *path);
	c->path = path;
	c->max_def = n->def;
	c->max_rep = n->rep;
	physical_type(n->type, c);
}

static void push(struct walk *w, const char *name, size_t n)
{
	w->path[w->depth++] = (struct pq_bytes){ name, n };
}

static const char *child_name(const struct type *parent, size_t i)
{
	if (parent->kind == TYPE_LIST)
		return "element";
	if (parent->kind == TYPE_MAP)
		return i ? "value" : "key";
	return parent->fields[i].name;
}

static int walk(struct walk *w, struct shred_node *n, unsigned depth);

static int walk_child(struct walk *w, struct shred_node *n, size_t i, unsigned depth)
{
	const struct field *f = &n->type->fields[i];
	bool repeated = n->type->kind != TYPE_STRUCT;
	struct shred_node *c = &n->child[n->nchild];
	n->source[n->nchild++] = i;
	c->field = f;
	c->type = &f->type;
	c->name = child_name(n->type, i);
	c->nullable = f->nullable && !(n->type->kind == TYPE_MAP && i == 0);
	c->def = (uint8_t)(n->def + repeated + c->nullable);
	c->rep = n->rep;
	push(w, c->name, strlen(c->name));
	int rc = walk(w, c, depth + 1);
	w->depth--;
	return rc;
}

static int walk(struct walk *w, struct shred_node *n, unsigned depth)
{
	const struct type *t = n->type;
	size_t group = t->kind == TYPE_LIST || t->kind == TYPE_MAP;
	int rc = 0;
	if (depth > PLAN_DEPTH)
		return err_set(w->e, ERR_DATA, "column %s is nested more than %d levels deep", n->name, PLAN_DEPTH);
	if (!is_nested(t)) {
		add_leaf(w, n);
		return 0;
	}
	n->child = arena_array(w->a, t->nfields, sizeof *n->child);
	n->source = arena_array(w->a, t->nfields, sizeof *n->source);
	if (group) {
		push(w, t->kind == TYPE_LIST ? "list" : "key_value", t->kind == TYPE_LIST ? 4 : 9);
		n->rep++;
	}
	for (size_t i = 0; i < t->nfields && rc == 0; i++) {
		if (holds(&t->fields[i].type))
			rc = walk_child(w, n, i, depth);
		else
			w->leaves += type_leaves(&t->fields[i].type);
	}
	w->depth -= group;
	return rc;
}

int pq_plan_make(struct plan *p, const struct type *type, struct arena *a, struct err *e)
{
	struct walk w = { .p = p, .a = a, .e = e };
	*p = (struct plan){ .root = { .type = type, .name = "schema" }, .nleaves = type_leaves(type) };
	p->chunk = arena_array(a, p->nleaves, sizeof *p->chunk);
	p->leaf = arena_array(a, p->nleaves, sizeof *p->leaf);
	if (!holds(type))
		return err_set(e, ERR_DATA, "no column that can be stored in a Parquet file");
	int rc = walk(&w, &p->root, 0);
	p->nchunks = w.chunks;
	return rc;
}

static void annotate(const struct type *t, struct pq_element *el)
{
	switch (t->kind) {
	case TYPE_BYTE:
	case TYPE_SHORT:
		el->converted = t->kind == TYPE_BYTE ? PQ_CONV_INT_8 : PQ_CONV_INT_16;
		el->logical = PQ_LOG_INTEGER;
		el->bits = t->kind == TYPE_BYTE ? 8 : 16;
		el->is_signed = true;
		break;
	case TYPE_STRING: el->converted = PQ_CONV_UTF8, el->logical = PQ_LOG_STRING; break;
	case TYPE_DATE: el->converted = PQ_CONV_DATE, el->logical = PQ_LOG_DATE; break;
	case TYPE_TIMESTAMP:
	case TYPE_TIMESTAMP_NTZ:
		el->utc = t->kind == TYPE_TIMESTAMP;
		el->converted = el->utc ? PQ_CONV_TIMESTAMP_MICROS : -1;
		el->logical = PQ_LOG_TIMESTAMP;
		el->unit = PQ_MICROS;
		break;
	case TYPE_DECIMAL:
		el->converted = PQ_CONV_DECIMAL;
		el->logical = PQ_LOG_DECIMAL;
		el->precision = t->precision;
		el->scale = t->scale;
		break;
	case TYPE_LIST: el->converted = PQ_CONV_LIST, el->logical = PQ_LOG_LIST; break;
	case TYPE_MAP: el->converted = PQ_CONV_MAP, el->logical = PQ_LOG_MAP; break;
	default: break;
	}
}

static struct pq_element blank(const char *name, int repetition, size_t children)
{
	return (struct pq_element){ .name = name, .nname = strlen(name), .physical = -1, .repetition = repetition,
		.num_children = (int)children, .converted = -1, .logical = -1, .field_id = -1 };
}

static size_t put_element(const struct shred_node *n, struct buf *b)
{
	const struct type *t = n->type;
	bool group = t->kind == TYPE_LIST || t->kind == TYPE_MAP;
	struct pq_element el = blank(n->name, n->nullable ? PQ_OPTIONAL : PQ_REQUIRED, group ? 1 : n->nchild);
	size_t count = 1;
	if (!n->field)
		el.repetition = -1;
	else
		el.field_id = field_parquet_id(n->field);
	annotate(t, &el);
	if (n->chunk) {
		el.physical = n->chunk->physical;
		el.type_length = (int)n->chunk->width;
	}
	pq_element_write(b, &el);
	if (group) {
		el = blank(t->kind == TYPE_LIST ? "list" : "key_value", PQ_REPEATED, n->nchild);
		pq_element_write(b, &el);
		count++;
	}
	for (size_t i = 0; i < n->nchild; i++)
		count += put_element(&n->child[i], b);
	return count;
}

size_t pq_plan_elements(const struct plan *p, struct buf *b)
{
	return put_element(&p->root, b);
}
