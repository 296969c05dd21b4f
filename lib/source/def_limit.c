/* SPDX-License-Identifier: MIT */
/* How much and how far: pace, retry, cursor, next. */
#include "base/clock.h"
#include "base/num.h"
#include "source/def_int.h"
#include "source/post.h"

#include <string.h>

#define MAX_LIMITS 16
#define MAX_COUNT 1e12
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_DAY (86400 * NS_PER_SEC)
#define MAX_BACKOFF_NS (7 * NS_PER_DAY)
#define MAX_WINDOW_NS (366 * NS_PER_DAY)

/* --- pace --- */

static bool printable(const char *s)
{
	const char *from = s;
	while (*s > ' ' && *s < 0x7f)
		s++;
	return s > from && !*s;
}

/* `450/15m`, `1/s`, `10000/day`, `10000/day@ZONE`. */
static bool take_limit(struct def_load *l, const struct json *v, const char *what, struct def_limit *to)
{
	if (!def_type(l, v, DEF_STR, what))
		return false;
	const char *at = strchr(v->str, '@'), *slash = strchr(v->str, '/');
	size_t n = at ? (size_t)(at - v->str) : v->nstr;
	double count;
	if (!slash || (at && slash > at))
		return def_fault(l, v, "'%s': '%s' is not a limit such as 450/15m, 1/s or 10000/day@America/Los_Angeles", what, v->str);
	const char *s = v->str;
	if ((size_t)(s + n - slash) == 4 && memcmp(slash, "/day", 4) == 0)
		n -= 2;
	if (!num_rate(s, n, &count, &to->per_ns))
		return def_fault(l, v, "'%s': '%s' is not a limit such as 450/15m, 1/s or 10000/day@America/Los_Angeles", what, v->str);
	if (memchr(s, '.', (size_t)(slash - s)) || count > MAX_COUNT)
		return def_fault(l, v, "'%s': '%.*s' is not a whole number of requests", what, (int)(slash - s), s);
	if (to->per_ns > MAX_WINDOW_NS)
		return def_fault(l, v, "'%s': the window of '%s' must be at most a year", what, v->str);
	to->count = (uint64_t)count;
	if (!at)
		return true;
	if (to->per_ns != NS_PER_DAY)
		return def_fault(l, v, "'%s': a quota that resets at midnight must be per day: %.*s/day%s", what,
				 (int)(slash - s), s, at);
	if (!printable(at + 1))
		return def_fault(l, v, "'%s': @ must be followed by the name of a time zone", what);
	to->zone = arena_strdup(&l->d->arena, at + 1);
	return true;
}

static void take_limits(struct def_load *l, const struct json *v, const char *what)
{
	struct source_def *d = l->d;
	bool list = v->type == JSON_ARRAY;
	size_t n = list ? v->nchild : 1, i = 0;
	if (n > MAX_LIMITS) {
		def_fault(l, v, "'%s' has more than %d limits", what, MAX_LIMITS);
		return;
	}
	struct def_limit *limit = arena_array(&d->arena, n ? n : 1, sizeof *limit);
	for (const struct json *s = list ? v->child : v; s && i < n; s = s->next, i++)
		if (!take_limit(l, s, what, &limit[i]))
			limit[i].count = UINT64_MAX;
	d->limit = limit;
	d->nlimits = n;
}

void def_pace(struct def_load *l, const struct json *v)
{
	static const struct def_key keys[] = { { "limit", DEF_STR | DEF_ARR }, { "soft_pct", DEF_NUM }, { "hard_pct", DEF_NUM } };
	const struct json *m[3];
	struct source_def *d = l->d;
	bool ok = true;
	if (v->type != JSON_OBJECT) {
		d->soft_pct = 80;
		d->hard_pct = 100;
		take_limits(l, v, "pace");
		return;
	}
	def_members(l, v, "pace", keys, 3, m);
	d->limit = NULL;
	d->nlimits = 0;
	d->soft_pct = 80;
	d->hard_pct = 100;
	if (m[0])
		take_limits(l, m[0], "pace.limit");
	if (m[1])
		ok = def_number(l, m[1], "pace.soft_pct", 1, 100, &d->soft_pct);
	if (m[2])
		ok &= def_number(l, m[2], "pace.hard_pct", 1, 100, &d->hard_pct);
	if (ok && d->soft_pct > d->hard_pct)
		def_fault(l, m[1] ? m[1] : m[2], "'pace': soft_pct (%g) must be at most hard_pct (%g)", d->soft_pct, d->hard_pct);
}

/* --- retry --- */

static const struct def_backoff backoffs[NCAUSES] = {
	[CAUSE_NET] = { false, 250 * NS_PER_MS, 16 * NS_PER_SEC },
	[CAUSE_SILENCE] = { false, 0, 16 * NS_PER_SEC },
	[CAUSE_HTTP5XX] = { true, 5 * NS_PER_SEC, 320 * NS_PER_SEC },
	[CAUSE_BODY] = { true, NS_PER_SEC, 60 * NS_PER_SEC },
	[CAUSE_RATE] = { true, 60 * NS_PER_SEC, 900 * NS_PER_SEC },
};

static void retry_defaults(struct source_def *d)
{
	memcpy(d->retry, backoffs, sizeof backoffs);
	d->tries = 12;
	d->jitter = 0.1;
}

/* `exp:5s:320s`, `lin:250ms:16s`. */
static void take_backoff(struct def_load *l, const struct json *v, const char *what, struct def_backoff *to)
{
	const char *from = v->str + 4, *colon = v->nstr > 4 ? strchr(from, ':') : NULL;
	bool doubles = strncmp(v->str, "exp:", 4) == 0;
	struct def_backoff b = { .doubles = doubles };
	if (!colon || !(doubles || strncmp(v->str, "lin:", 4) == 0) || !duration_parse(from, (size_t)(colon - from), &b.from_ns) ||
	    !duration_parse(colon + 1, strlen(colon + 1), &b.to_ns))
		def_fault(l, v, "'%s': '%s' is not a back-off: exp:5s:320s doubles from 5 s to 320 s, lin:250ms:16s adds", what, v->str);
	else if (doubles && b.from_ns <= 0)
		def_fault(l, v, "'%s': exp must begin with more than 0s", what);
	else if (b.from_ns > b.to_ns)
		def_fault(l, v, "'%s': the first time must be at most the last", what);
	else if (b.to_ns > MAX_BACKOFF_NS)
		def_fault(l, v, "'%s' must be at most 7d", what);
	else
		*to = b;
}

void def_retry(struct def_load *l, const struct json *v)
{
	static const struct def_key keys[] = { [CAUSE_NET] = { "net", DEF_STR }, [CAUSE_SILENCE] = { "silence", DEF_STR },
		[CAUSE_HTTP5XX] = { "http5xx", DEF_STR }, [CAUSE_BODY] = { "body", DEF_STR }, [CAUSE_RATE] = { "rate_limited", DEF_STR },
		{ "tries", DEF_NUM }, { "jitter", DEF_NUM } };
	const struct json *m[NCAUSES + 2];
	def_members(l, v, "retry", keys, NCAUSES + 2, m);
	retry_defaults(l->d);
	for (int i = 0; i < NCAUSES; i++)
		if (m[i])
			take_backoff(l, m[i], def_path(l, "retry", keys[i].name), &l->d->retry[i]);
	if (m[NCAUSES])
		def_whole(l, m[NCAUSES], "retry.tries", 1, 1000000, &l->d->tries);
	if (m[NCAUSES + 1])
		def_number(l, m[NCAUSES + 1], "retry.jitter", 0, 1, &l->d->jitter);
}

void def_limit_defaults(struct source_def *d)
{
	retry_defaults(d);
	d->soft_pct = 80;
	d->hard_pct = 100;
	d->parallel = d->cost = 1;
	d->times = AS_RFC3339;
}

/* --- cursor, next --- */

enum { C_FIELD, C_VALUE, C_CMP, C_ORDER, C_FIRST, C_OVERLAP, C_AS, NCURSOR };

static void cursor_words(struct def_load *l, const struct json *v, const struct json *const *m, struct def_cursor *c)
{
	int i;
	if (m[C_CMP] && def_word(l, m[C_CMP], "cursor.cmp", "lenlex|str|num|time", &i))
		c->cmp = (enum def_cmp)i;
	else if (!json_get(v, "cmp"))
		def_fault(l, v, "'cursor.cmp' is missing: lenlex, str, num or time");
	if (m[C_ORDER] && def_word(l, m[C_ORDER], "cursor.order", "desc|asc", &i))
		c->asc = i == 1;
	else if (!json_get(v, "order"))
		def_fault(l, v, "'cursor.order' is missing: desc (newest first) or asc");
	if (m[C_FIRST] && def_word(l, m[C_FIRST], "cursor.first", "desc", &i)) {
		c->first_desc = c->asc;
		if (m[C_ORDER] && !c->asc)
			def_fault(l, m[C_FIRST], "'cursor.first' needs order asc");
	}
	if (m[C_AS] && def_word(l, m[C_AS], "cursor.as", "text|epoch|epoch_ms|epoch_us|rfc3339", &i)) {
		c->as = (enum def_as)i;
		if (i && m[C_CMP] && c->cmp != CMP_TIME)
			def_fault(l, m[C_AS], "'cursor.as': only instants (cmp time) can be written as %s", m[C_AS]->str);
	}
}

void def_cursor(struct def_load *l, const struct json *v)
{
	static const struct def_key keys[NCURSOR] = { { "field", DEF_STR }, { "value", DEF_EXPR }, { "cmp", DEF_STR },
		{ "order", DEF_STR }, { "first", DEF_STR }, { "overlap", DEF_NUM }, { "as", DEF_STR } };
	const struct json *m[NCURSOR];
	struct def_cursor c = { .there = true };
	def_members(l, v, "cursor", keys, NCURSOR, m);
	if (m[C_FIELD] && m[C_VALUE])
		def_fault(l, m[C_VALUE], "'cursor' has both 'field' and 'value'");
	if (!json_get(v, "field") && !json_get(v, "value"))
		def_fault(l, v, "'cursor' has neither 'field' nor 'value'");
	if (m[C_FIELD]) {
		c.field = def_string(l, m[C_FIELD]);
		if (!post_is_field(c.field))
			def_fault(l, m[C_FIELD], "smpost/1 has no field '%s' that holds one value", c.field);
	}
	if (m[C_VALUE])
		def_expr(l, m[C_VALUE], "cursor.value", &c.value);
	cursor_words(l, v, m, &c);
	if (m[C_OVERLAP] && def_number(l, m[C_OVERLAP], "cursor.overlap", 0, 1e15, &c.overlap) && c.overlap > 0 && m[C_CMP] &&
	    c.cmp != CMP_TIME && c.cmp != CMP_NUM)
		def_fault(l, m[C_OVERLAP], "'cursor.overlap' needs cmp time (seconds) or num (units)");
	l->d->cursor = c;
}

void def_next(struct def_load *l, const struct json *v)
{
	static const struct def_key keys[] = { { "token", DEF_EXPR }, { "url", DEF_EXPR }, { "link", DEF_STR }, { "param", DEF_STR } };
	const struct json *m[4];
	struct source_def *d = l->d;
	size_t kinds = 0;
	bool ok = def_members(l, v, "next", keys, 4, m);
	d->next_param = NULL;
	for (size_t i = 0; i < 3; i++)
		if (m[i] && kinds++)
			def_fault(l, m[i], "'next' must be one of token, url, link");
	if (!kinds && ok)
		def_fault(l, v, "'next' must be one of token (with param), url, link");
	if (m[0]) {
		d->next = NEXT_TOKEN;
		def_expr(l, m[0], "next.token", &d->next_expr);
		if (!json_get(v, "param"))
			def_fault(l, v, "'next.param' is missing: the parameter that takes the token");
	} else if (m[1]) {
		d->next = NEXT_URL;
		def_expr(l, m[1], "next.url", &d->next_expr);
	} else if (m[2]) {
		d->next = NEXT_LINK;
		def_line(l, m[2], "next.link", &d->next_expr);
	}
	if (m[3] && (m[0] || kinds == 0))
		def_line(l, m[3], "next.param", &d->next_param);
	else if (m[3])
		def_fault(l, m[3], "'next.param' needs 'next.token'");
}
