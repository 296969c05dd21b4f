// SPDX-License-Identifier: MIT
/* smrate - shape a stream of records. Table, glue and main; the work is done in lib/rate. */
#include "cli/diag.h"
#include "cli/opt.h"
#include "cli/report.h"
#include "rate/shape.h"

#include <signal.h>

static struct opt_rate opt_rate, opt_key_rate, opt_min, opt_max;
static struct shape_settings set = SHAPE_SETTINGS_INIT;
static const char *opt_on_error;

static const struct opt options[] = {
	{ 'r', "rate", OPT_RATE, &opt_rate, "N/TIME", "maximum number of records per time: 50/s, 300/15m" },
	{ 'b', "bytes", OPT_STR, &set.bytes, "SIZE/TIME", "maximum number of bytes per time: 64KiB/s, 10MB/m" },
	{ 0, "burst", OPT_STR, &set.burst, "N|TIME",
	  "how much may pass at once after a pause: records, bytes if only -b is given, or what the rate allows in TIME "
	  "(default: one record)" },
	{ 0, "share", OPT_FILE, &set.share, "FILE",
	  "share the limits of -r and -b with all processes that use the same FILE" },
	{ 0, "adapt", OPT_ENUM, &set.adapt, "aimd",
	  "adapt the rate to the reader: raise it in steps, lower it by a fifth when the reader's pipe is more than half "
	  "full" },
	{ 0, "min", OPT_RATE, &opt_min, "N/TIME", "with --adapt: the lowest and initial rate" },
	{ 0, "max", OPT_RATE, &opt_max, "N/TIME", "with --adapt: the highest rate" },
	{ 'k', "key", OPT_STR, &set.key, "PATH",
	  "the field by which --key-rate, --fair and --watermark group records" },
	{ 0, "key-rate", OPT_RATE, &opt_key_rate, "N/TIME",
	  "maximum number of records per time for each key; other keys are not delayed" },
	{ 0, "key-burst", OPT_STR, &set.key_burst, "N|TIME", "like --burst, for each key" },
	{ 0, "max-keys", OPT_U64, &set.max_keys, "N",
	  "number of keys to track; any more share one entry (default 100000)", &set.max_keys_given },
	{ 0, "fair", OPT_FLAG, &set.fair, NULL, "schedule keys in turns (deficit round robin); order is kept within a key" },
	{ 0, "weights", OPT_FILE, &set.weights, "FILE",
	  "with --fair: lines {\"key\":…,\"weight\":N}; a line without a key applies to all other keys" },
	{ 0, "queue", OPT_STR, &set.queue, "N|SIZE",
	  "capacity of the queue in memory: records, or bytes with a unit (default 16MiB)" },
	{ 0, "full", OPT_STR, &set.full, "block|drop-new|drop-old|sample:P|spill:DIR[:MAX]",
	  "when the queue is full: stop reading (default), drop the newest or the oldest record, keep a fraction P, or "
	  "continue in files in DIR" },
	{ 0, "dropped", OPT_FILE, &set.dropped, "FILE",
	  "append each dropped record to FILE, with the reason" },
	{ 0, "time", OPT_STR, &set.time, "PATH", "the field that holds the event time, for --speed and --watermark" },
	{ 0, "speed", OPT_STR, &set.speed, "N|max",
	  "pass records at N times the speed of their event time: 1, 60x; max does not wait" },
	{ 0, "max-gap", OPT_DURATION, &set.max_gap, "DURATION", "with --speed: the longest pause" },
	{ 0, "gap-max", OPT_DURATION, &set.max_gap, "DURATION", NULL },
	{ 0, "watermark", OPT_DURATION, &set.watermark, "DURATION",
	  "a record is late if it is more than this behind the newest; with --key, behind the key that is furthest "
	  "behind", &set.watermark_given },
	{ 0, "late", OPT_STR, &set.late, "pass|tag|drop|file:F",
	  "late records pass (default), pass with \"late\":true, are dropped, or are written to F" },
	{ 0, "idle", OPT_DURATION, &set.idle, "DURATION",
	  "with --watermark and --key: a key that is more than TIME behind the newest time is idle", &set.idle_given },
	{ 0, "out", OPT_STR, &set.out, "fd:N|FILE,…",
	  "distribute records to several outputs instead of standard output; marks go to all; not for a source with --resume" },
	{ 0, "balance", OPT_STR, &set.balance, "least-full|hash:PATH",
	  "with --out: write to the output that is least full (default), or always to the same one for the same value of PATH" },
	{ 0, "on-error", OPT_STR, &opt_on_error, REJECT_ARG, REJECT_HELP },
	{ 0, "unbuffered", OPT_FLAG, &set.unbuffered, NULL, "flush every record" },
	{ 0 }
};

static const char *const exits[] = {
	"0", "every record was passed on, or dropped as the options say",
	"1",
	"done, but bad records were skipped or rejected, an output was closed by its reader, a spill was damaged, or no record has the field of --key",
	"2", "usage",
	"3", "bad input",
	"4", "I/O error",
	"5", "a spill or a shared quota is in use, or belongs to another stream or limit", NULL
};

static const char *const examples[] = {
	"smgen | smrate -r 1000/s | smpartition landing | smcommit", "a steady thousand posts a second",
	"smrate -r 300/15m --burst 10 ids.ndjson", "300 per 15 minutes, at most ten at once",
	"smreplay landing | smrate --time created_at --speed 60x --max-gap 1s",
	"one hour per minute, pauses cut short",
	"smrate -r 10000/s --key network --fair --full drop-old --dropped lost.ndjson",
	"no network starves the others; dropped records are kept in a file",
	"smrate --full spill:/var/spool/posts:10GiB", "keep reading while the reader is slow",
	"smrate --out fd:3,fd:4 --balance hash:author.id 3> >(smsentiment >a) 4> >(smsentiment >b)",
	"two workers, all posts of an author to the same one", NULL
};

static const char *const see_also[] = { "smreplay(1)", "smgen(1)", "smtrend(1)", "pv(1)", NULL };

static const struct tool tool = {
	.name = "smrate",
	.summary = "shape a stream of records: rates, fair sharing, overload, lateness, several outputs",
	.synopsis = "[OPTION]… [FILE]…",
	.description =
		"Copies records no faster than -r and -b allow. A record passes when both allow it; a line is never "
		"split. Deadlines are absolute: the rate does not drift, and delays of up to 100 ms are made up for. "
		"Time in which there was no input, or in which the reader did not read, is lost, except for --burst. "
		"Without limits smrate only checks that every line is a record.\n\n"
		"Above 500 records per second, records pass in small groups, at most every 2 ms. At most 64 KiB and "
		"one line are read ahead, unless there is a queue: --fair, --key-rate, --queue, --full and --out have "
		"one, and input is read while the output waits.\n\n"
		"Marks keep their place and do not count: after every record before them that was not dropped, before "
		"every record after them. Marks are never dropped.\n\n"
		"Which records are late (--watermark) depends only on the records and their order, not on the clock.",
	.opts = options,
	.exits = exits,
	.examples = examples,
	.see_also = see_also,
};

/* --- glue --- */

static struct shape_rate rate_of(const struct opt_rate *r)
{
	return (struct shape_rate){ r->count, r->per_ns };
}

static void parse_settings(struct shape_opts *o)
{
	struct err e;
	set.rate = rate_of(&opt_rate);
	set.key_rate = rate_of(&opt_key_rate);
	set.min = rate_of(&opt_min);
	set.max = rate_of(&opt_max);
	if (shape_parse(o, &set, &e) < 0)
		opt_usage("%s", e.msg);
}

static void note(const char *text)
{
	diag_note("%s", text);
}

static void print_stats(void *arg, bool last, struct buf *b)
{
	(void)last;
	meter_print(arg, b);
}

static void fill(void *arg, struct metrics *m)
{
	meter_fill(arg, m);
}

/* --- the end --- */

/* Everybody who was to read is gone: end as a filter does whose reader is gone. */
static _Noreturn void end_by_sigpipe(void)
{
	report_collect(NULL, NULL);
	report_members(NULL, NULL);
	report_die(SIGPIPE);
}

static int finish_outs(struct shape *s, int status)
{
	struct err e = { 0 };
	size_t closed = outs_closed(s->outs), n = outs_count(s->outs);
	s->meter.outs = NULL;
	int got = outs_close(s->outs, &e);
	if (closed == n)
		end_by_sigpipe();
	if (status == 0)
		status = diag_worse(status, got, &e);
	if (closed && status == 0) {
		err_set(&e, ERR_REJECTED,
			"%zu of %zu outputs were closed by their readers: records in their pipes are lost", closed, n);
		status = diag_worse(status, ERR_REJECTED, &e);
	}
	return status;
}

static int finish_spill(struct shape *s, int status)
{
	struct spill_stats st;
	struct err e = { 0 };
	spill_stats(s->spill, &st);
	if (st.torn)
		diag_note("the spill in %s ended in an incomplete record: %llu bytes cut off",
			  s->o->spill_dir, (unsigned long long)st.torn);
	if (st.damaged) {
		err_set(&e, ERR_REJECTED, "the spill in %s is damaged: %llu bytes skipped",
			s->o->spill_dir, (unsigned long long)st.damaged);
		status = diag_worse(status, ERR_REJECTED, &e);
	}
	return diag_worse(status, spill_close(s->spill, &e), &e);
}

static int finish(struct shape *s, int status)
{
	struct err e = { 0 };
	/* The last line of statistics tells of queue and outputs, so it comes before they go. */
	if (s->outs && status == 0)
		status = diag_worse(status, outs_drain(s->outs, &e), &e);
	report_collect(NULL, NULL);
	report_members(NULL, NULL);
	if (s->outs)
		status = finish_outs(s, status);
	if (s->spill)
		status = finish_spill(s, status);
	status = diag_worse(status, drops_close(s->drops, &e), &e);
	status = diag_worse(status, late_close(&s->late, &e), &e);
	int got = pull_close(s->pull, &e);
	s->pull = NULL;
	return diag_worse(status, got, &e);
}

static bool nobody_reads(const struct shape *s)
{
	return s->outs && outs_closed(s->outs) == outs_count(s->outs);
}

int main(int argc, char **argv)
{
	static struct shape s;
	struct shape_opts o;
	struct err e = { 0 };
	diag_init(tool.name);
	report_on_usr1();
	int n = opt_parse(&tool, argc, argv);
	parse_settings(&o);
	int got = shape_open(&s, tool.name, &o, opt_on_error, &e);
	s.note = note;
	s.metrics = report_metrics();
	if (got == 0) {
		report_collect(fill, &s.meter);
		report_members(print_stats, &s.meter);
	}
	if (o.out)
		signal(SIGPIPE, SIG_IGN);
	if (got == 0)
		got = shape_run(&s, (const char *const *)(argv + 1), (size_t)n, &e);
	if (got < 0 && nobody_reads(&s))
		end_by_sigpipe();
	int status = got < 0 ? diag_fail(&e) : 0;
	status = finish(&s, status);
	status = diag_finish(&s.out, status);
	shape_release(&s);
	shape_opts_release(&o);
	return status;
}
