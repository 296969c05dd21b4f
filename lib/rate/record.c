/* SPDX-License-Identifier: MIT */
/* What is looked up in a record: key, event time, output. */
#include "base/hash.h"
#include "base/near.h"
#include "json/doc.h"
#include "rate/shape_int.h"
#include "stream/record.h"

#define ROUTE_SEED 0x726f7574652e3031u

static const struct json_field *field_of(const struct shape *s, const struct json_record *rec, enum shape_field f)
{
	return s->field[f] >= 0 ? &rec->field[s->field[f]] : NULL;
}

static int event_time(struct shape *s, const struct json_record *rec, int64_t *us, struct err *why)
{
	const struct json_field *f = field_of(s, rec, SHAPE_TIME);
	*us = 0;
	if (!f)
		return 0;
	int got = record_time(rec, f, s->o->time, &s->text, us, why);
	if (got == 0) {
		/* Once: where many records lack it that is no misspelling. */
		struct near near = near_to("", 0);
		const char *hint = s->hinted ? "" : json_hint(&near, rec->p, rec->n, s->o->time);
		s->hinted = true;
		return err_set(why, ERR_DATA, "the record has no field %s%s", s->o->time, hint);
	}
	return got < 0 ? got : 0;
}

/* Which output: the same for the same value. The key's buffer serves for it, so this comes before the key. */
static uint64_t route_of(struct shape *s, const struct json_record *rec)
{
	const struct json_field *f = field_of(s, rec, SHAPE_ROUTE);
	if (!f)
		return 0;
	key_of_field(&s->key, f);
	uint64_t route = hash_stable(s->key.p, s->key.n, ROUTE_SEED);
	buf_clear(&s->key);
	return route;
}

/* Is the record late, and does it pass all the same? *P and *N become the line that passes. */
static int judge(struct shape *s, int64_t us, const char **p, size_t *n, bool *passes, struct err *why)
{
	bool is_late = late_see(&s->late, s->key.p, s->key.n, us);
	atomic_store_explicit(&s->meter.watermark_us, s->late.watermark.at_us, memory_order_relaxed);
	atomic_store_explicit(&s->meter.newest_us, s->late.watermark.newest_us, memory_order_relaxed);
	if (!is_late)
		return 0;
	meter_add(&s->meter.late, 1);
	return late_treat(&s->late, p, n, passes, why);
}

int shape_record(struct shape *s, const struct json_record *rec, struct err *why)
{
	const char *p = rec->p;
	size_t n = rec->n;
	int64_t us;
	bool passes = true;
	int got = event_time(s, rec, &us, why);
	if (got != 0)
		return got;
	uint64_t route = route_of(s, rec);
	const struct json_field *key = field_of(s, rec, SHAPE_KEY);
	if (key)
		key_of_field(&s->key, key);
	s->any_record = true;
	if (s->o->late.judges)
		got = judge(s, us, &p, &n, &passes, why);
	if (got != 0 || !passes)
		return got;
	if (!s->o->queued)
		return direct_record(&s->direct, p, n, us, p == rec->p && p[n] == '\n', why);
	got = shape_queue_start(s, NULL, why);
	return got ? got : shape_queue_record(s, p, n, us, route, why);
}
