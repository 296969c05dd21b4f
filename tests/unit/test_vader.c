// SPDX-License-Identifier: MIT
/* VADER: the expected scores were computed by the reference, vaderSentiment 3.3.2 under Python 3.11. */
#include "text/vader.h"
#include "text/unicode.h"
#include "t.h"

#include <stdlib.h>

static const struct text_case {
	const char *text;
	size_t n;
	const char *scores;   /* compound, pos, neu, neg as Python prints them */
} cases[] = {
	{ "The day was fine.", 17, "0.2023 0.375 0.625 0.0" },
	{ "The day was fine!", 17, "0.2714 0.411 0.589 0.0" },
	{ "The day was fine!!!!!!!", 23, "0.453 0.497 0.503 0.0" },
	{ "Was the day fine?", 17, "0.2023 0.375 0.625 0.0" },
	{ "Was the day fine?\?", 18, "0.2869 0.419 0.581 0.0" },
	{ "Was the day fine?\??", 19, "0.327 0.438 0.562 0.0" },
	{ "Was the day fine?\??\?", 20, "0.4137 0.479 0.521 0.0" },
	{ "Was the day fine?!?!", 20, "0.4106 0.478 0.522 0.0" },
	{ "the food was VERY GOOD", 22, "0.6867 0.538 0.462 0.0" },
	{ "the food was GOOD", 17, "0.5622 0.548 0.452 0.0" },
	{ "THE FOOD WAS GOOD", 17, "0.4404 0.492 0.508 0.0" },
	{ "the food was barely GOOD", 24, "0.5171 0.455 0.545 0.0" },
	{ "the food was BARELY good", 24, "0.5171 0.455 0.545 0.0" },
	{ "the food was BARELY bad", 23, "-0.6046 0.0 0.504 0.496" },
	{ "they were not so good", 21, "-0.464 0.0 0.569 0.431" },
	{ "they were so good", 17, "0.5777 0.555 0.445 0.0" },
	{ "she never was so good to us", 27, "0.5777 0.384 0.616 0.0" },
	{ "never so good", 13, "0.5777 0.652 0.348 0.0" },
	{ "never this good", 15, "0.5228 0.628 0.372 0.0" },
	{ "it was never this bad", 21, "-0.7101 0.0 0.449 0.551" },
	{ "it was never so very good", 25, "0.6236 0.45 0.55 0.0" },
	{ "without doubt good", 18, "0.6136 0.834 0.166 0.0" },
	{ "without a doubt a good thing", 28, "0.6136 0.556 0.444 0.0" },
	{ "without any kind doubt good", 27, "0.3036 0.512 0.204 0.284" },
	{ "no no no", 8, "0.4168 0.791 0.209 0.0" },
	{ "no", 2, "-0.296 0.0 0.0 1.0" },
	{ "no good", 7, "-0.3412 0.0 0.294 0.706" },
	{ "no very good", 12, "-0.5992 0.0 0.17 0.83" },
	{ "no bad or good", 14, "0.1139 0.393 0.276 0.332" },
	{ "there is no love nor joy here", 29, "-0.2107 0.232 0.459 0.309" },
	{ "there is no love or joy here", 28, "-0.7536 0.0 0.437 0.563" },
	{ "no problem at all", 17, "0.3089 0.429 0.571 0.0" },
	{ "ok", 2, "0.296 1.0 0.0 0.0" },
	{ "ok.", 3, "0.0 0.0 1.0 0.0" },
	{ "okay.", 5, "0.2263 1.0 0.0 0.0" },
	{ ":) and :(", 9, "0.0258 0.435 0.145 0.42" },
	{ ":D", 2, "0.5106 1.0 0.0 0.0" },
	{ ":D :d", 5, "0.8091 1.0 0.0 0.0" },
	{ ":D is what I like", 17, "0.7603 0.685 0.315 0.0" },
	{ "XD is what I like", 17, "0.7925 0.701 0.299 0.0" },
	{ "he was kind of good", 19, "0.3832 0.395 0.605 0.0" },
	{ "he is the kind of man I like", 28, "0.3612 0.263 0.737 0.0" },
	{ "kind", 4, "0.5267 1.0 0.0 0.0" },
	{ "kind of", 7, "0.0 0.0 1.0 0.0" },
	{ "a sort of good day", 18, "0.3832 0.395 0.605 0.0" },
	{ "it is just enough good for me", 29, "0.3832 0.303 0.697 0.0" },
	{ "that was kind of, good", 22, "0.743 0.677 0.323 0.0" },
	{ "I say yeah right to you", 23, "0.296 0.306 0.694 0.0" },
	{ "you are the shit today", 22, "0.6124 0.5 0.5 0.0" },
	{ "I think it is the bomb", 22, "0.6124 0.444 0.556 0.0" },
	{ "we saw a bad ass movie", 22, "0.6124 0.556 0.444 0.0" },
	{ "we saw a badass movie", 21, "0.34 0.375 0.625 0.0" },
	{ "meet me at the bus stop", 23, "0.0 0.0 1.0 0.0" },
	{ "then came the kiss of death today", 33, "-0.6124 0.0 0.5 0.5" },
	{ "a cake to die for", 17, "-0.5994 0.0 0.506 0.494" },
	{ "my own beating heart is here", 28, "0.3612 0.391 0.348 0.261" },
	{ "you have a broken heart today", 29, "0.2732 0.372 0.354 0.274" },
	{ "yeah right", 10, "0.296 0.688 0.312 0.0" },
	{ "it was the least good one", 25, "-0.3412 0.0 0.675 0.325" },
	{ "at least it was good", 20, "0.4404 0.42 0.58 0.0" },
	{ "at least good", 13, "0.4404 0.592 0.408 0.0" },
	{ "the very least good", 19, "0.4902 0.514 0.486 0.0" },
	{ "least good", 10, "-0.3412 0.0 0.294 0.706" },
	{ "it was good but it was bad", 26, "-0.5859 0.167 0.427 0.406" },
	{ "it was good, but it was bad", 27, "-0.5859 0.167 0.427 0.406" },
	{ "good good good but bad bad bad", 30, "-0.9081 0.277 0.047 0.675" },
	{ "good bad good but good bad good but good", 40, "0.8151 0.632 0.082 0.286" },
	{ "GOOD but good but GOOD!!", 24, "0.9136 0.854 0.146 0.0" },
	{ "but good", 8, "0.5927 0.794 0.206 0.0" },
	{ "great good great but good great good nice bad", 45, "0.9604 0.807 0.034 0.159" },
	{ "I don't like it", 15, "-0.2755 0.0 0.587 0.413" },
	{ "I DON'T like it", 15, "-0.2755 0.0 0.587 0.413" },
	{ "I don\342\200\231t like it", 17, "0.3612 0.455 0.545 0.0" },
	{ "I cant like it", 14, "-0.2755 0.0 0.587 0.413" },
	{ "he isn't really a good man", 26, "-0.3843 0.0 0.657 0.343" },
	{ "nothing is ever good", 20, "-0.3412 0.0 0.555 0.445" },
	{ "rarely good", 11, "-0.3412 0.0 0.294 0.706" },
	{ "despite the good food", 21, "-0.3412 0.0 0.555 0.445" },
	{ "hardly any good", 15, "0.3862 0.567 0.433 0.0" },
	{ "it is extremely good", 20, "0.4927 0.516 0.484 0.0" },
	{ "it is an EXTREMELY good thing", 29, "0.6028 0.44 0.56 0.0" },
	{ "it is extremely very good", 25, "0.5379 0.465 0.535 0.0" },
	{ "so so so good", 13, "0.6618 0.596 0.404 0.0" },
	{ "most more less good", 19, "0.4852 0.512 0.488 0.0" },
	{ "\342\235\244", 3, "0.6369 0.808 0.192 0.0" },
	{ "\342\235\244\357\270\217", 6, "0.0 0.0 1.0 0.0" },
	{ "I \342\235\244 you", 9, "0.6369 0.583 0.417 0.0" },
	{ "I\342\235\244you", 7, "0.0 0.0 1.0 0.0" },
	{ "\360\237\230\200", 4, "0.3612 0.714 0.286 0.0" },
	{ "\360\237\230\200\360\237\230\200\360\237\230\200", 12, "0.7579 0.714 0.286 0.0" },
	{ "good\360\237\230\200good", 12, "0.6597 0.844 0.156 0.0" },
	{ "\360\237\230\200 \360\237\230\201\011\360\237\230\202", 14, "0.8126 0.484 0.417 0.099" },
	{ "\360\237\230\202but good", 12, "0.25 0.33 0.455 0.216" },
	{ "the \360\237\222\224 of it", 14, "0.2732 0.408 0.291 0.301" },
	{ "\360\237\221\215\360\237\217\275", 8, "0.0 0.0 1.0 0.0" },
	{ "Kind of good", 12, "0.4404 0.592 0.408 0.0" },
	{ "KinD words", 10, "0.5267 0.773 0.227 0.0" },
	{ "li Kely good", 12, "0.4404 0.592 0.408 0.0" },
	{ "\303\236E GOOD", 8, "0.4404 0.744 0.256 0.0" },
	{ "D\305\275 is good", 11, "0.4404 0.592 0.408 0.0" },
	{ "\357\254\201ne \342\205\243\342\205\244 GOOD", 17, "0.5622 0.645 0.355 0.0" },
	{ "\302\252a GOOD", 8, "0.5622 0.784 0.216 0.0" },
	{ "\342\222\266 good", 8, "0.4404 0.744 0.256 0.0" },
	{ "\304\260 is GOOD", 10, "0.5622 0.645 0.355 0.0" },
	{ "\344\270\255\346\226\207 very good!", 17, "0.54 0.635 0.365 0.0" },
	{ "good bad good", 13, "0.3182 0.624 0.0 0.376" },
	{ "good\343\200\200bad", 10, "-0.1531 0.453 0.0 0.547" },
	{ "goodbad", 7, "0.0 0.0 1.0 0.0" },
	{ "good\342\200\213bad", 10, "0.0 0.0 1.0 0.0" },
	{ "goodbad", 7, "0.0 0.0 1.0 0.0" },
	{ "https://x.co/a!b!c? is good", 27, "0.5399 0.635 0.365 0.0" },
	{ "\"good\"", 6, "0.4404 1.0 0.0 0.0" },
	{ "''good''", 8, "0.4404 1.0 0.0 0.0" },
	{ "(good)", 6, "0.4404 1.0 0.0 0.0" },
	{ "(ok)", 4, "0.0 0.0 1.0 0.0" },
	{ "--good--", 8, "0.4404 1.0 0.0 0.0" },
	{ "g.o.o.d", 7, "0.0 0.0 1.0 0.0" },
	{ "#good @bad", 10, "-0.1531 0.453 0.0 0.547" },
	{ "good/bad", 8, "0.0 0.0 1.0 0.0" },
	{ "just a plain line of words without any of them", 46, "0.0 0.0 1.0 0.0" },
	{ "can't stand", 11, "0.0 0.0 1.0 0.0" },
	{ "fed up", 6, "0.0 0.0 1.0 0.0" },
	{ "( '}{' )", 8, "0.0 0.0 1.0 0.0" },
	{ "o.O hm", 6, "-0.2023 0.0 0.357 0.643" },
	{ "LOL", 3, "0.4215 1.0 0.0 0.0" },
	{ "lol :-)", 7, "0.6249 1.0 0.0 0.0" },
	{ "love hate", 9, "0.128 0.532 0.0 0.468" },
	{ "love hate love hate good", 24, "0.5994 0.604 0.0 0.396" },
	{ "a supercalifragilisticexpialidociousandmuchmorethanthat good", 60, "0.4404 0.592 0.408 0.0" },
	{ "a SUPERCALIFRAGILISTICN'Tandmuchmorethanthatisstillgood good", 60, "-0.3412 0.0 0.454 0.546" },
	{ "", 0, "0.0 0.0 0.0 0.0" },
	{ "   ", 3, "0.0 0.0 0.0 0.0" },
	{ "\012", 1, "0.0 0.0 0.0 0.0" },
	{ "good\302\240bad\342\200\203nice\343\200\200love", 23, "0.7506 0.739 0.0 0.261" },
	{ "good\034bad\302\205love", 14, "0.5574 0.67 0.0 0.33" },
	{ "a\000b good", 8, "0.4404 0.744 0.256 0.0" },
	{ "\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200", 200, "0.9987 0.714 0.286 0.0" },
	{ "!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!", 50, "0.0 0.0 1.0 0.0" },
	{ "fine!!!?\??", 10, "0.4966 1.0 0.0 0.0" },
	{ "GOOD GOOD GOOD BAD", 18, "0.6369 0.713 0.0 0.287" },
	{ "heron averts landmark", 21, "-0.0 0.632 0.0 0.368" },
};

static const struct flood {
	struct {
		const char *text;
		int times;
	} part[4];
	const char *scores;
} floods[] = {
	{ { { "good ", 60 }, { "but ", 1 }, { "good ", 60 } }, "0.9999 0.997 0.003 0.0" },
	{ { { "bad good nice ", 40 }, { "but ", 1 }, { "good bad love ", 40 } }, "0.9998 0.658 0.001 0.341" },
	{ { { "good love bad fine kill joy ", 12 }, { "but ", 1 }, { "bad joy kill fine love good ", 11 }, { "but good", 1 } }, "0.9979 0.609 0.004 0.387" },
	{ { { "\360\237\230\200", 200 } }, "0.9999 0.714 0.286 0.0" },
	{ { { "hate ", 1000 } }, "-1.0 0.0 0.0 1.0" },
	{ { { "love but ", 300 } }, "1.0 0.853 0.147 0.0" },
	{ { { "love hate ", 500 } }, "0.9999 0.532 0.0 0.468" },
	{ { { "fine", 1 }, { "!", 1000 }, { "?", 1000 } }, "0.6031 1.0 0.0 0.0" },
	{ { { "good bad love hate joy nice fine great awful ", 200 }, { "but ", 1 }, { "great awful good bad ", 200 } }, "1.0 0.592 0.0 0.408" },
	{ { { "not ", 500 }, { "good", 1 } }, "-0.195 0.0 0.996 0.004" },
	{ { { "good\343\200\200", 300 } }, "1.0 1.0 0.0 0.0" },
};

/* The numbers of what vader_put prints, separated by spaces. */
static const char *numbers(const struct vader_scores *s)
{
	static char to[128];
	struct buf b = BUF_INIT;
	char c[16], p[16], u[16], g[16];
	vader_put(&b, s);
	if (sscanf(buf_cstr(&b), "{\"compound\":%15[-0-9.],\"pos\":%15[0-9.],\"neu\":%15[0-9.],\"neg\":%15[0-9.],", c, p, u, g) == 4)
		snprintf(to, sizeof to, "%s %s %s %s", c, p, u, g);
	else
		snprintf(to, sizeof to, "%s", b.p);
	buf_release(&b);
	return to;
}

static void check_cases(const struct vader *v, struct vader_scratch *s)
{
	struct vader_scores got;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		/* exactly N readable bytes, so that ASan sees a read beyond them */
		char *copy = malloc(cases[i].n ? cases[i].n : 1);
		memcpy(copy, cases[i].text, cases[i].n);
		vader_score(v, s, copy, cases[i].n, &got);
		if (strcmp(numbers(&got), cases[i].scores))
			T_FAIL("'%s' is %s, not %s", cases[i].text, numbers(&got), cases[i].scores);
		free(copy);
	}
}

static void check_floods(const struct vader *v, struct vader_scratch *s)
{
	struct vader_scores got;
	struct buf b = BUF_INIT;
	for (size_t i = 0; i < sizeof floods / sizeof *floods; i++) {
		buf_clear(&b);
		for (size_t k = 0; k < 4 && floods[i].part[k].text; k++)
			for (int n = 0; n < floods[i].part[k].times; n++)
				buf_puts(&b, floods[i].part[k].text);
		vader_score(v, s, b.p, b.n, &got);
		if (strcmp(numbers(&got), floods[i].scores))
			T_FAIL("flood %zu is %s, not %s", i, numbers(&got), floods[i].scores);
	}
	buf_release(&b);
}

static struct buf trace_text;

static void trace_step(void *arg, size_t i, const char *p, size_t n, const char *rule, double value)
{
	(void)arg;
	buf_printf(&trace_text, "%zu %.*s: %s %g\n", i, (int)n, p ? p : "", rule, value);
}

static void check_bad(const char *lexicon, uint64_t line)
{
	struct err e = { 0 };
	struct vader *v = NULL;
	int r = vader_new(&v, lexicon, strlen(lexicon), VADER_3_3_2, &e);
	T_INT(r, ERR_DATA);
	T_INT(e.line, line);
	vader_free(v);
}

static void check_editions(void)
{
	static const char text[] = "now I have a broken heart";
	struct vader_scratch s = VADER_SCRATCH_INIT;
	struct vader_scores got;
	struct vader *v = NULL;
	struct err e;
	T_INT(vader_open(&v, VADER_HEAD, &e), 0);
	vader_score(v, &s, text, strlen(text), &got);
	T_STR(numbers(&got), "-0.8316 0.0 0.339 0.661");
	vader_free(v);
	vader_scratch_release(&s);
}

static void check_unicode(void)
{
	uint32_t cp;
	char c[4];
	T_INT(utf8_decode("\360\237\230\200", 4, &cp), 4);
	T_INT(cp, 0x1f600);
	T_INT(utf8_decode("\360\237\230\200", 3, &cp), 1);
	T_INT(cp, UTF8_BAD);
	T_INT(utf8_decode("\355\240\200", 3, &cp), 1);   /* a surrogate */
	T_INT(utf8_decode("\300\200", 2, &cp), 1);       /* overlong */
	T_INT(utf8_decode("\340\200\200", 3, &cp), 1);
	T_INT(utf8_decode("\364\220\200\200", 4, &cp), 1);
	unsigned spaces = 0;
	for (uint32_t i = 0; i < 0x110000; i++) {
		spaces += unicode_space(i);
		if (i >= 0xd800 && i < 0xe000)
			continue;
		uint32_t back = 0;
		unsigned n = utf8_encode(c, i);
		if (utf8_decode(c, n, &back) != n || back != i)
			T_FAIL("%x comes back as %x", (unsigned)i, (unsigned)back);
	}
	T_INT(spaces, 29);
	T_INT(unicode_case('a'), UNICODE_LOWER);
	T_INT(unicode_case('Z'), UNICODE_UPPER);
	T_INT(unicode_case(0x1c5), UNICODE_LOWER);    /* titlecase */
	T_INT(unicode_case(0x2160), UNICODE_UPPER);   /* a Roman numeral */
	T_INT(unicode_case(0x10400), UNICODE_UPPER);
	T_INT(unicode_case(0x4e2d), UNICODE_CASELESS);
	T_INT(unicode_case(0x10ffff), UNICODE_CASELESS);
}

int main(void)
{
	struct vader *v = NULL;
	struct vader_scratch s = VADER_SCRATCH_INIT;
	struct vader_scores got;
	struct err e;

	T_CASE("UTF-8, white space and case") {
		check_unicode();
	}
	T_CASE("the lexicon that ships can be read") {
		T_INT(vader_open(&v, VADER_3_3_2, &e), 0);
		if (!v) {
			printf("# %s: %s\n", e.file, e.msg);
			return t_done();
		}
	}
	T_CASE("every text gives the reference's four numbers") {
		check_cases(v, &s);
	}
	T_CASE("long texts and floods as well") {
		check_floods(v, &s);
	}
	T_CASE("a million equal words around but take no quadratic time") {
		struct buf b = BUF_INIT;
		for (int i = 0; i < 1000000; i++)
			buf_puts(&b, i == 500000 ? "but " : "good ");
		vader_score(v, &s, b.p, b.n, &got);
		T_STR(numbers(&got), "1.0 1.0 0.0 0.0");
		buf_release(&b);
	}
	T_CASE("the trace tells every step") {
		const struct vader_trace t = { trace_step, NULL };
		vader_explain(v, &s, "It is not VERY good!", 20, &got, &t);
		T_STR(buf_cstr(&trace_text), "4 good: lexicon 1.9\n4 good: booster 2.926\n4 good: negation -2.16524\n"
					     "5 : sum -2.16524\n5 : punctuation -2.45724\n");
		buf_release(&trace_text);
	}
	T_CASE("labels") {
		T_STR(vader_label(0.05), "positive");
		T_STR(vader_label(0.0499), "neutral");
		T_STR(vader_label(-0.0499), "neutral");
		T_STR(vader_label(-0.05), "negative");
	}
	T_CASE("the repository's head knows one idiom more") {
		check_editions();
	}
	T_CASE("a lexicon that is malformed is an error with its line") {
		check_bad("w\tgood\n", 1);
		check_bad("# x\nw\tgood\t1.9\nx\tgood\t1.9\n", 3);
		check_bad("w\tgood\tnan\n", 1);
		check_bad("w\tgood\t1.9x\n", 1);
		check_bad("w\tgood\t\n", 1);
		check_bad("w\t\t1\n", 1);
		check_bad("w\tabcdefghijklmnopqrstuvwxyz\t1\n", 1);
		check_bad("w\tgood\t1e9\n", 1);
		check_bad("e\t1F600\t\n", 1);
		check_bad("e\t41\tletter\n", 1);
		check_bad("e\t110000\tname\n", 1);
		check_bad("e\t1f600\tname\n", 1);
		check_bad("e\t0000000001F600\tname\n", 1);
		check_bad("good 1.9\n", 1);
	}
	vader_free(v);
	vader_scratch_release(&s);
	return t_done();
}
