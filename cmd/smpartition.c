/* SPDX-License-Identifier: MIT */
/* smpartition - records to the data files of a table. Table, glue and main; the work is in lib/ingest. */
#include "cli/diag.h"
#include "cli/opt.h"
#include "cli/report.h"
#include "ingest/partitioner.h"

#ifdef __GLIBC__
#include <limits.h>
#include <malloc.h>
#endif
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *opt_by, *opt_schema, *opt_compression = "snappy", *opt_on_error;
static bool opt_merge_schema, has_every;
static uint64_t opt_target = PARTITION_TARGET, opt_max_rows, opt_memory = PARTITION_MEMORY, opt_threads, opt_group_rows, opt_sample;
static int64_t opt_every, opt_level;

static const struct opt options[] = {
	{ 'b', "by", OPT_STR, &opt_by, "COLUMN,…", "partition by these columns, or by functions: date=day(created_at)" },
	{ 0, "schema", OPT_FILE, &opt_schema, "FILE|smpost", "schema of a new table (default: inferred from the first records)" },
	{ 0, "merge-schema", OPT_FLAG, &opt_merge_schema, NULL, "add new fields to the table's schema (default: new fields are errors)" },
	{ 0, "target-file-size", OPT_SIZE, &opt_target, "SIZE", "close a file at this size (default 128MiB)" },
	{ 0, "max-rows", OPT_U64, &opt_max_rows, "N", "close a file after N rows" },
	{ 0, "every", OPT_DURATION, &opt_every, "DURATION", "close files and pass a mark on at least this often (default 1m if there are marks)",
	  &has_every },
	{ 0, "memory", OPT_SIZE, &opt_memory, "SIZE", "approximate memory limit; files are closed earlier to keep it (default 192MiB)" },
	{ 0, "compression", OPT_ENUM, &opt_compression, "snappy|zstd|gzip|lz4|none", "compression codec (default snappy)" },
	{ 0, "compression-level", OPT_I64, &opt_level, "N", "compression level of zstd (1 to 19, default 1) or gzip (1 to 9, default 6)" },
	{ 0, "row-group-rows", OPT_U64, &opt_group_rows, "N", "rows per row group (default 16384)" },
	{ 'j', "threads", OPT_U64, &opt_threads, "N", "number of threads (default: one per processor, at most 4)" },
	{ 0, "sample-rows", OPT_U64, &opt_sample, "N", "number of records to infer a schema from (default 10000)" },
	{ 0, "on-error", OPT_STR, &opt_on_error, REJECT_ARG, REJECT_HELP },
	{ 0 }
};

static const char *const exits[] = {
	"0", "every record is in a file whose action was printed", "1", "done, but bad records were skipped or rejected", "2", "usage error",
	"3", "bad input, or a table that needs an unsupported feature", "4", "I/O error, or an input that ended without its closing mark",
	"5", "--by or --schema differ from those of the existing table", NULL
};

static const char *const examples[] = {
	"smfetch x-recent query=cats --resume ck | smpartition --by network,created_date --schema smpost landing | smcommit | smcheckpoint save",
	"posts of a source into a table; the same line resumes",
	"smpartition --by 'date=day(created_at)' landing posts.ndjson.gz | smcommit", "any records, partitioned by the day of a timestamp", NULL
};

static const char *const see_also[] = { "smcommit(1)", "smreplay(1)", "smtable(1)", "smfetch(1)", NULL };

static const struct tool tool = {
	.name = "smpartition",
	.summary = "write records to the data files of a table",
	.synopsis = "[OPTION]… TABLE [FILE]…",
	.description =
		"Reads records and writes them to Parquet files in the folders of the Delta table TABLE, which is "
		"created if it does not exist. Prints the actions for smcommit; nothing is visible in the table "
		"before that commit. An action is printed once its file is durable.\n\n"
		"The schema is that of the table. A new table gets the one of --schema, or one that is inferred from "
		"the first records: a type is chosen only if every sampled value prints back as its original text. A "
		"record that does not match is a bad record.\n\n"
		"--by takes columns and functions of columns, which become columns of the table: year(c), month(c), "
		"day(c), hour(c), truncate(c,N), identity(c). The table remembers them; --by is only needed to create "
		"it.\n\n"
		"Marks of the input are passed on when everything before them is in files. An input without marks "
		"gets one at its end.",
	.opts = options, .operands = OPERANDS_TABLE,
	.exits = exits,
	.examples = examples,
	.see_also = see_also,
};

static bool stopped(void)
{
	return diag_signal() != 0;
}

static void note(void *arg, const char *text)
{
	struct err e;
	(void)arg;
	err_set(&e, ERR_DATA, "%s", text);
	diag_warn(&e);
}

static unsigned default_threads(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);
	return n < 1 ? 1 : n > 4 ? 4 : (unsigned)n;
}

/* A file a partition is open at once: as many as the system lets us have. */
static size_t open_files(void)
{
	struct rlimit l;
	if (getrlimit(RLIMIT_NOFILE, &l) < 0)
		return 900;
	if (l.rlim_cur < l.rlim_max) {
		rlim_t was = l.rlim_cur;
		l.rlim_cur = l.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &l) < 0)
			l.rlim_cur = was;
	}
	if (l.rlim_cur == RLIM_INFINITY || l.rlim_cur > 100000)
		return 100000;
	return l.rlim_cur > 64 ? (size_t)l.rlim_cur - 32 : 32;
}

static void check_options(struct partition_opts *o)
{
	if (!pq_codec_by_name(opt_compression, &o->codec))
		opt_usage("--compression: unknown codec '%s'", opt_compression);
	int64_t most = o->codec == PQ_ZSTD ? 19 : o->codec == PQ_GZIP ? 9 : 0;
	if (opt_level && !most)
		opt_usage("--compression-level: codec '%s' has no levels", opt_compression);
	if (opt_level < 0 || opt_level > most)
		opt_usage("--compression-level must be from 1 to %lld for %s", (long long)most, opt_compression);
	if (opt_memory < PARTITION_MEMORY_MIN)
		opt_usage("--memory must be at least 32MiB");
	if (opt_target < 4096)
		opt_usage("--target-file-size must be at least 4096");
	if (opt_threads > 64)
		opt_usage("--threads must be at most 64");
	if (opt_group_rows > (uint64_t)1 << 24)
		opt_usage("--row-group-rows must be at most 16777216");
	if (has_every && opt_every <= 0)
		opt_usage("--every must be greater than 0");
}

/* Whoever gives the files first, as most tools want them, means it the other way round. */
static void check_table(const char *name)
{
	struct stat st;
	if (stat(name, &st) == 0 && !S_ISDIR(st.st_mode))
		opt_usage("'%s' is a file, not a table: the table comes first, then the files", name);
}

int main(int argc, char **argv)
{
	struct err e;
	struct output out;
	struct partition_result result;
	diag_init(tool.name);
#ifdef __GLIBC__
	/* Large buffers come and go: let their memory go back to the system, or --memory means little. */
	mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
	int n = opt_parse(&tool, argc, argv);
	opt_operands(n, argv + 1, 1, INT_MAX, "TABLE");
	struct partition_opts o = { .table = argv[1], .by = opt_by, .schema = opt_schema, .merge_schema = opt_merge_schema,
		.paths = (const char *const *)argv + 2, .npaths = (size_t)n - 1, .out = &out, .stopped = stopped, .note = note };
	check_options(&o);
	check_table(argv[1]);
	o.target_bytes = opt_target;
	o.max_rows = opt_max_rows;
	o.memory = (size_t)opt_memory;
	o.every_ns = opt_every;
	o.level = (int)opt_level;
	o.threads = opt_threads ? (unsigned)opt_threads : default_threads();
	o.row_group_rows = (size_t)opt_group_rows;
	o.sample_rows = opt_sample;
	o.max_open = open_files();
	if (reject_open(&o.rejects, tool.name, opt_on_error, &e))
		return diag_fail(&e);
	report_stdout(&out);
	o.metrics = report_metrics();
	reject_metrics(o.rejects, o.metrics);
	diag_catch_signals();
	int status = partition_run(&o, &result, &e) ? diag_fail(&e) : 0;
	status = diag_worse(status, reject_close(o.rejects, &e), &e);
	status = diag_finish(&out, status);
	if (result.stopped && status == 0) {
		report_die(diag_signal());
	}
	return status;
}
