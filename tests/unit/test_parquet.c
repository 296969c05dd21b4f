/* SPDX-License-Identifier: MIT */
/* Round trips of the Parquet codec: what is written is read back, in whole and in part. */
#include "pqgen.h"
#include "t.h"

#include "base/mem.h"
#include "base/pool.h"
#include "column/json_out.h"
#include "parquet/reader.h"
#include "parquet/writer.h"

static int sink_buf(void *arg, const void *p, size_t n, struct err *e)
{
	(void)e;
	buf_put(arg, p, n);
	return 0;
}

static int source_buf(void *arg, uint64_t off, void *to, size_t n, struct err *e)
{
	const struct buf *b = arg;
	if (off > b->n || n > b->n - off)
		return err_set(e, ERR_IO, "read beyond the end");
	memcpy(to, b->p + off, n);
	return 0;
}

/* A type from its text. */
struct made {
	struct arena arena;
	struct type type;
};

static void make_type(struct made *m, const char *text)
{
	struct err e;
	m->arena = (struct arena)ARENA_INIT;
	if (type_parse(&m->type, &m->arena, text, strlen(text), &e))
		T_FAIL("type %s: %s", text, e.msg);
}

static void text_of(const struct batch *b, struct buf *out)
{
	const struct column **c = mem_array(NULL, b->ncols, sizeof *c);
	struct json_out *jo = json_out_new(b->type, &(struct json_out_opts){ .nulls = true });
	for (size_t i = 0; i < b->ncols; i++)
		c[i] = &b->col[i];
	json_out_rows(jo, out, c, NULL, b->nrows);
	json_out_free(jo);
	mem_free(c);
}

struct file {
	struct buf bytes;
	uint64_t size;
};

static int append(struct pq_writer *w, const struct batch *b, const uint32_t *sel, size_t n, struct err *e)
{
	const struct column **c = mem_array(NULL, b->ncols, sizeof *c);
	for (size_t i = 0; i < b->ncols; i++)
		c[i] = &b->col[i];
	int rc = pq_writer_append(w, c, sel, n, e);
	mem_free(c);
	return rc;
}

/* Write B in pieces of STEP rows. */
static void write_file(const struct batch *b, const struct pq_writer_opts *o, size_t step, struct file *f,
		       struct column_stats *stats)
{
	struct err e = { 0 };
	struct pq_writer *w;
	struct pq_sink sink = { sink_buf, &f->bytes };
	uint32_t *sel = mem_array(NULL, b->nrows + 1, sizeof *sel);
	for (size_t i = 0; i < b->nrows; i++)
		sel[i] = (uint32_t)i;
	f->bytes = (struct buf)BUF_INIT;
	int rc = pq_writer_new(&w, b->type, &sink, o, &e);
	for (size_t at = 0; rc == 0 && at < b->nrows; at += step)
		rc = append(w, b, sel + at, b->nrows - at < step ? b->nrows - at : step, &e);
	if (rc == 0) {
		T_INT(pq_writer_rows(w), b->nrows);
		rc = pq_writer_finish(w, stats, &f->size, &e);
	}
	if (rc)
		T_FAIL("write: %s", e.msg);
	else
		T_INT(f->size, f->bytes.n);
	pq_writer_free(w);
	mem_free(sel);
}

/* Rows FIRST... of the whole file as WANT (NULL: all of it), printed. STEP rows a read. */
static int read_file(struct buf *bytes, const struct type *want, size_t step, struct buf *out, struct err *e)
{
	struct pq_source src = { source_buf, bytes->n, bytes, "test.parquet" };
	struct pq_reader *r = NULL;
	struct pq_projection *p = NULL;
	struct pq_scan *s = NULL;
	struct batch b = { 0 };
	int rc = pq_open(&r, &src, e);
	if (rc == 0 && !want)
		want = &pq_schema(r)->root;
	if (rc == 0)
		rc = pq_project(&p, r, want, false, e);
	if (rc == 0)
		batch_init(&b, want);
	for (size_t g = 0; rc == 0 && g < pq_groups(r); g++) {
		rc = pq_scan_new(&s, r, p, g, e);
		do {
			if (rc == 0)
				rc = pq_scan_next(s, step, &b, e);
			if (rc == 0)
				text_of(&b, out);
		} while (rc == 0 && b.nrows);
		pq_scan_free(s);
		s = NULL;
	}
	batch_release(&b);
	pq_projection_free(p);
	pq_free(r);
	return rc;
}

static const char *const all_types =
	"struct<a:boolean,b:byte,c:short,d:int,e:long,f:float,g:double,h:decimal(5,2),i:decimal(18,9),j:decimal(38,10),"
	"k:string,l:binary,m:date,n:timestamp,o:timestamp_ntz>";
static const char *const nested_types =
	"struct<id:long,s:struct<a:int,b:string,t:struct<c:double>>,l:array<string>,m:map<string,long>,"
	"x:array<struct<p:string,q:array<array<int>>,r:map<int,struct<u:boolean,v:array<decimal(20,3)>>>>>>";

struct round {
	const char *type;
	size_t rows;
	unsigned nulls, distinct, length;
	struct pq_writer_opts o;
	size_t write_step, read_step;
};

static void round_trip(const struct round *c)
{
	struct made m;
	struct batch b;
	struct file f;
	struct pqgen g = { .nulls = c->nulls, .distinct = c->distinct, .length = c->length ? c->length : 30 };
	struct buf want = BUF_INIT, got = BUF_INIT;
	struct err e = { 0 };
	make_type(&m, c->type);
	rng_seed(&g.rng, c->rows + c->nulls);
	batch_init(&b, &m.type);
	pqgen_rows(&g, &b, c->rows);
	text_of(&b, &want);
	write_file(&b, &c->o, c->write_step ? c->write_step : 1000, &f, NULL);
	if (read_file(&f.bytes, NULL, c->read_step ? c->read_step : 700, &got, &e))
		T_FAIL("read: %s: %s", e.file, e.msg);
	T_INT(got.n, want.n);
	T_OK(got.n == want.n && (!got.n || memcmp(got.p, want.p, got.n) == 0));
	buf_release(&want);
	buf_release(&got);
	buf_release(&f.bytes);
	batch_release(&b);
	arena_release(&m.arena);
}

static void test_round_trips(void)
{
	static const unsigned nulls[] = { 0, 1, 2, 50 };
	static const unsigned distinct[] = { 0, 1, 20, 300 };
	for (size_t i = 0; i < 4; i++)
		for (size_t j = 0; j < 4; j++) {
			T_CASE("all types")
				round_trip(&(struct round){ all_types, 5000, nulls[i], distinct[j], .o.codec = PQ_SNAPPY });
			T_CASE("nested types")
				round_trip(&(struct round){ nested_types, 700, nulls[i], distinct[j],
					.o = { .codec = PQ_SNAPPY, .page_bytes = 500, .row_group_rows = 300 } });
		}
	for (int codec = PQ_NONE; codec <= PQ_LZ4_RAW; codec++) {
		T_CASE("codec")
			round_trip(&(struct round){ all_types, 3000, 5, 40, .o.codec = (enum pq_codec)codec });
		T_CASE("codec, small pages")
			round_trip(&(struct round){ all_types, 3000, 5, 0,
				.o = { .codec = (enum pq_codec)codec, .page_bytes = 200 } });
	}
	T_CASE("a level of zstd and gzip") {
		round_trip(&(struct round){ all_types, 1000, 5, 0, .o = { .codec = PQ_ZSTD, .level = 9 } });
		round_trip(&(struct round){ all_types, 1000, 5, 0, .o = { .codec = PQ_GZIP, .level = 1 } });
	}
	T_CASE("no dictionary")
		round_trip(&(struct round){ all_types, 3000, 5, 20, .o = { .no_dictionary = true } });
	T_CASE("row groups of one row, pages of one value")
		round_trip(&(struct round){ nested_types, 50, 3, 0, .o = { .row_group_rows = 1, .page_bytes = 1 } });
	T_CASE("one row at a time")
		round_trip(&(struct round){ nested_types, 300, 3, 0, .write_step = 1, .read_step = 1 });
	T_CASE("no rows at all")
		round_trip(&(struct round){ all_types, 0, 0, 0, 0 });
	T_CASE("a million nulls")
		round_trip(&(struct round){ "struct<a:string,b:long>", 200000, 1, 0, .o = { .row_group_rows = 150000 },
			.write_step = 50000, .read_step = 40000 });
	T_CASE("many distinct values: a dictionary that overflows")
		round_trip(&(struct round){ "struct<a:string,b:long,c:decimal(30,2)>", 200000, 9, 150000, 90,
			.o = { .row_group_rows = 200000, .codec = PQ_SNAPPY }, .write_step = 3000, .read_step = 30000 });
}

int main(void)
{
	test_round_trips();
	return t_done();
}
