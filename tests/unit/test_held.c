/* SPDX-License-Identifier: MIT */
/* Logs by hand, and whether their newest version holds what a stream has committed. */
#include "base/mem.h"
#include "delta/checkpoint.h"
#include "delta/held.h"
#include "delta/log.h"
#include "t.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#define ID "the-table"
#define META(id) "{\"metaData\":{\"id\":\"" id "\",\"format\":{\"provider\":\"parquet\",\"options\":{}},\"schemaString\":\"{\\\"type\\\":\\\"struct\\\"," \
	"\\\"fields\\\":[]}\",\"partitionColumns\":[],\"configuration\":{}}}\n"
#define NEW "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n" META(ID)
#define ADD_(p, change) "{\"add\":{\"path\":\"" p "\",\"partitionValues\":{},\"size\":1,\"modificationTime\":1,\"dataChange\":" change "}}\n"
#define REMOVE_(p, change) "{\"remove\":{\"path\":\"" p "\",\"deletionTimestamp\":1,\"dataChange\":" change "}}\n"
#define ADD(p) ADD_(p, "true")
#define REMOVE(p) REMOVE_(p, "true")
#define MOVE(from, to) REMOVE_(from, "false") ADD_(to, "false")
#define TXN(app, seq) "{\"txn\":{\"appId\":\"" app "\",\"version\":" #seq "}}\n"
#define INFO(op, parameters) "{\"commitInfo\":{\"operation\":\"" op "\",\"operationParameters\":{" parameters "}}}\n"
/* The stream's own commit, and one of somebody else. */
#define OWN(seq, p) INFO("STREAMING UPDATE", "\"outputMode\":\"Append\"") ADD(p) TXN("s", seq)
#define APPEND(p) INFO("WRITE", "\"mode\":\"Append\"") ADD(p)
#define RESTORE(v) INFO("RESTORE", "\"version\":" #v ",\"timestamp\":null")
#define OPTIMIZE(from, to) INFO("OPTIMIZE", "\"predicate\":\"[]\"") MOVE(from, to)
#define OVERWRITE(p) INFO("WRITE", "\"mode\":\"Overwrite\",\"partitionBy\":\"[]\"") REMOVE("a") ADD(p)

#define COMMITS 10

struct row {
	const char *name;
	const char *log[COMMITS];   /* "-": the file is removed once it is written */
	struct held_last last;
	enum held_verdict verdict;
	int64_t by, to, version;    /* of the result; by and to count when not whole */
};

/* Version 0 is the table with another's file o, 1 the stream's commit of file a. */
#define BEGIN NEW ADD("o"), OWN(5, "a")
#define NOTED { ID, 1, "a", 1, 5 }
#define LOOKED(v) { ID, 1, "a", v, 5 }
#define UNNOTED { NULL, -1, NULL, 1, 5 }

static const struct row rows[] = {
	/* Nothing happened, or nothing that matters. */
	{ "the stream's own commit is the newest", { BEGIN }, NOTED, HELD_WHOLE, 0, 0, 1 },
	{ "nothing of the stream is in the table", { NEW ADD("o") }, HELD_LAST_INIT, HELD_WHOLE, 0, 0, -1 },
	{ "another writer appends", { BEGIN, APPEND("b"), "{\"add\":{\"path\":\"c\",\"partitionValues\":{},\"size\":1,\"modificationTime\":1,\"dataChange\":true}}\n" },
	  NOTED, HELD_WHOLE, 0, 0, 1 },
	{ "another stream commits", { BEGIN, INFO("STREAMING UPDATE", "") ADD("b") TXN("t", 9) }, NOTED, HELD_WHOLE, 0, 0, 1 },
	{ "optimize moves the file", { BEGIN, OPTIMIZE("a", "z") }, NOTED, HELD_WHOLE, 0, 0, 1 },
	{ "optimize moves it twice, without a commitInfo", { BEGIN, MOVE("a", "y"), MOVE("y", "z") }, NOTED, HELD_WHOLE, 0, 0, 1 },
	/* Edits. */
	{ "delete", { BEGIN, INFO("DELETE", "\"predicate\":\"id = 1\"") REMOVE("a") ADD("b") }, NOTED, HELD_WHOLE, 0, 0, 1 },
	{ "delete of everything", { BEGIN, INFO("DELETE", "") REMOVE("a") REMOVE("o") }, NOTED, HELD_WHOLE, 0, 0, 1 },
	{ "update", { BEGIN, INFO("UPDATE", "\"predicate\":\"true\"") REMOVE("a") ADD("b") }, NOTED, HELD_WHOLE, 0, 0, 1 },
	{ "merge", { BEGIN, INFO("MERGE", "") REMOVE("a") ADD("b") }, NOTED, HELD_WHOLE, 0, 0, 1 },
	{ "truncate", { BEGIN, INFO("TRUNCATE", "") REMOVE("a") REMOVE("o") }, NOTED, HELD_WHOLE, 0, 0, 1 },
	{ "erase", { BEGIN, INFO("ERASE", "") REMOVE("a") ADD("b") }, NOTED, HELD_WHOLE, 0, 0, 1 },
	{ "overwrite with a predicate", { BEGIN, INFO("WRITE", "\"mode\":\"Overwrite\",\"predicate\":\"d = 'x'\"") REMOVE("a") ADD("b") },
	  NOTED, HELD_WHOLE, 0, 0, 1 },
	{ "overwrite of dynamic partitions, as a value",
	  { BEGIN, INFO("WRITE", "\"mode\":\"Overwrite\",\"isDynamicPartitionOverwrite\":true") REMOVE("a") ADD("b") }, NOTED, HELD_WHOLE, 0, 0, 1 },
	{ "overwrite of dynamic partitions, as text",
	  { BEGIN, INFO("WRITE", "\"mode\":\"Overwrite\",\"isDynamicPartitionOverwrite\":\"true\"") REMOVE("a") ADD("b") }, NOTED, HELD_WHOLE, 0, 0, 1 },
	/* Removals that are none of these. */
	{ "overwrite", { BEGIN, OVERWRITE("b") }, NOTED, HELD_NOT, 2, -1, 1 },
	{ "overwrite whose predicate is empty", { BEGIN, INFO("WRITE", "\"mode\":\"Overwrite\",\"predicate\":\"[]\"") REMOVE("a") ADD("b") },
	  NOTED, HELD_NOT, 2, -1, 1 },
	{ "overwrite of no dynamic partitions",
	  { BEGIN, INFO("WRITE", "\"mode\":\"Overwrite\",\"isDynamicPartitionOverwrite\":\"false\"") REMOVE("a") ADD("b") }, NOTED, HELD_NOT, 2, -1, 1 },
	{ "an operation that nobody knows", { BEGIN, INFO("CLONE", "") REMOVE("a") ADD("b") }, NOTED, HELD_NOT, 2, -1, 1 },
	{ "no commitInfo", { BEGIN, REMOVE("a") ADD("b") }, NOTED, HELD_NOT, 2, -1, 1 },
	{ "no operation", { BEGIN, "{\"commitInfo\":{}}\n" REMOVE("a") }, NOTED, HELD_NOT, 2, -1, 1 },
	{ "overwrite, then appends and an optimize", { BEGIN, OVERWRITE("b"), APPEND("c"), OPTIMIZE("c", "d") }, NOTED, HELD_NOT, 2, -1, 1 },
	{ "a whole overwrite that has read this table with the commit",
	  { BEGIN, "{\"commitInfo\":{\"operation\":\"WRITE\",\"operationParameters\":{\"mode\":\"Overwrite\"},\"read\":{\"id\":\"" ID "\",\"version\":1}}}\n"
	    REMOVE("a") ADD("b") }, NOTED, HELD_WHOLE, 0, 0, 1 },
	{ "the same, as the mark's copy says it",
	  { BEGIN, "{\"commitInfo\":{\"operation\":\"WRITE\",\"mark\":{\"v\":1,\"read\":{\"id\":\"" ID "\",\"version\":1}}}}\n" REMOVE("a") ADD("b") },
	  NOTED, HELD_WHOLE, 0, 0, 1 },
	{ "one that has read a version from before it",
	  { BEGIN, "{\"commitInfo\":{\"operation\":\"WRITE\",\"read\":{\"id\":\"" ID "\",\"version\":0}}}\n" REMOVE("a") ADD("b") }, NOTED, HELD_NOT, 2, 0, 1 },
	{ "one that has read another table",
	  { BEGIN, "{\"commitInfo\":{\"operation\":\"WRITE\",\"read\":{\"id\":\"x\",\"version\":1}}}\n" REMOVE("a") ADD("b") }, NOTED, HELD_NOT, 2, -1, 1 },
	{ "another id: the table was replaced", { BEGIN, META("other") ADD("b") }, NOTED, HELD_OTHER, 0, 0, 1 },
	{ "a new metaData with the same id", { BEGIN, INFO("ADD COLUMNS", "") META(ID), OPTIMIZE("a", "z") }, NOTED, HELD_WHOLE, 0, 0, 1 },
	/* RESTORE. */
	{ "restore to before", { BEGIN, RESTORE(0) REMOVE("a") }, NOTED, HELD_NOT, 2, 0, 1 },
	{ "restore to before, by a writer who puts numbers into text", { BEGIN, INFO("RESTORE", "\"version\":\"0\"") REMOVE("a") }, NOTED, HELD_NOT, 2, 0, 1 },
	{ "restore to it", { BEGIN, APPEND("b"), RESTORE(1) REMOVE("b") }, NOTED, HELD_WHOLE, 0, 0, 1 },
	{ "restore to it when an optimize had moved it before", { BEGIN, OPTIMIZE("a", "z"), APPEND("b"), RESTORE(2) REMOVE("b") },
	  NOTED, HELD_WHOLE, 0, 0, 1 },
	{ "restore that is undone", { BEGIN, RESTORE(0) REMOVE("a"), RESTORE(1) ADD("a") }, NOTED, HELD_WHOLE, 0, 0, 1 },
	{ "restore that is undone, of a moved file", { BEGIN, OPTIMIZE("a", "z"), RESTORE(0) REMOVE("z"), RESTORE(2) ADD("z") },
	  NOTED, HELD_WHOLE, 0, 0, 1 },
	{ "restore that is undone and done again", { BEGIN, OPTIMIZE("a", "z"), RESTORE(0) REMOVE("z"), RESTORE(2) ADD("z"), RESTORE(3) REMOVE("z") },
	  NOTED, HELD_NOT, 3, 0, 1 },
	{ "restore to a version that was not whole", { BEGIN, OVERWRITE("b"), APPEND("c"), RESTORE(2) REMOVE("c") }, NOTED, HELD_NOT, 2, -1, 1 },
	{ "restore to before, then others append and edit",
	  { BEGIN, RESTORE(0) REMOVE("a"), APPEND("b"), INFO("DELETE", "") REMOVE("b"), OPTIMIZE("o", "p") }, NOTED, HELD_NOT, 2, 0, 1 },
	{ "restore that names nothing", { BEGIN, INFO("RESTORE", "") REMOVE("a") }, NOTED, HELD_NOT, 2, -1, 1 },
	{ "restore to the future", { BEGIN, RESTORE(7) REMOVE("a") }, NOTED, HELD_NOT, 2, -1, 1 },
	/* What the checkpoint has not heard of. */
	{ "a later commit of the stream is the one that counts", { BEGIN, OWN(6, "b") }, NOTED, HELD_WHOLE, 0, 0, 2 },
	{ "a later commit, rolled back by a restore to the one that was noted", { BEGIN, OWN(6, "b"), RESTORE(1) REMOVE("b") }, NOTED, HELD_NOT, 3, 1, 2 },
	{ "a later commit, and a later txn alone", { BEGIN, OWN(6, "b"), TXN("s", 7) }, NOTED, HELD_WHOLE, 0, 0, 2 },
	{ "a later txn alone", { BEGIN, TXN("s", 6), OPTIMIZE("a", "z") }, NOTED, HELD_WHOLE, 0, 0, 1 },
	{ "an overwrite of the stream's own", { BEGIN, INFO("WRITE", "\"mode\":\"Overwrite\"") REMOVE("a") ADD("b") TXN("s", 6), OPTIMIZE("b", "c") },
	  NOTED, HELD_WHOLE, 0, 0, 2 },
	/* A checkpoint that kept no commit. */
	{ "sought and held", { BEGIN, APPEND("b"), OPTIMIZE("a", "z") }, UNNOTED, HELD_WHOLE, 0, 0, 1 },
	{ "sought and rolled back", { BEGIN, RESTORE(0) REMOVE("a") }, UNNOTED, HELD_NOT, 2, 0, 1 },
	{ "sought behind txns alone", { BEGIN, TXN("s", 6), APPEND("c"), RESTORE(0) REMOVE("a") REMOVE("c") }, UNNOTED, HELD_NOT, 4, 0, 1 },
	{ "sought, and there is none: the stream has never added a file", { NEW TXN("s", 3), APPEND("b"), OVERWRITE("c") }, UNNOTED, HELD_WHOLE, 0, 0, -1 },
	/* Log clean-up: the versions are made whole by a checkpoint of the log at version 5. */
	{ "gone, but the file is in the table", { BEGIN "-", APPEND("b") "-", APPEND("c") "-", APPEND("d"), APPEND("e") }, NOTED, HELD_WHOLE, 0, 0, 1 },
	{ "a commit of the walk is gone", { BEGIN "-", OPTIMIZE("a", "z") "-", APPEND("c") "-", APPEND("d"), APPEND("e") }, NOTED, HELD_GONE, 3, 0, 1 },
	{ "gone, but it was looked at", { BEGIN "-", OPTIMIZE("a", "z") "-", APPEND("c") "-", APPEND("d"), APPEND("e") }, LOOKED(3), HELD_WHOLE, 0, 0, 1 },
	{ "looked at, then a restore to between", { BEGIN, OPTIMIZE("a", "z"), APPEND("c"), RESTORE(2) REMOVE("c") }, LOOKED(3), HELD_WHOLE, 0, 0, 1 },
	{ "looked at, then a restore to before", { BEGIN, OPTIMIZE("a", "z"), APPEND("c"), RESTORE(0) REMOVE("z") REMOVE("c") }, LOOKED(3), HELD_NOT, 4, 0, 1 },
	{ "looked at, then a restore to a version that is gone",
	  { BEGIN "-", OPTIMIZE("a", "z") "-", APPEND("c") "-", APPEND("d"), APPEND("e"), RESTORE(2) REMOVE("c") REMOVE("d") REMOVE("e") },
	  LOOKED(5), HELD_GONE, 2, 0, 1 },
	{ "an unnoted commit is gone", { BEGIN "-", APPEND("b") "-", APPEND("c") "-", APPEND("d"), APPEND("e") }, UNNOTED, HELD_UNKNOWN, 3, 0, -1 },
	{ "the table is ahead, and the commit that says so is gone", { BEGIN "-", OWN(6, "b") "-", APPEND("c") "-", APPEND("d"), APPEND("e") },
	  NOTED, HELD_GONE, 3, 0, 1 },
	/* smcheckpoint accept: a version and no file. */
	{ "accepted", { BEGIN, RESTORE(0) REMOVE("a") }, { ID, 2, NULL, 2, 5 }, HELD_WHOLE, 0, 0, 2 },
	{ "accepted, then others write", { BEGIN, RESTORE(0) REMOVE("a"), APPEND("b"), OPTIMIZE("b", "c") }, { ID, 2, NULL, 2, 5 }, HELD_WHOLE, 0, 0, 2 },
	{ "accepted, then rolled back again", { BEGIN, RESTORE(0) REMOVE("a"), APPEND("b"), RESTORE(1) ADD("a") REMOVE("b") },
	  { ID, 2, NULL, 2, 5 }, HELD_NOT, 4, 1, 2 },
};

static char root[] = "/tmp/sm-held-XXXXXX";
static struct store *s;
static struct err e;

static void new_table(void)
{
	static int n;
	char dir[64];
	store_free(s);
	snprintf(dir, sizeof dir, "%s/%d", root, n++);
	T_INT(store_open(&s, dir, &e), 0);
}

static char *path_of(int64_t version)
{
	struct buf b = BUF_INIT, name = BUF_INIT;
	delta_commit_name(&name, version);
	store_path(s, buf_cstr(&name), &b);
	buf_release(&name);
	return buf_detach(&b, NULL);
}

static void put(int64_t version, const char *text, size_t n)
{
	struct buf name = BUF_INIT;
	delta_commit_name(&name, version);
	T_INT(store_put(s, buf_cstr(&name), text, n, &e), 0);
	buf_release(&name);
}

/* Write the log; the versions marked '-' are then cleaned away. */
static struct delta_snapshot *make_log(const char *const *log)
{
	struct delta_snapshot *sn = NULL;
	bool gone[COMMITS] = { false };
	int64_t n = 0;
	new_table();
	for (; n < COMMITS && log[n]; n++) {
		size_t len = strlen(log[n]);
		gone[n] = log[n][len - 1] == '-';
		put(n, log[n], len - gone[n]);
	}
	if (gone[1]) {
		/* The first two versions are one entry of the table: both go. */
		gone[0] = true;
		T_INT(delta_snapshot_open(&sn, s, 3, DELTA_WITH_STATS, &e), 0);
		T_INT(delta_checkpoint_write(sn, 0, &e), 0);
		delta_snapshot_free(sn);
	}
	for (int64_t v = 0; v < n; v++) {
		char *path = path_of(v);
		if (gone[v])
			T_INT(unlink(path), 0);
		mem_free(path);
	}
	if (delta_snapshot_open(&sn, s, DELTA_NEWEST, 0, &e) != 0)
		T_FAIL("%s", e.msg);
	return sn;
}

static void check(const struct row *r)
{
	struct arena a = ARENA_INIT;
	struct held h;
	struct delta_snapshot *sn = make_log(r->log);
	if (held_look(sn, "s", &r->last, &a, &h, &e) != 0)
		T_FAIL("%s: %s", r->name, e.msg);
	else if (h.verdict != r->verdict || h.version != r->version)
		T_FAIL("%s: verdict %d of version %lld", r->name, h.verdict, (long long)h.version);
	else if ((h.verdict == HELD_NOT && (h.by != r->by || h.to != r->to)) || (h.verdict == HELD_GONE && h.by != r->by))
		T_FAIL("%s: by %lld, to %lld", r->name, (long long)h.by, (long long)h.to);
	if (h.verdict != HELD_WHOLE) {
		T_INT(held_error(&h, sn, "s", &r->last, "/ck", &e), ERR_CONFLICT);
		T_OK(strstr(e.msg, "smcheckpoint accept /ck") && strstr(e.msg, "smcheckpoint rewind /ck --table"));
	}
	delta_snapshot_free(sn);
	arena_release(&a);
}

static void test_rows(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		T_CASE(rows[i].name)
			check(&rows[i]);
}

/* The log's own times: version V at V + 1 hours past 2026-01-01T00:00:00Z. */
static void date_log(int64_t n)
{
	for (int64_t v = 0; v < n; v++) {
		char *path = path_of(v);
		struct utimbuf t = { 1767225600 + 3600 * (v + 1), 1767225600 + 3600 * (v + 1) };
		T_INT(utime(path, &t), 0);
		mem_free(path);
	}
}

static void by_time(const char *parameters, enum held_verdict verdict, int64_t to)
{
	static const struct held_last last = NOTED;
	struct arena a = ARENA_INIT;
	struct buf line = BUF_INIT;
	struct held h;
	const char *files = to == 1 ? REMOVE("b") REMOVE("c") : to == 2 ? REMOVE("c") : REMOVE("a") REMOVE("b") REMOVE("c");
	buf_printf(&line, "{\"commitInfo\":{\"operation\":\"RESTORE\",\"operationParameters\":{%s}}}\n%s%s", parameters, files,
		   /* so that the walk is needed */ to > 0 ? MOVE("a", "z") : "");
	struct delta_snapshot *sn = make_log((const char *const[COMMITS]){ BEGIN, APPEND("b"), APPEND("c"), buf_cstr(&line) });
	date_log(5);
	T_INT(held_look(sn, "s", &last, &a, &h, &e), 0);
	if (h.verdict != verdict || (verdict == HELD_NOT && h.to != to))
		T_FAIL("%s: verdict %d, to %lld", parameters, h.verdict, (long long)h.to);
	delta_snapshot_free(sn);
	buf_release(&line);
	arena_release(&a);
}

static void test_times(void)
{
	T_CASE("a restore to a time: milliseconds, with a zone, in UTC") {
		by_time("\"datetime\":\"1767231000000\"", HELD_NOT, 0);
		by_time("\"datetime\":\"1767234600000\"", HELD_WHOLE, 1);
		by_time("\"version\":null,\"timestamp\":\"2026-01-01T01:30:00Z\"", HELD_NOT, 0);
		by_time("\"version\":null,\"timestamp\":\"2026-01-01T03:30:00+01:00\"", HELD_WHOLE, 1);
		by_time("\"version\":null,\"timestamp\":\"2026-01-01 01:30:00.342\"", HELD_NOT, 0);
		by_time("\"version\":null,\"timestamp\":\"garbage\"", HELD_NOT, -1);
	}
	T_CASE("a restore to a time in a zone that nobody knows: the files tell which version it was") {
		/* Ten o'clock is behind all of them in UTC, half past one in Karachi (+05) is before them. */
		struct row zone = { "zone", { BEGIN, APPEND("b"), APPEND("c"),
			INFO("RESTORE", "\"version\":null,\"timestamp\":\"2026-01-01 06:30:00\"") REMOVE("a") REMOVE("b") REMOVE("c") },
			NOTED, HELD_NOT, 4, 0, 1 };
		struct arena a = ARENA_INIT;
		struct held h;
		struct delta_snapshot *sn = make_log(zone.log);
		date_log(5);
		T_INT(held_look(sn, "s", &zone.last, &a, &h, &e), 0);
		T_OK(h.verdict == HELD_NOT && h.by == 4 && h.to == 0);
		delta_snapshot_free(sn);
		arena_release(&a);
	}
}

static bool any_generation(void *arg, const char *app_id)
{
	return strncmp(app_id, arg, strlen(arg)) == 0;
}

static void find(const char *const *log, int64_t version, const char *cursor, bool gone)
{
	struct arena a = ARENA_INIT;
	struct held_commit c;
	char id[] = "s";
	struct delta_snapshot *sn = make_log(log);
	T_INT(held_find(sn, any_generation, id, &a, &c, &e), 0);
	T_INT(c.version, version);
	T_INT(c.gone, gone);
	if (cursor)
		T_MEM(c.cursor ? c.cursor : "", c.ncursor, cursor, strlen(cursor));
	else
		T_OK(!c.cursor);
	delta_snapshot_free(sn);
	arena_release(&a);
}

#define MARKED(seq, p, cursor) "{\"commitInfo\":{\"operation\":\"STREAMING UPDATE\",\"mark\":{\"v\":1,\"seq\":" #seq ",\"cursor\":" cursor "}}}\n" ADD(p) TXN("s", seq)
#define LOG(...) ((const char *const[COMMITS]){ __VA_ARGS__ })

static void test_find(void)
{
	T_CASE("the stream's last commit that the table holds, with its cursor") {
		find(LOG(NEW, MARKED(5, "a", "{\"o\":1}"), MARKED(6, "b", "[2]"), APPEND("c")), 2, "[2]", false);
		find(LOG(NEW, MARKED(5, "a", "{\"o\":1}"), MARKED(6, "b", "[2]"), RESTORE(1) REMOVE("b")), 1, "{\"o\":1}", false);
		find(LOG(NEW, MARKED(5, "a", "1"), OPTIMIZE("a", "z"), MARKED(6, "b", "2"), RESTORE(2) REMOVE("b")), 1, "1", false);
		find(LOG(NEW, MARKED(5, "a", "1"), INFO("DELETE", "") REMOVE("a")), 1, "1", false);
		find(LOG(NEW, MARKED(5, "a", "1"), RESTORE(0) REMOVE("a"), APPEND("b")), -1, NULL, false);
		find(LOG(NEW, MARKED(5, "a", "1"), OVERWRITE("b")), -1, NULL, false);
		find(LOG(NEW, ADD("a") TXN("s.2", 5), APPEND("b")), 1, NULL, false);
		find(LOG(NEW, MARKED(5, "a", "1") "-", APPEND("b") "-", APPEND("c") "-", APPEND("d")), -1, NULL, true);
	}
}

int main(void)
{
	char cmd[64];
	if (!mkdtemp(root))
		return 1;
	test_rows();
	test_times();
	test_find();
	store_free(s);
	snprintf(cmd, sizeof cmd, "rm -rf %s", root);
	return t_done() | (system(cmd) != 0);
}
