/* SPDX-License-Identifier: MIT */
/* The way without a queue: waiting and writing in one thread. */
#include "rate/direct.h"

#include "base/clock.h"

#define SMALL_RUN ((size_t)16 << 10)     /* what is larger is not worth a copy */

int direct_settle(struct direct *d, struct err *e)
{
	size_t n = d->from < d->to ? (size_t)(d->to - d->from) : 0;
	if (n >= SMALL_RUN && !d->timed) {
		int64_t start = clock_mono_ns();
		output_block(d->out, d->from, n, 0);
		gate_wrote(d->gate, start, -1);
	} else if (n) {
		output_put(d->out, d->from, n);
	}
	d->from = d->to = NULL;
	return d->out->failed ? output_flush(d->out, e) : 0;
}

/* Returns in *STALL by how much what is due has moved. */
static int write_out(struct direct *d, int64_t *stall, struct err *e)
{
	int64_t start = clock_mono_ns();
	int got = output_flush(d->out, e);
	*stall = gate_wrote(d->gate, start, d->out->fd);
	meter_gate(d->meter, d->gate);
	return got;
}

int direct_write(struct direct *d, struct err *e)
{
	int64_t stall;
	return write_out(d, &stall, e);
}

/* What went before is written before the wait begins. */
static int wait_for(struct direct *d, int64_t due, struct err *e)
{
	int64_t stall;
	int got = direct_settle(d, e);
	if (got == 0)
		got = write_out(d, &stall, e);
	if (got == 0)
		gate_wait(d->gate, due + stall);
	return got;
}

static int wait_turn(struct direct *d, size_t n, int64_t us, struct err *e)
{
	int64_t due;
	int got = gate_due(d->gate, n, us, &due, e);
	return got == 0 && due > d->gate->now ? wait_for(d, due, e) : got;
}

static int put_alone(struct direct *d, const char *p, size_t n, struct err *e)
{
	int got = direct_settle(d, e);
	if (got == 0) {
		output_put(d->out, p, n);
		output_put(d->out, "\n", 1);
	}
	return got;
}

static int put_in_run(struct direct *d, const char *p, size_t n, struct err *e)
{
	int got = 0;
	if (d->to != p) {
		got = direct_settle(d, e);
		d->from = p;
	}
	d->to = p + n + 1;
	return got;
}

int direct_record(struct direct *d, const char *p, size_t n, int64_t us, bool in_block, struct err *e)
{
	int got = d->timed ? wait_turn(d, n + 1, us, e) : 0;
	if (got != 0)
		return got;
	meter_add(&d->meter->out_records, 1);
	meter_add(&d->meter->out_bytes, n + 1);
	got = in_block && !d->unbuffered ? put_in_run(d, p, n, e) : put_alone(d, p, n, e);
	if (got == 0 && (d->unbuffered || d->out->buf.n >= OUTPUT_BLOCK))
		got = direct_write(d, e);
	return got;
}

int direct_mark(struct direct *d, const char *p, size_t n, struct err *e)
{
	int got = direct_settle(d, e);
	if (got != 0)
		return got;
	meter_add(&d->meter->out_marks, 1);
	meter_add(&d->meter->out_bytes, n + 1);
	output_mark(d->out, p, n);
	return 0;
}
