/* SPDX-License-Identifier: MIT */
/* settings - what people ask of smrate, and what that comes to.
 *
 * struct shape_settings holds the options as they were given. shape_parse reads their texts, checks which of them go
 * together, and makes of them what the parts of flow take.
 *
 *	struct shape_settings set = SHAPE_SETTINGS_INIT;
 *	set.queue = "20000"; set.full = "sample:0.1";
 *	if (shape_parse(&o, &set, &e) < 0) ...                 // e.msg is what to tell the user
 *	...
 *	shape_opts_release(&o);
 *
 * Ownership: texts of the settings are borrowed by the opts and must outlive them; spill_dir is the opts' own. Nothing
 * is opened here. Threads: plain values. Errors: ERR_USAGE, naming the option and its value.
 */
#ifndef SM_RATE_SETTINGS_H
#define SM_RATE_SETTINGS_H

#include "base/err.h"
#include "rate/gate.h"
#include "rate/outs.h"
#include "rate/queue.h"
#include "rate/late.h"

struct shape_rate {
	double count;
	int64_t per_ns;              /* 0: not given */
};

/* A text that is NULL was not given. */
struct shape_settings {
	struct shape_rate rate, key_rate, min, max;
	const char *bytes, *burst, *share, *adapt;
	const char *key, *key_burst, *weights;
	uint64_t max_keys;
	bool max_keys_given, fair;
	const char *queue, *full, *dropped;
	const char *time, *speed, *late;
	int64_t max_gap, watermark, idle;            /* nanoseconds */
	bool watermark_given, idle_given;
	const char *out, *balance;
	bool unbuffered;
};

#define SHAPE_SETTINGS_INIT { .max_keys = 100000 }

struct shape_opts {
	struct gate gate;            /* set up, not started; its share is not open */
	const char *share;           /* a file; NULL: none */
	struct share_limits limits;  /* what is shared */
	bool timed;                  /* there are due times */

	const char *time, *key, *route;   /* paths of fields; NULL: not asked for */
	struct late_opts late;

	bool queued;                 /* records go through a queue */
	struct queue_opts queue;     /* without weights, spill and drops */
	const char *weights;         /* a file; NULL: none */
	char *spill_dir;             /* NULL: none */
	struct spill_opts spill;
	const char *dropped;         /* a file; NULL: none */

	const char *out;             /* NULL: standard output */
	enum outs_balance balance;
	bool unbuffered;
};

int shape_parse(struct shape_opts *o, const struct shape_settings *s, struct err *e);
void shape_opts_release(struct shape_opts *o);   /* fine after a failed parse */

#endif
