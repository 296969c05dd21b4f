/* SPDX-License-Identifier: MIT */
/* The header block of an answer, and what is read out of it: the JSON of any headers parses, and each value, taken for
 * an address, keeps what url.h promises. */
#include "base/arena.h"
#include "http/head.h"
#include "http/url.h"
#include "json/doc.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static bool same(struct buf *b, const char *s)
{
	return !strcmp(buf_cstr(b), s);
}

/* An address that parses: it is allowed by its own host, moves to itself, and joins to itself. */
static void check_address(const char *url, const struct url_parts *p)
{
	struct buf b = BUF_INIT;
	struct url_parts q;
	check(p->port > 0 && p->host[0] && p->scheme[0]);
	if (!strchr(p->host, ':')) {
		buf_printf(&b, "%s:%u", p->host, p->port);
		check(url_host_is(p, buf_cstr(&b)));
		buf_clear(&b);
	}
	check(!url_join(&b, "http://other/", url, NULL) && same(&b, url));
	buf_clear(&b);
	check(!url_move(&b, url, "https://h:81/base", NULL) && !strncmp(buf_cstr(&b), "https://h:81/base", 17));
	buf_clear(&b);
	/* A parameter more is still an address of the same host. */
	buf_puts(&b, url);
	url_add_param(&b, "a b", "c&#", 3);
	check(!url_parse(&q, buf_cstr(&b), NULL) && !strcmp(p->host, q.host) && p->port == q.port);
	buf_release(&b);
}

static void check_text(const char *s)
{
	struct buf a = BUF_INIT, b = BUF_INIT, c = BUF_INIT;
	struct url_parts p;
	if (!url_parse(&p, s, NULL))
		check_address(s, &p);
	url_drop_param(&a, s, "token");
	url_drop_param(&b, buf_cstr(&a), "token");
	check(same(&b, a.p) && a.n <= strlen(s));
	/* What was added is taken out again, and nothing else: what ends with & or ? gets its mark back only with a parameter. */
	buf_clear(&b);
	buf_put(&b, a.p, a.n);
	url_add_param(&b, "token", "x y", 3);
	url_drop_param(&c, buf_cstr(&b), "token");
	check(c.n <= a.n && a.n - c.n <= 1);
	buf_clear(&b);
	url_show(&b, s);
	check(!memchr(buf_cstr(&b), '#', b.n) && !memchr(b.p, '\n', b.n));
	buf_clear(&b);
	if (!url_join(&b, "https://api.example/a/b?c", s, NULL))
		check(b.n > 0);
	buf_release(&a);
	buf_release(&b);
	buf_release(&c);
}

static void check_answer(const struct http_answer *a)
{
	static const char *const rels[] = { "next", "prev", "last" };
	struct arena arena = { 0 };
	struct buf b = BUF_INIT;
	struct json *v;
	http_headers_json(a, &b);
	check(json_parse(&v, &arena, b.p, b.n, NULL) == 0 && v->type == JSON_OBJECT && v->nchild <= a->nheaders);
	for (const struct json *x = v->child; x; x = x->next)
		check(json_get(v, x->key) == x);
	check(http_retry_after(a) >= -1);
	http_date_us(a);
	for (size_t i = 0; i < 3; i++) {
		buf_clear(&b);
		if (http_link(a, rels[i], "https://api.example/a/b?c", &b))
			check(b.n > 0);
		else
			check(b.n == 0);
	}
	for (size_t i = 0; i < a->nheaders; i++) {
		check(a->headers[i].name[0] && !strpbrk(a->headers[i].name, ":\nABCDEFGHIJKLMNOPQRSTUVWXYZ"));
		check_text(a->headers[i].value);
	}
	buf_release(&b);
	arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *end = p + size;
	struct http_head head;
	enum head_step step = HEAD_MORE;
	http_head_init(&head);
	while (p < end && step == HEAD_MORE) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((lf ? lf + 1 : end) - p);
		step = http_head_line(&head, p, n);
		p += n;
	}
	if (step == HEAD_END)
		check_answer(&(struct http_answer){ .status = head.status, .headers = head.list, .nheaders = head.n });
	http_head_release(&head);
	return 0;
}
