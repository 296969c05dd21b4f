/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "base/rand.h"
#include "rate/spill.h"
#include "t.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* In memory where there is such a place: fsync is called thousands of times here. */
static char root[] = "/dev/shm/sm-spill-XXXXXX", on_disk[] = "/tmp/sm-spill-XXXXXX";
static char dir[96];

static const char *fresh(void)
{
	static int n;
	snprintf(dir, sizeof dir, "%.40s/%d", root, ++n);
	return dir;
}

static struct spill *open_spill(uint64_t max, uint64_t segment)
{
	struct spill_opts o = { .max = max, .segment = segment };
	struct spill *s = NULL;
	struct err e;
	if (spill_open(&s, dir, &o, &e) != 0)
		T_FAIL("%s", e.msg);
	return s;
}

static struct item *record(int i)
{
	char line[64], key[16];
	int n = snprintf(line, sizeof line, "{\"i\":%d}", i), k = snprintf(key, sizeof key, "\"%d", i % 7);
	struct item *it = item_new(line, (size_t)n, key, (size_t)k);
	it->event_us = -i;
	it->route = (uint64_t)i * 3;
	return it;
}

static int append(struct spill *s, int i)
{
	struct err e;
	struct item *it = record(i);
	int r = spill_append(s, it, &e);
	if (r < 0)
		T_FAIL("%s", e.msg);
	item_free(it);
	return r;
}

static int number(const struct item *it)
{
	return (int)strtol(it->text + 5, NULL, 10);
}

/* Read everything, in order, from WANT on; returns the number behind the last. */
static int read_all(struct spill *s, int want)
{
	struct err e;
	for (;;) {
		struct item_list l = { 0 };
		struct item *it;
		if (spill_read(s, &l, 1 << 20, &e) != 0)
			T_FAIL("%s", e.msg);
		if (!l.head)
			return want;
		while ((it = item_pop(&l)) != NULL) {
			if (number(it) != want)
				T_FAIL("%d came, not %d", number(it), want);
			T_OK(it->event_us == -number(it) && it->route == (uint64_t)number(it) * 3 && it->nkey == 2 && item_key(it)[1] == '0' + number(it) % 7);
			want = number(it) + 1;
			spill_done(s, it->chunk);
			item_free(it);
		}
		if (spill_settle(s, &e) != 0)
			T_FAIL("%s", e.msg);
	}
}

static int files(const char *end)
{
	DIR *d = opendir(dir);
	struct dirent *en;
	int n = 0;
	while (d && (en = readdir(d)) != NULL)
		n += strlen(en->d_name) > strlen(end) && strcmp(en->d_name + strlen(en->d_name) - strlen(end), end) == 0;
	if (d)
		closedir(d);
	return n;
}

static void last_segment(char *path, size_t n)
{
	DIR *d = opendir(dir);
	struct dirent *en;
	char best[64] = "";
	while (d && (en = readdir(d)) != NULL)
		if (strstr(en->d_name, ".seg") && strcmp(en->d_name, best) > 0)
			snprintf(best, sizeof best, "%.60s", en->d_name);
	if (d)
		closedir(d);
	snprintf(path, n, "%s/%s", dir, best);
}

static void test_queue(void)
{
	struct err e;
	struct spill *s;
	T_CASE("spill: first in first out over many segments; an empty folder in the end")
	{
		fresh();
		s = open_spill(0, 4096);
		T_INT(spill_begin(s, NULL, NULL, &e), 0);
		for (int i = 0; i < 20000; i++)
			append(s, i);
		T_INT(spill_flush(s, &e), 0);
		T_OK(files(".seg") > 5);
		T_OK(!spill_empty(s));
		T_INT(read_all(s, 0), 20000);
		T_OK(spill_empty(s));
		T_INT(files(".seg"), 0);
		/* And again. */
		for (int i = 0; i < 100; i++)
			append(s, i);
		T_INT(read_all(s, 0), 100);
		T_INT(spill_close(s, &e), 0);
		T_INT(files(".seg") + files("offset") + files("SPILL"), 0);
	}
	T_CASE("spill: appending and reading in turns, items done in another order than they were read in")
	{
		struct rng r;
		rng_seed(&r, 9);
		fresh();
		s = open_spill(0, 2000);
		T_INT(spill_begin(s, NULL, NULL, &e), 0);
		struct item *held[200];
		int nheld = 0, in = 0, out = 0;
		for (int round = 0; round < t_rounds(4000); round++) {
			for (uint64_t k = rng_below(&r, 40); k-- > 0;)
				append(s, in++);
			if (rng_below(&r, 2))
				T_INT(spill_flush(s, &e), 0);
			struct item_list l = { 0 };
			struct item *it;
			if (nheld < 100)
				T_INT(spill_read(s, &l, 1 + rng_below(&r, 3000), &e), 0);
			while ((it = item_pop(&l)) != NULL) {
				T_INT(number(it), out);
				out++;
				if (nheld < 200) {
					held[nheld++] = it;
				} else {
					spill_done(s, it->chunk);
					item_free(it);
				}
			}
			for (uint64_t k = rng_below(&r, 80); k-- > 0 && nheld;) {
				size_t i = (size_t)rng_below(&r, (uint64_t)nheld);
				spill_done(s, held[i]->chunk);
				item_free(held[i]);
				held[i] = held[--nheld];
			}
			if (rng_below(&r, 5) == 0)
				T_INT(spill_settle(s, &e), 0);
		}
		while (nheld) {
			spill_done(s, held[--nheld]->chunk);
			item_free(held[nheld]);
		}
		T_INT(read_all(s, out), in);
		T_INT(spill_close(s, &e), 0);
		T_INT(files(".seg"), 0);
	}
	T_CASE("spill: at its bound it takes nothing until a segment is gone")
	{
		fresh();
		s = open_spill(20000, 4000);
		T_INT(spill_begin(s, NULL, NULL, &e), 0);
		int n = 0;
		while (append(s, n) == 0)
			n++;
		struct spill_stats st;
		spill_stats(s, &st);
		T_OK(st.held <= 20000 && st.held > 15000);
		T_INT(append(s, n), SPILL_FULL);
		T_INT(read_all(s, 0), n);
		T_INT(append(s, n), 0);
		T_INT(read_all(s, n), n + 1);
		T_INT(spill_close(s, &e), 0);
	}
	T_CASE("spill: two processes, a newer format, a folder that cannot be")
	{
		struct spill *other;
		struct spill_opts o = { 0 };
		fresh();
		s = open_spill(0, 0);
		T_INT(spill_open(&other, dir, &o, &e), ERR_CONFLICT);
		T_INT(spill_close(s, &e), 0);
		char path[128];
		snprintf(path, sizeof path, "%s/SPILL", dir);
		FILE *f = fopen(path, "w");
		fputs("{\"v\":2,\"stream\":null}\n", f);
		fclose(f);
		T_INT(spill_open(&other, dir, &o, &e), ERR_UNSUPPORTED);
		T_OK(strstr(e.file, "/SPILL"));
		T_INT(spill_open(&other, "/dev/null/x", &o, &e), ERR_IO);
	}
}

static void test_restart(void)
{
	struct err e;
	struct spill *s;
	const char *stream;
	bool removed;
	T_CASE("spill: what was not done is there again, what was done is not")
	{
		fresh();
		s = open_spill(0, 4096);
		T_INT(spill_begin(s, NULL, NULL, &e), 0);
		for (int i = 0; i < 1000; i++)
			append(s, i);
		T_INT(spill_flush(s, &e), 0);
		struct item_list l = { 0 };
		struct item *it;
		int n = 0;
		T_INT(spill_read(s, &l, 6000, &e), 0);
		while ((it = item_pop(&l)) != NULL) {
			if (n < 50)
				n++;
			spill_done(s, it->chunk);
			item_free(it);
		}
		T_INT(spill_close(s, &e), 0);
		s = open_spill(0, 4096);
		T_OK(spill_leftover(s, &stream) && !stream);
		T_INT(spill_begin(s, NULL, NULL, &e), 0);
		append(s, 1000);
		T_INT(spill_read(s, &l, 1, &e), 0);
		n = number(l.head);
		T_OK(n > 50 && n < 1000);
		while ((it = item_pop(&l)) != NULL) {
			T_INT(number(it), n++);
			spill_done(s, it->chunk);
			item_free(it);
		}
		T_INT(read_all(s, n), 1001);
		T_INT(spill_close(s, &e), 0);
	}
	T_CASE("spill: a process that dies takes with it what it was given, no more of what is not in a file yet")
	{
		fresh();
		fflush(NULL);
		pid_t pid = fork();
		if (pid == 0) {
			struct item_list l = { 0 };
			s = open_spill(0, 0);
			bool fine = spill_begin(s, NULL, NULL, &e) == 0;
			for (int i = 0; i < 1000; i++)
				append(s, i);
			fine = fine && spill_read(s, &l, 400, &e) == 0 && l.head && number(l.head) == 0;
			int n = 0;
			for (const struct item *it = l.head; it; it = it->next)
				n++;
			if (fine && n < 20)
				kill(getpid(), SIGKILL);
			_exit(1);
		}
		int status;
		T_OK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
		s = open_spill(0, 0);
		T_OK(spill_leftover(s, &stream) && !stream);
		T_INT(spill_begin(s, NULL, NULL, &e), 0);
		T_INT(read_all(s, 0), 1000);
		T_INT(spill_close(s, &e), 0);
	}
	T_CASE("spill: whose records they are")
	{
		fresh();
		s = open_spill(0, 0);
		T_INT(spill_begin(s, "id", NULL, &e), 0);
		append(s, 1);
		T_INT(spill_close(s, &e), 0);
		s = open_spill(0, 0);
		T_OK(spill_leftover(s, &stream) && strcmp(stream, "id") == 0);
		T_INT(spill_begin(s, NULL, NULL, &e), ERR_CONFLICT);
		T_INT(spill_begin(s, "idx", NULL, &e), ERR_CONFLICT);
		T_INT(spill_begin(s, "id.2", &removed, &e), 0);
		T_OK(removed && spill_empty(s));
		T_INT(files(".seg"), 0);
		append(s, 7);
		T_INT(spill_flush(s, &e), 0);
		T_INT(spill_close(s, &e), 0);
		s = open_spill(0, 0);
		T_OK(spill_leftover(s, &stream) && strcmp(stream, "id.2") == 0);
		T_INT(spill_begin(s, "id.2", &removed, &e), 0);
		T_INT(spill_close(s, &e), 0);
		s = open_spill(0, 0);
		T_OK(!spill_leftover(s, &stream));
		T_INT(spill_begin(s, NULL, NULL, &e), 0);
		append(s, 1);
		T_INT(spill_close(s, &e), 0);
		s = open_spill(0, 0);
		T_INT(spill_begin(s, "id", NULL, &e), ERR_CONFLICT);
		T_INT(spill_close(s, &e), 0);
	}
	T_CASE("spill: marks of an earlier run mean nothing any more")
	{
		fresh();
		s = open_spill(0, 0);
		T_INT(spill_begin(s, NULL, NULL, &e), 0);
		append(s, 0);
		struct item *mark = item_new("{}", 2, "", 0);
		mark->mark = true;
		T_INT(spill_append(s, mark, &e), 0);
		item_free(mark);
		append(s, 1);
		T_INT(spill_close(s, &e), 0);
		s = open_spill(0, 0);
		T_INT(spill_begin(s, NULL, NULL, &e), 0);
		T_INT(read_all(s, 0), 2);
		T_INT(spill_close(s, &e), 0);
	}
}

static void test_damage(void)
{
	struct err e;
	struct spill *s;
	struct spill_stats st;
	char path[160];
	T_CASE("spill: a tail torn at any byte is cut off; what stands before it is there")
	{
		fresh();
		s = open_spill(0, 1 << 20);
		T_INT(spill_begin(s, NULL, NULL, &e), 0);
		for (int i = 0; i < 20; i++)
			append(s, i);
		T_INT(spill_close(s, &e), 0);
		last_segment(path, sizeof path);
		static char text[4096];
		int fd = open(path, O_RDONLY);
		ssize_t n = read(fd, text, sizeof text);
		close(fd);
		int before = 0;
		for (ssize_t cut = 0; cut <= n; cut++) {
			fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
			T_OK(write(fd, text, (size_t)cut) == cut);
			/* Blocks reach the disk in any order: there may be rubbish behind. */
			if (cut % 3 == 0 && cut < n)
				T_OK(write(fd, "\0\0\0\0\0\0\0\0\0\0", 10) == 10);
			close(fd);
			char offset[128];
			snprintf(offset, sizeof offset, "%s/offset", dir);
			unlink(offset);
			s = open_spill(0, 1 << 20);
			T_INT(spill_begin(s, NULL, NULL, &e), 0);
			int got = 0;
			struct item_list l = { 0 };
			struct item *it;
			T_INT(spill_read(s, &l, 1 << 20, &e), 0);
			while ((it = item_pop(&l)) != NULL) {
				T_INT(number(it), got++);
				item_free(it);
			}
			T_OK(got >= before && (cut < n || got == 20));
			before = got;
			T_INT(spill_close(s, &e), 0);
		}
	}
	T_CASE("spill: damage in the middle costs the rest of its segment, is counted, and stops nothing")
	{
		fresh();
		s = open_spill(0, 70000);
		T_INT(spill_begin(s, NULL, NULL, &e), 0);
		for (int i = 0; i < 9000; i++)
			append(s, i);
		T_INT(spill_close(s, &e), 0);
		T_OK(files(".seg") >= 3);
		snprintf(path, sizeof path, "%s/00000000000000000002.seg", dir);
		int fd = open(path, O_WRONLY);
		T_OK(pwrite(fd, "\xff\xff", 2, 5000) == 2);
		close(fd);
		s = open_spill(0, 70000);
		T_INT(spill_begin(s, NULL, NULL, &e), 0);
		int last = -1, got = 0;
		for (;;) {
			struct item_list l = { 0 };
			struct item *it;
			T_INT(spill_read(s, &l, 1 << 20, &e), 0);
			if (!l.head)
				break;
			while ((it = item_pop(&l)) != NULL) {
				T_OK(number(it) > last);
				last = number(it);
				got++;
				spill_done(s, it->chunk);
				item_free(it);
			}
		}
		spill_stats(s, &st);
		T_INT(last, 8999);
		T_OK(st.damaged > 30000 && got > 4000 && got < 9000);
		T_INT(spill_close(s, &e), 0);
		T_INT(files(".seg"), 0);
	}
	T_CASE("spill: an offset that cannot be read costs nothing but records that come again")
	{
		fresh();
		s = open_spill(0, 0);
		T_INT(spill_begin(s, NULL, NULL, &e), 0);
		for (int i = 0; i < 50; i++)
			append(s, i);
		T_INT(spill_close(s, &e), 0);
		snprintf(path, sizeof path, "%s/offset", dir);
		FILE *f = fopen(path, "w");
		fputs("{\"v\":1,\"segm", f);
		fclose(f);
		s = open_spill(0, 0);
		T_INT(spill_begin(s, NULL, NULL, &e), 0);
		T_INT(read_all(s, 0), 50);
		T_INT(spill_close(s, &e), 0);
	}
}

struct plan {
	int left, code;          /* steps until it happens; the errno of the step, 0: the process dies there */
	const char *only;        /* count no other steps; NULL: all of them */
	const char *small;       /* a small file: */
	int crowded;             /* of so many tries to write it all but one find a full disk; 0: none does */
	int tries;
};

static bool no_room(struct plan *p, const char *step, const char *path)
{
	return p->crowded && strstr(path, p->small) && strcmp(step, "write") == 0 && ++p->tries % p->crowded != 0;
}

static int on_step(void *arg, const char *step, const char *path)
{
	struct plan *p = arg;
	if (no_room(p, step, path))
		return ENOSPC;
	if ((p->only && (strcmp(step, p->only) != 0 || !strstr(path, ".seg"))) || p->left-- != 0)
		return 0;
	if (p->code == 0)
		raise(SIGKILL);
	return p->code;
}

/* By a signal, as memory checkers look for leaks at any other end. */
static void gave_up(void)
{
	raise(SIGTERM);
}

/* Append and read in turns; tells through FD what was in a file (a flush came back) and what was written to the output. */
static void work(int fd, struct plan *p, int from)
{
	struct spill_opts o = { .segment = 700, .fault = on_step, .fault_arg = p };
	struct spill *s;
	struct err e;
	int said[2], in = from, out = -1;
	if (spill_open(&s, dir, &o, &e) != 0 || spill_begin(s, NULL, NULL, &e) != 0)
		gave_up();
	for (int round = 0; round < 30; round++) {
		for (int k = 0; k < 13; k++) {
			struct item *it = record(in++);
			if (spill_append(s, it, &e) != 0)
				gave_up();
			item_free(it);
		}
		if (spill_flush(s, &e) != 0)
			gave_up();
		struct item_list l = { 0 };
		struct item *it;
		if (round % 3 == 2 && spill_read(s, &l, 400, &e) != 0)
			gave_up();
		said[0] = in;
		while ((it = item_pop(&l)) != NULL) {
			out = number(it) + 1;
			said[1] = out;
			if (write(fd, said, sizeof said) != sizeof said)
				gave_up();
			spill_done(s, it->chunk);
			item_free(it);
		}
		said[1] = out;
		if (write(fd, said, sizeof said) != sizeof said || spill_settle(s, &e) != 0)
			gave_up();
	}
	if (spill_close(s, &e) != 0)
		gave_up();
	_exit(0);
}

/* After it died: everything that was in a file and not written is there, in order, without a hole. */
static bool check(int in, int out, int step)
{
	struct err e;
	struct spill *s = open_spill(0, 700);
	if (!s || spill_begin(s, NULL, NULL, &e) != 0)
		return false;
	struct item_list l = { 0 };
	struct item *it;
	int first = -1, next = -1;
	do {
		if (spill_read(s, &l, 1 << 20, &e) != 0)
			T_FAIL("step %d: %s", step, e.msg);
		bool any = l.head;
		while ((it = item_pop(&l)) != NULL) {
			if (first < 0)
				first = next = number(it);
			if (number(it) != next++)
				T_FAIL("step %d: %d, not %d", step, number(it), next - 1);
			spill_done(s, it->chunk);
			item_free(it);
		}
		if (!any)
			break;
	} while (true);
	out = out < 0 ? 0 : out;
	if (out < in && (first < 0 || first > out || next < in))
		T_FAIL("step %d: %d..%d left, %d..%d wanted", step, first, next, out, in);
	T_INT(spill_close(s, &e), 0);
	if (files(".seg")) {
		T_FAIL("step %d: a segment is left", step);
		return false;
	}
	return true;
}

/* A process works until it dies as PLAN says. What it told is in *IN, *OUT; returns its status. */
static int run_child(struct plan plan, int *in, int *out)
{
	int p[2], said[2], status;
	*in = 0;
	*out = -1;
	fresh();
	T_OK(pipe(p) == 0);
	pid_t child = fork();
	if (child == 0) {
		close(p[0]);
		work(p[1], &plan, 0);
	}
	close(p[1]);
	while (read(p[0], said, sizeof said) == sizeof said) {
		*in = said[0];
		*out = said[1];
	}
	close(p[0]);
	waitpid(child, &status, 0);
	return status;
}

/* Dies before every step in turn, until there are no more. */
static void all_steps(int crowded, int least)
{
	int step = 0, status = 0, in, out;
	for (; step < 2000; step++) {
		status = run_child((struct plan){ step, 0, .small = "/.offset", .crowded = crowded }, &in, &out);
		bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
		if (!killed && !(WIFEXITED(status) && WEXITSTATUS(status) == 0)) {
			T_FAIL("step %d: status %x", step, status);
			break;
		}
		if (!check(in, out, step) || !killed)
			break;
	}
	T_OK(step > least && WIFEXITED(status) && WEXITSTATUS(status) == 0);
	printf("# %d steps\n", step);
}

static void test_crashes(void)
{
	T_CASE("spill: dying before any step loses nothing that was in a file and not written")
	{
		all_steps(0, 100);
	}
	T_CASE("spill: the same while the small files find no room, always, and but for one time in three")
	{
		all_steps(1 << 30, 50);
		all_steps(3, 50);
	}
	T_CASE("spill: a step that fails is an error, and loses nothing either")
	{
		int errors = 0;
		for (int step = 0; step < 400; step++) {
			int in, out, status = run_child((struct plan){ step, EIO }, &in, &out);
			bool error = WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM;
			T_OK(error || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
			errors += error;
			check(in, out, step);
		}
		T_OK(errors > 100);
	}
	T_CASE("spill: on a full disk it holds still, and goes on when there is room")
	{
		struct plan plan = { -1, 0 };
		struct spill_opts o = { .segment = 1 << 20, .fault = on_step, .fault_arg = &plan };
		struct spill *s;
		struct err e;
		fresh();
		T_INT(spill_open(&s, dir, &o, &e), 0);
		T_INT(spill_begin(s, NULL, NULL, &e), 0);
		for (int i = 0; i < 10; i++)
			append(s, i);
		T_INT(spill_flush(s, &e), 0);
		for (int i = 10; i < 20; i++)
			append(s, i);
		plan = (struct plan){ 0, ENOSPC };
		T_INT(spill_flush(s, &e), 0);
		struct spill_stats st;
		spill_stats(s, &st);
		T_OK(st.disk_full);
		plan = (struct plan){ 0, ENOSPC };
		T_INT(append(s, 20), SPILL_FULL);
		T_INT(append(s, 20), 0);
		T_INT(read_all(s, 0), 21);
		/* The same when it is a new segment that does not fit. */
		for (int k = 0; k < 3; k++) {
			append(s, 0);
			plan = (struct plan){ 0, ENOSPC, k == 0 ? "open" : k == 1 ? "write" : "fsync" };
			T_INT(spill_flush(s, &e), 0);
			spill_stats(s, &st);
			T_OK(st.disk_full && st.segments == 0);
			T_INT(append(s, 1), 0);
			spill_stats(s, &st);
			T_OK(!st.disk_full);
			T_INT(spill_flush(s, &e), 0);
			T_INT(read_all(s, 0), 2);
		}
		T_INT(files(".seg"), 0);
		T_INT(spill_close(s, &e), 0);
		/* And when it is the file that says whose records these are. */
		plan = (struct plan){ -1, 0, .small = "/.SPILL", .crowded = 3 };
		T_INT(spill_open(&s, fresh(), &o, &e), 0);
		T_INT(spill_begin(s, NULL, NULL, &e), 0);
		append(s, 0);
		T_INT(spill_flush(s, &e), 0);
		T_INT(append(s, 1), SPILL_FULL);
		T_INT(files(".seg"), 0);
		T_INT(append(s, 1), 0);
		T_INT(spill_flush(s, &e), 0);
		T_INT(files(".seg"), 1);
		T_INT(read_all(s, 0), 2);
		T_INT(spill_close(s, &e), 0);
	}
}

int main(void)
{
	if (!mkdtemp(root) && mkdtemp(on_disk))
		memcpy(root, on_disk, sizeof on_disk);
	test_queue();
	test_restart();
	test_damage();
	test_crashes();
	char rm[64];
	snprintf(rm, sizeof rm, "rm -rf %s", root);
	return t_done() | (system(rm) != 0);
}
