/* SPDX-License-Identifier: MIT */
/* A recursive parser into an arena, with a limit to its depth, and the printers of strings and numbers. */
#include "json/doc.h"

#include "base/ascii.h"
#include "base/mem.h"
#include "base/near.h"
#include "base/num.h"
#include "base/utf8.h"
#include "json/number.h"
#include "json/string.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A recursive descent over the text; the depth is bounded, so is the stack. Without an arena no
 * tree is built and the text is only checked. */
struct parser {
	const char *p, *end;
	struct arena *arena;
	unsigned depth;
	size_t nodes_left;
	enum json_fault fault;
	const char *at;       /* where the fault is */
};

static bool fail(struct parser *ps, enum json_fault f, const char *at)
{
	if (at >= ps->end && f != JSON_FAULT_OPEN_STRING && f != JSON_FAULT_UTF8)
		f = JSON_FAULT_END;
	ps->fault = f;
	ps->at = at;
	return false;
}

static void skip_space(struct parser *ps)
{
	ps->p = ascii_skip_space(ps->p, ps->end);
}

/* At an opening quote: find and check the inside, which goes to [*S, *S + *N). */
static bool scan_string(struct parser *ps, const char **s, size_t *n)
{
	const char *open = ps->p++, *bad;
	bool escapes = false;
	while (ps->p < ps->end && *ps->p != '"') {
		unsigned char c = (unsigned char)*ps->p;
		size_t step = 1;
		if (c < 0x20)
			return fail(ps, JSON_FAULT_CONTROL, ps->p);
		if (c == '\\') {
			escapes = true;
			step = ps->end - ps->p > 1 && (unsigned char)ps->p[1] >= 0x20 && (unsigned char)ps->p[1] < 0x80 ? 2 : 1;
		} else if (c >= 0x80) {
			uint32_t cp;
			step = utf8_decode(ps->p, (size_t)(ps->end - ps->p), &cp);
			if (cp == UTF8_BAD)
				return fail(ps, JSON_FAULT_UTF8, ps->p);
		}
		ps->p += step;
	}
	if (ps->p >= ps->end)
		return fail(ps, JSON_FAULT_OPEN_STRING, open);
	*s = open + 1;
	*n = (size_t)(ps->p - *s);
	ps->p++;
	if (escapes) {
		enum json_fault f = json_check_escapes(*s, *n, &bad);
		if (f)
			return fail(ps, f, bad);
	}
	return true;
}

static bool parse_string(struct parser *ps, const char **str, size_t *n)
{
	const char *s;
	size_t ns;
	if (!scan_string(ps, &s, &ns))
		return false;
	if (!ps->arena)
		return true;
	char *to = arena_alloc(ps->arena, ns + 1);
	*n = json_decode(to, s, ns);
	to[*n] = '\0';
	*str = to;
	return true;
}

static bool digits(struct parser *ps)
{
	const char *start = ps->p;
	while (ps->p < ps->end && *ps->p >= '0' && *ps->p <= '9')
		ps->p++;
	return ps->p > start;
}

static bool scan_number(struct parser *ps)
{
	if (*ps->p == '-')
		ps->p++;
	if (ps->p < ps->end && *ps->p == '0')
		ps->p++;
	else if (!digits(ps))
		return fail(ps, JSON_FAULT_NUMBER, ps->p);
	if (ps->p < ps->end && *ps->p == '.') {
		ps->p++;
		if (!digits(ps))
			return fail(ps, JSON_FAULT_NUMBER, ps->p);
	}
	if (ps->p < ps->end && (*ps->p == 'e' || *ps->p == 'E')) {
		ps->p++;
		if (ps->p < ps->end && (*ps->p == '+' || *ps->p == '-'))
			ps->p++;
		if (!digits(ps))
			return fail(ps, JSON_FAULT_NUMBER, ps->p);
	}
	if (ps->p < ps->end && *ps->p && !strchr(" \t\n\r,]}:[{\"", *ps->p))
		return fail(ps, JSON_FAULT_NUMBER, ps->p);
	return true;
}

static bool scan_word(struct parser *ps, const char *word, size_t n)
{
	if ((size_t)(ps->end - ps->p) < n || memcmp(ps->p, word, n) != 0)
		return fail(ps, JSON_FAULT_LITERAL, ps->p);
	ps->p += n;
	return true;
}

/* False: there are too many. */
static bool add_child(struct parser *ps, struct json *parent, struct json **last)
{
	if (!parent)
		return true;
	if (!ps->nodes_left--)
		return fail(ps, JSON_FAULT_NODES, ps->p);
	struct json *v = arena_zalloc(ps->arena, sizeof *v);
	if (*last)
		(*last)->next = v;
	else
		parent->child = v;
	*last = v;
	parent->nchild++;
	return true;
}

static bool parse_value(struct parser *ps, struct json *v);

static bool parse_member(struct parser *ps, struct json *obj, struct json **last)
{
	const char *key = NULL;
	size_t nkey = 0;
	if (ps->p >= ps->end || *ps->p != '"')
		return fail(ps, JSON_FAULT_NAME, ps->p);
	if (!parse_string(ps, &key, &nkey))
		return false;
	skip_space(ps);
	if (ps->p >= ps->end || *ps->p != ':')
		return fail(ps, JSON_FAULT_COLON, ps->p);
	ps->p++;
	skip_space(ps);
	if (!add_child(ps, obj, last))
		return false;
	if (obj) {
		(*last)->key = key;
		(*last)->nkey = nkey;
	}
	return parse_value(ps, obj ? *last : NULL);
}

static bool parse_element(struct parser *ps, struct json *array, struct json **last)
{
	return add_child(ps, array, last) && parse_value(ps, array ? *last : NULL);
}

/* At '{' or '['. */
static bool parse_container(struct parser *ps, struct json *v)
{
	bool object = *ps->p == '{';
	char close = object ? '}' : ']';
	struct json *last = NULL;
	if (++ps->depth > JSON_MAX_DEPTH)
		return fail(ps, JSON_FAULT_DEPTH, ps->p);
	ps->p++;
	skip_space(ps);
	if (ps->p < ps->end && *ps->p == close)
		goto done;
	for (;;) {
		if (object ? !parse_member(ps, v, &last) : !parse_element(ps, v, &last))
			return false;
		skip_space(ps);
		if (ps->p < ps->end && *ps->p == close)
			break;
		if (ps->p >= ps->end || *ps->p != ',')
			return fail(ps, object ? JSON_FAULT_MEMBER : JSON_FAULT_ELEMENT, ps->p);
		ps->p++;
		skip_space(ps);
	}
done:
	ps->p++;
	ps->depth--;
	return true;
}

/* V is NULL when no tree is wanted. */
static bool parse_value(struct parser *ps, struct json *v)
{
	const char *raw = ps->p, *str = NULL;
	size_t nstr = 0;
	enum json_type type = JSON_NULL;
	bool ok;
	if (ps->p >= ps->end)
		return fail(ps, JSON_FAULT_END, ps->p);
	switch (*ps->p) {
	case '{': type = JSON_OBJECT; ok = parse_container(ps, v); break;
	case '[': type = JSON_ARRAY; ok = parse_container(ps, v); break;
	case '"': type = JSON_STRING; ok = parse_string(ps, &str, &nstr); break;
	case 't': type = JSON_TRUE; ok = scan_word(ps, "true", 4); break;
	case 'f': type = JSON_FALSE; ok = scan_word(ps, "false", 5); break;
	case 'n': type = JSON_NULL; ok = scan_word(ps, "null", 4); break;
	case '-': case '0': case '1': case '2': case '3': case '4':
	case '5': case '6': case '7': case '8': case '9':
		type = JSON_NUMBER;
		ok = scan_number(ps);
		break;
	default: return fail(ps, JSON_FAULT_VALUE, ps->p);
	}
	if (ok && v) {
		v->type = type;
		v->raw = raw;
		v->nraw = (size_t)(ps->p - raw);
		v->str = str;
		v->nstr = nstr;
	}
	return ok;
}

static int report(const struct parser *ps, const char *p, struct err *e)
{
	uint64_t line = 1;
	const char *start = p;
	for (const char *lf; (lf = memchr(start, '\n', (size_t)(ps->at - start))) != NULL; start = lf + 1)
		line++;
	err_set(e, ERR_DATA, "%s", json_fault_text(ps->fault));
	err_at(e, NULL, line, (uint64_t)(ps->at - start) + 1);
	return ERR_DATA;
}

static int parse_text(struct json *v, struct arena *a, size_t nodes, const char *p, size_t n, struct err *e)
{
	struct parser ps = { .p = p, .end = p + n, .arena = a, .nodes_left = nodes };
	skip_space(&ps);
	if (!parse_value(&ps, v))
		return report(&ps, p, e);
	skip_space(&ps);
	if (ps.p < ps.end) {
		fail(&ps, JSON_FAULT_BEHIND, ps.p);
		return report(&ps, p, e);
	}
	return 0;
}

int json_parse(struct json **root, struct arena *a, const char *p, size_t n, struct err *e)
{
	*root = arena_zalloc(a, sizeof **root);
	return parse_text(*root, a, JSON_MAX_NODES, p, n, e);
}

int json_parse_large(struct json **root, struct arena *a, const char *p, size_t n, struct err *e)
{
	*root = arena_zalloc(a, sizeof **root);
	return parse_text(*root, a, SIZE_MAX, p, n, e);
}

int json_check(const char *p, size_t n, struct err *e)
{
	return parse_text(NULL, NULL, 0, p, n, e);
}

const struct json *json_get(const struct json *obj, const char *key)
{
	const struct json *found = NULL;
	size_t n = strlen(key);
	if (!obj || obj->type != JSON_OBJECT)
		return NULL;
	for (const struct json *c = obj->child; c; c = c->next)
		if (c->nkey == n && memcmp(c->key, key, n) == 0)
			found = c;
	return found;
}

bool json_i64(const struct json *v, int64_t *out)
{
	return v && v->type == JSON_NUMBER && num_i64(v->raw, v->nraw, out);
}

bool json_double(const struct json *v, double *out)
{
	return v && v->type == JSON_NUMBER && json_parse_double(v->raw, v->nraw, out);
}

bool json_bool(const struct json *v, bool *out)
{
	if (!v || (v->type != JSON_TRUE && v->type != JSON_FALSE))
		return false;
	*out = v->type == JSON_TRUE;
	return true;
}

const char *json_str(const struct json *v)
{
	return v && v->type == JSON_STRING ? v->str : NULL;
}

void json_put_double(struct buf *b, double v)
{
	b->n += json_format_double(buf_reserve(b, JSON_DOUBLE_TEXT), v);
}

struct member {
	const struct json *v;
	size_t order;
};

static int by_key(const void *x, const void *y)
{
	const struct member *a = x, *b = y;
	size_t n = a->v->nkey < b->v->nkey ? a->v->nkey : b->v->nkey;
	int c = memcmp(a->v->key, b->v->key, n);
	if (!c)
		c = (a->v->nkey > b->v->nkey) - (a->v->nkey < b->v->nkey);
	return c ? c : (a->order > b->order) - (a->order < b->order);
}

static bool same_key(const struct json *a, const struct json *b)
{
	return a->nkey == b->nkey && memcmp(a->key, b->key, a->nkey) == 0;
}

static void put_canonical_object(struct buf *b, const struct json *v)
{
	struct member *m = mem_array(NULL, v->nchild ? v->nchild : 1, sizeof *m);
	size_t n = 0;
	bool first = true;
	for (const struct json *c = v->child; c; c = c->next, n++)
		m[n] = (struct member){ c, n };
	qsort(m, n, sizeof *m, by_key);
	buf_putc(b, '{');
	for (size_t i = 0; i < n; i++) {
		/* The last of equal keys is the one that counts. */
		if (m[i].v->type == JSON_NULL || (i + 1 < n && same_key(m[i].v, m[i + 1].v)))
			continue;
		if (!first)
			buf_putc(b, ',');
		first = false;
		json_put_string(b, m[i].v->key, m[i].v->nkey);
		buf_putc(b, ':');
		json_put_canonical(b, m[i].v);
	}
	buf_putc(b, '}');
	mem_free(m);
}

void json_put_canonical(struct buf *b, const struct json *v)
{
	switch (v->type) {
	case JSON_OBJECT:
		put_canonical_object(b, v);
		break;
	case JSON_ARRAY:
		buf_putc(b, '[');
		for (const struct json *c = v->child; c; c = c->next) {
			json_put_canonical(b, c);
			if (c->next)
				buf_putc(b, ',');
		}
		buf_putc(b, ']');
		break;
	case JSON_STRING:
		json_put_string(b, v->str, v->nstr);
		break;
	default:
		buf_put(b, v->raw, v->nraw);
	}
}

const char *json_hint(struct near *near, const char *p, size_t n, const char *path)
{
	struct arena a = ARENA_INIT;
	struct json *root = NULL;
	const struct json *v = json_parse(&root, &a, p, n, NULL) == 0 ? root : NULL, *next;
	char before[NEAR_MOST];
	size_t at = 0, len;
	for (;; v = next, at += len + 1) {
		len = strcspn(path + at, ".");
		char *name = arena_strndup(&a, path + at, len);
		if (!v || v->type != JSON_OBJECT || at >= sizeof before || !path[at]) {
			v = NULL;
			break;
		}
		if (!(next = json_get(v, name)) || !path[at + len])
			break;
	}
	*near = near_to(path + at, len);
	for (const struct json *m = v ? v->child : NULL; m; m = m->next)
		near_name(near, m->key, strlen(m->key));
	snprintf(before, sizeof before, "%.*s", (int)(v ? at : 0), path);
	near_hint(near, before, path[at + len] ? path + at + len : "");
	arena_release(&a);
	return near->hint;
}
