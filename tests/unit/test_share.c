/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "rate/share.h"
#include "t.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEC NS_PER_SEC
#define START (INT64_C(86400) * 400 * SEC)

static char root[] = "/tmp/sm-share-XXXXXX";
static char path[64];

static const char *fresh(void)
{
	static int n;
	snprintf(path, sizeof path, "%s/%d", root, ++n);
	return path;
}

static struct share_limits limits(double count, int64_t tau)
{
	return (struct share_limits){ .records = true, .by_record = { count, SEC, tau } };
}

static struct shaper shaper(const struct share_limits *l)
{
	struct shaper s = { .records = l->records, .bytes = l->bytes };
	gcra_init(&s.by_record, l->by_record.count, l->by_record.per_ns, l->by_record.tau);
	if (l->bytes)
		gcra_init(&s.by_byte, l->by_byte.count, l->by_byte.per_ns, l->by_byte.tau);
	shaper_start(&s, START);
	return s;
}

/* Four processes take times, the first without end, until it is killed. */
static void four(int round)
{
	struct share_limits l = limits(1000000, 0);
	struct err e;
	static int64_t got[100000];
	static unsigned char seen[200000];
	int p[2], clean = 0;
	pid_t child[4];
	size_t n = 0;
	int64_t t;
	fresh();
	T_OK(pipe(p) == 0);
	for (int i = 0; i < 4; i++) {
		child[i] = fork();
		if (child[i] == 0) {
			struct share *mine;
			struct shaper s = shaper(&l);
			close(p[0]);
			if (share_open(&mine, path, &l, &e) != 0)
				_exit(1);
			for (int k = 0; k < (i ? 500 : 100000000); k++)
				if (share_due(mine, &s, 1, &t, &e) != 0 || write(p[1], &t, sizeof t) != sizeof t)
					_exit(1);
			_exit(0);
		}
	}
	close(p[1]);
	while (n < 100000 && read(p[0], &t, sizeof t) == sizeof t) {
		got[n++] = t;
		if (n == 200 + 37 * (size_t)round)
			kill(child[0], SIGKILL);
	}
	close(p[0]);
	for (int i = 0; i < 4; i++) {
		int status;
		waitpid(child[i], &status, 0);
		clean += WIFEXITED(status) && WEXITSTATUS(status) == 0;
	}
	T_INT(clean, 3);
	T_OK(n >= 1500);
	/* Every time is a microsecond of its own. */
	memset(seen, 0, sizeof seen);
	for (size_t i = 0; i < n; i++) {
		int64_t k = (got[i] - START) / 1000;
		T_OK((got[i] - START) % 1000 == 0 && k >= 0 && k < 200000 && !seen[k]);
		if (k >= 0 && k < 200000)
			seen[k] = 1;
	}
}

static void test_quota(void)
{
	struct share *a, *b;
	struct err e;
	int64_t due;
	T_CASE("share: two that share take turns in one sequence of times")
	{
		struct share_limits l = limits(10, 0);
		struct shaper x = shaper(&l), y = shaper(&l);
		T_INT(share_open(&a, fresh(), &l, &e), 0);
		T_INT(share_open(&b, path, &l, &e), 0);
		for (int i = 0; i < 10; i++) {
			T_INT(share_due(i & 1 ? b : a, i & 1 ? &y : &x, 1, &due, &e), 0);
			T_INT(due - START, i * SEC / 10);
		}
		share_close(a);
		/* The file remembers. */
		T_INT(share_open(&a, path, &l, &e), 0);
		x = shaper(&l);
		T_INT(share_due(a, &x, 1, &due, &e), 0);
		T_INT(due - START, SEC);
		share_close(a);
		share_close(b);
	}
	T_CASE("share: records and bytes at once")
	{
		struct share_limits l = limits(10, 0);
		l.bytes = true;
		l.by_byte = (struct share_limit){ 1000, SEC, 0 };
		struct shaper x = shaper(&l), y = shaper(&l);
		T_INT(share_open(&a, fresh(), &l, &e), 0);
		T_INT(share_open(&b, path, &l, &e), 0);
		T_INT(share_due(a, &x, 500, &due, &e) + share_due(b, &y, 1, &due, &e), 0);
		T_INT(due - START, SEC / 2);
		T_INT(share_due(a, &x, 1, &due, &e), 0);
		T_INT(due - START, SEC * 6 / 10);
		share_close(a);
		share_close(b);
	}
	T_CASE("share: four processes, one of them killed: each time is given out once, nobody waits for ever")
	for (int round = 0; round < 12; round++)
		four(round);
}

static void put(const void *p, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	T_OK(fd >= 0 && write(fd, p, n) == (ssize_t)n);
	close(fd);
}

static void test_files(void)
{
	struct share *a, *b;
	struct err e;
	int64_t due;
	struct share_limits l = limits(10, 0), other = limits(20, 0);
	char text[256] = { 0 };
	T_CASE("share: other limits are refused while the file is in use, and taken when it is not")
	{
		T_INT(share_open(&a, fresh(), &l, &e), 0);
		T_INT(share_open(&b, path, &other, &e), ERR_CONFLICT);
		T_STR(e.file, path);
		share_close(a);
		T_INT(share_open(&b, path, &other, &e), 0);
		T_INT(share_open(&a, path, &l, &e), ERR_CONFLICT);
		share_close(b);
	}
	T_CASE("share: what is no such file is named and left alone")
	{
		fresh();
		put("hello\n", 6);
		T_INT(share_open(&a, path, &l, &e), ERR_DATA);
		T_STR(e.file, path);
		memset(text, 'x', sizeof text);
		put(text, 128);
		T_INT(share_open(&a, path, &l, &e), ERR_DATA);
		struct stat st;
		T_OK(stat(path, &st) == 0 && st.st_size == 128);
		T_INT(share_open(&a, root, &l, &e), ERR_IO);
		T_INT(share_open(&a, "/nonexistent/x", &l, &e), ERR_IO);
	}
	T_CASE("share: damage, a newer format, a boot ago, a file half made")
	{
		T_INT(share_open(&a, fresh(), &l, &e), 0);
		share_close(a);
		int fd = open(path, O_RDWR);
		T_OK(read(fd, text, 128) == 128);
		close(fd);
		text[33] ^= 1;
		put(text, 128);
		T_INT(share_open(&a, path, &l, &e), ERR_DATA);
		text[33] ^= 1;
		text[7] = '2';
		put(text, 128);
		T_INT(share_open(&a, path, &l, &e), ERR_DATA);
		T_OK(strstr(e.msg, "newer"));
		text[7] = '1';
		/* The times of another boot mean nothing: begin anew. */
		put(text, 128);
		T_INT(share_open(&a, path, &l, &e), 0);
		struct shaper s = shaper(&l);
		for (int i = 0; i < 50; i++)
			T_INT(share_due(a, &s, 1, &due, &e), 0);
		share_close(a);
		fd = open(path, O_RDWR);
		T_OK(read(fd, text, 128) == 128);
		close(fd);
		memset(text, 0, 8);
		memset(text + 112, 0, 4);
		put(text, 128);
		T_INT(share_open(&a, path, &l, &e), 0);
		s = shaper(&l);
		T_INT(share_due(a, &s, 1, &due, &e), 0);
		T_INT(due, START);
		/* Cut short by somebody while it is in use: an error, no signal. */
		T_OK(truncate(path, 0) == 0);
		T_INT(share_due(a, &s, 1, &due, &e), ERR_DATA);
		share_close(a);
	}
}

int main(void)
{
	if (!mkdtemp(root))
		return 1;
	test_quota();
	test_files();
	char rm[64];
	snprintf(rm, sizeof rm, "rm -rf %s", root);
	return t_done() | (system(rm) != 0);
}
