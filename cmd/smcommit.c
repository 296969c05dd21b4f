/* SPDX-License-Identifier: MIT */
/* smcommit: the actions of a pipe to commits of a table. */
#include "cli/diag.h"
#include "cli/opt.h"
#include "cli/report.h"
#include "commit/commit.h"
#include "io/input.h"
#include "io/output.h"
#include "stream/mark.h"

#include <string.h>
#include <unistd.h>

static const char *mode = "append", *replace_where;
static bool merge_schema, overwrite_schema, vouch, unbuffered;
static uint64_t retry;
static int64_t retry_for;

static const struct opt opts[] = {
	{ 'm', "mode", OPT_ENUM, &mode, "append|overwrite", "append to the table (default) or replace its contents", NULL },
	{ 0, "replace-where", OPT_COLUMN, &replace_where, "SQL",
	  "replace only the partitions for which SQL is true; every new file must satisfy it; implies --mode=overwrite", NULL },
	{ 0, "vouch", OPT_FLAG, &vouch, NULL,
	  "when overwriting: the input is complete even if its marks do not say so; does not apply to an input that failed", NULL },
	{ 0, "merge-schema", OPT_FLAG, &merge_schema, NULL, "add new columns to the table's schema", NULL },
	{ 0, "overwrite-schema", OPT_FLAG, &overwrite_schema, NULL,
	  "with --mode=overwrite: the new schema and partition columns replace the table's", NULL },
	{ 0, "retry", OPT_U64, &retry, "N", "give up after losing N attempts to other writers (100)", NULL },
	{ 0, "retry-for", OPT_DURATION, &retry_for, "DURATION", "give up after losing to other writers for DURATION (1m)", NULL },
	{ 'u', "unbuffered", OPT_FLAG, &unbuffered, NULL, "flush every line", NULL },
	{ 0 }
};

static const char *const exits[] = {
	"0", "everything was committed",
	"2", "usage error",
	"3", "bad input: a line that is not an action, a file that is missing or has the wrong size",
	"4", "I/O error, or an input that ended without its closing mark",
	"5", "conflict: the table is behind the stream's checkpoint, its schema does not match, another writer's change conflicts, or "
	"the input that should replace it is not known to be complete",
	"75", "try again: the table is ahead of the checkpoint (the mark that says so was printed), or other writers always committed first",
	NULL
};

static const char *const examples[] = {
	"smpartition --by 'date=day(created_at)' landing <posts.ndjson | smcommit", "append posts to the table landing",
	"smpartition --by date landing day.ndjson | smcommit --replace-where \"date = '2024-05-01'\"", "replace one day with a file",
	"smreplay landing --marks | smjq 'del(.raw)' | smpartition landing | smcommit --mode=overwrite --vouch",
	"rewrite every row without the field raw; a commit by another writer meanwhile is a conflict",
	"smfetch files posts/ --resume ck | smpartition --by created_date landing | smcommit | smcheckpoint save",
	"a stream: whatever crashes, the same line resumes where it left off",
	NULL
};

static const char *const see_also[] = { "smpartition(1)", "smcheckpoint(1)", "smtable(1)", "smreplay(1)", NULL };

static const struct tool tool = {
	.name = "smcommit",
	.summary = "commit actions to a Delta table, atomically",
	.synopsis = "[OPTION]… [TABLE]",
	.description =
		"Reads Delta actions and marks, as printed by smpartition, from standard input. The actions before a "
		"mark become one transaction of the table; actions without a closing mark are not committed. Prints a "
		"line for each commit, then the mark.\n\n"
		"TABLE can be omitted if the marks name it. If both are given, they must agree. A table that does not "
		"exist is created from the metaData in the input.\n\n"
		"A stream (a source with --resume) is committed exactly once: each commit stores the number of its "
		"last mark in the table, and every attempt compares it with the number that the stream resumed from.",
	.operands = OPERANDS_DIRS,
	.opts = opts, .exits = exits, .examples = examples, .see_also = see_also,
};

static void warn(void *arg, const struct err *e)
{
	(void)arg;
	diag_warn(e);
}

static int flush_before_wait(void *arg, struct err *e)
{
	return output_flush(arg, e);
}

/* Lines of LINES to the output, each a record of it. */
static void put_lines(struct output *out, struct buf *lines)
{
	for (char *p = lines->p, *end = p + lines->n; p < end; ) {
		char *nl = memchr(p, '\n', (size_t)(end - p));
		(mark_is(p, (size_t)(nl - p)) ? output_mark : output_line)(out, p, (size_t)(nl - p));
		p = nl + 1;
	}
	buf_clear(lines);
}

static int run(struct committer *c, struct input *in, struct output *out, struct err *e)
{
	struct buf lines = BUF_INIT;
	struct line l;
	int rc;
	while ((rc = input_line(in, &l, e)) == INPUT_OK) {
		rc = committer_line(c, l.p, l.n, &lines, e);
		if (lines.n)
			put_lines(out, &lines);
		if (rc) {
			if (rc == ERR_DATA && e->code == ERR_DATA && !e->file[0])
				err_at(e, l.file, l.line, e->col);
			break;
		}
		if (out->failed) {
			*e = out->err;
			rc = e->code;
			break;
		}
	}
	if (rc == 0)
		rc = committer_end(c, &lines, e);
	if (lines.n)
		put_lines(out, &lines);
	buf_release(&lines);
	return rc;
}

int main(int argc, char **argv)
{
	struct output out;
	struct committer *c = NULL;
	struct err e;
	diag_init("smcommit");
	int n = opt_parse(&tool, argc, argv);
	opt_operands(n, argv + 1, 0, 1, "TABLE");
	if (overwrite_schema && (replace_where || strcmp(mode, "overwrite") != 0))
		opt_usage("--overwrite-schema needs --mode=overwrite without --replace-where");
	if (vouch && !replace_where && strcmp(mode, "overwrite") != 0)
		opt_usage("--vouch needs --mode=overwrite or --replace-where");
	struct commit_opts o = { .table = n ? argv[1] : NULL, .overwrite = replace_where || strcmp(mode, "overwrite") == 0,
		.replace_where = replace_where, .merge_schema = merge_schema, .overwrite_schema = overwrite_schema, .vouch = vouch,
		.attempts = retry > 1000000 ? 1000000 : (unsigned)retry, .retry_for_ns = retry_for, .warn = warn, .metrics = report_metrics() };
	report_stdout(&out);
	out.unbuffered = unbuffered;
	struct input_opts io = { .before_wait = flush_before_wait, .arg = &out, .metrics = out.metrics };
	struct input *in = input_new(NULL, 0, &io);
	int rc = committer_new(&c, &o, &e);
	if (rc == 0)
		rc = run(c, in, &out, &e);
	int status = rc ? diag_fail(&e) : 0;
	committer_free(c);
	input_free(in);
	return diag_finish(&out, status);
}
