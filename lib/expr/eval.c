/* SPDX-License-Identifier: MIT */
/* Evaluation, EXPR_CHUNK rows at a time: every node of the tree fills its vector, leaves first.
 *
 * Integers, dates and timestamps are widened to int64, floats to double, strings are views into the
 * column, so that one loop a kind of value does. Booleans are three-valued bytes (node.h). A node that
 * stands in the tree twice is computed once a chunk. The scratch space is a few KiB a node.
 */
#include "expr/vec.h"

#include "base/mem.h"

static void run(struct expr_eval *ev, const struct node *x, const struct batch *b, size_t first, size_t n);

static size_t width(enum vkind k)
{
	return k == V_BOOL ? 1 : k == V_DEC || k == V_STR ? 16 : 8;
}

static struct vec *vec_of(struct expr_eval *ev, const struct node *x)
{
	struct vec *v = &ev->vec[x->id];
	if (!v->buf && x->kind != V_REF) {
		v->buf = mem_alloc(width((enum vkind)x->kind) * EXPR_CHUNK);
		v->nullbuf = mem_alloc(EXPR_CHUNK);
	}
	v->p = v->buf;
	v->null = NULL;
	v->constant = false;
	return v;
}

static void vec_get(const struct vec *v, enum vkind k, size_t i, struct value *out)
{
	if (v->constant)
		i = 0;
	out->null = v->null && v->null[i];
	switch (k) {
	case V_BOOL:
		out->null = v->b[i] == B_NULL;
		out->i = v->b[i] == B_TRUE;
		break;
	case V_DBL:
		out->d = v->d[i];
		break;
	case V_DEC:
		out->dec = v->dec[i];
		break;
	case V_STR:
		out->s = v->s[i];
		break;
	default:
		out->i = v->i[i];
	}
}

/* The null bytes are there before the first put */
static void vec_put(struct vec *v, enum vkind k, size_t i, const struct value *in)
{
	if (k == V_BOOL) {
		v->b[i] = in->null ? B_NULL : in->i ? B_TRUE : B_FALSE;
		return;
	}
	v->nullbuf[i] = in->null;
	if (in->null) {
		memset((char *)v->p + i * width(k), 0, width(k));
		if (k == V_STR) /* memcmp wants a pointer */
			v->s[i].p = "";
		return;
	}
	if (k == V_DBL)
		v->d[i] = in->d;
	else if (k == V_DEC)
		v->dec[i] = in->dec;
	else if (k == V_STR)
		v->s[i] = in->s;
	else
		v->i[i] = in->i;
}

/* columns */

static void load_nulls(struct vec *v, const struct column *c, size_t first, size_t n)
{
	if (!c->valid)
		return;
	v->null = v->nullbuf;
	for (size_t i = 0; i < n; i++)
		v->nullbuf[i] = !bit_get(c->valid, first + i);
}

static void load_bool(struct vec *v, const struct column *c, size_t first, size_t n)
{
	for (size_t i = 0; i < n; i++)
		v->b[i] = c->type->kind == TYPE_VOID || column_is_null(c, first + i) ? B_NULL
			  : bit_get(c->data, first + i)				    ? B_TRUE
										    : B_FALSE;
}

#define WIDEN(type, to)                                                                                              \
	do {                                                                                                         \
		const type *from = (const type *)c->data + first;                                                    \
		for (size_t i = 0; i < n; i++)                                                                       \
			to[i] = from[i];                                                                             \
	} while (0)

/* rows FIRST to FIRST + N of C */
static void load(struct vec *v, const struct column *c, size_t first, size_t n)
{
	switch (c->type->kind) {
	case TYPE_VOID:
	case TYPE_BOOLEAN:
		load_bool(v, c, first, n);
		return;
	case TYPE_BYTE:
		WIDEN(int8_t, v->i);
		break;
	case TYPE_SHORT:
		WIDEN(int16_t, v->i);
		break;
	case TYPE_INTEGER:
	case TYPE_DATE:
		WIDEN(int32_t, v->i);
		break;
	case TYPE_FLOAT:
		WIDEN(float, v->d);
		break;
	case TYPE_STRING:
	case TYPE_BINARY:
		for (size_t i = 0; i < n; i++) {
			int32_t o = c->offsets[first + i];
			v->s[i] = (struct str){ c->data ? (const char *)c->data + o : "",
						(size_t)(c->offsets[first + i + 1] - o) };
		}
		break;
	case TYPE_DECIMAL:
		v->p = (__int128 *)c->data + first;
		break;
	default: /* LONG, DOUBLE, TIMESTAMP*: as they are */
		v->p = (char *)c->data + first * 8;
	}
	load_nulls(v, c, first, n);
}

static void value_at(const struct column *c, size_t row, struct value *out)
{
	out->null = c->type->kind == TYPE_VOID || column_is_null(c, row);
	if (out->null)
		return;
	switch (sql_type_vkind(c->type)) {
	case V_BOOL:
		out->i = bit_get(c->data, row);
		break;
	case V_DBL:
		out->d = column_double(c, row);
		break;
	case V_DEC:
		out->dec = column_decimal(c, row);
		break;
	case V_STR:
		out->s.p = column_bytes(c, row, &out->s.n);
		if (!out->s.n)
			out->s.p = "";
		break;
	default:
		out->i = column_i64(c, row);
	}
}

static void ref_rows(struct vec *v)
{
	if (!v->row)
		v->row = mem_alloc(EXPR_CHUNK * sizeof *v->row);
}

/* X's value is C at the rows of BASE (V_REF), or nothing where BASE is null */
static void from_ref(struct expr_eval *ev, const struct node *x, const struct column *c, const struct vec *base, size_t n)
{
	struct vec *v = vec_of(ev, x);
	if (x->kind == V_REF) {
		ref_rows(v);
		v->col = c;
		for (size_t i = 0; i < n; i++)
			v->row[i] = base->row[i] < 0 || column_is_null(c, (size_t)base->row[i]) ? -1 : base->row[i];
		return;
	}
	v->null = v->nullbuf;
	for (size_t i = 0; i < n; i++) {
		struct value one = { .null = true };
		if (base->row[i] >= 0)
			value_at(c, (size_t)base->row[i], &one);
		vec_put(v, (enum vkind)x->kind, i, &one);
	}
}

static void run_column(struct expr_eval *ev, const struct node *x, const struct batch *b, size_t first, size_t n)
{
	struct vec *v = vec_of(ev, x);
	const struct column *c = &b->col[x->field];
	v->column = NULL;
	if (x->kind != V_REF) {
		load(v, c, first, n);
		return;
	}
	v->col = c;
	v->column = c;
	ref_rows(v);
	for (size_t i = 0; i < n; i++)
		v->row[i] = column_is_null(c, first + i) ? -1 : (int64_t)(first + i);
}

static void run_field(struct expr_eval *ev, const struct node *x, const struct batch *b, size_t first, size_t n)
{
	run(ev, x->arg[0], b, first, n);
	const struct vec *base = &ev->vec[x->arg[0]->id];
	const struct column *c = &base->col->child[x->field];
	if (base->column && x->kind != V_REF) { /* the same rows: a null parent has null children */
		load(vec_of(ev, x), c, first, n);
		return;
	}
	from_ref(ev, x, c, base, n);
	ev->vec[x->id].column = base->column ? c : NULL;
}

/* list[i] from 0, map[key]: rows of the child, then as a field of it */
static void run_index(struct expr_eval *ev, const struct node *x, const struct batch *b, size_t first, size_t n)
{
	struct vec rows = { .row = NULL };
	run(ev, x->arg[0], b, first, n);
	run(ev, x->arg[1], b, first, n);
	const struct vec *base = &ev->vec[x->arg[0]->id], *index = &ev->vec[x->arg[1]->id];
	const struct column *c = base->col;
	enum vkind kind = (enum vkind)x->arg[1]->kind;
	ref_rows(&rows);
	for (size_t i = 0; i < n; i++) {
		struct value k, have;
		rows.row[i] = -1;
		vec_get(index, kind, i, &k);
		if (base->row[i] < 0 || k.null)
			continue;
		int64_t from = c->offsets[base->row[i]], to = c->offsets[base->row[i] + 1];
		if (x->op == OP_INDEX) {
			if (k.i >= 0 && k.i < to - from)
				rows.row[i] = from + k.i;
			continue;
		}
		for (int64_t r = from; r < to && rows.row[i] < 0; r++) {
			value_at(&c->child[0], (size_t)r, &have);
			if (!have.null && !value_cmp(kind, &have, &k))
				rows.row[i] = r;
		}
	}
	from_ref(ev, x, &c->child[x->op == OP_KEY], &rows, n);
	ev->vec[x->id].column = NULL;
	mem_free(rows.row);
}

static void run_size(struct expr_eval *ev, const struct node *x, const struct batch *b, size_t first, size_t n)
{
	run(ev, x->arg[0], b, first, n);
	const struct vec *base = &ev->vec[x->arg[0]->id];
	struct vec *v = vec_of(ev, x);
	v->null = v->nullbuf;
	for (size_t i = 0; i < n; i++) {
		int64_t r = base->row[i];
		v->nullbuf[i] = r < 0;
		v->i[i] = r < 0 ? 0 : base->col->offsets[r + 1] - base->col->offsets[r];
	}
}

static void run_has(struct expr_eval *ev, const struct node *x, const struct batch *b, size_t first, size_t n)
{
	run(ev, x->arg[0], b, first, n);
	run(ev, x->arg[1], b, first, n);
	const struct vec *base = &ev->vec[x->arg[0]->id], *what = &ev->vec[x->arg[1]->id];
	struct vec *v = vec_of(ev, x);
	for (size_t i = 0; i < n; i++) {
		struct value k, have;
		int64_t r = base->row[i];
		vec_get(what, (enum vkind)x->arg[1]->kind, i, &k);
		v->b[i] = r < 0 || k.null ? B_NULL : B_FALSE;
		if (v->b[i] == B_NULL)
			continue;
		for (int32_t e = base->col->offsets[r]; e < base->col->offsets[r + 1] && v->b[i] != B_TRUE; e++) {
			value_at(&base->col->child[0], (size_t)e, &have);
			if (have.null)
				v->b[i] = B_NULL;
			else if (!value_cmp((enum vkind)x->arg[1]->kind, &have, &k))
				v->b[i] = B_TRUE;
		}
	}
}

/* logic */

static void run_literal(struct expr_eval *ev, const struct node *x)
{
	struct vec *v = vec_of(ev, x);
	v->constant = true;
	vec_put(v, (enum vkind)x->kind, 0, &x->value);
	v->null = x->value.null && x->kind != V_BOOL ? v->nullbuf : NULL;
}

/* to one byte a row */
static const uint8_t *bools(struct vec *v, size_t n)
{
	if (v->constant) {
		memset(v->b, v->b[0], n);
		v->constant = false;
	}
	return v->b;
}

static void run_logic(struct expr_eval *ev, const struct node *x, const struct batch *b, size_t first, size_t n)
{
	struct vec *v = vec_of(ev, x);
	bool and = x->op == OP_AND;
	for (size_t a = 0; a < x->narg; a++) {
		run(ev, x->arg[a], b, first, n);
		const uint8_t *in = bools(&ev->vec[x->arg[a]->id], n);
		if (a == 0)
			memcpy(v->b, in, n);
		else if (and)
			for (size_t i = 0; i < n; i++)
				v->b[i] = v->b[i] < in[i] ? v->b[i] : in[i];
		else
			for (size_t i = 0; i < n; i++)
				v->b[i] = v->b[i] > in[i] ? v->b[i] : in[i];
		/* all rows decided? */
		if (!memchr(v->b, B_NULL, n) && !memchr(v->b, and ? B_TRUE : B_FALSE, n))
			return;
	}
}

static void run_not(struct expr_eval *ev, const struct node *x, const struct batch *b, size_t first, size_t n)
{
	run(ev, x->arg[0], b, first, n);
	const uint8_t *in = bools(&ev->vec[x->arg[0]->id], n);
	struct vec *v = vec_of(ev, x);
	for (size_t i = 0; i < n; i++)
		v->b[i] = (uint8_t)(2 - in[i]);
}

static void run_is(struct expr_eval *ev, const struct node *x, const struct batch *b, size_t first, size_t n)
{
	run(ev, x->arg[0], b, first, n);
	struct vec *in = &ev->vec[x->arg[0]->id], *v = vec_of(ev, x);
	if (x->op != OP_IS_NULL || x->arg[0]->kind == V_BOOL) {
		uint8_t want = x->op == OP_IS_NULL ? B_NULL : x->op == OP_IS_TRUE ? B_TRUE : B_FALSE;
		const uint8_t *p = bools(in, n);
		for (size_t i = 0; i < n; i++)
			v->b[i] = p[i] == want ? B_TRUE : B_FALSE;
	} else if (x->arg[0]->kind == V_REF) {
		for (size_t i = 0; i < n; i++)
			v->b[i] = in->row[i] < 0 ? B_TRUE : B_FALSE;
	} else {
		for (size_t i = 0; i < n; i++)
			v->b[i] = in->null && in->null[in->constant ? 0 : i] ? B_TRUE : B_FALSE;
	}
}

static void run_in(struct expr_eval *ev, const struct node *x, const struct batch *b, size_t first, size_t n)
{
	run(ev, x->arg[0], b, first, n);
	const struct vec *in = &ev->vec[x->arg[0]->id];
	struct vec *v = vec_of(ev, x);
	enum vkind kind = (enum vkind)x->arg[0]->kind;
	for (size_t i = 0; i < n; i++) {
		struct value one;
		size_t lo = 0, hi = x->nset;
		vec_get(in, kind, i, &one);
		v->b[i] = x->flags & NODE_HAS_NULL ? B_NULL : B_FALSE;
		if (one.null) {
			v->b[i] = B_NULL;
			continue;
		}
		while (lo < hi) {
			size_t mid = lo + (hi - lo) / 2;
			int rc = value_cmp(kind, &x->set[mid], &one);
			if (!rc)
				v->b[i] = B_TRUE;
			if (rc < 0)
				lo = mid + 1;
			else
				hi = rc ? mid : lo;
		}
	}
}

/* All arguments, and the vector of what comes of them, which may have nulls */
static struct vec *run_args(struct expr_eval *ev, const struct node *x, const struct batch *b, size_t first, size_t n)
{
	for (size_t a = 0; a < x->narg; a++)
		run(ev, x->arg[a], b, first, n);
	struct vec *v = vec_of(ev, x);
	v->null = v->nullbuf;
	return v;
}

/* the first argument that is not null */
static void run_coalesce(struct expr_eval *ev, const struct node *x, const struct batch *b, size_t first, size_t n)
{
	enum vkind kind = (enum vkind)x->kind;
	struct vec *v = run_args(ev, x, b, first, n);
	for (size_t i = 0; i < n; i++) {
		struct value one = { .null = true };
		for (size_t a = 0; a < x->narg && one.null; a++)
			vec_get(&ev->vec[x->arg[a]->id], kind, i, &one);
		vec_put(v, kind, i, &one);
	}
}

static void run_case(struct expr_eval *ev, const struct node *x, const struct batch *b, size_t first, size_t n)
{
	enum vkind kind = (enum vkind)x->kind;
	struct vec *v = run_args(ev, x, b, first, n);
	for (size_t i = 0; i < n; i++) {
		size_t a = 0;
		struct value one;
		for (; a + 1 < x->narg; a += 2) {
			const struct vec *when = &ev->vec[x->arg[a]->id];
			if (when->b[when->constant ? 0 : i] == B_TRUE)
				break;
		}
		vec_get(&ev->vec[x->arg[a + 1 < x->narg ? a + 1 : a]->id], kind, i, &one);
		vec_put(v, kind, i, &one);
	}
}

static void run_call(struct expr_eval *ev, const struct node *x, const struct batch *b, size_t first, size_t n)
{
	bool constant = x->flags & NODE_CONST;
	for (size_t a = 0; a < x->narg; a++)
		run(ev, x->arg[a], b, first, n);
	struct vec *v = vec_of(ev, x);
	v->null = v->nullbuf;
	v->constant = constant;
	for (size_t i = 0; i < (constant ? 1 : n); i++) {
		struct value out = { .null = false };
		for (size_t a = 0; a < x->narg; a++) {
			vec_get(&ev->vec[x->arg[a]->id], (enum vkind)x->arg[a]->kind, i, &ev->args[a]);
			out.null = out.null || ev->args[a].null;
		}
		if (!out.null || x->flags & NODE_NULLS) {
			out.null = false;
			x->fn(&ev->ctx, x, ev->args, &out);
		}
		vec_put(v, (enum vkind)x->kind, i, &out);
	}
}

static void run_compare(struct expr_eval *ev, const struct node *x, const struct batch *b, size_t first, size_t n)
{
	for (size_t a = 0; a < 2; a++)
		run(ev, x->arg[a], b, first, n);
	vec_compare(x, &ev->vec[x->arg[0]->id], &ev->vec[x->arg[1]->id], vec_of(ev, x)->b, n);
}

static void run(struct expr_eval *ev, const struct node *x, const struct batch *b, size_t first, size_t n)
{
	if (ev->vec[x->id].stamp == ev->stamp)
		return;
	switch ((enum op)x->op) {
	case OP_LITERAL:
		run_literal(ev, x);
		break;
	case OP_COLUMN:
		run_column(ev, x, b, first, n);
		break;
	case OP_FIELD:
		run_field(ev, x, b, first, n);
		break;
	case OP_INDEX:
	case OP_KEY:
		run_index(ev, x, b, first, n);
		break;
	case OP_SIZE:
		run_size(ev, x, b, first, n);
		break;
	case OP_HAS:
		run_has(ev, x, b, first, n);
		break;
	case OP_AND:
	case OP_OR:
		run_logic(ev, x, b, first, n);
		break;
	case OP_NOT:
		run_not(ev, x, b, first, n);
		break;
	case OP_IS_NULL:
	case OP_IS_TRUE:
	case OP_IS_FALSE:
		run_is(ev, x, b, first, n);
		break;
	case OP_IN:
		run_in(ev, x, b, first, n);
		break;
	case OP_COALESCE:
		run_coalesce(ev, x, b, first, n);
		break;
	case OP_CASE:
		run_case(ev, x, b, first, n);
		break;
	case OP_CALL:
		run_call(ev, x, b, first, n);
		break;
	default:
		run_compare(ev, x, b, first, n);
	}
	ev->vec[x->id].stamp = ev->stamp;
}

static void prepare(struct expr_eval *ev, const struct node *x, size_t *most)
{
	const char *why;
	if (ev->vec[x->id].prepared)
		return;
	ev->vec[x->id].prepared = true;
	for (size_t i = 0; i < x->narg; i++)
		prepare(ev, x->arg[i], most);
	if (x->narg > *most)
		*most = x->narg;
	if (x->fn == fn_rlike && x->arg[1]->op == OP_LITERAL && !x->arg[1]->value.null)
		ev->ctx.match[x->id] = regex_compile(x->arg[1]->value.s.p, x->arg[1]->value.s.n, &why);
}

struct expr_eval *expr_eval_new(const struct expr_bound *q)
{
	struct expr_eval *ev = mem_zalloc(sizeof *ev);
	size_t most = 1;
	ev->q = q;
	ev->vec = mem_array(NULL, q->nnodes, sizeof *ev->vec);
	memset(ev->vec, 0, q->nnodes * sizeof *ev->vec);
	ev->ctx = (struct fn_ctx){ .arena = &ev->arena, .q = q };
	ev->ctx.match = mem_array(NULL, q->nnodes, sizeof *ev->ctx.match);
	memset(ev->ctx.match, 0, q->nnodes * sizeof *ev->ctx.match);
	ev->ctx.loc = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	prepare(ev, q->root, &most);
	ev->args = mem_array(NULL, most, sizeof *ev->args);
	return ev;
}

void expr_eval_free(struct expr_eval *ev)
{
	if (!ev)
		return;
	for (uint32_t i = 0; i < ev->q->nnodes; i++) {
		mem_free(ev->vec[i].buf);
		mem_free(ev->vec[i].nullbuf);
		mem_free(ev->vec[i].row);
		regex_free(ev->ctx.match[i]);
	}
	if (ev->ctx.loc)
		freelocale(ev->ctx.loc);
	mem_free(ev->vec);
	mem_free(ev->ctx.match);
	mem_free(ev->args);
	mem_free(ev->range);
	arena_release(&ev->arena);
	mem_free(ev);
}

static struct vec *run_chunk(struct expr_eval *ev, const struct batch *b, size_t first, size_t n)
{
	ev->stamp++;
	arena_clear(&ev->arena);
	run(ev, ev->q->root, b, first, n);
	return &ev->vec[ev->q->root->id];
}

static size_t chunk(size_t left) { return left < EXPR_CHUNK ? left : EXPR_CHUNK; }

size_t expr_filter(struct expr_eval *ev, const struct batch *b, uint32_t *sel)
{
	size_t nsel = 0;
	for (size_t first = 0, n; first < b->nrows; first += n) {
		n = chunk(b->nrows - first);
		const uint8_t *p = bools(run_chunk(ev, b, first, n), n);
		for (size_t i = 0; i < n; i++) { /* written always, kept when true */
			sel[nsel] = (uint32_t)(first + i);
			nsel += p[i] == B_TRUE;
		}
	}
	return nsel;
}

static void add_value(struct column *out, enum vkind kind, const struct value *v)
{
	if (v->null)
		column_add_null(out);
	else if (kind == V_BOOL)
		column_add_bool(out, v->i);
	else if (kind == V_DBL)
		column_add_double(out, v->d);
	else if (kind == V_DEC)
		column_add_decimal(out, v->dec);
	else if (kind == V_STR)
		column_add_bytes(out, v->s.p, v->s.n);
	else
		column_add_i64(out, v->i);
}

void expr_values(struct expr_eval *ev, const struct batch *b, struct column *out)
{
	enum vkind kind = (enum vkind)ev->q->root->kind;
	for (size_t first = 0, n; first < b->nrows; first += n) {
		n = chunk(b->nrows - first);
		const struct vec *v = run_chunk(ev, b, first, n);
		for (size_t i = 0; i < n; i++) {
			struct value one;
			vec_get(v, kind, i, &one);
			add_value(out, kind, &one);
		}
	}
}
