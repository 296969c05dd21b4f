/* SPDX-License-Identifier: MIT */
/* pump - the thread that takes records from a queue, when the gate lets them, and writes them.
 *
 * While it waits, for a due time or for a reader that takes nothing, the queue's reader continues reading.
 * A mark is written after what came before it, when what was dropped before it is durable in the drops' file.
 *
 * Ownership: everything is borrowed and must live until pump_join. Threads: pump_start and pump_join by the queue's
 * reader, in between GATE, OUT and OUTS are the pump's. A failure is told to the queue (queue_fail) and by pump_join.
 */
#ifndef SM_RATE_PUMP_H
#define SM_RATE_PUMP_H

#include "base/clock.h"   /* before <time.h>, whose ZONE_UTC is a macro */
#include "rate/meter.h"
#include "io/output.h"

#include <pthread.h>

struct pump {
	struct queue *queue;
	struct gate *gate;
	struct output *out;      /* standard output, where OUTS is NULL */
	struct outs *outs;
	struct drops *drops;
	struct meter *meter;
	bool unbuffered;
	/* the pump's own */
	pthread_t thread;
	bool running;
	struct item_list written;    /* in the output's buffer, or an output's */
	uint64_t nwritten;           /* bytes of them */
	bool spilled;                /* some of them came from the spill */
	struct err err;
};

int pump_start(struct pump *p, struct err *e);
int pump_join(struct pump *p, struct err *e);    /* after queue_close, or a failure; fine when it was never started */

#endif
