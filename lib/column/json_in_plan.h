/* SPDX-License-Identifier: MIT */
/* json_in_plan - inside json_in: the type as a tree of nodes that the reader's loop needs at hand. */
#ifndef SM_COLUMN_JSON_IN_PLAN_H
#define SM_COLUMN_JSON_IN_PLAN_H

#include "column/json_in.h"
#include "json/walk.h"

#define JIN_STEP 1024            /* rows reserved at once */

struct jin_node {
	enum type_kind kind;
	bool nullable;
	uint8_t width;           /* type_width */
	struct column *c;        /* bound to the batch of this call */
	size_t reserved;         /* an element of a list or map: the column has room up to this row */

	/* The key, followed by its quote, as the first 16 bytes of text and a mask; the others are compared
	 * after them. Names that JSON must escape never match so and are found by hash. */
	const char *name;
	size_t nname;
	uint64_t word[2], mask[2];
	struct jin_node *next;   /* the member that came after this one in the record before */

	const struct type *type;
	struct jin_node *parent;
	struct jin_node *child;
	size_t nchild;
	struct jin_node *first;  /* the member that came first in the record before */
	uint32_t *table;         /* hash of names: index of a child + 1, 0 is free */
	size_t table_mask;

	uint64_t day_text[2];    /* the last date that was parsed, */
	int64_t day;             /* and its day */
};

enum jin_fault { JIN_SYNTAX, JIN_VALUE, JIN_NULL, JIN_MISSING, JIN_TWICE, JIN_UNKNOWN, JIN_MAP_TWICE };

struct json_in {
	struct json_in_opts opts;
	struct json_lines lines;
	struct json_walk walk;
	struct arena arena;
	struct jin_node root;
	struct buf text;         /* a decoded string */
	struct buf path;         /* of a field, for messages */
	uint32_t *set;           /* hash table for the keys of a map */
	size_t set_cap;

	/* What is wrong with the record at hand. */
	enum jin_fault fault;
	const struct jin_node *bad;
	const uint32_t *bad_tok;

	bool pending;            /* `line` has been read and waits */
	struct json_line line;
	size_t taken;            /* text of the rows in the batch */
	struct json_in_row *row;
	size_t nrow, row_cap, row_first;
};

void jin_plan(struct json_in *in, const struct type *root);
void jin_bind(struct json_in *in, struct batch *b);
/* The child of O that is called like the key between the quotes [A, B); NULL when there is none. */
struct jin_node *jin_find(struct json_in *in, const struct jin_node *o, uint32_t a, uint32_t b);
void jin_path(struct json_in *in, const struct jin_node *f);   /* the dotted path of F to in->path */
void jin_truncate(struct column *c, size_t n);                /* forget the rows from N on, at every level */
bool jin_map_repeats(struct json_in *in, const struct column *key, size_t from);

/* Read the members of the object at T into the children of O, each of which has SLOT rows. */
const uint32_t *jin_object(struct json_in *in, struct jin_node *o, const uint32_t *t, unsigned depth, size_t slot);
/* The rarer kinds of value, from the decoded text S[0..N). */
bool jin_binary(struct column *c, const char *s, size_t n);
bool jin_decimal(const char *s, size_t n, const struct type *type, __int128 *v);

#endif
