/* SPDX-License-Identifier: MIT */
/* Gathers what sampled records hold, as a tree of fields; infer_type.c makes types of it. */
#include "column/infer_tree.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "column/type_text.h"
#include "json/doc.h"

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
	arena_release(&in->line);
	mem_free(in);
}

uint64_t infer_records(const struct infer *in)
{
	return in->records;
}

/* Keys mostly come in the order of the record before: GUESS is where to look first. NULL: the limit is reached. */
static struct infer_node *member(struct infer *in, struct infer_node *nd, const struct json *v, size_t *guess)
{
	uint64_t h = hash_bytes(v->key, v->nkey, 0);
	for (size_t k = 0; k < nd->nmember; k++) {
		size_t i = *guess + k < nd->nmember ? *guess + k : *guess + k - nd->nmember;
		struct infer_node *m = nd->member[i];
		if (m->hash != h || m->nname != v->nkey || memcmp(m->name, v->key, v->nkey) != 0)
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
	m->name = arena_strndup(&in->arena, v->key, v->nkey);
	m->nname = v->nkey;
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

static void add(struct infer *in, struct infer_node *nd, const struct json *v, int depth);

static void add_object(struct infer *in, struct infer_node *nd, const struct json *v, int depth)
{
	size_t guess = 0;
	for (const struct json *m = v->child; m; m = m->next) {
		struct infer_node *to = member(in, nd, m, &guess);
		if (to)
			add(in, to, m, depth + 1);
	}
}

static void add(struct infer *in, struct infer_node *nd, const struct json *v, int depth)
{
	static const enum infer_kind kind_of[] = { [JSON_FALSE] = KIND_BOOLEAN, [JSON_TRUE] = KIND_BOOLEAN, [JSON_NUMBER] = KIND_NUMBER,
		[JSON_STRING] = KIND_STRING, [JSON_ARRAY] = KIND_LIST, [JSON_OBJECT] = KIND_OBJECT };
	if (v->type == JSON_NULL)
		return;
	if (depth > TYPE_MAX_DEPTH) {
		in->too_deep = true;
		return;
	}
	enum infer_kind k = kind_of[v->type];
	if (!nd->count[k]++)
		nd->first[k] = in->records;
	if (v->type == JSON_NUMBER)
		infer_number_add(&nd->number, v->raw, v->nraw);
	else if (v->type == JSON_STRING)
		add_string(nd, v->str, v->nstr);
	else if (v->type == JSON_OBJECT)
		add_object(in, nd, v, depth);
	else if (v->type == JSON_ARRAY) {
		if (!nd->element) {
			nd->element = arena_zalloc(&in->arena, sizeof *nd->element);
			nd->element->name = "element";
			nd->element->nname = 7;
		}
		for (const struct json *x = v->child; x; x = x->next)
			add(in, nd->element, x, depth + 1);
	}
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
	struct json *v;
	if (in->lenient && !good_alone(p, n))
		return false;
	arena_clear(&in->line);
	if (json_parse(&v, &in->line, p, n, NULL) || v->type != JSON_OBJECT)
		return false;
	in->records++;
	add_object(in, &in->root, v, 0);
	return true;
}
