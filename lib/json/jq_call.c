/* SPDX-License-Identifier: MIT */
/* What the definitions of jq_defs call in C: calculation with coded numbers, numbers to text and back, and checks. */
#include "base/arena.h"
#include "base/mem.h"
#include "json/jq_parts.h"

#include <math.h>
#include <string.h>

#define INDEX_MOST ((double)(1 << 23))   /* of an element that is set: more are not in a record either */

static jv fail(const char *why)
{
	return jv_invalid_with_msg(jv_string(why));
}

/* Takes none of its arguments. */
static double number(const struct jq_numbers *nums, jv v)
{
	double d;
	jq_numbers_decode(nums, jv_number_value(v), &d);
	return d;
}

static jv coded(const struct jq_numbers *nums, double d)
{
	double code = jq_numbers_code(nums, d);
	if (isnan(code) && !isnan(d))
		return fail("a number this large cannot be used with this record's large integers");
	return jv_number(code);
}

/* --- calculation --- */

/* As the processor converts: what does not fit is the least. */
static int64_t to_integer(double d)
{
	return d >= -9223372036854775808.0 && d < 9223372036854775808.0 ? (int64_t)d : INT64_MIN;
}

static jv by_zero(double a, double b, const char *what)
{
	return jv_invalid_with_msg(jv_string_fmt("number (%.11g) and number (%.11g) cannot be divided%s because the divisor is zero", a, b, what));
}

static jv calculated(const struct jq_numbers *nums, enum jq_op op, double a, double b)
{
	int64_t n = to_integer(a), by = to_integer(b);
	switch (op) {
	case JQ_PLUS: return coded(nums, a + b);
	case JQ_MINUS: return coded(nums, a - b);
	case JQ_TIMES: return coded(nums, a * b);
	case JQ_DIVIDE: return b == 0 ? by_zero(a, b, "") : coded(nums, a / b);
	default:
		if (by == 0)
			return by_zero(a, b, " (remainder)");
		return coded(nums, by == -1 ? 0 : (double)(n % by));
	}
}

/* --- to text --- */

bool jq_print(const struct jq_numbers *nums, struct buf *b, jv v, unsigned depth, jq_scalar_fn *scalar)
{
	bool ok = true;
	jv_kind kind = jv_get_kind(v);
	if (kind != JV_KIND_ARRAY && kind != JV_KIND_OBJECT) {
		scalar(nums, b, v);
		return true;
	}
	if (depth >= JSON_MAX_DEPTH)
		return false;
	if (kind == JV_KIND_ARRAY) {
		int n = jv_array_length(jv_copy(v));
		for (int i = 0; ok && i < n; i++) {
			jv value = jv_array_get(jv_copy(v), i);
			buf_putc(b, i ? ',' : '[');
			ok = jq_print(nums, b, value, depth + 1, scalar);
			jv_free(value);
		}
		buf_puts(b, n ? "]" : "[]");
		return ok;
	}
	char before = '{';
	for (int i = jv_object_iter(v); ok && jv_object_iter_valid(v, i); i = jv_object_iter_next(v, i)) {
		jv key = jv_object_iter_key(v, i), value = jv_object_iter_value(v, i);
		buf_putc(b, before);
		before = ',';
		scalar(nums, b, key);
		buf_putc(b, ':');
		ok = jq_print(nums, b, value, depth + 1, scalar);
		jv_free(key);
		jv_free(value);
	}
	buf_puts(b, before == ',' ? "}" : "{}");
	return ok;
}

static void put_dump(struct buf *b, jv taken)
{
	jv text = jv_dump_string(taken, 0);
	buf_put(b, jv_string_value(text), (size_t)jv_string_length_bytes(jv_copy(text)));
	jv_free(text);
}

/* As jq's tojson, but for numbers that have their own text. */
static void put_scalar(const struct jq_numbers *nums, struct buf *b, jv v)
{
	double d;
	if (jv_get_kind(v) != JV_KIND_NUMBER)
		put_dump(b, jv_copy(v));
	else if (jq_numbers_decode(nums, jv_number_value(v), &d))
		jq_numbers_print(nums, b, jv_number_value(v));
	else
		put_dump(b, jv_number(d));
}

static jv to_text(const struct jq_numbers *nums, jv v)
{
	struct buf b = BUF_INIT;
	jv r = jq_print(nums, &b, v, 0, put_scalar) ? jv_string_sized(b.p, (int)b.n) : fail("the value is nested too deeply to be converted to text");
	buf_release(&b);
	return r;
}

/* --- from text --- */

static jv lost(const char *what)
{
	return jv_invalid_with_msg(jv_string_fmt("%s: a constructed integer has more digits than jq keeps", what));
}

static jv one(jv v)
{
	return jv_array_append(jv_array_sized(1), v);
}

/* Doubles, as libjq has read them, to codes; NaN, which aborts libjq in many a place, is none. Takes V. */
static jv coded_all(const struct jq_numbers *nums, jv v)
{
	switch (jv_get_kind(v)) {
	case JV_KIND_NUMBER: {
		double d = jv_number_value(v);
		jv_free(v);
		return isnan(d) ? fail("nan cannot be parsed as a number") : coded(nums, d);
	}
	case JV_KIND_ARRAY:
		for (int i = 0, n = jv_array_length(jv_copy(v)); i < n && jv_is_valid(v); i++) {
			jv c = coded_all(nums, jv_array_get(jv_copy(v), i));
			if (jv_is_valid(c)) {
				v = jv_array_set(v, i, c);
				continue;
			}
			jv_free(v);
			return c;
		}
		return v;
	case JV_KIND_OBJECT:
		for (int i = jv_object_iter(v); jv_object_iter_valid(v, i); i = jv_object_iter_next(v, i)) {
			jv c = coded_all(nums, jv_object_iter_value(v, i));
			if (!jv_is_valid(c)) {
				jv_free(v);
				return c;
			}
			v = jv_object_set(v, jv_object_iter_key(v, i), c);
		}
		return v;
	default: return v;
	}
}

/* The results, in an array. */
static jv from_json(const struct jq_numbers *nums, jv text)
{
	const char *s = jv_string_value(text);
	size_t n = (size_t)jv_string_length_bytes(jv_copy(text));
	if (!jq_long_digits(s, n)) {
		jv v = jv_parse_sized(s, (int)n);
		if (!jv_is_valid(v) && !jv_invalid_has_msg(jv_copy(v))) {
			jv_free(v);
			return jv_array();
		}
		if (jv_is_valid(v) && (nums->gap.n || memmem(s, n, "nan", 3) || memmem(s, n, "NaN", 3)))
			v = coded_all(nums, v);
		return jv_is_valid(v) ? one(v) : v;
	}
	struct arena a = ARENA_INIT;
	struct json *root;
	struct err e = { 0 };
	jv r = json_parse_large(&root, &a, s, n, &e) == 0 ? jq_build(nums, root) : jv_invalid_with_msg(jv_string(e.msg));
	if (!jv_is_valid(r) && !jv_invalid_has_msg(jv_copy(r))) {
		jv_free(r);
		r = lost("fromjson");
	}
	arena_release(&a);
	return jv_is_valid(r) ? one(r) : r;
}

/* A whole number with white space, a sign, zeros in front of it. */
static jv to_number(const struct jq_numbers *nums, jv text)
{
	static const char space[] = " \t\r\n";
	const char *s = jv_string_value(text);
	s += strspn(s, space);
	bool minus = *s == '-';
	s += minus;
	s += strspn(s, "0");
	size_t n = strspn(s, "0123456789");
	if (n >= JQ_BIG_DIGITS && !s[n + strspn(s + n, space)]) {
		double code = jq_numbers_value(nums, s, n);
		return isnan(code) ? lost("tonumber") : one(jv_number(minus ? -code : code));
	}
	jv v = jv_parse(jv_string_value(text));
	if (jv_get_kind(v) == JV_KIND_NUMBER)
		v = coded_all(nums, v);
	else if (jv_is_valid(v) || !jv_invalid_has_msg(jv_copy(v))) {
		bool none = !jv_is_valid(v);
		jv_free(v);
		return none ? jv_array() : fail("this text cannot be parsed as a number");
	}
	return jv_is_valid(v) ? one(v) : v;
}

/* --- checks --- */

static jv implode(jv a)
{
	int n = jv_array_length(jv_copy(a));
	jv s = jv_string_empty(n);
	for (int i = 0; i < n; i++) {
		jv c = jv_array_get(jv_copy(a), i);
		double d = jv_get_kind(c) == JV_KIND_NUMBER ? jv_number_value(c) : -1;
		jv_free(c);
		if (!(d >= 0 && d <= 0x10FFFF && d == floor(d)) || (d >= 0xD800 && d <= 0xDFFF)) {
			jv_free(s);
			return fail("implode needs an array of code points");
		}
		s = jv_string_append_codepoint(s, (uint32_t)d);
	}
	return s;
}

/* Does not take V. */
static bool is_nan(jv v)
{
	return jv_get_kind(v) == JV_KIND_NUMBER && isnan(jv_number_value(v));
}

static bool bound_is_nan(jv slice, const char *name)
{
	jv v = jv_object_get(jv_copy(slice), jv_string(name));
	bool yes = is_nan(v);
	jv_free(v);
	return yes;
}

/* The path itself, if it is none that libjq dies of. */
static jv checked_path(jv path)
{
	const char *why = NULL;
	int n = jv_get_kind(path) == JV_KIND_ARRAY ? jv_array_length(jv_copy(path)) : 0;
	for (int i = 0; i < n && !why; i++) {
		jv v = jv_array_get(jv_copy(path), i);
		jv_kind kind = jv_get_kind(v);
		if (kind == JV_KIND_NUMBER && !(jv_number_value(v) <= INDEX_MOST))
			why = "an index in a path is larger than 8388608, or not a number";
		if (kind == JV_KIND_OBJECT && (bound_is_nan(v, "start") || bound_is_nan(v, "end")))
			why = "a slice's bound is not a number";
		jv_free(v);
	}
	return why ? fail(why) : jv_copy(path);
}

static jv rewritten(json_jq_rewrite_fn *fn, jv text)
{
	if (!fn || jv_get_kind(text) != JV_KIND_STRING)
		return fail("not a string");
	size_t n = (size_t)jv_string_length_bytes(jv_copy(text));
	char *to = mem_alloc(n + 1);
	jv r = jv_string_sized(to, (int)fn(to, jv_string_value(text), n));
	mem_free(to);
	return r;
}

jv jq_call(const struct jq_numbers *nums, json_jq_rewrite_fn *fn, jv args)
{
	jv op = jv_array_get(jv_copy(args), 0), a = jv_array_get(jv_copy(args), 1), b = jv_array_get(jv_copy(args), 2), r;
	enum jq_op which = (enum jq_op)jv_number_value(op);
	jv_free(args);
	switch (which) {
	case JQ_DECODE: r = jv_number(number(nums, a)); break;
	case JQ_CODE: r = coded(nums, jv_number_value(a)); break;
	case JQ_TOSTRING: r = to_text(nums, a); break;
	case JQ_TONUMBER: r = to_number(nums, a); break;
	case JQ_FROMJSON: r = from_json(nums, a); break;
	case JQ_IMPLODE: r = implode(a); break;
	case JQ_PATH: r = checked_path(a); break;
	case JQ_NULLABLE: r = jv_bool(jq_regex_nullable(jv_string_value(a), (size_t)jv_string_length_bytes(jv_copy(a)))); break;
	case JQ_REWRITE: r = rewritten(fn, a); break;
	default: r = calculated(nums, which, number(nums, a), number(nums, b));
	}
	jv_free(op);
	jv_free(a);
	jv_free(b);
	return r;
}
