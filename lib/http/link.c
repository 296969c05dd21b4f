/* SPDX-License-Identifier: MIT */
/* Link headers: `<target>; rel="next prev"; title="a, b", <other>; rel=last` (RFC 8288, 3 and appendix B.2).
 * Forgiving as that appendix is: what cannot be read is passed over up to the next comma outside of quotes. */
#include "http/head.h"
#include "base/ascii.h"
#include "http/http.h"
#include "http/url.h"

static const char *skip_space(const char *s)
{
	while (*s == ' ' || *s == '\t')
		s++;
	return s;
}

/* A parameter's value: quoted with backslashes, or up to what ends it. */
static const char *read_value(const char *s, struct buf *v)
{
	buf_clear(v);
	if (*s != '"') {
		size_t n = strcspn(s, ";, \t");
		buf_put(v, s, n);
		return s + n;
	}
	for (s++; *s && *s != '"'; s++) {
		if (*s == '\\' && s[1])
			s++;
		buf_putc(v, *s);
	}
	return *s ? s + 1 : s;
}

/* To the next comma, or ; when SEMICOLON, outside of quotes. */
static const char *skip_to(const char *s, bool semicolon, struct buf *v)
{
	while (*s && *s != ',' && !(semicolon && *s == ';'))
		s = *s == '"' ? read_value(s, v) : s + 1;
	return s;
}

/* Is REL among the relations in V, which are divided by white space? */
static bool has_relation(const struct buf *v, const char *rel)
{
	for (size_t i = 0; i < v->n;) {
		size_t k = i;
		while (k < v->n && v->p[k] != ' ' && v->p[k] != '\t')
			k++;
		if (k > i && ascii_same(v->p + i, k - i, rel))
			return true;
		i = k + 1;
	}
	return false;
}

/* The parameters behind a target. *IS: it is a link of this page's with relation REL. */
static const char *read_params(const char *s, const char *rel, bool *is, struct buf *v)
{
	bool any_rel = false, elsewhere = false;
	*is = false;
	for (s = skip_to(s, true, v); *s == ';'; s = skip_to(s, true, v)) {
		s = skip_space(s + 1);
		size_t n = strcspn(s, "=;, \t");
		const char *name = s;
		s = skip_space(s + n);
		buf_clear(v);
		if (*s == '=')
			s = read_value(skip_space(s + 1), v);
		/* Only the first counts. */
		if (ascii_same(name, n, "rel") && !any_rel) {
			any_rel = true;
			*is = has_relation(v, rel);
		}
		/* It says something about another page. */
		elsewhere = elsewhere || (ascii_same(name, n, "anchor") && v->n);
	}
	*is = *is && !elsewhere;
	return s;
}

static bool find_link(const char *s, const char *rel, const char *base, struct buf *to)
{
	struct buf v = BUF_INIT, target = BUF_INIT;
	/* Looked for once: a list of `<` that nothing closes is read in one go. */
	const char *last = strrchr(s, '>');
	bool found = false, is;
	while (last && s < last && !found) {
		s = s + strspn(s, " \t,");
		const char *end = *s == '<' && s < last ? strchr(s, '>') : NULL;
		if (!end) {
			s = skip_to(s, false, &v);
			continue;
		}
		buf_clear(&target);
		buf_put(&target, s + 1, (size_t)(end - s - 1));
		s = read_params(end + 1, rel, &is, &v);
		found = is && !url_join(to, base, buf_cstr(&target), NULL);
	}
	buf_release(&v);
	buf_release(&target);
	return found;
}

bool http_link(const struct http_answer *a, const char *rel, const char *base, struct buf *to)
{
	for (size_t i = 0; i < a->nheaders; i++)
		if (!strcmp(a->headers[i].name, "link") && find_link(a->headers[i].value, rel, base, to))
			return true;
	return false;
}
