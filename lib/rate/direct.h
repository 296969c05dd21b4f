/* SPDX-License-Identifier: MIT */
/* direct - records straight from the input's block to the output, each when the gate lets it.
 *
 * Lines that follow each other in the block are one run: they are copied to the output at once, when the run ends. So
 * direct_settle must be called before the block goes away, and before anything else is put into the output.
 *
 * Ownership: everything pointed at is borrowed; lines until direct_settle. Threads: one owner. Cost: a call and a few
 * additions a line, a copy a run. Errors: those of the output and of the gate.
 */
#ifndef SM_RATE_DIRECT_H
#define SM_RATE_DIRECT_H

#include "rate/gate.h"
#include "rate/meter.h"
#include "io/output.h"

struct direct {
	struct gate *gate;
	struct output *out;
	struct meter *meter;
	bool timed;                  /* there are due times */
	bool unbuffered;
	const char *from, *to;       /* the run that is not yet in the output */
};

/* A record, at its time. IN_BLOCK: the line's line feed follows it there. */
int direct_record(struct direct *d, const char *p, size_t n, int64_t us, bool in_block, struct err *e);
int direct_mark(struct direct *d, const char *p, size_t n, struct err *e);
int direct_settle(struct direct *d, struct err *e);      /* the run is in the output */
int direct_write(struct direct *d, struct err *e);       /* the output is written */

#endif
