/* SPDX-License-Identifier: MIT */
/* Times as people type them, and the zone files of the system. */
#include "base/when.h"

#include "base/ascii.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAX_FILE ((size_t)64 << 10)  /* the largest has 4 kB */
#define HEAD 44

struct when_zone {
	unsigned char *file;         /* NULL: RULE is all */
	const unsigned char *time, *index, *type; /* 8 bytes, 1 byte, 6 bytes each */
	size_t ntimes, ntypes;
	bool has_rule;               /* behind the last time */
	struct zone rule;
};

/* --- zone files (RFC 8536, section 3) --- */

static uint64_t big(const unsigned char *p, unsigned n)
{
	uint64_t v = 0;
	while (n--)
		v = v << 8 | *p++;
	return v;
}

struct counts {
	size_t isut, isstd, leap, time, type, chars;
};

/* The header at P; false: it is none. The counts are bounded by the file: SIZE is what follows. */
static bool read_head(const unsigned char *p, size_t left, unsigned width, struct counts *c, size_t *size)
{
	if (left < HEAD || memcmp(p, "TZif", 4) != 0 || p[4] < '2')
		return false;
	*c = (struct counts){ (size_t)big(p + 20, 4), (size_t)big(p + 24, 4), (size_t)big(p + 28, 4), (size_t)big(p + 32, 4), (size_t)big(p + 36, 4),
			      (size_t)big(p + 40, 4) };
	size_t all[] = { c->isut, c->isstd, c->leap, c->time, c->type, c->chars };
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (all[i] > MAX_FILE)
			return false;
	*size = c->time * (width + 1) + c->type * 6 + c->chars + c->leap * (width + 4) + c->isstd + c->isut;
	return *size <= left - HEAD;
}

static bool read_file(struct when_zone *z, size_t n)
{
	const unsigned char *p = z->file, *end = p + n;
	struct counts c;
	size_t size;
	if (!read_head(p, n, 4, &c, &size))
		return false;
	p += HEAD + size;
	if (!read_head(p, (size_t)(end - p), 8, &c, &size) || c.leap || !c.type)
		return false;
	z->ntimes = c.time;
	z->ntypes = c.type;
	z->time = p + HEAD;
	z->index = z->time + c.time * 8;
	z->type = z->index + c.time;
	for (size_t i = 0; i < c.time; i++)
		if (z->index[i] >= c.type)
			return false;
	p += HEAD + size;
	if (end - p < 2 || *p != '\n')
		return false;
	const unsigned char *nl = memchr(p + 1, '\n', (size_t)(end - p - 1));
	z->has_rule = nl && nl > p + 1;
	return nl && (!z->has_rule || zone_parse(&z->rule, (const char *)p + 1, (size_t)(nl - p - 1), NULL) == 0);
}

/* A relative path without dots in front of names. */
static bool good_name(const char *name)
{
	if (!ascii_letter(*name) || strlen(name) > 100)
		return false;
	for (const char *p = name; *p; p++)
		if (!ascii_letter(*p) && !ascii_digit(*p) && !strchr("_+-/", *p))
			return false;
	return true;
}

/* 1: read; 0: there is no such file; negative. */
static int open_file(struct when_zone *z, const char *name, const char *dir, struct err *e)
{
	char path[512];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	z->file = mem_alloc(MAX_FILE);
	ssize_t n = fd < 0 ? -1 : fd_pread_all(fd, z->file, MAX_FILE, 0);
	int errnum = errno;
	if (fd >= 0)
		close(fd);
	if (n < 0 && errnum == EISDIR)
		return 0;
	if (n < 0) {
		err_sys(e, errnum, "cannot read the zone file");
		return err_at(e, path, 0, 0);
	}
	if (read_file(z, (size_t)n))
		return 1;
	err_set(e, ERR_DATA, "it is not a zone file of version 2 or later");
	return err_at(e, path, 0, 0);
}

/* +01:00, -0330 */
static bool read_offset(struct zone *rule, const char *s)
{
	int h, m = 0, n = 0;
	if ((*s != '+' && *s != '-') || !ascii_digit(s[1]))
		return false;
	bool whole = (sscanf(s + 1, "%2d:%2d%n", &h, &m, &n) == 2 || sscanf(s + 1, "%2d%2d%n", &h, &m, &n) == 2) && !s[1 + n];
	if (!whole || m < 0 || m > 59 || h > 23)
		return false;
	*rule = (struct zone){ .std_s = (h * 3600 + m * 60) * (*s == '-' ? -1 : 1) };
	return true;
}

int when_zone_new(struct when_zone **out, const char *name, const char *dir, struct err *e)
{
	struct when_zone *z = mem_zalloc(sizeof *z);
	int rc = 0;
	z->has_rule = true;
	if (strcmp(name, "UTC") != 0 && strcmp(name, "Z") != 0 && !read_offset(&z->rule, name)) {
		rc = good_name(name) ? open_file(z, name, dir, e) : 0;
		if (rc == 0) {
			mem_free(z->file);
			z->file = NULL;
			rc = zone_parse(&z->rule, name, strlen(name), NULL) == 0 ? 1 :
				err_set(e, ERR_USAGE, "there is no zone '%.100s': UTC, +01:00, or a name below %s such as Europe/Berlin", name, dir);
		}
	}
	if (rc < 0) {
		when_zone_free(z);
		return rc;
	}
	*out = z;
	return 0;
}

void when_zone_free(struct when_zone *z)
{
	if (!z)
		return;
	mem_free(z->file);
	mem_free(z);
}

static int32_t type_offset(const struct when_zone *z, size_t type)
{
	return (int32_t)(uint32_t)big(z->type + type * 6, 4);
}

int32_t when_offset_s(const struct when_zone *z, int64_t utc_us)
{
	if (!z)
		return 0;
	if (!z->file)
		return zone_offset_s(&z->rule, utc_us);
	int64_t t = time_floor_div(utc_us, US_PER_SEC);
	size_t low = 0, high = z->ntimes; /* the times before LOW are at or before T */
	while (low < high) {
		size_t mid = (low + high) / 2;
		if ((int64_t)big(z->time + mid * 8, 8) <= t)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == z->ntimes && z->has_rule)
		return zone_offset_s(&z->rule, utc_us);
	return type_offset(z, low ? z->index[low - 1] : 0);
}

int64_t when_local(const struct when_zone *z, int64_t local_us)
{
	int64_t before = local_us - when_offset_s(z, local_us - US_PER_DAY) * US_PER_SEC;
	int64_t after = local_us - when_offset_s(z, local_us + US_PER_DAY) * US_PER_SEC;
	bool is_before = before + when_offset_s(z, before) * US_PER_SEC == local_us;
	bool is_after = after + when_offset_s(z, after) * US_PER_SEC == local_us;
	/* In a gap neither is; the offset from before moves it behind. */
	return is_before || !is_after ? before : after;
}

/* --- what is typed --- */

static bool word(const char *s, size_t n, const char *w)
{
	return strlen(w) == n && memcmp(s, w, n) == 0;
}

/* The midnight that began the day DAYS before today. */
static int64_t midnight(const struct when_zone *z, int64_t now_us, int days)
{
	int64_t local = now_us + when_offset_s(z, now_us) * US_PER_SEC;
	return when_local(z, (time_floor_div(local, US_PER_DAY) - days) * US_PER_DAY);
}

static bool parse_relative(int64_t *us, const char *s, size_t n, const struct when_zone *z, int64_t now_us)
{
	static const char ago[] = " ago";
	const size_t nago = sizeof ago - 1;
	int64_t ns;
	if (word(s, n, "now"))
		*us = now_us;
	else if (word(s, n, "today"))
		*us = midnight(z, now_us, 0);
	else if (word(s, n, "yesterday"))
		*us = midnight(z, now_us, 1);
	else if (n > 1 && *s == '-' && duration_parse(s + 1, n - 1, &ns))
		*us = now_us - ns / 1000;
	else if (n > nago && memcmp(s + n - nago, ago, nago) == 0 && duration_parse(s, n - nago, &ns))
		*us = now_us - ns / 1000;
	else
		return false;
	return true;
}

bool when_relative(const char *s, size_t n)
{
	int64_t us;
	return parse_relative(&us, s, n, NULL, 0);
}

/* A date, or a date and a time without a zone. */
static bool parse_local(int64_t *us, const char *s, size_t n, const struct when_zone *z)
{
	char text[32];
	int32_t days;
	int64_t local;
	enum time_zone zone;
	if (date_parse(s, n, &days)) {
		local = days * US_PER_DAY;
	} else if (n == 16) { /* without seconds */
		memcpy(text, s, 16);
		memcpy(text + 16, ":00", 3);
		if (!time_parse(text, 19, &local, &zone) || zone != ZONE_NONE)
			return false;
	} else if (!time_parse(s, n, &local, &zone) || zone != ZONE_NONE) {
		return false;
	}
	*us = when_local(z, local);
	return true;
}

bool when_parse(int64_t *us, const char *s, size_t n, const struct when_zone *z, int64_t now_us)
{
	enum time_zone zone;
	if (!(time_parse(s, n, us, &zone) && zone != ZONE_NONE) && !parse_relative(us, s, n, z, now_us) && !parse_local(us, s, n, z))
		return false;
	return *us >= TIME_MIN_US && *us <= TIME_MAX_US;
}
