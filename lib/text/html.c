/* SPDX-License-Identifier: MIT */
/* HTML to text in one pass, without a tree. No tag and no reference is shorter than what it writes, so the text may replace the HTML
 * in place. A search that has found no end is not made again, which keeps the pass linear whatever is left open. */
#include "text/html.h"

#include "base/ascii.h"
#include "base/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#define NAME_MAX_LEN 12

#define COUNT(a) (sizeof(a) / sizeof *(a))

enum kind { INLINE, BLOCK, PARAGRAPH, BREAK, ROW, CELL, PRE, VOID, RAW /* dropped up to its first end tag */, DROP /* up to its own */ };

struct element {
	char name[NAME_MAX_LEN];
	enum kind kind;
};

/* In the order of their names. */
static const struct element elements[] = {
	{ "address", BLOCK }, { "article", BLOCK }, { "aside", BLOCK }, { "audio", DROP }, { "blockquote", BLOCK }, { "body", BLOCK },
	{ "br", BREAK }, { "canvas", DROP }, { "caption", BLOCK }, { "center", BLOCK }, { "dd", BLOCK }, { "details", BLOCK },
	{ "dialog", BLOCK }, { "dir", BLOCK }, { "div", BLOCK }, { "dl", BLOCK }, { "dt", BLOCK }, { "fieldset", BLOCK },
	{ "figcaption", BLOCK }, { "figure", BLOCK }, { "footer", BLOCK }, { "form", BLOCK }, { "h1", BLOCK }, { "h2", BLOCK },
	{ "h3", BLOCK }, { "h4", BLOCK }, { "h5", BLOCK }, { "h6", BLOCK }, { "head", BLOCK }, { "header", BLOCK }, { "hgroup", BLOCK },
	{ "hr", BLOCK }, { "html", BLOCK }, { "iframe", RAW }, { "img", VOID }, { "input", VOID }, { "legend", BLOCK }, { "li", BLOCK },
	{ "link", VOID }, { "listing", PRE }, { "main", BLOCK }, { "menu", BLOCK }, { "meta", VOID }, { "nav", BLOCK }, { "noembed", RAW },
	{ "noframes", RAW }, { "noscript", RAW }, { "ol", BLOCK }, { "optgroup", BLOCK }, { "option", BLOCK }, { "p", PARAGRAPH },
	{ "pre", PRE }, { "script", RAW }, { "search", BLOCK }, { "section", BLOCK }, { "source", VOID }, { "style", RAW },
	{ "summary", BLOCK }, { "table", ROW }, { "tbody", ROW }, { "td", CELL }, { "template", DROP }, { "tfoot", ROW },
	{ "th", CELL }, { "thead", ROW }, { "title", RAW }, { "tr", ROW }, { "ul", BLOCK }, { "video", DROP }, { "wbr", VOID },
};

struct html {
	const char *p, *end;
	char *from, *to;           /* what is written */
	uint8_t lines;             /* line feeds that are due before more text */
	bool space;                /* a space is due */
	bool loose;                /* attributes end nowhere: a tag ends at the next `>` */
	bool no_more;              /* there is no `>` any more */
	bool open_comment, open_cdata;
	bool filled;               /* the row has something in it */
	bool open[COUNT(elements) + 1]; /* such an element, or one of no known name, does not end */
	size_t pre, cells;         /* how deep in pre; cells of the row so far */
};

static bool is_white(char c)
{
	return ascii_space(c) || c == '\f';
}

/* --- references --- */

/* From U+00A0 on. */
static const char latin1[] =
	"nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para middot cedil "
	"sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave "
	"Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute "
	"acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml "
	"divide oslash ugrave uacute ucirc uuml yacute thorn yuml ";

static const struct {
	char name[7];
	uint16_t cp;
} signs[] = {
	{ "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' }, { "apos", '\'' }, { "hellip", 0x2026 }, { "ndash", 0x2013 },
	{ "mdash", 0x2014 }, { "lsquo", 0x2018 }, { "rsquo", 0x2019 }, { "sbquo", 0x201A }, { "ldquo", 0x201C }, { "rdquo", 0x201D },
	{ "bdquo", 0x201E }, { "lsaquo", 0x2039 }, { "rsaquo", 0x203A }, { "bull", 0x2022 }, { "dagger", 0x2020 }, { "euro", 0x20AC },
	{ "trade", 0x2122 }, { "prime", 0x2032 }, { "Prime", 0x2033 }, { "permil", 0x2030 }, { "larr", 0x2190 }, { "uarr", 0x2191 },
	{ "rarr", 0x2192 }, { "darr", 0x2193 }, { "minus", 0x2212 }, { "infin", 0x221E }, { "asymp", 0x2248 }, { "ne", 0x2260 },
	{ "le", 0x2264 }, { "ge", 0x2265 }, { "hearts", 0x2665 }, { "ensp", 0x2002 }, { "emsp", 0x2003 }, { "thinsp", 0x2009 },
	{ "zwnj", 0x200C }, { "zwj", 0x200D }, { "lrm", 0x200E }, { "rlm", 0x200F }, { "OElig", 0x152 }, { "oelig", 0x153 },
	{ "Scaron", 0x160 }, { "scaron", 0x161 }, { "Yuml", 0x178 }, { "fnof", 0x192 }, { "circ", 0x2C6 }, { "tilde", 0x2DC },
};

static uint32_t named(const char *name, size_t n)
{
	uint32_t cp = 0xA0;
	if (n > 6)
		return 0;
	for (size_t i = 0; i < COUNT(signs); i++)
		if (memcmp(signs[i].name, name, n) == 0 && !signs[i].name[n])
			return signs[i].cp;
	for (const char *s = latin1, *next; *s; s = next + 1, cp++) {
		next = strchr(s, ' ');
		if ((size_t)(next - s) == n && memcmp(s, name, n) == 0)
			return cp;
	}
	return 0;
}

/* What a browser takes the number for: 128 to 159 are those of Windows-1252. */
static uint32_t numbered(uint32_t cp)
{
	static const uint16_t windows[32] = { 0x20AC, 0x81, 0x201A, 0x192, 0x201E, 0x2026, 0x2020, 0x2021, 0x2C6, 0x2030, 0x160, 0x2039, 0x152,
		0x8D, 0x17D, 0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x2DC, 0x2122, 0x161, 0x203A, 0x153, 0x9D,
		0x17E, 0x178 };
	if (cp >= 0x80 && cp < 0xA0)
		return windows[cp - 0x80];
	return !cp || cp > 0x10FFFF || (cp >= 0xD800 && cp < 0xE000) ? 0xFFFD : cp;
}

/* The character of the reference at H->P, behind which H->P is then; 0: it is none. */
static uint32_t reference(struct html *h)
{
	const char *s = h->p + 1, *p = s;
	uint32_t cp = 0;
	bool number = p < h->end && *p == '#', hex = number && p + 1 < h->end && (p[1] | 0x20) == 'x';
	p += number + hex;
	const char *from = p;
	for (; p < h->end; p++) {
		char c = *p, low = (char)(c | 0x20);
		bool digit = c >= '0' && c <= '9';
		if (!digit && !(low >= 'a' && low <= (hex ? 'f' : number ? 'a' - 1 : 'z')))
			break;
		if (number && cp <= 0x10FFFF)
			cp = cp * (hex ? 16 : 10) + (uint32_t)(digit ? c - '0' : low - 'a' + 10);
		else if (!number && p - from > NAME_MAX_LEN)
			return 0;
	}
	if (p == from || p == h->end || *p != ';')
		return 0;
	cp = number ? numbered(cp) : named(s, (size_t)(p - s));
	if (cp)
		h->p = p + 1;
	return cp;
}

/* --- writing --- */

static void due(struct html *h)
{
	if (h->to == h->from)
		h->lines = h->space = 0;
	for (; h->lines; h->lines--, h->space = false)
		*h->to++ = '\n';
	if (h->space && h->to[-1] != '\n' && h->to[-1] != '\t')
		*h->to++ = ' ';
	h->space = false;
	h->filled = true;
}

static void break_lines(struct html *h, uint8_t lines)
{
	h->space = false;
	if (h->lines < lines)
		h->lines = lines;
}

/* A character that stays: a line feed of br, a tab, white space in pre. */
static void put_space(struct html *h, char c)
{
	if (h->to == h->from)
		return;
	due(h);
	*h->to++ = c;
}

static void white(struct html *h, char c)
{
	if (!h->pre)
		h->space = true;
	else if (c != '\r' || h->p == h->end || *h->p != '\n')
		put_space(h, c == '\r' ? '\n' : c);
}

static void put_reference(struct html *h)
{
	uint32_t cp = reference(h);
	if (cp < 0x80 && is_white((char)cp) && cp) {
		white(h, (char)cp);
		return;
	}
	due(h);
	if (cp)
		h->to += utf8_encode(h->to, cp);
	else
		*h->to++ = *h->p++;
}

/* --- tags --- */

static bool ends_name(char c)
{
	return is_white(c) || c == '/' || c == '>';
}

static const char *next_end(struct html *h, const char *from)
{
	const char *gt = h->no_more ? NULL : memchr(from, '>', (size_t)(h->end - from));
	h->no_more |= !gt;
	return gt;
}

/* The `>` behind the attributes from P on; NULL: there is none. */
static const char *attributes(const struct html *h, const char *p, bool *hidden)
{
	const char *end = h->end;
	for (;;) {
		while (p < end && (is_white(*p) || *p == '/'))
			p++;
		if (p == end || *p == '>')
			return p == end ? NULL : p;
		const char *name = p++;
		while (p < end && !ends_name(*p) && *p != '=')
			p++;
		*hidden |= p - name == 6 && strncasecmp(name, "hidden", 6) == 0;
		while (p < end && is_white(*p))
			p++;
		if (p == end || *p != '=')
			continue;
		do
			p++;
		while (p < end && is_white(*p));
		if (p < end && (*p == '"' || *p == '\'')) {
			p = memchr(p + 1, *p, (size_t)(end - p) - 1);
			if (!p++)
				return NULL;
		} else {
			while (p < end && !is_white(*p) && *p != '>')
				p++;
		}
	}
}

static const char *find(const char *p, const char *end, const char *what)
{
	return memmem(p, (size_t)(end - p), what, strlen(what));
}

/* H->P, the content of the element, becomes what is behind it. False: it does not end. */
static bool drop(struct html *h, const char *name, size_t n, bool nests)
{
	size_t depth = 1;
	for (const char *p = h->p; (p = memchr(p, '<', (size_t)(h->end - p))) != NULL;) {
		bool close = ++p < h->end && *p == '/';
		p += close;
		if ((size_t)(h->end - p) <= n || strncasecmp(p, name, n) != 0 || !ends_name(p[n]) || !(close || nests))
			continue;
		depth += close ? (size_t)-1 : 1;
		if (depth)
			continue;
		const char *gt = next_end(h, p);
		h->p = gt ? gt + 1 : h->p;
		return gt;
	}
	return false;
}

/* Its number in elements, or their count. */
static size_t element_of(const char *p, size_t n)
{
	char name[NAME_MAX_LEN] = { 0 };
	size_t from = 0, to = COUNT(elements);
	if (n >= sizeof name)
		return COUNT(elements);
	for (size_t i = 0; i < n; i++)
		name[i] = p[i] >= 'A' && p[i] <= 'Z' ? (char)(p[i] | 0x20) : p[i];
	while (from < to) {
		size_t mid = (from + to) / 2;
		int c = memcmp(name, elements[mid].name, sizeof name);
		if (c == 0)
			return mid;
		if (c < 0)
			to = mid;
		else
			from = mid + 1;
	}
	return COUNT(elements);
}

/* Lines that are due because of blocks in the last cell end with it. */
static void begin_cell(struct html *h)
{
	if (h->cells++) {
		if (h->filled)
			h->lines = 0;
		h->space = false;
		put_space(h, '\t');
	}
}

static void begin_or_end(struct html *h, enum kind kind, bool begin)
{
	switch (kind) {
	case ROW:
		h->cells = 0;
		h->filled = false;
		break_lines(h, 1);
		break;
	case BLOCK:
	case PARAGRAPH:
		if (begin && h->cells && h->to > h->from && h->to[-1] == '\t')
			break; /* at the start of a cell */
		break_lines(h, kind == PARAGRAPH ? 2 : 1);
		break;
	case BREAK:
		h->space = false;
		put_space(h, '\n');
		break;
	case CELL:
		h->space = false;
		if (begin)
			begin_cell(h);
		break;
	case PRE:
		if (!begin && h->pre && h->to > h->from && h->to[-1] == '\n' && !h->lines)
			h->to--; /* the last line feed ends the line that the block ends too */
		h->pre += begin ? 1 : h->pre ? (size_t)-1 : 0;
		break_lines(h, 1);
		if (begin && h->p < h->end && *h->p == '\r')
			h->p++;
		if (begin && h->p < h->end && *h->p == '\n')
			h->p++;
		break;
	default: break;
	}
}

/* The tag at H->P, the first letter of its name at NAME. False: it does not end. */
static bool tag(struct html *h, const char *name)
{
	const char *behind = name, *gt = NULL;
	bool hidden = false, begin = name == h->p + 1;
	if (h->no_more)
		return false;
	while (behind < h->end && !ends_name(*behind))
		behind++;
	if (!h->loose)
		gt = attributes(h, behind, &hidden);
	if (!gt) {
		h->loose = true;
		hidden = false;
		gt = next_end(h, name);
	}
	if (!gt)
		return false;
	size_t n = (size_t)(behind - name), which = element_of(name, n);
	enum kind kind = which < COUNT(elements) ? elements[which].kind : INLINE;
	h->p = gt + 1;
	if (begin && gt[-1] != '/' && kind != VOID && kind != BREAK && (hidden || kind == RAW || kind == DROP) && !h->open[which]) {
		if (drop(h, name, n, kind != RAW))
			return true;
		h->open[which] = true;
	}
	if (!(hidden && (kind == BREAK || gt[-1] == '/')))
		begin_or_end(h, kind, begin);
	return true;
}

/* `<!…`, `<?…` or `</` without a name. False: it does not end. */
static bool declaration(struct html *h)
{
	const char *p = h->p, *end = NULL;
	size_t n = (size_t)(h->end - p);
	if (n >= 4 && memcmp(p, "<!--", 4) == 0) {
		if (n > 4 && p[4] == '>')
			end = p + 4;
		else if (!h->open_comment && (end = find(p + (n > 5 && p[4] == '-' && p[5] == '>' ? 3 : 4), h->end, "-->")) != NULL)
			end += 2;
		h->open_comment |= !end;
		end = end ? end : p + 3;
	} else if (n >= 9 && memcmp(p, "<![CDATA[", 9) == 0 && !h->open_cdata) {
		if ((end = find(p + 9, h->end, "]]>")) != NULL)
			end += 2;
		h->open_cdata |= !end;
	}
	if (!end)
		end = next_end(h, p);
	if (end)
		h->p = end + 1;
	return end;
}

/* The `<` at H->P. */
static void less(struct html *h)
{
	char c = h->p + 1 < h->end ? h->p[1] : ' ';
	const char *name = c == '/' ? h->p + 2 : h->p + 1;
	bool done = false;
	if (name < h->end && ascii_letter(*name))
		done = tag(h, name);
	else if (c == '/' || c == '!' || c == '?')
		done = declaration(h);
	if (done)
		return;
	due(h);
	*h->to++ = *h->p++;
}

static bool special(char c)
{
	return (unsigned char)c <= '<' && (c == '<' || c == '&' || is_white(c));
}

size_t html_text(char *to, const char *s, size_t n)
{
	struct html h = { .p = s, .end = s + n, .from = to, .to = to };
	while (h.p < h.end) {
		char c = *h.p;
		if (c == '<') {
			less(&h);
		} else if (c == '&') {
			put_reference(&h);
		} else if (is_white(c)) {
			h.p++;
			white(&h, c);
		} else {
			due(&h);
			do
				*h.to++ = *h.p++;
			while (h.p < h.end && !special(*h.p));
		}
	}
	while (h.to > h.from && is_white(h.to[-1]))
		h.to--;
	return (size_t)(h.to - h.from);
}
