/* SPDX-License-Identifier: MIT */
/* What statuses, failures and words mean: one table for pages, streams, logins and rules. */
#include "base/clock.h"
#include "fetch/says.h"
#include "fetch/verdict.h"
#include "t.h"

#include <stdio.h>
#include <string.h>

static void test_statuses(void)
{
	T_CASE("verdict: every status from 100 to 599")
	{
		for (long s = 100; s < 600; s++) {
			struct verdict v = verdict_of(&(struct verdict_facts){ .status = s, .retry_after_ns = -1, .limit_ns = -1 });
			enum verdict_kind want = s == 204				     ? VERDICT_EMPTY
						 : s >= 200 && s < 300			     ? VERDICT_OK
						 : s == 304				     ? VERDICT_SAME
						 : s >= 300 && s < 400			     ? VERDICT_REDIRECT
						 : s == 401				     ? VERDICT_AUTH
						 : s == 429				     ? VERDICT_LIMIT
						 : s == 408 || s == 425 || s >= 500	     ? VERDICT_RETRY
											     : VERDICT_ERROR;
			bool absent = s == 400 || s == 404 || s == 405 || s == 406 || s == 501;
			if (v.kind != want || v.absent != absent || v.wait_ns != -1 || v.text || v.unknown)
				T_FAIL("status %ld: %d, absent %d", s, (int)v.kind, v.absent);
			if (v.kind == VERDICT_RETRY)
				T_INT(v.cause, CAUSE_HTTP5XX);
			if (v.kind == VERDICT_LIMIT)
				T_INT(v.cause, CAUSE_RATE);
		}
	}
	T_CASE("verdict: how long to wait")
	{
		struct verdict_facts f = { .status = 503, .retry_after_ns = 7 * NS_PER_SEC, .limit_ns = 9 * NS_PER_SEC };
		T_INT(verdict_of(&f).wait_ns, 7 * NS_PER_SEC);
		f.status = 429;
		T_INT(verdict_of(&f).wait_ns, 9 * NS_PER_SEC);
		f.limit_ns = 0;
		T_INT(verdict_of(&f).wait_ns, NS_PER_SEC);
		f.status = 404;
		T_INT(verdict_of(&f).wait_ns, -1);
	}
}

static void test_words(void)
{
	static const struct { const char *word; enum verdict_kind kind; const char *text; int64_t wait; } t[] = {
		{ "ok", VERDICT_OK, NULL, -1 }, { "retry", VERDICT_RETRY, NULL, -1 }, { "rate_limited", VERDICT_LIMIT, NULL, -1 },
		{ "quota", VERDICT_QUOTA, NULL, -1 }, { "auth", VERDICT_AUTH, NULL, -1 }, { "skip", VERDICT_SKIP, NULL, -1 },
		{ "wait:2.5", VERDICT_WAIT, "2.5", 2500000000 }, { "wait:soon", VERDICT_WAIT, "soon", NS_PER_SEC },
		{ "wait:-3", VERDICT_WAIT, "-3", NS_PER_SEC }, { "wait:1e300", VERDICT_WAIT, "1e300", NS_PER_SEC },
		{ "later:30", VERDICT_LATER, "30", 30 * NS_PER_SEC }, { "shrink:n", VERDICT_SHRINK, "n", -1 },
		{ "cursor_expired", VERDICT_EXPIRED, NULL, -1 }, { "error:no, never", VERDICT_ERROR, "no, never", -1 },
		{ "error:", VERDICT_ERROR, "", -1 } };
	static const char *const none[] = { "retryy", "OK", "ok ", "wait", "later", "error", "skip:", "quota:1", "null" };
	T_CASE("verdict: words of `outcome`, whatever the status")
	{
		for (long s = 200; s <= 500; s += 100)
			for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
				struct verdict v = verdict_of(&(struct verdict_facts){
				    .status = s, .retry_after_ns = -1, .limit_ns = -1, .word = t[i].word });
				if (v.kind != t[i].kind || v.unknown || v.wait_ns != t[i].wait)
					T_FAIL("%s: %d, %lld", t[i].word, (int)v.kind, (long long)v.wait_ns);
				if (t[i].text ? !v.text || strcmp(v.text, t[i].text) != 0 : v.text != NULL)
					T_FAIL("%s: %s", t[i].word, v.text);
			}
		for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
			struct verdict v = verdict_of(&(struct verdict_facts){ .status = 404, .word = none[i] });
			T_OK(v.kind == VERDICT_ERROR && v.unknown && !v.absent);
			T_STR(v.text, none[i]);
		}
		/* Nothing is no word: the status decides. */
		T_INT(verdict_of(&(struct verdict_facts){ .status = 429, .word = "" }).kind, VERDICT_LIMIT);
	}
}

static void test_failures(void)
{
	static const struct { enum http_failure f; enum verdict_kind kind; enum def_cause cause; } t[] = {
		{ HTTP_CONNECT, VERDICT_RETRY, CAUSE_NET }, { HTTP_CUT, VERDICT_RETRY, CAUSE_NET }, { HTTP_PROTOCOL, VERDICT_RETRY, CAUSE_NET },
		{ HTTP_SILENT, VERDICT_RETRY, CAUSE_SILENCE }, { HTTP_TIMEOUT, VERDICT_RETRY, CAUSE_SILENCE },
		{ HTTP_ENCODING, VERDICT_RETRY, CAUSE_BODY }, { HTTP_TLS, VERDICT_ERROR, 0 }, { HTTP_TOO_LONG, VERDICT_ERROR, 0 },
		{ HTTP_HEADERS, VERDICT_ERROR, 0 } };
	T_CASE("verdict: failures on the way; none is a limit that is used up")
	{
		for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
			/* What had come before it broke does not count. */
			struct verdict v = verdict_of(&(struct verdict_facts){ .failure = t[i].f, .status = 429, .word = "quota" });
			if (v.kind != t[i].kind || (v.kind == VERDICT_RETRY && v.cause != t[i].cause) || v.wait_ns != -1)
				T_FAIL("failure %d: %d by %d", (int)t[i].f, (int)v.kind, (int)v.cause);
		}
	}
}

static void test_errors(void)
{
	static const struct { const char *body; bool alone; } t[] = {
		{ "{\"errors\":[{\"message\":\"over capacity\"}]}", true }, { "{\"data\":null,\"errors\":[{\"message\":\"x\"}]}", true },
		{ "{\"errors\":[1],\"title\":\"t\",\"status\":503,\"detail\":\"d\",\"type\":\"about:blank\"}", true },
		{ "{\"errors\":[]}", false }, { "{\"errors\":null}", false }, { "{\"errors\":[1],\"data\":[]}", false },
		{ "{\"errors\":[1],\"meta\":{}}", false }, { "[\"errors\"]", false }, { "{\"items\":[{\"errors\":[1]}]}", false }, { "null", false } };
	T_CASE("says: an answer that holds errors alone")
	{
		char words[64];
		for (size_t i = 0; i < sizeof t / sizeof *t; i++)
			if (says_errors_alone(t[i].body, strlen(t[i].body)) != t[i].alone)
				T_FAIL("%s", t[i].body);
		says_words(t[0].body, strlen(t[0].body), words, sizeof words);
		T_STR(words, ": over capacity");
	}
}

int main(void)
{
	test_statuses();
	test_words();
	test_failures();
	test_errors();
	return t_done();
}
