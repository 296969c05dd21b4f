/* SPDX-License-Identifier: MIT */
/* Sliding windows, quotas and signals of one limit, and when each lets a request out. */
#include "fetch/budget.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/zone.h"
#include "fetch/budget_int.h"

#include <math.h>
#include <string.h>

#define GRACE_US (120 * US_PER_SEC)  /* how long a request whose process has died counts as under way */
#define MARGIN_US 200000             /* behind a reset: whole seconds are cut somewhere */
#define HOUR_US (3600 * US_PER_SEC)

struct budgets {
	char *folder;
	struct budget *first;
};

void budgets_new(struct budgets **b, const char *folder)
{
	*b = mem_zalloc(sizeof **b);
	(*b)->folder = folder ? mem_strdup(folder) : NULL;
}

void budgets_free(struct budgets *b)
{
	if (!b)
		return;
	for (struct budget *p = b->first, *next; p; p = next) {
		next = p->next;
		budget_unmap(p);
		mem_free(p->name);
		mem_free(p->limit);
		mem_free(p);
	}
	mem_free(b->folder);
	mem_free(b);
}

/* The limits outlive the definition. */
static int take_limits(struct budget *b, const struct source_def *def, struct err *e)
{
	b->nlimits = def->nlimits;
	b->soft_pct = def->soft_pct;
	b->hard_pct = def->hard_pct;
	b->limit = mem_zalloc((def->nlimits + 1) * sizeof *b->limit);
	for (size_t i = 0; i < def->nlimits; i++) {
		const struct def_limit *l = &def->limit[i];
		struct window *w = &b->limit[i];
		w->count = l->count;
		w->per_us = l->per_ns / 1000;
		w->daily = l->zone != NULL;
		int rc = l->zone ? zone_parse(&w->zone, l->zone, strlen(l->zone), e) : 0;
		if (rc < 0)
			return rc;
		if (!w->daily && w->count > BUDGET_MAX_COUNT)
			return err_set(e, ERR_UNSUPPORTED, "%s: a limit must be at most %d requests per window", b->name,
				       BUDGET_MAX_COUNT);
		w->slots = w->daily ? 0 : (size_t)w->count;
	}
	return 0;
}

/* Whoever came first would make the others exceed theirs. */
static int same_limits(const struct budget *b, const struct source_def *def, struct err *e)
{
	bool same = b->nlimits == def->nlimits && b->soft_pct == def->soft_pct && b->hard_pct == def->hard_pct;
	for (size_t i = 0; i < b->nlimits && same; i++) {
		const struct window *w = &b->limit[i];
		const struct def_limit *l = &def->limit[i];
		same = w->count == l->count && w->per_us == l->per_ns / 1000 && w->daily == (l->zone != NULL);
	}
	return same
		   ? 0
		   : err_set(e, ERR_CONFLICT, "'%s' has other limits than another source that shares its budget '%s'",
			     def->name, b->name);
}

int budgets_get(struct budgets *bs, const char *name, const struct source_def *def, struct budget **out, struct err *e)
{
	struct budget *b;
	for (b = bs->first; b; b = b->next)
		if (strcmp(b->name, name) == 0) {
			*out = b;
			return same_limits(b, def, e);
		}
	b = mem_zalloc(sizeof *b);
	b->fd = -1;
	b->name = mem_strdup(name);
	b->next = bs->first;
	bs->first = b;
	int rc = take_limits(b, def, e);
	if (rc == 0)
		rc = budget_map(b, bs->folder, e);
	*out = b;
	return rc;
}

const char *budget_name(const struct budget *b)
{
	return b->name;
}

static int64_t now_us(const struct budget *b)
{
	return b->fd >= 0 ? clock_now_us() : clock_mono_ns() / 1000;
}

/* When does the request in this slot leave the window? 0: it is free. A request under way has the time of its sending,
 * negative; one from the future (the clock was set back) counts as of now. */
static int64_t leaves(const struct window *w, int64_t slot, int64_t now)
{
	if (!slot || slot == INT64_MIN)
		return 0;
	int64_t at = slot < 0 ? -slot : slot;
	if (at > now)
		at = now;
	return slot < 0 && now - at < GRACE_US ? now + w->per_us : at + w->per_us;
}

/* COST slots from the head on, the oldest, must be free. */
static int64_t window_ready(const struct window *w, uint64_t cost, int64_t now)
{
	int64_t ready = now;
	uint64_t n = cost < w->slots ? cost : w->slots;
	for (uint64_t i = 0; i < n; i++) {
		int64_t t = leaves(w, w->log[(w->state->head + i) % w->slots], now);
		if (t > ready)
			ready = t;
	}
	return ready;
}

static int64_t quota_ready(struct window *w, uint64_t cost, int64_t now)
{
	int64_t wall = clock_now_us();
	if (w->state->day_ends <= wall) {
		w->state->used = 0;
		w->state->day_ends = zone_next_midnight_us(&w->zone, wall);
	}
	return w->state->used + (int64_t)cost <= (int64_t)w->count ? now : now + (w->state->day_ends - wall);
}

/* The API's own count: how long until the next request is in order. */
static int64_t signal_ready(const struct budget *b, uint64_t cost, int64_t now)
{
	const struct signals *s = b->signals;
	double pct = s->used_pct;
	if (s->reset > now && s->remaining >= 0) {
		double floor = s->limit > 0 ? s->limit * (1 - b->hard_pct / 100) : 0;
		double left = s->remaining - floor;
		if (left < (double)cost)
			return s->reset + MARGIN_US;
		double used = s->limit > 0 ? 100 * (1 - s->remaining / s->limit) : 0;
		return used < b->soft_pct ? now : s->sent + (int64_t)((double)(s->reset - s->known) / (left + 1));
	}
	if (isnan(pct) || pct < b->soft_pct)
		return now;
	/* Of a rolling hour. */
	pct -= 100 * (double)(now - s->known) / (double)HOUR_US;
	if (pct >= b->hard_pct)
		return now + (int64_t)((pct - b->soft_pct) / 100 * (double)HOUR_US);
	double part = b->hard_pct > b->soft_pct ? (pct - b->soft_pct) / (b->hard_pct - b->soft_pct) : 0;
	return part > 0 ? s->sent + (int64_t)(part * (double)HOUR_US / 100) : now;
}

/* When may it be sent; the lock is held. */
static int64_t ready_at(struct budget *b, uint64_t cost, int64_t now)
{
	int64_t ready = signal_ready(b, cost, now), t;
	if (b->signals->blocked > ready)
		ready = b->signals->blocked;
	for (size_t i = 0; i < b->nlimits; i++) {
		struct window *w = &b->limit[i];
		t = w->daily ? quota_ready(w, cost, now) : window_ready(w, cost, now);
		if (t > ready)
			ready = t;
	}
	return ready;
}

static void take(struct budget *b, uint64_t cost, int64_t now)
{
	for (size_t i = 0; i < b->nlimits; i++) {
		struct window *w = &b->limit[i];
		if (w->daily)
			w->state->used += (int64_t)cost;
		for (uint64_t c = 0; !w->daily && c < cost; c++) {
			/* A file that is damaged must not lead out of it. */
			w->log[w->state->head % w->slots] = -now;
			w->state->head = (w->state->head + 1) % w->slots;
		}
	}
	b->signals->tickets += cost;
	b->signals->sent = now;
	if (b->signals->remaining >= (double)cost)
		b->signals->remaining -= (double)cost;
}

int64_t budget_take(struct budget *b, uint64_t cost, uint64_t *ticket)
{
	budget_lock(b);
	int64_t now = now_us(b), ready = ready_at(b, cost, now);
	*ticket = b->signals->tickets;
	if (ready <= now)
		take(b, cost, now);
	budget_unlock(b);
	return ready > now ? (ready - now) * 1000 : 0;
}

/* Tickets count requests since the file was made, as the heads do: so a ticket tells its slots. */
void budget_done(struct budget *b, uint64_t ticket, uint64_t cost)
{
	budget_lock(b);
	int64_t now = now_us(b);
	for (size_t i = 0; i < b->nlimits; i++) {
		struct window *w = &b->limit[i];
		for (uint64_t c = 0; !w->daily && c < cost; c++) {
			int64_t *slot = &w->log[(ticket + c) % w->slots];
			if (*slot < 0)
				*slot = now;
		}
	}
	budget_unlock(b);
}

void budget_return(struct budget *b, uint64_t ticket, uint64_t cost)
{
	budget_lock(b);
	for (size_t i = 0; i < b->nlimits; i++) {
		struct window *w = &b->limit[i];
		if (w->daily && w->state->used >= (int64_t)cost)
			w->state->used -= (int64_t)cost;
		for (uint64_t c = 0; !w->daily && c < cost; c++) {
			int64_t *slot = &w->log[(ticket + c) % w->slots];
			if (*slot < 0)
				*slot = 0;
		}
	}
	if (b->signals->remaining >= 0)
		b->signals->remaining += (double)cost;
	budget_unlock(b);
}

void budget_signal(struct budget *b, const struct budget_signal *s)
{
	struct signals *to = b->signals;
	budget_lock(b);
	int64_t now = now_us(b);
	if (!isnan(s->limit))
		to->limit = s->limit;
	if (!isnan(s->remaining)) {
		to->remaining = s->remaining;
		to->known = now;
	}
	if (!isnan(s->reset_s))
		to->reset = now + (int64_t)(fmin(fmax(s->reset_s, 0), 1e8) * 1e6);
	if (!isnan(s->used_pct)) {
		to->used_pct = s->used_pct;
		to->known = now;
	}
	if (!isnan(s->wait_s) && s->wait_s > 0) {
		/* The API itself says when it goes on: the percentage is then no more than the next answer will tell. */
		to->used_pct = NAN;
		int64_t until = now + (int64_t)(fmin(s->wait_s, 1e8) * 1e6);
		if (until > to->blocked)
			to->blocked = until;
	}
	budget_unlock(b);
}

void budget_block(struct budget *b, int64_t ns)
{
	budget_lock(b);
	int64_t until = now_us(b) + ns / 1000;
	if (until > b->signals->blocked)
		b->signals->blocked = until;
	budget_unlock(b);
}

void budget_exhaust(struct budget *b)
{
	budget_lock(b);
	int64_t now = now_us(b);
	for (size_t i = 0; i < b->nlimits; i++) {
		struct window *w = &b->limit[i];
		if (!w->daily)
			continue;
		quota_ready(w, 0, now);
		w->state->used = (int64_t)w->count;
	}
	budget_unlock(b);
}

void budget_left(struct budget *b, double *left, double *reset_s)
{
	budget_lock(b);
	int64_t now = now_us(b);
	*left = *reset_s = -1;
	if (b->signals->reset > now && b->signals->remaining >= 0) {
		*left = b->signals->remaining;
		*reset_s = (double)(b->signals->reset - now) / 1e6;
	}
	for (size_t i = 0; *left < 0 && i < b->nlimits; i++) {
		const struct window *w = &b->limit[i];
		double n = w->daily ? (double)((int64_t)w->count - w->state->used) : 0;
		for (size_t k = 0; k < w->slots; k++)
			n += leaves(w, w->log[k], now) <= now;
		*left = n;
	}
	budget_unlock(b);
}
