/* SPDX-License-Identifier: MIT */
/* Feeds: every format, the times, encodings, what is mended, and what is refused. */
#include "base/arena.h"
#include "base/clock.h"
#include "json/doc.h"
#include "feed/feed.h"
#include "feed/feed_time.h"

#include "t.h"

#include <stdlib.h>

struct read {
	struct buf text;
	struct arena arena;
	struct json *root;
	struct err e;
	int rc;
};

static void drop(struct read *r)
{
	buf_release(&r->text);
	arena_release(&r->arena);
}

static void read_feed(struct read *r, const char *body, size_t n, const char *type, const char *base)
{
	*r = (struct read){ 0 };
	/* A copy, so that a read beyond the end is seen. */
	char *copy = malloc(n + !n);
	memcpy(copy, body, n);
	r->rc = feed_to_json_at(&r->text, copy, n, type, base, &r->e);
	free(copy);
	if (r->rc == 0 && json_parse(&r->root, &r->arena, r->text.p, r->text.n, &r->e) != 0)
		T_FAIL("no JSON: %s", r->e.msg);
	if (r->rc < 0 && r->text.n)
		T_FAIL("output in spite of an error");
}

/* The raw JSON at a path: `title`, `items.0.link`, `items.#`. */
static const char *at(const struct read *r, const char *path)
{
	static char text[4][4096];
	static unsigned k;
	char *to = text[k++ % 4];
	const struct json *v = r->root;
	if (r->rc < 0)
		return r->e.msg;
	while (v && *path) {
		char name[64];
		size_t n = strcspn(path, ".");
		snprintf(name, sizeof name, "%.*s", (int)n, path);
		path += n + (path[n] == '.');
		if (name[0] == '#') {
			snprintf(to, sizeof text[0], "%zu", v->nchild);
			return to;
		}
		if (v->type == JSON_ARRAY) {
			const struct json *c = v->child;
			for (long i = strtol(name, NULL, 10); c && i > 0; i--)
				c = c->next;
			v = c;
		} else {
			v = json_get(v, name);
		}
	}
	if (!v)
		return "(none)";
	snprintf(to, sizeof text[0], "%.*s", (int)(v->type == JSON_STRING ? v->nstr : v->nraw), v->type == JSON_STRING ? v->str : v->raw);
	return to;
}

static void read_text(struct read *r, const char *body)
{
	read_feed(r, body, strlen(body), NULL, "https://feeds.example.org/a/feed.xml");
}

#define IS(path, want) T_STR(at(&r, path), want)

static void test_rss(void)
{
	struct read r;
	T_CASE("RSS 2.0 with its modules") {
		read_text(&r, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<?xml-stylesheet href=\"x\"?>\n"
			"<rss version=\"2.0\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" "
			"xmlns:atom=\"http://www.w3.org/2005/Atom\" xmlns:media=\"http://search.yahoo.com/mrss/\" xmlns:itunes=\"http://www.itunes.com/dtds/podcast-1.0.dtd\">"
			"<channel><title> The\n feed </title><link>https://example.org/</link><atom:link href=\"https://x/feed\" rel=\"self\"/><language>en-gb</language>"
			"<lastBuildDate>Sat, 03 Jan 2026 01:00:00 +0000</lastBuildDate><image><title>no</title><link>no</link></image>"
			"<item><title>One &amp; &lt;two&gt;</title><link>/posts/1?a=1&amp;b=2</link><guid isPermaLink=\"false\">tag:1</guid>"
			"<pubDate>Sat, 3 Jan 26 02:00 CET</pubDate><author>me@example.org (My Name)</author><dc:creator>Nobody</dc:creator>"
			"<description>Short &lt;b&gt;text&lt;/b&gt;</description><content:encoded><![CDATA[<p>Long & <b>bold</b></p>]]></content:encoded>"
			"<category>a</category><category domain=\"x\">b c</category><category>a</category><dc:subject>d</dc:subject>"
			"<enclosure url=\"/x.mp3\" type=\"audio/mpeg\" length=\"12345\"/><enclosure url=\"y.mp3\" length=\"\"/>"
			"<media:content url=\"https://m/1.jpg\" type=\"image/jpeg\" medium=\"image\" width=\"640\" height=\"480\"><media:description type=\"plain\">A cat</media:description></media:content>"
			"<media:thumbnail url=\"https://m/t.jpg\" width=\"10%\"/><itunes:image href=\"i.png\"/><comments>/posts/1#c</comments><dc:language>de</dc:language></item>"
			"<item><guid>https://example.org/2</guid></item><item><description>only</description></item></channel></rss>\n");
		T_INT(r.rc, 0);
		IS("format", "rss"); IS("title", "The feed"); IS("link", "https://example.org/"); IS("language", "en-gb");
		IS("updated", "2026-01-03T01:00:00Z"); IS("items.#", "3");
		IS("items.0.id", "tag:1"); IS("items.0.id_is_link", "false"); IS("items.0.title", "One & <two>");
		IS("items.0.link", "https://feeds.example.org/posts/1?a=1&b=2"); IS("items.0.published", "2026-01-03T01:00:00Z"); IS("items.0.updated", "null");
		IS("items.0.author", "{\"name\":\"My Name\",\"uri\":null,\"email\":\"me@example.org\"}");
		IS("items.0.summary", "Short <b>text</b>"); IS("items.0.content", "<p>Long & <b>bold</b></p>");
		IS("items.0.categories", "[\"a\",\"b c\",\"d\"]");
		IS("items.0.enclosures", "[{\"url\":\"https://feeds.example.org/x.mp3\",\"type\":\"audio/mpeg\",\"length\":12345},"
			"{\"url\":\"https://feeds.example.org/a/y.mp3\",\"type\":null,\"length\":null}]");
		IS("items.0.media", "[{\"url\":\"https://m/1.jpg\",\"type\":\"image/jpeg\",\"width\":640,\"height\":480,\"alt\":\"A cat\"},"
			"{\"url\":\"https://m/t.jpg\",\"type\":\"image\",\"width\":null,\"height\":null,\"alt\":null,\"thumbnail\":true},"
			"{\"url\":\"https://feeds.example.org/a/i.png\",\"type\":\"image\",\"width\":null,\"height\":null,\"alt\":null,\"thumbnail\":true}]");
		IS("items.0.comments", "https://feeds.example.org/posts/1#c"); IS("items.0.language", "de");
		IS("items.1.id", "https://example.org/2"); IS("items.1.id_is_link", "true"); IS("items.1.link", "https://example.org/2");
		IS("items.1.author", "null"); IS("items.1.language", "null");
		IS("items.2.id", "null"); IS("items.2.id_is_link", "false"); IS("items.2.summary", "only"); IS("items.2.media", "[]");
		drop(&r);
	}
	T_CASE("RSS 0.91, with its document type") {
		read_text(&r, "<?xml version=\"1.0\"?><!DOCTYPE rss PUBLIC \"-//Netscape Communications//DTD RSS 0.91//EN\" \"http://my.netscape.com/publish/formats/rss-0.91.dtd\">"
			"<rss version=\"0.91\"><channel><title>T</title><item><title>caf&eacute;&nbsp;&hellip;</title><link>http://h/1</link></item></channel></rss>");
		IS("items.0.title", "caf\xC3\xA9\xC2\xA0\xE2\x80\xA6"); IS("items.0.id", "http://h/1"); IS("items.0.id_is_link", "true");
		drop(&r);
	}
	T_CASE("RSS 1.0") {
		read_text(&r, "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" xmlns=\"http://purl.org/rss/1.0/\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\">"
			"<channel rdf:about=\"http://h/\"><title>T</title><link>http://h/</link><dc:language>ja</dc:language><dc:date>2020-01-02T03:04+09:00</dc:date><items><rdf:Seq/></items></channel>"
			"<item rdf:about=\"http://h/1\"><title>A</title><link>http://h/1</link><description>d</description><dc:creator>C</dc:creator><dc:date>2020-01-02</dc:date></item>"
			"<item rdf:about=\"urn:2\"><title>B</title><link>http://h/2</link></item></rdf:RDF>");
		IS("format", "rdf"); IS("language", "ja"); IS("updated", "2020-01-01T18:04:00Z"); IS("items.#", "2");
		IS("items.0.id", "http://h/1"); IS("items.0.id_is_link", "true"); IS("items.0.published", "2020-01-02T00:00:00Z");
		IS("items.0.author.name", "C"); IS("items.1.id", "urn:2"); IS("items.1.id_is_link", "false");
		drop(&r);
	}
	T_CASE("authors") {
		static const char *const cases[][2] = {
			{ "me@example.org", "{\"name\":null,\"uri\":null,\"email\":\"me@example.org\"}" }, { "Name", "{\"name\":\"Name\",\"uri\":null,\"email\":null}" },
			{ "Jo Do &lt;me@example.org&gt;", "{\"name\":\"Jo Do\",\"uri\":null,\"email\":\"me@example.org\"}" },
			{ "@alice@example.org", "{\"name\":\"@alice@example.org\",\"uri\":null,\"email\":null}" }, { "", "null" },
			{ "@", "{\"name\":\"@\",\"uri\":null,\"email\":null}" },
		};
		for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
			char text[300];
			snprintf(text, sizeof text, "<rss><channel><item><author>%s</author></item></channel></rss>", cases[i][0]);
			read_text(&r, text);
			IS("items.0.author", cases[i][1]);
			drop(&r);
		}
	}
	T_CASE("a feed without items is a feed") {
		read_text(&r, "<rss><channel/></rss>");
		T_INT(r.rc, 0);
		IS("items", "[]"); IS("title", "null"); IS("updated", "null");
		drop(&r);
	}
}

static void test_atom(void)
{
	struct read r;
	T_CASE("Atom 1.0") {
		read_text(&r, "<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"en\" xml:base=\"/blog/\"><title type=\"html\">A &amp;amp; &lt;i&gt;B&lt;/i&gt; &amp;#x41;</title>"
			"<link rel=\"self\" href=\"self\"/><link href=\"\xC3\xBC?x\"/><updated>2026-01-02T03:04:05.678901+01:00</updated>"
			"<author><name>Feed Author</name><uri>/me</uri></author>"
			"<entry xml:base=\"sub/\" xml:lang=\"fr\"><id>tag:h,2026:1</id><title>One</title><link rel=\"replies\" href=\"c\"/><link rel=\"enclosure\" href=\"e\" type=\"t/t\" length=\"7\"/>"
			"<link rel=\"alternate\" href=\"one\"/><link rel=\"alternate\" href=\"two\"/><published>2026-01-02T03:04:05Z</published><updated>yesterday</updated>"
			"<summary>5 &lt; 6 &amp; so</summary><content type=\"xhtml\"><div xmlns=\"http://www.w3.org/1999/xhtml\"><p class=\"a&quot;b\">x &lt; <br/>y</p></div></content>"
			"<category term=\"t1\" label=\"L\"/><category term=\"t2\"/></entry>"
			"<entry><id>http://h/2</id><link href=\"http://h/2\"/><author><name>Own</name><email>own@h</email></author><content type=\"html\">&lt;b&gt;x&lt;/b&gt;</content></entry>"
			"<entry><id>3</id><content type=\"image/png\">aGFsbG8=</content><source><author><name>Source</name></author></source></entry>"
			"<entry><id>4</id><content>1 &lt; 2</content><title type=\"xhtml\"><div>a <b>b</b></div></title></entry></feed>");
		T_INT(r.rc, 0);
		IS("format", "atom"); IS("title", "A & B A"); IS("link", "https://feeds.example.org/blog/%c3%bc?x"); IS("language", "en");
		IS("updated", "2026-01-02T02:04:05.678901Z"); IS("items.#", "4");
		IS("items.0.id", "tag:h,2026:1"); IS("items.0.id_is_link", "false"); IS("items.0.link", "https://feeds.example.org/blog/sub/one");
		IS("items.0.published", "2026-01-02T03:04:05Z"); IS("items.0.updated", "null"); IS("items.0.updated_raw", "yesterday");
		IS("items.0.author", "{\"name\":\"Feed Author\",\"uri\":\"https://feeds.example.org/me\",\"email\":null}");
		IS("items.0.summary", "5 &lt; 6 &amp; so"); IS("items.0.content", "<p class=\"a&quot;b\">x &lt; <br>y</p>");
		IS("items.0.categories", "[\"t1\",\"t2\"]"); IS("items.0.comments", "https://feeds.example.org/blog/sub/c"); IS("items.0.language", "fr");
		IS("items.0.enclosures", "[{\"url\":\"https://feeds.example.org/blog/sub/e\",\"type\":\"t/t\",\"length\":7}]");
		IS("items.1.id_is_link", "true"); IS("items.1.author.email", "own@h"); IS("items.1.content", "<b>x</b>"); IS("items.1.published_raw", "(none)");
		IS("items.2.author.name", "Source"); IS("items.2.content", "null");
		IS("items.3.content", "1 &lt; 2"); IS("items.3.title", "a b");
		drop(&r);
	}
	T_CASE("Atom 0.3, a prefix for Atom, media groups, no base") {
		read_text(&r, "<feed xmlns=\"http://purl.org/atom/ns#\" version=\"0.3\"><entry><issued>2004-02-02T01:02:03Z</issued><modified>2004-02-03</modified><content type=\"text/html\" mode=\"escaped\">&lt;i&gt;</content></entry></feed>");
		IS("items.0.published", "2004-02-02T01:02:03Z"); IS("items.0.updated", "2004-02-03T00:00:00Z"); IS("items.0.content", "<i>");
		drop(&r);
		const char *text = "<a:feed xmlns:a=\"http://www.w3.org/2005/Atom\" xmlns:m=\"http://search.yahoo.com/mrss/\"><a:entry><a:link href=\"rel\"/>"
			"<m:group><m:title>V</m:title><m:description>a &lt; b</m:description><m:content url=\"u\" medium=\"video\"/><m:thumbnail url=\"t\"/></m:group></a:entry></a:feed>";
		read_feed(&r, text, strlen(text), NULL, NULL);
		IS("items.0.link", "rel"); IS("items.0.title", "V"); IS("items.0.summary", "a &lt; b"); IS("items.0.media.#", "2"); IS("items.0.media.0.type", "video");
		drop(&r);
	}
}

static void check_time(const char *text, const char *want)
{
	int64_t us;
	char to[41];
	if (!feed_time(text, strlen(text), &us)) {
		if (want)
			T_FAIL("'%s' is not read", text);
		return;
	}
	to[time_format(to, us, -1, true)] = '\0';
	if (!want || strcmp(to, want) != 0)
		T_FAIL("'%s' is %s, not %s", text, to, want ? want : "bad");
}

static void test_times(void)
{
	T_CASE("RFC 822 and its relatives") {
		check_time("Sat, 07 Sep 2002 00:00:01 GMT", "2002-09-07T00:00:01Z");
		check_time(" sat, 7 sep 02 0:00 gmt ", "2002-09-07T00:00:00Z");
		check_time("07 September 2002 00:00:01 EST", "2002-09-07T05:00:01Z");
		check_time("Sat 07 Sept 2002 00:00:01 PDT", "2002-09-07T07:00:01Z");
		check_time("Sat, 07 Sep 99 00:00:01 +0530", "1999-09-06T18:30:01Z");
		check_time("Sat, 07 Sep 49 00:00:01 -0330", "2049-09-07T03:30:01Z");
		check_time("Sat, 07 Sep 50 00:00:01 Z", "1950-09-07T00:00:01Z");
		check_time("Sat, 07 Sep 102 00:00:01 UT", "2002-09-07T00:00:01Z");
		check_time("Sat, 07 Sep 2002 00:00:01 GMT+02:00", "2002-09-06T22:00:01Z");
		check_time("Sat, 07 Sep 2002 00:00:01 +0200 (CEST)", "2002-09-06T22:00:01Z");
		check_time("Sat, 07 Sep 2002 00:00:01", "2002-09-07T00:00:01Z");
		check_time("Sat, 07 Sep 2002", "2002-09-07T00:00:00Z");
		check_time("Sat, 07 Sep 2002 00:00:01 AEDT", "2002-09-06T13:00:01Z");
		check_time("Sat, 31 Dec 2016 23:59:60 GMT", "2017-01-01T00:00:00Z");
		check_time("Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:37Z");
		check_time("Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37Z");
		check_time("Thu, 29 Feb 2024 12:00:00 GMT", "2024-02-29T12:00:00Z");
	}
	T_CASE("RFC 3339 and W3C forms") {
		check_time("2002-10-02T10:00:00-05:00", "2002-10-02T15:00:00Z");
		check_time("2002-10-02T15:00:00.05Z", "2002-10-02T15:00:00.050Z");
		check_time("2002-10-02t15:00:00.123456789z", "2002-10-02T15:00:00.123456Z");
		check_time("2002-10-02T15:00Z", "2002-10-02T15:00:00Z");
		check_time("2002-10-02 15:00:00 +0100", "2002-10-02T14:00:00Z");
		check_time("2002-10-02", "2002-10-02T00:00:00Z");
		check_time("2002-10", "2002-10-01T00:00:00Z");
		check_time("2002", "2002-01-01T00:00:00Z");
		check_time("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z");
	}
	T_CASE("what is no time") {
		static const char *const bad[] = { "", " ", "yesterday", "Sat, 32 Sep 2002 00:00:01 GMT", "Sat, 30 Feb 2002 00:00:01 GMT", "Sat, 07 Foo 2002 00:00:01 GMT",
			"Sat, 07 Sep 2002 24:00:01 GMT", "Sat, 07 Sep 2002 00:60:01 GMT", "Sat, 07 Sep 2002 00:00:01 IST", "Sat, 07 Sep 2002 00:00:01 +2500",
			"Sat, 07 Sep", "2002-13-01", "2002-02-30T00:00:00Z", "2002-10-02T15:00:00Q9", "2002-10-02T", "0000-01-01", "Sat, 07 Sep 2002 00:00:01 GMT GMT GMT",
			"1234567890", "07 Sep 2002 (00:00:01 GMT", "2002-10-02T15:00:00+1:00", "Samstag, 07 Sep 2002 00:00:00 GMT", ":::", "1:2:3:4 5 May 2000" };
		for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
			check_time(bad[i], NULL);
	}
}

static void check_title(const char *body, size_t n, const char *type, const char *want)
{
	struct read r;
	read_feed(&r, body, n, type, NULL);
	IS("items.0.title", want);
	drop(&r);
}

#define HEAD(enc) "<?xml version='1.0' encoding='" enc "'?>"
#define TITLE(t) "<rss><channel><item><title>" t "</title></item></channel></rss>"
#define CHECK_TITLE(body, type, want) check_title(body, sizeof body - 1, type, want)

static void test_encodings(void)
{
	struct read r;
	T_CASE("encodings by mark, content type and declaration") {
		CHECK_TITLE(TITLE("\xC3\xA9"), NULL, "\xC3\xA9");
		CHECK_TITLE("\xEF\xBB\xBF" HEAD("iso-8859-1") TITLE("\xC3\xA9"), "text/xml; charset=koi8-r", "\xC3\xA9");
		CHECK_TITLE(HEAD("ISO-8859-1") TITLE("\xE9\x80"), NULL, "\xC3\xA9\xE2\x82\xAC");
		CHECK_TITLE(HEAD("windows-1251") TITLE("\xE9"), NULL, "\xD0\xB9");
		CHECK_TITLE(HEAD("ISO-8859-15") TITLE("\xA4"), NULL, "\xE2\x82\xAC");
		CHECK_TITLE(TITLE("\xE9"), "application/rss+xml; Charset=\"windows-1251\"", "\xD0\xB9");
		CHECK_TITLE(HEAD("Shift_JIS") TITLE("\x93\xFA\x96\x7B"), NULL, "\xE6\x97\xA5\xE6\x9C\xAC");
		CHECK_TITLE(HEAD("EUC-JP") TITLE("\xC6\xFC\xCB\xDC"), NULL, "\xE6\x97\xA5\xE6\x9C\xAC");
		CHECK_TITLE(HEAD("gb2312") TITLE("\xC8\xD5\xB1\xBE"), NULL, "\xE6\x97\xA5\xE6\x9C\xAC");
		/* They disagree, and one says UTF-8: the bytes decide. */
		CHECK_TITLE(HEAD("utf-8") TITLE("\xC3\xA9"), "text/xml; charset=iso-8859-1", "\xC3\xA9");
		CHECK_TITLE(HEAD("iso-8859-1") TITLE("\xE9"), "text/xml; charset=utf-8", "\xC3\xA9");
		CHECK_TITLE(HEAD("utf-8") TITLE("\xE9"), "text/xml; charset=iso-8859-1", "\xC3\xA9");
		CHECK_TITLE(HEAD("utf-16") TITLE("\xC3\xA9"), NULL, "\xC3\xA9");
		CHECK_TITLE(HEAD("utf-8") TITLE("a\xE9" "b"), NULL, "a\xEF\xBF\xBD" "b");
	}
	T_CASE("UTF-16, with and without a mark") {
		const char *text = HEAD("utf-16") TITLE("x\xE9");
		char le[1000], be[1000];
		size_t n = strlen(text);
		memcpy(le, "\xFF\xFE", 2);
		memcpy(be, "\xFE\xFF", 2);
		for (size_t i = 0; i < n; i++) {
			le[2 * i + 2] = be[2 * i + 3] = text[i];
			le[2 * i + 3] = be[2 * i + 2] = 0;
		}
		check_title(le, 2 * n + 2, NULL, "x\xC3\xA9");
		check_title(be, 2 * n + 2, NULL, "x\xC3\xA9");
		check_title(le + 2, 2 * n, NULL, "x\xC3\xA9");
		check_title(be + 2, 2 * n, NULL, "x\xC3\xA9");
	}
	T_CASE("an encoding that nobody knows") {
		read_text(&r, HEAD("ebcdic-9") TITLE("x"));
		T_INT(r.rc, ERR_UNSUPPORTED);
		T_OK(strstr(r.e.msg, "ebcdic-9"));
		drop(&r);
		read_text(&r, HEAD("utf-7") TITLE("x"));
		T_INT(r.rc, ERR_UNSUPPORTED);
		drop(&r);
	}
}

static void test_mended(void)
{
	struct read r;
	T_CASE("references and characters") {
		CHECK_TITLE(TITLE("a &nbsp; b & c &unknown; d &#146; &#0; &#x1F600; &"), NULL,
			"a \xC2\xA0 b & c &unknown; d \xE2\x80\x99 \xEF\xBF\xBD \xF0\x9F\x98\x80 &");
		CHECK_TITLE(TITLE("1 < 2 <3 ]]> \x01\x0B x\xEF\xBF\xBF y"), NULL, "1 < 2 <3 ]]> x y");
		CHECK_TITLE(TITLE("<![CDATA[&nbsp; & <b>]]>"), NULL, "&nbsp; & <b>");
		CHECK_TITLE("\n \n" HEAD("utf-8") TITLE("x"), NULL, "x");
		CHECK_TITLE(TITLE("x") "<script>alert(1)</script> junk & junk", NULL, "x");
		CHECK_TITLE("<!-- a -- b --><?php ?>" TITLE("x<!-- c -->y"), NULL, "xy");
	}
	T_CASE("attributes and end tags") {
		read_text(&r, "<rss version=2.0 version='3'><channel><title>T</titel></title><item><description>a <b>bold <br> <img src=x.png alt='a \"b\" & c' disabled>text</description>"
			"<link>http://h/1</link></item><item><title>two</title><link>http://h/2</link><item><title>three</title></item></channel></rss>");
		T_INT(r.rc, 0);
		IS("title", "T"); IS("items.#", "3");
		IS("items.0.summary", "a <b>bold <br> <img src=\"x.png\" alt=\"a &quot;b&quot; &amp; c\" disabled=\"\">text</b>");
		IS("items.0.link", "http://h/1"); IS("items.1.link", "http://h/2"); IS("items.2.title", "three");
		drop(&r);
	}
	T_CASE("prefixes that were never declared") {
		read_text(&r, "<rss><channel><item><dc:creator>C</dc:creator><content:encoded>x</content:encoded><foo:bar>y</foo:bar></item></channel></rss>");
		IS("items.0.author.name", "C"); IS("items.0.content", "x");
		drop(&r);
	}
	T_CASE("entities that a feed declares") {
		read_text(&r, "<!DOCTYPE rss [ <!-- <!ENTITY no \"no\"> --> <!ENTITY me \"&#77;e &amp; <b>you</b>\"> <!ENTITY % lat SYSTEM 'http://127.0.0.1:1/x'> %lat; <!ELEMENT a (b)> ]>"
			"<rss><channel><item><title>&me;</title></item></channel></rss>");
		IS("items.0.title", "Me & you");
		drop(&r);
	}
}

static void refuse(const char *body, int code, const char *why)
{
	struct read r;
	read_text(&r, body);
	if (r.rc != code || !strstr(r.e.msg, why))
		T_FAIL("%.60s: %d %s", body, r.rc, r.e.msg);
	drop(&r);
}

static void test_refused(void)
{
	struct read r;
	T_CASE("what is no feed") {
		refuse("", ERR_DATA, "not a feed: the body is empty");
		refuse(" \n", ERR_DATA, "not a feed: the body is empty");
		refuse("{\"items\":[]}", ERR_DATA, "not a feed: it looks like JSON");
		refuse("<!DOCTYPE html>\n<html><body><rss>", ERR_DATA, "HTML page");
		refuse("<html><head><link rel=alternate></head>", ERR_DATA, "HTML page");
		refuse("<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><body/></html>", ERR_DATA, "HTML page");
		refuse("Too many requests", ERR_DATA, "not a feed");
		refuse("<Rss><Title>T</Title><Items><Title>x</Title></Items></Rss>", ERR_DATA, "its root is <Rss>");
		refuse("<opml><body/></opml>", ERR_DATA, "its root is <opml>");
		refuse("<opml><body>", ERR_DATA, "its root is <opml>");
		refuse("<rss/>", ERR_DATA, "no <channel>");
		refuse("<feed xmlns='http://example.org/other'/>", ERR_DATA, "not a feed");
		refuse("<?xml version='1.0'?>", ERR_DATA, "no element");
		refuse("<", ERR_DATA, "not a feed");
	}
	T_CASE("a feed that is cut off is no feed, wherever it is cut") {
		const char *whole = HEAD("utf-8") "<rss><channel><item><title a='b'>x &amp; y</title><description><![CDATA[</rss>]]></description></item><item/></channel></rss>";
		size_t n = strlen(whole);
		for (size_t i = n - strlen("</rss>"), from = strlen(HEAD("utf-8")) + 5; i >= from; i--) {
			read_feed(&r, whole, i, NULL, NULL);
			if (r.rc != ERR_RETRY)
				T_FAIL("cut at %zu: %d %s", i, r.rc, r.e.msg);
			drop(&r);
		}
		read_feed(&r, whole, n, NULL, NULL);
		T_INT(r.rc, 0);
		drop(&r);
	}
	T_CASE("entities that blow up, or lead outside") {
		refuse("<!DOCTYPE lolz [<!ENTITY lol \"lol\"><!ENTITY lol2 \"&lol;&lol;&lol;&lol;\"><!ENTITY lol3 \"&lol2;&lol2;\">]><rss><channel><title>&lol3;</title></channel></rss>",
			ERR_DATA, "entity 'lol2' refers to other entities");
		refuse("<!DOCTYPE r [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><rss><channel><title>&x;</title></channel></rss>", ERR_DATA, "entity 'x' is external");
		refuse("<!DOCTYPE r [<!ENTITY x PUBLIC \"a\" \"http://127.0.0.1:1/\">]><rss><channel>\n<title a='&x;'/></channel></rss>", ERR_DATA, "entity 'x' is external");
		struct buf b = BUF_INIT;
		buf_puts(&b, "<!DOCTYPE r [<!ENTITY x \"");
		for (int i = 0; i < 250; i++)
			buf_putc(&b, 'y');
		buf_puts(&b, "\">]><rss><channel><title>");
		for (int i = 0; i < 100000; i++)
			buf_puts(&b, "&x;");
		buf_puts(&b, "</title></channel></rss>");
		read_feed(&r, b.p, b.n, NULL, NULL);
		T_INT(r.rc, ERR_DATA);
		T_OK(strstr(r.e.msg, "expand to too much text"));
		drop(&r);
		buf_clear(&b);
		buf_puts(&b, "<!DOCTYPE r [<!ENTITY x \"");
		for (int i = 0; i < 1000; i++)
			buf_putc(&b, 'y');
		buf_puts(&b, "\">]><rss/>");
		read_feed(&r, b.p, b.n, NULL, NULL);
		T_OK(strstr(r.e.msg, "entity 'x' is too long"));
		drop(&r);
		buf_release(&b);
	}
	T_CASE("depth, length, number of items") {
		struct buf b = BUF_INIT;
		buf_puts(&b, "<rss><channel>");
		for (int i = 0; i < 100000; i++)
			buf_puts(&b, "<a>");
		buf_puts(&b, "</rss>");
		read_feed(&r, b.p, b.n, NULL, NULL);
		T_OK(r.rc == ERR_DATA && strstr(r.e.msg, "too deep"));
		drop(&r);
		buf_clear(&b);
		buf_puts(&b, "<rss><channel>");
		for (int i = 0; i <= FEED_MAX_ITEMS; i++)
			buf_puts(&b, "<item/>");
		buf_puts(&b, "</channel></rss>");
		read_feed(&r, b.p, b.n, NULL, NULL);
		T_OK(r.rc == ERR_DATA && strstr(r.e.msg, "more than 100000 items"));
		drop(&r);
		T_INT(feed_to_json(&b, "", FEED_MAX_BODY + 1, NULL, &r.e), ERR_DATA);
		buf_release(&b);
	}
	T_CASE("damage that is not mended has its line") {
		read_text(&r, "<rss>\n<channel>\n<a:b:\xC3\x97/>\n<item/></channel></rss>");
		T_INT(r.rc, ERR_DATA);
		T_INT(r.e.line, 3);
		T_OK(strstr(r.e.msg, "damaged"));
		drop(&r);
	}
}

static bool read_fixture(struct buf *b, const char *name)
{
	char path[256];
	const char *dir = getenv("SM_RECORDED");
	if (!dir)
		return false;
	snprintf(path, sizeof path, "%s/%s", dir, name);
	FILE *f = fopen(path, "r");
	if (!f)
		return false;
	b->n = fread(buf_reserve(b, 1 << 20), 1, 1 << 20, f);
	fclose(f);
	return true;
}

/* Answers of real servers, where SM_RECORDED says. */
static void test_real(void)
{
	struct read r;
	struct buf b = BUF_INIT;
	T_CASE("what Hugo writes") {
		if (!read_fixture(&b, "rss/hugo-index.http")) {
			T_SKIP("SM_RECORDED names no folder of recorded answers");
		} else {
			const char *body = memmem(b.p, b.n, "\r\n\r\n", 4);
			read_feed(&r, body + 4, b.n - (size_t)(body + 4 - b.p), "application/xml; charset=utf-8", NULL);
			T_INT(r.rc, 0);
			IS("title", "Seeded feed"); IS("items.0.title", "Post 49 about #spark & <more>"); IS("items.0.published", "2026-01-03T01:00:00Z");
			IS("items.0.id_is_link", "true"); IS("items.0.summary", "Body of post 49 \xF0\x9F\x98\x80 with markup &amp; https://example.com/p/49");
			drop(&r);
		}
		buf_clear(&b);
	}
	T_CASE("what GoToSocial calls RSS") {
		if (!read_fixture(&b, "gotosocial/rss.http")) {
			T_SKIP("SM_RECORDED names no folder of recorded answers");
		} else {
			const char *body = memmem(b.p, b.n, "\r\n\r\n", 4);
			read_feed(&r, body + 4, b.n - (size_t)(body + 4 - b.p), NULL, NULL);
			T_INT(r.rc, ERR_DATA);
			T_STR(r.e.msg, "not a feed: its root is <Rss>");
			drop(&r);
		}
	}
	buf_release(&b);
}

static void test_cost(void)
{
	T_CASE("the cost of a large feed") {
		struct buf b = BUF_INIT, out = BUF_INIT;
		struct err e;
		buf_puts(&b, "<rss><channel>");
		for (int i = 0; i < 10000; i++)
			buf_printf(&b, "<item><title>Post %d &amp; more</title><link>http://h/%d</link><pubDate>Sat, 03 Jan 2026 01:00:00 +0000</pubDate>"
				"<description>&lt;p&gt;Body of post %d&lt;/p&gt;</description></item>\n", i, i, i);
		buf_puts(&b, "</channel></rss>");
		int64_t t0 = clock_mono_ns();
		T_INT(feed_to_json(&out, b.p, b.n, NULL, &e), 0);
		printf("# %.1f ms a MB\n", (double)(clock_mono_ns() - t0) / 1e6 / ((double)b.n / 1e6));
		buf_release(&b);
		buf_release(&out);
	}
}

int main(void)
{
	test_rss();
	test_atom();
	test_times();
	test_encodings();
	test_mended();
	test_refused();
	test_real();
	test_cost();
	return t_done();
}
