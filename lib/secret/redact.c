/* SPDX-License-Identifier: MIT */
/* Hashes every form that a secret may take, and looks for them in one pass. */
#include "secret/redact.h"

#include "base/mem.h"
#include "secret/locked.h"

#include <string.h>

#define MARK "***"
#define WINDOW 24u               /* the filter looks at so much of a pattern */
#define HASH_SIZE 4096u
#define STACK 64
#define MAX_ALTS 8

enum kind { KIND_RAW, KIND_BASE64, KIND_HEX, KIND_ALONE };

struct pattern {
	enum kind kind;
	const unsigned char *p;
	size_t n;                /* characters to match; two a byte for KIND_HEX */
	bool open_left, open_right; /* KIND_BASE64: the character beside it holds bits of the secret */
};

struct redact_set {
	struct pattern *v;
	size_t n, cap;
	struct block {
		void *p;
		size_t n;
	} *block;                /* the bytes of the patterns, locked */
	size_t nblocks, block_cap;
	size_t window;           /* 0: no pattern that the filter is for */
	uint8_t shift[HASH_SIZE];
	/* Which patterns have the byte, unescaped, as their first and as their second character: bit I % 64 for pattern I. */
	uint64_t first[256], second[256];
	bool inside[256];        /* some pattern has it */
};

/* --- patterns --- */

static int hex_digit(unsigned char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool is_word(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_base64(unsigned char c)
{
	return is_word(c) || c == '+' || c == '/' || c == '-' || c == '_';
}

/* The bytes that may stand, unescaped, for character J of the pattern. One or two. */
static unsigned plain_forms(const struct pattern *p, size_t j, unsigned char to[2])
{
	unsigned char c = p->kind == KIND_HEX ? (unsigned char)"0123456789abcdef"[j & 1 ? p->p[j / 2] & 15 : p->p[j / 2] >> 4] : p->p[j];
	to[0] = to[1] = c;
	if (p->kind == KIND_HEX && c >= 'a')
		to[1] = (unsigned char)(c - 32);
	else if (p->kind == KIND_BASE64)
		to[1] = c == '+' ? '-' : c == '/' ? '_' : c;
	else if (p->kind == KIND_RAW && c == ' ')
		to[1] = '+';
	return to[0] == to[1] ? 1 : 2;
}

static bool allows(const struct pattern *p, size_t j, uint32_t c)
{
	unsigned char form[2];
	plain_forms(p, j, form);
	return form[0] == c || form[1] == c;
}

static size_t encode64(unsigned char *to, const unsigned char *p, size_t n, unsigned lead)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	/* Only characters that are the secret's alone: behind the LEAD unknown bytes, before the unknown ones that follow. */
	size_t first = (lead * 8 + 5) / 6, end = (lead + n) * 8 / 6;
	for (size_t i = first; i < end; i++) {
		size_t bit = i * 6 - lead * 8, at = bit / 8;
		unsigned two = (unsigned)p[at] << 8 | (at + 1 < n ? p[at + 1] : 0);
		*to++ = (unsigned char)digits[two >> (10 - bit % 8) & 63];
	}
	return end - first;
}

static void hash_pair(struct redact_set *r, unsigned char a, unsigned char b, size_t shift)
{
	uint8_t *s = &r->shift[((unsigned)a << 4 ^ b) % HASH_SIZE];
	if (shift < *s)
		*s = (uint8_t)shift;
}

static void index_pattern(struct redact_set *r, const struct pattern *p)
{
	unsigned char a[2], b[2];
	unsigned na = plain_forms(p, 0, a), nb;
	for (size_t q = 1; q < r->window; q++, memcpy(a, b, 2), na = nb) {
		nb = plain_forms(p, q, b);
		for (unsigned i = 0; i < na * nb; i++)
			hash_pair(r, a[i / nb], b[i % nb], r->window - 1 - q);
	}
}

/* The first two characters of a pattern, and all bytes in it. */
static void index_bytes(struct redact_set *r, const struct pattern *p, uint64_t bit)
{
	unsigned char f[2];
	plain_forms(p, 0, f);
	r->first[f[0]] |= bit;
	r->first[f[1]] |= bit;
	if (p->n > 1)
		plain_forms(p, 1, f);
	for (size_t j = 0; j < 256; j++)
		if (p->n == 1 || j == f[0] || j == f[1])
			r->second[j] |= bit;
	for (size_t j = 0; p->kind != KIND_HEX && j < p->n; j++)
		r->inside[p->p[j]] = true;
}

/* Patterns from FROM on are new. */
static void make_index(struct redact_set *r, size_t from)
{
	size_t window = r->window;
	for (size_t i = from; i < r->n; i++) {
		index_bytes(r, &r->v[i], UINT64_C(1) << i % 64);
		if (r->v[i].kind != KIND_ALONE && (!window || r->v[i].n < window))
			window = r->v[i].n < WINDOW ? r->v[i].n : WINDOW;
	}
	if (window != r->window) {
		r->window = window;
		memset(r->shift, (int)window - 1, sizeof r->shift);
		from = 0;
	}
	for (size_t i = from; i < r->n; i++)
		if (r->v[i].kind != KIND_ALONE)
			index_pattern(r, &r->v[i]);
}

struct redact_set *redact_set_new(void)
{
	return mem_zalloc(sizeof(struct redact_set));
}

void redact_set_free(struct redact_set *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->nblocks; i++)
		locked_free(r->block[i].p, r->block[i].n);
	mem_free(r->block);
	mem_free(r->v);
	explicit_bzero(r, sizeof *r);
	mem_free(r);
}

static void add_pattern(struct redact_set *r, struct pattern p)
{
	MEM_GROW(r->v, r->cap, r->n + 1);
	r->v[r->n++] = p;
}

void redact_set_add(struct redact_set *r, const char *value, size_t n)
{
	size_t room, had = r->n;
	if (!n)
		return;
	/* Itself, and three times its base64. */
	if (!mem_mul(n, 6, &room) || !mem_add(room, 32, &room))
		mem_oom(n);
	unsigned char *p = locked_alloc(room), *to = p + n;
	memcpy(p, value, n);
	MEM_GROW(r->block, r->block_cap, r->nblocks + 1);
	r->block[r->nblocks++] = (struct block){ p, room };
	if (n < REDACT_MIN) {
		add_pattern(r, (struct pattern){ .kind = KIND_ALONE, .p = p, .n = n });
	} else {
		add_pattern(r, (struct pattern){ .kind = KIND_RAW, .p = p, .n = n });
		add_pattern(r, (struct pattern){ .kind = KIND_HEX, .p = p, .n = 2 * n });
		for (unsigned lead = 0; lead < 3; lead++) {
			size_t len = encode64(to, p, n, lead);
			add_pattern(r, (struct pattern){ .kind = KIND_BASE64, .p = to, .n = len,
				.open_left = lead != 0, .open_right = (lead + n) % 3 != 0 });
			to += len;
		}
	}
	make_index(r, had);
}

/* --- escapes --- */

/* What an escape stands for. */
struct alt {
	uint32_t c;
	bool unicode;            /* a code point, not a byte */
	size_t len;
};

static bool is_escape(unsigned char c)
{
	return c == '%' || c == '\\' || c == '&';
}

static bool read_hex(const unsigned char *p, const unsigned char *end, size_t digits, uint32_t *v)
{
	*v = 0;
	if ((size_t)(end - p) < digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		int d = hex_digit(p[i]);
		if (d < 0)
			return false;
		*v = *v << 4 | (uint32_t)d;
	}
	return true;
}

static unsigned percent_alts(const unsigned char *t, const unsigned char *end, struct alt *to)
{
	unsigned n = 0;
	const unsigned char *p = t + 1;
	uint32_t v;
	/* %25 may be a percent sign, or the percent sign of an escape that was escaped again. */
	for (int level = 0; level < 4 && read_hex(p, end, 2, &v); level++, p += 2) {
		to[n++] = (struct alt){ v, false, (size_t)(p + 2 - t) };
		if (v != '%')
			break;
	}
	return n;
}

static unsigned backslash_alts(const unsigned char *t, const unsigned char *end, struct alt *to)
{
	unsigned n = 0;
	size_t run = 1;
	uint32_t v, low;
	while (t + run < end && t[run] == '\\' && run < 64)
		run++;
	/* A backslash in a string, in a string inside a string, and once more. */
	for (size_t k = 2; k <= 8 && k <= run; k *= 2)
		to[n++] = (struct alt){ '\\', false, k };
	const unsigned char *p = t + run;
	if (p == end)
		return n;
	if (*p == '"' || *p == '/' || *p == '\'')
		to[n++] = (struct alt){ *p, false, run + 1 };
	else if (*p == 't' || *p == 'b' || *p == 'f')
		to[n++] = (struct alt){ *p == 't' ? '\t' : *p == 'b' ? '\b' : '\f', false, run + 1 };
	else if (*p == 'x' && read_hex(p + 1, end, 2, &v))
		to[n++] = (struct alt){ v, false, run + 3 };
	else if (*p == 'u' && read_hex(p + 1, end, 4, &v)) {
		size_t len = run + 5;
		if (v >> 10 == 0xD800 >> 10 && (size_t)(end - t) > len + run && memcmp(t + len, t, run) == 0 && t[len + run] == 'u' &&
			read_hex(t + len + run + 1, end, 4, &low) && low >> 10 == 0xDC00 >> 10) {
			v = 0x10000 + ((v & 0x3FF) << 10) + (low & 0x3FF);
			len *= 2;
		}
		to[n++] = (struct alt){ v, true, len };
	}
	return n;
}

static unsigned entity_alts(const unsigned char *t, const unsigned char *end, struct alt *to)
{
	static const struct {
		const char *text;
		unsigned char c;
	} known[] = { { "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' }, { "&quot;", '"' }, { "&apos;", '\'' } };
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		size_t n = strlen(known[i].text);
		if ((size_t)(end - t) >= n && memcmp(t, known[i].text, n) == 0) {
			*to = (struct alt){ known[i].c, false, n };
			return 1;
		}
	}
	if (end - t < 4 || t[1] != '#')
		return 0;
	bool hex = t[2] == 'x' || t[2] == 'X';
	const unsigned char *p = t + 2 + hex, *from = p;
	uint32_t v = 0;
	for (; p < end && p - from < 7 && hex_digit(*p) >= 0 && (hex || *p <= '9'); p++)
		v = v * (hex ? 16 : 10) + (uint32_t)hex_digit(*p);
	if (p == from || p == end || *p != ';')
		return 0;
	*to = (struct alt){ v, true, (size_t)(p + 1 - t) };
	return 1;
}

static unsigned alts_at(const unsigned char *t, const unsigned char *end, struct alt to[MAX_ALTS])
{
	return *t == '%' ? percent_alts(t, end, to) : *t == '\\' ? backslash_alts(t, end, to) : *t == '&' ? entity_alts(t, end, to) : 0;
}

static size_t utf8_put(unsigned char to[4], uint32_t c)
{
	if (c < 0x80) {
		to[0] = (unsigned char)c;
		return 1;
	}
	size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = n - 1; i; i--, c >>= 6)
		to[i] = (unsigned char)(0x80 | (c & 0x3F));
	to[0] = (unsigned char)((n == 2 ? 0xC0 : n == 3 ? 0xE0 : 0xF0) | c);
	return n;
}

/* --- matching one pattern at one place --- */

struct state {
	size_t j, at;            /* so many characters of the pattern, so many bytes of the text */
};

/* The states that an escape at S leads to. */
static unsigned follow(const struct pattern *p, struct state s, const unsigned char *t, const unsigned char *end, struct state *to)
{
	struct alt alt[MAX_ALTS];
	unsigned char u[4];
	unsigned n = 0, m = alts_at(t + s.at, end, alt);
	for (unsigned i = 0; i < m; i++) {
		size_t len = alt[i].unicode && alt[i].c >= 0x80 && alt[i].c < 0x110000 ? utf8_put(u, alt[i].c) : 1;
		bool ok = len == 1 ? allows(p, s.j, alt[i].c) :
			p->kind == KIND_RAW && p->n - s.j >= len && memcmp(p->p + s.j, u, len) == 0;
		if (ok)
			to[n++] = (struct state){ s.j + len, s.at + alt[i].len };
	}
	return n;
}

/* The number of bytes of T that are the pattern, the most there can be, 0: none. CUT: the text's end may have cut it. An escape
 * may be read in more than one way, so this walks a tree; the number of steps is bounded, for texts that are made to
 * confuse. */
static size_t match(const struct pattern *p, const unsigned char *t, const unsigned char *end, bool cut)
{
	struct state stack[STACK + MAX_ALTS], s;
	size_t depth = 1, steps = 8 * p->n + 256, n = (size_t)(end - t), best = 0;
	if (!n || (!is_escape(*t) && !allows(p, 0, *t)))
		return 0;
	stack[0] = (struct state){ 0, 0 };
	while (depth && steps) {
		for (s = stack[--depth]; s.j < p->n && steps; s.j++, s.at++, steps--) {
			if (s.at == n)
				break;
			if (is_escape(t[s.at]) && depth < STACK)
				depth += follow(p, s, t, end, stack + depth);
			if (!allows(p, s.j, t[s.at]))
				break;
		}
		if (s.at > best && (s.j == p->n || (cut && s.at == n && s.j >= REDACT_MIN)))
			best = s.at;
	}
	return best;
}

static size_t match_alone(const struct pattern *p, const unsigned char *text, const unsigned char *t, const unsigned char *end)
{
	if ((size_t)(end - t) < p->n || memcmp(t, p->p, p->n) != 0)
		return 0;
	bool left = t > text && is_word(t[-1]), right = t + p->n < end && is_word(t[p->n]);
	return left || right ? 0 : p->n;
}

static size_t match_any(const struct pattern *p, const unsigned char *text, const unsigned char *t, const unsigned char *end, bool cut)
{
	return p->kind == KIND_ALONE ? match_alone(p, text, t, end) : match(p, t, end, cut);
}

/* --- is there anything? --- */

static bool has_alone(const struct redact_set *r, const unsigned char *t, const unsigned char *end)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].kind == KIND_ALONE)
			for (const unsigned char *p = t; (p = memmem(p, (size_t)(end - p), r->v[i].p, r->v[i].n)) != NULL; p++)
				if (match_alone(&r->v[i], t, p, end))
					return true;
	return false;
}

static bool starts_at(const struct redact_set *r, uint64_t set, const unsigned char *t, const unsigned char *end)
{
	for (; set; set &= set - 1)
		for (size_t i = (size_t)__builtin_ctzll(set); i < r->n; i += 64)
			if (r->v[i].kind != KIND_ALONE && match(&r->v[i], t, end, false))
				return true;
	return false;
}

/* The character, or the first byte of it. */
static unsigned char first_byte(const struct alt *a)
{
	unsigned char u[4];
	if (!a->unicode || a->c < 0x80)
		return (unsigned char)a->c;
	utf8_put(u, a->c);
	return u[0];
}

/* Is there an escape that stands for something in a secret? */
static bool has_escape(const struct redact_set *r, const unsigned char *t, const unsigned char *end)
{
	struct alt alt[MAX_ALTS];
	for (const char *c = "%\\&"; *c; c++)
		for (const unsigned char *p = t; (p = memchr(p, *c, (size_t)(end - p))) != NULL; p++)
			for (unsigned i = alts_at(p, end, alt); i--;)
				if (r->inside[first_byte(&alt[i])])
					return true;
	return false;
}

/* The patterns of which an occurrence can begin here, as bits. Two characters say so, or what an escape stands for. */
static uint64_t may_start(const struct redact_set *r, const unsigned char *t, const unsigned char *end)
{
	struct alt alt[MAX_ALTS];
	uint64_t set = r->first[*t];
	if (is_escape(*t))
		for (unsigned i = alts_at(t, end, alt); i--;)
			set |= r->first[first_byte(&alt[i])];
	else if (set && end - t > 1 && !is_escape(t[1]))
		set &= r->second[t[1]];
	return set;
}

/* Wu and Manber over the unescaped forms. */
static bool has_plain(const struct redact_set *r, const unsigned char *t, const unsigned char *end)
{
	size_t n = (size_t)(end - t), m = r->window;
	for (size_t i = m - 1; i < n;) {
		size_t skip = r->shift[((unsigned)t[i - 1] << 4 ^ t[i]) % HASH_SIZE];
		if (!skip && starts_at(r, may_start(r, t + i + 1 - m, end), t + i + 1 - m, end))
			return true;
		i += skip ? skip : 1;
	}
	return false;
}

static bool has_escaped(const struct redact_set *r, const unsigned char *t, const unsigned char *end)
{
	for (const unsigned char *p = t; p < end; p++)
		if (starts_at(r, may_start(r, p, end), p, end))
			return true;
	return false;
}

static bool set_has(const struct redact_set *r, const unsigned char *t, size_t n)
{
	if (!n || !r->n)
		return false;
	const unsigned char *end = t + n;
	if (has_alone(r, t, end))
		return true;
	return r->window && (has_plain(r, t, end) || (has_escape(r, t, end) && has_escaped(r, t, end)));
}

bool redact_has(const struct secrets *s, const char *p, size_t n)
{
	return s && set_has(secrets_redact_set(s), (const unsigned char *)p, n);
}

/* --- replacing --- */

struct span {
	size_t from, to;
};

struct spans {
	struct span *v;
	size_t n, cap;
};

static void add_span(struct spans *s, size_t from, size_t to)
{
	/* Places come in order, but for the one character that base64 may reach back. */
	while (s->n && from < s->v[s->n - 1].to) {
		struct span *last = &s->v[--s->n];
		from = last->from < from ? last->from : from;
		to = last->to > to ? last->to : to;
	}
	MEM_GROW(s->v, s->cap, s->n + 1);
	s->v[s->n++] = (struct span){ from, to };
}

static void find_at(const struct pattern *p, const unsigned char *t, size_t n, size_t at, bool cut, struct spans *out)
{
	size_t from = at, len = match_any(p, t, t + at, t + n, cut), to = at + len;
	if (!len)
		return;
	if (p->open_left && from && is_base64(t[from - 1]))
		from--;
	if (p->open_right && to < n && is_base64(t[to]))
		to++;
	add_span(out, from, to);
}

static void find_all(const struct redact_set *r, const unsigned char *t, size_t n, bool cut, struct spans *out)
{
	for (size_t at = 0; at < n; at++)
		for (uint64_t set = may_start(r, t + at, t + n); set; set &= set - 1)
			for (size_t i = (size_t)__builtin_ctzll(set); i < r->n; i += 64)
				find_at(&r->v[i], t, n, at, cut, out);
}

/* CUT: what the text's end has cut counts as well. */
static size_t set_redact(const struct redact_set *r, struct buf *b, bool cut)
{
	struct spans found = { NULL, 0, 0 };
	struct buf out = BUF_INIT;
	if (!r->n || !b->n || (!cut && !set_has(r, (const unsigned char *)b->p, b->n)))
		return 0;
	find_all(r, (const unsigned char *)b->p, b->n, cut, &found);
	size_t at = 0, n = found.n;
	for (size_t i = 0; i < n; i++) {
		buf_put(&out, b->p + at, found.v[i].from - at);
		buf_puts(&out, MARK);
		at = found.v[i].to;
	}
	if (n) {
		buf_put(&out, b->p + at, b->n - at);
		/* Not only the length: the old text is no longer to lie in the buffer. */
		explicit_bzero(b->p, b->n);
		buf_clear(b);
		buf_put(b, out.p, out.n);
	}
	mem_free(found.v);
	buf_release(&out);
	return n;
}

size_t redact(const struct secrets *s, struct buf *b)
{
	return s ? set_redact(secrets_redact_set(s), b, false) : 0;
}

static void redact_field(const struct redact_set *r, char *text, size_t cap)
{
	struct buf b = BUF_INIT;
	size_t n = strlen(text);
	buf_put(&b, text, n);
	/* A message that fills its room was cut, up to three bytes before the end so that it ends with a whole character. */
	if (set_redact(r, &b, n + 4 >= cap)) {
		n = b.n < cap - 1 ? b.n : cap - 1;
		while (n < b.n && n && ((unsigned char)b.p[n] & 0xC0) == 0x80)
			n--;
		explicit_bzero(text, cap);
		memcpy(text, b.p, n);
	}
	buf_release(&b);
}

void redact_err(const struct secrets *s, struct err *e)
{
	if (!s || !e)
		return;
	redact_field(secrets_redact_set(s), e->msg, sizeof e->msg);
	redact_field(secrets_redact_set(s), e->file, sizeof e->file);
}
