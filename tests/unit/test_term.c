// SPDX-License-Identifier: MIT
/* base/utf8 and base/term over every code point and over random bytes. */
#include "base/term.h"
#include "base/utf8.h"

#include "t.h"

#include <stdlib.h>

/* What Unicode and ECMA-48 say, written out apart from the code. */
static bool wanted(uint32_t c)
{
	static const uint32_t ranges[][2] = { { 0x00, 0x1F }, { 0x7F, 0x7F }, { 0x80, 0x9F }, { 0x061C, 0x061C }, { 0x200E, 0x200F },
					      { 0x2028, 0x2029 }, { 0x202A, 0x202E }, { 0x2066, 0x2069 } };
	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
		if (c >= ranges[i][0] && c <= ranges[i][1])
			return true;
	return false;
}

static void shows(const char *p, size_t n, const char *keep, const char *want)
{
	struct buf b = BUF_INIT;
	term_show(&b, p, n, keep);
	T_STR(buf_cstr(&b), want);
	buf_release(&b);
}

static void every_code_point(void)
{
	struct buf b = BUF_INIT;
	for (uint32_t c = 0; c < 0x110000; c++) {
		char text[8], want[16];
		uint32_t back;
		if (c >> 11 == 0xD800 >> 11)
			continue;
		unsigned n = utf8_encode(text, c);
		if (utf8_decode(text, n, &back) != n || back != c || !utf8_valid(text, n))
			T_FAIL("U+%04X does not come back", c);
		for (unsigned cut = 1; cut < n; cut++)
			if (utf8_valid(text, cut) || utf8_decode(text, cut, &back) != 1 || back != UTF8_BAD)
				T_FAIL("U+%04X cut to %u bytes is taken", c, cut);
		buf_clear(&b);
		term_show(&b, text, n, "");
		snprintf(want, sizeof want, "\\u%04x", c);
		bool same = wanted(c) ? b.n == strlen(want) && memcmp(b.p, want, b.n) == 0 : b.n == n && memcmp(b.p, text, n) == 0;
		if (term_obeys(c) != wanted(c) || !same)
			T_FAIL("U+%04X", c);
	}
	buf_release(&b);
}

/* Whatever comes in, what goes out is UTF-8 without anything that is obeyed, and the same a second time. */
static void random_bytes(void)
{
	struct buf b = BUF_INIT, again = BUF_INIT;
	srand(7);
	for (int round = 0; round < 20000; round++) {
		char in[24];
		size_t n = (size_t)(rand() % (int)sizeof in);
		for (size_t i = 0; i < n; i++) {
			static const unsigned char odd[] = { 0x1B, 0xC2, 0x9B, 0xE2, 0x80, 0xAE, 0xED, 0xA0, 0xF4, 0x90, '[', 0xFF };
			in[i] = (char)(rand() % 3 ? odd[rand() % (int)sizeof odd] : rand());
		}
		buf_clear(&b);
		buf_clear(&again);
		term_show(&b, in, n, "");
		for (size_t i = 0; i < b.n;) {
			uint32_t c;
			i += utf8_decode(b.p + i, b.n - i, &c);
			T_OK(!wanted(c) && c != UTF8_BAD);
		}
		term_show(&again, b.n ? b.p : "", b.n, "");
		T_MEM(again.n ? again.p : "", again.n, b.n ? b.p : "", b.n);
		buf_clear(&again);
		utf8_repair(&again, in, n);
		T_OK(utf8_valid(again.n ? again.p : "", again.n));
	}
	buf_release(&b);
	buf_release(&again);
}

int main(void)
{
	T_CASE("every code point is written, read and judged") every_code_point();
	T_CASE("no bytes at all get through that a terminal would obey") random_bytes();
	T_CASE("what is shown, and what is kept") {
		shows("a\033[31mb\n", 8, "", "a\\u001b[31mb\\u000a");
		shows("a\033[31mb\n\t\r", 10, "\n\t", "a\\u001b[31mb\n\t\\u000d");
		shows("\xc2\x9b" "31m\xe2\x80\xae\xff", 9, "\n\t", "\\u009b31m\\u202e\\xff");
		shows("\0x", 2, "\n", "\\u0000x");
		shows("\xd7\xa9\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb", 13, "", "\xd7\xa9\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb");
		shows("", 0, "", "");
	}
	return t_done();
}
