/* SPDX-License-Identifier: MIT */
/* Reads numbers, sizes and rates; every digit is checked for overflow. */
#include "base/num.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

bool num_u64(const char *s, size_t n, uint64_t *v)
{
	uint64_t r = 0;
	if (!n)
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned c = (unsigned char)s[i] - '0';
		if (c > 9 || __builtin_mul_overflow(r, 10, &r) || __builtin_add_overflow(r, c, &r))
			return false;
	}
	*v = r;
	return true;
}

bool num_i64(const char *s, size_t n, int64_t *v)
{
	uint64_t u;
	bool minus = n && *s == '-';
	if (!num_u64(s + minus, n - minus, &u) || u > (uint64_t)INT64_MAX + minus)
		return false;
	*v = minus ? (int64_t)-u : (int64_t)u;
	return true;
}

bool num_size(const char *s, size_t n, uint64_t *bytes)
{
	static const struct {
		const char *name;
		uint64_t size;
	} unit[] = {
		{ "", 1 }, { "B", 1 }, { "K", 1 << 10 }, { "M", 1 << 20 }, { "G", 1 << 30 }, { "T", UINT64_C(1) << 40 },
		{ "KiB", 1 << 10 }, { "MiB", 1 << 20 }, { "GiB", 1 << 30 }, { "TiB", UINT64_C(1) << 40 },
		{ "kB", 1000 }, { "KB", 1000 }, { "MB", 1000000 }, { "GB", 1000000000 }, { "TB", UINT64_C(1000000000000) },
	};
	size_t d = 0;
	while (d < n && s[d] >= '0' && s[d] <= '9')
		d++;
	uint64_t v;
	if (!num_u64(s, d, &v))
		return false;
	for (size_t i = 0; i < sizeof unit / sizeof *unit; i++)
		if (strlen(unit[i].name) == n - d && memcmp(unit[i].name, s + d, n - d) == 0)
			return !__builtin_mul_overflow(v, unit[i].size, bytes);
	return false;
}

bool num_rate(const char *s, size_t n, double *count, int64_t *per_ns)
{
	const char *slash = memchr(s, '/', n);
	size_t d = slash ? (size_t)(slash - s) : n;
	double v = 0, scale = 1;
	size_t i = 0;
	for (; i < d && s[i] >= '0' && s[i] <= '9'; i++)
		v = v * 10 + (s[i] - '0');
	if (i == 0)
		return false;
	if (i < d && s[i] == '.')
		for (i++; i < d && s[i] >= '0' && s[i] <= '9'; i++)
			v += (s[i] - '0') * (scale /= 10);
	if (i != d || v <= 0)
		return false;
	*count = v;
	*per_ns = NS_PER_SEC;
	if (!slash)
		return true;
	const char *u = slash + 1;
	size_t un = n - d - 1;
	if (un && *u >= '0' && *u <= '9')
		return duration_parse(u, un, per_ns) && *per_ns > 0;
	char one[16];
	if (!un || un > 8)
		return false;
	one[0] = '1';
	memcpy(one + 1, u, un);
	return duration_parse(one, un + 1, per_ns) && *per_ns > 0;
}

size_t num_size_format(char *to, uint64_t bytes)
{
	static const char *const unit[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
	double v = (double)bytes;
	int i = 0;
	for (; v >= 1024 && i < 5; i++)
		v /= 1024;
	int n = i == 0 ? snprintf(to, 24, "%llu B", (unsigned long long)bytes) : snprintf(to, 24, "%.1f %s", v, unit[i]);
	return (size_t)n;
}
