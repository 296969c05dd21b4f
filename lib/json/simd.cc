/* SPDX-License-Identifier: MIT */
/* The one C++ file: what only C++ libraries offer, behind C headers. No exception leaves it. */
#include "json/index.h"
#include "json/number.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <memory>
#include <new>
#include <simdjson.h>

namespace {

/* to_chars writes "1e+300" and "1e-07": drop the plus sign and leading zeros of the exponent. */
size_t tidy_exponent(char *to, size_t n)
{
	char *e = static_cast<char *>(memchr(to, 'e', n));
	if (!e)
		return n;
	char *from = e + 1, *put = e + 1, *end = to + n;
	if (*from == '+')
		from++;
	else if (*from == '-')
		*put++ = *from++;
	while (from < end - 1 && *from == '0')
		from++;
	while (from < end)
		*put++ = *from++;
	return static_cast<size_t>(put - to);
}

template <typename T> size_t format(char *to, T v)
{
	T a = std::fabs(v);
	bool plain = a == 0 || (a >= static_cast<T>(1e-5) && a < static_cast<T>(1e17));
	auto r = std::to_chars(to, to + JSON_DOUBLE_TEXT - 2, v,
			       plain ? std::chars_format::fixed : std::chars_format::scientific);
	size_t n = static_cast<size_t>(r.ptr - to);
	if (!plain)
		return tidy_exponent(to, n);
	if (!memchr(to, '.', n)) {
		to[n++] = '.';
		to[n++] = '0';
	}
	return n;
}

/* Is the value of this number, which does not fit, a tiny one? Its first digit that is not zero tells,
 * with the exponent. */
bool is_tiny(const char *p, const char *end)
{
	long long place = 0, exponent = 0;
	bool point = false, digit = false, minus = false;
	for (; p < end && *p != 'e' && *p != 'E'; p++) {
		if (*p == '.')
			point = true;
		else if (*p >= '0' && *p <= '9') {
			digit = digit || *p != '0';
			if (digit && !point)
				place++;
			else if (!digit && point)
				place--;
		}
	}
	if (p < end && ++p < end && (*p == '-' || *p == '+'))
		minus = *p++ == '-';
	for (; p < end; p++)
		if (exponent < 1000000000)
			exponent = exponent * 10 + (*p - '0');
	return place + (minus ? -exponent : exponent) < 0;
}

template <typename T> bool keeps(const char *digits, size_t n, T v)
{
	char exact[512], shortest[64];
	v = std::fabs(v);
	auto r = std::to_chars(exact, exact + sizeof exact, v, std::chars_format::fixed);
	if (static_cast<size_t>(r.ptr - exact) != n)
		return false;
	if (memcmp(exact, digits, n) == 0)
		return true;
	r = std::to_chars(shortest, shortest + sizeof shortest, v, std::chars_format::scientific);
	size_t k = 0;
	for (const char *p = shortest; p < r.ptr && *p != 'e' && k < n; p++)
		if (*p != '.' && digits[k++] != *p)
			return false;
	while (k < n && digits[k] == '0')
		k++;
	return k == n;
}

template <typename T> bool parse(const char *p, size_t n, T *v)
{
	auto r = std::from_chars(p, p + n, *v);
	if (r.ptr != p + n)
		return false;
	if (r.ec == std::errc())
		return std::isfinite(*v);
	if (r.ec != std::errc::result_out_of_range || !is_tiny(p, p + n))
		return false;
	*v = *p == '-' ? -static_cast<T>(0) : static_cast<T>(0);
	return true;
}

}

/* base/mem.h is C alone (_Noreturn). */
extern "C" [[noreturn]] void mem_oom(size_t wanted);

static const size_t CAPACITY_SMALL = size_t(1) << 20, CAPACITY_LARGE = size_t(8) << 20;

struct json_index {
	std::unique_ptr<simdjson::internal::dom_parser_implementation> parser;
};

extern "C" struct json_index *json_index_new(void)
{
	json_index *x = new (std::nothrow) json_index;
	if (!x)
		mem_oom(sizeof *x);
	return x;
}

extern "C" void json_index_free(struct json_index *x)
{
	delete x;
}

static void ensure_capacity(json_index *x, size_t n)
{
	/* After a very long line its memory is given back. */
	if (x->parser && x->parser->capacity() > n && (n > CAPACITY_SMALL || x->parser->capacity() < CAPACITY_LARGE))
		return;
	size_t want = (n + n / 2 + 4096) & ~static_cast<size_t>(63);
	auto &impl = simdjson::get_active_implementation();
	if (impl->create_dom_parser_implementation(want, 1, x->parser) != simdjson::SUCCESS)
		mem_oom(want * sizeof(uint32_t));
}

extern "C" bool json_index_run(struct json_index *x, const char *p, size_t n, const uint32_t **tok, size_t *ntok)
{
	if (n > JSON_INDEX_MAX)
		return false;
	ensure_capacity(x, n);
	auto &parser = *x->parser;
	auto code = parser.stage1(reinterpret_cast<const uint8_t *>(p), n, simdjson::stage1_mode::regular);
	if (code != simdjson::SUCCESS && code != simdjson::EMPTY)
		return false;
	uint32_t *t = parser.structural_indexes.get();
	size_t nt = code == simdjson::EMPTY ? 0 : parser.n_structural_indexes;
	for (size_t i = 0; i < 3; i++)
		t[nt + i] = static_cast<uint32_t>(n - 1);
	*tok = t;
	*ntok = nt;
	return true;
}

extern "C" size_t json_format_double(char *to, double v)
{
	return format(to, v);
}

extern "C" size_t json_format_float(char *to, float v)
{
	return format(to, v);
}

extern "C" bool json_parse_double(const char *p, size_t n, double *v)
{
	return parse(p, n, v);
}

extern "C" bool json_parse_float(const char *p, size_t n, float *v)
{
	return parse(p, n, v);
}

extern "C" bool json_double_keeps(const char *digits, size_t n, double v)
{
	return keeps(digits, n, v);
}

extern "C" bool json_float_keeps(const char *digits, size_t n, float v)
{
	return keeps(digits, n, v);
}
