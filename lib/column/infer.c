/* SPDX-License-Identifier: MIT */
/* Gathers what sampled records hold, as a tree of fields; infer_type.c makes types of it. Of a record nothing is built: a line
 * of 16 MiB can hold eight million values. */
#include "column/infer_tree.h"

#include "base/ascii.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "column/type_text.h"
#include "json/doc.h"
#include "json/span.h"
#include "json/string.h"

#include <string.h>

struct infer *infer_new(void)
{
	return mem_zalloc(sizeof(struct infer));
}

static void free_members(struct infer_node *nd)
{
	for (size_t i = 0; i < nd->nmember; i++)
		free_members(nd->member[i]);
	if (nd->element)
		free_members(nd->element);
	mem_free(nd->member);
}

void infer_free(struct infer *in)
{
	if (!in)
		return;
	free_members(&in->root);
	arena_release(&in->arena);
	buf_release(&in->text);
	mem_free(in);
}

uint64_t infer_records(const struct infer *in)
{
	return in->records;
}

/* Keys mostly come in the order of the record before: GUESS is where to look first. NULL: the limit is reached. */
static struct infer_node *member(struct infer *in, struct infer_node *nd, const char *key, size_t nkey, size_t *guess)
{
	uint64_t h = hash_bytes(key, nkey, 0);
	for (size_t k = 0; k < nd->nmember; k++) {
		size_t i = *guess + k < nd->nmember ? *guess + k : *guess + k - nd->nmember;
		struct infer_node *m = nd->member[i];
		if (m->hash != h || m->nname != nkey || memcmp(m->name, key, nkey) != 0)
			continue;
		*guess = i + 1 < nd->nmember ? i + 1 : 0;
		return m;
	}
	if (in->fields == INFER_FIELDS) {
		in->crowded = in->crowded ? in->crowded : nd;
		return NULL;
	}
	in->fields++;
	struct infer_node *m = arena_zalloc(&in->arena, sizeof *m);
	m->name = arena_strndup(&in->arena, key, nkey);
	m->nname = nkey;
	m->hash = h;
	MEM_GROW(nd->member, nd->cap, nd->nmember + 1);
	nd->member[nd->nmember++] = m;
	*guess = 0;
	return m;
}

static void add_string(struct infer_node *nd, const char *s, size_t n)
{
	int32_t days;
	int64_t us;
	enum time_zone zone;
	char text[64];
	if (!nd->no_date && (n != 10 || !date_parse(s, n, &days)))
		nd->no_date = true;
	if (nd->no_time[0] && nd->no_time[1] && nd->no_time[2])
		return;
	bool ok = n >= 20 && n <= 27 && s[n - 1] == 'Z' && time_parse(s, n, &us, &zone);
	static const int digits[3] = { -1, 3, 6 };
	for (int i = 0; i < 3; i++) {
		size_t k = ok ? time_format(text, us, digits[i], true) : 0;
		/* "At least three digits" prints six where the value needs them. */
		if (i == 1 && ok && us % 1000 != 0)
			k = time_format(text, us, 6, true);
		if (!ok || k != n || memcmp(text, s, n) != 0)
			nd->no_time[i] = true;
	}
}

/* The string from P to behind its quote at END, decoded; good until the next one. */
static const char *text_of(struct infer *in, const char *p, const char *end, size_t *n)
{
	*n = (size_t)(end - p) - 2;
	if (!memchr(p + 1, '\\', *n))
		return p + 1;
	buf_clear(&in->text);
	*n = json_decode(buf_reserve(&in->text, *n), p + 1, *n);
	return in->text.p;
}

static const char *add(struct infer *in, struct infer_node *nd, const char *p, const char *end, int depth);

/* At '{'. Returns where the object ends. */
static const char *add_object(struct infer *in, struct infer_node *nd, const char *p, const char *end, int depth)
{
	size_t guess = 0, n;
	for (p = ascii_skip_space(p + 1, end); *p != '}';) {
		const char *colon = json_skip(p, end), *key = text_of(in, p, colon, &n);
		struct infer_node *to = member(in, nd, key, n, &guess);
		p = ascii_skip_space(ascii_skip_space(colon, end) + 1, end);
		p = ascii_skip_space(to ? add(in, to, p, end, depth + 1) : json_skip(p, end), end);
		if (*p == ',')
			p = ascii_skip_space(p + 1, end);
	}
	return p + 1;
}

/* At '['. */
static const char *add_array(struct infer *in, struct infer_node *nd, const char *p, const char *end, int depth)
{
	if (!nd->element) {
		nd->element = arena_zalloc(&in->arena, sizeof *nd->element);
		nd->element->name = "element";
		nd->element->nname = 7;
	}
	for (p = ascii_skip_space(p + 1, end); *p != ']';) {
		p = ascii_skip_space(add(in, nd->element, p, end, depth + 1), end);
		if (*p == ',')
			p = ascii_skip_space(p + 1, end);
	}
	return p + 1;
}

static enum infer_kind kind_at(const char *p)
{
	switch (*p) {
	case '{': return KIND_OBJECT;
	case '[': return KIND_LIST;
	case '"': return KIND_STRING;
	case 't': case 'f': return KIND_BOOLEAN;
	default: return KIND_NUMBER;
	}
}

/* The value at P, of valid JSON. Returns where it ends. */
static const char *add(struct infer *in, struct infer_node *nd, const char *p, const char *end, int depth)
{
	enum infer_kind k = kind_at(p);
	if (*p == 'n')
		return json_skip(p, end);
	if (depth > TYPE_MAX_DEPTH) {
		in->too_deep = true;
		return json_skip(p, end);
	}
	if (!nd->count[k]++)
		nd->first[k] = in->records;
	if (k == KIND_OBJECT)
		return add_object(in, nd, p, end, depth);
	if (k == KIND_LIST)
		return add_array(in, nd, p, end, depth);
	const char *to = json_skip(p, end), *s;
	size_t n;
	if (k == KIND_NUMBER) {
		infer_number_add(&nd->number, p, (size_t)(to - p));
	} else if (k == KIND_STRING) {
		s = text_of(in, p, to, &n);
		add_string(nd, s, n);
	}
	return to;
}

void infer_lenient(struct infer *in)
{
	in->lenient = true;
}

/* Could this record make a schema by itself? */
static bool good_alone(const char *p, size_t n)
{
	struct infer *in = infer_new();
	bool good = infer_line(in, p, n) && infer_makes(in);
	infer_free(in);
	return good;
}

bool infer_line(struct infer *in, const char *p, size_t n)
{
	const char *end = p + n;
	if (in->lenient && !good_alone(p, n))
		return false;
	if (json_check(p, n, NULL))
		return false;
	p = ascii_skip_space(p, end);
	if (*p != '{')
		return false;
	in->records++;
	add_object(in, &in->root, p, end, 0);
	return true;
}
