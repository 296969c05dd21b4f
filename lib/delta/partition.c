/* SPDX-License-Identifier: MIT */
/* Escapes partition values for folders and paths, and prints floating-point numbers as Java does. */
#include "delta/partition.h"

#include "base/ascii.h"
#include "base/hash.h"
#include "base/mem.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define DIR_HASH 17   /* ~ and a hash in hexadecimal */

static void put_percent(struct buf *b, unsigned char c)
{
	static const char hex[] = "0123456789ABCDEF";
	char t[3] = { '%', hex[c >> 4], hex[c & 15] };
	buf_put(b, t, 3);
}

static void put_hive(struct buf *b, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		if (c < 0x20 || c == 0x7f || (c < 0x80 && strchr("\"#%'*/:=?\\{[]^", c)))
			put_percent(b, c);
		else
			buf_putc(b, (char)c);
	}
}

/* Where to cut P[0..n) so that no character and no %XX is torn: AT or a few bytes before. */
static size_t cut(const char *p, size_t at)
{
	while (at && ((unsigned char)p[at] & 0xC0) == 0x80)
		at--;
	for (size_t k = 1; k <= 2 && k <= at; k++)
		if (p[at - k] == '%')
			return at - k;
	return at;
}

void delta_partition_dir(struct buf *b, const char *name, const char *text, size_t n, size_t max)
{
	size_t start = b->n;
	put_hive(b, name, strlen(name));
	buf_putc(b, '=');
	if (!text || n == 0)
		buf_puts(b, DELTA_NULL_PARTITION);
	else
		put_hive(b, text, n);
	size_t len = b->n - start;
	if (len <= max)
		return;
	/* A cut name must not say column=value: readers that go by names would take it for the value. */
	uint64_t h = hash_stable(b->p + start, len, 0);
	char *equals = memchr(b->p + start, '=', len);
	*equals = '~';
	b->n = start + cut(b->p + start, max - DIR_HASH);
	buf_printf(b, "~%016llx", (unsigned long long)h);
}

static bool path_char(unsigned char c)
{
	return isalnum(c) || (c && strchr("-_.!~*'()@&=+$,;/", c));
}

void delta_path_encode(struct buf *b, const char *path, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)path[i];
		if (c < 0x80 && path_char(c))
			buf_putc(b, (char)c);
		else
			put_percent(b, c);
	}
}

/* Length of "scheme" when TEXT begins with scheme://, else 0. */
static size_t scheme_length(const char *text, size_t n)
{
	size_t i = 0;
	while (i < n && (isalnum((unsigned char)text[i]) || (i && strchr("+.-", text[i]) && text[i])))
		i++;
	bool is = i > 1 && i + 2 < n && text[i] == ':' && text[i + 1] == '/' && text[i + 2] == '/';
	return is ? i : 0;
}

int delta_path_decode(const char **path, struct arena *a, const char *text, size_t n, struct err *e)
{
	if (n >= 6 && memcmp(text, "file:/", 6) == 0) {
		text += 5;
		n -= 5;
		if (n > 2 && text[1] == '/' && text[2] == '/') {
			text += 2;
			n -= 2;
		}
	} else if (scheme_length(text, n)) {
		return err_set(e, ERR_UNSUPPORTED, "unsupported kind of path: %.*s", (int)n, text);
	}
	char *to = arena_alloc(a, n + 1), *at = to;
	for (size_t i = 0; i < n; i++) {
		char c = text[i];
		if (c == '%') {
			int hi = i + 2 < n ? ascii_hex(text[i + 1]) : -1, lo = i + 2 < n ? ascii_hex(text[i + 2]) : -1;
			if (hi < 0 || lo < 0)
				return err_set(e, ERR_DATA, "invalid %% sequence in path: %.*s", (int)n, text);
			c = (char)(hi << 4 | lo);
			i += 2;
		}
		if (c == '\0')
			return err_set(e, ERR_DATA, "the path contains NUL: %.*s", (int)n, text);
		*at++ = c;
	}
	*at = '\0';
	if (at == to)
		return err_set(e, ERR_DATA, "the path is empty");
	*path = to;
	return 0;
}

/* DIGITS and EXP10 of the shortest decimal that is read back as V (> 0, finite): V = d.ddd x 10^exp. */
static int shortest(char *digits, int *exp10, double v, bool single)
{
	char t[40];
	for (int prec = 0; prec < 17; prec++) {
		snprintf(t, sizeof t, "%.*e", prec, v);
		if (single ? strtof(t, NULL) == (float)v : strtod(t, NULL) == v)
			break;
	}
	int n = 0;
	const char *p = t;
	for (; *p && *p != 'e'; p++)
		if (*p != '.')
			digits[n++] = *p;
	*exp10 = *p ? (int)strtol(p + 1, NULL, 10) : 0;
	while (n > 1 && digits[n - 1] == '0')
		n--;
	return n;
}

static void java_number(struct buf *b, double v, bool single)
{
	char d[40];
	int exp10;
	if (isnan(v)) {
		buf_puts(b, "NaN");
		return;
	}
	if (signbit(v))
		buf_putc(b, '-');
	v = fabs(v);
	if (isinf(v) || v == 0) {
		buf_puts(b, v == 0 ? "0.0" : "Infinity");
		return;
	}
	int n = shortest(d, &exp10, v, single);
	if (exp10 >= -3 && exp10 < 7) {
		int whole = exp10 + 1; /* digits before the point */
		if (whole <= 0)
			buf_putc(b, '0');
		for (int i = 0; i < whole; i++)
			buf_putc(b, i < n ? d[i] : '0');
		buf_putc(b, '.');
		for (int i = whole; i < 0; i++)
			buf_putc(b, '0');
		int from = whole > 0 ? whole : 0;
		if (from >= n)
			buf_putc(b, '0');
		else
			buf_put(b, d + from, (size_t)(n - from));
		return;
	}
	buf_putc(b, d[0]);
	buf_putc(b, '.');
	if (n > 1)
		buf_put(b, d + 1, (size_t)n - 1);
	else
		buf_putc(b, '0');
	buf_printf(b, "E%d", exp10);
}

void delta_java_double(struct buf *b, double v)
{
	java_number(b, v, false);
}

void delta_java_float(struct buf *b, float v)
{
	java_number(b, (double)v, true);
}
