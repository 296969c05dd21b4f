/* SPDX-License-Identifier: MIT */
#include "http_peer.h"

static struct peer peer;
static struct http *h;
static struct got g;
#define URL(path) at("http", peer.port, path)

static void test_requests(void)
{
	T_CASE("http: a request and its answer")
	{
		ASK(h, &g, .url = URL("/hello"));
		T_INT(g.failure, HTTP_OK);
		T_INT(g.status, 200);
		T_STR(g.body, "hello");
		T_STR(g.why, "");
		T_STR(g.json, "{\"content-length\":\"5\"}");
		T_INT(g.retry_after, -1);
		T_OK(g.took_ns > 0 && g.took_ns < 5000 * MS);
		T_INT(http_active(h), 0);
	}
	T_CASE("http: what is sent: address byte for byte, agent, headers, no body")
	{
		struct http_header v[] = { { "X-A", "1" }, { "X-Empty", "" }, { "Accept", NULL }, { "Authorization", "Bearer x" } };
		ASK(h, &g, .url = URL("/echo/a/../b/%7e?x=&y=%20&&z#f"), .headers = v, .nheaders = 4);
		T_HAS(g.body, "GET /echo/a/../b/%7e?x=&y=%20&&z HTTP/1.1\n");
		T_HAS(g.body, "\nUser-Agent: sm-test/1\n");
		T_HAS(g.body, "\nX-A: 1\n");
		T_HAS(g.body, "\nX-Empty:\n");
		T_HAS(g.body, "\nAuthorization: Bearer x\n");
		T_HAS(g.body, "\nAccept-Encoding: ");
		T_OK(!strstr(g.body, "\nAccept:") && !strstr(g.body, "Content-Type") && !strstr(g.body, "Content-Length"));
	}
	T_CASE("http: methods and bodies")
	{
		struct http_header v[] = { { "Content-Type", "application/json" }, { "user-agent", "own/2" } };
		ASK(h, &g, .url = URL("/echo"), .method = "POST", .body = "{\"a\":1}", .nbody = 7, .headers = v, .nheaders = 2);
		T_HAS(g.body, "POST /echo HTTP/1.1\n");
		T_HAS(g.body, "\nContent-Type: application/json");
		T_HAS(g.body, "user-agent: own/2");
		T_OK(!strstr(g.body, "sm-test"));
		T_HAS(g.body, "\n\n{\"a\":1}");
		ASK(h, &g, .url = URL("/echo"), .method = "POST");
		T_HAS(g.body, "POST /echo HTTP/1.1\n");
		T_HAS(g.body, "\nContent-Length: 0");
		T_OK(!strstr(g.body, "Content-Type"));
		ASK(h, &g, .url = URL("/echo"), .method = "DELETE");
		T_HAS(g.body, "DELETE /echo HTTP/1.1\n");
		ASK(h, &g, .url = URL("/echo"), .method = "PUT", .body = "a\0b", .nbody = 3);
		T_HAS(g.body, "PUT /echo HTTP/1.1\n");
		T_MEM(g.body + g.nbody - 3, 3, "a\0b", 3);
	}
	T_CASE("http: a long body goes without waiting for leave")
	{
		char *big = mem_alloc(3 << 20);
		memset(big, 'b', 3 << 20);
		ASK(h, &g, .url = URL("/echo"), .method = "POST", .body = big, .nbody = 3 << 20);
		T_OK(g.nbody > 3 << 20 && !strstr(g.body, "Expect"));
		mem_free(big);
	}
	T_CASE("http: statuses are answers")
	{
		static const long codes[] = { 201, 204, 304, 400, 401, 404, 429, 500, 503, 599 };
		for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
			char path[32];
			snprintf(path, sizeof path, "/status/%ld", codes[i]);
			ASK(h, &g, .url = URL(path));
			T_INT(g.failure, HTTP_OK);
			T_INT(g.status, codes[i]);
			T_INT(g.retry_after, 7);
			T_HAS(g.json, "\"etag\":\"\\\"x\\\"\"");
			T_INT(g.nbody, codes[i] == 204 || codes[i] == 304 ? 0 : 10);
		}
	}
	T_CASE("http: redirects are answers too, their target resolved")
	{
		char want[64];
		ASK(h, &g, .url = URL("/redirect/0"));
		T_INT(g.status, 302);
		T_STR(g.body, "moved");
		snprintf(want, sizeof want, "http://127.0.0.1:%d/hello?x=1", peer.port);
		T_STR(g.location, want);
		ASK(h, &g, .url = URL("/redirect/1"));
		snprintf(want, sizeof want, "http://127.0.0.1:%d/up", peer.port);
		T_STR(g.location, want);
		ASK(h, &g, .url = URL("/redirect/2"));
		T_STR(g.location, "http://127.0.0.1:1/x");
		ASK(h, &g, .url = URL("/redirect/3"));
		T_STR(g.location, "ftp://h/x");
		ASK(h, &g, .url = URL("/redirect/4"));
		T_OK(!g.location);
		ASK(h, &g, .url = URL("/redirect/5"));
		T_STR(g.location, "https://h/a?b=%20");
	}
}

static void test_headers(void)
{
	T_CASE("http: headers: any case, twice, folded, empty, bytes that are no UTF-8")
	{
		ASK(h, &g, .url = URL("/headers"));
		T_STR(g.json, "{\"x-mixed-case\":\"Yes\",\"x-twice\":\"a, b\",\"x-bytes\":\"caf\xEF\xBF\xBD \xC3\xA9\",\"x-empty\":\"\","
			"\"x-folded\":\"one two\",\"x-quote\":\"\\\"q\\\\\\\"\",\"content-length\":\"2\"}");
	}
	T_CASE("http: of several responses the last; trailers are none")
	{
		ASK(h, &g, .url = URL("/early"));
		T_INT(g.status, 200);
		T_STR(g.json, "{\"x-late\":\"yes\",\"content-length\":\"11\"}");
		ASK(h, &g, .url = URL("/chunked"));
		T_STR(g.body, "one two three");
		T_STR(g.json, "{\"transfer-encoding\":\"chunked\",\"trailer\":\"X-Late\"}");
		ASK(h, &g, .url = URL("/no-field"));
		T_INT(g.failure, HTTP_OK);
		T_STR(g.body, "ok");
		T_HAS(g.json, "\"good\":\"yes\"");
		ASK(h, &g, .url = URL("/link"));
		T_HAS(g.json, "\"link\":\"</a?x=1,2>; rel=\\\"prev\\\", </b>;");
	}
	T_CASE("http: headers without end")
	{
		ASK(h, &g, .url = URL("/many-headers/990"));
		T_INT(g.failure, HTTP_OK);
		ASK(h, &g, .url = URL("/many-headers/1500"));
		T_INT(g.failure, HTTP_HEADERS);
		T_STR(g.why, "the headers are too long");
		ASK(h, &g, .url = URL("/long-headers/20"));
		T_INT(g.failure, HTTP_HEADERS);
		/* libcurl calls one line of so many bytes a lack of memory. */
		ASK(h, &g, .url = URL("/long-line/90000"));
		T_INT(g.failure, HTTP_OK);
		ASK(h, &g, .url = URL("/long-line/110000"));
		T_INT(g.failure, HTTP_HEADERS);
		T_HAS(g.why, "a header is too long");
	}
}

static void test_bodies(void)
{
	T_CASE("http: packed bodies")
	{
		ASK(h, &g, .url = URL("/packed"));
		T_INT(g.nbody, 7000);
		T_OK(!memcmp(g.body, "packed packed ", 14));
		ASK(h, &g, .url = URL("/deflated"));
		T_INT(g.nbody, 7000);
		ASK(h, &g, .url = URL("/unpackable"));
		T_INT(g.failure, HTTP_ENCODING);
		T_HAS(g.why, "the body cannot be decompressed: ");
		ASK(h, &g, .url = URL("/packed-brotli"));
		T_INT(g.failure, HTTP_ENCODING);
		T_STR(g.why, "the body has a Content-Encoding that was not asked for");
		for (int n = 0; n < 40; n += 13) {
			char cut[64];
			snprintf(cut, sizeof cut, "/packed-cut/%d", n);
			ASK(h, &g, .url = URL(cut));
			T_INT(g.failure, HTTP_ENCODING);
			T_STR(g.why, "the compressed body ends early");
		}
	}
	T_CASE("http: bodies that end early")
	{
		ASK(h, &g, .url = URL("/short"));
		T_INT(g.failure, HTTP_CUT);
		T_STR(g.why, "the body is truncated");
		T_INT(g.status, 200);
		ASK(h, &g, .url = URL("/chunks-cut"));
		T_INT(g.failure, HTTP_CUT);
		ASK(h, &g, .url = URL("/dropped"));
		T_INT(g.failure, HTTP_CUT);
		T_STR(g.why, "the connection broke");
		ASK(h, &g, .url = URL("/no-answer"));
		T_INT(g.failure, HTTP_CUT);
		T_STR(g.why, "the connection was closed without a response");
		T_INT(g.status, 0);
	}
	T_CASE("http: a server that goes away while we send: no SIGPIPE")
	{
		size_t n = 8 << 20;
		char *big = mem_zalloc(n);
		ASK(h, &g, .url = URL("/slam"), .method = "POST", .body = big, .nbody = n);
		T_INT(g.failure, HTTP_CUT);
		struct http *x = peer.tls ? loop((struct http_opts){ .cacert = peer.cert }) : NULL;
		if (x) {
			ASK(x, &g, .url = at("https", peer.tls, "/slam"), .method = "POST", .body = big, .nbody = n);
			T_INT(g.failure, HTTP_CUT);
		}
		http_free(x);
		mem_free(big);
	}
	T_CASE("http: what is no HTTP")
	{
		ASK(h, &g, .url = URL("/garbage"));
		T_INT(g.failure, HTTP_PROTOCOL);
		T_OK(*g.why);
		T_INT(g.status, 0);
	}
	T_CASE("http: bodies that are too long, unpacked ones too")
	{
		ASK(h, &g, .url = URL("/big/1000000"), .max_body = 1000000);
		T_INT(g.failure, HTTP_OK);
		T_INT(g.nbody, 1000000);
		ASK(h, &g, .url = URL("/big/1000000"), .max_body = 999999);
		T_INT(g.failure, HTTP_TOO_LONG);
		T_STR(g.why, "the body is longer than 999999 bytes");
		ASK(h, &g, .url = URL("/bomb/50000000"), .max_body = 1000000);
		T_INT(g.failure, HTTP_TOO_LONG);
		T_OK(g.nbody <= 1000000);
	}
}

static void test_time(void)
{
	T_CASE("http: silence counts from the last byte")
	{
		ASK(h, &g, .url = URL("/drip/200"), .silence_ns = 900 * MS);
		T_INT(g.failure, HTTP_OK);
		T_STR(g.body, "slowly");
		T_OK(g.took_ns > 900 * MS);
		ASK(h, &g, .url = URL("/silent/4000"), .silence_ns = 700 * MS);
		T_INT(g.failure, HTTP_SILENT);
		T_STR(g.why, "no data for 700ms");
		T_INT(g.status, 200);
		T_OK(g.took_ns > 700 * MS && g.took_ns < 3500 * MS);
		ASK(h, &g, .url = URL("/hang/3000"), .silence_ns = 300 * MS);
		T_INT(g.failure, HTTP_SILENT);
		T_INT(g.status, 0);
	}
	T_CASE("http: longer than allowed in all")
	{
		ASK(h, &g, .url = URL("/drip/100"), .timeout_ns = 250 * MS);
		T_INT(g.failure, HTTP_TIMEOUT);
		T_STR(g.why, "not complete after 250ms");
		T_OK(g.took_ns > 250 * MS && g.took_ns < 2500 * MS);
		ASK(h, &g, .url = URL("/hello"), .timeout_ns = INT64_MAX, .silence_ns = INT64_MAX, .connect_ns = INT64_MAX);
		T_INT(g.failure, HTTP_OK);
	}
	T_CASE("http: nobody there")
	{
		ASK(h, &g, .url = at("http", peer.deaf, "/x?token=secret"));
		T_INT(g.failure, HTTP_CONNECT);
		T_OK(*g.why && !strstr(g.why, "secret"));
		ASK(h, &g, .url = "http://no-such-host.invalid/?token=secret");
		T_INT(g.failure, HTTP_CONNECT);
		T_HAS(g.why, "could not resolve host");
		T_OK(!strstr(g.why, "secret"));
		/* TEST-NET-1: refused, unreachable or silent, by how the machine is connected. */
		ASK(h, &g, .url = "http://192.0.2.1/?token=secret", .connect_ns = 300 * MS);
		T_INT(g.failure, HTTP_CONNECT);
		T_OK(g.took_ns < 2000 * MS);
	}
}

static void test_many(void)
{
	T_CASE("http: many at once, no more than allowed to a host")
	{
		enum { N = 60 };
		struct http *few = loop((struct http_opts){ .per_host = 4 });
		struct err e;
		int done = 0;
		struct got all[N] = { 0 };
		ASK(few, &g, .url = URL("/most"));
		for (int i = 0; i < N; i++)
			T_INT(http_send(few, &(struct http_request){ .url = URL("/count/20"), .done = got_done, .arg = &all[i] }, NULL, &e), 0);
		T_INT(http_active(few), N);
		for (int i = 0; i < N; i++)
			run_until(few, &all[i].done, 1);
		for (int i = 0; i < N; i++) {
			done += all[i].done == 1 && all[i].failure == HTTP_OK && all[i].status == 200;
			got_release(&all[i]);
		}
		T_INT(done, N);
		T_INT(http_active(few), 0);
		ASK(few, &g, .url = URL("/most"));
		/* Connections are used again: four of them did. */
		T_OK(g.body[0] == '4' && g.body[2] <= '4' && !g.body[3]);
		http_free(few);
	}
	T_CASE("http: time in the queue does not count")
	{
		struct http *one = loop((struct http_opts){ .per_host = 1 });
		struct err e;
		struct got a = { 0 }, b = { 0 };
		struct http_request r = { .url = URL("/count/400"), .done = got_done, .timeout_ns = 700 * MS, .silence_ns = 700 * MS,
			.connect_ns = 300 * MS };
		r.arg = &a;
		T_INT(http_send(one, &r, NULL, &e), 0);
		r.arg = &b;
		T_INT(http_send(one, &r, NULL, &e), 0);
		run_until(one, &b.done, 1);
		T_INT(a.failure, HTTP_OK);
		T_INT(b.failure, HTTP_OK);
		got_release(&a);
		got_release(&b);
		http_free(one);
	}
	T_CASE("http: freed with requests under way and waiting")
	{
		struct http *x = loop((struct http_opts){ .per_host = 2 });
		struct err e;
		struct got never = { 0 };
		for (int i = 0; i < 10; i++)
			T_INT(http_send(x, &(struct http_request){ .url = URL("/hang/500"), .done = got_done, .arg = &never }, NULL, &e), 0);
		T_INT(http_run(x, in_ms(50), &e), 0);
		http_free(x);
		T_INT(never.done, 0);
		http_free(NULL);
		http_cancel(NULL);
	}
}

/* --- what is refused --- */

#define REFUSED(...) do { struct http_request t_r = { __VA_ARGS__ , .done = got_done, .arg = &g }; struct err t_e; \
	struct http_transfer *t_t; T_INT(http_send(h, &t_r, &t_t, &t_e), ERR_USAGE); T_OK(!strstr(t_e.msg, "secret")); } while (0)

static void test_refused(void)
{
	T_CASE("http: what is not sent at all")
	{
		struct http_header crlf[] = { { "X-A", "secret\r\nX-B: y" } }, name[] = { { "X A", "secret" } }, none[] = { { "", "x" } };
		REFUSED(.url = "ftp://h/?secret");
		REFUSED(.url = "file:///etc/passwd");
		REFUSED(.url = "ws://h/?secret");
		REFUSED(.url = "http://me:secret@127.0.0.1/");
		REFUSED(.url = "http://h/ x?secret");
		REFUSED(.url = URL("/hello"), .method = "GET / HTTP/1.1\r\nX: secret");
		REFUSED(.url = URL("/hello"), .method = "");
		REFUSED(.url = URL("/hello"), .headers = crlf, .nheaders = 1);
		REFUSED(.url = URL("/hello"), .headers = name, .nheaders = 1);
		REFUSED(.url = URL("/hello"), .headers = none, .nheaders = 1);
		T_INT(http_active(h), 0);
	}
	T_CASE("http: a file of certificates that is not there")
	{
		struct http *x;
		struct err e;
		T_INT(http_new(&x, &(struct http_opts){ .cacert = "/nonexistent/cert.pem" }, &e), ERR_IO);
		T_HAS(e.msg, "/nonexistent/cert.pem");
	}
	T_CASE("http: what is no proxy, without its password")
	{
		static const char *const bad[] = { "ftp://u:secret@h", "ws://u:secret@h", "http://u:secret@h:x", "u:secret@h h", "://secret" };
		struct http *x;
		struct err e;
		for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
			T_INT(http_new(&x, &(struct http_opts){ .proxy_https = bad[i] }, &e), ERR_USAGE);
			T_OK(!strstr(e.msg, "secret"));
		}
		static const char *const good[] = { "", "h:3128", "u:p@h", "HTTP://h/", "socks5h://u:p@h:1080" };
		for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
			T_INT(http_new(&x, &(struct http_opts){ .proxy_http = good[i] }, &e), 0);
			http_free(x);
		}
	}
}

static void test_tls(void)
{
	T_CASE("http: certificates are verified")
	{
		if (!peer.tls) {
			T_SKIP("openssl(1) is not here");
			return;
		}
		ASK(h, &g, .url = at("https", peer.tls, "/hello?token=secret"));
		T_INT(g.failure, HTTP_TLS);
		T_HAS(g.why, "certificate");
		T_OK(!strstr(g.why, "secret"));
		struct http *x = loop((struct http_opts){ .cacert = peer.cert });
		ASK(x, &g, .url = at("https", peer.tls, "/hello"));
		T_INT(g.failure, HTTP_OK);
		T_STR(g.body, "hello");
		ASK(x, &g, .url = at("https", peer.tls, "/short"));
		T_INT(g.failure, HTTP_CUT);
		char other[64];
		snprintf(other, sizeof other, "https://localhost:%d/hello", peer.tls);
		ASK(x, &g, .url = other);
		T_INT(g.failure, HTTP_TLS);
		http_free(x);
	}
	T_CASE("http: a handshake that breaks off may be tried again, other protocols may not")
	{
		for (int i = 0; i < 2; i++) {
			ASK(h, &g, .url = at("https", peer.cut, "/"));
			T_INT(g.failure, HTTP_CONNECT);
			T_OK(*g.why);
		}
		ASK(h, &g, .url = at("https", peer.port, "/"), .timeout_ns = 5000 * MS);
		T_INT(g.failure, HTTP_TLS);
	}
}

static void test_proxies(void)
{
	T_CASE("http: proxies from the options alone")
	{
		const char *proxy = at("http", peer.port, "");
		setenv("http_proxy", at("http", peer.deaf, ""), 1);
		setenv("https_proxy", at("http", peer.deaf, ""), 1);
		setenv("no_proxy", "*", 1);
		ASK(h, &g, .url = URL("/hello"));
		T_STR(g.body, "hello");
		struct http *x = loop((struct http_opts){ .proxy_http = proxy, .proxy_https = proxy, .no_proxy = "127.0.0.1",
			.cacert = peer.tls ? peer.cert : NULL });
		ASK(x, &g, .url = "http://proxied.invalid/x?y");
		T_STR(g.body, "proxied http://proxied.invalid/x?y");
		ASK(x, &g, .url = URL("/hello"));
		T_STR(g.body, "hello");
		ASK(x, &g, .url = "https://refused.invalid/?token=secret");
		T_INT(g.failure, HTTP_CONNECT);
		T_STR(g.why, "the proxy responded with status 407");
		T_INT(g.status, 0);
		http_free(x);
		if (peer.tls) {
			x = loop((struct http_opts){ .proxy_https = proxy, .cacert = peer.cert });
			ASK(x, &g, .url = at("https", peer.tls, "/hello"));
			T_STR(g.body, "hello");
			T_STR(g.json, "{\"content-length\":\"5\"}");
			http_free(x);
		}
		unsetenv("http_proxy");
		unsetenv("https_proxy");
		unsetenv("no_proxy");
	}
}

int main(void)
{
	if (!peer_start(&peer)) {
		printf("Bail out! python3 is not here\n");
		return 1;
	}
	signal(SIGPIPE, SIG_DFL);
	h = loop((struct http_opts){ 0 });
	test_requests();
	test_headers();
	test_bodies();
	test_time();
	test_many();
	test_refused();
	test_tls();
	test_proxies();
	http_free(h);
	got_release(&g);
	peer_stop(&peer);
	return t_done();
}
