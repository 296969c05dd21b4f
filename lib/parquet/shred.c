/* SPDX-License-Identifier: MIT */
/* Goes down a column to its leaves and writes the levels of each row. */
#include "parquet/shred.h"

#define RECORDS 256u   /* handled at once, so that a page ends near where it should */

/* What a node sees of the records: one entry a slot; row < 0 when an ancestor is null or empty. */
struct entries {
	size_t n;
	int32_t *row;
	uint8_t *def, *rep;
};

static int put(const struct shred_node *node, const struct column *col, const struct entries *in, struct arena *a,
	       struct err *e);

static int null_error(const struct shred_node *node, struct err *e)
{
	return err_set(e, ERR_DATA, "null in %s, which must not be null", node->name);
}

/* IN with what is null at this node taken out; -1 when that may not be. */
static int own_nulls(const struct shred_node *node, const struct column *col, const struct entries *in,
		     struct entries *out, struct arena *a)
{
	bool nulls = col->valid && col->nulls;
	*out = (struct entries){ in->n, arena_alloc(a, in->n * sizeof *out->row), arena_alloc(a, in->n), in->rep };
	for (size_t i = 0; i < in->n; i++) {
		int32_t row = in->row[i];
		bool there = row >= 0 && !(nulls && !bit_get(col->valid, (size_t)row));
		if (row >= 0 && !there && !node->nullable)
			return -1;
		out->row[i] = there ? row : -1;
		out->def[i] = there ? node->def : in->def[i];
	}
	return 0;
}

/* An entry for each element, or one for a list that has none. */
static void elements(const struct shred_node *node, const struct column *col, const struct entries *in,
		     struct entries *out, struct arena *a)
{
	size_t n = 0, k = 0;
	for (size_t i = 0; i < in->n; i++) {
		size_t len = in->row[i] < 0 ? 0 : (size_t)(col->offsets[in->row[i] + 1] - col->offsets[in->row[i]]);
		n += len ? len : 1;
	}
	*out = (struct entries){ n, arena_array(a, n, sizeof *out->row), arena_alloc(a, n), arena_alloc(a, n) };
	for (size_t i = 0; i < in->n; i++) {
		int32_t row = in->row[i], at = row < 0 ? 0 : col->offsets[row], end = row < 0 ? 0 : col->offsets[row + 1];
		if (at == end) {
			out->row[k] = -1;
			out->def[k] = in->def[i];
			out->rep[k++] = in->rep[i];
			continue;
		}
		for (int32_t j = at; j < end; j++, k++) {
			out->row[k] = j;
			out->def[k] = (uint8_t)(node->def + 1);
			out->rep[k] = j == at ? in->rep[i] : node->rep;
		}
	}
}

static int put_leaf(const struct shred_node *node, const struct column *col, const struct entries *in,
		    struct arena *a, struct err *e)
{
	uint32_t *rows = arena_alloc(a, in->n * sizeof *rows + 4);
	size_t k = 0;
	for (size_t i = 0; i < in->n; i++) {
		rows[k] = (uint32_t)in->row[i];
		k += in->row[i] >= 0;
	}
	return chunk_put_levels(node->chunk, col, in->def, in->rep, in->n, rows, k, e);
}

static int put(const struct shred_node *node, const struct column *col, const struct entries *in, struct arena *a,
	       struct err *e)
{
	struct entries own, el;
	int rc = 0;
	if (own_nulls(node, col, in, &own, a) < 0)
		return null_error(node, e);
	if (node->chunk)
		return put_leaf(node, col, &own, a, e);
	if (node->type->kind != TYPE_STRUCT) {
		elements(node, col, &own, &el, a);
		own = el;
	}
	for (size_t i = 0; i < node->nchild && rc == 0; i++)
		rc = put(&node->child[i], &col->child[node->source[i]], &own, a, e);
	return rc;
}

int shred_put(const struct shred_node *node, const struct column *col, const uint32_t *rows, size_t start, size_t n,
	      struct err *e)
{
	if (node->chunk)
		return chunk_put_flat(node->chunk, col, rows, start, n, e);
	struct arena a = ARENA_INIT;
	uint8_t zero[RECORDS] = { 0 }, rep[RECORDS] = { 0 };
	int32_t row[RECORDS];
	int rc = 0;
	for (size_t at = 0, m; at < n && rc == 0; at += m) {
		m = n - at < RECORDS ? n - at : RECORDS;
		for (size_t i = 0; i < m; i++)
			row[i] = (int32_t)(rows ? rows[at + i] : start + at + i);
		struct entries in = { m, row, zero, rep };
		rc = put(node, col, &in, &a, e);
		arena_clear(&a);
	}
	arena_release(&a);
	return rc;
}
