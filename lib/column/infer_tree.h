/* SPDX-License-Identifier: MIT */
/* infer_tree - what was seen in the sampled records, field by field. Part of infer. */
#ifndef SM_COLUMN_INFER_TREE_H
#define SM_COLUMN_INFER_TREE_H

#include "column/infer.h"
#include "column/infer_number.h"

enum infer_kind { KIND_BOOLEAN, KIND_NUMBER, KIND_STRING, KIND_LIST, KIND_OBJECT, KINDS };

struct infer_node {
	const char *name;
	size_t nname;
	uint64_t hash;
	uint64_t count[KINDS];
	uint64_t first[KINDS];          /* number of the record that had the kind first, from 1 */
	struct infer_number number;
	bool no_date, no_time[3];       /* strings that do not print back as a date, a time in each form */
	struct infer_node *element;
	struct infer_node **member;           /* in the order they came */
	size_t nmember, cap;
};

struct infer {
	struct arena arena;
	struct buf text;                      /* of a string, decoded */
	struct infer_node root;
	uint64_t records;
	size_t fields;
	struct infer_node *crowded;           /* where the limit was passed */
	bool too_deep, lenient;
};

/* infer_type.c: is what was seen a schema, if only one without fields? */
bool infer_makes(const struct infer *in);

#endif
