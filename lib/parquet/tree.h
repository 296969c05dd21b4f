/* SPDX-License-Identifier: MIT */
/* tree - a file's schema, as it is and as types of ours.
 *
 * Source: parquet-format LogicalTypes.md, "Nested Types" with its rules of backward compatibility.
 * A view is a node of our types: the groups that only make a list or a map are folded into it.
 *
 *	REPEATED without annotation       a list that is never null, its elements never null
 *	LIST, repeated primitive          (2-level) the primitive is the element
 *	LIST, repeated group              the group is the element when it has several fields, is named `array` or
 *	                                  `<list>_tuple`, or its only field is repeated; else that field is
 *	MAP, MAP_KEY_VALUE                a repeated group of key and value; without value: a list of the keys
 *
 * Ownership: everything lives in the arena given. Threads: immutable once made.
 */
#ifndef SM_PARQUET_TREE_H
#define SM_PARQUET_TREE_H

#include "column/schema.h"
#include "parquet/meta.h"

#define TREE_DEPTH 100

struct pq_view {
	const struct pq_element *el;   /* the leaf's, or the outermost group's */
	struct type *type;
	bool nullable;
	uint8_t def;      /* definition level from which it is not null */
	uint8_t rep;      /* how many repeated ancestors it has */
	uint8_t exist;    /* definition level from which it has a slot at all */
	struct pq_view *child;
	size_t nchild;
	size_t leaf, nleaves;  /* first leaf below (or itself), how many */
};

struct pq_leaf {
	const struct pq_element *el;
	struct type *type;    /* ours */
	uint8_t max_def, max_rep;
	const char *path;     /* dotted, for messages */
};

struct tree {
	struct pq_view root;
	struct pq_leaf *leaf;
	size_t nleaves;
};

/* ERR_DATA: the schema is not a tree, too deep, or has a leaf without a physical type. */
int tree_make(struct tree *t, const struct pq_meta *m, struct schema *schema, struct arena *a, struct err *e);

/* The type that a leaf reads as (leaf_type.c). */
void leaf_type(const struct pq_element *el, struct type *t);
static inline bool element_is(const struct pq_element *el, int logical, int converted)
{
	return el->logical == logical || (el->logical < 0 && el->converted == converted);
}

#endif
