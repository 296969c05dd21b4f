/* SPDX-License-Identifier: MIT */
/* saver - from a pipe of commits and marks to the record in a checkpoint: what smcheckpoint save does.
 *
 *	struct saver *s = saver_new(ck);                    // NULL: the folder that the marks name
 *	while (a line) saver_line(s, p, n, &e);             // the caller adds file and line to ERR_DATA
 *	saver_flush(s, &e);                                 // before a wait: what is known so far becomes durable
 *	r = saver_end(s, &e);
 *	saver_free(s);
 *
 * The input holds the lines that smcommit prints, {"commit":…}, and marks. A record or an action in it is an error: nobody
 * behind this point would keep it. Only the newest mark is recorded; the record never goes back (stream/ck.h).
 *
 * saver_end tells how the stream ended: 0 done, or stopped by a signal; ERR_RETRY its quota was used up, or the table had
 * run ahead of the checkpoint (the record was corrected, the same line resumes); ERR_IO it ended with an error or
 * without a closing mark; ERR_REJECTED there were commits, but no mark of a stream, so nothing could be recorded.
 *
 * Threads: one owner.
 */
#ifndef SM_RESUME_SAVER_H
#define SM_RESUME_SAVER_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct saver;
struct saver *saver_new(const char *ck);   /* CK is borrowed */
void saver_free(struct saver *s);          /* NULL is fine */
int saver_line(struct saver *s, const char *line, size_t n, struct err *e);
int saver_flush(struct saver *s, struct err *e);
int saver_end(struct saver *s, struct err *e);

struct saver_summary {
	const char *ck, *stream; /* NULL: no mark of a stream came */
	const char *table;       /* NULL: none */
	const char *end;         /* NULL: none */
	const char *place;       /* where the source is, for people; NULL: not known */
	int64_t seq, version;    /* -1: none */
	uint64_t commits;
};
/* What came so far; the texts live as long as the saver. */
void saver_summary(struct saver *s, struct saver_summary *sum);

#endif
