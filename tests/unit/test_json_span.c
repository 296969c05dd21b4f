/* SPDX-License-Identifier: MIT */
/* Texts that are looked at without a tree: what they weigh, where a member is, what spoils them. */
#include "base/rand.h"
#include "json/doc.h"
#include "json/span.h"
#include "t.h"

#include <stdlib.h>
#include <string.h>

static void test_weigh(void)
{
	T_CASE("span: what weighs much is told from what weighs little")
	{
		struct err e;
		size_t n = 4000000;
		char *p = malloc(2 * n + 2);
		for (size_t i = 0; i < n; i++)
			memcpy(p + 1 + 2 * i, "0,", 2);
		p[0] = '[';
		p[2 * n] = '0';
		p[2 * n + 1] = ']';
		T_OK(json_weigh(p, 2 * n + 2) > (uint64_t)350 << 20);
		T_INT(json_fits(p, 2 * n + 2, (uint64_t)256 << 20, &e), ERR_DATA);
		T_OK(strstr(e.msg, "more than 256 MiB") != NULL);
		T_INT(json_fits(p, 2 * n + 2, 0, &e), 0);
		/* A text of the same size is little more than itself twice. */
		memset(p + 1, 'x', 2 * n);
		p[0] = p[2 * n + 1] = '"';
		T_OK(json_weigh(p, 2 * n + 2) < 5 * n);
		T_INT(json_fits(p, 2 * n + 2, (uint64_t)64 << 20, &e), 0);
		free(p);
		static const char *const worst[] = { "{},", "[],", "\"\",", "{\"\":0},", "0," };
		for (size_t i = 0; i < sizeof worst / sizeof *worst; i++) {
			size_t k = strlen(worst[i]);
			/* More than the tree alone, and no byte beyond what json_fits passes unseen. */
			T_OK(json_weigh(worst[i], k) >= sizeof(struct json) && json_weigh(worst[i], k) <= k * (sizeof(struct json) + 448));
		}
	}
}

static void member(const char *text, const char *key, const char *want)
{
	const char *v = NULL;
	size_t n = 0;
	bool found = json_member(text, strlen(text), key, &v, &n);
	if (found != (want != NULL) || (want && (strlen(want) != n || memcmp(want, v, n) != 0)))
		T_FAIL("%s of %s: %.*s", key, text, (int)n, v ? v : "");
}

static void test_member(void)
{
	T_CASE("span: a member's value")
	{
		member("{\"a\":1,\"b\":[2,{\"a\":3}],\"c\":\"}\\\"\"}", "a", "1");
		member("{\"a\":1,\"b\":[2,{\"a\":3}],\"c\":\"}\\\"\"}", "b", "[2,{\"a\":3}]");
		member(" { \"a\" : 1 , \"c\" : \"}\\\"\" } ", "c", "\"}\\\"\"");
		member("{\"a\":1,\"a\":{}}", "a", "{}");
		member("{\"a\":null}", "a", "null");
		member("{\"aa\":1}", "a", NULL);
		member("{}", "a", NULL);
		member("[{\"a\":1}]", "a", NULL);
		member("", "a", NULL);
		member("{\"a\"", "a", NULL);
		member("{\"a\":}}}", "b", NULL);
	}
}

struct taken {
	struct buf b;
	size_t n;
};

static int take(void *arg, const char *p, size_t n, const struct err *why, struct err *e)
{
	struct taken *t = arg;
	(void)why, (void)e;
	buf_put(&t->b, p, n);
	buf_putc(&t->b, '|');
	t->n++;
	return 0;
}

/* WANT NULL: it cannot be mended; TAKEN: the elements that are bad. */
static void sift(const char *text, const char *want, const char *taken, bool want_cut)
{
	struct taken t = { .b = BUF_INIT };
	struct buf out = BUF_INIT;
	struct err e;
	bool cut;
	int rc = json_sift(&out, text, strlen(text), take, &t, &cut, &e);
	if ((rc == 0) != (want != NULL) || cut != want_cut || (want && strcmp(buf_cstr(&out), want) != 0) ||
	    strcmp(buf_cstr(&t.b), taken) != 0)
		T_FAIL("%s: %d %d %s; %s", text, rc, cut, buf_cstr(&out), buf_cstr(&t.b));
	buf_release(&out);
	buf_release(&t.b);
}

static void test_sift(void)
{
	T_CASE("span: bad elements are taken out, the rest stays")
	{
		sift("{\"items\":[{\"id\":1,\"t\":\"\\ud83d\"},{\"id\":2}],\"n\":1}", "{\"items\":[{\"id\":2}],\"n\":1}", "{\"id\":1,\"t\":\"\\ud83d\"}|", false);
		sift("[1,NaN,\"\x01\",\"\xff\",2]", "[1,2]", "NaN|\"\x01\"|\"\xff\"|", false);
		sift("[ 01 , 2 ]", "[2 ]", "01 |", false);
		sift("[01]", "[]", "01|", false);
		sift("{\"a\":[{\"b\":[1,[01]]},3],\"c\":[x]}", "{\"a\":[3],\"c\":[]}", "{\"b\":[1,[01]]}|x|", false);
		sift("[]", "[]", "", false);
		sift("[[],{}]", "[[],{}]", "", false);
		sift("{\"a\":1}", "{\"a\":1}", "", false);
		sift("{\"a\":\"\\ud83d\",\"b\":[1]}", NULL, "", false);
		sift("[1,2", NULL, "", true);
		sift("{\"a\":[1,\"x", NULL, "", true);
		sift("", NULL, "", true);
		sift("[1}", NULL, "", false);
		sift("]", NULL, "", false);
		sift("[1] x", NULL, "", false);
	}
	T_CASE("span: of damaged pages, what is left is JSON, and nothing that was right is taken")
	{
		struct rng r;
		struct buf page = BUF_INIT, out = BUF_INIT;
		rng_seed(&r, 20261129);
		for (int round = 0; round < 3000; round++) {
			struct taken t = { .b = BUF_INIT };
			struct err e;
			bool cut, bad[9];
			size_t n = rng_below(&r, 9), nbad = 0;
			buf_clear(&page);
			buf_puts(&page, "{\"data\":{\"items\":[");
			for (size_t i = 0; i < n; i++) {
				static const char *const faults[] = { "\"\\udc00\"", "01", "\"\x7f\x02\"", "\"\xc3\"", "nul", "{\"a\" 1}", "[1,,2]" };
				static const char *const fine[] = { "\"\\ud83d\\ude00\"", "-1.5e3", "[{},[\"]\"]]", "{\"a\":\"\\\"}\"}", "null" };
				bad[i] = rng_below(&r, 3) == 0;
				nbad += bad[i];
				buf_printf(&page, "%s{\"id\":%zu,\"x\":%s}", i ? " , " : "", i,
					   bad[i] ? faults[rng_below(&r, sizeof faults / sizeof *faults)] : fine[rng_below(&r, sizeof fine / sizeof *fine)]);
			}
			buf_puts(&page, "],\"next\":\"n\"}}");
			T_INT(json_sift(&out, page.p, page.n, take, &t, &cut, &e), 0);
			T_INT(t.n, nbad);
			T_OK(json_check(out.p, out.n, &e) == 0);
			for (size_t i = 0; i < n; i++) {
				char id[32];
				snprintf(id, sizeof id, "{\"id\":%zu,", i);
				T_OK((strstr(buf_cstr(&out), id) == NULL) == bad[i]);
			}
			/* Cut anywhere it is cut, or no JSON; it never goes beyond its end. */
			size_t k = rng_below(&r, page.n);
			char *part = malloc(k + 1);
			memcpy(part, page.p, k);
			T_OK(json_sift(&out, part, k, take, &t, &cut, &e) < 0 && cut);
			json_weigh(part, k);
			free(part);
			buf_release(&t.b);
		}
		buf_release(&page);
		buf_release(&out);
	}
}

/* Elements as a tree has them. */
static void test_elements(void)
{
	T_CASE("span: the elements of an array")
	{
		static const char *const text[] = { "[]", "[ ]", "[1]", "[ 1 ,2, 3 ]", "[[],[1,[2,\"]\"]],{\"a\":[1,2],\"b\":{}}]",
			"[\"a,b\",\"\\\"\",\"\\\\\",null , true,false,-1.5e+3]", "[\n{\"a\" : \"}\"}\t,\r\n\"\"]" };
		for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
			struct arena a = ARENA_INIT;
			struct json *root;
			struct err e;
			const char *at = text[i] + 1, *end = text[i] + strlen(text[i]), *v;
			size_t n;
			T_INT(json_parse(&root, &a, text[i], strlen(text[i]), &e), 0);
			T_OK(json_skip(text[i], end) == end);
			for (const struct json *c = root->child; c; c = c->next) {
				T_OK(json_element(&at, end, &v, &n));
				T_MEM(v, n, c->raw, c->nraw);
			}
			T_OK(!json_element(&at, end, &v, &n));
			arena_release(&a);
		}
	}
}

int main(void)
{
	test_elements();
	test_weigh();
	test_member();
	test_sift();
	return t_done();
}
