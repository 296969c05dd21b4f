/* SPDX-License-Identifier: MIT */
/* smreplay - the rows of a Delta table as NDJSON. Table, glue and main; the work is in lib/replay. */
#include "base/clock.h"
#include "base/num.h"
#include "cli/diag.h"
#include "cli/opt.h"
#include "cli/report.h"
#include "rate/pace.h"
#include "io/output.h"
#include "replay/replay.h"
#include "resume/resume.h"
#include "show/show.h"
#include "stream/reject.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_POLL (INT64_C(1000000000))

static struct replay_opts o = { .version = REPLAY_NEWEST, .last = REPLAY_NEWEST };
static uint64_t opt_version, opt_first, opt_last, opt_limit, opt_threads;
static int64_t opt_poll = DEFAULT_POLL, opt_gap;
static const char *opt_speed, *opt_on_error;
static struct show_opts so = SHOW_OPTS_INIT;
static bool has_version, has_first, has_last, has_limit, has_gap, has_poll;
static bool opt_follow, opt_count, opt_marks, opt_verbose, opt_unbuffered;

static const struct opt options[] = {
	{ 0, "version-as-of", OPT_U64, &opt_version, "N", "the table as of version N", &has_version },
	{ 0, "timestamp-as-of", OPT_TIME, &o.as_of_us, "TIME", "the table as of TIME: the newest version committed at or before it",
	  &o.as_of },
	{ 0, "starting-version", OPT_U64, &opt_first, "N", "print the changes of version N and later versions instead of rows", &has_first },
	{ 0, "ending-version", OPT_U64, &opt_last, "N", "with --starting-version: up to and including version N", &has_last },
	{ 's', "select", OPT_COLUMN, &o.select, "A,B.C", "only these columns, in this order; others are not read", NULL },
	{ 'w', "where", OPT_COLUMN, &o.where, "SQL", "only rows for which SQL is true; files that cannot match are skipped", NULL },
	{ 0, "jq", OPT_STR, &o.jq, "PROGRAM", "run a jq program on every selected record", NULL },
	{ 0, "since", OPT_TIME, &o.since_us, "TIME", "only rows whose event time is TIME or later", &o.has_since },
	{ 0, "until", OPT_TIME, &o.until_us, "TIME", "only rows whose event time is before TIME", &o.has_until },
	OPT_ZONE,
	{ 0, "time", OPT_STR, &o.time_column, "COLUMN", "the column that holds the event time (" REPLAY_TIME_COLUMN ")", NULL },
	{ 0, "speed", OPT_STR, &opt_speed, "N|max", "replay records at N times the speed of their event time; max does not wait", NULL },
	{ 0, "max-gap", OPT_DURATION, &opt_gap, "DURATION", "with --speed: the longest pause", &has_gap },
	{ 'n', "limit", OPT_U64, &opt_limit, "N", "end after N records", &has_limit },
	{ 'c', "count", OPT_FLAG, &opt_count, NULL, "print only the number of rows", NULL },
	{ 'f', "follow", OPT_FLAG, &opt_follow, NULL, "then wait for new versions and print the rows that they add", NULL },
	{ 0, "poll", OPT_DURATION, &opt_poll, "DURATION", "with --follow: check for a new version every DURATION (1s)", &has_poll },
	{ 0, "marks", OPT_FLAG, &opt_marks, NULL,
	  "print marks, so that downstream tools know what was read and whether it was complete", NULL },
	SHOW_OPTIONS(so, "pretty"),
	{ 0, "nulls", OPT_FLAG, &o.nulls, NULL, "print null members (default: omit them)", NULL },
	{ 'j', "threads", OPT_U64, &opt_threads, "N",
	  "number of decoding threads (default: one per processor, at most 4); the order of rows does not change", NULL },
	{ 0, "memory", OPT_SIZE, &o.memory, "SIZE", "text waiting to be written; eight times that for pages and rows, and per thread four times for values in --jq (64MiB)", NULL },
	{ 0, "on-error", OPT_STR, &opt_on_error, REJECT_ARG, REJECT_HELP, NULL },
	{ 'u', "unbuffered", OPT_FLAG, &opt_unbuffered, NULL, "flush every record", NULL },
	{ 'v', "verbose", OPT_FLAG, &opt_verbose, NULL, "report at the end how many files, row groups and rows were read", NULL },
	{ 0 }
};

static const char *const exits[] = {
	"0", "all rows were written",
	"1", "done, but bad records were skipped or rejected",
	"2", "usage error: an unknown column, an expression that does not parse",
	"3", "the table is damaged or needs an unsupported feature, or a row cannot be a record",
	"4", "I/O error, or no such table or version",
	"5", "--follow: the table removed rows, or changed its schema",
	NULL
};

static const char *const examples[] = {
	"smreplay landing --where \"lang = 'en' AND created_at >= '2026-01-01'\" | smsentiment", "English posts of this year",
	"smreplay landing --select id,author.handle,text --limit 10", "a look at three columns",
	"smreplay landing --select id,author.handle,text --output csv --flatten >posts.csv", "the same for a spreadsheet",
	"smreplay landing --version-as-of 3 --count", "how many rows there were at version 3",
	"smreplay landing --starting-version 5 --ending-version 7", "what versions 5 to 7 added and removed",
	"smreplay landing --since 2026-05-01 --until 2026-05-02 --speed 60x | smtrend", "a day in 24 minutes",
	"smreplay landing --follow | smtrend --window 1h", "all existing rows and all new ones, until stopped",
	"smreplay landing --marks | smsentiment | smpartition silver | smcommit --mode=overwrite --vouch",
	"make one table from another; if smreplay fails, the old rows stay",
	NULL
};

static const char *const see_also[] = { "smpartition(1)", "smcommit(1)", "smtable(1)", "smtrend(1)", NULL };

static const struct tool tool = {
	.name = "smreplay",
	.summary = "print the rows of a Delta table as NDJSON",
	.synopsis = "[OPTION]… TABLE",
	.description =
		"Writes the rows of a Delta table as records, one per line, or as CSV (--output): as of its newest version, of an older "
		"one, or the changes between two. Files come in the order of the log and rows in the order of their "
		"file, with any number of threads.\n\n"
		"--where takes the SQL of Delta tables (docs/sql.md). Files and row groups that cannot match "
		"according to partition values and statistics are not opened, and only the columns in use are "
		"decoded. --since and --until work the same way.\n\n"
		"Changes carry _change_type (insert, delete), _commit_version and _commit_timestamp. They come from "
		"the files that a version added and removed: a row that was only copied to a new file appears as "
		"both.\n\n"
		"With --speed, files are read in order of their earliest event time, and each batch of about a "
		"thousand rows is sorted by event time. If files overlap in time, the output is not in order beyond "
		"that: a late record is written at once.\n\n"
		"--marks tells downstream tools which table and version is read and how the stream ended: smcommit "
		"replaces nothing if the closing mark says error or is missing. SIGTERM and SIGINT then end the "
		"stream after the current records, with a mark.",
	.opts = options, .operands = OPERANDS_TABLE,
	.exits = exits,
	.examples = examples,
	.see_also = see_also,
};

struct run {
	struct replay *replay;
	struct output out;
	struct show show;
	bool native;                 /* pieces are written as they come: NDJSON, or CSV made in lib/replay */
	struct reject *rejects;
	struct pace pace;
	bool paced;
	struct resume *marks;        /* NULL: none are printed */
	struct buf line;
	uint64_t left;               /* records until --limit */
	uint64_t count;
	struct err *e;
};

/* What is to be written next of a piece: RECORDS lines from FROM on, in front of END. */
struct span {
	size_t from, end;
	uint64_t first, records;
};

/* the length of the first N records of a text */
static size_t lines(const char *p, size_t size, uint64_t n)
{
	const char *s = p, *end = p + size;
	if (o.csv != CSV_NONE)
		return csv_records(o.csv, p, size, n);
	for (; n && s < end; n--)
		s = (const char *)memchr(s, '\n', (size_t)(end - s)) + 1;
	return (size_t)(s - p);
}

static int failed(struct run *r)
{
	*r->e = r->out.err;
	return r->e->code;
}

static bool stopped(const struct run *r)
{
	return r->marks && diag_signal() != 0;
}

/* END: NULL while more comes. */
static int put_mark(struct run *r, const char *end)
{
	struct replay_counts c;
	int rc = reject_flush(r->rejects, r->e);
	if (rc < 0)
		return rc;
	if (r->replay) {
		replay_count(r->replay, &c);
		resume_read(r->marks, replay_table_id(r->replay), c.version, replay_table_log(r->replay));
	}
	buf_clear(&r->line);
	if ((rc = resume_mark(r->marks, NULL, 0, end, &r->line, r->e)) < 0)
		return rc;
	output_put(&r->out, r->line.p, r->line.n);
	return output_flush(&r->out, r->e);
}

/* In the middle of changes there is no mark: what a version removed and added belongs together. */
static int mark_if_due(struct run *r)
{
	return r->marks && !o.changes && resume_due(r->marks) ? put_mark(r, NULL) : 0;
}

static int flush(struct run *r)
{
	int rc = show_flush(&r->show, r->e);
	if (rc == 0)
		rc = output_flush(&r->out, r->e);
	return rc == 0 ? reject_flush(r->rejects, r->e) : rc;
}

/* N records as they come from lib/replay: whole lines. One that the form cannot hold is a bad record. */
static int put_text(struct run *r, const char *p, size_t n, uint64_t records)
{
	int rc = 0;
	if (r->native) {
		output_block(&r->out, p, n, records);
		return r->out.failed ? failed(r) : 0;
	}
	for (const char *end = p + n, *nl; p < end && rc == 0 && !r->out.failed; p = nl + 1) {
		struct err why;
		nl = memchr(p, '\n', (size_t)(end - p));
		rc = show_row(&r->show, p, (size_t)(nl - p), &why);
		if (rc == ERR_DATA)
			rc = reject_record(r->rejects, p, (size_t)(nl - p), &why, r->e);
		else if (rc < 0)
			*r->e = why;
	}
	if (rc == 0 && opt_unbuffered)
		rc = show_flush(&r->show, r->e);
	return rc == 0 && r->out.failed ? failed(r) : rc;
}

/* each record at its time */
static int put_paced(struct run *r, const struct replay_piece *p, const struct span *s)
{
	size_t from = s->from;
	for (uint64_t i = s->first; i < s->first + s->records && !stopped(r); i++) {
		const struct replay_record *rec = &p->record[i];
		int64_t now = clock_mono_ns(), due = rec->us == INT64_MIN ? now : pace_due(&r->pace, rec->us, now);
		if (due > now) {
			int rc = flush(r);
			if (rc)
				return rc;
			while (!clock_sleep_until(due) && !stopped(r))
				;
			if (stopped(r))
				break;
		}
		int rc = mark_if_due(r);
		if (rc)
			return rc;
		if (r->native)
			output_line(&r->out, p->p + from, rec->end - from - 1);
		else
			rc = put_text(r, p->p + from, rec->end - from, 1);
		if (rc || r->out.failed)
			return rc ? rc : failed(r);
		from = rec->end;
	}
	return 0;
}

static int put_span(struct run *r, const struct replay_piece *p, struct span s)
{
	bool whole = s.records <= r->left;
	s.records = whole ? s.records : r->left;
	r->left -= s.records;
	if (r->paced)
		return put_paced(r, p, &s);
	size_t n = s.end - s.from;
	return s.records ? put_text(r, p->p + s.from, whole ? n : lines(p->p + s.from, n, s.records), s.records) : 0;
}

static int put(struct run *r, const struct replay_piece *p)
{
	struct span s = { 0 };
	int rc = 0;
	if (opt_count) {
		uint64_t n = p->records < r->left ? p->records : r->left;
		r->count += n;
		r->left -= n;
		return 0;
	}
	for (size_t i = 0; i < p->nbad && rc == 0 && r->left; i++) {
		const struct replay_bad *bad = &p->bad[i];
		s = (struct span){ s.end, bad->at, s.first + s.records, bad->before - s.first - s.records };
		rc = put_span(r, p, s);
		if (rc == 0 && r->left)
			rc = reject_record(r->rejects, p->bad_text + bad->record, bad->n, &bad->why, r->e);
	}
	if (rc == 0 && r->left)
		rc = put_span(r, p, (struct span){ s.end, p->n, s.first + s.records, p->records - s.first - s.records });
	return rc;
}

/* Wait for the next look at the table; a reader that went away ends us, as writing to it would. */
static void wait_for_more(void)
{
	struct pollfd fd = { .fd = STDOUT_FILENO };
	int ms = opt_poll / 1000000 > 3600000 ? 3600000 : (int)(opt_poll / 1000000);
	if (poll(&fd, 1, ms < 1 ? 1 : ms) > 0) {
		if (fd.revents & POLLERR)
			raise(SIGPIPE);
		clock_sleep_until(clock_mono_ns() + opt_poll); /* a file or the like, which poll has nothing to say of */
	}
}

/* For the metrics, a piece at a time. */
static bool count(struct run *r)
{
	struct replay_counts c;
	replay_count(r->replay, &c);
	metrics_set(report_metrics(), METRIC_RECORDS_IN, (int64_t)c.rows);
	metrics_set(report_metrics(), METRIC_ROWS_MATCHED, (int64_t)c.rows_matched);
	metrics_set(report_metrics(), METRIC_FILES_READ, (int64_t)c.files_read);
	metrics_set(report_metrics(), METRIC_GROUPS_READ, (int64_t)c.groups_read);
	metrics_set(report_metrics(), METRIC_GROUPS_SKIPPED, (int64_t)(c.groups - c.groups_read));
	metrics_set(report_metrics(), METRIC_BACKLOG_FILES, (int64_t)c.waiting_files);
	metrics_set(report_metrics(), METRIC_BACKLOG_BYTES, (int64_t)c.waiting_bytes);
	return true;
}

/* 1: a signal ended it. */
static int copy(struct run *r)
{
	struct replay_piece p;
	for (;;) {
		int rc = 0;
		while (r->left && (rc = replay_next(r->replay, &p, r->e)) > 0 && count(r))
			if ((rc = put(r, &p)) || (rc = stopped(r)) || (rc = mark_if_due(r)))
				return rc;
		count(r);
		if (rc || !r->left || !opt_follow)
			return rc;
		if ((rc = flush(r)))
			return rc;
		if (r->marks && (rc = put_mark(r, NULL)))
			return rc;
		while ((rc = replay_more(r->replay, r->e)) == 0 && !stopped(r))
			wait_for_more();
		if (rc <= 0)
			return rc < 0 ? rc : 1;
	}
}

static void check_usage(void)
{
	if (has_version && o.as_of)
		opt_usage("--version-as-of cannot be combined with --timestamp-as-of");
	if (has_first && (has_version || o.as_of))
		opt_usage("--starting-version cannot be combined with --version-as-of or --timestamp-as-of");
	if (has_last && !has_first)
		opt_usage("--ending-version needs --starting-version");
	if (has_last && opt_last < opt_first)
		opt_usage("--ending-version must not be less than --starting-version");
	if (opt_follow && (has_last || has_version || o.as_of || opt_count))
		opt_usage("--follow cannot be combined with --count, --ending-version or an as-of option");
	if (opt_version > INT64_MAX || opt_first > INT64_MAX || opt_last > INT64_MAX)
		opt_usage("a version must be at most 9223372036854775807");
	if (opt_threads > 256)
		opt_usage("--threads must be at most 256");
	if (opt_count && (o.jq || opt_speed))
		opt_usage("--count cannot be combined with --jq or --speed");
	if (opt_count && opt_marks)
		opt_usage("--marks cannot be combined with --count");
	if (has_poll && !opt_follow)
		opt_usage("--poll needs --follow");
	if (has_gap && !opt_speed)
		opt_usage("--max-gap needs --speed");
	if (has_gap && opt_gap <= 0)
		opt_usage("--max-gap must be greater than 0");
	if (has_poll && opt_poll <= 0)
		opt_usage("--poll must be greater than 0");
}

/* Reading ahead is for those who want it all. */
static unsigned default_threads(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);
	return has_limit || opt_follow || opt_speed || n < 1 ? 1 : n > 4 ? 4 : (unsigned)n;
}

static void set_options(struct run *r)
{
	double speed = 0;
	if (opt_speed && !pace_parse_speed(opt_speed, &speed))
		opt_usage("--speed: '%s' is not a number such as 10x or 0.5x, or max", opt_speed);
	r->paced = o.by_time = opt_speed != NULL;
	pace_init(&r->pace, speed, opt_gap);
	r->left = has_limit ? opt_limit : UINT64_MAX;
	if (has_version)
		o.version = (int64_t)opt_version;
	o.changes = has_first;
	o.first = (int64_t)opt_first;
	if (has_last)
		o.last = (int64_t)opt_last;
	o.count_only = opt_count;
	o.threads = opt_threads ? (unsigned)opt_threads : default_threads();
	r->out.unbuffered = opt_unbuffered;
	o.metrics = report_metrics();
}

/* In which form; before the table is opened. */
static void set_form(struct run *r)
{
	if ((opt_marks || opt_count) && strcmp(so.output, "auto") == 0)
		so.output = "ndjson";
	if (show_init(&r->show, &so, &r->out, SHOW_PRETTY, r->e) < 0)
		opt_usage("%s", r->e->msg);
	if (opt_marks && r->show.form != SHOW_NDJSON)
		opt_usage("--marks needs --output=ndjson: the other forms have no place for marks");
	if (opt_count && r->show.form != SHOW_NDJSON)
		opt_usage("--count prints a number and cannot be combined with --output=%s", so.output);
	if (!o.jq && r->show.form == SHOW_CSV)
		o.csv = CSV_COMMA;
	else if (!o.jq && r->show.form == SHOW_TSV)
		o.csv = CSV_TAB;
	r->native = o.csv != CSV_NONE || r->show.form == SHOW_NDJSON;
	o.flatten = so.flatten;
	o.nulls |= r->show.form == SHOW_TABLE; /* every row has every column */
}

static void put_head(struct run *r)
{
	buf_clear(&r->line);
	if (so.csv_bom)
		buf_puts(&r->line, CSV_BOM);
	replay_head(r->replay, &r->line);
	output_put(&r->out, r->line.p, r->line.n);
}

static void note(const struct run *r)
{
	struct replay_counts c;
	replay_count(r->replay, &c);
	diag_note("version %lld: read %llu of %llu files, %llu of %llu row groups in them, %llu of %llu rows matched",
		  (long long)c.version, (unsigned long long)c.files_read, (unsigned long long)c.files,
		  (unsigned long long)c.groups_read, (unsigned long long)c.groups, (unsigned long long)c.rows_matched,
		  (unsigned long long)c.rows);
}

/* The closing mark goes out whatever happened, as long as it can. */
static int close_marks(struct run *r, int rc)
{
	struct err why = *r->e;
	if (rc == 0 && reject_count(r->rejects) == 0 && r->left)
		resume_whole(r->marks, r->out.records);
	int got = put_mark(r, rc > 0 ? "signal" : rc < 0 ? "error" : "done");
	if (rc >= 0)
		return got;
	*r->e = why;
	return rc;
}

static int finish(struct run *r, int rc)
{
	struct err why;
	int status = 0;
	if (r->marks)
		rc = close_marks(r, rc);
	if (rc < 0) {
		output_flush(&r->out, NULL);
		status = diag_fail(r->e);
	}
	status = diag_worse(status, reject_close(r->rejects, &why), &why);
	return rc < 0 ? status : diag_finish(&r->out, status);
}

int main(int argc, char **argv)
{
	struct err e;
	struct run r = { .e = &e };
	diag_init("smreplay");
#ifdef __GLIBC__
	/* As in smpartition: what large buffers took goes back to the system, whichever thread had it. */
	mallopt(M_MMAP_THRESHOLD, 4 << 20);
#endif
	opt_operands(opt_parse(&tool, argc, argv), argv + 1, 1, 1, "TABLE");
	check_usage();
	report_stdout(&r.out);
	set_options(&r);
	set_form(&r);
	int rc = opt_marks ? resume_open(&r.marks, NULL, &e) : 0;
	if (rc == 0)
		rc = reject_open(&r.rejects, tool.name, opt_on_error, &e);
	if (rc == 0)
		reject_metrics(r.rejects, report_metrics());
	if (rc == 0 && opt_marks)
		diag_catch_signals();
	if (rc == 0)
		rc = replay_open(&r.replay, argv[1], &o, &e);
	if (rc == 0 && r.marks)
		rc = put_mark(&r, NULL);
	if (rc == 0 && o.csv != CSV_NONE)
		put_head(&r);
	if (rc == 0)
		rc = copy(&r);
	if (rc == 0 && o.csv == CSV_NONE && !opt_count)
		rc = show_end(&r.show, &e);
	if (rc == 0 && opt_count) {
		buf_u64(&r.out.buf, r.count);
		output_put(&r.out, "\n", 1);
	}
	int status = finish(&r, rc);
	if (r.replay && opt_verbose)
		note(&r);
	replay_free(r.replay);
	resume_close(r.marks);
	show_release(&r.show);
	buf_release(&r.line);
	buf_release(&r.out.buf);
	return status;
}
