/* SPDX-License-Identifier: MIT */
/* Round trips of the Parquet codec: what is written is read back, in whole and in part. */
#include "pqgen.h"
#include "t.h"

#include "base/mem.h"
#include "base/pool.h"
#include "column/json_in.h"
#include "column/json_out.h"
#include "parquet/codec.h"
#include "parquet/meta.h"
#include "parquet/reader.h"
#include "parquet/thrift.h"
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
		rc = pq_scan_new(&s, r, p, g, NULL, e);
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


/* A batch from NDJSON. */
static void rows_of(struct batch *b, const char *text)
{
	struct json_in *in = json_in_new(b->type, NULL);
	struct json_in_line line;
	struct buf t = BUF_INIT;
	struct err e = { 0 };
	buf_puts(&t, text);
	memset(buf_reserve(&t, 64), 0, 64);
	json_in_block(in, t.p, t.n);
	if (json_in_next(in, b, 1u << 20, 1u << 30, &line, &e) != JSON_IN_END)
		T_FAIL("%s", e.msg);
	json_in_free(in);
	buf_release(&t);
}

/* What TEXT, rows of FROM, gives when the file is read as WANT; on an error its message. */
static void projected(const char *from, const char *text, const char *want, const char *expect)
{
	struct made m, w;
	struct batch b;
	struct file f;
	struct buf got = BUF_INIT;
	struct err e = { 0 };
	make_type(&m, from);
	make_type(&w, want);
	batch_init(&b, &m.type);
	rows_of(&b, text);
	write_file(&b, NULL, 100, &f, NULL);
	if (read_file(&f.bytes, &w.type, 100, &got, &e)) {
		buf_clear(&got);
		buf_puts(&got, e.msg);
	}
	T_STR(buf_cstr(&got), expect);
	buf_release(&got);
	buf_release(&f.bytes);
	batch_release(&b);
	arena_release(&m.arena);
	arena_release(&w.arena);
}

static void test_projection(void)
{
	T_CASE("some columns, in another order, and one that is missing")
		projected("struct<a:long,b:string,c:boolean>", "{\"a\":1,\"b\":\"x\",\"c\":true}\n{\"a\":2,\"c\":false}\n",
			  "struct<c:boolean,z:array<string>,a:long>",
			  "{\"c\":true,\"z\":null,\"a\":1}\n{\"c\":false,\"z\":null,\"a\":2}\n");
	T_CASE("names in another case")
		projected("struct<userName:string>", "{\"userName\":\"x\"}\n", "struct<username:string>", "{\"username\":\"x\"}\n");
	T_CASE("names in another case, beyond ASCII and inside a struct")
		projected("struct<s:struct<\303\204rger:string>>", "{\"s\":{\"\303\204rger\":\"x\"}}\n", "struct<s:struct<\303\244rger:string>>",
			  "{\"s\":{\"\303\244rger\":\"x\"}}\n");
	T_CASE("a name that fits two columns but for case: neither is taken, and it is not null either")
		projected("struct<aB:long,Ab:long>", "{\"aB\":1,\"Ab\":2}\n", "struct<ab:long>", "column ab: the file has both 'aB' and 'Ab'");
	T_CASE("the same name in the same case wins")
		projected("struct<aB:long,Ab:long>", "{\"aB\":1,\"Ab\":2}\n", "struct<Ab:long>", "{\"Ab\":2}\n");
	T_CASE("nothing that the file has")
		projected("struct<a:long>", "{\"a\":1}\n{\"a\":2}\n", "struct<q:struct<r:long>>", "{\"q\":null}\n{\"q\":null}\n");
	T_CASE("fields of structs in lists, one of them missing")
		projected("struct<l:array<struct<x:int,y:string>>>",
			  "{\"l\":[{\"x\":1,\"y\":\"p\"},null]}\n{\"l\":[]}\n{\"l\":null}\n{\"l\":[{\"x\":null,\"y\":\"q\"}]}\n",
			  "struct<l:array<struct<z:double,y:string>>>",
			  "{\"l\":[{\"z\":null,\"y\":\"p\"},null]}\n{\"l\":[]}\n{\"l\":null}\n{\"l\":[{\"z\":null,\"y\":\"q\"}]}\n");
	T_CASE("a struct of which only new fields are wanted keeps its nulls")
		projected("struct<s:struct<x:int>>", "{\"s\":{\"x\":1}}\n{\"s\":null}\n{\"s\":{}}\n", "struct<s:struct<y:int>>",
			  "{\"s\":{\"y\":null}}\n{\"s\":null}\n{\"s\":{\"y\":null}}\n");
	T_CASE("widening")
		projected("struct<a:byte,b:short,c:int,d:int,e:float,f:decimal(5,2),g:date,h:long,i:int>",
			  "{\"a\":-1,\"b\":300,\"c\":-70000,\"d\":5,\"e\":1.5,\"f\":1.25,\"g\":\"1969-12-31\",\"h\":7,\"i\":3}\n{}\n",
			  "struct<a:int,b:long,c:double,d:long,e:double,f:decimal(20,4),g:timestamp_ntz,h:decimal(20,0),i:decimal(12,2)>",
			  "{\"a\":-1,\"b\":300,\"c\":-70000.0,\"d\":5,\"e\":1.5,\"f\":1.2500,\"g\":\"1969-12-31T00:00:00\",\"h\":7,\"i\":3.00}\n"
			  "{\"a\":null,\"b\":null,\"c\":null,\"d\":null,\"e\":null,\"f\":null,\"g\":null,\"h\":null,\"i\":null}\n");
	T_CASE("string and binary")
		projected("struct<a:string,b:binary>", "{\"a\":\"x\",\"b\":\"eQ==\"}\n", "struct<a:binary,b:string>", "{\"a\":\"eA==\",\"b\":\"y\"}\n");
	T_CASE("narrowing is refused")
		projected("struct<s:struct<a:long>>", "{\"s\":{\"a\":1}}\n", "struct<s:struct<a:int>>", "column s.a: long in the file cannot be read as integer");
	T_CASE("a struct is no list")
		projected("struct<a:struct<b:int>>", "{\"a\":{\"b\":1}}\n", "struct<a:array<int>>",
			  "column a: struct<b:integer> in the file cannot be read as array<integer>");
}

/* Every range of rows of a file of small pages and several groups, by skipping. */
static void test_ranges(void)
{
	struct made m;
	struct batch b, part;
	struct file f;
	struct err e = { 0 };
	struct pqgen g = { .nulls = 4, .length = 20 };
	struct pq_writer_opts o = { .codec = PQ_SNAPPY, .page_bytes = 100, .row_group_rows = 90 };
	make_type(&m, nested_types);
	rng_seed(&g.rng, 3);
	batch_init(&b, &m.type);
	batch_init(&part, &m.type);
	pqgen_rows(&g, &b, 90);
	write_file(&b, &o, 90, &f, NULL);
	struct buf all = BUF_INIT, got = BUF_INIT;
	size_t line[92] = { 0 };
	text_of(&b, &all);
	for (size_t i = 0, k = 0; i < all.n; i++)
		if (all.p[i] == '\n')
			line[++k] = i + 1;
	struct pq_source src = { source_buf, f.bytes.n, &f.bytes, "test.parquet" };
	struct pq_reader *r;
	struct pq_projection *p;
	T_CASE("every range of rows") {
		T_INT(pq_open(&r, &src, &e), 0);
		T_INT(pq_rows(r), 90);
		T_INT(pq_project(&p, r, &m.type, false, &e), 0);
		for (uint64_t first = 0; first <= 90; first += 3)
			for (uint64_t n = 0; first + n <= 90; n += 7) {
				T_INT(pq_read(r, p, 0, first, n, &part, &e), 0);
				buf_clear(&got);
				text_of(&part, &got);
				size_t len = line[first + n] - line[first];
				T_OK(got.n == len && (!len || memcmp(got.p, all.p + line[first], len) == 0));
			}
		T_INT(pq_read(r, p, 0, 89, 2, &part, &e), ERR_DATA);
		T_STR(e.msg, "row group 0: it has no rows 89 to 91");
		pq_projection_free(p);
		pq_free(r);
	}
	buf_release(&all);
	buf_release(&got);
	buf_release(&f.bytes);
	batch_release(&b);
	batch_release(&part);
	arena_release(&m.arena);
}

/* Rows chosen by a selection, which may repeat and go backwards. */
static void test_selection(void)
{
	struct made m;
	struct batch b, chosen;
	struct pqgen g = { .nulls = 3, .length = 9 };
	struct buf want = BUF_INIT, got = BUF_INIT, bytes = BUF_INIT;
	struct err e = { 0 };
	struct pq_sink sink = { sink_buf, &bytes };
	struct pq_writer *w;
	uint32_t sel[500];
	make_type(&m, nested_types);
	rng_seed(&g.rng, 8);
	batch_init(&b, &m.type);
	batch_init(&chosen, &m.type);
	pqgen_rows(&g, &b, 200);
	for (size_t i = 0; i < 500; i++)
		sel[i] = (uint32_t)rng_below(&g.rng, 200);
	for (size_t i = 0; i < chosen.ncols; i++)
		column_append(&chosen.col[i], &b.col[i], sel, 500);
	chosen.nrows = 500;
	text_of(&chosen, &want);
	T_CASE("a selection") {
		T_INT(pq_writer_new(&w, &m.type, &sink, &(struct pq_writer_opts){ .row_group_rows = 130 }, &e), 0);
		T_INT(append(w, &b, sel, 500, &e), 0);
		T_OK(pq_writer_memory(w) > 1000);
		T_OK(pq_writer_size(w) > 1000);
		T_INT(pq_writer_finish(w, NULL, NULL, &e), 0);
		pq_writer_free(w);
		T_INT(read_file(&bytes, NULL, 1000, &got, &e), 0);
		T_OK(want.n == got.n && memcmp(want.p, got.p, got.n) == 0);
	}
	buf_release(&want);
	buf_release(&got);
	buf_release(&bytes);
	batch_release(&b);
	batch_release(&chosen);
	arena_release(&m.arena);
}

/* The statistics of the whole file, and those of the group as they are read back, of the only column. */
static void stats_of(const char *type, const char *text, struct column_stats *whole, struct column_stats *group,
		     bool dictionary)
{
	struct made m;
	struct batch b;
	struct file f;
	struct err e = { 0 };
	struct pq_reader *r;
	struct pq_writer_opts o = { .no_dictionary = !dictionary };
	char t[100];
	snprintf(t, sizeof t, "struct<a:%s>", type);
	make_type(&m, t);
	batch_init(&b, &m.type);
	rows_of(&b, text);
	write_file(&b, &o, 2, &f, whole);
	struct pq_source src = { source_buf, f.bytes.n, &f.bytes, "test.parquet" };
	T_INT(pq_open(&r, &src, &e), 0);
	T_OK(pq_group_stats(r, 0, 0, group));
	T_INT(group->values, whole->values);
	T_INT(group->nulls, whole->nulls);
	T_INT(group->has_minmax, whole->has_minmax);
	pq_free(r);
	buf_release(&f.bytes);
	batch_release(&b);
	/* The types die with the arena: only values may be looked at from here on. */
	whole->type = group->type = NULL;
	arena_release(&m.arena);
}

static void test_statistics(void)
{
	struct column_stats w, g;
	for (int dict = 0; dict < 2; dict++) {
		T_CASE("integers") {
			stats_of("int", "{\"a\":3}\n{\"a\":null}\n{\"a\":-7}\n{\"a\":3}\n{\"a\":3}\n", &w, &g, dict);
			T_INT(w.nulls, 1);
			T_INT(w.min.i, -7);
			T_INT(w.max.i, 3);
			T_INT(g.min.i, -7);
			T_INT(g.max.i, 3);
		}
		T_CASE("NaN is left out, a zero bound is both zeros") {
			stats_of("double", "{\"a\":\"NaN\"}\n{\"a\":-0.0}\n{\"a\":0.0}\n", &w, &g, dict);
			T_OK(w.has_minmax && w.has_nan && g.has_nan);
			T_DBL(w.min.d, 0.0);
			T_DBL(w.max.d, 0.0);
			T_DBL(g.max.d, 0.0);
		}
		T_CASE("nothing but NaN: no bounds") {
			stats_of("float", "{\"a\":\"NaN\"}\n{\"a\":\"NaN\"}\n", &w, &g, dict);
			T_OK(!w.has_minmax && w.has_nan);
		}
		T_CASE("nothing but nulls: no bounds") {
			stats_of("string", "{\"a\":null}\n{}\n", &w, &g, dict);
			T_OK(!w.has_minmax);
			T_INT(w.nulls, 2);
		}
		T_CASE("strings sort by their bytes, unsigned") {
			stats_of("string", "{\"a\":\"z\"}\n{\"a\":\"é\"}\n{\"a\":\"\"}\n{\"a\":\"z\"}\n", &w, &g, dict);
			T_MEM(w.min.s.p, w.min.s.n, "", 0);
			T_MEM(w.max.s.p, w.max.s.n, "é", 2);
			T_MEM(g.max.s.p, g.max.s.n, "é", 2);
		}
		T_CASE("decimals, wide and narrow, negative") {
			stats_of("decimal(30,2)", "{\"a\":-12345678901234567890.12}\n{\"a\":1.00}\n", &w, &g, dict);
			T_OK(w.min.dec == -(__int128)1234567890123456789 * 1000 - 12 && g.min.dec == w.min.dec);
			T_OK(w.max.dec == 100 && g.max.dec == 100);
			stats_of("decimal(9,1)", "{\"a\":-1.5}\n{\"a\":1.0}\n", &w, &g, dict);
			T_OK(w.min.dec == -15 && g.min.dec == -15 && g.max.dec == 10);
		}
		T_CASE("booleans and bytes") {
			stats_of("boolean", "{\"a\":true}\n{\"a\":true}\n", &w, &g, dict);
			T_INT(w.min.i, 1);
			T_INT(g.min.i, 1);
			stats_of("byte", "{\"a\":-128}\n{\"a\":127}\n", &w, &g, dict);
			T_INT(g.min.i, -128);
			T_INT(g.max.i, 127);
		}
	}
	T_CASE("a long string is cut on a character, its bound in the file rounded up") {
		char text[2000] = "{\"a\":\"";
		size_t at = 6;
		for (int i = 0; i < 200; i++, at += 2)
			memcpy(text + at, "é", 2);
		memcpy(text + at, "\"}\n", 4);
		stats_of("string", text, &w, &g, false);
		T_INT(w.max.s.n, 260);
		T_OK(w.max_cut && w.min_cut);
		T_INT(g.min.s.n, 64);
		T_INT(g.max.s.n, 64);
		T_OK(memcmp(g.max.s.p, w.max.s.p, 64) > 0 && memcmp(g.min.s.p, w.min.s.p, 64) == 0);
	}
}

static void test_damage(void)
{
	struct made m;
	struct batch b;
	struct file f;
	struct buf got = BUF_INIT;
	struct err e = { 0 };
	struct pqgen g = { .nulls = 4, .length = 9, .distinct = 5 };
	make_type(&m, "struct<a:string,b:array<struct<x:long,y:decimal(20,1)>>,c:double>");
	rng_seed(&g.rng, 1);
	batch_init(&b, &m.type);
	pqgen_rows(&g, &b, 12);
	T_CASE("any byte flipped, any end missing: an error or rows, never a crash") {
		size_t refused = 0;
		for (int codec = PQ_NONE; codec <= PQ_SNAPPY; codec++) {
			write_file(&b, &(struct pq_writer_opts){ .codec = (enum pq_codec)codec, .page_bytes = 60 }, 5, &f, NULL);
			for (size_t i = 0; i < f.bytes.n; i++) {
				static const unsigned char flip[] = { 0xFF, 0x01, 0x80 };
				for (size_t k = 0; k < sizeof flip; k++) {
					f.bytes.p[i] = (char)(f.bytes.p[i] ^ flip[k]);
					buf_clear(&got);
					refused += read_file(&f.bytes, NULL, 7, &got, &e) != 0;
					f.bytes.p[i] = (char)(f.bytes.p[i] ^ flip[k]);
				}
			}
			for (size_t n = f.bytes.n; n-- > 0; ) {
				f.bytes.n = n;
				T_OK(read_file(&f.bytes, NULL, 7, &got, &e) == ERR_DATA);
				T_STR(e.file, "test.parquet");
			}
			buf_release(&f.bytes);
		}
		T_OK(refused > 500);
	}
	T_CASE("a page whose bytes changed is refused by its check sum, and named") {
		write_file(&b, NULL, 12, &f, NULL);
		f.bytes.p[60] ^= 1;
		T_INT(read_file(&f.bytes, NULL, 7, &got, &e), ERR_DATA);
		T_STR(e.msg, "row group 0: column a: a page's checksum is wrong");
		buf_release(&f.bytes);
	}
	batch_release(&b);
	arena_release(&m.arena);
	buf_release(&got);
}

static int sink_full(void *arg, const void *p, size_t n, struct err *e)
{
	(void)arg, (void)p, (void)n;
	return err_set(e, ERR_IO, "no space left");
}

static void test_refusals(void)
{
	struct made m;
	struct batch b;
	struct err e = { 0 };
	struct pq_writer *w;
	struct pq_sink sink = { sink_full, NULL };
	T_CASE("a sink that fails") {
		make_type(&m, "struct<a:long>");
		batch_init(&b, &m.type);
		rows_of(&b, "{\"a\":1}\n");
		T_INT(pq_writer_new(&w, &m.type, &sink, NULL, &e), 0);
		T_INT(append(w, &b, NULL, 1, &e), 0);
		T_INT(pq_writer_finish(w, NULL, NULL, &e), ERR_IO);
		T_STR(e.msg, "no space left");
		pq_writer_free(w);
		batch_release(&b);
		arena_release(&m.arena);
	}
	T_CASE("a null where none may be") {
		make_type(&m, "struct<a:long>");
		m.type.fields[0].nullable = false;
		batch_init(&b, &m.type);
		column_add_null(&b.col[0]);
		T_INT(pq_writer_new(&w, &m.type, &sink, NULL, &e), 0);
		T_INT(append(w, &b, NULL, 1, &e), ERR_DATA);
		T_STR(e.msg, "column a: null in column a, which must not be null");
		pq_writer_free(w);
		batch_release(&b);
		arena_release(&m.arena);
	}
	T_CASE("nothing that a file can hold") {
		make_type(&m, "struct<a:void>");
		T_INT(pq_writer_new(&w, &m.type, &sink, NULL, &e), ERR_DATA);
		arena_release(&m.arena);
	}
	T_CASE("void columns are left out") {
		projected("struct<a:void,b:long,s:struct<v:void,w:int>>", "{\"b\":1,\"s\":{\"w\":2}}\n", "struct<b:long,s:struct<w:int>,a:void>",
			  "{\"b\":1,\"s\":{\"w\":2},\"a\":null}\n");
	}
	T_CASE("codecs by name") {
		enum pq_codec c;
		T_OK(pq_codec_by_name("zstd", &c) && c == PQ_ZSTD);
		T_OK(!pq_codec_by_name("brotli", &c));
		T_STR(pq_codec_extension(PQ_SNAPPY), ".snappy");
		T_STR(pq_codec_extension(PQ_NONE), "");
	}
}

/* A value of half a megabyte that stands in the dictionary once, and in 4,000 rows. */
static void test_amplified(void)
{
	struct made m;
	struct batch b, one;
	struct file f = { 0 };
	struct pq_writer *w;
	struct pq_reader *r = NULL;
	struct pq_projection *p = NULL;
	struct pq_scan *s = NULL;
	struct err e;
	static char text[500000];
	memset(text, 'x', sizeof text);
	T_CASE("a batch of a scan holds some megabytes, whatever the rows stand for") {
		make_type(&m, "struct<a:string,n:long>");
		struct pq_sink sink = { sink_buf, &f.bytes };
		batch_init(&one, &m.type);
		for (one.nrows = 0; one.nrows < 20; one.nrows++) {
			column_add_bytes(&one.col[0], text, sizeof text);
			column_add_i64(&one.col[1], (int64_t)one.nrows);
		}
		f.bytes = (struct buf)BUF_INIT;
		T_INT(pq_writer_new(&w, &m.type, &sink, &(struct pq_writer_opts){ .codec = PQ_SNAPPY }, &e), 0);
		for (int i = 0; i < 200; i++)
			T_INT(append(w, &one, NULL, one.nrows, &e), 0);
		T_INT(pq_writer_finish(w, NULL, &f.size, &e), 0);
		pq_writer_free(w);
		T_OK(f.bytes.n < 1000000);
		struct pq_source src = { source_buf, f.bytes.n, &f.bytes, "test.parquet" };
		T_INT(pq_open(&r, &src, &e), 0);
		T_INT(pq_project(&p, r, &m.type, false, &e), 0);
		batch_init(&b, &m.type);
		size_t rows = 0;
		for (size_t g = 0; g < pq_groups(r); g++) {
			T_INT(pq_scan_new(&s, r, p, g, NULL, &e), 0);
			for (;;) {
				if (pq_scan_next(s, 1024, &b, &e) || !b.nrows)
					break;
				for (size_t i = 0; i < b.nrows; i++, rows++)
					T_INT(column_i64(&b.col[1], i), rows % 20);
				T_OK(batch_memory(&b) < 32 << 20);
			}
			pq_scan_free(s);
		}
		T_INT(rows, 4000);
		T_INT(pq_read(r, p, 0, 0, 4000, &b, &e), ERR_DATA);   /* 2 GB at once are refused */
		T_OK(strstr(e.msg, "256 MiB") != NULL);
		batch_release(&b);
		batch_release(&one);
		pq_projection_free(p);
		pq_free(r);
		buf_release(&f.bytes);
		arena_release(&m.arena);
	}
}

/* One value of SIZE bytes, written by O and read where pages may take MOST bytes. */
static int read_within(const struct pq_writer_opts *o, size_t size, size_t most, struct err *e)
{
	struct made m;
	struct batch b, in;
	struct file f = { .bytes = BUF_INIT };
	struct pq_writer *w;
	struct pq_reader *r = NULL;
	struct pq_projection *p = NULL;
	struct pq_scan *s = NULL;
	char *text = malloc(size);
	for (size_t i = 0; i < size; i++)
		text[i] = (char)('a' + i / 1000 % 26);
	make_type(&m, "struct<a:string>");
	batch_init(&in, &m.type);
	batch_init(&b, &m.type);
	for (in.nrows = 0; in.nrows < 3; in.nrows++)
		column_add_bytes(&in.col[0], text, size);
	struct pq_sink sink = { sink_buf, &f.bytes };
	T_INT(pq_writer_new(&w, &m.type, &sink, o, e), 0);
	T_INT(append(w, &in, NULL, in.nrows, e), 0);
	T_INT(pq_writer_finish(w, NULL, &f.size, e), 0);
	pq_writer_free(w);
	struct pq_source src = { source_buf, f.bytes.n, &f.bytes, "test.parquet", most, "--flag" };
	T_INT(pq_open(&r, &src, e), 0);
	T_INT(pq_project(&p, r, &m.type, false, e), 0);
	T_INT(pq_scan_new(&s, r, p, 0, NULL, e), 0);
	size_t rows = 0;
	int rc;
	while ((rc = pq_scan_next(s, 1024, &b, e)) == 0 && b.nrows)
		for (size_t i = 0; i < b.nrows; i++, rows++) {
			size_t n;
			const char *v = column_bytes(&b.col[0], i, &n);
			T_MEM(v, n, text, size);
		}
	T_OK(rc || rows == 3);
	pq_scan_free(s);
	pq_projection_free(p);
	pq_free(r);
	batch_release(&b);
	batch_release(&in);
	buf_release(&f.bytes);
	arena_release(&m.arena);
	free(text);
	return rc;
}

/* Open a file that is a footer with N empty elements in list FIELD; within MOST. */
static int footer_within(int field, size_t n, size_t most, struct err *e)
{
	struct buf b = BUF_INIT;
	struct pq_reader *r = NULL;
	buf_puts(&b, "PAR1");
	size_t at = b.n;
	buf_putc(&b, (char)(field << 4 | 9));
	buf_putc(&b, (char)0xfc);
	for (size_t v = n; ; v >>= 7) {
		buf_putc(&b, (char)((v & 0x7f) | (v > 0x7f ? 0x80 : 0)));
		if (v <= 0x7f)
			break;
	}
	memset(buf_reserve(&b, n + 1), 0, n + 1);
	b.n += n + 1;
	uint32_t len = (uint32_t)(b.n - at);
	buf_le32(&b, len);
	buf_puts(&b, "PAR1");
	struct pq_source src = { source_buf, b.n, &b, "test.parquet", most, "--flag" };
	int rc = pq_open(&r, &src, e);
	pq_free(r);
	buf_release(&b);
	return rc;
}

static void test_limit(void)
{
	static const enum pq_codec codec[] = { PQ_NONE, PQ_SNAPPY, PQ_ZSTD, PQ_GZIP, PQ_LZ4_RAW };
	struct err e;
	T_CASE("pages and dictionaries of a scan: refused where they do not fit, read where they do") {
		for (size_t i = 0; i < sizeof codec / sizeof *codec; i++)
			for (int plain = 0; plain < 2; plain++) {
				struct pq_writer_opts o = { .codec = codec[i], .no_dictionary = plain };
				T_INT(read_within(&o, 3000000, 16 << 20, &e), 0);
				T_INT(read_within(&o, 3000000, 2 << 20, &e), ERR_UNSUPPORTED);
				T_OK(strstr(e.msg, "its pages take more memory than the 2 MiB that they may (--flag)") != NULL);
				T_INT(read_within(&o, 1000, 64 << 10, &e), 0);
			}
	}
	T_CASE("a footer: an element of one byte is counted as what it becomes, before it is built") {
		static const int fields[] = { 2, 4, 5 };    /* schema, row groups, keys and values */
		for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
			T_INT(footer_within(fields[i], 1000000, 4 << 20, &e), ERR_UNSUPPORTED);
			T_STR(e.msg, "its footer takes more memory than the 4 MiB that it may (--flag)");
			T_INT(footer_within(fields[i], 5000000, 4 << 20, &e), ERR_UNSUPPORTED);
			T_INT(footer_within(fields[i], 1000, 4 << 20, &e), ERR_DATA);
		}
	}
}

/* What other writers do that ours does not. */
static void test_foreign(void)
{
	T_CASE("brotli, and damaged brotli") {
		static const unsigned char packed[] = { 0x1b, 0x16, 0x00, 0xf8, 0x8d, 0x94, 0x6e, 0xde, 0x44, 0x55, 0x86, 0x96, 0x6c, 0x20, 0x6f, 0x21,
			0x4f, 0x1c, 0xe0, 0x38 };
		struct pq_unzip u = { 0 };
		struct err e;
		char to[64];
		T_OK(pq_codec_supported(PQ_FILE_BROTLI));
		T_INT(pq_decompress(&u, PQ_FILE_BROTLI, packed, sizeof packed, to, 23, &e), 0);
		T_MEM(to, 23, "hello hello hello hello", 23);
		T_INT(pq_decompress(&u, PQ_FILE_BROTLI, packed, sizeof packed, to, 24, &e), ERR_DATA);
		T_INT(pq_decompress(&u, PQ_FILE_BROTLI, packed, sizeof packed, to, 22, &e), ERR_DATA);
		T_INT(pq_decompress(&u, PQ_FILE_BROTLI, packed, sizeof packed - 3, to, 23, &e), ERR_DATA);
		pq_unzip_release(&u);
	}
	T_CASE("an empty list of nothing (fastparquet), but no elements of nothing") {
		static const unsigned char empty[] = { 0x19, 0x00, 0x00 }, one[] = { 0x19, 0x10, 0x00, 0x00 };
		struct thrift t;
		struct thrift_field f = THRIFT_FIELD_INIT;
		thrift_init(&t, empty, sizeof empty);
		T_OK(thrift_next(&t, &f));
		thrift_skip(&t, f.type);
		T_OK(!thrift_next(&t, &f) && !t.bad);
		thrift_init(&t, one, sizeof one);
		f = (struct thrift_field)THRIFT_FIELD_INIT;
		T_OK(thrift_next(&t, &f));
		thrift_skip(&t, f.type);
		T_OK(t.bad);
	}
}

/* The same file whether pages are compressed here or by others, and as many writers as one likes at once. */
static void test_pool(void)
{
	struct made m;
	struct batch b;
	struct file f, one;
	struct pqgen g = { .nulls = 9, .length = 50 };
	struct pool *pool = pool_new(3);
	struct pq_codecs *cs = pq_codecs_new();
	make_type(&m, all_types);
	rng_seed(&g.rng, 4);
	batch_init(&b, &m.type);
	pqgen_rows(&g, &b, 20000);
	T_CASE("the same bytes with threads")
		for (int codec = PQ_NONE; codec <= PQ_LZ4_RAW; codec++) {
			write_file(&b, &(struct pq_writer_opts){ .codec = (enum pq_codec)codec }, 3000, &one, NULL);
			write_file(&b, &(struct pq_writer_opts){ .codec = (enum pq_codec)codec, .pool = pool, .codecs = cs }, 3000, &f,
				   NULL);
			T_OK(f.bytes.n == one.bytes.n && memcmp(f.bytes.p, one.bytes.p, f.bytes.n) == 0);
			buf_release(&f.bytes);
			buf_release(&one.bytes);
		}
	batch_release(&b);
	arena_release(&m.arena);
	pq_codecs_free(cs);
	pool_free(pool);
}

int main(void)
{
	test_round_trips();
	test_projection();
	test_ranges();
	test_selection();
	test_statistics();
	test_damage();
	test_refusals();
	test_foreign();
	test_amplified();
	test_limit();
	test_pool();
	return t_done();
}
