/* SPDX-License-Identifier: MIT */
/* Requests: what is sent, what comes, how it ends. */
#include "http/loop.h"

#include "base/ascii.h"
#include "base/mem.h"
#include "http/coding.h"

#include <stdio.h>

#define STREAM_BUFFER (512 << 10)
#define MAX_BODY ((size_t)64 << 20)
#define MAX_METHOD 32

struct http_transfer {
	struct http_node node;          /* first: a node is cast to its transfer */
	struct http_request r;          /* times and callbacks; its pointers are ours, or NULL */
	char *url, *body;
	struct curl_slist *headers;
	struct http_head head;
	struct coding *coding;          /* NULL: the body is as it comes */
	struct buf in, location;
	struct http_answer a;
	size_t max;
	int64_t heard_ns;               /* when the last byte came, or the connection */
	curl_off_t down, up;
	bool connected, streams;
	char why[CURL_ERROR_SIZE], error[CURL_ERROR_SIZE];
};

static struct http_transfer *transfer_of(struct http_node *n)
{
	return (struct http_transfer *)n;
}

/* --- time --- */

static void set_due(struct http_transfer *t)
{
	int64_t due = HTTP_NEVER, silent;
	if (t->r.timeout_ns > 0)
		due = http_later(t->a.sent_ns, t->r.timeout_ns);
	if (t->r.silence_ns > 0 && t->connected && (silent = http_later(t->heard_ns, t->r.silence_ns)) < due)
		due = silent;
	t->node.due_ns = due;
}

static void heard(struct http_transfer *t)
{
	t->heard_ns = clock_mono_ns();
	set_due(t);
}

static void started(struct http_node *n, int64_t now)
{
	struct http_transfer *t = transfer_of(n);
	t->a.sent_ns = t->heard_ns = now;
	set_due(t);
}

/* --- ends --- */

static void finish(struct http_transfer *t, enum http_failure f)
{
	t->a.failure = f;
	t->a.why = t->why;
	t->a.ended_ns = clock_mono_ns();
	t->a.body = t->in.p ? t->in.p : "";
	t->a.nbody = t->in.n;
	t->node.h->happened = true;
	http_leave(&t->node);
	t->r.done(t->r.arg, &t->a);
}

/* A packed body knows where it ends. Of a stream the rest comes after a new connection. */
static bool cut_short(const struct http_transfer *t)
{
	bool may_be_empty = t->a.status / 100 != 2 || t->a.status == 204 || t->a.status == 205;
	return t->coding && !t->streams && !coding_ended(t->coding) && (coding_begun(t->coding) || !may_be_empty);
}

/* Neither a length, nor chunks, nor frames, nor a coding said where it ends. */
static bool unended(const struct http_transfer *t, CURL *easy)
{
	long version = 0;
	curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
	return !t->coding && version <= CURL_HTTP_VERSION_1_1 && !http_header(&t->a, "content-length") &&
	       !http_header(&t->a, "transfer-encoding");
}

static void over(struct http_node *n, CURLcode rc)
{
	struct http_transfer *t = transfer_of(n);
	enum http_failure f = t->a.failure;
	/* What we stopped ourselves has its reason already. */
	if (f == HTTP_OK)
		f = http_why(t->why, sizeof t->why, n->easy, rc, t->error, t->r.connect_ns);
	if (f == HTTP_OK && t->head.state != HEAD_DONE) {
		snprintf(t->why, sizeof t->why, "no response");
		f = HTTP_PROTOCOL;
	}
	if (f == HTTP_OK && cut_short(t)) {
		snprintf(t->why, sizeof t->why, "the compressed body ends early");
		f = HTTP_ENCODING;
	}
	t->a.unended = unended(t, n->easy);
	finish(t, f);
}

static void timed_out(struct http_node *n, int64_t now)
{
	struct http_transfer *t = transfer_of(n);
	bool all = t->r.timeout_ns > 0 && http_later(t->a.sent_ns, t->r.timeout_ns) <= now;
	char after[48];
	size_t k = duration_format(after, all ? t->r.timeout_ns : t->r.silence_ns);
	snprintf(t->why, sizeof t->why, "%s %.*s", all ? "not complete after" : "no data for", (int)k, after);
	finish(t, all ? HTTP_TIMEOUT : HTTP_SILENT);
}

static void wipe_list(struct curl_slist *l)
{
	for (struct curl_slist *x = l; x; x = x->next)
		explicit_bzero(x->data, strlen(x->data));
	curl_slist_free_all(l);
}

static void release(struct http_node *n)
{
	struct http_transfer *t = transfer_of(n);
	if (t->body)
		explicit_bzero(t->body, t->r.nbody);
	mem_free(t->body);
	http_wipe(t->url);
	wipe_list(t->headers);
	http_head_release(&t->head);
	coding_free(t->coding);
	buf_release(&t->in);
	buf_release(&t->location);
	mem_free(t);
}

static const struct http_node_ops ops = { started, over, timed_out, NULL, release };

void http_cancel(struct http_transfer *t)
{
	if (t)
		http_leave(&t->node);
}

bool http_unsent(const struct http_transfer *t)
{
	return !t->connected;
}

/* --- what comes: from within libcurl --- */

/* End it with a failure of ours: `over` comes when libcurl has seen that its callback gave up. */
static size_t give_up(struct http_transfer *t, enum http_failure f, const char *why)
{
	t->a.failure = f;
	snprintf(t->why, sizeof t->why, "%s", why);
	return 0;
}

/* All headers are there. False: the transfer is over. */
static bool head_came(struct http_transfer *t)
{
	struct err e;
	t->a.status = t->head.status;
	t->a.headers = t->head.list;
	t->a.nheaders = t->head.n;
	t->streams = t->r.data && t->a.status / 100 == 2;
	if (!coding_new(&t->coding, http_header(&t->a, "content-encoding"))) {
		give_up(t, HTTP_ENCODING, "the body has a Content-Encoding that was not asked for");
		return false;
	}
	const char *to = t->a.status / 100 == 3 ? http_header(&t->a, "location") : NULL;
	if (to && !url_join(&t->location, t->url, to, &e))
		t->a.location = buf_cstr(&t->location);
	if (!t->r.head)
		return true;
	t->a.body = "";
	t->node.h->happened = true;
	if (t->r.head(t->r.arg, &t->a))
		http_leave(&t->node);
	return http_alive(&t->node);
}

static size_t on_header(char *p, size_t size, size_t n, void *arg)
{
	struct http_transfer *t = arg;
	n *= size;
	if (!http_alive(&t->node) || t->a.failure)
		return 0;
	heard(t);
	switch (http_head_line(&t->head, p, n)) {
	case HEAD_BAD: return give_up(t, HTTP_PROTOCOL, "the response is not HTTP");
	case HEAD_TOO_LONG: return give_up(t, HTTP_HEADERS, "the headers are too long");
	case HEAD_END: return head_came(t) ? n : 0;
	default: return n;
	}
}

/* Unpacked bytes. False: the transfer is over. */
static bool take(void *arg, const char *p, size_t n)
{
	struct http_transfer *t = arg;
	char why[64];
	if (t->streams) {
		t->node.h->happened = true;
		if (t->r.data(t->r.arg, p, n))
			http_leave(&t->node);
		return http_alive(&t->node);
	}
	if (n > t->max - t->in.n) {
		snprintf(why, sizeof why, "the body is longer than %zu bytes", t->max);
		give_up(t, HTTP_TOO_LONG, why);
		return false;
	}
	buf_put(&t->in, p, n);
	return true;
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
	struct http_transfer *t = arg;
	char why[96];
	n *= size;
	if (!http_alive(&t->node) || t->a.failure)
		return 0;
	heard(t);
	if (t->coding ? coding_feed(t->coding, p, n, take, t) : take(t, p, n))
		return n;
	if (t->coding && coding_why(t->coding)) {
		snprintf(why, sizeof why, "the body cannot be decompressed: %s", coding_why(t->coding));
		give_up(t, HTTP_ENCODING, why);
	}
	return 0;
}

/* Bytes as they come over the wire, also those that make no unpacked ones yet. */
static int on_progress(void *arg, curl_off_t dtotal, curl_off_t down, curl_off_t utotal, curl_off_t up)
{
	struct http_transfer *t = arg;
	(void)dtotal, (void)utotal;
	if (!http_alive(&t->node))
		return 1;
	if (down != t->down || up != t->up)
		heard(t);
	t->down = down;
	t->up = up;
	return 0;
}

static int on_connected(void *arg, char *ip, char *own_ip, int port, int own_port)
{
	struct http_transfer *t = arg;
	(void)ip, (void)own_ip, (void)port, (void)own_port;
	t->connected = true;
	heard(t);
	return CURL_PREREQFUNC_OK;
}

/* --- what is sent --- */

int http_check_headers(const struct http_header *v, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		if (!http_is_token(v[i].name, strlen(v[i].name)))
			return err_set(e, ERR_USAGE, "not a valid header name");
		for (const char *s = v[i].value; s && *s; s++)
			if (((unsigned char)*s < ' ' && *s != '\t') || *s == 127)
				return err_set(e, ERR_USAGE, "header %s contains a control character", v[i].name);
	}
	return 0;
}

const struct http_header *http_find(const struct http_header *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		size_t k = 0;
		while (v[i].name[k] && ascii_lower(v[i].name[k]) == ascii_lower(name[k]))
			k++;
		if (!v[i].name[k] && !name[k])
			return &v[i];
	}
	return NULL;
}

/* libcurl's forms: `Name: value`, `Name;` for an empty value, `Name:` for no such header. */
static void add_header(struct http_transfer *t, const char *name, const char *value)
{
	size_t nname = strlen(name), n = nname + (value ? strlen(value) : 0) + 3;
	char *line = mem_alloc(n);
	snprintf(line, n, "%s%s%s", name, !value ? ":" : *value ? ": " : ";", value ? value : "");
	struct curl_slist *l = curl_slist_append(t->headers, line);
	http_wipe(line);
	if (!l)
		mem_oom(n);
	t->headers = l;
}

static void add_headers(struct http_transfer *t, const struct http_request *r)
{
	for (size_t i = 0; i < r->nheaders; i++)
		add_header(t, r->headers[i].name, r->headers[i].value);
	/* libcurl would call any body a form, and wait for a leave to send a long one. */
	if (!http_find(r->headers, r->nheaders, "content-type"))
		add_header(t, "Content-Type", NULL);
	if (!http_find(r->headers, r->nheaders, "expect"))
		add_header(t, "Expect", NULL);
}

static CURLcode set_method(struct http_transfer *t, const char *method)
{
	CURL *c = t->node.easy;
	CURLcode rc = CURLE_OK;
	if (!strcmp(method, "HEAD")) {
		HTTP_SET(rc, c, CURLOPT_NOBODY, 1L);
		return rc;
	}
	if (t->body || !strcmp(method, "POST") || !strcmp(method, "PUT") || !strcmp(method, "PATCH")) {
		HTTP_SET(rc, c, CURLOPT_POST, 1L);
		HTTP_SET(rc, c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->r.nbody);
		HTTP_SET(rc, c, CURLOPT_POSTFIELDS, t->body ? t->body : "");
	}
	HTTP_SET(rc, c, CURLOPT_CUSTOMREQUEST, method);
	return rc;
}

static int set_up(struct http_transfer *t, const struct http_request *r, struct err *e)
{
	CURL *c = t->node.easy;
	CURLcode rc = set_method(t, r->method ? r->method : "GET");
	HTTP_SET(rc, c, CURLOPT_URL, t->url);
	HTTP_SET(rc, c, CURLOPT_HTTPHEADER, t->headers);
	HTTP_SET(rc, c, CURLOPT_ACCEPT_ENCODING, CODING_ACCEPT);
	HTTP_SET(rc, c, CURLOPT_HTTP_CONTENT_DECODING, 0L);
	HTTP_SET(rc, c, CURLOPT_HTTP_VERSION, (long)(r->data ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS));
	/* A stream is read as fast as it can: its server drops those that are slow. */
	if (r->data)
		HTTP_SET(rc, c, CURLOPT_BUFFERSIZE, (long)STREAM_BUFFER);
	HTTP_SET(rc, c, CURLOPT_ERRORBUFFER, t->error);
	HTTP_SET(rc, c, CURLOPT_HEADERFUNCTION, on_header);
	HTTP_SET(rc, c, CURLOPT_HEADERDATA, t);
	HTTP_SET(rc, c, CURLOPT_WRITEFUNCTION, on_body);
	HTTP_SET(rc, c, CURLOPT_WRITEDATA, t);
	HTTP_SET(rc, c, CURLOPT_XFERINFOFUNCTION, on_progress);
	HTTP_SET(rc, c, CURLOPT_XFERINFODATA, t);
	HTTP_SET(rc, c, CURLOPT_NOPROGRESS, 0L);
	HTTP_SET(rc, c, CURLOPT_PREREQFUNCTION, on_connected);
	HTTP_SET(rc, c, CURLOPT_PREREQDATA, t);
	if (t->node.h->user_agent)
		HTTP_SET(rc, c, CURLOPT_USERAGENT, t->node.h->user_agent);
	return rc ? err_set(e, ERR_IO, "cannot set up libcurl: %s", curl_easy_strerror(rc)) : 0;
}

static int check(const struct http_request *r, struct url_parts *u, struct err *e)
{
	int rc = url_parse(u, r->url, e);
	if (rc)
		return rc;
	if (u->has_user)
		return err_set(e, ERR_USAGE, "an address must not contain a user or password");
	if (u->scheme[0] != 'h')
		return err_set(e, ERR_USAGE, "a request must use http or https, not %s", u->scheme);
	if (r->method && (!http_is_token(r->method, strlen(r->method)) || strlen(r->method) > MAX_METHOD))
		return err_set(e, ERR_USAGE, "not an HTTP method");
	return http_check_headers(r->headers, r->nheaders, e);
}

int http_send(struct http *h, const struct http_request *r, struct http_transfer **out, struct err *e)
{
	struct url_parts u;
	CURL *easy;
	int rc = check(r, &u, e);
	if (rc || (rc = http_easy(&easy, h, &u, r->connect_ns, e)))
		return rc;
	struct http_transfer *t = mem_zalloc(sizeof *t);
	http_node_set(&t->node, &ops, h, easy);
	t->r = *r;
	t->url = mem_strdup(r->url);
	t->body = r->body ? mem_dup(r->body, r->nbody) : NULL;
	if (!r->body)
		t->r.nbody = 0;
	/* Ours alone from here on. */
	t->r.url = t->r.method = t->r.body = NULL;
	t->r.headers = NULL;
	t->max = r->max_body ? r->max_body : MAX_BODY;
	if (t->max > BUF_MAX)
		t->max = BUF_MAX;
	t->a.why = t->a.body = "";
	http_head_init(&t->head);
	add_headers(t, r);
	rc = set_up(t, r, e);
	if (rc) {
		curl_easy_cleanup(easy);
		release(&t->node);
		return rc;
	}
	http_enter(h, &t->node, &u, !r->data);
	if (out)
		*out = t;
	return 0;
}
