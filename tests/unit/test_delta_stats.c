/* SPDX-License-Identifier: MIT */
#include "base/mem.h"
#include "delta/stats.h"
#include "t.h"

static struct buf b;

#define MAXC "\xF4\x8F\xBF\xBF"
#define A10 "aaaaaaaaaa"
#define A32 A10 A10 A10 "aa"
#define GRIN "\xF0\x9F\x98\x80"   /* two UTF-16 units */

static const char *min_of(const char *s)
{
	buf_clear(&b);
	delta_stats_min_string(&b, s, strlen(s));
	return buf_cstr(&b);
}

static const char *max_of(const char *s, bool cut)
{
	buf_clear(&b);
	if (!delta_stats_max_string(&b, s, strlen(s), cut))
		return "(none)";
	return buf_cstr(&b);
}

static void test_strings(void)
{
	T_CASE("a minimum is the first 32 units") {
		T_STR(min_of("abc"), "abc");
		T_STR(min_of(A32), A32);
		T_STR(min_of(A32 "b"), A32);
		T_STR(min_of("é" A32), "é" A10 A10 A10 "a");
	}
	T_CASE("a pair is not split") {
		T_STR(min_of(A10 A10 A10 "a" GRIN "zz"), A10 A10 A10 "a" GRIN);
		T_STR(min_of(A10 A10 A10 GRIN "zz"), A10 A10 A10 GRIN);
	}
	T_CASE("a maximum of up to 32 units is itself") {
		T_STR(max_of("abc", false), "abc");
		T_STR(max_of(A32, false), A32);
		T_STR(max_of("", false), "");
	}
	T_CASE("a longer one ends in U+007F, or U+10FFFF when what follows is not below U+007F") {
		T_STR(max_of(A32 "b", false), A32 "\x7f");
		T_STR(max_of(A32 "\x7f", false), A32 MAXC);
		T_STR(max_of(A32 "é", false), A32 MAXC);
		T_STR(max_of(A32 GRIN, false), A32 MAXC);
	}
	T_CASE("U+10FFFF is taken in, and at the end the whole string counts") {
		T_STR(max_of(A32 MAXC "b", false), A32 MAXC "\x7f");
		T_STR(max_of(A32 MAXC MAXC, false), A32 MAXC MAXC);
	}
	T_CASE("no bound beyond 64 units, or when a cut string ends too early") {
		char s[256];
		size_t n = 32;
		memset(s, 'a', n);
		for (int i = 0; i < 17; i++, n += 4)
			memcpy(s + n, MAXC, 4);
		s[n++] = 'x';
		s[n] = '\0';
		T_STR(max_of(s, false), "(none)");
		T_STR(max_of("abc", true), "(none)");
		T_STR(max_of(A32 "b", true), A32 "\x7f");
	}
}

static struct column_stats leaves[40];

static void range_i(size_t i, int64_t lo, int64_t hi)
{
	leaves[i].has_minmax = true;
	leaves[i].min.i = lo;
	leaves[i].max.i = hi;
}

static void text(size_t i, const char *lo, const char *hi)
{
	leaves[i].has_minmax = true;
	leaves[i].min.s.n = (uint32_t)strlen(lo);
	leaves[i].max.s.n = (uint32_t)strlen(hi);
	memcpy(leaves[i].min.s.p, lo, strlen(lo));
	memcpy(leaves[i].max.s.p, hi, strlen(hi));
}

static const struct type *init_leaves(const struct type *t, size_t *n)
{
	if (t->kind != TYPE_STRUCT && t->kind != TYPE_LIST && t->kind != TYPE_MAP) {
		stats_init(&leaves[*n], t);
		leaves[(*n)++].values = 10;
	}
	for (size_t i = 0; i < t->nfields; i++)
		init_leaves(&t->fields[i].type, n);
	return t;
}

static const char *printed(const char *schema, struct arena *a, struct type *t)
{
	static struct err e;
	size_t n = 0;
	if (type_parse(t, a, schema, strlen(schema), &e))
		return e.msg;
	init_leaves(t, &n);
	return "";
}

static void test_print(void)
{
	struct arena a = ARENA_INIT;
	struct type t;
	const uint64_t list_nulls[] = { 4 };
	T_CASE("min, max and null counts, nested like the schema") {
		T_STR(printed("struct<id:long,u:struct<name:string,ok:boolean>,tags:array<string>,at:timestamp,n:timestamp_ntz,d:date>", &a, &t), "");
		range_i(0, -5, INT64_C(9223372036854775807));
		text(1, "ann", "zoë");
		leaves[2].nulls = 3;
		range_i(2, 0, 1);
		range_i(4, 1783007755298999, 1783007755298999);
		range_i(5, -1, -1);
		range_i(6, 0, 19000);
		buf_clear(&b);
		delta_stats_print(&b, &t, 10, leaves, list_nulls, DELTA_STATS_LEAVES);
		T_STR(buf_cstr(&b), "{\"numRecords\":10,\"minValues\":{\"id\":-5,\"u\":{\"name\":\"ann\"},"
		      "\"at\":\"2026-07-02T15:55:55.298Z\",\"n\":\"1969-12-31T23:59:59.999\",\"d\":\"1970-01-01\"},"
		      "\"maxValues\":{\"id\":9223372036854775807,\"u\":{\"name\":\"zoë\"},"
		      "\"at\":\"2026-07-02T15:55:55.298Z\",\"n\":\"1969-12-31T23:59:59.999\",\"d\":\"2022-01-08\"},"
		      "\"nullCount\":{\"id\":0,\"u\":{\"name\":0,\"ok\":3},\"tags\":4,\"at\":0,\"n\":0,\"d\":0}}");
	}
	T_CASE("the first columns only; a list counts as one") {
		T_STR(printed("struct<l:array<struct<x:long,y:long>>,a:long,b:long>", &a, &t), "");
		range_i(2, 1, 2);
		range_i(3, 3, 4);
		buf_clear(&b);
		delta_stats_print(&b, &t, 1, leaves, NULL, 2);
		T_STR(buf_cstr(&b), "{\"numRecords\":1,\"minValues\":{\"a\":1},\"maxValues\":{\"a\":2},\"nullCount\":{\"a\":0}}");
	}
	T_CASE("infinities and NaN are left out") {
		T_STR(printed("struct<a:double,b:double,c:decimal(5,2)>", &a, &t), "");
		leaves[0].has_minmax = leaves[1].has_minmax = leaves[2].has_minmax = true;
		leaves[0].min.d = 1.5;
		leaves[0].max.d = __builtin_inf();
		leaves[1].min.d = leaves[1].max.d = 2;
		leaves[1].has_nan = true;
		leaves[2].min.dec = leaves[2].max.dec = -5;
		buf_clear(&b);
		delta_stats_print(&b, &t, 10, leaves, NULL, DELTA_STATS_LEAVES);
		T_STR(buf_cstr(&b), "{\"numRecords\":10,\"minValues\":{\"a\":1.5,\"b\":2.0,\"c\":-0.05},\"maxValues\":{\"c\":-0.05},"
		      "\"nullCount\":{\"a\":0,\"b\":0,\"c\":0}}");
	}
	arena_release(&a);
}

static void test_parse(void)
{
	struct arena a = ARENA_INIT, scratch = ARENA_INIT;
	struct type t;
	struct delta_stats st;
	T_CASE("statistics read back") {
		const char *s = "{\"numRecords\":3,\"minValues\":{\"id\":-5,\"u\":{\"name\":\"ann\"},\"at\":\"2026-07-02T15:55:55.298-08:00\",\"f\":1.0},"
				"\"maxValues\":{\"id\":7,\"u\":{\"name\":\"zoe\"},\"at\":\"2026-07-02 15:55:55.298123-08:00\",\"f\":1e400},"
				"\"nullCount\":{\"id\":1,\"u\":{\"name\":0},\"f\":9},\"tightBounds\":false}";
		T_STR(printed("struct<id:long,u:struct<name:string>,at:timestamp,f:double,none:long>", &a, &t), "");
		delta_stats_parse(&st, leaves, &t, s, strlen(s), &scratch);
		T_INT(st.rows, 3);
		T_OK(!st.tight);
		T_OK(leaves[0].has_minmax && leaves[0].min.i == -5 && leaves[0].max.i == 7 && leaves[0].nulls == 1 && leaves[0].values == 3);
		T_OK(leaves[1].has_minmax && !leaves[1].min_cut && !leaves[1].max_cut);
		T_MEM(leaves[1].max.s.p, leaves[1].max.s.n, "zoe", 3);
		T_INT(leaves[2].min.i, 1783036555298000);
		T_INT(leaves[2].max.i, 1783036555299123);
		T_OK(!leaves[3].has_minmax && leaves[3].nulls == DELTA_NULLS_UNKNOWN);
		T_OK(!leaves[4].has_minmax && leaves[4].nulls == DELTA_NULLS_UNKNOWN);
	}
	T_CASE("a string without a maximum has no upper bound") {
		const char *s = "{\"numRecords\":3,\"minValues\":{\"s\":\"b\"}}";
		T_STR(printed("struct<s:string,i:integer>", &a, &t), "");
		delta_stats_parse(&st, leaves, &t, s, strlen(s), &scratch);
		T_OK(leaves[0].has_minmax && leaves[0].max.s.n == 0 && leaves[0].max_cut);
		T_OK(!leaves[1].has_minmax);
	}
	T_CASE("what does not parse or fit is as if it were not there") {
		static const char *const bad[] = { "", "null", "{", "[]", "{\"numRecords\":-1,\"minValues\":7,\"nullCount\":null}",
			"{\"minValues\":{\"s\":1,\"i\":\"x\"},\"maxValues\":{\"s\":[],\"i\":99999999999}}" };
		T_STR(printed("struct<s:string,i:integer>", &a, &t), "");
		for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
			delta_stats_parse(&st, leaves, &t, bad[i], strlen(bad[i]), &scratch);
			T_OK(st.rows == -1 && !leaves[0].has_minmax && !leaves[1].has_minmax);
		}
	}
	arena_release(&a);
	arena_release(&scratch);
}

int main(void)
{
	test_strings();
	test_print();
	test_parse();
	buf_release(&b);
	return t_done();
}
