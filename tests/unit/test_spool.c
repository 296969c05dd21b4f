/* SPDX-License-Identifier: MIT */
/* An output that never makes its writer wait: order, spilling, bounds, errors, SIGPIPE. */
#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "io/spool.h"

#include "t.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define KIB ((size_t)1024)
#define FOREVER INT64_MAX

static struct spool *make(int fd, size_t mem, uint64_t disk)
{
	struct spool *s;
	struct err e;
	if (spool_new(&s, fd, "the output", mem, NULL, disk, NULL, &e) < 0)
		T_FAIL("%s", e.msg);
	return s;
}

static int64_t soon(int ms)
{
	return clock_mono_ns() + ms * INT64_C(1000000);
}

/* Line I: its number, and filling that depends on it. */
static size_t put_line(char *to, unsigned i, size_t n)
{
	int k = snprintf(to, 16, "%08u ", i);
	for (size_t j = (size_t)k; j + 1 < n; j++)
		to[j] = (char)('a' + (i + j) % 26);
	to[n - 1] = '\n';
	return n;
}

static size_t line_length(unsigned i)
{
	return 10 + hash_u64(i) % 3000;
}

/* --- a reader in a thread --- */

struct reader {
	int fd;
	int pause_ms;            /* before it begins */
	uint64_t bytes;
	unsigned lines, wrong;
	pthread_t thread;
};

static void *reader_main(void *arg)
{
	struct reader *r = arg;
	char want[4096];
	clock_sleep_until(soon(r->pause_ms));
	FILE *f = fdopen(r->fd, "r");
	char *line = NULL;
	size_t cap = 0;
	for (ssize_t n; (n = getline(&line, &cap, f)) > 0; r->lines++) {
		size_t len = line_length(r->lines);
		put_line(want, r->lines, len);
		r->wrong += (size_t)n != len || memcmp(line, want, len) != 0;
		r->bytes += (uint64_t)n;
	}
	free(line);
	fclose(f);
	return NULL;
}

static int start_reader(struct reader *r, int pause_ms)
{
	int p[2];
	T_OK(pipe(p) == 0);
	*r = (struct reader){ .fd = p[0], .pause_ms = pause_ms };
	pthread_create(&r->thread, NULL, reader_main, r);
	return p[1];
}

static uint64_t put_lines(struct spool *s, unsigned from, unsigned to)
{
	char line[4096];
	uint64_t sum = 0;
	struct err e;
	for (unsigned i = from; i < to; i++) {
		size_t n = put_line(line, i, line_length(i));
		sum += n;
		if (spool_put(s, line, n, &e) < 0) {
			T_FAIL("%s", e.msg);
			break;
		}
	}
	return sum;
}

static void check_run(unsigned lines, int pause_ms, size_t mem, uint64_t disk, bool spills)
{
	struct reader r;
	struct spool_stats st;
	struct err e;
	int fd = start_reader(&r, pause_ms);
	struct spool *s = make(fd, mem, disk);
	int64_t from = clock_mono_ns();
	uint64_t sum = put_lines(s, 0, lines);
	int64_t took = clock_mono_ns() - from;
	spool_stats(s, &st);
	T_OK(st.waited_ns == 0 || disk < sum);
	T_INT(spool_flush(s, FOREVER, &e), 0);
	T_INT(spool_pending(s), 0);
	spool_stats(s, &st);
	T_INT(st.written, sum);
	/* The last block's room is given back a moment after its bytes are written. */
	for (int i = 0; i < 1000 && (st.in_memory || st.on_disk); i++) {
		clock_sleep_until(soon(1));
		spool_stats(s, &st);
	}
	T_INT(st.in_memory, 0);
	T_INT(st.on_disk, 0);
	T_INT(st.file_size, 0);
	T_INT(st.spilled > 0, spills);
	spool_free(s);
	close(fd);
	pthread_join(r.thread, NULL);
	T_INT(r.bytes, sum);
	T_INT(r.lines, lines);
	T_INT(r.wrong, 0);
	printf("# %.1f MB put in %.0f ms, %.1f MB of it spilled\n", (double)sum / 1e6, (double)took / 1e6, (double)st.spilled / 1e6);
}

static void test_order(void)
{
	T_CASE("what is put comes out in order: in memory") check_run(5000, 0, 64 * KIB * KIB, (uint64_t)1 << 30, false);
	T_CASE("through the file, the reader sleeps at first") check_run(10000, 300, 256 * KIB, (uint64_t)1 << 30, true);
	T_CASE("without a file, and with a short one: the writer waits") {
		check_run(3000, 100, 0, 0, false);
		check_run(3000, 100, 0, 512 * KIB, true);
	}
	T_CASE("single lines come out at once") {
		struct err e;
		int p[2];
		char got[16];
		T_OK(pipe(p) == 0);
		struct spool *s = make(p[1], 0, 0);
		for (int i = 0; i < 100; i++) {
			T_INT(spool_put(s, "line\n", 5, &e), 0);
			T_INT(read(p[0], got, sizeof got), 5);
		}
		T_INT(spool_put(s, "", 0, &e), 0);
		spool_free(s);
		close(p[0]);
		close(p[1]);
	}
	T_CASE("a line longer than all bounds") {
		struct reader r;
		struct err e;
		size_t n = 4 << 20;
		char *line = mem_alloc(n);
		memset(line, 'x', n);
		line[n - 1] = '\n';
		int fd = start_reader(&r, 50);
		struct spool *s = make(fd, 0, 64 * KIB);
		for (int i = 0; i < 3; i++)
			T_INT(spool_put(s, line, n, &e), 0);
		T_INT(spool_flush(s, FOREVER, &e), 0);
		spool_free(s);
		close(fd);
		pthread_join(r.thread, NULL);
		T_INT(r.bytes, 3 * n);
		mem_free(line);
	}
}

static void test_waiting(void)
{
	struct err e;
	T_CASE("a flush has its deadline, and freeing does not wait for a reader that sleeps") {
		int p[2];
		T_OK(pipe(p) == 0);
		struct spool *s = make(p[1], 0, (uint64_t)1 << 30);
		uint64_t sum = put_lines(s, 0, 1000);
		T_OK(spool_pending(s) > 0 && spool_pending(s) <= sum);
		T_INT(spool_flush(s, soon(20), &e), ERR_RETRY);
		T_OK(strstr(e.msg, "the output") && strstr(e.msg, "not yet written"));
		T_INT(spool_flush(s, -1, &e), ERR_RETRY);
		spool_free(s);
		close(p[0]);
		close(p[1]);
	}
	T_CASE("a temporary folder that is not there") {
		struct spool *s;
		T_INT(spool_new(&s, 1, "x", 0, "/no/such/folder", 1, NULL, &e), ERR_IO);
		T_OK(s == NULL && strstr(e.msg, "/no/such/folder"));
		spool_free(NULL);
	}
	T_CASE("the file leaves no name, and what was read goes back to the disk") {
		char dir[] = "/tmp/smtools-spool-test-XXXXXX";
		struct reader r;
		struct spool *s;
		struct spool_stats st;
		T_OK(mkdtemp(dir) != NULL);
		int fd = start_reader(&r, 100);
		T_INT(spool_new(&s, fd, "x", 0, dir, (uint64_t)1 << 30, NULL, &e), 0);
		put_lines(s, 0, 3000);
		T_OK(rmdir(dir) == 0);
		spool_stats(s, &st);
		T_OK(st.on_disk > 0 && st.in_memory < 4 * SPOOL_BLOCK);
		T_INT(spool_flush(s, FOREVER, &e), 0);
		spool_free(s);
		close(fd);
		pthread_join(r.thread, NULL);
		T_INT(r.wrong, 0);
	}
	T_CASE("a disk that is full is no loss") {
		/* A file of ours may have 256 KiB. */
		struct rlimit old, low;
		struct reader r;
		struct spool_stats st;
		signal(SIGXFSZ, SIG_IGN);
		getrlimit(RLIMIT_FSIZE, &old);
		low = old;
		low.rlim_cur = 256 * KIB;
		setrlimit(RLIMIT_FSIZE, &low);
		int fd = start_reader(&r, 100);
		struct spool *s = make(fd, 0, (uint64_t)1 << 30);
		put_lines(s, 0, 3000);
		T_INT(spool_flush(s, FOREVER, &e), 0);
		spool_stats(s, &st);
		T_OK(st.disk_full && st.spilled > 0);
		spool_free(s);
		setrlimit(RLIMIT_FSIZE, &old);
		close(fd);
		pthread_join(r.thread, NULL);
		T_INT(r.lines, 3000);
		T_INT(r.wrong, 0);
	}
}

static void test_errors(void)
{
	struct err e;
	T_CASE("a full disk behind the output is told at the next call") {
		int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
		struct spool *s = make(fd, 0, 0);
		T_INT(spool_put(s, "x\n", 2, &e), 0);
		T_INT(spool_flush(s, FOREVER, &e), ERR_IO);
		T_OK(strstr(e.msg, "the output") && strstr(e.msg, strerror(ENOSPC)));
		T_INT(spool_put(s, "x\n", 2, &e), ERR_IO);
		T_INT(spool_put(s, "x\n", 2, NULL), ERR_IO);
		spool_free(s);
		close(fd);
	}
	T_CASE("who waits for room hears of it, too") {
		int p[2];
		T_OK(pipe(p) == 0);
		signal(SIGPIPE, SIG_IGN);
		struct spool *s = make(p[1], 0, 0);
		int64_t until = soon(5000);
		int rc = 0;
		pid_t pid = fork();
		if (pid == 0) {
			/* The only other end: closed after a while. */
			close(p[1]);
			usleep(100000);
			_exit(0);
		}
		close(p[0]);
		char line[1000];
		memset(line, 'y', sizeof line);
		while (rc == 0 && clock_mono_ns() < until)
			rc = spool_put(s, line, sizeof line, &e);
		T_INT(rc, ERR_IO);
		T_OK(strstr(e.msg, strerror(EPIPE)));
		waitpid(pid, NULL, 0);
		spool_free(s);
		close(p[1]);
		signal(SIGPIPE, SIG_DFL);
	}
	T_CASE("with SIGPIPE in force the process ends by it") {
		int status;
		pid_t pid = fork();
		if (pid == 0) {
			int p[2];
			struct spool *s;
			sigset_t none;
			sigemptyset(&none);
			sigprocmask(SIG_SETMASK, &none, NULL);
			signal(SIGPIPE, SIG_DFL);
			if (pipe(p) < 0 || spool_new(&s, p[1], "x", 0, NULL, 0, NULL, &e) < 0)
				_exit(1);
			close(p[0]);
			spool_put(s, "x\n", 2, &e);
			spool_flush(s, soon(5000), &e);
			_exit(0);
		}
		T_OK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
	}
	T_CASE("an output that is not open") {
		struct spool *s = make(987, 0, 0);
		spool_put(s, "x\n", 2, &e);
		T_INT(spool_flush(s, FOREVER, &e), ERR_IO);
		spool_free(s);
	}
}

/* --- many writers --- */

struct many {
	struct spool *s;
	unsigned id;
	pthread_t thread;
};

static void *many_main(void *arg)
{
	struct many *m = arg;
	char line[600];
	for (unsigned i = 0; i < 2000; i++) {
		size_t n = 20 + hash_u64(i + m->id) % 500;
		int k = snprintf(line, sizeof line, "%u %u ", m->id, i);
		memset(line + k, 'a' + (int)m->id, n - (size_t)k - 1);
		line[n - 1] = '\n';
		if (spool_put(m->s, line, n, NULL) < 0)
			break;
	}
	return NULL;
}

static void test_threads(void)
{
	T_CASE("many writers: lines stay whole, each one's in order") {
		char path[] = "/tmp/smtools-spool-out-XXXXXX";
		int fd = mkstemp(path);
		struct err e;
		struct many m[4];
		unsigned next[4] = { 0 }, wrong = 0;
		struct spool *s = make(fd, 0, (uint64_t)1 << 30);
		for (unsigned i = 0; i < 4; i++) {
			m[i] = (struct many){ s, i, 0 };
			pthread_create(&m[i].thread, NULL, many_main, &m[i]);
		}
		for (unsigned i = 0; i < 4; i++)
			pthread_join(m[i].thread, NULL);
		T_INT(spool_flush(s, FOREVER, &e), 0);
		spool_free(s);
		FILE *f = fdopen(fd, "r");
		rewind(f);
		char line[1000];
		while (fgets(line, sizeof line, f)) {
			unsigned id, i;
			size_t n = strlen(line), k = 0;
			if (sscanf(line, "%u %u ", &id, &i) != 2 || id > 3 || i != next[id]++ || n != 20 + hash_u64(i + id) % 500) {
				wrong++;
				continue;
			}
			for (k = n - 2; line[k] == (char)('a' + (int)id); k--)
				;
			wrong += line[k] != ' ';
		}
		T_INT(wrong, 0);
		for (unsigned i = 0; i < 4; i++)
			T_INT(next[i], 2000);
		fclose(f);
		unlink(path);
	}
}

int main(void)
{
	test_order();
	test_waiting();
	test_errors();
	test_threads();
	return t_done();
}
