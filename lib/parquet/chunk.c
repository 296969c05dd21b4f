/* SPDX-License-Identifier: MIT */
/* Gathers the values of a chunk into pages, which threads of a pool compress. */
#include "parquet/chunk.h"

#include "base/mem.h"
#include "base/pool.h"

#include <zlib.h>

#define SAMPLE_FIRST 1024u
#define HEADER_MAX 64u
#define DICT_PAGE_VALUES 32768u

/* A page on its way to its compressed form. */
struct page_job {
	struct page_job *next;
	struct chunk_env *env;
	struct pq_page page;
	struct buf body, out;
	size_t at;           /* where the page begins in body */
	size_t counted;      /* its part of env->in_flight */
	size_t header;       /* bytes of the page's header */
	struct err err;
	int rc;
};

void chunk_init(struct chunk *c, struct chunk_env *env)
{
	c->env = env;
	c->sample = SAMPLE_FIRST;
	rle_enc_init(&c->def, rle_width(c->max_def));
	rle_enc_init(&c->rep, rle_width(c->max_rep));
	dict_init(&c->dict, c->width);
	chunk_next_group(c);
}

void chunk_next_group(struct chunk *c)
{
	c->mode = c->env->no_dictionary || c->physical == PQ_BOOLEAN ? CHUNK_PLAIN : CHUNK_SAMPLE;
	c->entries = c->nulls = c->uncompressed = 0;
	c->dict_pages = c->plain_pages = 0;
	c->has_dict = false;
	/* A flush must give memory back: of a thousand open files, each holds little between its groups. */
	pq_codecs_put_buf(c->env->codecs, &c->values);
	buf_release(&c->dict_page);
	buf_release(&c->out);
	dict_clear(&c->dict);
	bounds_clear(&c->bounds);
}

static void free_jobs(struct chunk *c)
{
	for (struct page_job *j = c->first, *next; j; j = next) {
		next = j->next;
		atomic_fetch_sub(&c->env->in_flight, j->counted);
		buf_release(&j->body);
		buf_release(&j->out);
		mem_free(j);
	}
	c->first = c->last = NULL;
}

void chunk_release(struct chunk *c)
{
	free_jobs(c);
	rle_enc_release(&c->def);
	rle_enc_release(&c->rep);
	buf_release(&c->values);
	buf_release(&c->dict_page);
	buf_release(&c->out);
	dict_clear(&c->dict);
	bounds_release(&c->bounds);
	mem_free(c->file_stats);
}

size_t chunk_memory(const struct chunk *c)
{
	return c->def.out.cap + c->rep.out.cap + c->values.cap + c->dict_page.cap + c->out.cap +
	       dict_memory(&c->dict) + bounds_memory(&c->bounds) + (c->file_stats ? sizeof *c->file_stats : 0);
}

size_t chunk_size(const struct chunk *c)
{
	size_t open = chunk_page_bytes(c) + c->def.out.n + c->rep.out.n;
	if (c->mode != CHUNK_PLAIN)
		open += c->dict.values.n + c->dict.nindex * rle_width(c->dict.n) / 8;
	return c->dict_page.n + c->out.n + open / (c->env->codec == PQ_NONE ? 1 : 2);
}

static int compress_page(struct chunk_env *env, struct pq_page *page, const char *body, struct buf *to,
			 size_t *header, struct err *e)
{
	struct buf packed = pq_codecs_buf(env->codecs);
	size_t n = (size_t)page->uncompressed;
	int rc = 0;
	const char *p = body;
	if (env->codec != PQ_NONE) {
		rc = pq_compress(env->codecs, env->codec, env->level, body, n, &packed, e);
		p = packed.p;
		n = packed.n;
	}
	page->compressed = (int32_t)n;
	page->has_crc = true;
	page->crc = (uint32_t)crc32(0, (const Bytef *)p, (uInt)n);
	if (rc == 0) {
		buf_reserve(to, n + HEADER_MAX);
		*header = to->n;
		pq_page_write(to, page);
		*header = to->n - *header;
		buf_put(to, p, n);
	}
	pq_codecs_put_buf(env->codecs, &packed);
	return rc;
}

static void run_job(void *arg)
{
	struct page_job *j = arg;
	j->rc = compress_page(j->env, &j->page, j->body.p + j->at, &j->out, &j->header, &j->err);
	pq_codecs_put_buf(j->env->codecs, &j->body);
	size_t now = j->out.cap + sizeof *j;
	if (now > j->counted)
		atomic_fetch_add(&j->env->in_flight, now - j->counted);
	else
		atomic_fetch_sub(&j->env->in_flight, j->counted - now);
	j->counted = now;
}

static void submit(struct chunk *c, struct buf *body, size_t at, const struct pq_page *page)
{
	struct page_job *j = mem_zalloc(sizeof *j);
	*j = (struct page_job){ .env = c->env, .page = *page, .body = *body, .at = at, .out = BUF_INIT };
	*body = pq_codecs_buf(c->env->codecs);
	j->counted = j->body.cap + sizeof *j;
	atomic_fetch_add(&c->env->in_flight, j->counted);
	if (c->last)
		c->last->next = j;
	else
		c->first = j;
	c->last = j;
	pool_submit(c->env->pool, &c->env->jobs, run_job, j);
}

/* The page is BODY from AT on; BODY is empty afterwards. */
static int emit(struct chunk *c, struct buf *body, size_t at, struct pq_page *page, struct err *e)
{
	size_t n = body->n - at;
	if (n > INT32_MAX)
		return err_set(e, ERR_DATA, "a page of %zu bytes is more than Parquet can hold", n);
	page->uncompressed = (int32_t)n;
	bool data = page->type == PQ_DATA_PAGE;
	size_t header = 0;
	c->uncompressed += n;
	if (data && pool_threads(c->env->pool) > 1) {
		submit(c, body, at, page);
		return 0;
	}
	int rc = compress_page(c->env, page, body->p + at, data ? &c->out : &c->dict_page, &header, e);
	c->uncompressed += header;
	body->n = 0;
	return rc;
}

static size_t levels_size(const struct rle_enc *r, unsigned max)
{
	return max ? 4 + r->out.n : 0;
}

static char *put_levels(char *to, const struct rle_enc *r, unsigned max)
{
	uint32_t n = (uint32_t)r->out.n;
	if (!max)
		return to;
	memcpy(to, &n, 4);
	if (n)
		memcpy(to + 4, r->out.p, n);
	return to + 4 + n;
}

/* Put the levels in front of the values, which begin at CHUNK_HEAD; returns where the page begins. */
static size_t prepend_levels(struct chunk *c)
{
	rle_enc_finish(&c->rep);
	rle_enc_finish(&c->def);
	size_t n = levels_size(&c->rep, c->max_rep) + levels_size(&c->def, c->max_def), at = 0;
	if (n > CHUNK_HEAD) {
		size_t extra = n - CHUNK_HEAD;
		buf_reserve(&c->values, extra);
		memmove(c->values.p + n, c->values.p + CHUNK_HEAD, c->values.n - CHUNK_HEAD);
		c->values.n += extra;
	} else {
		at = CHUNK_HEAD - n;
	}
	put_levels(put_levels(c->values.p + at, &c->rep, c->max_rep), &c->def, c->max_def);
	rle_enc_clear(&c->rep);
	rle_enc_clear(&c->def);
	return at;
}

static int chunk_end_page(struct chunk *c, struct err *e)
{
	bool dict = c->mode == CHUNK_DICT;
	if (!c->page_entries)
		return 0;
	chunk_open_values(c);
	if (dict) {
		unsigned width = rle_width(c->dict.n ? c->dict.n - 1 : 0);
		buf_putc(&c->values, (char)width);
		rle_put_u16(&c->values, c->dict.index, c->dict.nindex, width);
		c->dict.nindex = 0;
		c->dict_pages++;
	} else {
		c->plain_pages++;
	}
	size_t at = prepend_levels(c);
	struct pq_page page = { .type = PQ_DATA_PAGE, .encoding = dict ? PQ_RLE_DICTIONARY : PQ_PLAIN,
		.values = c->page_entries };
	c->page_entries = c->page_values = 0;
	return emit(c, &c->values, at, &page, e);
}

int chunk_end_dict(struct chunk *c, struct err *e)
{
	chunk_dict_bounds(c);
	struct pq_page page = { .type = PQ_DICTIONARY_PAGE, .encoding = PQ_PLAIN, .values = c->dict.n };
	int rc = emit(c, &c->dict.values, 0, &page, e);
	c->has_dict = true;
	dict_clear(&c->dict);
	return rc;
}

static bool page_full(const struct chunk *c)
{
	if (c->mode == CHUNK_PLAIN)
		return chunk_page_bytes(c) >= c->env->page_bytes || c->page_entries >= 1u << 20;
	return c->mode == CHUNK_DICT && c->dict.nindex >= DICT_PAGE_VALUES;
}

/* Has enough been seen to decide about the dictionary? */
static bool sampled(const struct chunk *c)
{
	const struct dict *d = &c->dict;
	return d->nindex >= c->sample || (d->nindex >= CHUNK_EARLY && d->n == d->nindex) ||
	       d->values.n >= c->env->page_bytes || c->page_entries >= 1u << 20;
}

static int after_block(struct chunk *c, struct err *e)
{
	int rc = 0;
	if (c->mode == CHUNK_SAMPLE && sampled(c))
		rc = chunk_settle(c, e);
	if (rc == 0 && page_full(c))
		rc = chunk_end_page(c, e);
	return rc;
}

static int null_in_required(const struct chunk *c, struct err *e)
{
	const struct pq_bytes *last = &c->path[c->npath - 1];
	return err_set(e, ERR_DATA, "null in column %.*s, which must not be null", (int)last->n, last->p);
}

/* The rows that are not null, and the levels of all. */
static size_t split_nulls(const struct column *col, const uint32_t *rows, size_t start, size_t n, uint8_t *def,
			  uint32_t *live)
{
	size_t k = 0;
	for (size_t i = 0; i < n; i++) {
		uint32_t r = rows ? rows[i] : (uint32_t)(start + i);
		bool there = bit_get(col->valid, r);
		live[k] = r;
		def[i] = there;
		k += there;
	}
	return k;
}

int chunk_put_flat(struct chunk *c, const struct column *col, const uint32_t *rows, size_t start, size_t n,
		   struct err *e)
{
	uint8_t def[CHUNK_BLOCK];
	uint32_t live[CHUNK_BLOCK];
	int rc = 0;
	bool nulls = col->valid && col->nulls;
	for (size_t i = 0, m, k; i < n && rc == 0; i += m) {
		m = k = chunk_body_room(c, n - i);
		const uint32_t *here = rows ? rows + i : NULL;
		if (nulls) {
			k = split_nulls(col, here, start + i, m, def, live);
			here = live;
			if (k < m && !c->max_def)
				return null_in_required(c, e);
		}
		if (c->max_def && k < m)
			rle_enc_put(&c->def, def, m);
		else if (c->max_def)
			rle_enc_put_run(&c->def, 1, m);
		c->page_entries += (uint32_t)m;
		c->entries += m;
		c->nulls += m - k;
		rc = chunk_values(c, col, here, start + i, k, e);
		if (rc == 0)
			rc = after_block(c, e);
	}
	return rc;
}

int chunk_put_levels(struct chunk *c, const struct column *col, const uint8_t *def, const uint8_t *rep, size_t n,
		     const uint32_t *rows, size_t nrows, struct err *e)
{
	if (c->max_def)
		rle_enc_put(&c->def, def, n);
	if (c->max_rep)
		rle_enc_put(&c->rep, rep, n);
	c->page_entries += (uint32_t)n;
	c->entries += n;
	c->nulls += n - nrows;
	int rc = 0;
	for (size_t i = 0; i < nrows && rc == 0; i += CHUNK_BLOCK)
		rc = chunk_values(c, col, rows + i, 0, nrows - i < CHUNK_BLOCK ? nrows - i : CHUNK_BLOCK, e);
	return rc ? rc : after_block(c, e);
}

int chunk_finish(struct chunk *c, struct err *e)
{
	int rc = 0;
	if (c->mode == CHUNK_SAMPLE)
		rc = chunk_settle(c, e);
	if (rc == 0)
		rc = chunk_end_page(c, e);
	if (rc == 0 && c->mode == CHUNK_DICT)
		rc = chunk_end_dict(c, e);
	return rc;
}

int chunk_collect(struct chunk *c, struct err *e)
{
	size_t total = 0;
	int rc = 0;
	for (struct page_job *j = c->first; j; j = j->next)
		total += j->out.n;
	if (total)
		buf_reserve(&c->out, total);
	for (struct page_job *j = c->first; j && rc == 0; j = j->next) {
		rc = j->rc;
		if (rc && e)
			*e = j->err;
		if (rc)
			break;
		c->uncompressed += j->header;
		buf_put(&c->out, j->out.p, j->out.n);
		buf_release(&j->out);   /* pages may be large: do not hold all of them twice */
	}
	free_jobs(c);
	return rc;
}
