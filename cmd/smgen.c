/* SPDX-License-Identifier: MIT */
/* smgen - make up posts: for demonstrations, tests and benchmarks. */
#include "base/clock.h"
#include "cli/diag.h"
#include "cli/opt.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "gen/gen.h"
#include "io/output.h"
#include "resume/resume.h"

#include <string.h>
#include <unistd.h>

static struct gen_opts gen = { .count = 10000, .seed = 1, .start_us = GEN_START, .bursts = 7, .edits = 1.5, .deletes = 0.7 };
static int64_t span_ns = 14 * 86400 * NS_PER_SEC;
static struct opt_rate rate;
static bool rate_given, unbuffered, marks;
static const char *profile = "sample";

static const struct opt opts[] = {
	{ 'n', "count", OPT_U64, &gen.count, "N", "records to write, edits and deletions included (10000)" },
	{ 's', "seed", OPT_U64, &gen.seed, "N", "random seed; the same seed gives the same bytes (1)" },
	OPT_ZONE,
	{ 0, "start", OPT_TIME, &gen.start_us, "TIME", "event time of the first post (2026-11-09)" },
	{ 0, "span", OPT_DURATION, &span_ns, "DURATION", "event time from the first to the last post (14d)" },
	{ 'r', "rate", OPT_RATE, &rate, "N/TIME", "records written per time, such as 50/s or 300/15m (as fast as possible)", &rate_given },
	{ 0, "networks", OPT_STR, &gen.networks, "LIST", "networks, optionally with weights: x=3,reddit (all)" },
	{ 0, "langs", OPT_STR, &gen.langs, "LIST", "languages, likewise: en=5,de,ja (all)" },
	{ 0, "authors", OPT_U64, &gen.authors, "N", "authors per network (4096)" },
	{ 0, "bursts", OPT_U64, &gen.bursts, "N", "number of times that one topic dominates for some hours (7)" },
	{ 0, "edits", OPT_DOUBLE, &gen.edits, "PERCENT", "percentage of edits of earlier posts (1.5)" },
	{ 0, "deletes", OPT_DOUBLE, &gen.deletes, "PERCENT", "percentage of deletions of earlier posts (0.7)" },
	{ 0, "profile", OPT_ENUM, &profile, "sample|bench", "sample: every field, sometimes missing or null; "
	  "bench: 13 fields, about 420 bytes (sample)" },
	{ 0, "marks", OPT_FLAG, &marks, NULL, "print marks, so that downstream tools know whether the input was complete" },
	{ 0, "unbuffered", OPT_FLAG, &unbuffered, NULL, "flush every record" },
	{ 0 }
};

static const char *const exits[] = { "0", "done", "2", "usage error", "4", "I/O error", NULL };
static const char *const examples[] = {
	"smgen -n 5", "five posts",
	"smgen -n 100000 | smpartition --by network,created_date posts | smcommit", "a table to play with",
	"smgen --rate 200/s --networks x,bluesky | smtrend --window 1h", "a stream in real time", NULL
};
static const char *const see_also[] = { "smpartition(1)", "smrate(1)", "smtrend(1)", NULL };

static const struct tool tool = {
	.name = "smgen",
	.summary = "generate posts for demonstrations, tests and benchmarks",
	.synopsis = "[OPTION]…",
	.description =
		"Writes posts of several networks and languages as smpost/1 records, one JSON object per line: "
		"hashtags, mentions, links, emoji, replies, reposts, edits (the same id again, with edited_at) and "
		"deletions (op \"delete\"), in the order in which they would be seen, which differs slightly from that "
		"of created_at. Activity follows the time of day, and now and then one topic dominates.\n\n"
		"The same options give the same bytes on every machine. Post number i depends only on the seed, the "
		"options and i.\n\n"
		"The posts are fictional. None of the accounts, hosts and numbers in them is meant to be real.",
	.opts = opts, .operands = OPERANDS_NONE,
	.exits = exits,
	.examples = examples,
	.see_also = see_also,
};

/* Wait until record number N (from 0) is due; what was made before goes out first. */
static bool pace(struct output *out, int64_t begin, uint64_t n)
{
	int64_t due = begin + (int64_t)((double)n * (double)rate.per_ns / rate.count);
	if (clock_mono_ns() >= due)
		return true;
	if (output_flush(out, NULL))
		return false;
	while (!clock_sleep_until(due))
		if (marks && diag_signal())
			return false;
	return true;
}

static int put_mark(struct resume *rs, const char *end, struct output *out)
{
	struct buf line = BUF_INIT;
	struct err e;
	if (end && strcmp(end, "done") == 0)
		resume_whole(rs, out->records);
	int rc = resume_mark(rs, NULL, 0, end, &line, &e);
	output_put(out, line.p ? line.p : "", line.n);
	buf_release(&line);
	return rc == 0 ? output_flush(out, NULL) : rc;
}

static int run(struct gen *g, struct resume *rs, struct output *out)
{
	int64_t begin = clock_mono_ns();
	bool done = false;
	if (rs)
		put_mark(rs, NULL, out);
	for (uint64_t n = 0; !out->failed; n++) {
		if (rate_given && !pace(out, begin, n))
			break;
		if ((done = !gen_next(g, &out->buf)))
			break;
		output_end_record(out);
		if (rs && resume_due(rs))
			put_mark(rs, NULL, out);
		if (rs && diag_signal())
			break;
	}
	if (rs && !out->failed)
		put_mark(rs, done ? "done" : "signal", out);
	return diag_finish(out, 0);
}

int main(int argc, char **argv)
{
	struct output out;
	struct err e;
	struct gen *g;
	struct resume *rs = NULL;
	diag_init("smgen");
	opt_operands(opt_parse(&tool, argc, argv), argv + 1, 0, 0, NULL);
	gen.profile = strcmp(profile, "bench") ? GEN_SAMPLE : GEN_BENCH;
	gen.span_us = span_ns / 1000;
	if (gen_new(&g, &gen, &e))
		opt_usage("%s", e.msg);
	report_stdout(&out);
	out.unbuffered = unbuffered;
	progress_total(gen.count);
	if (marks && resume_open(&rs, NULL, &e))
		return diag_fail(&e);
	if (marks)
		diag_catch_signals();
	int status = run(g, rs, &out);
	resume_close(rs);
	gen_free(g);
	return status;
}
