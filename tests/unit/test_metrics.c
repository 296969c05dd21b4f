/* SPDX-License-Identifier: MIT */
/* The registry: its text, reading it back, escaping, the bounds of labels. */
#include "metrics/metrics.h"

#include "t.h"

static const char *text_of(struct metrics *m, struct buf *b)
{
	buf_clear(b);
	metrics_put_text(m, b);
	return buf_cstr(b);
}

static bool has(struct metrics *m, struct buf *b, const char *line)
{
	const char *at = strstr(text_of(m, b), line);
	return at && (at == b->p || at[-1] == '\n') && at[strlen(line)] == '\n';
}

static struct metrics *named(const char *tool, const char *name)
{
	struct metrics *m = metrics_new(tool);
	metrics_label(m, METRICS_LABEL_NAME, name);
	return m;
}

static int load(struct metrics *m, const char *text)
{
	struct err e;
	return metrics_load(m, text, strlen(text), &e);
}

static void values(struct buf *b)
{
	static const struct { int64_t v; const char *text; } row[] = {
		{ 0, "0" }, { 1, "0.000001" }, { 1500000, "1.5" }, { -1, "-0.000001" }, { -2500000, "-2.5" }, { INT64_C(4611686018427387903), "4611686018427.387903" },
		{ 1796026507041574, "1796026507.041574" }, { 10000000, "10" },
	};
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct metrics *m = named("smjq", "a"), *again = named("smjq", "a");
		char line[120];
		snprintf(line, sizeof line, "sm_run_start_timestamp_seconds{tool=\"smjq\",name=\"a\"} %s", row[i].text);
		metrics_set(m, METRIC_RUN_START, row[i].v);
		if (!has(m, b, line))
			T_FAIL("not %s", line);
		T_INT(load(again, buf_cstr(b)), 0);
		if (!has(again, b, line))
			T_FAIL("read back: not %s", line);
		metrics_free(m);
		metrics_free(again);
	}
}

/* A gauge may be counted up, too, from nothing. */
static void counted_up(struct buf *b)
{
	struct metrics *m = named("smjq", "a");
	metrics_add(m, METRIC_INPUT_READ, 5);
	metrics_add(m, METRIC_INPUT_READ, 7);
	T_OK(has(m, b, "sm_input_read_bytes{tool=\"smjq\",name=\"a\"} 12"));
	metrics_free(m);
}

static void go_on(struct buf *b)
{
	struct metrics *m = named("smcommit", "s"), *next = named("smcommit", "s");
	metrics_add(m, METRIC_COMMITS, 3);
	metrics_observe(m, METRIC_COMMIT_DURATION, 5000000);
	metrics_observe(m, METRIC_COMMIT_DURATION, 70000000000);
	metrics_set(m, METRIC_TABLE_VERSION, 7);
	metrics_end(m, 75, 1000000);
	metrics_end(m, 1, 2000000);
	T_INT(load(next, text_of(m, b)), 0);
	T_OK(has(next, b, "sm_commits_total{tool=\"smcommit\",name=\"s\"} 3"));
	metrics_add(next, METRIC_COMMITS, 2);
	metrics_observe(next, METRIC_COMMIT_DURATION, 6000000);
	metrics_end(next, 75, 9000000);
	T_OK(has(next, b, "sm_commits_total{tool=\"smcommit\",name=\"s\"} 5"));
	T_OK(has(next, b, "sm_runs_total{tool=\"smcommit\",name=\"s\",status=\"75\"} 2"));
	T_OK(has(next, b, "sm_runs_total{tool=\"smcommit\",name=\"s\",status=\"1\"} 1"));
	T_OK(has(next, b, "sm_run_status{tool=\"smcommit\",name=\"s\"} 75"));
	T_OK(has(next, b, "sm_last_success_timestamp_seconds{tool=\"smcommit\",name=\"s\"} 2"));
	T_OK(has(next, b, "sm_table_version{tool=\"smcommit\",name=\"s\"} 7"));
	T_OK(has(next, b, "sm_commit_duration_seconds_bucket{tool=\"smcommit\",name=\"s\",le=\"0.005\"} 1"));
	T_OK(has(next, b, "sm_commit_duration_seconds_bucket{tool=\"smcommit\",name=\"s\",le=\"0.01\"} 2"));
	T_OK(has(next, b, "sm_commit_duration_seconds_bucket{tool=\"smcommit\",name=\"s\",le=\"60\"} 2"));
	T_OK(has(next, b, "sm_commit_duration_seconds_bucket{tool=\"smcommit\",name=\"s\",le=\"+Inf\"} 3"));
	T_OK(has(next, b, "sm_commit_duration_seconds_sum{tool=\"smcommit\",name=\"s\"} 70.011"));
	T_OK(has(next, b, "sm_commit_duration_seconds_count{tool=\"smcommit\",name=\"s\"} 3"));
	/* What this run has counted is told apart. */
	buf_clear(b);
	metrics_put_stats(next, b);
	T_OK(strstr(buf_cstr(b), "\"sm_commits_total\":2,\"sm_commit_duration_seconds\":{\"count\":1,\"sum\":0.006}") != NULL);
	metrics_free(m);
	metrics_free(next);
}

static void escapes(struct buf *b)
{
	struct metrics *m = named("smtable", "a\"b\\c\nd"), *again = named("smtable", "a\"b\\c\nd");
	metrics_label(m, METRICS_LABEL_TABLE, "/\xff/t");
	metrics_label(m, METRICS_LABEL_TABLE, "the first counts");
	metrics_end(m, 0, 1000000);
	T_OK(has(m, b, "sm_run_status{tool=\"smtable\",name=\"a\\\"b\\\\c\\nd\",table=\"/\xef\xbf\xbd/t\"} 0"));
	T_INT(load(again, buf_cstr(b)), 0);
	/* A run that fails before it knows its table is no other series. */
	metrics_end(again, 2, 5000000);
	T_OK(has(again, b, "sm_runs_total{tool=\"smtable\",name=\"a\\\"b\\\\c\\nd\",table=\"/\xef\xbf\xbd/t\",status=\"2\"} 1"));
	T_OK(has(again, b, "sm_runs_total{tool=\"smtable\",name=\"a\\\"b\\\\c\\nd\",table=\"/\xef\xbf\xbd/t\",status=\"0\"} 1"));
	metrics_free(m);
	metrics_free(again);
}

static void bounds(struct buf *b)
{
	struct metrics *m = named("smjq", "s"), *again = named("smjq", "s");
	char label[16];
	size_t lines = 0;
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 1000; i++) {
			snprintf(label, sizeof label, "r%d", i);
			metrics_add_at(m, METRIC_REJECTED, label, NULL, 1);
		}
	T_OK(has(m, b, "sm_rejected_records_total{tool=\"smjq\",name=\"s\",reason=\"r31\"} 2"));
	T_OK(has(m, b, "sm_rejected_records_total{tool=\"smjq\",name=\"s\",reason=\"other\"} 1936"));
	for (const char *p = buf_cstr(b); (p = strstr(p, "\nsm_rejected_records_total{")) != NULL; p++)
		lines++;
	T_INT(lines, METRICS_SERIES + 1);
	T_INT(load(again, buf_cstr(b)), 0);
	metrics_add_at(again, METRIC_REJECTED, "r999", NULL, 4);
	T_OK(has(again, b, "sm_rejected_records_total{tool=\"smjq\",name=\"s\",reason=\"other\"} 1940"));
	char *big = malloc(5000);
	memset(big, 'x', 4999);
	big[4999] = '\0';
	struct metrics *wide = named("smjq", big);
	metrics_end(wide, 0, 1);
	T_OK(strlen(text_of(wide, b)) < 20 * (METRICS_LABEL_MAX + 200));
	free(big);
	metrics_free(wide);
	metrics_free(m);
	metrics_free(again);
	/* One that calls itself so is that of the others. */
	m = named("smjq", "s");
	metrics_add_at(m, METRIC_REJECTED, "other", NULL, 1);
	for (int i = 0; i < 100; i++) {
		snprintf(label, sizeof label, "r%d", i);
		metrics_add_at(m, METRIC_REJECTED, label, NULL, 1);
	}
	T_OK(has(m, b, "sm_rejected_records_total{tool=\"smjq\",name=\"s\",reason=\"other\"} 70"));
	metrics_free(m);
}

/* Each breaks one rule of the text; nothing of it may be used. */
static void strict(struct buf *b)
{
	static const char *const bad[] = {
		"", "\n", "x", "sm_runs_total 1\n", "sm_runs_total{tool=\"smjq\",name=\"s\",status=\"0\"} 1",
		"sm_runs_total{tool=\"smjq\",name=\"s\",status=\"0\"} 1 1700000000\n", "sm_runs_total{tool=\"smjq\",name=\"s\",status=\"0\"} 1.5\n",
		"sm_runs_total{tool=\"smjq\",name=\"s\",status=\"0\"} -1\n", "sm_runs_total{tool=\"smjq\",name=\"s\",status=\"0\"}  1\n",
		"sm_runs_total{tool=\"smjq\",name=\"s\",status=\"0\"} 99999999999999999999\n", "sm_runs_total{tool=\"smjq\",name=\"s\"} 1\n",
		"sm_runs_total{tool=\"smjq\",name=\"s\",status=\"0\",} 1\n", "sm_runs_total{tool=\"smjq\",name=\"s\",status=\"\\x\"} 1\n",
		"sm_runs_total{tool=\"smjq\",name=\"s\",status=\"0} 1\n", "sm_runs_total{tool=\"smjq\",name=\"s\",status=\"\xff\"} 1\n",
		"sm_runs_total{tool=\"smjq\",name=\"other\",status=\"0\"} 1\n", "sm_runs_total{tool=\"smgen\",name=\"s\",status=\"0\"} 1\n",
		"sm_runs_total{name=\"s\",status=\"0\"} 1\n", "sm_runs_total{tool=\"smjq\",status=\"0\"} 1\n",
		"sm_runs_total{tool=\"smjq\",name=\"s\",status=\"0\"} 1\n\n",
		"sm_runs_total{tool=\"smjq\",name=\"s\",status=\"0\"} 1\nsm_run_status{tool=\"smjq\",name=\"t\"} 1\n",
		"sm_runs_total{tool=\"smjq\",name=\"s\",status=\"0\"} NaN\n", "sm_run_duration_seconds{tool=\"smjq\",name=\"s\"} 1.\n",
		"sm_run_duration_seconds{tool=\"smjq\",name=\"s\"} 1.0000000001\n", "sm_run_duration_seconds{tool=\"smjq\",name=\"s\"} \n",
		"sm_run_duration_seconds{} 1\n", "sm_run_duration_seconds{tool=\"smjq\",name=\"s\"}\n",
		"sm_run_duration_seconds{a=\"\",b=\"\",c=\"\",d=\"\",e=\"\",f=\"\",g=\"\"} 1\n",
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct metrics *m = named("smjq", "s");
		if (load(m, bad[i]) != ERR_DATA)
			T_FAIL("taken: %s", bad[i]);
		if (strstr(text_of(m, b), "sm_runs_total{"))
			T_FAIL("used: %s", bad[i]);
		metrics_free(m);
	}
	struct metrics *m = named("smjq", "s");
	T_INT(load(m, "# anything\nsm_of_later_total{tool=\"smjq\",name=\"s\"} x\nsm_runs_total{tool=\"smjq\",name=\"s\",status=\"0\"} 4\n"), 0);
	T_OK(has(m, b, "sm_runs_total{tool=\"smjq\",name=\"s\",status=\"0\"} 4"));
	metrics_free(m);
	m = named("smcommit", "s");
	T_INT(load(m, "sm_commit_duration_seconds_bucket{tool=\"smcommit\",name=\"s\",le=\"0.005\"} 2\n"
		      "sm_commit_duration_seconds_bucket{tool=\"smcommit\",name=\"s\",le=\"0.01\"} 1\n"), ERR_DATA);
	T_INT(load(m, "sm_commit_duration_seconds_bucket{tool=\"smcommit\",name=\"s\",le=\"0.3\"} 2\n"), ERR_DATA);
	T_INT(load(m, "sm_commit_duration_seconds_bucket{tool=\"smcommit\",name=\"s\"} 2\n"), ERR_DATA);
	metrics_free(m);
}

static void another_table(struct buf *b)
{
	struct metrics *m = named("smpartition", "s"), *next = named("smpartition", "s");
	metrics_label(m, METRICS_LABEL_TABLE, "/a");
	metrics_add(m, METRIC_ROWS_WRITTEN, 5);
	metrics_label(next, METRICS_LABEL_TABLE, "/b");
	metrics_add(next, METRIC_ROWS_WRITTEN, 1);
	T_INT(load(next, text_of(m, b)), 0);
	T_OK(has(next, b, "sm_rows_written_total{tool=\"smpartition\",name=\"s\",table=\"/b\"} 1"));
	metrics_free(m);
	metrics_free(next);
}

static void names(struct buf *b)
{
	static const struct { const char *id, *name; } row[] = { { "0c45", "0c45" }, { "0c45.2", "0c45" }, { "a.b", "a.b" }, { ".2", ".2" }, { "a.", "a." } };
	struct metrics *m = metrics_new("smjq");
	buf_clear(b);
	T_OK(!metrics_name(m, b));
	metrics_free(m);
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		m = metrics_new("smjq");
		buf_clear(b);
		metrics_stream(m, row[i].id);
		metrics_stream(m, "a second one");
		T_OK(metrics_name(m, b));
		T_STR(buf_cstr(b), row[i].name);
		metrics_label(m, METRICS_LABEL_NAME, "mine");
		buf_clear(b);
		T_OK(metrics_name(m, b));
		T_STR(buf_cstr(b), "mine");
		metrics_free(m);
	}
}

static void waits(struct buf *b)
{
	struct metrics *m = named("smjq", "s");
	metrics_wait(m, METRICS_UPSTREAM, 1);
	metrics_sample(m, 100000000);
	metrics_sample(m, 50000000);
	metrics_wait(m, METRICS_UPSTREAM, -1);
	metrics_sample(m, 100000000);
	T_OK(has(m, b, "sm_blocked_seconds_total{tool=\"smjq\",name=\"s\",direction=\"upstream\"} 0.15"));
	T_OK(has(m, b, "sm_blocked_seconds_total{tool=\"smjq\",name=\"s\",direction=\"downstream\"} 0"));
	metrics_free(m);
}

static void nobody(void)
{
	metrics_add(NULL, METRIC_RECORDS_IN, 1);
	metrics_set(NULL, METRIC_RECORDS_IN, 1);
	metrics_max(NULL, METRIC_RECORDS_IN, 1);
	metrics_add_at(NULL, METRIC_REJECTED, "value", NULL, 1);
	metrics_set_at(NULL, METRIC_REJECTED, "value", NULL, 1);
	metrics_observe(NULL, METRIC_COMMIT_DURATION, 1);
	metrics_wait(NULL, METRICS_UPSTREAM, 1);
	metrics_sample(NULL, 1);
	metrics_label(NULL, METRICS_LABEL_NAME, "x");
	metrics_stream(NULL, "x");
	metrics_free(NULL);
	T_OK(!metrics_watched(NULL));
	T_OK(metrics_get(NULL, METRIC_RECORDS_IN) == INT64_MIN);
	T_OK(metrics_new("cat") == NULL);
}

int main(void)
{
	struct buf b = BUF_INIT;
	T_CASE("numbers are printed exactly and read back")
		values(&b);
	T_CASE("a gauge that is counted up begins at 0")
		counted_up(&b);
	T_CASE("counters, histograms and the last success go on")
		go_on(&b);
	T_CASE("labels are escaped, repaired, and read back")
		escapes(&b);
	T_CASE("no label makes the text grow without bound")
		bounds(&b);
	T_CASE("what is not our text is not used")
		strict(&b);
	T_CASE("another table is another series")
		another_table(&b);
	T_CASE("what names the series")
		names(&b);
	T_CASE("who waits is sampled")
		waits(&b);
	T_CASE("without a registry nothing happens")
		nobody();
	buf_release(&b);
	return t_done();
}
