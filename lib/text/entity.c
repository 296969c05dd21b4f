// SPDX-License-Identifier: MIT
/* Looks at each place of a text for what may begin there, by the rules of the network. */
#include "text/entity.h"

#include "text/unicode.h"

#include <utf8proc.h>

struct scan {
	const char *text;
	size_t n;
	enum entity_dialect dialect;
	unsigned kinds;
	entity_fn *fn;
	void *arg;
};

static int category(uint32_t cp)
{
	return cp <= 0x10ffff ? (int)utf8proc_category((utf8proc_int32_t)cp) : UTF8PROC_CATEGORY_CN;
}

static bool ascii_alnum(uint32_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static bool is_letter(uint32_t cp)   /* or a mark */
{
	if (cp < 0x80)
		return (cp | 0x20) >= 'a' && (cp | 0x20) <= 'z';
	int c = category(cp);
	return c >= UTF8PROC_CATEGORY_LU && c <= UTF8PROC_CATEGORY_ME;
}

static bool is_digit(uint32_t cp)
{
	return cp < 0x80 ? cp >= '0' && cp <= '9' : category(cp) == UTF8PROC_CATEGORY_ND;
}

static bool is_punct(uint32_t cp)
{
	int c = category(cp);
	return c >= UTF8PROC_CATEGORY_PC && c <= UTF8PROC_CATEGORY_PO;
}

static uint32_t peek(const struct scan *s, size_t i, unsigned *len)
{
	uint32_t cp;
	if (i >= s->n) {
		*len = 0;
		return 0;
	}
	*len = utf8_decode(s->text + i, s->n - i, &cp);
	return cp;
}

static void emit(const struct scan *s, enum entity_kind kind, size_t from, size_t to)
{
	if (s->kinds >> kind & 1 && to > from && to - from <= ENTITY_MAX)
		s->fn(s->arg, kind, s->text + from, to - from);
}

/* --- links --- */

static bool starts(const struct scan *s, size_t i, const char *with)
{
	for (; *with; i++, with++)
		if (i >= s->n || (s->text[i] | (*with >= 'a' ? 0x20 : 0)) != *with)
			return false;
	return true;
}

static bool is_cjk_script(uint32_t cp)
{
	return (cp >= 0x3000 && cp <= 0x30ff) || (cp >= 0x3400 && cp <= 0x9fff) || (cp >= 0xac00 && cp <= 0xd7a3) ||
	       (cp >= 0xf900 && cp <= 0xfaff) || (cp >= 0xff00 && cp <= 0xffef) || (cp >= 0x20000 && cp <= 0x3ffff);
}

static bool in_link(uint32_t cp)
{
	if (cp < 0x80)
		return cp > ' ' && cp != 0x7f && !strchr("<>\"{}|\\^`", (int)cp);
	int c = category(cp);
	return cp != UTF8_BAD && !unicode_space(cp) && !is_cjk_script(cp) && c != UTF8PROC_CATEGORY_PI &&
	       c != UTF8PROC_CATEGORY_PF && c != UTF8PROC_CATEGORY_CC && c != UTF8PROC_CATEGORY_CF && c != UTF8PROC_CATEGORY_SO;
}

/* The host from I on: labels joined by single dots, at least two, the last one not a number only. */
static bool good_host(const struct scan *s, size_t i, size_t end)
{
	size_t label = 0, dots = 0;
	bool letter = false;
	for (; i < end && !strchr("/?#:", s->text[i]); i++) {
		unsigned char c = (unsigned char)s->text[i];
		if (c == '.') {
			if (!label)
				return false;
			label = 0;
			letter = false;
			dots++;
		} else if (ascii_alnum(c) || c == '-' || c == '_' || c >= 0x80) {
			label++;
			letter |= c >= 0x80 || (c | 0x20) >= 'a';
		} else {
			return false;
		}
	}
	return dots && label >= 2 && letter;
}

static size_t match_link(const struct scan *s, size_t i)
{
	size_t host = starts(s, i, "http://") ? i + 7 : starts(s, i, "https://") ? i + 8 : 0, end = host;
	int round = 0, square = 0;
	unsigned len;
	if (!host)
		return 0;
	for (uint32_t cp; end < s->n && in_link(cp = peek(s, end, &len)); end += len) {
		round += cp == '(' ? 1 : cp == ')' ? -1 : 0;
		square += cp == '[' ? 1 : cp == ']' ? -1 : 0;
	}
	while (end > host) {
		char c = s->text[end - 1];
		if (strchr(".,:;!?'*~", c) == NULL && !(c == ')' && round < 0) && !(c == ']' && square < 0))
			break;
		round += c == ')';
		square += c == ']';
		end--;
	}
	return good_host(s, host, end) ? end : 0;
}

/* --- tags --- */

static bool is_sign(uint32_t cp)
{
	return cp == '#' || cp == 0xff03;
}

static bool tag_special(uint32_t cp)
{
	static const uint16_t special[] = { '_', 0x200c, 0x200d, 0xa67e, 0x05be, 0x05f3, 0x05f4, 0xff5e, 0x301c,
					    0x309b, 0x309c, 0x30a0, 0x30fb, 0x3003, 0x0f0b, 0x0f0c, 0x00b7 };
	for (size_t i = 0; i < sizeof special / sizeof *special; i++)
		if (special[i] == cp)
			return true;
	return false;
}

static bool in_tag(uint32_t cp)
{
	return is_letter(cp) || is_digit(cp) || tag_special(cp);
}

/* I is behind the sign; returns where the tag ends, 0 when it is none. */
static size_t match_tag(const struct scan *s, size_t i, uint32_t prev)
{
	bool letter = false;
	unsigned len;
	if (in_tag(prev) || prev == '&')
		return 0;
	uint32_t cp = peek(s, i, &len);
	if (cp == 0xfe0f || cp == 0x20e3)
		return 0;
	for (; len && in_tag(cp); cp = peek(s, i, &len)) {
		letter |= is_letter(cp);
		i += len;
	}
	if (!letter || is_sign(cp) || starts(s, i, "://"))
		return 0;
	return i;
}

static bool is_alpha(uint32_t cp)   /* letters, marks, and numbers that are letters: U+2167 */
{
	return is_letter(cp) || category(cp) == UTF8PROC_CATEGORY_NL;
}

/* Mastodon's HASHTAG_NAME_PAT (app/models/concerns/tag/naming.rb): word characters, and between them its separators, when one
 * inside is a separator or a letter; else word characters alone, with a letter. */
static size_t match_tag_mastodon(const struct scan *s, size_t i, uint32_t prev)
{
	size_t end = 0, plain = 0;           /* behind the last word character; behind those before the first · */
	bool inside = false, candidate = false, letter = false, first = true;
	unsigned len;
	if (prev && !unicode_space(prev))
		return 0;
	for (uint32_t cp; (cp = peek(s, i, &len)), len; i += len, first = false) {
		bool alpha = is_alpha(cp), word = alpha || is_digit(cp) || category(cp) == UTF8PROC_CATEGORY_PC;
		bool separator = cp == '_' || cp == 0xb7 || cp == 0x30fb || cp == 0x200c;
		if (!word && (!separator || first))
			break;
		if (word) {
			inside |= candidate;
			end = i + len;
		}
		if (word && (first || plain == i)) {
			plain = end;
			letter |= alpha;
		}
		candidate |= !first && (alpha || separator);
	}
	return inside ? end : letter ? plain : 0;
}

static bool bsky_ends_tag(uint32_t cp)
{
	return unicode_space(cp) || cp == 0xad || cp == 0x2060 || (cp >= 0x200a && cp <= 0x200d) || cp == 0x20e2;
}

static size_t match_tag_bsky(const struct scan *s, size_t i, uint32_t prev)
{
	size_t end = i, chars = 0, kept = 0;
	bool word = false;
	unsigned len;
	if (prev && !unicode_space(prev))
		return 0;
	for (uint32_t cp; (cp = peek(s, i, &len)), len && !bsky_ends_tag(cp); i += len) {
		if (cp == 0xfe0f && !chars)
			return 0;
		chars++;
		word |= !is_digit(cp) && !is_punct(cp);
		if (!is_punct(cp)) {
			end = i + len;
			kept = chars;
		}
	}
	return word && kept <= 64 ? end : 0;
}

/* --- mentions --- */

/* "RT@name", an old habit: letters before the sign are allowed when they are just these two. */
static bool after_rt(const struct scan *s, size_t at)
{
	if (at < 2 || (s->text[at - 2] | 0x20) != 'r' || (s->text[at - 1] | 0x20) != 't')
		return false;
	unsigned char c = at > 2 ? (unsigned char)s->text[at - 3] : ' ';
	return !ascii_alnum(c) && !strchr("_+~.-", c) && c < 0x80;
}

static size_t match_mention(const struct scan *s, size_t at, size_t i, uint32_t prev)
{
	size_t start = i;
	unsigned len;
	if ((ascii_alnum(prev) && !after_rt(s, at)) || prev == 0xff20 || (prev && prev < 0x80 && strchr("_!#$%&*@", (int)prev)))
		return 0;
	while (i < s->n && i - start < 20 && (ascii_alnum((unsigned char)s->text[i]) || s->text[i] == '_'))
		i++;
	uint32_t next = peek(s, i, &len);
	bool latin = next >= 0xc0 && next <= 0x24f && next != 0xd7 && next != 0xf7;
	if (i == start || next == '@' || next == 0xff20 || latin || starts(s, i, "://"))
		return 0;
	return i;
}

static size_t match_mention_bsky(const struct scan *s, size_t i, uint32_t prev)
{
	size_t start = i, dot = 0;
	if (prev && prev != '(' && !unicode_space(prev))
		return 0;
	while (i < s->n && (ascii_alnum((unsigned char)s->text[i]) || s->text[i] == '.' || s->text[i] == '-'))
		i++;
	while (i > start && (s->text[i - 1] == '.' || s->text[i - 1] == '-'))
		i--;
	for (size_t k = start; k < i; k++)
		if (s->text[k] == '.')
			dot = k;
	if (!dot || dot == start || i - dot < 3 || !is_letter((unsigned char)s->text[dot + 1]))
		return 0;
	return i;
}

/* [a-z0-9_]+, joined by dots and hyphens. */
static size_t fedi_name(const struct scan *s, size_t i)
{
	size_t end = i;
	for (; i < s->n; i++) {
		char c = s->text[i];
		if (ascii_alnum((unsigned char)c) || c == '_')
			end = i + 1;
		else if (c != '.' && c != '-')
			break;
	}
	return end;
}

static size_t match_mention_fedi(const struct scan *s, size_t i, uint32_t prev)
{
	if (prev == '=' || prev == '/' || prev == '_' || is_letter(prev) || is_digit(prev))
		return 0;
	if (i < s->n && (s->text[i] == '.' || s->text[i] == '-'))
		return 0;
	size_t end = fedi_name(s, i);
	if (end == i)
		return 0;
	if (end < s->n && s->text[end] == '@') {
		size_t host = fedi_name(s, end + 1);
		if (host > end + 1)
			end = host;
	}
	return end;
}

/* --- words --- */

enum word_class { W_OTHER, W_LETTER, W_DIGIT, W_JOIN /* _ and its kind */, W_EXTEND /* marks, format */, W_HAN, W_HIRAGANA };

static enum word_class word_class(uint32_t cp)
{
	if (cp < 0x80)
		return is_letter(cp) ? W_LETTER : is_digit(cp) ? W_DIGIT : cp == '_' ? W_JOIN : W_OTHER;
	if ((cp >= 0x3400 && cp <= 0x9fff) || (cp >= 0xf900 && cp <= 0xfaff) || (cp >= 0x20000 && cp <= 0x3ffff) || cp == 0x3005)
		return W_HAN;
	if (cp >= 0x3041 && cp <= 0x309f)
		return W_HIRAGANA;
	if (cp == UTF8_BAD || cp == 0x200b)
		return W_OTHER;
	int c = category(cp);
	if ((c >= UTF8PROC_CATEGORY_LU && c <= UTF8PROC_CATEGORY_LO) || c == UTF8PROC_CATEGORY_NL)
		return W_LETTER;
	if (c == UTF8PROC_CATEGORY_ND)
		return W_DIGIT;
	if (c == UTF8PROC_CATEGORY_PC)
		return W_JOIN;
	return (c >= UTF8PROC_CATEGORY_MN && c <= UTF8PROC_CATEGORY_ME) || c == UTF8PROC_CATEGORY_CF ? W_EXTEND : W_OTHER;
}

static bool joins(uint32_t cp, enum word_class before, enum word_class after)
{
	if (before == W_LETTER && after == W_LETTER)
		return cp == '\'' || cp == '.' || cp == 0x2019 || cp == 0x2018 || cp == 0xb7 || cp == 0x2027 || cp == 0x5f4;
	return before == W_DIGIT && after == W_DIGIT && (cp == '.' || cp == ',' || cp == '\'' || cp == 0x2019);
}

/* A run of Han and Hiragana: each pair of neighbours, or the one character. */
static size_t pairs(const struct scan *s, size_t i)
{
	size_t start = i, last = i, chars = 0;
	enum word_class prev = W_OTHER, c;
	unsigned len;
	for (; (c = word_class(peek(s, i, &len))), len && (c == W_HAN || c == W_HIRAGANA); i += len) {
		if (chars++ && (c == W_HAN || prev == W_HAN))
			emit(s, ENTITY_WORD, last, i + len);
		last = i;
		prev = c;
	}
	if (chars == 1 && prev == W_HAN)
		emit(s, ENTITY_WORD, start, i);
	return i;
}

static size_t match_word(const struct scan *s, size_t i)
{
	size_t start = i, chars = 0;
	enum word_class last = W_OTHER, c;
	bool letter = false;
	unsigned len, len2;
	for (uint32_t cp; (cp = peek(s, i, &len)), len; i += len, chars++) {
		c = word_class(cp);
		if (c == W_HAN || c == W_HIRAGANA)
			break;
		if (c == W_OTHER) {
			if (!joins(cp, last, word_class(peek(s, i + len, &len2))) || !len2)
				break;
			continue;
		}
		letter |= c == W_LETTER;
		if (c != W_EXTEND)
			last = c;
	}
	if (letter && chars >= 2)
		emit(s, ENTITY_WORD, start, i);
	return i;
}

/* --- all together --- */

static size_t match_at(const struct scan *s, size_t i, uint32_t cp, unsigned len, uint32_t prev)
{
	enum entity_kind kind = is_sign(cp) ? ENTITY_TAG : ENTITY_MENTION;
	size_t from = i + len, end;
	if (kind == ENTITY_TAG)
		end = s->dialect == DIALECT_BLUESKY ? match_tag_bsky(s, from, prev)
		    : s->dialect == DIALECT_MASTODON ? match_tag_mastodon(s, from, prev) : match_tag(s, from, prev);
	else if (s->dialect == DIALECT_BLUESKY)
		end = match_mention_bsky(s, from, prev);
	else if (s->dialect == DIALECT_MASTODON)
		end = match_mention_fedi(s, from, prev);
	else
		end = match_mention(s, i, from, prev);
	if (end)
		emit(s, kind, from, end);
	return end;
}

void entity_extract(const char *text, size_t n, enum entity_dialect d, unsigned kinds, entity_fn *fn, void *arg)
{
	const struct scan s = { text, n, d, kinds, fn, arg };
	uint32_t prev = 0, cp;
	unsigned len;
	for (size_t i = 0, end; i < n; i = end) {
		cp = peek(&s, i, &len);
		end = 0;
		if ((cp | 0x20) == 'h' && !ascii_alnum(prev) && (end = match_link(&s, i)))
			emit(&s, ENTITY_LINK, i, end);
		else if (is_sign(cp) || cp == '@' || cp == 0xff20)
			end = match_at(&s, i, cp, len, prev);
		enum word_class c = end ? W_OTHER : word_class(cp);
		if (!end && (c == W_HAN || c == W_HIRAGANA))
			end = pairs(&s, i);
		else if (!end && c != W_OTHER)
			end = match_word(&s, i);
		if (!end) {
			end = i + len;
			prev = cp;
			continue;
		}
		size_t last = end - 1;
		while (last > i && (text[last] & 0xc0) == 0x80)
			last--;
		utf8_decode(text + last, end - last, &prev);
	}
}
