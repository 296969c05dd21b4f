/* SPDX-License-Identifier: MIT */
/* What is a mark, what is a record, and what is neither; the guard in front of every output. */
#include "stream/record.h"
#include "t.h"

static const struct {
	const char *line;
	enum json_kind kind;
} table[] = {
	{ "{\"$mark\":{\"v\":1}}", JSON_KIND_MARK },
	{ "{\"$mark\":", JSON_KIND_MARK },
	{ "{\"$mark\":7}", JSON_KIND_MARK },
	{ " {\"$mark\":7}", JSON_KIND_RESERVED },
	{ "\t{\"$mark\":7}", JSON_KIND_RESERVED },
	{ "\r{\"$mark\":7}", JSON_KIND_RESERVED },
	{ "{ \"$mark\":7}", JSON_KIND_RESERVED },
	{ "{\t\r \"$mark\":7}", JSON_KIND_RESERVED },
	{ "{\"$mark\" :7}", JSON_KIND_RESERVED },
	{ "{\"$mark\"", JSON_KIND_RESERVED },
	{ "{\"\\u0024mark\":7}", JSON_KIND_RESERVED },
	{ "{\"$m\\u0061rk\":7}", JSON_KIND_RESERVED },
	{ "{\"\\u0024\\u006D\\u0061\\u0072\\u006b\":7}", JSON_KIND_RESERVED },
	{ "{\"$marks\":7}", JSON_KIND_RECORD },
	{ "{\"$mar\":7}", JSON_KIND_RECORD },
	{ "{\"$mark \":7}", JSON_KIND_RECORD },
	{ "{\"\\\\u0024mark\":7}", JSON_KIND_RECORD },
	{ "{\"\\u0124mark\":7}", JSON_KIND_RECORD },
	{ "{\"\\u00", JSON_KIND_RECORD },
	{ "{\"\\", JSON_KIND_RECORD },
	{ "{\"$Mark\":7}", JSON_KIND_RECORD },
	{ "{\"a\":1,\"$mark\":7}", JSON_KIND_RECORD },
	{ "{}", JSON_KIND_RECORD },
	{ "{", JSON_KIND_RECORD },
	{ "", JSON_KIND_RECORD },
	{ "  ", JSON_KIND_RECORD },
	{ "\"$mark\"", JSON_KIND_RECORD },
	{ "[{\"$mark\":7}]", JSON_KIND_RECORD },
	{ "{\"add\":{\"path\":\"x\"}}", JSON_KIND_RECORD },
};

int main(void)
{
	T_CASE("a mark is known by its first nine bytes; its name in another spelling is neither mark nor record")
	{
		for (size_t i = 0; i < sizeof table / sizeof *table; i++)
			if (json_kind(table[i].line, strlen(table[i].line)) != table[i].kind)
				T_FAIL("%s is not of kind %d", table[i].line, table[i].kind);
	}
	T_CASE("what is behind a line's end does not count")
	{
		T_INT(json_kind("{\"$mark\":7}", 8), JSON_KIND_RESERVED);
		T_INT(json_kind("{\"$mark\":7}", 7), JSON_KIND_RECORD);
		T_INT(json_kind("{\"\\u0024mark\"", 7), JSON_KIND_RECORD);
	}
	T_CASE("record_put refuses all that is no record, and puts nothing of it")
	{
		struct buf b = BUF_INIT, want = BUF_INIT;
		for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
			struct err e = { 0 };
			const char *line = table[i].line;
			int r = record_put(&b, line, strlen(line), &e);
			T_INT(r, table[i].kind == JSON_KIND_RECORD ? 0 : ERR_DATA);
			T_OK(r == 0 || strstr(e.msg, "$mark"));
			if (r == 0)
				buf_printf(&want, "%s\n", line);
		}
		T_MEM(b.p, b.n, want.p, want.n);
		buf_release(&b);
		buf_release(&want);
	}
	T_CASE("record_good stops in front of the line at fault, wherever it stands")
	{
		uint64_t n;
		const char *text = "{\"a\":1}\n\n{\"$mark\":1}\n{\"b\":1}\n";
		T_INT(record_good(text, strlen(text), &n), 9);
		T_INT(n, 2);
		T_INT(record_good(text + 9, strlen(text) - 9, &n), 0);
		T_INT(n, 0);
		T_INT(record_good(text + 21, strlen(text) - 21, &n), 8);
		T_INT(n, 1);
		T_INT(record_good("{\"$mark\":1", 10, NULL), 0);
		T_INT(record_good("", 0, &n), 0);
		T_INT(n, 0);
	}
	return t_done();
}
