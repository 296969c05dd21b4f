/* SPDX-License-Identifier: MIT */
/* Reads the texts of smrate's options and checks that they go together. */
#include "rate/settings.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/near.h"
#include "base/num.h"
#include "json/number.h"

#include <string.h>

#define QUEUE_BYTES ((uint64_t)16 << 20)
#define LATE_RULES "pass|tag|drop|file:F"
#define FULL_RULES "block|drop-new|drop-old|sample:P|spill:DIR[:MAX]"
#define BALANCES "least-full|hash:PATH"
#define QUEUE_BYTES_MOST ((uint64_t)1 << 30)     /* where the queue is bounded by a number of records */

static bool is_given(const struct shape_rate *r)
{
	return r->per_ns > 0;
}

/* What follows PREFIX in S; NULL where S begins otherwise. */
static const char *after(const char *s, const char *prefix)
{
	size_t n = strlen(prefix);
	return strncmp(s, prefix, n) == 0 ? s + n : NULL;
}

static bool read_count(const char *s, uint64_t *n)
{
	return num_u64(s, strlen(s), n) && *n > 0;
}

static bool read_size(const char *s, uint64_t *n)
{
	return num_size(s, strlen(s), n) && *n > 0;
}

static bool read_time(const char *s, int64_t *ns)
{
	return duration_parse(s, strlen(s), ns) && *ns > 0;
}

/* --- the rate of all: -r, -b, --burst, --share, --adapt --- */

/* SIZE/TIME: the size, and what "1/TIME" says of the time. */
static bool read_bytes(const char *s, struct shape_rate *bytes)
{
	const char *slash = strchr(s, '/');
	size_t n = slash ? (size_t)(slash - s) : strlen(s);
	uint64_t size;
	char one[48] = "1";
	double count;
	if (!num_size(s, n, &size) || !size || (slash && strlen(slash) > sizeof one - 2))
		return false;
	if (slash)
		memcpy(one + 1, slash, strlen(slash) + 1);
	if (!num_rate(one, strlen(one), &count, &bytes->per_ns))
		return false;
	bytes->count = (double)size;
	return true;
}

static int64_t burst_of(const struct shape_rate *r, uint64_t n)
{
	return gcra_burst(r->count, r->per_ns, (double)n);
}

/* N is of records where they are limited, else of bytes; a time is for both. */
static int parse_burst(const char *s, const struct shape_rate *rate, const struct shape_rate *bytes,
		       struct share_limits *l, struct err *e)
{
	uint64_t n;
	int64_t time;
	if (!l->records && !l->bytes)
		return err_set(e, ERR_USAGE, "--burst needs -r or -b");
	if (l->records && read_count(s, &n))
		l->by_record.tau = burst_of(rate, n);
	else if (!l->records && read_size(s, &n))
		l->by_byte.tau = burst_of(bytes, n);
	else if (read_time(s, &time))
		l->by_record.tau = l->by_byte.tau = time;
	else
		return err_set(e, ERR_USAGE, "--burst: '%s' is not a number or a time", s);
	return 0;
}

static int parse_limits(struct shape_opts *o, const struct shape_settings *s, struct err *e)
{
	struct shaper *sh = &o->gate.shaper;
	struct share_limits *l = &o->limits;
	struct shape_rate bytes = { 0 };
	l->records = sh->records = is_given(&s->rate);
	l->bytes = sh->bytes = s->bytes != NULL;
	if (s->bytes && !read_bytes(s->bytes, &bytes))
		return err_set(e, ERR_USAGE, "--bytes: '%s' is not a rate such as 64KiB/s", s->bytes);
	l->by_record = (struct share_limit){ s->rate.count, s->rate.per_ns, 0 };
	l->by_byte = (struct share_limit){ bytes.count, bytes.per_ns, 0 };
	if (s->burst && parse_burst(s->burst, &s->rate, &bytes, l, e) < 0)
		return e->code;
	if (sh->records)
		gcra_init(&sh->by_record, s->rate.count, s->rate.per_ns, l->by_record.tau);
	if (sh->bytes)
		gcra_init(&sh->by_byte, bytes.count, bytes.per_ns, l->by_byte.tau);
	o->gate.shaped = sh->records || sh->bytes;
	if (s->share && !o->gate.shaped)
		return err_set(e, ERR_USAGE, "--share needs -r or -b");
	o->share = s->share;
	return 0;
}

static double a_second(const struct shape_rate *r)
{
	return r->count / ((double)r->per_ns / (double)NS_PER_SEC);
}

static int parse_adapt(struct shape_opts *o, const struct shape_settings *s, struct err *e)
{
	struct gate *g = &o->gate;
	bool min = is_given(&s->min), max = is_given(&s->max);
	if (!s->adapt && (min || max))
		return err_set(e, ERR_USAGE, "%s needs --adapt", min ? "--min" : "--max");
	if (!s->adapt)
		return 0;
	if (!min || !max)
		return err_set(e, ERR_USAGE, "--adapt needs --min and --max");
	if (is_given(&s->rate) || s->share)
		return err_set(e, ERR_USAGE, "%s cannot be combined with --adapt",
			       is_given(&s->rate) ? "-r" : "--share");
	g->aimd.min = a_second(&s->min);
	g->aimd.max = a_second(&s->max);
	if (g->aimd.min > g->aimd.max)
		return err_set(e, ERR_USAGE, "--min must be at most --max");
	g->shaper.records = g->shaped = g->adapts = true;
	gcra_init(&g->shaper.by_record, s->min.count, s->min.per_ns, 0);
	return 0;
}

/* --- event time: --speed, --max-gap, --watermark, --late, --idle --- */

static int parse_speed(struct shape_opts *o, const struct shape_settings *s, struct err *e)
{
	double speed = 1;
	if ((s->speed || s->watermark_given) && !s->time)
		return err_set(e, ERR_USAGE, "%s needs --time, the field that holds the event time",
			       s->speed ? "--speed" : "--watermark");
	if (s->max_gap && !s->speed)
		return err_set(e, ERR_USAGE, "--max-gap needs --speed");
	if (s->time && !s->speed && !s->watermark_given)
		return err_set(e, ERR_USAGE, "--time needs --speed or --watermark");
	if (s->speed && !pace_parse_speed(s->speed, &speed))
		return err_set(e, ERR_USAGE, "--speed: '%s' is not a number greater than 0 or max", s->speed);
	if (s->max_gap < 0)
		return err_set(e, ERR_USAGE, "--max-gap must be at least 0");
	o->time = s->time;
	o->gate.paced = s->speed != NULL;
	pace_init(&o->gate.pace, speed, s->max_gap);
	return 0;
}

static int parse_late(struct late_opts *l, const struct shape_settings *s, struct err *e)
{
	const char *late = s->late ? s->late : "pass", *file = after(late, "file:");
	struct near near;
	if ((s->late || s->idle_given) && !s->watermark_given)
		return err_set(e, ERR_USAGE, "%s needs --watermark", s->late ? "--late" : "--idle");
	if (s->watermark < 0 || s->idle < 0 || (s->idle_given && !s->idle))
		return err_set(e, ERR_USAGE, s->watermark < 0 ? "--watermark must be at least 0" : "--idle must be greater than 0");
	if (!late_parse_rule(late, &l->rule))
		return err_set(e, ERR_USAGE, "--late: '%s' is not one of " LATE_RULES "%s", late,
			       near_of(&near, late, strcspn(late, ":"), LATE_RULES));
	l->judges = s->watermark_given;
	l->file = l->rule == LATE_FILE ? file : NULL;
	l->delay_ns = s->watermark;
	l->idle_ns = s->idle;
	l->max_keys = s->max_keys;
	l->time = s->time;
	l->key = s->key;
	return 0;
}

/* --- keys: --key, --key-rate, --fair --- */

static int check_keys(const struct shape_settings *s, struct err *e)
{
	bool limited = is_given(&s->key_rate);
	if ((limited || s->fair) && !s->key)
		return err_set(e, ERR_USAGE, "%s needs --key", s->fair ? "--fair" : "--key-rate");
	if (s->key && !limited && !s->fair && !s->watermark_given)
		return err_set(e, ERR_USAGE, "--key needs --key-rate, --fair or --watermark");
	if (s->max_keys_given && !s->key)
		return err_set(e, ERR_USAGE, "--max-keys needs --key");
	if (!s->max_keys)
		return err_set(e, ERR_USAGE, "--max-keys must be at least 1");
	if (s->key_burst && !limited)
		return err_set(e, ERR_USAGE, "--key-burst needs --key-rate");
	if (s->weights && !s->fair)
		return err_set(e, ERR_USAGE, "--weights needs --fair");
	return 0;
}

static int parse_keys(struct shape_opts *o, const struct shape_settings *s, struct err *e)
{
	struct lanes_opts *l = &o->queue.lanes;
	uint64_t n;
	if (check_keys(s, e) < 0)
		return e->code;
	o->key = s->key;
	o->weights = s->weights;
	l->limited = is_given(&s->key_rate);
	l->keyed = l->limited || s->fair;
	l->fair = s->fair;
	l->by_bytes = o->gate.shaper.bytes && !o->gate.shaper.records;
	l->max_keys = s->max_keys;
	if (!l->limited)
		return 0;
	l->count = s->key_rate.count;
	l->per_ns = s->key_rate.per_ns;
	if (s->key_burst && read_count(s->key_burst, &n))
		l->tau = burst_of(&s->key_rate, n);
	else if (s->key_burst && !read_time(s->key_burst, &l->tau))
		return err_set(e, ERR_USAGE, "--key-burst: '%s' is not a number or a time", s->key_burst);
	return 0;
}

/* --- the queue and the outputs: --queue, --full, --dropped, --out, --balance --- */

static int parse_queue(struct queue_opts *q, const char *s, struct err *e)
{
	uint64_t n;
	q->max_bytes = QUEUE_BYTES;
	if (!s)
		return 0;
	if (read_count(s, &n)) {
		q->max_records = n;
		q->max_bytes = QUEUE_BYTES_MOST;
	} else if (read_size(s, &n)) {
		q->max_bytes = n;
	} else {
		return err_set(e, ERR_USAGE, "--queue: '%s' is not a number of records or a size", s);
	}
	return 0;
}

/* DIR or DIR:MAX; what follows the last colon is MAX when it is a size. */
static int parse_spill(struct shape_opts *o, const char *s, struct err *e)
{
	char *dir = o->spill_dir = mem_strdup(s), *colon = strrchr(dir, ':');
	uint64_t max;
	if (colon && num_size(colon + 1, strlen(colon + 1), &max)) {
		if (!max)
			return err_set(e, ERR_USAGE, "--full: the size of a spill must be greater than 0");
		o->spill.max = max;
		*colon = '\0';
	}
	if (!*dir)
		return err_set(e, ERR_USAGE, "--full: spill needs a folder, spill:DIR");
	o->queue.full = QUEUE_SPILL;
	return 0;
}

static int parse_sample(struct queue_opts *q, const char *s, struct err *e)
{
	q->full = QUEUE_SAMPLE;
	if (!json_parse_double(s, strlen(s), &q->sample) || !(q->sample >= 0 && q->sample <= 1))
		return err_set(e, ERR_USAGE, "--full: '%s' is not a number from 0 to 1", s);
	return 0;
}

static int parse_full(struct shape_opts *o, const char *s, struct err *e)
{
	const char *arg;
	struct near near;
	if (strcmp(s, "block") == 0)
		o->queue.full = QUEUE_BLOCK;
	else if (strcmp(s, "drop-new") == 0)
		o->queue.full = QUEUE_NEW;
	else if (strcmp(s, "drop-old") == 0)
		o->queue.full = QUEUE_OLD;
	else if ((arg = after(s, "sample:")) != NULL)
		return parse_sample(&o->queue, arg, e);
	else if ((arg = after(s, "spill:")) != NULL)
		return parse_spill(o, arg, e);
	else
		return err_set(e, ERR_USAGE,
			       "--full: '%s' is not one of " FULL_RULES "%s", s, near_of(&near, s, strcspn(s, ":"), FULL_RULES));
	return 0;
}

static int parse_dropped(struct shape_opts *o, const char *file, struct err *e)
{
	enum queue_full f = o->queue.full;
	bool drops = f == QUEUE_NEW || f == QUEUE_OLD || f == QUEUE_SAMPLE || o->late.rule == LATE_DROP;
	if (file && !drops)
		return err_set(e, ERR_USAGE, "--dropped: no record is dropped with these options");
	o->dropped = file;
	return 0;
}

static int parse_outs(struct shape_opts *o, const struct shape_settings *s, struct err *e)
{
	const char *balance = s->balance ? s->balance : "least-full", *path = after(balance, "hash:");
	struct near near;
	if (s->balance && !s->out)
		return err_set(e, ERR_USAGE, "--balance needs --out");
	if (strcmp(balance, "least-full") != 0 && (!path || !*path))
		return err_set(e, ERR_USAGE, "--balance: '%s' is not one of " BALANCES "%s", balance,
			       near_of(&near, balance, strcspn(balance, ":"), BALANCES));
	o->out = s->out;
	o->balance = path ? OUTS_HASH : OUTS_LEAST;
	o->route = path;
	return 0;
}

int shape_parse(struct shape_opts *o, const struct shape_settings *s, struct err *e)
{
	*o = (struct shape_opts){ .unbuffered = s->unbuffered };
	int got = parse_limits(o, s, e);
	if (got == 0)
		got = parse_adapt(o, s, e);
	if (got == 0)
		got = parse_speed(o, s, e);
	if (got == 0)
		got = parse_late(&o->late, s, e);
	if (got == 0)
		got = parse_keys(o, s, e);
	if (got == 0)
		got = parse_queue(&o->queue, s->queue, e);
	if (got == 0)
		got = parse_full(o, s->full ? s->full : "block", e);
	if (got == 0)
		got = parse_dropped(o, s->dropped, e);
	if (got == 0)
		got = parse_outs(o, s, e);
	o->timed = o->gate.shaped || o->gate.paced;
	o->queued = is_given(&s->key_rate) || s->fair || s->queue || s->full || s->out;
	return got;
}

void shape_opts_release(struct shape_opts *o)
{
	mem_free(o->spill_dir);
	o->spill_dir = NULL;
}
