/* SPDX-License-Identifier: MIT */
/* Files and archives as a stream: a mark where it is worth one, a closing mark whatever happened. */
#include "intake/intake.h"

#include "base/clock.h"
#include "cli/diag.h"
#include "cli/report.h"
#include "intake/parts.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BOUNDARY_NS NS_PER_SEC       /* at the end of a file a mark is worth it after this time */

void intake_failed(const struct intake_opts *in, struct output *out, struct resume *rs)
{
	struct buf line = BUF_INIT;
	struct err why;
	if ((in->ck || in->marks) && resume_failed(rs, &line, &why) == 0)
		output_put(out, line.p, line.n);
	buf_release(&line);
}

struct files_run {
	const struct intake_opts *in;
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

static void on_note(void *arg, const struct err *what, bool less)
{
	struct files_run *f = arg;
	f->noted = f->noted || less;
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
	bool due = f->since >= f->in->mark_every || boundary || resume_due(f->resume);
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
	if ((rc = reject_open(&f->reject, f->in->tool, f->in->on_error, e)) < 0)
		return rc;
	reject_metrics(f->reject, report_metrics());
	o->rejects = reject_path(f->reject);
	if (f->in->ck || f->in->marks) {
		if ((rc = resume_open(&f->resume, f->in->ck, e)) < 0)
			return rc;
		metrics_stream(report_metrics(), resume_stream(f->resume));
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
		if (f->resume && f->named && source_files_any(f->files) && !f->noted && reject_count(f->reject) == 0)
			resume_whole(f->resume, f->out.records);
		int r = f->resume ? source_files_settle(f->files, &why) : 0;
		if (r == 0)
			r = put_mark(f, end, &why);
		if (r < 0 && rc >= 0) {
			*e = why;
			rc = r;
		}
	} else if (!f->files) {
		intake_failed(f->in, &f->out, f->resume);
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

int intake_files(const struct intake_opts *in, const struct source_files_opts *o, int rc, struct err *e)
{
	struct files_run f = { .in = in };
	struct source_files_opts own = *o;
	own.before_wait = before_wait;
	own.metrics = report_metrics();
	own.note = on_note;
	own.arg = &f;
	own.marks = in->ck || in->marks;
	own.folder = in->ck;
	own.max_batch = own.marks ? in->mark_every : 0;
	report_stdout(&f.out);
	f.out.unbuffered = in->unbuffered;
	if (rc == 0)
		rc = all_named(o->paths, o->npaths, e);
	f.named = rc > 0;
	if (rc >= 0)
		rc = open_all(&f, &own, e);
	if (rc == 0)
		rc = pump(&f, e);
	return finish(&f, rc, e);
}
