/* SPDX-License-Identifier: MIT */
/* Any bytes may be what a killed process or a bad disk left as a segment: opening and reading it never fails, frames print to the bytes
 * they were parsed from, and what the check calls whole is what the reader gives out. */
#include "base/buf.h"
#include "rate/spill.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_INPUT 65536
#define SEGMENT "/00000000000000000001.seg"

static char dir[] = "/dev/shm/sm-fuzz-spill-XXXXXX";

static void check(bool ok)
{
	if (!ok)
		abort();
}

/* Frames of whole segment text; returns how many are records (a left-over segment's marks are not given out). */
static size_t frames(const char *p, size_t n)
{
	struct spill_frame f;
	struct buf b = BUF_INIT;
	size_t records = 0;
	for (size_t at = SPILL_HEADER, len; at < n; at += len) {
		len = spill_parse_frame(p + at, n - at, &f);
		check(len > 0);
		buf_clear(&b);
		spill_put_frame(&b, &f);
		check(b.n == len && memcmp(b.p, p + at, len) == 0);
		records += !f.mark;
	}
	buf_release(&b);
	return records;
}

static void put(const char *p, size_t n)
{
	char path[128];
	snprintf(path, sizeof path, "%s" SEGMENT, dir);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	check(fd >= 0 && write(fd, p, n) == (ssize_t)n);
	close(fd);
}

static void clean(void)
{
	static const char *const name[] = { SEGMENT, "/lock", "/SPILL", "/offset" };
	char path[128];
	for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
		snprintf(path, sizeof path, "%s%s", dir, name[i]);
		unlink(path);
	}
	rmdir(dir);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool made;
	const char *p = (const char *)data;
	struct spill *s;
	struct err e;
	if (size > MAX_INPUT)
		return 0;
	if (!made)
		check(mkdtemp(dir) != NULL && atexit(clean) == 0);
	made = true;
	size_t good = spill_check_segment(p, size, 1), records = good ? frames(p, good) : 0, got = 0;
	put(p, size);
	check(spill_open(&s, dir, &(struct spill_opts){ 0 }, &e) == 0);
	check(spill_begin(s, NULL, NULL, &e) == 0);
	for (;;) {
		struct item_list l = { 0 };
		struct item *it;
		check(spill_read(s, &l, 100, &e) == 0);
		if (!l.head)
			break;
		while ((it = item_pop(&l)) != NULL) {
			got++;
			spill_done(s, it->chunk);
			item_free(it);
		}
	}
	check(got == records && spill_empty(s));
	check(spill_close(s, &e) == 0);
	check(access(dir, F_OK) == 0);
	return 0;
}
