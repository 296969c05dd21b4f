/* SPDX-License-Identifier: MIT */
/* ckpt_type - the columns of a checkpoint file. Private to lib/delta.
 * Source: Delta PROTOCOL.md, "Checkpoint Schema". */
#ifndef SM_DELTA_CKPT_TYPE_H
#define SM_DELTA_CKPT_TYPE_H

#include "column/schema.h"

enum ckpt_part { CKPT_STATS = 1, CKPT_DV = 2, CKPT_ROW_IDS = 4, CKPT_DOMAINS = 8, CKPT_SIDECARS = 16, CKPT_ALL = 31 };

/* The struct with the columns txn, add, remove, metaData, protocol and what PARTS (enum ckpt_part) asks for besides. */
void ckpt_type(struct type *t, unsigned parts, struct arena *a);

#endif
