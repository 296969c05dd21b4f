/* SPDX-License-Identifier: MIT */
/* trust - does the checkpoint that a mark names know the mark's stream?
 *
 *	struct trust t = { 0 };
 *	trust_mark(&t, &mark, &good, &e);      // GOOD: what the mark says of its checkpoint may be acted on
 *	trust_release(&t);
 *
 * Anybody can print a mark: a server in its answer, a file, a typing mistake. So whoever writes into a mark's checkpoint,
 * or believes its `all`, asks here first. CK's own file `id` must name the stream, generations aside (`ID.2`).
 *
 * GOOD is false, without an error, when there is nothing to ask: the mark names no stream or no folder, or the folder is
 * out of reach (it is not there, or may not be read; the source may run on another machine). ERR_DATA: the folder is
 * another stream's, or is not a checkpoint; ERR_UNSUPPORTED: of a newer format.
 *
 * Ownership: texts are copied. Threads: one owner. Cost: two small files are read, once for each stream and folder.
 */
#ifndef SM_STREAM_TRUST_H
#define SM_STREAM_TRUST_H

#include "base/err.h"
#include "stream/mark.h"

#include <stdbool.h>

struct trust {
	char *stream, *ck;         /* that were asked for last; NULL: nothing was */
	bool good;
};

int trust_mark(struct trust *t, const struct mark *m, bool *good, struct err *e);
void trust_release(struct trust *t);

#endif
