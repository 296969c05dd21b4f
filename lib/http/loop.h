/* SPDX-License-Identifier: MIT */
/* loop - what runs on the loop of http.h: requests (transfer.c) and websockets (ws.c). Private to lib/http.
 *
 * libcurl must not be called from within its callbacks, so what is sent waits in its host's queue for the next turn
 * of the loop, and what is cancelled or over lies in `dead` until the end of that turn.
 * Ownership: the loop owns the nodes, each in exactly one list. Threads: one owner.
 */
#ifndef SM_HTTP_LOOP_H
#define SM_HTTP_LOOP_H

/* Before <time.h>, whose ZONE_UTC is a macro. */
#include "base/clock.h"
#include "http/head.h"
#include "http/http.h"
#include "http/url.h"

#include <curl/curl.h>
#include <poll.h>

#define HTTP_NEVER INT64_MAX

struct http_node;
struct http_list {
	struct http_node *first, *last;
};
/* Requests to one host wait here when there are `limit` already. */
struct http_host {
	struct http_host *next;
	struct http_list queue;
	size_t running, limit;
	char name[];                 /* host:port */
};

struct http_node_ops {
	void (*started)(struct http_node *n, int64_t now);
	void (*over)(struct http_node *n, CURLcode rc);   /* libcurl is through with it; outside of libcurl */
	void (*work)(struct http_node *n, int64_t now);   /* it is due, or its descriptor is ready; outside of libcurl */
	void (*farewell)(struct http_node *n);            /* about to lose its connection; outside of libcurl; may be NULL */
	void (*release)(struct http_node *n);             /* free it */
};
struct http_node {
	const struct http_node_ops *ops;
	struct http *h;
	struct http_node *prev, *next;
	struct http_list *list;
	struct http_host *host;
	CURL *easy;
	bool added;                  /* the multi handle knows it */
	bool ready, more;            /* its descriptor can be used; it has not read all there is */
	int fd;                      /* -1: none */
	short events;                /* POLLIN, POLLOUT */
	int64_t due_ns;              /* HTTP_NEVER: not at all */
};

struct http;
static inline void http_node_set(struct http_node *n, const struct http_node_ops *ops, struct http *h, CURL *easy)
{
	n->ops = ops;
	n->h = h;
	n->easy = easy;
}

struct http {
	CURLM *multi;
	int wake, watch;             /* an eventfd; a descriptor of the caller's or -1 */
	bool inside, happened;       /* in http_run; a callback was called or the like */
	size_t active;
	struct http_list running, dead;
	struct http_host *hosts;
	struct http_host *unlimited; /* of streams and sockets */
	char *user_agent, *cacert, *proxy_http, *proxy_https, *no_proxy;
	unsigned per_host;
	struct pollfd *fds;          /* of the wait, and the same for libcurl */
	struct curl_waitfd *extra;
	size_t nfds, nextra;
};

/* Take N in: it starts on the next turn. LIMITED: not before its host has a place. */
void http_enter(struct http *h, struct http_node *n, const struct url_parts *u, bool limited);
bool http_alive(const struct http_node *n);   /* not cancelled, not over */
/* N is over: from now on nothing but its release comes, at the end of the turn (at once outside of http_run). */
void http_leave(struct http_node *n);

/* Set an option of libcurl's; the first code other than success stays. */
#define HTTP_SET(rc, easy, opt, v) ((rc) = (rc) ? (rc) : curl_easy_setopt((easy), (opt), (v)))
/* A handle with all that holds for every connection; U is the address, CONNECT_NS as in the request. */
int http_easy(CURL **easy, struct http *h, const struct url_parts *u, int64_t connect_ns, struct err *e);
/* What a code of libcurl's means; WHY gets a few words (never more of an address than its host). ERROR is
 * CURLOPT_ERRORBUFFER's. */
enum http_failure http_why(char *why, size_t cap, CURL *easy, CURLcode rc, const char *error, int64_t connect_ns);
int64_t http_connect_ns(int64_t asked);
/* Is this a name, are these values that can be sent? ERR_USAGE. */
int http_check_headers(const struct http_header *v, size_t n, struct err *e);
const struct http_header *http_find(const struct http_header *v, size_t n, const char *name); /* any case */
void http_wipe(char *s);                      /* overwrite and free; NULL is fine */

static inline int64_t http_later(int64_t t, int64_t ns)
{
	return t > INT64_MAX - ns ? HTTP_NEVER : t + ns;
}

#endif
