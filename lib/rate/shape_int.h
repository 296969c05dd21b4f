/* SPDX-License-Identifier: MIT */
/* shape_int - between the parts of a shape. Not for others. */
#ifndef SM_RATE_SHAPE_INT_H
#define SM_RATE_SHAPE_INT_H

#include "rate/shape.h"

#define SHAPE_READ_AHEAD ((size_t)64 << 10)

/* queued.c: by way of the queue */
int shape_queue_start(struct shape *s, const char *stream, struct err *e);   /* STREAM NULL: without; once is enough */
/* Items gather until there is a block of them, or a mark. */
int shape_queue_record(struct shape *s, const char *p, size_t n, int64_t us, uint64_t route, struct err *e);
int shape_queue_mark(struct shape *s, const char *p, size_t n, struct err *e);
int shape_queue_hand_over(struct shape *s, struct err *e);
/* Hand over what is left and wait until it is passed on. GOT and E are the failure so far: the pump's own comes first,
 * since it is the cause. Returns what it is now. */
int shape_queue_end(struct shape *s, int got, struct err *e);

/* record.c, mark.c: one line of the input. WHY is about the record, unless its code says otherwise. */
int shape_record(struct shape *s, const struct json_record *rec, struct err *why);
int shape_mark(struct shape *s, struct err *e);

#endif
