/* SPDX-License-Identifier: MIT */
/* ws - a websocket client on the loop of http.h: libcurl connects (TLS, proxies), libwslay frames.
 *
 * Redirects are not followed (`location` is resolved); Accept-Encoding is left out of the handshake, and a header that
 * belongs to the handshake itself is ERR_USAGE. What breaks the rules is answered with the close code that fits (1002,
 * 1007, 1009).
 * Pings are answered from within http_run, so also while nobody reads the messages. Text must be UTF-8. No extension
 * is offered: in particular no permessage-deflate. Close: 1000 is sent by ws_close; what the server says is given to
 * `closed`.
 * Ownership: a message lives during the call. Threads: that of the loop. Source: RFC 6455.
 */
#ifndef SM_HTTP_WS_H
#define SM_HTTP_WS_H

#include "http/http.h"

struct ws;
struct ws_opts {
	const char *url;             /* ws: or wss: */
	const struct http_header *headers;   /* of the handshake */
	size_t nheaders;
	int64_t connect_ns;          /* to connect and shake hands; 0: 30 s */
	int64_t silence_ns;          /* no frame, pings included, for so long: closed with HTTP_SILENT; 0: no bound */
	size_t max_message;          /* 0: 16 MiB */
	void (*open)(void *arg);     /* the handshake is through; may be NULL */
	/* A message. Not 0 closes the socket, without `closed`. */
	int (*message)(void *arg, const char *p, size_t n, bool binary);
	/* It is over, once: A has failure (HTTP_OK after a close frame), why, status (of a handshake that was refused, with
	 * its headers and body). CODE is that of the close frame, 0: none. A handshake that was refused is HTTP_PROTOCOL
	 * with a status; in every other case the status is 0. The body is at most 64 KiB of what came. */
	void (*closed)(void *arg, const struct http_answer *a, unsigned code);
	void *arg;
};
int ws_open(struct ws **w, struct http *h, const struct ws_opts *o, struct err *e);
/* Send a text message on the next turn of the loop. ERR_IO: not open (yet); ERR_DATA: no UTF-8; ERR_RETRY: 16 MiB wait
 * already. */
int ws_send(struct ws *w, const char *p, size_t n, struct err *e);
void ws_close(struct ws *w);                     /* `closed` is not called; NULL is fine */

#endif
