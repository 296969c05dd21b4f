/* SPDX-License-Identifier: MIT */
/* intake - posts to standard output as a stream with marks: from files and archives, or from networks. What smfetch does once its
 * options are read.
 *
 * Both drivers put records out, marks where they are due, and bad records where --on-error says; a signal ends them behind
 * the current record or request. The closing mark is printed whatever happened, as long as the output and the journal can
 * be written. Errors and notes are told by cli/diag.h; what they return is the status to exit with.
 *
 * RC and E: a failure from before, 0 if there was none; it ends the run as one of its own would. ERR_USAGE and
 * ERR_NOT_FOUND of intake_net's opening exit as mistakes of usage.
 *
 * Ownership: options are borrowed for the call. Threads: one call at a time. Cost: source/files.h, fetch/fetch.h.
 */
#ifndef SM_INTAKE_INTAKE_H
#define SM_INTAKE_INTAKE_H

#include "fetch/fetch.h"
#include "source/files.h"

struct intake_opts {
	const char *tool, *on_error;
	const char *ck;              /* --resume; NULL */
	bool marks;                  /* --marks: also without CK */
	bool unbuffered, verbose;
	uint64_t mark_every;         /* files: records between two marks */
	uint64_t queue;              /* streams: bytes of memory that may wait for the output */
	const char *temp;            /* where a stream without CK spills; NULL */
	bool repeats;                /* --every: there is no end, so that all was never given */
};

/* O without its callbacks and what has to do with marks. */
int intake_files(const struct intake_opts *in, const struct source_files_opts *o, int rc, struct err *e);
int intake_net(const struct intake_opts *in, const struct fetch_opts *o, int rc, struct err *e);
/* What lib/fetch has to tell. */
void intake_say(enum fetch_say level, const struct err *what, bool verbose);

#endif
