/* SPDX-License-Identifier: MIT */
/* What of lib/fetch is arithmetic: order, texts with variables, back-off, walks, budgets, known keys, jobs. */
#include "base/clock.h"
#include "fetch/backoff.h"
#include "fetch/budget.h"
#include "fetch/jobs.h"
#include "fetch/order.h"
#include "fetch/request.h"
#include "fetch/seen.h"
#include "fetch/vars.h"
#include "fetch/walk.h"
#include "t.h"

#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEF(more) "{\"smsource\":1,\"name\":\"t\",\"network\":\"x\",\"map\":\".\",\"hosts\":[\"a.example\"],\"request\":{\"url\":\"https://a.example/p\"}" more "}"

static char dir[] = "/tmp/test_fetch.XXXXXX";

static struct source_def *def_of(const char *text)
{
	struct source_def *d = NULL;
	struct err e;
	if (source_def_parse(&d, text, strlen(text), "t.json", &e) < 0)
		T_FAIL("%s: %s", text, e.msg);
	return d;
}

static const char *text(struct buf *b)
{
	return buf_cstr(b);
}

static void test_order(void)
{
	T_CASE("order: ids by length, then bytes; numbers; instants")
	{
		T_OK(order_compare(CMP_LENLEX, "9", "10") < 0);
		T_OK(order_compare(CMP_LENLEX, "1816403820923064321", "1816403820923064320") > 0);
		T_OK(order_compare(CMP_STR, "9", "10") > 0);
		T_OK(order_compare(CMP_NUM, "9.5", "10") < 0);
		T_OK(order_compare(CMP_TIME, "2026-01-01T00:00:00.123456Z", "2026-01-01T01:00:00.123+01:00") > 0);
		T_OK(order_compare(CMP_TIME, "2026-01-01T00:00:00+0000", "2026-01-01T00:00:00Z") == 0);
		T_OK(!order_valid(CMP_TIME, "yesterday", 9));
		T_OK(!order_valid(CMP_NUM, "1e", 2));
		T_OK(!order_valid(CMP_LENLEX, "", 0));
	}
	T_CASE("order: less the overlap, as the API writes it")
	{
		struct def_cursor c = { .there = true, .cmp = CMP_TIME, .overlap = 90, .as = AS_EPOCH };
		struct buf b = BUF_INIT, t = BUF_INIT;
		order_less_overlap(&b, &c, "2026-01-01T00:01:30.5Z");
		T_STR(text(&b), "2026-01-01T00:00:00.500Z");
		order_put(&t, CMP_TIME, AS_EPOCH, text(&b));
		T_STR(text(&t), "1767225600");
		buf_clear(&t);
		order_put(&t, CMP_TIME, AS_EPOCH_US, text(&b));
		T_STR(text(&t), "1767225600500000");
		buf_clear(&t);
		order_put(&t, CMP_TIME, AS_RFC3339, text(&b));
		T_STR(text(&t), "2026-01-01T00:00:00Z");
		buf_clear(&b);
		c = (struct def_cursor){ .there = true, .cmp = CMP_LENLEX, .overlap = 90 };
		order_less_overlap(&b, &c, "1816403820923064321");
		T_STR(text(&b), "1816403820923064321");
		buf_release(&b);
		buf_release(&t);
	}
}

static void test_vars(void)
{
	T_CASE("vars: in a host, a path, at the beginning")
	{
		struct source_def *d = def_of("{\"smsource\":1,\"name\":\"t\",\"network\":\"x\",\"map\":\".\",\"vars\":{\"host\":\"h\",\"tag\":\"\",\"url\":\"\"},"
					      "\"hosts\":[\"${host}\"],\"request\":{\"url\":\"https://${host}/t/${tag}\"}}");
		struct vars v = VARS_INIT;
		struct buf b = BUF_INIT;
		struct err e;
		vars_set(&v, "host", "a.example:8080", 14);
		vars_set(&v, "tag", "a/b?c d\xc3\xa9", 9);
		T_OK(vars_expand_url(&b, &d->request.url, &v, &e) == 0);
		T_STR(text(&b), "https://a.example:8080/t/a%2Fb%3Fc%20d%C3%A9");
		buf_clear(&b);
		vars_set(&v, "host", "https://a.example/", 18);
		T_OK(vars_expand_url(&b, &d->request.url, &v, &e) == 0);
		T_STR(text(&b), "https://a.example/t/a%2Fb%3Fc%20d%C3%A9");
		vars_set(&v, "host", "http://a.example/", 17);
		T_INT(vars_expand_url(&b, &d->request.url, &v, &e), ERR_USAGE);
		vars_set(&v, "host", "evil.example/x", 14);
		buf_clear(&b);
		T_INT(vars_expand_url(&b, &d->request.url, &v, &e), ERR_USAGE);
		T_OK(strstr(e.msg, "'host' is not a host") != NULL);
		buf_clear(&b);
		vars_json(&v, &b);
		T_STR(text(&b), "{\"host\":\"evil.example/x\",\"tag\":\"a/b?c d\xc3\xa9\"}");
		buf_release(&b);
		vars_release(&v);
		source_def_free(d);
	}
}

static void test_backoff(void)
{
	T_CASE("backoff: doubles or adds, has an end, and a jitter")
	{
		struct rng r;
		struct def_backoff exp = { true, 5 * NS_PER_SEC, 320 * NS_PER_SEC }, lin = { false, 250000000, 16 * NS_PER_SEC };
		struct def_backoff now = { false, 0, 16 * NS_PER_SEC };
		rng_seed(&r, 1);
		T_INT(backoff_delay(&exp, 1, 0, &r), 5 * NS_PER_SEC);
		T_INT(backoff_delay(&exp, 4, 0, &r), 40 * NS_PER_SEC);
		T_INT(backoff_delay(&exp, 4000000000u, 0, &r), 320 * NS_PER_SEC);
		T_INT(backoff_delay(&lin, 3, 0, &r), 750000000);
		T_INT(backoff_delay(&lin, 1000, 0, &r), 16 * NS_PER_SEC);
		T_INT(backoff_delay(&now, 1, 0.1, &r), 0);
		for (int i = 0; i < 100; i++) {
			int64_t d = backoff_delay(&exp, 1, 0.1, &r);
			T_OK(d >= 5 * NS_PER_SEC && d <= 11 * NS_PER_SEC / 2);
		}
	}
}

static void test_round(void)
{
	T_CASE("walk: states that come again and again with nothing new are noticed, however many; others never are")
	{
		for (uint64_t lead = 0; lead < 20; lead++)
			for (uint64_t lap = 1; lap < 40; lap++) {
				struct walk w = { 0 };
				uint64_t n = 0, state;
				do
					state = n < lead ? n : lead + (n - lead) % lap;
				while (!walk_goes_round(&w, state, false) && ++n < 1000);
				T_OK(n < 1000 && n <= 3 * (lead + lap) + 2);
			}
		struct walk w = { 0 };
		for (uint64_t n = 0; n < 10000; n++)
			T_OK(!walk_goes_round(&w, n, false));
		/* One token for all pages, as long as each has something new; then not. */
		for (uint64_t n = 0; n < 1000; n++)
			T_OK(!walk_goes_round(&w, 7, true));
		T_OK(walk_goes_round(&w, 7, false));
		/* A new walk has passed nothing. */
		walk_begin(&w, &(struct def_cursor){ 0 });
		T_OK(!walk_goes_round(&w, 7, false));
		walk_release(&w);
	}
	T_CASE("budget: what was not sent is given back")
	{
		struct source_def *d = def_of(DEF(",\"pace\":\"2/1h\""));
		struct budgets *bs;
		struct budget *b;
		struct err e;
		uint64_t t1, t2;
		budgets_new(&bs, NULL);
		T_INT(budgets_get(bs, "b", d, &b, &e), 0);
		for (int i = 0; i < 5; i++) {
			T_INT(budget_take(b, 1, &t1), 0);
			T_INT(budget_take(b, 1, &t2), 0);
			T_OK(budget_take(b, 1, &t2) > 0);
			budget_return(b, t1, 1);
			budget_return(b, t1 + 1, 1);
		}
		T_INT(budget_take(b, 1, &t1), 0);
		budget_done(b, t1, 1);
		T_INT(budget_take(b, 1, &t2), 0);
		T_OK(budget_take(b, 1, &t2) > 0);
		budgets_free(bs);
		source_def_free(d);
	}
}

static bool step(struct walk *w, const struct def_cursor *c, const char *top, const char *next, uint64_t items, bool older)
{
	struct walk_page p = { .top = top, .next = next, .items = items, .all_older = older };
	return walk_step(w, c, &p);
}

static void test_walk(void)
{
	const struct def_cursor desc = { .there = true, .cmp = CMP_LENLEX }, asc = { .there = true, .cmp = CMP_LENLEX, .asc = true, .first_desc = true },
				none = { 0 };
	struct err e;
	T_CASE("walk: newest first: pending becomes committed at the end, not before")
	{
		struct walk w = { 0 };
		struct buf b = BUF_INIT;
		walk_begin(&w, &desc);
		T_OK(walk_is_new(&w));
		T_OK(!step(&w, &desc, "200", "p2", 10, false));
		T_OK(!step(&w, &desc, "190", "p3", 10, false));
		T_OK(!w.committed);
		buf_putc(&b, '{');
		walk_put(&w, &b);
		T_STR(text(&b), "{\"pending\":\"200\",\"page\":\"p3\",\"pages\":2");
		/* An empty page is no end, a short one neither. */
		T_OK(!step(&w, &desc, NULL, "p4", 0, false));
		T_OK(step(&w, &desc, "90", NULL, 1, false));
		T_STR(w.committed, "200");
		T_OK(!w.pending && !w.page && !w.pages);
		/* The next walk goes down to what was read: a page that is wholly old ends it, though there are more. */
		T_OK(!step(&w, &desc, "300", "q2", 10, false));
		T_OK(step(&w, &desc, "150", "q3", 10, true));
		T_STR(w.committed, "300");
		walk_release(&w);
		buf_release(&b);
	}
	T_CASE("walk: oldest first: the cursor moves with each page, an empty one is the last")
	{
		struct walk w = { 0 };
		walk_begin(&w, &asc);
		T_OK(!walk_ascends(&w, &asc));
		T_OK(!step(&w, &asc, "99", "older", 40, false));
		T_OK(step(&w, &asc, "50", NULL, 40, false));
		T_STR(w.committed, "99");
		T_OK(walk_ascends(&w, &asc));
		T_OK(!step(&w, &asc, "120", NULL, 3, false));
		T_STR(w.committed, "120");
		T_OK(step(&w, &asc, NULL, NULL, 0, false));
		T_STR(w.committed, "120");
		/* What does not move would be asked for for ever. */
		T_OK(step(&w, &asc, "120", NULL, 1, false));
		walk_release(&w);
	}
	T_CASE("walk: without a cursor to the last page, each time")
	{
		struct walk w = { 0 };
		walk_begin(&w, &none);
		T_OK(!step(&w, &none, NULL, "2", 10, false));
		T_OK(step(&w, &none, NULL, "", 10, false));
		walk_release(&w);
	}
	T_CASE("walk: a place is read as it was written; a damaged one is said")
	{
		struct walk w = { 0 };
		struct arena a = ARENA_INIT;
		struct json *v;
		const char *s = "{\"pending\":\"9\",\"page\":\"https://a/\\\"x\",\"pages\":7}", *bad = "{\"page\":1}";
		T_OK(json_parse(&v, &a, s, strlen(s), &e) == 0);
		T_OK(walk_get(&w, v, &e) == 0);
		T_STR(w.page, "https://a/\"x");
		T_INT(w.pages, 7);
		/* It had no cursor when it began: it goes on backwards. */
		T_OK(!walk_ascends(&w, &asc));
		T_OK(json_parse(&v, &a, bad, strlen(bad), &e) == 0);
		T_INT(walk_get(&w, v, &e), ERR_DATA);
		walk_release(&w);
		arena_release(&a);
	}
}

static int64_t fake_ns, fake_wall_us = INT64_C(1794182400000000);

static int64_t mono(void)
{
	return fake_ns;
}
static int64_t wall(void)
{
	return fake_wall_us + fake_ns / 1000;
}
static bool no_sleep(int64_t until)
{
	fake_ns = until;
	return true;
}
static const struct clock_source fake = { wall, mono, no_sleep };

static struct budget *budget_of(struct budgets *bs, const struct source_def *d, const char *name)
{
	struct budget *b = NULL;
	struct err e;
	if (budgets_get(bs, name, d, &b, &e) < 0)
		T_FAIL("%s", e.msg);
	return b;
}

static void test_windows(void)
{
	T_CASE("budget: no window ever has more, answers slow or fast")
	{
		enum { N = 2000, LIMIT = 7 };
		static int64_t sent[N], arrived[N];
		const int64_t per = 10 * NS_PER_SEC;
		struct source_def *d = def_of(DEF(",\"pace\":\"7/10s\""));
		struct budgets *bs;
		struct rng r;
		uint64_t ticket;
		rng_seed(&r, 7);
		fake_ns = NS_PER_SEC;
		clock_set(&fake);
		budgets_new(&bs, NULL);
		struct budget *b = budget_of(bs, d, "t");
		for (int i = 0; i < N; i++) {
			int64_t wait;
			while ((wait = budget_take(b, 1, &ticket)) > 0)
				fake_ns += wait;
			sent[i] = fake_ns;
			/* It arrives somewhere between being sent and being answered. */
			int64_t way = (int64_t)rng_below(&r, 3000000000u);
			arrived[i] = sent[i] + (int64_t)rng_below(&r, (uint64_t)way + 1);
			fake_ns += way;
			budget_done(b, ticket, 1);
		}
		for (int i = LIMIT; i < N; i++)
			if (arrived[i] - arrived[i - LIMIT] < per)
				T_FAIL("%d requests within %lld ns", LIMIT + 1, (long long)(arrived[i] - arrived[i - LIMIT]));
		/* And it is not much slower than it may be. */
		T_OK(fake_ns < (int64_t)N / LIMIT * (per + 3 * NS_PER_SEC));
		budgets_free(bs);
		source_def_free(d);
		clock_set(NULL);
	}
	T_CASE("budget: two windows, and a quota that ends at midnight in Los Angeles")
	{
		struct source_def *d = def_of(DEF(",\"pace\":[\"1/s\",\"3/15m\"]")), *q = def_of(DEF(",\"pace\":\"2/day@America/Los_Angeles\""));
		struct budgets *bs;
		uint64_t t;
		fake_ns = NS_PER_SEC;
		clock_set(&fake);
		budgets_new(&bs, NULL);
		struct budget *b = budget_of(bs, d, "t"), *c = budget_of(bs, q, "q");
		for (int i = 0; i < 3; i++) {
			T_INT(budget_take(b, 1, &t), 0);
			budget_done(b, t, 1);
			T_INT(budget_take(b, 1, &t), i < 2 ? NS_PER_SEC : 900 * NS_PER_SEC - 2 * NS_PER_SEC);
			fake_ns += NS_PER_SEC;
		}
		T_INT(budget_take(c, 1, &t), 0);
		T_INT(budget_take(c, 1, &t), 0);
		/* 1794182400 is 2026-11-09T00:00Z, 16:00 the day before there: eight hours, less four seconds. */
		T_INT(budget_take(c, 1, &t), (8 * 3600 - 4) * NS_PER_SEC);
		fake_ns += 8 * 3600 * NS_PER_SEC;
		T_INT(budget_take(c, 1, &t), 0);
		budgets_free(bs);
		source_def_free(d);
		source_def_free(q);
		clock_set(NULL);
	}
}

static void test_signals(void)
{
	T_CASE("budget: what answers say: none left, few left, percent, nothing")
	{
		struct source_def *d = def_of(DEF(",\"pace\":{\"limit\":\"1000/s\",\"soft_pct\":75,\"hard_pct\":95}"));
		struct budgets *bs;
		uint64_t t;
		fake_ns = 0;
		clock_set(&fake);
		budgets_new(&bs, NULL);
		struct budget *b = budget_of(bs, d, "t");
		T_INT(budget_take(b, 1, &t), 0);
		/* No header says nothing: it goes on. */
		budget_signal(b, &(struct budget_signal)BUDGET_SIGNAL_NONE);
		T_INT(budget_take(b, 1, &t), 0);
		/* 5 of 100 is the hard bound. */
		budget_signal(b, &(struct budget_signal){ 100, 5, 60, NAN, NAN });
		T_OK(budget_take(b, 1, &t) >= 60 * NS_PER_SEC);
		budget_signal(b, &(struct budget_signal){ 100, 50, 60, NAN, NAN });
		T_INT(budget_take(b, 1, &t), 0);
		/* 15 more until then, 60 s: one in four. */
		budget_signal(b, &(struct budget_signal){ 100, 19, 60, NAN, NAN });
		T_OK(budget_take(b, 1, &t) > 3 * NS_PER_SEC);
		fake_ns += 61 * NS_PER_SEC;
		T_INT(budget_take(b, 1, &t), 0);
		budget_signal(b, &(struct budget_signal){ NAN, NAN, NAN, NAN, 96 });
		int64_t wait = budget_take(b, 1, &t);
		T_OK(wait > 600 * NS_PER_SEC && wait < 900 * NS_PER_SEC);
		budget_signal(b, &(struct budget_signal){ NAN, NAN, NAN, NAN, 10 });
		T_INT(budget_take(b, 1, &t), 0);
		budget_signal(b, &(struct budget_signal){ NAN, NAN, NAN, 19 * 60, NAN });
		T_INT(budget_take(b, 1, &t), 19 * 60 * NS_PER_SEC);
		budgets_free(bs);
		source_def_free(d);
		clock_set(NULL);
	}
}

static void test_share(void)
{
	T_CASE("budget: two that share a folder share a limit; other limits, other files are refused")
	{
		struct source_def *d = def_of(DEF(",\"pace\":\"3/1h\"")), *o = def_of(DEF(",\"pace\":\"4/1h\""));
		struct budgets *one, *two;
		struct budget *b;
		struct err e;
		struct buf path = BUF_INIT;
		uint64_t t;
		buf_printf(&path, "%s/share", dir);
		budgets_new(&one, text(&path));
		budgets_new(&two, text(&path));
		T_INT(budget_take(budget_of(one, d, "a b"), 1, &t), 0);
		T_INT(budget_take(budget_of(two, d, "a b"), 1, &t), 0);
		T_INT(budget_take(budget_of(one, d, "a b"), 1, &t), 0);
		T_OK(budget_take(budget_of(two, d, "a b"), 1, &t) > 0);
		budgets_free(two);
		budgets_new(&two, text(&path));
		T_OK(budget_take(budget_of(two, d, "a b"), 1, &t) > 0);
		budgets_free(two);
		budgets_new(&two, text(&path));
		T_INT(budgets_get(two, "a b", o, &b, &e), ERR_CONFLICT);
		T_OK(strstr(e.msg, "other limits") != NULL);
		/* So it is in one process. */
		T_INT(budgets_get(one, "a b", o, &b, &e), ERR_CONFLICT);
		T_OK(strstr(e.msg, "other limits") != NULL);
		budgets_free(one);
		budgets_free(two);
		buf_release(&path);
		source_def_free(d);
		source_def_free(o);
	}
}

static uint64_t h(int i)
{
	return seen_hash(&i, sizeof i);
}

static void test_seen(void)
{
	struct arena a = ARENA_INIT;
	struct json *ref;
	struct err e;
	T_CASE("seen: knows the last of them, and goes on from what a mark counts")
	{
		struct seen *s;
		struct buf b = BUF_INIT;
		T_OK(seen_open(&s, 100, dir, NULL, &e) == 0);
		for (int i = 0; i < 150; i++)
			T_OK(!seen_add(s, h(i)));
		T_OK(!seen_has(s, h(49)) && seen_has(s, h(50)) && seen_has(s, h(149)));
		/* What is seen again is remembered longer. */
		T_OK(seen_add(s, h(50)));
		for (int i = 150; i < 249; i++)
			seen_add(s, h(i));
		T_OK(seen_has(s, h(50)) && !seen_has(s, h(51)));
		T_OK(seen_sync(s, &e) == 0 && seen_ref(s, &b));
		T_STR(text(&b), "{\"file\":\"seen-1\",\"n\":250}");
		for (int i = 500; i < 510; i++)
			seen_add(s, h(i));
		T_OK(seen_sync(s, &e) == 0);
		seen_free(s);
		/* The ten that came later were in no mark: they are not known, and the file is left as it is. */
		T_OK(json_parse(&ref, &a, b.p, b.n, &e) == 0);
		T_OK(seen_open(&s, 100, dir, ref, &e) == 0);
		T_OK(seen_has(s, h(248)) && seen_has(s, h(50)) && !seen_has(s, h(505)));
		struct buf c = BUF_INIT;
		T_OK(seen_ref(s, &c));
		T_STR(text(&c), "{\"file\":\"seen-2\",\"n\":100}");
		seen_free(s);
		buf_release(&b);
		buf_release(&c);
	}
	T_CASE("seen: a file that has grown gives way, and goes when nobody needs it")
	{
		struct seen *s;
		struct buf b = BUF_INIT, path = BUF_INIT;
		const char *from = "{\"file\":\"seen-2\",\"n\":100}";
		T_OK(json_parse(&ref, &a, from, strlen(from), &e) == 0);
		T_OK(seen_open(&s, 100, dir, ref, &e) == 0);
		for (int i = 1000; i < 1900; i++)
			seen_add(s, h(i));
		T_OK(seen_sync(s, &e) == 0 && seen_ref(s, &b));
		T_STR(text(&b), "{\"file\":\"seen-3\",\"n\":100}");
		T_OK(seen_has_old(s) && seen_has(s, h(1899)));
		T_OK(json_parse(&ref, &a, b.p, b.n, &e) == 0);
		seen_forget(s, ref);
		T_OK(!seen_has_old(s));
		buf_printf(&path, "%s/seen-2", dir);
		T_OK(access(text(&path), F_OK) < 0);
		seen_free(s);
		const char *gone = "{\"file\":\"seen-2\",\"n\":100}", *more = "{\"file\":\"seen-3\",\"n\":101}";
		T_OK(json_parse(&ref, &a, gone, strlen(gone), &e) == 0);
		T_INT(seen_open(&s, 100, dir, ref, &e), ERR_CONFLICT);
		T_OK(json_parse(&ref, &a, more, strlen(more), &e) == 0);
		T_INT(seen_open(&s, 100, dir, ref, &e), ERR_CONFLICT);
		buf_release(&b);
		buf_release(&path);
	}
	T_CASE("seen: 0 knows nothing")
	{
		struct seen *s;
		T_OK(seen_open(&s, 0, dir, NULL, &e) == 0);
		T_OK(!seen_add(s, h(1)) && !seen_add(s, h(1)) && !seen_has(s, h(1)) && !seen_keeps(s));
		seen_free(s);
	}
	arena_release(&a);
}

static int read_text(struct jobs *j, const char *s, struct err *e)
{
	struct buf path = BUF_INIT;
	struct fetch_spec others = { .since_us = INT64_MIN, .until_us = INT64_MAX };
	buf_printf(&path, "%s/jobs", dir);
	FILE *f = fopen(text(&path), "w");
	fputs(s, f);
	fclose(f);
	int rc = jobs_read(j, &others, text(&path), e);
	buf_release(&path);
	return rc;
}

static void bad_jobs(const char *s, uint64_t line, uint64_t col, const char *what)
{
	struct jobs j = JOBS_INIT;
	struct err e;
	T_INT(read_text(&j, s, &e), ERR_DATA);
	T_INT(e.line, line);
	T_INT(e.col, col);
	if (!strstr(e.msg, what))
		T_FAIL("'%s' does not say '%s'", e.msg, what);
	jobs_release(&j);
}

static void test_jobs(void)
{
	T_CASE("jobs: lines, an array")
	{
		struct jobs j = JOBS_INIT;
		struct err e;
		T_OK(read_text(&j, "{\"name\":\"a\",\"source\":\"x-recent\",\"vars\":{\"query\":\"q\",\"n\":7},\"every\":\"5m\",\"max_records\":3}\n\n"
				   "{\"source\":\"s\",\"since\":\"2026-11-01\",\"until\":\"2026-11-02T00:00:00Z\",\"split\":\"1h\",\"rules\":[\"r\",{\"value\":\"v\",\"tag\":\"t\"}]}",
			       &e) == 0);
		T_INT(j.n, 2);
		T_STR(j.v[0].name, "a");
		T_STR(j.v[0].var[1].value, "7");
		T_INT(j.v[0].every_ns, 300 * NS_PER_SEC);
		T_INT(j.v[1].until_us - j.v[1].since_us, US_PER_DAY);
		T_INT(j.v[1].nrules, 2);
		T_STR(j.v[1].rule[1].tag, "t");
		T_OK(j.v[1].has_rules && !j.v[0].has_rules);
		jobs_release(&j);
		j = (struct jobs)JOBS_INIT;
		T_OK(read_text(&j, " [ {\"source\":\"a\"},\n {\"source\":\"b\"} ]", &e) == 0);
		T_INT(j.n, 2);
		jobs_release(&j);
	}
	T_CASE("jobs: every mistake with its line and column")
	{
		bad_jobs("{\"source\":\"a\"}\n{\"sauce\":\"a\"}", 2, 10, "unknown member 'sauce'");
		bad_jobs("{\"vars\":{}}", 1, 1, "needs a \"source\"");
		bad_jobs("{\"source\":\"a\",\"vars\":{\"q\":true}}", 1, 27, "must be a string or a number");
		bad_jobs("{\"source\":\"a\",\"every\":\"often\"}", 1, 23, "\"every\"");
		bad_jobs("{\"source\":\"a\",\"max_records\":0}", 1, 29, "greater than 0");
		bad_jobs("[{\"source\":\"a\"},\n  7]", 2, 3, "a job must be an object");
		bad_jobs("{\"source\":\"a\"", 1, 14, "");
		bad_jobs("", 0, 0, "no job");
	}
	T_CASE("jobs: operands")
	{
		struct jobs j = JOBS_INIT;
		struct err e;
		struct fetch_spec others = { 0 };
		const char *ok[] = { "query=a=b", "-" }, *twice[] = { "a=1", "a=2" }, *none[] = { "query" };
		T_OK(jobs_add(&j, &others, "s", ok, 2, &e) == 0);
		T_STR(j.v[0].var[0].value, "a=b");
		T_OK(j.v[0].values);
		T_INT(jobs_add(&j, &others, "s", twice, 2, &e), ERR_USAGE);
		T_INT(jobs_add(&j, &others, "s", none, 1, &e), ERR_USAGE);
		jobs_add_rule(&j, "cats=cat lang:en");
		jobs_add_rule(&j, "\"a=b\" c");
		T_STR(j.rule[0].tag, "cats");
		T_STR(j.rule[0].value, "cat lang:en");
		T_OK(!j.rule[1].tag);
		jobs_release(&j);
	}
}

static int allowed(const char *hosts, const char *endpoint, const char *url)
{
	struct buf b = BUF_INIT;
	struct err e;
	buf_printf(&b, "{\"smsource\":1,\"name\":\"t\",\"network\":\"x\",\"map\":\".\",\"hosts\":%s,\"request\":{\"url\":\"https://a.example/p\"}}", hosts);
	struct source_def *d = def_of(buf_cstr(&b));
	struct vars v = VARS_INIT;
	struct request_way w = { .def = d, .endpoint = endpoint };
	int rc = d ? request_allowed(&w, &v, url, &e) : -1;
	source_def_free(d);
	buf_release(&b);
	return rc;
}

static void test_allowed(void)
{
	T_CASE("request: where it may go")
	{
		const char *one = "[\"a.example\",\".b.example\"]";
		T_INT(allowed(one, NULL, "https://a.example/x?y"), 0);
		T_INT(allowed(one, NULL, "https://A.Example:443/x"), 0);
		T_INT(allowed(one, NULL, "https://c.b.example/"), 0);
		T_INT(allowed(one, NULL, "https://a.example:8443/"), ERR_IO);
		T_INT(allowed(one, NULL, "http://a.example/"), ERR_IO);
		T_INT(allowed(one, NULL, "https://a.example.evil.example/"), ERR_IO);
		T_INT(allowed(one, NULL, "https://a.example@evil.example/"), ERR_IO);
		T_INT(allowed(one, NULL, "https://user:pw@a.example/"), ERR_IO);
		T_INT(allowed(one, NULL, "https://evil.example/?a.example"), ERR_IO);
		T_INT(allowed(one, NULL, "https://evil.example\\@a.example/"), ERR_IO);
		T_INT(allowed(one, NULL, "file:///etc/passwd"), ERR_IO);
		T_INT(allowed(one, "http://127.0.0.1:8080", "http://127.0.0.1:8080/x"), 0);
		T_INT(allowed(one, "http://127.0.0.1:8080", "http://127.0.0.1:8081/x"), ERR_IO);
	}
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	test_order();
	test_vars();
	test_backoff();
	test_walk();
	test_round();
	test_windows();
	test_signals();
	test_share();
	test_seen();
	test_jobs();
	test_allowed();
	char rm[64];
	snprintf(rm, sizeof rm, "rm -rf %s", dir);
	return t_done() | (system(rm) != 0);
}
