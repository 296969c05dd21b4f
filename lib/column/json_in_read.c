/* SPDX-License-Identifier: MIT */
/* The reader's loop: tokens of a record to values in columns. */
#include "column/json_in_plan.h"
#include "column/json_in_value.h"

#include "json/doc.h"
#include "json/string.h"

#define GUESSES 4   /* keys tried before the hash */

static const uint32_t *read_value(struct json_in *in, struct jin_node *f, const uint32_t *t, unsigned depth);

static const uint32_t *bad(struct json_in *in, enum jin_fault fault, const struct jin_node *f, const uint32_t *t)
{
	in->fault = fault;
	in->bad = f;
	in->bad_tok = t;
	return NULL;
}

/* The value of row n has been written: count it. */
static inline void done(struct column *c)
{
	size_t n = c->n++;
	if (c->valid)
		bit_set(c->valid, n);
}

/* A null row; the column has room for it. */
static void put_null(struct jin_node *f)
{
	struct column *c = f->c;
	if (!c->valid)
		column_need_valid(c);
	bit_clear(c->valid, c->n);
	switch (f->width) {
	case 8: memset((char *)c->data + c->n * 8, 0, 8); break;
	case 16: memset((char *)c->data + c->n * 16, 0, 16); break;
	case 0:
		if (c->offsets)
			c->offsets[c->n + 1] = c->offsets[c->n];
		else if (f->kind == TYPE_BOOLEAN)
			bit_clear(c->data, c->n);
		for (size_t i = 0; f->kind == TYPE_STRUCT && i < f->nchild; i++)
			put_null(&f->child[i]);
		break;
	default: memset((char *)c->data + c->n * f->width, 0, f->width);
	}
	c->nulls++;
	c->n++;
}

static inline bool matches(const struct jin_node *f, const char *key, uint32_t room)
{
	if ((jin_load(key) & f->mask[0]) != f->word[0])
		return false;
	if (f->nname < 8)
		return true;
	if ((jin_load(key + 8) & f->mask[1]) != f->word[1])
		return false;
	return f->nname < 16 || (f->nname < room && memcmp(key + 16, f->name + 16, f->nname - 16) == 0 && key[f->nname] == '"');
}

/* A value that has no column; null says as much as no key at all. */
static const uint32_t *unknown(struct json_in *in, const struct jin_node *o, const uint32_t *key, unsigned depth)
{
	const char *end;
	const uint32_t *t = json_walk_any(&in->walk, key + 2, depth, &end);
	if (!t || in->opts.unknown == JSON_IN_UNKNOWN_IGNORE || in->walk.p[key[2]] == 'n')
		return t;
	return bad(in, JIN_UNKNOWN, o, key);
}

/* The key at T is not the one that was guessed. When members are missing, it is one of the next that were guessed
 * then; the guess is kept for the record that has them again. *FOUND is NULL for an unknown key; false: malformed. */
static __attribute__((noinline)) bool other_key(struct json_in *in, const struct jin_node *o, const uint32_t *t,
						 struct jin_node **guess, struct jin_node **found)
{
	const char *key = in->walk.p + *t + 1;
	uint32_t quote;
	struct jin_node *f = *guess;
	for (int i = 0; i < GUESSES; i++) {
		f = f->next;
		if (matches(f, key, t[1] - *t)) {
			*found = f;
			return true;
		}
	}
	if (!json_walk_string(&in->walk, t, &quote))
		return false;
	*found = jin_find(in, o, *t + 1, quote);
	if (*found)
		*guess = *found;
	return true;
}

/* Members that the object lacks become null. */
static bool fill_missing(struct json_in *in, struct jin_node *o, const uint32_t *open, size_t slot)
{
	for (size_t i = 0; i < o->nchild; i++) {
		struct jin_node *f = &o->child[i];
		if (f->c->n != slot)
			continue;
		if (!f->nullable)
			return bad(in, JIN_MISSING, f, open) != NULL;
		put_null(f);
	}
	return true;
}

const uint32_t *jin_object(struct json_in *in, struct jin_node *o, const uint32_t *t, unsigned depth, size_t slot)
{
	const struct json_walk w = in->walk;
	const uint32_t *open = t;
	struct jin_node **guess = &o->first;
	size_t found = 0;
	if (depth++ >= JSON_MAX_DEPTH)
		return NULL;
	if (w.p[*++t] == '}')
		goto close;
	for (;; t++) {
		const char *key = w.p + *t + 1;
		struct jin_node *f = NULL;
		if (key[-1] != '"' || w.p[t[1]] != ':')
			return NULL;
		if (matches(*guess, key, t[1] - *t))
			f = *guess;
		else if (!other_key(in, o, t, guess, &f))
			return NULL;
		if (f) {
			if (f->c->n != slot)
				return bad(in, JIN_TWICE, f, t);
			found++;
			guess = &f->next;
			t = read_value(in, f, t + 2, depth);
		} else {
			t = unknown(in, o, t, depth);
		}
		if (!t)
			return NULL;
		if (w.p[*t] != ',')
			break;
	}
	if (w.p[*t] != '}')
		return NULL;
close:
	if (found != o->nchild && !fill_missing(in, o, open, slot))
		return NULL;
	return t + 1;
}

static inline bool put_string(struct json_in *in, struct jin_node *f, const uint32_t *t)
{
	const struct json_walk *w = &in->walk;
	struct column *c = f->c;
	uint32_t a = *t + 1, quote = json_walk_quote(w, t), n = quote - a;
	if (c->ndata + n > c->data_cap || !c->data)
		column_reserve(c, 1, n);
	char *to = (char *)c->data + c->ndata;
	const char *from = w->p + a;
	if (json_walk_escaped(w, a, quote)) {
		size_t written;
		if (!json_decode_checked(to, from, n, &written))
			return false;
		c->ndata += written;
	} else {
		/* Both sides have 64 bytes to spare: a short string costs no branch that depends on its length. */
		memcpy(to, from, 64);
		if (n > 64)
			memcpy(to + 64, from + 64, n - 64);
		c->ndata += n;
	}
	c->offsets[c->n + 1] = (int32_t)c->ndata;
	done(c);
	return true;
}

/* The inside of the string at T, decoded where it has escapes; false when they are wrong. */
static inline bool string_text(struct json_in *in, const uint32_t *t, const char **s, size_t *n)
{
	const struct json_walk *w = &in->walk;
	uint32_t a = *t + 1, quote = json_walk_quote(w, t);
	*s = w->p + a;
	*n = quote - a;
	if (!json_walk_escaped(w, a, quote))
		return true;
	buf_clear(&in->text);
	char *to = buf_reserve(&in->text, *n + JSON_PADDING);
	if (!json_decode_checked(to, *s, *n, n))
		return false;
	memset(to + *n, 0, JSON_PADDING);
	*s = to;
	return true;
}

static bool put_floating(struct jin_node *f, const char *s, const char *text, size_t n)
{
	double d;
	if (text) {
		if (!jin_special(text, n, &d))
			return false;
	} else if (f->kind == TYPE_DOUBLE) {
		if (!jin_double(s, &d))
			return false;
	} else {
		float x;
		if (!jin_float(s, &x))
			return false;
		d = (double)x;
	}
	if (f->kind == TYPE_DOUBLE)
		((double *)f->c->data)[f->c->n] = d;
	else
		((float *)f->c->data)[f->c->n] = (float)d;
	done(f->c);
	return true;
}

static bool put_decimal(struct jin_node *f, const char *s, const char *text, size_t n)
{
	__int128 v;
	if (!text) {
		const char *end = json_walk_number(s);
		if (!end)
			return false;
		text = s;
		n = (size_t)(end - s);
	}
	if (!jin_decimal(text, n, f->type, &v))
		return false;
	memcpy((char *)f->c->data + f->c->n * sizeof v, &v, sizeof v);
	done(f->c);
	return true;
}

static inline bool put_integer(struct jin_node *f, const char *s)
{
	int64_t v;
	struct column *c = f->c;
	switch (f->kind) {
	case TYPE_BYTE:
		if (!jin_integer(s, INT8_MIN, INT8_MAX, &v))
			return false;
		((int8_t *)c->data)[c->n] = (int8_t)v;
		break;
	case TYPE_SHORT:
		if (!jin_integer(s, INT16_MIN, INT16_MAX, &v))
			return false;
		((int16_t *)c->data)[c->n] = (int16_t)v;
		break;
	case TYPE_INTEGER:
		if (!jin_integer(s, INT32_MIN, INT32_MAX, &v))
			return false;
		((int32_t *)c->data)[c->n] = (int32_t)v;
		break;
	default:
		if (!jin_integer(s, INT64_MIN, INT64_MAX, &v))
			return false;
		((int64_t *)c->data)[c->n] = v;
		break;
	}
	done(c);
	return true;
}

static inline bool put_time(struct json_in *in, struct jin_node *f, const uint32_t *t)
{
	const char *s;
	size_t n;
	int64_t v;
	struct column *c = f->c;
	if (!string_text(in, t, &s, &n))
		return false;
	if (f->kind == TYPE_DATE) {
		if (n != 10 || !jin_day(f, s, &v))
			return false;
		((int32_t *)c->data)[c->n] = (int32_t)v;
	} else {
		if (!jin_time(f, s, n, f->kind == TYPE_TIMESTAMP, &v))
			return false;
		((int64_t *)c->data)[c->n] = v;
	}
	done(c);
	return true;
}

static bool put_bool(struct jin_node *f, const char *s)
{
	if ((*s != 't' && *s != 'f') || !json_walk_word(s))
		return false;
	if (*s == 't')
		bit_set(f->c->data, f->c->n);
	else
		bit_clear(f->c->data, f->c->n);
	done(f->c);
	return true;
}

/* A value that may be a number or a string. */
static bool put_rare(struct json_in *in, struct jin_node *f, const uint32_t *t)
{
	const char *s = in->walk.p + *t, *text = NULL;
	size_t n = 0;
	if (*s == '"' && !string_text(in, t, &text, &n))
		return false;
	switch (f->kind) {
	case TYPE_FLOAT:
	case TYPE_DOUBLE: return put_floating(f, s, text, n);
	case TYPE_DECIMAL: return put_decimal(f, s, text, n);
	case TYPE_BINARY: return text && jin_binary(f->c, text, n);
	default: return false;
	}
}

/* Room for one more element of a list or map. */
static inline void element_room(struct jin_node *e)
{
	if (e->c->n < e->reserved)
		return;
	size_t step = e->c->n < 64 ? 64 : e->c->n / 2;
	column_reserve(e->c, step, 0);
	e->reserved = e->c->n + step;
}

static const uint32_t *read_list(struct json_in *in, struct jin_node *f, const uint32_t *t, unsigned depth)
{
	const char *p = in->walk.p;
	struct jin_node *e = &f->child[0];
	if (depth++ >= JSON_MAX_DEPTH)
		return NULL;
	if (p[*++t] != ']') {
		for (;; t++) {
			element_room(e);
			t = read_value(in, e, t, depth);
			if (!t)
				return NULL;
			if (p[*t] != ',')
				break;
		}
		if (p[*t] != ']')
			return NULL;
	}
	f->c->offsets[f->c->n + 1] = (int32_t)e->c->n;
	done(f->c);
	return t + 1;
}

/* {"key":value,…} */
static const uint32_t *map_members(struct json_in *in, struct jin_node *f, const uint32_t *t, unsigned depth)
{
	const struct json_walk w = in->walk;
	if (w.p[*++t] == '}')
		return t + 1;
	for (;; t++) {
		if (w.p[*t] != '"' || w.p[t[1]] != ':')
			return NULL;
		element_room(&f->child[0]);
		element_room(&f->child[1]);
		if (!put_string(in, &f->child[0], t))
			return NULL;
		t = read_value(in, &f->child[1], t + 2, depth);
		if (!t)
			return NULL;
		if (w.p[*t] != ',')
			break;
	}
	return w.p[*t] == '}' ? t + 1 : NULL;
}

/* [{"key":…,"value":…},…] */
static const uint32_t *map_entries(struct json_in *in, struct jin_node *f, const uint32_t *t, unsigned depth)
{
	const char *p = in->walk.p;
	if (p[*++t] == ']')
		return t + 1;
	for (;; t++) {
		if (p[*t] != '{')
			return bad(in, JIN_VALUE, f, t);
		element_room(&f->child[0]);
		element_room(&f->child[1]);
		t = jin_object(in, f, t, depth, f->child[0].c->n);
		if (!t)
			return NULL;
		if (p[*t] != ',')
			break;
	}
	return p[*t] == ']' ? t + 1 : NULL;
}

static const uint32_t *read_map(struct json_in *in, struct jin_node *f, const uint32_t *t, unsigned depth)
{
	const uint32_t *open = t;
	struct column *key = f->child[0].c;
	size_t from = key->n;
	if (depth++ >= JSON_MAX_DEPTH)
		return NULL;
	t = in->walk.p[*t] == '{' ? map_members(in, f, t, depth) : map_entries(in, f, t, depth);
	if (!t)
		return NULL;
	if (key->n - from > 1 && jin_map_repeats(in, key, from))
		return bad(in, JIN_MAP_TWICE, f, open);
	f->c->offsets[f->c->n + 1] = (int32_t)key->n;
	done(f->c);
	return t;
}

static const uint32_t *read_container(struct json_in *in, struct jin_node *f, const uint32_t *t, unsigned depth)
{
	char c = in->walk.p[*t];
	switch (f->kind) {
	case TYPE_STRUCT:
		if (c != '{')
			return bad(in, JIN_VALUE, f, t);
		t = jin_object(in, f, t, depth, f->c->n);
		if (t)
			done(f->c);
		return t;
	case TYPE_LIST:
		return c == '[' ? read_list(in, f, t, depth) : bad(in, JIN_VALUE, f, t);
	default:
		if (c == '[' || (c == '{' && f->child[0].kind == TYPE_STRING))
			return read_map(in, f, t, depth);
		return bad(in, JIN_VALUE, f, t);
	}
}

static const uint32_t *read_null(struct json_in *in, struct jin_node *f, const uint32_t *t)
{
	if (!json_walk_word(in->walk.p + *t))
		return NULL;
	if (!f->nullable)
		return bad(in, JIN_NULL, f, t);
	put_null(f);
	return t + 1;
}

static const uint32_t *read_value(struct json_in *in, struct jin_node *f, const uint32_t *t, unsigned depth)
{
	const char *s = in->walk.p + *t;
	bool ok;
	if (*s == 'n')
		return read_null(in, f, t);
	switch (f->kind) {
	case TYPE_STRING:
		ok = *s == '"' && put_string(in, f, t);
		break;
	case TYPE_BYTE: case TYPE_SHORT: case TYPE_INTEGER: case TYPE_LONG:
		ok = put_integer(f, s);
		break;
	case TYPE_DATE: case TYPE_TIMESTAMP: case TYPE_TIMESTAMP_NTZ:
		ok = *s == '"' && put_time(in, f, t);
		break;
	case TYPE_STRUCT: case TYPE_LIST: case TYPE_MAP:
		return read_container(in, f, t, depth);
	case TYPE_BOOLEAN:
		ok = put_bool(f, s);
		break;
	default:
		ok = put_rare(in, f, t);
		break;
	}
	return ok ? t + 1 : bad(in, JIN_VALUE, f, t);
}
