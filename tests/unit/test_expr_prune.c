/* SPDX-License-Identifier: MIT */
/* Pruning: what it must see, and on random conditions, data and statistics: no row is ever lost. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/rand.h"
#include "column/json_in.h"
#include "expr/expr.h"
#include "t.h"

static const char schema_text[] = "struct<a:integer,b:long,d:double,s:string,t:timestamp,dt:date,dec:decimal(6,2),k:boolean,p:string,"
				  "st:struct<x:integer>,l:array<integer>>";
enum { A, B, D, S, T, DT, DEC, K, P, STX, L, LEAVES };

struct table {
	struct schema schema;
	struct batch batch;
	struct column_stats stats[LEAVES];
	struct expr_leaf leaf[LEAVES];
};

static bool fill(struct table *t, const char *rows)
{
	struct err e = { 0 };
	struct json_in_line line;
	struct buf b = BUF_INIT;
	schema_init(&t->schema);
	if (type_parse(&t->schema.root, &t->schema.arena, schema_text, strlen(schema_text), &e))
		return T_FAIL("%s", e.msg), false;
	batch_init(&t->batch, &t->schema.root);
	struct json_in *in = json_in_new(&t->schema.root, NULL);
	buf_puts(&b, rows);
	memset(buf_reserve(&b, 64), 0, 64);
	json_in_block(in, b.p, b.n);
	bool ok = json_in_next(in, &t->batch, 1 << 20, 0, &line, &e) == JSON_IN_END;
	if (!ok)
		T_FAIL("%s in %s", e.msg, rows);
	json_in_free(in);
	buf_release(&b);
	const struct column *c = t->batch.col;
	for (int i = 0; i < LEAVES; i++) {
		const struct column *leaf = i < STX ? &c[i] : &c[i].child[0];
		stats_init(&t->stats[i], leaf->type);
		if (i != L)
			stats_update(&t->stats[i], leaf, NULL, leaf->n);
		t->leaf[i] = (struct expr_leaf){ i == L ? NULL : &t->stats[i], i != L, false };
	}
	return ok;
}

static void drop(struct table *t)
{
	batch_release(&t->batch);
	schema_release(&t->schema);
}

struct query {
	struct expr *x;
	struct expr_bound *q;
	struct expr_eval *ev;
};

static bool prepare(struct query *q, const struct table *t, const char *text)
{
	struct err e;
	memset(q, 0, sizeof *q);
	if (expr_parse(&q->x, text, strlen(text), &e) || expr_bind(&q->q, q->x, &t->schema.root, EXPR_PREDICATE, &e)) {
		T_FAIL("%s: %s", text, e.msg);
		expr_free(q->x);
		return false;
	}
	q->ev = expr_eval_new(q->q);
	return true;
}

static void finish(struct query *q)
{
	expr_eval_free(q->ev);
	expr_bound_free(q->q);
	expr_free(q->x);
}

/* the outcomes that occur */
static unsigned outcomes(struct query *q, const struct table *t)
{
	struct field f = { .name = "v", .nname = 1, .type = { .kind = TYPE_BOOLEAN }, .nullable = true };
	struct type type = { .kind = TYPE_STRUCT, .fields = &f, .nfields = 1 };
	struct batch o;
	unsigned may = 0;
	batch_init(&o, &type);
	expr_values(q->ev, &t->batch, &o.col[0]);
	for (size_t i = 0; i < t->batch.nrows; i++)
		may |= column_is_null(&o.col[0], i) ? EXPR_MAY_NULL : bit_get(o.col[0].data, i) ? EXPR_MAY_TRUE : EXPR_MAY_FALSE;
	batch_release(&o);
	return may;
}

static void test_known(void)
{
	static const char rows[] = "{\"a\":1,\"b\":10,\"d\":1.5,\"s\":\"apple\",\"t\":\"2024-01-01T00:00:00Z\",\"dt\":\"2024-01-01\",\"dec\":1.25,\"k\":true,\"p\":\"en\",\"st\":{\"x\":1}}\n"
				   "{\"a\":5,\"b\":20,\"d\":2.5,\"s\":\"apricot\",\"t\":\"2024-01-31T00:00:00Z\",\"dt\":\"2024-01-31\",\"dec\":9.75,\"k\":true,\"p\":\"en\",\"st\":{\"x\":3}}\n";
	static const struct { const char *expr; bool may; } c[] = {
		{ "a > 5", false }, { "a >= 5", true }, { "a < 1", false }, { "a = 3", true }, { "a = 6", false }, { "a <> 3", true }, { "NOT a <= 5", false },
		{ "a IN (0, 6, 7)", false }, { "a IN (0, 3)", true }, { "a NOT IN (1)", true }, { "a BETWEEN 6 AND 9", false }, { "a BETWEEN 5 AND 9", true }, { "a NOT BETWEEN 0 AND 9", false },
		{ "a IS NULL", false }, { "a IS NOT NULL", true }, { "a > 5 OR b > 20", false }, { "a > 5 OR b > 19", true }, { "a > 4 AND b > 20", false }, { "a > b", false }, { "a < b", true },
		{ "a = 1.5", true }, { "a > 5.5", false }, { "a > '5'", false }, { "b > 20.5D", false }, { "d < 1", false }, { "d > 3", true /* NaN */ }, { "d = 3", false }, { "d <= 1.4", false },
		{ "s = 'b'", false }, { "s = 'apple'", true }, { "s LIKE 'b%'", false }, { "s LIKE 'ap%'", true }, { "s LIKE 'aqua%'", false }, { "s NOT LIKE 'ap%'", false }, { "s NOT LIKE 'app%'", true },
		{ "startswith(s, 'b')", false }, { "s LIKE 'apqx'", true }, { "s LIKE 'zzz'", false }, { "s LIKE '%x'", true }, { "s > 'apricot'", false },
		{ "t >= '2024-02-01'", false }, { "t < '2024-01-01'", false }, { "year(t) = 2023", false }, { "year(t) = 2024", true }, { "date(t) = '2024-02-01'", false }, { "CAST(t AS date) = dt", true },
		{ "date_trunc('month', t) = '2023-12-01'", false }, { "dt > DATE '2024-01-31'", false }, { "dt + INTERVAL 1 MONTH < '2024-02-01'", false }, { "t - INTERVAL 1 DAY > '2024-01-31'", false }, { "month(dt) = 7", true },
		{ "dec > 9.75", false }, { "dec >= 9.7500", true }, { "dec < 1", false }, { "NOT k", false }, { "k", true }, { "k = false", false }, { "p = 'de'", false }, { "upper(p) = 'DE'", false }, { "upper(p) = 'EN'", true },
		{ "p || 'x' = 'dex'", false }, { "length(p) > 2", false }, { "p RLIKE '^d'", false }, { "p ILIKE 'E%'", true }, { "st.x > 3", false }, { "st.x = 2", true }, { "st IS NULL", true }, { "size(l) > 1000", true },
		{ "CASE WHEN p = 'en' THEN a ELSE 100 END > 50", false }, { "coalesce(a, 100) > 50", false }, { "if(p = 'de', true, false)", false }, { "a <=> NULL", false }, { "NULL", false }, { "false", false },
		{ "a > 5 IS NOT TRUE", true }, { "(a > 5) IS TRUE", false }, { "(a > 5) IS NULL", false }, { "floor(dec) > 9", false }, { "a + 1 > 100", true }, { "p = 'en' AND a = 2", true }, { "p = 'de' AND a = 2", false },
	};
	struct table t;
	if (fill(&t, rows)) {
		t.leaf[P].constant = true;
		for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
			struct query q;
			if (!prepare(&q, &t, c[i].expr))
				continue;
			unsigned may = expr_prune(q.ev, t.leaf);
			if (!(may & EXPR_MAY_TRUE) == c[i].may)
				T_FAIL("%s: %u", c[i].expr, may);
			if (outcomes(&q, &t) & ~may)
				T_FAIL("%s: says %u, happens %u", c[i].expr, may, outcomes(&q, &t));
			finish(&q);
		}
	}
	drop(&t);
}

static void test_all_match(void)
{
	static const struct { const char *expr; unsigned may; } c[] = {
		{ "p = 'en'", EXPR_MAY_TRUE }, { "p <> 'en'", EXPR_MAY_FALSE }, { "a >= 1 AND p = 'en'", EXPR_MAY_TRUE }, { "p IS NULL", EXPR_MAY_FALSE },
		{ "p IN ('de', 'en')", EXPR_MAY_TRUE }, { "p NOT IN ('de', NULL)", EXPR_MAY_NULL }, { "a > 100 OR b >= 10", EXPR_MAY_TRUE }, { "p LIKE 'e%'", EXPR_MAY_TRUE },
	};
	struct table t;
	if (fill(&t, "{\"a\":1,\"b\":10,\"p\":\"en\"}\n{\"a\":2,\"b\":11,\"p\":\"en\"}\n")) {
		t.leaf[P].constant = true;
		for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
			struct query q;
			if (!prepare(&q, &t, c[i].expr))
				continue;
			unsigned may = expr_prune(q.ev, t.leaf);
			if (may != c[i].may)
				T_FAIL("%s: %u", c[i].expr, may);
			finish(&q);
		}
	}
	drop(&t);
}

/* --- random --- */

static const char *pick(struct rng *r, const char *const *v, size_t n) { return v[rng_below(r, n)]; }
#define PICK(r, ...) pick(r, (const char *const[]){ __VA_ARGS__ }, sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

static void random_rows(struct rng *r, struct buf *b)
{
	size_t n = 1 + rng_below(r, 4);
	unsigned null = (unsigned)rng_below(r, 4);
	const char *part = PICK(r, "\"en\"", "\"de\"", "null", "\"\"");
	for (size_t i = 0; i < n; i++) {
#define MEMBER(name, ...) if (rng_below(r, 4) >= null) buf_printf(b, "\"" name "\":" __VA_ARGS__)
		buf_putc(b, '{');
		MEMBER("a", "%d,", (int)rng_below(r, 7) - 3);
		MEMBER("b", "%lld,", rng_below(r, 2) ? (long long)rng_below(r, 7) - 3 : 9007199254740990LL + (long long)rng_below(r, 6));
		MEMBER("d", "%s,", PICK(r, "-1.5", "0.0", "-0.0", "1.0", "2.25", "\"NaN\"", "\"Infinity\"", "1e300"));
		MEMBER("s", "\"%s\",", PICK(r, "", "a", "ab", "abc", "b", "ba", "é", "zz", "a%b", "abcabcabc", "\xf4\x8f\xbf\xbf"));
		MEMBER("t", "\"%s\",", PICK(r, "2024-01-30T23:00:00Z", "2024-01-31T01:00:00Z", "2024-01-31T01:00:00.000999Z", "1969-12-31T23:59:59.999999Z", "2024-02-29T00:00:00Z"));
		MEMBER("dt", "\"%s\",", PICK(r, "2024-01-30", "2024-01-31", "1969-12-31", "2024-02-29", "0001-01-01"));
		MEMBER("dec", "%s,", PICK(r, "-1.50", "0", "1.25", "2.00", "9999.99"));
		MEMBER("k", "%s,", PICK(r, "true", "false"));
		MEMBER("st", "%s,", PICK(r, "{\"x\":1}", "{\"x\":2}", "{}"));
		MEMBER("l", "%s,", PICK(r, "[1]", "[]", "[1,null]"));
		buf_printf(b, "\"p\":%s}\n", part);
#undef MEMBER
	}
}

static void number(struct rng *r, struct buf *b)
{
	buf_puts(b, PICK(r, "a", "b", "d", "dec", "st.x", "-3", "0", "1", "2", "2.25", "1.5", "1e300", "9007199254740992", "NULL", "l[0]", "size(l)", "a + 1",
			 "CAST(d AS int)", "CAST(a AS double)", "CAST(b AS double)", "CAST(dec AS int)", "floor(d)", "round(dec)", "ceil(dec)", "abs(a)", "coalesce(a, 2)", "CAST(b AS float)",
			 "CASE WHEN k THEN a ELSE b END", "year(dt)", "length(s)", "length(p)", "CAST(s AS int)", "s", "'1'", "'1.5'", "CAST(dec AS decimal(4,1))", "nullif(a, 1)", "greatest(a, b)", "CAST(d AS decimal(10,1))"));
}

static void text(struct rng *r, struct buf *b)
{
	buf_puts(b, PICK(r, "s", "p", "s", "'a'", "'ab'", "'b'", "''", "'zz'", "'é'", "NULL", "upper(p)", "lower(s)", "p || s", "coalesce(s, 'b')", "substring(s, 1, 1)", "CAST(d AS string)", "'0.0'", "'-0.0'"));
}

static void moment(struct rng *r, struct buf *b)
{
	buf_puts(b, PICK(r, "t", "dt", "CAST(t AS date)", "date_trunc('month', t)", "DATE '2024-01-31'", "TIMESTAMP '2024-01-31 01:00:00.000999'", "TIMESTAMP '2024-01-31 01:00:00'", "dt + 1",
			 "t + INTERVAL 1 MONTH", "dt + INTERVAL 1 MONTH", "t - INTERVAL 1 DAY", "TIMESTAMP '2024-02-29 01:00:00'", "last_day(dt)", "date_add(dt, 1)", "CAST(dt AS timestamp)", "trunc(dt, 'year')"));
}

static void predicate(struct rng *r, struct buf *b, unsigned depth);

static void comparison(struct rng *r, struct buf *b)
{
	void (*kind)(struct rng *, struct buf *) = (void (*[])(struct rng *, struct buf *)){ number, text, moment }[rng_below(r, 3)];
	kind(r, b);
	if (rng_below(r, 8) == 0) {
		buf_puts(b, PICK(r, " IS NULL", " IS NOT NULL"));
		return;
	}
	if (rng_below(r, 6) == 0) {
		buf_puts(b, PICK(r, " BETWEEN ", " NOT BETWEEN "));
		kind(r, b);
		buf_puts(b, " AND ");
		kind(r, b);
		return;
	}
	if (rng_below(r, 6) == 0) {
		buf_puts(b, PICK(r, " IN (", " NOT IN ("));
		kind(r, b);
		buf_puts(b, ", ");
		kind(r, b);
		buf_puts(b, ")");
		return;
	}
	buf_printf(b, " %s ", PICK(r, "=", "<>", "<", "<=", ">", ">=", "<=>"));
	kind(r, b);
}

static void predicate(struct rng *r, struct buf *b, unsigned depth)
{
	uint64_t what = rng_below(r, depth ? 12 : 5);
	if (what < 4) {
		comparison(r, b);
	} else if (what < 5) {
		buf_puts(b, PICK(r, "k", "NOT k", "k IS NULL", "true", "NULL", "s LIKE 'a%'", "s LIKE 'ab'", "s NOT LIKE 'ab%'", "p LIKE 'e%'", "startswith(s, 'ab')", "s LIKE 'é%'", "s LIKE '%'", "s LIKE ''",
				 "endswith(p, 'n')", "array_contains(l, 1)", "k = false", "s ILIKE 'A%'", "d = d", "d > 1e301", "CAST(a AS boolean)", "st IS NULL", "s LIKE 'a\\\\%%'", "p RLIKE 'e'"));
	} else if (what < 9) {
		const char *op = PICK(r, " AND ", " OR ");
		buf_putc(b, '(');
		predicate(r, b, depth - 1);
		buf_puts(b, op);
		predicate(r, b, depth - 1);
		buf_putc(b, ')');
	} else if (what < 11) {
		buf_puts(b, "NOT (");
		predicate(r, b, depth - 1);
		buf_putc(b, ')');
	} else {
		buf_putc(b, '(');
		predicate(r, b, depth - 1);
		buf_printf(b, ") %s", PICK(r, "IS TRUE", "IS FALSE", "IS NOT TRUE", "IS NULL", "= (a > 0)", "<=> NULL"));
	}
}

/* what writers and readers of statistics do to them */
static void blur(struct rng *r, struct table *t)
{
	if (rng_below(r, 2) && t->stats[S].has_minmax) {
		struct column_stats *s = &t->stats[S];
		if (s->min.s.n > 1 && (s->min.s.p[1] & 0xc0) != 0x80)
			s->min.s.n = 1, s->min_cut = true;
		if (s->max.s.n > 1 && (s->max.s.p[1] & 0xc0) != 0x80)
			s->max.s.n = 1, s->max_cut = true;
		else if (rng_below(r, 4) == 0)
			s->max.s.n = 0, s->max_cut = true;
	}
	t->stats[T].min.i = time_floor_div(t->stats[T].min.i, 1000) * 1000;
	t->stats[T].max.i = time_floor_div(t->stats[T].max.i, 1000) * 1000 + 1000;
	for (int i = 0; i < LEAVES; i++) {
		if (rng_below(r, 10) == 0)
			t->leaf[i].stats = NULL;
		if (rng_below(r, 10) == 0)
			t->leaf[i].nulls_known = false;
		if (rng_below(r, 10) == 0 && i != P)
			t->stats[i].has_minmax = false;
	}
	t->leaf[P].constant = rng_below(r, 4) != 0;
}

static void test_random(unsigned rounds)
{
	struct rng r;
	struct buf rows = BUF_INIT, text_buf = BUF_INIT;
	unsigned pruned = 0, empty = 0;
	rng_seed(&r, 20240131);
	for (unsigned i = 0; i < rounds; i++) {
		struct table t;
		buf_clear(&rows);
		random_rows(&r, &rows);
		if (!fill(&t, buf_cstr(&rows)))
			return;
		blur(&r, &t);
		for (int k = 0; k < 8; k++) {
			struct query q;
			buf_clear(&text_buf);
			predicate(&r, &text_buf, 3);
			if (!prepare(&q, &t, buf_cstr(&text_buf)))
				continue;
			unsigned may = expr_prune(q.ev, t.leaf), is = outcomes(&q, &t);
			pruned += !(may & EXPR_MAY_TRUE);
			empty += !(is & EXPR_MAY_TRUE);
			if (is & ~may)
				T_FAIL("%s\n# %s# says %u, happens %u", text_buf.p, rows.p, may, is);
			finish(&q);
		}
		drop(&t);
	}
	printf("# %u of %u without a match were seen to be so\n", pruned, empty);
	T_OK(pruned * 4 > empty);
	buf_release(&rows);
	buf_release(&text_buf);
}

int main(void)
{
	T_CASE("what can be skipped is, what cannot is not") { test_known(); }
	T_CASE("files that match as a whole") { test_all_match(); }
	T_CASE("100000 random conditions: every outcome that happens was foreseen") { test_random((unsigned)t_rounds(12500)); }
	return t_done();
}
