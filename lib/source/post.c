/* SPDX-License-Identifier: MIT */
/* Orders, checks and prints the members of a post. */
#include "source/post.h"

#include "base/clock.h"
#include "base/near.h"
#include "base/num.h"
#include "source/post_spec.h"

#include <stdio.h>
#include <string.h>

static const struct post_spec author[] = { { "id", POST_STRING }, { "handle", POST_STRING }, { "name", POST_STRING }, { "followers", POST_LONG },
	{ "verified", POST_BOOL }, { "bot", POST_BOOL }, { NULL } };
static const struct post_spec ref[] = { { "type", POST_STRING }, { "id", POST_STRING }, { NULL } };
static const struct post_spec metrics[] = { { "likes", POST_LONG }, { "replies", POST_LONG }, { "reposts", POST_LONG }, { "quotes", POST_LONG },
	{ "views", POST_LONG }, { "score", POST_LONG }, { NULL } };
static const struct post_spec mention[] = { { "id", POST_STRING }, { "handle", POST_STRING }, { NULL } };
static const struct post_spec media[] = { { "type", POST_STRING }, { "url", POST_STRING }, { "alt", POST_STRING }, { "width", POST_LONG },
	{ "height", POST_LONG }, { NULL } };
static const struct post_spec place[] = { { "name", POST_STRING }, { "country", POST_STRING }, { "lat", POST_DOUBLE }, { "lon", POST_DOUBLE },
	{ NULL } };
static const struct post_spec provenance[] = { { "def", POST_STRING }, { "query", POST_STRING }, { "rule", POST_STRINGS }, { "run", POST_STRING },
	{ "page", POST_LONG }, { NULL } };

const struct post_spec post_fields[] = {
	{ "id", POST_STRING }, { "network", POST_STRING }, { "native_id", POST_STRING }, { "op", POST_STRING, NULL, "upsert|delete" },
	{ "kind", POST_STRING, NULL, "post|reply|comment|repost|quote" }, { "created_at", POST_TIME }, { "created_date", POST_DATE },
	{ "indexed_at", POST_TIME }, { "edited_at", POST_TIME }, { "observed_at", POST_TIME }, { "author", POST_STRUCT, author },
	{ "group", POST_STRING }, { "title", POST_STRING }, { "text", POST_STRING }, { "html", POST_STRING }, { "lang", POST_STRING },
	{ "url", POST_STRING }, { "thread_id", POST_STRING }, { "refs", POST_STRUCTS, ref }, { "prior_ids", POST_STRINGS },
	{ "metrics", POST_STRUCT, metrics }, { "tags", POST_STRINGS }, { "mentions", POST_STRUCTS, mention }, { "links", POST_STRINGS },
	{ "media", POST_STRUCTS, media }, { "place", POST_STRUCT, place }, { "sensitive", POST_BOOL }, { "source", POST_STRUCT, provenance },
	{ "raw", POST_STRING }, { NULL }
};

static int month_of(const char *s)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	for (int i = 0; i < 12; i++)
		if (memcmp(s, names + 3 * i, 3) == 0)
			return i + 1;
	return 0;
}

/* `Sun Aug 31 00:29:15 +0000 2014`: the day is two digits, the zone any. */
static bool legacy_time(const char *s, size_t n, int64_t *us)
{
	char t[26];
	if (n != 30 || s[3] != ' ' || s[7] != ' ' || s[10] != ' ' || s[19] != ' ' || s[25] != ' ')
		return false;
	int m = month_of(s + 4);
	if (!m)
		return false;
	memcpy(t, s + 26, 4);
	t[4] = t[7] = '-';
	t[5] = (char)('0' + m / 10);
	t[6] = (char)('0' + m % 10);
	memcpy(t + 8, s + 8, 2);
	t[10] = 'T';
	memcpy(t + 11, s + 11, 8);
	memcpy(t + 19, s + 20, 3);
	t[22] = ':';
	memcpy(t + 23, s + 23, 2);
	enum time_zone zone;
	return time_parse(t, 25, us, &zone) && zone != ZONE_NONE;
}

static bool epoch_time(const char *s, size_t n, int64_t *us)
{
	const char *dot = memchr(s, '.', n);
	size_t whole = dot ? (size_t)(dot - s) : n;
	int64_t sec, part = 0, scale = US_PER_SEC;
	if (whole > 12 || !num_i64(s, whole, &sec))
		return false;
	for (size_t i = whole + 1; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		scale /= 10;
		part += (s[i] - '0') * scale;
	}
	*us = sec * US_PER_SEC + (*s == '-' ? -part : part);
	return true;
}

bool post_time(const char *s, size_t n, int64_t *us)
{
	enum time_zone zone;
	char t[64];
	if (time_parse(s, n, us, &zone))
		return zone != ZONE_NONE;
	/* +0000: the colon is left out by some */
	if (n > 5 && n < sizeof t - 1 && (s[n - 5] == '+' || s[n - 5] == '-')) {
		memcpy(t, s, n - 2);
		t[n - 2] = ':';
		memcpy(t + n - 1, s + n - 2, 2);
		if (time_parse(t, n + 1, us, &zone))
			return true;
	}
	return legacy_time(s, n, us) || (n && epoch_time(s, n, us));
}

static int wrong(const char *where, const struct post_spec *f, const char *want, struct err *e)
{
	return err_set(e, ERR_DATA, "field '%s%s' must be %s", where, f->name, want);
}

static bool one_of(const char *list, const char *s, size_t n)
{
	while (list) {
		size_t len = strcspn(list, "|");
		if (len == n && memcmp(list, s, n) == 0)
			return true;
		list = list[len] ? list + len + 1 : NULL;
	}
	return false;
}

static int put_time(struct buf *b, const char *where, const struct post_spec *f, const struct json *v, struct err *e)
{
	int64_t us;
	bool ok = v->type == JSON_STRING   ? post_time(v->str, v->nstr, &us)
		  : v->type == JSON_NUMBER ? post_time(v->raw, v->nraw, &us)
					   : false;
	if (!ok)
		return wrong(where, f, "a time", e);
	buf_putc(b, '"');
	b->n += time_format(buf_reserve(b, 40), us, -1, true);
	buf_putc(b, '"');
	return 0;
}

static int put_scalar(struct buf *b, const char *where, const struct post_spec *f, const struct json *v, struct err *e)
{
	int64_t i;
	int32_t day;
	switch (f->kind) {
	case POST_TIME:
		return put_time(b, where, f, v, e);
	case POST_DATE:
		if (v->type != JSON_STRING || !date_parse(v->str, v->nstr, &day))
			return wrong(where, f, "a date", e);
		break;
	case POST_LONG:
		if (!json_i64(v, &i))
			return wrong(where, f, "a whole number", e);
		break;
	case POST_DOUBLE:
		if (v->type != JSON_NUMBER)
			return wrong(where, f, "a number", e);
		break;
	case POST_BOOL:
		if (v->type != JSON_TRUE && v->type != JSON_FALSE)
			return wrong(where, f, "true or false", e);
		break;
	default:
		if (v->type != JSON_STRING)
			return wrong(where, f, "a string", e);
		if (f->one_of && !one_of(f->one_of, v->str, v->nstr))
			return wrong(where, f, f->one_of, e);
		json_put_string(b, v->str, v->nstr);
		return 0;
	}
	buf_put(b, v->raw, v->nraw);
	return 0;
}

static bool known(const struct post_spec *specs, const char *name)
{
	for (; specs->name; specs++)
		if (strcmp(specs->name, name) == 0)
			return true;
	return false;
}

bool post_is_field(const char *name)
{
	for (const struct post_spec *f = post_fields; f->name; f++)
		if (strcmp(f->name, name) == 0)
			return f->kind < POST_STRUCT;
	return false;
}

static int put_value(struct buf *b, const char *where, const struct post_spec *f, const struct json *v, struct err *e);

static const char *near_field(struct near *near, const struct post_spec *f, const char *typed, const char *inside)
{
	*near = near_to(typed, strlen(typed));
	for (; f->name; f++)
		near_name(near, f->name, strlen(f->name));
	return near_hint(near, inside, "");
}

/* The members of V that SUB has; nothing is written when all are null. */
static int put_struct(struct buf *b, const struct post_spec *f, const struct json *v, struct err *e)
{
	char inner[64];
	size_t start = b->n;
	struct near near;
	if (v->type != JSON_OBJECT)
		return wrong("", f, "an object", e);
	snprintf(inner, sizeof inner, "%s.", f->name);
	for (const struct json *m = v->child; m; m = m->next)
		if (!known(f->sub, m->key))
			return err_set(e, ERR_DATA, "smpost/1 has no field '%s%s'%s", inner, m->key, near_field(&near, f->sub, m->key, inner));
	for (const struct post_spec *s = f->sub; s->name; s++) {
		const struct json *m = json_get(v, s->name);
		if (!m || m->type == JSON_NULL)
			continue;
		size_t before = b->n;
		buf_putc(b, before == start ? '{' : ',');
		json_put_cstr(b, s->name);
		buf_putc(b, ':');
		size_t value = b->n;
		int rc = put_value(b, inner, s, m, e);
		if (rc < 0)
			return rc;
		if (b->n == value)
			b->n = before;
	}
	if (b->n > start)
		buf_putc(b, '}');
	return 0;
}

static int put_list(struct buf *b, const char *where, const struct post_spec *f, const struct json *v, struct err *e)
{
	struct post_spec element = { f->name, f->kind == POST_STRINGS ? POST_STRING : POST_STRUCT, f->sub, NULL };
	size_t start = b->n;
	if (v->type != JSON_ARRAY)
		return wrong(where, f, "a list", e);
	for (const struct json *m = v->child; m; m = m->next) {
		if (m->type == JSON_NULL)
			continue;
		size_t before = b->n;
		buf_putc(b, before == start ? '[' : ',');
		size_t value = b->n;
		int rc = put_value(b, where, &element, m, e);
		if (rc < 0)
			return rc;
		if (b->n == value)
			b->n = before;
	}
	if (b->n > start)
		buf_putc(b, ']');
	return 0;
}

/* Nothing is written for what is empty. */
static int put_value(struct buf *b, const char *where, const struct post_spec *f, const struct json *v, struct err *e)
{
	if (f->kind == POST_STRUCT)
		return put_struct(b, f, v, e);
	if (f->kind == POST_STRINGS || f->kind == POST_STRUCTS)
		return put_list(b, where, f, v, e);
	return put_scalar(b, where, f, v, e);
}

/* What the map need not say; 1 when it was written. */
static int put_known(struct buf *b, const struct post_spec *f, const struct json *mapped, const struct post_given *g, struct err *e)
{
	if (strcmp(f->name, "network") == 0 && g->network) {
		json_put_cstr(b, g->network);
	} else if (strcmp(f->name, "op") == 0) {
		json_put_cstr(b, "upsert");
	} else if (strcmp(f->name, "kind") == 0) {
		json_put_cstr(b, "post");
	} else if (strcmp(f->name, "observed_at") == 0) {
		buf_putc(b, '"');
		b->n += time_format(buf_reserve(b, 40), g->observed_us, -1, true);
		buf_putc(b, '"');
	} else if (strcmp(f->name, "created_date") == 0) {
		const struct json *v = json_get(mapped, "created_at");
		int64_t us = 0;
		if (v->type == JSON_STRING)
			post_time(v->str, v->nstr, &us);
		else
			post_time(v->raw, v->nraw, &us);
		buf_putc(b, '"');
		b->n += date_format(buf_reserve(b, 16), (int32_t)time_floor_div(us, US_PER_DAY));
		buf_putc(b, '"');
	} else if (strcmp(f->name, "raw") == 0 && g->raw) {
		json_put_string(b, g->raw, g->nraw);
	} else if (strcmp(f->name, "id") == 0 || strcmp(f->name, "native_id") == 0 || strcmp(f->name, "created_at") == 0 ||
		   strcmp(f->name, "network") == 0) {
		return err_set(e, ERR_DATA, "field '%s' is missing", f->name);
	} else {
		return 0;
	}
	return 1;
}

int post_put(struct buf *b, const struct json *mapped, const struct post_given *given, struct err *e)
{
	size_t start = b->n;
	struct near near;
	if (mapped->type != JSON_OBJECT)
		return err_set(e, ERR_DATA, "the map did not return an object");
	for (const struct json *m = mapped->child; m; m = m->next)
		if (!known(post_fields, m->key))
			return err_set(e, ERR_DATA, "smpost/1 has no field '%s'%s", m->key, near_field(&near, post_fields, m->key, ""));
	for (const struct post_spec *f = post_fields; f->name; f++) {
		const struct json *v = json_get(mapped, f->name);
		size_t before = b->n;
		buf_putc(b, before == start ? '{' : ',');
		json_put_cstr(b, f->name);
		buf_putc(b, ':');
		size_t value = b->n;
		int rc = v && v->type != JSON_NULL ? put_value(b, "", f, v, e) : put_known(b, f, mapped, given, e);
		if (rc < 0) {
			b->n = start;
			return rc;
		}
		if (b->n == value)
			b->n = before;
	}
	buf_putc(b, '}');
	return 0;
}
