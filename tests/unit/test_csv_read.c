/* SPDX-License-Identifier: MIT */
/* csv_read: what is written is read, wherever the text is cut; what is wrong is placed. */
#include "csv/read.h"

#include "t.h"

#include <stdlib.h>

/* The records of TEXT as `[a][b]!` and so on: Q marks quoted fields, ! the end of a record, {what@at} a bad one. */
static void reads(enum csv_style style, const char *text, const char *want)
{
	struct csv_record r = { 0 };
	struct buf b = BUF_INIT, v = BUF_INIT;
	size_t n = strlen(text), at = 0;
	while (at < n) {
		const char *what = NULL;
		int rc = csv_read(&r, style, text + at, n - at, true, &what);
		T_OK(rc != CSV_MORE && r.used > 0);
		for (size_t i = 0; rc == CSV_RECORD && i < r.n; i++) {
			buf_clear(&v);
			csv_value(&v, style, &r.field[i]);
			buf_printf(&b, "%s[%s]", r.field[i].quoted ? "Q" : "", buf_cstr(&v));
		}
		if (rc == CSV_BAD)
			buf_printf(&b, "{%s@%zu}", what, r.at);
		buf_putc(&b, '!');
		if (!r.used)
			break;
		at += r.used;
	}
	T_STR(buf_cstr(&b), want);
	csv_record_release(&r);
	buf_release(&b);
	buf_release(&v);
}

#define FIELDS 4
static void round_trip(enum csv_style style)
{
	static const char alphabet[] = "\",\n\r\t #a\\.tnr";
	unsigned seed = 3;
	struct buf out = BUF_INIT, v = BUF_INIT;
	struct csv_record r = { 0 };
	const char *what;
	for (int round = 0; round < t_rounds(2000); round++) {
		char text[FIELDS][16];
		int len[FIELDS];
		buf_clear(&out);
		for (int k = 0; k < FIELDS; k++) {
			len[k] = (int)((unsigned)rand_r(&seed) % 17) - 1;
			for (int i = 0; i < len[k]; i++)
				text[k][i] = alphabet[(unsigned)rand_r(&seed) % (sizeof alphabet - 1)];
			if (k)
				buf_putc(&out, csv_delimiter(style));
			csv_put(&out, style, len[k] < 0 ? NULL : text[k], len[k] < 0 ? 0 : (size_t)len[k]);
		}
		csv_end(&out, style, 0);
		size_t one = out.n;
		buf_puts(&out, "next\n");
		for (size_t cut = 0; cut < one; cut++)
			T_INT(csv_read(&r, style, out.p, cut, false, &what), CSV_MORE);
		T_INT(csv_read(&r, style, out.p, one, false, &what), CSV_RECORD);
		T_INT(csv_read(&r, style, out.p, out.n, round % 2, &what), CSV_RECORD);
		T_INT(r.used, one);
		T_INT(r.length, one - 1);
		T_INT(r.n, FIELDS);
		for (int k = 0; k < FIELDS; k++) {
			buf_clear(&v);
			csv_value(&v, style, &r.field[k]);
			T_INT(v.n, len[k] < 0 ? 0 : (size_t)len[k]);
			T_OK(len[k] <= 0 || memcmp(v.p, text[k], (size_t)len[k]) == 0);
			if (style == CSV_COMMA)
				T_OK((len[k] < 0) == (!r.field[k].n && !r.field[k].quoted));
		}
	}
	csv_record_release(&r);
	buf_release(&out);
	buf_release(&v);
}

/* Any bytes: it moves on, stays within, and says the same of a text with and without what follows. */
static void any_bytes(void)
{
	static const char alphabet[] = "\"\",\n\r\tab";
	unsigned seed = 5;
	struct csv_record r = { 0 };
	char text[64];
	const char *what;
	for (int round = 0; round < t_rounds(20000); round++) {
		size_t n = 1 + (unsigned)rand_r(&seed) % sizeof text;
		for (size_t i = 0; i < n; i++)
			text[i] = alphabet[(unsigned)rand_r(&seed) % (sizeof alphabet - 1)];
		int rc = csv_read(&r, round % 2 ? CSV_COMMA : CSV_TAB, text, n, false, &what);
		if (rc == CSV_MORE)
			rc = csv_read(&r, round % 2 ? CSV_COMMA : CSV_TAB, text, n, true, &what);
		T_OK(rc == CSV_RECORD || (rc == CSV_BAD && r.at < n));
		T_OK(r.used > 0 && r.used <= n && r.length <= r.used);
	}
	csv_record_release(&r);
}

int main(void)
{
	T_CASE("fields, quotes, line ends") {
		reads(CSV_COMMA, "a,b\n", "[a][b]!"); reads(CSV_COMMA, "a,b\r\nc\r\n", "[a][b]![c]!"); reads(CSV_COMMA, "a,b", "[a][b]!"); reads(CSV_COMMA, "a,", "[a][]!");
		reads(CSV_COMMA, ",\n\n", "[][]![]!"); reads(CSV_COMMA, "\"a,\"\"b\"\"\n\",\"\"\n", "Q[a,\"b\"\n]Q[]!"); reads(CSV_COMMA, "\"a\"\r\n\"b\"", "Q[a]!Q[b]!");
		reads(CSV_COMMA, "5\" disk,x\"\"y\n", "[5\" disk][x\"\"y]!"); reads(CSV_COMMA, "a\rb,\r\n", "[a\rb][]!"); reads(CSV_COMMA, "\"a\r\nb\"\n", "Q[a\r\nb]!");
		reads(CSV_COMMA, " \"a\"\n", "[ \"a\"]!"); reads(CSV_COMMA, "a\r", "[a]!"); reads(CSV_COMMA, "\"a\"\r", "Q[a]!");
	}
	T_CASE("TSV") {
		reads(CSV_TAB, "a\tb c\t\n", "[a][b c][]!"); reads(CSV_TAB, "\"a\t\"\r\n", "[\"a][\"]!"); reads(CSV_TAB, "a\\tb\\n\\r\\\\n\\x\\\n", "[a\tb\n\r\\n\\x\\]!");
	}
	T_CASE("what is wrong, where, and what comes behind it") {
		reads(CSV_COMMA, "a,\"b\"c,d\ne\n", "{text follows a closing quote@5}![e]!"); reads(CSV_COMMA, "\"a\" ,b\ne\n", "{text follows a closing quote@3}![e]!");
		reads(CSV_COMMA, "a,\"b\nc\n", "{the quote that begins this field is not closed@2}!"); reads(CSV_COMMA, "\"\"\"", "{the quote that begins this field is not closed@0}!");
	}
	T_CASE("CSV: what is written is read, wherever it is cut") round_trip(CSV_COMMA);
	T_CASE("TSV: what is written is read, wherever it is cut") round_trip(CSV_TAB);
	T_CASE("any bytes") any_bytes();
	return t_done();
}
