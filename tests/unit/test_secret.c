/* SPDX-License-Identifier: MIT */
/* Secrets: the places and their order, what is refused, and texts without them. */
#include "base/clock.h"
#include "base/mem.h"
#include "secret/redact.h"
#include "secret/secret.h"

#include "t.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/smtools-secret-XXXXXX";

static const char *at(const char *name)
{
	static char path[4][256];
	static unsigned i;
	char *p = path[i++ % 4];
	snprintf(p, sizeof path[0], "%s/%s", dir, name);
	return p;
}

static void put_file(const char *name, const void *p, size_t n, unsigned mode)
{
	int fd = open(at(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
	T_OK(write(fd, p, n) == (ssize_t)n);
	T_OK(fchmod(fd, mode) == 0);
	close(fd);
}

static void put_text(const char *name, const char *text, unsigned mode)
{
	put_file(name, text, strlen(text), mode);
}

static struct secrets *none(const char *helper)
{
	struct secrets *s;
	T_INT(secrets_new(&s, NULL, 0, helper, NULL), 0);
	return s;
}

/* The value of NAME, or the error's text. */
static const char *get(struct secrets *s, const char *name, struct err *e)
{
	const char *v;
	size_t n;
	return secrets_get(s, name, &v, &n, e) == 0 ? v : e->msg;
}

static int give(const char *text, struct err *e)
{
	struct secrets *s;
	int rc = secrets_new(&s, &text, 1, NULL, e);
	secrets_free(s);
	return rc;
}

static void set_places(void)
{
	setenv("CREDENTIALS_DIRECTORY", at("cred"), 1);
	setenv("XDG_CONFIG_HOME", at("xdg"), 1);
	mkdir(at("cred"), 0700);
	mkdir(at("xdg"), 0700);
	mkdir(at("xdg/smtools"), 0700);
	mkdir(at("xdg/smtools/secrets"), 0700);
}

static void test_given(void)
{
	struct err e;
	T_CASE("given by file and by descriptor") {
		const char *v, *given[] = { NULL, "b.2=fd:9" };
		size_t n;
		struct secrets *s;
		char text[300];
		int p[2];
		put_text("given", "from-file\n", 0644);
		snprintf(text, sizeof text, "a-1=@%s", at("given"));
		given[0] = text;
		T_OK(pipe(p) == 0 && write(p[1], "from=fd", 7) == 7);
		dup2(p[0], 9);
		close(p[0]);
		close(p[1]);
		T_INT(secrets_new(&s, given, 2, NULL, &e), 0);
		T_OK(fcntl(9, F_GETFD) < 0);
		T_STR(secrets_unused(s), "a-1");
		T_INT(secrets_get(s, "a-1", &v, &n, &e), 0);
		T_MEM(v, n, "from-file", 9);
		T_STR(get(s, "b.2", &e), "from=fd");
		T_OK(secrets_unused(s) == NULL);
		secrets_free(s);
	}
	T_CASE("what is given wrongly is refused, and a value is never repeated") {
		const char *bad[] = { "tok=hunter2secret", "hunter2secret", "hunter2 secret=@f", "=@hunter2secret", "..=@hunter2secret", "a/b=@hunter2secret",
			"x=hunter2=secret" };
		for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
			T_INT(give(bad[i], &e), ERR_USAGE);
			T_OK(!strstr(e.msg, "hunter2"));
		}
		T_INT(give("tok=value", &e), ERR_USAGE);
		T_OK(strstr(e.msg, "every user") && strstr(e.msg, "tok=@FILE"));
		T_INT(give("tok=@", &e), ERR_USAGE);
		T_INT(give("tok=fd:", &e), ERR_USAGE);
		T_INT(give("tok=fd:x", &e), ERR_USAGE);
		T_INT(give("tok=fd:99999999999", &e), ERR_USAGE);
		T_INT(give("tok=fd:777", &e), ERR_IO);
		T_INT(give("tok=@/nowhere/at/all", &e), ERR_IO);
		T_OK(strstr(e.msg, "tok") && strstr(e.msg, "/nowhere/at/all"));
		const char *twice[] = { "tok=@/proc/sys/kernel/ostype", "tok=@/proc/sys/kernel/ostype" };
		struct secrets *s;
		T_INT(secrets_new(&s, twice, 2, NULL, &e), ERR_USAGE);
		T_OK(s == NULL && strstr(e.msg, "twice"));
	}
}

static void check_value(const char *p, size_t n, const char *want, const char *why)
{
	char text[300];
	struct secrets *s;
	struct err e;
	const char *v, *given = text;
	size_t vn;
	put_file("value", p, n, 0600);
	snprintf(text, sizeof text, "x=@%s", at("value"));
	int rc = secrets_new(&s, &given, 1, NULL, &e);
	if (want) {
		T_INT(rc, 0);
		if (rc == 0 && secrets_get(s, "x", &v, &vn, &e) == 0)
			T_MEM(v, vn, want, strlen(want));
	} else {
		T_INT(rc, ERR_DATA);
		if (!strstr(e.msg, why) || !strstr(e.msg, at("value")))
			T_FAIL("%s", e.msg);
	}
	secrets_free(s);
}

static void test_values(void)
{
	T_CASE("line ends, and values that no header can carry") {
		check_value("abc\n", 4, "abc", NULL);
		check_value("abc\r\n", 5, "abc", NULL);
		check_value(" a b ", 5, " a b ", NULL);
		check_value("", 0, NULL, "empty");
		check_value("\n", 1, NULL, "empty");
		check_value("a\n\n", 3, NULL, "more than one line");
		check_value("a\rb", 3, NULL, "more than one line");
		check_value("a\0b", 3, NULL, "NUL");
		char *big = mem_alloc(SECRET_MAX + 100);
		memset(big, 'x', SECRET_MAX + 100);
		check_value(big, SECRET_MAX + 1, NULL, "longer");
		check_value(big, SECRET_MAX + 100, NULL, "longer");
		big[SECRET_MAX] = '\0';
		char *want = mem_strdup(big);
		memcpy(big + SECRET_MAX, "\r\n", 2);
		check_value(big, SECRET_MAX + 2, want, NULL);
		mem_free(big);
		mem_free(want);
	}
	T_CASE("names") {
		T_OK(secret_name_ok("x-bearer") && secret_name_ok("A.b_9"));
		T_OK(!secret_name_ok("") && !secret_name_ok("a/b") && !secret_name_ok("..") && !secret_name_ok("a..b") && !secret_name_ok("."));
		T_OK(!secret_name_ok("a b") && !secret_name_ok("a\xC3\xA9") && !secret_name_ok("a\n"));
	}
}

static void test_places(void)
{
	struct err e;
	T_CASE("the order of the places") {
		set_places();
		setenv("SM_SECRET_X_BEARER", "from-variable", 1);
		put_text("xdg/smtools/secrets/x-bearer", "from-config\n", 0600);
		put_text("cred/x-bearer", "from-credentials\n", 0444);
		struct secrets *s = none(NULL);
		T_STR(get(s, "x-bearer", &e), "from-credentials");
		unlink(at("cred/x-bearer"));
		T_STR(get(s, "x-bearer", &e), "from-credentials");
		secrets_free(s);
		s = none(NULL);
		T_STR(get(s, "x-bearer", &e), "from-config");
		secrets_free(s);
		unlink(at("xdg/smtools/secrets/x-bearer"));
		s = none("/bin/false");
		T_STR(get(s, "x-bearer", &e), "from-variable");
		T_STR(get(s, "x.bearer", &e), "from-variable");
		secrets_free(s);
		unsetenv("SM_SECRET_X_BEARER");
	}
	T_CASE("a secret that is nowhere: the places looked at") {
		struct secrets *s = none(NULL);
		const char *v;
		size_t n;
		T_INT(secrets_get(s, "no-such", &v, &n, &e), ERR_NOT_FOUND);
		T_OK(strstr(e.msg, at("cred/no-such")) && strstr(e.msg, at("xdg/smtools/secrets/no-such")) && strstr(e.msg, "SM_SECRET_NO_SUCH"));
		T_INT(secrets_get(s, "../no-such", &v, &n, &e), ERR_USAGE);
		secrets_free(s);
	}
	T_CASE("~/.config, when XDG_CONFIG_HOME is not there or relative") {
		setenv("HOME", dir, 1);
		setenv("XDG_CONFIG_HOME", "xdg", 1);
		mkdir(at(".config"), 0700);
		mkdir(at(".config/smtools"), 0700);
		mkdir(at(".config/smtools/secrets"), 0700);
		put_text(".config/smtools/secrets/home", "from-home", 0400);
		struct secrets *s = none(NULL);
		T_STR(get(s, "home", &e), "from-home");
		secrets_free(s);
		setenv("XDG_CONFIG_HOME", at("xdg"), 1);
	}
	T_CASE("a file that others can get at") {
		static const unsigned modes[] = { 0640, 0604, 0620, 0602, 0610, 0601 };
		const char *v;
		size_t n;
		for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
			struct secrets *s = none(NULL);
			char mode[8];
			put_text("xdg/smtools/secrets/open", "hunter2", modes[i]);
			T_INT(secrets_get(s, "open", &v, &n, &e), ERR_DATA);
			snprintf(mode, sizeof mode, "%04o", modes[i]);
			T_OK(strstr(e.msg, mode) && strstr(e.msg, at("xdg/smtools/secrets/open")) && !strstr(e.msg, "hunter2"));
			secrets_free(s);
		}
	}
	T_CASE("a fifo, a folder") {
		struct secrets *s = none(NULL);
		const char *v;
		size_t n;
		mkfifo(at("xdg/smtools/secrets/fifo"), 0600);
		mkdir(at("xdg/smtools/secrets/folder"), 0700);
		T_INT(secrets_get(s, "fifo", &v, &n, &e), ERR_DATA);
		T_INT(secrets_get(s, "folder", &v, &n, &e), ERR_DATA);
		secrets_free(s);
	}
	T_CASE("another user's file") {
		struct secrets *s = none(NULL);
		const char *v;
		size_t n;
		put_text("xdg/smtools/secrets/theirs", "hunter2", 0600);
		if (geteuid() != 0)
			T_SKIP("only root can give a file away");
		else if (chown(at("xdg/smtools/secrets/theirs"), 12345, 12345) == 0) {
			T_INT(secrets_get(s, "theirs", &v, &n, &e), ERR_DATA);
			T_OK(strstr(e.msg, "another user") && strstr(e.msg, "12345"));
		}
		secrets_free(s);
	}
}

/* A clock that makes ten seconds pass at each look. */
static int64_t fast_mono(void)
{
	static int64_t t;
	return t += 10 * NS_PER_SEC;
}

static void check_helper(const char *script, const char *want, int code, const char *why)
{
	struct err e;
	const char *v;
	size_t n;
	put_text("helper", script, 0700);
	struct secrets *s = none(at("helper"));
	int rc = secrets_get(s, "x-tok", &v, &n, &e);
	T_INT(rc, code);
	if (rc == 0)
		T_MEM(v, n, want, strlen(want));
	else if (!strstr(e.msg, why) || strstr(e.msg, "hunter2"))
		T_FAIL("%s", e.msg);
	secrets_free(s);
}

static void test_helper(void)
{
	T_CASE("the helper gets the name and our environment, and no input") {
		setenv("SM_TEST_MARK", "here", 1);
		check_helper("#!/bin/sh\ncat\necho \"$1-$#-$SM_TEST_MARK\"\n", "x-tok-1-here", 0, NULL);
	}
	T_CASE("a helper that fails") {
		check_helper("#!/bin/sh\necho hunter2\nexit 3\n", NULL, ERR_IO, "status 3");
		check_helper("#!/bin/sh\necho hunter2\nkill -9 $$\n", NULL, ERR_IO, "signal 9");
		check_helper("#!/bin/sh\n", NULL, ERR_DATA, "empty");
		check_helper("#!/bin/sh\nexec cat /dev/zero\n", NULL, ERR_DATA, "longer");
		struct secrets *s = none("/no/such/helper");
		struct err e;
		const char *v;
		size_t n;
		T_INT(secrets_get(s, "x-tok", &v, &n, &e), ERR_IO);
		T_OK(strstr(e.msg, "/no/such/helper"));
		secrets_free(s);
	}
	T_CASE("a helper that does not end") {
		clock_set(&(struct clock_source){ .mono_ns = fast_mono });
		check_helper("#!/bin/sh\nexec sleep 100\n", NULL, ERR_IO, "longer than 30 s");
		check_helper("#!/bin/sh\nexec >/dev/null\nexec sleep 100\n", NULL, ERR_IO, "longer than 30 s");
		clock_set(NULL);
	}
}

static void test_seal(void)
{
	struct err e;
	T_CASE("sealed: what was read stays, the environment is blank") {
		setenv("SM_SECRET_ONE", "value-one", 1);
		setenv("SM_SECRET_TWO", "value-two", 1);
		struct secrets *s = none(NULL);
		const char *v;
		size_t n;
		T_STR(get(s, "one", &e), "value-one");
		secrets_seal(s);
		T_STR(get(s, "one", &e), "value-one");
		T_INT(secrets_get(s, "two", &v, &n, &e), ERR_NOT_FOUND);
		T_STR(getenv("SM_SECRET_ONE"), "");
		T_STR(getenv("SM_SECRET_TWO"), "");
		secrets_free(s);
	}
}

/* --- redaction --- */

static struct secrets *with(const char *value, ...)
{
	struct secrets *s = none(NULL);
	va_list ap;
	va_start(ap, value);
	for (; value; value = va_arg(ap, const char *))
		secrets_add(s, value, strlen(value));
	va_end(ap);
	return s;
}

static void check_redact(const struct secrets *s, const char *text, const char *want)
{
	struct buf b = BUF_INIT;
	buf_puts(&b, text);
	bool has = redact_has(s, b.p, b.n), wanted = strcmp(text, want) != 0;
	if (has != wanted)
		T_FAIL("redact_has('%s') is %d", text, has);
	redact(s, &b);
	T_MEM(b.p ? b.p : "", b.n, want, strlen(want));
	buf_release(&b);
}

static void test_redact(void)
{
	T_CASE("raw and escaped forms") {
		struct secrets *s = with("s3cr/t \"k\\ey", "caf\xC3\xA9&<\xF0\x9F\x98\x80>", NULL);
		check_redact(s, "nothing here %41 \\u0041 &amp; s3cr/t", "nothing here %41 \\u0041 &amp; s3cr/t");
		check_redact(s, "<s3cr/t \"k\\ey>", "<***>");
		check_redact(s, "s3cr/t \"k\\eys3cr/t \"k\\ey", "******");
		check_redact(s, "x=s3cr%2Ft%20%22k%5Cey&", "x=***&");
		check_redact(s, "x=s3cr%2ft+%22k%5cey&", "x=***&");
		check_redact(s, "x=%733cr%2Ft+\"k%5c%65y&", "x=***&");
		check_redact(s, "u=http%3A%2F%2Fa%3Fs3cr%252Ft%2520%2522k%255Cey", "u=http%3A%2F%2Fa%3F***");
		check_redact(s, "{\"a\":\"s3cr\\/t \\\"k\\\\ey\"}", "{\"a\":\"***\"}");
		check_redact(s, "{\"a\":\"s3cr/t\\u0020\\u0022k\\u005ceY\"}", "{\"a\":\"s3cr/t\\u0020\\u0022k\\u005ceY\"}");
		check_redact(s, "{\"a\":\"\\u00733cr/t\\u0020\\u0022k\\u005cey\"}", "{\"a\":\"***\"}");
		check_redact(s, "{\"a\":\"{\\\"b\\\":\\\"s3cr/t \\\\\\\"k\\\\\\\\ey\\\"}\"}", "{\"a\":\"{\\\"b\\\":\\\"***\\\"}\"}");
		check_redact(s, "s3cr/t\\x20&quot;k&#92;ey", "***");
		check_redact(s, "caf\xC3\xA9&<\xF0\x9F\x98\x80>", "***");
		check_redact(s, "caf%C3%a9%26%3C%f0%9F%98%80%3e", "***");
		check_redact(s, "caf\\u00e9&<\\ud83d\\ude00>", "***");
		check_redact(s, "caf\\u00E9\\u0026\\u003c\\uD83D\\uDE00\\u003e", "***");
		check_redact(s, "caf&#233;&amp;&lt;&#x1F600;&gt;", "***");
		check_redact(s, "", "");
		check_redact(s, "%", "%");
		check_redact(s, "s3cr/t \"k\\", "s3cr/t \"k\\");
		secrets_free(s);
	}
	T_CASE("a secret with percent signs and backslashes of its own") {
		struct secrets *s = with("a%41b", "\\\\\\x", NULL);
		check_redact(s, "a%41b a%2541b %61%2541b", "*** *** ***");
		check_redact(s, "(\\\\\\x) (\\\\\\\\\\\\x)", "(***) (***)");
		secrets_free(s);
	}
	T_CASE("hex") {
		struct secrets *s = with("Kq\x7F\xC3\xBFz", NULL);
		check_redact(s, "[4b717fc3bf7a] [4B717FC3BF7A] [4b717Fc3BF7a]", "[***] [***] [***]");
		check_redact(s, "4b717fc3bf7", "4b717fc3bf7");
		secrets_free(s);
	}
	T_CASE("base64 at every alignment, in both alphabets") {
		struct secrets *s = with("hunter2!?\?>~", NULL);
		/* Itself, "a" + it + "b", "ab" + it + "c" (three times), "user:" + it. */
		check_redact(s, "Basic aHVudGVyMiE/Pz5+.", "Basic ***.");
		check_redact(s, "Basic aHVudGVyMiE_Pz5-.", "Basic ***.");
		check_redact(s, "YWh1bnRlcjIhPz8+fmI=", "Y***I=");
		check_redact(s, "YWJodW50ZXIyIT8/Pn5j", "YW***j");
		check_redact(s, "YWJodW50ZXIyIT8%2FPn5j", "YW***j");
		check_redact(s, "YWJodW50ZXIyIT8\\/Pn5j", "YW***j");
		check_redact(s, "dXNlcjpodW50ZXIyIT8/Pn4=", "dXNlcj***=");
		secrets_free(s);
	}
	T_CASE("the pair of basic authentication") {
		struct secrets *s = with("hunter2pw", "me@example.org:hunter2pw", NULL);
		/* "me@example.org:hunter2pw" */
		check_redact(s, "Authorization: Basic bWVAZXhhbXBsZS5vcmc6aHVudGVyMnB3\r\n", "Authorization: Basic ***\r\n");
		check_redact(s, "http://me%40example.org:hunter2pw@h/", "http://***@h/");
		secrets_free(s);
	}
	T_CASE("occurrences that overlap leave nothing") {
		struct secrets *s = with("abcdef", "defghi", "abcdefghijkl-long", NULL);
		check_redact(s, "abcdefghi", "***");
		check_redact(s, "xabcdefghijkl-longx", "x***x");
		check_redact(s, "abcdef defghi", "*** ***");
		secrets_free(s);
	}
	T_CASE("a short secret goes only where it stands alone") {
		struct secrets *s = with("abc", "7", NULL);
		check_redact(s, "key=abc&n=7", "key=***&n=***");
		check_redact(s, "xabc abcd 77 7a", "xabc abcd 77 7a");
		check_redact(s, "abc", "***");
		secrets_free(s);
	}
	T_CASE("no secrets, the same one twice, very many") {
		struct buf b = BUF_INIT;
		struct secrets *s = none(NULL);
		buf_puts(&b, "text");
		T_INT(redact(NULL, &b), 0);
		T_INT(redact(s, &b), 0);
		T_OK(!redact_has(NULL, b.p, b.n) && !redact_has(s, b.p, b.n));
		for (int i = 0; i < SECRET_MAX_ADDED + 20; i++) {
			char v[32];
			snprintf(v, sizeof v, "token-%06d", i);
			secrets_add(s, v, strlen(v));
			secrets_add(s, v, strlen(v));
		}
		check_redact(s, "token-000000 token-000019", "token-000000 token-000019");
		check_redact(s, "token-000020 token-000275", "*** ***");
		secrets_free(s);
		buf_release(&b);
	}
	T_CASE("errors, also those that were cut") {
		struct secrets *s = with("hunter2-hunter2-hunter2", NULL);
		struct err e;
		err_set(&e, ERR_IO, "GET /?k=hunter2%%2dhunter2-hunter2 failed");
		err_at(&e, "hunter2-hunter2-hunter2", 3, 0);
		redact_err(s, &e);
		T_STR(e.msg, "GET /?k=*** failed");
		T_STR(e.file, "***");
		T_INT(e.line, 3);
		err_set(&e, ERR_IO, "%01005d hunter2-hunter2-hunter2", 0);
		T_OK(strstr(e.msg, "hunter2"));
		redact_err(s, &e);
		T_OK(!strstr(e.msg, "hunter2") && strstr(e.msg, "0 ***"));
		secrets_free(s);
	}
}

static uint64_t seed = 88172645463325252u;

static unsigned rnd(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 33) % n;
}

static void put_byte(struct buf *b, unsigned char c, unsigned how)
{
	switch (how) {
	case 1: buf_printf(b, "%%%02x", c); break;
	case 2: buf_printf(b, "%%%02X", c); break;
	case 3: buf_printf(b, "%%25%02X", c); break;
	case 4: buf_printf(b, "\\u%04x", c); break;
	case 5: buf_printf(b, "&#%u;", c); break;
	case 6: buf_printf(b, "\\x%02x", c); break;
	default: buf_putc(b, (char)c);
	}
}

/* LEAD bytes, the secret, and up to two bytes, in base64 as a library would write it. */
static void put_base64(struct buf *b, const char *p, size_t n, bool url)
{
	const char *d = url ? "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" :
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < n; i += 3) {
		unsigned v = 0;
		for (size_t k = 0; k < 3; k++)
			v = v << 8 | (i + k < n ? (unsigned char)p[i + k] : 0);
		for (size_t k = 0; k < 4; k++)
			buf_putc(b, i + k > n && k ? '=' : d[v >> (18 - 6 * k) & 63]);
	}
}

static void test_random(void)
{
	T_CASE("random secrets in random dress") {
		for (int round = 0; round < 3000; round++) {
			struct secrets *s = none(NULL);
			struct buf b = BUF_INIT, plain = BUF_INIT, want = BUF_INIT;
			char v[64];
			size_t n = REDACT_MIN + rnd(40);
			for (size_t i = 0; i < n; i++)
				v[i] = rnd(20) ? (char)(0x20 + rnd(0x5F)) : "%\\+&/ \""[rnd(7)];
			secrets_add(s, v, n);
			unsigned form = rnd(8);
			buf_putc(&b, '[');
			buf_putc(&want, '[');
			if (form < 6) {
				buf_puts(&want, "***");
				for (size_t i = 0; i < n; i++)
					put_byte(&b, (unsigned char)v[i], form < 3 ? rnd(7) : form);
			} else {
				unsigned lead = rnd(3), tail = rnd(3);
				buf_put(&plain, "ab", lead);
				buf_put(&plain, v, n);
				buf_put(&plain, "cd", tail);
				put_base64(&b, plain.p, plain.n, form == 7);
				/* What holds no bit of the secret stays. */
				size_t right = 1 + ((lead + n) * 8 + 5) / 6;
				buf_put(&want, b.p + 1, lead * 8 / 6);
				buf_puts(&want, "***");
				buf_put(&want, b.p + right, b.n - right);
			}
			buf_putc(&b, ']');
			buf_putc(&want, ']');
			struct buf was = BUF_INIT;
			buf_put(&was, b.p, b.n);
			bool has = redact_has(s, b.p, b.n);
			size_t k = redact(s, &b);
			if (!has || k != 1 || b.n != want.n || memcmp(b.p, want.p, b.n) != 0)
				T_FAIL("secret '%.*s' in '%.*s' gives '%.*s'", (int)n, v, (int)was.n, was.p, (int)b.n, b.p);
			buf_release(&was);
			buf_release(&want);
			buf_release(&b);
			buf_release(&plain);
			secrets_free(s);
		}
	}
	T_CASE("texts that are made to confuse end soon") {
		struct secrets *s = with("\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\x", "%25%25%25%25%25%25%25%25x", NULL);
		struct buf b = BUF_INIT;
		for (int i = 0; i < 3000; i++)
			buf_puts(&b, i % 2 ? "\\\\\\\\\\\\\\\\\\\\" : "%25252525%25%%%25");
		T_OK(!redact_has(s, b.p, b.n));
		redact(s, &b);
		buf_release(&b);
		secrets_free(s);
	}
}

/* The cost is printed. */
static void test_cost(void)
{
	T_CASE("the cost of a text without secrets") {
		struct secrets *s = with("AAAAAAAAAAAAAAAAAAAAAFnz2QAAAAAAPq9gVtc", "me@example.org:correct horse battery", "EAAGm0PX4ZCpsBAKZBfake", NULL);
		struct buf b = BUF_INIT;
		for (int i = 0; b.n < (size_t)8 << 20; i++)
			buf_printf(&b, "{\"id\":\"18164038209%08u\",\"text\":\"Post number %d says \\\"good morning\\\"\\n\",\"url\":\"https://example.com/p/%u\"}\n",
				rnd(100000000), i, rnd(1000000));
		int64_t t0 = clock_mono_ns();
		T_OK(!redact_has(s, b.p, b.n));
		double ms = (double)(clock_mono_ns() - t0) / 1e6 / ((double)b.n / (1 << 20));
		printf("# redact_has: %.2f ms a MiB\n", ms);
		buf_release(&b);
		secrets_free(s);
	}
}

/* Last: the process is not as it was. */
static void test_harden(void)
{
	T_CASE("no core dumps") {
		struct rlimit r;
		struct err e;
		if (getenv("SM_SANITIZE")) {
			T_SKIP("the leak checker has to look into the process");
		} else {
			T_INT(secrets_harden(&e), 0);
			T_OK(getrlimit(RLIMIT_CORE, &r) == 0 && r.rlim_cur == 0);
		}
	}
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	test_given();
	test_values();
	test_places();
	test_helper();
	test_seal();
	test_redact();
	test_random();
	test_cost();
	test_harden();
	char cmd[64];
	snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
	if (system(cmd) != 0)
		return 1;
	return t_done();
}
