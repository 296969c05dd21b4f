/* SPDX-License-Identifier: MIT */
/* trust - does the checkpoint that a mark names know the mark?
 *
 *	struct trust t = { 0 };
 *	trust_mark(&t, &mark, &good, &e);      // GOOD: what the mark says of its checkpoint may be acted on
 *	trust_release(&t);
 *
 * Anybody can print a mark: a server in its answer, a file, a typing mistake. So whoever writes into a mark's checkpoint,
 * commits under its seq or believes its `all`, asks here first. CK's own file `id` must name the stream, in this generation or an
 * earlier one (`ID.2`), and CK's journal, where the source writes each mark before it prints it, must have that very mark: seq, from,
 * generation, cursor and end. An `all` counts only where the journal has it too.
 *
 * A seq below all lines of the journal was pruned, or never was: it can do no harm, since the table is beyond it; but then nothing vouches for
 * `all`.
 *
 * trust_stream asks for the stream alone: behind smcommit a mark has the table's seq.
 *
 * GOOD is false, without an error, when there is nothing to ask: the mark names no stream or no folder, or the folder is
 * out of reach (it is not there, or may not be read; the source may run on another machine). ERR_DATA: the folder is
 * another stream's, is not a checkpoint, or does not know the mark; ERR_UNSUPPORTED: of a newer format.
 *
 * Ownership: texts are copied. Threads: one owner. Cost: two small files are read, once for each stream and folder; a line of the
 * journal for each mark.
 */
#ifndef SM_STREAM_TRUST_H
#define SM_STREAM_TRUST_H

#include "base/err.h"
#include "stream/journal.h"
#include "stream/mark.h"

#include <stdbool.h>

struct trust {
	char *stream, *ck;         /* that were asked for last; NULL: nothing was */
	bool good;
	int64_t generation;        /* of the stream's name */
	bool begun;                /* it is not newer than the checkpoint's */
	struct journal_look look;
};

int trust_stream(struct trust *t, const struct mark *m, bool *good, struct err *e);
int trust_mark(struct trust *t, const struct mark *m, bool *good, struct err *e);
void trust_release(struct trust *t);

#endif
