/* SPDX-License-Identifier: MIT */
/* Random programs over random ids, against what their numbers are: whole numbers exactly, as long as they are only moved and compared, and
 * doubles from the first calculation on. */
#include "base/rand.h"
#include "json/jq.h"
#include "json/number.h"
#include "t.h"

#include <math.h>
#include <stdlib.h>

#define NIDS 6
#define RECORDS 20

typedef __int128 whole;

struct value {
	bool exact, fails;
	whole n;                   /* exact */
	double d;                  /* otherwise */
};

struct round {
	struct rng r;
	whole id[NIDS];
	struct buf program;
	bool nan;                  /* it came to infinity less infinity, which has no place in an order */
};

static void put_whole(struct buf *b, whole n)
{
	char text[64], *p = text + sizeof text;
	bool minus = n < 0;
	unsigned __int128 u = minus ? -(unsigned __int128)n : (unsigned __int128)n;
	do
		*--p = (char)('0' + (int)(u % 10));
	while (u /= 10);
	if (minus)
		*--p = '-';
	buf_put(b, p, (size_t)(text + sizeof text - p));
}

static double to_double(struct value v)
{
	struct buf b = BUF_INIT;
	if (!v.exact)
		return v.d;
	put_whole(&b, v.n);
	double d = strtod(buf_cstr(&b), NULL);
	buf_release(&b);
	return d;
}

/* Doubles here are below 2^126, or sorted by their sign. */
static int compare(struct value a, struct value b)
{
	if (!a.exact && !b.exact)
		return a.d < b.d ? -1 : a.d > b.d;
	if (!a.exact)
		return -compare(b, a);
	if (b.exact)
		return a.n < b.n ? -1 : a.n > b.n;
	if (fabs(b.d) >= 0x1p126)
		return b.d > 0 ? -1 : 1;
	whole f = (whole)floor(b.d);
	return a.n < f ? -1 : a.n > f ? 1 : floor(b.d) < b.d ? -1 : 0;
}

static uint64_t below(struct round *t, uint64_t n)
{
	return rng_below(&t->r, n);
}

static struct value term(struct round *t, unsigned depth);

static struct value calculated(struct round *t, unsigned depth)
{
	static const char *const ops[] = { "+", "-", "*", "/", "%" };
	unsigned op = (unsigned)below(t, 5);
	buf_puts(&t->program, "(");
	struct value a = term(t, depth + 1);
	buf_printf(&t->program, " %s ", ops[op]);
	struct value b = term(t, depth + 1), r = { .fails = a.fails || b.fails };
	buf_puts(&t->program, ")");
	double x = to_double(a), y = to_double(b);
	switch (op) {
	case 0: r.d = x + y; break;
	case 1: r.d = x - y; break;
	case 2: r.d = x * y; break;
	case 3:
		r.fails = r.fails || y == 0;
		r.d = y == 0 ? 0 : x / y;
		break;
	default: {
		int64_t i = x >= -0x1p63 && x < 0x1p63 ? (int64_t)x : INT64_MIN, j = y >= -0x1p63 && y < 0x1p63 ? (int64_t)y : INT64_MIN;
		r.fails = r.fails || j == 0;
		r.d = j == 0 || j == -1 ? 0 : (double)(i % j);
	}
	}
	t->nan = t->nan || isnan(r.d);
	return r;
}

/* One of several that is picked by order. */
static struct value picked(struct round *t, unsigned depth)
{
	static const char *const picks[] = { "min", "max", "sort[1]", "unique[-1]", "group_by(.)[0][0]", "sort_by(.)[-1]", "min_by(.)", "max_by(.)" };
	static const int at[] = { 0, 2, 1, 2, 0, 2, 0, 2 };
	struct value v[3];
	buf_puts(&t->program, "([");
	bool fails = false;
	for (int i = 0; i < 3; i++) {
		buf_puts(&t->program, i ? "," : "");
		v[i] = term(t, depth + 1);
		fails = fails || v[i].fails;
	}
	for (int i = 0; i < 3; i++)
		for (int k = 0; k < 2; k++)
			if (compare(v[k], v[k + 1]) > 0) {
				struct value x = v[k];
				v[k] = v[k + 1];
				v[k + 1] = x;
			}
	unsigned p = (unsigned)below(t, sizeof at / sizeof *at);
	buf_printf(&t->program, "] | %s)", picks[p]);
	v[at[p]].fails = fails;
	return v[at[p]];
}

static struct value one_of(struct round *t)
{
	unsigned i = (unsigned)below(t, NIDS);
	switch (below(t, 6)) {
	case 0: buf_printf(&t->program, "(.s[%u] | tonumber)", i); break;
	case 1: buf_printf(&t->program, "(.j | fromjson | .[%u])", i); break;
	case 2: buf_printf(&t->program, "(.v[%u] | tostring | tonumber)", i); break;
	case 3: buf_printf(&t->program, "(\"\\(.v[%u])\" | fromjson)", i); break;
	default: buf_printf(&t->program, ".v[%u]", i);
	}
	return (struct value){ .exact = true, .n = t->id[i] };
}

static struct value term(struct round *t, unsigned depth)
{
	static const char *const small[] = { "0", "1", "2", "0.5", "1e16", "1e300", "3000000000", "9007199254740991" };
	struct value a, b;
	switch (depth > 3 ? below(t, 4) : below(t, 12)) {
	case 0: {
		const char *s = small[below(t, sizeof small / sizeof *small)];
		buf_puts(&t->program, s);
		a = (struct value){ .d = strtod(s, NULL) };
		return a;
	}
	case 1:
	case 2:
	case 3: return one_of(t);
	case 4:
	case 5:
	case 6: return calculated(t, depth);
	case 7:
	case 8: return picked(t, depth);
	case 9:
		buf_puts(&t->program, "(");
		a = term(t, depth + 1);
		if (below(t, 2)) {
			buf_puts(&t->program, " | floor)");
			return (struct value){ .d = floor(to_double(a)), .fails = a.fails };
		}
		buf_puts(&t->program, " | length)");
		a.n = a.n < 0 ? -a.n : a.n;
		a.d = fabs(a.d);
		return a;
	case 10:
		buf_puts(&t->program, "(-");
		a = term(t, depth + 1);
		buf_puts(&t->program, ")");
		a.n = -a.n;
		a.d = -a.d;
		return a;
	default: {
		struct value yes, no;
		static const char *const ops[] = { "==", "<", ">=", "!=" };
		unsigned op = (unsigned)below(t, 4);
		buf_puts(&t->program, "(if ");
		a = term(t, depth + 1);
		buf_printf(&t->program, " %s ", ops[op]);
		b = term(t, depth + 1);
		buf_puts(&t->program, " then ");
		yes = term(t, depth + 1);
		buf_puts(&t->program, " else ");
		no = term(t, depth + 1);
		buf_puts(&t->program, " end)");
		int c = compare(a, b);
		bool is = op == 0 ? c == 0 : op == 1 ? c < 0 : op == 2 ? c >= 0 : c != 0;
		struct value r = is ? yes : no;
		r.fails = r.fails || a.fails || b.fails;
		return r;
	}
	}
}

/* Ids that crowd at a few places, many of them with one double in common. */
static void make_ids(struct round *t)
{
	static const whole near[] = { (whole)1 << 53, 675127116845989888, INT64_MAX, UINT64_MAX, 1000000000000000 };
	whole base = near[below(t, 5)];
	for (int i = 0; i < NIDS; i++)
		t->id[i] = (base + (whole)below(t, 8) - 3) * (below(t, 5) ? 1 : -1);
	if (!below(t, 4))
		t->id[0] = (whole)1000000007 * UINT64_MAX;
}

static void put_record(const struct round *t, struct buf *b)
{
	static const char *const parts[] = { "{\"v\":[", "],\"s\":[\"", "\"],\"j\":\"[" }, *const between[] = { ",", "\",\"", "," };
	for (int k = 0; k < 3; k++) {
		buf_puts(b, parts[k]);
		for (int i = 0; i < NIDS; i++) {
			buf_puts(b, i ? between[k] : "");
			put_whole(b, t->id[i]);
		}
	}
	buf_puts(b, "]\"}");
}

static bool is_right(struct value v, const struct buf *out)
{
	struct buf want = BUF_INIT;
	char text[JSON_DOUBLE_TEXT];
	bool ok;
	if (v.exact) {
		put_whole(&want, v.n);
		ok = want.n == out->n && memcmp(want.p, out->p, out->n) == 0;
		buf_release(&want);
		return ok;
	}
	double d = isinf(v.d) ? copysign(1.7976931348623157e308, v.d) : v.d;
	size_t n = json_format_double(text, d);
	n -= n > 2 && text[n - 1] == '0' && text[n - 2] == '.' ? 2 : 0;
	ok = n == out->n && memcmp(text, out->p, n) == 0;
	/* All its digits, where the record has it. */
	buf_printf(&want, "%.0f", d);
	ok = ok || (want.n == out->n && memcmp(want.p, out->p, out->n) == 0);
	buf_release(&want);
	return ok;
}

/* The same program, once more: its text and what it comes to with the ids of now. */
static struct value program(struct round *t, uint64_t seed)
{
	rng_seed(&t->r, seed);
	buf_clear(&t->program);
	t->nan = false;
	struct value v = term(t, 0);
	buf_cstr(&t->program);
	return v;
}

static bool one_record(struct round *t, struct json_jq *q, struct value v)
{
	struct buf rec = BUF_INIT, out = BUF_INIT;
	struct err e = { 0 };
	put_record(t, &rec);
	int r = json_jq_start(q, rec.p, rec.n, &e);
	if (r == 0)
		r = json_jq_next(q, &out, &e);
	bool ok = t->nan || (v.fails ? r == ERR_DATA : r == 1 && is_right(v, &out));
	if (!ok)
		T_FAIL("%s on %s gave %d %s, not %s %.17g", t->program.p, buf_cstr(&rec), r, r < 0 ? e.msg : buf_cstr(&out),
		       v.fails ? "an error" : v.exact ? "the whole number" : "", v.d);
	buf_release(&rec);
	buf_release(&out);
	return ok;
}

static bool one_program(struct round *t, uint64_t seed)
{
	struct json_jq *q = NULL;
	struct err e = { 0 };
	bool ok = true;
	program(t, seed);
	if (json_jq_new(&q, t->program.p, NULL, &e) < 0) {
		T_FAIL("%s: %s", t->program.p, e.msg);
		return false;
	}
	for (uint64_t i = 0; i < RECORDS && ok; i++) {
		rng_seed(&t->r, seed + i * 1000003);
		make_ids(t);
		ok = one_record(t, q, program(t, seed));
	}
	json_jq_free(q);
	return ok;
}

int main(void)
{
	T_CASE("jq: random programs over random ids give those ids, doubles, or an error")
	{
		struct round t = { .program = BUF_INIT };
		const char *more = getenv("SM_JQ_PROGRAMS");
		int n = more ? (int)strtol(more, NULL, 10) : t_rounds(60), bad = 0;
		for (int i = 0; i < n && bad < 5; i++)
			bad += !one_program(&t, 2024 + (uint64_t)i);
		buf_release(&t.program);
	}
	return t_done();
}
