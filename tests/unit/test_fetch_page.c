/* SPDX-License-Identifier: MIT */
/* From an answer's body to records that were not given out before. */
#include "base/clock.h"
#include "fetch/page.h"
#include "t.h"

#include <stdlib.h>

#define DEF(more) "{\"smsource\":1,\"name\":\"t\",\"network\":\"x\",\"hosts\":[\"a.example\"],\"request\":{\"url\":\"https://a.example/p\"}," more "}"
#define MAP "\"map\":\"{id: \\\"x:\\\\(.id)\\\", native_id: .id, created_at: (.t // \\\"2026-01-01T00:00:00Z\\\"), edited_at: .e, text: .x}\""
#define BY_ID ",\"cursor\":{\"field\":\"native_id\",\"cmp\":\"lenlex\",\"order\":\"desc\"}"

/* A definition in use. */
struct t_page {
	struct source_def *def;
	struct ask *ask;
	struct source_map *map;
	struct seen *seen;
	struct page *page;
	uint64_t bad;
	bool stop;
	struct err why;
};

static int on_bad(void *arg, const char *item, size_t n, const struct err *why, struct err *e)
{
	struct t_page *t = arg;
	(void)item;
	(void)n;
	t->bad++;
	if (!t->stop)
		return 0;
	*e = *why;
	return e->code;
}

static void begin(struct t_page *t, const char *text, size_t dedup)
{
	static const struct source_about about = { .status = 200, .vars = "{}", .nvars = 2 };
	*t = (struct t_page){ 0 };
	struct err e = { 0 };
	int rc = source_def_parse(&t->def, text, strlen(text), "t.json", &e);
	if (rc == 0)
		rc = ask_new(&t->ask, t->def, &e);
	if (rc == 0)
		rc = source_map_new(&t->map, t->def, NULL, false, &e);
	if (rc == 0)
		rc = source_map_about(t->map, &about, &e);
	if (rc == 0)
		rc = seen_open(&t->seen, dedup, NULL, NULL, &e);
	struct page_opts o = { .def = t->def, .ask = t->ask, .map = t->map, .seen = t->seen, .bad = on_bad, .arg = t };
	if (rc == 0)
		rc = page_new(&t->page, &o, &e);
	if (rc < 0) {
		T_FAIL("%s: %s", text, e.msg);
		exit(1);
	}
}

static void end(struct t_page *t)
{
	page_free(t->page);
	seen_free(t->seen);
	source_map_free(t->map);
	ask_free(t->ask);
	source_def_free(t->def);
}

/* What a body gives: its result. */
static int feed(struct t_page *t, const char *body)
{
	static const struct source_about about = { .status = 200, .vars = "{}", .nvars = 2 };
	t->bad = 0;
	page_begin(t->page, &about);
	return page_body(t->page, body, strlen(body), &t->why);
}

static uint64_t lines(const struct t_page *t)
{
	uint64_t n = 0;
	for (size_t i = 0; i < t->page->out.n; i++)
		n += t->page->out.p[i] == '\n';
	return n;
}

#define T_FRESH(t, body, n) do { T_INT(feed(t, body), 0); T_INT((t)->page->fresh, n); T_INT(lines(t), n); } while (0)

static void test_dedup(void)
{
	struct t_page t;
	T_CASE("page: what stands twice comes once, on a page and over pages; an edit comes again")
	{
		begin(&t, DEF(MAP ",\"records\":\".items[]\""), 100);
		T_FRESH(&t, "{\"items\":[{\"id\":\"1\"},{\"id\":\"2\"},{\"id\":\"1\"}]}", 2);
		T_INT(t.page->repeated, 1);
		T_INT(t.page->records, 3);
		/* It was not given out: it is not known. */
		T_FRESH(&t, "{\"items\":[{\"id\":\"1\"}]}", 1);
		page_accept(t.page);
		T_FRESH(&t, "{\"items\":[{\"id\":\"1\"},{\"id\":\"1\",\"e\":\"2026-01-02T00:00:00Z\"},{\"id\":\"2\"}]}", 2);
		page_accept(t.page);
		T_FRESH(&t, "{\"items\":[{\"id\":\"1\",\"e\":\"2026-01-02T00:00:00Z\"}]}", 0);
		T_FRESH(&t, "{\"items\":[]}", 0);
		T_INT(t.page->items, 0);
		end(&t);
	}
	T_CASE("page: a thousand of them on one page, each twice")
	{
		struct buf b = BUF_INIT;
		begin(&t, DEF(MAP ",\"records\":\".items[]\""), 100);
		buf_puts(&b, "{\"items\":[");
		for (int i = 0; i < 2000; i++)
			buf_printf(&b, "%s{\"id\":\"%d\"}", i ? "," : "", i % 1000);
		buf_puts(&b, "]}");
		T_FRESH(&t, buf_cstr(&b), 1000);
		buf_release(&b);
		end(&t);
	}
	T_CASE("page: by the definition's own key; --dedup 0 knows nothing")
	{
		begin(&t, DEF(MAP ",\"dedup\":\".k\""), 100);
		T_FRESH(&t, "[{\"id\":\"1\",\"k\":\"a\"},{\"id\":\"2\",\"k\":\"a\"},{\"id\":\"3\",\"k\":\"b\"}]", 2);
		end(&t);
		begin(&t, DEF(MAP), 0);
		T_FRESH(&t, "[{\"id\":\"1\"},{\"id\":\"1\"}]", 2);
		page_accept(t.page);
		T_FRESH(&t, "[{\"id\":\"1\"}]", 1);
		end(&t);
	}
}

static void test_bounds(void)
{
	struct t_page t;
	static const char body[] = "[{\"id\":\"4\",\"t\":\"2026-01-04T00:00:00Z\"},{\"id\":\"3\",\"t\":\"2026-01-03T00:00:00Z\"},{\"id\":\"2\",\"t\":\"2026-01-02T00:00:00Z\"}]";
	enum time_zone zone;
	begin(&t, DEF(MAP BY_ID), 100);
	T_CASE("page: from since on, before until; what comes after is not counted as read")
	{
		time_parse("2026-01-03T00:00:00Z", 20, &t.page->since_us, &zone);
		time_parse("2026-01-04T00:00:00Z", 20, &t.page->until_us, &zone);
		T_FRESH(&t, body, 1);
		T_INT(t.page->outside, 2);
		T_INT(t.page->older, 1);
		T_STR(t.page->top, "3");
		T_OK(!page_all_older(t.page));
		T_FRESH(&t, "[{\"id\":\"2\",\"t\":\"2026-01-02T00:00:00Z\"}]", 0);
		T_OK(page_all_older(t.page));
		T_FRESH(&t, "[{\"id\":\"9\",\"t\":\"2026-01-09T00:00:00Z\"}]", 0);
		T_OK(!t.page->top && !page_all_older(t.page));
		t.page->since_us = INT64_MIN;
		t.page->until_us = INT64_MAX;
	}
	T_CASE("page: at or below the floor all is old; nothing is not old")
	{
		t.page->floor = "3";
		T_FRESH(&t, body, 3);
		T_INT(t.page->older, 2);
		T_FRESH(&t, "[{\"id\":\"3\"},{\"id\":\"2\"}]", 2);
		T_OK(page_all_older(t.page));
		T_FRESH(&t, "[]", 0);
		T_OK(!page_all_older(t.page));
		T_FRESH(&t, "[{\"id\":\"10\"}]", 1);
		T_OK(!page_all_older(t.page));
		t.page->floor = NULL;
	}
	T_CASE("page: no more than the limit; exactly so many is not full")
	{
		t.page->limit = 2;
		T_FRESH(&t, body, 2);
		T_OK(t.page->full);
		t.page->limit = 3;
		T_FRESH(&t, body, 3);
		T_OK(!t.page->full);
		t.page->limit = 0;
		T_FRESH(&t, body, 0);
		T_OK(t.page->full);
	}
	end(&t);
}

static void test_cursor(void)
{
	struct t_page t;
	T_CASE("page: the greatest value, of a member or by jq; also of items that give no record")
	{
		begin(&t, DEF(MAP BY_ID), 100);
		T_FRESH(&t, "[{\"id\":\"9\"},{\"id\":\"10\"},{\"id\":\"8\"}]", 3);
		T_STR(t.page->top, "10");
		end(&t);
		begin(&t, DEF("\"map\":\"if .skip then empty else {id, native_id: .id, created_at: \\\"2026-01-01T00:00:00Z\\\"} end\""
			      ",\"cursor\":{\"value\":\".seq\",\"cmp\":\"num\",\"order\":\"asc\"}"), 100);
		T_FRESH(&t, "[{\"id\":\"a\",\"seq\":5},{\"id\":\"b\",\"skip\":1,\"seq\":7},{\"id\":\"c\",\"seq\":\"x\"},{\"id\":\"d\"}]", 3);
		T_STR(t.page->top, "7");
		T_INT(t.page->items, 4);
		/* When it was posted nobody knows. */
		t.page->until_us = 0;
		T_FRESH(&t, "[{\"id\":\"b\",\"skip\":1,\"seq\":9}]", 0);
		T_OK(!t.page->top);
		end(&t);
	}
}

static void test_items(void)
{
	struct t_page t;
	T_CASE("page: items as they are, where there is no map")
	{
		begin(&t, DEF("\"records\":\".items[]\""), 100);
		T_FRESH(&t, "{\"items\":[ { \"id\" : 12345678901234567890 , \"x\":1.50 }, {\"y\":[1, 2]},{\"y\":[1,2]} ]}", 2);
		T_MEM(t.page->out.p, t.page->out.n, "{\"id\":12345678901234567890,\"x\":1.50}\n{\"y\":[1,2]}\n", 49);
		end(&t);
	}
	T_CASE("page: bad items are left to the caller, or stop the page")
	{
		begin(&t, DEF(MAP), 100);
		T_FRESH(&t, "[{\"id\":\"1\"},{\"id\":\"2\",\"t\":\"no time\"},{\"id\":\"3\"}]", 2);
		T_INT(t.bad, 1);
		T_INT(t.page->items, 3);
		t.stop = true;
		T_INT(feed(&t, "[{\"id\":\"1\"},{\"id\":\"2\",\"t\":\"no time\"},{\"id\":\"3\"}]"), ERR_DATA);
		T_OK(t.page->stopped);
		T_OK(strstr(t.why.msg, "created_at") != NULL);
		/* The next one is as if nothing had been. */
		T_FRESH(&t, "[{\"id\":\"3\"}]", 1);
		T_OK(!t.page->stopped);
		end(&t);
	}
	T_CASE("page: a body that cannot be cut is no bad item")
	{
		begin(&t, DEF(MAP ",\"records\":\".items[]\""), 100);
		t.stop = true;
		T_OK(feed(&t, "{\"items\":3}") < 0);
		T_OK(!t.page->stopped && !t.bad);
		end(&t);
	}
}

int main(void)
{
	test_dedup();
	test_bounds();
	test_cursor();
	test_items();
	return t_done();
}
