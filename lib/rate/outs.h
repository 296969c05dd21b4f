/* SPDX-License-Identifier: MIT */
/* outs - several outputs at once: --out fd:3,fd:4,FILE.
 *
 * Each output has a thread and a buffer of OUTS_BUFFER bytes, so that one that takes nothing holds up no other. A
 * record goes whole to one of them:
 *	OUTS_LEAST  the one that is least full: what is in its buffer, and, for a pipe, what its reader has not taken yet. Equals take turns.
 *	OUTS_HASH   the one that the record's hash names, always the same; when it is full, all wait
 * A mark goes to each.
 *
 * A reader that closes its pipe: what was in the pipe is lost. With OUTS_HASH, or when there have been marks, that is
 * an error which names the output, since the others must not go on to vouch for what is lost. Otherwise the records
 * that were not yet written to it go to the others, and it is counted; when none is left, ERR_IO with OUTS_ALL_CLOSED
 * as its message. SIGPIPE must be ignored.
 *
 * Ownership: outs_close frees all; descriptors that were given stay open, since the outputs are copies of them.
 * Threads: one owner; stats from anywhere. Errors: ERR_USAGE, ERR_IO.
 */
#ifndef SM_RATE_OUTS_H
#define SM_RATE_OUTS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OUTS_MAX 64
#define OUTS_BUFFER ((size_t)64 << 10)
#define OUTS_ALL_CLOSED "every output was closed by its reader"

enum outs_balance { OUTS_LEAST, OUTS_HASH };

struct outs_stats {
	uint64_t lines, bytes;       /* written */
	bool closed;
	const char *name;            /* as it was given */
};

struct outs;
/* LIST: fd:N or a file's name (made empty), separated by commas; "-" is standard output. */
int outs_open(struct outs **o, const char *list, enum outs_balance balance, struct err *e);
size_t outs_count(const struct outs *o);
/* One record, whole, with its '\n'. Waits while there is no room. */
int outs_record(struct outs *o, uint64_t route, const char *line, size_t n, struct err *e);
int outs_mark(struct outs *o, const char *line, size_t n, struct err *e);
int outs_drain(struct outs *o, struct err *e);   /* wait until all that was given has been written */
void outs_stats(struct outs *o, size_t i, struct outs_stats *st);
int outs_close(struct outs *o, struct err *e);   /* drains; NULL is fine */
size_t outs_closed(struct outs *o);              /* how many were closed by their readers */

#endif
