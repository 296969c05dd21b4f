/* SPDX-License-Identifier: MIT */
/* What headers say, without a server. */
#include "base/clock.h"
#include "http/head.h"
#include "t.h"

#include <stdlib.h>

static void test_says(void)
{
	struct http_header v[3];
	struct http_answer a = { .headers = v, .nheaders = 1 };
	T_CASE("http: Retry-After")
	{
		static const struct { const char *text; int64_t want; } t[] = { { "120", 120 }, { "0", 0 }, { "1.5", 2 }, { "2.0", 2 },
			{ "99999999999999999999", INT32_MAX }, { "-1", -1 }, { "", -1 }, { "soon", -1 }, { "1e3", -1 }, { "5 minutes", -1 },
			{ "Wed, 21 Oct 2015 07:28:30 GMT", 30 }, { "Wednesday, 21-Oct-15 07:29:00 GMT", 60 }, { "Wed Oct 21 07:28:10 2015", 10 },
			{ "Wed, 21 Oct 2015 07:27:00 GMT", 0 }, { "20151021", 20151021 } };
		v[1] = (struct http_header){ "date", "Wed, 21 Oct 2015 07:28:00 GMT" };
		a.nheaders = 2;
		for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
			v[0] = (struct http_header){ "retry-after", t[i].text };
			if (http_retry_after(&a) != t[i].want)
				T_FAIL("'%s' is %lld", t[i].text, (long long)http_retry_after(&a));
		}
		T_INT(http_date_us(&a), INT64_C(1445412480) * US_PER_SEC);
		a.nheaders = 1;
		v[0].value = "Wed, 21 Oct 2015 07:28:30 GMT";
		T_INT(http_retry_after(&a), 0);
		T_INT(http_date_us(&a), INT64_MIN);
		v[0] = (struct http_header){ "date", "yesterday" };
		T_INT(http_date_us(&a), INT64_MIN);
		T_INT(http_retry_after(&a), -1);
	}
}

static void links(const char *value, const char *rel, const char *want)
{
	struct http_header v = { "link", value };
	struct http_answer a = { .headers = &v, .nheaders = 1 };
	struct buf b = BUF_INIT;
	bool found = http_link(&a, rel, "https://h/p/q?x", &b);
	if (found != (want != NULL))
		T_FAIL("%s: %s", value, found ? "found" : "not found");
	T_STR(buf_cstr(&b), want ? want : "");
	buf_release(&b);
}

static void test_links(void)
{
	T_CASE("http: Link")
	{
		struct buf b = BUF_INIT;
		links("<https://a/1?x=1,2>; rel=\"next\", <https://a/0>; rel=\"prev\"", "next", "https://a/1?x=1,2");
		links("<https://a/1>; rel=\"next\", <https://a/0>; rel=\"prev\"", "prev", "https://a/0");
		links("<https://a/1>; rel=\"next\", <https://a/0>; rel=\"prev\"", "last", NULL);
		links("</1>;rel=next", "next", "https://h/1");
		links("<?page=2>; REL=\"last Next\"", "next", "https://h/p/q?page=2");
		links("<1> ; title=\"a, b; rel=\\\"next\\\"\" ; rel=prev, <2>; rel=next", "next", "https://h/p/2");
		links("<1>; rel=prev; rel=next", "next", NULL);
		links("<1>; rel=next; anchor=\"/other\", <2>; rel=next", "next", "https://h/p/2");
		links("<1>; rel=nexts, <2>; rel=nex", "next", NULL);
		links("<1>, <2>; rel=next", "next", "https://h/p/2");
		links("junk, \"<x>; rel=next\", <2>; rel = next", "next", "https://h/p/2");
		links("<>; rel=next", "next", "https://h/p/q?x");
		links("<1; rel=next", "next", NULL);
		links("<1>; rel=\"next", "next", "https://h/p/1");
		links("<1>; rel", "next", NULL);
		links("", "next", NULL);
		links(",,;,<", "next", NULL);
		links("<http://>; rel=next, <2>; rel=next", "next", "https://h/p/2");
		/* What looks at each `<` up to the end takes a minute for these. */
		char *many = malloc(900001);
		for (size_t i = 0; i < 3; i++) {
			static const char *const parts[] = { "<", "<,", "\",<" };
			size_t n = strlen(parts[i]);
			for (size_t k = 0; k + n <= 900000; k += n)
				memcpy(many + k, parts[i], n);
			many[900000 / n * n] = '\0';
			links(many, "next", NULL);
		}
		free(many);
		struct http_header v[] = { { "link", "</a>; rel=prev" }, { "x", "y" }, { "link", "</b>; rel=next" } };
		struct http_answer a = { .headers = v, .nheaders = 3 };
		T_OK(http_link(&a, "next", "http://h/", &b));
		T_STR(buf_cstr(&b), "http://h/b");
		buf_release(&b);
	}
}

static enum head_step lines(struct http_head *x, const char *text)
{
	enum head_step step = HEAD_MORE;
	while (*text && step == HEAD_MORE) {
		size_t n = strcspn(text, "\n") + 1;
		step = http_head_line(x, text, n);
		text += n;
	}
	return step;
}

static void test_head(void)
{
	struct http_head x;
	http_head_init(&x);
	T_CASE("http: lines to headers")
	{
		T_INT(lines(&x, "HTTP/1.1 100 Continue\r\nA: 1\r\n\r\nHTTP/2 200 \r\n"), HEAD_MORE);
		T_INT(lines(&x, " folded without a field\r\nB : 2 \r\nbad name: x\r\nC:\r\n\tfolded\r\nno field\r\n\r\n"), HEAD_END);
		T_INT(x.status, 200);
		T_INT(x.n, 2);
		T_STR(x.list[0].name, "b");
		T_STR(x.list[0].value, "2");
		T_STR(x.list[1].name, "c");
		T_STR(x.list[1].value, "folded");
		/* Trailers. */
		T_INT(lines(&x, "D: 4\r\n\r\n"), HEAD_MORE);
		T_INT(x.n, 2);
	}
	T_CASE("http: lines that are no headers")
	{
		static const char *const bad[] = { "\r\n", "HTTP\r\n", "HTTP/1.1\r\n", "HTTP/1.1 2\r\n", "HTTP/1.1 2000 x\r\n", "HTTP/1.1 0200\r\n",
			"HTTP/1.1 099 x\r\n", "ICY 200 OK\r\n", "http/1.1 200 OK\r\n" };
		for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
			http_head_reset(&x);
			T_INT(lines(&x, bad[i]), HEAD_BAD);
		}
		http_head_reset(&x);
		T_INT(lines(&x, "HTTP/1.1 200 OK\r\n"), HEAD_MORE);
		T_INT(http_head_line(&x, "A: \0b\r\n", 7), HEAD_BAD);
	}
	T_CASE("http: a 101 is an end for websockets alone")
	{
		http_head_reset(&x);
		T_INT(lines(&x, "HTTP/1.1 101 Switching\nA: 1\n\n"), HEAD_MORE);
		T_INT(x.status, 0);
		x.upgrade = true;
		T_INT(lines(&x, "HTTP/1.1 101 Switching\nA: 1\n\n"), HEAD_END);
		T_INT(x.status, 101);
	}
	http_head_release(&x);
}

int main(void)
{
	test_head();
	test_says();
	test_links();
	return t_done();
}
