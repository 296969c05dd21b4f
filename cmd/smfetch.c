/* SPDX-License-Identifier: MIT */
/* smfetch - posts from networks, files and archives, with marks to go on from. Table, glue and main; the engine is in
 * lib/fetch. */
#include "base/near.h"
#include "base/clock.h"
#include "base/datadir.h"
#include "cli/diag.h"
#include "cli/opt.h"
#include "cli/report.h"
#include "fetch/jobs.h"
#include "http/url.h"
#include "intake/about.h"
#include "intake/intake.h"
#include "intake/setup.h"
#include "io/output.h"
#include "json/doc.h"
#include "secret/secret.h"
#include "show/show.h"
#include "source/map.h"
#include "stream/reject.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *as, *records, *include, *ck, *on_error, *describe, *check, *map, *csv_types, *format = "auto";
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
static bool dry_run, verbose, force;
static struct show_opts so = SHOW_OPTS_INIT;

/* of both: posts as a stream */
#define STREAM \
	{ 0, "resume", OPT_DIR, &ck, "CK", "resume from the checkpoint folder CK, and print marks" }, \
	{ 0, "marks", OPT_FLAG, &marks, NULL, "print marks without a checkpoint" }, \
	OPT_ZONE, \
	{ 0, "raw", OPT_FLAG, &raw, NULL, "keep the original item in the field raw" }, \
	{ 0, "queue", OPT_SIZE, &queue, "SIZE", \
	  "streams: buffer this much in memory for a slow reader, the rest in a temporary file (64MiB)" }, \
	{ 0, "verbose", OPT_FLAG, &verbose, NULL, "report requests, responses and waits on standard error" }, \
	{ 0, "on-error", OPT_STR, &on_error, REJECT_ARG, REJECT_HELP }, \
	{ 0, "max-record", OPT_SIZE, &max_record, "SIZE", "maximum size of a record (16MiB)" }, \
	{ 0, "unbuffered", OPT_FLAG, &unbuffered, NULL, "flush every record" }

/* how requests go out */
#define REQUESTS \
	{ 0, "endpoint", OPT_STR, &endpoint, "URL", \
	  "send all requests to URL instead of the network: a proxy, a simulator" }, \
	{ 0, "cacert", OPT_FILE, &cacert, "FILE", "trust these certificates instead of the system's" }, \
	{ 0, "user-agent", OPT_STR, &user_agent, "TEXT", "User-Agent header" }

static const struct opt net_opts[] = {
	{ 0, "since", OPT_TIME, &since_us, "TIME", "posts from TIME on: 2026-01-31T12:00:00Z, 2026-01-31, '7d ago'" },
	{ 0, "until", OPT_TIME, &until_us, "TIME", "posts before TIME" },
	{ 0, "split", OPT_DURATION, &split_ns, "DURATION",
	  "read --since to --until in parts of this length, such as 1d, oldest first" },
	{ 0, "every", OPT_DURATION, &every_ns, "DURATION", "poll at this interval, such as 5m" },
	{ 0, "for", OPT_DURATION, &for_ns, "DURATION", "end after DURATION, such as 50m" },
	{ 0, "max-records", OPT_U64, &max_records, "N", "end after N records" },
	{ 0, "max-requests", OPT_U64, &max_requests, "N", "end after N requests" },
	{ 0, "max-wait", OPT_DURATION, &max_wait_ns, "DURATION",
	  "end if a limit requires a longer wait (status 75), or a retry does (status 4) (20m)" },
	STREAM,
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
	{ 0, "max-answer", OPT_SIZE, &max_answer, "SIZE", "maximum size of a response, decompressed (64MiB)" },
	REQUESTS,
	{ 0, "dry-run", OPT_FLAG, &dry_run, NULL, "print the first request of each job; send nothing" },
	/* old names of the commands */
	{ 0, "list", OPT_FLAG, &list, NULL, NULL },
	{ 0, "describe", OPT_STR, &describe, "SOURCE", NULL },
	{ 0, "check", OPT_FILE, &check, "FILE", NULL },
	{ 0 }
};

static const struct opt files_opts[] = {
	{ 0, "as", OPT_SOURCE, &as, "SOURCE",
	  "map the records to smpost with this source definition: a name (see smfetch list) or a file" },
	{ 0, "map", OPT_ENUM, &map, "auto|jq|fast",
	  "with --as: jq: use libjq only; fast: refuse a map that needs libjq (auto)" },
	{ 0, "records", OPT_STR, &records, "JQ",
	  "where the records are in a response: .statuses[], or any jq program" },
	{ 0, "format", OPT_ENUM, &format, "auto|json|csv|tsv",
	  "what they hold (default auto: by their names, such as posts.csv.gz, otherwise JSON)" },
	{ 0, "csv-types", OPT_STR, &csv_types, "NAME=TYPE,…",
	  "CSV and TSV: columns that are not text: integer, number, boolean or json" },
	{ 0, "include", OPT_STR, &include, "PATTERN",
	  "folders and archives: only files whose names match, such as '*.json.gz'" },
	{ 0, "observed-at", OPT_TIME, &observed_us, "TIME",
	  "with --as: when the posts were seen (the file's modification time)",
	  &observed_given },
	{ 0, "mark-every", OPT_U64, &mark_every, "N", "print a mark at least every N records (100000)" },
	STREAM,
	{ 0 }
};

static const struct opt setup_opts[] = {
	{ 0, "force", OPT_FLAG, &force, NULL, "overwrite secrets that are stored already, without a question" },
	REQUESTS,
	{ 0 }
};
static const struct opt list_opts[] = { SHOW_OPTIONS(so, "table"), { 0 } };

static int run_files(int argc, char **argv), run_list(int argc, char **argv), run_setup(int argc, char **argv), run_describe(int argc, char **argv),
	run_check(int argc, char **argv), run_network(int argc, char **argv);

static const struct tool_command commands[] = {
	{ "files", "[OPTION]… [PATH]…", "read files, folders and archives", files_opts, run_files },
	{ "list", "[OPTION]… [SOURCE]", "list the source definitions, or the variables of one", list_opts, run_list, OPERANDS_SOURCE },
	{ "describe", "SOURCE", "show what a source needs and gives", NULL, run_describe, OPERANDS_SOURCE },
	{ "setup", "[OPTION]… SOURCE [NAME=VALUE]…", "ask for the secrets of a source, try them, store them", setup_opts, run_setup, OPERANDS_SOURCE },
	{ "check", "FILE", "look for mistakes in a source definition", NULL, run_check },
	{ 0 }
};
static const struct tool_command network = { "SOURCE", "", "", net_opts, run_network, OPERANDS_VARIABLES };

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
    .synopsis = "[OPTION]… SOURCE [NAME=VALUE]… | SOURCE - | --jobs FILE | COMMAND …",
    .description =
		"Reads posts from the network that a source definition describes (`smfetch list` lists them, `smfetch "
		"describe SOURCE` shows what one needs) and writes them as smpost records, one per line. Records "
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
	.commands = commands, .otherwise = &network,
    .exits = exits,
    .examples = examples,
    .see_also = see_also,
};

/* --- files --- */

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

static enum source_format file_format(void)
{
	return strcmp(format, "csv") == 0 ? SOURCE_CSV : strcmp(format, "tsv") == 0 ? SOURCE_TSV : strcmp(format, "json") == 0 ? SOURCE_JSON : SOURCE_BY_NAME;
}

static struct intake_opts intake_of(void)
{
	return (struct intake_opts){ .tool = "smfetch", .on_error = on_error, .ck = ck, .marks = marks, .unbuffered = unbuffered,
		.verbose = verbose, .mark_every = mark_every, .queue = queue, .repeats = every_ns != 0 };
}

static int fetch_files(const char *const *paths, size_t n)
{
	struct intake_opts in = intake_of();
	struct source_def *def = NULL;
	struct err e;
	int rc = as ? source_def_load(&def, as, &e) : 0;
	if (rc == ERR_NOT_FOUND)
		opt_usage("%s", e.msg);
	struct source_files_opts o = { .paths = paths, .npaths = n, .include = include, .def = def, .records = records, .raw = raw,
		.observed_us = observed_given ? observed_us : INT64_MIN, .max_record = max_record, .map_by = map_by(),
		.format = file_format(), .csv_types = csv_types };
	/* A definition may come from anybody: what it computes is none of the environment's business. */
	if (def)
		clear_environment();
	metrics_label(report_metrics(), METRICS_LABEL_SOURCE, as ? as : "files");
	int status = intake_files(&in, &o, rc, &e);
	source_def_free(def);
	return status;
}

/* --- networks --- */

struct net {
	struct jobs jobs;
	struct secrets *secrets;
	struct http_opts http;
	char *temp;                  /* $TMPDIR */
};

static int read_jobs(struct net *n, const char *const *operands, size_t count, struct err *e)
{
	struct fetch_spec others = {.since_us = since_us,
				    .until_us = until_us,
				    .since_as = opt_relative(&since_us),
				    .until_as = opt_relative(&until_us),
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

/* Of the environment, which is gone when requests are sent. */
static void take_http(struct net *n)
{
	const char *proxy[] = { getenv("http_proxy"), getenv("https_proxy"), getenv("no_proxy") };
	n->http = (struct http_opts){.user_agent = user_agent,
					  .cacert = cacert,
					  .per_host = (unsigned)per_host,
					  .proxy_http = proxy[0] ? strdup(proxy[0]) : NULL,
					  .proxy_https = proxy[1]                ? strdup(proxy[1])
							 : getenv("HTTPS_PROXY") ? strdup(getenv("HTTPS_PROXY"))
										 : NULL,
					  .no_proxy = proxy[2]             ? strdup(proxy[2])
						      : getenv("NO_PROXY") ? strdup(getenv("NO_PROXY"))
									   : NULL};
}

/* Everything that is secret is read first, then the environment goes, and only then does any jq run. */
static int find_secrets(struct net *n, struct err *e)
{
	int rc = secrets_harden(e);
	if (rc == 0)
		rc = secrets_new(&n->secrets, secret_list.v, secret_list.n, secret_command, e);
	if (rc == 0 && !dry_run)
		rc = fetch_find_secrets(n->jobs.v, n->jobs.n, n->secrets, e);
	take_http(n);
	n->temp = getenv("TMPDIR") ? strdup(getenv("TMPDIR")) : NULL;
	if (rc < 0)
		return rc;
	secrets_seal(n->secrets);
	clear_environment();
	const char *unused = secrets_unused(n->secrets);
	if (unused && !dry_run)
		return err_set(e, ERR_USAGE, "--secret %s: no job uses a secret of that name", unused);
	return 0;
}

static void say(void *arg, enum fetch_say level, const struct err *what)
{
	(void)arg;
	intake_say(level, what, verbose);
}

static struct fetch_opts fetch_of(const struct net *n)
{
	return (struct fetch_opts){ .spec = n->jobs.v, .nspecs = n->jobs.n, .named = jobs_file != NULL || dry_run, .secrets = n->secrets,
		.http = n->http, .endpoint = endpoint, .share = share, .token_cache = token_cache, .dedup = dedup, .raw = raw,
		.parallel = parallel, .max_wait_ns = max_wait_ns, .for_ns = for_ns, .max_records = max_records,
		.max_requests = max_requests, .max_answer = max_answer, .max_record = max_record, .values_fd = STDIN_FILENO,
		.say = say, .dry_run = dry_run };
}

/* --dry-run */
static int show_requests(const struct net *n, int rc, struct err *e)
{
	struct fetch_opts o = fetch_of(n);
	struct fetch *f = NULL;
	struct output out;
	report_stdout(&out);
	o.parallel = 1;
	o.share = o.token_cache = NULL;
	if (rc == 0)
		rc = fetch_new(&f, &o, e);
	if (rc == 0)
		rc = fetch_dry_run(f, &out.buf, e);
	if (rc == ERR_USAGE || rc == ERR_NOT_FOUND)
		opt_usage("%s", e->msg);
	if (rc < 0)
		buf_clear(&out.buf);
	int status = diag_finish(&out, rc < 0 ? diag_fail(e) : 0);
	fetch_free(f);
	return status;
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
	struct intake_opts in = intake_of();
	static struct net n;
	struct err e = { 0 };
	int rc = read_jobs(&n, operands, count, &e);
	if (rc == 0)
		rc = check_specs(&n, &e);
	if (rc == 0)
		rc = find_secrets(&n, &e);
	in.temp = n.temp;
	struct fetch_opts o = fetch_of(&n);
	int status = dry_run ? show_requests(&n, rc, &e) : intake_net(&in, &o, rc, &e);
	secrets_free(n.secrets);
	jobs_release(&n.jobs);
	return status;
}

/* --- looking at definitions --- */

static int run_list(int argc, char **argv)
{
	report_nothing();
	opt_operands(argc, argv, 0, 1, "");
	return intake_list(&so, argc ? argv[0] : NULL);
}

/* Secrets are asked for, tried and kept. */
static int run_setup(int argc, char **argv)
{
	static struct net n;
	struct fetch_spec others = { .since_us = INT64_MIN, .until_us = INT64_MAX };
	struct url_parts p;
	struct err e;
	report_nothing();
	if (!argc)
		opt_usage("missing operand: SOURCE");
	if (endpoint && url_parse(&p, endpoint, NULL) < 0)
		opt_usage("--endpoint: '%s' is not a URL such as http://127.0.0.1:8080", endpoint);
	if (jobs_add(&n.jobs, &others, argv[0], (const char *const *)argv + 1, (size_t)argc - 1, &e) < 0)
		opt_usage("%s", e.msg);
	take_http(&n);
	struct setup_opts o = { .spec = n.jobs.v[0], .force = force, .http = n.http, .endpoint = endpoint, .clear_environment = clear_environment };
	int status = intake_setup(&o);
	jobs_release(&n.jobs);
	return status;
}

static int run_describe(int argc, char **argv)
{
	report_nothing();
	opt_operands(argc, argv, 1, 1, "SOURCE");
	return intake_describe(argv[0]);
}

static int run_check(int argc, char **argv)
{
	report_nothing();
	opt_operands(argc, argv, 1, 1, "FILE");
	return intake_check(argv[0]);
}

/* Is NAME a file or folder to be read, where the name of a source belongs? */
static bool is_input(const char *name)
{
	struct source_def *d;
	struct buf text = BUF_INIT;
	struct err e;
	bool input = strcmp(name, "file") == 0 || strcmp(name, "-") == 0;
	int rc = input || access(name, F_OK) != 0 ? ERR_NOT_FOUND : source_def_load(&d, name, &e);
	if (rc == 0)
		source_def_free(d);
	else if (rc == ERR_DATA || rc == ERR_USAGE) {
		/* A definition with a fault says so itself. Its first line is no object of its own, or says what it is. */
		input = file_read(&text, name, (size_t)64 << 20, &e) == 0 && json_check(text.p, strcspn(buf_cstr(&text), "\n"), &e) == 0 &&
			!memmem(text.p, text.n, "\"smsource\"", 10);
	} else {
		input = input || access(name, F_OK) == 0;
	}
	buf_release(&text);
	return input;
}

static void check_network(int argc, char **argv)
{
	bool values = false;
	for (int i = 1; i < argc; i++)
		values |= strcmp(argv[i], "-") == 0;
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

/* Options of files and networks alike. */
static void check_stream(void)
{
	if (ck && marks)
		opt_usage("--marks cannot be combined with --resume, which prints marks itself");
	if (!mark_every || !max_record || !max_answer || !parallel || !per_host || per_host > 1000)
		opt_usage("--mark-every, --max-record, --max-answer, --parallel and --per-host must be greater than 0, --per-host at most 1000");
}

static int run_files(int argc, char **argv)
{
	check_stream();
	if ((raw || observed_given) && !as)
		opt_usage("--raw and --observed-at need --as");
	if (map && !as)
		opt_usage("--map needs --as");
	return fetch_files((const char *const *)argv, (size_t)argc);
}

/* What no definition is called may be a command that was mistyped. */
static void check_source(const char *word)
{
	struct near near = near_to(word, strlen(word));
	struct source_def *d = NULL;
	for (const struct tool_command *c = commands; c->name; c++)
		near_name(&near, c->name, strlen(c->name));
	const char *hint = near_hint(&near, "", "");
	if (*hint && source_def_load(&d, word, NULL) == ERR_NOT_FOUND)
		opt_usage("no source or command '%s'%s", word, hint);
	source_def_free(d);
}

static int run_network(int argc, char **argv)
{
	if (list || describe || check) {
		report_nothing();
		if (argc || list + !!describe + !!check > 1)
			opt_usage("--list, --describe and --check cannot be combined with each other or with operands");
		return list ? intake_list(&so, NULL) : describe ? intake_describe(describe) : intake_check(check);
	}
	if (!argc && !jobs_file)
		opt_usage("missing operand: SOURCE (files, or a name from smfetch list)");
	if (argc && jobs_file)
		opt_usage("--jobs cannot be combined with SOURCE and its variables");
	check_stream();
	if (argc && is_input(argv[0]))
		opt_usage("'%s' is not a source, did you mean 'smfetch files %s'?", argv[0], strcmp(argv[0], "file") ? argv[0] : argc > 1 ? argv[1] : "PATH");
	if (argc)
		check_source(argv[0]);
	check_network(argc, argv);
	return fetch_network((const char *const *)argv, (size_t)argc);
}

int main(int argc, char **argv)
{
	diag_init("smfetch");
	return opt_run(&tool, argc, argv);
}
