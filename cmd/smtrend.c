// SPDX-License-Identifier: MIT
/* smtrend - what is talked about more than before. Table, glue and main; the work is in lib/topics and lib/sketch. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/near.h"
#include "cli/diag.h"
#include "cli/opt.h"
#include "cli/report.h"
#include "io/output.h"
#include "show/show.h"
#include "stream/pull.h"
#include "stream/state.h"
#include "topics/topics.h"

#include <unistd.h>

#define MAX_PANES 100000
#define STATE_MAX ((size_t)3 << 30)

static const char *opt_by = "tags", *opt_time = "created_at,indexed_at,observed_at", *opt_author = "author.id",
		  *opt_text = "text", *opt_id = "id", *opt_dialect = "auto", *opt_order = "score", *opt_on_error;
static int64_t opt_window = 3600 * NS_PER_SEC, opt_slide, opt_watermark = 600 * NS_PER_SEC, opt_half_life;
static uint64_t opt_top = 10, opt_min_support = 1, opt_min_authors = 5, opt_memory = (uint64_t)256 << 20;
static double opt_min_score = 3;
static struct show_opts so = SHOW_OPTS_INIT;
static bool opt_table, opt_last, opt_extract, opt_unbuffered, min_authors_given, half_life_given, slide_given;

static const struct opt options[] = {
	{ 'b', "by", OPT_STR, &opt_by, "KINDS", "what to count: a list of tags, mentions, links and words (default tags)" },
	{ 'w', "window", OPT_DURATION, &opt_window, "DURATION", "length of a window in event time (default 1h)" },
	{ 's', "slide", OPT_DURATION, &opt_slide, "DURATION", "distance between windows; --window must be a multiple of it (default: the window)", &slide_given },
	{ 0, "watermark", OPT_DURATION, &opt_watermark, "DURATION", "how far a record may be behind the latest event time (default 10m)" },
	{ 't', "top", OPT_U64, &opt_top, "N", "number of rows per window and kind; 0: all (default 10)" },
	{ 0, "order", OPT_ENUM, &opt_order, "score|count", "rank by how much a topic stands out from the past (default), or by how often it is named" },
	{ 0, "min-support", OPT_U64, &opt_min_support, "N", "minimum number of posts (default 1)" },
	{ 0, "min-authors", OPT_U64, &opt_min_authors, "N", "minimum number of distinct authors (default 5; 1 with --order=count)", &min_authors_given },
	{ 0, "min-score", OPT_DOUBLE, &opt_min_score, "Z", "minimum score, with --order=score (default 3)" },
	{ 0, "half-life", OPT_DURATION, &opt_half_life, "DURATION", "age at which past counts weigh half (default 24 windows)", &half_life_given },
	{ 0, "time", OPT_STR, &opt_time, "PATHS", "fields with the event time, of which the earliest counts (default created_at,indexed_at,observed_at)" },
	{ 0, "author", OPT_STR, &opt_author, "PATH", "the field that identifies the author (default author.id)" },
	{ 0, "text", OPT_STR, &opt_text, "PATH", "the field that holds the text (default text)" },
	{ 0, "id", OPT_STR, &opt_id, "PATH", "the field that identifies the post, for edits and deletions (default id)" },
	{ 0, "extract", OPT_FLAG, &opt_extract, NULL, "find tags, mentions and links in the text even if the record lists them" },
	{ 0, "dialect", OPT_ENUM, &opt_dialect, "auto|twitter|bluesky|mastodon", "syntax of tags and mentions (default auto: by the field network)" },
	SHOW_OPTIONS(so, "table"),
	{ 0, "table", OPT_FLAG, &opt_table, NULL, NULL },  /* an old name for --output=table */
	{ 0, "last", OPT_FLAG, &opt_last, NULL, "print only the last window" },
	{ 0, "memory", OPT_SIZE, &opt_memory, "SIZE", "fail if the open windows need more (default 256MiB)" },
	{ 0, "on-error", OPT_STR, &opt_on_error, REJECT_ARG, REJECT_HELP },
	{ 0, "unbuffered", OPT_FLAG, &opt_unbuffered, NULL, "flush every row" },
	{ 0 }
};

static const char *const exits[] = {
	"0", "done", "1", "done, but bad records were skipped or rejected", "2", "usage error",
	"3", "bad input, or more memory is needed than --memory allows", "4", "I/O error",
	"5", "the state in the checkpoint was saved with other options", NULL
};

static const char *const examples[] = {
	"smreplay landing | smtrend --window 1h --watermark 15d --top 20 --output table", "tables of what stood out in each hour",
	"smtrend --by tags,words --window 1d --slide 1h --last posts.ndjson", "the last day, as NDJSON",
	"smtrend --order count --window 7d --by links posts.ndjson", "the most shared links of each week", NULL
};

static const char *const see_also[] = { "smreplay(1)", "smsentiment(1)", "smcheckpoint(1)", NULL };

static const struct tool tool = {
	.name = "smtrend",
	.summary = "trending tags, mentions, links and words per window of event time",
	.synopsis = "[OPTION]… [FILE]…",
	.description =
		"Counts, in windows of event time, the posts that name a topic and their distinct authors, and "
		"compares these with what the windows before suggest. A row is printed for every topic that stands "
		"out, best first (--output=table: a table a window):\n\n"
		"{\"window_start\", \"window_end\", \"kind\", \"rank\", \"key\", \"display\", \"count\", \"authors\", \"score\", "
		"\"expected\", \"exact\"}\n\n"
		"A window is printed when the watermark (the latest event time minus --watermark) reaches its end. At "
		"the end of the input the open ones follow, marked \"partial\":true if more records could have come. "
		"The wall clock is not used: the same records in the same order give the same rows.\n\n"
		"Tags, mentions and links are those that a record lists (tags, mentions, links); if it lists none, "
		"they are found in its text. A record whose id was seen before in an open window replaces the earlier "
		"one; op \"delete\" removes it. Records without an author count as one unknown author.\n\n"
		"If marks name a checkpoint, the open windows are saved there instead of printed at the end of the "
		"input, and the next run continues with them.",
	.opts = options,
	.exits = exits,
	.examples = examples,
	.see_also = see_also,
};

struct run {
	struct pull *pull;
	struct output out;
	struct show show;
	struct topics_opts o;
	struct topics *topics;
	struct trend *trend;
	struct state *state;
	char *times;                 /* --time, cut up */
	struct buf window;
	uint64_t rows;               /* written as records */
	bool by_count, any_post, any_mark;
	bool marked, finished;       /* the windows are in a checkpoint; they were written out */
	struct err *e;
};

static int put_window(struct run *r, struct err *e)
{
	int rc = 0;
	for (size_t i = 0; r->show.form == SHOW_NDJSON && i < r->window.n; i++)
		r->rows += r->window.p[i] == '\n';
	if (r->show.form == SHOW_TABLE)
		show_text(&r->show, r->window.p, r->window.n);
	else if (r->window.n)
		rc = show_rows(&r->show, r->window.p, r->window.n, e);
	buf_clear(&r->window);
	return rc < 0 || !r->out.failed ? rc : output_flush(&r->out, e);
}

static int emit(void *arg, const struct trend_window *w, struct err *e)
{
	struct run *r = arg;
	bool table = r->show.form == SHOW_TABLE;
	if (!w->n && !(table && opt_last))
		return 0;
	buf_clear(&r->window);
	if (table)
		topics_put_table(&r->window, w, r->by_count);
	else
		for (size_t i = 0; i < w->n; i++)
			topics_put_row(&r->window, w, &w->row[i]);
	return opt_last ? 0 : put_window(r, e);
}

static int count_record(struct run *r)
{
	struct trend_post post;
	struct err why;
	if (topics_post(r->topics, &r->pull->rec, &post, &why) < 0)
		return pull_bad(r->pull, &why, r->e);
	r->any_post = true;
	r->finished = false;
	int code = trend_post(r->trend, &post, r->e);
	return code < 0 ? pull_at(r->pull, r->e) : 0;
}

/* --- marks --- */

static int open_state(struct run *r, const struct mark *m)
{
	struct buf b = BUF_INIT;
	int code = state_open(&r->state, m->ck, "smtrend", r->e);
	r->marked = true;
	if (code || m->from <= 0)
		return code;
	if (r->any_post)
		return err_set(r->e, ERR_DATA, "a resumed stream must start with a mark, not with a record");
	code = state_read(r->state, m->from, STATE_MAX, &b, r->e);
	if (code == ERR_NOT_FOUND) {
		diag_note("the checkpoint has no windows for seq %lld: starting with empty ones", (long long)m->from);
		code = 0;
	} else if (!code) {
		code = trend_load(r->trend, b.p, b.n, r->e);
		if (code)
			err_wrap(r->e, "%s/state/smtrend/%lld", m->ck, (long long)m->from);
	}
	buf_release(&b);
	return code;
}

/* Write the state that the mark asks for. */
static int keep_state(struct run *r, const struct mark *m)
{
	struct buf b = BUF_INIT;
	int code = r->state ? 0 : open_state(r, m);
	if (!code) {
		trend_save(r->trend, &b);
		code = state_write(r->state, m->seq, b.p, b.n, r->e);
		metrics_set(report_metrics(), METRIC_STATE_BYTES, (int64_t)b.n);
	}
	buf_release(&b);
	return code ? code : state_prune(r->state, r->e);
}

/* Nothing comes any more, and no checkpoint keeps the open windows. */
static int finish(struct run *r)
{
	int code = r->marked || r->finished ? 0 : trend_finish(r->trend, r->e);
	r->finished = true;
	return code || !r->window.n ? code : put_window(r, r->e);
}

static int pass_mark(struct run *r)
{
	const struct mark *m = &r->pull->mark;
	bool keeps = r->pull->trusted && m->seq >= 0;
	struct buf own = BUF_INIT;
	int code = 0;
	if (m->stream && m->ck && !keeps && !r->any_mark)
		diag_note("cannot access checkpoint %s: the windows are not saved", m->ck);
	r->any_mark = true;
	if (keeps)
		code = keep_state(r, m);
	if (!code && m->end)
		code = finish(r);
	const char *line = r->pull->line;
	size_t n = r->pull->nline;
	if (trend_stats(r->trend)->too_late)
		mark_withhold(&r->pull->mark, &own, &line, &n);
	mark_recount(&r->pull->mark, &own, &line, &n, r->pull->records, r->rows);
	if (!code && r->show.form == SHOW_NDJSON) /* the other forms have no place for marks */
		output_mark(&r->out, line, n);
	buf_release(&own);
	return code == ERR_DATA ? pull_at(r->pull, r->e) : code;
}

/* --- the run --- */

static void read_kinds(struct run *r)
{
	for (const char *p = opt_by, *end; *p; p = *end ? end + 1 : end) {
		enum entity_kind k;
		struct near near;
		end = strchrnul(p, ',');
		if (!entity_by_name(p, (size_t)(end - p), &k))
			opt_usage("--by: '%.*s' is not one of tags|mentions|links|words%s", (int)(end - p), p,
				  near_of(&near, p, (size_t)(end - p), "tags|mentions|links|words"));
		r->o.kinds |= 1u << k;
	}
	if (!r->o.kinds)
		opt_usage("--by: empty list");
}

static void read_times(struct run *r)
{
	r->times = mem_strdup(opt_time);
	for (char *p = r->times, *end; *p; p = end) {
		end = strchrnul(p, ',');
		if (r->o.ntimes == TOPICS_TIMES || end == p)
			opt_usage("--time must be 1 to %d field names", TOPICS_TIMES);
		if (*end)
			*end++ = '\0';
		r->o.time[r->o.ntimes++] = p;
	}
	if (!r->o.ntimes)
		opt_usage("--time: empty list");
}

static struct trend *new_trend(struct run *r)
{
	struct trend_opts o = { .top = opt_top, .min_count = opt_min_support, .min_score = opt_min_score, .memory = opt_memory };
	r->by_count = strcmp(opt_order, "count") == 0;
	o.order = r->by_count ? TREND_BY_COUNT : TREND_BY_SCORE;
	o.min_authors = o.order == TREND_BY_COUNT && !min_authors_given ? 1 : opt_min_authors;
	o.window_us = opt_window / 1000;
	o.slide_us = slide_given ? opt_slide / 1000 : o.window_us;
	o.delay_us = opt_watermark / 1000;
	if (o.slide_us <= 0 || o.window_us < o.slide_us || o.window_us % o.slide_us || o.window_us / o.slide_us > MAX_PANES)
		opt_usage("--window must be a multiple of --slide, at most %d times", MAX_PANES);
	if (o.window_us > INT64_C(36525) * US_PER_DAY || o.delay_us < 0 || o.delay_us > INT64_C(36525) * US_PER_DAY)
		opt_usage("--window and --watermark must be at most 100 years");
	o.half_life_us = half_life_given ? opt_half_life / 1000 : 24 * o.window_us;
	if (o.half_life_us <= 0)
		opt_usage("--half-life must be greater than 0");
	return trend_new(&o, emit, r);
}

static void start_show(struct run *r)
{
	if (opt_table)
		so.output = "table";
	if (show_init(&r->show, &so, &r->out, SHOW_TABLE, r->e) < 0)
		opt_usage("%s", r->e->msg);
	show_columns(&r->show, 12, "window_start\0window_end\0kind\0rank\0key\0display\0count\0authors\0score\0expected\0exact\0partial\0");
}

/* For the metrics, a block at a time. */
static void measure(const struct run *r)
{
	struct metrics *m = report_metrics();
	const struct trend_stats *s = trend_stats(r->trend);
	struct trend_now now = trend_now(r->trend);
	metrics_set(m, METRIC_LATE, (int64_t)s->late);
	metrics_set(m, METRIC_TOO_LATE, (int64_t)s->too_late);
	metrics_set(m, METRIC_WINDOWS, (int64_t)s->windows);
	metrics_set(m, METRIC_PANES_OPEN, (int64_t)now.panes);
	metrics_set(m, METRIC_TOPICS, (int64_t)now.topics);
	metrics_set(m, METRIC_WINDOW_BYTES, (int64_t)trend_memory(r->trend));
	if (!now.any)
		return;
	metrics_set(m, METRIC_NEWEST_EVENT, now.newest_us);
	metrics_set(m, METRIC_WATERMARK, now.watermark_us);
}

static int run(struct run *r, char **files, size_t n)
{
	const char *paths[TOPICS_FIELDS];
	const struct pull_opts o = { .tool = tool.name, .on_error = opt_on_error, .fields = paths,
		.nfields = topics_fields(r->topics, paths), .out = &r->out, .metrics = report_metrics(), .blocks = true };
	int got = pull_open(&r->pull, (const char *const *)files, n, &o, r->e);
	if (got)
		return got;
	r->out.unbuffered = opt_unbuffered;
	while ((got = pull_next(r->pull, r->e)) > 0) {
		if (got == PULL_BLOCK_END)
			measure(r);
		got = got == PULL_MARK ? pass_mark(r) : got == PULL_RECORD ? count_record(r) : 0;
		if (got || r->out.failed)
			return got;
	}
	return got || (got = finish(r)) ? got : show_end(&r->show, r->e);
}

static void notes(const struct run *r)
{
	const struct trend_stats *s = trend_stats(r->trend);
	if (s->late)
		diag_note("%llu records were behind the watermark, %llu of them too late for any window", (unsigned long long)s->late,
			  (unsigned long long)s->too_late);
	if (r->any_post && !topics_any_author(r->topics))
		diag_note("no record has an author in %s: all count as one author; see --author, --min-authors", opt_author);
}

int main(int argc, char **argv)
{
	struct err e = { 0 }, why = { 0 };
	struct run r = { .e = &e };
	diag_init(tool.name);
	int n = opt_parse(&tool, argc, argv), status = 0;
	read_kinds(&r);
	read_times(&r);
	r.o.author = opt_author;
	r.o.text = opt_text;
	r.o.id = opt_id;
	r.o.extract = opt_extract;
	r.o.any_dialect = !entity_dialect_by_name(opt_dialect, &r.o.dialect);
	r.trend = new_trend(&r);
	r.topics = topics_new(&r.o);
	report_stdout(&r.out);
	start_show(&r);
	int got = run(&r, argv + 1, (size_t)n);
	if (got < 0)
		status = diag_fail(&e);
	else
		notes(&r);
	measure(&r);
	status = diag_worse(status, pull_close(r.pull, &why), &why);
	status = diag_finish(&r.out, status);
	topics_free(r.topics);
	trend_free(r.trend);
	state_close(r.state);
	show_release(&r.show);
	buf_release(&r.window);
	mem_free(r.times);
	return status;
}
