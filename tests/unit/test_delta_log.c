/* SPDX-License-Identifier: MIT */
/* Replay, time travel and the conflict rules, on tables whose logs are written by hand. */
#include "base/mem.h"
#include "delta/checkpoint.h"
#include "delta/commit.h"
#include "delta/log.h"
#include "t.h"

#include <errno.h>
#include <stdlib.h>

#define PROTOCOL "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n"
#define FIELD(name, type) "{\\\"name\\\":\\\"" name "\\\",\\\"type\\\":\\\"" type "\\\",\\\"nullable\\\":true,\\\"metadata\\\":{}}"
#define METADATA(config) "{\"metaData\":{\"id\":\"i\",\"format\":{\"provider\":\"parquet\",\"options\":{}},\"schemaString\":" \
	"\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[" FIELD("a", "long") "," FIELD("d", "string") "]}\"," \
	"\"partitionColumns\":[\"d\"],\"configuration\":{" config "}}}\n"
#define ADD(path, d) "{\"add\":{\"path\":\"" path "\",\"partitionValues\":{\"d\":\"" d "\"},\"size\":1,\"modificationTime\":1,\"dataChange\":true," \
	"\"stats\":\"{\\\"numRecords\\\":2,\\\"minValues\\\":{\\\"a\\\":1},\\\"maxValues\\\":{\\\"a\\\":5},\\\"nullCount\\\":{\\\"a\\\":0}}\"}}\n"
#define REMOVE(path) "{\"remove\":{\"path\":\"" path "\",\"deletionTimestamp\":1,\"dataChange\":true}}\n"
#define TXN(app, v) "{\"txn\":{\"appId\":\"" app "\",\"version\":" v "}}\n"

static struct store *s;
static struct err e;

static void put(int64_t version, const char *text)
{
	struct buf name = BUF_INIT;
	delta_commit_name(&name, version);
	T_INT(store_put(s, buf_cstr(&name), text, strlen(text), &e), 0);
	buf_release(&name);
}

static char root[] = "/tmp/sm-log-XXXXXX";
static int tables;

static void new_table(void)
{
	char dir[64];
	store_free(s);
	snprintf(dir, sizeof dir, "%s/%d", root, tables++);
	T_INT(store_open(&s, dir, &e), 0);
}

static struct delta_snapshot *open_at(int64_t version)
{
	struct delta_snapshot *sn = NULL;
	int r = delta_snapshot_open(&sn, s, version, DELTA_WITH_STATS, &e);
	if (r)
		T_FAIL("cannot open: %s", e.msg);
	return sn;
}

static int code_at(int64_t version)
{
	struct delta_snapshot *sn = NULL;
	int r = delta_snapshot_open(&sn, s, version, 0, &e);
	if (r == 0)
		delta_snapshot_free(sn);
	return r;
}

static void test_replay(void)
{
	int64_t v;
	T_CASE("adds, removes, txns; the last one wins") {
		new_table();
		put(0, PROTOCOL METADATA("") ADD("x%20y", "1") ADD("z", "") TXN("s", "3"));
		put(1, REMOVE("x%20y") ADD("/abs/f", "2") TXN("s", "2") TXN("t", "9") "{\"future\":{\"x\":1}}\n");
		put(2, REMOVE("file:/abs/f") ADD("x y", "3") "{\"domainMetadata\":{\"domain\":\"d\",\"configuration\":\"c\",\"removed\":false}}\n");
		struct delta_snapshot *sn = open_at(DELTA_NEWEST);
		T_INT(sn->version, 2);
		T_INT(sn->nfiles, 2);
		T_OK(delta_snapshot_find(sn, "x y", NULL)->live && !strcmp(delta_snapshot_find(sn, "x y", NULL)->part[0].p, "3"));
		T_OK(!delta_snapshot_find(sn, "/abs/f", NULL)->live);
		T_OK(delta_snapshot_find(sn, "z", NULL)->part[0].p == NULL);
		T_OK(delta_snapshot_txn(sn, "s", &v) && v == 2);
		T_OK(delta_snapshot_txn(sn, "t", &v) && v == 9);
		T_OK(!delta_snapshot_txn(sn, "u", &v));
		delta_snapshot_free(sn);
		sn = open_at(0);
		T_INT(sn->nfiles, 2);
		T_INT(delta_snapshot_update(sn, 1, &e), 0);
		T_OK(sn->version == 1 && sn->nfiles == 2 && delta_snapshot_find(sn, "/abs/f", NULL)->live);
		T_INT(delta_snapshot_update(sn, DELTA_NEWEST, &e), 0);
		T_INT(sn->version, 2);
		delta_snapshot_free(sn);
	}
	T_CASE("metaData may follow the files that it orders") {
		new_table();
		put(0, ADD("x", "1") METADATA("") PROTOCOL);
		struct delta_snapshot *sn = open_at(DELTA_NEWEST);
		T_STR(delta_snapshot_find(sn, "x", NULL)->part[0].p, "1");
		delta_snapshot_free(sn);
	}
	T_CASE("what is known of a file, for pruning") {
		new_table();
		put(0, PROTOCOL METADATA("") ADD("x", "hello"));
		struct delta_snapshot *sn = open_at(DELTA_NEWEST);
		struct expr_leaf leaf[2];
		struct column_stats stats[2];
		struct arena a = ARENA_INIT;
		T_INT(delta_file_stats(sn, delta_snapshot_find(sn, "x", NULL), leaf, stats, &a), 2);
		T_OK(leaf[0].nulls_known && !leaf[0].constant && stats[0].has_minmax && stats[0].min.i == 1 && stats[0].max.i == 5);
		T_OK(leaf[1].constant && stats[1].has_minmax && stats[1].min.s.n == 5 && stats[1].nulls == 0);
		arena_release(&a);
		delta_snapshot_free(sn);
	}
}

static void test_damage(void)
{
	T_CASE("no table; gaps; versions that are not there") {
		new_table();
		T_INT(code_at(DELTA_NEWEST), ERR_NOT_FOUND);
		put(0, PROTOCOL METADATA(""));
		put(2, ADD("x", "1"));
		T_INT(code_at(DELTA_NEWEST), ERR_IO);
		T_OK(strstr(e.msg, "version 1 is missing") != NULL);
		T_INT(code_at(0), 0);
		T_INT(code_at(3), ERR_NOT_FOUND);
	}
	T_CASE("an empty, a torn, a garbled commit") {
		new_table();
		put(0, PROTOCOL METADATA(""));
		put(1, "");
		T_INT(code_at(DELTA_NEWEST), ERR_DATA);
		T_OK(strstr(e.file, "00000000000000000001.json") != NULL);
		put(1, "\n \n");
		T_INT(code_at(DELTA_NEWEST), ERR_DATA);
		put(1, TXN("s", "1") "{\"add\":{\"path\":\"x");
		T_INT(code_at(DELTA_NEWEST), ERR_DATA);
		T_OK(strstr(e.file, "00000000000000000001.json") != NULL && e.line == 2);
		put(1, TXN("s", "1") "{\"add\":{\"path\":\"x\"}}");
		T_INT(code_at(DELTA_NEWEST), ERR_DATA);
		T_STR(e.msg, "add.size is missing");
		put(1, "{\"add\":\n{\"path\":\"x\"}}\n");
		T_INT(code_at(DELTA_NEWEST), ERR_DATA);
		put(1, TXN("s", "1") "garbage\n");
		T_INT(code_at(DELTA_NEWEST), ERR_DATA);
		T_INT(code_at(0), 0);
	}
	T_CASE("no protocol, no metaData, no schemaString, a partition column that is not there") {
		new_table();
		put(0, METADATA(""));
		T_INT(code_at(0), ERR_DATA);
		put(0, PROTOCOL);
		T_INT(code_at(0), ERR_DATA);
		put(0, PROTOCOL "{\"metaData\":{\"id\":\"i\",\"partitionColumns\":[]}}\n");
		T_INT(code_at(0), ERR_DATA);
		put(0, PROTOCOL "{\"metaData\":{\"id\":\"i\",\"schemaString\":\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[]}\",\"partitionColumns\":[\"q\"]}}\n");
		T_INT(code_at(0), ERR_DATA);
	}
	T_CASE("only minReaderVersion and readerFeatures count for reading") {
		new_table();
		put(0, METADATA("") "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":99}}\n");
		T_INT(code_at(0), 0);
		put(0, METADATA("") "{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":[\"typeWidening-preview\"],\"writerFeatures\":[\"collations\"]}}\n");
		T_INT(code_at(0), 0);
		put(0, METADATA("") "{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":[\"catalogManaged\"],\"writerFeatures\":[\"catalogManaged\"]}}\n");
		T_INT(code_at(0), ERR_UNSUPPORTED);
		T_OK(strstr(e.msg, "'catalogManaged'") != NULL);
		put(0, METADATA("") "{\"protocol\":{\"minReaderVersion\":4,\"minWriterVersion\":7}}\n");
		T_INT(code_at(0), ERR_UNSUPPORTED);
	}
}

static size_t count_tombstones(const struct delta_snapshot *sn)
{
	struct delta_iter it = DELTA_ITER_INIT;
	size_t n = 0;
	while (delta_snapshot_next_tombstone(sn, &it))
		n++;
	return n;
}

static void test_checkpoint(void)
{
	int64_t v;
	T_CASE("a checkpoint holds all that the log said, and old tombstones are left out") {
		new_table();
		put(0, PROTOCOL METADATA("\"k\":\"v\"") ADD("x%25y", "é") ADD("old", "1") ADD("young", "1") TXN("s", "7")
		    "{\"add\":{\"path\":\"t\",\"partitionValues\":{\"d\":null},\"size\":3,\"modificationTime\":2,\"dataChange\":true,\"tags\":{\"a\":\"b\"}}}\n");
		put(1, REMOVE("old") "{\"remove\":{\"path\":\"young\",\"deletionTimestamp\":1000000000,\"dataChange\":true,"
		    "\"extendedFileMetadata\":true,\"partitionValues\":{\"d\":\"1\"},\"size\":1}}\n");
		struct delta_snapshot *sn = open_at(1);
		T_INT(delta_checkpoint_write(sn, 1000000001, &e), 0);
		delta_snapshot_free(sn);
		T_INT(delta_last_checkpoint(s), 1);
		T_INT(store_delete(s, "_delta_log/00000000000000000000.json", &e), 0);
		T_INT(store_delete(s, "_delta_log/00000000000000000001.json", &e), 0);
		sn = open_at(DELTA_NEWEST);
		T_INT(sn->version, 1);
		T_INT(sn->nfiles, 2);
		T_INT(count_tombstones(sn), 1);
		const struct delta_file *f = delta_snapshot_find(sn, "x%y", NULL);
		T_OK(f && f->live && !strcmp(f->part[0].p, "é") && !strcmp(f->raw_path, "x%25y") && strstr(f->stats, "numRecords"));
		f = delta_snapshot_find(sn, "t", NULL);
		T_OK(f && !f->part[0].p && f->size == 3 && f->more && !strcmp(f->more->tags, "{\"a\":\"b\"}"));
		f = delta_snapshot_find(sn, "young", NULL);
		T_OK(f && !f->live && f->deleted_ms == 1000000000 && f->extended && f->size == 1);
		T_OK(delta_snapshot_txn(sn, "s", &v) && v == 7);
		T_STR(delta_property(sn, "k"), "v");
		delta_snapshot_free(sn);
		T_INT(code_at(0), ERR_NOT_FOUND);
	}
	T_CASE("a damaged checkpoint gives way to the commits while they are there") {
		new_table();
		put(0, PROTOCOL METADATA("") ADD("x", "1"));
		put(1, ADD("y", "1"));
		T_INT(store_put(s, "_delta_log/00000000000000000001.checkpoint.parquet", "PAR1", 4, &e), 0);
		T_INT(store_put(s, "_delta_log/_last_checkpoint", "{\"version\":1}", 13, &e), 0);
		T_INT(code_at(DELTA_NEWEST), 0);
		T_INT(store_delete(s, "_delta_log/00000000000000000000.json", &e), 0);
		T_INT(code_at(DELTA_NEWEST), ERR_DATA);
	}
}

static struct delta_snapshot *latest(void)
{
	struct delta_snapshot *sn = NULL;
	return delta_snapshot_open(&sn, s, DELTA_NEWEST, 0, &e) == 0 ? sn : NULL;
}

/* A table for anybody who takes what is left for "no table". */
static int make_anew(void *arg, const struct delta_snapshot *sn, struct delta_change *c, struct err *err)
{
	(void)arg;
	(void)err;
	c->operation = "WRITE";
	c->blind_append = true;
	buf_puts(&c->actions, sn ? ADD("n", "1") : PROTOCOL METADATA("") ADD("n", "1"));
	return 0;
}

/* Every set of commits 0 to 4 that may be left, with and without a checkpoint at 2: the table is read when its newest version
 * can be put together, and otherwise neither read as less than it is nor made anew. */
static void test_gaps(void)
{
	static const char *const checkpoint = "_delta_log/00000000000000000002.checkpoint.parquet";
	T_CASE("any gap under the newest version is refused, whoever asks") {
		for (unsigned left = 1; left < 64; left++) {
			struct buf name = BUF_INIT;
			struct delta_committed done;
			struct delta_snapshot *sn = NULL;
			struct delta_commit_opts o = { .no_checkpoint = true };
			new_table();
			put(0, PROTOCOL METADATA("") ADD("a", "1"));
			put(1, ADD("b", "1"));
			put(2, ADD("c", "1"));
			sn = open_at(2);
			T_INT(delta_checkpoint_write(sn, 1, &e), 0);
			delta_snapshot_free(sn);
			put(3, ADD("d", "1"));
			put(4, ADD("e", "1"));
			if (!(left & 32))
				T_INT(store_delete(s, checkpoint, &e), 0);
			for (unsigned v = 0; v < 5; v++) {
				buf_clear(&name);
				delta_commit_name(&name, v);
				if (!(left & 1u << v))
					T_INT(store_delete(s, buf_cstr(&name), &e), 0);
			}
			buf_release(&name);
			int newest = left & 32 ? 2 : -1, from = left & 32 ? 3 : 0;
			for (int v = 0; v < 5; v++)
				newest = left & 1u << v && v > newest ? v : newest;
			bool whole = true, from_start = true;
			for (int v = 0; v <= newest; v++) {
				from_start = from_start && left & 1u << v;
				whole = whole && (v < from || left & 1u << v);
			}
			bool want = whole || from_start;
			int got = code_at(DELTA_NEWEST);
			sn = NULL;
			int r = delta_commit(&sn, s, make_anew, NULL, &o, &done, &e);
			delta_snapshot_free(sn);
			if (got != (want ? 0 : ERR_IO) || r != (want ? 0 : ERR_IO) || (want && done.version != newest + 1))
				T_FAIL("left %u: %d, commit %d at %lld", left, got, r, (long long)done.version);
			sn = latest();
			T_OK(!sn == !want && (!sn || sn->nfiles == (size_t)newest + 2));
			delta_snapshot_free(sn);
		}
	}
	T_CASE("what only a table leaves behind is no free place for a new one") {
		static const char *const traces[] = { "_last_checkpoint", "00000000000000000003.crc",
			"00000000000000000010.checkpoint.0000000001.0000000002.parquet", "00000000000000000000.00000000000000000003.compacted.json" };
		for (size_t i = 0; i < sizeof traces / sizeof *traces; i++) {
			char name[128];
			new_table();
			snprintf(name, sizeof name, "_delta_log/%s", traces[i]);
			T_INT(store_put(s, name, "{}", 2, &e), 0);
			T_INT(code_at(DELTA_NEWEST), ERR_IO);
			T_OK(strstr(e.msg, traces[i]) != NULL);
		}
		new_table();
		T_INT(store_put(s, "_delta_log/.00000000000000000000.json.tmp", "{}", 2, &e), 0);
		T_INT(code_at(DELTA_NEWEST), ERR_NOT_FOUND);
	}
}

/* A change that adds a file, or replaces all or those of partition d = 1. */
struct change {
	const char *lines;
	bool overwrite, where;
	const char *race;        /* what another writer commits as the first attempt is being made */
	int builds;
};

static int in_partition(void *arg, const struct delta_snapshot *sn, const struct delta_add *add, bool *reads, struct err *err)
{
	(void)arg;
	(void)sn;
	(void)err;
	const struct delta_kv *kv = delta_map_get(&add->partition_values, "d");
	*reads = kv && kv->value && strcmp(kv->value, "1") == 0;
	return 0;
}

static int build(void *arg, const struct delta_snapshot *sn, struct delta_change *c, struct err *err)
{
	struct change *ch = arg;
	struct delta_iter it = DELTA_ITER_INIT;
	const struct delta_file *f;
	(void)err;
	c->operation = "WRITE";
	c->blind_append = !ch->overwrite;
	c->reads_all = ch->overwrite && !ch->where;
	c->reads_file = ch->where ? in_partition : NULL;
	buf_puts(&c->actions, ch->lines);
	while (ch->overwrite && (f = delta_snapshot_next(sn, &it)) != NULL)
		if (!ch->where || (f->part[0].p && strcmp(f->part[0].p, "1") == 0)) {
			buf_printf(&c->actions, REMOVE("%s"), f->path);
			delta_change_remove(c, f->path);
		}
	if (ch->builds++ == 0 && ch->race)
		put(sn->version + 1, ch->race);
	return 0;
}

static int race(struct change ch, struct delta_committed *done)
{
	struct delta_snapshot *sn = NULL;
	struct delta_commit_opts o = { .seed = 1, .no_checkpoint = true };
	new_table();
	put(0, PROTOCOL METADATA("") ADD("a", "1") ADD("b", "2"));
	int r = delta_commit(&sn, s, build, &ch, &o, done, &e);
	delta_snapshot_free(sn);
	return r;
}

static void test_conflicts(void)
{
	struct delta_committed done;
	static const char *const metadata = METADATA("\"k\":\"v\""), *const protocol = PROTOCOL;
	T_CASE("a blind append goes on behind anybody's adds and removes") {
		T_INT(race((struct change){ .lines = ADD("n", "1"), .race = ADD("o", "1") }, &done), 0);
		T_OK(done.version == 2 && done.attempts == 2);
		T_INT(race((struct change){ .lines = ADD("n", "1"), .race = REMOVE("a") TXN("other", "5") }, &done), 0);
	}
	T_CASE("but not behind a change of schema or protocol") {
		T_INT(race((struct change){ .lines = ADD("n", "1"), .race = metadata }, &done), ERR_CONFLICT);
		T_INT(race((struct change){ .lines = ADD("n", "1"), .race = protocol }, &done), ERR_CONFLICT);
		T_INT(done.version, -1);
	}
	T_CASE("an overwrite conflicts with rows that come or go meanwhile") {
		T_INT(race((struct change){ .lines = ADD("n", "1"), .overwrite = true, .race = ADD("o", "2") }, &done), ERR_CONFLICT);
		T_INT(race((struct change){ .lines = ADD("n", "1"), .overwrite = true, .race = REMOVE("b") }, &done), ERR_CONFLICT);
		T_INT(race((struct change){ .lines = ADD("n", "1"), .overwrite = true, .race = TXN("x", "1") }, &done), 0);
	}
	T_CASE("one of partitions conflicts with theirs only") {
		T_INT(race((struct change){ .lines = ADD("n", "1"), .overwrite = true, .where = true, .race = ADD("o", "2") }, &done), 0);
		T_INT(race((struct change){ .lines = ADD("n", "1"), .overwrite = true, .where = true, .race = ADD("o", "1") }, &done), ERR_CONFLICT);
		T_INT(race((struct change){ .lines = ADD("n", "1"), .overwrite = true, .where = true, .race = REMOVE("b") }, &done), 0);
		T_INT(race((struct change){ .lines = ADD("n", "1"), .overwrite = true, .where = true, .race = REMOVE("a") }, &done), ERR_CONFLICT);
	}
	T_CASE("a winner whose commit is torn is an error, not a conflict") {
		T_INT(race((struct change){ .lines = ADD("n", "1"), .race = "" }, &done), ERR_DATA);
	}
}

struct fault { int countdown; const char *step; };

static int fault(void *arg, const char *step, const char *path)
{
	struct fault *f = arg;
	if (strcmp(step, f->step) != 0 || !strstr(path, "_delta_log") || f->countdown-- != 0)
		return 0;
	return EIO;
}

/* Fail every step of a commit in turn: afterwards the file is in the table once if we were told so, else not at all,
 * or the answer was an error while it is there whole, which the error says. Nothing that a power cut may take back is told as
 * done. */
static void test_faults(void)
{
	static const char *const steps[] = { "open", "write", "fsync", "link", "fsyncdir", "read", "stat" };
	T_CASE("a step that fails never tears the log; a commit counts as done when it is durable") {
		int failed_fsync = 0;
		for (size_t k = 0; k < sizeof steps / sizeof *steps; k++) {
			for (int n = 0; n < 6; n++) {
				struct change ch = { .lines = ADD("n", "1") };
				struct delta_commit_opts o = { .seed = 1, .no_checkpoint = true };
				struct delta_committed done;
				struct delta_snapshot *sn = NULL;
				struct fault f = { n, steps[k] };
				new_table();
				put(0, PROTOCOL METADATA("") ADD("a", "1"));
				store_set_fault(s, fault, &f);
				int r = delta_commit(&sn, s, build, &ch, &o, &done, &e);
				store_set_fault(s, NULL, NULL);
				delta_snapshot_free(sn);
				sn = open_at(DELTA_NEWEST);
				bool there = sn && delta_snapshot_names(sn, "n");
				T_OK(r || there);
				T_OK(!there || r == 0 || (r == ERR_IO && strstr(e.msg, "version 1 of ") && strstr(e.msg, "is in the log")));
				failed_fsync += f.countdown < 0 && strcmp(f.step, "fsyncdir") == 0;
				T_OK(f.countdown >= 0 || strncmp(f.step, "fsync", 5) != 0 || r != 0);
				T_OK(sn && sn->version == there);
				delta_snapshot_free(sn);
			}
		}
		T_OK(failed_fsync > 0);
	}
}

int main(void)
{
	char cmd[64];
	if (!mkdtemp(root))
		return 1;
	test_replay();
	test_damage();
	test_checkpoint();
	test_gaps();
	test_conflicts();
	test_faults();
	store_free(s);
	snprintf(cmd, sizeof cmd, "rm -rf %s", root);
	if (system(cmd))
		return 1;
	return t_done();
}
