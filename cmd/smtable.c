/* SPDX-License-Identifier: MIT */
/* smtable: a table's history, schema and files, for people and as JSON. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/utf8.h"
#include "cli/diag.h"
#include "cli/opt.h"
#include "cli/report.h"
#include "delta/about.h"
#include "delta/find.h"
#include "delta/log.h"
#include "delta/snapshot.h"
#include "delta/stats.h"
#include "show/show.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct show_opts so = SHOW_OPTS_INIT;
static uint64_t version_as_of;
static int64_t timestamp_as_of;
static bool has_version, has_timestamp;
static uint64_t limit = UINT64_MAX;
static bool as_delta;

static struct output out;
static struct show show;

/* How rows are printed; COLUMNS: those of CSV. */
static void start(size_t n, const char *columns)
{
	struct err e;
	if (show_init(&show, &so, &out, SHOW_TABLE, &e) < 0)
		opt_usage("%s", e.msg);
	show_columns(&show, n, columns);
}

static int open_store(int argc, char **argv, struct store **s, struct err *e)
{
	opt_operands(argc, argv, 1, 1, "TABLE");
	return store_open(s, argv[0], e);
}

static int open_table(int argc, char **argv, unsigned flags, struct store **s, struct delta_snapshot **sn, struct err *e)
{
	int64_t version = has_version ? (int64_t)version_as_of : DELTA_NEWEST;
	if (has_version && has_timestamp)
		opt_usage("--version-as-of cannot be combined with --timestamp-as-of");
	if (has_version && version_as_of > INT64_MAX)
		opt_usage("--version-as-of must be at most %lld", (long long)INT64_MAX);
	int rc = open_store(argc, argv, s, e);
	if (rc == 0 && has_timestamp)
		rc = delta_version_at(*s, timestamp_as_of, &version, e);
	if (rc == 0)
		metrics_label(report_metrics(), METRICS_LABEL_TABLE, store_root(*s));
	rc = rc ? rc : delta_snapshot_open(sn, *s, version, flags, e);
	if (rc == 0)
		about_metrics(*sn, report_metrics());
	return rc;
}

/* STATUS: of what was found, if all went well. */
static int finish(int rc, struct err *e, int status)
{
	if (rc == 0)
		rc = show_end(&show, e);
	show_release(&show);
	return diag_finish(&out, rc ? diag_fail(e) : status);
}

/* history */

struct commit_row {
	int64_t version, time_ms;
	struct buf *b;           /* NDJSON */
	struct grid *g;          /* or a row for people */
	bool done;
};

static void history_cells(const struct commit_row *row, const struct json *info)
{
	const struct json *m = info ? json_get(info, "operationMetrics") : NULL, *p = info ? json_get(info, "operationParameters") : NULL;
	const char *op = info ? json_str(json_get(info, "operation")) : NULL, *mode = p ? json_str(json_get(p, "mode")) : NULL;
	const char *files = m ? json_str(json_get(m, "numFiles")) : NULL, *rows = m ? json_str(json_get(m, "numOutputRows")) : NULL;
	const char *removed = m ? json_str(json_get(m, "numRemovedFiles")) : NULL;
	const char *engine = info ? json_str(json_get(info, "engineInfo")) : NULL;
	char t[48];
	if (!files && m)
		files = json_str(json_get(m, "numAddedFiles"));
	grid_printf(row->g, "%lld", (long long)row->version);
	grid_cell(row->g, t, time_format(t, row->time_ms * 1000, 3, true));
	grid_printf(row->g, "%s%s%s", op ? op : "-", mode ? " " : "", mode ? mode : "");
	grid_printf(row->g, "%s", files ? files : "-");
	grid_printf(row->g, "%s", removed ? removed : "-");
	grid_printf(row->g, "%s", rows ? rows : "-");
	grid_printf(row->g, "%s", engine ? engine : "-");
}

static void history_row(struct commit_row *row, const struct json *info)
{
	if (row->g)
		history_cells(row, info);
	else
		about_commit(row->b, row->version, row->time_ms, info);
	row->done = true;
}

static int take_info(void *arg, const struct delta_action *act, uint64_t line, struct err *e)
{
	(void)line;
	(void)e;
	if (act->kind != DELTA_COMMIT_INFO)
		return 0;
	history_row(arg, act->info);
	return 1;
}

static int history_rows(struct store *s, const struct delta_log *l, const int64_t *time_ms, struct grid *g, struct err *e)
{
	struct buf line = BUF_INIT;
	int rc = 0;
	for (size_t i = l->ncommits, n = 0; i-- > 0 && rc >= 0 && n < limit; n++) {
		struct commit_row row = { l->commits[i].version, time_ms[i], &line, g, false };
		buf_clear(&line);
		rc = delta_log_read(s, row.version, NULL, take_info, &row, e);
		if (rc >= 0 && !row.done)
			history_row(&row, NULL); /* a commit without commitInfo is legal */
		if (rc >= 0 && !g && show_row(&show, line.p, line.n, e) < 0)
			rc = e->code;
	}
	buf_release(&line);
	return rc < 0 ? rc : 0;
}

static int run_history(int argc, char **argv)
{
	struct store *s = NULL;
	struct delta_log l;
	struct grid g;
	struct err e;
	int64_t *time_ms = NULL;
	start(12, "version\0timestamp\0operation\0parameters\0metrics\0read_version\0blind_append\0isolation_level\0engine\0user_metadata\0"
		  "txn_id\0mark\0");
	bool table = show.form == SHOW_TABLE;
	delta_log_init(&l);
	grid_init(&g, 7, ">version\0time\0operation\0>files\0>removed\0>rows\0engine\0");
	int rc = open_store(argc, argv, &s, &e);
	if (rc == 0)
		rc = delta_log_list(&l, s, &e);
	if (rc == 0)
		rc = delta_log_times(&l, s, &time_ms, &e);
	if (rc == 0)
		rc = history_rows(s, &l, time_ms, table ? &g : NULL, &e);
	if (rc == 0)
		rc = delta_log_check(&l, s, &e);
	if (rc == 0 && table)
		show_grid(&show, &g);
	grid_release(&g);
	mem_free(time_ms);
	delta_log_release(&l);
	store_free(s);
	return finish(rc, &e, 0);
}

/* files */

static void file_cells(const struct delta_snapshot *sn, const struct delta_file *f, struct grid *g, struct arena *a)
{
	int64_t rows = delta_stats_rows(f->stats, f->nstats, a);
	char t[48], size[24];
	(void)sn;
	num_size_format(size, f->size);
	grid_printf(g, "%s", size);
	if (rows >= 0)
		grid_printf(g, "%lld", (long long)rows);
	else
		grid_cell(g, "-", 1);
	grid_cell(g, t, time_format(t, f->modified_ms * 1000, 3, true));
	grid_printf(g, "%s", f->path);
}

static int run_files(int argc, char **argv)
{
	struct store *s = NULL;
	struct delta_snapshot *sn = NULL;
	struct delta_iter it = DELTA_ITER_INIT;
	const struct delta_file *f;
	struct arena a = ARENA_INIT;
	struct grid g;
	struct err e;
	start(7, "path\0size\0modified\0partition\0rows\0deleted_rows\0stats\0");
	bool table = show.form == SHOW_TABLE;
	grid_init(&g, 4, ">size\0>rows\0modified\0path\0");
	int rc = open_table(argc, argv, DELTA_WITH_STATS | DELTA_ANY_PROTOCOL, &s, &sn, &e);
	struct buf line = BUF_INIT;
	while (rc == 0 && (f = delta_snapshot_next(sn, &it)) != NULL) {
		if (table) {
			file_cells(sn, f, &g, &a);
		} else {
			buf_clear(&line);
			about_file(&line, sn, f, &a);
			rc = show_row(&show, line.p, line.n, &e);
		}
		arena_clear(&a);
	}
	if (rc == 0 && table)
		show_grid(&show, &g);
	buf_release(&line);
	grid_release(&g);
	arena_release(&a);
	delta_snapshot_free(sn);
	store_free(s);
	return finish(rc, &e, 0);
}

/* describe */

static bool is_partition(const struct delta_snapshot *sn, const struct field *f)
{
	for (size_t k = 0; k < sn->npart; k++)
		if (sn->part_field[k] == f)
			return true;
	return false;
}

static void describe_columns(const struct delta_snapshot *sn, struct buf *b)
{
	struct grid g;
	struct buf type = BUF_INIT;
	grid_init(&g, 3, "column\0type\0\0");
	for (size_t i = 0; i < sn->schema.root.nfields; i++) {
		const struct field *f = &sn->schema.root.fields[i];
		bool part = is_partition(sn, f);
		buf_clear(&type);
		type_print(&f->type, &type);
		grid_cell(&g, f->name, f->nname);
		grid_cell(&g, type.p, type.n);
		grid_printf(&g, "%s%s%s", part ? "partition" : "", part && !f->nullable ? ", " : "", f->nullable ? "" : "not null");
	}
	grid_print(&g, b, 0, false);
	grid_release(&g);
	buf_release(&type);
}

static void describe_text(const struct delta_snapshot *sn, struct buf *b)
{
	struct about_totals t = about_totals(sn);
	char size[24];
	struct delta_iter it = DELTA_ITER_INIT;
	const struct delta_txn *txn;
	num_size_format(size, sn->bytes);
	grid_pair(b, "table     ", "%s", store_root(sn->store));
	grid_pair(b, "version   ", "%lld", (long long)sn->version);
	if (sn->metadata.name)
		grid_pair(b, "name      ", "%s", sn->metadata.name);
	buf_printf(b, "files     %zu (%s)\n", sn->nfiles, size);
	if (t.rows >= 0)
		buf_printf(b, "rows      %lld\n", (long long)t.rows);
	buf_printf(b, "protocol  reader %d, writer %d\n", sn->protocol.min_reader, sn->protocol.min_writer);
	for (size_t i = 0; i < sn->protocol.writer_features.n; i++)
		grid_pair(b, "feature   ", "%s", sn->protocol.writer_features.v[i]);
	for (size_t i = 0; i < sn->metadata.configuration.n; i++)
		grid_pair(b, "property  ", "%s = %s", sn->metadata.configuration.v[i].key,
			  sn->metadata.configuration.v[i].value ? sn->metadata.configuration.v[i].value : "");
	while ((txn = delta_snapshot_next_txn(sn, &it)) != NULL)
		grid_pair(b, "stream    ", "%s up to %lld", txn->app_id, (long long)txn->version);
	buf_putc(b, '\n');
	describe_columns(sn, b);
}

static int run_describe(int argc, char **argv)
{
	struct store *s = NULL;
	struct delta_snapshot *sn = NULL;
	struct buf line = BUF_INIT;
	struct err e;
	start(18, "table\0version\0id\0name\0description\0created\0num_files\0bytes\0num_rows\0deleted_rows\0partition_columns\0schema\0"
		  "protocol.min_reader_version\0protocol.min_writer_version\0protocol.reader_features\0protocol.writer_features\0properties\0"
		  "txns\0");
	show_single(&show);
	int rc = open_table(argc, argv, DELTA_WITH_STATS | DELTA_ANY_PROTOCOL, &s, &sn, &e);
	if (rc == 0 && show.form == SHOW_TABLE) {
		describe_text(sn, &out.buf);
	} else if (rc == 0) {
		about_table(&line, sn);
		rc = show_row(&show, line.p, line.n, &e);
	}
	buf_release(&line);
	delta_snapshot_free(sn);
	store_free(s);
	return finish(rc, &e, 0);
}

/* schema */

static int schema_row(const struct delta_snapshot *sn, const struct field *f, struct buf *b, struct arena *a, struct err *e)
{
	struct buf type = BUF_INIT;
	struct json *m = NULL;
	const struct json *comment = NULL;
	if (f->metadata && json_parse(&m, a, f->metadata, strlen(f->metadata), e) == 0)
		comment = json_get(m, "comment");
	type_print(&f->type, &type);
	buf_puts(b, "{\"name\":");
	json_put_string(b, f->name, f->nname);
	buf_puts(b, ",\"type\":");
	json_put_string(b, type.p, type.n);
	buf_printf(b, ",\"nullable\":%s,\"partition\":%s", f->nullable ? "true" : "false", is_partition(sn, f) ? "true" : "false");
	if (comment && json_str(comment)) {
		buf_puts(b, ",\"comment\":");
		json_put_string(b, comment->str, comment->nstr);
	}
	buf_putc(b, '}');
	buf_release(&type);
	return show_row(&show, b->p, b->n, e);
}

static int schema_rows(const struct delta_snapshot *sn, struct err *e)
{
	struct arena a = ARENA_INIT;
	struct buf b = BUF_INIT;
	int rc = 0;
	for (size_t i = 0; i < sn->schema.root.nfields && rc == 0; i++) {
		rc = schema_row(sn, &sn->schema.root.fields[i], &b, &a, e);
		buf_clear(&b);
		arena_clear(&a);
	}
	buf_release(&b);
	arena_release(&a);
	return rc;
}

static int run_schema(int argc, char **argv)
{
	struct store *s = NULL;
	struct delta_snapshot *sn = NULL;
	struct err e;
	if (as_delta && strcmp(so.output, "auto") != 0)
		opt_usage("--delta cannot be combined with --output");
	start(5, "name\0type\0nullable\0partition\0comment\0");
	int rc = open_table(argc, argv, DELTA_ANY_PROTOCOL, &s, &sn, &e);
	if (rc == 0 && as_delta) {
		schema_to_delta(&sn->schema, &out.buf);
		buf_putc(&out.buf, '\n');
	} else if (rc == 0) {
		rc = schema_rows(sn, &e);
	}
	delta_snapshot_free(sn);
	store_free(s);
	return finish(rc, &e, 0);
}

/* list */

static int list_table(struct store *s, const char *path, struct buf *b, struct err *e)
{
	struct delta_snapshot *sn = NULL;
	struct delta_log l;
	int64_t *time_ms = NULL;
	char t[48];
	delta_log_init(&l);
	int rc = delta_snapshot_open(&sn, s, DELTA_NEWEST, DELTA_WITH_STATS | DELTA_ANY_PROTOCOL, e);
	if (rc == 0)
		rc = delta_log_list(&l, s, e);
	if (rc == 0)
		rc = delta_log_times(&l, s, &time_ms, e);
	if (rc == 0) {
		struct about_totals tot = about_totals(sn);
		buf_puts(b, "{\"table\":");
		json_put_cstr(b, path);
		buf_printf(b, ",\"version\":%lld,\"num_files\":%zu,\"bytes\":%llu", (long long)sn->version, sn->nfiles, (unsigned long long)sn->bytes);
		if (tot.rows >= 0)
			buf_printf(b, ",\"num_rows\":%lld", (long long)tot.rows);
		if (l.ncommits)
			buf_printf(b, ",\"last_commit\":\"%.*s\"", (int)time_format(t, time_ms[l.ncommits - 1] * 1000, 3, true), t);
		buf_putc(b, '}');
	}
	mem_free(time_ms);
	delta_log_release(&l);
	delta_snapshot_free(sn);
	return rc;
}

/* A table that cannot be read is told of, and the others are listed. */
static int found(void *arg, const char *path, struct err *e)
{
	int *status = arg;
	struct store *s = NULL;
	struct buf b = BUF_INIT;
	struct err why;
	int rc = utf8_valid(path, strlen(path)) ? store_open(&s, path, &why)
						: err_set(&why, ERR_DATA, "its name is not UTF-8, so it cannot stand in a row");
	if (rc == 0)
		rc = list_table(s, path, &b, &why);
	if (rc < 0) {
		err_wrap(&why, "%s", path);
		*status = diag_worse(*status, rc, &why);
		rc = 0;
	} else {
		rc = show_row(&show, b.p, b.n, e);
	}
	buf_release(&b);
	store_free(s);
	return rc;
}

static int run_list(int argc, char **argv)
{
	struct err e;
	int status = 0, rc = 0;
	start(6, "table\0version\0num_files\0bytes\0num_rows\0last_commit\0");
	for (int i = 0; i < (argc ? argc : 1) && rc == 0; i++)
		rc = delta_find(argc ? argv[i] : ".", found, &status, &e);
	return finish(rc, &e, status);
}

/* check */

static bool check_file(struct store *s, const struct delta_file *f, struct buf *b, struct err *e, int *r)
{
	uint64_t size = 0;
	const char *problem = NULL;
	*r = store_stat(s, f->path, &size, NULL, e);
	if (*r == ERR_NOT_FOUND)
		problem = "missing";
	else if (*r == 0 && size != f->size)
		problem = "size";
	if (*r == ERR_NOT_FOUND)
		*r = 0;
	if (*r || !problem)
		return *r != 0;
	buf_clear(b);
	buf_puts(b, "{\"path\":");
	json_put_cstr(b, f->path);
	buf_printf(b, ",\"problem\":\"%s\",\"size\":%llu", problem, (unsigned long long)f->size);
	if (size)
		buf_printf(b, ",\"size_found\":%llu", (unsigned long long)size);
	buf_putc(b, '}');
	*r = show_row(&show, b->p, b->n, e);
	return true;
}

static int run_check(int argc, char **argv)
{
	struct store *s = NULL;
	struct delta_snapshot *sn = NULL;
	struct delta_iter it = DELTA_ITER_INIT;
	const struct delta_file *f;
	struct buf line = BUF_INIT;
	struct err e;
	size_t bad = 0, n = 0;
	start(4, "path\0problem\0size\0size_found\0");
	int rc = open_table(argc, argv, DELTA_ANY_PROTOCOL, &s, &sn, &e);
	for (; rc == 0 && (f = delta_snapshot_next(sn, &it)) != NULL; n++)
		bad += check_file(s, f, &line, &e, &rc);
	if (rc == 0)
		diag_note("version %lld: %zu of %zu files match the log", (long long)sn->version, n - bad, n);
	buf_release(&line);
	delta_snapshot_free(sn);
	store_free(s);
	return finish(rc, &e, bad != 0);
}

#define OUTPUT SHOW_OPTIONS(so, "table")
#define AS_OF { 0, "version-as-of", OPT_U64, &version_as_of, "N", "the table as of version N", &has_version }, \
	{ 0, "timestamp-as-of", OPT_TIME, &timestamp_as_of, "TIME", "the table as of TIME", &has_timestamp }, OPT_ZONE

static const struct opt history_opts[] = { OUTPUT, { 'n', "limit", OPT_U64, &limit, "N", "the newest N commits", NULL }, { 0 } };
static const struct opt table_opts[] = { OUTPUT, AS_OF, { 0 } };
static const struct opt check_opts[] = { OUTPUT, AS_OF, { 0 } };

static const struct opt list_opts[] = { OUTPUT, { 0 } };
static const struct opt schema_opts[] = {
	OUTPUT, AS_OF, { 0, "delta", OPT_FLAG, &as_delta, NULL, "print the schema as the log has it, in Delta's JSON", NULL }, { 0 }
};

static const struct tool_command commands[] = {
	{ "list", "[OPTION]… [DIR]…", "the tables below folders: version, size, last commit", list_opts, run_list, OPERANDS_DIRS },
	{ "history", "[OPTION]… TABLE", "the commits, the newest first", history_opts, run_history, OPERANDS_TABLE },
	{ "describe", "[OPTION]… TABLE", "version, size, schema, protocol, properties, streams", table_opts, run_describe, OPERANDS_TABLE },
	{ "schema", "[OPTION]… TABLE", "the columns: name, type, nullable, partition, comment", schema_opts, run_schema, OPERANDS_TABLE },
	{ "files", "[OPTION]… TABLE", "the data files with their partition values and statistics", table_opts, run_files, OPERANDS_TABLE },
	{ "check", "[OPTION]… TABLE", "check that every data file exists with its size; print one line for each that does not", check_opts, run_check, OPERANDS_TABLE },
	{ 0 }
};

static const char *const exits[] = {
	"0", "done", "1", "check: a file is missing or has the wrong size", "2", "usage error",
	"3", "the table is damaged", "4", "I/O error, or no such table", NULL
};

static const char *const examples[] = {
	"smtable list .", "every table below this folder",
	"smtable schema landing", "its columns",
	"smtable history landing", "the history of the table landing",
	"smtable describe landing --output json | jq .num_rows", "its number of rows",
	"smtable files landing --version-as-of 3", "the files of version 3", NULL
};

static const char *const see_also[] = { "smcommit(1)", "smreplay(1)", NULL };

static const struct tool tool = {
	.name = "smtable",
	.summary = "inspect Delta tables: their history, their columns, their files",
	.synopsis = "COMMAND [OPTION]… TABLE|DIR",
	.description =
		"Reads the log of a Delta table and prints it: as a table on a terminal, as NDJSON otherwise, or in any form of --output. Works on tables "
		"of any protocol version, even if this version of smtools cannot read their rows.",
	.exits = exits, .examples = examples, .see_also = see_also, .commands = commands,
};

int main(int argc, char **argv)
{
	diag_init("smtable");
	report_stdout(&out);
	return opt_run(&tool, argc, argv);
}
