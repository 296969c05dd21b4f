/* SPDX-License-Identifier: MIT */
/* state - CK/state/TOOL/SEQ: what a tool with state remembers, one file a mark.
 *
 * Before a tool passes the mark with SEQ on it writes, durably, what it needs to go on behind it. When the first mark of a
 * stream arrives, `from` says whose file to read (0: there is none, begin empty). Files below the seq that the
 * checkpoint has recorded are not needed any more; each tool removes its own.
 * Content is the tool's own affair; it should begin with a format number.
 *
 * Threads: one owner. Errors: as stream/ck.h.
 */
#ifndef SM_STREAM_STATE_H
#define SM_STREAM_STATE_H

#include "base/buf.h"
#include "base/err.h"
#include "store/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct state;
/* CK is the folder that the mark names; TOOL a name of letters, digits, '-', '_'. */
int state_open(struct state **st, const char *ck, const char *tool, struct err *e);
void state_close(struct state *st);              /* NULL is fine */
int state_write(struct state *st, int64_t seq, const void *p, size_t n, struct err *e);
/* Appends to B; more than MAX bytes is ERR_DATA. ERR_NOT_FOUND. */
int state_read(struct state *st, int64_t seq, size_t max, struct buf *b, struct err *e);
/* Is ENTRY of a folder of states one of them? *SEQ is its number. */
bool state_entry(const struct store_entry *entry, int64_t *seq);
/* Remove what lies below the recorded seq. */
int state_prune(struct state *st, struct err *e);

#endif
