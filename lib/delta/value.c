/* SPDX-License-Identifier: MIT */
/* Partition values: text to value and back, by type. */
#include "base/clock.h"
#include "base/num.h"
#include "column/format.h"
#include "delta/partition.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>

bool delta_partition_type_ok(const struct type *t)
{
	return t->kind > TYPE_VOID && t->kind < TYPE_STRUCT;
}

static bool parse_range(const char *s, size_t n, int64_t lo, int64_t hi, int64_t *v)
{
	return num_i64(s, n, v) && *v >= lo && *v <= hi;
}

static bool parse_double(const char *s, size_t n, bool single, double *v)
{
	char t[400], *end;
	if (n == 0 || n >= sizeof t)
		return false;
	memcpy(t, s, n);
	t[n] = '\0';
	bool word = strcmp(t, "NaN") == 0 || strcmp(t, "Infinity") == 0 || strcmp(t, "-Infinity") == 0;
	if (!word && strspn(t, "0123456789+-.eE") != n)
		return false;
	*v = single ? (double)strtof(t, &end) : strtod(t, &end);
	return *end == '\0';
}

/* [-+]digits[.digits][E[-+]digits] scaled to SCALE; digits that would be lost must be zero. */
static bool parse_decimal(const char *s, size_t n, const struct type *t, __int128 *v)
{
	const char *end = s + n;
	unsigned __int128 u = 0, limit = 1;
	int64_t exponent = 0;
	int fraction = 0, digits = 0;
	bool neg = n && *s == '-', point = false;
	if (n && (*s == '-' || *s == '+'))
		s++;
	for (int i = 0; i < t->precision; i++)
		limit *= 10;
	for (; s < end && (isdigit((unsigned char)*s) || (*s == '.' && !point)); s++) {
		if (*s == '.') {
			point = true;
			continue;
		}
		if (u > ~(unsigned __int128)0 / 10 - 1)
			return false;
		u = u * 10 + (unsigned)(*s - '0');
		digits++;
		fraction += point;
	}
	if (s < end && (*s == 'e' || *s == 'E')) {
		s++;
		s += s < end && *s == '+';
		if (!parse_range(s, (size_t)(end - s), -400, 400, &exponent))
			return false;
		s = end;
	}
	if (s != end || digits == 0)
		return false;
	for (int64_t shift = t->scale - fraction + exponent; shift != 0 && u != 0; shift += shift > 0 ? -1 : 1) {
		if (shift > 0 ? u >= limit : u % 10 != 0)
			return false;
		u = shift > 0 ? u * 10 : u / 10;
	}
	if (u >= limit)
		return false;
	*v = neg ? -(__int128)u : (__int128)u;
	return true;
}

static bool two_digits(const char **s, const char *end, unsigned max, unsigned *v)
{
	if (end - *s < 2 || !isdigit((unsigned char)(*s)[0]) || !isdigit((unsigned char)(*s)[1]))
		return false;
	*v = (unsigned)((*s)[0] - '0') * 10 + (unsigned)((*s)[1] - '0');
	*s += 2;
	return *v <= max;
}

/* [+-]YYYY…-MM-DD at *S; years of up to six digits. */
static bool read_date(const char **s, const char *end, int64_t *days)
{
	const char *p = *s;
	int64_t year = 0;
	unsigned month, day;
	bool neg = p < end && *p == '-';
	if (p < end && (*p == '-' || *p == '+'))
		p++;
	const char *first = p;
	for (; p < end && isdigit((unsigned char)*p) && p - first < 7; p++)
		year = year * 10 + (*p - '0');
	if (p - first < 4 || p - first > 6)
		return false;
	if (neg)
		year = -year;
	if (p == end || *p++ != '-' || !two_digits(&p, end, 12, &month) || month == 0)
		return false;
	if (p == end || *p++ != '-' || !two_digits(&p, end, date_days_in_month(year, month), &day) || day == 0)
		return false;
	*days = date_from_civil(year, month, day);
	*s = p;
	return true;
}

/* HH:MM[:SS[.fraction]] at *S, in microseconds. */
static bool read_clock(const char **s, const char *end, int64_t *us)
{
	const char *p = *s;
	unsigned h, m, sec = 0;
	int64_t fraction = 0, unit = 100000;
	if (!two_digits(&p, end, 23, &h) || p == end || *p++ != ':' || !two_digits(&p, end, 59, &m))
		return false;
	if (p < end && *p == ':') {
		p++;
		if (!two_digits(&p, end, 59, &sec))
			return false;
		if (p < end && *p == '.') {
			const char *first = ++p;
			for (; p < end && isdigit((unsigned char)*p); p++, unit /= 10)
				fraction += (*p - '0') * unit;
			if (p == first || p - first > 9)
				return false;
		}
	}
	*us = (((int64_t)h * 60 + m) * 60 + sec) * US_PER_SEC + fraction;
	*s = p;
	return true;
}

/* Nothing, Z, +hh:mm or -hh:mm; what to take off to get UTC. */
static bool read_zone(const char **s, const char *end, int64_t *us)
{
	unsigned h, m = 0;
	*us = 0;
	if (*s == end)
		return true;
	char c = *(*s)++;
	if (c == 'Z' || c == 'z')
		return true;
	if ((c != '+' && c != '-') || !two_digits(s, end, 18, &h))
		return false;
	if (*s < end && **s == ':')
		++*s;
	if (*s < end && !two_digits(s, end, 59, &m))
		return false;
	*us = ((int64_t)h * 60 + m) * 60 * US_PER_SEC * (c == '-' ? -1 : 1);
	return true;
}

static bool parse_timestamp(const char *s, size_t n, bool zoned, int64_t *us)
{
	const char *end = s + n;
	int64_t days, clock = 0, zone = 0;
	if (!read_date(&s, end, &days))
		return false;
	if (s < end) {
		char sep = *s++;
		if ((sep != 'T' && sep != 't' && sep != ' ') || !read_clock(&s, end, &clock))
			return false;
		if (zoned && !read_zone(&s, end, &zone))
			return false;
		if (!zoned && s < end && *s == 'Z')
			s++;
	}
	*us = days * US_PER_DAY + clock - zone;
	return s == end;
}

static bool parse_date(const char *s, size_t n, int64_t *v)
{
	const char *end = s + n;
	return read_date(&s, end, v) && s == end && *v >= INT32_MIN && *v <= INT32_MAX;
}

static bool parse_boolean(const char *s, size_t n, int64_t *v)
{
	*v = n == 4 && strncasecmp(s, "true", 4) == 0;
	return *v || (n == 5 && strncasecmp(s, "false", 5) == 0);
}

static bool parse_kind(struct delta_value *v, const struct type *t, const char *s, size_t n)
{
	switch (t->kind) {
	case TYPE_BOOLEAN: return parse_boolean(s, n, &v->i);
	case TYPE_BYTE: return parse_range(s, n, INT8_MIN, INT8_MAX, &v->i);
	case TYPE_SHORT: return parse_range(s, n, INT16_MIN, INT16_MAX, &v->i);
	case TYPE_INTEGER: return parse_range(s, n, INT32_MIN, INT32_MAX, &v->i);
	case TYPE_LONG: return num_i64(s, n, &v->i);
	case TYPE_FLOAT: return parse_double(s, n, true, &v->d);
	case TYPE_DOUBLE: return parse_double(s, n, false, &v->d);
	case TYPE_DECIMAL: return parse_decimal(s, n, t, &v->dec);
	case TYPE_DATE: return parse_date(s, n, &v->i);
	case TYPE_TIMESTAMP: return parse_timestamp(s, n, true, &v->i);
	case TYPE_TIMESTAMP_NTZ: return parse_timestamp(s, n, false, &v->i);
	case TYPE_STRING:
	case TYPE_BINARY:
		v->s.p = s;
		v->s.n = n;
		return true;
	default: return false;
	}
}

int delta_value_parse(struct delta_value *v, const struct type *t, const char *text, size_t n, struct err *e)
{
	memset(v, 0, sizeof *v);
	if (!text || n == 0) {
		v->null = true;
		return 0;
	}
	if (parse_kind(v, t, text, n))
		return 0;
	struct buf b = BUF_INIT;
	type_print(t, &b);
	err_set(e, ERR_DATA, "partition value '%.*s' is not a valid %s", n < 200 ? (int)n : 200, text, buf_cstr(&b));
	buf_release(&b);
	return ERR_DATA;
}

static void print_timestamp(struct buf *b, int64_t us, bool zoned)
{
	char t[48];
	size_t n;
	if (zoned) {
		n = time_format(t, us, 6, true);
	} else {
		n = time_format(t, us, us % US_PER_SEC ? 6 : 0, false);
		*(char *)memchr(t, 'T', n) = ' ';
	}
	buf_put(b, t, n);
}

void delta_value_print(const struct delta_value *v, const struct type *t, struct buf *b)
{
	char d[FORMAT_ROOM];
	if (v->null)
		return;
	switch (t->kind) {
	case TYPE_BOOLEAN: buf_puts(b, v->i ? "true" : "false"); break;
	case TYPE_FLOAT: delta_java_float(b, (float)v->d); break;
	case TYPE_DOUBLE: delta_java_double(b, v->d); break;
	case TYPE_DECIMAL: buf_put(b, d, (size_t)(format_decimal(d, v->dec, t->scale) - d)); break;
	case TYPE_DATE: buf_put(b, d, date_format(d, (int32_t)v->i)); break;
	case TYPE_TIMESTAMP: print_timestamp(b, v->i, true); break;
	case TYPE_TIMESTAMP_NTZ: print_timestamp(b, v->i, false); break;
	case TYPE_STRING:
	case TYPE_BINARY: buf_put(b, v->s.p, v->s.n); break;
	default: buf_i64(b, v->i); break;
	}
}

void delta_value_of(struct delta_value *v, const struct column *c, size_t i)
{
	memset(v, 0, sizeof *v);
	v->null = column_is_null(c, i);
	if (v->null)
		return;
	switch (c->type->kind) {
	case TYPE_BOOLEAN: v->i = bit_get(c->data, i); break;
	case TYPE_FLOAT:
	case TYPE_DOUBLE: v->d = column_double(c, i); break;
	case TYPE_DECIMAL: v->dec = column_decimal(c, i); break;
	case TYPE_STRING:
	case TYPE_BINARY:
		v->s.p = column_bytes(c, i, &v->s.n);
		v->null = v->s.n == 0;
		break;
	default: v->i = column_i64(c, i); break;
	}
}

void delta_value_append(const struct delta_value *v, struct column *c)
{
	if (v->null) {
		column_add_null(c);
		return;
	}
	switch (c->type->kind) {
	case TYPE_BOOLEAN: column_add_bool(c, v->i != 0); break;
	case TYPE_FLOAT:
	case TYPE_DOUBLE: column_add_double(c, v->d); break;
	case TYPE_DECIMAL: column_add_decimal(c, v->dec); break;
	case TYPE_STRING:
	case TYPE_BINARY: column_add_bytes(c, v->s.p, v->s.n); break;
	default: column_add_i64(c, v->i); break;
	}
}
