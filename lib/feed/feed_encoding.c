/* SPDX-License-Identifier: MIT */
/* Finds out which encoding a feed is in, and makes UTF-8 of it. */
#include "feed/feed_text.h"

#include <errno.h>
#include <iconv.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define MAX_LABEL 40

/* glibc's name for a label, written to TO; false: not one that the web uses. Latin-1 is read as what it is meant to be. */
static bool encoding_of(const char *label, char to[MAX_LABEL])
{
	static const char *const same[][2] = {
		{ "utf-8", "UTF-8" }, { "utf8", "UTF-8" }, { "us-ascii", "CP1252" }, { "ascii", "CP1252" }, { "latin1", "CP1252" },
		{ "iso-8859-1", "CP1252" }, { "iso8859-1", "CP1252" }, { "iso_8859-1", "CP1252" }, { "utf-16", "UTF-16LE" },
		{ "utf-16le", "UTF-16LE" }, { "utf-16be", "UTF-16BE" }, { "koi8-r", "KOI8-R" }, { "koi8-u", "KOI8-U" },
		{ "ibm866", "CP866" }, { "cp866", "CP866" }, { "windows-874", "CP874" }, { "tis-620", "CP874" }, { "iso-8859-11", "CP874" },
		{ "macintosh", "MACINTOSH" }, { "shift_jis", "CP932" }, { "shift-jis", "CP932" }, { "sjis", "CP932" },
		{ "windows-31j", "CP932" }, { "euc-jp", "EUC-JP" }, { "iso-2022-jp", "ISO-2022-JP" }, { "euc-kr", "CP949" },
		{ "ks_c_5601-1987", "CP949" }, { "gb2312", "GB18030" }, { "gbk", "GB18030" }, { "gb18030", "GB18030" },
		{ "big5", "BIG5-HKSCS" }, { "big5-hkscs", "BIG5-HKSCS" },
	};
	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		if (strcmp(label, same[i][0]) == 0)
			return snprintf(to, MAX_LABEL, "%s", same[i][1]) > 0;
	size_t n = strlen(label);
	if (n == 12 && strncmp(label, "windows-125", 11) == 0 && label[11] >= '0' && label[11] <= '8')
		return snprintf(to, MAX_LABEL, "CP125%c", label[11]) > 0;
	if (n < 10 || n > 11 || strncmp(label, "iso-8859-", 9) != 0 || strspn(label + 9, "0123456789") != n - 9)
		return false;
	unsigned part = n == 10 ? (unsigned)(label[9] - '0') : (unsigned)((label[9] - '0') * 10 + label[10] - '0');
	return part >= 2 && part <= 16 && part != 12 && snprintf(to, MAX_LABEL, "ISO-8859-%u", part) > 0;
}

/* Everything in UTF-8; what is no character is U+FFFD. Returns how many of those there were. */
static size_t convert(struct buf *out, const char *p, size_t n, const char *from)
{
	iconv_t cd = iconv_open("UTF-8", from);
	size_t bad = 0, unit = strncmp(from, "UTF-16", 6) == 0 ? 2 : strncmp(from, "UTF-32", 6) == 0 ? 4 : 1;
	char *in = (char *)p;
	if (cd == (iconv_t)-1)
		return SIZE_MAX;
	while (n) {
		size_t room = n + 16;
		char *to = buf_reserve(out, room), *at = to;
		size_t r = iconv(cd, &in, &n, &at, &room);
		out->n += (size_t)(at - to);
		if (r != (size_t)-1 || errno == E2BIG)
			continue;
		bad++;
		buf_puts(out, "\xEF\xBF\xBD");
		size_t skip = errno == EINVAL || n < unit ? n : unit;
		in += skip;
		n -= skip;
	}
	iconv_close(cd);
	return bad;
}

/* In lower case. */
static void copy_label(char to[MAX_LABEL], const char *s, const char *end)
{
	size_t n = 0;
	while (s < end && (*s == ' ' || *s == '\t' || *s == '"' || *s == '\''))
		s++;
	while (s < end && n + 1 < MAX_LABEL && !strchr(" \t\"';?>", *s) && *s)
		to[n++] = (char)(*s >= 'A' && *s <= 'Z' ? *s + 32 : *s), s++;
	to[n] = '\0';
}

static void charset_of_type(const char *type, char to[MAX_LABEL])
{
	const char *p = type;
	to[0] = '\0';
	while (p && (p = strchr(p, ';')) != NULL) {
		p += 1 + strspn(p + 1, " \t");
		if (strncasecmp(p, "charset=", 8) == 0) {
			copy_label(to, p + 8, p + strlen(p));
			return;
		}
	}
}

static void charset_of_declaration(const char *p, size_t n, char to[MAX_LABEL])
{
	to[0] = '\0';
	while (n && strchr(" \t\r\n", *p) && *p)
		p++, n--;
	if (n < 5 || memcmp(p, "<?xml", 5) != 0)
		return;
	const char *end = memmem(p, n < 512 ? n : 512, "?>", 2), *at = end ? memmem(p, (size_t)(end - p), "encoding", 8) : NULL;
	if (!at)
		return;
	for (at += 8; at < end && strchr(" \t\r\n", *at); at++)
		;
	if (at < end && *at == '=')
		copy_label(to, at + 1, end);
}

/* A byte order mark, or the zeros of "<" in a wider encoding. */
static const char *encoding_by_bytes(const char *p, size_t n, size_t *skip)
{
	static const struct {
		const char *bytes, *name;
		unsigned char n, skip;
	} known[] = {
		{ "\xEF\xBB\xBF", "UTF-8", 3, 3 }, { "\0\0\xFE\xFF", "UTF-32BE", 4, 4 }, { "\xFF\xFE\0\0", "UTF-32LE", 4, 4 },
		{ "\xFE\xFF", "UTF-16BE", 2, 2 }, { "\xFF\xFE", "UTF-16LE", 2, 2 }, { "\0<\0", "UTF-16BE", 3, 0 }, { "<\0", "UTF-16LE", 2, 0 },
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (n >= known[i].n && memcmp(p, known[i].bytes, known[i].n) == 0) {
			*skip = known[i].skip;
			return known[i].name;
		}
	*skip = 0;
	return NULL;
}

static int name_encoding(const char *label, char to[MAX_LABEL], struct err *e)
{
	if (!encoding_of(label, to))
		return err_set(e, ERR_UNSUPPORTED, "the feed's encoding '%s' is unknown", label);
	/* Then its first or second byte would be zero: a library wrote down the encoding of its own memory. */
	if (strncmp(to, "UTF-16", 6) == 0)
		snprintf(to, MAX_LABEL, "UTF-8");
	return 0;
}

int feed_to_utf8(struct buf *out, const char *p, size_t n, const char *content_type, struct err *e)
{
	char type[MAX_LABEL], declared[MAX_LABEL], name[MAX_LABEL] = "UTF-8", other[MAX_LABEL];
	size_t skip;
	const char *sure = encoding_by_bytes(p, n, &skip);
	int rc = 0;
	charset_of_type(content_type, type);
	charset_of_declaration(p, n, declared);
	if (sure)
		snprintf(name, sizeof name, "%s", sure);
	else if (type[0] || declared[0])
		rc = name_encoding(type[0] ? type : declared, name, e);
	if (rc < 0)
		return rc;
	if (!sure && type[0] && declared[0] && encoding_of(declared, other) && strcmp(name, other) != 0 &&
		(strcmp(name, "UTF-8") == 0 || strcmp(other, "UTF-8") == 0)) {
		if (convert(out, p, n, "UTF-8") == 0)
			return 0;
		buf_clear(out);
		if (strcmp(name, "UTF-8") == 0 && strncmp(other, "UTF-16", 6) != 0)
			snprintf(name, sizeof name, "%s", other);
	}
	if (convert(out, p + skip, n - skip, name) == SIZE_MAX)
		return err_set(e, ERR_UNSUPPORTED, "the encoding '%s' is not supported on this system", name);
	return 0;
}
