/* SPDX-License-Identifier: MIT */
/* Builds a request, decides where it may go, and puts the credentials in last. */
#include "fetch/request.h"

#include "base/mem.h"
#include "http/url.h"

#include <nettle/base64.h>
#include <string.h>

void request_clear(struct request *r)
{
	if (r->url.p)
		explicit_bzero(r->url.p, r->url.cap);
	if (r->body.p)
		explicit_bzero(r->body.p, r->body.cap);
	if (r->text.p)
		explicit_bzero(r->text.p, r->text.cap);
	for (size_t i = 0; i < r->nheaders; i++)
		if (r->header[i].value)
			explicit_bzero((char *)(uintptr_t)r->header[i].value, strlen(r->header[i].value));
	buf_clear(&r->url);
	buf_clear(&r->body);
	buf_clear(&r->text);
	arena_clear(&r->arena);
	r->nheaders = 0;
	r->has_body = false;
	r->method = NULL;
}

void request_release(struct request *r)
{
	request_clear(r);
	buf_release(&r->url);
	buf_release(&r->body);
	buf_release(&r->text);
	arena_release(&r->arena);
	mem_free(r->header);
	r->header = NULL;
	r->cap = 0;
}

/* The arena owns the text, so that it can be wiped. A header that is there already gives way. */
void request_header(struct request *r, const char *name, const char *value)
{
	size_t i = 0;
	while (i < r->nheaders && strcasecmp(r->header[i].name, name) != 0)
		i++;
	if (i == r->nheaders) {
		MEM_GROW(r->header, r->cap, r->nheaders + 1);
		r->header[r->nheaders++].name = arena_strdup(&r->arena, name);
	}
	r->header[i].value = arena_strdup(&r->arena, value);
}

static bool wanted(const struct def_param *p, const struct vars *v)
{
	return !(p->when && !*vars_get(v, p->when)) && !(p->unless && *vars_get(v, p->unless));
}

/* Line breaks in a header would be headers of somebody else's. */
static int put_headers(struct request *r, const struct def_request *q, const struct vars *v, struct err *e)
{
	for (size_t i = 0; i < q->nheader; i++) {
		const struct def_param *p = &q->header[i];
		buf_clear(&r->text);
		vars_expand(&r->text, &p->value, v);
		if (!r->text.n || !wanted(p, v))
			continue;
		if (memchr(r->text.p, '\n', r->text.n) || memchr(r->text.p, '\r', r->text.n) ||
		    memchr(r->text.p, '\0', r->text.n))
			return err_set(e, ERR_USAGE, "header %s: a variable contains a line break", p->name);
		request_header(r, p->name, buf_cstr(&r->text));
	}
	return 0;
}

static void put_body(struct request *r, const struct def_request *q, const struct vars *v)
{
	if (q->body_kind == BODY_TEXT)
		vars_expand(&r->body, &q->body_text, v);
	else if (q->body_kind == BODY_JSON)
		vars_expand_json(&r->body, q->body, v);
	r->has_body = q->body_kind == BODY_TEXT || q->body_kind == BODY_JSON;
	if (q->body_kind == BODY_JSON)
		request_header(r, "Content-Type", "application/json");
}

static int move_to_endpoint(struct request *r, const struct request_way *w, struct err *e)
{
	struct buf moved = BUF_INIT;
	if (!w->endpoint)
		return 0;
	bool socket = r->url.n > 2 && memcmp(r->url.p, "ws", 2) == 0;
	int rc = url_move(&moved, buf_cstr(&r->url), w->endpoint, e);
	if (rc == 0) {
		const char *to = buf_cstr(&moved);
		buf_clear(&r->url);
		/* A websocket stays one: http: becomes ws:, https: wss:. */
		if (socket && strncmp(to, "http", 4) == 0) {
			buf_puts(&r->url, "ws");
			to += 4;
		}
		buf_puts(&r->url, to);
	}
	buf_release(&moved);
	return rc;
}

int request_build(struct request *r, const struct request_way *w, const struct def_request *q, const struct vars *v,
		  struct err *e)
{
	request_clear(r);
	r->method = q->method;
	int rc = vars_expand_url(&r->url, &q->url, v, e);
	if (rc == 0)
		rc = move_to_endpoint(r, w, e);
	for (size_t i = 0; rc == 0 && i < q->nquery; i++) {
		buf_clear(&r->text);
		vars_expand(&r->text, &q->query[i].value, v);
		if (r->text.n && wanted(&q->query[i], v))
			url_add_param(&r->url, q->query[i].name, r->text.p, r->text.n);
	}
	if (rc == 0)
		rc = put_headers(r, q, v, e);
	if (rc == 0)
		put_body(r, q, v);
	return rc;
}

static bool secure(const struct url_parts *p)
{
	return strcmp(p->scheme, "https") == 0 || strcmp(p->scheme, "wss") == 0;
}

/* Is it the endpoint itself that URL names? */
static bool at_endpoint(const struct request_way *w, const struct url_parts *p)
{
	struct url_parts end;
	return w->endpoint && url_parse(&end, w->endpoint, NULL) == 0 && end.port == p->port &&
	       strcmp(end.host, p->host) == 0 && (secure(p) || !secure(&end));
}

/* Does the definition's own address begin with https: or wss:, or the one that a variable gives? */
static bool speaks_securely(const struct source_def *d, const struct vars *v)
{
	struct buf b = BUF_INIT;
	vars_expand(&b, &d->request.url, v);
	bool yes = strncasecmp(buf_cstr(&b), "https:", 6) == 0 || strncasecmp(buf_cstr(&b), "wss:", 4) == 0;
	buf_release(&b);
	return yes;
}

/* A host of the definition; one that a variable gives may be a whole address, whose host is meant. */
static bool is_host(const struct url_parts *p, const char *allowed)
{
	struct url_parts whole;
	if (!strstr(allowed, "://"))
		return url_host_is(p, allowed);
	return url_parse(&whole, allowed, NULL) == 0 && whole.port == p->port && strcmp(whole.host, p->host) == 0 &&
	       strcmp(whole.scheme, p->scheme) == 0;
}

void request_http(struct request *r, struct http_request *q)
{
	q->method = r->method ? r->method : r->has_body ? "POST" : "GET";
	q->url = buf_cstr(&r->url);
	q->headers = r->header;
	q->nheaders = r->nheaders;
	q->body = r->has_body ? buf_cstr(&r->body) : NULL;
	q->nbody = r->body.n;
}

int request_allowed(const struct request_way *w, const struct vars *v, const char *url, struct err *e)
{
	struct url_parts p;
	struct buf host = BUF_INIT;
	int rc = url_parse(&p, url, e);
	if (rc < 0)
		return err_set(e, ERR_IO, "not a URL for HTTP or a websocket: it must begin with https://, http://, wss:// or ws://");
	if (p.has_user)
		return err_set(e, ERR_IO, "the address of %s contains a user", p.host);
	if (at_endpoint(w, &p))
		return 0;
	bool found = false;
	for (size_t i = 0; i < w->def->nhosts && !found; i++) {
		buf_clear(&host);
		vars_expand(&host, &w->def->host[i], v);
		found = host.n && is_host(&p, buf_cstr(&host));
	}
	buf_release(&host);
	if (!found)
		return err_set(e, ERR_IO, "leads to %s://%s:%u, which is not one of the hosts of '%s'", p.scheme, p.host,
			       p.port, w->def->name);
	if (speaks_securely(w->def, v) && !secure(&p) && !w->endpoint)
		return err_set(e, ERR_IO, "leads from https to %s://%s", p.scheme, p.host);
	return 0;
}

int request_follow(struct request *r, const struct request_way *w, const struct def_request *q, const struct vars *v,
		   const char *url, struct err *e)
{
	struct buf b = BUF_INIT;
	struct url_parts p;
	request_clear(r);
	r->method = q->method;
	buf_puts(&r->url, url);
	for (size_t i = 0; i < w->def->nstrip; i++) {
		buf_clear(&b);
		url_drop_param(&b, buf_cstr(&r->url), w->def->strip[i]);
		buf_clear(&r->url);
		buf_put(&r->url, b.p, b.n);
	}
	buf_release(&b);
	int rc = request_allowed(w, v, buf_cstr(&r->url), e);
	if (rc == 0 && url_parse(&p, buf_cstr(&r->url), e) == 0 && !at_endpoint(w, &p))
		rc = move_to_endpoint(r, w, e);
	if (rc == 0)
		rc = put_headers(r, q, v, e);
	if (rc == 0)
		put_body(r, q, v);
	return rc;
}

/* ERR_NOT_FOUND for an optional secret that is not there. */
static int secret(const struct request_way *w, const char *local, const char **value, size_t *n, struct err *e)
{
	const struct def_secret *s = source_def_secret(w->def, local);
	return secrets_get(w->secrets, s->name, value, n, e);
}

static void put_basic(struct request *r, const struct request_way *w, const char *user, size_t nuser,
		      const char *password, size_t npassword)
{
	struct buf in = BUF_INIT, *out = &r->text;
	buf_put(&in, user, nuser);
	buf_putc(&in, ':');
	buf_put(&in, password, npassword);
	buf_clear(out);
	buf_puts(out, "Basic ");
	base64_encode_raw(buf_reserve(out, BASE64_ENCODE_RAW_LENGTH(in.n)), in.n, (const uint8_t *)in.p);
	out->n += BASE64_ENCODE_RAW_LENGTH(in.n);
	request_header(r, "Authorization", buf_cstr(out));
	secrets_add(w->secrets, in.p, in.n);
	explicit_bzero(in.p, in.n);
	buf_release(&in);
}

static int sign_basic(struct request *r, const struct request_way *w, struct err *e)
{
	const char *user, *password;
	size_t nuser, npassword;
	int rc = secret(w, w->def->auth.secret[0], &user, &nuser, e);
	if (rc == 0)
		rc = secret(w, w->def->auth.secret[1], &password, &npassword, e);
	if (rc == 0)
		put_basic(r, w, user, nuser, password, npassword);
	return rc;
}

static void put_bearer(struct request *r, const char *token, size_t n)
{
	buf_clear(&r->text);
	buf_puts(&r->text, "Bearer ");
	buf_put(&r->text, token, n);
	request_header(r, "Authorization", buf_cstr(&r->text));
}

static int sign(struct request *r, const struct request_way *w, struct err *e)
{
	const struct def_auth *a = &w->def->auth;
	const char *value;
	size_t n;
	if (a->kind == AUTH_NONE)
		return 0;
	if (a->kind == AUTH_LOGIN) {
		if (w->token)
			put_bearer(r, w->token, strlen(w->token));
		return 0;
	}
	if (a->kind == AUTH_BASIC)
		return sign_basic(r, w, e);
	int rc = secret(w, a->secret[0], &value, &n, e);
	if (rc < 0)
		return rc;
	if (a->kind == AUTH_BEARER)
		put_bearer(r, value, n);
	else if (a->kind == AUTH_HEADER)
		request_header(r, a->name, value);
	else
		url_add_param(&r->url, a->name, value, n);
	return 0;
}

int request_sign(struct request *r, const struct request_way *w, const struct vars *v, struct err *e)
{
	int rc = request_allowed(w, v, buf_cstr(&r->url), e);
	if (rc < 0)
		return rc;
	rc = sign(r, w, e);
	/* What is optional and missing is left out; what is not was looked for when the job began. */
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

static int login_value(struct buf *b, const struct request_way *w, const struct def_param *p, const struct vars *v,
		       struct err *e)
{
	const char *value;
	size_t n;
	if (!p->secret) {
		vars_expand(b, &p->value, v);
		return 0;
	}
	int rc = secret(w, p->secret, &value, &n, e);
	if (rc == 0)
		buf_put(b, value, n);
	return rc;
}

static int login_body(struct request *r, const struct request_way *w, const struct vars *v, struct err *e)
{
	const struct def_auth *a = &w->def->auth;
	struct buf value = BUF_INIT;
	int rc = 0;
	if (a->as_json)
		buf_putc(&r->body, '{');
	for (size_t i = 0; i < a->nfields && rc == 0; i++) {
		buf_clear(&value);
		rc = login_value(&value, w, &a->field[i], v, e);
		if (i)
			buf_putc(&r->body, a->as_json ? ',' : '&');
		if (a->as_json) {
			json_put_cstr(&r->body, a->field[i].name);
			buf_putc(&r->body, ':');
			json_put_string(&r->body, value.p ? value.p : "", value.n);
		} else {
			url_escape(&r->body, a->field[i].name, strlen(a->field[i].name));
			buf_putc(&r->body, '=');
			url_escape(&r->body, value.p ? value.p : "", value.n);
		}
	}
	if (a->as_json)
		buf_putc(&r->body, '}');
	if (value.p)
		explicit_bzero(value.p, value.cap);
	buf_release(&value);
	return rc;
}

int request_login(struct request *r, const struct request_way *w, const struct vars *v, struct err *e)
{
	const struct def_auth *a = &w->def->auth;
	int rc = request_build(r, w, &a->request, v, e);
	if (rc == 0)
		rc = request_allowed(w, v, buf_cstr(&r->url), e);
	if (rc == 0)
		rc = login_body(r, w, v, e);
	r->has_body = true;
	if (!r->method)
		r->method = "POST";
	request_header(r, "Content-Type", a->as_json ? "application/json" : "application/x-www-form-urlencoded");
	if (rc == 0 && a->secret[0])
		rc = sign_basic(r, w, e);
	return rc;
}

void request_show(const struct request *r, const struct request_way *w, struct buf *b)
{
	const struct def_auth *a = &w->def->auth;
	const char *url = buf_cstr((struct buf *)(uintptr_t)&r->url);
	buf_printf(b, "%s %s", r->method ? r->method : r->has_body ? "POST" : "GET", url);
	if (a->kind == AUTH_QUERY)
		buf_printf(b, "%c%s=…", strchr(url, '?') ? '&' : '?', a->name);
	for (size_t i = 0; i < r->nheaders; i++)
		buf_printf(b, "\n%s: %s", r->header[i].name, r->header[i].value);
	if (a->kind != AUTH_NONE && a->kind != AUTH_QUERY)
		buf_printf(b, "\n%s: …", a->kind == AUTH_HEADER ? a->name : "Authorization");
	if (r->has_body)
		buf_printf(b, "\n\n%s", buf_cstr((struct buf *)(uintptr_t)&r->body));
}
