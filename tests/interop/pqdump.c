/* SPDX-License-Identifier: MIT */
/* pqdump - Parquet files from and to NDJSON through the library, for the interoperability tests.
 *
 *	pqdump read FILE [TYPE]                  rows as NDJSON, nulls printed; TYPE: what is wanted of them
 *	pqdump schema FILE                       the file's schema as a type of ours
 *	pqdump write TYPE OUT [k=v...]           NDJSON from standard input
 *	pqdump random TYPE ROWS SEED OUT [k=v...]  random rows, printed as NDJSON as well
 * k=v: codec, level, page, group, dict=0|1, threads, nulls, distinct, length, append.
 */
#include "../unit/pqgen.h"
#include "base/mem.h"
#include "base/pool.h"
#include "column/json_in.h"
#include "column/json_out.h"
#include "parquet/reader.h"
#include "parquet/writer.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct args {
	struct pq_writer_opts w;
	unsigned threads, nulls, distinct, length;
	size_t append;
};

static int fail(const struct err *e)
{
	fprintf(stderr, "pqdump: %s%s%s\n", e->file, *e->file ? ": " : "", e->msg);
	return e->code == ERR_UNSUPPORTED ? 4 : 3;
}

static int read_fd(void *arg, uint64_t off, void *to, size_t n, struct err *e)
{
	ssize_t r = pread(*(int *)arg, to, n, (off_t)off);
	return r == (ssize_t)n ? 0 : err_set(e, ERR_IO, "short read");
}

static int write_fd(void *arg, const void *p, size_t n, struct err *e)
{
	ssize_t r = write(*(int *)arg, p, n);
	return r == (ssize_t)n ? 0 : err_set(e, ERR_IO, "short write");
}

static void parse_args(struct args *a, char **v)
{
	*a = (struct args){ .w.codec = PQ_SNAPPY, .nulls = 5, .length = 40, .append = 1000 };
	for (; *v; v++) {
		char *eq = strchr(*v, '=');
		if (!eq)
			continue;
		size_t n = (size_t)(eq - *v);
		unsigned long x = strtoul(eq + 1, NULL, 10);
#define IS(name) (n == strlen(name) && memcmp(*v, name, n) == 0)
		if (IS("codec") && !pq_codec_by_name(eq + 1, &a->w.codec))
			fprintf(stderr, "pqdump: codec?\n"), exit(2);
		if (IS("level")) a->w.level = (int)x;
		if (IS("page")) a->w.page_bytes = x;
		if (IS("group")) a->w.row_group_rows = x;
		if (IS("dict")) a->w.no_dictionary = !x;
		if (IS("threads")) a->threads = (unsigned)x;
		if (IS("nulls")) a->nulls = (unsigned)x;
		if (IS("distinct")) a->distinct = (unsigned)x;
		if (IS("length")) a->length = (unsigned)x;
		if (IS("append")) a->append = x;
	}
}

static const struct column **columns(const struct batch *b)
{
	const struct column **c = mem_array(NULL, b->ncols, sizeof *c);
	for (size_t i = 0; i < b->ncols; i++)
		c[i] = &b->col[i];
	return c;
}

static void print(struct json_out *jo, const struct batch *b, struct buf *out)
{
	const struct column **c = columns(b);
	json_out_rows(jo, out, c, NULL, b->nrows);
	mem_free(c);
	fwrite(out->p, 1, out->n, stdout);
	buf_clear(out);
}

static int append(struct pq_writer *w, const struct batch *b, struct err *e)
{
	const struct column **c = columns(b);
	int rc = pq_writer_append(w, c, NULL, b->nrows, e);
	mem_free(c);
	return rc;
}

static int dump(const char *file, const char *want, struct err *e)
{
	struct stat st;
	int fd = open(file, O_RDONLY | O_CLOEXEC), rc;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(e, ERR_IO, "cannot open %s", file);
	struct pq_source src = { read_fd, (uint64_t)st.st_size, &fd, file };
	struct pq_reader *r = NULL;
	struct pq_projection *p = NULL;
	struct arena a = ARENA_INIT;
	struct type t = { 0 };
	struct buf out = BUF_INIT;
	rc = pq_open(&r, &src, e);
	if (rc == 0 && want)
		rc = type_parse(&t, &a, want, strlen(want), e);
	else if (rc == 0)
		t = pq_schema(r)->root;
	if (rc == 0)
		rc = pq_project(&p, r, &t, false, e);
	struct json_out *jo = rc ? NULL : json_out_new(&t, &(struct json_out_opts){ .nulls = true });
	struct batch b = { 0 };
	if (rc == 0)
		batch_init(&b, &t);
	for (size_t g = 0; rc == 0 && g < pq_groups(r); g++)
		for (uint64_t at = 0, n, rows = pq_group_rows(r, g); at < rows && rc == 0; at += n) {
			n = rows - at < 5000 ? rows - at : 5000;
			rc = pq_read(r, p, g, at, n, &b, e);
			if (rc == 0)
				print(jo, &b, &out);
		}
	json_out_free(jo);
	batch_release(&b);
	buf_release(&out);
	pq_projection_free(p);
	pq_free(r);
	arena_release(&a);
	close(fd);
	return rc;
}

static int print_schema(const char *file, struct err *e)
{
	struct stat st;
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(e, ERR_IO, "cannot open %s", file);
	struct pq_source src = { read_fd, (uint64_t)st.st_size, &fd, file };
	struct pq_reader *r = NULL;
	struct buf out = BUF_INIT;
	int rc = pq_open(&r, &src, e);
	if (rc == 0) {
		type_print(&pq_schema(r)->root, &out);
		puts(buf_cstr(&out));
	}
	buf_release(&out);
	pq_free(r);
	close(fd);
	return rc;
}

static int from_json(const struct type *t, struct pq_writer *w, struct err *e)
{
	struct json_in *in = json_in_new(t, NULL);
	struct buf text = BUF_INIT;
	struct json_in_line line;
	struct batch b;
	size_t n;
	int rc = 0, ev;
	while ((n = fread(buf_reserve(&text, 1 << 16), 1, 1 << 16, stdin)) > 0)
		text.n += n;
	buf_reserve(&text, 64);
	batch_init(&b, t);
	json_in_block(in, text.p, text.n);
	do {
		ev = json_in_next(in, &b, 16384, 64 << 20, &line, e);
		if (ev == JSON_IN_BAD || ev == JSON_IN_UNKNOWN)
			rc = ERR_DATA;
		if (rc == 0 && (ev == JSON_IN_FULL || ev == JSON_IN_END)) {
			rc = append(w, &b, e);
			batch_clear(&b);
		}
	} while (rc == 0 && ev != JSON_IN_END);
	batch_release(&b);
	buf_release(&text);
	json_in_free(in);
	return rc;
}

static int random_rows(const struct type *t, struct pq_writer *w, const struct args *a, char **v, struct err *e)
{
	struct pqgen g = { .nulls = a->nulls, .distinct = a->distinct, .length = a->length };
	struct json_out *jo = json_out_new(t, &(struct json_out_opts){ .nulls = true });
	struct buf out = BUF_INIT;
	struct batch b;
	int rc = 0;
	rng_seed(&g.rng, strtoul(v[1], NULL, 10));
	batch_init(&b, t);
	for (size_t left = strtoul(v[0], NULL, 10), n; left && rc == 0; left -= n) {
		n = left < a->append ? left : a->append;
		batch_clear(&b);
		pqgen_rows(&g, &b, n);
		rc = append(w, &b, e);
		print(jo, &b, &out);
	}
	batch_release(&b);
	buf_release(&out);
	json_out_free(jo);
	return rc;
}

static int make(bool random, char **v, struct err *e)
{
	struct arena a = ARENA_INIT;
	struct type t;
	struct args args;
	struct pq_writer *w = NULL;
	static const char *const kv[] = { "made by", "pqdump", NULL };
	const char *path = v[random ? 3 : 1];
	parse_args(&args, v);
	args.w.pool = args.threads ? pool_new(args.threads) : NULL;
	args.w.metadata = kv;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	int rc = fd < 0 ? err_sys(e, 0, "%s", path) : type_parse(&t, &a, v[0], strlen(v[0]), e);
	struct pq_sink sink = { write_fd, &fd };
	if (rc == 0)
		rc = pq_writer_new(&w, &t, &sink, &args.w, e);
	if (rc == 0)
		rc = random ? random_rows(&t, w, &args, v + 1, e) : from_json(&t, w, e);
	if (rc == 0)
		rc = pq_writer_finish(w, NULL, NULL, e);
	pq_writer_free(w);
	pool_free(args.w.pool);
	arena_release(&a);
	close(fd);
	return rc;
}

int main(int argc, char **argv)
{
	struct err e = { 0 };
	int rc = 2;
	if (argc > 2 && strcmp(argv[1], "read") == 0)
		rc = dump(argv[2], argv[3], &e);
	else if (argc > 2 && strcmp(argv[1], "schema") == 0)
		rc = print_schema(argv[2], &e);
	else if (argc > 3 && strcmp(argv[1], "write") == 0)
		rc = make(false, argv + 2, &e);
	else if (argc > 5 && strcmp(argv[1], "random") == 0)
		rc = make(true, argv + 2, &e);
	else
		fprintf(stderr, "usage: pqdump read|schema|write|random ...\n");
	if (rc < 0)
		rc = fail(&e);
	return fflush(stdout) == 0 ? rc : 4;
}
