/* SPDX-License-Identifier: MIT */
/* Strings. Positions and lengths count characters (code points), as in Spark. */
#include "expr/fn.h"

static size_t char_len(const char *p, size_t n)
{
	unsigned char c = (unsigned char)*p;
	size_t k = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	return k < n ? k : n;
}

static int64_t count_chars(struct str s)
{
	int64_t n = 0;
	for (size_t i = 0; i < s.n; i += char_len(s.p + i, s.n - i))
		n++;
	return n;
}

void fn_case(struct fn_ctx *c, const struct node *x, const struct value *a, struct value *out)
{
	out->s = fold_case(c->arena, c->loc, a[0].s, x->unit);
}

void fn_length(struct fn_ctx *c, const struct node *x, const struct value *a, struct value *out)
{
	(void)c;
	out->i = x->arg[0]->type.kind == TYPE_BINARY ? (int64_t)a[0].s.n : count_chars(a[0].s);
}

void fn_bytes_length(struct fn_ctx *c, const struct node *x, const struct value *a, struct value *out)
{
	(void)c;
	(void)x;
	out->i = (int64_t)a[0].s.n;
}

/* Positions from 1; 0 counts as 1; below 0 from the end. A start before the string eats into the length. */
void fn_substring(struct fn_ctx *c, const struct node *x, const struct value *a, struct value *out)
{
	bool bytes = x->arg[0]->type.kind == TYPE_BINARY;
	struct str s = a[0].s;
	int64_t n = bytes ? (int64_t)s.n : count_chars(s), pos = a[1].i, len = x->narg > 2 ? a[2].i : INT64_MAX, end;
	(void)c;
	int64_t start = pos > 0 ? pos - 1 : pos < 0 ? n + pos : 0;
	if (__builtin_add_overflow(start, len, &end))
		end = INT64_MAX;
	start = start < 0 ? 0 : start;
	size_t i = 0, from;
	int64_t k = 0;
	for (; i < s.n && k < start; k++)
		i += bytes ? 1 : char_len(s.p + i, s.n - i);
	for (from = i; i < s.n && k < end; k++)
		i += bytes ? 1 : char_len(s.p + i, s.n - i);
	out->s = (struct str){ s.p + from, i - from };
}

void fn_trim(struct fn_ctx *c, const struct node *x, const struct value *a, struct value *out)
{
	struct str s = a[0].s;
	(void)c;
	while (x->unit & TRIM_LEFT && s.n && *s.p == ' ')
		s.p++, s.n--;
	while (x->unit & TRIM_RIGHT && s.n && s.p[s.n - 1] == ' ')
		s.n--;
	out->s = s;
}

void fn_concat(struct fn_ctx *c, const struct node *x, const struct value *a, struct value *out)
{
	size_t n = 0;
	for (size_t i = 0; i < x->narg; i++)
		n += a[i].s.n;
	char *to = arena_alloc(c->arena, n + 1);
	out->s = (struct str){ to, n };
	for (size_t i = 0; i < x->narg; i++) {
		if (a[i].s.n)
			memcpy(to, a[i].s.p, a[i].s.n);
		to += a[i].s.n;
	}
}

static const char *find(struct str s, struct str what)
{
	return what.n ? memmem(s.p, s.n, what.p, what.n) : s.p;
}

void fn_contains(struct fn_ctx *c, const struct node *x, const struct value *a, struct value *out)
{
	(void)c;
	(void)x;
	out->i = find(a[0].s, a[1].s) != NULL;
}

void fn_startswith(struct fn_ctx *c, const struct node *x, const struct value *a, struct value *out)
{
	(void)c;
	(void)x;
	out->i = a[0].s.n >= a[1].s.n && !memcmp(a[0].s.p, a[1].s.p, a[1].s.n);
}

void fn_endswith(struct fn_ctx *c, const struct node *x, const struct value *a, struct value *out)
{
	(void)c;
	(void)x;
	out->i = a[0].s.n >= a[1].s.n && !memcmp(a[0].s.p + a[0].s.n - a[1].s.n, a[1].s.p, a[1].s.n);
}

/* replace(s, what [, with]); nothing to look for leaves it as it is; the result is bounded */
void fn_replace(struct fn_ctx *c, const struct node *x, const struct value *a, struct value *out)
{
	struct str s = a[0].s, what = a[1].s, with = x->narg > 2 ? a[2].s : (struct str){ "", 0 };
	struct buf b = BUF_INIT;
	const char *at;
	if (!what.n) {
		out->s = s;
		return;
	}
	while ((at = memmem(s.p, s.n, what.p, what.n)) && b.n < (size_t)1 << 26) {
		buf_put(&b, s.p, (size_t)(at - s.p));
		buf_put(&b, with.p, with.n);
		s.n -= (size_t)(at - s.p) + what.n;
		s.p = at + what.n;
	}
	out->null = at != NULL;
	buf_put(&b, s.p, s.n);
	out->s = (struct str){ arena_strndup(c->arena, b.p ? b.p : "", b.n), b.n };
	buf_release(&b);
}

void fn_like(struct fn_ctx *c, const struct node *x, const struct value *a, struct value *out)
{
	(void)c;
	out->i = like_match(a[0].s.p, a[0].s.n, a[1].s.p, a[1].s.n, (int)x->unit);
}

void fn_ilike(struct fn_ctx *c, const struct node *x, const struct value *a, struct value *out)
{
	struct str s = fold_case(c->arena, c->loc, a[0].s, false), pat = fold_case(c->arena, c->loc, a[1].s, false);
	out->i = like_match(s.p, s.n, pat.p, pat.n, (int)x->unit);
}

void fn_rlike(struct fn_ctx *c, const struct node *x, const struct value *a, struct value *out)
{
	out->i = regex_match(c->match[x->id], a[0].s.p, a[0].s.n);
}
