/* SPDX-License-Identifier: MIT */
#include "stream/ck.h"
#include "rate/late.h"
#include "t.h"

#include <stdlib.h>
#include <unistd.h>

#define S INT64_C(1000000)

static char dir[] = "/tmp/sm-late-XXXXXX";
static struct err e;

static struct late_opts opts(enum late_rule rule)
{
	return (struct late_opts){
		.judges = true, .rule = rule, .delay_ns = 10 * S * 1000, .max_keys = 10, .time = "at"
	};
}

static void close_late(struct late *l)
{
	T_INT(late_close(l, &e), 0);
	late_release(l);
}

static void test_rules(void)
{
	struct late l;
	struct late_opts o;
	enum late_rule rule = LATE_DROP;
	struct drops *drops;
	const char *in = "{\"i\":1}", *p = in;
	size_t n = strlen(in);
	bool passes;
	T_INT(drops_open(&drops, "smrate", NULL, &e), 0);
	T_CASE("late: rules as they are written")
	{
		T_OK(late_parse_rule("pass", &rule) && rule == LATE_PASS);
		T_OK(late_parse_rule("file:x", &rule) && rule == LATE_FILE);
		T_OK(!late_parse_rule("file:", &rule) && !late_parse_rule("", &rule));
		T_OK(!late_parse_rule("tags", &rule));
	}
	T_CASE("late: passes as it is, passes with a tag, is dropped and counted")
	{
		o = opts(LATE_PASS);
		T_INT(late_open(&l, &o, drops, &e), 0);
		T_OK(!late_see(&l, NULL, 0, 100 * S) && late_see(&l, NULL, 0, 89 * S));
		T_OK(late_treat(&l, &p, &n, &passes, &e) == 0 && passes && p == in && n == strlen(in));
		close_late(&l);
		o = opts(LATE_TAG);
		T_INT(late_open(&l, &o, drops, &e), 0);
		T_OK(late_treat(&l, &p, &n, &passes, &e) == 0 && passes);
		T_MEM(p, n, "{\"i\":1,\"late\":true}", 19);
		close_late(&l);
		o = opts(LATE_DROP);
		p = in;
		n = strlen(in);
		T_INT(late_open(&l, &o, drops, &e), 0);
		T_OK(late_treat(&l, &p, &n, &passes, &e) == 0 && !passes);
		T_INT(drops_count(drops, DROP_LATE), 1);
		close_late(&l);
	}
	T_CASE("late: goes to a file, which must be one that can be opened")
	{
		char text[16] = "", path[64];
		snprintf(path, sizeof path, "%s/late", dir);
		o = opts(LATE_FILE);
		o.file = path;
		T_INT(late_open(&l, &o, drops, &e), 0);
		T_OK(late_treat(&l, &p, &n, &passes, &e) == 0 && !passes);
		T_INT(late_flush(&l, &e), 0);
		FILE *f = fopen(path, "r");
		T_OK(f && fgets(text, sizeof text, f));
		T_STR(text, "{\"i\":1}\n");
		if (f)
			fclose(f);
		close_late(&l);
		o.file = "/nowhere/at/all";
		T_INT(late_open(&l, &o, drops, &e), ERR_IO);
		T_STR(e.file, o.file);
		close_late(&l);
	}
	T_INT(drops_close(drops, &e), 0);
}

static void test_marks(void)
{
	struct late l;
	struct late_opts o = opts(LATE_PASS);
	struct mark m = MARK_INIT;
	struct ck *ck;
	bool anew = true;
	T_INT(ck_open(&ck, dir, CK_CREATE, &e), 0);
	m.stream = ck->stream;
	T_CASE("late: only a mark with a checkpoint and a seq has the watermark kept")
	{
		T_INT(late_open(&l, &o, NULL, &e), 0);
		T_OK(!late_keeps(&l, &m));
		m.ck = dir;
		T_OK(!late_keeps(&l, &m));
		m.from = 0;
		m.seq = 3;
		T_OK(late_keeps(&l, &m));
		l.o.judges = false;
		T_OK(!late_keeps(&l, &m));
		close_late(&l);
	}
	T_CASE("late: a resumed stream goes on from the watermark of its mark")
	{
		T_INT(late_open(&l, &o, NULL, &e), 0);
		late_see(&l, NULL, 0, 100 * S);
		T_OK(late_keep(&l, &m, &anew, &e) == 0 && !anew);
		close_late(&l);
		T_INT(late_open(&l, &o, NULL, &e), 0);
		m.from = 3;
		m.seq = 4;
		T_OK(late_keep(&l, &m, &anew, &e) == 0 && !anew);
		T_INT(l.watermark.at_us, 90 * S);
		T_OK(late_see(&l, NULL, 0, 89 * S));
		close_late(&l);
	}
	T_CASE("late: with other settings, or from a seq that has no state, the watermark begins anew and says so")
	{
		o.key = "k";
		T_INT(late_open(&l, &o, NULL, &e), 0);
		T_OK(late_keep(&l, &m, &anew, &e) == 0 && anew);
		T_INT(l.watermark.at_us, WATERMARK_NONE);
		T_OK(late_keep(&l, &m, &anew, &e) == 0 && !anew);
		close_late(&l);
		o.key = NULL;
		m.from = 99;
		T_INT(late_open(&l, &o, NULL, &e), 0);
		T_OK(late_keep(&l, &m, &anew, &e) == 0 && anew);
		close_late(&l);
	}
	ck_close(ck);
}

int main(void)
{
	char rm[64];
	if (!mkdtemp(dir))
		return 1;
	test_marks();
	test_rules();
	snprintf(rm, sizeof rm, "rm -rf %s", dir);
	return t_done() | (system(rm) != 0);
}
