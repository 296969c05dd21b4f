/* SPDX-License-Identifier: MIT */
#include "base/mem.h"
#include "column/json_in.h"
#include "column/json_out.h"
#include "expr/expr.h"
#include "t.h"

/* One row that the table of cases is evaluated on. */
static const char schema_text[] =
	"struct<b:boolean,i8:byte,i16:short,i:integer,n:long,f:float,d:double,dec:decimal(10,2),big:decimal(38,0),"
	"s:string,bin:binary,dt:date,ts:timestamp,tn:timestamp_ntz,st:struct<x:integer,y:string,z:struct<w:long>>,"
	"l:array<integer>,ls:array<struct<a:string,b:integer>>,m:map<string,long>,u:string,Lang:string,`order`:integer,"
	"nb:boolean,ni:integer,nn:long,nd:double,ndec:decimal(5,1),ns:string,ndt:date,nts:timestamp,nst:struct<x:integer>,"
	"nl:array<integer>,nan:double,zero:integer,num:string,when:string>";
static const char row_text[] =
	"{\"b\":true,\"i8\":-8,\"i16\":300,\"i\":42,\"n\":9007199254740993,\"f\":0.5,\"d\":2.25,\"dec\":12.34,"
	"\"big\":12345678901234567890123456789012345678,\"s\":\"Hello World\",\"bin\":\"AP8=\",\"dt\":\"2024-02-29\","
	"\"ts\":\"2024-02-29T13:14:15.123456Z\",\"tn\":\"2024-02-29T13:14:15\",\"st\":{\"x\":1,\"y\":\"why\",\"z\":{\"w\":7}},"
	"\"l\":[1,2,null,3],\"ls\":[{\"a\":\"p\",\"b\":1},{\"a\":\"q\",\"b\":2}],\"m\":{\"k\":10,\"j\":20},"
	"\"u\":\"Straße ÄÖ 😀\",\"Lang\":\"en\",\"order\":5,\"nan\":\"NaN\",\"zero\":0,\"num\":\"17\",\"when\":\"2024-01-01\"}\n";

struct row {
	struct schema schema;
	struct batch batch;
};

static bool row_init(struct row *r, const char *schema, const char *rows)
{
	struct err e = { 0 };
	struct json_in_line line;
	schema_init(&r->schema);
	if (type_parse(&r->schema.root, &r->schema.arena, schema, strlen(schema), &e)) {
		T_FAIL("schema: %s", e.msg);
		return false;
	}
	batch_init(&r->batch, &r->schema.root);
	struct json_in *in = json_in_new(&r->schema.root, NULL);
	struct buf b = BUF_INIT;
	buf_puts(&b, rows);
	memset(buf_reserve(&b, 64), 0, 64);
	json_in_block(in, b.p, b.n);
	enum json_in_event ev = json_in_next(in, &r->batch, 1 << 20, 0, &line, &e);
	if (ev != JSON_IN_END)
		T_FAIL("rows: %s", e.msg);
	json_in_free(in);
	buf_release(&b);
	return true;
}

static void row_release(struct row *r)
{
	batch_release(&r->batch);
	schema_release(&r->schema);
}

/* the value of TEXT on row 0 as JSON, or "error: …" */
static char *value_of(const struct row *r, const char *text)
{
	struct expr *x = NULL;
	struct expr_bound *q = NULL;
	struct err e = { 0 };
	struct buf b = BUF_INIT;
	if (expr_parse(&x, text, strlen(text), &e) || expr_bind(&q, x, &r->schema.root, EXPR_ANY, &e)) {
		buf_printf(&b, "error: %s", e.msg);
	} else {
		struct field f = { .name = "v", .nname = 1, .type = *expr_type(q), .nullable = true };
		struct type out = { .kind = TYPE_STRUCT, .fields = &f, .nfields = 1 };
		struct batch o;
		batch_init(&o, &out);
		struct expr_eval *ev = expr_eval_new(q);
		expr_values(ev, &r->batch, &o.col[0]);
		json_out_value(&b, &o.col[0], 0);
		expr_eval_free(ev);
		batch_release(&o);
	}
	expr_bound_free(q);
	expr_free(x);
	char *s = mem_strdup(buf_cstr(&b));
	buf_release(&b);
	return s;
}

struct example {
	const char *expr, *want;
};

static const struct example comparisons[] = {
	{ "i = 42", "true" }, { "i == 42", "true" }, { "i <> 42", "false" }, { "i != 41", "true" },
	{ "i < 43", "true" }, { "i <= 42", "true" }, { "i > 42", "false" }, { "i >= 42", "true" },
	{ "n = 9007199254740993", "true" }, { "n = 9007199254740992", "false" }, { "n > 9007199254740992", "true" },
	{ "n = '9007199254740993'", "true" }, { "n = 9007199254740993.0", "true" }, { "n = 9007199254740992.5", "false" },
	{ "i8 = -8", "true" }, { "i16 > i8", "true" }, { "i > i16", "false" }, { "f = 0.5", "true" }, { "d = 2.25", "true" },
	{ "d > 2", "true" }, { "d = '2.25'", "true" }, { "dec = 12.34", "true" }, { "dec = 12.340", "true" },
	{ "dec = 12.3401", "false" }, { "dec < 12.3401", "true" }, { "dec > 12", "true" }, { "dec > 12L", "true" },
	{ "dec = '12.34'", "true" }, { "12.34 = dec", "true" }, { "13 > dec", "true" }, { "dec < i", "true" },
	{ "big = 12345678901234567890123456789012345678", "true" }, { "big > 12345678901234567890123456789012345677", "true" },
	{ "big > 0.5", "true" }, { "big > n", "true" }, { "s = 'Hello World'", "true" }, { "s = \"Hello World\"", "true" },
	{ "s < 'Hellp'", "true" }, { "s > 'Hello'", "true" }, { "s = 'hello world'", "false" },
	{ "dt = '2024-02-29'", "true" }, { "dt = DATE '2024-02-29'", "true" }, { "dt < '2024-03-01'", "true" },
	{ "dt >= '2024-2-29'", "true" }, { "'2024-03-01' > dt", "true" }, { "ts > '2024-02-29'", "true" },
	{ "ts = '2024-02-29T13:14:15.123456Z'", "true" }, { "ts = '2024-02-29 13:14:15.123456'", "true" },
	{ "ts = TIMESTAMP '2024-02-29 14:14:15.123456+01:00'", "true" }, { "ts > dt", "true" }, { "dt < ts", "true" },
	{ "tn = '2024-02-29T13:14:15'", "true" }, { "tn < ts", "true" }, { "b = true", "true" }, { "b = 'true'", "true" },
	{ "b > false", "true" }, { "num = 17", "true" }, { "num > 16.5", "true" }, { "num > 100", "false" },
	{ "s = 17", "null" }, { "`when` > DATE '2023-12-31'", "true" }, { "bin = X'00FF'", "true" },
	{ "i <=> 42", "true" }, { "ni <=> NULL", "true" }, { "ni <=> 1", "false" }, { "i <=> NULL", "false" },
	{ "ni = NULL", "null" }, { "NULL = NULL", "null" }, { "ni <> 1", "null" }, { "ni <=> nn", "true" },
	{ "nan = nan", "true" }, { "nan > 1e308", "true" }, { "nan > d", "true" }, { "nan < d", "false" }, { "d < nan", "true" },
	{ "-0.0D = 0.0D", "true" }, { "i IS DISTINCT FROM ni", "true" }, { "ni IS NOT DISTINCT FROM NULL", "true" },
	{ "CAST('NaN' AS double) = nan", "true" },
};

static const struct example logic[] = {
	{ "true AND false", "false" }, { "true AND NULL", "null" }, { "false AND NULL", "false" }, { "NULL AND NULL", "null" },
	{ "true OR NULL", "true" }, { "false OR NULL", "null" }, { "NULL OR true", "true" }, { "NOT NULL", "null" },
	{ "NOT true", "false" }, { "!b", "false" }, { "NOT NOT b", "true" }, { "nb AND b", "null" }, { "nb OR b", "true" },
	{ "NOT i = 42", "false" }, { "NOT i = 42 OR true", "true" }, { "true OR true AND false", "true" },
	{ "(true OR true) AND false", "false" }, { "b AND i = 42 AND s LIKE 'H%'", "true" },
	{ "i IS NULL", "false" }, { "i IS NOT NULL", "true" }, { "ni IS NULL", "true" }, { "nst IS NULL", "true" },
	{ "st IS NULL", "false" }, { "nst.x IS NULL", "true" }, { "nl IS NULL", "true" }, { "l IS NOT NULL", "true" },
	{ "nb IS NULL", "true" }, { "nb IS UNKNOWN", "true" }, { "b IS TRUE", "true" }, { "nb IS TRUE", "false" }, { "nb IS NOT TRUE", "true" },
	{ "b IS FALSE", "false" }, { "(i > 50) IS FALSE", "true" }, { "(ni > 50) IS NOT FALSE", "true" },
	{ "i IN (1, 42, 7)", "true" }, { "i IN (1, 2)", "false" }, { "i NOT IN (1, 2)", "true" }, { "i IN (1, NULL)", "null" },
	{ "i IN (42, NULL)", "true" }, { "i NOT IN (1, NULL)", "null" }, { "ni IN (1)", "null" }, { "s IN ('a', 'Hello World')", "true" },
	{ "i IN ('42')", "true" }, { "i IN ('41.5', '42.0')", "true" }, { "dec IN ('12', 12.34)", "true" }, { "n IN (9007199254740992, 9007199254740993)", "true" }, { "dt IN ('2024-02-29')", "true" },
	{ "dec IN (12.34, 1)", "true" }, { "dec IN (12.345)", "false" }, { "i IN (42.0)", "true" }, { "i IN (i, 1)", "true" },
	{ "nan IN (1D, CAST('NaN' AS DOUBLE))", "true" }, { "NULL IN (NULL)", "null" },
	{ "i BETWEEN 1 AND 42", "true" }, { "i NOT BETWEEN 1 AND 41", "true" }, { "i BETWEEN 43 AND 1", "false" },
	{ "ni BETWEEN 1 AND 2", "null" }, { "i BETWEEN NULL AND 41", "false" }, { "i BETWEEN NULL AND 43", "null" },
	{ "dt BETWEEN '2024-02-01' AND '2024-02-29' AND b", "true" }, { "i BETWEEN 40 + 1 AND 40 + 3", "true" },
	{ "CASE WHEN i = 42 THEN 'a' ELSE 'b' END", "\"a\"" }, { "CASE WHEN ni = 42 THEN 'a' ELSE 'b' END", "\"b\"" },
	{ "CASE i WHEN 1 THEN 'x' WHEN 42 THEN 'y' END", "\"y\"" }, { "CASE WHEN false THEN 1 END", "null" },
	{ "CASE WHEN b THEN 1 ELSE 2.5 END", "1.0" }, { "if(b, 1, 2)", "1" }, { "if(nb, 1, 2)", "2" },
	{ "coalesce(ni, nn, i)", "42" }, { "coalesce(ni, nn)", "null" }, { "ifnull(ns, 'x')", "\"x\"" }, { "nvl(s, 'x')", "\"Hello World\"" },
	{ "nullif(i, 42)", "null" }, { "nullif(i, 41)", "42" }, { "isnull(ni)", "true" }, { "isnotnull(ni)", "false" },
	{ "coalesce(nb, b)", "true" }, { "greatest(1, i, NULL, 7)", "42" }, { "least(1.5, i, 7)", "1.5" }, { "greatest(ni, ni)", "null" },
};

static const struct example numbers[] = {
	{ "1 + 2", "3" }, { "1 + 2 * 3", "7" }, { "(1 + 2) * 3", "9" }, { "7 / 2", "3.5" }, { "7 % 3", "1" }, { "-7 % 3", "-1" },
	{ "7 DIV 2", "3" }, { "-7 DIV 2", "-3" }, { "1 / 0", "null" }, { "1 % 0", "null" }, { "i / zero", "null" }, { "d / 0.0", "null" },
	{ "1 - 2 - 3", "-4" }, { "- i", "-42" }, { "-(-3)", "3" }, { "+5", "5" }, { "i + ni", "null" }, { "2147483647 + 1", "null" },
	{ "2147483647L + 1", "2147483648" }, { "9223372036854775807 + 1", "null" }, { "-9223372036854775808", "-9223372036854775808" },
	{ "-2147483648", "-2147483648" }, { "9223372036854775808", "9223372036854775808" }, { "1.5 + 1", "2.5" },
	{ "0.1 + 0.2", "0.3" }, { "0.1D + 0.2D", "0.30000000000000004" }, { "1.5 * 1.5", "2.25" }, { "1.0 / 3", "0.333333" },
	{ "dec * 2", "24.68" }, { "dec + 0.001", "12.341" }, { "dec / 2", "6.170000" }, { "dec % 5", "2.34" }, { "dec DIV 5", "2" },
	{ "10 % 2.5", "0.0" }, { "1e3", "1000.0" }, { "1.5e-3", "0.0015" }, { ".5", "0.5" }, { "1.D", "1.0" }, { "5S + 5Y", "10" }, { "1.5BD", "1.5" },
	{ "f + f", "1.0" }, { "f * 3", "1.5" }, { "i * d", "94.5" }, { "n - 1", "9007199254740992" }, { "'2' + 3", "5.0" },
	{ "big + 1", "12345678901234567890123456789012345679" }, { "big * 10", "null" },
	{ "99999999999999999999999999999999999999 + 1", "null" }, { "NULL + 1", "null" },
	{ "abs(-5)", "5" }, { "abs(dec - 20)", "7.66" }, { "abs(-0.5D)", "0.5" }, { "abs(ni)", "null" },
	{ "round(2.5)", "3" }, { "round(-2.5)", "-3" }, { "round(2.345, 2)", "2.35" }, { "round(2.5D)", "3.0" }, { "round(1.005D, 2)", "1.01" },
	{ "round(145, -1)", "150" }, { "round(dec, 1)", "12.3" }, { "round(nan)", "\"NaN\"" }, { "round(0.5D)", "1.0" }, { "round(1234.5D, -2)", "1200.0" },
	{ "floor(2.7)", "2" }, { "floor(-2.5D)", "-3" }, { "ceil(2.1)", "3" }, { "ceiling(-2.9D)", "-2" }, { "floor(i)", "42" }, { "ceil(dec)", "13" },
	{ "floor(nan)", "null" },
};

static const struct example casts[] = {
	{ "CAST('12' AS int)", "12" }, { "CAST(' 12 ' AS int)", "12" }, { "CAST('12.5' AS int)", "null" }, { "CAST('x' AS int)", "null" },
	{ "CAST('3000000000' AS int)", "null" }, { "CAST('3000000000' AS bigint)", "3000000000" }, { "CAST(300 AS tinyint)", "null" },
	{ "CAST(2.9 AS int)", "2" }, { "CAST(-2.9D AS int)", "-2" }, { "CAST(1e30 AS bigint)", "null" }, { "CAST('1.25' AS decimal(5,1))", "1.3" },
	{ "CAST(12345 AS decimal(4,0))", "null" }, { "CAST(0.1D AS decimal(20,18))", "0.100000000000000000" }, { "CAST(i AS string)", "\"42\"" },
	{ "CAST(d AS string)", "\"2.25\"" }, { "CAST(1e10 AS string)", "\"1.0E10\"" }, { "CAST(1e-5 AS string)", "\"1.0E-5\"" }, { "CAST(100D AS string)", "\"100.0\"" },
	{ "CAST(12345678D AS string)", "\"1.2345678E7\"" }, { "CAST(0.001D AS string)", "\"0.001\"" }, { "CAST(dec AS string)", "\"12.34\"" },
	{ "CAST(b AS string)", "\"true\"" }, { "CAST(dt AS string)", "\"2024-02-29\"" }, { "CAST(ts AS string)", "\"2024-02-29 13:14:15.123456\"" },
	{ "CAST(TIMESTAMP '2024-01-01 00:00:00.5' AS string)", "\"2024-01-01 00:00:00.5\"" }, { "CAST(ts AS date)", "\"2024-02-29\"" },
	{ "CAST(dt AS timestamp)", "\"2024-02-29T00:00:00Z\"" }, { "CAST(ts AS bigint)", "1709212455" }, { "CAST(0 AS timestamp)", "\"1970-01-01T00:00:00Z\"" },
	{ "CAST(1.5 AS timestamp)", "\"1970-01-01T00:00:01.500Z\"" }, { "CAST(TIMESTAMP '1969-12-31 23:59:59.5' AS date)", "\"1969-12-31\"" },
	{ "CAST('yes' AS boolean)", "true" }, { "CAST('nope' AS boolean)", "null" }, { "CAST(0 AS boolean)", "false" }, { "CAST(true AS int)", "1" },
	{ "CAST('2024-02-30' AS date)", "null" }, { "CAST('2024' AS date)", "\"2024-01-01\"" }, { "CAST('2024-02-29 10:00' AS date)", "\"2024-02-29\"" },
	{ "'2024-02-29T10:00:00+02:00'::timestamp", "\"2024-02-29T08:00:00Z\"" }, { "'17'::int + 1", "18" }, { "-5::string", "\"-5\"" },
	{ "int('7')", "7" }, { "string(1.50)", "\"1.50\"" }, { "double(dec)", "12.34" }, { "date('2024-02-29')", "\"2024-02-29\"" },
	{ "TRY_CAST('x' AS int)", "null" }, { "CAST(NULL AS int)", "null" }, { "CAST(s AS binary)", "\"SGVsbG8gV29ybGQ=\"" },
	{ "CAST('Infinity' AS double) > 1e308", "true" }, { "CAST('1e2' AS double)", "100.0" }, { "CAST(f AS double)", "0.5" },
	{ "CAST(CAST(0.1 AS float) AS string)", "\"0.1\"" },
};

static const struct example strings[] = {
	{ "'it''s'", "\"it's\"" }, { "'it\\'s'", "\"it's\"" }, { "'a\\tb'", "\"a\\tb\"" }, { "'\\u0041'", "\"A\"" }, { "r'a\\d'", "\"a\\\\d\"" }, { "\"a'b\"", "\"a'b\"" },
	{ "lower(s)", "\"hello world\"" }, { "upper(u)", "\"STRAßE ÄÖ 😀\"" }, { "lower('ÄÖÜ')", "\"äöü\"" }, { "length(u)", "11" }, { "length(bin)", "2" }, { "octet_length('ä')", "2" },
	{ "substring(s, 1, 5)", "\"Hello\"" }, { "substring(s, 7)", "\"World\"" }, { "substring(s, -5, 3)", "\"Wor\"" }, { "substring(s, 0, 2)", "\"He\"" },
	{ "substring(u, 8, 1)", "\"Ä\"" }, { "substr(u, -1)", "\"😀\"" }, { "substring(s, 20)", "\"\"" }, { "substring('abc', -5, 3)", "\"a\"" }, { "substring(s, 2, -1)", "\"\"" },
	{ "trim('  a b  ')", "\"a b\"" }, { "ltrim('  a ')", "\"a \"" }, { "rtrim(' a ')", "\" a\"" }, { "s || '!'", "\"Hello World!\"" }, { "'a' || 1 || true", "\"a1true\"" },
	{ "'a' || NULL", "null" }, { "concat('a', 'b', 'c')", "\"abc\"" }, { "concat(s, ns)", "null" }, { "contains(s, 'lo W')", "true" }, { "contains(s, 'x')", "false" },
	{ "startswith(s, 'Hell')", "true" }, { "endswith(s, 'rld')", "true" }, { "endswith(s, '')", "true" }, { "startswith(ns, 'a')", "null" }, { "replace(s, 'l', 'L')", "\"HeLLo WorLd\"" },
	{ "s LIKE 'Hello%'", "true" }, { "s LIKE '%World'", "true" }, { "s LIKE '%o%o%'", "true" }, { "s LIKE 'hello%'", "false" }, { "s ILIKE 'hello%'", "true" }, { "u ILIKE 'STRASSE%'", "false" },
	{ "u ILIKE '%äö%'", "true" }, { "s LIKE 'H_llo World'", "true" }, { "s LIKE 'Hello'", "false" }, { "u LIKE '%_'", "true" }, { "u LIKE 'Stra_e ÄÖ _'", "true" }, { "'' LIKE '%'", "true" }, { "'' LIKE '_'", "false" },
	{ "'a%b' LIKE 'a\\%b'", "true" }, { "'axb' LIKE 'a\\%b'", "false" }, { "'a%b' LIKE 'a!%b' ESCAPE '!'", "true" }, { "s NOT LIKE 'x%'", "true" }, { "ns LIKE 'x'", "null" }, { "s LIKE NULL", "null" },
	{ "'aaab' LIKE '%aab'", "true" }, { "'a\nb' LIKE 'a_b'", "true" }, { "like(s, 'H%')", "true" }, { "'ab' LIKE '%a%b%'", "true" },
	{ "s RLIKE '^H.*d$'", "true" }, { "s RLIKE 'lo'", "true" }, { "s RLIKE '\\\\d'", "false" }, { "num RLIKE '^\\\\d+$'", "true" }, { "num REGEXP r'^[\\d]{2}$'", "true" }, { "s NOT RLIKE 'x'", "true" },
	{ "s RLIKE '(?i)hello'", "true" }, { "u RLIKE 'Stra.e'", "true" }, { "s RLIKE r'\\bWorld\\b'", "true" }, { "s RLIKE '(?:He|x)l+?o'", "true" }, { "'a-]' RLIKE r'^[a\\-\\]]+$'", "true" }, { "'^' RLIKE r'[\\^]'", "true" }, { "ns RLIKE 'a'", "null" },
	{ "rlike(s, 'W')", "true" }, { "'a.b' RLIKE r'a\\.b'", "true" }, { "'axb' RLIKE r'a\\.b'", "false" },
};

static const struct example dates[] = {
	{ "year(dt)", "2024" }, { "month(dt)", "2" }, { "day(dt)", "29" }, { "dayofmonth(ts)", "29" }, { "hour(ts)", "13" }, { "minute(ts)", "14" }, { "second(ts)", "15" },
	{ "quarter(dt)", "1" }, { "dayofweek(dt)", "5" }, { "weekday(dt)", "3" }, { "dayofyear(dt)", "60" }, { "year('2020-05-01')", "2020" }, { "hour('2020-05-01 10:00:00')", "10" },
	{ "date(ts)", "\"2024-02-29\"" }, { "to_date('2024-03-01')", "\"2024-03-01\"" }, { "to_timestamp('2024-03-01')", "\"2024-03-01T00:00:00Z\"" },
	{ "date_add(dt, 1)", "\"2024-03-01\"" }, { "date_sub(dt, 60)", "\"2023-12-31\"" }, { "dt + 1", "\"2024-03-01\"" }, { "dt - 1", "\"2024-02-28\"" }, { "datediff('2024-03-01', dt)", "1" }, { "datediff(dt, ts)", "0" },
	{ "date_trunc('month', ts)", "\"2024-02-01T00:00:00Z\"" }, { "date_trunc('HOUR', ts)", "\"2024-02-29T13:00:00Z\"" }, { "date_trunc('week', dt)", "\"2024-02-26T00:00:00Z\"" }, { "date_trunc('quarter', ts)", "\"2024-01-01T00:00:00Z\"" },
	{ "date_trunc('millisecond', ts)", "\"2024-02-29T13:14:15.123Z\"" }, { "trunc(dt, 'year')", "\"2024-01-01\"" }, { "last_day('2023-02-01')", "\"2023-02-28\"" }, { "add_months(dt, 12)", "\"2025-02-28\"" },
	{ "ts + INTERVAL 1 DAY", "\"2024-03-01T13:14:15.123456Z\"" }, { "ts - INTERVAL 1 HOUR 14 MINUTES", "\"2024-02-29T12:00:15.123456Z\"" }, { "dt + INTERVAL 1 MONTH", "\"2024-03-29\"" }, { "dt - INTERVAL '1' YEAR", "\"2023-02-28\"" },
	{ "dt + INTERVAL 1 HOUR", "\"2024-02-29T01:00:00Z\"" }, { "INTERVAL 2 DAYS + dt", "\"2024-03-02\"" }, { "dt + INTERVAL -1 DAY", "\"2024-02-28\"" }, { "year(ndt)", "null" }, { "date_add(ndt, 1)", "null" },
	{ "current_date() > '2020-01-01'", "true" }, { "current_timestamp() = now()", "true" }, { "ts < current_timestamp() - INTERVAL 1 DAY", "true" }, { "year(TIMESTAMP '1969-12-31 23:59:59')", "1969" }, { "hour(TIMESTAMP '1969-12-31 23:00:00')", "23" },
	{ "unix_timestamp(ts)", "1709212455" },
};

static const struct example nested[] = {
	{ "st.x", "1" }, { "ST.Y", "\"why\"" }, { "st.z.w", "7" }, { "st.z.w + i", "49" }, { "nst.x", "null" }, { "l[0]", "1" }, { "l[3]", "3" }, { "l[2]", "null" }, { "l[4]", "null" }, { "l[-1]", "null" }, { "nl[0]", "null" },
	{ "ls[1].a", "\"q\"" }, { "ls[9].a", "null" }, { "m['k']", "10" }, { "m['x']", "null" }, { "size(l)", "4" }, { "size(m)", "2" }, { "size(nl)", "null" }, { "cardinality(l)", "4" },
	{ "array_contains(l, 2)", "true" }, { "array_contains(l, 9)", "null" }, { "array_contains(nl, 1)", "null" }, { "array_contains(l, '3')", "true" }, { "array_contains(l, NULL)", "null" }, { "array_contains(l, 2.0)", "true" },
	{ "lang = 'en'", "true" }, { "LANG = 'en'", "true" }, { "`order` = 5", "true" }, { "order = 5", "true" }, { "`i` + 1", "43" }, { "l[i - 41]", "2" }, { "l[ni]", "null" }, { "I", "42" },
	{ "st.z IS NOT NULL", "true" }, { "ls[0] IS NULL", "false" }, { "ls[7] IS NULL", "true" }, { "-- a comment\n i", "42" },
};

static const struct example errors[] = {
	{ "", "error: expression, column 1: expected a value, but the expression ends here" },
	{ "i =", "error: expression, column 4: expected a value, but the expression ends here" },
	{ "i = 1 2", "error: expression, column 7: expected an operator or the end of the expression, found '2'" },
	{ "(i = 1", "error: expression, column 7: expected ')', but the expression ends here" },
	{ "i = 'x", "error: expression, column 5: the string that begins here is not closed" },
	{ "`i", "error: expression, column 1: the name that begins here is not closed by a backtick" },
	{ "i # 1", "error: expression, column 3: unexpected character '#'" },
	{ "langu = 'en'", "error: expression, column 1: no column 'langu', did you mean 'Lang'?" },
	{ "st.xx = 1", "error: expression, column 4: no field 'xx', did you mean 'x'?" },
	{ "s = quite_unlike", "error: expression, column 5: no column 'quite_unlike' (text is written in quotes: 'quite_unlike')" },
	{ "s in ('a', quite_unlike)", "error: expression, column 12: no column 'quite_unlike' (text is written in quotes: 'quite_unlike')" },
	{ "s between quite_unlike and 'b'", "error: expression, column 11: no column 'quite_unlike' (text is written in quotes: 'quite_unlike')" },
	{ "s = langu", "error: expression, column 5: no column 'langu', did you mean 'Lang'? (text is written in quotes: 'langu')" },
	{ "i = quite_unlike", "error: expression, column 5: no column 'quite_unlike'" },
	{ "quite_unlike_any = 1", "error: expression, column 1: no column 'quite_unlike_any'" },
	{ "uper(s)", "error: expression, column 1: no function 'uper', did you mean 'upper'?" },
	{ "i = 'abc'", "error: expression, column 5: 'abc' is not a valid int, the type that it is compared with" },
	{ "dt > 'soon'", "error: expression, column 6: 'soon' is not a valid date, the type that it is compared with" },
	{ "b = 1", "error: expression, column 3: a comparison does not take boolean and int" },
	{ "dt = 5", "error: expression, column 4: a comparison does not take date and int" },
	{ "st = 1", "error: expression, column 4: a comparison does not take struct and int" },
	{ "i AND b", "error: expression, column 1: AND needs a boolean, not int" },
	{ "i + b", "error: expression, column 3: + does not take int and boolean" },
	{ "dt - dt", "error: expression, column 4: a date minus a date is an interval; use datediff(end, start)" },
	{ "l.x", "error: expression, column 3: '.x' needs a struct, not array" },
	{ "i[0]", "error: expression, column 2: [ ] does not take int and int" },
	{ "lower(s, s)", "error: expression, column 1: lower takes 1 argument, not 2" },
	{ "CAST(i AS blob)", "error: expression, column 11: expected a type (boolean, tinyint, smallint, int, bigint, float, double, decimal(p,s), string, binary, date, timestamp, timestamp_ntz), found 'blob'" },
	{ "CAST(b AS date)", "error: expression, column 6: boolean cannot be cast to date" },
	{ "DATE '2024-13-01'", "error: expression, column 6: '2024-13-01' is not a valid date" },
	{ "s RLIKE '(?=x)'", "error: expression, column 9: the regular expression cannot be used: look-around, named groups and flags within the pattern are not supported" },
	{ "s RLIKE u", "error: expression, column 9: RLIKE needs a constant pattern" },
	{ "s LIKE 'a\\\\b'", "error: expression, column 8: in a LIKE pattern the escape character must be followed by %, _ or itself" },
	{ "i IN ()", "error: expression, column 7: expected a value, found ')'" },
	{ "i BETWEEN 1", "error: expression, column 12: expected AND, but the expression ends here" },
	{ "CASE i END", "error: expression, column 8: expected WHEN, found 'END'" },
	{ "99999999999999999999999999999999999999999", "error: expression, column 1: '99999999999999999999999999999999999999999' is not a number of at most 38 digits" },
	{ "1x", "error: expression, column 1: '1x' is not a number of at most 38 digits" },
	{ "date_trunc('fortnight', ts)", "error: expression, column 12: date_trunc needs one of 'year', 'quarter', 'month', 'week', 'day', 'hour', 'minute', 'second', 'millisecond', 'microsecond' in quotes" },
	{ "INTERVAL 1 DAY", "error: expression, column 1: an INTERVAL can only be added to or subtracted from a date or a timestamp" },
	{ "i NOT 5", "error: expression, column 7: expected IN, BETWEEN, LIKE, ILIKE or RLIKE, found '5'" },
	{ "select", "error: expression, column 1: no column 'select'" },
	{ "and", "error: expression, column 1: expected a value (a name that is also a keyword goes in backticks), found 'and'" },
};

static void run_table(const struct row *r, const struct example *c, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *got = value_of(r, c[i].expr);
		if (strcmp(got, c[i].want))
			T_FAIL("%s\n#   is   %s\n#   want %s", c[i].expr, got, c[i].want);
		mem_free(got);
	}
}

/* print, parse, print: the same text */
static void round_trip(const struct example *c, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct expr *x, *y = NULL;
		struct buf a = BUF_INIT, b = BUF_INIT;
		struct err e = { 0 };
		if (expr_parse(&x, c[i].expr, strlen(c[i].expr), &e))
			continue;
		expr_print(x, &a);
		if (expr_parse(&y, a.p, a.n, &e)) {
			T_FAIL("%s printed as %s: %s", c[i].expr, buf_cstr(&a), e.msg);
		} else {
			expr_print(y, &b);
			if (strcmp(buf_cstr(&a), buf_cstr(&b)))
				T_FAIL("%s: first %s, then %s", c[i].expr, a.p, b.p);
		}
		buf_release(&a);
		buf_release(&b);
		expr_free(x);
		expr_free(y);
	}
}

static void check_print(const char *text, const char *want)
{
	struct expr *x;
	struct buf b = BUF_INIT;
	struct err e;
	if (expr_parse(&x, text, strlen(text), &e)) {
		T_FAIL("%s: %s", text, e.msg);
		return;
	}
	expr_print(x, &b);
	T_STR(buf_cstr(&b), want);
	buf_release(&b);
	expr_free(x);
}

#define TABLE(t) t, sizeof(t) / sizeof *(t)

static void test_printing(void)
{
	check_print("a=1 and (b or c)", "a = 1 AND (b OR c)");
	check_print("((a)) AND (b AND c)", "a AND (b AND c)");
	check_print("not (a = 1)", "NOT a = 1");
	check_print("(not a) = b", "(NOT a) = b");
	check_print("a - (b - c) - d", "a - (b - c) - d");
	check_print("x not in ('a', \"b\")", "x NOT IN ('a', 'b')");
	check_print("LOWER(`my col`) LIKE 'x\\%' escape '!'", "lower(`my col`) LIKE 'x\\%' ESCAPE '!'");
	check_print("case when a then 1 end is null", "CASE WHEN a THEN 1 END IS NULL");
	check_print("cast(a as decimal(5, 2))::string", "CAST(CAST(a AS decimal(5,2)) AS string)");
	check_print("date '2024-2-9'", "DATE '2024-02-09'");
	check_print("- - 1", "- (-1)");
	check_print("1.50d + 1e3", "1.50D + 1E3");
	check_print("`and`.`x` <=> true", "`and`.x <=> TRUE");
	check_print("a.b[0]['k']", "a.b[0]['k']");
	check_print("ts > now() - interval 1 year 2 days '-3' hours", "ts > now() - INTERVAL 12 MONTHS 2 DAYS '-10800' SECONDS");
}

static void test_depth(const struct row *r)
{
	struct buf b = BUF_INIT;
	for (int i = 0; i < 100000; i++)
		buf_putc(&b, '(');
	char *got = value_of(r, buf_cstr(&b));
	T_OK(strstr(got, "nested more than 200 levels deep"));
	mem_free(got);
	buf_clear(&b);
	for (int i = 0; i < 20000; i++)
		buf_puts(&b, "NOT ");
	got = value_of(r, buf_cstr(&b));
	T_OK(strstr(got, "nested more than 200 levels deep"));
	mem_free(got);
	buf_clear(&b);
	buf_putc(&b, '1');
	for (int i = 0; i < 20000; i++)
		buf_puts(&b, "+1");
	got = value_of(r, buf_cstr(&b));
	T_OK(strstr(got, "nested more than 200 levels deep"));
	mem_free(got);
	buf_clear(&b);
	buf_puts(&b, "i = 0");
	for (int i = 1; i < 5000; i++)
		buf_printf(&b, " OR i = %d", i);
	got = value_of(r, buf_cstr(&b));
	T_STR(got, "true");
	mem_free(got);
	buf_clear(&b);
	buf_puts(&b, "i = 1"); /* nested BETWEENs share their operand: no blow-up */
	for (int i = 0; i < 60; i++) {
		char *was = mem_strdup(buf_cstr(&b));
		buf_clear(&b);
		buf_printf(&b, "(%s) BETWEEN true AND false", was);
		mem_free(was);
	}
	got = value_of(r, buf_cstr(&b));
	T_STR(got, "false");
	mem_free(got);
	buf_release(&b);
}

static void test_filter(void)
{
	struct row r;
	struct buf rows = BUF_INIT;
	uint32_t *sel = mem_array(NULL, 5000, sizeof *sel);
	for (int i = 0; i < 5000; i++)
		buf_printf(&rows, i % 7 ? "{\"n\":%d,\"s\":\"k%d\"}\n" : "{\"s\":\"k%d\"}\n", i, i % 10);
	if (row_init(&r, "struct<n:long,s:string>", buf_cstr(&rows))) {
		static const struct { const char *expr; size_t want; } c[] = {
			{ "n >= 0", 4285 }, { "n < 1000 AND s <> ''", 857 }, { "n IS NULL", 715 }, { "n = 4999", 1 }, { "n > 4998 OR n < 2", 2 },
			{ "NOT (n < 4000)", 857 }, { "true", 5000 }, { "false", 0 }, { "NULL", 0 }, { "n % 1000 = 1", 4 },
		};
		for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
			struct expr *x;
			struct expr_bound *q;
			struct err e;
			if (expr_parse(&x, c[i].expr, strlen(c[i].expr), &e) || expr_bind(&q, x, &r.schema.root, EXPR_PREDICATE, &e)) {
				T_FAIL("%s: %s", c[i].expr, e.msg);
				continue;
			}
			struct expr_eval *ev = expr_eval_new(q);
			size_t n = expr_filter(ev, &r.batch, sel);
			if (n != c[i].want)
				T_FAIL("%s selects %zu, not %zu", c[i].expr, n, c[i].want);
			for (size_t k = 1; k < n; k++)
				if (sel[k] <= sel[k - 1])
					T_FAIL("%s: not in order", c[i].expr);
			expr_eval_free(ev);
			expr_bound_free(q);
			expr_free(x);
		}
	}
	row_release(&r);
	buf_release(&rows);
	mem_free(sel);
}

static void test_paths(const struct row *r)
{
	struct expr *x;
	struct expr_bound *q;
	struct err e;
	const struct expr_path *p;
	const char *text = "i = 1 AND st.z.w > i AND ls[0].a = 'x' AND ST.z.W = 2";
	if (expr_parse(&x, text, strlen(text), &e) || expr_bind(&q, x, &r->schema.root, EXPR_PREDICATE, &e)) {
		T_FAIL("%s", e.msg);
		return;
	}
	T_INT(expr_paths(q, &p), 3);
	T_INT(p[0].n, 1);
	T_INT(p[0].field[0], 3);
	T_INT(p[1].n, 3);
	T_INT(p[1].field[1], 2);
	T_INT(p[2].n, 1);
	T_INT(p[2].field[0], 16);
	T_OK(!expr_only_uses(q, (const uint32_t[]){ 3, 14 }, 2));
	T_OK(expr_only_uses(q, (const uint32_t[]){ 3, 14, 16 }, 3));
	expr_bound_free(q);
	expr_free(x);
}

int main(void)
{
	struct row r;
	T_CASE("the row of the examples") { if (!row_init(&r, schema_text, row_text)) return t_done(); }
	T_CASE("comparisons") { run_table(&r, TABLE(comparisons)); }
	T_CASE("three-valued logic, lists, CASE") { run_table(&r, TABLE(logic)); }
	T_CASE("numbers") { run_table(&r, TABLE(numbers)); }
	T_CASE("casts") { run_table(&r, TABLE(casts)); }
	T_CASE("strings and patterns") { run_table(&r, TABLE(strings)); }
	T_CASE("dates and times") { run_table(&r, TABLE(dates)); }
	T_CASE("nested columns and names") { run_table(&r, TABLE(nested)); }
	T_CASE("errors say where and what") { run_table(&r, TABLE(errors)); }
	T_CASE("printing is canonical") { test_printing(); }
	T_CASE("printed text parses to the same")
	{
		round_trip(TABLE(comparisons));
		round_trip(TABLE(logic));
		round_trip(TABLE(numbers));
		round_trip(TABLE(casts));
		round_trip(TABLE(strings));
		round_trip(TABLE(dates));
		round_trip(TABLE(nested));
	}
	T_CASE("depth is bounded") { test_depth(&r); }
	T_CASE("a filter over several chunks") { test_filter(); }
	T_CASE("which columns are read") { test_paths(&r); }
	row_release(&r);
	return t_done();
}
