/* SPDX-License-Identifier: MIT */
/* Looks at JSON text without building anything from it. */
#include "json/span.h"

#include "base/ascii.h"
#include "json/doc.h"

#include <string.h>

/* What values cost: a node of the tree, a slot in libjq's array, a string of libjq's, a container of libjq's, a slot in its
 * objects' tables (8 slots at least, then twice as many again and again), the digits of a number that is kept as text. */
enum { NODE = sizeof(struct json), SLOT = 16, STRING = 40, CONTAINER = 48, ENTRY = 48, ENTRIES = 8, DIGITS = 48 };
/* No byte of text weighs more: `{` does. */
#define HEAVIEST (NODE + SLOT + CONTAINER + ENTRIES * ENTRY)
#define MAX_DEPTH 1024

/* Behind the string that opens at P; END when it is not closed. */
static const char *skip_string(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++)
		if (*p == '\\' && p + 1 < end)
			p++;
	return p < end ? p + 1 : end;
}

static bool is_plain(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '+' || c == '.';
}

static const char *skip_plain(const char *p, const char *end, bool *odd)
{
	const char *from = p;
	*odd = false;
	for (; p < end && is_plain(*p); p++)
		*odd |= *p == '.' || *p == 'e' || *p == 'E';
	*odd |= p - from > 15;
	return p;
}

static uint64_t table(uint32_t members)
{
	uint64_t n = ENTRIES;
	while (n < members)
		n *= 2;
	return n * ENTRY;
}

uint64_t json_weigh(const char *p, size_t n)
{
	const char *end = p + n;
	uint64_t sum = 0;
	uint32_t members[MAX_DEPTH + 1] = { 0 }, depth = 0;
	bool odd;
	while (p < end) {
		const char *from = p;
		switch (*p) {
		case '"':
			p = skip_string(p, end);
			sum += NODE + SLOT + STRING + 2 * (uint64_t)(p - from);
			break;
		case '{':
		case '[':
			depth += depth < MAX_DEPTH;
			members[depth] = 0;
			sum += NODE + SLOT + CONTAINER + (*p++ == '{' ? ENTRIES * ENTRY : 0);
			break;
		case '}':
		case ']':
			sum += table(members[depth]) - ENTRIES * ENTRY;
			members[depth] = 0;
			depth -= depth > 0;
			p++;
			break;
		/* The string before it was a key, no value. */
		case ':':
			sum -= sum >= NODE + SLOT ? NODE + SLOT : 0;
			members[depth]++;
			p++;
			break;
		default:
			if (!is_plain(*p)) {
				p++;
				break;
			}
			p = skip_plain(p, end, &odd);
			sum += NODE + SLOT + (odd ? DIGITS + (uint64_t)(p - from) : 0);
		}
	}
	return sum;
}

int json_fits(const char *p, size_t n, uint64_t limit, struct err *e)
{
	if (!limit || n <= limit / HEAVIEST)
		return 0;
	uint64_t w = json_weigh(p, n);
	if (w <= limit)
		return 0;
	return err_set(e, ERR_DATA, "%zu bytes of JSON would take %llu MiB as values: more than %llu MiB", n,
		       (unsigned long long)(w >> 20), (unsigned long long)(limit >> 20));
}

/* --- members --- */

const char *json_skip(const char *p, const char *end)
{
	size_t depth = 0;
	bool odd;
	while (p < end) {
		if (*p == '"')
			p = skip_string(p, end);
		else if (is_plain(*p))
			p = skip_plain(p, end, &odd);
		else if (*p == '{' || *p == '[')
			depth++, p++;
		else if (*p == '}' || *p == ']')
			depth--, p++;
		else {
			p++;
			continue;
		}
		if (!depth)
			return p;
	}
	return end;
}

bool json_member(const char *p, size_t n, const char *key, const char **value, size_t *nvalue)
{
	const char *end = p + n;
	size_t nkey = strlen(key);
	bool found = false;
	p = ascii_skip_space(p, end);
	if (p == end || *p != '{')
		return false;
	for (p = ascii_skip_space(p + 1, end); p < end && *p == '"';) {
		const char *name = p + 1, *close = skip_string(p, end);
		p = ascii_skip_space(close, end);
		if (p == end || *p != ':')
			break;
		const char *v = ascii_skip_space(p + 1, end);
		p = json_skip(v, end);
		if ((size_t)(close - 1 - name) == nkey && memcmp(name, key, nkey) == 0) {
			*value = v;
			*nvalue = (size_t)(p - v);
			found = true;
		}
		p = ascii_skip_space(p, end);
		if (p < end && *p == ',')
			p = ascii_skip_space(p + 1, end);
	}
	return found;
}

bool json_element(const char **at, const char *end, const char **value, size_t *nvalue)
{
	const char *p = ascii_skip_space(*at, end);
	if (p < end && *p == ',')
		p = ascii_skip_space(p + 1, end);
	if (p >= end || *p == ']')
		return false;
	*value = p;
	*at = json_skip(p, end);
	*nvalue = (size_t)(*at - p);
	return true;
}

/* --- elements that spoil it --- */

struct sift {
	struct buf *out;
	const char *from;            /* of what is not in OUT yet, or the element at hand */
	uint32_t depth, array;       /* open containers; depth inside the outermost array, 0: in none */
	bool first, any;             /* nothing of the array is in OUT yet; something of the element has come */
	uint64_t object[MAX_DEPTH / 64];
	json_sift_fn *fn;
	void *arg;
};

/* The element ends before P. */
static int end_element(struct sift *s, const char *p, struct err *e)
{
	struct err why;
	const char *from = s->from;
	while (from < p && (*from == ' ' || *from == '\t' || *from == '\n' || *from == '\r'))
		from++;
	size_t n = (size_t)(p - from);
	/* `[]`, or a comma too many. */
	if (!s->any)
		return 0;
	int rc = json_check(from, n, &why);
	if (rc < 0)
		return s->fn(s->arg, from, n, &why, e);
	if (!s->first)
		buf_putc(s->out, ',');
	buf_put(s->out, from, n);
	s->first = false;
	return 0;
}

static int open_container(struct sift *s, const char *p, struct err *e)
{
	if (s->depth == MAX_DEPTH)
		return err_set(e, ERR_DATA, "nested deeper than %d levels", MAX_DEPTH);
	uint64_t bit = UINT64_C(1) << (s->depth % 64), *word = &s->object[s->depth / 64];
	*word = *p == '{' ? *word | bit : *word & ~bit;
	s->depth++;
	s->any = true;
	if (*p == '[' && !s->array) {
		buf_put(s->out, s->from, (size_t)(p + 1 - s->from));
		s->array = s->depth;
		s->from = p + 1;
		s->first = true;
		s->any = false;
	}
	return 0;
}

static int close_container(struct sift *s, const char *p, struct err *e)
{
	int rc = 0;
	if (!s->depth || (s->object[(s->depth - 1) / 64] >> ((s->depth - 1) % 64) & 1) != (*p == '}'))
		return err_set(e, ERR_DATA, "unexpected '%c', expected another closing bracket", *p);
	if (s->array == s->depth) {
		rc = end_element(s, p, e);
		s->array = 0;
		s->from = p;
	}
	s->depth--;
	s->any = true;
	return rc;
}

static int one(struct sift *s, const char **at, const char *end, struct err *e)
{
	const char *p = *at;
	int rc = 0;
	*at = *p == '"' ? skip_string(p, end) : p + 1;
	if (*p == '{' || *p == '[')
		return open_container(s, p, e);
	if (*p == '}' || *p == ']')
		return close_container(s, p, e);
	if (*p == ',' && s->array && s->depth == s->array) {
		rc = end_element(s, p, e);
		s->from = p + 1;
		s->any = false;
	} else if (*p != ' ' && *p != '\t' && *p != '\n' && *p != '\r') {
		s->any = true;
	}
	return rc;
}

int json_sift(struct buf *out, const char *p, size_t n, json_sift_fn *fn, void *arg, bool *cut, struct err *e)
{
	const char *end = p + n;
	struct sift s = { .out = out, .from = p, .fn = fn, .arg = arg };
	int rc = 0;
	*cut = false;
	buf_clear(out);
	while (p < end && rc == 0)
		rc = one(&s, &p, end, e);
	if (rc < 0)
		return rc;
	if (s.depth || n == 0) {
		*cut = true;
		return err_set(e, ERR_DATA, "the text ends too early");
	}
	buf_put(out, s.from, (size_t)(end - s.from));
	return json_check(out->p ? out->p : "", out->n, e);
}
