/* SPDX-License-Identifier: MIT */
/* CAST, as Spark's try_cast: what does not fit is NULL. Source: Spark SQL reference, "Cast". */
#include "expr/node.h"

#include "base/clock.h"
#include "base/num.h"
#include "column/format.h"

#include <math.h>
#include <stdlib.h>
#include <strings.h>

static struct str trimmed(struct str s)
{
	while (s.n && (unsigned char)s.p[0] <= ' ')
		s.p++, s.n--;
	while (s.n && (unsigned char)s.p[s.n - 1] <= ' ')
		s.n--;
	return s;
}

/* A run of MIN to MAX digits at *P; false: there is none */
static bool digits(const char **p, const char *end, int min, int max, int64_t *v)
{
	int n = 0;
	*v = 0;
	while (*p < end && n < max && **p >= '0' && **p <= '9') {
		*v = *v * 10 + (*(*p)++ - '0');
		n++;
	}
	return n >= min;
}

/* [+-]y[-m[-d]]; leaves *P behind it */
static bool civil(const char **p, const char *end, int64_t *days)
{
	int64_t y, m = 1, d = 1;
	bool minus = *p < end && **p == '-';
	if (*p < end && (**p == '-' || **p == '+'))
		(*p)++;
	if (!digits(p, end, 4, 7, &y))
		return false;
	if (*p < end && **p == '-') {
		(*p)++;
		if (!digits(p, end, 1, 2, &m))
			return false;
		if (*p < end && **p == '-') {
			(*p)++;
			if (!digits(p, end, 1, 2, &d))
				return false;
		}
	}
	if (minus)
		y = -y;
	if (m < 1 || m > 12 || d < 1 || d > date_days_in_month(y, (unsigned)m) || y > 5000000 || y < -5000000)
		return false;
	*days = date_from_civil(y, (unsigned)m, (unsigned)d);
	return true;
}

/* What stands behind a blank or a T after the date is ignored, as Spark does */
static bool cast_text_to_date(const char *p, size_t n, int32_t *days)
{
	struct str s = trimmed((struct str){ p, n });
	const char *end = s.p + s.n;
	int64_t d;
	if (!civil(&s.p, end, &d) || (s.p < end && *s.p != ' ' && *s.p != 'T'))
		return false;
	*days = (int32_t)d;
	return true;
}

/* Z, UTC, GMT, UTC+h, +h[:m[:s]], +hhmm: seconds east */
static bool zone(const char *p, const char *end, int64_t *east)
{
	int64_t h, m = 0, s = 0;
	*east = 0;
	while (p < end && *p == ' ')
		p++;
	if (end - p == 1 && (*p == 'Z' || *p == 'z'))
		return true;
	if (end - p >= 3 && (!memcmp(p, "UTC", 3) || !memcmp(p, "GMT", 3)))
		p += 3;
	if (p == end)
		return true;
	bool minus = *p == '-';
	if (*p != '+' && *p != '-')
		return false;
	p++;
	if (!digits(&p, end, 1, 2, &h))
		return false;
	if (p < end && *p != ':') {
		if (!digits(&p, end, 2, 2, &m))
			return false;
	} else if (p < end) {
		p++;
		if (!digits(&p, end, 1, 2, &m))
			return false;
		if (p < end && *p == ':' && (p++, !digits(&p, end, 2, 2, &s)))
			return false;
	}
	*east = (h * 3600 + m * 60 + s) * (minus ? -1 : 1);
	return p == end && h <= 18 && m < 60 && s < 60;
}

/* h:m[:s[.fraction]] to microseconds; leaves *P behind it */
static bool clock_time(const char **p, const char *end, int64_t *us)
{
	int64_t h, m = 0, s = 0, f = 0;
	if (!digits(p, end, 1, 2, &h))
		return false;
	if (*p >= end || **p != ':' || ((*p)++, !digits(p, end, 1, 2, &m)))
		return false;
	if (*p < end && **p == ':') {
		(*p)++;
		if (!digits(p, end, 1, 2, &s))
			return false;
		if (*p < end && **p == '.') {
			int n = 0;
			for ((*p)++; *p < end && **p >= '0' && **p <= '9'; (*p)++, n++)
				if (n < 6)
					f = f * 10 + (**p - '0');
			if (n > 9)
				return false;
			for (; n < 6; n++)
				f *= 10;
		}
	}
	*us = ((h * 60 + m) * 60 + s) * US_PER_SEC + f;
	return h < 24 && m < 60 && s < 60;
}

static bool cast_text_to_time(const char *p, size_t n, int64_t *us)
{
	struct str s = trimmed((struct str){ p, n });
	const char *end = s.p + s.n;
	int64_t days, time = 0, east = 0;
	if (!civil(&s.p, end, &days))
		return false;
	if (s.p < end) {
		if (*s.p != ' ' && *s.p != 'T' && *s.p != 't')
			return false;
		s.p++;
		if (!clock_time(&s.p, end, &time) || !zone(s.p, end, &east))
			return false;
	}
	return !__builtin_mul_overflow(days, US_PER_DAY, us) &&
	       !__builtin_add_overflow(*us, time - east * US_PER_SEC, us);
}

static bool text_to_bool(struct str s, int64_t *v)
{
	static const char *const yes[] = { "t", "true", "y", "yes", "1" }, *const no[] = { "f", "false", "n", "no", "0" };
	for (int i = 0; i < 5; i++) {
		if (s.n == strlen(yes[i]) && !strncasecmp(s.p, yes[i], s.n))
			return *v = 1, true;
		if (s.n == strlen(no[i]) && !strncasecmp(s.p, no[i], s.n))
			return *v = 0, true;
	}
	return false;
}

static bool text_to_double(struct str s, double *v)
{
	char t[400];
	size_t n = s.n;
	if (n && (s.p[n - 1] | 32) >= 'd' && (s.p[n - 1] | 32) <= 'f' && (s.p[n - 1] | 32) != 'e')
		n--; /* Java's suffixes */
	if (!n || n >= sizeof t)
		return false;
	memcpy(t, s.p, n);
	t[n] = 0;
	const char *body = t + (*t == '-' || *t == '+');
	if (!strcasecmp(body, "nan") || !strcasecmp(body, "inf") || !strcasecmp(body, "infinity")) {
		if (s.n != n)
			return false;
		*v = (body[0] | 32) == 'n' ? NAN : *t == '-' ? -INFINITY : INFINITY;
		return true;
	}
	if (strspn(t, "0123456789+-.eE") != n || !((*body >= '0' && *body <= '9') || *body == '.'))
		return false;
	char *end;
	*v = strtod(t, &end);
	return !*end && end != t;
}

static bool int_range(const struct type *to, int64_t v)
{
	switch (to->kind) {
	case TYPE_BYTE:
		return v >= INT8_MIN && v <= INT8_MAX;
	case TYPE_SHORT:
		return v >= INT16_MIN && v <= INT16_MAX;
	case TYPE_INTEGER:
	case TYPE_DATE:
		return v >= INT32_MIN && v <= INT32_MAX;
	default:
		return true;
	}
}

static bool to_decimal(__int128 v, int scale, const struct type *to, struct value *out)
{
	return dec_rescale(v, scale, to->scale, &out->dec) && dec_fits(out->dec, to->precision);
}

static bool string_to_decimal(struct str s, const struct type *to, struct value *out)
{
	int precision, scale;
	__int128 v;
	return dec_parse(s.p, s.n, &v, &precision, &scale) && to_decimal(v, scale, to, out);
}

bool cast_string(const struct str s, const struct type *to, struct value *out, struct arena *a)
{
	struct str t = trimmed(s);
	int32_t days;
	(void)a;
	switch (to->kind) {
	case TYPE_BOOLEAN:
		return text_to_bool(t, &out->i);
	case TYPE_BYTE:
	case TYPE_SHORT:
	case TYPE_INTEGER:
	case TYPE_LONG:
		if (t.n > 1 && t.p[0] == '+' && t.p[1] != '-')
			t.p++, t.n--;
		return num_i64(t.p, t.n, &out->i) && int_range(to, out->i);
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
		if (!text_to_double(t, &out->d))
			return false;
		if (to->kind == TYPE_FLOAT)
			out->d = (float)out->d;
		return true;
	case TYPE_DECIMAL:
		return string_to_decimal(t, to, out);
	case TYPE_DATE:
		if (!cast_text_to_date(t.p, t.n, &days))
			return false;
		out->i = days;
		return true;
	case TYPE_TIMESTAMP:
	case TYPE_TIMESTAMP_NTZ:
		return cast_text_to_time(t.p, t.n, &out->i);
	default:
		out->s = s;
		return true;
	}
}

static void print_time(struct buf *b, int64_t us)
{
	char t[48];
	size_t n = time_format(t, us, us % US_PER_SEC ? 6 : 0, false);
	if (us % US_PER_SEC)
		while (t[n - 1] == '0')
			n--;
	char *sep = memchr(t, 'T', n);
	if (sep)
		*sep = ' ';
	buf_put(b, t, n);
}

static bool to_string(const struct type *from, const struct value *v, struct arena *a, struct str *out)
{
	struct buf b = BUF_INIT;
	char t[FORMAT_ROOM];
	switch (from->kind) {
	case TYPE_BOOLEAN:
		buf_puts(&b, v->i ? "true" : "false");
		break;
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
		buf_put(&b, t, dbl_text(t, v->d, from->kind == TYPE_FLOAT));
		break;
	case TYPE_DECIMAL:
		buf_put(&b, t, (size_t)(format_decimal(t, v->dec, from->scale) - t));
		break;
	case TYPE_DATE:
		buf_put(&b, t, date_format(t, (int32_t)v->i));
		break;
	case TYPE_TIMESTAMP:
	case TYPE_TIMESTAMP_NTZ:
		print_time(&b, v->i);
		break;
	default:
		buf_i64(&b, v->i);
	}
	out->n = b.n;
	out->p = arena_strndup(a, b.p, b.n);
	buf_release(&b);
	return true;
}

static bool double_to_int(double d, int64_t *v)
{
	if (!(d >= -9223372036854775808.0 && d < 9223372036854775808.0))
		return false;
	*v = (int64_t)d;
	return true;
}

/* a number to seconds since the epoch */
static bool seconds_to_time(const struct type *from, const struct value *v, int64_t *us)
{
	__int128 t;
	switch (sql_type_vkind(from)) {
	case V_DBL:
		return double_to_int(v->d * 1e6, us);
	case V_DEC:
		if (!dec_rescale(v->dec, from->scale, 6, &t) || t > INT64_MAX || t < INT64_MIN)
			return false;
		*us = (int64_t)t;
		return true;
	default:
		return !__builtin_mul_overflow(v->i, US_PER_SEC, us);
	}
}

static bool to_time(const struct type *from, const struct value *v, int64_t *us)
{
	if (from->kind == TYPE_DATE)
		return !__builtin_mul_overflow(v->i, US_PER_DAY, us);
	if (sql_type_is_time(from))
		return *us = v->i, true;
	return seconds_to_time(from, v, us);
}

static bool to_int(const struct type *from, const struct value *v, const struct type *to, int64_t *out)
{
	switch (sql_type_vkind(from)) {
	case V_DBL:
		if (!double_to_int(v->d, out))
			return false;
		break;
	case V_DEC: {
		__int128 t = v->dec / dec_pow10(from->scale);
		if (t > INT64_MAX || t < INT64_MIN)
			return false;
		*out = (int64_t)t;
		break;
	}
	default:
		*out = sql_type_is_time(from) ? time_floor_div(v->i, US_PER_SEC) : v->i;
	}
	return int_range(to, *out);
}

static bool to_double(const struct type *from, const struct value *v, const struct type *to, double *out)
{
	switch (sql_type_vkind(from)) {
	case V_DBL:
		*out = v->d;
		break;
	case V_DEC:
		*out = dec_double(v->dec, from->scale);
		break;
	default:
		if (sql_type_is_time(from))
			*out = (double)v->i / 1e6;
		else if (to->kind == TYPE_FLOAT)
			*out = (float)v->i;
		else
			*out = (double)v->i;
	}
	if (to->kind == TYPE_FLOAT)
		*out = (float)*out;
	return true;
}

/* by way of the text, as BigDecimal.valueOf(double) does */
static bool decimal_of(const struct type *from, const struct value *v, const struct type *to, struct value *out)
{
	char t[64];
	switch (sql_type_vkind(from)) {
	case V_DBL:
		return string_to_decimal((struct str){ t, dbl_text(t, v->d, from->kind == TYPE_FLOAT) }, to, out);
	case V_DEC:
		return to_decimal(v->dec, from->scale, to, out);
	default:
		return sql_type_is_time(from) ? to_decimal(v->i, 6, to, out) : to_decimal(v->i, 0, to, out);
	}
}

static bool to_bool(const struct type *from, const struct value *v, int64_t *out)
{
	enum vkind k = sql_type_vkind(from);
	*out = k == V_DBL ? v->d != 0 : k == V_DEC ? v->dec != 0 : v->i != 0;
	return true;
}

static bool cast_one(const struct type *from, const struct type *to, const struct value *v, struct value *out,
		     struct arena *a)
{
	if (from->kind == TYPE_STRING || from->kind == TYPE_BINARY)
		return cast_string(v->s, to, out, a);
	switch (to->kind) {
	case TYPE_BOOLEAN:
		return to_bool(from, v, &out->i);
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
		return to_double(from, v, to, &out->d);
	case TYPE_DECIMAL:
		return decimal_of(from, v, to, out);
	case TYPE_STRING:
		return to_string(from, v, a, &out->s);
	case TYPE_DATE:
		out->i = sql_type_is_time(from) ? time_floor_div(v->i, US_PER_DAY) : v->i;
		return int_range(to, out->i);
	case TYPE_TIMESTAMP:
	case TYPE_TIMESTAMP_NTZ:
		return to_time(from, v, &out->i);
	default:
		return to_int(from, v, to, &out->i);
	}
}

void cast_value(struct fn_ctx *c, const struct node *x, const struct value *a, struct value *out)
{
	out->null = !cast_one(&x->arg[0]->type, &x->type, a, out, c->arena);
}

bool cast_possible(const struct type *from, const struct type *to)
{
	if (sql_type_vkind(from) == V_REF || sql_type_vkind(to) == V_REF || to->kind == TYPE_VOID)
		return false;
	if (from->kind == TYPE_VOID || from->kind == to->kind || from->kind == TYPE_STRING)
		return true;
	if (to->kind == TYPE_STRING)
		return true;
	if (from->kind == TYPE_BINARY || to->kind == TYPE_BINARY)
		return false;
	if (from->kind == TYPE_DATE)
		return sql_type_is_time(to);
	if (to->kind == TYPE_DATE)
		return sql_type_is_time(from);
	if (sql_type_is_time(from))
		return sql_type_is_time(to) || (from->kind == TYPE_TIMESTAMP && sql_type_is_numeric(to));
	if (sql_type_is_time(to))
		return to->kind == TYPE_TIMESTAMP && sql_type_is_numeric(from);
	return true; /* numbers and booleans */
}

/* Monotone: x <= y means cast(x) <= cast(y), where neither is null. Text never is. */
bool cast_is_monotone(const struct type *from, const struct type *to)
{
	enum vkind f = sql_type_vkind(from);
	return from->kind == to->kind || (f != V_STR && f != V_BOOL && f != V_REF && to->kind != TYPE_STRING &&
					  to->kind != TYPE_BOOLEAN);
}

bool cast_never_fails(const struct type *from, const struct type *to)
{
	if (to->kind == TYPE_STRING || to->kind == TYPE_BOOLEAN)
		return from->kind != TYPE_STRING;
	if (sql_type_is_integral(from) || from->kind == TYPE_DECIMAL) {
		struct type d = sql_type_as_decimal(from);
		if (to->kind == TYPE_DECIMAL)
			return to->precision - to->scale >= d.precision - d.scale;
		return to->kind == TYPE_DOUBLE || to->kind == TYPE_FLOAT ||
		       (sql_type_is_integral(from) && sql_type_is_integral(to) && to->kind >= from->kind);
	}
	return (sql_type_vkind(from) == V_DBL && sql_type_vkind(to) == V_DBL) || (sql_type_is_time(from) && sql_type_is_time(to));
}
