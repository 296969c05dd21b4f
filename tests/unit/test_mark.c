/* SPDX-License-Identifier: MIT */
#include "stream/mark.h"
#include "stream/reject.h"
#include "t.h"

#include <stdlib.h>
#include <unistd.h>

static void round_trip(const char *text)
{
	struct arena a = ARENA_INIT;
	struct buf b = BUF_INIT;
	struct mark m;
	struct err e;
	if (mark_parse(&m, &a, text, strlen(text), &e) != 0)
		T_FAIL("%s: %s", text, e.msg);
	else
		mark_print(&m, &b);
	T_MEM(b.p, b.n, text, strlen(text));
	buf_release(&b);
	arena_release(&a);
}

static void refused(const char *text, int code, const char *part)
{
	struct arena a = ARENA_INIT;
	struct mark m;
	struct err e = { 0 };
	int r = mark_parse(&m, &a, text, strlen(text), &e);
	if (r != code)
		T_FAIL("%s gave %d (%s)", text, r, e.msg);
	else if (!strstr(e.msg, part))
		T_FAIL("%s: the message '%s' lacks '%s'", text, e.msg, part);
	arena_release(&a);
}

static void test_marks(void)
{
	T_CASE("marks: what is printed is what was read, cursor and unknown members included")
	{
		round_trip("{\"$mark\":{\"v\":1}}\n");
		round_trip("{\"$mark\":{\"v\":1,\"end\":\"done\"}}\n");
		round_trip("{\"$mark\":{\"v\":1,\"stream\":\"7f\",\"from\":42,\"seq\":57,\"cursor\":{\"id\":675127116845989889, \"x\":[1.0]},\"ck\":\"/a b\"}}\n");
		round_trip("{\"$mark\":{\"v\":1,\"stream\":\"7f\",\"from\":0,\"seq\":9223372036854775807,\"cursor\":null,\"end\":\"quota\",\"table\":\"/t\",\"version\":0,\"recovered\":true,\"shard\":[1,2],\"a\\nb\":null}}\n");
		round_trip("{\"$mark\":{\"v\":1,\"end\":\"done\",\"all\":true,\"read\":{\"id\":\"a\\\"b\",\"version\":7}}}\n");
		round_trip("{\"$mark\":{\"v\":1,\"end\":\"done\",\"all\":true,\"records\":0}}\n");
		round_trip("{\"$mark\":{\"v\":1,\"read\":{\"id\":\"a\",\"version\":7,\"log\":\"0123456789abcdef\"}}}\n");
		round_trip("{\"$mark\":{\"v\":1,\"table\":\"/t\",\"version\":9,\"id\":\"x\",\"commit\":{\"version\":7,\"path\":\"a b\"}}}\n");
		round_trip("{\"$mark\":{\"v\":1,\"table\":\"/t\",\"version\":9,\"id\":\"x\",\"commit\":{\"version\":0}}}\n");
	}
	T_CASE("marks: `all` is taken away from a mark that is passed on, and the rest stays")
	{
		struct arena a = ARENA_INIT;
		struct buf b = BUF_INIT;
		struct mark m;
		struct err e;
		static const char text[] = "{\"$mark\":{\"v\":1, \"end\":\"done\",\"all\":true,\"x\":[1]}}", less[] = "{\"$mark\":{\"v\":1,\"end\":\"done\",\"x\":[1]}}";
		const char *line = text;
		size_t n = sizeof text - 1;
		T_INT(mark_parse(&m, &a, text, n, &e), 0);
		mark_withhold(&m, &b, &line, &n);
		T_OK(!m.all);
		T_MEM(line, n, less, sizeof less - 1);
		line = less;
		mark_withhold(&m, &b, &line, &n);
		T_OK(line == less);
		buf_release(&b);
		arena_release(&a);
	}
	T_CASE("marks: members in any order, white space, CRLF")
	{
		struct arena a = ARENA_INIT;
		struct mark m;
		struct err e;
		static const char text[] = "{\"$mark\": {\"seq\": 3, \"v\":1,\"from\":2 ,\"stream\":\"s\"} }\r\n";
		T_INT(mark_parse(&m, &a, text, sizeof text - 1, &e), 0);
		T_INT(m.seq, 3);
		T_INT(m.from, 2);
		T_INT(m.version, -1);
		T_STR(m.stream, "s");
		T_OK(!m.cursor && !m.ck && !m.end && !m.table && !m.recovered && !m.rest);
		arena_release(&a);
	}
	T_CASE("marks: a line that begins as one and is none is an error that says what is wrong")
	{
		refused("{\"$mark\":", ERR_DATA, "mark: ");
		refused("{\"$mark\":{\"v\":1}", ERR_DATA, "mark: ");
		refused("{\"$mark\":7}", ERR_DATA, "not an object");
		refused("{\"$mark\":{}}", ERR_DATA, "\"v\"");
		refused("{\"$mark\":{\"v\":1},\"x\":1}", ERR_DATA, "beside");
		refused("{\"$mark\":{\"v\":2}}", ERR_UNSUPPORTED, "newer");
		refused("{\"$mark\":{\"v\":\"1\"}}", ERR_DATA, "\"v\"");
		refused("{\"$mark\":{\"v\":1,\"seq\":1e3}}", ERR_DATA, "\"seq\"");
		refused("{\"$mark\":{\"v\":1,\"seq\":-1}}", ERR_DATA, "\"seq\"");
		refused("{\"$mark\":{\"v\":1,\"seq\":9223372036854775808}}", ERR_DATA, "\"seq\"");
		refused("{\"$mark\":{\"v\":1,\"seq\":1,\"seq\":2}}", ERR_DATA, "twice");
		refused("{\"$mark\":{\"v\":1,\"end\":\"finished\"}}", ERR_DATA, "\"end\"");
		refused("{\"$mark\":{\"v\":1,\"ck\":\"relative\"}}", ERR_DATA, "\"ck\"");
		refused("{\"$mark\":{\"v\":1,\"table\":null}}", ERR_DATA, "\"table\"");
		refused("{\"$mark\":{\"v\":1,\"stream\":\"\",\"from\":0,\"seq\":1}}", ERR_DATA, "\"stream\"");
		refused("{\"$mark\":{\"v\":1,\"stream\":\"s\",\"seq\":1}}", ERR_DATA, "\"from\"");
		refused("{\"$mark\":{\"v\":1,\"recovered\":1}}", ERR_DATA, "\"recovered\"");
		refused("{\"$mark\":{\"v\":1,\"all\":1}}", ERR_DATA, "\"all\"");
		refused("{\"$mark\":{\"v\":1,\"id\":\"\"}}", ERR_DATA, "\"id\"");
		refused("{\"$mark\":{\"v\":1,\"commit\":7}}", ERR_DATA, "\"commit\"");
		refused("{\"$mark\":{\"v\":1,\"commit\":{\"path\":\"x\"}}}", ERR_DATA, "\"commit\"");
		refused("{\"$mark\":{\"v\":1,\"commit\":{\"version\":-1}}}", ERR_DATA, "\"commit\"");
		refused("{\"$mark\":{\"v\":1,\"commit\":{\"version\":1,\"path\":7}}}", ERR_DATA, "\"commit\"");
		refused("{\"$mark\":{\"v\":1,\"records\":-1}}", ERR_DATA, "\"records\"");
		refused("{\"$mark\":{\"v\":1,\"read\":7}}", ERR_DATA, "\"read\"");
		refused("{\"$mark\":{\"v\":1,\"read\":{\"id\":\"\",\"version\":1}}}", ERR_DATA, "\"read\"");
		refused("{\"$mark\":{\"v\":1,\"read\":{\"id\":\"x\",\"version\":-1}}}", ERR_DATA, "\"read\"");
		refused("{\"$mark\":{\"v\":1,\"read\":{\"id\":\"x\",\"version\":1,\"log\":7}}}", ERR_DATA, "\"read\"");
		refused("{\"$mark\":{\"v\":1,\"read\":{\"id\":\"x\"}}}", ERR_DATA, "\"read\"");
		refused("{\"$mark\":{\"v\":1}}{}", ERR_DATA, "mark: ");
	}
	T_CASE("marks: only the exact prefix makes one")
	{
		T_OK(mark_is("{\"$mark\":1", 10));
		T_OK(!mark_is("{\"$mark\"", 8));
		T_OK(!mark_is("{ \"$mark\":{", 11));
		T_OK(!mark_is("{\"a\":1}", 7));
	}
	T_CASE("marks: statuses of ends")
	{
		T_INT(mark_end_status("done"), 0);
		T_INT(mark_end_status("signal"), 0);
		T_INT(mark_end_status("quota"), 75);
		T_INT(mark_end_status("error"), 4);
		T_INT(mark_end_status(NULL), 4);
	}
}

static void slurp(const char *path, char *to, size_t cap)
{
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(to, 1, cap - 1, f) : 0;
	to[n] = '\0';
	if (f)
		fclose(f);
}

static void test_rejects(void)
{
	char dir[] = "/tmp/sm-reject-XXXXXX", path[64], value[80], text[512];
	struct reject *rj;
	struct err e, why;
	T_OK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof path, "%s/r", dir);
	snprintf(value, sizeof value, "reject=%s", path);
	err_set(&why, ERR_DATA, "expected a \"value\"");
	err_at(&why, "a.ndjson", 7, 12);
	T_CASE("rejects: stop gives the record's own error back")
	{
		T_INT(reject_open(&rj, "smx", NULL, &e), 0);
		T_OK(reject_stops(rj));
		T_INT(reject_record(rj, "{bad", 4, &why, &e), ERR_DATA);
		T_INT(e.line, 7);
		T_INT(reject_close(rj, &e), 0);
	}
	T_CASE("rejects: skip counts, and an I/O error is no bad record")
	{
		struct err io;
		err_set(&io, ERR_IO, "disk");
		T_INT(reject_open(&rj, "smx", "skip", &e), 0);
		T_INT(reject_record(rj, "{bad", 4, &why, &e), 0);
		T_INT(reject_record(rj, "{bad", 4, &io, &e), ERR_IO);
		T_INT(reject_count(rj), 1);
		T_INT(reject_close(rj, &e), ERR_REJECTED);
		T_STR(e.msg, "1 bad record skipped");
	}
	T_CASE("rejects: a file keeps line, reason and place; what is not UTF-8 as base64")
	{
		T_INT(reject_open(&rj, "smx", value, &e), 0);
		T_INT(reject_record(rj, "{\"a\":\xC3\xA9", 7, &why, &e), 0);
		why.file[0] = '\0';
		why.line = why.col = 0;
		T_INT(reject_record(rj, "\xFF" "ab", 3, &why, &e), 0);
		T_INT(reject_record(rj, "\xFF" "a", 2, &why, &e), 0);
		T_INT(reject_close(rj, &e), ERR_REJECTED);
		slurp(path, text, sizeof text);
		T_STR(text, "{\"tool\":\"smx\",\"file\":\"a.ndjson\",\"line\":7,\"column\":12,\"error\":\"expected a \\\"value\\\"\",\"record\":\"{\\\"a\\\":\xC3\xA9\"}\n"
			"{\"tool\":\"smx\",\"error\":\"expected a \\\"value\\\"\",\"record_base64\":\"/2Fi\"}\n"
			"{\"tool\":\"smx\",\"error\":\"expected a \\\"value\\\"\",\"record_base64\":\"/2E=\"}\n");
	}
	T_CASE("rejects: wrong values and files that cannot be written are errors")
	{
		T_INT(reject_open(&rj, "smx", "drop", &e), ERR_USAGE);
		T_INT(reject_open(&rj, "smx", "reject=", &e), ERR_USAGE);
		T_INT(reject_open(&rj, "smx", "reject=/nowhere/at/all", &e), 0);
		T_INT(reject_record(rj, "x", 1, &why, &e), ERR_IO);
		T_INT(reject_close(rj, &e), ERR_IO);
		T_INT(reject_open(&rj, "smx", "reject=/dev/full", &e), 0);
		T_INT(reject_record(rj, "x", 1, &why, &e), ERR_IO);
		reject_close(rj, &e);
	}
	unlink(path);
	rmdir(dir);
}

int main(void)
{
	test_marks();
	test_rejects();
	return t_done();
}
