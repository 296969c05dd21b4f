/* SPDX-License-Identifier: MIT */
/* Networks as a stream: records and marks out of lib/fetch's callbacks, progress, a closing mark whatever happened. */
#include "intake/intake.h"

#include "base/clock.h"
#include "cli/diag.h"
#include "cli/report.h"
#include "cli/opt.h"
#include "cli/progress.h"
#include "intake/parts.h"
#include "io/spool.h"
#include "secret/redact.h"
#include "stream/mark.h"

#include <unistd.h>

/* Bytes of cursors a second that marks may cost; a small cursor is always marked. */
#define CURSOR_RATE ((int64_t)64 << 10)
#define SMALL_CURSOR ((size_t)16 << 10)
#define SPILL_MAX ((uint64_t)1 << 40) /* bytes of a stream that may wait on disk */
#define STREAM_MARK_NS NS_PER_SEC    /* a stream could go on behind every message: that is often enough */

struct net {
	struct output out;
	struct spool *spool;         /* of streams: writing never makes them wait; NULL */
	struct fetch *fetch;
	const struct intake_opts *in;
	struct fetch_opts o;
	struct resume *resume;       /* NULL: no marks */
	struct reject *reject;
	int64_t marked_ns, started_ns, tidied_ns;
	size_t cursor_size;
	bool moved, stream;
	uint64_t faults;             /* errors and warnings: something may be missing */
	struct buf cursor, line;
};

static int net_put(struct net *n, const char *p, size_t len, uint64_t count, struct err *e)
{
	n->out.records += count;
	if (n->spool)
		return spool_put(n->spool, p, len, e);
	output_put(&n->out, p, len);
	return n->out.unbuffered || n->out.buf.n >= OUTPUT_BLOCK ? output_flush(&n->out, e) : 0;
}

/* Files of keys that no mark needs any more may go. A minute between two looks: the journal is read for it. */
static int tidy(struct net *n, struct err *e)
{
	struct arena a = ARENA_INIT;
	const char *cursor;
	size_t len;
	if (!fetch_wants_recorded(n->fetch) || clock_mono_ns() - n->tidied_ns < 60 * NS_PER_SEC)
		return 0;
	n->tidied_ns = clock_mono_ns();
	int rc = resume_recorded(n->resume, &a, &cursor, &len, e);
	if (rc == 0 && cursor)
		fetch_recorded(n->fetch, cursor, len);
	arena_release(&a);
	return rc;
}

static int net_mark(struct net *n, const char *end, struct err *e)
{
	int rc = reject_flush(n->reject, e);
	if (!n->resume || rc < 0)
		return rc;
	buf_clear(&n->cursor);
	buf_clear(&n->line);
	if ((rc = fetch_cursor(n->fetch, &n->cursor, e)) < 0 ||
	    (rc = resume_mark(n->resume, n->cursor.p, n->cursor.n, end, &n->line, e)) < 0)
		return rc;
	n->cursor_size = n->cursor.n;
	n->moved = false;
	n->marked_ns = clock_mono_ns();
	rc = net_put(n, n->line.p, n->line.n, 0, e);
	if (rc == 0 && !n->spool)
		rc = output_flush(&n->out, e);
	return rc == 0 ? tidy(n, e) : rc;
}

static int on_out(void *arg, const char *p, size_t len, uint64_t count, struct err *e)
{
	return net_put(arg, p, len, count, e);
}

static bool mark_due(const struct net *n)
{
	int64_t least = n->stream ? STREAM_MARK_NS : 0;
	if (n->cursor_size > SMALL_CURSOR)
		least = (int64_t)n->cursor_size * NS_PER_SEC / CURSOR_RATE;
	least = least < RESUME_EVERY_NS ? least : RESUME_EVERY_NS;
	return n->moved && clock_mono_ns() - n->marked_ns >= least;
}

static int on_point(void *arg, struct err *e)
{
	struct net *n = arg;
	n->moved = true;
	return n->resume && mark_due(n) ? net_mark(n, NULL, e) : 0;
}

static int on_pass(void *arg, const char *p, size_t len, struct err *e)
{
	struct net *n = arg;
	struct arena a = ARENA_INIT;
	struct mark m;
	int rc = mark_parse(&m, &a, p, len, e);
	if (rc == 0 && (n->faults || reject_count(n->reject)))
		mark_withhold(&m, &n->line, &p, &len);
	if (rc == 0)
		rc = reject_flush(n->reject, e);
	if (rc == 0)
		rc = net_put(n, p, len, 0, e);
	if (rc == 0)
		rc = net_put(n, "\n", 1, 0, e);
	arena_release(&a);
	return rc < 0 || n->spool ? rc : output_flush(&n->out, e);
}

static int on_bad(void *arg, const char *item, size_t len, const struct err *why, struct err *e)
{
	struct net *n = arg;
	struct err what = *why;
	struct buf b = BUF_INIT;
	redact_err(n->o.secrets, &what);
	buf_put(&b, item, len);
	redact(n->o.secrets, &b);
	int rc = reject_record(n->reject, b.p ? b.p : "", b.n, &what, e);
	buf_release(&b);
	return rc;
}

void intake_say(enum fetch_say level, const struct err *what, bool verbose)
{
	if (level == SAY_ERROR)
		diag_error(what);
	else if (level == SAY_WARNING)
		diag_warn(what);
	else if (verbose)
		diag_note("%s", what->msg);
}

static void on_say(void *arg, enum fetch_say level, const struct err *what)
{
	struct net *n = arg;
	n->faults += level >= SAY_WARNING;
	intake_say(level, what, n->in->verbose);
}

static void show_progress(struct net *n, int64_t next_ns)
{
	struct fetch_status s;
	char count[PROGRESS_TEXT], rate[PROGRESS_TEXT], time[PROGRESS_TEXT];
	int64_t now = clock_mono_ns();
	if (!progress_due())
		return;
	fetch_status(n->fetch, &s);
	buf_clear(&n->line);
	bool later = next_ns != INT64_MAX && next_ns - now > NS_PER_SEC;
	if (later && s.cause)
		buf_printf(&n->line, "next try in %s: ", progress_duration(time, next_ns - now));
	if (s.cause)
		buf_printf(&n->line, "%s, ", s.cause);
	buf_printf(&n->line, "%s posts, %s", progress_count(count, s.records),
		   progress_rate(rate, (double)s.records * 1e9 / (double)(now - n->started_ns + 1)));
	if (s.jobs > 1)
		buf_printf(&n->line, ", %llu of %llu jobs", (unsigned long long)(s.jobs - s.ended),
			   (unsigned long long)s.jobs);
	if (s.left >= 0)
		buf_printf(&n->line, ", %.0f requests left", s.left);
	if (s.reset_s >= 0)
		buf_printf(&n->line, ", reset in %s", progress_duration(time, (int64_t)(s.reset_s * 1e9)));
	if (later && !s.cause)
		buf_printf(&n->line, ", next in %s", progress_duration(time, next_ns - now));
	progress_say("%s", buf_cstr(&n->line));
}

/* Of what goes through the spool, which counts itself. */
static void count_spool(struct net *n)
{
	struct metrics *m = report_metrics();
	struct spool_stats s = { 0 };
	if (!n->spool)
		return;
	spool_stats(n->spool, &s);
	metrics_set(m, METRIC_RECORDS_OUT, (int64_t)n->out.records);
	metrics_set(m, METRIC_BYTES_OUT, (int64_t)s.written);
	metrics_set(m, METRIC_QUEUE_BYTES, (int64_t)s.in_memory);
	metrics_set(m, METRIC_SPILL_BYTES, (int64_t)s.on_disk);
}

/* Nothing is to be done for now: what is held back goes out. */
static int on_idle(void *arg, int64_t next_ns, struct err *e)
{
	struct net *n = arg;
	int rc = n->resume && (mark_due(n) || resume_due(n->resume)) ? net_mark(n, NULL, e) : 0;
	if (rc == 0 && !n->spool)
		rc = output_flush(&n->out, e);
	if (rc == 0)
		rc = reject_flush(n->reject, e);
	count_spool(n);
	show_progress(n, next_ns);
	return rc;
}

static bool on_stop(void *arg)
{
	(void)arg;
	return diag_signal() != 0;
}

static int open_net(struct net *n, struct err *e)
{
	n->o.folder = n->in->ck;
	n->o.resumes = n->in->ck || n->in->marks;
	n->o.metrics = report_metrics();
	n->o.out = on_out;
	n->o.point = on_point;
	n->o.pass = on_pass;
	n->o.bad = on_bad;
	n->o.say = on_say;
	n->o.idle = on_idle;
	n->o.stop = on_stop;
	n->o.arg = n;
	int rc = reject_open(&n->reject, n->in->tool, n->in->on_error, e);
	if (rc == 0)
		reject_metrics(n->reject, report_metrics());
	if (rc == 0 && n->o.resumes)
		rc = resume_open(&n->resume, n->in->ck, e);
	if (rc == 0 && n->resume)
		metrics_stream(report_metrics(), resume_stream(n->resume));
	if (rc == 0 && n->resume)
		n->o.cursor = resume_cursor(n->resume, &n->o.ncursor);
	if (rc == 0)
		rc = fetch_new(&n->fetch, &n->o, e);
	if (rc < 0)
		return rc;
	n->stream = fetch_has_stream(n->fetch);
	diag_catch_signals();
	if (n->stream)
		rc = spool_new(&n->spool, STDOUT_FILENO, "standard output", n->in->queue, n->in->ck ? n->in->ck : n->in->temp, SPILL_MAX,
			       n->out.before_write, e);
	n->started_ns = clock_mono_ns();
	return rc == 0 ? net_mark(n, NULL, e) : rc;
}

/* Was everything given that was asked for? Not where a bound that the user set was reached: what lies behind it is not known. */
static bool gave_all(const struct net *n)
{
	struct fetch_status s;
	fetch_status(n->fetch, &s);
	bool bounded = n->in->repeats || (n->o.max_records && s.records >= n->o.max_records) ||
		       (n->o.max_requests && s.requests >= n->o.max_requests);
	for (size_t i = 0; i < n->o.nspecs; i++)
		bounded |= n->o.spec[i].max_records || n->o.spec[i].max_requests || n->o.spec[i].every_ns;
	return !bounded && !s.less && !n->stream && s.ended == s.jobs && !n->faults && !reject_count(n->reject);
}

/* The closing mark goes out whatever happened, as long as it can. */
static int close_net(struct net *n, int rc, struct err *e)
{
	static const char *const ends[] = {[FETCH_DONE] = "done", [FETCH_QUOTA] = "quota", [FETCH_STOPPED] = "signal"};
	struct err why;
	int status = rc < 0 ? 0 : rc == FETCH_QUOTA ? err_status(ERR_RETRY) : 0;
	if (n->fetch && n->resume) {
		struct fetch_status given;
		fetch_status(n->fetch, &given);
		if (rc == FETCH_DONE && gave_all(n))
			resume_whole(n->resume, given.records);
		int r = net_mark(n, rc < 0 ? "error" : ends[rc], &why);
		if (r < 0 && rc >= 0) {
			*e = why;
			rc = r;
		}
	} else if (rc < 0) {
		intake_failed(n->in, &n->out, n->resume);
	}
	if (n->spool && spool_flush(n->spool, INT64_MAX, &why) < 0 && rc >= 0) {
		*e = why;
		rc = why.code;
	}
	count_spool(n);
	if (rc < 0)
		status = diag_fail(e);
	if (rc == FETCH_QUOTA && !n->in->verbose)
		diag_note("a limit is used up for longer than --max-wait allows: %stry again later (see --verbose)",
			  n->in->ck ? "the position is kept, " : "");
	status = diag_worse(status, reject_close(n->reject, &why), &why);
	status = diag_finish(&n->out, status);
	spool_free(n->spool);
	fetch_free(n->fetch);
	resume_close(n->resume);
	buf_release(&n->cursor);
	buf_release(&n->line);
	return status;
}

int intake_net(const struct intake_opts *in, const struct fetch_opts *o, int rc, struct err *e)
{
	struct net n = { .in = in, .o = *o };
	report_stdout(&n.out);
	n.out.unbuffered = in->unbuffered;
	if (rc == 0)
		rc = open_net(&n, e);
	if (rc == ERR_USAGE || rc == ERR_NOT_FOUND)
		opt_usage("%s", e->msg);
	if (rc == 0)
		rc = fetch_run(n.fetch, e);
	return close_net(&n, rc, e);
}
