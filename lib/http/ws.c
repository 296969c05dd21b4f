/* SPDX-License-Identifier: MIT */
/* The connection of a websocket. libcurl makes it (CURLOPT_CONNECT_ONLY) and reads and writes its bytes; 7.88 has no
 * websockets
 * of its own. Such a connection lives as long as its handle stays in the multi handle. */
#include "http/ws.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "http/loop.h"
#include "http/ws_frame.h"
#include "http/ws_hand.h"

#include <stdio.h>

#define MAX_MESSAGE ((size_t)16 << 20)
#define MAX_UNSENT ((size_t)16 << 20)
#define MOVE_AT ((size_t)1 << 20)        /* bytes sent at which the rest moves to the front */
#define READ_SIZE ((size_t)16 << 10)
#define READS 16                         /* a turn; others want theirs */

enum ws_state { WS_CONNECTING, WS_SHAKING, WS_OPEN, WS_LOST };

struct ws {
	struct http_node node;           /* first: a node is cast to its socket */
	struct ws_opts o;                /* times and callbacks; its pointers are NULL */
	enum ws_state state;
	char *url;                       /* as it was asked for */
	struct ws_hand hand;
	struct ws_frames *frames;
	struct buf location;
	struct http_answer a;
	int64_t heard_ns;
	size_t taken;                    /* bytes of what is to be sent that are in the chunk, or gone */
	size_t chunk_at, chunk_n;
	char chunk[READ_SIZE];           /* OpenSSL wants a write that did not go again from the same place */
	char why[CURL_ERROR_SIZE], error[CURL_ERROR_SIZE];
};

static struct ws *ws_of(struct http_node *n)
{
	return (struct ws *)n;
}

/* --- time --- */

static void set_due(struct ws *w)
{
	if (w->state < WS_OPEN)
		w->node.due_ns = http_later(w->a.sent_ns, http_connect_ns(w->o.connect_ns));
	else
		w->node.due_ns = w->o.silence_ns > 0 ? http_later(w->heard_ns, w->o.silence_ns) : HTTP_NEVER;
}

static void started(struct http_node *n, int64_t now)
{
	struct ws *w = ws_of(n);
	w->a.sent_ns = w->heard_ns = now;
	set_due(w);
}

/* --- ends --- */

static void finish(struct ws *w, enum http_failure f, unsigned code)
{
	w->a.failure = f;
	w->a.why = w->why;
	w->a.ended_ns = clock_mono_ns();
	w->node.h->happened = true;
	http_leave(&w->node);
	w->o.closed(w->o.arg, &w->a, code);
}

static void fail(struct ws *w, enum http_failure f, const char *why)
{
	snprintf(w->why, sizeof w->why, "%s", why);
	finish(w, f, 0);
}

static void refused(struct ws *w)
{
	struct http_head *h = &w->hand.head;
	w->a.status = h->status;
	w->a.headers = h->list;
	w->a.nheaders = h->n;
	w->a.body = w->hand.body.n ? w->hand.body.p : "";
	w->a.nbody = w->hand.body.n;
	const char *to = h->status / 100 == 3 ? http_header(&w->a, "location") : NULL;
	if (to && !url_join(&w->location, w->url, to, NULL))
		w->a.location = buf_cstr(&w->location);
	snprintf(w->why, sizeof w->why, "the server responded with status %ld instead of opening a websocket", h->status);
	finish(w, HTTP_PROTOCOL, 0);
}

/* The connection is gone. */
static void lost(struct ws *w)
{
	if (w->state == WS_SHAKING && ws_hand_refused(&w->hand)) {
		refused(w);
		return;
	}
	w->state = WS_LOST;
	fail(w, HTTP_CUT, "the connection broke");
}

static void time_is_up(struct ws *w)
{
	char after[48];
	bool open = w->state == WS_OPEN;
	size_t k = duration_format(after, open ? w->o.silence_ns : http_connect_ns(w->o.connect_ns));
	if (w->state == WS_SHAKING && ws_hand_refused(&w->hand)) {
		refused(w);
		return;
	}
	snprintf(w->why, sizeof w->why, "%s %.*s", open ? "no data for" : "no websocket after", (int)k, after);
	finish(w, open ? HTTP_SILENT : HTTP_CONNECT, 0);
}

static void frames_ended(struct ws *w, enum ws_end end)
{
	unsigned code = ws_frames_code(w->frames);
	switch (end) {
	case WS_CLOSED:
		snprintf(w->why, sizeof w->why, "closed by the server: %u%s%s", code, *ws_frames_reason(w->frames) ? " " : "",
			ws_frames_reason(w->frames));
		finish(w, HTTP_OK, code);
		break;
	case WS_BROKEN: fail(w, HTTP_PROTOCOL, "a frame that violates the websocket protocol"); break;
	case WS_NOT_UTF8: fail(w, HTTP_PROTOCOL, "text that is not UTF-8"); break;
	case WS_TOO_LONG:
		snprintf(w->why, sizeof w->why, "a message is longer than %zu bytes", w->o.max_message);
		finish(w, HTTP_TOO_LONG, 0);
		break;
	case WS_STOPPED: http_leave(&w->node); break;
	case WS_GOING: break;
	}
}

/* --- bytes --- */

/* What is to be sent beside the chunk. */
static struct buf *outgoing(struct ws *w)
{
	return w->state == WS_OPEN ? ws_frames_out(w->frames) : &w->hand.request;
}

static size_t unsent(struct ws *w)
{
	return outgoing(w)->n - w->taken + w->chunk_n - w->chunk_at;
}

/* The next chunk. What has been taken makes room when it is all, or much. */
static void refill(struct ws *w)
{
	struct buf *b = outgoing(w);
	size_t n = b->n - w->taken < sizeof w->chunk ? b->n - w->taken : sizeof w->chunk;
	if (n)
		memcpy(w->chunk, b->p + w->taken, n);
	w->chunk_at = 0;
	w->chunk_n = n;
	w->taken += n;
	if (w->taken == b->n || w->taken > MOVE_AT) {
		if (w->taken < b->n)
			memmove(b->p, b->p + w->taken, b->n - w->taken);
		b->n -= w->taken;
		w->taken = 0;
	}
}

/* Send what can be sent now. False: the connection is gone. */
static bool flush(struct ws *w)
{
	CURLcode rc = CURLE_OK;
	size_t n;
	for (;;) {
		if (w->chunk_at == w->chunk_n)
			refill(w);
		if (!w->chunk_n)
			return true;
		rc = curl_easy_send(w->node.easy, w->chunk + w->chunk_at, w->chunk_n - w->chunk_at, &n);
		if (rc)
			return rc == CURLE_AGAIN;
		w->chunk_at += n;
	}
}

static int on_message(void *arg, const char *p, size_t n, bool binary)
{
	struct ws *w = arg;
	w->node.h->happened = true;
	int rc = w->o.message(w->o.arg, p, n, binary);
	return rc || !http_alive(&w->node);
}

static void opened(struct ws *w)
{
	/* The server has answered, so the request is out. */
	w->taken = 0;
	w->state = WS_OPEN;
	w->frames = ws_frames_new(w->o.max_message, on_message, w);
	if (w->o.open) {
		w->node.h->happened = true;
		w->o.open(w->o.arg);
	}
}

static void shake(struct ws *w, const char *p, size_t n, size_t *used)
{
	switch (ws_hand_feed(&w->hand, p, n, used)) {
	case WS_HAND_MORE: break;
	case WS_HAND_OPEN: opened(w); break;
	case WS_HAND_REFUSED: refused(w); break;
	case WS_HAND_BAD: fail(w, HTTP_PROTOCOL, w->hand.why); break;
	}
}

static void came(struct ws *w, const char *p, size_t n)
{
	size_t used = 0;
	w->heard_ns = clock_mono_ns();
	if (w->state == WS_SHAKING)
		shake(w, p, n, &used);
	if (w->state == WS_OPEN && http_alive(&w->node))
		frames_ended(w, ws_frames_feed(w->frames, p + used, n - used));
}

static void read_all(struct ws *w)
{
	char b[READ_SIZE];
	for (int i = 0; i < READS; i++) {
		size_t n = 0;
		CURLcode rc = curl_easy_recv(w->node.easy, b, sizeof b, &n);
		if (rc == CURLE_AGAIN)
			return;
		if (rc || !n)
			lost(w);
		else
			came(w, b, n);
		if (!http_alive(&w->node))
			return;
	}
	w->node.more = true;
}

static void work(struct http_node *n, int64_t now)
{
	struct ws *w = ws_of(n);
	if (w->state != WS_CONNECTING) {
		bool sent = flush(w);
		/* Who goes away may have said why. */
		read_all(w);
		if (http_alive(n) && !sent && !n->more)
			lost(w);
	}
	if (!http_alive(n))
		return;
	set_due(w);
	if (n->due_ns <= now) {
		time_is_up(w);
		return;
	}
	if (w->state == WS_CONNECTING)
		return;
	/* Answers to pings. A broken connection shows in the next read. */
	flush(w);
	/* Read on also while much waits to be sent: the server may be stuck in sending as well. */
	n->events = (short)(POLLIN | (unsent(w) ? POLLOUT : 0));
}

/* libcurl has connected, or not. */
static void over(struct http_node *n, CURLcode rc)
{
	struct ws *w = ws_of(n);
	curl_socket_t fd = CURL_SOCKET_BAD;
	if (rc) {
		enum http_failure f = http_why(w->why, sizeof w->why, n->easy, rc, w->error, w->o.connect_ns);
		finish(w, f, 0);
		return;
	}
	if (curl_easy_getinfo(n->easy, CURLINFO_ACTIVESOCKET, &fd) || fd == CURL_SOCKET_BAD) {
		w->state = WS_LOST;
		fail(w, HTTP_CONNECT, "the connection broke");
		return;
	}
	w->state = WS_SHAKING;
	n->fd = fd;
	n->events = POLLIN | POLLOUT;
	n->more = true;
}

static void farewell(struct http_node *n)
{
	struct ws *w = ws_of(n);
	if (w->state != WS_OPEN)
		return;
	/* Nothing is written where a close frame was already. */
	ws_frames_close(w->frames, 1000);
	flush(w);
}

static void release(struct http_node *n)
{
	struct ws *w = ws_of(n);
	ws_hand_release(&w->hand);
	if (w->frames) {
		struct buf *out = ws_frames_out(w->frames);
		if (out->p)
			explicit_bzero(out->p, out->cap);
	}
	ws_frames_free(w->frames);
	buf_release(&w->location);
	http_wipe(w->url);
	explicit_bzero(w->chunk, sizeof w->chunk);
	mem_free(w);
}

static const struct http_node_ops ops = { started, over, work, farewell, release };

/* --- from outside --- */

static int set_up(struct ws *w, struct err *e)
{
	CURL *c = w->node.easy;
	CURLcode rc = CURLE_OK;
	size_t n = strlen(w->url) + 3;
	char *url = mem_alloc(n);
	/* ws: is http:, wss: is https:. */
	snprintf(url, n, "http%s", w->url + 2);
	HTTP_SET(rc, c, CURLOPT_URL, url);
	http_wipe(url);
	HTTP_SET(rc, c, CURLOPT_CONNECT_ONLY, 1L);
	HTTP_SET(rc, c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	HTTP_SET(rc, c, CURLOPT_SSL_ENABLE_ALPN, 0L);
	HTTP_SET(rc, c, CURLOPT_HTTPPROXYTUNNEL, 1L);
	HTTP_SET(rc, c, CURLOPT_ERRORBUFFER, w->error);
	return rc ? err_set(e, ERR_IO, "cannot set up libcurl: %s", curl_easy_strerror(rc)) : 0;
}

int ws_open(struct ws **out, struct http *h, const struct ws_opts *o, struct err *e)
{
	struct url_parts u;
	CURL *easy;
	int rc = url_parse(&u, o->url, e);
	if (rc)
		return rc;
	if (u.has_user)
		return err_set(e, ERR_USAGE, "an address must not contain a user or password");
	if (u.scheme[0] != 'w')
		return err_set(e, ERR_USAGE, "a websocket must use ws or wss, not %s", u.scheme);
	if ((rc = http_easy(&easy, h, &u, o->connect_ns, e)))
		return rc;
	struct ws *w = mem_zalloc(sizeof *w);
	http_node_set(&w->node, &ops, h, easy);
	w->o = *o;
	w->o.url = NULL;
	w->o.headers = NULL;
	if (!w->o.max_message)
		w->o.max_message = MAX_MESSAGE;
	if (w->o.max_message > BUF_MAX)
		w->o.max_message = BUF_MAX;
	w->url = mem_strdup(o->url);
	w->a.why = w->a.body = "";
	rc = ws_hand_init(&w->hand, o, &u, h->user_agent, e);
	if (rc || (rc = set_up(w, e))) {
		curl_easy_cleanup(easy);
		release(&w->node);
		return rc;
	}
	http_enter(h, &w->node, &u, false);
	*out = w;
	return 0;
}

int ws_send(struct ws *w, const char *p, size_t n, struct err *e)
{
	if (w->state != WS_OPEN || !http_alive(&w->node))
		return err_set(e, ERR_IO, "the websocket is not open");
	if (n > MAX_UNSENT || unsent(w) > MAX_UNSENT - n)
		return err_set(e, ERR_RETRY, "the server is not accepting more data at the moment");
	if (!utf8_valid(p, n))
		return err_set(e, ERR_DATA, "a message must be UTF-8");
	ws_frames_text(w->frames, p, n);
	/* Sent on the next turn: this may be a callback of libcurl's. */
	w->node.more = true;
	return 0;
}

void ws_close(struct ws *w)
{
	if (w)
		http_leave(&w->node);
}
