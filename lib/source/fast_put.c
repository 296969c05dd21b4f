/* SPDX-License-Identifier: MIT */
/* A value as a record of smpost/1: what post/post does with the text of libjq's output, done with a value. Whatever post/post
 * would refuse is given back, so that it says why. */
#include "source/fast_parts.h"

#include "base/clock.h"
#include "base/num.h"
#include "json/doc.h"

#include <stdio.h>

enum known { KNOWN_NOTHING, KNOWN_MISSING, KNOWN_NETWORK, KNOWN_OP, KNOWN_KIND, KNOWN_OBSERVED, KNOWN_DATE, KNOWN_RAW };
#define MAX_FIELDS 64

static uint8_t known_of(const char *name)
{
	static const struct {
		const char *name;
		enum known known;
	} all[] = { { "id", KNOWN_MISSING }, { "native_id", KNOWN_MISSING }, { "created_at", KNOWN_MISSING }, { "network", KNOWN_NETWORK },
		{ "op", KNOWN_OP }, { "kind", KNOWN_KIND }, { "observed_at", KNOWN_OBSERVED }, { "created_date", KNOWN_DATE },
		{ "raw", KNOWN_RAW } };
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (strcmp(all[i].name, name) == 0)
			return (uint8_t)all[i].known;
	return KNOWN_NOTHING;
}

static void add_fields(struct fast_spec *to, const struct post_spec *fields, struct fast_keys *keys, struct arena *a)
{
	while (fields[to->nsub].name)
		to->nsub++;
	assert(to->nsub <= MAX_FIELDS);
	to->sub = arena_array(a, to->nsub, sizeof *to->sub);
	for (uint32_t i = 0; i < to->nsub; i++) {
		struct fast_spec *f = &to->sub[i];
		f->spec = &fields[i];
		f->ntext = (uint32_t)strlen(fields[i].name) + 3;
		assert(f->ntext <= FAST_NAME);
		char *text = arena_zalloc(a, FAST_NAME + 1);
		snprintf(text, FAST_NAME + 1, "\"%s\":", fields[i].name);
		f->text = text;
		fast_key_add(keys, fields[i].name, strlen(fields[i].name));
		if (fields[i].sub)
			add_fields(f, fields[i].sub, keys, a);
	}
}

/* All keys are there now. */
static void number_fields(struct fast_spec *to, struct fast_keys *keys, struct arena *a)
{
	to->at = arena_zalloc(a, (size_t)keys->n + 1);
	for (uint32_t i = 0; i < to->nsub; i++) {
		const char *name = to->sub[i].spec->name;
		to->at[fast_key_add(keys, name, strlen(name))] = (uint8_t)(i + 1);
		if (to->sub[i].sub)
			number_fields(&to->sub[i], keys, a);
	}
}

void fast_put_init(struct fast_put *p, struct fast_keys *keys, struct arena *a)
{
	add_fields(&p->root, post_fields, keys, a);
	for (uint32_t i = 0; i < p->root.nsub; i++)
		p->root.sub[i].known = known_of(p->root.sub[i].spec->name);
	number_fields(&p->root, keys, a);
	p->observed_us = INT64_MIN;
}

/* --- values --- */

static bool put_value(struct fast_put *p, const struct fast_spec *f, const struct post_spec *spec, struct fast_value v);

static void put_text(struct fast_put *p, struct fast_value v)
{
	struct buf *b = p->out;
	if (v.flags & FAST_CLEAN) {
		char *to = buf_reserve(b, (size_t)v.n + 2);
		*to = '"';
		memcpy(to + 1, v.p, v.n);
		to[v.n + 1] = '"';
		b->n += (size_t)v.n + 2;
		return;
	}
	struct fast_run r = { .arena = p->arena };
	v = fast_decoded(&r, v);
	json_put_string(b, v.p, v.n);
}

static bool two_digits(const char *s, int least, int most)
{
	int v = (s[0] - '0') * 10 + (s[1] - '0');
	return v >= least && v <= most;
}

/* Eight bytes at once: zero where FORM has a '0' and S a digit, or both have the same byte. */
static uint64_t unlike(const char *s, const char *form)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t v, f;
	memcpy(&v, s, 8);
	memcpy(&f, form, 8);
	uint64_t zero = f ^ ones * '0', digit = (zero - ones) & ~zero & ones << 7; /* the high bit of each '0' in FORM */
	digit = (digit >> 7) * 0x0F;
	uint64_t x = v ^ f;
	/* A digit differs from '0' in its lower half alone, which is below ten. */
	return (x & ~digit) | (((x & digit) + ones * 0x06) & ones * 0x10);
}

/* A time that is written as it stands: RFC 3339 in UTC with no more digits of the second than need be. */
static bool is_canonical(const char *s, size_t n)
{
	if ((n != 20 && n != 24 && n != 27) || s[n - 1] != 'Z' || s[0] == '0')
		return false;
	if (unlike(s, "0000-00-") | unlike(s + 8, "00T00:00") | unlike(s + 11, "00:00:00"))
		return false;
	if (n > 20 && (s[19] != '.' || memcmp(s + n - 4, "000", 3) == 0))
		return false;
	for (size_t i = 20; i < n - 1; i++)
		if (s[i] < '0' || s[i] > '9')
			return false;
	if (!two_digits(s + 5, 1, 12) || !two_digits(s + 11, 0, 23) || !two_digits(s + 14, 0, 59) || !two_digits(s + 17, 0, 59))
		return false;
	if (two_digits(s + 8, 1, 28))
		return true;
	int year = ((s[0] - '0') * 10 + s[1] - '0') * 100 + (s[2] - '0') * 10 + s[3] - '0', month = (s[5] - '0') * 10 + s[6] - '0';
	return two_digits(s + 8, 29, (int)date_days_in_month(year, (unsigned)month));
}

/* Does libjq print the number as it stands? Whole numbers it does. A fraction of at most 15 digits that is not written
 * longer than need be is the shortest text of its double, and no other text of that double is printed. */
bool fast_number_stays(const char *s, size_t n)
{
	size_t i = s[0] == '-', whole, digits;
	whole = i;
	while (i < n && s[i] >= '0' && s[i] <= '9')
		i++;
	if (i == n)
		return true;
	digits = i - whole;
	if (s[i] != '.' || n - i < 2 || digits + (n - i - 1) > 15 || s[n - 1] == '0')
		return false;
	for (size_t k = i + 1; k < n; k++)
		if (s[k] < '0' || s[k] > '9')
			return false;
	return s[whole] != '0' || s[i + 1] != '0';
}

/* 1786000000.0, which libjq prints as 1786000000: the same time. */
static bool is_whole_time(const char *s, size_t n)
{
	size_t i = s[0] == '-', zeros = 0;
	while (i < n && s[i] >= '0' && s[i] <= '9')
		i++;
	if (i > 12 || i == n || s[i] != '.')
		return false;
	for (i++; i < n && s[i] == '0'; i++)
		zeros++;
	return i == n && zeros && zeros < 4;
}

static bool time_of(struct fast_put *p, struct fast_value *v, int64_t *us)
{
	struct fast_run r = { .arena = p->arena };
	if (v->kind == FV_NUMBER)
		return (fast_number_stays(v->p, v->n) || is_whole_time(v->p, v->n)) && post_time(v->p, v->n, us);
	if (v->kind != FV_TEXT)
		return false;
	*v = fast_decoded(&r, *v);
	return post_time(v->p, v->n, us);
}

static bool put_time(struct fast_put *p, struct fast_value v)
{
	int64_t us;
	if (v.kind == FV_TEXT && v.flags & FAST_CLEAN && is_canonical(v.p, v.n)) {
		put_text(p, v);
		return true;
	}
	if (!time_of(p, &v, &us))
		return false;
	buf_putc(p->out, '"');
	p->out->n += time_format(buf_reserve(p->out, 40), us, -1, true);
	buf_putc(p->out, '"');
	return true;
}

static bool one_of(const char *list, struct fast_value v)
{
	for (;;) {
		uint32_t i = 0;
		while (i < v.n && list[i] == v.p[i] && list[i] && list[i] != '|')
			i++;
		if (i == v.n && (!list[i] || list[i] == '|'))
			return true;
		list += i;
		while (*list && *list != '|')
			list++;
		if (!*list++)
			return false;
	}
}

static bool put_string(struct fast_put *p, const struct post_spec *spec, struct fast_value v)
{
	int32_t day;
	if (v.kind != FV_TEXT)
		return false;
	if (spec->kind == POST_DATE && !(v.flags & FAST_CLEAN && date_parse(v.p, v.n, &day)))
		return false;
	if (spec->one_of && !(v.flags & FAST_CLEAN && one_of(spec->one_of, v)))
		return false;
	put_text(p, v);
	return true;
}

static bool put_number(struct fast_put *p, const struct post_spec *spec, struct fast_value v)
{
	int64_t i;
	if (v.kind != FV_NUMBER || !(spec->kind == POST_LONG ? num_i64(v.p, v.n, &i) : fast_number_stays(v.p, v.n)))
		return false;
	buf_put(p->out, v.p, v.n);
	return true;
}

/* --- structs, lists --- */

/* The fields of SPEC that V has, by their place; false: it has another one, or it is no object. */
static bool gather(const struct fast_spec *spec, struct fast_value v, struct fast_value *field)
{
	uint8_t at;
	for (uint32_t i = 0; i < spec->nsub; i++)
		field[i].kind = FV_NULL;
	if (v.kind == FV_MADE) {
		for (uint32_t i = 0; i < v.made->n; i++) {
			if (!(at = spec->at[v.made->m[i].key]))
				return false;
			field[at - 1] = v.made->m[i].v;
		}
		return true;
	}
	if (v.kind != FV_OBJECT || v.flags & FAST_ODD)
		return false;
	for (const struct fast_node *c = v.node + 1, *end = v.node + v.node->span; c < end; c += c->span) {
		if (!c->id || !(at = spec->at[c->id]))
			return false;
		field[at - 1] = fast_of_node(c);
	}
	return true;
}

static inline void put_name(struct buf *b, bool first, const struct fast_spec *f)
{
	char *to = buf_reserve(b, FAST_NAME + 1);
	*to = first ? '{' : ',';
	memcpy(to + 1, f->text, FAST_NAME);
	b->n += (size_t)f->ntext + 1;
}

static bool put_struct(struct fast_put *p, const struct fast_spec *f, struct fast_value v)
{
	struct fast_value field[MAX_FIELDS];
	struct buf *b = p->out;
	size_t start = b->n;
	if (!gather(f, v, field))
		return false;
	for (uint32_t i = 0; i < f->nsub; i++) {
		const struct fast_spec *s = &f->sub[i];
		if (field[i].kind == FV_NULL)
			continue;
		size_t before = b->n;
		put_name(b, before == start, s);
		size_t value = b->n;
		if (!put_value(p, s, s->spec, field[i]))
			return false;
		if (b->n == value)
			b->n = before;
	}
	if (b->n > start)
		buf_putc(b, '}');
	return true;
}

static bool put_list(struct fast_put *p, const struct fast_spec *f, struct fast_value list)
{
	static const struct post_spec string = { NULL, POST_STRING, NULL, NULL }, object = { NULL, POST_STRUCT, NULL, NULL };
	const struct post_spec *element = f->spec->kind == POST_STRINGS ? &string : &object;
	struct buf *b = p->out;
	struct fast_elements e;
	struct fast_value v;
	size_t start = b->n;
	if (!fast_elements(&e, list))
		return false;
	while (fast_next(&e, &v)) {
		if (v.kind == FV_NULL)
			continue;
		size_t before = b->n;
		buf_putc(b, before == start ? '[' : ',');
		size_t value = b->n;
		if (!put_value(p, f, element, v))
			return false;
		if (b->n == value)
			b->n = before;
	}
	if (b->n > start)
		buf_putc(b, ']');
	return true;
}

/* V is not null. */
static bool put_value(struct fast_put *p, const struct fast_spec *f, const struct post_spec *spec, struct fast_value v)
{
	switch (spec->kind) {
	case POST_STRING:
	case POST_DATE: return put_string(p, spec, v);
	case POST_TIME: return put_time(p, v);
	case POST_LONG:
	case POST_DOUBLE: return put_number(p, spec, v);
	case POST_BOOL:
		if (v.kind != FV_TRUE && v.kind != FV_FALSE)
			return false;
		buf_put(p->out, v.kind == FV_TRUE ? "true" : "false", v.kind == FV_TRUE ? 4 : 5);
		return true;
	case POST_STRUCT: return put_struct(p, f, v);
	default: return put_list(p, f, v);
	}
}

/* --- the record --- */

static void put_network(struct fast_put *p)
{
	if (p->network != p->given->network) {
		p->network = p->given->network;
		buf_clear(&p->network_json);
		json_put_cstr(&p->network_json, p->network);
	}
	buf_put(p->out, p->network_json.p, p->network_json.n);
}

static void put_observed(struct fast_put *p)
{
	if (!p->nobserved || p->observed_us != p->given->observed_us) {
		p->observed_us = p->given->observed_us;
		p->observed_json[0] = '"';
		p->nobserved = 1 + (uint32_t)time_format(p->observed_json + 1, p->observed_us, -1, true);
		p->observed_json[p->nobserved++] = '"';
	}
	buf_put(p->out, p->observed_json, p->nobserved);
}

static bool put_date(struct fast_put *p, struct fast_value created)
{
	int64_t us;
	buf_putc(p->out, '"');
	if (created.kind == FV_TEXT && created.flags & FAST_CLEAN && is_canonical(created.p, created.n)) {
		buf_put(p->out, created.p, 10);
	} else {
		if (!time_of(p, &created, &us))
			return false;
		p->out->n += date_format(buf_reserve(p->out, 16), (int32_t)time_floor_div(us, US_PER_DAY));
	}
	buf_putc(p->out, '"');
	return true;
}

/* What the map has not given. */
static bool put_known(struct fast_put *p, enum known known, struct fast_value created)
{
	switch (known) {
	case KNOWN_NETWORK:
		if (!p->given->network)
			return false;
		put_network(p);
		return true;
	case KNOWN_OP:
		buf_put(p->out, "\"upsert\"", 8);
		return true;
	case KNOWN_KIND:
		buf_put(p->out, "\"post\"", 6);
		return true;
	case KNOWN_OBSERVED:
		put_observed(p);
		return true;
	case KNOWN_DATE: return put_date(p, created);
	case KNOWN_RAW:
		if (p->given->raw)
			json_put_string(p->out, p->given->raw, p->given->nraw);
		return true;
	default: return false;
	}
}

struct record {
	size_t start;
	struct fast_value created;
};

/* False: give the item back. */
static inline bool put_field(struct fast_put *p, struct record *rec, const struct fast_spec *f, struct fast_value v)
{
	struct buf *b = p->out;
	size_t before = b->n;
	put_name(b, before == rec->start, f);
	size_t value = b->n;
	if (f->spec->kind == POST_TIME && f->known == KNOWN_MISSING)
		rec->created = v;
	if (!(v.kind != FV_NULL ? put_value(p, f, f->spec, v) : put_known(p, f->known, rec->created)))
		return false;
	if (b->n == value)
		b->n = before;
	return true;
}

static void make_layout(const struct fast_put *p, struct fast_layout *l, const struct fast_made *made)
{
	uint16_t member[MAX_FIELDS] = { 0 };
	l->keys = made->keys;
	l->fits = true;
	l->n = 0;
	for (uint32_t i = 0; i < made->n && l->fits; i++) {
		uint8_t at = p->root.at[made->keys[i]];
		l->fits = at != 0;
		if (at)
			member[at - 1] = (uint16_t)(i + 1);
	}
	for (uint32_t i = 0; i < p->root.nsub; i++) {
		if (!member[i] && p->root.sub[i].known == KNOWN_NOTHING)
			continue;
		l->field[l->n] = (uint8_t)i;
		l->member[l->n++] = member[i];
	}
}

static const struct fast_layout *layout_of(struct fast_put *p, const struct fast_made *made)
{
	for (uint32_t i = 0; i < p->nlayouts; i++)
		if (p->layout[i].keys == made->keys)
			return &p->layout[i];
	if (p->nlayouts == FAST_LAYOUTS)
		return NULL;
	make_layout(p, &p->layout[p->nlayouts], made);
	return &p->layout[p->nlayouts++];
}

static bool put_laid_out(struct fast_put *p, struct record *rec, const struct fast_layout *l, const struct fast_made *made)
{
	for (uint32_t i = 0; i < l->n && l->fits; i++) {
		const struct fast_spec *f = &p->root.sub[l->field[i]];
		struct fast_value v = l->member[i] ? made->m[l->member[i] - 1].v : fast_plain(FV_NULL);
		if ((v.kind != FV_NULL || f->known != KNOWN_NOTHING) && !put_field(p, rec, f, v))
			return false;
	}
	return l->fits;
}

static bool put_gathered(struct fast_put *p, struct record *rec, struct fast_value v)
{
	struct fast_value field[MAX_FIELDS];
	if (!gather(&p->root, v, field))
		return false;
	for (uint32_t i = 0; i < p->root.nsub; i++) {
		const struct fast_spec *f = &p->root.sub[i];
		if ((field[i].kind != FV_NULL || f->known != KNOWN_NOTHING) && !put_field(p, rec, f, field[i]))
			return false;
	}
	return true;
}

int fast_put_record(void *arg, struct fast_value v)
{
	struct fast_put *p = arg;
	struct record rec = { p->out->n, fast_plain(FV_NULL) };
	const struct fast_layout *l = v.kind == FV_MADE && v.made->keys ? layout_of(p, v.made) : NULL;
	if (!(l ? put_laid_out(p, &rec, l, v.made) : put_gathered(p, &rec, v)))
		return -1;
	buf_put(p->out, "}\n", 2);
	p->made++;
	return 0;
}
