/* SPDX-License-Identifier: MIT */
/* LIKE, RLIKE and letter case.
 *
 * LIKE runs in O(n x pattern) at worst, without recursion: on a mismatch it goes back to the
 * last `%` only. RLIKE patterns are Java's; they are rewritten to POSIX extended expressions for
 * regcomp(3) in UTF-8, which covers classes, groups, counts and alternation. What has no counterpart (look-around,
 * back-references, named groups) is refused by name. Case mapping is one character to one
 * character (towlower in C.UTF-8), so that the sharp s stays what it is.
 */
#include "expr/node.h"

#include "base/mem.h"

#include <locale.h>
#include <regex.h>
#include <wctype.h>

static size_t char_len(const char *p, size_t n)
{
	unsigned char c = (unsigned char)*p;
	size_t k = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	return k < n ? k : n;
}

bool like_check(const char *pat, size_t n, int escape)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)pat[i] == (unsigned char)escape &&
		    (++i == n || (pat[i] != '%' && pat[i] != '_' && (unsigned char)pat[i] != (unsigned char)escape)))
			return false;
	return true;
}

/* One pattern element at *I: 0 `%`, 1 `_`, 2 a character of *LEN bytes at *I; *I moves to that character */
static int element(const char *pat, size_t n, int escape, size_t *i, size_t *len)
{
	*len = 1;
	if ((unsigned char)pat[*i] == (unsigned char)escape && *i + 1 < n) {
		++*i;
	} else if (pat[*i] == '%') {
		return 0;
	} else if (pat[*i] == '_') {
		return 1;
	}
	*len = char_len(pat + *i, n - *i);
	return 2;
}

bool like_match(const char *s, size_t n, const char *pat, size_t npat, int escape)
{
	size_t i = 0, k = 0, back_i = 0, back_k = SIZE_MAX;
	for (;;) {
		if (k < npat) {
			size_t at = k, len;
			int what = element(pat, npat, escape, &at, &len);
			if (what == 0) {
				back_k = k = at + 1;
				back_i = i;
				continue;
			}
			if (i < n && what == 1) {
				i += char_len(s + i, n - i);
				k = at + 1;
				continue;
			}
			if (what == 2 && n - i >= len && !memcmp(s + i, pat + at, len)) {
				i += len;
				k = at + len;
				continue;
			}
		} else if (i == n) {
			return true;
		}
		if (back_k == SIZE_MAX || back_i >= n)
			return false;
		back_i += char_len(s + back_i, n - back_i);
		i = back_i;
		k = back_k;
	}
}

bool like_prefix(const char *pat, size_t n, int escape, struct buf *to, bool *whole)
{
	size_t i = 0, len;
	*whole = false;
	while (i < n) {
		int what = element(pat, n, escape, &i, &len);
		if (what != 2)
			return what == 0 && i + 1 == n;
		buf_put(to, pat + i, len);
		i += len;
	}
	*whole = true;
	return false;
}

/* letter case */

static uint32_t decode(const char *p, size_t n, size_t *len)
{
	unsigned char c = (unsigned char)*p;
	*len = char_len(p, n);
	if (*len == 1)
		return c;
	uint32_t v = c & (0x7fu >> *len);
	for (size_t i = 1; i < *len; i++)
		v = v << 6 | ((unsigned char)p[i] & 63u);
	return v;
}

static size_t encode(char *to, uint32_t c)
{
	if (c < 0x80)
		return to[0] = (char)c, 1;
	size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = n; --i; c >>= 6)
		to[i] = (char)(0x80 | (c & 63));
	to[0] = (char)((0xf00 >> n & 0xff) | c);
	return n;
}

struct str fold_case(struct arena *a, locale_t loc, struct str s, bool upper)
{
	char *to = arena_alloc(a, 4 * s.n + 1);
	size_t n = 0, len;
	for (size_t i = 0; i < s.n; i += len) {
		unsigned char c = (unsigned char)s.p[i];
		len = 1;
		if (c < 0x80) {
			bool change = upper ? c >= 'a' && c <= 'z' : c >= 'A' && c <= 'Z';
			to[n++] = (char)(change ? c ^ 32 : c);
			continue;
		}
		uint32_t u = decode(s.p + i, s.n - i, &len);
		u = loc ? (uint32_t)(upper ? towupper_l(u, loc) : towlower_l(u, loc)) : u;
		n += encode(to + n, u);
	}
	return (struct str){ to, n };
}

/* regular expressions: Java's to POSIX */

struct regex_in {
	const char *p;
	size_t n, i;
	bool icase;
	unsigned depth;
	size_t cost;     /* what bounded repeats multiply the automaton by */
	const char *why;
};

static bool refuse(struct regex_in *r, const char *why)
{
	r->why = why;
	return false;
}

static const char *class_of(char c)
{
	switch (c) {
	case 'd':
	case 'D':
		return "0-9";
	case 'w':
	case 'W':
		return "a-zA-Z0-9_";
	case 's':
	case 'S':
		return " \t\n\v\f\r";
	default:
		return NULL;
	}
}

static char control_of(char c)
{
	switch (c) {
	case 't':
		return '\t';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 'f':
		return '\f';
	default:
		return 0;
	}
}

/* a backslash outside brackets; I stands on it */
static bool regex_escape(struct regex_in *r, struct buf *to)
{
	if (++r->i >= r->n)
		return refuse(r, "it ends in a backslash");
	char c = r->p[r->i++];
	const char *class = class_of(c);
	if (class) {
		buf_printf(to, "[%s%s]", c >= 'a' ? "" : "^", class);
	} else if (control_of(c)) {
		buf_putc(to, control_of(c));
	} else if (c == 'b' || c == 'B') {
		buf_printf(to, "\\%c", c);
	} else if ((c >= '0' && c <= '9') || c == 'k') {
		return refuse(r, "backreferences are not supported");
	} else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
		return refuse(r, "it has an escape that is not supported (\\d \\w \\s \\b \\t \\n \\r \\f are)");
	} else if (strchr(".[]{}()*+?^$|\\", c)) {
		buf_printf(to, "\\%c", c);
	} else {
		buf_putc(to, c);
	}
	return true;
}

/* [ … ]: members are gathered so that `]`, `^` and `-` land where POSIX wants them */
static bool regex_bracket(struct regex_in *r, struct buf *to)
{
	struct buf in = BUF_INIT;
	bool negated = false, bracket = false, dash = false, caret = false, ok = true;
	if (++r->i < r->n && r->p[r->i] == '^')
		negated = true, r->i++;
	for (bool first = true; ok; first = false) {
		if (r->i >= r->n) {
			ok = refuse(r, "a '[' has no ']'");
			break;
		}
		char c = r->p[r->i++];
		bool literal = false;
		if (c == ']' && !first)
			break;
		if (c == '[' || (c == '&' && r->i < r->n && r->p[r->i] == '&')) {
			ok = refuse(r, "classes within classes are not supported");
			break;
		}
		if (c == '\\') {
			if (r->i >= r->n) {
				ok = refuse(r, "a '[' has no ']'");
				break;
			}
			c = r->p[r->i++];
			if (class_of(c)) {
				if (c < 'a')
					ok = refuse(r, "\\D, \\W and \\S within brackets are not supported");
				buf_puts(&in, class_of(c));
				continue;
			}
			c = control_of(c) ? control_of(c) : c;
			literal = true;
		}
		if (c == ']')
			bracket = true;
		else if (c == '^')
			caret = true;
		else if (c == '-' && (literal || first || (r->i < r->n && r->p[r->i] == ']')))
			dash = true;
		else
			buf_putc(&in, c);
	}
	buf_puts(to, negated ? "[^" : "[");
	if (bracket)
		buf_putc(to, ']');
	buf_put(to, in.p, in.n);
	if (caret && !in.n && !bracket && !negated && !dash) { /* `[\^]` alone */
		to->n--;
		buf_puts(to, "\\^");
	} else {
		if (caret && !in.n && !bracket && !negated)
			buf_puts(to, "-^"), dash = false;
		else if (caret)
			buf_putc(to, '^');
		if (dash)
			buf_putc(to, '-');
		buf_putc(to, ']');
	}
	buf_release(&in);
	return ok;
}

/* {m}, {m,}, {m,n} */
static bool regex_count(struct regex_in *r, struct buf *to)
{
	size_t start = r->i, v[2] = { 0, 0 };
	int k = 0;
	for (r->i++; r->i < r->n && r->p[r->i] != '}'; r->i++) {
		char c = r->p[r->i];
		if (c == ',' && k == 0)
			k = 1;
		else if (c >= '0' && c <= '9' && v[k] < 1000)
			v[k] = v[k] * 10 + (size_t)(c - '0');
		else
			return refuse(r, "a count in braces is malformed or greater than 255");
	}
	size_t most = v[1] > v[0] ? v[1] : v[0];
	if (r->i >= r->n || r->i == start + 1 || most > 255)
		return refuse(r, "a count in braces is malformed or greater than 255");
	r->cost *= most ? most : 1;
	if (r->cost > 4000)
		return refuse(r, "its counts in braces multiply to more than 4000");
	r->i++;
	buf_put(to, r->p + start, r->i - start);
	return true;
}

static bool regex_group(struct regex_in *r, struct buf *to)
{
	r->i++;
	if (++r->depth > 50)
		return refuse(r, "its groups are nested more than 50 deep");
	if (r->i < r->n && r->p[r->i] == '?') {
		if (r->i + 1 >= r->n || r->p[r->i + 1] != ':')
			return refuse(r, "look-around, named groups and flags within the pattern are not supported");
		r->i += 2;
	}
	buf_putc(to, '(');
	return true;
}

static bool regex_step(struct regex_in *r, struct buf *to)
{
	char c = r->p[r->i];
	switch (c) {
	case '\\':
		return regex_escape(r, to);
	case '[':
		return regex_bracket(r, to);
	case '(':
		return regex_group(r, to);
	case ')':
		if (!r->depth--)
			return refuse(r, "a ')' has no '('");
		break;
	case '\0':
		return refuse(r, "it contains NUL");
	case '{':
		if (!regex_count(r, to))
			return false;
		c = '}';
		break;
	case '*':
	case '+':
	case '?':
		break;
	default:
		buf_putc(to, c);
		r->i++;
		return true;
	}
	if (c != '}') {
		buf_putc(to, c);
		r->i++;
	}
	/* greedy or not, possessive or not, finds the same texts but for the possessive */
	if (c != ')' && r->i < r->n && r->p[r->i] == '?')
		r->i++;
	else if (c != ')' && r->i < r->n && r->p[r->i] == '+')
		return refuse(r, "possessive counts are not supported");
	return true;
}

struct matcher {
	regex_t re;
	locale_t loc;
};

struct matcher *regex_compile(const char *pat, size_t n, const char **why)
{
	struct regex_in r = { .p = pat, .n = n, .cost = 1 };
	struct buf to = BUF_INIT;
	struct matcher *m = NULL;
	bool ok = n <= 1000 || refuse(&r, "it is longer than 1000 bytes");
	if (n >= 4 && !memcmp(pat, "(?i)", 4))
		r.icase = true, r.i = 4;
	while (ok && r.i < r.n)
		ok = regex_step(&r, &to);
	if (ok && r.depth)
		ok = refuse(&r, "a '(' has no ')'");
	if (ok) {
		m = mem_zalloc(sizeof *m);
		m->loc = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
		locale_t was = m->loc ? uselocale(m->loc) : (locale_t)0;
		int rc = regcomp(&m->re, buf_cstr(&to), REG_EXTENDED | REG_NOSUB | (r.icase ? REG_ICASE : 0));
		if (m->loc)
			uselocale(was);
		if (rc) {
			if (m->loc)
				freelocale(m->loc);
			mem_free(m);
			m = NULL;
			refuse(&r, "it is malformed");
		}
	}
	*why = r.why;
	buf_release(&to);
	return m;
}

bool regex_match(const struct matcher *m, const char *s, size_t n)
{
	regmatch_t where = { 0, (regoff_t)n };
	locale_t was = m->loc ? uselocale(m->loc) : (locale_t)0;
	int rc = regexec(&m->re, s, 0, &where, REG_STARTEND);
	if (m->loc)
		uselocale(was);
	return rc == 0;
}

void regex_free(struct matcher *m)
{
	if (!m)
		return;
	regfree(&m->re);
	if (m->loc)
		freelocale(m->loc);
	mem_free(m);
}
