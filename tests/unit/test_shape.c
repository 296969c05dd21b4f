/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "rate/settings.h"
#include "t.h"

#define S NS_PER_SEC

static struct shape_opts o;
static struct err e;

static int parse(struct shape_settings s)
{
	s.max_keys = s.max_keys || s.max_keys_given ? s.max_keys : 100;
	shape_opts_release(&o);
	e.msg[0] = '\0';
	return shape_parse(&o, &s, &e);
}

#define PARSE(...) parse((struct shape_settings){ __VA_ARGS__ })
#define REFUSED(text, ...) do { T_INT(PARSE(__VA_ARGS__), ERR_USAGE); T_STR(e.msg, text); } while (0)

static void test_rates(void)
{
	struct shape_rate r = { 100, S };
	T_CASE("settings: nothing is asked for")
	{
		T_INT(PARSE(0), 0);
		T_OK(!o.timed && !o.queued && !o.late.judges && !o.spill_dir && !o.route);
	}
	T_CASE("settings: a burst is records, bytes where they alone are limited, or a time of both")
	{
		T_INT(PARSE(.rate = r, .burst = "11"), 0);
		T_OK(o.timed && o.limits.records && !o.limits.bytes && !o.queued);
		T_INT(o.limits.by_record.tau, gcra_burst(100, S, 11));
		T_INT(PARSE(.bytes = "1KiB/2s", .burst = "4KiB"), 0);
		T_DBL(o.limits.by_byte.count, 1024);
		T_INT(o.limits.by_byte.per_ns, 2 * S);
		T_INT(o.limits.by_byte.tau, gcra_burst(1024, 2 * S, 4096));
		T_INT(PARSE(.rate = r, .bytes = "1MB", .burst = "3s"), 0);
		T_INT(o.limits.by_record.tau, 3 * S);
		T_INT(o.limits.by_byte.tau, 3 * S);
		REFUSED("--burst: '0' is not a number or a time", .rate = r, .burst = "0");
		REFUSED("--burst: '4KiB' is not a number or a time", .rate = r, .burst = "4KiB");
		REFUSED("--burst needs -r or -b", .burst = "4");
	}
	T_CASE("settings: sizes in a time that are none")
	{
		const char *bad[] = { "", "0/s", "x/s", "1/0s", "1/", "/s", "1MB/s/s", "-1/s",
				      "1/sssssssssssssssssssssssssssssssssssssssssssssss" };
		for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
			if (PARSE(.bytes = bad[i]) != ERR_USAGE)
				T_FAIL("'%s' was taken", bad[i]);
	}
	T_CASE("settings: a rate that adapts has bounds, and no other rate")
	{
		T_INT(PARSE(.adapt = "aimd", .min = { 60, 60 * S }, .max = r), 0);
		T_DBL(o.gate.aimd.min, 1);
		T_DBL(o.gate.aimd.max, 100);
		T_OK(o.timed && o.gate.adapts && !o.limits.records);
		REFUSED("--adapt needs --min and --max", .adapt = "aimd", .min = r);
		REFUSED("--min must be at most --max", .adapt = "aimd", .min = r, .max = { 1, S });
		REFUSED("--max needs --adapt", .max = r);
		REFUSED("-r cannot be combined with --adapt",
			.adapt = "aimd", .min = r, .max = r, .rate = r);
		REFUSED("--share needs -r or -b", .share = "q");
	}
}

static void test_time(void)
{
	T_CASE("settings: what becomes of late records")
	{
		T_INT(PARSE(.time = "at", .watermark = S, .watermark_given = true, .late = "file:f:x", .key = "k"), 0);
		T_OK(o.late.judges && o.late.rule == LATE_FILE && !o.timed);
		T_STR(o.late.file, "f:x");
		T_STR(o.key, "k");
		T_INT(PARSE(.time = "at", .watermark_given = true, .late = "tag"), 0);
		T_OK(o.late.rule == LATE_TAG && !o.late.file);
		REFUSED("--late: 'file:' is not one of pass|tag|drop|file:F",
			.time = "at", .watermark_given = true, .late = "file:");
		REFUSED("--late needs --watermark", .late = "pass");
		REFUSED("--idle must be greater than 0", .time = "at", .watermark_given = true, .idle_given = true);
		REFUSED("--watermark must be at least 0", .time = "at", .watermark_given = true, .watermark = -1);
	}
	T_CASE("settings: event time is asked for and used, or neither")
	{
		T_INT(PARSE(.time = "at", .speed = "60x", .max_gap = S), 0);
		T_OK(o.timed && o.gate.paced);
		T_DBL(o.gate.pace.speed, 60);
		REFUSED("--speed needs --time, the field that holds the event time", .speed = "1");
		REFUSED("--time needs --speed or --watermark", .time = "at");
		REFUSED("--max-gap needs --speed", .max_gap = S);
		REFUSED("--max-gap must be at least 0", .time = "at", .speed = "1", .max_gap = -1);
		REFUSED("--speed: '0' is not a number greater than 0 or max", .time = "at", .speed = "0");
	}
}

static void test_keys(void)
{
	struct shape_rate r = { 5, S };
	T_CASE("settings: limits and turns of keys")
	{
		T_INT(PARSE(.key = "k", .key_rate = r, .key_burst = "3"), 0);
		T_OK(o.queued && o.queue.lanes.keyed && o.queue.lanes.limited && !o.queue.lanes.fair);
		T_INT(o.queue.lanes.tau, gcra_burst(5, S, 3));
		T_INT(PARSE(.key = "k", .key_rate = r, .key_burst = "2s"), 0);
		T_INT(o.queue.lanes.tau, 2 * S);
		T_INT(PARSE(.key = "k", .fair = true, .bytes = "1MB"), 0);
		T_OK(o.queue.lanes.fair && o.queue.lanes.by_bytes && !o.queue.lanes.limited);
		REFUSED("--fair needs --key", .fair = true);
		REFUSED("--key-rate needs --key", .key_rate = r);
		REFUSED("--key needs --key-rate, --fair or --watermark", .key = "k");
		REFUSED("--weights needs --fair", .key = "k", .key_rate = r, .weights = "w");
		REFUSED("--key-burst needs --key-rate", .key = "k", .fair = true, .key_burst = "1");
		REFUSED("--key-burst: 'x' is not a number or a time", .key = "k", .key_rate = r, .key_burst = "x");
		REFUSED("--max-keys must be at least 1", .key = "k", .fair = true, .max_keys_given = true);
	}
}

static void test_queue(void)
{
	T_CASE("settings: a queue of records, of bytes, of neither")
	{
		T_INT(PARSE(.queue = "20"), 0);
		T_OK(o.queued && o.queue.max_records == 20 && o.queue.max_bytes == (uint64_t)1 << 30);
		T_INT(PARSE(.queue = "2MiB"), 0);
		T_OK(!o.queue.max_records && o.queue.max_bytes == (uint64_t)2 << 20);
		REFUSED("--queue: '0' is not a number of records or a size", .queue = "0");
		REFUSED("--queue: '' is not a number of records or a size", .queue = "");
	}
	T_CASE("settings: what a full queue does")
	{
		T_OK(PARSE(.full = "block") == 0 && o.queued && o.queue.full == QUEUE_BLOCK);
		T_OK(PARSE(.full = "drop-new") == 0 && o.queue.full == QUEUE_NEW);
		T_OK(PARSE(.full = "drop-old", .dropped = "d") == 0 && o.queue.full == QUEUE_OLD && o.dropped);
		T_OK(PARSE(.full = "sample:0.25") == 0 && o.queue.full == QUEUE_SAMPLE);
		T_DBL(o.queue.sample, 0.25);
		REFUSED("--full: '1.1' is not a number from 0 to 1", .full = "sample:1.1");
		REFUSED("--full: '-0.1' is not a number from 0 to 1", .full = "sample:-0.1");
		REFUSED("--full: 'samples' is not one of block|drop-new|drop-old|sample:P|spill:DIR[:MAX], did you mean 'sample:P'?",
			.full = "samples");
		REFUSED("--dropped: no record is dropped with these options", .full = "block", .dropped = "d");
		T_INT(PARSE(.time = "at", .watermark_given = true, .late = "drop", .dropped = "d"), 0);
	}
	T_CASE("settings: a spill's folder may hold colons; what follows the last one is a bound when it is a size")
	{
		T_INT(PARSE(.full = "spill:a:b"), 0);
		T_STR(o.spill_dir, "a:b");
		T_INT(o.spill.max, 0);
		T_INT(PARSE(.full = "spill:a:b:10KiB"), 0);
		T_STR(o.spill_dir, "a:b");
		T_INT(o.spill.max, 10240);
		REFUSED("--full: spill needs a folder, spill:DIR", .full = "spill:");
		REFUSED("--full: spill needs a folder, spill:DIR", .full = "spill::1KiB");
		REFUSED("--full: the size of a spill must be greater than 0", .full = "spill:a:0");
	}
	T_CASE("settings: outputs")
	{
		T_OK(PARSE(.out = "a,b") == 0 && o.queued && o.balance == OUTS_LEAST && !o.route);
		T_OK(PARSE(.out = "a,b", .balance = "least-full") == 0 && o.balance == OUTS_LEAST && !o.route);
		T_OK(PARSE(.out = "a,b", .balance = "hash:x.y") == 0 && o.balance == OUTS_HASH);
		T_STR(o.route, "x.y");
		REFUSED("--balance: 'hash:' is not one of least-full|hash:PATH", .out = "a", .balance = "hash:");
		REFUSED("--balance needs --out", .balance = "least-full");
	}
}

int main(void)
{
	test_rates();
	test_time();
	test_keys();
	test_queue();
	shape_opts_release(&o);
	return t_done();
}
