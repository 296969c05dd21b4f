/* SPDX-License-Identifier: MIT */
/* smfetch - posts from networks, files and archives, with marks to go on from. Table, glue and main; the engine is in
 * lib/fetch. */
#include "base/clock.h"
#include "cli/diag.h"
#include "cli/opt.h"
#include "cli/progress.h"
#include "fetch/fetch.h"
#include "fetch/jobs.h"
#include "stream/mark.h"
#include "stream/reject.h"
#include "http/url.h"
#include "io/spool.h"
#include "resume/resume.h"
#include "source/def_print.h"
#include "source/files.h"
#include "source/map.h"
#include "secret/redact.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BOUNDARY_NS NS_PER_SEC       /* at the end of a file a mark is worth it after this time */
/* Bytes of cursors a second that marks may cost; a small cursor is always marked. */
#define CURSOR_RATE ((int64_t)64 << 10)
#define SMALL_CURSOR ((size_t)16 << 10)
#define SPILL_MAX ((uint64_t)1 << 40) /* bytes of a stream that may wait on disk */
#define STREAM_MARK_NS NS_PER_SEC    /* a stream could go on behind every message: that is often enough */

static const char *as, *records, *include, *ck, *on_error, *describe, *check, *map;
static bool raw, marks, list, unbuffered, observed_given;
static int64_t observed_us;
static uint64_t max_record = (uint64_t)16 << 20, mark_every = 100000;
/* of networks */
static const char *jobs_file, *endpoint, *share, *token_cache, *secret_command, *cacert, *rules_file;
static const char *user_agent = "smtools/" SM_VERSION " (smfetch)";
static struct opt_list secret_list, rule_list;
static int64_t since_us = INT64_MIN, until_us = INT64_MAX, split_ns, every_ns, for_ns,
	       max_wait_ns = 20 * 60 * NS_PER_SEC;
static uint64_t max_records, max_requests, dedup = 262144, parallel = 16, per_host = 6, queue = (uint64_t)64 << 20,
		max_answer = (uint64_t)64 << 20;
static bool dry_run, verbose;

static const struct opt opts[] = {
	{ 0, "resume", OPT_DIR, &ck, "CK", "resume from the checkpoint folder CK, and print marks" },
	{ 0, "marks", OPT_FLAG, &marks, NULL, "print marks without a checkpoint" },
	{ 0, "since", OPT_TIME, &since_us, "TIME", "posts from TIME on: 2026-01-31, 2026-01-31T12:00:00Z" },
	{ 0, "until", OPT_TIME, &until_us, "TIME", "posts before TIME" },
	{ 0, "split", OPT_DURATION, &split_ns, "TIME",
	  "read --since to --until in parts of this length, such as 1d, oldest first" },
	{ 0, "every", OPT_DURATION, &every_ns, "TIME", "poll at this interval, such as 5m" },
	{ 0, "for", OPT_DURATION, &for_ns, "TIME", "end after TIME, such as 50m" },
	{ 0, "max-records", OPT_U64, &max_records, "N", "end after N records" },
	{ 0, "max-requests", OPT_U64, &max_requests, "N", "end after N requests" },
	{ 0, "max-wait", OPT_DURATION, &max_wait_ns, "TIME",
	  "end if a limit requires a longer wait (status 75), or a retry does (status 4) (20m)" },
	{ 0, "jobs", OPT_FILE, &jobs_file, "FILE", "run many jobs at once: NDJSON or an array" },
	{ 0, "parallel", OPT_U64, &parallel, "N", "requests in flight (16)" },
	{ 0, "per-host", OPT_U64, &per_host, "N", "connections per host, 1000 at most (6)" },
	{ 0, "share", OPT_DIR, &share, "DIR", "keep the limits in DIR, so that several smfetch processes share them" },
	{ 0, "secret", OPT_LIST, &secret_list, "NAME=@FILE|fd:N",
	  "where to read a secret: a file or a descriptor, never the secret itself" },
	{ 0, "secret-command", OPT_FILE, &secret_command, "PROGRAM",
	  "helper asked last for a secret: PROGRAM NAME prints it" },
	{ 0, "token-cache", OPT_DIR, &token_cache, "DIR",
	  "keep session tokens of logins in DIR between runs, readable by you alone" },
	{ 0, "rule", OPT_LIST, &rule_list, "[TAG=]TEXT", "filtered streams: make these the server's rules" },
	{ 0, "rules", OPT_FILE, &rules_file, "FILE", "the same, one rule per line" },
	{ 0, "dedup", OPT_U64, &dedup, "N", "remember the last N records and do not write them again (262144)" },
	{ 0, "raw", OPT_FLAG, &raw, NULL, "keep the original item in the field raw" },
	{ 0, "queue", OPT_SIZE, &queue, "SIZE",
	  "streams: buffer this much in memory for a slow reader, the rest in a temporary file (64MiB)" },
	{ 0, "max-answer", OPT_SIZE, &max_answer, "SIZE", "maximum size of a response, decompressed (64MiB)" },
	{ 0, "endpoint", OPT_STR, &endpoint, "URL",
	  "send all requests to URL instead of the network: a proxy, a simulator" },
	{ 0, "cacert", OPT_FILE, &cacert, "FILE", "trust these certificates instead of the system's" },
	{ 0, "user-agent", OPT_STR, &user_agent, "TEXT", "User-Agent header" },
	{ 0, "dry-run", OPT_FLAG, &dry_run, NULL, "print the first request of each job; send nothing" },
	{ 0, "verbose", OPT_FLAG, &verbose, NULL, "report requests, responses and waits on standard error" },
	{ 0, "as", OPT_STR, &as, "SOURCE",
	  "files: map the records to smpost with this source definition: a name (see --list) or a file" },
	{ 0, "map", OPT_ENUM, &map, "auto|jq|fast",
	  "with --as: jq: use libjq only; fast: refuse a map that needs libjq (auto)" },
	{ 0, "records", OPT_STR, &records, "JQ",
	  "files: where the records are in a response: .statuses[], or any jq program" },
	{ 0, "include", OPT_STR, &include, "PATTERN",
	  "folders and archives: only files whose names match, such as '*.json.gz'" },
	{ 0, "observed-at", OPT_TIME, &observed_us, "TIME",
	  "files, with --as: when the posts were seen (the file's modification time)",
	  &observed_given },
	{ 0, "mark-every", OPT_U64, &mark_every, "N", "files: print a mark at least every N records (100000)" },
	{ 0, "on-error", OPT_STR, &on_error, REJECT_ARG, REJECT_HELP },
	{ 0, "max-record", OPT_SIZE, &max_record, "SIZE", "maximum size of a record (16MiB)" },
	{ 0, "unbuffered", OPT_FLAG, &unbuffered, NULL, "flush every record" },
	{ 0, "list", OPT_FLAG, &list, NULL, "list the source definitions" },
	{ 0, "describe", OPT_STR, &describe, "SOURCE", "describe a source definition and what it needs" },
	{ 0, "check", OPT_FILE, &check, "FILE", "check a source definition" },
	{ 0 }
};

static const char *const exits[] = { "0", "done, or stopped by a signal after a mark", "1", "done, but records were rejected, or --records found none",
	"2", "usage error", "3", "bad input", "4", "a network or I/O error, or the API refused the request", "5",
	"the checkpoint is in use or belongs to another stream, the table is behind it, or a file has changed since it was read",
	"75", "a limit or quota is used up for longer than --max-wait allows: the position is kept, try again later", NULL };
static const char *const examples[] = {
	"smfetch x-recent query='lang:en cats' --resume ck | smpartition --schema smpost --by network,created_date landing | smcommit | smcheckpoint save",
	"posts of X into a table; the same line resumes",
	"smfetch mastodon-tag tag=caturday --since 2026-11-01 --max-records 1000", "posts with a tag, newest first",
	"smfetch fb-page-feed page_id=nasa | smjq -r .native_id | smfetch fb-comments -", "the comments of a page's posts",
	"smfetch --jobs jobs.ndjson --resume ck --share limits", "many jobs in one process, the limits shared with others",
	"smfetch files --as x-v1 search.json", "a response of the old API of X as smpost records",
	"smfetch files logs/ --resume ck | smpartition --by created_date posts | smcommit | smcheckpoint save",
	"what is new in a folder, into a table; the same line resumes", NULL
};
static const char *const see_also[] = { "smpartition(1)", "smrate(1)", "smjq(1)", "smcheckpoint(1)", NULL };

static const struct tool tool = {
    .name = "smfetch",
    .summary = "read posts from networks, files and archives, with marks to resume from",
    .synopsis = "SOURCE [NAME=VALUE]… | SOURCE - | --jobs FILE | files [PATH]… [OPTION]…",
    .description =
		"Reads posts from the network that a source definition describes (--list lists the definitions, "
		"--describe SOURCE shows what one needs) and writes them as smpost records, one per line. Records "
		"that were written before are not written again, unless they were edited. smfetch respects the limits "
		"of the network and those that its responses announce, retries failures, and exits with status 75 and "
		"its position saved when a limit is used up for longer than --max-wait.\n\n"
		"With -, the values of the variable that the definition's `each` names are read from standard input, "
		"one per line. With --jobs, many jobs run at once.\n\n"
		"Secrets come from --secret, $CREDENTIALS_DIRECTORY, $XDG_CONFIG_HOME/smtools/secrets, SM_SECRET_NAME "
		"or --secret-command, in this order, and are never written anywhere.\n\n"
		"smfetch files reads records from files or standard input: JSON lines, arrays, API responses, any "
		"number of them, on one line or many; plain or compressed with gzip, zstd, xz, bzip2 or lz4; in "
		"folders (all files in them, sorted by name, except hidden ones) and in archives (tar, zip, 7z). A "
		"record on a line of its own keeps its bytes; with --as, each is mapped to an smpost record by a "
		"source definition.\n\n"
		"With --resume, marks record how far the stream has got, and the next run resumes from there. SIGTERM "
		"and SIGINT end the stream with a mark after the current record or request.",
	.opts = opts,
    .exits = exits,
    .examples = examples,
    .see_also = see_also,
};

/* A run that failed before it could print any mark; RS may be NULL. */
static void put_failed(struct output *out, struct resume *rs)
{
	struct buf line = BUF_INIT;
	struct err why;
	if ((ck || marks) && resume_failed(rs, &line, &why) == 0)
		output_put(out, line.p, line.n);
	buf_release(&line);
}

/* --- files --- */

struct files_run {
	struct output out;
	struct source_files *files;
	struct resume *resume;      /* NULL: no marks */
	struct reject *reject;
	int64_t marked_ns;
	uint64_t since;             /* records since the last mark */
	bool moved;                 /* the cursor may be another since */
	bool named;                 /* the input is files and folders, no pipe that may have been cut short */
	bool noted;                 /* a file, or the end of one, was left out */
	bool broken;                /* the journal, the rejects or the output failed: no mark may follow */
	int status;                 /* what a note makes of it */
	struct buf cursor, line;
};

static int print_mark(struct files_run *f, const char *end, struct err *e)
{
	int rc;
	if ((rc = reject_flush(f->reject, e)) < 0)
		return rc;
	buf_clear(&f->cursor);
	buf_clear(&f->line);
	if ((rc = source_files_cursor(f->files, &f->cursor, e)) < 0)
		return rc;
	if ((rc = resume_mark(f->resume, f->cursor.p, f->cursor.n, end, &f->line, e)) < 0)
		return rc;
	output_put(&f->out, f->line.p, f->line.n);
	f->since = 0;
	f->moved = false;
	f->marked_ns = clock_mono_ns();
	return output_flush(&f->out, e);
}

static int put_mark(struct files_run *f, const char *end, struct err *e)
{
	int rc = f->resume ? print_mark(f, end, e) : 0;
	f->broken = f->broken || rc < 0;
	return rc;
}

/* The input makes us wait. */
static int before_wait(void *arg, struct err *e)
{
	struct files_run *f = arg;
	int rc = output_flush(&f->out, e);
	if (rc == 0)
		rc = reject_flush(f->reject, e);
	f->broken = f->broken || rc < 0;
	if (rc == 0 && f->resume && f->moved && resume_due(f->resume) && source_files_sure(f->files))
		rc = put_mark(f, NULL, e);
	if (rc == 0 && diag_signal())
		rc = err_set(e, ERR_RETRY, "interrupted");
	return rc;
}

static void on_note(void *arg, const struct err *what)
{
	struct files_run *f = arg;
	f->noted = true;
	diag_warn(what);
	if (what->code)
		f->status = err_status(what->code);
}

static int take_batch(struct files_run *f, const struct source_files_batch *b, struct err *e)
{
	output_put(&f->out, b->p, b->n);
	f->out.records += b->records;
	f->since += b->records;
	f->moved = true;
	if ((f->out.unbuffered && b->n) || f->out.buf.n >= OUTPUT_BLOCK) {
		int rc = output_flush(&f->out, e);
		if (rc < 0)
			return rc;
	}
	if (!f->resume)
		return 0;
	bool boundary = b->file_end && clock_mono_ns() - f->marked_ns >= BOUNDARY_NS;
	bool due = f->since >= mark_every || boundary || resume_due(f->resume);
	return due && source_files_sure(f->files) ? put_mark(f, NULL, e) : 0;
}

/* Until the files are read, a bad record stops us (ERR_DATA), something fails, or a signal came (1). */
static int pump(struct files_run *f, struct err *e)
{
	struct source_files_batch b;
	struct err why;
	for (;;) {
		if (diag_signal())
			return 1;
		int rc = source_files_next(f->files, &b, &why);
		if (rc == FILES_END)
			return 0;
		if (rc == FILES_BAD)
			f->broken = (rc = reject_record(f->reject, b.p, b.n, &why, e)) == ERR_IO;
		else if (rc == FILES_RECORDS)
			rc = take_batch(f, &b, e);
		else if (rc == ERR_RETRY && diag_signal())
			return 1;
		else
			*e = why;
		if (rc < 0)
			return rc;
	}
}

static int open_all(struct files_run *f, struct source_files_opts *o, struct err *e)
{
	int rc;
	if ((rc = reject_open(&f->reject, "smfetch", on_error, e)) < 0)
		return rc;
	if (ck || marks) {
		if ((rc = resume_open(&f->resume, ck, e)) < 0)
			return rc;
		o->cursor = resume_cursor(f->resume, &o->ncursor);
		diag_catch_signals();
	}
	if ((rc = source_files_open(&f->files, o, e)) < 0)
		return rc;
	return put_mark(f, NULL, e);
}

/* The closing mark goes out whatever happened, as long as it can; ERR is that of the run. */
static int finish(struct files_run *f, int rc, struct err *e)
{
	struct err why;
	if (f->files && !f->broken && !f->out.failed) {
		const char *end = rc > 0 ? "signal" : rc < 0 ? "error" : "done";
		if (f->resume && f->named && !f->noted && reject_count(f->reject) == 0)
			resume_whole(f->resume);
		int r = f->resume ? source_files_settle(f->files, &why) : 0;
		if (r == 0)
			r = put_mark(f, end, &why);
		if (r < 0 && rc >= 0) {
			*e = why;
			rc = r;
		}
	} else if (!f->files) {
		put_failed(&f->out, f->resume);
	}
	int status = rc < 0 ? diag_fail(e) : f->status;
	status = diag_worse(status, reject_close(f->reject, &why), &why);
	status = diag_finish(&f->out, status);
	resume_close(f->resume);
	source_files_free(f->files);
	buf_release(&f->cursor);
	buf_release(&f->line);
	return status;
}

/* libjq 1.6 follows environ without asking whether there is one, so a variable stays. */
static void clear_environment(void)
{
	const char *set = getenv("SM_SHARE");
	char *kept = set ? strdup(set) : NULL;     /* where the definitions are */
	clearenv();
	setenv("LC_ALL", "C", 1);
	if (kept)
		setenv("SM_SHARE", kept, 1);
	free(kept);
}

static enum source_map_by map_by(void)
{
	if (!map || strcmp(map, "auto") == 0)
		return SOURCE_MAP_AUTO;
	return strcmp(map, "jq") == 0 ? SOURCE_MAP_JQ : SOURCE_MAP_FAST;
}

/* Whether PATHS are files and folders that are there, so that they can be read from the beginning: 1, 0 or negative. */
static int all_named(const char *const *paths, size_t n, struct err *e)
{
	struct stat st;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(paths[i], "-") == 0)
			return 0;
		if (stat(paths[i], &st) != 0) {
			if (errno == ENOENT)
				return 0;
			err_sys(e, errno, "cannot access it");
			return err_at(e, paths[i], 0, 0);
		}
		if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
			return 0;
	}
	return n > 0;
}

static int fetch_files(const char *const *paths, size_t n)
{
	static struct files_run f;
	struct source_def *def = NULL;
	struct err e;
	int rc = as ? source_def_load(&def, as, &e) : 0;
	if (rc == ERR_NOT_FOUND)
		opt_usage("%s", e.msg);
	struct source_files_opts o = {.paths = paths,
				      .npaths = n,
				      .include = include,
				      .def = def,
				      .records = records,
				      .raw = raw,
				      .observed_us = observed_given ? observed_us : INT64_MIN,
				      .max_record = max_record,
				      .before_wait = before_wait,
				      .arg = &f,
				      .note = on_note,
				      .map_by = map_by(),
				      .marks = ck || marks,
				      .folder = ck,
				      .max_batch = ck || marks ? mark_every : 0};
	/* A definition may come from anybody: what it computes is none of the environment's business. */
	if (def)
		clear_environment();
	output_init(&f.out, STDOUT_FILENO, "standard output");
	f.out.unbuffered = unbuffered;
	if (rc == 0)
		rc = all_named(paths, n, &e);
	f.named = rc > 0;
	if (rc >= 0)
		rc = open_all(&f, &o, &e);
	if (rc == 0)
		rc = pump(&f, &e);
	int status = finish(&f, rc, &e);
	source_def_free(def);
	return status;
}

/* --- networks --- */

struct net {
	struct output out;
	struct spool *spool;         /* of streams: writing never makes them wait; NULL */
	struct fetch *fetch;
	struct fetch_opts opts;
	char *temp;                  /* $TMPDIR */
	struct jobs jobs;
	struct secrets *secrets;
	struct resume *resume;       /* NULL: no marks */
	struct reject *reject;
	struct progress progress;
	int64_t marked_ns, started_ns, tidied_ns;
	size_t cursor_size;
	bool moved, stream;
	uint64_t faults;             /* errors and warnings: something may be missing */
	struct buf cursor, line;
};

static int net_put(struct net *n, const char *p, size_t len, uint64_t count, struct err *e)
{
	if (n->spool)
		return spool_put(n->spool, p, len, e);
	output_put(&n->out, p, len);
	n->out.records += count;
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
	redact_err(n->secrets, &what);
	buf_put(&b, item, len);
	redact(n->secrets, &b);
	int rc = reject_record(n->reject, b.p ? b.p : "", b.n, &what, e);
	buf_release(&b);
	return rc;
}

static void on_say(void *arg, enum fetch_say level, const struct err *what)
{
	struct net *n = arg;
	n->faults += level >= SAY_WARNING;
	if (level == SAY_ERROR)
		diag_error(what);
	else if (level == SAY_WARNING)
		diag_warn(what);
	else if (verbose)
		diag_note("%s", what->msg);
}

static void show_progress(struct net *n, int64_t next_ns)
{
	struct fetch_status s;
	char count[PROGRESS_TEXT], rate[PROGRESS_TEXT], time[PROGRESS_TEXT];
	int64_t now = clock_mono_ns();
	if (!progress_on(&n->progress) || !progress_due(&n->progress))
		return;
	fetch_status(n->fetch, &s);
	buf_clear(&n->line);
	buf_printf(&n->line, "%s posts, %s", progress_count(count, s.records),
		   progress_rate(rate, (double)s.records * 1e9 / (double)(now - n->started_ns + 1)));
	if (s.jobs > 1)
		buf_printf(&n->line, ", %llu of %llu jobs", (unsigned long long)(s.jobs - s.ended),
			   (unsigned long long)s.jobs);
	if (s.left >= 0)
		buf_printf(&n->line, ", %.0f requests left", s.left);
	if (s.reset_s >= 0)
		buf_printf(&n->line, ", reset in %s", progress_duration(time, (int64_t)(s.reset_s * 1e9)));
	if (next_ns != INT64_MAX && next_ns - now > NS_PER_SEC)
		buf_printf(&n->line, ", next in %s", progress_duration(time, next_ns - now));
	progress_show(&n->progress, "%s", buf_cstr(&n->line));
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
	show_progress(n, next_ns);
	return rc;
}

static bool on_stop(void *arg)
{
	(void)arg;
	return diag_signal() != 0;
}

static int read_jobs(struct net *n, const char *const *operands, size_t count, struct err *e)
{
	struct fetch_spec others = {.since_us = since_us,
				    .until_us = until_us,
				    .split_ns = split_ns,
				    .every_ns = every_ns,
				    .has_rules = rule_list.n || rules_file};
	int rc = 0;
	for (size_t i = 0; i < rule_list.n; i++)
		jobs_add_rule(&n->jobs, rule_list.v[i]);
	if (rules_file)
		rc = jobs_read_rules(&n->jobs, rules_file, e);
	if (rc == 0 && jobs_file)
		return jobs_read(&n->jobs, &others, jobs_file, e);
	return rc == 0 ? jobs_add(&n->jobs, &others, operands[0], operands + 1, count - 1, e) : rc;
}

/* Everything that is secret is read first, then the environment goes, and only then does any jq run. */
static int find_secrets(struct net *n, struct err *e)
{
	const char *proxy[] = { getenv("http_proxy"), getenv("https_proxy"), getenv("no_proxy") };
	int rc = secrets_harden(e);
	if (rc == 0)
		rc = secrets_new(&n->secrets, secret_list.v, secret_list.n, secret_command, e);
	if (rc == 0 && !dry_run)
		rc = fetch_find_secrets(n->jobs.v, n->jobs.n, n->secrets, e);
	n->opts.http = (struct http_opts){.user_agent = user_agent,
					  .cacert = cacert,
					  .per_host = (unsigned)per_host,
					  .proxy_http = proxy[0] ? strdup(proxy[0]) : NULL,
					  .proxy_https = proxy[1]                ? strdup(proxy[1])
							 : getenv("HTTPS_PROXY") ? strdup(getenv("HTTPS_PROXY"))
										 : NULL,
					  .no_proxy = proxy[2]             ? strdup(proxy[2])
						      : getenv("NO_PROXY") ? strdup(getenv("NO_PROXY"))
									   : NULL};
	n->temp = getenv("TMPDIR") ? strdup(getenv("TMPDIR")) : NULL;
	progress_init(&n->progress);
	if (rc < 0)
		return rc;
	secrets_seal(n->secrets);
	clear_environment();
	const char *unused = secrets_unused(n->secrets);
	if (unused && !dry_run)
		return err_set(e, ERR_USAGE, "--secret %s: no job uses a secret of that name", unused);
	return 0;
}

static int open_net(struct net *n, struct err *e)
{
	n->opts = (struct fetch_opts){.spec = n->jobs.v,
				      .nspecs = n->jobs.n,
				      .named = jobs_file != NULL,
				      .secrets = n->secrets,
				      .http = n->opts.http,
				      .endpoint = endpoint,
				      .share = share,
				      .token_cache = token_cache,
				      .folder = ck,
				      .resumes = ck || marks,
				      .dedup = dedup,
				      .raw = raw,
				      .parallel = parallel,
				      .max_wait_ns = max_wait_ns,
				      .for_ns = for_ns,
				      .max_records = max_records,
				      .max_requests = max_requests,
				      .max_answer = max_answer,
				      .max_record = max_record,
				      .values_fd = STDIN_FILENO,
				      .out = on_out,
				      .point = on_point,
				      .pass = on_pass,
				      .bad = on_bad,
				      .say = on_say,
				      .idle = on_idle,
				      .stop = on_stop,
				      .arg = n};
	int rc = reject_open(&n->reject, "smfetch", on_error, e);
	if (rc == 0 && (ck || marks))
		rc = resume_open(&n->resume, ck, e);
	if (rc == 0 && n->resume)
		n->opts.cursor = resume_cursor(n->resume, &n->opts.ncursor);
	if (rc == 0)
		rc = fetch_new(&n->fetch, &n->opts, e);
	if (rc < 0)
		return rc;
	n->stream = fetch_has_stream(n->fetch);
	diag_catch_signals();
	if (n->stream)
		rc = spool_new(&n->spool, STDOUT_FILENO, "standard output", queue, ck ? ck : n->temp, SPILL_MAX, e);
	n->started_ns = clock_mono_ns();
	return rc == 0 ? net_mark(n, NULL, e) : rc;
}

/* Was everything given that was asked for? Not where a bound that the user set was reached: what lies behind it is not known. */
static bool gave_all(const struct net *n)
{
	struct fetch_status s;
	fetch_status(n->fetch, &s);
	bool bounded = every_ns || (max_records && s.records >= max_records) || (max_requests && s.requests >= max_requests);
	for (size_t i = 0; i < n->jobs.n; i++)
		bounded |= n->jobs.v[i].max_records || n->jobs.v[i].max_requests || n->jobs.v[i].every_ns;
	return !bounded && !n->stream && s.ended == s.jobs && !n->faults && !reject_count(n->reject);
}

/* The closing mark goes out whatever happened, as long as it can. */
static int close_net(struct net *n, int rc, struct err *e)
{
	static const char *const ends[] = {[FETCH_DONE] = "done", [FETCH_QUOTA] = "quota", [FETCH_STOPPED] = "signal"};
	struct err why;
	int status = rc < 0 ? 0 : rc == FETCH_QUOTA ? err_status(ERR_RETRY) : 0;
	progress_end(&n->progress);
	if (n->fetch && n->resume) {
		if (rc == FETCH_DONE && gave_all(n))
			resume_whole(n->resume);
		int r = net_mark(n, rc < 0 ? "error" : ends[rc], &why);
		if (r < 0 && rc >= 0) {
			*e = why;
			rc = r;
		}
	} else if (rc < 0 && !dry_run) {
		put_failed(&n->out, n->resume);
	}
	if (n->spool && spool_flush(n->spool, INT64_MAX, &why) < 0 && rc >= 0) {
		*e = why;
		rc = why.code;
	}
	if (rc < 0)
		status = diag_fail(e);
	if (rc == FETCH_QUOTA && !verbose)
		diag_note("a limit is used up for longer than --max-wait allows: %stry again later (see --verbose)",
			  ck ? "the position is kept, " : "");
	status = diag_worse(status, reject_close(n->reject, &why), &why);
	status = diag_finish(&n->out, status);
	spool_free(n->spool);
	fetch_free(n->fetch);
	resume_close(n->resume);
	secrets_free(n->secrets);
	jobs_release(&n->jobs);
	buf_release(&n->cursor);
	buf_release(&n->line);
	return status;
}

static int show_requests(struct net *n, struct err *e)
{
	n->opts = (struct fetch_opts){.spec = n->jobs.v,
				      .nspecs = n->jobs.n,
				      .named = true,
				      .secrets = n->secrets,
				      .http = n->opts.http,
				      .endpoint = endpoint,
				      .parallel = 1,
				      .say = on_say,
				      .values_fd = STDIN_FILENO,
				      .max_record = max_record,
				      .dry_run = true,
				      .arg = n};
	int rc = fetch_new(&n->fetch, &n->opts, e);
	if (rc == 0)
		rc = fetch_dry_run(n->fetch, &n->out.buf, e);
	if (rc < 0)
		buf_clear(&n->out.buf);
	return rc;
}

/* The variable that holds the whole address of requests must hold one. */
static int check_address(const struct source_def *d, const struct fetch_spec *s, struct err *e)
{
	const struct def_text *url = &d->request.url;
	struct url_parts p;
	for (size_t i = 0; i < s->nvars; i++)
		if (url->nparts == 1 && url->part[0].var && strcmp(url->part[0].text, s->var[i].name) == 0 && *s->var[i].value &&
		    url_parse(&p, s->var[i].value, NULL) < 0)
			return err_set(e, ERR_USAGE, "'%s' is not a URL: use %s=https://…", s->var[i].name, s->var[i].name);
	return 0;
}

/* Mistakes that can be told before any secret is looked for. */
static int check_spec(const struct fetch_spec *s, struct err *e)
{
	struct source_def *d;
	int rc = source_def_load(&d, s->source, e);
	if (rc < 0)
		return s->file && rc == ERR_NOT_FOUND ? (e->code = ERR_DATA, err_at(e, s->file, s->line, 1)) : rc;
	if (!d->api)
		rc = err_set(e, ERR_USAGE, "'%s' is for files: use smfetch files --as %s", s->source, s->source);
	else if (s->has_rules && !d->rules.there && !(s->file && (rule_list.n || rules_file)))     /* those are for jobs that have rules */
		rc = err_set(e, ERR_USAGE, "'%s' has no rules to set", s->source);
	else if (s->since_us >= s->until_us)
		rc = err_set(e, ERR_USAGE, "since must be before until");
	else
		rc = check_address(d, s, e);
	source_def_free(d);
	if (rc < 0 && s->file) {
		e->code = rc = ERR_DATA;
		err_at(e, s->file, s->line, 1);
	}
	return rc;
}

static int check_specs(const struct net *n, struct err *e)
{
	int rc = 0;
	for (size_t i = 0; i < n->jobs.n && rc == 0; i++)
		rc = check_spec(&n->jobs.v[i], e);
	return rc;
}

static int fetch_network(const char *const *operands, size_t count)
{
	static struct net n;
	struct err e = { 0 };
	output_init(&n.out, STDOUT_FILENO, "standard output");
	n.out.unbuffered = unbuffered;
	int rc = read_jobs(&n, operands, count, &e);
	if (rc == 0)
		rc = check_specs(&n, &e);
	if (rc == 0)
		rc = find_secrets(&n, &e);
	if (rc == 0)
		rc = dry_run ? show_requests(&n, &e) : open_net(&n, &e);
	if (rc == ERR_USAGE || rc == ERR_NOT_FOUND)
		opt_usage("%s", e.msg);
	if (rc == 0 && !dry_run)
		rc = fetch_run(n.fetch, &e);
	return close_net(&n, rc, &e);
}

/* --- looking at definitions --- */

static int list_sources(struct output *out)
{
	struct arena a = ARENA_INIT;
	struct err e;
	const char **names;
	size_t n;
	int status = 0;
	if (source_def_list(&names, &n, &a, &e) < 0)
		return diag_fail(&e);
	for (size_t i = 0; i < n; i++) {
		struct source_def *d;
		if (source_def_load(&d, names[i], &e) < 0) {
			status = diag_fail(&e);
			continue;
		}
		buf_printf(&out->buf, "%-18s  %-10s  %s%s\n", names[i], d->network, d->summary, d->api ? "" : " (smfetch files --as)");
		source_def_free(d);
	}
	arena_release(&a);
	return status;
}

static int describe_source(struct output *out)
{
	struct source_def *d;
	struct err e;
	int rc = source_def_load(&d, describe, &e);
	if (rc == ERR_NOT_FOUND)
		opt_usage("%s", e.msg);
	if (rc < 0)
		return diag_fail(&e);
	source_def_describe(d, describe, &out->buf);
	source_def_free(d);
	return 0;
}

static void print_fault(void *arg, const struct err *why)
{
	*(bool *)arg = true;
	diag_error(why);
}

static int check_source(struct output *out)
{
	bool printed = false;
	struct err e;
	int rc = source_def_check(check, print_fault, &printed, &e);
	if (rc == ERR_NOT_FOUND)
		opt_usage("%s", e.msg);
	if (rc < 0)
		return printed ? err_status(rc) : diag_fail(&e);
	buf_printf(&out->buf, "%s: ok\n", check);
	return 0;
}

/* What has a meaning for files alone is a mistake here. */
static void check_network(int argc, char **argv)
{
	bool values = false;
	for (int i = 2; i <= argc; i++)
		values |= strcmp(argv[i], "-") == 0;
	if (as || records || include || observed_given || map)
		opt_usage("--as, --map, --records, --include and --observed-at are only for smfetch files");
	if (values && (ck || marks))
		opt_usage(
		    "--resume and --marks cannot be used with values from a pipe: give them to its source, whose marks are passed on");
	if (split_ns && (since_us == INT64_MIN || until_us == INT64_MAX))
		opt_usage("--split needs --since and --until");
	if (since_us >= until_us)
		opt_usage("--since must be before --until");
	struct url_parts p;
	if (endpoint && url_parse(&p, endpoint, NULL) < 0)
		opt_usage("--endpoint: '%s' is not a URL such as http://127.0.0.1:8080", endpoint);
	if (split_ns < 0 || every_ns < 0 || for_ns < 0 || max_wait_ns < 0)
		opt_usage("--split, --every, --for and --max-wait must be at least 0");
}

int main(int argc, char **argv)
{
	diag_init("smfetch");
	argc = opt_parse(&tool, argc, argv);
	if (list || describe || check) {
		struct output out;
		output_init(&out, STDOUT_FILENO, "standard output");
		out.for_people = true;
		if (argc || list + !!describe + !!check > 1)
			opt_usage("--list, --describe and --check cannot be combined with each other or with operands");
		return diag_finish(&out, list       ? list_sources(&out)
					 : describe ? describe_source(&out)
						    : check_source(&out));
	}
	if (!argc && !jobs_file)
		opt_usage("missing operand: SOURCE (files, or a name from --list)");
	if (argc && jobs_file)
		opt_usage("--jobs cannot be combined with SOURCE and its variables");
	if (ck && marks)
		opt_usage("--marks cannot be combined with --resume, which prints marks itself");
	if (!mark_every || !max_record || !max_answer || !parallel || !per_host || per_host > 1000)
		opt_usage("--mark-every, --max-record, --max-answer, --parallel and --per-host must be greater than 0, --per-host at most 1000");
	if (argc && strcmp(argv[1], "files") == 0) {
		if ((raw || observed_given) && !as)
			opt_usage("--raw and --observed-at need --as");
		if (map && !as)
			opt_usage("--map needs --as");
		return fetch_files((const char *const *)argv + 2, (size_t)argc - 1);
	}
	check_network(argc, argv);
	return fetch_network((const char *const *)argv + 1, (size_t)argc);
}
