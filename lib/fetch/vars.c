/* SPDX-License-Identifier: MIT */
/* Sets, looks up and expands variables; what is put into an address is escaped. */
#include "fetch/vars.h"

#include "base/mem.h"
#include "http/url.h"

#include <string.h>

struct var {
	struct var *next;
	char *name, *value;
	size_t n;
};

static struct var *find(const struct vars *v, const char *name, size_t n)
{
	for (struct var *p = v->first; p; p = p->next)
		if (strncmp(p->name, name, n) == 0 && !p->name[n])
			return p;
	return NULL;
}

void vars_set(struct vars *v, const char *name, const char *value, size_t n)
{
	struct var *p = find(v, name, strlen(name)), **end = &v->first;
	if (!p) {
		while (*end)
			end = &(*end)->next;
		*end = p = mem_zalloc(sizeof *p);
		p->name = mem_strdup(name);
	}
	mem_free(p->value);
	p->value = mem_strndup(value, n);
	p->n = n;
}

const char *vars_get(const struct vars *v, const char *name)
{
	const struct var *p = find(v, name, strlen(name));
	return p ? p->value : "";
}

void vars_copy(struct vars *to, const struct vars *from)
{
	for (const struct var *p = from->first; p; p = p->next)
		vars_set(to, p->name, p->value, p->n);
}

void vars_release(struct vars *v)
{
	for (struct var *p = v->first, *next; p; p = next) {
		next = p->next;
		mem_free(p->name);
		mem_free(p->value);
		mem_free(p);
	}
	v->first = NULL;
}

void vars_json(const struct vars *v, struct buf *b)
{
	buf_putc(b, '{');
	for (const struct var *p = v->first; p; p = p->next) {
		if (p != v->first)
			buf_putc(b, ',');
		json_put_cstr(b, p->name);
		buf_putc(b, ':');
		json_put_string(b, p->value, p->n);
	}
	buf_putc(b, '}');
}

static const struct var *of_part(const struct def_part *part, const struct vars *v)
{
	return part->var ? find(v, part->text, part->n) : NULL;
}

void vars_expand(struct buf *b, const struct def_text *t, const struct vars *v)
{
	for (size_t i = 0; i < t->nparts; i++) {
		const struct var *p = of_part(&t->part[i], v);
		if (p)
			buf_put(b, p->value, p->n);
		else if (!t->part[i].var)
			buf_put(b, t->part[i].text, t->part[i].n);
	}
}

static bool is_host(const char *s, size_t n)
{
	static const char ok[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:[]";
	return n && n < 256 && strspn(s, ok) >= n;
}

/* People paste addresses: `https://a.example/` behind `https://` is the host a.example. */
static void paste(const char **host, size_t *n, const char *scheme, size_t nscheme)
{
	if (*n <= nscheme || memcmp(*host, scheme, nscheme) != 0)
		return;
	*host += nscheme;
	*n -= nscheme;
	if ((*host)[*n - 1] == '/')
		--*n;
}

/* Is what comes next, behind P[0..N), the host? */
static bool at_host(const char *p, size_t n)
{
	const char *s = n ? memmem(p, n, "://", 3) : NULL;
	return s && !memchr(s + 3, '/', n - (size_t)(s + 3 - p));
}

int vars_expand_url(struct buf *b, const struct def_text *t, const struct vars *v, struct err *e)
{
	size_t start = b->n;
	for (size_t i = 0; i < t->nparts; i++) {
		const struct def_part *part = &t->part[i];
		const struct var *p = of_part(part, v);
		if (!part->var) {
			buf_put(b, part->text, part->n);
		} else if (b->n == start) {
			buf_put(b, p ? p->value : "", p ? p->n : 0);
		} else if (at_host(b->p + start, b->n - start)) {
			const char *host = p ? p->value : "";
			size_t n = p ? p->n : 0;
			paste(&host, &n, b->p + start, b->n - start);
			if (!is_host(host, n))
				return err_set(e, ERR_USAGE, "variable '%.*s' is not a host: '%.100s'", (int)part->n,
					       part->text, p ? p->value : "");
			buf_put(b, host, n);
		} else if (p) {
			url_escape(b, p->value, p->n);
		}
	}
	return 0;
}

/* Strings of a body come as they stand in the definition; their ${…} are found here. */
static void expand_string(struct buf *b, const char *s, size_t n, const struct vars *v)
{
	struct buf text = BUF_INIT;
	const char *end = s + n;
	while (s < end) {
		const char *at = memmem(s, (size_t)(end - s), "${", 2);
		const char *close = at ? memchr(at, '}', (size_t)(end - at)) : NULL;
		if (!close) {
			buf_put(&text, s, (size_t)(end - s));
			break;
		}
		buf_put(&text, s, (size_t)(at - s));
		const struct var *p = find(v, at + 2, (size_t)(close - at - 2));
		if (p)
			buf_put(&text, p->value, p->n);
		s = close + 1;
	}
	json_put_string(b, text.p ? text.p : "", text.n);
	buf_release(&text);
}

void vars_expand_json(struct buf *b, const struct json *tree, const struct vars *v)
{
	char open = tree->type == JSON_OBJECT ? '{' : '[';
	if (tree->type == JSON_STRING) {
		expand_string(b, tree->str, tree->nstr, v);
		return;
	}
	if (tree->type != JSON_OBJECT && tree->type != JSON_ARRAY) {
		buf_put(b, tree->raw, tree->nraw);
		return;
	}
	buf_putc(b, open);
	for (const struct json *c = tree->child; c; c = c->next) {
		if (c != tree->child)
			buf_putc(b, ',');
		if (open == '{') {
			json_put_string(b, c->key, c->nkey);
			buf_putc(b, ':');
		}
		vars_expand_json(b, c, v);
	}
	buf_putc(b, open == '{' ? '}' : ']');
}
