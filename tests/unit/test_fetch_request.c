/* SPDX-License-Identifier: MIT */
/* What is sent, where credentials go, and session tokens that are kept. */
#include "base/clock.h"
#include "fetch/request.h"
#include "fetch/token_file.h"
#include "secret/secret.h"
#include "t.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEF(more) "{\"smsource\":1,\"name\":\"t\",\"network\":\"x\",\"map\":\".\",\"hosts\":[\"a.example\"]," more "}"
#define SECRETS "\"secrets\":{\"one\":\"s-one\",\"two\":\"s-two\",\"not\":\"s-not?\"},"
#define URL "\"request\":{\"url\":\"https://a.example/p\"},"

static char dir[] = "/tmp/test_request.XXXXXX";
static struct secrets *secrets;

static struct source_def *def_of(const char *text)
{
	struct source_def *d = NULL;
	struct err e;
	if (source_def_parse(&d, text, strlen(text), "t.json", &e) < 0)
		T_FAIL("%s: %s", text, e.msg);
	return d;
}

static void put_file(const char *name, const char *value)
{
	char path[80];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	FILE *f = fopen(path, "w");
	if (f)
		fputs(value, f);
	if (f)
		fclose(f);
	chmod(path, 0600);
}

static void set_secrets(void)
{
	char one[100], two[100];
	const char *given[] = { one, two };
	struct err e;
	put_file("one", "first&secret+");
	put_file("two", "second/secret");
	snprintf(one, sizeof one, "s-one=@%s/one", dir);
	snprintf(two, sizeof two, "s-two=@%s/two", dir);
	if (secrets_new(&secrets, given, 2, NULL, &e) < 0)
		T_FAIL("%s", e.msg);
}

/* Everything of it: method, address, headers, body. */
static void put_all(const struct request *r, struct buf *b)
{
	buf_printf(b, "%s %.*s", r->method ? r->method : r->has_body ? "POST" : "GET", (int)r->url.n, r->url.p);
	for (size_t i = 0; i < r->nheaders; i++)
		buf_printf(b, "|%s: %s", r->header[i].name, r->header[i].value);
	if (r->has_body)
		buf_printf(b, "|%.*s", (int)r->body.n, r->body.p);
}

/* The first request, signed, as text; or the error. NEXT: the one for an address that the API gave. */
static const char *sent(const char *def, const char *next, const char *name, const char *value, const char *token)
{
	static struct buf b = BUF_INIT;
	struct source_def *d = def_of(def);
	struct request_way w = { .def = d, .secrets = secrets, .token = token };
	struct request r = REQUEST_INIT;
	struct vars v = VARS_INIT;
	struct err e;
	buf_clear(&b);
	if (!d)
		return "";
	if (name)
		vars_set(&v, name, value, strlen(value));
	int rc = next ? request_follow(&r, &w, &d->request, &v, next, &e) : request_build(&r, &w, &d->request, &v, &e);
	if (rc == 0)
		rc = request_sign(&r, &w, &v, &e);
	if (rc == 0)
		put_all(&r, &b);
	else
		buf_printf(&b, "%d %s", rc == ERR_IO, e.msg);
	request_release(&r);
	vars_release(&v);
	source_def_free(d);
	return buf_cstr(&b);
}

static void test_kinds(void)
{
	T_CASE("request: every kind of credential, in its place")
	{
		T_STR(sent(DEF("\"request\":{\"url\":\"https://a.example/p\"}"), NULL, NULL, NULL, "tok"), "GET https://a.example/p");
		T_STR(sent(DEF(SECRETS URL "\"auth\":{\"bearer\":\"two\"}"), NULL, NULL, NULL, NULL),
		      "GET https://a.example/p|Authorization: Bearer second/secret");
		T_STR(sent(DEF(SECRETS URL "\"auth\":{\"header\":{\"X-Key\":\"one\"}}"), NULL, NULL, NULL, NULL),
		      "GET https://a.example/p|X-Key: first&secret+");
		T_STR(sent(DEF(SECRETS URL "\"auth\":{\"query\":{\"key\":\"one\"}}"), NULL, NULL, NULL, NULL),
		      "GET https://a.example/p?key=first%26secret%2B");
		T_STR(sent(DEF(SECRETS URL "\"auth\":{\"basic\":[\"one\",\"two\"]}"), NULL, NULL, NULL, NULL),
		      "GET https://a.example/p|Authorization: Basic Zmlyc3Qmc2VjcmV0KzpzZWNvbmQvc2VjcmV0");
		T_STR(sent(DEF(SECRETS URL "\"auth\":{\"bearer\":\"not\"}"), NULL, NULL, NULL, NULL), "GET https://a.example/p");
	}
	T_CASE("request: a header of the definition's gives way to the credential of that name")
	{
		T_STR(sent(DEF(SECRETS "\"request\":{\"url\":\"https://a.example/p\",\"headers\":{\"authorization\":\"mine\",\"X-A\":\"${q}\"}},"
				       "\"vars\":{\"q\":\"\"},\"auth\":{\"bearer\":\"two\"}"), NULL, NULL, NULL, NULL),
		      "GET https://a.example/p|authorization: Bearer second/secret");
	}
}

static void test_build(void)
{
	T_CASE("request: path, query, headers, a body")
	{
		T_STR(sent(DEF("\"vars\":{\"q\":\"\"},\"request\":{\"url\":\"https://a.example/p/${q}\",\"headers\":{\"X-Q\":\"<${q}>\"},"
			       "\"query\":{\"a\":\"${q}\",\"b\":{\"value\":\"1\",\"when\":\"q\"},\"c\":{\"value\":\"2\",\"unless\":\"q\"},\"d\":\"\"},"
			       "\"body\":{\"k\":[\"${q}\",1.50]}}"), NULL, "q", "x/?&\"", NULL),
		      "POST https://a.example/p/x%2F%3F%26%22?a=x%2F%3F%26%22&b=1|X-Q: <x/?&\">|Content-Type: application/json|{\"k\":[\"x/?&\\\"\",1.50]}");
		T_STR(sent(DEF("\"vars\":{\"q\":\"\"},\"request\":{\"url\":\"https://a.example/p\",\"query\":{\"a\":\"${q}\",\"c\":{\"value\":\"2\",\"unless\":\"q\"}},"
			       "\"body\":\"q=${q}\",\"method\":\"PUT\"}"), NULL, NULL, NULL, NULL),
		      "PUT https://a.example/p?c=2|q=");
		T_STR(sent(DEF("\"vars\":{\"q\":\"\"},\"request\":{\"url\":\"https://a.example/p\",\"headers\":{\"X-Q\":\"${q}\"}}"), NULL, "q",
			   "a\r\nHost: evil", NULL), "0 header X-Q: a variable contains a line break");
	}
}

static void test_follow(void)
{
	T_CASE("request: a next address byte for byte, less what carries credentials")
	{
		static const char def[] = DEF(SECRETS URL "\"strip\":[\"sig\"],\"auth\":{\"query\":{\"key\":\"one\"}}");
		T_STR(sent(def, "https://a.example/p?x=%7e%2F+&access_token=abc&sig=1&key=old&y", NULL, NULL, NULL),
		      "GET https://a.example/p?x=%7e%2F+&y&key=first%26secret%2B");
		T_STR(sent(def, "https://evil.example/p?x=secretvalue", NULL, NULL, NULL), "1 leads to https://evil.example:443, which is not one of the hosts of 't'");
		T_STR(sent(def, "http://a.example:443/p?x=secretvalue", NULL, NULL, NULL),
		      "1 leads to http://a.example:443, which is not one of the hosts of 't'");
		T_STR(sent(def, "//a.example/p", NULL, NULL, NULL), "1 not a URL for HTTP or a websocket: it must begin with https://, http://, wss:// or ws://");
	}
	T_CASE("request: from https to http never, also where a variable gives the address")
	{
		static const char def[] = "{\"smsource\":1,\"name\":\"t\",\"network\":\"x\",\"map\":\".\",\"hosts\":[\"a.example\",\"a.example:80\"],"
					  "\"vars\":{\"url\":null}," SECRETS "\"auth\":{\"bearer\":\"one\"},\"request\":{\"url\":\"${url}\"}}";
		T_STR(sent(def, "http://a.example/q", "url", "https://a.example/p", NULL), "1 leads from https to http://a.example");
		T_STR(sent(def, "http://a.example/q", "url", "HTTPS://a.example/p", NULL), "1 leads from https to http://a.example");
		T_STR(sent(def, "http://a.example/q", "url", "http://a.example/p", NULL),
		      "GET http://a.example/q|Authorization: Bearer first&secret+");
	}
}

#define LOGIN(how) DEF(SECRETS "\"vars\":{\"q\":\"\"},\"request\":{\"url\":\"https://a.example/p\"},\"auth\":{\"login\":{\"url\":\"https://a.example/login\"," how \
			       ",\"token\":\".t\"}}")

/* The request of a login; KEEP: for the caller. */
static const char *login(const char *def, struct request *keep)
{
	static struct buf b = BUF_INIT;
	struct source_def *d = def_of(def);
	struct request_way w = { .def = d, .secrets = secrets };
	struct request r = REQUEST_INIT;
	struct vars v = VARS_INIT;
	struct err e;
	buf_clear(&b);
	vars_set(&v, "q", "a b\"", 4);
	if (!d || request_login(&r, &w, &v, &e) < 0)
		T_FAIL("%s", e.msg);
	put_all(&r, &b);
	if (keep)
		*keep = r;
	else
		request_release(&r);
	vars_release(&v);
	source_def_free(d);
	return buf_cstr(&b);
}

static void test_login(void)
{
	T_CASE("login: a form, JSON, with the client's name in a header")
	{
		T_STR(login(LOGIN("\"form\":{\"who\":\"${q}\",\"pass word\":{\"secret\":\"one\"}}"), NULL),
		      "POST https://a.example/login|Content-Type: application/x-www-form-urlencoded|who=a%20b%22&pass%20word=first%26secret%2B");
		T_STR(login(LOGIN("\"json\":{\"who\":\"${q}\",\"p\":{\"secret\":\"two\"}}"), NULL),
		      "POST https://a.example/login|Content-Type: application/json|{\"who\":\"a b\\\"\",\"p\":\"second/secret\"}");
		T_STR(login(LOGIN("\"form\":{\"g\":\"c\"},\"basic\":[\"one\",\"two\"]"), NULL),
		      "POST https://a.example/login|Content-Type: application/x-www-form-urlencoded|Authorization: Basic "
		      "Zmlyc3Qmc2VjcmV0KzpzZWNvbmQvc2VjcmV0|g=c");
	}
}

/* The only file in FOLDER. */
static bool only_file(const char *folder, char *path, size_t size)
{
	DIR *d = opendir(folder);
	unsigned n = 0;
	for (struct dirent *en; d && (en = readdir(d)) != NULL;)
		if (en->d_name[0] != '.' && ++n)
			snprintf(path, size, "%s/%.100s", folder, en->d_name);
	if (d)
		closedir(d);
	return n == 1;
}

static bool load(const char *folder, const struct request *r, double *life)
{
	struct buf b = BUF_INIT;
	bool ok = token_file_load(folder, "a/b", r, &b, life);
	if (ok)
		T_MEM(b.p, b.n, "tok\"en", 6);
	buf_release(&b);
	return ok;
}

static void test_token_file(void)
{
	char folder[64], path[200];
	struct request one = REQUEST_INIT, two = REQUEST_INIT, three = REQUEST_INIT;
	double life;
	struct stat st;
	snprintf(folder, sizeof folder, "%s/tokens", dir);
	login(LOGIN("\"form\":{\"g\":\"c\"},\"basic\":[\"one\",\"two\"]"), &one);
	login(LOGIN("\"form\":{\"g\":\"c\"},\"basic\":[\"two\",\"two\"]"), &two);
	login(LOGIN("\"form\":{\"g\":\"d\"},\"basic\":[\"one\",\"two\"]"), &three);
	T_CASE("token file: for the same login, in a file of our own")
	{
		T_OK(!load(folder, &one, &life));
		token_file_save(folder, "a/b", &one, "tok\"en", 6, 3600);
		T_OK(only_file(folder, path, sizeof path));
		T_OK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
		T_OK(stat(folder, &st) == 0 && (st.st_mode & 0777) == 0700);
		T_OK(load(folder, &one, &life) && life > 3590 && life <= 3600);
		T_OK(!load(folder, &two, &life) && !load(folder, &three, &life));
		T_OK(!load(NULL, &one, &life));
	}
	T_CASE("token file: not when others can read it, near its end, damaged, or a link")
	{
		chmod(path, 0640);
		T_OK(!load(folder, &one, &life));
		token_file_save(folder, "a/b", &one, "tok\"en", 6, 100);
		T_OK(!load(folder, &one, &life));
		token_file_save(folder, "a/b", &one, "tok\"en", 6, 0);
		T_OK(load(folder, &one, &life) && life <= 0);
		T_OK(truncate(path, 40) == 0 && !load(folder, &one, &life));
		char other[220];
		snprintf(other, sizeof other, "%s.x", path);
		token_file_save(folder, "a/b", &one, "tok\"en", 6, 0);
		T_OK(rename(path, other) == 0 && symlink(other, path) == 0 && !load(folder, &one, &life));
	}
	request_release(&one);
	request_release(&two);
	request_release(&three);
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	set_secrets();
	test_kinds();
	test_build();
	test_follow();
	test_login();
	test_token_file();
	secrets_free(secrets);
	char rm[64];
	snprintf(rm, sizeof rm, "rm -rf %s", dir);
	return t_done() | (system(rm) != 0);
}
