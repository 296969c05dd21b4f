/* SPDX-License-Identifier: MIT */
/* From a record to what it names: its own lists of tags, mentions and links, or what is found in its text. */
#include "topics/topics.h"

#include "base/mem.h"
#include "json/span.h"
#include "json/string.h"
#include "sketch/murmur.h"
#include "stream/record.h"

enum { F_TEXT, F_AUTHOR, F_ID, F_OP, F_LANG, F_NETWORK, F_TAGS, F_MENTIONS, F_LINKS, F_TIME };

#define ITEMS_MOST ((size_t)1 << 20)    /* of a record: a line of 16 MiB can name eight million */

struct item {
	enum entity_kind kind;
	const char *form;
	uint32_t nform, key, nkey;   /* key: offset in keys */
};

struct topics {
	const struct topics_opts *o;
	struct stopwords *stop;
	struct arena arena;
	struct buf text, keys, id;
	struct item *item;
	struct trend_topic *topic;
	size_t nitem, itemcap, topiccap;
	const char *lang;
	size_t nlang;
	bool any_author, any_post, crowded; /* crowded: the record at hand names more than ITEMS_MOST */
	int64_t last_time;
};

struct topics *topics_new(const struct topics_opts *o)
{
	struct topics *t = mem_zalloc(sizeof *t);
	t->o = o;
	t->stop = stopwords_new();
	return t;
}

void topics_free(struct topics *t)
{
	if (!t)
		return;
	stopwords_free(t->stop);
	arena_release(&t->arena);
	buf_release(&t->text);
	buf_release(&t->keys);
	buf_release(&t->id);
	mem_free(t->item);
	mem_free(t->topic);
	mem_free(t);
}

bool topics_any_author(const struct topics *t)
{
	return t->any_author;
}

size_t topics_fields(const struct topics *t, const char *paths[TOPICS_FIELDS])
{
	static const char *const fixed[F_TIME] = { [F_OP] = "op", [F_LANG] = "lang", [F_NETWORK] = "network", [F_TAGS] = "tags",
		[F_MENTIONS] = "mentions", [F_LINKS] = "links" };
	for (size_t i = 0; i < F_TIME; i++)
		paths[i] = fixed[i];
	paths[F_TEXT] = t->o->text;
	paths[F_AUTHOR] = t->o->author;
	paths[F_ID] = t->o->id;
	for (size_t i = 0; i < t->o->ntimes; i++)
		paths[F_TIME + i] = t->o->time[i];
	return F_TIME + t->o->ntimes;
}

static void add_item(void *arg, enum entity_kind kind, const char *p, size_t n)
{
	struct topics *t = arg;
	size_t from = t->keys.n;
	if (n == 0 || n > ENTITY_MAX)
		return;
	entity_key(&t->keys, kind, p, n);
	size_t nkey = t->keys.n - from;
	if (t->nitem == ITEMS_MOST) {
		t->crowded = true;
		t->keys.n = from;
		return;
	}
	if (nkey == 0 || (kind == ENTITY_WORD && stopwords_has(t->stop, t->lang, t->nlang, t->keys.p + from, nkey))) {
		t->keys.n = from;
		return;
	}
	MEM_GROW(t->item, t->itemcap, t->nitem + 1);
	t->item[t->nitem++] = (struct item){ kind, p, (uint32_t)n, (uint32_t)from, (uint32_t)nkey };
}

/* An element of tags, mentions or links: a string, or an object with the member that names it. */
static void add_listed(struct topics *t, enum entity_kind kind, const char *v, size_t n)
{
	static const char *const member[][2] = { { "name", "tag" }, { "handle", "id" }, { "url", "expanded_url" } };
	static const char sign[] = { '#', '@', '\0' };
	const char *s;
	size_t ns;
	for (int i = 0; i < 2 && *v == '{'; i++)
		if (json_member(v, n, member[kind][i], &s, &ns) && *s == '"') {
			v = s;
			n = ns;
		}
	if (*v != '"')
		return;
	v++;
	n -= 2;
	if (memchr(v, '\\', n)) {
		char *text = arena_alloc(&t->arena, n);
		n = json_decode(text, v, n);
		v = text;
	}
	size_t skip = n && sign[kind] && *v == sign[kind];
	add_item(t, kind, v + skip, n - skip);
}

/* The record's own lists; returns the kinds that are left to look for in the text. */
static unsigned listed(struct topics *t, const struct json_record *rec)
{
	static const int field[] = { F_TAGS, F_MENTIONS, F_LINKS };
	unsigned left = t->o->kinds;
	arena_clear(&t->arena);
	for (int k = ENTITY_TAG; k <= ENTITY_LINK && !t->o->extract; k++) {
		const struct json_field *f = &rec->field[field[k]];
		if (!(t->o->kinds >> k & 1) || !f->p || f->type != JSON_ARRAY)
			continue;
		left &= ~(1u << k);
		const char *at = f->p + 1, *v;
		size_t n;
		while (json_element(&at, f->p + f->n, &v, &n))
			add_listed(t, (enum entity_kind)k, v, n);
	}
	return left;
}

/* The earliest of the fields. A deletion without a time counts as of the record before it. */
static int event_time(struct topics *t, const struct json_record *rec, bool deleted, int64_t *us, struct err *why)
{
	bool any = false;
	for (size_t i = 0; i < t->o->ntimes; i++) {
		int64_t at;
		int got = record_time(rec, &rec->field[F_TIME + i], t->o->time[i], &t->id, &at, why);
		if (got < 0)
			return got;
		*us = got && (!any || at < *us) ? at : *us;
		any |= got > 0;
	}
	if (any)
		return 0;
	*us = t->last_time;
	if (deleted && t->any_post)
		return 0;
	struct buf names = BUF_INIT;
	for (size_t i = 0; i < t->o->ntimes; i++)
		buf_printf(&names, "%s%s", i ? "," : "", t->o->time[i]);
	err_set(why, ERR_DATA, "no time in %s", buf_cstr(&names));
	buf_release(&names);
	return ERR_DATA;
}

/* A 128-bit hash of a string's or number's text; false for anything else. */
static bool hash_field(struct topics *t, const struct json_field *f, uint64_t h[2])
{
	if (!f->p || (f->type != JSON_STRING && f->type != JSON_NUMBER))
		return false;
	buf_clear(&t->id);
	if (f->type == JSON_STRING)
		json_unescape(&t->id, f->p, f->n);
	else
		buf_put(&t->id, f->p, f->n);
	murmur3_128(t->id.p, t->id.n, MURMUR_SEED, h);
	return true;
}

static enum entity_dialect dialect_of(const struct topics *t, const struct json_field *network)
{
	if (t->o->any_dialect && network->p && network->type == JSON_STRING)
		return entity_dialect_of(network->p + 1, network->n - 2);
	return t->o->dialect;
}

static int find_items(struct topics *t, const struct json_record *rec, struct err *why)
{
	const struct json_field *text = &rec->field[F_TEXT], *lang = &rec->field[F_LANG];
	t->nlang = lang->p && lang->type == JSON_STRING ? lang->n - 2 : 0;
	t->lang = t->nlang ? lang->p + 1 : "";
	unsigned left = listed(t, rec);
	if (!text->p || text->type == JSON_NULL || !left)
		return 0;
	if (text->type != JSON_STRING)
		return record_bad_field(rec, text, t->o->text, "is not a string", why);
	buf_clear(&t->text);
	json_unescape(&t->text, text->p, text->n);
	entity_extract(t->text.p, t->text.n, dialect_of(t, &rec->field[F_NETWORK]), left, add_item, t);
	return 0;
}

int topics_post(struct topics *t, const struct json_record *rec, struct trend_post *post, struct err *why)
{
	const struct json_field *op = &rec->field[F_OP];
	struct trend_post p = { .deleted = op->p && op->n == 8 && memcmp(op->p, "\"delete\"", 8) == 0 };
	uint64_t author[2] = { 0, 0 };
	int code = event_time(t, rec, p.deleted, &p.time_us, why);
	buf_clear(&t->keys);
	t->nitem = 0;
	t->crowded = false;
	if (code == 0 && !p.deleted)
		code = find_items(t, rec, why);
	if (code == 0 && t->crowded)
		code = err_set(why, ERR_DATA, "the record names more than %zu topics", ITEMS_MOST);
	if (code)
		return code;
	t->any_author |= hash_field(t, &rec->field[F_AUTHOR], author);
	p.has_id = hash_field(t, &rec->field[F_ID], p.id);
	p.author = author[0];
	struct trend_topic *topic = MEM_GROW(t->topic, t->topiccap, t->nitem);
	for (size_t i = 0; i < t->nitem; i++) {
		const struct item *x = &t->item[i];
		topic[i] = (struct trend_topic){ x->kind, t->keys.p + x->key, x->form, x->nkey, x->nform };
	}
	p.topic = topic;
	p.n = t->nitem;
	t->last_time = p.time_us;
	t->any_post = true;
	*post = p;
	return 0;
}
