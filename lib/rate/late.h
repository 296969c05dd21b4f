/* SPDX-License-Identifier: MIT */
/* late - late records: which they are (rate/watermark.h), what becomes of them, and what is kept of it at marks.
 *
 *	LATE_PASS   they pass as they came
 *	LATE_TAG    they pass with "late":true
 *	LATE_DROP   they are dropped
 *	LATE_FILE   they go to a file
 *
 * A mark with a checkpoint has the watermark written to the checkpoint's state before it passes; the first such mark of
 * a resumed stream has it read again. The settings are part of the state's name: two smrates in one pipe that judge
 * differently do not share a state.
 *
 * Ownership: the texts of the opts and DROPS are borrowed; late_release frees the rest. Threads: one owner. Cost: that
 * of the watermark. Errors: ERR_IO naming the file; those of rate/watermark.h and stream/state.h for a state.
 */
#ifndef SM_RATE_LATE_H
#define SM_RATE_LATE_H

#include "rate/drops.h"
#include "stream/linefile.h"
#include "stream/mark.h"
#include "stream/state.h"
#include "rate/watermark.h"

enum late_rule { LATE_PASS, LATE_TAG, LATE_DROP, LATE_FILE };

struct late_opts {
	bool judges;                 /* there is a watermark */
	enum late_rule rule;
	const char *file;            /* of LATE_FILE */
	int64_t delay_ns, idle_ns;
	size_t max_keys;
	const char *time, *key;      /* the fields' paths; KEY NULL: there is none */
};

struct late {
	struct late_opts o;
	struct watermark watermark;
	struct linefile *file;
	struct state *state;
	struct drops *drops;
	size_t kept;                 /* bytes of the state kept last */
	uint64_t left_out;           /* late records that did not pass */
	struct buf line;             /* the record that is tagged */
};

/* pass, tag, drop, file:F. */
bool late_parse_rule(const char *s, enum late_rule *rule);

/* On failure late_release is still due. */
int late_open(struct late *l, const struct late_opts *o, struct drops *drops, struct err *e);
void late_release(struct late *l);                       /* after late_close */
/* A record of that KEY and time: true when it is late. */
bool late_see(struct late *l, const char *key, size_t nkey, int64_t us);
/* What becomes of a late one. *PASSES: it passes, as *P and *N, which then stand until the next call. */
int late_treat(struct late *l, const char **p, size_t *n, bool *passes, struct err *e);
/* Does the mark ask for the state to be kept? */
bool late_keeps(const struct late *l, const struct mark *m);
/* Keep it, durably. *ANEW: it is a resumed stream, and there was no state of these settings to go on from. */
int late_keep(struct late *l, const struct mark *m, bool *anew, struct err *e);
int late_flush(struct late *l, struct err *e);           /* late records are in the file and durable */
int late_close(struct late *l, struct err *e);           /* the file */

#endif
