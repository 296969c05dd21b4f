/* SPDX-License-Identifier: MIT */
#include "delta/partition.h"
#include "base/utf8.h"
#include "t.h"

#include <ctype.h>
#include <stdlib.h>

static struct buf b;

static const char *dir_of(const char *name, const char *value)
{
	buf_clear(&b);
	delta_partition_dir(&b, name, value, value ? strlen(value) : 0, DELTA_DIR_MAX);
	return buf_cstr(&b);
}

/* The folder of N times TEXT; it must fit a file system, be UTF-8 and hold whole %XX. */
static const char *long_dir(const char *name, const char *text, size_t n)
{
	struct buf v = BUF_INIT;
	for (size_t i = 0; i < n; i++)
		buf_puts(&v, text);
	buf_clear(&b);
	delta_partition_dir(&b, name, v.p, v.n, DELTA_DIR_MAX);
	buf_release(&v);
	T_OK(b.n <= 255 && utf8_valid(b.p, b.n));
	for (size_t i = 0; i < b.n; i++)
		T_OK(b.p[i] != '%' || (isxdigit((unsigned char)b.p[i + 1]) && isxdigit((unsigned char)b.p[i + 2])));
	return buf_cstr(&b);
}

static const char *encoded(const char *path)
{
	buf_clear(&b);
	delta_path_encode(&b, path, strlen(path));
	return buf_cstr(&b);
}

static void test_paths(void)
{
	struct arena a = ARENA_INIT;
	struct err e;
	const char *p = NULL;
	T_CASE("a value is escaped for the folder, then for the log") {
		T_STR(dir_of("letter", "/%20%f"), "letter=%2F%2520%25f");
		T_STR(encoded("letter=%2F%2520%25f/part-0.parquet"), "letter=%252F%252520%2525f/part-0.parquet");
	}
	T_CASE("null and the empty string have Hive's folder") {
		T_STR(dir_of("a", NULL), "a=__HIVE_DEFAULT_PARTITION__");
		T_STR(dir_of("a", ""), "a=__HIVE_DEFAULT_PARTITION__");
	}
	T_CASE("what Hive escapes, and what it leaves") {
		T_STR(dir_of("a=b", "\x01\"#%'*/:=?\\\x7f{[]^"),
		      "a%3Db=%01%22%23%25%27%2A%2F%3A%3D%3F%5C%7F%7B%5B%5D%5E");
		T_STR(dir_of("n", "a b}<>|&+,;$@!~é"), "n=a b}<>|&+,;$@!~é");
	}
	T_CASE("NUL and other bytes that are no text") {
		buf_clear(&b);
		delta_partition_dir(&b, "k", "a\0b", 3, DELTA_DIR_MAX);
		T_STR(buf_cstr(&b), "k=a%00b");
	}
	T_CASE("a folder that is too long is cut and told apart by a hash") {
		T_INT(strlen(dir_of("k", "x")), 3);
		for (size_t n = 80; n < 90; n++) {
			long_dir("k", "a/b", n);
			long_dir("k", "\xf0\x9f\x98\x80x", n);
			long_dir("k", "ab\xc3\xa9", n);
		}
		char *one = strdup(long_dir("k", "x", 300));
		T_OK(strcmp(one, long_dir("k", "x", 301)) != 0);
		T_STR(one, long_dir("k", "x", 300));
		T_OK(strncmp(one, "k~xxx", 5) == 0 && !strchr(one, '='));
		free(one);
		T_INT(strlen(long_dir("k", "x", 253)), 255);
		T_OK(!strchr(long_dir("k", "x", 253), '~'));
	}
	T_CASE("the log's path: spaces, UTF-8 and colons encoded") {
		T_STR(encoded("n=a b/é:x"), "n=a%20b/%C3%A9%3Ax");
	}
	T_CASE("a path is decoded once") {
		const char *t = "letter=%252F%252520%2525f/part+0%20.parquet";
		T_INT(delta_path_decode(&p, &a, t, strlen(t), &e), 0);
		T_STR(p, "letter=%2F%2520%25f/part+0 .parquet");
		t = "n=é/%C3%A9";
		T_INT(delta_path_decode(&p, &a, t, strlen(t), &e), 0);
		T_STR(p, "n=é/é");
	}
	T_CASE("file: addresses are absolute paths, a colon alone is no scheme") {
		T_INT(delta_path_decode(&p, &a, "file:/a/b", 9, &e), 0);
		T_STR(p, "/a/b");
		T_INT(delta_path_decode(&p, &a, "file:///a/b", 11, &e), 0);
		T_STR(p, "/a/b");
		const char *t = "time=1971-07-22T03:06:40.000000Z/part";
		T_INT(delta_path_decode(&p, &a, t, strlen(t), &e), 0);
		T_STR(p, t);
		T_INT(delta_path_decode(&p, &a, "s3://b/x", 8, &e), ERR_UNSUPPORTED);
	}
	T_CASE("bad paths") {
		T_INT(delta_path_decode(&p, &a, "a%2", 3, &e), ERR_DATA);
		T_INT(delta_path_decode(&p, &a, "a%", 2, &e), ERR_DATA);
		T_INT(delta_path_decode(&p, &a, "a%zz", 4, &e), ERR_DATA);
		T_INT(delta_path_decode(&p, &a, "a%00b", 5, &e), ERR_DATA);
		T_INT(delta_path_decode(&p, &a, "", 0, &e), ERR_DATA);
	}
	arena_release(&a);
}

static struct type make(enum type_kind k, int precision, int scale)
{
	return (struct type){ .kind = k, .precision = (uint8_t)precision, .scale = (uint8_t)scale };
}

/* Parse TEXT as T and print it again. */
static const char *again(struct type t, const char *text)
{
	struct delta_value v;
	struct err e;
	buf_clear(&b);
	if (delta_value_parse(&v, &t, text, strlen(text), &e))
		return "(error)";
	if (v.null)
		return "(null)";
	delta_value_print(&v, &t, &b);
	return buf_cstr(&b);
}

static void test_values(void)
{
	struct type dec = make(TYPE_DECIMAL, 12, 2), big = make(TYPE_DECIMAL, 38, 0), ts = make(TYPE_TIMESTAMP, 0, 0),
		    ntz = make(TYPE_TIMESTAMP_NTZ, 0, 0), day = make(TYPE_DATE, 0, 0);
	T_CASE("integers and their ranges") {
		T_STR(again(make(TYPE_BYTE, 0, 0), "-128"), "-128");
		T_STR(again(make(TYPE_BYTE, 0, 0), "128"), "(error)");
		T_STR(again(make(TYPE_LONG, 0, 0), "9223372036854775807"), "9223372036854775807");
		T_STR(again(make(TYPE_LONG, 0, 0), "9223372036854775808"), "(error)");
		T_STR(again(make(TYPE_INTEGER, 0, 0), "1.0"), "(error)");
		T_STR(again(make(TYPE_INTEGER, 0, 0), ""), "(null)");
	}
	T_CASE("decimals keep their scale") {
		T_STR(again(dec, "1"), "1.00");
		T_STR(again(dec, "-0.05"), "-0.05");
		T_STR(again(dec, "9999999999.99"), "9999999999.99");
		T_STR(again(dec, "10000000000"), "(error)");
		T_STR(again(dec, "1.005"), "(error)");
		T_STR(again(dec, "1.500"), "1.50");
		T_STR(again(dec, "0E-18"), "0.00");
		T_STR(again(dec, "1.2E3"), "1200.00");
		T_STR(again(big, "99999999999999999999999999999999999999"), "99999999999999999999999999999999999999");
		T_STR(again(big, "-99999999999999999999999999999999999999"), "-99999999999999999999999999999999999999");
		T_STR(again(big, "999999999999999999999999999999999999990"), "(error)");
		T_STR(again(dec, "."), "(error)");
		T_STR(again(dec, "1e999"), "(error)");
	}
	T_CASE("dates") {
		T_STR(again(day, "2024-02-29"), "2024-02-29");
		T_STR(again(day, "2023-02-29"), "(error)");
		T_STR(again(day, "0001-01-01"), "0001-01-01");
		T_STR(again(day, "2024-1-1"), "(error)");
	}
	T_CASE("timestamps: with T, with a space, with an offset, a date, year 10000") {
		T_STR(again(ts, "2024-01-01T10:00:00.123456Z"), "2024-01-01T10:00:00.123456Z");
		T_STR(again(ts, "2024-01-01 10:00:00"), "2024-01-01T10:00:00.000000Z");
		T_STR(again(ts, "2024-01-01 10:00:00.5-08:00"), "2024-01-01T18:00:00.500000Z");
		T_STR(again(ts, "2024-01-01"), "2024-01-01T00:00:00.000000Z");
		T_STR(again(ts, "1969-12-31 23:59:59.999999"), "1969-12-31T23:59:59.999999Z");
		T_STR(again(ts, "10000-01-01 00:00:00.000001"), "+10000-01-01T00:00:00.000001Z");
		T_STR(again(ts, "2024-01-01 10"), "(error)");
		T_STR(again(ts, "2024-01-01 24:00:00"), "(error)");
	}
	T_CASE("timestamps without a zone") {
		T_STR(again(ntz, "2024-01-01 10:00:00"), "2024-01-01 10:00:00");
		T_STR(again(ntz, "2024-01-01T10:00:00.25"), "2024-01-01 10:00:00.250000");
		T_STR(again(ntz, "2024-01-01 10:00:00+01:00"), "(error)");
	}
	T_CASE("booleans, strings") {
		T_STR(again(make(TYPE_BOOLEAN, 0, 0), "true"), "true");
		T_STR(again(make(TYPE_BOOLEAN, 0, 0), "FALSE"), "false");
		T_STR(again(make(TYPE_BOOLEAN, 0, 0), "yes"), "(error)");
		T_STR(again(make(TYPE_STRING, 0, 0), "é/="), "é/=");
		T_STR(again(make(TYPE_STRING, 0, 0), ""), "(null)");
	}
	T_CASE("an error names value and type") {
		struct delta_value v;
		struct err e;
		T_INT(delta_value_parse(&v, &day, "x", 1, &e), ERR_DATA);
		T_STR(e.msg, "partition value 'x' is not a valid date");
	}
}

static void test_java(void)
{
	struct type d = make(TYPE_DOUBLE, 0, 0), f = make(TYPE_FLOAT, 0, 0);
	T_CASE("doubles as Java prints them") {
		T_STR(again(d, "1e10"), "1.0E10");
		T_STR(again(d, "0.00001"), "1.0E-5");
		T_STR(again(d, "0.001"), "0.001");
		T_STR(again(d, "123.45"), "123.45");
		T_STR(again(d, "9999999"), "9999999.0");
		T_STR(again(d, "10000000"), "1.0E7");
		T_STR(again(d, "-0.0"), "-0.0");
		T_STR(again(d, "1.7976931348623157E308"), "1.7976931348623157E308");
		T_STR(again(d, "0.1"), "0.1");
		T_STR(again(d, "100"), "100.0");
		T_STR(again(d, "NaN"), "NaN");
		T_STR(again(d, "-Infinity"), "-Infinity");
		T_STR(again(d, "0x10"), "(error)");
		T_STR(again(d, "nan"), "(error)");
	}
	T_CASE("floats have their own shortest digits") {
		T_STR(again(f, "0.1"), "0.1");
		T_STR(again(f, "3.4028235e38"), "3.4028235E38");
		T_STR(again(f, "16777216"), "1.6777216E7");
	}
}

int main(void)
{
	test_paths();
	test_values();
	test_java();
	buf_release(&b);
	return t_done();
}
