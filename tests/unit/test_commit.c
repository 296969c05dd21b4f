/* SPDX-License-Identifier: MIT */
/* lib/commit from the inside: what a line leads to, without smpartition in front. */
#include "commit/commit.h"
#include "delta/log.h"
#include "delta/snapshot.h"
#include "t.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCHEMA "{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[{\\\"name\\\":\\\"a\\\",\\\"type\\\":\\\"long\\\",\\\"nullable\\\":true,\\\"metadata\\\":{}}," \
	"{\\\"name\\\":\\\"d\\\",\\\"type\\\":\\\"string\\\",\\\"nullable\\\":true,\\\"metadata\\\":{}}]}"
#define CREATE "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n{\"metaData\":{\"id\":\"i-1\",\"format\":{\"provider\":\"parquet\"," \
	"\"options\":{}},\"schemaString\":\"" SCHEMA "\",\"partitionColumns\":[\"d\"],\"configuration\":{}}}\n"

static char root[] = "/tmp/sm-commit-XXXXXX", dir[64];
static struct buf out = BUF_INIT;
static struct err e;

static void write_file(const char *name, const char *text)
{
	char path[200];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	FILE *f = fopen(path, "w");
	if (!f || fputs(text, f) < 0 || fclose(f) != 0)
		T_FAIL("cannot write %s", path);
}

/* A data file d=D/NAME of five bytes, and the add that names it. */
static const char *add(const char *d, const char *name)
{
	static char line[8][300];
	static int next;
	char path[100];
	snprintf(path, sizeof path, "%s/d=%s", dir, d);
	mkdir(path, 0777);
	snprintf(path, sizeof path, "d=%s/%s", d, name);
	write_file(path, "hello");
	char *to = line[next++ % 8];
	snprintf(to, sizeof *line, "{\"add\":{\"path\":\"%s\",\"partitionValues\":{\"d\":\"%s\"},\"size\":5,\"modificationTime\":1,\"dataChange\":true,"
		 "\"stats\":\"{\\\"numRecords\\\":2}\"}}\n", path, d);
	return to;
}

/* A mark: MEMBERS behind the table, each with a comma in front. */
static const char *mark(const char *members)
{
	static char line[4][400];
	static int next;
	char *to = line[next++ % 4];
	snprintf(to, sizeof *line, "{\"$mark\":{\"v\":1,\"table\":\"%s\"%s}}\n", dir, members);
	return to;
}

/* What VERSION of the log is, written as another writer would. */
static void put(int64_t version, const char *lines)
{
	char name[64];
	snprintf(name, sizeof name, "_delta_log/%020lld.json", (long long)version);
	write_file(name, lines);
}

/* A table with files x/1 and y/1 at version 0, in a folder of its own. */
static void fresh(void)
{
	static int n;
	char path[100];
	struct buf b = BUF_INIT;
	snprintf(dir, sizeof dir, "%s/t%d", root, ++n);
	mkdir(dir, 0777);
	snprintf(path, sizeof path, "%s/_delta_log", dir);
	mkdir(path, 0777);
	buf_printf(&b, "%s%s%s", CREATE, add("x", "1"), add("y", "1"));
	put(0, buf_cstr(&b));
	buf_release(&b);
}

/* Feed the lines of TEXT, and the end. OUT gets what is printed, E what went wrong. */
static int feed(const struct commit_opts *o, const char *text)
{
	struct committer *c;
	int r = committer_new(&c, o, &e);
	buf_clear(&out);
	if (r)
		return r;
	for (const char *p = text, *nl; *p && r == 0; p = nl + 1) {
		nl = strchr(p, '\n');
		r = committer_line(c, p, (size_t)(nl - p), &out, &e);
	}
	if (r == 0)
		r = committer_end(c, &out, &e);
	committer_free(c);
	return r;
}

static int feed4(const struct commit_opts *o, const char *a, const char *b, const char *c, const char *d)
{
	struct buf text = BUF_INIT;
	buf_printf(&text, "%s%s%s%s", a, b, c, d);
	int r = feed(o, buf_cstr(&text));
	buf_release(&text);
	return r;
}

/* The newest version, and the live files "x/1 y/1 …" in the order of their paths. */
static int64_t newest(char *files, size_t size)
{
	struct store *s;
	struct delta_snapshot *sn = NULL;
	int64_t version = -1;
	size_t n = 0;
	const char *names[] = { "x/1", "x/2", "x/3", "y/1", "y/2", "y/3" };
	*files = '\0';
	T_INT(store_open(&s, dir, &e), 0);
	if (delta_snapshot_open(&sn, s, DELTA_NEWEST, 0, &e) == 0) {
		version = sn->version;
		for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
			char path[16];
			snprintf(path, sizeof path, "d=%s", names[i]);
			const struct delta_file *f = delta_snapshot_find(sn, path, NULL);
			if (f && f->live)
				n += (size_t)snprintf(files + n, size - n, "%s%s", n ? " " : "", names[i]);
		}
	}
	delta_snapshot_free(sn);
	store_free(s);
	return version;
}

static void holds(int64_t version, const char *want)
{
	char files[100];
	T_INT(newest(files, sizeof files), version);
	T_STR(files, want);
}

/* --- who may replace --- */

#define STREAM ",\"stream\":\"s\",\"seq\":7,\"cursor\":1"
#define DONE ",\"end\":\"done\""
#define ALL ",\"all\":true"

static const struct word {
	const char *mark;
	int plain, vouched;        /* codes, without and with --vouch */
} words[] = {
	{ DONE ALL, 0, 0 },
	{ DONE, ERR_CONFLICT, 0 },
	{ DONE ",\"all\":false", ERR_CONFLICT, 0 },
	{ ",\"seq\":2" DONE, ERR_CONFLICT, 0 },
	{ ",\"seq\":2" DONE ALL, 0, 0 },
	{ STREAM ",\"from\":0" DONE ALL, 0, 0 },
	{ STREAM ",\"from\":0" DONE, ERR_CONFLICT, 0 },
	{ STREAM ",\"from\":0,\"end\":\"error\"" ALL, ERR_IO, ERR_IO },
	{ STREAM ",\"from\":0,\"end\":\"quota\"" ALL, ERR_IO, ERR_IO },
	{ STREAM ",\"from\":0,\"end\":\"signal\"" ALL, ERR_IO, ERR_IO },
	{ STREAM ",\"from\":0" ALL, ERR_IO, ERR_IO },
	{ "", ERR_IO, ERR_IO },
	{ ",\"end\":\"error\"", ERR_IO, ERR_IO },
	/* The table has nothing of the stream: it is behind, whoever vouches. */
	{ STREAM ",\"from\":3" DONE ALL, ERR_CONFLICT, ERR_CONFLICT },
};

static void test_word(void)
{
	T_CASE("a replacement needs the word of the closing mark, or the user's where the input did not fail")
	{
		for (size_t i = 0; i < sizeof words / sizeof *words; i++)
			for (int mode = 0; mode < 4; mode++) {
				bool vouch = mode & 1, where = mode & 2;
				int want = vouch ? words[i].vouched : words[i].plain;
				struct commit_opts o = { .overwrite = true, .vouch = vouch, .replace_where = where ? "d = 'x'" : NULL };
				fresh();
				int r = feed4(&o, add("x", "2"), mark(words[i].mark), "", "");
				if (r != want)
					T_FAIL("mark %s, vouch %d, where %d: %d (%s)", words[i].mark, vouch, where, r, r ? e.msg : "");
				holds(want == 0, want ? "x/1 y/1" : where ? "x/2 y/1" : "x/2");
			}
	}
	T_CASE("the refusal says what to do")
	{
		struct commit_opts o = { .overwrite = true };
		fresh();
		T_INT(feed4(&o, add("x", "2"), mark(DONE), "", ""), ERR_CONFLICT);
		T_OK(strstr(e.msg, "--marks") && strstr(e.msg, "--vouch"));
		T_INT(feed4(&o, add("x", "2"), mark(STREAM ",\"from\":3" DONE), "", ""), ERR_CONFLICT);
		T_OK(strstr(e.msg, "from 3") && strstr(e.msg, "--vouch"));
	}
	T_CASE("an empty plain pipe replaces nothing, whoever vouches; an empty whole does")
	{
		struct commit_opts o = { .overwrite = true, .vouch = true };
		fresh();
		T_INT(feed4(&o, mark(DONE), "", "", ""), ERR_CONFLICT);
		holds(0, "x/1 y/1");
		T_INT(feed4(&o, mark(",\"seq\":1"), mark(",\"seq\":2" DONE), "", ""), 0);
		holds(1, "");
		fresh();
		o.vouch = false;
		T_INT(feed4(&o, mark(DONE ALL), "", "", ""), 0);
		holds(1, "");
	}
	T_CASE("nothing is replaced until the input has ended: what follows the closing mark undoes it")
	{
		struct commit_opts o = { .overwrite = true };
		fresh();
		T_INT(feed4(&o, add("x", "2"), mark(DONE ALL), add("x", "3"), mark(DONE ALL)), ERR_DATA);
		holds(0, "x/1 y/1");
		T_INT(feed4(&o, add("x", "2"), mark(DONE ALL), mark(DONE ALL), ""), ERR_DATA);
		holds(0, "x/1 y/1");
	}
	T_CASE("an append needs nobody's word, but a failed source without a stream is not committed")
	{
		struct commit_opts o = { 0 };
		fresh();
		T_INT(feed4(&o, add("x", "2"), mark(DONE), "", ""), 0);
		T_INT(feed4(&o, add("x", "3"), mark(",\"seq\":1,\"end\":\"error\""), "", ""), ERR_IO);
		holds(1, "x/1 x/2 y/1");
		T_INT(feed4(&o, add("x", "3"), mark(",\"seq\":1,\"end\":\"signal\""), "", ""), 0);
		T_INT(feed4(&o, add("y", "3"), mark(STREAM ",\"from\":0,\"end\":\"error\""), "", ""), 0);
		holds(3, "x/1 x/2 x/3 y/1 y/3");
	}
}

/* --- of what was it made --- */

#define READ(id, v) ",\"read\":{\"id\":\"" id "\",\"version\":" v "}"
#define OPTIMIZED "{\"remove\":{\"path\":\"d=x/1\",\"dataChange\":false,\"deletionTimestamp\":1}}\n{\"add\":{\"path\":\"d=x/9\",\"partitionValues\":" \
	"{\"d\":\"x\"},\"size\":5,\"modificationTime\":1,\"dataChange\":false}}\n"

static const struct between {
	const char *what, *where, *base; /* base: members of the mark */
	char add_in;               /* the partition in which another writer adds, 0: none */
	const char *other;         /* what it commits instead */
	int code;
} betweens[] = {
	{ "rows everywhere", NULL, READ("i-1", "0"), 'y', NULL, ERR_CONFLICT },
	{ "rows in what is replaced", "d = 'x'", READ("i-1", "0"), 'x', NULL, ERR_CONFLICT },
	{ "rows elsewhere", "d = 'x'", READ("i-1", "0"), 'y', NULL, 0 },
	{ "another table was read, smpartition saw the rows", NULL, READ("i-2", "0") ",\"version\":1", 'y', NULL, 0 },
	{ "another table was read, smpartition was before them", NULL, READ("i-2", "5") ",\"version\":0", 'y', NULL, ERR_CONFLICT },
	{ "smpartition was before them", NULL, ",\"version\":0", 'x', NULL, ERR_CONFLICT },
	{ "smpartition saw them", NULL, ",\"version\":1", 'x', NULL, 0 },
	{ "what was read counts, not what smpartition saw", NULL, READ("i-1", "0") ",\"version\":1", 'x', NULL, ERR_CONFLICT },
	{ "a txn of others", NULL, READ("i-1", "0"), 0, "{\"txn\":{\"appId\":\"q\",\"version\":1}}\n", 0 },
	{ "a file went", NULL, READ("i-1", "0"), 0, "{\"remove\":{\"path\":\"d=x/1\",\"dataChange\":true,\"deletionTimestamp\":1}}\n", ERR_CONFLICT },
	{ "a file went elsewhere", "d = 'x'", READ("i-1", "0"), 0, "{\"remove\":{\"path\":\"d=y/1\",\"dataChange\":true,\"deletionTimestamp\":1}}\n", 0 },
	{ "optimized", "d = 'x'", READ("i-1", "0"), 0, OPTIMIZED, ERR_CONFLICT },
	{ "a version that is not there", NULL, READ("i-1", "2"), 'y', NULL, ERR_CONFLICT },
};

static void test_base(void)
{
	T_CASE("what came behind the version that was read is checked as what came first")
	{
		for (size_t i = 0; i < sizeof betweens / sizeof *betweens; i++) {
			const struct between *b = &betweens[i];
			struct commit_opts o = { .overwrite = true, .vouch = true, .replace_where = b->where };
			char members[200], d[2] = { b->add_in, '\0' };
			fresh();
			put(1, b->add_in ? add(d, "3") : b->other);
			snprintf(members, sizeof members, ",\"seq\":1%s" DONE, b->base);
			int r = feed4(&o, add("x", "2"), mark(members), "", "");
			if (r != b->code)
				T_FAIL("%s: %d (%s)", b->what, r, r ? e.msg : "");
			char files[100];
			T_INT(newest(files, sizeof files), r ? 1 : 2);
		}
	}
	T_CASE("a base whose log has gone is a conflict, not a version made anew")
	{
		struct commit_opts o = { .overwrite = true, .vouch = true };
		char name[200];
		fresh();
		put(1, add("x", "3"));
		put(2, add("y", "3"));
		snprintf(name, sizeof name, "%s/_delta_log/%020d.json", dir, 1);
		T_INT(unlink(name), 0);
		T_OK(feed4(&o, add("x", "2"), mark(",\"seq\":1" READ("i-1", "0") DONE), "", "") < 0);
		T_OK(access(name, F_OK) != 0);
	}
	T_CASE("a table is not appended to itself, whatever comes of it; `read` stands in commitInfo")
	{
		struct commit_opts o = { 0 };
		struct buf log = BUF_INIT;
		struct store *s;
		fresh();
		T_INT(feed4(&o, add("x", "2"), mark(",\"seq\":1" READ("i-1", "0") DONE), "", ""), ERR_CONFLICT);
		T_INT(feed4(&o, mark(",\"seq\":1" READ("i-1", "0")), mark(",\"seq\":2" READ("i-1", "0") DONE), "", ""), ERR_CONFLICT);
		holds(0, "x/1 y/1");
		T_INT(feed4(&o, add("x", "2"), mark(",\"seq\":1" READ("i-2", "4") DONE), "", ""), 0);
		T_INT(store_open(&s, dir, &e), 0);
		T_INT(store_get(s, "_delta_log/00000000000000000001.json", 65536, &log, &e), 0);
		T_OK(strstr(buf_cstr(&log), "}" READ("i-2", "4") "}") != NULL);
		T_INT(feed4(&o, mark(",\"seq\":1" READ("i-2", "4")), mark(",\"seq\":2" READ("i-3", "4") DONE), "", ""), ERR_DATA);
		store_free(s);
		buf_release(&log);
	}
}

/* --- compare and swap --- */

static const char *stream_mark(int from, int seq, const char *members)
{
	char text[200];
	snprintf(text, sizeof text, ",\"stream\":\"s\",\"from\":%d,\"seq\":%d,\"cursor\":%d%s", from, seq, seq, members);
	return mark(text);
}

static void test_swap(void)
{
	struct commit_opts o = { 0 };
	T_CASE("a stream goes on from what the table has; ahead is 75 with the table's seq, behind is 5")
	{
		fresh();
		T_INT(feed4(&o, add("x", "2"), stream_mark(0, 3, DONE), "", ""), 0);
		T_INT(feed4(&o, add("x", "3"), stream_mark(0, 4, DONE), "", ""), ERR_RETRY);
		T_OK(strstr(buf_cstr(&out), "\"seq\":3") && strstr(out.p, "\"recovered\":true") && !strstr(out.p, "\"end\""));
		T_INT(feed4(&o, add("x", "3"), stream_mark(5, 6, DONE), "", ""), ERR_CONFLICT);
		holds(1, "x/1 x/2 y/1");
		T_INT(feed4(&o, add("x", "3"), stream_mark(3, 4, DONE), "", ""), 0);
		holds(2, "x/1 x/2 x/3 y/1");
	}
	T_CASE("a mark without actions never runs ahead; at the end its cursor is made lasting")
	{
		fresh();
		T_INT(feed4(&o, stream_mark(0, 1, ""), stream_mark(0, 2, ""), add("x", "2"), stream_mark(0, 3, DONE)), 0);
		T_OK(strstr(buf_cstr(&out), "\"seq\":0") != NULL);
		holds(1, "x/1 x/2 y/1");
		T_INT(feed4(&o, stream_mark(3, 4, ""), stream_mark(3, 5, DONE), "", ""), 0);
		T_OK(strstr(buf_cstr(&out), "\"num_files\":0") && strstr(out.p, "\"seq\":5"));
		holds(2, "x/1 x/2 y/1");
	}
	T_CASE("a seq is not used twice, a stream not changed, a line not taken behind the end")
	{
		fresh();
		T_INT(feed4(&o, add("x", "2"), stream_mark(0, 3, ""), add("x", "3"), stream_mark(0, 3, DONE)), ERR_DATA);
		fresh();
		T_INT(feed4(&o, stream_mark(0, 3, ""), mark(",\"stream\":\"t\",\"from\":0,\"seq\":4"), "", ""), ERR_DATA);
		T_INT(feed4(&o, stream_mark(0, 3, ""), stream_mark(1, 4, ""), "", ""), ERR_DATA);
		T_INT(feed4(&o, mark(DONE), add("x", "2"), "", ""), ERR_DATA);
		T_INT(feed4(&o, add("x", "2"), "", "", ""), ERR_IO);
		T_INT(feed4(&o, "{\"id\":1}\n", "", "", ""), ERR_DATA);
		holds(0, "x/1 y/1");
	}
	T_CASE("a file that is missing, or of another size, or removed since, is not committed")
	{
		fresh();
		const char *line = add("x", "2");
		write_file("d=x/2", "hell");
		T_INT(feed4(&o, line, mark(DONE), "", ""), ERR_DATA);
		T_OK(strstr(e.msg, "4 bytes") != NULL);
		line = add("x", "2");
		char path[200];
		snprintf(path, sizeof path, "%s/d=x/2", dir);
		T_INT(unlink(path), 0);
		T_INT(feed4(&o, line, mark(DONE), "", ""), ERR_DATA);
		T_INT(feed4(&(struct commit_opts){ .overwrite = true }, add("x", "3"), mark(DONE ALL), "", ""), 0);
		T_INT(feed4(&o, add("x", "1"), mark(DONE), "", ""), ERR_CONFLICT);
		holds(1, "x/3");
	}
}

int main(void)
{
	char cmd[64];
	if (!mkdtemp(root))
		return 1;
	test_word();
	test_base();
	test_swap();
	buf_release(&out);
	snprintf(cmd, sizeof cmd, "rm -rf %s", root);
	return t_done() | (system(cmd) != 0);
}
