// SPDX-License-Identifier: MIT
/* smcheckpoint - the durable progress of a stream. Table, glue and main; the work is in lib/resume and lib/rate. */
#include "base/clock.h"
#include "base/mem.h"
#include "cli/diag.h"
#include "cli/opt.h"
#include "cli/report.h"
#include "stream/ck.h"
#include "io/input.h"
#include "io/output.h"
#include "json/doc.h"
#include "resume/rewind.h"
#include "resume/saver.h"
#include "resume/view.h"
#include "show/show.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool opt_verbose, opt_json, opt_to_table;
static struct show_opts so = SHOW_OPTS_INIT;

static const struct opt save_options[] = {
	{ 'v', "verbose", OPT_FLAG, &opt_verbose, NULL, "print what was recorded even if standard error is not a terminal" },
	{ 0 }
};
/* --json: an old name for --output=ndjson. */
static const struct opt view_options[] = { SHOW_OPTIONS(so, "table"), { 0, "json", OPT_FLAG, &opt_json, NULL, NULL }, { 0 } };
static const struct opt rewind_options[] = {
	{ 0, "table", OPT_FLAG, &opt_to_table, NULL,
	  "resume after the last commit that the table still holds, not from the start: what was rolled back is read again" },
	{ 0 }
};

static const char *const exits[] = {
	"0", "done; the stream ended or was stopped by a signal", "1", "there were commits but no mark to record", "2",
	"usage error", "3", "bad input, or a folder that is not a checkpoint", "4",
	"I/O error, no such checkpoint, or the stream ended with an error or without its closing mark",
	"5", "the checkpoint is in use or belongs to another stream or table, or its table does not exist", "75",
	"try again: the source's quota is used up, or the table was ahead of the checkpoint, which has been corrected", NULL
};

static const char *const examples[] = {
	"smfetch files posts --resume ck | smpartition landing | smcommit | smcheckpoint save", "a stream that resumes where it left off",
	"smcheckpoint show ck", "where the next run resumes", "smcheckpoint list jobs", "every checkpoint in a folder",
	"smcheckpoint rewind ck", "read everything again, as a new stream",
	"smcheckpoint rewind --table ck", "after a RESTORE: read again what the table no longer holds",
	"smcheckpoint accept ck", "after a RESTORE: continue without it", NULL
};

static const char *const see_also[] = { "smfetch(1)", "smcommit(1)", "smtable(1)", NULL };

static int do_save(int argc, char **argv), do_show(int argc, char **argv), do_list(int argc, char **argv),
	do_rewind(int argc, char **argv), do_accept(int argc, char **argv);

static const struct tool_command commands[] = {
	{ "save", "[OPTION]… [CK]", "end a pipe: record how far the stream has got in its table", save_options, do_save, OPERANDS_DIRS },
	{ "show", "[OPTION]… CK", "show where a stream is and where the next run resumes", view_options, do_show, OPERANDS_DIRS },
	{ "list", "[OPTION]… [DIR]…", "list the checkpoints in folders", view_options, do_list, OPERANDS_DIRS },
	{ "rewind", "[OPTION]… CK", "restart the stream as its next generation", rewind_options, do_rewind, OPERANDS_DIRS },
	{ "accept", "CK", "continue with a table that was rolled back, without the lost rows", NULL, do_accept, OPERANDS_DIRS },
	{ 0 }
};

static const struct tool tool = {
	.name = "smcheckpoint",
	.summary = "keep and show the progress of a stream",
	.synopsis = "COMMAND [OPTION]… [ARG]…",
	.description =
		"A checkpoint is a folder in which a source records what its marks stand for, and in which save "
		"records how far the stream has got in its table. After a crash at any point, running the same line "
		"again resumes the stream; no row is lost and none is doubled.\n\n"
		"save reads the commits and marks that smcommit prints and exits with the status of the stream. CK "
		"can be omitted if the marks name it. It never moves a checkpoint backwards.\n\n"
		"rewind starts the stream's next generation: the next run reads from the start. Its rows will be in "
		"the table twice unless the table is restored as well or rows are merged by id. With --table the "
		"stream resumes after its last commit that the table still holds. Anything that an earlier smcommit "
		"has not committed by then is never committed.\n\n"
		"A table that was rolled back by RESTORE or an overwrite stops a stream with status 5. accept "
		"continues with the table as it is, without the lost rows.",
	.exits = exits,
	.examples = examples,
	.see_also = see_also,
	.commands = commands,
};

static void count(struct saver *s)
{
	struct saver_summary sum;
	saver_summary(s, &sum);
	metrics_stream(report_metrics(), sum.stream);
	metrics_label(report_metrics(), METRICS_LABEL_TABLE, sum.table);
	metrics_place(report_metrics(), sum.place);
	if (sum.seq >= 0)
		metrics_set(report_metrics(), METRIC_SEQ, sum.seq);
	if (sum.version >= 0)
		metrics_set(report_metrics(), METRIC_TABLE_VERSION, sum.version);
	metrics_set(report_metrics(), METRIC_RECORDS_IN, (int64_t)sum.commits);
}

static int before_wait(void *arg, struct err *e)
{
	count(arg);
	return saver_flush(arg, e);
}

static void say_saved(struct saver *s)
{
	struct saver_summary sum;
	char version[48] = "";
	saver_summary(s, &sum);
	if (!sum.ck || sum.seq < 0)
		return;
	if (sum.version >= 0)
		snprintf(version, sizeof version, " at version %lld", (long long)sum.version);
	diag_note("%s: seq %lld%s%s%s, %llu commit%s%s%s", sum.ck, (long long)sum.seq, sum.table ? " of " : "",
		  sum.table ? sum.table : "", version, (unsigned long long)sum.commits, sum.commits == 1 ? "" : "s",
		  sum.end ? ", ended: " : "", sum.end ? sum.end : "");
}

static int do_save(int argc, char **argv)
{
	struct err e = { 0 };
	struct line l;
	opt_operands(argc, argv, 0, 1, "CK");
	struct saver *s = saver_new(argc ? argv[0] : NULL);
	const struct input_opts opts = { .before_wait = before_wait, .arg = s, .metrics = report_metrics() };
	struct input *in = input_new(NULL, 0, &opts);
	int rc;
	while ((rc = input_line(in, &l, &e)) == INPUT_OK) {
		rc = saver_line(s, l.p, l.n, &e);
		if (rc == ERR_DATA || rc == ERR_UNSUPPORTED)
			err_at(&e, l.file, l.line, e.col);
		if (rc < 0)
			break;
	}
	/* What came before a bad line stands in the table all the same. */
	struct err why;
	count(s);
	int end = rc < 0 ? saver_flush(s, &why) : saver_end(s, &e);
	if (rc < 0 && end < 0)
		diag_error(&why);
	if (rc == 0)
		rc = end;
	if (opt_verbose || (rc == 0 && isatty(STDERR_FILENO)))
		say_saved(s);
	int status = rc < 0 ? diag_fail(&e) : 0;
	saver_free(s);
	input_free(in);
	return status;
}

static void put_when(struct buf *b, int64_t us)
{
	char text[40];
	buf_put(b, text, time_format(text, us, 0, true));
}

static void put_cursor(struct buf *b, const struct journal_entry *en)
{
	buf_puts(b, ", cursor ");
	buf_put(b, en->cursor, en->ncursor);
}

static void put_view(const struct view *v, struct buf *b)
{
	buf_printf(b, "checkpoint  %s\nstream      %s\n", v->ck->path, v->ck->stream);
	if (v->recorded) {
		buf_printf(b, "table       %s\nrecorded    seq %lld", v->record.table ? v->record.table : "none",
			   (long long)v->record.seq);
		if (v->record.version >= 0)
			buf_printf(b, ", version %lld", (long long)v->record.version);
		buf_puts(b, ", ");
		put_when(b, v->record.at_us);
		buf_putc(b, '\n');
	} else {
		buf_puts(b, "recorded    nothing yet\n");
	}
	if (v->has_table)
		buf_printf(b, "table has   seq %lld\n", (long long)v->table_seq);
	if (v->problem) {
		buf_printf(b, "resumes     no: %s\n", v->problem);
	} else if (v->resume_seq == 0) {
		buf_puts(b, "resumes     from the start\n");
	} else {
		buf_printf(b, "resumes     at seq %lld", (long long)v->resume_seq);
		put_cursor(b, &v->resume);
		buf_putc(b, '\n');
	}
	buf_printf(b, "journal     %zu mark%s", v->marks, v->marks == 1 ? "" : "s");
	if (v->marks) {
		buf_printf(b, ", seq %lld to %lld, the last ", (long long)v->first_seq, (long long)v->last.seq);
		put_when(b, v->last.at_us);
		buf_printf(b, "%s%s", v->last.end ? ", ended: " : "", v->last.end ? v->last.end : "");
	}
	buf_putc(b, '\n');
	for (const struct view_state *s = v->states; s; s = s->next)
		buf_printf(b, "state       %s: %zu file%s, seq %lld to %lld\n", s->tool, s->files, s->files == 1 ? "" : "s",
			   (long long)s->first, (long long)s->last);
	if (v->running && v->pid)
		buf_printf(b, "source      running, process %lld\n", (long long)v->pid);
	else
		buf_printf(b, "source      %s\n", v->running ? "running" : "not running");
}

/* How checkpoints are printed. */
static void start(struct show *s, struct output *out)
{
	struct err e;
	if (opt_json)
		so.output = "ndjson";
	report_stdout(out);
	if (show_init(s, &so, out, SHOW_TABLE, &e) < 0)
		opt_usage("%s", e.msg);
	show_columns(s, 24, "checkpoint\0stream\0generation\0created\0running\0pid\0recorded.seq\0recorded.table\0recorded.version\0"
		     "recorded.id\0recorded.commit.version\0recorded.commit.path\0recorded.at\0table_seq\0resumes_at\0cursor\0problem\0"
		     "marks\0first_seq\0last.seq\0last.at\0last.cursor\0last.end\0state\0");
}

static int finish(struct show *s, struct output *out, int rc, struct err *e)
{
	if (rc == 0)
		rc = show_end(s, e);
	show_release(s);
	return diag_finish(out, rc < 0 ? diag_fail(e) : 0);
}

static int put_json(struct show *s, const struct view *v, struct err *e)
{
	struct buf b = BUF_INIT;
	view_put_json(v, &b);
	int rc = show_row(s, b.p, b.n - 1, e);
	buf_release(&b);
	return rc;
}

static int do_show(int argc, char **argv)
{
	struct output out;
	struct show s;
	struct view v;
	struct err e;
	start(&s, &out);
	show_single(&s);
	opt_operands(argc, argv, 1, 1, "CK");
	int rc = view_read(&v, argv[0], true, &e);
	if (rc == 0 && s.form == SHOW_TABLE) {
		out.for_people = true;
		put_view(&v, &out.buf);
	} else if (rc == 0) {
		rc = put_json(&s, &v, &e);
	}
	view_release(&v);
	return finish(&s, &out, rc, &e);
}

/* G: the row of a table; NULL: another form. */
static int list_one(struct show *s, struct grid *g, const char *path, struct err *e)
{
	struct view v;
	int rc = view_read(&v, path, false, e);
	if (rc < 0)
		return rc;
	if (g) {
		grid_cell(g, path, strlen(path));
		grid_printf(g, "%s", v.ck->stream);
		grid_printf(g, "%lld", (long long)(v.recorded ? v.record.seq : 0));
		grid_printf(g, "%s", v.running ? "running" : v.last.end ? v.last.end : "-");
		grid_printf(g, "%s", v.recorded && v.record.table ? v.record.table : "-");
	} else {
		rc = put_json(s, &v, e);
	}
	view_release(&v);
	return rc;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* DIR itself, or the checkpoints in it, by name. */
static int list_dir(struct show *s, struct grid *g, const char *dir, struct err *e)
{
	char **names = NULL;
	size_t n = 0, cap = 0;
	int rc = 0;
	rc = ck_is(dir, e);
	if (rc != 0)
		return rc < 0 ? rc : list_one(s, g, dir, e);
	DIR *d = opendir(dir);
	if (!d)
		return err_sys(e, errno, "cannot open '%s'", dir);
	while (rc == 0) {
		struct buf path = BUF_INIT;
		errno = 0;
		struct dirent *ent = readdir(d);
		if (!ent) {
			rc = errno ? err_sys(e, errno, "cannot read '%s'", dir) : 0;
			break;
		}
		buf_printf(&path, "%s/%s", dir, ent->d_name);
		int is = ent->d_name[0] != '.' ? ck_is(buf_cstr(&path), e) : 0;
		if (is > 0) {
			MEM_GROW(names, cap, n + 1);
			names[n++] = buf_detach(&path, NULL);
		}
		rc = is < 0 ? is : 0;
		buf_release(&path);
	}
	closedir(d);
	if (n)
		qsort(names, n, sizeof *names, by_name);
	for (size_t i = 0; i < n; i++) {
		if (rc == 0)
			rc = list_one(s, g, names[i], e);
		mem_free(names[i]);
	}
	mem_free(names);
	return rc;
}

static int do_list(int argc, char **argv)
{
	struct output out;
	struct show s;
	struct grid g;
	struct err e;
	int rc = 0;
	start(&s, &out);
	grid_init(&g, 5, "checkpoint\0stream\0>seq\0state\0table\0");
	struct grid *table = s.form == SHOW_TABLE ? &g : NULL;
	if (argc == 0)
		rc = list_dir(&s, table, ".", &e);
	for (int i = 0; i < argc && rc == 0; i++)
		rc = list_dir(&s, table, argv[i], &e);
	if (table)
		show_grid(&s, table);
	grid_release(&g);
	return finish(&s, &out, rc, &e);
}

static void say_rewound(const struct rewound *w, bool table)
{
	if (w->seq > 0)
		diag_note("%s: stream %s resumes after version %lld of %s", w->ck, w->stream, (long long)w->version, w->table);
	else if (table && !w->gone)
		diag_note("%s: %s holds no commit of the stream; %s starts at 0", w->ck, w->table, w->stream);
	else if (w->table)
		diag_note("%s: %sstream %s starts at 0; its rows will be in %s twice unless that is restored too or rows are merged by id",
			  w->ck, w->gone ? "the log no longer shows what the table holds of it; " : "", w->stream, w->table);
	else
		diag_note("%s: stream %s starts at 0", w->ck, w->stream);
}

static int do_rewind(int argc, char **argv)
{
	struct rewound w;
	struct err e;
	opt_operands(argc, argv, 1, 1, "CK");
	int rc = opt_to_table ? rewind_to_table(&w, argv[0], &e) : rewind_start(&w, argv[0], &e);
	if (rc < 0)
		return diag_fail(&e);
	say_rewound(&w, opt_to_table);
	rewind_release(&w);
	return 0;
}

static int do_accept(int argc, char **argv)
{
	struct rewound w;
	struct err e;
	opt_operands(argc, argv, 1, 1, "CK");
	int rc = rewind_accept(&w, argv[0], &e);
	if (rc < 0)
		return diag_fail(&e);
	if (w.nothing)
		diag_note("%s: %s holds what stream %s has committed: nothing to accept", w.ck, w.table, w.stream);
	else
		diag_note("%s: stream %s continues from seq %lld with %s as it is at version %lld", w.ck, w.stream, (long long)w.seq, w.table,
			  (long long)w.version);
	rewind_release(&w);
	return 0;
}

int main(int argc, char **argv)
{
	diag_init(tool.name);
	return opt_run(&tool, argc, argv);
}
