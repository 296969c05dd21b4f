/* SPDX-License-Identifier: MIT */
/* Files that lines are appended to: torn tails are mended, lines of several writers stay whole. */
#include "stream/linefile.h"
#include "t.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

static char dir[] = "/tmp/linefile-XXXXXX", path[64];

static void spit(const char *p, size_t n)
{
	FILE *f = fopen(path, "w");
	fwrite(p, 1, n, f);
	fclose(f);
}

static size_t slurp(char *p, size_t cap)
{
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(p, 1, cap - 1, f) : 0;
	if (f)
		fclose(f);
	p[n] = '\0';
	return n;
}

static int append(const char *line)
{
	struct linefile *f;
	struct err e;
	int r = linefile_open(&f, path, &e);
	if (r == 0)
		r = linefile_put(f, line, strlen(line), &e);
	int c = linefile_close(f, &e);
	if (r || c)
		T_FAIL("%s: %s", e.file, e.msg);
	return r ? r : c;
}

static void mends(const char *was, size_t n, const char *want)
{
	char got[256];
	spit(was, n);
	append("{\"new\":1}");
	size_t have = slurp(got, sizeof got);
	T_MEM(got, have, want, strlen(want));
}
#define MENDS(was, want) mends(was, sizeof(was) - 1, want)

/* N processes append LINES lines each, and wait for nobody. */
static void writers(int n, int lines)
{
	for (int k = 0; k < n; k++)
		if (fork() == 0) {
			struct linefile *f;
			struct err e;
			char line[2000];
			if (linefile_open(&f, path, &e))
				_exit(1);
			for (int i = 0; i < lines; i++) {
				int len = snprintf(line, sizeof line, "{\"w\":%d,\"i\":%d,\"x\":\"%0*d\"}", k, i, 1 + i * 37 % 1500, 0);
				if (linefile_put(f, line, (size_t)len, &e) || linefile_write(f, &e))
					_exit(1);
			}
			_exit(linefile_close(f, &e) != 0);
		}
	for (int k = 0, status; k < n; k++) {
		wait(&status);
		T_INT(status, 0);
	}
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof path, "%s/file", dir);
	T_CASE("a torn last line is cut off, a whole one gets its end, text that is not ours stays")
	{
		MENDS("", "{\"new\":1}\n");
		MENDS("{\"a\":1}\n", "{\"a\":1}\n{\"new\":1}\n");
		MENDS("{\"a\":1}\n{\"b\":\"x", "{\"a\":1}\n{\"new\":1}\n");
		MENDS("{\"a\":1}\n{", "{\"a\":1}\n{\"new\":1}\n");
		MENDS("{\"b\":\"x", "{\"new\":1}\n");
		MENDS("{\"a\":1}\n{\"b\":2}", "{\"a\":1}\n{\"b\":2}\n{\"new\":1}\n");
		MENDS("{\"a\":1}\n\0\0\0", "{\"a\":1}\n{\"new\":1}\n");
		MENDS("{\"a\":1}\n{\"b\":2}\0\0", "{\"a\":1}\n{\"b\":2}\n{\"new\":1}\n");
		MENDS("{\"a\":1}\n{\"b\":\0\0", "{\"a\":1}\n{\"new\":1}\n");
		MENDS("notes", "notes\n{\"new\":1}\n");
		MENDS("a\nnotes", "a\nnotes\n{\"new\":1}\n");
	}
	T_CASE("a torn line that is longer than a look back")
	{
		size_t n = 3 << 20, have;
		char *big = malloc(n + 100);
		memset(big, 'x', n);
		memcpy(big, "{\"a\":1}\n{\"b\":\"", 14);
		spit(big, n);
		append("{\"new\":1}");
		have = slurp(big, n);
		T_MEM(big, have, "{\"a\":1}\n{\"new\":1}\n", 18);
		free(big);
	}
	T_CASE("a write that fails in the middle leaves whole lines")
	{
		struct linefile *f;
		struct err e = { 0 };
		char got[8192], line[100];
		struct rlimit was, few = { 1000, RLIM_INFINITY };
		unlink(path);
		signal(SIGXFSZ, SIG_IGN);
		getrlimit(RLIMIT_FSIZE, &was);
		T_INT(linefile_open(&f, path, &e), 0);
		for (int i = 0; i < 50; i++) {
			int len = snprintf(line, sizeof line, "{\"i\":%d,\"x\":\"%030d\"}", i, 0);
			T_INT(linefile_put(f, line, (size_t)len, &e), 0);
		}
		setrlimit(RLIMIT_FSIZE, &few);
		T_INT(linefile_flush(f, &e), ERR_IO);
		T_OK(strstr(e.file, path) && strstr(e.msg, "cannot write"));
		setrlimit(RLIMIT_FSIZE, &was);
		linefile_close(f, &e);
		size_t n = slurp(got, sizeof got);
		T_OK(n > 900 && n <= 1000 && got[n - 1] == '\n');
		append("{\"new\":1}");
		T_OK(slurp(got, sizeof got) == n + 10);
	}
	T_CASE("several processes append at once: every line is whole, and none is missing")
	{
		char line[4096];
		int lines = 0, seen[4] = { 0 }, w, i;
		spit("{\"torn\":", 8);
		writers(4, 300);
		FILE *f = fopen(path, "r");
		while (f && fgets(line, sizeof line, f)) {
			size_t n = strlen(line);
			lines++;
			if (sscanf(line, "{\"w\":%d,\"i\":%d,", &w, &i) != 2 || w > 3 || seen[w]++ != i || strcmp(line + n - 3, "\"}\n"))
				T_FAIL("line %d: %.60s", lines, line);
		}
		if (f)
			fclose(f);
		T_INT(lines, 1200);
	}
	T_CASE("what is no regular file is written to as it is")
	{
		struct linefile *f;
		struct err e;
		T_INT(linefile_open(&f, "/dev/null", &e), 0);
		T_INT(linefile_put(f, "x", 1, &e), 0);
		T_INT(linefile_close(f, &e), 0);
		T_INT(linefile_open(&f, "/dev/full", &e), 0);
		linefile_put(f, "x", 1, &e);
		T_INT(linefile_close(f, &e), ERR_IO);
		T_INT(linefile_open(&f, "/nowhere/at/all", &e), ERR_IO);
	}
	unlink(path);
	rmdir(dir);
	return t_done();
}
