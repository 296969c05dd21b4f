/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "http/sse.h"
#include "t.h"

#include <stdlib.h>

struct log {
	struct buf b;
	int answer;        /* what the callback returns */
	int calls;
};

static int note(void *arg, const struct sse_event *ev, struct err *e)
{
	struct log *l = arg;
	l->calls++;
	buf_printf(&l->b, "%s[%s]", ev->type, ev->id);
	buf_put(&l->b, ev->data, ev->ndata);
	buf_putc(&l->b, '|');
	if (strlen(ev->data) != ev->ndata && !memchr(ev->data, '\0', ev->ndata))
		buf_puts(&l->b, "no NUL behind");
	return l->answer ? err_set(e, ERR_RETRY, "enough") : 0;
}

/* TEXT in pieces of STEP bytes. */
static int feed(struct log *l, const char *text, size_t n, size_t step, size_t max, struct err *e)
{
	struct sse *s = sse_new(max, note, l);
	int r = 0;
	for (size_t i = 0; i < n && !r; i += step)
		r = sse_feed(s, text + i, n - i < step ? n - i : step, e);
	buf_printf(&l->b, "%lld", (long long)sse_retry_ms(s));
	sse_free(s);
	return r;
}

static void expect(const char *text, size_t n, const char *events)
{
	for (size_t step = 1; step <= n + 1; step++) {
		struct log l = { 0 };
		struct err e;
		T_INT(feed(&l, text, n, step, 1000, &e), 0);
		T_STR(buf_cstr(&l.b), events);
		buf_release(&l.b);
	}
}
#define EXPECT(text, events) expect(text, sizeof text - 1, events)

static void test_events(void)
{
	T_CASE("sse: data, event, id, retry, comments")
	{
		EXPECT("data: a\n\n", "message[]a|-1");
		EXPECT("event: update\ndata: {\"a\":1}\nid: 7\n\ndata:b\n\n", "update[7]{\"a\":1}|message[7]b|-1");
		EXPECT("data: a\ndata: b\ndata\n\n", "message[]a\nb\n|-1");
		EXPECT(":thump\n\n:\ndata:  two spaces\n\n", "message[] two spaces|-1");
		EXPECT("retry: 2500\ndata: x\n\nretry: soon\nretry: -1\n", "message[]x|2500");
		EXPECT("other: field\nDATA: no\ndata : no\ndata: yes\n\n", "message[]yes|-1");
	}
	T_CASE("sse: line ends LF, CR, CRLF and all of them mixed")
	{
		EXPECT("data: a\r\rdata: b\r\n\r\ndata: c\n\rdata: d\n\n", "message[]a|message[]b|message[]c|message[]d|-1");
		EXPECT("data: a\r\ndata: b\r\n\r\n", "message[]a\nb|-1");
	}
	T_CASE("sse: an event without data is none, one with empty data is")
	{
		EXPECT("event: ping\n\ndata: x\n\n", "message[]x|-1");
		EXPECT("id: 4\n\ndata: x\n\n", "message[4]x|-1");
		EXPECT("data\n\ndata:\n\ndata:\ndata:\n\n", "message[]|message[]|message[]\n|-1");
	}
	T_CASE("sse: ids stay, are emptied, and are ignored with a NUL")
	{
		EXPECT("id: 1\ndata: a\n\nid: 2\0\ndata: b\n\nid\ndata: c\n\n", "message[1]a|message[1]b|message[]c|-1");
	}
	T_CASE("sse: a byte order mark at the very start alone")
	{
		EXPECT("\xEF\xBB\xBF" "data: a\n\n", "message[]a|-1");
		EXPECT("\xEF\xBB\xBF\n\xEF\xBB\xBF" "data: a\n\n", "-1");
	}
	T_CASE("sse: what no empty line ends is dropped")
	{
		EXPECT("data: a\n\ndata: b\n", "message[]a|-1");
		EXPECT("data: a", "-1");
		EXPECT("", "-1");
	}
}

static void test_bounds(void)
{
	T_CASE("sse: lines and events that are too long")
	{
		struct err e;
		for (size_t step = 1; step < 20; step++) {
			struct log l = { 0 };
			T_INT(feed(&l, "data: 1234\n\n", 12, step, 10, &e), 0);
			T_INT(feed(&l, "data: 12345\n\n", 13, step, 10, &e), ERR_DATA);
			T_STR(e.msg, "a line is longer than 10 bytes");
			T_INT(feed(&l, "data: 1234\ndata: 5678\n\n", 23, step, 10, &e), 0);
			T_INT(feed(&l, "data:1234\ndata:5678\ndata:\n\n", 27, step, 10, &e), ERR_DATA);
			T_STR(e.msg, "an event is longer than 10 bytes");
			T_INT(l.calls, 2);
			buf_release(&l.b);
		}
	}
	T_CASE("sse: what the callback returns ends it")
	{
		struct err e;
		struct log l = { .answer = 1 };
		T_INT(feed(&l, "data: a\n\ndata: b\n\n", 18, 100, 100, &e), ERR_RETRY);
		T_STR(e.msg, "enough");
		T_INT(l.calls, 1);
		buf_release(&l.b);
		sse_free(NULL);
	}
}

int main(void)
{
	test_events();
	test_bounds();
	return t_done();
}
