/* SPDX-License-Identifier: MIT */
/* One object a line, or a document over many lines: told by the first bytes. And the paths that the scanner can follow. */
#include "base/arena.h"
#include "source/scan.h"

#include <string.h>

#define LOOK_AHEAD ((size_t)1 << 20)    /* a line that is longer is read as a document */

struct probe {
	bool value;             /* a whole value was seen */
};

static int seen(void *arg, const struct scan_item *item, struct err *e)
{
	(void)item;
	((struct probe *)arg)->value = true;
	return err_set(e, ERR_EXISTS, "stop");
}

/* Try the text as one document. 1: its first value ends within N bytes; 0: it goes on; negative: no JSON. */
static int probe(const char *p, size_t n, uint64_t *line, uint64_t *col)
{
	struct probe pr = { false };
	struct err e;
	struct scan *s = scan_new(&(struct scan_opts){ .max_item = SIZE_MAX, .fn = seen, .arg = &pr });
	int rc = scan_feed(s, p, n, &e);
	scan_free(s);
	*line = rc < 0 ? e.line : 0;
	*col = rc < 0 ? e.col : 0;
	return pr.value ? 1 : rc < 0 ? -1 : 0;
}

static bool more_than_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'))
		p++;
	return p < end;
}

enum scan_shape scan_shape(const char *p, size_t n, bool whole)
{
	size_t from = 0;
	uint64_t line, col;
	if (n >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0)
		from = 3;
	while (from < n && (p[from] == ' ' || p[from] == '\t' || p[from] == '\r' || p[from] == '\n'))
		from++;
	if (from == n)
		return whole ? SCAN_LINES : SCAN_UNSURE;
	if (p[from] == '[')
		return SCAN_DOCUMENT;
	if (p[from] != '{')
		return SCAN_LINES;
	p += from;
	n -= from;
	const char *nl = memchr(p, '\n', n);
	size_t first = nl ? (size_t)(nl - p) + 1 : n;
	int rc = probe(p, first, &line, &col);
	if (rc != 0)                     /* the first line is whole, or no beginning of anything */
		return SCAN_LINES;
	if (!nl)
		return whole ? SCAN_LINES : n >= LOOK_AHEAD ? SCAN_DOCUMENT : SCAN_UNSURE;
	rc = probe(p, n, &line, &col);
	if (rc > 0)
		return SCAN_DOCUMENT;
	if (rc == 0)
		return whole || more_than_space(nl, p + n) ? SCAN_DOCUMENT : SCAN_UNSURE;
	/* A broken first line, then others that begin anew; or a document with a fault further on. */
	const char *at = p;
	for (uint64_t l = 1; l < line; l++)
		at = (const char *)memchr(at, '\n', (size_t)(p + n - at)) + 1;
	return col == 1 && *at == '{' ? SCAN_LINES : SCAN_DOCUMENT;
}

/* Bytes that no text begins with. */
static bool is_binary(const char *p, size_t n)
{
	for (size_t i = 0; i < n && i < 64; i++)
		if (((unsigned char)p[i] < ' ' && !strchr("\t\r\n", p[i])) || !p[i] || (unsigned char)p[i] >= 0x7f)
			return true;
	return false;
}

const char *scan_other_kind(const char *p, size_t n)
{
	static const struct kind {
		const char *name;
		unsigned char n, magic[8];
	} kinds[] = { { "a Parquet file", 4, "PAR1" }, { "an encrypted Parquet file", 4, "PARE" }, { "an Avro file", 4, "Obj\1" },
		{ "an ORC file", 3, "ORC" }, { "an Arrow file", 6, "ARROW1" }, { "a SQLite database", 6, "SQLite" }, { "a PDF", 5, "%PDF-" },
		{ "a RAR archive", 6, "Rar!\x1a\7" }, { "an Excel or Word file", 4, "\xd0\xcf\x11\xe0" }, { "a PNG picture", 4, "\x89PNG" },
		{ "a JPEG picture", 3, "\xff\xd8\xff" }, { "a program", 4, "\x7f" "ELF" }, { "UTF-16 text", 2, "\xff\xfe" },
		{ "UTF-16 text", 2, "\xfe\xff" } };
	/* A column may be called ORCID. */
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (n >= kinds[i].n && memcmp(p, kinds[i].magic, kinds[i].n) == 0 && (*p == '%' || is_binary(p, n)))
			return kinds[i].name;
	return NULL;
}

bool scan_begins_line(const char *p, size_t n)
{
	uint64_t line, col;
	while (n && !p[n - 1])
		n--;
	while (n && (*p == ' ' || *p == '\t' || *p == '\r'))
		p++, n--;
	return !n || (*p == '{' && probe(p, n, &line, &col) == 0);
}

static bool name_char(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (!first && c >= '0' && c <= '9');
}

/* One `.name` or `."name"` at *P. */
static bool parse_key(const char **p, struct arena *a, const char **key)
{
	const char *s = *p + 1, *from;
	if (**p != '.')
		return false;
	if (*s == '"') {
		from = ++s;
		while (*s && *s != '"' && *s != '\\')
			s++;
		if (*s != '"' || s == from)
			return false;
		*key = arena_strndup(a, from, (size_t)(s - from));
		*p = s + 1;
		return true;
	}
	for (from = s; name_char(*s, s == from); s++)
		;
	if (s == from)
		return false;
	*key = arena_strndup(a, from, (size_t)(s - from));
	*p = s;
	return true;
}

enum scan_lists scan_lists(const char *p, size_t n)
{
	enum scan_lists found = SCAN_NO_LIST;
	for (const char *end = p + n; p < end; p++) {
		if (*p == '"') {
			for (p++; p < end && *p != '"'; p++)
				p += *p == '\\';
		} else if (*p == '[') {
			found = SCAN_EMPTY_LISTS;
			while (p + 1 < end && strchr(" \t\r\n", p[1]))
				p++;
			if (p + 1 < end && p[1] != ']')
				return SCAN_FULL_LIST;
		}
	}
	return found;
}

bool scan_path_parse(struct scan_path *path, struct arena *a, const char *expr)
{
	const char *key[16];
	*path = (struct scan_path){ NULL, 0, false };
	while (*expr == ' ')
		expr++;
	if (expr[0] == '.' && expr[1] == '[') {
		expr++;
	} else {
		while (path->n < 16 && parse_key(&expr, a, &key[path->n]))
			path->n++;
		if (!path->n)
			return false;
	}
	if (expr[0] != '[' || expr[1] != ']')
		return false;
	expr += 2;
	path->optional = *expr == '?';
	expr += path->optional;
	while (*expr == ' ')
		expr++;
	if (*expr)
		return false;
	path->key = arena_array(a, path->n ? path->n : 1, sizeof *path->key);
	for (size_t i = 0; i < path->n; i++)
		path->key[i] = key[i];
	return true;
}
