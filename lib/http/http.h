/* SPDX-License-Identifier: MIT */
/* http - many requests at once on one thread: libcurl's multi interface behind callbacks.
 *
 *	struct http *h;
 *	http_new(&h, &opts, &e);
 *	http_send(h, &request, &t, &e);                 // returns at once
 *	while (…)
 *		http_run(h, clock_mono_ns() + NS_PER_SEC, &e);  // callbacks are called from in here and nowhere else
 *	http_free(h);
 *
 * A request ends exactly once: `done` is called, with an answer of any status or with what failed, unless it was
 * cancelled before. A request may be sent or cancelled from within a callback.
 *
 * What is asked of libcurl: redirects are not followed (a 3xx is an answer like others, its target in `location`);
 * certificates and host names are verified; http, https (ws, wss) alone; no cookies, no netrc; gzip and whatever else
 * libcurl can unpack is asked for and unpacked; HTTP/2 where the server has it, never for streams and sockets; proxies
 * from the options alone, because the environment may have been cleared. libcurl takes a gzip body that is cut short
 * for whole when Content-Length fits: who needs the whole body parses it to its end.
 *
 * Silence: `silence_ns` counts from the last byte that came, by our own clock (libcurl leaves paused transfers out of
 * its count).
 *
 * Ownership: requests are copied; an answer lives until `done` returns. Threads: one owner; http_wake may be called
 * from any thread and from a signal handler. Errors: ERR_IO for what libcurl cannot do at all, ERR_USAGE for an
 * address that is none; what fails on the way is in the answer. Messages and `why` never hold the query of an address
 * nor a header's value.
 * What is copied of a request is overwritten before it is freed; libcurl's own copies are not.
 * http_new sets libcurl's global state up and http_free takes it down again; libcurl counts, so several loops may
 * live. A loop is not freed from within a callback.
 * Source: RFC 9110, RFC 9112; curl_multi_poll(3).
 */
#ifndef SM_HTTP_HTTP_H
#define SM_HTTP_HTTP_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_opts {
	const char *user_agent;      /* sent with every request that has none of its own */
	const char *cacert;          /* file of certificates to trust instead of the system's; NULL: the system's */
	const char *proxy_http, *proxy_https, *no_proxy; /* as in http_proxy, https_proxy, no_proxy; NULL: none */
	unsigned per_host;           /* connections to one host at once, those of streams and sockets apart; 0: 6 */
};

struct http_header {
	const char *name, *value;    /* NULL value in a request: send no such header */
};

/* Why there is no answer, or no whole one. */
enum http_failure {
	HTTP_OK = 0,                 /* there is an answer; its status may be anything */
	HTTP_CONNECT,                /* no address, no connection */
	HTTP_TLS,                    /* certificate or handshake: trying again does not help */
	HTTP_CUT,                    /* the connection broke before the end of the body */
	HTTP_SILENT,                 /* nothing came for `silence_ns` */
	HTTP_TIMEOUT,                /* longer than `timeout_ns` in all */
	HTTP_TOO_LONG,               /* the body is longer than `max_body` */
	HTTP_HEADERS,                /* the headers, or one line of them, are longer than we or libcurl take */
	HTTP_ENCODING,               /* the body cannot be decompressed, or ends before its own end */
	HTTP_PROTOCOL                /* the response is not HTTP (or not a websocket) */
};

struct http_answer {
	enum http_failure failure;
	const char *why;             /* of a failure: a few words */
	long status;                 /* 0: none came */
	const struct http_header *headers;   /* of the last response, as they came, in order; names in lower case */
	size_t nheaders;
	const char *body;            /* unpacked; not NUL-terminated; empty for streams; of a failure what had come */
	size_t nbody;
	bool unended;                /* the body ended with the connection: nobody can tell whether it is whole (RFC 9112, 8) */
	const char *location;        /* of a redirect, resolved against the request's address; NULL */
	int64_t sent_ns, ended_ns;   /* clock_mono_ns */
};

struct http_transfer;
struct http_request {
	const char *method;          /* NULL: GET */
	const char *url;
	const struct http_header *headers;
	size_t nheaders;
	const char *body;            /* NULL: none */
	size_t nbody;
	int64_t connect_ns;          /* to connect, TLS included; 0: 30 s; in vain: HTTP_CONNECT */
	int64_t timeout_ns;          /* in all, the wait for a place among those of its host apart; 0: no bound */
	int64_t silence_ns;          /* 0: no bound */
	size_t max_body;             /* 0: 64 MiB; of a stream: not bounded */
	/* The headers have come (status below 200 apart). Not 0 ends the transfer, without `done`. May be NULL. */
	int (*head)(void *arg, const struct http_answer *a);
	/* A stream: bytes as they come, unpacked, status 2xx only (other bodies are kept for `done`). Not 0 ends the
	 * transfer, without `done`. NULL: the body is kept. */
	int (*data)(void *arg, const char *p, size_t n);
	void (*done)(void *arg, const struct http_answer *a);
	void *arg;
};

struct http;
/* ERR_USAGE: the proxy's address is invalid; ERR_IO: a file of certificates that cannot be read, … */
int http_new(struct http **h, const struct http_opts *o, struct err *e);
void http_free(struct http *h);                  /* cancels what is under way; NULL is fine */
/* *T (may be NULL) is good until `done` was called or the transfer was cancelled. */
int http_send(struct http *h, const struct http_request *r, struct http_transfer **t, struct err *e);
void http_cancel(struct http_transfer *t);       /* `done` is not called; NULL is fine */
bool http_unsent(const struct http_transfer *t); /* it waits for its turn or its connection: no byte has gone out */
/* Wake http_run also when FD can be read (standard input); -1: none. */
void http_watch(struct http *h, int fd);
/* Work until something happened (a callback was called, FD can be read, http_wake, a signal), at most until DEADLINE.
 * A signal that comes before the wait is not seen: a handler that matters calls http_wake. */
int http_run(struct http *h, int64_t deadline_ns, struct err *e);
void http_wake(struct http *h);
size_t http_active(const struct http *h);        /* transfers and sockets under way */

/* The value of a header of A, NULL: none (of several, the first). NAME in lower case. */
const char *http_header(const struct http_answer *a, const char *name);
/* Append the headers as a JSON object: names in lower case, several of a name joined by ", ". Bytes that are no UTF-8
 * become U+FFFD. */
void http_headers_json(const struct http_answer *a, struct buf *b);
/* Seconds to wait by Retry-After (a number, or a date compared with Date), -1: it says nothing. */
int64_t http_retry_after(const struct http_answer *a);
/* The server's clock by Date, microseconds since 1970; INT64_MIN: it says nothing. */
int64_t http_date_us(const struct http_answer *a);
/* The target of a Link header (RFC 8288) with relation REL, resolved against BASE. False: there is none. */
bool http_link(const struct http_answer *a, const char *rel, const char *base, struct buf *to);

#endif
