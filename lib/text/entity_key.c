// SPDX-License-Identifier: MIT
/* What entities are compared by, and their names. */
#include "text/entity.h"

#include "base/mem.h"
#include "text/unicode.h"

#include <stdlib.h>
#include <strings.h>
#include <utf8proc.h>

static bool ascii(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)p[i] >= 0x80)
			return false;
	return true;
}

static void lower(struct buf *b, const char *p, size_t n)
{
	char *to = buf_reserve(b, n);
	for (size_t i = 0; i < n; i++)
		to[i] = (char)(p[i] >= 'A' && p[i] <= 'Z' ? p[i] | 0x20 : p[i]);
	b->n += n;
}

/* Appends the NFKC_Casefold form. */
static void fold(struct buf *b, const char *p, size_t n)
{
	utf8proc_uint8_t *to = NULL;
	if (ascii(p, n)) {
		lower(b, p, n);
		return;
	}
	utf8proc_ssize_t len = utf8proc_map((const utf8proc_uint8_t *)p, (utf8proc_ssize_t)n, &to,
					    UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD |
						    UTF8PROC_IGNORE);
	if (len == UTF8PROC_ERROR_NOMEM)
		mem_oom(n);
	if (len >= 0)
		buf_put(b, to, (size_t)len);
	else
		buf_put(b, p, n);
	free(to);
}

/* U+2019 is typed for the apostrophe: one word, one key. */
static void straighten(struct buf *b, size_t from)
{
	size_t to = from;
	for (size_t i = from; i < b->n; to++) {
		bool curly = b->n - i >= 3 && memcmp(b->p + i, "\xe2\x80\x99", 3) == 0;
		b->p[to] = curly ? '\'' : b->p[i];
		i += curly ? 3 : 1;
	}
	b->n = to;
}

static bool tracking(const char *p, size_t n)
{
	static const char *const names[] = { "fbclid=", "gclid=", "igshid=", NULL };
	if (n >= 4 && strncasecmp(p, "utm_", 4) == 0)
		return true;
	for (size_t i = 0; names[i]; i++)
		if (n >= strlen(names[i]) && strncasecmp(p, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

static void query(struct buf *b, const char *p, const char *end)
{
	char sep = '?';
	while (p < end) {
		const char *amp = memchr(p, '&', (size_t)(end - p));
		const char *to = amp ? amp : end;
		if (to > p && !tracking(p, (size_t)(to - p))) {
			buf_putc(b, sep);
			buf_put(b, p, (size_t)(to - p));
			sep = '&';
		}
		p = amp ? amp + 1 : end;
	}
}

static void link_key(struct buf *b, const char *p, size_t n)
{
	const char *end = p + n, *hash = memchr(p, '#', n), *colon = memchr(p, ':', n);
	if (hash)
		end = hash;
	if (!colon || end - colon < 3 || memcmp(colon, "://", 3) != 0) {
		buf_put(b, p, (size_t)(end - p));
		return;
	}
	const char *host = colon + 3, *path = host;
	while (path < end && *path != '/' && *path != '?')
		path++;
	size_t nhost = (size_t)(path - host);
	bool tls = colon - p == 5;
	if (nhost > 3 && !tls && memcmp(path - 3, ":80", 3) == 0)
		nhost -= 3;
	else if (nhost > 4 && tls && memcmp(path - 4, ":443", 4) == 0)
		nhost -= 4;
	lower(b, p, (size_t)(host - p));
	fold(b, host, nhost);
	const char *mark = path < end ? memchr(path, '?', (size_t)(end - path)) : NULL;
	size_t npath = (size_t)((mark ? mark : end) - path);
	if (npath != 1)
		buf_put(b, path, npath);
	if (mark)
		query(b, mark + 1, end);
}

void entity_key(struct buf *b, enum entity_kind kind, const char *p, size_t n)
{
	size_t from = b->n;
	if (kind == ENTITY_LINK) {
		link_key(b, p, n);
		return;
	}
	fold(b, p, n);
	if (kind == ENTITY_WORD)
		straighten(b, from);
}

static const char *const names[ENTITY_KINDS] = { "tag", "mention", "link", "word" };

const char *entity_name(enum entity_kind kind)
{
	return names[kind];
}

bool entity_by_name(const char *s, size_t n, enum entity_kind *kind)
{
	for (int k = 0; k < ENTITY_KINDS; k++) {
		size_t len = strlen(names[k]);
		if ((n == len || (n == len + 1 && s[len] == 's')) && memcmp(s, names[k], len) == 0) {
			*kind = (enum entity_kind)k;
			return true;
		}
	}
	return false;
}

bool entity_dialect_by_name(const char *s, enum entity_dialect *d)
{
	static const char *const dialects[] = { "twitter", "bluesky", "mastodon" };
	for (unsigned i = 0; i < 3; i++)
		if (strcmp(s, dialects[i]) == 0) {
			*d = (enum entity_dialect)i;
			return true;
		}
	return false;
}

enum entity_dialect entity_dialect_of(const char *network, size_t n)
{
	if (n == 7 && memcmp(network, "bluesky", 7) == 0)
		return DIALECT_BLUESKY;
	if (n == 8 && memcmp(network, "mastodon", 8) == 0)
		return DIALECT_MASTODON;
	return DIALECT_TWITTER;
}
