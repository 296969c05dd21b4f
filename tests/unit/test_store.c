/* SPDX-License-Identifier: MIT */
#include "base/mem.h"
#include "store/store.h"
#include "t.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/sm-store-XXXXXX";

struct fault { int countdown; int errnum; char last[32]; };

static int fault(void *arg, const char *step, const char *path)
{
	struct fault *f = arg;
	(void)path;
	if (f->countdown < 0 || f->countdown-- > 0)
		return 0;
	snprintf(f->last, sizeof f->last, "%s", step);
	return f->errnum;
}

static int count(void *arg, const struct store_entry *entry, struct err *e)
{
	(void)entry; (void)e;
	++*(int *)arg;
	return 0;
}

static int entries(struct store *s, const char *name)
{
	int n = 0;
	struct err e;
	T_INT(store_list(s, name, count, &n, &e), 0);
	return n;
}

static void test_names(struct store *s)
{
	struct err e;
	struct buf b = BUF_INIT;
	T_CASE("a name with .. is refused") {
		T_INT(store_get(s, "a/../../etc/passwd", 100, &b, &e), ERR_DATA);
		T_INT(store_put(s, "..", "x", 1, &e), ERR_DATA);
		T_INT(store_put(s, "a..b/..c", "x", 1, &e), 0);
	}
	T_CASE("addresses") {
		struct store *o = NULL;
		T_INT(store_open(&o, "file:///tmp//x/./y/", &e), 0);
		T_STR(store_root(o), "/tmp/x/y");
		store_path(o, "a/b", &b);
		T_STR(buf_cstr(&b), "/tmp/x/y/a/b");
		buf_clear(&b);
		store_path(o, "/abs", &b);
		T_STR(buf_cstr(&b), "/abs");
		store_free(o);
		T_INT(store_open(&o, "s3://bucket/t", &e), ERR_UNSUPPORTED);
		T_INT(store_open(&o, "", &e), ERR_USAGE);
	}
	buf_release(&b);
}

static void test_put(struct store *s)
{
	struct err e;
	struct buf b = BUF_INIT;
	uint64_t size = 0;
	T_CASE("put replaces, put_if_absent does not") {
		T_INT(store_put(s, "p/q/one", "first", 5, &e), 0);
		T_INT(store_put(s, "p/q/one", "second", 6, &e), 0);
		T_INT(store_put_if_absent(s, "p/q/one", "third", 5, &e), ERR_EXISTS);
		T_INT(store_get(s, "p/q/one", 100, &b, &e), 0);
		T_MEM(b.p, b.n, "second", 6);
		T_INT(store_put_if_absent(s, "p/q/two", "", 0, &e), 0);
		T_INT(store_stat(s, "p/q/two", &size, NULL, &e), 0);
		T_INT(size, 0);
		T_INT(entries(s, "p/q"), 2);
	}
	T_CASE("what is not there") {
		T_INT(store_get(s, "nope", 100, &b, &e), ERR_NOT_FOUND);
		T_INT(store_get(s, "p/q/one/below", 100, &b, &e), ERR_IO);
		T_INT(store_stat(s, "p/q/one/below", NULL, NULL, &e), ERR_IO);
		T_INT(store_stat(s, "p/q", NULL, NULL, &e), ERR_IO);
		T_INT(store_delete(s, "nope", &e), ERR_NOT_FOUND);
		T_INT(entries(s, "nope"), 0);
	}
	T_CASE("a file larger than allowed") {
		T_INT(store_get(s, "p/q/one", 5, &b, &e), ERR_DATA);
	}
	buf_release(&b);
}

/* Fail the nth step of OP for every n, until it gets through: never a half file, never a file left over. */
static void test_faults(struct store *s)
{
	struct err e;
	struct buf b = BUF_INIT;
	T_CASE("a failing step leaves the old file or the new one") {
		int n = 0, r;
		do {
			struct fault f = { n++, EIO, "" };
			T_INT(store_put(s, "f/x", "old", 3, &e), 0);
			store_set_fault(s, fault, &f);
			r = store_put(s, "f/x", "newer", 5, &e);
			store_set_fault(s, NULL, NULL);
			buf_clear(&b);
			T_INT(store_get(s, "f/x", 100, &b, &e), 0);
			bool is_new = b.n == 5 && memcmp(b.p, "newer", 5) == 0;
			T_OK(is_new || (b.n == 3 && memcmp(b.p, "old", 3) == 0));
			T_OK(r || is_new);
			T_INT(entries(s, "f"), 1);
		} while (r && n < 50);
		T_OK(n > 4 && n < 50);
	}
	T_CASE("a failing step of put_if_absent") {
		int n = 0, r;
		do {
			struct fault f = { n++, ENOSPC, "" };
			store_set_fault(s, fault, &f);
			r = store_put_if_absent(s, "g/x", "body", 4, &e);
			store_set_fault(s, NULL, NULL);
			buf_clear(&b);
			int got = store_get(s, "g/x", 100, &b, &e);
			T_OK(got == ERR_NOT_FOUND || (b.n == 4 && memcmp(b.p, "body", 4) == 0));
			T_OK(r || got == 0);
			if (got == 0)
				T_INT(store_delete(s, "g/x", &e), 0);
		} while (r && n < 50);
		T_OK(n > 4 && n < 50);
	}
	buf_release(&b);
}

static void test_out(struct store *s)
{
	struct err e;
	struct store_out *o;
	struct store_file *f;
	char got[8] = "";
	T_CASE("a new file is written, its name must be free") {
		T_INT(store_out_open(&o, s, "d=1/e=2/part", &e), 0);
		T_INT(store_out_write(o, "hello ", 6, &e), 0);
		T_INT(store_out_write(o, "world", 5, &e), 0);
		T_INT(store_out_size(o), 11);
		T_INT(store_out_close(o, &e), 0);
		T_INT(store_out_open(&o, s, "d=1/e=2/part", &e), ERR_EXISTS);
	}
	T_CASE("reads at an offset, and says when the file is shorter") {
		T_INT(store_file_open(&f, s, "d=1/e=2/part", &e), 0);
		T_INT(store_file_size(f), 11);
		T_INT(store_file_read(f, 6, got, 5, &e), 0);
		T_STR(got, "world");
		T_INT(store_file_read(f, 7, got, 5, &e), ERR_DATA);
		store_file_close(f);
	}
	T_CASE("an aborted file is gone, a replaced one is whole") {
		T_INT(store_out_open(&o, s, "d=1/x", &e), 0);
		store_out_abort(o);
		T_INT(store_stat(s, "d=1/x", NULL, NULL, &e), ERR_NOT_FOUND);
		T_INT(store_put(s, "d=1/y", "1", 1, &e), 0);
		T_INT(store_out_open_replace(&o, s, "d=1/y", &e), 0);
		T_INT(store_out_write(o, "22", 2, &e), 0);
		uint64_t size = 0;
		T_INT(store_stat(s, "d=1/y", &size, NULL, &e), 0);
		T_INT(size, 1);
		T_INT(store_out_close(o, &e), 0);
		T_INT(store_stat(s, "d=1/y", &size, NULL, &e), 0);
		T_INT(size, 2);
		T_INT(entries(s, "d=1"), 2);
	}
}

int main(void)
{
	struct err e;
	struct store *s = NULL;
	char sub[64];
	if (!mkdtemp(dir))
		return 1;
	snprintf(sub, sizeof sub, "%s/a/b/table", dir);
	if (store_open(&s, sub, &e))
		return 1;
	test_names(s);
	test_put(s);
	test_faults(s);
	test_out(s);
	store_free(s);
	char cmd[96];
	snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
	if (system(cmd))
		return 1;
	return t_done();
}
