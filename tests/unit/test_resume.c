/* SPDX-License-Identifier: MIT */
#include "base/mem.h"
#include "stream/ck.h"
#include "stream/journal.h"
#include "stream/mark.h"
#include "stream/trust.h"
#include "resume/resume.h"
#include "t.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[] = "/tmp/sm-resume-XXXXXX";
static char dir[64], table[64];

static void fresh(void)
{
	static int n;
	snprintf(dir, sizeof dir, "%s/ck%d", root, ++n);
	snprintf(table, sizeof table, "%s/table%d", root, n);
}

static struct resume *open_ok(int64_t from, const char *cursor)
{
	struct resume *rs = NULL;
	struct err e;
	size_t n;
	if (resume_open(&rs, dir, &e) != 0) {
		T_FAIL("%s", e.msg);
		exit(1);
	}
	T_INT(resume_from(rs), from);
	const char *c = resume_cursor(rs, &n);
	if (cursor)
		T_MEM(c ? c : "", n, cursor, strlen(cursor));
	else
		T_OK(!c);
	return rs;
}

static void refused(const char *part)
{
	struct resume *rs;
	struct err e = { 0 };
	int r = resume_open(&rs, dir, &e);
	T_INT(r, ERR_CONFLICT);
	if (!strstr(e.msg, part))
		T_FAIL("'%s' lacks '%s'", e.msg, part);
}

static void mark(struct resume *rs, const char *cursor, const char *end, int64_t want_seq)
{
	struct buf b = BUF_INIT;
	struct arena a = ARENA_INIT;
	struct mark m;
	struct err e;
	if (resume_mark(rs, cursor, cursor ? strlen(cursor) : 0, end, &b, &e) != 0)
		T_FAIL("%s", e.msg);
	T_INT(mark_parse(&m, &a, b.p, b.n, &e), 0);
	T_INT(m.seq, want_seq);
	if (resume_stream(rs)) {
		T_STR(m.stream, resume_stream(rs));
		T_STR(m.ck, dir);
		T_INT(m.from, resume_from(rs));
	}
	arena_release(&a);
	buf_release(&b);
}

static void record(int64_t seq, bool with_table)
{
	struct ck *ck;
	struct err e;
	T_INT(ck_open(&ck, dir, 0, &e), 0);
	struct ck_record rec = { .stream = ck->stream, .table = with_table ? table : NULL, .seq = seq, .version = 0, .commit = -1 };
	T_INT(ck_record_save(ck, &rec, NULL, &e), 0);
	ck_close(ck);
}

/* Make a table whose txn of the stream is SEQ; 0: it has none. */
static void make_table(int64_t seq)
{
	char path[256];
	struct ck *ck;
	struct err e;
	T_INT(ck_open(&ck, dir, 0, &e), 0);
	mkdir(table, 0777);
	snprintf(path, sizeof path, "%s/_delta_log", table);
	mkdir(path, 0777);
	snprintf(path, sizeof path, "%s/_delta_log/00000000000000000000.json", table);
	FILE *f = fopen(path, "w");
	fputs("{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n"
	      "{\"metaData\":{\"id\":\"1\",\"format\":{\"provider\":\"parquet\",\"options\":{}},\"schemaString\":\"{\\\"type\\\":\\\"struct\\\","
	      "\\\"fields\\\":[]}\",\"partitionColumns\":[],\"configuration\":{}}}\n", f);
	if (seq)
		fprintf(f, "{\"txn\":{\"appId\":\"%s\",\"version\":%lld}}\n", ck->stream, (long long)seq);
	fclose(f);
	ck_close(ck);
}

static void test_checkpoint_only(void)
{
	struct resume *rs, *other;
	struct err e;
	T_CASE("resume: a new stream begins at 0; what was not recorded is read again, no seq is used twice")
	{
		fresh();
		rs = open_ok(0, NULL);
		mark(rs, NULL, NULL, 1);
		mark(rs, "{\"o\":1}", NULL, 2);
		T_INT(resume_open(&other, dir, &e), ERR_CONFLICT);
		T_OK(strstr(e.msg, "in use") != NULL);
		resume_close(rs);
		rs = open_ok(0, NULL);
		mark(rs, NULL, NULL, 3);
		mark(rs, "{\"o\":675127116845989889}", "done", 4);
		struct buf b = BUF_INIT;
		T_INT(resume_mark(rs, "1", 1, NULL, &b, &e), ERR_DATA);
		T_INT(b.n, 0);
		resume_close(rs);
		record(4, false);
		rs = open_ok(4, "{\"o\":675127116845989889}");
		mark(rs, "{\"o\":675127116845989889}", NULL, 5);
		resume_close(rs);
	}
	T_CASE("resume: a recorded seq that the journal does not know is refused")
	{
		record(77, false);
		refused("seq 77");
	}
	T_CASE("resume: marks without a checkpoint")
	{
		struct buf b = BUF_INIT;
		T_INT(resume_open(&rs, NULL, &e), 0);
		T_OK(!resume_stream(rs));
		T_INT(resume_mark(rs, "{\"o\":1}", 7, NULL, &b, &e), 0);
		T_INT(resume_mark(rs, NULL, 0, "done", &b, &e), 0);
		T_MEM(b.p, b.n, "{\"$mark\":{\"v\":1,\"seq\":1,\"cursor\":{\"o\":1}}}\n{\"$mark\":{\"v\":1,\"seq\":2,\"cursor\":null,\"end\":\"done\"}}\n",
		      strlen("{\"$mark\":{\"v\":1,\"seq\":1,\"cursor\":{\"o\":1}}}\n{\"$mark\":{\"v\":1,\"seq\":2,\"cursor\":null,\"end\":\"done\"}}\n"));
		resume_close(rs);
		buf_release(&b);
	}
}

static void test_table(void)
{
	struct resume *rs;
	T_CASE("resume: the table's word counts, when it is ahead of the checkpoint")
	{
		fresh();
		rs = open_ok(0, NULL);
		for (int64_t i = 1; i <= 5; i++) {
			char cursor[32];
			snprintf(cursor, sizeof cursor, "[%lld]", (long long)i);
			mark(rs, cursor, NULL, i);
		}
		resume_close(rs);
		make_table(4);
		record(2, true);
		rs = open_ok(4, "[4]");
		mark(rs, "[4]", NULL, 6);
		resume_close(rs);
		make_table(2);
		rs = open_ok(2, "[2]");
		resume_close(rs);
	}
	T_CASE("resume: a table behind its checkpoint, without the stream, or gone is refused, naming both")
	{
		make_table(1);
		refused("up to seq 1, but checkpoint");
		make_table(0);
		refused(table);
		char cmd[128];
		snprintf(cmd, sizeof cmd, "rm -r %s", table);
		T_INT(system(cmd), 0);
		refused("there is no table");
		refused(dir);
	}
	T_CASE("resume: a table that is ahead of the journal is refused")
	{
		make_table(9);
		refused("which is not in the journal of checkpoint");
	}
	T_CASE("resume: the next generation begins at 0, whatever the table has of the one before")
	{
		struct ck *ck;
		struct err e;
		T_INT(ck_open(&ck, dir, CK_LOCK, &e), 0);
		T_INT(ck_next_generation(ck, &e), 0);
		ck_close(ck);
		rs = open_ok(0, NULL);
		mark(rs, "[1]", NULL, 7);
		resume_close(rs);
		make_table(7);
		record(7, true);
		rs = open_ok(7, "[1]");
		resume_close(rs);
	}
}

static int count(void *arg, const struct journal_entry *en, struct err *e)
{
	int64_t *v = arg;
	(void)e;
	v[0]++;
	v[1] = v[1] ? v[1] : en->seq;
	return 0;
}

static void test_pruning(void)
{
	T_CASE("resume: a long run prunes below what was recorded, never more")
	{
		struct resume *rs;
		struct ck *ck;
		struct err e;
		int64_t v[2] = { 0, 0 };
		fresh();
		rs = open_ok(0, NULL);
		for (int64_t i = 1; i <= 1200; i++) {
			mark(rs, "1", NULL, i);
			if (i == 500)
				record(490, false);
		}
		T_INT(ck_open(&ck, dir, 0, &e), 0);
		T_INT(journal_read(ck, count, v, &e), 0);
		T_INT(v[1], 490);
		T_INT(v[0], 711);
		ck_close(ck);
		resume_close(rs);
		rs = open_ok(490, "1");
		resume_close(rs);
	}
}

/* What the opening and the closing mark of a run say of `all` and `read`. */
static void whole(const char *ck, int64_t from, const char *end, bool vouches, bool want)
{
	struct resume *rs;
	struct buf b = BUF_INIT;
	struct err e;
	T_INT(resume_open(&rs, ck, &e), 0);
	T_INT(resume_from(rs), from);
	resume_read(rs, "i-1", 4, NULL);
	T_INT(resume_mark(rs, "1", 1, NULL, &b, &e), 0);
	T_OK(!strstr(buf_cstr(&b), "\"all\"") && strstr(b.p, "\"read\":{\"id\":\"i-1\",\"version\":4}"));
	buf_clear(&b);
	resume_read(rs, "i-1", 5, "00ff");
	if (vouches)
		resume_whole(rs, 3);
	T_INT(resume_mark(rs, "2", 1, end, &b, &e), 0);
	T_OK((strstr(buf_cstr(&b), "\"all\":true") != NULL) == want);
	T_OK(strstr(b.p, "\"read\":{\"id\":\"i-1\",\"version\":5,\"log\":\"00ff\"}") != NULL);
	resume_close(rs);
	buf_release(&b);
}

static void test_whole(void)
{
	T_CASE("resume: only a run that began at 0, is done and left out nothing says that it gave all")
	{
		fresh();
		whole(NULL, 0, "done", true, true);
		whole(NULL, 0, "done", false, false);
		whole(NULL, 0, "error", true, false);
		whole(NULL, 0, "quota", true, false);
		whole(NULL, 0, "signal", true, false);
		whole(dir, 0, "done", true, true);
		record(2, false);
		whole(dir, 2, "done", true, false);
	}
}

static int trusts(struct trust *t, const char *stream, const char *ck, bool *good)
{
	struct mark m = MARK_INIT;
	struct err e;
	m.stream = stream;
	m.ck = ck;
	return trust_stream(t, &m, good, &e);
}

static void test_trust(void)
{
	struct trust t = { 0 };
	struct resume *rs;
	struct buf name = BUF_INIT;
	bool good;
	fresh();
	rs = open_ok(0, NULL);
	buf_puts(&name, resume_stream(rs));
	resume_close(rs);
	T_CASE("trust: a mark is believed where its checkpoint names its stream, generations aside")
	{
		const struct { const char *behind; int code; bool good; } of[] = { { "", 0, true }, { ".2", 0, true },
			{ ".17", 0, true }, { ".", ERR_DATA, false }, { ".02", ERR_DATA, false }, { ".x", ERR_DATA, false },
			{ "x", ERR_DATA, false } };
		size_t n = name.n;
		for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
			name.n = n;
			buf_puts(&name, of[i].behind);
			T_INT(trusts(&t, buf_cstr(&name), dir, &good), of[i].code);
			T_OK(good == of[i].good);
		}
		name.n = n;
		T_INT(trusts(&t, "11111111-1111-1111-1111-111111111111", dir, &good), ERR_DATA);
		T_OK(!good);
		name.p[n - 1] ^= 1;
		T_INT(trusts(&t, buf_cstr(&name), dir, &good), ERR_DATA);
		name.p[n - 1] ^= 1;
	}
	T_CASE("trust: nothing to ask is no error, and no trust")
	{
		T_INT(trusts(&t, NULL, NULL, &good), 0);
		T_OK(!good);
		T_INT(trusts(&t, buf_cstr(&name), NULL, &good), 0);
		T_OK(!good);
		T_INT(trusts(&t, NULL, dir, &good), 0);
		T_OK(!good);
		T_INT(trusts(&t, buf_cstr(&name), "/no/such/folder", &good), 0);
		T_OK(!good);
		T_INT(trusts(&t, buf_cstr(&name), dir, &good), 0);
		T_OK(good);
	}
	T_CASE("trust: a folder that is no checkpoint, and a file, are nobody's")
	{
		char cmd[200];
		T_INT(trusts(&t, buf_cstr(&name), root, &good), ERR_DATA);
		T_INT(trusts(&t, buf_cstr(&name), "/dev/null", &good), ERR_DATA);
		snprintf(cmd, sizeof cmd, "echo '{}' >%s/id", dir);
		T_INT(system(cmd), 0);
		trust_release(&t);
		T_INT(trusts(&t, buf_cstr(&name), dir, &good), ERR_DATA);
		T_OK(!good);
	}
	trust_release(&t);
	buf_release(&name);
}

/* How a mark LINE of checkpoint `dir` is taken, with FROM replaced by TO in it: 1 believed, 0 not, or the error's code. */
static int taken(struct trust *t, const char *line, const char *from, const char *to)
{
	struct arena a = ARENA_INIT;
	struct buf b = BUF_INIT;
	struct mark m;
	struct err e;
	bool good;
	const char *at = from ? strstr(line, from) : line;
	if (!at) {
		T_FAIL("%s is not in %s", from, line);
		return 99;
	}
	buf_put(&b, line, (size_t)(at - line));
	buf_puts(&b, from ? to : "");
	buf_puts(&b, at + (from ? strlen(from) : 0));
	int rc = mark_parse(&m, &a, b.p, b.n, &e);
	if (rc == 0)
		rc = trust_mark(t, &m, &good, &e);
	if (rc != 0 && (!strstr(e.msg, "mark") || (rc != ERR_DATA)))
		T_FAIL("%d: %s", rc, e.msg);
	buf_release(&b);
	arena_release(&a);
	return rc ? rc : good;
}

static char *printed(struct resume *rs, const char *cursor, const char *end)
{
	struct buf b = BUF_INIT;
	struct err e;
	if (resume_mark(rs, cursor, strlen(cursor), end, &b, &e) != 0)
		T_FAIL("%s", e.msg);
	return buf_detach(&b, NULL);
}

static void test_forged(void)
{
	struct trust t = { 0 };
	struct resume *rs;
	fresh();
	rs = open_ok(0, NULL);
	resume_whole(rs, 3);
	char *one = printed(rs, "{\"a\":1,\"b\":[\"x\"]}", NULL), *two = printed(rs, "2", NULL), *end = printed(rs, "3", "done");
	resume_close(rs);
	T_CASE("trust: a mark that the journal has, in any spelling of its cursor, in order or again")
	{
		T_INT(taken(&t, one, NULL, NULL), 1);
		T_INT(taken(&t, two, NULL, NULL), 1);
		T_INT(taken(&t, two, NULL, NULL), 1);
		T_INT(taken(&t, end, NULL, NULL), 1);
		T_INT(taken(&t, one, "{\"a\":1,\"b\":[\"x\"]}", "{ \"b\" : [\"\\u0078\"], \"a\" : 1 }"), 1);
		T_INT(taken(&t, end, "\"all\":true", "\"all\":false"), 1);
		T_INT(taken(&t, end, "\"all\":true", "\"table\":\"/t\",\"version\":7"), 1);
	}
	T_CASE("trust: one that differs from the journal in anything is not its source's")
	{
		const struct { const char *line, *from, *to; int want; } of[] = {
			{ two, "\"seq\":2", "\"seq\":4", ERR_DATA }, { two, "\"seq\":2", "\"seq\":4000000000", ERR_DATA },
			{ two, "\"seq\":2", "\"seq\":1", ERR_DATA }, { two, "\"seq\":2", "\"seq\":3", ERR_DATA },
			{ two, "\"from\":0", "\"from\":1", ERR_DATA }, { two, "\"cursor\":2", "\"cursor\":3", ERR_DATA },
			{ two, "\"cursor\":2", "\"cursor\":\"2\"", ERR_DATA }, { two, "\"cursor\":2", "\"cursor\":null", ERR_DATA },
			{ two, "\"cursor\":2,", "", ERR_DATA }, { two, "\"cursor\":2", "\"cursor\":2,\"end\":\"done\"", ERR_DATA },
			{ two, "\"cursor\":2", "\"cursor\":2,\"end\":\"error\"", ERR_DATA },
			{ end, "\"end\":\"done\",", "", ERR_DATA }, { end, "\"end\":\"done\"", "\"end\":\"quota\"", ERR_DATA },
			{ two, "\",\"from", ".2\",\"from", ERR_DATA }, { two, "\"cursor\":2", "\"cursor\":2,\"all\":true", 0 },
			{ two, "\"seq\":2", "\"seq\":0", ERR_DATA } };
		for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
			int got = taken(&t, of[i].line, of[i].from, of[i].to);
			if (got != of[i].want)
				T_FAIL("%s to %s: %d, not %d", of[i].from, of[i].to, got, of[i].want);
			/* And by one who has seen nothing before. */
			trust_release(&t);
			T_INT(taken(&t, of[i].line, of[i].from, of[i].to), of[i].want);
		}
	}
	T_CASE("trust: while the source writes and prunes")
	{
		T_INT(taken(&t, end, NULL, NULL), 1);
		record(3, false);
		rs = open_ok(3, "3");                     /* prunes 1 and 2: another file */
		char *four = printed(rs, "4", NULL), *five = NULL;
		T_INT(taken(&t, four, NULL, NULL), 1);
		T_INT(taken(&t, two, NULL, NULL), 1);     /* late: the table is beyond it */
		T_INT(taken(&t, two, "\"cursor\":2", "\"cursor\":2,\"all\":true"), 0);
		for (int i = 5; i < 2000; i++) {
			char cursor[16];
			snprintf(cursor, sizeof cursor, "%d", i);
			five = printed(rs, cursor, NULL);
			T_INT(taken(&t, five, NULL, NULL), 1);
			if (i == 900)
				record(700, false);
			if (i < 1999)
				mem_free(five);
		}
		T_INT(taken(&t, four, NULL, NULL), 1);
		T_INT(taken(&t, five, "\"seq\":1999", "\"seq\":2000"), ERR_DATA);
		resume_close(rs);
		mem_free(four);
		mem_free(five);
	}
	T_CASE("trust: without a journal no mark was written; one that may not be read says nothing")
	{
		char cmd[200];
		snprintf(cmd, sizeof cmd, "rm %s/journal", dir);
		T_INT(system(cmd), 0);
		trust_release(&t);
		T_INT(taken(&t, two, NULL, NULL), ERR_DATA);
		snprintf(cmd, sizeof cmd, "mkdir %s/journal", dir);
		T_INT(system(cmd), 0);
		T_INT(taken(&t, two, NULL, NULL), 0);
	}
	trust_release(&t);
	mem_free(one);
	mem_free(two);
	mem_free(end);
}

int main(void)
{
	char cmd[64];
	if (!mkdtemp(root))
		return 1;
	test_checkpoint_only();
	test_table();
	test_pruning();
	test_whole();
	test_trust();
	test_forged();
	snprintf(cmd, sizeof cmd, "rm -rf %s", root);
	return t_done() | (system(cmd) != 0);
}
