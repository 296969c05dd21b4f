/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "stream/ck.h"
#include "stream/journal.h"
#include "stream/state.h"
#include "t.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char root[] = "/tmp/sm-ck-XXXXXX";
static char dir[64];

static const char *fresh(void)
{
	static int n;
	snprintf(dir, sizeof dir, "%s/ck%d", root, ++n);
	return dir;
}

static const char *in_dir(const char *name)
{
	static char path[128];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

static void put(const char *name, const char *text, size_t n, int flags)
{
	int fd = open(in_dir(name), O_WRONLY | O_CREAT | flags, 0666);
	T_OK(fd >= 0 && write(fd, text, n) == (ssize_t)n);
	close(fd);
}

static void put_text(const char *name, const char *text, int flags)
{
	put(name, text, strlen(text), flags);
}

static void get(const char *name, char *to, size_t cap)
{
	FILE *f = fopen(in_dir(name), "r");
	size_t n = f ? fread(to, 1, cap - 1, f) : 0;
	to[n] = '\0';
	if (f)
		fclose(f);
}

static struct journal_entry entry(int64_t seq, const char *cursor)
{
	return (struct journal_entry){ .seq = seq, .from = 0, .generation = 1, .at_us = 0, .cursor = cursor,
		.ncursor = strlen(cursor) };
}

static void append(struct journal *j, int64_t seq, const char *cursor)
{
	struct err e;
	struct journal_entry en = entry(seq, cursor);
	if (journal_append(j, &en, &e) != 0)
		T_FAIL("%s", e.msg);
}

static void test_folder(void)
{
	struct ck *ck, *other;
	struct err e;
	char text[256];
	T_CASE("checkpoint: made once, the same stream ever after")
	{
		char stream[64];
		T_INT(ck_open(&ck, fresh(), CK_CREATE, &e), 0);
		snprintf(stream, sizeof stream, "%s", ck->stream);
		T_INT(ck->generation, 1);
		T_INT(strlen(stream), 36);
		ck_close(ck);
		get("FORMAT", text, sizeof text);
		T_STR(text, "smtools checkpoint 1\n");
		T_INT(ck_open(&ck, dir, CK_CREATE, &e), 0);
		T_STR(ck->stream, stream);
		T_INT(ck_next_generation(ck, &e), 0);
		ck_close(ck);
		T_INT(ck_open(&ck, dir, 0, &e), 0);
		T_INT(ck->generation, 2);
		T_INT(strlen(ck->stream), 38);
		T_STR(ck->stream + 36, ".2");
		ck_close(ck);
	}
	T_CASE("checkpoint: one source at a time; the lock ends with its owner, however that ends")
	{
		bool running;
		int64_t pid;
		T_INT(ck_open(&ck, fresh(), CK_CREATE, &e), 0);
		T_INT(ck_open(&other, dir, CK_LOCK, &e), ERR_CONFLICT);
		snprintf(text, sizeof text, "in use by process %d", (int)getpid());
		T_OK(strstr(e.msg, text));
		T_INT(ck_open(&other, dir, 0, &e), 0);
		T_INT(ck_running(other, &running, &pid, &e), 0);
		T_OK(running && pid == getpid());
		ck_close(ck);
		T_INT(ck_running(other, &running, &pid, &e), 0);
		T_OK(!running);
		ck_close(other);
		int fds[2];
		T_OK(pipe(fds) == 0);
		pid_t child = fork();
		if (child == 0) {
			if (ck_open(&ck, dir, CK_LOCK, &e) != 0 || write(fds[1], "x", 1) != 1)
				_exit(1);
			for (;;)
				pause();
		}
		T_INT(read(fds[0], text, 1), 1);
		T_INT(ck_open(&other, dir, CK_LOCK, &e), ERR_CONFLICT);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		T_INT(ck_open(&other, dir, CK_LOCK, &e), 0);
		ck_close(other);
		close(fds[0]);
		close(fds[1]);
	}
	T_CASE("checkpoint: what is none is refused and left alone")
	{
		T_INT(ck_open(&ck, fresh(), 0, &e), ERR_NOT_FOUND);
		mkdir(dir, 0777);
		put_text("notes.txt", "x", 0);
		T_INT(ck_open(&ck, dir, CK_CREATE, &e), ERR_DATA);
		T_OK(strstr(e.msg, "notes.txt") != NULL);
		T_OK(access(in_dir("lock"), F_OK) != 0 && access(in_dir("FORMAT"), F_OK) != 0);
		put_text("FORMAT", "smtools checkpoint 2\n", 0);
		T_INT(ck_open(&ck, dir, CK_CREATE, &e), ERR_UNSUPPORTED);
		put_text("FORMAT", "something else\n    \n", O_TRUNC);
		T_INT(ck_open(&ck, dir, 0, &e), ERR_DATA);
		T_INT(ck_open(&ck, in_dir("notes.txt"), CK_CREATE, &e), ERR_DATA);
		T_INT(ck_open(&ck, "", CK_CREATE, &e), ERR_USAGE);
		T_OK(!ck_is(dir, &e));
	}
	T_CASE("checkpoint: a crash while it was made is made good")
	{
		fresh();
		mkdir(dir, 0777);
		put_text("id", "{\"v\":1,\"id\":\"abc\",\"generation\":1}\n", 0);
		T_INT(ck_open(&ck, dir, CK_CREATE, &e), 0);
		T_STR(ck->stream, "abc");
		ck_close(ck);
		put_text("id", "{\"v\":1,\"id\":\"\",\"generation\":1}\n", O_TRUNC);
		T_INT(ck_open(&ck, dir, 0, &e), ERR_DATA);
	}
}

static void save(struct ck *ck, int64_t seq, const char *table, int want, bool want_moved)
{
	struct ck_record rec = { .stream = ck->stream, .table = table, .seq = seq, .version = 3 };
	struct err e = { 0 };
	bool moved = false;
	int r = ck_record_save(ck, &rec, &moved, &e);
	if (r != want || moved != want_moved)
		T_FAIL("seq %lld of %s gave %d, moved %d: %s", (long long)seq, table, r, moved, e.msg);
}

static void test_record(void)
{
	struct arena a = ARENA_INIT;
	struct ck_record rec;
	struct ck *ck, *other;
	struct err e;
	T_CASE("record: goes forward only, and stays with its table and stream")
	{
		T_INT(ck_open(&ck, fresh(), CK_CREATE, &e), 0);
		T_INT(ck_record_read(ck, &a, &rec, &e), ERR_NOT_FOUND);
		save(ck, 5, "/t \"x\"", 0, true);
		save(ck, 4, "/t \"x\"", 0, false);
		save(ck, 5, "/t \"x\"", 0, false);
		save(ck, 9, "/other", ERR_CONFLICT, false);
		save(ck, 9, NULL, ERR_CONFLICT, false);
		save(ck, 6, "/t \"x\"", 0, true);
		T_INT(ck_record_read(ck, &a, &rec, &e), 0);
		T_INT(rec.seq, 6);
		T_INT(rec.version, 3);
		T_STR(rec.table, "/t \"x\"");
		T_STR(rec.stream, ck->stream);
	}
	T_CASE("record: after a rewind the old stream is refused, the new one begins anywhere")
	{
		T_INT(ck_open(&other, dir, 0, &e), 0);
		T_INT(ck_next_generation(ck, &e), 0);
		save(other, 7, "/t \"x\"", ERR_CONFLICT, false);
		ck_close(other);
		save(ck, 1, "/new", 0, true);
		ck_close(ck);
	}
	arena_release(&a);
}

struct fault {
	int left;        /* steps that go well before the one that fails */
};

static int fault(void *arg, const char *step, const char *path)
{
	struct fault *f = arg;
	(void)step;
	(void)path;
	return f->left-- == 0 ? EIO : 0;
}

static void test_journal(void)
{
	struct arena a = ARENA_INIT;
	struct journal_entry en;
	struct journal *j;
	struct ck *ck;
	struct err e;
	char text[1024];
	T_CASE("journal: a seq is found again with its cursor, byte for byte, and never used twice")
	{
		T_INT(ck_open(&ck, fresh(), CK_CREATE, &e), 0);
		T_INT(journal_open(&j, ck, &e), 0);
		T_INT(journal_last(j), 0);
		append(j, 1, "null");
		append(j, 3, "{\"id\":675127116845989889, \"a\":[]}");
		struct journal_entry again = entry(3, "1"), broken = entry(4, "[\n]");
		T_INT(journal_append(j, &again, &e), ERR_DATA);
		T_INT(journal_append(j, &broken, &e), ERR_DATA);
		journal_close(j);
		T_INT(journal_open(&j, ck, &e), 0);
		T_INT(journal_last(j), 3);
		T_INT(journal_find(ck, 1, 3, &a, &en, &e), 0);
		T_MEM(en.cursor, en.ncursor, "{\"id\":675127116845989889, \"a\":[]}", strlen("{\"id\":675127116845989889, \"a\":[]}"));
		T_INT(journal_find(ck, 1, 2, &a, &en, &e), ERR_NOT_FOUND);
		T_INT(journal_find(ck, 2, 3, &a, &en, &e), ERR_NOT_FOUND);
		journal_close(j);
	}
	T_CASE("journal: a torn end is passed over by readers and cut off by the owner")
	{
		static const char *const torn[] = { "{\"seq\":4,\"from\":0,\"gen\":1,\"cur", "{\"seq\":4,\"from\":0,\"gen\":1,\"cur\n", "x", "\n" };
		get("journal", text, sizeof text);
		for (size_t i = 0; i < sizeof torn / sizeof *torn; i++) {
			char now[1024];
			put_text("journal", torn[i], O_APPEND);
			T_INT(journal_find(ck, 1, 3, &a, &en, &e), 0);
			T_INT(journal_open(&j, ck, &e), 0);
			T_INT(journal_last(j), 3);
			journal_close(j);
			get("journal", now, sizeof now);
			T_STR(now, text);
		}
		put("journal", "\0\0\0\0\0\0\0\0", 8, O_APPEND);
		T_INT(journal_open(&j, ck, &e), 0);
		append(j, 4, "\"four\"");
		journal_close(j);
		T_INT(journal_find(ck, 1, 4, &a, &en, &e), 0);
		T_MEM(en.cursor, en.ncursor, "\"four\"", 6);
	}
	T_CASE("journal: one that cannot be looked at is left as it is")
	{
		char now[1024];
		get("journal", text, sizeof text);
		for (int n = 0; n < 4; n++) {
			struct fault f = { n };
			store_set_fault(ck->store, fault, &f);
			int r = journal_open(&j, ck, &e);
			store_set_fault(ck->store, NULL, NULL);
			if (r == 0)
				journal_close(j);
			T_OK(r == (f.left < 0 ? ERR_IO : 0));
			get("journal", now, sizeof now);
			T_STR(now, text);
		}
	}
	T_CASE("journal: damage before the last line is an error that names the line")
	{
		put_text("journal", "junk\n{\"seq\":9,\"from\":0,\"gen\":1,\"cursor\":1}\n", O_APPEND);
		T_INT(journal_open(&j, ck, &e), ERR_DATA);
		T_INT(e.line, 4);
		T_STR(e.file, in_dir("journal"));
		put_text("journal", "{\"seq\":9,\"from\":0,\"gen\":1,\"cursor\":1}\n{\"seq\":9,\"from\":0,\"gen\":1,\"cursor\":1}\n", O_TRUNC);
		T_INT(journal_open(&j, ck, &e), ERR_DATA);
		T_INT(e.line, 2);
		ck_close(ck);
	}
	T_CASE("journal: pruned below a seq, of other generations too; the last line stays")
	{
		T_INT(ck_open(&ck, fresh(), CK_CREATE, &e), 0);
		T_INT(journal_open(&j, ck, &e), 0);
		for (int64_t i = 1; i <= 10; i++)
			append(j, i, "1");
		T_INT(journal_prune(j, 1, 8, &e), 0);
		T_INT(journal_lines(j), 3);
		append(j, 11, "2");
		T_INT(journal_find(ck, 1, 7, &a, &en, &e), ERR_NOT_FOUND);
		T_INT(journal_find(ck, 1, 8, &a, &en, &e), 0);
		T_INT(journal_find(ck, 1, 11, &a, &en, &e), 0);
		T_INT(journal_prune(j, 2, 0, &e), 0);
		T_INT(journal_lines(j), 1);
		journal_close(j);
		T_INT(journal_open(&j, ck, &e), 0);
		T_INT(journal_last(j), 11);
		journal_close(j);
		ck_close(ck);
	}
	arena_release(&a);
}

static void test_state(void)
{
	struct buf b = BUF_INIT;
	struct state *st;
	struct ck *ck;
	struct err e;
	T_CASE("state: kept by seq, pruned below the recorded one")
	{
		T_INT(ck_open(&ck, fresh(), CK_CREATE, &e), 0);
		T_INT(state_open(&st, dir, "../x", &e), ERR_USAGE);
		T_INT(state_open(&st, dir, "smtrend", &e), 0);
		T_INT(state_prune(st, &e), 0);
		for (int64_t i = 1; i < 12; i++)
			T_INT(state_write(st, i, "abc", (size_t)(i % 4), &e), 0);
		T_INT(state_prune(st, &e), 0);
		T_INT(state_read(st, 3, 100, &b, &e), 0);
		T_MEM(b.p, b.n, "abc", 3);
		save(ck, 10, NULL, 0, true);
		T_INT(state_prune(st, &e), 0);
		T_INT(state_read(st, 9, 100, &b, &e), ERR_NOT_FOUND);
		buf_clear(&b);
		T_INT(state_read(st, 10, 100, &b, &e), 0);
		T_INT(b.n, 2);
		state_close(st);
		ck_close(ck);
	}
	buf_release(&b);
}

int main(void)
{
	char cmd[64];
	if (!mkdtemp(root))
		return 1;
	test_folder();
	test_record();
	test_journal();
	test_state();
	snprintf(cmd, sizeof cmd, "rm -rf %s", root);
	return t_done() | (system(cmd) != 0);
}
