/* SPDX-License-Identifier: MIT */
/* lib/replay on tables of our own making: what is read, how little of it, and in which order. */
#include "base/rand.h"
#include "commit/commit.h"
#include "ingest/partitioner.h"
#include "io/output.h"
#include "replay/replay.h"
#include "t.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define GROUP 10
#define SCHEMA "{\"type\":\"struct\",\"fields\":[{\"name\":\"id\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}},{\"name\":\"s\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}}," \
	"{\"name\":\"ts\",\"type\":\"timestamp\",\"nullable\":true,\"metadata\":{}},{\"name\":\"f\",\"type\":\"double\",\"nullable\":true,\"metadata\":{}}]}"

static char root[] = "/tmp/sm-replay-XXXXXX", table[64], path[128];
static struct err e;

static void write_file(const char *name, const char *p, size_t n)
{
	snprintf(path, sizeof path, "%s/%s", root, name);
	FILE *f = fopen(path, "w");
	if (!f || fwrite(p, 1, n, f) != n || fclose(f) != 0)
		T_FAIL("cannot write %s", path);
}

/* One commit of one file with the records of TEXT, in row groups of GROUP rows. */
static void commit_rows(const char *text, bool overwrite)
{
	struct partition_opts o = { .table = table, .row_group_rows = GROUP, .codec = PQ_SNAPPY, .threads = 1, .max_open = 100 };
	struct commit_opts co = { .overwrite = overwrite };
	struct partition_result result;
	struct output out;
	struct committer *c;
	struct buf lines = BUF_INIT;
	char in[128], schema[128];
	write_file("schema", SCHEMA, sizeof SCHEMA - 1);
	memcpy(schema, path, sizeof path);
	write_file("in", text, strlen(text));
	memcpy(in, path, sizeof path);
	const char *paths[] = { in };
	o.schema = schema;
	o.paths = paths;
	o.npaths = 1;
	o.out = &out;
	T_INT(reject_open(&o.rejects, "test", NULL, &e), 0);
	snprintf(path, sizeof path, "%s/actions", root);
	output_init(&out, open(path, O_RDWR | O_CREAT | O_TRUNC, 0666), "actions");
	int r = partition_run(&o, &result, &e);
	T_INT(r, 0);
	T_INT(output_close(&out, &e), 0);
	buf_release(&out.buf);
	reject_close(o.rejects, NULL);
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	T_INT(committer_new(&c, &co, &e), 0);
	while (r == 0 && f && (n = getline(&line, &cap, f)) > 0)
		r = committer_line(c, line, (size_t)n - 1, &lines, &e);
	if (r == 0)
		r = committer_end(c, &lines, &e);
	if (r)
		T_FAIL("commit: %s", e.msg);
	committer_free(c);
	buf_release(&lines);
	free(line);
	if (f)
		fclose(f);
}

static void fresh(void)
{
	static int n;
	snprintf(table, sizeof table, "%s/t%d", root, ++n);
}

/* Row I of the grid: id, a word, a time, a number, all growing with I; every seventh row has nulls. */
static void put_row(struct buf *b, int i)
{
	if (i % 7 == 3) {
		buf_printf(b, "{\"id\":%d}\n", i);
		return;
	}
	buf_printf(b, "{\"id\":%d,\"s\":\"w%04d\",\"ts\":\"2026-01-%02dT%02d:%02d:00.%06dZ\",\"f\":%d.5}\n", i, i, 1 + i / 1440, i / 60 % 24, i % 60, i,
		   i);
}

static void grid(int from, int to)
{
	struct buf b = BUF_INIT;
	for (int i = from; i < to; i++)
		put_row(&b, i);
	commit_rows(buf_cstr(&b), false);
	buf_release(&b);
}

/* Everything that O gives, into B. */
static int all_of(const struct replay_opts *o, struct buf *b, struct replay_counts *c)
{
	struct replay *r;
	struct replay_piece p;
	int rc = replay_open(&r, table, o, &e);
	buf_clear(b);
	if (rc)
		return rc;
	while ((rc = replay_next(r, &p, &e)) > 0)
		buf_put(b, p.p, p.n);
	replay_count(r, c);
	replay_free(r);
	return rc;
}

/* The ids in B, "1 2 5-9". */
static const char *ids(const struct buf *b)
{
	static char text[4096];
	long first = -2, last = -2;
	size_t n = 0;
	*text = '\0';
	for (const char *p = b->p, *end = b->p + b->n;; ) {
		const char *nl = p && p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;
		long id = nl ? strtol(p + strlen("{\"id\":"), NULL, 10) : -9;
		if (id != last + 1) {
			if (first >= 0)
				n += (size_t)snprintf(text + n, sizeof text - n, last > first ? "%s%ld-%ld" : "%s%ld", n ? " " : "", first, last);
			first = id;
		}
		last = id;
		if (!nl)
			return text;
		p = nl + 1;
	}
}

/* --- pruning --- */

static const struct prune {
	const char *where, *want;
	int files, groups;           /* that are read, of 3 files with 6, 6 and 3 groups */
} prunes[] = {
	{ "s = 'w0042'", "42", 1, 1 },
	{ "s > 'w0137'", "138-142 144-149", 1, 2 },
	{ "s < 'w0005'", "0-2 4", 1, 1 },
	{ "s >= 'w0058' AND s < 'w0062'", "58 60-61", 2, 2 },
	{ "s BETWEEN 'w0050' AND 'w0051'", "50-51", 1, 1 },
	{ "s LIKE 'w001%'", "11-16 18-19", 1, 1 },
	{ "s IN ('w0001', 'w0091')", "1 91", 2, 2 },
	{ "s = 'x'", "", 0, 0 },
	{ "s IS NULL AND id < 20", "3 10 17", 1, 2 },
	{ "ts = timestamp '2026-01-01T00:42:00.000042Z'", "42", 1, 1 },
	{ "ts < timestamp '2026-01-01T00:05:00Z'", "0-2 4", 1, 1 },
	{ "ts >= timestamp '2026-01-01T02:18:00Z'", "138-142 144-149", 1, 2 },
	{ "ts > timestamp '2026-01-01T00:58:00.000057Z' AND ts < timestamp '2026-01-01T01:02:00Z'", "58 60-61", 2, 2 },
	{ "ts > timestamp '2026-02-01T00:00:00Z'", "", 0, 0 },
	{ "ts < timestamp '2025-12-31T23:59:59.999999Z'", "", 0, 0 },
	{ "f < 2.5D", "0-1", 1, 1 },
	{ "id >= 95 AND s <= 'w0104'", "95-100 102-104", 1, 2 },
	{ "s = 'w0042' OR ts = timestamp '2026-01-01T01:10:00.000070Z'", "42 70", 2, 2 },
	{ "NOT (s <= 'w0137')", "138-142 144-149", 1, 2 },
};

static void test_pruning(void)
{
	struct buf b = BUF_INIT;
	struct replay_counts c;
	fresh();
	grid(0, 60);
	grid(60, 120);
	grid(120, 150);
	T_CASE("files and row groups are skipped by strings, times and numbers, and no row is lost")
	{
		for (size_t i = 0; i < sizeof prunes / sizeof *prunes; i++) {
			struct replay_opts o = { .version = REPLAY_NEWEST, .where = prunes[i].where };
			int rc = all_of(&o, &b, &c);
			if (rc || strcmp(ids(&b), prunes[i].want) != 0 || c.files_read != (uint64_t)prunes[i].files ||
			    c.groups_read != (uint64_t)prunes[i].groups)
				T_FAIL("%s: %d, rows %s, %llu files, %llu groups (wants %s, %d, %d)", prunes[i].where, rc, ids(&b),
				       (unsigned long long)c.files_read, (unsigned long long)c.groups_read, prunes[i].want, prunes[i].files,
				       prunes[i].groups);
		}
	}
	T_CASE("since and until skip like a condition; half open")
	{
		struct replay_opts o = { .version = REPLAY_NEWEST, .time_column = "ts", .has_since = true, .has_until = true };
		int64_t day = INT64_C(1767225600000000), minute = 60000000; /* 2026-01-01 */
		o.since_us = day + 58 * minute + 58;
		o.until_us = day + 62 * minute + 62;
		T_INT(all_of(&o, &b, &c), 0);
		T_STR(ids(&b), "58 60-61");
		T_INT(c.groups_read, 2);
	}
	T_CASE("any number of threads gives the same bytes; a count is the number of lines")
	{
		struct buf one = BUF_INIT;
		struct replay_opts o = { .version = REPLAY_NEWEST, .threads = 1 };
		T_INT(all_of(&o, &one, &c), 0);
		T_INT(c.rows_matched, 150);
		for (unsigned t = 2; t < 9; t++) {
			o.threads = t;
			T_INT(all_of(&o, &b, &c), 0);
			T_MEM(b.p, b.n, one.p, one.n);
		}
		buf_release(&one);
	}
	buf_release(&b);
}

/* --- versions --- */

static void test_versions(void)
{
	struct buf b = BUF_INIT;
	struct replay_counts c;
	fresh();
	grid(0, 5);
	grid(10, 12);
	commit_rows("{\"id\":77}\n", true);
	T_CASE("a version is what it was; one that is not there is named")
	{
		static const char *const want[] = { "0-4", "0-4 10-11", "77" };
		for (int v = 0; v < 3; v++) {
			T_INT(all_of(&(struct replay_opts){ .version = v }, &b, &c), 0);
			T_STR(ids(&b), want[v]);
			T_INT(c.version, v);
		}
		T_INT(all_of(&(struct replay_opts){ .version = 3 }, &b, &c), ERR_NOT_FOUND);
		T_OK(strstr(e.msg, "no version 3") != NULL);
	}
	T_CASE("changes: what a version removed, then what it added")
	{
		struct replay_opts o = { .changes = true, .first = 1, .last = 2, .select = "id" };
		T_INT(all_of(&o, &b, &c), 0);
		T_STR(ids(&b), "10-11 0-4 10-11 77");
		int inserts = 0, deletes = 0;
		for (const char *p = buf_cstr(&b); (p = strstr(p, "\"_change_type\":\"")) != NULL; p++) {
			inserts += strncmp(p + 16, "insert", 6) == 0;
			deletes += strncmp(p + 16, "delete", 6) == 0;
		}
		T_INT(inserts, 3);
		T_INT(deletes, 7);
	}
	T_CASE("what comes: added rows, and a conflict when rows went")
	{
		struct replay *r;
		struct replay_piece p;
		char id[64];
		T_INT(replay_open(&r, table, &(struct replay_opts){ .version = REPLAY_NEWEST }, &e), 0);
		snprintf(id, sizeof id, "%s", replay_table_id(r));
		T_INT(strlen(id), 36);
		while (replay_next(r, &p, &e) > 0)
			;
		T_INT(replay_more(r, &e), 0);
		grid(20, 22);
		T_INT(replay_more(r, &e), 1);
		buf_clear(&b);
		while (replay_next(r, &p, &e) > 0)
			buf_put(&b, p.p, p.n);
		T_STR(ids(&b), "20-21");
		replay_count(r, &c);
		T_INT(c.version, 3);
		T_STR(replay_table_id(r), id);
		commit_rows("{\"id\":78}\n", true);
		T_INT(replay_more(r, &e), ERR_CONFLICT);
		replay_free(r);
	}
	buf_release(&b);
}

/* --- by event time --- */

static void test_by_time(void)
{
	struct replay *r;
	struct replay_piece p;
	struct rng rng;
	fresh();
	rng_seed(&rng, 8);
	/* Files that came in another order than their times, rows shuffled within them. */
	static const int order[] = { 3, 0, 4, 1, 2 };
	for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
		struct buf b = BUF_INIT;
		int row[GROUP];
		for (int k = 0; k < GROUP; k++)
			row[k] = order[i] * 20 + k;
		for (int k = GROUP - 1; k > 0; k--) {
			int j = (int)rng_below(&rng, (uint64_t)k + 1), was = row[k];
			row[k] = row[j];
			row[j] = was;
		}
		for (int k = 0; k < GROUP; k++)
			if (row[k] % 7 != 3)
				put_row(&b, row[k]);
		commit_rows(buf_cstr(&b), false);
		buf_release(&b);
	}
	T_CASE("by time: over several files that do not overlap, the order is that of event time, and each record has its own")
	{
		struct replay_opts o = { .version = REPLAY_NEWEST, .time_column = "ts", .by_time = true };
		int64_t last = INT64_MIN, day = INT64_C(1767225600000000);
		int n = 0;
		T_INT(replay_open(&r, table, &o, &e), 0);
		while (replay_next(r, &p, &e) > 0) {
			size_t at = 0;
			for (uint64_t i = 0; i < p.records; i++) {
				long id = strtol(p.p + at + strlen("{\"id\":"), NULL, 10);
				if (p.record[i].us < last)
					T_FAIL("id %ld at %lld comes behind %lld", id, (long long)p.record[i].us, (long long)last);
				T_INT(p.record[i].us, day + id * 60000000 + id);
				last = p.record[i].us;
				at = p.record[i].end;
				n++;
			}
			T_INT(at, p.n);
		}
		T_INT(n, 50 - 6); /* 3, 24, 45, 66, 80 and 87 have no time */
		replay_free(r);
	}
}

int main(void)
{
	char cmd[64];
	if (!mkdtemp(root))
		return 1;
	test_pruning();
	test_versions();
	test_by_time();
	snprintf(cmd, sizeof cmd, "rm -rf %s", root);
	return t_done() | (system(cmd) != 0);
}
