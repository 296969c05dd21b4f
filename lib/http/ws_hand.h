/* SPDX-License-Identifier: MIT */
/* ws_hand - the handshake of a websocket: the request, and what the server makes of it; no connection in here. Private
 * to lib/http.
 *
 * SHA-1 and base64 are nettle's (libarchive brings it along anyway): small, kept, no state.
 * A refusal is read to the end of its body, or to WS_REFUSAL_MAX bytes of it.
 * Ownership: the struct owns all. Threads: one owner. Source: RFC 6455, 4; RFC 9112, 6 and 7.
 */
#ifndef SM_HTTP_WS_HAND_H
#define SM_HTTP_WS_HAND_H

#include "http/head.h"
#include "http/url.h"
#include "http/ws.h"

#define WS_REFUSAL_MAX ((size_t)64 << 10)

enum ws_hand_step {
	WS_HAND_MORE,
	WS_HAND_OPEN,          /* what is left are frames */
	WS_HAND_REFUSED,       /* head and body say why */
	WS_HAND_BAD            /* `why` says what is wrong */
};
enum ws_hand_body { WS_BODY_TO_END, WS_BODY_COUNTED, WS_BODY_CHUNKED };

struct ws_hand {
	struct buf request;        /* to be sent; taken from its front */
	char *protocols;           /* what Sec-WebSocket-Protocol offered; NULL */
	char accept[32];           /* what Sec-WebSocket-Accept has to say */
	struct http_head head;
	struct buf line, body;
	enum ws_hand_body kind;
	uint64_t left;             /* of the body or the chunk */
	const char *why;
};

/* P are the parts of O->url. ERR_USAGE: something that cannot be asked for. */
int ws_hand_init(struct ws_hand *x, const struct ws_opts *o, const struct url_parts *p, const char *user_agent, struct err *e);
void ws_hand_release(struct ws_hand *x);
/* Bytes of the server's; *USED of them belong to the handshake. */
enum ws_hand_step ws_hand_feed(struct ws_hand *x, const char *p, size_t n, size_t *used);
/* The server has gone, or time is up: is there a refusal? */
bool ws_hand_refused(const struct ws_hand *x);
/* The answer to KEY, with a NUL: 29 bytes. */
void ws_hand_accept(char to[32], const char *key);

#endif
