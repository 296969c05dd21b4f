// SPDX-License-Identifier: MIT
/* smtrend - what is talked about more than before. Table, glue and main; the work is in lib/text and lib/sketch. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/mem.h"
#include "cli/diag.h"
#include "cli/opt.h"
#include "stream/mark.h"
#include "stream/reject.h"
#include "stream/state.h"
#include "stream/trust.h"
#include "io/input.h"
#include "io/output.h"
#include "json/pick.h"
#include "sketch/murmur.h"
#include "sketch/trend.h"
#include "text/entity.h"
#include "text/width.h"

#include <unistd.h>

#define MAX_TIMES 8
#define MAX_PANES 100000
#define STATE_MAX ((size_t)3 << 30)
#define BAR 20
#define NAME 28

static const char *opt_by = "tags", *opt_time = "created_at,indexed_at,observed_at", *opt_author = "author.id",
		  *opt_text = "text", *opt_id = "id", *opt_dialect = "auto", *opt_order = "score", *opt_on_error;
static int64_t opt_window = 3600 * NS_PER_SEC, opt_slide, opt_watermark = 600 * NS_PER_SEC, opt_half_life;
static uint64_t opt_top = 10, opt_min_support = 1, opt_min_authors = 5, opt_memory = (uint64_t)256 << 20;
static double opt_min_score = 3;
static bool opt_table, opt_last, opt_extract, opt_unbuffered, min_authors_given, half_life_given, slide_given;

static const struct opt options[] = {
	{ 'b', "by", OPT_STR, &opt_by, "KINDS", "what to count: tags, mentions, links, words, separated by commas (default tags)" },
	{ 'w', "window", OPT_DURATION, &opt_window, "DURATION", "event time that a window spans (default 1h)" },
	{ 's', "slide", OPT_DURATION, &opt_slide, "DURATION", "from one window to the next; the window is a multiple of it (default: the window)", &slide_given },
	{ 0, "watermark", OPT_DURATION, &opt_watermark, "DURATION", "how far behind the latest time a record may come (default 10m)" },
	{ 't', "top", OPT_U64, &opt_top, "N", "rows of each kind in a window; 0: all (default 10)" },
	{ 0, "order", OPT_ENUM, &opt_order, "score|count", "what stands out against the past (the default), or what is named most" },
	{ 0, "min-support", OPT_U64, &opt_min_support, "N", "least number of posts (default 1)" },
	{ 0, "min-authors", OPT_U64, &opt_min_authors, "N", "least number of different authors (default 5; 1 with --order=count)", &min_authors_given },
	{ 0, "min-score", OPT_DOUBLE, &opt_min_score, "Z", "least score, with --order=score (default 3)" },
	{ 0, "half-life", OPT_DURATION, &opt_half_life, "DURATION", "age at which the past counts half (default 24 windows)", &half_life_given },
	{ 0, "time", OPT_STR, &opt_time, "PATHS", "event time: the earliest of these fields (default created_at,indexed_at,observed_at)" },
	{ 0, "author", OPT_STR, &opt_author, "PATH", "who wrote it (default author.id)" },
	{ 0, "text", OPT_STR, &opt_text, "PATH", "the text (default text)" },
	{ 0, "id", OPT_STR, &opt_id, "PATH", "what tells edits and deletions (default id)" },
	{ 0, "extract", OPT_FLAG, &opt_extract, NULL, "find tags, mentions and links in the text even where the record lists them" },
	{ 0, "dialect", OPT_ENUM, &opt_dialect, "auto|twitter|bluesky|mastodon", "whose rules for tags and mentions (default auto: by the field network)" },
	{ 0, "table", OPT_FLAG, &opt_table, NULL, "print tables for people" },
	{ 0, "last", OPT_FLAG, &opt_last, NULL, "print only the last window" },
	{ 0, "memory", OPT_SIZE, &opt_memory, "SIZE", "stop when the open windows need more (default 256MiB)" },
	{ 0, "on-error", OPT_STR, &opt_on_error, REJECT_ARG, REJECT_HELP },
	{ 0, "unbuffered", OPT_FLAG, &opt_unbuffered, NULL, "write every row at once" },
	{ 0 }
};

static const char *const exits[] = {
	"0", "done", "1", "done, but bad records were skipped or rejected", "2", "usage",
	"3", "bad input, or more memory is needed than --memory allows", "4", "reading or writing failed",
	"5", "the state in the checkpoint was made with other options", NULL
};

static const char *const examples[] = {
	"smreplay landing | smtrend --window 1h --watermark 15d --top 20 --table", "tables of what stood out, hour by hour",
	"smtrend --by tags,words --window 1d --slide 1h --last posts.ndjson", "the last day, as NDJSON",
	"smtrend --order count --window 7d --by links posts.ndjson", "the most shared links of each week", NULL
};

static const char *const see_also[] = { "smreplay(1)", "smsentiment(1)", "smcheckpoint(1)", NULL };

static const struct tool tool = {
	.name = "smtrend",
	.summary = "trending tags, mentions, links and words per window of event time",
	.synopsis = "[OPTION]… [FILE]…",
	.description =
		"Counts, in windows of event time, the posts that name a topic and their different authors, and compares these with what the "
		"windows before would let one expect. A row is printed for every topic that stands out, best first:\n\n"
		"{\"window_start\", \"window_end\", \"kind\", \"rank\", \"key\", \"display\", \"count\", \"authors\", \"score\", \"expected\", "
		"\"exact\"}\n\n"
		"A window is printed when the watermark, the latest time seen less --watermark, reaches its end; at the end of the input the "
		"open ones follow, marked \"partial\":true where more could have come. The wall clock plays no part: the same records in "
		"the same order give the same rows.\n\n"
		"Tags, mentions and links are those that a record lists (tags, mentions, links), otherwise they are looked for in its text. "
		"A record whose id was seen before in an open window replaces the earlier one; op \"delete\" takes it back. A record "
		"without an author counts as written by one unknown author.\n\n"
		"With marks that name a checkpoint the open windows are kept there and not printed at the end of the input: the next run "
		"goes on with them.",
	.opts = options,
	.exits = exits,
	.examples = examples,
	.see_also = see_also,
};

enum { F_TEXT, F_AUTHOR, F_ID, F_OP, F_LANG, F_NETWORK, F_TAGS, F_MENTIONS, F_LINKS, F_TIME, F_MAX = F_TIME + MAX_TIMES };

struct item {
	enum entity_kind kind;
	const char *form;
	uint32_t nform, key, nkey;   /* key: offset in keys */
};

struct run {
	struct input *in;
	struct output out;
	struct json_pick *pick;
	struct reject *rejects;
	struct trend *trend;
	struct stopwords *stop;
	struct state *state;
	struct trust trust;
	unsigned kinds;
	size_t ntimes;
	char *times;                 /* --time, cut up */
	const char *time_path[MAX_TIMES];
	struct arena arena;
	struct buf text, keys, id, window;
	struct item *item;
	struct trend_topic *topic;
	size_t nitem, itemcap, topiccap;
	const char *lang;
	size_t nlang;
	bool any_author, any_post, any_mark;
	bool marked, finished;       /* the windows are in a checkpoint; they were written out */
	int64_t last_time;
	struct err *e;
};

static int before_wait(void *arg, struct err *e)
{
	struct run *r = arg;
	return output_flush(&r->out, e);
}

/* --- printing --- */

static void put_time(struct buf *b, int64_t us)
{
	buf_putc(b, '"');
	b->n += time_format(buf_reserve(b, 40), us, -1, true);
	buf_putc(b, '"');
}

static void put_row(struct buf *b, const struct trend_window *w, const struct trend_row *row)
{
	buf_puts(b, "{\"window_start\":");
	put_time(b, w->start_us);
	buf_puts(b, ",\"window_end\":");
	put_time(b, w->end_us);
	buf_printf(b, ",\"kind\":\"%s\",\"rank\":%u,\"key\":", entity_name((enum entity_kind)row->kind), row->rank);
	json_put_string(b, row->key, row->nkey);
	buf_puts(b, ",\"display\":");
	json_put_string(b, row->form, row->nform);
	buf_printf(b, ",\"count\":%llu,\"authors\":%llu,\"score\":", (unsigned long long)row->count, (unsigned long long)row->authors);
	json_put_double(b, row->score);
	buf_puts(b, ",\"expected\":");
	json_put_double(b, row->expected);
	buf_puts(b, row->authors_exact ? ",\"exact\":true" : ",\"exact\":false");
	buf_puts(b, w->open ? ",\"partial\":true}\n" : "}\n");
}

static void put_table(struct run *r, struct buf *b, const struct trend_window *w)
{
	static const char *const sign[] = { "#", "@", "", "" };
	static const char *const title[] = { "tags", "mentions", "links", "words" };
	char from[40], to[40];
	size_t nfrom = time_format(from, w->start_us, 0, false), nto = time_format(to, w->end_us, 0, false);
	double most = 1e-9;
	bool count = strcmp(opt_order, "count") == 0;
	from[10] = to[10] = ' ';
	buf_printf(b, "%.*s to %.*s UTC, %llu posts%s\n", (int)nfrom, from, (int)nto, to, (unsigned long long)w->posts,
		   w->open ? ", not over yet" : "");
	if (!w->n)
		buf_puts(b, "  nothing stands out\n");
	for (size_t i = 0; i < w->n; i++) {
		const struct trend_row *row = &w->row[i];
		double value = count ? (double)row->count : row->score;
		if (row->rank == 1) {
			most = value > 1e-9 ? value : 1e-9;
			buf_printf(b, "       %-*s%8s%9s%10s%8s\n", NAME, title[row->kind], "posts", "authors", "expected", "score");
		}
		buf_printf(b, "  %3u  ", row->rank);
		buf_clear(&r->id);
		buf_puts(&r->id, sign[row->kind]);
		buf_put(&r->id, row->form, row->nform);
		text_fit(b, r->id.p, r->id.n, NAME);
		buf_printf(b, "%8llu%9llu%10.1f%8.2f  ", (unsigned long long)row->count, (unsigned long long)row->authors,
			   row->expected, row->score);
		text_bar(b, value / most, BAR);
		buf_putc(b, '\n');
	}
	buf_putc(b, '\n');
}

static int emit(void *arg, const struct trend_window *w, struct err *e)
{
	struct run *r = arg;
	if (!w->n && !(opt_table && opt_last))
		return 0;
	struct buf *b = opt_last ? &r->window : &r->out.buf;
	if (opt_last)
		buf_clear(b);
	if (opt_table)
		put_table(r, b, w);
	else
		for (size_t i = 0; i < w->n; i++)
			put_row(b, w, &w->row[i]);
	if (!opt_last)
		output_end_record(&r->out);
	return r->out.failed ? output_flush(&r->out, e) : 0;
}

/* --- what a record is about --- */

static void add_item(void *arg, enum entity_kind kind, const char *p, size_t n)
{
	struct run *r = arg;
	size_t from = r->keys.n;
	if (n == 0 || n > ENTITY_MAX)
		return;
	entity_key(&r->keys, kind, p, n);
	size_t nkey = r->keys.n - from;
	if (nkey == 0 || (kind == ENTITY_WORD && stopwords_has(r->stop, r->lang, r->nlang, r->keys.p + from, nkey))) {
		r->keys.n = from;
		return;
	}
	MEM_GROW(r->item, r->itemcap, r->nitem + 1);
	r->item[r->nitem++] = (struct item){ kind, p, (uint32_t)n, (uint32_t)from, (uint32_t)nkey };
}

/* An element of tags, mentions or links: a string, or an object with the member that names it. */
static void add_listed(struct run *r, enum entity_kind kind, const struct json *v)
{
	static const char *const member[][2] = { { "name", "tag" }, { "handle", "id" }, { "url", "expanded_url" } };
	static const char sign[] = { '#', '@', '\0' };
	for (int i = 0; i < 2 && v->type == JSON_OBJECT; i++) {
		const struct json *m = json_get(v, member[kind][i]);
		if (m && m->type == JSON_STRING)
			v = m;
	}
	if (v->type != JSON_STRING)
		return;
	size_t skip = v->nstr && sign[kind] && v->str[0] == sign[kind];
	add_item(r, kind, v->str + skip, v->nstr - skip);
}

/* The record's own lists; returns the kinds that are left to look for in the text. */
static int listed(struct run *r, const struct json_record *rec, unsigned *left, struct err *why)
{
	static const int field[] = { F_TAGS, F_MENTIONS, F_LINKS };
	*left = r->kinds;
	arena_clear(&r->arena);
	for (int k = ENTITY_TAG; k <= ENTITY_LINK && !opt_extract; k++) {
		const struct json_field *f = &rec->field[field[k]];
		struct json *list;
		if (!(r->kinds >> k & 1) || !f->p || f->type != JSON_ARRAY)
			continue;
		int code = json_parse(&list, &r->arena, f->p, f->n, why);
		if (code)
			return code;
		*left &= ~(1u << k);
		for (const struct json *v = list->child; v; v = v->next)
			add_listed(r, (enum entity_kind)k, v);
	}
	return 0;
}

static int bad_field(struct err *why, const struct json_record *rec, const struct json_field *f, const char *name, const char *what)
{
	err_set(why, ERR_DATA, "field %s %s: %.*s", name, what, (int)(f->n < 80 ? f->n : 80), f->p);
	why->col = (uint64_t)(f->p - rec->p) + 1;
	return ERR_DATA;
}

/* The earliest of the --time fields. */
static int event_time(struct run *r, const struct json_record *rec, bool deleted, int64_t *us, struct err *why)
{
	bool any = false;
	for (size_t i = 0; i < r->ntimes; i++) {
		const struct json_field *f = &rec->field[F_TIME + i];
		enum time_zone zone;
		int64_t t;
		if (!f->p || f->type == JSON_NULL)
			continue;
		if (f->type != JSON_STRING || !time_parse(f->p + 1, f->n - 2, &t, &zone))
			return bad_field(why, rec, f, r->time_path[i], "is no RFC 3339 time");
		*us = any && *us < t ? *us : t;
		any = true;
	}
	if (any || (deleted && r->any_post)) {
		*us = any ? *us : r->last_time;
		return 0;
	}
	return err_set(why, ERR_DATA, "no time in %s", opt_time);
}

/* A 128-bit hash of a string's or number's text; false for anything else. */
static bool hash_field(struct run *r, const struct json_field *f, uint64_t h[2])
{
	if (!f->p || (f->type != JSON_STRING && f->type != JSON_NUMBER))
		return false;
	buf_clear(&r->id);
	if (f->type == JSON_STRING)
		json_unescape(&r->id, f->p, f->n);
	else
		buf_put(&r->id, f->p, f->n);
	murmur3_128(r->id.p, r->id.n, MURMUR_SEED, h);
	return true;
}

static enum entity_dialect dialect_of(const struct json_field *network)
{
	enum entity_dialect d = DIALECT_TWITTER;
	if (strcmp(opt_dialect, "auto") != 0)
		entity_dialect_by_name(opt_dialect, &d);
	else if (network->p && network->type == JSON_STRING)
		d = entity_dialect_of(network->p + 1, network->n - 2);
	return d;
}

static int find_items(struct run *r, const struct json_record *rec, struct err *why)
{
	const struct json_field *text = &rec->field[F_TEXT], *lang = &rec->field[F_LANG];
	unsigned left;
	buf_clear(&r->keys);
	buf_clear(&r->text);
	r->nitem = 0;
	r->nlang = lang->p && lang->type == JSON_STRING ? lang->n - 2 : 0;
	r->lang = r->nlang ? lang->p + 1 : "";
	int code = listed(r, rec, &left, why);
	if (code || !text->p || text->type == JSON_NULL || !left)
		return code;
	if (text->type != JSON_STRING)
		return bad_field(why, rec, text, opt_text, "is no string");
	json_unescape(&r->text, text->p, text->n);
	entity_extract(r->text.p, r->text.n, dialect_of(&rec->field[F_NETWORK]), left, add_item, r);
	return 0;
}

/* Negative: about the record, in WHY, or (*FATAL) about the run, in r->e. */
static int count_record(struct run *r, const struct json_record *rec, struct err *why, bool *fatal)
{
	const struct json_field *op = &rec->field[F_OP];
	struct trend_post p = { .deleted = op->p && op->n == 8 && memcmp(op->p, "\"delete\"", 8) == 0 };
	uint64_t author[2] = { 0, 0 };
	int code = event_time(r, rec, p.deleted, &p.time_us, why);
	if (code)
		return code;
	r->nitem = 0;
	if (!p.deleted && (code = find_items(r, rec, why)))
		return code;
	r->any_author |= hash_field(r, &rec->field[F_AUTHOR], author);
	p.has_id = hash_field(r, &rec->field[F_ID], p.id);
	p.author = author[0];
	struct trend_topic *topic = MEM_GROW(r->topic, r->topiccap, r->nitem);
	for (size_t i = 0; i < r->nitem; i++) {
		const struct item *x = &r->item[i];
		topic[i] = (struct trend_topic){ x->kind, r->keys.p + x->key, x->form, x->nkey, x->nform };
	}
	p.topic = topic;
	p.n = r->nitem;
	r->last_time = p.time_us;
	r->any_post = true;
	r->finished = false;
	code = trend_post(r->trend, &p, r->e);
	*fatal = code < 0;
	return code;
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
		return err_set(r->e, ERR_DATA, "a stream that resumes, but records came before its first mark");
	code = state_read(r->state, m->from, STATE_MAX, &b, r->e);
	if (code == ERR_NOT_FOUND) {
		diag_note("the checkpoint has no windows for %lld: they begin empty", (long long)m->from);
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
	}
	buf_release(&b);
	return code ? code : state_prune(r->state, r->e);
}

/* Nothing comes any more, and no checkpoint keeps the open windows. */
static int finish(struct run *r)
{
	int code = r->marked || r->finished ? 0 : trend_finish(r->trend, r->e);
	r->finished = true;
	if (!code && r->window.n) {
		output_put(&r->out, r->window.p, r->window.n);
		output_end_record(&r->out);
		buf_clear(&r->window);
	}
	return code;
}

static int pass_mark(struct run *r, const struct json_record *rec)
{
	struct mark m = MARK_INIT;
	bool good = false;
	int code = reject_flush(r->rejects, r->e);
	arena_clear(&r->arena);
	if (!code)
		code = mark_parse(&m, &r->arena, rec->p, rec->n, r->e);
	if (!code && m.ck && m.seq >= 0)
		code = trust_mark(&r->trust, &m, &good, r->e);
	if (!code && m.stream && m.ck && !good && !r->any_mark)
		diag_note("the checkpoint %s is out of reach: the windows are not kept there", m.ck);
	r->any_mark = true;
	if (!code && good)
		code = keep_state(r, &m);
	if (!code && m.end)
		code = finish(r);
	if (!code && !opt_table)
		output_line(&r->out, rec->p, rec->n);
	return code;
}

/* --- the run --- */

static int do_block(struct run *r, const struct block *b)
{
	struct json_record rec;
	struct err why = { 0 };
	int got;
	json_pick_block(r->pick, b->p, b->n);
	while ((got = json_pick_next(r->pick, &rec, &why)) != 0) {
		uint64_t line = b->line + (got > 0 ? rec.line : why.line);
		bool fatal = false;
		if (got > 0 && rec.is_mark) {
			got = pass_mark(r, &rec);
			if (got)
				return got == ERR_DATA && !r->e->file[0] ? err_at(r->e, b->file, line, r->e->col) : got;
			continue;
		}
		if (got > 0)
			got = count_record(r, &rec, &why, &fatal);
		if (got >= 0)
			continue;
		if (fatal)
			return err_at(r->e, b->file, line, 0);
		err_at(&why, b->file, line, why.col);
		got = reject_record(r->rejects, rec.p, rec.n, &why, r->e);
		if (got < 0)
			return got;
	}
	return 0;
}

static void read_kinds(struct run *r)
{
	for (const char *p = opt_by, *end; *p; p = *end ? end + 1 : end) {
		enum entity_kind k;
		end = strchrnul(p, ',');
		if (!entity_by_name(p, (size_t)(end - p), &k))
			opt_usage("--by: '%.*s' is none of tags, mentions, links, words", (int)(end - p), p);
		r->kinds |= 1u << k;
	}
	if (!r->kinds)
		opt_usage("--by names nothing");
}

static void read_times(struct run *r)
{
	r->times = mem_strdup(opt_time);
	for (char *p = r->times, *end; *p; p = end) {
		end = strchrnul(p, ',');
		if (r->ntimes == MAX_TIMES || end == p)
			opt_usage("--time: 1 to %d field names, separated by commas", MAX_TIMES);
		if (*end)
			*end++ = '\0';
		r->time_path[r->ntimes++] = p;
	}
	if (!r->ntimes)
		opt_usage("--time names no field");
}

static struct trend *new_trend(struct run *r)
{
	struct trend_opts o = { .top = opt_top, .min_count = opt_min_support, .min_score = opt_min_score, .memory = opt_memory };
	o.order = strcmp(opt_order, "count") ? TREND_BY_SCORE : TREND_BY_COUNT;
	o.min_authors = o.order == TREND_BY_COUNT && !min_authors_given ? 1 : opt_min_authors;
	o.window_us = opt_window / 1000;
	o.slide_us = slide_given ? opt_slide / 1000 : o.window_us;
	o.delay_us = opt_watermark / 1000;
	if (o.slide_us <= 0 || o.window_us < o.slide_us || o.window_us % o.slide_us || o.window_us / o.slide_us > MAX_PANES)
		opt_usage("--window must be a multiple of --slide, once to %d times", MAX_PANES);
	if (o.window_us > INT64_C(36525) * US_PER_DAY || o.delay_us < 0 || o.delay_us > INT64_C(36525) * US_PER_DAY)
		opt_usage("--window and --watermark end at 100 years");
	o.half_life_us = half_life_given ? opt_half_life / 1000 : 24 * o.window_us;
	if (o.half_life_us <= 0)
		opt_usage("--half-life must be more than nothing");
	return trend_new(&o, emit, r);
}

static int run(struct run *r, char **files, size_t n)
{
	const struct input_opts in_opts = { .before_wait = before_wait, .arg = r };
	const char *paths[F_MAX] = { opt_text, opt_author, opt_id, "op", "lang", "network", "tags", "mentions", "links" };
	struct block b;
	for (size_t i = 0; i < r->ntimes; i++)
		paths[F_TIME + i] = r->time_path[i];
	int got = reject_open(&r->rejects, tool.name, opt_on_error, r->e);
	if (!got)
		got = json_pick_new(&r->pick, paths, F_TIME + r->ntimes, r->e);
	if (got)
		return got;
	r->out.unbuffered = opt_unbuffered;
	r->in = input_new((const char *const *)files, n, &in_opts);
	while ((got = input_block(r->in, &b, r->e)) == INPUT_OK) {
		got = do_block(r, &b);
		if (got || r->out.failed)
			return got;
	}
	return got ? got : finish(r);
}

static void notes(const struct run *r)
{
	const struct trend_stats *s = trend_stats(r->trend);
	if (s->late)
		diag_note("%llu records came behind the watermark; %llu of them too late for any window", (unsigned long long)s->late,
			  (unsigned long long)s->too_late);
	if (r->any_post && !r->any_author)
		diag_note("no record has an author in %s: all count as one author's; see --author, --min-authors", opt_author);
}

static void release(struct run *r)
{
	input_free(r->in);
	json_pick_free(r->pick);
	trend_free(r->trend);
	stopwords_free(r->stop);
	state_close(r->state);
	trust_release(&r->trust);
	arena_release(&r->arena);
	buf_release(&r->text);
	buf_release(&r->keys);
	buf_release(&r->id);
	buf_release(&r->window);
	mem_free(r->times);
	mem_free(r->item);
	mem_free(r->topic);
}

int main(int argc, char **argv)
{
	struct err e = { 0 }, why = { 0 };
	struct run r = { .arena = ARENA_INIT, .e = &e };
	diag_init(tool.name);
	int n = opt_parse(&tool, argc, argv), status = 0;
	read_kinds(&r);
	read_times(&r);
	r.trend = new_trend(&r);
	r.stop = stopwords_new();
	output_init(&r.out, STDOUT_FILENO, "standard output");
	int got = run(&r, argv + 1, (size_t)n);
	if (got < 0)
		status = diag_fail(&e);
	else
		notes(&r);
	got = reject_close(r.rejects, &why);
	if (got < 0) {
		int s = diag_fail(&why);
		status = status ? status : s;
	}
	status = diag_finish(&r.out, status);
	release(&r);
	return status;
}
