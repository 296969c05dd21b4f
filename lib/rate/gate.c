/* SPDX-License-Identifier: MIT */
/* Asks every limit when the next record is due, and takes the latest. */
#include "rate/gate.h"

#include "base/clock.h"

static void set_rate(struct gate *g)
{
	g->shaper.by_record.unit = (double)NS_PER_SEC / g->aimd.rate;
}

void gate_start(struct gate *g)
{
	g->now = clock_mono_ns();
	shaper_start(&g->shaper, g->now);
	if (g->adapts) {
		aimd_init(&g->aimd, g->aimd.min, g->aimd.max, g->now);
		set_rate(g);
	}
}

void gate_look(struct gate *g)
{
	g->now = clock_mono_ns();
	shaper_woke(&g->shaper, g->now);
}

void gate_arrived(struct gate *g, bool waited)
{
	g->now = clock_mono_ns();
	shaper_arrived(&g->shaper, g->now, waited);
}

int gate_due(struct gate *g, uint64_t bytes, int64_t event_us, int64_t *due, struct err *e)
{
	int64_t at = g->now;
	*due = g->now;
	if (g->paced)
		*due = pace_due(&g->pace, event_us, g->now);
	if (g->share) {
		int rc = share_due(g->share, &g->shaper, bytes, &at, e);
		if (rc != 0)
			return rc;
	} else if (g->shaped) {
		at = shaper_due(&g->shaper, bytes);
	}
	*due = at > *due ? at : *due;
	return 0;
}

void gate_wait(struct gate *g, int64_t due)
{
	int64_t from = clock_mono_ns(), grain = g->now + GATE_GRAIN_NS;
	if (due < grain)
		due = grain;
	while (!clock_sleep_until(due))
		;
	g->now = clock_mono_ns();
	g->waited += g->now > from ? g->now - from : 0;
	shaper_woke(&g->shaper, g->now);
	if (!g->adapts)
		return;
	aimd_waited(&g->aimd);
	if (aimd_tick(&g->aimd, g->now))
		set_rate(g);
}

int64_t gate_wrote(struct gate *g, int64_t start, int fd)
{
	int64_t now = clock_mono_ns(), took = now - start, stall = took > GATE_STALL_NS ? took : 0;
	g->blocked += stall;
	if (g->shaped && stall)
		shaper_stalled(&g->shaper, stall);
	if (g->adapts) {
		aimd_wrote(&g->aimd, stall, fd >= 0 ? pipe_fullness(fd) : -1);
		if (aimd_tick(&g->aimd, now))
			set_rate(g);
	}
	return g->shaped ? stall : 0;
}
