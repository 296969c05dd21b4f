/* SPDX-License-Identifier: MIT */
/* Dates and timestamps, in UTC. */
#include "expr/fn.h"

#include "base/clock.h"

#include <strings.h>

/* months first, clipped to the month's last day, then days, then time: as Spark adds intervals */
static bool add_months(int64_t *days, int64_t months)
{
	int64_t y;
	unsigned m, d;
	date_to_civil(*days, &y, &m, &d);
	int64_t n = y * 12 + (int64_t)m - 1 + months;
	y = time_floor_div(n, 12);
	m = (unsigned)(n - y * 12) + 1;
	if (d > date_days_in_month(y, m))
		d = date_days_in_month(y, m);
	*days = date_from_civil(y, m, d);
	return *days >= INT32_MIN && *days <= INT32_MAX;
}

bool fn_time_add(const struct interval *v, int sign, int64_t *us)
{
	int64_t days = time_floor_div(*us, US_PER_DAY), rest = *us - days * US_PER_DAY;
	if (v->months && !add_months(&days, v->months * sign))
		return false;
	days += v->days * sign;
	return !__builtin_mul_overflow(days, US_PER_DAY, us) && !__builtin_add_overflow(*us, rest, us) &&
	       !__builtin_add_overflow(*us, v->us * sign, us);
}

void fn_date_part(struct fn_ctx *c, const struct node *x, const struct value *a, struct value *out)
{
	int64_t y, days = a[0].i;
	unsigned m, d;
	(void)c;
	date_to_civil(days, &y, &m, &d);
	switch ((enum part)x->unit) {
	case PART_YEAR:
		out->i = y;
		break;
	case PART_QUARTER:
		out->i = (m - 1) / 3 + 1;
		break;
	case PART_MONTH:
		out->i = m;
		break;
	case PART_DAY:
		out->i = d;
		break;
	case PART_DOW: /* 1 is Sunday */
		out->i = days + 4 - 7 * time_floor_div(days + 4, 7) + 1;
		break;
	case PART_WEEKDAY: /* 0 is Monday */
		out->i = days + 3 - 7 * time_floor_div(days + 3, 7);
		break;
	default:
		out->i = days - date_from_civil(y, 1, 1) + 1;
	}
}

void fn_time_part(struct fn_ctx *c, const struct node *x, const struct value *a, struct value *out)
{
	int64_t us = a[0].i - time_floor_div(a[0].i, US_PER_DAY) * US_PER_DAY, s = us / US_PER_SEC;
	(void)c;
	out->i = x->unit == PART_HOUR ? s / 3600 : x->unit == PART_MINUTE ? s / 60 % 60 : s % 60;
}

void fn_date_add(struct fn_ctx *c, const struct node *x, const struct value *a, struct value *out)
{
	(void)c;
	out->i = a[0].i + (x->unit ? -a[1].i : a[1].i);
	out->null = out->i > INT32_MAX || out->i < INT32_MIN;
}

void fn_add_months(struct fn_ctx *c, const struct node *x, const struct value *a, struct value *out)
{
	(void)c;
	(void)x;
	out->i = a[0].i;
	out->null = !add_months(&out->i, a[1].i);
}

void fn_datediff(struct fn_ctx *c, const struct node *x, const struct value *a, struct value *out)
{
	(void)c;
	(void)x;
	out->i = a[0].i - a[1].i;
	out->null = out->i > INT32_MAX || out->i < INT32_MIN;
}

void fn_last_day(struct fn_ctx *c, const struct node *x, const struct value *a, struct value *out)
{
	int64_t y;
	unsigned m, d;
	(void)c;
	(void)x;
	date_to_civil(a[0].i, &y, &m, &d);
	out->i = date_from_civil(y, m, date_days_in_month(y, m));
	out->null = out->i > INT32_MAX;
}

bool part_by_name(const char *s, size_t n, bool date, enum part *part)
{
	static const struct { const char *name; enum part part; } names[] = {
		{ "year", PART_YEAR }, { "yyyy", PART_YEAR }, { "yy", PART_YEAR }, { "quarter", PART_QUARTER },
		{ "month", PART_MONTH }, { "mon", PART_MONTH }, { "mm", PART_MONTH }, { "week", PART_WEEK },
		{ "day", PART_DAY }, { "dd", PART_DAY }, { "hour", PART_HOUR }, { "minute", PART_MINUTE },
		{ "second", PART_SECOND }, { "millisecond", PART_MS }, { "microsecond", PART_US },
	};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strlen(names[i].name) == n && !strncasecmp(names[i].name, s, n)) {
			*part = names[i].part;
			return !date || names[i].part <= PART_WEEK;
		}
	return false;
}

static int64_t trunc_days(int64_t days, enum part part)
{
	int64_t y;
	unsigned m, d;
	date_to_civil(days, &y, &m, &d);
	switch (part) {
	case PART_YEAR:
		return date_from_civil(y, 1, 1);
	case PART_QUARTER:
		return date_from_civil(y, (m - 1) / 3 * 3 + 1, 1);
	case PART_MONTH:
		return date_from_civil(y, m, 1);
	case PART_WEEK: /* to Monday */
		return days - (days + 3 - 7 * time_floor_div(days + 3, 7));
	default:
		return days;
	}
}

void fn_date_trunc(struct fn_ctx *c, const struct node *x, const struct value *a, struct value *out)
{
	static const int64_t us[] = { [PART_HOUR] = INT64_C(3600000000), [PART_MINUTE] = 60000000, [PART_SECOND] = 1000000,
				      [PART_MS] = 1000, [PART_US] = 1 };
	int64_t v = a[0].i;
	(void)c;
	if (x->unit >= PART_HOUR)
		out->null = __builtin_mul_overflow(time_floor_div(v, us[x->unit]), us[x->unit], &out->i);
	else
		out->null = __builtin_mul_overflow(trunc_days(time_floor_div(v, US_PER_DAY), (enum part)x->unit), US_PER_DAY,
						   &out->i);
}

void fn_trunc(struct fn_ctx *c, const struct node *x, const struct value *a, struct value *out)
{
	(void)c;
	out->i = trunc_days(a[0].i, (enum part)x->unit);
	out->null = out->i < INT32_MIN;
}

void fn_unix_seconds(struct fn_ctx *c, const struct node *x, const struct value *a, struct value *out)
{
	(void)c;
	(void)x;
	out->i = time_floor_div(a[0].i, US_PER_SEC);
}
