/* SPDX-License-Identifier: MIT */
/* What a definition asks for: requests, their secrets, the list of values, rules. */
#include "base/mem.h"
#include "source/def_int.h"

#include <string.h>
#include <strings.h>

/* --- addresses --- */

static const struct {
	const char *name;
	unsigned port;
} schemes[] = { { "http", 80 }, { "https", 443 }, { "ws", 80 }, { "wss", 443 } };
#define NSCHEMES (sizeof schemes / sizeof *schemes)

/* Number of the scheme that the text begins with, -1: another or none. */
static int scheme_of(const struct def_part *p)
{
	const char *colon = memchr(p->text, ':', p->n);
	size_t n = colon ? (size_t)(colon - p->text) : 0;
	for (size_t i = 0; i < NSCHEMES; i++)
		if (n == strlen(schemes[i].name) && strncasecmp(schemes[i].name, p->text, n) == 0 && p->n >= n + 3 &&
		    memcmp(colon, "://", 3) == 0)
			return (int)i;
	return -1;
}

const char *def_scheme(const struct def_text *url)
{
	int i = url->nparts && !url->part[0].var ? scheme_of(&url->part[0]) : -1;
	return i < 0 ? "" : schemes[i].name;
}

static bool put_host(struct buf *b, const char *host, size_t n, unsigned port)
{
	const char *end = host + n, *colon = memrchr(host, ':', n);
	if (colon && memchr(colon, ']', (size_t)(end - colon)))
		colon = NULL;
	for (const char *p = host; p < (colon ? colon : end); p++)
		buf_putc(b, *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p);
	if (colon)
		buf_put(b, colon, (size_t)(end - colon));
	else
		buf_printf(b, ":%u", port);
	buf_cstr(b);
	return b->n > 0;
}

static bool host_matches(const char *host, size_t n, const struct def_text *allowed, unsigned port)
{
	struct buf a = BUF_INIT, b = BUF_INIT;
	bool ok = false;
	for (size_t i = 0; i < allowed->nparts; i++)
		if (allowed->part[i].var)
			return true;
	if (!allowed->nparts)
		return false;
	put_host(&a, host, n, port);
	put_host(&b, allowed->part[0].text, allowed->part[0].n, port);
	if (*b.p == '.')
		ok = a.n > b.n && memcmp(a.p + a.n - b.n, b.p, b.n) == 0;
	else
		ok = a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
	buf_release(&a);
	buf_release(&b);
	return ok;
}

bool def_host_known(const struct source_def *d, const struct def_text *url)
{
	if (!*def_scheme(url))
		return true;
	const struct def_part *p = &url->part[0];
	const char *host = strstr(p->text, "://") + 3, *end = p->text + p->n;
	size_t n = strcspn(host, "/?#");
	if (host + n == end && url->nparts > 1)
		return true;
	for (size_t i = 0; i < d->nhosts; i++)
		if (host_matches(host, n, &d->host[i], schemes[scheme_of(p)].port))
			return true;
	return false;
}

static bool check_url(struct def_load *l, const struct json *v, const char *what, enum def_urls urls, const struct def_text *url)
{
	if (!url->nparts)
		return def_fault(l, v, "'%s' is empty", what);
	for (size_t i = 0; i < url->nparts; i++)
		for (size_t k = 0; !url->part[i].var && k < url->part[i].n; k++)
			if ((unsigned char)url->part[i].text[k] <= ' ' || url->part[i].text[k] == 0x7f)
				return def_fault(l, v, "'%s' contains a space or a control character", what);
	if (url->part[0].var)
		return true;
	const char *scheme = def_scheme(url);
	if (!*scheme || (urls == DEF_URL_HTTP && *scheme == 'w'))
		return def_fault(l, v, urls == DEF_URL_HTTP ? "'%s' must begin with https:// or http://"
							    : "'%s' must begin with https://, http://, wss:// or ws://", what);
	const char *host = strstr(url->part[0].text, "://") + 3;
	size_t n = strcspn(host, "/?#");
	if (!n && (host[n] || url->nparts == 1))
		return def_fault(l, v, "'%s' has no host", what);
	if (memchr(host, '@', n))
		return def_fault(l, v, "'%s' contains a user: use 'auth'", what);
	if (strchr(url->part[0].text, '#'))
		return def_fault(l, v, "'%s' has a fragment (#), which is never sent", what);
	return true;
}

static bool url(struct def_load *l, const struct json *v, const char *what, enum def_urls urls, struct def_text *to)
{
	struct def_text t;
	if (!def_text(l, v, what, &t))
		return false;
	*to = t;
	return check_url(l, v, what, urls, &t);
}

/* --- parameters --- */

static bool is_token(const char *s)
{
	static const char ok[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	return *s && !s[strspn(s, ok)];
}

static bool secret(struct def_load *l, const struct json *v, const char *what, const char **to)
{
	if (!def_type(l, v, DEF_STR, what))
		return false;
	*to = def_string(l, v);
	return l->partial || source_def_secret(l->d, *to) || def_fault(l, v, "no secret '%s' in 'secrets'", *to);
}

/* PARAMS: query, which may have conditions. HEADERS: texts. FIELDS: of a login, which may be secrets. */
enum param_kind { PARAMS, HEADERS, FIELDS };

static bool condition(struct def_load *l, const struct json *v, const char **to)
{
	*to = def_string(l, v);
	return def_variable(l, v, v->str, v->nstr);
}

static bool param_object(struct def_load *l, const struct json *v, const char *what, enum param_kind kind, struct def_param *p)
{
	static const struct def_key of_query[] = { { "value", DEF_STR }, { "when", DEF_STR }, { "unless", DEF_STR } };
	static const struct def_key of_field[] = { { "secret", DEF_STR } };
	const struct json *m[3] = { NULL };
	if (!def_members(l, v, what, kind == FIELDS ? of_field : of_query, kind == FIELDS ? 1 : 3, m))
		return false;
	if (!m[0])
		return def_fault(l, v, "'%s.%s' is missing", what, kind == FIELDS ? "secret" : "value");
	if (kind == FIELDS)
		return secret(l, m[0], def_path(l, what, "secret"), &p->secret);
	if (m[1] && m[2])
		return def_fault(l, m[2], "'%s' has both 'when' and 'unless'", what);
	bool ok = def_text(l, m[0], def_path(l, what, "value"), &p->value);
	ok &= !m[1] || condition(l, m[1], &p->when);
	ok &= !m[2] || condition(l, m[2], &p->unless);
	return ok;
}

static bool param(struct def_load *l, const struct json *v, const char *in, enum param_kind kind, struct def_param *p)
{
	const char *what = def_path(l, in, v->key);
	if (kind == HEADERS && !is_token(v->key))
		return def_fault(l, v, "'%s' is not a valid header name", v->key);
	if (!def_type(l, v, kind == HEADERS ? DEF_STR : DEF_STR | DEF_OBJ, what))
		return false;
	if (v->type == JSON_OBJECT)
		return param_object(l, v, what, kind, p);
	for (size_t i = 0; kind == HEADERS && i < v->nstr; i++)
		if ((unsigned char)v->str[i] < ' ' || v->str[i] == 0x7f)
			return def_fault(l, v, "'%s' contains a control character", what);
	return def_text(l, v, what, &p->value);
}

/* Names of headers are the same in any case. */
static bool same(const char *a, const char *b, enum param_kind kind)
{
	return (kind == HEADERS ? strcasecmp(a, b) : strcmp(a, b)) == 0;
}

/* Put the members of OBJ to those in *TO, by name; null takes one out. */
static void params(struct def_load *l, const struct json *obj, const char *what, enum param_kind kind,
		   const struct def_param **to, size_t *n)
{
	if (!def_distinct(l, obj, what, kind == HEADERS))
		return;
	struct def_param *p = arena_array(&l->d->arena, *n + obj->nchild + 1, sizeof *p);
	if (*n)
		memcpy(p, *to, *n * sizeof *p);
	for (const struct json *v = obj->child; v; v = v->next) {
		size_t i = 0;
		while (i < *n && !same(p[i].name, v->key, kind))
			i++;
		if (v->type == JSON_NULL && l->extends && kind != FIELDS) {
			if (i == *n && !l->partial)
				def_fault(l, v, "'%s.%s' is null, but there is nothing to remove", what, v->key);
			if (i < *n)
				memmove(p + i, p + i + 1, (--*n - i) * sizeof *p);
			continue;
		}
		p[i] = (struct def_param){ .name = arena_strdup(&l->d->arena, v->key) };
		*n += i == *n;
		param(l, v, what, kind, &p[i]);
	}
	*to = p;
}

/* --- bodies --- */

/* A tree of its own, because the text goes. */
static const struct json *copy_tree(struct def_load *l, const struct json *v)
{
	struct json *to = NULL;
	json_parse(&to, &l->d->arena, arena_strndup(&l->d->arena, v->raw, v->nraw), v->nraw, NULL);
	return to;
}

static bool check_strings(struct def_load *l, const struct json *v, const char *what)
{
	struct def_text t;
	bool ok = v->type != JSON_STRING || def_text(l, v, what, &t);
	for (const struct json *c = v->child; c; c = c->next)
		ok &= check_strings(l, c, what);
	return ok;
}

static bool body(struct def_load *l, const struct json *v, const char *what, bool jq, struct def_request *r)
{
	if (jq) {
		r->body_kind = BODY_JQ;
		return def_type(l, v, DEF_EXPR, what) && def_expr(l, v, what, &r->body_jq);
	}
	if (!def_type(l, v, DEF_STR | DEF_OBJ, what))
		return false;
	if (v->type == JSON_STRING) {
		r->body_kind = BODY_TEXT;
		return def_text(l, v, what, &r->body_text);
	}
	if (!check_strings(l, v, what))
		return false;
	r->body_kind = BODY_JSON;
	r->body = copy_tree(l, v);
	return true;
}

static bool method(struct def_load *l, const struct json *v, const char *what, const char **to)
{
	for (size_t i = 0; i < v->nstr; i++)
		if (v->str[i] < 'A' || v->str[i] > 'Z')
			return def_fault(l, v, "'%s' must be a method in capitals, such as GET", what);
	if (!v->nstr || v->nstr > 16)
		return def_fault(l, v, "'%s' must be a method in capitals, such as GET", what);
	*to = def_string(l, v);
	return true;
}

bool def_request(struct def_load *l, const struct json *v, const char *what, enum def_urls urls, bool jq, struct def_request *r)
{
	static const struct def_key keys[] = { { "url", DEF_STR }, { "method", DEF_STR }, { "query", DEF_OBJ }, { "headers", DEF_OBJ },
		{ "body", DEF_STR | DEF_OBJ | DEF_ARR } };
	const struct json *m[5];
	bool ok = def_members(l, v, what, keys, 5, m);
	if (m[0])
		ok &= url(l, m[0], def_path(l, what, "url"), urls, &r->url);
	if (m[1])
		ok &= method(l, m[1], def_path(l, what, "method"), &r->method);
	if (m[2])
		params(l, m[2], def_path(l, what, "query"), PARAMS, &r->query, &r->nquery);
	if (m[3])
		params(l, m[3], def_path(l, what, "headers"), HEADERS, &r->header, &r->nheader);
	if (m[4])
		ok &= body(l, m[4], def_path(l, what, "body"), jq, r);
	return ok;
}

/* A request that is not inherited: it must be whole. */
static void own_request(struct def_load *l, const struct json *v, const char *what, bool jq, struct def_request *r)
{
	bool extends = l->extends;
	*r = (struct def_request){ 0 };
	l->extends = false;
	def_request(l, v, what, DEF_URL_HTTP, jq, r);
	l->extends = extends;
	if (!json_get(v, "url"))
		def_fault(l, v, "'%s.url' is missing", what);
	if (jq && !json_get(v, "body"))
		def_fault(l, v, "'%s.body' is missing: jq that builds it from an array of rules", what);
}

/* --- auth --- */

static void login_secrets(struct def_load *l, const struct json *v, const char *what, struct def_auth *a)
{
	size_t i = 0;
	if (v->nchild != 2) {
		def_fault(l, v, "'%s' must be an array of two secrets: user and password", what);
		return;
	}
	for (const struct json *s = v->child; s; s = s->next)
		secret(l, s, what, &a->secret[i++]);
}

static void login(struct def_load *l, const struct json *v, struct def_auth *a)
{
	enum { URL, FORM, JSON, BASIC, HEAD, TOKEN, LIFETIME, N };
	static const struct def_key keys[N] = { { "url", DEF_STR }, { "form", DEF_OBJ }, { "json", DEF_OBJ }, { "basic", DEF_ARR },
		{ "headers", DEF_OBJ }, { "token", DEF_EXPR }, { "lifetime", DEF_EXPR } };
	static const char what[] = "auth.login";
	const struct json *m[N];
	bool extends = l->extends;
	def_members(l, v, what, keys, N, m);
	a->kind = AUTH_LOGIN;
	if (m[URL])
		url(l, m[URL], "auth.login.url", DEF_URL_HTTP, &a->request.url);
	else if (!json_get(v, "url"))
		def_fault(l, v, "'auth.login.url' is missing");
	l->extends = false;
	if (m[FORM] && m[JSON])
		def_fault(l, m[JSON], "'auth.login' has both 'form' and 'json'");
	else if (!json_get(v, "form") && !json_get(v, "json"))
		def_fault(l, v, "'auth.login' has neither 'form' nor 'json'");
	if (m[FORM])
		params(l, m[FORM], "auth.login.form", FIELDS, &a->field, &a->nfields);
	else if (m[JSON])
		params(l, m[JSON], "auth.login.json", FIELDS, &a->field, &a->nfields);
	a->as_json = !m[FORM];
	if (m[HEAD])
		params(l, m[HEAD], "auth.login.headers", HEADERS, &a->request.header, &a->request.nheader);
	l->extends = extends;
	if (m[BASIC])
		login_secrets(l, m[BASIC], "auth.login.basic", a);
	if (m[TOKEN])
		def_expr(l, m[TOKEN], "auth.login.token", &a->token);
	else if (!json_get(v, "token"))
		def_fault(l, v, "'auth.login.token' is missing: where the token is in the response");
	if (m[LIFETIME])
		def_expr(l, m[LIFETIME], "auth.login.lifetime", &a->lifetime);
}

/* `{NAME: SECRET}` */
static void named_secret(struct def_load *l, const struct json *v, const char *what, struct def_auth *a)
{
	if (v->nchild != 1) {
		def_fault(l, v, "'%s' must be an object of one name and its secret", what);
		return;
	}
	a->name = arena_strdup(&l->d->arena, v->child->key);
	if (a->kind == AUTH_HEADER && !is_token(a->name))
		def_fault(l, v->child, "'%s' is not a valid header name", a->name);
	else if (!*a->name)
		def_fault(l, v->child, "a name in '%s' is empty", what);
	secret(l, v->child, def_path(l, what, a->name), &a->secret[0]);
}

void def_auth(struct def_load *l, const struct json *v)
{
	static const struct def_key keys[] = { { "bearer", DEF_STR }, { "header", DEF_OBJ }, { "query", DEF_OBJ }, { "basic", DEF_ARR },
		{ "login", DEF_OBJ } };
	const struct json *m[5];
	struct def_auth a = { 0 };
	size_t kinds = 0;
	bool ok = def_members(l, v, "auth", keys, 5, m);
	for (const struct json *c = v->child; c; c = c->next)
		for (size_t i = 0; i < 5; i++)
			if (m[i] == c && kinds++)
				def_fault(l, c, "'auth' must be one of bearer, header, query, basic, login");
	if (!kinds && ok)
		def_fault(l, v, "'auth' must be one of bearer, header, query, basic, login");
	if (m[0]) {
		a.kind = AUTH_BEARER;
		secret(l, m[0], "auth.bearer", &a.secret[0]);
	} else if (m[1] || m[2]) {
		a.kind = m[1] ? AUTH_HEADER : AUTH_QUERY;
		named_secret(l, m[1] ? m[1] : m[2], m[1] ? "auth.header" : "auth.query", &a);
	} else if (m[3]) {
		a.kind = AUTH_BASIC;
		login_secrets(l, m[3], "auth.basic", &a);
	} else if (m[4]) {
		login(l, m[4], &a);
	}
	l->d->auth = a;
}

/* --- list, rules --- */

void def_list(struct def_load *l, const struct json *v)
{
	static const struct def_key keys[] = { { "request", DEF_OBJ }, { "values", DEF_EXPR } };
	const struct json *m[2];
	def_members(l, v, "list", keys, 2, m);
	if (m[0])
		own_request(l, m[0], "list.request", false, &l->d->list);
	else if (!json_get(v, "request"))
		def_fault(l, v, "'list.request' is missing");
	if (m[1])
		def_expr(l, m[1], "list.values", &l->d->list_values);
	else if (!json_get(v, "values"))
		def_fault(l, v, "'list.values' is missing: where the values are in the response");
	l->d->has_list = true;
}

static void rule(struct def_load *l, const struct json *v, const char *what, bool jq, struct def_request *r, const char **values)
{
	static const struct def_key keys[] = { { "request", DEF_OBJ }, { "values", DEF_EXPR } };
	const struct json *m[2] = { NULL };
	def_members(l, v, what, keys, values ? 2 : 1, m);
	if (m[0])
		own_request(l, m[0], def_path(l, what, "request"), jq, r);
	else if (!json_get(v, "request"))
		def_fault(l, v, "'%s.request' is missing", what);
	if (!values)
		return;
	if (m[1])
		def_expr(l, m[1], def_path(l, what, "values"), values);
	else if (!json_get(v, "values"))
		def_fault(l, v, "'%s.values' is missing: id, value and tag of each rule in the response", what);
}

void def_rules(struct def_load *l, const struct json *v)
{
	static const struct def_key keys[] = { { "list", DEF_OBJ }, { "add", DEF_OBJ }, { "remove", DEF_OBJ } };
	const struct json *m[3];
	struct def_rules r = { .there = true };
	def_members(l, v, "rules", keys, 3, m);
	for (size_t i = 0; i < 3; i++)
		if (!m[i] && !json_get(v, keys[i].name))
			def_fault(l, v, "'rules.%s' is missing", keys[i].name);
	if (m[0])
		rule(l, m[0], "rules.list", false, &r.list, &r.values);
	if (m[1])
		rule(l, m[1], "rules.add", true, &r.add, NULL);
	if (m[2])
		rule(l, m[2], "rules.remove", true, &r.remove, NULL);
	l->d->rules = r;
}

/* --- setup --- */

void def_setup(struct def_load *l, const struct json *v)
{
	static const struct def_key keys[] = { { "url", DEF_STR }, { "help", DEF_EXPR }, { "check", DEF_OBJ } };
	struct def_setup *s = &l->d->setup;
	const struct json *m[3];
	def_members(l, v, "setup", keys, 3, m);
	if (m[0])
		def_line(l, m[0], "setup.url", &s->url);
	if (m[1])
		def_lines(l, m[1], "setup.help", &s->help);
	if (m[2]) {
		s->has_check = true;
		own_request(l, m[2], "setup.check", false, &s->check);
	}
}

static bool names(const struct def_text *t, const char *var)
{
	size_t i = 0;
	while (i < t->nparts && !(t->part[i].var && strcmp(t->part[i].text, var) == 0))
		i++;
	return i < t->nparts;
}

void source_def_to_check(struct source_def *d)
{
	struct def_var *var = arena_array(&d->arena, d->nvars + 1, sizeof *var);
	for (size_t i = 0; i < d->nvars; i++) {
		var[i] = d->var[i];
		if (!names(&d->setup.check.url, var[i].name) && !names(&d->auth.request.url, var[i].name) && !var[i].value)
			var[i].value = "";
	}
	d->var = var;
	d->request = d->setup.check;
	d->each = d->dedup = d->records = d->context = d->map = d->refill = d->fallback = NULL;
	d->is_path = d->has_list = false;
	d->next = NEXT_NONE;
	d->cursor = (struct def_cursor){ 0 };
	d->rules = (struct def_rules){ 0 };
	d->transport = TRANSPORT_HTTP;
	d->format = FORMAT_JSON;
	d->heartbeat_ns = 0;
	d->tries = 2;   /* somebody waits for the answer */
}
