// SPDX-License-Identifier: MIT
/* smrate - let records pass at a rate, or at the speed of their own time. Table, glue and main; the arithmetic is in lib/flow. */
#include "base/clock.h"
#include "base/num.h"
#include "cli/diag.h"
#include "cli/opt.h"
#include "flow/gcra.h"
#include "flow/mark.h"
#include "flow/pace.h"
#include "flow/reject.h"
#include "io/input.h"
#include "io/output.h"
#include "json/pick.h"

#include <string.h>
#include <unistd.h>

/* Records that are due within so short a time are let go together: at 100,000/s nobody can sleep for each. */
#define GRAIN_NS INT64_C(2000000)
/* A write that takes longer was not let through by the reader. */
#define STALL_NS INT64_C(3000000)
#define READ_AHEAD ((size_t)64 << 10)

static struct opt_rate opt_rate;
static const char *opt_bytes, *opt_burst, *opt_time, *opt_speed, *opt_on_error;
static int64_t opt_gap_max;
static bool rate_given, opt_unbuffered;

static const struct opt options[] = {
	{ 'r', "rate", OPT_RATE, &opt_rate, "N/TIME", "at most so many records a time: 50/s, 300/15m", &rate_given },
	{ 'b', "bytes", OPT_STR, &opt_bytes, "SIZE/TIME", "at most so many bytes a time: 64KiB/s, 10MB/m" },
	{ 0, "burst", OPT_STR, &opt_burst, "N|TIME",
	  "how much may pass at once after a pause: records, bytes where only -b is given, or a time of the rate (default: one record)" },
	{ 0, "time", OPT_STR, &opt_time, "PATH", "the field that holds the event time, for --speed" },
	{ 0, "speed", OPT_STR, &opt_speed, "N|max", "let records pass at N times the speed of their event time: 1, 60x; max does not wait" },
	{ 0, "gap-max", OPT_DURATION, &opt_gap_max, "TIME", "with --speed: no pause is longer than this" },
	{ 0, "on-error", OPT_STR, &opt_on_error, REJECT_ARG, REJECT_HELP },
	{ 0, "unbuffered", OPT_FLAG, &opt_unbuffered, NULL, "write every record at once" },
	{ 0 }
};

static const char *const exits[] = {
	"0", "every record was passed on", "1", "done, but bad records were skipped or rejected", "2", "usage", "3", "bad input",
	"4", "reading or writing failed", NULL
};

static const char *const examples[] = {
	"smgen | smrate -r 1000/s | smpartition landing | smcommit", "a steady thousand posts a second",
	"smrate -r 300/15m --burst 10 ids.ndjson", "300 in 15 minutes, at most ten at once",
	"smreplay landing | smrate --time created_at --speed 60x --gap-max 1s", "an hour a minute, quiet times cut short", NULL
};

static const char *const see_also[] = { "smreplay(1)", "smgen(1)", "pv(1)", NULL };

static const struct tool tool = {
	.name = "smrate",
	.summary = "let records pass at a rate",
	.synopsis = "[OPTION]… [FILE]…",
	.description =
		"Copies records, not faster than -r and -b allow. A record passes when both allow it; a line is never split. Deadlines are "
		"absolute: the rate has no drift, and up to 100 ms in which the machine was late are made up for. Time in which there was no "
		"input, or in which the reader took nothing, is lost, but for --burst. Without limits it only checks that every line is a record.\n\n"
		"Above 500 records a second records pass in small groups, at most every 2 ms. At most 64 KiB and one line are read ahead. "
		"Marks pass in their place and do not count.",
	.opts = options,
	.exits = exits,
	.examples = examples,
	.see_also = see_also,
};

struct run {
	struct input *in;
	struct output out;
	struct json_pick *pick;
	struct reject *rejects;
	struct shaper shaper;
	struct pace pace;
	bool shaped, paced;
	bool waited;               /* for the block at hand */
	int64_t now;               /* when the clock was last looked at: what is due by then passes */
	const char *from, *to;     /* lines of the block that pass as they stand and are not yet in the output */
	struct arena arena;        /* of marks */
	struct buf text;
	struct err *e;
};

static void put_run(struct run *r)
{
	if (r->from < r->to)
		output_put(&r->out, r->from, (size_t)(r->to - r->from));
	r->from = r->to = NULL;
}

static int before_wait(void *arg, struct err *e)
{
	struct run *r = arg;
	r->waited = true;
	int got = reject_flush(r->rejects, e);
	return got != 0 ? got : output_flush(&r->out, e);
}

static int wait_until(struct run *r, int64_t due)
{
	int64_t grain = r->now + GRAIN_NS;
	int64_t start = clock_mono_ns();
	put_run(r);
	if (output_flush(&r->out, r->e) != 0)
		return r->e->code;
	int64_t stall = clock_mono_ns() - start;
	if (r->shaped && stall > STALL_NS) {
		shaper_stalled(&r->shaper, stall);
		due += stall;
	}
	if (due < grain)
		due = grain;
	while (!clock_sleep_until(due))
		;
	r->now = clock_mono_ns();
	shaper_woke(&r->shaper, r->now);
	return 0;
}

static int event_time(struct run *r, const struct json_record *rec, int64_t *us, struct err *why)
{
	const struct json_field *f = rec->field;
	if (!f->p || f->type == JSON_NULL)
		return err_set(why, ERR_DATA, "the record has no field %s", opt_time);
	why->col = (uint64_t)(f->p - rec->p) + 1;
	uint64_t col = why->col;
	int got = 0;
	buf_clear(&r->text);
	if (f->type == JSON_STRING)
		json_unescape(&r->text, f->p, f->n);
	if (f->type != JSON_STRING || !time_parse(r->text.p ? r->text.p : "", r->text.n, us, NULL)) {
		got = err_set(why, ERR_DATA, "field %s is no RFC 3339 time", opt_time);
		why->col = col;
	}
	return got;
}

/* Wait for the record's time, then put it behind the others. A line that stands alone in its bytes joins the run. */
static int pass(struct run *r, const struct json_record *rec, struct err *why)
{
	int64_t due = r->now, us;
	if (r->paced) {
		int got = event_time(r, rec, &us, why);
		if (got != 0)
			return got;
		due = pace_due(&r->pace, us, r->now);
	}
	if (r->shaped) {
		int64_t at = shaper_due(&r->shaper, rec->n + 1);
		due = at > due ? at : due;
	}
	if (due > r->now) {
		int got = wait_until(r, due);
		if (got != 0)
			return err_set(why, got, "%s", r->e->msg);
	}
	if (opt_unbuffered || rec->p[rec->n] != '\n') {
		put_run(r);
		output_line(&r->out, rec->p, rec->n);
		return 0;
	}
	if (r->to != rec->p) {
		put_run(r);
		r->from = rec->p;
	}
	r->to = rec->p + rec->n + 1;
	return 0;
}

static int pass_mark(struct run *r, const struct json_record *rec, const char *file, uint64_t line)
{
	struct mark m;
	put_run(r);
	int got = mark_parse(&m, &r->arena, rec->p, rec->n, r->e);
	if (got < 0)
		return err_at(r->e, file, line, r->e->col);
	arena_clear(&r->arena);
	got = reject_flush(r->rejects, r->e);
	if (got == 0)
		output_line(&r->out, rec->p, rec->n);
	return got;
}

static int do_block(struct run *r, const struct block *b)
{
	struct json_record rec;
	struct err why = { 0 };
	int got;
	json_pick_block(r->pick, b->p, b->n);
	while ((got = json_pick_next(r->pick, &rec, &why)) != 0) {
		uint64_t line = b->line + (got > 0 ? rec.line : why.line);
		if (got > 0 && rec.is_mark) {
			if ((got = pass_mark(r, &rec, b->file, line)) != 0)
				return got;
			continue;
		}
		if (got > 0)
			got = pass(r, &rec, &why);
		if (got >= 0)
			continue;
		err_at(&why, b->file, line, why.col);
		put_run(r);
		got = reject_record(r->rejects, rec.p, rec.n, &why, r->e);
		if (got < 0)
			return got;
	}
	put_run(r);
	return 0;
}

static bool parse_bytes(const char *s, double *count, int64_t *per_ns)
{
	const char *slash = strchr(s, '/');
	size_t n = slash ? (size_t)(slash - s) : strlen(s);
	uint64_t bytes;
	char rate[48] = "1";
	if (!num_size(s, n, &bytes) || !bytes || (slash && strlen(slash) > sizeof rate - 2))
		return false;
	if (slash)
		memcpy(rate + 1, slash, strlen(slash) + 1);
	double one;
	if (!num_rate(rate, strlen(rate), &one, per_ns))
		return false;
	*count = (double)bytes;
	return true;
}

static void set_limits(struct run *r)
{
	struct shaper *s = &r->shaper;
	double bytes = 0;
	int64_t per = 0, tau_records = 0, tau_bytes = 0, time = 0;
	uint64_t n = 0;
	size_t len = opt_burst ? strlen(opt_burst) : 0;
	s->records = rate_given;
	s->bytes = opt_bytes != NULL;
	if (opt_bytes && !parse_bytes(opt_bytes, &bytes, &per))
		opt_usage("--bytes: '%s' is no size in a time, such as 64KiB/s", opt_bytes);
	if (opt_burst && !s->records && !s->bytes)
		opt_usage("--burst needs -r or -b");
	if (opt_burst && s->records && num_u64(opt_burst, len, &n) && n)
		tau_records = gcra_burst(opt_rate.count, opt_rate.per_ns, (double)n);
	else if (opt_burst && !s->records && num_size(opt_burst, len, &n) && n)
		tau_bytes = gcra_burst(bytes, per, (double)n);
	else if (opt_burst && duration_parse(opt_burst, len, &time) && time > 0)
		tau_records = tau_bytes = time;
	else if (opt_burst)
		opt_usage("--burst: '%s' is neither a number nor a time", opt_burst);
	if (s->records)
		gcra_init(&s->by_record, opt_rate.count, opt_rate.per_ns, tau_records);
	if (s->bytes)
		gcra_init(&s->by_byte, bytes, per, tau_bytes);
	r->shaped = s->records || s->bytes;
}

static void set_pace(struct run *r)
{
	double speed = 1;
	if (opt_speed && !opt_time)
		opt_usage("--speed needs --time, the field that holds the event time");
	if ((opt_time || opt_gap_max) && !opt_speed)
		opt_usage("%s needs --speed", opt_time ? "--time" : "--gap-max");
	if (opt_speed && !pace_parse_speed(opt_speed, &speed))
		opt_usage("--speed: '%s' is neither a number above 0 nor max", opt_speed);
	if (opt_gap_max < 0)
		opt_usage("--gap-max is no time back");
	r->paced = opt_speed != NULL;
	pace_init(&r->pace, speed, opt_gap_max);
}

static int run(struct run *r, char **files, size_t n)
{
	struct input_opts in_opts = { .before_wait = before_wait, .arg = r };
	struct block b;
	if (r->shaped || r->paced)
		in_opts.block = READ_AHEAD;
	int got = reject_open(&r->rejects, tool.name, opt_on_error, r->e);
	if (got == 0)
		got = json_pick_new(&r->pick, &opt_time, r->paced ? 1 : 0, r->e);
	if (got != 0)
		return got;
	r->out.unbuffered = opt_unbuffered;
	r->in = input_new((const char *const *)files, n, &in_opts);
	r->waited = true;
	r->now = clock_mono_ns();
	shaper_start(&r->shaper, r->now);
	while ((got = input_block(r->in, &b, r->e)) == INPUT_OK) {
		if (r->shaped || r->paced) {
			r->now = clock_mono_ns();
			shaper_arrived(&r->shaper, r->now, r->waited);
		}
		r->waited = false;
		got = do_block(r, &b);
		if (got || r->out.failed)
			break;
	}
	return got;
}

int main(int argc, char **argv)
{
	struct err e = { 0 }, why = { 0 };
	struct run r = { .e = &e };
	diag_init(tool.name);
	int n = opt_parse(&tool, argc, argv);
	set_limits(&r);
	set_pace(&r);
	output_init(&r.out, STDOUT_FILENO, "standard output");
	int status = 0, got = run(&r, argv + 1, (size_t)n);
	if (got < 0)
		status = diag_fail(&e);
	got = reject_close(r.rejects, &why);
	if (got < 0) {
		int s = diag_fail(&why);
		status = status ? status : s;
	}
	status = diag_finish(&r.out, status);
	input_free(r.in);
	json_pick_free(r.pick);
	arena_release(&r.arena);
	buf_release(&r.text);
	return status;
}
