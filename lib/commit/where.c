/* SPDX-License-Identifier: MIT */
/* The predicate of --replace-where over the partition values of files. */
#include "base/mem.h"
#include "commit/committer.h"

#include <string.h>

struct where {
	struct schema schema;       /* the partition columns alone */
	struct expr_bound *bound;
	struct expr_eval *eval;
	struct batch batch;
};

int where_new(struct where **out, const struct expr *x, const struct schema *schema, const struct delta_names *partition,
	      struct err *e)
{
	struct where *w = mem_zalloc(sizeof *w);
	int rc = 0;
	schema_init(&w->schema);
	w->schema.root.fields = arena_array(&w->schema.arena, partition->n ? partition->n : 1, sizeof *w->schema.root.fields);
	for (size_t i = 0; i < partition->n && rc == 0; i++) {
		const struct field *f = schema_find(schema, partition->v[i], strlen(partition->v[i]));
		if (!f)
			rc = err_set(e, ERR_DATA, "the table is partitioned by '%s', which is not in its schema", partition->v[i]);
		else
			w->schema.root.fields[w->schema.root.nfields++] = *f;
	}
	if (rc == 0 && (rc = expr_bind(&w->bound, x, &w->schema.root, EXPR_PREDICATE, e)) != 0)
		err_wrap(e, "--replace-where (only partition columns can be used)");
	if (rc) {
		schema_release(&w->schema);
		mem_free(w);
		return rc;
	}
	w->eval = expr_eval_new(w->bound);
	batch_init(&w->batch, &w->schema.root);
	*out = w;
	return 0;
}

void where_free(struct where *w)
{
	if (!w)
		return;
	expr_eval_free(w->eval);
	expr_bound_free(w->bound);
	batch_release(&w->batch);
	schema_release(&w->schema);
	mem_free(w);
}

int where_matches(struct where *w, const struct delta_text *text, bool *match, struct err *e)
{
	uint32_t sel[1];
	batch_clear(&w->batch);
	for (size_t i = 0; i < w->batch.ncols; i++) {
		struct delta_value v;
		const struct field *f = &w->schema.root.fields[i];
		int rc = delta_value_parse(&v, &f->type, text[i].p, text[i].n, e);
		if (rc) {
			err_wrap(e, "partition column '%s'", f->name);
			return rc;
		}
		delta_value_append(&v, &w->batch.col[i]);
	}
	w->batch.nrows = 1;
	*match = expr_filter(w->eval, &w->batch, sel) == 1;
	return 0;
}
