/* SPDX-License-Identifier: MIT */
/* smfetch - posts from files and archives, with marks to go on from. */
#include "base/clock.h"
#include "cli/diag.h"
#include "cli/opt.h"
#include "flow/reject.h"
#include "resume/resume.h"
#include "source/files.h"
#include "source/map.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BOUNDARY_NS NS_PER_SEC    /* at the end of a file a mark is worth it after this time */

static const char *as, *records, *include, *ck, *on_error, *describe, *check, *map;
static bool raw, marks, list, unbuffered, observed_given;
static int64_t observed_us;
static uint64_t max_record = (uint64_t)16 << 20, mark_every = 100000;

static const struct opt opts[] = {
	{ 0, "as", OPT_STR, &as, "SOURCE", "map the records to smpost by this source definition: a name (see --list) or a file" },
	{ 0, "records", OPT_STR, &records, "JQ", "where the records are in an answer: .statuses[], or any jq program" },
	{ 0, "include", OPT_STR, &include, "PATTERN", "of folders and archives, only the files whose names match: '*.json.gz'" },
	{ 0, "raw", OPT_FLAG, &raw, NULL, "with --as: keep the record as it came in the field raw" },
	{ 0, "map", OPT_ENUM, &map, "auto|jq|fast", "with --as: jq: by libjq alone; fast: refuse a map that needs libjq (auto)" },
	{ 0, "observed-at", OPT_TIME, &observed_us, "TIME", "with --as: when the posts were seen (the file's time of change)",
	  &observed_given },
	{ 0, "resume", OPT_DIR, &ck, "CK", "go on where the checkpoint folder CK says, and print marks" },
	{ 0, "marks", OPT_FLAG, &marks, NULL, "print marks without a checkpoint" },
	{ 0, "mark-every", OPT_U64, &mark_every, "N", "records between two marks at most (100000)" },
	{ 0, "on-error", OPT_STR, &on_error, REJECT_ARG, REJECT_HELP },
	{ 0, "max-record", OPT_SIZE, &max_record, "SIZE", "longest record (16MiB)" },
	{ 0, "unbuffered", OPT_FLAG, &unbuffered, NULL, "write each record at once" },
	{ 0, "list", OPT_FLAG, &list, NULL, "list the source definitions" },
	{ 0, "describe", OPT_STR, &describe, "SOURCE", "tell what a source definition does" },
	{ 0, "check", OPT_FILE, &check, "FILE", "check a source definition" },
	{ 0 }
};

static const char *const exits[] = { "0", "done, or ended by a signal after a mark", "1", "done, but records were rejected",
	"2", "wrong usage", "3", "bad input", "4", "a file cannot be read or the output not be written", "5",
	"the checkpoint is in use, the table is behind it, or a file has changed since it was read", NULL };
static const char *const examples[] = {
	"smfetch files posts.ndjson.zst archive.tar", "the records of a packed file and of all files in an archive",
	"smfetch files --as x-v1 search.json", "an answer of the old API of X as smpost records",
	"smfetch files logs/ --resume ck | smpartition --by created_date posts | smcommit | smcheckpoint save",
	"what is new in a folder, into a table; the same line again goes on", NULL
};
static const char *const see_also[] = { "smpartition(1)", "smjq(1)", "smcheckpoint(1)", NULL };

static const struct tool tool = {
	.name = "smfetch",
	.summary = "posts from files and archives, with marks to go on from",
	.synopsis = "files [OPTION]… [PATH]…",
	.description =
		"Reads records from the files named, or standard input: lines of JSON, arrays, answers of APIs, one behind the "
		"other, on a line or on many; plain or packed by gzip, zstd, xz, bzip2 or lz4; in folders (all files in them, "
		"sorted by name, hidden ones left out) and in archives (tar, zip, 7z). Writes one record a line. A record that "
		"stands on a line of its own keeps its bytes.\n\n"
		"With --as, each record is mapped to an smpost record by a source definition; what a definition is, "
		"docs/sources.md says.\n\n"
		"With --resume, marks tell how far the stream is, and the next run goes on from there: files that are done are "
		"left alone, a file of lines that has grown is read on, new files are read. A file that was changed otherwise is "
		"an error. SIGTERM and SIGINT end the stream after the current record, with a mark.",
	.opts = opts,
	.exits = exits,
	.examples = examples,
	.see_also = see_also,
};

struct fetch {
	struct output out;
	struct source_files *files;
	struct resume *resume;      /* NULL: no marks */
	struct reject *reject;
	int64_t marked_ns;
	uint64_t since;             /* records since the last mark */
	bool moved;                 /* the cursor may be another since */
	struct buf cursor, line;
};

static int put_mark(struct fetch *f, const char *end, struct err *e)
{
	int rc;
	if (!f->resume)
		return 0;
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

/* The input makes us wait. */
static int before_wait(void *arg, struct err *e)
{
	struct fetch *f = arg;
	int rc = output_flush(&f->out, e);
	if (rc == 0)
		rc = reject_flush(f->reject, e);
	if (rc == 0 && f->resume && f->moved && resume_due(f->resume))
		rc = put_mark(f, NULL, e);
	if (rc == 0 && diag_signal())
		rc = err_set(e, ERR_RETRY, "interrupted");
	return rc;
}

static int take_batch(struct fetch *f, const struct source_files_batch *b, struct err *e)
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
	return f->since >= mark_every || boundary || resume_due(f->resume) ? put_mark(f, NULL, e) : 0;
}

/* Until the files are read, a bad record stops us (ERR_DATA), something fails, or a signal came (1). */
static int pump(struct fetch *f, struct err *e)
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
			rc = reject_record(f->reject, b.p, b.n, &why, e);
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

static int open_all(struct fetch *f, struct source_files_opts *o, struct err *e)
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
static int finish(struct fetch *f, int rc, struct err *e)
{
	struct err why;
	if (f->files && rc != ERR_IO) {
		const char *end = rc > 0 ? "signal" : rc < 0 ? "error" : "done";
		int r = put_mark(f, end, &why);
		if (r < 0 && rc >= 0) {
			*e = why;
			rc = r;
		}
	}
	int status = rc < 0 ? diag_fail(e) : 0;
	rc = reject_close(f->reject, &why);
	if (rc == ERR_REJECTED)
		diag_note("%s", why.msg);
	else if (rc < 0)
		diag_error(&why);
	if (rc < 0 && status == 0)
		status = err_status(rc);
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
	clearenv();
	setenv("LC_ALL", "C", 1);
}

static enum source_map_by map_by(void)
{
	if (!map || strcmp(map, "auto") == 0)
		return SOURCE_MAP_AUTO;
	return strcmp(map, "jq") == 0 ? SOURCE_MAP_JQ : SOURCE_MAP_FAST;
}

static int fetch_files(const char *const *paths, size_t n)
{
	static struct fetch f;
	struct source_def *def = NULL;
	struct err e;
	int rc;
	if (as && (rc = source_def_load(&def, as, &e)) < 0) {
		if (rc == ERR_NOT_FOUND)
			opt_usage("%s", e.msg);
		return diag_fail(&e);
	}
	struct source_files_opts o = { .paths = paths, .npaths = n, .include = include, .def = def, .records = records, .raw = raw,
		.observed_us = observed_given ? observed_us : INT64_MIN, .max_record = max_record, .before_wait = before_wait,
		.arg = &f, .map_by = map_by(),
		.marks = ck || marks, .folder = ck, .max_batch = ck || marks ? mark_every : 0 };
	/* A definition may come from anybody: what it computes is none of the environment's business. */
	if (def)
		clear_environment();
	output_init(&f.out, STDOUT_FILENO, "standard output");
	f.out.unbuffered = unbuffered;
	rc = open_all(&f, &o, &e);
	if (rc == 0)
		rc = pump(&f, &e);
	int status = finish(&f, rc, &e);
	source_def_free(def);
	return status;
}

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
		buf_printf(&out->buf, "%-16s %-12s %s\n", names[i], d->network, d->summary);
		source_def_free(d);
	}
	arena_release(&a);
	return status;
}

static void put_part(struct output *out, const char *what, const char *text)
{
	if (text)
		buf_printf(&out->buf, "%s:\n%s%s", what, text, *text && text[strlen(text) - 1] == '\n' ? "" : "\n");
}

static int load(struct source_def **d, const char *name)
{
	struct source_map *m;
	struct err e;
	int rc = source_def_load(d, name, &e);
	if (rc == ERR_NOT_FOUND)
		opt_usage("%s", e.msg);
	if (rc == 0 && (rc = source_map_new(&m, *d, NULL, false, &e)) == 0) {
		source_map_free(m);
		return 0;
	}
	source_def_free(*d);
	return diag_fail(&e);
}

static int describe_source(struct output *out)
{
	struct source_def *d = NULL;
	int status = load(&d, describe);
	if (status)
		return status;
	buf_printf(&out->buf, "%s: %s\nnetwork: %s\nfile: %s\n", d->name, d->summary, d->network, d->file);
	put_part(out, "records", d->records);
	put_part(out, "context", d->context);
	put_part(out, "map", d->map);
	source_def_free(d);
	return 0;
}

static int check_source(struct output *out)
{
	struct source_def *d = NULL;
	int status = load(&d, check);
	if (status)
		return status;
	buf_printf(&out->buf, "%s: ok\n", check);
	source_def_free(d);
	return 0;
}

int main(int argc, char **argv)
{
	diag_init("smfetch");
	argc = opt_parse(&tool, argc, argv);
	if (list || describe || check) {
		struct output out;
		output_init(&out, STDOUT_FILENO, "standard output");
		if (argc || list + !!describe + !!check > 1)
			opt_usage("--list, --describe and --check stand alone");
		return diag_finish(&out, list ? list_sources(&out) : describe ? describe_source(&out) : check_source(&out));
	}
	if (!argc)
		opt_usage("a source is missing: files");
	if (strcmp(argv[1], "files") != 0)
		opt_usage("unknown source '%s': this release reads files", argv[1]);
	if ((raw || observed_given) && !as)
		opt_usage("--raw and --observed-at go with --as");
	if (map && !as)
		opt_usage("--map goes with --as");
	if (ck && marks)
		opt_usage("--resume prints marks: --marks is for a stream without a checkpoint");
	if (!mark_every || !max_record)
		opt_usage("--mark-every and --max-record must be more than 0");
	return fetch_files((const char *const *)argv + 2, (size_t)argc - 1);
}
