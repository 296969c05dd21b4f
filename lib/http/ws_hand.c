/* SPDX-License-Identifier: MIT */
/* Prints the request of the handshake and checks the answer to it. */
#include "http/ws_hand.h"

#include "base/ascii.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"
#include "http/loop.h"

#include <nettle/base64.h>
#include <nettle/sha1.h>

/* --- the request --- */

void ws_hand_accept(char to[32], const char *key)
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	struct sha1_ctx sha;
	uint8_t digest[SHA1_DIGEST_SIZE];
	sha1_init(&sha);
	sha1_update(&sha, strlen(key), (const uint8_t *)key);
	sha1_update(&sha, sizeof guid - 1, (const uint8_t *)guid);
	sha1_digest(&sha, sizeof digest, digest);
	base64_encode_raw(to, sizeof digest, digest);
	to[BASE64_ENCODE_RAW_LENGTH(sizeof digest)] = '\0';
}

static int check(const struct ws_opts *o, struct err *e)
{
	static const char *const ours[] = { "host", "upgrade", "connection", "sec-websocket-key", "sec-websocket-version",
		"sec-websocket-accept", "sec-websocket-extensions", "content-length", "transfer-encoding", "te", "expect" };
	for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
		if (http_find(o->headers, o->nheaders, ours[i]))
			return err_set(e, ERR_USAGE, "header %s belongs to the handshake", ours[i]);
	return http_check_headers(o->headers, o->nheaders, e);
}

/* What of the address is asked for: all behind the host, without the fragment. */
static void put_target(struct buf *b, const char *url)
{
	const char *s = strstr(url, "://") + 3;
	s += strcspn(s, "/?#");
	if (*s != '/')
		buf_putc(b, '/');
	for (; *s && *s != '#'; s++)
		if ((unsigned char)*s < 128)
			buf_putc(b, *s);
		else
			buf_printf(b, "%%%02X", (unsigned char)*s);
}

static void put_line(struct buf *b, const char *name, const char *value)
{
	buf_puts(b, name);
	buf_puts(b, ": ");
	buf_puts(b, value);
	buf_puts(b, "\r\n");
}

/* More than the request takes, so that growing leaves no copy of it behind. */
static size_t request_bound(const struct ws_opts *o, const char *user_agent)
{
	size_t n = 1024 + 3 * strlen(o->url) + (user_agent ? strlen(user_agent) : 0);
	for (size_t i = 0; i < o->nheaders; i++)
		n += strlen(o->headers[i].name) + (o->headers[i].value ? strlen(o->headers[i].value) : 0) + 4;
	return n;
}

static void put_request(struct ws_hand *x, const struct ws_opts *o, const struct url_parts *p, const char *user_agent)
{
	uint8_t nonce[16];
	char key[BASE64_ENCODE_RAW_LENGTH(sizeof nonce) + 1] = "";
	struct buf *b = &x->request;
	bool tls = !strcmp(p->scheme, "wss");
	rand_system(nonce, sizeof nonce);
	base64_encode_raw(key, sizeof nonce, nonce);
	ws_hand_accept(x->accept, key);
	buf_reserve(b, request_bound(o, user_agent));
	buf_puts(b, "GET ");
	put_target(b, o->url);
	buf_printf(b, " HTTP/1.1\r\nHost: %s", p->host);
	if (p->port != (tls ? 443 : 80))
		buf_printf(b, ":%u", p->port);
	buf_puts(b, "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n");
	put_line(b, "Sec-WebSocket-Key", key);
	if (user_agent && !http_find(o->headers, o->nheaders, "user-agent"))
		put_line(b, "User-Agent", user_agent);
	for (size_t i = 0; i < o->nheaders; i++)
		/* A refusal's body is not unpacked here, so nothing packed is asked for. */
		if (o->headers[i].value && !http_find(&o->headers[i], 1, "accept-encoding"))
			put_line(b, o->headers[i].name, o->headers[i].value);
	buf_puts(b, "\r\n");
}

int ws_hand_init(struct ws_hand *x, const struct ws_opts *o, const struct url_parts *p, const char *user_agent, struct err *e)
{
	*x = (struct ws_hand){ 0 };
	http_head_init(&x->head);
	x->head.upgrade = true;
	int rc = check(o, e);
	if (rc)
		return rc;
	const struct http_header *offer = http_find(o->headers, o->nheaders, "sec-websocket-protocol");
	if (offer && offer->value)
		x->protocols = mem_strdup(offer->value);
	put_request(x, o, p, user_agent);
	return 0;
}

void ws_hand_release(struct ws_hand *x)
{
	if (x->request.p)
		explicit_bzero(x->request.p, x->request.cap);
	buf_release(&x->request);
	buf_release(&x->line);
	buf_release(&x->body);
	http_wipe(x->protocols);
	http_head_release(&x->head);
}

/* --- the answer --- */

/* Is WORD in LIST, which is divided by commas? */
static bool has_word(const char *list, const char *word)
{
	while (*list) {
		list += strspn(list, ", \t");
		size_t n = strcspn(list, ","), k = n;
		while (k && (list[k - 1] == ' ' || list[k - 1] == '\t'))
			k--;
		if (k && ascii_same(list, k, word))
			return true;
		list += n;
	}
	return false;
}

static const char *value_of(const struct http_head *h, const char *name)
{
	const struct http_header *f = http_find(h->list, h->n, name);
	return f ? f->value : NULL;
}

/* Does any field of NAME hold WORD? */
static bool says(const struct http_head *h, const char *name, const char *word)
{
	for (size_t i = 0; i < h->n; i++)
		if (!strcmp(h->list[i].name, name) && has_word(h->list[i].value, word))
			return true;
	return false;
}

/* What is wrong with a 101; NULL: nothing. */
static const char *wrong(const struct ws_hand *x)
{
	const struct http_head *h = &x->head;
	const char *accept = value_of(h, "sec-websocket-accept"), *protocol = value_of(h, "sec-websocket-protocol");
	if (!says(h, "upgrade", "websocket") || !says(h, "connection", "upgrade"))
		return "the server switched to a protocol other than websocket";
	if (!accept || strcmp(accept, x->accept))
		return "the server's Sec-WebSocket-Accept does not match";
	if (value_of(h, "sec-websocket-extensions"))
		return "the server uses an extension that was not offered";
	if (protocol && !(x->protocols && has_word(x->protocols, protocol)))
		return "the server uses a subprotocol that was not offered";
	return NULL;
}

static enum ws_hand_step bad(struct ws_hand *x, const char *why)
{
	x->why = why;
	return WS_HAND_BAD;
}

static enum ws_hand_step head_came(struct ws_hand *x)
{
	const char *length = value_of(&x->head, "content-length");
	if (x->head.status == 101) {
		x->why = wrong(x);
		return x->why ? WS_HAND_BAD : WS_HAND_OPEN;
	}
	if (x->head.status == 204 || x->head.status == 304)
		return WS_HAND_REFUSED;
	if (says(&x->head, "transfer-encoding", "chunked"))
		x->kind = WS_BODY_CHUNKED;
	else if (length && num_u64(length, strlen(length), &x->left))
		x->kind = WS_BODY_COUNTED;
	return x->kind == WS_BODY_COUNTED && !x->left ? WS_HAND_REFUSED : WS_HAND_MORE;
}

static enum ws_hand_step head_line(struct ws_hand *x)
{
	switch (http_head_line(&x->head, x->line.p, x->line.n)) {
	case HEAD_BAD: return bad(x, "the response is not HTTP");
	case HEAD_TOO_LONG: return bad(x, "the headers are too long");
	case HEAD_END: return head_came(x);
	default: return WS_HAND_MORE;
	}
}

/* The size of a chunk; the empty line behind the one before is passed over. The last one ends it: trailers say nothing. */
static enum ws_hand_step chunk_line(struct ws_hand *x)
{
	uint64_t size = 0;
	size_t i = 0;
	for (; i < x->line.n; i++) {
		char c = ascii_lower(x->line.p[i]);
		int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
		if (digit < 0 || size >> 60)
			break;
		size = size << 4 | (unsigned)digit;
	}
	x->left = size;
	/* Broken chunks: what there is has to do. */
	return size || (!i && (x->line.p[0] == '\r' || x->line.p[0] == '\n')) ? WS_HAND_MORE : WS_HAND_REFUSED;
}

static size_t take_line(struct ws_hand *x, const char *p, size_t n, enum ws_hand_step *step)
{
	const char *lf = memchr(p, '\n', n);
	size_t k = lf ? (size_t)(lf - p) + 1 : n;
	if (k > HEAD_MAX_BYTES - x->line.n) {
		*step = bad(x, "the headers are too long");
		return k;
	}
	buf_put(&x->line, p, k);
	if (lf) {
		*step = x->head.state == HEAD_DONE ? chunk_line(x) : head_line(x);
		buf_clear(&x->line);
	}
	return k;
}

static size_t take_body(struct ws_hand *x, const char *p, size_t n, enum ws_hand_step *step)
{
	if (x->kind != WS_BODY_TO_END && n > x->left)
		n = (size_t)x->left;
	if (n > WS_REFUSAL_MAX - x->body.n)
		n = WS_REFUSAL_MAX - x->body.n;
	buf_put(&x->body, p, n);
	x->left -= x->kind == WS_BODY_TO_END ? 0 : n;
	if (x->body.n == WS_REFUSAL_MAX || (x->kind == WS_BODY_COUNTED && !x->left))
		*step = WS_HAND_REFUSED;
	return n;
}

enum ws_hand_step ws_hand_feed(struct ws_hand *x, const char *p, size_t n, size_t *used)
{
	enum ws_hand_step step = WS_HAND_MORE;
	size_t i = 0;
	while (i < n && step == WS_HAND_MORE) {
		bool lines = x->head.state != HEAD_DONE || (x->kind == WS_BODY_CHUNKED && !x->left);
		i += lines ? take_line(x, p + i, n - i, &step) : take_body(x, p + i, n - i, &step);
	}
	*used = i;
	return step;
}

bool ws_hand_refused(const struct ws_hand *x)
{
	return x->head.state == HEAD_DONE && x->head.status != 101;
}
