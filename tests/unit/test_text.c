// SPDX-License-Identifier: MIT
#include "base/buf.h"
#include "text/entity.h"
#include "text/width.h"
#include "t.h"

#include <stdlib.h>

static void note(void *arg, enum entity_kind kind, const char *p, size_t n)
{
	struct buf *b = arg;
	buf_putc(b, b->n ? ' ' : '\0');
	if (b->n == 1)
		b->n = 0;
	buf_putc(b, "#@>w"[kind]);
	buf_put(b, p, n);
}

static void check(enum entity_dialect d, unsigned kinds, const char *text, const char *want)
{
	struct buf got = BUF_INIT;
	size_t n = strlen(text);
	char *copy = malloc(n ? n : 1);   /* exactly as long, for ASan */
	memcpy(copy, text, n);
	entity_extract(copy, n, d, kinds, note, &got);
	if (strcmp(buf_cstr(&got), want))
		T_FAIL("'%s' gives '%s', not '%s'", text, got.p, want);
	free(copy);
	buf_release(&got);
}

static void tw(const char *text, const char *want)
{
	check(DIALECT_TWITTER, 1 << ENTITY_TAG | 1 << ENTITY_MENTION | 1 << ENTITY_LINK, text, want);
}

static void bs(const char *text, const char *want)
{
	check(DIALECT_BLUESKY, 1 << ENTITY_TAG | 1 << ENTITY_MENTION | 1 << ENTITY_LINK, text, want);
}

static void fedi(const char *text, const char *want)
{
	check(DIALECT_MASTODON, 1 << ENTITY_TAG | 1 << ENTITY_MENTION | 1 << ENTITY_LINK, text, want);
}

static void words(const char *text, const char *want)
{
	check(DIALECT_TWITTER, 1 << ENTITY_WORD, text, want);
}

static void tags(void)
{
	tw("#cats and #Dogs", "#cats #Dogs");
	tw("#1st #123 #a1 #1_a #_ #_a", "#1st #a1 #1_a #_a");
	tw("a#b &#x;c (#d) .#e", "#d #e");
	tw("\xef\xbc\x83" "full #日本語 #über #тест #हिन्दी", "#full #日本語 #über #тест #हिन्दी");
	tw("日本#語", "");
	tw("#\xef\xb8\x8f\xe2\x83\xa3 #\xe2\x83\xa3", "");   /* keycaps */
	tw("#a#b", "");                                         /* the first is ended by a sign, the second begins inside */
	tw("#foo:// #foo: #foo-bar #don't", "#foo #foo #don");
	tw("# #", "");
	tw("#", "");
	tw("#a\xc2\xb7" "b #a\xe2\x80\x8d" "b", "#a\xc2\xb7" "b #a\xe2\x80\x8d" "b");
	bs("#cats! #a-b, #1 #!x (#no) #\xf0\x9f\x98\x80", "#cats #a-b #!x #\xf0\x9f\x98\x80");
	bs("x#y #z\n#w.", "#z #w");
	fedi("#Cats #a\xc2\xb7" "b x/#no (#no) #123 #_", "#Cats #a\xc2\xb7" "b");
	fedi("#1\xc2\xb7" "2 #1_2 #1_ #12_ #a\xc2\xb7 #\xc2\xb7" "a #_a #1a", "#1\xc2\xb7" "2 #1_2 #a #_a #1a");
	fedi("#\xe2\x85\xa7 #Louis\xe2\x85\xa7 \xef\xbc\x83wide #\xe3\x82\xbf\xe3\x83\xbb\xe3\x83\xaf",
	     "#\xe2\x85\xa7 #Louis\xe2\x85\xa7 #wide #\xe3\x82\xbf\xe3\x83\xbb\xe3\x83\xaf");
	fedi("#a\xe2\x80\x8c" "b #a\xe2\x80\x8d" "b #a!b #a#b", "#a\xe2\x80\x8c" "b #a #a #a");
}

static void mentions(void)
{
	tw("@a @bob_1! (@carl) .@dora", "@a @bob_1 @carl @dora");
	tw("mail me@example.com or @me@example", "");
	tw("RT@bob rt@amy xrt@no RT: @ann", "@bob @amy @ann");
	tw("@abcdefghijklmnopqrstuvwxyz", "@abcdefghijklmnopqrst");
	tw("@jos\xc3\xa9 @@x @://", "");
	tw("\xef\xbc\xa0wide", "@wide");
	tw("@", "");
	bs("@alice.bsky.social, hi @bob (@c.io) x@d.com @e.1x", "@alice.bsky.social @c.io");
	fedi("@alice@example.social. @bob x@no /@no", "@alice@example.social @bob");
	fedi("@a.b@c-d.org: @-x", "@a.b@c-d.org");
}

static void links(void)
{
	tw("see https://example.com/a?b=c#d, and HTTP://Example.ORG.", ">https://example.com/a?b=c#d >HTTP://Example.ORG");
	tw("(https://en.wikipedia.org/wiki/C_(language)) x", ">https://en.wikipedia.org/wiki/C_(language)");
	tw("https://t.co/abc\xe3\x82\x92見て", ">https://t.co/abc");
	tw("https://localhost/ http://a..b/ http:// https://x https://1.2.3.4/", "");
	tw("https://x.com/#tag @a https://x.com/@b", ">https://x.com/#tag @a >https://x.com/@b");
	tw("\"https://x.com/\" <https://y.com> xhttps://z.com", ">https://x.com/ >https://y.com");
	tw("https://m\xc3\xbcnchen.de/stra\xc3\x9f" "e!", ">https://m\xc3\xbcnchen.de/stra\xc3\x9f" "e");
}

static void word_cases(void)
{
	words("The quick brown fox", "wThe wquick wbrown wfox");
	words("don't can\xe2\x80\x99t 'quoted' U.S.A. e.g.", "wdon't wcan\xe2\x80\x99t wquoted wU.S.A we.g");
	words("3.14 1,000 b2b 4ever x", "wb2b w4ever");
	words("see https://x.com/word #tag @name end", "wsee wend");
	words("a\xcc\x81" "b snake_case well-known", "wa\xcc\x81" "b wsnake_case wwell wknown");
	words("東京タワー", "w東京 wタワー");
	words("日本語です", "w日本 w本語 w語で");
	words("東", "w東");
	words("привет мир", "wпривет wмир");
	words("\xff\xfe good \xe2\x82", "wgood");
	words("", "");
}

static void key(enum entity_kind kind, const char *text, const char *want)
{
	struct buf b = BUF_INIT;
	entity_key(&b, kind, text, strlen(text));
	T_STR(buf_cstr(&b), want);
	buf_release(&b);
}

static void keys(void)
{
	key(ENTITY_TAG, "CatS", "cats");
	key(ENTITY_TAG, "Stra\xc3\x9f" "e", "strasse");
	key(ENTITY_TAG, "\xef\xbc\xa3\xef\xbc\xa1\xef\xbc\xb4", "cat");      /* full width */
	key(ENTITY_TAG, "E\xcc\x81t\xc3\xa9", "\xc3\xa9t\xc3\xa9");
	key(ENTITY_TAG, "a\xc2\xad" "b", "ab");                             /* soft hyphen */
	key(ENTITY_WORD, "Don\xe2\x80\x99t", "don't");
	key(ENTITY_LINK, "HTTPS://Example.COM/Path?b=1&utm_source=x&a=2#frag", "https://example.com/Path?b=1&a=2");
	key(ENTITY_LINK, "http://example.com/?utm_medium=a&UTM_term=b", "http://example.com");
	key(ENTITY_LINK, "http://example.com:80/", "http://example.com");
	key(ENTITY_LINK, "https://example.com:443/a/", "https://example.com/a/");
	key(ENTITY_LINK, "https://example.com:80/a", "https://example.com:80/a");
	key(ENTITY_LINK, "https://example.com?fbclid=1&x", "https://example.com?x");
	key(ENTITY_LINK, "not a link", "not a link");
}

static void fit(const char *text, size_t columns, const char *want)
{
	struct buf b = BUF_INIT;
	text_fit(&b, text, strlen(text), columns);
	T_STR(buf_cstr(&b), want);
	buf_release(&b);
}

static void bar(double share, const char *want)
{
	struct buf b = BUF_INIT;
	text_bar(&b, share, 2);
	T_STR(buf_cstr(&b), want);
	buf_release(&b);
}

int main(void)
{
	enum entity_kind k;
	enum entity_dialect d;
	struct stopwords *stop = stopwords_new();
	T_CASE("tags") tags();
	T_CASE("mentions") mentions();
	T_CASE("links") links();
	T_CASE("words") word_cases();
	T_CASE("keys") keys();
	T_CASE("stop words of the post's language") {
		T_OK(stopwords_has(stop, "en", 2, "the", 3));
		T_OK(stopwords_has(stop, "", 0, "the", 3));
		T_OK(stopwords_has(stop, "ja", 2, "the", 3));
		T_OK(!stopwords_has(stop, "de", 2, "the", 3));
		T_OK(stopwords_has(stop, "de-AT", 5, "war", 3));
		T_OK(!stopwords_has(stop, "en", 2, "war", 3));
		T_OK(!stopwords_has(stop, "den", 3, "der", 3));
		T_OK(stopwords_has(stop, "de", 2, "rt", 2) && stopwords_has(stop, "pt", 2, "vou", 3) && stopwords_has(stop, "fr", 2, "à", 2));
		T_OK(!stopwords_has(stop, "en", 2, "th", 2));
		T_OK(!stopwords_has(stop, "en", 2, "", 0));
		T_OK(!stopwords_has(stop, "en", 2, "a about", 7));
	}
	T_CASE("names") {
		T_OK(entity_by_name("tags", 4, &k) && k == ENTITY_TAG);
		T_OK(entity_by_name("word", 4, &k) && k == ENTITY_WORD);
		T_OK(!entity_by_name("tagss", 5, &k));
		T_STR(entity_name(ENTITY_LINK), "link");
		T_OK(entity_dialect_by_name("bluesky", &d) && d == DIALECT_BLUESKY);
		T_OK(!entity_dialect_by_name("x", &d));
		T_INT(entity_dialect_of("mastodon", 8), DIALECT_MASTODON);
		T_INT(entity_dialect_of("x", 1), DIALECT_TWITTER);
	}
	T_CASE("width on a terminal") {
		T_INT(text_width("abc", 3), 3);
		T_INT(text_width("日本", 6), 4);
		T_INT(text_width("e\xcc\x81", 3), 1);
		T_INT(text_width("\xf0\x9f\x98\x80", 4), 2);
		T_INT(text_width("\xff", 1), 1);
		fit("abc", 5, "abc  ");
		fit("abcdef", 5, "abcd\xe2\x80\xa6");
		fit("日本語", 4, "日\xe2\x80\xa6 ");
		fit("a\033[31mb", 12, "a\\u001b[31mb");
		fit("a\033[31mb", 4, "a\\u\xe2\x80\xa6");
		fit("\xe2\x80\xae" "x\xff", 12, "\\u202ex\\xff ");
		fit("", 2, "  ");
		bar(1, "\xe2\x96\x88\xe2\x96\x88");
		bar(0.5 + 1 / 16., "\xe2\x96\x88\xe2\x96\x8f");
		bar(0, "");
	}
	stopwords_free(stop);
	return t_done();
}
