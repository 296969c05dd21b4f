/* SPDX-License-Identifier: MIT */
/* The loop. libcurl's global state is counted: http_new takes one reference (curl_global_init is safe between threads
 * since 7.84), http_free gives it back. */
#include "http/loop.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <unistd.h>

void http_wipe(char *s)
{
	if (s)
		explicit_bzero(s, strlen(s));
	mem_free(s);
}

/* --- lists and hosts --- */

static void list_add(struct http_list *l, struct http_node *n)
{
	n->list = l;
	n->next = NULL;
	n->prev = l->last;
	*(l->last ? &l->last->next : &l->first) = n;
	l->last = n;
}

static void list_take(struct http_node *n)
{
	*(n->prev ? &n->prev->next : &n->list->first) = n->next;
	*(n->next ? &n->next->prev : &n->list->last) = n->prev;
	n->list = NULL;
}

static struct http_host *host_new(struct http *h, const char *name, size_t limit)
{
	size_t n = strlen(name) + 1;
	struct http_host *x = mem_zalloc(sizeof *x + n);
	x->limit = limit;
	memcpy(x->name, name, n);
	x->next = h->hosts;
	return h->hosts = x;
}

static struct http_host *host_of(struct http *h, const struct url_parts *u)
{
	char name[sizeof u->host + 16];
	snprintf(name, sizeof name, "%s:%u", u->host, u->port);
	for (struct http_host *x = h->hosts; x; x = x->next)
		if (!strcmp(x->name, name))
			return x;
	return host_new(h, name, h->per_host);
}

static void drop_idle_hosts(struct http *h)
{
	for (struct http_host **x = &h->hosts; *x;) {
		struct http_host *o = *x;
		if (o == h->unlimited || o->running || o->queue.first) {
			x = &o->next;
			continue;
		}
		*x = o->next;
		mem_free(o);
	}
}

/* --- nodes --- */

bool http_alive(const struct http_node *n)
{
	return n->list != &n->h->dead;
}

void http_enter(struct http *h, struct http_node *n, const struct url_parts *u, bool limited)
{
	n->h = h;
	n->fd = -1;
	n->due_ns = HTTP_NEVER;
	n->host = limited ? host_of(h, u) : h->unlimited;
	list_add(&n->host->queue, n);
	curl_easy_setopt(n->easy, CURLOPT_PRIVATE, n);
	h->active++;
}

static void bury(struct http *h)
{
	struct http_node *n;
	if (!h->dead.first)
		return;
	while ((n = h->dead.first)) {
		list_take(n);
		if (n->ops->farewell)
			n->ops->farewell(n);
		if (n->added)
			curl_multi_remove_handle(h->multi, n->easy);
		curl_easy_cleanup(n->easy);
		n->ops->release(n);
	}
	drop_idle_hosts(h);
}

void http_leave(struct http_node *n)
{
	struct http *h = n->h;
	if (!http_alive(n))
		return;
	if (n->list == &h->running)
		n->host->running--;
	list_take(n);
	list_add(&h->dead, n);
	h->active--;
	if (!h->inside)
		bury(h);
}

/* --- a turn --- */

static void admit(struct http *h)
{
	int64_t now = clock_mono_ns();
	for (struct http_host *x = h->hosts; x; x = x->next) {
		struct http_node *n;
		while (x->running < x->limit && (n = x->queue.first)) {
			list_take(n);
			list_add(&h->running, n);
			x->running++;
			n->ops->started(n, now);
			n->added = !curl_multi_add_handle(h->multi, n->easy);
			if (!n->added)
				n->ops->over(n, CURLE_FAILED_INIT);
		}
	}
}

static void reap(struct http *h)
{
	CURLMsg *m;
	int left;
	while ((m = curl_multi_info_read(h->multi, &left))) {
		struct http_node *n = NULL;
		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &n);
		if (http_alive(n))
			n->ops->over(n, m->data.result);
	}
}

/* Callbacks change the list, so after each it is looked at from the start; what has been worked on is not ready any
 * more
 * and due later. */
static void work(struct http *h)
{
	int64_t now = clock_mono_ns();
	struct http_node *n = h->running.first;
	while (n) {
		if (!n->ready && n->due_ns > now) {
			n = n->next;
			continue;
		}
		n->ready = n->more = false;
		n->ops->work(n, now);
		n = h->running.first;
	}
}

static int turn(struct http *h, struct err *e)
{
	int live;
	admit(h);
	CURLMcode rc = curl_multi_perform(h->multi, &live);
	if (rc)
		return err_set(e, ERR_IO, "libcurl: %s", curl_multi_strerror(rc));
	reap(h);
	work(h);
	bury(h);
	return 0;
}

/* --- waiting --- */

/* The descriptors beside libcurl's own: the wake-up's, the caller's, those of sockets. */
static size_t gather(struct http *h)
{
	size_t n = 2;
	for (struct http_node *x = h->running.first; x; x = x->next)
		n += x->fd >= 0;
	MEM_GROW(h->fds, h->nfds, n);
	h->fds[0].fd = h->wake;
	h->fds[1].fd = h->watch;
	h->fds[0].events = h->fds[1].events = POLLIN;
	n = 2;
	for (struct http_node *x = h->running.first; x; x = x->next)
		if (x->fd >= 0)
			h->fds[n++] = (struct pollfd){ .fd = x->fd, .events = x->events };
	MEM_GROW(h->extra, h->nextra, n);
	return n;
}

/* poll(2) again: libcurl passes neither POLLHUP nor POLLERR on, and a pipe at its end has nothing else. */
static void look(struct http *h, size_t nfds)
{
	size_t i = 2;
	uint64_t count;
	if (poll(h->fds, nfds, 0) < 0)
		return;
	if (h->fds[0].revents) {
		if (read(h->wake, &count, sizeof count) < 0)
			count = 0;
		h->happened = true;
	}
	if (h->watch >= 0 && h->fds[1].revents)
		h->happened = true;
	for (struct http_node *x = h->running.first; x; x = x->next)
		if (x->fd >= 0)
			x->ready = h->fds[i++].revents || x->more;
}

static int64_t first_due(const struct http *h, int64_t deadline)
{
	for (const struct http_node *n = h->running.first; n; n = n->next)
		if (n->more)
			return 0;
		else if (n->due_ns < deadline)
			deadline = n->due_ns;
	return deadline;
}

static int until_ms(int64_t now, int64_t due)
{
	if (due <= now)
		return 0;
	int64_t ms = (due - now) / 1000000 + ((due - now) % 1000000 != 0);
	return ms > INT_MAX / 2 ? INT_MAX / 2 : (int)ms;
}

static int wait_for(struct http *h, int64_t deadline, struct err *e)
{
	size_t nfds = gather(h), nextra = 0;
	int64_t now = clock_mono_ns();
	int ms = until_ms(now, first_due(h, deadline)), n = 0;
	long curls = -1;
	for (size_t i = 0; i < nfds; i++)
		if (h->fds[i].fd >= 0)
			h->extra[nextra++] = (struct curl_waitfd){ .fd = h->fds[i].fd,
				.events = (short)((h->fds[i].events & POLLIN ? CURL_WAIT_POLLIN : 0) |
				(h->fds[i].events & POLLOUT ? CURL_WAIT_POLLOUT : 0)) };
	curl_multi_timeout(h->multi, &curls);
	if (curls >= 0 && curls < ms)
		ms = (int)curls;
	CURLMcode rc = curl_multi_poll(h->multi, h->extra, (unsigned)nextra, ms, &n);
	if (rc)
		return err_set(e, ERR_IO, "libcurl: %s", curl_multi_strerror(rc));
	/* Nothing is ready and it is not time yet: a signal. */
	if (!n && ms > 1 && clock_mono_ns() - now < (int64_t)(ms - 1) * 1000000)
		h->happened = true;
	look(h, nfds);
	return 0;
}

int http_run(struct http *h, int64_t deadline_ns, struct err *e)
{
	assert(!h->inside);
	int rc;
	h->inside = true;
	h->happened = false;
	do {
		rc = turn(h, e);
		if (!rc && !h->happened)
			rc = wait_for(h, deadline_ns, e);
	} while (!rc && !h->happened && clock_mono_ns() < deadline_ns);
	h->inside = false;
	bury(h);
	return rc;
}

void http_wake(struct http *h)
{
	/* From a signal handler: write(2) alone, and errno as it was. The count overflows after 2^64 - 2 calls. */
	uint64_t one = 1;
	int was = errno;
	if (write(h->wake, &one, sizeof one) < 0)
		errno = was;
	errno = was;
}

void http_watch(struct http *h, int fd)
{
	h->watch = fd;
}

size_t http_active(const struct http *h)
{
	return h->active;
}

/* --- life --- */

static char *copy(const char *s)
{
	return s && *s ? mem_strdup(s) : NULL;
}

/* libcurl would refuse it when it connects, in words that hold its password. */
static int check_proxy(const char *proxy, struct err *e)
{
	static const char *const schemes[] = { "http", "https", "socks4", "socks4a", "socks5", "socks5h" };
	const char *end = proxy ? strstr(proxy, "://") : NULL;
	bool known = !end;
	if (!proxy || !*proxy)
		return 0;
	for (size_t i = 0; end && i < sizeof schemes / sizeof schemes[0]; i++)
		known |= strlen(schemes[i]) == (size_t)(end - proxy) && !strncasecmp(proxy, schemes[i], (size_t)(end - proxy));
	CURLU *u = curl_url();
	if (!u)
		mem_oom(0);
	if (known && curl_url_set(u, CURLUPART_URL, proxy, CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME))
		known = false;
	curl_url_cleanup(u);
	return known ? 0 : err_set(e, ERR_USAGE, "not a proxy URL (http, https, socks4, socks5)");
}

static int check_opts(const struct http_opts *o, struct err *e)
{
	int rc = check_proxy(o->proxy_http, e);
	if (rc || (rc = check_proxy(o->proxy_https, e)))
		return rc;
	return o->cacert && access(o->cacert, R_OK) ? err_sys(e, errno, "%s", o->cacert) : 0;
}

int http_new(struct http **out, const struct http_opts *o, struct err *e)
{
	int r = check_opts(o, e);
	if (r)
		return r;
	CURLcode rc = curl_global_init(CURL_GLOBAL_DEFAULT);
	if (rc)
		return err_set(e, ERR_IO, "cannot set up libcurl: %s", curl_easy_strerror(rc));
	struct http *h = mem_zalloc(sizeof *h);
	h->watch = -1;
	h->per_host = o->per_host ? o->per_host : 6;
	h->user_agent = copy(o->user_agent);
	h->cacert = copy(o->cacert);
	h->proxy_http = copy(o->proxy_http);
	h->proxy_https = copy(o->proxy_https);
	h->no_proxy = copy(o->no_proxy);
	h->unlimited = host_new(h, "", SIZE_MAX);
	h->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	h->multi = curl_multi_init();
	if (h->wake >= 0 && h->multi) {
		*out = h;
		return 0;
	}
	r = h->wake < 0 ? err_sys(e, errno, "eventfd") : err_set(e, ERR_IO, "cannot set up libcurl");
	http_free(h);
	return r;
}

void http_free(struct http *h)
{
	if (!h)
		return;
	assert(!h->inside);
	h->inside = true;
	for (struct http_host *x = h->hosts; x; x = x->next)
		while (x->queue.first)
			http_leave(x->queue.first);
	while (h->running.first)
		http_leave(h->running.first);
	bury(h);
	curl_multi_cleanup(h->multi);
	if (h->wake >= 0)
		close(h->wake);
	mem_free(h->unlimited);
	mem_free(h->fds);
	mem_free(h->extra);
	mem_free(h->user_agent);
	mem_free(h->cacert);
	mem_free(h->no_proxy);
	http_wipe(h->proxy_http);
	http_wipe(h->proxy_https);
	mem_free(h);
	curl_global_cleanup();
}
