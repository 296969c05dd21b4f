/* SPDX-License-Identifier: MIT */
/* table - how far a stream is in its table: the version of the table's txn with the stream as appId. */
#ifndef SM_RESUME_TABLE_H
#define SM_RESUME_TABLE_H

#include "base/err.h"

#include <stdint.h>

/* *SEQ is 0 when the table has no txn of STREAM. ERR_NOT_FOUND: no table there. */
int table_seq(const char *table, const char *stream, int64_t *seq, struct err *e);

#endif
