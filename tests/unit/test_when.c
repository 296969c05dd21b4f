/* SPDX-License-Identifier: MIT */
/* when: the table of what people type; zone files against the C library. */
#include "base/clock.h"
#include "base/when.h"

#include "t.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"
#define NOW "2026-11-30T03:04:05.678901Z"

static const struct {
	const char *text, *zone, *want;      /* WANT NULL: no time */
} table[] = {
	{ "2026-11-10T12:00:00Z", BERLIN, "2026-11-10T12:00:00Z" }, { "2026-11-10t12:00:00.5z", BERLIN, "2026-11-10T12:00:00.500Z" },
	{ "2026-11-10T12:00:00+05:30", BERLIN, "2026-11-10T06:30:00Z" }, { "2026-11-10 12:00:00-08:00", "UTC", "2026-11-10T20:00:00Z" },
	{ "2026-11-10", "UTC", "2026-11-10T00:00:00Z" }, { "2026-11-10", BERLIN, "2026-11-09T23:00:00Z" }, { "2026-07-10", BERLIN, "2026-07-09T22:00:00Z" },
	{ "2026-11-10", "+05:30", "2026-11-09T18:30:00Z" }, { "2026-11-10", "-0800", "2026-11-10T08:00:00Z" }, { "2026-11-10", "Z", "2026-11-10T00:00:00Z" },
	{ "2026-11-10 12:00", "UTC", "2026-11-10T12:00:00Z" }, { "2026-11-10T12:00", BERLIN, "2026-11-10T11:00:00Z" },
	{ "2026-11-10 12:00:30.25", BERLIN, "2026-11-10T11:00:30.250Z" },
	/* skipped: 2:30 is 3:30; twice: the first */
	{ "2026-03-29 01:59", BERLIN, "2026-03-29T00:59:00Z" }, { "2026-03-29 02:30", BERLIN, "2026-03-29T01:30:00Z" },
	{ "2026-03-29 03:00", BERLIN, "2026-03-29T01:00:00Z" }, { "2026-10-25 02:30", BERLIN, "2026-10-25T00:30:00Z" },
	{ "2026-10-25 03:00", BERLIN, "2026-10-25T02:00:00Z" }, { "2026-10-25 01:59", BERLIN, "2026-10-24T23:59:00Z" },
	{ "now", BERLIN, NOW }, { "today", "UTC", "2026-11-30T00:00:00Z" }, { "today", BERLIN, "2026-11-29T23:00:00Z" },
	{ "yesterday", BERLIN, "2026-11-28T23:00:00Z" }, { "today", "-05:00", "2026-11-29T05:00:00Z" }, { "today", "+14:00", "2026-11-29T10:00:00Z" },
	{ "7d ago", "UTC", "2026-11-23T03:04:05.678901Z" }, { "-7d", BERLIN, "2026-11-23T03:04:05.678901Z" }, { "1h30m ago", "UTC", "2026-11-30T01:34:05.678901Z" },
	{ "-0", "UTC", NOW }, { "0 ago", "UTC", NOW },
	{ "", "UTC", NULL }, { "-", "UTC", NULL }, { " ago", "UTC", NULL }, { "7 ago", "UTC", NULL }, { "7d  ago", "UTC", NULL }, { "ago", "UTC", NULL },
	{ "7d", "UTC", NULL }, { "+7d", "UTC", NULL }, { "--7d", "UTC", NULL }, { "-7d ago", "UTC", NULL }, { "Now", "UTC", NULL }, { "tomorrow", "UTC", NULL },
	{ "2026-13-01", "UTC", NULL }, { "2026-02-29", "UTC", NULL }, { "2026-11-10 24:00", "UTC", NULL }, { "2026-11-10 12", "UTC", NULL },
	{ "2026-11-10 12:00Z", "UTC", NULL }, { "10.11.2026", "UTC", NULL }, { "1767225600", "UTC", NULL }, { "0001-01-01", "+14:00", NULL },
	{ "9999-12-31 23:00", "-05:00", NULL }, { "-9999999d", "UTC", NULL }, { "-99999999999999999999d", "UTC", NULL },
};

static void typed(void)
{
	int64_t now, us;
	T_OK(time_parse(NOW, strlen(NOW), &now, NULL));
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct when_zone *z = NULL;
		struct err e;
		char got[48];
		T_INT(when_zone_new(&z, table[i].zone, "/nonexistent", &e), 0);
		bool is = when_parse(&us, table[i].text, strlen(table[i].text), z, now);
		if (is)
			got[time_format(got, us, -1, true)] = '\0';
		if (is != (table[i].want != NULL) || (is && strcmp(got, table[i].want) != 0))
			T_FAIL("'%s' in %s is %s, not %s", table[i].text, table[i].zone, is ? got : "no time", table[i].want ? table[i].want : "no time");
		when_zone_free(z);
	}
}

static void names(void)
{
	static const char *const bad[] = { "", "Mars/Base", "../etc/passwd", "/etc/passwd", "Europe", "europe/../Europe/Berlin", "+1", "+25:00", "+01:60", "CET-1CEST,M3.5" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct when_zone *z = NULL;
		struct err e;
		if (when_zone_new(&z, bad[i], WHEN_ZONES, &e) != ERR_USAGE)
			T_FAIL("'%s' is a zone", bad[i]);
		when_zone_free(z);
	}
	struct when_zone *z = NULL;
	struct err e;
	T_INT(when_zone_new(&z, "Europe/Berlin", "/nonexistent", &e), 0); /* where there are no zone files the rule in force is known */
	T_INT(when_offset_s(z, INT64_C(1780000000) * US_PER_SEC), 7200);
	when_zone_free(z);
}

static int32_t offset_of_libc(int64_t us)
{
	time_t t = (time_t)time_floor_div(us, US_PER_SEC);
	struct tm tm;
	localtime_r(&t, &tm);
	return (int32_t)tm.tm_gmtoff;
}

/* Offsets and local times of a zone, from its file. */
static void against_libc(const char *name)
{
	struct when_zone *z = NULL;
	struct err e;
	unsigned seed = 9;
	setenv("TZ", name, 1);
	tzset();
	T_INT(when_zone_new(&z, name, WHEN_ZONES, &e), 0);
	for (int i = 0; z && i < t_rounds(3000); i++) {
		int64_t us = ((int64_t)rand_r(&seed) * 4 - INT64_C(2400000000)) % INT64_C(4100000000) * US_PER_SEC + rand_r(&seed) % 1000000;
		int32_t want = offset_of_libc(us), got = when_offset_s(z, us);
		if (got != want)
			T_FAIL("%s at %lld: %d, not %d", name, (long long)(us / US_PER_SEC), got, want);
		/* A local time is that instant, or the other one of the same name. */
		int64_t local = us + want * US_PER_SEC, back = when_local(z, local);
		if (back > us || back + offset_of_libc(back) * US_PER_SEC != local)
			T_FAIL("%s: local %lld gives %lld", name, (long long)(local / US_PER_SEC), (long long)(back / US_PER_SEC));
	}
	when_zone_free(z);
}

static void damaged(void)
{
	static unsigned char file[1 << 16];
	FILE *f = fopen(WHEN_ZONES "/Europe/Berlin", "rb");
	size_t n = fread(file, 1, sizeof file, f);
	unsigned seed = 1;
	char dir[] = "/tmp/when.XXXXXX", path[64];
	fclose(f);
	T_OK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof path, "%s/Zone", dir);
	for (int i = 0; i < t_rounds(2000); i++) {
		struct when_zone *z = NULL;
		struct err e;
		size_t at = (unsigned)rand_r(&seed) % n, len = i % 3 ? n : at;
		unsigned char was = file[at];
		file[at] ^= (unsigned char)(1 + rand_r(&seed) % 255);
		f = fopen(path, "wb");
		fwrite(file, 1, len, f);
		fclose(f);
		file[at] = was;
		int rc = when_zone_new(&z, "Zone", dir, &e);
		T_OK(rc == 0 || rc == ERR_DATA);
		if (rc == 0)
			for (int64_t t = -3; t < 4; t++)
				when_local(z, t * INT64_C(700000000) * US_PER_SEC);
		when_zone_free(z);
		unlink(path);
	}
	rmdir(dir);
}

int main(void)
{
	static const char *const zones[] = { "Europe/Berlin", "America/New_York", "America/Los_Angeles", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Casablanca",
					     "America/Sao_Paulo", "Pacific/Apia", "Antarctica/Troll", "Asia/Tehran", "Europe/Dublin", "Pacific/Chatham", "America/St_Johns", "Etc/GMT+5" };
	T_CASE("what people type") typed();
	T_CASE("zones: names that there are not, and one that is known without files") names();
	T_CASE("zone files, as the C library reads them") {
		if (access(WHEN_ZONES "/Europe/Berlin", R_OK) != 0)
			T_SKIP("no zone files here (tzdata)");
		else
			for (size_t i = 0; i < sizeof zones / sizeof *zones; i++)
				against_libc(zones[i]);
	}
	T_CASE("damaged zone files are refused, or read within their bounds") {
		if (access(WHEN_ZONES "/Europe/Berlin", R_OK) != 0)
			T_SKIP("no zone files here (tzdata)");
		else
			damaged();
	}
	return t_done();
}
