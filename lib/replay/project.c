/* SPDX-License-Identifier: MIT */
/* Which columns are read. The paths of --select, --where and the event time grow a tree; in every struct of it the
 * selected members come first, so that the printer, which looks at as many members as its own type
 * has, never sees what only the condition needs. */
#include "replay/parts.h"

#include "base/clock.h"
#include "base/mem.h"

struct pick {                        /* a node of the tree */
	uint32_t field;              /* in its parent's type */
	bool whole;                  /* all of it is read */
	bool printed, printed_whole;
	struct pick *child;
	size_t n, cap;
};

static struct pick *child_of(struct pick *p, uint32_t field)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->child[i].field == field)
			return &p->child[i];
	MEM_GROW(p->child, p->cap, p->n + 1);
	p->child[p->n] = (struct pick){ .field = field };
	return &p->child[p->n++];
}

static void add_path(struct pick *root, const struct expr_path *path, bool printed)
{
	struct pick *p = root;
	for (size_t i = 0; i < path->n; i++) {
		p = child_of(p, path->field[i]);
		p->printed = p->printed || printed;
	}
	p->whole = true;
	p->printed_whole = p->printed_whole || printed;
}

static void add_paths(struct pick *root, const struct expr_bound *q, bool printed)
{
	const struct expr_path *path;
	size_t n = expr_paths(q, &path);
	for (size_t i = 0; i < n; i++)
		add_path(root, &path[i], printed);
}

static void pick_release(struct pick *p)
{
	for (size_t i = 0; i < p->n; i++)
		pick_release(&p->child[i]);
	mem_free(p->child);
}

/* Members in the order of WORK: printed ones as they were asked for, then the others. Returns how many; *OUT are printed. */
static size_t order(struct pick *p, const struct type *t, const struct pick **to, struct pick *rest, size_t *out)
{
	size_t n = 0;
	if (p->printed_whole) { /* as the table has them */
		for (size_t i = 0; i < t->nfields; i++) {
			rest[i] = (struct pick){ .field = (uint32_t)i, .whole = true, .printed = true, .printed_whole = true };
			to[n++] = &rest[i];
		}
		*out = n;
		return n;
	}
	for (size_t i = 0; i < p->n; i++)
		if (p->child[i].printed)
			to[n++] = &p->child[i];
	*out = n;
	for (size_t i = 0; i < p->n; i++)
		if (!p->child[i].printed)
			to[n++] = &p->child[i];
	for (size_t i = 0; p->whole && i < t->nfields; i++) {
		bool have = false;
		for (size_t k = 0; k < p->n && !have; k++)
			have = p->child[k].field == i;
		if (have)
			continue;
		rest[i] = (struct pick){ .field = (uint32_t)i, .whole = true };
		to[n++] = &rest[i];
	}
	/* A whole struct is whole below, too. */
	for (size_t i = 0; p->whole && i < n; i++)
		((struct pick *)to[i])->whole = true;
	return n;
}

struct shapes {
	struct arena *arena;
	uint32_t *leaf;
	size_t nleaves;
};

static size_t leaves_before(const struct type *t, uint32_t field)
{
	size_t n = 0;
	for (uint32_t i = 0; i < field; i++)
		n += type_leaves(&t->fields[i].type);
	return n;
}

/* PICK of type LOGICAL, called PHYSICAL in files, whose first leaf is LEAF, to the three shapes */
static void shape(struct shapes *s, struct pick *p, const struct type *logical, const struct type *physical, size_t leaf,
		  struct type *work, struct type *out, struct type *read)
{
	*work = *out = *logical;
	*read = *physical;
	if (logical->kind != TYPE_STRUCT || (p->printed_whole && p->whole)) {
		for (size_t i = 0; i < type_leaves(logical); i++)
			s->leaf[s->nleaves++] = (uint32_t)(leaf + i);
		return;
	}
	const struct pick **to = arena_array(s->arena, logical->nfields + p->n + 1, sizeof *to);
	struct pick *rest = arena_array(s->arena, logical->nfields + 1, sizeof *rest);
	work->nfields = read->nfields = order(p, logical, to, rest, &out->nfields);
	work->fields = arena_array(s->arena, work->nfields + 1, sizeof *work->fields);
	out->fields = arena_array(s->arena, work->nfields + 1, sizeof *out->fields);
	read->fields = arena_array(s->arena, work->nfields + 1, sizeof *read->fields);
	for (size_t i = 0; i < work->nfields; i++) {
		const struct field *l = &logical->fields[to[i]->field], *ph = &physical->fields[to[i]->field];
		work->fields[i] = out->fields[i] = *l;
		read->fields[i] = *ph;
		shape(s, (struct pick *)to[i], &l->type, &ph->type, leaf + leaves_before(logical, to[i]->field),
		      &work->fields[i].type, &out->fields[i].type, &read->fields[i].type);
	}
}

static int parse_bound(struct expr **x, struct expr_bound **q, const char *text, size_t n, const struct type *t,
		       enum expr_want want, struct err *e)
{
	int rc = expr_parse(x, text, n, e);
	return rc ? rc : expr_bind(q, *x, t, want, e);
}

/* the length of the first item of a list with commas; backticks quote */
static size_t item(const char *s)
{
	bool quoted = false;
	size_t i = 0;
	for (; s[i] && (quoted || s[i] != ','); i++)
		if (s[i] == '`')
			quoted = !quoted;
	return i;
}

static int pick_select(struct pick *root, const char *select, const struct type *t, struct err *e)
{
	for (const char *s = select;; s++) {
		struct expr *x = NULL;
		struct expr_bound *q = NULL;
		size_t n = item(s);
		int rc = parse_bound(&x, &q, s, n, t, EXPR_ANY, e);
		if (rc == 0 && !expr_is_column(q))
			rc = err_set(e, ERR_USAGE, "'%.*s' is not a column", (int)(n > 200 ? 200 : n), s);
		if (rc == 0)
			add_paths(root, q, true);
		expr_bound_free(q);
		expr_free(x);
		if (rc)
			return err_wrap(e, "--select");
		s += n;
		if (!*s)
			return 0;
	}
}

static void put_time(struct buf *b, const char *column, const char *op, int64_t us)
{
	char t[48];
	size_t n = time_format(t, us, 6, true);
	if (b->n)
		buf_puts(b, " AND ");
	buf_printf(b, "CAST(%s AS timestamp) %s TIMESTAMP '%.*s'", column, op, (int)n, t);
}

/* one condition of all that restricts rows */
static int compose_where(struct project *p, const struct replay_opts *o, const struct type *t, struct err *e)
{
	const char *column = o->time_column ? o->time_column : REPLAY_TIME_COLUMN;
	struct buf b = BUF_INIT;
	struct expr_bound *q = NULL;
	int rc = 0;
	if (o->where) {
		rc = parse_bound(&p->where, &q, o->where, strlen(o->where), t, EXPR_PREDICATE, e);
		if (rc)
			err_wrap(e, "--where");
		buf_printf(&b, "(%s\n)", o->where);
	}
	expr_bound_free(q);
	if (rc == 0 && (o->has_since || o->has_until)) {
		expr_free(p->where);
		p->where = NULL;
		if (o->has_since)
			put_time(&b, column, ">=", o->since_us);
		if (o->has_until)
			put_time(&b, column, "<", o->until_us);
		rc = expr_parse(&p->where, b.p, b.n, e);
	}
	buf_release(&b);
	return rc;
}

static int find_time(struct project *p, const struct replay_opts *o, const struct type *t, struct err *e)
{
	struct buf b = BUF_INIT;
	struct expr_bound *q = NULL;
	const char *column = o->time_column ? o->time_column : REPLAY_TIME_COLUMN;
	buf_printf(&b, "CAST(%s AS timestamp)", column);
	int rc = parse_bound(&p->time, &q, column, strlen(column), t, EXPR_ANY, e);
	expr_bound_free(q);
	q = NULL;
	expr_free(p->time);
	p->time = NULL;
	if (rc == 0)
		rc = parse_bound(&p->time, &q, b.p, b.n, t, EXPR_ANY, e);
	expr_bound_free(q);
	buf_release(&b);
	if (rc)
		err_wrap(e, o->time_column ? "--time" : "event time (--time names another column)");
	return rc;
}

static int pick_all(struct project *p, struct pick *root, const struct type *t, const struct replay_opts *o, struct err *e)
{
	struct expr *const used[] = { p->where, o->by_time ? p->time : NULL };
	int rc = 0;
	if (o->select)
		rc = pick_select(root, o->select, t, e);
	if (o->count_only) { /* counting reads what the condition needs */
		pick_release(root);
		*root = (struct pick){ 0 };
	} else if (!o->select) {
		root->whole = root->printed_whole = true;
	}
	for (size_t i = 0; i < 2 && rc == 0; i++) {
		struct expr_bound *q;
		if (!used[i])
			continue;
		rc = expr_bind(&q, used[i], t, EXPR_ANY, e);
		if (rc == 0) {
			add_paths(root, q, false);
			expr_bound_free(q);
		}
	}
	return rc;
}

/* The partition columns leave READ, as their values come from the log. */
static void split_parts(struct project *p, const struct delta_snapshot *sn)
{
	size_t n = 0;
	p->part = arena_array(&p->arena, p->work.nfields + 1, sizeof *p->part);
	p->column = arena_array(&p->arena, p->work.nfields + 1, sizeof *p->column);
	for (size_t i = 0; i < p->work.nfields; i++) {
		p->part[i] = NOT_PART;
		for (size_t k = 0; k < sn->npart; k++)
			if (sn->part_field[k] == &sn->schema.root.fields[p->field[i]])
				p->part[i] = (uint32_t)k;
		if (p->part[i] != NOT_PART)
			continue;
		p->column[i] = (uint32_t)n;
		p->read.fields[n++] = p->read.fields[i];
	}
	p->read.nfields = n;
}

static void make_shapes(struct project *p, struct pick *root, const struct delta_snapshot *sn)
{
	const struct type *t = &p->logical.root;
	const struct pick **to = arena_array(&p->arena, t->nfields + root->n + 1, sizeof *to);
	struct pick *rest = arena_array(&p->arena, t->nfields + 1, sizeof *rest);
	struct shapes s = { .arena = &p->arena };
	size_t out;
	p->schema_leaves = type_leaves(t);
	s.leaf = arena_array(&p->arena, p->schema_leaves + 1, sizeof *s.leaf);
	/* the root always by its members, so that their order is at hand */
	size_t n = order(root, t, to, rest, &out);
	p->field = arena_array(&p->arena, n + 1, sizeof *p->field);
	for (size_t i = 0; i < n; i++)
		p->field[i] = to[i]->field;
	root->whole = false;
	shape(&s, root, t, &p->physical.root, 0, &p->work, &p->out, &p->read);
	p->leaf = s.leaf;
	p->nleaves = s.nleaves;
	split_parts(p, sn);
}

int project_make(struct project *p, const struct delta_snapshot *sn, const struct replay_opts *o, struct err *e)
{
	struct pick root = { 0 };
	int rc = 0;
	memset(p, 0, sizeof *p);
	p->csv = o->csv;
	schema_copy(&p->logical, &sn->schema);
	schema_copy(&p->physical, &sn->physical);
	const struct type *t = &p->logical.root;
	if (o->has_since || o->has_until || o->by_time)
		rc = find_time(p, o, t, e);
	if (rc == 0)
		rc = compose_where(p, o, t, e);
	if (rc == 0)
		rc = pick_all(p, &root, t, o, e);
	if (rc == 0)
		make_shapes(p, &root, sn);
	if (rc == 0 && p->where)
		rc = expr_bind(&p->bound_where, p->where, &p->work, EXPR_PREDICATE, e);
	if (rc == 0 && o->by_time)
		rc = expr_bind(&p->bound_time, p->time, &p->work, EXPR_ANY, e);
	pick_release(&root);
	return rc;
}

void project_release(struct project *p)
{
	expr_bound_free(p->bound_where);
	expr_bound_free(p->bound_time);
	expr_free(p->where);
	expr_free(p->time);
	schema_release(&p->logical);
	schema_release(&p->physical);
	arena_release(&p->arena);
}
