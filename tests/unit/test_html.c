/* SPDX-License-Identifier: MIT */
/* HTML to text: the routine itself, and striphtml in maps with libjq and without. */
#include "base/mem.h"
#include "json/string.h"
#include "source/map.h"
#include "text/html.h"

#include "t.h"

#include <stdlib.h>

/* libjq 1.6 forgets some memory, in compiling and in running: not what we look for. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libjq.so";
}

static const struct {
	const char *html, *text;
} rows[] = {
	/* blocks */
	{ "<h2>Budget cut</h2><div>Ministers agreed</div>", "Budget cut\nMinisters agreed" },
	{ "<p>a</p><p>b</p>", "a\n\nb" },
	{ "<p>a</p>\n\n  <p>b</p>\n", "a\n\nb" },
	{ "a<p>b<p>c", "a\n\nb\n\nc" },
	{ "<p>a</p>b", "a\n\nb" },
	{ "<div><div><div>a</div></div></div><section><article>b</article></section>", "a\nb" },
	{ "<p>buy:</p><ul><li>milk</li><li>eggs</li></ul><blockquote>said he</blockquote><pre>x</pre>", "buy:\n\nmilk\neggs\nsaid he\nx" },
	{ "<ul><li>a<ul><li>b</li><li>c</li></ul></li><li>d</li></ul>", "a\nb\nc\nd" },
	{ "<UL><LI>a<LI>b</UL>c", "a\nb\nc" },
	{ "a<hr>b<hr/>c", "a\nb\nc" },
	{ "<dl><dt>a</dt><dd>b</dd></dl><figure><img src=x><figcaption>c</figcaption></figure>", "a\nb\nc" },
	{ "<form>a<fieldset>b</fieldset></form><address>c</address><nav>d</nav><header>e</header>", "a\nb\nc\nd\ne" },
	{ "<div></div><p></p><div>a</div><p></p>", "a" },
	/* br */
	{ "<p>a<br>b<br/>c<br />d</p><p>e</p>", "a\nb\nc\nd\n\ne" },
	{ "<br>a<br><br>b<br>", "a\n\nb" },
	{ "a <br> b", "a\nb" },
	{ "a<BR CLEAR=all>b<br class=\"x>y\">c", "a\nb\nc" },
	/* inline and unknown */
	{ "a<b>b</b><i>c</i> <x-y z>d</x-y>", "abc d" },
	{ "<a href=\"https://h.example/a\"><span class=\"invisible\">https://</span><span>h.example/a</span></a>", "https://h.example/a" },
	{ "<a title=\"1 > 0\" href='x>y'>l</a>", "l" },
	{ "<pp>a</pp><divx>b</divx>", "ab" },
	/* white space */
	{ "  a \t\n b\f\r\nc  ", "a b c" },
	{ "a <b> b </b> c", "a b c" },
	{ "<div> a </div> <div> b </div>", "a\nb" },
	{ "a&nbsp; &nbsp;b&#32;&#10;c", "a\xC2\xA0 \xC2\xA0""b c" },
	{ "", "" },
	{ " <p> </p> ", "" },
	/* pre */
	{ "a<pre>\n  b\n\tc  d\n</pre>e", "a\n  b\n\tc  d\ne" },
	{ "<p>a</p><pre><code>if (x)\r\n  y &lt; z;\r\n</code></pre><p> b  c</p>", "a\n\nif (x)\n  y < z;\n\nb c" },
	{ "<pre>a\n\n b", "a\n\n b" },
	{ "</pre>a  b", "a b" },
	/* tables */
	{ "<table><tr><td>2024</td><td>2025</td></tr></table>", "2024\t2025" },
	{ "<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr> <td>1</td> <td>2</td> </tr></tbody></table>x", "a\tb\n1\t2\nx" },
	{ "<table><tr><td><p>a</p></td><td><p>b</p></td></tr></table>", "a\tb" },
	{ "x<table><tr><td></td><td>a</td><td></td><td>b</td></tr></table>", "x\n\ta\t\tb" },
	{ "<table><tr><td>a<td>b<tr><td>c<td>d</table>", "a\tb\nc\td" },
	{ "<table><tr><td>a</td></tr></table><table><tr><td>b</td></tr></table>", "a\nb" },
	/* references */
	{ "a &amp;amp; &lt;b&gt; &quot;c&quot; &apos;&#39;&#x27;&#X2f;", "a &amp; <b> \"c\" '''/" },
	{ "&eacute;&Eacute;&yuml;&hellip;&mdash;&rsquo;&euro;", "\xC3\xA9\xC3\x89\xC3\xBF\xE2\x80\xA6\xE2\x80\x94\xE2\x80\x99\xE2\x82\xAC" },
	{ "&#128512;&#x1F600; \xF0\x9F\x98\x80", "\xF0\x9F\x98\x80\xF0\x9F\x98\x80 \xF0\x9F\x98\x80" },
	{ "&#146;&#0;&#xD800;&#x110000;&#99999999999999999999;", "\xE2\x80\x99\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD" },
	{ "& &; &# &#; &#x; &lt &unknown; &verylongunknownname; a&b", "& &; &# &#; &#x; &lt &unknown; &verylongunknownname; a&b" },
	{ "&lt;br&gt;&lt;script&gt;", "<br><script>" },
	/* dropped */
	{ "a<script>if (a<b) x = \"<p>\";</script>b", "ab" },
	{ "a<SCRIPT type='x'>1</Script >b<style>p{}</style>c", "abc" },
	{ "<script>\"</scripty>\"</script>a", "a" },
	{ "a<!-- <p>b</p> > -->c<!-->d<!--->e", "acde" },
	{ "<!DOCTYPE html><html><head><title>t</title><meta x></head><body>a</body></html>", "a" },
	{ "<?xml version=\"1.0\"?>a<![CDATA[ b > c ]]>d", "ad" },
	{ "a<template>b<template>c</template>d</template>e<noscript><img></noscript>f", "aef" },
	{ "a<div hidden>b<div>c</div>d</div>e<span HIDDEN=\"\">f</span>g<p class=\"hidden\">h</p>", "aeg\n\nh" },
	{ "<script src=x />a<iframe src='y'/>b", "ab" },
	/* what is not closed or not sound */
	{ "1 < 2, 2 > 1, a<3, <<b>c", "1 < 2, 2 > 1, a<3, <c" },
	{ "a <b c", "a <b c" },
	{ "a <", "a <" },
	{ "a </ b", "a </ b" },
	{ "a</>b</ c>d", "abd" },
	{ "<a href=\"x>b</a> c", "b c" },
	{ "a<!-- b <i>c</i>", "a b c" },
	{ "a<script>b", "ab" },
	{ "a<style>b<script>c</script>d", "abd" },
	{ "<p hidden>a<p>b", "a\n\nb" },
	{ "</div></p></li>a</ul>", "a" },
	{ "<b><i>a</b></i></u>b", "ab" },
};

static void check_routine(const char *html, const char *want)
{
	size_t n = strlen(html);
	char *s = mem_dup(html, n ? n : 1), *to = mem_alloc(n ? n : 1);  /* a byte too many is seen */
	size_t got = html_text(to, s, n);
	if (got != strlen(want) || memcmp(to, want, got) != 0)
		T_FAIL("'%s' gives '%.*s', not '%s'", html, (int)got, to, want);
	got = html_text(s, s, n);
	if (got != strlen(want) || memcmp(s, want, got) != 0)
		T_FAIL("'%s' in place gives '%.*s', not '%s'", html, (int)got, s, want);
	mem_free(to);
	mem_free(s);
}

static void check_map(enum source_map_by by)
{
	static const char text[] = "{\"smsource\":1,\"name\":\"t\",\"network\":\"n\",\"map\":"
				   "\"{id: \\\"i\\\", native_id: \\\"n\\\", created_at: 0, text: (\\\"x:\\\" + (.t | striphtml))}\"}";
	struct source_def *d = NULL;
	struct source_map *m = NULL;
	struct buf item = BUF_INIT, want = BUF_INIT, got = BUF_INIT;
	struct err e;
	T_INT(source_def_parse(&d, text, sizeof text - 1, "test", &e), 0);
	T_INT(source_map_new(&m, d, NULL, false, &e), 0);
	T_INT(source_map_by(m, by, &e), 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint64_t made = 0;
		buf_clear(&item);
		buf_clear(&want);
		buf_clear(&got);
		buf_puts(&item, "{\"t\":");
		json_put_cstr(&item, rows[i].html);
		buf_puts(&item, "}");
		buf_printf(&want, "x:%s", rows[i].text);
		struct buf json = BUF_INIT;
		buf_puts(&json, "\"text\":");
		json_put_cstr(&json, buf_cstr(&want));
		if (source_map_item(m, item.p, item.n, 0, &got, &made, &e) < 0)
			T_FAIL("%s: %s", rows[i].html, e.msg);
		if (!strstr(buf_cstr(&got), buf_cstr(&json)))
			T_FAIL("%s gives %s, not %s", rows[i].html, buf_cstr(&got), buf_cstr(&json));
		buf_release(&json);
	}
	source_map_free(m);
	source_def_free(d);
	buf_release(&item);
	buf_release(&want);
	buf_release(&got);
}

/* Any bytes: nothing is read or written outside, in place is the same, no white space at the ends. */
static void check_any(void)
{
	static const char *const parts[] = { "<p>", "</p>", "<br>", "<td>", "<tr>", "</tr>", "<pre>", "</pre>", "\n", " ", "\r", "a", "&lt;", "&ne;",
		"&#10;", "&#0;", "&", ";", "<", ">", "\"", "'", "=", "/", "<!--", "-->", "<![CDATA[", "]]>", "<script>", "</script>", "<i hidden>",
		"</i>", "<a href=\"", "<template>", "</template", "\xF0\x9F\x98\x80", "<table>", "</table>", "<div>", "<li>" };
	uint32_t seed = 12345;
	for (int round = 0; round < t_rounds(20000); round++) {
		struct buf b = BUF_INIT;
		for (int k = 0; k < 24; k++) {
			seed = seed * 1664525 + 1013904223;
			buf_puts(&b, parts[(seed >> 16) % (sizeof parts / sizeof *parts)]);
		}
		char *s = mem_dup(b.p, b.n), *to = mem_alloc(b.n);
		size_t n = html_text(to, s, b.n), again = html_text(s, s, b.n);
		if (n > b.n || n != again || memcmp(s, to, n) != 0)
			T_FAIL("%s: in place is another", buf_cstr(&b));
		if (n && (strchr(" \t\r\n\f", to[0]) || strchr(" \t\r\n\f", to[n - 1])))
			T_FAIL("%s: white space at an end", buf_cstr(&b));
		mem_free(to);
		mem_free(s);
		buf_release(&b);
	}
}

/* What never ends, again and again: in quadratic time none of these would be done today. */
static void check_linear(void)
{
	static const char *const parts[] = { "<", "<a", "</", "<!", "<!--", "<![CDATA[", "<a \"=\">", "<a b=\"", "<a b=\">\"", "<script>", "<i hidden>",
		"<b hidden><i hidden>", "<template>", "&#1", "&", "<div>", "<td>", "<pre>\n", "</script", "<script></script" };
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		struct buf b = BUF_INIT;
		while (b.n < 4000000)
			buf_puts(&b, parts[i]);
		T_OK(html_text(b.p, b.p, b.n) <= 4000020);
		buf_release(&b);
	}
}

int main(void)
{
	T_CASE("the text of HTML") {
		for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
			check_routine(rows[i].html, rows[i].text);
	}
	T_CASE("the same in a map by libjq") {
		check_map(SOURCE_MAP_JQ);
	}
	T_CASE("the same in a map without libjq") {
		check_map(SOURCE_MAP_FAST);
	}
	T_CASE("any bytes") {
		check_any();
	}
	T_CASE("what is left open does not cost more") {
		check_linear();
	}
	return t_done();
}
