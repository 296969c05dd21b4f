/* SPDX-License-Identifier: MIT */
/* Maps event time to the clock from the first record on. */
#include "rate/pace.h"

#include "json/number.h"

#include <math.h>
#include <string.h>

bool pace_parse_speed(const char *s, double *speed)
{
	size_t n = strlen(s);
	if (strcmp(s, "max") == 0) {
		*speed = 0;
		return true;
	}
	if (n > 1 && s[n - 1] == 'x')
		n--;
	return n && strspn(s, "0123456789.") >= n && json_parse_double(s, n, speed) && *speed > 0;
}

void pace_init(struct pace *p, double speed, int64_t max_gap)
{
	*p = (struct pace){ .speed = speed, .max_gap = max_gap };
}

int64_t pace_due(struct pace *p, int64_t event_us, int64_t now_ns)
{
	if (!p->started) {
		p->started = true;
		p->newest_us = event_us;
		p->due = now_ns;
		return now_ns;
	}
	if (event_us <= p->newest_us || p->speed <= 0)
		return p->due;
	double gap = ((double)event_us - (double)p->newest_us) * 1000 / p->speed;
	p->newest_us = event_us;
	if (p->max_gap > 0 && gap > (double)p->max_gap) {
		/* Behind a pause that was cut short, time counts from its end. */
		p->due += p->max_gap;
		p->carry = 0;
		return p->due;
	}
	double exact = gap + p->carry, whole = floor(exact);
	if (whole > (double)(INT64_MAX / 4) || p->due > INT64_MAX / 2)
		return p->due = INT64_MAX / 2;
	p->due += (int64_t)whole;
	p->carry = exact - whole;
	return p->due;
}
