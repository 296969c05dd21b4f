// SPDX-License-Identifier: MIT
/* smrate - shape a stream of records. Table, glue and main; the arithmetic, the queues and the outputs are in lib/flow. */
#include "base/clock.h"
#include "base/hash.h"
#include "base/num.h"
#include "cli/diag.h"
#include "cli/opt.h"
#include "cli/stats.h"
#include "flow/linefile.h"
#include "flow/mark.h"
#include "flow/meter.h"
#include "flow/pump.h"
#include "flow/reject.h"
#include "flow/state.h"
#include "flow/watermark.h"
#include "io/input.h"
#include "io/output.h"
#include "json/number.h"
#include "json/pick.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define READ_AHEAD ((size_t)64 << 10)
#define QUEUE_BYTES ((uint64_t)16 << 20)
#define QUEUE_BYTES_MOST ((uint64_t)1 << 30)
#define SMALL_RUN ((size_t)16 << 10)
#define ROUTE_SEED 0x726f7574652e3031u

static struct opt_rate opt_rate, opt_key_rate, opt_min, opt_max;
static const char *opt_bytes, *opt_burst, *opt_key_burst, *opt_key, *opt_weights, *opt_queue, *opt_full = "block", *opt_dropped, *opt_adapt,
	*opt_time, *opt_speed, *opt_late = "pass", *opt_share, *opt_out, *opt_balance = "least-full", *opt_stats, *opt_on_error;
static uint64_t opt_max_keys = 100000;
static int64_t opt_gap_max, opt_watermark, opt_idle, opt_stats_every;
static bool rate_given, key_rate_given, key_burst_given, max_keys_given, min_given, max_given, opt_fair, queue_given, full_given, watermark_given, late_given,
	idle_given, balance_given, every_given, opt_unbuffered;

static const struct opt options[] = {
	{ 'r', "rate", OPT_RATE, &opt_rate, "N/TIME", "at most so many records a time: 50/s, 300/15m", &rate_given },
	{ 'b', "bytes", OPT_STR, &opt_bytes, "SIZE/TIME", "at most so many bytes a time: 64KiB/s, 10MB/m" },
	{ 0, "burst", OPT_STR, &opt_burst, "N|TIME",
	  "how much may pass at once after a pause: records, bytes where only -b is given, or a time of the rate (default: one record)" },
	{ 0, "share", OPT_FILE, &opt_share, "FILE", "share the limits of -r and -b with every process that names the same FILE" },
	{ 0, "adapt", OPT_ENUM, &opt_adapt, "aimd", "find the rate that the reader takes: up step by step, down by a fifth when its pipe is more than half full" },
	{ 0, "min", OPT_RATE, &opt_min, "N/TIME", "with --adapt: the lowest rate, and the first", &min_given },
	{ 0, "max", OPT_RATE, &opt_max, "N/TIME", "with --adapt: the highest rate", &max_given },
	{ 'k', "key", OPT_STR, &opt_key, "PATH", "the field whose values are told apart by --key-rate, --fair and --watermark" },
	{ 0, "key-rate", OPT_RATE, &opt_key_rate, "N/TIME", "at most so many records a time of each key; others pass meanwhile", &key_rate_given },
	{ 0, "key-burst", OPT_STR, &opt_key_burst, "N|TIME", "as --burst, for each key", &key_burst_given },
	{ 0, "max-keys", OPT_U64, &opt_max_keys, "N", "how many keys are remembered; more of them at once share one place (default 100000)", &max_keys_given },
	{ 0, "fair", OPT_FLAG, &opt_fair, NULL, "keys take turns (deficit round robin); order is kept within a key" },
	{ 0, "weights", OPT_FILE, &opt_weights, "FILE", "with --fair: lines {\"key\":…,\"weight\":N}; a line without a key is for the others" },
	{ 0, "queue", OPT_STR, &opt_queue, "N|SIZE", "how many records, or bytes with a unit, may wait in memory (default 16MiB)", &queue_given },
	{ 0, "full", OPT_STR, &opt_full, "block|drop-new|drop-old|sample:P|spill:DIR[:MAX]",
	  "when the queue is full: stop reading (the default), drop the newest or the oldest record, keep a part P, or go on in files in DIR", &full_given },
	{ 0, "dropped", OPT_FILE, &opt_dropped, "FILE", "append every record that is dropped to FILE, with the reason" },
	{ 0, "time", OPT_STR, &opt_time, "PATH", "the field that holds the event time, for --speed and --watermark" },
	{ 0, "speed", OPT_STR, &opt_speed, "N|max", "let records pass at N times the speed of their event time: 1, 60x; max does not wait" },
	{ 0, "gap-max", OPT_DURATION, &opt_gap_max, "TIME", "with --speed: no pause is longer than this" },
	{ 0, "watermark", OPT_DURATION, &opt_watermark, "TIME", "a record is late when it is further than this behind the newest, with --key of the key furthest behind",
	  &watermark_given },
	{ 0, "late", OPT_STR, &opt_late, "pass|tag|drop|file:F", "late records pass (the default), pass with \"late\":true, are dropped, or go to F", &late_given },
	{ 0, "idle", OPT_DURATION, &opt_idle, "TIME", "with --watermark and --key: a key that is further behind the newest time counts as idle", &idle_given },
	{ 0, "out", OPT_STR, &opt_out, "fd:N|FILE,…", "spread records over several outputs instead of standard output; marks go to each" },
	{ 0, "balance", OPT_STR, &opt_balance, "least-full|hash:PATH", "with --out: to the output that is least full (the default), or the same field always to the same",
	  &balance_given },
	{ 0, "stats", OPT_STR, &opt_stats, "fd:N|FILE", "a line of statistics there at the end; at any time to standard error on SIGUSR1" },
	{ 0, "stats-every", OPT_DURATION, &opt_stats_every, "TIME", "with --stats: such a line at these intervals as well", &every_given },
	{ 0, "on-error", OPT_STR, &opt_on_error, REJECT_ARG, REJECT_HELP },
	{ 0, "unbuffered", OPT_FLAG, &opt_unbuffered, NULL, "write every record at once" },
	{ 0 }
};

static const char *const exits[] = {
	"0", "every record was passed on, or left out as the options say", "1", "done, but bad records were skipped or rejected, an output was closed by its reader, or a spill was damaged",
	"2", "usage", "3", "bad input", "4", "reading or writing failed", "5", "a spill or a shared quota is in use, or of another stream or limit", NULL
};

static const char *const examples[] = {
	"smgen | smrate -r 1000/s | smpartition landing | smcommit", "a steady thousand posts a second",
	"smrate -r 300/15m --burst 10 ids.ndjson", "300 in 15 minutes, at most ten at once",
	"smreplay landing | smrate --time created_at --speed 60x --gap-max 1s", "an hour a minute, quiet times cut short",
	"smrate -r 10000/s --key network --fair --full drop-old --dropped lost.ndjson", "quiet networks are heard; what does not fit is kept aside",
	"smrate --full spill:/var/spool/posts:10GiB", "read on while the reader is slow",
	"smrate --out fd:3,fd:4 --balance hash:author.id 3> >(smsentiment >a) 4> >(smsentiment >b)", "two workers, each author always with the same", NULL
};

static const char *const see_also[] = { "smreplay(1)", "smgen(1)", "smtrend(1)", "pv(1)", NULL };

static const struct tool tool = {
	.name = "smrate",
	.summary = "shape a stream of records: rates, fair shares, overload, lateness, several outputs",
	.synopsis = "[OPTION]… [FILE]…",
	.description =
		"Copies records, not faster than -r and -b allow. A record passes when both allow it; a line is never split. Deadlines are "
		"absolute: the rate has no drift, and up to 100 ms in which the machine was late are made up for. Time in which there was no "
		"input, or in which the reader took nothing, is lost, but for --burst. Without limits it only checks that every line is a record.\n\n"
		"Above 500 records a second records pass in small groups, at most every 2 ms. At most 64 KiB and one line are read ahead, but for "
		"a queue: --fair, --key-rate, --queue, --full and --out have one, and input is read while the output waits.\n\n"
		"Marks pass in their place and do not count: behind every record that came before them and was not dropped, before every one that came "
		"behind. Nothing drops a mark.\n\n"
		"Which records are late (--watermark) depends on the records and their order alone, not on the clock.",
	.opts = options,
	.exits = exits,
	.examples = examples,
	.see_also = see_also,
};

enum { F_TIME, F_KEY, F_ROUTE, FIELDS };

enum late { LATE_PASS, LATE_TAG, LATE_DROP, LATE_FILE };

struct run {
	struct input *in;
	struct output out;
	struct json_pick *pick;
	int field[FIELDS];         /* where it is among the fields picked; -1: not asked for */
	struct reject *rejects;
	struct drops *drops;
	struct gate gate;
	struct share *share;
	struct meter meter;
	struct stats *stats;
	bool timed;                /* there are due times */
	bool waited;               /* for the block at hand */

	struct watermark watermark;
	enum late late;
	struct linefile *late_file;
	struct state *state;       /* where the watermark is kept at marks */
	bool any_record, marked;   /* so far */

	bool queued;               /* records go through a queue and a pump */
	struct queue_opts q;
	const char *spill_dir;
	struct spill_opts spill_opts;
	struct spill *spill;
	struct weights *weights;
	struct queue *queue;
	struct outs *outs;
	struct pump pump;
	struct item_list items;    /* of the block at hand */
	uint64_t nitems;           /* bytes of them */

	const char *from, *to;     /* lines of the block that pass as they stand and are not yet in the output */
	struct arena arena;        /* of marks */
	struct buf text, key, line;
	struct err *e;
};

/* --- straight from input to output --- */

static int put_run(struct run *r)
{
	size_t n = r->from < r->to ? (size_t)(r->to - r->from) : 0;
	if (n >= SMALL_RUN && !r->timed) {
		int64_t start = clock_mono_ns();
		output_block(&r->out, r->from, n, 0);
		gate_wrote(&r->gate, start, -1);
	} else if (n) {
		output_put(&r->out, r->from, n);
	}
	r->from = r->to = NULL;
	return r->out.failed ? output_flush(&r->out, r->e) : 0;
}

/* Returns in *STALL by how much what is due has moved. */
static int write_out(struct run *r, int64_t *stall, struct err *e)
{
	int64_t start = clock_mono_ns();
	int got = output_flush(&r->out, e);
	*stall = gate_wrote(&r->gate, start, r->out.fd);
	meter_gate(&r->meter, &r->gate);
	return got;
}

static int pass_line(struct run *r, const char *p, size_t n, bool alone, struct err *e)
{
	int64_t stall;
	int got = 0;
	meter_add(&r->meter.out_records, 1);
	meter_add(&r->meter.out_bytes, n + 1);
	if (alone || opt_unbuffered) {
		got = put_run(r);
		if (got == 0)
			output_put(&r->out, p, n);
		if (got == 0)
			output_put(&r->out, "\n", 1);
	} else {
		if (r->to != p) {
			got = put_run(r);
			r->from = p;
		}
		r->to = p + n + 1;
	}
	if (got == 0 && (opt_unbuffered || r->out.buf.n >= OUTPUT_BLOCK))
		got = write_out(r, &stall, e);
	return got;
}

/* Wait for the line's time, then put it behind the others. ALONE: it is not followed by its line feed in the block. */
static int pass(struct run *r, const char *p, size_t n, int64_t us, bool alone, struct err *e)
{
	int64_t due, stall;
	if (r->timed) {
		int got = gate_due(&r->gate, n + 1, us, &due, e);
		if (got != 0)
			return got;
		if (due > r->gate.now) {
			got = put_run(r);
			if (got == 0)
				got = write_out(r, &stall, e);
			if (got != 0)
				return got;
			gate_wait(&r->gate, due + stall);
		}
	}
	return pass_line(r, p, n, alone, e);
}

/* --- by way of the queue --- */

static int start_queue(struct run *r, const char *stream)
{
	bool removed = false;
	if (r->queue)
		return 0;
	int got = r->spill ? spill_begin(r->spill, stream, &removed, r->e) : 0;
	if (got != 0)
		return got;
	if (removed)
		diag_note("what an earlier run had spilled in %s comes again from the stream's source", r->spill_dir);
	r->q.spill = r->spill;
	r->q.drops = r->drops;
	r->queue = queue_new(&r->q);
	atomic_store(&r->meter.queue, r->queue);
	r->pump = (struct pump){ .queue = r->queue, .gate = &r->gate, .out = r->outs ? NULL : &r->out, .outs = r->outs, .drops = r->drops,
		.meter = &r->meter, .unbuffered = opt_unbuffered };
	return pump_start(&r->pump, r->e);
}

static int hand_over(struct run *r, struct err *e)
{
	r->nitems = 0;
	return r->items.head ? queue_put(r->queue, &r->items, e) : 0;
}

static int enqueue(struct run *r, const char *p, size_t n, bool mark, int64_t us, uint64_t route, struct err *e)
{
	struct item *it = item_new(p, n, r->key.p, mark ? 0 : r->key.n);
	it->mark = mark;
	it->event_us = us;
	it->route = route;
	item_append(&r->items, it);
	r->nitems += n;
	return r->nitems >= READ_AHEAD || mark ? hand_over(r, e) : 0;
}

/* --- records --- */

static int event_time(struct run *r, const struct json_record *rec, int64_t *us, struct err *why)
{
	const struct json_field *f = &rec->field[r->field[F_TIME]];
	if (!f->p || f->type == JSON_NULL)
		return err_set(why, ERR_DATA, "the record has no field %s", opt_time);
	uint64_t col = (uint64_t)(f->p - rec->p) + 1;
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

/* Is the record late, and does it pass all the same? *P and *N become the line that passes. */
static int judge(struct run *r, int64_t us, const char **p, size_t *n, bool *passes, struct err *why)
{
	bool late = watermark_see(&r->watermark, r->key.p ? r->key.p : "", r->key.n, us);
	atomic_store_explicit(&r->meter.watermark_us, r->watermark.at_us, memory_order_relaxed);
	if (!late)
		return 0;
	meter_add(&r->meter.late, 1);
	if (r->late == LATE_TAG) {
		buf_clear(&r->line);
		json_splice(&r->line, *p, *n, "late", "true", 4);
		*p = r->line.p;
		*n = r->line.n;
	}
	*passes = r->late <= LATE_TAG;
	if (r->late == LATE_DROP)
		return drops_add(r->drops, DROP_LATE, *p, *n, why);
	return r->late == LATE_FILE ? linefile_put(r->late_file, *p, *n, why) : 0;
}

static int do_record(struct run *r, const struct json_record *rec, struct err *why)
{
	const char *p = rec->p;
	size_t n = rec->n;
	int64_t us = 0;
	uint64_t route = 0;
	bool passes = true;
	int got = 0;
	if (r->field[F_TIME] >= 0 && (got = event_time(r, rec, &us, why)) != 0)
		return got;
	if (r->field[F_ROUTE] >= 0) {
		key_of_field(&r->key, &rec->field[r->field[F_ROUTE]]);
		route = hash_bytes(r->key.p, r->key.n, ROUTE_SEED);
		buf_clear(&r->key);
	}
	if (r->field[F_KEY] >= 0)
		key_of_field(&r->key, &rec->field[r->field[F_KEY]]);
	r->any_record = true;
	if (watermark_given)
		got = judge(r, us, &p, &n, &passes, why);
	if (got != 0 || !passes)
		return got;
	if (!r->queued)
		return pass(r, p, n, us, p != rec->p || p[n] != '\n', why);
	got = start_queue(r, NULL);
	if (got != 0)
		*why = *r->e;
	return got ? got : enqueue(r, p, n, false, us, route, why);
}

/* --- marks --- */

/* The settings are part of the name: two smrates in one pipe that judge differently do not share a state. */
static int open_state(struct run *r, const struct mark *m)
{
	struct buf b = BUF_INIT;
	char name[32];
	buf_printf(&b, "%s\n%s\n%lld\n%lld\n%llu", opt_time, opt_key ? opt_key : "", (long long)opt_watermark, (long long)opt_idle,
		   (unsigned long long)opt_max_keys);
	snprintf(name, sizeof name, "smrate-%016llx", (unsigned long long)hash_bytes(b.p, b.n, ROUTE_SEED));
	buf_clear(&b);
	int got = state_open(&r->state, m->ck, name, r->e);
	if (got == 0 && m->from > 0) {
		got = state_read(r->state, m->from, WATERMARK_STATE_MAX, &b, r->e);
		if (got == ERR_NOT_FOUND) {
			diag_note("the checkpoint has no watermark of these options for %lld: it begins anew", (long long)m->from);
			got = 0;
		} else if (got == 0 && (got = watermark_load(&r->watermark, b.p, b.n, r->e)) != 0) {
			err_wrap(r->e, "%s/state/%s/%lld", m->ck, name, (long long)m->from);
		}
	}
	buf_release(&b);
	return got;
}

static int keep_state(struct run *r, const struct mark *m)
{
	struct buf b = BUF_INIT;
	int got = r->state ? 0 : open_state(r, m);
	if (got == 0) {
		watermark_save(&r->watermark, &b);
		got = state_write(r->state, m->seq, b.p, b.n, r->e);
	}
	if (got == 0)
		got = state_prune(r->state, r->e);
	buf_release(&b);
	return got;
}

/* What the mark vouches for and does not pass is durable before the mark is: rejects, late records, the watermark; what
 * is dropped later, by the queue, the pump sees to. */
static int do_mark(struct run *r, const struct json_record *rec, const char *file, uint64_t line)
{
	struct mark m;
	int got = mark_parse(&m, &r->arena, rec->p, rec->n, r->e);
	bool keeps = watermark_given && m.ck && m.seq >= 0;
	if (got < 0)
		return err_at(r->e, file, line, r->e->col);
	if (m.stream && r->any_record && !r->marked && (keeps || r->spill)) {
		err_set(r->e, ERR_DATA, "records came before the first mark of stream %s", m.stream);
		return err_at(r->e, file, line, 0);
	}
	r->marked = true;
	if (got == 0)
		got = reject_flush(r->rejects, r->e);
	if (got == 0 && r->late_file)
		got = linefile_flush(r->late_file, r->e);
	if (got == 0)
		got = drops_flush(r->drops, r->e);
	if (got == 0 && keeps)
		got = keep_state(r, &m);
	if (got == 0 && r->queued) {
		got = start_queue(r, m.stream);
		if (got == 0)
			got = enqueue(r, rec->p, rec->n, true, 0, 0, r->e);
	} else if (got == 0 && (got = put_run(r)) == 0) {
		meter_add(&r->meter.out_marks, 1);
		meter_add(&r->meter.out_bytes, rec->n + 1);
		output_line(&r->out, rec->p, rec->n);
	}
	arena_clear(&r->arena);
	return got;
}

/* --- the input --- */

static int do_block(struct run *r, const struct block *b)
{
	struct json_record rec;
	struct err why = { 0 };
	int got;
	meter_add(&r->meter.in_bytes, b->n);
	json_pick_block(r->pick, b->p, b->n);
	while ((got = json_pick_next(r->pick, &rec, &why)) != 0) {
		uint64_t line = b->line + (got > 0 ? rec.line : why.line);
		if (got > 0 && rec.is_mark) {
			meter_add(&r->meter.in_marks, 1);
			if ((got = do_mark(r, &rec, b->file, line)) != 0)
				return got;
			continue;
		}
		if (got > 0) {
			meter_add(&r->meter.in_records, 1);
			why.file[0] = '\0';
			got = do_record(r, &rec, &why);
		}
		if (got >= 0)
			continue;
		if (got == ERR_DATA || got == ERR_UNSUPPORTED)
			err_at(&why, b->file, line, why.col);
		put_run(r);
		got = reject_record(r->rejects, rec.p, rec.n, &why, r->e);
		if (got < 0)
			return got;
		atomic_store(&r->meter.rejected, reject_count(r->rejects));
	}
	return r->queued ? hand_over(r, r->e) : put_run(r);
}

static int before_wait(void *arg, struct err *e)
{
	struct run *r = arg;
	int64_t stall;
	r->waited = true;
	int got = reject_flush(r->rejects, e);
	if (got != 0)
		return got;
	if (!r->queued)
		return write_out(r, &stall, e);
	return r->queue ? queue_flush(r->queue, e) : 0;
}

/* No deadline, but a look now and then at whether the pump still works. */
static int64_t never(void *arg)
{
	(void)arg;
	return INT64_MAX;
}

static int read_all(struct run *r)
{
	struct block b;
	int got;
	r->waited = true;
	if (!r->queued)
		gate_start(&r->gate);
	while ((got = input_block(r->in, &b, r->e)) != INPUT_END && got >= 0) {
		if (got == INPUT_TIMEOUT) {
			if (r->queue && (got = queue_failed(r->queue, r->e)) != 0)
				break;
			continue;
		}
		if (r->timed && !r->queued)
			gate_arrived(&r->gate, r->waited);
		r->waited = false;
		got = do_block(r, &b);
		if (got != 0)
			break;
	}
	return got;
}

static int run(struct run *r, char **files, size_t n)
{
	struct input_opts in_opts = { .before_wait = before_wait, .arg = r };
	const char *path[FIELDS] = { opt_time, opt_key, opt_balance + 5 };
	const char *picked[FIELDS];
	size_t npicked = 0;
	for (int i = 0; i < FIELDS; i++) {
		bool wanted = i == F_TIME ? opt_time != NULL : i == F_KEY ? opt_key != NULL : opt_out && strncmp(opt_balance, "hash:", 5) == 0;
		r->field[i] = wanted ? (int)npicked : -1;
		if (wanted)
			picked[npicked++] = path[i];
	}
	int got = json_pick_new(&r->pick, picked, npicked, r->e);
	if (got != 0)
		return got;
	if (r->timed || r->queued)
		in_opts.block = READ_AHEAD;
	if (r->queued)
		in_opts.deadline = never;
	r->in = input_new((const char *const *)files, n, &in_opts);
	got = read_all(r);
	/* What an earlier run has spilled is passed on also when there is no input. */
	if (got == 0 && r->queued)
		got = start_queue(r, NULL);
	if (r->queue) {
		struct err e;
		int late = hand_over(r, &e);
		if (got == 0 && late != 0)
			*r->e = e;
		got = got ? got : late;
		queue_close(r->queue);
		if (pump_join(&r->pump, &e) != 0) {
			*r->e = e;
			got = e.code;
		}
	}
	return got;
}

/* --- settings --- */

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

static void set_limits(struct run *r, struct share_limits *l)
{
	struct shaper *s = &r->gate.shaper;
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
	*l = (struct share_limits){ s->records, s->bytes, { opt_rate.count, opt_rate.per_ns, tau_records }, { bytes, per, tau_bytes } };
	r->gate.shaped = s->records || s->bytes;
	if (opt_share && !r->gate.shaped)
		opt_usage("--share needs -r or -b");
}

static double a_second(const struct opt_rate *rate)
{
	return rate->count / ((double)rate->per_ns / (double)NS_PER_SEC);
}

static void set_adapt(struct run *r)
{
	if (!opt_adapt && (min_given || max_given))
		opt_usage("%s needs --adapt", min_given ? "--min" : "--max");
	if (!opt_adapt)
		return;
	if (!min_given || !max_given)
		opt_usage("--adapt needs --min and --max");
	if (rate_given || opt_share)
		opt_usage("--adapt finds the rate itself: %s does not go with it", rate_given ? "-r" : "--share");
	r->gate.aimd.min = a_second(&opt_min);
	r->gate.aimd.max = a_second(&opt_max);
	if (r->gate.aimd.min > r->gate.aimd.max)
		opt_usage("--min is above --max");
	r->gate.shaper.records = r->gate.shaped = r->gate.adapts = r->meter.adapts = true;
	gcra_init(&r->gate.shaper.by_record, opt_min.count, opt_min.per_ns, 0);
}

static void set_time(struct run *r)
{
	double speed = 1;
	if ((opt_speed || watermark_given) && !opt_time)
		opt_usage("%s needs --time, the field that holds the event time", opt_speed ? "--speed" : "--watermark");
	if (opt_gap_max && !opt_speed)
		opt_usage("--gap-max needs --speed");
	if (opt_time && !opt_speed && !watermark_given)
		opt_usage("--time needs --speed or --watermark");
	if (opt_speed && !pace_parse_speed(opt_speed, &speed))
		opt_usage("--speed: '%s' is neither a number above 0 nor max", opt_speed);
	if (opt_gap_max < 0)
		opt_usage("--gap-max is no time back");
	r->gate.paced = opt_speed != NULL;
	pace_init(&r->gate.pace, speed, opt_gap_max);
	if ((late_given || idle_given) && !watermark_given)
		opt_usage("%s needs --watermark", late_given ? "--late" : "--idle");
	if (opt_watermark < 0 || opt_idle < 0 || (idle_given && !opt_idle))
		opt_usage("%s is no time", opt_watermark < 0 ? "--watermark" : "--idle");
	if (strcmp(opt_late, "tag") == 0)
		r->late = LATE_TAG;
	else if (strcmp(opt_late, "drop") == 0)
		r->late = LATE_DROP;
	else if (strncmp(opt_late, "file:", 5) == 0 && opt_late[5])
		r->late = LATE_FILE;
	else if (strcmp(opt_late, "pass") != 0)
		opt_usage("--late: '%s' is none of pass, tag, drop, file:F", opt_late);
	watermark_init(&r->watermark, opt_watermark / 1000, opt_idle / 1000, opt_max_keys);
	r->meter.has_watermark = watermark_given;
	r->meter.watermark_us = WATERMARK_NONE;
}

static void set_keys(struct run *r)
{
	struct lanes_opts *l = &r->q.lanes;
	uint64_t n = 0;
	int64_t time = 0;
	size_t len = opt_key_burst ? strlen(opt_key_burst) : 0;
	if ((key_rate_given || opt_fair) && !opt_key)
		opt_usage("%s needs --key", opt_fair ? "--fair" : "--key-rate");
	if (opt_key && !key_rate_given && !opt_fair && !watermark_given)
		opt_usage("--key needs --key-rate, --fair or --watermark");
	if (max_keys_given && !opt_key)
		opt_usage("--max-keys needs --key");
	if (!opt_max_keys)
		opt_usage("--max-keys is at least 1");
	if (key_burst_given && !key_rate_given)
		opt_usage("--key-burst needs --key-rate");
	if (opt_weights && !opt_fair)
		opt_usage("--weights needs --fair");
	l->keyed = key_rate_given || opt_fair;
	l->fair = opt_fair;
	l->by_bytes = r->gate.shaper.bytes && !r->gate.shaper.records;
	l->max_keys = opt_max_keys;
	l->limited = key_rate_given;
	if (!key_rate_given)
		return;
	l->count = opt_key_rate.count;
	l->per_ns = opt_key_rate.per_ns;
	if (opt_key_burst && num_u64(opt_key_burst, len, &n) && n)
		l->tau = gcra_burst(l->count, l->per_ns, (double)n);
	else if (opt_key_burst && duration_parse(opt_key_burst, len, &time) && time > 0)
		l->tau = time;
	else if (opt_key_burst)
		opt_usage("--key-burst: '%s' is neither a number nor a time", opt_key_burst);
}

/* DIR or DIR:MAX; what follows the last colon is MAX when it is a size. */
static void set_spill(struct run *r, char *arg)
{
	char *colon = strrchr(arg, ':');
	uint64_t max;
	if (colon && num_size(colon + 1, strlen(colon + 1), &max)) {
		if (!max)
			opt_usage("--full: a spill of no bytes holds nothing");
		r->spill_opts.max = max;
		*colon = '\0';
	}
	if (!*arg)
		opt_usage("--full: spill needs a folder, spill:DIR");
	r->spill_dir = arg;
	r->q.full = QUEUE_SPILL;
}

static void set_queue(struct run *r)
{
	uint64_t n = 0;
	size_t len = opt_queue ? strlen(opt_queue) : 0;
	r->queued = key_rate_given || opt_fair || queue_given || full_given || opt_out;
	r->q.max_bytes = QUEUE_BYTES;
	if (opt_queue && num_u64(opt_queue, len, &n) && n) {
		r->q.max_records = n;
		r->q.max_bytes = QUEUE_BYTES_MOST;
	} else if (opt_queue && num_size(opt_queue, len, &n) && n) {
		r->q.max_bytes = n;
	} else if (opt_queue) {
		opt_usage("--queue: '%s' is neither a number of records nor a size", opt_queue);
	}
	if (strcmp(opt_full, "drop-new") == 0)
		r->q.full = QUEUE_NEW;
	else if (strcmp(opt_full, "drop-old") == 0)
		r->q.full = QUEUE_OLD;
	else if (strncmp(opt_full, "sample:", 7) == 0)
		r->q.full = QUEUE_SAMPLE;
	else if (strncmp(opt_full, "spill:", 6) == 0)
		set_spill(r, mem_strdup(opt_full + 6));
	else if (strcmp(opt_full, "block") != 0)
		opt_usage("--full: '%s' is none of block, drop-new, drop-old, sample:P, spill:DIR[:MAX]", opt_full);
	if (r->q.full == QUEUE_SAMPLE &&
	    (!json_parse_double(opt_full + 7, strlen(opt_full + 7), &r->q.sample) || !(r->q.sample >= 0 && r->q.sample <= 1)))
		opt_usage("--full: '%s' is no part from 0 to 1", opt_full + 7);
	bool drops = r->q.full == QUEUE_NEW || r->q.full == QUEUE_OLD || r->q.full == QUEUE_SAMPLE || r->late == LATE_DROP;
	if (opt_dropped && !drops)
		opt_usage("--dropped: nothing is dropped with these options");
	if (balance_given && !opt_out)
		opt_usage("--balance needs --out");
	if (strcmp(opt_balance, "least-full") != 0 && (strncmp(opt_balance, "hash:", 5) != 0 || !opt_balance[5]))
		opt_usage("--balance: '%s' is neither least-full nor hash:PATH", opt_balance);
	if (every_given && !opt_stats)
		opt_usage("--stats-every needs --stats");
	if (opt_stats_every < 0 || (every_given && !opt_stats_every))
		opt_usage("--stats-every is no time");
}

static void print_stats(void *arg, bool last, struct buf *b)
{
	meter_print(arg, last, b);
}

static int open_all(struct run *r, const struct share_limits *limits)
{
	enum outs_balance balance = strcmp(opt_balance, "least-full") == 0 ? OUTS_LEAST : OUTS_HASH;
	int got = reject_open(&r->rejects, tool.name, opt_on_error, r->e);
	if (got == 0)
		got = drops_open(&r->drops, tool.name, opt_dropped, r->e);
	if (got == 0 && opt_share)
		got = share_open(&r->share, opt_share, limits, r->e);
	if (got == 0 && opt_weights)
		got = weights_read(&r->weights, opt_weights, r->e);
	if (got == 0 && r->late == LATE_FILE)
		got = linefile_open(&r->late_file, opt_late + 5, r->e);
	if (got == 0 && r->spill_dir)
		got = spill_open(&r->spill, r->spill_dir, &r->spill_opts, r->e);
	r->gate.share = r->share;
	r->q.lanes.weights = r->weights;
	r->meter.drops = r->drops;
	r->meter.start = clock_mono_ns();
	/* Its thread first: the others inherit that SIGUSR1 is not for them. */
	if (got == 0)
		got = stats_start(&r->stats, opt_stats, opt_stats_every, print_stats, &r->meter, r->e);
	if (got == 0 && opt_out) {
		signal(SIGPIPE, SIG_IGN);
		got = outs_open(&r->outs, opt_out, balance, r->e);
		r->meter.outs = r->outs;
	}
	return got;
}

/* --- the end --- */

static int worse(int status, int code, const struct err *e)
{
	if (code == 0)
		return status;
	int s = diag_fail(e);
	return status ? status : s;
}

/* Everybody who was to read is gone: end as a filter does whose reader is gone. */
static _Noreturn void end_by_sigpipe(void)
{
	signal(SIGPIPE, SIG_DFL);
	raise(SIGPIPE);
	_exit(4);
}

static int finish_outs(struct run *r, int status)
{
	struct err e = { 0 };
	size_t closed = outs_closed(r->outs), n = outs_count(r->outs);
	r->meter.outs = NULL;
	int got = outs_close(r->outs, &e);
	if (closed == n)
		end_by_sigpipe();
	if (status == 0)
		status = worse(status, got, &e);
	if (closed && status == 0) {
		err_set(&e, ERR_REJECTED, "%zu of %zu outputs were closed by their readers: what was in their pipes is lost", closed, n);
		status = worse(status, ERR_REJECTED, &e);
	}
	return status;
}

static int finish_spill(struct run *r, int status)
{
	struct spill_stats st;
	struct err e = { 0 };
	spill_stats(r->spill, &st);
	if (st.torn)
		diag_note("%llu bytes of a record that was not whole were cut off the spill in %s", (unsigned long long)st.torn, r->spill_dir);
	if (st.damaged) {
		err_set(&e, ERR_REJECTED, "%llu bytes of the spill in %s are damaged and were passed over", (unsigned long long)st.damaged, r->spill_dir);
		status = worse(status, ERR_REJECTED, &e);
	}
	return worse(status, spill_close(r->spill, &e), &e);
}

static int finish(struct run *r, int status)
{
	struct err e = { 0 };
	/* The last line of statistics tells of queue and outputs, so it comes before they go. */
	if (r->outs && status == 0)
		status = worse(status, outs_drain(r->outs, &e), &e);
	status = worse(status, stats_stop(r->stats, &e), &e);
	if (r->outs)
		status = finish_outs(r, status);
	if (r->spill)
		status = finish_spill(r, status);
	status = worse(status, drops_close(r->drops, &e), &e);
	status = worse(status, linefile_close(r->late_file, &e), &e);
	return worse(status, reject_close(r->rejects, &e), &e);
}

static void release(struct run *r)
{
	queue_free(r->queue);
	weights_free(r->weights);
	share_close(r->share);
	state_close(r->state);
	watermark_release(&r->watermark);
	input_free(r->in);
	json_pick_free(r->pick);
	item_list_free(&r->items);
	arena_release(&r->arena);
	buf_release(&r->text);
	buf_release(&r->key);
	buf_release(&r->line);
	mem_free((char *)r->spill_dir);
}

int main(int argc, char **argv)
{
	static struct run r;
	struct err e = { 0 };
	struct share_limits limits;
	r.e = &e;
	diag_init(tool.name);
	int n = opt_parse(&tool, argc, argv);
	set_limits(&r, &limits);
	set_adapt(&r);
	set_time(&r);
	set_keys(&r);
	set_queue(&r);
	r.timed = r.gate.shaped || r.gate.paced;
	output_init(&r.out, STDOUT_FILENO, "standard output");
	int got = open_all(&r, &limits);
	if (got == 0)
		got = run(&r, argv + 1, (size_t)n);
	if (got < 0 && r.outs && outs_closed(r.outs) == outs_count(r.outs))
		end_by_sigpipe();
	int status = got < 0 ? diag_fail(&e) : 0;
	status = finish(&r, status);
	status = diag_finish(&r.out, status);
	release(&r);
	return status;
}
