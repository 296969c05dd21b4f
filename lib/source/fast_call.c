/* SPDX-License-Identifier: MIT */
/* Functions of jq 1.6 and of source/map, on the inputs on which they are certain; all others are libjq's. */
#include "source/fast_parts.h"
#include "text/html.h"

#include "base/mem.h"

#include <stdlib.h>

static struct fast_value give_back(void)
{
	return fast_plain(FV_BACK);
}

static struct fast_value text_of(const char *s, size_t n, uint8_t flags)
{
	return (struct fast_value){ FV_TEXT, flags, (uint32_t)n, { s } };
}

static struct fast_value number_of(struct fast_run *r, uint64_t n)
{
	char *s = arena_alloc(r->arena, 24);
	return (struct fast_value){ FV_NUMBER, 0, (uint32_t)fmt_u64(s, n), { s } };
}

static struct fast_value negated(struct fast_run *r, struct fast_value in, struct fast_value arg)
{
	(void)r;
	(void)arg;
	return fast_bool(!fast_truth(in));
}

static bool is_whole(struct fast_value v)
{
	uint32_t i = v.p[0] == '-';
	while (i < v.n && v.p[i] >= '0' && v.p[i] <= '9')
		i++;
	return i == v.n;
}

struct fast_value fast_tostring(struct fast_run *r, struct fast_value v)
{
	(void)r;
	switch (v.kind) {
	case FV_TEXT: return v;
	case FV_NUMBER: return is_whole(v) ? text_of(v.p, v.n, FAST_CLEAN) : give_back();
	case FV_NULL: return text_of("null", 4, FAST_CLEAN);
	case FV_FALSE: return text_of("false", 5, FAST_CLEAN);
	case FV_TRUE: return text_of("true", 4, FAST_CLEAN);
	default: return give_back();
	}
}

static struct fast_value tostring(struct fast_run *r, struct fast_value in, struct fast_value arg)
{
	(void)arg;
	return fast_tostring(r, in);
}

/* Digits as JSON has them, few enough for a double to keep. */
static struct fast_value tonumber(struct fast_run *r, struct fast_value in, struct fast_value arg)
{
	int64_t i;
	(void)arg;
	if (in.kind == FV_NUMBER)
		return in;
	if (in.kind != FV_TEXT)
		return give_back();
	in = fast_decoded(r, in);
	struct fast_value v = { FV_NUMBER, 0, in.n, { in.p } };
	uint32_t minus = in.n && in.p[0] == '-';
	bool plain = in.n > minus && fast_i64(v, &i) && (in.p[minus] != '0' || in.n == minus + 1) && !(minus && i == 0);
	return plain ? v : give_back();
}

static struct fast_value type(struct fast_run *r, struct fast_value in, struct fast_value arg)
{
	static const char *const names[] = { [FV_NULL] = "null", [FV_FALSE] = "boolean", [FV_TRUE] = "boolean", [FV_NUMBER] = "number",
		[FV_TEXT] = "string", [FV_ARRAY] = "array", [FV_OBJECT] = "object", [FV_LIST] = "array", [FV_MADE] = "object" };
	(void)r;
	(void)arg;
	return text_of(names[in.kind], strlen(names[in.kind]), FAST_CLEAN);
}

static struct fast_value length(struct fast_run *r, struct fast_value in, struct fast_value arg)
{
	struct fast_elements e;
	struct fast_value v;
	uint64_t n = 0;
	(void)arg;
	if (in.kind == FV_NULL)
		return number_of(r, 0);
	if (in.kind == FV_TEXT) {
		in = fast_decoded(r, in);
		for (uint32_t i = 0; i < in.n; i++)
			n += ((unsigned char)in.p[i] & 0xC0) != 0x80;
		return number_of(r, n);
	}
	if (!fast_elements(&e, in))
		return give_back();
	while (fast_next(&e, &v))
		n++;
	return number_of(r, n);
}

/* --- of source/map --- */

static struct fast_value plain(struct fast_run *r, struct fast_value in, struct fast_value arg)
{
	(void)arg;
	if (in.kind == FV_NULL)
		return in;
	if (in.kind != FV_TEXT)
		return give_back();
	in = fast_decoded(r, in);
	if (!memchr(in.p, '&', in.n))
		return in;
	char *s = arena_alloc(r->arena, (size_t)in.n + 8);
	memcpy(s, in.p, in.n);
	return text_of(s, fast_text_plain(s, in.n), 0);
}

static struct fast_value striphtml(struct fast_run *r, struct fast_value in, struct fast_value arg)
{
	(void)arg;
	if (in.kind == FV_NULL)
		return in;
	if (in.kind != FV_TEXT)
		return give_back();
	in = fast_decoded(r, in);
	char *s = arena_alloc(r->arena, (size_t)in.n + 8);
	return text_of(s, html_text(s, in.p, in.n), 0);
}

static struct fast_value some(struct fast_run *r, struct fast_value in, struct fast_value arg)
{
	(void)r;
	(void)arg;
	bool empty = (in.kind == FV_TEXT && !in.n) || (in.kind == FV_LIST && !in.list->n) || (in.kind == FV_MADE && !in.made->n) ||
		     ((in.kind == FV_ARRAY || in.kind == FV_OBJECT) && in.node->span == 1);
	return empty ? fast_plain(FV_NULL) : in;
}

/* --- texts --- */

static bool two_texts(struct fast_run *r, struct fast_value *a, struct fast_value *b)
{
	if (a->kind != FV_TEXT || b->kind != FV_TEXT)
		return false;
	*a = fast_decoded(r, *a);
	*b = fast_decoded(r, *b);
	return true;
}

static bool begins(struct fast_value v, struct fast_value with)
{
	return v.n >= with.n && memcmp(v.p, with.p, with.n) == 0;
}

static bool ends(struct fast_value v, struct fast_value with)
{
	return v.n >= with.n && memcmp(v.p + v.n - with.n, with.p, with.n) == 0;
}

static struct fast_value startswith(struct fast_run *r, struct fast_value in, struct fast_value arg)
{
	return two_texts(r, &in, &arg) ? fast_bool(begins(in, arg)) : give_back();
}

static struct fast_value endswith(struct fast_run *r, struct fast_value in, struct fast_value arg)
{
	return two_texts(r, &in, &arg) ? fast_bool(ends(in, arg)) : give_back();
}

static struct fast_value ltrimstr(struct fast_run *r, struct fast_value in, struct fast_value arg)
{
	if (!two_texts(r, &in, &arg))
		return give_back();
	return begins(in, arg) ? text_of(in.p + arg.n, in.n - arg.n, in.flags) : in;
}

static struct fast_value rtrimstr(struct fast_run *r, struct fast_value in, struct fast_value arg)
{
	if (!two_texts(r, &in, &arg))
		return give_back();
	return ends(in, arg) ? text_of(in.p, in.n - arg.n, in.flags) : in;
}

/* jq stops at a NUL. */
static struct fast_value contains(struct fast_run *r, struct fast_value in, struct fast_value arg)
{
	if (!two_texts(r, &in, &arg) || memchr(in.p, 0, in.n) || memchr(arg.p, 0, arg.n))
		return give_back();
	return fast_bool(!arg.n || memmem(in.p, in.n, arg.p, arg.n));
}

static struct fast_value cased(struct fast_run *r, struct fast_value in, char from, char to)
{
	if (in.kind != FV_TEXT)
		return give_back();
	in = fast_decoded(r, in);
	char *s = arena_alloc(r->arena, (size_t)in.n + 8);
	for (uint32_t i = 0; i < in.n; i++)
		s[i] = (char)(in.p[i] >= from && in.p[i] < from + 26 ? in.p[i] - from + to : in.p[i]);
	return text_of(s, in.n, in.flags);
}

static struct fast_value ascii_downcase(struct fast_run *r, struct fast_value in, struct fast_value arg)
{
	(void)arg;
	return cased(r, in, 'A', 'a');
}

static struct fast_value ascii_upcase(struct fast_run *r, struct fast_value in, struct fast_value arg)
{
	(void)arg;
	return cased(r, in, 'a', 'A');
}

/* "" has no parts; what ends with ARG has an empty one at the end. */
static struct fast_value split(struct fast_run *r, struct fast_value in, struct fast_value arg)
{
	struct fast_list l = { 0, 0, NULL };
	if (!two_texts(r, &in, &arg) || !arg.n)
		return give_back();
	const char *p = in.p, *end = in.p + in.n;
	while (p < end) {
		const char *s = memmem(p, (size_t)(end - p), arg.p, arg.n);
		fast_append(r, &l, text_of(p, (size_t)((s ? s : end) - p), in.flags));
		if (!s)
			break;
		p = s + arg.n;
		if (p == end)
			fast_append(r, &l, text_of(p, 0, FAST_CLEAN));
	}
	return fast_list_value(r, l);
}

static struct fast_value join(struct fast_run *r, struct fast_value in, struct fast_value arg)
{
	struct fast_elements e;
	struct fast_value v;
	size_t n = 0;
	uint8_t flags = FAST_CLEAN;
	if (arg.kind != FV_TEXT || !fast_elements(&e, in))
		return give_back();
	arg = fast_decoded(r, arg);
	struct fast_list l = { 0, 0, NULL };
	while (fast_next(&e, &v)) {
		if (v.kind != FV_TEXT)
			return give_back();
		v = fast_decoded(r, v);
		fast_append(r, &l, v);
		n += v.n + arg.n;
		flags &= v.flags & arg.flags;
		if (n > FAST_TEXT_MAX)
			return give_back();
	}
	char *s = arena_alloc(r->arena, n + 8);
	n = 0;
	for (uint32_t i = 0; i < l.n; i++) {
		if (i) {
			memcpy(s + n, arg.p, arg.n);
			n += arg.n;
		}
		memcpy(s + n, l.v[i].p, l.v[i].n);
		n += l.v[i].n;
	}
	return text_of(s, n, flags);
}

/* --- arrays, objects --- */

static int by_bytes(const void *x, const void *y)
{
	const struct fast_value *a = x, *b = y;
	return mem_compare(a->p, a->n, b->p, b->n);
}

static struct fast_value unique(struct fast_run *r, struct fast_value in, struct fast_value arg)
{
	struct fast_list l = { 0, 0, NULL };
	struct fast_elements e;
	struct fast_value v;
	(void)arg;
	if (!fast_elements(&e, in))
		return give_back();
	while (fast_next(&e, &v)) {
		if (v.kind != FV_TEXT)
			return give_back();
		fast_append(r, &l, fast_decoded(r, v));
	}
	if (l.n > 1)
		qsort(l.v, l.n, sizeof *l.v, by_bytes);
	uint32_t n = l.n ? 1 : 0;
	for (uint32_t i = 1; i < l.n; i++)
		if (by_bytes(&l.v[n - 1], &l.v[i]) != 0)
			l.v[n++] = l.v[i];
	l.n = n;
	return fast_list_value(r, l);
}

/* Where in an array a text stands. In a text, jq 1.6 counts bytes, later ones characters. */
static struct fast_value index_of(struct fast_run *r, struct fast_value in, struct fast_value arg)
{
	struct fast_elements e;
	struct fast_value v;
	if (arg.kind != FV_TEXT || !fast_elements(&e, in))
		return give_back();
	for (uint64_t i = 0; fast_next(&e, &v); i++)
		if (v.kind == FV_TEXT && fast_same(r, v, arg) == 1)
			return number_of(r, i);
	return fast_plain(FV_NULL);
}

static struct fast_value has(struct fast_run *r, struct fast_value in, struct fast_value arg)
{
	bool found = false;
	if (arg.kind != FV_TEXT || in.kind != FV_OBJECT || in.node->flags & FAST_ODD)
		return give_back();
	arg = fast_decoded(r, arg);
	for (const struct fast_node *c = in.node + 1, *end = in.node + in.node->span; c < end; c += c->span)
		found |= c->nkey == arg.n && memcmp(c->key, arg.p, arg.n) == 0;
	return fast_bool(found);
}

const struct fast_function *fast_function(const char *name, size_t n, unsigned arity)
{
	static const struct fast_function all[] = {
		{ "not", 0, negated }, { "tostring", 0, tostring }, { "tonumber", 0, tonumber }, { "type", 0, type }, { "length", 0, length },
		{ "plain", 0, plain }, { "striphtml", 0, striphtml }, { "some", 0, some }, { "ascii_downcase", 0, ascii_downcase },
		{ "ascii_upcase", 0, ascii_upcase }, { "unique", 0, unique }, { "startswith", 1, startswith }, { "endswith", 1, endswith },
		{ "ltrimstr", 1, ltrimstr }, { "rtrimstr", 1, rtrimstr }, { "contains", 1, contains }, { "split", 1, split },
		{ "join", 1, join }, { "index", 1, index_of }, { "has", 1, has },
	};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (all[i].arity == arity && strlen(all[i].name) == n && memcmp(all[i].name, name, n) == 0)
			return &all[i];
	return NULL;
}
