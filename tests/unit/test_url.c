/* SPDX-License-Identifier: MIT */
#include "http/url.h"
#include "t.h"

static void expect(struct buf *b, const char *want)
{
	T_STR(buf_cstr(b), want);
	buf_release(b);
}

#define PARSE(url, s, h, n, u) do { struct url_parts t_p; struct err t_e; T_INT(url_parse(&t_p, url, &t_e), 0); \
	T_STR(t_p.scheme, s); T_STR(t_p.host, h); T_INT(t_p.port, n); T_INT(t_p.has_user, u); } while (0)
#define NONE(url) do { struct url_parts t_p; struct err t_e; T_INT(url_parse(&t_p, url, &t_e), ERR_USAGE); } while (0)

static void test_parse(void)
{
	T_CASE("url: parts of an address")
	{
		PARSE("http://a.example/x?y#z", "http", "a.example", 80, false);
		PARSE("HTTPS://API.X.com", "https", "api.x.com", 443, false);
		PARSE("ws://h:8080/s", "ws", "h", 8080, false);
		PARSE("wss://h?x=1", "wss", "h", 443, false);
		PARSE("http://[2001:DB8::1]:81/", "http", "[2001:db8::1]", 81, false);
		PARSE("http://u:p@h/", "http", "h", 80, true);
		PARSE("http://u@h/", "http", "h", 80, true);
		PARSE("http://@h/", "http", "h", 80, true);
		PARSE("http://h/@user?x=a@b", "http", "h", 80, false);
	}
	T_CASE("url: what is no address")
	{
		NONE("");
		NONE("h");
		NONE("/path");
		NONE("ftp://h/");
		NONE("file:///etc/passwd");
		NONE("http:/h/");
		NONE("http:///h/");
		NONE("http://");
		NONE("http://.x.com/");
		NONE("http://h:0/");
		NONE("http://h:65536/");
		NONE("http://h:x/");
		NONE("http://h h/");
		NONE("http://h/a b");
		NONE("http://h/\n");
		NONE("x?http://h/");
	}
	T_CASE("url: hosts in ASCII alone")
	{
		struct url_parts p;
		struct err e;
		PARSE("https://xn--bcher-kva.example/\xC3\xBC", "https", "xn--bcher-kva.example", 443, false);
		T_INT(url_parse(&p, "https://b\xC3\xBC" "cher.example/", &e), ERR_USAGE);
		T_STR(e.msg, "the host of an address must be ASCII (xn--…): https://b%C3%BCcher.example/");
		NONE("https://b%C3%BCcher.example/");
	}
	T_CASE("url: the message holds no secret")
	{
		struct url_parts p;
		struct err e;
		T_INT(url_parse(&p, "ftp://me:secret@h/x?token=secret&y=secret", &e), ERR_USAGE);
		T_STR(e.msg, "not a URL of http, https, ws or wss: ftp://h/x?token=…&y=…");
	}
}

static void join(const char *base, const char *ref, const char *want)
{
	struct buf b = BUF_INIT;
	struct err e;
	T_INT(url_join(&b, base, ref, &e), want ? 0 : ERR_USAGE);
	expect(&b, want ? want : "");
}

static void test_join(void)
{
	T_CASE("url: the examples of RFC 3986, 5.4")
	{
		static const char *const t[][2] = { { "g", "g" }, { "./g", "g" }, { "g/", "g/" }, { "g?y", "g?y" }, { "g#s", "g#s" },
			{ "g?y#s", "g?y#s" }, { ";x", ";x" }, { "g;x", "g;x" }, { "g;x?y#s", "g;x?y#s" }, { ".", "" }, { "./", "" },
			{ "g.", "g." }, { "..g", "..g" }, { "./g/.", "g/" }, { "g/./h", "g/h" }, { "g/../h", "h" },
			{ "g;x=1/./y", "g;x=1/y" }, { "g?y/./x", "g?y/./x" }, { "g?y/../x", "g?y/../x" } };
		for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
			struct buf want = BUF_INIT;
			buf_printf(&want, "http://a/b/c/%s", t[i][1]);
			join("http://a/b/c/d;p?q", t[i][0], buf_cstr(&want));
			buf_release(&want);
		}
		join("http://a/b/c/d;p?q", "/g", "http://a/g");
		join("http://a/b/c/d;p?q", "//g", "http://g/");
		join("http://a/b/c/d;p?q", "?y", "http://a/b/c/d;p?y");
		join("http://a/b/c/d;p?q", "#s", "http://a/b/c/d;p?q#s");
		join("http://a/b/c/d;p?q", "", "http://a/b/c/d;p?q");
		join("http://a/b/c/d;p?q#f", "", "http://a/b/c/d;p?q");
		join("http://a/b/c/d;p?q", "../g", "http://a/b/g");
		join("http://a/b/c/d;p?q", "../../..", "http://a/");
		join("http://a/b/c/d;p?q", "../../../../g", "http://a/g");
		join("http://a/b/c/d;p?q", "/../g", "http://a/g");
	}
	T_CASE("url: a whole reference stays as it is, byte for byte")
	{
		join("http://a/", "HTTPS://API.X.com:443/a/../b?x=&y=%7e&&z", "HTTPS://API.X.com:443/a/../b?x=&y=%7e&&z");
		join("http://a/", "https://h/a b", "https://h/a%20b");
		join("https://h:81/a", "//other/x", "https://other/x");
		join("wss://h/a", "b", "wss://h/b");
	}
	T_CASE("url: what cannot be resolved")
	{
		join("nothing", "g", NULL);
		join("http://a/", "http://", NULL);
		join("http://a/", "//h:99999/", NULL);
	}
}

static bool is(const char *url, const char *allowed)
{
	struct url_parts p;
	return !url_parse(&p, url, NULL) && url_host_is(&p, allowed);
}

static void test_hosts(void)
{
	T_CASE("url: hosts that are allowed")
	{
		T_OK(is("https://api.x.com/a", "api.x.com"));
		T_OK(is("https://API.x.com", "Api.X.com"));
		T_OK(is("https://api.x.com:443", "api.x.com"));
		T_OK(is("http://api.x.com", "api.x.com"));
		T_OK(!is("https://api.x.com:444", "api.x.com"));
		T_OK(is("https://api.x.com:444", "api.x.com:444"));
		T_OK(!is("http://api.x.com", "api.x.com:443"));
		T_OK(is("https://api.x.com", ".x.com"));
		T_OK(is("https://a.b.x.com", ".x.com"));
		T_OK(!is("https://x.com", ".x.com"));
		T_OK(!is("https://evilx.com", ".x.com"));
		T_OK(!is("https://api.x.com.evil.org", "api.x.com"));
		T_OK(!is("https://api.x.com.evil.org", ".x.com"));
		T_OK(!is("https://evil.org/api.x.com", "api.x.com"));
		T_OK(!is("https://evil.org#@api.x.com", "api.x.com"));
		T_OK(!is("https://evil.org?@api.x.com", "api.x.com"));
		T_OK(is("https://a.x.com:8443", ".x.com:8443"));
		T_OK(is("http://[::1]:8080/", "[::1]:8080"));
		T_OK(is("http://[::1]/", "[::1]"));
		T_OK(!is("http://[::1]:8080/", "[::1]"));
		T_OK(!is("http://h/", ""));
		T_OK(!is("http://h/", "."));
		T_OK(!is("http://h/", ":80"));
		T_OK(!is("http://h/", "h:"));
		T_OK(!is("http://h/", "h:x"));
		T_OK(!is("http://h/", "[h"));
	}
}

static void add(const char *url, const char *name, const char *value, const char *want)
{
	struct buf b = BUF_INIT;
	buf_puts(&b, url);
	url_add_param(&b, name, value, strlen(value));
	expect(&b, want);
}

static void drop(const char *url, const char *name, const char *want)
{
	struct buf b = BUF_INIT;
	url_drop_param(&b, url, name);
	expect(&b, want);
}

static void test_params(void)
{
	T_CASE("url: escaping")
	{
		struct buf b = BUF_INIT;
		url_escape(&b, "a-Z_0.~ /?&=+%\xC3\xA9\0", 17);
		expect(&b, "a-Z_0.~%20%2F%3F%26%3D%2B%25%C3%A9%00");
	}
	T_CASE("url: parameters are added to the query")
	{
		add("http://h", "a", "1", "http://h?a=1");
		add("http://h/?", "a", "1", "http://h/?a=1");
		add("http://h/?x=", "a", "1 2", "http://h/?x=&a=1%202");
		add("http://h/?x&", "a", "", "http://h/?x&a=");
		add("http://h/p#frag?x", "a b", "#", "http://h/p?a%20b=%23#frag?x");
	}
	T_CASE("url: parameters are taken out, all else stays byte for byte")
	{
		drop("http://h/?a=1&token=s&b=%7e&&c=", "token", "http://h/?a=1&b=%7e&&c=");
		drop("http://h/?token=s", "token", "http://h/");
		drop("http://h/?token=s#f", "token", "http://h/#f");
		drop("http://h/?token&x=token&Token=1&tokens=2&token=3", "token", "http://h/?x=token&Token=1&tokens=2");
		drop("http://h/?access%5Ftoken=s&a=1", "access_token", "http://h/?a=1");
		drop("http://h/?access%5ftoken=s&a=1", "access_token", "http://h/?a=1");
		drop("http://h/?a+b=1&c", "a b", "http://h/?c");
		drop("http://h/?", "a", "http://h/?");
		drop("http://h/?&&", "a", "http://h/?&&");
		drop("http://h/#?a=1", "a", "http://h/#?a=1");
		drop("http://h/a=1", "a", "http://h/a=1");
	}
}

static void move_to(const char *url, const char *origin, const char *want)
{
	struct buf b = BUF_INIT;
	struct err e;
	T_INT(url_move(&b, url, origin, &e), want ? 0 : ERR_USAGE);
	expect(&b, want ? want : "");
}

static void show(const char *url, const char *want)
{
	struct buf b = BUF_INIT;
	url_show(&b, url);
	expect(&b, want);
}

static void test_move_show(void)
{
	T_CASE("url: moved to another origin")
	{
		move_to("https://api.x.com/2/s?q=%20&n=#f", "http://127.0.0.1:8080", "http://127.0.0.1:8080/2/s?q=%20&n=#f");
		move_to("https://api.x.com/2/s", "http://127.0.0.1:8080/", "http://127.0.0.1:8080/2/s");
		move_to("https://api.x.com/2/s", "http://h/base//", "http://h/base/2/s");
		move_to("https://api.x.com?x", "http://h", "http://h?x");
		move_to("https://u:p@api.x.com/x", "http://h", "http://h/x");
		move_to("https://api.x.com/", "http://u:p@h", NULL);
		move_to("https://api.x.com/", "http://h/?x", NULL);
		move_to("https://api.x.com/", "h", NULL);
		move_to("h", "http://h", NULL);
	}
	T_CASE("url: shown without values")
	{
		show("https://api.x.com/2/search?query=a b&max=10#f", "https://api.x.com/2/search?query=…&max=…");
		show("https://me:secret@h:8/", "https://h:8/");
		show("https://me:se@cret@h/?", "https://h/?");
		show("http://h/?secret&a=&&b=1", "http://h/?…&a=…&&b=…");
		show("http://h/\n\xC3\xA9", "http://h/%0A%C3%A9");
		show("me:secret@h", "h");
		show("http:/me:secret@h/", "h/");
		show("http:///me:secret@h/x", "http://h/x");
		show("", "");
	}
}

int main(void)
{
	test_parse();
	test_join();
	test_hosts();
	test_params();
	test_move_show();
	return t_done();
}
