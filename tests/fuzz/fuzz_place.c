/* SPDX-License-Identifier: MIT */
/* Any text as the cursor of a checkpoint, as the place of a walk, as what a mark says of the file of keys, as a jobs file: it is taken, or
 * refused in words. What was taken is written in a form that is taken again and written the same. The first byte says which. */
#include "base/mem.h"
#include "fetch/fetch.h"
#include "fetch/jobs.h"
#include "fetch/seen.h"
#include "fetch/walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[] = "/tmp/fuzz_place.XXXXXX";
static char pages[64], list[64], jobs[64];

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void write_file(const char *path, const void *p, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	check(fd >= 0 && write(fd, p, n) == (ssize_t)n && close(fd) == 0);
}

static void put_definition(char *path, size_t size, const char *name, const char *more)
{
	struct buf b = BUF_INIT;
	snprintf(path, size, "%s/%s.json", dir, name);
	buf_printf(&b, "{\"smsource\":1,\"name\":\"%s\",\"network\":\"x\",\"hosts\":[\"a.example\"],\"request\":{\"url\":\"https://a.example/${v}\"},%s}", name, more);
	write_file(path, b.p, b.n);
	buf_release(&b);
}

static void empty_folder(void)
{
	char path[400];
	DIR *d = opendir(dir);
	for (struct dirent *en; d && (en = readdir(d)) != NULL;) {
		snprintf(path, sizeof path, "%s/%s", dir, en->d_name);
		unlink(path);
	}
	if (d)
		closedir(d);
}

static void clean(void)
{
	empty_folder();
	rmdir(dir);
}

static void begin(void)
{
	static bool begun;
	if (begun)
		return;
	begun = true;
	check(mkdtemp(dir) != NULL);
	atexit(clean);
	put_definition(pages, sizeof pages, "p", "\"vars\":{\"v\":\"\"},\"cursor\":{\"value\":\".id\",\"cmp\":\"lenlex\",\"order\":\"desc\"}");
	put_definition(list, sizeof list, "l",
		       "\"vars\":{\"v\":\"\"},\"each\":\"v\",\"list\":{\"request\":{\"url\":\"https://a.example/\"},\"values\":\".v\"},"
		       "\"cursor\":{\"value\":\".id\",\"cmp\":\"num\",\"order\":\"asc\"}");
	snprintf(jobs, sizeof jobs, "%s/jobs", dir);
}

static void said(const struct err *e)
{
	check(e->code < 0 && *e->msg && strlen(e->msg) < sizeof e->msg);
}

static void say(void *arg, enum fetch_say level, const struct err *what)
{
	(void)arg;
	(void)level;
	(void)what;
}

/* True: it was taken, and TO is where a run would go on that goes on from there. */
static bool place(struct buf *to, const char *p, size_t n, uint8_t how)
{
	struct fetch_spec spec[] = {
		{ .source = pages, .name = "a", .since_us = how & 1 ? 1000000 : INT64_MIN, .until_us = how & 2 ? 9000000 : INT64_MAX,
		  .split_ns = (how & 3) == 3 && how & 4 ? 1000000000 : 0 },
		{ .source = list, .name = "b", .since_us = INT64_MIN, .until_us = INT64_MAX },
	};
	struct fetch_opts o = { .spec = spec, .nspecs = 2, .named = how & 8, .dedup = 16, .cursor = p, .ncursor = n, .dry_run = true, .say = say };
	struct fetch *f;
	struct err e = { 0 };
	if (fetch_new(&f, &o, &e) < 0) {
		said(&e);
		return false;
	}
	check(fetch_cursor(f, to, &e) == 0);
	fetch_free(f);
	return true;
}

/* The definitions are sound: the start is a place. */
static void check_start(void)
{
	static const char start[] = "{\"v\":1,\"jobs\":{\"a\":{},\"b\":{}}}";
	struct buf b = BUF_INIT;
	check(place(&b, start, strlen(start), 0));
	buf_release(&b);
}

static void try_place(const char *p, size_t n, uint8_t how)
{
	struct buf one = BUF_INIT, two = BUF_INIT;
	if (place(&one, p, n, how)) {
		check(json_check(one.p, one.n, NULL) == 0);
		check(place(&two, one.p, one.n, how | 8));
		check(one.n == two.n && memcmp(one.p, two.p, one.n) == 0);
	}
	buf_release(&one);
	buf_release(&two);
}

static void try_walk(const char *p, size_t n)
{
	struct arena a = ARENA_INIT;
	struct json *v;
	struct walk w = { 0 }, again = { 0 };
	struct buf one = BUF_INIT, two = BUF_INIT;
	struct err e = { 0 };
	if (json_parse(&v, &a, p, n, NULL) == 0 && walk_get(&w, v, &e) == 0) {
		buf_putc(&one, '{');
		walk_put(&w, &one);
		buf_putc(&one, '}');
		check(json_parse(&v, &a, one.p, one.n, NULL) == 0 && walk_get(&again, v, &e) == 0);
		buf_putc(&two, '{');
		walk_put(&again, &two);
		buf_putc(&two, '}');
		check(one.n == two.n && memcmp(one.p, two.p, one.n) == 0);
	} else if (e.code) {
		said(&e);
	}
	walk_release(&w);
	walk_release(&again);
	buf_release(&one);
	buf_release(&two);
	arena_release(&a);
}

/* There is one file, of three keys. */
static void try_seen(const char *p, size_t n, uint8_t how)
{
	static const char keys[24] = { 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3 };
	char folder[64], path[80];
	struct arena a = ARENA_INIT;
	struct json *v;
	struct seen *s;
	struct buf b = BUF_INIT;
	struct err e = { 0 };
	snprintf(folder, sizeof folder, "%s", dir);
	snprintf(path, sizeof path, "%s/seen-1", folder);
	write_file(path, keys, how & 1 ? 20 : 24);
	if (json_parse(&v, &a, p, n, NULL) == 0) {
		if (seen_open(&s, how & 2 ? 2 : 16, folder, v, &e) == 0) {
			seen_add(s, 77);
			check(seen_sync(s, &e) == 0 && seen_ref(s, &b) && seen_has(s, 77));
			seen_forget(s, v);
			seen_free(s);
		} else {
			said(&e);
		}
	}
	for (int i = 1; i < 4; i++) {
		snprintf(path, sizeof path, "%s/seen-%d", folder, i);
		unlink(path);
	}
	buf_release(&b);
	arena_release(&a);
}

static void try_jobs(const char *p, size_t n)
{
	struct jobs j = { 0 };
	struct fetch_spec others = { .since_us = INT64_MIN, .until_us = INT64_MAX };
	struct err e = { 0 };
	write_file(jobs, p, n);
	if (jobs_read(&j, &others, jobs, &e) < 0) {
		said(&e);
		check(e.file != NULL);
	}
	for (size_t i = 0; i < j.n && !e.code; i++)
		check(j.v[i].source && *j.v[i].source && (!j.v[i].nvars || j.v[i].var[j.v[i].nvars - 1].value));
	jobs_release(&j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool started;
	if (size < 1)
		return 0;
	begin();
	if (!started)
		check_start();
	started = true;
	/* json_parse reads what it is given, and no byte behind it. */
	char *p = mem_dup(data + 1, size - 1);
	uint8_t how = data[0] >> 2;
	switch (data[0] & 3) {
	case 0:
		try_place(p, size - 1, how);
		break;
	case 1:
		try_walk(p, size - 1);
		break;
	case 2:
		try_seen(p, size - 1, how);
		break;
	default:
		try_jobs(p, size - 1);
	}
	mem_free(p);
	return 0;
}
