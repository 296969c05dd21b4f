/* SPDX-License-Identifier: MIT */
/* Opens a file and reads its row groups batch by batch. */
#include "parquet/reader.h"

#include "base/mem.h"
#include "parquet/assemble.h"
#include "parquet/file.h"

#define TAIL 8u                         /* length of the footer, magic */
#define FOOTER_MAX ((size_t)1 << 30)
#define SCAN_BYTES ((size_t)8 << 20)   /* of values in one batch of a scan, about; less where the limit is low */
#define WINDOW_MOST ((size_t)256 << 10) /* read at once of a column; less where there are hundreds */
#define WINDOW_LEAST ((size_t)16 << 10)

struct pq_scan {
	const struct pq_reader *r;
	const struct pq_projection *p;
	size_t group;
	uint64_t left;                  /* rows */
	struct leaf_room room;
	struct leaf_reader *leaf;
	size_t values;                  /* what the pool was told of them */
};

#define VALUES_TIMES 3u                 /* values stand in a leaf, in the batch, and in what the caller makes of them */

int pq_too_much(const struct pq_source *s, const char *what, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "its %s more memory than the %zu MiB that %s may%s%s%s", what, s->most >> 20,
		       what[0] == 'p' ? "they" : "it", s->flag ? " (" : "", s->flag ? s->flag : "", s->flag ? ")" : "");
}

static int open_footer(struct pq_reader *r, struct err *e)
{
	char tail[TAIL];
	uint32_t n;
	const struct pq_source *s = &r->src;
	if (s->size < TAIL + 4)
		return err_set(e, ERR_DATA, "not a Parquet file: it has %llu bytes", (unsigned long long)s->size);
	int rc = s->read(s->arg, s->size - TAIL, tail, TAIL, e);
	if (rc)
		return rc;
	if (memcmp(tail + 4, "PARE", 4) == 0)
		return err_set(e, ERR_UNSUPPORTED, "the file's footer is encrypted");
	if (memcmp(tail + 4, "PAR1", 4))
		return err_set(e, ERR_DATA, "not a Parquet file: it does not end in PAR1");
	memcpy(&n, tail, 4);
	if (n > s->size - TAIL - 4 || n > FOOTER_MAX)
		return err_set(e, ERR_DATA, "damaged footer: its length is %u", n);
	if (n > r->src.most)
		return pq_too_much(&r->src, "footer takes", e);
	r->footer = mem_alloc(n ? n : 1);
	rc = s->read(s->arg, s->size - TAIL - n, r->footer, n, e);
	if (rc == 0)
		rc = pq_meta_read(&r->meta, r->footer, n, r->src.most - n, e);
	return rc == ERR_UNSUPPORTED ? pq_too_much(&r->src, "footer takes", e) : rc;
}

static int check_groups(const struct pq_reader *r, struct err *e)
{
	for (size_t g = 0; g < r->meta.ngroups; g++) {
		const struct pq_group_meta *m = &r->meta.group[g];
		if (m->rows < 0)
			return err_set(e, ERR_DATA, "row group %zu: damaged metadata", g);
		if (m->nchunks != r->tree.nleaves)
			return err_set(e, ERR_DATA, "row group %zu: it has %zu column chunks, the schema %zu columns", g,
				       m->nchunks, r->tree.nleaves);
	}
	return 0;
}

int pq_open(struct pq_reader **out, const struct pq_source *src, struct err *e)
{
	struct pq_reader *r = mem_zalloc(sizeof *r);
	r->src = *src;
	r->src.most = src->most ? src->most : PQ_MEMORY;
	schema_init(&r->schema);
	int rc = open_footer(r, e);
	if (rc == 0)
		rc = tree_make(&r->tree, &r->meta, &r->schema, &r->meta.arena, e);
	if (rc == 0)
		rc = check_groups(r, e);
	*out = r;
	if (rc) {
		if (rc != ERR_IO)
			err_at(e, src->name, 0, 0);
		pq_free(r);
		*out = NULL;
	}
	return rc;
}

void pq_free(struct pq_reader *r)
{
	if (!r)
		return;
	schema_release(&r->schema);
	pq_meta_release(&r->meta);
	mem_free(r->footer);
	mem_free(r);
}

const struct schema *pq_schema(const struct pq_reader *r)
{
	return &r->schema;
}

size_t pq_groups(const struct pq_reader *r)
{
	return r->meta.ngroups;
}

uint64_t pq_group_rows(const struct pq_reader *r, size_t group)
{
	return (uint64_t)r->meta.group[group].rows;
}

uint64_t pq_rows(const struct pq_reader *r)
{
	uint64_t n = 0;
	for (size_t g = 0; g < r->meta.ngroups; g++)
		n += pq_group_rows(r, g);
	return n;
}

/* Say where it happened. The system's errors keep their own place. */
static int where(const struct pq_scan *s, const struct leaf_reader *l, int rc, struct err *e)
{
	if (rc == 0)
		return 0;
	if (l)
		err_wrap(e, "row group %zu: column %s", s->group, l->leaf->path);
	else
		err_wrap(e, "row group %zu", s->group);
	if (rc != ERR_IO)
		err_at(e, s->r->src.name, 0, 0);
	return rc;
}

int pq_scan_new(struct pq_scan **out, const struct pq_reader *r, const struct pq_projection *p, size_t group, const struct pq_pool *pool,
		struct err *e)
{
	struct pq_scan *s = mem_zalloc(sizeof *s);
	const struct pq_group_meta *m = &r->meta.group[group];
	int rc = 0;
	s->r = r;
	s->p = p;
	s->group = group;
	s->left = (uint64_t)m->rows;
	s->room = (struct leaf_room){ .most = r->src.most, .pool = pool, .window = r->src.most / 8 / (p->nleaves ? p->nleaves : 1) };
	s->room.window = s->room.window > WINDOW_MOST ? WINDOW_MOST : s->room.window < WINDOW_LEAST ? WINDOW_LEAST : s->room.window;
	s->leaf = mem_zalloc(p->nleaves * sizeof *s->leaf);
	for (size_t i = 0; i < p->nleaves && rc == 0 && m->rows; i++) {
		size_t leaf = p->leaf[i].leaf;
		rc = leaf_open(&s->leaf[i], &r->src, &s->room, &r->tree.leaf[leaf], &m->chunk[leaf], p->leaf[i].levels_only, e);
		rc = where(s, &s->leaf[i], rc, e);
	}
	*out = s;
	if (rc) {
		pq_scan_free(s);
		*out = NULL;
	}
	return rc;
}

void pq_scan_free(struct pq_scan *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->p->nleaves; i++)
		leaf_release(&s->leaf[i]);
	if (s->room.pool && s->room.used + s->values)
		s->room.pool->take(s->room.pool->arg, -(int64_t)(s->room.used + s->values));
	mem_free(s->leaf);
	mem_free(s);
}

static int pq_scan_skip(struct pq_scan *s, uint64_t rows, struct err *e)
{
	int rc = 0;
	rows = rows < s->left ? rows : s->left;
	s->left -= rows;
	for (size_t i = 0; i < s->p->nleaves && rc == 0 && s->left; i++)
		rc = where(s, &s->leaf[i], leaf_skip(&s->leaf[i], rows, e), e);
	return rc;
}

/* The next rows of all leaves, N at most; *DONE: how many. Usually all at once; in small steps, and no more than BYTES, where
 * few bytes of the file may stand for many. */
static int read_leaves(struct pq_scan *s, uint64_t n, size_t bytes, uint64_t *done, struct err *e)
{
	size_t held = 0;
	int rc = 0;
	for (size_t i = 0; i < s->p->nleaves; i++)
		leaf_clear(&s->leaf[i]);
	for (*done = 0; *done < n && held <= bytes && rc == 0;) {
		uint64_t step = n - *done;
		for (size_t i = 0; i < s->p->nleaves; i++)
			step = leaf_step(&s->leaf[i], step);
		held = 0;
		for (size_t i = 0; i < s->p->nleaves && rc == 0; i++) {
			rc = where(s, &s->leaf[i], leaf_read(&s->leaf[i], step, e), e);
			held += leaf_bytes(&s->leaf[i]);
		}
		*done += step;
	}
	return rc;
}

static void tell_values(struct pq_scan *s, size_t now)
{
	if (s->room.pool && now != s->values)
		s->room.pool->take(s->room.pool->arg, (int64_t)now - (int64_t)s->values);
	s->values = now;
}

static int read_rows(struct pq_scan *s, uint64_t n, size_t bytes, struct batch *b, struct err *e)
{
	const struct proj *root = &s->p->root;
	batch_clear(b);
	n = n < s->left ? n : s->left;
	if (n > INT32_MAX)
		return where(s, NULL, err_set(e, ERR_DATA, "more than 2^31 rows at once"), e);
	size_t values = 0;
	int rc = read_leaves(s, n, bytes, &n, e);
	for (size_t i = 0; i < s->p->nleaves; i++)
		values += leaf_bytes(&s->leaf[i]);
	tell_values(s, values * VALUES_TIMES);
	for (size_t i = 0; i < root->nchild && rc == 0 && n; i++)
		rc = where(s, NULL, assemble(&root->child[i], s->leaf, &b->col[i], (size_t)n, e), e);
	if (rc) {
		batch_clear(b);
		return rc;
	}
	s->left -= n;
	b->nrows = (size_t)n;
	return 0;
}

int pq_scan_next(struct pq_scan *s, uint64_t n, struct batch *b, struct err *e)
{
	return read_rows(s, n, s->room.most / 32 < SCAN_BYTES ? s->room.most / 32 : SCAN_BYTES, b, e);
}

int pq_read(const struct pq_reader *r, const struct pq_projection *p, size_t group, uint64_t first, uint64_t n,
	    struct batch *b, struct err *e)
{
	struct pq_scan *s;
	uint64_t rows = pq_group_rows(r, group);
	int rc = pq_scan_new(&s, r, p, group, NULL, e);
	if (rc)
		return rc;
	batch_clear(b);
	if (first > rows || n > rows - first)
		rc = where(s, NULL, err_set(e, ERR_DATA, "it has no rows %llu to %llu", (unsigned long long)first,
					    (unsigned long long)first + n), e);
	if (rc == 0 && first)
		rc = pq_scan_skip(s, first, e);
	if (rc == 0)
		rc = read_rows(s, n, SIZE_MAX, b, e);
	pq_scan_free(s);
	return rc;
}
