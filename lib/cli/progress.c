/* SPDX-License-Identifier: MIT */
/* The line that moves, and how it is taken away. */
#include "cli/progress.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/term.h"
#include "cli/diag.h"
#include "text/width.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CLEAR "\r\033[K"
#define FIRST_NS (2 * NS_PER_SEC)      /* what is done sooner needs no line */
#define EVERY_NS (NS_PER_SEC / 5)
#define STILL_NS NS_PER_SEC            /* nothing was printed on the same terminal for that long */
#define HELD_NS (2 * NS_PER_SEC)       /* a shorter wait is nobody's business */

/* What was counted some seconds ago: rates are of late, not of all the time. */
enum { SAMPLES = 16 };
struct sample {
	int64_t at, count, read;
};

static struct progress {
	bool on, shown, printing, terminal;
	const char *tool;
	struct metrics *m;
	pthread_mutex_t lock;
	int64_t start, drawn, said_at;
	int64_t printed, printed_at;       /* bytes of output, and when they last changed */
	int64_t came;                      /* bytes of input */
	int64_t held_at;                   /* the input has been waited for since then; 0: it has not */
	struct sample sample[SAMPLES];
	unsigned nsamples;                 /* of all; they go round */
	uint64_t total;
	struct buf line, said;
} p = { .lock = PTHREAD_MUTEX_INITIALIZER };

bool progress_start(const char *tool, struct metrics *m, int64_t now)
{
	struct stat st;
	p.tool = tool;
	p.m = m;
	p.start = now;
	p.terminal = isatty(STDOUT_FILENO);
	bool last = fstat(STDOUT_FILENO, &st) == 0 && !S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode);
	return p.on = last && term_live(STDERR_FILENO);
}

void progress_printing(void)
{
	p.printing = true;
}

void progress_total(uint64_t n)
{
	p.total = n;
}

/* --- the text --- */

static int64_t counted(enum metric id)
{
	int64_t n = metrics_get(p.m, id);
	return n > 0 ? n : 0;
}

/* What the tool counts, and the name of it. */
static int64_t count(const char **unit)
{
	static const struct { const char *tool, *unit; } other[] = { { "smreplay", "rows" }, { "smcommit", "actions" },
		{ "smcheckpoint", "commits" } };
	int64_t in = counted(METRIC_RECORDS_IN);
	*unit = "records";
	for (size_t i = 0; i < sizeof other / sizeof *other; i++)
		if (strcmp(p.tool, other[i].tool) == 0)
			*unit = other[i].unit;
	return in ? in : counted(METRIC_RECORDS_OUT);
}

static void take_sample(int64_t now)
{
	const char *unit;
	struct sample *s = &p.sample[p.nsamples % SAMPLES];
	if (p.nsamples && now - p.sample[(p.nsamples - 1) % SAMPLES].at < NS_PER_SEC / 2)
		return;
	*s = (struct sample){ now, count(&unit), counted(METRIC_INPUT_READ) };
	p.nsamples++;
}

static const struct sample *oldest(void)
{
	return &p.sample[p.nsamples > SAMPLES ? p.nsamples % SAMPLES : 0];
}

/* How far it is, when DONE of ALL are done, and how long that will take at SPEED a second. */
static void put_share(struct buf *b, int64_t done, int64_t all, double speed)
{
	char t[PROGRESS_TEXT];
	buf_printf(b, " (%d%%)", (int)(100.0 * (double)done / (double)all));
	if (speed > 0 && done < all)
		buf_printf(b, ", %s left", progress_duration(t, (int64_t)((double)(all - done) / speed * 1e9)));
}

static void put_how_far(struct buf *b, int64_t now)
{
	char t[PROGRESS_TEXT], u[PROGRESS_TEXT];
	const char *unit;
	const struct sample *s = oldest();
	int64_t n = count(&unit), size = counted(METRIC_INPUT_SIZE), read = counted(METRIC_INPUT_READ);
	double seconds = (double)(now - s->at + 1) / 1e9, rate = (double)(n - s->count) / seconds;
	if (n) {
		buf_printf(b, "%s", progress_count(t, (uint64_t)n));
		if (p.total)
			buf_printf(b, " of %s", progress_count(t, p.total));
		buf_printf(b, " %.*s, %s", (int)strlen(unit) - (n == 1 && !p.total), unit, progress_rate(t, rate)); /* 1 record */
		if (p.total && (uint64_t)n <= p.total)
			put_share(b, n, (int64_t)p.total, rate);
	}
	if (size >= read && size > 0) {
		buf_printf(b, "%s%sB of %sB", n ? ", " : "", progress_count(t, (uint64_t)read), progress_count(u, (uint64_t)size));
		put_share(b, read, size, (double)(read - s->read) / seconds);
	} else if (counted(METRIC_FILES_READ)) {
		int64_t files = counted(METRIC_FILES_READ), all = files + counted(METRIC_BACKLOG_FILES);
		buf_printf(b, "%s%s of %s files", n ? ", " : "", progress_count(t, (uint64_t)files), progress_count(u, (uint64_t)all));
		put_share(b, files, all, (double)files * 1e9 / (double)(now - p.start + 1));
	} else if (counted(METRIC_BYTES_IN)) {
		buf_printf(b, "%s%sB read", n ? ", " : "", progress_count(t, (uint64_t)counted(METRIC_BYTES_IN)));
	}
}

/* What else there is to say, where it has been counted. */
static void put_more(struct buf *b)
{
	static const struct { enum metric id; const char *before, *behind; } more[] = {
		{ METRIC_COMMITS, "", " commits" }, { METRIC_TABLE_VERSION, "version ", "" }, { METRIC_FILES_WRITTEN, "", " files written" },
		{ METRIC_WINDOWS, "", " windows" }, { METRIC_QUEUE_RECORDS, "", " in the queue" },
		{ METRIC_SPILL_BYTES, "", "B on disk" }, { METRIC_REJECTED, "", " bad" } };
	char t[PROGRESS_TEXT];
	for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
		int64_t n = counted(more[i].id);
		if (n)
			buf_printf(b, "%s%s%s%s", b->n ? ", " : "", more[i].before, progress_count(t, (uint64_t)n), more[i].behind);
	}
}

/* What the marks say of the source. */
static void put_place(struct buf *b)
{
	struct buf place = BUF_INIT;
	metrics_put_place(p.m, &place);
	if (place.n)
		buf_printf(b, "%s%s", b->n ? ", " : "", buf_cstr(&place));
	buf_release(&place);
}

static void put_wait(struct buf *b, int64_t now)
{
	char t[PROGRESS_TEXT];
	if (p.held_at && now - p.held_at >= HELD_NS)
		buf_printf(b, "%swaiting for input, %s", b->n ? ", " : "", progress_duration(t, now - p.held_at));
	else if (!b->n)
		buf_printf(b, "%s", progress_duration(t, now - p.start));
}

static void put_text(struct buf *b, int64_t now)
{
	if (p.said_at) {
		buf_put(b, p.said.p, p.said.n);
		return;
	}
	put_how_far(b, now);
	put_more(b);
	put_wait(b, now);
	put_place(b);
}

/* --- on the terminal --- */

/* Another job has the terminal. (Where it is not our terminal, tcgetpgrp fails, and nobody minds.) */
static bool in_background(void)
{
	pid_t front = tcgetpgrp(STDERR_FILENO);
	return front > 0 && front != getpgrp();
}

static void look(int64_t now)
{
	int64_t printed = counted(METRIC_BYTES_OUT);
	if (printed != p.printed)
		p.printed_at = now;
	p.printed = printed;
	int64_t came = counted(METRIC_BYTES_IN);
	if (!metrics_waiting(p.m, METRICS_UPSTREAM) || came != p.came)
		p.held_at = 0;
	else if (!p.held_at)
		p.held_at = now;
	p.came = came;
	take_sample(now);
}

static void draw(int64_t now)
{
	struct buf text = BUF_INIT, what = BUF_INIT;
	put_text(&what, now);
	buf_printf(&text, "%s: %s", p.tool, buf_cstr(&what));
	buf_release(&what);
	buf_clear(&p.line);
	buf_puts(&p.line, CLEAR);
	/* The last column stays free: some terminals wrap when it is filled. */
	text_cut(&p.line, text.p, text.n, term_columns(STDERR_FILENO) - 1);
	fd_write_all(STDERR_FILENO, p.line.p, p.line.n);
	buf_release(&text);
	p.shown = true;
	p.drawn = now;
}

static bool may_draw(int64_t now)
{
	if (now - p.start < FIRST_NS || now - p.drawn < EVERY_NS || diag_plain() || in_background())
		return false;
	return !p.terminal || (p.printing && now - p.printed_at >= STILL_NS);
}

void progress_tick(int64_t now)
{
	if (!p.on)
		return;
	pthread_mutex_lock(&p.lock);
	look(now);
	if (may_draw(now))
		draw(now);
	pthread_mutex_unlock(&p.lock);
}

void progress_hide(void)
{
	pthread_mutex_lock(&p.lock);
	if (p.shown)
		fd_write_all(STDERR_FILENO, CLEAR, sizeof CLEAR - 1);
	p.shown = false;
	p.printed_at = p.on ? clock_mono_ns() : 0;
	pthread_mutex_unlock(&p.lock);
}

void progress_end(void)
{
	progress_hide();
	p.on = false;
}

bool progress_due(void)
{
	return p.on && clock_mono_ns() - p.said_at >= EVERY_NS;
}

void progress_say(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	pthread_mutex_lock(&p.lock);
	buf_clear(&p.said);
	buf_vprintf(&p.said, fmt, ap);
	p.said_at = clock_mono_ns();
	pthread_mutex_unlock(&p.lock);
	va_end(ap);
}

/* --- texts --- */

const char *progress_count(char *to, uint64_t n)
{
	static const char units[] = "kMGTPE";
	uint64_t unit = 1000;
	size_t i = 0;
	if (n < 1000) {
		snprintf(to, PROGRESS_TEXT, "%u", (unsigned)n);
		return to;
	}
	while (units[i + 1] && n / unit >= 1000) {
		unit *= 1000;
		i++;
	}
	if (n / unit >= 100)
		snprintf(to, PROGRESS_TEXT, "%u%c", (unsigned)(n / unit), units[i]);
	else
		snprintf(to, PROGRESS_TEXT, "%u.%u%c", (unsigned)(n / unit), (unsigned)(n % unit / (unit / 10)), units[i]);
	return to;
}

const char *progress_rate(char *to, double per_second)
{
	if (!(per_second > 0)) {
		snprintf(to, PROGRESS_TEXT, "0/s");
	} else if (per_second < 9.95) {
		snprintf(to, PROGRESS_TEXT, "%.1f/s", per_second);
	} else if (per_second < 999.5) {
		snprintf(to, PROGRESS_TEXT, "%.0f/s", per_second);
	} else if (per_second < 1e6 - 0.5) {
		unsigned n = (unsigned)(per_second + 0.5);
		snprintf(to, PROGRESS_TEXT, "%u,%03u/s", n / 1000, n % 1000);
	} else {
		progress_count(to, per_second < 1e19 ? (uint64_t)per_second : UINT64_MAX);
		size_t n = strlen(to);
		snprintf(to + n, PROGRESS_TEXT - n, "/s");
	}
	return to;
}

const char *progress_duration(char *to, int64_t ns)
{
	int64_t s = ns > 0 ? ns / NS_PER_SEC : 0;
	if (s < 60)
		snprintf(to, PROGRESS_TEXT, "%ds", (int)s);
	else if (s < 3600)
		snprintf(to, PROGRESS_TEXT, "%dm%02ds", (int)(s / 60), (int)(s % 60));
	else if (s < 86400)
		snprintf(to, PROGRESS_TEXT, "%dh%02dm", (int)(s / 3600), (int)(s / 60 % 60));
	else
		snprintf(to, PROGRESS_TEXT, "%lldd%02dh", (long long)(s / 86400), (int)(s / 3600 % 24));
	return to;
}
