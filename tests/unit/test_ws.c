/* SPDX-License-Identifier: MIT */
#include "http/ws.h"
#include "http/ws_frame.h"
#include "http/ws_hand.h"
#include "http_peer.h"

static struct peer peer;
static struct http *h;
#define WS(path) at("ws", peer.port, path)
#define LONG_MAX_MESSAGE 1000

struct talk {
	struct got g;
	struct ws *w;
	const char *say;             /* sent when it is open */
	const char *say_back;        /* sent from within the first message */
	int stop_at, close_at;       /* the Nth message; 0: never */
	bool close_open;
};

static void on_open(void *arg)
{
	struct talk *t = arg;
	struct err e;
	t->g.opens++;
	if (t->say)
		T_INT(ws_send(t->w, t->say, strlen(t->say), &e), 0);
	if (t->close_open)
		ws_close(t->w);
}

static int on_message(void *arg, const char *p, size_t n, bool binary)
{
	struct talk *t = arg;
	struct err e;
	t->g.messages++;
	buf_putc(&t->g.text, binary ? 'b' : 't');
	if (n > 100)
		buf_printf(&t->g.text, "%zu%c", n, p[n - 1]);
	else
		buf_put(&t->g.text, p, n);
	buf_putc(&t->g.text, '|');
	if (t->say_back && t->g.messages == 1)
		T_INT(ws_send(t->w, t->say_back, strlen(t->say_back), &e), 0);
	if (t->g.messages == t->close_at)
		ws_close(t->w);
	return t->g.messages == t->stop_at;
}

static void on_closed(void *arg, const struct http_answer *a, unsigned code)
{
	struct talk *t = arg;
	t->g.done++;
	t->g.code = code;
	got_answer(&t->g, a);
	ws_close(t->w);    /* it is over already: this does nothing */
}

static struct ws_opts opts(struct talk *t, const char *url)
{
	return (struct ws_opts){ .url = url, .open = on_open, .message = on_message, .closed = on_closed, .arg = t };
}

static void start(struct talk *t, struct ws_opts o)
{
	struct err e;
	if (ws_open(&t->w, h, &o, &e))
		T_FAIL("%s", e.msg);
}

static void end(struct talk *t)
{
	got_release(&t->g);
	*t = (struct talk){ 0 };
}

/* To its end. */
static void talk(struct talk *t, const char *path)
{
	start(t, opts(t, WS(path)));
	run_until(h, &t->g.done, 1);
}

/* What the server saw since it was asked last: N codes of close frames (WANT: the last of them) and how many pongs. */
static void seen_n(const char *want, int n)
{
	struct got g = { 0 };
	int codes = 0;
	for (int i = 0; i < 300 && codes < n; i++) {
		clock_sleep_until(in_ms(i ? 10 : 0));
		ASK(h, &g, .url = at("http", peer.port, "/seen"));
		for (const char *s = g.body; s && *s && *s != ' '; s += strcspn(s, ", "), s += *s == ',')
			codes++;
	}
	T_INT(codes, n);
	if (n == 1)
		T_STR(g.body, want);
	got_release(&g);
}

static void seen(const char *want)
{
	seen_n(want, 1);
}

/* 8 MiB there and back, and no more than 16 MiB at once. */
static void long_message(const char *url)
{
	struct talk t = { 0 };
	struct err e;
	size_t n = 8 << 20;
	char *big = mem_alloc(n);
	memset(big, 'z', n);
	start(&t, opts(&t, url));
	run_until(h, &t.g.opens, 1);
	T_INT(ws_send(t.w, big, n, &e), 0);
	T_INT(ws_send(t.w, big, n, &e), ERR_RETRY);
	run_until(h, &t.g.messages, 1);
	T_STR(buf_cstr(&t.g.text), "t8388608z|");
	/* More to send while the socket is full: what waits moves. */
	T_INT(ws_send(t.w, big, n - 1000, &e), 0);
	T_INT(http_run(h, in_ms(1), &e), 0);
	T_INT(ws_send(t.w, big, n - 1000, &e), 0);
	run_until(h, &t.g.messages, 3);
	ws_close(t.w);
	seen("1000 0");
	mem_free(big);
	end(&t);
}

static void test_messages(void)
{
	T_CASE("ws: a message there and back, closed by us")
	{
		struct talk t = { .say = "hell\xC3\xB6" };
		struct err e;
		start(&t, opts(&t, WS("/ws/echo")));
		T_INT(http_active(h), 1);
		T_INT(ws_send(t.w, "x", 1, &e), ERR_IO);
		run_until(h, &t.g.messages, 1);
		T_STR(buf_cstr(&t.g.text), "thell\xC3\xB6|");
		T_INT(t.g.opens, 1);
		T_INT(ws_send(t.w, "\xFF", 1, &e), ERR_DATA);
		T_INT(ws_send(t.w, "", 0, &e), 0);
		run_until(h, &t.g.messages, 2);
		ws_close(t.w);
		T_INT(http_active(h), 0);
		T_INT(t.g.done, 0);
		seen("1000 0");
		end(&t);
	}
	T_CASE("ws: a long message, sent in many pieces")
	{
		long_message(WS("/ws/echo"));
	}
	T_CASE("ws: pings are answered")
	{
		struct talk t = { .close_at = 1 };
		start(&t, opts(&t, WS("/ws/pings/500")));
		run_until(h, &t.g.messages, 1);
		T_STR(buf_cstr(&t.g.text), "tall pongs came|");
		seen("1000 0");
		end(&t);
	}
	T_CASE("ws: fragments, a ping between them, text and binary, all lengths")
	{
		struct talk t = { .stop_at = 5 };
		start(&t, opts(&t, WS("/ws/fragments")));
		run_until(h, &t.g.messages, 5);
		T_MEM(t.g.text.p, t.g.text.n, "tone t\xC3\xA9|b\0\xFF|t|t200x|t70000y|", 29);
		T_INT(http_active(h), 0);
		seen("1000 1");
		T_INT(t.g.done, 0);
		end(&t);
	}
	T_CASE("ws: frames that come with the handshake")
	{
		struct talk t = { 0 };
		talk(&t, "/ws/together");
		T_STR(buf_cstr(&t.g.text), "twith the handshake|");
		T_INT(t.g.failure, HTTP_OK);
		T_INT(t.g.code, 0);
		end(&t);
	}
	T_CASE("ws: sent and closed from within callbacks")
	{
		struct talk t = { .say = "one", .say_back = "two", .close_at = 2 }, u = { .close_open = true };
		start(&t, opts(&t, WS("/ws/echo")));
		run_until(h, &t.g.messages, 2);
		T_STR(buf_cstr(&t.g.text), "tone|ttwo|");
		seen("1000 0");
		start(&u, opts(&u, WS("/ws/echo")));
		run_until(h, &u.g.opens, 1);
		T_INT(http_active(h), 0);
		seen("1000 0");
		T_INT(u.g.messages + u.g.done + t.g.done, 0);
		end(&t);
		end(&u);
	}
}

static int no_message(void *arg, const char *p, size_t n, bool binary)
{
	(void)arg, (void)p, (void)n, (void)binary;
	return 0;
}

static void test_flood(void)
{
	T_CASE("ws: of more pings than can be answered, the last is")
	{
		struct ws_frames *f = ws_frames_new(1000, no_message, NULL);
		unsigned char ping[127] = { 0x89, 125 };
		for (unsigned i = 0; i < 50000; i++) {
			memcpy(ping + 2, &i, sizeof i);
			T_INT(ws_frames_feed(f, (const char *)ping, sizeof ping), WS_GOING);
		}
		struct buf *out = ws_frames_out(f);
		T_OK(out->n > 2 << 20 && out->n < 3 << 20);
		buf_clear(out);
		T_INT(ws_frames_out(f)->n, 131);
		const unsigned char *p = (const unsigned char *)out->p;
		unsigned last = 0;
		for (int i = 3; i >= 0; i--)
			last = last << 8 | (p[6 + i] ^ p[2 + i]);
		T_INT(p[0], 0x8A);
		T_INT(last, 49999);
		buf_clear(out);
		T_INT(ws_frames_out(f)->n, 0);
		ws_frames_free(f);
	}
}

static void test_handshake(void)
{
	T_CASE("ws: what is asked for")
	{
		struct http_header v[] = { { "Authorization", "Bearer x" }, { "Accept-Encoding", "gzip" }, { "Origin", NULL } };
		struct talk t = { .stop_at = 1 };
		struct ws_opts o = opts(&t, WS("/ws/hello?stream=public&x=%7e#f"));
		o.headers = v;
		o.nheaders = 3;
		struct buf *all = &t.g.text;
		start(&t, o);
		run_until(h, &t.g.messages, 1);
		T_OK(all->n > 1 && all->p[0] == 't');
		end(&t);
		seen("1000 0");
		struct ws_hand x;
		struct url_parts p;
		struct err e;
		T_INT(url_parse(&p, "wss://Host.Example/a\xC3\xA9?b=#c", &e), 0);
		o.url = "wss://Host.Example/a\xC3\xA9?b=#c";
		T_INT(ws_hand_init(&x, &o, &p, "agent/1", &e), 0);
		T_HAS(buf_cstr(&x.request), "GET /a%C3%A9?b= HTTP/1.1\r\nHost: host.example\r\nUpgrade: websocket\r\n"
			"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ");
		T_HAS(x.request.p, "==\r\nUser-Agent: agent/1\r\nAuthorization: Bearer x\r\n\r\n");
		ws_hand_release(&x);
	}
	T_CASE("ws: the key of RFC 6455 has its answer")
	{
		char accept[32];
		ws_hand_accept(accept, "dGhlIHNhbXBsZSBub25jZQ==");
		T_STR(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
	}
	T_CASE("ws: refused, with status, headers, body")
	{
		static const char *const paths[] = { "/ws/refuse/429", "/ws/refuse-chunked/429", "/ws/refuse-to-end/429" };
		for (int i = 0; i < 3; i++) {
			struct talk t = { 0 };
			talk(&t, paths[i]);
			T_INT(t.g.failure, HTTP_PROTOCOL);
			T_INT(t.g.status, 429);
			T_STR(t.g.body, "no socket for you");
			T_INT(t.g.retry_after, i ? -1 : 30);
			T_STR(t.g.why, "the server responded with status 429 instead of opening a websocket");
			T_INT(t.g.opens, 0);
			T_OK(t.g.took_ns < 1000 * MS);
			end(&t);
		}
	}
	T_CASE("ws: redirected: not followed, its target resolved; no body")
	{
		struct talk t = { 0 };
		char want[64];
		talk(&t, "/ws/refuse/302");
		T_INT(t.g.status, 302);
		snprintf(want, sizeof want, "ws://127.0.0.1:%d/elsewhere", peer.port);
		T_STR(t.g.location, want);
		end(&t);
		talk(&t, "/ws/refuse/304");
		T_INT(t.g.status, 304);
		end(&t);
	}
	T_CASE("ws: a handshake that takes too long")
	{
		struct talk t = { 0 };
		struct ws_opts o = opts(&t, WS("/ws/deaf"));
		o.connect_ns = 200 * MS;
		start(&t, o);
		run_until(h, &t.g.done, 1);
		T_INT(t.g.failure, HTTP_CONNECT);
		T_STR(t.g.why, "no websocket after 200ms");
		T_INT(t.g.status, 0);
		end(&t);
		o.url = WS("/ws/refuse-slowly/503");
		start(&t, o);
		run_until(h, &t.g.done, 1);
		T_INT(t.g.status, 503);
		T_STR(t.g.body, "no");
		end(&t);
	}
	T_CASE("ws: what is no handshake")
	{
		static const char *const paths[] = { "/ws/bad-accept", "/ws/extension", "/ws/protocol", "/ws/no-upgrade", "/ws/garbage" };
		static const char *const why[] = { "Accept does not match", "extension", "subprotocol", "other than websocket", "not HTTP" };
		for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
			struct talk t = { 0 };
			talk(&t, paths[i]);
			T_INT(t.g.failure, HTTP_PROTOCOL);
			T_HAS(t.g.why, why[i]);
			T_INT(t.g.status, 0);
			T_INT(t.g.opens, 0);
			end(&t);
		}
	}
	T_CASE("ws: a subprotocol that was offered")
	{
		struct http_header v = { "Sec-WebSocket-Protocol", "chat, secret-token" };
		struct talk t = { .close_open = true };
		struct ws_opts o = opts(&t, WS("/ws/protocol"));
		o.headers = &v;
		o.nheaders = 1;
		start(&t, o);
		run_until(h, &t.g.opens, 1);
		seen("1000 0");
		end(&t);
	}
	T_CASE("ws: nobody there, or gone without an answer")
	{
		struct talk t = { 0 };
		start(&t, opts(&t, at("ws", peer.deaf, "/?token=secret")));
		run_until(h, &t.g.done, 1);
		T_INT(t.g.failure, HTTP_CONNECT);
		T_OK(*t.g.why && !strstr(t.g.why, "secret"));
		end(&t);
		start(&t, opts(&t, at("ws", peer.cut, "/")));
		run_until(h, &t.g.done, 1);
		T_INT(t.g.failure, HTTP_CUT);
		end(&t);
	}
}

static void test_ends(void)
{
	T_CASE("ws: closed by the server")
	{
		static const unsigned codes[] = { 1000, 1001, 1011, 1012, 1013, 4000 };
		struct talk t = { 0 };
		char want[64];
		for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
			snprintf(want, sizeof want, "/ws/close/%u", codes[i]);
			talk(&t, want);
			T_INT(t.g.failure, HTTP_OK);
			T_INT(t.g.code, codes[i]);
			T_STR(buf_cstr(&t.g.text), "tbye|");
			snprintf(want, sizeof want, "closed by the server: %u so long", codes[i]);
			T_STR(t.g.why, want);
			snprintf(want, sizeof want, "%u 0", codes[i]);
			seen(want);
			T_INT(t.g.status, 0);
			end(&t);
		}
	}
	T_CASE("ws: gone without a close frame, by an end or a reset")
	{
		struct talk t = { 0 };
		talk(&t, "/ws/gone");
		T_INT(t.g.failure, HTTP_CUT);
		T_INT(t.g.code, 0);
		T_INT(t.g.messages, 0);
		end(&t);
		t.say_back = "into the void";
		talk(&t, "/ws/reset");
		T_INT(t.g.failure, HTTP_CUT);
		T_INT(t.g.messages, 1);
		end(&t);
	}
	T_CASE("ws: what breaks the rules is answered with its close code")
	{
		static const struct { const char *path; enum http_failure f; const char *code; } c[] = {
			{ "/ws/no-utf8", HTTP_PROTOCOL, "1007 0" }, { "/ws/packed", HTTP_PROTOCOL, "1002 0" }, { "/ws/masked", HTTP_PROTOCOL, "1002 0" },
			{ "/ws/opcode", HTTP_PROTOCOL, "1002 0" }, { "/ws/continued", HTTP_PROTOCOL, "1002 0" }, { "/ws/long-ping", HTTP_PROTOCOL, "1002 0" },
			{ "/ws/close-1", HTTP_PROTOCOL, "1002 0" }, { "/ws/close-1005", HTTP_PROTOCOL, "1002 0" },
			{ "/ws/long", HTTP_TOO_LONG, "1009 0" }, { "/ws/long-in-parts", HTTP_TOO_LONG, "1009 0" } };
		for (size_t i = 0; i < sizeof c / sizeof c[0]; i++) {
			struct talk t = { 0 };
			struct ws_opts o = opts(&t, WS(c[i].path));
			o.max_message = LONG_MAX_MESSAGE;
			start(&t, o);
			run_until(h, &t.g.done, 1);
			T_INT(t.g.failure, c[i].f);
			T_INT(t.g.messages, 0);
			T_INT(t.g.code, 0);
			T_OK(*t.g.why);
			seen(c[i].code);
			end(&t);
		}
	}
	T_CASE("ws: silence counts from the last frame, pings too")
	{
		struct talk t = { 0 };
		struct ws_opts o = opts(&t, WS("/ws/silent/200"));
		o.silence_ns = 700 * MS;
		start(&t, o);
		run_until(h, &t.g.done, 1);
		T_INT(t.g.failure, HTTP_SILENT);
		T_STR(t.g.why, "no data for 700ms");
		T_OK(t.g.took_ns > 1200 * MS && t.g.took_ns < 4000 * MS);
		end(&t);
	}
	T_CASE("ws: freed with sockets in every state")
	{
		struct http *was = h;
		struct err e;
		h = NULL;
		T_INT(http_new(&h, &(struct http_opts){ 0 }, &e), 0);
		struct talk a = { 0 }, b = { 0 }, c = { 0 }, d = { 0 };
		start(&a, opts(&a, WS("/ws/echo")));
		start(&b, opts(&b, WS("/ws/deaf")));
		run_until(h, &a.g.opens, 1);
		start(&c, opts(&c, WS("/ws/echo")));
		start(&d, opts(&d, WS("/ws/echo")));
		ws_close(d.w);
		T_INT(http_active(h), 3);
		http_free(h);
		h = was;
		seen("1000 0");
		T_INT(a.g.done + b.g.done + c.g.done + d.g.done, 0);
		end(&a);
		end(&b);
		end(&c);
		end(&d);
	}
	T_CASE("ws: sockets and requests side by side")
	{
		struct talk t[20] = { { .w = NULL } };
		struct got g = { 0 };
		for (int i = 0; i < 20; i++) {
			t[i].say = "x";
			t[i].stop_at = 1;
			start(&t[i], opts(&t[i], WS("/ws/echo")));
		}
		ASK(h, &g, .url = at("http", peer.port, "/hello"));
		T_STR(g.body, "hello");
		for (int i = 0; i < 20; i++) {
			run_until(h, &t[i].g.messages, 1);
			end(&t[i]);
		}
		T_INT(http_active(h), 0);
		seen_n(NULL, 20);
		got_release(&g);
	}
}

#define REFUSED(...) do { struct talk t_t = { 0 }; struct ws_opts t_o = { .message = on_message, .closed = on_closed, .arg = &t_t, __VA_ARGS__ }; \
	struct err t_e; T_INT(ws_open(&t_t.w, h, &t_o, &t_e), ERR_USAGE); T_OK(!strstr(t_e.msg, "secret")); } while (0)

static void test_refused(void)
{
	T_CASE("ws: what is not opened at all")
	{
		struct http_header key[] = { { "Sec-WebSocket-Key", "secret" } }, crlf[] = { { "X", "secret\r\n\r\n" } };
		REFUSED(.url = "http://h/?secret");
		REFUSED(.url = "ws://me:secret@h/");
		REFUSED(.url = "ws://h\xC3\xA9/?secret");
		REFUSED(.url = "ws:///?secret");
		REFUSED(.url = WS("/ws/echo"), .headers = key, .nheaders = 1);
		REFUSED(.url = WS("/ws/echo"), .headers = crlf, .nheaders = 1);
		T_INT(http_active(h), 0);
		ws_close(NULL);
	}
}

static void test_tls_proxy(void)
{
	struct http *was = h;
	struct err e;
	T_CASE("ws: over TLS, and through a proxy")
	{
		if (!peer.tls) {
			T_SKIP("openssl(1) is not here");
			return;
		}
		struct talk t = { .say = "x", .stop_at = 1 };
		start(&t, opts(&t, at("wss", peer.tls, "/ws/echo")));
		run_until(h, &t.g.done, 1);
		T_INT(t.g.failure, HTTP_TLS);
		end(&t);
		const char *proxy = at("http", peer.port, "");
		T_INT(http_new(&h, &(struct http_opts){ .cacert = peer.cert }, &e), 0);
		t = (struct talk){ .say = "x", .stop_at = 1 };
		start(&t, opts(&t, at("wss", peer.tls, "/ws/echo")));
		run_until(h, &t.g.messages, 1);
		end(&t);
		seen("1000 0");
		long_message(at("wss", peer.tls, "/ws/echo"));
		start(&t, opts(&t, at("wss", peer.tls, "/ws/gone")));
		run_until(h, &t.g.done, 1);
		T_INT(t.g.failure, HTTP_CUT);
		end(&t);
		http_free(h);
		T_INT(http_new(&h, &(struct http_opts){ .cacert = peer.cert, .proxy_http = proxy, .proxy_https = proxy }, &e), 0);
		t = (struct talk){ .say = "x", .stop_at = 1 };
		start(&t, opts(&t, at("wss", peer.tls, "/ws/echo")));
		run_until(h, &t.g.messages, 1);
		end(&t);
		t = (struct talk){ .say = "x", .stop_at = 1 };
		start(&t, opts(&t, WS("/ws/echo")));
		run_until(h, &t.g.messages, 1);
		end(&t);
		start(&t, opts(&t, "wss://refused.invalid/?secret"));
		run_until(h, &t.g.done, 1);
		T_INT(t.g.failure, HTTP_CONNECT);
		T_STR(t.g.why, "the proxy responded with status 407");
		end(&t);
		http_free(h);
		h = was;
		seen_n(NULL, 2);
	}
}

int main(void)
{
	struct err e;
	if (!peer_start(&peer) || http_new(&h, &(struct http_opts){ .user_agent = "sm-test/1" }, &e)) {
		printf("Bail out! python3 is not here\n");
		return 1;
	}
	signal(SIGPIPE, SIG_DFL);
	test_messages();
	test_flood();
	test_handshake();
	test_ends();
	test_refused();
	test_tls_proxy();
	http_free(h);
	peer_stop(&peer);
	return t_done();
}
