/* SPDX-License-Identifier: MIT */
/* Compares cursor values by their kind: numbers, text, times, length first. */
#include "fetch/order.h"

#include "base/clock.h"
#include "source/post.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A number as JSON or an API writes it, whole text. */
static bool number(const char *s, size_t n, double *v)
{
	char t[64], *end;
	if (!n || n >= sizeof t || strspn(s, "0123456789+-.eE") < n)
		return false;
	memcpy(t, s, n);
	t[n] = '\0';
	*v = strtod(t, &end);
	return *end == '\0' && isfinite(*v);
}

bool order_valid(enum def_cmp cmp, const char *s, size_t n)
{
	double v;
	int64_t us;
	switch (cmp) {
	case CMP_NUM:
		return number(s, n, &v);
	case CMP_TIME:
		return post_time(s, n, &us);
	default:
		return n > 0;
	}
}

int order_compare(enum def_cmp cmp, const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b);
	double x = 0, y = 0;
	int64_t s = 0, t = 0;
	switch (cmp) {
	case CMP_NUM:
		number(a, na, &x);
		number(b, nb, &y);
		return (x > y) - (x < y);
	case CMP_TIME:
		post_time(a, na, &s);
		post_time(b, nb, &t);
		return (s > t) - (s < t);
	case CMP_LENLEX:
		if (na != nb)
			return na > nb ? 1 : -1;
		return strcmp(a, b);
	default:
		return strcmp(a, b);
	}
}

void order_less_overlap(struct buf *b, const struct def_cursor *c, const char *value)
{
	double v;
	int64_t us;
	if (c->overlap > 0 && c->cmp == CMP_TIME && post_time(value, strlen(value), &us)) {
		us -= (int64_t)(c->overlap * 1e6);
		b->n += time_format(buf_reserve(b, 40), us, -1, true);
	} else if (c->overlap > 0 && c->cmp == CMP_NUM && number(value, strlen(value), &v)) {
		buf_printf(b, "%.17g", v - c->overlap);
	} else {
		buf_puts(b, value);
	}
}

void order_put_time(struct buf *b, enum def_as as, int64_t us)
{
	switch (as) {
	case AS_EPOCH:
		buf_i64(b, time_floor_div(us, US_PER_SEC));
		break;
	case AS_EPOCH_MS:
		buf_i64(b, time_floor_div(us, 1000));
		break;
	case AS_EPOCH_US:
		buf_i64(b, us);
		break;
	case AS_RFC3339:
		b->n += time_format(buf_reserve(b, 40), time_floor_div(us, US_PER_SEC) * US_PER_SEC, 0, true);
		break;
	default:
		b->n += time_format(buf_reserve(b, 40), us, -1, true);
	}
}

void order_put(struct buf *b, enum def_cmp cmp, enum def_as as, const char *value)
{
	int64_t us;
	if (as != AS_TEXT && cmp == CMP_TIME && post_time(value, strlen(value), &us))
		order_put_time(b, as, us);
	else
		buf_puts(b, value);
}
