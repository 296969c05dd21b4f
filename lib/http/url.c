/* SPDX-License-Identifier: MIT */
/* Splits, joins and escapes addresses (RFC 3986), and shows them without what may be secret. */
#include "http/url.h"

#include "base/ascii.h"
#include "base/mem.h"
#include "base/num.h"

#include <curl/curl.h>
#include <stdio.h>

/* Where the parts of an address are in its text: [0..host) is `scheme://`, [host..path) the rest up to the path, … */
struct spans {
	size_t host, path, query, fragment, end;
};

static struct spans spans_of(const char *url)
{
	struct spans s = { .end = strlen(url) };
	const char *host = strstr(url, "://");
	const size_t mark = strcspn(url, "/?#");
	s.host = host && host == url + mark - 1 ? mark + 2 : 0;
	s.path = s.host + strcspn(url + s.host, "/?#");
	s.query = s.path + strcspn(url + s.path, "?#");
	s.fragment = s.query + strcspn(url + s.query, "#");
	return s;
}

/* --- parsing and joining --- */

/* Get a part in lower case; false when it does not fit. A part that is absent is "". */
static bool get_part(CURLU *u, CURLUPart what, char *to, size_t cap, unsigned flags)
{
	char *s = NULL;
	if (curl_url_get(u, what, &s, flags) || !s) {
		*to = '\0';
		return true;
	}
	size_t n = strlen(s);
	for (size_t i = 0; i < n && n < cap; i++)
		to[i] = ascii_lower(s[i]);
	if (n < cap)
		to[n] = '\0';
	curl_free(s);
	return n < cap;
}

static bool has_part(CURLU *u, CURLUPart what)
{
	char *s = NULL;
	bool there = !curl_url_get(u, what, &s, 0);
	curl_free(s);
	return there;
}

static bool known_scheme(const char *s)
{
	return !strcmp(s, "http") || !strcmp(s, "https") || !strcmp(s, "ws") || !strcmp(s, "wss");
}

static unsigned own_port(const char *scheme)
{
	return !strcmp(scheme, "https") || !strcmp(scheme, "wss") ? 443 : 80;
}

/* libcurl turns other hosts into ASCII by the locale, which we have none of: they would fail late, and what was checked would
 * not be what is asked for. */
static bool is_ascii(const char *s)
{
	while (*s && (unsigned char)*s < 128)
		s++;
	return !*s;
}

int url_parse(struct url_parts *p, const char *url, struct err *e)
{
	char port[8];
	uint64_t v = 0;
	struct spans s = spans_of(url);
	CURLU *u = curl_url();
	if (!u)
		mem_oom(0);
	/* libcurl takes one slash or three for two; we cut addresses up by their text, so they must have two. */
	CURLUcode rc = s.host && s.path > s.host ? curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) :
		CURLUE_MALFORMED_INPUT;
	bool good = !rc && get_part(u, CURLUPART_SCHEME, p->scheme, sizeof p->scheme, 0) && known_scheme(p->scheme);
	good = good && get_part(u, CURLUPART_HOST, p->host, sizeof p->host, 0) && p->host[0] && p->host[0] != '.';
	bool ascii = !good || is_ascii(p->host);
	good = good && ascii && get_part(u, CURLUPART_PORT, port, sizeof port, 0);
	if (good) {
		p->has_user = memchr(url + s.host, '@', s.path - s.host) || has_part(u, CURLUPART_USER) ||
			has_part(u, CURLUPART_PASSWORD) || has_part(u, CURLUPART_OPTIONS);
		p->port = own_port(p->scheme);
		if (*port && (good = num_u64(port, strlen(port), &v) && v > 0 && v < 65536))
			p->port = (unsigned)v;
	}
	curl_url_cleanup(u);
	if (good)
		return 0;
	struct buf b = BUF_INIT;
	url_show(&b, url);
	err_set(e, ERR_USAGE, "%s: %s", ascii ? "not a URL of http, https, ws or wss" :
		"the host of an address must be ASCII (xn--…)", buf_cstr(&b));
	buf_release(&b);
	return ERR_USAGE;
}

/* Does S begin with a scheme and a colon? */
static bool is_absolute(const char *s)
{
	size_t n = 0;
	while ((ascii_lower(s[n]) >= 'a' && ascii_lower(s[n]) <= 'z') || (n && s[n] && strchr("0123456789+-.", s[n])))
		n++;
	return n && s[n] == ':';
}

int url_join(struct buf *to, const char *base, const char *ref, struct err *e)
{
	struct url_parts p;
	char *s = NULL;
	/* Already whole: every byte stays. */
	if (is_absolute(ref) && !url_parse(&p, ref, NULL)) {
		buf_puts(to, ref);
		return 0;
	}
	CURLU *u = curl_url();
	if (!u)
		mem_oom(0);
	CURLUcode rc = curl_url_set(u, CURLUPART_URL, base, CURLU_NON_SUPPORT_SCHEME);
	/* Of these libcurl makes something else: the base with another fragment, or without. */
	if (!rc && (!*ref || *ref == '#'))
		rc = curl_url_set(u, CURLUPART_FRAGMENT, *ref ? ref + 1 : NULL, CURLU_URLENCODE);
	else if (!rc)
		rc = curl_url_set(u, CURLUPART_URL, ref, CURLU_NON_SUPPORT_SCHEME | CURLU_ALLOW_SPACE | CURLU_URLENCODE);
	if (!rc)
		rc = curl_url_get(u, CURLUPART_URL, &s, CURLU_NON_SUPPORT_SCHEME);
	if (!rc)
		buf_puts(to, s);
	curl_free(s);
	curl_url_cleanup(u);
	return rc ? err_set(e, ERR_USAGE, "the address cannot be resolved: %s", curl_url_strerror(rc)) : 0;
}

/* --- hosts --- */

bool url_host_is(const struct url_parts *p, const char *allowed)
{
	const char *end = allowed + strlen(allowed), *behind = *allowed == '[' ? strchr(allowed, ']') : allowed;
	const char *colon = behind ? strchr(behind, ':') : NULL;
	size_t n = (size_t)((colon ? colon : end) - allowed), nhost = strlen(p->host), from = 0;
	uint64_t port = own_port(p->scheme);
	if (!n || (colon && !num_u64(colon + 1, (size_t)(end - colon - 1), &port)) || port != p->port)
		return false;
	if (*allowed == '.') {
		if (n < 2 || nhost <= n)
			return false;
		from = nhost - n;
	} else if (nhost != n) {
		return false;
	}
	for (size_t i = 0; i < n; i++)
		if (ascii_lower(allowed[i]) != p->host[from + i])
			return false;
	return true;
}

int url_move(struct buf *to, const char *url, const char *origin, struct err *e)
{
	struct url_parts p;
	int rc = url_parse(&p, url, e);
	if (rc || (rc = url_parse(&p, origin, e)))
		return rc;
	struct spans u = spans_of(url), o = spans_of(origin);
	if (p.has_user || o.query != o.end)
		return err_set(e, ERR_USAGE, "an origin must be only a scheme, host, port and path");
	size_t n = o.query;
	if (u.path != u.query)
		while (n > o.path && origin[n - 1] == '/')
			n--;
	buf_put(to, origin, n);
	buf_put(to, url + u.path, u.end - u.path);
	return 0;
}

/* --- parameters --- */

static bool unreserved(char c)
{
	return (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
}

static void put_escaped(struct buf *b, char c)
{
	static const char hex[] = "0123456789ABCDEF";
	unsigned char x = (unsigned char)c;
	char t[3] = { '%', hex[x >> 4], hex[x & 15] };
	buf_put(b, t, sizeof t);
}

void url_escape(struct buf *b, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (unreserved(s[i]))
			buf_putc(b, s[i]);
		else
			put_escaped(b, s[i]);
}

void url_add_param(struct buf *b, const char *name, const char *value, size_t n)
{
	struct spans s = spans_of(buf_cstr(b));
	char *fragment = mem_strndup(b->p + s.fragment, s.end - s.fragment);
	b->n = s.fragment;
	if (s.fragment == s.query)
		buf_putc(b, '?');
	else if (s.fragment > s.query + 1 && b->p[b->n - 1] != '&')
		buf_putc(b, '&');
	url_escape(b, name, strlen(name));
	buf_putc(b, '=');
	url_escape(b, value, n);
	buf_puts(b, fragment);
	mem_free(fragment);
}

/* Is S[0..N), a parameter's name as it stands in an address, NAME? */
static bool same_name(const char *s, size_t n, const char *name)
{
	size_t i = 0;
	for (; i < n && *name; name++) {
		char c = s[i++];
		if (c == '+')
			c = ' ';
		if (c == '%' && n - i >= 2 && ascii_hex(s[i]) >= 0 && ascii_hex(s[i + 1]) >= 0) {
			c = (char)(ascii_hex(s[i]) << 4 | ascii_hex(s[i + 1]));
			i += 2;
		}
		if (c != *name)
			return false;
	}
	return i == n && !*name;
}

void url_drop_param(struct buf *to, const char *url, const char *name)
{
	struct spans s = spans_of(url);
	bool any = false;
	buf_put(to, url, s.query);
	for (size_t i = s.query; i < s.fragment;) {
		const char *p = url + ++i;
		size_t n = strcspn(p, "&#");
		if (!same_name(p, strcspn(p, "=&#"), name)) {
			buf_putc(to, any ? '&' : '?');
			buf_put(to, p, n);
			any = true;
		}
		i += n;
	}
	buf_put(to, url + s.fragment, s.end - s.fragment);
}

/* --- for people --- */

static void put_shown(struct buf *b, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] > ' ' && s[i] < 127)
			buf_putc(b, s[i]);
		else
			put_escaped(b, s[i]);
}

void url_show(struct buf *b, const char *url)
{
	struct spans s = spans_of(url);
	/* What is no whole address may have its user anywhere. */
	size_t host = s.host && s.path > s.host ? s.path : s.query;
	while (host > s.host && url[host - 1] != '@')
		host--;
	put_shown(b, url, s.host);
	put_shown(b, url + host, s.query - host);
	for (size_t i = s.query; i < s.fragment;) {
		const char *p = url + ++i;
		size_t n = strcspn(p, "&#"), name = strcspn(p, "=&#");
		buf_putc(b, i == s.query + 1 ? '?' : '&');
		/* Without a `=` it may be a value as well. */
		if (name < n) {
			put_shown(b, p, name);
			buf_putc(b, '=');
		}
		if (n)
			buf_puts(b, "…");
		i += n;
	}
}
