// SPDX-License-Identifier: MIT
/* smjq - jq for records in a pipe. Table, glue and main; the work is in lib/json/jq. */
#include "base/datadir.h"
#include "base/mem.h"
#include "cli/diag.h"
#include "cli/opt.h"
#include "cli/report.h"
#include "io/output.h"
#include "json/doc.h"
#include "json/jq.h"
#include "stream/pull.h"
#include "stream/record.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM_MAX ((size_t)1 << 20)
#define RESULT_MAX ((size_t)64 << 20)   /* bytes from one record */

static const char *opt_file, *opt_on_error;
static struct opt_list opt_arg, opt_argjson;
static uint64_t opt_memory = JSON_JQ_VALUES;
static bool opt_raw, opt_compact, opt_exit, opt_unbuffered;

static const struct opt options[] = {
	{ 'r', "raw-output", OPT_FLAG, &opt_raw, NULL, "write strings without quotes" },
	{ 'f', "from-file", OPT_FILE, &opt_file, "FILE", "read the program from FILE; every operand is then an input file" },
	{ 0, "arg", OPT_PAIR, &opt_arg, "NAME=TEXT", "pass a string to the program as $NAME; also `--arg NAME TEXT`, as in jq" },
	{ 0, "argjson", OPT_PAIR, &opt_argjson, "NAME=JSON", "pass a JSON value to the program as $NAME; also `--argjson NAME JSON`" },
	{ 'e', "exit-status", OPT_FLAG, &opt_exit, NULL, "exit with status 1 if the last result was false or null, or there was none" },
	{ 'c', "compact-output", OPT_FLAG, &opt_compact, NULL, "ignored, for compatibility with jq: there is always one line per result" },
	{ 0, "memory", OPT_SIZE, &opt_memory, "SIZE", "limit for the values of one record as the program gets them (256MiB)" },
	{ 0, "on-error", OPT_STR, &opt_on_error, REJECT_ARG, REJECT_HELP },
	{ 0, "unbuffered", OPT_FLAG, &opt_unbuffered, NULL, "flush every record" },
	{ 0 }
};

static const char *const exits[] = {
	"0", "every record was processed", "1", "done, but bad records were skipped or rejected; with -e: a negative answer",
	"2", "usage error, or the program does not compile", "3", "bad input, or the program failed on a record", "4",
	"I/O error", NULL
};

static const char *const examples[] = {
	"smreplay landing | smjq 'select(.lang == \"en\")' | smsentiment", "the English posts, byte for byte, with their sentiment",
	"smjq '{id, day: .created_at[:10]}' posts.ndjson", "two fields of every post; the id keeps all its digits",
	"smjq --arg who=ana 'select(.author.handle == $who)' posts.ndjson.gz", "the posts of one author", NULL
};

static const char *const see_also[] = { "jq(1)", "smreplay(1)", "smsentiment(1)", NULL };

static const struct tool tool = {
	.name = "smjq",
	.summary = "run jq on records in a pipe: marks pass, ids keep their digits",
	.synopsis = "[OPTION]… PROGRAM [FILE]…",
	.description =
		"Runs a jq program on every record and writes each result as a line. The language is that of jq 1.6.\n\n"
		"Unlike jq, a record that the program leaves unchanged keeps its bytes. An integer of 16 digits or "
		"more keeps its digits everywhere: as a value, in comparisons, in tonumber, fromjson, tostring, @csv "
		"or \"\\(…)\", and as a literal in the program. Arithmetic on it is done in doubles, as in jq. Marks "
		"keep their place after the results of all records before them.\n\n"
		"A record on which the program fails is a bad record: none of its results is written. The same holds "
		"if libjq itself would abort or never end: a time out of range, an index in the billions. A result "
		"must not begin with the member $mark or be nested more than 128 levels deep.\n\n"
		"As values a record takes more memory than as text: a post about fifteen times as much, [0,0,… fifty "
		"times. One that would take more than --memory is a bad record. The memory that a program uses is not "
		"limited; set a limit from outside (MemoryMax= of systemd).\n\n"
		"Not available, and reported as errors: input, inputs, debug, stderr, halt, halt_error, "
		"input_filename, input_line_number, get_search_list, get_jq_origin, get_prog_origin, modulemeta. "
		"import, include and module do not compile; ~/.jq is not read. env and $ENV work as in jq.",
	.opts = options,
	.exits = exits,
	.examples = examples,
	.see_also = see_also,
};

struct run {
	struct pull *pull;
	struct output out;
	struct json_jq *jq;
	struct buf result;         /* of one record */
	bool negative;             /* the last result was false or null, or there was none */
	struct err *e;
};

/* Split NAME=VALUE; a string value becomes JSON. */
static int take_vars(const struct opt_list *l, bool json, struct arena *a, struct json_jq_var *to)
{
	for (size_t i = 0; i < l->n; i++) {
		const char *eq = strchr(l->v[i], '=');
		if (!eq)
			opt_usage("%s: '%s' is not NAME=VALUE", json ? "--argjson" : "--arg", l->v[i]);
		struct buf b = BUF_INIT;
		if (json)
			buf_puts(&b, eq + 1);
		else
			json_put_cstr(&b, eq + 1);
		to[i].name = arena_strndup(a, l->v[i], (size_t)(eq - l->v[i]));
		to[i].n = b.n;
		to[i].json = arena_strndup(a, b.p ? b.p : "", b.n);
		buf_release(&b);
	}
	return (int)l->n;
}

static int compile(struct run *r, const char *program)
{
	struct buf text = BUF_INIT;
	struct arena a = ARENA_INIT;
	struct json_jq_vars vars = { 0 };
	int got = opt_file ? file_read(&text, opt_file, PROGRAM_MAX, r->e) : 0;
	if (got == 0) {
		if (opt_file)
			program = buf_cstr(&text);
		struct json_jq_var *v = arena_array(&a, opt_arg.n + opt_argjson.n + 1, sizeof *v);
		vars.v = v;
		vars.n = (size_t)take_vars(&opt_arg, false, &a, v);
		vars.n += (size_t)take_vars(&opt_argjson, true, &a, v + vars.n);
		got = json_jq_new(&r->jq, program, &vars, r->e);
		if (got == 0)
			json_jq_limit(r->jq, opt_memory);
		/* Bad JSON in --argjson is no bad input. */
		if (got == ERR_DATA)
			got = r->e->code = ERR_USAGE;
	}
	arena_release(&a);
	buf_release(&text);
	return got;
}

static int take_result(struct run *r, size_t start, struct err *why)
{
	struct buf *b = &r->result;
	if (opt_raw && json_jq_is_string(r->jq)) {
		b->n = start;
		json_jq_string(r->jq, b);
	}
	/* A string that is written raw may be several lines. */
	if (record_good(b->p + start, b->n - start, NULL) < b->n - start) {
		record_refuse(why);
		return err_wrap(why, "jq");
	}
	if (b->n > RESULT_MAX)
		return err_set(why, ERR_DATA, "jq: the results of one record exceed %zu MiB", RESULT_MAX >> 20);
	buf_putc(b, '\n');
	r->negative = json_jq_is_false(r->jq);
	return 0;
}

/* All results of one record, or none. */
static int do_record(void *arg, const struct json_record *rec, struct err *why)
{
	struct run *r = arg;
	int n = 0;
	buf_clear(&r->result);
	int got = json_jq_start(r->jq, rec->p, rec->n, why);
	if (got == 0 && rec->p[strspn(rec->p, " \t")] != '{')
		got = err_set(why, ERR_DATA, "a record must be a JSON object");
	while (got == 0) {
		size_t start = r->result.n;
		got = json_jq_next(r->jq, &r->result, why);
		if (got <= 0)
			break;
		got = take_result(r, start, why);
		n++;
	}
	if (got != 0)
		return got;
	if (r->result.n)
		output_put(&r->out, r->result.p, r->result.n);
	if (n)
		r->out.records += (uint64_t)n - 1;
	output_end_record(&r->out);
	return n;
}

static int run(struct run *r, char **operands, size_t n)
{
	const struct pull_opts o = { .tool = tool.name, .on_error = opt_on_error, .unchecked = true, .out = &r->out, .metrics = report_metrics() };
	const char *program = opt_file ? NULL : *operands;
	size_t skip = opt_file ? 0 : 1;
	int got = compile(r, program);
	if (got == 0)
		got = pull_open(&r->pull, (const char *const *)operands + skip, n - skip, &o, r->e);
	if (got != 0)
		return got;
	r->out.unbuffered = opt_unbuffered;
	r->negative = true;
	return pull_filter(r->pull, do_record, r, r->e);
}

int main(int argc, char **argv)
{
	struct err e = { 0 }, why = { 0 };
	struct run r = { .e = &e };
	diag_init(tool.name);
	int n = opt_parse(&tool, argc, argv);
	opt_operands(n, argv + 1, opt_file ? 0 : 1, INT_MAX, "PROGRAM");
	if (!opt_memory)
		opt_usage("--memory must be more than 0");
	report_stdout(&r.out);
	int status = 0, got = run(&r, argv + 1, (size_t)n);
	if (got < 0)
		status = diag_fail(&e);
	status = diag_worse(status, pull_close(r.pull, &why), &why);
	if (status == 0 && opt_exit && r.negative)
		status = 1;
	status = diag_finish(&r.out, status);
	json_jq_free(r.jq);
	buf_release(&r.result);
	return status;
}
